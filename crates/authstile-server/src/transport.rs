//! The way to the network, made after the start and not before it: the system's root certificates and the first seed of
//! the TLS library's random generator take longer than everything else together.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use authstile::{BoxFuture, ClientCertificate, Transport, TransportError};
use authstile_reqwest::ReqwestTransport;
use aws_lc_rs::rand;
use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::mistake::Mistake;

/// A transport that is there when it is first needed.
#[derive(Debug, Clone, Default)]
pub(crate) struct LateTransport {
    made: Arc<OnceCell<ReqwestTransport>>,
    presents: BTreeSet<ClientCertificate>,
}

impl LateTransport {
    /// One with certificates in PEM, each under the id of the provider that it is presented to. With any it is made at once:
    /// a mistake in them is told before the server starts.
    pub(crate) fn presenting(certificates: &[(String, String)]) -> anyhow::Result<Self> {
        if certificates.is_empty() {
            return Ok(Self::default());
        }
        let mut made = ReqwestTransport::new().context("TLS cannot be set up")?;
        for (id, pem) in certificates {
            made = made.client_certificate(id.as_str(), pem.as_bytes()).map_err(|_| unreadable(id))?;
        }
        let presents = certificates.iter().map(|(id, _)| ClientCertificate::new(id.as_str())).collect();
        Ok(Self { made: Arc::new(OnceCell::new_with(Some(made))), presents })
    }

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
        self.made.get_or_try_init(make).await
    }
}

impl Transport for LateTransport {
    fn send<'a>(&'a self, request: Request<Bytes>) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move { self.get().await?.send(request).await })
    }

    fn presents(&self, certificate: &ClientCertificate) -> bool {
        self.presents.contains(certificate)
    }

    fn detach(&self, task: BoxFuture<'static, ()>) -> Option<BoxFuture<'static, ()>> {
        drop(tokio::spawn(task));
        None
    }
}

fn unreadable(id: &str) -> Mistake {
    let name = format!("AUTH_{}_CERTIFICATE", id.to_ascii_uppercase().replace('-', "_"));
    let what = format!("{name} cannot be read: it takes a certificate and its private key, both in PEM");
    Mistake::new(what, format!("{name}=\"$(cat certificate.pem key.pem)\""))
}
