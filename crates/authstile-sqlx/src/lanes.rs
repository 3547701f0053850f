//! Connections that are kept for a moment after use.
//!
//! When a connection goes back to sqlx's pool, the pool asks the server whether it is still there: a round trip for each
//! statement, which halves what a database can do. Under load a connection is wanted again at once, so it is kept here
//! and goes back as soon as nobody has wanted it for a tenth of a second, or after a minute.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;

use crate::dial::Dial;

/// A way to a pool's connections. Cheap to clone.
pub(crate) struct Lanes<DB: Database> {
    dial: Dial<DB>,
    /// Connections kept at most, and in use at most: whoever waits in the pool does not see the ones that are kept.
    most: usize,
    free: Arc<Semaphore>,
    kept: Arc<Mutex<Kept<DB>>>,
}

struct Kept<DB: Database> {
    lanes: Vec<Lane<DB>>,
    /// How often the keeper came by.
    round: u64,
    keeper: Option<JoinHandle<()>>,
}

struct Lane<DB: Database> {
    connection: PoolConnection<DB>,
    taken: u64,
    used: u64,
}

/// How often the keeper comes by.
const ROUND: Duration = Duration::from_millis(100);
/// Rounds after which the pool looks at a connection in any case: it may have to close it.
const ROUNDS: u64 = 600;

impl<DB: Database> Lanes<DB> {
    pub(crate) fn new(pool: Pool<DB>, most: usize) -> Self {
        let kept = Arc::new(Mutex::new(Kept { lanes: Vec::new(), round: 0, keeper: None }));
        Self { dial: Dial::new(pool), most, free: Arc::new(Semaphore::new(most)), kept }
    }

    pub(crate) fn pool(&self) -> &Pool<DB> {
        self.dial.pool()
    }

    /// A connection. It goes back to the pool, which looks whether it is in order, unless it is [kept](Taken::keep).
    pub(crate) async fn take(&self) -> Result<Taken<'_, DB>, sqlx::Error> {
        let permit = match self.most {
            0 => None,
            _ => Some(self.free.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?),
        };
        let kept = self.lock().lanes.pop();
        let lane = match kept {
            Some(lane) => lane,
            None => Lane { connection: self.dial.connection().await?, taken: 0, used: 0 },
        };
        Ok(Taken { lanes: self, lane, _permit: permit })
    }

    fn give(&self, mut lane: Lane<DB>) {
        if self.most == 0 || self.pool().is_closed() {
            return;
        }
        let mut kept = self.lock();
        lane.used = kept.round;
        if lane.taken == 0 {
            lane.taken = kept.round + 1;
        }
        if kept.lanes.len() < self.most && kept.round - (lane.taken - 1) < ROUNDS {
            kept.lanes.push(lane);
        }
        // A keeper ends with the runtime that it was started in.
        if kept.keeper.as_ref().is_none_or(JoinHandle::is_finished) && !kept.lanes.is_empty() {
            kept.keeper = Some(tokio::spawn(keep(self.pool().clone(), Arc::downgrade(&self.kept))));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept<DB>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Comes by until nothing is kept any more, or the pool is closed: closing waits for every connection.
async fn keep<DB: Database>(pool: Pool<DB>, kept: Weak<Mutex<Kept<DB>>>) {
    loop {
        let closed = pool.close_event().do_until(tokio::time::sleep(ROUND)).await.is_err();
        let Some(kept) = kept.upgrade() else { return };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let last = kept.round;
        kept.round += 1;
        // What is dropped goes back to the pool in a task of its own.
        kept.lanes.retain(|lane| !closed && lane.used >= last);
        if kept.lanes.is_empty() {
            kept.keeper = None;
            return;
        }
    }
}

impl<DB: Database> Clone for Lanes<DB> {
    fn clone(&self) -> Self {
        Self { dial: self.dial.clone(), most: self.most, free: self.free.clone(), kept: self.kept.clone() }
    }
}

impl<DB: Database> fmt::Debug for Lanes<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lanes").field("pool", self.pool()).field("most", &self.most).finish_non_exhaustive()
    }
}

impl<DB: Database> Drop for Kept<DB> {
    fn drop(&mut self) {
        // A connection goes back in a task; without a runtime there can be none, and sqlx would panic.
        if tokio::runtime::Handle::try_current().is_err() {
            self.lanes.drain(..).for_each(std::mem::forget);
        }
    }
}

/// A connection in use.
pub(crate) struct Taken<'a, DB: Database> {
    lanes: &'a Lanes<DB>,
    lane: Lane<DB>,
    /// Given back last, when the next one finds the connection.
    _permit: Option<SemaphorePermit<'a>>,
}

impl<DB: Database> Taken<'_, DB> {
    /// All went well: the next one may have it at once.
    pub(crate) fn keep(self) {
        let Self { lanes, lane, _permit } = self;
        lanes.give(lane);
    }

    /// Nobody may have it any more.
    #[cfg(feature = "mysql")]
    pub(crate) fn close(mut self) {
        self.lane.connection.close_on_drop();
    }
}

impl<DB: Database> Deref for Taken<'_, DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &Self::Target {
        &self.lane.connection
    }
}

impl<DB: Database> DerefMut for Taken<'_, DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.lane.connection
    }
}
