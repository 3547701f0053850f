//! Which connection a request leads to: the documented cases (§2.2).

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

use authstile_idp::{Client, Connection, Idp, Mode, Organization};
use common::*;
use serde_json::Value;

#[test]
fn documented_cases() {
    let vectors: Value = serde_json::from_str(include_str!("data/routing.json")).unwrap();
    let environments = [(Mode::Modular, "modular"), (Mode::FullStack, "full_stack")]
        .map(|(mode, name)| (environment(&vectors["fixture"], mode), name));
    let mut tried = 0;
    for case in vectors["cases"].as_array().unwrap() {
        for (idp, mode) in &environments {
            if case["mode"] == "both" || case["mode"] == *mode {
                check(idp, case);
                tried += 1;
            }
        }
    }
    assert!(tried > 25, "{tried}");
}

fn check(idp: &Idp, case: &Value) {
    let name = &case["name"];
    let params = case["params"].as_object().unwrap();
    let params: Vec<_> = params.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
    let response = authorize(idp, &params);
    for (what, wanted) in case["expect"].as_object().unwrap() {
        let page = body(&response);
        match (what.as_str(), wanted.as_str().unwrap_or_default()) {
            ("connection", id) => assert_eq!(attribute(page, "data-connection"), id, "{name}"),
            ("organization_switch_to", id) => {
                assert_eq!(attribute(page, "data-organization"), id, "{name}");
                assert_eq!(attribute(page, "data-page"), "organization-switch", "{name}");
            }
            ("social", provider) => {
                assert_eq!(attribute(page, "data-connection"), format!("conn_{provider}"), "{name}");
            }
            ("hosted_login", _) => {
                assert_eq!(attribute(page, "data-page"), "hosted-login", "{name}")
            }
            ("hosted_signup", _) => {
                assert_eq!(attribute(page, "data-page"), "hosted-signup", "{name}")
            }
            ("error", error) => {
                assert_eq!(carried(&response, "error"), [error], "{name}");
                assert_eq!(carried(&response, "state"), ["the state"], "{name}");
                assert_eq!(carried(&response, "error_description").len(), 1, "{name}");
            }
            ("error_page", _) => assert_eq!(response.status(), 400, "{name}"),
            ("error_name", error) => assert!(page.contains(&format!("<code id=\"error\">{error}</code>")), "{name}"),
            ("redirects", _) => assert!(response.headers().get("location").is_none(), "{name}"),
            ("page", _) => assert_eq!(response.status(), 200, "{name}"),
            other => panic!("{name}: unknown expectation {other:?}"),
        }
    }
}

fn environment(fixture: &Value, mode: Mode) -> Idp {
    let mut builder = Idp::builder(ISSUER).mode(mode).client(Client::new(CLIENT, SECRET).redirect_uri(CALLBACK));
    for one in fixture["organizations"].as_array().unwrap() {
        let id = one["id"].as_str().unwrap();
        let mut organization = Organization::new(id, one["name"].as_str().unwrap_or(id));
        for domain in one["domains"].as_array().unwrap() {
            let name = domain["domain"].as_str().unwrap();
            organization = match domain["domain_type"].as_str().unwrap() {
                "ORGANIZATION_DOMAIN" => organization.domain(name),
                _ => organization.allowed_email_domain(name),
            };
        }
        for connection in one["connections"].as_array().unwrap() {
            let id = connection["id"].as_str().unwrap();
            let active = connection["enabled"] == true && connection["status"] == "COMPLETED";
            let connection = Connection::new(id, id);
            organization = organization.connection(if active { connection } else { connection.disabled() });
        }
        builder = builder.organization(organization);
    }
    for provider in fixture["social_providers_enabled"].as_array().unwrap() {
        let provider = provider.as_str().unwrap();
        builder = builder.social(provider, format!("conn_{provider}"));
    }
    builder.build()
}

#[test]
fn what_the_cases_leave_out() {
    let idp = builder().build();
    for (params, error) in [
        (&[("connection_id", "conn_acme_off"), ("organization_id", "org_acme")][..], "connection_not_active"),
        (&[("provider", "myspace"), ("organization_id", "org_acme")], "invalid_connection_selector"),
        (&[("login_hint", "no address")], "invalid_connection_selector"),
        (&[("login_hint", "x@nowhere.example")], "domain_not_found"),
    ] {
        assert_eq!(carried(&authorize(&idp, params), "error"), [error], "{params:?}");
    }
    for params in [
        &[("domain_hint", "ACME.example")][..],
        &[("domain", "acme.example"), ("domain_hint", "globex.example")],
        &[("login_hint", "a@globex.example@Acme.Example")],
        &[("connection_id", "conn_acme_okta"), ("organization_id", "org_globex")],
    ] {
        let response = authorize(&idp, params);
        assert_eq!(attribute(body(&response), "data-connection"), "conn_acme_okta", "{params:?}");
    }
}
