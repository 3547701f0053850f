//! Tools for work: documents, chats, meetings.

use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap};
use authstile::provider::{
    GET, Group, ISSUER, OAUTH2, OIDC, OPTION, OptionKind, POST, Pkce, Provider, ProviderOption, Style, TrailingSlash,
    UserInfoRequest,
};

/// All of them.
pub(super) const CARDS: &[&Provider] =
    &[&BOX, &CLICK_UP, &DROPBOX, &FIGMA, &MATTERMOST, &NEXTCLOUD, &NOTION, &SLACK, &TODOIST, &WEBEX, &ZOOM];

/// Box accounts.
///
/// Register at <https://app.box.com/developers/console> with the redirect URI
/// `https://app.example/api/auth/callback/box`, and set `AUTH_BOX_ID` and `AUTH_BOX_SECRET`.
///
/// Id, name, e-mail address, picture (which needs the access token). Box does not say whether the address is verified.
pub const BOX: Provider = Provider {
    id: "box",
    name: "Box",
    group: Group::Work,
    registration_url: Some("https://app.box.com/developers/console"),
    docs_url: Some("https://developer.box.com/guides/authentication/oauth2/"),
    notes: &["Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent."],
    profile_note: Some(
        "Id, name, e-mail address, picture (which needs the access token). Box does not say whether the address is \
         verified.",
    ),
    style: Style { background: "#0061d5", text: "#ffffff" },
    authorization: Some("https://account.box.com/api/oauth2/authorize"),
    token: Some("https://api.box.com/oauth2/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.box.com/2.0/users/me"), ..GET }],
    revocation: Some("https://api.box.com/oauth2/revoke"),
    profile: ProfileMap { id: "/id", name: "/name", email: "/login", image: "/avatar_url", ..NOTHING },
    ..OAUTH2
};

/// ClickUp accounts.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/click-up`, and set `AUTH_CLICK_UP_ID` and
/// `AUTH_CLICK_UP_SECRET`.
///
/// Id, name, e-mail address, picture, and the further fields `profilePicture` and `color`. ClickUp does not say
/// whether the address is verified.
pub const CLICK_UP: Provider = Provider {
    id: "click-up",
    name: "ClickUp",
    group: Group::Work,
    docs_url: Some("https://developer.clickup.com/docs/authentication"),
    notes: &[
        "Pages of Auth.js name the callback `clickup`; it ends in the id, `click-up`.",
        "Auth.js maps neither e-mail address nor picture; here both are, and its further fields stay.",
        "Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent.",
    ],
    profile_note: Some(
        "Id, name, e-mail address, picture, and the further fields `profilePicture` and `color`. ClickUp does not \
         say whether the address is verified.",
    ),
    style: Style { background: "#24292f", text: "#ffffff" },
    mark: Some("CU"),
    authorization: Some("https://app.clickup.com/api"),
    token: Some("https://api.clickup.com/api/v2/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.clickup.com/api/v2/user"), ..GET }],
    profile: ProfileMap {
        id: "/user/id",
        name: "/user/username",
        email: "/user/email",
        image: "/user/profilePicture",
        extra: &[("profilePicture", "/user/profilePicture"), ("color", "/user/color")],
        ..NOTHING
    },
    ..OAUTH2
};

/// Dropbox accounts.
///
/// Register at <https://www.dropbox.com/developers/apps> with the redirect URI
/// `https://app.example/api/auth/callback/dropbox`, and set `AUTH_DROPBOX_ID` and `AUTH_DROPBOX_SECRET`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const DROPBOX: Provider = Provider {
    id: "dropbox",
    name: "Dropbox",
    group: Group::Work,
    registration_url: Some("https://www.dropbox.com/developers/apps"),
    docs_url: Some("https://developers.dropbox.com/oauth-guide"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#0061fe", text: "#ffffff" },
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

/// Figma accounts.
///
/// Register at <https://www.figma.com/developers/apps> with the redirect URI
/// `https://app.example/api/auth/callback/figma`, and set `AUTH_FIGMA_ID` and `AUTH_FIGMA_SECRET`.
///
/// Id, name, e-mail address, picture. Figma does not say whether the address is verified.
pub const FIGMA: Provider = Provider {
    id: "figma",
    name: "Figma",
    group: Group::Work,
    registration_url: Some("https://www.figma.com/developers/apps"),
    docs_url: Some("https://developers.figma.com/docs/rest-api/authentication/"),
    notes: &[
        "Auth.js asks for the former scope `files:read`; here it is `current_user:read`, which must be chosen in the \
         settings of your application.",
    ],
    profile_note: Some("Id, name, e-mail address, picture. Figma does not say whether the address is verified."),
    style: Style { background: "#ff7237", text: "#000000" },
    mark: Some("Fi"),
    authorization: Some("https://www.figma.com/oauth"),
    token: Some("https://api.figma.com/v1/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.figma.com/v1/me"), ..GET }],
    refresh: Some("https://api.figma.com/v1/oauth/refresh"),
    scope: "current_user:read",
    profile: ProfileMap { id: "/id", name: "/handle", email: "/email", image: "/img_url", ..NOTHING },
    ..OAUTH2
};

/// Your Mattermost server.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/mattermost`, and set `AUTH_MATTERMOST_ID`,
/// `AUTH_MATTERMOST_SECRET` and `AUTH_MATTERMOST_ISSUER`.
///
/// * `AUTH_MATTERMOST_ISSUER`: the address of your server, such as `https://mattermost.example.com`.
///
/// Id, user name, e-mail address and whether it is verified. No picture.
pub const MATTERMOST: Provider = Provider {
    id: "mattermost",
    name: "Mattermost",
    group: Group::Work,
    docs_url: Some("https://developers.mattermost.com/integrate/apps/authentication/oauth2/"),
    notes: &["Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent."],
    profile_note: Some("Id, user name, e-mail address and whether it is verified. No picture."),
    style: Style { background: "#1e325c", text: "#ffffff" },
    options: &[ProviderOption { doc: "the address of your server, such as https://mattermost.example.com", ..ISSUER }],
    authorization: Some("{issuer}/oauth/authorize"),
    token: Some("{issuer}/oauth/access_token"),
    userinfo: &[UserInfoRequest { url: Some("{issuer}/api/v4/users/me"), ..GET }],
    client_authentication: Some(ClientAuthentication::Post),
    profile: ProfileMap {
        id: "/id",
        name: "/username ?? join(' ', /first_name, /last_name)",
        email: "/email",
        email_verified: "/email_verified",
        ..NOTHING
    },
    ..OAUTH2
};

/// Your Nextcloud server.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/nextcloud`, and set `AUTH_NEXTCLOUD_ID`,
/// `AUTH_NEXTCLOUD_SECRET` and `AUTH_NEXTCLOUD_ISSUER`.
///
/// * `AUTH_NEXTCLOUD_ISSUER`: the address of your Nextcloud, such as `https://cloud.example.com`.
///
/// Id, name, e-mail address, picture. Nextcloud does not say whether the address is verified.
pub const NEXTCLOUD: Provider = Provider {
    id: "nextcloud",
    name: "Nextcloud",
    group: Group::Work,
    docs_url: Some("https://docs.nextcloud.com/server/latest/admin_manual/configuration_server/oauth2.html"),
    notes: &[
        "Auth.js asks version 1 of the API for a user id out of the token answer; here version 2 is asked who the \
         user is, and its status is one.",
        "Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent.",
    ],
    profile_note: Some("Id, name, e-mail address, picture. Nextcloud does not say whether the address is verified."),
    style: Style { background: "#006aa3", text: "#ffffff" },
    options: &[ProviderOption { doc: "the address of your Nextcloud, such as https://cloud.example.com", ..ISSUER }],
    authorization: Some("{issuer}/apps/oauth2/authorize"),
    token: Some("{issuer}/apps/oauth2/api/v1/token"),
    userinfo: &[UserInfoRequest {
        url: Some("{issuer}/ocs/v2.php/cloud/user"),
        query: &[("format", "json")],
        headers: &[("OCS-APIRequest", "true")],
        at: "/ocs/data",
        ..GET
    }],
    profile: ProfileMap {
        id: "/id",
        name: "/displayname ?? /display-name",
        email: "/email",
        image: "concat(option:issuer, '/avatar/', /id, '/512')",
        ..NOTHING
    },
    ..OAUTH2
};

/// Notion, through a public integration.
///
/// Register at <https://www.notion.so/profile/integrations> with the redirect URI
/// `https://app.example/api/auth/callback/notion`, and set `AUTH_NOTION_ID` and `AUTH_NOTION_SECRET`.
///
/// Id, name, picture, and the e-mail address if the integration may read it. Notion does not say whether the address
/// is verified.
pub const NOTION: Provider = Provider {
    id: "notion",
    name: "Notion",
    group: Group::Work,
    registration_url: Some("https://www.notion.so/profile/integrations"),
    docs_url: Some("https://developers.notion.com/docs/authorization"),
    notes: &[
        "Auth.js needs the redirect URI as an option and sends `undefined` without it; here it is computed.",
        "Auth.js declares no scope and so sends its general one, `openid profile email`; here none is sent.",
    ],
    profile_note: Some(
        "Id, name, picture, and the e-mail address if the integration may read it. Notion does not say whether the \
         address is verified.",
    ),
    style: Style { background: "#ffffff", text: "#000000" },
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

/// Sign in with Slack.
///
/// Register at <https://api.slack.com/apps> with the redirect URI `https://app.example/api/auth/callback/slack`, and
/// set `AUTH_SLACK_ID` and `AUTH_SLACK_SECRET`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const SLACK: Provider = Provider {
    id: "slack",
    name: "Slack",
    group: Group::Work,
    registration_url: Some("https://api.slack.com/apps"),
    docs_url: Some("https://docs.slack.dev/authentication/sign-in-with-slack/"),
    notes: &["Redirect URIs must be https, also on localhost."],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#611f69", text: "#ffffff" },
    mark: Some("Sl"),
    issuer: Some("https://slack.com"),
    pkce: Pkce::None,
    pkce_reason: Some("is for public clients at Slack: with a secret its token endpoint answers `internal_error`"),
    ..OIDC
};

/// Todoist accounts.
///
/// Register at <https://app.todoist.com/app/settings/integrations/app-management> with the redirect URI
/// `https://app.example/api/auth/callback/todoist`, and set `AUTH_TODOIST_ID` and `AUTH_TODOIST_SECRET`.
///
/// Id, name, e-mail address, picture. Todoist does not say whether the address is verified.
pub const TODOIST: Provider = Provider {
    id: "todoist",
    name: "Todoist",
    group: Group::Work,
    registration_url: Some("https://app.todoist.com/app/settings/integrations/app-management"),
    docs_url: Some("https://developer.todoist.com/api/v1/"),
    notes: &[
        "Auth.js asks the Sync API of version 9, which Todoist has ended; here the user is asked for in version 1.",
    ],
    profile_note: Some("Id, name, e-mail address, picture. Todoist does not say whether the address is verified."),
    style: Style { background: "#e44332", text: "#000000" },
    authorization: Some("https://todoist.com/oauth/authorize"),
    token: Some("https://todoist.com/oauth/access_token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.todoist.com/api/v1/user"), ..GET }],
    client_authentication: Some(ClientAuthentication::Post),
    scope: "data:read",
    scope_separator: ",",
    profile: ProfileMap { id: "/id", name: "/full_name", email: "/email", image: "/avatar_big", ..NOTHING },
    ..OAUTH2
};

/// Cisco Webex accounts.
///
/// Register at <https://developer.webex.com/my-apps> with the redirect URI
/// `https://app.example/api/auth/callback/webex`, and set `AUTH_WEBEX_ID` and `AUTH_WEBEX_SECRET`.
///
/// * `AUTH_WEBEX_API_BASE_URL` (optional): another address of the API.
///
/// Id, name, e-mail address, picture. Webex does not say whether the address is verified.
pub const WEBEX: Provider = Provider {
    id: "webex",
    name: "Webex",
    group: Group::Work,
    registration_url: Some("https://developer.webex.com/my-apps"),
    docs_url: Some("https://developer.webex.com/docs/integrations"),
    profile_note: Some("Id, name, e-mail address, picture. Webex does not say whether the address is verified."),
    style: Style { background: "#000000", text: "#ffffff" },
    options: &[ProviderOption {
        name: "api_base_url",
        doc: "another address of the API",
        kind: OptionKind::Url,
        default: Some("https://webexapis.com/v1"),
        trailing_slash: TrailingSlash::Strip,
        ..OPTION
    }],
    authorization: Some("{api_base_url}/authorize"),
    token: Some("{api_base_url}/access_token"),
    scope: "spark:kms spark:people_read",
    userinfo: &[UserInfoRequest { url: Some("{api_base_url}/people/me"), ..GET }],
    profile: ProfileMap { id: "/id", name: "/displayName", email: "/emails/0", image: "/avatar", ..NOTHING },
    ..OAUTH2
};

/// Zoom accounts.
///
/// Register at <https://marketplace.zoom.us/develop/create> with the redirect URI
/// `https://app.example/api/auth/callback/zoom`, and set `AUTH_ZOOM_ID` and `AUTH_ZOOM_SECRET`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const ZOOM: Provider = Provider {
    id: "zoom",
    name: "Zoom",
    group: Group::Work,
    registration_url: Some("https://marketplace.zoom.us/develop/create"),
    docs_url: Some("https://developers.zoom.us/docs/integrations/oauth/"),
    notes: &["No scope is sent: those of the application count."],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#0b5cff", text: "#ffffff" },
    authorization: Some("https://zoom.us/oauth/authorize"),
    token: Some("https://zoom.us/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.zoom.us/v2/users/me"), ..GET }],
    revocation: Some("https://zoom.us/oauth/revoke"),
    profile: ProfileMap {
        id: "/id",
        name: "join(' ', /first_name, /last_name)",
        email: "/email",
        email_verified: "/verified",
        image: "/pic_url",
        ..NOTHING
    },
    ..OAUTH2
};
