//! Access tokens at an API: the vectors, the keys and their rotation, and who is at fault.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::sync::{Arc, Mutex};

use authstile::oauth::access_token::AccessTokenError;
use authstile::{ApiTokenError, ApiTokens, ApiTokensBuilder, ConfigError, TransportError};
use authstile_testkit::{FakeTransport, FixedClock};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

const ISSUER: &str = "https://as.example";
const NOW: i64 = 1_758_692_838;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../authstile-scalekit/tests/data/scalekit.json")).unwrap()
}

/// An issuer whose keys and algorithms a test can change, and which it can switch off.
#[derive(Clone)]
struct Issuer(Arc<Mutex<State>>);

struct State {
    issuer: String,
    keys: Value,
    algorithms: Value,
    up: bool,
}

impl Issuer {
    fn new(issuer: &str, keys: Value, algorithms: Value) -> (Self, FakeTransport) {
        let this = Self(Arc::new(Mutex::new(State { issuer: issuer.to_owned(), keys, algorithms, up: true })));
        let state = this.0.clone();
        let transport = FakeTransport::fallible(move |request| {
            let state = state.lock().unwrap();
            if !state.up {
                return Err(TransportError::Timeout);
            }
            let body = match request.uri().path() {
                "/.well-known/openid-configuration" => json!({
                    "issuer": state.issuer,
                    "jwks_uri": format!("{}/keys", state.issuer),
                    "id_token_signing_alg_values_supported": state.algorithms,
                }),
                "/keys" => state.keys.clone(),
                other => panic!("nobody should ask for {other}"),
            };
            Ok(Response::new(Bytes::from(body.to_string())))
        });
        (this, transport)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }
}

/// A key of the test's own.
struct Signer {
    kid: &'static str,
    key: Ed25519KeyPair,
}

impl Signer {
    fn new(kid: &'static str, seed: u8) -> Self {
        Self { kid, key: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap() }
    }

    fn keys(signers: &[&Self]) -> Value {
        let jwk = |signer: &&Self| {
            let x = URL_SAFE_NO_PAD.encode(signer.key.public_key().as_ref());
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": signer.kid, "use": "sig", "alg": "EdDSA", "x": x })
        };
        json!({ "keys": signers.iter().map(jwk).collect::<Vec<_>>() })
    }

    fn sign(&self, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "EdDSA", "kid": self.kid, "typ": "at+jwt" });
        let input = format!("{}.{}", encode(&header), encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}

fn claims(issuer: &str) -> Value {
    json!({ "iss": issuer, "sub": "user-1", "client_id": "app-1", "aud": "api", "exp": NOW + 300, "jti": "1", "scope": "read" })
}

fn builder(transport: &FakeTransport) -> (ApiTokensBuilder, FixedClock) {
    let clock = FixedClock::at(NOW);
    (ApiTokens::builder(ISSUER).audience("api").transport(transport.clone()).clock(clock.clone()), clock)
}

fn one_issuer(signer: &Signer) -> (ApiTokens, Issuer, FakeTransport, FixedClock) {
    let (issuer, transport) = Issuer::new(ISSUER, Signer::keys(&[signer]), json!(["EdDSA"]));
    let (builder, clock) = builder(&transport);
    (builder.build().unwrap(), issuer, transport, clock)
}

#[tokio::test]
async fn every_vector_gets_the_verdict_that_is_stated() {
    let vectors = vectors();
    let tokens = &vectors["tokens"];
    let mut seen = 0;
    for vector in tokens["access_tokens"].as_array().unwrap() {
        let name = &vector["name"];
        let options = &vector["options"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (_, transport) = Issuer::new(&text(&options["issuer"]), tokens["jwks"].clone(), json!(["RS256"]));
        let mut builder = ApiTokens::builder(text(&options["issuer"]))
            .transport(transport)
            .clock(FixedClock::at(tokens["context"]["now"].as_i64().unwrap()));
        for audience in options["audience"].as_array().unwrap() {
            builder = builder.audience(text(audience));
        }
        let api = builder.build().unwrap();
        let scopes: Vec<String> = options["requiredScopes"].as_array().into_iter().flatten().map(text).collect();
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let verdict = api.verify_with_scopes(&text(&vector["token"]), &scopes).await;
        match vector["expect"].as_str().unwrap() {
            "accept" => assert_eq!(json!(verdict.unwrap().claims()), vector["claims"], "{name}"),
            _ => {
                let error = verdict.expect_err(&name.to_string());
                let expected = match name.as_str().unwrap() {
                    "m2m_missing_required_scope" => "insufficient_scope",
                    _ => "invalid_token",
                };
                assert_eq!(error.code(), expected, "{name}: {error}");
            }
        }
        seen += 1;
    }
    assert_eq!(seen, 8);
}

#[tokio::test]
async fn rotated_keys_are_found_without_a_restart() {
    let vectors = vectors();
    let rotation = &vectors["tokens"]["key_rotation"];
    let context = &vectors["tokens"]["context"];
    let issuer = context["issuer"].as_str().unwrap();
    let (provider, transport) = Issuer::new(issuer, rotation["jwks_before"].clone(), json!(["RS256"]));
    let api = ApiTokens::builder(issuer)
        .audience(context["client_id"].as_str().unwrap())
        .transport(transport.clone())
        .clock(FixedClock::at(context["now"].as_i64().unwrap()))
        .build()
        .unwrap();
    let (old, new) = (rotation["token_old_key"].as_str().unwrap(), rotation["token_new_key"].as_str().unwrap());
    api.verify(old).await.unwrap();
    provider.change(|state| state.keys = rotation["jwks_after"].clone());
    api.verify(new).await.unwrap();
    assert_eq!(api.verify(old).await.unwrap_err().code(), "invalid_token", "the old key is gone");
    assert_eq!(transport.count("/keys"), 2, "the old token may not make us ask a third time at once");
}

#[tokio::test]
async fn keys_are_fetched_once_for_all_and_again_at_most_every_half_minute() {
    let (known, unknown) = (Signer::new("1", 1), Signer::new("2", 2));
    let (api, _, transport, clock) = one_issuer(&known);
    let token = known.sign(&claims(ISSUER));
    let together = (0..20).map(|_| {
        tokio::spawn({
            let (api, token) = (api.clone(), token.clone());
            async move { api.verify(&token).await.map(|_| ()) }
        })
    });
    for task in together.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    assert_eq!((transport.count("/.well-known/openid-configuration"), transport.count("/keys")), (1, 1));

    for _ in 0..10 {
        let error = api.verify(&unknown.sign(&claims(ISSUER))).await.unwrap_err();
        assert!(matches!(error, ApiTokenError::Invalid(AccessTokenError::Signature(_))), "{error}");
    }
    assert_eq!(transport.count("/keys"), 2);
    clock.advance(31);
    api.verify(&unknown.sign(&claims(ISSUER))).await.unwrap_err();
    assert_eq!(transport.count("/keys"), 3);
}

#[tokio::test]
async fn an_issuer_that_is_down_stops_nobody_whose_key_is_known() {
    let (known, unknown) = (Signer::new("1", 1), Signer::new("2", 2));
    let (api, issuer, _, clock) = one_issuer(&known);
    let living = |seconds: i64| {
        let mut claims = claims(ISSUER);
        claims["exp"] = (NOW + seconds).into();
        claims
    };
    api.verify(&known.sign(&living(300))).await.unwrap();
    issuer.change(|state| state.up = false);
    clock.advance(3600);
    api.verify(&known.sign(&living(4000))).await.unwrap();

    for _ in 0..2 {
        let error = api.verify(&unknown.sign(&living(4000))).await.unwrap_err();
        assert!(matches!(error, ApiTokenError::Provider(_)), "nothing can be said about that one: {error}");
        assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(error.www_authenticate(None), None, "authenticating anew would not help");
    }
    issuer.change(|state| state.up = true);
    clock.advance(31);
    let error = api.verify(&unknown.sign(&living(4000))).await.unwrap_err();
    assert_eq!(error.code(), "invalid_token", "now it is known to be nobody's");
}

#[tokio::test]
async fn an_issuer_that_was_never_reached_is_asked_again() {
    let signer = Signer::new("1", 1);
    let (api, issuer, _, clock) = one_issuer(&signer);
    issuer.change(|state| state.up = false);
    let error = api.verify(&signer.sign(&claims(ISSUER))).await.unwrap_err();
    assert_eq!(error.code(), "temporarily_unavailable", "{error}");
    issuer.change(|state| state.up = true);
    // Not at once: whoever comes in the same moment would have to wait for it too.
    clock.advance(1);
    api.verify(&signer.sign(&claims(ISSUER))).await.unwrap();
}

#[tokio::test]
async fn another_name_of_the_issuer_is_accepted_when_it_is_given() {
    let signer = Signer::new("1", 1);
    let (_, transport) = Issuer::new(ISSUER, Signer::keys(&[&signer]), json!(["EdDSA"]));
    let resource = "https://as.example/resources/1";
    let strict = builder(&transport).0.build().unwrap();
    let error = strict.verify(&signer.sign(&claims(resource))).await.unwrap_err();
    assert!(matches!(error, ApiTokenError::Invalid(AccessTokenError::Issuer { .. })), "{error}");
    let both = builder(&transport).0.also_issuer(resource).build().unwrap();
    assert_eq!(both.verify(&signer.sign(&claims(resource))).await.unwrap().issuer().as_str(), resource);
    both.verify(&signer.sign(&claims(ISSUER))).await.unwrap();
}

#[tokio::test]
async fn keys_can_be_where_nobody_discovers_them() {
    let signer = Signer::new("1", 1);
    let (_, transport) = Issuer::new(ISSUER, Signer::keys(&[&signer]), json!([]));
    let configured = || builder(&transport).0.jwks_uri("https://as.example/keys");
    let token = signer.sign(&claims(ISSUER));
    let error = configured().build().unwrap().verify(&token).await.unwrap_err();
    assert!(matches!(error, ApiTokenError::Invalid(AccessTokenError::Signature(_))), "RS256 is the default: {error}");
    configured().algorithms(["EdDSA"]).build().unwrap().verify(&token).await.unwrap();
    assert_eq!(transport.count("/.well-known/openid-configuration"), 0);
}

#[tokio::test]
async fn scopes_of_the_builder_and_of_the_call_are_both_required() {
    let signer = Signer::new("1", 1);
    let (_, transport) = Issuer::new(ISSUER, Signer::keys(&[&signer]), json!(["EdDSA"]));
    let api = builder(&transport).0.scope("read").build().unwrap();
    let token = signer.sign(&claims(ISSUER));
    api.verify(&token).await.unwrap();
    let error = api.verify_with_scopes(&token, &["write", "odd\"scope"]).await.unwrap_err();
    assert_eq!(error.status(), StatusCode::FORBIDDEN);
    let header = error.www_authenticate(None).unwrap();
    assert_eq!(
        header,
        "Bearer realm=\"OAuth\", error=\"insufficient_scope\", \
         error_description=\"the access token is not good for this\", scope=\"read write oddscope\""
    );
}

#[tokio::test]
async fn a_request_shows_one_token_in_one_header() {
    let signer = Signer::new("1", 1);
    let (api, ..) = one_issuer(&signer);
    let token = signer.sign(&claims(ISSUER));
    let verdict = async |values: &[&[u8]]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        api.authenticate(&headers, &[]).await
    };
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
        verdict(&[format!("{scheme} {token}").as_bytes()]).await.unwrap();
    }
    let good = format!("Bearer {token}");
    let long = format!("Bearer {}", "a".repeat(64 * 1024 + 1));
    let cases: &[(&[&[u8]], &str)] = &[
        (&[], "missing_token"),
        (&[b"Basic dXNlcjpwYXNz"], "missing_token"),
        (&[b"Bearerx abc"], "missing_token"),
        (&[token.as_bytes()], "missing_token"),
        (&[b"Bearer"], "invalid_request"),
        (&[b"Bearer "], "invalid_request"),
        (&[b"Bearer ==="], "invalid_request"),
        (&[b"Bearer a b"], "invalid_request"),
        (&[b"Bearer a,b"], "invalid_request"),
        (&[b"Bearer \"a\""], "invalid_request"),
        (&[b"Bearer \xc3\xa4"], "invalid_request"),
        (&[good.as_bytes(), good.as_bytes()], "invalid_request"),
        (&[good.as_bytes(), b"Basic dXNlcjpwYXNz"], "invalid_request"),
        (&[long.as_bytes()], "invalid_request"),
        (&[b"Bearer opaque"], "invalid_token"),
    ];
    for (values, code) in cases {
        let error = verdict(values).await.unwrap_err();
        assert_eq!(error.code(), *code, "{error}");
    }
}

#[tokio::test]
async fn a_refusal_says_what_to_do_and_nothing_of_the_token() {
    let signer = Signer::new("1", 1);
    let (_, transport) = Issuer::new(ISSUER, Signer::keys(&[&signer]), json!(["EdDSA"]));
    let about = "https://api.example/.well-known/oauth-protected-resource";
    let api = builder(&transport).0.resource_metadata(about).build().unwrap();

    let missing = api.refusal(&ApiTokenError::Missing);
    assert_eq!(missing.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(missing.headers()[WWW_AUTHENTICATE], format!("Bearer realm=\"OAuth\", resource_metadata=\"{about}\""));

    for (name, value) in [
        ("iss", json!("https://marked.example")),
        ("aud", json!(["marked"])),
        ("scope", json!(["marked"])),
        ("exp", json!(NOW - 1000)),
        ("sub", json!({ "marked": 1 })),
    ] {
        let mut claims = claims(ISSUER);
        claims[name] = value;
        let token = signer.sign(&claims);
        let error = api.verify_with_scopes(&token, &["read"]).await.unwrap_err();
        let refusal = api.refusal(&error);
        assert_eq!(refusal.headers()[CACHE_CONTROL], "no-store");
        let challenge = refusal.headers()[WWW_AUTHENTICATE].to_str().unwrap();
        let body = std::str::from_utf8(refusal.body()).unwrap();
        assert!(challenge.contains(about), "{challenge}");
        assert!(challenge.contains(&format!("error=\"{}\"", error.code())), "{challenge}");
        let signature = token.rsplit('.').next().unwrap();
        for text in [challenge, body] {
            assert!(!text.contains("marked") && !text.contains(signature), "{text}");
        }
        assert!(!format!("{error} {error:?}").contains(signature));
    }
}

#[test]
fn what_cannot_work_is_said_when_it_is_built() {
    let transport = FakeTransport::new(|_| Response::default());
    let problem = |builder: ApiTokensBuilder| builder.transport(transport.clone()).build().unwrap_err().to_string();
    let good = || ApiTokens::builder(ISSUER).audience("api");
    assert!(problem(ApiTokens::builder(ISSUER)).contains("audience"));
    assert!(problem(good().audience("")).contains("audience"));
    assert!(problem(ApiTokens::builder("http://as.example").audience("api")).contains("https"));
    assert!(problem(good().also_issuer("as.example")).contains("issuer"));
    assert!(problem(good().scope("two words")).contains("scope"));
    assert!(problem(good().jwks_uri("http://as.example/keys")).contains("jwks_uri"));
    assert!(problem(good().resource_metadata("/relative")).contains("resource_metadata"));
    assert!(problem(good().algorithms(Vec::<String>::new())).contains("algorithms"));
    assert!(matches!(good().build(), Err(ConfigError::MissingTransport)));
}
