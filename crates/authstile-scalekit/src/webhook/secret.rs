//! The key that Scalekit signs with, as its dashboard shows it.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A signing secret: `whsec_` and base64 of the key.
#[derive(Clone)]
pub struct WebhookSecret(hmac::Key);

/// Why a text is no signing secret. Told when the application starts: each of these, if let through, makes a receiver that
/// refuses everything or, worse, one that believes everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidWebhookSecret {
    /// No `whsec_` in front.
    #[error("a webhook secret begins with \"whsec_\"; copy it whole from the dashboard")]
    Prefix,
    /// Nothing behind it: anybody could sign with an empty key.
    #[error("the webhook secret has no key behind \"whsec_\"")]
    Empty,
    /// Something behind it that is no base64 of the standard alphabet, with its padding.
    #[error("the webhook secret is not base64 behind \"whsec_\"; copy it whole from the dashboard")]
    NotBase64,
}

impl WebhookSecret {
    /// Reads a secret.
    ///
    /// # Errors
    /// See [`InvalidWebhookSecret`]; none of them shows the secret.
    pub fn parse(text: &str) -> Result<Self, InvalidWebhookSecret> {
        let key = text.strip_prefix("whsec_").ok_or(InvalidWebhookSecret::Prefix)?;
        if key.is_empty() {
            return Err(InvalidWebhookSecret::Empty);
        }
        let key = STANDARD.decode(key).map_err(|_| InvalidWebhookSecret::NotBase64)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The signature over a message's parts, joined with dots.
    pub(super) fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            context.update(part);
        }
        context.sign()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_would_weaken_the_check_are_refused() {
        for (text, problem) in [
            ("", InvalidWebhookSecret::Prefix),
            ("c2NhbGVraXQ=", InvalidWebhookSecret::Prefix),
            ("foo_c2NhbGVraXQ=", InvalidWebhookSecret::Prefix),
            ("WHSEC_c2NhbGVraXQ=", InvalidWebhookSecret::Prefix),
            (" whsec_c2NhbGVraXQ=", InvalidWebhookSecret::Prefix),
            ("whsec_", InvalidWebhookSecret::Empty),
            ("whsec_=", InvalidWebhookSecret::NotBase64),
            ("whsec_c2NhbGVraXQ", InvalidWebhookSecret::NotBase64),
            ("whsec_c2NhbGVraXQ=\n", InvalidWebhookSecret::NotBase64),
            ("whsec_----", InvalidWebhookSecret::NotBase64),
            ("whsec_c2Nh_GVr", InvalidWebhookSecret::NotBase64),
        ] {
            assert_eq!(WebhookSecret::parse(text).unwrap_err(), problem, "{text:?}");
        }
        let secret = WebhookSecret::parse("whsec_c2NhbGVraXQ=").unwrap();
        assert_eq!(format!("{secret:?}"), "WebhookSecret([redacted])");
    }
}
