//! How we prove at a provider who we are: keys, secrets that sign, certificates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

mod strict_provider;

use authstile::oauth::client_assertion::ASSERTION_TYPE;
use authstile::oauth::client_auth::ClientAuthentication;
use authstile::oauth::jose::jwk::JwkSet;
use authstile::oauth::jose::jws;
use authstile::oauth::jose::sign::SigningKey;
use authstile::oauth::secret::ClientSecret;
use authstile::provider::{AssertionAudience, OAUTH2, ProfileSource, Provider, PushedRequests};
use authstile::{Auth, BoxFuture, ClientKeys, Customize as _, KeepTokens, Registration, Transport, TransportError};
use authstile_testkit::TEST_SECRET;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, RsaKeyPair};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use strict_provider::{Asked, BASE, House, ISSUER, NOW, Op, SECRET, card};

fn rsa() -> SigningKey {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    SigningKey::from_pkcs8(der.as_ref()).unwrap()
}

fn ed25519() -> SigningKey {
    let der = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
    SigningKey::from_pkcs8(der.as_ref()).unwrap()
}

/// The claims of an assertion, verified with the keys that the application publishes.
async fn verified(house: &mut House, asked: &Asked, algorithm: &str) -> Value {
    assert_eq!(asked.get("client_assertion_type"), Some(ASSERTION_TYPE));
    assert_eq!(
        (asked.get("client_id"), asked.get("client_secret"), &asked.authorization),
        (Some("client"), None, &None)
    );
    let keys = house.browser.get(&format!("{BASE}/jwks/op")).await;
    let keys = JwkSet::parse(keys.body.as_bytes()).unwrap();
    let verified = jws::verify(asked.get("client_assertion").unwrap(), &keys, &[algorithm.to_owned()]).unwrap();
    serde_json::from_slice(&verified.payload).unwrap()
}

#[tokio::test]
async fn a_key_signs_in_the_way_that_the_provider_knows() {
    for (key, advertised, algorithm) in [
        (SigningKey::generate().unwrap(), json!(null), "ES256"),
        (rsa(), json!(null), "RS256"),
        (rsa(), json!(["ES256", "PS256", "PS512"]), "PS256"),
        (ed25519(), json!(["RS256", "EdDSA"]), "EdDSA"),
    ] {
        let op = Op::new(json!({
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": advertised,
        }));
        let mut house = House::new(&op, card().register_with_keys("client", key));
        assert!(house.sign_in().await, "{algorithm}: {}", house.log());
        let claims = verified(&mut house, &op.last("/token"), algorithm).await;
        let jti = claims["jti"].as_str().unwrap();
        let expected = json!({
            "iss": "client", "sub": "client", "aud": ISSUER, "jti": jti, "iat": NOW, "exp": NOW + 60,
        });
        assert_eq!(claims, expected);
    }
}

#[tokio::test]
async fn no_assertion_is_used_twice() {
    let op = Op::new(json!({ "require_pushed_authorization_requests": true }));
    let key = SigningKey::generate().unwrap();
    let mut house = House::new(&op, card().register_with_keys("client", key).keep_tokens(KeepTokens::All));
    assert!(house.sign_in().await && house.sign_in().await, "{}", house.log());
    let asked: Vec<Asked> = op.asked("/par").into_iter().chain(op.asked("/token")).collect();
    let mut ids = Vec::new();
    for asked in &asked {
        ids.push(verified(&mut house, asked, "ES256").await["jti"].to_string());
    }
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), asked.len()), (4, 4));
}

#[tokio::test]
async fn the_newest_key_signs_and_another_where_the_provider_wants_its_algorithm() {
    let keys = ClientKeys::from(SigningKey::generate().unwrap().with_kid("new")).and(ed25519().with_kid("old"));
    for (advertised, kid, algorithm) in [(json!(null), "new", "ES256"), (json!(["EdDSA"]), "old", "EdDSA")] {
        let op = Op::new(json!({ "token_endpoint_auth_signing_alg_values_supported": advertised }));
        let mut house = House::new(&op, card().register_with_keys("client", keys.clone()));
        assert!(house.sign_in().await, "{}", house.log());
        verified(&mut house, &op.last("/token"), algorithm).await;
        let header = op.last("/token").get("client_assertion").unwrap().split('.').next().unwrap().to_owned();
        let header = jws::peek(&format!("x.{header}.x")).unwrap();
        assert_eq!((&header["kid"], &header["alg"]), (&json!(kid), &json!(algorithm)));
    }
}

#[tokio::test]
async fn public_halves_are_published_and_nothing_else() {
    let op = Op::new(json!({}));
    let keys = ClientKeys::from(SigningKey::generate().unwrap().with_kid("new")).and(rsa().with_kid("old"));
    let mut house = House::new(&op, card().register_with_keys("client", keys));
    let page = house.browser.get(&format!("{BASE}/jwks/op")).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "application/jwk-set+json");
    assert_eq!(page.headers["cache-control"], "public, max-age=300");
    assert_eq!(page.set_cookies(), Vec::<&str>::new());
    let keys = page.json();
    assert_eq!((&keys["keys"][0]["kid"], &keys["keys"][1]["kid"]), (&json!("new"), &json!("old")));
    for key in keys["keys"].as_array().unwrap() {
        let known = ["kty", "crv", "x", "y", "n", "e", "kid", "use"];
        let strange: Vec<&String> = key.as_object().unwrap().keys().filter(|name| !known.contains(&&***name)).collect();
        assert!(strange.is_empty(), "{strange:?}");
    }
    // Where there are no keys there is no page, whether there is a provider or not.
    let mut without = House::new(&op, card().register("client", SECRET));
    for id in ["op", "nobody"] {
        assert_eq!(without.browser.get(&format!("{BASE}/jwks/{id}")).await.status, 404, "{id}");
    }
}

#[tokio::test]
async fn older_providers_get_an_assertion_for_their_token_endpoint() {
    let op = Op::new(json!({ "require_pushed_authorization_requests": true }));
    let registration = card().register_with_keys("client", SigningKey::generate().unwrap());
    let mut house = House::new(&op, registration.assertion_audience(AssertionAudience::TokenEndpoint));
    assert!(house.sign_in().await, "{}", house.log());
    for path in ["/par", "/token"] {
        let claims = verified(&mut house, &op.last(path), "ES256").await;
        assert_eq!(claims["aud"], "https://op.example/token", "{path}");
    }
}

#[tokio::test]
async fn a_secret_signs_where_nothing_else_is_taken_or_somebody_says_so() {
    let plain = || card().register("client", SECRET);
    for (advertised, registration) in [
        (json!(["client_secret_jwt", "private_key_jwt"]), plain()),
        (json!(["client_secret_basic"]), plain().client_authentication(ClientAuthentication::SecretJwt)),
    ] {
        let op = Op::new(json!({ "token_endpoint_auth_methods_supported": advertised }));
        let mut house = House::new(&op, registration);
        assert!(house.sign_in().await, "{}", house.log());
        let asked = op.last("/token");
        assert_eq!((asked.get("client_secret"), asked.authorization.as_ref()), (None, None));
        let assertion = asked.get("client_assertion").unwrap();
        let payload = jws::verify_with_secret(assertion, &ClientSecret::new(SECRET)).unwrap();
        let claims: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!((&claims["sub"], &claims["aud"]), (&json!("client"), &json!(ISSUER)));
    }
    let op = Op::new(json!({
        "token_endpoint_auth_methods_supported": ["client_secret_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["HS512"],
    }));
    let mut house = House::new(&op, plain());
    assert!(!house.sign_in().await);
    house.assert_logged("client_secret_jwt is HS256 here");
}

#[tokio::test]
async fn a_key_that_fits_nothing_proves_nothing() {
    for (metadata, words) in [
        (
            json!({ "token_endpoint_auth_signing_alg_values_supported": ["RS256"] }),
            r#"takes ["RS256"], and no key of ours"#,
        ),
        (
            json!({ "token_endpoint_auth_methods_supported": ["client_secret_post", "none"] }),
            r#"we can do ["private_key_jwt"]"#,
        ),
    ] {
        let op = Op::new(metadata);
        let mut house = House::new(&op, card().register_with_keys("client", SigningKey::generate().unwrap()));
        assert!(!house.sign_in().await);
        house.assert_logged(words);
        assert!(op.asked("/token").is_empty(), "nothing is sent without a proof");
    }
}

#[tokio::test]
async fn a_certificate_is_presented_where_we_prove_who_we_are_and_at_the_endpoints_for_it() {
    let metadata = json!({
        "require_pushed_authorization_requests": true,
        "mtls_endpoint_aliases": {
            "token_endpoint": "https://mtls.op.example/token",
            "pushed_authorization_request_endpoint": "https://mtls.op.example/par",
            "userinfo_endpoint": "https://mtls.op.example/me",
        },
    });
    let bare = || card().register("client", "").without_secret().profile_source(ProfileSource::UserInfo);
    let (tls, key) = (ClientAuthentication::Tls, SigningKey::generate().unwrap());
    for (registration, certificate, host) in [
        (bare().client_authentication(tls), Some("op"), "mtls.op.example"),
        (bare().client_authentication(ClientAuthentication::SelfSignedTls), Some("op"), "mtls.op.example"),
        (bare().client_authentication(tls).client_certificate("ours"), Some("ours"), "mtls.op.example"),
        // Also beside another proof, for tokens that are bound to it.
        (bare().client_keys(key).client_certificate("ours"), Some("ours"), "mtls.op.example"),
        (bare(), None, "op.example"),
    ] {
        let is_tls = registration.provider().client_authentication.is_some();
        let op = Op::new(metadata.clone());
        let mut house = House::new(&op, registration);
        assert!(house.sign_in().await, "{}", house.log());
        for path in ["/par", "/token", "/me"] {
            let asked = op.last(path);
            assert_eq!((asked.certificate.as_deref(), asked.url.host_str()), (certificate, Some(host)), "{path}");
            assert!(!is_tls || path == "/me" || asked.get("client_id") == Some("client"), "{path}");
            assert!(!is_tls || (asked.get("client_secret").is_none() && asked.get("client_assertion").is_none()));
        }
        for path in ["/.well-known/openid-configuration", "/jwks"] {
            assert_eq!(op.last(path).certificate, None, "{path} is for everybody");
        }
    }
}

/// A transport without certificates, as any is that does not know of them.
#[derive(Debug)]
struct Plain;

impl Transport for Plain {
    fn send<'a>(&'a self, _: Request<Bytes>) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>> {
        Box::pin(std::future::ready(Err(TransportError::Timeout)))
    }
}

#[track_caller]
fn refused(registration: Registration, words: &str) {
    let auth = Auth::builder().secret(TEST_SECRET).url("https://app.example").transport(Plain).provider(registration);
    let error = auth.build().expect_err("this must not be built").to_string();
    assert!(error.contains(words), "{error} should say {words:?}");
}

#[test]
fn what_could_prove_nothing_is_not_built() {
    use ClientAuthentication::{Basic, PrivateKeyJwt, SecretJwt, Tls};
    let key = || SigningKey::generate().unwrap();
    let (with_secret, with_key) = (|| card().register("client", SECRET), || card().register_with_keys("client", key()));
    refused(with_secret().client_authentication(Tls), r#"the transport has no client certificate "op""#);
    refused(with_secret().client_certificate("ours"), r#"the transport has no client certificate "ours""#);
    refused(with_secret().client_authentication(PrivateKeyJwt), "AUTH_OP_PRIVATE_KEY");
    refused(card().register("client", "short").client_authentication(SecretJwt), "at least 32 bytes");
    refused(with_key().client_authentication(SecretJwt), "at least 32 bytes");
    refused(with_key().client_authentication(Basic), "`.client_authentication(ClientAuthentication::PrivateKeyJwt)`");
    // FAPI 2.0 with what it forbids.
    refused(with_secret().fapi2(), "FAPI 2.0 needs a private key");
    refused(with_key().fapi2().client_authentication(Basic), "PrivateKeyJwt");
    refused(with_secret().client_keys(key()).fapi2().client_authentication(Basic), "FAPI 2.0 needs a private key");
    let plain = Provider {
        id: "op",
        authorization: Some("https://op.example/authorize"),
        token: Some("https://op.example/token"),
        profile_source: ProfileSource::TokenAnswer,
        ..OAUTH2
    };
    refused(plain.register_with_keys("client", key()).fapi2(), "security_profile: is fapi2, but plain OAuth 2.0");
}

#[tokio::test]
async fn what_a_provider_repeats_of_a_proof_stays_out_of_the_log() {
    let secret = card().register("client", SECRET).client_authentication(ClientAuthentication::SecretJwt);
    for registration in [card().register_with_keys("client", SigningKey::generate().unwrap()), secret] {
        let refusal = json!({ "error": "invalid_client", "error_description": "not good: {assertion}!" });
        let op = Op::new(json!({}));
        op.answer_token(401, refusal.clone());
        op.answer_pushed(401, refusal);
        let mut house = House::new(&op, registration.clone());
        assert!(!house.sign_in().await);
        house.assert_logged("not good: [redacted]!");
        let mut pushing = House::new(&op, registration.pushed_requests(PushedRequests::Always));
        pushing.leave().await;
        pushing.assert_logged("not good: [redacted]!");
        for (path, log) in [("/token", house.log()), ("/par", pushing.log())] {
            let assertion = op.last(path).get("client_assertion").unwrap().to_owned();
            assert!(!log.contains(&assertion) && !log.contains(SECRET), "{log}");
        }
    }
}
