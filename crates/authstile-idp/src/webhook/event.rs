//! Events: the envelope of §6.2 and the shapes of §6.4.

use serde_json::{Map, Value, json};

use crate::directory::{Directory, DirectoryGroup, DirectoryUser};
use crate::model::{Connection, Organization};
use crate::random;
use crate::rfc3339;
use crate::user::User;
use crate::webhook::catalogue::object_of;
use crate::webhook::shape::{directory_user, membership, person, set_if};

/// Something that happened, for [`Idp::send_event`](crate::Idp::send_event).
///
/// There is a constructor for each event that a relying party acts on; [`new`](Self::new) makes all others of
/// [`EVENT_TYPES`](crate::EVENT_TYPES), and events that nobody has heard of.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookEvent {
    pub(crate) event_type: String,
    object: String,
    organization_id: Option<String>,
    data: Value,
    id: Option<String>,
    occurred_at: Option<i64>,
    display_name: Option<String>,
}

impl WebhookEvent {
    /// An event of any type, with any data.
    pub fn new(event_type: impl Into<String>, organization_id: Option<&str>, data: Value) -> Self {
        let event_type = event_type.into();
        Self {
            object: object_of(&event_type).to_owned(),
            event_type,
            organization_id: organization_id.map(str::to_owned),
            data,
            id: None,
            occurred_at: None,
            display_name: None,
        }
    }

    /// The envelope's `id`; a fresh one unless set.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The envelope's `object`; what the samples show unless set. It is not stable (§6.2).
    #[must_use]
    pub fn object(mut self, object: impl Into<String>) -> Self {
        self.object = object.into();
        self
    }

    /// The envelope's `occurred_at`, in seconds since 1970; now unless set.
    #[must_use]
    pub fn occurred_at(mut self, seconds: i64) -> Self {
        self.occurred_at = Some(seconds);
        self
    }

    /// The envelope's `display_name`.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    pub(crate) fn body(&self, environment_id: &str, now: i64) -> Value {
        let id = self.id.clone().or_else(|| random::identifier("evt_").ok()).unwrap_or_default();
        let mut body = Map::new();
        let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
        set("spec_version", json!("1"));
        set("id", json!(id));
        set("type", json!(self.event_type));
        set("object", json!(self.object));
        set("environment_id", json!(environment_id));
        if let Some(organization_id) = &self.organization_id {
            set("organization_id", json!(organization_id));
        }
        set("occurred_at", json!(rfc3339::to_long_text(self.occurred_at.unwrap_or(now))));
        if let Some(name) = &self.display_name {
            set("display_name", json!(name));
        }
        set("data", self.data.clone());
        Value::Object(body)
    }
}

/// Directory sync.
impl WebhookEvent {
    /// `organization.directory.user_created`.
    #[must_use]
    pub fn directory_user_created(organization_id: &str, directory: &Directory, user: &DirectoryUser) -> Self {
        let data = directory_user(organization_id, directory, user);
        Self::new("organization.directory.user_created", Some(organization_id), data)
    }

    /// `organization.directory.user_updated`. With an inactive user this is one of the two ways in which a deactivation
    /// arrives (§6.5).
    #[must_use]
    pub fn directory_user_updated(organization_id: &str, directory: &Directory, user: &DirectoryUser) -> Self {
        let data = directory_user(organization_id, directory, user);
        Self::new("organization.directory.user_updated", Some(organization_id), data)
    }

    /// `organization.directory.user_deleted`, the other way; it has four members only.
    #[must_use]
    pub fn directory_user_deleted(organization_id: &str, user: &DirectoryUser) -> Self {
        let mut data = json!({ "id": user.id, "organization_id": organization_id });
        set_if(&mut data, "dp_id", user.dp_id.as_deref());
        set_if(&mut data, "email", Some(user.email.as_str()));
        Self::new("organization.directory.user_deleted", Some(organization_id), data)
    }

    /// `organization.directory.group_created`, `…group_updated` or `…group_deleted`, by the last word.
    #[must_use]
    pub fn directory_group(change: &str, organization_id: &str, directory: &Directory, group: &DirectoryGroup) -> Self {
        let mut data = json!({
            "id": group.id, "directory_id": directory.id, "organization_id": organization_id,
            "display_name": group.name, "raw_attributes": {},
        });
        set_if(&mut data, "external_id", group.external_id.as_deref());
        Self::new(format!("organization.directory.group_{change}"), Some(organization_id), data)
    }

    /// `organization.directory_enabled` or `organization.directory_disabled`, as the directory is.
    #[must_use]
    pub fn directory_switched(organization_id: &str, directory: &Directory) -> Self {
        let event_type = if directory.enabled { "directory_enabled" } else { "directory_disabled" };
        let data = json!({
            "id": directory.id, "organization_id": organization_id, "directory_type": "SCIM",
            "provider": directory.provider, "enabled": directory.enabled,
        });
        Self::new(format!("organization.{event_type}"), Some(organization_id), data)
    }
}

/// Organizations and connections.
impl WebhookEvent {
    /// `organization.sso_created`.
    #[must_use]
    pub fn sso_created(organization_id: &str, connection: &Connection) -> Self {
        Self::sso("created", organization_id, connection)
    }

    /// `organization.sso_enabled`, whatever the connection is now.
    #[must_use]
    pub fn sso_enabled(organization_id: &str, connection: &Connection) -> Self {
        Self::sso("enabled", organization_id, &Connection { enabled: true, ..connection.clone() })
    }

    /// `organization.sso_disabled`, whatever the connection is now.
    #[must_use]
    pub fn sso_disabled(organization_id: &str, connection: &Connection) -> Self {
        Self::sso("disabled", organization_id, &Connection { enabled: false, ..connection.clone() })
    }

    /// `organization.sso_deleted`.
    #[must_use]
    pub fn sso_deleted(organization_id: &str, connection: &Connection) -> Self {
        Self::sso("deleted", organization_id, connection)
    }

    fn sso(change: &str, organization_id: &str, connection: &Connection) -> Self {
        let data = json!({
            "id": connection.id, "organization_id": organization_id, "connection_type": connection.protocol,
            "provider": connection.provider, "enabled": connection.enabled, "status": connection.status(),
        });
        Self::new(format!("organization.sso_{change}"), Some(organization_id), data)
    }

    /// `organization.created`, `.updated` or `.deleted`, by the last word. The shape of `data` is a guess.
    #[must_use]
    pub fn organization(change: &str, organization: &Organization) -> Self {
        let mut data = json!({ "id": organization.id, "display_name": organization.name });
        set_if(&mut data, "external_id", organization.external_id.as_deref());
        Self::new(format!("organization.{change}"), Some(&organization.id), data)
    }

    /// `organization.deleted`.
    #[must_use]
    pub fn organization_deleted(organization: &Organization) -> Self {
        Self::organization("deleted", organization)
    }

    /// `organization.domain_created`, `.domain_deleted`, `.domain_dns_verification_success` or `…_failed`: `change` is
    /// what follows `domain_`.
    #[must_use]
    pub fn domain(change: &str, organization_id: &str, domain: &str) -> Self {
        let status = if change.ends_with("failed") { "FAILED" } else { "VERIFIED" };
        let data = json!({
            "id": format!("dom_{domain}"), "domain": domain, "domain_type": "ORGANIZATION_DOMAIN",
            "organization_id": organization_id, "verification_status": status, "verification_method": "DNS",
        });
        Self::new(format!("organization.domain_{change}"), Some(organization_id), data)
    }
}

/// Users of full-stack mode.
impl WebhookEvent {
    /// `user.signup`.
    #[must_use]
    pub fn user_signup(user: &User, organization_id: Option<&str>) -> Self {
        Self::new("user.signup", organization_id, json!({ "user": person(user, None) }))
    }

    /// `user.login`.
    #[must_use]
    pub fn user_login(user: &User, session_id: &str, organization_id: Option<&str>) -> Self {
        Self::user_session("user.login", user, None, session_id, organization_id, "ACTIVE")
    }

    /// `user.logout`: the session ended, by whomever.
    #[must_use]
    pub fn user_logout(user: &User, session_id: &str, organization_id: Option<&str>) -> Self {
        Self::user_session("user.logout", user, None, session_id, organization_id, "REVOKED")
    }

    pub(crate) fn user_session(
        event_type: &str,
        user: &User,
        connection_id: Option<&str>,
        session_id: &str,
        organization_id: Option<&str>,
        status: &str,
    ) -> Self {
        let mut session = json!({ "session_id": session_id, "user_id": user.full_stack_id() });
        set_if(&mut session, "organization_id", organization_id);
        set_if(&mut session, "status", Some(status));
        set_if(&mut session, "authenticated_organizations", organization_id.map(|id| json!([id])));
        let data = json!({ "user": person(user, connection_id), "user_session": session });
        Self::new(event_type, organization_id, data)
    }

    /// `user.organization_invitation`. The shape of `data` is a guess.
    #[must_use]
    pub fn user_invited(user: &User, organization_id: &str) -> Self {
        let data = membership(user, organization_id, "PENDING_INVITE");
        Self::new("user.organization_invitation", Some(organization_id), data)
    }

    /// `user.organization_membership_created`. The shape of `data` is a guess.
    #[must_use]
    pub fn membership_created(user: &User, organization_id: &str) -> Self {
        let data = membership(user, organization_id, "ACTIVE");
        Self::new("user.organization_membership_created", Some(organization_id), data)
    }

    /// `user.organization_membership_updated`. The shape of `data` is a guess.
    #[must_use]
    pub fn membership_updated(user: &User, organization_id: &str) -> Self {
        let data = membership(user, organization_id, "ACTIVE");
        Self::new("user.organization_membership_updated", Some(organization_id), data)
    }

    /// `user.organization_membership_deleted`. The shape of `data` is a guess.
    #[must_use]
    pub fn membership_deleted(user: &User, organization_id: &str) -> Self {
        let data = membership(user, organization_id, "INACTIVE");
        Self::new("user.organization_membership_deleted", Some(organization_id), data)
    }
}
