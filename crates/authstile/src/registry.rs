//! The registered providers, and what is known about each of them: discovery documents and keys, cached.
//!
//! A provider that is down stops neither the process nor anybody who does not need it just now.

use std::collections::HashMap;
use std::sync::Arc;

use authstile_oauth::access_token::{self, VerifiedAccessToken};
use authstile_oauth::id_token::{self, IdToken, IdTokenError};
use authstile_oauth::jose::jwk::{JwkSet, KeyError};
use authstile_oauth::jose::jws::SignatureError;
use authstile_oauth::logout;
use authstile_oauth::metadata::ServerMetadata;
use authstile_oauth::token::TokenResponse;
use authstile_oauth::word::{Issuer, Nonce, State};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use url::Url;

use crate::calls::Counted;
use crate::clock::Clock;
use crate::dpop::Nonces;
pub(crate) use crate::entry::Entry;
use crate::entry::configured;
use crate::provider::{IdTokenSignature, IssuerCheck, NonceUse, Protocol, Provider, SecurityProfile};
pub use crate::provider_error::ProviderError;
use crate::random::Random;
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
    pub(crate) random: Arc<dyn Random>,
}

/// A provider whose endpoints are known: ready to be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolved<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) registry: &'a Registry,
}

impl Registry {
    pub(crate) fn new(
        entries: Vec<Entry>,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let places = entries.iter().enumerate().map(|(place, entry)| (entry.id().to_owned(), place)).collect();
        Self { entries, places, transport: Arc::new(Counted::new(transport)), clock, nonces: Nonces::default(), random }
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
            let metadata = match self.provider().issuer_check {
                IssuerCheck::Exact => ServerMetadata::parse(&body, issuer)?,
                IssuerCheck::TenantClaim => ServerMetadata::parse_with_tenants(&body, issuer, &self.entry.tenants)?,
            };
            // What is not for us is left out once, so that nobody has to think of it later.
            let metadata = match self.entry.certificate {
                Some(_) => metadata.over_mtls(),
                None => metadata,
            };
            Ok(match self.provider().security_profile {
                SecurityProfile::Standard => metadata,
                SecurityProfile::Fapi2 => metadata.under_fapi2(),
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

    /// Verifies the ID token; its `auth_time` where the sign-in at the provider may only lie `max_age` seconds back.
    pub(crate) async fn verify(
        &self,
        tokens: &TokenResponse,
        code: &str,
        nonce: &Nonce,
        max_age: Option<i64>,
    ) -> Result<IdToken, ProviderError> {
        let nonce = (self.provider().nonce == NonceUse::Send).then_some(nonce);
        self.verify_id_token(tokens, Some(code), nonce, max_age).await
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
        max_age: Option<i64>,
    ) -> Result<IdToken, ProviderError> {
        let raw = tokens.id_token.as_ref().ok_or(ProviderError::MissingIdToken)?;
        if self.provider().id_token_signature == IdTokenSignature::ClientSecret {
            let metadata = self.metadata().await?.ok_or(ProviderError::MissingEndpoint("issuer"))?;
            let secret = self.entry.registration.client_secret.as_ref();
            let secret = secret.ok_or(SignatureError::BadSignature).map_err(IdTokenError::from)?;
            return Ok(id_token::verify_with_secret(
                raw,
                secret,
                &self.expected(&metadata, tokens, code, nonce, max_age),
            )?);
        }
        let verify = |keys: &JwkSet, metadata: &ServerMetadata| {
            id_token::verify(raw, keys, &self.expected(metadata, tokens, code, nonce, max_age))
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
        max_age: Option<i64>,
    ) -> id_token::Expected<'e> {
        id_token::Expected {
            issuer: &metadata.issuer,
            tenants: metadata.tenants.as_ref(),
            sole_audience: self.provider().security_profile == SecurityProfile::Fapi2,
            client_id: &self.entry.client_id,
            nonce,
            access_token: Some(&tokens.access_token),
            code,
            max_age,
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
