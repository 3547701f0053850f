//! The hosted login page: address, one-time code, organization switcher (§10.3).

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

use authstile_idp::{Idp, Mode, Organization, User};
use common::*;
use http::Response;
use serde_json::json;

const SUBMIT: &str = "/oauth/authorize/submit";

fn full_stack() -> Idp {
    builder()
        .mode(Mode::FullStack)
        .organization(Organization::new("org_club", "Club").allowed_email_domain("nowhere.example"))
        .user(User::new("many@nowhere.example").organization("org_acme").organization("org_globex"))
        .build()
}

/// The page after the address was typed.
fn typed(idp: &Idp, address: &str) -> Response<bytes::Bytes> {
    let page = authorize(idp, &[]);
    assert_eq!(attribute(body(&page), "data-page"), "hosted-login");
    assert!(body(&page).contains("id=\"email\" name=\"email\""));
    post(idp, SUBMIT, &[("request", handle(&page)), ("email", address)])
}

fn organization_of(idp: &Idp, response: &Response<bytes::Bytes>) -> serde_json::Value {
    claims(&json(&redeem(idp, &code(response), &[]))["id_token"]).get("oid").cloned().unwrap_or_default()
}

#[test]
fn a_registered_domain_leads_to_its_connection() {
    let idp = full_stack();
    let page = typed(&idp, "New@ACME.example");
    assert_eq!(attribute(body(&page), "data-connection"), "conn_acme_okta");
    assert!(body(&page).contains("value=\"New@ACME.example\""), "prefilled");
    let response = post(&idp, SUBMIT, &[("request", handle(&page)), ("user", "new@acme.example")]);
    assert_eq!(organization_of(&idp, &response), "org_acme");
}

#[test]
fn all_others_get_a_code() {
    let idp = full_stack();
    let page = typed(&idp, "one@elsewhere.example");
    assert_eq!(attribute(body(&page), "data-page"), "one-time-code");
    let wrong = post(&idp, SUBMIT, &[("request", handle(&page)), ("code", "000000")]);
    assert_eq!(wrong.status(), 400);
    let right = post(&idp, SUBMIT, &[("request", handle(&wrong)), ("code", " 424242 ")]);
    let id = claims(&json(&redeem(&idp, &code(&right), &[]))["id_token"]);
    assert_eq!((&id["amr"], id.get("oid")), (&json!(["conn_passwordless"]), None));
    assert_eq!(post(&idp, SUBMIT, &[("request", handle(&wrong)), ("code", "424242")]).status(), 400, "answered once");

    let page = authorize(&idp, &[]);
    assert_eq!(post(&idp, SUBMIT, &[("request", handle(&page)), ("code", "424242")]).status(), 400, "no code was sent");
    let back = typed(&idp, "one@elsewhere.example");
    let back = post(&idp, SUBMIT, &[("request", handle(&back)), ("another", "1")]);
    assert_eq!(attribute(body(&back), "data-page"), "hosted-login");
    let bad = post(&idp, SUBMIT, &[("request", handle(&back)), ("email", "nobody")]);
    assert!(body(&bad).contains("id=\"problem\""));
}

#[test]
fn five_wrong_codes_in_ten_minutes_are_enough() {
    let hands = Hands::new();
    let idp = builder().mode(Mode::FullStack).clock(hands.clock()).build();
    let page = typed(&idp, "one@elsewhere.example");
    let guess = |code: &str| post(&idp, SUBMIT, &[("request", handle(&page)), ("code", code)]);
    for _ in 0..4 {
        assert!(body(&guess("111111")).contains("id=\"code\""));
    }
    hands.wait(600); // A new window.
    for _ in 0..4 {
        assert!(body(&guess("111111")).contains("id=\"code\""));
    }
    assert!(body(&guess("111111")).contains("Too many wrong codes"));
    assert!(body(&guess("424242")).contains("answered already"));
}

#[test]
fn whoever_belongs_to_several_organizations_chooses() {
    let idp = full_stack();
    let page = typed(&idp, "many@nowhere.example");
    let page = post(&idp, SUBMIT, &[("request", handle(&page)), ("code", "424242")]);
    assert_eq!(attribute(body(&page), "data-page"), "organization-switcher");
    for (index, id) in ["org_acme", "org_globex", "org_club"].iter().enumerate() {
        assert!(
            body(&page).contains(&format!("id=\"organization-{index}\" name=\"organization\" value=\"{id}\"")),
            "{id}"
        );
    }
    let wrong = post(&idp, SUBMIT, &[("request", handle(&page)), ("organization", "org_other")]);
    assert_eq!(wrong.status(), 400);
    let response = post(&idp, SUBMIT, &[("request", handle(&page)), ("organization", "org_globex")]);
    assert_eq!(organization_of(&idp, &response), "org_globex");

    // Without a browser, in one form.
    let page = authorize(&idp, &[]);
    let form = [("request", handle(&page)), ("user", "many@nowhere.example"), ("organization", "org_club")];
    assert_eq!(organization_of(&idp, &post(&idp, SUBMIT, &form)), "org_club");
    let page = authorize(&idp, &[]);
    assert_eq!(post(&idp, SUBMIT, &[("request", handle(&page)), ("organization", "org_club")]).status(), 400);
}

#[test]
fn a_session_switches_by_select_account() {
    let idp = full_stack();
    let page = authorize(&idp, &[]);
    let form = [("request", handle(&page)), ("user", "many@nowhere.example"), ("organization", "org_acme")];
    let signed_in = post(&idp, SUBMIT, &form);
    let headers = [("cookie", cookie(&signed_in))];
    let sid = idp.session_ids("many@nowhere.example");

    let select = ("prompt", "select_account");
    let page = authorize_with(&idp, &[select], &headers);
    assert_eq!(attribute(body(&page), "data-organization"), "org_acme", "the active one");
    let form = [("request", handle(&page)), ("organization", "org_club")];
    let chosen = post_with(&idp, SUBMIT, &form, &headers);
    assert_eq!(organization_of(&idp, &chosen), "org_club");
    assert_eq!(organization_of(&idp, &authorize_with(&idp, &[], &headers)), "org_club", "the session followed");

    let at_once = authorize_with(&idp, &[select, ("organization_id", "org_globex")], &headers);
    assert_eq!(organization_of(&idp, &at_once), "org_globex");
    assert_eq!(idp.session_ids("many@nowhere.example"), sid, "still the same session");

    let page = authorize_with(&idp, &[select], &headers);
    let page = post(&idp, SUBMIT, &[("request", handle(&page)), ("another", "1")]);
    assert_eq!(attribute(body(&page), "data-page"), "hosted-login");
}

#[test]
fn social_providers_and_sign_up() {
    let idp = full_stack();
    let page = authorize(&idp, &[("prompt", "create")]);
    assert!(body(&page).contains("Create an account") && body(&page).contains("id=\"social-google\""));
    let page = post(&idp, SUBMIT, &[("request", handle(&page)), ("email", "one@elsewhere.example")]);
    let response = post(&idp, SUBMIT, &[("request", handle(&page)), ("code", "424242")]);
    assert_eq!(carried(&response, "code").len(), 1);
    let page = authorize(&idp, &[]);
    let page = post(&idp, SUBMIT, &[("request", handle(&page)), ("provider", "google")]);
    let page = post(&idp, SUBMIT, &[("request", handle(&page)), ("user", "many@nowhere.example")]);
    assert_eq!(attribute(body(&page), "data-page"), "organization-switcher");
}

#[test]
fn hostile_words_stay_text() {
    let evil = "\"><script>alert(1)</script>@elsewhere.example";
    let idp = builder()
        .mode(Mode::FullStack)
        .organization(Organization::new("org_x", "<script>alert(2)</script>"))
        .user(User::new("x@elsewhere.example").organization("org_x").organization("org_acme"))
        .build();
    let code = typed(&idp, evil);
    let page = authorize(&idp, &[]);
    let switcher = post(&idp, SUBMIT, &[("request", handle(&page)), ("user", "x@elsewhere.example")]);
    for response in [code, switcher] {
        assert!(!body(&response).contains("<script"), "{}", body(&response));
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && policy.starts_with("default-src 'none'"), "{policy}");
    }
}
