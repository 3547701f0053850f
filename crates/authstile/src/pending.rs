//! What we remember while a browser is away at the provider: one sealed cookie for each sign-in, so that two tabs work.

use authstile_oauth::pkce::PkceVerifier;
use authstile_oauth::word::{Nonce, State};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::UnixTime;
use crate::cookie::SetCookie;
use crate::dpop::ProofKey;
use crate::error::{Error, RequestError};
use crate::random::Random;
use crate::seal::SealError;
use crate::settings::Settings;
use crate::step_up::StepUp;
use crate::visit::Visit;

/// Seconds that a visitor has for signing in at the provider.
pub const PENDING_SECONDS: i64 = 15 * 60;

/// The salt of the key that seals pending sign-ins: no session can be opened as one, nor the reverse.
pub(crate) const SALT: &str = "authstile.pending";

/// Sign-ins that one browser can have under way.
const AT_MOST: usize = 4;

/// Characters of all authorization parameters that a browser may add: more would not fit the cookie.
const ASKED_LENGTH: usize = 800;

/// A sign-in under way, bound to one browser and to one provider.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PendingSignIn {
    pub(crate) provider: String,
    pub(crate) state: State,
    pub(crate) nonce: Nonce,
    pub(crate) verifier: PkceVerifier,
    /// What the tokens will be bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proof_key: Option<ProofKey>,
    /// The authorization parameters beside the protocol's own: who was asked for.
    pub(crate) asked: Vec<(String, String)>,
    pub(crate) redirect_uri: String,
    pub(crate) return_to: String,
    /// What the page asked of this sign-in that it returns to; `None`: nothing, it is an ordinary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) demanded: Option<StepUp>,
    /// When it was sealed, in seconds since 1970: the browser left for the provider then.
    #[serde(rename = "iat", skip_serializing)]
    pub(crate) begun: i64,
}

/// Whether the answer comes with a form that another site posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnswerBy {
    Query,
    CrossSiteForm,
}

impl PendingSignIn {
    /// Station *begin*.
    pub(crate) fn begin(
        provider: &str,
        asked: Vec<(String, String)>,
        redirect_uri: String,
        return_to: String,
        random: &dyn Random,
    ) -> Result<Self, Error> {
        let length: usize = asked.iter().map(|(name, value)| name.len() + value.len()).sum();
        if length > ASKED_LENGTH {
            return Err(RequestError::TooManyParameters.into());
        }
        Ok(Self {
            provider: provider.to_owned(),
            state: State::from_random(random.bytes()?),
            nonce: Nonce::from_random(random.bytes()?),
            verifier: PkceVerifier::from_random(random.bytes()?),
            proof_key: None,
            asked,
            redirect_uri,
            return_to,
            demanded: None,
            begun: 0,
        })
    }

    /// The same with another `state`, which is longer: less room is left for parameters that a browser adds.
    pub(crate) fn with_state(self, state: State) -> Result<Self, Error> {
        let length: usize = self.asked.iter().map(|(name, value)| name.len() + value.len()).sum();
        if length + state.as_str().len() > ASKED_LENGTH {
            return Err(RequestError::TooManyParameters.into());
        }
        Ok(Self { state, ..self })
    }

    /// Station *seal*: the cookie, and the deletion of older ones beyond what one browser can have.
    pub(crate) fn seal(
        &self,
        settings: &Settings,
        visit: &Visit<'_>,
        answer_by: AnswerBy,
    ) -> Result<Vec<SetCookie>, Error> {
        let Ok(Value::Object(claims)) = serde_json::to_value(self) else {
            return Err(Error::Bug("a pending sign-in cannot be written"));
        };
        let sealed = visit.seal(settings, &settings.pending, claims, PENDING_SECONDS)?;
        let cookie = SetCookie::new(cookie_name(visit, self.state.as_str()), sealed, visit.security())
            .for_seconds(PENDING_SECONDS, visit.now);
        let cookie = match answer_by {
            AnswerBy::Query => cookie,
            AnswerBy::CrossSiteForm => cookie.cross_site(),
        };
        Ok(surplus(settings, visit).into_iter().chain([cookie]).collect())
    }

    /// Station *recall*: finds the sign-in that a `state` belongs to, and the order to forget it, which has to reach the
    /// browser whatever becomes of it.
    pub(crate) fn recall(
        settings: &Settings,
        visit: &Visit<'_>,
        state: &str,
    ) -> (Result<Self, RequestError>, Option<SetCookie>) {
        let name = cookie_name(visit, state);
        let Some(sealed) = visit.cookies.get(&name) else { return (Err(RequestError::PendingMissing), None) };
        let clear = SetCookie::clear(name, visit.security());
        let opened = match visit.open(settings, &settings.pending, &sealed) {
            // The tolerance for clocks that differ is meant for sessions; here 15 minutes are 15 minutes.
            Ok(claims) if expires(&claims).is_none_or(|end| end <= visit.now.seconds()) => {
                Err(RequestError::PendingExpired)
            }
            Ok(claims) => serde_json::from_value(Value::Object(claims)).map_err(|_| RequestError::PendingMissing),
            Err(SealError::Expired(_)) => Err(RequestError::PendingExpired),
            Err(_) => Err(RequestError::PendingMissing),
        };
        (opened, Some(clear))
    }
}

/// The cookie's name ends in a short hash of the state: enough to tell four sign-ins apart, no help in guessing one.
fn cookie_name(visit: &Visit<'_>, state: &str) -> String {
    let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, state.as_bytes()));
    format!("{}{}", visit.names().pending, hash.get(..8).unwrap_or_default())
}

fn expires(claims: &crate::model::Claims) -> Option<i64> {
    claims.get("exp").and_then(Value::as_i64)
}

/// The oldest sign-ins of this browser, when there is no room for one more. What does not open goes first.
fn surplus(settings: &Settings, visit: &Visit<'_>) -> Vec<SetCookie> {
    let prefix = &visit.names().pending;
    let age = |sealed: &str, now: UnixTime| {
        settings.pending.open(sealed, now).ok().and_then(|claims| expires(&claims)).unwrap_or(i64::MIN)
    };
    let mut known: Vec<(i64, &str)> =
        visit.cookies.with_prefix(prefix).map(|(rest, value)| (age(value, visit.now), rest)).collect();
    known.sort_unstable();
    let too_many = (known.len() + 1).saturating_sub(AT_MOST);
    known
        .into_iter()
        .take(too_many)
        .map(|(_, rest)| SetCookie::clear(format!("{prefix}{rest}"), visit.security()))
        .collect()
}
