//! Several processes that are one application, behind nginx: they share a database, or Redis, or only the secret.
#![cfg(feature = "services")]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use authstile_sqlx::PostgresStore;
use authstile_testkit::Browser;
use authstile_tests::crowd::{Crowd, Replica, address, copy, session_cookie, who, within};
use authstile_tests::servers::Server;
use authstile_tests::{APP, BASE};
use http::StatusCode;
use serde_json::Value;
use tokio::task::JoinSet;

/// What the processes share beside the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// People, sessions, and what is ended.
    Postgres,
    /// Sessions, and what is ended.
    Redis,
    /// What is ended; sessions live in cookies.
    RedisAndCookies,
    /// Nothing: sessions live in cookies.
    Secret,
}

/// Two processes, nginx in front of them, and what is behind them.
struct Fleet {
    crowd: Crowd,
    replicas: Vec<Replica>,
    nginx: Server,
    _store: Option<Server>,
}

impl Fleet {
    async fn open(sharing: Sharing, people: usize) -> Self {
        let crowd = Crowd::open(people).await;
        let (store, arguments) = match sharing {
            Sharing::Postgres => {
                let server = Server::postgres().expect("PostgreSQL");
                let mut store = PostgresStore::open(&server.url()).await.expect("a store");
                store.migrate().await.expect("a migration");
                store.pool().close().await;
                let url = server.url();
                (Some(server), vec!["--postgres".to_owned(), url])
            }
            Sharing::Redis | Sharing::RedisAndCookies => {
                let server = Server::redis().expect("Redis");
                let mut arguments = vec!["--redis".to_owned(), server.url()];
                arguments.extend((sharing == Sharing::RedisAndCookies).then(|| "--cookies".to_owned()));
                (Some(server), arguments)
            }
            Sharing::Secret => (None, Vec::new()),
        };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let replica = || Replica::start(env!("CARGO_BIN_EXE_replica"), &crowd.issuer(), &arguments);
        let replicas = vec![replica(), replica()];
        let upstream: String = replicas.iter().map(|replica| format!("server 127.0.0.1:{};", replica.port())).collect();
        let nginx = Server::nginx(move |port| {
            format!(
                "upstream app {{ {upstream} }}
                 server {{
                     listen 127.0.0.1:{port};
                     location / {{
                         proxy_pass http://app;
                         proxy_set_header Host $http_host;
                         proxy_connect_timeout 1s;
                         proxy_read_timeout 8s;
                         proxy_next_upstream error timeout;
                     }}
                 }}"
            )
        });
        Self { crowd, replicas, nginx: nginx.expect("nginx"), _store: store }
    }

    fn origin(&self, replica: usize) -> String {
        self.replicas[replica].origin()
    }
}

/// Begun at one, finished at the other, known at both.
async fn a_sign_in_may_change_replicas(sharing: Sharing) {
    let fleet = Fleet::open(sharing, 8).await;
    for (begin, end) in [(0, 1), (1, 0)] {
        let mut browser = fleet.crowd.browser(begin, &fleet.origin(begin));
        let callback = fleet.crowd.leave(&mut browser).await.expect("to the provider and back");
        fleet.crowd.lead(&mut browser, &fleet.origin(end));
        let back = browser.get(&callback).await;
        assert_eq!(back.headers["x-replica"], fleet.replicas[end].port().to_string());
        assert_eq!(back.location().map(String::from), Some(format!("{APP}/dash")), "{sharing:?}: {back:?}");
        for replica in [begin, end] {
            fleet.crowd.lead(&mut browser, &fleet.origin(replica));
            assert_eq!(who(&mut browser).await, (StatusCode::OK, address(begin).into()), "{sharing:?}");
        }
    }
    // And by turns, as nginx deals requests out.
    let mut served = HashSet::new();
    for person in 2..8 {
        let mut browser = fleet.crowd.browser(person, &fleet.nginx.url());
        let back = fleet.crowd.sign_in(&mut browser).await.expect("signed in");
        served.insert(back.headers["x-replica"].clone());
        let page = browser.get(&format!("{BASE}/session")).await;
        served.insert(page.headers["x-replica"].clone());
        assert_eq!(page.json()["user"]["email"], address(person), "{sharing:?}");
    }
    assert_eq!(served.len(), 2, "both have served");
}

const LOGINS: usize = 100;
/// How often one of them may have to begin again.
const RETRIES: usize = 5;

/// A hundred people sign in at once while one process is killed: each of them gets in, and whoever once saw a session cookie
/// still has that session.
async fn one_may_be_killed(sharing: Sharing) {
    let mut fleet = Fleet::open(sharing, LOGINS).await;
    let (crowd, nginx) = (Arc::new(fleet.crowd), fleet.nginx.url());
    let signed_in = Arc::new(AtomicUsize::new(0));
    let mut logins = JoinSet::new();
    for person in 0..LOGINS {
        let (crowd, nginx, signed_in) = (crowd.clone(), nginx.clone(), signed_in.clone());
        logins.spawn(async move {
            let mut browser = crowd.browser(person, &nginx);
            for attempt in 0..=RETRIES {
                let outcome = crowd.sign_in(&mut browser).await;
                // A cookie is a promise, whatever came after it.
                let promised = session_cookie(&browser).is_some();
                assert_eq!(promised, outcome.is_ok(), "{outcome:?}");
                if promised {
                    signed_in.fetch_add(1, Ordering::SeqCst);
                    return (person, browser, attempt);
                }
            }
            panic!("{sharing:?}: {} is not in after {RETRIES} retries", address(person));
        });
    }
    while signed_in.load(Ordering::SeqCst) < LOGINS / 5 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    fleet.replicas[0].kill();
    let before = signed_in.load(Ordering::SeqCst);
    assert!(before < LOGINS, "{sharing:?}: nobody was left to sign in after the kill");
    let browsers = logins.join_all().await;
    let disturbed = browsers.iter().filter(|(.., attempt)| *attempt > 0).count();
    println!("{sharing:?}: {before} were in before the kill, {disturbed} of the others began again");
    assert_eq!(browsers.len(), LOGINS);
    for (person, mut browser, _) in browsers {
        assert_eq!(who(&mut browser).await, (StatusCode::OK, address(person).into()), "{sharing:?}");
    }
}

/// What is ended at one is ended at the other.
const SOON: Duration = Duration::from_secs(1);

async fn signed_in(fleet: &Fleet, person: usize) -> Browser {
    let mut browser = fleet.crowd.browser(person, &fleet.origin(0));
    fleet.crowd.sign_in(&mut browser).await.expect("signed in");
    browser
}

async fn an_end_reaches_the_other(sharing: Sharing) {
    let fleet = Fleet::open(sharing, 3).await;
    let nobody = (StatusCode::OK, Value::Null);
    let other = fleet.origin(1);

    // One signs out at the first; somebody has a copy of the cookie, at the second.
    let mut browser = signed_in(&fleet, 0).await;
    let mut thief = copy(&fleet.crowd, &browser, &other);
    assert_eq!(who(&mut thief).await.1, address(0));
    browser.press_sign_out(BASE).await;
    let took = within(SOON, async || who(&mut copy(&fleet.crowd, &thief, &other)).await, |who| *who == nobody).await;
    println!("{sharing:?}: a sign-out is seen at the other after {took:?}");

    // All sessions of a person are ended at the first; each of them was begun at one of the two.
    let mut browsers = [signed_in(&fleet, 1).await, signed_in(&fleet, 1).await, signed_in(&fleet, 2).await];
    for browser in &mut browsers {
        fleet.crowd.lead(browser, &other);
    }
    let id = browsers[0].get(&format!("{APP}/me")).await.json()["id"].as_str().expect("an id").to_owned();
    let mut administrator = fleet.crowd.browser(0, &fleet.origin(0));
    assert_eq!(administrator.post(&format!("{APP}/end?user={id}"), &[]).await.status, StatusCode::NO_CONTENT);
    let [first, second, somebody_else] = &mut browsers;
    let began = Instant::now();
    for browser in [first, second] {
        within(SOON.saturating_sub(began.elapsed()), async || who(browser).await, |who| *who == nobody).await;
    }
    assert_eq!(who(somebody_else).await.1, address(2), "{sharing:?}: nobody else is signed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_changes_replicas_on_postgres() {
    a_sign_in_may_change_replicas(Sharing::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_changes_replicas_on_redis() {
    a_sign_in_may_change_replicas(Sharing::Redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_changes_replicas_that_share_the_secret() {
    a_sign_in_may_change_replicas(Sharing::Secret).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_replica_loses_nobody_on_postgres() {
    one_may_be_killed(Sharing::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_replica_loses_nobody_on_redis() {
    one_may_be_killed(Sharing::Redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_replica_loses_nobody_with_the_secret() {
    one_may_be_killed(Sharing::Secret).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_reaches_the_other_replica_on_postgres() {
    an_end_reaches_the_other(Sharing::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_reaches_the_other_replica_on_redis() {
    an_end_reaches_the_other(Sharing::Redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_reaches_sessions_in_cookies_over_redis() {
    an_end_reaches_the_other(Sharing::RedisAndCookies).await;
}

/// With the secret alone an end is known only where it was said. What holds: the browser that signed out is out everywhere, its
/// copies are out at that process, and nobody gets in anywhere who was not.
#[tokio::test(flavor = "multi_thread")]
async fn with_the_secret_alone_an_end_stays_where_it_was_said() {
    let fleet = Fleet::open(Sharing::Secret, 1).await;
    let nobody = (StatusCode::OK, Value::Null);
    let mut browser = signed_in(&fleet, 0).await;
    let mut copies = [0, 1].map(|replica| copy(&fleet.crowd, &browser, &fleet.origin(replica)));
    browser.press_sign_out(BASE).await;
    for replica in [0, 1] {
        fleet.crowd.lead(&mut browser, &fleet.origin(replica));
        assert_eq!(who(&mut browser).await, nobody, "the browser is out everywhere");
    }
    assert_eq!(who(&mut copies[0]).await, nobody);
    let elsewhere = who(&mut copies[1]).await;
    assert_eq!(elsewhere, (StatusCode::OK, address(0).into()), "the other cannot know: give them shared revocations");
}
