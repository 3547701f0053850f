//! Games.

use authstile::profile::{NOTHING, ProfileMap};
use authstile::provider::{
    GET, Group, ISSUER, Need, OAUTH2, OIDC, OPTION, OptionKind, Pkce, Provider, ProviderOption, Style, UserInfoRequest,
};

/// All of them.
pub(super) const CARDS: &[&Provider] = &[&BATTLENET, &BUNGIE, &EVE_ONLINE, &FACEIT, &OSU, &ROBLOX];

/// Battle.net accounts of Blizzard.
///
/// Register at <https://develop.battle.net/access/clients> with the redirect URI
/// `https://app.example/api/auth/callback/battlenet`, and set `AUTH_BATTLENET_ID`, `AUTH_BATTLENET_SECRET` and
/// `AUTH_BATTLENET_ISSUER`.
///
/// * `AUTH_BATTLENET_ISSUER`: `https://oauth.battle.net`, or `https://oauth.battlenet.com.cn` in China.
///
/// Id and BattleTag. No e-mail address, no picture.
pub const BATTLENET: Provider = Provider {
    id: "battlenet",
    name: "Battle.net",
    group: Group::Games,
    registration_url: Some("https://develop.battle.net/access/clients"),
    docs_url: Some("https://develop.battle.net/documentation/guides/using-oauth"),
    notes: &[
        "Auth.js asks for the scopes `profile` and `email` too, which Battle.net does not know; here it is `openid` \
         only.",
    ],
    profile_note: Some("Id and BattleTag. No e-mail address, no picture."),
    style: Style { background: "#0074e0", text: "#ffffff" },
    options: &[ProviderOption {
        doc: "https://oauth.battle.net, or https://oauth.battlenet.com.cn in China",
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    scope: "openid",
    profile: ProfileMap { id: "/sub", name: "/battle_tag", ..NOTHING },
    ..OIDC
};

/// Bungie.net accounts.
///
/// Register at <https://www.bungie.net/en/Application> with the redirect URI
/// `https://app.example/api/auth/callback/bungie`, and set `AUTH_BUNGIE_ID`, `AUTH_BUNGIE_SECRET` and
/// `AUTH_BUNGIE_API_KEY`.
///
/// * `AUTH_BUNGIE_API_KEY`: the API key of your application.
///
/// Id, name, picture. No e-mail address.
pub const BUNGIE: Provider = Provider {
    id: "bungie",
    name: "Bungie",
    group: Group::Games,
    registration_url: Some("https://www.bungie.net/en/Application"),
    docs_url: Some("https://github.com/Bungie-net/api/wiki/OAuth-Documentation"),
    notes: &[
        "Auth.js asks an address with a gap that nothing fills, and cannot send the API key; here the memberships of \
         the current user are asked for, with the key.",
        "Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent.",
    ],
    profile_note: Some("Id, name, picture. No e-mail address."),
    style: Style { background: "#000000", text: "#ffffff" },
    options: &[ProviderOption {
        name: "api_key",
        doc: "the API key of your application",
        kind: OptionKind::Secret,
        need: Need::Required,
        ..OPTION
    }],
    authorization: Some("https://www.bungie.net/en/OAuth/Authorize"),
    token: Some("https://www.bungie.net/platform/app/oauth/token/"),
    authorization_params: &[("reauth", "true")],
    userinfo: &[UserInfoRequest {
        url: Some("https://www.bungie.net/Platform/User/GetMembershipsForCurrentUser/"),
        headers: &[("X-API-Key", "{api_key}")],
        error: "if(/ErrorCode != '1', /ErrorCode)",
        error_description: "/Message",
        ..GET
    }],
    profile: ProfileMap {
        id: "/Response/bungieNetUser/membershipId",
        name: "/Response/bungieNetUser/displayName",
        image: "if(starts_with(/Response/bungieNetUser/profilePicturePath, '/'), concat('https://www.bungie.net', \
         /Response/bungieNetUser/profilePicturePath)) ?? concat('https://www.bungie.net/', \
         /Response/bungieNetUser/profilePicturePath)",
        ..NOTHING
    },
    ..OAUTH2
};

/// Characters of EVE Online.
///
/// Register at <https://developers.eveonline.com/applications> with the redirect URI
/// `https://app.example/api/auth/callback/eveonline`, and set `AUTH_EVEONLINE_ID` and `AUTH_EVEONLINE_SECRET`.
///
/// Id, name and picture of a character, not of an account. No e-mail address.
pub const EVE_ONLINE: Provider = Provider {
    id: "eveonline",
    name: "EVE Online",
    group: Group::Games,
    registration_url: Some("https://developers.eveonline.com/applications"),
    docs_url: Some("https://developers.eveonline.com/docs/services/sso/"),
    notes: &[
        "Auth.js stores the account id `undefined` when the request for the profile fails, so that everybody shares \
         it; here that is an error.",
        "Pictures come from the image server of today; Auth.js names the former one.",
    ],
    profile_note: Some("Id, name and picture of a character, not of an account. No e-mail address."),
    style: Style { background: "#000000", text: "#ffffff" },
    authorization: Some("https://login.eveonline.com/v2/oauth/authorize"),
    token: Some("https://login.eveonline.com/v2/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://login.eveonline.com/oauth/verify"), ..GET }],
    revocation: Some("https://login.eveonline.com/v2/oauth/revoke"),
    pkce: Pkce::None,
    pkce_reason: Some("wants the `code_verifier` encoded once more than RFC 7636 says, and answers 500"),
    scope: "publicData",
    profile: ProfileMap {
        id: "/CharacterID",
        name: "/CharacterName",
        image: "concat('https://images.evetech.net/characters/', /CharacterID, '/portrait?size=128')",
        ..NOTHING
    },
    ..OAUTH2
};

/// FACEIT accounts.
///
/// Register at <https://developers.faceit.com> with the redirect URI `https://app.example/api/auth/callback/faceit`,
/// and set `AUTH_FACEIT_ID` and `AUTH_FACEIT_SECRET`.
///
/// Id, name, e-mail address, picture.
pub const FACEIT: Provider = Provider {
    id: "faceit",
    name: "FACEIT",
    group: Group::Games,
    registration_url: Some("https://developers.faceit.com"),
    docs_url: Some("https://docs.faceit.com"),
    profile_note: Some("Id, name, e-mail address, picture."),
    style: Style { background: "#ff5500", text: "#000000" },
    mark: Some("FC"),
    authorization: Some("https://accounts.faceit.com/accounts"),
    token: Some("https://api.faceit.com/auth/v1/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.faceit.com/auth/v1/resources/userinfo"), ..GET }],
    authorization_params: &[("redirect_popup", "true")],
    scope: "openid profile email",
    profile: ProfileMap {
        id: "/guid",
        name: "/name ?? /nickname",
        email: "/email",
        email_verified: "/email_verified",
        image: "/picture",
        ..NOTHING
    },
    ..OAUTH2
};

/// osu! accounts.
///
/// Register at <https://osu.ppy.sh/home/account/edit#oauth> with the redirect URI
/// `https://app.example/api/auth/callback/osu`, and set `AUTH_OSU_ID` and `AUTH_OSU_SECRET`.
///
/// Id, user name, picture. No e-mail address.
pub const OSU: Provider = Provider {
    id: "osu",
    name: "osu!",
    group: Group::Games,
    registration_url: Some("https://osu.ppy.sh/home/account/edit#oauth"),
    docs_url: Some("https://osu.ppy.sh/docs/"),
    profile_note: Some("Id, user name, picture. No e-mail address."),
    style: Style { background: "#ff66aa", text: "#000000" },
    mark: Some("o!"),
    authorization: Some("https://osu.ppy.sh/oauth/authorize"),
    token: Some("https://osu.ppy.sh/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://osu.ppy.sh/api/v2/me"), ..GET }],
    scope: "identify",
    profile: ProfileMap { id: "/id", name: "/username", image: "/avatar_url", ..NOTHING },
    ..OAUTH2
};

/// Roblox accounts.
///
/// Register at <https://create.roblox.com/dashboard/credentials> with the redirect URI
/// `https://app.example/api/auth/callback/roblox`, and set `AUTH_ROBLOX_ID` and `AUTH_ROBLOX_SECRET`.
///
/// Id, name, picture. No e-mail address.
pub const ROBLOX: Provider = Provider {
    id: "roblox",
    name: "Roblox",
    group: Group::Games,
    registration_url: Some("https://create.roblox.com/dashboard/credentials"),
    docs_url: Some("https://create.roblox.com/docs/cloud/auth/oauth2-overview"),
    notes: &["The issuer ends in a slash."],
    profile_note: Some("Id, name, picture. No e-mail address."),
    style: Style { background: "#000000", text: "#ffffff" },
    mark: Some("Rb"),
    issuer: Some("https://apis.roblox.com/oauth/"),
    scope: "openid profile",
    ..OIDC
};
