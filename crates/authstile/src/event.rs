//! What happened, told to the application. Events are awaited before the response; their errors are logged and change
//! nothing.

use std::fmt;

use serde_json::Value;

use crate::BoxFuture;
use crate::hooks::HookError;
use crate::model::{Account, Claims, User};

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// Somebody signed in.
    SignIn {
        /// The person.
        user: User,
        /// The account they came with.
        account: Account,
        /// The provider's claims.
        profile: Claims,
        /// Whether the user was just created; `None` where nothing is stored.
        is_new_user: Option<bool>,
    },
    /// Somebody signed out.
    SignOut {
        /// The claims of the session that ended.
        claims: Claims,
    },
    /// A user was created. Only with a store.
    CreateUser {
        /// The person.
        user: User,
    },
    /// A user was changed: their address was proven. Only with a store.
    UpdateUser {
        /// The person.
        user: User,
    },
    /// An account was taken from a user. Only with a store.
    UnlinkAccount {
        /// The user's id.
        user_id: String,
        /// The provider's id.
        provider: String,
        /// The subject there.
        provider_account_id: String,
    },
    /// An account was linked to a user. Only with a store.
    LinkAccount {
        /// The person.
        user: User,
        /// The new link.
        account: Account,
        /// The provider's claims.
        profile: Claims,
    },
    /// A session was read or updated.
    Session {
        /// What the browser got.
        session: Value,
        /// The claims of its token.
        claims: Claims,
    },
}

impl Event {
    /// Auth.js's name of the event, for logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SignIn { .. } => "signIn",
            Self::SignOut { .. } => "signOut",
            Self::CreateUser { .. } => "createUser",
            Self::UpdateUser { .. } => "updateUser",
            Self::UnlinkAccount { .. } => "unlinkAccount",
            Self::LinkAccount { .. } => "linkAccount",
            Self::Session { .. } => "session",
        }
    }
}

/// Hears events.
pub trait Events: Send + Sync + fmt::Debug {
    /// Something happened.
    fn on_event<'a>(&'a self, event: Event) -> BoxFuture<'a, Result<(), HookError>>;
}
