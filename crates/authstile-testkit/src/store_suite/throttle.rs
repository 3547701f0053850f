//! Counting attempts: a burst, then one for each interval, whoever else tries at once.

use authstile::store::{Quota, Take};

use super::Stores;
use super::fixtures::*;

const QUOTA: Quota = Quota { burst: 5, seconds: 60 };

/// A burst is allowed, then one attempt for each interval; who has to wait is told how long.
pub async fn a_burst_and_then_one_for_each_interval(stores: &Stores) {
    let (store, key, now) = (stores.throttle(), uuid(), stores.now());
    let take = async |seconds| store.take(&key, QUOTA, now.plus_seconds(seconds)).await.unwrap();
    for _ in 0..5 {
        assert_eq!(take(0).await, Take::Allowed);
    }
    assert_eq!(take(0).await, Take::Wait { seconds: 12 });
    assert_eq!(take(11).await, Take::Wait { seconds: 1 });
    assert_eq!(take(12).await, Take::Allowed);
    assert_eq!(take(12).await, Take::Wait { seconds: 12 });
    assert_eq!(take(25).await, Take::Allowed);
    assert_eq!(take(25).await, Take::Wait { seconds: 11 });
}

/// What one has to wait for is rounded up: after so many seconds it is allowed.
pub async fn waiting_is_rounded_up(stores: &Stores) {
    let (store, key, now) = (stores.throttle(), uuid(), stores.now());
    let quota = Quota { burst: 7, seconds: 10 };
    for _ in 0..7 {
        assert_eq!(store.take(&key, quota, now).await.unwrap(), Take::Allowed);
    }
    for (after, seconds) in [(0, 2), (423, 2), (424, 1), (1423, 1)] {
        assert_eq!(store.take(&key, quota, millis(now, after)).await.unwrap(), Take::Wait { seconds }, "{after}");
    }
    assert_eq!(store.take(&key, quota, millis(now, 1424)).await.unwrap(), Take::Allowed);
}

/// After the whole time the whole burst is free again, and no more than that.
pub async fn a_burst_becomes_free_again(stores: &Stores) {
    let (store, key, now) = (stores.throttle(), uuid(), stores.now());
    for seconds in [0, 60, 3600] {
        for _ in 0..5 {
            assert_eq!(store.take(&key, QUOTA, now.plus_seconds(seconds)).await.unwrap(), Take::Allowed);
        }
        assert_ne!(store.take(&key, QUOTA, now.plus_seconds(seconds)).await.unwrap(), Take::Allowed);
    }
}

/// What is refused does not count: waiting does not become longer by trying.
pub async fn refused_attempts_do_not_count(stores: &Stores) {
    let (store, key, now) = (stores.throttle(), uuid(), stores.now());
    for attempt in 0..30 {
        let take = store.take(&key, QUOTA, now).await.unwrap();
        assert_eq!(take, if attempt < 5 { Take::Allowed } else { Take::Wait { seconds: 12 } });
    }
    assert_eq!(store.take(&key, QUOTA, now.plus_seconds(12)).await.unwrap(), Take::Allowed);
}

/// Each key has its own count. Keys are compared byte for byte, and may be anything of 100 characters.
pub async fn keys_are_counted_apart(stores: &Stores) {
    let (store, now) = (stores.throttle(), stores.now());
    let quota = Quota { burst: 1, seconds: 60 };
    let long: String = long_text().chars().take(100).collect();
    for key in distinct(PAIRS).into_iter().chain(TEXTS.into_iter().map(str::to_owned)).chain([long]) {
        assert_eq!(store.take(&key, quota, now).await.unwrap(), Take::Allowed, "{key:?}");
        assert_eq!(store.take(&key, quota, now).await.unwrap(), Take::Wait { seconds: 60 }, "{key:?}");
    }
}

/// Of many at once exactly the burst is allowed.
pub async fn of_many_at_once_a_burst_is_allowed(stores: &Stores) {
    let (key, now) = (uuid(), stores.now());
    let results = race(|_| {
        let (store, key) = (stores.throttle(), key.clone());
        async move { store.take(&key, QUOTA, now).await.unwrap() }
    })
    .await;
    let (allowed, waiting): (Vec<_>, Vec<_>) = results.into_iter().partition(|take| *take == Take::Allowed);
    assert_eq!(allowed.len(), 5);
    assert!(waiting.into_iter().all(|take| take == Take::Wait { seconds: 12 }));
}

/// Machines do not agree about the time to the millisecond: an attempt from the past is counted like another.
pub async fn a_clock_that_is_behind_gives_nothing_away(stores: &Stores) {
    let (store, key, now) = (stores.throttle(), uuid(), stores.now());
    for _ in 0..5 {
        assert_eq!(store.take(&key, QUOTA, now).await.unwrap(), Take::Allowed);
    }
    assert_eq!(store.take(&key, QUOTA, now.plus_seconds(-3)).await.unwrap(), Take::Wait { seconds: 15 });
    assert_eq!(store.take(&key, QUOTA, now).await.unwrap(), Take::Wait { seconds: 12 });
}
