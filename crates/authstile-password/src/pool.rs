//! Where hashes are calculated: so many at once, so many waiting, and nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

/// There are as many waiting as may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at once")]
pub struct Busy;

/// What the pool is doing, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Load {
    /// Hashes that are being calculated.
    pub working: usize,
    /// Those who wait for a worker.
    pub waiting: usize,
    /// Hashes that were begun since the start.
    pub begun: u64,
    /// Those who were told that it is busy, since the start.
    pub turned_away: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    workers: usize,
    places: usize,
    /// A permit for each hash that is being calculated.
    working: Arc<Semaphore>,
    /// A permit for each of those, and for each that waits.
    inside: Arc<Semaphore>,
    begun: AtomicU64,
    turned_away: AtomicU64,
}

impl Pool {
    pub(crate) fn new(workers: usize, waiting: usize) -> Self {
        let workers = workers.clamp(1, 1024);
        let places = workers + waiting.min(1 << 20);
        Self(Arc::new(Inner {
            workers,
            places,
            working: Arc::new(Semaphore::new(workers)),
            inside: Arc::new(Semaphore::new(places)),
            begun: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
        }))
    }

    /// As many workers as cores, and 16 waiting for each: half a second of work at most.
    pub(crate) fn for_this_machine() -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new(workers, workers * 16)
    }

    /// Calculates one hash on a thread where it keeps nobody waiting. `Ok(None)` when the calculation panicked.
    ///
    /// The permits go along with the work: whoever hangs up while it waits makes room, and whoever hangs up while it is done
    /// does not, as a thread and its memory are in use until it is done.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, Busy> {
        let inner = &*self.0;
        let Ok(place) = inner.inside.clone().try_acquire_owned() else {
            inner.turned_away.fetch_add(1, Ordering::Relaxed);
            return Err(Busy);
        };
        let Ok(worker) = inner.working.clone().acquire_owned().await else { return Err(Busy) };
        inner.begun.fetch_add(1, Ordering::Relaxed);
        let done = tokio::task::spawn_blocking(move || {
            let _held = (worker, place);
            work()
        });
        Ok(done.await.ok())
    }

    pub(crate) fn load(&self) -> Load {
        let inner = &*self.0;
        let working = inner.workers - inner.working.available_permits();
        let inside = inner.places - inner.inside.available_permits();
        Load {
            working,
            waiting: inside.saturating_sub(working),
            begun: inner.begun.load(Ordering::Relaxed),
            turned_away: inner.turned_away.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// Until the gate opens, nothing is calculated to its end.
    fn gate() -> (Arc<Mutex<()>>, impl Fn() -> usize + Clone + Send + 'static) {
        let gate = Arc::new(Mutex::new(()));
        let behind = gate.clone();
        let pass = move || {
            drop(behind.lock().unwrap_or_else(PoisonError::into_inner));
            1
        };
        (gate, pass)
    }

    /// Polls once.
    async fn begun<F: Future + Unpin>(future: &mut F) {
        tokio::select! {
            biased;
            _ = future => panic!("the gate is closed"),
            () = std::future::ready(()) => {}
        }
    }

    #[tokio::test]
    #[expect(clippy::await_holding_lock, reason = "the gate is what others wait for, on threads of their own")]
    async fn of_200_at_once_as_many_come_in_as_there_are_places() {
        let (gate, pass) = gate();
        let pool = Pool::new(2, 4);
        let closed = gate.lock().unwrap();
        let mut attempts: Vec<_> = (0..6).map(|_| Box::pin(pool.run(pass.clone()))).collect();
        for attempt in &mut attempts {
            begun(attempt).await;
        }
        for _ in 6..200 {
            assert_eq!(pool.run(pass.clone()).await, Err(Busy));
        }
        assert_eq!(pool.load(), Load { working: 2, waiting: 4, begun: 2, turned_away: 194 });
        drop(closed);
        for attempt in attempts {
            assert_eq!(attempt.await, Ok(Some(1)));
        }
        assert_eq!(pool.load(), Load { working: 0, waiting: 0, begun: 6, turned_away: 194 });
    }

    #[tokio::test]
    #[expect(clippy::await_holding_lock, reason = "the gate is what others wait for, on threads of their own")]
    async fn whoever_hangs_up_makes_room_only_while_waiting() {
        let (gate, pass) = gate();
        let pool = Pool::new(1, 1);
        let closed = gate.lock().unwrap();
        let mut worked_on = Box::pin(pool.run(pass.clone()));
        begun(&mut worked_on).await;
        let mut waiting = Box::pin(pool.run(pass.clone()));
        begun(&mut waiting).await;
        assert_eq!(pool.run(pass.clone()).await, Err(Busy));
        drop(worked_on);
        assert_eq!(pool.run(pass.clone()).await, Err(Busy), "its thread goes on");
        drop(waiting);
        let mut next = Box::pin(pool.run(pass.clone()));
        begun(&mut next).await;
        assert_eq!(pool.load(), Load { working: 1, waiting: 1, begun: 1, turned_away: 2 });
        drop(closed);
        assert_eq!(next.await, Ok(Some(1)));
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_place_back() {
        let pool = Pool::new(1, 0);
        let none: Result<Option<()>, Busy> = pool.run(|| panic!("on purpose")).await;
        assert_eq!(none, Ok(None));
        assert_eq!(pool.run(|| 1).await, Ok(Some(1)));
    }
}
