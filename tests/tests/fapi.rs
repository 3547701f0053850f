//! A relying party that keeps FAPI 2.0 (pushed requests, `private_key_jwt`, DPoP with nonces) and what becomes of its tokens:
//! introspected, exchanged, revoked; and of its keys when they are rotated.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use authstile::oauth::introspection::Introspection;
use authstile::oauth::jose::jws;
use authstile::oauth::jose::sign::SigningKey;
use authstile::oauth::token_exchange::TokenExchange;
use authstile::random::SystemRandom;
use authstile::{Auth, ClientKeys, Customize as _, KeepTokens, Provider, ProviderToken, SenderConstraint};
use authstile_idp::{Client, Feature, Idp, Misbehave, Mode, Recorded, SigningAlgorithm, User};
use authstile_testkit::{FixedClock, Page};
use authstile_tests::{APP, BASE, CLIENT_ID, House, IDP, NOW};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use serde_json::Value;

const ADA: &str = "ada@acme.example";
const API: &str = "https://api.example";

/// The engine whose key set is at `/api/auth/jwks/op` just now.
type Deployed = Arc<Mutex<Option<Auth>>>;

fn key(kid: &str) -> SigningKey {
    SigningKey::generate().unwrap().with_kid(kid)
}

/// A provider of the profile, which fetches the application's keys from where they are published.
fn provider(clock: &FixedClock, deployed: &Deployed) -> Idp {
    let (time, deployed) = (clock.clone(), deployed.clone());
    let client = Client::new(CLIENT_ID, "not used")
        .redirect_uri(format!("{BASE}/callback/op"))
        .private_key_jwt()
        .jwks_uri(format!("{BASE}/jwks/op"))
        .require_pushed_requests()
        .require_dpop();
    let features = [
        Feature::PushedRequests,
        Feature::RequirePushedRequests,
        Feature::Dpop,
        Feature::DpopNonce,
        Feature::TokenExchange,
    ];
    let idp = Idp::builder(IDP)
        .clock(move || time.seconds())
        .mode(Mode::FullStack)
        .signing_algorithm(SigningAlgorithm::Ps256)
        .authorization_response_iss()
        .key_source(move |uri| fetch(deployed.lock().unwrap().as_ref()?, uri))
        .client(client)
        .user(User::new(ADA).id("00u1ada").name("Ada Lovelace"));
    let idp = features.into_iter().fold(idp, |idp, feature| idp.feature(feature)).build();
    idp.auto_sign_in(Some(ADA));
    idp
}

/// `GET` of a key set, which waits for nothing.
fn fetch(auth: &Auth, uri: &str) -> Option<Value> {
    let path = uri.strip_prefix(APP)?;
    let request = Request::get(path).header("host", "localhost:3000").body(Bytes::new()).unwrap();
    let mut answer = pin!(auth.handle(request));
    match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) if answer.status() == 200 => serde_json::from_slice(answer.body()).ok(),
        _ => None,
    }
}

/// The application, and which deployment of it the provider asks for keys.
struct Stage {
    house: House,
    deployed: Deployed,
}

impl Stage {
    fn new(keys: impl Into<ClientKeys>) -> Self {
        let (clock, deployed) = (FixedClock::at(NOW), Deployed::default());
        let idp = provider(&clock, &deployed);
        let house = Self::engine(&idp, &clock, keys.into());
        *deployed.lock().unwrap() = Some(house.auth.clone());
        Self { house, deployed }
    }

    fn engine(idp: &Idp, clock: &FixedClock, keys: ClientKeys) -> House {
        let op = Provider::oidc("op", IDP)
            .register_with_keys(CLIENT_ID, keys)
            .fapi2()
            .sender_constraint(SenderConstraint::Dpop)
            .scope("openid profile email offline_access")
            .keep_tokens(KeepTokens::All);
        // Two deployments do not use the same `jti`.
        House::of(idp, clock, |builder| builder.random(SystemRandom).provider(op))
    }

    /// The next deployment of the application; its browsers stay.
    fn deploy(&mut self, keys: ClientKeys) {
        let House { idp, clock, .. } = &self.house;
        self.house = Self::engine(idp, clock, keys);
        *self.deployed.lock().unwrap() = Some(self.house.auth.clone());
        self.house.idp.clear_requests();
    }

    async fn sign_in(&mut self) -> bool {
        let browser = &mut self.house.browser;
        let mut page = browser.press_sign_in(BASE, "op", "/dash").await;
        while let Some(next) = page.location().filter(|next| next.path() != "/dash" && !next.path().contains("error")) {
            page = browser.get(next.as_str()).await;
        }
        self.house.session().await.is_object()
    }

    fn headers(&self) -> HeaderMap {
        let jar = self.house.browser.cookies("localhost");
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost:3000".parse().unwrap());
        headers.insert("cookie", cookies.join("; ").parse().unwrap());
        headers
    }

    async fn token(&self) -> ProviderToken {
        self.house.auth.access_token(&self.headers(), &"/".parse().unwrap()).await.unwrap().unwrap()
    }

    async fn introspect(&self, token: &ProviderToken) -> Introspection {
        self.house.auth.introspect("op", token.access_token.expose(), &[]).await.unwrap()
    }

    async fn sign_out(&mut self) -> Page {
        self.house.browser.press_sign_out(BASE).await
    }

    fn asked(&self, path: &str) -> Vec<Recorded> {
        self.house.idp.requests().into_iter().filter(|request| request.path == path).collect()
    }
}

fn field(asked: &Recorded, name: &str) -> Option<String> {
    asked.form.iter().find_map(|(known, value)| (known == name).then(|| value.clone()))
}

/// The thumbprint of the key that a token is bound to, as the token itself says.
fn bound_to(token: &ProviderToken) -> Value {
    jws::peek(token.access_token.expose()).unwrap()["cnf"]["jkt"].clone()
}

#[tokio::test]
async fn what_signing_out_revokes_is_dead_at_the_provider() {
    let mut stage = Stage::new(key("ours"));
    assert!(stage.sign_in().await);
    let token = stage.token().await;
    let active = stage.introspect(&token).await.active().expect("good until then");
    assert_eq!(active.client_id(), Some(CLIENT_ID));
    assert_eq!(active.key_thumbprint(), bound_to(&token).as_str());
    assert!(active.scopes().any(|scope| scope == "offline_access"));
    stage.sign_out().await;
    assert!(stage.house.session().await.is_null());
    let hints: Vec<_> = stage.asked("/revoke").iter().map(|asked| field(asked, "token_type_hint")).collect();
    assert_eq!(hints, [Some("refresh_token".to_owned()), Some("access_token".to_owned())]);
    assert_eq!(stage.introspect(&token).await, Introspection::Inactive);
    let refresh_token = field(&stage.asked("/revoke")[0], "token").unwrap();
    let again = stage.house.auth.introspect("op", &refresh_token, &[]).await.unwrap();
    assert_eq!(again, Introspection::Inactive, "the refresh token too");
}

#[tokio::test]
async fn a_provider_that_cannot_revoke_keeps_nobody_signed_in_here() {
    let mut stage = Stage::new(key("ours"));
    assert!(stage.sign_in().await);
    let token = stage.token().await;
    stage.house.idp.misbehave(Some(Misbehave::RevocationUnavailable));
    let page = stage.sign_out().await;
    assert!(page.status.is_redirection(), "{page:?}");
    assert!(stage.house.session().await.is_null());
    assert!(stage.introspect(&token).await.active().is_some(), "there it lives until it expires");
}

#[tokio::test]
async fn an_exchanged_token_is_for_another_api_and_bound_to_the_same_key() {
    let mut stage = Stage::new(key("ours"));
    assert!(stage.sign_in().await);
    let token = stage.token().await;
    let exchange = TokenExchange::new().audience(API).scope("profile");
    let uri = "/".parse().unwrap();
    let exchanged = stage.house.auth.exchange_token(&stage.headers(), &uri, &exchange).await.unwrap().unwrap();
    let claims = jws::peek(exchanged.token.access_token.expose()).unwrap();
    assert_eq!(claims["aud"], serde_json::json!([API]));
    assert_eq!(exchanged.scope.as_deref(), Some("profile"));
    assert_eq!(bound_to(&exchanged.token), bound_to(&token));
    assert!(exchanged.token.dpop_proof(&Method::GET, API, None).unwrap().is_some());
    // Of a token for somebody else we believe nothing, unless that is a name of ours.
    let (auth, text) = (&stage.house.auth, exchanged.token.access_token.expose());
    assert!(auth.introspect("op", text, &[]).await.is_err());
    assert!(auth.introspect("op", text, &[API]).await.unwrap().active().is_some());
    for wrong in [Misbehave::ExchangeOtherTokenType, Misbehave::ExchangeWithoutTokenType] {
        stage.house.idp.misbehave(Some(wrong));
        assert!(auth.exchange_token(&stage.headers(), &uri, &exchange).await.is_err(), "{wrong:?}");
    }
}

/// Which key signed the assertion of the last token request.
fn signed_by(stage: &Stage) -> String {
    let assertion = field(stage.asked("/oauth/token").last().unwrap(), "client_assertion").unwrap();
    let header = URL_SAFE_NO_PAD.decode(assertion.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

/// The four steps of `ClientKeys`, with a provider that fetches the keys from us.
#[tokio::test]
async fn keys_are_rotated_without_anybody_noticing() {
    let pems = |kid: &str| key(kid).pkcs8().to_vec();
    let (old, new) = (pems("old"), pems("new"));
    let read = |kid: &str, der: &[u8]| SigningKey::from_pkcs8(der).unwrap().with_kid(kid);
    let (old, new) = (|| read("old", &old), || read("new", &new));
    let mut stage = Stage::new(old());
    assert!(stage.sign_in().await);
    for (keys, signer) in [
        (ClientKeys::from(old()).and(new()), "old"),
        (ClientKeys::from(new()).and(old()), "new"),
        (ClientKeys::from(new()), "new"),
    ] {
        stage.deploy(keys);
        assert!(stage.sign_in().await);
        assert_eq!(signed_by(&stage), signer);
    }
}

#[tokio::test]
async fn a_key_that_is_not_published_proves_nothing() {
    let mut stage = Stage::new(key("ours"));
    let House { idp, clock, .. } = &stage.house;
    // Not the deployment that the provider asks for keys.
    stage.house = Stage::engine(idp, clock, key("ours").into());
    assert!(!stage.sign_in().await);
    assert_eq!(stage.asked("/oauth/par").len(), 1);
    assert!(stage.asked("/oauth/authorize").is_empty(), "nobody leaves");
    // Nor does one where the key set cannot be fetched.
    *stage.deployed.lock().unwrap() = None;
    assert!(!stage.sign_in().await);
}
