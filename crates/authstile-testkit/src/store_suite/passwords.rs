//! Passwords: set, hashed anew and taken away, and gone with their person.

use super::Stores;
use super::fixtures::*;

const OLD: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$b2xkb2xkb2xkb2xkb2xk";
const NEW: &str = "$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHRzYWx0$bmV3bmV3bmV3bmV3bmV3";
const OTHER: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$b3RoZXJvdGhlcm90aGVy";

/// Whoever is registered has no password, and neither has nobody.
pub async fn nobody_has_a_password_unasked(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    let store = stores.passwords();
    for id in [ada.id, uuid()] {
        assert_eq!(store.password_of(&id).await.unwrap(), None);
        assert!(!store.replace_password(&id, "", NEW).await.unwrap());
        assert!(!store.delete_password(&id).await.unwrap());
    }
}

/// What was set last verifies, and only for the person for whom it was set.
pub async fn a_password_is_set_and_set_again(stores: &Stores) {
    let (ada, bob) = (somebody(stores, "Ada").await, somebody(stores, "Bob").await);
    let store = stores.passwords();
    assert!(store.set_password(&bob.id, OTHER).await.unwrap());
    for phc in [OLD, NEW, NEW, OLD] {
        assert!(store.set_password(&ada.id, phc).await.unwrap(), "the same once more is set as well");
        assert_eq!(store.password_of(&ada.id).await.unwrap().as_deref(), Some(phc));
    }
    assert_eq!(store.password_of(&bob.id).await.unwrap().as_deref(), Some(OTHER));
}

/// A string comes back byte for byte, whatever it looks like: rows of others may have any.
pub async fn passwords_may_look_like_anything(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    let store = stores.passwords();
    let pairs = PAIRS.into_iter().flat_map(|(one, other)| [one, other]);
    let texts = TEXTS.into_iter().chain(pairs).chain([""]).map(str::to_owned);
    for text in texts.chain([long_text(), long_token("$argon2id$")]) {
        assert!(store.set_password(&ada.id, &text).await.unwrap());
        assert_eq!(store.password_of(&ada.id).await.unwrap(), Some(text.clone()), "{text:?}");
        assert!(store.replace_password(&ada.id, &text, OLD).await.unwrap(), "{text:?}");
        assert!(store.replace_password(&ada.id, OLD, &text).await.unwrap(), "{text:?}");
        assert_eq!(store.password_of(&ada.id).await.unwrap(), Some(text));
    }
}

/// Only what verifies the password now is replaced, byte for byte, and only of its person.
pub async fn replacing_needs_the_old_password(stores: &Stores) {
    let (ada, bob) = (somebody(stores, "Ada").await, somebody(stores, "Bob").await);
    let store = stores.passwords();
    store.set_password(&bob.id, OTHER).await.unwrap();
    for (one, other) in PAIRS {
        for (is, asked) in [(one, other), (other, one)] {
            store.set_password(&ada.id, is).await.unwrap();
            assert!(!store.replace_password(&ada.id, asked, NEW).await.unwrap(), "{asked:?} is not {is:?}");
            assert_eq!(store.password_of(&ada.id).await.unwrap().as_deref(), Some(is));
        }
    }
    store.set_password(&ada.id, OLD).await.unwrap();
    for asked in ["", "%", "$argon2id$%", OTHER, NEW, &format!("{OLD} ")] {
        assert!(!store.replace_password(&ada.id, asked, NEW).await.unwrap(), "{asked:?}");
    }
    assert_eq!(store.password_of(&ada.id).await.unwrap().as_deref(), Some(OLD));
    assert!(store.replace_password(&ada.id, OLD, NEW).await.unwrap());
    assert!(!store.replace_password(&ada.id, OLD, NEW).await.unwrap(), "it is not the old one any more");
    assert!(store.replace_password(&ada.id, NEW, NEW).await.unwrap(), "nor does it matter whether it changes");
    assert_eq!(store.password_of(&ada.id).await.unwrap().as_deref(), Some(NEW));
    assert_eq!(store.password_of(&bob.id).await.unwrap().as_deref(), Some(OTHER));
    assert!(store.delete_password(&ada.id).await.unwrap());
    assert!(!store.replace_password(&ada.id, NEW, NEW).await.unwrap(), "what was taken away does not come back");
    assert_eq!(store.password_of(&ada.id).await.unwrap(), None);
}

/// Of many who hash the same password anew at once, exactly one replaces it.
pub async fn a_password_is_replaced_once_by_many(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    stores.passwords().set_password(&ada.id, OLD).await.unwrap();
    let results = race(|index| {
        let (store, id) = (stores.passwords(), ada.id.clone());
        async move { (index, store.replace_password(&id, OLD, &format!("{NEW}{index}")).await.unwrap()) }
    })
    .await;
    let winners: Vec<_> = results.into_iter().filter(|(_, replaced)| *replaced).map(|(index, _)| index).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(stores.passwords().password_of(&ada.id).await.unwrap(), Some(format!("{NEW}{}", winners[0])));
}

/// A password that is changed stays changed, however many hash the old one anew at the same moment.
pub async fn setting_wins_against_many_who_replace(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    stores.passwords().set_password(&ada.id, OLD).await.unwrap();
    race(|index| {
        let (store, id) = (stores.passwords(), ada.id.clone());
        async move {
            match index {
                20 => assert!(store.set_password(&id, OTHER).await.unwrap()),
                _ => drop(store.replace_password(&id, OLD, NEW).await.unwrap()),
            }
        }
    })
    .await;
    assert_eq!(stores.passwords().password_of(&ada.id).await.unwrap().as_deref(), Some(OTHER));
}

/// Many who set a person's first password at once all do, and the one of the last is there.
pub async fn a_password_is_set_by_many(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    race(|index| {
        let (store, id) = (stores.passwords(), ada.id.clone());
        async move { assert!(store.set_password(&id, &format!("{NEW}{index}")).await.unwrap()) }
    })
    .await;
    let set = stores.passwords().password_of(&ada.id).await.unwrap().unwrap();
    assert!((0..MANY).any(|index| set == format!("{NEW}{index}")), "{set}");
}

/// Taking a password away takes this one, and another can be set.
pub async fn deleting_takes_a_password(stores: &Stores) {
    let (ada, bob) = (somebody(stores, "Ada").await, somebody(stores, "Bob").await);
    let store = stores.passwords();
    store.set_password(&ada.id, OLD).await.unwrap();
    store.set_password(&bob.id, OTHER).await.unwrap();
    assert!(store.delete_password(&ada.id).await.unwrap());
    assert!(!store.delete_password(&ada.id).await.unwrap());
    assert_eq!(store.password_of(&ada.id).await.unwrap(), None);
    assert_eq!(store.password_of(&bob.id).await.unwrap().as_deref(), Some(OTHER));
    assert!(store.set_password(&ada.id, NEW).await.unwrap());
    assert_eq!(store.password_of(&ada.id).await.unwrap().as_deref(), Some(NEW));
}

/// Of many who take a password away at once, exactly one does.
pub async fn a_password_is_deleted_once_by_many(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    stores.passwords().set_password(&ada.id, OLD).await.unwrap();
    let results = race(|_| {
        let (store, id) = (stores.passwords(), ada.id.clone());
        async move { store.delete_password(&id).await.unwrap() }
    })
    .await;
    assert_eq!(results.into_iter().filter(|deleted| *deleted).count(), 1);
    assert_eq!(stores.passwords().password_of(&ada.id).await.unwrap(), None);
}

/// Nobody has no password, also nobody whom a lax database would take for somebody; and that is no error.
pub async fn a_password_needs_its_person(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    let store = stores.passwords();
    store.set_password(&ada.id, OLD).await.unwrap();
    let lax = [format!("{}x", ada.id), format!("0{}", ada.id), format!("+{}", ada.id), format!(" {} ", ada.id)];
    let never = ["", "0", "-1", "1e0", "NaN", "99999999999999999999999999", "1 OR 1=1", "*", "%"];
    let long = long_text();
    for id in lax.iter().map(String::as_str).chain(never).chain(TEXTS).chain([uuid().as_str(), &long]) {
        assert!(!store.set_password(id, NEW).await.unwrap(), "{id:?}");
        assert_eq!(store.password_of(id).await.unwrap(), None, "{id:?}");
        assert!(!store.replace_password(id, OLD, NEW).await.unwrap(), "{id:?}");
        assert!(!store.delete_password(id).await.unwrap(), "{id:?}");
    }
    assert_eq!(store.password_of(&ada.id).await.unwrap().as_deref(), Some(OLD));
}

/// The password of a deleted person is gone, also for whoever comes after them.
pub async fn a_deleted_person_has_no_password(stores: &Stores) {
    let (bob, ada) = (somebody(stores, "Bob").await, somebody(stores, "Ada").await);
    let store = stores.passwords();
    store.set_password(&ada.id, OLD).await.unwrap();
    store.set_password(&bob.id, OTHER).await.unwrap();
    assert!(stores.accounts().delete_user(&ada.id).await.unwrap());
    assert_eq!(store.password_of(&ada.id).await.unwrap(), None);
    assert!(!store.set_password(&ada.id, NEW).await.unwrap());
    assert!(!store.replace_password(&ada.id, OLD, NEW).await.unwrap());
    assert!(!store.delete_password(&ada.id).await.unwrap());
    // A database that counts may give the number again, another takes the id that it is given.
    let mut new = new_user(stores, "Eve");
    new.id.clone_from(&ada.id);
    let eve = stores.accounts().register(&new, None).await.unwrap();
    assert_eq!(store.password_of(&eve.id).await.unwrap(), None, "it is not inherited");
    assert_eq!(store.password_of(&bob.id).await.unwrap().as_deref(), Some(OTHER));
}

/// Whoever is deleted while many set their password has none afterwards.
pub async fn no_password_outlives_its_person(stores: &Stores) {
    let ada = somebody(stores, "Ada").await;
    race(|index| {
        let (accounts, store, id) = (stores.accounts(), stores.passwords(), ada.id.clone());
        async move {
            match index {
                20 => assert!(accounts.delete_user(&id).await.unwrap()),
                _ => drop(store.set_password(&id, NEW).await.unwrap()),
            }
        }
    })
    .await;
    assert_eq!(stores.passwords().password_of(&ada.id).await.unwrap(), None);
    let mut new = new_user(stores, "Eve");
    new.id.clone_from(&ada.id);
    let eve = stores.accounts().register(&new, None).await.unwrap();
    assert_eq!(stores.passwords().password_of(&eve.id).await.unwrap(), None, "it is not inherited");
}
