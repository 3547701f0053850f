//! The nouns of the standards, each a type that only holds a valid value.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use url::Url;

/// Why a text is not the word it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}: {got:?}")]
pub struct InvalidWord {
    /// The word that was expected, for example `issuer`.
    pub what: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
    /// What was given, at most 200 characters of it.
    pub got: String,
}

impl InvalidWord {
    fn new(what: &'static str, problem: &'static str, got: &str) -> Self {
        Self { what, problem, got: got.chars().take(200).collect() }
    }
}

/// The identifier of an authorization server: an `https` URL without query or fragment (RFC 8414 §2), compared byte by
/// byte. `http` is allowed only for loopback hosts.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    /// Reads an issuer. One slash at the end is kept as it is: whether it belongs there is for the provider to say.
    ///
    /// # Errors
    /// When the text is no absolute URL, carries a query, a fragment or user information, or is `http` to a host that
    /// is not loopback.
    pub fn parse(text: &str) -> Result<Self, InvalidWord> {
        let bad = |problem| InvalidWord::new("issuer", problem, text);
        let url = Url::parse(text).map_err(|_| bad("is not an absolute URL such as https://login.example.com"))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("must not have a query or a fragment (RFC 8414 section 2)"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("must not contain user information"));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(bad("must use https (http is accepted for loopback hosts only)")),
            _ => return Err(bad("must use https")),
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// The issuer exactly as it was written: the form that is compared.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The issuer as a URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether the issuer lives on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({:?})", self.text)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Issuer {
    type Error = InvalidWord;
    fn try_from(text: String) -> Result<Self, InvalidWord> {
        Self::parse(&text)
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.text
    }
}

/// Whether the URL's host is this machine: `localhost`, `*.localhost`, `127.0.0.0/8` or `[::1]`.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Whether the URL's host is written as an address that does not belong on the public network: loopback, private,
/// link-local (cloud metadata services live there), unique local, unspecified, shared (RFC 6598) or multicast.
///
/// Names are not resolved here; only `localhost` is known by name.
#[must_use]
pub fn is_private_host(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(_)) => is_loopback(url),
        Some(url::Host::Ipv4(ip)) => is_private_v4(ip),
        Some(url::Host::Ipv6(ip)) => {
            let first = ip.segments()[0];
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || (first & 0xfe00) == 0xfc00
                || (first & 0xffc0) == 0xfe80
                || ip.to_ipv4().is_some_and(is_private_v4)
        }
        None => true,
    }
}

fn is_private_v4(ip: std::net::Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_broadcast()
        || a == 0
        || (a == 100 && (b & 0xc0) == 64)
}

macro_rules! text_word {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads the word.
            ///
            /// # Errors
            /// When the text is empty or contains control characters.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidWord> {
                let text = text.into();
                if text.is_empty() {
                    return Err(InvalidWord::new($what, "is empty", &text));
                }
                if text.chars().any(char::is_control) {
                    return Err(InvalidWord::new($what, "contains control characters", &text));
                }
                Ok(Self(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidWord;
            fn try_from(text: String) -> Result<Self, InvalidWord> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0
            }
        }
    };
}

text_word!(
    /// Our identifier at an authorization server (RFC 6749 §2.2).
    ClientId,
    "client id"
);
text_word!(
    /// The end user's identifier at the provider (`sub`, OpenID Connect Core §2). Never empty: a provider that names
    /// nobody is an error, not an anonymous user.
    Subject,
    "subject"
);

/// Where the provider sends the browser back to: an absolute URL without fragment (RFC 6749 §3.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Reads a redirect URI.
    ///
    /// # Errors
    /// When it is not an absolute `http(s)` URL, or has a fragment.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidWord> {
        let text = text.into();
        let problem = match Url::parse(&text) {
            Err(_) => Some("is not an absolute URL"),
            Ok(url) if url.fragment().is_some() => Some("must not have a fragment"),
            Ok(url) if !matches!(url.scheme(), "https" | "http") => Some("must be an http(s) URL"),
            Ok(_) => None,
        };
        match problem {
            Some(problem) => Err(InvalidWord::new("redirect URI", problem, &text)),
            None => Ok(Self(text)),
        }
    }

    /// The text, exactly as it must be registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! one_time_word {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Serialize, Deserialize)]
        pub struct $name(String);

        impl $name {
            /// Makes the value from 32 random bytes: 43 characters of base64url.
            #[must_use]
            pub fn from_random(bytes: [u8; 32]) -> Self {
                Self(URL_SAFE_NO_PAD.encode(bytes))
            }

            /// Takes a value that was made elsewhere.
            #[must_use]
            pub fn from_text(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text as it goes over the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether the text is this value; takes the same time wherever they differ. An empty value matches nothing.
            #[must_use]
            pub fn matches(&self, text: &str) -> bool {
                !self.0.is_empty() && bool::from(self.0.as_bytes().ct_eq(text.as_bytes()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

one_time_word!(
    /// The value that binds an authorization response to the browser that asked (RFC 6749 §10.12).
    State
);
one_time_word!(
    /// The value that binds an ID token to one sign-in (OpenID Connect Core §3.1.2.1).
    Nonce
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_https_or_loopback() {
        for good in [
            "https://acme.scalekit.com",
            "https://auth.acme.com/tenant",
            "http://127.0.0.1:9000",
            "http://localhost",
            "http://[::1]:3",
        ] {
            assert!(Issuer::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "acme",
            "http://acme.scalekit.com",
            "https://a?x=1",
            "https://a#f",
            "https://u@a",
            "ftp://a",
            "http://10.0.0.1",
            "javascript:alert(1)",
        ] {
            assert!(Issuer::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn issuers_are_compared_byte_by_byte() {
        assert_ne!(Issuer::parse("https://a.example").unwrap(), Issuer::parse("https://a.example/").unwrap());
        assert_ne!(Issuer::parse("https://a.example").unwrap(), Issuer::parse("https://A.example").unwrap());
    }

    // Advisories: CVE-2026-53513.
    #[test]
    fn private_hosts_are_recognised() {
        for private in [
            "http://169.254.169.254/",
            "http://10.1.2.3/",
            "http://192.168.0.1",
            "http://127.0.0.1",
            "http://localhost",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://0.0.0.0/",
            "http://100.64.0.1/",
            "http://2130706433/",
        ] {
            assert!(is_private_host(&Url::parse(private).unwrap()), "{private}");
        }
        for public in ["https://acme.scalekit.com", "https://1.1.1.1", "https://[2606:4700::1]/"] {
            assert!(!is_private_host(&Url::parse(public).unwrap()), "{public}");
        }
    }

    #[test]
    fn an_empty_state_matches_nothing() {
        assert!(!State::from_text("").matches(""));
        assert!(State::from_text("a").matches("a"));
        assert!(!State::from_text("a").matches("b"));
    }
}
