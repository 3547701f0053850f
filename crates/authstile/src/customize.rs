//! Every default of a built-in provider can be replaced.

use std::borrow::Cow;
use std::sync::Arc;

use authstile_oauth::authorize::ResponseMode;
use authstile_oauth::client_auth::ClientAuthentication;
use authstile_oauth::secret::ClientSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client_keys::ClientKeys;
use crate::dpop::SenderConstraint;
use crate::link::LinkPolicy;
use crate::model::User;
use crate::profile::{ProfileMap, ProfileMapping};
use crate::provider::{AssertionAudience, ProfileSource, PushedRequests, RequestObject, SecurityProfile};
use crate::registration::{EndSession, Registration, RevokeTokens, StoreTokens};
use crate::routing::{SignInForm, SignInRouter};
use crate::transport::ClientCertificate;
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

    /// An API that access tokens are for (RFC 8707 §2): an absolute URI, without a fragment. Once for each API; sent with the
    /// authorization request and with every request for tokens.
    #[must_use]
    fn resource(mut self, uri: impl Into<String>) -> Self {
        self.as_mut().resources.push(uri.into());
        self
    }

    /// Claims that are asked for one by one (OpenID Connect Core §5.5): an object with the members `userinfo` and
    /// `id_token`.
    ///
    /// ```
    /// # use authstile::{Customize as _, Provider};
    /// let acme = Provider::oidc("acme", "https://login.acme.example")
    ///     .register("client id", "client secret")
    ///     .claims(serde_json::json!({ "id_token": { "email": { "essential": true } } }));
    /// ```
    #[must_use]
    fn claims(self, claims: Value) -> Self {
        self.authorization_param("claims", claims.to_string())
    }

    /// How one should have signed in at the provider, the best first, separated by blanks (OpenID Connect Core §3.1.2.1). It
    /// is a wish: what came of it, the claim `acr` says.
    #[must_use]
    fn acr_values(self, values: impl Into<Cow<'static, str>>) -> Self {
        self.authorization_param("acr_values", values)
    }

    /// Seconds that the sign-in at the provider may lie back when the visitor arrives there (OpenID Connect Core §3.1.2.1).
    /// It is checked: without an `auth_time` in the ID token, or with an older one, nobody is signed in. A `max_age` that a
    /// browser asks for is checked as well.
    #[must_use]
    fn max_age(self, seconds: u32) -> Self {
        self.authorization_param("max_age", seconds.to_string())
    }

    /// What the provider shows (OpenID Connect Core §3.1.2.1): `login`, `consent`, `select_account`, several of them
    /// separated by blanks; or `none`, alone.
    #[must_use]
    fn prompt(self, prompt: impl Into<Cow<'static, str>>) -> Self {
        self.authorization_param("prompt", prompt)
    }

    /// Who is probably signing in: what stands in the provider's form already.
    #[must_use]
    fn login_hint(self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.authorization_param("login_hint", hint)
    }

    /// Languages of the provider's pages, the preferred first, as BCP 47 tags separated by blanks.
    #[must_use]
    fn ui_locales(self, locales: impl Into<Cow<'static, str>>) -> Self {
        self.authorization_param("ui_locales", locales)
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

    /// Private keys of ours, with which we prove who we are and sign requests: see [`ClientKeys`]. Register their public
    /// halves at the provider with the URL `<our address>/api/auth/jwks/{id}`.
    #[must_use]
    fn client_keys(mut self, keys: impl Into<ClientKeys>) -> Self {
        let registration = self.as_mut();
        registration.client_keys = keys.into();
        // `register("id", "")` was said for want of a secret.
        registration.client_secret = registration.known_secret().cloned();
        self
    }

    /// Whom client assertions are made for, where it is not the issuer.
    #[must_use]
    fn assertion_audience(mut self, audience: AssertionAudience) -> Self {
        self.as_mut().provider.assertion_audience = audience;
        self
    }

    /// The certificate that we present to the provider (RFC 8705), by its name in the transport. With
    /// [`ClientAuthentication::Tls`] or [`SelfSignedTls`](ClientAuthentication::SelfSignedTls) it is the proof of who we
    /// are, and that of the provider's id unless another is named here. Endpoints that the provider has for this, its
    /// `mtls_endpoint_aliases`, are used.
    ///
    /// ```
    /// # use authstile::oauth::client_auth::ClientAuthentication;
    /// # use authstile::{Customize as _, Provider};
    /// let bank = Provider::oidc("bank", "https://login.bank.example")
    ///     .register("client id", "")
    ///     .without_secret()
    ///     .client_authentication(ClientAuthentication::Tls)
    ///     .client_certificate("ours"); // ReqwestTransport::new()?.client_certificate("ours", pem)?
    /// ```
    #[must_use]
    fn client_certificate(mut self, certificate: impl Into<ClientCertificate>) -> Self {
        self.as_mut().client_certificate = Some(certificate.into());
        self
    }

    /// When requests are pushed to the provider (RFC 9126).
    #[must_use]
    fn pushed_requests(mut self, when: PushedRequests) -> Self {
        self.as_mut().provider.pushed_requests = when;
        self
    }

    /// Whether requests are signed (RFC 9101); it takes [`client_keys`](Self::client_keys).
    #[must_use]
    fn request_object(mut self, object: RequestObject) -> Self {
        self.as_mut().provider.request_object = object;
        self
    }

    /// Everything that the FAPI 2.0 Security Profile demands of a client, apart from sender-constrained tokens: requests are
    /// pushed, PKCE with S256, every answer carries `iss`, we prove ourselves by a key or a certificate, and nothing is
    /// signed or accepted but PS256, ES256 and EdDSA. An engine that could not keep it is not built.
    ///
    /// With signed requests and answers on top it is FAPI 2.0 Message Signing.
    ///
    /// ```
    /// use authstile::oauth::authorize::ResponseMode;
    /// use authstile::oauth::jose::sign::SigningKey;
    /// use authstile::provider::RequestObject;
    /// use authstile::{Customize as _, Provider};
    ///
    /// let bank = Provider::oidc("bank", "https://login.bank.example")
    ///     .register_with_keys("client id", SigningKey::generate()?) // in earnest: ClientKeys::from_pem
    ///     .fapi2()
    ///     .request_object(RequestObject::Signed)
    ///     .response_mode(ResponseMode::Jwt);
    /// # Ok::<(), authstile::oauth::jose::sign::SigningKeyError>(())
    /// ```
    #[must_use]
    fn fapi2(mut self) -> Self {
        self.as_mut().provider.security_profile = SecurityProfile::Fapi2;
        self
    }

    /// Another way for the provider to answer; signed with those of JARM, which takes a provider that is discovered.
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
