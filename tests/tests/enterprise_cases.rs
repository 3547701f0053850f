//! Cases that an enterprise login meets in the field, one by one.

use authstile::User as Person;
use authstile_idp::{Client, Connection, Idp, Mode, Organization, User};
use authstile_scalekit::ScalekitErrorCode;
use authstile_testkit::FixedClock;
use authstile_tests::{BASE, CLIENT_ID, CLIENT_SECRET, House, IDP, NOW, bare_scalekit, scalekit};

/// A provider with one organization, one connection and one person.
fn provider(clock: &FixedClock, mode: Mode, connection: &str, user: User) -> Idp {
    let now = clock.clone();
    let email = "ada@acme.example";
    let idp = Idp::builder(IDP)
        .clock(move || now.seconds())
        .mode(mode)
        .client(Client::new(CLIENT_ID, CLIENT_SECRET).redirect_uri(format!("{BASE}/callback/scalekit")))
        .organization(
            Organization::new("org_acme", "Acme")
                .domain("acme.example")
                .connection(Connection::new(connection, "Okta")),
        )
        .social("google", "conn_google")
        .user(user)
        .build();
    idp.auto_sign_in(Some(email));
    idp
}

fn ada() -> User {
    User::new("ada@acme.example").id("00u1ada").name("Ada Lovelace").organization("org_acme")
}

/// Who is signed in, as the application sees it.
async fn person(house: &House) -> Option<Person> {
    let cookies: Vec<String> =
        house.browser.cookies("localhost").iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut headers = http::HeaderMap::new();
    headers.insert("host", "localhost:3000".parse().unwrap());
    headers.insert("cookie", cookies.join("; ").parse().unwrap());
    house.auth.session(&headers, &"/".parse().unwrap()).await.unwrap().map(|session| session.user)
}

#[tokio::test]
async fn every_selector_signs_in() {
    for selector in [
        "connection_id=conn_acme",
        "organization_id=org_acme",
        "domain=acme.example",
        "login_hint=ada%40acme.example",
        "provider=google",
        "connection_id=conn_acme&organization_id=org_acme&login_hint=ada%40acme.example",
    ] {
        let clock = FixedClock::at(NOW);
        let idp = provider(&clock, Mode::Modular, "conn_acme", ada());
        let mut house = House::of(&idp, &clock, |builder| builder.provider(bare_scalekit()));
        let page = house.browser.press_sign_in(BASE, &format!("scalekit?{selector}"), "/dash").await;
        let page = house.browser.get(page.location().unwrap().as_str()).await;
        house.browser.get(page.location().unwrap().as_str()).await;
        let person = person(&house).await;
        assert_eq!(person.and_then(|person| person.email).as_deref(), Some("ada@acme.example"), "{selector}");
    }
}

#[tokio::test]
async fn every_error_code_is_shown_in_its_own_words_and_signs_nobody_in() {
    for code in ScalekitErrorCode::ALL {
        let mut house = House::new();
        if !house.idp.fail_next_sign_in(code.as_str()) {
            continue; // not one that comes with a redirect
        }
        let ending = house.attempt().await;
        let page = house.browser.follow(ending.page).await;
        let title = code.title().replace('\'', "&#39;");
        assert!(page.body.contains(&title), "{code}: {}", page.body);
        assert!(page.url.path().starts_with("/api/auth/signin"), "{code} ends at {}", page.url);
        assert!(house.session().await.is_null(), "{code}");
    }
}

#[tokio::test]
async fn a_person_without_a_name_has_none() {
    let clock = FixedClock::at(NOW);
    let nameless = User::new("ada@acme.example").id("00u1ada").organization("org_acme");
    let idp = provider(&clock, Mode::Modular, "conn_acme", nameless);
    let mut house = House::of(&idp, &clock, |builder| builder.provider(scalekit()));
    house.attempt().await;
    let session = house.session().await;
    assert_eq!(session["user"]["email"], "ada@acme.example");
    assert!(session["user"].get("name").is_none(), "{session}");
}

// Advisories: CVE-2024-21632, CVE-2023-3128.
#[tokio::test]
async fn who_changes_their_address_stays_who_they_are() {
    let clock = FixedClock::at(NOW);
    let mut ids = Vec::new();
    for email in ["ada@acme.example", "ada.lovelace@acme.example"] {
        let user = User::new(email).id("00u1ada").name("Ada Lovelace").organization("org_acme");
        let idp = provider(&clock, Mode::Modular, "conn_acme", user);
        idp.auto_sign_in(Some(email));
        let mut house = House::of(&idp, &clock, |builder| builder.provider(scalekit()));
        house.attempt().await;
        let person = person(&house).await.unwrap();
        assert_eq!(person.email.as_deref(), Some(email));
        ids.push(person.id);
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_connection_that_was_recreated_makes_another_account_where_the_subject_names_it() {
    for (mode, same) in [(Mode::Modular, false), (Mode::FullStack, true)] {
        let clock = FixedClock::at(NOW);
        let mut ids = Vec::new();
        for connection in ["conn_old", "conn_new"] {
            let idp = provider(&clock, mode, connection, ada());
            let mut house =
                House::of(&idp, &clock, |builder| builder.provider(bare_scalekit().organization_id("org_acme")));
            house.attempt().await;
            ids.push(person(&house).await.unwrap().id);
        }
        assert_eq!(ids[0] == ids[1], same, "{mode:?}");
    }
}

#[tokio::test]
async fn clocks_may_differ_a_little_and_no_more() {
    for (skew, signs_in) in [(0, true), (50, true), (300, false)] {
        let mut house = House::new();
        house.idp.advance_clock(skew);
        house.attempt().await;
        assert_eq!(!house.session().await.is_null(), signs_in, "the provider's clock is {skew} s ahead");
    }
}
