//! People, sessions and texts to try stores with.

use std::sync::Arc;

use authstile::clock::UnixTime;
use authstile::oauth::secret::{AccessToken, RawIdToken, RefreshToken};
use authstile::random::{Random as _, SystemRandom};
use authstile::store::{NewSession, NewUser, RevocationKey, SessionData, StoredSession, StoredUser};
use authstile::{Account, AccountKind, Authentication, Claims};
use serde_json::json;
use tokio::sync::Barrier;

use super::Stores;

/// Texts that careless storage changes, takes for others, or takes for a part of a command.
pub(super) const TEXTS: [&str; 12] = [
    "o'hara \"quoted\" `back` \\ slash",
    "100%_",
    "a:b",
    "{a}b",
    "}a{:*?[a-z]",
    "--; DROP TABLE users; /*",
    "\u{1}\u{7}\t\r\n\u{1b}\u{7f}",
    "😀👩‍👩‍👧 漢字 ẞ Ω",
    "İstanbul ı",
    "null",
    "2026-01-01T00:00:00.000Z",
    " blank ",
];

/// Pairs that some databases take for the same.
pub(super) const PAIRS: [(&str, &str); 6] =
    [("Ada", "ada"), ("ada", "ada "), ("e\u{301}", "\u{e9}"), ("strasse", "straße"), ("i", "ı"), ("a", "á")];

/// The members of pairs, each once.
pub(super) fn distinct(pairs: [(&str, &str); 6]) -> Vec<String> {
    let mut texts: Vec<_> = pairs.into_iter().flat_map(|(one, other)| [one.to_owned(), other.to_owned()]).collect();
    texts.sort();
    texts.dedup();
    texts
}

/// 255 characters of four bytes each.
pub(super) fn long_text() -> String {
    "🗝".repeat(255)
}

/// A token of 10 kB, as providers with many claims issue them.
pub(super) fn long_token(seed: &str) -> String {
    seed.chars().cycle().take(10_240).collect()
}

/// A random UUID.
pub(super) fn uuid() -> String {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes).expect("randomness");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// A hash, as it names sessions and one-time values.
pub(super) fn hash() -> String {
    format!("{}{}", uuid(), uuid()).replace('-', "")
}

pub(super) fn claims(value: serde_json::Value) -> Claims {
    value.as_object().cloned().expect("an object")
}

/// Somebody with everything that a person can have.
pub(super) fn new_user(stores: &Stores, name: &str) -> NewUser {
    NewUser {
        id: uuid(),
        name: Some(name.to_owned()),
        email: Some(format!("{}@example.com", uuid())),
        email_verified: Some(stores.now()),
        image: Some("https://pictures.example/1.png?a=1&b=2".to_owned()),
        attributes: claims(json!({ "role": "admin", "z": 1, "a": { "deep": [1, 2.5, null, "ü"] } })),
    }
}

/// What a person should look like who was registered.
pub(super) fn stored(stores: &Stores, id: &str, user: &NewUser) -> StoredUser {
    let NewUser { name, email, email_verified, image, attributes, .. } = user.clone();
    let attributes = if stores.no_attributes { Claims::new() } else { attributes };
    StoredUser { id: id.to_owned(), name, email, email_verified, image, attributes }
}

/// An account with everything that one can have.
pub(super) fn account(id: &str) -> Account {
    let mut account = Account::new(AccountKind::Oidc, "acme", id);
    account.access_token = Some(AccessToken::new(format!("access {id}")));
    account.id_token = Some(RawIdToken::new(format!("e30.{id}.sig")));
    account.refresh_token = Some(RefreshToken::new(format!("refresh {id}")));
    account.token_type = Some("bearer".to_owned());
    account.scope = Some("openid email".to_owned());
    account.expires_at = Some(4_102_444_800);
    account.session_state = Some("state.salt".to_owned());
    account
}

/// An account as text, tokens too, so that it can be compared.
pub(super) fn shown(account: &Account) -> String {
    format!(
        "{} {} {}: access {:?} id {:?} refresh {:?} type {:?} scope {:?} expires {:?} state {:?}",
        account.provider,
        account.kind.as_str(),
        account.provider_account_id,
        account.access_token.as_ref().map(AccessToken::expose),
        account.id_token.as_ref().map(RawIdToken::expose),
        account.refresh_token.as_ref().map(RefreshToken::expose),
        account.token_type,
        account.scope,
        account.expires_at,
        account.session_state,
    )
}

/// Somebody who can have sessions.
pub(super) async fn somebody(stores: &Stores, name: &str) -> StoredUser {
    let new = new_user(stores, name);
    match &stores.accounts {
        Some(accounts) => accounts.register(&new, None).await.expect("registered"),
        None if stores.sessions().needs_accounts() => panic!("these sessions need `Stores::with_accounts`"),
        None => stored(stores, &new.id, &new),
    }
}

/// A session of somebody that lasts an hour, with everything that one can have.
pub(super) fn session(stores: &Stores, user: &StoredUser) -> StoredSession {
    let now = stores.now();
    let id = uuid();
    let data = SessionData {
        keys: vec![RevocationKey::session(&id), RevocationKey::subject("https://login.example", &user.id)],
        id,
        provider: "acme".to_owned(),
        at: now.millis(),
        seen: now.millis(),
        user_agent: Some("Browser/1.0 (Ünïcode; 漢字)".to_owned()),
        address: Some("2001:db8::1".to_owned()),
        authentication: Authentication {
            auth_time: Some(now.seconds()),
            acr: Some("urn:example:mfa".to_owned()),
            amr: vec!["pwd".to_owned(), "otp".to_owned()],
        },
        claims: claims(json!({ "z": "first", "organization": "org_1", "a": [1, { "b": null }] })),
    };
    StoredSession { key: hash(), user: user.clone(), expires: stores.after(3600), data: Some(data) }
}

/// Stores a session.
pub(super) async fn create(stores: &Stores, session: &StoredSession) {
    stores.sessions().create(as_new(session)).await.expect("created");
}

/// A session that began so many seconds ago.
pub(super) async fn begun(stores: &Stores, user: &StoredUser, seconds_ago: i64) -> StoredSession {
    let mut session = session(stores, user);
    data(&mut session).at -= seconds_ago * 1000;
    create(stores, &session).await;
    session
}

pub(super) fn data(session: &mut StoredSession) -> &mut SessionData {
    session.data.as_mut().expect("data")
}

pub(super) fn as_new(session: &StoredSession) -> NewSession<'_> {
    let data = session.data.as_ref().expect("data");
    NewSession { key: &session.key, user: &session.user, expires: session.expires, data }
}

/// A moment given in milliseconds.
pub(super) fn millis(moment: UnixTime, more: i64) -> UnixTime {
    UnixTime::from_millis(moment.millis() + more)
}

/// How many try at once.
pub(super) const MANY: usize = 64;

/// Lets many try at once, and gives what each got.
pub(super) async fn race<T, F>(attempt: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let line = Arc::new(Barrier::new(MANY));
    let run = |future: F, line: Arc<Barrier>| async move {
        line.wait().await;
        future.await
    };
    let tasks: Vec<_> = (0..MANY).map(|index| tokio::spawn(run(attempt(index), line.clone()))).collect();
    let mut results = Vec::with_capacity(MANY);
    for task in tasks {
        results.push(task.await.expect("no panic"));
    }
    results
}
