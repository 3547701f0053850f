//! A database and a Redis that are killed under load: requests fail closed and in time, and all is well again by itself.
#![cfg(feature = "services")]

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use authstile_sqlx::PostgresStore;
use authstile_testkit::Browser;
use authstile_tests::crowd::{Crowd, Replica, address, session_cookie, who, within};
use authstile_tests::servers::Server;
use authstile_tests::{APP, BASE};
use http::StatusCode;
use serde_json::Value;
use tokio::task::JoinSet;

/// People who are signed in and look at their pages.
const READERS: usize = 16;
/// People who sign in again and again.
const VISITORS: usize = 4;
/// An operation of the database takes 4.8 s at most, one of Redis 1.5 s; the rest is for a busy machine.
const LIMIT: Duration = Duration::from_secs(6);
/// How soon a request is told that the server refuses connections: a tenth of a second, and the rest for a busy machine.
const TOLD: Duration = Duration::from_millis(2500);
/// How soon everything works again.
const RECOVERY: Duration = Duration::from_secs(6);
/// Load before the kill, and after everything works again.
const LOAD: Duration = Duration::from_millis(600);

/// What became of the sessions when their store was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sessions {
    Kept,
    Lost,
}

/// When a request was under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum During {
    /// It began before the kill.
    Before,
    /// It began after the kill and ended before the restart.
    Outage,
    /// It began after the kill, and the server was on its way back when it ended.
    Restart,
    /// It began after everything worked again.
    After,
}

type Seen = HashMap<(During, StatusCode), usize>;

/// The load, and the moments that divide it.
struct Load {
    crowd: Crowd,
    application: String,
    sessions: Sessions,
    killed: AtomicBool,
    restarting: AtomicBool,
    works: AtomicBool,
    over: AtomicBool,
}

fn is(flag: &AtomicBool) -> bool {
    flag.load(Ordering::SeqCst)
}

fn set(flag: &AtomicBool) {
    flag.store(true, Ordering::SeqCst);
}

impl Load {
    /// Looks how long a request takes, and when it is.
    async fn watch<T>(&self, what: &str, request: impl Future<Output = T>) -> (During, T) {
        let (killed, works, began) = (is(&self.killed), is(&self.works), Instant::now());
        let answer = request.await;
        let took = began.elapsed();
        assert!(took < LIMIT, "{what} took {took:?}");
        let during = match (killed, works, is(&self.restarting)) {
            (_, true, _) => During::After,
            (false, ..) => During::Before,
            (true, false, false) => During::Outage,
            (true, false, true) => During::Restart,
        };
        assert!(during != During::Outage || took < TOLD, "{what} took {took:?}, although nobody listens");
        (during, answer)
    }

    /// What may be said about somebody who was signed in before the kill.
    fn judge(&self, during: During, person: usize, (status, email): &(StatusCode, Value)) {
        let is_unsaid = *status == StatusCode::SERVICE_UNAVAILABLE && email.is_null();
        let is_in = *status == StatusCode::OK && *email == address(person);
        let is_out = *status == StatusCode::OK && email.is_null();
        let is_kept = self.sessions == Sessions::Kept;
        let is_right = match during {
            During::Before => is_in || is_unsaid,
            During::Outage => is_unsaid,
            During::Restart => is_unsaid || if is_kept { is_in } else { is_out },
            During::After => {
                if is_kept {
                    is_in
                } else {
                    is_out
                }
            }
        };
        assert!(is_right, "{during:?}: {} is told {status} and {email}", address(person));
    }

    /// Somebody who is signed in looks at the session and at the application's page, again and again.
    async fn read(&self, person: usize, mut browser: Browser) -> Seen {
        let mut seen = Seen::new();
        while !is(&self.over) {
            let cookie = session_cookie(&browser);
            let (during, told) = self.watch("a session", who(&mut browser)).await;
            self.judge(during, person, &told);
            if told.0 != StatusCode::OK {
                assert_eq!(session_cookie(&browser), cookie, "the cookie stays: the session may well be alive");
            }
            *seen.entry((during, told.0)).or_default() += 1;
            let (during, page) = self.watch("a page", browser.get(&format!("{APP}/me"))).await;
            self.judge(during, person, &(page.status, page.json()["email"].clone()));
            *seen.entry((during, page.status)).or_default() += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        seen
    }

    /// Somebody signs in with a new browser, again and again.
    async fn visit(&self, person: usize) -> Seen {
        let mut seen = Seen::new();
        while !is(&self.over) {
            let mut browser = self.crowd.browser(person, &self.application);
            let (_, callback) = self.watch("leaving", self.crowd.leave(&mut browser)).await;
            let callback = callback.expect("nothing is stored before somebody comes back");
            let (during, back) = self.watch("a callback", browser.get(&callback)).await;
            let to = back.location().map(String::from).unwrap_or_default();
            let status = match session_cookie(&browser) {
                Some(_) => {
                    assert_eq!(to, format!("{APP}/dash"));
                    assert_ne!(during, During::Outage, "a session that nobody could write down");
                    let (_, (status, email)) = self.watch("a session", who(&mut browser)).await;
                    let is_in = status == StatusCode::OK && email == address(person);
                    let is_unsaid = status == StatusCode::SERVICE_UNAVAILABLE && email.is_null();
                    // Lost with the others between the two.
                    let is_out = status == StatusCode::OK && email.is_null() && self.sessions == Sessions::Lost;
                    let is_right = is_in || (during != During::After && (is_unsaid || is_out));
                    assert!(is_right, "{during:?}: {} is told {status} and {email}", address(person));
                    back.status
                }
                None => {
                    assert_eq!(to, format!("{BASE}/error?error=Configuration"), "{during:?}: {back:?}");
                    assert_ne!(during, During::After);
                    let (_, page) = self.watch("the error page", browser.get(&to)).await;
                    assert!(page.body.contains("storage"), "{}", page.body);
                    page.status
                }
            };
            *seen.entry((during, status)).or_default() += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        seen
    }
}

/// Kills a server under load, and lets it come back after a while.
async fn killed_and_restarted(
    mut server: Server,
    arguments: &[&str],
    sessions: Sessions,
    outage: Duration,
    kill: fn(&mut Server),
) {
    let crowd = Crowd::open(READERS + VISITORS).await;
    let replica = Replica::start(env!("CARGO_BIN_EXE_replica"), &crowd.issuer(), arguments);
    let off = || AtomicBool::new(false);
    let load = Load {
        crowd,
        application: replica.origin(),
        sessions,
        killed: off(),
        restarting: off(),
        works: off(),
        over: off(),
    };
    let load = Arc::new(load);
    let (mut readers, mut visitors) = (JoinSet::new(), JoinSet::new());
    let mut probe = Browser::new();
    for person in 0..READERS {
        let mut browser = load.crowd.browser(person, &load.application);
        load.crowd.sign_in(&mut browser).await.expect("signed in");
        probe = browser.clone();
        let load = load.clone();
        readers.spawn(async move { load.read(person, browser).await });
    }
    for person in READERS..READERS + VISITORS {
        let load = load.clone();
        visitors.spawn(async move { load.visit(person).await });
    }
    tokio::time::sleep(LOAD).await;
    tokio::task::block_in_place(|| kill(&mut server));
    set(&load.killed);
    tokio::time::sleep(outage).await;
    set(&load.restarting);
    tokio::task::block_in_place(|| server.restart()).expect("it starts again on the same port");
    let took = within(RECOVERY, async || who(&mut probe).await, |(status, _)| *status == StatusCode::OK).await;
    set(&load.works);
    println!("{sessions:?}: works again {took:?} after its server");
    tokio::time::sleep(LOAD).await;
    set(&load.over);
    let sum = |all: Vec<Seen>| {
        let mut sum = Seen::new();
        all.into_iter().flatten().for_each(|(key, count)| *sum.entry(key).or_default() += count);
        sum
    };
    let (read, visited) = (sum(readers.join_all().await), sum(visitors.join_all().await));
    println!("{sessions:?}: read {read:?}, visited {visited:?}");
    for (what, seen) in [("read", &read), ("visited", &visited)] {
        let unavailable = seen.get(&(During::Outage, StatusCode::SERVICE_UNAVAILABLE));
        assert!(unavailable.is_some(), "{what}: nobody saw the outage: {seen:?}");
        for during in [During::Before, During::After] {
            assert!(seen.keys().any(|(when, status)| *when == during && !status.is_server_error()), "{what}: {seen:?}");
        }
    }
}

/// SIGKILL of the server itself; its helpers end when they notice, which is when it can be started again.
fn kill_postgres(server: &mut Server) {
    let pid = server.pid().expect("it runs");
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("its children");
    assert!(!children.trim().is_empty(), "helpers and connections");
    assert!(Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status().expect("kill").success());
    let is_alive = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
    };
    let began = Instant::now();
    while children.split_whitespace().any(is_alive) {
        assert!(began.elapsed() < LIMIT, "a connection outlives its server");
        std::thread::sleep(Duration::from_millis(5));
    }
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_killed_under_load() {
    let server = Server::postgres().expect("PostgreSQL");
    let url = server.url();
    let mut store = PostgresStore::open(&url).await.expect("a store");
    store.migrate().await.expect("migrated");
    store.pool().close().await;
    // Some begin and end without a server.
    let outage = Duration::from_secs(4);
    killed_and_restarted(server, &["--postgres", &url], Sessions::Kept, outage, kill_postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_under_load() {
    let server = Server::redis().expect("Redis");
    let url = server.url();
    killed_and_restarted(server, &["--redis", &url], Sessions::Lost, Duration::from_secs(2), Server::kill).await;
}
