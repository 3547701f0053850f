//! Sign-ins that begin at the identity provider, by hand and through the SSO simulator (§4, §10.3).

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

use std::collections::HashSet;

use authstile_idp::{Client, Connection, Idp, IdpInitiated, IdpInitiatedFault, Organization, Reading};
use common::*;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value, json};

/// A parameter of a URL.
fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes()).find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

fn token(url: &str) -> String {
    parameter(url, "idp_initiated_login").unwrap_or_else(|| panic!("no token in {url}"))
}

#[test]
fn the_token_is_the_documented_one() {
    let hands = Hands::new();
    let now = hands.now();
    let idp = builder().clock(hands.clock()).build();
    let url = idp.idp_initiated_url("ada@acme.example", Some("/reports/42"));
    assert!(url.starts_with(&format!("{INITIATE}?idp_initiated_login=")), "{url}");
    let token = token(&url);
    let header = part(&token, 0);
    assert!(header.keys().eq(["alg", "kid", "typ"]), "{header:?}");
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
    assert_eq!(
        Value::Object(part(&token, 1)),
        json!({
            "organization_id": "org_acme", "connection_id": "conn_acme_okta", "login_hint": "ada@acme.example",
            "exp": now + 300, "nbf": now, "iat": now, "iss": ISSUER, "relay_state": "/reports/42",
        })
    );
    let vectors: Vec<Value> = serde_json::from_str(include_str!("data/idp_initiated.json")).unwrap();
    assert!(part(&token, 1).keys().eq(vectors[0]["claims"].as_object().unwrap().keys()), "as in the vectors");
    assert!(!part(&self::token(&idp.idp_initiated_url("ada@acme.example", None)), 1).contains_key("relay_state"));
}

#[test]
fn it_arrives_at_the_initiate_login_url_or_the_default_redirect_url() {
    let at = |idp: &Idp, client: &str| {
        let url = idp.start_at_idp(&IdpInitiated::new("linus@globex.example").client(client).relay_state("x"));
        assert_eq!(part(&token(&url), 1)["connection_id"], "conn_globex");
        url.split('?').next().unwrap().to_owned()
    };
    let idp = builder().build();
    assert_eq!((at(&idp, CLIENT), at(&idp, "skc_other")), (INITIATE.to_owned(), CALLBACK.to_owned()));
    let idp = builder().reading(Reading::DefaultRedirectUrlWins).build();
    assert_eq!(at(&idp, CLIENT), CALLBACK);
}

#[test]
fn what_cannot_be_routed_is_an_error_without_state() {
    let idp = builder().build();
    for (start, error) in [
        (IdpInitiated::new("new@nowhere.example"), "domain_not_found"),
        (IdpInitiated::new("ada@acme.example").connection("conn_missing"), "invalid_connection_id"),
        (IdpInitiated::new("ada@acme.example").connection("conn_acme_off"), "connection_not_active"),
        (IdpInitiated::new("ada@acme.example").connection("conn_globex"), "invalid_user_domain"),
    ] {
        let url = idp.start_at_idp(&start);
        assert!(url.starts_with(&format!("{INITIATE}?error=")), "{url}");
        assert_eq!(parameter(&url, "error").as_deref(), Some(error));
        assert_eq!(parameter(&url, "state"), None);
    }
    let url = Idp::builder(ISSUER).build().idp_initiated_url("ada@acme.example", None);
    assert!(url.starts_with(&format!("{ISSUER}/?error=application_not_active")), "{url}");
}

#[test]
fn a_strict_client_refuses_exactly_the_bad_ones() {
    let idp = builder().build();
    let mut reasons = HashSet::new();
    for fault in IdpInitiatedFault::ALL {
        idp.spoil_idp_initiated(Some(*fault));
        let outcome = verify(&idp, &token(&idp.idp_initiated_url("ada@acme.example", None)));
        assert_eq!(outcome.is_ok(), fault.is_conformant(), "{fault:?}: {outcome:?}");
        reasons.extend(outcome.err());
        assert_eq!(IdpInitiatedFault::from_name(fault.name()), Some(*fault));
    }
    assert!(reasons.len() > 7, "{reasons:?}");
    idp.spoil_idp_initiated(None);
    verify(&idp, &token(&idp.idp_initiated_url("ada@acme.example", None))).unwrap();
}

/// As §4.3 recommends.
fn verify(idp: &Idp, token: &str) -> Result<(), String> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| "header")?;
    let keys: JwkSet = serde_json::from_slice(get(idp, "/keys", &[]).body()).unwrap();
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).ok_or("kid")?).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_issuer(&[ISSUER]);
    rules.set_required_spec_claims(&["iss", "exp", "nbf"]);
    rules.validate_nbf = true;
    rules.validate_aud = false;
    let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &rules);
    let claims = claims.map_err(|error| error.to_string())?.claims;
    for kind in ["aud", "sub", "jti", "client_id", "at_hash", "scope"] {
        if claims.contains_key(kind) {
            return Err(format!("has {kind}"));
        }
    }
    if claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() > 600 {
        return Err("lives too long".to_owned());
    }
    let selectors: Vec<_> = ["connection_id", "organization_id"].iter().filter_map(|name| claims.get(*name)).collect();
    let is_id = |id: &str| id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if selectors.is_empty() || !selectors.iter().all(|id| id.as_str().is_some_and(is_id)) {
        return Err("no selector".to_owned());
    }
    Ok(())
}

fn simulated() -> Idp {
    Idp::builder(ISSUER)
        .client(Client::new(CLIENT, SECRET).redirect_uri(CALLBACK).initiate_login_uri(INITIATE))
        .organization(
            Organization::new("org_test", "Test Organization")
                .domain("example.com")
                .connection(Connection::simulator("conn_simulator", "Simulator")),
        )
        .build()
}

const SIMULATE: &str = "/oauth/authorize/simulate";

#[test]
fn the_simulator_signs_in() {
    let idp = simulated();
    let page = authorize(&idp, &[("login_hint", "jane@example.com")]);
    for id in ["flow", "email", "given-name", "family-name", "attributes", "relay-state", "error-code", "submit"] {
        assert!(body(&page).contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert_eq!(attribute(body(&page), "data-connection"), "conn_simulator");
    let form = [
        ("request", handle(&page)),
        ("flow", "login"),
        ("user", "jane@example.com"),
        ("given_name", "Jane"),
        ("family_name", ""),
        ("attributes", r#"{"team":"core","level":3}"#),
    ];
    let claims = claims(&json(&redeem(&idp, &code(&post(&idp, SIMULATE, &form)), &[]))["id_token"]);
    assert_eq!((&claims["given_name"], &claims["team"], &claims["level"]), (&json!("Jane"), &json!("core"), &json!(3)));
    assert!(!claims.contains_key("family_name"));
    assert_eq!(post(&idp, SIMULATE, &form).status(), 400, "answered once");
}

#[test]
fn the_simulator_starts_at_the_idp() {
    let idp = simulated();
    let page = authorize(&idp, &[("login_hint", "jane@example.com")]);
    let form =
        [("request", handle(&page)), ("flow", "idp-initiated"), ("user", "jane@example.com"), ("relay_state", "/r")];
    let response = post(&idp, SIMULATE, &form);
    assert!(location(&response).starts_with(INITIATE));
    let claims = part(&carried(&response, "idp_initiated_login")[0], 1);
    assert_eq!((&claims["organization_id"], &claims["relay_state"]), (&json!("org_test"), &json!("/r")));
    // The application's own request is answered without a question.
    let again = authorize_with(&idp, &[("connection_id", "conn_simulator")], &[("cookie", cookie(&response))]);
    assert_eq!(carried(&again, "code").len(), 1);
}

#[test]
fn the_simulator_fails_on_demand() {
    let codes: Value = serde_json::from_str(include_str!("data/error_codes.json")).unwrap();
    let codes = ["integration", "sso_configuration"].iter().flat_map(|group| codes[group].as_array().unwrap());
    for error in codes.map(|code| code.as_str().unwrap()) {
        let not_here = ["invalid_redirect_uri", "invalid_client"];
        let idp = simulated();
        let page = authorize(&idp, &[("login_hint", "jane@example.com")]);
        let response = post(&idp, SIMULATE, &[("request", handle(&page)), ("flow", "error"), ("error", error)]);
        if not_here.contains(&error) {
            assert_eq!(response.status(), 400, "never redirected: {error}");
            continue;
        }
        assert_eq!(
            (carried(&response, "error"), carried(&response, "state")),
            (vec![error.to_owned()], vec!["the state".to_owned()])
        );
        assert!(idp.fail_next_sign_in(error));
        assert_eq!(carried(&authorize(&idp, &[("domain", "example.com")]), "error"), [error]);
        assert_eq!(authorize(&idp, &[("domain", "example.com")]).status(), 200, "only once");
    }
    assert!(!simulated().fail_next_sign_in("never_heard_of"));
}

#[test]
fn the_simulator_minds_its_form() {
    let idp = simulated();
    let page = authorize(&idp, &[("login_hint", "jane@example.com")]);
    for bad in [
        &[("flow", "login")][..],
        &[("flow", "login"), ("user", "jane")],
        &[("flow", "login"), ("user", "jane@example.com"), ("attributes", "[1]")],
        &[("flow", "error"), ("error", "never_heard_of")],
    ] {
        let response = post(&idp, SIMULATE, &[&[("request", handle(&page))], bad].concat());
        assert_eq!(response.status(), 400, "{bad:?}");
        assert!(body(&response).contains("id=\"problem\""), "{bad:?}");
    }
    let stranger = [("request", handle(&page)), ("user", "a@b.example")];
    assert_eq!(carried(&post(&idp, SIMULATE, &stranger), "error"), ["invalid_user_domain"]);
    let other = builder().build();
    let page = authorize(&other, &[("organization_id", "org_acme")]);
    assert_eq!(post(&other, SIMULATE, &[("request", handle(&page)), ("user", "ada@acme.example")]).status(), 400);
}
