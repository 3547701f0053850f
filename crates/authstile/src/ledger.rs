//! What is revoked, as one process knows it: it asks the store what is new, one question for all requests that wait, and
//! looks the keys of each session up in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_lock::Mutex;

use crate::clock::UnixTime;
use crate::store::{News, RevocationKey, Revocations, Revoked, StoreError};

/// How new the revocations have to be by which a session in a cookie is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RevocationReads {
    /// What was revoked before a request came counts for it, on every process. Requests at once share a question to the
    /// store, so the more there are, the less it costs each.
    #[default]
    Exact,
    /// What was revoked elsewhere may count so much later. A request waits for the store only when what is known is older
    /// than that; if the store does not answer then, nobody is let in.
    Within(Duration),
}

/// What is revoked.
#[derive(Debug)]
pub(crate) struct Ledger {
    store: Arc<dyn Revocations>,
    reads: RevocationReads,
    known: RwLock<Known>,
    /// Questions that were begun.
    begun: AtomicU64,
    /// Held by who asks.
    turn: Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    revoked: HashMap<RevocationKey, Entry>,
    /// Up to where the store's news were read; `None` before the first.
    cursor: Option<String>,
    /// The store has no news, only keys.
    is_silent: bool,
    /// The latest question that was answered, and how.
    answered: u64,
    failure: Option<StoreError>,
    /// No later than the moment at which that question was asked, if it was answered well.
    as_of: Option<UnixTime>,
    /// Entries beyond which what can be forgotten is looked for.
    sweep: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    at: UnixTime,
    forget: UnixTime,
}

/// Entries that are not worth a look.
const SWEEP: usize = 4096;

impl Ledger {
    pub(crate) fn new(store: Arc<dyn Revocations>, reads: RevocationReads) -> Self {
        Self { store, reads, known: RwLock::default(), begun: AtomicU64::default(), turn: Mutex::default() }
    }

    /// Whether it is certain that nothing is revoked.
    pub(crate) fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// The latest moment at which any of the keys was revoked.
    pub(crate) async fn revoked_at(
        &self,
        keys: &[RevocationKey],
        now: UnixTime,
    ) -> Result<Option<UnixTime>, StoreError> {
        if !self.is_known_well_enough(now) {
            self.catch_up(now).await?;
        }
        match self.look_up(keys) {
            Some(latest) => Ok(latest),
            None => self.store.revoked_at(keys).await,
        }
    }

    /// Ends every session that carries the key and was begun until then; this process knows it at once.
    pub(crate) async fn revoke(&self, key: &RevocationKey, at: UnixTime, forget: UnixTime) -> Result<(), StoreError> {
        self.store.revoke(key, at, forget).await?;
        self.known.write().unwrap_or_else(PoisonError::into_inner).add(Revoked { key: key.clone(), at, forget }, at);
        Ok(())
    }

    fn is_known_well_enough(&self, now: UnixTime) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let within = match self.reads {
            RevocationReads::Exact => return known.is_silent,
            RevocationReads::Within(within) => i64::try_from(within.as_millis()).unwrap_or(i64::MAX),
        };
        // A clock that was set back makes it unknown.
        known.is_silent
            || known.as_of.is_some_and(|then| then <= now && now.millis().saturating_sub(then.millis()) <= within)
    }

    /// In memory; `None` where only the store knows.
    fn look_up(&self, keys: &[RevocationKey]) -> Option<Option<UnixTime>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let latest = || keys.iter().filter_map(|key| known.revoked.get(key)).map(|entry| entry.at).max();
        (!known.is_silent).then(latest)
    }

    /// Asks the store what is new. Whoever comes while a question is under way waits for the next one, which is asked after
    /// they came, by one of them for all of them.
    async fn catch_up(&self, now: UnixTime) -> Result<(), StoreError> {
        let came = self.begun.load(Ordering::SeqCst);
        let _turn = self.turn.lock().await;
        let cursor = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.answered > came {
                return known.failure.as_ref().map_or(Ok(()), |failure| Err(failure.repeated()));
            }
            known.cursor.clone()
        };
        let question = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let news = self.store.news(cursor.as_deref()).await;
        self.known.write().unwrap_or_else(PoisonError::into_inner).hear(question, news, now)
    }
}

impl Known {
    fn hear(&mut self, question: u64, news: Result<Option<News>, StoreError>, now: UnixTime) -> Result<(), StoreError> {
        self.answered = question;
        self.failure = news.as_ref().err().map(StoreError::repeated);
        let Some(news) = news? else {
            self.is_silent = true;
            return Ok(());
        };
        if news.is_whole {
            self.revoked.clear();
        }
        news.revoked.into_iter().for_each(|revoked| self.add(revoked, now));
        (self.cursor, self.as_of) = (Some(news.cursor), Some(now));
        Ok(())
    }

    fn add(&mut self, Revoked { key, at, forget }: Revoked, now: UnixTime) {
        if self.revoked.len() >= self.sweep.max(SWEEP) {
            self.revoked.retain(|_, entry| entry.forget > now);
            self.sweep = self.revoked.len() * 2;
        }
        let entry = self.revoked.entry(key).or_insert(Entry { at, forget });
        *entry = Entry { at: entry.at.max(at), forget: entry.forget.max(forget) };
    }
}
