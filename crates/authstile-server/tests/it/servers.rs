//! `serve` on PostgreSQL, MySQL and Redis.

use std::sync::atomic::{AtomicU32, Ordering};

use authstile::env::Environment;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::program::{SECRET, Server, run};
use crate::site::{ADA, Folder, Site};

fn server(variable: &str) -> String {
    match Environment::of_process().get(variable) {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => panic!("{variable} is not set: run this test with `cargo xtask test`"),
    }
}

/// The name of a schema or database that no other test has.
fn name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("authstile_serve_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// What stands between the user and the host of a URL.
fn password(url: &str) -> String {
    let (before, _) = url.split_once('@').unwrap();
    before.rsplit_once(':').unwrap().1.to_owned()
}

/// A database that nobody has migrated: that is said, and the way out; then everything works.
async fn migrate_and_walk(url: &str) {
    let environment = [("DATABASE_URL", url)];
    let secret = password(url);
    let (mut unmigrated, _) = Server::serve(&environment);
    unmigrated.terminate();
    let ended = unmigrated.end();
    assert!(ended.code == Some(0) && ended.err.contains("authstile migrate"), "{ended:?}");
    assert!(!ended.err.contains(&secret) && !ended.out.contains(&secret));

    let migrate = |arguments: &[&str]| {
        let ended = run(arguments, &environment, "");
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
        ended.out
    };
    let foretold = migrate(&["migrate", "--dry-run"]);
    assert!(foretold.lines().count() >= 4, "{foretold}");
    assert_eq!(migrate(&["migrate"]), foretold.replace("would apply", "applied"));
    assert_eq!(migrate(&["migrate", "--dry-run"]), "nothing to do\n");
    assert_eq!(migrate(&["migrate"]), "nothing to do\n");

    let mut site = Site::open(&environment).await;
    site.walk().await;
    site.server.terminate();
    let ended = site.server.end();
    assert!(!ended.err.contains("WARN") && !ended.err.contains("ERROR"), "{}", ended.err);

    // Whatever is logged, and whatever goes wrong: never the password.
    let talkative = [("DATABASE_URL", url), ("RUST_LOG", "trace")];
    let listed = run(&["users", "list"], &talkative, "");
    assert!(listed.code == Some(0) && !listed.err.contains(&secret), "{}", listed.err);
    let wrong = url.replace(&format!(":{secret}@"), ":s3cret@");
    let environment = [("DATABASE_URL", wrong.as_str()), ("AUTH_SECRET", SECRET), ("RUST_LOG", "trace")];
    let refused = run(&["serve"], &environment, "");
    assert!(refused.code == Some(1) && refused.err.contains("does not let us in"), "{}", refused.err);
    assert!(!refused.err.contains("s3cret"), "{}", refused.err);
}

#[tokio::test]
async fn postgres_from_an_empty_schema_on() {
    let (server, name) = (server("AUTHSTILE_TEST_POSTGRES"), name());
    let mut connection = sqlx::PgConnection::connect(&server).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {name}"))).execute(&mut connection).await.unwrap();
    let separator = if server.contains('?') { '&' } else { '?' };
    migrate_and_walk(&format!("{server}{separator}options[search_path]={name}")).await;

    let (before, _) = server.rsplit_once('/').unwrap();
    let environment = [("AUTH_SECRET", SECRET), ("DATABASE_URL", &format!("{before}/no_such_database"))];
    let refused = run(&["serve"], &environment, "");
    assert!(refused.err.contains("has no such database"), "{}", refused.err);
    let drop = format!("SET client_min_messages = warning; DROP SCHEMA {name} CASCADE");
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
}

/// Auth.js's tables as they are: people sign in, everything that can be ended is, and what has no place says so.
#[tokio::test]
async fn postgres_of_auth_js_as_it_is() {
    let (server, name) = (server("AUTHSTILE_TEST_POSTGRES"), name());
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options[search_path]={name}");
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let tables = include_str!("../../../../tests/compat/authjs-schema.sql");
    let create = format!("CREATE SCHEMA {name}; {tables}");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
    let mut site = Site::open(&[("DATABASE_URL", &url)]).await;
    let (mut laptop, mut phone) = (site.sign_in().await, site.sign_in().await);
    let refused = site.run(&["sessions", "revoke", "--key", "organization=org_acme"]);
    assert!(refused.code != Some(0) && refused.err.contains("authstile migrate"), "{refused:?}");
    assert!(site.is_signed_in(&mut laptop).await && site.is_signed_in(&mut phone).await, "it did not seem to work");
    let said = site.done(&["sessions", "revoke", "--user", ADA]);
    assert!(said.contains("the 2 sessions"), "{said}");
    assert!(!site.is_signed_in(&mut laptop).await && !site.is_signed_in(&mut phone).await);
    site.server.terminate();
    let log = site.server.end().err;
    assert!(log.contains("attempts are counted in memory") && !log.contains("ERROR"), "{log}");
    let drop = format!("SET client_min_messages = warning; DROP SCHEMA {name} CASCADE");
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn mysql_from_an_empty_database_on() {
    let (server, name) = (server("AUTHSTILE_TEST_MYSQL"), name());
    let (scheme, rest) = server.split_once("://").unwrap();
    let url = format!("{scheme}://{}/{name}", rest.split('/').next().unwrap());
    let mut connection = sqlx::MySqlConnection::connect(&server).await.unwrap();
    let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
    migrate_and_walk(&url.replacen("mysql:", "mariadb:", 1)).await;
    sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {name}"))).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn redis_beside_a_database_has_the_sessions() {
    let (folder, redis) = (Folder::new("beside"), server("AUTHSTILE_TEST_REDIS"));
    let database = folder.database();
    let site = Site::open(&[("DATABASE_URL", &database), ("REDIS_URL", &redis)]).await;
    let browser = site.sign_in().await;
    let pool = sqlx::SqlitePool::connect(&database).await.unwrap();
    for (table, expected) in [("users", 1_i64), ("accounts", 1), ("sessions", 0)] {
        let count = sqlx::query_scalar(AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")));
        assert_eq!(count.fetch_one(&pool).await.unwrap_or(-1), expected, "{table}");
    }
    pool.close().await;
    drop(browser);
    let id = site.objects(&["users", "list", "--json"])[0]["id"].as_str().unwrap().to_owned();
    site.done(&["users", "delete", &id, "--yes"]);
    site.walk().await;
}

#[tokio::test]
async fn redis_alone_knows_sessions_and_nobody() {
    for (variable, end) in [("AUTHSTILE_TEST_REDIS", ""), ("AUTHSTILE_TEST_REDIS_CLUSTER", ",")] {
        let url = format!("{}{end}", server(variable));
        let mut site = Site::open(&[("REDIS_URL", &url)]).await;
        drop(site.sign_in().await);
        let log = site.restart();
        // Nobody is stored, and the session shows no id: it is in the log.
        let (_, id) = log.split_once("user=").unwrap();
        let id = id.split_whitespace().next().unwrap().to_owned();
        assert_eq!(site.session_ids(&id).len(), 1, "it outlives the server");
        site.done(&["sessions", "revoke", "--user", &id]);
        site.end_sessions(&id).await;
        let nobody = site.run(&["users", "list"]);
        assert!(nobody.code == Some(2) && nobody.err.contains("only with DATABASE_URL"), "{nobody:?}");
        let by_address = site.run(&["sessions", "list", "--user", ADA]);
        assert!(by_address.code == Some(2) && by_address.err.contains("by their id"), "{by_address:?}");
    }
}
