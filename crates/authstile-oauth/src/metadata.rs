//! What an authorization server says about itself (OpenID Connect Discovery 1.0, RFC 8414).

use crate::json_problem;
use serde::Deserialize;
use url::Url;

use crate::tenant::Tenants;
use crate::word::{Issuer, is_loopback, is_private_host};

/// The discovery document, with every endpoint checked: `https`, or on loopback like the issuer itself.
#[derive(Debug, Clone)]
pub struct ServerMetadata {
    /// Byte for byte the issuer that was configured.
    pub issuer: Issuer,
    /// Whose tokens are accepted, where the issuer has tenants; then `issuer` is nobody's in particular.
    pub tenants: Option<Tenants>,
    /// Where browsers are sent to sign in.
    pub authorization_endpoint: Option<Url>,
    /// Where codes become tokens.
    pub token_endpoint: Option<Url>,
    /// Where an access token becomes claims.
    pub userinfo_endpoint: Option<Url>,
    /// Where authorization requests are pushed to (RFC 9126 §5).
    pub pushed_authorization_request_endpoint: Option<Url>,
    /// Where tokens are revoked (RFC 7009).
    pub revocation_endpoint: Option<Url>,
    /// Where tokens are looked up (RFC 7662).
    pub introspection_endpoint: Option<Url>,
    /// The same endpoints for clients that present a certificate, where they lie elsewhere (RFC 8705 §5).
    pub mtls_endpoint_aliases: EndpointAliases,
    /// Where the signing keys are.
    pub jwks_uri: Option<Url>,
    /// Where a browser is sent to end the provider's session (OpenID Connect RP-Initiated Logout 1.0).
    pub end_session_endpoint: Option<Url>,
    /// Signature algorithms of DPoP proofs (RFC 9449 §5.1); `None`: tokens are not bound to keys, or nothing is said.
    pub dpop_signing_alg_values: Option<Vec<String>>,
    /// Signature algorithms of ID tokens, as advertised; `RS256` when nothing is advertised.
    pub id_token_signing_alg_values: Vec<String>,
    /// Signature algorithms of userinfo answers, as advertised; those of ID tokens when nothing is advertised.
    pub userinfo_signing_alg_values: Vec<String>,
    /// Client authentication methods of the token endpoint, `None` when nothing is advertised.
    pub token_endpoint_auth_methods: Option<Vec<String>>,
    /// Algorithms of client assertions, `None` when nothing is advertised.
    pub token_endpoint_auth_signing_alg_values: Option<Vec<String>>,
    /// Algorithms of signed request objects, `None` when nothing is advertised.
    pub request_object_signing_alg_values: Option<Vec<String>>,
    /// Algorithms of signed authorization responses (JARM), as advertised; `RS256` when nothing is advertised.
    pub authorization_signing_alg_values: Vec<String>,
    /// Whether authorization requests must be pushed (RFC 9126 §5).
    pub require_pushed_authorization_requests: bool,
    /// Whether authorization requests must be signed (RFC 9101 §10.5).
    pub require_signed_request_object: bool,
    /// Whether every authorization response carries `iss` (RFC 9207 §3).
    pub authorization_response_iss: bool,
}

/// Endpoints for clients that present a certificate (RFC 8705 §5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the names are those of the metadata
pub struct EndpointAliases {
    pub token_endpoint: Option<Url>,
    pub pushed_authorization_request_endpoint: Option<Url>,
    pub userinfo_endpoint: Option<Url>,
    pub revocation_endpoint: Option<Url>,
    pub introspection_endpoint: Option<Url>,
}

/// Why a discovery document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The body is not the JSON object that the standard describes.
    #[error("the discovery document is not usable JSON: {0}")]
    NotJson(String),
    /// The document describes somebody else (OpenID Connect Discovery §4.3).
    #[error(
        "the discovery document names issuer {got:?}, but {expected:?} was configured; set the issuer to what the provider says, byte for byte"
    )]
    IssuerMismatch {
        /// The configured issuer.
        expected: String,
        /// What the document says.
        got: String,
    },
    /// An endpoint is not a URL that we may talk to.
    #[error("{name} {problem}: {url:?}")]
    Endpoint {
        /// The member of the document.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
        /// The URL as given.
        url: String,
    },
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    pushed_authorization_request_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
    #[serde(default)]
    mtls_endpoint_aliases: Option<Aliases>,
    jwks_uri: Option<String>,
    end_session_endpoint: Option<String>,
    dpop_signing_alg_values_supported: Option<Vec<String>>,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    userinfo_signing_alg_values_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    request_object_signing_alg_values_supported: Option<Vec<String>>,
    authorization_signing_alg_values_supported: Option<Vec<String>>,
    require_pushed_authorization_requests: Option<bool>,
    require_signed_request_object: Option<bool>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: Option<bool>,
}

#[derive(Deserialize, Default)]
struct Aliases {
    token_endpoint: Option<String>,
    pushed_authorization_request_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
}

impl ServerMetadata {
    /// Where the document of an issuer lies: its path, then `/.well-known/openid-configuration`.
    #[must_use]
    pub fn well_known(issuer: &Issuer) -> Url {
        let mut url = issuer.url().clone();
        let path = format!("{}/.well-known/openid-configuration", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    /// Reads the document that was fetched for `expected`.
    ///
    /// # Errors
    /// When it is not the JSON that the standard describes, names another issuer, or names an endpoint that we must not
    /// talk to.
    pub fn parse(body: &[u8], expected: &Issuer) -> Result<Self, MetadataError> {
        Self::parse_if(body, expected, |issuer| (issuer == expected.as_str()).then_some(None))
    }

    /// The same for a provider with tenants: the issuer may have a gap for the tenant. See [`Tenants::of`].
    ///
    /// # Errors
    /// As above; the issuer may only differ in the tenant.
    pub fn parse_with_tenants(body: &[u8], expected: &Issuer, allowed: &[String]) -> Result<Self, MetadataError> {
        Self::parse_if(body, expected, |issuer| Tenants::of(issuer, expected, allowed).map(Some))
    }

    fn parse_if(
        body: &[u8],
        expected: &Issuer,
        accept: impl FnOnce(&str) -> Option<Option<Tenants>>,
    ) -> Result<Self, MetadataError> {
        let document: Document =
            serde_json::from_slice(body).map_err(|error| MetadataError::NotJson(json_problem(&error)))?;
        let tenants = accept(&document.issuer).ok_or_else(|| MetadataError::IssuerMismatch {
            expected: expected.as_str().to_owned(),
            got: document.issuer.chars().take(200).collect(),
        })?;
        let id_token_signing_alg_values = document
            .id_token_signing_alg_values_supported
            .filter(|list| !list.is_empty())
            .unwrap_or_else(|| vec!["RS256".to_owned()]);
        let endpoint = |name, url: Option<String>| url.map(|url| check_endpoint(name, &url, expected)).transpose();
        let aliases = document.mtls_endpoint_aliases.unwrap_or_default();
        let alias = |url| endpoint("an endpoint of mtls_endpoint_aliases", url);
        Ok(Self {
            issuer: expected.clone(),
            tenants,
            authorization_endpoint: endpoint("authorization_endpoint", document.authorization_endpoint)?,
            token_endpoint: endpoint("token_endpoint", document.token_endpoint)?,
            userinfo_endpoint: endpoint("userinfo_endpoint", document.userinfo_endpoint)?,
            pushed_authorization_request_endpoint: endpoint(
                "pushed_authorization_request_endpoint",
                document.pushed_authorization_request_endpoint,
            )?,
            revocation_endpoint: endpoint("revocation_endpoint", document.revocation_endpoint)?,
            introspection_endpoint: endpoint("introspection_endpoint", document.introspection_endpoint)?,
            mtls_endpoint_aliases: EndpointAliases {
                token_endpoint: alias(aliases.token_endpoint)?,
                pushed_authorization_request_endpoint: alias(aliases.pushed_authorization_request_endpoint)?,
                userinfo_endpoint: alias(aliases.userinfo_endpoint)?,
                revocation_endpoint: alias(aliases.revocation_endpoint)?,
                introspection_endpoint: alias(aliases.introspection_endpoint)?,
            },
            jwks_uri: endpoint("jwks_uri", document.jwks_uri)?,
            end_session_endpoint: endpoint("end_session_endpoint", document.end_session_endpoint)?,
            dpop_signing_alg_values: document.dpop_signing_alg_values_supported,
            userinfo_signing_alg_values: document
                .userinfo_signing_alg_values_supported
                .filter(|list| list.iter().any(|name| name != "none"))
                .unwrap_or_else(|| id_token_signing_alg_values.clone()),
            id_token_signing_alg_values,
            token_endpoint_auth_methods: document.token_endpoint_auth_methods_supported,
            token_endpoint_auth_signing_alg_values: document.token_endpoint_auth_signing_alg_values_supported,
            request_object_signing_alg_values: document.request_object_signing_alg_values_supported,
            authorization_signing_alg_values: document
                .authorization_signing_alg_values_supported
                .filter(|list| !list.is_empty())
                .unwrap_or_else(|| vec!["RS256".to_owned()]),
            require_pushed_authorization_requests: document.require_pushed_authorization_requests.unwrap_or(false),
            require_signed_request_object: document.require_signed_request_object.unwrap_or(false),
            authorization_response_iss: document.authorization_response_iss_parameter_supported.unwrap_or(false),
        })
    }

    /// The metadata as a client sees them that presents a certificate: where there is an alias, it is the endpoint
    /// (RFC 8705 §5).
    #[must_use]
    pub fn over_mtls(mut self) -> Self {
        let aliases = std::mem::take(&mut self.mtls_endpoint_aliases);
        self.token_endpoint = aliases.token_endpoint.or(self.token_endpoint);
        self.pushed_authorization_request_endpoint =
            aliases.pushed_authorization_request_endpoint.or(self.pushed_authorization_request_endpoint);
        self.userinfo_endpoint = aliases.userinfo_endpoint.or(self.userinfo_endpoint);
        self.revocation_endpoint = aliases.revocation_endpoint.or(self.revocation_endpoint);
        self.introspection_endpoint = aliases.introspection_endpoint.or(self.introspection_endpoint);
        self
    }

    /// What remains of the metadata under the FAPI 2.0 Security Profile: requests are pushed, every answer carries `iss`
    /// (§5.3.2.2), clients prove themselves by a key or a certificate (§5.3.2.1), and nothing is signed but with
    /// [`FAPI2_ALGORITHMS`] (§5.4).
    #[must_use]
    pub fn under_fapi2(mut self) -> Self {
        let only = |names: &[&str], list: &mut Vec<String>| list.retain(|name| names.contains(&name.as_str()));
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        for list in [
            &mut self.id_token_signing_alg_values,
            &mut self.userinfo_signing_alg_values,
            &mut self.authorization_signing_alg_values,
            self.token_endpoint_auth_signing_alg_values.get_or_insert_with(|| all(&FAPI2_ALGORITHMS)),
            self.request_object_signing_alg_values.get_or_insert_with(|| all(&FAPI2_ALGORITHMS)),
        ] {
            only(&FAPI2_ALGORITHMS, list);
        }
        only(&FAPI2_AUTHENTICATION, self.token_endpoint_auth_methods.get_or_insert_with(|| all(&FAPI2_AUTHENTICATION)));
        self.require_pushed_authorization_requests = true;
        self.authorization_response_iss = true;
        self
    }
}

/// The algorithms of the FAPI 2.0 Security Profile (§5.4); `Ed25519` is the newer name of `EdDSA` with that curve.
pub const FAPI2_ALGORITHMS: [&str; 4] = ["PS256", "ES256", "EdDSA", "Ed25519"];

/// How clients prove themselves under the FAPI 2.0 Security Profile (§5.3.2.1).
const FAPI2_AUTHENTICATION: [&str; 3] = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"];

/// Reads an endpoint that somebody else named: `https` to a public host, or, when the issuer itself is on a loopback or
/// private address, also that. So a hostile discovery document cannot send our secrets to a metadata service.
///
/// # Errors
/// When the URL is not absolute, has a fragment or user information, or leads where it must not.
pub fn check_endpoint(name: &'static str, text: &str, issuer: &Issuer) -> Result<Url, MetadataError> {
    let bad = |problem| MetadataError::Endpoint { name, problem, url: text.chars().take(200).collect() };
    let url = Url::parse(text).map_err(|_| bad("is not an absolute URL"))?;
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(bad("must not have a fragment or user information"));
    }
    match url.scheme() {
        "https" => {}
        "http" if issuer.is_loopback() && is_loopback(&url) => {}
        _ => return Err(bad("must use https (http only on loopback, and only when the issuer is on loopback too)")),
    }
    if is_private_host(&url) && !is_private_host(issuer.url()) {
        return Err(bad("is on a private address, although the issuer is not"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer() -> Issuer {
        Issuer::parse("https://op.example").unwrap()
    }

    #[test]
    fn well_known_keeps_the_path_of_the_issuer() {
        let at = |text| ServerMetadata::well_known(&Issuer::parse(text).unwrap()).to_string();
        assert_eq!(at("https://op.example"), "https://op.example/.well-known/openid-configuration");
        assert_eq!(at("https://op.example/t/1"), "https://op.example/t/1/.well-known/openid-configuration");
        assert_eq!(at("https://op.example/t/"), "https://op.example/t/.well-known/openid-configuration");
    }

    #[test]
    fn another_issuer_is_refused_even_when_only_a_slash_differs() {
        let error = ServerMetadata::parse(br#"{"issuer":"https://op.example/"}"#, &issuer()).unwrap_err();
        assert!(matches!(error, MetadataError::IssuerMismatch { .. }), "{error}");
    }

    #[test]
    fn what_is_not_said_has_the_default_of_the_standard() {
        let metadata = ServerMetadata::parse(br#"{"issuer":"https://op.example"}"#, &issuer()).unwrap();
        assert_eq!(metadata.id_token_signing_alg_values, ["RS256"]);
        assert!(!metadata.authorization_response_iss);
    }

    #[test]
    fn aliases_are_the_endpoints_of_who_presents_a_certificate_and_of_nobody_else() {
        let body = br#"{
            "issuer": "https://op.example", "token_endpoint": "https://op.example/token",
            "userinfo_endpoint": "https://op.example/me", "revocation_endpoint": "https://op.example/revoke",
            "mtls_endpoint_aliases": {
                "token_endpoint": "https://mtls.op.example/token", "revocation_endpoint": "https://mtls.op.example/revoke",
                "pushed_authorization_request_endpoint": "https://mtls.op.example/par",
                "introspection_endpoint": "https://mtls.op.example/look", "device_authorization_endpoint": "x"
            }
        }"#;
        let plain = ServerMetadata::parse(body, &issuer()).unwrap();
        assert_eq!(plain.token_endpoint.as_ref().unwrap().as_str(), "https://op.example/token");
        assert_eq!(plain.pushed_authorization_request_endpoint, None);
        let mtls = plain.over_mtls();
        for (endpoint, expected) in [
            (mtls.token_endpoint, "https://mtls.op.example/token"),
            (mtls.pushed_authorization_request_endpoint, "https://mtls.op.example/par"),
            (mtls.userinfo_endpoint, "https://op.example/me"),
            (mtls.revocation_endpoint, "https://mtls.op.example/revoke"),
            (mtls.introspection_endpoint, "https://mtls.op.example/look"),
        ] {
            assert_eq!(endpoint.unwrap().as_str(), expected);
        }
        let inside =
            br#"{"issuer":"https://op.example","mtls_endpoint_aliases":{"token_endpoint":"https://10.0.0.1/t"}}"#;
        assert!(matches!(ServerMetadata::parse(inside, &issuer()), Err(MetadataError::Endpoint { .. })));
    }

    #[test]
    fn fapi_2_leaves_only_strong_algorithms_and_methods() {
        let body = br#"{
            "issuer": "https://op.example", "id_token_signing_alg_values_supported": ["RS256", "PS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
            "request_object_signing_alg_values_supported": ["none", "RS256", "ES256"]
        }"#;
        let metadata = ServerMetadata::parse(body, &issuer()).unwrap().under_fapi2();
        assert_eq!(metadata.id_token_signing_alg_values, ["PS256"]);
        assert_eq!(metadata.token_endpoint_auth_methods.unwrap(), ["private_key_jwt"]);
        assert_eq!(metadata.request_object_signing_alg_values.unwrap(), ["ES256"]);
        assert_eq!(metadata.token_endpoint_auth_signing_alg_values.unwrap(), FAPI2_ALGORITHMS);
        assert!(metadata.authorization_signing_alg_values.is_empty(), "RS256, the default, is not among them");
        assert!(metadata.require_pushed_authorization_requests && metadata.authorization_response_iss);
    }

    #[test]
    fn endpoints_lead_only_where_the_issuer_may() {
        let local = Issuer::parse("http://127.0.0.1:4000").unwrap();
        for (url, issuer, good) in [
            ("https://api.op.example/token", &issuer(), true),
            ("http://op.example/token", &issuer(), false),
            ("https://127.0.0.1/token", &issuer(), false),
            ("https://169.254.169.254/latest", &issuer(), false),
            ("https://[::1]/token", &issuer(), false),
            ("https://user@op.example/token", &issuer(), false),
            ("/token", &issuer(), false),
            ("http://127.0.0.1:4000/token", &local, true),
            ("http://169.254.169.254/token", &local, false),
            ("http://example.com/token", &local, false),
        ] {
            assert_eq!(check_endpoint("token_endpoint", url, issuer).is_ok(), good, "{url} for {issuer}");
        }
    }
}
