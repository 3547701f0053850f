//! Access tokens that are JWTs (RFC 9068): for whoever protects an API and is shown one, by a user's program, by a machine
//! or by an agent.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::claims::{self, clip, from_claim_error, required, text, word};
use crate::jose::jwk::JwkSet;
use crate::jose::jws::{self, SignatureError};
use crate::secret::AccessToken;
use crate::word::{ClientId, Issuer, Subject};

/// What must be true of an access token. An empty list of issuers or audiences is met by no token: there is no "any".
#[derive(Debug)]
pub struct Expected<'a> {
    /// Who may have issued it. Several only where a server is known by several names, such as while its domain moves.
    pub issuers: &'a [Issuer],
    /// Names of this API, of which the token must be made for one.
    pub audiences: &'a [String],
    /// What the caller must be allowed to do: all of it.
    pub scopes: &'a [&'a str],
    /// Algorithms that the issuer advertises.
    pub algorithms: &'a [String],
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// Why an access token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessTokenError {
    /// Signature, algorithm or key.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The header says that it is something else.
    #[error("typ is {0:?}, expected \"at+jwt\", \"JWT\" or none")]
    Type(String),
    /// The payload is no JSON object.
    #[error("the payload is not a JSON object")]
    NotAnObject,
    /// The claims are those of something else that the same key signed.
    #[error("the claim {claim:?} makes it {kind}, not an access token")]
    OtherKind {
        /// What it is.
        kind: &'static str,
        /// What gives it away.
        claim: &'static str,
    },
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
    #[error("iss is {got:?}, expected one of {expected:?}")]
    Issuer {
        /// The issuers that are accepted.
        expected: Vec<String>,
        /// What the token says.
        got: String,
    },
    /// The token was made for another API.
    #[error("aud is {got:?}, which contains none of {expected:?}")]
    Audience {
        /// The names of this API.
        expected: Vec<String>,
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
    /// It is good only together with proof of a key (RFC 7800 §3.1), which nothing here checks: whoever stole it must not get
    /// in with it alone (RFC 9449 §7.1, RFC 8705 §3).
    #[error("the claim \"cnf\" binds the token to a key: it is no bearer token")]
    Bound,
    /// It stands for nobody: neither a user nor a client.
    #[error("the token names neither a sub nor a client_id")]
    Nobody,
    /// The token is good, but not for this.
    #[error("the scopes {missing:?} are missing; the token has {got:?}")]
    Scope {
        /// What it lacks.
        missing: Vec<String>,
        /// What it has.
        got: Vec<String>,
    },
}

from_claim_error!(AccessTokenError);

impl AccessTokenError {
    /// The `error` of the `WWW-Authenticate` header that refuses it (RFC 6750 §3.1): `insufficient_scope`, which goes with
    /// 403, or `invalid_token`, which goes with 401.
    #[must_use]
    pub fn bearer_error(&self) -> &'static str {
        if matches!(self, Self::Scope { .. }) { "insufficient_scope" } else { "invalid_token" }
    }
}

/// **Proof**: an access token for this API, verified in full.
#[derive(Debug, Clone)]
pub struct VerifiedAccessToken {
    claims: Map<String, Value>,
    issuer: Issuer,
    subject: Option<Subject>,
    client_id: Option<ClientId>,
    scopes: Vec<String>,
    expires_at: i64,
}

impl VerifiedAccessToken {
    /// Which of the accepted issuers made it.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Whom it stands for: a user, or the client itself where a machine calls for itself (RFC 9068 §2.2).
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }

    /// Which application it was given to.
    #[must_use]
    pub fn client_id(&self) -> Option<&ClientId> {
        self.client_id.as_ref()
    }

    /// What it is good for, in the order in which the token says it.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Whether it is good for this.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }

    /// When it ends, in seconds since 1970.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// All claims, as they came.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// A text claim, such as the organization that a provider puts in one of its own.
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
}

/// Verifies a bearer token (RFC 9068 §4): what it is, whose, for whom, when, and what for.
///
/// Providers whose tokens all share keys and a header of `typ: JWT` make ID tokens that would pass as access tokens; those
/// are told apart by their claims and refused.
///
/// # Errors
/// See [`AccessTokenError`]: the first rule that is broken. An unknown `kid` means that the keys may have been rotated.
pub fn verify(
    token: &AccessToken,
    keys: &JwkSet,
    expected: &Expected<'_>,
) -> Result<VerifiedAccessToken, AccessTokenError> {
    let verified = jws::verify(token.expose(), keys, expected.algorithms)?;
    if !verified.is_typed(&["at+jwt", "JWT"]) {
        return Err(AccessTokenError::Type(clip(&verified.typ.unwrap_or_default())));
    }
    let claims = claims::parse(&verified.payload)?;
    refuse_other_kinds(&claims)?;
    if claims.get("cnf").is_some_and(|binding| !binding.is_null()) {
        return Err(AccessTokenError::Bound);
    }
    let issuer = find_issuer(&claims, expected.issuers)?.clone();
    check_audience(&claims, expected.audiences)?;
    let expires_at = claims::expiry(&claims, expected.now)?;
    claims::check_begun(&claims, expected.now)?;
    let wrong = |name| move |_| AccessTokenError::WrongType { name, expected: "a text without control characters" };
    let subject = word(&claims, "sub")?.map(Subject::parse).transpose().map_err(wrong("sub"))?;
    let client_id = word(&claims, "client_id")?.map(ClientId::parse).transpose().map_err(wrong("client_id"))?;
    if subject.is_none() && client_id.is_none() {
        return Err(AccessTokenError::Nobody);
    }
    let scopes = read_scopes(&claims)?;
    check_scopes(&scopes, expected.scopes)?;
    Ok(VerifiedAccessToken { claims, issuer, subject, client_id, scopes, expires_at })
}

/// What an ID token has and an access token has not (OpenID Connect Core §2, §3.1.3.6; the claims `typ` and `token_use`
/// are those of Keycloak and Cognito).
fn refuse_other_kinds(claims: &Map<String, Value>) -> Result<(), AccessTokenError> {
    let refuse = |kind, claim| Err(AccessTokenError::OtherKind { kind, claim });
    for claim in ["nonce", "at_hash", "c_hash", "s_hash"] {
        if claims.contains_key(claim) {
            return refuse("an ID token", claim);
        }
    }
    if claims.contains_key("events") {
        return refuse("a security event, such as a logout token", "events");
    }
    for (claim, own_name) in [("typ", "ID"), ("token_use", "id")] {
        if claims.get(claim).and_then(Value::as_str) == Some(own_name) {
            return refuse("an ID token", claim);
        }
    }
    // RFC 9068 §2.2 requires a jti; who has none and says how and as whom somebody signed in is an ID token.
    if !claims.contains_key("jti") && claims.contains_key("email") && claims.contains_key("amr") {
        return refuse("an ID token", "amr");
    }
    Ok(())
}

fn find_issuer<'a>(claims: &Map<String, Value>, accepted: &'a [Issuer]) -> Result<&'a Issuer, AccessTokenError> {
    let issuer = required("iss", text(claims, "iss")?)?;
    accepted.iter().find(|accepted| accepted.as_str() == issuer).ok_or_else(|| AccessTokenError::Issuer {
        expected: accepted.iter().map(Issuer::to_string).collect(),
        got: clip(issuer),
    })
}

fn check_audience(claims: &Map<String, Value>, accepted: &[String]) -> Result<(), AccessTokenError> {
    let audiences = claims::audiences(claims)?;
    if accepted.iter().any(|accepted| audiences.contains(&accepted.as_str())) {
        return Ok(());
    }
    let got = audiences.into_iter().map(clip).collect();
    Err(AccessTokenError::Audience { expected: accepted.to_vec(), got })
}

/// The scopes of `scope` and `scopes`, each a text with spaces (RFC 8693 §4.2) or a list: servers use all four.
fn read_scopes(claims: &Map<String, Value>) -> Result<Vec<String>, AccessTokenError> {
    let mut scopes: Vec<String> = Vec::new();
    for name in ["scope", "scopes"] {
        let wrong = AccessTokenError::WrongType { name, expected: "a text or a list of texts" };
        let found: Vec<&str> = match claims.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => text.split_ascii_whitespace().collect(),
            Some(Value::Array(list)) => {
                list.iter().map(|value| value.as_str().ok_or(wrong.clone())).collect::<Result<_, _>>()?
            }
            Some(_) => return Err(wrong),
        };
        for scope in found {
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
    }
    Ok(scopes)
}

fn check_scopes(scopes: &[String], expected: &[&str]) -> Result<(), AccessTokenError> {
    let lacks = |scope: &&&str| !scopes.iter().any(|own| own == **scope);
    let missing: Vec<String> = expected.iter().filter(lacks).map(|scope| (*scope).to_owned()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(AccessTokenError::Scope { missing, got: scopes.iter().map(|scope| clip(scope)).collect() })
}
