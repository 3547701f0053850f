//! The same walks through every door: straight into the engine, and through axum.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "in tests a panic is a failure"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use authstile::{Auth, AuthBuilder};
use authstile_axum::{MaybeSignedIn, SignedIn, require_session, routes};
use authstile_testkit::{Browser, Page};
use authstile_tests::{APP, BASE, House, scalekit};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Json, Router, middleware};
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use url::Url;

/// Puts a router where the engine was.
fn behind(house: &House, router: Router) -> Browser {
    let mut browser = house.another_browser();
    browser.site(APP, move |request| {
        let router = router.clone();
        async move {
            let response = router.oneshot(request.map(axum::body::Body::from)).await.unwrap();
            let (parts, body) = response.into_parts();
            http::Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
        }
    });
    browser
}

/// How often handlers were entered.
type Entered = Arc<AtomicUsize>;

/// An application: a public page, protected pages, an API, and pages below another path.
fn application(auth: &Auth, entered: &Entered) -> Router {
    async fn who(SignedIn(session): SignedIn) -> String {
        format!("Hello {}", session.user.email.unwrap_or_default())
    }
    let count = |entered: &Entered| {
        let entered = entered.clone();
        move || {
            let entered = entered.clone();
            async move {
                entered.fetch_add(1, Ordering::SeqCst);
                "entered"
            }
        }
    };
    let public = async |MaybeSignedIn(session): MaybeSignedIn| match session {
        Some(session) => format!("Hello {}", session.user.name.unwrap_or_default()),
        None => "Hello stranger".to_owned(),
    };
    let protected = Router::new()
        .route("/dash", get(who))
        .route("/api/notes", get(count(entered)).post(count(entered)))
        .route(
            "/extension",
            get(async |Extension(SignedIn(session)): Extension<SignedIn>| Json(json!({"sub": session.user.id}))),
        )
        .route("/cached", get(async || ([("cache-control", "public, max-age=60")], "mine")))
        .route_layer(middleware::from_fn_with_state(auth.clone(), require_session));
    let below = Router::new()
        .route("/reports", get(who))
        .route_layer(middleware::from_fn_with_state(auth.clone(), require_session));
    Router::new()
        .route("/", get(public))
        .route("/profile", get(who))
        .route("/engine", post(async |State(auth): State<Auth>| auth.base_path().to_owned()))
        .merge(protected)
        .nest("/admin/{tenant}", below)
        .merge(routes(auth))
        .with_state(auth.clone())
}

fn open(configure: impl FnOnce(AuthBuilder) -> AuthBuilder) -> (House, Entered) {
    let mut house = House::with(|builder| configure(builder.provider(scalekit())));
    let entered = Entered::default();
    house.browser = behind(&house, application(&house.auth, &entered));
    (house, entered)
}

async fn sign_in(house: &mut House) {
    assert_eq!(house.sign_in().await.location().unwrap().as_str(), format!("{APP}/dash"));
}

#[tokio::test]
async fn every_door_leads_through_the_same_walks() {
    for door in ["the engine itself", "axum"] {
        let mut house = House::new();
        if door == "axum" {
            house.browser = behind(&house, application(&house.auth, &Entered::default()));
        }
        let browser = &mut house.browser;
        assert_eq!(browser.session(BASE).await, Value::Null, "{door}");
        let page = browser.get(&format!("{BASE}/signin?callbackUrl=/dash?x=1")).await;
        assert_eq!(page.status, 200, "{door}");
        let fields =
            [("csrfToken", page.field("csrfToken").unwrap()), ("callbackUrl", page.field("callbackUrl").unwrap())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let left = browser.post(&format!("{BASE}/signin/scalekit"), &fields).await;
        let back = browser.get(left.location().unwrap().as_str()).await;
        let home = browser.get(back.location().unwrap().as_str()).await;
        assert_eq!(home.location().unwrap().as_str(), format!("{APP}/dash?x=1"), "{door}: {home:?}");
        assert_eq!(home.set_cookies().len(), 2, "{door}: both cookies come through");
        assert_eq!(browser.session(BASE).await["user"]["email"], "ada@acme.example", "{door}");

        // Updates, and what is refused.
        let token = browser.csrf_token(BASE).await;
        let json = [("content-type", "application/json")];
        let body = json!({"csrfToken": token, "data": {}}).to_string();
        let page = browser.send(Method::POST, &format!("{BASE}/session"), &json, body.into()).await;
        assert_eq!(page.json()["user"]["email"], "ada@acme.example", "{door}");
        let page = browser.send(Method::POST, &format!("{BASE}/session"), &json, "{}".into()).await;
        assert_eq!((page.status.as_u16(), page.body.as_str()), (400, "null"), "{door}");
        for (method, path) in
            [(Method::PUT, "session"), (Method::HEAD, "session"), (Method::GET, "nope"), (Method::OPTIONS, "csrf")]
        {
            let page = browser.send(method.clone(), &format!("{BASE}/{path}"), &[], Bytes::new()).await;
            assert_eq!(page.status, 400, "{door}: {method} {path}");
        }
        let page = browser.get(&format!("{BASE}/signin/scalekit")).await;
        assert_eq!(page.location().unwrap().as_str(), format!("{BASE}/error?error=Configuration"), "{door}");
        assert_eq!(browser.get(&format!("{BASE}//session/")).await.status, 200, "{door}: doubled slashes");

        let out = browser.press_sign_out(BASE).await;
        assert_eq!(out.status, 302, "{door}");
        assert_eq!(browser.session(BASE).await, Value::Null, "{door}");
    }
}

/// Signs in from a page that says so, and returns where that leads.
async fn from_page(browser: &mut Browser, page: &Page) -> Page {
    assert_eq!(page.status, 302, "{page:?}");
    let sign_in = browser.get(page.location().unwrap().as_str()).await;
    assert_eq!(sign_in.url.path(), "/api/auth/signin");
    let (token, to) = (sign_in.field("csrfToken").unwrap(), sign_in.field("callbackUrl").unwrap());
    let left = browser.post(&format!("{BASE}/signin/scalekit"), &[("csrfToken", &token), ("callbackUrl", &to)]).await;
    browser.follow(left).await
}

// Advisories: CVE-2025-31492.
#[tokio::test]
async fn a_protected_page_sends_to_sign_in_and_back_to_where_one_was() {
    let (mut house, _) = open(|builder| builder);
    let page = house.browser.get(&format!("{APP}/dash?tab=2&q=a%20b")).await;
    assert_eq!(
        page.location().unwrap().as_str(),
        format!("{BASE}/signin?callbackUrl=http%3A%2F%2Flocalhost%3A3000%2Fdash%3Ftab%3D2%26q%3Da%2520b")
    );
    let home = from_page(&mut house.browser, &page).await;
    assert_eq!(
        (home.url.as_str(), home.body.as_str()),
        ("http://localhost:3000/dash?tab=2&q=a%20b", "Hello ada@acme.example")
    );
    // What one person sees is not for shared caches, unless the application says otherwise.
    assert_eq!(home.headers["cache-control"], "private, no-store");
    assert_eq!(house.browser.get(&format!("{APP}/cached")).await.headers["cache-control"], "public, max-age=60");
}

// Advisories: CVE-2026-41248.
#[tokio::test]
async fn the_extractor_alone_protects_too() {
    let (mut house, _) = open(|builder| builder);
    let page = house.browser.get(&format!("{APP}/profile")).await;
    let home = from_page(&mut house.browser, &page).await;
    assert_eq!((home.url.path(), home.body.as_str()), ("/profile", "Hello ada@acme.example"));
}

#[tokio::test]
async fn a_nested_router_knows_the_address_that_the_browser_sees() {
    let (mut house, _) = open(|builder| builder);
    let page = house.browser.get(&format!("{APP}/admin/acme/reports?year=2026")).await;
    let back = page.location().unwrap().query_pairs().find(|(name, _)| name == "callbackUrl").unwrap().1.into_owned();
    assert_eq!(back, format!("{APP}/admin/acme/reports?year=2026"));
    let home = from_page(&mut house.browser, &page).await;
    assert_eq!((home.url.as_str(), home.status), (back.as_str(), StatusCode::OK));
}

#[tokio::test]
async fn a_program_gets_401_and_json() {
    let (mut house, entered) = open(|builder| builder);
    let url = format!("{APP}/api/notes");
    for (method, headers) in [
        (Method::GET, &[("accept", "application/json")][..]),
        (Method::GET, &[]),
        (Method::GET, &[("accept", "text/html"), ("sec-fetch-mode", "cors")]),
        (Method::GET, &[("accept", "text/html"), ("x-requested-with", "XMLHttpRequest")]),
        (Method::POST, &[("accept", "text/html"), ("sec-fetch-mode", "navigate")]),
        (Method::POST, &[("content-type", "application/json")]),
    ] {
        let page = house.browser.send(method.clone(), &url, headers, Bytes::new()).await;
        assert_eq!(page.status, 401, "{method} {headers:?}");
        assert_eq!(page.headers["content-type"], "application/json");
        assert_eq!(page.json(), json!({"error": "unauthorized", "message": "Sign in first."}));
        assert!(page.headers.contains_key("www-authenticate") && page.location().is_none());
        assert!(page.headers["cache-control"].to_str().unwrap().contains("no-store"));
    }
    assert_eq!(entered.load(Ordering::SeqCst), 0);
    sign_in(&mut house).await;
    assert_eq!(house.browser.send(Method::POST, &url, &[], Bytes::new()).await.body, "entered");
    assert_eq!(entered.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_path_that_does_not_exist_is_not_found_and_not_protected() {
    let (mut house, _) = open(|builder| builder);
    assert_eq!(house.browser.get(&format!("{APP}/nothing")).await.status, 404);
    assert_eq!(house.browser.send(Method::POST, &format!("{APP}/engine"), &[], Bytes::new()).await.body, "/api/auth");
}

#[tokio::test]
async fn who_may_be_anybody_is_shown_as_that() {
    let (mut house, _) = open(|builder| builder);
    assert_eq!(house.browser.get(APP).await.body, "Hello stranger");
    sign_in(&mut house).await;
    assert_eq!(house.browser.get(APP).await.body, "Hello Ada Lovelace");
    let sub = house.browser.get(&format!("{APP}/extension")).await.json()["sub"].as_str().unwrap().to_owned();
    assert_eq!(sub.len(), 36);
    house.browser.press_sign_out(BASE).await;
    assert_eq!(house.browser.get(APP).await.body, "Hello stranger");
    assert_eq!(house.browser.get(&format!("{APP}/dash")).await.status, 302);
}

#[tokio::test]
async fn forged_stale_and_foreign_cookies_open_nothing() {
    let (mut house, entered) = open(|builder| builder);
    sign_in(&mut house).await;
    let token = house.cookies("session-token")[0].1.clone();
    house.answer().await;
    let pending = house.cookies("pending")[0].1.clone();
    let changed = format!("{}x{}", &token[..token.len() / 2], &token[token.len() / 2 + 1..]);
    for cookie in ["", "garbage", changed.as_str(), pending.as_str(), "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."] {
        house.browser.set_cookie("localhost", "authjs.session-token", cookie);
        assert_eq!(
            house.browser.send(Method::GET, &format!("{APP}/api/notes"), &[], Bytes::new()).await.status,
            401,
            "{cookie:?}"
        );
        assert_eq!(house.browser.get(APP).await.body, "Hello stranger");
    }
    house.browser.set_cookie("localhost", "authjs.session-token", &token);
    assert_eq!(house.browser.get(&format!("{APP}/dash")).await.status, 200);
    house.clock.advance(30 * 86400 + 15);
    assert_eq!(house.browser.get(&format!("{APP}/dash")).await.status, 302, "it has expired");
    assert_eq!(entered.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn page_views_renew_a_session_once_a_day() {
    let (mut house, _) = open(|builder| builder);
    sign_in(&mut house).await;
    let renewed = async |house: &mut House, path: &str| {
        let page = house.browser.get(&format!("{APP}{path}")).await;
        assert_eq!(page.status, 200);
        page.set_cookies().iter().any(|cookie| cookie.starts_with("authjs.session-token=ey"))
    };
    assert!(!renewed(&mut house, "/dash").await);
    house.clock.advance(86_399);
    assert!(!renewed(&mut house, "/dash").await, "not within the day");
    house.clock.advance(1);
    assert!(renewed(&mut house, "/dash").await);
    assert!(!renewed(&mut house, "/dash").await, "once");
    // So a session that is only used, and never asked for, lasts.
    for _ in 0..3 {
        house.clock.advance(29 * 86_400);
        assert!(renewed(&mut house, "/dash").await);
    }
}

// Advisories: CVE-2026-73421.
#[tokio::test]
async fn a_hook_that_fails_lets_nobody_in() {
    let broken = Arc::new(AtomicBool::new(false));
    let switch = broken.clone();
    let (mut house, entered) = open(|builder| {
        builder.jwt(move |input| {
            let fails = switch.load(Ordering::SeqCst);
            async move { if fails { Err("the application's database is down".into()) } else { Ok(Some(input.claims)) } }
        })
    });
    sign_in(&mut house).await;
    broken.store(true, Ordering::SeqCst);
    for path in ["/dash", "/api/notes", "/profile", "/", "/extension"] {
        let page = house.browser.get(&format!("{APP}{path}")).await;
        assert_eq!(page.status, 500, "{path}");
        assert!(!page.body.contains("Hello") && !page.body.contains("database"), "{path}: {}", page.body);
    }
    assert_eq!(entered.load(Ordering::SeqCst), 0, "no handler is entered");
    broken.store(false, Ordering::SeqCst);
    assert_eq!(house.browser.get(&format!("{APP}/dash")).await.status, 200, "and nobody is signed out by it");
}

#[tokio::test]
async fn a_hook_that_ends_the_session_protects_pages_too() {
    let blocked = Arc::new(AtomicBool::new(false));
    let switch = blocked.clone();
    let (mut house, _) = open(|builder| {
        builder.jwt(move |input| {
            let gone = switch.load(Ordering::SeqCst);
            async move { Ok(Some(input.claims).filter(|_| !gone)) }
        })
    });
    sign_in(&mut house).await;
    blocked.store(true, Ordering::SeqCst);
    assert_eq!(house.browser.get(&format!("{APP}/dash")).await.status, 302);
    assert_eq!(house.browser.get(APP).await.body, "Hello stranger");
}

// Advisories: CVE-2021-32637.
#[tokio::test]
async fn a_request_for_another_host_is_nobodys() {
    let (house, entered) = open(|builder| builder);
    let router = application(&house.auth, &entered);
    for path in ["/dash", "/api/notes", "/profile", "/"] {
        let request = http::Request::get(path).header("host", "evil.example").header("accept", "text/html");
        let response = router.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 500, "{path}");
        assert!(!response.headers().contains_key("location"), "{path}: nobody is sent to a host that somebody made up");
    }
    assert_eq!(entered.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read() {
    let (mut house, _) = open(|builder| builder);
    for (size, status) in [(64 * 1024 - 16, 302), (64 * 1024 + 1, 413), (10 * 1024 * 1024, 413)] {
        let body = format!("csrfToken={}", "x".repeat(size - 10));
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let page = house.browser.send(Method::POST, &format!("{BASE}/signout"), &headers, body.into()).await;
        assert_eq!(page.status.as_u16(), status, "{size}");
    }
}

// Advisories: CVE-2019-3877, CVE-2022-24794.
#[tokio::test]
async fn hostile_addresses_do_not_become_places_to_return_to() {
    let (mut house, _) = open(|builder| builder);
    for path in ["/dash//evil.example", "/dash?x=//evil.example", "/dash?callbackUrl=https://evil.example"] {
        let page = house.browser.get(&format!("{APP}{path}")).await;
        let Some(to) = page.location() else { continue };
        assert_eq!(to.origin().ascii_serialization(), APP);
        let back = to.query_pairs().find(|(name, _)| name == "callbackUrl").unwrap().1.into_owned();
        assert_eq!(Url::parse(&back).unwrap().origin().ascii_serialization(), APP, "{back}");
    }
    // Nor when the address as a whole is another's, as HTTP/2 and proxies write it.
    let request =
        http::Request::get("http://evil.example/dash").header("host", "localhost:3000").header("accept", "text/html");
    let router = application(&house.auth, &Entered::default());
    let response = router.oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    let to = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    assert!(!to.contains("evil.example"), "{to}");
}
