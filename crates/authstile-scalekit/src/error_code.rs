//! What Scalekit answers when a sign-in fails, and who can do something about it.

use std::fmt;

use authstile::ErrorWords;

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FixableBy {
    /// Whoever wants to sign in.
    User,
    /// The administrator of the customer's single sign-on.
    CustomerAdmin,
    /// The people who run this application.
    Developer,
    /// Nobody: it may pass.
    Retry,
    /// Nobody knows: the code is a new one.
    Unknown,
}

macro_rules! codes {
    ($($(#[$group:meta])* $variant:ident = $code:literal, $fix:ident, $what:literal;)*) => {
        /// An `error` of the authorization or the token endpoint. The list is open: what is not known is kept as
        /// [`Other`](Self::Other).
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ScalekitErrorCode {
            $(
                #[doc = $what]
                $variant,
            )*
            /// Any other code, at most 100 characters of it: **provider text**, for logs and never for pages.
            Other(String),
        }

        impl ScalekitErrorCode {
            /// Every code that is known.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Reads a code.
            #[must_use]
            pub fn parse(code: &str) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    other => Self::Other(other.chars().take(100).collect()),
                }
            }

            /// The code as it goes over the wire. That of [`Other`](Self::Other) is provider text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other(code) => code,
                }
            }

            /// Who can do something about it.
            #[must_use]
            pub const fn fixable_by(&self) -> FixableBy {
                match self {
                    $(Self::$variant => FixableBy::$fix,)*
                    Self::Other(_) => FixableBy::Unknown,
                }
            }

            /// What happened, in a sentence for whoever wants to sign in. Never provider text.
            #[must_use]
            pub const fn what(&self) -> &'static str {
                match self {
                    $(Self::$variant => $what,)*
                    Self::Other(_) => "The sign-in service gave a reason that this application does not know.",
                }
            }
        }
    };
}

codes! {
    // How the application and the environment fit together.
    InvalidRedirectUri = "invalid_redirect_uri", Developer, "The address of this application is not registered with the sign-in service.";
    InvalidConnectionSelector = "invalid_connection_selector", Developer, "The application did not say which organization or connection to sign in with.";
    NoActiveConnections = "no_active_connections", CustomerAdmin, "None of your organization's sign-in connections is switched on.";
    ConnectionNotActive = "connection_not_active", CustomerAdmin, "The sign-in connection of your organization is switched off.";
    NoConfiguredConnections = "no_configured_connections", CustomerAdmin, "Single sign-on has not been set up for your organization yet.";
    InvalidOrganizationId = "invalid_organization_id", Developer, "The application asked for an organization that does not exist.";
    InvalidConnectionId = "invalid_connection_id", Developer, "The application asked for a sign-in connection that does not exist.";
    DomainNotFound = "domain_not_found", CustomerAdmin, "No organization has registered the domain of this email address for single sign-on.";
    InvalidUserDomain = "invalid_user_domain", User, "The email address that you signed in with is not in a domain that your organization allows.";
    InvalidClient = "invalid_client", Developer, "The sign-in service does not know this application, or does not accept its credentials.";
    ApplicationNotActive = "application_not_active", Developer, "This application is switched off at the sign-in service.";
    InvalidRequest = "invalid_request", Developer, "The sign-in service could not make sense of the application's request.";
    Unauthorized = "unauthorized", Developer, "This application is not permitted to sign you in this way.";
    UserNotActive = "user_not_active", User, "Your account is deactivated.";
    ServerError = "server_error", Retry, "Something went wrong at the sign-in service.";

    // How a customer's connection is set up.
    MandatoryAttributeMissing = "mandatory_attribute_missing", CustomerAdmin, "Your identity provider did not send something that is needed to sign you in, such as your email address.";
    InvalidIdToken = "invalid_id_token", CustomerAdmin, "The ID token of your identity provider could not be verified.";
    FailedToExchangeToken = "failed_to_exchange_token", CustomerAdmin, "Your identity provider did not accept the credentials that were set up for it.";
    UserInfoRetrieveFailed = "user_info_retrieve_failed", CustomerAdmin, "Your profile could not be read from your identity provider.";
    InvalidSamlMetadata = "invalid_saml_metadata", CustomerAdmin, "The SAML metadata of your identity provider cannot be used.";
    InvalidSamlResponse = "invalid_saml_response", CustomerAdmin, "The SAML response of your identity provider is not valid.";
    InvalidSamlRequest = "invalid_saml_request", CustomerAdmin, "The SAML request to your identity provider is not valid.";
    InvalidSamlFormParams = "invalid_saml_form_params", CustomerAdmin, "The SAML response of your identity provider came without fields that it must have.";
    SignatureValidationFailed = "signature_validation_failed", CustomerAdmin, "The signature of your identity provider does not fit the certificate that was set up for it.";
    InvalidAcsUrl = "invalid_acs_url", CustomerAdmin, "Your identity provider sent its response to another address than the one that was set up (ACS URL).";
    InvalidAssertionUrl = "invalid_assertion_url", CustomerAdmin, "Your identity provider made its assertion out to another address than the one that was set up.";
    InvalidStatus = "invalid_status", CustomerAdmin, "Your identity provider answered that the sign-in did not succeed.";
    MalformedSamlResponse = "malformed_saml_response", CustomerAdmin, "The SAML response of your identity provider could not be read.";
    AssertionExpired = "assertion_expired", User, "The assertion of your identity provider had expired when it arrived.";
    ResponseExpired = "response_expired", User, "The response of your identity provider had expired when it arrived.";
    AuthenticationNotCompleted = "authentication_not_completed", User, "The sign-in at your identity provider was not completed.";
    UserLoginRequired = "user_login_required", User, "Your identity provider wants you to sign in there again.";

    // The standards' own (RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6).
    AccessDenied = "access_denied", User, "The sign-in was declined, by you or by your identity provider.";
    LoginRequired = "login_required", User, "You are not signed in at the sign-in service.";
    InteractionRequired = "interaction_required", User, "The sign-in service has a question that it was told not to ask.";
    InvalidScope = "invalid_scope", Developer, "The application asked for more than it may have.";
    UnauthorizedClient = "unauthorized_client", Developer, "This application may not sign people in this way.";
    UnsupportedResponseType = "unsupported_response_type", Developer, "The application asked for an answer that the sign-in service does not give.";
    TemporarilyUnavailable = "temporarily_unavailable", Retry, "The sign-in service is busy or being looked after.";
    InvalidGrant = "invalid_grant", Retry, "This sign-in took too long, or was used already.";
    UnsupportedGrantType = "unsupported_grant_type", Developer, "The application asked for tokens in a way that the sign-in service does not know.";
}

impl ScalekitErrorCode {
    /// The heading of a page about it.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        match self {
            Self::AccessDenied => "Sign-in was cancelled",
            Self::UserNotActive => "Your account is deactivated",
            Self::InvalidUserDomain => "That is another email domain",
            Self::NoActiveConnections | Self::ConnectionNotActive => "Single sign-on is switched off",
            Self::NoConfiguredConnections | Self::DomainNotFound => "Single sign-on is not set up",
            _ => match self.fixable_by() {
                FixableBy::User => "Please sign in again",
                FixableBy::CustomerAdmin => "Your organization's single sign-on needs attention",
                FixableBy::Developer => "Something is wrong on our side",
                FixableBy::Retry => "The sign-in service has a problem",
                FixableBy::Unknown => "Sign-in did not work",
            },
        }
    }

    /// What to do now, and who.
    #[must_use]
    pub const fn todo(&self) -> &'static str {
        match self {
            Self::AccessDenied => "Try again if that was not on purpose, or choose another way to sign in.",
            Self::UserNotActive => "Ask your organization's administrator to activate your account.",
            Self::InvalidUserDomain => {
                "Sign in with your work email address. If that is the one you used, ask your organization's administrator to allow its domain."
            }
            Self::DomainNotFound => {
                "Check the address for mistakes. If it is right, ask your organization's administrator to register its domain, or choose another way to sign in."
            }
            Self::AssertionExpired | Self::ResponseExpired => {
                "Try again without waiting in between. If it stays like this, ask your organization's administrator to check the clock of the identity provider."
            }
            _ => match self.fixable_by() {
                FixableBy::User => "Sign in again. If it stays like this, ask your organization's administrator.",
                FixableBy::CustomerAdmin => {
                    "Trying again will not help. Ask your organization's administrator to look at the single sign-on settings, and give them the reference."
                }
                FixableBy::Developer => {
                    "Trying again will not help. Tell the people who run this application, and give them the reference."
                }
                FixableBy::Retry => {
                    "Wait a moment and sign in again. If it stays like this, tell the people who run this application."
                }
                FixableBy::Unknown => {
                    "Sign in again. If it stays like this, tell the people who run this application, and give them the reference."
                }
            },
        }
    }
}

impl fmt::Display for ScalekitErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The words for a code, as the engine's pages want them; `None` for a code that is not known.
#[must_use]
pub fn explain(code: &str) -> Option<ErrorWords> {
    match ScalekitErrorCode::parse(code) {
        ScalekitErrorCode::Other(_) => None,
        known => Some(ErrorWords { title: known.title(), what: known.what(), todo: known.todo() }),
    }
}
