//! Microsoft.

use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{NOTHING, ProfileMap, STANDARD_CLAIMS};
use authstile::provider::{
    Answer, GET, Group, ISSUER, IssuerCheck, OAUTH2, OIDC, OPTION, OnError, OptionKind, Provider, ProviderOption,
    Style, TOKEN_REQUEST, TokenRequest, TrailingSlash, UserInfoRequest,
};

/// All of them.
pub(super) const CARDS: &[&Provider] = &[&MICROSOFT_ENTRA_ID, &AZURE_AD, &AZURE_AD_B2C, &AZURE_DEVOPS];

/// Microsoft accounts of companies, schools and people.
///
/// Register at <https://entra.microsoft.com> with the redirect URI
/// `https://app.example/api/auth/callback/microsoft-entra-id`, and set `AUTH_MICROSOFT_ENTRA_ID_ID` and
/// `AUTH_MICROSOFT_ENTRA_ID_SECRET`.
///
/// * `AUTH_MICROSOFT_ENTRA_ID_TENANTS` (optional): the ids of the tenants whose people may sign in, with commas;
///   without it, anybody with a Microsoft account.
/// * `AUTH_MICROSOFT_ENTRA_ID_PROFILE_PHOTO_SIZE` (optional): pixels of the picture: 48, 64, 96, 120, 240, 360, 432,
///   504 or 648.
///
/// The issuer is `AUTH_MICROSOFT_ENTRA_ID_ISSUER`, or `https://login.microsoftonline.com/common/v2.0`: with your
/// tenant id in place of `common` only its people can sign in; `organizations` and `consumers` are known as well.
///
/// Id (of this person for this application), name, e-mail address, picture. The address may be any text that an
/// administrator wrote: only with the optional claim `xms_edov` is it known to be verified.
pub const MICROSOFT_ENTRA_ID: Provider = Provider {
    id: "microsoft-entra-id",
    name: "Microsoft Entra ID",
    group: Group::Enterprise,
    registration_url: Some("https://entra.microsoft.com"),
    docs_url: Some("https://learn.microsoft.com/en-us/entra/identity-platform/"),
    notes: &[
        "The account id is the claim `sub`, as with Auth.js: it differs between applications.",
        "Auth.js makes a second discovery for the tenant of an unverified ID token; here the issuer must fit the \
         claim `tid`, and the option `tenants` says who may come.",
        "The scope `User.Read` is for the picture only, and a failing request for it is ignored.",
        "Auth.js writes a blank into the data URI of the picture; here there is none.",
    ],
    profile_note: Some(
        "Id (of this person for this application), name, e-mail address, picture. The address may be any text that \
         an administrator wrote: only with the optional claim `xms_edov` is it known to be verified.",
    ),
    style: Style { background: "#0072c6", text: "#ffffff" },
    mark: Some("Ms"),
    options: &[
        ProviderOption {
            name: "tenants",
            doc: "the ids of the tenants whose people may sign in, with commas; without it, anybody with a Microsoft \
             account",
            ..OPTION
        },
        ProviderOption {
            name: "profile_photo_size",
            doc: "pixels of the picture: 48, 64, 96, 120, 240, 360, 432, 504 or 648",
            kind: OptionKind::Name,
            default: Some("48"),
            ..OPTION
        },
    ],
    issuer: Some("https://login.microsoftonline.com/common/v2.0"),
    issuer_check: IssuerCheck::TenantClaim,
    scope: "openid profile email User.Read",
    userinfo: &[UserInfoRequest {
        url: Some("https://graph.microsoft.com/v1.0/me/photos/{profile_photo_size}x{profile_photo_size}/$value"),
        answer: Answer::Picture,
        into: "/picture",
        on_error: OnError::Ignore,
        ..GET
    }],
    profile: ProfileMap { email_verified: "/email_verified ?? /xms_edov", ..STANDARD_CLAIMS },
    ..OIDC
};

/// Microsoft accounts under their former name and id; everything else is [`MICROSOFT_ENTRA_ID`].
///
/// Register at <https://entra.microsoft.com> with the redirect URI `https://app.example/api/auth/callback/azure-ad`,
/// and set `AUTH_AZURE_AD_ID` and `AUTH_AZURE_AD_SECRET`.
///
/// The further variables are those of [`MICROSOFT_ENTRA_ID`] with `AZURE_AD` in their names: `AUTH_AZURE_AD_ISSUER`,
/// `AUTH_AZURE_AD_TENANTS`, `AUTH_AZURE_AD_PROFILE_PHOTO_SIZE`.
pub const AZURE_AD: Provider = Provider {
    id: "azure-ad",
    name: "Azure Active Directory",
    group: Group::Enterprise,
    deprecated: Some("Microsoft renamed it: use microsoft-entra-id"),
    registration_url: Some("https://entra.microsoft.com"),
    docs_url: Some("https://learn.microsoft.com/en-us/entra/identity-platform/"),
    notes: &["Auth.js reads AUTH_MICROSOFT_ENTRA_ID_ISSUER for this id too; here it is AUTH_AZURE_AD_ISSUER."],
    style: Style { background: "#0072c6", text: "#ffffff" },
    mark: Some("Az"),
    ..MICROSOFT_ENTRA_ID
};

/// Azure AD B2C, Microsoft's directory of customers.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/azure-ad-b2c`, and set
/// `AUTH_AZURE_AD_B2C_ID`, `AUTH_AZURE_AD_B2C_SECRET` and `AUTH_AZURE_AD_B2C_ISSUER`.
///
/// * `AUTH_AZURE_AD_B2C_ISSUER`: the issuer, as the discovery document of your user flow says it, such as
///   `https://acme.b2clogin.com/tfp/00000000-0000-0000-0000-000000000000/b2c_1_signin/v2.0/`.
///
/// Id, name and the first of the e-mail addresses, as far as the user flow returns them. No picture.
pub const AZURE_AD_B2C: Provider = Provider {
    id: "azure-ad-b2c",
    name: "Azure AD B2C",
    group: Group::Enterprise,
    docs_url: Some("https://learn.microsoft.com/en-us/azure/active-directory-b2c/"),
    notes: &["Choose the issuer with `tfp` in the user flow: with any other, the discovery document is not below the \
         issuer, and a card of your own must name it as `discovery`."],
    profile_note: Some(
        "Id, name and the first of the e-mail addresses, as far as the user flow returns them. No picture.",
    ),
    style: Style { background: "#0072c6", text: "#ffffff" },
    mark: Some("B2"),
    options: &[ProviderOption {
        doc: "the issuer, as the discovery document of your user flow says it, such as \
         https://acme.b2clogin.com/tfp/00000000-0000-0000-0000-000000000000/b2c_1_signin/v2.0/",
        trailing_slash: TrailingSlash::Keep,
        ..ISSUER
    }],
    issuer: Some("{issuer}"),
    profile: ProfileMap {
        name: "/name ?? /preferred_username",
        email: "/emails/0",
        email_verified: "",
        image: "",
        ..STANDARD_CLAIMS
    },
    ..OIDC
};

/// Azure DevOps, through its own OAuth.
///
/// Register with the redirect URI `https://app.example/api/auth/callback/azure-devops`, and set `AUTH_AZURE_DEVOPS_ID`
/// and `AUTH_AZURE_DEVOPS_SECRET`.
///
/// Id, name, e-mail address, picture. Azure DevOps does not say whether the address is verified.
pub const AZURE_DEVOPS: Provider = Provider {
    id: "azure-devops",
    name: "Azure DevOps",
    group: Group::Developer,
    deprecated: Some("Microsoft takes no new applications since 2025 and ends it in 2026: use microsoft-entra-id"),
    docs_url: Some(
        "https://learn.microsoft.com/en-us/azure/devops/integrate/get-started/authentication/azure-devops-oauth",
    ),
    notes: &[
        "Auth.js sends a plain code to the authorization endpoint, as it never runs its own token request; here the \
         assertion goes to the token endpoint, as Microsoft documents.",
    ],
    profile_note: Some("Id, name, e-mail address, picture. Azure DevOps does not say whether the address is verified."),
    style: Style { background: "#0062ad", text: "#ffffff" },
    authorization: Some("https://app.vssps.visualstudio.com/oauth2/authorize"),
    token: Some("https://app.vssps.visualstudio.com/oauth2/token"),
    userinfo: &[UserInfoRequest {
        url: Some("https://app.vssps.visualstudio.com/_apis/profile/profiles/me"),
        query: &[("details", "true"), ("coreAttributes", "Avatar"), ("api-version", "6.0")],
        ..GET
    }],
    scope: "vso.profile",
    response_type: "Assertion",
    token_request: TokenRequest {
        params: &[
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", "{client_secret}"),
        ],
        rename: &[("code", "assertion"), ("client_id", ""), ("client_secret", "")],
        ..TOKEN_REQUEST
    },
    client_authentication: Some(ClientAuthentication::Post),
    profile: ProfileMap {
        id: "/id",
        name: "/displayName",
        email: "/emailAddress",
        image: "concat('data:image/jpeg;base64,', /coreAttributes/Avatar/value/value)",
        ..NOTHING
    },
    ..OAUTH2
};
