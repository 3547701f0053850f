//! Where the engine is deployed: several origins in one process, behind proxies, below a path, as a preview.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

mod previews;
mod proxies;
mod tenants;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use authstile::credentials::{CredentialField, CredentialsError, CredentialsInput};
use authstile::mail::{MailError, MailProof, Mailer, SignInMail};
use authstile::provider::{GET, OAUTH2, Provider, UserInfoRequest};
use authstile::{
    Auth, AuthBuilder, Authorize, BoxFuture, CredentialsProvider, PeerAddress, Registration, Transport, User,
};
use authstile_testkit::{Browser, FakeTransport, FixedClock, Page, SeededRandom, TEST_SECRET};
use bytes::Bytes;
use http::{HeaderMap, Response, Uri};
use url::Url;

const NOW: i64 = 1_767_225_600;

/// A provider of plain OAuth 2.0.
fn card() -> Provider {
    Provider {
        id: "acme",
        name: "Acme",
        authorization: Some("https://login.example/authorize"),
        token: Some("https://login.example/token"),
        userinfo: &[UserInfoRequest { url: Some("https://login.example/me"), ..GET }],
        profile: authstile::profile::ProfileMap {
            id: "/id",
            name: "/name",
            email: "/email",
            ..authstile::profile::NOTHING
        },
        ..OAUTH2
    }
}

fn acme() -> Registration {
    card().register("client", "secret")
}

/// The provider's own side: one person, and what it was asked to exchange.
#[derive(Debug, Clone, Default)]
struct LoginExample(Arc<Mutex<Vec<HashMap<String, String>>>>);

impl LoginExample {
    fn network(&self) -> FakeTransport {
        let asked = self.0.clone();
        FakeTransport::new(move |request| {
            let body = match request.uri().path() {
                "/token" => {
                    let form = form_urlencoded::parse(request.body()).into_owned().collect();
                    asked.lock().unwrap().push(form);
                    r#"{"access_token":"t","token_type":"bearer"}"#
                }
                "/me" => r#"{"id":"7","name":"Ada","email":"ada@acme.example"}"#,
                other => panic!("nobody answers at {other}"),
            };
            Response::builder().header("content-type", "application/json").body(Bytes::from(body)).unwrap()
        })
    }

    /// The last token request.
    fn exchanged(&self) -> HashMap<String, String> {
        self.0.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

/// Knows Ada.
#[derive(Debug)]
struct OnePassword;

impl Authorize for OnePassword {
    fn authorize<'a>(&'a self, input: CredentialsInput) -> BoxFuture<'a, Result<Option<User>, CredentialsError>> {
        let ada = || User { id: "ada".into(), email: Some("ada@acme.example".into()), ..User::default() };
        let known = input.get("password") == Some("opensesame");
        Box::pin(std::future::ready(Ok(known.then(ada))))
    }
}

fn password() -> CredentialsProvider {
    CredentialsProvider::new([CredentialField::password("password", "Password")], OnePassword)
}

/// Keeps what it is given to send.
#[derive(Debug, Clone, Default)]
struct Outbox(Arc<Mutex<Vec<SignInMail>>>);

impl Mailer for Outbox {
    fn send<'a>(&'a self, mail: &'a SignInMail, _: &'a dyn Transport) -> BoxFuture<'a, Result<(), MailError>> {
        self.0.lock().unwrap().push(mail.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Outbox {
    fn last(&self) -> SignInMail {
        self.0.lock().unwrap().last().expect("a mail").clone()
    }

    fn link(&self) -> Url {
        match self.last().proof {
            MailProof::Link(link) => link.parse().unwrap(),
            other => panic!("no link: {other:?}"),
        }
    }
}

/// An engine on a network where only the provider lives.
fn engine(configure: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Auth {
    let builder = Auth::builder()
        .secret(TEST_SECRET)
        .clock(FixedClock::at(NOW))
        .random(SeededRandom::new(7))
        .transport(LoginExample::default().network());
    configure(builder).build().expect("an engine")
}

/// A browser for which the engine lives at these origins.
fn browser(auth: &Auth, origins: &[&str]) -> Browser {
    let mut browser = Browser::new();
    for origin in origins {
        live(&mut browser, auth, origin);
    }
    browser
}

fn live(browser: &mut Browser, auth: &Auth, origin: &str) {
    let auth = auth.clone();
    browser.site(origin, move |request| {
        let auth = auth.clone();
        async move { auth.handle(request).await }
    });
}

/// Signs Ada in with her password.
async fn sign_in(browser: &mut Browser, origin: &str) -> Page {
    let base = format!("{origin}/api/auth");
    let token = browser.csrf_token(&base).await;
    let fields = [("csrfToken", token.as_str()), ("callbackUrl", "/dash"), ("password", "opensesame")];
    browser.post(&format!("{base}/callback/credentials"), &fields).await
}

/// Carries all cookies from one host to another, as somebody can with their own.
fn carry(browser: &mut Browser, from: &str, to: &str) {
    for (name, value) in browser.cookies(from).to_vec() {
        browser.set_cookie(to, &name, &value);
    }
}

fn location(page: &Page) -> String {
    page.location().map(String::from).unwrap_or_default()
}

fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
    }
    headers
}

/// What a peer gets that asks for a path with these headers.
async fn ask(auth: &Auth, peer: Option<&str>, path: &str, pairs: &[(&str, &str)]) -> Response<Bytes> {
    let mut request = http::Request::get(path).body(Bytes::new()).unwrap();
    *request.headers_mut() = headers(pairs);
    if let Some(peer) = peer {
        request.extensions_mut().insert(PeerAddress(peer.parse::<IpAddr>().unwrap()));
    }
    auth.handle(request).await
}

/// The address of the provider's callback, as `GET /providers` has it; or the status, where there is none.
async fn callback_url(auth: &Auth, peer: Option<&str>, pairs: &[(&str, &str)]) -> Result<String, u16> {
    let answer = ask(auth, peer, &format!("{}/providers", auth.base_path()), pairs).await;
    let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    body["acme"]["callbackUrl"].as_str().map(str::to_owned).ok_or(answer.status().as_u16())
}

fn here() -> Uri {
    Uri::from_static("/dash")
}
