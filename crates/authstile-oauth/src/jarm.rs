//! Signed authorization responses (JWT Secured Authorization Response Mode for OAuth 2.0, JARM): what the browser carries back
//! is a JWT of the provider's.

use serde_json::{Map, Value};

use crate::claims::{self, clip, from_claim_error, required, text};
use crate::form::Parameters;
use crate::jose::jwk::JwkSet;
use crate::jose::jws::{self, SignatureError};
use crate::word::{ClientId, Issuer};

/// What must be true of a signed authorization response.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The issuer that was asked.
    pub issuer: &'a Issuer,
    /// Ourselves.
    pub client_id: &'a ClientId,
    /// Algorithms that the provider advertises; none of them is symmetric or `none`, see
    /// [`SignatureAlgorithm`](crate::jose::alg::SignatureAlgorithm).
    pub algorithms: &'a [String],
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// Why a signed authorization response is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JarmError {
    /// Signature, algorithm or key.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The payload is no JSON object.
    #[error("the payload is not a JSON object")]
    NotAnObject,
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
    /// The response was issued by somebody else.
    #[error("iss is {got:?}, expected {expected:?}")]
    Issuer {
        /// The issuer that was asked.
        expected: String,
        /// What the response says.
        got: String,
    },
    /// The response was made for somebody else.
    #[error("aud is {got:?}, expected our client id {expected:?} alone")]
    Audience {
        /// Our client id.
        expected: String,
        /// What the response says.
        got: Vec<String>,
    },
    /// The response is past its time.
    #[error("the response expired {0} s ago")]
    Expired(i64),
    /// The response says that it was made, or becomes valid, in the future.
    #[error("{name} lies {ahead} s in the future")]
    NotYetValid {
        /// `iat` or `nbf`.
        name: &'static str,
        /// Seconds ahead of now.
        ahead: i64,
    },
}

from_claim_error!(JarmError);

/// The `state` that an unverified response names: enough to find the sign-in that it may belong to, not to believe it.
#[must_use]
pub fn peek_state(response: &str) -> Option<String> {
    if response.len() > jws::MAX_LENGTH {
        return None;
    }
    jws::peek(response)?.get("state")?.as_str().filter(|state| !state.is_empty()).map(str::to_owned)
}

/// Verifies a signed authorization response (JARM §2.4), and hands out the parameters of the response in it. They are no
/// more believed than those of an unsigned one: [`AuthorizationResponse`](crate::authorize::AuthorizationResponse) compares
/// `state` and `iss`.
///
/// # Errors
/// See [`JarmError`]: the first rule that is broken. An unknown `kid` means that the keys may have been rotated.
pub fn verify(response: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<Parameters, JarmError> {
    let verified = jws::verify(response, keys, expected.algorithms)?;
    let claims = claims::parse(&verified.payload)?;
    let issuer = required("iss", text(&claims, "iss")?)?;
    if issuer != expected.issuer.as_str() {
        return Err(JarmError::Issuer { expected: expected.issuer.to_string(), got: clip(issuer) });
    }
    check_audience(&claims, expected.client_id)?;
    claims::expiry(&claims, expected.now)?;
    claims::check_begun(&claims, expected.now)?;
    for name in ["state", "code", "error", "error_description"] {
        text(&claims, name)?;
    }
    Ok(claims.iter().filter_map(|(name, value)| Some((name.as_str().into(), value.as_str()?.into()))).collect())
}

/// A response is for one client: another beside us has no business with our code.
fn check_audience(claims: &Map<String, Value>, ours: &ClientId) -> Result<(), JarmError> {
    let audiences = claims::audiences(claims)?;
    if !audiences.is_empty() && audiences.iter().all(|audience| *audience == ours.as_str()) {
        return Ok(());
    }
    let got = audiences.into_iter().map(clip).collect();
    Err(JarmError::Audience { expected: ours.to_string(), got })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::alg::SignatureAlgorithm;
    use crate::jose::sign::SigningKey;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    const NOW: i64 = 1_000;

    fn good() -> Value {
        json!({
            "iss": "https://op.example", "aud": "client", "exp": NOW + 60, "iat": NOW, "code": "c", "state": "s",
            "expires_in": 7,
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = good();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        claims
    }

    fn check(token: &str, key: &SigningKey) -> Result<Parameters, JarmError> {
        let keys = JwkSet::parse(json!({ "keys": [key.published_jwk()] }).to_string().as_bytes()).unwrap();
        let (issuer, client_id) = (Issuer::parse("https://op.example").unwrap(), ClientId::parse("client").unwrap());
        let algorithms = ["ES256".to_owned()];
        verify(token, &keys, &Expected { issuer: &issuer, client_id: &client_id, algorithms: &algorithms, now: NOW })
    }

    fn sign(key: &SigningKey, claims: &Value) -> String {
        let header = Map::from_iter([("kid".to_owned(), key.kid().into())]);
        key.sign(SignatureAlgorithm::ES256, header, claims.as_object().unwrap()).unwrap()
    }

    #[test]
    fn a_good_response_gives_its_parameters() {
        let key = SigningKey::generate().unwrap();
        for aud in [json!("client"), json!(["client"])] {
            let token = sign(&key, &with("aud", aud));
            assert_eq!(peek_state(&token).as_deref(), Some("s"));
            let parameters = check(&token, &key).unwrap();
            assert_eq!(parameters.one("code"), Ok(Some("c")));
            assert_eq!(parameters.one("state"), Ok(Some("s")));
            assert_eq!(parameters.one("iss"), Ok(Some("https://op.example")));
            assert_eq!(parameters.one("expires_in"), Ok(None), "only texts are parameters");
        }
    }

    #[test]
    fn each_rule_is_kept_by_itself() {
        let key = SigningKey::generate().unwrap();
        for (name, value, words) in [
            ("iss", json!("https://evil.example"), r#"iss is "https://evil.example""#),
            ("iss", Value::Null, r#""iss" is missing"#),
            ("aud", json!("other"), r#"aud is ["other"]"#),
            ("aud", json!(["client", "other"]), r#"aud is ["client", "other"]"#),
            ("aud", json!([]), "aud is []"),
            ("aud", Value::Null, r#""aud" is missing"#),
            ("exp", json!(NOW - 60), "expired 60 s ago"),
            ("exp", Value::Null, r#""exp" is missing"#),
            ("exp", json!("soon"), "number of seconds"),
            ("nbf", json!(NOW + 61), "nbf lies 61 s"),
            ("iat", json!(NOW + 61), "iat lies 61 s"),
            ("code", json!(7), r#""code" is not a text"#),
            ("state", json!(["s"]), r#""state" is not a text"#),
        ] {
            let error = check(&sign(&key, &with(name, value)), &key).unwrap_err().to_string();
            assert!(error.contains(words), "{error} should say {words}");
        }
    }

    #[test]
    fn no_signature_but_the_provider_s_own_is_good() {
        let (key, other) =
            (SigningKey::generate().unwrap().with_kid("k"), SigningKey::generate().unwrap().with_kid("k"));
        assert_eq!(check(&sign(&other, &good()), &key).unwrap_err(), SignatureError::BadSignature.into());
        let signed = sign(&key, &good());
        let unsigned = |alg: &str, signature: &str| {
            let header = URL_SAFE_NO_PAD.encode(json!({ "alg": alg }).to_string());
            format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(good().to_string()))
        };
        let tag = signed.rsplit_once('.').unwrap().1;
        for (token, words) in [
            (unsigned("none", ""), "never accepted"),
            (unsigned("HS256", tag), "never accepted"),
            (unsigned("RS256", tag), "advertises"),
            (signed.rsplit_once('.').unwrap().0.to_owned(), "has two parts"),
            ("x".to_owned(), "no parts"),
        ] {
            let error = check(&token, &key).unwrap_err().to_string();
            assert!(error.contains(words), "{error} should say {words}");
        }
        assert_eq!(peek_state("x"), None);
        assert_eq!(peek_state(&"x.".repeat(jws::MAX_LENGTH)), None);
    }
}
