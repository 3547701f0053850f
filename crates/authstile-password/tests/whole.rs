//! A whole sign-in: a browser, the engine, the form.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is a failure")]

mod common;

use std::sync::{Arc, Mutex};

use authstile::mail::{MailError, MailProof, Mailer, SignInMail};
use authstile::{Auth, BoxFuture, EmailProvider, MemoryStore, Transport};
use authstile_password::PasswordSignIn;
use authstile_testkit::{Browser, FakeTransport, FixedClock, SeededRandom, TEST_SECRET};
use bytes::Bytes;
use common::{ADDRESS, PASSWORD, ada, cheap, over, prove};
use http::{HeaderMap, HeaderValue, Response, header};
use serde_json::json;

const ORIGIN: &str = "http://app.localhost:3000";
const BASE: &str = "http://app.localhost:3000/api/auth";
const HOST: &str = "app.localhost";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kept {
    Cookies,
    Database,
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

fn site(store: &MemoryStore, passwords: &PasswordSignIn, kept: Kept) -> (Auth, Browser) {
    site_with_mail(store, passwords, kept, &Outbox::default())
}

fn site_with_mail(store: &MemoryStore, passwords: &PasswordSignIn, kept: Kept, outbox: &Outbox) -> (Auth, Browser) {
    let builder = Auth::builder()
        .secret(TEST_SECRET)
        .url(ORIGIN)
        .store(store.clone())
        .email(EmailProvider::new("email", outbox.clone()))
        .credentials(passwords.provider())
        .transport(FakeTransport::new(|_| Response::new(Bytes::new())))
        .clock(FixedClock::at(1_767_225_600))
        .random(SeededRandom::new(7));
    let builder = if kept == Kept::Cookies { builder.sessions_in_cookies() } else { builder };
    let auth = builder.build().unwrap();
    (auth.clone(), browser(&auth))
}

fn browser(auth: &Auth) -> Browser {
    let (auth, mut browser) = (auth.clone(), Browser::new());
    browser.site(ORIGIN, move |request| {
        let auth = auth.clone();
        async move { auth.handle(request).await }
    });
    browser
}

async fn sign_in(browser: &mut Browser, email: &str, password: &str) -> String {
    let token = browser.csrf_token(BASE).await;
    let fields = [("csrfToken", &*token), ("email", email), ("password", password), ("callbackUrl", "/home")];
    let page = browser.post(&format!("{BASE}/callback/credentials"), &fields).await;
    assert!(page.status.is_redirection(), "{page:?}");
    page.location().unwrap().to_string()
}

fn cookies(browser: &Browser) -> HeaderMap {
    let jar: Vec<_> = browser.cookies(HOST).iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static("app.localhost:3000"));
    headers.insert(header::COOKIE, jar.join("; ").parse().unwrap());
    headers
}

#[tokio::test]
async fn people_sign_in_with_their_password() {
    for kept in [Kept::Cookies, Kept::Database] {
        let store = MemoryStore::new();
        let id = ada(&store).await;
        let (auth, mut browser) = site(&store, &over(&store), kept);
        let page = browser.get(&format!("{BASE}/signin")).await;
        for part in ["name=\"email\"", "type=\"email\"", "name=\"password\"", "type=\"password\"", "current-password"] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        for (email, password) in [(ADDRESS, "wrong horse battery"), ("eve@acme.example", PASSWORD), ("", "")] {
            let to = sign_in(&mut browser, email, password).await;
            assert!(to.contains("error=CredentialsSignin") && to.contains("code=credentials"), "{to}");
            assert!(!to.contains("horse"));
            assert_eq!(browser.session(BASE).await, json!(null), "{kept:?}");
        }
        assert_eq!(sign_in(&mut browser, "Ada@Acme.example", PASSWORD).await, format!("{ORIGIN}/home"));
        let session = browser.session(BASE).await;
        assert_eq!((&session["user"]["name"], &session["user"]["email"]), (&json!("Ada"), &json!(ADDRESS)), "{kept:?}");
        assert_eq!(auth.sessions_of(&id).await.unwrap().len(), usize::from(kept == Kept::Database));
    }
}

#[tokio::test]
async fn after_a_change_the_other_sessions_are_ended() {
    for kept in [Kept::Cookies, Kept::Database] {
        let store = MemoryStore::new();
        let id = ada(&store).await;
        let passwords = over(&store);
        let (auth, mut here) = site(&store, &passwords, kept);
        let mut elsewhere = browser(&auth);
        sign_in(&mut here, ADDRESS, PASSWORD).await;
        sign_in(&mut elsewhere, ADDRESS, PASSWORD).await;

        passwords.change_password(&id, PASSWORD, "another horse battery").await.unwrap();
        let headers = cookies(&here);
        let uri = http::Uri::from_static("/settings");
        for cookie in auth.end_other_sessions(&headers, &uri).await.unwrap() {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            here.set_cookie(HOST, name, value);
        }
        assert_eq!(here.session(BASE).await["user"]["name"], "Ada", "{kept:?}");
        assert_eq!(elsewhere.session(BASE).await, json!(null), "{kept:?}");
        assert!(sign_in(&mut elsewhere, ADDRESS, PASSWORD).await.contains("CredentialsSignin"));
        assert_eq!(sign_in(&mut elsewhere, ADDRESS, "another horse battery").await, format!("{ORIGIN}/home"));
    }
}

#[tokio::test]
async fn codes_reach_the_page() {
    let store = MemoryStore::new();
    let passwords = PasswordSignIn::new(store.clone()).cost(cheap());
    passwords.register(ADDRESS, None, PASSWORD).await.unwrap();
    let (_, mut browser) = site(&store, &passwords, Kept::Database);
    assert!(sign_in(&mut browser, ADDRESS, PASSWORD).await.contains("code=unverified"));
    assert!(sign_in(&mut browser, ADDRESS, "wrong horse battery").await.contains("code=credentials"));
}

/// Asks for a link and opens it; where that leads.
async fn sign_in_by_mail(browser: &mut Browser, outbox: &Outbox) -> String {
    let token = browser.csrf_token(BASE).await;
    let fields = [("csrfToken", &*token), ("callbackUrl", "/home"), ("email", ADDRESS)];
    browser.post(&format!("{BASE}/signin/email"), &fields).await;
    let Some(mail) = outbox.0.lock().unwrap().pop() else { return "no mail".to_owned() };
    let MailProof::Link(link) = &mail.proof else { panic!("{mail:?}") };
    let page = browser.get(&link.to_string()).await;
    let names = ["csrfToken", "callbackUrl", "token", "email"];
    let fields = names.map(|name| (name, page.field(name).unwrap_or_default()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
    let page = browser.post(&format!("{BASE}/callback/email"), &fields).await;
    page.location().map(|url| url.to_string()).unwrap_or(page.body)
}

/// Somebody registers with the address of another, and waits until that one comes by mail.
#[tokio::test]
async fn nobody_shares_an_account_with_whoever_registered_their_address() {
    let (store, outbox) = (MemoryStore::new(), Outbox::default());
    let passwords = over(&store);
    let (auth, mut stranger) = site_with_mail(&store, &passwords, Kept::Database, &outbox);
    let mut ada = browser(&auth);
    let id = passwords.register(ADDRESS, None, "the stranger's choice").await.unwrap().id;
    let to = sign_in_by_mail(&mut ada, &outbox).await;
    assert!(!to.ends_with("/home") && ada.session(BASE).await.is_null(), "{to}");
    // She says that she forgot her password, and proves by mail who she is.
    passwords.set_password(&id, PASSWORD).await.unwrap();
    prove(&store, &id).await;
    assert!(sign_in(&mut stranger, ADDRESS, "the stranger's choice").await.contains("CredentialsSignin"));
    assert_eq!(sign_in_by_mail(&mut ada, &outbox).await, format!("{ORIGIN}/home"));
    assert_eq!(sign_in(&mut browser(&auth), ADDRESS, PASSWORD).await, format!("{ORIGIN}/home"));
}
