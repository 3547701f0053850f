//! Signing keys, the published key set, and JWS in compact form (§1.3).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, KeyPair as _, RsaEncoding, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::random::{self, NoRandomness};

/// One RSA key of 2048 bits, with a `kid` in Scalekit's style.
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pair: RsaKeyPair,
}

impl SigningKey {
    pub(crate) fn generate() -> Result<Self, NoRandomness> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| NoRandomness)?;
        Ok(Self { kid: random::identifier("snk_")?, pair })
    }

    pub(crate) fn jwk(&self) -> Value {
        let (n, e) = modulus_and_exponent(self.pair.public_key().as_ref()).unwrap_or_default();
        let (n, e) = (URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e));
        json!({ "use": "sig", "kty": "RSA", "kid": self.kid, "alg": "RS256", "n": n, "e": e })
    }

    pub(crate) fn sign(&self, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(encoding, &SystemRandom::new(), message, &mut signature).map_err(|_| NoRandomness)?;
        Ok(signature)
    }

    /// The header and signature of every honest token: `alg`, `kid`, `typ` (§1.3).
    pub(crate) fn sign_token(&self, claims: &Map<String, Value>) -> Result<String, NoRandomness> {
        let content = signing_input(&json!({ "alg": "RS256", "kid": self.kid, "typ": "JWT" }), claims);
        let signature = self.sign(&signature::RSA_PKCS1_SHA256, content.as_bytes())?;
        Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    pub(crate) fn public_pem(&self) -> String {
        let der: Result<PublicKeyX509Der<'_>, _> = self.pair.public_key().as_der();
        let text = der.map(|der| STANDARD.encode(der.as_ref())).unwrap_or_default();
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, self.pair.public_key())
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// The key in use, the one before it while still published, and retired ones that logout hints may bear.
#[derive(Clone, Debug)]
pub(crate) struct KeyRing {
    pub(crate) current: Arc<SigningKey>,
    previous: Option<Arc<SigningKey>>,
    retired: Vec<Arc<SigningKey>>,
}

impl KeyRing {
    const MOST_RETIRED: usize = 8;

    pub(crate) fn new(key: SigningKey) -> Self {
        Self { current: Arc::new(key), previous: None, retired: Vec::new() }
    }

    pub(crate) fn rotate(&mut self, key: SigningKey, keep_old: bool) {
        let old = std::mem::replace(&mut self.current, Arc::new(key));
        self.retired.extend(self.previous.take());
        if keep_old {
            self.previous = Some(old);
        } else {
            self.retired.push(old);
        }
        let surplus = self.retired.len().saturating_sub(Self::MOST_RETIRED);
        self.retired.drain(..surplus);
    }

    /// What `/keys` publishes, newest first.
    pub(crate) fn published(&self) -> Vec<Value> {
        std::iter::once(&self.current).chain(&self.previous).map(|key| key.jwk()).collect()
    }

    /// The claims of a token that one of our keys signed, however long ago.
    pub(crate) fn claims_of(&self, token: &str) -> Option<Map<String, Value>> {
        let (content, signature) = token.rsplit_once('.')?;
        let (_, claims) = content.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        std::iter::once(&self.current)
            .chain(&self.previous)
            .chain(&self.retired)
            .any(|key| key.verifies(content.as_bytes(), &signature))
            .then(|| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok())?
    }
}

/// The two first parts of a compact JWS (RFC 7515 §7.1).
pub(crate) fn signing_input(header: &Value, claims: &Map<String, Value>) -> String {
    let claims = serde_json::to_string(claims).unwrap_or_default();
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims))
}

/// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }` (RFC 8017 §A.1.1).
fn modulus_and_exponent(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = element(der, 0x30)?;
    let (n, rest) = element(sequence, 0x02)?;
    let (e, _) = element(rest, 0x02)?;
    Some((n.strip_prefix(&[0]).unwrap_or(n), e.strip_prefix(&[0]).unwrap_or(e)))
}

/// The content of a DER element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let (length, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
        (length.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)), rest)
    };
    (*first == tag).then(|| rest.split_at_checked(length))?
}
