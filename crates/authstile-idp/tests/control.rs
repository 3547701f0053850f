//! The control endpoints (§10.1).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    unreachable_pub,
    reason = "in tests a panic is a failure"
)]

mod common;

use authstile_idp::{ControlAccess, Idp, IdpBuilder, LogoutTokenFault, Misbehave, WebhookFault};
use bytes::Bytes;
use common::*;
use http::{Request, Response};
use serde_json::{Value, json};

fn open() -> IdpBuilder {
    hooked().control(ControlAccess::Loopback)
}

fn call_with(idp: &Idp, method: &str, path: &str, content: &str, headers: Pairs<'_>) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(format!("/_emulator/{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    idp.handle(request.body(Bytes::from(content.to_owned())).unwrap())
}

const HOST: (&str, &str) = ("host", "127.0.0.1:4001");
const JSON: (&str, &str) = ("content-type", "application/json");

fn call(idp: &Idp, method: &str, path: &str, content: Value) -> Value {
    let content = if content.is_null() { String::new() } else { content.to_string() };
    let response = call_with(idp, method, path, &content, &[HOST, JSON]);
    assert_eq!(response.status(), 200, "{path}: {response:?}");
    json(&response)
}

#[test]
fn it_is_closed_unless_opened() {
    assert_eq!(call_with(&hooked().build(), "GET", "state", "", &[HOST]).status(), 404);
}

#[test]
fn loopback_means_this_machine() {
    let idp = open().build();
    let status = |headers: Pairs<'_>| call_with(&idp, "GET", "state", "", headers).status().as_u16();
    assert_eq!(status(&[HOST]), 200);
    assert_eq!(
        status(&[("host", "localhost:1"), ("origin", "http://localhost:1"), ("sec-fetch-site", "same-origin")]),
        200
    );
    for bad in [
        &[][..],
        &[("host", "rebound.example")],
        &[HOST, ("origin", "https://evil.example")],
        &[HOST, ("origin", "null")],
        &[HOST, ("sec-fetch-site", "cross-site")],
    ] {
        assert_eq!(status(bad), 403, "{bad:?}");
    }
    for (peer, expected) in
        [("127.0.0.1:5", 200), ("[::1]:5", 200), ("[::ffff:127.0.0.1]:5", 200), ("192.0.2.1:5", 403)]
    {
        let mut request = Request::get("http://127.0.0.1:4001/_emulator/state").body(Bytes::new()).unwrap();
        request.extensions_mut().insert(peer.parse::<std::net::SocketAddr>().unwrap());
        assert_eq!(idp.handle(request).status(), expected, "{peer}");
    }
    let form = call_with(&idp, "POST", "down", "{\"down\":true}", &[HOST, ("content-type", "text/plain")]);
    assert_eq!(form.status(), 400, "what a form could send");
}

#[test]
fn a_secret_opens_it_from_anywhere() {
    let idp = hooked().control(ControlAccess::Secret("open sesame".to_owned())).build();
    for (header, status) in [("Bearer open sesame", 200), ("Bearer x", 401), ("Basic open sesame", 401)] {
        assert_eq!(call_with(&idp, "GET", "state", "", &[("authorization", header)]).status(), status, "{header}");
    }
}

#[test]
fn switches_switch() {
    let hands = Hands::new();
    let idp = open().clock(hands.clock()).build();
    for name in [
        Misbehave::SigNone.name(),
        LogoutTokenFault::AlgNone.name(),
        WebhookFault::Duplicate.name(),
        "idp-initiated-expired",
    ] {
        call(&idp, "POST", "misbehave", json!({ "name": name }));
    }
    call(&idp, "POST", "mode", json!({ "mode": "full-stack" }));
    call(&idp, "POST", "auto-sign-in", json!({ "email": "ada@acme.example" }));
    call(&idp, "POST", "down", json!({ "down": true }));
    call(&idp, "POST", "rate-limit", json!({ "retry_after": 7 }));
    assert_eq!(call(&idp, "POST", "clock", json!({ "advance": 90 })), json!({ "now": hands.now() + 90 }));
    assert_eq!(get(&idp, "/keys", &[]).status(), 503);
    let state = call(&idp, "GET", "state", Value::Null);
    assert_eq!(
        state,
        json!({
            "issuer": ISSUER, "mode": "full-stack", "now": hands.now() + 90, "auto_sign_in": "ada@acme.example",
            "misbehave": "idtoken-sig-none", "logout_tokens": "rp-backchannel-rpinitlogout-alg-none", "webhooks": "webhook-duplicate",
            "idp_initiated": "idp-initiated-expired", "down": true, "rate_limit": 7,
        })
    );
    call(&idp, "POST", "misbehave", json!({ "name": null }));
    call(&idp, "POST", "down", json!({ "down": false }));
    call(&idp, "POST", "rate-limit", json!({}));
    let state = call(&idp, "GET", "state", Value::Null);
    for name in ["misbehave", "logout_tokens", "webhooks", "idp_initiated", "rate_limit"] {
        assert_eq!(state[name], Value::Null, "{name}");
    }
    call(&idp, "POST", "access-tokens", json!({ "seconds": 60 }));
    assert_eq!(tokens(&idp, &[])["expires_in"], 59);
    let kid = |idp: &Idp| json(&get(idp, "/keys", &[]))["keys"][0]["kid"].clone();
    let before = kid(&idp);
    call(&idp, "POST", "rotate-keys", json!({ "keep_old": false }));
    assert_ne!(before, kid(&idp));
    assert!(call(&idp, "GET", "faults", Value::Null)["faults"].as_array().unwrap().len() > 100);
    call(&idp, "POST", "next-error", json!({ "error": "user_not_active" }));
    assert_eq!(carried(&authorize(&idp, &[("domain", "acme.example")]), "error"), ["user_not_active"]);
}

#[test]
fn things_happen() {
    let idp = open().build();
    tokens(&idp, &[]);
    let url = call(&idp, "POST", "idp-initiated", json!({ "email": "ada@acme.example", "relay_state": "/x" }));
    assert!(url["url"].as_str().unwrap().starts_with(INITIATE));
    for (path, content) in [
        ("events", json!({ "type": "user.login", "organization_id": "org_acme", "data": { "a": 1 }, "id": "evt_1" })),
        ("directory-users/deactivate", json!({ "user": "diruser_ada" })),
        ("directory-users/reactivate", json!({ "user": "ada@acme.example" })),
        ("directory-users/delete", json!({ "user": "diruser_ada" })),
        ("connections/disable", json!({ "id": "conn_globex" })),
        ("connections/enable", json!({ "id": "conn_globex" })),
        ("connections/delete", json!({ "id": "conn_globex" })),
        ("memberships/delete", json!({ "email": "ada@acme.example", "organization_id": "org_acme" })),
        ("organizations/delete", json!({ "id": "org_globex" })),
    ] {
        call(&idp, "POST", path, content);
    }
    assert_eq!(call(&idp, "POST", "sessions/revoke", json!({ "email": "ada@acme.example" })), json!({ "revoked": 1 }));
    let outgoing = call(&idp, "GET", "outgoing", Value::Null);
    let outgoing = outgoing["outgoing"].as_array().unwrap();
    assert_eq!(outgoing.len(), 12, "{outgoing:?}");
    assert_eq!((&outgoing[1]["kind"], &outgoing[1]["state"]), (&json!("Webhook"), &json!("Waiting")));
    call(&idp, "DELETE", "outgoing", Value::Null);
    assert!(idp.take_outgoing().is_empty());

    let requests = call(&idp, "GET", "requests", Value::Null);
    let requests = requests["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 2, "not the control calls: {requests:?}");
    assert_eq!((&requests[1]["path"], &requests[1]["authorization_scheme"]), (&json!("/oauth/token"), &json!("Basic")));
    call(&idp, "DELETE", "requests", Value::Null);
    assert!(idp.requests().is_empty());
}

#[test]
fn mistakes_are_told() {
    let idp = open().build();
    for (method, path, content, status, part) in [
        ("POST", "misbehave", "{\"name\":\"x\"}", 404, "no such fault"),
        ("POST", "misbehave", "{\"mane\":\"x\"}", 400, "unknown member"),
        ("POST", "mode", "{\"mode\":\"x\"}", 400, "modular or full-stack"),
        ("POST", "down", "{}", 400, "missing"),
        ("POST", "down", "{\"down\":1}", 400, "true or false"),
        ("POST", "down", "[]", 400, "JSON object"),
        ("POST", "rate-limit", "{\"retry_after\":-1}", 400, "out of range"),
        ("POST", "next-error", "{\"error\":\"x\"}", 404, "error code"),
        ("POST", "sessions/revoke", "{}", 400, "needed"),
        ("POST", "sessions/revoke", "{\"session_id\":\"x\"}", 404, "session"),
        ("POST", "directory-users/delete", "{\"user\":\"x\"}", 404, "directory user"),
        ("POST", "nothing", "{}", 404, "no such path"),
        ("PUT", "mode", "{}", 404, "no such path"),
    ] {
        let response = call_with(&idp, method, path, content, &[HOST, JSON]);
        assert_eq!(response.status(), status, "{path} {content}");
        assert!(json(&response)["error"].as_str().unwrap().contains(part), "{path}: {response:?}");
    }
}
