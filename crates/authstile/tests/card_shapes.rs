//! The odd shapes of providers, as cards: each compiles, has no problems, and goes through TOML and back unchanged. The
//! catalogue's own cards stand in a crate above; these only hold the card model to what it must be able to say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use authstile::card_file;
use authstile::oauth::authorize::ResponseMode;
use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap, STANDARD_CLAIMS};
use authstile::provider::*;

// BEGIN CARDS
const GOOGLE: Provider = Provider { id: "google", name: "Google", issuer: Some("https://accounts.google.com"), ..OIDC };

/// Auth0: every customer has an issuer, and it ends in a slash.
const AUTH0: Provider = Provider {
    id: "auth0",
    name: "Auth0",
    options: &[ProviderOption { trailing_slash: TrailingSlash::Require, ..ISSUER }],
    issuer: Some("{issuer}"),
    ..OIDC
};

/// Form post, the `user` field of the first callback, a secret signed with ES256.
const APPLE: Provider = Provider {
    id: "apple",
    name: "Apple",
    issuer: Some("https://appleid.apple.com"),
    options: &[
        ProviderOption { name: "team_id", doc: "the team id", kind: OptionKind::Name, need: Need::Required, ..OPTION },
        ProviderOption { name: "key_id", doc: "the key id", kind: OptionKind::Name, need: Need::Required, ..OPTION },
        ProviderOption {
            name: "key",
            doc: "the private key, PKCS#8 in PEM",
            kind: OptionKind::Secret,
            need: Need::Required,
            ..OPTION
        },
    ],
    scope: "openid name email",
    response_mode: ResponseMode::FormPost,
    callback_member: Some("user"),
    client_authentication: Some(ClientAuthentication::Post),
    signed_secret: Some(SignedSecret {
        issuer: "{team_id}",
        key_id: "{key_id}",
        private_key: "{key}",
        audience: "https://appleid.apple.com",
        ..SIGNED_SECRET
    }),
    profile: ProfileMap { name: "join(' ', /user/name/firstName, /user/name/lastName) ?? /email", ..STANDARD_CLAIMS },
    ..OIDC
};

/// The tenant is in the issuer; the photo is a request of its own.
const ENTRA: Provider = Provider {
    id: "microsoft-entra-id",
    name: "Microsoft Entra ID",
    issuer: Some("https://login.microsoftonline.com/common/v2.0"),
    issuer_check: IssuerCheck::TenantClaim,
    options: &[
        ProviderOption { name: "tenants", doc: "tenant ids that may sign in, with commas", ..OPTION },
        ProviderOption {
            name: "profile_photo_size",
            doc: "pixels: 48, 64, 96, …",
            kind: OptionKind::Name,
            default: Some("48"),
            ..OPTION
        },
    ],
    scope: "openid profile email User.Read",
    userinfo: &[UserInfoRequest {
        url: Some("https://graph.microsoft.com/v1.0/me/photos/{profile_photo_size}x{profile_photo_size}/$value"),
        answer: Answer::Picture,
        into: "/picture",
        on_error: OnError::Ignore,
        ..GET
    }],
    ..OIDC
};

const DISCORD: Provider = Provider {
    id: "discord",
    name: "Discord",
    authorization: Some("https://discord.com/oauth2/authorize"),
    token: Some("https://discord.com/api/oauth2/token"),
    scope: "identify email",
    userinfo: &[UserInfoRequest { url: Some("https://discord.com/api/users/@me"), ..GET }],
    profile: ProfileMap {
        id: "/id",
        name: "/global_name ?? /username",
        email: "/email",
        email_verified: "/verified",
        image: "concat('https://cdn.discordapp.com/avatars/', /id, '/', /avatar, '.', if(starts_with(/avatar, 'a_'), 'gif', 'png')) ?? concat('https://cdn.discordapp.com/embed/avatars/', avatar_index(/id, /discriminator ?? '0'), '.png')",
        ..NOTHING
    },
    ..OAUTH2
};

/// A version header, and the person deep in the answer.
const NOTION: Provider = Provider {
    id: "notion",
    name: "Notion",
    authorization: Some("https://api.notion.com/v1/oauth/authorize"),
    token: Some("https://api.notion.com/v1/oauth/token"),
    authorization_params: &[("owner", "user")],
    userinfo: &[UserInfoRequest {
        url: Some("https://api.notion.com/v1/users/me"),
        headers: &[("Notion-Version", "2022-06-28")],
        at: "/bot/owner/user",
        ..GET
    }],
    profile: ProfileMap { id: "/id", name: "/name", email: "/person/email", image: "/avatar_url", ..NOTHING },
    ..OAUTH2
};

/// The client id has another name, scopes have commas, errors come with a good status.
const TIKTOK: Provider = Provider {
    id: "tiktok",
    name: "TikTok",
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
        at: "/data/user",
        error: "if(/error/code != 'ok', /error/code)",
        error_description: "/error/message",
        ..GET
    }],
    profile: ProfileMap { id: "/open_id", name: "/display_name", image: "/avatar_url", ..NOTHING },
    ..OAUTH2
};

/// An option that chooses page and scope; everything in queries; a fragment; the id partly in the token answer.
const WECHAT: Provider = Provider {
    id: "wechat",
    name: "WeChat",
    options: &[ProviderOption {
        name: "platform_type",
        doc: "OfficialAccount inside the app, WebsiteApp for a QR code",
        kind: OptionKind::Choice,
        default: Some("OfficialAccount"),
        cases: &[
            Case { is: Some("OfficialAccount"), set: &[("page", "oauth2/authorize"), ("scope", "snsapi_userinfo")] },
            Case { is: Some("WebsiteApp"), set: &[("page", "qrconnect"), ("scope", "snsapi_login")] },
        ],
        ..OPTION
    }],
    authorization: Some("https://open.weixin.qq.com/connect/{page}"),
    authorization_rename: &[("client_id", "appid")],
    authorization_fragment: Some("wechat_redirect"),
    scope: "{scope}",
    token: Some("https://api.weixin.qq.com/sns/oauth2/access_token"),
    refresh: Some("https://api.weixin.qq.com/sns/oauth2/refresh_token"),
    client_authentication: Some(ClientAuthentication::Post),
    token_request: TokenRequest {
        send: Sent::Query,
        rename: &[("client_id", "appid"), ("client_secret", "secret")],
        ..TOKEN_REQUEST
    },
    token_answer: TokenAnswer {
        error: "if(/errcode && /errcode != '0', /errcode)",
        error_description: "/errmsg",
        ..TOKEN_ANSWER
    },
    userinfo: &[UserInfoRequest {
        url: Some("https://api.weixin.qq.com/sns/userinfo"),
        access_token: TokenPlace::Query("access_token"),
        query: &[("openid", "{token:/openid}"), ("lang", "zh_CN")],
        error: "if(/errcode && /errcode != '0', /errcode)",
        error_description: "/errmsg",
        ..GET
    }],
    profile: ProfileMap { id: "/unionid ?? /openid", name: "/nickname", image: "/headimgurl", ..NOTHING },
    ..OAUTH2
};

const SLACK: Provider = Provider { id: "slack", name: "Slack", issuer: Some("https://slack.com"), ..OIDC };

const X: Provider = Provider {
    id: "twitter",
    name: "X",
    authorization: Some("https://x.com/i/oauth2/authorize"),
    token: Some("https://api.x.com/2/oauth2/token"),
    scope: "users.read tweet.read users.email offline.access",
    userinfo: &[UserInfoRequest {
        url: Some("https://api.x.com/2/users/me"),
        query: &[("user.fields", "profile_image_url,confirmed_email")],
        at: "/data",
        ..GET
    }],
    profile: ProfileMap {
        id: "/id",
        name: "/name",
        email: "/confirmed_email",
        email_verified: "if(/confirmed_email, true)",
        image: "/profile_image_url",
        ..NOTHING
    },
    ..OAUTH2
};

const FACEBOOK: Provider = Provider {
    id: "facebook",
    name: "Facebook",
    authorization: Some("https://www.facebook.com/v24.0/dialog/oauth"),
    token: Some("https://graph.facebook.com/oauth/access_token"),
    scope: "email public_profile",
    token_answer: TokenAnswer { error: "/error/code ?? /error", error_description: "/error/message", ..TOKEN_ANSWER },
    userinfo: &[UserInfoRequest {
        url: Some("https://graph.facebook.com/me"),
        query: &[("fields", "id,name,email,picture")],
        ..GET
    }],
    profile: ProfileMap { id: "/id", name: "/name", email: "/email", image: "/picture/data/url", ..NOTHING },
    ..OAUTH2
};

/// The token stands in the path.
const HUBSPOT: Provider = Provider {
    id: "hubspot",
    name: "HubSpot",
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

/// A POST without a body.
const DROPBOX: Provider = Provider {
    id: "dropbox",
    name: "Dropbox",
    authorization: Some("https://www.dropbox.com/oauth2/authorize"),
    token: Some("https://api.dropboxapi.com/oauth2/token"),
    authorization_params: &[("token_access_type", "offline")],
    scope: "account_info.read",
    userinfo: &[UserInfoRequest { url: Some("https://api.dropboxapi.com/2/users/get_current_account"), ..POST }],
    profile: ProfileMap {
        id: "/account_id",
        name: "/name/display_name",
        email: "/email",
        email_verified: "/email_verified",
        image: "/profile_photo_url",
        ..NOTHING
    },
    ..OAUTH2
};

/// The token in the query under another name, and an option with a default.
const FOURSQUARE: Provider = Provider {
    id: "foursquare",
    name: "Foursquare",
    options: &[ProviderOption {
        name: "api_version",
        doc: "a day, such as 20230131",
        kind: OptionKind::Name,
        default: Some("20230131"),
        ..OPTION
    }],
    authorization: Some("https://foursquare.com/oauth2/authenticate"),
    token: Some("https://foursquare.com/oauth2/access_token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://api.foursquare.com/v2/users/self"),
        access_token: TokenPlace::Query("oauth_token"),
        query: &[("v", "{api_version}")],
        at: "/response/user",
        ..GET
    }],
    profile: ProfileMap {
        id: "/id",
        name: "join(' ', /firstName, /lastName)",
        email: "/contact/email",
        image: "concat(/photo/prefix, 'original', /photo/suffix)",
        ..NOTHING
    },
    ..OAUTH2
};

/// Headers, one with the client id; no scope is sent.
const TRAKT: Provider = Provider {
    id: "trakt",
    name: "Trakt",
    authorization: Some("https://trakt.tv/oauth/authorize"),
    token: Some("https://api.trakt.tv/oauth/token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://api.trakt.tv/users/me"),
        query: &[("extended", "full")],
        headers: &[("trakt-api-version", "2"), ("trakt-api-key", "{client_id}")],
        ..GET
    }],
    profile: ProfileMap { id: "/ids/slug", name: "/name", image: "/images/avatar/full", ..NOTHING },
    ..OAUTH2
};

/// A list with one entry; the e-mail address in the token answer; fixed parameters everywhere.
const VK: Provider = Provider {
    id: "vk",
    name: "VK",
    authorization: Some("https://oauth.vk.com/authorize"),
    token: Some("https://oauth.vk.com/access_token"),
    client_authentication: Some(ClientAuthentication::Post),
    authorization_params: &[("v", "5.131")],
    token_request: TokenRequest { params: &[("v", "5.131")], ..TOKEN_REQUEST },
    scope: "email",
    userinfo: &[UserInfoRequest {
        url: Some("https://api.vk.com/method/users.get"),
        query: &[("fields", "photo_100"), ("v", "5.131")],
        at: "/response/0",
        error: "/error/error_code",
        error_description: "/error/error_msg",
        ..GET
    }],
    profile: ProfileMap {
        id: "/id",
        name: "join(' ', /first_name, /last_name)",
        email: "/email ?? token:/email",
        image: "/photo_100",
        ..NOTHING
    },
    ..OAUTH2
};

/// A POST of JSON.
const TODOIST: Provider = Provider {
    id: "todoist",
    name: "Todoist",
    authorization: Some("https://todoist.com/oauth/authorize"),
    token: Some("https://todoist.com/oauth/access_token"),
    client_authentication: Some(ClientAuthentication::Post),
    scope: "data:read",
    userinfo: &[UserInfoRequest {
        url: Some("https://api.todoist.com/sync/v9/sync"),
        body: Body::Json(&[("sync_token", "*"), ("resource_types", "[\"user\"]")]),
        at: "/user",
        ..POST
    }],
    profile: ProfileMap { id: "/id", name: "/full_name", email: "/email", image: "/avatar_big", ..NOTHING },
    ..OAUTH2
};

/// One's own server as a base address, a part of the token answer in the path, an option in the mapping.
const NEXTCLOUD: Provider = Provider {
    id: "nextcloud",
    name: "Nextcloud",
    options: &[ProviderOption { doc: "the address of your Nextcloud, such as https://cloud.example.com", ..ISSUER }],
    authorization: Some("{issuer}/apps/oauth2/authorize"),
    token: Some("{issuer}/apps/oauth2/api/v1/token"),
    userinfo: &[UserInfoRequest {
        url: Some("{issuer}/ocs/v1.php/cloud/users/{token:/user_id}"),
        headers: &[("OCS-APIRequest", "true")],
        at: "/ocs/data",
        ..GET
    }],
    profile: ProfileMap {
        id: "/id",
        name: "/displayname",
        email: "/email",
        image: "concat(option:issuer, '/avatar/', /id, '/512')",
        ..NOTHING
    },
    ..OAUTH2
};

/// No scope is sent: it is set where the application is registered.
const ZOOM: Provider = Provider {
    id: "zoom",
    name: "Zoom",
    authorization: Some("https://zoom.us/oauth/authorize"),
    token: Some("https://zoom.us/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.zoom.us/v2/users/me"), ..GET }],
    profile: ProfileMap {
        id: "/id",
        name: "join(' ', /first_name, /last_name)",
        email: "/email",
        image: "/pic_url",
        ..NOTHING
    },
    ..OAUTH2
};

const MASTODON: Provider = Provider {
    id: "mastodon",
    name: "Mastodon",
    options: &[ProviderOption { doc: "the address of the instance, such as https://mastodon.social", ..ISSUER }],
    authorization: Some("{issuer}/oauth/authorize"),
    token: Some("{issuer}/oauth/token"),
    scope: "read",
    userinfo: &[UserInfoRequest { url: Some("{issuer}/api/v1/accounts/verify_credentials"), ..GET }],
    profile: ProfileMap { id: "/id", name: "/display_name ?? /username", image: "/avatar_static", ..NOTHING },
    ..OAUTH2
};

/// Tokens inside `body`, errors as a number beside it, nobody to ask for a profile.
const WITHINGS: Provider = Provider {
    id: "withings",
    name: "Withings",
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

/// GraphQL.
const ANILIST: Provider = Provider {
    id: "anilist",
    name: "AniList",
    authorization: Some("https://anilist.co/api/v2/oauth/authorize"),
    token: Some("https://anilist.co/api/v2/oauth/token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://graphql.anilist.co"),
        body: Body::GraphQl("{ Viewer { id name avatar { large } } }"),
        at: "/data/Viewer",
        error: "/errors/0/message",
        ..POST
    }],
    profile: ProfileMap { id: "/id", name: "/name", image: "/avatar/large", ..NOTHING },
    ..OAUTH2
};

/// An option inside a host name, and the token in a header of its own.
const SHOPIFY: Provider = Provider {
    id: "shopify",
    name: "Shopify",
    options: &[ProviderOption {
        name: "shop",
        doc: "the name before .myshopify.com",
        kind: OptionKind::Name,
        need: Need::Required,
        ..OPTION
    }],
    authorization: Some("https://{shop}.myshopify.com/admin/oauth/authorize"),
    token: Some("https://{shop}.myshopify.com/admin/oauth/access_token"),
    client_authentication: Some(ClientAuthentication::Post),
    scope: "read_products",
    scope_separator: ",",
    userinfo: &[UserInfoRequest {
        url: Some("https://{shop}.myshopify.com/admin/shop.json"),
        access_token: TokenPlace::Header("X-Shopify-Access-Token"),
        at: "/shop",
        ..GET
    }],
    profile: ProfileMap { id: "/id", name: "/name", email: "/email", ..NOTHING },
    ..OAUTH2
};

/// PKCE as plain text, with the reason.
const MYANIMELIST: Provider = Provider {
    id: "myanimelist",
    name: "MyAnimeList",
    authorization: Some("https://myanimelist.net/v1/oauth2/authorize"),
    token: Some("https://myanimelist.net/v1/oauth2/token"),
    pkce: Pkce::Plain,
    pkce_reason: Some("knows only the plain method and refuses S256"),
    userinfo: &[UserInfoRequest { url: Some("https://api.myanimelist.net/v2/users/@me"), ..GET }],
    profile: ProfileMap { id: "/id", name: "/name", image: "/picture", ..NOTHING },
    ..OAUTH2
};
// END CARDS

static ALL: [Provider; 26] = [
    GITHUB,
    GOOGLE,
    AUTH0,
    APPLE,
    ENTRA,
    DISCORD,
    NOTION,
    TIKTOK,
    WECHAT,
    SLACK,
    X,
    FACEBOOK,
    HUBSPOT,
    DROPBOX,
    FOURSQUARE,
    TRAKT,
    VK,
    TODOIST,
    NEXTCLOUD,
    ZOOM,
    MASTODON,
    WITHINGS,
    ANILIST,
    SHOPIFY,
    MYANIMELIST,
    OIDC,
];

#[test]
fn every_shape_is_a_sound_card_and_goes_through_toml_unchanged() {
    for card in &ALL {
        assert_eq!(card.problems(), [], "{}", card.id);
        let text = card_file::write(card).unwrap();
        assert_eq!(card_file::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}")), *card, "{text}");
    }
}

#[test]
fn options_bring_their_words() {
    let values = |card: Provider, given: &[(&str, &str)]| {
        card.option_values(&given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    };
    assert_eq!(values(WECHAT, &[]).unwrap()["page"], "oauth2/authorize");
    assert_eq!(values(WECHAT, &[("platform_type", "WebsiteApp")]).unwrap()["scope"], "snsapi_login");
    assert!(values(WECHAT, &[("platform_type", "x")]).unwrap_err().contains("one of"));
    assert_eq!(values(GITHUB, &[]).unwrap()["api"], "https://api.github.com");
    assert_eq!(values(GITHUB, &[("base_url", "https://ghe.example/")]).unwrap()["api"], "https://ghe.example/api/v3");
    assert_eq!(values(AUTH0, &[("issuer", "https://a.auth0.com")]).unwrap()["issuer"], "https://a.auth0.com/");
    assert!(values(SHOPIFY, &[]).unwrap_err().contains("AUTH_SHOPIFY_SHOP"));
    assert!(values(SHOPIFY, &[("shop", "evil.example/#")]).unwrap_err().contains("letters"));
    assert!(values(SHOPIFY, &[("shops", "x")]).unwrap_err().contains("no option `shops`"));
    assert!(values(MASTODON, &[("issuer", "http://mastodon.social")]).unwrap_err().contains("must use https"));
    let names: Vec<String> = APPLE.variables().into_iter().map(|variable| variable.name).collect();
    assert_eq!(
        names,
        ["AUTH_APPLE_ID", "AUTH_APPLE_ISSUER", "AUTH_APPLE_TEAM_ID", "AUTH_APPLE_KEY_ID", "AUTH_APPLE_KEY"]
    );
}
