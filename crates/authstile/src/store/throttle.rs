//! How often somebody may try: the generic cell rate algorithm, of which one number for each key is enough.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::BoxFuture;
use crate::clock::UnixTime;
use crate::store::StoreError;

/// So many at once, and as many again over a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// At once, at least 1.
    pub burst: u32,
    /// Seconds over which a whole burst becomes free again.
    pub seconds: u32,
}

impl Quota {
    /// Milliseconds that one attempt takes up.
    #[must_use]
    pub fn interval(self) -> i64 {
        i64::from(self.seconds) * 1000 / i64::from(self.burst.max(1))
    }

    /// The verdict on an attempt, and the key's next number (the theoretical arrival time, milliseconds since 1970):
    /// `None` leaves it as it is. For stores that calculate here; those that let a server do it use the same arithmetic.
    #[must_use]
    pub fn decide(self, known: Option<i64>, now: UnixTime) -> (Take, Option<i64>) {
        let now = now.millis();
        let next = known.unwrap_or(now).max(now) + self.interval();
        let ahead = next - now - i64::from(self.seconds) * 1000;
        match ahead {
            ..=0 => (Take::Allowed, Some(next)),
            millis => (Take::Wait { seconds: u32::try_from((millis + 999) / 1000).unwrap_or(u32::MAX) }, None),
        }
    }
}

/// Whether an attempt is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Yes, and it counts.
    Allowed,
    /// No; after so many seconds it would be.
    Wait {
        /// Seconds, rounded up.
        seconds: u32,
    },
}

/// Counts attempts.
pub trait Throttle: Send + Sync + fmt::Debug {
    /// Tries once more under a key (at most 100 characters): with many at once, no more than the quota are allowed.
    fn take<'a>(&'a self, key: &'a str, quota: Quota, now: UnixTime) -> BoxFuture<'a, Result<Take, StoreError>>;
}

/// Counts of one process, gone when it ends.
#[derive(Debug, Default)]
pub struct MemoryThrottle(Mutex<HashMap<String, i64>>);

/// Keys beyond which those that are free again are looked for.
const SWEEP: usize = 16_384;

impl Throttle for MemoryThrottle {
    fn take<'a>(&'a self, key: &'a str, quota: Quota, now: UnixTime) -> BoxFuture<'a, Result<Take, StoreError>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= SWEEP {
            known.retain(|_, arrival| *arrival > now.millis());
        }
        let (take, next) = quota.decide(known.get(key).copied(), now);
        if let Some(next) = next {
            known.insert(key.to_owned(), next);
        }
        Box::pin(std::future::ready(Ok(take)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_one_in_each_interval() {
        let quota = Quota { burst: 3, seconds: 30 };
        let mut known = None;
        let mut attempt = |seconds| {
            let (take, next) = quota.decide(known, UnixTime::from_seconds(seconds));
            known = next.or(known);
            take
        };
        assert_eq!([attempt(0), attempt(0), attempt(0)], [Take::Allowed; 3]);
        assert_eq!(attempt(0), Take::Wait { seconds: 10 });
        assert_eq!(attempt(9), Take::Wait { seconds: 1 });
        assert_eq!(attempt(10), Take::Allowed);
        assert_eq!(attempt(10), Take::Wait { seconds: 10 });
        assert_eq!([attempt(100), attempt(100), attempt(100)], [Take::Allowed; 3]);
    }
}
