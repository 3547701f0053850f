//! Providers are cards: endpoints, scopes, mapping and quirks as data.

use std::borrow::Cow;

use authstile_oauth::authorize::ResponseMode;
use authstile_oauth::client_auth::ClientAuthentication;

use crate::profile::{ProfileMap, STANDARD_CLAIMS, pointer};

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
}
