//! IdP-initiated login: somebody clicked the application's tile at their identity provider, and Scalekit hands the browser
//! over with a token that says where to sign in.
//!
//! The token signs nobody in. It names a connection, for which an ordinary sign-in is begun with a state of our own; so a
//! token that is replayed, or made for another application of the same environment, chooses a route and nothing else.

use authstile_oauth::jose::jwk::JwkSet;
use authstile_oauth::jose::jws::{self, SignatureError};
use authstile_oauth::word::Issuer;
use serde_json::{Map, Value};

use crate::id::{ConnectionId, InvalidId, OrganizationId};

/// The longest life that such a token may have, in seconds. Scalekit documents 300.
pub const MAX_LIFETIME: i64 = 600;

/// Seconds by which clocks may differ.
const LEEWAY: i64 = 60;

/// The algorithm of every token that Scalekit signs.
const ALGORITHM: &str = "RS256";

/// Claims of ID tokens, access tokens and logout tokens. All kinds share keys and header, and applications can add claims of
/// any other name to access tokens, `connection_id` too; these they cannot take away.
const CLAIMS_OF_OTHER_KINDS: [&str; 12] =
    ["aud", "sub", "jti", "client_id", "at_hash", "scope", "scopes", "azp", "c_hash", "nonce", "amr", "events"];

/// What must be true of a token.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The environment.
    pub issuer: &'a Issuer,
    /// Further issuers, each accepted by name; empty but for environments that are being renamed.
    pub other_issuers: &'a [Issuer],
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// Why a token is refused. The browser is then best sent on to a plain sign-in, and the reason to the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdpInitiatedError {
    /// Signature, algorithm or key.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The header says that it is something else.
    #[error("typ is {0:?}, expected \"JWT\" or none")]
    Type(String),
    /// The payload is no JSON object.
    #[error("the payload is not a JSON object")]
    NotAnObject,
    /// The claims are those of another kind of token.
    #[error("the claim {0:?} is one that only other kinds of token have")]
    OtherKind(&'static str),
    /// A claim that must be there is not.
    #[error("the claim {0:?} is missing")]
    Missing(&'static str),
    /// A claim has the wrong JSON type.
    #[error("the claim {name:?} is not {expected}")]
    WrongType {
        /// The claim.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The token was issued by somebody else.
    #[error("iss is {got:?}, expected one of {expected:?}")]
    Issuer {
        /// The issuers that are accepted.
        expected: Vec<String>,
        /// What the token says.
        got: String,
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
    /// The token lives longer than one that is used at once needs to.
    #[error("the token is valid for {0} s, expected at most {MAX_LIFETIME} s")]
    Lifetime(i64),
    /// A connection or an organization that is none.
    #[error(transparent)]
    Id(#[from] InvalidId),
    /// The token does not say where to sign in.
    #[error("the token names neither a connection_id nor an organization_id")]
    NoSelector,
}

/// **Proof**: Scalekit asks us to begin a sign-in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdpInitiatedLogin {
    connection_id: Option<ConnectionId>,
    organization_id: Option<OrganizationId>,
    login_hint: Option<String>,
    relay_state: Option<String>,
}

impl IdpInitiatedLogin {
    /// The connection to sign in with. This or the organization is there.
    #[must_use]
    pub fn connection_id(&self) -> Option<&ConnectionId> {
        self.connection_id.as_ref()
    }

    /// The organization to sign in to.
    #[must_use]
    pub fn organization_id(&self) -> Option<&OrganizationId> {
        self.organization_id.as_ref()
    }

    /// Who is likely to sign in, usually an e-mail address. Who does is for the sign-in to say.
    #[must_use]
    pub fn login_hint(&self) -> Option<&str> {
        self.login_hint.as_deref()
    }

    /// Where the identity provider wants the user to end up: **chosen by whoever set it up**. Never a `state`; a destination
    /// only if it passes the checks of every other one.
    #[must_use]
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }
}

/// Verifies the `idp_initiated_login` parameter.
///
/// # Errors
/// See [`IdpInitiatedError`]: the first rule that is broken. An unknown `kid` means that the keys may have been rotated.
pub fn verify(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<IdpInitiatedLogin, IdpInitiatedError> {
    let verified = jws::verify(token, keys, &[ALGORITHM.to_owned()])?;
    if !verified.is_typed(&["JWT"]) {
        return Err(IdpInitiatedError::Type(clip(&verified.typ.unwrap_or_default())));
    }
    let claims: Map<String, Value> =
        serde_json::from_slice(&verified.payload).map_err(|_| IdpInitiatedError::NotAnObject)?;
    if let Some(name) = CLAIMS_OF_OTHER_KINDS.into_iter().find(|name| claims.contains_key(*name)) {
        return Err(IdpInitiatedError::OtherKind(name));
    }
    check_issuer(&claims, expected)?;
    check_time(&claims, expected.now)?;
    let connection_id = text(&claims, "connection_id")?.map(ConnectionId::parse).transpose()?;
    let organization_id = text(&claims, "organization_id")?.map(OrganizationId::parse).transpose()?;
    if connection_id.is_none() && organization_id.is_none() {
        return Err(IdpInitiatedError::NoSelector);
    }
    let optional = |name| Ok::<_, IdpInitiatedError>(text(&claims, name)?.filter(|text| !text.is_empty()));
    Ok(IdpInitiatedLogin {
        connection_id,
        organization_id,
        login_hint: optional("login_hint")?.map(str::to_owned),
        relay_state: optional("relay_state")?.map(str::to_owned),
    })
}

fn check_issuer(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdpInitiatedError> {
    let got = text(claims, "iss")?.ok_or(IdpInitiatedError::Missing("iss"))?;
    let accepted = || std::iter::once(expected.issuer).chain(expected.other_issuers);
    if accepted().any(|issuer| issuer.as_str() == got) {
        return Ok(());
    }
    Err(IdpInitiatedError::Issuer { expected: accepted().map(Issuer::to_string).collect(), got: clip(got) })
}

fn check_time(claims: &Map<String, Value>, now: i64) -> Result<(), IdpInitiatedError> {
    let expires = seconds(claims, "exp")?;
    let (issued, not_before) = (seconds(claims, "iat")?, seconds(claims, "nbf")?);
    if expires.saturating_add(LEEWAY) <= now {
        return Err(IdpInitiatedError::Expired(now.saturating_sub(expires)));
    }
    for (name, at) in [("iat", issued), ("nbf", not_before)] {
        let ahead = at.saturating_sub(now);
        if ahead > LEEWAY {
            return Err(IdpInitiatedError::NotYetValid { name, ahead });
        }
    }
    let lifetime = expires.saturating_sub(issued);
    if lifetime > MAX_LIFETIME {
        return Err(IdpInitiatedError::Lifetime(lifetime));
    }
    Ok(())
}

fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, IdpInitiatedError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(IdpInitiatedError::WrongType { name, expected: "a text" }),
    }
}

fn seconds(claims: &Map<String, Value>, name: &'static str) -> Result<i64, IdpInitiatedError> {
    let value = claims.get(name).ok_or(IdpInitiatedError::Missing(name))?;
    value.as_i64().ok_or(IdpInitiatedError::WrongType { name, expected: "a whole number of seconds" })
}

fn clip(text: &str) -> String {
    text.chars().take(200).collect()
}
