//! Every default of a built-in provider can be replaced.

use std::borrow::Cow;
use std::sync::Arc;

use authstile_oauth::authorize::ResponseMode;
use authstile_oauth::client_auth::ClientAuthentication;
use authstile_oauth::secret::ClientSecret;
use serde::de::DeserializeOwned;

use crate::dpop::SenderConstraint;
use crate::link::LinkPolicy;
use crate::model::User;
use crate::profile::{ProfileMap, ProfileMapping};
use crate::provider::ProfileSource;
use crate::registration::{EndSession, Registration, RevokeTokens, StoreTokens};
use crate::routing::{SignInForm, SignInRouter};
use crate::vault::KeepTokens;

/// Every default of a built-in provider can be replaced without touching the rest: these methods work on every provider
/// type.
pub trait Customize: AsMut<Registration> + Sized {
    /// Another id: needed when one provider is registered twice. It is part of the redirect URI.
    #[must_use]
    fn id(mut self, id: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().id = id.into();
        self
    }

    /// Another name on the button.
    #[must_use]
    fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().name = name.into();
        self
    }

    /// Other colours of the button: CSS colours of its face and of its text.
    #[must_use]
    fn style(mut self, background: impl Into<Cow<'static, str>>, text: impl Into<Cow<'static, str>>) -> Self {
        let registration = self.as_mut();
        registration.background = background.into();
        registration.text = text.into();
        self
    }

    /// Another scope, separated by blanks; sent as the provider wants it.
    #[must_use]
    fn scope(mut self, scope: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().scope = Some(scope.into());
        self
    }

    /// A further authorization parameter. It is pinned: no browser can override it. Names of the protocol itself
    /// (`client_id`, `state`, …) have no effect.
    #[must_use]
    fn authorization_param(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) -> Self {
        let (name, value) = (name.into(), value.into());
        let parameters = &mut self.as_mut().authorization_params;
        parameters.retain(|(known, _)| *known != name);
        parameters.push((name, value));
        self
    }

    /// Another issuer; or, for a card that has an option of this name, the address of the customer's own server.
    #[must_use]
    fn issuer(self, issuer: impl Into<String>) -> Self {
        self.option("issuer", issuer)
    }

    /// A value for an option of the card, such as the address of one's own server.
    #[must_use]
    fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.as_mut().options.insert(name.into(), value.into());
        self
    }

    /// Another authorization endpoint; the rest stays discovered.
    #[must_use]
    fn authorization_endpoint(mut self, url: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().endpoints.authorization = Some(url.into());
        self
    }

    /// Another token endpoint; the rest stays discovered.
    #[must_use]
    fn token_endpoint(mut self, url: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().endpoints.token = Some(url.into());
        self
    }

    /// Another key set; the rest stays discovered.
    #[must_use]
    fn jwks_uri(mut self, url: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().endpoints.jwks = Some(url.into());
        self
    }

    /// Takes the profile from the userinfo endpoint at this URL. With OpenID Connect the ID token is verified all the
    /// same, and `sub` must agree.
    #[must_use]
    fn userinfo_endpoint(mut self, url: impl Into<Cow<'static, str>>) -> Self {
        let registration = self.as_mut();
        registration.endpoints.userinfo = Some(url.into());
        registration.provider.profile_source = ProfileSource::UserInfo;
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

    /// Another client secret.
    #[must_use]
    fn secret(mut self, secret: impl Into<String>) -> Self {
        self.as_mut().client_secret = Some(ClientSecret::new(secret));
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

    /// Whether the provider's tokens are bound to a key of ours, so that a stolen one is of no use.
    #[must_use]
    fn sender_constraint(mut self, constraint: SenderConstraint) -> Self {
        self.as_mut().sender_constraint = constraint;
        self
    }

    /// Whether the tokens that are kept are revoked at the provider when somebody signs out.
    #[must_use]
    fn revoke_tokens(mut self, when: RevokeTokens) -> Self {
        self.as_mut().revoke_tokens = when;
        self
    }

    /// The introspection endpoint (RFC 7662), where it is not discovered.
    #[must_use]
    fn introspection_endpoint(mut self, url: impl Into<Cow<'static, str>>) -> Self {
        self.as_mut().endpoints.introspection = Some(url.into());
        self
    }

    /// What happens when a known person has the e-mail address of a new account of this provider.
    #[must_use]
    fn link_policy(mut self, policy: LinkPolicy) -> Self {
        self.as_mut().link_policy = Some(policy);
        self
    }

    /// Whether the provider's tokens are written into the store of accounts.
    #[must_use]
    fn store_tokens(mut self, when: StoreTokens) -> Self {
        self.as_mut().store_tokens = when;
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
