//! A certified OpenID provider (npm `oidc-provider`) as the issuer: it was not written by us, and does what it likes.
#![cfg(feature = "services")]

use authstile::{Auth, Provider};
use authstile_reqwest::ReqwestTransport;
use authstile_testkit::{Browser, TEST_SECRET};
use authstile_tests::peers::{Peer, forward, free_port};

const APP: &str = "http://localhost:3000";
const BASE: &str = "http://localhost:3000/api/auth";

/// Walks through the provider, whatever redirects it has, back to the application.
async fn log_in(browser: &mut Browser) {
    let mut page = browser.press_sign_in(BASE, "certified", "/dash").await;
    for _ in 0..12 {
        let Some(next) = page.location().filter(|_| page.status.is_redirection()) else { break };
        if next.as_str() == format!("{APP}/dash") {
            return;
        }
        page = browser.get(next.as_str()).await;
    }
    panic!("the login ended at {} with {}: {}", page.url, page.status, page.body);
}

async fn whole_life(algorithm: &str, authentication: &str) {
    let port = free_port();
    let issuer = format!("http://127.0.0.1:{port}");
    let environment = [
        ("PORT", port.to_string()),
        ("CLIENT_ID", "authstile".to_owned()),
        ("CLIENT_SECRET", "a-secret-of-32-characters-or-more".to_owned()),
        ("REDIRECT_URI", format!("{BASE}/callback/certified")),
        ("CLIENT_AUTH", authentication.to_owned()),
        ("RESPONSE_IDTOKEN_ALG", algorithm.to_owned()),
    ];
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut provider = Peer::node("oidc-provider.mjs", &environment);
    provider.wait_for("listening");

    let method = match authentication {
        "client_secret_post" => authstile::oauth::client_auth::ClientAuthentication::Post,
        _ => authstile::oauth::client_auth::ClientAuthentication::Basic,
    };
    let registration =
        Provider::oidc("certified", issuer.clone()).register("authstile", "a-secret-of-32-characters-or-more");
    let auth = Auth::builder()
        .secret(TEST_SECRET)
        .provider(authstile::Customize::client_authentication(registration, method))
        .transport(ReqwestTransport::new().unwrap())
        .build()
        .unwrap();
    let mut browser = Browser::new();
    browser.site(&issuer, forward(issuer.clone()));
    browser.site(APP, move |request| {
        let auth = auth.clone();
        async move { auth.handle(request).await }
    });

    log_in(&mut browser).await;
    assert_eq!(browser.session(BASE).await["user"]["email"], "ada@example.com");
    browser.press_sign_out(BASE).await;
    assert!(browser.session(BASE).await.is_null());

    // New keys between two logins, the old ones withdrawn: the second login has to fetch them.
    let rotated =
        browser.send(http::Method::POST, &format!("{issuer}/control/rotate?drop=1"), &[], bytes::Bytes::new()).await;
    assert!(rotated.status.is_success(), "{rotated:?}");
    log_in(&mut browser).await;
    assert_eq!(browser.session(BASE).await["user"]["name"], "Ada Lovelace");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life_with_rs256_and_basic() {
    whole_life("RS256", "client_secret_basic").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life_with_es256_and_post() {
    whole_life("ES256", "client_secret_post").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life_with_ps256() {
    whole_life("PS256", "client_secret_basic").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life_with_eddsa() {
    whole_life("EdDSA", "client_secret_basic").await;
}
