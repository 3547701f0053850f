//! Revocations: the latest moment counts, the newest decision counts, and the first time is one time.

use std::collections::HashSet;

use authstile::store::{News, Refusal, RevocationKey};

use super::Stores;
use super::fixtures::*;

fn key() -> RevocationKey {
    RevocationKey::new("suite", &[&uuid()])
}

/// Nothing is revoked, nobody refused.
pub async fn an_empty_store_revokes_nothing(stores: &Stores) {
    let store = stores.revocations();
    assert_eq!(store.revoked_at(&[key(), key()]).await.unwrap(), None);
    assert_eq!(store.revoked_at(&[]).await.unwrap(), None);
    assert!(!store.is_refused(&[key(), key()]).await.unwrap());
    assert!(!store.is_refused(&[]).await.unwrap());
}

/// What is revoked is revoked at once and to the millisecond, and nothing else is. Then the store does not say that it is
/// empty.
pub async fn a_revocation_counts_at_once(stores: &Stores) {
    let store = stores.revocations();
    let (one, other) = (key(), key());
    store.revoke(&one, stores.now(), stores.after(3600)).await.unwrap();
    assert!(!store.is_empty());
    let at = stores.after(-1);
    let third = key();
    store.revoke(&third, at, stores.after(3600)).await.unwrap();
    assert_eq!(store.revoked_at(&[other.clone(), third]).await.unwrap(), Some(at));
    assert_eq!(store.revoked_at(&[other]).await.unwrap(), None);
    assert_eq!(store.revoked_at(&[]).await.unwrap(), None);
}

/// Of several moments the latest counts, in whatever order they came and whichever keys they are of.
pub async fn the_latest_moment_counts(stores: &Stores) {
    let store = stores.revocations();
    let (one, other) = (key(), key());
    let (early, late, latest) = (stores.after(-30), stores.after(-20), stores.after(-10));
    for at in [early, late, early] {
        store.revoke(&one, at, stores.after(3600)).await.unwrap();
    }
    assert_eq!(store.revoked_at(std::slice::from_ref(&one)).await.unwrap(), Some(late));
    store.revoke(&other, latest, stores.after(3600)).await.unwrap();
    assert_eq!(store.revoked_at(&[one.clone(), other.clone()]).await.unwrap(), Some(latest));
    assert_eq!(store.revoked_at(&[other, one]).await.unwrap(), Some(latest));
}

/// Of many moments at once the latest stays.
pub async fn the_latest_moment_of_many_counts(stores: &Stores) {
    let (key, now, forget) = (key(), stores.now(), stores.after(3600));
    race(|index| {
        let (store, key) = (stores.revocations(), key.clone());
        let at = now.plus_seconds(-i64::try_from(index * 37 % MANY).unwrap());
        async move { store.revoke(&key, at, forget).await.unwrap() }
    })
    .await;
    assert_eq!(stores.revocations().revoked_at(&[key]).await.unwrap(), Some(now));
}

/// A revocation is remembered until the latest of the moments at which it may be forgotten.
pub async fn a_revocation_is_not_forgotten_too_early(stores: &Stores) {
    let store = stores.revocations();
    let (key, at, soon) = (key(), stores.now(), stores.soon());
    store.revoke(&key, at, stores.after(3600)).await.unwrap();
    store.revoke(&key, millis(at, -1000), soon).await.unwrap();
    store.revoke(&key, at, soon).await.unwrap();
    let now = stores.pass(soon).await;
    // Others are swept with what is added.
    store.revoke(&self::key(), now, now.plus_seconds(60)).await.unwrap();
    assert_eq!(store.revoked_at(&[key]).await.unwrap(), Some(at));
}

/// The bearer of any of the keys is refused until they are allowed again.
pub async fn a_refusal_holds_until_it_is_taken_back(stores: &Stores) {
    let store = stores.revocations();
    let (one, other) = (key(), key());
    store.refuse(&one, Refusal::Refuse, stores.after(-20)).await.unwrap();
    assert!(store.is_refused(&[other.clone(), one.clone()]).await.unwrap());
    assert!(!store.is_refused(std::slice::from_ref(&other)).await.unwrap());
    assert_eq!(
        store.revoked_at(std::slice::from_ref(&one)).await.unwrap(),
        None,
        "who is refused is not signed out by that"
    );
    store.refuse(&one, Refusal::Allow, stores.after(-10)).await.unwrap();
    assert!(!store.is_refused(&[other, one]).await.unwrap());
}

/// Decisions may arrive in another order than they were taken in: the newest counts, and of two of one moment the one that
/// came last.
pub async fn old_news_changes_no_newer_decision(stores: &Stores) {
    let store = stores.revocations();
    let key = key();
    let steps = [
        (Refusal::Refuse, -20, true),
        (Refusal::Allow, -30, true),
        (Refusal::Allow, -10, false),
        (Refusal::Refuse, -15, false),
        (Refusal::Refuse, -10, true),
        (Refusal::Allow, -10, false),
    ];
    let now = stores.now();
    for (refusal, seconds, refused) in steps {
        store.refuse(&key, refusal, now.plus_seconds(seconds)).await.unwrap();
        assert_eq!(store.is_refused(std::slice::from_ref(&key)).await.unwrap(), refused, "{refusal:?} {seconds}");
    }
}

/// Of many decisions at once the newest counts.
pub async fn the_newest_decision_of_many_counts(stores: &Stores) {
    let (key, now) = (key(), stores.now());
    race(|index| {
        let (store, key) = (stores.revocations(), key.clone());
        let age = index * 37 % MANY;
        let refusal = if age == 0 { Refusal::Refuse } else { Refusal::Allow };
        let decided = now.plus_seconds(-i64::try_from(age).unwrap());
        async move { store.refuse(&key, refusal, decided).await.unwrap() }
    })
    .await;
    assert!(stores.revocations().is_refused(&[key]).await.unwrap());
}

/// Only the first time is the first, for each key; taken back, the next one is.
pub async fn the_first_time_is_one_time(stores: &Stores) {
    let store = stores.revocations();
    let (one, other, now, forget) = (key(), key(), stores.now(), stores.after(3600));
    assert!(store.first_time(&one, now, forget).await.unwrap());
    assert!(!store.first_time(&one, now, forget).await.unwrap());
    assert!(store.first_time(&other, now, forget).await.unwrap());
    store.forget_seen(&one).await.unwrap();
    store.forget_seen(&key()).await.unwrap();
    assert!(store.first_time(&one, now, forget).await.unwrap());
    assert!(!store.first_time(&other, now, forget).await.unwrap());
}

/// Of many at once exactly one is the first.
pub async fn one_of_many_is_the_first(stores: &Stores) {
    for _ in 0..4 {
        let (key, now, forget) = (key(), stores.now(), stores.after(3600));
        let results = race(|_| {
            let (store, key) = (stores.revocations(), key.clone());
            async move { store.first_time(&key, now, forget).await.unwrap() }
        })
        .await;
        assert_eq!(results.into_iter().filter(|first| *first).count(), 1);
    }
}

/// What is forgotten is the first again, for exactly one of many.
pub async fn what_is_forgotten_is_the_first_again(stores: &Stores) {
    let (key, soon) = (key(), stores.soon());
    assert!(stores.revocations().first_time(&key, stores.now(), soon).await.unwrap());
    let now = stores.pass(soon).await;
    let results = race(|_| {
        let (store, key) = (stores.revocations(), key.clone());
        async move { store.first_time(&key, now, now.plus_seconds(60)).await.unwrap() }
    })
    .await;
    assert_eq!(results.into_iter().filter(|first| *first).count(), 1);
}

/// News bring what was revoked since the last ones, also what was revoked before; a store need not have any.
pub async fn news_bring_what_was_revoked_since(stores: &Stores) {
    let store = stores.revocations();
    let Some(nothing) = store.news(None).await.unwrap() else { return };
    assert!(nothing.is_whole && nothing.revoked.is_empty(), "{nothing:?}");
    let (one, other) = (key(), key());
    let (at, later, forget) = (stores.after(-20), stores.after(-10), stores.after(3600));
    store.revoke(&one, at, forget).await.unwrap();
    let first = store.news(Some(&nothing.cursor)).await.unwrap().unwrap();
    let [revoked] = &first.revoked[..] else { panic!("{first:?}") };
    assert_eq!((&revoked.key, revoked.at, revoked.forget), (&one, at, forget));
    assert!(!first.is_whole);
    store.revoke(&other, at, forget).await.unwrap();
    store.revoke(&one, later, forget).await.unwrap();
    let second = store.news(Some(&first.cursor)).await.unwrap().unwrap();
    let moments: Vec<_> = [&one, &other].map(|key| latest(&second, key)).into();
    assert_eq!(moments, [Some(later), Some(at)]);
    assert!(store.news(Some(&second.cursor)).await.unwrap().unwrap().revoked.is_empty());
    let whole = store.news(None).await.unwrap().unwrap();
    assert!(whole.is_whole);
    assert_eq!([&one, &other].map(|key| latest(&whole, key)), [Some(later), Some(at)]);
}

fn latest(news: &News, key: &RevocationKey) -> Option<authstile::clock::UnixTime> {
    news.revoked.iter().filter(|revoked| revoked.key == *key).map(|revoked| revoked.at).max()
}

/// Who follows the news while many revoke at once hears of each, and hears of it as soon as it is done.
pub async fn no_news_of_many_are_lost(stores: &Stores) {
    let store = stores.revocations();
    let Some(News { mut cursor, .. }) = store.news(None).await.unwrap() else { return };
    let (now, forget) = (stores.now(), stores.after(3600));
    let many = tokio::spawn(race({
        let store = store.clone();
        move |_| {
            let store = store.clone();
            async move {
                let mut keys = Vec::new();
                for _ in 0..4 {
                    let key = key();
                    store.revoke(&key, now, forget).await.unwrap();
                    keys.push(key);
                }
                keys
            }
        }
    }));
    let mut heard = HashSet::new();
    let mut is_over = false;
    while !is_over {
        is_over = many.is_finished();
        let news = store.news(Some(&cursor)).await.unwrap().unwrap();
        heard.extend(news.revoked.into_iter().map(|revoked| revoked.key));
        cursor = news.cursor;
    }
    for key in many.await.unwrap().into_iter().flatten() {
        assert!(heard.contains(&key), "{key:?} of {}", heard.len());
    }
}
