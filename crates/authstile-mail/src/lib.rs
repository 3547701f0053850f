//! Sign-in mails for Authstile: implementations of [`authstile::mail::Mailer`] for SMTP and for the mail services of Auth.js.
//!
//! A mail has a subject, a text and an HTML part. It names the application's host, carries the link or the code, says how long
//! that is good for, and never repeats the recipient's address. The button takes its colours from the theme.
//!
//! ```
//! use authstile::mail::{MailProof, Mailer as _, SignInMail};
//! use authstile_mail::{HttpMailer, Service};
//! use authstile_testkit::FakeTransport;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mailer = HttpMailer::new(Service::Resend, "re_123456789", "Acme Notes <no-reply@acme.example>")?;
//!
//! // The engine does this, with its own transport.
//! let transport = FakeTransport::new(|_| http::Response::new(bytes::Bytes::from(r#"{"id":"49a3999c"}"#)));
//! let link = MailProof::Link("https://notes.acme.example/api/auth/callback/resend?token=…".replace('…', "1f"));
//! mailer.send(&SignInMail::new("ada@example.com", "notes.acme.example", 86_400, link), &transport).await?;
//! assert_eq!(transport.count("/emails"), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What to set up where
//!
//! | id | value | key (variable of Auth.js) | at the service |
//! |---|---|---|---|
//! | `resend` | [`Service::Resend`] | API key (`AUTH_RESEND_KEY`) | the sender's domain, verified |
//! | `sendgrid` | [`Service::SendGrid`] | API key (`AUTH_SENDGRID_KEY`) | the sender, verified |
//! | `postmark` | [`Service::Postmark`] | server token (`AUTH_POSTMARK_KEY`) | the sender; mails go to the stream `outbound` |
//! | `mailgun` | [`Service::Mailgun`] | API key (`AUTH_MAILGUN_KEY`) | the domain of the sender's address; its [`Region`] |
//! | `forwardemail` | [`Service::ForwardEmail`] | API key (`AUTH_FORWARDEMAIL_KEY`) | the sender's domain |
//! | `loops` | [`Service::Loops`] | API key (`AUTH_LOOPS_KEY`) | a transactional mail with the variable `url`, or `code` |
//! | `nodemailer`, `email` | [`SmtpMailer`] | URL of the mail server (`EMAIL_SERVER`) | a user who may send as the sender |
//!
//! The sender is `no-reply@example.com` or `Example <no-reply@example.com>` (Auth.js: `EMAIL_FROM`). Without a name, people read
//! `Mailgun` as the sender of Mailgun's mails, as with Auth.js. Turn off the tracking of links at the service: it would know who
//! signs in, and scanners would use up the link.
//!
//! [`mailer`] makes any of them from an id, for programs that read their configuration from somewhere.
//!
//! # When it fails
//!
//! [`MailError::Refused`](authstile::mail::MailError::Refused) names the status and the service's own words, clipped, without key, link or recipient;
//! [`MailError::Unreachable`](authstile::mail::MailError::Unreachable) stands for what may work later: no answer, a 5xx of a service, a 4xx of a mail server.

mod address;
mod choice;
mod color;
mod error;
mod letter;
mod refusal;
mod service;
mod smtp;
mod words;

pub(crate) use choice::ids;
pub use choice::{AnyMailer, Details, KINDS, Kind, mailer};
pub use error::SetupError;
pub use service::{HttpMailer, Region, Service};
pub use smtp::{DangerTls, SmtpMailer};
