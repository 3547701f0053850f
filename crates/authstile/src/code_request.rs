//! What mails leave with a browser: a request for a code, which is sealed in a cookie, and what stands in a link.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cookie::SetCookie;
use crate::error::Error;
use crate::settings::Settings;
use crate::visit::Visit;

/// The salt of the key that seals requests for codes.
pub(crate) const SALT: &str = "authstile.code";

/// A request for a code, in the browser that made it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CodeRequest {
    pub(crate) provider: String,
    pub(crate) email: String,
    /// Part of what is hashed: the code of one request is none of another.
    pub(crate) request: String,
    pub(crate) return_to: String,
}

impl CodeRequest {
    pub(crate) fn read(settings: &Settings, visit: &Visit<'_>) -> Option<Self> {
        let sealed = visit.cookies.get(&visit.names().code)?;
        let claims = visit.open(settings, &settings.codes, &sealed).ok()?;
        serde_json::from_value(Value::Object(claims)).ok()
    }

    pub(crate) fn seal(&self, settings: &Settings, visit: &Visit<'_>, seconds: i64) -> Result<SetCookie, Error> {
        let Ok(Value::Object(claims)) = serde_json::to_value(self) else {
            return Err(Error::Bug("a request for a code cannot be written"));
        };
        let sealed = visit.seal(settings, &settings.codes, claims, seconds)?;
        Ok(SetCookie::new(&visit.names().code, sealed, visit.security()).for_seconds(seconds, visit.now))
    }

    pub(crate) fn proof(&self, code: &str) -> String {
        format!("{}.{code}", self.request)
    }
}

/// What a link brings to its page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened<'a> {
    pub(crate) token: &'a str,
    pub(crate) email: &'a str,
}
