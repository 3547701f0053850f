//! The origins that are ours, where there are several: each as it is, or those of all tenants below a domain.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use crate::authority::Scheme;
use crate::return_to::Origin;

/// One origin, `https://app.example.com`, or those one label below a domain: `https://*.tenant.app`.
///
/// The `*` stands for exactly one label, the left-most: neither `https://tenant.app` nor `https://a.b.tenant.app` matches.
/// Scheme and port are exact; hosts are compared in lower case and in punycode, without a dot at the end.
///
/// ```
/// use authstile::{Origin, OriginPattern};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tenants = OriginPattern::parse("https://*.tenant.app")?;
/// assert!(tenants.matches(&Origin::parse("https://acme.tenant.app")?));
/// assert!(!tenants.matches(&Origin::parse("https://acme.tenant.app.evil.example")?));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPattern(Shape);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    Exactly(Origin),
    /// What stands before the label and behind it: `https://` and `.tenant.app`.
    Below(Scheme, String),
}

/// Why a text is no pattern of origins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} {problem}: write an origin such as https://app.example.com or https://*.tenant.app")]
pub struct InvalidOriginPattern {
    /// The text, at most 200 characters of it.
    pub text: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl OriginPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is none, or when its `*` could stand for a domain of anybody: directly above a single label, or above a
    /// registry's such as `co.uk`. Only `*.localhost` is allowed, for development.
    pub fn parse(text: &str) -> Result<Self, InvalidOriginPattern> {
        let bad = |problem| InvalidOriginPattern { text: text.chars().take(200).collect(), problem };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad("has no scheme"))?;
        let scheme = Scheme::parse(scheme).ok_or_else(|| bad("is neither http nor https"))?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '\\']) {
            return Err(bad("has more than a scheme, a host and a port"));
        }
        if rest.contains('@') {
            return Err(bad("has user information"));
        }
        if rest.contains('%') || rest.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(bad("has characters that no host has"));
        }
        let (below, rest) = rest.strip_prefix("*.").map_or((false, rest), |domain| (true, domain));
        if rest.contains('*') {
            return Err(bad("may have one *, in place of the whole left-most label"));
        }
        let url = Url::parse(&format!("{}://{rest}", scheme.as_str())).map_err(|_| bad("is no origin"))?;
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host);
        if host.split('.').any(str::is_empty) {
            return Err(bad("has an empty label"));
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        if !below {
            let origin = Origin::parse(&format!("{}://{host}{port}", scheme.as_str()));
            return Ok(Self(Shape::Exactly(origin.map_err(|_| bad("is no origin"))?)));
        }
        if !matches!(url.host(), Some(Host::Domain(_))) {
            return Err(bad("has a * before an address"));
        }
        if is_anybodys(host) {
            return Err(bad("has a * where everybody can have a name"));
        }
        Ok(Self(Shape::Below(scheme, format!(".{host}{port}"))))
    }

    /// Whether an origin is one of these.
    #[must_use]
    pub fn matches(&self, origin: &Origin) -> bool {
        match &self.0 {
            Shape::Exactly(own) => own == origin,
            Shape::Below(scheme, domain) => origin
                .as_str()
                .strip_prefix(scheme.as_str())
                .and_then(|rest| rest.strip_prefix("://"))
                .and_then(|rest| rest.strip_suffix(domain.as_str()))
                .is_some_and(|label| !label.is_empty() && !label.contains(['.', ':', '[', '@', '/'])),
        }
    }

    /// The origin, where it is only one.
    #[must_use]
    pub fn as_origin(&self) -> Option<&Origin> {
        match &self.0 {
            Shape::Exactly(origin) => Some(origin),
            Shape::Below(..) => None,
        }
    }
}

/// Names directly below are given to anybody who asks a registry. This is no list of all of those.
fn is_anybodys(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    match *labels.as_slice() {
        [only] => only != "localhost",
        [second, top] => top.len() == 2 && matches!(second, "co" | "com" | "net" | "org" | "gov" | "edu" | "ac"),
        _ => false,
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Shape::Exactly(origin) => origin.fmt(f),
            Shape::Below(scheme, domain) => write!(f, "{}://*{domain}", scheme.as_str()),
        }
    }
}

impl FromStr for OriginPattern {
    type Err = InvalidOriginPattern;

    fn from_str(text: &str) -> Result<Self, InvalidOriginPattern> {
        Self::parse(text)
    }
}

impl From<Origin> for OriginPattern {
    fn from(origin: Origin) -> Self {
        Self(Shape::Exactly(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, origin: &str) -> bool {
        OriginPattern::parse(pattern).unwrap().matches(&Origin::parse(origin).unwrap())
    }

    #[test]
    fn patterns_have_one_spelling() {
        for (text, normal) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.com:443/", "https://app.example.com"),
            ("http://app.example.com.:80", "http://app.example.com"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("https://*.Bücher.example:8443", "https://*.xn--bcher-kva.example:8443"),
            ("http://*.localhost:3000", "http://*.localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(OriginPattern::parse(text).unwrap().to_string(), normal, "{text}");
        }
    }

    #[test]
    fn what_could_be_anybodys_is_no_pattern() {
        for bad in [
            "",
            "*",
            "app.example.com",
            "*.example.com",
            "ftp://a.example",
            "https://",
            "https://*",
            "https://*.com",
            "https://*.com.",
            "https://*.co.uk",
            "https://*.127.0.0.1",
            "https://*.[::1]",
            "https://a.*.example.com",
            "https://*a.example.com",
            "https://a*.example.com",
            "https://*.*.example.com",
            "https://**.example.com",
            "https://*.example.*",
            "https://user@app.example.com",
            "https://app.example.com@evil.example",
            "https://app.example.com/path",
            "https://app.example.com?x",
            "https://app.example.com#x",
            "https://app.example.com\\x",
            "https://%61pp.example.com",
            "https://app .example.com",
            "https://app.example.com:99999",
            "https://app..example.com",
        ] {
            assert!(OriginPattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn cve_2024_56734_a_pattern_matches_its_own_and_nobody_elses() {
        let tenants = "https://*.tenant.app";
        for own in ["https://a.tenant.app", "https://A.Tenant.App", "https://xn--bcher-kva.tenant.app:443"] {
            assert!(matches(tenants, own), "{own}");
        }
        for other in [
            "https://tenant.app",
            "https://a.b.tenant.app",
            "https://eviltenant.app",
            "https://evil-tenant.app",
            "https://a.tenant.app.evil.example",
            "https://a.tenant.app:8443",
            "http://a.tenant.app",
            "https://a.tenant.app@evil.example",
            "https://evil.example/.tenant.app",
            "https://evil.example#.tenant.app",
            "https://[::1]",
            "https://127.0.0.1",
        ] {
            assert!(!matches(tenants, other), "{other}");
        }
        assert!(matches("https://*.tenant.app:8443", "https://a.tenant.app:8443"));
        assert!(!matches("https://*.tenant.app:8443", "https://a.tenant.app"));
        assert!(matches("https://a.com", "https://A.com"));
        for other in
            ["https://evil-a.com", "https://a.com.evil", "http://a.com", "https://a.com:444", "https://a.com@b.c"]
        {
            assert!(!matches("https://a.com", other), "{other}");
        }
    }
}
