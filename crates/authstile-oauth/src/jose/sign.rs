//! Signing with a private key of ours (RFC 7515): client assertions, request objects, DPoP proofs.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::zeroize::Zeroizing;
use serde_json::{Map, Value, json};

use super::alg::SignatureAlgorithm;

/// Bits below which no RSA key is used (RFC 7518 §3.3).
const RSA_BITS: usize = 2048;

/// A private key, and the id under which its public half is published.
pub struct SigningKey {
    pair: Pair,
    kid: String,
    /// The key itself, to be sealed and opened again.
    pkcs8: Zeroizing<Vec<u8>>,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    /// The name of the curve, the algorithm that goes with it, and the key.
    Ec(&'static str, SignatureAlgorithm, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// The curves, and what signs with them.
const CURVES: [(&str, SignatureAlgorithm, &EcdsaSigningAlgorithm); 3] = [
    ("P-256", SignatureAlgorithm::ES256, &ECDSA_P256_SHA256_FIXED_SIGNING),
    ("P-384", SignatureAlgorithm::ES384, &ECDSA_P384_SHA384_FIXED_SIGNING),
    ("P-521", SignatureAlgorithm::ES512, &ECDSA_P521_SHA512_FIXED_SIGNING),
];

/// What an RSA key can sign with, the one that every provider knows first (OpenID Connect Core §15.1).
const RSA: [SignatureAlgorithm; 6] = [
    SignatureAlgorithm::RS256,
    SignatureAlgorithm::PS256,
    SignatureAlgorithm::RS384,
    SignatureAlgorithm::PS384,
    SignatureAlgorithm::RS512,
    SignatureAlgorithm::PS512,
];

/// Why a private key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// No PKCS#8 in PEM.
    #[error("the private key {0}: expected PKCS#8 in PEM, which begins with `-----BEGIN PRIVATE KEY-----`")]
    NotPkcs8(&'static str),
    /// Of a kind that signs nothing here.
    #[error("the private key is none of RSA, P-256, P-384, P-521 and Ed25519")]
    UnknownKind,
    /// RFC 7518 §3.3.
    #[error("the RSA key has {0} bits; at least 2048 are required")]
    TooShort(usize),
    /// The cryptography failed.
    #[error("the key could not be made or used")]
    Crypto,
}

impl SigningKey {
    /// A new key for the curve P-256.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate() -> Result<Self, SigningKeyError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Self::from_pkcs8(document.map_err(|_| SigningKeyError::Crypto)?.as_ref())
    }

    /// Reads PKCS#8 in PEM: RSA, P-256, P-384, P-521 or Ed25519. Line breaks may be written as `\n`, as variables often
    /// have them.
    ///
    /// # Errors
    /// See [`SigningKeyError`]; it says how other forms are converted.
    pub fn from_pem(pem: &str) -> Result<Self, SigningKeyError> {
        const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
        const END: &str = "-----END PRIVATE KEY-----";
        let wrong = SigningKeyError::NotPkcs8;
        let pem = Zeroizing::new(pem.replace("\\n", "\n"));
        if pem.contains("BEGIN EC PRIVATE KEY") || pem.contains("BEGIN RSA PRIVATE KEY") {
            return Err(wrong("is in the older form (`openssl pkcs8 -topk8 -nocrypt` converts it)"));
        }
        if pem.contains("BEGIN ENCRYPTED") {
            return Err(wrong("is encrypted (`openssl pkcs8 -topk8 -nocrypt` decrypts it)"));
        }
        let inside = pem.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(inside, _)| inside);
        let base64: Zeroizing<String> =
            Zeroizing::new(inside.ok_or(wrong("has no such frame"))?.split_whitespace().collect());
        let der = STANDARD.decode(&*base64).map_err(|_| wrong("is no base64 between its first and last line"))?;
        Self::from_pkcs8(&Zeroizing::new(der))
    }

    /// Reads PKCS#8 as bytes.
    ///
    /// # Errors
    /// See [`SigningKeyError`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SigningKeyError> {
        let curve = CURVES.iter().find_map(|(curve, algorithm, signing)| {
            EcdsaKeyPair::from_pkcs8(signing, der).ok().map(|pair| Pair::Ec(curve, *algorithm, pair))
        });
        let ed25519 = || Ed25519KeyPair::from_pkcs8(der).ok().map(Pair::Ed25519);
        let rsa = || RsaKeyPair::from_pkcs8(der).ok().map(|pair| Pair::Rsa(Box::new(pair)));
        let pair = curve.or_else(ed25519).or_else(rsa).ok_or(SigningKeyError::UnknownKind)?;
        if let Pair::Rsa(pair) = &pair {
            let bits = pair.public_modulus_len() * 8;
            if bits < RSA_BITS {
                return Err(SigningKeyError::TooShort(bits));
            }
        }
        let mut key = Self { pair, kid: String::new(), pkcs8: Zeroizing::new(der.to_vec()) };
        key.kid = key.thumbprint();
        Ok(key)
    }

    /// Another id than the thumbprint: the one under which the provider knows the key.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = kid.into();
        self
    }

    /// The id of the key; its thumbprint unless something else was said.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key as PKCS#8. It is a secret.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// What the key can sign with, the likeliest to be understood first.
    #[must_use]
    pub fn algorithms(&self) -> &[SignatureAlgorithm] {
        match &self.pair {
            Pair::Rsa(_) => &RSA,
            Pair::Ec(_, algorithm, _) => std::slice::from_ref(algorithm),
            Pair::Ed25519(_) => &[SignatureAlgorithm::EdDSA],
        }
    }

    /// The algorithm to sign with for somebody who advertises these; the first that the key can do where they say
    /// nothing. `None`: they understand none of them.
    #[must_use]
    pub fn choose(&self, advertised: Option<&[String]>) -> Option<SignatureAlgorithm> {
        let Some(advertised) = advertised else { return self.algorithms().first().copied() };
        let known = |algorithm: &SignatureAlgorithm| {
            advertised.iter().any(|name| SignatureAlgorithm::parse(name) == Some(*algorithm))
        };
        self.algorithms().iter().copied().find(known)
    }

    /// The public half, with nothing but the members that its thumbprint is made of (RFC 7638 §3.2).
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Rsa(pair) => {
                let (n, e) = modulus_and_exponent(pair.public_key().as_ref()).unwrap_or_default();
                json!({ "e": encode(e), "kty": "RSA", "n": encode(n) })
            }
            Pair::Ec(curve, _, pair) => {
                // An uncompressed point: 4, x, y (SEC 1 §2.3.3).
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                json!({ "crv": curve, "kty": "EC", "x": encode(x), "y": encode(y) })
            }
            Pair::Ed25519(pair) => json!({ "crv": "Ed25519", "kty": "OKP", "x": encode(pair.public_key().as_ref()) }),
        }
    }

    /// The public half as it is published in a key set (RFC 7517 §4).
    #[must_use]
    pub fn published_jwk(&self) -> Value {
        let mut jwk = self.public_jwk();
        if let Value::Object(members) = &mut jwk {
            members.insert("kid".to_owned(), self.kid.as_str().into());
            members.insert("use".to_owned(), "sig".into());
        }
        jwk
    }

    /// The thumbprint of the public half (RFC 7638), by which DPoP-bound tokens name it.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        // The members stand in the order of their names above, as the thumbprint wants it.
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.public_jwk().to_string().as_bytes()))
    }

    /// Signs claims as a compact JWS. `alg` is put into the header; `kid`, `typ`, `jwk` are the caller's.
    ///
    /// # Errors
    /// When the key cannot sign with that algorithm.
    pub fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        mut header: Map<String, Value>,
        claims: &Map<String, Value>,
    ) -> Result<String, SigningKeyError> {
        header.insert("alg".to_owned(), algorithm.name().into());
        let part = |part: &Map<String, Value>| serde_json::to_vec(part).map(|json| URL_SAFE_NO_PAD.encode(json));
        let (Ok(header), Ok(claims)) = (part(&header), part(claims)) else { return Err(SigningKeyError::Crypto) };
        let content = format!("{header}.{claims}");
        let signature = self.signature(algorithm, content.as_bytes())?;
        Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn signature(&self, algorithm: SignatureAlgorithm, content: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding: &dyn RsaEncoding = match algorithm {
                    SignatureAlgorithm::RS256 => &RSA_PKCS1_SHA256,
                    SignatureAlgorithm::RS384 => &RSA_PKCS1_SHA384,
                    SignatureAlgorithm::RS512 => &RSA_PKCS1_SHA512,
                    SignatureAlgorithm::PS256 => &RSA_PSS_SHA256,
                    SignatureAlgorithm::PS384 => &RSA_PSS_SHA384,
                    SignatureAlgorithm::PS512 => &RSA_PSS_SHA512,
                    _ => return Err(SigningKeyError::Crypto),
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, content, &mut signature).map_err(|_| SigningKeyError::Crypto)?;
                Ok(signature)
            }
            Pair::Ec(_, own, pair) if *own == algorithm => {
                Ok(pair.sign(&random, content).map_err(|_| SigningKeyError::Crypto)?.as_ref().to_vec())
            }
            Pair::Ed25519(pair) if algorithm == SignatureAlgorithm::EdDSA => Ok(pair.sign(content).as_ref().to_vec()),
            Pair::Ec(..) | Pair::Ed25519(_) => Err(SigningKeyError::Crypto),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::jwk::JwkSet;
    use crate::jose::jws::verify;
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;

    fn pem(der: &[u8]) -> String {
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
    }

    fn keys() -> Vec<SigningKey> {
        let random = SystemRandom::new();
        let mut keys: Vec<SigningKey> = CURVES
            .iter()
            .map(|(_, _, curve)| {
                let der = EcdsaKeyPair::generate_pkcs8(curve, &random).unwrap();
                SigningKey::from_pem(&pem(der.as_ref())).unwrap()
            })
            .collect();
        keys.push(SigningKey::from_pem(&pem(Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref())).unwrap());
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
        keys.push(SigningKey::from_pem(&pem(der.as_ref()).replace('\n', "\\n")).unwrap());
        keys
    }

    #[test]
    fn what_a_key_signs_its_published_half_verifies_and_no_other() {
        let keys = keys();
        let published =
            |key: &SigningKey| JwkSet::parse(json!({ "keys": [key.published_jwk()] }).to_string().as_bytes());
        for (place, key) in keys.iter().enumerate() {
            for algorithm in key.algorithms() {
                let header = Map::from_iter([("kid".to_owned(), key.kid().into())]);
                let claims = Map::from_iter([("sub".to_owned(), Value::from("x"))]);
                let token = key.sign(*algorithm, header, &claims).unwrap();
                let advertised = [algorithm.name().to_owned()];
                let verified = verify(&token, &published(key).unwrap(), &advertised).unwrap();
                assert_eq!(verified.payload, br#"{"sub":"x"}"#);
                let other = published(&keys[(place + 1) % keys.len()]).unwrap();
                verify(&token, &other, &advertised).unwrap_err();
            }
        }
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        // RFC 8037 appendix A.3.
        let jwk = json!({ "crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let hash = digest::digest(&digest::SHA256, jwk.to_string().as_bytes());
        assert_eq!(URL_SAFE_NO_PAD.encode(hash), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let key = SigningKey::generate().unwrap();
        assert_eq!(SigningKey::from_pkcs8(key.pkcs8()).unwrap().thumbprint(), key.kid());
    }

    #[test]
    fn an_algorithm_is_chosen_that_both_sides_know() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let rsa = keys().pop().unwrap();
        assert_eq!(rsa.choose(None), Some(SignatureAlgorithm::RS256));
        assert_eq!(rsa.choose(Some(&list(&["ES256", "PS256"]))), Some(SignatureAlgorithm::PS256));
        assert_eq!(SigningKey::generate().unwrap().choose(Some(&list(&["RS256"]))), None);
    }

    #[test]
    fn other_forms_of_keys_are_refused_with_what_helps() {
        let problem = |pem: &str| SigningKey::from_pem(pem).unwrap_err().to_string();
        assert!(problem("-----BEGIN RSA PRIVATE KEY-----").contains("openssl pkcs8 -topk8"));
        assert!(problem("-----BEGIN ENCRYPTED PRIVATE KEY-----").contains("decrypts it"));
        assert!(problem("secret").contains("has no such frame"));
        assert_eq!(problem(&pem(b"nothing")), SigningKeyError::UnknownKind.to_string());
    }
}
