//! `/.well-known/openid-configuration` and `/keys` (§1.2, §1.3).

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::client::Method;
use crate::environment::Environment;
use crate::feature::Feature;
use crate::http_text::{Response, json};
use crate::idp::Idp;
use crate::keys::SigningAlgorithm;
use crate::reply::ResponseMode;
use crate::{jws, sabotage};

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
    announce(environment, &mut metadata);
    metadata
}

/// What is on beyond Scalekit's own.
fn announce(environment: &Environment, metadata: &mut Map<String, Value>) {
    let at = |path: &str| json!(format!("{}{path}", environment.issuer));
    let mut set = |name: &str, value: Value| {
        metadata.insert(name.to_owned(), value);
    };
    let algorithm = environment.signing_algorithm;
    if algorithm != SigningAlgorithm::Rs256 {
        set("id_token_signing_alg_values_supported", json!([algorithm.name()]));
    }
    set("response_modes_supported", json!(ResponseMode::offered(environment)));
    let is_set = |pick: fn(&Method) -> bool| environment.clients.iter().any(|client| pick(&client.method));
    let asserts = is_set(|method| matches!(method, Method::PrivateKeyJwt | Method::SecretJwt));
    let methods = match &environment.authentication_methods {
        Some(methods) => Some(json!(methods)),
        None => {
            let known = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];
            let more = [
                ("client_secret_jwt", is_set(|method| *method == Method::SecretJwt)),
                ("self_signed_tls_client_auth", is_set(|method| matches!(method, Method::Certificate(_)))),
            ];
            let more: Vec<_> = more.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
            (!more.is_empty()).then(|| json!([&known[..], &more].concat()))
        }
    };
    for endpoint in ["token", "revocation", "introspection"] {
        if let Some(methods) = &methods {
            set(&format!("{endpoint}_endpoint_auth_methods_supported"), methods.clone());
        }
        if asserts {
            let algorithms = [&jws::ASYMMETRIC[..], &jws::SYMMETRIC].concat();
            set(&format!("{endpoint}_endpoint_auth_signing_alg_values_supported"), json!(algorithms));
        }
    }
    if environment.has(Feature::PushedRequests) {
        set("pushed_authorization_request_endpoint", at("/oauth/par"));
        let must = environment.has(Feature::RequirePushedRequests);
        set("require_pushed_authorization_requests", json!(must));
    }
    if environment.has(Feature::RequestObjects) {
        set("request_object_signing_alg_values_supported", json!(jws::ASYMMETRIC));
    }
    if environment.has(Feature::SignedResponses) {
        set("authorization_signing_alg_values_supported", json!([algorithm.name()]));
    }
    if environment.has(Feature::SignedUserinfo) {
        set("userinfo_signing_alg_values_supported", json!([algorithm.name()]));
    }
    if environment.has(Feature::Dpop) {
        set("dpop_signing_alg_values_supported", json!(jws::ASYMMETRIC));
    }
    if environment.has(Feature::MutualTls) {
        let endpoints = [
            ("token_endpoint", "/mtls/oauth/token"),
            ("introspection_endpoint", "/mtls/oauth/introspect"),
            ("revocation_endpoint", "/mtls/revoke"),
            ("userinfo_endpoint", "/mtls/userinfo"),
            ("pushed_authorization_request_endpoint", "/mtls/oauth/par"),
        ];
        let pushes = environment.has(Feature::PushedRequests);
        let there = endpoints.iter().filter(|(name, _)| pushes || !name.starts_with("pushed"));
        let aliases: Map<_, _> = there.map(|(name, path)| ((*name).to_owned(), at(path))).collect();
        set("mtls_endpoint_aliases", Value::Object(aliases));
        set("tls_client_certificate_bound_access_tokens", json!(true));
    }
    if environment.has(Feature::TokenExchange) {
        let grants = ["authorization_code", "client_credentials", "refresh_token", crate::token_exchange::GRANT_TYPE];
        set("grant_types_supported", json!(grants));
    }
    if !environment.acr_values.is_empty() {
        set("acr_values_supported", json!(environment.acr_values));
        set("claims_parameter_supported", json!(true));
    }
    if environment.has(Feature::AnnouncedLogout) {
        set("backchannel_logout_supported", json!(true));
        set("backchannel_logout_session_supported", json!(true));
    }
    if environment.clients.iter().any(|client| client.front_channel_logout_uri.is_some()) {
        set("frontchannel_logout_supported", json!(true));
        set("frontchannel_logout_session_supported", json!(true));
    }
}
