//! A mailer by its id, for programs that are configured and not written.

use authstile::mail::{MailError, Mailer, SignInMail};
use authstile::{BoxFuture, Transport};

use crate::error::SetupError;
use crate::service::{HttpMailer, Region, Service};
use crate::smtp::SmtpMailer;

/// A way to send mail, and the environment variable of Auth.js that it is configured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kind {
    /// The provider's id: it is in the path of the callback and in the table of accounts.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// The variable with the key, or with the URL of the mail server.
    pub key_variable: &'static str,
}

const fn kind(id: &'static str, name: &'static str, key_variable: &'static str) -> Kind {
    Kind { id, name, key_variable }
}

/// Every way to send mail.
pub const KINDS: [Kind; 7] = [
    kind("resend", "Resend", "AUTH_RESEND_KEY"),
    kind("sendgrid", "SendGrid", "AUTH_SENDGRID_KEY"),
    kind("postmark", "Postmark", "AUTH_POSTMARK_KEY"),
    kind("mailgun", "Mailgun", "AUTH_MAILGUN_KEY"),
    kind("forwardemail", "Forward Email", "AUTH_FORWARDEMAIL_KEY"),
    kind("loops", "Loops", "AUTH_LOOPS_KEY"),
    kind("nodemailer", "Email", "EMAIL_SERVER"),
];

/// For a message: the ids, separated by commas.
pub(crate) fn ids() -> String {
    KINDS.map(|kind| kind.id).join(", ")
}

/// What single services need beside key and sender.
#[derive(Debug, Clone, Copy, Default)]
pub struct Details<'a> {
    /// Mailgun: `US`, which is the default, or `EU`.
    pub mailgun_region: Option<&'a str>,
    /// Loops: the id of the transactional mail.
    pub loops_transactional_id: Option<&'a str>,
}

/// One of the mailers of this crate.
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyMailer {
    /// Over HTTP.
    Http(HttpMailer),
    /// Over SMTP.
    Smtp(Box<SmtpMailer>),
}

/// The mailer with this id (see [`KINDS`]; `email` is another name of `nodemailer`), its key, or the URL of the mail server,
/// and the sender. Loops needs no sender.
///
/// ```
/// use authstile_mail::{Details, mailer};
///
/// let mailer = mailer("postmark", "a-key", "Acme Notes <no-reply@acme.example>", Details::default())?;
/// let error = authstile_mail::mailer("pigeon", "a-key", "no-reply@acme.example", Details::default()).unwrap_err();
/// assert!(error.to_string().contains("resend, sendgrid, postmark"));
/// # Ok::<(), authstile_mail::SetupError>(())
/// ```
///
/// # Errors
/// When there is no such id, or something is missing or not as it must be.
pub fn mailer(id: &str, key: &str, from: &str, details: Details<'_>) -> Result<AnyMailer, SetupError> {
    let service = match id {
        "resend" => Service::Resend,
        "sendgrid" => Service::SendGrid,
        "postmark" => Service::Postmark,
        "mailgun" => Service::Mailgun(region(details.mailgun_region)?),
        "forwardemail" => Service::ForwardEmail,
        "loops" => {
            Service::Loops { transactional_id: details.loops_transactional_id.unwrap_or_default().trim().to_owned() }
        }
        "nodemailer" | "email" => return Ok(AnyMailer::Smtp(Box::new(SmtpMailer::new(key, from)?))),
        _ => return Err(SetupError::UnknownService(id.chars().take(40).collect())),
    };
    Ok(AnyMailer::Http(HttpMailer::new(service, key.trim(), from)?))
}

fn region(text: Option<&str>) -> Result<Region, SetupError> {
    match text.map(|text| text.trim().to_ascii_uppercase()).as_deref() {
        None | Some("" | "US") => Ok(Region::Us),
        Some("EU") => Ok(Region::Eu),
        Some(_) => Err(SetupError::Missing { service: "Mailgun", what: "US or EU as its region" }),
    }
}

impl Mailer for AnyMailer {
    fn send<'a>(&'a self, mail: &'a SignInMail, transport: &'a dyn Transport) -> BoxFuture<'a, Result<(), MailError>> {
        match self {
            Self::Http(mailer) => mailer.send(mail, transport),
            Self::Smtp(mailer) => mailer.send(mail, transport),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_can_be_made_from_its_id() {
        for kind in KINDS {
            let key = if kind.id == "nodemailer" { "smtp://localhost:25" } else { "key" };
            let details = Details { loops_transactional_id: Some("cl1"), ..Details::default() };
            let made = mailer(kind.id, key, "no-reply@example.com", details).unwrap();
            if let AnyMailer::Http(made) = made {
                assert_eq!((made.service().id(), made.service().name()), (kind.id, kind.name));
            }
        }
        assert!(matches!(
            mailer("email", "smtp://localhost", "a@example.com", Details::default()),
            Ok(AnyMailer::Smtp(_))
        ));
    }

    #[test]
    fn what_is_missing_is_named_and_no_key_is() {
        let eu = Details { mailgun_region: Some("mars"), ..Details::default() };
        for (id, key, from, details, says) in [
            ("x", "k3y", "a@example.com", Details::default(), "resend, sendgrid"),
            ("resend", "", "a@example.com", Details::default(), "the key of Resend is empty"),
            ("resend", "k3y\nk3y", "a@example.com", Details::default(), "the key of Resend holds blanks"),
            ("resend", "k3y", "", Details::default(), "the sender"),
            ("loops", "k3y", "", Details::default(), "Loops needs the id of a transactional mail"),
            ("mailgun", "k3y", "a@example.com", eu, "Mailgun needs US or EU"),
            ("nodemailer", "k3y", "a@example.com", Details::default(), "write smtp://"),
        ] {
            let sentence = mailer(id, key, from, details).unwrap_err().to_string();
            assert!(sentence.contains(says) && !sentence.contains("k3y"), "{sentence}");
        }
    }
}
