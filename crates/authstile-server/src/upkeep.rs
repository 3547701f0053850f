//! What a server does beside answering: taking away what has expired, and knowing whether its stores answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use authstile::Auth;
use authstile::env::Environment;
use authstile::random::{Random as _, SystemRandom};
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::choice::seconds;
use crate::mistake::Mistake;
use crate::stores::Stores;

/// Rows of each kind that are taken away at once: nobody waits for long behind them.
const BATCH: u32 = 500;
/// Batches without a break, so that nobody sweeps for ever.
const BATCHES: u32 = 200;
/// Between two batches, for everybody else.
const BREATH: Duration = Duration::from_millis(50);
const USUAL_SECONDS: i64 = 300;

/// Takes away what has expired, again and again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sweeper {
    seconds: u64,
}

impl Sweeper {
    /// As `AUTHSTILE_SWEEP_SECONDS` says; `None` for 0.
    pub(crate) fn of(environment: &Environment) -> Result<Option<Self>, Mistake> {
        let seconds = seconds(environment, "AUTHSTILE_SWEEP_SECONDS", 0, USUAL_SECONDS)?.unwrap_or(USUAL_SECONDS);
        Ok(u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(|seconds| Self { seconds }))
    }

    /// Never ends. With several machines each comes at its own time, and they share the work.
    pub(crate) async fn run(self, auth: Auth) {
        loop {
            sleep(self.pause()).await;
            for _ in 0..BATCHES {
                match auth.sweep(BATCH).await {
                    // Sessions and links count together: less than one batch, and both are done.
                    Ok(swept) if swept < u64::from(BATCH) => break,
                    Ok(_) => sleep(BREATH).await,
                    Err(error) => {
                        tracing::warn!(%error, "what has expired cannot be taken away; the next attempt follows");
                        break;
                    }
                }
            }
        }
    }

    /// From half of the time to one and a half.
    fn pause(self) -> Duration {
        let mut bytes = [0; 2];
        let share = match SystemRandom.fill(&mut bytes) {
            Ok(()) => u64::from(u16::from_le_bytes(bytes)),
            Err(_) => u64::from(u16::MAX) / 2,
        };
        let millis = self.seconds.saturating_mul(1000);
        Duration::from_millis(millis / 2 + millis.saturating_mul(share) / u64::from(u16::MAX))
    }
}

/// An answer is good for so long: who asks more often does not disturb the stores.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// Whether the stores answer.
#[derive(Debug, Clone)]
pub(crate) struct Readiness {
    stores: Stores,
    last: Arc<Mutex<Option<(Instant, bool)>>>,
}

impl Readiness {
    pub(crate) fn new(stores: Stores) -> Self {
        Self { stores, last: Arc::default() }
    }

    /// Asks them, unless somebody just did.
    pub(crate) async fn is_ready(&self) -> bool {
        let mut last = self.last.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < GOOD_FOR
        {
            return ready;
        }
        let ready = match self.stores.check().await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "not ready");
                false
            }
        };
        *last = Some((Instant::now(), ready));
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_that_start_together_do_not_sweep_together() {
        let sweeper = Sweeper::of(&Environment::default()).unwrap().unwrap();
        let pauses: Vec<u64> = (0..50).map(|_| sweeper.pause().as_secs()).collect();
        assert!(pauses.iter().all(|pause| (150..=450).contains(pause)), "{pauses:?}");
        assert!(pauses.iter().any(|pause| pause.abs_diff(pauses[0]) > 5), "{pauses:?}");
    }

    #[test]
    fn zero_is_never() {
        assert!(Sweeper::of(&Environment::from_pairs([("AUTHSTILE_SWEEP_SECONDS", "0")])).unwrap().is_none());
        assert!(Sweeper::of(&Environment::from_pairs([("AUTHSTILE_SWEEP_SECONDS", "5m")])).is_err());
    }
}
