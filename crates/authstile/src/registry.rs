//! The registered providers, and what is known about each of them: discovery documents and keys, cached.
//!
//! A provider that is down stops neither the process nor anybody who does not need it just now.

use std::borrow::Cow;
use std::sync::Arc;

use authstile_oauth::access_token::{self, VerifiedAccessToken};
use authstile_oauth::authorize::{
    AuthorizationRequest, AuthorizationResponse, AuthorizationResponseError, Expected, GrantedCode, PROTOCOL_PARAMETERS,
};
use authstile_oauth::client_auth::{ClientAuthentication, NoCommonMethod};
use authstile_oauth::id_token::{self, IdToken, IdTokenError};
use authstile_oauth::jose::jwk::{JwkSet, KeyError};
use authstile_oauth::jose::jws::SignatureError;
use authstile_oauth::metadata::{MetadataError, ServerMetadata, check_endpoint};
use authstile_oauth::pkce::{PkceChallenge, PkceVerifier};
use authstile_oauth::secret::RefreshToken;
use authstile_oauth::token::{Requester, TokenError, TokenResponse};
use authstile_oauth::userinfo::UserInfoError;
use authstile_oauth::word::{ClientId, Issuer, Nonce, RedirectUri, State};
use authstile_oauth::{logout, token, userinfo};
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use serde_json::Value;
use url::Url;

use crate::cached::Cached;
use crate::clock::Clock;
use crate::model::Claims;
use crate::profile::{Expression, Mapping, Options, Sources};
use crate::provider::{GET, NonceUse, OnError, Pairs, ProfileSource, Protocol, Template, UserInfoRequest, Values};
use crate::registration::Registration;
use crate::transport::{Transport, TransportError};

/// What a provider, or the way to it, did wrong. Each leaf names what was expected and what came.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The way to the provider.
    #[error("{what} at {url}: {source}")]
    Transport {
        /// What was fetched.
        what: &'static str,
        /// Where, without query.
        url: String,
        /// Why no answer came.
        source: TransportError,
    },
    /// An endpoint answered with a status that it must not have.
    #[error("{what} at {url} answered {status}")]
    Status {
        /// What was fetched.
        what: &'static str,
        /// Where, without query.
        url: String,
        /// The status.
        status: u16,
    },
    /// The discovery document.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// An endpoint that is needed is neither discovered nor configured.
    #[error("the provider has no {0}; give it to the registration if discovery does not")]
    MissingEndpoint(&'static str),
    /// The key set.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// No way to authenticate at the token endpoint.
    #[error(transparent)]
    ClientAuthentication(#[from] NoCommonMethod),
    /// The authorization response.
    #[error(transparent)]
    Authorization(#[from] AuthorizationResponseError),
    /// The token response.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// OpenID Connect without an ID token.
    #[error(
        "the token response has no id_token, although openid was asked for; is the scope `openid` allowed for this client?"
    )]
    MissingIdToken,
    /// The ID token.
    #[error("ID token: {0}")]
    IdToken(#[from] IdTokenError),
    /// The userinfo answer.
    #[error(transparent)]
    UserInfo(#[from] UserInfoError),
    /// The profile names nobody.
    #[error("the profile names no subject")]
    MissingSubject,
    /// A request cannot be written, which only a broken endpoint can cause.
    #[error("a request to the provider cannot be written")]
    Unwritable,
}

/// One registered provider, everything about it that needs no network, and its caches.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) registration: Registration,
    pub(crate) issuer: Option<Issuer>,
    pub(crate) client_id: ClientId,
    /// The values of the card's options, and the words that follow from them.
    pub(crate) options: Options,
    pub(crate) mapping: Mapping,
    endpoints: Endpoints,
    /// As sent.
    scope: String,
    authorization_params: Vec<(String, String)>,
    token_params: Vec<(String, String)>,
    userinfo: Vec<Question>,
    discovery: Cached<ServerMetadata, ProviderError>,
    keys: Cached<JwkSet, ProviderError>,
}

/// The endpoints that are not discovered.
#[derive(Debug, Default)]
struct Endpoints {
    discovery: Option<Url>,
    authorization: Option<Url>,
    token: Option<Url>,
    jwks: Option<Url>,
    refresh: Option<Url>,
    end_session: Option<Url>,
}

/// A userinfo request of the card, parsed.
#[derive(Debug)]
struct Question {
    card: UserInfoRequest,
    url: Option<Template>,
    when: Expression,
    query: Vec<(&'static str, Template)>,
    headers: Vec<(&'static str, Template)>,
}

/// All providers, in the order of configuration.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) entries: Vec<Entry>,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

/// A provider whose endpoints are known: ready to be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolved<'a> {
    pub(crate) entry: &'a Entry,
    registry: &'a Registry,
}

impl Entry {
    /// Checks a registration, and works out everything that needs no network.
    pub(crate) fn new(registration: Registration) -> Result<Self, String> {
        let card = registration.provider;
        let options = card.option_values(&registration.options)?;
        let issuer = registration.resolve_issuer(&options)?.map(|issuer| Issuer::parse(&issuer)).transpose();
        let issuer = issuer.map_err(|error| error.to_string())?;
        if card.protocol == Protocol::Oidc && issuer.is_none() {
            return Err("an OpenID Connect provider needs its issuer".to_owned());
        }
        let given = &registration.endpoints;
        let missing = |given: &Option<Cow<'static, str>>, card: Option<&str>| given.is_none() && card.is_none();
        let plain = card.protocol == Protocol::OAuth2;
        if plain && (missing(&given.authorization, card.authorization) || missing(&given.token, card.token)) {
            return Err("an OAuth 2.0 provider needs an authorization and a token endpoint".to_owned());
        }
        if plain && card.profile_source == ProfileSource::IdToken {
            return Err("an OAuth 2.0 provider has no ID token: give it a userinfo endpoint".to_owned());
        }
        let client_id = ClientId::parse(registration.client_id.clone()).map_err(|error| error.to_string())?;
        let needs_secret = !matches!(card.client_authentication, Some(ClientAuthentication::None));
        if needs_secret && registration.client_secret.as_ref().is_some_and(|secret| secret.expose().is_empty()) {
            return Err("the client secret is empty; a public client is spelled `.without_secret()`".to_owned());
        }
        let url = |name: &'static str, given: Option<&Cow<'static, str>>, card: Option<&str>| {
            let text = match (given, card) {
                (Some(given), _) => given.to_string(),
                (None, Some(template)) => registration.fill(name, template, &options)?,
                (None, None) => return Ok(None),
            };
            configured(issuer.as_ref(), name, &text).map(Some).map_err(|error| error.to_string())
        };
        let endpoints = Endpoints {
            discovery: url("discovery", None, card.discovery)?,
            authorization: url("authorization_endpoint", given.authorization.as_ref(), card.authorization)?,
            token: url("token_endpoint", given.token.as_ref(), card.token)?,
            jwks: url("jwks_uri", given.jwks.as_ref(), card.jwks)?,
            refresh: url("refresh", None, card.refresh)?,
            end_session: url("end_session_endpoint", None, card.end_session)?,
        };
        let scope = match &registration.scope {
            Some(scope) => scope.to_string(),
            None => registration.fill("scope", card.scope, &options)?,
        };
        let scope = match card.scope_separator {
            " " => scope,
            separator => scope.split_whitespace().collect::<Vec<_>>().join(separator),
        };
        let mut authorization_params = registration.parameters(card.authorization_params, &options)?;
        for (name, value) in &registration.authorization_params {
            authorization_params.retain(|(known, _)| known != name);
            authorization_params.push((name.to_string(), value.to_string()));
        }
        let token_params = registration.parameters(card.token_request.params, &options)?;
        let userinfo = questions(&registration, &options, issuer.as_ref())?;
        let mapping = registration.mapping.compile().map_err(|error| format!("profile: {error}"))?;
        Ok(Self {
            issuer,
            client_id,
            options,
            mapping,
            endpoints,
            scope,
            authorization_params,
            token_params,
            userinfo,
            discovery: Cached::default(),
            keys: Cached::default(),
            registration,
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.registration.id
    }
}

/// The userinfo requests: the card's, the first of them perhaps elsewhere.
fn questions(registration: &Registration, options: &Options, issuer: Option<&Issuer>) -> Result<Vec<Question>, String> {
    let card = registration.provider;
    let given = registration.endpoints.userinfo.as_deref();
    let first = match card.userinfo {
        [] if card.profile_source == ProfileSource::UserInfo => &[GET][..],
        requests => requests,
    };
    let template = |text: &str| Template::parse(text).map_err(|error| format!("userinfo: {error}"));
    let pairs =
        |list: Pairs| list.iter().map(|(name, text)| Ok((*name, template(text)?))).collect::<Result<_, String>>();
    let question = |(number, request): (usize, &UserInfoRequest)| {
        let given = given.filter(|_| number == 0);
        let url = given.or(request.url).map(template).transpose()?;
        // What is known already is checked already.
        let values = Values { options, client_id: Some(&registration.client_id), ..Values::NONE };
        let complete = url.as_ref().and_then(|url| url.fill_url(&values)).or_else(|| given.map(str::to_owned));
        if let Some(text) = complete {
            configured(issuer, "userinfo_endpoint", &text).map_err(|error| error.to_string())?;
        }
        Ok(Question {
            card: *request,
            url,
            when: Expression::parse(request.when).map_err(|error| format!("userinfo: {error}"))?,
            query: pairs(request.query)?,
            headers: pairs(request.headers)?,
        })
    };
    first.iter().enumerate().map(question).collect()
}

/// An endpoint that the card or the application names: it is trusted to be where it is, but not to be readable by
/// everyone.
fn configured(issuer: Option<&Issuer>, name: &'static str, text: &str) -> Result<Url, MetadataError> {
    let bad = |problem| MetadataError::Endpoint { name, problem, url: text.to_owned() };
    let parsed = Url::parse(text).map_err(|_| bad("is not an absolute URL"))?;
    match issuer {
        Some(issuer) if parsed.scheme() == "http" => check_endpoint(name, text, issuer),
        None if parsed.scheme() == "http" && authstile_oauth::word::is_loopback(&parsed) => Ok(parsed),
        _ if parsed.scheme() == "https" => Ok(parsed),
        _ => Err(bad("must use https (http only on loopback)")),
    }
}

impl Registry {
    pub(crate) fn new(entries: Vec<Entry>, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self { entries, transport, clock }
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    pub(crate) fn find(&self, id: &str) -> Option<Resolved<'_>> {
        self.entries.iter().find(|entry| entry.id() == id).map(|entry| Resolved { entry, registry: self })
    }

    /// Sends a request and turns what can go wrong on the way into a leaf that says where.
    async fn send(&self, what: &'static str, request: Request<Bytes>) -> Result<(StatusCode, Bytes), ProviderError> {
        let url = request.uri().to_string().split('?').next().unwrap_or_default().to_owned();
        tracing::debug!(what, %url, "asking the provider");
        match self.transport.send(request).await {
            Ok(response) => Ok((response.status(), response.into_body())),
            Err(source) => Err(ProviderError::Transport { what, url, source }),
        }
    }

    async fn get(&self, what: &'static str, url: &Url) -> Result<Bytes, ProviderError> {
        let request = Request::get(url.as_str()).header(http::header::ACCEPT, "application/json").body(Bytes::new());
        match self.send(what, request.map_err(|_| ProviderError::Unwritable)?).await? {
            (StatusCode::OK, body) => Ok(body),
            (status, _) => Err(ProviderError::Status { what, url: url.to_string(), status: status.as_u16() }),
        }
    }
}

impl<'a> Resolved<'a> {
    fn provider(&self) -> &'a crate::provider::Provider {
        &self.entry.registration.provider
    }

    /// What the provider says about itself; `None` for plain OAuth, where nothing is discovered.
    async fn metadata(&self) -> Result<Option<Arc<ServerMetadata>>, ProviderError> {
        let Some(issuer) = self.entry.issuer.as_ref().filter(|_| self.provider().protocol == Protocol::Oidc) else {
            return Ok(None);
        };
        let fetch = async || {
            let well_known = || ServerMetadata::well_known(issuer);
            let document = self.entry.endpoints.discovery.clone().unwrap_or_else(well_known);
            let body = self.registry.get("discovery", &document).await?;
            Ok(ServerMetadata::parse(&body, issuer)?)
        };
        self.entry.discovery.get(self.registry.clock.now(), fetch).await.map(Some)
    }

    /// An endpoint: the configured one, else the discovered one.
    async fn endpoint(
        &self,
        name: &'static str,
        configured: Option<&Url>,
        discovered: fn(&ServerMetadata) -> Option<&Url>,
    ) -> Result<Url, ProviderError> {
        if let Some(url) = configured {
            return Ok(url.clone());
        }
        let metadata = self.metadata().await?;
        metadata.as_deref().and_then(discovered).cloned().ok_or(ProviderError::MissingEndpoint(name))
    }

    async fn token_endpoint(&self) -> Result<Url, ProviderError> {
        self.endpoint("token_endpoint", self.entry.endpoints.token.as_ref(), |metadata| {
            metadata.token_endpoint.as_ref()
        })
        .await
    }

    /// Station *ask*: the URL that the browser is sent to.
    pub(crate) async fn authorization_url(
        &self,
        redirect_uri: &RedirectUri,
        state: &State,
        nonce: &Nonce,
        challenge: &PkceChallenge,
        asked: &[(String, String)],
    ) -> Result<Url, ProviderError> {
        let provider = self.provider();
        let endpoint = self
            .endpoint("authorization_endpoint", self.entry.endpoints.authorization.as_ref(), |metadata| {
                metadata.authorization_endpoint.as_ref()
            })
            .await?;
        // Without a token endpoint nobody could come back: better said before the visitor leaves than after.
        self.token_endpoint().await?;
        let request = AuthorizationRequest {
            endpoint: &endpoint,
            client_id: &self.entry.client_id,
            redirect_uri,
            scope: &self.entry.scope,
            response_mode: provider.response_mode,
            state,
            nonce: (provider.protocol == Protocol::Oidc && provider.nonce == NonceUse::Send).then_some(nonce),
            challenge,
            extra: asked,
        };
        Ok(request.url())
    }

    /// Where the browser ends the provider's session; `None` when the provider has no such place.
    pub(crate) async fn end_session_url(
        &self,
        id_token_hint: Option<&str>,
        back: &str,
        state: &State,
    ) -> Result<Option<Url>, ProviderError> {
        let discovered = self.metadata().await?.and_then(|metadata| metadata.end_session_endpoint.clone());
        let endpoint = match discovered {
            Some(url) => Some(url),
            None => match &self.entry.registration.end_session_fallback {
                Some(text) => Some(configured(self.entry.issuer.as_ref(), "end_session_endpoint", text)?),
                None => self.entry.endpoints.end_session.clone(),
            },
        };
        Ok(endpoint
            .map(|endpoint| logout::end_session_url(&endpoint, &self.entry.client_id, id_token_hint, back, state)))
    }

    /// The authorization parameters of one sign-in: what the registration pins, then what the server chose for this
    /// visitor, then what the browser may add.
    pub(crate) fn authorization_params<'b>(
        &self,
        chosen: Vec<(String, String)>,
        browser: impl Iterator<Item = (&'b str, &'b str)>,
    ) -> Vec<(String, String)> {
        let registration = &self.entry.registration;
        let mut asked = Vec::new();
        self.add(&mut asked, self.entry.authorization_params.iter().cloned());
        self.add(&mut asked, chosen.into_iter());
        let browser = browser.filter(|(name, _)| registration.lets_browsers_set(name));
        self.add(&mut asked, browser.map(|(name, value)| (name.to_owned(), value.to_owned())));
        asked
    }

    /// Adds parameters of one source, which can replace neither the protocol's own nor those of the sources before, and
    /// can route no further where one of those has routed already. Of its own repeated names the last wins.
    fn add(&self, asked: &mut Vec<(String, String)>, source: impl Iterator<Item = (String, String)>) {
        let routing = self.entry.registration.routing;
        let routed = asked.iter().any(|(name, _)| routing.contains(&name.as_str()));
        let before = asked.len();
        for (name, value) in source {
            let taken = asked.iter().take(before).any(|(known, _)| *known == name);
            if taken || PROTOCOL_PARAMETERS.contains(&name.as_str()) || (routed && routing.contains(&name.as_str())) {
                continue;
            }
            match asked.iter_mut().skip(before).find(|(known, _)| *known == name) {
                Some((_, known)) => *known = value,
                None => asked.push((name, value)),
            }
        }
    }

    /// Station *accept*: is this the answer to that question?
    pub(crate) async fn accept(
        &self,
        response: AuthorizationResponse,
        state: &State,
    ) -> Result<GrantedCode, ProviderError> {
        let issuer_required = self.metadata().await?.is_some_and(|metadata| metadata.authorization_response_iss);
        Ok(response.accept(&Expected { state, issuer: self.entry.issuer.as_ref(), issuer_required })?)
    }

    /// Station *exchange*: a checked code becomes tokens.
    pub(crate) async fn exchange(
        &self,
        code: GrantedCode,
        verifier: PkceVerifier,
        redirect_uri: &RedirectUri,
    ) -> Result<TokenResponse, ProviderError> {
        let sent = vec![code.expose().to_owned(), verifier.expose().to_owned()];
        let endpoint = self.token_endpoint().await?;
        self.ask_for_tokens(endpoint, |requester| requester.exchange(code, verifier, redirect_uri), sent).await
    }

    /// A refresh token becomes new tokens.
    pub(crate) async fn refresh(&self, refresh_token: &RefreshToken) -> Result<TokenResponse, ProviderError> {
        let sent = vec![refresh_token.expose().to_owned()];
        let endpoint = match &self.entry.endpoints.refresh {
            Some(url) => url.clone(),
            None => self.token_endpoint().await?,
        };
        self.ask_for_tokens(endpoint, |requester| requester.refresh(refresh_token), sent).await
    }

    /// Asks the token endpoint. What was `sent` must not come back into a log.
    async fn ask_for_tokens(
        &self,
        endpoint: Url,
        request: impl FnOnce(Requester<'_>) -> Result<Request<Bytes>, http::Error>,
        sent: Vec<String>,
    ) -> Result<TokenResponse, ProviderError> {
        let advertised = self.metadata().await?;
        let secret = self.entry.registration.client_secret.as_ref();
        let methods = advertised.as_ref().and_then(|metadata| metadata.token_endpoint_auth_methods.as_deref());
        let chosen = self.provider().client_authentication;
        let authentication = ClientAuthentication::choose(chosen, methods, secret.is_some())?;
        let client_id = &self.entry.client_id;
        let requester = Requester {
            endpoint: &endpoint,
            client_id,
            client_secret: secret,
            authentication,
            extra: &self.entry.token_params,
        };
        let request = request(requester).map_err(|_| ProviderError::Unwritable)?;
        let header = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok()).map(str::to_owned);
        let (status, body) = self.registry.send("token endpoint", request).await?;
        Ok(token::parse(status, &body).map_err(|error| match error {
            TokenError::Refused { .. } => {
                let secret = secret.map(|secret| secret.expose().to_owned());
                let proof = header.as_deref().and_then(|header| header.split(' ').next_back()).map(str::to_owned);
                refused_without(status, &body, sent.into_iter().chain(secret).chain(proof))
            }
            other => other,
        })?)
    }

    /// Verifies the ID token.
    pub(crate) async fn verify(
        &self,
        tokens: &TokenResponse,
        code: &str,
        nonce: &Nonce,
    ) -> Result<IdToken, ProviderError> {
        let raw = tokens.id_token.as_ref().ok_or(ProviderError::MissingIdToken)?;
        let now = self.registry.clock.now().seconds();
        let verify = |keys: &JwkSet, metadata: &ServerMetadata| {
            let expected = id_token::Expected {
                issuer: &metadata.issuer,
                client_id: &self.entry.client_id,
                nonce,
                access_token: Some(&tokens.access_token),
                code: Some(code),
                algorithms: &metadata.id_token_signing_alg_values,
                now,
            };
            id_token::verify(raw, keys, &expected)
        };
        let unknown_key = |error: &IdTokenError| {
            matches!(error, IdTokenError::Signature(SignatureError::Key(KeyError::UnknownKid { .. })))
        };
        Ok(self.with_keys(verify, unknown_key).await??)
    }

    /// Verifies the access token, where it is a JWT that was made for us. For most providers it is not, and is theirs to
    /// read; then there is nothing to learn from it.
    pub(crate) async fn verify_access_token(&self, tokens: &TokenResponse) -> Option<VerifiedAccessToken> {
        let now = self.registry.clock.now().seconds();
        let audiences = [self.entry.client_id.as_str().to_owned()];
        let verify = |keys: &JwkSet, metadata: &ServerMetadata| {
            let expected = access_token::Expected {
                issuers: std::slice::from_ref(&metadata.issuer),
                audiences: &audiences,
                scopes: &[],
                algorithms: &metadata.id_token_signing_alg_values,
                now,
            };
            access_token::verify(&tokens.access_token, keys, &expected)
        };
        self.with_keys(verify, |_| false).await.ok()?.ok()
    }

    /// Verifies something with the provider's keys. When its key is not among those we know, they are fetched again, once
    /// in a while.
    pub(crate) async fn with_keys<T, E>(
        &self,
        verify: impl Fn(&JwkSet, &ServerMetadata) -> Result<T, E>,
        unknown_key: impl Fn(&E) -> bool,
    ) -> Result<Result<T, E>, ProviderError> {
        let metadata = self.metadata().await?.ok_or(ProviderError::MissingEndpoint("issuer"))?;
        let now = self.registry.clock.now();
        let jwks_uri = self
            .endpoint("jwks_uri", self.entry.endpoints.jwks.as_ref(), |metadata| metadata.jwks_uri.as_ref())
            .await?;
        let fetch = async || Ok(JwkSet::parse(&self.registry.get("key set", &jwks_uri).await?)?);
        let keys = self.entry.keys.get(now, fetch).await?;
        match verify(&keys, &metadata) {
            Err(error) if unknown_key(&error) => {
                tracing::info!(
                    provider = self.entry.id(),
                    "a token names a key that is not known: fetching the keys again"
                );
                let keys = self.entry.keys.refetch(&keys, now, fetch).await?;
                Ok(verify(&keys, &metadata))
            }
            verdict => Ok(verdict),
        }
    }

    /// The profile, from verified sources only.
    pub(crate) async fn profile(
        &self,
        tokens: &TokenResponse,
        id_token: Option<&IdToken>,
    ) -> Result<Claims, ProviderError> {
        let mut profile = match self.provider().profile_source {
            ProfileSource::IdToken => id_token.ok_or(ProviderError::MissingIdToken)?.claims().clone(),
            _ => Claims::new(),
        };
        for question in &self.entry.userinfo {
            let known = Sources { profile: &profile, token: &tokens.other, options: &self.entry.options };
            if !question.when.is_nothing() && !question.when.is_true(&known) {
                continue;
            }
            let answer = self.question(question, &profile, tokens).await;
            match (answer, question.card.on_error) {
                (Ok(answer), _) => match (question.card.into.strip_prefix('/'), answer) {
                    (Some(member), answer) => drop(profile.insert(member.to_owned(), answer)),
                    (None, Value::Object(members)) => {
                        if let Some(id_token) = id_token {
                            userinfo::check_subject(&members, id_token.subject())?;
                        }
                        profile.extend(members);
                    }
                    (None, _) => return Err(UserInfoError::NotJson.into()),
                },
                (Err(problem), OnError::Ignore) => {
                    // What the scope was not granted for is no reason not to sign in.
                    tracing::warn!(provider = self.entry.id(), %problem, "a part of the profile cannot be had");
                }
                (Err(problem), _) => return Err(problem),
            }
        }
        Ok(profile)
    }

    /// Asks for (a part of) the profile.
    async fn question(
        &self,
        question: &Question,
        profile: &Claims,
        tokens: &TokenResponse,
    ) -> Result<Value, ProviderError> {
        let values = Values {
            options: &self.entry.options,
            client_id: Some(self.entry.client_id.as_str()),
            client_secret: self.entry.registration.client_secret.as_ref(),
            access_token: Some(&tokens.access_token),
            profile: Some((profile, &tokens.other)),
        };
        let mut endpoint = match &question.url {
            Some(template) => {
                let text = template.fill_url(&values).ok_or(ProviderError::MissingEndpoint("userinfo_endpoint"))?;
                configured(self.entry.issuer.as_ref(), "userinfo_endpoint", &text)?
            }
            None => self.endpoint("userinfo_endpoint", None, |metadata| metadata.userinfo_endpoint.as_ref()).await?,
        };
        for (name, template) in &question.query {
            if let Some(value) = template.fill(&values) {
                endpoint.query_pairs_mut().append_pair(name, &value);
            }
        }
        let mut request = userinfo::request(&endpoint, &tokens.access_token).map_err(|_| ProviderError::Unwritable)?;
        for (name, template) in &question.headers {
            if let Some(value) = template.fill(&values) {
                let name = HeaderName::try_from(*name).map_err(|_| ProviderError::Unwritable)?;
                let value = HeaderValue::try_from(value).map_err(|_| ProviderError::Unwritable)?;
                request.headers_mut().insert(name, value);
            }
        }
        let (status, body) = self.registry.send("userinfo endpoint", request).await?;
        let answer = userinfo::parse_json(status, &body)?;
        answer.pointer(question.card.at).cloned().ok_or_else(|| UserInfoError::NotJson.into())
    }
}

/// A provider may repeat in its refusal what we sent, and the log must not. So the refusal is read once more, from a body
/// without it, in every spelling that is usual.
fn refused_without(status: StatusCode, body: &[u8], sent: impl Iterator<Item = String>) -> TokenError {
    let mut text = String::from_utf8_lossy(body).into_owned();
    for secret in sent.filter(|secret| secret.len() > 3) {
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let json = Value::from(secret.as_str()).to_string();
        let json = json.trim_matches('"');
        for spelling in [&*json.replace('/', "\\/"), json, &form, &form.replace('+', "%20"), &secret] {
            text = text.replace(spelling, "[redacted]");
        }
    }
    let unreadable =
        || TokenError::Refused { status: status.as_u16(), error: "[redacted]".to_owned(), description: None };
    token::parse(status, text.as_bytes()).err().unwrap_or_else(unreadable)
}
