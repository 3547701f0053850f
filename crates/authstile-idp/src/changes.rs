//! What changes in an environment while it runs: what administrators and customers' identity providers do.

use std::sync::Arc;

use crate::directory::{Directory, DirectoryUser};
use crate::environment::Environment;
use crate::idp::Idp;
use crate::model::Mode;
use crate::user::User;
use crate::webhook::WebhookEvent;

/// For tests: each change that Scalekit announces by an event sends that event.
impl Idp {
    /// Switches the mode. Tokens already issued stay what they are.
    pub fn set_mode(&self, mode: Mode) {
        self.change(|environment| environment.mode = mode);
    }

    /// Life of access tokens from now on; `None` for what the mode says.
    pub fn set_access_token_seconds(&self, seconds: Option<i64>) {
        self.change(|environment| environment.access_token_seconds = seconds);
    }

    /// Switches a connection on or off: `organization.sso_enabled` or `organization.sso_disabled`. `false` if there is
    /// no such connection.
    pub fn set_connection_enabled(&self, connection_id: &str, enabled: bool) -> bool {
        let event = self.change(|environment| {
            for organization in &mut environment.organizations {
                let mut connections = organization.connections.iter_mut();
                if let Some(connection) = connections.find(|connection| connection.id == connection_id) {
                    connection.enabled = enabled;
                    let event = if enabled { WebhookEvent::sso_enabled } else { WebhookEvent::sso_disabled };
                    return Some(event(&organization.id, connection));
                }
            }
            None
        });
        self.announce(event)
    }

    /// Deletes a connection: `organization.sso_deleted`. `false` if there is no such connection.
    pub fn delete_connection(&self, connection_id: &str) -> bool {
        let event = self.change(|environment| {
            for organization in &mut environment.organizations {
                let found = organization.connections.iter().position(|connection| connection.id == connection_id);
                if let Some(position) = found {
                    let connection = organization.connections.remove(position);
                    return Some(WebhookEvent::sso_deleted(&organization.id, &connection));
                }
            }
            None
        });
        self.announce(event)
    }

    /// Deletes an organization with all that belongs to it: `organization.deleted`. `false` if there is none.
    pub fn delete_organization(&self, organization_id: &str) -> bool {
        let event = self.change(|environment| {
            let mut organizations = environment.organizations.iter();
            let position = organizations.position(|organization| organization.id == organization_id)?;
            let organization = environment.organizations.remove(position);
            for user in &mut environment.users {
                leave(user, organization_id);
            }
            Some(WebhookEvent::organization_deleted(&organization))
        });
        self.announce(event)
    }

    /// Ends a membership: `user.organization_membership_deleted`. `false` if the person is no member.
    pub fn remove_membership(&self, email: &str, organization_id: &str) -> bool {
        let event = self.change(|environment| {
            let mut users = environment.users.iter_mut();
            let user = users.find(|user| user.email.eq_ignore_ascii_case(email))?;
            leave(user, organization_id).then(|| WebhookEvent::membership_deleted(user, organization_id))
        });
        self.announce(event)
    }

    /// Adds a person to a directory, or replaces the one with that id: `organization.directory.user_created` or
    /// `…user_updated`. `false` if there is no such directory.
    pub fn put_directory_user(&self, directory_id: &str, mut user: DirectoryUser) -> bool {
        user.updated_at = Some(self.now());
        let event = self.change(|environment| {
            let (organization_id, directory) = directory(environment, |directory| directory.id == directory_id)?;
            match directory.users.iter_mut().find(|known| known.id == user.id) {
                Some(known) => {
                    *known = user.clone();
                    Some(WebhookEvent::directory_user_updated(&organization_id, directory, &user))
                }
                None => {
                    directory.users.push(user.clone());
                    Some(WebhookEvent::directory_user_created(&organization_id, directory, &user))
                }
            }
        });
        self.announce(event)
    }

    /// Deactivates a person, by id or e-mail address: `organization.directory.user_updated` with `active:false`, one of
    /// the two forms of §6.5. `false` if there is nobody.
    pub fn deactivate_directory_user(&self, id_or_email: &str) -> bool {
        self.set_active(id_or_email, false)
    }

    /// Activates a person again.
    pub fn reactivate_directory_user(&self, id_or_email: &str) -> bool {
        self.set_active(id_or_email, true)
    }

    fn set_active(&self, id_or_email: &str, active: bool) -> bool {
        let now = self.now();
        let event = self.change(|environment| {
            let (organization_id, directory) = directory(environment, |directory| has(directory, id_or_email))?;
            let user = directory.users.iter_mut().find(|user| is(user, id_or_email))?;
            user.active = active;
            user.updated_at = Some(now);
            let user = user.clone();
            Some(WebhookEvent::directory_user_updated(&organization_id, directory, &user))
        });
        self.announce(event)
    }

    /// Removes a person, by id or e-mail address: `organization.directory.user_deleted`, the other form. `false` if there
    /// is nobody.
    pub fn delete_directory_user(&self, id_or_email: &str) -> bool {
        let event = self.change(|environment| {
            let (organization_id, directory) = directory(environment, |directory| has(directory, id_or_email))?;
            let position = directory.users.iter().position(|user| is(user, id_or_email))?;
            let user = directory.users.remove(position);
            Some(WebhookEvent::directory_user_deleted(&organization_id, &user))
        });
        self.announce(event)
    }

    /// Switches a directory on or off: `organization.directory_enabled` or `…_disabled`. `false` if there is none.
    pub fn set_directory_enabled(&self, directory_id: &str, enabled: bool) -> bool {
        let event = self.change(|environment| {
            let (organization_id, directory) = directory(environment, |directory| directory.id == directory_id)?;
            directory.enabled = enabled;
            Some(WebhookEvent::directory_switched(&organization_id, directory))
        });
        self.announce(event)
    }

    fn announce(&self, event: Option<WebhookEvent>) -> bool {
        let Some(event) = event else { return false };
        self.send_event(&event);
        true
    }
}

/// The first directory of that kind, with its organization's id.
fn directory(
    environment: &mut Environment,
    is_wanted: impl Fn(&Directory) -> bool,
) -> Option<(String, &mut Directory)> {
    environment.organizations.iter_mut().find_map(|organization| {
        let found = organization.directories.iter_mut().find(|directory| is_wanted(directory))?;
        Some((organization.id.clone(), found))
    })
}

fn has(directory: &Directory, id_or_email: &str) -> bool {
    directory.users.iter().any(|user| is(user, id_or_email))
}

fn is(user: &DirectoryUser, id_or_email: &str) -> bool {
    user.id == id_or_email || user.email.eq_ignore_ascii_case(id_or_email)
}

/// Whether the person was a member.
fn leave(user: &mut Arc<User>, organization_id: &str) -> bool {
    if !user.organizations.iter().any(|id| id == organization_id) {
        return false;
    }
    Arc::make_mut(user).organizations.retain(|id| id != organization_id);
    true
}
