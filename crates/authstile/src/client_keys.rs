//! Our private keys at a provider: what we sign with, and what of them is published.

use std::sync::Arc;

use authstile_oauth::jose::alg::SignatureAlgorithm;
use authstile_oauth::jose::sign::{SigningKey, SigningKeyError};
use serde_json::{Value, json};

/// Private keys of our application at one provider, in place of a client secret: with them it proves who it is
/// (`private_key_jwt`) and signs its requests. Nobody who reads the provider's database, or a log, can act in its name.
///
/// The public halves are at `<our address>/api/auth/jwks/{provider}`. Give that URL to the provider as the `jwks_uri` of the
/// client; nothing else has to be copied, also not when the keys change.
///
/// **Rotation.** The first key signs, and all are published. So that no request is signed with a key which the provider has
/// not fetched yet:
///
/// 1. *publish*: put the new key behind the one that signs, and deploy;
/// 2. *wait* for as long as the provider keeps key sets; ours says five minutes, some keep them for a day;
/// 3. *sign*: put the new key in front, and deploy;
/// 4. take the old one away when the last request that it signed has been answered, which is a minute later.
///
/// ```
/// # fn pem() -> Result<String, authstile::oauth::jose::sign::SigningKeyError> {
/// #     use base64::Engine as _;
/// #     let key = authstile::oauth::jose::sign::SigningKey::generate()?;
/// #     let der = base64::engine::general_purpose::STANDARD.encode(key.pkcs8());
/// #     Ok(format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----"))
/// # }
/// use authstile::{ClientKeys, Customize as _, Provider};
/// # let (newest_pem, older_pem) = (pem()?, pem()?);
///
/// // openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256
/// let keys = ClientKeys::from_pem(&newest_pem)?.and_from_pem(&older_pem)?;
/// let acme = Provider::oidc("acme", "https://login.acme.example").register_with_keys("client id", keys);
/// # Ok::<(), authstile::oauth::jose::sign::SigningKeyError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClientKeys(Vec<Arc<SigningKey>>);

impl ClientKeys {
    /// One key: PKCS#8 in PEM, RSA (at least 2048 bits), P-256, P-384, P-521 or Ed25519.
    ///
    /// # Errors
    /// When it is no such key; the error says how others are converted.
    pub fn from_pem(pem: &str) -> Result<Self, SigningKeyError> {
        Self::default().and_from_pem(pem)
    }

    /// A further key behind those that are there: published, and used only where a provider takes no algorithm of the ones
    /// before it.
    ///
    /// # Errors
    /// As above.
    pub fn and_from_pem(self, pem: &str) -> Result<Self, SigningKeyError> {
        SigningKey::from_pem(pem).map(|key| self.and(key))
    }

    /// A further key behind those that are there.
    #[must_use]
    pub fn and(mut self, key: SigningKey) -> Self {
        self.0.push(Arc::new(key));
        self
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The public halves as a key set (RFC 7517 §5).
    #[must_use]
    pub fn published(&self) -> Value {
        json!({ "keys": self.0.iter().map(|key| key.published_jwk()).collect::<Vec<_>>() })
    }

    /// The first key that can sign with an algorithm of these, and that algorithm; any algorithm where nothing is
    /// advertised.
    pub(crate) fn choose(&self, advertised: Option<&[String]>) -> Option<(&SigningKey, SignatureAlgorithm)> {
        self.0.iter().find_map(|key| Some((&**key, key.choose(advertised)?)))
    }
}

impl From<SigningKey> for ClientKeys {
    fn from(key: SigningKey) -> Self {
        Self::default().and(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_signs_and_all_are_published_without_their_private_halves() {
        let key = |kid: &str| SigningKey::generate().unwrap().with_kid(kid);
        let keys = ClientKeys::from(key("new")).and(key("old"));
        assert_eq!(keys.choose(None).unwrap().0.kid(), "new");
        assert!(keys.choose(Some(&["RS256".to_owned()])).is_none());
        let published = keys.published();
        let kids: Vec<&str> =
            published["keys"].as_array().unwrap().iter().filter_map(|key| key["kid"].as_str()).collect();
        assert_eq!(kids, ["new", "old"]);
        for key in published["keys"].as_array().unwrap() {
            let members: Vec<&String> = key.as_object().unwrap().keys().collect();
            assert_eq!(members, ["crv", "kty", "x", "y", "kid", "use"]);
        }
    }
}
