//! The suite of stores on MySQL or MariaDB, and what is particular to it: schemas that are there already.

#![cfg(feature = "services")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is a failure")]

mod servers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use authstile::clock::UnixTime;
use authstile::store::{NewSession, NewUser, Passwords as _, Quota, Refusal, RevocationKey, SessionData};
use authstile::{Accounts as _, Revocations as _, Sessions as _, Throttle as _};
use authstile_sqlx::MySqlStore;
use authstile_testkit::{store_suite, store_suite::Stores};
use servers::{Door, MySql};

/// Auth.js's documented schema in MySQL's words, with counted ids, a collation that takes `A` for `a`, and no index.
const BARE: &str = r#"
    CREATE TABLE verification_token (identifier VARCHAR(320) NOT NULL, expires DATETIME(3) NOT NULL,
        token VARCHAR(255) NOT NULL, PRIMARY KEY (identifier, token)) COLLATE {};
    CREATE TABLE accounts (id INTEGER AUTO_INCREMENT, `userId` INTEGER NOT NULL, type VARCHAR(255) NOT NULL,
        provider VARCHAR(255) NOT NULL, `providerAccountId` VARCHAR(255) NOT NULL, refresh_token TEXT, access_token TEXT,
        expires_at BIGINT, id_token TEXT, scope TEXT, session_state TEXT, token_type TEXT, PRIMARY KEY (id)) COLLATE {};
    CREATE TABLE sessions (id INTEGER AUTO_INCREMENT, `userId` INTEGER NOT NULL, expires DATETIME(3) NOT NULL,
        `sessionToken` VARCHAR(255) NOT NULL, PRIMARY KEY (id)) COLLATE {};
    CREATE TABLE users (id INTEGER AUTO_INCREMENT, name VARCHAR(255), email VARCHAR(255), `emailVerified` DATETIME(3),
        image TEXT, PRIMARY KEY (id)) COLLATE {};
"#;

fn bare(collation: &str) -> String {
    BARE.replace("{}", collation)
}

/// As exact as the suite is.
const EXACT: &str = "utf8mb4_nopad_bin";
const FOLDING: &str = "utf8mb4_general_ci";

fn all(store: MySqlStore) -> Stores {
    let store = Arc::new(store);
    let stores = Stores::new().with_accounts(store.clone()).with_sessions(store.clone()).with_one_time(store.clone());
    stores.with_passwords(store.clone()).with_revocations(store.clone()).with_throttle(store.clone()).with_leases(store)
}

async fn migrated(schema: &str) -> Stores {
    let server = MySql::with(schema).await;
    let mut store = MySqlStore::open(&server.url).await.unwrap();
    let done = store.migrate().await.unwrap();
    assert_eq!((done.applied.len(), done.warnings.len()), (6, 0), "{done}");
    all(store).keep(server)
}

mod fresh {
    use super::*;

    async fn stores() -> Stores {
        migrated("").await
    }

    store_suite!(stores, [accounts, passwords, sessions, one_time, revocations, throttle, leases]);
}

mod counted {
    use super::*;

    async fn stores() -> Stores {
        migrated(&bare(EXACT)).await
    }

    store_suite!(stores, [accounts, passwords, sessions, one_time]);
}

mod bare {
    use super::*;

    async fn stores() -> Stores {
        let server = MySql::with(&bare(EXACT)).await;
        all(MySqlStore::from_pool(server.pool().await).await.unwrap()).keep(server).without_attributes()
    }

    store_suite!(stores, [accounts, one_time]);
}

/// Addresses that two people have, so that no unique index can be made.
mod duplicated {
    use super::*;

    async fn stores() -> Stores {
        let server = MySql::with(&format!("{}{DUPLICATES}", bare(EXACT))).await;
        let mut store = MySqlStore::open(&server.url).await.unwrap();
        assert_eq!(store.migrate().await.unwrap().warnings.len(), 3);
        sqlx::raw_sql("DELETE FROM users; DELETE FROM accounts; DELETE FROM sessions")
            .execute(store.pool())
            .await
            .unwrap();
        all(store).keep(server)
    }

    store_suite!(stores, [accounts, sessions]);
}

const DUPLICATES: &str = r#"
    INSERT INTO users (name, email) VALUES ('first', 'ada@example.com'), ('second', 'ada@example.com');
    INSERT INTO accounts (`userId`, type, provider, `providerAccountId`)
        VALUES (1, 'oidc', 'acme', '1'), (2, 'oidc', 'acme', '1');
    INSERT INTO sessions (`userId`, expires, `sessionToken`)
        VALUES (1, '2099-01-01 00:00:00', 't'), (2, '2099-01-01 00:00:00', 't');
"#;

#[tokio::test]
async fn a_database_of_auth_js_opens_as_it_is() {
    let rows = r#"
        INSERT INTO users (id, name, email, `emailVerified`) VALUES (7, 'Ada', 'ada@example.com', '2026-11-23 17:12:53.237');
        INSERT INTO accounts (`userId`, type, provider, `providerAccountId`, expires_at) VALUES (7, 'oidc', 'acme', '1', 1795453973);
        INSERT INTO sessions (`userId`, expires, `sessionToken`) VALUES (7, '2099-01-01 00:00:00', 'old');"#;
    let server = MySql::with(&format!("{}{rows}", bare(FOLDING))).await;
    let mut store = MySqlStore::open(&server.url).await.unwrap();
    for migrated in [false, true] {
        let ada = store.find_user_by_account("acme", "1").await.unwrap().unwrap();
        assert_eq!((ada.id.as_str(), ada.name.as_deref()), ("7", Some("Ada")));
        assert_eq!(ada.email_verified, Some(UnixTime::from_millis(1_795_453_973_237)));
        let session = store.find("old").await.unwrap().unwrap();
        assert_eq!((session.user, session.data), (ada.clone(), None));
        let data =
            SessionData { id: "1".to_owned(), keys: vec![RevocationKey::session("1")], ..SessionData::default() };
        let key = if migrated { "migrated" } else { "bare" };
        let new = NewSession { key, user: &ada, expires: UnixTime::from_seconds(4_102_444_800), data: &data };
        store.create(new).await.unwrap();
        assert!(store.extend(key, UnixTime::from_seconds(4_102_444_900), UnixTime::from_seconds(5)).await.unwrap());
        let found = store.find(key).await.unwrap().unwrap();
        assert_eq!(found.expires, UnixTime::from_seconds(4_102_444_900));
        assert_eq!(found.data, migrated.then(|| SessionData { seen: 5000, ..data.clone() }));
        let ended = store.delete_by_key(&RevocationKey::session("1"), UnixTime::from_seconds(1)).await;
        if migrated {
            assert_eq!(ended.unwrap(), 1);
        } else {
            assert!(ended.unwrap_err().to_string().contains("authstile migrate"));
            assert!(store.password_of("7").await.unwrap_err().to_string().contains("authstile migrate"));
            assert!(store.set_password("7", "phc").await.unwrap_err().to_string().contains("authstile migrate"));
            assert!(store.replace_password("7", "phc", "new").await.is_err());
            assert!(store.delete_password("7").await.is_err());
            let key = RevocationKey::session("1");
            // Where nothing can be written down, nothing was.
            assert!(!store.is_refused(std::slice::from_ref(&key)).await.unwrap());
            assert_eq!(store.revoked_at(std::slice::from_ref(&key)).await.unwrap(), None);
            let at = UnixTime::from_seconds(1);
            let to_mend = [
                store.revoke(&key, at, at).await.unwrap_err(),
                store.refuse(&key, Refusal::Refuse, at).await.unwrap_err(),
                store.first_time(&key, at, at).await.unwrap_err(),
                store.forget_seen(&key).await.unwrap_err(),
            ];
            assert!(to_mend.iter().all(|error| error.to_string().contains("authstile migrate")), "{to_mend:?}");
            assert!(!store.has_own_tables());
            let early = store.clone();
            assert!(store.take("k", Quota { burst: 1, seconds: 1 }, UnixTime::from_seconds(1)).await.is_err());
            let done = store.migrate().await.unwrap();
            assert_eq!((done.applied.len(), done.warnings.len()), (6, 0), "{done}");
            assert!(store.has_own_tables());
            // Whoever opened it before hears at once of what is written down since.
            store.refuse(&key, Refusal::Refuse, at).await.unwrap();
            store.revoke(&key, at, UnixTime::from_seconds(4_102_444_800)).await.unwrap();
            assert!(early.is_refused(std::slice::from_ref(&key)).await.unwrap());
            assert_eq!(early.revoked_at(std::slice::from_ref(&key)).await.unwrap(), Some(at));
        }
    }
}

#[tokio::test]
async fn writers_that_name_no_ids_get_some() {
    let server = MySql::with("").await;
    let mut store = MySqlStore::open(&server.url).await.unwrap();
    store.migrate().await.unwrap();
    sqlx::raw_sql("INSERT INTO users (email) VALUES ('ada@example.com'), ('bob@example.com')")
        .execute(store.pool())
        .await
        .unwrap();
    let ids = store.list_users(None, 10).await.unwrap().into_iter().map(|user| user.id.len()).collect::<Vec<_>>();
    assert_eq!(ids, [36, 36]);
}

#[tokio::test]
async fn a_password_goes_with_its_person_whoever_deletes_them() {
    for schema in ["", &bare(EXACT), &bare(FOLDING)] {
        let server = MySql::with(schema).await;
        let mut store = MySqlStore::open(&server.url).await.unwrap();
        store.migrate().await.unwrap();
        let ada = store.register(&NewUser { id: "ada".to_owned(), ..NewUser::default() }, None).await.unwrap();
        assert!(store.set_password(&ada.id, "phc").await.unwrap());
        sqlx::raw_sql("DELETE FROM users").execute(store.pool()).await.unwrap();
        let left: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM authstile_passwords").fetch_one(store.pool()).await.unwrap();
        assert_eq!(left, 0);
    }
}

#[tokio::test]
async fn what_is_duplicated_is_kept_and_the_first_is_found() {
    let server = MySql::with(&format!("{}{DUPLICATES}", bare(FOLDING))).await;
    let mut store = MySqlStore::open(&server.url).await.unwrap();
    let done = store.migrate().await.unwrap();
    assert_eq!(
        done.applied,
        ["0001_auth_js_tables", "0002_columns", "0004_own_tables", "0005_passwords", "0006_replicas"]
    );
    assert_eq!(done.warnings.len(), 3, "{done}");
    let first = store.find_user_by_email("ada@example.com").await.unwrap().unwrap();
    assert_eq!(first.name.as_deref(), Some("first"));
    let taken = store.register(&NewUser { email: first.email, ..NewUser::default() }, None).await.unwrap_err();
    assert!(taken.is_conflict());
    // Once they are gone, the next run makes it right.
    sqlx::raw_sql(
        "DELETE FROM users WHERE id = 2; DELETE FROM accounts WHERE id = 2; DELETE FROM sessions WHERE id = 2",
    )
    .execute(store.pool())
    .await
    .unwrap();
    let done = store.migrate().await.unwrap();
    assert_eq!((done.applied, done.warnings), (vec!["0003_indexes"], Vec::new()));
    assert_eq!(store.migrate().await.unwrap().to_string(), "nothing to do\n");
}

#[tokio::test]
async fn many_may_migrate_at_once() {
    let server = MySql::with(&bare(FOLDING)).await;
    let migrate = || {
        let url = server.url.clone();
        tokio::spawn(async move { MySqlStore::open(&url).await.unwrap().migrate().await.unwrap().applied.len() })
    };
    let mut applied = Vec::new();
    for migrating in (0..4).map(|_| migrate()).collect::<Vec<_>>() {
        applied.push(migrating.await.unwrap());
    }
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, 0, 6]);
}

#[tokio::test]
async fn a_server_that_is_not_there_fails_in_time() {
    let begun = Instant::now();
    // A port that takes connections and says nothing.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().port();
    for port in [silent, 1] {
        let error = MySqlStore::open(&format!("mysql://nobody@127.0.0.1:{port}/none")).await.unwrap_err();
        assert!(error.is_unavailable(), "{error}");
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// A server that was there and refuses: everybody is told at once, and it is noticed when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_goes_away_is_noticed_at_once() {
    let server = MySql::with("").await;
    let mut door = Door::to(&server.url).await;
    let mut store = MySqlStore::open(&door.through(&server.url)).await.unwrap();
    store.migrate().await.unwrap();
    let many = async || {
        let find = |store: MySqlStore| async move {
            let begun = Instant::now();
            (store.find("key").await, begun.elapsed())
        };
        let finds: Vec<_> = (0..64).map(|_| tokio::spawn(find(store.clone()))).collect();
        let mut found = Vec::new();
        for find in finds {
            found.push(find.await.unwrap());
        }
        found
    };
    for _ in 0..2 {
        assert!(many().await.into_iter().all(|(found, _)| found.unwrap().is_none()));
        door.shut().await;
        for _ in 0..3 {
            for (found, took) in many().await {
                assert!(found.unwrap_err().is_unavailable());
                // The pool alone would take four seconds.
                assert!(took < Duration::from_secs(2), "{took:?}");
            }
        }
        door.open().await;
        let begun = Instant::now();
        while store.find("key").await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(4), "it does not come back");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    store.pool().close().await;
}

/// A server whose locks are held answers late, and the engine does not wait.
#[tokio::test]
async fn a_table_that_is_locked_fails_in_time() {
    let server = MySql::with("").await;
    let mut store = MySqlStore::open(&server.url).await.unwrap();
    store.migrate().await.unwrap();
    let mut locking = store.pool().acquire().await.unwrap();
    sqlx::raw_sql("LOCK TABLES sessions WRITE").execute(&mut *locking).await.unwrap();
    let begun = Instant::now();
    let error = store.find("key").await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    sqlx::raw_sql("UNLOCK TABLES").execute(&mut *locking).await.unwrap();
    assert_eq!(store.find("key").await.unwrap(), None);
}
