//! The userinfo endpoint (OpenID Connect Core §5.3), and what plain OAuth providers have in its place.

use bytes::Bytes;
use http::{Request, StatusCode, header};
use serde_json::{Map, Value};
use url::Url;

use crate::secret::AccessToken;
use crate::word::Subject;

/// Why a userinfo answer is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UserInfoError {
    /// Not a success: an error body must never become somebody's profile.
    #[error("the userinfo endpoint answered {0}")]
    Status(u16),
    /// Not a JSON object.
    #[error("the userinfo endpoint answered with something that is no JSON object")]
    NotJson,
    /// The answer is about somebody else (OpenID Connect Core §5.3.2).
    #[error("sub of userinfo differs from sub of the ID token")]
    SubjectMismatch,
}

/// The request: a GET with the access token in the header (RFC 6750 §2.1).
///
/// # Errors
/// When the endpoint or the token cannot be written as a request.
pub fn request(endpoint: &Url, token: &AccessToken) -> Result<Request<Bytes>, http::Error> {
    let mut bearer = http::HeaderValue::try_from(format!("Bearer {}", token.expose()))?;
    bearer.set_sensitive(true);
    Request::get(endpoint.as_str())
        .header(header::ACCEPT, "application/json")
        // GitHub refuses requests without one; nobody minds it.
        .header(header::USER_AGENT, "authstile")
        .header(header::AUTHORIZATION, bearer)
        .body(Bytes::new())
}

/// Reads an answer.
///
/// # Errors
/// When the status is not 2xx or the body is no JSON.
pub fn parse_json(status: StatusCode, body: &[u8]) -> Result<Value, UserInfoError> {
    if !status.is_success() {
        return Err(UserInfoError::Status(status.as_u16()));
    }
    serde_json::from_slice(body).map_err(|_| UserInfoError::NotJson)
}

/// Reads claims.
///
/// # Errors
/// When the status is not 2xx or the body is no JSON object.
pub fn parse(status: StatusCode, body: &[u8]) -> Result<Map<String, Value>, UserInfoError> {
    match parse_json(status, body)? {
        Value::Object(claims) => Ok(claims),
        _ => Err(UserInfoError::NotJson),
    }
}

/// Refuses claims about anybody but the subject of the ID token.
///
/// # Errors
/// [`UserInfoError::SubjectMismatch`], also when there is no `sub`.
pub fn check_subject(claims: &Map<String, Value>, subject: &Subject) -> Result<(), UserInfoError> {
    match claims.get("sub").and_then(Value::as_str) {
        Some(sub) if sub == subject.as_str() => Ok(()),
        _ => Err(UserInfoError::SubjectMismatch),
    }
}
