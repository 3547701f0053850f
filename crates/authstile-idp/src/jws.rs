//! JWTs that others signed: client assertions, request objects, DPoP proofs (RFC 7515, RFC 7518).

use aws_lc_rs::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use aws_lc_rs::{digest, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// What is accepted from clients, as metadata announces it.
pub(crate) const ASYMMETRIC: [&str; 10] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
/// For `client_secret_jwt`.
pub(crate) const SYMMETRIC: [&str; 3] = ["HS256", "HS384", "HS512"];

/// A compact JWS whose payload is a JSON object, read and not believed.
#[derive(Debug)]
pub(crate) struct Jws<'a> {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    content: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (content, signature) = text.rsplit_once('.')?;
        let (header, claims) = content.split_once('.')?;
        let object = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        Some(Self { header: object(header)?, claims: object(claims)?, content, signature })
    }

    pub(crate) fn alg(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    pub(crate) fn seconds(&self, claim: &str) -> Option<i64> {
        let value = self.claims.get(claim)?;
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }

    /// Whether `aud` is this, or an array with nothing else in it.
    pub(crate) fn is_for(&self, audience: &str) -> bool {
        match self.claims.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(all)) => matches!(all.as_slice(), [one] if one == audience),
            _ => false,
        }
    }

    pub(crate) fn is_signed_by(&self, jwk: &Value) -> bool {
        verifies(self.alg(), jwk, self.content.as_bytes(), &self.signature).unwrap_or(false)
    }

    /// By the key that `kid` names or, without one, by any.
    pub(crate) fn is_signed_by_one_of(&self, jwks: &Value) -> bool {
        let kid = self.header.get("kid");
        let keys = jwks.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        keys.iter().filter(|jwk| kid.is_none_or(|kid| jwk.get("kid") == Some(kid))).any(|jwk| self.is_signed_by(jwk))
    }

    /// Whether it is authenticated with HMAC and this secret.
    pub(crate) fn is_keyed_with(&self, secret: &str) -> bool {
        let algorithm = match self.alg() {
            "HS256" => hmac::HMAC_SHA256,
            "HS384" => hmac::HMAC_SHA384,
            "HS512" => hmac::HMAC_SHA512,
            _ => return false,
        };
        hmac::verify(&hmac::Key::new(algorithm, secret.as_bytes()), self.content.as_bytes(), &self.signature).is_ok()
    }
}

/// `None` when key and algorithm do not go together.
fn verifies(alg: &str, jwk: &Value, message: &[u8], signature: &[u8]) -> Option<bool> {
    let member = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(member(name)?).ok();
    if member("alg").is_some_and(|own| own != alg) || member("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let by_key = |kty: &str, crv: &str, point: Vec<u8>, algorithm: &'static dyn VerificationAlgorithm| {
        let fits = member("kty") == Some(kty) && member("crv") == Some(crv);
        fits.then(|| UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok())
    };
    let ec = |crv, algorithm| {
        let point = [vec![4], bytes("x")?, bytes("y")?].concat();
        by_key("EC", crv, point, algorithm)
    };
    let rsa = |parameters: &'static RsaParameters| {
        let components = RsaPublicKeyComponents { n: bytes("n")?, e: bytes("e")? };
        (member("kty") == Some("RSA")).then(|| components.verify(parameters, message, signature).is_ok())
    };
    match alg {
        "RS256" => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => rsa(&signature::RSA_PSS_2048_8192_SHA256),
        "PS384" => rsa(&signature::RSA_PSS_2048_8192_SHA384),
        "PS512" => rsa(&signature::RSA_PSS_2048_8192_SHA512),
        "ES256" => ec("P-256", &signature::ECDSA_P256_SHA256_FIXED),
        "ES384" => ec("P-384", &signature::ECDSA_P384_SHA384_FIXED),
        "ES512" => ec("P-521", &signature::ECDSA_P521_SHA512_FIXED),
        "EdDSA" | "Ed25519" => by_key("OKP", "Ed25519", bytes("x")?, &signature::ED25519),
        _ => None,
    }
}

/// RFC 7638; `None` for a key that is not public, or of a kind that nobody knows.
pub(crate) fn thumbprint(jwk: &Value) -> Option<String> {
    if ["d", "p", "q", "dp", "dq", "qi", "k"].iter().any(|private| jwk.get(private).is_some()) {
        return None;
    }
    // Required members only, in lexicographic order (§3).
    let names: &[&str] = match jwk.get("kty")?.as_str()? {
        "EC" => &["crv", "kty", "x", "y"],
        "RSA" => &["e", "kty", "n"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    let members = names.iter().map(|name| Some(((*name).to_owned(), jwk.get(name)?.as_str()?.into())));
    let canonical = Value::Object(members.collect::<Option<Map<_, _>>>()?).to_string();
    Some(sha256(canonical.as_bytes()))
}

/// SHA-256 in base64url.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "in tests a panic is a failure")]
mod tests {
    use super::*;

    /// RFC 7638 §3.1.
    #[test]
    fn the_thumbprint_is_that_of_the_standard() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB\
                 ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8\
                 KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_\
                 xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = serde_json::json!({ "kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" });
        assert_eq!(thumbprint(&key).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        let mut private = key;
        private.as_object_mut().unwrap().insert("d".to_owned(), "x".into());
        assert_eq!(thumbprint(&private), None);
    }
}
