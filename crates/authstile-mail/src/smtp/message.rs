//! The mail as it goes over the wire (RFC 5322, RFC 2046), and its envelope.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use authstile::clock::UnixTime;
use authstile::mail::MailError;
use authstile::random::Random;
use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox as Header, MultiPart, SinglePart};

use crate::address::{Mailbox, Sender};
use crate::letter::Letter;

pub(super) struct Message<'a> {
    pub(super) from: &'a Sender,
    pub(super) to: &'a Mailbox,
    pub(super) letter: Letter,
    pub(super) now: UnixTime,
}

impl Message<'_> {
    /// The envelope, with exactly one recipient, and the bytes.
    pub(super) fn write(self, random: &dyn Random) -> Result<(Envelope, Vec<u8>), MailError> {
        let Letter { subject, text, html } = self.letter;
        let (from, to) = (wire(self.from.mailbox()), wire(self.to));
        let envelope = Envelope::new(Some(from.clone()), vec![to.clone()]).map_err(unwritable)?;
        let id = format!("<{}@{}>", word(random)?, self.from.mailbox().ascii_domain());
        let seconds = u64::try_from(self.now.seconds()).unwrap_or_default();
        // RFC 3834 §5: whoever is away does not answer.
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let part = |kind, body| SinglePart::builder().header(kind).body::<String>(body);
        let parts = MultiPart::alternative()
            .boundary(word(random)?)
            .singlepart(part(ContentType::TEXT_PLAIN, text))
            .singlepart(part(ContentType::TEXT_HTML, html));
        let message = lettre::Message::builder()
            .from(Header::new(self.from.name().map(str::to_owned), from))
            .to(Header::new(None, to))
            .subject(subject)
            .date(UNIX_EPOCH + Duration::from_secs(seconds))
            .message_id(Some(id))
            .raw_header(automatic)
            .envelope(envelope.clone())
            .multipart(parts)
            .map_err(unwritable)?;
        Ok((envelope, message.formatted()))
    }
}

/// An address on the wire: as it is, with an international domain in punycode, so that a server without SMTPUTF8 takes it.
///
/// lettre's own parser refuses addresses that exist (two dots in a row, in Japan); [`Mailbox`] has checked what matters.
fn wire(mailbox: &Mailbox) -> Address {
    Address::new_dangerous(mailbox.local(), mailbox.ascii_domain())
}

/// A word that stands nowhere else.
fn word(random: &dyn Random) -> Result<String, MailError> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes).map_err(unwritable)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

fn unwritable(error: impl fmt::Display) -> MailError {
    MailError::Unwritable(error.to_string())
}
