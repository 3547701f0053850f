//! What the provider remembers between requests, with bounds.

use std::collections::{HashMap, VecDeque};

use serde_json::{Value, json};

use crate::authorization_request::AuthorizationRequest;
use crate::http_text::Fields;
use crate::management::PortalLink;
use crate::session::Record;
use crate::sign_in::SignIn;

/// Time and number that each kind of memory is kept for. Codes live about ten minutes (§2.4); the rest is a guess.
const CODE_SECONDS: i64 = 600;
const FORM_SECONDS: i64 = 1800;
pub(crate) const SESSION_SECONDS: i64 = 12 * 3600;
/// Every access token says itself how long it lives.
const ACCESS_SECONDS: i64 = 900;
const REFRESH_SECONDS: i64 = 30 * 24 * 3600;
/// RFC 9126 §2.2: short.
pub(crate) const PUSHED_SECONDS: i64 = 60;
const NONCE_SECONDS: i64 = 300;
const MOST: usize = 20_000;

pub(crate) struct Memory {
    /// Authorization requests whose sign-in page is open.
    pub(crate) open: Shelf<AuthorizationRequest>,
    pub(crate) codes: Shelf<Code>,
    /// Signed-in browsers, by cookie value.
    pub(crate) sessions: Shelf<SignIn>,
    /// Sessions by `sid`, also those that have ended.
    pub(crate) ledger: Shelf<Record>,
    pub(crate) access_tokens: Shelf<Grant>,
    pub(crate) portal_links: Shelf<PortalLink>,
    pub(crate) refresh_tokens: Shelf<Refresh>,
    /// Pushed authorization requests, by `request_uri`.
    pub(crate) pushed: Shelf<Pushed>,
    /// Every `jti` of a client's JWT, so that a second use is noticed.
    pub(crate) seen: Shelf<()>,
    pub(crate) dpop_nonces: Shelf<()>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            open: Shelf::new(FORM_SECONDS),
            codes: Shelf::new(CODE_SECONDS),
            sessions: Shelf::new(SESSION_SECONDS),
            ledger: Shelf::new(REFRESH_SECONDS),
            access_tokens: Shelf::new(ACCESS_SECONDS),
            portal_links: Shelf::new(ACCESS_SECONDS),
            refresh_tokens: Shelf::new(REFRESH_SECONDS),
            pushed: Shelf::new(PUSHED_SECONDS),
            seen: Shelf::new(ACCESS_SECONDS),
            dpop_nonces: Shelf::new(NONCE_SECONDS),
        }
    }

    /// Notes a `jti` for so many seconds; `false` if it was noted before.
    pub(crate) fn is_new(&mut self, now: i64, key: String, seconds: i64) -> bool {
        let is_new = self.seen.get(now, &key).is_none();
        self.seen.put_for(seconds, now, key, ());
        is_new
    }

    /// Ends every token that came from one authorization.
    pub(crate) fn revoke_family(&mut self, family: &str) {
        self.access_tokens.retain(|grant| grant.family != family);
        self.refresh_tokens.retain(|refresh| refresh.grant.family != family);
    }

    /// Ends a session with its tokens (§5.1).
    pub(crate) fn end_session(&mut self, sid: &str) {
        self.sessions.retain(|session| session.sid != sid);
        self.access_tokens.retain(|grant| grant.sid() != Some(sid));
        self.refresh_tokens.retain(|refresh| refresh.grant.sid() != Some(sid));
    }
}

/// What an authorization code stands for.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    pub(crate) nonce: Option<String>,
    /// The key that must prove itself when the code is redeemed (RFC 9449 §10).
    pub(crate) dpop_jkt: Option<String>,
    pub(crate) redeemed: bool,
}

/// A pushed authorization request.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    pub(crate) client_id: String,
    pub(crate) parameters: Fields,
}

/// Who alone may use a token (RFC 7800): the owner of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Thumbprint of the key of DPoP proofs.
    Jkt(String),
    /// Thumbprint of the TLS certificate.
    Certificate(String),
}

impl Binding {
    /// The claim `cnf`.
    pub(crate) fn confirmation(&self) -> Value {
        match self {
            Self::Jkt(thumbprint) => json!({ "jkt": thumbprint }),
            Self::Certificate(thumbprint) => json!({ "x5t#S256": thumbprint }),
        }
    }
}

/// A refresh token; kept after use, so that a second use is noticed.
#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    pub(crate) grant: Grant,
    pub(crate) redeemed: bool,
}

/// To whom, for whom and for what tokens are given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) scope: String,
    /// Common to all tokens of one authorization.
    pub(crate) family: String,
    /// `None` for client credentials.
    pub(crate) sign_in: Option<SignIn>,
    /// `auth_time` is stated when `max_age` or the claim itself was asked for (OpenID Connect Core §2); Scalekit's way is
    /// a guess.
    pub(crate) states_auth_time: bool,
    pub(crate) binding: Option<Binding>,
    /// The APIs that access tokens are for; empty for the client itself.
    pub(crate) resources: Vec<String>,
    /// Who acts for the person (RFC 8693 §4.1).
    pub(crate) act: Option<Value>,
}

impl Grant {
    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|granted| granted == scope)
    }

    pub(crate) fn sid(&self) -> Option<&str> {
        self.sign_in.as_ref().map(|sign_in| sign_in.sid.as_str())
    }
}

/// Values with one common life time, at most [`MOST`] of them: the oldest go first.
pub(crate) struct Shelf<T> {
    seconds: i64,
    values: HashMap<String, (i64, T)>,
    order: VecDeque<String>,
}

impl<T> Shelf<T> {
    fn new(seconds: i64) -> Self {
        Self { seconds, values: HashMap::new(), order: VecDeque::new() }
    }

    pub(crate) fn put(&mut self, now: i64, key: String, value: T) {
        self.put_for(self.seconds, now, key, value);
    }

    pub(crate) fn put_for(&mut self, seconds: i64, now: i64, key: String, value: T) {
        self.sweep(now);
        self.order.push_back(key.clone());
        self.values.insert(key, (now.saturating_add(seconds), value));
    }

    pub(crate) fn get(&self, now: i64, key: &str) -> Option<&T> {
        self.values.get(key).filter(|(end, _)| now < *end).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, now: i64, key: &str) -> Option<&mut T> {
        self.values.get_mut(key).filter(|(end, _)| now < *end).map(|(_, value)| value)
    }

    pub(crate) fn take(&mut self, now: i64, key: &str) -> Option<T> {
        self.values.remove(key).filter(|(end, _)| now < *end).map(|(_, value)| value)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.values.values().map(|(_, value)| value)
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.values.retain(|_, (_, value)| keep(value));
    }

    fn sweep(&mut self, now: i64) {
        while let Some(oldest) = self.order.front() {
            let live = self.values.get(oldest).is_some_and(|(end, _)| now < *end);
            if live && self.order.len() < MOST {
                return;
            }
            self.values.remove(oldest);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shelf_forgets_what_is_old_or_too_much() {
        let mut shelf = Shelf::new(10);
        shelf.put(0, "a".into(), 1);
        assert_eq!(shelf.get(9, "a"), Some(&1));
        assert_eq!(shelf.get(10, "a"), None);
        for n in 0..MOST + 5 {
            shelf.put(11, n.to_string(), 1);
        }
        assert_eq!(shelf.values.len(), MOST);
        assert_eq!(shelf.get(11, "0"), None);
    }
}
