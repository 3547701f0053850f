//! Each rule of access token verification, broken alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "in tests a panic is a failure")]

mod signer;

use authstile_oauth::access_token::{self, AccessTokenError, Expected, VerifiedAccessToken};
use authstile_oauth::secret::AccessToken;
use authstile_oauth::word::Issuer;
use serde_json::{Value, json};
use signer::{NOW, Signer, with};

fn good() -> Value {
    json!({
        "iss": "https://as.example", "sub": "user-1", "client_id": "app-1", "aud": ["https://api.example", "other"],
        "exp": NOW + 300, "iat": NOW, "nbf": NOW, "jti": "t1", "scope": "notes:read notes:write",
    })
}

fn verify_for(
    typ: Option<&str>,
    claims: &Value,
    audiences: &[&str],
    scopes: &[&str],
) -> Result<VerifiedAccessToken, AccessTokenError> {
    let signer = Signer::new();
    let issuers = ["https://as.example", "https://as.example/resources/1"].map(|text| Issuer::parse(text).unwrap());
    let audiences: Vec<String> = audiences.iter().map(|&audience| audience.to_owned()).collect();
    let expected =
        Expected { issuers: &issuers, audiences: &audiences, scopes, algorithms: &Signer::algorithms(), now: NOW };
    access_token::verify(&AccessToken::new(signer.sign(typ, claims)), &signer.keys(), &expected)
}

fn verify(claims: &Value) -> Result<VerifiedAccessToken, AccessTokenError> {
    verify_for(Some("at+jwt"), claims, &["https://api.example"], &[])
}

#[test]
fn a_good_token_says_whose_it_is_and_what_for() {
    let token = verify(&good()).unwrap();
    assert_eq!(token.issuer().as_str(), "https://as.example");
    assert_eq!(token.subject().unwrap().as_str(), "user-1");
    assert_eq!(token.client_id().unwrap().as_str(), "app-1");
    assert_eq!(token.scopes(), ["notes:read", "notes:write"]);
    assert!(token.has_scope("notes:read") && !token.has_scope("notes"));
    assert_eq!(token.expires_at(), NOW + 300);
    assert_eq!(token.text("jti"), Some("t1"));
}

#[test]
fn several_issuers_are_accepted_only_by_name() {
    let token = verify(&with(&good(), "iss", json!("https://as.example/resources/1"))).unwrap();
    assert_eq!(token.issuer().as_str(), "https://as.example/resources/1");
    for other in ["https://as.example/", "https://as.example/resources/2", "https://evil.example", ""] {
        let error = verify(&with(&good(), "iss", json!(other))).unwrap_err();
        assert!(matches!(error, AccessTokenError::Issuer { .. }), "{other}: {error}");
    }
}

#[test]
fn an_empty_list_of_audiences_accepts_nothing() {
    let error = verify_for(None, &good(), &[], &[]).unwrap_err();
    assert!(matches!(error, AccessTokenError::Audience { .. }), "{error}");
    assert!(verify_for(None, &good(), &["unrelated", "other"], &[]).is_ok(), "one of several is enough");
}

#[test]
fn scopes_come_under_two_names_and_in_two_forms() {
    for (name, value) in [
        ("scope", json!("a b")),
        ("scope", json!(["a", "b"])),
        ("scopes", json!("a b")),
        ("scopes", json!(["a", "b", "a"])),
    ] {
        let claims = with(&with(&good(), "scope", Value::Null), name, value);
        assert_eq!(verify(&claims).unwrap().scopes(), ["a", "b"], "{claims}");
    }
    let both = with(&with(&good(), "scope", json!("a b")), "scopes", json!(["b", "c"]));
    assert_eq!(verify(&both).unwrap().scopes(), ["a", "b", "c"]);
    assert!(verify(&with(&good(), "scope", Value::Null)).unwrap().scopes().is_empty());
}

// Advisories: CVE-2022-31690.
#[test]
fn every_scope_asked_for_must_be_there() {
    let scopes = |scopes: &[&str]| verify_for(None, &good(), &["other"], scopes);
    assert!(scopes(&["notes:write", "notes:read"]).is_ok());
    let error = scopes(&["notes:read", "notes:delete"]).unwrap_err();
    let expected = AccessTokenError::Scope {
        missing: vec!["notes:delete".to_owned()],
        got: vec!["notes:read".to_owned(), "notes:write".to_owned()],
    };
    assert_eq!(error, expected);
    assert_eq!(error.bearer_error(), "insufficient_scope");
    assert_eq!(AccessTokenError::Nobody.bearer_error(), "invalid_token");
}

#[test]
fn the_header_may_say_at_jwt_or_jwt_or_nothing() {
    let typed = |typ| verify_for(typ, &good(), &["other"], &[]);
    for typ in [None, Some("JWT"), Some("jwt"), Some("at+jwt"), Some("application/at+JWT")] {
        assert!(typed(typ).is_ok(), "{typ:?}");
    }
    for typ in ["logout+jwt", "secevent+jwt", "", "application/", "dpop+jwt"] {
        assert!(matches!(typed(Some(typ)), Err(AccessTokenError::Type(_))), "{typ:?}");
    }
}

// Advisories: CVE-2024-47616.
#[test]
fn other_kinds_of_token_are_refused_by_what_gives_them_away() {
    let id_token = with(&with(&good(), "email", json!("a@b.example")), "amr", json!(["pwd"]));
    assert!(verify(&id_token).is_ok(), "with a jti these may be claims of an access token");
    for (claims, name) in [
        (with(&good(), "nonce", json!("n")), "nonce"),
        (with(&good(), "at_hash", json!("h")), "at_hash"),
        (with(&good(), "c_hash", json!("h")), "c_hash"),
        (with(&good(), "events", json!({})), "events"),
        (with(&good(), "typ", json!("ID")), "typ"),
        (with(&good(), "token_use", json!("id")), "token_use"),
        (with(&id_token, "jti", Value::Null), "amr"),
    ] {
        let error = verify(&claims).unwrap_err();
        assert!(matches!(error, AccessTokenError::OtherKind { claim, .. } if claim == name), "{name}: {error}");
    }
}

#[test]
fn claims_are_there_and_of_their_type() {
    let missing = |name| verify(&with(&good(), name, Value::Null)).unwrap_err();
    assert_eq!(missing("iss"), AccessTokenError::Missing("iss"));
    assert_eq!(missing("aud"), AccessTokenError::Missing("aud"));
    assert_eq!(missing("exp"), AccessTokenError::Missing("exp"));
    for (name, value) in [
        ("sub", json!("")),
        ("sub", json!(7)),
        ("client_id", json!(["app-1"])),
        ("scope", json!(7)),
        ("scopes", json!(["a", 1])),
        ("exp", json!("soon")),
        ("nbf", json!("now")),
        ("aud", json!({})),
    ] {
        let error = verify(&with(&good(), name, value)).unwrap_err();
        assert!(matches!(error, AccessTokenError::WrongType { name: got, .. } if got == name), "{name}: {error}");
    }
}

#[test]
fn a_token_that_is_bound_to_a_key_is_no_bearer_token() {
    for binding in
        [json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}), json!({"x5t#S256": "x"}), json!({}), json!("x")]
    {
        assert_eq!(verify(&with(&good(), "cnf", binding)).unwrap_err(), AccessTokenError::Bound);
    }
    assert!(verify(&with(&good(), "cnf", Value::Null)).is_ok());
}

#[test]
fn somebody_is_named() {
    assert!(verify(&with(&good(), "sub", Value::Null)).unwrap().subject().is_none());
    assert!(verify(&with(&good(), "client_id", Value::Null)).unwrap().client_id().is_none());
    let nobody = with(&with(&good(), "sub", Value::Null), "client_id", Value::Null);
    assert_eq!(verify(&nobody).unwrap_err(), AccessTokenError::Nobody);
}

#[test]
fn times_are_right_within_a_minute() {
    let at = |name, seconds| verify(&with(&good(), name, json!(seconds)));
    assert!(at("exp", NOW - 59).is_ok());
    assert_eq!(at("exp", NOW - 60).unwrap_err(), AccessTokenError::Expired(60));
    for name in ["iat", "nbf"] {
        assert!(at(name, NOW + 60).is_ok());
        assert_eq!(at(name, NOW + 61).unwrap_err(), AccessTokenError::NotYetValid { name, ahead: 61 });
        assert!(verify(&with(&good(), name, Value::Null)).is_ok(), "{name} is optional");
    }
}

#[test]
fn a_token_that_is_no_jwt_is_malformed() {
    for token in ["", "opaque", "a.b.c"] {
        let signer = Signer::new();
        let expected =
            Expected { issuers: &[], audiences: &[], scopes: &[], algorithms: &Signer::algorithms(), now: NOW };
        let error = access_token::verify(&AccessToken::new(token), &signer.keys(), &expected).unwrap_err();
        assert!(matches!(error, AccessTokenError::Signature(_)), "{token:?}");
    }
}
