//! Networks and portals that are at home in one part of the world.

use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap};
use authstile::provider::{
    Case, GET, Group, IdTokenSignature, OAUTH2, OIDC, OPTION, OptionKind, Provider, ProviderOption, Sent, Style,
    TOKEN_ANSWER, TOKEN_REQUEST, TokenAnswer, TokenPlace, TokenRequest, UserInfoRequest,
};

/// All of them.
pub(super) const CARDS: &[&Provider] = &[&KAKAO, &LINE, &MAILRU, &NAVER, &VK, &WECHAT, &YANDEX];

/// Kakao accounts, in Korea.
///
/// Register at <https://developers.kakao.com/console/app> with the redirect URI
/// `https://app.example/api/auth/callback/kakao`, and set `AUTH_KAKAO_ID` and `AUTH_KAKAO_SECRET`.
///
/// Id; and name, picture, e-mail address and whether it is verified, each as far as the consent items allow.
pub const KAKAO: Provider = Provider {
    id: "kakao",
    name: "Kakao",
    group: Group::Social,
    registration_url: Some("https://developers.kakao.com/console/app"),
    docs_url: Some("https://developers.kakao.com/docs/latest/en/kakaologin/rest-api"),
    notes: &[
        "No scope is sent: the consent items of the console count, and one that is not set up there would be an error.",
    ],
    profile_note: Some(
        "Id; and name, picture, e-mail address and whether it is verified, each as far as the consent items allow.",
    ),
    style: Style { background: "#fee500", text: "#000000" },
    authorization: Some("https://kauth.kakao.com/oauth/authorize"),
    token: Some("https://kauth.kakao.com/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://kapi.kakao.com/v2/user/me"), ..GET }],
    client_authentication: Some(ClientAuthentication::Post),
    scope_separator: ",",
    profile: ProfileMap {
        id: "/id",
        name: "/kakao_account/profile/nickname",
        email: "/kakao_account/email",
        email_verified: "if(/kakao_account/is_email_valid == false, false) ?? /kakao_account/is_email_verified",
        image: "/kakao_account/profile/profile_image_url",
        ..NOTHING
    },
    ..OAUTH2
};

/// LINE accounts, in Japan, Taiwan and Thailand.
///
/// Register at <https://developers.line.biz/console/> with the redirect URI
/// `https://app.example/api/auth/callback/line`, and set `AUTH_LINE_ID` and `AUTH_LINE_SECRET`.
///
/// Id, name, picture, and the e-mail address if the channel may ask for it. LINE does not say whether the address is
/// verified.
pub const LINE: Provider = Provider {
    id: "line",
    name: "LINE",
    group: Group::Social,
    registration_url: Some("https://developers.line.biz/console/"),
    docs_url: Some("https://developers.line.biz/en/docs/line-login/"),
    notes: &[
        "ID tokens are signed with HS256 and the channel secret, whatever the discovery document says.",
        "The e-mail address needs a permission that is applied for in the console.",
    ],
    profile_note: Some(
        "Id, name, picture, and the e-mail address if the channel may ask for it. LINE does not say whether the \
         address is verified.",
    ),
    style: Style { background: "#00c300", text: "#000000" },
    issuer: Some("https://access.line.me"),
    id_token_signature: IdTokenSignature::ClientSecret,
    ..OIDC
};

/// Mail.ru accounts, in Russia.
///
/// Register at <https://o2.mail.ru/app/> with the redirect URI `https://app.example/api/auth/callback/mailru`, and set
/// `AUTH_MAILRU_ID` and `AUTH_MAILRU_SECRET`.
///
/// Id, name, e-mail address, picture. Mail.ru does not say whether the address is verified.
pub const MAILRU: Provider = Provider {
    id: "mailru",
    name: "Mail.ru",
    group: Group::Social,
    registration_url: Some("https://o2.mail.ru/app/"),
    notes: &[
        "Auth.js sends the access token in a header and maps no picture; here it stands in the query, as Mail.ru \
         wants it.",
    ],
    profile_note: Some("Id, name, e-mail address, picture. Mail.ru does not say whether the address is verified."),
    style: Style { background: "#005ff9", text: "#ffffff" },
    mark: Some("@"),
    authorization: Some("https://oauth.mail.ru/login"),
    token: Some("https://oauth.mail.ru/token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://oauth.mail.ru/userinfo"),
        access_token: TokenPlace::Query("access_token"),
        ..GET
    }],
    scope: "userinfo",
    profile: ProfileMap {
        id: "/sub ?? /id",
        name: "/name ?? /nickname",
        email: "/email",
        image: "/image ?? /picture",
        ..NOTHING
    },
    ..OAUTH2
};

/// Naver accounts, in Korea.
///
/// Register at <https://developers.naver.com/apps/> with the redirect URI
/// `https://app.example/api/auth/callback/naver`, and set `AUTH_NAVER_ID` and `AUTH_NAVER_SECRET`.
///
/// Id; and nickname, e-mail address and picture as far as people allow. Naver does not say whether the address is
/// verified.
pub const NAVER: Provider = Provider {
    id: "naver",
    name: "Naver",
    group: Group::Social,
    registration_url: Some("https://developers.naver.com/apps/"),
    docs_url: Some("https://developers.naver.com/docs/login/api/api.md"),
    notes: &["Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent."],
    profile_note: Some(
        "Id; and nickname, e-mail address and picture as far as people allow. Naver does not say whether the address \
         is verified.",
    ),
    style: Style { background: "#03c75a", text: "#000000" },
    authorization: Some("https://nid.naver.com/oauth2.0/authorize"),
    token: Some("https://nid.naver.com/oauth2.0/token"),
    userinfo: &[UserInfoRequest { url: Some("https://openapi.naver.com/v1/nid/me"), ..GET }],
    profile: ProfileMap {
        id: "/response/id",
        name: "/response/nickname ?? /response/name",
        email: "/response/email",
        image: "/response/profile_image",
        ..NOTHING
    },
    ..OAUTH2
};

/// VK accounts, in Russia.
///
/// Register at <https://vk.com/apps?act=manage> with the redirect URI `https://app.example/api/auth/callback/vk`, and
/// set `AUTH_VK_ID` and `AUTH_VK_SECRET`.
///
/// Id, name, picture, and the e-mail address that came with the token. VK does not say whether the address is
/// verified.
pub const VK: Provider = Provider {
    id: "vk",
    name: "VK",
    group: Group::Social,
    registration_url: Some("https://vk.com/apps?act=manage"),
    docs_url: Some("https://dev.vk.com/en/api/access-token/authcode-flow-user"),
    notes: &[
        "This is the older way, which applications of Auth.js use; applications made at id.vk.com speak VK ID, whose \
         token request repeats the parameter `device_id` of the callback.",
    ],
    profile_note: Some(
        "Id, name, picture, and the e-mail address that came with the token. VK does not say whether the address is \
         verified.",
    ),
    style: Style { background: "#0062d6", text: "#ffffff" },
    mark: Some("VK"),
    authorization: Some("https://oauth.vk.com/authorize"),
    token: Some("https://oauth.vk.com/access_token"),
    client_authentication: Some(ClientAuthentication::Post),
    authorization_params: &[("v", "5.131")],
    token_request: TokenRequest { params: &[("v", "5.131")], ..TOKEN_REQUEST },
    scope: "email",
    scope_separator: ",",
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

/// WeChat accounts, in China: inside the app, or with a QR code.
///
/// Register at <https://open.weixin.qq.com> with the redirect URI `https://app.example/api/auth/callback/wechat`, and
/// set `AUTH_WECHAT_ID` and `AUTH_WECHAT_SECRET`.
///
/// * `AUTH_WECHAT_PLATFORM_TYPE` (optional): OfficialAccount inside the app, WebsiteApp for a QR code.
///
/// Id, name, picture. No e-mail address.
pub const WECHAT: Provider = Provider {
    id: "wechat",
    name: "WeChat",
    group: Group::Social,
    registration_url: Some("https://open.weixin.qq.com"),
    docs_url: Some("https://developers.weixin.qq.com/doc/oplatform/en/Website_App/WeChat_Login/Wechat_Login.html"),
    notes: &[
        "The account id is `unionid`, as Auth.js stores it; without one Auth.js makes a random id at every sign-in, \
         and here it is `openid`.",
        "Bind the application to an open platform account before people sign in: later their id would change from \
         `openid` to `unionid`.",
    ],
    profile_note: Some("Id, name, picture. No e-mail address."),
    style: Style { background: "#07c160", text: "#000000" },
    mark: Some("We"),
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
    scope_separator: ",",
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

/// Yandex accounts, in Russia.
///
/// Register at <https://oauth.yandex.ru/client/new> with the redirect URI
/// `https://app.example/api/auth/callback/yandex`, and set `AUTH_YANDEX_ID` and `AUTH_YANDEX_SECRET`.
///
/// Id, name, e-mail address, picture. Yandex does not say whether the address is verified.
pub const YANDEX: Provider = Provider {
    id: "yandex",
    name: "Yandex",
    group: Group::Social,
    registration_url: Some("https://oauth.yandex.ru/client/new"),
    docs_url: Some("https://yandex.ru/dev/id/doc/en/"),
    notes: &["Auth.js sends the access token as Bearer; here the scheme is OAuth, as Yandex documents."],
    profile_note: Some("Id, name, e-mail address, picture. Yandex does not say whether the address is verified."),
    style: Style { background: "#ffcc00", text: "#000000" },
    authorization: Some("https://oauth.yandex.ru/authorize"),
    token: Some("https://oauth.yandex.ru/token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://login.yandex.ru/info"),
        query: &[("format", "json")],
        access_token: TokenPlace::Scheme("OAuth"),
        ..GET
    }],
    scope: "login:info login:email login:avatar",
    profile: ProfileMap {
        id: "/id",
        name: "/display_name ?? /real_name ?? /first_name",
        email: "/default_email ?? /emails/0",
        image: "if(/is_avatar_empty != true, concat('https://avatars.yandex.net/get-yapic/', /default_avatar_id, \
         '/islands-200'))",
        ..NOTHING
    },
    ..OAUTH2
};
