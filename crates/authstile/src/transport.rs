//! The port to the network: how requests of ours reach providers.

use std::fmt;
use std::sync::Arc;

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
    ///
    /// A request with a [`ClientCertificate`] among its extensions is sent over a connection on which we present that
    /// certificate. One that this transport does not have is [`TransportError::NoCertificate`]; the request must not be
    /// sent without it.
    fn send<'a>(&'a self, request: Request<Bytes>) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>>;

    /// Whether it has this certificate. An engine of which a provider needs one that is not there is not built.
    fn presents(&self, certificate: &ClientCertificate) -> bool {
        let _ = certificate;
        false
    }

    /// Runs a task to its end, also when the request that began it is given up meanwhile. A browser that goes elsewhere must
    /// not stop a refresh between the provider, where the old refresh token is used up, and the place where the new one is
    /// kept. A transport without a runtime that can do this gives the task back.
    fn detach(&self, task: BoxFuture<'static, ()>) -> Option<BoxFuture<'static, ()>> {
        Some(task)
    }
}

/// The name of a certificate of ours with its private key, which the transport has: an extension of requests on whose
/// connection it is presented (RFC 8705).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientCertificate(Arc<str>);

impl ClientCertificate {
    /// The certificate of this name; the id of a provider, unless several share one.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ClientCertificate {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
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
    /// The request needs a client certificate that the transport does not have; it was not sent.
    #[error("there is no client certificate {0:?}: the transport must be given one of that name")]
    NoCertificate(String),
    /// The connection broke, or the answer was not HTTP.
    #[error("the connection failed: {0}")]
    Broken(String),
}
