//! What `data` looks like (§6.4).

use serde_json::{Value, json};

use crate::directory::{Directory, DirectoryUser};
use crate::user::User;

pub(super) fn directory_user(organization_id: &str, directory: &Directory, user: &DirectoryUser) -> Value {
    let mut data = json!({ "id": user.id, "organization_id": organization_id });
    set_if(&mut data, "dp_id", user.dp_id.as_deref());
    set_if(&mut data, "preferred_username", user.preferred_username.as_deref());
    set_if(&mut data, "email", Some(user.email.as_str()));
    set_if(&mut data, "active", Some(user.active));
    set_if(&mut data, "name", user.full_name());
    set_if(&mut data, "given_name", user.given_name.as_deref());
    set_if(&mut data, "family_name", user.family_name.as_deref());
    let groups = directory.groups.iter().filter(|group| user.groups.contains(&group.id));
    let groups: Vec<_> = groups.map(|group| json!({ "id": group.id, "name": group.name })).collect();
    let roles: Vec<_> = user.roles.iter().map(|role| json!({ "role_name": role })).collect();
    set_if(&mut data, "groups", Some(groups));
    set_if(&mut data, "roles", Some(roles));
    set_if(&mut data, "custom_attributes", Some(user.attributes.clone()));
    set_if(&mut data, "raw_attributes", Some(json!({})));
    data
}

/// `connection_id` is the bridge between `usr_…` and the identity provider's id (§3.7).
pub(super) fn person(user: &User, connection_id: Option<&str>) -> Value {
    let identity = |id: &str| json!([{ "connection_id": id, "connection_user_id": user.id }]);
    let mut profile = json!({});
    set_if(&mut profile, "name", user.name.as_deref());
    set_if(&mut profile, "given_name", user.given_name.as_deref());
    set_if(&mut profile, "family_name", user.family_name.as_deref());
    set_if(&mut profile, "external_identities", connection_id.map(identity));
    json!({
        "id": user.full_stack_id(), "email": user.email,
        "external_id": user.external_id.as_deref().unwrap_or_default(), "user_profile": profile,
    })
}

pub(super) fn membership(user: &User, organization_id: &str, status: &str) -> Value {
    json!({
        "user": person(user, None),
        "organization_membership": {
            "organization_id": organization_id, "user_id": user.full_stack_id(), "membership_status": status,
        },
    })
}

pub(super) fn set_if(object: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(name.to_owned(), value.into());
    }
}
