//! Auth.js's own adapter (npm `@auth/pg-adapter`), Auth.js itself and Authstile on one PostgreSQL database, with the tables that
//! Auth.js documents, before and after `migrate`: what one writes is the other's.
#![cfg(feature = "services")]

use std::sync::{Arc, Mutex};

use authstile::clock::{Clock as _, SystemClock, UnixTime};
use authstile::mail::{MailError, MailProof, Mailer, SignInMail};
use authstile::oauth::secret::{AccessToken, RawIdToken, RefreshToken};
use authstile::store::{
    MemoryThrottle, NewSession, NewUser, OneTimeValue, Refusal, SessionData, StoredUser, UserChanges,
};
use authstile::{
    Account, AccountKind, Accounts as _, Auth, BoxFuture, EmailProvider, OneTime, RevocationKey, Revocations as _,
    SessionTokens, Sessions, Transport,
};
use authstile_reqwest::ReqwestTransport;
use authstile_scalekit::Scalekit;
use authstile_sqlx::PostgresStore;
use authstile_testkit::{Browser, Page, TEST_SECRET};
use authstile_tests::auth_js::AuthJs;
use authstile_tests::crowd::{Crowd, address, session_cookie, who};
use authstile_tests::peers::from_xtask;
use authstile_tests::{APP, BASE, CLIENT_ID, CLIENT_SECRET};
use http::StatusCode;
use serde_json::{Value, json};

/// Keeps the links that Authstile would have sent.
#[derive(Debug, Clone, Default)]
struct Outbox(Arc<Mutex<Vec<String>>>);

impl Mailer for Outbox {
    fn send<'a>(&'a self, mail: &'a SignInMail, _: &'a dyn Transport) -> BoxFuture<'a, Result<(), MailError>> {
        if let MailProof::Link(link) = &mail.proof {
            self.0.lock().unwrap().push(link.clone());
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Both on one database.
struct Shared {
    auth_js: AuthJs,
    store: PostgresStore,
    is_migrated: bool,
    crowd: Crowd,
    outbox: Outbox,
}

impl Shared {
    async fn open(people: usize) -> Self {
        let server = from_xtask("AUTHSTILE_TEST_POSTGRES");
        let crowd = Crowd::open(people).await;
        let issuer = crowd.issuer();
        let (auth_js, url) = AuthJs::start(server.to_str().unwrap(), &issuer);
        let store = PostgresStore::open(&url).await.expect("Auth.js's tables open as they are");
        Self { auth_js, store, is_migrated: false, crowd, outbox: Outbox::default() }
    }

    async fn migrate(&mut self) {
        let done = self.store.migrate().await.expect("migrated");
        assert!(!done.applied.is_empty() && done.warnings.is_empty(), "{done:?}");
        self.is_migrated = true;
    }

    /// Authstile on it. Before the migration there is no place for attempts, so these are counted in memory.
    fn engine(&self) -> Auth {
        let scalekit = Scalekit::new(CLIENT_ID, CLIENT_SECRET, self.crowd.issuer()).organization_id("org_acme");
        let builder = Auth::builder()
            .secret(TEST_SECRET)
            .url(APP)
            .provider(scalekit)
            .email(EmailProvider::new("email", self.outbox.clone()))
            .session_tokens(SessionTokens::SharedWithAuthJs)
            .transport(ReqwestTransport::new().unwrap())
            .store(self.store.clone());
        let builder = if self.is_migrated { builder } else { builder.throttle(MemoryThrottle::default()) };
        builder.build().expect("an engine")
    }

    /// The application runs on Auth.js from now on, for this browser.
    fn on_auth_js(&self, browser: &mut Browser) {
        let auth_js = self.auth_js.clone();
        browser.site(APP, move |request| {
            let auth_js = auth_js.clone();
            async move { tokio::task::spawn_blocking(move || auth_js.serve(request)).await.expect("an answer") }
        });
    }

    /// The application runs on Authstile from now on, for this browser.
    fn on_authstile(&self, browser: &mut Browser) {
        let auth = self.engine();
        browser.site(APP, move |request| {
            let auth = auth.clone();
            async move { auth.handle(request).await }
        });
    }

    fn switch(&self, browser: &mut Browser, to: Side) {
        match to {
            Side::AuthJs => self.on_auth_js(browser),
            Side::Authstile => self.on_authstile(browser),
        }
    }

    fn browser(&self, person: usize, side: Side) -> Browser {
        let mut browser = self.crowd.browser(person, APP);
        self.switch(&mut browser, side);
        browser
    }

    /// Asks for a link to this address, and returns it.
    async fn ask_for_link(&self, browser: &mut Browser, side: Side, to: &str) -> String {
        self.switch(browser, side);
        let token = browser.csrf_token(BASE).await;
        let fields = [("csrfToken", token.as_str()), ("callbackUrl", "/dash"), ("email", to)];
        let sent = browser.post(&format!("{BASE}/signin/email"), &fields).await;
        assert!(location(&sent).contains("/verify-request"), "{side:?}: {sent:?}");
        match side {
            Side::AuthJs => self.auth_js.link(),
            Side::Authstile => self.outbox.0.lock().unwrap().last().expect("a mail").clone(),
        }
    }

    /// Opens a link, and presses the button where there is one.
    async fn open_link(&self, browser: &mut Browser, side: Side, link: &str) -> Page {
        self.switch(browser, side);
        let page = browser.get(link).await;
        if side == Side::AuthJs {
            return page;
        }
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        let names = ["csrfToken", "callbackUrl", "token", "email"];
        let values = names.map(|name| page.field(name).unwrap_or_else(|| panic!("no {name}: {}", page.body)));
        let fields: Vec<_> = names.into_iter().zip(values.iter().map(String::as_str)).collect();
        browser.post(&format!("{BASE}/callback/email"), &fields).await
    }

    async fn people(&self) -> usize {
        self.store.list_users(None, 1000).await.unwrap().len()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.auth_js.end();
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    AuthJs,
    Authstile,
}

impl Side {
    fn other(self) -> Self {
        if self == Self::AuthJs { Self::Authstile } else { Self::AuthJs }
    }
}

fn location(page: &Page) -> String {
    page.location().map(String::from).unwrap_or_default()
}

/// Moments with milliseconds that a float or a second would lose.
const VERIFIED: (i64, &str) = (1_767_323_045_678, "2026-01-02T03:04:05.678Z");
const EXPIRES: (i64, &str) = (4_102_444_799_999, "2099-12-31T23:59:59.999Z");
const LATER: (i64, &str) = (4_133_980_799_001, "2100-12-31T23:59:59.001Z");
const NAME: &str = "Zoë Ōkubo 🦀 O'Neill";
const IMAGE: &str = "https://pictures.example/1.png?a=1&b=%20";

/// An account as both write it, with everything that one can have.
fn account(id: &str) -> Account {
    let mut account = Account::new(AccountKind::Oidc, "acme", id);
    account.access_token = Some(AccessToken::new("access ü"));
    account.id_token = Some(RawIdToken::new("e30.e30.sig"));
    account.refresh_token = Some(RefreshToken::new("refresh"));
    account.token_type = Some("bearer".to_owned());
    account.scope = Some("openid email".to_owned());
    account.expires_at = Some(4_102_444_800);
    account.session_state = Some("state.salt".to_owned());
    account
}

fn as_auth_js(account: &Account, user: &Value) -> Value {
    json!({
        "userId": user, "provider": account.provider, "type": account.kind.as_str(),
        "providerAccountId": account.provider_account_id,
        "access_token": account.access_token.as_ref().map(AccessToken::expose),
        "id_token": account.id_token.as_ref().map(RawIdToken::expose),
        "refresh_token": account.refresh_token.as_ref().map(RefreshToken::expose),
        "token_type": account.token_type, "scope": account.scope, "expires_at": account.expires_at,
        "session_state": account.session_state,
    })
}

/// The members that Auth.js knows: after the migration its rows have more.
fn picked(row: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_owned(), row[*name].clone())).collect()
}

const USER: [&str; 4] = ["name", "email", "emailVerified", "image"];

fn user(email: &str) -> Value {
    json!({ "name": NAME, "email": email, "emailVerified": VERIFIED.1, "image": IMAGE })
}

/// What the adapter writes.
async fn rows_of_auth_js_are_ours(shared: &Shared) {
    let (auth_js, store) = (&shared.auth_js, &shared.store);
    let (email, subject) =
        (format!("zoë+{}@example.com", shared.is_migrated), format!("theirs {}", shared.is_migrated));
    let id = auth_js.adapter("createUser", user(&email))["id"].clone();
    let stored = StoredUser {
        id: id.to_string(),
        name: Some(NAME.to_owned()),
        email: Some(email.clone()),
        email_verified: Some(UnixTime::from_millis(VERIFIED.0)),
        image: Some(IMAGE.to_owned()),
        ..StoredUser::default()
    };
    assert_eq!(store.find_user(&stored.id).await.unwrap().as_ref(), Some(&stored));
    assert_eq!(store.find_user_by_email(&email).await.unwrap().as_ref(), Some(&stored));

    auth_js.adapter("linkAccount", as_auth_js(&account(&subject), &id));
    assert_eq!(store.find_user_by_account("acme", &subject).await.unwrap().as_ref(), Some(&stored));
    let accounts = store.accounts_of(&stored.id).await.unwrap();
    let accounts: Vec<_> = accounts.iter().map(|account| as_auth_js(account, &id)).collect();
    assert_eq!(accounts, [as_auth_js(&account(&subject), &id)]);

    let token = format!("theirs-{}", shared.is_migrated);
    auth_js.adapter("createSession", json!({ "sessionToken": token, "userId": id, "expires": EXPIRES.1 }));
    let session = store.find(&token).await.unwrap().expect("a session");
    assert_eq!((session.user, session.expires), (stored.clone(), UnixTime::from_millis(EXPIRES.0)));
    assert!(session.data.is_none());
    auth_js.adapter("updateSession", json!({ "sessionToken": token, "expires": LATER.1 }));
    assert_eq!(store.find(&token).await.unwrap().unwrap().expires.millis(), LATER.0);
    assert_eq!(store.of_user(&stored.id).await.unwrap().len(), 1);
    auth_js.adapter("deleteSession", json!(token));
    assert!(store.find(&token).await.unwrap().is_none());

    let value = json!({ "identifier": email, "token": "their-hash", "expires": EXPIRES.1 });
    auth_js.adapter("createVerificationToken", value.clone());
    assert!(store.consume("somebody@example.com", "their-hash").await.unwrap().is_none());
    let used = store.consume(&email, "their-hash").await.unwrap().expect("a value");
    assert_eq!(used.expires.millis(), EXPIRES.0);
    assert_eq!(auth_js.adapter("useVerificationToken", value), Value::Null, "used up here is used up there");

    auth_js.adapter("updateUser", json!({ "id": id, "name": "Another" }));
    let changed = StoredUser { name: Some("Another".to_owned()), ..stored.clone() };
    assert_eq!(store.find_user(&stored.id).await.unwrap(), Some(changed), "and the rest stays");
    auth_js.adapter("unlinkAccount", json!({ "provider": "acme", "providerAccountId": subject }));
    assert!(store.accounts_of(&stored.id).await.unwrap().is_empty());
    auth_js.adapter("deleteUser", id);
    assert!(store.find_user(&stored.id).await.unwrap().is_none());
}

/// What we write.
async fn our_rows_are_those_of_auth_js(shared: &Shared) {
    let (auth_js, store) = (&shared.auth_js, &shared.store);
    let (email, subject) = (format!("ours+{}@example.com", shared.is_migrated), format!("ours {}", shared.is_migrated));
    let new = NewUser {
        id: "ignored".to_owned(),
        name: Some(NAME.to_owned()),
        email: Some(email.clone()),
        email_verified: Some(UnixTime::from_millis(VERIFIED.0)),
        image: Some(IMAGE.to_owned()),
        ..NewUser::default()
    };
    let stored = store.register(&new, Some(&account(&subject))).await.expect("registered");
    let id: Value = stored.id.parse().expect("counted ids");
    let by_account = json!({ "provider": "acme", "providerAccountId": subject });
    for (method, argument) in
        [("getUser", id.clone()), ("getUserByEmail", json!(email)), ("getUserByAccount", by_account.clone())]
    {
        let row = auth_js.adapter(method, argument);
        assert_eq!((&row["id"], picked(&row, &USER)), (&id, user(&email)), "{method}");
    }
    let rows = auth_js.rows(&format!("SELECT * FROM accounts WHERE \"userId\" = {id}"));
    let written = as_auth_js(&account(&subject), &id);
    let names: Vec<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    let mut found = picked(&rows[0], &names);
    // More than an integer of PostgreSQL holds, which its driver hands out as text.
    found["expires_at"] = found["expires_at"].as_str().expect("text").parse().unwrap();
    assert_eq!(found, written);

    let (token, key) = (format!("ours-{}", shared.is_migrated), RevocationKey::user(&stored.id));
    let data = SessionData { id: "1".to_owned(), keys: vec![key], ..SessionData::default() };
    let expires = UnixTime::from_millis(EXPIRES.0);
    let create =
        async |key: &str| Sessions::create(store, NewSession { key, user: &stored, expires, data: &data }).await;
    create(&token).await.expect("a session");
    let found = auth_js.adapter("getSessionAndUser", json!(token));
    assert_eq!(found["session"]["expires"], EXPIRES.1);
    assert_eq!((&found["session"]["userId"], picked(&found["user"], &USER)), (&id, user(&email)));
    assert!(store.extend(&token, UnixTime::from_millis(LATER.0), expires).await.unwrap());
    assert_eq!(auth_js.adapter("getSessionAndUser", json!(token))["session"]["expires"], LATER.1);
    store.delete(&token).await.unwrap();
    assert_eq!(auth_js.adapter("getSessionAndUser", json!(token)), Value::Null);
    // What Auth.js takes away is gone with all that we remember of it.
    create(&token).await.expect("a session");
    auth_js.adapter("deleteSession", json!(token));
    assert!(store.find(&token).await.unwrap().is_none());
    create(&token).await.expect("the same key once more");

    let value = OneTimeValue { identifier: email.clone(), token: "our-hash".to_owned(), expires };
    OneTime::create(store, &value).await.unwrap();
    let wrong = json!({ "identifier": "somebody@example.com", "token": "our-hash" });
    assert_eq!(auth_js.adapter("useVerificationToken", wrong), Value::Null);
    let right = json!({ "identifier": email, "token": "our-hash" });
    let used = auth_js.adapter("useVerificationToken", right);
    assert_eq!(used, json!({ "identifier": email, "token": "our-hash", "expires": EXPIRES.1 }));
    assert!(store.consume(&email, "our-hash").await.unwrap().is_none(), "used up there is used up here");

    let changes = UserChanges { name: Some("Another".to_owned()), ..UserChanges::default() };
    store.update_user(&stored.id, &changes).await.unwrap();
    let mut changed = user(&email);
    changed["name"] = json!("Another");
    assert_eq!(picked(&auth_js.adapter("getUser", id.clone()), &USER), changed);
    assert!(store.unlink(&stored.id, "acme", &subject).await.unwrap());
    assert_eq!(auth_js.adapter("getUserByAccount", by_account), Value::Null);
    assert!(store.delete_user(&stored.id).await.unwrap());
    assert_eq!(auth_js.adapter("getUser", id), Value::Null);
    assert_eq!(auth_js.adapter("getSessionAndUser", json!(token)), Value::Null, "their sessions are gone with them");
}

/// Somebody signs in at one with their provider, and goes on at the other.
async fn sessions_go_on_at_the_other(shared: &Shared, side: Side, person: usize) -> Browser {
    let mut browser = shared.browser(person, side);
    shared.crowd.sign_in(&mut browser).await.unwrap_or_else(|page| panic!("{side:?}: {page:?}"));
    let here = browser.session(BASE).await;
    assert_eq!(here["user"]["email"], address(person), "{side:?}: {here}");
    shared.switch(&mut browser, side.other());
    let there = browser.session(BASE).await;
    assert_eq!(here, there, "the same person, to the millisecond of the end");
    let known = shared.people().await;

    // With another browser at the other: the same person by the same account.
    let mut again = shared.browser(person, side.other());
    shared.crowd.sign_in(&mut again).await.unwrap_or_else(|page| panic!("{side:?}: {page:?}"));
    assert_eq!(again.session(BASE).await["user"], here["user"]);
    assert_eq!(shared.people().await, known, "nobody is created twice");
    let account = shared.auth_js.rows(&format!(
        "SELECT count(*)::integer FROM accounts JOIN users ON users.id = \"userId\" WHERE email = '{}'",
        address(person)
    ));
    assert_eq!(account[0]["count"], 1);

    // Signed out at the other: a copy of the cookie is nobody's at both.
    let cookie = session_cookie(&again).expect("a session");
    again.press_sign_out(BASE).await;
    for side in [Side::AuthJs, Side::Authstile] {
        let mut thief = shared.browser(person, side);
        thief.set_cookie("localhost", "authjs.session-token", &cookie);
        assert_eq!(who(&mut thief).await, (StatusCode::OK, Value::Null), "{side:?}");
    }
    browser
}

/// One sends a link, the other lets in by it, once.
async fn links_of_one_open_at_the_other(shared: &Shared, side: Side) {
    let to = format!("{side:?}+{}@mail.example", shared.is_migrated).to_lowercase();
    let mut browser = shared.browser(0, side);
    let link = shared.ask_for_link(&mut browser, side, &to).await;
    let opened = shared.open_link(&mut browser, side.other(), &link).await;
    assert_eq!(location(&opened), format!("{APP}/dash"), "a link of {side:?}: {opened:?}");
    for reader in [side, side.other()] {
        shared.switch(&mut browser, reader);
        assert_eq!(who(&mut browser).await, (StatusCode::OK, to.clone().into()), "{reader:?}");
    }
    let person = shared.store.find_user_by_email(&to).await.unwrap().expect("a person");
    assert!(person.email_verified.is_some_and(|at| (SystemClock.now().millis() - at.millis()).abs() < 60_000));
    for reader in [side, side.other()] {
        let mut thief = shared.browser(0, reader);
        let again = shared.open_link(&mut thief, reader, &link).await;
        assert!(location(&again).ends_with("/error?error=Verification"), "{reader:?}: {again:?}");
        assert_eq!(session_cookie(&thief), None);
    }
    // The next link finds the same person.
    let mut browser = shared.browser(0, side.other());
    let link = shared.ask_for_link(&mut browser, side.other(), &to).await;
    shared.open_link(&mut browser, side, &link).await;
    assert_eq!(who(&mut browser).await.1, to);
    assert_eq!(shared.store.find_user_by_email(&to).await.unwrap().map(|person| person.id), Some(person.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_each_are_rows_of_the_other() {
    let mut shared = Shared::open(0).await;
    for _ in 0..2 {
        rows_of_auth_js_are_ours(&shared).await;
        our_rows_are_those_of_auth_js(&shared).await;
        if !shared.is_migrated {
            shared.migrate().await;
        }
    }
}

/// The whole walks, with browsers; and whoever is signed in stays so when the database is migrated under both.
#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_at_one_and_go_on_at_the_other() {
    let mut shared = Shared::open(4).await;
    let mut signed_in = Vec::new();
    for turn in 0..2 {
        for (person, side) in [(2 * turn, Side::AuthJs), (2 * turn + 1, Side::Authstile)] {
            signed_in.push(sessions_go_on_at_the_other(&shared, side, person).await);
        }
        if turn == 0 {
            shared.migrate().await;
        }
        for (person, browser) in signed_in.iter_mut().enumerate() {
            for side in [Side::AuthJs, Side::Authstile] {
                shared.switch(browser, side);
                assert_eq!(who(browser).await, (StatusCode::OK, address(person).into()), "{side:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_in_mails_of_one_sign_in_at_the_other() {
    let mut shared = Shared::open(1).await;
    for _ in 0..2 {
        for side in [Side::AuthJs, Side::Authstile] {
            links_of_one_open_at_the_other(&shared, side).await;
        }
        if !shared.is_migrated {
            shared.migrate().await;
        }
    }
}

/// As it is: whoever is known and whoever is new signs in and goes on at Auth.js, and signing out everywhere ends every session.
/// What has no place says so, and a process that has not been started again heeds what is written down since the migration.
#[tokio::test(flavor = "multi_thread")]
async fn before_the_migration_people_sign_in_and_nothing_pretends() {
    let shared = Shared::open(2).await;
    let mut known = shared.browser(0, Side::AuthJs);
    shared.crowd.sign_in(&mut known).await.expect("signed in at Auth.js");
    let auth = shared.engine();
    let here = |person: usize| {
        let (mut browser, auth) = (shared.crowd.browser(person, APP), auth.clone());
        browser.site(APP, move |request| {
            let auth = auth.clone();
            async move { auth.handle(request).await }
        });
        browser
    };
    for person in [0, 1] {
        let mut browser = here(person);
        shared.crowd.sign_in(&mut browser).await.unwrap_or_else(|page| panic!("{page:?}"));
        for side in [Side::AuthJs, Side::Authstile] {
            shared.switch(&mut browser, side);
            assert_eq!(who(&mut browser).await, (StatusCode::OK, address(person).into()), "{side:?}");
        }
    }
    assert_eq!(shared.people().await, 2, "Auth.js's person is ours");

    let ada = shared.store.find_user_by_email(&address(0)).await.unwrap().expect("a person").id;
    let refused = auth.revoke(&RevocationKey::user(&ada)).await.expect_err("there is no place for it");
    assert!(refused.to_string().contains("authstile migrate"), "{refused}");
    assert_eq!(who(&mut known).await.1, address(0), "nothing was ended");
    auth.end_sessions_of(&ada).await.expect("rows can be deleted");
    assert_eq!(who(&mut known).await, (StatusCode::OK, Value::Null));
    assert!(shared.store.of_user(&ada).await.unwrap().is_empty());

    let mut elsewhere = shared.store.clone();
    elsewhere.migrate().await.expect("migrated");
    let key = RevocationKey::user(&ada);
    elsewhere.refuse(&key, Refusal::Refuse, SystemClock.now()).await.unwrap();
    assert!(shared.store.is_refused(&[key]).await.unwrap(), "by a process that was there before");
}
