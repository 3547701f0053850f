//! The list of one's own sessions, and an end to what should not be on it.

use authstile::store::{Accounts as _, NewUser, Sessions as _, StoredUser};
use authstile::{Auth, MemoryStore, SessionTokens};
use authstile_testkit::{Browser, FixedClock};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{BASE, browser, engine, is_signed_in, location, press, sign_in};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Mobile/15E148 Safari/604.1";

async fn stored(tokens: SessionTokens) -> (Auth, FixedClock, MemoryStore) {
    let store = MemoryStore::new();
    for name in ["ada", "linus"] {
        let email = Some(format!("{name}@acme.example"));
        store.register(&NewUser { id: name.to_owned(), email, ..NewUser::default() }, None).await.unwrap();
    }
    let (auth, clock) = engine(|builder| builder.store(store.clone()).session_tokens(tokens));
    (auth, clock, store)
}

async fn listed(browser: &mut Browser) -> Value {
    let headers = [("accept", "application/json")];
    browser.send(Method::GET, &format!("{BASE}/sessions"), &headers, Bytes::new()).await.json()
}

fn ids(list: &Value, current: bool) -> Vec<String> {
    let sessions = list["sessions"].as_array().unwrap().iter();
    sessions.filter(|one| one["current"] == current).map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn people_see_where_they_are_signed_in_and_nobody_else_does() {
    let (auth, clock, _) = stored(SessionTokens::Hashed).await;
    let (mut desk, mut phone, mut linus) = (browser(&auth), browser(&auth), browser(&auth));
    sign_in(&mut desk, "ada", FIREFOX).await;
    clock.advance(60);
    sign_in(&mut phone, "ada", IPHONE).await;
    sign_in(&mut linus, "linus", "curl/8").await;
    let list = listed(&mut phone).await;
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!((sessions.len(), &list["complete"]), (2, &json!(true)), "{list}");
    let phones = &sessions[0];
    assert_eq!((&phones["current"], &phones["device"]), (&json!(true), &json!("Safari on iPhone")), "{list}");
    assert_eq!((&phones["address"], &phones["provider"]), (&json!("192.0.2.7"), &json!("credentials")));
    assert_eq!(phones["begun"], "2026-01-01T00:01:00.000Z");
    assert_eq!((&sessions[1]["current"], &sessions[1]["device"]), (&json!(false), &json!("Firefox on Linux")));

    let page = phone.get(&format!("{BASE}/sessions")).await;
    for part in
        ["Firefox on Linux", "Safari on iPhone", "This one", "192.0.2.7", "1 Jan 2026, 00:00 UTC", "once in a day"]
    {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    assert!(!page.body.contains("curl") && !page.body.contains("linus"), "{}", page.body);
    assert_eq!(page.headers["cache-control"], "private, no-cache, no-store");
    assert_eq!(page.headers["x-frame-options"], "DENY");

    let nobody = browser(&auth).get(&format!("{BASE}/sessions")).await;
    assert_eq!(
        location(&nobody),
        format!("{BASE}/signin?callbackUrl=http%3A%2F%2Fapp.localhost%3A3000%2Fauth%2Fsessions")
    );
    let headers = [("accept", "application/json")];
    let nobody = browser(&auth).send(Method::GET, &format!("{BASE}/sessions"), &headers, Bytes::new()).await;
    assert_eq!((nobody.status.as_u16(), &nobody.json()["error"]), (401, &json!("unauthorized")));
}

#[tokio::test]
async fn a_session_is_ended_by_its_person_and_by_nobody_else() {
    let (auth, _, _) = stored(SessionTokens::Hashed).await;
    let (mut desk, mut phone, mut linus) = (browser(&auth), browser(&auth), browser(&auth));
    sign_in(&mut desk, "ada", FIREFOX).await;
    sign_in(&mut phone, "ada", IPHONE).await;
    sign_in(&mut linus, "linus", "curl/8").await;
    let list = listed(&mut desk).await;
    let of_phone = ids(&list, false).remove(0);
    let of_linus = ids(&listed(&mut linus).await, true).remove(0);

    let known = press(&mut linus, "sessions", &[("session", &of_phone)]).await;
    let unknown = press(&mut linus, "sessions", &[("session", "no such session")]).await;
    assert_eq!((known.status, location(&known), &known.body), (unknown.status, location(&unknown), &unknown.body));
    assert!(is_signed_in(&mut phone).await, "an id of somebody else's ends nothing, and the answer says nothing");

    let forged = desk.post(&format!("{BASE}/sessions"), &[("session", &of_phone), ("csrfToken", "forged")]).await;
    assert!(location(&forged).contains("MissingCSRF") && is_signed_in(&mut phone).await, "{forged:?}");
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://evil.example")];
    let token = desk.csrf_token(BASE).await;
    let body = format!("csrfToken={token}&session={of_phone}");
    desk.send(Method::POST, &format!("{BASE}/sessions"), &headers, body.into()).await;
    assert!(is_signed_in(&mut phone).await, "another site ends nothing");

    let done = press(&mut desk, "sessions", &[("session", &of_phone)]).await;
    assert_eq!(location(&done), format!("{BASE}/sessions"));
    assert!(!is_signed_in(&mut phone).await && is_signed_in(&mut desk).await);
    assert_eq!(listed(&mut desk).await["sessions"].as_array().unwrap().len(), 1);

    press(&mut desk, "sessions", &[("session", &of_linus)]).await;
    assert!(is_signed_in(&mut linus).await);
}

#[tokio::test]
async fn ones_own_session_can_be_ended_here_too() {
    let (in_store, _, _) = stored(SessionTokens::Hashed).await;
    let (in_cookies, clock) = engine(|builder| builder);
    for auth in [in_store, in_cookies] {
        let mut desk = browser(&auth);
        sign_in(&mut desk, "ada", FIREFOX).await;
        clock.advance(1);
        let mut copy = desk.clone();
        let own = ids(&listed(&mut desk).await, true).remove(0);
        let done = press(&mut desk, "sessions", &[("session", &own)]).await;
        assert!(done.set_cookies().iter().any(|cookie| cookie.starts_with("authjs.session-token=; Max-Age=0")));
        assert!(!is_signed_in(&mut desk).await && !is_signed_in(&mut copy).await);
    }
}

#[tokio::test]
async fn all_others_are_ended_at_once_and_this_one_goes_on_under_a_new_key() {
    let (in_store, _, _) = stored(SessionTokens::Hashed).await;
    let (in_cookies, clock) = engine(|builder| builder);
    for auth in [in_store, in_cookies] {
        let (mut desk, mut phone, mut linus) = (browser(&auth), browser(&auth), browser(&auth));
        sign_in(&mut desk, "ada", FIREFOX).await;
        sign_in(&mut phone, "ada", IPHONE).await;
        sign_in(&mut linus, "linus", "curl/8").await;
        clock.advance(1);
        let mut copy = desk.clone();
        press(&mut desk, "sessions", &[("others", "true")]).await;
        clock.advance(1);
        assert!(is_signed_in(&mut desk).await && is_signed_in(&mut linus).await);
        assert!(!is_signed_in(&mut phone).await && !is_signed_in(&mut copy).await);
    }
}

#[tokio::test]
async fn sessions_in_cookies_know_only_of_themselves_and_say_so() {
    let (auth, _) = engine(|builder| builder);
    let (mut desk, mut phone) = (browser(&auth), browser(&auth));
    sign_in(&mut desk, "ada", FIREFOX).await;
    sign_in(&mut phone, "ada", IPHONE).await;
    let list = listed(&mut desk).await;
    assert_eq!((list["sessions"].as_array().unwrap().len(), &list["complete"]), (1, &json!(false)), "{list}");
    let headers = [("accept", "text/html"), ("user-agent", FIREFOX)];
    let page = desk.send(Method::GET, &format!("{BASE}/sessions"), &headers, Bytes::new()).await;
    for part in ["Only this browser is listed", "Firefox on Linux", "name=\"others\"", "name=\"everywhere\""] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    // In a cookie, an id of another session is nobody's to end here.
    let of_phone = ids(&listed(&mut phone).await, true).remove(0);
    press(&mut desk, "sessions", &[("session", &of_phone)]).await;
    assert!(is_signed_in(&mut phone).await);
}

#[tokio::test]
async fn what_is_shown_signs_nobody_in() {
    let (auth, _, store) = stored(SessionTokens::SharedWithAuthJs).await;
    let mut desk = browser(&auth);
    sign_in(&mut desk, "ada", FIREFOX).await;
    // A session that a running Auth.js made: its key is the value of its cookie.
    let ada: StoredUser = store.find_user("ada").await.unwrap().unwrap();
    let expires = store.of_user("ada").await.unwrap()[0].expires;
    let data = authstile::store::SessionData::default();
    let new = authstile::store::NewSession { key: "made-by-auth-js", user: &ada, expires, data: &data };
    store.create(new).await.unwrap();
    let list = listed(&mut desk).await;
    let page = desk.get(&format!("{BASE}/sessions")).await;
    for secret in store.of_user("ada").await.unwrap().iter().map(|session| session.key.clone()) {
        assert!(!page.body.contains(&secret) && !list.to_string().contains(&secret), "{list}");
    }
    let mut thief = browser(&auth);
    for id in [ids(&list, true), ids(&list, false)].concat() {
        thief.set_cookie(super::HOST, super::SESSION, &id);
        assert!(!is_signed_in(&mut thief).await);
    }
    let theirs = ids(&list, false);
    assert_eq!(theirs.len(), 1);
    press(&mut desk, "sessions", &[("session", &theirs[0])]).await;
    assert!(store.find("made-by-auth-js").await.unwrap().is_none(), "and it can be ended");
}
