//! What begins and ends elsewhere: sign-ins that start at an identity provider, sessions that the provider ends, people who
//! leave their company.

use authstile::{Customize as _, KeepTokens};
use authstile_idp::{
    Client, Connection, Directory, DirectoryUser, Idp, IdpInitiatedFault, LogoutTokenFault, Mode, Organization,
    OutgoingId, User, Webhook, WebhookFault,
};
use authstile_scalekit::webhook::{WebhookSecret, WebhookVerifier};
use authstile_testkit::{Browser, FixedClock};
use authstile_tests::{APP, BASE, CLIENT_ID, CLIENT_SECRET, House, IDP, NOW, bare_scalekit};
use http::{Method, StatusCode};
use serde_json::Value;

const WEBHOOK_SECRET: &str = "whsec_c2NhbGVraXQtdmVjdG9yLWtleS0wMTIzNDU2Nzg5YWI=";

/// A provider that knows where to tell the application what happens.
fn provider(clock: &FixedClock, mode: Mode) -> Idp {
    let now = clock.clone();
    let directory = |id: &str, user: DirectoryUser| Directory::new(id, "SCIM").user(user);
    let idp = Idp::builder(IDP)
        .clock(move || now.seconds())
        .mode(mode)
        .client(
            Client::new(CLIENT_ID, CLIENT_SECRET)
                .redirect_uri(format!("{BASE}/callback/scalekit"))
                .post_logout_redirect_uri(format!("{BASE}/signed-out"))
                .initiate_login_uri(format!("{BASE}/initiate/scalekit"))
                .back_channel_logout_uri(format!("{BASE}/backchannel-logout/scalekit")),
        )
        .organization(
            Organization::new("org_acme", "Acme")
                .domain("acme.example")
                .connection(Connection::new("conn_acme", "Acme Okta"))
                .directory(directory(
                    "dir_acme",
                    DirectoryUser::new("diruser_ada", "ada@acme.example").dp_id("00u1ada"),
                )),
        )
        .organization(
            Organization::new("org_globex", "Globex")
                .domain("globex.example")
                .connection(Connection::new("conn_globex", "Globex Entra"))
                // Another customer's directory may know the same address, and the same id.
                .directory(directory(
                    "dir_globex",
                    DirectoryUser::new("diruser_twin", "ada@acme.example").dp_id("00u1ada"),
                )),
        )
        .user(User::new("ada@acme.example").id("00u1ada").name("Ada Lovelace").organization("org_acme"))
        .user(User::new("linus@globex.example").id("00u2linus").name("Linus").organization("org_globex"))
        .webhook(Webhook::new(format!("{BASE}/webhooks/scalekit"), WEBHOOK_SECRET).unwrap())
        .build();
    idp.auto_sign_in(Some("ada@acme.example"));
    idp
}

fn house_in(mode: Mode) -> House {
    let clock = FixedClock::at(NOW);
    let verifier = WebhookVerifier::new(WebhookSecret::parse(WEBHOOK_SECRET).unwrap());
    let scalekit = bare_scalekit().webhooks(verifier, |_event| std::future::ready(Ok(())));
    House::of(&provider(&clock, mode), &clock, |builder| builder.provider(scalekit.keep_tokens(KeepTokens::All)))
}

fn house() -> House {
    house_in(Mode::Modular)
}

async fn sign_in(house: &mut House) {
    let page = house.browser.press_sign_in(BASE, "scalekit?organization_id=org_acme", "/dash").await;
    let page = house.browser.follow_to(page, APP).await;
    assert!(page.as_str().ends_with("/dash"), "{page}");
    assert_eq!(house.session().await["user"]["email"], "ada@acme.example");
}

trait FollowTo {
    async fn follow_to(&mut self, page: authstile_testkit::Page, app: &str) -> url::Url;
}

impl FollowTo for Browser {
    /// Follows redirects until one leads into the application, beside its engine.
    async fn follow_to(&mut self, mut page: authstile_testkit::Page, app: &str) -> url::Url {
        for _ in 0..10 {
            let Some(next) = page.location() else { panic!("{} answered {}: {}", page.url, page.status, page.body) };
            if next.as_str().starts_with(app) && !next.path().starts_with("/api/auth/") {
                return next;
            }
            page = self.get(next.as_str()).await;
        }
        panic!("no end of redirects")
    }
}

/// Carries what the provider has to say to the application; the answers.
async fn carry(house: &House) -> Vec<StatusCode> {
    let mut answers = Vec::new();
    let mut carrier = house.another_browser();
    for message in house.idp.take_outgoing() {
        let id = OutgoingId::of(&message).unwrap();
        let (parts, body) = message.into_parts();
        let headers: Vec<(&str, &str)> =
            parts.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        let answer = carrier.send(Method::POST, &parts.uri.to_string(), &headers, body).await;
        house.idp.outgoing_result(id, answer.status);
        answers.push(answer.status);
    }
    answers
}

mod initiated {
    use super::*;

    #[tokio::test]
    async fn a_tile_at_the_identity_provider_signs_in() {
        let mut house = house();
        let url = house.idp.idp_initiated_url("ada@acme.example", Some("/reports/42"));
        assert!(url.starts_with(&format!("{BASE}/initiate/scalekit?idp_initiated_login=")), "{url}");
        let page = house.browser.get(&url).await;
        let ask = page.location().unwrap();
        assert!(ask.query().unwrap().contains("connection_id=conn_acme"), "{ask}");
        let state = ask.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        assert_ne!(state, "/reports/42", "the relay state is no state");
        assert_eq!(house.browser.follow_to(page, APP).await.path(), "/reports/42");
        assert_eq!(house.session().await["user"]["email"], "ada@acme.example");
    }

    #[tokio::test]
    async fn it_also_works_where_it_arrives_at_the_callback() {
        let mut house = house();
        let url = house.idp.idp_initiated_url("ada@acme.example", None).replace("/initiate/", "/callback/");
        let page = house.browser.get(&url).await;
        house.browser.follow_to(page, APP).await;
        assert_eq!(house.session().await["user"]["email"], "ada@acme.example");
    }

    #[tokio::test]
    async fn a_relay_state_leads_nowhere_else() {
        for hostile in ["https://evil.example/phish", "//evil.example", "javascript:alert(1)"] {
            let mut house = house();
            let url = house.idp.idp_initiated_url("ada@acme.example", Some(hostile));
            let page = house.browser.get(&url).await;
            let end = house.browser.follow_to(page, APP).await;
            assert_eq!(end.origin().ascii_serialization(), APP, "{hostile}");
        }
    }

    #[tokio::test]
    async fn what_is_no_such_token_begins_an_ordinary_sign_in() {
        for fault in IdpInitiatedFault::ALL.iter().filter(|fault| !fault.is_conformant()) {
            let mut house = house();
            house.idp.spoil_idp_initiated(Some(*fault));
            let url = house.idp.idp_initiated_url("ada@acme.example", Some("/reports/42"));
            let page = house.browser.get(&url).await;
            let ask = page.location().unwrap();
            assert_eq!(ask.path(), "/oauth/authorize", "{}: {ask}", fault.name());
            let routed = ask.query_pairs().any(|(name, _)| name.ends_with("_id") && name != "client_id");
            assert!(!routed, "{}: {ask}", fault.name());
        }
    }

    #[tokio::test]
    async fn somebody_else_who_is_signed_in_is_asked_first() {
        let mut house = house();
        sign_in(&mut house).await;
        let url = house.idp.idp_initiated_url("linus@globex.example", None);
        let page = house.browser.get(&url).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("Switch account?") && page.body.contains("ada@acme.example"), "{}", page.body);
        assert_eq!(house.session().await["user"]["email"], "ada@acme.example", "nothing has happened yet");

        let same = house.idp.idp_initiated_url("ada@acme.example", None);
        assert_eq!(house.browser.get(&same).await.status, 302, "the same person is not asked");
    }

    #[tokio::test]
    async fn a_bookmark_and_a_third_party_begin_sign_ins_too() {
        let mut house = house();
        let plain = house.browser.get(&format!("{BASE}/initiate/scalekit")).await;
        assert_eq!(plain.location().unwrap().path(), "/oauth/authorize");
        let target = "http%3A%2F%2Flocalhost%3A3000%2Fdeep";
        let third =
            format!("{BASE}/initiate/scalekit?iss={IDP}&login_hint=ada%40acme.example&target_link_uri={target}");
        let page = house.browser.get(&third).await;
        assert!(page.location().unwrap().query().unwrap().contains("login_hint=ada%40acme.example"));
        assert_eq!(house.browser.follow_to(page, APP).await.path(), "/deep");
        let foreign =
            house.browser.get(&format!("{BASE}/initiate/scalekit?iss=https://evil.example&target_link_uri=x")).await;
        assert_ne!(foreign.location().unwrap().host_str(), Some("evil.example"));
    }
}

mod back_channel {
    use super::*;

    #[tokio::test]
    async fn a_session_that_ends_at_the_provider_ends_here() {
        let mut house = house();
        sign_in(&mut house).await;
        house.clock.advance(1);
        assert_eq!(house.idp.revoke_sessions_of("ada@acme.example"), 1);
        let answers = carry(&house).await;
        assert!(!answers.is_empty() && answers.iter().all(|answer| *answer == 200), "{answers:?}");
        assert!(house.session().await.is_null());
        house.clock.advance(1);
        sign_in(&mut house).await;
    }

    #[tokio::test]
    async fn every_lie_about_a_logout_is_answered_with_400_and_ends_nothing() {
        for fault in LogoutTokenFault::ALL.iter().filter(|fault| !fault.is_conformant()) {
            let mut house = house();
            sign_in(&mut house).await;
            drop(house.idp.take_outgoing());
            house.clock.advance(1);
            house.idp.spoil_logout_tokens(Some(*fault));
            house.idp.revoke_sessions_of("ada@acme.example");
            let mut answers = Vec::new();
            let mut carrier = house.another_browser();
            for message in
                house.idp.take_outgoing().into_iter().filter(|message| message.uri().path().contains("backchannel"))
            {
                let (parts, body) = message.into_parts();
                let headers = [("content-type", "application/x-www-form-urlencoded")];
                answers.push(carrier.send(Method::POST, &parts.uri.to_string(), &headers, body).await.status.as_u16());
            }
            let replayed = fault.name().contains("replay") || fault.name().contains("jti");
            assert!(answers.contains(&400), "{}: {answers:?}", fault.name());
            if !replayed || !answers.contains(&200) {
                assert!(!house.session().await.is_null(), "{} ended the session", fault.name());
            }
        }
    }
}

mod directory {
    use super::*;

    // Advisories: CVE-2021-41230.
    #[tokio::test]
    async fn who_leaves_is_signed_out_at_once_and_not_let_in_again() {
        for leave in [Idp::deactivate_directory_user, Idp::delete_directory_user] {
            let mut house = house();
            sign_in(&mut house).await;
            drop(house.idp.take_outgoing());
            house.clock.advance(1);
            assert!(leave(&house.idp, "diruser_ada"));
            let answers = carry(&house).await;
            assert!(!answers.is_empty() && answers.iter().all(|answer| *answer == 200), "{answers:?}");
            assert!(house.session().await.is_null());
            house.clock.advance(1);
            let page = house.browser.press_sign_in(BASE, "scalekit?organization_id=org_acme", "/dash").await;
            let page = house.browser.follow(page).await;
            assert!(page.body.contains("switched off"), "{}", page.body);
            assert!(house.session().await.is_null(), "the next sign-in is refused");
        }
    }

    #[tokio::test]
    async fn who_comes_back_is_let_in_again() {
        let mut house = house();
        sign_in(&mut house).await;
        house.clock.advance(1);
        house.idp.deactivate_directory_user("diruser_ada");
        carry(&house).await;
        house.clock.advance(1);
        house.idp.reactivate_directory_user("diruser_ada");
        carry(&house).await;
        house.clock.advance(1);
        sign_in(&mut house).await;
    }

    // Advisories: GHSA-j8v8.
    #[tokio::test]
    async fn another_customer_can_sign_nobody_of_ours_out() {
        let mut house = house();
        sign_in(&mut house).await;
        house.clock.advance(1);
        assert!(house.idp.delete_directory_user("diruser_twin"));
        assert!(carry(&house).await.iter().all(|answer| *answer == 200));
        assert_eq!(house.session().await["user"]["email"], "ada@acme.example");
    }

    #[tokio::test]
    async fn a_connection_or_an_organization_that_is_switched_off_ends_its_sessions() {
        let off: [fn(&Idp) -> bool; 3] = [
            |idp| idp.set_connection_enabled("conn_acme", false),
            |idp| idp.delete_connection("conn_acme"),
            |idp| idp.delete_organization("org_acme"),
        ];
        for switch in off {
            let mut house = house();
            sign_in(&mut house).await;
            house.clock.advance(1);
            assert!(switch(&house.idp));
            carry(&house).await;
            assert!(house.session().await.is_null());
        }
    }

    #[tokio::test]
    async fn a_forged_or_late_event_ends_nothing() {
        for fault in WebhookFault::ALL.iter().filter(|fault| !fault.is_conformant()) {
            let mut house = house();
            sign_in(&mut house).await;
            drop(house.idp.take_outgoing());
            house.clock.advance(1);
            house.idp.misdeliver(Some(*fault));
            house.idp.delete_directory_user("diruser_ada");
            let answers = carry(&house).await;
            assert!(answers.iter().all(|answer| *answer == 401), "{}: {answers:?}", fault.name());
            assert!(!house.session().await.is_null(), "{}", fault.name());
        }
    }
}

mod refresh {
    use super::*;

    fn headers(house: &House) -> http::HeaderMap {
        let cookies: Vec<String> =
            house.browser.cookies("localhost").iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = http::HeaderMap::new();
        headers.insert("host", "localhost:3000".parse().unwrap());
        headers.insert("cookie", cookies.join("; ").parse().unwrap());
        headers
    }

    async fn with_offline_access() -> House {
        let clock = FixedClock::at(NOW);
        let scalekit = bare_scalekit().scope("openid profile email offline_access").keep_tokens(KeepTokens::All);
        let mut house = House::of(&provider(&clock, Mode::FullStack), &clock, |builder| builder.provider(scalekit));
        sign_in(&mut house).await;
        house.idp.clear_requests();
        house
    }

    fn refreshes(house: &House) -> usize {
        house.idp.requests().iter().filter(|request| request.path == "/oauth/token").count()
    }

    #[tokio::test]
    async fn a_token_is_refreshed_once_for_all_who_wait_before_it_expires() {
        let house = with_offline_access().await;
        let uri = "/".parse().unwrap();
        let fresh = house.auth.access_token(&headers(&house), &uri).await.unwrap().unwrap();
        assert!(fresh.set_cookies.is_empty() && refreshes(&house) == 0, "a fresh token is not refreshed");
        house.clock.advance(250);
        let headers = headers(&house);
        let asked = (0..20).map(|_| house.auth.access_token(&headers, &uri));
        let mut tokens = Vec::new();
        for answer in futures_join(asked).await {
            let token = answer.unwrap().unwrap();
            assert!(!token.set_cookies.is_empty(), "the rotated tokens reach the browser");
            tokens.push(token.access_token.expose().to_owned());
        }
        tokens.dedup();
        assert_eq!((tokens.len(), refreshes(&house)), (1, 1));
        assert_ne!(tokens[0], fresh.access_token.expose());
    }

    #[tokio::test]
    async fn a_refused_refresh_ends_the_session_and_a_broken_network_does_not() {
        let mut house = with_offline_access().await;
        let uri = "/".parse().unwrap();
        house.clock.advance(250);
        house.idp.set_down(true);
        assert!(house.auth.access_token(&headers(&house), &uri).await.unwrap().is_some(), "the old one is good yet");
        house.clock.advance(100);
        assert!(house.auth.access_token(&headers(&house), &uri).await.is_err());
        assert!(!house.session().await.is_null(), "a network error ends nothing");
        house.idp.set_down(false);
        for session in house.idp.session_ids("ada@acme.example") {
            house.idp.revoke_refresh(&session);
        }
        let error = house.auth.access_token(&headers(&house), &uri).await.unwrap_err();
        assert!(error.to_string().contains("ended the session"), "{error}");
        assert!(house.session().await.is_null());
    }

    /// All at once, on one thread.
    async fn futures_join<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
        let mut running: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
        std::future::poll_fn(|context| {
            for (future, done) in running.iter_mut().filter(|(_, done)| done.is_none()) {
                if let std::task::Poll::Ready(output) = future.as_mut().poll(context) {
                    *done = Some(output);
                }
            }
            if running.iter().all(|(_, done)| done.is_some()) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
        running.into_iter().filter_map(|(_, done)| done).collect()
    }
}

#[tokio::test]
async fn roles_and_permissions_of_the_access_token_are_in_the_session() {
    let clock = FixedClock::at(NOW);
    let idp = Idp::builder(IDP)
        .clock({
            let clock = clock.clone();
            move || clock.seconds()
        })
        .mode(Mode::FullStack)
        .client(Client::new(CLIENT_ID, CLIENT_SECRET).redirect_uri(format!("{BASE}/callback/scalekit")))
        .organization(Organization::new("org_acme", "Acme").connection(Connection::new("conn_acme", "Acme Okta")))
        .user(User::new("ada@acme.example").role("admin").permission("projects:read").organization("org_acme"))
        .build();
    idp.auto_sign_in(Some("ada@acme.example"));
    let mut house = House::of(&idp, &clock, |builder| builder.provider(bare_scalekit().show_identity()));
    sign_in(&mut house).await;
    let identity: &Value = &house.session().await["scalekit"];
    assert_eq!(identity["roles"], serde_json::json!(["admin"]), "{identity}");
    assert_eq!(identity["permissions"], serde_json::json!(["projects:read"]));
}
