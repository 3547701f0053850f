//! The example signs somebody in, and is as short as it says.

use std::net::TcpListener;
use std::process::{Child, Command};
use std::time::Duration;

use authstile_idp::{Client, Idp, Mode};
use authstile_testkit::{Browser, Loopback, TEST_SECRET};
use bytes::Bytes;
use http::{Request, Response};

#[test]
fn it_has_at_most_forty_lines() {
    let lines = include_str!("../src/main.rs").lines().count();
    assert!(lines <= 40, "{lines} lines");
}

#[tokio::test]
async fn it_signs_somebody_in() {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let origin = format!("http://127.0.0.1:{port}");
    let base = format!("{origin}/api/auth");
    let mut loopback = Loopback::bind().await.unwrap();
    let issuer = loopback.origin();
    let idp = Idp::builder(&issuer)
        .mode(Mode::FullStack)
        .client(Client::new("skc_1", "test_1").redirect_uri(format!("{base}/callback/scalekit")))
        .build();
    idp.auto_sign_in(Some("ada@acme.example"));
    loopback.serve(move |request| std::future::ready(idp.handle(request)));
    let _example = Running(
        Command::new(env!("CARGO_BIN_EXE_axum-minimal"))
            .env_clear()
            .env("PORT", port.to_string())
            .env("AUTH_SECRET", TEST_SECRET)
            .env("AUTH_SCALEKIT_ID", "skc_1")
            .env("AUTH_SCALEKIT_SECRET", "test_1")
            .env("AUTH_SCALEKIT_ISSUER", &issuer)
            .spawn()
            .unwrap(),
    );
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let mut browser = Browser::new();
    for site in [&origin, &issuer] {
        let address = site.clone();
        browser.site(site, move |request| forward(address.clone(), request));
    }
    assert!(browser.get(&format!("{origin}/")).await.body.contains("Sign in"));
    let away = browser.press_sign_in(&base, "scalekit", "/").await;
    browser.follow(away).await;
    let home = browser.get(&format!("{origin}/")).await;
    assert!(home.body.contains("Signed in as ada@acme.example"), "{home:?}");
}

async fn forward(origin: String, request: Request<Bytes>) -> Response<Bytes> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let (head, body) = request.into_parts();
    let sent = async {
        let address = format!("{origin}{}", head.uri);
        let mut answer = client?.request(head.method, address).headers(head.headers).body(body).send().await?;
        let mut response = Response::new(());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        let body = answer.bytes().await?;
        Ok::<_, reqwest::Error>(response.map(|()| body))
    };
    sent.await.unwrap_or_default()
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
