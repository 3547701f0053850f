//! Shops and money.

use authstile::Provider;
use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap, STANDARD_CLAIMS};
use authstile::provider::{
    Case, GET, Group, ISSUER, Need, OAUTH2, OIDC, OPTION, OptionKind, ProviderOption, Style, UserInfoRequest,
};

use super::{GUESSED, UNTRIED};

/// Etsy: a public client, so the token endpoint wants no secret; the API wants the client id as a key of its own.
///
/// Register at <https://www.etsy.com/developers/your-apps> with the redirect URI
/// `https://app.example/api/auth/callback/etsy`, and set `AUTH_ETSY_ID`.
///
/// Name and e-mail address need the scope email_r. No word on whether the address is verified.
pub const ETSY: Provider = Provider {
    id: "etsy",
    name: "Etsy",
    group: Group::Commerce,
    registration_url: Some("https://www.etsy.com/developers/your-apps"),
    docs_url: Some("https://developers.etsy.com/documentation/essentials/authentication"),
    notes: &[
        UNTRIED,
        "The token endpoint wants no client secret: PKCE is the only proof.",
        "The profile takes two requests: the first says the user id, the second who that is.",
    ],
    profile_note: Some("Name and e-mail address need the scope email_r. No word on whether the address is verified."),
    style: Style { background: "#f1641e", text: "#000000" },
    authorization: Some("https://www.etsy.com/oauth/connect"),
    token: Some("https://api.etsy.com/v3/public/oauth/token"),
    client_authentication: Some(ClientAuthentication::None),
    scope: "email_r shops_r",
    userinfo: &[
        UserInfoRequest {
            url: Some("https://openapi.etsy.com/v3/application/users/me"),
            headers: &[("X-Api-Key", "{client_id}")],
            ..GET
        },
        UserInfoRequest {
            url: Some("https://openapi.etsy.com/v3/application/users/{/user_id}"),
            headers: &[("X-Api-Key", "{client_id}")],
            ..GET
        },
    ],
    profile: ProfileMap {
        id: "/user_id",
        name: "join(' ', /first_name, /last_name)",
        email: "/primary_email",
        image: "/image_url_75x75",
        ..NOTHING
    },
    ..OAUTH2
};

/// Gumroad: the person is in `user`, beside a member that says whether the request went well.
///
/// Register at <https://gumroad.com/settings/advanced> with the redirect URI
/// `https://app.example/api/auth/callback/gumroad`, and set `AUTH_GUMROAD_ID` and `AUTH_GUMROAD_SECRET`.
///
/// No word on whether the e-mail address is verified.
pub const GUMROAD: Provider = Provider {
    id: "gumroad",
    name: "Gumroad",
    group: Group::Commerce,
    registration_url: Some("https://gumroad.com/settings/advanced"),
    docs_url: Some("https://gumroad.com/api"),
    notes: &[UNTRIED, "An answer with `success: false` is an error, whatever its status."],
    profile_note: Some("No word on whether the e-mail address is verified."),
    style: Style { background: "#ff90e8", text: "#000000" },
    authorization: Some("https://gumroad.com/oauth/authorize"),
    token: Some("https://api.gumroad.com/oauth/token"),
    client_authentication: Some(ClientAuthentication::Post),
    scope: "view_profile",
    userinfo: &[UserInfoRequest {
        url: Some("https://api.gumroad.com/v2/user"),
        at: "/user",
        error: "if(/success == false, 'unsuccessful')",
        error_description: "/message",
        ..GET
    }],
    profile: ProfileMap { id: "/user_id", name: "/name", email: "/email", image: "/profile_url", ..NOTHING },
    ..OAUTH2
};

/// Mercado Libre: every country has an authorization host of its own.
///
/// Register at <https://developers.mercadolibre.com/devcenter> with the redirect URI
/// `https://app.example/api/auth/callback/mercadolibre`, and set `AUTH_MERCADOLIBRE_ID` and
/// `AUTH_MERCADOLIBRE_SECRET`.
///
/// * `AUTH_MERCADOLIBRE_AUTHORIZATION_HOST`: the authorization host of your country, such as
///   auth.mercadolibre.com.ar (optional).
///
/// The name is the nickname. No picture, no word on whether the e-mail address is verified.
pub const MERCADOLIBRE: Provider = Provider {
    id: "mercadolibre",
    name: "Mercado Libre",
    group: Group::Commerce,
    registration_url: Some("https://developers.mercadolibre.com/devcenter"),
    docs_url: Some("https://developers.mercadolibre.com.ar/en_us/authentication-and-authorization"),
    notes: &[UNTRIED, GUESSED, "Scopes are chosen where the application is registered; none is sent."],
    profile_note: Some("The name is the nickname. No picture, no word on whether the e-mail address is verified."),
    style: Style { background: "#ffe600", text: "#2d3277" },
    mark: Some("ML"),
    options: &[ProviderOption {
        name: "authorization_host",
        doc: "the authorization host of your country, such as auth.mercadolibre.com.ar",
        kind: OptionKind::Name,
        default: Some("auth.mercadolibre.com"),
        ..OPTION
    }],
    authorization: Some("https://{authorization_host}/authorization"),
    token: Some("https://api.mercadolibre.com/oauth/token"),
    client_authentication: Some(ClientAuthentication::Post),
    userinfo: &[UserInfoRequest { url: Some("https://api.mercadolibre.com/users/me"), ..GET }],
    profile: ProfileMap { id: "/id", name: "/nickname", email: "/email", ..NOTHING },
    ..OAUTH2
};

/// Mercado Pago: like Mercado Libre, whose accounts it shares.
///
/// Register at <https://www.mercadopago.com/developers/panel/app> with the redirect URI
/// `https://app.example/api/auth/callback/mercadopago`, and set `AUTH_MERCADOPAGO_ID` and
/// `AUTH_MERCADOPAGO_SECRET`.
///
/// The name is the nickname. No picture, no word on whether the e-mail address is verified.
pub const MERCADOPAGO: Provider = Provider {
    id: "mercadopago",
    name: "Mercado Pago",
    group: Group::Commerce,
    registration_url: Some("https://www.mercadopago.com/developers/panel/app"),
    docs_url: Some("https://www.mercadopago.com/developers/en/docs/security/oauth"),
    notes: &[
        UNTRIED,
        GUESSED,
        "The address of the profile is a suggestion too, after Mercado Libre's.",
        "Scopes are chosen where the application is registered; none is sent.",
    ],
    profile_note: Some("The name is the nickname. No picture, no word on whether the e-mail address is verified."),
    style: Style { background: "#00b1ea", text: "#000000" },
    mark: Some("MP"),
    authorization: Some("https://auth.mercadopago.com/authorization"),
    token: Some("https://api.mercadopago.com/oauth/token"),
    client_authentication: Some(ClientAuthentication::Post),
    userinfo: &[UserInfoRequest { url: Some("https://api.mercadopago.com/users/me"), ..GET }],
    profile: ProfileMap { id: "/id", name: "/nickname", email: "/email", ..NOTHING },
    ..OAUTH2
};

/// Paybin: OpenID Connect with the claims in the ID token.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/paybin`, and set `AUTH_PAYBIN_ID` and
/// `AUTH_PAYBIN_SECRET`.
///
/// * `AUTH_PAYBIN_ISSUER`: another issuer than `https://idp.paybin.io`; both endpoints follow it (optional).
///
/// The claims of the ID token.
pub const PAYBIN: Provider = Provider {
    id: "paybin",
    name: "Paybin",
    group: Group::Commerce,
    docs_url: Some("https://paybin.io"),
    notes: &[UNTRIED],
    profile_note: Some("The claims of the ID token."),
    style: Style { background: "#2c5cff", text: "#ffffff" },
    options: &[ProviderOption {
        doc: "another issuer than https://idp.paybin.io; both endpoints follow it",
        need: Need::Optional,
        default: Some("https://idp.paybin.io"),
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    authorization: Some("{issuer}/oauth2/authorize"),
    token: Some("{issuer}/oauth2/token"),
    client_authentication: Some(ClientAuthentication::Post),
    scope: "openid email profile",
    profile: ProfileMap { name: "/name ?? /preferred_username", ..STANDARD_CLAIMS },
    ..OIDC
};

/// PayPal: the live service, or its sandbox with hosts and accounts of its own.
///
/// Register at <https://developer.paypal.com/dashboard/applications> with the redirect URI
/// `https://app.example/api/auth/callback/paypal`, and set `AUTH_PAYPAL_ID` and `AUTH_PAYPAL_SECRET`.
///
/// * `AUTH_PAYPAL_ENVIRONMENT`: live, or sandbox for test accounts (optional).
///
/// What was ticked where the application is registered; e-mail addresses may come as a list.
pub const PAYPAL: Provider = Provider {
    id: "paypal",
    name: "PayPal",
    group: Group::Commerce,
    registration_url: Some("https://developer.paypal.com/dashboard/applications"),
    docs_url: Some("https://developer.paypal.com/docs/log-in-with-paypal/"),
    notes: &[
        UNTRIED,
        "Which attributes come is chosen where the application is registered; no scope is sent. For `openid` and others, \
         give the application a scope.",
        "It speaks OpenID Connect, but no library states its issuer: the profile comes from the userinfo endpoint, and an ID \
         token is not looked at.",
    ],
    profile_note: Some("What was ticked where the application is registered; e-mail addresses may come as a list."),
    style: Style { background: "#003087", text: "#ffffff" },
    mark: Some("PP"),
    options: &[ProviderOption {
        name: "environment",
        doc: "live, or sandbox for test accounts",
        kind: OptionKind::Choice,
        default: Some("live"),
        cases: &[
            Case { is: Some("live"), set: &[("www", "www.paypal.com"), ("api", "api-m.paypal.com")] },
            Case {
                is: Some("sandbox"),
                set: &[("www", "www.sandbox.paypal.com"), ("api", "api-m.sandbox.paypal.com")],
            },
        ],
        ..OPTION
    }],
    authorization: Some("https://{www}/signin/authorize"),
    token: Some("https://{api}/v1/oauth2/token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://{api}/v1/identity/oauth2/userinfo"),
        query: &[("schema", "paypalv1.1")],
        ..GET
    }],
    profile: ProfileMap {
        id: "/user_id",
        name: "/name",
        email: "/email ?? find(/emails, /primary == true)/value",
        email_verified: "if(/email, /email_verified, find(/emails, /primary == true)/confirmed)",
        image: "/picture",
        ..NOTHING
    },
    ..OAUTH2
};

/// Polar: the endpoints of OpenID Connect, used as plain OAuth.
///
/// Register at <https://polar.sh/settings> with the redirect URI `https://app.example/api/auth/callback/polar`, and
/// set `AUTH_POLAR_ID` and `AUTH_POLAR_SECRET`.
///
/// The public name, else the user name.
pub const POLAR: Provider = Provider {
    id: "polar",
    name: "Polar",
    group: Group::Commerce,
    registration_url: Some("https://polar.sh/settings"),
    docs_url: Some("https://polar.sh/docs/integrate/oauth2/introduction"),
    notes: &[
        UNTRIED,
        "Libraries disagree on whether the account id is `id` or `sub`: `id` is taken where it is there.",
        "It speaks OpenID Connect, but no library states its issuer: the profile comes from the userinfo endpoint, and an ID \
         token is not looked at.",
    ],
    profile_note: Some("The public name, else the user name."),
    style: Style { background: "#000000", text: "#ffffff" },
    authorization: Some("https://polar.sh/oauth2/authorize"),
    token: Some("https://api.polar.sh/v1/oauth2/token"),
    revocation: Some("https://api.polar.sh/v1/oauth2/revoke"),
    client_authentication: Some(ClientAuthentication::Post),
    scope: "openid profile email",
    userinfo: &[UserInfoRequest { url: Some("https://api.polar.sh/v1/oauth2/userinfo"), ..GET }],
    profile: ProfileMap {
        id: "/id ?? /sub",
        name: "/public_name ?? /username ?? /name",
        email: "/email",
        email_verified: "/email_verified",
        image: "/avatar_url ?? /picture",
        ..NOTHING
    },
    ..OAUTH2
};
