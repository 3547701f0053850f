//! Ending sessions that live in cookies: a port to a set of revocations, and one in memory.
//!
//! A session carries the moment of its sign-in and a handful of keys: its own id, its subject, the provider's session,
//! the organization, and what else the provider knows it by. Revoking a key ends every session that carries it and was
//! begun before; refusing a key also keeps its bearer from signing in again. So one entry ends all sessions of a user, of
//! a connection or of an organization, without a list of sessions.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::BoxFuture;
use crate::clock::UnixTime;
use crate::store::StoreError;

/// One thing that a session can be known by: 96 bits of SHA-256 over a kind and its parts, so that it is short, and says
/// nothing about anybody.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RevocationKey(String);

impl RevocationKey {
    /// A key of some kind, for example `("organization", [issuer, "org_1"])`. The parts cannot run into each other.
    #[must_use]
    pub fn new(kind: &str, parts: &[&str]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in [kind].iter().chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let hash = context.finish();
        Self(URL_SAFE_NO_PAD.encode(hash.as_ref().get(..12).unwrap_or_default()))
    }

    /// One session of ours, by its own id.
    #[must_use]
    pub fn session(id: &str) -> Self {
        Self::new("session", &[id])
    }

    /// A session at the provider (`sid`, OpenID Connect Back-Channel Logout 1.0 §2.1), and every session of ours that
    /// came from it.
    #[must_use]
    pub fn provider_session(issuer: &str, session_id: &str) -> Self {
        Self::new("provider session", &[issuer, session_id])
    }

    /// An origin of ours, such as `https://acme.tenant.app`, and all sessions that were made there; where several are ours
    /// ([`HostPolicy::AllowList`](crate::HostPolicy::AllowList)).
    #[must_use]
    pub fn origin(origin: &str) -> Self {
        Self::new("origin", &[origin])
    }

    /// A person here, by their own id, and all their sessions.
    #[must_use]
    pub fn user(id: &str) -> Self {
        Self::new("user", &[id])
    }

    /// A person at a provider, and all their sessions.
    #[must_use]
    pub fn subject(issuer: &str, subject: &str) -> Self {
        Self::new("subject", &[issuer, subject])
    }

    /// A key that a store kept as [text](Self::as_str).
    #[must_use]
    pub fn from_store(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key as text, for stores.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A set of revocations. With several processes it has to be one that they share.
pub trait Revocations: Send + Sync + fmt::Debug {
    /// Ends every session that carries the key and was begun at this moment or before. The entry may be forgotten once
    /// no such session can live any more.
    fn revoke<'a>(
        &'a self,
        key: &'a RevocationKey,
        at: UnixTime,
        forget: UnixTime,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Whether it is certain that nothing is revoked: then a session is read without looking its keys up.
    fn is_empty(&self) -> bool {
        false
    }

    /// The latest moment at which any of the keys was revoked.
    fn revoked_at<'a>(&'a self, keys: &'a [RevocationKey]) -> BoxFuture<'a, Result<Option<UnixTime>, StoreError>>;

    /// What was revoked after a point in the order in which this store was told, from the beginning without one. What was
    /// revoked before the call is in the answer, or before that point. `None`: this store has no such order, and is asked
    /// for [keys](Self::revoked_at) instead.
    fn news<'a>(&'a self, since: Option<&'a str>) -> BoxFuture<'a, Result<Option<News>, StoreError>> {
        let _ = since;
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Refuses the bearer of a key the next sign-in, or lets them in again, as was decided at this moment. A decision that
    /// is older than the one that is remembered changes nothing: news may arrive in another order than it happened in.
    fn refuse<'a>(
        &'a self,
        key: &'a RevocationKey,
        refusal: Refusal,
        decided: UnixTime,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Whether any of the keys is refused.
    fn is_refused<'a>(&'a self, keys: &'a [RevocationKey]) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Whether this is the first time that the key is seen: exactly one of any number of callers gets `true`.
    fn first_time<'a>(
        &'a self,
        key: &'a RevocationKey,
        now: UnixTime,
        forget: UnixTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Takes a first time back, so that the next one is the first again.
    fn forget_seen<'a>(&'a self, key: &'a RevocationKey) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// What was revoked since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The point up to which this goes, in the store's own words: what to ask with next.
    pub cursor: String,
    /// These are all that there are: what was heard before is void.
    pub is_whole: bool,
    /// Each key once or more.
    pub revoked: Vec<Revoked>,
}

/// A revocation, as it was [made](Revocations::revoke).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// What sessions carry that are ended.
    pub key: RevocationKey,
    /// Those that were begun until then.
    pub at: UnixTime,
    /// When no such session can live any more.
    pub forget: UnixTime,
}

/// What happens to the next sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is refused.
    Refuse,
    /// It is allowed again.
    Allow,
}

/// Revocations of one process, gone when it ends.
#[derive(Debug, Default)]
pub struct MemoryRevocations {
    revoked: RwLock<HashMap<RevocationKey, Entry>>,
    refused: RwLock<HashMap<RevocationKey, (Refusal, UnixTime)>>,
    seen: RwLock<HashMap<RevocationKey, UnixTime>>,
    /// So that a process without revocations pays nothing for asking.
    revocations: AtomicUsize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    at: UnixTime,
    forget: UnixTime,
}

impl MemoryRevocations {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Entries beyond which what can be forgotten is looked for.
const SWEEP: usize = 4096;

impl Revocations for MemoryRevocations {
    fn revoke<'a>(
        &'a self,
        key: &'a RevocationKey,
        at: UnixTime,
        forget: UnixTime,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        if revoked.len() >= SWEEP {
            revoked.retain(|_, entry| entry.forget > at);
        }
        let entry = revoked.entry(key.clone()).or_insert(Entry { at, forget });
        *entry = Entry { at: entry.at.max(at), forget: entry.forget.max(forget) };
        self.revocations.store(revoked.len(), Ordering::Release);
        Box::pin(std::future::ready(Ok(())))
    }

    fn is_empty(&self) -> bool {
        self.revocations.load(Ordering::Acquire) == 0
    }

    fn revoked_at<'a>(&'a self, keys: &'a [RevocationKey]) -> BoxFuture<'a, Result<Option<UnixTime>, StoreError>> {
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        let latest = keys.iter().filter_map(|key| revoked.get(key)).map(|entry| entry.at).max();
        Box::pin(std::future::ready(Ok(latest)))
    }

    fn refuse<'a>(
        &'a self,
        key: &'a RevocationKey,
        refusal: Refusal,
        decided: UnixTime,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let mut refused = self.refused.write().unwrap_or_else(PoisonError::into_inner);
        let known = refused.entry(key.clone()).or_insert((refusal, decided));
        if known.1 <= decided {
            *known = (refusal, decided);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn is_refused<'a>(&'a self, keys: &'a [RevocationKey]) -> BoxFuture<'a, Result<bool, StoreError>> {
        let refused = self.refused.read().unwrap_or_else(PoisonError::into_inner);
        let any = keys.iter().any(|key| matches!(refused.get(key), Some((Refusal::Refuse, _))));
        Box::pin(std::future::ready(Ok(any)))
    }

    fn first_time<'a>(
        &'a self,
        key: &'a RevocationKey,
        now: UnixTime,
        forget: UnixTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= SWEEP {
            seen.retain(|_, forget| *forget > now);
        }
        let first = seen.get(key).is_none_or(|forget| *forget <= now);
        if first {
            seen.insert(key.clone(), forget);
        }
        Box::pin(std::future::ready(Ok(first)))
    }

    fn forget_seen<'a>(&'a self, key: &'a RevocationKey) -> BoxFuture<'a, Result<(), StoreError>> {
        self.seen.write().unwrap_or_else(PoisonError::into_inner).remove(key);
        Box::pin(std::future::ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_key_do_not_run_into_each_other() {
        assert_ne!(RevocationKey::new("a", &["bc", "d"]), RevocationKey::new("a", &["b", "cd"]));
        assert_ne!(RevocationKey::new("ab", &["c"]), RevocationKey::new("a", &["bc"]));
        assert_eq!(RevocationKey::new("a", &["b"]).as_str().len(), 16);
    }

    #[test]
    fn old_news_changes_no_newer_decision() {
        let (set, key) = (MemoryRevocations::new(), RevocationKey::new("a", &[]));
        let at = UnixTime::from_seconds;
        let decide = |refusal, seconds| drop(set.refuse(&key, refusal, at(seconds)));
        let refused = || matches!(set.refused.read().unwrap().get(&key), Some((Refusal::Refuse, _)));
        decide(Refusal::Refuse, 20);
        decide(Refusal::Allow, 10);
        assert!(refused());
        decide(Refusal::Allow, 30);
        decide(Refusal::Refuse, 25);
        assert!(!refused());
    }
}
