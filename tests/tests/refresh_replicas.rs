//! A storm of requests on one session whose token has expired, over two processes that share PostgreSQL or Redis; and one
//! of them killed while it refreshes.
#![cfg(feature = "services")]

use std::time::Duration;

use authstile_sqlx::PostgresStore;
use authstile_testkit::{Browser, Page};
use authstile_tests::APP;
use authstile_tests::crowd::{Crowd, Replica};
use authstile_tests::servers::Server;
use http::StatusCode;
use tokio::task::JoinSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Postgres,
    Redis,
    RedisCluster,
    RedisAndCookies,
}

struct Fleet {
    crowd: Crowd,
    replicas: [Replica; 2],
    /// Of somebody whose token has expired.
    browser: Browser,
    _store: Server,
}

impl Fleet {
    async fn open(sharing: Sharing) -> Self {
        let crowd = Crowd::with_refresh_tokens(1).await;
        let (store, flag) = match sharing {
            Sharing::Postgres => (Server::postgres().expect("PostgreSQL"), "--postgres"),
            Sharing::Redis | Sharing::RedisAndCookies => (Server::redis().expect("Redis"), "--redis"),
            Sharing::RedisCluster => (Server::redis_cluster().expect("a cluster"), "--redis-cluster"),
        };
        let url = store.url();
        if sharing == Sharing::Postgres {
            let mut store = PostgresStore::open(&url).await.expect("a store");
            store.migrate().await.expect("a migration");
            store.pool().close().await;
        }
        let mut arguments = vec![flag, &url, "--tokens"];
        arguments.extend((sharing == Sharing::RedisAndCookies).then_some("--cookies"));
        let replica = || Replica::start(env!("CARGO_BIN_EXE_replica"), &crowd.issuer(), &arguments);
        let replicas = [replica(), replica()];
        // To be refreshed as soon as it is there.
        crowd.idp().set_access_token_seconds(Some(3));
        let mut browser = crowd.browser(0, &replicas[0].origin());
        crowd.sign_in(&mut browser).await.expect("signed in");
        crowd.idp().set_access_token_seconds(Some(3600));
        Self { crowd, replicas, browser, _store: store }
    }

    /// The same browser, for which one of the two is the application.
    fn at(&self, replica: usize) -> Browser {
        let mut browser = self.browser.clone();
        self.crowd.lead(&mut browser, &self.replicas[replica].origin());
        browser
    }

    fn refreshes(&self) -> usize {
        let is_refresh = |(name, value): &(String, String)| name == "grant_type" && value == "refresh_token";
        self.crowd.idp().requests().iter().filter(|request| request.form.iter().any(is_refresh)).count()
    }
}

async fn token(mut browser: Browser) -> Page {
    browser.get(&format!("{APP}/token")).await
}

async fn a_storm_refreshes_once(sharing: Sharing) {
    let fleet = Fleet::open(sharing).await;
    let mut asked = JoinSet::new();
    for number in 0..200 {
        asked.spawn(token(fleet.at(number % 2)));
    }
    let pages = asked.join_all().await;
    for page in &pages {
        assert_eq!((page.status, &page.body), (StatusCode::OK, &pages[0].body), "{sharing:?}");
    }
    assert_eq!(fleet.refreshes(), 1, "{sharing:?}");
}

/// Its lease ends, and the other refreshes.
async fn a_killed_holder_is_followed(sharing: Sharing) {
    let mut fleet = Fleet::open(sharing).await;
    let is_lost = fleet.crowd.lose_refresh();
    let doomed = tokio::spawn(token(fleet.at(0)));
    while !is_lost() {
        assert!(!doomed.is_finished(), "no refresh: {:?}", doomed.await);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    fleet.replicas[0].kill();
    assert_eq!(doomed.await.expect("an answer").status, StatusCode::GATEWAY_TIMEOUT);
    let mut page = token(fleet.at(1)).await;
    if page.status == StatusCode::GATEWAY_TIMEOUT {
        // A lease is as long as this browser waits: it asks once more.
        page = token(fleet.at(1)).await;
    }
    assert_eq!(page.status, StatusCode::OK, "{sharing:?}: {}", page.body);
    assert_eq!(fleet.refreshes(), 1, "{sharing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_refreshes_once_on_postgres() {
    a_storm_refreshes_once(Sharing::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_refreshes_once_on_redis() {
    a_storm_refreshes_once(Sharing::Redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_refreshes_once_on_a_redis_cluster() {
    a_storm_refreshes_once(Sharing::RedisCluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_on_a_session_in_cookies_refreshes_once_over_redis() {
    a_storm_refreshes_once(Sharing::RedisAndCookies).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_is_killed_is_followed_on_postgres() {
    a_killed_holder_is_followed(Sharing::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_is_killed_is_followed_on_redis() {
    a_killed_holder_is_followed(Sharing::Redis).await;
}
