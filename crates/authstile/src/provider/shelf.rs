//! One card as an example of plain OAuth; the others stand in a crate of their own.

use super::card::{OAUTH2, Provider, Style};
use super::option::{CASE, Case, OPTION, ProviderOption};
use super::request::{GET, UserInfoRequest};
use super::words::{Group, OnError, OptionKind, TrailingSlash};
use crate::profile::{NOTHING, ProfileMap};

/// GitHub: plain OAuth 2.0 with fixed endpoints. The account id is the numeric user id as text; the e-mail address is the
/// public one, else the primary verified one.
pub const GITHUB: Provider = Provider {
    id: "github",
    name: "GitHub",
    group: Group::Developer,
    registration_url: Some("https://github.com/settings/developers"),
    docs_url: Some("https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps"),
    notes: &["An e-mail address that is not primary and verified is not taken; Auth.js takes the first one."],
    style: Style { background: "#24292f", text: "#ffffff" },
    options: &[ProviderOption {
        name: "base_url",
        doc: "the address of a GitHub Enterprise Server, such as https://github.example.com",
        kind: OptionKind::Url,
        default: Some("https://github.com"),
        trailing_slash: TrailingSlash::Strip,
        cases: &[
            Case { is: Some("https://github.com"), set: &[("api", "https://api.github.com")] },
            Case { set: &[("api", "{base_url}/api/v3")], ..CASE },
        ],
        ..OPTION
    }],
    // GitHub sends `iss` with its answers (RFC 9207).
    issuer: Some("{base_url}/login/oauth"),
    authorization: Some("{base_url}/login/oauth/authorize"),
    token: Some("{base_url}/login/oauth/access_token"),
    scope: "read:user user:email",
    userinfo: &[
        UserInfoRequest { url: Some("{api}/user"), ..GET },
        UserInfoRequest {
            url: Some("{api}/user/emails"),
            when: "!/email",
            into: "/emails",
            on_error: OnError::Ignore,
            ..GET
        },
    ],
    profile: ProfileMap {
        id: "/id",
        name: "/name ?? /login",
        email: "/email ?? find(/emails, /primary == true && /verified == true)/email",
        email_verified: "if(!/email, find(/emails, /primary == true && /verified == true)/verified)",
        image: "/avatar_url",
        ..NOTHING
    },
    ..OAUTH2
};
