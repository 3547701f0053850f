//! Sessions that live in the browser: an encrypted token in a cookie, or in several.

use serde_json::Value;

use crate::clock::UnixTime;
use crate::cookie::{CookieNames, CookieSecurity, Cookies, SessionTooLarge, SetCookie, write_session};
use crate::model::{Claims, User};
use crate::random::Random;
use crate::seal::{SealError, Sealer, Secrets};

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLifetime {
    /// Seconds after the last use.
    pub max_age: i64,
    /// Seconds after which a page view renews the session; `GET /session` renews it always, as Auth.js does.
    pub update_age: i64,
}

impl Default for SessionLifetime {
    /// Auth.js's: 30 days, 1 day.
    fn default() -> Self {
        Self { max_age: 30 * 24 * 60 * 60, update_age: 24 * 60 * 60 }
    }
}

/// What the cookies of a request hold.
#[derive(Debug)]
pub(crate) enum Read {
    /// No session cookie.
    None,
    /// Cookies that do not open: stale, of another secret, or forged.
    Broken(SealError),
    /// A session that was ended elsewhere.
    Revoked,
    /// Somebody is signed in.
    Claims(Claims),
}

/// The session cookies of origins of one kind (`https`, or not), with their keys.
#[derive(Debug)]
pub(crate) struct SessionCookies {
    name: String,
    security: CookieSecurity,
    sealer: Sealer,
    lifetime: SessionLifetime,
}

impl SessionCookies {
    pub(crate) fn new(
        secrets: &Secrets,
        names: &CookieNames,
        security: CookieSecurity,
        lifetime: SessionLifetime,
    ) -> Result<Self, SealError> {
        Ok(Self { sealer: Sealer::new(secrets, &names.session)?, name: names.session.clone(), security, lifetime })
    }

    /// Reads the session of a request.
    pub(crate) fn read(&self, cookies: &Cookies<'_>, now: UnixTime) -> Read {
        let mut read = Read::None;
        for token in cookies.session_candidates(&self.name) {
            match self.sealer.open(&token, now) {
                Ok(claims) => return Read::Claims(claims),
                Err(error) => read = Read::Broken(error),
            }
        }
        read
    }

    /// Seals claims into cookies, new or renewed; they last from now.
    pub(crate) fn write(
        &self,
        claims: Claims,
        cookies: &Cookies<'_>,
        now: UnixTime,
        random: &dyn Random,
    ) -> Result<Vec<SetCookie>, WriteError> {
        let token = self.sealer.seal(claims, self.lifetime.max_age, now, random)?;
        Ok(write_session(&self.name, &token, self.expires(now), self.security, &cookies.session_cookies(&self.name))?)
    }

    /// Takes away every session cookie that the request brought.
    pub(crate) fn clear(&self, cookies: &Cookies<'_>) -> Vec<SetCookie> {
        cookies.session_cookies(&self.name).into_iter().map(|name| SetCookie::clear(name, self.security)).collect()
    }

    pub(crate) fn expires(&self, now: UnixTime) -> UnixTime {
        now.plus_seconds(self.lifetime.max_age)
    }

    /// When the session ends that these claims describe, if nobody renews it.
    pub(crate) fn expires_of(&self, claims: &Claims, now: UnixTime) -> UnixTime {
        claims.get("exp").and_then(Value::as_i64).map_or_else(|| self.expires(now), UnixTime::from_seconds)
    }

    /// Whether a page view should renew the session.
    pub(crate) fn wants_renewal(&self, claims: &Claims, now: UnixTime) -> bool {
        claims
            .get("iat")
            .and_then(Value::as_i64)
            .is_none_or(|issued| now.seconds() - issued >= self.lifetime.update_age)
    }
}

/// Why a session cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    TooLarge(#[from] SessionTooLarge),
}

/// The claims of a fresh session: Auth.js's four.
pub(crate) fn default_claims(user: &User) -> Claims {
    let mut claims = Claims::new();
    for (name, value) in [("name", &user.name), ("email", &user.email), ("picture", &user.image)] {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value.clone().into());
        }
    }
    claims.insert("sub".to_owned(), user.id.clone().into());
    claims
}

/// The default public view: `{user: {name, email, image}, expires}`, and what a provider was told to show. What the token
/// does not have is left out; what it has as null stays null.
pub(crate) fn public_view<'a>(claims: &Claims, expires: UnixTime, shown: impl IntoIterator<Item = &'a str>) -> Value {
    let mut user = Claims::new();
    for (name, claim) in [("name", "name"), ("email", "email"), ("image", "picture")] {
        if let Some(value) = claims.get(claim) {
            user.insert(name.to_owned(), value.clone());
        }
    }
    let mut view = Claims::new();
    view.insert("user".to_owned(), user.into());
    view.insert("expires".to_owned(), expires.iso8601().into());
    for name in shown {
        if let Some(value) = claims.get(name) {
            view.insert(name.to_owned(), value.clone());
        }
    }
    view.into()
}
