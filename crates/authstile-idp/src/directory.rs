//! Directories: the people and groups that a customer's identity provider pushes over SCIM (§6.4, §6.6).

use serde_json::{Map, Value};

/// A directory of one organization.
#[derive(Clone, Debug)]
pub struct Directory {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) provider: String,
    pub(crate) enabled: bool,
    pub(crate) users: Vec<DirectoryUser>,
    pub(crate) groups: Vec<DirectoryGroup>,
}

impl Directory {
    /// An enabled, empty SCIM directory; `id` begins `dir_` at Scalekit.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            provider: "OKTA".to_owned(),
            enabled: true,
            users: Vec::new(),
            groups: Vec::new(),
        }
    }

    /// `OKTA`, `MICROSOFT_AD`, ... (§7.2); `OKTA` unless set.
    #[must_use]
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = provider.into();
        self
    }

    /// The directory exists but is switched off.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }

    /// Adds a person.
    #[must_use]
    pub fn user(mut self, user: DirectoryUser) -> Self {
        self.users.push(user);
        self
    }

    /// Adds a group, which people join by its id.
    #[must_use]
    pub fn group(mut self, group: DirectoryGroup) -> Self {
        self.groups.push(group);
        self
    }
}

/// A person in a directory. Nothing but id, organization and e-mail is certain to be known (§6.4).
#[derive(Clone, Debug)]
pub struct DirectoryUser {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) dp_id: Option<String>,
    pub(crate) preferred_username: Option<String>,
    pub(crate) given_name: Option<String>,
    pub(crate) family_name: Option<String>,
    pub(crate) active: bool,
    pub(crate) groups: Vec<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) attributes: Map<String, Value>,
    /// When it was last changed; the environment's birth unless changed since.
    pub(crate) updated_at: Option<i64>,
}

impl DirectoryUser {
    /// An active person; `id` begins `diruser_` at Scalekit.
    pub fn new(id: impl Into<String>, email: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            email: email.into(),
            dp_id: None,
            preferred_username: None,
            given_name: None,
            family_name: None,
            active: true,
            groups: Vec::new(),
            roles: Vec::new(),
            attributes: Map::new(),
            updated_at: None,
        }
    }

    /// The directory provider's own id, often what follows the `;` of a Modular `sub` (§6.5).
    #[must_use]
    pub fn dp_id(mut self, id: impl Into<String>) -> Self {
        self.dp_id = Some(id.into());
        self
    }

    /// The member `preferred_username`.
    #[must_use]
    pub fn preferred_username(mut self, name: impl Into<String>) -> Self {
        self.preferred_username = Some(name.into());
        self
    }

    /// The members `given_name`, `family_name` and, in events, `name`.
    #[must_use]
    pub fn name(mut self, given_name: impl Into<String>, family_name: impl Into<String>) -> Self {
        self.given_name = Some(given_name.into());
        self.family_name = Some(family_name.into());
        self
    }

    /// Deactivated at the identity provider.
    #[must_use]
    pub fn inactive(mut self) -> Self {
        self.active = false;
        self
    }

    /// Makes the person a member of a group, by its id. May be called several times.
    #[must_use]
    pub fn group(mut self, id: impl Into<String>) -> Self {
        self.groups.push(id.into());
        self
    }

    /// Adds to `roles`.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    pub(crate) fn full_name(&self) -> Option<String> {
        let parts: Vec<_> = [&self.given_name, &self.family_name].into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// Adds to `custom_attributes`.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }
}

/// A group in a directory.
#[derive(Clone, Debug)]
pub struct DirectoryGroup {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) external_id: Option<String>,
}

impl DirectoryGroup {
    /// A group; `id` begins `dirgroup_` at Scalekit.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), external_id: None }
    }

    /// The directory provider's own id.
    #[must_use]
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }
}
