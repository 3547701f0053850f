//! People: found as they were registered, changed and deleted.

use authstile::store::{NewUser, StoredUser, UserChanges};

use super::Stores;
use super::fixtures::*;

/// Nobody is there, and nobody is made up.
pub async fn an_empty_store_has_nobody(stores: &Stores) {
    let store = stores.accounts();
    assert_eq!(store.find_user(&uuid()).await.unwrap(), None);
    assert_eq!(store.find_user_by_email("ada@example.com").await.unwrap(), None);
    assert_eq!(store.find_user_by_account("acme", "1").await.unwrap(), None);
    assert!(store.accounts_of(&uuid()).await.unwrap().is_empty());
    assert!(store.list_users(None, 10).await.unwrap().is_empty());
}

/// A person is returned and found with all that they were registered with; their id is what the store says.
pub async fn a_person_is_found_as_registered(stores: &Stores) {
    let store = stores.accounts();
    let new = new_user(stores, "Ada");
    let ada = store.register(&new, None).await.unwrap();
    assert_eq!(ada, stored(stores, &ada.id, &new));
    store.register(&new_user(stores, "Bob"), None).await.unwrap();
    assert_eq!(store.find_user(&ada.id).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(store.find_user_by_email(new.email.as_ref().unwrap()).await.unwrap(), Some(ada));
}

/// Neither name nor address is needed, and any number of people may have no address.
pub async fn a_person_may_have_nothing_but_an_id(stores: &Stores) {
    let store = stores.accounts();
    for _ in 0..3 {
        let nobody = store.register(&NewUser { id: uuid(), ..NewUser::default() }, None).await.unwrap();
        assert_eq!(nobody, StoredUser { id: nobody.id.clone(), ..StoredUser::default() });
        assert_eq!(store.find_user(&nobody.id).await.unwrap(), Some(nobody));
    }
}

/// Registering an id again does not overwrite who has it.
pub async fn registering_never_overwrites(stores: &Stores) {
    let store = stores.accounts();
    let ada = store.register(&new_user(stores, "Ada"), None).await.unwrap();
    let again = NewUser { id: ada.id.clone(), ..new_user(stores, "Eve") };
    match store.register(&again, None).await {
        Ok(eve) => assert_ne!(eve.id, ada.id, "a store that makes its own ids makes another"),
        Err(error) => assert!(error.is_conflict(), "{error}"),
    }
    assert_eq!(store.find_user(&ada.id).await.unwrap(), Some(ada));
}

/// All of Unicode, quotes, wildcards and control characters come back as they were, and in 255 characters.
pub async fn people_may_be_called_anything(stores: &Stores) {
    let store = stores.accounts();
    for text in TEXTS.into_iter().map(str::to_owned).chain([long_text()]) {
        let mut new = new_user(stores, &text);
        new.email = Some(text.clone());
        new.image = Some(text.clone());
        new.attributes = claims(serde_json::json!({ &text: { "in": &text } }));
        let registered = store.register(&new, None).await.unwrap();
        assert_eq!(registered, stored(stores, &registered.id, &new));
        assert_eq!(store.find_user(&registered.id).await.unwrap().as_ref(), Some(&registered), "{text:?}");
        let found = store.find_user_by_email(new.email.as_ref().unwrap()).await.unwrap();
        assert_eq!(found, Some(registered), "{text:?}");
    }
}

/// Addresses are compared byte for byte: who has another one is another person.
pub async fn addresses_are_not_folded(stores: &Stores) {
    let store = stores.accounts();
    let mut people = Vec::new();
    for text in distinct(PAIRS) {
        let email = format!("{text}@example.com");
        assert_eq!(store.find_user_by_email(&email).await.unwrap(), None, "{email:?} is nobody yet");
        let new = NewUser { email: Some(email), ..new_user(stores, "Ada") };
        people.push(store.register(&new, None).await.unwrap());
    }
    for person in people {
        let email = person.email.clone().unwrap();
        assert_eq!(store.find_user_by_email(&email).await.unwrap(), Some(person), "{email:?}");
    }
}

/// The moment at which an address was proven keeps its milliseconds, or its seconds where the schema has no more; also
/// before 1970 and after 2038.
pub async fn moments_of_people_keep_their_precision(stores: &Stores) {
    let store = stores.accounts();
    for millis in [-1000, 0, 999_000, 1_767_225_599_999, 4_102_444_800_123] {
        let moment = stores.moment(millis);
        let new = NewUser { email_verified: Some(moment), ..new_user(stores, "Ada") };
        let ada = store.register(&new, None).await.unwrap();
        assert_eq!(store.find_user(&ada.id).await.unwrap().unwrap().email_verified, Some(moment));
    }
}

/// What cannot be an id names nobody, and is no error. Neither does what a lax database would take for another id.
pub async fn malformed_ids_name_nobody(stores: &Stores) {
    let store = stores.accounts();
    let ada = store.register(&new_user(stores, "Ada"), Some(&account("1"))).await.unwrap();
    let lax = [format!("{}x", ada.id), format!("0{}", ada.id), format!("+{}", ada.id), format!(" {} ", ada.id)];
    let never = ["", "0", "-1", "1e0", "0x1", "NaN", "ada", "99999999999999999999999999", "1 OR 1=1", "*", "%"];
    for id in lax.iter().map(String::as_str).chain(never).chain(TEXTS).chain([long_text().as_str()]) {
        assert_eq!(store.find_user(id).await.unwrap(), None, "{id:?}");
        assert!(store.accounts_of(id).await.unwrap().is_empty(), "{id:?}");
        assert!(!store.unlink(id, "acme", "1").await.unwrap(), "{id:?}");
        assert_eq!(store.update_user(id, &UserChanges::default()).await.unwrap(), None, "{id:?}");
        assert!(!store.delete_user(id).await.unwrap(), "{id:?}");
        assert!(store.link(id, &account("2")).await.is_err(), "{id:?}");
    }
    assert_eq!(store.find_user(&ada.id).await.unwrap(), Some(ada));
    assert_eq!(store.find_user_by_account("acme", "2").await.unwrap(), None);
}

/// A change returns and stores the person as they are then, and leaves alone what it does not name.
pub async fn a_change_leaves_the_rest(stores: &Stores) {
    let store = stores.accounts();
    let ada = store.register(&new_user(stores, "Ada"), None).await.unwrap();
    let bob = store.register(&new_user(stores, "Bob"), None).await.unwrap();
    let changes = UserChanges { name: Some("Ada L.".to_owned()), ..UserChanges::default() };
    let renamed = StoredUser { name: changes.name.clone(), ..ada.clone() };
    assert_eq!(store.update_user(&ada.id, &changes).await.unwrap().as_ref(), Some(&renamed));
    assert_eq!(store.find_user(&ada.id).await.unwrap().as_ref(), Some(&renamed));
    assert_eq!(store.update_user(&ada.id, &UserChanges::default()).await.unwrap(), Some(renamed));
    let changes = UserChanges {
        email: Some(format!("{}@example.org", uuid())),
        email_verified: Some(stores.after(-60)),
        image: Some("https://pictures.example/2".to_owned()),
        ..UserChanges::default()
    };
    let changed = store.update_user(&ada.id, &changes).await.unwrap().unwrap();
    assert_eq!((&changed.email, &changed.image), (&changes.email, &changes.image));
    assert_eq!(changed.email_verified, changes.email_verified);
    assert_eq!(store.find_user_by_email(changes.email.as_ref().unwrap()).await.unwrap(), Some(changed));
    assert_eq!(store.find_user_by_email(ada.email.as_ref().unwrap()).await.unwrap(), None, "the old address is free");
    assert_eq!(store.find_user(&bob.id).await.unwrap(), Some(bob));
}

/// Nobody gets the address that somebody else has, and the attempt changes nothing; one's own address is no conflict.
pub async fn a_change_to_a_taken_address_is_a_conflict(stores: &Stores) {
    let store = stores.accounts();
    let ada = store.register(&new_user(stores, "Ada"), None).await.unwrap();
    let bob = store.register(&new_user(stores, "Bob"), None).await.unwrap();
    let to = |user: &StoredUser| UserChanges {
        name: Some("Eve".to_owned()),
        email: user.email.clone(),
        ..UserChanges::default()
    };
    let error = store.update_user(&bob.id, &to(&ada)).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(store.find_user(&bob.id).await.unwrap(), Some(bob.clone()));
    assert_eq!(store.update_user(&bob.id, &to(&bob)).await.unwrap().unwrap().name.as_deref(), Some("Eve"));
}

/// Who is deleted is gone with all accounts; the address and the accounts are free, everybody else stays.
pub async fn deleting_a_person_takes_their_accounts(stores: &Stores) {
    let store = stores.accounts();
    let new = new_user(stores, "Ada");
    let ada = store.register(&new, Some(&account("1"))).await.unwrap();
    store.link(&ada.id, &account("2")).await.unwrap();
    let bob = store.register(&new_user(stores, "Bob"), Some(&account("3"))).await.unwrap();
    assert!(store.delete_user(&ada.id).await.unwrap());
    assert!(!store.delete_user(&ada.id).await.unwrap());
    assert_eq!(store.find_user(&ada.id).await.unwrap(), None);
    assert_eq!(store.find_user_by_email(new.email.as_ref().unwrap()).await.unwrap(), None);
    assert_eq!(store.find_user_by_account("acme", "1").await.unwrap(), None);
    assert!(store.accounts_of(&ada.id).await.unwrap().is_empty());
    assert_eq!(store.find_user_by_account("acme", "3").await.unwrap().as_ref(), Some(&bob));
    let again = store.register(&NewUser { id: uuid(), ..new }, Some(&account("1"))).await.unwrap();
    assert_eq!(store.find_user_by_account("acme", "1").await.unwrap(), Some(again));
    store.link(&bob.id, &account("2")).await.unwrap();
}

/// Page after page, everybody comes once, in the order of a single page.
pub async fn pages_show_everybody_once(stores: &Stores) {
    let store = stores.accounts();
    let mut ids = Vec::new();
    for _ in 0..11 {
        ids.push(store.register(&new_user(stores, "Ada"), None).await.unwrap().id);
    }
    let all: Vec<_> = store.list_users(None, 100).await.unwrap().into_iter().map(|user| user.id).collect();
    let mut paged: Vec<String> = Vec::new();
    loop {
        let page = store.list_users(paged.last().map(String::as_str), 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        assert_eq!(store.find_user(&last.id).await.unwrap().as_ref(), Some(last));
        paged.extend(page.into_iter().map(|user| user.id));
        assert!(paged.len() <= 11, "somebody came twice");
    }
    assert_eq!(paged, all);
    ids.sort();
    paged.sort();
    assert_eq!(paged, ids);
}
