//! Signature algorithms that an ID token may carry (RFC 7518 §3.1, RFC 8037). `none` and HMAC are not among them, so
//! neither can be confused into passing.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters,
};

/// An asymmetric JWS algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are those of the JOSE registry
pub enum SignatureAlgorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    ES512,
    EdDSA,
}

/// The kind of key that an algorithm needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa(&'static RsaParameters),
    /// Curve name, and the verifier for uncompressed points.
    Ec(&'static str, &'static signature::EcdsaVerificationAlgorithm),
    Ed25519,
}

impl SignatureAlgorithm {
    /// Reads the `alg` of a JWS header; `None` for every algorithm that must not sign an ID token.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::RS256,
            "RS384" => Self::RS384,
            "RS512" => Self::RS512,
            "PS256" => Self::PS256,
            "PS384" => Self::PS384,
            "PS512" => Self::PS512,
            "ES256" => Self::ES256,
            "ES384" => Self::ES384,
            "ES512" => Self::ES512,
            "EdDSA" | "Ed25519" => Self::EdDSA,
            _ => return None,
        })
    }

    /// Its name in the JOSE registry, as it stands in headers and metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::EdDSA => "EdDSA",
        }
    }

    pub(crate) fn key_kind(self) -> KeyKind {
        match self {
            Self::RS256 => KeyKind::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            Self::RS384 => KeyKind::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            Self::RS512 => KeyKind::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            Self::PS256 => KeyKind::Rsa(&RSA_PSS_2048_8192_SHA256),
            Self::PS384 => KeyKind::Rsa(&RSA_PSS_2048_8192_SHA384),
            Self::PS512 => KeyKind::Rsa(&RSA_PSS_2048_8192_SHA512),
            Self::ES256 => KeyKind::Ec("P-256", &ECDSA_P256_SHA256_FIXED),
            Self::ES384 => KeyKind::Ec("P-384", &ECDSA_P384_SHA384_FIXED),
            Self::ES512 => KeyKind::Ec("P-521", &ECDSA_P521_SHA512_FIXED),
            Self::EdDSA => KeyKind::Ed25519,
        }
    }

    /// The hash that `at_hash` and `c_hash` are made with (OpenID Connect Core §3.1.3.6): that of the signature;
    /// SHA-512 for Ed25519.
    pub(crate) fn token_hash(self) -> &'static digest::Algorithm {
        match self {
            Self::RS256 | Self::PS256 | Self::ES256 => &digest::SHA256,
            Self::RS384 | Self::PS384 | Self::ES384 => &digest::SHA384,
            Self::RS512 | Self::PS512 | Self::ES512 | Self::EdDSA => &digest::SHA512,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Advisories: GHSA-9h47.
    #[test]
    fn neither_none_nor_hmac_is_an_algorithm() {
        for name in ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "rs256", "RS1"] {
            assert_eq!(SignatureAlgorithm::parse(name), None, "{name}");
        }
    }
}
