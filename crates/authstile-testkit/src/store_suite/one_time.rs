//! One-time values: good once, for whom they were made.

use authstile::store::OneTimeValue;

use super::Stores;
use super::fixtures::*;

fn value(stores: &Stores, identifier: &str) -> OneTimeValue {
    OneTimeValue { identifier: identifier.to_owned(), token: hash(), expires: stores.after(900) }
}

/// A value is used up with exactly what it was created with, and the second time it is nothing.
// Advisories: GHSA-7w99, CVE-2026-53517, GHSA-hc7v.
pub async fn a_value_is_good_once(stores: &Stores) {
    let store = stores.one_time();
    let value = value(stores, "ada@example.com");
    assert_eq!(store.consume(&value.identifier, &value.token).await.unwrap(), None);
    store.create(&value).await.unwrap();
    assert_eq!(store.consume(&value.identifier, &value.token).await.unwrap().as_ref(), Some(&value));
    assert_eq!(store.consume(&value.identifier, &value.token).await.unwrap(), None);
    store.create(&value).await.unwrap();
    assert_eq!(store.consume(&value.identifier, &value.token).await.unwrap(), Some(value), "it can be made again");
}

/// Of many who use one value at once, exactly one gets it.
// Advisories: GHSA-7w99, CVE-2026-53517, GHSA-hc7v.
pub async fn a_value_is_used_once_by_many(stores: &Stores) {
    for _ in 0..4 {
        let value = value(stores, "ada@example.com");
        stores.one_time().create(&value).await.unwrap();
        let results = race(|_| {
            let (store, value) = (stores.one_time(), value.clone());
            async move { store.consume(&value.identifier, &value.token).await.unwrap() }
        })
        .await;
        assert_eq!(results.into_iter().flatten().collect::<Vec<_>>(), [value]);
    }
}

/// Both identifier and token have to be right; a wrong one gets nothing and uses nothing up.
// Advisories: CVE-2022-39263.
pub async fn a_wrong_one_uses_nothing_up(stores: &Stores) {
    let store = stores.one_time();
    let (ada, bob) = (value(stores, "ada@example.com"), value(stores, "bob@example.com"));
    store.create(&ada).await.unwrap();
    store.create(&bob).await.unwrap();
    for (identifier, token) in [
        (&ada.identifier, &bob.token),
        (&bob.identifier, &ada.token),
        (&ada.identifier, &String::new()),
        (&String::new(), &ada.token),
        (&ada.identifier, &ada.token.to_uppercase()),
        (&ada.identifier, &"%".to_owned()),
        (&"*".to_owned(), &ada.token),
        (&format!("{}:", ada.identifier), &ada.token),
    ] {
        assert_eq!(store.consume(identifier, token).await.unwrap(), None, "{identifier} {token}");
    }
    assert_eq!(store.consume(&ada.identifier, &ada.token).await.unwrap(), Some(ada));
    assert_eq!(store.consume(&bob.identifier, &bob.token).await.unwrap(), Some(bob));
}

/// The parts of a name do not run into each other.
pub async fn identifier_and_token_do_not_run_into_each_other(stores: &Stores) {
    let store = stores.one_time();
    for separator in [":", "|", "/", "\u{1}", " ", "{", "}", ".", "-"] {
        let parts = |identifier: String, token: String| OneTimeValue { identifier, token, ..value(stores, "") };
        let one = parts(format!("a{separator}b"), "c".to_owned());
        let other = parts("a".to_owned(), format!("b{separator}c"));
        store.create(&one).await.unwrap();
        assert_eq!(store.consume(&other.identifier, &other.token).await.unwrap(), None, "{separator:?}");
        store.create(&other).await.unwrap();
        assert_eq!(store.consume(&one.identifier, &one.token).await.unwrap(), Some(one));
        assert_eq!(store.consume(&other.identifier, &other.token).await.unwrap(), Some(other));
    }
}

/// One identifier may have several values at once: a second mail does not make the first link worthless.
pub async fn an_identifier_may_have_several_values(stores: &Stores) {
    let store = stores.one_time();
    let (first, second) = (value(stores, "ada@example.com"), value(stores, "ada@example.com"));
    store.create(&first).await.unwrap();
    store.create(&second).await.unwrap();
    assert_eq!(store.consume(&first.identifier, &first.token).await.unwrap(), Some(first));
    assert_eq!(store.consume(&second.identifier, &second.token).await.unwrap(), Some(second));
}

/// A value that is remembered already is a conflict, and stays as it is.
pub async fn creating_a_value_never_overwrites(stores: &Stores) {
    let store = stores.one_time();
    let value = value(stores, "ada@example.com");
    store.create(&value).await.unwrap();
    let longer = OneTimeValue { expires: stores.after(86_400), ..value.clone() };
    let error = store.create(&longer).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(store.consume(&value.identifier, &value.token).await.unwrap(), Some(value));
}

/// Of many who create one value at once, exactly one succeeds.
pub async fn a_value_is_created_once_by_many(stores: &Stores) {
    let value = value(stores, "ada@example.com");
    let results = race(|_| {
        let (store, value) = (stores.one_time(), value.clone());
        async move { store.create(&value).await }
    })
    .await;
    let (winners, losers): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(winners.len(), 1);
    losers.into_iter().map(Result::unwrap_err).for_each(|error| assert!(error.is_conflict(), "{error}"));
}

/// Identifiers are compared byte for byte, and may be anything of 255 characters.
pub async fn identifiers_are_compared_byte_for_byte(stores: &Stores) {
    let store = stores.one_time();
    let token = hash();
    let mut values = Vec::new();
    for identifier in distinct(PAIRS).into_iter().chain(TEXTS.into_iter().map(str::to_owned)).chain([long_text()]) {
        values.push(OneTimeValue { identifier, token: token.clone(), expires: stores.after(900) });
        store.create(values.last().unwrap()).await.unwrap();
    }
    for value in values {
        assert_eq!(store.consume(&value.identifier, &value.token).await.unwrap(), Some(value));
    }
}

/// The end of a value keeps its milliseconds, or its seconds where the schema has no more.
pub async fn the_end_of_a_value_keeps_its_precision(stores: &Stores) {
    let store = stores.one_time();
    for fraction in [0, 1, 500, 999] {
        let mut value = value(stores, "ada@example.com");
        value.expires = stores.moment(value.expires.seconds() * 1000 + fraction);
        store.create(&value).await.unwrap();
        assert_eq!(store.consume(&value.identifier, &value.token).await.unwrap(), Some(value));
    }
}

/// What has expired is used up and returned, so that it can be told from what never was. Or it is gone by itself.
pub async fn what_has_expired_is_used_up_too(stores: &Stores) {
    let store = stores.one_time();
    let value = OneTimeValue { expires: stores.soon(), ..value(stores, "ada@example.com") };
    store.create(&value).await.unwrap();
    stores.pass(value.expires).await;
    let found = store.consume(&value.identifier, &value.token).await.unwrap();
    assert_eq!(found, (!stores.expires_by_itself).then(|| value.clone()));
    assert_eq!(store.consume(&value.identifier, &value.token).await.unwrap(), None);
}

/// What has expired is swept in batches, and nothing else.
pub async fn what_has_expired_is_swept_in_batches(stores: &Stores) {
    let store = stores.one_time();
    let now = stores.now();
    let mut expired = Vec::new();
    for seconds in 1..=5 {
        expired.push(OneTimeValue { expires: now.plus_seconds(-seconds), ..value(stores, "ada@example.com") });
        store.create(expired.last().unwrap()).await.unwrap();
    }
    let live = value(stores, "ada@example.com");
    store.create(&live).await.unwrap();
    let mut swept = Vec::new();
    for _ in 0..4 {
        swept.push(store.delete_expired(now, 2).await.unwrap());
    }
    assert_eq!(swept, if stores.expires_by_itself { [0; 4] } else { [2, 2, 1, 0] });
    for value in expired {
        assert_eq!(store.consume(&value.identifier, &value.token).await.unwrap(), None);
    }
    assert_eq!(store.consume(&live.identifier, &live.token).await.unwrap(), Some(live));
}
