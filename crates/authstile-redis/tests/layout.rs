//! What is in the server: keys that end by themselves, and no session that its sets do not name.

#![cfg(feature = "services")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is a failure")]

use authstile::clock::{Clock as _, SystemClock, UnixTime};
use authstile::store::{
    Except, NewSession, OneTimeValue, Quota, RevocationKey, SessionData, StoredSession, StoredUser,
};
use authstile::{OneTime, Revocations, Sessions, Throttle};
use authstile_redis::RedisStore;
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;

mod common;

struct Bench {
    store: RedisStore,
    prefix: String,
    raw: MultiplexedConnection,
}

async fn bench() -> Bench {
    let url = common::from_xtask("AUTHSTILE_TEST_REDIS");
    let raw = redis::Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let prefix = common::unique();
    Bench { store: RedisStore::single(&url).unwrap().with_prefix(&prefix), prefix, raw }
}

impl Bench {
    fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    async fn keys(&mut self) -> Vec<String> {
        let keys: Vec<String> = self.raw.keys(self.key("*")).await.unwrap();
        let mut keys: Vec<_> = keys.iter().map(|key| key.strip_prefix(&self.prefix).unwrap().to_owned()).collect();
        keys.sort();
        keys
    }

    /// Milliseconds until a key ends.
    async fn left(&mut self, rest: &str) -> i64 {
        let key = self.key(rest);
        self.raw.pttl(key).await.unwrap()
    }
}

fn now() -> UnixTime {
    SystemClock.now()
}

fn user(id: &str) -> StoredUser {
    StoredUser { id: id.to_owned(), ..StoredUser::default() }
}

fn data(id: &str) -> SessionData {
    SessionData { id: id.to_owned(), at: now().millis(), keys: vec![carried()], ..SessionData::default() }
}

fn carried() -> RevocationKey {
    RevocationKey::new("organization", &["1"])
}

/// A session of person `1` with the id `id-{key}`.
async fn create(bench: &Bench, key: &str, seconds: i64) -> Result<(), authstile::StoreError> {
    let (user, data) = (user("1"), data(&format!("id-{key}")));
    let expires = now().plus_seconds(seconds);
    Sessions::create(&bench.store, NewSession { key, user: &user, expires, data: &data }).await
}

fn index() -> String {
    format!("key:{}", carried().as_str())
}

fn keys(sessions: Vec<StoredSession>) -> Vec<String> {
    sessions.into_iter().map(|session| session.key).collect()
}

fn is_about(millis: i64, seconds: i64) -> bool {
    (seconds * 1000 - 5000..=seconds * 1000).contains(&millis)
}

/// Nothing stays for ever but decisions, and a set stays as long as the last session in it.
#[tokio::test]
async fn everything_ends_by_itself() {
    let mut bench = bench().await;
    create(&bench, "a", 100).await.unwrap();
    create(&bench, "b", 50).await.unwrap();
    assert_eq!(bench.keys().await, [index().as_str(), "session:a", "session:b", "user:1"]);
    for (key, seconds) in [("session:a", 100), ("session:b", 50), ("user:1", 100), (&index(), 100)] {
        assert!(is_about(bench.left(key).await, seconds), "{key}");
    }
    assert!(bench.store.extend("b", now().plus_seconds(200), now()).await.unwrap());
    for (key, seconds) in [("session:b", 200), ("user:1", 200), (&index(), 200)] {
        assert!(is_about(bench.left(key).await, seconds), "{key}");
    }
    assert_eq!(bench.store.delete_of_user("1", Except::Nothing).await.unwrap(), 2);
    assert_eq!(bench.keys().await, [""; 0], "sets are cleared with their sessions");

    let key = carried();
    let value = OneTimeValue { identifier: "é:".to_owned(), token: "b".to_owned(), expires: now().plus_seconds(60) };
    OneTime::create(&bench.store, &value).await.unwrap();
    bench.store.revoke(&key, now(), now().plus_seconds(70)).await.unwrap();
    assert!(bench.store.first_time(&key, now(), now().plus_seconds(80)).await.unwrap());
    bench.store.take("t", Quota { burst: 2, seconds: 100 }, now()).await.unwrap();
    for (name, seconds) in
        [("once:3:é::b", 60), (&format!("revoked:{}", key.as_str()), 70), (&format!("seen:{}", key.as_str()), 80)]
    {
        assert!(is_about(bench.left(name).await, seconds), "{name}");
    }
    assert!(is_about(bench.left("throttle:t").await, 50));
}

/// Members of sessions that have ended are swept when the next one is entered.
#[tokio::test]
async fn sets_do_not_grow_with_what_has_ended() {
    let mut bench = bench().await;
    create(&bench, "long", 600).await.unwrap();
    for key in ["a", "b", "c"] {
        create(&bench, key, -1).await.unwrap();
    }
    create(&bench, "d", 60).await.unwrap();
    let set = bench.key("user:1");
    let members: Vec<String> = bench.raw.zrange(&set, 0, -1).await.unwrap();
    assert_eq!(members, ["id-d d", "id-long long"]);
}

/// The sets come first: where one of them cannot be written, there is no session that it does not name.
#[tokio::test]
async fn a_crash_leaves_no_session_that_is_not_named() {
    let mut bench = bench().await;
    let set = bench.key(&index());
    bench.raw.set::<_, _, ()>(&set, "not a set").await.unwrap();
    assert!(create(&bench, "a", 60).await.is_err());
    assert!(bench.store.find("a").await.unwrap().is_none());
    assert!(bench.store.of_user("1").await.unwrap().is_empty(), "a name too many is seen through");

    bench.raw.del::<_, ()>(&set).await.unwrap();
    create(&bench, "a", 60).await.unwrap();
    bench.raw.set::<_, _, ()>(&set, "not a set").await.unwrap();
    assert!(bench.store.extend("a", now().plus_seconds(600), now()).await.is_err());
    assert!(is_about(bench.left("session:a").await, 60), "it does not outlive its entry");
}

/// A name without a session is left alone: its session may be about to be created.
#[tokio::test]
async fn a_name_without_a_session_stays_until_its_end() {
    let mut bench = bench().await;
    let set = bench.key("user:1");
    let soon = now().plus_seconds(60).millis();
    bench.raw.zadd::<_, _, _, ()>(&set, "id-a a", soon).await.unwrap();
    assert_eq!(bench.store.delete_of_user("1", Except::Nothing).await.unwrap(), 0);
    let members: Vec<String> = bench.raw.zrange(&set, 0, -1).await.unwrap();
    assert_eq!(members, ["id-a a"]);
}

/// Who takes a key over is not named by what named its former session, and nobody ends it for that one.
#[tokio::test]
async fn a_name_is_of_one_session() {
    let mut bench = bench().await;
    create(&bench, "a", 60).await.unwrap();
    let record = bench.key("session:a");
    bench.raw.del::<_, ()>(&record).await.unwrap();
    let (user, data) = (user("2"), SessionData { keys: Vec::new(), ..data("other") });
    let session = NewSession { key: "a", user: &user, expires: now().plus_seconds(60), data: &data };
    Sessions::create(&bench.store, session).await.unwrap();
    assert!(bench.store.of_user("1").await.unwrap().is_empty());
    assert_eq!(bench.store.delete_of_user("1", Except::Nothing).await.unwrap(), 0);
    assert_eq!(bench.store.delete_by_key(&carried(), now()).await.unwrap(), 0);
    assert_eq!(keys(bench.store.of_user("2").await.unwrap()), ["a"]);
}

/// The same session once more is a conflict, and is found by its names as before.
#[tokio::test]
async fn a_session_that_is_created_twice_stays_named() {
    let bench = bench().await;
    create(&bench, "a", 600).await.unwrap();
    assert!(create(&bench, "a", 5).await.unwrap_err().is_conflict());
    assert_eq!(keys(bench.store.of_user("1").await.unwrap()), ["a"]);
    let set = bench.key("user:1");
    let score: f64 = bench.raw.clone().zscore(&set, "id-a a").await.unwrap();
    assert!(is_about(score as i64 - now().millis(), 600), "an entry is never moved to an earlier end");
}

/// Thousands of sessions of one organization end in a few round trips.
#[tokio::test]
async fn many_sessions_end_at_once() {
    let mut bench = bench().await;
    let mut pending = tokio::task::JoinSet::new();
    for number in 0..1500 {
        let store = bench.store.clone();
        pending.spawn(async move {
            let (key, user) = (number.to_string(), user(&format!("{number}")));
            let data = data(&key);
            let session = NewSession { key: &key, user: &user, expires: now().plus_seconds(60), data: &data };
            Sessions::create(&store, session).await.unwrap();
        });
    }
    pending.join_all().await;
    assert_eq!(bench.store.delete_by_key(&carried(), now()).await.unwrap(), 1500);
    assert_eq!(bench.keys().await, [""; 0]);
}

/// What others wrote is no session, and no error is taken for "no".
#[tokio::test]
async fn what_is_not_ours_is_an_error() {
    let mut bench = bench().await;
    for (kind, value) in [("session:a", "{}"), ("session:b", "1 2\n{}"), ("session:c", "x y\n{}")] {
        let key = bench.key(kind);
        bench.raw.set::<_, _, ()>(&key, value).await.unwrap();
    }
    for key in ["a", "b", "c"] {
        let error = bench.store.find(key).await.unwrap_err();
        assert!(!error.is_unavailable() && !error.is_conflict(), "{error}");
    }
    let revoked = bench.key(&format!("revoked:{}", carried().as_str()));
    bench.raw.set::<_, _, ()>(&revoked, "soon").await.unwrap();
    assert!(bench.store.revoked_at(&[carried()]).await.is_err());
}

/// A server that forgot the scripts, as after a restart, gets them again.
#[tokio::test]
async fn scripts_are_sent_again() {
    let bench = bench().await;
    create(&bench, "a", 60).await.unwrap();
    let mut raw = bench.raw.clone();
    redis::cmd("SCRIPT").arg("FLUSH").query_async::<()>(&mut raw).await.unwrap();
    create(&bench, "b", 60).await.unwrap();
    assert!(bench.store.extend("b", now().plus_seconds(90), now()).await.unwrap());
}
