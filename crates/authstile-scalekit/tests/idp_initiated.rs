//! IdP-initiated login: Scalekit's vectors (`data/scalekit.json`), and each rule broken alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use authstile_oauth::jose::jwk::JwkSet;
use authstile_oauth::jose::jws::SignatureError;
use authstile_oauth::word::Issuer;
use authstile_scalekit::idp_initiated::{Expected, IdpInitiatedError, IdpInitiatedLogin, verify};
use authstile_scalekit::{Selector, SignInRequest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const NOW: i64 = 1_758_692_838;
const ISSUER: &str = "https://acme-dev.scalekit.dev";

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/scalekit.json")).unwrap()
}

fn read(token: &str, keys: &JwkSet, other_issuers: &[Issuer]) -> Result<IdpInitiatedLogin, IdpInitiatedError> {
    let issuer = Issuer::parse(ISSUER).unwrap();
    verify(token, keys, &Expected { issuer: &issuer, other_issuers, now: NOW })
}

#[test]
fn every_vector_gets_the_verdict_that_is_stated() {
    use IdpInitiatedError as E;
    let vectors = vectors();
    let keys = JwkSet::parse(vectors["tokens"]["jwks"].to_string().as_bytes()).unwrap();
    let mut seen = (0, 0);
    for vector in vectors["tokens"]["idp_initiated"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        match (vector["expect"].as_str().unwrap(), read(vector["token"].as_str().unwrap(), &keys, &[])) {
            ("accept", Ok(login)) => {
                seen.0 += 1;
                let claims = &vector["claims"];
                assert_eq!(login.connection_id().map(|id| id.as_str()), claims["connection_id"].as_str(), "{name}");
                assert_eq!(login.organization_id().map(|id| id.as_str()), claims["organization_id"].as_str(), "{name}");
                assert_eq!(login.login_hint(), claims["login_hint"].as_str(), "{name}");
                assert_eq!(login.relay_state(), claims["relay_state"].as_str(), "{name}");
                assert_sends_what_is_documented(name, vector["documented_next_url"].as_str().unwrap(), &login);
            }
            ("reject", Err(error)) => {
                seen.1 += 1;
                let fits = match name {
                    "no_selector" => error == E::NoSelector,
                    "documented_sample_issuer_is_not_the_environment" => matches!(error, E::Issuer { .. }),
                    "expired" => error == E::Expired(100),
                    "not_yet_valid" => error == E::NotYetValid { name: "nbf", ahead: 120 },
                    "missing_exp" => error == E::Missing("exp"),
                    "lifetime_of_a_day" => error == E::Lifetime(86_400),
                    "bad_signature" | "other_key" => error == E::Signature(SignatureError::BadSignature),
                    "id_token_used_as_idp_initiated" | "access_token_with_custom_claims_connection_id" => {
                        error == E::OtherKind("aud")
                    }
                    "connection_id_wrong_type" => matches!(error, E::WrongType { name: "connection_id", .. }),
                    "connection_id_with_ampersand" => matches!(error, E::Id(_)),
                    "not_a_jwt" | "empty" => matches!(error, E::Signature(SignatureError::Malformed(_))),
                    _ => false,
                };
                assert!(fits, "{name} ends in the wrong leaf, or in none: {error:?}");
            }
            (expected, got) => panic!("{name}: expected {expected}, got {got:?} ({})", vector["why"]),
        }
    }
    assert!(seen.0 >= 5 && seen.1 >= 14, "{seen:?}: the vectors are cut off");
}

/// The selectors of the documented next request are ours too; its `state` is the relay state, and never ours.
fn assert_sends_what_is_documented(name: &str, documented: &str, login: &IdpInitiatedLogin) {
    let url = url::Url::parse(documented).unwrap();
    let protocol = ["response_type", "client_id", "redirect_uri", "scope", "state"];
    let documented: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !protocol.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    assert_eq!(SignInRequest::from(login).authorization_params(), documented, "{name}");
}

#[test]
fn a_further_issuer_is_accepted_only_by_name() {
    let vectors = vectors();
    let keys = JwkSet::parse(vectors["tokens"]["jwks"].to_string().as_bytes()).unwrap();
    let all = vectors["tokens"]["idp_initiated"].as_array().unwrap();
    let vector = all.iter().find(|vector| vector["name"] == "documented_sample_issuer_is_not_the_environment").unwrap();
    let token = vector["token"].as_str().unwrap();
    let with = |other: &str| read(token, &keys, &[Issuer::parse(other).unwrap()]);
    assert!(with("https://b2b-app.com").is_ok());
    assert!(with("https://b2b-app.com/").is_err());
}

/// A key of the test's own, so that one claim at a time can be changed.
struct Signer(RsaKeyPair);

impl Signer {
    fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn keys(&self) -> JwkSet {
        // SEQUENCE { INTEGER n, INTEGER e } of a key of 2048 bits: n without its leading zero, e is 65537.
        let n = &self.0.public_key().as_ref()[9..265];
        let set = json!({ "keys": [{
            "kty": "RSA", "use": "sig", "kid": "snk_1", "alg": "RS256", "n": URL_SAFE_NO_PAD.encode(n), "e": "AQAB",
        }] });
        JwkSet::parse(set.to_string().as_bytes()).unwrap()
    }

    fn sign(&self, typ: Option<&str>, claims: &Value) -> String {
        let mut header = json!({ "alg": "RS256", "kid": "snk_1" });
        if let Some(typ) = typ {
            header["typ"] = typ.into();
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; 256];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

#[test]
fn each_rule_alone() {
    use IdpInitiatedError as E;
    let signer = Signer::new();
    let keys = signer.keys();
    let good = json!({
        "iss": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 300, "connection_id": "conn_1", "organization_id": "org_1",
    });
    let typed = |typ, claims: &Value| read(&signer.sign(typ, claims), &keys, &[]);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        typed(Some("JWT"), &claims)
    };
    assert!(typed(None, &good).is_ok());
    assert!(matches!(typed(Some("at+jwt"), &good), Err(E::Type(_))));
    assert_eq!(typed(Some("JWT"), &json!([])), Err(E::NotAnObject));

    for name in ["iss", "exp", "iat", "nbf"] {
        assert_eq!(with(name, Value::Null), Err(E::Missing(name)));
    }
    for name in ["exp", "iat", "nbf"] {
        assert!(matches!(with(name, json!(NOW.to_string())), Err(E::WrongType { .. })), "{name}");
    }
    assert!(with("exp", json!(NOW - 59)).is_ok());
    assert_eq!(with("exp", json!(NOW - 60)), Err(E::Expired(60)));
    assert!(with("exp", json!(NOW + 600)).is_ok());
    assert_eq!(with("exp", json!(NOW + 601)), Err(E::Lifetime(601)));
    assert_eq!(with("exp", json!(i64::MAX)), Err(E::Lifetime(i64::MAX - NOW)));
    assert!(with("iat", json!(NOW + 60)).is_ok());
    assert_eq!(with("iat", json!(NOW + 61)), Err(E::NotYetValid { name: "iat", ahead: 61 }));

    for name in
        ["aud", "sub", "jti", "client_id", "at_hash", "scope", "scopes", "azp", "c_hash", "nonce", "amr", "events"]
    {
        assert_eq!(with(name, json!("")), Err(E::OtherKind(name)), "there, whatever it says");
    }

    assert!(with("connection_id", Value::Null).is_ok());
    assert!(with("organization_id", Value::Null).is_ok());
    for (name, value) in [
        ("connection_id", ""),
        ("connection_id", "org_1"),
        ("organization_id", "conn_1"),
        ("organization_id", "org_1;x"),
    ] {
        assert!(matches!(with(name, json!(value)), Err(E::Id(_))), "{name}: {value}");
    }
    for name in ["login_hint", "relay_state"] {
        assert!(matches!(with(name, json!(["x"])), Err(E::WrongType { .. })), "{name}");
    }
    assert_eq!(with("login_hint", json!("")).unwrap().login_hint(), None);
}

#[test]
fn a_hint_that_is_no_address_is_not_sent_on() {
    let signer = Signer::new();
    let claims = json!({
        "iss": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 300, "connection_id": "conn_1", "login_hint": "jane",
        "relay_state": "/reports",
    });
    let login = read(&signer.sign(None, &claims), &signer.keys(), &[]).unwrap();
    assert_eq!(login.login_hint(), Some("jane"));
    let request = SignInRequest::from(&login);
    assert_eq!(request.selectors(), [Selector::connection("conn_1").unwrap()]);
    assert_eq!(request.authorization_params(), [("connection_id".to_owned(), "conn_1".to_owned())]);
}
