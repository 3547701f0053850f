//! `authstile serve`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use authstile_idp::{Client, Idp};
use authstile_testkit::Loopback;
use serde_json::{Value, json};

use crate::program::{SECRET, Server, browser, client, free_port, run};

const SCALEKIT: [(&str, &str); 3] = [
    ("AUTH_SCALEKIT_ID", "skc_1"),
    ("AUTH_SCALEKIT_SECRET", "test_1"),
    ("AUTH_SCALEKIT_ISSUER", "https://acme.scalekit.com"),
];

async fn get(address: &str) -> (u16, String) {
    let answer = client().get(address).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn get_json(address: &str) -> Value {
    let (status, body) = get(address).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

// Advisories: CVE-2026-34457, CVE-2022-24797.
#[tokio::test]
async fn the_engine_is_served_and_nothing_else() {
    let (mut server, origin) = Server::serve(&SCALEKIT);
    assert_eq!(get(&format!("{origin}/healthz")).await, (200, "ok".to_owned()));
    assert_eq!(get_json(&format!("{origin}/api/auth/session")).await, Value::Null);
    assert_eq!(get_json(&format!("{origin}/api/auth/csrf")).await["csrfToken"].as_str().unwrap().len(), 64);
    assert_eq!(
        get_json(&format!("{origin}/api/auth/providers")).await,
        json!({ "scalekit": {
            "id": "scalekit", "name": "Scalekit", "type": "oidc",
            "signinUrl": format!("{origin}/api/auth/signin/scalekit"),
            "callbackUrl": format!("{origin}/api/auth/callback/scalekit"),
        }})
    );
    for nowhere in ["/", "/api", "/api/authentic/session", "/healthz/", "/favicon.ico"] {
        let (status, body) = get(&format!("{origin}{nowhere}")).await;
        assert_eq!(status, 404, "{nowhere}");
        assert!(body.len() < 100, "{body}");
    }
    server.terminate();
    let ended = server.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.out.lines().count(), 1, "one line: {}", ended.out);
    let port = origin.rsplit_once(':').unwrap().1;
    assert!(ended.out.contains("providers: scalekit"), "{}", ended.out);
    assert!(ended.out.contains(&format!("http://localhost:{port}/api/auth/callback/scalekit")), "{}", ended.out);
    assert!(!ended.err.contains("WARN"), "{}", ended.err);
}

#[tokio::test]
async fn the_public_address_is_that_of_auth_url() {
    let (server, origin) =
        Server::serve(&[SCALEKIT[0], SCALEKIT[1], SCALEKIT[2], ("AUTH_URL", "https://app.example.com/auth")]);
    assert!(server.said.contains("https://app.example.com/auth/callback/scalekit"), "{}", server.said);
    let providers = get_json(&format!("{origin}/auth/providers")).await;
    assert_eq!(providers["scalekit"]["callbackUrl"], "https://app.example.com/auth/callback/scalekit");
    assert_eq!(get(&format!("{origin}/api/auth/providers")).await.0, 404);
}

/// An id that no card knows, a whole login, over real HTTP.
#[tokio::test]
async fn any_issuer_is_a_provider() {
    let mut loopback = Loopback::bind().await.unwrap();
    let (issuer, port) = (loopback.origin(), free_port());
    let origin = format!("http://localhost:{port}");
    let client_at = Client::new("app", "test_secret").redirect_uri(format!("{origin}/api/auth/callback/my-idp"));
    let idp = Idp::builder(&issuer).mode(authstile_idp::Mode::FullStack).client(client_at).build();
    idp.auto_sign_in(Some("ada@acme.example"));
    loopback.serve(move |request| std::future::ready(idp.handle(request)));
    let (server, _) = Server::serve(&[
        ("AUTH_MY_IDP_ID", "app"),
        ("AUTH_MY_IDP_SECRET", "test_secret"),
        ("AUTH_MY_IDP_ISSUER", &issuer),
        ("PORT", &port.to_string()),
    ]);
    assert!(server.said.contains("providers: my-idp"), "{}", server.said);

    let base = format!("{origin}/api/auth");
    let mut browser = browser(&client(), &[&origin, &issuer]);
    assert_eq!(browser.get(&format!("{base}/providers")).await.json()["my-idp"]["type"], "oidc");
    let away = browser.press_sign_in(&base, "my-idp", "/").await;
    let asked = browser.get(away.location().unwrap().as_str()).await;
    browser.get(asked.location().unwrap().as_str()).await;
    assert_eq!(browser.session(&base).await["user"]["email"], "ada@acme.example");
    browser.press_sign_out(&base).await;
    assert_eq!(browser.session(&base).await, Value::Null);
}

#[tokio::test]
async fn without_a_provider_it_serves_and_warns() {
    let (mut server, origin) = Server::serve(&[("AUTH_GITHUB_SECRET", "s")]);
    assert_eq!(get_json(&format!("{origin}/api/auth/providers")).await, json!({}));
    server.terminate();
    let ended = server.end();
    assert!(ended.err.contains("set AUTH_SCALEKIT_ID"), "{}", ended.err);
    assert!(ended.err.contains("AUTH_GITHUB_SECRET is set, but AUTH_GITHUB_ID is not"), "{}", ended.err);
}

#[test]
fn mistakes_are_named_and_mended() {
    let with_secret =
        |more: &[(&'static str, &'static str)]| [&[("AUTH_SECRET", SECRET), ("PORT", "0")], more].concat();
    for (environment, mended_by) in [
        (vec![], "AUTH_SECRET=…    (the output of `authstile secret`)"),
        (vec![("AUTH_SECRET", "secret")], "AUTH_SECRET has only 6 bytes"),
        (vec![("AUTH_SECRET", SECRET), ("AUTH_SECRET_1", "changeme-changeme-changeme-changeme")], "AUTH_SECRET_1=…"),
        (with_secret(&[("AUTH_OKTA_ID", "1"), ("AUTH_OKTA_SECRET", "s")]), "AUTH_OKTA_ISSUER=https://"),
        (with_secret(&[("AUTH_GITHUB_ID", "1")]), "AUTH_GITHUB_SECRET=…"),
        (with_secret(&SCALEKIT[..2]), "AUTH_SCALEKIT_ISSUER=https://"),
        (with_secret(&[("PORT", "http")]), "PORT=3000"),
        (with_secret(&[("HOST", "no.such.host.invalid")]), "no.such.host.invalid"),
        (with_secret(&[("AUTH_URL", "app.example.com")]), "https://app.example.com"),
        (with_secret(&[("AUTH_TRUST_HOST", "perhaps")]), "must be true or false"),
        (with_secret(&[("RUST_LOG", "authstile=loud")]), "RUST_LOG=warn,authstile=info"),
    ] {
        let ended = run(&["serve"], &environment, "");
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{environment:?}: {ended:?}");
        assert!(ended.err.contains(mended_by), "{mended_by:?} is not in {}", ended.err);
        assert!(!ended.err.contains(SECRET), "{}", ended.err);
    }
}

#[tokio::test]
async fn requests_that_are_too_large_are_refused() {
    let (_server, origin) = Server::serve(&[]);
    let post = client().post(format!("{origin}/api/auth/signin/x"));
    let form = post.header("content-type", "application/x-www-form-urlencoded");
    for size in [64 * 1024 + 1, 1024 * 1024] {
        let large = form.try_clone().unwrap().body("x".repeat(size)).send().await.unwrap();
        assert_eq!(large.status(), 413, "{size}");
    }
    let fits = form.body("x".repeat(64 * 1024)).send().await.unwrap();
    assert_ne!(fits.status(), 413);
    let head = client().get(format!("{origin}/healthz")).header("cookie", "x".repeat(100_000));
    assert_eq!(head.send().await.unwrap().status(), 431);
}

#[test]
fn a_request_in_flight_is_finished_before_the_end() {
    let (mut server, origin) = Server::serve(&[]);
    let address = origin.strip_prefix("http://").unwrap();
    let mut idle = TcpStream::connect(address).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(idle.read(&mut [0; 1024]).unwrap() > 0);
    // The server need not even have noticed this one.
    let mut busy = TcpStream::connect(address).unwrap();
    busy.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let head = "POST /api/auth/signout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nx";
    busy.write_all(head.as_bytes()).unwrap();
    server.terminate();
    assert_eq!(idle.read(&mut [0; 1024]).unwrap(), 0, "an idle connection ends at once");
    let stopped = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(stopped.elapsed() < Duration::from_secs(5), "it still accepts connections");
    }
    busy.write_all(b"y").unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 "), "{answer:?}");
    assert_eq!(server.end().code, Some(0));
}

/// Whether this process may open as many files; the server inherits it.
fn may_open(files: u64) -> bool {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    line.split_whitespace().nth(3).and_then(|soft| soft.parse::<u64>().ok()).is_some_and(|soft| soft >= files)
}

#[test]
fn a_server_without_a_place_says_so_and_is_not_dead() {
    if !may_open(2500) {
        eprintln!("skipped: `ulimit -n` is less than 2500");
        return;
    }
    let (_server, origin) = Server::serve(&[]);
    let address = origin.strip_prefix("http://").unwrap();
    let get = |path: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    assert!(get("/api/auth/csrf").starts_with("HTTP/1.1 200"));
    // Each takes a place until the server is tired of waiting for its body.
    let head = b"POST /api/auth/signout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nx";
    let slow: Vec<TcpStream> = (0..1024)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(head).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    let refused = loop {
        let answer = get("/api/auth/csrf");
        if answer.starts_with("HTTP/1.1 503") || begun.elapsed() > Duration::from_secs(8) {
            break answer;
        }
    };
    assert!(
        refused.starts_with("HTTP/1.1 503") && refused.to_ascii_lowercase().contains("retry-after: 1"),
        "{refused}"
    );
    assert!(get("/healthz").starts_with("HTTP/1.1 200"));
    drop(slow);
    while !get("/api/auth/csrf").starts_with("HTTP/1.1 200") {
        assert!(begun.elapsed() < Duration::from_secs(30), "whoever leaves makes room");
    }
}
