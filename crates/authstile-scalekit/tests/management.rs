//! The management client against answers of the shape that Scalekit describes, and of shapes that it does not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use authstile::clock::{Clock, UnixTime};
use authstile::{Transport, TransportError};
use authstile_scalekit::EmailDomain;
use authstile_scalekit::management::{
    DirectoryQuery, FOUND_SECONDS, LOOKUPS_PER_MINUTE, Management, ManagementError, NOT_FOUND_SECONDS, PageRequest,
    PortalFeature, SessionStatus,
};
use authstile_testkit::{FakeTransport, FixedClock};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, LOCATION, REFERRER_POLICY, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

const ENVIRONMENT: &str = "https://acme-dev.scalekit.dev";
const SECRET: &str = "test_secret_value";
const NOW: i64 = 1_758_692_838;

fn answer(status: u16, body: &Value) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::from(body.to_string())).unwrap()
}

/// Scalekit, with tokens `token-1`, `token-2`, … of which only the last is good, and `api` behind them.
fn scalekit(
    api: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
) -> (Management, FakeTransport, FixedClock) {
    let issued = AtomicUsize::new(0);
    let transport = FakeTransport::new(move |request| {
        if request.uri().path() == "/oauth/token" {
            let form: Vec<(String, String)> = url::form_urlencoded::parse(request.body()).into_owned().collect();
            let expected = [("grant_type", "client_credentials"), ("client_id", "skc_1"), ("client_secret", SECRET)];
            assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            return answer(
                200,
                &json!({ "access_token": format!("token-{number}"), "expires_in": 86_399, "token_type": "Bearer" }),
            );
        }
        let last = format!("Bearer token-{}", issued.load(Ordering::SeqCst));
        if request.headers().get(AUTHORIZATION).is_none_or(|value| *value != last) {
            return answer(401, &json!({ "code": 16, "message": "Token empty", "details": [] }));
        }
        api(&request)
    });
    let (management, clock) = management(&transport);
    (management, transport, clock)
}

fn management(transport: &FakeTransport) -> (Management, FixedClock) {
    let clock = FixedClock::at(NOW);
    let transport: Arc<dyn Transport> = Arc::new(transport.clone());
    let management = Management::new(ENVIRONMENT, "skc_1", SECRET, transport, Arc::new(clock.clone())).unwrap();
    (management, clock)
}

/// What was asked of the API last, as `PUT /api/v1/…`.
fn last(transport: &FakeTransport) -> String {
    let (method, uri) = transport.asked().pop().unwrap();
    format!("{method} {}", uri.path_and_query().unwrap())
}

fn calls(transport: &FakeTransport) -> usize {
    transport.asked().iter().filter(|(_, uri)| uri.path().starts_with("/api/v1/")).count()
}

fn domain(text: &str) -> EmailDomain {
    EmailDomain::parse(text).unwrap()
}

/// The request and the answer of a vector.
fn vector(name: &str) -> (String, Value, u16) {
    let vectors: Value = serde_json::from_str(include_str!("data/scalekit.json")).unwrap();
    let samples = vectors["management_api"]["samples"].as_array().unwrap().clone();
    let sample = samples.into_iter().find(|sample| sample["name"] == name).unwrap();
    let status = sample["status"].as_u64().unwrap_or(200);
    (sample["request"].as_str().unwrap().to_owned(), sample["response"].clone(), u16::try_from(status).unwrap())
}

fn scalekit_says(name: &str) -> (Management, FakeTransport, String) {
    let (request, body, status) = vector(name);
    let (management, transport, _) = scalekit(move |_| answer(status, &body));
    (management, transport, request)
}

#[tokio::test]
async fn the_vectors_are_asked_for_and_read() {
    let (management, transport, request) = scalekit_says("portal_link");
    let link = management.portal_link("org_1", &[PortalFeature::Sso, PortalFeature::DirSync]).await.unwrap();
    assert_eq!(last(&transport), request);
    assert_eq!(link.location.path(), "/magicLink/00000000-0000-4000-8000-000000000001");
    assert_eq!(link.expire_time.as_deref(), Some("2025-09-24T05:48:18Z"));

    let (management, transport, request) = scalekit_says("connections_by_domain");
    let found = management.connections_by_domain(&domain("AcmeCorp.com")).await.unwrap();
    assert_eq!(last(&transport), request);
    assert_eq!((found[0].id.as_str(), found[0].protocol.as_str(), found[0].is_usable()), ("conn_1", "SAML", true));
    assert_eq!(found[0].organization_id.as_deref(), Some("org_1"));

    let (management, transport, request) = scalekit_says("connections_by_domain_none");
    assert!(management.connections_by_domain(&domain("nobody.example")).await.unwrap().is_empty());
    assert_eq!(last(&transport), request);

    let (management, transport, request) = scalekit_says("organization");
    let organization = management.organization("org_1").await.unwrap();
    assert_eq!(last(&transport), request);
    assert_eq!((organization.display_name.as_str(), organization.external_id.as_deref()), ("Acme", Some("acme-1")));
    assert!(organization.settings.has("sso") && !organization.settings.has("session_policy"));

    let (management, transport, request) = scalekit_says("directory_users");
    let page = PageRequest::first().size(30);
    let users = management.directory_users("org_1", "dir_1", &DirectoryQuery::all().detailed(), &page).await.unwrap();
    assert_eq!(last(&transport), request);
    assert_eq!((users.total_size, users.next, users.previous), (Some(1), None, None));
    assert_eq!(users.items[0].groups[0].display_name, "Engineering");

    let (management, transport, request) = scalekit_says("session");
    let session = management.session("ses_1").await.unwrap();
    assert_eq!(last(&transport), request);
    assert!(session.is_active());
    assert_eq!(session.device.browser.as_deref(), Some("Firefox"));

    let (management, _, _) = scalekit_says("no_token");
    let error = management.organizations(&PageRequest::first()).await.unwrap_err();
    assert!(matches!(error, ManagementError::Unauthenticated(_)), "{error}");
    let fault = error.fault().unwrap();
    assert_eq!((fault.code, fault.message.as_str()), (Some(16), "Token empty"));
    assert_eq!(fault.error_code.as_deref(), Some("UNAUTHENTICATED"));
}

#[tokio::test]
async fn one_token_serves_everybody_until_shortly_before_it_ends() {
    let (management, transport, clock) = scalekit(|_| answer(200, &json!({ "organization": { "id": "org_1" } })));
    let together = (0..20).map(|_| {
        let management = management.clone();
        tokio::spawn(async move { management.organization("org_1").await.map(|_| ()) })
    });
    for task in together.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    assert_eq!((transport.count("/oauth/token"), calls(&transport)), (1, 20));
    clock.advance(86_399 - 61);
    management.organization("org_1").await.unwrap();
    assert_eq!(transport.count("/oauth/token"), 1);
    clock.advance(1);
    management.organization("org_1").await.unwrap();
    assert_eq!(transport.count("/oauth/token"), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    let revoked = Arc::new(AtomicUsize::new(0));
    let (management, transport, _) = scalekit({
        let revoked = revoked.clone();
        move |request| match request.headers()[AUTHORIZATION].to_str().unwrap() {
            "Bearer token-1" if revoked.load(Ordering::SeqCst) == 1 => answer(401, &json!({ "code": 16 })),
            _ => answer(200, &json!({ "organization": { "id": "org_1" } })),
        }
    });
    management.organization("org_1").await.unwrap();
    revoked.store(1, Ordering::SeqCst);
    let together = (0..20).map(|_| {
        let management = management.clone();
        tokio::spawn(async move { management.organization("org_1").await.map(|_| ()) })
    });
    for task in together.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    assert_eq!(transport.count("/oauth/token"), 2, "once for all twenty");

    let (management, transport, _) = scalekit(|_| answer(401, &json!({ "code": 16, "message": "no" })));
    let error = management.organization("org_1").await.unwrap_err();
    assert!(matches!(error, ManagementError::Unauthenticated(_)), "{error}");
    assert_eq!((transport.count("/oauth/token"), calls(&transport)), (2, 2), "and then it is enough");
}

#[tokio::test]
async fn who_waited_for_a_token_that_cannot_be_had_fails_with_it() {
    let transport = FakeTransport::fallible(|_| Err(TransportError::Timeout));
    let (management, _) = management(&transport);
    let together = (0..20).map(|_| {
        let management = management.clone();
        tokio::spawn(async move { management.organization("org_1").await.unwrap_err() })
    });
    for task in together.collect::<Vec<_>>() {
        let error = task.await.unwrap();
        assert!(matches!(error, ManagementError::Unreachable(_)) && error.is_temporary(), "{error}");
    }
    assert_eq!(transport.count("/oauth/token"), 1);
}

#[tokio::test]
async fn every_fault_has_a_leaf_of_its_own_and_no_secret_in_it() {
    let details = json!([{
        "@type": "type.googleapis.com/scalekit.v1.errdetails.ErrorInfo",
        "error_code": "SOME_CODE",
        "request_info": { "request_id": "req-7" },
        "validation_error_info": { "field_violations": [{ "field": "page_size", "constraint": "x", "description": "too large" }] },
    }]);
    let body = json!({ "code": 3, "message": format!("got token-1 and token-2 and {SECRET}"), "details": details });
    for (status, leaf) in [
        (400, "Refused"),
        (302, "Refused"),
        (401, "Unauthenticated"),
        (403, "PermissionDenied"),
        (404, "NotFound"),
        (429, "RateLimited"),
        (500, "Unavailable"),
        (503, "Unavailable"),
    ] {
        let body = body.clone();
        let (management, _, _) = scalekit(move |_| {
            let mut answer = answer(status, &body);
            answer.headers_mut().insert(RETRY_AFTER, "17".parse().unwrap());
            answer
        });
        let error = management.organization("org_1").await.unwrap_err();
        let (debug, display) = (format!("{error:?}"), error.to_string());
        assert!(debug.starts_with(leaf), "{status}: {debug}");
        assert!(
            display.contains("SOME_CODE") && display.contains("req-7") && display.contains("too large"),
            "{display}"
        );
        // The last token that was sent, whichever that was.
        let sent = if status == 401 { "token-2" } else { "token-1" };
        assert!(!debug.contains(SECRET) && !debug.contains(sent), "{debug}");
        if let ManagementError::RateLimited { retry_after, .. } = &error {
            assert_eq!(*retry_after, Some(17));
        }
        assert_eq!(error.is_temporary(), status == 429 || status >= 500);
    }
    for (status, body) in [(200, "<html>"), (200, "[]"), (200, r#"{"organization":7}"#), (502, "<html>")] {
        let (management, _, _) = scalekit(move |_| Response::builder().status(status).body(Bytes::from(body)).unwrap());
        let error = management.organization("org_1").await.unwrap_err();
        assert_eq!(matches!(error, ManagementError::Unusable { .. }), status == 200, "{error}");
    }
}

#[tokio::test]
async fn a_client_that_is_refused_is_told_so_without_its_secret() {
    for (status, body, expected) in [
        (
            401,
            json!({ "error": "invalid_client", "error_description": format!("{SECRET} is wrong") }),
            "invalid_client",
        ),
        (400, json!({ "error": format!("{SECRET}") }), "[redacted]"),
        (200, json!({ "error": "Odd one!" }), "[redacted]"),
    ] {
        let transport = FakeTransport::new(move |_| answer(status, &body));
        let error = management(&transport).0.organization("org_1").await.unwrap_err();
        let expected = ManagementError::Credentials { status, error: expected.to_owned() };
        assert_eq!(error, expected);
        assert!(!format!("{error} {error:?}").contains(SECRET));
    }
    let transport = FakeTransport::new(|_| answer(200, &json!({ "expires_in": 1 })));
    let error = management(&transport).0.organization("org_1").await.unwrap_err();
    assert!(matches!(error, ManagementError::Unusable { .. }), "{error}");
    let transport = FakeTransport::new(|_| answer(429, &json!({ "message": SECRET })));
    let error = management(&transport).0.organization("org_1").await.unwrap_err();
    assert!(matches!(error, ManagementError::RateLimited { .. }) && !format!("{error:?}").contains(SECRET), "{error}");
}

#[tokio::test]
async fn nothing_shows_secrets() {
    let (management, _, _) = scalekit_says("portal_link");
    let link = management.portal_link("org_1", &[]).await.unwrap();
    let text = format!("{management:?} {link:?}");
    assert!(text.contains("skc_1") && text.contains(ENVIRONMENT), "{text}");
    for secret in [SECRET, "token-1", "magicLink", "00000000-0000"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn hostile_ids_are_never_sent() {
    let (management, transport, _) = scalekit(|_| panic!("nothing may be sent"));
    let long = format!("org_{}", "1".repeat(65));
    for bad in [
        "",
        "org_",
        "org",
        "conn_1",
        "org_1/../org_2",
        "org_1?x=1",
        "org_1#",
        "org_1:disable",
        "org_%2e",
        "org_ä",
        "org_1\r\n",
        " org_1",
        &long,
    ] {
        let invalid =
            |error: ManagementError| assert!(matches!(error, ManagementError::InvalidId(_)), "{bad:?}: {error}");
        invalid(management.organization(bad).await.unwrap_err());
        invalid(management.connections_of(bad).await.unwrap_err());
        invalid(management.portal_redirect(bad, &[]).await.unwrap_err());
        invalid(management.enable_connection(bad, "conn_1").await.unwrap_err());
        invalid(management.disable_connection("org_1", &bad.replace("conn", "org")).await.unwrap_err());
        invalid(management.directories(bad).await.unwrap_err());
        invalid(management.session(bad).await.unwrap_err());
        invalid(management.revoke_session(&bad.replace("org_1", "ses_/")).await.unwrap_err());
        invalid(management.user_sessions(bad, None, &PageRequest::first()).await.unwrap_err());
        invalid(management.revoke_user_sessions(bad).await.unwrap_err());
        let everybody = DirectoryQuery::all();
        invalid(management.every_directory_user("org_1", bad, &everybody).await.unwrap_err());
    }
    for bad in ["", ".", "..", "a/b", "a\\b", "a\nb", &"a".repeat(256)] {
        let error = management.organization_by_external_id(bad).await.unwrap_err();
        assert!(matches!(error, ManagementError::InvalidExternalId(_)), "{bad:?}: {error}");
    }
    assert!(transport.asked().is_empty());
}

#[tokio::test]
async fn ids_of_your_own_are_encoded() {
    let (management, transport, _) =
        scalekit(|_| answer(200, &json!({ "organization": { "id": "org_1", "metadata": null } })));
    management.organization_by_external_id("a b?c#d%2F:e+ü").await.unwrap();
    assert_eq!(last(&transport), "GET /api/v1/organizations:external/a%20b%3Fc%23d%252F%3Ae%2B%C3%BC");
}

#[tokio::test]
async fn pages_follow_each_other_with_the_same_size() {
    let (management, transport, _) = scalekit(|request| match request.uri().query().unwrap() {
        "page_size=100" => answer(
            200,
            &json!({
                "organizations": [{ "id": "org_1", "unknown": {} }], "total_size": "2", "next_page_token": "a&b=c", "prev_page_token": "",
            }),
        ),
        "page_size=100&page_token=a%26b%3Dc" => answer(
            200,
            &json!({
                "organizations": [{ "id": "org_2", "display_name": null }], "total_size": 2, "next_page_token": "", "prev_page_token": "p",
            }),
        ),
        _ => answer(200, &json!({})),
    });
    let first = management.organizations(&PageRequest::first().size(5000)).await.unwrap();
    assert_eq!((first.total_size, first.items[0].id.as_str()), (Some(2), "org_1"));
    let second = management.organizations(&first.next.unwrap()).await.unwrap();
    assert_eq!((second.items[0].id.as_str(), second.next), ("org_2", None));
    assert_eq!(second.previous, Some(PageRequest::at("p").size(5000)));

    assert!(management.organizations(&PageRequest::at("x").size(1)).await.unwrap().items.is_empty());
    assert!(last(&transport).ends_with("?page_size=10&page_token=x"));
}

#[tokio::test]
async fn a_directory_is_read_to_its_end_or_not_at_all() {
    let (management, transport, _) = scalekit(|request| {
        let query = request.uri().query().unwrap();
        assert!(
            query.contains("page_size=30") && query.contains("updated_after=2025-09-24T05%3A47%3A18.000Z"),
            "{query}"
        );
        let next = match query.split("page_token=").nth(1).map(|rest| rest.split('&').next().unwrap()) {
            None => "1",
            Some("1") => "2",
            Some(_) => "",
        };
        answer(
            200,
            &json!({ "users": [{ "id": format!("diruser_{next}"), "user_detail": { "active": false } }], "next_page_token": next }),
        )
    });
    let changed = DirectoryQuery::all().updated_after(UnixTime::from_seconds(NOW));
    let users = management.every_directory_user("org_1", "dir_1", &changed).await.unwrap();
    let ids: Vec<&str> = users.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["diruser_1", "diruser_2", "diruser_"]);
    assert_eq!(users[0].user_detail["active"], false);
    assert_eq!(calls(&transport), 3);

    let (management, transport, _) = scalekit(|_| answer(200, &json!({ "users": [], "next_page_token": "again" })));
    let error = management.every_directory_user("org_1", "dir_1", &DirectoryQuery::all()).await.unwrap_err();
    assert_eq!((error, calls(&transport)), (ManagementError::Endless, 2));

    let (management, transport, _) = scalekit(|_| {
        answer(200, &json!({ "groups": [{ "id": "dirgroup_1", "name": "Staff" }], "next_page_token": null }))
    });
    let page = PageRequest::first().size(100);
    let which = DirectoryQuery::all().in_group("dirgroup_1");
    management.directory_users("org_1", "dir_1", &which, &page).await.unwrap();
    assert!(last(&transport).ends_with("/users?page_size=30&directory_group_id=dirgroup_1"));
    let groups = management.directory_groups("org_1", "dir_1", &which, &page).await.unwrap();
    assert!(last(&transport).ends_with("/groups?page_size=30"));
    assert_eq!((groups.items[0].display_name.as_str(), groups.next), ("Staff", None));
}

#[tokio::test]
async fn domains_are_remembered_for_a_while_and_longer_when_there_is_something() {
    let (management, transport, clock) = scalekit(|request| {
        let known = request.uri().query() == Some("domain=acme.com");
        let connections =
            if known { json!([{ "id": "conn_1", "enabled": true, "status": "COMPLETED" }]) } else { json!([]) };
        answer(200, &json!({ "connections": connections }))
    });
    let (known, unknown) = (domain("acme.com"), domain("nobody.example"));
    let together = (0..20).map(|_| {
        let (management, known) = (management.clone(), known.clone());
        tokio::spawn(async move { management.connections_by_domain(&known).await.unwrap().len() })
    });
    for task in together.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), 1);
    }
    assert_eq!(calls(&transport), 1, "once for all twenty");
    let ask = async || {
        management.connections_by_domain(&known).await.unwrap();
        management.connections_by_domain(&unknown).await.unwrap();
        calls(&transport)
    };
    assert_eq!(ask().await, 2);
    clock.advance(NOT_FOUND_SECONDS - 1);
    assert_eq!(ask().await, 2);
    clock.advance(1);
    assert_eq!(ask().await, 3, "the unknown one is asked about again");
    clock.advance(FOUND_SECONDS - NOT_FOUND_SECONDS);
    assert_eq!(ask().await, 5, "and now both are");
}

#[tokio::test]
async fn switching_a_connection_forgets_what_is_remembered() {
    let enabled = Arc::new(Mutex::new(json!({ "enabled": false, "error_message": "" })));
    let (management, transport, _) = scalekit({
        let enabled = enabled.clone();
        move |request| match request.method().as_str() {
            "PATCH" => answer(200, &enabled.lock().unwrap()),
            _ => answer(200, &json!({ "connections": [{ "id": "conn_1" }] })),
        }
    });
    let known = domain("acme.com");
    management.connections_by_domain(&known).await.unwrap();
    management.disable_connection("org_1", "conn_1").await.unwrap();
    assert_eq!(last(&transport), "PATCH /api/v1/organizations/org_1/connections/conn_1:disable");
    let before = calls(&transport);
    management.connections_by_domain(&known).await.unwrap();
    assert_eq!(calls(&transport), before + 1);

    *enabled.lock().unwrap() = json!({ "error_message": "not set up" });
    let error = management.enable_connection("org_1", "conn_1").await.unwrap_err();
    assert_eq!(error, ManagementError::NotSwitched("not set up".to_owned()));
    assert_eq!(last(&transport), "PATCH /api/v1/organizations/org_1/connections/conn_1:enable");

    management.connections_of("org_1").await.unwrap();
    assert_eq!(last(&transport), "GET /api/v1/connections?organization_id=org_1&include=all");
}

#[tokio::test]
async fn a_crowd_cannot_use_up_the_limit_of_the_environment() {
    let (management, transport, clock) = scalekit(|_| answer(200, &json!({ "connections": [] })));
    let nth = |number: u32| domain(&format!("d{number}.example"));
    for number in 0..LOOKUPS_PER_MINUTE {
        management.connections_by_domain(&nth(number)).await.unwrap();
    }
    clock.advance(20);
    let error = management.connections_by_domain(&domain("one-more.example")).await.unwrap_err();
    assert_eq!(error, ManagementError::TooManyLookups { retry_after: 40 });
    assert!(error.is_temporary());
    management.connections_by_domain(&nth(0)).await.expect("what is remembered costs nothing");
    management.connections_of("org_1").await.expect("nor is anything else limited by it");
    assert_eq!(calls(&transport), LOOKUPS_PER_MINUTE as usize + 1);
    clock.advance(40);
    management.connections_by_domain(&domain("one-more.example")).await.unwrap();
}

#[tokio::test]
async fn a_lookup_that_failed_is_not_remembered() {
    let broken = Arc::new(AtomicUsize::new(1));
    let (management, transport, _) = scalekit({
        let broken = broken.clone();
        move |_| match broken.load(Ordering::SeqCst) {
            1 => answer(503, &json!({})),
            _ => answer(200, &json!({ "connections": null })),
        }
    });
    let error = management.connections_by_domain(&domain("acme.com")).await.unwrap_err();
    assert!(matches!(error, ManagementError::Unavailable(_)), "{error}");
    broken.store(0, Ordering::SeqCst);
    assert!(management.connections_by_domain(&domain("acme.com")).await.unwrap().is_empty());
    assert_eq!(calls(&transport), 2);
}

#[tokio::test]
async fn the_portal_is_a_redirect_that_nobody_keeps() {
    let (management, _, _) = scalekit_says("portal_link");
    let response = management.portal_redirect("org_1", &[PortalFeature::Sso]).await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
    assert_eq!(
        response.headers()[LOCATION],
        "https://acme-dev.scalekit.dev/magicLink/00000000-0000-4000-8000-000000000001"
    );
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[REFERRER_POLICY], "no-referrer");
    assert!(response.body().is_empty());

    for location in ["javascript:alert(1)", "/magicLink/1", "http://acme-dev.scalekit.dev/x", "https://127.0.0.1/x", ""]
    {
        let (management, _, _) =
            scalekit(move |_| answer(200, &json!({ "link": { "id": "1", "location": location } })));
        let error = management.portal_redirect("org_1", &[]).await.unwrap_err();
        assert!(matches!(error, ManagementError::Unusable { .. }), "{location}: {error}");
        assert!(location.is_empty() || !error.to_string().contains(location), "{error}");
    }
}

#[tokio::test]
async fn sessions_are_ended_one_by_one_or_all_at_once() {
    let (management, transport, _) = scalekit(|request| match (request.method().as_str(), request.uri().path()) {
        ("POST", "/api/v1/sessions/ses_1/revoke") => {
            answer(200, &json!({ "revoked_session": { "session_id": "ses_1", "status": "revoked", "device": null } }))
        }
        ("POST", "/api/v1/users/usr_1/sessions/revoke") => answer(
            200,
            &json!({ "revoked_sessions": [{ "session_id": "ses_1" }, { "session_id": "ses_2" }], "total_revoked": 2 }),
        ),
        _ => answer(200, &json!({ "sessions": [{ "session_id": "ses_1", "status": "active" }], "total_size": 1 })),
    });
    assert!(!management.revoke_session("ses_1").await.unwrap().is_active());
    assert_eq!(management.revoke_user_sessions("usr_1").await.unwrap().len(), 2);
    let page = management.user_sessions("usr_1", Some(SessionStatus::Active), &PageRequest::first()).await.unwrap();
    assert!(page.items[0].is_active());
    assert_eq!(last(&transport), "GET /api/v1/users/usr_1/sessions?filter.status=active");
}

#[test]
fn what_cannot_work_is_said_when_it_is_built() {
    let transport = FakeTransport::new(|_| Response::default());
    let build = |url: &str, id: &str, secret: &str| {
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(NOW));
        Management::new(url, id, secret, Arc::new(transport.clone()), clock)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert!(build("https://acme.scalekit.com/", "skc_1", "s").is_ok());
    assert!(build("http://127.0.0.1:9000", "skc_1", "s").is_ok());
    assert!(build("http://acme.scalekit.com", "skc_1", "s").unwrap_err().contains("https"));
    assert!(build("acme", "skc_1", "s").unwrap_err().contains("issuer"));
    assert!(build("https://acme.scalekit.com", "", "s").unwrap_err().contains("client id"));
    assert!(build("https://acme.scalekit.com", "skc_1", "").unwrap_err().contains("secret"));
}
