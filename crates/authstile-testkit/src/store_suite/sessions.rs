//! Sessions: created, found and prolonged.

use authstile::clock::UnixTime;
use authstile::store::{Except, StoredSession, UserChanges};
use serde_json::json;

use super::Stores;
use super::fixtures::*;

/// No session is there, and none is made up.
pub async fn an_empty_store_has_no_sessions(stores: &Stores) {
    let store = stores.sessions();
    for key in [hash().as_str(), "", "*", "%", "x' OR 'x'='x"] {
        assert_eq!(store.find(key).await.unwrap(), None);
        assert!(!store.delete(key).await.unwrap());
        assert!(!store.extend(key, stores.after(60), stores.now()).await.unwrap());
        assert!(store.of_user(key).await.unwrap().is_empty());
        assert_eq!(store.delete_of_user(key, Except::Nothing).await.unwrap(), 0);
    }
    assert_eq!(store.delete_expired(stores.now(), 10).await.unwrap(), 0);
}

/// A session is found with its person and with all that it was created with.
pub async fn a_session_is_found_as_created(stores: &Stores) {
    let store = stores.sessions();
    let (ada, bob) = (somebody(stores, "Ada").await, somebody(stores, "Bob").await);
    let (of_ada, of_bob) = (session(stores, &ada), session(stores, &bob));
    create(stores, &of_ada).await;
    create(stores, &of_bob).await;
    assert_eq!(store.find(&of_ada.key).await.unwrap(), Some(of_ada));
    assert_eq!(store.find(&of_bob.key).await.unwrap(), Some(of_bob));
}

/// Of many who look at once, each finds the session with their key and no other, or none.
pub async fn many_at_once_find_their_own(stores: &Stores) {
    let mut sessions = Vec::new();
    for name in ["Ada", "Bob", "Cyd", "Dan", "Eve"] {
        let session = session(stores, &somebody(stores, name).await);
        create(stores, &session).await;
        sessions.push(session);
    }
    for _ in 0..8 {
        let results = race(|index| {
            // Some look for the same, and some for one that is not there.
            let asked = sessions.get(index % 7).cloned();
            let store = stores.sessions();
            async move {
                let key = asked.as_ref().map_or_else(hash, |session| session.key.clone());
                (asked, store.find(&key).await.unwrap())
            }
        })
        .await;
        for (asked, found) in results {
            assert_eq!(found, asked);
        }
    }
}

/// What may be missing may be missing.
pub async fn a_session_may_have_little(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    let mut little = session(stores, &ada);
    let data = data(&mut little);
    (data.user_agent, data.address) = (None, None);
    data.claims.clear();
    data.keys.clear();
    create(stores, &little).await;
    assert_eq!(stores.sessions().find(&little.key).await.unwrap(), Some(little));
}

/// All of Unicode, quotes and control characters come back as they were, and so do 10 kB of claims.
pub async fn sessions_may_hold_anything(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    for text in TEXTS.into_iter().map(str::to_owned).chain([long_text()]) {
        let mut session = session(stores, &ada);
        let data = data(&mut session);
        data.user_agent = Some(text.chars().take(200).collect());
        data.provider = text.chars().take(100).collect();
        data.claims = claims(json!({ &text: [&text, { "n": 1.5 }], "long": long_token(&text), "": {}, "e": [] }));
        create(stores, &session).await;
        assert_eq!(stores.sessions().find(&session.key).await.unwrap(), Some(session), "{text:?}");
    }
}

/// Keys are compared byte for byte, and may be anything: a value of Auth.js's is not a hash.
pub async fn session_keys_are_compared_byte_for_byte(stores: &Stores) {
    let store = stores.sessions();
    let ada = somebody(stores, "Ada").await;
    let mut keys = distinct(PAIRS);
    keys.extend(TEXTS.into_iter().map(str::to_owned).chain([long_text()]));
    let mut sessions = Vec::new();
    for key in keys {
        assert_eq!(store.find(&key).await.unwrap(), None, "{key:?} is no other one");
        sessions.push(StoredSession { key, ..session(stores, &ada) });
        create(stores, sessions.last().unwrap()).await;
    }
    assert_eq!(store.of_user(&ada.id).await.unwrap().len(), sessions.len());
    for session in sessions {
        assert_eq!(store.find(&session.key).await.unwrap().as_ref(), Some(&session));
        assert!(store.delete(&session.key).await.unwrap(), "{:?}", session.key);
    }
    assert!(store.of_user(&ada.id).await.unwrap().is_empty());
}

/// The end of a session keeps its milliseconds, or its seconds where the schema has no more.
pub async fn the_end_of_a_session_keeps_its_precision(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    for fraction in [0, 1, 500, 999] {
        let mut session = session(stores, &ada);
        session.expires = stores.moment(stores.after(86_400).seconds() * 1000 + fraction);
        create(stores, &session).await;
        assert_eq!(stores.sessions().find(&session.key).await.unwrap().unwrap().expires, session.expires);
    }
}

/// A key that is taken is a conflict, and the session that has it stays as it is.
pub async fn creating_never_overwrites(stores: &Stores) {
    let store = stores.sessions();
    let (ada, eve) = (somebody(stores, "Ada").await, somebody(stores, "Eve").await);
    let first = session(stores, &ada);
    create(stores, &first).await;
    let second = StoredSession { key: first.key.clone(), ..session(stores, &eve) };
    let error = store.create(as_new(&second)).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(store.find(&first.key).await.unwrap().as_ref(), Some(&first));
    assert!(store.of_user(&eve.id).await.unwrap().is_empty());
    assert_eq!(store.of_user(&ada.id).await.unwrap(), [first]);
}

/// Of many who create one key at once, exactly one succeeds, and it is theirs that is found.
pub async fn a_key_is_created_once_by_many(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    let key = hash();
    let results = race(|_| {
        let (store, session) = (stores.sessions(), StoredSession { key: key.clone(), ..session(stores, &ada) });
        async move { store.create(as_new(&session)).await.map(|()| session) }
    })
    .await;
    let (winners, losers): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    losers.into_iter().map(Result::unwrap_err).for_each(|error| assert!(error.is_conflict(), "{error}"));
    let winners: Vec<_> = winners.into_iter().map(Result::unwrap).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(stores.sessions().find(&key).await.unwrap().as_ref(), winners.first());
    assert_eq!(stores.sessions().of_user(&ada.id).await.unwrap(), winners);
}

/// Where sessions need a person in the same store, there is none without.
pub async fn a_session_needs_its_person(stores: &Stores) {
    if !stores.sessions().needs_accounts() {
        return;
    }
    let ada = somebody(stores, "Ada").await;
    stores.accounts().delete_user(&ada.id).await.unwrap();
    let session = session(stores, &ada);
    assert!(stores.sessions().create(as_new(&session)).await.is_err());
    assert_eq!(stores.sessions().find(&session.key).await.unwrap(), None);
}

/// Where people are in the same store, a session shows them as they are now.
pub async fn a_session_shows_its_person_as_they_are(stores: &Stores) {
    if !stores.sessions().needs_accounts() {
        return;
    }
    let ada = somebody(stores, "Ada").await;
    let session = begun(stores, &ada, 0).await;
    let changes = UserChanges { name: Some("Ada L.".to_owned()), ..UserChanges::default() };
    let changed = stores.accounts().update_user(&ada.id, &changes).await.unwrap().unwrap();
    assert_eq!(stores.sessions().find(&session.key).await.unwrap().unwrap().user, changed);
    assert_eq!(stores.sessions().of_user(&ada.id).await.unwrap().first().unwrap().user, changed);
}

/// A session that was used lasts longer; nothing else of it changes.
pub async fn extending_changes_the_end_and_the_last_use(stores: &Stores) {
    let store = stores.sessions();
    let ada = somebody(stores, "Ada").await;
    let (mut used, other) = (session(stores, &ada), begun(stores, &ada, 10).await);
    create(stores, &used).await;
    let (expires, seen) = (stores.after(7200), stores.after(5));
    assert!(store.extend(&used.key, expires, seen).await.unwrap());
    used.expires = expires;
    data(&mut used).seen = seen.millis();
    assert_eq!(store.find(&used.key).await.unwrap().as_ref(), Some(&used));
    assert_eq!(store.of_user(&ada.id).await.unwrap(), [used, other]);
}

/// A session that was extended outlives its first end, and is found by its person and by its keys as before.
pub async fn an_extended_session_outlives_its_first_end(stores: &Stores) {
    let store = stores.sessions();
    let ada = somebody(stores, "Ada").await;
    let soon = stores.soon();
    let mut session = session(stores, &ada);
    session.expires = soon;
    create(stores, &session).await;
    assert!(store.extend(&session.key, stores.after(3600), stores.now()).await.unwrap());
    let now = stores.pass(soon).await;
    begun(stores, &ada, 0).await;
    assert_eq!(store.delete_expired(now, 10).await.unwrap(), 0);
    assert!(store.find(&session.key).await.unwrap().is_some());
    assert_eq!(store.of_user(&ada.id).await.unwrap().len(), 2);
    let key = data(&mut session).keys.first().unwrap().clone();
    assert_eq!(store.delete_by_key(&key, stores.now()).await.unwrap(), 1);
    assert_eq!(store.find(&session.key).await.unwrap(), None);
}

/// What is gone does not come back by being used.
pub async fn extending_does_not_bring_back(stores: &Stores) {
    let store = stores.sessions();
    let ada = somebody(stores, "Ada").await;
    let session = begun(stores, &ada, 0).await;
    store.delete(&session.key).await.unwrap();
    assert!(!store.extend(&session.key, stores.after(7200), stores.now()).await.unwrap());
    assert_eq!(store.find(&session.key).await.unwrap(), None);
    assert!(store.of_user(&ada.id).await.unwrap().is_empty());
}

/// What is deleted while many use it is gone.
pub async fn deleting_wins_against_many_who_extend(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    let session = begun(stores, &ada, 0).await;
    let results = race(|index| {
        let (store, key) = (stores.sessions(), session.key.clone());
        let (expires, seen) = (stores.after(7200), UnixTime::from_millis(stores.now().millis()));
        async move {
            match index {
                20 => store.delete(&key).await.unwrap(),
                _ => store.extend(&key, expires, seen).await.map(|_| false).unwrap(),
            }
        }
    })
    .await;
    assert_eq!(results.into_iter().filter(|deleted| *deleted).count(), 1);
    assert_eq!(stores.sessions().find(&session.key).await.unwrap(), None);
    assert!(stores.sessions().of_user(&ada.id).await.unwrap().is_empty());
}
