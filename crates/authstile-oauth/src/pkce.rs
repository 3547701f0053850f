//! Proof Key for Code Exchange (RFC 7636): method `S256`, and `plain` for providers that know nothing else.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// The secret half: 43 to 128 unreserved characters (RFC 7636 §4.1). Not `Clone`, because it is good for one exchange.
#[derive(Serialize, Deserialize)]
pub struct PkceVerifier(String);

impl PkceVerifier {
    /// Makes a verifier from 32 random bytes: 43 characters.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Takes a verifier that was made elsewhere, as test vectors are.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The public half that goes into the authorization request (RFC 7636 §4.2).
    #[must_use]
    pub fn challenge(&self) -> PkceChallenge {
        PkceChallenge { text: URL_SAFE_NO_PAD.encode(digest(&SHA256, self.0.as_bytes())), method: "S256" }
    }

    /// The verifier itself as the public half: whoever sees the authorization request knows it. Only where a provider
    /// refuses `S256`; it still binds the code to us against whoever sees nothing but the answer.
    #[must_use]
    pub fn plain_challenge(&self) -> PkceChallenge {
        PkceChallenge { text: self.0.clone(), method: "plain" }
    }

    /// The verifier itself, for the token request.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PkceVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PkceVerifier([redacted])")
    }
}

/// The public half: base64url of the verifier's SHA-256, or the verifier itself.
#[derive(Clone, PartialEq, Eq)]
pub struct PkceChallenge {
    text: String,
    method: &'static str,
}

impl PkceChallenge {
    /// The challenge as it goes over the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `code_challenge_method`.
    #[must_use]
    pub fn method(&self) -> &'static str {
        self.method
    }
}

impl fmt::Debug for PkceChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A plain one is the verifier.
        f.debug_struct("PkceChallenge").field("method", &self.method).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b() {
        let verifier = PkceVerifier::from_text("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(verifier.challenge().as_str(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_plain_challenge_is_the_verifier_and_stays_out_of_logs() {
        let challenge = PkceVerifier::from_text("secret-verifier").plain_challenge();
        assert_eq!((challenge.as_str(), challenge.method()), ("secret-verifier", "plain"));
        assert!(!format!("{challenge:?}").contains("secret"));
    }

    #[test]
    fn a_random_verifier_has_43_characters() {
        assert_eq!(PkceVerifier::from_random([255; 32]).expose().len(), 43);
    }
}
