//! Token introspection (RFC 7662): asking the provider whether a token is good, where it cannot be read.

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Map, Value};

use crate::claims::{self, clip, from_claim_error, text};
use crate::revocation::TokenTypeHint;
use crate::tenant::Tenants;
use crate::token::Requester;
use crate::word::Issuer;

/// What must be true of an active token, as far as the answer speaks of it.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The issuer that was asked, if it has a name.
    pub issuer: Option<&'a Issuer>,
    /// How `iss` is compared where the provider has tenants; `None`: byte for byte with `issuer`.
    pub tenants: Option<&'a Tenants>,
    /// Names of ours, for one of which the token must be made.
    pub audiences: &'a [&'a str],
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// What the provider says about a token.
#[derive(Debug, Clone, PartialEq)]
pub enum Introspection {
    /// Expired, revoked, unknown, or none of our business: which of them, the provider does not say (RFC 7662 §2.2).
    Inactive,
    /// Good.
    Active(ActiveToken),
}

impl Introspection {
    /// The token, if it is good.
    #[must_use]
    pub fn active(self) -> Option<ActiveToken> {
        match self {
            Self::Active(token) => Some(token),
            Self::Inactive => None,
        }
    }
}

/// A token that is good, and what the provider says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveToken {
    claims: Map<String, Value>,
}

impl ActiveToken {
    /// Whom the token stands for.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// Who asked for the token.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.text("client_id")
    }

    /// What it is good for.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.text("scope").unwrap_or_default().split_ascii_whitespace()
    }

    /// When it expires, in seconds since 1970, if the provider says so.
    #[must_use]
    pub fn expires_at(&self) -> Option<i64> {
        claims::seconds(&self.claims, "exp").ok().flatten()
    }

    /// The thumbprint of the key that the token is bound to (RFC 9449 §6.2): whoever shows it must also show a proof by
    /// that key, which the caller has to check. A token that is bound is none for the scheme `Bearer`.
    #[must_use]
    pub fn key_thumbprint(&self) -> Option<&str> {
        self.claims.get("cnf")?.get("jkt")?.as_str()
    }

    /// A text member.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// All members as they came, also `act`, who acts for the subject (RFC 8693 §4.1).
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}

/// Why the answer of an introspection endpoint is not believed. A token about which there is no good answer is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntrospectionError {
    /// Not a success: usually our own authentication.
    #[error("the introspection endpoint answered {status}{}", .error.as_ref().map(|error| format!(" {error:?}")).unwrap_or_default())]
    Status {
        /// HTTP status.
        status: u16,
        /// The provider's code, if it gives one.
        error: Option<String>,
    },
    /// Not a JSON object.
    #[error("the introspection endpoint answered with something that is no JSON object")]
    NotAnObject,
    /// A member that must be there is not.
    #[error("the introspection answer has no {0:?}")]
    Missing(&'static str),
    /// A member has the wrong JSON type.
    #[error("{name:?} of the introspection answer is not {expected}")]
    WrongType {
        /// The member.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The token was issued by somebody else.
    #[error("iss is {got:?}, expected {expected:?}")]
    Issuer {
        /// The issuer that was asked.
        expected: String,
        /// What the answer says.
        got: String,
    },
    /// The token was made for somebody else.
    #[error("aud is {got:?}, which contains none of {expected:?}")]
    Audience {
        /// Our names.
        expected: Vec<String>,
        /// What the answer says.
        got: Vec<String>,
    },
    /// Active, and past its time.
    #[error("the token is called active, but expired {0} s ago")]
    Expired(i64),
    /// Active, and not begun.
    #[error("the token is called active, but {name} lies {ahead} s in the future")]
    NotYetValid {
        /// `iat` or `nbf`.
        name: &'static str,
        /// Seconds ahead of now.
        ahead: i64,
    },
    /// Something that is shown to no API.
    #[error("the token is of type {0:?}, expected \"Bearer\" or \"DPoP\"")]
    TokenType(String),
}

from_claim_error!(IntrospectionError);

impl Requester<'_> {
    /// Asks about a token (RFC 7662 §2.1), authenticated as at the token endpoint.
    ///
    /// # Errors
    /// When it cannot be written as a request.
    pub fn introspect(&self, token: &str, hint: Option<TokenTypeHint>) -> Result<Request<Bytes>, http::Error> {
        let mut parameters = vec![("token", token)];
        parameters.extend(hint.map(|hint| ("token_type_hint", hint.as_str())));
        self.request(parameters)
    }
}

/// Reads the answer of an introspection endpoint. What it says of `iss`, `aud`, `exp`, `nbf`, `iat` and `token_type` must
/// fit; what it leaves out, the provider has checked (RFC 7662 §4).
///
/// # Errors
/// See [`IntrospectionError`].
pub fn parse(status: StatusCode, body: &[u8], expected: &Expected<'_>) -> Result<Introspection, IntrospectionError> {
    let claims = claims::parse(body).map_err(IntrospectionError::from);
    if status != StatusCode::OK {
        let error = claims.ok().and_then(|claims| claims.get("error").and_then(Value::as_str).map(clip));
        return Err(IntrospectionError::Status { status: status.as_u16(), error });
    }
    let claims = claims?;
    match claims.get("active") {
        Some(Value::Bool(true)) => {}
        Some(Value::Bool(false)) => return Ok(Introspection::Inactive),
        Some(_) => return Err(IntrospectionError::WrongType { name: "active", expected: "true or false" }),
        None => return Err(IntrospectionError::Missing("active")),
    }
    if let Some(got) = text(&claims, "iss")? {
        check_issuer(got, expected)?;
    }
    if claims.get("aud").is_some_and(|aud| !aud.is_null()) {
        let got = claims::audiences(&claims)?;
        if !got.iter().any(|one| expected.audiences.contains(one)) {
            let expected = expected.audiences.iter().map(|&one| one.to_owned()).collect();
            return Err(IntrospectionError::Audience { expected, got: got.into_iter().map(clip).collect() });
        }
    }
    if claims::seconds(&claims, "exp")?.is_some() {
        claims::expiry(&claims, expected.now)?;
    }
    claims::check_begun(&claims, expected.now)?;
    let known = |kind: &&str| ["bearer", "dpop"].iter().any(|known| kind.eq_ignore_ascii_case(known));
    if let Some(other) = text(&claims, "token_type")?.filter(|kind| !known(kind)) {
        return Err(IntrospectionError::TokenType(clip(other)));
    }
    for name in ["sub", "client_id", "username", "scope", "jti"] {
        text(&claims, name)?;
    }
    Ok(Introspection::Active(ActiveToken { claims }))
}

fn check_issuer(got: &str, expected: &Expected<'_>) -> Result<(), IntrospectionError> {
    let Some(issuer) = expected.issuer else { return Ok(()) };
    match expected.tenants {
        Some(tenants) if tenants.fits(got) => Ok(()),
        None if got == issuer.as_str() => Ok(()),
        _ => Err(IntrospectionError::Issuer { expected: issuer.to_string(), got: clip(got) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(status: u16, body: &str) -> Result<Introspection, IntrospectionError> {
        let issuer = Issuer::parse("https://op.example").unwrap();
        let expected = Expected { issuer: Some(&issuer), tenants: None, audiences: &["app", "api"], now: 1_000 };
        parse(StatusCode::from_u16(status).unwrap(), body.as_bytes(), &expected)
    }

    #[test]
    fn an_active_token_says_what_it_is_good_for() {
        let answer = json!({
            "active": true, "iss": "https://op.example", "aud": ["api", "other"], "exp": 2_000, "sub": "ada",
            "scope": "read write", "token_type": "DPoP", "cnf": { "jkt": "thumb" }, "act": { "sub": "agent" },
        });
        let token = read(200, &answer.to_string()).unwrap().active().unwrap();
        assert_eq!(token.scopes().collect::<Vec<_>>(), ["read", "write"]);
        assert_eq!(
            (token.subject(), token.expires_at(), token.key_thumbprint()),
            (Some("ada"), Some(2_000), Some("thumb"))
        );
        assert_eq!(token.claims()["act"], json!({ "sub": "agent" }));
        assert!(read(200, r#"{"active":true}"#).unwrap().active().is_some());
    }

    #[test]
    fn inactive_is_inactive_whatever_else_is_said() {
        assert_eq!(
            read(200, r#"{"active":false,"sub":"ada","iss":"https://evil.example"}"#),
            Ok(Introspection::Inactive)
        );
    }

    #[test]
    fn everything_else_is_an_error_that_names_the_rule() {
        for (status, body, words) in [
            (200, json!({}), "no \"active\""),
            (200, json!({ "active": "true" }), "true or false"),
            (200, json!({ "active": 1 }), "true or false"),
            (200, json!([]), "no JSON object"),
            (401, json!({ "error": "invalid_client" }), "401 \"invalid_client\""),
            (403, json!({ "active": true }), "answered 403"),
            (200, json!({ "active": true, "iss": "https://op.example/" }), "iss is"),
            (200, json!({ "active": true, "aud": "elsewhere" }), "aud is [\"elsewhere\"]"),
            (200, json!({ "active": true, "aud": [] }), "aud is []"),
            (200, json!({ "active": true, "aud": 1 }), "\"aud\""),
            (200, json!({ "active": true, "exp": 900 }), "expired 100 s ago"),
            (200, json!({ "active": true, "exp": "soon" }), "\"exp\""),
            (200, json!({ "active": true, "nbf": 2_000 }), "nbf"),
            (200, json!({ "active": true, "token_type": "mac" }), "\"mac\""),
            (200, json!({ "active": true, "sub": 1 }), "\"sub\""),
        ] {
            let error = read(status, &body.to_string()).unwrap_err().to_string();
            assert!(error.contains(words), "{error} should name {words}");
        }
    }
}
