//! Each rule of OpenID Connect Back-Channel Logout 1.0 §2.6, broken alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "in tests a panic is a failure")]

mod signer;

use authstile_oauth::logout_token::{self, Expected, LogoutTokenError, VerifiedLogoutToken};
use authstile_oauth::word::{ClientId, Issuer};
use serde_json::{Value, json};
use signer::{NOW, Signer, with};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

fn good() -> Value {
    json!({
        "iss": "https://op.example", "aud": "app-1", "iat": NOW, "exp": NOW + 120, "jti": "l1",
        "sub": "user-1", "sid": "s1", "events": { EVENT: {} },
    })
}

fn verify_typed(typ: Option<&str>, claims: &Value) -> Result<VerifiedLogoutToken, LogoutTokenError> {
    let signer = Signer::new();
    let issuer = Issuer::parse("https://op.example").unwrap();
    let client_id = ClientId::parse("app-1").unwrap();
    let expected = Expected { issuer: &issuer, client_id: &client_id, algorithms: &Signer::algorithms(), now: NOW };
    logout_token::verify(&signer.sign(typ, claims), &signer.keys(), &expected)
}

fn verify(claims: &Value) -> Result<VerifiedLogoutToken, LogoutTokenError> {
    verify_typed(Some("logout+jwt"), claims)
}

#[test]
fn a_good_token_says_whose_session_ended() {
    let token = verify(&good()).unwrap();
    assert_eq!((token.jti(), token.session_id(), token.expires_at()), ("l1", Some("s1"), NOW + 120));
    assert_eq!(token.subject().unwrap().as_str(), "user-1");
    assert!(verify(&with(&good(), "sub", Value::Null)).unwrap().subject().is_none());
    assert!(verify(&with(&good(), "sid", Value::Null)).unwrap().session_id().is_none());
    assert!(verify(&with(&good(), "aud", json!(["other", "app-1"]))).is_ok());
}

#[test]
fn the_header_may_say_logout_jwt_or_jwt_or_nothing() {
    for typ in [None, Some("JWT"), Some("logout+jwt"), Some("application/logout+jwt")] {
        assert!(verify_typed(typ, &good()).is_ok(), "{typ:?}");
    }
    for typ in ["at+jwt", "dpop+jwt", ""] {
        assert!(matches!(verify_typed(Some(typ), &good()), Err(LogoutTokenError::Type(_))), "{typ:?}");
    }
}

#[test]
fn only_a_logout_event_is_one() {
    let events = |events| verify(&with(&good(), "events", events)).unwrap_err();
    assert_eq!(events(Value::Null), LogoutTokenError::Missing("events"));
    assert!(matches!(events(json!([EVENT])), LogoutTokenError::WrongType { name: "events", .. }));
    assert_eq!(events(json!({})), LogoutTokenError::NoLogoutEvent);
    assert_eq!(events(json!({ EVENT: true })), LogoutTokenError::NoLogoutEvent);
    assert_eq!(events(json!({ "https://example.com/other": {} })), LogoutTokenError::NoLogoutEvent);
    assert_eq!(verify(&with(&good(), "nonce", json!("n"))).unwrap_err(), LogoutTokenError::Nonce);
}

#[test]
fn it_is_the_providers_and_for_us() {
    let error = |name, value| verify(&with(&good(), name, value)).unwrap_err();
    assert!(matches!(error("iss", json!("https://op.example/")), LogoutTokenError::Issuer { .. }));
    assert!(matches!(error("aud", json!(["app-2"])), LogoutTokenError::Audience { .. }));
    assert_eq!(error("iss", Value::Null), LogoutTokenError::Missing("iss"));
    assert_eq!(error("aud", Value::Null), LogoutTokenError::Missing("aud"));
}

#[test]
fn it_is_of_now_and_has_an_id() {
    let error = |name, value| verify(&with(&good(), name, value)).unwrap_err();
    for name in ["exp", "iat", "jti"] {
        assert_eq!(error(name, Value::Null), LogoutTokenError::Missing(name));
    }
    assert_eq!(error("exp", json!(NOW - 60)), LogoutTokenError::Expired(60));
    assert_eq!(error("iat", json!(NOW + 61)), LogoutTokenError::NotYetValid { name: "iat", ahead: 61 });
    assert!(matches!(error("jti", json!("")), LogoutTokenError::WrongType { name: "jti", .. }));
}

#[test]
fn somebody_is_named() {
    let nobody = with(&with(&good(), "sub", Value::Null), "sid", Value::Null);
    assert_eq!(verify(&nobody).unwrap_err(), LogoutTokenError::Nobody);
    for (name, value) in [("sub", json!("")), ("sid", json!("")), ("sid", json!(["s1"]))] {
        let error = verify(&with(&good(), name, value)).unwrap_err();
        assert!(matches!(error, LogoutTokenError::WrongType { name: got, .. } if got == name), "{name}: {error}");
    }
}
