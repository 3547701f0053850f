//! What an application does with its people's tokens at their providers.

use authstile_oauth::introspection::Introspection;
use authstile_oauth::secret::AccessToken;
use authstile_oauth::token_exchange::{TokenExchange, TokenType};
use http::{HeaderMap, Uri};

use crate::auth::Auth;
use crate::cookie::Cookies;
use crate::error::{Error, Leg};
use crate::refresh::ProviderToken;
use crate::session::Read;

/// What a token exchange gave.
#[derive(Debug, Clone)]
pub struct ExchangedToken {
    /// The token, of the type that was asked for, with the cookies that the response to this request must set.
    pub token: ProviderToken,
    /// What kind it is.
    pub issued_token_type: TokenType,
    /// What it is good for, if the provider says so.
    pub scope: Option<String>,
}

impl Auth {
    /// Asks a provider whether a token is good, and for what (RFC 7662). A token that was made for none of these names of
    /// ours, nor for our client id, is refused, where the provider says for whom it is. The answer is not remembered: what
    /// was revoked a moment ago is inactive now.
    ///
    /// # Errors
    /// When there is no such provider or endpoint, or no good answer: then the token must be treated as none.
    pub async fn introspect(&self, provider: &str, token: &str, audiences: &[&str]) -> Result<Introspection, Error> {
        let resolved = self.settings().find(provider)?;
        let answer = resolved.introspect(&AccessToken::new(token), audiences).await;
        answer.map_err(|error| Error::provider(provider, Leg::Callback, error))
    }

    /// Exchanges the access token of the session that a request belongs to at its provider (RFC 8693), for one with another
    /// audience, with less scope, or with an actor. `None` when nobody is signed in or no tokens are kept
    /// ([`Customize::keep_tokens`](crate::Customize::keep_tokens)). What comes back is not kept.
    ///
    /// # Errors
    /// As [`access_token`](Self::access_token), and when the provider refuses or gives something else than was asked for.
    pub async fn exchange_token(
        &self,
        headers: &HeaderMap,
        uri: &Uri,
        exchange: &TokenExchange,
    ) -> Result<Option<ExchangedToken>, Error> {
        let settings = self.settings();
        let Some((kept, set_cookies)) = self.kept_tokens(headers, uri).await? else { return Ok(None) };
        let Some(subject) = kept.access_token.map(AccessToken::new) else { return Ok(None) };
        let provider = settings.find(&kept.provider)?;
        let prover = kept.proof_key.map(|key| settings.prover(key, kept.is_bound));
        let exchanged = provider.exchange_token(&subject, exchange, prover.as_ref()).await;
        let tokens = exchanged.map_err(|error| Error::provider(&kept.provider, Leg::Callback, error))?;
        let now = settings.clock.now().seconds();
        Ok(Some(ExchangedToken {
            token: ProviderToken {
                access_token: tokens.access_token,
                expires_at: tokens.expires_in.map(|seconds| now.saturating_add(seconds)),
                set_cookies,
                prover: prover.filter(|_| tokens.token_type == "dpop"),
            },
            issued_token_type: exchange.requested().clone(),
            scope: tokens.scope,
        }))
    }

    /// Revokes the tokens that are kept for the session of a request at its provider (RFC 7009), as signing out does: for
    /// an application that ends sessions itself, before [`end_sessions_of`](Self::end_sessions_of). Those of other browsers
    /// lie sealed in these and cannot be reached. A provider that fails is logged; the tokens expire then.
    ///
    /// # Errors
    /// When the host is not ours, or storage fails.
    pub async fn revoke_tokens(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Error> {
        let settings = self.settings();
        let origin = self.origin(headers, uri)?;
        let (kind, cookies, now) = (settings.kind(&origin), Cookies::parse(headers), settings.clock.now());
        let Read::Live(live) = settings.presented(&origin, &cookies, now).await? else { return Ok(()) };
        let kept = live.facts().and_then(|facts| kind.vault.open(&cookies, &facts.id, now));
        if let Some(kept) = kept
            && let Some(provider) = settings.registry.find(&kept.provider)
        {
            provider.revoke_kept(&kept).await;
        }
        Ok(())
    }
}
