//! ID tokens: from three parts of base64url to claims that were verified (OpenID Connect Core §3.1.3.7).

use aws_lc_rs::digest::{Algorithm, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use crate::claims::{self, clip, from_claim_error, required, seconds, text};
use crate::jose::jwk::JwkSet;
use crate::jose::jws::{self, SignatureError};
use crate::secret::{AccessToken, ClientSecret, RawIdToken};
use crate::tenant::Tenants;
use crate::word::{ClientId, Issuer, Nonce, Subject};

/// Seconds by which clocks may differ.
pub const LEEWAY: i64 = claims::LEEWAY;

/// What must be true of an ID token.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The issuer that was asked.
    pub issuer: &'a Issuer,
    /// Ourselves: the token must be made for us.
    pub client_id: &'a ClientId,
    /// How `iss` is compared where the provider has tenants; `None`: byte for byte with `issuer`.
    pub tenants: Option<&'a Tenants>,
    /// Whether `aud` may name nobody beside us (FAPI 2.0). Otherwise others may stand there if `azp` says that the token was
    /// issued to us: then the provider vouches for them.
    pub sole_audience: bool,
    /// The nonce of this sign-in; `None` where none was sent.
    pub nonce: Option<&'a Nonce>,
    /// The access token that came with it, which `at_hash` binds.
    pub access_token: Option<&'a AccessToken>,
    /// The authorization code, which `c_hash` binds when present.
    pub code: Option<&'a str>,
    /// Seconds that the sign-in at the provider may lie back, where `max_age` was asked; then `auth_time` must be there
    /// (OpenID Connect Core §3.1.2.1, §3.1.3.7).
    pub max_age: Option<i64>,
    /// Algorithms that the provider advertises.
    pub algorithms: &'a [String],
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// Why an ID token is refused: each variant names the rule that the provider broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdTokenError {
    /// Signature, algorithm or key.
    #[error(transparent)]
    Signature(#[from] SignatureError),
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
        /// The issuer that was asked.
        expected: String,
        /// What the token says.
        got: String,
    },
    /// Tenants share a discovery document, and the token does not say which of them issued it.
    #[error("tid is {got:?}, which is no id of a tenant")]
    TenantMissing {
        /// What the token says.
        got: Option<String>,
    },
    /// The token was issued by a tenant that may not sign in here.
    #[error("tenant {got:?} is none of those that may sign in")]
    TenantNotAllowed {
        /// The tenant.
        got: String,
    },
    /// The key is one that signs other issuers' tokens.
    #[error("the key signs tokens of {key:?}, but iss is {iss:?}")]
    KeyIssuer {
        /// What the key set says.
        key: String,
        /// What the token says.
        iss: String,
    },
    /// The token was made for somebody else.
    #[error("aud is {got:?}, which does not contain our client id {expected:?}")]
    Audience {
        /// Our client id.
        expected: String,
        /// What the token says.
        got: Vec<String>,
    },
    /// The token was made for others too, of whom we know nothing.
    #[error("aud is {got:?}, expected our client id {expected:?} alone")]
    OtherAudiences {
        /// Our client id.
        expected: String,
        /// What the token says.
        got: Vec<String>,
    },
    /// The authorized party is missing although there are several audiences, or is somebody else.
    #[error("azp is {got:?}, expected {expected:?}")]
    AuthorizedParty {
        /// Our client id.
        expected: String,
        /// What the token says.
        got: Option<String>,
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
    /// Who was to sign in anew did not: the provider went on with an older sign-in than `max_age` allows.
    #[error("auth_time lies {ago} s back, and at most {max_age} s are allowed")]
    TooLongAgo {
        /// Seconds since the sign-in at the provider.
        ago: i64,
        /// Seconds that were allowed.
        max_age: i64,
    },
    /// The nonce is another one: the token belongs to another sign-in.
    #[error("nonce does not belong to this sign-in")]
    Nonce,
    /// `at_hash` or `c_hash` belongs to another access token or code.
    #[error("{0} does not belong to the token or code that came with it")]
    Hash(&'static str),
}

from_claim_error!(IdTokenError);

/// **Proof**: claims of an ID token that was verified in full.
#[derive(Debug, Clone)]
pub struct IdToken {
    claims: Map<String, Value>,
    subject: Subject,
}

impl IdToken {
    /// The end user's identifier, never empty.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The issuer: which tenant's, where a provider has them.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.text("iss").unwrap_or_default()
    }

    /// All claims, as they came.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// A text claim.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// The claims as a type of the caller's.
    ///
    /// # Errors
    /// When they do not fit.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(Value::Object(self.claims.clone()))
    }

    /// The claims, given away.
    #[must_use]
    pub fn into_claims(self) -> Map<String, Value> {
        self.claims
    }
}

/// Verifies an ID token, in the order of OpenID Connect Core §3.1.3.7: cheap and cryptographic checks first, then whose
/// it is, for whom, when, and for which sign-in.
///
/// # Errors
/// See [`IdTokenError`]: the first rule that is broken.
pub fn verify(token: &RawIdToken, keys: &JwkSet, expected: &Expected<'_>) -> Result<IdToken, IdTokenError> {
    let verified = jws::verify(token.expose(), keys, expected.algorithms)?;
    let id_token = check(&verified.payload, verified.algorithm.token_hash(), expected)?;
    if let Some(tenants) = expected.tenants {
        tenants.check_key(&id_token, &verified.key_issuers)?;
    }
    Ok(id_token)
}

/// The same for a provider that signs with HS256 and the client secret (OpenID Connect Core §10.1). Only for those that are
/// known to: `expected.algorithms` has no say in it, and neither has the token.
///
/// # Errors
/// See [`IdTokenError`].
pub fn verify_with_secret(
    token: &RawIdToken,
    secret: &ClientSecret,
    expected: &Expected<'_>,
) -> Result<IdToken, IdTokenError> {
    check(&jws::verify_with_secret(token.expose(), secret)?, &SHA256, expected)
}

fn check(payload: &[u8], hash: &'static Algorithm, expected: &Expected<'_>) -> Result<IdToken, IdTokenError> {
    let claims = claims::parse(payload)?;
    let subject = text(&claims, "sub")?.and_then(|sub| Subject::parse(sub).ok());
    check_issuer(&claims, expected)?;
    check_audience(&claims, expected)?;
    check_time(&claims, expected.now)?;
    let subject = match (subject, claims.contains_key("sub")) {
        (Some(subject), _) => subject,
        (None, true) => return Err(IdTokenError::WrongType { name: "sub", expected: "a non-empty text" }),
        (None, false) => return Err(IdTokenError::Missing("sub")),
    };
    if let Some(expected) = expected.nonce
        && !expected.matches(required("nonce", text(&claims, "nonce")?)?)
    {
        return Err(IdTokenError::Nonce);
    }
    check_auth_time(&claims, expected)?;
    check_hash(&claims, "at_hash", expected.access_token.map(AccessToken::expose), hash)?;
    check_hash(&claims, "c_hash", expected.code, hash)?;
    check_known_types(&claims)?;
    Ok(IdToken { claims, subject })
}

fn check_issuer(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let issuer = required("iss", text(claims, "iss")?)?;
    if let Some(tenants) = expected.tenants {
        return tenants.check(issuer, text(claims, "tid")?);
    }
    if issuer != expected.issuer.as_str() {
        return Err(IdTokenError::Issuer { expected: expected.issuer.to_string(), got: clip(issuer) });
    }
    Ok(())
}

fn check_audience(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let audiences = claims::audiences(claims)?;
    let ours = expected.client_id.as_str();
    let clipped = |audiences: &[&str]| audiences.iter().copied().map(clip).collect();
    if !audiences.contains(&ours) {
        return Err(IdTokenError::Audience { expected: ours.to_owned(), got: clipped(&audiences) });
    }
    // Rule 3: no audience that is not trusted.
    if expected.sole_audience && audiences.iter().any(|audience| *audience != ours) {
        return Err(IdTokenError::OtherAudiences { expected: ours.to_owned(), got: clipped(&audiences) });
    }
    let party = text(claims, "azp")?;
    let several = audiences.len() > 1;
    if party.map_or(several, |party| party != ours) {
        return Err(IdTokenError::AuthorizedParty { expected: ours.to_owned(), got: party.map(clip) });
    }
    Ok(())
}

fn check_time(claims: &Map<String, Value>, now: i64) -> Result<(), IdTokenError> {
    claims::expiry(claims, now)?;
    required("iat", seconds(claims, "iat")?)?;
    Ok(claims::check_begun(claims, now)?)
}

/// OpenID Connect Core §3.1.3.7, rule 13. Without `max_age` it is only a piece of information.
fn check_auth_time(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let Some(max_age) = expected.max_age else { return Ok(()) };
    let ago = expected.now.saturating_sub(required("auth_time", seconds(claims, "auth_time")?)?);
    if ago > max_age.saturating_add(LEEWAY) {
        return Err(IdTokenError::TooLongAgo { ago, max_age });
    }
    if ago < -LEEWAY {
        return Err(IdTokenError::NotYetValid { name: "auth_time", ahead: -ago });
    }
    Ok(())
}

/// OpenID Connect Core §3.1.3.6: the left half of the hash of the token or code, in base64url.
fn check_hash(
    claims: &Map<String, Value>,
    name: &'static str,
    of: Option<&str>,
    algorithm: &'static Algorithm,
) -> Result<(), IdTokenError> {
    let Some(stated) = text(claims, name)? else { return Ok(()) };
    let Some(of) = of else { return Ok(()) };
    let hash = digest(algorithm, of.as_bytes());
    let (half, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    let computed = URL_SAFE_NO_PAD.encode(half);
    if bool::from(computed.as_bytes().ct_eq(stated.trim_end_matches('=').as_bytes())) {
        Ok(())
    } else {
        Err(IdTokenError::Hash(name))
    }
}

/// Claims that identify people are texts and nothing else; one that is not would be read differently by everyone.
fn check_known_types(claims: &Map<String, Value>) -> Result<(), IdTokenError> {
    for name in ["email", "name", "given_name", "family_name", "preferred_username", "picture", "sid", "acr"] {
        text(claims, name)?;
    }
    seconds(claims, "auth_time")?;
    match claims.get("email_verified") {
        None | Some(Value::Null | Value::Bool(_)) => {}
        // Some providers write the boolean as text; it is read as such, never as true by being there.
        Some(Value::String(text)) if text == "true" || text == "false" => {}
        Some(_) => return Err(IdTokenError::WrongType { name: "email_verified", expected: "true or false" }),
    }
    match claims.get("amr") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => Ok(()),
        Some(_) => Err(IdTokenError::WrongType { name: "amr", expected: "a list of texts" }),
    }
}
