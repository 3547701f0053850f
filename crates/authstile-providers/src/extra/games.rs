//! Games, and those who play them.

use authstile::Provider;
use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap};
use authstile::provider::{
    Body, GET, Group, OAUTH2, OnError, POST, Style, TOKEN_REQUEST, TokenRequest, UserInfoRequest,
};

use super::{GUESSED, UNTRIED};

/// Epic Games: the name is the display name, and there is no e-mail address.
///
/// Register at <https://dev.epicgames.com/portal> with the redirect URI
/// `https://app.example/api/auth/callback/epicgames`, and set `AUTH_EPICGAMES_ID` and `AUTH_EPICGAMES_SECRET`.
///
/// No e-mail address and no picture.
pub const EPICGAMES: Provider = Provider {
    id: "epicgames",
    name: "Epic Games",
    group: Group::Games,
    registration_url: Some("https://dev.epicgames.com/portal"),
    docs_url: Some("https://dev.epicgames.com/docs/web-api-ref/authentication"),
    notes: &[UNTRIED, GUESSED],
    profile_note: Some("No e-mail address and no picture."),
    style: Style { background: "#313131", text: "#ffffff" },
    mark: Some("EG"),
    authorization: Some("https://www.epicgames.com/id/authorize"),
    token: Some("https://api.epicgames.dev/epic/oauth/v2/token"),
    revocation: Some("https://api.epicgames.dev/epic/oauth/v2/revoke"),
    scope: "basic_profile",
    userinfo: &[UserInfoRequest { url: Some("https://api.epicgames.dev/epic/oauth/v2/userInfo"), ..GET }],
    profile: ProfileMap { id: "/sub", name: "/preferred_username", ..NOTHING },
    ..OAUTH2
};

/// Lichess: a public client that nobody registers; the e-mail address is a request of its own.
///
/// Nothing is registered: set `AUTH_LICHESS_ID` to any client id, such as your domain.
///
/// No picture, no word on whether the e-mail address is verified.
pub const LICHESS: Provider = Provider {
    id: "lichess",
    name: "Lichess",
    group: Group::Games,
    docs_url: Some("https://lichess.org/api"),
    notes: &[
        UNTRIED,
        "There is nothing to register and no client secret: choose any client id, such as your domain.",
        "The e-mail address is asked for in a second request; a sign-in does not fail for want of it.",
    ],
    profile_note: Some("No picture, no word on whether the e-mail address is verified."),
    style: Style { background: "#262421", text: "#ffffff" },
    mark: Some("♞"),
    authorization: Some("https://lichess.org/oauth"),
    token: Some("https://lichess.org/api/token"),
    client_authentication: Some(ClientAuthentication::None),
    scope: "email:read",
    userinfo: &[
        UserInfoRequest { url: Some("https://lichess.org/api/account"), ..GET },
        UserInfoRequest {
            url: Some("https://lichess.org/api/account/email"),
            at: "/email",
            into: "/email",
            on_error: OnError::Ignore,
            ..GET
        },
    ],
    profile: ProfileMap { id: "/id", name: "/username", email: "/email", ..NOTHING },
    ..OAUTH2
};

/// start.gg: GraphQL, the scope once more in the token request, and an endpoint of its own to refresh.
///
/// Register at <https://start.gg/admin/profile/developer> with the redirect URI
/// `https://app.example/api/auth/callback/startgg`, and set `AUTH_STARTGG_ID` and `AUTH_STARTGG_SECRET`.
///
/// The name is the player's tag, else the slug of the account. No picture.
pub const STARTGG: Provider = Provider {
    id: "startgg",
    name: "start.gg",
    group: Group::Games,
    registration_url: Some("https://start.gg/admin/profile/developer"),
    docs_url: Some("https://developer.start.gg/docs/oauth/oauth-overview"),
    notes: &[
        UNTRIED,
        "The token request repeats the scope. An application that asks for another one needs a card of its own with both.",
    ],
    profile_note: Some("The name is the player's tag, else the slug of the account. No picture."),
    style: Style { background: "#cb333b", text: "#ffffff" },
    mark: Some("gg"),
    authorization: Some("https://start.gg/oauth/authorize"),
    token: Some("https://api.start.gg/oauth/access_token"),
    refresh: Some("https://api.start.gg/oauth/refresh"),
    client_authentication: Some(ClientAuthentication::Post),
    scope: "user.identity user.email",
    token_request: TokenRequest { params: &[("scope", "user.identity user.email")], ..TOKEN_REQUEST },
    userinfo: &[UserInfoRequest {
        url: Some("https://api.start.gg/gql/alpha"),
        body: Body::GraphQl("{ currentUser { id slug email player { gamerTag } } }"),
        at: "/data/currentUser",
        error: "/errors/0/message ?? if(/success == false, 'unsuccessful')",
        error_description: "/errors/0/message ?? /message",
        ..POST
    }],
    profile: ProfileMap { id: "/id", name: "/player/gamerTag ?? /slug", email: "/email", ..NOTHING },
    ..OAUTH2
};
