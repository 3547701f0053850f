//! People and their accounts: linked once, in one transaction, whoever else tries.

use authstile::oauth::secret::AccessToken;
use authstile::store::NewUser;
use authstile::{Account, AccountKind};

use super::Stores;
use super::fixtures::*;

/// An account leads to its person, and only both of its names together do.
pub async fn an_account_finds_its_person(stores: &Stores) {
    let store = stores.accounts();
    let ada = store.register(&new_user(stores, "Ada"), Some(&account("1"))).await.unwrap();
    let bob = store.register(&new_user(stores, "Bob"), None).await.unwrap();
    store.link(&bob.id, &Account::new(AccountKind::OAuth, "other", "2")).await.unwrap();
    assert_eq!(store.find_user_by_account("acme", "1").await.unwrap(), Some(ada));
    assert_eq!(store.find_user_by_account("other", "2").await.unwrap(), Some(bob));
    for (provider, id) in [("acme", "2"), ("other", "1"), ("third", "3"), ("acme", ""), ("", "1"), ("acme:1", "")] {
        assert_eq!(store.find_user_by_account(provider, id).await.unwrap(), None, "{provider} {id}");
    }
}

/// Tokens, scope and expiry come back as they were, also tokens of 10 kB, and none where there were none.
pub async fn accounts_keep_all_that_they_have(stores: &Stores) {
    let store = stores.accounts();
    let mut large = account("1");
    large.access_token = Some(AccessToken::new(long_token("a b😀")));
    large.scope = Some(long_token("scope ü "));
    let ada = store.register(&new_user(stores, "Ada"), Some(&large)).await.unwrap();
    let kinds =
        [AccountKind::OAuth, AccountKind::Oidc, AccountKind::Email, AccountKind::Credentials, AccountKind::WebAuthn];
    let mut expected = vec![shown(&large)];
    for kind in kinds {
        let bare = Account::new(kind, format!("bare {}", kind.as_str()), "1");
        store.link(&ada.id, &bare).await.unwrap();
        expected.push(shown(&bare));
    }
    let accounts: Vec<_> = store.accounts_of(&ada.id).await.unwrap().iter().map(shown).collect();
    let again: Vec<_> = store.accounts_of(&ada.id).await.unwrap().iter().map(shown).collect();
    assert_eq!(accounts, again, "the order is stable");
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    assert_eq!(sorted(accounts), sorted(expected));
}

/// What providers call their accounts is compared byte for byte, and may be anything of 255 characters.
pub async fn account_ids_are_compared_byte_for_byte(stores: &Stores) {
    let store = stores.accounts();
    let mut ids = distinct(PAIRS);
    ids.extend(TEXTS.into_iter().map(str::to_owned).chain([long_text()]));
    let mut people = Vec::new();
    for id in &ids {
        people.push(store.register(&new_user(stores, "Ada"), Some(&account(id))).await.unwrap());
    }
    for (id, person) in ids.iter().zip(people) {
        assert_eq!(store.find_user_by_account("acme", id).await.unwrap().as_ref(), Some(&person), "{id:?}");
        let accounts = store.accounts_of(&person.id).await.unwrap();
        assert_eq!(accounts.iter().map(shown).collect::<Vec<_>>(), [shown(&account(id))]);
    }
}

/// Registering is one transaction: an address that somebody has leaves no account behind.
pub async fn a_taken_address_leaves_no_account_behind(stores: &Stores) {
    let store = stores.accounts();
    let ada = store.register(&new_user(stores, "Ada"), None).await.unwrap();
    let eve = NewUser { email: ada.email.clone(), ..new_user(stores, "Eve") };
    let error = store.register(&eve, Some(&account("1"))).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(store.find_user_by_account("acme", "1").await.unwrap(), None);
    assert_eq!(store.find_user_by_email(ada.email.as_ref().unwrap()).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(store.list_users(None, 10).await.unwrap(), [ada]);
}

/// Registering is one transaction: an account that is linked leaves no person behind.
pub async fn a_linked_account_leaves_no_person_behind(stores: &Stores) {
    let store = stores.accounts();
    let ada = store.register(&new_user(stores, "Ada"), Some(&account("1"))).await.unwrap();
    let eve = new_user(stores, "Eve");
    let error = store.register(&eve, Some(&account("1"))).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(store.find_user_by_email(eve.email.as_ref().unwrap()).await.unwrap(), None);
    assert_eq!(store.find_user_by_account("acme", "1").await.unwrap().as_ref(), Some(&ada));
    assert_eq!(store.list_users(None, 10).await.unwrap(), [ada]);
    store.register(&eve, Some(&account("2"))).await.unwrap();
}

/// Of many who register one address at once, each with an account of their own, exactly one succeeds.
pub async fn an_address_is_registered_once_by_many(stores: &Stores) {
    let email = Some(format!("{}@example.com", uuid()));
    let results = race(|index| {
        let (store, new) = (stores.accounts(), NewUser { email: email.clone(), ..new_user(stores, "Ada") });
        async move { store.register(&new, Some(&account(&index.to_string()))).await }
    })
    .await;
    let store = stores.accounts();
    let mut winners = Vec::new();
    for (index, result) in results.into_iter().enumerate() {
        let linked = store.find_user_by_account("acme", &index.to_string()).await.unwrap();
        match result {
            Ok(user) => {
                assert_eq!(linked.as_ref(), Some(&user));
                winners.push(user);
            }
            Err(error) => {
                assert!(error.is_conflict(), "{error}");
                assert_eq!(linked, None);
            }
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(store.list_users(None, 100).await.unwrap(), winners);
}

/// Of many who register one account at once, exactly one succeeds, and nobody else is left behind.
pub async fn an_account_is_registered_once_by_many(stores: &Stores) {
    let results = race(|_| {
        let (store, new) = (stores.accounts(), new_user(stores, "Ada"));
        async move { store.register(&new, Some(&account("1"))).await }
    })
    .await;
    let (winners, losers): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let winners: Vec<_> = winners.into_iter().map(Result::unwrap).collect();
    assert_eq!(winners.len(), 1);
    losers.into_iter().map(Result::unwrap_err).for_each(|error| assert!(error.is_conflict(), "{error}"));
    let store = stores.accounts();
    assert_eq!(store.find_user_by_account("acme", "1").await.unwrap().as_ref(), winners.first());
    assert_eq!(store.list_users(None, 100).await.unwrap(), winners);
}

/// Of many people who link one account at once, exactly one gets it.
pub async fn an_account_is_linked_once_by_many(stores: &Stores) {
    let store = stores.accounts();
    let mut people = Vec::new();
    for _ in 0..8 {
        people.push(store.register(&new_user(stores, "Ada"), None).await.unwrap().id);
    }
    let results = race(|index| {
        let (store, id) = (stores.accounts(), people[index % 8].clone());
        async move { store.link(&id, &account("1")).await.map(|()| id) }
    })
    .await;
    let (winners, losers): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(winners.len(), 1);
    losers.into_iter().map(Result::unwrap_err).for_each(|error| assert!(error.is_conflict(), "{error}"));
    let winner = winners.into_iter().next().unwrap().unwrap();
    assert_eq!(store.find_user_by_account("acme", "1").await.unwrap().unwrap().id, winner);
    for id in people {
        assert_eq!(store.accounts_of(&id).await.unwrap().len(), usize::from(id == winner));
    }
}

/// What is linked is not linked again, to whomever, and keeps its tokens.
pub async fn linking_never_overwrites(stores: &Stores) {
    let store = stores.accounts();
    let ada = store.register(&new_user(stores, "Ada"), Some(&account("1"))).await.unwrap();
    let bob = store.register(&new_user(stores, "Bob"), None).await.unwrap();
    for user in [&ada, &bob] {
        let error = store.link(&user.id, &Account::new(AccountKind::OAuth, "acme", "1")).await.unwrap_err();
        assert!(error.is_conflict(), "{error}");
    }
    let accounts = store.accounts_of(&ada.id).await.unwrap();
    assert_eq!(accounts.iter().map(shown).collect::<Vec<_>>(), [shown(&account("1"))]);
    assert!(store.accounts_of(&bob.id).await.unwrap().is_empty());
}

/// An account without a person is none.
pub async fn linking_needs_a_person(stores: &Stores) {
    let store = stores.accounts();
    let gone = store.register(&new_user(stores, "Ada"), None).await.unwrap();
    store.delete_user(&gone.id).await.unwrap();
    assert!(store.link(&gone.id, &account("1")).await.is_err());
    assert!(store.link(&uuid(), &account("1")).await.is_err());
    assert_eq!(store.find_user_by_account("acme", "1").await.unwrap(), None);
}

/// Unlinking takes one account of one person, and not one of somebody else.
pub async fn unlinking_takes_one_account_of_its_person(stores: &Stores) {
    let store = stores.accounts();
    let ada = store.register(&new_user(stores, "Ada"), Some(&account("1"))).await.unwrap();
    store.link(&ada.id, &account("2")).await.unwrap();
    let bob = store.register(&new_user(stores, "Bob"), Some(&account("3"))).await.unwrap();
    assert!(!store.unlink(&bob.id, "acme", "1").await.unwrap());
    assert!(!store.unlink(&ada.id, "other", "1").await.unwrap());
    assert!(!store.unlink(&ada.id, "acme", "3").await.unwrap());
    assert!(store.unlink(&ada.id, "acme", "1").await.unwrap());
    assert!(!store.unlink(&ada.id, "acme", "1").await.unwrap());
    assert_eq!(store.find_user_by_account("acme", "1").await.unwrap(), None);
    assert_eq!(store.find_user_by_account("acme", "2").await.unwrap().as_ref(), Some(&ada));
    assert_eq!(store.accounts_of(&ada.id).await.unwrap().len(), 1);
    store.link(&bob.id, &account("1")).await.unwrap();
}

/// Newer tokens replace older ones; what the newer lack is kept; the account stays whose it is.
pub async fn newer_tokens_replace_older_ones(stores: &Stores) {
    let store = stores.accounts();
    let ada = store.register(&new_user(stores, "Ada"), Some(&account("1"))).await.unwrap();
    let bob = store.register(&new_user(stores, "Bob"), Some(&account("2"))).await.unwrap();
    let mut newer = Account::new(AccountKind::Oidc, "acme", "1");
    newer.access_token = Some(AccessToken::new("newer"));
    newer.expires_at = Some(4_102_444_801);
    assert!(store.update_tokens(&newer).await.unwrap());
    let expected = Account { access_token: newer.access_token.clone(), expires_at: newer.expires_at, ..account("1") };
    let of = async |id: &str| store.accounts_of(id).await.unwrap().iter().map(shown).collect::<Vec<_>>();
    assert_eq!(of(&ada.id).await, [shown(&expected)]);
    let full = Account { provider_account_id: "1".to_owned(), ..account("renewed") };
    assert!(store.update_tokens(&full).await.unwrap());
    assert_eq!(of(&ada.id).await, [shown(&full)]);
    assert_eq!(of(&bob.id).await, [shown(&account("2"))]);
}

/// Tokens of an account that is not linked are not kept.
pub async fn tokens_of_nobody_are_not_kept(stores: &Stores) {
    let store = stores.accounts();
    assert!(!store.update_tokens(&account("1")).await.unwrap());
    assert_eq!(store.find_user_by_account("acme", "1").await.unwrap(), None);
}
