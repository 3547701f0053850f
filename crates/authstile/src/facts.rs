//! What a session remembers about its sign-in beside the person: when it was, and by which keys it can be ended.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::UnixTime;
use crate::model::Claims;
use crate::step_up::Authentication;
use crate::store::{RevocationKey, SessionData};

/// The member of the session token that holds the facts. Auth.js leaves it alone.
const MEMBER: &str = "authstile";

/// The facts of one session. A session that Auth.js made has none, and cannot be revoked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SessionFacts {
    /// The session's own id, the same for its whole life.
    pub(crate) id: String,
    /// The provider that it came from.
    pub(crate) provider: String,
    /// Milliseconds since 1970 at which somebody signed in.
    pub(crate) at: i64,
    /// The same, where the session went on under a new id since: `at` is that moment then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) begun: Option<i64>,
    /// What it can be revoked by; the last one is the person's.
    pub(crate) keys: Vec<RevocationKey>,
    /// How and when the person proved who they are; under a short name, because it is sent with every request.
    #[serde(rename = "how", default, skip_serializing_if = "Authentication::is_empty")]
    pub(crate) authentication: Authentication,
}

impl SessionFacts {
    /// Reads the facts of a session.
    pub(crate) fn of(claims: &Claims) -> Option<Self> {
        Self::deserialize(claims.get(MEMBER)?).ok()
    }

    /// The facts of a session that is kept in a store.
    pub(crate) fn from_data(data: &SessionData) -> Self {
        Self {
            id: data.id.clone(),
            provider: data.provider.clone(),
            at: data.at,
            begun: None,
            keys: data.keys.clone(),
            authentication: data.authentication.clone(),
        }
    }

    /// Writes them into the claims of a session.
    pub(crate) fn write(&self, claims: &mut Claims) {
        if let Ok(facts) = serde_json::to_value(self) {
            claims.insert(MEMBER.to_owned(), facts);
        }
    }

    /// Whether a revocation at that moment ends this session.
    pub(crate) fn ended_by(&self, revoked_at: UnixTime) -> bool {
        UnixTime::from_millis(self.at) <= revoked_at
    }

    /// Keeps an application's hook from dropping the facts by building its claims anew.
    pub(crate) fn keep(before: Option<Value>, claims: &mut Claims) {
        match before {
            Some(facts) => claims.insert(MEMBER.to_owned(), facts),
            None => claims.remove(MEMBER),
        };
    }

    /// The facts as they stand in claims, for [`SessionFacts::keep`].
    pub(crate) fn raw(claims: &Claims) -> Option<Value> {
        claims.get(MEMBER).cloned()
    }
}
