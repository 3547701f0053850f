//! What can happen at Scalekit.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The `type` of an event. What we do not know is kept as [`Unknown`](Self::Unknown): acknowledge it and go on.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventKind {
            $($(#[$doc])* $variant,)*
            /// `connected_account.…`: what happened to an account that an agent uses, the part behind the dot.
            ConnectedAccount(String),
            /// Any other type, as it came.
            Unknown(String),
        }

        impl EventKind {
            /// Every type that is known by name.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Reads a type. Names that Scalekit used earlier are read as those of today.
            #[must_use]
            pub fn parse(name: &str) -> Self {
                match of_today(name) {
                    $($name => Self::$variant,)*
                    other => match other.strip_prefix(CONNECTED_ACCOUNT) {
                        Some(what) if !what.is_empty() => Self::ConnectedAccount(what.to_owned()),
                        _ => Self::Unknown(other.to_owned()),
                    },
                }
            }
        }

        impl fmt::Display for EventKind {
            /// The name of today; the text of an unknown type is the sender's.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($name),)*
                    Self::ConnectedAccount(what) => write!(f, "{CONNECTED_ACCOUNT}{what}"),
                    Self::Unknown(name) => f.write_str(name),
                }
            }
        }
    };
}

const CONNECTED_ACCOUNT: &str = "connected_account.";

kinds! {
    /// A customer was added.
    OrganizationCreated = "organization.created",
    /// A customer's data changed.
    OrganizationUpdated = "organization.updated",
    /// A customer is gone.
    OrganizationDeleted = "organization.deleted",
    /// An e-mail domain was added.
    DomainCreated = "organization.domain_created",
    /// An e-mail domain was taken away.
    DomainDeleted = "organization.domain_deleted",
    /// The DNS record of a domain was found.
    DomainVerified = "organization.domain_dns_verification_success",
    /// The DNS record of a domain was not found in time.
    DomainVerificationFailed = "organization.domain_dns_verification_failed",
    /// A connection was added; nobody can use it yet.
    ConnectionCreated = "organization.sso_created",
    /// A connection was switched on.
    ConnectionEnabled = "organization.sso_enabled",
    /// A connection was switched off.
    ConnectionDisabled = "organization.sso_disabled",
    /// A connection is gone.
    ConnectionDeleted = "organization.sso_deleted",
    /// Directory sync was switched on.
    DirectoryEnabled = "organization.directory_enabled",
    /// Directory sync was switched off; nothing is known about its users from here on.
    DirectoryDisabled = "organization.directory_disabled",
    /// Somebody appeared in the customer's directory.
    DirectoryUserCreated = "organization.directory.user_created",
    /// Somebody changed there; also how many directories switch people off.
    DirectoryUserUpdated = "organization.directory.user_updated",
    /// Somebody is gone from there.
    DirectoryUserDeleted = "organization.directory.user_deleted",
    /// A group appeared.
    DirectoryGroupCreated = "organization.directory.group_created",
    /// A group changed.
    DirectoryGroupUpdated = "organization.directory.group_updated",
    /// A group is gone; its members get events of their own.
    DirectoryGroupDeleted = "organization.directory.group_deleted",
    /// Somebody signed up.
    UserSignup = "user.signup",
    /// Somebody signed in.
    UserLogin = "user.login",
    /// Somebody's session at Scalekit ended, for whatever reason.
    UserLogout = "user.logout",
    /// Somebody was invited to an organization.
    UserInvited = "user.organization_invitation",
    /// Somebody became a member of an organization.
    MembershipCreated = "user.organization_membership_created",
    /// Somebody's membership changed, for example the role.
    MembershipUpdated = "user.organization_membership_updated",
    /// Somebody is no longer a member of an organization.
    MembershipDeleted = "user.organization_membership_deleted",
    /// A role was added.
    RoleCreated = "role.created",
    /// A role changed.
    RoleUpdated = "role.updated",
    /// A role is gone.
    RoleDeleted = "role.deleted",
    /// A permission was added.
    PermissionCreated = "permission.created",
    /// A permission changed.
    PermissionUpdated = "permission.updated",
    /// A permission is gone.
    PermissionDeleted = "permission.deleted",
}

/// The name of today for one of 2024.
fn of_today(name: &str) -> &str {
    match name {
        "scalekit.dir.user.create" => "organization.directory.user_created",
        "scalekit.dir.user.update" => "organization.directory.user_updated",
        "scalekit.dir.user.delete" => "organization.directory.user_deleted",
        "scalekit.dir.group.create" => "organization.directory.group_created",
        "scalekit.dir.group.update" => "organization.directory.group_updated",
        "scalekit.dir.group.delete" => "organization.directory.group_deleted",
        "scalekit.dir.sync.enable" => "organization.directory_enabled",
        "scalekit.dir.sync.disable" => "organization.directory_disabled",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for kind in EventKind::ALL {
            assert_eq!(&EventKind::parse(&kind.to_string()), kind);
        }
        assert_eq!(EventKind::ALL.len(), 32);
        assert_eq!(EventKind::parse("scalekit.dir.user.delete"), EventKind::DirectoryUserDeleted);
        assert_eq!(EventKind::parse("scalekit.dir.sync.disable"), EventKind::DirectoryDisabled);
        assert_eq!(EventKind::parse("connected_account.expired"), EventKind::ConnectedAccount("expired".to_owned()));
    }

    #[test]
    fn names_that_no_catalogue_has_are_kept_and_mean_nothing() {
        for name in ["user.deleted", "session.expired", "membership.deleted", "connected_account.", "", "User.Logout"] {
            assert_eq!(EventKind::parse(name), EventKind::Unknown(name.to_owned()));
            assert_eq!(EventKind::parse(name).to_string(), name);
        }
    }
}
