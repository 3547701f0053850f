//! People.

use aws_lc_rs::digest;
use serde_json::{Map, Value};

/// A person known to the identity providers behind the environment. What is not set is absent from the tokens.
#[derive(Clone, Debug)]
pub struct User {
    pub(crate) email: String,
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) given_name: Option<String>,
    pub(crate) family_name: Option<String>,
    pub(crate) preferred_username: Option<String>,
    pub(crate) picture: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) email_verified: bool,
    pub(crate) active: bool,
    pub(crate) external_id: Option<String>,
    pub(crate) organizations: Vec<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) permissions: Vec<String>,
    pub(crate) attributes: Map<String, Value>,
}

impl User {
    /// A user with only an e-mail address, and an id derived from it.
    pub fn new(email: impl Into<String>) -> Self {
        let email = email.into();
        Self {
            id: format!("00u{:017}", number_of(&email)),
            email,
            name: None,
            given_name: None,
            family_name: None,
            preferred_username: None,
            picture: None,
            locale: None,
            email_verified: true,
            active: true,
            external_id: None,
            organizations: Vec::new(),
            roles: Vec::new(),
            permissions: Vec::new(),
            attributes: Map::new(),
        }
    }

    /// The id at the customer's identity provider: the part of a Modular `sub` after the `;` (§3.2). An id that begins
    /// `usr_` is also used as the full-stack `sub`.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// The claim `name`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The claim `given_name`.
    #[must_use]
    pub fn given_name(mut self, name: impl Into<String>) -> Self {
        self.given_name = Some(name.into());
        self
    }

    /// The claim `family_name`.
    #[must_use]
    pub fn family_name(mut self, name: impl Into<String>) -> Self {
        self.family_name = Some(name.into());
        self
    }

    /// The claim `preferred_username`.
    #[must_use]
    pub fn preferred_username(mut self, name: impl Into<String>) -> Self {
        self.preferred_username = Some(name.into());
        self
    }

    /// The claim `picture`, a URL.
    #[must_use]
    pub fn picture(mut self, url: impl Into<String>) -> Self {
        self.picture = Some(url.into());
        self
    }

    /// The claim `locale`.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// The claim `email_verified`; `true` unless said otherwise.
    #[must_use]
    pub fn email_verified(mut self, verified: bool) -> Self {
        self.email_verified = verified;
        self
    }

    /// Deactivated: every sign-in ends with `user_not_active` (§2.4).
    #[must_use]
    pub fn inactive(mut self) -> Self {
        self.active = false;
        self
    }

    /// The application's own id of the user, issued as `xuid` in access tokens (§3.4).
    #[must_use]
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// Makes the user a member of an organization, by its id. May be called several times.
    #[must_use]
    pub fn organization(mut self, id: impl Into<String>) -> Self {
        self.organizations.push(id.into());
        self
    }

    /// Adds to `roles` of full-stack access tokens (§3.4).
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Adds to `permissions` of full-stack access tokens (§3.4).
    #[must_use]
    pub fn permission(mut self, permission: impl Into<String>) -> Self {
        self.permissions.push(permission.into());
        self
    }

    /// A custom attribute, at the top level of the ID token with any JSON type (§3.2). It cannot replace a claim that
    /// the provider sets itself.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// `usr_…`; identities with the same e-mail are one user (§3.7).
    pub(crate) fn full_stack_id(&self) -> String {
        if self.id.starts_with("usr_") {
            return self.id.clone();
        }
        format!("usr_{:017}", number_of(&self.email.to_ascii_lowercase()))
    }
}

/// A stable number of at most 17 digits, in the style of Scalekit's identifiers.
pub(crate) fn number_of(text: &str) -> u64 {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let number = hash.as_ref().iter().take(8).fold(0_u64, |n, byte| (n << 8) | u64::from(*byte));
    number % 100_000_000_000_000_000
}
