//! The shape of a seed file.

use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

/// Text that may turn out to be wrong later, when its line must still be known.
pub(super) type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    pub(super) mode: Option<Text>,
    pub(super) id_token_seconds: Option<i64>,
    pub(super) access_token_seconds: Option<i64>,
    #[serde(default)]
    pub(super) authorization_response_iss: bool,
    pub(super) signing_algorithm: Option<Text>,
    #[serde(default)]
    pub(super) acr_values: Vec<String>,
    #[serde(default)]
    pub(super) features: Vec<Text>,
    #[serde(default)]
    pub(super) readings: Vec<Text>,
    #[serde(default)]
    pub(super) clients: Vec<Client>,
    #[serde(default)]
    pub(super) organizations: Vec<Organization>,
    #[serde(default)]
    pub(super) social: Vec<Social>,
    #[serde(default)]
    pub(super) users: Vec<User>,
    #[serde(default)]
    pub(super) webhooks: Vec<Webhook>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    pub(super) id: Text,
    pub(super) secret: Option<String>,
    #[serde(default)]
    pub(super) redirect_uris: Vec<Text>,
    #[serde(default)]
    pub(super) post_logout_redirect_uris: Vec<Text>,
    pub(super) initiate_login_uri: Option<Text>,
    pub(super) back_channel_logout_uri: Option<Text>,
    pub(super) front_channel_logout_uri: Option<Text>,
    pub(super) authentication: Option<Text>,
    pub(super) jwks: Option<Text>,
    #[serde(default)]
    pub(super) require_pushed_requests: bool,
    #[serde(default)]
    pub(super) require_request_object: bool,
    #[serde(default)]
    pub(super) require_dpop: bool,
    #[serde(default)]
    pub(super) require_pkce: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Organization {
    pub(super) id: Text,
    pub(super) name: String,
    pub(super) external_id: Option<String>,
    #[serde(default)]
    pub(super) domains: Vec<String>,
    #[serde(default)]
    pub(super) allowed_email_domains: Vec<String>,
    #[serde(default)]
    pub(super) connections: Vec<Connection>,
    #[serde(default)]
    pub(super) directories: Vec<Directory>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Connection {
    pub(super) id: Text,
    pub(super) name: String,
    pub(super) provider: Option<String>,
    #[serde(rename = "type")]
    pub(super) protocol: Option<String>,
    pub(super) status: Option<Text>,
    pub(super) enabled: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Directory {
    pub(super) id: Text,
    pub(super) name: String,
    pub(super) provider: Option<String>,
    pub(super) enabled: Option<bool>,
    #[serde(default)]
    pub(super) groups: Vec<DirectoryGroup>,
    #[serde(default)]
    pub(super) users: Vec<DirectoryUser>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DirectoryGroup {
    pub(super) id: Text,
    pub(super) name: String,
    pub(super) external_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DirectoryUser {
    pub(super) id: Text,
    pub(super) email: String,
    pub(super) dp_id: Option<String>,
    pub(super) preferred_username: Option<String>,
    pub(super) given_name: Option<String>,
    pub(super) family_name: Option<String>,
    pub(super) active: Option<bool>,
    #[serde(default)]
    pub(super) groups: Vec<Text>,
    #[serde(default)]
    pub(super) roles: Vec<String>,
    #[serde(default)]
    pub(super) attributes: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Social {
    pub(super) provider: String,
    pub(super) connection: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) email: Text,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) given_name: Option<String>,
    pub(super) family_name: Option<String>,
    pub(super) preferred_username: Option<String>,
    pub(super) picture: Option<String>,
    pub(super) locale: Option<String>,
    pub(super) email_verified: Option<bool>,
    pub(super) active: Option<bool>,
    pub(super) external_id: Option<String>,
    #[serde(default)]
    pub(super) organizations: Vec<Text>,
    #[serde(default)]
    pub(super) roles: Vec<String>,
    #[serde(default)]
    pub(super) permissions: Vec<String>,
    #[serde(default)]
    pub(super) attributes: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Webhook {
    pub(super) url: Text,
    pub(super) secret: Text,
    pub(super) old_secret: Option<Text>,
    #[serde(default)]
    pub(super) events: Vec<Text>,
}
