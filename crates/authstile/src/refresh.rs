//! What is remembered about refreshing access tokens: one request at a time for each session, what came of it, and how it
//! is told to other processes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use async_lock::Mutex;
use authstile_oauth::secret::AccessToken;
use http::{HeaderValue, Method};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::clock::UnixTime;
use crate::dpop::{ProofError, Prover};
use crate::random::Random;
use crate::registry::ProviderError;
use crate::seal::{SealError, Sealer};
use crate::store::{Leases, RevocationKey, StoreError};
use crate::vault::KeptTokens;

/// The salt of the key that seals what processes tell each other.
pub(crate) const SALT: &str = "authstile.refresh";

/// Sessions beyond which forgotten outcomes are looked for.
const SWEEP: usize = 4096;
/// Seconds that an outcome is kept at least, for requests that come with the old tokens.
const KEEP_LEAST: i64 = 15 * 60;
/// And at most. In between it is kept for as long as its access token lives: a browser that never got the answer comes
/// back with the old tokens.
const KEEP_MOST: i64 = 24 * 60 * 60;

/// A token for the provider's APIs. Whoever calls one writes `Authorization: {token type} {access token}`; where the token
/// is bound to a key ([`SenderConstraint`](crate::SenderConstraint)), each request needs a proof beside it.
///
/// ```
/// # use authstile::{ProofError, ProviderToken};
/// use authstile::oauth::dpop;
///
/// # fn write(token: &ProviderToken, nonce: Option<&str>) -> Result<http::request::Builder, ProofError> {
/// let url = "https://api.acme.example/reports?year=2026";
/// let mut request = http::Request::get(url)
///     .header("authorization", format!("{} {}", token.token_type(), token.access_token.expose()));
/// if let Some(proof) = token.dpop_proof(&http::Method::GET, url, nonce)? {
///     request = request.header(dpop::PROOF, proof);
/// }
/// // If `dpop::wants_nonce(&answer)`: once more, with the nonce that `dpop::nonce(answer.headers())` finds.
/// # Ok(request)
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ProviderToken {
    /// The token.
    pub access_token: AccessToken,
    /// When it expires, in seconds since 1970, if the provider said so.
    pub expires_at: Option<i64>,
    /// Cookies that the response to this request must set: they carry the rotated tokens.
    pub set_cookies: Vec<HeaderValue>,
    /// What makes proofs, where the token is bound to a key.
    pub(crate) prover: Option<Prover>,
}

impl ProviderToken {
    /// What stands before the token in the `Authorization` header: `DPoP` where it is bound to a key, else `Bearer`.
    #[must_use]
    pub fn token_type(&self) -> &'static str {
        if self.prover.is_some() { "DPoP" } else { "Bearer" }
    }

    /// The value of the `DPoP` header for one request with this token (RFC 9449 §7.1), with the nonce that the API wants
    /// to see, if it said so; `None` where the token is a bearer token. Each request needs one of its own.
    ///
    /// # Errors
    /// When the URL is not absolute, or the cryptography fails.
    pub fn dpop_proof(&self, method: &Method, url: &str, nonce: Option<&str>) -> Result<Option<String>, ProofError> {
        let Some(prover) = &self.prover else { return Ok(None) };
        let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "https" | "http")).ok_or(ProofError::Url)?;
        prover.proof(method, &url, Some(&self.access_token), nonce).map(Some)
    }
}

/// All refreshes of this process, and the way to those of others.
#[derive(Debug)]
pub(crate) struct Refreshes {
    slots: StdMutex<HashMap<String, Arc<Slot>>>,
    sealer: Sealer,
    /// `None`: there are no other processes.
    pub(crate) leases: Option<Arc<dyn Leases>>,
}

/// One session that is being refreshed.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Held by the request that refreshes it; the others wait for it.
    pub(crate) memory: Arc<Mutex<Memory>>,
    failures: AtomicU64,
}

/// What came of the refreshes of a session.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The newest tokens.
    pub(crate) newest: Option<Newest>,
    /// The provider ended the session.
    pub(crate) is_ended: bool,
    /// How the last attempt failed.
    pub(crate) failure: Option<Failure>,
}

/// Why there are no new tokens, for all who waited for them.
#[derive(Debug)]
pub(crate) enum Failure {
    Provider(ProviderError),
    Store(StoreError),
}

impl Failure {
    /// The same for another.
    pub(crate) fn repeated(&self) -> Self {
        match self {
            Self::Provider(error) => Self::Provider(error.clone()),
            Self::Store(error) => Self::Store(error.repeated()),
        }
    }
}

/// Tokens that a request with older ones gets in their place.
#[derive(Debug)]
pub(crate) struct Newest {
    pub(crate) kept: KeptTokens,
    pub(crate) until: UnixTime,
    /// Whether other processes can know them. Until then nobody gets them.
    pub(crate) is_published: bool,
}

/// What came of a refresh, for every process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// The next tokens.
    Tokens(Box<KeptTokens>),
    /// The provider ended the session with this id.
    Ended(String),
}

impl Outcome {
    /// For how long others may ask for it.
    pub(crate) fn keep(&self, now: UnixTime) -> Duration {
        let expires_at = match self {
            Self::Tokens(kept) => kept.expires_at,
            Self::Ended(_) => None,
        };
        let left = expires_at.map_or(0, |end| end.saturating_sub(now.seconds())).clamp(KEEP_LEAST, KEEP_MOST);
        Duration::from_secs(left.unsigned_abs())
    }
}

impl Refreshes {
    pub(crate) fn new(sealer: Sealer, leases: Option<Arc<dyn Leases>>) -> Self {
        Self { slots: StdMutex::default(), sealer, leases }
    }

    pub(crate) fn of(&self, session: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= SWEEP {
            // Nobody holds those that only the map knows; what they remember has had its time.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(session.to_owned()).or_default().clone()
    }

    /// Under which name processes share the refresh of these tokens. The count is in it, because the next refresh token
    /// may be the same one.
    pub(crate) fn key(kept: &KeptTokens, refresh_token: &str) -> String {
        RevocationKey::new("refresh", &[&kept.session, refresh_token, &kept.count.to_string()]).as_str().to_owned()
    }

    /// Seals an outcome: who reads the store gets no tokens.
    pub(crate) fn seal(&self, outcome: &Outcome, now: UnixTime, random: &dyn Random) -> Result<String, SealError> {
        let Ok(Value::Object(claims)) = serde_json::to_value(outcome) else {
            return Err(SealError::NotClaims("an outcome is no JSON object"));
        };
        let keep = i64::try_from(outcome.keep(now).as_secs()).unwrap_or(KEEP_MOST);
        self.sealer.seal(claims, keep, now, random)
    }

    /// Opens what came of the refresh of these tokens. Whoever writes to the store cannot pass off another session's.
    pub(crate) fn open(&self, sealed: &str, kept: &KeptTokens, now: UnixTime) -> Result<Outcome, StoreError> {
        let opened = self.sealer.open(sealed, now).map_err(StoreError::other)?;
        let outcome: Outcome = serde_json::from_value(named(opened)).map_err(StoreError::other)?;
        let is_next = match &outcome {
            Outcome::Tokens(next) => next.session == kept.session && next.count == kept.count.saturating_add(1),
            Outcome::Ended(session) => *session == kept.session,
        };
        if is_next { Ok(outcome) } else { Err(StoreError::other("the outcome of a refresh is not of this session")) }
    }
}

/// The outcome alone, without the times that sealing adds.
fn named(mut claims: crate::model::Claims) -> Value {
    claims.retain(|name, _| matches!(name.as_str(), "Tokens" | "Ended"));
    Value::Object(claims)
}

impl Slot {
    /// How many attempts failed; who waited while it grew does not try again at once.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Acquire)
    }

    pub(crate) fn fail(&self) {
        self.failures.fetch_add(1, Ordering::AcqRel);
    }
}

impl Memory {
    /// Newer tokens of this session than these, unless they have had their time.
    pub(crate) fn newer(&self, kept: &KeptTokens, now: UnixTime) -> Option<&Newest> {
        self.newest.as_ref().filter(|newest| newest.kept.count > kept.count && now < newest.until)
    }

    pub(crate) fn remember(&mut self, kept: KeptTokens, now: UnixTime, is_published: bool) {
        let keep = i64::try_from(Outcome::Tokens(Box::new(kept.clone())).keep(now).as_secs()).unwrap_or(KEEP_LEAST);
        self.newest = Some(Newest { kept, until: now.plus_seconds(keep), is_published });
        self.failure = None;
    }
}
