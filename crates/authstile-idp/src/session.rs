//! Sessions: what is known of each, and how they end (§5).

use serde_json::json;

use crate::back_channel;
use crate::idp::Idp;
use crate::memory::SESSION_SECONDS;
use crate::sign_in::SignIn;
use crate::webhook::WebhookEvent;

/// Why a session is no more (§5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Active,
    Expired,
    Revoked,
    Logout,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Logout => "logout",
        }
    }
}

/// A session, living or dead.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// The latest: person and `sid` never change, organization and connection may.
    pub(crate) sign_in: SignIn,
    /// Applications that took part, each with the organization signed in to.
    pub(crate) clients: Vec<(String, Option<String>)>,
    pub(crate) organizations: Vec<String>,
    pub(crate) status: Status,
    pub(crate) created_at: i64,
    pub(crate) last_active_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) user_agent: Option<String>,
}

impl Record {
    pub(crate) fn expires_at(&self) -> i64 {
        self.created_at.saturating_add(SESSION_SECONDS)
    }
}

/// Notes that an application gets tokens for a session, which may be a new one.
pub(crate) fn used(idp: &Idp, sign_in: &SignIn, client_id: &str, user_agent: Option<&str>) {
    let now = idp.now();
    let mut memory = idp.memory();
    let known = memory.ledger.get_mut(now, &sign_in.sid);
    let is_new = known.is_none();
    let client = (client_id.to_owned(), sign_in.organization_id.clone());
    match known {
        Some(record) => {
            record.sign_in = sign_in.clone();
            record.last_active_at = now;
            if !record.clients.contains(&client) {
                record.clients.push(client);
            }
            if let Some(id) = sign_in.organization_id.clone().filter(|id| !record.organizations.contains(id)) {
                record.organizations.push(id);
            }
        }
        None => {
            let record = Record {
                sign_in: sign_in.clone(),
                clients: vec![client],
                organizations: sign_in.organization_id.clone().into_iter().collect(),
                status: Status::Active,
                created_at: now,
                last_active_at: now,
                ended_at: None,
                user_agent: user_agent.map(str::to_owned),
            };
            memory.ledger.put(now, sign_in.sid.clone(), record);
        }
    }
    drop(memory);
    if is_new {
        announce(idp, "user.login", sign_in, "ACTIVE");
    }
}

/// Ends a session: its tokens stop working, applications that took part are told over their back channels, and
/// `user.logout` is sent. `None` if there is no such session, or it has ended already.
///
/// Scalekit has no session of its own to end in Modular mode (§0); that both notices are sent there too is for tests.
pub(crate) fn end(idp: &Idp, sid: &str, status: Status) -> Option<Record> {
    let now = idp.now();
    let mut memory = idp.memory();
    memory.end_session(sid);
    let record = memory.ledger.get_mut(now, sid).filter(|record| record.status == Status::Active)?;
    record.status = status;
    record.ended_at = Some(now);
    let record = record.clone();
    drop(memory);
    back_channel::notify(idp, &record);
    announce(idp, "user.logout", &record.sign_in, &status.name().to_uppercase());
    Some(record)
}

/// Sessions end by age too. Nobody has to come by for that: it is looked up whenever outgoing calls are.
pub(crate) fn end_expired(idp: &Idp, now: i64) {
    let has_expired = |record: &&Record| record.status == Status::Active && record.expires_at() <= now;
    let expired: Vec<_> =
        idp.memory().ledger.values().filter(has_expired).map(|record| record.sign_in.sid.clone()).collect();
    for sid in expired {
        end(idp, &sid, Status::Expired);
    }
}

fn announce(idp: &Idp, event_type: &str, sign_in: &SignIn, status: &str) {
    let (user, connection) = (&sign_in.user, Some(sign_in.connection_id.as_str()));
    let organization = sign_in.organization_id.as_deref();
    let event = WebhookEvent::user_session(event_type, user, connection, &sign_in.sid, organization, status);
    idp.send_event(&event);
}

/// For tests: what an administrator or the session API does.
impl Idp {
    /// Ends a session as an administrator would, with everything that follows from it. `false` if there is none alive.
    pub fn revoke_session(&self, session_id: &str) -> bool {
        end(self, session_id, Status::Revoked).is_some()
    }

    /// Ends every session of a person; how many there were.
    pub fn revoke_sessions_of(&self, email: &str) -> usize {
        self.session_ids(email).iter().filter(|sid| self.revoke_session(sid)).count()
    }

    /// The `sid`s of a person's living sessions, oldest first.
    #[must_use]
    pub fn session_ids(&self, email: &str) -> Vec<String> {
        let memory = self.memory();
        let is_theirs =
            |record: &&Record| record.status == Status::Active && record.sign_in.user.email.eq_ignore_ascii_case(email);
        let mut theirs: Vec<_> = memory.ledger.values().filter(is_theirs).collect();
        theirs.sort_by_key(|record| (record.created_at, record.sign_in.sid.clone()));
        theirs.into_iter().map(|record| record.sign_in.sid.clone()).collect()
    }

    /// Makes the refresh tokens of a session useless, while the session itself lives on: the next refresh is answered
    /// with `invalid_grant`.
    pub fn revoke_refresh(&self, session_id: &str) {
        self.memory().refresh_tokens.retain(|refresh| refresh.grant.sid() != Some(session_id));
    }
}

impl Record {
    /// The session object of §5.3. Idle time-out and device are not emulated beyond the user agent.
    pub(crate) fn json(&self) -> serde_json::Value {
        let time = |seconds| json!(crate::rfc3339::to_text(seconds));
        let clients =
            self.clients.iter().map(|(id, organization)| json!({ "client_id": id, "organization_id": organization }));
        let mut session = json!({
            "session_id": self.sign_in.sid,
            "user_id": self.sign_in.user.full_stack_id(),
            "organization_id": self.sign_in.organization_id.as_deref().unwrap_or_default(),
            "authenticated_organizations": self.organizations,
            "authenticated_clients": clients.collect::<Vec<_>>(),
            "status": self.status.name(),
            "created_at": time(self.created_at),
            "updated_at": time(self.ended_at.unwrap_or(self.last_active_at)),
            "last_active_at": time(self.last_active_at),
            "idle_expires_at": time(self.expires_at()),
            "absolute_expires_at": time(self.expires_at()),
            "device": { "user_agent": self.user_agent.as_deref().unwrap_or_default() },
        });
        let member = match self.status {
            Status::Active => None,
            Status::Expired => Some("expired_at"),
            Status::Revoked | Status::Logout => Some("logout_at"),
        };
        if let (Some(member), Some(at), Some(session)) = (member, self.ended_at, session.as_object_mut()) {
            session.insert(member.to_owned(), time(at));
        }
        session
    }
}
