//! Identifiers that we send to Scalekit, each a type that only holds a valid one.
//!
//! What Scalekit tells us is only compared, so it may look as it likes; what goes into a request to it must not be able to
//! say anything but its name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longer than any identifier of Scalekit's (at most 32 characters by its OpenAPI description).
const MAX_LENGTH: usize = 64;

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{got:?} is no {what}: expected {prefix:?} and 1 to 64 letters, digits or underscores")]
pub struct InvalidId {
    /// The kind of identifier.
    pub what: &'static str,
    /// What it must begin with.
    pub prefix: &'static str,
    /// What was given, at most 100 characters of it.
    pub got: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads an identifier.
            ///
            /// # Errors
            /// When the text is anything else.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                if is_id(&text, $prefix) {
                    return Ok(Self(text));
                }
                Err(InvalidId { what: $what, prefix: $prefix, got: text.chars().take(100).collect() })
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id!(
    /// A connection to one identity provider: `conn_…`.
    ConnectionId,
    "connection id",
    "conn_"
);
id!(
    /// An organization, that is a customer of the application: `org_…`.
    OrganizationId,
    "organization id",
    "org_"
);

/// Scalekit's own are numbers; the underscore is for environments that name them, as the development provider does.
fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        !rest.is_empty()
            && rest.len() <= MAX_LENGTH
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_can_say_nothing_but_their_name() {
        for good in ["conn_70087756662964366", "conn_1", "conn_acme_okta"] {
            assert_eq!(ConnectionId::parse(good).unwrap().as_str(), good);
        }
        let long = format!("conn_{}", "1".repeat(65));
        for bad in [
            "",
            "conn",
            "conn_",
            "con_1",
            "org_1",
            "CONN_1",
            " conn_1",
            "conn_1 ",
            "conn_1&organization_id=org_evil",
            "conn_a-b",
            "conn_a;b",
            "conn_a/b",
            "conn_ä",
            "conn_1\n",
            "conn_1\0",
            &long,
        ] {
            assert!(ConnectionId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(OrganizationId::parse("org_1").is_ok());
        assert!(OrganizationId::parse("conn_1").is_err());
    }

    #[test]
    fn they_stay_valid_over_serde() {
        assert_eq!(serde_json::from_str::<OrganizationId>(r#""org_1""#).unwrap().as_str(), "org_1");
        assert!(serde_json::from_str::<OrganizationId>(r#""org_1&x""#).is_err());
    }
}
