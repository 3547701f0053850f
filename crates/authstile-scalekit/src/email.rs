//! Work e-mail addresses and their domains, as far as a sign-in needs to understand them.

use std::fmt;

/// Why a text is no e-mail address or domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{got:?} is no {what}: {problem}")]
pub struct InvalidEmail {
    /// What it was meant to be.
    pub what: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
    /// What was given, at most 100 characters of it.
    pub got: String,
}

/// A domain in lower case, such as `acme.com`. Domains match as a whole: `eu.acme.com` is another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailDomain(String);

impl EmailDomain {
    /// Reads a domain; capital letters are lowered.
    ///
    /// # Errors
    /// When the text is no host name with a dot in it. International names are written in ASCII (`xn--…`).
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        match problem_of_domain(text) {
            Some(problem) => Err(invalid("e-mail domain", problem, text)),
            None => Ok(Self(text.to_ascii_lowercase())),
        }
    }

    /// The domain, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An e-mail address whose domain is in lower case. What stands before the `@` is kept: only its owner knows whether case
/// matters there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    local: String,
    domain: EmailDomain,
}

impl EmailAddress {
    /// Reads an address as somebody types it; spaces around it are dropped.
    ///
    /// # Errors
    /// When there is not exactly one `@`, so that nobody can read another domain out of it than we do; or when one of its
    /// halves is not usable.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let bad = |problem| invalid("e-mail address", problem, text);
        let (local, domain) = text.trim().rsplit_once('@').ok_or_else(|| bad("it has no @"))?;
        if local.contains('@') {
            return Err(bad("it has more than one @"));
        }
        if local.is_empty() || local.len() > 64 {
            return Err(bad("there must be 1 to 64 characters before the @"));
        }
        if local.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(bad("there is a space in it"));
        }
        let domain = EmailDomain::parse(domain).map_err(|error| bad(error.problem))?;
        Ok(Self { local: local.to_owned(), domain })
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &EmailDomain {
        &self.domain
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain.0)
    }
}

impl fmt::Display for EmailDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn problem_of_domain(text: &str) -> Option<&'static str> {
    if text.len() > 253 {
        return Some("the domain is longer than 253 characters");
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if !text.split('.').all(is_label) {
        return Some("the domain must consist of letters, digits and dashes between dots");
    }
    let (_, last) = text.rsplit_once('.').unwrap_or_default();
    if last.is_empty() {
        return Some("the domain has no dot");
    }
    // RFC 3696 §2: so that no address of a machine passes.
    last.bytes().all(|byte| byte.is_ascii_digit()).then_some("the domain ends in a number")
}

fn invalid(what: &'static str, problem: &'static str, got: &str) -> InvalidEmail {
    InvalidEmail { what, problem, got: got.chars().take(100).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_domain_and_it_is_in_lower_case() {
        for (text, written, domain) in [
            ("Ada@Acme.com", "Ada@acme.com", "acme.com"),
            (" ada@acme.com ", "ada@acme.com", "acme.com"),
            ("a&b=c@ex.com", "a&b=c@ex.com", "ex.com"),
            ("ada+x@EU.ACME.CO.UK", "ada+x@eu.acme.co.uk", "eu.acme.co.uk"),
            ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            let email = EmailAddress::parse(text).unwrap();
            assert_eq!((email.to_string().as_str(), email.domain().as_str()), (written, domain));
        }
    }

    // Advisories: CVE-2026-40574.
    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for bad in [
            "",
            "ada",
            "@acme.com",
            "ada@",
            "a@b@c.com",
            "ada@evil.com@acme.com",
            "\"a@b\"@acme.com",
            "ada@acme",
            "ada@acme.com.",
            "ada@.com",
            "ada@acme..com",
            "ada@-acme.com",
            "ada@127.0.0.1",
            "ada@[127.0.0.1]",
            "ada@acme.com/x",
            "ada@acme.com&x=y",
            "ada@acme.com:80",
            "a da@acme.com",
            "ada@ac me.com",
            "ada\n@acme.com",
            "ada@acme.com\0",
            "ada@bücher.example",
            "ada@acme%2ecom",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?}");
        }
        assert!(EmailAddress::parse(&format!("{}@acme.com", "a".repeat(65))).is_err());
        assert!(EmailDomain::parse(&format!("{}.com", "a.".repeat(130))).is_err());
    }
}
