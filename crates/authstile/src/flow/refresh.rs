//! An access token that stays fresh: it is refreshed before it expires, by one request at a time for each session, in one
//! process at a time.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_lock::MutexGuardArc;
use authstile_oauth::jose::jws;
use authstile_oauth::refreshed;
use authstile_oauth::secret::RefreshToken;
use authstile_oauth::token::{TokenError, TokenResponse};
use futures_channel::oneshot;

use crate::clock::UnixTime;
use crate::error::{Denied, Error, Leg};
use crate::model::Claims;
use crate::provider::Protocol;
use crate::refresh::{Failure, Memory, Outcome, Refreshes, Slot};
use crate::registry::{ProviderError, Resolved};
use crate::settings::Settings;
use crate::store::revocation::RevocationKey;
use crate::store::{Fence, Lease, Leases, StoreError};
use crate::vault::KeptTokens;

/// Seconds before its end at which an access token is refreshed.
const EARLY: i64 = 60;
/// How long a process that died keeps others from refreshing.
const LEASE: Duration = Duration::from_secs(5);
/// How often a lease is renewed while the provider takes its time.
const RENEW: Duration = Duration::from_millis(1500);
/// How often a process asks for the lease that another has: for half a minute.
const ASKS: u32 = 125;

/// The kept tokens, fresh. The second value says whether they changed.
///
/// Who comes while another refreshes waits, and gets the same outcome, also from another process. `invalid_grant` ends the
/// session, because the provider says that it is over; a network error does not.
pub(crate) async fn fresh(settings: &Arc<Settings>, mut kept: KeptTokens) -> Result<(KeptTokens, bool), Error> {
    let mut changed = false;
    while let Some(refresh_token) = due(&kept, settings.clock.now()) {
        match next(settings, &kept, &refresh_token).await? {
            Next::Redeemed(newer) => return Ok((newer, true)),
            // A browser that comes late may be behind by more than one refresh.
            Next::Known(newer) if newer.expires_at.is_some_and(|end| end <= settings.clock.now().seconds()) => {
                (kept, changed) = (newer, true);
            }
            Next::Known(newer) => return Ok((newer, true)),
            Next::Later => return Ok((kept, changed)),
        }
    }
    Ok((kept, changed))
}

/// The refresh token, if it is time to use it.
fn due(kept: &KeptTokens, now: UnixTime) -> Option<String> {
    let stale = kept.expires_at.is_some_and(|end| end - EARLY <= now.seconds());
    kept.refresh_token.clone().filter(|_| stale)
}

/// What follows after some tokens.
enum Next {
    /// Tokens that were got just now.
    Redeemed(KeptTokens),
    /// Tokens that were got before, or elsewhere.
    Known(KeptTokens),
    /// Nothing yet: the provider does not answer, and the old ones are still good.
    Later,
}

/// One request of this process at a time.
async fn next(settings: &Arc<Settings>, kept: &KeptTokens, refresh_token: &str) -> Result<Next, Error> {
    let slot = settings.refreshes.of(&kept.session);
    let failures = slot.failures();
    let memory = slot.memory.lock_arc().await;
    let now = settings.clock.now();
    if memory.is_ended {
        return Err(ended(kept));
    }
    if let Some(known) = memory.newer(kept, now).filter(|newest| newest.is_published) {
        return Ok(Next::Known(known.kept.clone()));
    }
    // Who waited for an attempt that failed fails with it, instead of trying again one by one.
    if let Some(failure) = memory.failure.as_ref().filter(|_| slot.failures() != failures) {
        return later(kept, failure.repeated(), now);
    }
    let (settings, kept, refresh_token) = (settings.clone(), kept.clone(), refresh_token.to_owned());
    let attempt = Attempt { settings: settings.clone(), slot, memory, kept, refresh_token };
    // Whoever waits for it may go away; what the provider gives for the old refresh token must not be lost with them.
    let (done, outcome) = oneshot::channel();
    let task = Box::pin(async move { drop(done.send(attempt.make().await)) });
    if let Some(task) = settings.registry.transport().detach(task) {
        task.await;
    }
    outcome.await.unwrap_or_else(|_| Err(StoreError::unavailable("the refresh was given up").into()))
}

/// One attempt to refresh, which needs nobody who waits for it.
struct Attempt {
    settings: Arc<Settings>,
    slot: Arc<Slot>,
    memory: MutexGuardArc<Memory>,
    kept: KeptTokens,
    refresh_token: String,
}

impl Attempt {
    async fn make(self) -> Result<Next, Error> {
        let Self { settings, slot, mut memory, kept, refresh_token } = self;
        let provider = settings.find(&kept.provider)?;
        let refresh = Refresh { settings: &settings, provider, kept: &kept, refresh_token: &refresh_token };
        let tried = match &settings.refreshes.leases {
            Some(leases) => refresh.together(&**leases, &mut memory).await,
            None => refresh.alone().await,
        };
        match tried {
            Ok(Outcome::Tokens(newer)) => {
                memory.remember(KeptTokens::clone(&newer), settings.clock.now(), true);
                Ok(Next::Redeemed(*newer))
            }
            Ok(Outcome::Ended(_)) => {
                memory.is_ended = true;
                Err(ended(&kept))
            }
            Err(Stopped::Done(newer)) => {
                memory.remember(newer.clone(), settings.clock.now(), true);
                Ok(Next::Known(newer))
            }
            Err(Stopped::Failed(failure)) => {
                memory.failure = Some(failure.repeated());
                slot.fail();
                later(&kept, failure, settings.clock.now())
            }
            Err(Stopped::Other(error)) => Err(error),
        }
    }
}

fn ended(kept: &KeptTokens) -> Error {
    Denied::SessionEnded { provider: kept.provider.clone() }.into()
}

/// The old token may still be good for a while. Where storage fails, nothing can be said.
fn later(kept: &KeptTokens, failure: Failure, now: UnixTime) -> Result<Next, Error> {
    match failure {
        // Not the old token either: the provider that answers is not to be trusted just now.
        Failure::Provider(error @ ProviderError::IdToken(_)) => {
            Err(Error::provider(&kept.provider, Leg::Callback, error))
        }
        Failure::Provider(error) if kept.expires_at.is_some_and(|end| end > now.seconds()) => {
            tracing::warn!(provider = %kept.provider, %error, "a token could not be refreshed yet");
            Ok(Next::Later)
        }
        Failure::Provider(error) => Err(Error::provider(&kept.provider, Leg::Callback, error)),
        Failure::Store(error) => Err(error.into()),
    }
}

/// Why this request did not refresh.
enum Stopped {
    /// Another process did.
    Done(KeptTokens),
    Failed(Failure),
    Other(Error),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Failed(Failure::Store(error))
    }
}

/// One refresh.
struct Refresh<'a> {
    settings: &'a Settings,
    provider: Resolved<'a>,
    kept: &'a KeptTokens,
    refresh_token: &'a str,
}

impl Refresh<'_> {
    /// Where there is one process.
    async fn alone(&self) -> Result<Outcome, Stopped> {
        let outcome = self.redeem().await.map_err(|error| Stopped::Failed(Failure::Provider(error)))?;
        if matches!(outcome, Outcome::Ended(_)) {
            self.end().await?;
        }
        Ok(outcome)
    }

    /// Where there are several: who has the lease refreshes, and says what came of it before anybody gets the tokens; the
    /// others wait for that.
    async fn together(&self, leases: &dyn Leases, memory: &mut Memory) -> Result<Outcome, Stopped> {
        let (refreshes, clock) = (&self.settings.refreshes, &self.settings.clock);
        let key = Refreshes::key(self.kept, self.refresh_token);
        for ask in 0..ASKS {
            let now = clock.now();
            let fence = match leases.acquire(&key, now, LEASE).await? {
                Lease::Yours(fence) => fence,
                Lease::Held => {
                    leases.wait(&key, pause(ask)).await;
                    continue;
                }
                Lease::Done(sealed) => match refreshes.open(&sealed, self.kept, now)? {
                    Outcome::Tokens(newer) => return Err(Stopped::Done(*newer)),
                    ended @ Outcome::Ended(_) => return Ok(ended),
                },
            };
            // Tokens that could not be published before: their refresh token is used up already.
            let outcome = match memory.newer(self.kept, now) {
                Some(unpublished) => Outcome::Tokens(Box::new(unpublished.kept.clone())),
                None => match self.hold(leases, &key, fence, self.redeem()).await {
                    Ok(outcome) => outcome,
                    Err(error) => {
                        if let Err(error) = leases.release(&key, fence).await {
                            tracing::warn!(%error, "a lease ends by itself");
                        }
                        return Err(Stopped::Failed(Failure::Provider(error)));
                    }
                },
            };
            let now = clock.now();
            match &outcome {
                Outcome::Tokens(newer) => memory.remember(KeptTokens::clone(newer), now, false),
                // The refresh token is used up if somebody else used it: then there is no end, but an outcome to wait for.
                Outcome::Ended(_) if !leases.renew(&key, fence, now, LEASE).await? => continue,
                Outcome::Ended(_) => self.end().await?,
            }
            let sealed = refreshes.seal(&outcome, now, &*self.settings.random);
            let sealed = sealed.map_err(|error| Stopped::Other(error.into()))?;
            if leases.publish(&key, fence, &sealed, now, outcome.keep(now)).await? {
                return Ok(outcome);
            }
            tracing::warn!(provider = %self.kept.provider, "a lease was lost: looking what its next holder did");
        }
        Err(StoreError::unavailable("another process has been refreshing these tokens for too long").into())
    }

    /// The next tokens; a provider that does not rotate the refresh token lets us keep the old one.
    async fn redeem(&self) -> Result<Outcome, ProviderError> {
        let now = self.settings.clock.now();
        match self.ask().await {
            Ok(tokens) => Ok(Outcome::Tokens(Box::new(rotate(self.kept.clone(), tokens, now)))),
            // RFC 6749 §5.2: invalid, expired or revoked.
            Err(ProviderError::Token(TokenError::Refused { error, .. })) if error == "invalid_grant" => {
                Ok(Outcome::Ended(self.kept.session.clone()))
            }
            // OpenID Connect Core §12.2: whose tokens these are nobody knows.
            Err(error @ ProviderError::AnotherSignIn(_)) => {
                tracing::warn!(provider = %self.kept.provider, %error, "a session ends");
                Ok(Outcome::Ended(self.kept.session.clone()))
            }
            Err(error) => Err(error),
        }
    }

    /// Asks for new tokens, and believes them if the ID token that came with them is of the same sign-in.
    async fn ask(&self) -> Result<TokenResponse, ProviderError> {
        let Self { settings, provider, kept, refresh_token } = self;
        let is_oidc = provider.provider().protocol == Protocol::Oidc;
        if is_oidc && kept.id_token.is_some() {
            // The keys first: once the refresh token is used up, what came for it must not be lost for want of them.
            provider.prepare_keys().await?;
        }
        let prover = kept.proof_key.clone().map(|key| settings.prover(key, kept.is_bound));
        let tokens = provider.refresh(&RefreshToken::new((*refresh_token).to_owned()), prover.as_ref()).await?;
        if is_oidc && tokens.id_token.is_some() {
            let id_token = provider.verify_id_token(&tokens, None, None, None).await?;
            refreshed::check(&first_claims(kept).unwrap_or_default(), &id_token)?;
        }
        Ok(tokens)
    }

    /// On every process.
    async fn end(&self) -> Result<(), StoreError> {
        self.settings.end_sessions(&RevocationKey::session(&self.kept.session), self.settings.clock.now()).await
    }

    /// Does something, and renews the lease until it is done.
    async fn hold<T>(&self, leases: &dyn Leases, key: &str, fence: Fence, work: impl Future<Output = T>) -> T {
        let renewals = async {
            loop {
                leases.wait(key, RENEW).await;
                match leases.renew(key, fence, self.settings.clock.now(), LEASE).await {
                    Ok(true) => {}
                    // What is under way cannot be called back; it will not be published.
                    Ok(false) => pending::<()>().await,
                    Err(error) => tracing::warn!(%error, "a lease could not be renewed"),
                }
            }
        };
        let (mut work, mut renewals) = (pin!(work), pin!(renewals));
        poll_fn(move |context| {
            let done = work.as_mut().poll(context);
            if done.is_pending() {
                let _: Poll<()> = renewals.as_mut().poll(context);
            }
            done
        })
        .await
    }
}

/// Some milliseconds, and more the longer it takes.
fn pause(ask: u32) -> Duration {
    Duration::from_millis(250.min(10 << ask.min(5)))
}

/// What must stay the same in every ID token of the session. The one that is kept was verified before it was sealed.
fn first_claims(kept: &KeptTokens) -> Option<Claims> {
    let of = |token: &String| Some(refreshed::remembered(jws::peek(token)?.as_object()?));
    kept.first.clone().or_else(|| kept.id_token.as_ref().and_then(of))
}

fn rotate(kept: KeptTokens, tokens: TokenResponse, now: UnixTime) -> KeptTokens {
    let first = if tokens.id_token.is_some() { first_claims(&kept) } else { kept.first.clone() };
    KeptTokens {
        is_bound: tokens.token_type == "dpop",
        first,
        id_token: tokens.id_token.map(|token| token.expose().to_owned()).or(kept.id_token),
        access_token: Some(tokens.access_token.expose().to_owned()),
        refresh_token: tokens.refresh_token.map(|token| token.expose().to_owned()).or(kept.refresh_token),
        expires_at: tokens.expires_in.map(|seconds| now.seconds().saturating_add(seconds)),
        count: kept.count.saturating_add(1),
        ..kept
    }
}
