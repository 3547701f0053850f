//! Identity servers that companies run themselves, or could.

use authstile::profile::{NOTHING, ProfileMap, STANDARD_CLAIMS};
use authstile::provider::{
    GET, Group, ISSUER, OAUTH2, OIDC, OPTION, Provider, ProviderOption, Style, TrailingSlash, UserInfoRequest,
};

/// All of them.
pub(super) const CARDS: &[&Provider] = &[
    &AUTHENTIK,
    &BOXYHQ_SAML,
    &DUENDE_IDENTITY_SERVER6,
    &FUSIONAUTH,
    &HYDRA,
    &IDENTITY_SERVER4,
    &KEYCLOAK,
    &LOGTO,
    &OSSO,
    &ZITADEL,
];

/// authentik, an identity provider to host yourself.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/authentik`, and set `AUTH_AUTHENTIK_ID`,
/// `AUTH_AUTHENTIK_SECRET` and `AUTH_AUTHENTIK_ISSUER`.
///
/// * `AUTH_AUTHENTIK_ISSUER`: the issuer of your application, such as
///   `https://auth.example.com/application/o/my-app/`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const AUTHENTIK: Provider = Provider {
    id: "authentik",
    name: "authentik",
    group: Group::Enterprise,
    docs_url: Some("https://docs.goauthentik.io"),
    notes: &[
        "Write the issuer as the discovery document does: authentik ends it with a slash unless it is set otherwise; \
         Auth.js wants it without, and compares it loosely.",
    ],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#fd4b2d", text: "#000000" },
    mark: Some("ak"),
    options: &[ProviderOption {
        doc: "the issuer of your application, such as https://auth.example.com/application/o/my-app/",
        trailing_slash: TrailingSlash::Keep,
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// SAML Jackson, now Ory Polis: SAML connections of your customers as OAuth 2.0.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/boxyhq-saml`, and set `AUTH_BOXYHQ_SAML_ID`,
/// `AUTH_BOXYHQ_SAML_SECRET` and `AUTH_BOXYHQ_SAML_ISSUER`.
///
/// * `AUTH_BOXYHQ_SAML_ISSUER`: the address of your installation, such as `https://sso.example.com`.
///
/// Id, name and e-mail address. No picture.
pub const BOXYHQ_SAML: Provider = Provider {
    id: "boxyhq-saml",
    name: "BoxyHQ SAML",
    group: Group::Enterprise,
    docs_url: Some("https://boxyhq.com/docs/jackson/overview"),
    notes: &[
        "Each sign-in names its connection with the parameters `tenant` and `product`.",
        "Auth.js sends the scope `openid profile email`, and its own guide advises against it; here none is sent.",
    ],
    profile_note: Some("Id, name and e-mail address. No picture."),
    style: Style { background: "#25c2a0", text: "#000000" },
    options: &[ProviderOption { doc: "the address of your installation, such as https://sso.example.com", ..ISSUER }],
    authorization: Some("{issuer}/api/oauth/authorize"),
    token: Some("{issuer}/api/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("{issuer}/api/oauth/userinfo"), ..GET }],
    authorization_params: &[("provider", "saml")],
    profile: ProfileMap { id: "/id", name: "join(' ', /firstName, /lastName)", email: "/email", ..NOTHING },
    ..OAUTH2
};

/// Duende IdentityServer.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/duende-identity-server6`, and set
/// `AUTH_DUENDE_IDENTITY_SERVER6_ID`, `AUTH_DUENDE_IDENTITY_SERVER6_SECRET` and `AUTH_DUENDE_IDENTITY_SERVER6_ISSUER`.
///
/// * `AUTH_DUENDE_IDENTITY_SERVER6_ISSUER`: the address of your server, such as `https://identity.example.com`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const DUENDE_IDENTITY_SERVER6: Provider = Provider {
    id: "duende-identity-server6",
    name: "Duende IdentityServer",
    group: Group::Enterprise,
    docs_url: Some("https://docs.duendesoftware.com"),
    notes: &["Pages of Auth.js name the callback `duende-identity-service`; it ends in the id."],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    options: &[ProviderOption { doc: "the address of your server, such as https://identity.example.com", ..ISSUER }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// FusionAuth, hosted or on your own servers.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/fusionauth`, and set `AUTH_FUSIONAUTH_ID`,
/// `AUTH_FUSIONAUTH_SECRET` and `AUTH_FUSIONAUTH_ISSUER`.
///
/// * `AUTH_FUSIONAUTH_ISSUER`: the issuer of your tenant, as its discovery document says it, such as
///   `https://acme.fusionauth.io`.
/// * `AUTH_FUSIONAUTH_TENANT_ID` (optional): the id of the tenant, where the server has several.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const FUSIONAUTH: Provider = Provider {
    id: "fusionauth",
    name: "FusionAuth",
    group: Group::Enterprise,
    docs_url: Some("https://fusionauth.io/docs/"),
    notes: &[
        "Set the algorithm of ID tokens to RS256: the default is HS256, which is refused.",
        "The issuer is set in the tenant, and is `acme.com` until somebody does.",
    ],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#f58320", text: "#000000" },
    options: &[
        ProviderOption {
            doc: "the issuer of your tenant, as its discovery document says it, such as https://acme.fusionauth.io",
            ..ISSUER
        },
        ProviderOption { name: "tenant_id", doc: "the id of the tenant, where the server has several", ..OPTION },
    ],
    issuer: Some("{issuer}"),
    scope: "openid offline_access email profile",
    authorization_params: &[("tenantId", "{tenant_id}")],
    profile: ProfileMap {
        name: "/name ?? /preferred_username ?? join(' ', /given_name, /middle_name, /family_name)",
        ..STANDARD_CLAIMS
    },
    ..OIDC
};

/// Ory Hydra, an OAuth 2.0 server to host yourself, and the Ory Network.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/hydra`, and set `AUTH_HYDRA_ID`,
/// `AUTH_HYDRA_SECRET` and `AUTH_HYDRA_ISSUER`.
///
/// * `AUTH_HYDRA_ISSUER`: the public address of your server, such as `https://hydra.example.com`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const HYDRA: Provider = Provider {
    id: "hydra",
    name: "Ory Hydra",
    group: Group::Enterprise,
    docs_url: Some("https://www.ory.sh/docs/hydra"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#ffffff", text: "#0f172a" },
    options: &[ProviderOption {
        doc: "the public address of your server, such as https://hydra.example.com",
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// IdentityServer4.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/identity-server4`, and set
/// `AUTH_IDENTITY_SERVER4_ID`, `AUTH_IDENTITY_SERVER4_SECRET` and `AUTH_IDENTITY_SERVER4_ISSUER`.
///
/// * `AUTH_IDENTITY_SERVER4_ISSUER`: the address of your server, such as `https://identity.example.com`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const IDENTITY_SERVER4: Provider = Provider {
    id: "identity-server4",
    name: "IdentityServer4",
    group: Group::Enterprise,
    deprecated: Some("IdentityServer4 has had no support since 2022; Duende IdentityServer follows it"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    options: &[ProviderOption { doc: "the address of your server, such as https://identity.example.com", ..ISSUER }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// Keycloak, an identity server to host yourself.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/keycloak`, and set `AUTH_KEYCLOAK_ID`,
/// `AUTH_KEYCLOAK_SECRET` and `AUTH_KEYCLOAK_ISSUER`.
///
/// * `AUTH_KEYCLOAK_ISSUER`: the address with the realm, such as `https://keycloak.example.com/realms/my-realm`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const KEYCLOAK: Provider = Provider {
    id: "keycloak",
    name: "Keycloak",
    group: Group::Enterprise,
    docs_url: Some("https://www.keycloak.org/documentation"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#428bca", text: "#000000" },
    options: &[ProviderOption {
        doc: "the address with the realm, such as https://keycloak.example.com/realms/my-realm",
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// Logto, hosted or on your own servers.
///
/// Register at <https://cloud.logto.io> with the redirect URI `https://app.example/api/auth/callback/logto`, and set
/// `AUTH_LOGTO_ID`, `AUTH_LOGTO_SECRET` and `AUTH_LOGTO_ISSUER`.
///
/// * `AUTH_LOGTO_ISSUER`: the address of your tenant with its path, such as `https://acme.logto.app/oidc`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const LOGTO: Provider = Provider {
    id: "logto",
    name: "Logto",
    group: Group::Enterprise,
    registration_url: Some("https://cloud.logto.io"),
    docs_url: Some("https://docs.logto.io"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#5d34f2", text: "#ffffff" },
    options: &[ProviderOption {
        doc: "the address of your tenant with its path, such as https://acme.logto.app/oidc",
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    scope: "offline_access openid email profile",
    profile: ProfileMap { name: "/name ?? /username", ..STANDARD_CLAIMS },
    ..OIDC
};

/// Osso, SAML connections of your customers as OAuth 2.0.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/osso`, and set `AUTH_OSSO_ID`,
/// `AUTH_OSSO_SECRET` and `AUTH_OSSO_ISSUER`.
///
/// * `AUTH_OSSO_ISSUER`: the address of your installation, such as `https://osso.example.com`.
///
/// Id and e-mail address.
pub const OSSO: Provider = Provider {
    id: "osso",
    name: "Osso",
    group: Group::Enterprise,
    notes: &[
        "Auth.js wants a slash at the end of the address; here it may be there or not.",
        "Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent.",
    ],
    profile_note: Some("Id and e-mail address."),
    options: &[ProviderOption { doc: "the address of your installation, such as https://osso.example.com", ..ISSUER }],
    authorization: Some("{issuer}/oauth/authorize"),
    token: Some("{issuer}/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("{issuer}/oauth/me"), ..GET }],
    profile: ProfileMap {
        id: "/sub ?? /id",
        name: "/name ?? /nickname ?? /preferred_username",
        email: "/email",
        email_verified: "/email_verified",
        image: "/picture",
        ..NOTHING
    },
    ..OAUTH2
};

/// ZITADEL, hosted or on your own servers.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/zitadel`, and set `AUTH_ZITADEL_ID`,
/// `AUTH_ZITADEL_SECRET` and `AUTH_ZITADEL_ISSUER`.
///
/// * `AUTH_ZITADEL_ISSUER`: the address of your instance, such as `https://acme.zitadel.cloud`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const ZITADEL: Provider = Provider {
    id: "zitadel",
    name: "ZITADEL",
    group: Group::Enterprise,
    docs_url: Some("https://zitadel.com/docs"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    options: &[ProviderOption { doc: "the address of your instance, such as https://acme.zitadel.cloud", ..ISSUER }],
    issuer: Some("{issuer}"),
    ..OIDC
};
