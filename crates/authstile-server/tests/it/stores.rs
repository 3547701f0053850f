//! `serve` with a database, and the commands that look into it.

use std::time::{Duration, Instant};

use crate::program::{SECRET, Server, browser, client, run};
use crate::sink::{MailSink, RedisPretender};
use crate::site::{ADA, Folder, Site};

async fn status(address: &str) -> u16 {
    client().get(address).send().await.unwrap().status().as_u16()
}

async fn count(folder: &Folder, table: &str) -> i64 {
    let pool = sqlx::SqlitePool::connect(&folder.database()).await.unwrap();
    let count = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")));
    let count = count.fetch_one(&pool).await.unwrap();
    pool.close().await;
    count
}

#[tokio::test]
async fn sqlite_from_the_first_sign_in_to_the_last_person() {
    let folder = Folder::new("walk");
    let database = folder.database();
    let mut site = Site::open(&[("DATABASE_URL", &database)]).await;
    assert_eq!(status(&format!("{}/readyz", site.origin)).await, 200);
    site.walk().await;
    site.server.terminate();
    let ended = site.server.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.err.contains("WARN") && !ended.err.contains("ERROR"), "{}", ended.err);
}

#[tokio::test]
async fn sessions_outlive_the_server_and_their_keys_are_hashed() {
    let folder = Folder::new("outlive");
    let database = folder.database();
    for (tokens, is_shared) in [("hashed", false), ("shared-with-authjs", true)] {
        let stores = [("DATABASE_URL", database.as_str()), ("AUTHSTILE_SESSION_TOKENS", tokens)];
        let mut site = Site::open(&stores).await;
        let browser = site.sign_in().await;
        let (_, token) = browser.cookies("localhost").iter().find(|(name, _)| name.ends_with("session-token")).unwrap();
        let pool = sqlx::SqlitePool::connect(&database).await.unwrap();
        let known: Option<String> = sqlx::query_scalar("SELECT expires FROM sessions WHERE \"sessionToken\" = ?")
            .bind(token)
            .fetch_optional(&pool)
            .await
            .unwrap();
        assert_eq!(known.is_some(), is_shared, "{tokens}");
        pool.close().await;
        site.server.terminate();
        site.server.end();
        // Another one, which knows her by the same cookie.
        let (_again, origin) = Server::serve(&stores);
        let cookie = format!("authjs.session-token={token}");
        let session = client().get(format!("{origin}/api/auth/session")).header("cookie", cookie).send().await.unwrap();
        assert!(session.text().await.unwrap().contains(ADA), "{tokens}");
    }
}

#[tokio::test]
async fn sessions_in_cookies_are_ended_through_the_database() {
    let folder = Folder::new("cookies");
    let site = Site::open(&[("DATABASE_URL", &folder.database()), ("AUTHSTILE_SESSIONS", "cookie")]).await;
    let mut browser = site.sign_in().await;
    assert_eq!(count(&folder, "sessions").await, 0);
    let refused = site.run(&["sessions", "list", "--user", ADA]);
    assert!(refused.code == Some(2) && refused.err.contains("live in cookies"), "{refused:?}");
    assert!(site.is_signed_in(&mut browser).await);
    site.done(&["sessions", "revoke", "--user", ADA]);
    assert!(!site.is_signed_in(&mut browser).await);
    let mut browser = site.sign_in().await;
    site.done(&["sessions", "revoke", "--key", "organization=org_acme"]);
    assert!(!site.is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_session_lasts_as_long_as_one_says_and_what_has_expired_is_taken_away() {
    let folder = Folder::new("sweep");
    let seconds = [("AUTHSTILE_SESSION_MAX_AGE", "2"), ("AUTHSTILE_SWEEP_SECONDS", "1")];
    let site = Site::open(&[("DATABASE_URL", &folder.database()), seconds[0], seconds[1]]).await;
    drop(site.sign_in().await);
    assert_eq!(count(&folder, "sessions").await, 1);
    let deadline = Instant::now() + Duration::from_secs(20);
    // Nobody asks for it any more, so that only the sweeper can have been there.
    while count(&folder, "sessions").await > 0 {
        assert!(Instant::now() < deadline, "nobody sweeps");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(count(&folder, "users").await, 1);
}

#[tokio::test]
async fn a_code_by_mail_signs_in() {
    let (folder, sink) = (Folder::new("mail"), MailSink::open());
    let server = sink.url();
    let (_server, origin) = Server::serve(&[
        ("DATABASE_URL", &folder.database()),
        ("EMAIL_SERVER", &server),
        ("EMAIL_FROM", "Acme <no-reply@acme.example>"),
        ("AUTHSTILE_EMAIL_PROOF", "code"),
        // A service's template, which is no client id.
        ("AUTH_LOOPS_TRANSACTIONAL_ID", "cl1"),
    ]);
    let base = format!("{origin}/api/auth");
    let mut browser = browser(&client(), &[&origin]);
    assert_eq!(browser.get(&format!("{base}/providers")).await.json()["nodemailer"]["type"], "email");
    let token = browser.csrf_token(&base).await;
    let asked = [("csrfToken", token.as_str()), ("callbackUrl", "/"), ("email", "grace@acme.example")];
    let sent = browser.post(&format!("{base}/signin/nodemailer"), &asked).await;
    assert_eq!(sent.location().unwrap().path(), "/api/auth/verify-request", "{sent:?}");
    let mail = sink.mail();
    assert!(mail.contains("<grace@acme.example>") && mail.contains("no-reply@acme.example"), "{mail}");
    let code = mail.lines().map(str::trim).find(|line| line.len() == 8 && line.bytes().all(|b| b.is_ascii_digit()));
    let entered = [("csrfToken", token.as_str()), ("code", code.unwrap())];
    browser.post(&format!("{base}/callback/nodemailer"), &entered).await;
    assert_eq!(browser.session(&base).await["user"]["email"], "grace@acme.example");
}

/// Only what talks to the server is pretended: it answers, it is gone, it answers again.
#[tokio::test]
async fn readiness_follows_the_store_and_health_does_not() {
    let mut redis = RedisPretender::open();
    let url = redis.url();
    let (_server, origin) = Server::serve(&[("REDIS_URL", &url)]);
    let (ready, healthy) = (format!("{origin}/readyz"), format!("{origin}/healthz"));
    assert_eq!(status(&ready).await, 200);
    let wait_for = async |expected: u16| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while status(&ready).await != expected {
            assert!(Instant::now() < deadline, "it never answers {expected}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(status(&healthy).await, 200);
    };
    redis.close();
    wait_for(503).await;
    redis.open_again();
    wait_for(200).await;
}

#[test]
fn migrating_says_what_it_does_and_twice_is_once() {
    let folder = Folder::new("migrate");
    let environment = [("DATABASE_URL", folder.database())];
    let environment = environment.each_ref().map(|(name, url)| (*name, url.as_str()));
    let migrate = |arguments: &[&str]| {
        let ended = run(&[&["migrate"], arguments].concat(), &environment, "");
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
        ended.out
    };
    let foretold = migrate(&["--dry-run"]);
    assert!(!std::path::Path::new(&folder.path("authstile.db")).exists(), "only said");
    assert!(foretold.lines().count() >= 4 && foretold.starts_with("would apply 0001_auth_js_tables\n"), "{foretold}");
    assert_eq!(migrate(&[]), foretold.replace("would apply", "applied"));
    assert_eq!(migrate(&["--dry-run"]), "nothing to do\n");
    assert_eq!(migrate(&[]), "nothing to do\n");
    let without = run(&["migrate"], &[], "");
    assert!(without.code == Some(2) && without.err.contains("\n    DATABASE_URL=postgres://"), "{without:?}");
}

/// What every wrong address has in common; none of them is told with its password.
#[test]
fn wrong_addresses_are_named_and_mended() {
    let folder = Folder::new("wrong");
    let missing = format!("sqlite:{}", folder.path("not/there.db"));
    let directory = format!("sqlite:{}", folder.path(""));
    std::fs::write(folder.path("letter.db"), "This is a letter and no database at all.\n".repeat(100)).unwrap();
    let letter = format!("sqlite:{}", folder.path("letter.db"));
    for (name, url, mended_by) in [
        ("DATABASE_URL", missing.as_str(), "\n    mkdir -p "),
        ("DATABASE_URL", &directory, "is a folder and not a file"),
        ("DATABASE_URL", &letter, "cannot be opened or written"),
        ("DATABASE_URL", "sqlite:", "DATABASE_URL=sqlite:authstile.db"),
        ("DATABASE_URL", "mongodb://app:s3cret@db/app", "DATABASE_URL=sqlite:authstile.db"),
        ("DATABASE_URL", "s3cret", "DATABASE_URL=sqlite:authstile.db"),
        ("DATABASE_URL", "postgres://app:s3cret@127.0.0.1:1/app", "127.0.0.1:1/app) cannot be reached"),
        ("DATABASE_URL", "mysql://app:s3cret@127.0.0.1:1/app", "DATABASE_URL=mysql://user:password@"),
        (
            "DATABASE_URL",
            "mariadb://app:s3cret@no.such.host.invalid/app",
            "no.such.host.invalid/app) cannot be reached",
        ),
        ("DATABASE_URL", "postgresql://app:s3/cret@db/app", "%2F for /"),
        ("DATABASE_URL", "postgres://app:s3cret@db/app?sslmode=perhaps", "cannot be understood"),
        ("REDIS_URL", "redis://:s3cret@127.0.0.1:1", "127.0.0.1:1) cannot be reached"),
        ("REDIS_URL", "redis://:s3cret@127.0.0.1:1,redis://:s3cret@127.0.0.1:2", "127.0.0.1:2) cannot be reached"),
        ("REDIS_URL", "127.0.0.1:6379", "REDIS_URL=redis://"),
        ("AUTHSTILE_SESSIONS", "store", "DATABASE_URL=sqlite:authstile.db"),
        ("AUTHSTILE_SWEEP_SECONDS", "often", "AUTHSTILE_SWEEP_SECONDS=300"),
        ("AUTH_RESEND_KEY", "s3cret", "DATABASE_URL=sqlite:authstile.db"),
    ] {
        let environment = [("AUTH_SECRET", SECRET), ("PORT", "0"), ("RUST_LOG", "trace"), (name, url)];
        let ended = run(&["serve"], &environment, "");
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{url}: {ended:?}");
        assert!(ended.err.contains(mended_by), "{mended_by:?} is not in {}", ended.err);
        assert!(!ended.err.contains("s3cret") && !ended.err.contains(SECRET), "{}", ended.err);
        if name.ends_with("_URL") {
            let asked = run(&["sessions", "revoke", "--user", "1"], &environment, "");
            assert!(asked.code == Some(2) && !asked.err.contains("s3cret"), "{asked:?}");
        }
    }
}

#[test]
fn commands_make_no_database_and_say_what_they_need() {
    let folder = Folder::new("ask");
    let database = folder.database();
    let environment = [("DATABASE_URL", database.as_str())];
    let asked = run(&["users", "list"], &environment, "");
    assert!(asked.code == Some(2) && asked.err.contains("is not there"), "{asked:?}");
    assert!(!std::path::Path::new(&folder.path("authstile.db")).exists());
    for (arguments, says) in [
        (&["users", "list"][..], "\n    DATABASE_URL=sqlite:"),
        (&["sessions", "list", "--user", "1"], "\n    DATABASE_URL=sqlite:"),
        (&["sessions", "revoke", "--key", "organization=org_1"], "AUTH_SCALEKIT_ID"),
        (&["sessions", "revoke", "--key", "subject=1"], "AUTH_<ID>_ID"),
        (&["sessions", "revoke", "--key", "connection=conn_1"], "connection=org_123/conn_456"),
        (&["sessions", "revoke"], "--user"),
        (&["sessions", "revoke", "--user", "1", "--key", "subject=1"], "cannot be used with"),
        (&["sessions", "revoke", "--session", "1"], "--user"),
        (&["users", "list", "--limit", "0"], "--limit"),
    ] {
        let ended = run(arguments, &[], "");
        assert!(ended.code == Some(2) && ended.err.contains(says), "{arguments:?}: {ended:?}");
    }
}
