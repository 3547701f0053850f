//! What the builder set up, and the look-ups in it.

use std::sync::Arc;

use crate::client::Client;
use crate::feature::Feature;
use crate::keys::SigningAlgorithm;
use crate::model::{Connection, Mode, Organization};
use crate::reading::Reading;
use crate::remote::ControlAccess;
use crate::user::User;
use crate::webhook::Webhook;

#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// `env_…`, in events.
    pub(crate) id: String,
    pub(crate) born_at: i64,
    pub(crate) issuer: String,
    /// The path within the issuer URL, usually empty.
    pub(crate) base_path: String,
    pub(crate) cookie_name: String,
    pub(crate) mode: Mode,
    pub(crate) clients: Vec<Client>,
    pub(crate) organizations: Vec<Organization>,
    /// `provider` value and connection id.
    pub(crate) social: Vec<(String, String)>,
    pub(crate) users: Vec<Arc<User>>,
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) readings: Vec<Reading>,
    pub(crate) control: ControlAccess,
    pub(crate) id_token_seconds: i64,
    pub(crate) access_token_seconds: Option<i64>,
    pub(crate) authorization_response_iss: bool,
    pub(crate) features: Vec<Feature>,
    pub(crate) signing_algorithm: SigningAlgorithm,
    pub(crate) acr_values: Vec<String>,
    /// `None` for Scalekit's and the clients'.
    pub(crate) authentication_methods: Option<Vec<String>>,
}

impl Environment {
    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// 900 s in Modular and 300 s in full-stack mode (§0).
    pub(crate) fn access_token_seconds(&self) -> i64 {
        self.access_token_seconds.unwrap_or(match self.mode {
            Mode::Modular => 900,
            Mode::FullStack => 300,
        })
    }

    pub(crate) fn organization(&self, id: &str) -> Option<&Organization> {
        self.organizations.iter().find(|organization| organization.id == id)
    }

    pub(crate) fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    pub(crate) fn reads(&self, reading: Reading) -> bool {
        self.readings.contains(&reading)
    }

    /// Whole-domain match (§2.3). Case and shared domains are guesses: see [`Reading`].
    pub(crate) fn organization_of_domain(&self, domain: &str) -> Option<&Organization> {
        let domain = match self.reads(Reading::DomainsAreCaseSensitive) {
            true => domain.to_owned(),
            false => domain.to_ascii_lowercase(),
        };
        let mut found = self.organizations.iter().filter(|organization| organization.domains.contains(&domain));
        let first = found.next();
        first.filter(|_| !self.reads(Reading::SharedDomainIsUnknown) || found.next().is_none())
    }

    /// Where a sign-in that begins at the identity provider arrives (§4.1).
    pub(crate) fn initiation_uri<'a>(&self, client: &'a Client) -> Option<&'a str> {
        let default = client.redirect_uris.first().map(String::as_str);
        let initiate = client.initiate_login_uri.as_deref();
        if self.reads(Reading::DefaultRedirectUrlWins) { default.or(initiate) } else { initiate.or(default) }
    }

    pub(crate) fn connection(&self, id: &str) -> Option<(&Organization, &Connection)> {
        self.organizations.iter().find_map(|organization| {
            organization.connections.iter().find(|connection| connection.id == id).map(|found| (organization, found))
        })
    }

    pub(crate) fn social_connection(&self, provider: &str) -> Option<&str> {
        self.social.iter().find_map(|(name, id)| (name == provider).then_some(id.as_str()))
    }

    pub(crate) fn user(&self, email: &str) -> Option<&Arc<User>> {
        self.users.iter().find(|user| user.email.eq_ignore_ascii_case(email))
    }

    /// Another organization than this, for tokens that lie.
    pub(crate) fn other_organization(&self, id: Option<&str>) -> String {
        let other = self.organizations.iter().map(|organization| organization.id.as_str());
        other.into_iter().find(|other| Some(*other) != id).unwrap_or("org_00000000000000000").to_owned()
    }

    /// Another connection than this, for tokens that lie.
    pub(crate) fn other_connection(&self, id: &str) -> String {
        let mut others = self.organizations.iter().flat_map(|organization| &organization.connections);
        others.find(|other| other.id != id).map_or("conn_00000000000000000", |other| &other.id).to_owned()
    }
}

/// The part after the last `@`, as it stands there.
pub(crate) fn raw_domain_of(email: &str) -> Option<&str> {
    email.rsplit_once('@').map(|(_, domain)| domain).filter(|domain| !domain.is_empty())
}

/// The part after the last `@`, lower case.
pub(crate) fn domain_of(email: &str) -> Option<String> {
    raw_domain_of(email).map(str::to_ascii_lowercase)
}
