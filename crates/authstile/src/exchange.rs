//! The token endpoint, asked and understood as the card says.

use authstile_oauth::authorize::GrantedCode;
use authstile_oauth::client_auth::ClientAuthentication;
use authstile_oauth::pkce::PkceVerifier;
use authstile_oauth::secret::{ClientSecret, RefreshToken};
use authstile_oauth::token::{self, AnswerShape, RequestShape, Requester, Sending, TokenError, TokenResponse};
use authstile_oauth::word::RedirectUri;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, StatusCode};
use serde_json::Value;
use url::Url;

use crate::entry::Templates;
use crate::model::Claims;
use crate::profile::Sources;
use crate::provider::{Pkce, Sent, Values};
use crate::redact::without;
use crate::registry::{ProviderError, Resolved};

impl Resolved<'_> {
    /// Station *exchange*: a checked code becomes tokens.
    pub(crate) async fn exchange(
        &self,
        code: GrantedCode,
        verifier: PkceVerifier,
        redirect_uri: &RedirectUri,
    ) -> Result<TokenResponse, ProviderError> {
        let sent = vec![code.expose().to_owned(), verifier.expose().to_owned()];
        let endpoint = self.token_endpoint().await?;
        let verifier = (self.provider().pkce != Pkce::None).then_some(verifier);
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

    /// The client secret: ours, or one that is made of a private key.
    pub(crate) fn client_secret(&self) -> Result<Option<ClientSecret>, ProviderError> {
        match &self.entry.signer {
            Some(signer) => signer.secret(self.registry.clock.now()).map(Some).map_err(ProviderError::SignedSecret),
            None => Ok(self.entry.registration.client_secret.clone()),
        }
    }

    /// Asks the token endpoint. What was `sent` must not come back into a log.
    async fn ask_for_tokens(
        &self,
        endpoint: Url,
        request: impl FnOnce(Requester<'_>) -> Result<Request<Bytes>, http::Error>,
        mut sent: Vec<String>,
    ) -> Result<TokenResponse, ProviderError> {
        let advertised = self.metadata().await?;
        let secret = self.client_secret()?;
        let methods = advertised.as_ref().and_then(|metadata| metadata.token_endpoint_auth_methods.as_deref());
        let chosen = self.provider().client_authentication;
        let authentication = ClientAuthentication::choose(chosen, methods, secret.is_some())?;
        let values = Values {
            options: &self.entry.options,
            client_id: Some(self.entry.client_id.as_str()),
            client_secret: secret.as_ref(),
            ..Values::NONE
        };
        let fill = |templates: &Templates| -> Vec<(String, String)> {
            let filled = templates.iter().map(|(name, template)| Some(((*name).to_owned(), template.fill(&values)?)));
            filled.flatten().collect()
        };
        let talk = &self.entry.token;
        let (extra, query, headers) = (fill(&talk.params), fill(&talk.query), fill(&talk.headers));
        let card = &self.provider().token_request;
        let shape = RequestShape {
            sending: match card.send {
                Sent::Form => Sending::Form,
                Sent::Json => Sending::Json,
                Sent::Query => Sending::Query,
            },
            query: &query,
            headers: &headers,
            rename: card.rename,
        };
        let requester = Requester {
            endpoint: &endpoint,
            client_id: &self.entry.client_id,
            client_secret: secret.as_ref(),
            authentication,
            extra: &extra,
            shape,
        };
        let request = request(requester).map_err(|_| ProviderError::Unwritable)?;
        let header = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok());
        sent.extend(header.and_then(|header| header.split(' ').next_back()).map(str::to_owned));
        if let Some(secret) = &secret {
            let secret = secret.expose();
            let carriers = [&extra, &query, &headers].into_iter().flatten().map(|(_, value)| value);
            sent.extend(carriers.filter(|value| value.contains(secret)).cloned());
            sent.push(secret.to_owned());
        }
        sent.extend(self.entry.secret_options().map(str::to_owned));
        let response = self.registry.send("token endpoint", request, &[]).await?;
        let (status, body) = (response.status(), response.into_body());
        // A provider may repeat in its refusal what we sent, and the log must not. So the refusal is read once more, from
        // a body without it.
        let clean = || without(&String::from_utf8_lossy(&body), sent.iter().map(String::as_str));
        let unreadable =
            || TokenError::Refused { status: status.as_u16(), error: "[redacted]".to_owned(), description: None };
        Ok(self
            .read_tokens(status, &body)
            .map_err(|_| self.read_tokens(status, clean().as_bytes()).err().unwrap_or_else(unreadable))?)
    }

    /// Reads a token answer, or the refusal that it is, whatever its status.
    fn read_tokens(&self, status: StatusCode, body: &[u8]) -> Result<TokenResponse, TokenError> {
        let talk = &self.entry.token;
        let answer = token::parse_members(status, body)?;
        let sources = Sources { profile: &answer, token: &Claims::new(), options: &self.entry.options };
        let found = talk.error.value(&sources).filter(|error| **error != Value::Bool(false));
        // A card that knows errors with a good status need not know those of the standard.
        let standard = || answer.get("error").filter(|error| !error.is_null() && status != StatusCode::OK);
        if let Some(error) = found.as_deref().or_else(standard) {
            let words = talk.error_description.value(&sources);
            let words = words.as_deref().or_else(|| answer.get("error_description"));
            return Err(token::refused(status, error, words));
        }
        let card = &self.provider().token_answer;
        token::read(status, answer, AnswerShape { at: card.at, rename: card.rename })
    }
}
