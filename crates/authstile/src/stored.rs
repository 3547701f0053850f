//! Sessions that live in a store: the browser has a random key, and the store a hash of it.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::clock::UnixTime;
use crate::error::Error;
use crate::model::Claims;
use crate::random::Random;
use crate::session::{Live, Read, Row, SessionLifetime, two_people};
use crate::store::{NewSession, SessionData, Sessions, StoreError, StoredSession, StoredUser};

/// How a store keeps the keys of its sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionTokens {
    /// As SHA-256, so that who reads the database can sign in as nobody. The default.
    #[default]
    Hashed,
    /// As they are, which is how Auth.js looks for them: for a database that is shared with a running Auth.js.
    SharedWithAuthJs,
}

/// More is no key of ours, nor of Auth.js's.
const LONGEST: usize = 255;

/// The sessions of a store.
#[derive(Debug)]
pub(crate) struct StoredSessions {
    pub(crate) store: Arc<dyn Sessions>,
    tokens: SessionTokens,
    lifetime: SessionLifetime,
}

impl StoredSessions {
    pub(crate) fn new(store: Arc<dyn Sessions>, tokens: SessionTokens, lifetime: SessionLifetime) -> Self {
        Self { store, tokens, lifetime }
    }

    fn key(&self, token: &str) -> String {
        match self.tokens {
            SessionTokens::Hashed => URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())),
            SessionTokens::SharedWithAuthJs => token.to_owned(),
        }
    }

    /// The session that a cookie names. What has ended is taken away.
    pub(crate) async fn read(&self, tokens: &[impl AsRef<str>], now: UnixTime) -> Result<Read, StoreError> {
        let mut read = Read::None;
        for token in tokens.iter().map(AsRef::as_ref) {
            if matches!(read, Read::None) {
                read = Read::Ended;
            }
            if token.is_empty() || token.len() > LONGEST {
                continue;
            }
            let Some(session) = self.store.find(&self.key(token)).await? else { continue };
            let begun = session.data.as_ref().map(|data| data.at);
            if session.expires <= now || self.lifetime.is_over(begun, now) {
                self.store.delete(&session.key).await?;
                continue;
            }
            match &read {
                Read::Live(live) if live.text("sub") != Some(&session.user.id) => return Ok(two_people()),
                Read::Live(_) => {}
                _ => {
                    let (claims, expires) = (claims(&session), session.expires);
                    let row = Some(Row { token: token.to_owned(), session });
                    read = Read::Live(Box::new(Live { claims, expires, row }));
                }
            }
        }
        Ok(read)
    }

    /// The sessions of a person that go on, the latest first.
    pub(crate) async fn of_user(&self, user_id: &str, now: UnixTime) -> Result<Vec<StoredSession>, StoreError> {
        let is_over = |session: &StoredSession| {
            session.expires <= now || self.lifetime.is_over(session.data.as_ref().map(|data| data.at), now)
        };
        let mut sessions = self.store.of_user(user_id).await?;
        sessions.retain(|session| !is_over(session));
        Ok(sessions)
    }

    /// Seconds by which the last use that is written down may be out of date.
    pub(crate) fn update_age(&self) -> i64 {
        self.lifetime.update_age
    }

    /// A new session, under a key that nobody can guess. Returns the cookie's value.
    pub(crate) async fn create(
        &self,
        user: &StoredUser,
        data: &SessionData,
        now: UnixTime,
        random: &dyn Random,
    ) -> Result<String, Error> {
        let token = URL_SAFE_NO_PAD.encode(random.bytes::<32>()?);
        let expires = self.lifetime.end(Some(data.at), now);
        self.store.create(NewSession { key: &self.key(&token), user, expires, data }).await?;
        Ok(token)
    }

    /// Whether `update_age` has passed since the last use that was written down.
    pub(crate) fn wants_renewal(&self, expires: UnixTime, now: UnixTime) -> bool {
        expires.plus_seconds(self.lifetime.update_age - self.lifetime.max_age) <= now
    }

    /// Writes down that a session is used, when `update_age` has passed since it was last. `false` when it is gone.
    pub(crate) async fn touch(&self, session: &StoredSession, now: UnixTime) -> Result<bool, StoreError> {
        let begun = session.data.as_ref().map(|data| data.at);
        let end = self.lifetime.end(begun, now);
        if !self.wants_renewal(session.expires, now) || end <= session.expires {
            return Ok(true);
        }
        self.store.extend(&session.key, end, now).await
    }
}

/// What the session hook and the application see: as the claims of a session in a cookie, with `null` where the person has
/// nothing, which is what Auth.js shows of a row.
fn claims(session: &StoredSession) -> Claims {
    let user = &session.user;
    let mut claims = Claims::new();
    for (name, value) in [("name", &user.name), ("email", &user.email), ("picture", &user.image)] {
        claims.insert(name.to_owned(), value.clone().map_or(Value::Null, Value::from));
    }
    claims.insert("sub".to_owned(), user.id.clone().into());
    claims.insert("exp".to_owned(), session.expires.seconds().into());
    if let Some(data) = &session.data {
        claims.extend(data.claims.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    claims
}
