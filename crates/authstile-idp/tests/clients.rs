//! Client authentication with assertions and certificates (RFC 7523, OpenID Connect Core §9, RFC 8705).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    unreachable_pub,
    reason = "in tests a panic is a failure"
)]

mod common;

use std::sync::{Arc, Mutex};

use authstile_idp::{Client, ClientCertificate, Feature, Idp};
use bytes::Bytes;
use common::signer::{Signer, keyed, with};
use common::*;
use http::Request;
use serde_json::{Value, json};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ROBOT: &str = "skc_robot";

fn assertion(idp_time: i64) -> Value {
    json!({ "iss": ROBOT, "sub": ROBOT, "aud": ISSUER, "iat": idp_time, "exp": idp_time + 60, "jti": "one" })
}

/// The error, or nothing.
fn authenticate(idp: &Idp, assertion: &str) -> Option<String> {
    let form = [("grant_type", "client_credentials"), ("client_assertion_type", TYPE), ("client_assertion", assertion)];
    let answer = json(&post(idp, "/oauth/token", &form));
    assert_eq!(answer.get("access_token").is_some(), answer.get("error").is_none());
    answer.get("error").map(|error| format!("{}: {}", error.as_str().unwrap(), answer["error_description"]))
}

#[test]
fn assertions_by_keys_of_every_kind_are_accepted_once() {
    for (signer, alg) in [
        (Signer::ec("k"), "ES256"),
        (Signer::ed("k"), "EdDSA"),
        (Signer::rsa("k"), "RS256"),
        (Signer::rsa("k"), "PS256"),
    ] {
        let hands = Hands::new();
        let robot = Client::new(ROBOT, "unused").jwks(signer.jwks()).private_key_jwt();
        let idp = builder().clock(hands.clock()).client(robot).build();
        let text = signer.sign_with(&json!({ "alg": alg, "kid": "k" }), &assertion(hands.now()));
        assert_eq!(authenticate(&idp, &text), None, "{alg}");
        assert!(authenticate(&idp, &text).unwrap().contains("used already"), "{alg}");
        let by_secret = [("grant_type", "client_credentials"), ("client_id", ROBOT), ("client_secret", "unused")];
        assert_eq!(post(&idp, "/oauth/token", &by_secret).status(), 401, "a registered key outlaws the secret");
    }
}

#[test]
fn wrong_assertions_are_refused() {
    let (hands, signer, stranger) = (Hands::new(), Signer::ec("k"), Signer::ec("k"));
    let robot = Client::new(ROBOT, "unused").jwks(signer.jwks()).private_key_jwt();
    let idp = builder().clock(hands.clock()).client(robot).build();
    let (good, now) = (assertion(hands.now()), hands.now());
    for (changes, problem) in [
        (json!({ "iss": "skc_other" }), "same client"),
        (json!({ "sub": null }), "no sub"),
        (json!({ "iss": "skc_x", "sub": "skc_x" }), "no such client"),
        (json!({ "iss": CLIENT, "sub": CLIENT }), "not registered for assertions"),
        (json!({ "aud": "https://elsewhere.example" }), "aud"),
        (json!({ "aud": format!("{ISSUER}/oauth/token") }), "aud"),
        (json!({ "aud": [ISSUER, "https://elsewhere.example"] }), "aud"),
        (json!({ "aud": null }), "aud"),
        (json!({ "exp": null }), "no exp"),
        (json!({ "exp": now - 60 }), "expired"),
        (json!({ "exp": now + 86400 }), "too long"),
        (json!({ "iat": now + 600 }), "not valid yet"),
        (json!({ "nbf": now + 600 }), "not valid yet"),
        (json!({ "jti": null }), "no jti"),
    ] {
        let refusal = authenticate(&idp, &signer.sign(&with(&good, &changes))).expect(problem);
        assert!(refusal.starts_with("invalid_client") && refusal.contains(problem), "{changes}: {refusal}");
    }
    for forged in [
        stranger.sign(&good),
        keyed("unused", &good),
        signer.sign_with(&json!({ "alg": "none" }), &good),
        signer.sign_with(&json!({ "alg": "RS256", "kid": "k" }), &good),
        signer.sign_with(&json!({ "alg": "ES256", "kid": "another" }), &good),
        "rubbish".to_owned(),
    ] {
        assert!(authenticate(&idp, &forged).is_some(), "{forged}");
    }
    assert_eq!(authenticate(&idp, &signer.sign(&good)), None, "the refused ones used nothing up");
}

#[test]
fn the_token_endpoint_is_an_audience_only_where_that_is_on() {
    let (hands, signer) = (Hands::new(), Signer::ec("k"));
    let robot = Client::new(ROBOT, "unused").jwks(signer.jwks()).private_key_jwt();
    let idp = builder().clock(hands.clock()).client(robot).feature(Feature::TokenEndpointAudience).build();
    let old = with(&assertion(hands.now()), &json!({ "aud": format!("{ISSUER}/oauth/token") }));
    assert_eq!(authenticate(&idp, &signer.sign(&old)), None);
    assert_eq!(authenticate(&idp, &signer.sign(&with(&assertion(hands.now()), &json!({ "jti": "two" })))), None);
}

#[test]
fn client_secret_jwt_is_keyed_with_the_secret() {
    let hands = Hands::new();
    let robot = Client::new(ROBOT, "a secret of thirty-two characters").client_secret_jwt();
    let idp = builder().clock(hands.clock()).client(robot).build();
    let good = assertion(hands.now());
    assert!(authenticate(&idp, &keyed("another secret of thirty-two ch", &good)).is_some());
    assert!(authenticate(&idp, &Signer::ec("k").sign(&good)).is_some());
    assert_eq!(authenticate(&idp, &keyed("a secret of thirty-two characters", &good)), None);
    let document = json(&get(&idp, "/.well-known/openid-configuration", &[]));
    assert!(
        document["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&json!("client_secret_jwt"))
    );
    assert!(document["token_endpoint_auth_signing_alg_values_supported"].as_array().unwrap().contains(&json!("HS256")));
}

#[test]
fn keys_behind_a_uri_are_fetched_and_can_be_rotated() {
    let (hands, old, new) = (Hands::new(), Signer::ec("old"), Signer::ed("new"));
    let published = Arc::new(Mutex::new(Some(old.jwks())));
    let source = Arc::clone(&published);
    let robot = Client::new(ROBOT, "unused").jwks_uri("https://app.example/jwks").private_key_jwt();
    let idp = builder()
        .clock(hands.clock())
        .client(robot)
        .key_source(move |uri| source.lock().unwrap().clone().filter(|_| uri == "https://app.example/jwks"))
        .build();
    let claims = |jti: &str| with(&assertion(hands.now()), &json!({ "jti": jti }));
    assert_eq!(authenticate(&idp, &old.sign(&claims("a"))), None);
    assert!(authenticate(&idp, &new.sign(&claims("b"))).is_some());
    *published.lock().unwrap() = Some(new.jwks());
    assert_eq!(authenticate(&idp, &new.sign(&claims("c"))), None);
    assert!(authenticate(&idp, &old.sign(&claims("d"))).is_some());
    *published.lock().unwrap() = None;
    assert!(authenticate(&idp, &new.sign(&claims("e"))).unwrap().contains("no keys"));
    assert!(idp.set_client_keys(ROBOT, old.jwks()));
    assert_eq!(authenticate(&idp, &old.sign(&claims("f"))), None);
}

#[test]
fn only_the_methods_that_are_offered_are_accepted() {
    let idp = builder().client_authentication_methods(["client_secret_post"]).build();
    let form = [("grant_type", "client_credentials")];
    assert_eq!(post_with(&idp, "/oauth/token", &form, &[("authorization", &basic(CLIENT, SECRET))]).status(), 401);
    let in_body = [form[0], ("client_id", CLIENT), ("client_secret", SECRET)];
    assert_eq!(post(&idp, "/oauth/token", &in_body).status(), 200);
    let document = json(&get(&idp, "/.well-known/openid-configuration", &[]));
    assert_eq!(document["token_endpoint_auth_methods_supported"], json!(["client_secret_post"]));
}

#[test]
fn a_certificate_authenticates_and_binds_tokens() {
    let (own, other) = (ClientCertificate(Bytes::from_static(b"der")), ClientCertificate(Bytes::from_static(b"other")));
    let robot = Client::new(ROBOT, "unused").tls_client_auth(own.thumbprint()).redirect_uri(CALLBACK);
    let idp = builder().client(robot).feature(Feature::MutualTls).build();
    let document = json(&get(&idp, "/.well-known/openid-configuration", &[]));
    let alias = document["mtls_endpoint_aliases"]["token_endpoint"].as_str().unwrap();
    assert_eq!(alias, format!("{ISSUER}/mtls/oauth/token"));
    idp.auto_sign_in(Some("ada@acme.example"));
    let send = |path: &str, form: &str, token: &str, certificate: Option<&ClientCertificate>| {
        let mut request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form.to_owned()))
            .unwrap();
        if !token.is_empty() {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        certificate.map(|certificate| request.extensions_mut().insert(certificate.clone()));
        idp.handle(request)
    };
    let code = code(&authorize(&idp, &[("client_id", ROBOT), ("organization_id", "org_acme")]));
    let form = encode(&[
        ("grant_type", "authorization_code"),
        ("client_id", ROBOT),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]);
    for wrong in [None, Some(&other)] {
        assert_eq!(send("/mtls/oauth/token", &form, "", wrong).status(), 401);
    }
    let answer = json(&send("/mtls/oauth/token", &form, "", Some(&own)));
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(claims(&answer["access_token"])["cnf"]["x5t#S256"], own.thumbprint());
    let token = answer["access_token"].as_str().unwrap();
    for wrong in [None, Some(&other)] {
        assert_eq!(send("/mtls/userinfo", "", token, wrong).status(), 401);
    }
    assert_eq!(send("/mtls/userinfo", "", token, Some(&own)).status(), 200);
}
