//! Setting up an environment.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::client::Client;
use crate::demo;
use crate::environment::Environment;
use crate::feature::Feature;
use crate::idp::{Clock, Idp, KeySource};
use crate::keys::{SigningAlgorithm, SigningKey};
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
    features: Vec<Feature>,
    signing_algorithm: SigningAlgorithm,
    acr_values: Vec<String>,
    authentication_methods: Option<Vec<String>>,
    key_source: KeySource,
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
            features: Vec::new(),
            signing_algorithm: SigningAlgorithm::default(),
            acr_values: Vec::new(),
            authentication_methods: None,
            key_source: Box::new(|_| None),
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

    /// Does something that Scalekit is not known to do. May be called several times.
    pub fn feature(mut self, feature: Feature) -> Self {
        self.features.push(feature);
        self
    }

    /// Signs everything with this; RS256 unless set.
    pub fn signing_algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.signing_algorithm = algorithm;
        self
    }

    /// The classes of authentication that can be asked for with `acr_values` or `claims`; who asks for none of them gets
    /// the first. Unless set, ID tokens have no `acr`.
    pub fn acr_values(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.acr_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// Announces these methods of client authentication, and accepts no others. Unless set, those of Scalekit are
    /// announced with those of the registered clients, and each client uses what it is registered for.
    pub fn client_authentication_methods(mut self, methods: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.authentication_methods = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// Fetches the JWK Set behind a client's [`jwks_uri`](Client::jwks_uri): the provider has no sockets. `None` is a
    /// failure, and the client is refused.
    pub fn key_source(mut self, source: impl Fn(&str) -> Option<Value> + Send + Sync + 'static) -> Self {
        self.key_source = Box::new(source);
        self
    }

    /// Makes the provider, with a fresh key.
    ///
    /// # Panics
    ///
    /// If the system has no randomness for a key.
    #[must_use]
    #[expect(clippy::expect_used, reason = "before the first request, and there is nothing else to do")]
    pub fn build(self) -> Idp {
        let key = SigningKey::generate(self.signing_algorithm).expect("the system has randomness");
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
            features: self.features,
            signing_algorithm: self.signing_algorithm,
            acr_values: self.acr_values,
            authentication_methods: self.authentication_methods,
        };
        Idp::new(environment, self.clock, self.key_source, key)
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
