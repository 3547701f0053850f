//! Video, anime, streams, blogs and health.

use authstile::Provider;
use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap};
use authstile::provider::{
    Body, GET, Group, OAUTH2, OPTION, POST, Pkce, ProfileSource, ProviderOption, Style, TOKEN_ANSWER, TOKEN_REQUEST,
    TokenAnswer, TokenRequest, UserInfoRequest,
};

use super::{GUESSED, UNTRIED};

/// AniList: the profile is a GraphQL query; there are no scopes.
///
/// Register at <https://anilist.co/settings/developer> with the redirect URI
/// `https://app.example/api/auth/callback/anilist`, and set `AUTH_ANILIST_ID` and `AUTH_ANILIST_SECRET`.
///
/// No e-mail address.
pub const ANILIST: Provider = Provider {
    id: "anilist",
    name: "AniList",
    group: Group::Media,
    registration_url: Some("https://anilist.co/settings/developer"),
    docs_url: Some("https://docs.anilist.co/guide/auth/"),
    notes: &[UNTRIED, "There are no scopes and no refresh tokens.", "The picture is a suggestion: no library maps it."],
    profile_note: Some("No e-mail address."),
    style: Style { background: "#1e2630", text: "#ffffff" },
    mark: Some("AL"),
    authorization: Some("https://anilist.co/api/v2/oauth/authorize"),
    token: Some("https://anilist.co/api/v2/oauth/token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://graphql.anilist.co"),
        body: Body::GraphQl("{ Viewer { id name avatar { large } } }"),
        at: "/data/Viewer",
        error: "/errors/0/message",
        error_description: "/errors/0/message",
        ..POST
    }],
    profile: ProfileMap { id: "/id", name: "/name", image: "/avatar/large", ..NOTHING },
    ..OAUTH2
};

/// DonationAlerts: the person is in `data`.
///
/// Register at <https://www.donationalerts.com/application/clients> with the redirect URI
/// `https://app.example/api/auth/callback/donation-alerts`, and set `AUTH_DONATION_ALERTS_ID` and
/// `AUTH_DONATION_ALERTS_SECRET`.
///
/// No word on whether the e-mail address is verified.
pub const DONATION_ALERTS: Provider = Provider {
    id: "donation-alerts",
    name: "DonationAlerts",
    group: Group::Media,
    registration_url: Some("https://www.donationalerts.com/application/clients"),
    docs_url: Some("https://www.donationalerts.com/apidoc"),
    notes: &[
        UNTRIED,
        GUESSED,
        "The library that it comes from sends no `state`. Here one is always sent, and a sign-in without it is refused.",
    ],
    profile_note: Some("No word on whether the e-mail address is verified."),
    style: Style { background: "#f57d07", text: "#000000" },
    mark: Some("DA"),
    authorization: Some("https://www.donationalerts.com/oauth/authorize"),
    token: Some("https://www.donationalerts.com/oauth/token"),
    client_authentication: Some(ClientAuthentication::Post),
    scope: "oauth-user-show",
    userinfo: &[UserInfoRequest { url: Some("https://www.donationalerts.com/api/v1/user/oauth"), at: "/data", ..GET }],
    profile: ProfileMap { id: "/id", name: "/name", email: "/email", image: "/avatar", ..NOTHING },
    ..OAUTH2
};

/// Kick: the person is the first of a list.
///
/// Register at <https://kick.com/settings/developer> with the redirect URI
/// `https://app.example/api/auth/callback/kick`, and set `AUTH_KICK_ID` and `AUTH_KICK_SECRET`.
///
/// No word on whether the e-mail address is verified.
pub const KICK: Provider = Provider {
    id: "kick",
    name: "Kick",
    group: Group::Media,
    registration_url: Some("https://kick.com/settings/developer"),
    docs_url: Some("https://docs.kick.com"),
    notes: &[UNTRIED, "It refuses sign-ins without PKCE, which is always sent."],
    profile_note: Some("No word on whether the e-mail address is verified."),
    style: Style { background: "#53fc18", text: "#000000" },
    authorization: Some("https://id.kick.com/oauth/authorize"),
    token: Some("https://id.kick.com/oauth/token"),
    revocation: Some("https://id.kick.com/oauth/revoke"),
    client_authentication: Some(ClientAuthentication::Post),
    scope: "user:read",
    userinfo: &[UserInfoRequest { url: Some("https://api.kick.com/public/v1/users"), at: "/data/0", ..GET }],
    profile: ProfileMap { id: "/user_id", name: "/name", email: "/email", image: "/profile_picture", ..NOTHING },
    ..OAUTH2
};

/// MyAnimeList: knows PKCE only with the verifier as challenge.
///
/// Register at <https://myanimelist.net/apiconfig> with the redirect URI
/// `https://app.example/api/auth/callback/myanimelist`, and set `AUTH_MYANIMELIST_ID` and
/// `AUTH_MYANIMELIST_SECRET`.
///
/// No e-mail address.
pub const MYANIMELIST: Provider = Provider {
    id: "myanimelist",
    name: "MyAnimeList",
    group: Group::Media,
    registration_url: Some("https://myanimelist.net/apiconfig"),
    docs_url: Some("https://myanimelist.net/apiconfig/references/authorization"),
    notes: &[UNTRIED, GUESSED, "Scopes do not exist; none is sent."],
    profile_note: Some("No e-mail address."),
    style: Style { background: "#2e51a2", text: "#ffffff" },
    mark: Some("MA"),
    authorization: Some("https://myanimelist.net/v1/oauth2/authorize"),
    token: Some("https://myanimelist.net/v1/oauth2/token"),
    pkce: Pkce::Plain,
    pkce_reason: Some("knows only the plain method: the challenge is the verifier"),
    userinfo: &[UserInfoRequest { url: Some("https://api.myanimelist.net/v2/users/@me"), ..GET }],
    profile: ProfileMap { id: "/id", name: "/name", image: "/picture", ..NOTHING },
    ..OAUTH2
};

/// Shikimori: its API wants to know which application asks.
///
/// Register at <https://shikimori.one/oauth/applications> with the redirect URI
/// `https://app.example/api/auth/callback/shikimori`, and set `AUTH_SHIKIMORI_ID` and `AUTH_SHIKIMORI_SECRET`.
///
/// * `AUTH_SHIKIMORI_USER_AGENT`: the name of the application as it is registered (optional).
///
/// No e-mail address.
pub const SHIKIMORI: Provider = Provider {
    id: "shikimori",
    name: "Shikimori",
    group: Group::Media,
    registration_url: Some("https://shikimori.one/oauth/applications"),
    docs_url: Some("https://shikimori.one/oauth"),
    notes: &[
        UNTRIED,
        GUESSED,
        "The API asks for a User-Agent with the name of the application: say it with the option `user_agent`.",
    ],
    profile_note: Some("No e-mail address."),
    style: Style { background: "#343434", text: "#ffffff" },
    options: &[ProviderOption { name: "user_agent", doc: "the name of the application as it is registered", ..OPTION }],
    authorization: Some("https://shikimori.one/oauth/authorize"),
    token: Some("https://shikimori.one/oauth/token"),
    client_authentication: Some(ClientAuthentication::Post),
    token_request: TokenRequest { headers: &[("User-Agent", "{user_agent}")], ..TOKEN_REQUEST },
    userinfo: &[UserInfoRequest {
        url: Some("https://shikimori.one/api/users/whoami"),
        headers: &[("User-Agent", "{user_agent}")],
        ..GET
    }],
    profile: ProfileMap { id: "/id", name: "/nickname", image: "/avatar", ..NOTHING },
    ..OAUTH2
};

/// Tiltify: the client id in a header of its own, and the person in `data`.
///
/// Register at <https://app.tiltify.com/developers> with the redirect URI
/// `https://app.example/api/auth/callback/tiltify`, and set `AUTH_TILTIFY_ID` and `AUTH_TILTIFY_SECRET`.
///
/// No word on whether the e-mail address is verified.
pub const TILTIFY: Provider = Provider {
    id: "tiltify",
    name: "Tiltify",
    group: Group::Media,
    registration_url: Some("https://app.tiltify.com/developers"),
    docs_url: Some("https://developers.tiltify.com"),
    notes: &[UNTRIED, GUESSED, "The scope is a suggestion too."],
    profile_note: Some("No word on whether the e-mail address is verified."),
    style: Style { background: "#281e5d", text: "#ffffff" },
    authorization: Some("https://v5api.tiltify.com/oauth/authorize"),
    token: Some("https://v5api.tiltify.com/oauth/token"),
    client_authentication: Some(ClientAuthentication::Post),
    scope: "public",
    userinfo: &[UserInfoRequest {
        url: Some("https://v5api.tiltify.com/api/public/current-user"),
        headers: &[("Client-Id", "{client_id}")],
        at: "/data",
        ..GET
    }],
    profile: ProfileMap { id: "/id", name: "/username", email: "/email", image: "/avatar/src", ..NOTHING },
    ..OAUTH2
};

/// Tumblr: people are known by the name of their blog.
///
/// Register at <https://www.tumblr.com/oauth/apps> with the redirect URI
/// `https://app.example/api/auth/callback/tumblr`, and set `AUTH_TUMBLR_ID` and `AUTH_TUMBLR_SECRET`.
///
/// Nothing but the name of the blog.
pub const TUMBLR: Provider = Provider {
    id: "tumblr",
    name: "Tumblr",
    group: Group::Media,
    registration_url: Some("https://www.tumblr.com/oauth/apps"),
    docs_url: Some("https://www.tumblr.com/docs/en/api/v2"),
    notes: &[
        UNTRIED,
        "The only identifier is the name of the blog, which its owner can change: whoever takes a name that became free is \
         the same account here. Do not guard anything of value with it.",
        "For a refresh token, ask for `basic offline_access`.",
    ],
    profile_note: Some("Nothing but the name of the blog."),
    style: Style { background: "#001935", text: "#ffffff" },
    authorization: Some("https://www.tumblr.com/oauth2/authorize"),
    token: Some("https://api.tumblr.com/v2/oauth2/token"),
    scope: "basic",
    userinfo: &[UserInfoRequest { url: Some("https://api.tumblr.com/v2/user/info"), at: "/response/user", ..GET }],
    profile: ProfileMap { id: "/name", name: "/name", ..NOTHING },
    ..OAUTH2
};

/// Withings: tokens inside `body`, errors as a number beside it, and nobody to ask for a profile.
///
/// Register at <https://developer.withings.com/dashboard/> with the redirect URI
/// `https://app.example/api/auth/callback/withings`, and set `AUTH_WITHINGS_ID` and `AUTH_WITHINGS_SECRET`.
///
/// Nothing but the user id.
pub const WITHINGS: Provider = Provider {
    id: "withings",
    name: "Withings",
    group: Group::Media,
    registration_url: Some("https://developer.withings.com/dashboard/"),
    docs_url: Some("https://developer.withings.com"),
    notes: &[
        UNTRIED,
        "There is no profile request: the token answer has the user id.",
        "Errors come with status 200 and a number in `status`.",
    ],
    profile_note: Some("Nothing but the user id."),
    style: Style { background: "#00a5a8", text: "#000000" },
    authorization: Some("https://account.withings.com/oauth2_user/authorize2"),
    token: Some("https://wbsapi.withings.net/v2/oauth2"),
    client_authentication: Some(ClientAuthentication::Post),
    token_request: TokenRequest { params: &[("action", "requesttoken")], ..TOKEN_REQUEST },
    token_answer: TokenAnswer {
        at: "/body",
        error: "if(/status != '0', /status)",
        error_description: "/error",
        ..TOKEN_ANSWER
    },
    scope: "user.info",
    scope_separator: ",",
    profile_source: ProfileSource::TokenAnswer,
    profile: ProfileMap { id: "token:/userid", ..NOTHING },
    ..OAUTH2
};
