//! Identity platforms that companies rent.

use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap, STANDARD_CLAIMS};
use authstile::provider::{
    GET, Group, ISSUER, OAUTH2, OIDC, OPTION, OptionKind, Provider, ProviderOption, Style, TrailingSlash,
    UserInfoRequest,
};

/// All of them.
pub(super) const CARDS: &[&Provider] = &[
    &ASGARDEO,
    &AUTH0,
    &BEYOND_IDENTITY,
    &COGNITO,
    &DESCOPE,
    &FRONTEGG,
    &KINDE,
    &OKTA,
    &ONELOGIN,
    &PASSAGE,
    &PING_ID,
    &SCALEKIT,
    &UNITED_EFFECTS,
    &WORKOS,
];

/// Asgardeo, the identity platform of WSO2.
///
/// Register at <https://console.asgardeo.io> with the redirect URI `https://app.example/api/auth/callback/asgardeo`,
/// and set `AUTH_ASGARDEO_ID`, `AUTH_ASGARDEO_SECRET` and `AUTH_ASGARDEO_ISSUER`.
///
/// * `AUTH_ASGARDEO_ISSUER`: the issuer with its token path, such as `https://api.asgardeo.io/t/acme/oauth2/token`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const ASGARDEO: Provider = Provider {
    id: "asgardeo",
    name: "Asgardeo",
    group: Group::Enterprise,
    registration_url: Some("https://console.asgardeo.io"),
    docs_url: Some("https://wso2.com/asgardeo/docs/"),
    notes: &[
        "Auth.js names a discovery path that it never reads; discovery is at the well-known place below the issuer.",
    ],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#000000", text: "#ffffff" },
    mark: Some("As"),
    options: &[ProviderOption {
        doc: "the issuer with its token path, such as https://api.asgardeo.io/t/acme/oauth2/token",
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// Auth0, the identity platform of Okta.
///
/// Register at <https://manage.auth0.com> with the redirect URI `https://app.example/api/auth/callback/auth0`, and set
/// `AUTH_AUTH0_ID`, `AUTH_AUTH0_SECRET` and `AUTH_AUTH0_ISSUER`.
///
/// * `AUTH_AUTH0_ISSUER`: the address of your tenant, such as `https://acme.eu.auth0.com`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const AUTH0: Provider = Provider {
    id: "auth0",
    name: "Auth0",
    group: Group::Enterprise,
    registration_url: Some("https://manage.auth0.com"),
    docs_url: Some("https://auth0.com/docs"),
    notes: &["Auth0 writes its issuer with a slash at the end: it is added where it is missing."],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#eb5424", text: "#000000" },
    mark: Some("A0"),
    options: &[ProviderOption {
        doc: "the address of your tenant, such as https://acme.eu.auth0.com",
        trailing_slash: TrailingSlash::Require,
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// Beyond Identity, sign-in without passwords.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/beyondidentity`, and set
/// `AUTH_BEYONDIDENTITY_ID`, `AUTH_BEYONDIDENTITY_SECRET` and `AUTH_BEYONDIDENTITY_ISSUER`.
///
/// * `AUTH_BEYONDIDENTITY_ISSUER`: the issuer of your application, as its console shows it.
///
/// Id, name, e-mail address and whether it is verified, and the further field `preferred_username`. No picture.
pub const BEYOND_IDENTITY: Provider = Provider {
    id: "beyondidentity",
    name: "Beyond Identity",
    group: Group::Enterprise,
    docs_url: Some("https://developer.beyondidentity.com"),
    profile_note: Some(
        "Id, name, e-mail address and whether it is verified, and the further field `preferred_username`. No picture.",
    ),
    style: Style { background: "#395bb0", text: "#ffffff" },
    options: &[ProviderOption { doc: "the issuer of your application, as its console shows it", ..ISSUER }],
    issuer: Some("{issuer}"),
    profile: ProfileMap { image: "", extra: &[("preferred_username", "/preferred_username")], ..STANDARD_CLAIMS },
    ..OIDC
};

/// Amazon Cognito user pools.
///
/// Register at <https://console.aws.amazon.com/cognito> with the redirect URI
/// `https://app.example/api/auth/callback/cognito`, and set `AUTH_COGNITO_ID`, `AUTH_COGNITO_SECRET` and
/// `AUTH_COGNITO_ISSUER`.
///
/// * `AUTH_COGNITO_ISSUER`: the address of the user pool, such as
///   `https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const COGNITO: Provider = Provider {
    id: "cognito",
    name: "Amazon Cognito",
    group: Group::Enterprise,
    registration_url: Some("https://console.aws.amazon.com/cognito"),
    docs_url: Some("https://docs.aws.amazon.com/cognito/latest/developerguide/"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#8c2f63", text: "#ffffff" },
    mark: Some("Co"),
    options: &[ProviderOption {
        doc: "the address of the user pool, such as https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf",
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// Descope, an identity platform. The client id is the id of the project, and the issuer follows from it.
///
/// Register at <https://app.descope.com> with the redirect URI `https://app.example/api/auth/callback/descope`, and
/// set `AUTH_DESCOPE_ID` and `AUTH_DESCOPE_SECRET`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const DESCOPE: Provider = Provider {
    id: "descope",
    name: "Descope",
    group: Group::Enterprise,
    registration_url: Some("https://app.descope.com"),
    docs_url: Some("https://docs.descope.com"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#1c1c23", text: "#ffffff" },
    issuer: Some("https://api.descope.com/{client_id}"),
    ..OIDC
};

/// Frontegg, user management for companies.
///
/// Register at <https://portal.frontegg.com> with the redirect URI `https://app.example/api/auth/callback/frontegg`,
/// and set `AUTH_FRONTEGG_ID`, `AUTH_FRONTEGG_SECRET` and `AUTH_FRONTEGG_ISSUER`.
///
/// * `AUTH_FRONTEGG_ISSUER`: the address of your environment, such as `https://acme.frontegg.com`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const FRONTEGG: Provider = Provider {
    id: "frontegg",
    name: "Frontegg",
    group: Group::Enterprise,
    registration_url: Some("https://portal.frontegg.com"),
    docs_url: Some("https://docs.frontegg.com"),
    notes: &["Auth.js builds the endpoints out of the issuer and verifies no signature; here they and the keys are \
         discovered at the path that Frontegg documents."],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    options: &[ProviderOption { doc: "the address of your environment, such as https://acme.frontegg.com", ..ISSUER }],
    issuer: Some("{issuer}"),
    discovery: Some("{issuer}/oauth/.well-known/openid-configuration"),
    ..OIDC
};

/// Kinde, an identity platform.
///
/// Register at <https://app.kinde.com> with the redirect URI `https://app.example/api/auth/callback/kinde`, and set
/// `AUTH_KINDE_ID`, `AUTH_KINDE_SECRET` and `AUTH_KINDE_ISSUER`.
///
/// * `AUTH_KINDE_ISSUER`: your domain at Kinde, such as `https://acme.kinde.com`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const KINDE: Provider = Provider {
    id: "kinde",
    name: "Kinde",
    group: Group::Enterprise,
    registration_url: Some("https://app.kinde.com"),
    docs_url: Some("https://docs.kinde.com"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#ffffff", text: "#0f0f0f" },
    options: &[ProviderOption { doc: "your domain at Kinde, such as https://acme.kinde.com", ..ISSUER }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// Okta, the workforce and customer identity platform.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/okta`, and set `AUTH_OKTA_ID`,
/// `AUTH_OKTA_SECRET` and `AUTH_OKTA_ISSUER`.
///
/// * `AUTH_OKTA_ISSUER`: your organization, such as `https://acme.okta.com`, or one of its authorization servers, such
///   as `https://acme.okta.com/oauth2/default`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const OKTA: Provider = Provider {
    id: "okta",
    name: "Okta",
    group: Group::Enterprise,
    docs_url: Some("https://developer.okta.com/docs/"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#000000", text: "#ffffff" },
    mark: Some("Ok"),
    options: &[ProviderOption {
        doc: "your organization, such as https://acme.okta.com, or one of its authorization servers, such as \
         https://acme.okta.com/oauth2/default",
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// OneLogin, a workforce identity platform.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/onelogin`, and set `AUTH_ONELOGIN_ID`,
/// `AUTH_ONELOGIN_SECRET` and `AUTH_ONELOGIN_ISSUER`.
///
/// * `AUTH_ONELOGIN_ISSUER`: the address of your account with its path, such as `https://acme.onelogin.com/oidc/2`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const ONELOGIN: Provider = Provider {
    id: "onelogin",
    name: "OneLogin",
    group: Group::Enterprise,
    docs_url: Some("https://developers.onelogin.com"),
    notes: &["The issuer ends in `/oidc/2`: Auth.js names a discovery path that it never reads."],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    mark: Some("1L"),
    options: &[ProviderOption {
        doc: "the address of your account with its path, such as https://acme.onelogin.com/oidc/2",
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// Passage by 1Password, sign-in with passkeys.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/passage`, and set `AUTH_PASSAGE_ID`,
/// `AUTH_PASSAGE_SECRET` and `AUTH_PASSAGE_ISSUER`.
///
/// * `AUTH_PASSAGE_ISSUER`: the issuer of your application.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const PASSAGE: Provider = Provider {
    id: "passage",
    name: "Passage",
    group: Group::Enterprise,
    deprecated: Some("1Password has shut Passage down"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#3d53f6", text: "#ffffff" },
    options: &[ProviderOption { doc: "the issuer of your application", ..ISSUER }],
    issuer: Some("{issuer}"),
    client_authentication: Some(ClientAuthentication::Basic),
    ..OIDC
};

/// PingOne of Ping Identity.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/ping-id`, and set `AUTH_PING_ID_ID`,
/// `AUTH_PING_ID_SECRET` and `AUTH_PING_ID_ISSUER`.
///
/// * `AUTH_PING_ID_ISSUER`: the issuer of your environment, such as
///   `https://auth.pingone.eu/00000000-0000-0000-0000-000000000000/as`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const PING_ID: Provider = Provider {
    id: "ping-id",
    name: "Ping Identity",
    group: Group::Enterprise,
    docs_url: Some("https://docs.pingidentity.com"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#b3282d", text: "#ffffff" },
    options: &[ProviderOption {
        doc: "the issuer of your environment, such as https://auth.pingone.eu/00000000-0000-0000-0000-000000000000/as",
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// Scalekit, single sign-on for the customers of business software.
///
/// Register at <https://app.scalekit.com> with the redirect URI `https://app.example/api/auth/callback/scalekit`, and
/// set `AUTH_SCALEKIT_ID`, `AUTH_SCALEKIT_SECRET` and `AUTH_SCALEKIT_ISSUER`.
///
/// * `AUTH_SCALEKIT_ISSUER`: the URL of your Scalekit environment, such as `https://acme.scalekit.com`.
///
/// This is the bare card. The crate `authstile-scalekit` knows more: organizations, connections, work e-mail
/// addresses, webhooks, and sign-in that begins at the identity provider.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const SCALEKIT: Provider = Provider {
    id: "scalekit",
    name: "Scalekit",
    group: Group::Enterprise,
    registration_url: Some("https://app.scalekit.com"),
    docs_url: Some("https://docs.scalekit.com"),
    notes: &[
        "This card is a generic one: what pins an organization or a connection, so that nobody can replace it in the \
         browser, is in the crate authstile-scalekit.",
    ],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#1c1c1e", text: "#ffffff" },
    options: &[ProviderOption {
        doc: "the URL of your Scalekit environment, such as https://acme.scalekit.com",
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    scope: "openid email profile",
    ..OIDC
};

/// United Effects Auth.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/united-effects`, and set
/// `AUTH_UNITED_EFFECTS_ID`, `AUTH_UNITED_EFFECTS_SECRET` and `AUTH_UNITED_EFFECTS_ISSUER`.
///
/// * `AUTH_UNITED_EFFECTS_ISSUER`: the issuer of your auth group, such as `https://auth.unitedeffects.com/acme`.
///
/// Id and e-mail address, by design. No name, no picture.
pub const UNITED_EFFECTS: Provider = Provider {
    id: "united-effects",
    name: "United Effects",
    group: Group::Enterprise,
    docs_url: Some("https://docs.unitedeffects.com"),
    profile_note: Some("Id and e-mail address, by design. No name, no picture."),
    options: &[ProviderOption {
        doc: "the issuer of your auth group, such as https://auth.unitedeffects.com/acme",
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    scope: "openid email profile",
    authorization_params: &[("resource", "{issuer}")],
    ..OIDC
};

/// WorkOS, single sign-on for the customers of business software.
///
/// Register at <https://dashboard.workos.com> with the redirect URI `https://app.example/api/auth/callback/workos`,
/// and set `AUTH_WORKOS_ID` and `AUTH_WORKOS_SECRET`.
///
/// * `AUTH_WORKOS_CONNECTION` (optional): the id of the connection that everybody uses, such as conn_123; without it,
///   each sign-in names one, or an organization, a domain or a provider.
/// * `AUTH_WORKOS_BASE_URL` (optional): another address of the API.
///
/// Id, name, e-mail address, often a picture. WorkOS does not say whether the address is verified.
pub const WORKOS: Provider = Provider {
    id: "workos",
    name: "WorkOS",
    group: Group::Enterprise,
    registration_url: Some("https://dashboard.workos.com"),
    docs_url: Some("https://workos.com/docs"),
    notes: &[
        "A connection that is set here is no proof of membership: compare `organization_id` of the profile with what \
         you expect.",
        "Auth.js reads the base address from the issuer and sends an empty `connection` where none is set; here it \
         is the option `base_url`, and nothing is sent.",
        "Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent.",
    ],
    profile_note: Some(
        "Id, name, e-mail address, often a picture. WorkOS does not say whether the address is verified.",
    ),
    style: Style { background: "#5252d9", text: "#ffffff" },
    options: &[
        ProviderOption {
            name: "connection",
            doc: "the id of the connection that everybody uses, such as conn_123; without it, each sign-in names \
             one, or an organization, a domain or a provider",
            ..OPTION
        },
        ProviderOption {
            name: "base_url",
            doc: "another address of the API",
            kind: OptionKind::Url,
            default: Some("https://api.workos.com"),
            trailing_slash: TrailingSlash::Strip,
            ..OPTION
        },
    ],
    authorization: Some("{base_url}/sso/authorize"),
    token: Some("{base_url}/sso/token"),
    client_authentication: Some(ClientAuthentication::Post),
    authorization_params: &[("connection", "{connection}")],
    userinfo: &[UserInfoRequest { url: Some("{base_url}/sso/profile"), ..GET }],
    profile: ProfileMap {
        id: "/id",
        name: "join(' ', /first_name, /last_name)",
        email: "/email",
        image: "/raw_attributes/picture",
        ..NOTHING
    },
    ..OAUTH2
};
