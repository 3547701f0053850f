//! The management API: the part of `/api/v1` that matters for sign-in (§5.3, §6.6, §7).

mod connections;
mod directories;
mod error;
mod organizations;
mod paging;
mod portal;
mod sessions;

use http::StatusCode;
use serde_json::{Value, json};

pub(crate) use portal::{PortalLink, open};

use self::error::{ApiError, NOT_FOUND, PERMISSION_DENIED, TOKEN_EMPTY, TOKEN_INVALID};
use crate::http_text::{self, Call, Response};
use crate::idp::Idp;

/// `path` is what follows `/api/v1/`.
pub(crate) fn answer(idp: &Idp, call: &Call, path: &str) -> Response {
    let answer = admit(idp, call).and_then(|()| route(idp, call, path));
    answer.map_or_else(|error| error.answer(), |body| http_text::json(StatusCode::OK, &body))
}

/// Only a client's own token opens the API; that a user's token is told apart from rubbish is a guess.
fn admit(idp: &Idp, call: &Call) -> Result<(), ApiError> {
    let token = call.bearer().ok_or(TOKEN_EMPTY)?;
    let grant = idp.memory().access_tokens.get(idp.now(), token).cloned().ok_or(TOKEN_INVALID)?;
    if grant.sign_in.is_some() {
        return Err(PERMISSION_DENIED);
    }
    match idp.switches().rate_limited {
        Some(seconds) => Err(ApiError::rate_limited(seconds)),
        None => Ok(()),
    }
}

fn route(idp: &Idp, call: &Call, path: &str) -> Result<Value, ApiError> {
    let decoded: Vec<String> = path.split('/').map(decode).collect();
    let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let environment = idp.environment();
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["organizations"]) => organizations::list(&environment, call),
        ("GET", ["organizations:external", id]) => organizations::by_external_id(&environment, id),
        ("GET", ["organizations", id]) => organizations::one(&environment, id),
        ("DELETE", ["organizations", id]) if idp.delete_organization(id) => Ok(json!({})),
        ("GET", ["organizations", id, "domains"]) => organizations::domains(&environment, id, call),
        ("GET", ["organizations", id, "domains", domain]) => organizations::domain(&environment, id, domain),
        ("PUT", ["organizations", id, "portal_links"]) => portal::link(idp, &environment, id, call),
        ("GET", ["connections"]) => connections::list(&environment, call),
        ("GET", ["organizations", id, "connections", one]) => connections::one(&environment, id, one),
        ("PATCH", ["organizations", id, "connections", target]) => connections::switch(idp, &environment, id, target),
        ("DELETE", ["organizations", id, "connections", one]) => connections::delete(idp, &environment, id, one),
        ("GET", ["organizations", id, "directories"]) => directories::list(&environment, id),
        ("GET", ["organizations", id, "directories", one]) => directories::one(&environment, id, one),
        ("PATCH", ["organizations", id, "directories", target]) => directories::switch(idp, &environment, id, target),
        ("GET", ["organizations", id, "directories", one, "users"]) => directories::users(&environment, id, one, call),
        ("GET", ["organizations", id, "directories", one, "groups"]) => {
            directories::groups(&environment, id, one, call)
        }
        ("GET", ["sessions", id]) => sessions::one(idp, id),
        ("POST", ["sessions", id, "revoke"]) => sessions::revoke(idp, id),
        ("GET", ["users", id, "sessions"]) => sessions::of_user(idp, id, call),
        ("POST", ["users", id, "sessions", "revoke"]) => sessions::revoke_all(idp, id),
        _ => Err(NOT_FOUND),
    }
}

/// Percent-decoding of a path segment, where `+` is a plus.
fn decode(segment: &str) -> String {
    let segment = segment.replace('+', "%2B");
    let mut pairs = form_urlencoded::parse(segment.as_bytes());
    pairs.next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

/// `id:enable` or `id:disable`.
fn switched(target: &str) -> Result<(&str, bool), ApiError> {
    match target.rsplit_once(':') {
        Some((id, "enable")) => Ok((id, true)),
        Some((id, "disable")) => Ok((id, false)),
        _ => Err(NOT_FOUND),
    }
}

impl Idp {
    /// Makes the management API answer 429 with this `Retry-After`; `None` brings it back. Scalekit limits each
    /// environment per minute, by an unpublished number (§7.1).
    pub fn set_rate_limited(&self, retry_after_seconds: Option<u32>) {
        self.switches().rate_limited = retry_after_seconds;
    }
}
