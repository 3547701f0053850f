//! Connections (§7.2).

use serde_json::{Value, json};

use super::error::{ApiError, NOT_FOUND};
use super::organizations::find;
use super::switched;
use crate::environment::Environment;
use crate::http_text::Call;
use crate::idp::Idp;
use crate::model::{Connection, Organization};

/// By organization or by domain, otherwise all (a guess). Without `include=all` only active ones. The domain is folded
/// to lower case, which is a guess too (§12).
pub(super) fn list(environment: &Environment, call: &Call) -> Result<Value, ApiError> {
    let domain = call.query.get("domain").map(str::to_ascii_lowercase);
    let organization_id = call.query.get("organization_id");
    let everything = call.query.get("include") == Some("all");
    let is_asked = |organization: &&Organization| {
        organization_id.is_none_or(|id| organization.id == id)
            && domain.as_ref().is_none_or(|domain| organization.domains.contains(domain))
    };
    let found: Vec<_> = environment
        .organizations
        .iter()
        .filter(is_asked)
        .flat_map(|organization| organization.connections.iter().map(move |connection| (organization, connection)))
        .filter(|(_, connection)| everything || connection.is_active())
        .map(|(organization, connection)| object(organization, connection))
        .collect();
    Ok(json!({ "connections": found }))
}

pub(super) fn one(environment: &Environment, organization_id: &str, id: &str) -> Result<Value, ApiError> {
    let organization = find(environment, organization_id)?;
    let connection = organization.connections.iter().find(|connection| connection.id == id).ok_or(NOT_FOUND)?;
    Ok(json!({ "connection": object(organization, connection) }))
}

/// `{id}:enable`, `{id}:disable`.
pub(super) fn switch(
    idp: &Idp,
    environment: &Environment,
    organization_id: &str,
    target: &str,
) -> Result<Value, ApiError> {
    let (id, enabled) = switched(target)?;
    one(environment, organization_id, id)?;
    idp.set_connection_enabled(id, enabled);
    Ok(json!({ "enabled": enabled, "error_message": "" }))
}

pub(super) fn delete(idp: &Idp, environment: &Environment, organization_id: &str, id: &str) -> Result<Value, ApiError> {
    one(environment, organization_id, id)?;
    idp.delete_connection(id);
    Ok(json!({}))
}

fn object(organization: &Organization, connection: &Connection) -> Value {
    json!({
        "id": connection.id,
        "organization_id": organization.id,
        "organization_name": organization.name,
        "provider": connection.provider,
        "type": connection.protocol,
        "status": connection.status(),
        "enabled": connection.enabled,
        "domains": organization.domains,
    })
}
