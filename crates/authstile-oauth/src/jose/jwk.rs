//! The provider's public keys (RFC 7517).

use crate::json_problem;
use std::fmt;

use aws_lc_rs::signature::{ED25519, RsaPublicKeyComponents, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::alg::{KeyKind, SignatureAlgorithm};

/// Keys of a set. A token without `kid` is tried with every key of its kind, so there must not be any number of them.
pub const MAX_KEYS: usize = 100;

/// A set of keys, without those that cannot verify a signature.
#[derive(Debug, Clone, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

/// One public key.
#[derive(Clone)]
pub struct Jwk {
    kid: Option<String>,
    alg: Option<String>,
    issuer: Option<String>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { curve: String, point: Vec<u8> },
    Ed25519(Vec<u8>),
}

/// Why a key set or the choice of a key in it is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The body is no JSON Web Key Set.
    #[error("the key set is not usable JSON: {0}")]
    NotJson(String),
    /// The set has more than [`MAX_KEYS`].
    #[error("the key set has {0} keys, more than {MAX_KEYS}")]
    TooMany(usize),
    /// No key has the `kid` of the token: a reason to fetch the keys again.
    #[error("no key with kid {kid:?} among {known} key(s)")]
    UnknownKid {
        /// The `kid` that was asked for; `None` when the header has none.
        kid: Option<String>,
        /// How many usable keys there are.
        known: usize,
    },
    /// The key with that `kid` is of another kind, or bound to another algorithm.
    #[error("key {kid:?} cannot be used with {alg}")]
    WrongKind {
        /// The key's id.
        kid: Option<String>,
        /// The algorithm of the token.
        alg: &'static str,
    },
    /// An RSA key of fewer than 2048 bits (RFC 7518 §3.3).
    #[error("RSA key {kid:?} has {bits} bits; at least 2048 are required")]
    TooShort {
        /// The key's id.
        kid: Option<String>,
        /// Its length.
        bits: usize,
    },
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawKey {
    kty: String,
    #[serde(rename = "use")]
    public_use: Option<String>,
    key_ops: Option<Vec<String>>,
    kid: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// No member of the standard: whose tokens the key signs, where tenants share a key set.
    issuer: Option<serde_json::Value>,
}

impl JwkSet {
    /// Reads a key set. Keys that are not for signatures, or that we cannot read, are left out, as RFC 7517 §5 asks.
    ///
    /// # Errors
    /// When the body is not a JSON object with a list `keys`, or the list is too long.
    pub fn parse(body: &[u8]) -> Result<Self, KeyError> {
        let set: RawSet = serde_json::from_slice(body).map_err(|error| KeyError::NotJson(json_problem(&error)))?;
        if set.keys.len() > MAX_KEYS {
            return Err(KeyError::TooMany(set.keys.len()));
        }
        let keys = set
            .keys
            .into_iter()
            .filter_map(|value| serde_json::from_value::<RawKey>(value).ok().and_then(Jwk::read))
            .collect();
        Ok(Self { keys })
    }

    /// How many usable keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key is usable.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys that may have made a signature with this `kid` and algorithm. A header without `kid` is answered with
    /// every key of the right kind, so that a provider with one key need not name it.
    ///
    /// # Errors
    /// When there is none; [`KeyError::UnknownKid`] means that fetching the keys again may help.
    pub(crate) fn candidates(
        &self,
        kid: Option<&str>,
        alg: SignatureAlgorithm,
        alg_name: &'static str,
    ) -> Result<Vec<&Jwk>, KeyError> {
        let named: Vec<&Jwk> = self.keys.iter().filter(|key| kid.is_none() || key.kid.as_deref() == kid).collect();
        if named.is_empty() {
            return Err(KeyError::UnknownKid { kid: kid.map(str::to_owned), known: self.keys.len() });
        }
        let fitting: Vec<&Jwk> = named.into_iter().filter(|key| key.fits(alg, alg_name)).collect();
        if fitting.is_empty() {
            return Err(KeyError::WrongKind { kid: kid.map(str::to_owned), alg: alg_name });
        }
        if let Some(short) = fitting.iter().find_map(|key| key.too_short()) {
            return Err(short);
        }
        Ok(fitting)
    }
}

impl Jwk {
    fn read(raw: RawKey) -> Option<Self> {
        if raw.public_use.as_deref().is_some_and(|public_use| public_use != "sig") {
            return None;
        }
        if raw.key_ops.as_ref().is_some_and(|operations| !operations.iter().any(|operation| operation == "verify")) {
            return None;
        }
        let bytes = |text: &Option<String>| {
            text.as_deref().and_then(|text| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok())
        };
        let material = match (raw.kty.as_str(), raw.crv.as_deref()) {
            ("RSA", _) => {
                Material::Rsa { n: without_leading_zeros(bytes(&raw.n)?), e: without_leading_zeros(bytes(&raw.e)?) }
            }
            ("EC", Some(curve)) => {
                let size = match curve {
                    "P-256" => 32,
                    "P-384" => 48,
                    "P-521" => 66,
                    _ => return None,
                };
                let (x, y) = (bytes(&raw.x)?, bytes(&raw.y)?);
                if x.len() != size || y.len() != size {
                    return None;
                }
                Material::Ec { curve: curve.to_owned(), point: [&[4][..], &x, &y].concat() }
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(&raw.x).filter(|x| x.len() == 32)?),
            _ => return None,
        };
        // One that is no text fits nobody.
        let issuer = raw.issuer.map(|issuer| issuer.as_str().unwrap_or_default().to_owned());
        Some(Self { kid: raw.kid, alg: raw.alg, issuer, material })
    }

    /// Whose tokens it signs, if the key set says so.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    fn fits(&self, alg: SignatureAlgorithm, alg_name: &str) -> bool {
        let kind_fits = match (&self.material, alg.key_kind()) {
            (Material::Rsa { .. }, KeyKind::Rsa(_)) | (Material::Ed25519(_), KeyKind::Ed25519) => true,
            (Material::Ec { curve, .. }, KeyKind::Ec(wanted, _)) => curve == wanted,
            _ => false,
        };
        kind_fits
            && self
                .alg
                .as_deref()
                .is_none_or(|own| own == alg_name || (own == "EdDSA" && alg == SignatureAlgorithm::EdDSA))
    }

    fn too_short(&self) -> Option<KeyError> {
        let Material::Rsa { n, .. } = &self.material else { return None };
        let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
        (bits < 2048).then(|| KeyError::TooShort { kid: self.kid.clone(), bits })
    }

    /// Whether the signature over `message` was made with this key.
    pub(crate) fn verifies(&self, alg: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        match (&self.material, alg.key_kind()) {
            (Material::Rsa { n, e }, KeyKind::Rsa(parameters)) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
            (Material::Ec { point, .. }, KeyKind::Ec(_, algorithm)) => {
                UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
            }
            (Material::Ed25519(x), KeyKind::Ed25519) => {
                UnparsedPublicKey::new(&ED25519, x).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk").field("kid", &self.kid).field("alg", &self.alg).finish_non_exhaustive()
    }
}

fn without_leading_zeros(mut bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn key(kid: usize) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid.to_string(), "x": URL_SAFE_NO_PAD.encode([7; 32]) })
    }

    fn parse(keys: Vec<Value>) -> Result<JwkSet, KeyError> {
        JwkSet::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    // Advisories: kid flood.
    #[test]
    fn secrets_in_a_key_set_are_no_keys() {
        let secret = json!({ "kty": "oct", "kid": "1", "alg": "HS256", "k": "c2VjcmV0" });
        assert!(parse(vec![secret]).unwrap().is_empty());
        let private = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "1", "d": URL_SAFE_NO_PAD.encode([7; 32]) });
        assert!(parse(vec![private]).unwrap().is_empty());
    }

    // Advisories: kid flood.
    #[test]
    fn a_key_set_has_so_many_keys_and_no_more() {
        assert_eq!(parse((0..MAX_KEYS).map(key).collect()).unwrap().len(), MAX_KEYS);
        assert_eq!(parse((0..=MAX_KEYS).map(key).collect()).unwrap_err(), KeyError::TooMany(MAX_KEYS + 1));
    }
}
