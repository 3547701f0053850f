//! Sessions that the browser only has a key to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::BoxFuture;
use crate::clock::UnixTime;
use crate::model::Claims;
use crate::step_up::Authentication;
use crate::store::revocation::RevocationKey;
use crate::store::{StoreError, StoredUser};

/// What a session remembers beside its person: kept as JSON, as short as it can be.
///
/// A session that Auth.js made has none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionData {
    /// The session's own id, a UUID: names it in lists and commands, and signs nobody in.
    pub id: String,
    /// The provider that it came from.
    pub provider: String,
    /// Milliseconds since 1970 at which somebody signed in.
    pub at: i64,
    /// Milliseconds since 1970 of the last use that was written down: at most `update_age` old.
    pub seen: i64,
    /// What it can be ended by, beside its key.
    pub keys: Vec<RevocationKey>,
    /// The browser, as it calls itself, at sign-in; at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The address of the client at sign-in, or of the nearest proxy that is not believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How and when the person proved who they are.
    #[serde(default, skip_serializing_if = "Authentication::is_empty")]
    pub authentication: Authentication,
    /// Further claims, such as the organization of an enterprise sign-in.
    #[serde(default, skip_serializing_if = "Claims::is_empty")]
    pub claims: Claims,
}

/// A session to be created.
#[derive(Debug, Clone)]
pub struct NewSession<'a> {
    /// What the cookie names: a hash of its value, or the value itself in a database that is shared with Auth.js. Auth.js's
    /// `sessionToken`.
    pub key: &'a str,
    /// Whose it is. A store that has no table of people keeps this copy; others keep only the id.
    pub user: &'a StoredUser,
    /// When it ends unless it is used before.
    pub expires: UnixTime,
    /// The rest.
    pub data: &'a SessionData,
}

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSession {
    /// What the cookie names.
    pub key: String,
    /// Whose it is, as they are now, or as they were at sign-in where the store has no table of people.
    pub user: StoredUser,
    /// When it ends; it may have ended already.
    pub expires: UnixTime,
    /// The rest; `None` for sessions that Auth.js made.
    pub data: Option<SessionData>,
}

/// Which sessions of a person stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Except<'a> {
    /// None.
    Nothing,
    /// The one with this key.
    Key(&'a str),
}

/// Sessions.
///
/// A session whose person was deleted is gone. Moments keep their milliseconds where the schema allows, whole seconds
/// everywhere.
pub trait Sessions: Send + Sync + fmt::Debug {
    /// Whether a session's person has to be in the [`Accounts`](crate::store::Accounts) of the same store.
    fn needs_accounts(&self) -> bool {
        false
    }

    /// Creates a session. It never overwrites one.
    ///
    /// # Errors
    /// A [conflict](StoreError::is_conflict) when the key is taken; an error when there is no such person.
    fn create<'a>(&'a self, session: NewSession<'a>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The session with this key, even if it has ended: in one round trip, because every request asks.
    fn find<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredSession>, StoreError>>;

    /// Writes down that a session was used, and that it lasts longer. `false` when it is gone: it does not come back.
    fn extend<'a>(&'a self, key: &'a str, expires: UnixTime, seen: UnixTime)
    -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Ends one; `false` when it was gone.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// The sessions of a person, those that began last first.
    fn of_user<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<Vec<StoredSession>, StoreError>>;

    /// Ends those of a person, and says how many.
    fn delete_of_user<'a>(&'a self, user_id: &'a str, except: Except<'a>) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// Ends those that carry the key and began at this moment or before, and says how many.
    fn delete_by_key<'a>(
        &'a self,
        key: &'a RevocationKey,
        begun_until: UnixTime,
    ) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// Takes away at most `limit` sessions that ended before this moment, and says how many. Stores whose server does
    /// that by itself answer 0.
    fn delete_expired<'a>(&'a self, now: UnixTime, limit: u32) -> BoxFuture<'a, Result<u64, StoreError>>;
}
