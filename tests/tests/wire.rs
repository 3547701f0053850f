//! The wire is Auth.js's: its paths, statuses, redirects, cookies and JSON, request by request in the order of the
//! recorded transcripts. Where we differ, the test says why.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "in tests a panic is a failure"
)]

use std::sync::{Arc, Mutex};

use authstile::clock::UnixTime;
use authstile::cookie::{CHUNK, CookieSecurity};
use authstile::hooks::Trigger;
use authstile::oauth::authorize::ResponseMode;
use authstile::seal::{Sealer, Secrets};
use authstile::{AuthBuilder, Customize as _, HostPolicy, Origin, Pages, SessionLifetime};
use authstile_testkit::{Browser, FixedClock, Page, SeededRandom, TEST_SECRET};
use authstile_tests::{APP, BASE, CLIENT_ID, House, IDP, NOW, bare_scalekit, furnish, network, scalekit};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

/// As the transcripts were recorded: mounted at `/auth`, Scalekit with an organization.
fn recorded() -> House {
    let clock = FixedClock::at(NOW);
    let idp = furnish(IDP, &format!("{APP}/auth"), &clock).build();
    idp.auto_sign_in(Some("ada@acme.example"));
    let transport = network(&idp);
    House::build(APP, "/auth", &idp, transport, &clock, |builder| {
        builder.provider(bare_scalekit().organization_id("org_acme"))
    })
}

/// The cookies of an answer, without their values.
fn cookies(page: &Page) -> Vec<String> {
    let shape = |cookie: &str| {
        let (name, rest) = cookie.split_once('=').unwrap();
        let (value, attributes) = rest.split_once("; ").unwrap();
        // The name of a pending sign-in ends in eight characters of its own.
        let name = name.find("pending.").map_or(name.to_owned(), |at| format!("{}pending.*", &name[..at]));
        format!("{name}={}; {attributes}", if value.is_empty() { "" } else { "…" })
    };
    page.set_cookies().into_iter().map(shape).collect()
}

fn header<'a>(page: &'a Page, name: &str) -> Option<&'a str> {
    page.headers.get(name).and_then(|value| value.to_str().ok())
}

#[track_caller]
fn assert_json(page: &Page, status: u16, body: &Value) {
    assert_eq!(page.status.as_u16(), status, "{page:?}");
    assert_eq!(header(page, "content-type"), Some("application/json"));
    assert_eq!(page.json(), *body, "{page:?}");
}

#[track_caller]
fn assert_not_stored(page: &Page) {
    assert_eq!(header(page, "cache-control"), Some("private, no-cache, no-store"));
    assert_eq!(header(page, "expires"), Some("0"));
    assert_eq!(header(page, "pragma"), Some("no-cache"));
}

#[track_caller]
fn assert_redirect(page: &Page, to: &str) {
    assert_eq!(page.status, StatusCode::FOUND, "{page:?}");
    assert_eq!(header(page, "location"), Some(to));
}

async fn post(browser: &mut Browser, url: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Page {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let headers: Vec<_> = [("content-type", FORM)].into_iter().chain(headers.iter().copied()).collect();
    browser.send(Method::POST, url, &headers, body.into()).await
}

const JSON_REDIRECT: (&str, &str) = ("x-auth-return-redirect", "1");
const CSRF: &str = "authjs.csrf-token=…; Path=/; HttpOnly; SameSite=Lax";
const CALLBACK_URL: &str = "authjs.callback-url=…; Path=/; HttpOnly; SameSite=Lax";
const PENDING: &str =
    "authstile.pending.*=…; Max-Age=900; Path=/; Expires=Thu, 01 Jan 2026 00:15:00 GMT; HttpOnly; SameSite=Lax";
const PENDING_OVER: &str = "authstile.pending.*=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax";
const SESSION: &str = "authjs.session-token=…; Path=/; Expires=Sat, 31 Jan 2026 00:00:00 GMT; HttpOnly; SameSite=Lax";
const SESSION_OVER: &str = "authjs.session-token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax";
/// Ours: why an error happened, for the page that says so.
const FAILURE: &str =
    "authstile.failure=…; Max-Age=300; Path=/; Expires=Thu, 01 Jan 2026 00:05:00 GMT; HttpOnly; SameSite=Lax";

#[tokio::test]
async fn a1_a2_csrf() {
    let mut house = recorded();
    let page = house.browser.get(&format!("{APP}/auth/csrf")).await;
    let token = page.json()["csrfToken"].as_str().unwrap().to_owned();
    assert_json(&page, 200, &json!({ "csrfToken": token }));
    assert_not_stored(&page);
    assert!(token.len() == 64 && token.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{token}");
    assert_eq!(cookies(&page), [CSRF, CALLBACK_URL]);
    assert_eq!(
        page.set_cookies()[1],
        "authjs.callback-url=http%3A%2F%2Flocalhost%3A3000; Path=/; HttpOnly; SameSite=Lax"
    );
    assert!(page.set_cookies()[0].starts_with(&format!("authjs.csrf-token={token}%7C")));

    let page = house.browser.get(&format!("{APP}/auth/csrf")).await;
    assert_json(&page, 200, &json!({ "csrfToken": token }));
    assert_eq!(cookies(&page), [""; 0], "the cookie is there already");
}

#[tokio::test]
async fn a3_providers() {
    let mut house = recorded();
    let page = house.browser.get(&format!("{APP}/auth/providers")).await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.body,
        r#"{"scalekit":{"id":"scalekit","name":"Scalekit","type":"oidc","signinUrl":"http://localhost:3000/auth/signin/scalekit","callbackUrl":"http://localhost:3000/auth/callback/scalekit"}}"#
    );
    assert_eq!(header(&page, "content-type"), Some("application/json"));
    assert_eq!(cookies(&page), [""; 0]);
    for name in ["cache-control", "expires", "pragma"] {
        assert_eq!(header(&page, name), None, "{name}");
    }
}

#[tokio::test]
async fn a4_a5_session_of_nobody() {
    let mut house = recorded();
    let page = house.browser.get(&format!("{APP}/auth/session")).await;
    assert_json(&page, 200, &Value::Null);
    assert_eq!(page.body, "null");
    assert_not_stored(&page);
    assert_eq!(cookies(&page), [CSRF, CALLBACK_URL]);
    let page = house.browser.get(&format!("{APP}/auth/session")).await;
    assert_eq!(cookies(&page), [""; 0]);
}

#[tokio::test]
async fn a6_a7_a21_the_sign_in_page() {
    let mut house = recorded();
    house.browser.get(&format!("{APP}/auth/csrf")).await;
    let page = house.browser.get(&format!("{APP}/auth/signin?callbackUrl=%2Fdashboard")).await;
    assert_eq!(page.status, 200);
    assert_eq!(cookies(&page), [CALLBACK_URL]);
    // Better than Auth.js: the charset is said, the page is not stored, and nobody may frame it.
    assert_eq!(header(&page, "content-type"), Some("text/html; charset=utf-8"));
    assert!(header(&page, "cache-control").unwrap().contains("no-store"));
    assert_eq!(header(&page, "x-frame-options"), Some("DENY"));
    assert!(header(&page, "content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    assert!(page.body.contains(r#"action="http://localhost:3000/auth/signin/scalekit""#), "{}", page.body);
    assert!(page.body.contains(r#"class="__next-auth-theme-auto""#));
    assert_eq!(page.field("callbackUrl").as_deref(), Some("http://localhost:3000/dashboard"));
    let token = house.browser.csrf_token(&format!("{APP}/auth")).await;
    assert_eq!(page.field("csrfToken"), Some(token.clone()));

    // What the query says about anything but the error and the place to return to is ignored.
    let page = house
        .browser
        .get(&format!("{APP}/auth/signin?csrfToken=x&providers=x&theme=x&callbackUrl=https%3A%2F%2Fevil.example"))
        .await;
    assert_eq!((page.status.as_u16(), page.field("csrfToken")), (200, Some(token)));
    assert_eq!(page.field("callbackUrl").as_deref(), Some("http://localhost:3000"));

    let page = house.browser.get(&format!("{APP}/auth/signin?error=OAuthCallbackError")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(r#"role="alert""#), "{}", page.body);

    house.sign_in().await;
    assert_eq!(house.browser.get(&format!("{APP}/auth/signin")).await.status, 200, "no special handling");
}

#[tokio::test]
async fn a8_a9_a27_a_missing_token() {
    let mut house = recorded();
    house.browser.get(&format!("{APP}/auth/csrf")).await;
    for action in ["signin/scalekit", "signout"] {
        let url = format!("{APP}/auth/{action}");
        let page = post(&mut house.browser, &url, &[], &[("callbackUrl", "/dashboard")]).await;
        assert_redirect(&page, "http://localhost:3000/auth/signin?error=MissingCSRF");
        assert_eq!(cookies(&page), [FAILURE], "none of Auth.js's cookies");

        let page = post(&mut house.browser, &url, &[JSON_REDIRECT], &[("callbackUrl", "/dashboard")]).await;
        assert_json(&page, 200, &json!({"url": "http://localhost:3000/auth/signin?error=MissingCSRF"}));
    }
}

#[tokio::test]
async fn a10_sign_in() {
    let mut house = recorded();
    house.browser.get(&format!("{APP}/auth/signin?callbackUrl=%2Fdashboard")).await;
    let token = house.browser.csrf_token(&format!("{APP}/auth")).await;
    let page = post(
        &mut house.browser,
        &format!("{APP}/auth/signin/scalekit"),
        &[],
        &[("csrfToken", &token), ("callbackUrl", "/dashboard")],
    )
    .await;
    assert_eq!(page.status, 302);
    assert_eq!(cookies(&page), [PENDING], "one cookie in place of Auth.js's three");
    let to = page.location().unwrap();
    assert_eq!(format!("{}{}", to.origin().ascii_serialization(), to.path()), format!("{IDP}/oauth/authorize"));
    let names: Vec<String> = to.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(
        names,
        [
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "organization_id",
            "state",
            "code_challenge",
            "code_challenge_method",
            "nonce"
        ]
    );
    let begin = format!(
        "response_type=code&client_id={CLIENT_ID}&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fauth%2Fcallback%2Fscalekit&scope=openid+email+profile&organization_id=org_acme&state="
    );
    assert!(to.query().unwrap().starts_with(&begin), "{to}");
    assert!(to.query().unwrap().contains("&code_challenge_method=S256&nonce="));
}

#[tokio::test]
async fn a11_sign_in_as_the_browser_client_sends_it() {
    let mut house = recorded();
    let token = house.browser.csrf_token(&format!("{APP}/auth")).await;
    let page = post(
        &mut house.browser,
        &format!("{APP}/auth/signin/scalekit?login_hint=ada%40example.com&prompt=login"),
        &[JSON_REDIRECT],
        &[("csrfToken", &token), ("callbackUrl", &format!("{APP}/dashboard?x=1"))],
    )
    .await;
    assert_eq!(page.status, 200);
    assert_eq!(cookies(&page), [CALLBACK_URL, PENDING]);
    assert!(
        page.set_cookies()[0].starts_with("authjs.callback-url=http%3A%2F%2Flocalhost%3A3000%2Fdashboard%3Fx%3D1;")
    );
    let location = header(&page, "location").unwrap();
    assert_eq!(page.json(), json!({ "url": location }), "the target, and nothing else");
    assert!(
        location.contains("&organization_id=org_acme&login_hint=ada%40example.com&prompt=login&state="),
        "{location}"
    );

    // Only the presence of the header counts; a JSON body will do as well as a form.
    let body = json!({"csrfToken": token, "callbackUrl": "/"}).to_string();
    let page = house
        .browser
        .send(
            Method::POST,
            &format!("{APP}/auth/signin/scalekit"),
            &[("content-type", "application/json; charset=utf-8"), ("x-auth-return-redirect", "")],
            body.into(),
        )
        .await;
    assert_eq!(page.status, 200);
    assert!(page.json()["url"].as_str().unwrap().starts_with(IDP));
}

#[tokio::test]
async fn a12_a13_an_error_of_the_provider() {
    let mut house = recorded();
    for headers in [&[][..], &[JSON_REDIRECT]] {
        let ask = house.leave("/").await;
        let state = ask.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let url = format!("{APP}/auth/callback/scalekit?error=access_denied&error_description=no&state={state}");
        let page = house.browser.send(Method::GET, &url, headers, Bytes::new()).await;
        let to = "http://localhost:3000/auth/signin?error=OAuthCallbackError";
        if headers.is_empty() {
            assert_redirect(&page, to);
        } else {
            assert_json(&page, 200, &json!({ "url": to }));
        }
        assert_eq!(cookies(&page), [PENDING_OVER, FAILURE]);
    }
}

#[tokio::test]
async fn a14_a17_a_callback_that_nobody_waits_for() {
    let mut house = recorded();
    let callback = house.answer().await;
    let page = house.another_browser().get(callback.as_str()).await;
    assert_redirect(&page, "http://localhost:3000/auth/error?error=Configuration");

    house.browser.get(callback.as_str()).await;
    let page = house.browser.get(callback.as_str()).await;
    assert_redirect(&page, "http://localhost:3000/auth/error?error=Configuration");
    assert_eq!(cookies(&page), [FAILURE]);
}

#[tokio::test]
async fn a15_an_answer_of_another_issuer() {
    let mut house = recorded();
    let callback = house.answer().await;
    let page = house.browser.get(&format!("{callback}&iss=https%3A%2F%2Fevil.example")).await;
    // Auth.js says Configuration; here whatever the provider did wrong has one code.
    assert_redirect(&page, "http://localhost:3000/auth/signin?error=OAuthCallbackError");
}

#[tokio::test]
async fn a16_a18_signed_in() {
    let mut house = recorded();
    let callback = house.answer().await;
    let page = house.browser.get(callback.as_str()).await;
    assert_redirect(&page, "http://localhost:3000/dash");
    assert_eq!(cookies(&page), [SESSION, PENDING_OVER]);

    // The session's token: Auth.js's members in Auth.js's order. Ours are in one more.
    let token = house.cookies("session-token").pop().unwrap().1;
    let sealer = Sealer::new(&Secrets::new([TEST_SECRET]), "authjs.session-token").unwrap();
    let claims = sealer.open(&token, UnixTime::from_seconds(NOW)).unwrap();
    let names: Vec<&String> =
        claims.keys().filter(|name| !["authstile", "scalekit"].contains(&name.as_str())).collect();
    assert_eq!(names, ["name", "email", "sub", "iat", "exp", "jti"]);
    assert_eq!((claims["iat"].as_i64(), claims["exp"].as_i64()), (Some(NOW), Some(NOW + 30 * 86400)));
    assert_eq!(claims["sub"].as_str().unwrap().len(), 36);

    house.clock.advance(1);
    let page = house.browser.get(&format!("{APP}/auth/session")).await;
    assert_not_stored(&page);
    assert_eq!(cookies(&page), [SESSION.replace("00:00:00", "00:00:01")], "renewed at every read");
    let session = page.json();
    assert_eq!(session["user"], json!({"name": "Ada Lovelace", "email": "ada@acme.example"}));
    assert_eq!(session["expires"], "2026-01-31T00:00:01.000Z");
    let members: Vec<&String> = session.as_object().unwrap().keys().filter(|name| *name != "scalekit").collect();
    assert_eq!(members, ["user", "expires"]);
}

#[tokio::test]
async fn the_subject_of_a_session_is_the_same_at_every_sign_in() {
    // Auth.js invents one each time; an identity at the provider is one person here.
    let mut house = House::new();
    let subject = async |house: &mut House| {
        house.sign_in().await;
        let token = house.cookies("session-token").pop().unwrap().1;
        let sealer = Sealer::new(&Secrets::new([TEST_SECRET]), "authjs.session-token").unwrap();
        sealer.open(&token, UnixTime::from_seconds(house.clock.seconds())).unwrap()["sub"].clone()
    };
    let first = subject(&mut house).await;
    house.clock.advance(3600);
    let mut visitor = house.visitor();
    assert_eq!(subject(&mut visitor).await, first);
}

#[tokio::test]
async fn a19_a20_the_update_of_a_session() {
    type Call = (Trigger, Option<Value>);
    let seen: Arc<Mutex<Vec<Call>>> = Arc::default();
    let heard = seen.clone();
    let mut house = House::with(|builder| {
        builder.provider(scalekit()).jwt(move |mut input| {
            heard.lock().unwrap().push((input.trigger, input.update.clone()));
            if let Some(name) = input.update.as_ref().and_then(|update| update["user"]["name"].as_str()) {
                input.claims.insert("name".to_owned(), name.into());
            }
            async move { Ok(Some(input.claims)) }
        })
    });
    house.sign_in().await;
    let send = async |house: &mut House, body: Value| {
        house
            .browser
            .send(
                Method::POST,
                &format!("{BASE}/session"),
                &[("content-type", "application/json")],
                body.to_string().into(),
            )
            .await
    };
    let data = json!({"user": {"name": "New"}});
    let page = send(&mut house, json!({ "data": data })).await;
    assert_json(&page, 400, &Value::Null);
    assert_eq!(page.body, "null");
    assert_eq!(cookies(&page), [""; 0]);
    assert_eq!(house.session().await["user"]["name"], "Ada Lovelace");

    let token = house.browser.csrf_token(BASE).await;
    let page = send(&mut house, json!({ "csrfToken": token, "data": data })).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.json()["user"]["name"], "New");
    assert_eq!(cookies(&page), [SESSION]);
    assert_eq!(header(&page, "cache-control"), None);
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], (Trigger::SignIn, None));
    assert_eq!(seen.last().unwrap(), &(Trigger::Update, Some(data)));
    assert!(seen[1..seen.len() - 1].iter().all(|call| *call == (Trigger::Read, None)), "{seen:?}");
}

#[tokio::test]
async fn nothing_is_updated_unless_a_hook_does_it() {
    let mut house = House::new();
    let token = house.browser.csrf_token(BASE).await;
    let body =
        json!({"csrfToken": token, "data": {"name": "New", "sub": "admin", "user": {"name": "New"}}}).to_string();
    let update = async |house: &mut House| {
        house
            .browser
            .send(
                Method::POST,
                &format!("{BASE}/session"),
                &[("content-type", "application/json")],
                body.clone().into(),
            )
            .await
    };
    assert_json(&update(&mut house).await, 200, &Value::Null);
    house.sign_in().await;
    let before = house.session().await;
    assert_json(&update(&mut house).await, 200, &before);
    // The browser client may also send the data as a form.
    let fields = [("csrfToken", token.as_str()), ("data", r#"{"name":"New"}"#)];
    let page = post(&mut house.browser, &format!("{BASE}/session"), &[], &fields).await;
    assert_json(&page, 200, &before);
}

#[tokio::test]
async fn a22_to_a26_sign_out() {
    let mut house = recorded();
    house.sign_in().await;
    let page = house.browser.get(&format!("{APP}/auth/signout")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(r#"action="http://localhost:3000/auth/signout""#), "{}", page.body);
    let token = page.field("csrfToken").unwrap();

    let page = post(
        &mut house.browser,
        &format!("{APP}/auth/signout"),
        &[],
        &[("csrfToken", &token), ("callbackUrl", "/bye")],
    )
    .await;
    assert_redirect(&page, "http://localhost:3000/bye");
    assert_eq!(cookies(&page), [CALLBACK_URL, SESSION_OVER]);
    let page = house.browser.get(&format!("{APP}/auth/session")).await;
    assert_eq!((page.body.as_str(), cookies(&page).len()), ("null", 0));

    house.sign_in().await;
    let to = format!("{APP}/");
    let page = post(
        &mut house.browser,
        &format!("{APP}/auth/signout"),
        &[JSON_REDIRECT],
        &[("csrfToken", &token), ("callbackUrl", &to)],
    )
    .await;
    assert_json(&page, 200, &json!({ "url": to }));
    assert_eq!(header(&page, "location"), Some(to.as_str()));
    assert!(cookies(&page).contains(&SESSION_OVER.to_owned()), "{page:?}");

    let page = post(&mut house.browser, &format!("{APP}/auth/signout"), &[], &[("csrfToken", &token)]).await;
    assert_redirect(&page, "http://localhost:3000/");
    assert_eq!(cookies(&page), [""; 0], "nobody was signed in");
}

#[tokio::test]
async fn a28_a29_pages_and_their_statuses() {
    let mut house = recorded();
    for (path, status) in [
        ("error?error=Configuration", 500),
        ("error?error=AccessDenied", 403),
        ("error?error=Verification", 403),
        ("error?error=OAuthCallbackError", 200),
        ("error?error=constructor", 200),
        ("error?error=__proto__", 200),
        ("error", 200),
        ("verify-request?provider=email&type=email", 200),
    ] {
        let page = house.browser.get(&format!("{APP}/auth/{path}")).await;
        assert_eq!(page.status.as_u16(), status, "{path}");
        assert_eq!(header(&page, "content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert!(page.body.contains("<h1>"), "{path}");
        if status == 403 {
            assert!(page.body.contains(r#"href="http://localhost:3000/auth/signin""#), "{path}: a way on that works");
        }
    }
    let page = house.browser.get(&format!("{APP}/auth/error?error=%3Cscript%3Ealert(1)%3C%2Fscript%3E")).await;
    assert!(!page.body.contains("alert(1)"), "what the address says is not on the page");
}

#[tokio::test]
async fn a30_a31_requests_that_are_none_of_ours() {
    let mut house = recorded();
    for (method, path) in [
        (Method::GET, "/auth/nope"),
        (Method::GET, "/auth"),
        (Method::GET, "/auth/"),
        (Method::GET, "/authsession"),
        (Method::GET, "/auth/session/x"),
        (Method::GET, "/auth/signin/a/b"),
        (Method::GET, "/auth/%73ession"),
        (Method::GET, "/other/session"),
        (Method::PUT, "/auth/session"),
        (Method::DELETE, "/auth/session"),
        (Method::HEAD, "/auth/session"),
        (Method::OPTIONS, "/auth/csrf"),
        (Method::PATCH, "/auth/signin/scalekit"),
    ] {
        let page = house.browser.send(method.clone(), &format!("{APP}{path}"), &[], Bytes::new()).await;
        assert_eq!((page.status.as_u16(), page.body.as_str()), (400, r#""Bad request.""#), "{method} {path}");
        assert_eq!(header(&page, "content-type"), Some("application/json"));
        assert_eq!(cookies(&page), [""; 0]);
    }
    // So is a body that says it is JSON and is not.
    for body in ["{", "[]", "", "\"x\"", "\u{0}"] {
        let page = house
            .browser
            .send(Method::POST, &format!("{APP}/auth/signout"), &[("content-type", "application/json")], body.into())
            .await;
        assert_eq!((page.status.as_u16(), page.body.as_str()), (400, r#""Bad request.""#), "{body:?}");
    }
    for path in ["/auth//session//", "/auth/session/", "//auth/session"] {
        let status = house.browser.send(Method::GET, &format!("{APP}{path}"), &[], Bytes::new()).await.status.as_u16();
        assert_eq!(
            status,
            if path.starts_with("//") { 400 } else { 200 },
            "{path}: doubled slashes are tolerated behind the base path"
        );
    }
}

#[tokio::test]
async fn a32_a33_actions_that_do_not_exist_like_this() {
    let mut house = recorded();
    let to = "http://localhost:3000/auth/error?error=Configuration";
    for path in [
        "signin/scalekit",
        "callback",
        "callback/undefined",
        "webauthn-options",
        "webauthn-options/x",
        "callback/unknown?code=x&state=y",
    ] {
        let page = house.browser.get(&format!("{APP}/auth/{path}")).await;
        assert_redirect(&page, to);
    }
    for path in ["csrf", "providers", "error", "verify-request", "callback", "signin/unknown", "callback/unknown"] {
        let page = post(&mut house.browser, &format!("{APP}/auth/{path}"), &[], &[]).await;
        assert_redirect(&page, to);
        let page = post(&mut house.browser, &format!("{APP}/auth/{path}"), &[JSON_REDIRECT], &[]).await;
        assert_json(&page, 200, &json!({ "url": to }));
    }
    // A sign-in that names nobody goes to the page where one can be chosen.
    let token = house.browser.csrf_token(&format!("{APP}/auth")).await;
    for path in ["signin", "signin/undefined"] {
        let page = post(&mut house.browser, &format!("{APP}/auth/{path}"), &[], &[("csrfToken", &token)]).await;
        assert_redirect(&page, "http://localhost:3000/auth/signin");
    }
}

#[tokio::test]
async fn a34_a_damaged_session_cookie() {
    let mut house = recorded();
    house.browser.set_cookie("localhost", "authjs.session-token", "garbage");
    let page = house.browser.get(&format!("{APP}/auth/session")).await;
    assert_json(&page, 200, &Value::Null);
    assert_not_stored(&page);
    assert_eq!(cookies(&page), [CSRF, CALLBACK_URL, SESSION_OVER]);

    for chunk in ["authjs.session-token.0", "authjs.session-token.1"] {
        house.browser.set_cookie("localhost", chunk, "garbage");
    }
    house.browser.set_cookie("localhost", "authjs.session-token-other", "not ours");
    let page = house.browser.get(&format!("{APP}/auth/session")).await;
    assert_eq!(page.body, "null");
    let over = |name: &str| SESSION_OVER.replace("session-token", name);
    assert_eq!(cookies(&page), [over("session-token.0"), over("session-token.1")]);
    assert_eq!(house.cookies("session-token").len(), 1, "the cookie of somebody else is left alone");
}

#[tokio::test]
async fn a35_an_invalid_callback_url_cookie_is_forgotten() {
    // Auth.js answers 500 to everything until the cookie is gone.
    for value in ["garbage", "javascript%3Aalert(1)", "https%3A%2F%2Fevil.example%2F", "%ff%fe", ""] {
        let mut house = recorded();
        house.browser.set_cookie("localhost", "authjs.callback-url", value);
        let page = house.browser.get(&format!("{APP}/auth/session")).await;
        assert_eq!((page.status.as_u16(), page.body.as_str()), (200, "null"), "{value}");
        assert_eq!(cookies(&page), [CSRF, CALLBACK_URL], "{value}");
        assert_eq!(house.cookies("callback-url")[0].1, "http%3A%2F%2Flocalhost%3A3000", "{value}");
    }
    // Nor does a query that is none break a page.
    let mut house = recorded();
    for query in ["callbackUrl=%2F%2F", "callbackUrl=data%3Ax", "callbackUrl=words", "callbackUrl=%00", "callbackUrl"] {
        assert_eq!(house.browser.get(&format!("{APP}/auth/signin?{query}")).await.status, 200, "{query}");
    }
}

#[tokio::test]
async fn the_place_to_return_to_is_the_body_then_the_query_then_the_cookie() {
    let mut house = House::new();
    let token = house.browser.csrf_token(BASE).await;
    let mut sign_out = async |query: &str, body: Option<&str>| {
        let fields: Vec<(&str, &str)> =
            [("csrfToken", token.as_str())].into_iter().chain(body.map(|body| ("callbackUrl", body))).collect();
        post(&mut house.browser, &format!("{BASE}/signout{query}"), &[], &fields)
            .await
            .location()
            .unwrap()
            .path()
            .to_owned()
    };
    assert_eq!(sign_out("", None).await, "/");
    assert_eq!(sign_out("?callbackUrl=%2Fquery", Some("/body")).await, "/body");
    assert_eq!(sign_out("?callbackUrl=%2Fquery", None).await, "/query");
    assert_eq!(sign_out("", None).await, "/query", "what was chosen last is remembered");
}

#[tokio::test]
async fn b1_an_https_origin_has_prefixed_and_secure_cookies() {
    let mut house = House::secure(|builder| builder);
    let base = house.base.clone();
    let page = house.browser.get(&format!("{base}/csrf")).await;
    assert_eq!(
        cookies(&page),
        [
            "__Host-authjs.csrf-token=…; Path=/; HttpOnly; Secure; SameSite=Lax",
            "__Secure-authjs.callback-url=…; Path=/; HttpOnly; Secure; SameSite=Lax",
        ]
    );
    let token = house.browser.csrf_token(&base).await;
    let page = post(
        &mut house.browser,
        &format!("{base}/signin/scalekit"),
        &[],
        &[("csrfToken", &token), ("callbackUrl", "/dash")],
    )
    .await;
    assert_eq!(
        cookies(&page),
        [
            "__Secure-authjs.callback-url=…; Path=/; HttpOnly; Secure; SameSite=Lax",
            "__Host-authstile.pending.*=…; Max-Age=900; Path=/; Expires=Thu, 01 Jan 2026 00:15:00 GMT; HttpOnly; Secure; SameSite=Lax",
        ]
    );
    let callback = house.browser.get(page.location().unwrap().as_str()).await.location().unwrap();
    let page = house.browser.get(callback.as_str()).await;
    assert_redirect(&page, "https://app.example/dash");
    assert_eq!(
        cookies(&page),
        [
            "__Secure-authjs.session-token=…; Path=/; Expires=Sat, 31 Jan 2026 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax",
            "__Host-authstile.pending.*=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax",
        ]
    );
    assert_eq!(house.browser.session(&base).await["user"]["email"], "ada@acme.example");

    // The names are the salts: a session does not survive the change from one to the other.
    let plain = house.cookies("session-token").pop().unwrap().1;
    let mut other = House::new();
    other.browser.set_cookie("localhost", "authjs.session-token", &plain);
    assert_eq!(other.session().await, Value::Null);
}

#[tokio::test]
async fn cookies_can_be_secure_behind_a_proxy_that_does_not_say_so() {
    let mut house = House::with(|builder| builder.provider(scalekit()).cookie_security(CookieSecurity::Secure));
    let page = house.browser.get(&format!("{BASE}/csrf")).await;
    assert!(cookies(&page)[0].starts_with("__Host-authjs.csrf-token=…;"), "{page:?}");
    assert_eq!(house.sign_in().await.location().unwrap().path(), "/dash");
    assert!(house.session().await.is_object());
}

#[tokio::test]
async fn b6_a_long_session_is_written_read_and_shrunk_in_chunks() {
    let size = Arc::new(Mutex::new(7900_usize));
    let wanted = size.clone();
    let mut house = House::with(|builder| {
        builder.provider(scalekit()).jwt(move |mut input| {
            input.claims.insert("big".to_owned(), "x".repeat(*wanted.lock().unwrap()).into());
            async move { Ok(Some(input.claims)) }
        })
    });
    let names = |page: &Page| -> Vec<String> {
        cookies(page)
            .into_iter()
            .filter(|cookie| cookie.contains("session-token"))
            .map(|cookie| cookie.split("; ").next().unwrap().to_owned())
            .collect()
    };
    let page = house.sign_in().await;
    assert_eq!(names(&page), ["authjs.session-token.0=…", "authjs.session-token.1=…", "authjs.session-token.2=…"]);
    let lengths: Vec<usize> = house.cookies("session-token").iter().map(|(_, value)| value.len()).collect();
    assert!(lengths[0] == CHUNK && lengths[1] == CHUNK && lengths[2] < CHUNK, "{lengths:?}");
    assert_eq!(house.session().await["user"]["name"], "Ada Lovelace");

    *size.lock().unwrap() = 10;
    let page = house.browser.get(&format!("{BASE}/session")).await;
    assert_eq!(page.json()["user"]["name"], "Ada Lovelace");
    assert_eq!(
        names(&page),
        ["authjs.session-token.0=", "authjs.session-token.1=", "authjs.session-token.2=", "authjs.session-token=…"]
    );
    assert_eq!(house.cookies("session-token").len(), 1);

    *size.lock().unwrap() = 7900;
    let page = house.browser.get(&format!("{BASE}/session")).await;
    assert_eq!(
        names(&page),
        ["authjs.session-token=", "authjs.session-token.0=…", "authjs.session-token.1=…", "authjs.session-token.2=…"]
    );
    let out = house.browser.press_sign_out(BASE).await;
    assert_eq!(names(&out), ["authjs.session-token.0=", "authjs.session-token.1=", "authjs.session-token.2="]);

    // More than any server would take back is refused, with a reason in the log.
    *size.lock().unwrap() = 60_000;
    let ending = house.attempt().await;
    assert_eq!(ending.code.as_deref(), Some("Configuration"));
    assert!(ending.error.unwrap().contains("keep less in the jwt hook"));
    assert!(house.cookies("session-token").is_empty());
}

#[tokio::test]
async fn b8_a_provider_that_answers_by_form_post() {
    let mut house = House::with(|builder| builder.provider(scalekit().response_mode(ResponseMode::FormPost)));
    let page = house.browser.press_sign_in(BASE, "scalekit", "/dash").await;
    let asked = page.location().unwrap();
    assert!(asked.as_str().contains("&response_mode=form_post&"), "{asked}");
    let pending = "authstile.pending.*=…; Max-Age=900; Path=/; Expires=Thu, 01 Jan 2026 00:15:00 GMT; HttpOnly; Secure; SameSite=None";
    assert_eq!(cookies(&page).last().unwrap(), pending);

    // The provider of the tests answers with a query only; its answer is posted here as such a provider would.
    let plain = asked.as_str().replace("&response_mode=form_post", "");
    let callback = house.browser.get(&plain).await.location().unwrap();
    let fields: Vec<(String, String)> = callback.query_pairs().into_owned().collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let url = format!("{BASE}/callback/scalekit");

    // In the query it is not looked for.
    let page = house.browser.get(callback.as_str()).await;
    assert_redirect(&page, &format!("{BASE}/error?error=Configuration"));

    // From another site, without a CSRF token: bound by state and cookie.
    let page = post(&mut house.browser, &url, &[("origin", IDP), ("sec-fetch-site", "cross-site")], &fields).await;
    assert_redirect(&page, &format!("{APP}/dash"));
    assert_eq!(cookies(&page), [SESSION, PENDING_OVER]);
    assert_eq!(house.session().await["user"]["email"], "ada@acme.example");
    let page = post(&mut house.browser, &url, &[("origin", IDP)], &fields).await;
    assert_redirect(&page, &format!("{BASE}/error?error=Configuration"));
}

#[tokio::test]
async fn b11_a_host_that_is_not_trusted() {
    let house = House::new();
    let ask = async |method: Method, path: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, body) = house.auth.handle(request.body(Bytes::new()).unwrap()).await.into_parts();
        (parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap())
    };
    for headers in [
        &[("host", "app.example")][..],
        &[],
        &[("host", "localhost.evil.example")],
        &[("host", "evil.example"), ("x-forwarded-host", "localhost:3000")],
    ] {
        for path in ["/api/auth/session", "/api/auth/csrf", "/api/auth/providers", "/api/auth/callback/scalekit"] {
            let (status, answer, body) = ask(Method::GET, path, headers).await;
            assert_eq!(status, 500, "{path} {headers:?}");
            assert_eq!(answer["content-type"], "application/json");
            let body: Value = serde_json::from_str(&body).unwrap();
            assert!(body["message"].is_string() && body.get("user").is_none(), "{body}: never taken for a session");
            assert!(!answer.contains_key("set-cookie"), "{path}");
        }
        for path in ["/api/auth/signin", "/api/auth/signout", "/api/auth/error", "/api/auth/verify-request"] {
            let (status, answer, body) = ask(Method::GET, path, headers).await;
            assert_eq!((status, answer["content-type"].to_str().unwrap()), (500, "text/html; charset=utf-8"), "{path}");
            assert!(body.contains("<h1>"));
        }
        let (status, ..) = ask(Method::POST, "/api/auth/signin/scalekit", headers).await;
        assert_eq!(status, 500);
    }
}

#[tokio::test]
async fn our_address_is_auth_url_or_what_a_trusted_proxy_says() {
    let address = async |path: &str, configure: fn(AuthBuilder) -> AuthBuilder, headers: &[(&str, &str)]| {
        let house = House::with(|builder| configure(builder.provider(scalekit())));
        let mut request = Request::get(format!("{path}/providers"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = house.auth.handle(request.body(Bytes::new()).unwrap()).await.into_body();
        let body: Value = serde_json::from_slice(&body).unwrap();
        body["scalekit"]["callbackUrl"].as_str().map(|url| url.trim_end_matches("/callback/scalekit").to_owned())
    };
    let at = "/api/auth";
    let forged = [("host", "internal:8080"), ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "http")];
    let fixed = address(at, |builder| builder.url("https://app.example"), &forged).await;
    assert_eq!(fixed.as_deref(), Some("https://app.example/api/auth"));
    let fixed = address("/sso", |builder| builder.url("https://app.example:8443/sso/"), &forged).await;
    assert_eq!(fixed.as_deref(), Some("https://app.example:8443/sso"), "a path in the address is the base path");
    let origin = |builder: AuthBuilder| builder.host(HostPolicy::Fixed(Origin::parse("http://localhost:1").unwrap()));
    assert_eq!(address(at, origin, &[]).await.as_deref(), Some("http://localhost:1/api/auth"));
    let local = address(at, |builder| builder.host(HostPolicy::LoopbackOnly), &[("host", "127.0.0.1:5")]).await;
    assert_eq!(local.as_deref(), Some("http://127.0.0.1:5/api/auth"));

    let own = ("host", "own.example");
    for (headers, expected) in [
        (
            &[
                ("host", "internal:8080"),
                ("x-forwarded-host", "app.example, proxy"),
                ("x-forwarded-proto", "https, http"),
            ][..],
            Some("https://app.example"),
        ),
        (&[own], Some("https://own.example")),
        (&[own, ("x-forwarded-proto", "http")], Some("http://own.example")),
        (&[own, ("x-forwarded-proto", "javascript")], Some("https://own.example")),
        (&[own, ("x-forwarded-host", "")], Some("https://own.example")),
        (&[own, ("x-forwarded-host", "evil.example/path")], None),
        (&[own, ("x-forwarded-host", "user@evil.example")], None),
        (&[own, ("x-forwarded-host", "evil.example#")], None),
        (&[own, ("x-forwarded-host", "evil.example\\x")], None),
        (&[own, ("x-forwarded-host", "a b")], None),
        (&[own, ("x-forwarded-host", "[::1")], None),
        (&[own, ("x-forwarded-host", "evil.example:99999")], None),
        (&[], None),
    ] {
        let believed = address(at, |builder| builder.host(HostPolicy::TrustForwarded), headers).await;
        assert_eq!(believed, expected.map(|origin| format!("{origin}/api/auth")), "{headers:?}");
    }
}

#[tokio::test]
async fn b12_pages_of_the_application() {
    let pages = || Pages {
        sign_in: Some("/login".to_owned()),
        sign_out: Some("/bye?x=1".to_owned()),
        error: Some("/oops?y=2".to_owned()),
        verify_request: Some("https://www.app.example/mail".to_owned()),
        ..Pages::default()
    };
    let mut house = House::with(|builder| builder.provider(scalekit()).pages(pages()));
    let get = async |house: &mut House, path: &str| {
        header(&house.browser.get(&format!("{BASE}/{path}")).await, "location").unwrap_or_default().to_owned()
    };
    assert_eq!(get(&mut house, "signin").await, "/login?callbackUrl=http%3A%2F%2Flocalhost%3A3000");
    assert_eq!(
        get(&mut house, "signin?callbackUrl=%2Fx&error=AccessDenied").await,
        "/login?callbackUrl=http%3A%2F%2Flocalhost%3A3000%2Fx&error=AccessDenied"
    );
    assert_eq!(get(&mut house, "signout").await, "/bye?x=1");
    assert_eq!(get(&mut house, "error?error=AccessDenied").await, "/oops?y=2&error=AccessDenied");
    assert_eq!(
        get(&mut house, "error?error=a%26b%3D%0D%0Ax").await,
        "/oops?y=2&error=a%26b%3D%0D%0Ax",
        "encoded, unlike in Auth.js"
    );
    assert_eq!(get(&mut house, "error").await, "/oops?y=2");
    assert_eq!(
        get(&mut house, "verify-request?provider=email&type=email").await,
        "https://www.app.example/mail?provider=email&type=email"
    );

    // Errors go there too, absolute, and joined properly.
    let page = post(&mut house.browser, &format!("{BASE}/signout"), &[], &[]).await;
    assert_redirect(&page, "http://localhost:3000/login?error=MissingCSRF");
    let page = house.browser.get(&format!("{BASE}/signin/scalekit")).await;
    assert_redirect(&page, "http://localhost:3000/oops?y=2&error=Configuration");
}

#[tokio::test]
async fn the_engine_can_be_mounted_anywhere() {
    for (base, near) in [
        ("/auth", "/authsession"),
        ("/api/auth", "/api/auth.session"),
        ("/a.b", "/aXb/session"),
        ("", "/nothing"),
        ("/deep/down/here", "/deep/down/session"),
    ] {
        let clock = FixedClock::at(NOW);
        let idp = furnish(IDP, &format!("{APP}{base}"), &clock).build();
        idp.auto_sign_in(Some("ada@acme.example"));
        let mut house = House::build(APP, base, &idp, network(&idp), &clock, |builder| builder.provider(scalekit()));
        assert_eq!(house.auth.base_path(), base);
        assert_redirect(&house.sign_in().await, &format!("{APP}/dash"));
        assert!(house.session().await.is_object(), "{base}");
        assert_eq!(house.browser.get(&format!("{APP}{near}")).await.status, 400, "{near} is not below {base}");
    }
}

// Advisories: CVE-2025-46344.
#[tokio::test]
async fn sessions_slide_while_they_are_used_and_end_when_they_are_not() {
    let mut house = House::new();
    house.sign_in().await;
    for _ in 0..3 {
        house.clock.advance(29 * 86400);
        assert!(house.session().await.is_object(), "used within 30 days");
    }
    house.clock.advance(30 * 86400 + 14);
    assert!(house.session().await.is_object(), "clocks may differ by 15 s");
    house.clock.advance(30 * 86400 + 15);
    let page = house.browser.get(&format!("{BASE}/session")).await;
    assert_eq!((page.body.as_str(), cookies(&page)), ("null", vec![SESSION_OVER.to_owned()]));
    assert!(house.cookies("session-token").is_empty());
}

#[tokio::test]
async fn sessions_last_as_long_as_the_application_says() {
    let mut house = House::with(|builder| {
        builder.provider(scalekit()).session_lifetime(SessionLifetime { max_age: 3600, update_age: 60, absolute: None })
    });
    let page = house.sign_in().await;
    assert!(cookies(&page)[0].contains("Expires=Thu, 01 Jan 2026 01:00:00 GMT"), "{page:?}");
    assert_eq!(house.session().await["expires"], "2026-01-01T01:00:00.000Z");
    house.clock.advance(3600 + 15);
    assert_eq!(house.session().await, Value::Null);
}

#[tokio::test]
async fn secrets_are_rotated_without_signing_anybody_out() {
    const NEW: &str = "New-Secret-4b1f8a2c9d7e6035f4e3d2c1b0a99887";
    let clock = FixedClock::at(NOW);
    let idp = authstile_tests::provider(&clock);
    let engine = |secrets: &[&str]| {
        let secrets = Secrets::new(secrets.iter().copied());
        House::of(&idp, &clock, |builder| builder.secrets(secrets).provider(scalekit()))
    };
    let mut old = engine(&[TEST_SECRET]);
    old.sign_in().await;
    let token = old.cookies("session-token").pop().unwrap().1;
    let at = UnixTime::from_seconds(NOW);
    let opens = |secret: &str, token: &str| {
        Sealer::new(&Secrets::new([secret]), "authjs.session-token").unwrap().open(token, at).is_ok()
    };
    assert!(opens(TEST_SECRET, &token));

    let mut both = engine(&[NEW, TEST_SECRET]);
    both.browser.set_cookie("localhost", "authjs.session-token", &token);
    assert_eq!(both.session().await["user"]["email"], "ada@acme.example");
    let renewed = both.cookies("session-token").pop().unwrap().1;
    assert!(opens(NEW, &renewed) && !opens(TEST_SECRET, &renewed), "sealed anew, with the new secret");

    let mut new = engine(&[NEW]);
    new.browser.set_cookie("localhost", "authjs.session-token", &renewed);
    assert!(new.session().await.is_object());
    new.browser.set_cookie("localhost", "authjs.session-token", &token);
    assert_eq!(new.session().await, Value::Null, "the old secret is gone");

    // A sign-in that is under way while the secret changes can be finished, too.
    let callback = old.answer().await;
    for (name, value) in old.cookies("pending") {
        both.browser.set_cookie("localhost", &name, &value);
    }
    assert_redirect(&both.browser.get(callback.as_str()).await, &format!("{APP}/dash"));
}

#[tokio::test]
async fn a_session_of_auth_js_is_a_session_here() {
    // Without what we add to ours, and with members that we do not know.
    let mut house = House::new();
    let sealer = Sealer::new(&Secrets::new([TEST_SECRET]), "authjs.session-token").unwrap();
    let Value::Object(claims) = json!({"name": null, "email": "x@y.example", "picture": "https://img.example/a.png", "sub": "1", "role": "admin"})
    else {
        unreachable!()
    };
    let token = sealer.seal(claims, 60, UnixTime::from_seconds(NOW), &SeededRandom::new(1)).unwrap();
    house.browser.set_cookie("localhost", "authjs.session-token", &token);
    let session = house.session().await;
    assert_eq!(
        session["user"],
        json!({"name": null, "email": "x@y.example", "image": "https://img.example/a.png"}),
        "null stays null"
    );
    let renewed = house.cookies("session-token").pop().unwrap().1;
    assert_eq!(
        sealer.open(&renewed, UnixTime::from_seconds(NOW)).unwrap()["role"],
        "admin",
        "what is not ours is kept"
    );
}

#[tokio::test]
async fn of_a_whole_cookie_and_chunks_the_one_that_opens_counts() {
    let mut house = House::new();
    house.sign_in().await;
    let token = house.cookies("session-token").pop().unwrap().1;
    house.browser.set_cookie("localhost", "authjs.session-token.0", "stale");
    let page = house.browser.get(&format!("{BASE}/session")).await;
    assert!(page.json().is_object(), "{page:?}");
    assert_eq!(house.cookies("session-token").len(), 1, "and the stale one is cleared");
    let (first, second) = token.split_at(200);
    house.browser.set_cookie("localhost", "authjs.session-token", "stale");
    house.browser.set_cookie("localhost", "authjs.session-token.1", second);
    house.browser.set_cookie("localhost", "authjs.session-token.0", first);
    assert!(house.session().await.is_object());
    assert_eq!(house.cookies("session-token").len(), 1);
}

#[tokio::test]
async fn events_are_told_in_the_words_of_auth_js() {
    let heard: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let ears = heard.clone();
    let mut house = House::with(|builder| {
        builder.provider(scalekit()).on_event(move |event| {
            ears.lock().unwrap().push(event.name());
            async { Ok(()) }
        })
    });
    house.sign_in().await;
    house.session().await;
    house.browser.press_sign_out(BASE).await;
    house.browser.press_sign_out(BASE).await;
    assert_eq!(*heard.lock().unwrap(), ["signIn", "session", "signOut"], "nobody signs out twice");
}

#[tokio::test]
async fn a_session_hook_decides_what_the_browser_sees() {
    let mut house = House::with(|builder| {
        builder
            .provider(scalekit())
            .jwt(|mut input| async move {
                if let Some(profile) = &input.profile {
                    input.claims.insert("organization".to_owned(), profile["oid"].clone());
                }
                Ok(Some(input.claims))
            })
            .session(|mut input| async move {
                input.public["organization"] = input.claims["organization"].clone();
                Ok(input.public)
            })
    });
    house.sign_in().await;
    assert_eq!(house.session().await["organization"], "org_acme");
    let headers = HeaderMap::from_iter([
        (http::header::HOST, "localhost:3000".parse().unwrap()),
        (
            http::header::COOKIE,
            format!("authjs.session-token={}", house.cookies("session-token")[0].1).parse().unwrap(),
        ),
    ]);
    let session = house.auth.session(&headers, &"/".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(session.claim::<String>("organization").as_deref(), Some("org_acme"));
    assert_eq!(session.user.email.as_deref(), Some("ada@acme.example"));
}
