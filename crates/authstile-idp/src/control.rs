//! Switches for tests: what an outside service would not let one do.

use std::collections::VecDeque;

use crate::http_text::Call;
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

/// State of the switches.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    pub(crate) auto_sign_in: Option<String>,
    pub(crate) misbehave: Option<Misbehave>,
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
