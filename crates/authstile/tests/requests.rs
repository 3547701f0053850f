//! How a provider is asked: pushed, signed, and with what.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

mod strict_provider;

use authstile::oauth::jose::jwk::JwkSet;
use authstile::oauth::jose::jws;
use authstile::oauth::jose::sign::SigningKey;
use authstile::provider::{PushedRequests, RequestObject, SecurityProfile};
use authstile::{Auth, Customize as _, KeepTokens, Provider, Registration, card_file};
use authstile_testkit::TEST_SECRET;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use strict_provider::{BASE, House, ISSUER, NOW, Op, SECRET, card};

fn plain() -> Registration {
    card().register("client", SECRET)
}

fn with_key() -> Registration {
    card().register_with_keys("client", SigningKey::generate().unwrap())
}

#[tokio::test]
async fn a_pushed_request_leaves_the_browser_nothing_but_the_reference() {
    let op = Op::new(json!({ "require_pushed_authorization_requests": true }));
    let mut house = House::new(&op, plain().login_hint("ada@example.com"));
    let (url, asked) = house.leave().await;
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let expected = [("client_id", "client"), ("request_uri", "urn:ietf:params:oauth:request_uri:1")];
    assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    // Everything else went straight to the provider, with the proof of who asks.
    for name in ["response_type", "redirect_uri", "scope", "state", "nonce", "code_challenge", "login_hint"] {
        assert!(asked.contains_key(name), "{name}");
    }
    assert_eq!(asked["client_id"], "client");
    assert!(op.last("/par").authorization.unwrap().starts_with("Basic "));
    house.come_back(&[("code", "c-1"), ("state", &asked["state"])]).await;
    assert!(house.is_signed_in().await, "{}", house.log());
}

#[tokio::test]
async fn requests_are_pushed_when_the_provider_or_the_registration_wants_it() {
    use PushedRequests::{Always, Never, WhenOffered, WhenRequired};
    let offers = json!({});
    let requires = json!({ "require_pushed_authorization_requests": true });
    let lacks = json!({ "pushed_authorization_request_endpoint": null });
    for (when, metadata, pushes) in [
        (WhenRequired, &offers, false),
        (WhenRequired, &requires, true),
        (WhenOffered, &offers, true),
        (WhenOffered, &lacks, false),
        (Always, &offers, true),
        (Never, &requires, false),
    ] {
        let op = Op::new(metadata.clone());
        let (url, _) = House::new(&op, plain().pushed_requests(when)).leave().await;
        assert_eq!(op.asked("/par").len(), usize::from(pushes), "{when:?} {metadata}");
        assert_eq!(url.query_pairs().any(|(name, _)| name == "request_uri"), pushes, "{when:?} {metadata}");
    }
    let op = Op::new(lacks);
    let mut house = House::new(&op, plain().pushed_requests(Always));
    assert!(!house.leave().await.0.as_str().starts_with(ISSUER), "nobody leaves");
    house.assert_logged("the provider has no pushed_authorization_request_endpoint");
}

#[tokio::test]
async fn a_refused_request_is_told_in_words_and_without_what_was_sent() {
    let reference = |uri: Value, seconds: Value| json!({ "request_uri": uri, "expires_in": seconds });
    for (status, body, words) in [
        (401, json!({ "error": "invalid_client" }), "are the client's secret, key or certificate those"),
        (400, json!({ "error": "invalid_request", "error_description": "no" }), "is the redirect URI registered"),
        (500, json!("down"), "something that is no reference"),
        (200, reference(json!(7), json!(60)), "something that is no reference"),
        (201, reference(json!("urn:x"), json!(0)), "expires_in is no positive number"),
        (302, reference(json!("urn:x"), json!(60)), "201 was expected"),
        (
            400,
            json!({ "error": "invalid_client", "error_description": format!("who is {SECRET}?") }),
            "who is [redacted]?",
        ),
    ] {
        let op = Op::new(json!({ "require_pushed_authorization_requests": true }));
        op.answer_pushed(status, body);
        let mut house = House::new(&op, plain());
        let (url, _) = house.leave().await;
        assert!(!url.as_str().starts_with(ISSUER), "nobody leaves: {url}");
        house.assert_logged(words);
        assert!(!house.log().contains(SECRET), "{}", house.log());
    }
}

/// The claims of the request object that the browser or the pushed request carries, verified with the published keys.
async fn object(house: &mut House, object: &str) -> Value {
    let keys = house.browser.get(&format!("{BASE}/jwks/op")).await;
    let verified = jws::verify(object, &JwkSet::parse(keys.body.as_bytes()).unwrap(), &["ES256".to_owned()]).unwrap();
    assert_eq!(verified.typ.as_deref(), Some("oauth-authz-req+jwt"));
    serde_json::from_slice(&verified.payload).unwrap()
}

#[tokio::test]
async fn a_signed_request_holds_everything_and_shows_little() {
    let op = Op::new(json!({ "request_object_signing_alg_values_supported": ["RS256", "ES256"] }));
    let mut house = House::new(&op, with_key().request_object(RequestObject::Signed).max_age(300));
    op.claims(json!({ "auth_time": NOW }));
    let (url, _) = house.leave_with(&[("sub", "client"), ("aud", "https://evil.example"), ("ui_locales", "de")]).await;
    let outside: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let names: Vec<&str> = outside.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["response_type", "client_id", "scope", "request"]);
    let claims = object(&mut house, &outside[3].1).await;
    for (name, value) in &outside[..3] {
        assert_eq!(&claims[name], value, "outside and inside are equal");
    }
    for (name, value) in [
        ("iss", json!("client")),
        ("aud", json!(ISSUER)),
        ("iat", json!(NOW)),
        ("nbf", json!(NOW)),
        ("exp", json!(NOW + 300)),
        ("max_age", json!(300)),
        ("ui_locales", json!("de")),
        ("sub", Value::Null),
        ("request", Value::Null),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(claims["jti"].is_string() && claims["code_challenge"].is_string());
    let state = claims["state"].as_str().unwrap().to_owned();
    house.come_back(&[("code", "c-1"), ("state", &state)]).await;
    assert!(house.is_signed_in().await, "{}", house.log());
}

#[tokio::test]
async fn a_signed_request_is_pushed_as_it_is() {
    let op = Op::new(json!({ "require_pushed_authorization_requests": true, "require_signed_request_object": true }));
    let mut house = House::new(&op, with_key());
    let (url, _) = house.leave().await;
    assert_eq!(url.query(), Some("client_id=client&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A1"));
    let pushed = op.last("/par");
    let expected = ["response_type", "scope", "request", "client_id", "client_assertion_type", "client_assertion"];
    assert_eq!(pushed.names(), expected);
    object(&mut house, pushed.get("request").unwrap()).await;
}

#[tokio::test]
async fn who_cannot_sign_does_not_ask() {
    for (registration, metadata, words) in [
        (plain(), json!({ "require_signed_request_object": true }), "there is no private key"),
        (
            with_key().request_object(RequestObject::Signed),
            json!({ "request_object_signing_alg_values_supported": ["none", "RS256"] }),
            "no key of ours can sign",
        ),
    ] {
        let op = Op::new(metadata);
        let mut house = House::new(&op, registration);
        let (url, _) = house.leave().await;
        assert!(!url.as_str().starts_with(ISSUER), "{url}");
        house.assert_logged(words);
    }
}

#[tokio::test]
async fn resources_are_named_on_every_leg() {
    let op = Op::new(json!({}));
    let registration = plain().keep_tokens(KeepTokens::All);
    let registration = registration.resource("https://a.example/api").resource("urn:b").resource("urn:b");
    let mut house = House::new(&op, registration.authorization_param("resource", "https://c.example"));
    let (url, asked) = house.leave_with(&[("resource", "https://evil.example")]).await;
    let named = |pairs: Vec<(String, String)>| -> Vec<String> {
        pairs.into_iter().filter(|(name, _)| name == "resource").map(|(_, value)| value).collect()
    };
    let expected = ["https://a.example/api", "urn:b", "https://c.example"];
    assert_eq!(named(url.query_pairs().into_owned().collect()), expected);
    house.come_back(&[("code", "c-1"), ("state", &asked["state"])]).await;
    assert_eq!(named(op.last("/token").form), expected);
    // The access token is good for half a minute: it is refreshed at once.
    let cookies: Vec<String> =
        house.browser.cookies("app.localhost").iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut headers = HeaderMap::new();
    headers.insert("cookie", HeaderValue::try_from(cookies.join("; ")).unwrap());
    headers.insert("host", HeaderValue::from_static("app.localhost:3000"));
    house.auth.access_token(&headers, &"/".parse().unwrap()).await.unwrap().unwrap();
    let refreshed = op.last("/token");
    assert_eq!((refreshed.get("grant_type"), op.asked("/token").len()), (Some("refresh_token"), 2));
    assert_eq!(named(refreshed.form), expected);
}

#[tokio::test]
async fn wishes_are_written_as_the_standard_names_them() {
    let op = Op::new(json!({}));
    let registration = plain()
        .claims(json!({ "id_token": { "acr": { "essential": true } } }))
        .acr_values("gold silver")
        .prompt("login consent")
        .login_hint("ada@example.com")
        .ui_locales("de en");
    let (_, asked) = House::new(&op, registration).leave_with(&[("prompt", "none"), ("login_hint", "eve")]).await;
    for (name, value) in [
        ("claims", r#"{"id_token":{"acr":{"essential":true}}}"#),
        ("acr_values", "gold silver"),
        ("prompt", "login consent"),
        ("login_hint", "ada@example.com"),
        ("ui_locales", "de en"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
}

#[tokio::test]
async fn who_asked_for_a_fresh_sign_in_gets_one() {
    // Two minutes at the provider, whoever asked, and whatever for.
    for (pinned, browser, auth_time, enters) in [
        (Some(300), None, Some(NOW - 300), true),
        (Some(300), None, Some(NOW - 361), false),
        (Some(300), None, None, false),
        // A browser cannot loosen it.
        (Some(300), Some("86400"), Some(NOW - 3600), false),
        (None, Some("300"), Some(NOW - 300), true),
        (None, Some("300"), Some(NOW - 361), false),
        (None, Some("300"), None, false),
        // What is no number is the strictest.
        (None, Some("soon"), Some(NOW - 61), false),
        (None, Some("soon"), Some(NOW), true),
        (None, None, Some(NOW - 1_000_000), true),
        (None, None, None, true),
    ] {
        let op = Op::new(json!({}));
        op.claims(auth_time.map_or(json!({}), |at| json!({ "auth_time": at })));
        let registration = match pinned {
            Some(seconds) => plain().max_age(seconds),
            None => plain(),
        };
        let mut house = House::new(&op, registration);
        let browser: Vec<(&str, &str)> = browser.map(|text| ("max_age", text)).into_iter().collect();
        let (_, asked) = house.leave_with(&browser).await;
        house.clock.advance(120);
        house.come_back(&[("code", "c-1"), ("state", &asked["state"])]).await;
        let case = format!("{pinned:?} {browser:?} {auth_time:?}");
        assert_eq!(house.is_signed_in().await, enters, "{case}: {}", house.log());
    }
}

#[tokio::test]
async fn fapi_2_pushes_demands_iss_and_knows_three_algorithms() {
    let op = Op::new(json!({ "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"] }));
    let mut house = House::new(&op, with_key().fapi2());
    assert!(house.sign_in().await, "{}", house.log());
    assert_eq!(op.asked("/par").len(), 1);
    assert!(op.last("/token").get("client_assertion").is_some());
    // Without `iss`, although the provider never promised one.
    let (_, asked) = house.leave().await;
    house.come_back(&[("code", "c-1"), ("state", &asked["state"])]).await;
    house.assert_logged(r#"iss is None, but "https://op.example" was asked"#);
    // With an algorithm that the profile does not know.
    let op = Op::new(json!({ "id_token_signing_alg_values_supported": ["RS256"] }));
    let mut house = House::new(&op, with_key().fapi2());
    assert!(!house.sign_in().await);
    house.assert_logged(r#"signed with "ES256", but the provider advertises []"#);
    let op = Op::new(json!({ "token_endpoint_auth_methods_supported": ["client_secret_basic"] }));
    let mut house = House::new(&op, with_key().fapi2());
    assert!(!house.leave().await.0.as_str().starts_with(ISSUER));
    house.assert_logged("offers only the client authentication methods []");
}

#[track_caller]
fn refused(registration: Registration, words: &str) {
    let transport = Op::new(json!({})).transport();
    let auth = Auth::builder().secret(TEST_SECRET).url("https://app.example").transport(transport);
    let error = auth.provider(registration).build().expect_err("this must not be built").to_string();
    assert!(error.contains(words), "{error} should say {words:?}");
}

#[test]
fn requests_that_contradict_themselves_are_not_built() {
    refused(plain().prompt("none").max_age(0), "prompt = none lets nobody");
    refused(plain().prompt("none login"), "`none` stands alone");
    refused(plain().authorization_param("max_age", "soon"), "no number of seconds");
    refused(authstile::github("id", "secret").max_age(60), "max_age cannot be checked");
    refused(plain().authorization_param("claims", "acr"), "claims is no JSON object");
    refused(plain().claims(json!(["acr"])), "claims is no JSON object");
    refused(plain().resource("api"), "no absolute URI");
    refused(plain().resource("https://a.example/#x"), "without a fragment");
    refused(plain().request_object(RequestObject::Signed), "a signed request needs a private key");
    refused(with_key().fapi2().pushed_requests(PushedRequests::Never), "FAPI 2.0 has every request pushed");
}

#[test]
fn a_card_says_all_of_it_in_toml() {
    let card = Provider {
        name: "Bank",
        pushed_authorization: Some("https://op.example/par"),
        pushed_requests: PushedRequests::Always,
        request_object: RequestObject::Signed,
        resources: &["https://a.example", "urn:b"],
        client_authentication: Some(authstile::oauth::client_auth::ClientAuthentication::PrivateKeyJwt),
        assertion_audience: authstile::provider::AssertionAudience::TokenEndpoint,
        security_profile: SecurityProfile::Fapi2,
        response_mode: authstile::oauth::authorize::ResponseMode::FormPostJwt,
        ..card()
    };
    let text = card_file::write(&card).unwrap();
    for line in [
        "response_mode = \"form_post.jwt\"",
        "pushed_requests = \"always\"",
        "request_object = \"signed\"",
        "resources = [\"https://a.example\", \"urn:b\"]",
        "client_authentication = \"private_key_jwt\"",
        "assertion_audience = \"token_endpoint\"",
        "security_profile = \"fapi2\"",
    ] {
        assert!(text.contains(line), "{line} should stand in\n{text}");
    }
    assert_eq!(card_file::read(&text).unwrap(), card);
    let wrong = text.replace("\"always\"", "\"never\"");
    assert!(card_file::read(&wrong).unwrap_err().problem.contains("FAPI 2.0 has every request pushed"));
}
