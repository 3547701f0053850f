//! Access tokens that are presented to the application's own API: by a user's program, by a machine or by an agent.
//!
//! An API that is protected with tokens needs no sign-in, no cookie and no secret: only the name of who issues the tokens
//! and its own name, the audience. This is the network around [`access_token::verify`]: discovery and keys, cached.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use authstile_oauth::access_token::{self, AccessTokenError, Expected, VerifiedAccessToken};
use authstile_oauth::jose::jwk::{JwkSet, KeyError};
use authstile_oauth::jose::jws::{self, SignatureError};
use authstile_oauth::metadata::{ServerMetadata, check_endpoint};
use authstile_oauth::secret::AccessToken;
use authstile_oauth::word::Issuer;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use serde_json::json;
use url::Url;

use crate::cached::Cached;
use crate::clock::{Clock, SystemClock};
use crate::error::ConfigError;
use crate::registry::ProviderError;
use crate::transport::Transport;

/// Verifies the access tokens of requests to an API. Clones share their keys.
///
/// ```
/// use authstile::ApiTokens;
///
/// # fn tokens(transport: impl authstile::Transport + 'static) -> Result<ApiTokens, authstile::ConfigError> {
/// let tokens = ApiTokens::builder("https://login.acme.example")
///     .audience("https://api.acme.example")
///     .scope("notes:read")
///     .transport(transport)
///     .build()?;
/// # Ok(tokens)
/// # }
/// # async fn handle(tokens: ApiTokens, request: http::Request<bytes::Bytes>) -> http::Response<bytes::Bytes> {
/// let token = match tokens.authenticate(request.headers(), &["notes:write"]).await {
///     Ok(token) => token,
///     Err(error) => return tokens.refusal(&error),
/// };
/// let organization = token.text("oid");
/// # http::Response::default()
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ApiTokens(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The first is the one that is discovered.
    issuers: Vec<Issuer>,
    audiences: Vec<String>,
    scopes: Vec<String>,
    configured_keys: Option<Url>,
    algorithms: Option<Vec<String>>,
    resource_metadata: Option<String>,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    discovery: Cached<ServerMetadata, ProviderError>,
    keys: Cached<JwkSet, ProviderError>,
    /// Why the last look for newer keys found none.
    refetch_failure: RwLock<Option<ProviderError>>,
}

/// Why a request to an API is refused.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ApiTokenError {
    /// The caller shows no bearer token.
    #[error("the request has no Authorization header with a bearer token")]
    Missing,
    /// The caller shows something that cannot be read as one token.
    #[error("the Authorization header {0}")]
    Malformed(&'static str),
    /// The token is not good: expired, of another issuer, for another API, not a token at all.
    #[error("access token: {0}")]
    Invalid(AccessTokenError),
    /// The token is good, but not for this.
    #[error("access token: the scopes {missing:?} are missing; the token has {got:?}")]
    InsufficientScope {
        /// What this request takes.
        required: Vec<String>,
        /// What of it the token lacks.
        missing: Vec<String>,
        /// What the token has, each clipped.
        got: Vec<String>,
    },
    /// Nothing can be said, because who issues the tokens cannot be asked for its keys, or answers wrongly.
    #[error("the issuer of access tokens: {0}")]
    Provider(ProviderError),
}

impl ApiTokens {
    /// For tokens of this issuer, whose keys are discovered (OpenID Connect Discovery 1.0).
    pub fn builder(issuer: impl Into<String>) -> ApiTokensBuilder {
        ApiTokensBuilder { issuers: vec![issuer.into()], ..ApiTokensBuilder::default() }
    }

    /// Verifies the token of a request, good for the scopes of the builder and for these. The token is taken from the
    /// `Authorization` header and from nowhere else: what is in an address ends up in logs (RFC 9700 §4.3.2).
    ///
    /// # Errors
    /// See [`ApiTokenError`]; [`refusal`](Self::refusal) makes an answer of it.
    pub async fn authenticate(
        &self,
        headers: &HeaderMap,
        scopes: &[&str],
    ) -> Result<VerifiedAccessToken, ApiTokenError> {
        self.verify_with_scopes(bearer_token(headers)?, scopes).await
    }

    /// Verifies a token that is good for the scopes of the builder.
    ///
    /// # Errors
    /// See [`ApiTokenError`].
    pub async fn verify(&self, token: &str) -> Result<VerifiedAccessToken, ApiTokenError> {
        self.verify_with_scopes(token, &[]).await
    }

    /// Verifies a token that is good for the scopes of the builder and for these.
    ///
    /// # Errors
    /// See [`ApiTokenError`].
    pub async fn verify_with_scopes(&self, token: &str, scopes: &[&str]) -> Result<VerifiedAccessToken, ApiTokenError> {
        check_syntax(token)?;
        let required: Vec<&str> = self.0.scopes.iter().map(String::as_str).chain(scopes.iter().copied()).collect();
        let token = AccessToken::new(token);
        let algorithms = self.0.algorithms().await.map_err(ApiTokenError::Provider)?;
        let now = self.0.clock.now();
        let verify = |keys: &JwkSet| {
            let expected = Expected {
                issuers: &self.0.issuers,
                audiences: &self.0.audiences,
                scopes: &required,
                algorithms: &algorithms,
                now: now.seconds(),
            };
            access_token::verify(&token, keys, &expected)
        };
        let keys = self.0.keys.get(now, || self.0.fetch_keys()).await.map_err(ApiTokenError::Provider)?;
        let verdict = match verify(&keys) {
            Err(AccessTokenError::Signature(SignatureError::Key(KeyError::UnknownKid { .. }))) => {
                tracing::info!("an access token names a key that is not known: fetching the keys again");
                let newer = self.0.newer_keys(&keys).await.map_err(ApiTokenError::Provider)?;
                verify(&newer)
            }
            verdict => verdict,
        };
        verdict.map_err(|error| match error {
            AccessTokenError::Scope { missing, got } => {
                ApiTokenError::InsufficientScope { required: owned(&required), missing, got }
            }
            error => ApiTokenError::Invalid(error),
        })
    }

    /// The answer to a request that is refused: status, `WWW-Authenticate`, `no-store` and a little JSON. Writes the error
    /// to the log.
    #[must_use]
    pub fn refusal(&self, error: &ApiTokenError) -> Response<Bytes> {
        match error {
            ApiTokenError::Provider(_) => tracing::warn!(%error, "an access token cannot be verified"),
            _ => tracing::debug!(%error, "refused a request to the API"),
        }
        let body = json!({ "error": error.code(), "error_description": error.description() });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = error.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = error.www_authenticate(self.0.resource_metadata.as_deref()) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl Inner {
    /// Which signatures are accepted: what was configured, else what the issuer advertises for its ID tokens, since it has
    /// no word for access tokens.
    async fn algorithms(&self) -> Result<Vec<String>, ProviderError> {
        match (&self.algorithms, &self.configured_keys) {
            (Some(algorithms), _) => Ok(algorithms.clone()),
            (None, Some(_)) => Ok(vec!["RS256".to_owned()]),
            (None, None) => Ok(self.metadata().await?.id_token_signing_alg_values.clone()),
        }
    }

    async fn metadata(&self) -> Result<Arc<ServerMetadata>, ProviderError> {
        let issuer = self.issuers.first().ok_or(ProviderError::MissingEndpoint("issuer"))?;
        let fetch = async || {
            let body = self.get("discovery", &ServerMetadata::well_known(issuer)).await?;
            Ok(ServerMetadata::parse(&body, issuer)?)
        };
        self.discovery.get(self.clock.now(), fetch).await
    }

    async fn fetch_keys(&self) -> Result<JwkSet, ProviderError> {
        let url = match &self.configured_keys {
            Some(url) => url.clone(),
            None => self.metadata().await?.jwks_uri.clone().ok_or(ProviderError::MissingEndpoint("jwks_uri"))?,
        };
        Ok(JwkSet::parse(&self.get("key set", &url).await?)?)
    }

    /// Other keys than the known ones, or the same when there was a look lately. If that look failed, its failure: a token
    /// whose key could not be looked for must not be called bad.
    async fn newer_keys(&self, known: &Arc<JwkSet>) -> Result<Arc<JwkSet>, ProviderError> {
        let newer = self.keys.refetch(known, self.clock.now(), || self.fetch_keys()).await;
        let mut failure = self.refetch_failure.write().unwrap_or_else(PoisonError::into_inner);
        match newer {
            Ok(newer) if Arc::ptr_eq(&newer, known) => failure.clone().map_or(Ok(newer), Err),
            Ok(newer) => {
                *failure = None;
                Ok(newer)
            }
            Err(error) => {
                *failure = Some(error.clone());
                Err(error)
            }
        }
    }

    async fn get(&self, what: &'static str, url: &Url) -> Result<Bytes, ProviderError> {
        let request = Request::get(url.as_str()).header(ACCEPT, "application/json").body(Bytes::new());
        let request = request.map_err(|_| ProviderError::Unwritable)?;
        tracing::debug!(what, %url, "asking the issuer of access tokens");
        let transport = |source| ProviderError::Transport { what, url: url.to_string(), source };
        let response = self.transport.send(request).await.map_err(transport)?;
        match response.status() {
            StatusCode::OK => Ok(response.into_body()),
            status => Err(ProviderError::Status { what, url: url.to_string(), status: status.as_u16() }),
        }
    }
}

impl ApiTokenError {
    /// The status of the answer (RFC 6750 §3.1): 401, 403 for a missing scope, 400 for a header that cannot be read, 503
    /// when nothing can be said about the token.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Invalid(_) => StatusCode::UNAUTHORIZED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::InsufficientScope { .. } => StatusCode::FORBIDDEN,
            Self::Provider(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The value of the `WWW-Authenticate` header (RFC 6750 §3), with the address of the API's own description (RFC 9728
    /// §5.1) if it has one; `None` where authenticating anew would not help. Nothing of the token is in it.
    #[must_use]
    pub fn www_authenticate(&self, resource_metadata: Option<&str>) -> Option<HeaderValue> {
        let mut parameters = vec![("realm", "OAuth".to_owned())];
        match self {
            Self::Provider(_) => return None,
            // Who shows nothing is not told of an error (RFC 6750 §3.1).
            Self::Missing => {}
            Self::Malformed(_) | Self::Invalid(_) | Self::InsufficientScope { .. } => {
                parameters.push(("error", self.code().to_owned()));
                parameters.push(("error_description", self.description().to_owned()));
            }
        }
        if let Self::InsufficientScope { required, .. } = self {
            parameters.push(("scope", required.join(" ")));
        }
        parameters.extend(resource_metadata.map(|url| ("resource_metadata", url.to_owned())));
        let parameters: Vec<String> =
            parameters.into_iter().map(|(name, value)| format!("{name}=\"{}\"", without_quotes(&value))).collect();
        HeaderValue::try_from(format!("Bearer {}", parameters.join(", "))).ok()
    }

    /// The code in the JSON of the answer: those of RFC 6750 §3.1, and two of ours where it has none.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing_token",
            Self::Malformed(_) => "invalid_request",
            Self::Invalid(_) => "invalid_token",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::Provider(_) => "temporarily_unavailable",
        }
    }

    /// What the caller is told, always in the same words: `Display` is for our log.
    #[must_use]
    pub fn description(&self) -> &'static str {
        match self {
            Self::Missing => "an access token is required",
            Self::Malformed(_) => "the Authorization header cannot be read as one bearer token",
            Self::InsufficientScope { .. } => "the access token is not good for this",
            Self::Provider(_) => "access tokens cannot be verified at the moment",
            Self::Invalid(error) => match error {
                AccessTokenError::Signature(_) => "the access token is not signed as it must be",
                AccessTokenError::Type(_) | AccessTokenError::OtherKind { .. } => "this is not an access token",
                AccessTokenError::Issuer { .. } => "the access token is of another issuer",
                AccessTokenError::Audience { .. } => "the access token is for another audience",
                AccessTokenError::Expired(_) => "the access token is expired",
                AccessTokenError::NotYetValid { .. } => "the access token is not valid yet",
                AccessTokenError::Bound => "the access token is bound to a key, and this API takes bearer tokens only",
                _ => "the access token is not valid",
            },
        }
    }
}

/// The bearer token of a request: one `Authorization` header, in it the scheme, whatever its case, and a token (RFC 6750
/// §2.1). Who uses another scheme shows no token.
fn bearer_token(headers: &HeaderMap) -> Result<&str, ApiTokenError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(ApiTokenError::Missing)?;
    if values.next().is_some() {
        return Err(ApiTokenError::Malformed("comes more than once"));
    }
    let value = value.to_str().map_err(|_| ApiTokenError::Malformed("is not ASCII"))?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiTokenError::Missing);
    }
    Ok(token.trim_start_matches(' '))
}

/// `b64token` of RFC 6750 §2.1, before anything is done about it.
fn check_syntax(token: &str) -> Result<(), ApiTokenError> {
    let body = token.trim_end_matches('=');
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    match body {
        "" => Err(ApiTokenError::Malformed("has no token after the scheme")),
        _ if token.len() > jws::MAX_LENGTH => Err(ApiTokenError::Malformed("has a token longer than 64 KiB")),
        _ if !body.bytes().all(good) => Err(ApiTokenError::Malformed("has characters that no token has")),
        _ => Ok(()),
    }
}

/// What may stand between quotes in the header (RFC 6750 §3).
fn without_quotes(text: &str) -> String {
    text.chars().filter(|letter| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\')).collect()
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// Says which tokens an API accepts.
#[derive(Default)]
#[must_use]
pub struct ApiTokensBuilder {
    issuers: Vec<String>,
    audiences: Vec<String>,
    scopes: Vec<String>,
    jwks_uri: Option<String>,
    algorithms: Option<Vec<String>>,
    resource_metadata: Option<String>,
    transport: Option<Arc<dyn Transport>>,
    clock: Option<Arc<dyn Clock>>,
}

impl ApiTokensBuilder {
    /// Another name of the same issuer, whose tokens are signed with the same keys: for a server that puts the address of
    /// a resource into `iss`, or that moves to another domain. Issuers with keys of their own need [`ApiTokens`] of their
    /// own.
    pub fn also_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// A name of this API, for one of which a token must be made. At least one is required: who does not check the
    /// audience accepts tokens that were given to somebody else's API.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// A scope that every token must have.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Where the keys are, for an issuer that is not discovered. Then signatures must be `RS256`, or what
    /// [`algorithms`](Self::algorithms) says.
    pub fn jwks_uri(mut self, jwks_uri: impl Into<String>) -> Self {
        self.jwks_uri = Some(jwks_uri.into());
        self
    }

    /// The signature algorithms that are accepted, instead of those that are discovered.
    pub fn algorithms<T: Into<String>>(mut self, algorithms: impl IntoIterator<Item = T>) -> Self {
        self.algorithms = Some(algorithms.into_iter().map(Into::into).collect());
        self
    }

    /// The address of the API's description (`/.well-known/oauth-protected-resource`, RFC 9728), which a refusal names, so
    /// that an agent finds out where to get a token (Model Context Protocol).
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        self.resource_metadata = Some(url.into());
        self
    }

    /// The way to the network: `authstile_reqwest::ReqwestTransport` in production.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Another clock, for tests.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Checks everything that can be checked without the network.
    ///
    /// # Errors
    /// When there is no audience or no transport, or when a name or an address is none.
    pub fn build(self) -> Result<ApiTokens, ConfigError> {
        let of = self.issuers.first().cloned().unwrap_or_default();
        let wrong = |problem: String| ConfigError::Provider { provider: of.clone(), problem };
        let issuers = self.issuers.iter().map(|issuer| Issuer::parse(issuer)).collect::<Result<Vec<_>, _>>();
        let issuers = issuers.map_err(|error| wrong(error.to_string()))?;
        if self.audiences.is_empty() {
            let problem =
                "no audience: add `.audience(\"…\")` with the name of your API, as its tokens have it in `aud`";
            return Err(wrong(problem.to_owned()));
        }
        if self.audiences.iter().any(String::is_empty) {
            return Err(wrong("an audience is empty".to_owned()));
        }
        if let Some(scope) = self.scopes.iter().find(|scope| !is_scope(scope)) {
            return Err(wrong(format!("{scope:?} is no scope: one word without quotes and backslashes")));
        }
        if self.algorithms.as_ref().is_some_and(Vec::is_empty) {
            return Err(wrong("the list of algorithms is empty, so that no token would be accepted".to_owned()));
        }
        let endpoint = |name, url: Option<&String>| match (url, issuers.first()) {
            (Some(url), Some(issuer)) => configured(name, url, issuer).map(Some).map_err(wrong),
            _ => Ok(None),
        };
        let configured_keys = endpoint("jwks_uri", self.jwks_uri.as_ref())?;
        let resource_metadata = endpoint("resource_metadata", self.resource_metadata.as_ref())?;
        Ok(ApiTokens(Arc::new(Inner {
            configured_keys,
            resource_metadata: resource_metadata.map(String::from),
            issuers,
            audiences: self.audiences,
            scopes: self.scopes,
            algorithms: self.algorithms,
            transport: self.transport.ok_or(ConfigError::MissingTransport)?,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            discovery: Cached::default(),
            keys: Cached::default(),
            refetch_failure: RwLock::default(),
        })))
    }
}

impl fmt::Debug for ApiTokensBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiTokensBuilder")
            .field("issuers", &self.issuers)
            .field("audiences", &self.audiences)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// An address that the application gives: it may be anywhere, but not readable by everyone.
fn configured(name: &'static str, text: &str, issuer: &Issuer) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" => Ok(url),
        _ => check_endpoint(name, text, issuer).map_err(|error| error.to_string()),
    }
}

/// `scope-token` of RFC 6749 §3.3.
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}
