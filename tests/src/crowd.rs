//! Many people with a browser each, and several processes that are one application.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use authstile::Transport as _;
use authstile_idp::{Client, Connection, Idp, Mode, Organization, User};
use authstile_reqwest::ReqwestTransport;
use authstile_testkit::{Browser, Loopback, Page};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use crate::{APP, BASE, CLIENT_ID, CLIENT_SECRET};

/// A process of the application: `tests/src/bin/replica.rs`.
#[derive(Debug)]
pub struct Replica {
    // It ends with its input.
    child: Child,
    port: u16,
}

impl Replica {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(program: &str, issuer: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(["--issuer", issuer]).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the replica starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("it says its port");
        let port = line.trim().strip_prefix("listening ").and_then(|port| port.parse().ok());
        Self { child, port: port.unwrap_or_else(|| panic!("the replica does not serve: {line:?}")) }
    }

    /// Where it is, though it takes itself for [`APP`].
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An identity provider that knows many people: `p0@acme.example` and so on.
#[derive(Debug)]
pub struct Crowd {
    idp: Idp,
    provider: Loopback,
    network: ReqwestTransport,
    /// Who is asked to sign in next is a switch of the provider's, which only one can use at a time.
    turn: Arc<Mutex<()>>,
    /// The next refresh never gets an answer.
    loses_refresh: Arc<AtomicBool>,
}

/// The address of one of them.
#[must_use]
pub fn address(person: usize) -> String {
    format!("p{person}@acme.example")
}

impl Crowd {
    /// Opens the provider for so many people.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn open(people: usize) -> Self {
        Self::of(people, Mode::Modular).await
    }

    /// The same, with a provider that has refresh tokens, and rotates them.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn with_refresh_tokens(people: usize) -> Self {
        Self::of(people, Mode::FullStack).await
    }

    async fn of(people: usize, mode: Mode) -> Self {
        let mut provider = Loopback::bind().await.expect("a port");
        let client = Client::new(CLIENT_ID, CLIENT_SECRET).redirect_uri(format!("{BASE}/callback/scalekit"));
        let acme = Organization::new("org_acme", "Acme").connection(Connection::new("conn_acme", "Okta"));
        let idp = Idp::builder(provider.origin()).mode(mode).client(client).organization(acme);
        let user = |person| User::new(address(person)).name(format!("Person {person}")).organization("org_acme");
        let idp = (0..people).fold(idp, |idp, person| idp.user(user(person))).build();
        let loses_refresh = Arc::new(AtomicBool::default());
        provider.serve({
            let (idp, loses_refresh) = (idp.clone(), loses_refresh.clone());
            move |request| {
                let (idp, loses_refresh) = (idp.clone(), loses_refresh.clone());
                async move {
                    let is_refresh = request.body().windows(13).any(|part| part == b"refresh_token");
                    if is_refresh && loses_refresh.swap(false, Ordering::SeqCst) {
                        std::future::pending::<()>().await;
                    }
                    idp.handle(request)
                }
            }
        });
        let network = ReqwestTransport::new().expect("a transport");
        Self { idp, provider, network, turn: Arc::default(), loses_refresh }
    }

    /// The provider.
    #[must_use]
    pub fn idp(&self) -> &Idp {
        &self.idp
    }

    /// Lets the next refresh get no answer, and says whether it has come.
    pub fn lose_refresh(&self) -> impl Fn() -> bool + use<> {
        self.loses_refresh.store(true, Ordering::SeqCst);
        let loses_refresh = self.loses_refresh.clone();
        move || !loses_refresh.load(Ordering::SeqCst)
    }

    /// The provider's origin.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.provider.origin()
    }

    /// Somebody's browser, for which this address is the application.
    #[must_use]
    pub fn browser(&self, person: usize, application: &str) -> Browser {
        let mut browser = Browser::new();
        self.lead(&mut browser, application);
        let (idp, turn) = (self.idp.clone(), self.turn.clone());
        browser.site(&self.issuer(), move |request| {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            idp.auto_sign_in(Some(&address(person)));
            std::future::ready(idp.handle(request))
        });
        browser
    }

    /// Another address is the application for this browser. Where nobody answers, the browser sees a 504.
    pub fn lead(&self, browser: &mut Browser, application: &str) {
        let (network, application) = (self.network.clone(), application.trim_end_matches('/').to_owned());
        browser.site(APP, move |request| {
            let network = network.clone();
            let (mut parts, body) = request.into_parts();
            parts.uri = format!("{application}{}", parts.uri).parse().expect("an address");
            async move {
                let answer = network.send(http::Request::from_parts(parts, body)).await;
                answer.unwrap_or_else(|error| {
                    let mut answer = Response::new(Bytes::from(error.to_string()));
                    *answer.status_mut() = StatusCode::GATEWAY_TIMEOUT;
                    answer
                })
            }
        });
    }

    /// From the button to the provider and its answer: the address of the callback, not visited yet; else the page where it
    /// went wrong.
    ///
    /// # Errors
    /// When the browser is not sent on.
    pub async fn leave(&self, browser: &mut Browser) -> Result<String, Page> {
        let left = browser.press_sign_in(BASE, "scalekit", "/dash").await;
        let Some(ask) = left.location().filter(|ask| ask.as_str().starts_with(&self.issuer())) else {
            return Err(left);
        };
        let asked = browser.get(ask.as_str()).await;
        let callback = asked.location().filter(|back| back.as_str().starts_with(BASE));
        callback.map(String::from).ok_or(asked)
    }

    /// A whole sign-in, once.
    ///
    /// # Errors
    /// The page where it went wrong.
    pub async fn sign_in(&self, browser: &mut Browser) -> Result<Page, Page> {
        let callback = self.leave(browser).await?;
        let back = browser.get(&callback).await;
        let is_in = back.location().is_some_and(|to| to.path() == "/dash") && session_cookie(browser).is_some();
        if is_in { Ok(back) } else { Err(back) }
    }
}

/// The cookie that makes the session.
#[must_use]
pub fn session_cookie(browser: &Browser) -> Option<String> {
    let cookies = browser.cookies("localhost").iter();
    cookies.filter(|(name, _)| name == "authjs.session-token").map(|(_, value)| value.clone()).next()
}

/// A browser with a copy of another's session.
#[must_use]
pub fn copy(crowd: &Crowd, browser: &Browser, application: &str) -> Browser {
    let mut copy = crowd.browser(0, application);
    copy.set_cookie("localhost", "authjs.session-token", &session_cookie(browser).unwrap_or_default());
    copy
}

/// Who is signed in, by `GET /session`: the status, and the address.
pub async fn who(browser: &mut Browser) -> (StatusCode, Value) {
    let page = browser.get(&format!("{BASE}/session")).await;
    (page.status, page.json().pointer("/user/email").cloned().unwrap_or_default())
}

/// Asks until the answer is right, and says how long that took.
///
/// # Panics
/// When it is not within this time, with what was said last.
pub async fn within<T: std::fmt::Debug>(
    limit: Duration,
    mut ask: impl AsyncFnMut() -> T,
    is_right: impl Fn(&T) -> bool,
) -> Duration {
    let began = Instant::now();
    loop {
        let answer = ask().await;
        if is_right(&answer) {
            return began.elapsed();
        }
        assert!(began.elapsed() < limit, "still {answer:?} after {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
