//! Accounts of developers.

use authstile::Provider;
use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap, STANDARD_CLAIMS};
use authstile::provider::{Body, GET, Group, ISSUER, OAUTH2, POST, ProviderOption, Style, UserInfoRequest};

use super::{GUESSED, UNTRIED};

/// Autodesk Platform Services: the endpoints of OpenID Connect, used as plain OAuth.
///
/// Register at <https://aps.autodesk.com/myapps> with the redirect URI
/// `https://app.example/api/auth/callback/autodesk`, and set `AUTH_AUTODESK_ID` and `AUTH_AUTODESK_SECRET`.
///
/// The claims of OpenID Connect.
pub const AUTODESK: Provider = Provider {
    id: "autodesk",
    name: "Autodesk Platform Services",
    group: Group::Developer,
    registration_url: Some("https://aps.autodesk.com/myapps"),
    docs_url: Some("https://aps.autodesk.com/en/docs/oauth/v2/"),
    notes: &[
        UNTRIED,
        "An application without a secret is possible too: make it a public client.",
        "It speaks OpenID Connect, but no library states its issuer: the profile comes from the userinfo endpoint, and an ID \
         token is not looked at.",
    ],
    profile_note: Some("The claims of OpenID Connect."),
    style: Style { background: "#000000", text: "#ffffff" },
    authorization: Some("https://developer.api.autodesk.com/authentication/v2/authorize"),
    token: Some("https://developer.api.autodesk.com/authentication/v2/token"),
    revocation: Some("https://developer.api.autodesk.com/authentication/v2/revoke"),
    scope: "openid user:read",
    userinfo: &[UserInfoRequest { url: Some("https://api.userprofile.autodesk.com/userinfo"), ..GET }],
    profile: STANDARD_CLAIMS,
    ..OAUTH2
};

/// Gitea, and with it Forgejo and Codeberg: one's own server as a base address.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/gitea`, and set `AUTH_GITEA_ID`,
/// `AUTH_GITEA_SECRET` and `AUTH_GITEA_ISSUER`.
///
/// * `AUTH_GITEA_ISSUER`: the address of the server, such as `https://gitea.com` or `https://codeberg.org`.
///
/// The full name, else the login. The e-mail address may be one that hides the real one; no word on whether it is
/// verified.
pub const GITEA: Provider = Provider {
    id: "gitea",
    name: "Gitea",
    group: Group::Developer,
    docs_url: Some("https://docs.gitea.com/development/oauth2-provider"),
    notes: &[
        UNTRIED,
        "Register the application in the settings of your server, below Applications.",
        "Forgejo has the same endpoints: for Codeberg, say https://codeberg.org.",
        "The server also offers OpenID Connect at the same address; a card of your own with `protocol = \"oidc\"` uses it.",
    ],
    profile_note: Some(
        "The full name, else the login. The e-mail address may be one that hides the real one; no word on whether it is \
         verified.",
    ),
    style: Style { background: "#609926", text: "#000000" },
    options: &[ProviderOption {
        doc: "the address of the server, such as https://gitea.com or https://codeberg.org",
        ..ISSUER
    }],
    authorization: Some("{issuer}/login/oauth/authorize"),
    token: Some("{issuer}/login/oauth/access_token"),
    scope: "read:user",
    userinfo: &[UserInfoRequest { url: Some("{issuer}/api/v1/user"), ..GET }],
    profile: ProfileMap { id: "/id", name: "/full_name ?? /login", email: "/email", image: "/avatar_url", ..NOTHING },
    ..OAUTH2
};

/// Linear: the profile is a GraphQL query.
///
/// Register at <https://linear.app/settings/api/applications/new> with the redirect URI
/// `https://app.example/api/auth/callback/linear`, and set `AUTH_LINEAR_ID` and `AUTH_LINEAR_SECRET`.
///
/// No word on whether the e-mail address is verified.
pub const LINEAR: Provider = Provider {
    id: "linear",
    name: "Linear",
    group: Group::Developer,
    registration_url: Some("https://linear.app/settings/api/applications/new"),
    docs_url: Some("https://linear.app/developers/oauth-2-0-authentication"),
    notes: &[UNTRIED, "The scope `read` has to be there, whatever else is asked for."],
    profile_note: Some("No word on whether the e-mail address is verified."),
    style: Style { background: "#5e6ad2", text: "#ffffff" },
    authorization: Some("https://linear.app/oauth/authorize"),
    token: Some("https://api.linear.app/oauth/token"),
    client_authentication: Some(ClientAuthentication::Post),
    scope: "read",
    userinfo: &[UserInfoRequest {
        url: Some("https://api.linear.app/graphql"),
        body: Body::GraphQl("{ viewer { id name email avatarUrl } }"),
        at: "/data/viewer",
        error: "/errors/0/extensions/code ?? /errors/0/message",
        error_description: "/errors/0/message",
        ..POST
    }],
    profile: ProfileMap { id: "/id", name: "/name", email: "/email", image: "/avatarUrl", ..NOTHING },
    ..OAUTH2
};

/// Railway: the endpoints of OpenID Connect, used as plain OAuth.
///
/// Register at <https://railway.com/account> with the redirect URI `https://app.example/api/auth/callback/railway`,
/// and set `AUTH_RAILWAY_ID` and `AUTH_RAILWAY_SECRET`.
///
/// No word on whether the e-mail address is verified.
pub const RAILWAY: Provider = Provider {
    id: "railway",
    name: "Railway",
    group: Group::Developer,
    registration_url: Some("https://railway.com/account"),
    docs_url: Some("https://docs.railway.com"),
    notes: &[
        UNTRIED,
        "It speaks OpenID Connect, but no library states its issuer: the profile comes from the userinfo endpoint, and an ID \
         token is not looked at.",
    ],
    profile_note: Some("No word on whether the e-mail address is verified."),
    style: Style { background: "#13111c", text: "#ffffff" },
    authorization: Some("https://backboard.railway.com/oauth/auth"),
    token: Some("https://backboard.railway.com/oauth/token"),
    scope: "openid email profile",
    userinfo: &[UserInfoRequest { url: Some("https://backboard.railway.com/oauth/me"), ..GET }],
    profile: STANDARD_CLAIMS,
    ..OAUTH2
};

/// Synology SSO: one's own disk station.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/synology`, and set `AUTH_SYNOLOGY_ID`,
/// `AUTH_SYNOLOGY_SECRET` and `AUTH_SYNOLOGY_ISSUER`.
///
/// * `AUTH_SYNOLOGY_ISSUER`: the address of the station with its port, such as `https://nas.example.com:5001`.
///
/// User name and e-mail address. No picture.
pub const SYNOLOGY: Provider = Provider {
    id: "synology",
    name: "Synology SSO",
    group: Group::Developer,
    docs_url: Some("https://kb.synology.com/en-global/DSM/help/SSOServer/sso_server_desc"),
    notes: &[
        UNTRIED,
        GUESSED,
        "Register the application in the package SSO Server of your station.",
        "It speaks OpenID Connect, with a discovery document below /webman/sso of the station, but no library states its \
         issuer: the profile comes from the userinfo endpoint, and an ID token is not looked at.",
    ],
    profile_note: Some("User name and e-mail address. No picture."),
    style: Style { background: "#1b1b1b", text: "#ffffff" },
    options: &[ProviderOption {
        doc: "the address of the station with its port, such as https://nas.example.com:5001",
        ..ISSUER
    }],
    authorization: Some("{issuer}/webman/sso/SSOOauth.cgi"),
    token: Some("{issuer}/webman/sso/SSOAccessToken.cgi"),
    scope: "openid email",
    userinfo: &[UserInfoRequest { url: Some("{issuer}/webman/sso/SSOUserInfo.cgi"), ..GET }],
    profile: ProfileMap {
        id: "/sub",
        name: "/username ?? /sub",
        email: "/email",
        email_verified: "/email_verified",
        ..NOTHING
    },
    ..OAUTH2
};

/// Vercel: the endpoints of OpenID Connect, used as plain OAuth; the application says which scopes there are.
///
/// Register at <https://vercel.com/dashboard> with the redirect URI `https://app.example/api/auth/callback/vercel`,
/// and set `AUTH_VERCEL_ID` and `AUTH_VERCEL_SECRET`.
///
/// The claims that the chosen scopes give.
pub const VERCEL: Provider = Provider {
    id: "vercel",
    name: "Vercel",
    group: Group::Developer,
    registration_url: Some("https://vercel.com/dashboard"),
    docs_url: Some("https://vercel.com/docs/sign-in-with-vercel"),
    notes: &[
        UNTRIED,
        "Scopes are chosen where the application is registered; one that is sent only narrows them, so none is sent.",
        "It refuses sign-ins without PKCE, which is always sent.",
        "It speaks OpenID Connect, but no library states its issuer: the profile comes from the userinfo endpoint, and an ID \
         token is not looked at.",
    ],
    profile_note: Some("The claims that the chosen scopes give."),
    style: Style { background: "#000000", text: "#ffffff" },
    mark: Some("▲"),
    authorization: Some("https://vercel.com/oauth/authorize"),
    token: Some("https://api.vercel.com/login/oauth/token"),
    client_authentication: Some(ClientAuthentication::Post),
    userinfo: &[UserInfoRequest { url: Some("https://api.vercel.com/login/oauth/userinfo"), ..GET }],
    profile: ProfileMap { name: "/name ?? /preferred_username", ..STANDARD_CLAIMS },
    ..OAUTH2
};
