//! Directories, for reconciliation (§6.6).

use serde_json::{Value, json};

use super::error::{ApiError, NOT_FOUND};
use super::organizations::find;
use super::paging::page;
use super::switched;
use crate::directory::{Directory, DirectoryGroup, DirectoryUser};
use crate::environment::Environment;
use crate::http_text::Call;
use crate::idp::Idp;
use crate::rfc3339;

/// The largest page of people or groups.
const LARGEST: usize = 30;

fn directory<'a>(environment: &'a Environment, organization_id: &str, id: &str) -> Result<&'a Directory, ApiError> {
    let organization = find(environment, organization_id)?;
    organization.directories.iter().find(|directory| directory.id == id).ok_or(NOT_FOUND)
}

pub(super) fn list(environment: &Environment, organization_id: &str) -> Result<Value, ApiError> {
    let organization = find(environment, organization_id)?;
    let object = |directory| object(environment, organization_id, directory);
    Ok(json!({ "directories": organization.directories.iter().map(object).collect::<Vec<_>>() }))
}

pub(super) fn one(environment: &Environment, organization_id: &str, id: &str) -> Result<Value, ApiError> {
    let directory = directory(environment, organization_id, id)?;
    Ok(json!({ "directory": object(environment, organization_id, directory) }))
}

/// `directory_group_id`, `updated_after` and `include_detail`. That deactivated people are listed too, and that the
/// detail says `active`, is a guess.
pub(super) fn users(
    environment: &Environment,
    organization_id: &str,
    id: &str,
    call: &Call,
) -> Result<Value, ApiError> {
    let directory = directory(environment, organization_id, id)?;
    let after = updated_after(call)?;
    let group = call.query.get("directory_group_id");
    let detailed = call.query.get("include_detail") == Some("true");
    let is_wanted = |user: &&DirectoryUser| {
        let changed = user.updated_at.unwrap_or(environment.born_at);
        after.is_none_or(|after| changed > after) && group.is_none_or(|group| user.groups.iter().any(|id| id == group))
    };
    let object = |user: &DirectoryUser| {
        let mut object = json!({
            "id": user.id,
            "email": user.email,
            "emails": [user.email],
            "preferred_username": user.preferred_username.as_deref().unwrap_or_default(),
            "given_name": user.given_name.as_deref().unwrap_or_default(),
            "family_name": user.family_name.as_deref().unwrap_or_default(),
            "groups": groups_of(directory, user),
            "updated_at": rfc3339::to_text(user.updated_at.unwrap_or(environment.born_at)),
        });
        if let Some(object) = object.as_object_mut().filter(|_| detailed) {
            object.insert("user_detail".to_owned(), detail(user));
        }
        object
    };
    page(call, "users", directory.users.iter().filter(is_wanted).map(object).collect(), LARGEST)
}

pub(super) fn groups(
    environment: &Environment,
    organization_id: &str,
    id: &str,
    call: &Call,
) -> Result<Value, ApiError> {
    let directory = directory(environment, organization_id, id)?;
    let after = updated_after(call)?.filter(|after| *after >= environment.born_at);
    let groups = directory.groups.iter().filter(|_| after.is_none());
    let object = |group: &DirectoryGroup| {
        let members = directory.users.iter().filter(|user| user.groups.contains(&group.id)).count();
        json!({
            "id": group.id,
            "display_name": group.name,
            "total_users": members,
            "updated_at": rfc3339::to_text(environment.born_at),
        })
    };
    page(call, "groups", groups.map(object).collect(), LARGEST)
}

/// `{id}:enable`, `{id}:disable`.
pub(super) fn switch(
    idp: &Idp,
    environment: &Environment,
    organization_id: &str,
    target: &str,
) -> Result<Value, ApiError> {
    let (id, enabled) = switched(target)?;
    directory(environment, organization_id, id)?;
    idp.set_directory_enabled(id, enabled);
    Ok(json!({ "enabled": enabled, "error_message": "" }))
}

fn updated_after(call: &Call) -> Result<Option<i64>, ApiError> {
    let parse = |text| rfc3339::from_text(text).ok_or(ApiError::invalid("updated_after", "not a point in time"));
    call.query.get("updated_after").map(parse).transpose()
}

fn object(environment: &Environment, organization_id: &str, directory: &Directory) -> Value {
    json!({
        "id": directory.id,
        "name": directory.name,
        "organization_id": organization_id,
        "enabled": directory.enabled,
        "directory_type": "SCIM",
        "directory_provider": directory.provider,
        "status": "COMPLETED",
        "directory_endpoint": format!("{}/directories/{}/scim/v2", environment.issuer, directory.id),
        "total_users": directory.users.len(),
        "total_groups": directory.groups.len(),
        "last_synced_at": rfc3339::to_text(environment.born_at),
    })
}

/// Here a group's name is `display_name`, in events `name`.
fn groups_of(directory: &Directory, user: &DirectoryUser) -> Vec<Value> {
    let groups = directory.groups.iter().filter(|group| user.groups.contains(&group.id));
    groups.map(|group| json!({ "id": group.id, "display_name": group.name })).collect()
}

fn detail(user: &DirectoryUser) -> Value {
    let roles: Vec<_> = user.roles.iter().map(|role| json!({ "role_name": role })).collect();
    json!({
        "active": user.active,
        "dp_id": user.dp_id.as_deref().unwrap_or_default(),
        "roles": roles,
        "custom_attributes": user.attributes,
    })
}
