//! Which connection a sign-in goes through (§2.2).

use crate::environment::{Environment, raw_domain_of};
use crate::http_text::Fields;
use crate::model::{Mode, Organization};
use crate::reading::Reading;

/// Where the request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// An enterprise connection with its organization, or a social connection without one.
    Connection { id: String, organization_id: Option<String> },
    /// Full-stack only: the page that asks for an e-mail address.
    HostedLogin,
    /// Full-stack only: the same page for newcomers.
    HostedSignUp,
}

/// No connection can be chosen: an integration error of §2.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unroutable {
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
}

/// Documented order: provider, connection, organization, domain, login hint, none. Each outranks all that follow, even
/// when it leads nowhere.
pub(crate) fn choose(environment: &Environment, asked: &Fields) -> Result<Choice, Unroutable> {
    if let Some(provider) = asked.get("provider") {
        return by_provider(environment, provider);
    }
    if let Some(id) = asked.get("connection_id") {
        let falls_back = environment.reads(Reading::UnknownConnectionFallsBack)
            && asked.get("organization_id").is_some()
            && environment.connection(id).is_none();
        if !falls_back {
            return by_connection(environment, id);
        }
    }
    if let Some(id) = asked.get("organization_id") {
        let organization = environment.organization(id).ok_or(UNKNOWN_ORGANIZATION)?;
        return by_organization(environment, organization);
    }
    // Node and Go send both names, Python only the hint (§2.1). That `domain` wins over the hint is a guess.
    let [first, second] = match environment.reads(Reading::HintBeforeDomain) {
        true => ["domain_hint", "domain"],
        false => ["domain", "domain_hint"],
    };
    if let Some(domain) = asked.get(first).or_else(|| asked.get(second)) {
        return by_domain(environment, domain);
    }
    if let Some(domain) = asked.get("login_hint").and_then(raw_domain_of) {
        return by_domain(environment, domain);
    }
    match environment.mode {
        Mode::Modular => Err(NO_SELECTOR),
        Mode::FullStack if asked.get("prompt") == Some("create") => Ok(Choice::HostedSignUp),
        Mode::FullStack => Ok(Choice::HostedLogin),
    }
}

/// The code for an unknown provider is a guess.
fn by_provider(environment: &Environment, provider: &str) -> Result<Choice, Unroutable> {
    let id = environment.social_connection(provider).ok_or(UNKNOWN_PROVIDER)?;
    Ok(Choice::Connection { id: id.to_owned(), organization_id: None })
}

fn by_connection(environment: &Environment, id: &str) -> Result<Choice, Unroutable> {
    if environment.social.iter().any(|(_, social)| social == id) {
        return Ok(Choice::Connection { id: id.to_owned(), organization_id: None });
    }
    let (organization, connection) = environment.connection(id).ok_or(UNKNOWN_CONNECTION)?;
    if !connection.is_active() {
        return Err(CONNECTION_NOT_ACTIVE);
    }
    Ok(Choice::Connection { id: id.to_owned(), organization_id: Some(organization.id.clone()) })
}

/// The organization's first active connection. That full-stack falls back to the hosted page is one of two readings.
fn by_organization(environment: &Environment, organization: &Organization) -> Result<Choice, Unroutable> {
    if let Some(active) = organization.first_active() {
        return Ok(Choice::Connection { id: active.id.clone(), organization_id: Some(organization.id.clone()) });
    }
    match environment.mode {
        Mode::FullStack if !environment.reads(Reading::OrganizationWithoutConnectionFails) => Ok(Choice::HostedLogin),
        _ if organization.connections.is_empty() => Err(NO_CONFIGURED_CONNECTIONS),
        _ => Err(NO_ACTIVE_CONNECTIONS),
    }
}

/// A mismatch is silent in full-stack mode and an error in Modular (§2.3).
fn by_domain(environment: &Environment, domain: &str) -> Result<Choice, Unroutable> {
    match (environment.organization_of_domain(domain), environment.mode) {
        (Some(organization), _) => by_organization(environment, organization),
        (None, Mode::FullStack) => Ok(Choice::HostedLogin),
        (None, Mode::Modular) => Err(DOMAIN_NOT_FOUND),
    }
}

const UNKNOWN_PROVIDER: Unroutable =
    Unroutable { error: "invalid_connection_selector", description: "The social provider is not enabled" };
pub(crate) const UNKNOWN_CONNECTION: Unroutable =
    Unroutable { error: "invalid_connection_id", description: "The connection does not exist" };
pub(crate) const CONNECTION_NOT_ACTIVE: Unroutable =
    Unroutable { error: "connection_not_active", description: "The connection is not active" };
const UNKNOWN_ORGANIZATION: Unroutable =
    Unroutable { error: "invalid_organization_id", description: "The organization does not exist" };
const NO_CONFIGURED_CONNECTIONS: Unroutable =
    Unroutable { error: "no_configured_connections", description: "The organization has no connection" };
const NO_ACTIVE_CONNECTIONS: Unroutable =
    Unroutable { error: "no_active_connections", description: "The organization has no active connection" };
pub(crate) const DOMAIN_NOT_FOUND: Unroutable =
    Unroutable { error: "domain_not_found", description: "The domain is not registered by any organization" };
const NO_SELECTOR: Unroutable = Unroutable {
    error: "invalid_connection_selector",
    description: "One of provider, connection_id, organization_id, domain or login_hint is required",
};
