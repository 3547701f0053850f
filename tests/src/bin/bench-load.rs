//! A closed-loop HTTP load, and what the server spent on it: `cargo xtask bench` runs it once per measurement.
//!
//! Every connection asks, waits for the answer, checks it, and asks again. Prints one line of JSON.

#![allow(clippy::print_stdout, reason = "its result is what it prints")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use clap::{Parser, ValueEnum};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;
use url::Url;

#[derive(Debug, Parser)]
struct Options {
    #[arg(long)]
    workload: Workload,
    /// Origin of the server, `http://127.0.0.1:<port>`.
    #[arg(long)]
    target: Url,
    /// Process of the server, whose CPU time is read.
    #[arg(long)]
    pid: u32,
    /// Values of the session cookie, for `session`: each request takes the next one.
    #[arg(long, value_delimiter = ',', default_value = "")]
    session: Vec<String>,
    #[arg(long, default_value_t = 32)]
    connections: usize,
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    #[arg(long, default_value_t = 1.0)]
    warm_up: f64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Workload {
    /// `GET /api/auth/session`, signed in.
    Session,
    /// `GET /api/auth/csrf`, with a valid cookie.
    Csrf,
    /// `GET /api/auth/providers`.
    Providers,
    /// `POST /api/auth/signin/scalekit`.
    Signin,
    /// A whole login: sign-in, the identity provider, the callback.
    Login,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Arc::new(Options::parse());
    let [recording, stopped] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let workers: Vec<_> = (0..options.connections)
        .map(|number| tokio::spawn(work(Arc::clone(&options), number, Arc::clone(&recording), Arc::clone(&stopped))))
        .collect();

    tokio::time::sleep(Duration::from_secs_f64(options.warm_up)).await;
    let (began, cpu) = (Instant::now(), cpu_seconds(options.pid)?);
    recording.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs_f64(options.seconds)).await;
    recording.store(false, Ordering::Relaxed);
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds(options.pid)? - cpu);
    stopped.store(true, Ordering::Relaxed);

    let (mut latencies, mut failures) = (Vec::new(), Vec::new());
    for worker in workers {
        let (good, bad) = worker.await?;
        latencies.extend(good);
        failures.extend(bad);
    }
    latencies.sort_unstable();
    let percentile = |share: f64| latencies.get((latencies.len() as f64 * share) as usize).map(Duration::as_secs_f64);
    println!(
        "{}",
        serde_json::json!({
            "answers": latencies.len(),
            "seconds": seconds,
            "cpu_seconds": cpu,
            "p50": percentile(0.50),
            "p99": percentile(0.99),
            "failures": failures.len(),
            "first_failure": failures.first(),
        })
    );
    Ok(())
}

/// One connection's loop: how long each recorded answer took, and what went wrong.
async fn work(
    options: Arc<Options>,
    number: usize,
    recording: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
) -> (Vec<Duration>, Vec<String>) {
    let (mut latencies, mut failures) = (Vec::new(), Vec::new());
    let mut visitor = match Visitor::new(&options, number).await {
        Ok(visitor) => visitor,
        Err(error) => return (latencies, vec![format!("{error:#}")]),
    };
    while !stopped.load(Ordering::Relaxed) {
        let began = Instant::now();
        match visitor.visit(options.workload).await {
            Ok(()) if recording.load(Ordering::Relaxed) => latencies.push(began.elapsed()),
            Ok(()) => {}
            Err(error) => {
                failures.push(format!("{error:#}"));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    (latencies, failures)
}

/// A browser, as far as the load needs one; with several sessions, a browser of each.
struct Visitor {
    app: Connection,
    /// Connected at the first login.
    provider: Option<Connection>,
    /// Those that come round again, and the next one.
    session_cookies: Vec<HeaderValue>,
    next: usize,
    csrf_cookie: HeaderValue,
    sign_in_form: Bytes,
}

impl Visitor {
    async fn new(options: &Options, number: usize) -> Result<Self> {
        let mut app = Connection::open(&options.target).await?;
        let answer = app.send(Method::GET, "/api/auth/csrf", None, Bytes::new()).await?;
        let token = serde_json::from_slice::<serde_json::Value>(answer.body())?;
        let token = token.get("csrfToken").and_then(|token| token.as_str()).context("no csrfToken")?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("csrfToken", token)
            .append_pair("callbackUrl", options.target.as_str())
            .finish();
        // A browser that is signed in has been here before, so it returns the other cookies as well.
        let csrf_cookie = cookies_of(answer.headers())?;
        let cookie = |session| -> Result<HeaderValue> {
            let session = format!("; authjs.session-token={session}");
            Ok([csrf_cookie.as_bytes(), session.as_bytes()].concat().try_into()?)
        };
        let session_cookies = options.session.iter().map(cookie).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            // Connections do not ask for the same at the same time.
            next: number * session_cookies.len() / options.connections.max(1),
            session_cookies,
            csrf_cookie,
            sign_in_form: form.into(),
            app,
            provider: None,
        })
    }

    async fn visit(&mut self, workload: Workload) -> Result<()> {
        match workload {
            Workload::Session => {
                let cookie = self.session_cookies.get(self.next).context("no session")?.clone();
                self.next = (self.next + 1) % self.session_cookies.len();
                let answer = self.app.send(Method::GET, "/api/auth/session", Some(cookie), Bytes::new()).await?;
                expect(&answer, StatusCode::OK, br#"{"user":{"#)?;
                ensure!(answer.headers().contains_key(header::SET_COOKIE), "the session was not prolonged");
                Ok(())
            }
            Workload::Csrf => {
                let cookie = self.csrf_cookie.clone();
                let answer = self.app.send(Method::GET, "/api/auth/csrf", Some(cookie), Bytes::new()).await?;
                expect(&answer, StatusCode::OK, br#"{"csrfToken":""#)
            }
            Workload::Providers => {
                let answer = self.app.send(Method::GET, "/api/auth/providers", None, Bytes::new()).await?;
                expect(&answer, StatusCode::OK, br#"{"scalekit":"#)
            }
            Workload::Signin => self.sign_in().await.map(drop),
            Workload::Login => self.log_in().await,
        }
    }

    async fn sign_in(&mut self) -> Result<Response<Bytes>> {
        let (cookie, form) = (self.csrf_cookie.clone(), self.sign_in_form.clone());
        let answer = self.app.send(Method::POST, "/api/auth/signin/scalekit", Some(cookie), form).await?;
        expect(&answer, StatusCode::FOUND, b"")?;
        let to = location(&answer)?;
        ensure!(to.query().is_some_and(|query| query.contains("code_challenge=")), "sign-in went to {to}");
        Ok(answer)
    }

    async fn log_in(&mut self) -> Result<()> {
        let asked = self.sign_in().await?;
        let to = location(&asked)?;
        let provider = match &mut self.provider {
            Some(provider) => provider,
            empty => empty.insert(Connection::open(&to).await?),
        };
        let granted = provider.send(Method::GET, path_of(&to), None, Bytes::new()).await?;
        let back = location(&granted).with_context(|| format!("the provider answered {}", granted.status()))?;

        let cookie = cookies_of(asked.headers())?;
        let cookie = [self.csrf_cookie.as_bytes(), b"; ", cookie.as_bytes()].concat();
        let answer = self.app.send(Method::GET, path_of(&back), Some(cookie.try_into()?), Bytes::new()).await?;
        let signed_in = answer
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .any(|cookie| cookie.as_bytes().starts_with(b"authjs.session-token=ey"));
        ensure!(signed_in, "no session: {} to {:?}", answer.status(), answer.headers().get(header::LOCATION));
        Ok(())
    }
}

/// One keep-alive connection.
struct Connection {
    origin: Url,
    host: HeaderValue,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    async fn open(url: &Url) -> Result<Self> {
        let address = (url.host_str().context("no host")?, url.port().context("no port")?);
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { origin: url.clone(), host: format!("{}:{}", address.0, address.1).try_into()?, sender })
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        cookie: Option<HeaderValue>,
        form: Bytes,
    ) -> Result<Response<Bytes>> {
        if self.sender.ready().await.is_err() {
            *self = Self::open(&self.origin.clone()).await?;
        }
        let mut request = Request::builder().method(&method).uri(path).header(header::HOST, &self.host);
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if method == Method::POST {
            request = request
                .header(header::ORIGIN, self.origin.origin().ascii_serialization())
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let (head, body) = self.sender.send_request(request.body(Full::new(form))?).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    }
}

fn expect(answer: &Response<Bytes>, status: StatusCode, start: &[u8]) -> Result<()> {
    if answer.status() != status || !answer.body().starts_with(start) {
        bail!("{} {:?}", answer.status(), answer.body().slice(..answer.body().len().min(200)));
    }
    Ok(())
}

fn location(answer: &Response<Bytes>) -> Result<Url> {
    Ok(Url::parse(answer.headers().get(header::LOCATION).context("no Location")?.to_str()?)?)
}

fn path_of(url: &Url) -> &str {
    url.as_str().get(url.origin().ascii_serialization().len()..).unwrap_or("/")
}

/// The `Cookie` header that returns every cookie just set.
fn cookies_of(headers: &HeaderMap) -> Result<HeaderValue> {
    let mut cookies = Vec::new();
    for cookie in headers.get_all(header::SET_COOKIE) {
        cookies.push(cookie.to_str()?.split(';').next().unwrap_or_default());
    }
    Ok(cookies.join("; ").try_into()?)
}

/// User and system time of a process so far. Linux counts it in hundredths of a second for every program.
fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("no process {pid}"))?;
    let (_, fields) = stat.rsplit_once(')').context("unreadable /proc/<pid>/stat")?;
    let ticks =
        |field: usize| -> Result<f64> { Ok(fields.split_whitespace().nth(field).context("too few fields")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}
