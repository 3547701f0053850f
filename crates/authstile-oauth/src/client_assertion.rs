//! Client assertions: a signed statement of who we are, in place of a password (RFC 7523 §2.2, §3, OpenID Connect Core §9).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::jose::alg::SignatureAlgorithm;
use crate::jose::sign::{SigningKey, SigningKeyError};
use crate::secret::{ClientAssertion, ClientSecret};
use crate::word::ClientId;

/// `client_assertion_type` of a JWT (RFC 7523 §2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Seconds that an assertion is good: it is made for one request, which is sent at once.
pub const LIFETIME: i64 = 60;

/// Bytes that a secret must have to sign with HS256 (RFC 7518 §3.2).
pub const MIN_SECRET: usize = 32;

/// What one assertion says. Each request gets one of its own: a provider refuses a `jti` that it has seen.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// Who we are: `iss` and `sub`.
    pub client_id: &'a ClientId,
    /// Whom it is for: the issuer of the provider (FAPI 2.0 Security Profile §5.3.3), which no other server can pass
    /// on as its own; older providers want the address of the token endpoint.
    pub audience: &'a str,
    /// `jti`: unique among all that we ever make.
    pub id: &'a str,
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// The secret is no key for HS256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "client_secret_jwt needs a client secret of at least {MIN_SECRET} bytes (RFC 7518 section 3.2), and this one has {0}: choose client_secret_basic, or let the provider issue a longer one"
)]
pub struct ShortSecret(pub usize);

impl Assertion<'_> {
    /// For `private_key_jwt`: signed with a key of ours, whose public half the provider knows.
    ///
    /// # Errors
    /// When the key cannot sign with that algorithm.
    pub fn sign(&self, key: &SigningKey, algorithm: SignatureAlgorithm) -> Result<ClientAssertion, SigningKeyError> {
        let header = [("typ".to_owned(), "JWT".into()), ("kid".to_owned(), key.kid().into())];
        key.sign(algorithm, Map::from_iter(header), &self.claims()).map(ClientAssertion::new)
    }

    /// For `client_secret_jwt`: signed with the client secret and HS256.
    ///
    /// # Errors
    /// When the secret is too short for that.
    pub fn sign_with_secret(&self, secret: &ClientSecret) -> Result<ClientAssertion, ShortSecret> {
        let secret = secret.expose().as_bytes();
        if secret.len() < MIN_SECRET {
            return Err(ShortSecret(secret.len()));
        }
        let part = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let header = part(json!({ "typ": "JWT", "alg": "HS256" }));
        let content = format!("{header}.{}", part(Value::Object(self.claims())));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), content.as_bytes());
        Ok(ClientAssertion::new(format!("{content}.{}", URL_SAFE_NO_PAD.encode(tag))))
    }

    /// OpenID Connect Core §9. No `nbf`: it adds nothing but trouble with clocks that differ.
    fn claims(&self) -> Map<String, Value> {
        Map::from_iter([
            ("iss".to_owned(), self.client_id.as_str().into()),
            ("sub".to_owned(), self.client_id.as_str().into()),
            ("aud".to_owned(), self.audience.into()),
            ("jti".to_owned(), self.id.into()),
            ("iat".to_owned(), self.now.into()),
            ("exp".to_owned(), self.now.saturating_add(LIFETIME).into()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::jwk::JwkSet;
    use crate::jose::jws;

    fn expected() -> Value {
        json!({
            "iss": "client", "sub": "client", "aud": "https://op.example", "jti": "once", "iat": 1_000, "exp": 1_060,
        })
    }

    fn with<T>(make: impl FnOnce(Assertion<'_>) -> T) -> T {
        let client_id = ClientId::parse("client").unwrap();
        make(Assertion { client_id: &client_id, audience: "https://op.example", id: "once", now: 1_000 })
    }

    fn header(assertion: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(assertion.split('.').next().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn a_key_signs_exactly_the_claims_of_the_standard() {
        let key = SigningKey::generate().unwrap().with_kid("k1");
        let assertion = with(|assertion| assertion.sign(&key, SignatureAlgorithm::ES256)).unwrap();
        assert_eq!(header(assertion.expose()), json!({ "typ": "JWT", "kid": "k1", "alg": "ES256" }));
        let keys = JwkSet::parse(json!({ "keys": [key.published_jwk()] }).to_string().as_bytes()).unwrap();
        let verified = jws::verify(assertion.expose(), &keys, &["ES256".to_owned()]).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&verified.payload).unwrap(), expected());
        with(|assertion| assertion.sign(&key, SignatureAlgorithm::RS256)).unwrap_err();
    }

    #[test]
    fn a_secret_signs_with_hs256_if_it_is_long_enough() {
        let secret = ClientSecret::new("x".repeat(MIN_SECRET));
        let assertion = with(|assertion| assertion.sign_with_secret(&secret)).unwrap();
        assert_eq!(header(assertion.expose()), json!({ "typ": "JWT", "alg": "HS256" }));
        let payload = jws::verify_with_secret(assertion.expose(), &secret).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&payload).unwrap(), expected());
        let short = ClientSecret::new("x".repeat(MIN_SECRET - 1));
        assert_eq!(with(|assertion| assertion.sign_with_secret(&short)).unwrap_err(), ShortSecret(31));
    }
}
