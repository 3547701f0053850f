//! What every store is made of.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use authstile::StoreError;
use authstile::store::StoredSession;
use sqlx::{Database, Pool};

use crate::error::Error;
use crate::gather::Gather;
use crate::lanes::Lanes;
use crate::shape::Shape;
use crate::statements::{Dialect, Statements};

/// A pool, and what is known about its database. Cheap to clone.
pub(crate) struct Core<DB: Database> {
    pub(crate) lanes: Lanes<DB>,
    pub(crate) shape: Shape,
    pub(crate) sql: Arc<Statements>,
    /// Sessions that are looked for.
    pub(crate) finds: Gather<Option<StoredSession>>,
    writes: Arc<AtomicU32>,
}

/// Whose pool it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The application's, which needs half of the connections for itself.
    Application,
    /// Ours.
    Store,
}

/// No operation takes longer: a database that does not answer is as good as none.
const LIMIT: Duration = Duration::from_millis(4800);
/// How long to wait for a connection, and for a statement where the server can be told so.
pub(crate) const WAIT: Duration = Duration::from_secs(4);
/// How often a transaction is tried that collides with others.
const ATTEMPTS: u32 = 20;
/// Writes between two looks for what can be forgotten.
const SWEEP: u32 = 512;

impl<DB: Database> Core<DB> {
    pub(crate) fn new(pool: Pool<DB>, owner: Owner, shape: Shape, dialect: &Dialect) -> Self {
        let all = usize::try_from(pool.options().get_max_connections()).unwrap_or(1);
        let most = if owner == Owner::Store { all } else { all / 2 };
        let sql = Arc::new(Statements::new(dialect, &shape));
        Self { lanes: Lanes::new(pool, most), shape, sql, finds: Gather::new(), writes: Arc::default() }
    }

    /// The same pool, and a database that has changed.
    pub(crate) fn reshape(&mut self, shape: Shape, dialect: &Dialect) {
        self.shape = shape;
        self.sql = Arc::new(Statements::new(dialect, &shape));
        // Clones that were there before look at it as it was.
        self.finds = Gather::new();
    }

    /// Whether Authstile's own tables are there.
    pub(crate) fn own(&self) -> Result<&Statements, Error> {
        if self.shape.own { Ok(&self.sql) } else { Err(Error::NOT_MIGRATED) }
    }

    /// Whether there is a place for passwords.
    pub(crate) fn passwords(&self) -> Result<&Statements, Error> {
        if self.shape.passwords { Ok(&self.sql) } else { Err(Error::NOT_MIGRATED) }
    }

    /// The same, for the table of leases, which came later.
    pub(crate) fn leases(&self) -> Result<&Statements, Error> {
        if self.shape.leases { Ok(&self.sql) } else { Err(Error::NOT_MIGRATED) }
    }

    /// Whether it is time to look for what can be forgotten.
    pub(crate) fn is_sweep_due(&self) -> bool {
        self.writes.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1
    }
}

/// Waits for an operation, but not for ever, and tells the engine how it failed.
pub(crate) async fn limited<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
    match tokio::time::timeout(LIMIT, work).await {
        Ok(done) => done.map_err(StoreError::from),
        Err(_) => Err(StoreError::unavailable(format!("no answer in {} ms", LIMIT.as_millis()))),
    }
}

/// Tries again what collided with another transaction.
pub(crate) async fn retrying<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut left = ATTEMPTS;
    loop {
        left -= 1;
        match attempt().await {
            Err(error) if left > 0 && error.is_collision() => {}
            done => return done,
        }
    }
}

impl<DB: Database> Clone for Core<DB> {
    fn clone(&self) -> Self {
        let Self { lanes, shape, sql, finds, writes } = self;
        Self { lanes: lanes.clone(), shape: *shape, sql: sql.clone(), finds: finds.clone(), writes: writes.clone() }
    }
}

impl<DB: Database> fmt::Debug for Core<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("lanes", &self.lanes).field("shape", &self.shape).finish_non_exhaustive()
    }
}
