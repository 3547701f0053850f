//! Logout tokens: how a provider tells us, server to server, that somebody's session there has ended (OpenID Connect
//! Back-Channel Logout 1.0).

use serde_json::{Map, Value};

use crate::claims::{self, clip, from_claim_error, required, seconds, text, word};
use crate::jose::jwk::JwkSet;
use crate::jose::jws::{self, SignatureError};
use crate::word::{ClientId, Issuer, Subject};

/// The member of `events` that makes a token a logout token (Back-Channel Logout §2.4).
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What must be true of a logout token.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The provider.
    pub issuer: &'a Issuer,
    /// Ourselves.
    pub client_id: &'a ClientId,
    /// Algorithms that the provider advertises.
    pub algorithms: &'a [String],
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// Why a logout token is refused. The answer to all of them is 400 (Back-Channel Logout §2.8).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogoutTokenError {
    /// Signature, algorithm or key.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The header says that it is something else.
    #[error("typ is {0:?}, expected \"logout+jwt\", \"JWT\" or none")]
    Type(String),
    /// The payload is no JSON object.
    #[error("the payload is not a JSON object")]
    NotAnObject,
    /// A claim that must be there is not.
    #[error("the claim {0:?} is missing")]
    Missing(&'static str),
    /// A claim has the wrong JSON type, or is empty.
    #[error("the claim {name:?} is not {expected}")]
    WrongType {
        /// The claim.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The token was issued by somebody else.
    #[error("iss is {got:?}, expected {expected:?}")]
    Issuer {
        /// The provider.
        expected: String,
        /// What the token says.
        got: String,
    },
    /// The token was made for somebody else.
    #[error("aud is {got:?}, which does not contain our client id {expected:?}")]
    Audience {
        /// Our client id.
        expected: String,
        /// What the token says.
        got: Vec<String>,
    },
    /// The token is past its time.
    #[error("the token expired {0} s ago")]
    Expired(i64),
    /// The token says that it was made, or becomes valid, in the future.
    #[error("{name} lies {ahead} s in the future")]
    NotYetValid {
        /// `iat` or `nbf`.
        name: &'static str,
        /// Seconds ahead of now.
        ahead: i64,
    },
    /// A nonce is what an ID token has: this may be one that is passed off.
    #[error("the claim \"nonce\" must not be in a logout token")]
    Nonce,
    /// `events` tells of something else.
    #[error("events has no member {LOGOUT_EVENT:?} that is an object")]
    NoLogoutEvent,
    /// Nobody is logged out.
    #[error("the token names neither a sid nor a sub")]
    Nobody,
}

from_claim_error!(LogoutTokenError);

/// **Proof**: the provider says that a session of its own has ended.
///
/// The same token may arrive again. Remember [`jti`](Self::jti) until [`expires_at`](Self::expires_at), plus a minute for
/// clocks, and act only once: otherwise a token that somebody kept ends sessions that were begun since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLogoutToken {
    jti: String,
    subject: Option<Subject>,
    session_id: Option<String>,
    expires_at: i64,
}

impl VerifiedLogoutToken {
    /// The token's own id, unique at its issuer.
    #[must_use]
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// Whose session it is. Without a session id: all of that subject's sessions.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }

    /// Which session of the provider's has ended: `sid`, as in the ID token. With one, only sessions that came of it end.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// When the token ends, in seconds since 1970.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }
}

/// Verifies a logout token (Back-Channel Logout §2.6): what it is, whose, for whom, when, and whom it is about.
///
/// # Errors
/// See [`LogoutTokenError`]: the first rule that is broken. An unknown `kid` means that the keys may have been rotated.
pub fn verify(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<VerifiedLogoutToken, LogoutTokenError> {
    let verified = jws::verify(token, keys, expected.algorithms)?;
    if !verified.is_typed(&["logout+jwt", "JWT"]) {
        return Err(LogoutTokenError::Type(clip(&verified.typ.unwrap_or_default())));
    }
    let claims = claims::parse(&verified.payload)?;
    check_kind(&claims)?;
    check_issuer(&claims, expected.issuer)?;
    check_audience(&claims, expected.client_id)?;
    let expires_at = claims::expiry(&claims, expected.now)?;
    required("iat", seconds(&claims, "iat")?)?;
    claims::check_begun(&claims, expected.now)?;
    let jti = required("jti", word(&claims, "jti")?)?.to_owned();
    let subject = word(&claims, "sub")?
        .map(Subject::parse)
        .transpose()
        .map_err(|_| LogoutTokenError::WrongType { name: "sub", expected: "a text without control characters" })?;
    let session_id = word(&claims, "sid")?.map(str::to_owned);
    if subject.is_none() && session_id.is_none() {
        return Err(LogoutTokenError::Nobody);
    }
    Ok(VerifiedLogoutToken { jti, subject, session_id, expires_at })
}

/// A logout token has `events` with the one member, and no `nonce`, so that neither it nor an ID token passes as the other
/// (Back-Channel Logout §2.4).
fn check_kind(claims: &Map<String, Value>) -> Result<(), LogoutTokenError> {
    if claims.contains_key("nonce") {
        return Err(LogoutTokenError::Nonce);
    }
    match claims.get("events") {
        None => Err(LogoutTokenError::Missing("events")),
        Some(Value::Object(events)) if events.get(LOGOUT_EVENT).is_some_and(Value::is_object) => Ok(()),
        Some(Value::Object(_)) => Err(LogoutTokenError::NoLogoutEvent),
        Some(_) => Err(LogoutTokenError::WrongType { name: "events", expected: "an object" }),
    }
}

fn check_issuer(claims: &Map<String, Value>, expected: &Issuer) -> Result<(), LogoutTokenError> {
    let issuer = required("iss", text(claims, "iss")?)?;
    if issuer != expected.as_str() {
        return Err(LogoutTokenError::Issuer { expected: expected.to_string(), got: clip(issuer) });
    }
    Ok(())
}

fn check_audience(claims: &Map<String, Value>, ours: &ClientId) -> Result<(), LogoutTokenError> {
    let audiences = claims::audiences(claims)?;
    if audiences.contains(&ours.as_str()) {
        return Ok(());
    }
    let got = audiences.into_iter().map(clip).collect();
    Err(LogoutTokenError::Audience { expected: ours.to_string(), got })
}
