//! Signing in by mail: links and codes, what uses them up, and who is let in by them.

use std::sync::{Arc, Mutex};

use authstile::mail::{MailError, MailProof, Mailer, SignInMail};
use authstile::store::{Accounts as _, NewUser, Quota};
use authstile::{
    Account, AccountKind, Auth, AuthBuilder, BoxFuture, ClientAddress, ConfigError, EmailProvider, LinkPolicy,
    MemoryStore, Transport, UnverifiedAddresses,
};
use authstile_testkit::{FakeTransport, Page, TEST_SECRET};
use authstile_tests::{APP, BASE, House, scalekit};
use serde_json::Value;

/// Keeps what it is given to send.
#[derive(Debug, Clone, Default)]
struct Outbox(Arc<Mutex<Vec<SignInMail>>>, Option<MailError>);

impl Mailer for Outbox {
    fn send<'a>(&'a self, mail: &'a SignInMail, _: &'a dyn Transport) -> BoxFuture<'a, Result<(), MailError>> {
        self.0.lock().unwrap().push(mail.clone());
        Box::pin(std::future::ready(self.1.clone().map_or(Ok(()), Err)))
    }
}

impl Outbox {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn last(&self) -> SignInMail {
        self.0.lock().unwrap().last().expect("a mail").clone()
    }

    fn link(&self) -> String {
        match self.last().proof {
            MailProof::Link(link) => link,
            _ => panic!("no link"),
        }
    }

    fn code(&self) -> String {
        match self.last().proof {
            MailProof::Code(code) => code,
            _ => panic!("no code"),
        }
    }
}

struct Post {
    house: House,
    store: MemoryStore,
    outbox: Outbox,
}

impl Post {
    fn new() -> Self {
        Self::with(|email| email, |builder| builder)
    }

    fn with(
        email: impl FnOnce(EmailProvider) -> EmailProvider,
        configure: impl FnOnce(AuthBuilder) -> AuthBuilder,
    ) -> Self {
        let (store, outbox) = (MemoryStore::new(), Outbox::default());
        let provider = email(EmailProvider::new("email", outbox.clone()));
        let house = House::with(|builder| configure(builder.provider(scalekit()).email(provider).store(store.clone())));
        Self { house, store, outbox }
    }

    async fn ask(&mut self, address: &str) -> Page {
        let token = self.house.browser.csrf_token(BASE).await;
        let fields = [("csrfToken", token.as_str()), ("callbackUrl", "/dash"), ("email", address)];
        self.house.browser.post(&format!("{BASE}/signin/email"), &fields).await
    }

    /// Opens the last link and presses the button.
    async fn open(&mut self) -> Page {
        let link = self.outbox.link();
        press(&mut self.house, &link).await
    }
}

async fn press(house: &mut House, link: &str) -> Page {
    let page = house.browser.get(link).await;
    assert_eq!(page.status, 200, "{page:?}");
    let fields: Vec<(String, String)> = ["csrfToken", "callbackUrl", "token", "email"]
        .into_iter()
        .map(|name| (name.to_owned(), page.field(name).unwrap_or_else(|| panic!("no {name}: {}", page.body))))
        .collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    house.browser.post(&format!("{BASE}/callback/email"), &fields).await
}

fn location(page: &Page) -> String {
    page.location().map(String::from).unwrap_or_default()
}

#[tokio::test]
async fn a_link_signs_in_once_and_only_by_its_button() {
    let mut post = Post::new();
    let sent = post.ask(" Ada@New.example ").await;
    assert_eq!(location(&sent), format!("{BASE}/verify-request?provider=email&type=email"));
    assert_eq!(post.outbox.last().to, "ada@new.example");
    let link = post.outbox.link();
    let start = format!("{BASE}/callback/email?callbackUrl=http%3A%2F%2Flocalhost%3A3000%2Fdash&token=");
    assert!(link.starts_with(&start) && link.ends_with("&email=ada%40new.example"), "Auth.js's form: {link}");
    for _ in 0..3 {
        let mut scanner = post.house.visitor();
        assert_eq!(scanner.browser.get(&link).await.status, 200, "whoever looks after the mailbox opens it");
    }
    assert_eq!(location(&post.open().await), format!("{APP}/dash"));
    assert_eq!(post.house.session().await["user"]["email"], "ada@new.example");
    let person = post.store.find_user_by_email("ada@new.example").await.unwrap().unwrap();
    assert!(person.email_verified.is_some());
    assert!(post.store.accounts_of(&person.id).await.unwrap().is_empty(), "an address is no account");

    let mut thief = post.house.visitor();
    let used = press(&mut thief, &link).await;
    assert_eq!(location(&used), format!("{BASE}/error?error=Verification"));
    assert_eq!(thief.session().await, Value::Null);
}

#[tokio::test]
async fn a_link_works_in_another_browser_and_not_after_its_time() {
    let mut post = Post::new();
    post.ask("ada@new.example").await;
    let link = post.outbox.link();
    let mut phone = post.house.visitor();
    assert_eq!(location(&press(&mut phone, &link).await), format!("{APP}/dash"));
    post.ask("ada@new.example").await;
    post.house.clock.advance(24 * 60 * 60);
    assert_eq!(location(&post.open().await), format!("{BASE}/error?error=Verification"));
}

// Advisories: CVE-2021-21310.
#[tokio::test]
async fn token_and_address_belong_together() {
    let mut post = Post::new();
    post.ask("ada@new.example").await;
    let right = post.outbox.link();
    for wrong in [
        right.replace("ada%40new", "eve%40new"),
        right.replace("token=", "token=0"),
        right.replace("email=ada%40new.example", "email=ADA%40new.example"),
    ] {
        assert_eq!(
            location(&press(&mut post.house, &wrong).await),
            format!("{BASE}/error?error=Verification"),
            "{wrong}"
        );
    }
    let bare = post.house.browser.get(&format!("{BASE}/callback/email")).await;
    assert_eq!(location(&bare), format!("{BASE}/error?error=Verification"));
    assert_eq!(location(&press(&mut post.house, &right).await), format!("{APP}/dash"), "nothing was used up");
}

#[tokio::test]
async fn another_site_cannot_press_the_button() {
    let mut post = Post::new();
    post.ask("eve@new.example").await;
    let link = post.outbox.link();
    let page = post.house.browser.get(&link).await;
    let token = page.field("token").unwrap();
    let body = format!("token={token}&email=eve%40new.example");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let forged =
        post.house.browser.send(http::Method::POST, &format!("{BASE}/callback/email"), &headers, body.into()).await;
    assert!(location(&forged).contains("MissingCSRF"), "{forged:?}");
    assert_eq!(post.house.session().await, Value::Null);
}

// Advisories: GHSA-5jpx-9hw9-2fx4, CVE-2022-35924.
#[tokio::test]
async fn no_mail_goes_to_what_could_be_two_addresses() {
    let mut post = Post::new();
    for hostile in
        ["a@evil.example@acme.example", "ada@acme.example,eve@evil.example", "\"a@b\"@acme.example", "", "ada"]
    {
        let page = post.ask(hostile).await;
        assert!(location(&page).contains("/signin?error="), "{hostile}: {page:?}");
    }
    assert_eq!(post.outbox.count(), 0);
}

#[tokio::test]
async fn one_address_and_one_client_get_so_many_mails() {
    let mut post = Post::new();
    for _ in 0..5 {
        assert!(location(&post.ask("ada@new.example").await).contains("verify-request"));
    }
    let refused = post.ask("ada@new.example").await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.headers.contains_key("retry-after") && refused.body.contains("Too many attempts"), "{refused:?}");
    assert_eq!(post.outbox.count(), 5);
    assert!(location(&post.ask("eve@new.example").await).contains("verify-request"), "others are not concerned");
    post.house.clock.advance(180);
    assert!(location(&post.ask("ada@new.example").await).contains("verify-request"));

    // By client: an IPv6 customer has a whole /64.
    let store = MemoryStore::new();
    let provider = EmailProvider::new("email", Outbox::default()).limit_by_client(Quota { burst: 2, seconds: 60 });
    let auth = Auth::builder()
        .secret(TEST_SECRET)
        .url(APP)
        .transport(FakeTransport::new(|_| http::Response::new(bytes::Bytes::new())))
        .email(provider)
        .store(store)
        .build()
        .unwrap();
    let ask = async |address: &str, number: u32| {
        let csrf = http::Request::get("/api/auth/csrf").header("host", "localhost:3000").body(bytes::Bytes::new());
        let csrf = auth.handle(csrf.unwrap()).await;
        let cookie = csrf.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let token: Value = serde_json::from_slice(csrf.body()).unwrap();
        let body = format!("csrfToken={}&email=a{number}%40new.example", token["csrfToken"].as_str().unwrap());
        let mut request = http::Request::post("/api/auth/signin/email")
            .header("host", "localhost:3000")
            .header("cookie", cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(bytes::Bytes::from(body))
            .unwrap();
        request.extensions_mut().insert(ClientAddress(address.parse().unwrap()));
        let answer = auth.handle(request).await;
        if answer.status() == 429 {
            return "429".to_owned();
        }
        answer.headers()["location"].to_str().unwrap().to_owned()
    };
    assert!(ask("2001:db8:1:2::1", 1).await.contains("verify-request"));
    assert!(ask("2001:db8:1:2:ffff::1", 2).await.contains("verify-request"));
    assert_eq!(ask("2001:db8:1:2:3::1", 3).await, "429");
    assert!(ask("2001:db8:1:3::1", 4).await.contains("verify-request"));
    assert!(ask("::ffff:192.0.2.1", 5).await.contains("verify-request"));
}

#[tokio::test]
async fn a_code_is_entered_where_it_was_asked_for() {
    let mut post = Post::with(EmailProvider::codes, |builder| builder);
    post.ask("ada@new.example").await;
    let code = post.outbox.code();
    assert_eq!(code.len(), 8);
    let page = post.house.browser.get(&format!("{BASE}/verify-request?provider=email&type=email")).await;
    assert!(page.body.contains("one-time-code"), "{}", page.body);
    let token = page.field("csrfToken").unwrap();
    let enter = async |house: &mut House, token: &str, code: &str| {
        location(&house.browser.post(&format!("{BASE}/callback/email"), &[("csrfToken", token), ("code", code)]).await)
    };
    let mut thief = post.house.visitor();
    let theirs = thief.browser.csrf_token(BASE).await;
    assert!(enter(&mut thief, &theirs, &code).await.contains("error="), "a code that was told is of no use elsewhere");
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    assert!(enter(&mut post.house, &token, wrong).await.contains("error=Verification"));
    let spaced = format!("{} {}", &code[..4], &code[4..]);
    assert_eq!(enter(&mut post.house, &token, &spaced).await, format!("{APP}/dash"));
    assert_eq!(post.house.session().await["user"]["email"], "ada@new.example");
    assert!(enter(&mut post.house, &token, &code).await.contains("error="), "it is used up");
}

// Advisories: RUSTSEC-2022-0018.
#[tokio::test]
async fn a_code_cannot_be_guessed() {
    let mut post = Post::with(EmailProvider::codes, |builder| builder);
    post.ask("ada@new.example").await;
    let code = post.outbox.code();
    let token = post.house.browser.csrf_token(BASE).await;
    for guess in 0..5 {
        let wrong = format!("{:08}", (code.parse::<u32>().unwrap() + 1 + guess) % 100_000_000);
        let fields = [("csrfToken", token.as_str()), ("code", wrong.as_str())];
        post.house.browser.post(&format!("{BASE}/callback/email"), &fields).await;
    }
    let fields = [("csrfToken", token.as_str()), ("code", code.as_str())];
    let late = post.house.browser.post(&format!("{BASE}/callback/email"), &fields).await;
    assert_eq!(late.status, 429, "{late:?}");
    assert_eq!(post.house.session().await, Value::Null);
}

#[tokio::test]
async fn a_mail_server_that_refuses_is_said_so() {
    let outbox = Outbox(Arc::default(), Some(MailError::Refused("550 no".to_owned())));
    let mut house = House::with(|builder| builder.email(EmailProvider::new("email", outbox)).store(MemoryStore::new()));
    let token = house.browser.csrf_token(BASE).await;
    let fields = [("csrfToken", token.as_str()), ("email", "ada@new.example")];
    let page = house.browser.post(&format!("{BASE}/signin/email"), &fields).await;
    assert_eq!(location(&page), format!("{BASE}/signin?error=EmailSignInError"));
    let page = house.browser.get(&location(&page)).await;
    assert!(page.body.contains("could not be sent"), "{}", page.body);
}

// Advisories: CVE-2026-53516.
#[tokio::test]
async fn a_pre_registered_unverified_address_never_captures_an_account() {
    // Somebody registered at a provider that does not check addresses, and entered that of Ada.
    let squat = async |post: &Post| {
        let eve = NewUser { id: "eve".into(), email: Some("ada@acme.example".into()), ..NewUser::default() };
        post.store.register(&eve, Some(&Account::new(AccountKind::OAuth, "lax", "666"))).await.unwrap();
    };
    let mut post = Post::with(|email| email, |builder| builder.link_policy(LinkPolicy::VerifiedBothSides));
    squat(&post).await;
    post.ask("ada@acme.example").await;
    assert_eq!(location(&post.open().await), format!("{BASE}/signin?error=OAuthAccountNotLinked"), "by mail");
    let by_provider = post.house.sign_in().await;
    assert_eq!(location(&by_provider), format!("{BASE}/signin?error=OAuthAccountNotLinked"), "by a provider");
    assert_eq!(post.house.session().await, Value::Null);
    assert!(post.store.find_user("eve").await.unwrap().unwrap().email_verified.is_none());

    let trusting = |builder: AuthBuilder| builder.danger_unverified_addresses(UnverifiedAddresses::Trust);
    let mut post = Post::with(|email| email, trusting);
    squat(&post).await;
    post.ask("ada@acme.example").await;
    assert_eq!(location(&post.open().await), format!("{APP}/dash"), "as in Auth.js, when asked for");
}

#[tokio::test]
async fn the_hook_is_asked_before_a_mail_is_sent() {
    let mut post = Post::with(
        |email| email,
        |builder| builder.sign_in(|attempt| async move { Ok(!attempt.is_verification_request) }),
    );
    assert_eq!(location(&post.ask("ada@new.example").await), format!("{BASE}/error?error=AccessDenied"));
    assert_eq!(post.outbox.count(), 0);
}

#[tokio::test]
async fn the_page_and_the_list_show_mail_beside_the_providers() {
    let mut post = Post::new();
    let page = post.house.browser.get(&format!("{BASE}/signin")).await;
    assert!(page.body.contains("id=\"input-email-for-email-provider\""), "{}", page.body);
    let list = post.house.browser.get(&format!("{BASE}/providers")).await.json();
    assert_eq!(list["email"]["type"], "email");
    assert_eq!(list["email"]["callbackUrl"], format!("{BASE}/callback/email"));
}

#[test]
fn mail_needs_a_store_for_its_links() {
    let built = Auth::builder()
        .secret(TEST_SECRET)
        .transport(FakeTransport::new(|_| http::Response::new(bytes::Bytes::new())))
        .email(EmailProvider::new("email", Outbox::default()))
        .build();
    let error = built.unwrap_err();
    assert!(matches!(error, ConfigError::MissingStore(_)) && error.to_string().contains(".one_time("), "{error}");
}
