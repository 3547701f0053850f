//! Switches for tests: what an outside service would not let one do.

use std::collections::VecDeque;

use serde_json::Value;

use crate::client::Keys;
use crate::error_codes;
use crate::fault::{IdpInitiatedFault, LogoutTokenFault, WebhookFault};
use crate::http_text::Call;
use crate::idp::Idp;
use crate::keys::SigningKey;
use crate::misbehave::Misbehave;

/// What happens to the key in use so far when keys are rotated (§1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It stays published beside the new one, as at Scalekit. The one before it disappears.
    KeepOld,
    /// It disappears at once: tokens that it signed can no longer be verified.
    DropOld,
}

/// A request as the provider received it, secrets included; see [`Idp::requests`](crate::Idp::requests).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path, as sent.
    pub path: String,
    /// Decoded query parameters, in order.
    pub query: Vec<(String, String)>,
    /// Decoded form parameters, in order; empty unless the body is a form.
    pub form: Vec<(String, String)>,
    /// The first word of the `Authorization` header, as sent.
    pub authorization_scheme: Option<String>,
}

impl Idp {
    /// Makes `/oauth/authorize` answer at once as if this user had filled in the form; `None` brings the form back.
    ///
    /// `prompt=none` still needs a session, and the user must be admitted by the chosen connection.
    pub fn auto_sign_in(&self, email: Option<&str>) {
        self.switches().auto_sign_in = email.map(str::to_owned);
    }

    /// Deviates from correct behaviour in one way from now on; `None` makes amends.
    pub fn misbehave(&self, misbehave: Option<Misbehave>) {
        self.switches().misbehave = misbehave;
    }

    /// Answers everything with 503 while `true`.
    pub fn set_down(&self, is_down: bool) {
        self.switches().is_down = is_down;
    }

    /// Ends the next authorization request with an error of §2.4. `false` if the code is not among them.
    pub fn fail_next_sign_in(&self, error: &str) -> bool {
        let found = error_codes::find(error);
        self.switches().next_error = found;
        found.is_some()
    }

    /// Moves the clock, from the system or from [`IdpBuilder::clock`](crate::IdpBuilder::clock), by so many seconds more.
    pub fn advance_clock(&self, seconds: i64) {
        self.move_clock(seconds);
    }

    /// Replaces the signing key. If the system has no randomness for a new one, nothing changes.
    pub fn rotate_keys(&self, rotation: Rotation) {
        if let Ok(key) = SigningKey::generate(self.environment().signing_algorithm) {
            self.keys().rotate(key, rotation == Rotation::KeepOld);
        }
    }

    /// Replaces the keys of a client, as if it had registered anew. `false` if there is no such client.
    pub fn set_client_keys(&self, client_id: &str, jwks: Value) -> bool {
        self.change(|environment| match environment.clients.iter_mut().find(|client| client.id == client_id) {
            Some(client) => {
                client.keys = Some(Keys::Here(jwks));
                true
            }
            None => false,
        })
    }

    /// Forgets the nonces that were given out for DPoP proofs: whoever uses one is given another (RFC 9449 §8.2).
    pub fn forget_dpop_nonces(&self) {
        self.memory().dpop_nonces.retain(|()| false);
    }

    /// The requests received, oldest first; at most the last 10 000.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.record().all()
    }

    /// Forgets the requests received so far.
    pub fn clear_requests(&self) {
        self.record().clear();
    }
}

/// State of the switches.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    pub(crate) auto_sign_in: Option<String>,
    pub(crate) misbehave: Option<Misbehave>,
    /// Error and description that the next authorization request ends in.
    pub(crate) next_error: Option<(&'static str, &'static str)>,
    pub(crate) logout_token_fault: Option<LogoutTokenFault>,
    pub(crate) webhook_fault: Option<WebhookFault>,
    pub(crate) idp_initiated_fault: Option<IdpInitiatedFault>,
    /// The management API answers 429 with this `Retry-After`.
    pub(crate) rate_limited: Option<u32>,
    pub(crate) is_down: bool,
}

/// The last requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Record(VecDeque<Recorded>);

impl Record {
    const MOST: usize = 10_000;

    pub(crate) fn add(&mut self, call: &Call) {
        if self.0.len() >= Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back(Recorded {
            method: call.method.to_string(),
            path: call.path.clone(),
            query: call.query.0.clone(),
            form: call.form.0.clone(),
            authorization_scheme: call.authorization().map(|(scheme, _)| scheme.to_owned()),
        });
    }

    pub(crate) fn all(&self) -> Vec<Recorded> {
        self.0.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
