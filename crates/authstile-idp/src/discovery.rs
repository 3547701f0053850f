//! `/.well-known/openid-configuration` and `/keys` (§1.2, §1.3).

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::environment::Environment;
use crate::http_text::{Response, json};
use crate::idp::Idp;
use crate::sabotage;

pub(crate) fn document(idp: &Idp) -> Response {
    let mut document = metadata(&idp.environment());
    match sabotage::discovery(idp.misbehaviour(), &mut document) {
        Some(wrong) => wrong,
        None => json(StatusCode::OK, &Value::Object(document)),
    }
}

pub(crate) fn keys(idp: &Idp) -> Response {
    match sabotage::key_set(idp, idp.published_keys()) {
        Ok(keys) => json(StatusCode::OK, &json!({ "keys": keys })),
        Err(wrong) => *wrong,
    }
}

/// The fields of the one sample that was ever published, with today's logout endpoint. `scopes_supported` lacks
/// `email` there too, although every flow asks for it.
fn metadata(environment: &Environment) -> Map<String, Value> {
    let at = |path: &str| Value::from(format!("{}{path}", environment.issuer));
    let methods = json!(["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]);
    let fields = [
        ("issuer", at("")),
        ("authorization_endpoint", at("/oauth/authorize")),
        ("token_endpoint", at("/oauth/token")),
        ("introspection_endpoint", at("/oauth/introspect")),
        ("userinfo_endpoint", at("/userinfo")),
        ("revocation_endpoint", at("/revoke")),
        ("end_session_endpoint", at("/oidc/logout")),
        ("jwks_uri", at("/keys")),
        ("scopes_supported", json!(["openid", "profile", "offline_access"])),
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query"])),
        ("grant_types_supported", json!(["authorization_code", "client_credentials", "refresh_token"])),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!(["RS256"])),
        ("request_object_signing_alg_values_supported", json!(["RS256"])),
        ("token_endpoint_auth_methods_supported", methods.clone()),
        ("token_endpoint_auth_signing_alg_values_supported", json!(["RS256"])),
        ("revocation_endpoint_auth_methods_supported", methods),
        ("revocation_endpoint_auth_signing_alg_values_supported", json!(["RS256"])),
        ("introspection_endpoint_auth_methods_supported", json!(["client_secret_basic", "private_key_jwt"])),
        ("introspection_endpoint_auth_signing_alg_values_supported", json!(["RS256"])),
        (
            "claims_supported",
            json!([
                "sub",
                "aud",
                "exp",
                "iat",
                "iss",
                "auth_time",
                "nonce",
                "acr",
                "amr",
                "c_hash",
                "at_hash",
                "act",
                "scopes",
                "client_id",
                "azp",
                "preferred_username",
                "name",
                "family_name",
                "given_name",
                "locale",
                "email",
                "email_verified",
                "phone_number",
                "phone_number_verified",
            ]),
        ),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("ui_locales_supported", json!(["en"])),
        ("request_parameter_supported", json!(true)),
        ("request_uri_parameter_supported", json!(false)),
    ];
    let mut metadata: Map<_, _> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if environment.authorization_response_iss {
        metadata.insert("authorization_response_iss_parameter_supported".to_owned(), json!(true));
    }
    metadata
}
