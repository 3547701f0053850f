//! Listening: connections, their limits, and how they end.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use authstile::{MAX_BODY, MAX_HEADERS};
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::patient::Patient;

/// Bytes of a request's head.
const MAX_HEAD: usize = MAX_HEADERS;
/// Bytes of a body that is refused, after which we do not even listen.
const MAX_FORGOTTEN: usize = 1024 * 1024;
/// For the head of the first request of a connection: whoever connects has something to say.
const FIRST_HEAD_TIME: Duration = Duration::from_secs(10);
/// For the head of a request. hyper counts a kept-alive connection's idle time too, so it must be longer than the idle
/// time of usual proxies, 60 s: whoever closes first makes the other one fail.
const HEAD_TIME: Duration = Duration::from_secs(65);
/// For the body of a request.
const BODY_TIME: Duration = Duration::from_secs(10);
/// For a client to take what was sent to it.
const STALL_TIME: Duration = Duration::from_secs(10);
/// Connections at a time; the next are closed at once.
const MAX_CONNECTIONS: usize = 4096;
/// Requests at a time, beyond which the next are answered with 503: each may wait for a provider or for a store.
pub(crate) const MAX_REQUESTS: usize = 1024;
/// For connections that were made, but not yet heard, when the server is asked to stop.
const FAREWELL: Duration = Duration::from_millis(50);
/// For requests in flight when the server is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Who is connected to us; among the extensions of each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What clients may cost.
#[derive(Debug, Clone, Copy)]
struct Limits {
    connections: usize,
    first_head: Duration,
    stall: Duration,
}

const LIMITS: Limits = Limits { connections: MAX_CONNECTIONS, first_head: FIRST_HEAD_TIME, stall: STALL_TIME };

/// Serves a listener until `stop`; then lets the requests in flight finish.
pub(crate) async fn serve<S, B>(listener: TcpListener, service: S, stop: Stop)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    serve_within(LIMITS, listener, service, stop).await;
}

async fn serve_within<S, B>(limits: Limits, listener: TcpListener, service: S, mut stop: Stop)
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
    let connections = Arc::new(Semaphore::new(limits.connections));
    let answer = |stream: TcpStream, peer: SocketAddr| {
        let Ok(place) = connections.clone().try_acquire_owned() else {
            tracing::debug!(%peer, "closed a connection: there are {} already", limits.connections);
            return;
        };
        // Answers are small: sent at once, they arrive sooner.
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        let (heard, hears) = (Arc::new(AtomicBool::new(false)), limits.first_head);
        let hearing = heard.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            hearing.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(Peer(peer));
            service.call(request)
        });
        let stream = TokioIo::new(Patient::new(stream, limits.stall));
        let connection = graceful.watch(http.serve_connection(stream, service));
        tokio::spawn(async move {
            let _place = place;
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = &mut connection => ended,
                () = sleep(hears) => match heard.load(Ordering::Relaxed) {
                    true => connection.await,
                    false => return,
                },
            };
            if let Err(error) = ended {
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
    read_within(BODY_TIME, request).await
}

async fn read_within(time: Duration, request: Request<Incoming>) -> Result<Request<Bytes>, BodyError> {
    let (head, body) = request.into_parts();
    if body.is_end_stream() {
        return Ok(Request::from_parts(head, Bytes::new()));
    }
    let body = timeout(time, collect(body)).await.map_err(|_| BodyError::TooSlow)??;
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

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;
    use std::convert::Infallible;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const SHORT: Duration = Duration::from_millis(300);
    /// No test waits longer for what must happen.
    const AT_MOST: Duration = Duration::from_secs(20);

    /// A server that answers with as many bytes as its limits say nothing about.
    async fn server(limits: Limits, answer: usize) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = service_fn(move |request: Request<Incoming>| async move {
            let status = match read_within(SHORT, request).await {
                Ok(_) => 200,
                Err(BodyError::TooSlow) => 408,
                Err(_) => 400,
            };
            let response = Response::builder().status(status).body(Full::new(Bytes::from(vec![b'x'; answer])));
            Ok::<_, Infallible>(response.unwrap())
        });
        let (asks, asked) = watch::channel(false);
        tokio::spawn(async move {
            serve_within(limits, listener, service, Stop(asked)).await;
            drop(asks);
        });
        address
    }

    async fn said(stream: &mut TcpStream) -> String {
        let mut bytes = vec![0; 4096];
        let count = timeout(AT_MOST, stream.read(&mut bytes)).await.expect("in time").unwrap_or(0);
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    #[tokio::test]
    async fn slow_clients_cost_no_more_than_their_slot() {
        let address = server(Limits { first_head: SHORT, ..LIMITS }, 2).await;
        let (mut silent, mut dripping, mut body) = (
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
        );
        dripping.write_all(b"GET / HT").await.unwrap();
        body.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab").await.unwrap();
        let mut quick = TcpStream::connect(address).await.unwrap();
        quick.write_all(GET).await.unwrap();
        assert!(said(&mut quick).await.starts_with("HTTP/1.1 200"), "others are served meanwhile");
        assert_eq!((said(&mut silent).await, said(&mut dripping).await), (String::new(), String::new()));
        assert!(said(&mut body).await.starts_with("HTTP/1.1 408"));
        quick.write_all(GET).await.unwrap();
        assert!(said(&mut quick).await.starts_with("HTTP/1.1 200"), "who has been heard may be silent for longer");
    }

    #[tokio::test]
    async fn there_are_so_many_connections_and_no_more() {
        let address = server(Limits { connections: 2, ..LIMITS }, 2).await;
        let mut kept = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(GET).await.unwrap();
            assert!(said(&mut stream).await.starts_with("HTTP/1.1 200"));
            kept.push(stream);
        }
        let mut next = TcpStream::connect(address).await.unwrap();
        let _ = next.write_all(GET).await;
        assert_eq!(said(&mut next).await, "", "closed without an answer");
        kept.pop();
        let again = async {
            loop {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let _ = stream.write_all(GET).await;
                if said(&mut stream).await.starts_with("HTTP/1.1 200") {
                    return;
                }
            }
        };
        timeout(AT_MOST, again).await.expect("who leaves makes room");
    }

    #[tokio::test]
    async fn who_does_not_take_the_answer_is_not_waited_for() {
        let limits = Limits { connections: 1, stall: SHORT, ..LIMITS };
        let address = server(limits, 64 * 1024 * 1024).await;
        let mut greedy = TcpStream::connect(address).await.unwrap();
        greedy.write_all(GET).await.unwrap();
        // It never reads; its place is free again all the same.
        let again = async {
            loop {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let _ = stream.write_all(GET).await;
                if said(&mut stream).await.starts_with("HTTP/1.1 200") {
                    return;
                }
            }
        };
        timeout(AT_MOST, again).await.expect("its place is free again");
        drop(greedy);
    }
}
