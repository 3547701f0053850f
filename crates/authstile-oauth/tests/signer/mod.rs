//! Signs tokens with a key of the test's own, so that a test can change one claim at a time.

use authstile_oauth::jose::jwk::JwkSet;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) const NOW: i64 = 1_758_692_838;

pub(crate) struct Signer {
    key: Ed25519KeyPair,
}

impl Signer {
    pub(crate) fn new() -> Self {
        Self { key: Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap() }
    }

    pub(crate) fn keys(&self) -> JwkSet {
        let x = URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref());
        let set =
            json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "1", "use": "sig", "alg": "EdDSA", "x": x }] });
        JwkSet::parse(set.to_string().as_bytes()).unwrap()
    }

    pub(crate) fn algorithms() -> Vec<String> {
        vec!["EdDSA".to_owned()]
    }

    pub(crate) fn sign(&self, typ: Option<&str>, claims: &Value) -> String {
        let mut header = json!({ "alg": "EdDSA", "kid": "1" });
        if let Some(typ) = typ {
            header["typ"] = typ.into();
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encode(&header), encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}

/// The claims with one of them changed; `null` takes it away.
pub(crate) fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}
