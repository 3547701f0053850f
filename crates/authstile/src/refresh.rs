//! What is remembered about refreshing access tokens: one request at a time for each session, and what came of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use async_lock::Mutex;
use authstile_oauth::secret::AccessToken;
use http::HeaderValue;

use crate::clock::UnixTime;
use crate::vault::KeptTokens;

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

/// What came of a refresh.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The refresh token that was used up.
    pub(crate) used: String,
    pub(crate) kept: KeptTokens,
    pub(crate) at: UnixTime,
}

impl Refreshes {
    pub(crate) fn of(&self, session: &str) -> Arc<Mutex<Option<Outcome>>> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SWEEP {
            // Nobody holds those that only the map knows; what they remember has had its time.
            sessions.retain(|_, outcome| Arc::strong_count(outcome) > 1);
        }
        sessions.entry(session.to_owned()).or_default().clone()
    }
}
