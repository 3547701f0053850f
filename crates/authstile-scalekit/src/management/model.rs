//! What the management API speaks of.
//!
//! Everything is read tolerantly: unknown members are passed over, and what is absent or `null` is empty. Times are texts
//! of RFC 3339, as they came.

use std::fmt;

use authstile::clock::UnixTime;
use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

/// Which page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageRequest {
    size: Option<u32>,
    token: Option<String>,
}

impl PageRequest {
    /// The first page, of the size that Scalekit chooses.
    #[must_use]
    pub fn first() -> Self {
        Self::default()
    }

    /// The page that a `next_page_token` or `prev_page_token` stands for, for example one that went through a browser.
    #[must_use]
    pub fn at(token: impl Into<String>) -> Self {
        Self { size: None, token: Some(token.into()) }
    }

    /// How many at once; brought within what the call allows.
    #[must_use]
    pub fn size(self, size: u32) -> Self {
        Self { size: Some(size), ..self }
    }

    /// The parameters of the query.
    pub(super) fn write(&self, query: &mut Query, allowed: std::ops::RangeInclusive<u32>) {
        if let Some(size) = self.size {
            query.add("page_size", &size.clamp(*allowed.start(), *allowed.end()).to_string());
        }
        if let Some(token) = &self.token {
            query.add("page_token", token);
        }
    }
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How many there are on all pages, if Scalekit says so.
    pub total_size: Option<u64>,
    /// The page after it.
    pub next: Option<PageRequest>,
    /// The page before it.
    pub previous: Option<PageRequest>,
}

/// A page as the API writes it, where the list has another name in every call.
#[derive(Debug, Deserialize)]
pub(super) struct RawPage(Map<String, Value>);

impl RawPage {
    /// Reads the page that was asked for; `None` when the list is not what it should be.
    pub(super) fn read<T: DeserializeOwned>(mut self, list: &str, asked: &PageRequest) -> Option<Page<T>> {
        let items = match self.0.remove(list) {
            None | Some(Value::Null) => Vec::new(),
            Some(value) => serde_json::from_value(value).ok()?,
        };
        let page = |name: &str| match self.0.get(name) {
            Some(Value::String(token)) if !token.is_empty() => {
                Some(PageRequest { size: asked.size, token: Some(token.clone()) })
            }
            _ => None,
        };
        // The gateway writes 64-bit numbers as texts.
        let total_size = self.0.get("total_size").and_then(|value| match value {
            Value::String(text) => text.parse().ok(),
            value => value.as_u64(),
        });
        Some(Page { items, total_size, next: page("next_page_token"), previous: page("prev_page_token") })
    }
}

/// A customer of the application.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Organization {
    /// `org_…`.
    pub id: String,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub display_name: String,
    /// Your id for it.
    #[serde(default, deserialize_with = "unless_empty")]
    pub external_id: Option<String>,
    /// Its short name.
    #[serde(default, deserialize_with = "unless_empty")]
    pub slug: Option<String>,
    /// `US` or `EU`.
    #[serde(default, deserialize_with = "unless_empty")]
    pub region_code: Option<String>,
    /// What you keep with it.
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: Map<String, Value>,
    /// What is switched on for it.
    #[serde(default, deserialize_with = "or_default")]
    pub settings: OrganizationSettings,
    /// When it was made.
    #[serde(default, deserialize_with = "unless_empty")]
    pub create_time: Option<String>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "unless_empty")]
    pub update_time: Option<String>,
}

/// What is switched on for an organization.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrganizationSettings {
    /// `sso`, `dir_sync`, `domain_verification`, `session_policy`.
    #[serde(default, deserialize_with = "or_default")]
    pub features: Vec<Feature>,
}

impl OrganizationSettings {
    /// Whether a feature is switched on.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.features.iter().any(|feature| feature.name == name && feature.enabled)
    }
}

/// Something that an organization may use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Feature {
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Whether it is on.
    #[serde(default, deserialize_with = "or_default")]
    pub enabled: bool,
}

/// A connection to an identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Connection {
    /// `conn_…`.
    pub id: String,
    /// Whose it is, `org_…`; social connections belong to no one.
    #[serde(default, deserialize_with = "unless_empty")]
    pub organization_id: Option<String>,
    /// The name of that organization.
    #[serde(default, deserialize_with = "unless_empty")]
    pub organization_name: Option<String>,
    /// `OKTA`, `GOOGLE`, `MICROSOFT_AD`, …
    #[serde(default, deserialize_with = "or_default")]
    pub provider: String,
    /// `type`: `OIDC`, `SAML`, `OAUTH`, …
    #[serde(rename = "type", default, deserialize_with = "or_default")]
    pub protocol: String,
    /// `DRAFT`, `IN_PROGRESS` or `COMPLETED`.
    #[serde(default, deserialize_with = "or_default")]
    pub status: String,
    /// Whether it is switched on.
    #[serde(default, deserialize_with = "or_default")]
    pub enabled: bool,
    /// The e-mail domains that lead to it.
    #[serde(default, deserialize_with = "or_default")]
    pub domains: Vec<String>,
}

impl Connection {
    /// Whether somebody can sign in through it: set up completely and switched on.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.enabled && self.status.eq_ignore_ascii_case("COMPLETED")
    }
}

/// What a customer's administrator may set up in the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortalFeature {
    /// Single sign-on.
    Sso,
    /// Directory sync.
    DirSync,
}

impl PortalFeature {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sso => "sso",
            Self::DirSync => "dir_sync",
        }
    }
}

/// A link into the admin portal of one organization: whoever opens it first, within a minute, is its administrator for six
/// hours. It is a secret; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PortalLink {
    /// Its id.
    pub id: String,
    /// Where it leads.
    pub location: Url,
    /// Until when it can be opened.
    pub expire_time: Option<String>,
}

impl fmt::Debug for PortalLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortalLink").field("expire_time", &self.expire_time).finish_non_exhaustive()
    }
}

/// A session at Scalekit (full-stack auth).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserSession {
    /// `ses_…`.
    pub session_id: String,
    /// Whose it is, `usr_…`.
    #[serde(default, deserialize_with = "or_default")]
    pub user_id: String,
    /// The organization that is being used, `org_…`.
    #[serde(default, deserialize_with = "unless_empty")]
    pub organization_id: Option<String>,
    /// All organizations that were signed in to.
    #[serde(default, deserialize_with = "or_default")]
    pub authenticated_organizations: Vec<String>,
    /// `active`, `expired`, `revoked` or `logout`.
    #[serde(default, deserialize_with = "or_default")]
    pub status: String,
    /// When it was begun.
    #[serde(default, deserialize_with = "unless_empty")]
    pub created_at: Option<String>,
    /// When it was last used.
    #[serde(default, deserialize_with = "unless_empty")]
    pub last_active_at: Option<String>,
    /// When it ends if it is not used.
    #[serde(default, deserialize_with = "unless_empty")]
    pub idle_expires_at: Option<String>,
    /// When it ends in any case.
    #[serde(default, deserialize_with = "unless_empty")]
    pub absolute_expires_at: Option<String>,
    /// When it was ended.
    #[serde(default, deserialize_with = "unless_empty")]
    pub logout_at: Option<String>,
    /// On which device.
    #[serde(default, deserialize_with = "or_default")]
    pub device: Device,
}

impl UserSession {
    /// Whether it still is one.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status.eq_ignore_ascii_case("active")
    }
}

/// What a session knows about the machine that began it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Device {
    /// For example `Firefox`.
    #[serde(default, deserialize_with = "unless_empty")]
    pub browser: Option<String>,
    /// For example `Linux`.
    #[serde(default, deserialize_with = "unless_empty")]
    pub os: Option<String>,
    /// For example `desktop`.
    #[serde(default, deserialize_with = "unless_empty")]
    pub device_type: Option<String>,
    /// Its address.
    #[serde(default, deserialize_with = "unless_empty")]
    pub ip: Option<String>,
}

/// In which state a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the words of the API
pub enum SessionStatus {
    Active,
    Expired,
    Revoked,
    Logout,
}

impl SessionStatus {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Logout => "logout",
        }
    }
}

/// A customer's directory of people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Directory {
    /// `dir_…`.
    pub id: String,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Whose it is, `org_…`.
    #[serde(default, deserialize_with = "or_default")]
    pub organization_id: String,
    /// Whether it is switched on.
    #[serde(default, deserialize_with = "or_default")]
    pub enabled: bool,
    /// `SCIM`, `LDAP` or `POLL`.
    #[serde(default, deserialize_with = "or_default")]
    pub directory_type: String,
    /// For example `OKTA`.
    #[serde(default, deserialize_with = "or_default")]
    pub directory_provider: String,
    /// How far it is set up.
    #[serde(default, deserialize_with = "or_default")]
    pub status: String,
    /// When it last sent something.
    #[serde(default, deserialize_with = "unless_empty")]
    pub last_synced_at: Option<String>,
}

/// Somebody in a directory.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DirectoryUser {
    /// `diruser_…`.
    pub id: String,
    /// The address.
    #[serde(default, deserialize_with = "or_default")]
    pub email: String,
    /// All addresses.
    #[serde(default, deserialize_with = "or_default")]
    pub emails: Vec<String>,
    /// The name for signing in.
    #[serde(default, deserialize_with = "unless_empty")]
    pub preferred_username: Option<String>,
    /// First name.
    #[serde(default, deserialize_with = "unless_empty")]
    pub given_name: Option<String>,
    /// Last name.
    #[serde(default, deserialize_with = "unless_empty")]
    pub family_name: Option<String>,
    /// Of which groups.
    #[serde(default, deserialize_with = "or_default")]
    pub groups: Vec<DirectoryGroup>,
    /// When the entry was last changed.
    #[serde(default, deserialize_with = "unless_empty")]
    pub updated_at: Option<String>,
    /// What else the directory says; only where it was asked for.
    #[serde(default, deserialize_with = "or_default")]
    pub user_detail: Map<String, Value>,
}

/// A group in a directory.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DirectoryGroup {
    /// `dirgroup_…`.
    pub id: String,
    /// Its name. (Events have it as `name`.)
    #[serde(default, alias = "name", deserialize_with = "or_default")]
    pub display_name: String,
    /// When it was last changed.
    #[serde(default, deserialize_with = "unless_empty")]
    pub updated_at: Option<String>,
}

/// Which people or groups of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirectoryQuery {
    updated_after: Option<UnixTime>,
    group: Option<String>,
    detail: bool,
}

impl DirectoryQuery {
    /// Everybody.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only what was changed after this moment: what a periodic reconciliation asks for, to catch up with events that were
    /// lost. Take a moment a little before the last run, since clocks differ.
    #[must_use]
    pub fn updated_after(self, moment: UnixTime) -> Self {
        Self { updated_after: Some(moment), ..self }
    }

    /// Only the members of a group, `dirgroup_…`.
    #[must_use]
    pub fn in_group(self, group: impl Into<String>) -> Self {
        Self { group: Some(group.into()), ..self }
    }

    /// With everything that the directory says.
    #[must_use]
    pub fn detailed(self) -> Self {
        Self { detail: true, ..self }
    }

    pub(super) fn of_any_group(&self) -> Self {
        Self { group: None, ..self.clone() }
    }

    pub(super) fn write(&self, query: &mut Query) {
        if self.detail {
            query.add("include_detail", "true");
        }
        if let Some(group) = &self.group {
            query.add("directory_group_id", group);
        }
        if let Some(moment) = self.updated_after {
            query.add("updated_after", &moment.iso8601());
        }
    }
}

/// A path with a query behind it.
pub(super) struct Query {
    path: String,
    parameters: Vec<(String, String)>,
}

impl Query {
    pub(super) fn of(path: String) -> Self {
        Self { path, parameters: Vec::new() }
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.parameters.push((name.to_owned(), value.to_owned()));
    }

    pub(super) fn finish(self) -> String {
        if self.parameters.is_empty() {
            return self.path;
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(self.parameters).finish();
        format!("{}?{query}", self.path)
    }
}

fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The gateway writes an empty text where there is nothing.
fn unless_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}
