//! Social networks.

use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap};
use authstile::provider::{
    Case, GET, Group, ISSUER, NonceUse, OAUTH2, OIDC, OPTION, OptionKind, Pkce, Provider, ProviderOption, Style,
    TOKEN_ANSWER, TOKEN_REQUEST, TokenAnswer, TokenRequest, UserInfoRequest,
};

/// All of them.
pub(super) const CARDS: &[&Provider] =
    &[&DISCORD, &INSTAGRAM, &LINKEDIN, &MASTODON, &PINTEREST, &REDDIT, &THREADS, &TIKTOK, &TWITTER];

/// Discord accounts.
///
/// Register at <https://discord.com/developers/applications> with the redirect URI
/// `https://app.example/api/auth/callback/discord`, and set `AUTH_DISCORD_ID` and `AUTH_DISCORD_SECRET`.
///
/// Id, name, e-mail address and whether it is verified, picture (the default one without an own).
pub const DISCORD: Provider = Provider {
    id: "discord",
    name: "Discord",
    group: Group::Social,
    registration_url: Some("https://discord.com/developers/applications"),
    docs_url: Some("https://discord.com/developers/docs/topics/oauth2"),
    notes: &["Auth.js asks at `/api/oauth2/authorize`; here it is the documented address."],
    profile_note: Some(
        "Id, name, e-mail address and whether it is verified, picture (the default one without an own).",
    ),
    style: Style { background: "#5865f2", text: "#ffffff" },
    authorization: Some("https://discord.com/oauth2/authorize"),
    token: Some("https://discord.com/api/oauth2/token"),
    userinfo: &[UserInfoRequest { url: Some("https://discord.com/api/users/@me"), ..GET }],
    revocation: Some("https://discord.com/api/oauth2/token/revoke"),
    scope: "identify email",
    profile: ProfileMap {
        id: "/id",
        name: "/global_name ?? /username",
        email: "/email",
        email_verified: "/verified",
        image: "concat('https://cdn.discordapp.com/avatars/', /id, '/', /avatar, '.', if(starts_with(/avatar, 'a_'), \
         'gif', 'png')) ?? concat('https://cdn.discordapp.com/embed/avatars/', avatar_index(/id, /discriminator ?? \
         '0'), '.png')",
        ..NOTHING
    },
    ..OAUTH2
};

/// Instagram, through the Basic Display API.
///
/// Register at <https://developers.facebook.com/apps/> with the redirect URI
/// `https://app.example/api/auth/callback/instagram`, and set `AUTH_INSTAGRAM_ID` and `AUTH_INSTAGRAM_SECRET`.
///
/// Id and user name. No e-mail address, no picture.
pub const INSTAGRAM: Provider = Provider {
    id: "instagram",
    name: "Instagram",
    group: Group::Social,
    deprecated: Some("Meta switched the Basic Display API off in December 2024"),
    registration_url: Some("https://developers.facebook.com/apps/"),
    docs_url: Some("https://developers.facebook.com/docs/instagram-platform"),
    notes: &["Redirect URIs must be https, also on localhost."],
    profile_note: Some("Id and user name. No e-mail address, no picture."),
    style: Style { background: "#ffffff", text: "#000000" },
    mark: Some("Ig"),
    authorization: Some("https://api.instagram.com/oauth/authorize"),
    token: Some("https://api.instagram.com/oauth/access_token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://graph.instagram.com/me"),
        query: &[("fields", "id,username,account_type,name")],
        ..GET
    }],
    client_authentication: Some(ClientAuthentication::Post),
    scope: "user_profile",
    scope_separator: ",",
    token_answer: TokenAnswer {
        error: "/error_type ?? /error/code ?? /error",
        error_description: "/error_message ?? /error/message",
        ..TOKEN_ANSWER
    },
    profile: ProfileMap { id: "/id", name: "/username", ..NOTHING },
    ..OAUTH2
};

/// LinkedIn members, through "Sign In with LinkedIn using OpenID Connect".
///
/// Register at <https://www.linkedin.com/developers/apps> with the redirect URI
/// `https://app.example/api/auth/callback/linkedin`, and set `AUTH_LINKEDIN_ID` and `AUTH_LINKEDIN_SECRET`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const LINKEDIN: Provider = Provider {
    id: "linkedin",
    name: "LinkedIn",
    group: Group::Social,
    registration_url: Some("https://www.linkedin.com/developers/apps"),
    docs_url: Some(
        "https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2",
    ),
    notes: &["LinkedIn does not repeat a nonce in its ID tokens."],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#006699", text: "#ffffff" },
    mark: Some("in"),
    issuer: Some("https://www.linkedin.com/oauth"),
    client_authentication: Some(ClientAuthentication::Post),
    pkce: Pkce::None,
    pkce_reason: Some("refuses a `code_verifier` of web applications with `invalid_client`"),
    nonce: NonceUse::Omit,
    ..OIDC
};

/// Any one Mastodon server; every server needs an application of its own.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/mastodon`, and set `AUTH_MASTODON_ID`,
/// `AUTH_MASTODON_SECRET` and `AUTH_MASTODON_ISSUER`.
///
/// * `AUTH_MASTODON_ISSUER`: the address of the server, such as `https://mastodon.social`.
///
/// Id (of this server), user name, picture. No e-mail address.
pub const MASTODON: Provider = Provider {
    id: "mastodon",
    name: "Mastodon",
    group: Group::Social,
    docs_url: Some("https://docs.joinmastodon.org/spec/oauth/"),
    profile_note: Some("Id (of this server), user name, picture. No e-mail address."),
    style: Style { background: "#563acc", text: "#ffffff" },
    options: &[ProviderOption { doc: "the address of the server, such as https://mastodon.social", ..ISSUER }],
    authorization: Some("{issuer}/oauth/authorize"),
    token: Some("{issuer}/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("{issuer}/api/v1/accounts/verify_credentials"), ..GET }],
    revocation: Some("{issuer}/oauth/revoke"),
    scope: "read",
    profile: ProfileMap { id: "/id", name: "/username", image: "/avatar_static", ..NOTHING },
    ..OAUTH2
};

/// Pinterest accounts.
///
/// Register at <https://developers.pinterest.com/apps/> with the redirect URI
/// `https://app.example/api/auth/callback/pinterest`, and set `AUTH_PINTEREST_ID` and `AUTH_PINTEREST_SECRET`.
///
/// * `AUTH_PINTEREST_ACCOUNT_ID` (optional): `id` for the number that stays, `username` for the name that people can
///   change, which Auth.js stores.
///
/// Id, user name, picture. No e-mail address.
pub const PINTEREST: Provider = Provider {
    id: "pinterest",
    name: "Pinterest",
    group: Group::Social,
    registration_url: Some("https://developers.pinterest.com/apps/"),
    docs_url: Some("https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/"),
    notes: &[
        "The account id is the user name, as Auth.js stores it; people can change it, so a new application should \
         set the option `account_id` to `id`.",
    ],
    profile_note: Some("Id, user name, picture. No e-mail address."),
    style: Style { background: "#bd081c", text: "#ffffff" },
    options: &[ProviderOption {
        name: "account_id",
        doc: "`id` for the number that stays, `username` for the name that people can change, which Auth.js stores",
        kind: OptionKind::Choice,
        default: Some("username"),
        cases: &[Case { is: Some("username"), set: &[] }, Case { is: Some("id"), set: &[] }],
        ..OPTION
    }],
    authorization: Some("https://www.pinterest.com/oauth/"),
    token: Some("https://api.pinterest.com/v5/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.pinterest.com/v5/user_account"), ..GET }],
    scope: "user_accounts:read",
    scope_separator: ",",
    profile: ProfileMap {
        id: "if(option:account_id == 'id', /id, /username)",
        name: "/username",
        image: "/profile_image",
        ..NOTHING
    },
    ..OAUTH2
};

/// Reddit accounts.
///
/// Register at <https://www.reddit.com/prefs/apps> with the redirect URI
/// `https://app.example/api/auth/callback/reddit`, and set `AUTH_REDDIT_ID` and `AUTH_REDDIT_SECRET`.
///
/// * `AUTH_REDDIT_DURATION` (optional): `permanent` for a refresh token.
///
/// Id, user name, picture. No e-mail address.
pub const REDDIT: Provider = Provider {
    id: "reddit",
    name: "Reddit",
    group: Group::Social,
    registration_url: Some("https://www.reddit.com/prefs/apps"),
    docs_url: Some("https://github.com/reddit-archive/reddit/wiki/OAuth2"),
    notes: &[
        "Auth.js maps no picture, and its documented way to ask for a permanent grant fails; here it is the option \
         `duration`.",
        "Reddit asks for consent at every sign-in.",
    ],
    profile_note: Some("Id, user name, picture. No e-mail address."),
    style: Style { background: "#ff4500", text: "#000000" },
    options: &[ProviderOption {
        name: "duration",
        doc: "`permanent` for a refresh token",
        kind: OptionKind::Choice,
        cases: &[Case { is: Some("temporary"), set: &[] }, Case { is: Some("permanent"), set: &[] }],
        ..OPTION
    }],
    authorization: Some("https://www.reddit.com/api/v1/authorize"),
    token: Some("https://www.reddit.com/api/v1/access_token"),
    userinfo: &[UserInfoRequest { url: Some("https://oauth.reddit.com/api/v1/me"), ..GET }],
    revocation: Some("https://www.reddit.com/api/v1/revoke_token"),
    scope: "identity",
    authorization_params: &[("duration", "{duration}")],
    profile: ProfileMap { id: "/id", name: "/name", image: "before(/icon_img, '?')", ..NOTHING },
    ..OAUTH2
};

/// Threads, by the makers of Instagram.
///
/// Register at <https://developers.facebook.com/apps/> with the redirect URI
/// `https://app.example/api/auth/callback/threads`, and set `AUTH_THREADS_ID` and `AUTH_THREADS_SECRET`.
///
/// Id, user name, picture. No e-mail address.
pub const THREADS: Provider = Provider {
    id: "threads",
    name: "Threads",
    group: Group::Social,
    registration_url: Some("https://developers.facebook.com/apps/"),
    docs_url: Some("https://developers.facebook.com/docs/threads"),
    notes: &[
        "Auth.js looks for the profile in `data` and finds nothing in the answers of the API, which are flat; here \
         both are read.",
        "Redirect URIs must be https, also on localhost.",
    ],
    profile_note: Some("Id, user name, picture. No e-mail address."),
    style: Style { background: "#000000", text: "#ffffff" },
    mark: Some("@"),
    authorization: Some("https://threads.net/oauth/authorize"),
    token: Some("https://graph.threads.net/oauth/access_token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://graph.threads.net/v1.0/me"),
        query: &[("fields", "id,username,threads_profile_picture_url")],
        ..GET
    }],
    client_authentication: Some(ClientAuthentication::Post),
    scope: "threads_basic",
    scope_separator: ",",
    token_answer: TokenAnswer {
        error: "/error_type ?? /error/code ?? /error",
        error_description: "/error_message ?? /error/message",
        ..TOKEN_ANSWER
    },
    profile: ProfileMap {
        id: "/id ?? /data/id",
        name: "/username ?? /data/username",
        image: "/threads_profile_picture_url ?? /data/threads_profile_picture_url",
        ..NOTHING
    },
    ..OAUTH2
};

/// TikTok accounts, through Login Kit.
///
/// Register at <https://developers.tiktok.com/apps/> with the redirect URI
/// `https://app.example/api/auth/callback/tiktok`, and set `AUTH_TIKTOK_ID` and `AUTH_TIKTOK_SECRET`.
///
/// Id (of this person for this application), name, picture. No e-mail address.
pub const TIKTOK: Provider = Provider {
    id: "tiktok",
    name: "TikTok",
    group: Group::Social,
    registration_url: Some("https://developers.tiktok.com/apps/"),
    docs_url: Some("https://developers.tiktok.com/doc/login-kit-web"),
    notes: &[
        "The client id is called `client_key`, and errors come with a good status.",
        "Auth.js loses the status of token errors; here they are errors.",
    ],
    profile_note: Some("Id (of this person for this application), name, picture. No e-mail address."),
    style: Style { background: "#000000", text: "#ffffff" },
    mark: Some("Tk"),
    authorization: Some("https://www.tiktok.com/v2/auth/authorize/"),
    token: Some("https://open.tiktokapis.com/v2/oauth/token/"),
    authorization_rename: &[("client_id", "client_key")],
    token_request: TokenRequest { rename: &[("client_id", "client_key")], ..TOKEN_REQUEST },
    client_authentication: Some(ClientAuthentication::Post),
    scope: "user.info.basic",
    scope_separator: ",",
    userinfo: &[UserInfoRequest {
        url: Some("https://open.tiktokapis.com/v2/user/info/"),
        query: &[("fields", "open_id,avatar_url,display_name")],
        error: "if(/error/code != 'ok', /error/code)",
        error_description: "/error/message",
        ..GET
    }],
    profile: ProfileMap {
        id: "/data/user/open_id",
        name: "/data/user/display_name",
        image: "/data/user/avatar_url",
        ..NOTHING
    },
    ..OAUTH2
};

/// X, formerly Twitter, through OAuth 2.0.
///
/// Register at <https://developer.x.com/en/portal/projects-and-apps> with the redirect URI
/// `https://app.example/api/auth/callback/twitter`, and set `AUTH_TWITTER_ID` and `AUTH_TWITTER_SECRET`.
///
/// Id, name, picture, and a verified e-mail address if "Request email from users" is switched on.
pub const TWITTER: Provider = Provider {
    id: "twitter",
    name: "X",
    group: Group::Social,
    registration_url: Some("https://developer.x.com/en/portal/projects-and-apps"),
    docs_url: Some("https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/authorization-code"),
    notes: &[
        "Auth.js never asks for the e-mail address; here the scope `users.email` does, so switch on \"Request email \
         from users\" in the settings of your application.",
    ],
    profile_note: Some(
        "Id, name, picture, and a verified e-mail address if \"Request email from users\" is switched on.",
    ),
    style: Style { background: "#000000", text: "#ffffff" },
    mark: Some("X"),
    authorization: Some("https://x.com/i/oauth2/authorize"),
    token: Some("https://api.x.com/2/oauth2/token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://api.x.com/2/users/me"),
        query: &[("user.fields", "profile_image_url,confirmed_email")],
        ..GET
    }],
    revocation: Some("https://api.x.com/2/oauth2/revoke"),
    scope: "users.read tweet.read users.email offline.access",
    profile: ProfileMap {
        id: "/data/id",
        name: "/data/name",
        email: "/data/confirmed_email ?? /data/email",
        email_verified: "if(/data/confirmed_email, true)",
        image: "/data/profile_image_url",
        ..NOTHING
    },
    ..OAUTH2
};
