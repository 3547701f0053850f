//! The sign-in page, and the switches (§10.3).

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

use authstile_idp::{Idp, Mode};
use common::*;
use http::StatusCode;

const ACME: (&str, &str) = ("organization_id", "org_acme");

#[test]
fn a_person_picks_a_user_types_an_address_or_denies() {
    let idp = builder().build();
    for (field, expected) in
        [(("user", "ada@acme.example"), "code"), (("user", "new@acme.example"), "code"), (("deny", "1"), "error")]
    {
        let page = authorize(&idp, &[ACME]);
        assert_eq!(page.status(), StatusCode::OK);
        let form = [("request", handle(&page)), field];
        let response = post(&idp, "/oauth/authorize/submit", &form);
        assert!(location(&response).starts_with(&format!("{CALLBACK}?")), "{response:?}");
        assert_eq!(carried(&response, expected).len(), 1);
        assert_eq!(carried(&response, "state"), ["the state"]);
        let again = post(&idp, "/oauth/authorize/submit", &form);
        assert_eq!(again.status(), StatusCode::BAD_REQUEST, "answered once");
    }
    let page = authorize(&idp, &[ACME]);
    let denied = post(&idp, "/oauth/authorize/submit", &[("request", handle(&page)), ("deny", "1")]);
    assert_eq!(carried(&denied, "error"), ["access_denied"]);
}

#[test]
fn the_page_has_stable_ids_and_only_the_connections_people() {
    let idp = builder().build();
    let response = authorize(&idp, &[ACME, ("login_hint", "ada@acme.example")]);
    let page = body(&response);
    for id in ["user-0", "email", "submit", "deny", "banner"] {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert!(page.contains("Local identity provider — development only"));
    assert!(page.contains("Ada Lovelace") && !page.contains("linus@globex.example") && !page.contains("user-1"));
    assert!(page.contains("value=\"ada@acme.example\">\n<button id=\"submit\""), "{page}");
    let headers = response.headers();
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-content-type-options"], "nosniff");
}

#[test]
fn the_policy_admits_the_style_and_nothing_else() {
    let response = authorize(&builder().build(), &[ACME]);
    let style = body(&response).split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hash);
    assert_eq!(
        response.headers()["content-security-policy"],
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self' http://127.0.0.1:* http://localhost:* \
             https:; frame-ancestors 'none'; base-uri 'none'"
        )
    );
}

#[test]
fn a_wrong_address_brings_the_page_back() {
    let idp = builder().build();
    let page = authorize(&idp, &[ACME]);
    for bad in ["", "nobody", "@acme.example", "a b@acme.example", "x@"] {
        let response = post(&idp, "/oauth/authorize/submit", &[("request", handle(&page)), ("user", bad)]);
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(body(&response).contains("id=\"problem\""));
    }
    let good = [("request", handle(&page)), ("user", " ada@acme.example ")];
    assert_eq!(carried(&post(&idp, "/oauth/authorize/submit", &good), "code").len(), 1);
}

#[test]
fn the_hosted_page_leads_on_by_address_or_social_provider() {
    let idp = builder().mode(Mode::FullStack).build();
    for (email, amr, oid) in
        [("new@acme.example", "conn_acme_okta", Some("org_acme")), ("new@nowhere.example", "conn_passwordless", None)]
    {
        let page = authorize(&idp, &[]);
        let response = post(&idp, "/oauth/authorize/submit", &[("request", handle(&page)), ("user", email)]);
        let claims = claims(&json(&redeem(&idp, &code(&response), &[]))["id_token"]);
        assert_eq!((claims["amr"][0].as_str(), claims.get("oid").and_then(|oid| oid.as_str())), (Some(amr), oid));
    }
    let page = authorize(&idp, &[]);
    let chosen = post(&idp, "/oauth/authorize/submit", &[("request", handle(&page)), ("provider", "google")]);
    assert_eq!(attribute(body(&chosen), "data-connection"), "conn_google");
    let form = [("request", handle(&chosen)), ("user", "ada@acme.example")];
    let answer = json(&redeem(&idp, &code(&post(&idp, "/oauth/authorize/submit", &form)), &[]));
    assert_eq!(claims(&answer["id_token"])["amr"][0], "conn_google");
}

#[test]
fn handles_go_everywhere() {
    fn everywhere<T: Clone + Send + Sync + 'static>(_: &T) {}
    everywhere(&Idp::builder(ISSUER).build());
}

#[test]
fn switches() {
    let idp = Idp::demo(ISSUER, CALLBACK, AFTER_LOGOUT);
    let other_handle = idp.clone();
    other_handle.set_down(true);
    assert_eq!(get(&idp, "/keys", &[("a", "b c")]).status(), StatusCode::SERVICE_UNAVAILABLE);
    other_handle.set_down(false);
    post_with(&idp, "/oauth/token", &[("code", "x")], &[("authorization", "Basic abc")]);
    let requests = idp.requests();
    assert_eq!(requests[0].query, [("a".to_owned(), "b c".to_owned())]);
    assert_eq!((requests[1].method.as_str(), requests[1].path.as_str()), ("POST", "/oauth/token"));
    assert_eq!(requests[1].authorization_scheme.as_deref(), Some("Basic"));
    assert_eq!(requests[1].form, [("code".to_owned(), "x".to_owned())]);
    idp.clear_requests();
    assert!(other_handle.requests().is_empty());
    assert_eq!(get(&idp, "/oauth/token", &[]).headers()["allow"], "POST");
    assert_eq!(authorize(&idp, &[("login_hint", "radia@globex.example")]).status(), StatusCode::OK);
    assert_eq!(format!("{idp:?}"), format!("Idp {{ issuer: {ISSUER:?}, .. }}"));
}

#[test]
fn an_issuer_may_have_a_path() {
    let idp = Idp::builder("http://localhost/tenant/").build();
    assert_eq!(idp.issuer(), "http://localhost/tenant");
    assert_eq!(get(&idp, "/keys", &[]).status(), 404);
    let document = json(&get(&idp, "/tenant/.well-known/openid-configuration", &[]));
    assert_eq!(document["jwks_uri"], "http://localhost/tenant/keys");
}
