//! Applications (§1.4).

use serde_json::Value;

/// How a client proves who it is (RFC 7591 §2, `token_endpoint_auth_method`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// `none`
    None,
    /// `client_secret_basic` or `client_secret_post`
    Secret,
    /// `client_secret_jwt`
    SecretJwt,
    /// `private_key_jwt`
    PrivateKeyJwt,
    /// `self_signed_tls_client_auth`, with the thumbprint of the certificate.
    Certificate(String),
}

/// Where a client's public keys are.
#[derive(Clone, Debug)]
pub(crate) enum Keys {
    Here(Value),
    At(String),
}

/// An application registered at the environment (§1.4).
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) secret: Option<String>,
    pub(crate) keys: Option<Keys>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) post_logout_redirect_uris: Vec<String>,
    pub(crate) requires_pkce: bool,
    pub(crate) initiate_login_uri: Option<String>,
    pub(crate) back_channel_logout_uri: Option<String>,
    pub(crate) front_channel_logout_uri: Option<String>,
    pub(crate) requires_pushed_requests: bool,
    pub(crate) requires_request_object: bool,
    pub(crate) requires_dpop: bool,
}

impl Client {
    /// A web application: it authenticates with a secret, by HTTP Basic or in the form body.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            method: Method::Secret,
            secret: Some(secret.into()),
            keys: None,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            requires_pkce: false,
            initiate_login_uri: None,
            back_channel_logout_uri: None,
            front_channel_logout_uri: None,
            requires_pushed_requests: false,
            requires_request_object: false,
            requires_dpop: false,
        }
    }

    /// A single-page or native application: no secret, PKCE always (§1.4).
    pub fn public(id: impl Into<String>) -> Self {
        Self { method: Method::None, secret: None, requires_pkce: true, ..Self::new(id, "") }
    }

    /// Registers the client's public keys, a JWK Set (RFC 7517 §5): for assertions and request objects.
    #[must_use]
    pub fn jwks(mut self, keys: Value) -> Self {
        self.keys = Some(Keys::Here(keys));
        self
    }

    /// Registers where the client publishes its keys. They are asked for at every use, by way of
    /// [`IdpBuilder::key_source`](crate::IdpBuilder::key_source).
    #[must_use]
    pub fn jwks_uri(mut self, uri: impl Into<String>) -> Self {
        self.keys = Some(Keys::At(uri.into()));
        self
    }

    /// The client authenticates with assertions that one of its keys signed (RFC 7523 §2.2), and with nothing else.
    #[must_use]
    pub fn private_key_jwt(mut self) -> Self {
        self.method = Method::PrivateKeyJwt;
        self
    }

    /// The client authenticates with assertions keyed with its secret (OpenID Connect Core §9), and with nothing else.
    #[must_use]
    pub fn client_secret_jwt(mut self) -> Self {
        self.method = Method::SecretJwt;
        self
    }

    /// The client authenticates with the TLS certificate of this
    /// [`thumbprint`](crate::ClientCertificate::thumbprint) (RFC 8705 §2.2), and with nothing else.
    #[must_use]
    pub fn tls_client_auth(mut self, thumbprint: impl Into<String>) -> Self {
        self.method = Method::Certificate(thumbprint.into());
        self
    }

    /// An authorization request of this client must have been pushed (RFC 9126 §6).
    #[must_use]
    pub fn require_pushed_requests(mut self) -> Self {
        self.requires_pushed_requests = true;
        self
    }

    /// An authorization request of this client must be a signed request object (RFC 9101 §10.5).
    #[must_use]
    pub fn require_request_object(mut self) -> Self {
        self.requires_request_object = true;
        self
    }

    /// This client gets no token without a DPoP proof (RFC 9449 §5.2, `dpop_bound_access_tokens`).
    #[must_use]
    pub fn require_dpop(mut self) -> Self {
        self.requires_dpop = true;
        self
    }

    /// The page that logs the browser out of the application, shown in a frame of the provider's logout page (OpenID
    /// Connect Front-Channel Logout 1.0 §2).
    #[must_use]
    pub fn front_channel_logout_uri(mut self, uri: impl Into<String>) -> Self {
        self.front_channel_logout_uri = Some(uri.into());
        self
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

    /// The Initiate login URL: where a sign-in that begins at the identity provider arrives (§4.1). Unless set, the
    /// first redirect URI stands in, as the default redirect URL does at Scalekit; which of the two wins there is not
    /// known (§12).
    #[must_use]
    pub fn initiate_login_uri(mut self, uri: impl Into<String>) -> Self {
        self.initiate_login_uri = Some(uri.into());
        self
    }

    /// Where the application wants to be told that a session has ended (§5.2).
    #[must_use]
    pub fn back_channel_logout_uri(mut self, uri: impl Into<String>) -> Self {
        self.back_channel_logout_uri = Some(uri.into());
        self
    }

    pub(crate) fn may_return_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| matches_registered(registered, uri))
    }

    pub(crate) fn may_depart_to(&self, uri: &str) -> bool {
        self.post_logout_redirect_uris.iter().any(|registered| matches_registered(registered, uri))
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
