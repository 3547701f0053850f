//! How a session is ended, here and there; and what a page may ask of it before.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

mod everywhere;
mod front_channel;
mod list;
mod step_up;

use std::net::IpAddr;

use authstile::clock::UnixTime;
use authstile::credentials::{CredentialField, CredentialsError, CredentialsInput};
use authstile::provider::Provider;
use authstile::seal::{Sealer, Secrets};
use authstile::{
    Auth, AuthBuilder, Authorize, BoxFuture, ClientAddress, CredentialsProvider, Registration, RevocationKey, User,
};
use authstile_testkit::{Browser, FakeTransport, FixedClock, Page, SeededRandom, TEST_SECRET};
use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

const APP: &str = "http://app.localhost:3000";
const BASE: &str = "http://app.localhost:3000/auth";
const HOST: &str = "app.localhost";
const ISSUER: &str = "https://login.example";
const SESSION: &str = "authjs.session-token";
const NOW: i64 = 1_767_225_600;

/// An engine with one provider, and with passwords that are all right.
fn engine(configure: impl FnOnce(AuthBuilder) -> AuthBuilder) -> (Auth, FixedClock) {
    let clock = FixedClock::at(NOW);
    let transport = FakeTransport::new(|request| match request.uri().path() {
        "/.well-known/openid-configuration" => Response::new(Bytes::from(
            json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/authorize"),
                "token_endpoint": format!("{ISSUER}/token"),
                "jwks_uri": format!("{ISSUER}/keys"),
                "end_session_endpoint": format!("{ISSUER}/logout"),
            })
            .to_string(),
        )),
        path => panic!("nobody has anything at {path}"),
    });
    let builder = Auth::builder()
        .secret(TEST_SECRET)
        .url(APP)
        .base_path("/auth")
        .clock(clock.clone())
        .random(SeededRandom::new(7))
        .transport(transport)
        .credentials(CredentialsProvider::new([CredentialField::text("username", "Name")], EverybodyIsThemselves));
    (configure(builder).build().unwrap(), clock)
}

fn acme() -> Registration {
    Provider::oidc("acme", ISSUER).register("client", "secret")
}

#[derive(Debug)]
struct EverybodyIsThemselves;

impl Authorize for EverybodyIsThemselves {
    fn authorize<'a>(&'a self, input: CredentialsInput) -> BoxFuture<'a, Result<Option<User>, CredentialsError>> {
        let name = input.get("username").unwrap_or_default().to_owned();
        let email = Some(format!("{name}@acme.example"));
        Box::pin(std::future::ready(Ok(Some(User { id: name, email, ..User::default() }))))
    }
}

/// A browser at an address.
fn browser(auth: &Auth) -> Browser {
    let mut browser = Browser::new();
    let auth = auth.clone();
    browser.site(APP, move |mut request| {
        request.extensions_mut().insert(ClientAddress(IpAddr::from([192, 0, 2, 7])));
        let auth = auth.clone();
        async move { auth.handle(request).await }
    });
    browser
}

/// Signs somebody in with their name, in a browser that calls itself something.
async fn sign_in(browser: &mut Browser, name: &str, user_agent: &str) {
    let token = browser.csrf_token(BASE).await;
    let form = [("csrfToken", token.as_str()), ("username", name), ("callbackUrl", "/")];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", APP), ("user-agent", user_agent)];
    let page = browser.send(http::Method::POST, &format!("{BASE}/callback/credentials"), &headers, body.into()).await;
    assert_eq!(location(&page), format!("{APP}/"), "{page:?}");
}

/// Presses a button: a form with a token.
async fn press(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let token = browser.csrf_token(BASE).await;
    let fields: Vec<_> = [("csrfToken", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
    browser.post(&format!("{BASE}/{path}"), &fields).await
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    !browser.session(BASE).await.is_null()
}

fn location(page: &Page) -> String {
    page.location().map(String::from).unwrap_or_default()
}

fn seal(salt: &str, claims: Value) -> String {
    let Value::Object(claims) = claims else { panic!("claims are an object") };
    let sealer = Sealer::new(&Secrets::new([TEST_SECRET]), salt).unwrap();
    sealer.seal(claims, 24 * 3600, UnixTime::from_seconds(NOW), &SeededRandom::new(3)).unwrap()
}

/// Puts the session of somebody into a browser who came from that session at the provider, and proved themselves so.
fn came_from(browser: &mut Browser, provider: &str, sid: &str, authentication: Value) {
    let keys = [
        RevocationKey::subject(ISSUER, "sub"),
        RevocationKey::provider_session(ISSUER, sid),
        RevocationKey::session("own"),
        RevocationKey::user("ada"),
    ];
    let mut facts = json!({ "id": "own", "provider": provider, "at": NOW * 1000, "keys": keys });
    if !authentication.is_null() {
        facts["how"] = authentication;
    }
    let claims = json!({ "sub": "ada", "email": "ada@acme.example", "authstile": facts });
    browser.set_cookie(HOST, SESSION, &seal(SESSION, claims));
}
