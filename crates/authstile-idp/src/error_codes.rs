//! The errors that a sign-in may end in (§2.4), for those who want to see one.

/// Code and a description in the style of Scalekit's.
pub(crate) const ERROR_CODES: &[(&str, &str)] = &[
    ("access_denied", "The user denied access"),
    ("user_not_active", "The user is not active"),
    ("invalid_user_domain", "The user's domain is not allowed for the connection"),
    ("no_active_connections", "The organization has no active connection"),
    ("no_configured_connections", "The organization has no connection"),
    ("connection_not_active", "The connection is not active"),
    ("domain_not_found", "The domain is not registered by any organization"),
    ("invalid_organization_id", "The organization does not exist"),
    ("invalid_connection_id", "The connection does not exist"),
    (
        "invalid_connection_selector",
        "One of provider, connection_id, organization_id, domain or login_hint is required",
    ),
    ("application_not_active", "The application is not active"),
    ("invalid_request", "The request is malformed"),
    ("unauthorized", "The request is not permitted"),
    ("server_error", "The identity provider failed"),
    ("temporarily_unavailable", "The identity provider is busy"),
    ("login_required", "Nobody is signed in"),
    ("mandatory_attribute_missing", "The identity provider did not send the e-mail address"),
    ("invalid_id_token", "The identity provider's ID token is invalid"),
    ("failed_to_exchange_token", "The identity provider refused the code"),
    ("user_info_retrieve_failed", "The identity provider refused userinfo"),
    ("invalid_saml_metadata", "The SAML metadata is invalid"),
    ("invalid_saml_response", "The SAML response is invalid"),
    ("invalid_saml_request", "The SAML request is invalid"),
    ("invalid_saml_form_params", "The SAML form is incomplete"),
    ("signature_validation_failed", "The SAML signature is invalid"),
    ("invalid_acs_url", "The assertion consumer URL is wrong"),
    ("invalid_assertion_url", "The assertion's URL is wrong"),
    ("invalid_status", "The SAML status is not success"),
    ("malformed_saml_response", "The SAML response cannot be read"),
    ("assertion_expired", "The SAML assertion has expired"),
    ("response_expired", "The SAML response has expired"),
    ("authentication_not_completed", "The authentication was not completed"),
    ("user_login_required", "The user has to sign in at the identity provider"),
];

/// The entry of that code.
pub(crate) fn find(code: &str) -> Option<(&'static str, &'static str)> {
    ERROR_CODES.iter().copied().find(|(known, _)| *known == code)
}
