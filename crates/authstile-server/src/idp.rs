//! `authstile idp`: the development identity provider alone, for any OpenID Connect application.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use authstile::clock::{Clock as _, SystemClock};
use authstile::{Transport as _, TransportError};
use authstile_idp::{ControlAccess, Idp, OutgoingId};
use authstile_reqwest::ReqwestTransport;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use tokio::net::TcpListener;

use crate::cli::IdpOptions;
use crate::listen::{self, Stop};

/// How often what the provider has to say to applications is looked for.
const SEND_EVERY: Duration = Duration::from_millis(100);

/// Runs the provider until the process is asked to stop.
pub(crate) async fn run(options: &IdpOptions) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", options.port))
        .await
        .with_context(|| format!("port {} is taken; another one with --port", options.port))?;
    let address = listener.local_addr()?;
    let issuer = options.issuer.clone().unwrap_or_else(|| format!("http://{address}"));
    let seed = std::fs::read_to_string(&options.seed)
        .with_context(|| format!("the seed file {} cannot be read", options.seed.display()))?;
    let idp = Idp::builder(&issuer)
        .control(ControlAccess::Loopback)
        .seed(&seed)
        .with_context(|| format!("in {}", options.seed.display()))?
        .build();
    let stop = Stop::on_signal()?;
    let _ =
        writeln!(std::io::stdout().lock(), "The identity provider is {issuer}: for development, it signs in anybody.");
    let sender = tokio::spawn(send(idp.clone(), ReqwestTransport::new()?));
    let service = service_fn(move |request: Request<Incoming>| {
        let idp = idp.clone();
        async move { Ok::<_, std::convert::Infallible>(answer(&idp, address, request).await.map(Full::new)) }
    });
    listen::serve(listener, service, stop).await;
    sender.abort();
    Ok(())
}

async fn answer(idp: &Idp, address: SocketAddr, request: Request<Incoming>) -> Response<Bytes> {
    let Ok(mut request) = listen::read(request).await else {
        let mut refusal = Response::new(Bytes::from_static(b"The request cannot be read.\n"));
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        return refusal;
    };
    // We listen on loopback only: whoever reaches us is on this machine.
    request.extensions_mut().insert(address);
    idp.handle(request)
}

/// Sends what the provider has to say: back-channel logouts and webhooks, again and again until they are taken.
pub(crate) async fn send(idp: Idp, transport: ReqwestTransport) {
    loop {
        for request in idp.due_outgoing(SystemClock.now().seconds()) {
            let Some(id) = OutgoingId::of(&request) else { continue };
            let (idp, transport) = (idp.clone(), transport.clone());
            tokio::spawn(async move {
                let status = match transport.send(request).await {
                    Ok(answer) => Some(answer.status()),
                    Err(TransportError::Timeout) => None,
                    Err(error) => {
                        tracing::debug!(%error, "an application cannot be told");
                        None
                    }
                };
                idp.outgoing_result(id, status);
            });
        }
        tokio::time::sleep(SEND_EVERY).await;
    }
}
