//! What an event means for the sessions that we hold.

use authstile::webhook::SessionEffect;

use crate::keys;

use super::data::{DirectoryUser, EventData};
use super::event::Event;
use super::kind::EventKind;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// End the sessions of these people, at once.
    EndSessions {
        /// Whose.
        who: Who,
        /// Whether they must not sign in again either, until [`Effect::Readmit`] names them.
        refuse_next: bool,
    },
    /// Whoever of these was refused may sign in again.
    Readmit(Who),
}

impl Effect {
    /// The same for the engine, which knows sessions by keys. `issuer` is the environment.
    #[must_use]
    pub fn for_sessions(&self, issuer: &str) -> Vec<SessionEffect> {
        let (who, effect): (_, fn(_) -> _) = match self {
            Self::EndSessions { who, refuse_next: false } => (who, SessionEffect::End),
            Self::EndSessions { who, refuse_next: true } => (who, SessionEffect::EndAndRefuse),
            Self::Readmit(who) => (who, SessionEffect::Allow),
        };
        keys::of_who(issuer, who).into_iter().map(effect).collect()
    }
}

/// Whose sessions. Everything but [`Session`](Self::Session) and [`Subject`](Self::Subject), which are unique in the whole
/// environment, names the organization that it is confined to: an administrator of one customer must not be able to sign
/// out, or lock out, the people of another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Who {
    /// Everybody of an organization.
    Organization {
        /// `org_…`.
        organization: String,
    },
    /// Everybody who signed in through a connection.
    Connection {
        /// `org_…`.
        organization: String,
        /// `conn_…`.
        connection: String,
    },
    /// Everybody of an organization whose address is in a domain.
    Domain {
        /// `org_…`.
        organization: String,
        /// In lower case.
        domain: String,
    },
    /// One entry of an organization's directory. Look for `dp_id` first, and for the address if nobody has it.
    DirectoryUser {
        /// `org_…`.
        organization: String,
        /// The id at the directory's provider.
        dp_id: Option<String>,
        /// In lower case. This or `dp_id` is there.
        email: Option<String>,
    },
    /// One user, as a member of one organization.
    Member {
        /// `org_…`.
        organization: String,
        /// `usr_…`.
        subject: String,
    },
    /// One session at Scalekit, and what came of it here.
    Session {
        /// `ses_…`.
        session_id: String,
    },
    /// One user.
    Subject {
        /// `usr_…`.
        subject: String,
    },
}

impl Who {
    /// The organization that this is confined to.
    #[must_use]
    pub fn organization(&self) -> Option<&str> {
        match self {
            Self::Organization { organization }
            | Self::Connection { organization, .. }
            | Self::Domain { organization, .. }
            | Self::DirectoryUser { organization, .. }
            | Self::Member { organization, .. } => Some(organization),
            Self::Session { .. } | Self::Subject { .. } => None,
        }
    }
}

/// What an event means for sessions; `None` when nothing.
///
/// Apply effects on the same people in the order of [`Event::occurred_at`], not in that of their arrival.
#[must_use]
pub fn effect(event: &Event) -> Option<Effect> {
    let organization = event.organization_id.clone();
    match (&event.kind, &event.data) {
        // Directories switch people off in either way.
        (EventKind::DirectoryUserDeleted, EventData::DirectoryUser(user)) => {
            shut_out(directory_user(organization?, user)?)
        }
        (EventKind::DirectoryUserCreated | EventKind::DirectoryUserUpdated, EventData::DirectoryUser(user)) => {
            match user.active {
                Some(false) => shut_out(directory_user(organization?, user)?),
                Some(true) => Some(Effect::Readmit(directory_user(organization?, user)?)),
                None => None,
            }
        }
        (EventKind::ConnectionDisabled | EventKind::ConnectionDeleted, EventData::Connection(connection)) => {
            shut_out(Who::Connection { organization: organization?, connection: connection.id.clone()? })
        }
        (EventKind::ConnectionEnabled, EventData::Connection(connection)) => {
            Some(Effect::Readmit(Who::Connection { organization: organization?, connection: connection.id.clone()? }))
        }
        (EventKind::OrganizationDeleted, _) => shut_out(Who::Organization { organization: organization? }),
        // A domain that only suggests the organization never let anybody in.
        (EventKind::DomainDeleted, EventData::Domain(domain))
            if domain.domain_type.as_deref() != Some("ALLOWED_EMAIL_DOMAIN") =>
        {
            let domain = domain.domain.as_ref()?.to_lowercase();
            Some(sign_out(Who::Domain { organization: organization?, domain }))
        }
        (EventKind::MembershipDeleted, EventData::User(user)) => {
            shut_out(Who::Member { organization: organization?, subject: user.user_id.clone()? })
        }
        (EventKind::MembershipCreated, EventData::User(user)) => {
            Some(Effect::Readmit(Who::Member { organization: organization?, subject: user.user_id.clone()? }))
        }
        // The older shape names no session: then all of them end, as with a logout token that names only `sub`.
        (EventKind::UserLogout, EventData::User(user)) => match (&user.session_id, &user.user_id) {
            (Some(session_id), _) => Some(sign_out(Who::Session { session_id: session_id.clone() })),
            (None, Some(subject)) => Some(sign_out(Who::Subject { subject: subject.clone() })),
            (None, None) => None,
        },
        _ => None,
    }
}

fn directory_user(organization: String, user: &DirectoryUser) -> Option<Who> {
    let (dp_id, email) = (user.dp_id.clone(), user.email.as_ref().map(|email| email.to_lowercase()));
    (dp_id.is_some() || email.is_some()).then_some(Who::DirectoryUser { organization, dp_id, email })
}

fn sign_out(who: Who) -> Effect {
    Effect::EndSessions { who, refuse_next: false }
}

fn shut_out(who: Who) -> Option<Effect> {
    Some(Effect::EndSessions { who, refuse_next: true })
}
