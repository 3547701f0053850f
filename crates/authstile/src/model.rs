//! People, accounts and sessions as hooks, events and applications see them.

use authstile_oauth::secret::{AccessToken, RawIdToken, RefreshToken};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::UnixTime;

/// Members of a token or of a profile, in the order in which they came.
pub type Claims = Map<String, Value>;

/// A person.
///
/// What a profile mapping returns carries the provider's identifier in `id`; once admitted, `id` is the user's own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// In a profile mapping, the subject at the provider, which must not be empty. Everywhere else the stable id of the
    /// user: without a database a UUID derived from issuer and subject, the same at every sign-in.
    pub id: String,
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address, lower-cased when the user is admitted. See [`User::email_verified`] before you trust it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What the provider says about the address; `None` when it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}

/// What kind of account it is: Auth.js's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountKind {
    /// Plain OAuth 2.0.
    OAuth,
    /// OpenID Connect.
    Oidc,
    /// An e-mail address that was proven by a link or a code.
    Email,
    /// Something that the application itself checked, such as a password.
    Credentials,
    /// A passkey.
    WebAuthn,
}

impl AccountKind {
    /// As Auth.js writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OAuth => "oauth",
            Self::Oidc => "oidc",
            Self::Email => "email",
            Self::Credentials => "credentials",
            Self::WebAuthn => "webauthn",
        }
    }

    /// Reads what [`AccountKind::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::OAuth, Self::Oidc, Self::Email, Self::Credentials, Self::WebAuthn]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// A link between a person and a provider, with the tokens that the provider issued.
#[derive(Debug, Clone)]
pub struct Account {
    /// The provider's id, for example `scalekit`.
    pub provider: String,
    /// What kind it is.
    pub kind: AccountKind,
    /// The subject at the provider.
    pub provider_account_id: String,
    /// For the provider's APIs.
    pub access_token: Option<AccessToken>,
    /// As received; verified by the time you see it.
    pub id_token: Option<RawIdToken>,
    /// For new access tokens.
    pub refresh_token: Option<RefreshToken>,
    /// `bearer`, or `dpop` where the access token is bound to a key of the session's (RFC 9449).
    pub token_type: Option<String>,
    /// What was granted, if the provider says so.
    pub scope: Option<String>,
    /// When the access token expires, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// The provider's `session_state` (OpenID Connect Session Management 1.0), which Auth.js keeps too.
    pub session_state: Option<String>,
}

impl Account {
    /// An account without tokens.
    #[must_use]
    pub fn new(kind: AccountKind, provider: impl Into<String>, provider_account_id: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            kind,
            provider_account_id: provider_account_id.into(),
            access_token: None,
            id_token: None,
            refresh_token: None,
            token_type: None,
            scope: None,
            expires_at: None,
            session_state: None,
        }
    }
}

/// Somebody is signed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The person.
    pub user: User,
    /// When the session ends unless it is used before.
    pub expires: UnixTime,
    /// Everything that the session token carries, also what the `jwt` hook added.
    pub claims: Claims,
}

impl Session {
    /// A claim of the session token as a type of yours; `None` when it is absent or does not fit.
    #[must_use]
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.claims.get(name).and_then(|value| T::deserialize(value).ok())
    }

    /// The session that a token's claims describe.
    pub(crate) fn from_claims(claims: Claims, expires: UnixTime) -> Self {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let user = User {
            id: text("sub").unwrap_or_default(),
            name: text("name"),
            email: text("email"),
            image: text("picture"),
            email_verified: None,
        };
        Self { user, expires, claims }
    }
}
