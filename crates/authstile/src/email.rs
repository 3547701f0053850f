//! Signing in by mail: a link to open, or digits to enter.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use secrecy::{ExposeSecret as _, SecretString};

use crate::mail::Mailer;
use crate::random::hex;
use crate::seal::Secrets;
use crate::store::Quota;

/// What a mail proves an address with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmailProof {
    /// A link, as in Auth.js. It works in any browser.
    #[default]
    Link,
    /// Eight digits, which only the browser that asked for them can enter.
    Code,
}

/// Signing in by mail. Needs a store of one-time values ([`AuthBuilder::one_time`](crate::AuthBuilder::one_time)).
#[derive(Clone)]
pub struct EmailProvider {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) proof: EmailProof,
    pub(crate) seconds: i64,
    pub(crate) by_address: Quota,
    pub(crate) by_client: Quota,
}

impl EmailProvider {
    /// Auth.js's: a day.
    const LINK_SECONDS: i64 = 24 * 60 * 60;
    const CODE_SECONDS: i64 = 10 * 60;

    /// Links sent by this mailer. The id is part of the link: Auth.js's are those of its mail services, such as `resend`,
    /// and `nodemailer` for SMTP.
    pub fn new(id: impl Into<String>, mailer: impl Mailer + 'static) -> Self {
        Self {
            id: id.into(),
            name: "Email".to_owned(),
            mailer: Arc::new(mailer),
            proof: EmailProof::Link,
            seconds: Self::LINK_SECONDS,
            by_address: Quota { burst: 5, seconds: 15 * 60 },
            by_client: Quota { burst: 20, seconds: 15 * 60 },
        }
    }

    /// What people read on the button.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Digits in place of a link; they are good for ten minutes.
    #[must_use]
    pub fn codes(mut self) -> Self {
        self.proof = EmailProof::Code;
        self.seconds = Self::CODE_SECONDS;
        self
    }

    /// Seconds that a link or a code is good for.
    #[must_use]
    pub fn valid_for(mut self, seconds: i64) -> Self {
        self.seconds = seconds;
        self
    }

    /// How many mails one address gets: 5 in 15 minutes unless you say otherwise.
    #[must_use]
    pub fn limit_by_address(mut self, quota: Quota) -> Self {
        self.by_address = quota;
        self
    }

    /// How many mails one client can ask for: 20 in 15 minutes unless you say otherwise.
    #[must_use]
    pub fn limit_by_client(mut self, quota: Quota) -> Self {
        self.by_client = quota;
        self
    }
}

impl fmt::Debug for EmailProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailProvider").field("id", &self.id).field("mailer", &self.mailer).finish_non_exhaustive()
    }
}

/// Hashes what mails carry, as Auth.js does: SHA-256 over the value and the secret, in hexadecimal.
#[derive(Debug)]
pub(crate) struct ProofHash(Vec<SecretString>);

impl ProofHash {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        Self(secrets.hashed_texts())
    }

    /// The hash that is stored.
    pub(crate) fn of(&self, value: &str) -> String {
        self.candidates(value).next().unwrap_or_default()
    }

    /// The hashes under which it may be stored: of today's secrets, and of those before them.
    pub(crate) fn candidates(&self, value: &str) -> impl Iterator<Item = String> {
        self.0.iter().map(move |secret| {
            let mut context = Context::new(&SHA256);
            context.update(value.as_bytes());
            context.update(secret.expose_secret().as_bytes());
            hex(context.finish().as_ref())
        })
    }
}
