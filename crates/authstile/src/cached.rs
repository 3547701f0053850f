//! A value that one request fetches and all read.
//!
//! It is served as it is while it is fresh, and served stale while one request (only one) fetches it anew. When fetching
//! fails, what is there goes on being served; where nothing is there, the failure is, for a moment: a flood of requests is
//! never a flood of fetches.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_lock::Mutex;

use crate::calls::MAX_CALLS;
use crate::clock::UnixTime;

/// Seconds that a value is fresh.
const FRESH: i64 = 15 * 60;
/// Seconds that a failure is remembered where there is no value: who comes meanwhile fails with it, and there is one attempt
/// a second at most.
const FAILED: i64 = 1;
/// Seconds between two fetches before their time, and between two attempts while fetching fails.
const REFETCH: i64 = 30;

/// The value, or why there is none.
#[derive(Debug)]
pub(crate) struct Cached<T, E> {
    slot: RwLock<Slot<T, E>>,
    fetching: Mutex<()>,
    waiting: AtomicUsize,
}

/// Too many wait for one fetch: whoever answers it is slow, and must not hold everybody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowded(pub(crate) usize);

/// One of those who wait, until it has gone.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
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
            waiting: AtomicUsize::new(0),
        }
    }
}

impl<T, E: Clone + std::fmt::Display + From<Crowded>> Cached<T, E> {
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
                if let Some(failure) = self.failed_since(now, FAILED) {
                    return Err(failure);
                }
                let before = self.attempts();
                let _waiting = self.wait()?;
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
        let _waiting = self.wait()?;
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

    fn wait(&self) -> Result<Waiting<'_>, E> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(&self.waiting);
        if before >= MAX_CALLS { Err(Crowded(before).into()) } else { Ok(waiting) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    impl From<Crowded> for String {
        fn from(_: Crowded) -> Self {
            "crowded".to_owned()
        }
    }

    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// The fetches of these tests are ready at once.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn a_failure_is_remembered_for_a_moment() {
        let (cached, fetches) = (Cached::<u8, String>::default(), Cell::new(0));
        let get = |seconds, answer: Result<u8, &str>| {
            let fetch = async || {
                fetches.set(fetches.get() + 1);
                answer.map_err(str::to_owned)
            };
            now(cached.get(UnixTime::from_seconds(seconds), fetch)).map(|value| *value)
        };
        assert!((0..1000).all(|_| get(100, Err("down")).is_err()) && get(100, Ok(1)).is_err());
        assert_eq!(fetches.get(), 1);
        assert_eq!(get(101, Ok(1)), Ok(1));
        // From now on there is a value, and failing to renew it concerns nobody.
        assert_eq!((get(5000, Err("down")), get(5001, Err("down")), fetches.get()), (Ok(1), Ok(1), 3));
        assert_eq!((get(5030, Ok(2)), fetches.get()), (Ok(2), 4));
    }

    #[test]
    fn nobody_can_ask_for_newer_values_more_often_than_every_half_minute() {
        let (cached, fetches) = (Cached::<u8, String>::default(), Cell::new(0));
        let fetch = async || {
            fetches.set(fetches.get() + 1);
            Ok(1)
        };
        let at = UnixTime::from_seconds;
        let known = now(cached.get(at(0), fetch)).unwrap();
        let newer = now(cached.refetch(&known, at(0), fetch)).unwrap();
        for second in 0..30 {
            assert!(Arc::ptr_eq(&now(cached.refetch(&newer, at(second), fetch)).unwrap(), &newer));
        }
        assert_eq!(fetches.get(), 2);
        now(cached.refetch(&newer, at(30), fetch)).unwrap();
        assert_eq!(fetches.get(), 3);
    }
}
