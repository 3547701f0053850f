//! Errors answer whose fault it is: the visitor's browser, a policy, the provider, the network, the application, or us.
//!
//! Three texts belong to an error, and they are not mixed: `Display` is for logs and says what was expected and what
//! came; the [public code](Error::public_code) is Auth.js's and goes over the wire; the [`Reason`] picks the words that
//! a visitor reads.

use std::fmt;

use authstile_oauth::pushed::PushedRequestError;
use authstile_oauth::token::TokenError;
use authstile_oauth::userinfo::UserInfoError;

use crate::forwarded::ForwardedError;
use crate::guard::GuardError;
use crate::hooks::HookError;
use crate::host::UnknownHost;
use crate::link::NotLinked;
use crate::mail::MailError;
use crate::profile::ProfileError;
use crate::redirect_proxy::NotForwarded;
use crate::registration::IdentityMismatch;
use crate::registry::ProviderError;
use crate::seal::SealError;
use crate::session::WriteError;
use crate::step_up::InsufficientAuthentication;
use crate::store::StoreError;
use crate::transport::TransportError;

/// One failed request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The browser or the visitor did something that cannot be answered.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A person or a policy said no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The provider misbehaved, or could not be reached.
    #[error("provider {provider}: {source}")]
    Provider {
        /// Its id.
        provider: String,
        /// On which leg of the sign-in.
        leg: Leg,
        /// What it did.
        source: ProviderError,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A mail could not be sent.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The application's hook failed.
    #[error("the {hook} hook failed: {source}")]
    Hook {
        /// Which one.
        hook: &'static str,
        /// With what.
        source: HookError,
    },
    /// The configuration makes an answer impossible.
    #[error("{0}")]
    Configuration(String),
    /// We are wrong.
    #[error("internal error: {0}")]
    Bug(&'static str),
}

/// Before the browser leaves for the provider, or after it came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    /// `POST /signin/{provider}`.
    SignIn,
    /// `/callback/{provider}`.
    Callback,
}

/// What a browser did wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A known action with the wrong method.
    #[error("this action does not exist with this method")]
    UnknownAction,
    /// Another site asked for a change, or the CSRF token is wrong.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The request is for a host that is none of ours.
    #[error(transparent)]
    UnknownHost(UnknownHost),
    /// What proxies say about the request cannot be believed.
    #[error(transparent)]
    Forwarded(ForwardedError),
    /// The answer is for a deployment to which nothing is passed on.
    #[error(transparent)]
    NotForwarded(NotForwarded),
    /// No registered provider has that id.
    #[error("there is no provider {got:?}; registered: {registered}")]
    UnknownProvider {
        /// The id asked for.
        got: String,
        /// The ids that there are.
        registered: String,
    },
    /// What a visitor entered is no e-mail address.
    #[error("what was entered is no e-mail address")]
    InvalidEmail,
    /// Too many attempts by one client or for one address.
    #[error("too many attempts; the next is allowed in {seconds} s")]
    TooManyAttempts {
        /// Seconds until the next attempt is allowed.
        seconds: u32,
    },
    /// More or longer authorization parameters than a sign-in can remember.
    #[error("the sign-in request carries too many authorization parameters")]
    TooManyParameters,
    /// The provider answered without `state`: to whose sign-in?
    #[error("the answer has no state")]
    StateMissing,
    /// This browser has no sign-in under way with that `state`: it was finished, or begun elsewhere, or cookies are off.
    #[error("this browser has no sign-in under way with that state")]
    PendingMissing,
    /// The sign-in was begun too long ago.
    #[error("the sign-in was begun more than 15 minutes ago")]
    PendingExpired,
    /// The sign-in was begun with another provider.
    #[error("the sign-in was begun with provider {expected:?}, but the answer came for {got:?}")]
    WrongProvider {
        /// Asked.
        expected: String,
        /// Answered.
        got: String,
    },
}

/// Who said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// The application's `sign_in` hook.
    #[error("the sign_in hook denied {user}")]
    AccessDenied {
        /// The user's id.
        user: String,
    },
    /// The `provision` hook does not want this new person.
    #[error("the provision hook denied somebody new from provider {provider}: {reason}")]
    NotProvisioned {
        /// The provider's id.
        provider: String,
        /// What the hook says.
        reason: String,
    },
    /// The account cannot become this person's.
    #[error("provider {provider}: {why}")]
    NotLinked {
        /// The provider's id.
        provider: String,
        /// Why.
        why: NotLinked,
    },
    /// A link or a code from a mail is wrong, used up or expired.
    #[error("the link or code is {0}")]
    Verification(VerificationFailure),
    /// What somebody entered to sign in is wrong.
    #[error("the credentials were rejected ({code})")]
    CredentialsRejected {
        /// For the application's page: Auth.js's `code`, in the address. Letters, digits, dashes and underscores.
        code: String,
    },
    /// The account, its connection or its organization was switched off.
    #[error("{user} was switched off by directory or administrator")]
    Deactivated {
        /// The user's id.
        user: String,
    },
    /// The provider says that the session is over.
    #[error("provider {provider} ended the session: its refresh token is no longer good")]
    SessionEnded {
        /// The provider's id.
        provider: String,
    },
    /// Somebody else came back than was asked for.
    #[error(transparent)]
    Mismatch(#[from] IdentityMismatch),
    /// The sign-in is older or weaker than a page asks for.
    #[error("provider {provider}: {why}")]
    Insufficient {
        /// The provider's id.
        provider: String,
        /// What is missing.
        why: InsufficientAuthentication,
    },
}

/// Why a link or code does not sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerificationFailure {
    /// Not one of ours, or used before.
    Unknown,
    /// Too old.
    Expired,
}

impl fmt::Display for VerificationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "wrong or used up",
            Self::Expired => "expired",
        })
    }
}

impl Error {
    pub(crate) fn provider(provider: &str, leg: Leg, source: ProviderError) -> Self {
        Self::Provider { provider: provider.to_owned(), leg, source }
    }

    pub(crate) fn hook(hook: &'static str, source: HookError) -> Self {
        Self::Hook { hook, source }
    }

    /// The code that goes over the wire: Auth.js's error type.
    #[must_use]
    pub fn public_code(&self) -> &'static str {
        match self {
            Self::Request(RequestError::Guard(_)) => "MissingCSRF",
            Self::Request(RequestError::InvalidEmail) => "OAuthSignInError",
            Self::Request(RequestError::TooManyAttempts { .. }) => "TooManyRequests",
            Self::Mail(_) => "EmailSignInError",
            Self::Denied(Denied::NotLinked { .. }) => "OAuthAccountNotLinked",
            Self::Denied(Denied::Verification(_)) => "Verification",
            Self::Denied(Denied::CredentialsRejected { .. }) => "CredentialsSignin",
            Self::Denied(_) => "AccessDenied",
            Self::Provider { leg: Leg::SignIn, .. } => "OAuthSignInError",
            Self::Provider { leg: Leg::Callback, .. } => "OAuthCallbackError",
            Self::Request(_) | Self::Store(_) | Self::Hook { .. } | Self::Configuration(_) | Self::Bug(_) => {
                "Configuration"
            }
        }
    }

    /// Which page says it: the sign-in page, where one can try again, or the error page.
    pub(crate) fn page(&self) -> &'static str {
        match self.public_code() {
            "MissingCSRF"
            | "OAuthSignInError"
            | "OAuthCallbackError"
            | "OAuthAccountNotLinked"
            | "CredentialsSignin"
            | "EmailSignInError"
            | "TooManyRequests" => "signin",
            _ => "error",
        }
    }

    /// What to say to the visitor.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Request(error) => match error {
                RequestError::Guard(_) => Reason::StalePage,
                RequestError::UnknownHost(_) | RequestError::Forwarded(_) => Reason::WrongAddress,
                RequestError::UnknownProvider { .. } | RequestError::UnknownAction => Reason::NotFound,
                RequestError::InvalidEmail => Reason::InvalidEmail,
                RequestError::TooManyAttempts { .. } => Reason::TooManyAttempts,
                RequestError::PendingExpired => Reason::SignInExpired,
                RequestError::StateMissing
                | RequestError::PendingMissing
                | RequestError::NotForwarded(_)
                | RequestError::WrongProvider { .. } => Reason::SignInUnknown,
                RequestError::TooManyParameters => Reason::TooManyParameters,
            },
            Self::Denied(Denied::AccessDenied { .. } | Denied::SessionEnded { .. }) => Reason::AccessDenied,
            Self::Denied(Denied::Deactivated { .. }) => Reason::Deactivated,
            Self::Denied(Denied::NotProvisioned { .. }) => Reason::NotProvisioned,
            Self::Denied(Denied::NotLinked { why: NotLinked::OwnedByAnother, .. }) => Reason::AccountOfAnother,
            Self::Denied(Denied::NotLinked { .. }) => Reason::AccountExists,
            Self::Denied(Denied::Verification(_)) => Reason::Verification,
            Self::Denied(Denied::CredentialsRejected { .. }) => Reason::CredentialsRejected,
            Self::Mail(_) => Reason::MailNotSent,
            Self::Denied(Denied::Mismatch(mismatch)) => match mismatch {
                IdentityMismatch::Organization { .. } => Reason::OrganizationMismatch,
                IdentityMismatch::Connection { .. } => Reason::ConnectionMismatch,
                IdentityMismatch::Domain { .. } => Reason::DomainNotAllowed,
                IdentityMismatch::Tenant { .. } => Reason::AccessDenied,
                IdentityMismatch::Malformed(_) => Reason::ProviderMisbehaved,
            },
            Self::Denied(Denied::Insufficient { why: InsufficientAuthentication::Acr { .. }, .. }) => {
                Reason::SignInTooWeak
            }
            Self::Denied(Denied::Insufficient { .. }) => Reason::SignInTooOld,
            Self::Provider { source, .. } => match source {
                ProviderError::Authorization(authstile_oauth::authorize::AuthorizationResponseError::Refused(
                    refusal,
                )) => match refusal.error.as_str() {
                    "access_denied" => Reason::ProviderDenied,
                    // OpenID Connect Core Error Code unmet_authentication_requirements 1.0 §2.
                    "unmet_authentication_requirements" => Reason::SignInTooWeak,
                    _ => Reason::ProviderRefused,
                },
                ProviderError::Busy(_) | ProviderError::Transport { source: TransportError::Busy(_), .. } => {
                    Reason::ProviderBusy
                }
                ProviderError::Transport {
                    source: TransportError::Timeout | TransportError::Unreachable(_) | TransportError::Broken(_),
                    ..
                }
                | ProviderError::Status { status: 500.., .. }
                | ProviderError::Token(
                    TokenError::NotATokenResponse { status: 500.., .. } | TokenError::Refused { status: 500.., .. },
                )
                | ProviderError::PushedRequest(
                    PushedRequestError::NotAReference { status: 500.., .. }
                    | PushedRequestError::Refused { status: 500.., .. },
                )
                | ProviderError::UserInfo(UserInfoError::Status(500..)) => Reason::ProviderUnreachable,
                ProviderError::Token(TokenError::Refused { .. })
                | ProviderError::PushedRequest(PushedRequestError::Refused { .. }) => Reason::ProviderRefused,
                _ => Reason::ProviderMisbehaved,
            },
            Self::Store(_) => Reason::Unavailable,
            Self::Hook { .. } | Self::Configuration(_) | Self::Bug(_) => Reason::Configuration,
        }
    }

    /// The provider and its own error code, when it refused with one: the provider may have words for it.
    pub(crate) fn refusal(&self) -> Option<(&str, &str)> {
        match self {
            Self::Provider {
                provider,
                source:
                    ProviderError::Authorization(authstile_oauth::authorize::AuthorizationResponseError::Refused(refusal)),
                ..
            } => Some((provider, &refusal.error)),
            _ => None,
        }
    }

    /// Writes the error to the log, as loud as it deserves, with the reference that the visitor sees.
    pub(crate) fn log(&self, reference: &str) {
        let code = self.public_code();
        match self {
            // Whoever runs the application has to do something about these.
            Self::Request(
                RequestError::UnknownHost(_) | RequestError::Forwarded(_) | RequestError::NotForwarded(_),
            ) => tracing::info!(%reference, code, error = %self, "refused a request"),
            Self::Request(_) => tracing::debug!(%reference, code, error = %self, "refused a request"),
            Self::Denied(_) => tracing::info!(%reference, code, error = %self, "denied"),
            Self::Provider { .. } => tracing::warn!(%reference, code, error = %self, "the provider failed"),
            Self::Mail(_) | Self::Store(_) | Self::Hook { .. } | Self::Configuration(_) | Self::Bug(_) => {
                tracing::error!(%reference, code, error = %self, "failed")
            }
        }
    }
}

impl From<GuardError> for Error {
    fn from(error: GuardError) -> Self {
        RequestError::Guard(error).into()
    }
}

impl From<crate::random::NoRandomness> for Error {
    fn from(_: crate::random::NoRandomness) -> Self {
        Self::Bug("the source of randomness failed")
    }
}

impl From<SealError> for Error {
    fn from(_: SealError) -> Self {
        Self::Bug("a token cannot be sealed")
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Seal(error) => error.into(),
            WriteError::TooLarge(error) => Self::Configuration(error.to_string()),
        }
    }
}

/// What a visitor is told. Each has its words in the error page's table; the name travels in a short-lived cookie from
/// the redirect to the page that shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // each is said in words on the error page
#[non_exhaustive]
pub enum Reason {
    AccessDenied,
    AccountExists,
    AccountOfAnother,
    ConnectAccount,
    ConnectionMismatch,
    Configuration,
    CredentialsRejected,
    Deactivated,
    DomainNotAllowed,
    InvalidEmail,
    MailNotSent,
    NotFound,
    NotProvisioned,
    OrganizationMismatch,
    ProviderBusy,
    ProviderDenied,
    ProviderMisbehaved,
    ProviderRefused,
    ProviderUnreachable,
    SessionRequired,
    SignInExpired,
    SignInTooOld,
    SignInTooWeak,
    SignInUnknown,
    StalePage,
    TooManyAttempts,
    TooManyParameters,
    Unavailable,
    Verification,
    WrongAddress,
}

impl Reason {
    const ALL: &[Self] = &[
        Self::AccessDenied,
        Self::AccountExists,
        Self::AccountOfAnother,
        Self::ConnectAccount,
        Self::ConnectionMismatch,
        Self::Configuration,
        Self::CredentialsRejected,
        Self::Deactivated,
        Self::DomainNotAllowed,
        Self::InvalidEmail,
        Self::MailNotSent,
        Self::NotFound,
        Self::NotProvisioned,
        Self::OrganizationMismatch,
        Self::ProviderBusy,
        Self::ProviderDenied,
        Self::ProviderMisbehaved,
        Self::ProviderRefused,
        Self::ProviderUnreachable,
        Self::SessionRequired,
        Self::SignInExpired,
        Self::SignInTooOld,
        Self::SignInTooWeak,
        Self::SignInUnknown,
        Self::StalePage,
        Self::TooManyAttempts,
        Self::TooManyParameters,
        Self::Unavailable,
        Self::Verification,
        Self::WrongAddress,
    ];

    /// Reads the name; `None` for anything that is not one of ours.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.to_string() == name)
    }

    /// The reason behind a public code, where nothing more is known.
    pub(crate) fn of_code(code: &str) -> Self {
        match code {
            "AccessDenied" => Self::AccessDenied,
            "Verification" => Self::Verification,
            "MissingCSRF" => Self::StalePage,
            "SessionRequired" => Self::SessionRequired,
            "OAuthAccountNotLinked" | "AccountNotLinked" => Self::AccountExists,
            "CredentialsSignin" => Self::CredentialsRejected,
            "TooManyRequests" => Self::TooManyAttempts,
            "EmailSignin" | "EmailSignInError" | "EmailCreateAccount" => Self::MailNotSent,
            "OAuthCallbackError" | "OAuthSignInError" | "OAuthSignin" | "OAuthCallback" | "OAuthCreateAccount"
            | "Callback" | "Signin" => Self::ProviderRefused,
            _ => Self::Configuration,
        }
    }

    /// Whether an error of this reason travels under that public code: a remembered reason must not explain another error.
    pub(crate) fn fits(self, code: &str) -> bool {
        match self {
            Self::AccessDenied
            | Self::Deactivated
            | Self::OrganizationMismatch
            | Self::ConnectionMismatch
            | Self::NotProvisioned
            | Self::SignInTooOld
            | Self::DomainNotAllowed => code == "AccessDenied",
            Self::SignInTooWeak => matches!(code, "AccessDenied" | "OAuthCallbackError"),
            Self::AccountExists | Self::AccountOfAnother | Self::ConnectAccount => code == "OAuthAccountNotLinked",
            Self::CredentialsRejected => code == "CredentialsSignin",
            Self::MailNotSent => code == "EmailSignInError",
            Self::TooManyAttempts => code == "TooManyRequests",
            Self::StalePage => code == "MissingCSRF",
            Self::ProviderDenied
            | Self::ProviderRefused
            | Self::ProviderUnreachable
            | Self::ProviderBusy
            | Self::InvalidEmail => {
                matches!(code, "OAuthSignInError" | "OAuthCallbackError")
            }
            Self::ProviderMisbehaved => matches!(code, "OAuthSignInError" | "OAuthCallbackError" | "AccessDenied"),
            Self::Configuration
            | Self::Unavailable
            | Self::NotFound
            | Self::SignInExpired
            | Self::SignInUnknown
            | Self::TooManyParameters => code == "Configuration",
            Self::Verification => code == "Verification",
            Self::SessionRequired | Self::WrongAddress => false,
        }
    }

    /// The status of the page that shows it.
    pub(crate) fn status(self) -> http::StatusCode {
        match self {
            Self::AccessDenied
            | Self::Deactivated
            | Self::OrganizationMismatch
            | Self::ConnectionMismatch
            | Self::DomainNotAllowed
            | Self::NotProvisioned
            | Self::SignInTooOld
            | Self::SignInTooWeak
            | Self::Verification => http::StatusCode::FORBIDDEN,
            Self::TooManyAttempts => http::StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound => http::StatusCode::NOT_FOUND,
            Self::WrongAddress => http::StatusCode::MISDIRECTED_REQUEST,
            Self::SignInExpired | Self::SignInUnknown | Self::StalePage | Self::TooManyParameters => {
                http::StatusCode::BAD_REQUEST
            }
            Self::ProviderMisbehaved | Self::ProviderUnreachable => http::StatusCode::BAD_GATEWAY,
            Self::Configuration => http::StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable | Self::MailNotSent | Self::ProviderBusy => http::StatusCode::SERVICE_UNAVAILABLE,
            Self::ProviderDenied
            | Self::ProviderRefused
            | Self::SessionRequired
            | Self::InvalidEmail
            | Self::AccountExists
            | Self::AccountOfAnother
            | Self::ConnectAccount
            | Self::CredentialsRejected => http::StatusCode::OK,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Why an engine cannot be built. Whatever Auth.js asserts at every request is asserted here, once.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The secret is missing or can be guessed.
    #[error(transparent)]
    Secret(#[from] crate::seal::WeakSecret),
    /// A provider cannot work like this.
    #[error("provider {provider:?}: {problem}")]
    Provider {
        /// Its id.
        provider: String,
        /// What is wrong and how to mend it.
        problem: String,
    },
    /// Two providers have one id.
    #[error("provider id {0:?} is used twice; give one of them another with `.id(\"…\")`")]
    DuplicateProvider(String),
    /// The public address, an allowed origin, or the redirect proxy.
    #[error("{0}")]
    Url(String),
    /// A path.
    #[error("base path {0:?} must be empty or begin with a slash, without a slash at the end")]
    BasePath(String),
    /// The look of the pages.
    #[error("theme: {0}")]
    Theme(String),
    /// A quota that lets nobody in.
    #[error("rate limits: {0}")]
    RateLimit(String),
    /// A feature needs a store that is not there.
    #[error("{0}")]
    MissingStore(&'static str),
    /// No way to the network.
    #[error("no transport: add `.transport(authstile_reqwest::ReqwestTransport::new()?)`")]
    MissingTransport,
    /// An environment variable is missing or wrong.
    #[error("{variable} {problem}")]
    Environment {
        /// Its name.
        variable: String,
        /// What is wrong and how to mend it.
        problem: String,
    },
    /// Keys cannot be derived, which sound secrets do not cause.
    #[error("keys cannot be derived: {0}")]
    Keys(String),
}

/// Keeps `ProfileError` where it belongs: a missing subject is the provider's fault, a failing closure the application's.
pub(crate) fn from_profile(provider: &str, error: ProfileError) -> Error {
    match error {
        ProfileError::MissingSubject => Error::provider(provider, Leg::Callback, ProviderError::MissingSubject),
        ProfileError::Mapping(source) => Error::hook("profile", source),
    }
}
