//! The card of Scalekit, and a builder for it.

use std::borrow::Cow;

use authstile::env::Environment;
use authstile::provider::{Group, ISSUER, OIDC, Provider, ProviderOption, Style};
use authstile::routing::SignInForm;
use authstile::{ConfigError, Customize as _, HookError, Registration};

use crate::email::{EmailDomain, InvalidEmail};
use crate::error_code::explain;
use crate::facts::{MEMBER, ScalekitFacts};
use crate::guard::OrganizationGuard;
use crate::initiate::IdpInitiated;
use crate::receiver::Receiver;
use crate::webhook::WebhookVerifier;
use crate::work_email::WorkEmail;

/// Authorization parameters that decide which connection signs a user in. When one of them is pinned, browsers can set
/// none of them, because any of the others might win over it.
const ROUTING: &[&str] = &["connection_id", "organization_id", "domain", "domain_hint", "provider"];

/// The card of Scalekit. Its issuer is your environment's URL.
pub const SCALEKIT: Provider = Provider {
    id: "scalekit",
    name: "Scalekit",
    group: Group::Enterprise,
    registration_url: Some("https://app.scalekit.com"),
    docs_url: Some("https://docs.scalekit.com"),
    options: &[ProviderOption {
        doc: "the URL of your Scalekit environment, such as https://acme.scalekit.com",
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    scope: "openid email profile",
    style: Style { background: "#1c1c1e", text: "#fff" },
    ..OIDC
};

/// Scalekit with the credentials of your application.
#[derive(Debug, Clone)]
pub struct Scalekit {
    registration: Registration,
    guard: OrganizationGuard,
}

impl Scalekit {
    /// With client id, client secret and environment URL, as the Scalekit dashboard shows them. A slash at the end of the
    /// URL is dropped: Scalekit's issuers have none.
    #[must_use]
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>, issuer: impl Into<String>) -> Self {
        let mut issuer = issuer.into();
        if issuer.ends_with('/') {
            issuer.pop();
        }
        // Today's documentation has this path; the published discovery document has another, and wins where it is given.
        let end_session = format!("{issuer}/oidc/logout");
        let registration = SCALEKIT
            .register(client_id, client_secret)
            .issuer(issuer)
            .routing(ROUTING)
            .facts(ScalekitFacts)
            .initiator(IdpInitiated)
            .explain(explain)
            .end_session_fallback(end_session);
        Self { registration, guard: OrganizationGuard::default() }
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

    /// Asks for a work e-mail address on the sign-in page, "Continue with SSO", and finds the organization by its domain.
    /// The answer is the same whether or not the domain is known.
    #[must_use]
    pub fn ask_work_email(self) -> Self {
        self.router(SignInForm::WorkEmail, WorkEmail)
    }

    /// Allows members of an organization only addresses of these domains. An identity provider of a customer can state
    /// any address; this keeps it from stating somebody else's.
    ///
    /// # Errors
    /// When one of them is no domain.
    pub fn allow_domains(
        mut self,
        organization_id: impl Into<String>,
        domains: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, InvalidEmail> {
        let domains: Vec<EmailDomain> =
            domains.into_iter().map(|domain| EmailDomain::parse(domain.as_ref())).collect::<Result<_, _>>()?;
        self.guard.allow(organization_id.into(), domains);
        Ok(self)
    }

    /// Shows the [`ScalekitIdentity`](crate::ScalekitIdentity) to the browser, as `scalekit` at `GET /session`. Without
    /// this only the server sees it.
    #[must_use]
    pub fn show_identity(mut self) -> Self {
        self.registration = self.registration.show_member(MEMBER);
        self
    }

    /// Receives the environment's webhooks at `POST …/webhooks/scalekit`: a user who was removed or deactivated, a
    /// connection or an organization that was switched off lose their sessions at once. The handler gets every event, as
    /// JSON; when it fails, Scalekit delivers the event again.
    #[must_use]
    pub fn webhooks<F, R>(mut self, verifier: WebhookVerifier, handler: F) -> Self
    where
        F: Fn(serde_json::Value) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), HookError>> + Send + 'static,
    {
        self.registration = self.registration.webhooks(Receiver::new(verifier, handler));
        self
    }
}

impl AsMut<Registration> for Scalekit {
    fn as_mut(&mut self) -> &mut Registration {
        &mut self.registration
    }
}

impl From<Scalekit> for Registration {
    fn from(scalekit: Scalekit) -> Self {
        scalekit.registration.check(scalekit.guard)
    }
}
