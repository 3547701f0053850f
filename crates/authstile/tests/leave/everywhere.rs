//! Signing out everywhere: one form, all sessions of the person, wherever those live.

use authstile::store::{Accounts as _, NewUser};
use authstile::{Auth, MemoryStore};
use authstile_testkit::FixedClock;

use super::{BASE, browser, engine, is_signed_in, location, press, sign_in};

/// The same engine, with sessions in cookies and in a store.
async fn both() -> [(&'static str, Auth, FixedClock); 2] {
    let store = MemoryStore::new();
    for name in ["ada", "linus"] {
        let email = Some(format!("{name}@acme.example"));
        store.register(&NewUser { id: name.to_owned(), email, ..NewUser::default() }, None).await.unwrap();
    }
    let (in_cookies, clock) = engine(|builder| builder);
    let (in_store, other) = engine(|builder| builder.store(store));
    [("in cookies", in_cookies, clock), ("in a store", in_store, other)]
}

#[tokio::test]
async fn everywhere_ends_all_sessions_of_this_person_and_of_nobody_else() {
    for (kind, auth, clock) in both().await {
        let (mut desk, mut phone, mut linus) = (browser(&auth), browser(&auth), browser(&auth));
        sign_in(&mut desk, "ada", "desk").await;
        sign_in(&mut phone, "ada", "phone").await;
        sign_in(&mut linus, "linus", "desk").await;
        clock.advance(1);
        let out = press(&mut desk, "signout", &[("everywhere", "true"), ("callbackUrl", "/bye")]).await;
        assert_eq!(location(&out), "http://app.localhost:3000/bye", "{kind}");
        assert!(!is_signed_in(&mut desk).await && !is_signed_in(&mut phone).await, "{kind}");
        assert!(is_signed_in(&mut linus).await, "{kind}");
        clock.advance(1);
        sign_in(&mut phone, "ada", "phone").await;
        assert!(is_signed_in(&mut phone).await, "{kind}: one may come back");
    }
}

#[tokio::test]
async fn without_the_word_or_the_token_the_others_go_on() {
    for (kind, auth, clock) in both().await {
        let (mut desk, mut phone) = (browser(&auth), browser(&auth));
        sign_in(&mut desk, "ada", "desk").await;
        sign_in(&mut phone, "ada", "phone").await;
        clock.advance(1);
        for fields in [vec![("everywhere", "true")], vec![("everywhere", "true"), ("csrfToken", "forged")]] {
            desk.post(&format!("{BASE}/signout"), &fields).await;
            assert!(is_signed_in(&mut desk).await && is_signed_in(&mut phone).await, "{kind}");
        }
        press(&mut desk, "signout", &[("everywhere", "false")]).await;
        assert!(!is_signed_in(&mut desk).await && is_signed_in(&mut phone).await, "{kind}");
    }
}

#[tokio::test]
async fn a_session_that_was_ended_says_nothing_about_the_others() {
    for (kind, auth, clock) in both().await {
        let (mut desk, mut phone) = (browser(&auth), browser(&auth));
        sign_in(&mut desk, "ada", "desk").await;
        let mut stolen = desk.clone();
        clock.advance(1);
        press(&mut desk, "signout", &[]).await;
        sign_in(&mut phone, "ada", "phone").await;
        clock.advance(1);
        press(&mut stolen, "signout", &[("everywhere", "true")]).await;
        assert!(is_signed_in(&mut phone).await, "{kind}");
    }
}

#[tokio::test]
async fn a_hook_that_renames_people_hides_no_session() {
    let (auth, clock) = engine(|builder| {
        builder.jwt(|input| async move {
            let mut claims = input.claims;
            claims.insert("sub".to_owned(), "somebody".into());
            Ok(Some(claims))
        })
    });
    let (mut desk, mut phone) = (browser(&auth), browser(&auth));
    sign_in(&mut desk, "ada", "desk").await;
    sign_in(&mut phone, "ada", "phone").await;
    clock.advance(1);
    press(&mut desk, "signout", &[("everywhere", "true")]).await;
    assert!(!is_signed_in(&mut phone).await);
}

#[tokio::test]
async fn the_page_has_a_button_for_it() {
    let (auth, _) = engine(|builder| builder);
    let mut ada = browser(&auth);
    assert!(!ada.get(&format!("{BASE}/signout")).await.body.contains("everywhere"), "nobody is signed in");
    sign_in(&mut ada, "ada", "x").await;
    let page = ada.get(&format!("{BASE}/signout")).await;
    assert!(
        page.body.contains("name=\"everywhere\" value=\"true\"") && page.body.contains("/auth/sessions"),
        "{page:?}"
    );
}
