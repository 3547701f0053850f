//! A server that dies, stands still or is cut off: calls fail within the limit, and work again by themselves afterwards.

#![cfg(feature = "services")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is a failure")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use authstile::clock::{Clock as _, SystemClock, UnixTime};
use authstile::store::{Except, NewSession, OneTimeValue, Quota, Refusal, RevocationKey, SessionData, StoredUser};
use authstile::{OneTime, Revocations, Sessions, StoreError, Throttle};
use authstile_redis::RedisStore;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use common::Server;

mod common;

/// No call may take longer, whatever the server does.
const LIMIT: Duration = Duration::from_secs(2);
/// How soon everything works again.
const RECOVERY: Duration = Duration::from_secs(5);

fn now() -> UnixTime {
    SystemClock.now()
}

async fn create(store: &RedisStore, key: &str) -> Result<(), StoreError> {
    let user = StoredUser { id: "1".to_owned(), ..StoredUser::default() };
    let data = SessionData { id: key.to_owned(), at: now().millis(), ..SessionData::default() };
    Sessions::create(store, NewSession { key, user: &user, expires: now().plus_seconds(60), data: &data }).await
}

/// Every call that there is, each as what became of it.
async fn every_call(store: &RedisStore) -> Vec<(&'static str, Option<StoreError>, Duration)> {
    let key = RevocationKey::session("1");
    let keys = std::slice::from_ref(&key);
    let value = OneTimeValue { identifier: "a".to_owned(), token: "b".to_owned(), expires: now().plus_seconds(60) };
    let quota = Quota { burst: 100, seconds: 60 };
    let later = now().plus_seconds(60);
    let mut outcomes = Vec::new();
    macro_rules! call {
        ($($name:literal: $call:expr,)+) => {
            $({
                let begin = Instant::now();
                let outcome = $call.await.map(drop);
                outcomes.push(($name, outcome.err(), begin.elapsed()));
            })+
        };
    }
    call! {
        "ping": store.ping(),
        "create": create(store, "another"),
        "find": store.find("kept"),
        "extend": store.extend("kept", later, now()),
        "of_user": store.of_user("1"),
        "delete": store.delete("another"),
        "delete_of_user": store.delete_of_user("2", Except::Nothing),
        "delete_by_key": store.delete_by_key(&key, now()),
        "remember": OneTime::create(store, &value),
        "consume": store.consume("a", "b"),
        "revoke": store.revoke(&key, now(), later),
        "revoked_at": store.revoked_at(keys),
        "refuse": store.refuse(&key, Refusal::Refuse, now()),
        "is_refused": store.is_refused(keys),
        "first_time": store.first_time(&key, now(), later),
        "forget_seen": store.forget_seen(&key),
        "take": store.take("a", quota, now()),
    }
    outcomes
}

async fn everything_works(store: &RedisStore) {
    for (name, error, _) in every_call(store).await {
        assert!(error.is_none(), "{name}: {error:?}");
    }
}

async fn everything_fails_in_time(store: &RedisStore) {
    // Many at once first, as on a busy site; none of them waits for another.
    let mut many = JoinSet::new();
    for _ in 0..64 {
        let store = store.clone();
        many.spawn(async move {
            let begin = Instant::now();
            (store.find("kept").await, begin.elapsed())
        });
    }
    for (found, took) in many.join_all().await {
        assert!(found.unwrap_err().is_unavailable());
        assert!(took < LIMIT, "found nothing after {took:?}");
    }
    for (name, error, took) in every_call(store).await {
        assert!(error.as_ref().is_some_and(StoreError::is_unavailable), "{name}: {error:?}");
        assert!(took < LIMIT, "{name} failed after {took:?}");
    }
}

async fn works_again(store: &RedisStore) {
    let begin = Instant::now();
    while let Err(error) = store.find("kept").await {
        assert!(begin.elapsed() < RECOVERY, "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    everything_works(store).await;
}

async fn dies_and_comes_back(mut server: Server, store: RedisStore) {
    create(&store, "kept").await.unwrap();
    everything_works(&store).await;
    for _ in 0..2 {
        server.kill();
        everything_fails_in_time(&store).await;
        server.launch();
        works_again(&store).await;
    }
}

async fn stands_still_and_goes_on(server: Server, store: RedisStore) {
    // Each call takes the whole time; there are many of them.
    let store = store.with_timeout(Duration::from_millis(300));
    create(&store, "kept").await.unwrap();
    everything_works(&store).await;
    server.freeze(true);
    everything_fails_in_time(&store).await;
    server.freeze(false);
    works_again(&store).await;
    assert!(store.find("kept").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_dies_and_comes_back() {
    let server = Server::start(false);
    let store = RedisStore::single(&server.url()).unwrap();
    dies_and_comes_back(server, store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_dies_and_comes_back() {
    let server = Server::start(true);
    let store = RedisStore::cluster([server.url().as_str()]).unwrap();
    dies_and_comes_back(server, store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_stands_still_and_goes_on() {
    let server = Server::start(false);
    let store = RedisStore::single(&server.url()).unwrap();
    stands_still_and_goes_on(server, store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_stands_still_and_goes_on() {
    let server = Server::start(true);
    let store = RedisStore::cluster([server.url().as_str()]).unwrap();
    stands_still_and_goes_on(server, store).await;
}

/// An application may start before its server does.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_come_later() {
    let mut server = Server::start(false);
    let store = RedisStore::single(&server.url()).unwrap();
    server.kill();
    everything_fails_in_time(&store).await;
    server.launch();
    works_again(&store).await;
}

/// A connection of which nothing is heard any more, as behind a router that forgot it: only a new one helps.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_off_is_replaced() {
    let server = Server::start(false);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (to, connections) = (server.url().replace("redis://", ""), Arc::new(AtomicUsize::new(0)));
    let counted = connections.clone();
    let router = tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut server = TcpStream::connect(&to).await.unwrap();
            // The first works for a while, and is then held without a word.
            let lasts = if counted.fetch_add(1, Ordering::SeqCst) == 0 { 500 } else { 60_000 };
            held.push(tokio::spawn(async move {
                let forward = copy_bidirectional(&mut client, &mut server);
                let _ = tokio::time::timeout(Duration::from_millis(lasts), forward).await;
                tokio::time::sleep(Duration::from_secs(60)).await;
                drop((client, server));
            }));
        }
    });
    let store = RedisStore::single(&format!("redis://{address}")).unwrap();
    create(&store, "kept").await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    let begin = Instant::now();
    assert!(store.find("kept").await.unwrap_err().is_unavailable());
    assert!(begin.elapsed() < LIMIT);
    assert!(store.find("kept").await.unwrap().is_some());
    assert_eq!(connections.load(Ordering::SeqCst), 2);
    router.abort();
}
