//! `authstile serve`: the engine as a server, on bare hyper.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use authstile::env::Environment;
use authstile::seal::{Secrets, WeakSecret};
use authstile::{Auth, AuthBuilder, HostPolicy, PeerAddress};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::listen::{self, BodyError, MAX_REQUESTS, Peer, Stop};
use crate::mail;
use crate::mistake::Mistake;
use crate::providers;
use crate::stores::{Addresses, MissingFile, Settings, Stores};
use crate::transport::LateTransport;
use crate::upkeep::{Readiness, Sweeper};

/// Serves until the process is asked to stop.
pub(crate) async fn run(environment: &Environment) -> anyhow::Result<()> {
    check_secrets(environment)?;
    check_proxies(environment)?;
    let addresses = Addresses::of(environment)?;
    let settings = Settings::of(environment, &addresses)?;
    let mails = mail::of(environment, addresses.any())?;
    let sweeper = Sweeper::of(environment)?;
    let providers_only = mail::without(environment);
    let registrations = providers::of(&providers_only)?;
    let ids: Vec<String> = registrations.iter().map(|registration| registration.provider_id().to_owned()).collect();
    let transport = LateTransport::presenting(&providers::certificates(&providers_only))?;
    let builder = Auth::builder().environment(environment)?.transport(transport.clone());
    let builder = registrations.into_iter().fold(builder, AuthBuilder::provider);
    // What costs nothing is looked at first, and a mistake in it is told at once.
    let stores = Stores::open(&addresses, MissingFile::Create).await?;
    let can_mail = !mails.is_empty();
    let builder = mails.into_iter().fold(settings.apply(stores.furnish(builder)), AuthBuilder::email);
    let auth = builder.build()?;
    let stop = Stop::on_signal()?;
    let listener = bind(environment).await?;
    let address = listener.local_addr()?;
    warn(environment, &ids, can_mail, address)?;
    let line = introduction(environment, &auth, &ids, address)?;
    // Whoever closed standard output does not want to read it.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
    transport.prepare();
    if let Some(sweeper) = sweeper.filter(|_| addresses.any()) {
        tokio::spawn(sweeper.run(auth.clone()));
    }
    let readiness = Readiness::new(stores);
    let places = Arc::new(Semaphore::new(MAX_REQUESTS));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let (auth, readiness, place) = (auth.clone(), readiness.clone(), places.clone().try_acquire_owned());
        if let Some(Peer(peer)) = request.extensions_mut().remove::<Peer>() {
            request.extensions_mut().insert(PeerAddress(peer.ip()));
        }
        async move {
            // Probes are answered also where there is no place: a server that is busy is not dead.
            Ok::<_, Infallible>(match place.is_ok() || is_probe(&request) {
                true => answer(&auth, &readiness, request).await,
                false => busy(),
            })
        }
    });
    listen::serve(listener, service, stop).await;
    Ok(())
}

/// Says which of the secrets is wrong, which the engine cannot know.
fn check_secrets(environment: &Environment) -> Result<(), Mistake> {
    if environment.secrets().check() == Err(WeakSecret::Missing) {
        return Err(Mistake::new(
            "AUTH_SECRET is not set: sessions are sealed with it",
            "AUTH_SECRET=…    (the output of `authstile secret`)",
        ));
    }
    let plain = ["AUTH_SECRET", "NEXTAUTH_SECRET"].into_iter().find(|name| environment.get(name).is_some());
    for name in ["AUTH_SECRET_3", "AUTH_SECRET_2", "AUTH_SECRET_1"].into_iter().chain(plain) {
        let Some(secret) = environment.get(name) else { continue };
        let problem = match Secrets::new([secret]).check() {
            Ok(()) => continue,
            Err(WeakSecret::TooShort { length }) => format!("has only {length} bytes"),
            Err(_) => "is a well-known default or hardly random".to_owned(),
        };
        return Err(Mistake::new(
            format!("{name} {problem}, and whoever guesses it signs in as anybody: the secret is too weak"),
            format!("{name}=…    (the output of `authstile secret`; everybody has to sign in again)"),
        ));
    }
    Ok(())
}

/// Shows how a list of proxies looks, where it has a mistake.
fn check_proxies(environment: &Environment) -> Result<(), Mistake> {
    let mend = "AUTHSTILE_TRUSTED_PROXIES=127.0.0.1,10.0.0.0/8";
    environment.trusted_proxies().map(drop).map_err(|error| Mistake::new(error.to_string(), mend))
}

async fn bind(environment: &Environment) -> anyhow::Result<TcpListener> {
    let port = environment.get("PORT").unwrap_or("3000");
    let port: u16 = port.trim().parse().map_err(|_| {
        Mistake::new(format!("PORT is {port:?}, which is no port: a number from 0 to 65535"), "PORT=3000")
    })?;
    let host = environment.get("HOST").unwrap_or("127.0.0.1").trim();
    let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    TcpListener::bind((name, port)).await.with_context(|| {
        format!("cannot listen on {host}:{port}, which HOST and PORT name; with PORT=0 any free port is taken")
    })
}

/// What lets the server start, but not be of use.
fn warn(environment: &Environment, ids: &[String], can_mail: bool, address: SocketAddr) -> anyhow::Result<()> {
    for (name, missing) in providers::strays(environment) {
        tracing::warn!("{name} is set, but {missing} is not: this provider is left out");
    }
    for name in mail::strays(environment) {
        tracing::warn!("{name} is set, but nothing that sends mail is: it has no effect");
    }
    if ids.is_empty() && !can_mail {
        tracing::warn!(
            "no provider is configured, so nobody can sign in: set AUTH_SCALEKIT_ID, AUTH_SCALEKIT_SECRET and \
             AUTH_SCALEKIT_ISSUER, or see `authstile serve --help`"
        );
    }
    if !address.ip().is_loopback() && environment.host_policy()? == HostPolicy::LoopbackOnly {
        tracing::warn!(
            "only requests to localhost are answered, although others can reach {address}: set AUTH_URL to the public \
             address, such as https://app.example.com"
        );
    }
    Ok(())
}

/// One line: where it listens, for whom, and what to register there.
fn introduction(environment: &Environment, auth: &Auth, ids: &[String], address: SocketAddr) -> anyhow::Result<String> {
    let origins = match environment.host_policy()? {
        HostPolicy::Fixed(origin) => vec![origin.to_string()],
        HostPolicy::AllowList(patterns) => patterns.iter().map(ToString::to_string).collect(),
        HostPolicy::TrustForwarded => vec!["https://<your host>".to_owned()],
        _ => vec![format!("http://localhost:{}", address.port())],
    };
    let redirects = origins
        .iter()
        .flat_map(|origin| ids.iter().map(move |id| format!("{origin}{}/callback/{id}", auth.base_path())));
    let redirects: Vec<String> = redirects.collect();
    let or_none = |list: &[String]| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    Ok(format!(
        "authstile listens on http://{address} · providers: {} · redirect URIs to register: {}",
        or_none(ids),
        or_none(&redirects)
    ))
}

fn is_probe(request: &Request<Incoming>) -> bool {
    matches!(request.uri().path(), "/healthz" | "/readyz")
}

fn busy() -> Response<Full<Bytes>> {
    let mut response =
        text(StatusCode::SERVICE_UNAVAILABLE, "Too many requests are under way: try again in a moment.\n");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

async fn answer(auth: &Auth, readiness: &Readiness, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    if path == "/healthz" {
        return text(StatusCode::OK, "ok");
    }
    if path == "/readyz" {
        return match readiness.is_ready().await {
            true => text(StatusCode::OK, "ok"),
            false => text(StatusCode::SERVICE_UNAVAILABLE, "The database or Redis does not answer.\n"),
        };
    }
    // Segment by segment: /api/authentic is not ours.
    if !path.strip_prefix(auth.base_path()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        return text(StatusCode::NOT_FOUND, "Nothing is served here.\n");
    }
    match listen::read(request).await {
        Ok(request) => auth.handle(request).await.map(Full::new),
        Err(BodyError::TooLarge) => text(StatusCode::PAYLOAD_TOO_LARGE, "The request body is larger than 64 KiB.\n"),
        Err(BodyError::TooSlow) => text(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time.\n"),
        Err(BodyError::Broken) => text(StatusCode::BAD_REQUEST, "The request body cannot be read.\n"),
    }
}

fn text(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
