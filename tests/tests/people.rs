//! People who are stored: their sessions, their accounts, and when two accounts become one person's.

use authstile::hooks::Provision;
use authstile::store::{Accounts as _, NewUser, Sessions as _};
use authstile::{
    Account, AccountKind, AuthBuilder, Customize as _, Event, LinkPolicy, MemoryStore, Registration, SessionLifetime,
    SessionTokens,
};
use authstile_testkit::Page;
use authstile_tests::{APP, BASE, House, scalekit};
use http::{HeaderMap, Uri};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// The same identity provider once more, under another id: other accounts, the same addresses.
fn other() -> Registration {
    let other: Registration = scalekit().into();
    other.id("other").name("Other")
}

fn stored(configure: impl FnOnce(AuthBuilder) -> AuthBuilder) -> (House, MemoryStore) {
    let store = MemoryStore::new();
    let house = House::with(|builder| configure(builder.provider(scalekit()).provider(other()).store(store.clone())));
    (house, store)
}

/// A sign-in with the second provider.
async fn sign_in_other(house: &mut House) -> Page {
    let page = house.browser.press_sign_in(BASE, "other", "/dash").await;
    let ask = page.location().expect("to the provider");
    let callback = house.browser.get(ask.as_str()).await.location().expect("back");
    house.browser.get(callback.as_str()).await
}

fn location(page: &Page) -> String {
    page.location().map(String::from).unwrap_or_default()
}

fn session_cookie(house: &House) -> String {
    house.cookies("session-token").first().map(|(_, value)| value.clone()).unwrap_or_default()
}

fn headers(house: &House) -> (HeaderMap, Uri) {
    let mut headers = HeaderMap::new();
    headers.insert("host", "localhost:3000".parse().unwrap());
    let cookie = format!("authjs.session-token={}", session_cookie(house));
    headers.insert("cookie", cookie.parse().unwrap());
    (headers, "/".parse().unwrap())
}

#[tokio::test]
async fn a_sign_in_stores_a_person_an_account_and_a_session() {
    let (mut house, store) = stored(|builder| builder);
    assert_eq!(location(&house.sign_in().await), format!("{APP}/dash"));
    let session = house.session().await;
    assert_eq!(session["user"]["email"], "ada@acme.example");
    assert_eq!(session["user"]["image"], Value::Null, "as Auth.js shows a row's null");
    let person = store.find_user_by_email("ada@acme.example").await.unwrap().expect("a person");
    assert_eq!(person.name.as_deref(), Some("Ada Lovelace"));
    assert!(person.email_verified.is_some(), "the provider says that the address is verified");
    let accounts = store.accounts_of(&person.id).await.unwrap();
    assert_eq!(accounts.len(), 1);
    assert_eq!((accounts[0].provider.as_str(), accounts[0].kind), ("scalekit", AccountKind::Oidc));
    assert!(accounts[0].access_token.is_some() && accounts[0].id_token.is_some());
    let token = session_cookie(&house);
    assert!(token.len() >= 43 && !token.contains('.'), "a random key, and nothing else: {token}");
    assert!(store.find(&token).await.unwrap().is_none(), "the store has a hash of the key, not the key");
    let sessions = house.auth.sessions_of(&person.id).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].provider.as_deref(), Some("scalekit"));

    house.browser.press_sign_out(BASE).await;
    assert_eq!(house.session().await, Value::Null);
    assert!(house.auth.sessions_of(&person.id).await.unwrap().is_empty());
    house.browser.set_cookie("localhost", "authjs.session-token", &token);
    assert_eq!(house.session().await, Value::Null, "a copy of the cookie ends with it");
}

// Advisories: GHSA-f24x-5g9q, CVE-2021-41246, CVE-2022-25896.
#[tokio::test]
async fn a_second_sign_in_finds_the_person_again_and_replaces_the_session() {
    let (mut house, store) = stored(|builder| builder);
    house.sign_in().await;
    let first = session_cookie(&house);
    house.sign_in().await;
    let second = session_cookie(&house);
    assert_ne!(first, second, "the key is a new one at each sign-in");
    let person = store.find_user_by_email("ada@acme.example").await.unwrap().unwrap();
    assert_eq!(store.list_users(None, 10).await.unwrap().len(), 1);
    assert_eq!(store.accounts_of(&person.id).await.unwrap().len(), 1);
    assert_eq!(house.auth.sessions_of(&person.id).await.unwrap().len(), 1, "the old session is gone");
    house.browser.set_cookie("localhost", "authjs.session-token", &first);
    assert_eq!(house.session().await, Value::Null);
}

#[tokio::test]
async fn keys_that_auth_js_understands_are_stored_as_they_are() {
    let (mut house, store) = stored(|builder| builder.session_tokens(SessionTokens::SharedWithAuthJs));
    house.sign_in().await;
    assert!(store.find(&session_cookie(&house)).await.unwrap().is_some());
}

#[tokio::test]
async fn sessions_slide_by_update_age_and_end_at_the_absolute_limit() {
    let lifetime = SessionLifetime { max_age: 1000, update_age: 100, absolute: Some(2500) };
    let (mut house, store) = stored(|builder| builder.session_lifetime(lifetime));
    house.sign_in().await;
    let id = store.list_users(None, 1).await.unwrap()[0].id.clone();
    let end = async |house: &House| house.auth.sessions_of(&id).await.unwrap()[0].expires.seconds();
    let begun = house.clock.seconds();
    assert_eq!(end(&house).await, begun + 1000);
    house.clock.advance(99);
    house.session().await;
    assert_eq!(end(&house).await, begun + 1000, "not written before update_age has passed");
    house.clock.advance(1);
    house.session().await;
    assert_eq!(end(&house).await, begun + 1100);
    house.clock.advance(900);
    house.session().await;
    house.clock.advance(900);
    house.session().await;
    assert_eq!(end(&house).await, begun + 2500, "never beyond the absolute limit");
    house.clock.advance(599);
    assert_ne!(house.session().await, Value::Null);
    house.clock.advance(1);
    assert_eq!(house.session().await, Value::Null);
}

#[tokio::test]
async fn an_unused_session_ends_and_is_taken_away() {
    let (mut house, store) =
        stored(|builder| builder.session_lifetime(SessionLifetime { max_age: 1000, update_age: 100, absolute: None }));
    house.sign_in().await;
    let key = store.of_user(&store.list_users(None, 1).await.unwrap()[0].id).await.unwrap()[0].key.clone();
    house.clock.advance(1000);
    assert_eq!(house.session().await, Value::Null);
    assert!(store.find(&key).await.unwrap().is_none());
    assert!(session_cookie(&house).is_empty(), "the cookie is cleared");
}

#[tokio::test]
async fn absolute_limits_hold_for_sessions_in_cookies_too() {
    let lifetime = SessionLifetime { max_age: 1000, update_age: 0, absolute: Some(1500) };
    let mut house = House::with(|builder| builder.provider(scalekit()).session_lifetime(lifetime));
    house.sign_in().await;
    house.clock.advance(900);
    assert_ne!(house.session().await, Value::Null);
    // A session that goes on under a new id keeps its beginning.
    let (headers, uri) = headers(&house);
    for cookie in house.auth.rotate_session(&headers, &uri).await.unwrap() {
        let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        let (name, value) = cookie.split_once('=').unwrap();
        house.browser.set_cookie("localhost", name, value);
    }
    house.clock.advance(599);
    assert_ne!(house.session().await, Value::Null);
    house.clock.advance(1);
    assert_eq!(house.session().await, Value::Null);
}

#[tokio::test]
async fn the_other_sessions_of_a_person_can_be_ended() {
    for in_store in [true, false] {
        let store = MemoryStore::new();
        let mut house = House::with(|builder| {
            let builder = builder.provider(scalekit()).store(store.clone());
            if in_store { builder } else { builder.sessions_in_cookies() }
        });
        house.sign_in().await;
        let mut phone = house.visitor();
        phone.sign_in().await;
        assert_ne!(phone.session().await, Value::Null);
        let before = session_cookie(&house);
        let (headers, uri) = headers(&house);
        let cookies = house.auth.end_other_sessions(&headers, &uri).await.unwrap();
        assert!(!cookies.is_empty(), "the own session goes on under a new key");
        for cookie in cookies {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            let (name, value) = cookie.split_once('=').unwrap();
            house.browser.set_cookie("localhost", name, value);
        }
        assert_eq!(phone.session().await, Value::Null, "in store: {in_store}");
        assert_ne!(house.session().await, Value::Null, "in store: {in_store}");
        house.browser.set_cookie("localhost", "authjs.session-token", &before);
        assert_eq!(house.session().await, Value::Null, "the old key is good for nothing");
    }
}

// Advisories: GHSA-4vcf-q4xf-f48m.
#[tokio::test]
async fn one_session_can_be_ended_by_its_id_and_all_of_a_person() {
    let (mut house, store) = stored(|builder| builder);
    house.sign_in().await;
    let mut phone = house.visitor();
    phone.sign_in().await;
    let id = store.list_users(None, 1).await.unwrap()[0].id.clone();
    let (headers, uri) = headers(&phone);
    let of_phone = house.auth.current_session_id(&headers, &uri).await.unwrap().unwrap();
    house.auth.end_session("somebody else", &of_phone).await.unwrap();
    assert_ne!(phone.session().await, Value::Null, "an id ends no session of another person");
    house.auth.end_session(&id, &of_phone).await.unwrap();
    assert_eq!(phone.session().await, Value::Null);
    assert_ne!(house.session().await, Value::Null);
    house.auth.end_sessions_of(&id).await.unwrap();
    assert_eq!(house.session().await, Value::Null);
}

// Advisories: GHSA-2vg6.
#[tokio::test]
async fn a_deleted_person_is_signed_in_nowhere() {
    let (mut house, store) = stored(|builder| builder);
    house.sign_in().await;
    let id = store.list_users(None, 1).await.unwrap()[0].id.clone();
    assert!(house.auth.delete_user(&id).await.unwrap());
    assert_eq!(house.session().await, Value::Null);
    assert!(!house.auth.delete_user(&id).await.unwrap());
}

#[tokio::test]
async fn a_known_address_links_nothing_by_itself() {
    let (mut house, store) = stored(|builder| builder);
    house.sign_in().await;
    house.browser.press_sign_out(BASE).await;
    let refused = sign_in_other(&mut house).await;
    assert_eq!(location(&refused), format!("{BASE}/signin?error=OAuthAccountNotLinked"));
    assert_eq!(house.session().await, Value::Null);
    let person = store.find_user_by_email("ada@acme.example").await.unwrap().unwrap();
    assert_eq!(store.accounts_of(&person.id).await.unwrap().len(), 1);
    let page = house.browser.get(refused.location().unwrap().as_str()).await;
    assert!(page.body.contains("another way"), "{}", page.body);
}

#[tokio::test]
async fn whoever_is_signed_in_links_what_they_sign_in_with_next() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = heard.clone();
    let (mut house, store) = stored(move |builder| {
        builder.on_event(move |event: Event| {
            listener.lock().unwrap().push(event.name());
            std::future::ready(Ok(()))
        })
    });
    house.sign_in().await;
    assert_eq!(location(&sign_in_other(&mut house).await), format!("{APP}/dash"));
    let person = store.find_user_by_email("ada@acme.example").await.unwrap().unwrap();
    let accounts = store.accounts_of(&person.id).await.unwrap();
    assert_eq!(accounts.iter().map(|account| account.provider.as_str()).collect::<Vec<_>>(), ["other", "scalekit"]);
    assert_eq!(*heard.lock().unwrap(), ["createUser", "linkAccount", "signIn", "linkAccount", "signIn"]);

    // And takes it away again.
    let subject = accounts[0].provider_account_id.clone();
    assert!(house.auth.unlink(&person.id, "other", &subject).await.unwrap());
    assert!(!house.auth.unlink(&person.id, "other", &subject).await.unwrap());
    house.browser.press_sign_out(BASE).await;
    let refused = sign_in_other(&mut house).await;
    assert!(location(&refused).contains("OAuthAccountNotLinked"));
}

#[tokio::test]
async fn an_account_of_somebody_else_is_not_taken_over() {
    let (mut house, store) = stored(|builder| builder);
    house.sign_in().await;
    let linus = NewUser { id: "linus".into(), email: Some("linus@globex.example".into()), ..NewUser::default() };
    let subject = store.accounts_of(&store.list_users(None, 1).await.unwrap()[0].id).await.unwrap()[0].clone();
    let theirs = Account::new(AccountKind::Oidc, "other", subject.provider_account_id);
    store.register(&linus, Some(&theirs)).await.unwrap();
    let refused = sign_in_other(&mut house).await;
    assert!(location(&refused).contains("OAuthAccountNotLinked"), "{refused:?}");
    assert_eq!(house.session().await["user"]["email"], "ada@acme.example", "the session goes on");
}

#[tokio::test]
async fn verified_addresses_link_where_the_policy_says_so() {
    for (policy, proven, links) in [
        (LinkPolicy::VerifiedBothSides, true, true),
        (LinkPolicy::VerifiedBothSides, false, false),
        (LinkPolicy::VerifiedDomain(vec!["acme.example".into()]), true, true),
        (LinkPolicy::VerifiedDomain(vec!["globex.example".into()]), true, false),
    ] {
        let (mut house, store) = stored(|builder| builder.link_policy(policy.clone()));
        let now = authstile::clock::UnixTime::from_seconds(1);
        let ada = NewUser {
            id: "ada".into(),
            email: Some("ada@acme.example".into()),
            email_verified: proven.then_some(now),
            ..NewUser::default()
        };
        store.register(&ada, None).await.unwrap();
        let page = house.sign_in().await;
        assert_eq!(!location(&page).contains("error"), links, "{policy:?} {proven}");
        assert_eq!(store.accounts_of("ada").await.unwrap().len(), usize::from(links));
    }
}

#[tokio::test]
async fn who_is_asked_signs_in_as_before_and_says_yes() {
    for answer in ["yes", "no"] {
        let (mut house, store) = stored(|builder| builder.link_policy(LinkPolicy::AskUser));
        house.sign_in().await;
        house.browser.press_sign_out(BASE).await;
        let asked = sign_in_other(&mut house).await;
        assert_eq!(location(&asked), format!("{BASE}/signin?error=OAuthAccountNotLinked"));
        let page = house.browser.get(&location(&asked)).await;
        assert!(page.body.contains("Is this you?"), "{}", page.body);
        assert_eq!(house.session().await, Value::Null, "nobody is signed in yet");

        let in_again = house.sign_in().await;
        assert_eq!(location(&in_again), format!("{BASE}/connect"));
        let question = house.browser.get(&location(&in_again)).await;
        assert!(question.body.contains("Connect <bdi>Other</bdi>?"), "{}", question.body);
        let forged = house.browser.post(&format!("{BASE}/connect"), &[("connect", "yes"), ("csrfToken", "x")]).await;
        assert!(location(&forged).contains("MissingCSRF"), "{forged:?}");
        let token = house.browser.csrf_token(BASE).await;
        let done = house.browser.post(&format!("{BASE}/connect"), &[("csrfToken", &token), ("connect", answer)]).await;
        assert_eq!(location(&done), format!("{APP}/dash"));
        let person = store.find_user_by_email("ada@acme.example").await.unwrap().unwrap();
        let accounts = store.accounts_of(&person.id).await.unwrap();
        assert_eq!(accounts.len(), if answer == "yes" { 2 } else { 1 });
        let again = house.browser.post(&format!("{BASE}/connect"), &[("csrfToken", &token), ("connect", "yes")]).await;
        assert!(location(&again).contains("error"), "an offer is used up by its answer: {again:?}");
    }
}

// Advisories: GHSA-4vcf-q4xf-f48m.
#[tokio::test]
async fn an_offer_is_for_nobody_but_the_person_it_is_for() {
    let (mut house, store) = stored(|builder| builder.link_policy(LinkPolicy::AskUser));
    house.sign_in().await;
    house.browser.press_sign_out(BASE).await;
    sign_in_other(&mut house).await;
    // Somebody else signs in in the same browser.
    house.idp.auto_sign_in(Some("linus@globex.example"));
    let page = house.browser.press_sign_in(BASE, "scalekit", "/dash").await;
    let _ = page;
    let linus = NewUser { id: "linus".into(), email: Some("linus@globex.example".into()), ..NewUser::default() };
    store.register(&linus, None).await.unwrap();
    let token = house.browser.csrf_token(BASE).await;
    let done = house.browser.post(&format!("{BASE}/connect"), &[("csrfToken", &token), ("connect", "yes")]).await;
    assert!(location(&done).contains("error"), "{done:?}");
    assert!(store.accounts_of("linus").await.unwrap().is_empty());
}

#[tokio::test]
async fn the_provision_hook_decides_about_new_people_only() {
    let (mut house, store) = stored(|builder| {
        builder.provision(|input| async move {
            let mut user = input.user;
            if user.email.as_deref() == Some("linus@globex.example") {
                return Ok(Provision::Deny { reason: "not on the list".to_owned() });
            }
            user.attributes.insert("plan".to_owned(), "team".into());
            user.name = Some("Ada of Acme".to_owned());
            Ok(Provision::AllowAs(Box::new(user)))
        })
    });
    house.sign_in().await;
    let ada = store.find_user_by_email("ada@acme.example").await.unwrap().unwrap();
    assert_eq!((ada.name.as_deref(), ada.attributes["plan"].as_str()), (Some("Ada of Acme"), Some("team")));

    let store = MemoryStore::new();
    let mut strict = House::with(|builder| {
        let denied = |_| std::future::ready(Ok(Provision::Deny { reason: "closed".to_owned() }));
        builder.provider(scalekit()).store(store.clone()).provision(denied)
    });
    let refused = strict.sign_in().await;
    assert_eq!(location(&refused), format!("{BASE}/error?error=AccessDenied"));
    assert!(store.list_users(None, 10).await.unwrap().is_empty(), "nothing was written");
}

#[tokio::test]
async fn two_first_sign_ins_at_once_make_one_person() {
    let (house, store) = stored(|builder| builder);
    let mut walks = Vec::new();
    for _ in 0..8 {
        let mut visitor = house.visitor();
        let callback = visitor.answer().await;
        walks.push(tokio::spawn(async move {
            let page = visitor.browser.get(callback.as_str()).await;
            (location(&page), visitor.session().await)
        }));
    }
    for walk in walks {
        let (to, session) = walk.await.unwrap();
        assert_eq!(to, format!("{APP}/dash"));
        assert_eq!(session["user"]["email"], "ada@acme.example");
    }
    assert_eq!(store.list_users(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn new_people_are_shown_a_page_of_their_own() {
    let pages = authstile::Pages { new_user: Some("/welcome".to_owned()), ..Default::default() };
    let (mut house, _store) = stored(|builder| builder.pages(pages));
    assert_eq!(
        location(&house.sign_in().await),
        format!("{APP}/welcome?callbackUrl=http%3A%2F%2Flocalhost%3A3000%2Fdash")
    );
    assert_eq!(location(&house.sign_in().await), format!("{APP}/dash"));
}

#[tokio::test]
async fn a_back_channel_logout_ends_stored_sessions() {
    let (mut house, store) = stored(|builder| builder);
    house.sign_in().await;
    let id = store.list_users(None, 1).await.unwrap()[0].id.clone();
    let session = &store.of_user(&id).await.unwrap()[0];
    let keys = &session.data.as_ref().unwrap().keys;
    house.auth.revoke(&keys[0]).await.unwrap();
    assert_eq!(house.session().await, Value::Null);
    assert!(store.of_user(&id).await.unwrap().is_empty());
}
