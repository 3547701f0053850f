//! Accounts that nearly everybody has.

use authstile::oauth::authorize::ResponseMode;
use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap, STANDARD_CLAIMS};
use authstile::provider::{
    GET, Group, Need, OAUTH2, OIDC, OPTION, OptionKind, Provider, ProviderOption, SIGNED_SECRET, SignedSecret, Style,
    TOKEN_ANSWER, TokenAnswer, UserInfoRequest,
};

/// All of them.
pub(super) const CARDS: &[&Provider] = &[&GOOGLE, &APPLE, &FACEBOOK];

/// Google accounts.
///
/// Register at <https://console.cloud.google.com/apis/credentials> with the redirect URI
/// `https://app.example/api/auth/callback/google`, and set `AUTH_GOOGLE_ID` and `AUTH_GOOGLE_SECRET`.
///
/// Id, name, e-mail address and whether it is verified, picture.
pub const GOOGLE: Provider = Provider {
    id: "google",
    name: "Google",
    group: Group::Common,
    registration_url: Some("https://console.cloud.google.com/apis/credentials"),
    docs_url: Some("https://developers.google.com/identity/openid-connect/openid-connect"),
    notes: &[
        "A refresh token comes only with the parameters `access_type=offline` and `prompt=consent`, or on the first \
         consent.",
    ],
    profile_note: Some("Id, name, e-mail address and whether it is verified, picture."),
    style: Style { background: "#ffffff", text: "#1f1f1f" },
    issuer: Some("https://accounts.google.com"),
    ..OIDC
};

/// Sign in with Apple. The secret is made for each request out of your private key.
///
/// Register at <https://developer.apple.com/account/resources/identifiers/list/serviceId> with the redirect URI
/// `https://app.example/api/auth/callback/apple`, and set `AUTH_APPLE_ID`, `AUTH_APPLE_TEAM_ID`, `AUTH_APPLE_KEY_ID`
/// and `AUTH_APPLE_KEY`.
///
/// * `AUTH_APPLE_TEAM_ID`: the id of your team, ten letters and digits.
/// * `AUTH_APPLE_KEY_ID`: the id of the key, ten letters and digits.
/// * `AUTH_APPLE_KEY`: the private key for Sign in with Apple, PKCS#8 in PEM.
/// * `AUTH_APPLE_SECRET` (optional): in place of these three, a secret that you signed yourself.
///
/// Id, e-mail address (perhaps a relay) and whether it is verified. The name comes only with the first consent; later
/// the address stands for it. No picture.
pub const APPLE: Provider = Provider {
    id: "apple",
    name: "Apple",
    group: Group::Common,
    registration_url: Some("https://developer.apple.com/account/resources/identifiers/list/serviceId"),
    docs_url: Some("https://developer.apple.com/documentation/signinwithapple"),
    notes: &[
        "Auth.js wants a secret that you sign yourself at least every six months; here one is made out of the key, and \
         a secret of your own works as well.",
        "Apple answers with a form: the callback must be https, also while developing, and not on localhost.",
    ],
    profile_note: Some(
        "Id, e-mail address (perhaps a relay) and whether it is verified. The name comes only with the first \
         consent; later the address stands for it. No picture.",
    ),
    style: Style { background: "#000000", text: "#ffffff" },
    options: &[
        ProviderOption {
            name: "team_id",
            doc: "the id of your team, ten letters and digits",
            kind: OptionKind::Name,
            need: Need::Required,
            ..OPTION
        },
        ProviderOption {
            name: "key_id",
            doc: "the id of the key, ten letters and digits",
            kind: OptionKind::Name,
            need: Need::Required,
            ..OPTION
        },
        ProviderOption {
            name: "key",
            doc: "the private key for Sign in with Apple, PKCS#8 in PEM",
            kind: OptionKind::Secret,
            need: Need::Required,
            ..OPTION
        },
    ],
    issuer: Some("https://appleid.apple.com"),
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
    profile: ProfileMap {
        name: "join(' ', /user/name/firstName, /user/name/lastName) ?? /email",
        image: "",
        ..STANDARD_CLAIMS
    },
    ..OIDC
};

/// Facebook accounts.
///
/// Register at <https://developers.facebook.com/apps/> with the redirect URI
/// `https://app.example/api/auth/callback/facebook`, and set `AUTH_FACEBOOK_ID` and `AUTH_FACEBOOK_SECRET`.
///
/// Id (of this person for this application), name, picture, and the e-mail address unless the account has only a phone
/// number. Facebook does not say whether it is verified.
pub const FACEBOOK: Provider = Provider {
    id: "facebook",
    name: "Facebook",
    group: Group::Common,
    registration_url: Some("https://developers.facebook.com/apps/"),
    docs_url: Some("https://developers.facebook.com/docs/facebook-login/"),
    notes: &[
        "Auth.js asks version 19.0 for the scope `email` only; here it is 24.0, and `public_profile` is asked for by \
         name.",
    ],
    profile_note: Some(
        "Id (of this person for this application), name, picture, and the e-mail address unless the account has only \
         a phone number. Facebook does not say whether it is verified.",
    ),
    style: Style { background: "#006aff", text: "#ffffff" },
    authorization: Some("https://www.facebook.com/v24.0/dialog/oauth"),
    token: Some("https://graph.facebook.com/oauth/access_token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://graph.facebook.com/me"),
        query: &[("fields", "id,name,email,picture")],
        ..GET
    }],
    scope: "email public_profile",
    scope_separator: ",",
    token_answer: TokenAnswer {
        error: "/error/code ?? /error",
        error_description: "/error/message ?? /error_description",
        ..TOKEN_ANSWER
    },
    profile: ProfileMap { id: "/id", name: "/name", email: "/email", image: "/picture/data/url", ..NOTHING },
    ..OAUTH2
};
