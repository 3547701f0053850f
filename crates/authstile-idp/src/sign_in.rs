//! A person who came through a connection.

use std::sync::Arc;

use crate::directory::DirectoryUser;
use crate::environment::{Environment, domain_of};
use crate::model::Mode;
use crate::select::{Choice, Unroutable};
use crate::user::User;

/// The connection of those whom no enterprise connection serves (§3.3: one-time codes are connections too).
pub(crate) const PASSWORDLESS_CONNECTION: &str = "conn_passwordless";

/// Who signed in, through what, for which organization.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    pub(crate) user: Arc<User>,
    pub(crate) connection_id: String,
    pub(crate) organization_id: Option<String>,
    pub(crate) sid: String,
    pub(crate) at: i64,
    /// How strongly, once the request that was answered has said what it wants.
    pub(crate) acr: Option<String>,
}

impl SignIn {
    /// `email` at the end of `choice`. Addresses that no one registered are welcome: they become a user with nothing
    /// but an e-mail address.
    pub(crate) fn new(
        environment: &Environment,
        choice: &Choice,
        email: &str,
        sid: String,
        now: i64,
    ) -> Result<Self, Unroutable> {
        let user = environment.user(email).cloned().unwrap_or_else(|| Arc::new(User::new(email)));
        Self::of(environment, choice, user, sid, now)
    }

    /// The same for a person who need not be registered.
    pub(crate) fn of(
        environment: &Environment,
        choice: &Choice,
        user: Arc<User>,
        sid: String,
        now: i64,
    ) -> Result<Self, Unroutable> {
        if !user.active {
            return Err(USER_NOT_ACTIVE);
        }
        let (connection_id, organization_id) = match choice {
            Choice::Connection { id, organization_id: Some(organization_id) } => {
                admit(environment, organization_id, &user)?;
                (id.clone(), Some(organization_id.clone()))
            }
            Choice::Connection { id, organization_id: None } => (id.clone(), membership(environment, &user)),
            Choice::HostedLogin | Choice::HostedSignUp => by_address(environment, &user),
        };
        Ok(Self { user, connection_id, organization_id, sid, at: now, acr: None })
    }

    /// `conn_…;<id>` or `usr_…` (§3.2, §3.3). Social and passwordless Modular logins have the e-mail address as id.
    pub(crate) fn subject(&self, mode: Mode) -> String {
        match (mode, &self.organization_id) {
            (Mode::FullStack, _) => self.user.full_stack_id(),
            (Mode::Modular, Some(_)) => format!("{};{}", self.connection_id, self.user.id),
            (Mode::Modular, None) => format!("{};{}", self.connection_id, self.user.email),
        }
    }
}

/// Members, and everyone whose mail domain the organization registered.
pub(crate) fn admit(environment: &Environment, organization_id: &str, user: &User) -> Result<(), Unroutable> {
    // In Modular mode the identity provider decides, and Scalekit only tells (§6.5). For full-stack mode, where it owns the
    // user, that it refuses is a guess.
    let organization = environment.organization(organization_id);
    let directories = organization.iter().flat_map(|organization| &organization.directories);
    let is_deactivated = |person: &DirectoryUser| !person.active && person.email.eq_ignore_ascii_case(&user.email);
    if environment.mode == Mode::FullStack && directories.flat_map(|directory| &directory.users).any(is_deactivated) {
        return Err(USER_NOT_ACTIVE);
    }
    let is_member = user.organizations.iter().any(|id| id == organization_id);
    let domain = domain_of(&user.email).unwrap_or_default();
    let admits = organization.is_some_and(|found| found.admits_domain(&domain));
    if is_member || admits {
        return Ok(());
    }
    Err(Unroutable { error: "invalid_user_domain", description: "The user's domain is not allowed for the connection" })
}

const USER_NOT_ACTIVE: Unroutable = Unroutable { error: "user_not_active", description: "The user is not active" };

/// After the hosted page: the address's own connection if its domain routes, else passwordless.
fn by_address(environment: &Environment, user: &User) -> (String, Option<String>) {
    let organization = domain_of(&user.email).and_then(|domain| environment.organization_of_domain(&domain));
    let routed = organization.and_then(|organization| {
        let active = organization.first_active()?;
        Some((active.id.clone(), Some(organization.id.clone())))
    });
    routed.unwrap_or_else(|| (PASSWORDLESS_CONNECTION.to_owned(), membership(environment, user)))
}

/// Full-stack users sign in to an organization whichever way they came; the first is a guess. Modular mode knows no
/// memberships (§0).
fn membership(environment: &Environment, user: &User) -> Option<String> {
    (environment.mode == Mode::FullStack).then(|| user.organizations.first().cloned())?
}
