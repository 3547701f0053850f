//! A [`Registration`] is a provider's card with the client id and secret that you got when you registered your application
//! there, and with what the provider's own crate knows beyond the card.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use authstile_oauth::access_token::VerifiedAccessToken;
use authstile_oauth::id_token::IdToken;
use authstile_oauth::secret::ClientSecret;

use crate::client_keys::ClientKeys;
use crate::dpop::SenderConstraint;
use crate::link::LinkPolicy;
use crate::profile::{Options, ProfileMapping};
use crate::provider::{GITHUB, Pairs, Provider, Template, Values};
use crate::routing::{LoginInitiator, SignInForm, SignInRouter};
use crate::store::revocation::RevocationKey;
use crate::transport::ClientCertificate;
use crate::vault::KeepTokens;
use crate::webhook::WebhookReceiver;

impl Provider {
    /// The card with the credentials of our application.
    #[must_use]
    pub fn register(self, client_id: impl Into<String>, client_secret: impl Into<String>) -> Registration {
        Registration {
            id: Cow::Borrowed(self.id),
            name: Cow::Borrowed(self.name),
            background: Cow::Borrowed(self.style.background),
            text: Cow::Borrowed(self.style.text),
            scope: None,
            options: BTreeMap::new(),
            endpoints: Endpoints::default(),
            authorization_params: Vec::new(),
            mapping: ProfileMapping::Map(self.profile),
            provider: self,
            client_id: client_id.into(),
            client_secret: Some(ClientSecret::new(client_secret)),
            client_keys: ClientKeys::default(),
            client_certificate: None,
            resources: Vec::new(),
            reserved: Vec::new(),
            checks: Vec::new(),
            facts: None,
            shown: None,
            end_session: EndSession::Here,
            end_session_fallback: None,
            keep_tokens: KeepTokens::Nothing,
            sender_constraint: SenderConstraint::None,
            revoke_tokens: RevokeTokens::AtSignOut,
            form: SignInForm::Button,
            router: None,
            routing: &[],
            initiator: None,
            explain: None,
            webhooks: None,
            link_policy: None,
            store_tokens: StoreTokens::AtLink,
        }
    }

    /// The card with private keys of our application in place of a client secret: see [`ClientKeys`].
    #[must_use]
    pub fn register_with_keys(self, client_id: impl Into<String>, keys: impl Into<ClientKeys>) -> Registration {
        Registration { client_secret: None, client_keys: keys.into(), ..self.register(client_id, "") }
    }
}

/// GitHub with the credentials of our application.
#[must_use]
pub fn github(client_id: impl Into<String>, client_secret: impl Into<String>) -> Registration {
    GITHUB.register(client_id, client_secret)
}

/// A card together with what we are at that provider. Make one with [`Provider::register`]; change what the card says
/// with the methods of [`Customize`](crate::Customize).
#[derive(Debug, Clone)]
pub struct Registration {
    pub(crate) provider: Provider,
    pub(crate) id: Cow<'static, str>,
    pub(crate) name: Cow<'static, str>,
    pub(crate) background: Cow<'static, str>,
    pub(crate) text: Cow<'static, str>,
    /// Another scope than the card's.
    pub(crate) scope: Option<Cow<'static, str>>,
    /// Values of the card's options, and `issuer`.
    pub(crate) options: BTreeMap<String, String>,
    /// Other endpoints than the card's.
    pub(crate) endpoints: Endpoints,
    /// Authorization parameters beside the card's, or in their place.
    pub(crate) authorization_params: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<ClientSecret>,
    pub(crate) client_keys: ClientKeys,
    /// Presented to the provider.
    pub(crate) client_certificate: Option<ClientCertificate>,
    /// The APIs that access tokens are for, beside the card's.
    pub(crate) resources: Vec<String>,
    pub(crate) mapping: ProfileMapping,
    /// Authorization parameters that no browser may set.
    pub(crate) reserved: Vec<Cow<'static, str>>,
    pub(crate) checks: Vec<Arc<dyn IdentityCheck>>,
    pub(crate) facts: Option<Arc<dyn IdentityFacts>>,
    pub(crate) shown: Option<&'static str>,
    pub(crate) end_session: EndSession,
    pub(crate) end_session_fallback: Option<String>,
    pub(crate) keep_tokens: KeepTokens,
    pub(crate) sender_constraint: SenderConstraint,
    pub(crate) revoke_tokens: RevokeTokens,
    pub(crate) form: SignInForm,
    pub(crate) router: Option<Arc<dyn SignInRouter>>,
    pub(crate) routing: &'static [&'static str],
    pub(crate) initiator: Option<Arc<dyn LoginInitiator>>,
    pub(crate) explain: Option<Explain>,
    pub(crate) webhooks: Option<Arc<dyn WebhookReceiver>>,
    /// `None`: the engine's.
    pub(crate) link_policy: Option<LinkPolicy>,
    pub(crate) store_tokens: StoreTokens,
}

/// Whether a provider's tokens are written into the store of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoreTokens {
    /// When the account is linked, and never again: the default, and Auth.js's.
    #[default]
    AtLink,
    /// At each sign-in, so that they are those that are good.
    EachSignIn,
    /// Never.
    Never,
}

/// Whether the tokens that are kept are revoked at the provider (RFC 7009) when their session ends in the browser that holds
/// them. A provider without a revocation endpoint lets them expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RevokeTokens {
    /// When somebody signs out, after the session has ended here: the default.
    #[default]
    AtSignOut,
    /// Never: for applications that go on using the tokens.
    Never,
}

/// Endpoints that an application gives in place of the card's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Endpoints {
    pub(crate) authorization: Option<Cow<'static, str>>,
    pub(crate) token: Option<Cow<'static, str>>,
    pub(crate) jwks: Option<Cow<'static, str>>,
    pub(crate) userinfo: Option<Cow<'static, str>>,
    pub(crate) introspection: Option<Cow<'static, str>>,
}

/// What a visitor reads about an error code of a provider, and who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorWords {
    /// What happened, in a few words.
    pub title: &'static str,
    /// What happened, in a sentence.
    pub what: &'static str,
    /// What to do, and whose turn it is.
    pub todo: &'static str,
}

/// Finds the words for an error code; `None` for codes without words of their own.
pub type Explain = fn(&str) -> Option<ErrorWords>;

/// How far signing out goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndSession {
    /// Our own session ends; the provider's stays, so that the next sign-in may ask nothing. The default.
    #[default]
    Here,
    /// The browser is sent to the provider's end of session and comes back (OpenID Connect RP-Initiated Logout 1.0).
    /// `<our address>/api/auth/signed-out` must be registered there as post-logout redirect URI.
    AtProvider,
}

impl Registration {
    /// The card. What is customized stands beside it, see [`provider_id`](Self::provider_id).
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The id under which it is registered.
    #[must_use]
    pub fn provider_id(&self) -> &str {
        &self.id
    }

    /// The name on the button.
    #[must_use]
    pub fn provider_name(&self) -> &str {
        &self.name
    }

    /// The issuer, as far as the card and the registration name one; `None` also where an option that it needs is missing.
    #[must_use]
    pub fn provider_issuer(&self) -> Option<String> {
        let options = self.option_values().ok()?;
        self.resolve_issuer(&options).ok().flatten()
    }

    /// The client secret, if there is one: an empty one is none.
    pub(crate) fn known_secret(&self) -> Option<&ClientSecret> {
        self.client_secret.as_ref().filter(|secret| !secret.expose().is_empty())
    }

    /// The values of the card's options. What a client secret would be signed with is not needed where one is given.
    pub(crate) fn option_values(&self) -> Result<Options, String> {
        let given = self.known_secret().is_some();
        self.provider.option_values_but(&self.options, |option| given && self.provider.signs_with(option))
    }

    /// The issuer: what the application says, unless the card uses that as a base address for something else.
    pub(crate) fn resolve_issuer(&self, options: &Options) -> Result<Option<String>, String> {
        let declared = self.provider.options.iter().any(|option| option.name == "issuer");
        match (self.provider.issuer, options.get("issuer")) {
            (_, Some(given)) if !declared => Ok(Some(given.clone())),
            (Some(template), _) => self.fill("issuer", template, options).map(Some),
            (None, _) => Ok(None),
        }
    }

    /// Fills a template that must be complete.
    pub(crate) fn fill(&self, field: &str, template: &str, options: &Options) -> Result<String, String> {
        let template = Template::parse(template).map_err(|error| format!("{field}: {error}"))?;
        let values = Values { options, client_id: Some(&self.client_id), ..Values::NONE };
        template.fill(&values).ok_or_else(|| format!("{field} needs a value for {:?}", template.words()))
    }

    /// Fills the templates of parameters; those that name what has no value are left out.
    pub(crate) fn parameters(&self, card: Pairs, options: &Options) -> Result<Vec<(String, String)>, String> {
        let values = Values { options, client_id: Some(&self.client_id), ..Values::NONE };
        let filled = card.iter().map(|(name, text)| {
            let template = Template::parse(text).map_err(|error| format!("{name}: {error}"))?;
            Ok(template.fill(&values).map(|value| ((*name).to_owned(), value)))
        });
        filled.filter_map(Result::transpose).collect()
    }

    /// Reserves authorization parameters: a browser's value for them is dropped. What
    /// [`authorization_param`](crate::Customize::authorization_param) pins is reserved by that already.
    #[must_use]
    pub fn reserve(mut self, names: impl IntoIterator<Item = impl Into<Cow<'static, str>>>) -> Self {
        self.reserved.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds a rule that every verified ID token of this provider has to keep.
    #[must_use]
    pub fn check(mut self, check: impl IdentityCheck + 'static) -> Self {
        self.checks.push(Arc::new(check));
        self
    }

    /// Says what the provider knows of an identity beyond the standard's claims.
    #[must_use]
    pub fn facts(mut self, facts: impl IdentityFacts + 'static) -> Self {
        self.facts = Some(Arc::new(facts));
        self
    }

    /// Shows the member of the session token that the facts add to the browser, at `GET /session`.
    #[must_use]
    pub fn show_member(mut self, name: &'static str) -> Self {
        self.shown = Some(name);
        self
    }

    /// Names the authorization parameters that decide together who signs a user in. When the registration or a router
    /// gives one of them, a browser can give none, because any of the others might win over it.
    #[must_use]
    pub fn routing(mut self, names: &'static [&'static str]) -> Self {
        self.routing = names;
        self
    }

    /// Reads the tokens with which the provider begins sign-ins.
    #[must_use]
    pub fn initiator(mut self, initiator: impl LoginInitiator + 'static) -> Self {
        self.initiator = Some(Arc::new(initiator));
        self
    }

    /// Receives the provider's webhooks at `POST …/webhooks/{id}`.
    #[must_use]
    pub fn webhooks(mut self, receiver: impl WebhookReceiver + 'static) -> Self {
        self.webhooks = Some(Arc::new(receiver));
        self
    }

    /// Words for the provider's error codes.
    #[must_use]
    pub fn explain(mut self, explain: Explain) -> Self {
        self.explain = Some(explain);
        self
    }

    /// Where the provider's session ends when its discovery document does not say.
    #[must_use]
    pub fn end_session_fallback(mut self, url: impl Into<String>) -> Self {
        self.end_session_fallback = Some(url.into());
        self
    }

    pub(crate) fn shown_member(&self) -> Option<&str> {
        self.shown
    }

    /// Whether a browser may set the authorization parameter.
    pub(crate) fn lets_browsers_set(&self, name: &str) -> bool {
        !self.reserved.iter().any(|reserved| reserved == name)
            && !self.provider.authorization_params.iter().any(|(pinned, _)| *pinned == name)
            && !self.authorization_params.iter().any(|(pinned, _)| pinned == name)
    }
}

impl AsMut<Registration> for Registration {
    fn as_mut(&mut self) -> &mut Registration {
        self
    }
}

/// A rule about who may come back from a provider, for example "a member of the organization that was asked for".
pub trait IdentityCheck: fmt::Debug + Send + Sync {
    /// Compares a verified ID token with the authorization parameters of the sign-in that it answers.
    ///
    /// # Errors
    /// When somebody else came back than was asked for.
    fn check(&self, id_token: &IdToken, asked: &[(String, String)]) -> Result<(), IdentityMismatch>;
}

/// What a provider knows of an identity beyond the standard's claims: what its sessions can be revoked by, and what
/// applications want to know about them.
pub trait IdentityFacts: fmt::Debug + Send + Sync {
    /// Reads the facts of a verified ID token, and of the access token that came with it, where that is a JWT for us.
    fn facts(&self, issuer: &str, id_token: &IdToken, access_token: Option<&VerifiedAccessToken>) -> Facts;
}

/// See [`IdentityFacts`].
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Keys beside the subject and the provider's session, which every session carries.
    pub keys: Vec<RevocationKey>,
    /// A member for the session token, by its name.
    pub member: Option<(&'static str, serde_json::Value)>,
}

/// Somebody else came back than was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityMismatch {
    /// Of another organization.
    #[error("organization {expected:?} was asked for, {got:?} came back")]
    Organization {
        /// Asked for.
        expected: String,
        /// Came back; `None` when the token names none.
        got: Option<String>,
    },
    /// Through another connection.
    #[error("connection {expected:?} was asked for, {got:?} came back")]
    Connection {
        /// Asked for.
        expected: String,
        /// Came back; `None` when the token names none.
        got: Option<String>,
    },
    /// Of a tenant that is not on the list.
    #[error("tenant {got:?} is none of those that may sign in")]
    Tenant {
        /// The tenant that the token names.
        got: String,
    },
    /// With an address of a domain that does not belong to the organization.
    #[error("an address of domain {expected:?} was asked for, {got:?} came back")]
    Domain {
        /// Asked for, or allowed; several are separated by spaces.
        expected: String,
        /// The domain of the address that came back; `None` when there is no address.
        got: Option<String>,
    },
    /// The token contradicts itself, or a claim has the wrong type.
    #[error("{0}")]
    Malformed(&'static str),
}
