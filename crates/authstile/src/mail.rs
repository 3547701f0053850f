//! The port to e-mail: how links and codes for signing in reach people.

use std::fmt;

use crate::BoxFuture;
use crate::transport::Transport;

/// A mail with which somebody signs in. Whoever writes it decides on its words and its look.
#[derive(Clone)]
#[non_exhaustive]
pub struct SignInMail {
    /// The one recipient: normalized, with exactly one `@`, without spaces, quotes, brackets, commas or control characters.
    pub to: String,
    /// What signs them in.
    pub proof: MailProof,
    /// The application's host, for the subject and the text: `app.example.com`.
    pub host: String,
    /// Seconds that it is good for.
    pub seconds: i64,
    /// CSS colour of the button, from the theme.
    pub brand_color: Option<String>,
    /// CSS colour of the button's text, from the theme.
    pub button_text: Option<String>,
}

impl SignInMail {
    /// A mail with the colours of no theme.
    #[must_use]
    pub fn new(to: impl Into<String>, host: impl Into<String>, seconds: i64, proof: MailProof) -> Self {
        Self { to: to.into(), proof, host: host.into(), seconds, brand_color: None, button_text: None }
    }
}

/// What a mail proves an address with.
#[derive(Clone)]
#[non_exhaustive]
pub enum MailProof {
    /// A link to open.
    Link(String),
    /// Digits to enter in the browser that asked for them.
    Code(String),
}

/// Neither link nor code reach a log.
impl fmt::Debug for MailProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Link(_) => "Link(..)",
            Self::Code(_) => "Code(..)",
        })
    }
}

impl fmt::Debug for SignInMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInMail").field("host", &self.host).field("proof", &self.proof).finish_non_exhaustive()
    }
}

/// Why a mail was not sent. Says what the mail server or service answered, never link or code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// The server or service cannot be reached, or is out of order: later it may work.
    #[error("the mail service cannot be reached: {0}")]
    Unreachable(String),
    /// It refused: a wrong key, a sender that is not allowed, a recipient that it does not take.
    #[error("the mail service refused: {0}")]
    Refused(String),
    /// The mail cannot be written.
    #[error("the mail cannot be written: {0}")]
    Unwritable(String),
}

/// Sends mails. `authstile-mail` has one for SMTP and one for each of the usual services.
pub trait Mailer: Send + Sync + fmt::Debug {
    /// Sends a mail, within a limit of time of its own. Services that are asked over HTTP are asked through the engine's
    /// transport.
    fn send<'a>(&'a self, mail: &'a SignInMail, transport: &'a dyn Transport) -> BoxFuture<'a, Result<(), MailError>>;
}
