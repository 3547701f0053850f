//! What the builder set up, and the look-ups in it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Client, Connection, Mode, Organization};
use crate::user::User;

#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) issuer: String,
    /// The path within the issuer URL, usually empty.
    pub(crate) base_path: String,
    pub(crate) cookie_name: String,
    pub(crate) mode: Mode,
    pub(crate) clients: HashMap<String, Client>,
    pub(crate) organizations: Vec<Organization>,
    /// `provider` value and connection id.
    pub(crate) social: Vec<(String, String)>,
    pub(crate) users: Vec<Arc<User>>,
    pub(crate) id_token_seconds: i64,
    pub(crate) access_token_seconds: i64,
    pub(crate) authorization_response_iss: bool,
}

impl Environment {
    pub(crate) fn organization(&self, id: &str) -> Option<&Organization> {
        self.organizations.iter().find(|organization| organization.id == id)
    }

    /// Whole-domain match (§2.3). If two organizations registered the domain the first is taken, a guess.
    pub(crate) fn organization_of_domain(&self, domain: &str) -> Option<&Organization> {
        let domain = domain.to_ascii_lowercase();
        self.organizations.iter().find(|organization| organization.domains.contains(&domain))
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

/// The part after the last `@`, lower case.
pub(crate) fn domain_of(email: &str) -> Option<String> {
    email.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase()).filter(|domain| !domain.is_empty())
}
