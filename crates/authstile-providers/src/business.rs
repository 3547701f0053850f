//! Tools for business: customers, books, events.

use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap};
use authstile::provider::{
    GET, Group, Need, OAUTH2, OIDC, OPTION, OptionKind, ProfileSource, Provider, ProviderOption, Style, TokenPlace,
    TrailingSlash, UserInfoRequest,
};

/// All of them.
pub(super) const CARDS: &[&Provider] =
    &[&EVENTBRITE, &FRESHBOOKS, &HUBSPOT, &MAILCHIMP, &NETSUITE, &PIPEDRIVE, &SALESFORCE, &ZOHO];

/// Eventbrite accounts.
///
/// Register at <https://www.eventbrite.com/platform/api-keys> with the redirect URI
/// `https://app.example/api/auth/callback/eventbrite`, and set `AUTH_EVENTBRITE_ID` and `AUTH_EVENTBRITE_SECRET`.
///
/// Id, name, the primary e-mail address and whether it is verified, picture.
pub const EVENTBRITE: Provider = Provider {
    id: "eventbrite",
    name: "Eventbrite",
    group: Group::Work,
    registration_url: Some("https://www.eventbrite.com/platform/api-keys"),
    docs_url: Some("https://www.eventbrite.com/platform/api"),
    profile_note: Some("Id, name, the primary e-mail address and whether it is verified, picture."),
    style: Style { background: "#f05537", text: "#000000" },
    authorization: Some("https://www.eventbrite.com/oauth/authorize"),
    token: Some("https://www.eventbrite.com/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://www.eventbriteapi.com/v3/users/me/"), ..GET }],
    client_authentication: Some(ClientAuthentication::Post),
    scope: "user.profile",
    profile: ProfileMap {
        id: "/id",
        name: "/name",
        email: "find(/emails, /primary == true)/email",
        email_verified: "find(/emails, /primary == true)/verified",
        image: "concat('https://img.evbuc.com/https%3A%2F%2Fcdn.evbuc.com%2Fimages%2F', /image_id, \
         '%2F1%2Foriginal.jpg')",
        ..NOTHING
    },
    ..OAUTH2
};

/// FreshBooks accounts.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/freshbooks`, and set `AUTH_FRESHBOOKS_ID` and
/// `AUTH_FRESHBOOKS_SECRET`.
///
/// Id, name, e-mail address. No picture. FreshBooks does not say whether the address is verified.
pub const FRESHBOOKS: Provider = Provider {
    id: "freshbooks",
    name: "FreshBooks",
    group: Group::Work,
    docs_url: Some("https://www.freshbooks.com/api/authentication"),
    notes: &["Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent."],
    profile_note: Some(
        "Id, name, e-mail address. No picture. FreshBooks does not say whether the address is verified.",
    ),
    style: Style { background: "#0067c7", text: "#ffffff" },
    mark: Some("FB"),
    authorization: Some("https://auth.freshbooks.com/service/auth/oauth/authorize"),
    token: Some("https://api.freshbooks.com/auth/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.freshbooks.com/auth/api/v1/users/me"), ..GET }],
    profile: ProfileMap {
        id: "/response/id",
        name: "join(' ', /response/first_name, /response/last_name)",
        email: "/response/email",
        ..NOTHING
    },
    ..OAUTH2
};

/// HubSpot accounts.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/hubspot`, and set `AUTH_HUBSPOT_ID` and
/// `AUTH_HUBSPOT_SECRET`.
///
/// Id and e-mail address, which stands for the name as well. No picture. HubSpot does not say whether the address is
/// verified.
pub const HUBSPOT: Provider = Provider {
    id: "hubspot",
    name: "HubSpot",
    group: Group::Work,
    docs_url: Some("https://developers.hubspot.com/docs/api/working-with-oauth"),
    profile_note: Some(
        "Id and e-mail address, which stands for the name as well. No picture. HubSpot does not say whether the \
         address is verified.",
    ),
    style: Style { background: "#ff7a59", text: "#000000" },
    authorization: Some("https://app.hubspot.com/oauth/authorize"),
    token: Some("https://api.hubapi.com/oauth/v1/token"),
    client_authentication: Some(ClientAuthentication::Post),
    scope: "oauth",
    userinfo: &[UserInfoRequest {
        url: Some("https://api.hubapi.com/oauth/v1/access-tokens/{access_token}"),
        access_token: TokenPlace::Template,
        ..GET
    }],
    profile: ProfileMap { id: "/user_id", name: "/user", email: "/user", ..NOTHING },
    ..OAUTH2
};

/// Mailchimp accounts.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/mailchimp`, and set `AUTH_MAILCHIMP_ID` and
/// `AUTH_MAILCHIMP_SECRET`.
///
/// Id, name of the account, e-mail address. No picture. Mailchimp does not say whether the address is verified.
pub const MAILCHIMP: Provider = Provider {
    id: "mailchimp",
    name: "Mailchimp",
    group: Group::Work,
    docs_url: Some("https://mailchimp.com/developer/marketing/guides/access-user-data-oauth-2/"),
    notes: &["Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent."],
    profile_note: Some(
        "Id, name of the account, e-mail address. No picture. Mailchimp does not say whether the address is verified.",
    ),
    style: Style { background: "#ffe01b", text: "#000000" },
    mark: Some("Mc"),
    authorization: Some("https://login.mailchimp.com/oauth2/authorize"),
    token: Some("https://login.mailchimp.com/oauth2/token"),
    userinfo: &[UserInfoRequest { url: Some("https://login.mailchimp.com/oauth2/metadata"), ..GET }],
    profile: ProfileMap { id: "/login/login_id", name: "/accountname", email: "/login/email", ..NOTHING },
    ..OAUTH2
};

/// Oracle NetSuite.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/netsuite`, and set `AUTH_NETSUITE_ID`,
/// `AUTH_NETSUITE_SECRET`, `AUTH_NETSUITE_ACCOUNT_ID` and `AUTH_NETSUITE_USERINFO`.
///
/// * `AUTH_NETSUITE_ACCOUNT_ID`: the id of the account as it stands in host names, such as 1234567 or 1234567-sb1.
/// * `AUTH_NETSUITE_USERINFO`: the address of a RESTlet or Suitelet of yours that answers `id`, `name` and `email` of
///   the current user.
///
/// What your own script answers: id, name, e-mail address. No picture.
pub const NETSUITE: Provider = Provider {
    id: "netsuite",
    name: "NetSuite",
    group: Group::Work,
    docs_url: Some("https://docs.oracle.com/en/cloud/saas/netsuite/"),
    notes: &[
        "Auth.js starts only with an issuer, whatever it is; here none is needed.",
        "Options `scope` and `prompt` of Auth.js have no effect; here scope and authorization parameters are those of \
         every registration.",
    ],
    profile_note: Some("What your own script answers: id, name, e-mail address. No picture."),
    style: Style { background: "#181a1b", text: "#fbfbfb" },
    options: &[
        ProviderOption {
            name: "account_id",
            doc: "the id of the account as it stands in host names, such as 1234567 or 1234567-sb1",
            kind: OptionKind::Name,
            need: Need::Required,
            ..OPTION
        },
        ProviderOption {
            name: "userinfo",
            doc: "the address of a RESTlet or Suitelet of yours that answers `id`, `name` and `email` of the current \
             user",
            kind: OptionKind::Url,
            need: Need::Required,
            ..OPTION
        },
    ],
    authorization: Some("https://{account_id}.app.netsuite.com/app/login/oauth2/authorize.nl"),
    token: Some("https://{account_id}.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"),
    scope: "restlets rest_webservices",
    userinfo: &[UserInfoRequest { url: Some("{userinfo}"), ..GET }],
    profile: ProfileMap { id: "/id", name: "/name", email: "/email", ..NOTHING },
    ..OAUTH2
};

/// Pipedrive accounts.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/pipedrive`, and set `AUTH_PIPEDRIVE_ID` and
/// `AUTH_PIPEDRIVE_SECRET`.
///
/// Id, name, e-mail address, picture. Pipedrive does not say whether the address is verified.
pub const PIPEDRIVE: Provider = Provider {
    id: "pipedrive",
    name: "Pipedrive",
    group: Group::Work,
    docs_url: Some("https://pipedrive.readme.io/docs/marketplace-oauth-authorization"),
    notes: &["Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent."],
    profile_note: Some("Id, name, e-mail address, picture. Pipedrive does not say whether the address is verified."),
    style: Style { background: "#017737", text: "#ffffff" },
    mark: Some("Pd"),
    authorization: Some("https://oauth.pipedrive.com/oauth/authorize"),
    token: Some("https://oauth.pipedrive.com/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.pipedrive.com/users/me"), ..GET }],
    profile: ProfileMap {
        id: "/data/id",
        name: "/data/name",
        email: "/data/email",
        image: "/data/icon_url",
        ..NOTHING
    },
    ..OAUTH2
};

/// Salesforce accounts.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/salesforce`, and set `AUTH_SALESFORCE_ID` and
/// `AUTH_SALESFORCE_SECRET`.
///
/// The issuer, `AUTH_SALESFORCE_ISSUER`, may be your own domain or the sandbox, `https://test.salesforce.com`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const SALESFORCE: Provider = Provider {
    id: "salesforce",
    name: "Salesforce",
    group: Group::Work,
    docs_url: Some("https://help.salesforce.com"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#00a1e0", text: "#000000" },
    mark: Some("Sf"),
    issuer: Some("https://login.salesforce.com"),
    profile_source: ProfileSource::UserInfo,
    ..OIDC
};

/// Zoho accounts.
///
/// Register at <https://api-console.zoho.com> with the redirect URI `https://app.example/api/auth/callback/zoho`, and
/// set `AUTH_ZOHO_ID` and `AUTH_ZOHO_SECRET`.
///
/// * `AUTH_ZOHO_ACCOUNTS_URL` (optional): the address of another data centre, such as `https://accounts.zoho.eu`.
///
/// Id, name, e-mail address. No picture. Zoho does not say whether the address is verified.
pub const ZOHO: Provider = Provider {
    id: "zoho",
    name: "Zoho",
    group: Group::Work,
    registration_url: Some("https://api-console.zoho.com"),
    docs_url: Some("https://www.zoho.com/accounts/protocol/oauth.html"),
    notes: &["Auth.js knows only the data centre in the United States; here the option `accounts_url` names another."],
    profile_note: Some("Id, name, e-mail address. No picture. Zoho does not say whether the address is verified."),
    style: Style { background: "#ffffff", text: "#000000" },
    options: &[ProviderOption {
        name: "accounts_url",
        doc: "the address of another data centre, such as https://accounts.zoho.eu",
        kind: OptionKind::Url,
        default: Some("https://accounts.zoho.com"),
        trailing_slash: TrailingSlash::Strip,
        ..OPTION
    }],
    authorization: Some("{accounts_url}/oauth/v2/auth"),
    token: Some("{accounts_url}/oauth/v2/token"),
    scope: "AaaServer.profile.Read",
    scope_separator: ",",
    userinfo: &[UserInfoRequest { url: Some("{accounts_url}/oauth/user/info"), ..GET }],
    profile: ProfileMap { id: "/ZUID", name: "join(' ', /First_Name, /Last_Name)", email: "/Email", ..NOTHING },
    ..OAUTH2
};
