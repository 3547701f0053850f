//! `authstile demo`.

use std::net::TcpListener;
use std::time::Instant;

use authstile_testkit::Browser;
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
    browser.press_sign_out(&base).await;
    assert_eq!(browser.session(&base).await, Value::Null);

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
