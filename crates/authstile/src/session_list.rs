//! The sessions of one person: listed, ended one by one or all together, and given a new key.

use crate::clock::UnixTime;
use crate::cookie::{Cookies, SetCookie};
use crate::device::device;
use crate::error::Error;
use crate::facts::SessionFacts;
use crate::session::Live;
use crate::settings::{Kind, Settings};
use crate::store::{Except, RevocationKey, SessionData, StoredSession};

/// A session, as a list shows it to its person or to an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionOverview {
    /// Its own id, which names it and signs nobody in; `None` for sessions that Auth.js made.
    pub id: Option<String>,
    /// The provider that it came from.
    pub provider: Option<String>,
    /// When it began.
    pub begun: Option<UnixTime>,
    /// When it was last used, to within the `update_age`.
    pub seen: Option<UnixTime>,
    /// When it ends unless it is used before.
    pub expires: UnixTime,
    /// The browser, as it calls itself.
    pub user_agent: Option<String>,
    /// The address of the client at sign-in.
    pub address: Option<String>,
}

impl SessionOverview {
    /// The browser and its device in plain words, such as `Firefox on Windows`: a guess from what it calls itself.
    #[must_use]
    pub fn device(&self) -> String {
        device(self.user_agent.as_deref())
    }

    /// A session in a cookie: what its token says, and nothing about the browser, which the token does not know.
    fn of_cookie(live: &Live) -> Self {
        let facts = live.facts();
        let begun = facts.as_ref().map(|facts| UnixTime::from_millis(facts.begun.unwrap_or(facts.at)));
        Self {
            provider: facts.as_ref().map(|facts| facts.provider.clone()),
            id: facts.map(|facts| facts.id),
            begun,
            seen: None,
            expires: live.expires,
            user_agent: None,
            address: None,
        }
    }
}

impl From<StoredSession> for SessionOverview {
    fn from(stored: StoredSession) -> Self {
        let expires = stored.expires;
        let Some(data) = stored.data else {
            return Self {
                id: None,
                provider: None,
                begun: None,
                seen: None,
                expires,
                user_agent: None,
                address: None,
            };
        };
        let SessionData { id, provider, at, seen, user_agent, address, .. } = data;
        let (begun, seen) = (Some(UnixTime::from_millis(at)), Some(UnixTime::from_millis(seen)));
        Self { id: Some(id), provider: Some(provider), begun, seen, expires, user_agent, address }
    }
}

/// One of a person's own sessions, as their page shows it.
#[derive(Debug)]
pub(crate) struct Listed {
    /// What ends it, in the hands of its person only; no part of what signs in.
    pub(crate) handle: String,
    /// Whether it is the one that asks.
    pub(crate) is_current: bool,
    pub(crate) overview: SessionOverview,
}

/// The session's own id; of one that Auth.js made, a hash of its key, which may be the cookie's value and is not shown.
fn handle(session: &StoredSession) -> String {
    let own = session.data.as_ref().map(|data| data.id.clone()).filter(|id| !id.is_empty());
    own.unwrap_or_else(|| RevocationKey::new("listed session", &[&session.key]).as_str().to_owned())
}

/// The sessions of whoever is signed in: this one, then the latest first. Where sessions live in cookies, it is this one: only their
/// browsers know the others.
pub(crate) async fn list(settings: &Settings, live: &Live, now: UnixTime) -> Result<Vec<Listed>, Error> {
    let (Some(stored), Some(row)) = (&settings.stores.sessions, &live.row) else {
        let overview = SessionOverview::of_cookie(live);
        return Ok(vec![Listed { handle: overview.id.clone().unwrap_or_default(), is_current: true, overview }]);
    };
    let sessions = stored.of_user(&row.session.user.id, now).await?;
    let listed = |session: StoredSession| Listed {
        handle: handle(&session),
        is_current: session.key == row.session.key,
        overview: session.into(),
    };
    let mut sessions: Vec<Listed> = sessions.into_iter().map(listed).collect();
    sessions.sort_by_key(|session| !session.is_current);
    Ok(sessions)
}

/// Ends another session of whoever is signed in, by its handle; what is no handle of theirs ends nothing.
pub(crate) async fn end_other(settings: &Settings, live: &Live, handle: &str, now: UnixTime) -> Result<(), Error> {
    let (Some(stored), Some(row)) = (&settings.stores.sessions, &live.row) else { return Ok(()) };
    for session in stored.of_user(&row.session.user.id, now).await? {
        if self::handle(&session) == handle && session.key != row.session.key {
            stored.store.delete(&session.key).await?;
        }
    }
    Ok(())
}

/// Ends every session of whoever is signed in.
pub(crate) async fn end_all(settings: &Settings, live: &Live, now: UnixTime) -> Result<(), Error> {
    match (&settings.stores.sessions, &live.row) {
        (Some(stored), Some(row)) => {
            stored.store.delete_of_user(&row.session.user.id, Except::Nothing).await?;
        }
        _ => settings.end_sessions(&person(live), now).await?,
    }
    Ok(())
}

/// Ends every other session of whoever is signed in. This one goes on under a new key: the cookies for it.
pub(crate) async fn end_others(
    settings: &Settings,
    kind: &Kind,
    live: Live,
    cookies: &Cookies<'_>,
    now: UnixTime,
) -> Result<Vec<SetCookie>, Error> {
    match (&settings.stores.sessions, &live.row) {
        (Some(stored), Some(row)) => {
            let except = Except::Key(&row.session.key);
            stored.store.delete_of_user(&row.session.user.id, except).await?;
        }
        _ => settings.end_sessions(&person(&live), now).await?,
    }
    replace(settings, kind, live, cookies, now).await
}

/// What all sessions of the person carry who has this one in a cookie. The session knows it better than its claims, which
/// a hook may have changed.
fn person(live: &Live) -> RevocationKey {
    let known = live.facts().and_then(|facts| facts.keys.last().cloned());
    known.unwrap_or_else(|| RevocationKey::user(live.text("sub").unwrap_or_default()))
}

/// The same session under a new key; for one in a cookie, under a new id and a later moment, which outlive what was just
/// ended. What is kept of the provider's tokens goes with it.
pub(crate) async fn replace(
    settings: &Settings,
    kind: &Kind,
    live: Live,
    cookies: &Cookies<'_>,
    now: UnixTime,
) -> Result<Vec<SetCookie>, Error> {
    if let (Some(stored), Some(row)) = (&settings.stores.sessions, live.row) {
        let StoredSession { key, user, data, .. } = row.session;
        let data = match data {
            Some(data) => data,
            None => SessionData {
                id: settings.random.uuid()?,
                at: now.millis(),
                seen: now.millis(),
                ..SessionData::default()
            },
        };
        let token = stored.create(&user, &data, now, &*settings.random).await?;
        stored.store.delete(&key).await?;
        return Ok(kind.session.write_token(&token, cookies, now)?);
    }
    let mut claims = live.claims;
    let mut written = Vec::new();
    if let Some(facts) = SessionFacts::of(&claims) {
        let kept = kind.vault.open(cookies, &facts.id, now);
        let facts = renamed(facts, settings, now)?;
        if let Some(mut kept) = kept {
            kept.session.clone_from(&facts.id);
            written = kind.vault.write(&kept, cookies, now, &*settings.random)?;
        }
        facts.write(&mut claims);
    }
    written.extend(kind.session.write(claims, cookies, now, &*settings.random)?);
    Ok(written)
}

/// A session in a cookie that goes on after what was ended now: it begins a millisecond later, under an id of its own.
fn renamed(facts: SessionFacts, settings: &Settings, now: UnixTime) -> Result<SessionFacts, Error> {
    let id = settings.random.uuid()?;
    let old = RevocationKey::session(&facts.id);
    let keys = facts.keys.into_iter().map(|key| if key == old { RevocationKey::session(&id) } else { key }).collect();
    let begun = Some(facts.begun.unwrap_or(facts.at));
    Ok(SessionFacts { id, keys, begun, at: now.millis() + 1, ..facts })
}
