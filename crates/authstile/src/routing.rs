//! To whose identity provider is a visitor sent? Decided on the server, from what the visitor entered or where they are.

use std::fmt;

use authstile_oauth::jose::jwk::JwkSet;
use authstile_oauth::metadata::ServerMetadata;
use http::HeaderMap;

use crate::BoxFuture;
use crate::hooks::HookError;

/// What a visitor does on the sign-in page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignInForm {
    /// Presses a button.
    #[default]
    Button,
    /// Enters a work e-mail address, from which a [`SignInRouter`] finds the way.
    WorkEmail,
}

/// What is known when a sign-in begins.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RoutingInput {
    /// What the visitor entered as work e-mail, unchecked; `None` where the form has no such field.
    pub email: Option<String>,
    /// The headers of the request: its host may say which customer this is.
    pub headers: HeaderMap,
    /// Our origin.
    pub origin: String,
}

/// Why no way is found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoutingError {
    /// What the visitor entered is no e-mail address: they are asked again.
    #[error("that is no e-mail address")]
    InvalidEmail,
    /// The application's code failed.
    #[error(transparent)]
    Failed(#[from] HookError),
}

/// Finds the authorization parameters of one sign-in, such as the organization or the connection.
///
/// Answer alike whether or not you know the address: what differs tells strangers who your customers are.
pub trait SignInRouter: fmt::Debug + Send + Sync {
    /// The parameters. They win over what the browser sends, and what the registration pins wins over them.
    fn route<'a>(&'a self, input: RoutingInput) -> BoxFuture<'a, Result<Vec<(String, String)>, RoutingError>>;
}

/// A sign-in that was begun elsewhere: at an identity provider's portal, or by a link of a third party.
#[derive(Debug, Clone, Default)]
pub struct InitiatedLogin {
    /// Authorization parameters to sign in with.
    pub asked: Vec<(String, String)>,
    /// Whom the other side means; an e-mail address or a name.
    pub login_hint: Option<String>,
    /// Where the visitor wants to go, unbelieved.
    pub return_to: Option<String>,
}

/// Why a token that should begin a sign-in does not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InitiateError {
    /// Signed with a key that is not known: fetching the keys again may help.
    #[error("signed with an unknown key")]
    UnknownKey,
    /// It breaks a rule.
    #[error("{0}")]
    Refused(String),
}

/// Reads the token with which a provider sends a browser to begin a sign-in here. It only chooses a way: what follows is a
/// sign-in like any other, with our own state.
pub trait LoginInitiator: fmt::Debug + Send + Sync {
    /// The parameter that carries the token.
    fn parameter(&self) -> &'static str;

    /// Verifies the token at this moment, in seconds since 1970.
    ///
    /// # Errors
    /// When it is not such a token; then an ordinary sign-in is begun.
    fn verify(
        &self,
        token: &str,
        keys: &JwkSet,
        metadata: &ServerMetadata,
        now: i64,
    ) -> Result<InitiatedLogin, InitiateError>;
}
