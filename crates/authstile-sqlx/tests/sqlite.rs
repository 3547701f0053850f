//! The suite of stores on SQLite, and what is particular to it: files, and schemas that are there already.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is a failure")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use authstile::clock::UnixTime;
use authstile::store::{NewSession, NewUser, Passwords as _, Refusal, RevocationKey, SessionData};
use authstile::{Account, AccountKind, Accounts as _, Revocations as _, Sessions as _, Throttle as _};
use authstile_sqlx::SqliteStore;
use authstile_testkit::{store_suite, store_suite::Stores};
use sqlx::SqlitePool;

/// Auth.js's documented schema, in SQLite's words: counted ids, and no index but the primary keys.
const BARE: &str = r#"
    CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(255), email VARCHAR(255), "emailVerified" datetime, image TEXT);
    CREATE TABLE accounts (id INTEGER PRIMARY KEY, "userId" INTEGER NOT NULL, type VARCHAR(255) NOT NULL,
        provider VARCHAR(255) NOT NULL, "providerAccountId" VARCHAR(255) NOT NULL, refresh_token TEXT, access_token TEXT,
        expires_at BIGINT, id_token TEXT, scope TEXT, session_state TEXT, token_type TEXT);
    CREATE TABLE sessions (id INTEGER PRIMARY KEY, "userId" INTEGER NOT NULL, expires datetime NOT NULL,
        "sessionToken" VARCHAR(255) NOT NULL);
    CREATE TABLE verification_token (identifier TEXT NOT NULL, expires datetime NOT NULL, token TEXT NOT NULL,
        PRIMARY KEY (identifier, token));
"#;

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("authstile-sqlx-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("people.db")
    }

    /// A database that somebody else made.
    async fn with(&self, schema: &'static str) -> SqlitePool {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.file()).create_if_missing(true);
        let pool = SqlitePool::connect_with(options.busy_timeout(std::time::Duration::from_secs(5))).await.unwrap();
        sqlx::raw_sql(schema).execute(&pool).await.unwrap();
        pool
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn all(store: SqliteStore) -> Stores {
    let store = Arc::new(store);
    let stores = Stores::new().with_accounts(store.clone()).with_sessions(store.clone()).with_one_time(store.clone());
    stores.with_passwords(store.clone()).with_revocations(store.clone()).with_throttle(store.clone()).with_leases(store)
}

mod opened {
    use super::*;

    async fn stores() -> Stores {
        let folder = Folder::new();
        all(SqliteStore::open(folder.file()).await.unwrap()).keep(folder)
    }

    store_suite!(stores, [accounts, passwords, sessions, one_time, revocations, throttle, leases]);
}

mod in_memory {
    use super::*;

    async fn stores() -> Stores {
        all(SqliteStore::open(":memory:").await.unwrap())
    }

    store_suite!(stores, [accounts, passwords, sessions, one_time, revocations, throttle, leases]);
}

mod migrated {
    use super::*;

    async fn stores() -> Stores {
        let folder = Folder::new();
        let mut store = SqliteStore::from_pool(folder.with(BARE).await).await.unwrap();
        store.migrate().await.unwrap();
        all(store).keep(folder)
    }

    store_suite!(stores, [accounts, passwords, sessions, one_time, revocations, throttle, leases]);
}

mod bare {
    use super::*;

    async fn stores() -> Stores {
        let folder = Folder::new();
        all(SqliteStore::from_pool(folder.with(BARE).await).await.unwrap()).keep(folder).without_attributes()
    }

    store_suite!(stores, [accounts, one_time]);
}

/// Addresses that two people have, so that no unique index can be made.
mod duplicated {
    use super::*;

    async fn stores() -> Stores {
        let folder = Folder::new();
        let pool = folder.with(BARE).await;
        insert_duplicates(&pool).await;
        let mut store = SqliteStore::from_pool(pool.clone()).await.unwrap();
        let done = store.migrate().await.unwrap();
        assert_eq!(done.warnings.len(), 3, "{done}");
        for table in ["users", "accounts", "sessions"] {
            sqlx::query(sqlx::AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&pool).await.unwrap();
        }
        all(store).keep(folder)
    }

    store_suite!(stores, [accounts, sessions]);
}

async fn insert_duplicates(pool: &SqlitePool) {
    sqlx::raw_sql(
        r#"INSERT INTO users (name, email) VALUES ('first', 'ada@example.com'), ('second', 'ada@example.com');
        INSERT INTO accounts ("userId", type, provider, "providerAccountId") VALUES (1, 'oidc', 'acme', '1'), (2, 'oidc', 'acme', '1');
        INSERT INTO sessions ("userId", expires, "sessionToken") VALUES (1, '2099-01-01T00:00:00.000Z', 't'), (2, '2099-01-01T00:00:00.000Z', 't');"#,
    )
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_database_of_auth_js_opens_as_it_is() {
    let folder = Folder::new();
    let pool = folder.with(BARE).await;
    sqlx::raw_sql(
        r#"INSERT INTO users (id, name, email, "emailVerified") VALUES (7, 'Ada', 'ada@example.com', '2026-11-23T17:12:53.237Z'),
            (8, 'Bob', NULL, 1795453973237), (9, 'Cyd', NULL, '2026-11-23 17:12:53'), (10, 'Dan', NULL, 1795453973);
        INSERT INTO accounts ("userId", type, provider, "providerAccountId", expires_at) VALUES (7, 'oidc', 'acme', '1', 1795453973);
        INSERT INTO sessions ("userId", expires, "sessionToken") VALUES (7, '2099-01-01T00:00:00.000Z', 'old');"#,
    )
    .execute(&pool)
    .await
    .unwrap();
    let mut store = SqliteStore::from_pool(pool).await.unwrap();
    for migrated in [false, true] {
        let ada = store.find_user_by_account("acme", "1").await.unwrap().unwrap();
        assert_eq!((ada.id.as_str(), ada.name.as_deref()), ("7", Some("Ada")));
        assert_eq!(ada.email_verified, Some(UnixTime::from_millis(1_795_453_973_237)));
        let verified = async |id| store.find_user(id).await.unwrap().unwrap().email_verified.unwrap().millis();
        assert_eq!(verified("8").await, 1_795_453_973_237);
        assert_eq!(verified("9").await, 1_795_453_973_000);
        assert_eq!(verified("10").await, 1_795_453_973_000);
        let session = store.find("old").await.unwrap().unwrap();
        assert_eq!((session.user, session.data), (ada.clone(), None));
        let data =
            SessionData { id: "1".to_owned(), keys: vec![RevocationKey::session("1")], ..SessionData::default() };
        let key = if migrated { "migrated" } else { "bare" };
        let new = NewSession { key, user: &ada, expires: UnixTime::from_seconds(4_102_444_800), data: &data };
        authstile::Sessions::create(&store, new).await.unwrap();
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
            let quota = authstile::store::Quota { burst: 1, seconds: 1 };
            assert!(store.take("k", quota, UnixTime::from_seconds(1)).await.is_err());
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

/// Others may delete people, with foreign keys or without, which is what SQLite does unasked: no password is inherited.
#[tokio::test]
async fn a_password_goes_with_its_person_whoever_deletes_them() {
    for (foreign_keys, left) in [(true, 0), (false, 1)] {
        let folder = Folder::new();
        let pool = folder.with(BARE).await;
        let mut store = SqliteStore::from_pool(pool).await.unwrap();
        store.migrate().await.unwrap();
        let ada = store.register(&NewUser::default(), None).await.unwrap();
        assert!(store.set_password(&ada.id, "phc").await.unwrap());
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.file()).foreign_keys(foreign_keys);
        let others = SqlitePool::connect_with(options).await.unwrap();
        sqlx::raw_sql("DELETE FROM users").execute(&others).await.unwrap();
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM authstile_passwords").fetch_one(&others).await.unwrap();
        assert_eq!(count, left);
        others.close().await;
        assert_eq!(store.password_of(&ada.id).await.unwrap(), None);
        let eve = store.register(&NewUser::default(), None).await.unwrap();
        assert_eq!(eve.id, ada.id, "SQLite gives the number again");
        assert_eq!(store.password_of(&eve.id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn numbers_as_moments_are_not_swept_away() {
    let folder = Folder::new();
    let pool = folder.with(BARE).await;
    sqlx::raw_sql(
        r#"INSERT INTO users (id) VALUES (1);
        INSERT INTO sessions ("userId", expires, "sessionToken") VALUES (1, 4102444800000, 'number'),
            (1, '2001-01-01T00:00:00.000Z', 'old'), (1, '2001-01-01T00:00:00.000Z', 'older');"#,
    )
    .execute(&pool)
    .await
    .unwrap();
    let store = SqliteStore::from_pool(pool).await.unwrap();
    let now = UnixTime::from_seconds(1_795_453_973);
    assert_eq!(authstile::Sessions::delete_expired(&store, now, 1).await.unwrap(), 1);
    assert_eq!(authstile::Sessions::delete_expired(&store, now, 10).await.unwrap(), 1);
    assert_eq!(store.find("number").await.unwrap().unwrap().expires, UnixTime::from_seconds(4_102_444_800));
}

#[tokio::test]
async fn what_is_duplicated_is_kept_and_the_first_is_found() {
    let folder = Folder::new();
    let pool = folder.with(BARE).await;
    insert_duplicates(&pool).await;
    let mut store = SqliteStore::from_pool(pool.clone()).await.unwrap();
    let done = store.migrate().await.unwrap();
    assert_eq!(
        done.applied,
        ["0001_auth_js_tables", "0002_columns", "0004_own_tables", "0005_passwords", "0006_replicas"]
    );
    assert!(done.warnings.iter().all(|warning| warning.contains("UNIQUE")), "{done}");
    let first = store.find_user_by_email("ada@example.com").await.unwrap().unwrap();
    assert_eq!(first.name.as_deref(), Some("first"));
    let indexes: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE 'authstile_%' ORDER BY name",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    for name in ["authstile_users_email", "authstile_accounts_provider", "authstile_sessions_token"] {
        assert!(indexes.iter().any(|index| index == name), "{indexes:?}");
    }
    let taken = store.register(&NewUser { email: first.email, ..NewUser::default() }, None).await.unwrap_err();
    assert!(taken.is_conflict());
    // Once they are gone, the next run makes it right.
    sqlx::raw_sql(
        "DELETE FROM users WHERE id = 2; DELETE FROM accounts WHERE id = 2; DELETE FROM sessions WHERE id = 2",
    )
    .execute(&pool)
    .await
    .unwrap();
    let done = store.migrate().await.unwrap();
    assert_eq!((done.applied, done.warnings), (vec!["0003_indexes"], Vec::new()));
    assert_eq!(store.migrate().await.unwrap().to_string(), "nothing to do\n");
    let taken =
        store.register(&NewUser { email: Some("ada@example.com".to_owned()), ..NewUser::default() }, None).await;
    assert!(taken.unwrap_err().is_conflict());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_open_a_new_file_at_once() {
    let folder = Folder::new();
    let open = || tokio::spawn(SqliteStore::open(folder.file()));
    let opened: Vec<_> = (0..8).map(|_| open()).collect();
    for store in opened {
        store.await.unwrap().unwrap().find_user("1").await.unwrap();
    }
}

#[tokio::test]
async fn a_file_keeps_what_it_was_told() {
    let folder = Folder::new();
    let store = SqliteStore::open(format!("sqlite:{}", folder.file().display())).await.unwrap();
    let account = Account::new(AccountKind::Oidc, "acme", "1");
    let ada = store.register(&NewUser { id: "a".to_owned(), ..NewUser::default() }, Some(&account)).await.unwrap();
    store.pool().close().await;
    assert!(store.find_user("a").await.unwrap_err().is_unavailable());
    let store = SqliteStore::open(folder.file()).await.unwrap();
    assert_eq!(store.find_user_by_account("acme", "1").await.unwrap(), Some(ada));
}

#[tokio::test]
async fn writers_that_name_no_ids_get_some() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file()).await.unwrap();
    sqlx::raw_sql("INSERT INTO users (email) VALUES ('ada@example.com'), ('bob@example.com')")
        .execute(store.pool())
        .await
        .unwrap();
    let ids = store.list_users(None, 10).await.unwrap().into_iter().map(|user| user.id.len()).collect::<Vec<_>>();
    assert_eq!(ids, [32, 32]);
}

#[tokio::test]
async fn a_store_may_outlive_its_runtime_and_is_closed_with_its_pool() {
    let folder = Folder::new();
    let file = folder.file();
    // A thread, because a runtime cannot be dropped within another.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = runtime.block_on(async {
            let store = SqliteStore::open(file).await.unwrap();
            store.find_user("1").await.unwrap();
            store
        });
        drop(runtime);
        drop(store);
    })
    .join()
    .unwrap();
    let store = SqliteStore::open(folder.file()).await.unwrap();
    store.find_user("1").await.unwrap();
    let closing = tokio::time::timeout(std::time::Duration::from_secs(2), store.pool().close());
    closing.await.expect("connections that are kept do not hold the pool open");
    assert!(authstile::OneTime::consume(&store, "a", "b").await.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn what_can_be_forgotten_is_swept_now_and_then() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file()).await.unwrap();
    for second in 0..600 {
        let key = RevocationKey::new("seen", &[&second.to_string()]);
        let now = UnixTime::from_seconds(second);
        assert!(store.first_time(&key, now, now.plus_seconds(1)).await.unwrap());
    }
    let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM authstile_seen").fetch_one(store.pool()).await.unwrap();
    assert!(left < 100, "{left} are left");
}
