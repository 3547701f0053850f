//! E-mail addresses that sign people in: read so that no mail server can understand another one than we do.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

/// An address that can be a key to an account: normalized (NFKC, lower case), with exactly one `@`, and with nothing in it
/// that a mailer or a mail server could take for the end of it.
///
/// Normalizing comes before looking: some characters only become an `@` or a bracket by it (GHSA-7rqj-j65f-68wh).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailIdentifier(String);

/// What somebody entered is no address that we would write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no e-mail address: {0}")]
pub struct InvalidEmailIdentifier(&'static str);

/// RFC 5321 §4.5.3.1.
const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;

impl EmailIdentifier {
    /// Reads an address as somebody typed it.
    ///
    /// # Errors
    /// When it is none, or one that is better refused: quotes, comments, lists, spaces, control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidEmailIdentifier> {
        let bad = |problem| Err(InvalidEmailIdentifier(problem));
        if text.len() > 4 * LONGEST {
            return bad("it is too long");
        }
        let address: String = text.nfkc().collect::<String>().to_lowercase();
        // Lower case can undo the normalization, such as that of İ.
        let address: String = address.trim().nfkc().collect();
        let Some((local, domain)) = address.split_once('@') else { return bad("it has no @") };
        if domain.contains('@') {
            return bad("it has more than one @");
        }
        if local.is_empty() || local.len() > LONGEST_LOCAL || address.len() > LONGEST {
            return bad("its parts are empty or too long");
        }
        if address.chars().any(is_unsafe) {
            return bad("it has a character that does not belong into an address");
        }
        if local.starts_with('.') || local.ends_with('.') || address.contains("..") {
            return bad("its dots are in the wrong places");
        }
        let labels: Vec<&str> = domain.split('.').collect();
        let sound = |label: &&str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        if !labels.iter().all(sound) || (labels.len() < 2 && domain != "localhost") {
            return bad("what stands after the @ is no domain");
        }
        Ok(Self(address))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What somebody entered as the name of an account, in the one form under which attempts at it are counted: so that no spelling
/// of it has a quota of its own (CVE-2026-47203). It is no identity; who it names, the application says.
pub(crate) fn canonical_account(entered: &str) -> String {
    match EmailIdentifier::parse(entered) {
        Ok(EmailIdentifier(address)) => address,
        Err(_) => {
            let seen = entered.nfkc().filter(|c| !c.is_whitespace() && !c.is_control() && !is_unsafe(*c));
            seen.collect::<String>().to_lowercase().nfkc().collect()
        }
    }
}

impl fmt::Display for EmailIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters that have a meaning in mail headers and commands, that cannot be seen, or that turn the direction of reading.
fn is_unsafe(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | ':' | ';' | '\\' | ',' | '|' | '%' | '!'
        )
        || matches!(u32::from(c), 0xad | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff0..=0xffff | 0xe0000..=0xe0fff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_an_account_are_one() {
        for (spellings, account) in [
            (["Ada@Acme.Example", " ada@acme.example\t", "ａｄａ＠acme.example"], "ada@acme.example"),
            (["ADA", " a\u{200b}da ", "ａｄａ"], "ada"),
        ] {
            assert!(spellings.iter().all(|spelling| canonical_account(spelling) == account), "{spellings:?}");
        }
        assert_ne!(canonical_account("ada"), canonical_account("adb"));
    }

    #[test]
    fn addresses_are_normalized() {
        for (typed, address) in [
            (" Ada@Acme.Example ", "ada@acme.example"),
            ("ada+tag@acme.example", "ada+tag@acme.example"),
            ("ａｄａ@acme.example", "ada@acme.example"),
            ("ada@büro.example", "ada@büro.example"),
            ("jörg@acme.example", "jörg@acme.example"),
            ("ada@localhost", "ada@localhost"),
        ] {
            assert_eq!(EmailIdentifier::parse(typed).map(|email| email.0), Ok(address.to_owned()), "{typed}");
        }
        let once = EmailIdentifier::parse("İx@acme.example").unwrap();
        assert_eq!(EmailIdentifier::parse(once.as_str()), Ok(once));
    }

    // Advisories: GHSA-7rqj-j65f-68wh, CVE-2026-40574.
    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let long = format!("{}@acme.example", "a".repeat(65));
        for hostile in [
            "",
            "ada",
            "@acme.example",
            "ada@",
            "a@evil.example@acme.example",
            "a\u{ff20}evil.example@acme.example",
            "a\u{fe6b}evil.example@acme.example",
            "\"a@evil.example\"@acme.example",
            "\u{ff02}a\u{ff02}@acme.example",
            "ada@acme.example,eve@evil.example",
            "ada@acme.example\u{ff0c}eve.example",
            "ada@acme.example eve@evil.example",
            "ada@acme.example\r\nBcc: eve@evil.example",
            "ada\0@acme.example",
            "ada@acme.example\0.evil.example",
            "<ada@acme.example>",
            "ada@[127.0.0.1]",
            "ada(comment)@acme.example",
            "ada;eve@acme.example",
            "ada\\@acme.example",
            "a\u{202e}da@acme.example",
            "a\u{200b}da@acme.example",
            "a%eve@acme.example",
            "evil.example!ada@acme.example",
            "ada@acme",
            "ada@acme..example",
            ".ada@acme.example",
            "ada@-acme.example",
            "ada@acme.example.",
            &long,
        ] {
            assert!(EmailIdentifier::parse(hostile).is_err(), "{hostile:?}");
        }
    }
}
