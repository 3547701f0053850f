//! What an enterprise login needs beyond a login: who may come in, how it begins elsewhere, and how it ends.

use authstile::{Customize as _, EndSession, RevocationKey};
use authstile_idp::Misbehave;
use authstile_scalekit::webhook::{WebhookSecret, WebhookVerifier};
use authstile_tests::{APP, BASE, House, IDP, bare_scalekit, scalekit};
use serde_json::Value;

const WEBHOOK_SECRET: &str = "whsec_c2NhbGVraXQtdmVjdG9yLWtleS0wMTIzNDU2Nzg5YWI=";

async fn signed_in(house: &mut House) -> Value {
    house.attempt().await;
    let session = house.session().await;
    assert_eq!(session["user"]["email"], "ada@acme.example");
    session
}

#[tokio::test]
async fn signing_out_also_ends_a_copy_of_the_cookie() {
    let mut house = House::new();
    signed_in(&mut house).await;
    let mut thief = house.browser.clone();
    house.browser.press_sign_out(BASE).await;
    assert!(thief.session(BASE).await.is_null());
}

#[tokio::test]
async fn a_revoked_subject_is_signed_out_and_may_sign_in_again() {
    let mut house = House::new();
    let other = House::of(&house.idp, &house.clock, |builder| builder.provider(scalekit()));
    signed_in(&mut house).await;
    house.auth.revoke(&RevocationKey::subject(IDP, "conn_acme;00u1ada")).await.unwrap();
    assert!(house.session().await.is_null());
    house.clock.advance(1);
    signed_in(&mut house).await;
    drop(other);
}

// Advisories: CVE-2024-39315.
#[tokio::test]
async fn the_identity_is_in_the_session_and_shown_only_when_asked() {
    let mut house = House::new();
    assert!(signed_in(&mut house).await.get("scalekit").is_none());
    let mut house = House::with(|builder| builder.provider(scalekit().show_identity()));
    let identity = &signed_in(&mut house).await["scalekit"];
    assert_eq!(identity["organization"], "org_acme", "{identity}");
    assert_eq!(identity["connection"], "conn_acme");
}

// Advisories: GHSA-phx7-w8x2.
#[tokio::test]
async fn an_organization_is_held_to_its_domains() {
    for (domains, reason) in [(["acme.example"], None), (["other.example"], Some("DomainNotAllowed"))] {
        let pinned = bare_scalekit().organization_id("org_acme").allow_domains("org_acme", domains).unwrap();
        let mut house = House::with(|builder| builder.provider(pinned));
        let ending = house.attempt().await;
        assert_eq!(ending.reason.as_deref(), reason, "{domains:?}: {ending:?}");
        assert_eq!(house.session().await.is_null(), reason.is_some());
    }
}

// Advisories: GHSA-phx7-w8x2.
#[tokio::test]
async fn nobody_without_an_address_comes_in_for_a_domain() {
    let mut house = House::new();
    house.idp.misbehave(Some(Misbehave::EmailMissing));
    assert_eq!(house.attempt().await.reason.as_deref(), Some("DomainNotAllowed"));
    assert!(house.session().await.is_null());
}

#[tokio::test]
async fn a_work_email_finds_its_organization_and_tells_nobody_which_there_are() {
    let mut house = House::with(|builder| builder.provider(bare_scalekit().ask_work_email()));
    let page = house.browser.get(&format!("{BASE}/signin")).await;
    assert!(page.body.contains("Continue with SSO") && page.body.contains("type=\"email\""), "{}", page.body);
    let token = house.browser.csrf_token(BASE).await;
    for email in ["ada@acme.example", "nobody@unknown.example"] {
        let sent = house
            .browser
            .post(
                &format!("{BASE}/signin/scalekit?organization_id=org_globex"),
                &[("csrfToken", &token), ("email", email)],
            )
            .await;
        let ask = sent.location().unwrap();
        let asked =
            |name: &str| ask.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        assert_eq!(asked("login_hint").as_deref(), Some(email));
        assert_eq!(asked("domain").as_deref(), email.split('@').next_back());
        assert_eq!(asked("organization_id"), None, "a browser cannot route past the server");
    }
    let refused =
        house.browser.post(&format!("{BASE}/signin/scalekit"), &[("csrfToken", &token), ("email", "a@b@c")]).await;
    assert_eq!(refused.location().unwrap().path(), "/api/auth/signin");
    let page = house.browser.follow(refused).await;
    assert!(page.body.contains("not an email address"), "{}", page.body);
}

#[tokio::test]
async fn the_application_can_begin_a_sign_in_for_an_organization() {
    let house = House::with(|builder| builder.provider(bare_scalekit()));
    let mut headers = http::HeaderMap::new();
    headers.insert("host", "localhost:3000".parse().unwrap());
    let asked = vec![("organization_id".to_owned(), "org_acme".to_owned())];
    let answer = house.auth.begin_sign_in(&headers, &"/".parse().unwrap(), "scalekit", asked, "/dash").await;
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(location.starts_with(IDP) && location.contains("organization_id=org_acme"), "{location}");
}

#[tokio::test]
async fn codes_of_the_provider_are_explained_in_our_own_words() {
    let mut house = House::new();
    house.idp.misbehave(Some(Misbehave::AuthorizationErrorUnknownCode));
    let ending = house.attempt().await;
    let page = house.browser.follow(ending.page).await;
    assert!(!page.body.contains("<script"), "{}", page.body);
    house.idp.misbehave(None);
    // The connection of Globex is asked for, which this user has no part in.
    let mut house = House::of(&house.idp, &house.clock, |builder| builder.provider(bare_scalekit()));
    let page = house.attempt().await.page;
    let page = house.browser.follow(page).await;
    assert!(page.body.contains("Reference"), "{}", page.body);
}

mod logout {
    use super::*;

    #[tokio::test]
    async fn at_the_provider_too_and_back_to_where_one_was() {
        let mut house = House::with(|builder| builder.provider(scalekit().end_session(EndSession::AtProvider)));
        signed_in(&mut house).await;
        let token = house.browser.csrf_token(BASE).await;
        let out =
            house.browser.post(&format!("{BASE}/signout"), &[("csrfToken", &token), ("callbackUrl", "/bye")]).await;
        let there = out.location().unwrap();
        assert_eq!((there.origin().ascii_serialization().as_str(), there.path()), (IDP, "/oidc/logout"), "{there}");
        let asked =
            |name: &str| there.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        assert!(asked("id_token_hint").is_some_and(|hint| hint.split('.').count() == 3));
        assert_eq!(asked("post_logout_redirect_uri").as_deref(), Some("http://localhost:3000/api/auth/signed-out"));
        assert!(house.session().await.is_null(), "our session ends first");

        let state = asked("state").unwrap();
        let stranger = house.browser.get(&format!("{BASE}/signed-out?state=forged")).await;
        assert_eq!(stranger.location().unwrap().as_str(), format!("{APP}/"), "a forged state leads to the front door");
        assert!(!state.is_empty());
    }

    #[tokio::test]
    async fn the_return_is_bound_to_its_state() {
        let mut house = House::with(|builder| builder.provider(scalekit().end_session(EndSession::AtProvider)));
        signed_in(&mut house).await;
        let token = house.browser.csrf_token(BASE).await;
        let out =
            house.browser.post(&format!("{BASE}/signout"), &[("csrfToken", &token), ("callbackUrl", "/bye")]).await;
        let there = out.location().unwrap();
        let state = there.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let back = house.browser.get(&format!("{BASE}/signed-out?state={state}")).await;
        assert_eq!(back.location().unwrap().as_str(), format!("{APP}/bye"));
        let again = house.browser.get(&format!("{BASE}/signed-out?state={state}")).await;
        assert_eq!(again.location().unwrap().as_str(), format!("{APP}/"), "good for one return");
    }
}

mod webhooks {
    use super::*;

    const EVENTS: &str = include_str!("../../crates/authstile-scalekit/tests/data/scalekit.json");

    fn event(name: &str) -> Value {
        let vectors: Value = serde_json::from_str(EVENTS).unwrap();
        vectors["webhooks"].as_array().unwrap().iter().find(|event| event["name"] == name).unwrap().clone()
    }

    async fn deliver(house: &mut House, event: &Value) -> http::StatusCode {
        let headers: Vec<(&str, &str)> = event["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let body = event["body"].as_str().unwrap().to_owned();
        house.browser.send(http::Method::POST, &format!("{BASE}/webhooks/scalekit"), &headers, body.into()).await.status
    }

    fn house(clock_at: i64) -> (House, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
        let heard = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counter = heard.clone();
        let verifier = WebhookVerifier::new(WebhookSecret::parse(WEBHOOK_SECRET).unwrap());
        let house = House::with(move |builder| {
            builder.provider(scalekit().webhooks(verifier, move |_event| {
                counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                std::future::ready(Ok(()))
            }))
        });
        house.clock.advance(clock_at - house.clock.seconds());
        (house, heard)
    }

    #[tokio::test]
    async fn an_event_reaches_the_handler_once_and_a_forged_one_never() {
        let event = event("valid_dir_user_created");
        let (mut house, heard) = house(event["now"].as_i64().unwrap());
        assert_eq!(deliver(&mut house, &event).await, 200);
        assert_eq!(deliver(&mut house, &event).await, 200, "a repetition is acknowledged");
        let mut forged = event.clone();
        forged["body"] = Value::from(forged["body"].as_str().unwrap().replace("evt_", "evt_9"));
        assert_eq!(deliver(&mut house, &forged).await, 401);
        assert_eq!(heard.load(std::sync::atomic::Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn there_are_no_webhooks_where_none_are_expected() {
        let mut house = House::new();
        assert_eq!(deliver(&mut house, &event("valid_dir_user_created")).await, 404);
    }
}
