//! Signing keys, the published key set, and JWS in compact form (§1.3).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::jws::Jws;
use crate::random::{self, NoRandomness};

/// What the provider signs with (RFC 7518 §3.1, RFC 8037); set with
/// [`IdpBuilder::signing_algorithm`](crate::IdpBuilder::signing_algorithm).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5, as Scalekit does.
    #[default]
    Rs256,
    /// RSASSA-PSS.
    Ps256,
    /// ECDSA on P-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl SigningAlgorithm {
    /// Every one.
    pub const ALL: &[SigningAlgorithm] = &[Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// The name in JOSE headers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The one of that [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    /// The left half of the algorithm's hash (OpenID Connect Core §3.1.3.6); Ed25519 hashes with SHA-512.
    pub(crate) fn half_hash(self, text: &str) -> String {
        let algorithm = if self == Self::EdDsa { &digest::SHA512 } else { &digest::SHA256 };
        let hash = digest::digest(algorithm, text.as_bytes());
        let half: Vec<u8> = hash.as_ref().iter().copied().take(algorithm.output_len() / 2).collect();
        URL_SAFE_NO_PAD.encode(half)
    }
}

/// A key with a `kid` in Scalekit's style.
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) algorithm: SigningAlgorithm,
    pair: Pair,
}

enum Pair {
    /// Of 2048 bits.
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    pub(crate) fn generate(algorithm: SigningAlgorithm) -> Result<Self, NoRandomness> {
        let pair = match algorithm {
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                RsaKeyPair::generate(KeySize::Rsa2048).map(|pair| Pair::Rsa(Box::new(pair)))
            }
            SigningAlgorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::Ec),
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate().map(Pair::Ed25519),
        };
        let pair = pair.map_err(|_| NoRandomness)?;
        Ok(Self { kid: random::identifier("snk_")?, algorithm, pair })
    }

    pub(crate) fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (kid, alg) = (&self.kid, self.algorithm.name());
        match &self.pair {
            Pair::Rsa(pair) => {
                let (n, e) = modulus_and_exponent(pair.public_key().as_ref()).unwrap_or_default();
                json!({ "use": "sig", "kty": "RSA", "kid": kid, "alg": alg, "n": text(n), "e": text(e) })
            }
            Pair::Ec(pair) => {
                // `04 x y` (SEC 1 §2.3.3)
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at_checked(32).unwrap_or_default();
                json!({ "use": "sig", "kty": "EC", "crv": "P-256", "kid": kid, "alg": alg, "x": text(x), "y": text(y) })
            }
            Pair::Ed25519(pair) => {
                let x = text(pair.public_key().as_ref());
                json!({ "use": "sig", "kty": "OKP", "crv": "Ed25519", "kid": kid, "alg": alg, "x": x })
            }
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        match &self.pair {
            Pair::Rsa(pair) if self.algorithm == SigningAlgorithm::Ps256 => {
                sign_rsa(pair, &signature::RSA_PSS_SHA256, message)
            }
            Pair::Rsa(pair) => sign_rsa(pair, &signature::RSA_PKCS1_SHA256, message),
            Pair::Ec(pair) => pair.sign(&SystemRandom::new(), message).map(|signature| signature.as_ref().to_vec()),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
        .map_err(|_| NoRandomness)
    }

    /// The name of an algorithm that is not the key's own.
    pub(crate) fn other_algorithm(&self) -> &'static str {
        if self.algorithm == SigningAlgorithm::Rs256 { "RS512" } else { "RS256" }
    }

    /// Signs with [`other_algorithm`](Self::other_algorithm), as far as the key can.
    pub(crate) fn sign_otherwise(&self, message: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        let encoding: &'static dyn RsaEncoding = match self.algorithm {
            SigningAlgorithm::Rs256 => &signature::RSA_PKCS1_SHA512,
            _ => &signature::RSA_PKCS1_SHA256,
        };
        match &self.pair {
            Pair::Rsa(pair) => sign_rsa(pair, encoding, message).map_err(|_| NoRandomness),
            Pair::Ec(_) | Pair::Ed25519(_) => self.sign(message),
        }
    }

    /// The header and signature of every honest token: `alg`, `kid`, `typ` (§1.3).
    pub(crate) fn sign_token(&self, claims: &Map<String, Value>) -> Result<String, NoRandomness> {
        let header = json!({ "alg": self.algorithm.name(), "kid": self.kid, "typ": "JWT" });
        let content = signing_input(&header, claims);
        let signature = self.sign(content.as_bytes())?;
        Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    pub(crate) fn public_pem(&self) -> String {
        let der: Result<PublicKeyX509Der<'_>, _> = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ec(pair) => pair.public_key().as_der(),
            Pair::Ed25519(pair) => pair.public_key().as_der(),
        };
        let text = der.map(|der| STANDARD.encode(der.as_ref())).unwrap_or_default();
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }
}

fn sign_rsa(pair: &RsaKeyPair, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), message, &mut signature)?;
    Ok(signature)
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
        let jws = Jws::parse(token)?;
        let mut keys = std::iter::once(&self.current).chain(&self.previous).chain(&self.retired);
        keys.any(|key| jws.is_signed_by(&key.jwk())).then_some(jws.claims)
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
