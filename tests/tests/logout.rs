//! Logout, all of it: at the provider for every card that can, and in the frame of its page.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use authstile::clock::UnixTime;
use authstile::provider::{OptionKind, Protocol};
use authstile::seal::{Sealer, Secrets};
use authstile::{Auth, Customize as _, EndSession, Registration, RevocationKey};
use authstile_testkit::{Browser, FakeTransport, FixedClock, Page, SeededRandom, TEST_SECRET};
use authstile_tests::{APP, BASE, House, IDP, NOW, scalekit};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

const LEAVE: &str = "https://discovered.example/end-session";

fn sealer(salt: &str) -> Sealer {
    Sealer::new(&Secrets::new([TEST_SECRET]), salt).unwrap()
}

fn seal(salt: &str, claims: Value) -> String {
    let Value::Object(claims) = claims else { panic!("claims are an object") };
    sealer(salt).seal(claims, 3600, UnixTime::from_seconds(NOW), &SeededRandom::new(3)).unwrap()
}

fn location(page: &Page) -> String {
    page.location().map(String::from).unwrap_or_default()
}

/// Every card of OpenID Connect, with whatever it needs.
fn cards() -> Vec<Registration> {
    let oidc = authstile_providers::all().iter().filter(|card| card.protocol == Protocol::Oidc);
    oidc.map(|card| {
        let needed = card.options.iter().filter(|option| option.is_required() && card.signed_secret.is_none());
        needed.fold(card.register("our-client", "secret"), |card, option| {
            let value = if option.kind == OptionKind::Url { "https://issuer.example" } else { "sample" };
            card.option(option.name, value)
        })
    })
    .collect()
}

/// An engine with this provider, which advertises where its sessions end, and a browser of somebody who came from there.
fn signed_in(registration: Registration) -> (Auth, Browser) {
    let (id, issuer) = (registration.provider_id().to_owned(), registration.provider_issuer().expect("an issuer"));
    let transport = FakeTransport::new(move |request| {
        assert!(request.uri().path().contains("/.well-known/"), "{}", request.uri());
        let document = json!({ "issuer": issuer, "end_session_endpoint": LEAVE });
        Response::new(Bytes::from(document.to_string()))
    });
    let auth = Auth::builder()
        .secret(TEST_SECRET)
        .url(APP)
        .clock(FixedClock::at(NOW))
        .random(SeededRandom::new(7))
        .transport(transport)
        .provider(registration.end_session(EndSession::AtProvider))
        .build()
        .unwrap_or_else(|error| panic!("{id}: {error}"));
    let mut browser = Browser::new();
    let site = auth.clone();
    browser.site(APP, move |request| {
        let auth = site.clone();
        async move { auth.handle(request).await }
    });
    let facts = json!({ "id": "own", "provider": id, "at": NOW * 1000, "keys": [RevocationKey::session("own")] });
    let session = seal("authjs.session-token", json!({ "sub": "ada", "authstile": facts }));
    browser.set_cookie("localhost", "authjs.session-token", &session);
    let kept = json!({ "session": "own", "provider": id, "id_token": "kept.id.token" });
    browser.set_cookie("localhost", "authstile.tokens", &seal("authstile.tokens", kept));
    (auth, browser)
}

#[tokio::test]
async fn every_card_that_can_ends_the_session_at_the_provider_and_comes_back() {
    let cards = cards();
    assert!(cards.len() > 30, "{}", cards.len());
    for card in cards {
        let (id, card_says) = (card.provider_id().to_owned(), card.provider().end_session.is_some());
        for (returned, back) in [(None, "/bye"), (Some("?state=forged"), "/"), (Some(""), "/")] {
            let (_auth, mut browser) = signed_in(card.clone());
            assert!(!browser.session(BASE).await.is_null(), "{id}");
            let token = browser.csrf_token(BASE).await;
            let out = browser.post(&format!("{BASE}/signout"), &[("csrfToken", &token), ("callbackUrl", "/bye")]).await;
            let there = out.location().unwrap_or_else(|| panic!("{id}: {out:?}"));
            assert!(there.as_str().starts_with(LEAVE) || card_says, "{id}: {there}");
            let asked =
                |name: &str| there.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
            assert_eq!(asked("client_id"), Some("our-client".to_owned()), "{id}: {there}");
            assert_eq!(asked("id_token_hint").as_deref(), Some("kept.id.token"), "{id}: {there}");
            assert_eq!(asked("post_logout_redirect_uri"), Some(format!("{BASE}/signed-out")), "{id}: {there}");
            assert!(browser.session(BASE).await.is_null(), "{id}: ours ends first");
            let state = asked("state").filter(|state| state.len() >= 32).unwrap_or_else(|| panic!("{id}: {there}"));
            let query = returned.map_or(format!("?state={state}"), str::to_owned);
            let home = browser.get(&format!("{BASE}/signed-out{query}")).await;
            assert_eq!(location(&home), format!("{APP}{back}"), "{id}: {query}");
            assert!(browser.session(BASE).await.is_null(), "{id}");
        }
    }
}

#[tokio::test]
async fn everywhere_goes_to_the_provider_too() {
    let (_auth, mut browser) = signed_in(scalekit().into());
    let token = browser.csrf_token(BASE).await;
    let out = browser.post(&format!("{BASE}/signout"), &[("csrfToken", &token), ("everywhere", "true")]).await;
    assert!(location(&out).starts_with(LEAVE), "{out:?}");
    assert!(browser.session(BASE).await.is_null());
}

#[tokio::test]
async fn a_frame_of_the_provider_ends_the_session_that_came_from_its_own() {
    let mut house = House::with(|builder| builder.provider(scalekit().end_session(EndSession::AtProvider)));
    house.sign_in().await;
    // The ID token is kept for signing out, and names the session.
    let (_, kept) = house.cookies("authstile.tokens").remove(0);
    let kept = sealer("authstile.tokens").open(&kept, UnixTime::from_seconds(house.clock.seconds())).unwrap();
    let payload = kept["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let sid = claims["sid"].as_str().unwrap();
    let frame = |sid: &str| format!("{BASE}/frontchannel-logout/scalekit?iss={IDP}&sid={sid}");
    house.clock.advance(1);
    assert_eq!(house.visitor().browser.get(&frame(sid)).await.status, 200);
    assert_eq!(house.browser.get(&frame("ses_other")).await.status, 200);
    assert!(!house.session().await.is_null());
    let page = house.browser.get(&frame(sid)).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-security-policy"], format!("default-src 'none'; frame-ancestors {IDP}"));
    assert!(house.session().await.is_null());
    assert!(house.cookies("authstile.tokens").is_empty(), "what was kept of the tokens is gone too");
}

#[tokio::test]
async fn what_is_kept_for_signing_out_goes_with_the_session_to_its_new_key() {
    let (_auth, mut browser) = signed_in(scalekit().into());
    let token = browser.csrf_token(BASE).await;
    let done = browser.post(&format!("{BASE}/sessions"), &[("csrfToken", &token), ("others", "true")]).await;
    assert_eq!(location(&done), format!("{BASE}/sessions"));
    let out = browser.post(&format!("{BASE}/signout"), &[("csrfToken", &token)]).await;
    assert!(location(&out).contains("id_token_hint=kept.id.token"), "{out:?}");
}
