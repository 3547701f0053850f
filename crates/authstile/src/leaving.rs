//! Signing out at the provider too: what we remember while the browser is there, and where it goes when it comes back.

use authstile_oauth::word::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cookie::SetCookie;
use crate::error::Error;
use crate::settings::Settings;
use crate::visit::Visit;

/// Seconds that a visitor has for coming back.
const SECONDS: i64 = 15 * 60;

/// The salt of the key that seals departures.
pub(crate) const SALT: &str = "authstile.leaving";

/// A departure: good for one return, in the browser that left.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Leaving {
    pub(crate) state: State,
    pub(crate) return_to: String,
}

impl Leaving {
    /// Begins a departure.
    pub(crate) fn begin(settings: &Settings, visit: &Visit<'_>) -> Result<(Self, SetCookie), Error> {
        let state = State::from_random(settings.random.bytes()?);
        let leaving = Self { state, return_to: visit.return_to.as_str().to_owned() };
        let Ok(Value::Object(claims)) = serde_json::to_value(&leaving) else {
            return Err(Error::Bug("a departure cannot be written"));
        };
        let sealed = visit.seal(settings, &settings.leaving, claims, SECONDS)?;
        let cookie = SetCookie::new(&visit.names().leaving, sealed, visit.security()).for_seconds(SECONDS, visit.now);
        Ok((leaving, cookie))
    }

    /// Where the browser goes that came back with this `state`; `None` when it is not the one that left.
    pub(crate) fn finish(settings: &Settings, visit: &Visit<'_>, state: &str) -> Option<String> {
        let sealed = visit.cookies.get(&visit.names().leaving)?;
        let claims = visit.open(settings, &settings.leaving, &sealed).ok()?;
        let leaving: Self = serde_json::from_value(Value::Object(claims)).ok()?;
        leaving.state.matches(state).then_some(leaving.return_to)
    }
}
