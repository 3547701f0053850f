//! OpenID Connect Front-Channel Logout 1.0: only the browser whose session is meant, and only with both words.

use authstile::clock::UnixTime;
use authstile::store::{Accounts as _, NewSession, NewUser, SessionData, Sessions as _};
use authstile::{Customize as _, MemoryStore, RevocationKey, SessionTokens};
use serde_json::Value;

use super::{BASE, HOST, ISSUER, NOW, SESSION, acme, browser, came_from, engine, is_signed_in};

fn address(iss: &str, sid: &str) -> String {
    let query =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs([("iss", iss), ("sid", sid)]).finish();
    format!("{BASE}/frontchannel-logout/acme?{query}")
}

#[tokio::test]
async fn the_session_of_this_browser_ends_with_the_one_at_the_provider() {
    let (auth, clock) = engine(|builder| builder.provider(acme()));
    let mut ada = browser(&auth);
    came_from(&mut ada, "acme", "s1", Value::Null);
    clock.advance(5);
    assert!(is_signed_in(&mut ada).await);
    let mut copy = ada.clone();
    let frame = ada.get(&address(ISSUER, "s1")).await;
    assert_eq!((frame.status.as_u16(), frame.body.as_str()), (200, ""));
    assert!(
        frame.set_cookies().iter().any(|cookie| cookie.starts_with("authjs.session-token=; Max-Age=0")),
        "{frame:?}"
    );
    assert!(!is_signed_in(&mut ada).await && !is_signed_in(&mut copy).await, "a copy of the cookie ends with it");
}

#[tokio::test]
async fn the_answer_may_be_framed_by_the_provider_alone_and_is_kept_nowhere() {
    let (auth, _) = engine(|builder| builder.provider(acme()));
    let frame = browser(&auth).get(&address(ISSUER, "s1")).await;
    let header = |name: &str| frame.headers.get(name).and_then(|value| value.to_str().ok());
    assert_eq!(header("content-security-policy"), Some("default-src 'none'; frame-ancestors https://login.example"));
    assert_eq!(header("cache-control"), Some("no-cache, no-store"));
    assert_eq!(header("x-frame-options"), None);
    assert!(frame.set_cookies().is_empty(), "{frame:?}");
    let page = browser(&auth).get(&format!("{BASE}/signin")).await;
    assert_eq!(page.headers["x-frame-options"], "DENY", "no other page may");
    let unknown = browser(&auth).get(&address(ISSUER, "s1").replace("acme", "nobody")).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
}

#[tokio::test]
async fn whoever_knows_a_sid_ends_nothing_without_the_browser_that_it_belongs_to() {
    let (auth, clock) = engine(|builder| builder.provider(acme()));
    let (mut ada, mut other) = (browser(&auth), browser(&auth));
    came_from(&mut ada, "acme", "s1", Value::Null);
    came_from(&mut other, "acme", "s2", Value::Null);
    clock.advance(5);
    for stranger in [&mut browser(&auth), &mut other] {
        assert_eq!(stranger.get(&address(ISSUER, "s1")).await.status, 200);
    }
    assert!(is_signed_in(&mut ada).await && is_signed_in(&mut other).await);
    // The same session, of another provider with that issuer.
    let (auth, _) = engine(|builder| builder.provider(acme().id("other")).provider(acme()));
    let mut ada = browser(&auth);
    came_from(&mut ada, "other", "s1", Value::Null);
    assert_eq!(ada.get(&address(ISSUER, "s1")).await.status, 200);
    assert!(is_signed_in(&mut ada).await);
}

#[tokio::test]
async fn both_words_have_to_be_there_and_right() {
    let (auth, clock) = engine(|builder| builder.provider(acme()));
    let mut ada = browser(&auth);
    came_from(&mut ada, "acme", "s1", Value::Null);
    clock.advance(5);
    for query in [
        "",
        "?sid=s1",
        "?iss=https%3A%2F%2Flogin.example",
        "?iss=https%3A%2F%2Flogin.example&sid=",
        "?iss=https%3A%2F%2Fevil.example&sid=s1",
        "?iss=https%3A%2F%2Flogin.example%2F&sid=s1",
        "?iss=https%3A%2F%2Flogin.example&sid=s1&sid=s1",
        "?iss=https%3A%2F%2Flogin.example&iss=https%3A%2F%2Flogin.example&sid=s1",
    ] {
        let frame = ada.get(&format!("{BASE}/frontchannel-logout/acme{query}")).await;
        assert_eq!(frame.status, 400, "{query}");
        assert!(is_signed_in(&mut ada).await, "{query}");
    }
}

#[tokio::test]
async fn a_stored_session_is_gone_from_the_store() {
    let store = MemoryStore::new();
    let (auth, _) =
        engine(|builder| builder.provider(acme()).store(store.clone()).session_tokens(SessionTokens::SharedWithAuthJs));
    let ada = store.register(&NewUser { id: "ada".to_owned(), ..NewUser::default() }, None).await.unwrap();
    let data = SessionData {
        id: "own".to_owned(),
        provider: "acme".to_owned(),
        at: NOW * 1000,
        keys: vec![RevocationKey::provider_session(ISSUER, "s1"), RevocationKey::user("ada")],
        ..SessionData::default()
    };
    let expires = UnixTime::from_seconds(NOW + 3600);
    for key in ["this", "elsewhere"] {
        store.create(NewSession { key, user: &ada, expires, data: &data }).await.unwrap();
    }
    let mut browser = browser(&auth);
    browser.set_cookie(HOST, SESSION, "this");
    assert_eq!(browser.get(&address(ISSUER, "s2")).await.status, 200);
    assert!(is_signed_in(&mut browser).await);
    assert_eq!(browser.get(&address(ISSUER, "s1")).await.status, 200);
    assert!(!is_signed_in(&mut browser).await);
    assert!(
        store.of_user("ada").await.unwrap().is_empty(),
        "all that came from that session there, as in the back channel"
    );
}
