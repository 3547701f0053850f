//! Accounts of developers.

use authstile::profile::{NOTHING, ProfileMap};
pub use authstile::provider::GITHUB;
use authstile::provider::{
    GET, Group, OAUTH2, OIDC, OPTION, OnError, OptionKind, Provider, ProviderOption, Style, TrailingSlash,
    UserInfoRequest,
};

/// All of them.
pub(super) const CARDS: &[&Provider] =
    &[&FORTY_TWO_SCHOOL, &ATLASSIAN, &BITBUCKET, &GITLAB, &HUGGING_FACE, &NETLIFY, &GITHUB];

/// Accounts of the 42 schools.
///
/// Register at <https://profile.intra.42.fr/oauth/applications/new> with the redirect URI
/// `https://app.example/api/auth/callback/42-school`, and set `AUTH_42_SCHOOL_ID` and `AUTH_42_SCHOOL_SECRET`.
///
/// Id, name, e-mail address, picture. 42 does not say whether the address is verified.
pub const FORTY_TWO_SCHOOL: Provider = Provider {
    id: "42-school",
    name: "42 School",
    group: Group::Developer,
    registration_url: Some("https://profile.intra.42.fr/oauth/applications/new"),
    docs_url: Some("https://api.intra.42.fr/apidoc"),
    profile_note: Some("Id, name, e-mail address, picture. 42 does not say whether the address is verified."),
    style: Style { background: "#000000", text: "#ffffff" },
    mark: Some("42"),
    authorization: Some("https://api.intra.42.fr/oauth/authorize"),
    token: Some("https://api.intra.42.fr/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.intra.42.fr/v2/me"), ..GET }],
    scope: "public",
    profile: ProfileMap { id: "/id", name: "/usual_full_name", email: "/email", image: "/image/link", ..NOTHING },
    ..OAUTH2
};

/// Atlassian accounts: Jira, Confluence, Trello.
///
/// Register at <https://developer.atlassian.com/console/myapps/> with the redirect URI
/// `https://app.example/api/auth/callback/atlassian`, and set `AUTH_ATLASSIAN_ID` and `AUTH_ATLASSIAN_SECRET`.
///
/// Id, name, picture, and the e-mail address if people show it. Atlassian does not say whether the address is
/// verified.
pub const ATLASSIAN: Provider = Provider {
    id: "atlassian",
    name: "Atlassian",
    group: Group::Work,
    registration_url: Some("https://developer.atlassian.com/console/myapps/"),
    docs_url: Some("https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/"),
    notes: &["A refresh token comes only with the further scope `offline_access`."],
    profile_note: Some(
        "Id, name, picture, and the e-mail address if people show it. Atlassian does not say whether the address is \
         verified.",
    ),
    style: Style { background: "#0052cc", text: "#ffffff" },
    mark: Some("At"),
    authorization: Some("https://auth.atlassian.com/authorize"),
    token: Some("https://auth.atlassian.com/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.atlassian.com/me"), ..GET }],
    scope: "read:me",
    authorization_params: &[("audience", "api.atlassian.com")],
    profile: ProfileMap { id: "/account_id", name: "/name", email: "/email", image: "/picture", ..NOTHING },
    ..OAUTH2
};

/// Bitbucket Cloud, Atlassian's code hosting.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/bitbucket`, and set `AUTH_BITBUCKET_ID` and
/// `AUTH_BITBUCKET_SECRET`.
///
/// Id, name, picture, and the primary e-mail address if it is confirmed and the consumer may read it.
pub const BITBUCKET: Provider = Provider {
    id: "bitbucket",
    name: "Bitbucket",
    group: Group::Developer,
    docs_url: Some("https://developer.atlassian.com/cloud/bitbucket/rest/intro/"),
    notes: &["Auth.js reads no e-mail address; here a second request does, and may fail."],
    profile_note: Some(
        "Id, name, picture, and the primary e-mail address if it is confirmed and the consumer may read it.",
    ),
    style: Style { background: "#205081", text: "#ffffff" },
    mark: Some("Bb"),
    authorization: Some("https://bitbucket.org/site/oauth2/authorize"),
    token: Some("https://bitbucket.org/site/oauth2/access_token"),
    scope: "account",
    userinfo: &[
        UserInfoRequest { url: Some("https://api.bitbucket.org/2.0/user"), ..GET },
        UserInfoRequest {
            url: Some("https://api.bitbucket.org/2.0/user/emails"),
            into: "/emails",
            on_error: OnError::Ignore,
            ..GET
        },
    ],
    profile: ProfileMap {
        id: "/account_id",
        name: "/display_name ?? /username",
        email: "find(/emails/values, /is_primary == true && /is_confirmed == true)/email",
        email_verified: "find(/emails/values, /is_primary == true)/is_confirmed",
        image: "/links/avatar/href",
        ..NOTHING
    },
    ..OAUTH2
};

/// GitLab, at gitlab.com or on your own server.
///
/// Register at <https://gitlab.com/-/user_settings/applications> with the redirect URI
/// `https://app.example/api/auth/callback/gitlab`, and set `AUTH_GITLAB_ID` and `AUTH_GITLAB_SECRET`.
///
/// * `AUTH_GITLAB_BASE_URL` (optional): the address of your own GitLab, such as `https://gitlab.example.com`.
///
/// Id, name, e-mail address and whether it is confirmed, picture.
pub const GITLAB: Provider = Provider {
    id: "gitlab",
    name: "GitLab",
    group: Group::Developer,
    registration_url: Some("https://gitlab.com/-/user_settings/applications"),
    docs_url: Some("https://docs.gitlab.com/api/oauth2/"),
    profile_note: Some("Id, name, e-mail address and whether it is confirmed, picture."),
    style: Style { background: "#fc6d26", text: "#000000" },
    mark: Some("GL"),
    options: &[ProviderOption {
        name: "base_url",
        doc: "the address of your own GitLab, such as https://gitlab.example.com",
        kind: OptionKind::Url,
        default: Some("https://gitlab.com"),
        trailing_slash: TrailingSlash::Strip,
        ..OPTION
    }],
    authorization: Some("{base_url}/oauth/authorize"),
    token: Some("{base_url}/oauth/token"),
    scope: "read_user",
    revocation: Some("{base_url}/oauth/revoke"),
    userinfo: &[UserInfoRequest { url: Some("{base_url}/api/v4/user"), ..GET }],
    profile: ProfileMap {
        id: "/sub ?? /id",
        name: "/name ?? /username",
        email: "/email",
        email_verified: "if(/email && /confirmed_at, true)",
        image: "/avatar_url",
        ..NOTHING
    },
    ..OAUTH2
};

/// Hugging Face accounts.
///
/// Register at <https://huggingface.co/settings/applications/new> with the redirect URI
/// `https://app.example/api/auth/callback/huggingface`, and set `AUTH_HUGGINGFACE_ID` and `AUTH_HUGGINGFACE_SECRET`.
///
/// * `AUTH_HUGGINGFACE_ORG_IDS` (optional): the id of an organization that access is asked for.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const HUGGING_FACE: Provider = Provider {
    id: "huggingface",
    name: "Hugging Face",
    group: Group::Developer,
    registration_url: Some("https://huggingface.co/settings/applications/new"),
    docs_url: Some("https://huggingface.co/docs/hub/oauth"),
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#ffd21e", text: "#000000" },
    options: &[ProviderOption { name: "org_ids", doc: "the id of an organization that access is asked for", ..OPTION }],
    issuer: Some("https://huggingface.co"),
    authorization_params: &[("orgIds", "{org_ids}")],
    ..OIDC
};

/// Netlify accounts.
///
/// Register at <https://app.netlify.com/user/applications> with the redirect URI
/// `https://app.example/api/auth/callback/netlify`, and set `AUTH_NETLIFY_ID` and `AUTH_NETLIFY_SECRET`.
///
/// Id, name, e-mail address, picture. Netlify does not say whether the address is verified.
pub const NETLIFY: Provider = Provider {
    id: "netlify",
    name: "Netlify",
    group: Group::Developer,
    registration_url: Some("https://app.netlify.com/user/applications"),
    docs_url: Some("https://docs.netlify.com/api/get-started/"),
    profile_note: Some("Id, name, e-mail address, picture. Netlify does not say whether the address is verified."),
    style: Style { background: "#32e6e2", text: "#000000" },
    authorization: Some("https://app.netlify.com/authorize"),
    token: Some("https://api.netlify.com/oauth/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.netlify.com/api/v1/user"), ..GET }],
    profile: ProfileMap { id: "/id", name: "/full_name", email: "/email", image: "/avatar_url", ..NOTHING },
    ..OAUTH2
};
