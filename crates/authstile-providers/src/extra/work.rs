//! Companies, tools for work, and an account that nearly everybody had.

use authstile::Provider;
use authstile::profile::{NOTHING, ProfileMap, STANDARD_CLAIMS};
use authstile::provider::{
    Case, GET, Group, Need, OAUTH2, OIDC, OPTION, OptionKind, ProfileSource, ProviderOption, Style, TrailingSlash,
    UserInfoRequest,
};

use super::UNTRIED;

/// Intuit, known for QuickBooks: claims in camel case.
///
/// Register at <https://developer.intuit.com/app/developer/dashboard> with the redirect URI
/// `https://app.example/api/auth/callback/intuit`, and set `AUTH_INTUIT_ID` and `AUTH_INTUIT_SECRET`.
///
/// * `AUTH_INTUIT_ENVIRONMENT`: production, or sandbox for test companies (optional).
///
/// No picture.
pub const INTUIT: Provider = Provider {
    id: "intuit",
    name: "Intuit (QuickBooks)",
    group: Group::Work,
    registration_url: Some("https://developer.intuit.com/app/developer/dashboard"),
    docs_url: Some(
        "https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/openid-connect",
    ),
    notes: &[
        UNTRIED,
        "The claims are in camel case (`givenName`, `emailVerified`).",
        "The callback also carries `realmId`, which is the company; it is not kept.",
        "It speaks OpenID Connect, but no library states its issuer: the profile comes from the userinfo endpoint, and an ID \
         token is not looked at.",
    ],
    profile_note: Some("No picture."),
    style: Style { background: "#236cff", text: "#ffffff" },
    mark: Some("QB"),
    options: &[ProviderOption {
        name: "environment",
        doc: "production, or sandbox for test companies",
        kind: OptionKind::Choice,
        default: Some("production"),
        cases: &[
            Case { is: Some("production"), set: &[("accounts", "accounts.platform.intuit.com")] },
            Case { is: Some("sandbox"), set: &[("accounts", "sandbox-accounts.platform.intuit.com")] },
        ],
        ..OPTION
    }],
    authorization: Some("https://appcenter.intuit.com/connect/oauth2"),
    token: Some("https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"),
    revocation: Some("https://developer.api.intuit.com/v2/oauth2/tokens/revoke"),
    scope: "openid profile email",
    userinfo: &[UserInfoRequest { url: Some("https://{accounts}/v1/openid_connect/userinfo"), ..GET }],
    profile: ProfileMap {
        id: "/sub",
        name: "join(' ', /givenName, /familyName)",
        email: "/email",
        email_verified: "/emailVerified",
        ..NOTHING
    },
    ..OAUTH2
};

/// SailPoint Identity Security Cloud: each tenant has two addresses.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/sailpoint`, and set `AUTH_SAILPOINT_ID`,
/// `AUTH_SAILPOINT_SECRET`, `AUTH_SAILPOINT_BASE_URL` and `AUTH_SAILPOINT_BASE_API_URL`.
///
/// * `AUTH_SAILPOINT_BASE_URL`: the address of the tenant, such as `https://acme.identitynow.com`.
/// * `AUTH_SAILPOINT_BASE_API_URL`: the address of the tenant's API, such as `https://acme.api.identitynow.com`.
///
/// The name is the user name. No picture, no word on whether the e-mail address is verified.
pub const SAILPOINT: Provider = Provider {
    id: "sailpoint",
    name: "SailPoint",
    group: Group::Enterprise,
    docs_url: Some("https://developer.sailpoint.com/docs/api/authentication"),
    notes: &[
        UNTRIED,
        "Register the application in your tenant: Admin, Global, Security Settings, API Management.",
        "Auth.js shows this provider in its documentation, to be copied; it does not ship it.",
    ],
    profile_note: Some("The name is the user name. No picture, no word on whether the e-mail address is verified."),
    style: Style { background: "#011e69", text: "#ffffff" },
    options: &[
        ProviderOption {
            name: "base_url",
            doc: "the address of the tenant, such as https://acme.identitynow.com",
            kind: OptionKind::Url,
            need: Need::Required,
            trailing_slash: TrailingSlash::Strip,
            ..OPTION
        },
        ProviderOption {
            name: "base_api_url",
            doc: "the address of the tenant's API, such as https://acme.api.identitynow.com",
            kind: OptionKind::Url,
            need: Need::Required,
            trailing_slash: TrailingSlash::Strip,
            ..OPTION
        },
    ],
    authorization: Some("{base_url}/oauth/authorize"),
    token: Some("{base_api_url}/oauth/token"),
    scope: "sp:scopes:all",
    userinfo: &[UserInfoRequest { url: Some("{base_api_url}/oauth/userinfo"), ..GET }],
    profile: ProfileMap { id: "/id", name: "/uid", email: "/email", ..NOTHING },
    ..OAUTH2
};

/// Yahoo: OpenID Connect, with the profile from the userinfo endpoint.
///
/// Register at <https://developer.yahoo.com/apps/> with the redirect URI
/// `https://app.example/api/auth/callback/yahoo`, and set `AUTH_YAHOO_ID` and `AUTH_YAHOO_SECRET`.
///
/// The claims of OpenID Connect.
pub const YAHOO: Provider = Provider {
    id: "yahoo",
    name: "Yahoo",
    group: Group::Common,
    registration_url: Some("https://developer.yahoo.com/apps/"),
    docs_url: Some("https://developer.yahoo.com/sign-in-with-yahoo/"),
    notes: &[
        UNTRIED,
        "No library states the issuer; https://api.login.yahoo.com is general knowledge. `authstile providers check yahoo` \
         compares it with the discovery document.",
    ],
    profile_note: Some("The claims of OpenID Connect."),
    style: Style { background: "#6001d2", text: "#ffffff" },
    mark: Some("Y!"),
    issuer: Some("https://api.login.yahoo.com"),
    authorization: Some("https://api.login.yahoo.com/oauth2/request_auth"),
    token: Some("https://api.login.yahoo.com/oauth2/get_token"),
    scope: "openid profile email",
    profile_source: ProfileSource::UserInfo,
    userinfo: &[UserInfoRequest { url: Some("https://api.login.yahoo.com/openid/v1/userinfo"), ..GET }],
    profile: ProfileMap { name: "/name ?? join(' ', /given_name, /family_name)", ..STANDARD_CLAIMS },
    ..OIDC
};
