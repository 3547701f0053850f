//! The servers that tests share: starts them, prints one line of JSON with the environment of the tests, and ends them when its
//! standard input closes. So they end with whoever started it, however that ended.

use std::io::{Read as _, Write as _, stderr, stdin, stdout};
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use authstile_tests::servers::Server;
use serde_json::{Map, Value};
use tokio::signal::unix::{SignalKind, signal};

type Start = fn() -> anyhow::Result<Server>;

/// The variable of each, and how to start it.
const SERVERS: [(&str, Start); 4] = [
    ("AUTHSTILE_TEST_POSTGRES", Server::postgres),
    ("AUTHSTILE_TEST_MYSQL", Server::mariadb),
    ("AUTHSTILE_TEST_REDIS", Server::redis),
    ("AUTHSTILE_TEST_REDIS_CLUSTER", Server::redis_cluster),
];

fn main() -> ExitCode {
    // Before anything starts: a signal must not end this process before its servers.
    let (end, ended) = channel();
    let signals = end.clone();
    let (listening, listens) = channel();
    thread::spawn(move || wait_for_signal(&listening, &signals));
    let _ = listens.recv();
    thread::spawn(move || wait_for_end_of_input(&end));

    let starts = SERVERS.map(|(_, start)| thread::spawn(start));
    let starts: Vec<_> = starts.into_iter().map(|start| start.join().expect("no panic")).collect();
    let mut environment = Map::new();
    let mut failed = false;
    for ((variable, _), server) in SERVERS.iter().zip(&starts) {
        match server {
            Ok(server) => {
                environment.insert((*variable).to_owned(), Value::String(server.url()));
            }
            Err(error) => {
                failed = true;
                let _ = writeln!(stderr(), "test-servers: {error:#}");
            }
        }
    }
    if failed {
        return ExitCode::FAILURE;
    }
    let _ = writeln!(stdout(), "{}", Value::Object(environment));
    let _ = ended.recv();
    ExitCode::SUCCESS
}

fn wait_for_end_of_input(end: &Sender<()>) {
    let mut buffer = [0; 256];
    while stdin().read(&mut buffer).is_ok_and(|length| length > 0) {}
    let _ = end.send(());
}

fn wait_for_signal(listening: &Sender<()>, end: &Sender<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    runtime.block_on(async {
        let listen = |kind| signal(kind).expect("a listener for a signal");
        let mut interrupt = listen(SignalKind::interrupt());
        let mut terminate = listen(SignalKind::terminate());
        let mut hangup = listen(SignalKind::hangup());
        let _ = listening.send(());
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    });
    let _ = end.send(());
}
