//! The way to the network, made after the start and not before it: the system's root certificates and the first seed of
//! the TLS library's random generator take longer than everything else together.

use std::sync::Arc;
use std::time::Duration;

use authstile::{BoxFuture, Transport, TransportError};
use authstile_reqwest::ReqwestTransport;
use aws_lc_rs::rand;
use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// A transport that is there when it is first needed.
#[derive(Debug, Clone, Default)]
pub(crate) struct LateTransport(Arc<OnceCell<ReqwestTransport>>);

impl LateTransport {
    /// Makes the transport once the first requests have been answered, so that no sign-in has to wait for it.
    pub(crate) fn prepare(&self) {
        let late = self.clone();
        tokio::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            if let Err(error) = late.get().await {
                tracing::error!(%error, "no provider can be reached");
            }
        });
    }

    async fn get(&self) -> Result<&ReqwestTransport, TransportError> {
        let broken = |error: &dyn std::fmt::Debug| TransportError::Broken(format!("TLS cannot be set up: {error:?}"));
        let make = || async move {
            match spawn_blocking(|| rand::fill(&mut [0; 32]).map(|()| ReqwestTransport::new())).await {
                Ok(Ok(made)) => made.map_err(|error| broken(&error)),
                Ok(Err(unspecified)) => Err(broken(&unspecified)),
                Err(stopped) => Err(broken(&stopped)),
            }
        };
        self.0.get_or_try_init(make).await
    }
}

impl Transport for LateTransport {
    fn send<'a>(&'a self, request: Request<Bytes>) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move { self.get().await?.send(request).await })
    }
}
