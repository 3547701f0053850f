//! Music, video, sport, reading and pictures.

use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap};
use authstile::provider::{
    Case, GET, Group, OAUTH2, OIDC, OPTION, OptionKind, Provider, ProviderOption, Style, TOKEN_ANSWER, TokenAnswer,
    TokenPlace, UserInfoRequest,
};

/// All of them.
pub(super) const CARDS: &[&Provider] =
    &[&CONCEPT2, &DRIBBBLE, &FOURSQUARE, &MEDIUM, &PATREON, &SPOTIFY, &STRAVA, &TRAKT, &TWITCH, &WIKIMEDIA, &WORDPRESS];

/// The Concept2 logbook, for rowers.
///
/// Register at <https://log.concept2.com/developers/keys> with the redirect URI
/// `https://app.example/api/auth/callback/concept2`, and set `AUTH_CONCEPT2_ID` and `AUTH_CONCEPT2_SECRET`.
///
/// Id, user name, e-mail address, picture. Concept2 does not say whether the address is verified.
pub const CONCEPT2: Provider = Provider {
    id: "concept2",
    name: "Concept2",
    group: Group::Media,
    registration_url: Some("https://log.concept2.com/developers/keys"),
    docs_url: Some("https://log.concept2.com/developers/documentation/"),
    notes: &["The scope `results:write` is asked for as Auth.js does; `user:read` alone is enough to sign in."],
    profile_note: Some(
        "Id, user name, e-mail address, picture. Concept2 does not say whether the address is verified.",
    ),
    mark: Some("C2"),
    authorization: Some("https://log.concept2.com/oauth/authorize"),
    token: Some("https://log.concept2.com/oauth/access_token"),
    userinfo: &[UserInfoRequest { url: Some("https://log.concept2.com/api/users/me"), ..GET }],
    scope: "user:read results:write",
    scope_separator: ",",
    profile: ProfileMap {
        id: "/data/id",
        name: "/data/username",
        email: "/data/email",
        image: "/data/profile_image",
        ..NOTHING
    },
    ..OAUTH2
};

/// Dribbble accounts.
///
/// Register at <https://dribbble.com/account/applications/new> with the redirect URI
/// `https://app.example/api/auth/callback/dribbble`, and set `AUTH_DRIBBBLE_ID` and `AUTH_DRIBBBLE_SECRET`.
///
/// Id, name, picture, perhaps the e-mail address. Dribbble does not say whether the address is verified.
pub const DRIBBBLE: Provider = Provider {
    id: "dribbble",
    name: "Dribbble",
    group: Group::Media,
    registration_url: Some("https://dribbble.com/account/applications/new"),
    docs_url: Some("https://developer.dribbble.com/v2/oauth/"),
    notes: &["Auth.js sends the scope `undefined` unless it is set; here it is `public`."],
    profile_note: Some(
        "Id, name, picture, perhaps the e-mail address. Dribbble does not say whether the address is verified.",
    ),
    style: Style { background: "#000000", text: "#ffffff" },
    authorization: Some("https://dribbble.com/oauth/authorize"),
    token: Some("https://dribbble.com/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.dribbble.com/v2/user"), ..GET }],
    scope: "public",
    profile: ProfileMap { id: "/id", name: "/name", email: "/email", image: "/avatar_url", ..NOTHING },
    ..OAUTH2
};

/// Foursquare accounts.
///
/// Register at <https://foursquare.com/developers/home> with the redirect URI
/// `https://app.example/api/auth/callback/foursquare`, and set `AUTH_FOURSQUARE_ID` and `AUTH_FOURSQUARE_SECRET`.
///
/// * `AUTH_FOURSQUARE_API_VERSION` (optional): the day whose version of the API is spoken, such as 20230131.
///
/// Id, name, e-mail address, picture. Foursquare does not say whether the address is verified.
pub const FOURSQUARE: Provider = Provider {
    id: "foursquare",
    name: "Foursquare",
    group: Group::Media,
    registration_url: Some("https://foursquare.com/developers/home"),
    docs_url: Some("https://docs.foursquare.com"),
    notes: &["Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent."],
    profile_note: Some("Id, name, e-mail address, picture. Foursquare does not say whether the address is verified."),
    style: Style { background: "#000000", text: "#ffffff" },
    mark: Some("4S"),
    options: &[ProviderOption {
        name: "api_version",
        doc: "the day whose version of the API is spoken, such as 20230131",
        kind: OptionKind::Name,
        default: Some("20230131"),
        ..OPTION
    }],
    authorization: Some("https://foursquare.com/oauth2/authenticate"),
    token: Some("https://foursquare.com/oauth2/access_token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://api.foursquare.com/v2/users/self"),
        query: &[("v", "{api_version}")],
        access_token: TokenPlace::Query("oauth_token"),
        ..GET
    }],
    profile: ProfileMap {
        id: "/response/user/id",
        name: "join(' ', /response/user/firstName, /response/user/lastName)",
        email: "/response/user/contact/email",
        image: "concat(/response/user/photo/prefix, 'original', /response/user/photo/suffix)",
        ..NOTHING
    },
    ..OAUTH2
};

/// Medium accounts.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/medium`, and set `AUTH_MEDIUM_ID` and
/// `AUTH_MEDIUM_SECRET`.
///
/// Id, name, picture. No e-mail address.
pub const MEDIUM: Provider = Provider {
    id: "medium",
    name: "Medium",
    group: Group::Media,
    deprecated: Some("Medium lets nobody register new applications"),
    docs_url: Some("https://github.com/Medium/medium-api-docs"),
    profile_note: Some("Id, name, picture. No e-mail address."),
    style: Style { background: "#000000", text: "#ffffff" },
    authorization: Some("https://medium.com/m/oauth/authorize"),
    token: Some("https://api.medium.com/v1/tokens"),
    userinfo: &[UserInfoRequest { url: Some("https://api.medium.com/v1/me"), ..GET }],
    scope: "basicProfile",
    scope_separator: ",",
    profile: ProfileMap { id: "/data/id", name: "/data/name", image: "/data/imageUrl", ..NOTHING },
    ..OAUTH2
};

/// Patreon accounts.
///
/// Register at <https://www.patreon.com/portal/registration/register-clients> with the redirect URI
/// `https://app.example/api/auth/callback/patreon`, and set `AUTH_PATREON_ID` and `AUTH_PATREON_SECRET`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const PATREON: Provider = Provider {
    id: "patreon",
    name: "Patreon",
    group: Group::Media,
    registration_url: Some("https://www.patreon.com/portal/registration/register-clients"),
    docs_url: Some("https://docs.patreon.com"),
    notes: &[
        "Auth.js asks version 1 of the API with scopes of version 2; here both are of version 2, and ids are the same.",
    ],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#e85b46", text: "#000000" },
    authorization: Some("https://www.patreon.com/oauth2/authorize"),
    token: Some("https://www.patreon.com/api/oauth2/token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://www.patreon.com/api/oauth2/v2/identity"),
        query: &[("fields[user]", "email,full_name,image_url,is_email_verified")],
        ..GET
    }],
    scope: "identity identity[email]",
    profile: ProfileMap {
        id: "/data/id",
        name: "/data/attributes/full_name",
        email: "/data/attributes/email",
        email_verified: "/data/attributes/is_email_verified",
        image: "/data/attributes/image_url",
        ..NOTHING
    },
    ..OAUTH2
};

/// Spotify accounts.
///
/// Register at <https://developer.spotify.com/dashboard> with the redirect URI
/// `https://app.example/api/auth/callback/spotify`, and set `AUTH_SPOTIFY_ID` and `AUTH_SPOTIFY_SECRET`.
///
/// Id, name, picture, and an e-mail address that nobody verified.
pub const SPOTIFY: Provider = Provider {
    id: "spotify",
    name: "Spotify",
    group: Group::Media,
    registration_url: Some("https://developer.spotify.com/dashboard"),
    docs_url: Some("https://developer.spotify.com/documentation/web-api/concepts/authorization"),
    profile_note: Some("Id, name, picture, and an e-mail address that nobody verified."),
    style: Style { background: "#1db954", text: "#000000" },
    authorization: Some("https://accounts.spotify.com/authorize"),
    token: Some("https://accounts.spotify.com/api/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.spotify.com/v1/me"), ..GET }],
    scope: "user-read-email",
    profile: ProfileMap { id: "/id", name: "/display_name", email: "/email", image: "/images/0/url", ..NOTHING },
    ..OAUTH2
};

/// Strava athletes.
///
/// Register at <https://www.strava.com/settings/api> with the redirect URI
/// `https://app.example/api/auth/callback/strava`, and set `AUTH_STRAVA_ID` and `AUTH_STRAVA_SECRET`.
///
/// Id, name, picture. No e-mail address.
pub const STRAVA: Provider = Provider {
    id: "strava",
    name: "Strava",
    group: Group::Media,
    registration_url: Some("https://www.strava.com/settings/api"),
    docs_url: Some("https://developers.strava.com/docs/authentication/"),
    notes: &["Auth.js asks below `/api/v3`; here the authorization endpoint is the documented one."],
    profile_note: Some("Id, name, picture. No e-mail address."),
    style: Style { background: "#fc5200", text: "#000000" },
    authorization: Some("https://www.strava.com/oauth/authorize"),
    token: Some("https://www.strava.com/api/v3/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://www.strava.com/api/v3/athlete"), ..GET }],
    client_authentication: Some(ClientAuthentication::Post),
    scope: "read",
    scope_separator: ",",
    authorization_params: &[("approval_prompt", "auto")],
    profile: ProfileMap { id: "/id", name: "join(' ', /firstname, /lastname)", image: "/profile", ..NOTHING },
    ..OAUTH2
};

/// Trakt accounts.
///
/// Register at <https://trakt.tv/oauth/applications/new> with the redirect URI
/// `https://app.example/api/auth/callback/trakt`, and set `AUTH_TRAKT_ID` and `AUTH_TRAKT_SECRET`.
///
/// * `AUTH_TRAKT_ACCOUNT_ID` (optional): `uuid` for the id that stays, `slug` for the one that follows the user name,
///   which Auth.js stores.
///
/// Id, name, picture (which may not be linked to directly). No e-mail address.
pub const TRAKT: Provider = Provider {
    id: "trakt",
    name: "Trakt",
    group: Group::Media,
    registration_url: Some("https://trakt.tv/oauth/applications/new"),
    docs_url: Some("https://trakt.docs.apiary.io"),
    notes: &[
        "The account id is the slug, as Auth.js stores it; it follows the user name, so a new application should set \
         the option `account_id` to `uuid`.",
    ],
    profile_note: Some("Id, name, picture (which may not be linked to directly). No e-mail address."),
    style: Style { background: "#c91517", text: "#ffffff" },
    options: &[ProviderOption {
        name: "account_id",
        doc: "`uuid` for the id that stays, `slug` for the one that follows the user name, which Auth.js stores",
        kind: OptionKind::Choice,
        default: Some("slug"),
        cases: &[Case { is: Some("slug"), set: &[] }, Case { is: Some("uuid"), set: &[] }],
        ..OPTION
    }],
    authorization: Some("https://trakt.tv/oauth/authorize"),
    token: Some("https://api.trakt.tv/oauth/token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://api.trakt.tv/users/me"),
        query: &[("extended", "full")],
        headers: &[("trakt-api-version", "2"), ("trakt-api-key", "{client_id}")],
        ..GET
    }],
    profile: ProfileMap {
        id: "if(option:account_id == 'uuid', /ids/uuid, /ids/slug)",
        name: "/name ?? /username",
        image: "/images/avatar/full",
        ..NOTHING
    },
    ..OAUTH2
};

/// Twitch accounts.
///
/// Register at <https://dev.twitch.tv/console/apps> with the redirect URI
/// `https://app.example/api/auth/callback/twitch`, and set `AUTH_TWITCH_ID` and `AUTH_TWITCH_SECRET`.
///
/// * `AUTH_TWITCH_CLAIMS` (optional): the claims that are asked for, as JSON (OpenID Connect Core §5.5).
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const TWITCH: Provider = Provider {
    id: "twitch",
    name: "Twitch",
    group: Group::Media,
    registration_url: Some("https://dev.twitch.tv/console/apps"),
    docs_url: Some("https://dev.twitch.tv/docs/authentication/getting-tokens-oidc/"),
    notes: &["Auth.js does not ask for the claim `email_verified`; here it is asked for."],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#65459b", text: "#ffffff" },
    mark: Some("Tw"),
    options: &[ProviderOption {
        name: "claims",
        doc: "the claims that are asked for, as JSON (OpenID Connect Core §5.5)",
        default: Some(
            "{\"id_token\":{\"email\":null,\"email_verified\":null,\"picture\":null,\"preferred_username\":null}}",
        ),
        ..OPTION
    }],
    issuer: Some("https://id.twitch.tv/oauth2"),
    client_authentication: Some(ClientAuthentication::Post),
    scope: "openid user:read:email",
    authorization_params: &[("claims", "{claims}")],
    token_answer: TokenAnswer {
        error: "/error ?? if(/message, 'invalid_request')",
        error_description: "/message ?? /error_description",
        ..TOKEN_ANSWER
    },
    ..OIDC
};

/// Wikipedia and its sisters.
///
/// Register at <https://meta.wikimedia.org/wiki/Special:OAuthConsumerRegistration/propose/oauth2> with the redirect
/// URI `https://app.example/api/auth/callback/wikimedia`, and set `AUTH_WIKIMEDIA_ID` and `AUTH_WIKIMEDIA_SECRET`.
///
/// Id, user name, and the e-mail address, if the grant allows it, and whether it is confirmed. No picture.
pub const WIKIMEDIA: Provider = Provider {
    id: "wikimedia",
    name: "Wikimedia",
    group: Group::Media,
    registration_url: Some("https://meta.wikimedia.org/wiki/Special:OAuthConsumerRegistration/propose/oauth2"),
    docs_url: Some("https://www.mediawiki.org/wiki/OAuth/For_Developers"),
    notes: &["No scope is sent: the grants of the application count."],
    profile_note: Some(
        "Id, user name, and the e-mail address, if the grant allows it, and whether it is confirmed. No picture.",
    ),
    style: Style { background: "#000000", text: "#ffffff" },
    mark: Some("Wm"),
    authorization: Some("https://meta.wikimedia.org/w/rest.php/oauth2/authorize"),
    token: Some("https://meta.wikimedia.org/w/rest.php/oauth2/access_token"),
    userinfo: &[UserInfoRequest { url: Some("https://meta.wikimedia.org/w/rest.php/oauth2/resource/profile"), ..GET }],
    profile: ProfileMap {
        id: "/sub",
        name: "/username",
        email: "/email",
        email_verified: "if(/email, /confirmed_email)",
        ..NOTHING
    },
    ..OAUTH2
};

/// WordPress.com accounts.
///
/// Register at <https://developer.wordpress.com/apps/> with the redirect URI
/// `https://app.example/api/auth/callback/wordpress`, and set `AUTH_WORDPRESS_ID` and `AUTH_WORDPRESS_SECRET`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const WORDPRESS: Provider = Provider {
    id: "wordpress",
    name: "WordPress.com",
    group: Group::Media,
    registration_url: Some("https://developer.wordpress.com/apps/"),
    docs_url: Some("https://developer.wordpress.com/docs/oauth2/"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#3858e9", text: "#ffffff" },
    mark: Some("Wp"),
    authorization: Some("https://public-api.wordpress.com/oauth2/authorize"),
    token: Some("https://public-api.wordpress.com/oauth2/token"),
    userinfo: &[UserInfoRequest { url: Some("https://public-api.wordpress.com/rest/v1/me"), ..GET }],
    scope: "auth",
    profile: ProfileMap {
        id: "/ID",
        name: "/display_name",
        email: "/email",
        email_verified: "/email_verified",
        image: "/avatar_URL",
        ..NOTHING
    },
    ..OAUTH2
};
