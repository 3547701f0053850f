//! Where [`Misbehave`] takes effect: each function takes something correct and, if told to, spoils it.

mod features;
mod id_token;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

pub(crate) use features::{
    claim_sources, dpop_scheme, exchanged, front_channel, logout_state, pushed_response, refreshed, sign_userinfo,
    signed_response,
};
pub(crate) use id_token::{hs256, sign_id_token};

use crate::http_text::{Response, answer, json_error, redirect};
use crate::idp::Idp;
use crate::misbehave::Misbehave::{self, *};
use crate::{random, weak_key};

/// A whole answer in place of the discovery document, or changes to it.
pub(crate) fn discovery(misbehave: Option<Misbehave>, document: &mut Map<String, Value>) -> Option<Response> {
    let mut set = |name: &str, value: Value| {
        document.insert(name.to_owned(), value);
    };
    match misbehave? {
        DiscoveryIssuerMismatch => {
            let issuer = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
            let issuer = format!("{issuer}INVALID");
            document.insert("issuer".to_owned(), issuer.into());
        }
        DiscoveryNotJson => return Some(web_page(StatusCode::OK)),
        DiscoveryMissingTokenEndpoint => {
            document.shift_remove("token_endpoint");
        }
        DiscoveryPrivateAddressEndpoint => {
            set("token_endpoint", json!("http://169.254.169.254/latest/meta-data/token"))
        }
        DiscoveryJwksUriKeys => {
            let at = document.get("jwks_uri").and_then(Value::as_str).unwrap_or_default();
            let elsewhere = format!("{at}/{}", random::secret().unwrap_or_default());
            document.insert("jwks_uri".to_owned(), elsewhere.into());
        }
        InvalidSigEs256 => set("id_token_signing_alg_values_supported", json!(["RS256", "PS256", "ES256", "EdDSA"])),
        DiscoveryInsecureEndpoint => set("token_endpoint", json!("http://example.com/token")),
        AuthorizationResponseInvalidIss | AuthorizationResponseMissingIss => {
            set("authorization_response_iss_parameter_supported", json!(true));
        }
        _ => {}
    }
    None
}

/// The key set to publish.
pub(crate) fn key_set(idp: &Idp, mut keys: Vec<Value>) -> Result<Vec<Value>, Box<Response>> {
    match idp.misbehaviour() {
        Some(JwksNotJson) => return Err(Box::new(web_page(StatusCode::OK))),
        Some(JwksEmpty) => keys.clear(),
        Some(KidAbsentSingleJwks) => keys.truncate(1),
        Some(KidAbsentMultipleJwks) => keys.insert(0, idp.stray_key().jwk()),
        Some(InvalidSigEs256) => keys.push(idp.foreign_key().jwk()),
        Some(WeakRsaKey) => keys.insert(0, weak_key::weak_jwk()),
        _ => {}
    }
    Ok(keys)
}

/// An error that every authorization request ends in.
pub(crate) fn authorization_error(misbehave: Option<Misbehave>) -> Option<(&'static str, &'static str)> {
    match misbehave? {
        AuthorizationErrorAccessDenied => Some(("access_denied", "The user denied access")),
        AuthorizationErrorServerError => Some(("server_error", "The identity provider failed")),
        AuthorizationErrorUnknownCode => Some(("flux_capacitor_empty", "<script>alert('description')</script>")),
        _ => None,
    }
}

/// The parameters of an authorization response, good or bad.
pub(crate) fn authorization_response(misbehave: Option<Misbehave>, pairs: &mut Vec<(&str, String)>) {
    let has_code = pairs.iter().any(|(name, _)| *name == "code");
    match misbehave {
        Some(AuthorizationResponseInvalidIss) => {
            pairs.retain(|(name, _)| *name != "iss");
            pairs.push(("iss", "https://attacker.example".to_owned()));
        }
        Some(AuthorizationResponseMissingIss) => pairs.retain(|(name, _)| *name != "iss"),
        Some(AuthorizationResponseMissingState) => pairs.retain(|(name, _)| *name != "state"),
        Some(AuthorizationResponseInvalidState) => {
            pairs.iter_mut().filter(|(name, _)| *name == "state").for_each(|(_, state)| state.push('1'));
        }
        Some(AuthorizationResponseDuplicateCode) if has_code => pairs.push(("code", "another-code".to_owned())),
        Some(AuthorizationResponseErrorAndCode) if has_code => pairs.push(("error", "access_denied".to_owned())),
        _ => {}
    }
}

/// A whole answer in place of whatever the token endpoint would say.
pub(crate) fn token_endpoint(idp: &Idp) -> Option<Response> {
    match idp.misbehaviour()? {
        TokenErrorInvalidClient => {
            Some(json_error(StatusCode::UNAUTHORIZED, "invalid_client", "client authentication failed"))
        }
        TokenErrorInvalidGrant => Some(json_error(StatusCode::BAD_REQUEST, "invalid_grant", "invalid code")),
        TokenNotJson => Some(web_page(StatusCode::BAD_GATEWAY)),
        TokenEmptyBody => Some(answer(StatusCode::OK, "application/json", String::new())),
        TokenRedirect => Some(redirect(&format!("{}/elsewhere", idp.issuer()))),
        _ => None,
    }
}

/// Members of a successful token response.
pub(crate) fn token_response(misbehave: Option<Misbehave>, members: &mut Map<String, Value>) {
    let mut set = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    match misbehave {
        Some(TokenMissingAccessToken) => {
            members.shift_remove("access_token");
        }
        Some(TokenTypeMac) => set("token_type", json!("mac")),
        Some(TokenTypeCaseInsensitive) => {
            let is_dpop = members.get("token_type").is_some_and(|kind| kind == "DPoP");
            members.insert("token_type".to_owned(), json!(if is_dpop { "dPoP" } else { "bEaReR" }));
        }
        Some(DpopTokenTypeBearer) => set("token_type", json!("Bearer")),
        Some(TokenWithoutExpiresIn) => drop(members.shift_remove("expires_in")),
        Some(TokenTooLarge) => set("padding", json!("x".repeat(2 * 1024 * 1024))),
        Some(MissingIdToken) => {
            members.shift_remove("id_token");
        }
        Some(MalformedIdToken) => {
            let id_token = members.get("id_token").and_then(Value::as_str).unwrap_or_default();
            let two_parts = id_token.rsplit_once('.').map_or("", |(content, _)| content).to_owned();
            members.insert("id_token".to_owned(), two_parts.into());
        }
        Some(AccessTokenAsIdToken) => {
            let access_token = members.get("access_token").cloned().unwrap_or_default();
            members.insert("id_token".to_owned(), access_token);
        }
        _ => {}
    }
}

/// A whole answer in place of userinfo, or changes to its claims.
pub(crate) fn userinfo(misbehave: Option<Misbehave>, claims: &mut Map<String, Value>) -> Option<Response> {
    match misbehave? {
        UserinfoInvalidSub => {
            let sub = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
            let sub = format!("{sub}invalid");
            claims.insert("sub".to_owned(), sub.into());
        }
        UserinfoError => {
            return Some(json_error(StatusCode::UNAUTHORIZED, "invalid_token", "the token was revoked"));
        }
        other => email(other, claims),
    }
    None
}

/// What ID token and userinfo have in common.
fn email(misbehave: Misbehave, claims: &mut Map<String, Value>) {
    match misbehave {
        EmailMissing => {
            claims.shift_remove("email");
            claims.shift_remove("email_verified");
        }
        EmailUnverified => {
            claims.insert("email_verified".to_owned(), json!(false));
        }
        _ => {}
    }
}

/// What a proxy in between would say.
fn web_page(status: StatusCode) -> Response {
    let mut response = Response::new(Bytes::from_static(b"<!doctype html><title>Gateway</title><h1>Bad gateway</h1>"));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}
