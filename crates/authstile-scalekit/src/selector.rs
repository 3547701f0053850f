//! Which connection is to sign somebody in: chosen by the application for each sign-in, never by a query parameter.

use std::fmt;

use crate::email::{EmailAddress, EmailDomain, InvalidEmail};
use crate::id::{ConnectionId, InvalidId, OrganizationId};
use crate::idp_initiated::IdpInitiatedLogin;

/// One way to say where somebody is to sign in. Given several, Scalekit takes the first of this order: social, connection,
/// organization, domain, login hint.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selector {
    /// Through this connection.
    Connection(ConnectionId),
    /// As a member of this organization, through its first active connection.
    Organization(OrganizationId),
    /// Through the organization that registered this e-mail domain.
    Domain(EmailDomain),
    /// Through the organization that registered the address's domain, with the address filled in.
    LoginHint(EmailAddress),
    /// At this social provider, whatever else is asked for.
    Social(SocialProvider),
}

/// Social providers that Scalekit knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // the names say it
pub enum SocialProvider {
    Google,
    Microsoft,
    GitHub,
    GitLab,
    LinkedIn,
    Salesforce,
}

/// What the sign-in page is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prompt {
    /// Ask for the credentials again, whoever is signed in.
    Login,
    /// Sign up.
    Create,
    /// Choose the account; with an organization, switch to it.
    SelectAccount,
    /// Ask nothing: somebody is signed in already, or it fails.
    None,
}

/// Why a text selects nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSelector {
    /// No identifier.
    #[error(transparent)]
    Id(#[from] InvalidId),
    /// No e-mail address or domain.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// No social provider of Scalekit's.
    #[error("{0:?} is no social provider; there are google, microsoft, github, gitlab, linkedin and salesforce")]
    Social(String),
}

impl Selector {
    /// [`Selector::Connection`], from text.
    ///
    /// # Errors
    /// When the text is not `conn_…`.
    pub fn connection(id: &str) -> Result<Self, InvalidSelector> {
        Ok(Self::Connection(ConnectionId::parse(id)?))
    }

    /// [`Selector::Organization`], from text.
    ///
    /// # Errors
    /// When the text is not `org_…`.
    pub fn organization(id: &str) -> Result<Self, InvalidSelector> {
        Ok(Self::Organization(OrganizationId::parse(id)?))
    }

    /// [`Selector::Domain`], from text.
    ///
    /// # Errors
    /// When the text is no domain.
    pub fn domain(domain: &str) -> Result<Self, InvalidSelector> {
        Ok(Self::Domain(EmailDomain::parse(domain)?))
    }

    /// [`Selector::LoginHint`], from what somebody typed.
    ///
    /// # Errors
    /// When the text is no e-mail address.
    pub fn from_work_email(email: &str) -> Result<Self, InvalidSelector> {
        Ok(Self::LoginHint(EmailAddress::parse(email)?))
    }

    /// [`Selector::Social`], from text.
    ///
    /// # Errors
    /// When Scalekit has no such provider.
    pub fn social(provider: &str) -> Result<Self, InvalidSelector> {
        Ok(Self::Social(SocialProvider::parse(provider)?))
    }
}

impl SocialProvider {
    const ALL: [Self; 6] =
        [Self::Google, Self::Microsoft, Self::GitHub, Self::GitLab, Self::LinkedIn, Self::Salesforce];

    /// Reads a name as Scalekit writes it.
    ///
    /// # Errors
    /// When Scalekit has no such provider.
    pub fn parse(name: &str) -> Result<Self, InvalidSelector> {
        let known = Self::ALL.into_iter().find(|provider| provider.as_str() == name);
        known.ok_or_else(|| InvalidSelector::Social(name.chars().take(100).collect()))
    }

    /// The name as it goes over the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::LinkedIn => "linkedin",
            Self::Salesforce => "salesforce",
        }
    }
}

impl Prompt {
    /// The word as it goes over the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Create => "create",
            Self::SelectAccount => "select_account",
            Self::None => "none",
        }
    }
}

impl fmt::Display for SocialProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Everything that one sign-in asks of Scalekit beyond the protocol: selectors, each kind at most once, and a prompt.
///
/// ```
/// use authstile_scalekit::{Prompt, Selector, SignInRequest};
///
/// let request = SignInRequest::from_work_email("Ada@Acme.com")?.select(Selector::organization("org_123")?).prompt(Prompt::Login);
/// let params = request.authorization_params();
/// assert!(params.contains(&("domain".to_owned(), "acme.com".to_owned())));
/// # Ok::<(), authstile_scalekit::InvalidSelector>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignInRequest {
    connection: Option<ConnectionId>,
    organization: Option<OrganizationId>,
    domain: Option<EmailDomain>,
    login_hint: Option<EmailAddress>,
    social: Option<SocialProvider>,
    prompt: Option<Prompt>,
}

impl SignInRequest {
    /// Asks for nothing in particular: full-stack auth shows its page, modular SSO refuses.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What a work-e-mail field asks for: the address as hint, and its domain. Whether anybody has registered the domain is
    /// for Scalekit to find out; the answer here is the same.
    ///
    /// # Errors
    /// When the text is no e-mail address.
    pub fn from_work_email(email: &str) -> Result<Self, InvalidSelector> {
        let email = EmailAddress::parse(email)?;
        Ok(Self::new().select(Selector::Domain(email.domain().clone())).select(Selector::LoginHint(email)))
    }

    /// Adds a selector; one of the same kind is replaced.
    #[must_use]
    pub fn select(mut self, selector: Selector) -> Self {
        match selector {
            Selector::Connection(id) => self.connection = Some(id),
            Selector::Organization(id) => self.organization = Some(id),
            Selector::Domain(domain) => self.domain = Some(domain),
            Selector::LoginHint(email) => self.login_hint = Some(email),
            Selector::Social(provider) => self.social = Some(provider),
        }
        self
    }

    /// Adds a prompt.
    #[must_use]
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompt = Some(prompt);
        self
    }

    /// What is asked for, in the order in which Scalekit looks at it: the first decides.
    #[must_use]
    pub fn selectors(&self) -> Vec<Selector> {
        [
            self.social.map(Selector::Social),
            self.connection.clone().map(Selector::Connection),
            self.organization.clone().map(Selector::Organization),
            self.domain.clone().map(Selector::Domain),
            self.login_hint.clone().map(Selector::LoginHint),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The parameters of the authorization request. The domain goes by both of its names: documentation and SDKs disagree.
    #[must_use]
    pub fn authorization_params(&self) -> Vec<(String, String)> {
        let domain = self.domain.as_ref().map(EmailDomain::to_string);
        [
            ("login_hint", self.login_hint.as_ref().map(EmailAddress::to_string)),
            ("domain_hint", domain.clone()),
            ("domain", domain),
            ("connection_id", self.connection.as_ref().map(ConnectionId::to_string)),
            ("organization_id", self.organization.as_ref().map(OrganizationId::to_string)),
            ("provider", self.social.map(|provider| provider.as_str().to_owned())),
            ("prompt", self.prompt.map(|prompt| prompt.as_str().to_owned())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
    }
}

impl From<Selector> for SignInRequest {
    fn from(selector: Selector) -> Self {
        Self::new().select(selector)
    }
}

impl From<&IdpInitiatedLogin> for SignInRequest {
    /// The sign-in that an IdP-initiated login asks for. A hint that is no e-mail address is left out, and so is the relay
    /// state: it is no state of ours.
    fn from(login: &IdpInitiatedLogin) -> Self {
        Self {
            connection: login.connection_id().cloned(),
            organization: login.organization_id().cloned(),
            login_hint: login.login_hint().and_then(|hint| EmailAddress::parse(hint).ok()),
            ..Self::default()
        }
    }
}
