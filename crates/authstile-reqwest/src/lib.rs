//! The way to the network for Authstile: [`authstile::Transport`] on reqwest with rustls.
//!
//! Follows no redirects, keeps no cookies, and holds the [`Limits`]: a provider that is slow or talks too much costs no
//! more than its slot.

use std::time::Duration;

use authstile::{BoxFuture, Limits, Transport, TransportError};
use bytes::{Bytes, BytesMut};
use http::{Request, Response};

/// A pool of connections to providers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    limits: Limits,
}

impl ReqwestTransport {
    /// With the usual limits: 5 s to connect, 10 s in all, 1 MiB.
    ///
    /// # Errors
    /// When the TLS backend cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        Self::with_limits(Limits::default())
    }

    /// With limits of your own.
    ///
    /// # Errors
    /// When the TLS backend cannot be set up.
    pub fn with_limits(limits: Limits) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .pool_idle_timeout(Duration::from_secs(60))
            .user_agent(concat!("authstile/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, limits })
    }

    async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(describe)?;
        let mut response = self.client.execute(request).await.map_err(describe)?;
        let too_large = TransportError::TooLarge(self.limits.body);
        if response.content_length().is_some_and(|length| length > self.limits.body as u64) {
            return Err(too_large);
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(describe)? {
            if body.len() + chunk.len() > self.limits.body {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = Response::new(body.freeze());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

impl Transport for ReqwestTransport {
    fn send<'a>(&'a self, request: Request<Bytes>) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>> {
        Box::pin(self.fetch(request))
    }
}

/// Which of our leaves it is; without the URL, which may carry more than a log should hold.
fn describe(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if error.is_timeout() {
        return TransportError::Timeout;
    }
    // reqwest says "error sending request"; the reason is at the end of the chain.
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    if error.is_connect() { TransportError::Unreachable(text) } else { TransportError::Broken(text) }
}
