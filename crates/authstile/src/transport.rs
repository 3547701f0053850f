//! The port to the network: how requests of ours reach providers.

use std::fmt;

use bytes::Bytes;
use http::{Request, Response};

use crate::BoxFuture;

/// Sends one HTTP request.
///
/// An implementation must follow **no redirects**, keep no cookies, and honour the limits that [`Limits`] gives it:
/// what it returns goes straight into the protocol checks. `authstile-reqwest` has one for production,
/// `authstile-testkit` one for tests.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends the request and reads the whole answer.
    fn send<'a>(&'a self, request: Request<Bytes>) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>>;
}

/// What one request to a provider may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time until the connection stands.
    pub connect: std::time::Duration,
    /// Time until the whole answer is read.
    pub total: std::time::Duration,
    /// Bytes of the answer's body.
    pub body: usize,
}

impl Default for Limits {
    /// 5 s to connect, 10 s in all, 1 MiB.
    fn default() -> Self {
        Self {
            connect: std::time::Duration::from_secs(5),
            total: std::time::Duration::from_secs(10),
            body: 1024 * 1024,
        }
    }
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The provider took longer than the limit.
    #[error("no answer within the time limit")]
    Timeout,
    /// No connection: name, network, port or TLS.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// The answer is larger than the limit.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// So many calls to that host are under way already: it is slow, or much asked for.
    #[error("{0} calls to it are under way already")]
    Busy(usize),
    /// The connection broke, or the answer was not HTTP.
    #[error("the connection failed: {0}")]
    Broken(String),
}
