//! A store that cannot be reached: nobody is signed in by it, nobody is told that they are signed out, and it is said so.

use authstile::clock::UnixTime;
use authstile::store::{Except, NewSession, RevocationKey, Sessions, StoredSession};
use authstile::{BoxFuture, MemoryStore, StoreError};
use authstile_tests::{BASE, House, scalekit};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Sessions that can be switched off.
#[derive(Debug, Clone, Default)]
struct Switch {
    store: MemoryStore,
    off: Arc<AtomicBool>,
}

impl Switch {
    fn gate<'a, T: Send + 'a>(
        &self,
        call: BoxFuture<'a, Result<T, StoreError>>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        if self.off.load(Ordering::SeqCst) {
            return Box::pin(std::future::ready(Err(StoreError::unavailable("connection refused"))));
        }
        call
    }
}

impl Sessions for Switch {
    fn create<'a>(&'a self, session: NewSession<'a>) -> BoxFuture<'a, Result<(), StoreError>> {
        self.gate(Sessions::create(&self.store, session))
    }
    fn find<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredSession>, StoreError>> {
        self.gate(self.store.find(key))
    }
    fn extend<'a>(
        &'a self,
        key: &'a str,
        expires: UnixTime,
        seen: UnixTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.gate(self.store.extend(key, expires, seen))
    }
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.gate(self.store.delete(key))
    }
    fn of_user<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<Vec<StoredSession>, StoreError>> {
        self.gate(self.store.of_user(user_id))
    }
    fn delete_of_user<'a>(&'a self, user_id: &'a str, except: Except<'a>) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.gate(self.store.delete_of_user(user_id, except))
    }
    fn delete_by_key<'a>(&'a self, key: &'a RevocationKey, until: UnixTime) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.gate(self.store.delete_by_key(key, until))
    }
    fn delete_expired<'a>(&'a self, now: UnixTime, limit: u32) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.gate(Sessions::delete_expired(&self.store, now, limit))
    }
}

// Advisories: CVE-2026-73421.
#[tokio::test]
async fn requests_fail_closed_and_resume() {
    let sessions = Switch::default();
    let mut house =
        House::with(|builder| builder.provider(scalekit()).store(sessions.store.clone()).sessions(sessions.clone()));
    house.sign_in().await;
    assert_eq!(house.session().await["user"]["email"], "ada@acme.example");
    let cookies = house.cookies("session-token");

    sessions.off.store(true, Ordering::SeqCst);
    let page = house.browser.get(&format!("{BASE}/session")).await;
    assert_eq!(page.status, 503);
    assert!(page.json().get("user").is_none(), "{}", page.body);
    assert_eq!(house.cookies("session-token"), cookies, "the cookie stays: the session may well be alive");
    let mut headers = http::HeaderMap::new();
    headers.insert("host", "localhost:3000".parse().unwrap());
    headers.insert("cookie", format!("authjs.session-token={}", cookies[0].1).parse().unwrap());
    let asked = house.auth.session(&headers, &"/private".parse().unwrap()).await;
    let error = asked.expect_err("an application is told that it cannot be said, and lets nobody in");
    assert_eq!(house.auth.failure(&headers, &error).status(), 503);

    let out = house.browser.press_sign_out(BASE).await;
    assert!(out.location().unwrap().as_str().contains("error=Configuration"), "not told that they are signed out");
    let mut visitor = house.visitor();
    let failed = visitor.sign_in().await;
    let error = failed.location().unwrap();
    assert_eq!(error.as_str(), format!("{BASE}/error?error=Configuration"));
    let page = visitor.browser.get(error.as_str()).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(page.body.contains("storage"), "{}", page.body);
    assert!(visitor.cookies("session-token").is_empty());

    sessions.off.store(false, Ordering::SeqCst);
    assert_eq!(house.session().await["user"]["email"], "ada@acme.example");
    visitor.sign_in().await;
    assert_eq!(visitor.session().await["user"]["email"], "ada@acme.example");
}
