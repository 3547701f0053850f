//! Programs that tests talk to: the JavaScript peers and the release binary, which `cargo xtask test` puts in place.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use authstile::env::Environment;
use serde_json::Value;

/// What `cargo xtask test` tells the tests.
///
/// # Panics
/// When the test was started in another way.
#[must_use]
pub fn from_xtask(variable: &str) -> PathBuf {
    match Environment::of_process().get(variable) {
        Some(value) => PathBuf::from(value),
        None => panic!("{variable} is not set: run this test with `cargo xtask test`"),
    }
}

/// A port that was free a moment ago.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A program that runs as long as the test needs it.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts a script of `tests/compat` with Node.js.
    #[must_use]
    pub fn node(script: &str, environment: &[(&str, &str)]) -> Self {
        let folder = from_xtask("AUTHSTILE_COMPAT");
        let mut command = Command::new("node");
        command.arg(folder.join(script)).current_dir(folder);
        Self::start(command, environment)
    }

    /// Starts the release binary.
    #[must_use]
    pub fn authstile(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(from_xtask("AUTHSTILE_BIN"));
        command.args(arguments);
        Self::start(command, environment)
    }

    fn start(mut command: Command, environment: &[(&str, &str)]) -> Self {
        command.envs(environment.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the peer starts");
        let stdin = child.stdin.take().expect("its input");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, stdin, stdout }
    }

    /// Waits for a line that contains a word.
    ///
    /// # Panics
    /// When the peer ends before it says so.
    pub fn wait_for(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            if self.stdout.read_line(&mut line).unwrap_or(0) == 0 {
                panic!("the peer ended without saying {word:?}");
            }
            if line.contains(word) {
                return line;
            }
        }
    }

    /// Sends a line of JSON and reads one back.
    ///
    /// # Panics
    /// When the peer does not answer.
    pub fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.stdin, "{question}").expect("the peer listens");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the peer answers");
        serde_json::from_str(&line).expect("in JSON")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a browser walk of `tests/compat/walks.mjs` against an application.
///
/// # Panics
/// When the walk fails, with what it says.
pub fn walk(name: &str, app: &str, environment: &[(&str, &str)]) {
    let folder = from_xtask("AUTHSTILE_COMPAT");
    let output = Command::new("node")
        .arg(folder.join("walks.mjs"))
        .current_dir(folder)
        .env("WALK", name)
        .env("APP_URL", app)
        .envs(environment.iter().copied())
        .output()
        .expect("node runs");
    if !output.status.success() {
        panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
}

/// A site of [`Browser`](authstile_testkit::Browser) that lives on a real socket.
///
/// # Panics
/// When the socket does not answer.
pub fn forward(
    origin: String,
) -> impl Fn(http::Request<bytes::Bytes>) -> authstile::BoxFuture<'static, http::Response<bytes::Bytes>>
+ Send
+ Sync
+ 'static {
    use authstile::Transport as _;
    let transport = authstile_reqwest::ReqwestTransport::new().expect("a transport");
    move |request| {
        let transport = transport.clone();
        let (mut parts, body) = request.into_parts();
        parts.uri = format!("{origin}{}", parts.uri).parse().expect("an address");
        Box::pin(async move { transport.send(http::Request::from_parts(parts, body)).await.expect("the peer answers") })
    }
}
