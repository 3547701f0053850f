//! Who was asked for must be who comes back.
//!
//! A request can name an organization and the connection of another one, and Scalekit then lets the connection win; only
//! the returned `oid` and `amr` say what happened. So they are compared with what was asked, at every sign-in.

use std::collections::BTreeMap;

use authstile::oauth::id_token::IdToken;
use authstile::{IdentityCheck, IdentityMismatch};
use serde_json::Value;

use crate::email::EmailDomain;

/// Refuses users of another organization or connection than the sign-in asked for, and addresses of other domains than
/// were asked for or allowed.
#[derive(Debug, Clone, Default)]
pub struct OrganizationGuard {
    /// The domains of an organization's own addresses, by organization.
    domains: BTreeMap<String, Vec<EmailDomain>>,
}

impl OrganizationGuard {
    /// Allows members of an organization only addresses of these domains.
    pub(crate) fn allow(&mut self, organization: String, domains: impl IntoIterator<Item = EmailDomain>) {
        self.domains.entry(organization).or_default().extend(domains);
    }
}

impl IdentityCheck for OrganizationGuard {
    fn check(&self, id_token: &IdToken, asked: &[(String, String)]) -> Result<(), IdentityMismatch> {
        let asked = |name: &str| asked.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let organization = organization(id_token)?;
        let connection = connection(id_token)?;
        if let Some(expected) = asked("organization_id").filter(|expected| organization != Some(*expected)) {
            let got = organization.map(str::to_owned);
            return Err(IdentityMismatch::Organization { expected: expected.to_owned(), got });
        }
        if let Some(expected) = asked("connection_id").filter(|expected| connection != Some(*expected)) {
            let got = connection.map(str::to_owned);
            return Err(IdentityMismatch::Connection { expected: expected.to_owned(), got });
        }
        self.check_domain(id_token, organization, asked("domain"))
    }
}

impl OrganizationGuard {
    /// An organization with a list is held to it, whatever was asked; elsewhere the domain that was asked for counts.
    fn check_domain(
        &self,
        id_token: &IdToken,
        organization: Option<&str>,
        asked: Option<&str>,
    ) -> Result<(), IdentityMismatch> {
        let listed = organization.and_then(|organization| self.domains.get(organization));
        let allowed: Vec<&str> = match (listed, asked) {
            (Some(listed), _) => listed.iter().map(EmailDomain::as_str).collect(),
            (None, Some(asked)) => vec![asked],
            (None, None) => return Ok(()),
        };
        let address = id_token.text("email").map(str::to_lowercase);
        let got = address.as_deref().and_then(|address| address.rsplit_once('@')).map(|(_, domain)| domain);
        if got.is_some_and(|got| allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(got))) {
            return Ok(());
        }
        Err(IdentityMismatch::Domain { expected: allowed.join(" "), got: got.map(str::to_owned) })
    }
}

fn organization(id_token: &IdToken) -> Result<Option<&str>, IdentityMismatch> {
    match id_token.claims().get("oid") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(oid)) => Ok(Some(oid)),
        Some(_) => Err(IdentityMismatch::Malformed("the claim \"oid\" is not a text")),
    }
}

/// The connection: the first of `amr`. In modular SSO the subject names it too, and the two must not contradict each other.
fn connection(id_token: &IdToken) -> Result<Option<&str>, IdentityMismatch> {
    let connection = id_token.claims().get("amr").and_then(Value::as_array).and_then(|amr| amr.first());
    let connection = connection.and_then(Value::as_str);
    let of_subject = id_token.subject().as_str().split_once(';').map(|(connection, _)| connection);
    let of_subject = of_subject.filter(|connection| connection.starts_with("conn_"));
    match (connection, of_subject) {
        (Some(connection), Some(of_subject)) if connection != of_subject => {
            Err(IdentityMismatch::Malformed("the connection of \"sub\" is not that of \"amr\""))
        }
        _ => Ok(connection),
    }
}
