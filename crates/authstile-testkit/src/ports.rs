//! The ports of the engine, for tests.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use authstile::clock::{Clock, UnixTime};
use authstile::random::{NoRandomness, Random};
use authstile::{BoxFuture, ClientCertificate, Transport, TransportError};
use bytes::Bytes;
use http::{Request, Response};

/// A clock that stands still until it is moved. Clones share their time.
#[derive(Debug, Clone)]
pub struct FixedClock(Arc<AtomicI64>);

impl FixedClock {
    /// Stands at this moment, in seconds since 1970.
    #[must_use]
    pub fn at(seconds: i64) -> Self {
        Self(Arc::new(AtomicI64::new(seconds * 1000)))
    }

    /// Moves on, or back.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.0.load(Ordering::SeqCst).div_euclid(1000)
    }
}

impl Clock for FixedClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Randomness that is the same in every run (SplitMix64). For tests only: it can be guessed.
#[derive(Debug, Clone)]
pub struct SeededRandom(Arc<AtomicU64>);

impl SeededRandom {
    /// Begins with a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        for chunk in buffer.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst).wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            for (byte, random) in chunk.iter_mut().zip(z.to_le_bytes()) {
                *byte = random;
            }
        }
        Ok(())
    }
}

type Handler = dyn Fn(Request<Bytes>) -> Result<Response<Bytes>, TransportError> + Send + Sync;

/// A network that a closure answers, and that remembers what it was asked.
#[derive(Clone)]
pub struct FakeTransport {
    handler: Arc<Handler>,
    asked: Arc<Mutex<Vec<(http::Method, http::Uri)>>>,
}

impl FakeTransport {
    /// Every request gets an answer.
    pub fn new(handler: impl Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        Self::fallible(move |request| Ok(handler(request)))
    }

    /// Some requests fail on the way.
    pub fn fallible(
        handler: impl Fn(Request<Bytes>) -> Result<Response<Bytes>, TransportError> + Send + Sync + 'static,
    ) -> Self {
        Self { handler: Arc::new(handler), asked: Arc::default() }
    }

    /// What was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<(http::Method, http::Uri)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often a path was asked for.
    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|(_, uri)| uri.path() == path).count()
    }
}

impl fmt::Debug for FakeTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeTransport(..)")
    }
}

impl Transport for FakeTransport {
    fn send<'a>(&'a self, request: Request<Bytes>) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((request.method().clone(), request.uri().clone()));
        let answer = (self.handler)(request);
        Box::pin(async move {
            // A real network never answers at once: others get their turn.
            tokio::task::yield_now().await;
            answer
        })
    }

    /// Within a runtime, as a real one.
    fn detach(&self, task: BoxFuture<'static, ()>) -> Option<BoxFuture<'static, ()>> {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return Some(task) };
        drop(runtime.spawn(task));
        None
    }

    /// It has them all: which one was to be presented, the extension of the request says.
    fn presents(&self, _certificate: &ClientCertificate) -> bool {
        true
    }
}
