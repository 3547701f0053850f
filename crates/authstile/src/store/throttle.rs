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

/// Counts of one process, gone when it ends. It keeps some 64,000 keys at most; what was not used for longest is forgotten
/// first.
#[derive(Debug, Default)]
pub struct MemoryThrottle(Mutex<Generations>);

/// Keys of one generation.
const GENERATION: usize = 32_768;

/// Two halves: when the young one is full it becomes the old one, and what was old is gone. So there is a bound to memory, and
/// none of the attempts has to look through all keys.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<String, i64>,
    old: HashMap<String, i64>,
}

impl Generations {
    fn get(&self, key: &str) -> Option<i64> {
        self.young.get(key).or_else(|| self.old.get(key)).copied()
    }

    fn put(&mut self, key: &str, arrival: i64) {
        if self.young.len() >= GENERATION && !self.young.contains_key(key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key.to_owned(), arrival);
    }
}

impl Throttle for MemoryThrottle {
    fn take<'a>(&'a self, key: &'a str, quota: Quota, now: UnixTime) -> BoxFuture<'a, Result<Take, StoreError>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let arrival = known.get(key);
        let (take, next) = quota.decide(arrival, now);
        // Also who is refused is used: a key must not be forgotten because others are tried meanwhile.
        if let Some(arrival) = next.or(arrival) {
            known.put(key, arrival);
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

    #[test]
    fn memory_is_bounded_and_whoever_goes_on_is_not_forgotten() {
        let throttle = MemoryThrottle::default();
        let (quota, now) = (Quota { burst: 1, seconds: 1000 }, UnixTime::from_seconds(0));
        let take = |key: &str| {
            let mut taken = throttle.take(key, quota, now);
            match taken.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
                std::task::Poll::Ready(Ok(take)) => take,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(take("guesser"), Take::Allowed);
        for number in 0..5 * GENERATION {
            take(&number.to_string());
            if number % 10_000 == 0 {
                assert_ne!(take("guesser"), Take::Allowed, "{number}");
            }
        }
        let known = throttle.0.lock().unwrap();
        assert!(known.young.len() + known.old.len() <= 2 * GENERATION);
    }
}
