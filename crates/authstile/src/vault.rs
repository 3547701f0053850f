//! The provider's tokens of one session, sealed in cookies of their own: a session that is read a hundred times a minute
//! should not carry them, and only signing out and calling the provider's APIs need them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::UnixTime;
use crate::cookie::{CookieSecurity, Cookies, SetCookie, write_session};
use crate::dpop::ProofKey;
use crate::model::{Account, Claims};
use crate::random::Random;
use crate::seal::Sealer;
use crate::session::WriteError;

/// The salt of the key that seals tokens.
pub(crate) const SALT: &str = "authstile.tokens";

/// Which of the provider's tokens outlive the sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KeepTokens {
    /// None: the default.
    #[default]
    Nothing,
    /// The ID token, so that signing out can end the provider's session too.
    IdToken,
    /// All of them, so that the application can call the provider's APIs.
    All,
}

/// What is kept, bound to the session that it belongs to.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptTokens {
    /// The session's own id: tokens of another session are none.
    pub(crate) session: String,
    pub(crate) provider: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) access_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    /// When the access token expires, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<i64>,
    /// How often they were refreshed: of two that a browser may bring, the greater count is the newer.
    #[serde(default)]
    pub(crate) count: u64,
    /// Whether the access token is bound to the key: then it is no bearer token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_bound: bool,
    /// The key of the session's proofs, which a refresh needs too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proof_key: Option<ProofKey>,
    /// What must stay the same in later ID tokens, once the first one is not kept any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first: Option<Claims>,
}

impl KeptTokens {
    /// What `keep` wants of an account.
    pub(crate) fn of(account: &Account, session: &str, keep: KeepTokens, proof_key: Option<ProofKey>) -> Option<Self> {
        if keep == KeepTokens::Nothing {
            return None;
        }
        let all = keep == KeepTokens::All;
        Some(Self {
            session: session.to_owned(),
            provider: account.provider.clone(),
            id_token: account.id_token.as_ref().map(|token| token.expose().to_owned()),
            access_token: account.access_token.as_ref().filter(|_| all).map(|token| token.expose().to_owned()),
            refresh_token: account.refresh_token.as_ref().filter(|_| all).map(|token| token.expose().to_owned()),
            expires_at: account.expires_at.filter(|_| all),
            count: 0,
            is_bound: all && account.token_type.as_deref() == Some("dpop"),
            proof_key: proof_key.filter(|_| all),
            first: None,
        })
    }
}

impl std::fmt::Debug for KeptTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptTokens").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// The cookies that hold tokens, for origins of one kind.
#[derive(Debug)]
pub(crate) struct Vault {
    name: String,
    security: CookieSecurity,
    sealer: Sealer,
    max_age: i64,
}

impl Vault {
    pub(crate) fn new(name: String, security: CookieSecurity, sealer: Sealer, max_age: i64) -> Self {
        Self { name, security, sealer, max_age }
    }

    /// The tokens of this session; `None` when there are none, or when they belong to another.
    pub(crate) fn open(&self, cookies: &Cookies<'_>, session: &str, now: UnixTime) -> Option<KeptTokens> {
        let sealed = cookies.session_candidates(&self.name);
        let opened = sealed.iter().find_map(|sealed| self.sealer.open(sealed, now).ok())?;
        let kept: KeptTokens = serde_json::from_value(Value::Object(opened)).ok()?;
        (kept.session == session).then_some(kept)
    }

    /// Seals tokens into cookies.
    pub(crate) fn write(
        &self,
        kept: &KeptTokens,
        cookies: &Cookies<'_>,
        now: UnixTime,
        random: &dyn Random,
    ) -> Result<Vec<SetCookie>, WriteError> {
        let Ok(Value::Object(claims)) = serde_json::to_value(kept) else { return Ok(Vec::new()) };
        let sealed = self.sealer.seal(claims, self.max_age, now, random)?;
        let seen = cookies.session_cookies(&self.name);
        Ok(write_session(&self.name, &sealed, now.plus_seconds(self.max_age), self.security, &seen)?)
    }

    /// Takes the tokens away.
    pub(crate) fn clear(&self, cookies: &Cookies<'_>) -> Vec<SetCookie> {
        cookies.session_cookies(&self.name).into_iter().map(|name| SetCookie::clear(name, self.security)).collect()
    }
}
