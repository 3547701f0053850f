//! National identities, money, and what stands nowhere else.

use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap, STANDARD_CLAIMS};
use authstile::provider::{Answer, GET, Group, OAUTH2, OIDC, ProfileSource, Provider, Style, UserInfoRequest};

/// All of them.
pub(super) const CARDS: &[&Provider] = &[&BANKID_NO, &VIPPS, &COINBASE, &SIMPLELOGIN];

/// The Norwegian BankID.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/bankid-no`, and set `AUTH_BANKID_NO_ID` and
/// `AUTH_BANKID_NO_SECRET`.
///
/// Another realm, such as that for tests, is another issuer: `AUTH_BANKID_NO_ISSUER`.
///
/// Id, name, and the e-mail address if there is one. No picture.
pub const BANKID_NO: Provider = Provider {
    id: "bankid-no",
    name: "BankID Norge",
    group: Group::National,
    docs_url: Some("https://developer.bankid.no"),
    profile_note: Some("Id, name, and the e-mail address if there is one. No picture."),
    style: Style { background: "#39134c", text: "#ffffff" },
    mark: Some("B"),
    issuer: Some("https://auth.bankid.no/auth/realms/prod"),
    client_authentication: Some(ClientAuthentication::Post),
    authorization_params: &[("ui_locales", "no"), ("login_hint", "BIS")],
    profile_source: ProfileSource::UserInfo,
    userinfo: &[UserInfoRequest { answer: Answer::Jwt, ..GET }],
    profile: ProfileMap { image: "", ..STANDARD_CLAIMS },
    ..OIDC
};

/// Vipps, in Norway.
///
/// Register at <https://portal.vippsmobilepay.com> with the redirect URI
/// `https://app.example/api/auth/callback/vipps`, and set `AUTH_VIPPS_ID` and `AUTH_VIPPS_SECRET`.
///
/// For tests `AUTH_VIPPS_ISSUER` is `https://apitest.vipps.no/access-management-1.0/access/`.
///
/// Id, name, e-mail address and whether it is verified. No picture.
pub const VIPPS: Provider = Provider {
    id: "vipps",
    name: "Vipps",
    group: Group::National,
    registration_url: Some("https://portal.vippsmobilepay.com"),
    docs_url: Some("https://developer.vippsmobilepay.com/docs/APIs/login-api/"),
    notes: &["The issuer ends in a slash."],
    profile_note: Some("Id, name, e-mail address and whether it is verified. No picture."),
    style: Style { background: "#ff5b24", text: "#000000" },
    issuer: Some("https://api.vipps.no/access-management-1.0/access/"),
    scope: "openid name email",
    profile_source: ProfileSource::UserInfo,
    ..OIDC
};

/// Coinbase accounts.
///
/// Register at <https://portal.cdp.coinbase.com> with the redirect URI
/// `https://app.example/api/auth/callback/coinbase`, and set `AUTH_COINBASE_ID` and `AUTH_COINBASE_SECRET`.
///
/// Id, name, e-mail address, picture. Coinbase does not say whether the address is verified.
pub const COINBASE: Provider = Provider {
    id: "coinbase",
    name: "Coinbase",
    group: Group::Commerce,
    registration_url: Some("https://portal.cdp.coinbase.com"),
    docs_url: Some("https://docs.cdp.coinbase.com/coinbase-app/oauth2-integration/overview"),
    profile_note: Some("Id, name, e-mail address, picture. Coinbase does not say whether the address is verified."),
    style: Style { background: "#0052ff", text: "#ffffff" },
    authorization: Some("https://login.coinbase.com/oauth2/auth"),
    token: Some("https://login.coinbase.com/oauth2/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.coinbase.com/v2/user"), ..GET }],
    scope: "wallet:user:email wallet:user:read",
    profile: ProfileMap {
        id: "/data/id",
        name: "/data/name",
        email: "/data/email",
        image: "/data/avatar_url",
        ..NOTHING
    },
    ..OAUTH2
};

/// SimpleLogin, which hides e-mail addresses behind aliases.
///
/// Register at <https://app.simplelogin.io/developer> with the redirect URI
/// `https://app.example/api/auth/callback/simplelogin`, and set `AUTH_SIMPLELOGIN_ID` and `AUTH_SIMPLELOGIN_SECRET`.
///
/// Id, name, an e-mail address (perhaps an alias) and whether it is verified, picture.
pub const SIMPLELOGIN: Provider = Provider {
    id: "simplelogin",
    name: "SimpleLogin",
    registration_url: Some("https://app.simplelogin.io/developer"),
    docs_url: Some("https://simplelogin.io/docs/siwsl/intro/"),
    profile_note: Some("Id, name, an e-mail address (perhaps an alias) and whether it is verified, picture."),
    style: Style { background: "#be1258", text: "#ffffff" },
    issuer: Some("https://app.simplelogin.io"),
    profile: ProfileMap { image: "/avatar_url", ..STANDARD_CLAIMS },
    ..OIDC
};
