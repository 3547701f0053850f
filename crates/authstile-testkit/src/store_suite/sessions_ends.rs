//! Sessions and their ends: by themselves, one by one, by person, by key.

use authstile::clock::UnixTime;
use authstile::store::{Except, RevocationKey};

use super::Stores;
use super::fixtures::*;

/// A session that has ended is found until it is swept: the caller looks at its end. Or it is gone by itself.
pub async fn what_has_ended_is_found_or_gone_by_itself(stores: &Stores) {
    let store = stores.sessions();
    let ada = somebody(stores, "Ada").await;
    let mut ended = session(stores, &ada);
    ended.expires = stores.soon();
    create(stores, &ended).await;
    assert!(store.find(&ended.key).await.unwrap().is_some());
    stores.pass(ended.expires).await;
    let found = store.find(&ended.key).await.unwrap();
    match stores.expires_by_itself {
        false => assert_eq!(found, Some(ended)),
        true => {
            assert_eq!(found, None);
            assert!(store.of_user(&ada.id).await.unwrap().is_empty());
            assert_eq!(store.delete_of_user(&ada.id, Except::Nothing).await.unwrap(), 0);
        }
    }
}

/// A session that had ended already when it was created is no error, and signs nobody in.
pub async fn a_session_may_have_ended_before_it_began(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    let mut ended = session(stores, &ada);
    ended.expires = stores.after(-60);
    create(stores, &ended).await;
    let found = stores.sessions().find(&ended.key).await.unwrap();
    assert!(found.is_none_or(|found| found == ended));
}

/// What has ended is swept in batches, and nothing else.
pub async fn what_has_ended_is_swept_in_batches(stores: &Stores) {
    let store = stores.sessions();
    let ada = somebody(stores, "Ada").await;
    let (now, mut ended) = (stores.now(), Vec::new());
    for seconds in 1..=5 {
        let mut session = session(stores, &ada);
        session.expires = now.plus_seconds(-seconds);
        create(stores, &session).await;
        ended.push(session);
    }
    let mut live = session(stores, &ada);
    live.expires = now;
    let later = begun(stores, &ada, 0).await;
    if stores.expires_by_itself {
        assert_eq!(store.delete_expired(now, 10).await.unwrap(), 0);
    } else {
        create(stores, &live).await;
        let mut swept = Vec::new();
        for _ in 0..4 {
            swept.push(store.delete_expired(now, 2).await.unwrap());
        }
        assert_eq!(swept, [2, 2, 1, 0], "what ends at this moment did not end before it");
        assert_eq!(store.find(&live.key).await.unwrap(), Some(live));
    }
    for session in ended {
        assert_eq!(store.find(&session.key).await.unwrap(), None);
    }
    assert_eq!(store.find(&later.key).await.unwrap(), Some(later));
}

/// One that is deleted is gone, once; others stay.
pub async fn deleting_takes_one(stores: &Stores) {
    let store = stores.sessions();
    let ada = somebody(stores, "Ada").await;
    let (one, other) = (begun(stores, &ada, 10).await, begun(stores, &ada, 20).await);
    assert!(store.delete(&one.key).await.unwrap());
    assert!(!store.delete(&one.key).await.unwrap());
    assert_eq!(store.find(&one.key).await.unwrap(), None);
    assert_eq!(store.of_user(&ada.id).await.unwrap(), [other]);
    create(stores, &one).await;
    assert_eq!(store.find(&one.key).await.unwrap(), Some(one), "the key is free again");
}

/// One session is deleted by exactly one of many.
pub async fn a_session_is_deleted_once_by_many(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    let session = begun(stores, &ada, 0).await;
    let results = race(|_| {
        let (store, key) = (stores.sessions(), session.key.clone());
        async move { store.delete(&key).await.unwrap() }
    })
    .await;
    assert_eq!(results.into_iter().filter(|deleted| *deleted).count(), 1);
}

/// A person's sessions are listed, those that began last first, and nobody else's.
pub async fn sessions_of_a_person_are_listed_latest_first(stores: &Stores) {
    let store = stores.sessions();
    let (ada, bob) = (somebody(stores, "Ada").await, somebody(stores, "Bob").await);
    let middle = begun(stores, &ada, 50).await;
    let first = begun(stores, &ada, 100).await;
    let of_bob = begun(stores, &bob, 20).await;
    let last = begun(stores, &ada, 0).await;
    assert_eq!(store.of_user(&ada.id).await.unwrap(), [last, middle, first]);
    assert_eq!(store.of_user(&bob.id).await.unwrap(), [of_bob]);
    assert!(store.of_user(&uuid()).await.unwrap().is_empty());
    assert!(store.of_user(&format!("{}x", ada.id)).await.unwrap().is_empty());
}

/// All sessions of a person end, nobody else's.
pub async fn all_sessions_of_a_person_end(stores: &Stores) {
    let store = stores.sessions();
    let (ada, bob) = (somebody(stores, "Ada").await, somebody(stores, "Bob").await);
    let of_ada = [begun(stores, &ada, 30).await, begun(stores, &ada, 20).await, begun(stores, &ada, 10).await];
    let of_bob = begun(stores, &bob, 20).await;
    assert_eq!(store.delete_of_user(&format!("{}x", ada.id), Except::Nothing).await.unwrap(), 0);
    assert_eq!(store.delete_of_user(&ada.id, Except::Nothing).await.unwrap(), 3);
    assert_eq!(store.delete_of_user(&ada.id, Except::Nothing).await.unwrap(), 0);
    for session in of_ada {
        assert_eq!(store.find(&session.key).await.unwrap(), None);
    }
    assert_eq!(store.find(&of_bob.key).await.unwrap(), Some(of_bob));
}

/// The excepted session stays, and can be listed and ended as before. A key of somebody else's keeps nothing.
pub async fn the_excepted_session_stays(stores: &Stores) {
    let store = stores.sessions();
    let (ada, bob) = (somebody(stores, "Ada").await, somebody(stores, "Bob").await);
    let (old, kept) = (begun(stores, &ada, 20).await, begun(stores, &ada, 10).await);
    let of_bob = begun(stores, &bob, 20).await;
    assert_eq!(store.delete_of_user(&ada.id, Except::Key(&kept.key)).await.unwrap(), 1);
    assert_eq!(store.delete_of_user(&ada.id, Except::Key(&kept.key)).await.unwrap(), 0);
    assert_eq!(store.find(&old.key).await.unwrap(), None);
    assert_eq!(store.of_user(&ada.id).await.unwrap(), [kept]);
    assert_eq!(store.delete_of_user(&ada.id, Except::Key(&of_bob.key)).await.unwrap(), 1);
    assert_eq!(store.find(&of_bob.key).await.unwrap(), Some(of_bob));
}

/// A key ends the sessions that carry it, whosever they are, and no others.
pub async fn a_key_ends_the_sessions_that_carry_it(stores: &Stores) {
    let store = stores.sessions();
    let (ada, bob) = (somebody(stores, "Ada").await, somebody(stores, "Bob").await);
    let organization = RevocationKey::new("organization", &["https://login.example", &uuid()]);
    let mut carriers = Vec::new();
    for user in [&ada, &bob] {
        let mut carrier = session(stores, user);
        data(&mut carrier).keys.push(organization.clone());
        create(stores, &carrier).await;
        carriers.push(carrier);
    }
    let other = begun(stores, &ada, 10).await;
    let unknown = RevocationKey::new("organization", &["https://login.example", &uuid()]);
    assert_eq!(store.delete_by_key(&unknown, stores.after(60)).await.unwrap(), 0);
    assert_eq!(store.delete_by_key(&organization, stores.after(60)).await.unwrap(), 2);
    assert_eq!(store.delete_by_key(&organization, stores.after(60)).await.unwrap(), 0);
    for carrier in &mut carriers {
        assert_eq!(store.find(&carrier.key).await.unwrap(), None);
        let own = data(carrier).keys.first().unwrap().clone();
        assert_eq!(store.delete_by_key(&own, stores.after(60)).await.unwrap(), 0, "it is gone by its other keys too");
    }
    assert_eq!(store.of_user(&ada.id).await.unwrap(), [other]);
}

/// A key ends what began at a moment or before: who signed in afterwards stays.
pub async fn a_key_ends_what_began_until_a_moment(stores: &Stores) {
    let store = stores.sessions();
    let ada = somebody(stores, "Ada").await;
    let subject = RevocationKey::subject("https://login.example", &ada.id);
    let mut sessions = Vec::new();
    for seconds_ago in [30, 20, 10] {
        sessions.push(begun(stores, &ada, seconds_ago).await);
    }
    let at: Vec<_> = sessions.iter_mut().map(|session| UnixTime::from_millis(data(session).at)).collect();
    assert_eq!(store.delete_by_key(&subject, millis(at[0], -1)).await.unwrap(), 0);
    assert_eq!(store.delete_by_key(&subject, at[1]).await.unwrap(), 2, "this moment counts");
    assert_eq!(store.delete_by_key(&subject, millis(at[2], -1)).await.unwrap(), 0);
    for session in &sessions[..2] {
        assert_eq!(store.find(&session.key).await.unwrap(), None);
    }
    assert_eq!(store.of_user(&ada.id).await.unwrap(), sessions[2..]);
}

/// Where people are in the same store, who is deleted has no sessions any more.
pub async fn a_deleted_person_has_no_sessions(stores: &Stores) {
    if !stores.sessions().needs_accounts() {
        return;
    }
    let store = stores.sessions();
    let (ada, bob) = (somebody(stores, "Ada").await, somebody(stores, "Bob").await);
    let (of_ada, of_bob) = (begun(stores, &ada, 0).await, begun(stores, &bob, 0).await);
    assert!(stores.accounts().delete_user(&ada.id).await.unwrap());
    assert_eq!(store.find(&of_ada.key).await.unwrap(), None);
    assert!(!store.extend(&of_ada.key, stores.after(7200), stores.now()).await.unwrap());
    assert!(!store.delete(&of_ada.key).await.unwrap());
    assert!(store.of_user(&ada.id).await.unwrap().is_empty());
    let subject = RevocationKey::subject("https://login.example", &ada.id);
    assert_eq!(store.delete_by_key(&subject, stores.after(60)).await.unwrap(), 0);
    assert_eq!(store.find(&of_bob.key).await.unwrap(), Some(of_bob));
}
