//! The userinfo endpoint (OpenID Connect Core §5.3), and what plain OAuth providers have in its place.

use bytes::Bytes;
use http::{Request, StatusCode, header};
use serde_json::{Map, Value};
use url::Url;

use crate::claims;
use crate::jose::jwk::JwkSet;
use crate::jose::jws::{self, SignatureError};
use crate::secret::AccessToken;
use crate::word::{ClientId, Issuer, Subject};

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
    /// A refusal with a good status. Untrusted text: for logs, never for pages.
    #[error("the userinfo endpoint answered {status} {error:?}{}", .description.as_ref().map(|text| format!(": {text:?}")).unwrap_or_default())]
    Refused {
        /// HTTP status.
        status: u16,
        /// The provider's code.
        error: String,
        /// What the provider adds in words.
        description: Option<String>,
    },
    /// The answer has nothing where the profile should be.
    #[error("the userinfo endpoint answered without anything at {0:?}")]
    Nothing(String),
    /// A signed answer that was not signed by the provider, or not for us.
    #[error("the signed answer of the userinfo endpoint is refused: {0}")]
    Signed(String),
    /// The answer should be a picture.
    #[error("the userinfo endpoint answered with something that is no small picture: {0}")]
    NotAPicture(&'static str),
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

/// What must be true of a signed answer.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The issuer, if it is known.
    pub issuer: Option<&'a Issuer>,
    /// Ourselves.
    pub client_id: &'a ClientId,
    /// Algorithms that the provider advertises.
    pub algorithms: &'a [String],
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// Reads a signed answer (OpenID Connect Core §5.3.2): `iss` and `aud` need not be there, but must not be somebody else's.
///
/// # Errors
/// When the status is not 2xx, or the answer is not signed with one of the keys, or expired, or for somebody else. A
/// [`SignatureError`] comes apart from that, because an unknown key may be a new one.
pub fn parse_jwt(
    status: StatusCode,
    body: &[u8],
    keys: &JwkSet,
    expected: &Expected<'_>,
) -> Result<Result<Map<String, Value>, SignatureError>, UserInfoError> {
    if !status.is_success() {
        return Err(UserInfoError::Status(status.as_u16()));
    }
    let text = std::str::from_utf8(body).map_err(|_| UserInfoError::Signed("it is no text".to_owned()))?;
    let verified = match jws::verify(text.trim(), keys, expected.algorithms) {
        Ok(verified) => verified,
        Err(error) => return Ok(Err(error)),
    };
    let claims: Map<String, Value> = serde_json::from_slice(&verified.payload).map_err(|_| UserInfoError::NotJson)?;
    let signed = |problem: &str| UserInfoError::Signed(problem.to_owned());
    if let (Some(iss), Some(issuer)) = (claims.get("iss"), expected.issuer)
        && iss.as_str() != Some(issuer.as_str())
    {
        return Err(signed("iss is another issuer"));
    }
    let ours = |audience: &Value| audience.as_str() == Some(expected.client_id.as_str());
    match claims.get("aud") {
        None => {}
        Some(Value::Array(list)) if list.iter().any(ours) => {}
        Some(one) if ours(one) => {}
        Some(_) => return Err(signed("aud is not our client id")),
    }
    if claims.contains_key("exp") && claims::expiry(&claims, expected.now).is_err() {
        return Err(signed("it is expired"));
    }
    Ok(Ok(claims))
}

/// The code of a refusal that came with a good status, however the provider writes it.
#[must_use]
pub fn refused(status: StatusCode, error: &Value, description: Option<&Value>) -> UserInfoError {
    let clip = |value: &Value, length| -> String {
        value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().take(length).collect()
    };
    UserInfoError::Refused {
        status: status.as_u16(),
        error: clip(error, 100),
        description: description.filter(|text| !text.is_null()).map(|text| clip(text, 500)),
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
