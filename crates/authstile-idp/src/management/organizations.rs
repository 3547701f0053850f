//! Organizations and their domains (§7.2).

use serde_json::{Value, json};

use super::error::{ApiError, NOT_FOUND};
use super::paging::page;
use crate::environment::Environment;
use crate::http_text::Call;
use crate::model::Organization;
use crate::rfc3339;

pub(super) fn find<'a>(environment: &'a Environment, id: &str) -> Result<&'a Organization, ApiError> {
    environment.organization(id).ok_or(NOT_FOUND)
}

pub(super) fn list(environment: &Environment, call: &Call) -> Result<Value, ApiError> {
    let all = environment.organizations.iter().map(|organization| object(environment, organization)).collect();
    page(call, "organizations", all, 100)
}

pub(super) fn one(environment: &Environment, id: &str) -> Result<Value, ApiError> {
    let organization = find(environment, id)?;
    Ok(json!({ "organization": object(environment, organization) }))
}

pub(super) fn by_external_id(environment: &Environment, id: &str) -> Result<Value, ApiError> {
    let mut organizations = environment.organizations.iter();
    let found = organizations.find(|organization| organization.external_id.as_deref() == Some(id));
    Ok(json!({ "organization": object(environment, found.ok_or(NOT_FOUND)?) }))
}

fn object(environment: &Environment, organization: &Organization) -> Value {
    let born_at = rfc3339::to_text(environment.born_at);
    let has_directories = !organization.directories.is_empty();
    json!({
        "id": organization.id,
        "display_name": organization.name,
        "external_id": organization.external_id.as_deref().unwrap_or_default(),
        "region_code": "US",
        "slug": organization.name.to_lowercase().replace(' ', "-"),
        "metadata": {},
        "create_time": born_at,
        "update_time": born_at,
        "settings": { "features": [
            { "name": "sso", "enabled": true },
            { "name": "dir_sync", "enabled": has_directories },
        ] },
    })
}

/// `domain_type` filters. Domains that the environment was set up with count as verified without proof (§2.3).
pub(super) fn domains(environment: &Environment, id: &str, call: &Call) -> Result<Value, ApiError> {
    let wanted = call.query.get("domain_type");
    let is_wanted = |domain: &Value| wanted.is_none_or(|wanted| domain["domain_type"] == wanted);
    let found: Vec<_> = all_domains(environment, find(environment, id)?).into_iter().filter(is_wanted).collect();
    Ok(json!({ "domains": found }))
}

pub(super) fn domain(environment: &Environment, id: &str, domain: &str) -> Result<Value, ApiError> {
    let all = all_domains(environment, find(environment, id)?);
    let found = all.into_iter().find(|found| found["id"] == domain);
    Ok(json!({ "domain": found.ok_or(NOT_FOUND)? }))
}

fn all_domains(environment: &Environment, organization: &Organization) -> Vec<Value> {
    let routing = organization.domains.iter().map(|domain| (domain, "ORGANIZATION_DOMAIN"));
    let allowed = organization.allowed_email_domains.iter().map(|domain| (domain, "ALLOWED_EMAIL_DOMAIN"));
    let object = |(domain, kind): (&String, &str)| {
        json!({
            "id": format!("dom_{domain}"), "domain": domain, "domain_type": kind,
            "organization_id": organization.id, "environment_id": environment.id,
            "verification_status": "AUTO_VERIFIED", "verification_method": "ADMIN",
        })
    };
    routing.chain(allowed).map(object).collect()
}
