//! Listening: connections, their limits, and how they end.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// Bytes of a request's head: a browser's cookies for one host fit several times.
const MAX_HEAD: usize = 64 * 1024;
/// Bytes of a request's body; our forms have a few hundred, an answer by `form_post` a few thousand.
const MAX_BODY: usize = 64 * 1024;
/// Bytes of a body that is refused, after which we do not even listen.
const MAX_FORGOTTEN: usize = 1024 * 1024;
/// For the head of a request. hyper counts a kept-alive connection's idle time too, so it must be longer than the idle
/// time of usual proxies, 60 s: whoever closes first makes the other one fail.
const HEAD_TIME: Duration = Duration::from_secs(65);
/// For the body of a request.
const BODY_TIME: Duration = Duration::from_secs(10);
/// For connections that were made, but not yet heard, when the server is asked to stop.
const FAREWELL: Duration = Duration::from_millis(50);
/// For requests in flight when the server is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Who is connected to us; among the extensions of each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves a listener until `stop`; then lets the requests in flight finish.
pub(crate) async fn serve<S, B>(listener: TcpListener, service: S, mut stop: Stop)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(MAX_HEAD).max_header_size(MAX_HEAD);
    let graceful = GracefulShutdown::new();
    let answer = |stream: TcpStream, peer: SocketAddr| {
        // Answers are small: sent at once, they arrive sooner.
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            service.call(request)
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    };
    accept(&listener, answer, stop.requested()).await;
    // Whoever has connected already is let in, and heard, before the doors close.
    accept(&listener, answer, sleep(FAREWELL)).await;
    drop(listener);
    sleep(FAREWELL).await;
    if timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were not finished {} s after the server was asked to stop", GRACE.as_secs());
    }
}

/// Lets clients in until then.
async fn accept(listener: &TcpListener, answer: impl Fn(TcpStream, SocketAddr), until: impl Future<Output = ()>) {
    let mut until = pin!(until);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => answer(stream, peer),
                Err(error) => wait_out(&error).await,
            },
            () = &mut until => return,
        }
    }
}

/// A client that has gone again concerns nobody; no file handles left is a reason to wait for some.
async fn wait_out(error: &io::Error) {
    if !matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused)
    {
        tracing::error!(%error, "a connection cannot be accepted");
        sleep(Duration::from_millis(100)).await;
    }
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// More than [`MAX_BODY`].
    TooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// It ended early or is no HTTP.
    Broken,
}

/// The whole request, if it is within the limits.
pub(crate) async fn read(request: Request<Incoming>) -> Result<Request<Bytes>, BodyError> {
    let (head, body) = request.into_parts();
    if body.is_end_stream() {
        return Ok(Request::from_parts(head, Bytes::new()));
    }
    let body = timeout(BODY_TIME, collect(body)).await.map_err(|_| BodyError::TooSlow)??;
    Ok(Request::from_parts(head, body))
}

/// When there is more than we want, it is read and forgotten, up to a point: a client that is still sending does not hear
/// the answer.
async fn collect(mut body: Incoming) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > MAX_FORGOTTEN as u64 {
        return Err(BodyError::TooLarge);
    }
    let (mut kept, mut forgotten) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let data = frame.map_err(|_| BodyError::Broken)?.into_data().unwrap_or_default();
        if forgotten == 0 && kept.len() + data.len() <= MAX_BODY {
            kept.extend_from_slice(&data);
        } else {
            forgotten += data.len();
        }
        if forgotten > MAX_FORGOTTEN {
            break;
        }
    }
    if forgotten == 0 { Ok(kept.freeze()) } else { Err(BodyError::TooLarge) }
}

/// Whether the server was asked to stop.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// On SIGTERM or Ctrl-C; a second one does not wait.
    pub(crate) fn on_signal() -> io::Result<Self> {
        let mut signals = Signals::new()?;
        let (ask, asked) = watch::channel(false);
        tokio::spawn(async move {
            signals.next().await;
            tracing::info!("stopping");
            ask.send_replace(true);
            signals.next().await;
            std::process::exit(1);
        });
        Ok(Self(asked))
    }

    async fn requested(&mut self) {
        // Nobody left to ask means that the process is ending anyway.
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
