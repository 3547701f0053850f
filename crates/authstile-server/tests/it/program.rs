//! The binary as a process, and a browser for what it serves.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use authstile_testkit::{Browser, Page};
use bytes::Bytes;
use http::{Request, Response};

/// A secret that `serve` accepts.
pub(crate) const SECRET: &str = "kT2x0Zb9nJH0Zs3wq1vLr8m5yD4fGh7UeXcPaRoNiQ4=";

/// The binary with these arguments, and nothing in the environment but this.
fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authstile"));
    command.args(arguments).env_clear().envs(environment.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Ended {
    let mut child = command(arguments, environment).spawn().unwrap();
    // It may have refused already, without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ended::from(child.wait_with_output().unwrap())
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// A server that runs. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    /// What it has printed up to the word that was waited for.
    pub(crate) said: String,
}

impl Server {
    /// Starts it and waits until it prints this.
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)], until: &str) -> Self {
        let mut child = command(arguments, environment).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains(until) {
            if out.read_line(&mut said).unwrap() == 0 {
                let ended = Ended::from(child.wait_with_output().unwrap());
                panic!("it ended without printing {until:?}: {said}{ended:?}");
            }
        }
        Self { child, out, said }
    }

    /// `serve` on a free port, with its origin.
    pub(crate) fn serve(environment: &[(&str, &str)]) -> (Self, String) {
        let mut all = vec![("AUTH_SECRET", SECRET), ("PORT", "0")];
        all.extend(environment);
        let server = Self::start(&["serve"], &all, "listens on");
        let origin = server.address_after("listens on ");
        (server, origin)
    }

    /// The address that it printed after these words.
    pub(crate) fn address_after(&self, words: &str) -> String {
        let (_, rest) = self.said.split_once(words).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// Reads what it logs from now on, so that it never waits for a reader; the text comes when it has ended.
    pub(crate) fn listen(&mut self) -> std::thread::JoinHandle<String> {
        let mut err = self.child.stderr.take().unwrap();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = err.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.id().to_string()]).status().unwrap().success());
    }

    /// Waits for its end, which must not take long.
    pub(crate) fn end(&mut self) -> Ended {
        let deadline = Instant::now() + Duration::from_secs(12);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        let (mut out, mut err) = (self.said.clone(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut err).unwrap();
        }
        Ended { code: status.code(), out, err }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody has at the moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A browser that reaches these origins over HTTP.
pub(crate) fn browser(client: &reqwest::Client, origins: &[&str]) -> Browser {
    let mut browser = Browser::new();
    for origin in origins {
        let (client, origin) = (client.clone(), (*origin).to_owned());
        browser.site(&origin.clone(), move |request| forward(client.clone(), origin.clone(), request));
    }
    browser
}

/// A client that follows no redirects: that is the browser's.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn forward(client: reqwest::Client, origin: String, request: Request<Bytes>) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    let sent = client.request(head.method, format!("{origin}{}", head.uri)).headers(head.headers).body(body);
    let mut answer = sent.send().await.unwrap();
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    let body = answer.bytes().await.unwrap();
    response.map(|_| body)
}

/// Signs in at the demo's identity provider as the person with this address, and comes back to where it leads.
pub(crate) async fn sign_in(browser: &mut Browser, base: &str, issuer: &str, email: &str, return_to: &str) -> Page {
    let away = browser.press_sign_in(base, "scalekit", return_to).await;
    let page = browser.follow(away).await;
    assert!(page.url.as_str().starts_with(issuer), "{page:?}");
    let request = page.field("request").unwrap();
    let submit = format!("{issuer}/oauth/authorize/submit");
    let back = browser.post(&submit, &[("request", &request), ("user", email)]).await;
    let callback = back.location().unwrap();
    browser.get(callback.as_str()).await
}
