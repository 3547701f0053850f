//! Where the servers of the tests are, and one of one's own.

#![allow(dead_code, reason = "each test needs a part of it")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use authstile::env::Environment;
use authstile::random::{Random as _, SystemRandom};
use authstile_redis::RedisStore;
use authstile_testkit::store_suite::Stores;

/// What `cargo xtask test` tells the tests.
pub(crate) fn from_xtask(variable: &str) -> String {
    match Environment::of_process().get(variable) {
        Some(value) => value.to_owned(),
        None => panic!("{variable} is not set: run this test with `cargo xtask test`"),
    }
}

/// Something that no other test has.
pub(crate) fn unique() -> String {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes).unwrap();
    format!("test-{:016x}:", u64::from_be_bytes(bytes))
}

/// A store as the suite takes it: all ports but people.
pub(crate) fn stores(store: RedisStore) -> Stores {
    let store = Arc::new(store.with_prefix(&unique()));
    Stores::new()
        .with_sessions(store.clone())
        .with_one_time(store.clone())
        .with_revocations(store.clone())
        .with_throttle(store.clone())
        .with_leases(store)
        .expires_by_itself()
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A server of one's own, to be killed. It keeps nothing.
pub(crate) struct Server {
    child: Option<Child>,
    port: u16,
    folder: PathBuf,
    cluster: bool,
}

impl Server {
    pub(crate) fn start(cluster: bool) -> Self {
        let port = free_port();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique().replace(':', ""));
        std::fs::create_dir_all(&folder).unwrap();
        let mut server = Self { child: None, port, folder, cluster };
        server.launch();
        if cluster {
            server.command(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
            server.wait_for(&["CLUSTER", "INFO"], "cluster_state:ok");
        }
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Lets it stand still, or go on: it is there, and does not answer.
    pub(crate) fn freeze(&self, freeze: bool) {
        let process = self.child.as_ref().unwrap().id().to_string();
        let signal = if freeze { "-STOP" } else { "-CONT" };
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    /// As a power cut would: SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Starts it again, on the same port and without its data.
    pub(crate) fn launch(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        if self.cluster {
            command.args(["--cluster-enabled", "yes", "--cluster-port", &free_port().to_string()]);
        }
        let child = command.current_dir(&self.folder).stdout(Stdio::null()).spawn().expect("redis-server is installed");
        self.child = Some(child);
        self.wait_for(&["PING"], "PONG");
        if self.cluster {
            self.wait_for(&["CLUSTER", "INFO"], "cluster_");
        }
    }

    fn wait_for(&self, words: &[&str], answer: &str) {
        let begin = Instant::now();
        while !self.try_command(words).is_ok_and(|text| text.contains(answer)) {
            assert!(begin.elapsed() < Duration::from_secs(20), "{words:?} never answered {answer}");
            sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn command(&self, words: &[&str]) -> String {
        self.try_command(words).unwrap()
    }

    fn try_command(&self, words: &[&str]) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let arguments: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
        write!(stream, "*{}\r\n{arguments}*1\r\n$4\r\nQUIT\r\n", words.len())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
