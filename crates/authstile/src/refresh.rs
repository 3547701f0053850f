//! Access tokens that stay fresh: refreshed before they expire, by one request at a time for each session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use async_lock::Mutex;
use authstile_oauth::secret::{AccessToken, RefreshToken};
use authstile_oauth::token::{TokenError, TokenResponse};
use http::HeaderValue;

use crate::clock::UnixTime;
use crate::error::{Denied, Error, Leg};
use crate::registry::ProviderError;
use crate::revocation::RevocationKey;
use crate::settings::Settings;
use crate::vault::KeptTokens;

/// Seconds before its end at which an access token is refreshed.
const EARLY: i64 = 60;
/// Seconds that the outcome of a refresh is kept for requests that were under way with the old tokens.
const REMEMBER: i64 = 300;
/// Sessions beyond which forgotten outcomes are looked for.
const SWEEP: usize = 4096;

/// A token for the provider's APIs.
#[derive(Debug, Clone)]
pub struct ProviderToken {
    /// The token.
    pub access_token: AccessToken,
    /// When it expires, in seconds since 1970, if the provider said so.
    pub expires_at: Option<i64>,
    /// Cookies that the response to this request must set: they carry the rotated tokens.
    pub set_cookies: Vec<HeaderValue>,
}

/// One lock for each session that is being refreshed, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Refreshes(StdMutex<HashMap<String, Arc<Mutex<Option<Outcome>>>>>);

#[derive(Debug, Clone)]
struct Outcome {
    /// The refresh token that was used up.
    used: String,
    kept: KeptTokens,
    at: UnixTime,
}

impl Refreshes {
    fn of(&self, session: &str) -> Arc<Mutex<Option<Outcome>>> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SWEEP {
            // Nobody holds those that only the map knows; what they remember has had its time.
            sessions.retain(|_, outcome| Arc::strong_count(outcome) > 1);
        }
        sessions.entry(session.to_owned()).or_default().clone()
    }
}

/// The kept tokens, fresh. The second value says whether they changed.
///
/// Who comes while another refreshes waits, and gets the same outcome. `invalid_grant` ends the session, because the
/// provider says that it is over; a network error does not.
pub(crate) async fn fresh(settings: &Settings, kept: KeptTokens, now: UnixTime) -> Result<(KeptTokens, bool), Error> {
    let stale = kept.expires_at.is_some_and(|end| end - EARLY <= now.seconds());
    let Some(refresh_token) = kept.refresh_token.clone().filter(|_| stale) else { return Ok((kept, false)) };
    let slot = settings.refreshes.of(&kept.session);
    let mut outcome = slot.lock().await;
    if let Some(known) =
        outcome.as_ref().filter(|known| known.used == refresh_token && now < known.at.plus_seconds(REMEMBER))
    {
        return Ok((known.kept.clone(), true));
    }
    let provider = settings.find(&kept.provider)?;
    match provider.refresh(&RefreshToken::new(refresh_token.clone())).await {
        Ok(tokens) => {
            let kept = rotate(kept, tokens, now);
            *outcome = Some(Outcome { used: refresh_token, kept: kept.clone(), at: now });
            Ok((kept, true))
        }
        Err(ProviderError::Token(TokenError::Refused { error, .. })) if error == "invalid_grant" => {
            let forget = settings.plain.session.expires(now);
            settings.revocations.revoke(&RevocationKey::session(&kept.session), now, forget).await?;
            Err(Denied::SessionEnded { provider: kept.provider }.into())
        }
        // The old token may still be good for a while.
        Err(error) if kept.expires_at.is_some_and(|end| end > now.seconds()) => {
            tracing::warn!(provider = %kept.provider, %error, "a token could not be refreshed yet");
            Ok((kept, false))
        }
        Err(error) => Err(Error::provider(&kept.provider, Leg::Callback, error)),
    }
}

/// The new tokens; a provider that does not rotate the refresh token lets us keep the old one.
fn rotate(kept: KeptTokens, tokens: TokenResponse, now: UnixTime) -> KeptTokens {
    KeptTokens {
        access_token: Some(tokens.access_token.expose().to_owned()),
        refresh_token: tokens.refresh_token.map(|token| token.expose().to_owned()).or(kept.refresh_token),
        expires_at: tokens.expires_in.map(|seconds| now.seconds().saturating_add(seconds)),
        ..kept
    }
}
