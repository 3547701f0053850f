//! Signed answers (JARM): what the browser carries back is believed only as far as the provider has signed it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

mod strict_provider;

use authstile::oauth::authorize::ResponseMode;
use authstile::oauth::jose::sign::SigningKey;
use authstile::{Auth, Customize as _, github};
use authstile_testkit::TEST_SECRET;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use strict_provider::{House, ISSUER, NOW, Op, SECRET, card, sign};

fn house(op: &Op, mode: ResponseMode) -> House {
    House::new(op, card().register("client", SECRET).response_mode(mode))
}

fn answer(state: &str) -> Value {
    json!({ "iss": ISSUER, "aud": "client", "exp": NOW + 60, "code": "c-1", "state": state })
}

fn with(state: &str, name: &str, value: Value) -> Value {
    let mut claims = answer(state);
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

/// The same claims under a header that somebody made up.
fn forged(claims: &Value, alg: &str, signature: &str) -> String {
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.{signature}", part(&json!({ "alg": alg })), part(claims))
}

#[tokio::test]
async fn a_signed_answer_signs_in_however_it_comes() {
    for mode in [ResponseMode::Jwt, ResponseMode::QueryJwt, ResponseMode::FormPostJwt] {
        let op = Op::new(json!({ "authorization_response_iss_parameter_supported": true }));
        let mut house = house(&op, mode);
        let (_, asked) = house.leave().await;
        assert_eq!(asked["response_mode"], mode.as_str());
        let response = sign(&op.key(), &answer(&asked["state"]));
        match mode.is_form_post() {
            true => house.post_back(&[("response", &response)]).await,
            false => house.come_back(&[("response", &response)]).await,
        };
        assert!(house.is_signed_in().await, "{mode:?}: {}", house.log());
        assert_eq!(op.last("/token").get("code"), Some("c-1"));
    }
}

#[tokio::test]
async fn every_defect_of_a_signed_answer_is_refused() {
    let op = Op::new(json!({}));
    let (key, other) = (op.key(), SigningKey::generate().unwrap().with_kid(op.key().kid()));
    type Make<'a> = Box<dyn Fn(&str) -> String + 'a>;
    let claim = |name: &'static str, value: Value| -> Make<'_> {
        let key = key.clone();
        Box::new(move |state| sign(&key, &with(state, name, value.clone())))
    };
    let cases: Vec<(Make<'_>, &str)> = vec![
        (Box::new(|state| forged(&answer(state), "none", "")), "never accepted"),
        (Box::new(|state| forged(&answer(state), "HS256", "c2ln")), "never accepted"),
        (Box::new(|state| forged(&answer(state), "RS256", "c2ln")), "advertises"),
        (Box::new(|state| sign(&other, &answer(state))), "the signature does not verify"),
        (Box::new(|state| sign(&key, &answer(state)) + "AA"), "signature"),
        (claim("exp", json!(NOW - 60)), "expired 60 s ago"),
        (claim("exp", Value::Null), r#"the claim "exp" is missing"#),
        (claim("aud", json!("other")), r#"aud is ["other"]"#),
        (claim("aud", json!(["client", "other"])), r#"aud is ["client", "other"]"#),
        (claim("aud", Value::Null), r#"the claim "aud" is missing"#),
        (claim("iss", json!("https://evil.example")), r#"iss is "https://evil.example""#),
        (claim("iss", Value::Null), r#"the claim "iss" is missing"#),
        (claim("code", Value::Null), "neither a code nor an error"),
        (claim("error", json!("access_denied")), r#"the provider answered "access_denied""#),
        (claim("access_token", json!("at")), r#"carries "access_token""#),
    ];
    for (make, words) in cases {
        let mut house = house(&op, ResponseMode::Jwt);
        let (_, asked) = house.leave().await;
        let tokens = op.asked("/token").len();
        house.come_back(&[("response", &make(&asked["state"]))]).await;
        assert!(!house.is_signed_in().await, "{words}");
        house.assert_logged(words);
        assert_eq!(op.asked("/token").len(), tokens, "{words}: no code is exchanged");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_signed_is_none() {
    for mode in [ResponseMode::Jwt, ResponseMode::FormPostJwt] {
        let op = Op::new(json!({}));
        let mut house = house(&op, mode);
        let (_, asked) = house.leave().await;
        let state = asked["state"].as_str();
        let response = sign(&op.key(), &answer(state));
        for (parameters, words) in [
            (vec![("code", "c-1"), ("state", state), ("iss", ISSUER)], "the answer is not signed"),
            (vec![("error", "access_denied"), ("state", state)], r#"it says "access_denied""#),
            (vec![("response", response.as_str()), ("code", "c-2")], r#"carries "code""#),
            (vec![("response", response.as_str()), ("state", state)], r#"carries "state""#),
            (vec![("response", response.as_str()), ("response", response.as_str())], "came more than once"),
            (vec![("response", "x")], "has no state"),
        ] {
            match mode.is_form_post() {
                true => house.post_back(&parameters).await,
                false => house.come_back(&parameters).await,
            };
            assert!(!house.is_signed_in().await, "{words}");
            house.assert_logged(words);
        }
        assert!(op.asked("/token").is_empty());
        // Nothing of that was this sign-in's answer, which is still awaited; but it comes by the other way.
        match mode.is_form_post() {
            true => house.come_back(&[("response", &response)]).await,
            false => house.post_back(&[("response", &response)]).await,
        };
        assert!(!house.is_signed_in().await);
    }
}

#[tokio::test]
async fn an_answer_is_good_for_the_sign_in_that_it_names_and_for_one() {
    let op = Op::new(json!({}));
    let mut house = house(&op, ResponseMode::Jwt);
    house.leave().await;
    house.come_back(&[("response", &sign(&op.key(), &answer("another")))]).await;
    house.assert_logged("no sign-in under way with that state");
    let (_, asked) = house.leave().await;
    let response = sign(&op.key(), &answer(&asked["state"]));
    house.come_back(&[("response", &response)]).await;
    assert!(house.is_signed_in().await, "{}", house.log());
    house.browser.press_sign_out(strict_provider::BASE).await;
    house.come_back(&[("response", &response)]).await;
    assert!(!house.is_signed_in().await);
}

#[tokio::test]
async fn who_asked_for_a_plain_answer_takes_no_other() {
    let op = Op::new(json!({}));
    let mut house = house(&op, ResponseMode::Query);
    let (_, asked) = house.leave().await;
    let response = sign(&op.key(), &answer(&asked["state"]));
    house.come_back(&[("response", &response), ("state", &asked["state"]), ("code", "c-1")]).await;
    assert!(!house.is_signed_in().await);
    house.assert_logged(r#"carries "response""#);
}

#[test]
fn a_signed_answer_takes_a_provider_whose_keys_are_discovered() {
    let registration = github("id", "secret").response_mode(ResponseMode::Jwt);
    let transport = Op::new(json!({})).transport();
    let auth = Auth::builder().secret(TEST_SECRET).url("https://app.example").transport(transport);
    let error = auth.provider(registration).build().expect_err("this must not be built").to_string();
    assert!(error.contains("with plain OAuth 2.0 no keys are discovered"), "{error}");
}
