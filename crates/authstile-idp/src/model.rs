//! The words of an environment: mode, clients, organizations, connections (§0).

/// Who owns users and sessions; decides the form of `sub` and the contents of the access token (§0).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Modular SSO, "bring your own users": `sub` is `conn_…;<id at the identity provider>`. Auth.js's provider is
    /// written for this mode.
    #[default]
    Modular,
    /// Full-stack auth: `sub` is `usr_…`, the access token carries organization and session, refresh tokens exist.
    FullStack,
}

/// An application registered at the environment (§1.4).
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) post_logout_redirect_uris: Vec<String>,
    pub(crate) requires_pkce: bool,
}

impl Client {
    /// A web application: it authenticates with a secret, by HTTP Basic or in the form body.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: Some(secret.into()),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            requires_pkce: false,
        }
    }

    /// A single-page or native application: no secret, PKCE always (§1.4).
    pub fn public(id: impl Into<String>) -> Self {
        Self { secret: None, requires_pkce: true, ..Self::new(id, "") }
    }

    /// Registers a callback. Compared exactly; one `*` may stand in the left-most label of the host (§1.4).
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Registers where a logout may send the browser (§5.1). Compared as [`redirect_uri`](Self::redirect_uri) is.
    #[must_use]
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.post_logout_redirect_uris.push(uri.into());
        self
    }

    /// The dashboard's "enforce PKCE": an authorization request without a challenge is refused.
    #[must_use]
    pub fn require_pkce(mut self) -> Self {
        self.requires_pkce = true;
        self
    }

    pub(crate) fn may_return_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| matches_registered(registered, uri))
    }

    pub(crate) fn may_depart_to(&self, uri: &str) -> bool {
        self.post_logout_redirect_uris.iter().any(|registered| matches_registered(registered, uri))
    }
}

/// A customer of the application, with its domains and its connections.
#[derive(Clone, Debug)]
pub struct Organization {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) external_id: Option<String>,
    pub(crate) domains: Vec<String>,
    pub(crate) allowed_email_domains: Vec<String>,
    pub(crate) connections: Vec<Connection>,
}

impl Organization {
    /// An organization without domains or connections; `id` begins `org_` at Scalekit.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            external_id: None,
            domains: Vec::new(),
            allowed_email_domains: Vec::new(),
            connections: Vec::new(),
        }
    }

    /// Registers an `ORGANIZATION_DOMAIN`: `domain` and `login_hint` route by it (§2.3). Kept in lower case.
    #[must_use]
    pub fn domain(mut self, domain: impl AsRef<str>) -> Self {
        self.domains.push(domain.as_ref().to_ascii_lowercase());
        self
    }

    /// Registers an `ALLOWED_EMAIL_DOMAIN`: users of it may sign in, but nothing routes by it (§2.3).
    #[must_use]
    pub fn allowed_email_domain(mut self, domain: impl AsRef<str>) -> Self {
        self.allowed_email_domains.push(domain.as_ref().to_ascii_lowercase());
        self
    }

    /// Adds a connection. The first active one is used when the organization alone is named (§2.2).
    #[must_use]
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connections.push(connection);
        self
    }

    /// The application's own id of the organization, issued as `xoid` (§3.3).
    #[must_use]
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// Whether a user with this mail domain may sign in here; an organization without any domain admits all (a guess).
    pub(crate) fn admits_domain(&self, domain: &str) -> bool {
        let mut known = self.domains.iter().chain(&self.allowed_email_domains).peekable();
        known.peek().is_none() || known.any(|known| known == domain)
    }
}

/// A set-up between an organization and its own identity provider.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) enabled: bool,
}

impl Connection {
    /// An active (enabled and completed) connection; `id` begins `conn_` at Scalekit.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), enabled: true }
    }

    /// The connection exists but is switched off or unfinished.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
}

/// Exact, or with one `*` in the left-most host label of the registered URI (§1.4). The star stands for letters, digits
/// and hyphens, and never directly under a top-level domain.
fn matches_registered(registered: &str, uri: &str) -> bool {
    if registered == uri {
        return true;
    }
    let Some((before, after)) = registered.split_once('*') else {
        return false;
    };
    let in_first_label = before.split_once("://").is_some_and(|(_, label)| !label.contains(['.', '/']));
    let host_rest = after.split('/').next().unwrap_or_default();
    if !in_first_label || after.contains('*') || host_rest.matches('.').count() < 2 {
        return false;
    }
    uri.strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after))
        .is_some_and(|star| !star.is_empty() && star.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_uris_match_exactly_or_by_one_star_in_the_first_label() {
        for (registered, uri, expected) in [
            ("https://app.acme.com/cb", "https://app.acme.com/cb", true),
            ("https://app.acme.com/cb", "https://app.acme.com/cb/", false),
            ("https://app.acme.com/cb", "https://app.acme.com/cb?x=1", false),
            ("https://*.acme.com/cb", "https://one.acme.com/cb", true),
            ("https://auth-*.acme.com", "https://auth-eu.acme.com", true),
            ("https://*.acme.com/cb", "https://evil.com/x.acme.com/cb", false),
            ("https://*.acme.com/cb", "https://a.b.acme.com/cb", false),
            ("https://*.com", "https://acme.com", false),
            ("https://auth.*.acme.com", "https://auth.x.acme.com", false),
            ("https://*.*.acme.com", "https://a.b.acme.com", false),
            ("https://acme.com/*", "https://acme.com/x", false),
        ] {
            assert_eq!(matches_registered(registered, uri), expected, "{registered} {uri}");
        }
    }
}
