//! A page that asks for a fresh or a strong sign-in gets what the provider states, and not what was asked for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use authstile::store::Accounts as _;
use authstile::{Auth, Customize as _, MemoryStore, Provider, StepUp};
use authstile_axum::{SignedIn, require_step_up, routes};
use authstile_idp::User;
use authstile_testkit::{Browser, FixedClock, Page};
use authstile_tests::log::Log;
use authstile_tests::script::{ID, Row, SECRET, Script, Walk};
use authstile_tests::{APP, BASE, Ending, House, IDP, Leg, NOW, furnish, scalekit};
use axum::Router;
use axum::routing::get;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// An application in which `/vault` asks for more than a session, in front of a browser.
fn open(browser: &mut Browser, app: &str, auth: &Auth, demanded: StepUp) {
    let vault = async |SignedIn(session): SignedIn| format!("vault of {}", session.user.email.unwrap_or_default());
    let router: Router = Router::new()
        .route("/vault", get(vault).post(vault))
        .route_layer(require_step_up(auth, demanded))
        .merge(routes(auth))
        .with_state(auth.clone());
    browser.site(app, move |request| {
        let router = router.clone();
        async move {
            let response = router.oneshot(request.map(axum::body::Body::from)).await.unwrap();
            let (parts, body) = response.into_parts();
            http::Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
        }
    });
}

fn location(page: &Page) -> String {
    page.location().map(String::from).unwrap_or_default()
}

mod with_a_provider_that_does_as_asked {
    use super::*;

    const VAULT: &str = "http://localhost:3000/vault?account=1&to=%2Fx";

    /// Ada and Grace, of one organization.
    fn house(store: Option<MemoryStore>) -> House {
        let clock = FixedClock::at(NOW);
        let grace = User::new("grace@acme.example").id("00u3grace").name("Grace").organization("org_acme");
        let idp = furnish(IDP, BASE, &clock).user(grace).build();
        idp.auto_sign_in(Some("ada@acme.example"));
        let mut house = House::of(&idp, &clock, |builder| match store {
            Some(store) => builder.provider(scalekit()).store(store),
            None => builder.provider(scalekit()),
        });
        open(&mut house.browser, APP, &house.auth, StepUp::fresh(300));
        house
    }

    #[tokio::test]
    async fn one_signs_in_once_more_and_is_back_where_one_was() {
        let mut house = house(None);
        house.sign_in().await;
        house.clock.advance(30);
        let away = house.browser.get(VAULT).await;
        assert!(location(&away).starts_with(IDP) && location(&away).contains("max_age=300"), "{away:?}");
        let back = house.browser.follow(away).await;
        assert_eq!((back.url.as_str(), back.body.as_str()), (VAULT, "vault of ada@acme.example"));
        assert_eq!(back.headers["cache-control"], "private, no-store");
        // For as long as it is fresh, nobody is asked again.
        house.clock.advance(290);
        assert_eq!(house.browser.get(VAULT).await.status, StatusCode::OK);
        house.clock.advance(100);
        let away = house.browser.get(VAULT).await;
        assert!(location(&away).starts_with(IDP), "{away:?}");
        assert_eq!(house.browser.follow(away).await.body, "vault of ada@acme.example");
    }

    #[tokio::test]
    async fn a_form_that_is_sent_too_late_is_told_so_and_does_nothing() {
        let mut house = house(None);
        house.sign_in().await;
        let refused = house.browser.post(VAULT, &[("amount", "1000")]).await;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.json()["error"], "insufficient_user_authentication");
        assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("max_age=\"300\""));
        let away = house.browser.get(VAULT).await;
        house.browser.follow(away).await;
        assert_eq!(house.browser.post(VAULT, &[("amount", "1000")]).await.body, "vault of ada@acme.example");
    }

    #[tokio::test]
    async fn somebody_else_comes_in_as_themselves() {
        let mut house = house(None);
        house.sign_in().await;
        house.idp.auto_sign_in(Some("grace@acme.example"));
        let away = house.browser.get(VAULT).await;
        assert_eq!(house.browser.follow(away).await.body, "vault of grace@acme.example");
        assert_eq!(house.session().await["user"]["email"], "grace@acme.example");
    }

    #[tokio::test]
    async fn the_account_of_somebody_else_is_linked_to_nobody() {
        let store = MemoryStore::new();
        let mut house = house(Some(store.clone()));
        house.sign_in().await;
        let ada = store.find_user_by_email("ada@acme.example").await.unwrap().unwrap();
        house.idp.auto_sign_in(Some("grace@acme.example"));
        let away = house.browser.get(VAULT).await;
        assert_eq!(house.browser.follow(away).await.body, "vault of grace@acme.example");
        assert_eq!(store.accounts_of(&ada.id).await.unwrap().len(), 1);
        let grace = store.find_user_by_email("grace@acme.example").await.unwrap().unwrap();
        assert_ne!(grace.id, ada.id);
        // And the one whom the store knows already comes in as themselves too.
        house.idp.auto_sign_in(Some("ada@acme.example"));
        house.clock.advance(400);
        let away = house.browser.get(VAULT).await;
        assert_eq!(house.browser.follow(away).await.body, "vault of ada@acme.example");
        assert_eq!(store.list_users(None, 10).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_stored_session_remembers_it_too() {
        let store = MemoryStore::new();
        let mut house = house(Some(store));
        house.sign_in().await;
        let away = house.browser.get(VAULT).await;
        assert_eq!(house.browser.follow(away).await.body, "vault of ada@acme.example");
        house.clock.advance(200);
        house.session().await;
        assert_eq!(house.browser.get(VAULT).await.status, StatusCode::OK);
    }
}

mod with_a_provider_that_says_what_it_likes {
    use super::*;
    use authstile_tests::script::{APP, BASE};

    const ISSUER: &str = "https://acme.example";
    const VAULT: &str = "https://app.example/vault?a=1";

    fn row() -> Row {
        let answer = json!({ "access_token": "AT", "token_type": "Bearer", "id_token": "{id_token}" });
        Row::post("https://discovered.example/token", json!({}), json!({}), answer)
    }

    fn claims(more: &Value) -> Value {
        let mut claims = json!({
            "iss": ISSUER, "aud": ID, "sub": "ada", "email": "ada@acme.example",
            "nonce": "{nonce}", "iat": "{now}", "exp": "{now + 3600}",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
    }

    /// Somebody signs in, opens the vault, and comes back with those claims.
    async fn walk(demanded: StepUp, before: Value, after: Value) -> (Walk, Ending) {
        let mut script = Script::oidc(ISSUER, claims(&before), vec![row(), row()]);
        script.lenient = true;
        let mut walk = Walk::new(Provider::oidc("acme", ISSUER).register(ID, SECRET).name("Acme"), script);
        open(&mut walk.browser, APP, &walk.auth, demanded);
        assert_eq!(walk.sign_in().await.path, "/dash");
        let away = walk.browser.get(VAULT).await;
        let url = away.location().expect("somewhere");
        if !url.as_str().starts_with(ISSUER) && !url.as_str().starts_with("https://discovered.example") {
            return (walk, Ending::read(Leg::SignIn, away, &Log::keep()));
        }
        {
            let mut script = walk.script.lock().unwrap();
            script.asked = url.query_pairs().map(|(name, value)| (name.into_owned(), json!(value))).collect();
            script.claims = claims(&after);
        }
        let ending = walk.come_back(&[]).await;
        (walk, ending)
    }

    // Advisories: GHSA-xg6x-h9c9-2m83, GHSA-wc43-73w7.
    #[tokio::test]
    async fn what_is_stated_is_checked_and_the_session_stays_what_it_was() {
        let (fresh, strong, both) =
            (StepUp::fresh(300), StepUp::strong("gold").acr("silver"), StepUp::fresh(300).acr("gold"));
        for (demanded, after, reason) in [
            (&fresh, json!({ "auth_time": NOW - 10 }), None),
            (&fresh, json!({ "auth_time": NOW - 361 }), Some("SignInTooOld")),
            // With max_age in the request it has to be there (OpenID Connect Core §2).
            (&fresh, json!({}), Some("SignInTooOld")),
            (&strong, json!({ "acr": "silver" }), None),
            (&strong, json!({ "acr": "bronze" }), Some("SignInTooWeak")),
            (&strong, json!({ "acr": "" }), Some("SignInTooWeak")),
            (&strong, json!({}), Some("SignInTooWeak")),
            (&strong, json!({ "amr": ["gold"] }), Some("SignInTooWeak")),
            (&both, json!({ "acr": "gold", "auth_time": NOW }), None),
            (&both, json!({ "acr": "gold", "auth_time": NOW - 3600 }), Some("SignInTooOld")),
            (&both, json!({ "acr": "bronze", "auth_time": NOW }), Some("SignInTooWeak")),
        ] {
            let (mut walk, ending) = walk(demanded.clone(), json!({}), after.clone()).await;
            assert_eq!(ending.reason.as_deref(), reason, "{after}: {ending:?}");
            assert_eq!(walk.browser.session(BASE).await["user"]["email"], "ada@acme.example");
            if reason.is_none() {
                assert_eq!(location(&ending.page), VAULT, "{after}");
                assert_eq!(walk.browser.get(VAULT).await.body, "vault of ada@acme.example", "{after}");
                continue;
            }
            assert_eq!((ending.path.as_str(), ending.code.as_deref()), ("/auth/error", Some("AccessDenied")));
            let page = walk.browser.follow(ending.page).await;
            assert_eq!(page.status, 403, "the walk ends here: {page:?}");
            let again = walk.browser.get(VAULT).await;
            assert_ne!(again.status, 200, "{after}");
        }
    }

    #[tokio::test]
    async fn an_ordinary_sign_in_that_was_good_enough_is_good_enough() {
        let demanded = StepUp::fresh(300).acr("gold");
        let good = json!({ "auth_time": NOW - 20, "acr": "gold" });
        let mut script = Script::oidc(ISSUER, claims(&good), vec![row()]);
        script.lenient = true;
        let mut walk = Walk::new(Provider::oidc("acme", ISSUER).register(ID, SECRET), script);
        open(&mut walk.browser, APP, &walk.auth, demanded);
        assert_eq!(walk.sign_in().await.path, "/dash");
        assert_eq!(walk.browser.get(VAULT).await.body, "vault of ada@acme.example");
    }

    #[tokio::test]
    async fn a_clock_that_is_ahead_keeps_no_sign_in_young() {
        let mut script = Script::oidc(ISSUER, claims(&json!({ "auth_time": NOW + 100_000 })), vec![row()]);
        script.lenient = true;
        let mut walk = Walk::new(Provider::oidc("acme", ISSUER).register(ID, SECRET), script);
        open(&mut walk.browser, APP, &walk.auth, StepUp::fresh(300));
        assert_eq!(walk.sign_in().await.path, "/dash");
        walk.clock.advance(361);
        assert_ne!(walk.browser.get(VAULT).await.status, 200);
    }

    #[tokio::test]
    async fn a_provider_that_cannot_says_so_in_its_own_code() {
        let script = Script::oidc(ISSUER, claims(&json!({})), vec![row()]);
        let mut walk = Walk::new(Provider::oidc("acme", ISSUER).register(ID, SECRET), script);
        walk.script.lock().unwrap().lenient = true;
        walk.leave().await.unwrap();
        let error = [("error", "unmet_authentication_requirements"), ("code", "")];
        let ending = walk.come_back(&error).await;
        let page = walk.browser.follow(ending.page).await;
        assert!(page.body.contains("stronger sign-in"), "{page:?}");
    }

    #[tokio::test]
    async fn programs_are_told_in_the_words_of_the_standard() {
        let script = Script::oidc(ISSUER, claims(&json!({})), vec![row()]);
        let mut walk = Walk::new(Provider::oidc("acme", ISSUER).register(ID, SECRET), script);
        walk.script.lock().unwrap().lenient = true;
        open(&mut walk.browser, APP, &walk.auth, StepUp::strong("gold"));
        walk.sign_in().await;
        let refused =
            walk.browser.send(Method::GET, VAULT, &[("accept", "application/json")], Default::default()).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["acr_values"]), (401, &json!("gold")));
    }
}
