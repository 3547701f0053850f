//! The words of an environment: mode, organizations, connections (§0).

use crate::directory::Directory;

/// Who owns users and sessions; decides the form of `sub` and the contents of the access token (§0).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Modular SSO, "bring your own users": `sub` is `conn_…;<id at the identity provider>`. Auth.js's provider is
    /// written for this mode.
    #[default]
    Modular,
    /// Full-stack auth: `sub` is `usr_…`, the access token carries organization and session, refresh tokens exist.
    FullStack,
}

impl Mode {
    /// `modular` or `full-stack`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Modular => "modular",
            Self::FullStack => "full-stack",
        }
    }

    /// The mode of that [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Modular, Self::FullStack].into_iter().find(|mode| mode.name() == name)
    }
}

/// A customer of the application, with its domains and its connections.
#[derive(Clone, Debug)]
pub struct Organization {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) external_id: Option<String>,
    pub(crate) domains: Vec<String>,
    pub(crate) allowed_email_domains: Vec<String>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) directories: Vec<Directory>,
}

impl Organization {
    /// An organization without domains or connections; `id` begins `org_` at Scalekit.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            external_id: None,
            domains: Vec::new(),
            allowed_email_domains: Vec::new(),
            connections: Vec::new(),
            directories: Vec::new(),
        }
    }

    /// Registers an `ORGANIZATION_DOMAIN`: `domain` and `login_hint` route by it (§2.3). Kept in lower case.
    #[must_use]
    pub fn domain(mut self, domain: impl AsRef<str>) -> Self {
        self.domains.push(domain.as_ref().to_ascii_lowercase());
        self
    }

    /// Registers an `ALLOWED_EMAIL_DOMAIN`: users of it may sign in, but nothing routes by it (§2.3).
    #[must_use]
    pub fn allowed_email_domain(mut self, domain: impl AsRef<str>) -> Self {
        self.allowed_email_domains.push(domain.as_ref().to_ascii_lowercase());
        self
    }

    /// Adds a connection. The first active one is used when the organization alone is named (§2.2).
    #[must_use]
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connections.push(connection);
        self
    }

    /// Adds a directory: people that the customer's identity provider pushes over SCIM (§6.6).
    #[must_use]
    pub fn directory(mut self, directory: Directory) -> Self {
        self.directories.push(directory);
        self
    }

    /// The application's own id of the organization, issued as `xoid` (§3.3).
    #[must_use]
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    pub(crate) fn first_active(&self) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.is_active())
    }

    /// Whether a user with this mail domain may sign in here; an organization without any domain admits all (a guess).
    pub(crate) fn admits_domain(&self, domain: &str) -> bool {
        let mut known = self.domains.iter().chain(&self.allowed_email_domains).peekable();
        known.peek().is_none() || known.any(|known| known == domain)
    }
}

/// A set-up between an organization and its own identity provider.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) provider: String,
    pub(crate) protocol: String,
    pub(crate) enabled: bool,
    pub(crate) completed: bool,
}

impl Connection {
    /// The provider of [`simulator`](Self::simulator) connections.
    pub(crate) const SIMULATOR: &str = "IDP_SIMULATOR";

    /// An active (enabled and completed) connection; `id` begins `conn_` at Scalekit.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            provider: "CUSTOM".to_owned(),
            protocol: "OIDC".to_owned(),
            enabled: true,
            completed: true,
        }
    }

    /// A connection to the SSO simulator, whose page can also start at the identity provider and fail on demand
    /// (§10.3).
    pub fn simulator(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(id, name).provider(Self::SIMULATOR)
    }

    /// `OKTA`, `MICROSOFT_AD`, `GOOGLE`, ... as the management API names it (§7.2); `CUSTOM` unless set.
    #[must_use]
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = provider.into();
        self
    }

    /// `OIDC`, `SAML`, ... as the management API names it (§7.2); `OIDC` unless set. Only a name here.
    #[must_use]
    pub fn protocol(mut self, protocol: impl Into<String>) -> Self {
        self.protocol = protocol.into();
        self
    }

    /// The connection exists but is switched off.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }

    /// The connection exists but nobody has finished setting it up.
    #[must_use]
    pub fn draft(mut self) -> Self {
        self.enabled = false;
        self.completed = false;
        self
    }

    pub(crate) fn is_active(&self) -> bool {
        self.enabled && self.completed
    }

    /// `DRAFT` or `COMPLETED` (§7.2).
    pub(crate) fn status(&self) -> &'static str {
        if self.completed { "COMPLETED" } else { "DRAFT" }
    }

    pub(crate) fn is_simulator(&self) -> bool {
        self.provider == Self::SIMULATOR
    }
}
