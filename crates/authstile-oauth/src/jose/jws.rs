//! Compact signatures (RFC 7515 §7.1): from unbelieved text to a payload that one of the given keys signed.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::alg::SignatureAlgorithm;
use super::jwk::{JwkSet, KeyError};
use crate::secret::ClientSecret;

/// Tokens longer than this are refused before they are decoded.
pub const MAX_LENGTH: usize = 64 * 1024;

/// Why a signed token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Not three parts of base64url with a JSON header.
    #[error("the token is not a signed JWT: {0}")]
    Malformed(&'static str),
    /// The header names `none`, an HMAC, or something unknown.
    #[error("the token is signed with {0:?}, which is never accepted")]
    ForbiddenAlgorithm(String),
    /// The algorithm is sound, but the provider does not say that it uses it.
    #[error("the token is signed with {got:?}, but the provider advertises {advertised:?}")]
    UnadvertisedAlgorithm {
        /// The header's `alg`.
        got: String,
        /// What discovery lists.
        advertised: Vec<String>,
    },
    /// No key can be chosen.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature was not made by the key.
    #[error("the signature does not verify")]
    BadSignature,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
    #[serde(default)]
    typ: Option<String>,
}

/// A payload whose signature was verified, and what the header says about it.
#[derive(Debug)]
pub struct Verified {
    /// The decoded payload.
    pub payload: Vec<u8>,
    /// The algorithm of the signature.
    pub algorithm: SignatureAlgorithm,
    /// The header's `typ`, as written.
    pub typ: Option<String>,
    /// Whose tokens the key signs, if the key set says so; one entry for each key that made the signature.
    pub(crate) key_issuers: Vec<Option<String>>,
}

impl Verified {
    /// Whether the header names one of these types, or none. Types are compared without case and without
    /// `application/` (RFC 7515 §4.1.9).
    #[must_use]
    pub fn is_typed(&self, names: &[&str]) -> bool {
        self.typ.as_deref().is_none_or(|typ| {
            let typ = typ.to_ascii_lowercase();
            names.iter().any(|name| name.eq_ignore_ascii_case(typ.strip_prefix("application/").unwrap_or(&typ)))
        })
    }
}

/// A compact JWS, taken apart; nothing in it is believed.
struct Parts<'a> {
    signing_input: &'a str,
    header: Header,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Result<Self, SignatureError> {
        if token.len() > MAX_LENGTH {
            return Err(SignatureError::Malformed("it is longer than 64 KiB"));
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(SignatureError::Malformed("it has no parts"))?;
        let (header, payload) = signing_input.split_once('.').ok_or(SignatureError::Malformed("it has two parts"))?;
        if payload.contains('.') {
            return Err(SignatureError::Malformed("it has more than three parts"));
        }
        let decode =
            |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| SignatureError::Malformed("a part is not base64url"));
        let header: Header = serde_json::from_slice(&decode(header)?)
            .map_err(|_| SignatureError::Malformed("the header is not usable JSON"))?;
        if header.crit.is_some() {
            return Err(SignatureError::Malformed("the header has critical extensions (RFC 7515 section 4.1.11)"));
        }
        Ok(Self { signing_input, header, payload: decode(payload)?, signature: decode(signature)? })
    }
}

/// Verifies a compact JWS with the keys of a provider.
///
/// `advertised` is the provider's list of algorithms; only those are accepted.
///
/// # Errors
/// See [`SignatureError`]. [`KeyError::UnknownKid`] means that the keys may have been rotated.
pub fn verify(token: &str, keys: &JwkSet, advertised: &[String]) -> Result<Verified, SignatureError> {
    let Parts { signing_input, header, payload, signature } = Parts::of(token)?;
    let algorithm =
        SignatureAlgorithm::parse(&header.alg).ok_or_else(|| SignatureError::ForbiddenAlgorithm(clip(&header.alg)))?;
    let Some(name) = advertised.iter().find(|name| **name == header.alg) else {
        return Err(SignatureError::UnadvertisedAlgorithm { got: clip(&header.alg), advertised: advertised.to_vec() });
    };
    let candidates = keys.candidates(header.kid.as_deref(), algorithm, static_name(name))?;
    let signed = candidates.into_iter().filter(|key| key.verifies(algorithm, signing_input.as_bytes(), &signature));
    let key_issuers: Vec<Option<String>> = signed.map(|key| key.issuer().map(str::to_owned)).collect();
    if key_issuers.is_empty() {
        return Err(SignatureError::BadSignature);
    }
    Ok(Verified { payload, algorithm, typ: header.typ, key_issuers })
}

/// Verifies a compact JWS that is signed with HS256 and a secret that the signer and we share, and returns its payload.
///
/// It is the caller who says that a provider signs so, never the token's header: [`verify`] accepts no HMAC, and this
/// accepts nothing else.
///
/// # Errors
/// See [`SignatureError`].
pub fn verify_with_secret(token: &str, secret: &ClientSecret) -> Result<Vec<u8>, SignatureError> {
    let Parts { signing_input, header, payload, signature } = Parts::of(token)?;
    if header.alg != "HS256" {
        return Err(SignatureError::UnadvertisedAlgorithm {
            got: clip(&header.alg),
            advertised: vec!["HS256".to_owned()],
        });
    }
    if secret.expose().is_empty() {
        return Err(SignatureError::BadSignature);
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    hmac::verify(&key, signing_input.as_bytes(), &signature).map_err(|_| SignatureError::BadSignature)?;
    Ok(payload)
}

/// Reads the payload of a compact JWS without believing a word of it, for tools that show what a token says.
#[must_use]
pub fn peek(token: &str) -> Option<serde_json::Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

fn static_name(name: &str) -> &'static str {
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or("an unknown algorithm")
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}
