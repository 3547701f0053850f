//! Sessions that live in the browser: an encrypted token in a cookie, or in several.

use std::borrow::Cow;

use serde_json::Value;

use crate::clock::UnixTime;
use crate::cookie::{CookieNames, CookieSecurity, Cookies, SessionTooLarge, SetCookie, write_session};
use crate::facts::SessionFacts;
use crate::model::{Claims, User};
use crate::random::Random;
use crate::seal::{SealError, Sealer, Secrets};
use crate::step_up::Authentication;
use crate::store::StoredSession;

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLifetime {
    /// Seconds after the last use.
    pub max_age: i64,
    /// Seconds after which a page view renews the session; `GET /session` renews it always, as Auth.js does.
    pub update_age: i64,
    /// Seconds after the sign-in at which a session ends however much it is used; `None`: never.
    pub absolute: Option<i64>,
}

impl Default for SessionLifetime {
    /// Auth.js's: 30 days, 1 day.
    fn default() -> Self {
        Self { max_age: 30 * 24 * 60 * 60, update_age: 24 * 60 * 60, absolute: None }
    }
}

impl SessionLifetime {
    /// When a session ends that is used now and began then, in milliseconds since 1970.
    pub(crate) fn end(&self, begun: Option<i64>, now: UnixTime) -> UnixTime {
        let idle = now.plus_seconds(self.max_age);
        match (self.absolute, begun) {
            (Some(absolute), Some(begun)) => idle.min(UnixTime::from_millis(begun).plus_seconds(absolute)),
            _ => idle,
        }
    }

    /// Whether a session that began then has had its time.
    pub(crate) fn is_over(&self, begun: Option<i64>, now: UnixTime) -> bool {
        self.absolute
            .zip(begun)
            .is_some_and(|(absolute, begun)| UnixTime::from_millis(begun).plus_seconds(absolute) <= now)
    }
}

/// What the cookies of a request hold.
#[derive(Debug)]
pub(crate) enum Read {
    /// No session cookie.
    None,
    /// Cookies that do not open: stale, of another secret, or forged.
    Broken(SealError),
    /// A session that has ended: by time, or elsewhere.
    Ended,
    /// Somebody is signed in.
    Live(Box<Live>),
}

/// The session of somebody who is signed in.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) claims: Claims,
    pub(crate) expires: UnixTime,
    /// Where the session is kept in a store.
    pub(crate) row: Option<Row>,
}

/// The stored session behind a cookie.
#[derive(Debug)]
pub(crate) struct Row {
    /// The cookie's value.
    pub(crate) token: String,
    pub(crate) session: StoredSession,
}

impl Live {
    /// What the session remembers about its sign-in; `None` for sessions that Auth.js made.
    pub(crate) fn facts(&self) -> Option<SessionFacts> {
        match &self.row {
            Some(row) => row.session.data.as_ref().map(SessionFacts::from_data),
            None => SessionFacts::of(&self.claims),
        }
    }

    /// How and when the person proved who they are; nothing is known for sessions that Auth.js made.
    pub(crate) fn authentication(&self) -> Authentication {
        self.facts().map(|facts| facts.authentication).unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }
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

    /// What the session cookies of a request say, unread.
    pub(crate) fn tokens<'a>(&self, cookies: &Cookies<'a>) -> Vec<Cow<'a, str>> {
        cookies.session_candidates(&self.name)
    }

    /// Reads the session of a request, where it lives in the cookie.
    pub(crate) fn read(&self, cookies: &Cookies<'_>, now: UnixTime) -> Read {
        let mut read = Read::None;
        for token in self.tokens(cookies) {
            match self.sealer.open(&token, now) {
                Ok(claims) => match &read {
                    Read::Ended => {}
                    Read::Live(live) if live.claims.get("sub") == claims.get("sub") => {}
                    Read::Live(_) if self.is_over(&claims, now) => {}
                    Read::Live(_) => return two_people(),
                    Read::None | Read::Broken(_) if self.is_over(&claims, now) => read = Read::Ended,
                    Read::None | Read::Broken(_) => {
                        let expires = self.expires_of(&claims, now);
                        read = Read::Live(Box::new(Live { claims, expires, row: None }));
                    }
                },
                Err(error) if matches!(read, Read::None) => read = Read::Broken(error),
                Err(_) => {}
            }
        }
        read
    }

    fn is_over(&self, claims: &Claims, now: UnixTime) -> bool {
        self.lifetime.absolute.is_some() && self.lifetime.is_over(begun(claims), now)
    }

    /// Writes the key of a stored session into a cookie.
    pub(crate) fn write_token(
        &self,
        token: &str,
        cookies: &Cookies<'_>,
        now: UnixTime,
    ) -> Result<Vec<SetCookie>, WriteError> {
        let seen = cookies.session_cookies(&self.name);
        Ok(write_session(&self.name, token, self.expires(now), self.security, &seen)?)
    }

    /// Seals claims into cookies, new or renewed; they last from now.
    pub(crate) fn write(
        &self,
        claims: Claims,
        cookies: &Cookies<'_>,
        now: UnixTime,
        random: &dyn Random,
    ) -> Result<Vec<SetCookie>, WriteError> {
        let end = self.end_of(&claims, now);
        let token = self.sealer.seal(claims, end.seconds() - now.seconds(), now, random)?;
        Ok(write_session(&self.name, &token, end, self.security, &cookies.session_cookies(&self.name))?)
    }

    /// Takes away every session cookie that the request brought.
    pub(crate) fn clear(&self, cookies: &Cookies<'_>) -> Vec<SetCookie> {
        cookies.session_cookies(&self.name).into_iter().map(|name| SetCookie::clear(name, self.security)).collect()
    }

    /// When a session with these claims ends that is used now.
    pub(crate) fn end_of(&self, claims: &Claims, now: UnixTime) -> UnixTime {
        match self.lifetime.absolute {
            Some(_) => self.lifetime.end(begun(claims), now),
            None => self.expires(now),
        }
    }

    pub(crate) fn expires(&self, now: UnixTime) -> UnixTime {
        now.plus_seconds(self.lifetime.max_age)
    }

    /// When the session ends that these claims describe, if nobody renews it.
    fn expires_of(&self, claims: &Claims, now: UnixTime) -> UnixTime {
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

/// Two cookies of one name are two people's sessions: a neighbour on the same domain has put one of them there (cookie
/// tossing), and which one cannot be said (RFC 6265 §8.6).
pub(crate) fn two_people() -> Read {
    tracing::warn!("a request brings sessions of two people in cookies of one name: taken for nobody's");
    Read::Ended
}

/// The moment of the sign-in, in milliseconds since 1970.
fn begun(claims: &Claims) -> Option<i64> {
    SessionFacts::of(claims).map(|facts| facts.begun.unwrap_or(facts.at))
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
