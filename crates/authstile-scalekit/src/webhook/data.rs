//! What an event is about, read tolerantly: members that are missing, empty or of another type are not there.

use serde_json::{Map, Value};

use super::kind::EventKind;

/// The `data` of an event, for the kinds whose shape is known.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventData {
    /// Of `organization.directory.user_…`.
    DirectoryUser(DirectoryUser),
    /// Of `organization.directory.group_…`.
    DirectoryGroup(DirectoryGroup),
    /// Of `organization.directory_…`.
    Directory(Directory),
    /// Of `organization.sso_…`.
    Connection(Connection),
    /// Of `organization.domain_…`.
    Domain(Domain),
    /// Of `organization.created`, `.updated` and `.deleted`.
    Organization(Organization),
    /// Of `user.…`.
    User(UserActivity),
    /// Of all others: see [`Event::raw`](super::Event::raw).
    Other,
}

impl EventData {
    pub(super) fn read(kind: &EventKind, data: &Map<String, Value>) -> Self {
        use EventKind as Kind;
        match kind {
            Kind::DirectoryUserCreated | Kind::DirectoryUserUpdated | Kind::DirectoryUserDeleted => {
                Self::DirectoryUser(DirectoryUser::read(data))
            }
            Kind::DirectoryGroupCreated | Kind::DirectoryGroupUpdated | Kind::DirectoryGroupDeleted => {
                Self::DirectoryGroup(DirectoryGroup::read(data))
            }
            Kind::DirectoryEnabled | Kind::DirectoryDisabled => Self::Directory(Directory::read(data)),
            Kind::ConnectionCreated | Kind::ConnectionEnabled | Kind::ConnectionDisabled | Kind::ConnectionDeleted => {
                Self::Connection(Connection::read(data))
            }
            Kind::DomainCreated | Kind::DomainDeleted | Kind::DomainVerified | Kind::DomainVerificationFailed => {
                Self::Domain(Domain::read(data))
            }
            Kind::OrganizationCreated | Kind::OrganizationUpdated | Kind::OrganizationDeleted => {
                Self::Organization(Organization::read(data))
            }
            Kind::UserSignup
            | Kind::UserLogin
            | Kind::UserLogout
            | Kind::UserInvited
            | Kind::MembershipCreated
            | Kind::MembershipUpdated
            | Kind::MembershipDeleted => Self::User(UserActivity::read(data)),
            _ => Self::Other,
        }
    }
}

/// Somebody in a customer's directory. Carries neither a `usr_…` nor the `sub` of a sign-in.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct DirectoryUser {
    /// `diruser_…`.
    pub id: Option<String>,
    /// The organization whose directory it is.
    pub organization_id: Option<String>,
    /// The id at the directory's provider: often, not always, the one that follows the `;` in `sub`.
    pub dp_id: Option<String>,
    /// E-mail address, as it came.
    pub email: Option<String>,
    /// Whether the account is switched on; `None` when the event does not say.
    pub active: Option<bool>,
    /// The name to sign in with there.
    pub preferred_username: Option<String>,
    /// Full name.
    pub name: Option<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Groups.
    pub groups: Vec<DirectoryGroupName>,
    /// Names of roles.
    pub roles: Vec<String>,
    /// Whatever the application mapped.
    pub custom_attributes: Map<String, Value>,
}

/// A group that somebody is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirectoryGroupName {
    /// `dirgroup_…`.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

impl DirectoryUser {
    fn read(data: &Map<String, Value>) -> Self {
        let objects = |name: &str| {
            let list = data.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            list.iter().filter_map(Value::as_object)
        };
        Self {
            id: text(data, "id"),
            organization_id: text(data, "organization_id"),
            dp_id: text(data, "dp_id"),
            email: text(data, "email"),
            active: flag(data, "active"),
            preferred_username: text(data, "preferred_username"),
            name: text(data, "name"),
            given_name: text(data, "given_name"),
            family_name: text(data, "family_name"),
            groups: objects("groups")
                .map(|group| DirectoryGroupName {
                    id: text(group, "id"),
                    name: text(group, "name").or_else(|| text(group, "display_name")),
                })
                .collect(),
            roles: objects("roles").filter_map(|role| text(role, "role_name")).collect(),
            custom_attributes: data.get("custom_attributes").and_then(Value::as_object).cloned().unwrap_or_default(),
        }
    }
}

/// A group of a customer's directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirectoryGroup {
    /// `dirgroup_…`.
    pub id: Option<String>,
    /// `dir_…`.
    pub directory_id: Option<String>,
    /// The organization whose directory it is.
    pub organization_id: Option<String>,
    /// Its name.
    pub display_name: Option<String>,
    /// The id at the directory's provider; two pages of the documentation call the member `external_id` and `dp_id`.
    pub external_id: Option<String>,
}

impl DirectoryGroup {
    fn read(data: &Map<String, Value>) -> Self {
        Self {
            id: text(data, "id"),
            directory_id: text(data, "directory_id"),
            organization_id: text(data, "organization_id"),
            display_name: text(data, "display_name").or_else(|| text(data, "name")),
            external_id: text(data, "external_id").or_else(|| text(data, "dp_id")),
        }
    }
}

/// A customer's directory. Whether it is on is for the event's kind to say: the member `enabled` of the published sample
/// contradicts it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Directory {
    /// `dir_…`.
    pub id: Option<String>,
    /// The organization whose directory it is.
    pub organization_id: Option<String>,
    /// `SCIM` and others.
    pub directory_type: Option<String>,
    /// `OKTA` and others.
    pub provider: Option<String>,
}

impl Directory {
    fn read(data: &Map<String, Value>) -> Self {
        Self {
            id: text(data, "id"),
            organization_id: text(data, "organization_id"),
            directory_type: text(data, "directory_type"),
            provider: text(data, "provider"),
        }
    }
}

/// A customer's connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connection {
    /// `conn_…`.
    pub id: Option<String>,
    /// The organization whose connection it is.
    pub organization_id: Option<String>,
    /// `OIDC`, `SAML` and others.
    pub connection_type: Option<String>,
    /// `OKTA` and others.
    pub provider: Option<String>,
    /// Whether it is on, where the event says so.
    pub enabled: Option<bool>,
    /// `DRAFT`, `IN_PROGRESS`, `COMPLETED`, where the event says so.
    pub status: Option<String>,
}

impl Connection {
    fn read(data: &Map<String, Value>) -> Self {
        Self {
            id: text(data, "id"),
            organization_id: text(data, "organization_id"),
            connection_type: text(data, "connection_type"),
            provider: text(data, "provider"),
            enabled: flag(data, "enabled"),
            status: text(data, "status"),
        }
    }
}

/// An e-mail domain of a customer. The secret of its DNS record stays in [`Event::raw`](super::Event::raw).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Domain {
    /// `dom_…`.
    pub id: Option<String>,
    /// The organization that it belongs to.
    pub organization_id: Option<String>,
    /// The domain, as it came.
    pub domain: Option<String>,
    /// `ORGANIZATION_DOMAIN`, which routes sign-ins, or `ALLOWED_EMAIL_DOMAIN`, which only suggests the organization.
    pub domain_type: Option<String>,
    /// `PENDING`, `VERIFIED`, `FAILED` or `AUTO_VERIFIED`.
    pub verification_status: Option<String>,
    /// `ADMIN`, which proves nothing, `DNS` or `NOT_APPLICABLE`.
    pub verification_method: Option<String>,
}

impl Domain {
    fn read(data: &Map<String, Value>) -> Self {
        Self {
            id: text(data, "id"),
            organization_id: text(data, "organization_id"),
            domain: text(data, "domain"),
            domain_type: text(data, "domain_type"),
            verification_status: text(data, "verification_status"),
            verification_method: text(data, "verification_method"),
        }
    }
}

/// A customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Organization {
    /// `org_…`.
    pub id: Option<String>,
    /// Your id for it.
    pub external_id: Option<String>,
    /// Its name.
    pub display_name: Option<String>,
}

impl Organization {
    fn read(data: &Map<String, Value>) -> Self {
        Self { id: text(data, "id"), external_id: text(data, "external_id"), display_name: text(data, "display_name") }
    }
}

/// Something that a user did, or that was done to one (full-stack auth only).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserActivity {
    /// `usr_…`.
    pub user_id: Option<String>,
    /// E-mail address, as it came.
    pub email: Option<String>,
    /// Your id for the user.
    pub external_id: Option<String>,
    /// The session concerned, `ses_…`, where the event names one.
    pub session_id: Option<String>,
    /// The organization of that session, or of that membership.
    pub organization_id: Option<String>,
}

impl UserActivity {
    fn read(data: &Map<String, Value>) -> Self {
        let member =
            |object: &str, name: &str| data.get(object).and_then(Value::as_object).and_then(|it| text(it, name));
        Self {
            user_id: member("user", "id").or_else(|| member("user_session", "user_id")),
            email: member("user", "email"),
            external_id: member("user", "external_id"),
            session_id: member("user_session", "session_id"),
            organization_id: member("organization", "id").or_else(|| member("user_session", "organization_id")),
        }
    }
}

pub(super) fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A boolean; also one written as a text, as some directories do, so that `"False"` is not read as "does not say".
fn flag(object: &Map<String, Value>, name: &str) -> Option<bool> {
    match object.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}
