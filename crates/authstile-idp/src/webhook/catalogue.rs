//! The names of all events (§6.3).

/// Type and `object` of every catalogued event. For `connected_account` only the group is documented: its members are a
/// guess, as is the `object` of events whose sample is missing.
pub const EVENT_TYPES: &[(&str, &str)] = &[
    ("organization.created", "Organization"),
    ("organization.updated", "Organization"),
    ("organization.deleted", "Organization"),
    ("organization.domain_created", "Domain"),
    ("organization.domain_deleted", "Domain"),
    ("organization.domain_dns_verification_success", "Domain"),
    ("organization.domain_dns_verification_failed", "Domain"),
    ("organization.sso_created", "Connection"),
    ("organization.sso_enabled", "Connection"),
    ("organization.sso_disabled", "Connection"),
    ("organization.sso_deleted", "Connection"),
    ("organization.directory_enabled", "Directory"),
    ("organization.directory_disabled", "Directory"),
    ("organization.directory.user_created", "DirectoryUser"),
    ("organization.directory.user_updated", "DirectoryUser"),
    ("organization.directory.user_deleted", "DirectoryUser"),
    ("organization.directory.group_created", "DirectoryGroup"),
    ("organization.directory.group_updated", "DirectoryGroup"),
    ("organization.directory.group_deleted", "DirectoryGroup"),
    ("user.signup", "User"),
    ("user.login", "User"),
    ("user.logout", "User"),
    ("user.organization_invitation", "User"),
    ("user.organization_membership_created", "User"),
    ("user.organization_membership_updated", "User"),
    ("user.organization_membership_deleted", "User"),
    ("role.created", "Role"),
    ("role.updated", "Role"),
    ("role.deleted", "Role"),
    ("permission.created", "Permission"),
    ("permission.updated", "Permission"),
    ("permission.deleted", "Permission"),
    ("connected_account.created", "ConnectedAccount"),
    ("connected_account.updated", "ConnectedAccount"),
    ("connected_account.deleted", "ConnectedAccount"),
];

/// `object` of a type; receivers must not rely on it (§6.2).
pub(super) fn object_of(event_type: &str) -> &'static str {
    EVENT_TYPES.iter().find_map(|(name, object)| (*name == event_type).then_some(*object)).unwrap_or("Event")
}
