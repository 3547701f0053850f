//! Things that only one process may do at a time, and whose outcome all of them share.

use std::collections::HashMap;
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::BoxFuture;
use crate::clock::UnixTime;
use crate::store::StoreError;

/// Who may do something, when only one of several processes may: a lease that ends by itself when its holder dies, and
/// what came of it for those who waited.
///
/// Moments are those of the caller; a store with a clock of its own may go by that. Where it goes by the callers' clocks,
/// they may differ by less than what is left of a lease when it is renewed: with the engine's leases of 5 s, which are
/// renewed every 1.5 s, by 3 s.
pub trait Leases: Send + Sync + fmt::Debug {
    /// Asks for the lease of a key for so long. Of any number of callers at once **exactly one** gets it, until it is
    /// released, or its time is over. Once an outcome is published, everybody gets that instead.
    fn acquire<'a>(&'a self, key: &'a str, now: UnixTime, length: Duration)
    -> BoxFuture<'a, Result<Lease, StoreError>>;

    /// Holds on to a lease, for so long from now. `false` when somebody else has it, or an outcome is there.
    fn renew<'a>(
        &'a self,
        key: &'a str,
        fence: Fence,
        now: UnixTime,
        length: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Says what came of it, and ends the lease; the outcome is kept for so long. `false`, and nothing is changed, when
    /// somebody else has got the lease since, or an outcome is there: only the latest holder can publish, once.
    fn publish<'a>(
        &'a self,
        key: &'a str,
        fence: Fence,
        outcome: &'a str,
        now: UnixTime,
        keep: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Gives a lease back before its time, without an outcome. Nothing happens when it is somebody else's.
    fn release<'a>(&'a self, key: &'a str, fence: Fence) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Waits until something may have changed for a key, and for so long at most.
    fn wait<'a>(&'a self, key: &'a str, most: Duration) -> BoxFuture<'a, ()>;
}

/// What distinguishes a holder of a lease from all that were before: it grows with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub i64);

/// The answer to [`Leases::acquire`].
#[derive(Clone, PartialEq, Eq)]
pub enum Lease {
    /// The caller has it.
    Yours(Fence),
    /// Somebody else has it.
    Held,
    /// It was done; this is what came of it.
    Done(String),
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yours(fence) => f.debug_tuple("Yours").field(fence).finish(),
            Self::Held => f.write_str("Held"),
            Self::Done(outcome) => write!(f, "Done({} bytes)", outcome.len()),
        }
    }
}

/// Leases of one process, gone when it ends.
#[derive(Debug, Default)]
pub struct MemoryLeases(Mutex<HashMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    fence: i64,
    /// Milliseconds since 1970 until which somebody has the lease.
    held: i64,
    outcome: Option<String>,
    forget: i64,
}

/// Entries beyond which what can be forgotten is looked for.
const SWEEP: usize = 4096;

impl MemoryLeases {
    /// No leases yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes the entry of a key, if this is its latest holder, and there is no outcome.
    fn change(&self, key: &str, fence: Fence, change: impl FnOnce(&mut Entry)) -> bool {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = entries.get_mut(key) else { return false };
        let is_holder = entry.fence == fence.0 && entry.outcome.is_none();
        if is_holder {
            change(entry);
        }
        is_holder
    }
}

fn after(now: UnixTime, length: Duration) -> i64 {
    now.millis().saturating_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX))
}

impl Leases for MemoryLeases {
    fn acquire<'a>(
        &'a self,
        key: &'a str,
        now: UnixTime,
        length: Duration,
    ) -> BoxFuture<'a, Result<Lease, StoreError>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (millis, end) = (now.millis(), after(now, length));
        if entries.len() >= SWEEP {
            entries.retain(|_, entry| entry.forget > millis);
        }
        // The moment, so that a key that was forgotten begins beyond its former holders.
        let fence = entries.get(key).map_or(millis, |entry| millis.max(entry.fence + 1));
        let lease = match entries.get(key).filter(|entry| entry.forget > millis) {
            Some(Entry { outcome: Some(outcome), .. }) => Lease::Done(outcome.clone()),
            Some(entry) if entry.held > millis => Lease::Held,
            _ => {
                entries.insert(key.to_owned(), Entry { fence, held: end, outcome: None, forget: end });
                Lease::Yours(Fence(fence))
            }
        };
        Box::pin(ready(Ok(lease)))
    }

    fn renew<'a>(
        &'a self,
        key: &'a str,
        fence: Fence,
        now: UnixTime,
        length: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let end = after(now, length);
        let renewed = self.change(key, fence, |entry| (entry.held, entry.forget) = (end, end));
        Box::pin(ready(Ok(renewed)))
    }

    fn publish<'a>(
        &'a self,
        key: &'a str,
        fence: Fence,
        outcome: &'a str,
        now: UnixTime,
        keep: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let published = self.change(key, fence, |entry| {
            (entry.outcome, entry.forget) = (Some(outcome.to_owned()), after(now, keep));
        });
        Box::pin(ready(Ok(published)))
    }

    fn release<'a>(&'a self, key: &'a str, fence: Fence) -> BoxFuture<'a, Result<(), StoreError>> {
        self.change(key, fence, |entry| entry.held = 0);
        Box::pin(ready(Ok(())))
    }

    /// No runtime is known here, so a thread keeps the time.
    fn wait<'a>(&'a self, _key: &'a str, most: Duration) -> BoxFuture<'a, ()> {
        let over = Arc::new(async_lock::Mutex::new(()));
        let begun = over.try_lock_arc();
        let timer = std::thread::Builder::new().spawn(move || {
            std::thread::sleep(most);
            drop(begun);
        });
        if let Err(error) = timer {
            tracing::warn!(%error, "there is no thread that keeps the time: not waiting");
        }
        Box::pin(async move { drop(over.lock().await) })
    }
}
