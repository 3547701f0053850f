//! Ports to storage, small and by capability: an application gives the ones that its features need.
//!
//! | port | holds | needed for |
//! |---|---|---|
//! | [`Accounts`] | people, and their links to providers | users in a database, linking |
//! | [`Sessions`] | sessions that the browser only has a key to | sessions in a database, listing and ending them |
//! | [`OneTime`] | values that are good once | magic links and codes by mail |
//! | [`Revocations`] | what is ended or refused | ending sessions that live in cookies, on every machine |
//! | [`Passwords`] | what verifies passwords | `authstile-password` |
//! | [`Leases`] | who does what only one may do, and what came of it | refreshing tokens on several machines |
//! | [`Throttle`] | how often somebody tried | limits that hold on every machine |
//!
//! Every rule that a port states is a named test of the store suite in `authstile-testkit`, which each store runs.

use std::fmt;

mod accounts;
mod leases;
mod one_time;
mod passwords;
pub mod revocation;
mod sessions;
mod throttle;

pub use accounts::{Accounts, NewUser, StoredUser, UserChanges};
pub use leases::{Fence, Lease, Leases, MemoryLeases};
pub use one_time::{OneTime, OneTimeValue};
pub use passwords::Passwords;
pub use revocation::{MemoryRevocations, News, Refusal, RevocationKey, Revocations, Revoked};
pub use sessions::{Except, NewSession, SessionData, Sessions, StoredSession};
pub use throttle::{MemoryThrottle, Quota, Take, Throttle};

/// Storage failed: nothing can be said, so nobody is signed in.
#[derive(Debug)]
pub struct StoreError {
    kind: Kind,
    source: Box<dyn std::error::Error + Send + Sync>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Conflict,
    Unavailable,
    Other,
}

impl StoreError {
    /// What should be created exists already.
    pub fn conflict(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Conflict, source: source.into() }
    }

    /// The storage cannot be reached; later it may be.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Unavailable, source: source.into() }
    }

    /// Anything else.
    pub fn other(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Other, source: source.into() }
    }

    /// The same for another, who waited for the same answer.
    pub(crate) fn repeated(&self) -> Self {
        Self { kind: self.kind, source: self.source.to_string().into() }
    }

    /// Whether what should be created exists already.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind == Kind::Conflict
    }

    /// Whether trying again later may help.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.kind == Kind::Unavailable
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Conflict => "conflict",
            Kind::Unavailable => "unavailable",
            Kind::Other => "failed",
        };
        write!(f, "storage {kind}: {}", self.source)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}
