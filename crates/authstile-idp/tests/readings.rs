//! The other reading of ambiguous places (§11, §12).

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

use authstile_idp::{Idp, IdpBuilder, Mode, Organization, Reading};
use common::*;

/// Without and with the other reading.
fn both(reading: Reading, builder: impl Fn() -> IdpBuilder) -> [Idp; 2] {
    assert_eq!(Reading::from_name(reading.name()), Some(reading));
    [builder().build(), builder().reading(reading).build()]
}

fn outcome(idp: &Idp, params: Pairs<'_>) -> String {
    let response = authorize(idp, params);
    if response.status() == 302 {
        return carried(&response, "error").pop().unwrap_or_default();
    }
    let page = body(&response);
    let connection = attribute(page, "data-connection");
    if connection.is_empty() { attribute(page, "data-page").to_owned() } else { connection.to_owned() }
}

#[test]
fn selectors() {
    let empty = || builder().mode(Mode::FullStack).organization(Organization::new("org_initech", "Initech"));
    let shared = || builder().organization(Organization::new("org_acme_two", "Acme Two").domain("acme.example"));
    let params = [("organization_id", "org_initech")];
    let [one, other] = both(Reading::OrganizationWithoutConnectionFails, empty);
    assert_eq!([outcome(&one, &params), outcome(&other, &params)], ["hosted-login", "no_configured_connections"]);

    let params = [("connection_id", "conn_missing"), ("organization_id", "org_acme")];
    let [one, other] = both(Reading::UnknownConnectionFallsBack, builder);
    assert_eq!([outcome(&one, &params), outcome(&other, &params)], ["invalid_connection_id", "conn_acme_okta"]);
    assert_eq!(outcome(&other, &params[..1]), "invalid_connection_id");

    let params = [("domain", "acme.example"), ("domain_hint", "globex.example")];
    let [one, other] = both(Reading::HintBeforeDomain, builder);
    assert_eq!([outcome(&one, &params), outcome(&other, &params)], ["conn_acme_okta", "conn_globex"]);

    for params in [[("domain", "ACME.example")], [("login_hint", "a@ACME.example")]] {
        let [one, other] = both(Reading::DomainsAreCaseSensitive, builder);
        assert_eq!([outcome(&one, &params), outcome(&other, &params)], ["conn_acme_okta", "domain_not_found"]);
    }

    let [one, other] = both(Reading::SharedDomainIsUnknown, shared);
    let params = [("domain", "acme.example")];
    assert_eq!([outcome(&one, &params), outcome(&other, &params)], ["conn_acme_okta", "domain_not_found"]);
    assert_eq!(outcome(&other, &[("domain", "globex.example")]), "conn_globex");
}

#[test]
fn an_organization_alone_may_keep_the_session() {
    for idp in both(Reading::OrganizationKeepsSession, || builder().mode(Mode::FullStack)) {
        let page = authorize(&idp, &[("organization_id", "org_acme")]);
        let form = [("request", handle(&page)), ("user", "ada@acme.example")];
        let signed_in = post(&idp, "/oauth/authorize/submit", &form);
        let headers = [("cookie", cookie(&signed_in))];
        let switched = authorize_with(&idp, &[("organization_id", "org_globex")], &headers);
        if switched.status() == 200 {
            assert_eq!(attribute(body(&switched), "data-connection"), "conn_globex");
        } else {
            assert_eq!(claims(&json(&redeem(&idp, &code(&switched), &[]))["id_token"])["oid"], "org_acme");
            let named = [("connection_id", "conn_globex"), ("organization_id", "org_globex")];
            assert_eq!(authorize_with(&idp, &named, &headers).status(), 200);
        }
    }
}

#[test]
fn late_errors_may_lose_state() {
    let states = both(Reading::LateErrorsLoseState, builder).map(|idp| {
        let page = authorize(&idp, &[("organization_id", "org_acme")]);
        let early = authorize(&idp, &[("organization_id", "org_missing")]);
        assert_eq!(carried(&early, "state").len(), 1);
        let form = [("request", handle(&page)), ("user", "linus@globex.example")];
        let response = post(&idp, "/oauth/authorize/submit", &form);
        assert_eq!(carried(&response, "error"), ["invalid_user_domain"]);
        carried(&response, "state").len()
    });
    assert_eq!(states, [1, 0]);
}

#[test]
fn a_replayed_code_may_leave_tokens_alone() {
    let statuses = both(Reading::CodeReplayKeepsTokens, builder).map(|idp| {
        idp.auto_sign_in(Some("ada@acme.example"));
        let code = code(&authorize(&idp, &[("organization_id", "org_acme")]));
        let answer = json(&redeem(&idp, &code, &[]));
        assert_eq!(json(&redeem(&idp, &code, &[]))["error"], "invalid_grant");
        let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        get_with(&idp, "/userinfo", &[], &[("authorization", &bearer)]).status().as_u16()
    });
    assert_eq!(statuses, [401, 200]);
}
