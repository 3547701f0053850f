//! Setting up an environment.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::client::Client;
use crate::demo;
use crate::environment::Environment;
use crate::idp::{Clock, Idp};
use crate::keys::SigningKey;
use crate::model::{Mode, Organization};
use crate::reading::Reading;
use crate::remote::ControlAccess;
use crate::user::{User, number_of};
use crate::webhook::Webhook;

/// What an environment consists of; made by [`Idp::builder`].
#[must_use]
pub struct IdpBuilder {
    issuer: String,
    clock: Clock,
    mode: Mode,
    clients: Vec<Client>,
    organizations: Vec<Organization>,
    social: Vec<(String, String)>,
    users: Vec<User>,
    webhooks: Vec<Webhook>,
    control: ControlAccess,
    readings: Vec<Reading>,
    id_token_seconds: i64,
    access_token_seconds: Option<i64>,
    authorization_response_iss: bool,
}

impl IdpBuilder {
    pub(crate) fn new(mut issuer: String) -> Self {
        if issuer.ends_with('/') {
            issuer.pop();
        }
        Self {
            issuer,
            clock: Box::new(system_clock),
            mode: Mode::default(),
            clients: Vec::new(),
            organizations: Vec::new(),
            social: Vec::new(),
            users: Vec::new(),
            webhooks: Vec::new(),
            control: ControlAccess::default(),
            readings: Vec::new(),
            id_token_seconds: 3600,
            access_token_seconds: None,
            authorization_response_iss: false,
        }
    }

    /// Tells the time, in seconds since 1970; the system's unless set.
    pub fn clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Modular unless set.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Registers an application.
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }

    /// Adds an organization with its connections.
    pub fn organization(mut self, organization: Organization) -> Self {
        self.organizations.push(organization);
        self
    }

    /// Enables a social provider: `provider=<name>` leads to this connection, which belongs to no organization.
    pub fn social(mut self, provider: impl Into<String>, connection_id: impl Into<String>) -> Self {
        self.social.push((provider.into(), connection_id.into()));
        self
    }

    /// Furnishes the environment with the organizations, the directories and the people of [`Idp::demo`], in whatever mode.
    pub fn furnish_demo(self) -> Self {
        demo::furnish(self)
    }

    /// Adds a person to the sign-in page.
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// Adds a receiver of webhooks.
    pub fn webhook(mut self, webhook: Webhook) -> Self {
        self.webhooks.push(webhook);
        self
    }

    /// Opens the control endpoints below `/_emulator/`; closed unless set.
    pub fn control(mut self, access: ControlAccess) -> Self {
        self.control = access;
        self
    }

    /// Takes the other reading of an ambiguous place. May be called several times.
    pub fn reading(mut self, reading: Reading) -> Self {
        self.readings.push(reading);
        self
    }

    /// Life of ID tokens; 3600 unless set. Sources disagree between 30 minutes and 72 hours (§3.2).
    pub fn id_token_seconds(mut self, seconds: i64) -> Self {
        self.id_token_seconds = seconds;
        self
    }

    /// Life of access tokens; unless set 900 in Modular and 300 in full-stack mode (§0).
    pub fn access_token_seconds(mut self, seconds: i64) -> Self {
        self.access_token_seconds = Some(seconds);
        self
    }

    /// Announces and sends `iss` in authorization responses (RFC 9207). Scalekit does not, as far as known (§1.2).
    pub fn authorization_response_iss(mut self) -> Self {
        self.authorization_response_iss = true;
        self
    }

    /// Makes the provider, with a fresh RSA key of 2048 bits.
    ///
    /// # Panics
    ///
    /// If the system has no randomness for a key.
    #[must_use]
    #[expect(clippy::expect_used, reason = "before the first request, and there is nothing else to do")]
    pub fn build(self) -> Idp {
        let key = SigningKey::generate().expect("the system has randomness");
        let uri = self.issuer.parse::<http::Uri>().unwrap_or_default();
        let cookie_name = match uri.port_u16() {
            // Cookies do not tell ports apart, so the name does.
            Some(port) => format!("authstile_idp_{port}"),
            None => "authstile_idp".to_owned(),
        };
        let environment = Environment {
            id: format!("env_{:017}", number_of(&self.issuer)),
            born_at: (self.clock)(),
            base_path: uri.path().trim_end_matches('/').to_owned(),
            issuer: self.issuer,
            cookie_name,
            mode: self.mode,
            clients: self.clients,
            organizations: self.organizations,
            social: self.social,
            users: self.users.into_iter().map(Arc::new).collect(),
            webhooks: self.webhooks,
            control: self.control,
            readings: self.readings,
            id_token_seconds: self.id_token_seconds,
            access_token_seconds: self.access_token_seconds,
            authorization_response_iss: self.authorization_response_iss,
        };
        Idp::new(environment, self.clock, key)
    }
}

impl fmt::Debug for IdpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdpBuilder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "the default of an argument")]
fn system_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
