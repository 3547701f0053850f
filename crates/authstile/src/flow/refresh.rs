//! An access token that stays fresh: it is refreshed before it expires, by one request at a time for each session.

use authstile_oauth::secret::RefreshToken;
use authstile_oauth::token::{TokenError, TokenResponse};

use crate::clock::UnixTime;
use crate::error::{Denied, Error, Leg};
use crate::refresh::Outcome;
use crate::registry::ProviderError;
use crate::settings::Settings;
use crate::store::revocation::RevocationKey;
use crate::vault::KeptTokens;

/// Seconds before its end at which an access token is refreshed.
const EARLY: i64 = 60;
/// Seconds that the outcome of a refresh is kept for requests that were under way with the old tokens.
const REMEMBER: i64 = 300;
/// The same where the provider did not rotate the refresh token: who comes with it later is not late, but the next.
const SHARE: i64 = 10;

/// The kept tokens, fresh. The second value says whether they changed.
///
/// Who comes while another refreshes waits, and gets the same outcome. `invalid_grant` ends the session, because the
/// provider says that it is over; a network error does not.
pub(crate) async fn fresh(settings: &Settings, kept: KeptTokens, now: UnixTime) -> Result<(KeptTokens, bool), Error> {
    let stale = kept.expires_at.is_some_and(|end| end - EARLY <= now.seconds());
    let Some(refresh_token) = kept.refresh_token.clone().filter(|_| stale) else { return Ok((kept, false)) };
    let slot = settings.refreshes.of(&kept.session);
    let mut outcome = slot.lock().await;
    if let Some(known) = outcome.as_ref().filter(|known| known.used == refresh_token) {
        let is_rotated = known.kept.refresh_token.as_ref() != Some(&refresh_token);
        if now < known.at.plus_seconds(if is_rotated { REMEMBER } else { SHARE }) {
            return Ok((known.kept.clone(), true));
        }
    }
    let provider = settings.find(&kept.provider)?;
    match provider.refresh(&RefreshToken::new(refresh_token.clone())).await {
        Ok(tokens) => {
            let kept = rotate(kept, tokens, now);
            *outcome = Some(Outcome { used: refresh_token, kept: kept.clone(), at: now });
            Ok((kept, true))
        }
        Err(ProviderError::Token(TokenError::Refused { error, .. })) if error == "invalid_grant" => {
            settings.end_sessions(&RevocationKey::session(&kept.session), now).await?;
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
