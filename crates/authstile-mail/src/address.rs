//! Addresses: the one recipient, checked once more, and the sender.

use std::fmt;

use authstile::mail::MailError;
use url::Host;

use crate::error::SetupError;

/// RFC 5321 §4.5.3.1.3: a path of 256 octets, without its brackets.
const LONGEST: usize = 254;

/// An address that every mail server and service reads as the same one mailbox, byte for byte as it came.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Mailbox {
    address: String,
    at: usize,
}

impl Mailbox {
    /// Checks an address, or says what is wrong with it.
    ///
    /// The engine has normalized and checked it before. Whoever sends it checks it again, because here a second reading
    /// becomes a second recipient (CVE-2022-35924, GHSA-5jpx-9hw9-2fx4, GHSA-7rqj-j65f-68wh).
    pub(crate) fn parse(address: &str) -> Result<Self, &'static str> {
        if address.chars().any(is_foreign) {
            return Err("holds blanks, control characters, quotes, brackets, commas, colons or semicolons");
        }
        let Some((local, domain)) = address.split_once('@') else {
            return Err("has no @");
        };
        if domain.contains('@') {
            return Err("has more than one @");
        }
        if local.is_empty() || domain.is_empty() {
            return Err("has nothing before or after its @");
        }
        if address.len() > LONGEST {
            return Err("is too long");
        }
        if !is_domain(&ascii(domain).ok_or("has no domain after its @")?) {
            return Err("has no domain after its @");
        }
        Ok(Self { address: address.to_owned(), at: local.len() })
    }

    /// The recipient of a mail.
    pub(crate) fn recipient(address: &str) -> Result<Self, MailError> {
        // Without the address: whose it is belongs into no log.
        Self::parse(address).map_err(|problem| MailError::Unwritable(format!("the recipient's address {problem}")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.address
    }

    pub(crate) fn local(&self) -> &str {
        self.address.get(..self.at).unwrap_or_default()
    }

    pub(crate) fn domain(&self) -> &str {
        self.address.get(self.at + 1..).unwrap_or_default()
    }

    /// The domain as mail servers know it: punycode for an international one, everything else as it came.
    pub(crate) fn ascii_domain(&self) -> String {
        ascii(self.domain()).unwrap_or_default()
    }
}

/// Characters that separate, quote or end an address somewhere, or become one that does (Unicode's full-width and small
/// forms, such as U+FF20 for `@`). Invisible ones make two addresses look like one.
fn is_foreign(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || "\",;:<>()[]\\".contains(c)
        || matches!(c, '\u{ff00}'..='\u{ffef}' | '\u{fe50}'..='\u{fe6f}')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn ascii(domain: &str) -> Option<String> {
    if domain.is_ascii() {
        return Some(domain.to_owned());
    }
    // A percent sign would be decoded on the way.
    if domain.contains('%') {
        return None;
    }
    match Host::parse(domain) {
        Ok(Host::Domain(name)) => Some(name),
        _ => None,
    }
}

fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

/// Who a mail is from: `no-reply@example.com` or `Example <no-reply@example.com>`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sender {
    name: Option<String>,
    mailbox: Mailbox,
}

impl Sender {
    pub(crate) fn parse(text: &str) -> Result<Self, SetupError> {
        let refuse = |problem| SetupError::From { problem };
        let text = text.trim();
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => (name.trim(), rest.strip_suffix('>').ok_or(refuse("does not end with >"))?),
            None => ("", text),
        };
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
        if name.chars().any(|c| c.is_control() || matches!(c, '"' | '\\' | '<' | '>' | '\u{2028}' | '\u{2029}')) {
            return Err(refuse("has a name with quotes, angle brackets, backslashes or control characters"));
        }
        let mailbox = Mailbox::parse(address).map_err(refuse)?;
        Ok(Self { name: Some(name).filter(|name| !name.is_empty()).map(str::to_owned), mailbox })
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// The same sender under a name, unless it has one.
    pub(crate) fn or_named(&self, name: &str) -> Self {
        Self { name: self.name.clone().or_else(|| Some(name.to_owned())), mailbox: self.mailbox.clone() }
    }
}

/// RFC 5322 §3.4, with the name in quotes where it needs them.
impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.mailbox.as_str();
        let plain = |c: char| c.is_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(c);
        match &self.name {
            None => f.write_str(address),
            Some(name) if name.chars().all(plain) => write!(f, "{name} <{address}>"),
            Some(name) => write!(f, "\"{name}\" <{address}>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_is_one_mailbox() {
        for good in [
            "ada@example.com",
            "ada.lovelace+tag@mail.example.com",
            "o'brien@example.com",
            "user%relay@example.com",
            "a..b.@docomo.example",
            "ada@localhost",
            "jörg@example.com",
            "ada@bücher.example",
        ] {
            let mailbox = Mailbox::parse(good).expect(good);
            assert_eq!(mailbox.as_str(), good);
            assert_eq!(format!("{}@{}", mailbox.local(), mailbox.domain()), good);
        }
    }

    // Advisories: GHSA-5jpx-9hw9-2fx4.
    #[test]
    fn whatever_could_be_read_in_two_ways_is_refused() {
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@a@b",
            "ada@example.com,eve@evil.example",
            "ada@example.com;eve@evil.example",
            "\"ada@evil.example\"@example.com",
            "\"ada\"@example.com",
            "Ada <ada@example.com>",
            "<ada@example.com>",
            "ada@example.com>",
            "ada@example.com> ORCPT=x",
            "ada @example.com",
            " ada@example.com",
            "ada@example.com ",
            "ada@example.com\r\nRCPT TO:<eve@evil.example>",
            "ada@example.com\nBcc: eve@evil.example",
            "ada\0@example.com",
            "ada\u{a0}b@example.com",
            "ada\u{85}@example.com",
            "ada\u{ff20}evil.example@example.com",
            "ada\u{fe6b}evil.example@example.com",
            "ada@example.com\u{ff0c}eve",
            "ada\u{202e}@example.com",
            "ada\u{200b}@example.com",
            "ada@[127.0.0.1]",
            "@relay.example:ada@example.com",
            "ada(comment)@example.com",
            "ada\\@example.com",
            "ada@example..com",
            "ada@.example.com",
            "ada@example.com.",
            "ada@exa%6dple.com",
            "ada@büch%65r.example",
            "ada@exa/mple.com",
            "ada@-example.com",
        ] {
            assert!(Mailbox::parse(bad).is_err(), "{bad:?}");
            let Err(MailError::Unwritable(text)) = Mailbox::recipient(bad) else { panic!("{bad:?}") };
            assert!(!text.contains("evil") && !text.contains("ada"), "{text}");
        }
        assert!(Mailbox::parse(&format!("{}@example.com", "a".repeat(250))).is_err());
    }

    #[test]
    fn an_international_domain_has_an_ascii_form() {
        let ascii = |address| Mailbox::parse(address).unwrap().ascii_domain();
        assert_eq!(ascii("ada@bücher.example"), "xn--bcher-kva.example");
        assert_eq!(ascii("ada@Example.COM"), "Example.COM");
    }

    #[test]
    fn senders_are_read_and_written() {
        for (text, written, name) in [
            ("no-reply@example.com", "no-reply@example.com", None),
            ("<no-reply@example.com>", "no-reply@example.com", None),
            (" Acme Notes <no-reply@example.com> ", "Acme Notes <no-reply@example.com>", Some("Acme Notes")),
            ("Acme, Inc. <a@example.com>", "\"Acme, Inc.\" <a@example.com>", Some("Acme, Inc.")),
            ("\"Acme, Inc.\" <a@example.com>", "\"Acme, Inc.\" <a@example.com>", Some("Acme, Inc.")),
            ("Bücher & Mehr <a@example.com>", "Bücher & Mehr <a@example.com>", Some("Bücher & Mehr")),
        ] {
            let sender = Sender::parse(text).expect(text);
            assert_eq!((sender.to_string().as_str(), sender.name()), (written, name));
        }
        // The domain ends where the address ends.
        assert_eq!(Sender::parse("Auth <no-reply@authjs.dev>").unwrap().mailbox().domain(), "authjs.dev");
    }

    // Advisories: CVE-2022-31127.
    #[test]
    fn senders_that_would_add_a_header_or_an_address_are_refused() {
        for bad in [
            "",
            "Acme",
            "Acme <no-reply@example.com",
            "Acme <no-reply@example.com> x",
            "a@example.com, b@example.com",
            "Acme\r\nBcc: eve@evil.example <a@example.com>",
            "Acme\" <eve@evil.example>, \" <a@example.com>",
            "Acme <eve@evil.example> <a@example.com>",
            "Acme <a@example.com\r\n>",
        ] {
            let sentence = Sender::parse(bad).err().expect(bad).to_string();
            assert!(sentence.contains("write no-reply@example.com or"), "{sentence}");
        }
    }
}
