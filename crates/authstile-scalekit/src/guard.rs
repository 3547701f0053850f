//! Who was asked for must be who comes back.
//!
//! A request can name an organization and the connection of another one, and Scalekit then lets the connection win; only
//! the returned `oid` and `amr` say what happened. So they are compared with what was asked, at every sign-in.

use authstile::oauth::id_token::IdToken;
use authstile::{IdentityCheck, IdentityMismatch};
use serde_json::Value;

/// Refuses users of another organization or connection than the sign-in asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrganizationGuard;

impl IdentityCheck for OrganizationGuard {
    fn check(&self, id_token: &IdToken, asked: &[(String, String)]) -> Result<(), IdentityMismatch> {
        let asked = |name: &str| asked.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let organization = match id_token.claims().get("oid") {
            None | Some(Value::Null) => None,
            Some(Value::String(oid)) => Some(oid.as_str()),
            Some(_) => return Err(IdentityMismatch::Malformed("the claim \"oid\" is not a text")),
        };
        let connection =
            id_token.claims().get("amr").and_then(Value::as_array).and_then(|amr| amr.first()).and_then(Value::as_str);
        // In modular SSO the subject names the connection too; the two must not contradict each other.
        let of_subject = id_token
            .subject()
            .as_str()
            .split_once(';')
            .map(|(connection, _)| connection)
            .filter(|connection| connection.starts_with("conn_"));
        if let (Some(connection), Some(of_subject)) = (connection, of_subject)
            && connection != of_subject
        {
            return Err(IdentityMismatch::Malformed("the connection of \"sub\" is not that of \"amr\""));
        }
        if let Some(expected) = asked("organization_id").filter(|expected| organization != Some(*expected)) {
            return Err(IdentityMismatch::Organization {
                expected: expected.to_owned(),
                got: organization.map(str::to_owned),
            });
        }
        if let Some(expected) = asked("connection_id").filter(|expected| connection != Some(*expected)) {
            return Err(IdentityMismatch::Connection {
                expected: expected.to_owned(),
                got: connection.map(str::to_owned),
            });
        }
        Ok(())
    }
}
