//! A value that one request fetches and all read.
//!
//! It is served as it is while it is fresh, and served stale while one request (only one) fetches it anew. When fetching
//! fails, what is there goes on being served.

use std::sync::{Arc, PoisonError, RwLock};

use async_lock::Mutex;

use crate::clock::UnixTime;

/// Seconds that a value is fresh.
const FRESH: i64 = 15 * 60;
/// Seconds between two fetches before their time, and between two attempts while fetching fails.
const REFETCH: i64 = 30;

/// The value, or why there is none.
#[derive(Debug)]
pub(crate) struct Cached<T, E> {
    slot: RwLock<Slot<T, E>>,
    fetching: Mutex<()>,
}

#[derive(Debug)]
struct Slot<T, E> {
    value: Option<(Arc<T>, UnixTime)>,
    failure: Option<(E, UnixTime)>,
    /// When the value was last fetched before its time.
    refetched: Option<UnixTime>,
    /// How often fetching was tried.
    attempts: u64,
}

impl<T, E> Default for Cached<T, E> {
    fn default() -> Self {
        Self {
            slot: RwLock::new(Slot { value: None, failure: None, refetched: None, attempts: 0 }),
            fetching: Mutex::new(()),
        }
    }
}

impl<T, E: Clone + std::fmt::Display> Cached<T, E> {
    /// The value; fetched when there is none, fetched anew by one of its readers when it is stale.
    pub(crate) async fn get(&self, now: UnixTime, fetch: impl AsyncFnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        match self.current() {
            Some((value, at)) if now < at.plus_seconds(FRESH) => Ok(value),
            Some((stale, _)) => {
                let Some(_one) = self.fetching.try_lock() else { return Ok(stale) };
                match self.current() {
                    Some((value, at)) if now < at.plus_seconds(FRESH) => Ok(value),
                    _ if self.failed_since(now, REFETCH).is_some() => Ok(stale),
                    _ => Ok(self.store(now, fetch().await).unwrap_or(stale)),
                }
            }
            None => {
                let before = self.attempts();
                let _one = self.fetching.lock().await;
                if let Some((value, _)) = self.current() {
                    return Ok(value);
                }
                // Who waited for an attempt that failed fails with it, instead of trying again one by one.
                if let Some(failure) = self.failed_since(now, REFETCH).filter(|_| self.attempts() != before) {
                    return Err(failure);
                }
                self.store(now, fetch().await)
            }
        }
    }

    /// A newer value than `known`, which somebody found lacking: what another has fetched meanwhile, else fetched now,
    /// but at most once in 30 s, so that nobody can make us ask the provider more often than that.
    pub(crate) async fn refetch(
        &self,
        known: &Arc<T>,
        now: UnixTime,
        fetch: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let _one = self.fetching.lock().await;
        if let Some((value, _)) = self.current().filter(|(value, _)| !Arc::ptr_eq(value, known)) {
            return Ok(value);
        }
        {
            let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
            if slot.refetched.is_some_and(|at| now < at.plus_seconds(REFETCH)) {
                return Ok(known.clone());
            }
            slot.refetched = Some(now);
        }
        self.store(now, fetch().await)
    }

    fn attempts(&self) -> u64 {
        self.slot.read().unwrap_or_else(PoisonError::into_inner).attempts
    }

    fn current(&self) -> Option<(Arc<T>, UnixTime)> {
        self.slot.read().unwrap_or_else(PoisonError::into_inner).value.clone()
    }

    fn failed_since(&self, now: UnixTime, seconds: i64) -> Option<E> {
        let slot = self.slot.read().unwrap_or_else(PoisonError::into_inner);
        slot.failure.as_ref().filter(|(_, at)| now < at.plus_seconds(seconds)).map(|(failure, _)| failure.clone())
    }

    fn store(&self, now: UnixTime, fetched: Result<T, E>) -> Result<Arc<T>, E> {
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        slot.attempts += 1;
        match fetched {
            Ok(value) => {
                let value = Arc::new(value);
                slot.value = Some((value.clone(), now));
                slot.failure = None;
                Ok(value)
            }
            Err(failure) => {
                tracing::warn!(%failure, "fetching from the provider failed");
                slot.failure = Some((failure.clone(), now));
                Err(failure)
            }
        }
    }
}
