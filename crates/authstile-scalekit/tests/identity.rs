//! Who somebody is: Scalekit's vectors (`data/scalekit.json`) as identities.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use authstile::Claims;
use authstile_oauth::word::Issuer;
use authstile_scalekit::{IdentityError, ScalekitIdentity};
use serde_json::{Value, json};

const ORGANIZATION: &str = "org_70087756646187150";
const CONNECTION: &str = "conn_70087756662964366";

fn claims(section: &str, name: &str) -> Claims {
    let vectors: Value = serde_json::from_str(include_str!("data/scalekit.json")).unwrap();
    let all = vectors["tokens"][section].as_array().unwrap();
    all.iter().find(|vector| vector["name"] == name).unwrap()["claims"].as_object().unwrap().clone()
}

fn object(value: Value) -> Claims {
    value.as_object().unwrap().clone()
}

fn identity(name: &str) -> ScalekitIdentity {
    ScalekitIdentity::from_claims(&claims("id_tokens", name), None).unwrap()
}

#[test]
fn every_accepted_id_token_is_an_identity_and_comes_back_from_json() {
    let vectors: Value = serde_json::from_str(include_str!("data/scalekit.json")).unwrap();
    let mut seen = 0;
    for vector in vectors["tokens"]["id_tokens"].as_array().unwrap().iter().filter(|it| it["expect"] == "accept") {
        let identity = ScalekitIdentity::from_claims(vector["claims"].as_object().unwrap(), None).unwrap();
        assert_eq!(identity.subject, vector["claims"]["sub"]);
        assert_eq!(identity.connection.as_deref(), Some(CONNECTION), "{}", vector["name"]);
        assert_eq!(identity.organization.as_deref(), vector["claims"]["oid"].as_str(), "{}", vector["name"]);
        let json = serde_json::to_string(&identity).unwrap();
        assert_eq!(serde_json::from_str::<ScalekitIdentity>(&json).unwrap(), identity, "{}", vector["name"]);
        assert!(
            !json.contains("null") && !json.contains("[]") && !json.contains("{}"),
            "what is absent is not written: {json}"
        );
        seen += 1;
    }
    assert!(seen >= 12, "{seen}: the vectors are cut off");
}

#[test]
fn both_forms_of_subject_are_understood() {
    let of = |name: &str| identity(name).idp_user_id;
    assert_eq!(of("valid_modular_sso").as_deref(), Some("e964d135-35c7-4a13-a3b4-2579a1cdf4e6"));
    assert_eq!(of("valid_sub_is_email").as_deref(), Some("john@example.com"));
    assert_eq!(of("valid_sub_with_pipe_and_second_semicolon").as_deref(), Some("google-oauth2|1046;302"));
    assert_eq!(of("valid_full_stack_auth"), None);
    let full_stack = identity("valid_full_stack_auth");
    assert_eq!(full_stack.session_id.as_deref(), Some("ses_90928729571723024"));
    assert_eq!(full_stack.external_organization_id.as_deref(), Some("ext_org_123"));
    // Without amr the subject still names the connection.
    let bare = ScalekitIdentity::from_claims(&object(json!({"sub": "conn_1;x;y"})), None).unwrap();
    assert_eq!((bare.connection.as_deref(), bare.idp_user_id.as_deref()), (Some("conn_1"), Some("x;y")));
    let foreign = ScalekitIdentity::from_claims(&object(json!({"sub": "google-oauth2;1"})), None).unwrap();
    assert_eq!((foreign.connection, foreign.idp_user_id), (None, None));
}

#[test]
fn what_the_customer_added_is_kept_apart() {
    let identity = identity("valid_custom_attributes_and_groups");
    assert_eq!(identity.groups, ["Engineering", "Admins"]);
    assert_eq!(Value::Object(identity.custom), json!({"department": "R&D", "employee": {"id": 7}}));
    assert!(self::identity("valid_modular_sso").custom.is_empty());
    let groups = |groups: Value| {
        ScalekitIdentity::from_claims(&object(json!({"sub": "usr_1", "groups": groups})), None).unwrap().groups
    };
    assert_eq!(groups(json!([{"id": "1", "name": "A"}, {"display_name": "B"}, 7, ""])), ["A", "B"]);
    assert_eq!(groups(json!("A")), ["A"]);
}

#[test]
fn the_access_token_adds_what_only_it_has() {
    let id_token = object(json!({"sub": "usr_1", "oid": "org_1", "amr": ["conn_1"], "team": "core"}));
    let access_token = object(json!({
        "sub": "usr_1", "oid": "org_1", "sid": "ses_1", "xoid": "o", "xuid": "u", "roles": ["admin"],
        "permissions": ["projects:read"], "team": "other", "plan": "gold", "jti": "tkn_1", "scope": "openid",
    }));
    let identity = ScalekitIdentity::from_claims(&id_token, Some(&access_token)).unwrap();
    assert_eq!((identity.roles, identity.permissions), (vec!["admin".to_owned()], vec!["projects:read".to_owned()]));
    assert_eq!(identity.session_id.as_deref(), Some("ses_1"));
    assert_eq!(
        (identity.external_organization_id.as_deref(), identity.external_user_id.as_deref()),
        (Some("o"), Some("u"))
    );
    assert_eq!(Value::Object(identity.custom), json!({"team": "core", "plan": "gold"}));

    for (name, value) in [("sub", "usr_2"), ("oid", "org_2")] {
        let mut other = access_token.clone();
        other[name] = value.into();
        let error = ScalekitIdentity::from_claims(&id_token, Some(&other)).unwrap_err();
        assert!(matches!(error, IdentityError::OtherAccessToken { name: got, .. } if got == name), "{error}");
    }
}

#[test]
fn claims_that_contradict_themselves_are_no_identity() {
    let error = |claims: Value| ScalekitIdentity::from_claims(&object(claims), None).unwrap_err();
    let wrong = |claims: Value, expected: &str| {
        let error = error(claims);
        assert!(matches!(error, IdentityError::WrongType { name, .. } if name == expected), "{error}");
    };
    wrong(json!({}), "sub");
    wrong(json!({"sub": ""}), "sub");
    wrong(json!({"sub": 7}), "sub");
    wrong(json!({"sub": "usr_1", "oid": ["org_1"]}), "oid");
    wrong(json!({"sub": "usr_1", "oid": "org_1 x"}), "oid");
    wrong(json!({"sub": "usr_1", "amr": "conn_1"}), "amr");
    wrong(json!({"sub": "usr_1", "sid": 1}), "sid");
    assert!(matches!(error(json!({"sub": "conn_1;x", "amr": ["conn_2"]})), IdentityError::Connections { .. }));
}

#[test]
fn the_account_key_has_the_organization_where_the_application_owns_the_users() {
    let issuer = Issuer::parse("https://acme-dev.scalekit.dev").unwrap();
    let key = |name: &str| identity(name).account_key(&issuer);
    let modular = key("valid_sub_is_email");
    assert_eq!(modular.organization.as_deref(), Some(ORGANIZATION));
    assert_eq!(
        modular.to_string(),
        format!("https://acme-dev.scalekit.dev {ORGANIZATION} {CONNECTION};john@example.com")
    );
    let full_stack = key("valid_full_stack_auth");
    assert_eq!(full_stack.to_string(), "https://acme-dev.scalekit.dev - usr_63261014140912135");
    assert_eq!(key("valid_passwordless_or_social_without_oid").organization, None);
    // The same person of the identity provider, seen through another organization or environment, is another account.
    let of = |oid: &str| {
        ScalekitIdentity::from_claims(&object(json!({"sub": "conn_1;ada", "oid": oid})), None)
            .unwrap()
            .account_key(&issuer)
    };
    assert_ne!(of("org_1"), of("org_2"));
    let elsewhere = Issuer::parse("https://login.acme.com").unwrap();
    assert_ne!(identity("valid_full_stack_auth").account_key(&elsewhere), full_stack);
}
