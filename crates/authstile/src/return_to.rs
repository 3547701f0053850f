//! Where *we* send the browser: the same origin or an allow-listed one, by construction.

use std::fmt;

use url::Url;

/// A longer target is not remembered.
const MAX_LENGTH: usize = 1500;

/// An origin: scheme, host and port (RFC 6454), written without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// Why a text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin such as https://app.example.com")]
pub struct InvalidOrigin(pub String);

impl Origin {
    /// Reads an origin; what follows the port is ignored.
    ///
    /// # Errors
    /// When the text is no absolute `http(s)` URL.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        Url::parse(text)
            .ok()
            .and_then(|url| Self::of(&url))
            .ok_or_else(|| InvalidOrigin(text.chars().take(200).collect()))
    }

    /// The origin of a URL; `None` unless it is `http(s)`.
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        matches!(url.scheme(), "http" | "https").then(|| Self(url.origin().ascii_serialization()))
    }

    /// Host and port, as people read them: `app.example.com`, `localhost:3000`.
    #[must_use]
    pub fn host(&self) -> &str {
        self.as_str().split_once("://").map_or(self.as_str(), |(_, host)| host)
    }

    /// The text, for example `https://app.example.com`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether cookies of this origin can be `Secure`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place where the browser may be sent: an absolute URL on our own origin, or on one that the application listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Our own front door.
    #[must_use]
    pub fn origin(origin: &Origin) -> Self {
        Self(origin.as_str().to_owned())
    }

    /// The front door of an application that a proxy serves below a path.
    pub(crate) fn home(root: &str) -> Self {
        Self(root.to_owned())
    }

    /// Reads what somebody asked for: a path of ours or an absolute URL, as a browser would read it (WHATWG URL).
    /// `None` when it leads anywhere else, or is not a URL, or is too long to remember.
    #[must_use]
    pub fn parse(text: &str, origin: &Origin, allowed: &[Origin]) -> Option<Self> {
        if text.len() > MAX_LENGTH
            || text.is_empty()
            || text.chars().any(|c| c.is_control() || c == '\\')
            || text.trim() != text
        {
            return None;
        }
        if text == origin.as_str() {
            return Some(Self::origin(origin));
        }
        // A path is ours; `//host` and its disguises are not paths. What is neither a path nor http(s) is no place.
        let is_path = text.starts_with('/') && !text.starts_with("//");
        let is_absolute = ["http://", "https://"]
            .iter()
            .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        if !is_path && !is_absolute {
            return None;
        }
        let url = Url::parse(origin.as_str()).ok()?.join(text).ok()?;
        let target = Origin::of(&url)?;
        if !url.username().is_empty() || url.password().is_some() || (target != *origin && !allowed.contains(&target)) {
            return None;
        }
        let normalised = String::from(url);
        // A path such as `/./\host` or `/..//host` may become `//host` when it is written relative: we never do that.
        (normalised.len() <= MAX_LENGTH).then_some(Self(normalised))
    }

    /// Takes a place that the application itself named in its `redirect` hook.
    pub(crate) fn trusted(url: String) -> Option<Self> {
        let parsed = Url::parse(&url).ok()?;
        (matches!(parsed.scheme(), "http" | "https") && !url.chars().any(char::is_control)).then_some(Self(url))
    }

    /// The absolute URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let origin = Origin::parse("https://app.example").unwrap();
        let allowed = [Origin::parse("https://partner.example").unwrap()];
        ReturnTo::parse(text, &origin, &allowed).map(|target| target.0)
    }

    #[test]
    fn our_own_places_are_kept() {
        for (text, target) in [
            ("https://app.example", "https://app.example"),
            ("/", "https://app.example/"),
            ("/dash?x=1#y", "https://app.example/dash?x=1#y"),
            ("https://app.example/dash", "https://app.example/dash"),
            ("HTTPS://APP.example:443/dash", "https://app.example/dash"),
            ("https://partner.example/back", "https://partner.example/back"),
            ("/a/../b", "https://app.example/b"),
            ("/ä", "https://app.example/%C3%A4"),
        ] {
            assert_eq!(read(text).as_deref(), Some(target), "{text}");
        }
    }

    #[test]
    fn a_hook_may_lead_elsewhere_but_only_over_http() {
        assert!(ReturnTo::trusted("https://elsewhere.example/x".to_owned()).is_some());
        for bad in ["javascript:alert(1)", "data:text/html,x", "/relative", "https://a/\r\nX: y"] {
            assert!(ReturnTo::trusted(bad.to_owned()).is_none(), "{bad}");
        }
    }
}
