//! The way to the network for Authstile: [`authstile::Transport`] on reqwest with rustls.
//!
//! Follows no redirects, keeps no cookies, and holds the [`Limits`]: a provider that is slow or talks too much costs no
//! more than its slot.

use std::collections::BTreeMap;
use std::time::Duration;

use authstile::{BoxFuture, ClientCertificate, Limits, Transport, TransportError};
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use reqwest::{Certificate, Client, ClientBuilder, Identity};

/// A pool of connections to providers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: Client,
    limits: Limits,
    roots: Vec<Certificate>,
    /// One pool for each certificate of ours: it is presented on its own connections, and on no others.
    presenting: BTreeMap<ClientCertificate, Client>,
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
        let client = builder(limits, &[]).build()?;
        Ok(Self { client, limits, roots: Vec::new(), presenting: BTreeMap::new() })
    }

    /// Believes this certificate authority too, beside those of the system: PEM, one or several certificates. To be said
    /// before [`client_certificate`](Self::client_certificate).
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn root_certificate(mut self, pem: &[u8]) -> Result<Self, reqwest::Error> {
        self.roots.extend(Certificate::from_pem_bundle(pem)?);
        self.client = builder(self.limits, &self.roots).build()?;
        Ok(self)
    }

    /// A certificate of ours with its private key, for mutual TLS (RFC 8705): PEM with the certificate, those between it and
    /// its authority, and the key. It is presented only to providers that are registered with
    /// [`Customize::client_certificate`](authstile::Customize::client_certificate) and this name, or, under their id, with
    /// one of the methods of TLS.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use authstile::oauth::client_auth::ClientAuthentication;
    /// use authstile::{Auth, Customize as _, Provider};
    /// use authstile_reqwest::ReqwestTransport;
    ///
    /// let bank = Provider::oidc("bank", "https://login.bank.example")
    ///     .register("client id", "")
    ///     .without_secret()
    ///     .client_authentication(ClientAuthentication::Tls);
    /// let transport = ReqwestTransport::new()?.client_certificate("bank", &std::fs::read("bank.pem")?)?;
    /// let auth = Auth::builder()
    ///     .secret("kT2x0Zb9nJH0Zs3wq1vLr8m5yD4fGh7UeXcPaRoNiQ4=")
    ///     .url("https://app.example.com")
    ///     .provider(bank)
    ///     .transport(transport)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When certificate or key cannot be read.
    pub fn client_certificate(
        mut self,
        name: impl Into<ClientCertificate>,
        pem: &[u8],
    ) -> Result<Self, reqwest::Error> {
        let client = builder(self.limits, &self.roots).identity(Identity::from_pem(pem)?).build()?;
        self.presenting.insert(name.into(), client);
        Ok(self)
    }

    /// The pool for a request: without the certificate that it asks for it is not sent.
    fn client(&self, request: &Request<Bytes>) -> Result<&Client, TransportError> {
        match request.extensions().get::<ClientCertificate>() {
            None => Ok(&self.client),
            Some(own) => self.presenting.get(own).ok_or_else(|| TransportError::NoCertificate(own.name().to_owned())),
        }
    }

    async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let client = self.client(&request)?;
        let request = reqwest::Request::try_from(request).map_err(describe)?;
        let mut response = client.execute(request).await.map_err(describe)?;
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

    fn presents(&self, certificate: &ClientCertificate) -> bool {
        self.presenting.contains_key(certificate)
    }

    fn detach(&self, task: BoxFuture<'static, ()>) -> Option<BoxFuture<'static, ()>> {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return Some(task) };
        drop(runtime.spawn(task));
        None
    }
}

/// No redirects, and the limits, on every connection.
fn builder(limits: Limits, roots: &[Certificate]) -> ClientBuilder {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(limits.connect)
        .timeout(limits.total)
        .pool_idle_timeout(Duration::from_secs(60))
        .user_agent(concat!("authstile/", env!("CARGO_PKG_VERSION")))
        .tls_certs_merge(roots.iter().cloned())
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
