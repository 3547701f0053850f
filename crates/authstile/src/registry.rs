//! The registered providers, and what is known about each of them: discovery documents and keys, cached.
//!
//! A provider that is down stops neither the process nor anybody who does not need it just now.

use std::collections::HashMap;
use std::sync::Arc;

use authstile_oauth::access_token::{self, VerifiedAccessToken};
use authstile_oauth::authorize::{
    AuthorizationRequest, AuthorizationResponse, Expected, GrantedCode, PROTOCOL_PARAMETERS,
};
use authstile_oauth::id_token::{self, IdToken, IdTokenError};
use authstile_oauth::jose::jwk::{JwkSet, KeyError};
use authstile_oauth::jose::jws::SignatureError;
use authstile_oauth::logout;
use authstile_oauth::metadata::ServerMetadata;
use authstile_oauth::pkce::PkceVerifier;
use authstile_oauth::tenant::Tenants;
use authstile_oauth::token::TokenResponse;
use authstile_oauth::word::{Issuer, Nonce, RedirectUri, State};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use url::Url;

use crate::calls::Counted;
use crate::clock::Clock;
use crate::dpop::Nonces;
pub(crate) use crate::entry::Entry;
use crate::entry::configured;
use crate::provider::{IdTokenSignature, IssuerCheck, NonceUse, Pkce, Protocol, Provider};
pub use crate::provider_error::ProviderError;
use crate::redact::without;
use crate::transport::Transport;

/// All providers, in the order of configuration.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) entries: Vec<Entry>,
    /// The place of each id: with a hundred providers none takes longer to find than with one.
    places: HashMap<String, usize>,
    transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    /// What providers want to see in proofs.
    pub(crate) nonces: Nonces,
}

/// A provider whose endpoints are known: ready to be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolved<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) registry: &'a Registry,
}

impl Registry {
    pub(crate) fn new(entries: Vec<Entry>, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        let places = entries.iter().enumerate().map(|(place, entry)| (entry.id().to_owned(), place)).collect();
        Self { entries, places, transport: Arc::new(Counted::new(transport)), clock, nonces: Nonces::default() }
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    pub(crate) fn find(&self, id: &str) -> Option<Resolved<'_>> {
        self.entries.get(*self.places.get(id)?).map(|entry| Resolved { entry, registry: self })
    }

    /// Sends a request and turns what can go wrong on the way into a leaf that says where: without the query, and without
    /// the `secrets` that stand in a path.
    pub(crate) async fn send(
        &self,
        what: &'static str,
        request: Request<Bytes>,
        secrets: &[&str],
    ) -> Result<Response<Bytes>, ProviderError> {
        let url = request.uri().to_string();
        let url = without(url.split('?').next().unwrap_or_default(), secrets.iter().copied());
        tracing::debug!(what, %url, "asking the provider");
        match self.transport.send(request).await {
            Ok(response) => Ok(response),
            Err(source) => Err(ProviderError::Transport { what, url, source }),
        }
    }

    async fn get(&self, what: &'static str, url: &Url) -> Result<Bytes, ProviderError> {
        let request = Request::get(url.as_str()).header(http::header::ACCEPT, "application/json").body(Bytes::new());
        let response = self.send(what, request.map_err(|_| ProviderError::Unwritable)?, &[]).await?;
        match response.status() {
            StatusCode::OK => Ok(response.into_body()),
            status => Err(ProviderError::Status { what, url: url.to_string(), status: status.as_u16() }),
        }
    }
}

impl<'a> Resolved<'a> {
    pub(crate) fn provider(&self) -> &'a Provider {
        &self.entry.registration.provider
    }

    /// What the provider says about itself; `None` for plain OAuth, where nothing is discovered.
    pub(crate) async fn metadata(&self) -> Result<Option<Arc<ServerMetadata>>, ProviderError> {
        let Some(issuer) = self.entry.issuer.as_ref().filter(|_| self.provider().protocol == Protocol::Oidc) else {
            return Ok(None);
        };
        let fetch = async || {
            let well_known = || ServerMetadata::well_known(issuer);
            let document = self.entry.endpoints.discovery.clone().unwrap_or_else(well_known);
            let body = self.registry.get("discovery", &document).await?;
            Ok(match self.provider().issuer_check {
                IssuerCheck::Exact => ServerMetadata::parse(&body, issuer)?,
                IssuerCheck::TenantClaim => ServerMetadata::parse_with_tenants(&body, issuer, &self.entry.tenants)?,
            })
        };
        self.entry.discovery.get(self.registry.clock.now(), fetch).await.map(Some)
    }

    /// An endpoint: the configured one, else the discovered one.
    pub(crate) async fn endpoint(
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

    pub(crate) async fn token_endpoint(&self) -> Result<Url, ProviderError> {
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
        verifier: &PkceVerifier,
        asked: &[(String, String)],
        dpop_jkt: Option<&str>,
    ) -> Result<Url, ProviderError> {
        let provider = self.provider();
        let endpoint = self
            .endpoint("authorization_endpoint", self.entry.endpoints.authorization.as_ref(), |metadata| {
                metadata.authorization_endpoint.as_ref()
            })
            .await?;
        // Without a token endpoint nobody could come back: better said before the visitor leaves than after.
        self.token_endpoint().await?;
        let challenge = match provider.pkce {
            Pkce::S256 => Some(verifier.challenge()),
            Pkce::Plain => Some(verifier.plain_challenge()),
            Pkce::None => None,
        };
        let request = AuthorizationRequest {
            endpoint: &endpoint,
            response_type: provider.response_type,
            client_id: &self.entry.client_id,
            redirect_uri,
            scope: &self.entry.scope,
            response_mode: provider.response_mode,
            state,
            nonce: (provider.protocol == Protocol::Oidc && provider.nonce == NonceUse::Send).then_some(nonce),
            challenge: challenge.as_ref(),
            dpop_jkt,
            extra: asked,
            rename: provider.authorization_rename,
            fragment: provider.authorization_fragment,
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
        let discovered = match &self.entry.endpoints.end_session {
            Some(url) => Some(url.clone()),
            None => self.metadata().await?.and_then(|metadata| metadata.end_session_endpoint.clone()),
        };
        let endpoint = match (discovered, &self.entry.registration.end_session_fallback) {
            (Some(url), _) => Some(url),
            (None, Some(text)) => Some(configured(self.entry.issuer.as_ref(), "end_session_endpoint", text)?),
            (None, None) => None,
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
        let browser = browser.filter(|(name, _)| registration.lets_browsers_set(name) && !self.entry.pins(name));
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
        let metadata = self.metadata().await?;
        let issuer_required = metadata.as_ref().is_some_and(|metadata| metadata.authorization_response_iss);
        // Which tenant it was, the ID token says; that it was one of this provider's, `iss` may say already.
        let is_tenant = |tenants: &Tenants| response.issuer().is_some_and(|issuer| tenants.fits(issuer));
        let is_tenant = metadata.as_ref().and_then(|metadata| metadata.tenants.as_ref()).is_some_and(is_tenant);
        let issuer = self.entry.issuer.as_ref().filter(|_| !is_tenant);
        Ok(response.accept(&Expected { state, issuer, issuer_required })?)
    }

    /// Verifies the ID token of a sign-in.
    pub(crate) async fn verify(
        &self,
        tokens: &TokenResponse,
        code: &str,
        nonce: &Nonce,
    ) -> Result<IdToken, ProviderError> {
        let nonce = (self.provider().nonce == NonceUse::Send).then_some(nonce);
        self.verify_id_token(tokens, Some(code), nonce).await
    }

    /// Fetches what ID tokens are verified with, unless it is known.
    pub(crate) async fn prepare_keys(&self) -> Result<(), ProviderError> {
        if self.provider().id_token_signature == IdTokenSignature::ClientSecret {
            return Ok(());
        }
        self.with_keys(|_, _| Ok::<(), ()>(()), |()| false).await.map(drop)
    }

    /// Verifies an ID token; without a code and a nonce, that of a refresh.
    pub(crate) async fn verify_id_token(
        &self,
        tokens: &TokenResponse,
        code: Option<&str>,
        nonce: Option<&Nonce>,
    ) -> Result<IdToken, ProviderError> {
        let raw = tokens.id_token.as_ref().ok_or(ProviderError::MissingIdToken)?;
        if self.provider().id_token_signature == IdTokenSignature::ClientSecret {
            let metadata = self.metadata().await?.ok_or(ProviderError::MissingEndpoint("issuer"))?;
            let secret = self.entry.registration.client_secret.as_ref();
            let secret = secret.ok_or(SignatureError::BadSignature).map_err(IdTokenError::from)?;
            return Ok(id_token::verify_with_secret(raw, secret, &self.expected(&metadata, tokens, code, nonce))?);
        }
        let verify = |keys: &JwkSet, metadata: &ServerMetadata| {
            id_token::verify(raw, keys, &self.expected(metadata, tokens, code, nonce))
        };
        let unknown_key = |error: &IdTokenError| {
            matches!(error, IdTokenError::Signature(SignatureError::Key(KeyError::UnknownKid { .. })))
        };
        Ok(self.with_keys(verify, unknown_key).await??)
    }

    /// What must be true of an ID token.
    fn expected<'e>(
        &'e self,
        metadata: &'e ServerMetadata,
        tokens: &'e TokenResponse,
        code: Option<&'e str>,
        nonce: Option<&'e Nonce>,
    ) -> id_token::Expected<'e> {
        id_token::Expected {
            issuer: &metadata.issuer,
            tenants: metadata.tenants.as_ref(),
            client_id: &self.entry.client_id,
            nonce,
            access_token: Some(&tokens.access_token),
            code,
            algorithms: &metadata.id_token_signing_alg_values,
            now: self.registry.clock.now().seconds(),
        }
    }

    /// The issuer of a verified ID token, which is a tenant's where the provider has them; else the configured one.
    pub(crate) fn issuer_of(&self, id_token: Option<&IdToken>) -> Option<Issuer> {
        let own = id_token.filter(|_| self.provider().issuer_check == IssuerCheck::TenantClaim);
        own.and_then(|id_token| Issuer::parse(id_token.issuer()).ok()).or_else(|| self.entry.issuer.clone())
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
        self.with_key_set(|keys| verify(keys, &metadata), unknown_key).await
    }

    /// The same where nothing is discovered.
    pub(crate) async fn with_key_set<T, E>(
        &self,
        verify: impl Fn(&JwkSet) -> Result<T, E>,
        unknown_key: impl Fn(&E) -> bool,
    ) -> Result<Result<T, E>, ProviderError> {
        let now = self.registry.clock.now();
        let jwks_uri = self
            .endpoint("jwks_uri", self.entry.endpoints.jwks.as_ref(), |metadata| metadata.jwks_uri.as_ref())
            .await?;
        let fetch = async || Ok(JwkSet::parse(&self.registry.get("key set", &jwks_uri).await?)?);
        let keys = self.entry.keys.get(now, fetch).await?;
        match verify(&keys) {
            Err(error) if unknown_key(&error) => {
                tracing::info!(
                    provider = self.entry.id(),
                    "a token names a key that is not known: fetching the keys again"
                );
                let keys = self.entry.keys.refetch(&keys, now, fetch).await?;
                Ok(verify(&keys))
            }
            verdict => Ok(verdict),
        }
    }
}
