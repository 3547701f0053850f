//! The servers that tests share end with whoever started them.
#![cfg(feature = "services")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The program, the environment that it prints, and every process that it started.
struct Started {
    program: Child,
    environment: Value,
    family: Vec<u32>,
}

fn start() -> Started {
    let mut program = Command::new(env!("CARGO_BIN_EXE_test-servers"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let environment = serde_json::from_str(&line).expect("a line of JSON");
    let family = descendants(program.id());
    Started { program, environment, family }
}

fn descendants(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children = threads.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    let children: Vec<u32> =
        children.flat_map(|pids| pids.split_whitespace().flat_map(str::parse).collect::<Vec<_>>()).collect();
    children.into_iter().flat_map(|child| [vec![child], descendants(child)].concat()).collect()
}

fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

fn nothing_is_left(mut started: Started) {
    assert!(started.family.len() >= 4, "four servers and some helpers: {:?}", started.family);
    let deadline = Instant::now() + Duration::from_secs(10);
    while started.family.iter().any(|pid| is_alive(*pid)) || matches!(started.program.try_wait(), Ok(None)) {
        assert!(Instant::now() < deadline, "still there: {:?}", started.family);
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn test_servers_end_when_their_input_closes() {
    let mut started = start();
    let url = |variable: &str| started.environment[variable].as_str().unwrap_or_default().to_owned();
    assert!(url("AUTHSTILE_TEST_POSTGRES").starts_with("postgres://"));
    assert!(url("AUTHSTILE_TEST_MYSQL").starts_with("mysql://"));
    assert!(url("AUTHSTILE_TEST_REDIS").starts_with("redis://"));
    assert!(url("AUTHSTILE_TEST_REDIS_CLUSTER").starts_with("redis://"));
    assert!(started.family.iter().all(|pid| is_alive(*pid)));
    drop(started.program.stdin.take());
    assert!(started.program.wait().unwrap().success());
    nothing_is_left(started);
}

#[test]
fn test_servers_end_when_they_are_told_to() {
    for signal in ["INT", "TERM", "HUP"] {
        let mut started = start();
        let kill = format!("kill -s {signal} {}", started.program.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        assert!(started.program.wait().unwrap().success(), "{signal}: it ends by itself");
        nothing_is_left(started);
    }
}

#[test]
fn test_servers_do_not_outlive_a_killed_starter() {
    let mut started = start();
    started.program.kill().unwrap();
    started.program.wait().unwrap();
    nothing_is_left(started);
}
