//! What a provider does with tokens beside issuing them: revocation (RFC 7009), introspection (RFC 7662) and exchange
//! (RFC 8693).

use authstile_oauth::introspection::{self, Expected, Introspection, IntrospectionError};
use authstile_oauth::revocation::{self, TokenTypeHint};
use authstile_oauth::secret::AccessToken;
use authstile_oauth::token::{Requester, TokenResponse};
use authstile_oauth::token_exchange::{self, TokenExchange, TokenType};
use url::Url;

use crate::dpop::Prover;
use crate::exchange::Endpoint;
use crate::redact::without;
use crate::registration::RevokeTokens;
use crate::registry::{ProviderError, Resolved};
use crate::vault::KeptTokens;

impl Resolved<'_> {
    /// Revokes what is kept of a session that has ended: first the refresh token, which would make new ones. A failure is
    /// logged and no more, because the session has ended all the same. Nothing is tried twice: the person waits for it, and
    /// what could not be revoked expires.
    pub(crate) async fn revoke_kept(&self, kept: &KeptTokens) {
        if self.entry.registration.revoke_tokens == RevokeTokens::Never {
            return;
        }
        let tokens =
            [(&kept.refresh_token, TokenTypeHint::RefreshToken), (&kept.access_token, TokenTypeHint::AccessToken)];
        for (token, hint) in tokens {
            let Some(token) = token else { continue };
            match self.revoke(token, hint).await {
                Ok(true) => tracing::debug!(provider = self.entry.id(), token = hint.as_str(), "revoked"),
                // The provider has no such endpoint.
                Ok(false) => return,
                Err(ProviderError::Revocation(error)) if error.is_unsupported() => {
                    tracing::debug!(provider = self.entry.id(), token = hint.as_str(), %error, "not revoked");
                }
                Err(error) => {
                    tracing::warn!(provider = self.entry.id(), token = hint.as_str(), %error, "not revoked");
                    // Who does not answer once is not waited for twice.
                    if matches!(error, ProviderError::Transport { .. }) {
                        return;
                    }
                }
            }
        }
    }

    /// Revokes one token; `false` where the provider has no revocation endpoint.
    async fn revoke(&self, token: &str, hint: TokenTypeHint) -> Result<bool, ProviderError> {
        let discovered = match &self.entry.endpoints.revocation {
            Some(url) => Some(url.clone()),
            None => self.metadata().await?.and_then(|metadata| metadata.revocation_endpoint.clone()),
        };
        let Some(url) = discovered else { return Ok(false) };
        let mut sent = vec![token.to_owned()];
        let request = |requester: &Requester<'_>| requester.revoke(token, hint);
        let response = self.ask_endpoint(&further("revocation endpoint", &url), request, None, &mut sent).await?;
        let (parts, body) = response.into_parts();
        let clean = without(&String::from_utf8_lossy(&body), sent.iter().map(String::as_str));
        revocation::check(&http::Response::from_parts(parts, clean.into()))?;
        Ok(true)
    }

    /// Asks about a token that was made for us, or for one of these names of ours.
    pub(crate) async fn introspect(
        &self,
        token: &AccessToken,
        audiences: &[&str],
    ) -> Result<Introspection, ProviderError> {
        let configured = self.entry.endpoints.introspection.as_ref();
        let url = self
            .endpoint("introspection_endpoint", configured, |metadata| metadata.introspection_endpoint.as_ref())
            .await?;
        let mut sent = vec![token.expose().to_owned()];
        let request =
            |requester: &Requester<'_>| requester.introspect(token.expose(), Some(TokenTypeHint::AccessToken));
        let response = self.ask_endpoint(&further("introspection endpoint", &url), request, None, &mut sent).await?;
        let metadata = self.metadata().await?;
        let audiences: Vec<&str> = audiences.iter().copied().chain([self.entry.client_id.as_str()]).collect();
        let expected = Expected {
            issuer: self.entry.issuer.as_ref(),
            tenants: metadata.as_ref().and_then(|metadata| metadata.tenants.as_ref()),
            audiences: &audiences,
            now: self.registry.clock.now().seconds(),
        };
        let read = |body: &[u8]| introspection::parse(response.status(), body, &expected);
        // The error goes to the log, and the provider may repeat in its answer what we sent.
        let clean = || without(&String::from_utf8_lossy(response.body()), sent.iter().map(String::as_str));
        Ok(read(response.body())
            .map_err(|_| read(clean().as_bytes()).err().unwrap_or(IntrospectionError::NotAnObject))?)
    }

    /// Exchanges an access token. What comes back is bound to the same key, where there is one, unless it is no access
    /// token.
    pub(crate) async fn exchange_token(
        &self,
        subject: &AccessToken,
        exchange: &TokenExchange,
        prover: Option<&Prover>,
    ) -> Result<TokenResponse, ProviderError> {
        let url = self.token_endpoint().await?;
        let sent = [Some(subject), exchange.actor_token()];
        let sent = sent.into_iter().flatten().map(|token| token.expose().to_owned()).collect();
        let mut token_types = self.token_types(prover).to_vec();
        if *exchange.requested() != TokenType::AccessToken {
            // RFC 8693 §2.2.1: what is no access token has no such type.
            token_types.push("n_a");
        }
        let request = |requester: &Requester<'_>| requester.exchange_token(subject, exchange);
        let tokens = self.ask_for_tokens(url, request, prover, &token_types, sent).await?;
        token_exchange::check(&tokens, exchange)?;
        Ok(tokens)
    }
}

fn further<'a>(what: &'static str, url: &'a Url) -> Endpoint<'a> {
    Endpoint { what, url, is_as_card_says: false }
}
