//! A value that is fetched by one caller at a time and kept until it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_lock::Mutex;
use authstile::clock::UnixTime;

use super::error::ManagementError;

/// The value, or nothing yet.
#[derive(Debug)]
pub(super) struct Kept<T> {
    slot: Mutex<Slot<T>>,
    attempts: AtomicU64,
}

#[derive(Debug)]
struct Slot<T> {
    /// With the moment from which on it is not used any more.
    value: Option<(Arc<T>, UnixTime)>,
    failure: Option<ManagementError>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { slot: Mutex::new(Slot { value: None, failure: None }), attempts: AtomicU64::new(0) }
    }
}

impl<T> Kept<T> {
    /// The value, unless it has ended or is the one that was `refused`; else fetched, once for all who wait for it. Who
    /// waited for an attempt that failed fails with it, instead of trying again one by one.
    pub(super) async fn get(
        &self,
        now: UnixTime,
        refused: Option<&Arc<T>>,
        fetch: impl AsyncFnOnce() -> Result<(T, UnixTime), ManagementError>,
    ) -> Result<Arc<T>, ManagementError> {
        let before = self.attempts.load(Ordering::SeqCst);
        let mut slot = self.slot.lock().await;
        let good = |value: &Arc<T>| refused.is_none_or(|refused| !Arc::ptr_eq(refused, value));
        if let Some((value, _)) = slot.value.as_ref().filter(|(value, until)| now < *until && good(value)) {
            return Ok(value.clone());
        }
        if let Some(failure) = slot.failure.as_ref().filter(|_| self.attempts.load(Ordering::SeqCst) != before) {
            return Err(failure.clone());
        }
        let fetched = fetch().await;
        self.attempts.fetch_add(1, Ordering::SeqCst);
        match fetched {
            Ok((value, until)) => {
                let value = Arc::new(value);
                *slot = Slot { value: Some((value.clone(), until)), failure: None };
                Ok(value)
            }
            Err(failure) => {
                *slot = Slot { value: None, failure: Some(failure.clone()) };
                Err(failure)
            }
        }
    }
}
