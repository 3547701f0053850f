//! The card of Scalekit, and a builder for it.

use std::borrow::Cow;

use authstile::env::Environment;
use authstile::provider::{ProfileSource, Protocol, Provider, Style};
use authstile::{ConfigError, Customize as _, Registration};

use crate::guard::OrganizationGuard;

/// Authorization parameters that decide which connection signs a user in. When one of them is pinned, browsers can set
/// none of them, because any of the others might win over it.
const ROUTING: &[&str] = &["connection_id", "organization_id", "domain", "domain_hint", "provider"];

/// The card of Scalekit. Its issuer is your environment's URL.
pub const SCALEKIT: Provider = Provider {
    id: Cow::Borrowed("scalekit"),
    name: Cow::Borrowed("Scalekit"),
    protocol: Protocol::Oidc,
    issuer: None,
    authorization: None,
    token: None,
    jwks: None,
    profile_source: ProfileSource::IdToken,
    scope: Cow::Borrowed("openid email profile"),
    authorization_params: Cow::Borrowed(&[]),
    client_authentication: None,
    response_mode: authstile::oauth::authorize::ResponseMode::Query,
    profile: authstile::profile::STANDARD_CLAIMS,
    style: Style { background: Cow::Borrowed("#1c1c1e"), text: Cow::Borrowed("#fff") },
};

/// Scalekit with the credentials of your application.
#[derive(Debug, Clone)]
pub struct Scalekit(Registration);

impl Scalekit {
    /// With client id, client secret and environment URL, as the Scalekit dashboard shows them. A slash at the end of the
    /// URL is dropped: Scalekit's issuers have none.
    #[must_use]
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>, issuer: impl Into<String>) -> Self {
        let mut issuer = issuer.into();
        if issuer.ends_with('/') {
            issuer.pop();
        }
        let provider = Provider { issuer: Some(Cow::Owned(issuer)), ..SCALEKIT };
        Self(provider.register(client_id, client_secret).check(OrganizationGuard).routing(ROUTING))
    }

    /// From `AUTH_SCALEKIT_ID`, `AUTH_SCALEKIT_SECRET` and `AUTH_SCALEKIT_ISSUER`.
    ///
    /// # Errors
    /// When one of them is not set.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_environment(&Environment::of_process())
    }

    /// From the same variables of an environment given.
    ///
    /// # Errors
    /// When one of them is not set.
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self::new(
            environment
                .require("AUTH_SCALEKIT_ID", "the client id of your application at Scalekit, such as skc_123")?,
            environment.require("AUTH_SCALEKIT_SECRET", "the client secret of your application at Scalekit")?,
            environment.require(
                "AUTH_SCALEKIT_ISSUER",
                "the URL of your Scalekit environment, such as https://acme.scalekit.com",
            )?,
        ))
    }

    /// Signs everybody in through one connection, `conn_…`. Wins over organization and domain.
    #[must_use]
    pub fn connection_id(self, connection_id: impl Into<Cow<'static, str>>) -> Self {
        self.authorization_param("connection_id", connection_id)
    }

    /// Signs everybody in as members of one organization, `org_…`. Wins over the domain.
    #[must_use]
    pub fn organization_id(self, organization_id: impl Into<Cow<'static, str>>) -> Self {
        self.authorization_param("organization_id", organization_id)
    }

    /// Signs everybody in through the organization that registered this e-mail domain.
    #[must_use]
    pub fn domain(self, domain: impl Into<Cow<'static, str>>) -> Self {
        self.authorization_param("domain", domain.into().to_lowercase())
    }
}

impl AsMut<Registration> for Scalekit {
    fn as_mut(&mut self) -> &mut Registration {
        &mut self.0
    }
}

impl From<Scalekit> for Registration {
    fn from(scalekit: Scalekit) -> Self {
        scalekit.0
    }
}
