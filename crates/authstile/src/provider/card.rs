//! The card of a provider.

use authstile_oauth::authorize::ResponseMode;
use authstile_oauth::client_auth::ClientAuthentication;

use super::option::ProviderOption;
use super::request::{SignedSecret, TOKEN_ANSWER, TOKEN_REQUEST, TokenAnswer, TokenRequest, UserInfoRequest};
use super::words::{
    AssertionAudience, Group, IdTokenSignature, IssuerCheck, NonceUse, Pkce, ProfileSource, Protocol, PushedRequests,
    RequestObject, SecurityProfile,
};
use crate::profile::{NOTHING, ProfileMap, STANDARD_CLAIMS};
use crate::record::{Pairs, Text, leak, record};

record! {
    base = STYLE, required = [];
    /// Colours of the sign-in button, as CSS colours.
    pub struct Style {
        /// Its face.
        pub background: Text,
        /// Its text.
        pub text: Text,
    }
}

/// A plain button.
pub const STYLE: Style = Style { background: "#ffffff", text: "#1a1a1a" };

record! {
    base = match protocol {
        Some(Protocol::OAuth2) => OAUTH2,
        _ => OIDC,
    }, required = ["id", "name", "protocol"];
    /// One provider, as data: a const is checked by the compiler, and TOML says the same without compiling.
    ///
    /// Texts marked *template* may name options and words in braces, see [`Template`](super::Template). A parameter or
    /// header whose template names an option that has no value is left out; an endpoint must be complete.
    ///
    /// ```
    /// # use authstile::profile::{NOTHING, ProfileMap};
    /// # use authstile::provider::{GET, OAUTH2, Provider, UserInfoRequest};
    /// pub const ACME: Provider = Provider {
    ///     id: "acme",
    ///     name: "Acme",
    ///     authorization: Some("https://acme.example/authorize"),
    ///     token: Some("https://acme.example/token"),
    ///     userinfo: &[UserInfoRequest { url: Some("https://acme.example/me"), ..GET }],
    ///     scope: "profile",
    ///     profile: ProfileMap { id: "/id", name: "/name ?? /login", ..NOTHING },
    ///     ..OAUTH2
    /// };
    /// ```
    pub struct Provider {
        /// In URLs, cookies, accounts and names of variables: letters, digits, `-`, `_`, `.`.
        pub id: Text,
        /// What people read on the button.
        pub name: Text,
        /// What it speaks. In TOML it chooses the base: `oidc` or `oauth2`.
        pub protocol: Protocol,
        /// Where it stands among many.
        pub group: Group,
        /// Why it should not be used any more.
        pub deprecated: Option<Text>,
        /// Where one registers an application.
        pub registration_url: Option<Text>,
        /// The provider's documentation.
        pub docs_url: Option<Text>,
        /// What one has to know: quirks, and where the card differs from Auth.js's and why.
        pub notes: &'static [Text],
        /// What the profile holds, and what it does not.
        pub profile_note: Option<Text>,
        /// Colours of the button.
        pub style: Style,
        /// One or two letters for the button; `None`: the initial of the name.
        pub mark: Option<Text>,
        /// What an application may or must say beside its credentials.
        pub options: &'static [ProviderOption],
        /// The issuer; template. OpenID Connect needs one. Plain OAuth has one where `iss` comes with the answer
        /// (RFC 9207). See [`issuer_option`](super::ISSUER) where every customer has their own.
        pub issuer: Option<Text>,
        /// How the issuer of the discovery document and of ID tokens is compared.
        pub issuer_check: IssuerCheck,
        /// The discovery document, template; `None`: at the well-known place below the issuer.
        pub discovery: Option<Text>,
        /// Authorization endpoint, template; `None`: discovered.
        pub authorization: Option<Text>,
        /// Where requests are pushed to (RFC 9126), template; `None`: discovered.
        pub pushed_authorization: Option<Text>,
        /// Token endpoint, template; `None`: discovered.
        pub token: Option<Text>,
        /// Key set, template; `None`: discovered.
        pub jwks: Option<Text>,
        /// Where access tokens are refreshed, template; `None`: at the token endpoint.
        pub refresh: Option<Text>,
        /// Where tokens are revoked (RFC 7009), template; `None`: discovered.
        pub revocation: Option<Text>,
        /// Where the provider's session ends, template; `None`: discovered.
        pub end_session: Option<Text>,
        /// What is asked for, separated by blanks; template. Empty: no scope is sent.
        pub scope: Text,
        /// What the provider wants between two scopes.
        pub scope_separator: Text,
        /// `response_type` of the authorization request.
        pub response_type: Text,
        /// How the provider answers.
        pub response_mode: ResponseMode,
        /// When requests are pushed to the provider.
        pub pushed_requests: PushedRequests,
        /// How requests are written.
        pub request_object: RequestObject,
        /// The APIs that access tokens are for (RFC 8707): absolute URIs, sent with every request for tokens.
        pub resources: &'static [Text],
        /// Further authorization parameters; values are templates.
        pub authorization_params: Pairs,
        /// Other names for parameters of the authorization request: `client_id` → `appid`. Renamed to nothing, one is
        /// left out; never `state`.
        pub authorization_rename: Pairs,
        /// Fragment of the authorization URL, without `#`.
        pub authorization_fragment: Option<Text>,
        /// A parameter of the callback with JSON that becomes the member of that name in the profile.
        pub callback_member: Option<Text>,
        /// How the code is bound to us. `state` is always sent.
        pub pkce: Pkce,
        /// Why it is not `S256`: where the provider breaks on it.
        pub pkce_reason: Option<Text>,
        /// Whether a nonce is sent and expected; plain OAuth has none.
        pub nonce: NonceUse,
        /// What ID tokens are signed with.
        pub id_token_signature: IdTokenSignature,
        /// Client authentication; `None`: what the provider advertises and our credentials can do, see
        /// [`ClientAuthentication::choose`].
        pub client_authentication: Option<ClientAuthentication>,
        /// Whom client assertions are made for.
        pub assertion_audience: AssertionAudience,
        /// How much is demanded of the provider, and of us.
        pub security_profile: SecurityProfile,
        /// A client secret that is made for each request out of a private key.
        pub signed_secret: Option<SignedSecret>,
        /// How codes and refresh tokens are sent, where it is not as RFC 6749 says.
        pub token_request: TokenRequest,
        /// How the token answer is read, where it is not as RFC 6749 says.
        pub token_answer: TokenAnswer,
        /// Where the profile begins.
        pub profile_source: ProfileSource,
        /// The requests that fill the profile, in order. None with [`ProfileSource::UserInfo`]: one to the discovered
        /// endpoint.
        pub userinfo: &'static [UserInfoRequest],
        /// How the profile becomes a person.
        pub profile: ProfileMap,
    }
}

/// A card to start from: OpenID Connect, everything discovered.
pub const OIDC: Provider = Provider {
    id: "oidc",
    name: "OpenID Connect",
    protocol: Protocol::Oidc,
    group: Group::Other,
    deprecated: None,
    registration_url: None,
    docs_url: None,
    notes: &[],
    profile_note: None,
    style: STYLE,
    mark: None,
    options: &[],
    issuer: None,
    issuer_check: IssuerCheck::Exact,
    discovery: None,
    authorization: None,
    pushed_authorization: None,
    token: None,
    jwks: None,
    refresh: None,
    revocation: None,
    end_session: None,
    scope: "openid profile email",
    scope_separator: " ",
    response_type: "code",
    response_mode: ResponseMode::Query,
    pushed_requests: PushedRequests::WhenRequired,
    request_object: RequestObject::Plain,
    resources: &[],
    authorization_params: &[],
    authorization_rename: &[],
    authorization_fragment: None,
    callback_member: None,
    pkce: Pkce::S256,
    pkce_reason: None,
    nonce: NonceUse::Send,
    id_token_signature: IdTokenSignature::Keys,
    client_authentication: None,
    assertion_audience: AssertionAudience::Issuer,
    security_profile: SecurityProfile::Standard,
    signed_secret: None,
    token_request: TOKEN_REQUEST,
    token_answer: TOKEN_ANSWER,
    profile_source: ProfileSource::IdToken,
    userinfo: &[],
    profile: STANDARD_CLAIMS,
};

/// A card to start from: plain OAuth 2.0, nothing discovered. It needs both endpoints, a userinfo request and a mapping.
pub const OAUTH2: Provider = Provider {
    id: "oauth2",
    name: "OAuth 2.0",
    protocol: Protocol::OAuth2,
    scope: "",
    nonce: NonceUse::Omit,
    profile_source: ProfileSource::UserInfo,
    profile: NOTHING,
    ..OIDC
};

impl Provider {
    /// A generic OpenID Connect provider: nothing but its issuer is needed. Text that is not static is leaked: cards live
    /// as long as the process.
    ///
    /// ```
    /// # use authstile::provider::Provider;
    /// let acme = Provider::oidc("acme", "https://login.acme.example").register("client id", "client secret");
    /// ```
    #[must_use]
    pub fn oidc(
        id: impl Into<std::borrow::Cow<'static, str>>,
        issuer: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Self {
        let keep = |text: std::borrow::Cow<'static, str>| match text {
            std::borrow::Cow::Borrowed(text) => text,
            std::borrow::Cow::Owned(text) => leak(text),
        };
        let id = keep(id.into());
        Self { id, name: id, issuer: Some(keep(issuer.into())), ..OIDC }
    }

    /// The variable of this provider that ends so: `AUTH_GITHUB_ID`.
    #[must_use]
    pub fn variable(&self, ending: &str) -> String {
        format!("AUTH_{}_{ending}", self.id).to_ascii_uppercase().replace(['-', '.'], "_")
    }

    /// The environment variables that register this provider: their names, whether they must be set, and what they hold.
    #[must_use]
    pub fn variables(&self) -> Vec<Variable> {
        let credential = |ending, required, doc| Variable { name: self.variable(ending), required, doc };
        let mut variables = vec![credential("ID", true, "the client id")];
        if self.signed_secret.is_none() {
            use ClientAuthentication as Method;
            let needed = match self.client_authentication {
                Some(Method::None | Method::PrivateKeyJwt | Method::Tls | Method::SelfSignedTls) => false,
                None => self.security_profile == SecurityProfile::Standard,
                Some(_) => true,
            };
            variables.push(credential("SECRET", needed, "the client secret"));
            if self.client_authentication == Some(Method::PrivateKeyJwt) {
                variables.push(credential(PRIVATE_KEY, true, "the private key: PKCS#8 in PEM"));
            }
        }
        if self.protocol == Protocol::Oidc && !self.options.iter().any(|option| option.name == "issuer") {
            variables.push(credential("ISSUER", self.issuer.is_none(), "the issuer's URL"));
        }
        variables.extend(self.options.iter().map(|option| Variable {
            name: self.variable(option.name),
            required: option.is_required(),
            doc: option.doc,
        }));
        variables
    }
}

/// The end of the name of the variable with our private key, which takes the place of a client secret.
pub(crate) const PRIVATE_KEY: &str = "PRIVATE_KEY";

/// The end of the name of the variable with the certificate that we present (RFC 8705).
pub(crate) const CERTIFICATE: &str = "CERTIFICATE";

/// An environment variable of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// For example `AUTH_GITHUB_SECRET`.
    pub name: String,
    /// Whether there is no sign-in without it.
    pub required: bool,
    /// What it holds.
    pub doc: &'static str,
}
