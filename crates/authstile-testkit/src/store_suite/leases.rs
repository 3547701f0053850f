//! Leases: one holder at a time, who alone can say what came of it.

use std::time::Duration;

use authstile::store::{Fence, Lease};

use super::Stores;
use super::fixtures::*;

/// Longer than any rule takes.
const LONG: Duration = Duration::from_secs(600);

/// A lease that somebody has is nobody else's until it is given back; each holder's fence is beyond those before it.
pub async fn a_lease_has_one_holder(stores: &Stores) {
    let (store, key, now) = (stores.leases(), uuid(), stores.now());
    let mut last = Fence(i64::MIN);
    for _ in 0..3 {
        let Lease::Yours(fence) = store.acquire(&key, now, LONG).await.unwrap() else { panic!("nobody has it") };
        assert!(fence > last, "{fence:?} {last:?}");
        assert_eq!(store.acquire(&key, now, LONG).await.unwrap(), Lease::Held);
        store.release(&key, fence).await.unwrap();
        last = fence;
    }
}

/// Of many who ask at once, exactly one gets it.
pub async fn one_of_many_gets_the_lease(stores: &Stores) {
    for _ in 0..4 {
        one_gets(stores, &uuid(), None).await;
    }
}

/// The same where a holder has died: its lease ends by itself, for exactly one.
pub async fn one_of_many_gets_the_lease_of_a_dead_holder(stores: &Stores) {
    let (key, end) = (uuid(), stores.soon());
    let first = hold(stores, &key, end).await;
    stores.pass(end).await;
    one_gets(stores, &key, Some(first)).await;
}

/// A lease that is renewed outlives its first end.
pub async fn a_renewed_lease_does_not_end(stores: &Stores) {
    let (store, key, end) = (stores.leases(), uuid(), stores.soon());
    let fence = hold(stores, &key, end).await;
    assert!(store.renew(&key, fence, stores.now(), LONG).await.unwrap());
    let now = stores.pass(end).await;
    assert_eq!(store.acquire(&key, now, LONG).await.unwrap(), Lease::Held);
    assert!(store.renew(&key, fence, now, LONG).await.unwrap());
}

/// Who asks after the outcome is there gets it, as often as they ask.
pub async fn what_was_published_is_what_all_get(stores: &Stores) {
    let (store, key, now) = (stores.leases(), uuid(), stores.now());
    let fence = yours(store.acquire(&key, now, LONG).await.unwrap());
    assert!(store.publish(&key, fence, "outcome", now, LONG).await.unwrap());
    let asked = race(|_| {
        let (store, key) = (stores.leases(), key.clone());
        async move { store.acquire(&key, now, LONG).await.unwrap() }
    });
    assert!(asked.await.into_iter().all(|lease| lease == Lease::Done("outcome".to_owned())));
}

/// A holder whose lease somebody else has got since cannot publish, neither before nor after that one does.
pub async fn only_the_latest_holder_can_publish(stores: &Stores) {
    let (store, key, end) = (stores.leases(), uuid(), stores.soon());
    let old = hold(stores, &key, end).await;
    let now = stores.pass(end).await;
    let new = yours(store.acquire(&key, now, LONG).await.unwrap());
    assert!(new > old);
    assert!(!store.publish(&key, old, "old", now, LONG).await.unwrap());
    assert_eq!(store.acquire(&key, now, LONG).await.unwrap(), Lease::Held);
    assert!(store.publish(&key, new, "new", now, LONG).await.unwrap());
    assert!(!store.publish(&key, old, "old", now, LONG).await.unwrap());
    assert_eq!(store.acquire(&key, now, LONG).await.unwrap(), Lease::Done("new".to_owned()));
    for fence in [old, Fence(new.0 + 1)] {
        assert!(!store.publish(&uuid(), fence, "of nobody", now, LONG).await.unwrap());
    }
}

/// Nor can it hold on to the lease, or give it away.
pub async fn only_the_latest_holder_can_renew_or_release(stores: &Stores) {
    let (store, key, end) = (stores.leases(), uuid(), stores.soon());
    let old = hold(stores, &key, end).await;
    let now = stores.pass(end).await;
    let new = yours(store.acquire(&key, now, LONG).await.unwrap());
    assert!(!store.renew(&key, old, now, LONG).await.unwrap());
    store.release(&key, old).await.unwrap();
    assert_eq!(store.acquire(&key, now, LONG).await.unwrap(), Lease::Held);
    assert!(store.renew(&key, new, now, LONG).await.unwrap());
    assert!(store.publish(&key, new, "new", now, LONG).await.unwrap());
    assert!(!store.renew(&key, new, now, LONG).await.unwrap(), "there is an outcome");
    store.release(&key, new).await.unwrap();
    assert_eq!(store.acquire(&key, now, LONG).await.unwrap(), Lease::Done("new".to_owned()));
}

/// A holder that took longer than its lease, which nobody else has got since, has done it all the same.
pub async fn a_late_holder_can_publish_while_nobody_else_came(stores: &Stores) {
    let (store, key, end) = (stores.leases(), uuid(), stores.soon());
    let fence = hold(stores, &key, end).await;
    let now = stores.pass(end).await;
    assert!(store.publish(&key, fence, "late", now, LONG).await.unwrap());
    assert_eq!(store.acquire(&key, now, LONG).await.unwrap(), Lease::Done("late".to_owned()));
}

/// The same holder, many times at once: one outcome.
pub async fn an_outcome_is_published_once(stores: &Stores) {
    let (key, now) = (uuid(), stores.now());
    let fence = yours(stores.leases().acquire(&key, now, LONG).await.unwrap());
    let results = race(|number| {
        let (store, key) = (stores.leases(), key.clone());
        async move { store.publish(&key, fence, &number.to_string(), now, LONG).await.unwrap().then_some(number) }
    })
    .await;
    let published: Vec<_> = results.into_iter().flatten().collect();
    let [number] = published[..] else { panic!("{published:?}") };
    assert_eq!(stores.leases().acquire(&key, now, LONG).await.unwrap(), Lease::Done(number.to_string()));
}

/// After its time an outcome is gone, and the lease is free for one.
pub async fn an_outcome_is_forgotten_after_its_time(stores: &Stores) {
    let (store, key, now, end) = (stores.leases(), uuid(), stores.now(), stores.soon());
    let first = yours(store.acquire(&key, now, LONG).await.unwrap());
    let keep = Duration::from_millis((end.millis() - now.millis()).unsigned_abs());
    assert!(store.publish(&key, first, "outcome", now, keep).await.unwrap());
    let now = stores.pass(end).await;
    let second = yours(store.acquire(&key, now, LONG).await.unwrap());
    assert!(second > first);
    assert!(!store.publish(&key, first, "old", now, LONG).await.unwrap());
}

/// An outcome may be any text of 100 kB.
pub async fn outcomes_are_kept_as_they_are(stores: &Stores) {
    let (store, now) = (stores.leases(), stores.now());
    let long = long_token("abc.DEF-_").repeat(10);
    for outcome in TEXTS.into_iter().chain(["", "0", &long]) {
        let key = uuid();
        let fence = yours(store.acquire(&key, now, LONG).await.unwrap());
        assert!(store.publish(&key, fence, outcome, now, LONG).await.unwrap());
        let Lease::Done(found) = store.acquire(&key, now, LONG).await.unwrap() else { panic!("{outcome:?}") };
        assert!(found == outcome, "{:?}", outcome.get(..20));
    }
}

/// Keys are compared byte for byte, and may be anything of 100 characters.
pub async fn leases_are_held_apart(stores: &Stores) {
    let (store, now) = (stores.leases(), stores.now());
    let long: String = long_text().chars().take(100).collect();
    for key in distinct(PAIRS).into_iter().chain(TEXTS.into_iter().map(str::to_owned)).chain([long]) {
        yours(store.acquire(&key, now, LONG).await.unwrap());
    }
}

/// Waiting for a lease comes to an end, whatever happens to it.
pub async fn waiting_ends(stores: &Stores) {
    let (store, key) = (stores.leases(), uuid());
    yours(store.acquire(&key, stores.now(), LONG).await.unwrap());
    store.wait(&key, Duration::from_millis(5)).await;
}

fn yours(lease: Lease) -> Fence {
    match lease {
        Lease::Yours(fence) => fence,
        other => panic!("not ours, but {other:?}"),
    }
}

/// A lease until then.
async fn hold(stores: &Stores, key: &str, end: authstile::clock::UnixTime) -> Fence {
    let now = stores.now();
    let length = Duration::from_millis((end.millis() - now.millis()).unsigned_abs());
    yours(stores.leases().acquire(key, now, length).await.unwrap())
}

/// One of many, with a fence beyond that of the former holder.
async fn one_gets(stores: &Stores, key: &str, former: Option<Fence>) {
    // Where nothing expires by itself, the moment says that it has.
    let now = stores.after(if stores.expires_by_itself { 0 } else { 60 });
    let leases = race(|_| {
        let (store, key) = (stores.leases(), key.to_owned());
        async move { store.acquire(&key, now, LONG).await.unwrap() }
    })
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = leases.into_iter().partition(|lease| matches!(lease, Lease::Yours(_)));
    let [Lease::Yours(fence)] = won[..] else { panic!("{won:?}") };
    assert!(former.is_none_or(|former| fence > former), "{fence:?} {former:?}");
    assert!(lost.into_iter().all(|lease| lease == Lease::Held));
}
