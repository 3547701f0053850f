//! A session as text: a line with what changes while it is used, then JSON.

use std::borrow::Cow;

use authstile::clock::UnixTime;
use authstile::store::{NewSession, SessionData, StoredSession, StoredUser};
use authstile::{Claims, StoreError};
use serde::{Deserialize, Serialize};

/// What stays as it was at sign-in.
#[derive(Serialize, Deserialize)]
struct Body<'a> {
    user: Person<'a>,
    data: Cow<'a, SessionData>,
}

#[derive(Serialize, Deserialize)]
struct Person<'a> {
    id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<Cow<'a, str>>,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email_verified: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Claims::is_empty")]
    attributes: Cow<'a, Claims>,
}

/// The first line: milliseconds since 1970 of the end and of the last use. A script replaces it, and leaves the JSON alone.
pub(crate) fn head(expires: UnixTime, seen: i64) -> String {
    format!("{} {seen}", expires.millis())
}

pub(crate) fn write(session: &NewSession<'_>) -> Result<String, StoreError> {
    let StoredUser { id, name, email, email_verified, image, attributes } = session.user;
    let user = Person {
        id: id.into(),
        name: name.as_deref().map(Cow::from),
        email: email.as_deref().map(Cow::from),
        email_verified: email_verified.map(UnixTime::millis),
        image: image.as_deref().map(Cow::from),
        attributes: Cow::Borrowed(attributes),
    };
    let body = Body { user, data: Cow::Borrowed(session.data) };
    let body = serde_json::to_string(&body).map_err(StoreError::other)?;
    Ok([head(session.expires, session.data.seen).as_str(), "\n", &body].concat())
}

pub(crate) fn read(key: &str, text: &str) -> Result<StoredSession, StoreError> {
    let broken = || StoreError::other("the record of a session is not one of ours");
    let (head, body) = text.split_once('\n').ok_or_else(broken)?;
    let (expires, seen) = head.split_once(' ').ok_or_else(broken)?;
    let millis = |text: &str| text.parse::<i64>().map_err(|_| broken());
    let Body { user, data } = serde_json::from_str(body).map_err(StoreError::other)?;
    let user = StoredUser {
        id: user.id.into_owned(),
        name: user.name.map(Cow::into_owned),
        email: user.email.map(Cow::into_owned),
        email_verified: user.email_verified.map(UnixTime::from_millis),
        image: user.image.map(Cow::into_owned),
        attributes: user.attributes.into_owned(),
    };
    let data = SessionData { seen: millis(seen)?, ..data.into_owned() };
    Ok(StoredSession { key: key.to_owned(), user, expires: UnixTime::from_millis(millis(expires)?), data: Some(data) })
}
