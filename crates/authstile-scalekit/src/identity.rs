//! Who somebody is at Scalekit: more than a name and an address.

use std::fmt;

use authstile::{Claims, RevocationKey};
use authstile_oauth::access_token::VerifiedAccessToken;
use authstile_oauth::id_token::IdToken;
use authstile_oauth::word::Issuer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::keys;

/// What a sign-in says about a person beyond the profile: where they belong, how they came, what they may do.
///
/// Made to be kept with the session and read back; what is absent is not written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScalekitIdentity {
    /// `sub`: `usr_…` where Scalekit owns the users (full-stack auth), `conn_…;<id at the identity provider>` where the
    /// application does (modular SSO).
    pub subject: String,
    /// The part behind the first `;` of such a subject: a GUID, or an e-mail address, which may change hands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idp_user_id: Option<String>,
    /// `org_…`; social and passwordless sign-ins may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// `conn_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Scalekit's session, `ses_…`: what its logout messages name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Your id for the organization (`xoid`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_organization_id: Option<String>,
    /// Your id for the user (`xuid`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_user_id: Option<String>,
    /// Roles in the organization; only access tokens of full-stack auth have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Permissions that the roles give.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// Groups at the identity provider, if the connection maps them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Attributes that the customer or the application added, of any JSON type.
    #[serde(default, skip_serializing_if = "Claims::is_empty")]
    pub custom: Claims,
}

/// Why claims are no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A claim is missing or not what it has to be.
    #[error("the claim {name:?} is not {expected}")]
    WrongType {
        /// The claim.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The subject names another connection than `amr`.
    #[error("amr names connection {amr:?}, sub {sub:?}")]
    Connections {
        /// The first of `amr`.
        amr: String,
        /// The part of `sub` before the `;`.
        sub: String,
    },
    /// The access token is somebody else's, or for another organization.
    #[error("{name} is {id_token:?} in the ID token, {access_token:?} in the access token")]
    OtherAccessToken {
        /// `sub` or `oid`.
        name: &'static str,
        /// What the ID token says.
        id_token: String,
        /// What the access token says.
        access_token: String,
    },
}

impl ScalekitIdentity {
    /// From verified tokens.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn from_tokens(id_token: &IdToken, access_token: Option<&VerifiedAccessToken>) -> Result<Self, IdentityError> {
        Self::from_claims(id_token.claims(), access_token.map(VerifiedAccessToken::claims))
    }

    /// From the claims of verified tokens, as hooks have them. In full-stack auth the access token has roles, permissions
    /// and your own ids, which the ID token lacks.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn from_claims(id_token: &Claims, access_token: Option<&Claims>) -> Result<Self, IdentityError> {
        let subject = word(id_token, "sub")?.ok_or(IdentityError::WrongType { name: "sub", expected: "a text" })?;
        let tokens: Vec<&Claims> = std::iter::once(id_token).chain(access_token).collect();
        let organizations = tokens.iter().map(|claims| read_organization(claims)).collect::<Result<Vec<_>, _>>()?;
        if let Some(access_token) = access_token {
            check_same("sub", Some(subject), word(access_token, "sub")?)?;
            check_same("oid", word(id_token, "oid")?, word(access_token, "oid")?)?;
        }
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(Self {
            subject: subject.to_owned(),
            idp_user_id: owned(modular(subject).map(|(_, user)| user).filter(|user| !user.is_empty())),
            organization: owned(organizations.into_iter().flatten().next()),
            connection: owned(read_connection(id_token, subject)?),
            session_id: owned(first(&tokens, "sid")?),
            external_organization_id: owned(first(&tokens, "xoid")?),
            external_user_id: owned(first(&tokens, "xuid")?),
            roles: newest(&tokens, "roles"),
            permissions: newest(&tokens, "permissions"),
            groups: newest(&tokens, "groups"),
            custom: read_custom(&tokens),
        })
    }

    /// What tells this account from every other one, for as long as the identity provider does not rename the person.
    ///
    /// Where Scalekit owns the users, one account has one `usr_…` in all organizations. Elsewhere the organization belongs
    /// to the key: two customers' identity providers may each have a user of the same name.
    #[must_use]
    pub fn account_key(&self, issuer: &Issuer) -> AccountKey {
        let owned_by_scalekit = self.subject.starts_with("usr_");
        AccountKey {
            issuer: issuer.as_str().to_owned(),
            organization: self.organization.clone().filter(|_| !owned_by_scalekit),
            subject: self.subject.clone(),
        }
    }

    /// What the sessions of this sign-in are found by when an [event](crate::webhook) names them, beside the subject and the
    /// session at Scalekit. `email` is the address that the identity provider vouched for.
    #[must_use]
    pub fn revocation_keys(&self, issuer: &str, email: Option<&str>) -> Vec<RevocationKey> {
        keys::of_identity(issuer, self, email)
    }
}

/// The key of an account. Written out, its parts stand side by side with spaces between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccountKey {
    /// The environment.
    pub issuer: String,
    /// `org_…`, where the application owns the users.
    pub organization: Option<String>,
    /// `sub`.
    pub subject: String,
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither an issuer nor an organization has a space in it, so two keys never look alike.
        write!(f, "{} {} {}", self.issuer, self.organization.as_deref().unwrap_or("-"), self.subject)
    }
}

/// Claims that are no custom attributes: those of the standards, and those of Scalekit's own.
const KNOWN_CLAIMS: [&str; 41] = [
    "iss",
    "sub",
    "aud",
    "azp",
    "client_id",
    "exp",
    "iat",
    "nbf",
    "jti",
    "nonce",
    "at_hash",
    "c_hash",
    "auth_time",
    "acr",
    "amr",
    "act",
    "scope",
    "scopes",
    "oid",
    "sid",
    "xoid",
    "xuid",
    "roles",
    "permissions",
    "groups",
    "email",
    "email_verified",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "picture",
    "profile",
    "website",
    "locale",
    "zoneinfo",
    "phone_number",
    "phone_number_verified",
    "updated_at",
];

/// The two parts of a subject of modular SSO. The second may itself contain `;`.
fn modular(subject: &str) -> Option<(&str, &str)> {
    subject.split_once(';').filter(|(connection, _)| connection.starts_with("conn_"))
}

fn read_organization(claims: &Claims) -> Result<Option<&str>, IdentityError> {
    let organization = word(claims, "oid")?;
    if organization.is_some_and(|id| id.contains(|c: char| c.is_whitespace() || c.is_control())) {
        return Err(IdentityError::WrongType { name: "oid", expected: "a text without spaces" });
    }
    Ok(organization)
}

fn read_connection<'a>(claims: &'a Claims, subject: &'a str) -> Result<Option<&'a str>, IdentityError> {
    let first = match claims.get("amr") {
        None | Some(Value::Null) => None,
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => list.first().and_then(Value::as_str),
        Some(_) => return Err(IdentityError::WrongType { name: "amr", expected: "a list of texts" }),
    };
    let of_subject = modular(subject).map(|(connection, _)| connection);
    match (first, of_subject) {
        (Some(amr), Some(sub)) if amr != sub => {
            Err(IdentityError::Connections { amr: amr.to_owned(), sub: sub.to_owned() })
        }
        (first, of_subject) => Ok(first.or(of_subject)),
    }
}

/// A text claim from the first token that has it.
fn first<'a>(tokens: &[&'a Claims], name: &'static str) -> Result<Option<&'a str>, IdentityError> {
    let found = tokens.iter().map(|claims| word(claims, name)).collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().flatten().next())
}

/// A list from the last token that has it: the access token is renewed while the ID token stays.
fn newest(tokens: &[&Claims], name: &str) -> Vec<String> {
    tokens.iter().rev().map(|claims| texts(claims.get(name))).find(|list| !list.is_empty()).unwrap_or_default()
}

fn read_custom(tokens: &[&Claims]) -> Claims {
    let mut custom = Claims::new();
    for (name, value) in tokens.iter().copied().flatten().filter(|(name, _)| !KNOWN_CLAIMS.contains(&name.as_str())) {
        custom.entry(name).or_insert_with(|| value.clone());
    }
    custom
}

fn check_same(name: &'static str, id_token: Option<&str>, access_token: Option<&str>) -> Result<(), IdentityError> {
    match (id_token, access_token) {
        (Some(ours), Some(theirs)) if ours != theirs => {
            Err(IdentityError::OtherAccessToken { name, id_token: ours.to_owned(), access_token: theirs.to_owned() })
        }
        _ => Ok(()),
    }
}

/// A text that says something; an empty one is absent.
fn word<'a>(claims: &'a Claims, name: &'static str) -> Result<Option<&'a str>, IdentityError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(IdentityError::WrongType { name, expected: "a text" }),
    }
}

/// A list of texts, one text alone, or a list of objects with a name: groups come in all three.
fn texts(value: Option<&Value>) -> Vec<String> {
    let text = |value: &Value| {
        let name = || value.get("name").or_else(|| value.get("display_name")).and_then(Value::as_str);
        value.as_str().or_else(name).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
        Some(other) => text(other).into_iter().collect(),
        None => Vec::new(),
    }
}
