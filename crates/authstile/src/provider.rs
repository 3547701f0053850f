//! Providers are cards: endpoints, scopes, mapping and quirks as data. A [`Registration`] is a card with the client id
//! and secret that you got when you registered your application there.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use authstile_oauth::access_token::VerifiedAccessToken;
use authstile_oauth::authorize::ResponseMode;
use authstile_oauth::client_auth::ClientAuthentication;
use authstile_oauth::id_token::IdToken;
use authstile_oauth::secret::ClientSecret;
use serde::de::DeserializeOwned;

use crate::model::User;
use crate::profile::{ProfileMap, ProfileMapping, STANDARD_CLAIMS, pointer};
use crate::revocation::RevocationKey;
use crate::routing::{LoginInitiator, SignInForm, SignInRouter};
use crate::vault::KeepTokens;
use crate::webhook::WebhookReceiver;

/// What a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OpenID Connect: an ID token says who it is.
    Oidc,
    /// Plain OAuth 2.0: an API of the provider's says who it is.
    OAuth2,
}

impl Protocol {
    /// Auth.js's `type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::OAuth2 => "oauth",
        }
    }
}

/// Where the profile comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileSource {
    /// The claims of the verified ID token.
    IdToken,
    /// The userinfo endpoint (discovered, or this URL). With OpenID Connect, `sub` must equal the ID token's.
    UserInfo(Option<Cow<'static, str>>),
    /// A first request as above; and where it has no e-mail address, a second one to a list like GitHub's, of which the
    /// entry counts that is primary **and** verified.
    UserInfoThenPrimaryEmail {
        /// The first request.
        url: Cow<'static, str>,
        /// The second.
        emails: Cow<'static, str>,
    },
}

/// Colours of the sign-in button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// CSS colour of the button.
    pub background: Cow<'static, str>,
    /// CSS colour of its text.
    pub text: Cow<'static, str>,
}

/// Name and value of a parameter.
pub type Parameter = (Cow<'static, str>, Cow<'static, str>);

/// One provider, as data: a const is checked by the compiler, and every field can be replaced.
#[derive(Debug, Clone)]
pub struct Provider {
    /// In URLs, cookies and accounts: letters, digits, `-`, `_`, `.`.
    pub id: Cow<'static, str>,
    /// What people read on the button.
    pub name: Cow<'static, str>,
    /// What it speaks.
    pub protocol: Protocol,
    /// The issuer; needed for OpenID Connect.
    pub issuer: Option<Cow<'static, str>>,
    /// Authorization endpoint; `None`: discovered.
    pub authorization: Option<Cow<'static, str>>,
    /// Token endpoint; `None`: discovered.
    pub token: Option<Cow<'static, str>>,
    /// Key set; `None`: discovered.
    pub jwks: Option<Cow<'static, str>>,
    /// Where the profile comes from.
    pub profile_source: ProfileSource,
    /// What is asked for, as sent.
    pub scope: Cow<'static, str>,
    /// Further authorization parameters.
    pub authorization_params: Cow<'static, [Parameter]>,
    /// Client authentication; `None`: what the provider advertises, else `client_secret_basic`.
    pub client_authentication: Option<ClientAuthentication>,
    /// How the provider answers.
    pub response_mode: ResponseMode,
    /// How claims become a person.
    pub profile: ProfileMap,
    /// Colours of the button.
    pub style: Style,
}

/// A card to start from: OpenID Connect, everything discovered.
pub const OIDC: Provider = Provider {
    id: Cow::Borrowed("oidc"),
    name: Cow::Borrowed("OpenID Connect"),
    protocol: Protocol::Oidc,
    issuer: None,
    authorization: None,
    token: None,
    jwks: None,
    profile_source: ProfileSource::IdToken,
    scope: Cow::Borrowed("openid profile email"),
    authorization_params: Cow::Borrowed(&[]),
    client_authentication: None,
    response_mode: ResponseMode::Query,
    profile: STANDARD_CLAIMS,
    style: Style { background: Cow::Borrowed("#ffffff"), text: Cow::Borrowed("#1a1a1a") },
};

/// GitHub: plain OAuth 2.0 with fixed endpoints. Register at <https://github.com/settings/developers>; the account id is
/// the numeric user id as text.
pub const GITHUB: Provider = Provider {
    id: Cow::Borrowed("github"),
    name: Cow::Borrowed("GitHub"),
    protocol: Protocol::OAuth2,
    // GitHub sends `iss` with its answers (RFC 9207).
    issuer: Some(Cow::Borrowed("https://github.com/login/oauth")),
    authorization: Some(Cow::Borrowed("https://github.com/login/oauth/authorize")),
    token: Some(Cow::Borrowed("https://github.com/login/oauth/access_token")),
    profile_source: ProfileSource::UserInfoThenPrimaryEmail {
        url: Cow::Borrowed("https://api.github.com/user"),
        emails: Cow::Borrowed("https://api.github.com/user/emails"),
    },
    scope: Cow::Borrowed("read:user user:email"),
    profile: ProfileMap {
        id: Cow::Borrowed(&[pointer("/id")]),
        name: Cow::Borrowed(&[pointer("/name"), pointer("/login")]),
        email: Cow::Borrowed(&[pointer("/email")]),
        image: Cow::Borrowed(&[pointer("/avatar_url")]),
    },
    style: Style { background: Cow::Borrowed("#24292f"), text: Cow::Borrowed("#ffffff") },
    jwks: None,
    authorization_params: Cow::Borrowed(&[]),
    client_authentication: None,
    response_mode: ResponseMode::Query,
};

impl Provider {
    /// A generic OpenID Connect provider: nothing but its issuer is needed.
    ///
    /// ```
    /// # use authstile::provider::Provider;
    /// let acme = Provider::oidc("acme", "https://login.acme.example").register("client id", "client secret");
    /// ```
    #[must_use]
    pub fn oidc(id: impl Into<Cow<'static, str>>, issuer: impl Into<Cow<'static, str>>) -> Self {
        let id = id.into();
        Self { name: id.clone(), id, issuer: Some(issuer.into()), ..OIDC }
    }

    /// The card with the credentials of our application.
    #[must_use]
    pub fn register(self, client_id: impl Into<String>, client_secret: impl Into<String>) -> Registration {
        Registration {
            mapping: ProfileMapping::Map(self.profile.clone()),
            provider: self,
            client_id: client_id.into(),
            client_secret: Some(ClientSecret::new(client_secret)),
            reserved: Vec::new(),
            checks: Vec::new(),
            facts: None,
            shown: None,
            end_session: EndSession::Here,
            end_session_fallback: None,
            keep_tokens: KeepTokens::Nothing,
            form: SignInForm::Button,
            router: None,
            routing: &[],
            initiator: None,
            explain: None,
            webhooks: None,
        }
    }
}

/// GitHub with the credentials of our application.
#[must_use]
pub fn github(client_id: impl Into<String>, client_secret: impl Into<String>) -> Registration {
    GITHUB.register(client_id, client_secret)
}

/// A card together with what we are at that provider. Make one with [`Provider::register`]; change what the card says
/// with the methods of [`Customize`].
#[derive(Debug, Clone)]
pub struct Registration {
    pub(crate) provider: Provider,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<ClientSecret>,
    pub(crate) mapping: ProfileMapping,
    /// Authorization parameters that no browser may set.
    pub(crate) reserved: Vec<Cow<'static, str>>,
    pub(crate) checks: Vec<Arc<dyn IdentityCheck>>,
    pub(crate) facts: Option<Arc<dyn IdentityFacts>>,
    pub(crate) shown: Option<&'static str>,
    pub(crate) end_session: EndSession,
    pub(crate) end_session_fallback: Option<String>,
    pub(crate) keep_tokens: KeepTokens,
    pub(crate) form: SignInForm,
    pub(crate) router: Option<Arc<dyn SignInRouter>>,
    pub(crate) routing: &'static [&'static str],
    pub(crate) initiator: Option<Arc<dyn LoginInitiator>>,
    pub(crate) explain: Option<Explain>,
    pub(crate) webhooks: Option<Arc<dyn WebhookReceiver>>,
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
    /// The card, as customized.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Reserves authorization parameters: a browser's value for them is dropped. What
    /// [`authorization_param`](Customize::authorization_param) pins is reserved by that already.
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
            && !self.provider.authorization_params.iter().any(|(pinned, _)| pinned == name)
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

/// Every default of a built-in provider can be replaced without touching the rest: these methods work on every provider
/// type.
pub trait Customize: AsMut<Registration> + Sized {
    /// Another id: needed when one provider is registered twice. It is part of the redirect URI.
    #[must_use]
    fn id(mut self, id: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().provider.id = id.into();
        self
    }

    /// Another name on the button.
    #[must_use]
    fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().provider.name = name.into();
        self
    }

    /// Other colours of the button: CSS colours of its face and of its text.
    #[must_use]
    fn style(mut self, background: impl Into<Cow<'static, str>>, text: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().provider.style = Style { background: background.into(), text: text.into() };
        self
    }

    /// Another scope, as sent.
    #[must_use]
    fn scope(mut self, scope: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().provider.scope = scope.into();
        self
    }

    /// A further authorization parameter. It is pinned: no browser can override it. Names of the protocol itself
    /// (`client_id`, `state`, …) have no effect.
    #[must_use]
    fn authorization_param(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) -> Self {
        let (name, value) = (name.into(), value.into());
        let parameters = self.as_mut().provider.authorization_params.to_mut();
        parameters.retain(|(known, _)| *known != name);
        parameters.push((name, value));
        self
    }

    /// Another issuer.
    #[must_use]
    fn issuer(mut self, issuer: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().provider.issuer = Some(issuer.into());
        self
    }

    /// Another authorization endpoint; the rest stays discovered.
    #[must_use]
    fn authorization_endpoint(mut self, url: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().provider.authorization = Some(url.into());
        self
    }

    /// Another token endpoint; the rest stays discovered.
    #[must_use]
    fn token_endpoint(mut self, url: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().provider.token = Some(url.into());
        self
    }

    /// Another key set; the rest stays discovered.
    #[must_use]
    fn jwks_uri(mut self, url: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().provider.jwks = Some(url.into());
        self
    }

    /// Takes the profile from the userinfo endpoint at this URL. With OpenID Connect the ID token is verified all the
    /// same, and `sub` must agree.
    #[must_use]
    fn userinfo_endpoint(mut self, url: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().provider.profile_source = ProfileSource::UserInfo(Some(url.into()));
        self
    }

    /// Takes the profile from somewhere else.
    #[must_use]
    fn profile_source(mut self, source: ProfileSource) -> Self {
        self.as_mut().provider.profile_source = source;
        self
    }

    /// Another client authentication method than the provider advertises.
    #[must_use]
    fn client_authentication(mut self, method: ClientAuthentication) -> Self {
        self.as_mut().provider.client_authentication = Some(method);
        self
    }

    /// A public client: no secret, PKCE is the only proof.
    #[must_use]
    fn without_secret(mut self) -> Self {
        self.as_mut().client_secret = None;
        self
    }

    /// Another way for the provider to answer.
    #[must_use]
    fn response_mode(mut self, mode: ResponseMode) -> Self {
        self.as_mut().provider.response_mode = mode;
        self
    }

    /// Decides on the server where a visitor is sent. With [`SignInForm::WorkEmail`] the sign-in page has a field for a
    /// work e-mail address in place of the button.
    #[must_use]
    fn router(mut self, form: SignInForm, router: impl SignInRouter + 'static) -> Self {
        let registration = self.as_mut();
        registration.form = form;
        registration.router = Some(Arc::new(router));
        self
    }

    /// How far signing out goes. With [`EndSession::AtProvider`] the ID token is kept, sealed, because providers want to
    /// see it again.
    #[must_use]
    fn end_session(mut self, end: EndSession) -> Self {
        let registration = self.as_mut();
        registration.end_session = end;
        if end == EndSession::AtProvider && registration.keep_tokens == KeepTokens::Nothing {
            registration.keep_tokens = KeepTokens::IdToken;
        }
        self
    }

    /// Which of the provider's tokens outlive the sign-in, sealed in cookies of their own.
    #[must_use]
    fn keep_tokens(mut self, keep: KeepTokens) -> Self {
        self.as_mut().keep_tokens = keep;
        self
    }

    /// Another mapping from claims to a person: a closure over the provider's profile type, or over any type of yours
    /// that the claims can be read as. `id` must be the subject; without one nobody is signed in.
    #[must_use]
    fn profile<T, F>(mut self, closure: F) -> Self
    where
        T: DeserializeOwned,
        F: Fn(T) -> User + Send + Sync + 'static,
    {
        self.as_mut().mapping = ProfileMapping::typed(closure);
        self
    }

    /// Another mapping, as data.
    #[must_use]
    fn profile_map(mut self, map: ProfileMap) -> Self {
        self.as_mut().mapping = ProfileMapping::Map(map);
        self
    }
}

impl<T: AsMut<Registration>> Customize for T {}
