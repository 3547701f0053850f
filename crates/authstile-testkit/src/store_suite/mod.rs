//! What every store has to do: one named test for each rule of the [ports](authstile::store), to be run by every store,
//! also by yours.
//!
//! ```
//! use std::sync::Arc;
//! use authstile_testkit::{store_suite, store_suite::Stores};
//! # use authstile::MemoryStore;
//!
//! /// An empty store for each rule, so that they can run side by side.
//! async fn stores() -> Stores {
//!     let store = Arc::new(MemoryStore::new());
//!     Stores::new().with_accounts(store.clone()).with_sessions(store)
//! }
//!
//! store_suite!(stores, [accounts, sessions]);
//! ```
//!
//! The lists are `accounts`, `passwords`, `sessions`, `one_time`, `revocations`, `throttle` and `leases`. Each becomes a
//! module, each rule a test in it. Among them is all that Auth.js's suite for adapters checks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a rule that does not hold panics"
)]

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use authstile::clock::{Clock as _, SystemClock, UnixTime};
use authstile::store::Passwords;
use authstile::{Accounts, Leases, OneTime, Revocations, Sessions, Throttle};

pub mod accounts;
pub mod accounts_links;
mod fixtures;
pub mod leases;
mod list;
pub mod one_time;
pub mod passwords;
pub mod revocations;
pub mod sessions;
pub mod sessions_ends;
pub mod throttle;

/// The stores that a rule is tried on, and what they cannot do.
#[derive(Default)]
#[must_use]
pub struct Stores {
    accounts: Option<Arc<dyn Accounts>>,
    passwords: Option<Arc<dyn Passwords>>,
    sessions: Option<Arc<dyn Sessions>>,
    one_time: Option<Arc<dyn OneTime>>,
    revocations: Option<Arc<dyn Revocations>>,
    throttle: Option<Arc<dyn Throttle>>,
    leases: Option<Arc<dyn Leases>>,
    whole_seconds: bool,
    no_attributes: bool,
    expires_by_itself: bool,
    kept: Vec<Box<dyn Any + Send + Sync>>,
}

impl Stores {
    /// No store yet. Each has to be empty, and nobody else's.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where people are.
    pub fn with_accounts(self, store: Arc<impl Accounts + 'static>) -> Self {
        Self { accounts: Some(store), ..self }
    }

    /// Where passwords are, of the people given to [`with_accounts`](Self::with_accounts).
    pub fn with_passwords(self, store: Arc<impl Passwords + 'static>) -> Self {
        Self { passwords: Some(store), ..self }
    }

    /// Where sessions are. If they need people, those given to [`with_accounts`](Self::with_accounts).
    pub fn with_sessions(self, store: Arc<impl Sessions + 'static>) -> Self {
        Self { sessions: Some(store), ..self }
    }

    /// Where one-time values are.
    pub fn with_one_time(self, store: Arc<impl OneTime + 'static>) -> Self {
        Self { one_time: Some(store), ..self }
    }

    /// Where revocations are.
    pub fn with_revocations(self, store: Arc<impl Revocations + 'static>) -> Self {
        Self { revocations: Some(store), ..self }
    }

    /// Where attempts are counted.
    pub fn with_throttle(self, store: Arc<impl Throttle + 'static>) -> Self {
        Self { throttle: Some(store), ..self }
    }

    /// Where leases are.
    pub fn with_leases(self, store: Arc<impl Leases + 'static>) -> Self {
        Self { leases: Some(store), ..self }
    }

    /// The schema has no milliseconds. Then moments are given in whole seconds, and a few rules take some seconds.
    pub fn whole_seconds(self) -> Self {
        Self { whole_seconds: true, ..self }
    }

    /// The schema has no place for attributes of people: they come back empty.
    pub fn without_attributes(self) -> Self {
        Self { no_attributes: true, ..self }
    }

    /// What has ended is gone by itself, by the clock of a server: nothing is left to be swept. Then rules about the end
    /// of something wait for it.
    pub fn expires_by_itself(self) -> Self {
        Self { expires_by_itself: true, ..self }
    }

    /// Keeps something until the rule was tried: a folder, a server.
    pub fn keep(mut self, guard: impl Any + Send + Sync) -> Self {
        self.kept.push(Box::new(guard));
        self
    }

    fn accounts(&self) -> Arc<dyn Accounts> {
        self.accounts.clone().expect("`Stores::with_accounts` was not called")
    }

    fn passwords(&self) -> Arc<dyn Passwords> {
        self.passwords.clone().expect("`Stores::with_passwords` was not called")
    }

    fn sessions(&self) -> Arc<dyn Sessions> {
        self.sessions.clone().expect("`Stores::with_sessions` was not called")
    }

    fn one_time(&self) -> Arc<dyn OneTime> {
        self.one_time.clone().expect("`Stores::with_one_time` was not called")
    }

    fn revocations(&self) -> Arc<dyn Revocations> {
        self.revocations.clone().expect("`Stores::with_revocations` was not called")
    }

    fn throttle(&self) -> Arc<dyn Throttle> {
        self.throttle.clone().expect("`Stores::with_throttle` was not called")
    }

    fn leases(&self) -> Arc<dyn Leases> {
        self.leases.clone().expect("`Stores::with_leases` was not called")
    }

    /// Now, by the clock that servers have too, as precise as the schema is.
    fn now(&self) -> UnixTime {
        self.moment(SystemClock.now().millis())
    }

    /// A moment given in milliseconds, as precise as the schema is.
    fn moment(&self, millis: i64) -> UnixTime {
        let moment = UnixTime::from_millis(millis);
        if self.whole_seconds { UnixTime::from_seconds(moment.seconds()) } else { moment }
    }

    /// So many seconds from now.
    fn after(&self, seconds: i64) -> UnixTime {
        self.now().plus_seconds(seconds)
    }

    /// A moment that can be waited for.
    fn soon(&self) -> UnixTime {
        let millis = if self.whole_seconds { 2000 } else { 300 };
        UnixTime::from_millis(self.now().millis() + millis)
    }

    /// Lets a moment pass, and says what time it is then.
    async fn pass(&self, moment: UnixTime) -> UnixTime {
        let after = UnixTime::from_millis(moment.millis() + if self.whole_seconds { 1000 } else { 100 });
        if self.expires_by_itself {
            let wait = after.millis() - SystemClock.now().millis();
            tokio::time::sleep(Duration::from_millis(wait.max(0).unsigned_abs())).await;
        }
        after
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores")
            .field("accounts", &self.accounts)
            .field("passwords", &self.passwords)
            .field("sessions", &self.sessions)
            .field("one_time", &self.one_time)
            .field("revocations", &self.revocations)
            .field("throttle", &self.throttle)
            .field("leases", &self.leases)
            .finish_non_exhaustive()
    }
}

/// Tries one rule, with threads enough that callers at once are at once.
#[doc(hidden)]
pub fn run(rule: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.expect("a runtime").block_on(rule);
}
