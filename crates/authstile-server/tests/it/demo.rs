//! `authstile demo`.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use authstile_testkit::{Browser, Page};
use serde_json::Value;

use crate::program::{Server, browser, client, sign_in};

/// A demo on free ports: the application's origin, and the issuer.
fn demo() -> (Server, String, String) {
    let server = Server::start(&["demo", "--port", "0", "--idp-port", "0"], &[("RUST_LOG", "warn")], "Stop");
    let (application, issuer) = (server.address_after("Open"), server.address_after("The identity provider is"));
    (server, application, issuer)
}

#[tokio::test]
async fn a_person_clicks_through() {
    let (mut server, application, issuer) = demo();
    assert!(application.starts_with("http://localhost:") && issuer.starts_with("http://127.0.0.1:"));
    let base = format!("{application}/api/auth");
    let mut browser = browser(&client(), &[&application, &issuer]);

    let home = browser.get(&format!("{application}/")).await;
    assert!(home.body.contains("id=\"sign-in\"") && !home.body.contains("session-email"), "{}", home.body);
    let policy = home.headers["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let challenge = browser.get(&format!("{application}/private")).await;
    assert_eq!(challenge.location().unwrap().path(), "/api/auth/signin");

    let private = format!("{application}/private");
    let back = sign_in(&mut browser, &base, &issuer, "ada@acme.example", &private).await;
    assert_eq!(back.location().unwrap().as_str(), private);
    assert!(browser.get(&private).await.body.contains("ada@acme.example"));
    let home = browser.get(&format!("{application}/")).await.body;
    for shown in ["Ada Lovelace", "ada@acme.example", "org_acme", "conn_acme_okta", "src=\"data:image/svg+xml"] {
        assert!(home.contains(shown), "{shown} is not in {home}");
    }
    assert_eq!(browser.session(&base).await["scalekit"]["organization"], "org_acme");

    // Signing out ends the identity provider's session too, and comes back.
    let token = browser.csrf_token(&base).await;
    let away = browser.post(&format!("{base}/signout"), &[("csrfToken", &token), ("callbackUrl", "/")]).await;
    let left = away.location().unwrap();
    assert!(left.as_str().starts_with(&issuer) && left.query().unwrap().contains("id_token_hint="), "{left}");
    let home = browser.follow(away).await;
    assert_eq!((home.url.as_str(), home.status.as_u16()), (&*format!("{application}/"), 200));
    assert!(home.body.contains("id=\"sign-in\""), "{}", home.body);
    assert_eq!(browser.session(&base).await, Value::Null);
    assert!(browser.cookies("127.0.0.1").is_empty(), "{:?}", browser.cookies("127.0.0.1"));

    // Somebody of another organization, without a name.
    sign_in(&mut browser, &base, &issuer, "radia@globex.example", "/").await;
    let home = browser.get(&format!("{application}/")).await.body;
    for shown in ["radia@globex.example", "org_globex", "conn_globex_entra", "without a name"] {
        assert!(home.contains(shown), "{shown} is not in {home}");
    }
    server.terminate();
    assert_eq!(server.end().code, Some(0));
}

#[tokio::test]
async fn whoever_is_deactivated_is_signed_out_and_kept_out() {
    let (_server, application, issuer) = demo();
    let (base, home) = (format!("{application}/api/auth"), format!("{application}/"));
    let client = client();
    let mut ada = browser(&client, &[&application, &issuer]);
    let mut grace = browser(&client, &[&application, &issuer]);
    sign_in(&mut ada, &base, &issuer, "ada@acme.example", "/").await;
    sign_in(&mut grace, &base, &issuer, "grace@acme.example", "/").await;

    // Another site's form changes nothing.
    let foreign = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    let refused =
        ada.send(http::Method::POST, &format!("{application}/deactivate"), &foreign, bytes::Bytes::new()).await;
    assert_eq!(refused.status, 403);
    assert_eq!(ada.session(&base).await["user"]["email"], "ada@acme.example");

    assert!(ada.get(&home).await.body.contains("id=\"deactivate\""));
    let answer = ada.post(&format!("{application}/deactivate"), &[]).await;
    assert_eq!((answer.status.as_u16(), answer.location().unwrap().as_str()), (303, &*home));
    eventually(async || ada.session(&base).await == Value::Null, "the webhook ends the session").await;
    assert_eq!(grace.session(&base).await["user"]["email"], "grace@acme.example");

    let back = sign_in(&mut ada, &base, &issuer, "ada@acme.example", "/").await;
    let page = ada.follow(back).await;
    assert!(page.url.as_str().starts_with(&base) && page.body.contains("role=\"alert\""), "{page:?}");
    assert_eq!(ada.session(&base).await, Value::Null);

    let start = ada.get(&home).await;
    assert!(start.body.contains("id=\"reactivate\""), "{}", start.body);
    let user = start.field("user").unwrap();
    assert_eq!(user, "ada@acme.example");
    ada.post(&format!("{application}/reactivate"), &[("user", &user)]).await;
    assert!(!ada.get(&home).await.body.contains("id=\"reactivate\""));
    // A session that begins in the second in which the last one was ended, ends with it.
    let lets_in = async || {
        sign_in(&mut ada, &base, &issuer, "ada@acme.example", "/").await;
        ada.session(&base).await["user"]["email"] == "ada@acme.example"
    };
    eventually(lets_in, "the directory lets her in again").await;

    // The sign-in page invents people, directories do not.
    sign_in(&mut grace, &base, &issuer, "nobody@acme.example", "/").await;
    let unknown = grace.post(&format!("{application}/deactivate"), &[]).await;
    assert!(unknown.status == 404 && unknown.body.contains("nobody@acme.example is in no directory"), "{unknown:?}");
}

#[tokio::test]
async fn a_page_that_wants_a_fresh_sign_in_gets_one() {
    let (_server, application, issuer) = demo();
    let base = format!("{application}/api/auth");
    let mut browser = browser(&client(), &[&application, &issuer]);
    sign_in(&mut browser, &base, &issuer, "ada@acme.example", "/").await;
    let recent = format!("{application}/recent");
    // Nobody said when she signed in.
    let away = browser.get(&recent).await;
    assert!(away.location().unwrap().query().unwrap().contains("max_age=60"), "{away:?}");
    let page = browser.follow(away).await;
    assert!(page.url.as_str().starts_with(&issuer), "{page:?}");
    finish(&mut browser, &issuer, &page, "ada@acme.example").await;
    let page = browser.get(&recent).await;
    assert!(page.status == 200 && page.body.contains("You signed in just now"), "{page:?}");
    let home = browser.get(&format!("{application}/")).await;
    assert!(home.body.contains("href=\"/api/auth/sessions?callbackUrl=/\""), "{}", home.body);
    let sessions = browser.get(&format!("{base}/sessions?callbackUrl=/")).await;
    assert!(sessions.body.contains("Where you are signed in") && sessions.body.contains("ada@acme.example"));
}

#[tokio::test]
async fn a_tile_asks_before_accounts_are_switched() {
    let (_server, application, issuer) = demo();
    let base = format!("{application}/api/auth");
    let mut browser = browser(&client(), &[&application, &issuer]);
    sign_in(&mut browser, &base, &issuer, "ada@acme.example", "/").await;
    assert!(browser.get(&format!("{application}/")).await.body.contains("id=\"tile\""));
    let tile = browser.get(&format!("{application}/tile")).await;
    let initiate = tile.location().unwrap();
    assert_eq!(initiate.path(), "/api/auth/initiate/scalekit");
    let page = browser.follow(tile).await;
    assert!(page.body.contains("Switch account?") && page.body.contains("ada@acme.example"), "{page:?}");

    let (token, return_to) = (page.field("csrfToken").unwrap(), page.field("callbackUrl").unwrap());
    let action = page.body.split_once("<form action=\"").unwrap().1.split_once('"').unwrap().0.replace("&#38;", "&");
    let action = page.url.join(&action).unwrap();
    let away = browser.post(action.as_str(), &[("csrfToken", &token), ("callbackUrl", &return_to)]).await;
    let page = browser.follow(away).await;
    assert!(page.url.as_str().starts_with(&issuer), "{page:?}");
    finish(&mut browser, &issuer, &page, "linus@globex.example").await;
    assert_eq!(browser.session(&base).await["user"]["email"], "linus@globex.example");
}

/// Chooses a person on the identity provider's page, and comes back.
async fn finish(browser: &mut Browser, issuer: &str, page: &Page, email: &str) {
    let request = page.field("request").unwrap();
    let submit = format!("{issuer}/oauth/authorize/submit");
    let back = browser.post(&submit, &[("request", &request), ("user", email)]).await;
    browser.follow(back).await;
}

#[tokio::test]
async fn only_administrators_get_into_the_admin_portal() {
    let (_server, application, issuer) = demo();
    let (base, portal) = (format!("{application}/api/auth"), format!("{application}/admin-portal"));
    let mut browser = browser(&client(), &[&application, &issuer]);
    let stranger = browser.get(&portal).await;
    assert_eq!(stranger.location().unwrap().path(), "/api/auth/signin");

    sign_in(&mut browser, &base, &issuer, "grace@acme.example", "/").await;
    assert!(!browser.get(&format!("{application}/")).await.body.contains("id=\"admin-portal\""));
    let refused = browser.get(&portal).await;
    assert!(refused.status == 403 && refused.location().is_none(), "{refused:?}");

    sign_in(&mut browser, &base, &issuer, "linus@globex.example", "/").await;
    let home = browser.get(&format!("{application}/")).await.body;
    assert!(home.contains("id=\"admin-portal\"") && home.contains("id=\"session-roles\""), "{home}");
    let answer = browser.get(&portal).await;
    assert_eq!((answer.status.as_u16(), &answer.headers["referrer-policy"]), (302, &"no-referrer".parse().unwrap()));
    assert!(answer.headers["cache-control"].to_str().unwrap().contains("no-store"), "{answer:?}");
    assert!(answer.location().unwrap().as_str().starts_with(&format!("{issuer}/magicLink/")), "{answer:?}");
    assert!(browser.follow(answer).await.body.contains("Globex"));

    let foreign = browser.send(http::Method::GET, &portal, &[("sec-fetch-site", "cross-site")], bytes::Bytes::new());
    assert_eq!(foreign.await.location().unwrap().as_str(), format!("{application}/"));
}

/// Waits at most three seconds for something that comes by itself.
async fn eventually(mut holds: impl AsyncFnMut() -> bool, what: &str) {
    let deadline = Instant::now() + Duration::from_secs(3);
    while !holds().await {
        assert!(Instant::now() < deadline, "not so after three seconds: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn other_addresses_lead_to_the_one_that_works() {
    let (_server, application, _) = demo();
    let port = application.rsplit_once(':').unwrap().1;
    let other = client().get(format!("http://127.0.0.1:{port}/private?x=1")).send().await.unwrap();
    assert_eq!(other.headers()["location"], format!("{application}/private?x=1"));
    assert_eq!(client().get(format!("{application}/nowhere")).send().await.unwrap().status(), 404);
}

#[test]
fn a_taken_port_is_said_and_the_next_one_used() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let server = Server::start(&["--port", &port, "--idp-port", "0"], &[], "Stop");
    assert!(server.said.contains(&format!("Port {port} is taken")), "{}", server.said);
    assert!(!server.said.contains(&format!("http://localhost:{port}\n")), "{}", server.said);
}

/// Every one of 200 logins at once succeeds, and the second 200 need no more memory than the first.
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_logins_at_once() {
    let (server, application, issuer) = demo();
    let client = client();
    let crowd = async || {
        let began = Instant::now();
        let logins: Vec<_> = (0..200)
            .map(|n| {
                let (application, issuer) = (application.clone(), issuer.clone());
                let browser = browser(&client, &[&application, &issuer]);
                tokio::spawn(login(browser, application, issuer, format!("person{n}@acme.example")))
            })
            .collect();
        for login in logins {
            login.await.unwrap();
        }
        println!("200 logins in {:?}, {:?} KiB", began.elapsed(), resident(server.id()));
    };
    crowd().await;
    let before = resident(server.id());
    crowd().await;
    if let (Some(before), Some(after)) = (before, resident(server.id())) {
        assert!(after < before + 16 * 1024, "{before} KiB have become {after} KiB");
    }
}

async fn login(mut browser: Browser, application: String, issuer: String, email: String) {
    let base = format!("{application}/api/auth");
    let back = sign_in(&mut browser, &base, &issuer, &email, "/").await;
    assert_eq!(back.location().unwrap().as_str(), format!("{application}/"), "{back:?}");
    assert_eq!(browser.session(&base).await["user"]["email"], *email);
}

/// Resident memory of a process in KiB, where the system tells.
fn resident(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().trim_end_matches(" kB").parse().ok()
}
