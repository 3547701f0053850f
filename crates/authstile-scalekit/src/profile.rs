//! The profile that Scalekit gives of a user.

use authstile::Claims;
use serde::{Deserialize, Serialize};

/// The claims of a Scalekit ID token, typed, and every further claim as it came.
///
/// Which claims are there depends on the connection: an enterprise identity provider often sends neither a name nor
/// `email_verified`, and social or passwordless sign-ins have no `oid`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScalekitProfile {
    /// The user: `usr_…` where Scalekit owns the users (full-stack auth), `conn_…;<id at the identity provider>` where
    /// the application does (modular SSO).
    pub sub: String,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address was verified; absent means that nobody says so, not that it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// Full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// First name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// URL of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// The organization: `org_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<String>,
    /// How the user signed in; the first entry is the connection: `conn_…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// Scalekit's session: `ses_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Every other claim: custom attributes, groups, and whatever Scalekit adds.
    #[serde(flatten)]
    pub other: Claims,
}

impl ScalekitProfile {
    /// The name, or what there is of it.
    #[must_use]
    pub fn display_name(&self) -> Option<String> {
        let parts: Vec<&str> = [&self.given_name, &self.family_name]
            .into_iter()
            .filter_map(|part| part.as_deref())
            .filter(|part| !part.is_empty())
            .collect();
        self.name.clone().filter(|name| !name.is_empty()).or_else(|| (!parts.is_empty()).then(|| parts.join(" ")))
    }

    /// The connection that signed the user in: the first of `amr`.
    #[must_use]
    pub fn connection(&self) -> Option<&str> {
        self.amr.first().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_keeps_what_it_does_not_know() {
        let json = r#"{"sub":"conn_1;x","oid":"org_1","amr":["conn_1"],"department":{"id":7},"groups":["a"]}"#;
        let profile: ScalekitProfile = serde_json::from_str(json).unwrap();
        assert_eq!(profile.connection(), Some("conn_1"));
        assert_eq!(profile.other["department"]["id"], 7);
        assert_eq!(serde_json::to_value(&profile).unwrap(), serde_json::from_str::<serde_json::Value>(json).unwrap());
    }

    #[test]
    fn no_name_is_no_name() {
        let name = |json: &str| serde_json::from_str::<ScalekitProfile>(json).unwrap().display_name();
        assert_eq!(name(r#"{"sub":"1"}"#), None);
        assert_eq!(name(r#"{"sub":"1","given_name":"John"}"#).as_deref(), Some("John"));
        assert_eq!(name(r#"{"sub":"1","given_name":"John","family_name":"Doe"}"#).as_deref(), Some("John Doe"));
        assert_eq!(name(r#"{"sub":"1","name":"J. Doe","given_name":"John"}"#).as_deref(), Some("J. Doe"));
    }
}
