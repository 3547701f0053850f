//! A house to walk through: the engine, the local identity provider and a browser, in one process.

pub mod auth_js;
pub mod conformance;
pub mod crowd;
pub mod log;
pub mod pages;
pub mod peers;
pub mod script;
pub mod servers;
pub mod site;

use authstile::{Auth, AuthBuilder, ConfigError, Limits, Registration, TransportError};
use authstile_idp::{Client, Connection, Idp, IdpBuilder, Organization, User};
use authstile_scalekit::Scalekit;
use authstile_testkit::{Browser, FakeTransport, FixedClock, Page, SeededRandom, TEST_SECRET};
use bytes::Bytes;
use http::{Request, Response, Uri};
use url::Url;

use crate::log::Log;

/// The application's origin.
pub const APP: &str = "http://localhost:3000";
/// Where its engine is mounted.
pub const BASE: &str = "http://localhost:3000/api/auth";
/// The identity provider's origin.
pub const IDP: &str = "http://127.0.0.1:4000";
/// The application's origin where TLS is.
pub const SECURE_APP: &str = "https://app.example";
/// The identity provider's origin where TLS is.
pub const SECURE_IDP: &str = "https://login.example";
/// The application's id at the provider.
pub const CLIENT_ID: &str = "skc_test";
/// The application's secret at the provider.
pub const CLIENT_SECRET: &str = "test_secret:with+odd/characters%";
/// Now.
pub const NOW: i64 = 1_767_225_600;

/// Everything that takes part in a sign-in.
#[derive(Debug)]
pub struct House {
    /// The engine.
    pub auth: Auth,
    /// The provider.
    pub idp: Idp,
    /// A browser that knows both.
    pub browser: Browser,
    /// The network between engine and provider.
    pub transport: FakeTransport,
    /// The clock of all of them.
    pub clock: FixedClock,
    /// The application's origin.
    pub app: String,
    /// Where its engine is mounted.
    pub base: String,
}

/// The provider as the tests know it: two organizations, signing in Ada without asking.
#[must_use]
pub fn provider(clock: &FixedClock) -> Idp {
    let idp = furnish(IDP, BASE, clock).build();
    idp.auto_sign_in(Some("ada@acme.example"));
    idp
}

/// The same, not built yet.
pub fn furnish(issuer: &str, base: &str, clock: &FixedClock) -> IdpBuilder {
    let clock = clock.clone();
    let callback = |id: &str| format!("{base}/callback/{id}");
    let client =
        Client::new(CLIENT_ID, CLIENT_SECRET).redirect_uri(callback("scalekit")).redirect_uri(callback("other"));
    Idp::builder(issuer)
        .clock(move || clock.seconds())
        .client(client)
        .organization(
            Organization::new("org_acme", "Acme")
                .domain("acme.example")
                .connection(Connection::new("conn_acme", "Acme Okta")),
        )
        .organization(
            Organization::new("org_globex", "Globex")
                .domain("globex.example")
                .connection(Connection::new("conn_globex", "Globex Entra")),
        )
        .user(User::new("ada@acme.example").id("00u1ada").name("Ada Lovelace").organization("org_acme"))
        .user(User::new("linus@globex.example").id("00u2linus").name("Linus").organization("org_globex"))
}

/// Scalekit as the tests register it.
#[must_use]
pub fn scalekit() -> Scalekit {
    bare_scalekit().domain("acme.example")
}

/// Scalekit without a route: whoever signs in has to name one.
#[must_use]
pub fn bare_scalekit() -> Scalekit {
    Scalekit::new(CLIENT_ID, CLIENT_SECRET, IDP)
}

/// The network between an engine and a provider: nobody else lives there, and it holds the limits of a real one.
#[must_use]
pub fn network(idp: &Idp) -> FakeTransport {
    let idp = idp.clone();
    FakeTransport::fallible(move |request| carry(&idp, request))
}

/// Carries one request over that network.
///
/// # Errors
/// When nobody lives there, or the answer is too large.
pub fn carry(idp: &Idp, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
    // As whoever terminates TLS tells whose certificate it was: its name stands for it.
    let own = request.extensions().get::<authstile::ClientCertificate>().map(|own| own.name().to_owned());
    if let Some(name) = own {
        request.extensions_mut().insert(authstile_idp::ClientCertificate(name.into()));
    }
    let asked = request.uri().authority().map(ToString::to_string);
    if asked != authority(idp.issuer()) {
        return Err(TransportError::Unreachable(format!("nobody lives at {asked:?}")));
    }
    let answer = idp.handle(request);
    let most = Limits::default().body;
    if answer.body().len() > most { Err(TransportError::TooLarge(most)) } else { Ok(answer) }
}

fn authority(url: &str) -> Option<String> {
    url.parse::<Uri>().ok()?.authority().map(ToString::to_string)
}

impl House {
    /// The usual house.
    #[must_use]
    pub fn new() -> Self {
        Self::with(|builder| builder.provider(scalekit()))
    }

    /// A house whose engine is built otherwise.
    #[must_use]
    pub fn with(configure: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Self {
        let clock = FixedClock::at(NOW);
        Self::of(&provider(&clock), &clock, configure)
    }

    /// A new engine and a new browser beside a provider that is there already.
    #[must_use]
    pub fn of(idp: &Idp, clock: &FixedClock, configure: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Self {
        Self::build(APP, "/api/auth", idp, network(idp), clock, configure)
    }

    /// A house with TLS everywhere.
    #[must_use]
    pub fn secure(configure: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Self {
        let clock = FixedClock::at(NOW);
        let idp = furnish(SECURE_IDP, &format!("{SECURE_APP}/api/auth"), &clock).build();
        idp.auto_sign_in(Some("ada@acme.example"));
        let scalekit = Scalekit::new(CLIENT_ID, CLIENT_SECRET, SECURE_IDP).domain("acme.example");
        Self::build(SECURE_APP, "/api/auth", &idp, network(&idp), &clock, |builder| {
            configure(builder.url(SECURE_APP).provider(scalekit))
        })
    }

    /// Whether an engine with this provider would stand.
    ///
    /// # Errors
    /// When it would not.
    pub fn stands(provider: impl Into<Registration>) -> Result<Auth, ConfigError> {
        let transport = FakeTransport::new(|_| http::Response::new(bytes::Bytes::new()));
        Auth::builder().secret(TEST_SECRET).transport(transport).provider(provider).build()
    }

    /// Any house.
    ///
    /// # Panics
    /// When the engine cannot be built: a mistake of the test.
    #[must_use]
    pub fn build(
        app: &str,
        base_path: &str,
        idp: &Idp,
        transport: FakeTransport,
        clock: &FixedClock,
        configure: impl FnOnce(AuthBuilder) -> AuthBuilder,
    ) -> Self {
        let builder = Auth::builder()
            .secret(TEST_SECRET)
            .base_path(base_path)
            .clock(clock.clone())
            .random(SeededRandom::new(7))
            .transport(transport.clone());
        let auth = configure(builder).build().expect("an engine");
        let mut house = Self {
            idp: idp.clone(),
            browser: Browser::new(),
            transport,
            clock: clock.clone(),
            app: app.to_owned(),
            base: format!("{app}{}", auth.base_path()),
            auth,
        };
        house.browser = house.another_browser();
        house
    }

    /// A browser that knows the application and the provider, and has been at neither.
    #[must_use]
    pub fn another_browser(&self) -> Browser {
        let mut browser = Browser::new();
        let auth = self.auth.clone();
        browser.site(&self.app, move |request| {
            let auth = auth.clone();
            async move { auth.handle(request).await }
        });
        let idp = self.idp.clone();
        let site = Url::parse(idp.issuer()).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        browser.site(&site, move |request| std::future::ready(idp.handle(request)));
        browser
    }

    /// The same house as somebody else sees it: with a browser of their own.
    #[must_use]
    pub fn visitor(&self) -> Self {
        Self {
            auth: self.auth.clone(),
            idp: self.idp.clone(),
            browser: self.another_browser(),
            transport: self.transport.clone(),
            clock: self.clock.clone(),
            app: self.app.clone(),
            base: self.base.clone(),
        }
    }

    /// The host whose cookies are the application's.
    #[must_use]
    pub fn host(&self) -> String {
        Url::parse(&self.app).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Walks to the provider with Scalekit's button; the answer is where the provider lives.
    ///
    /// # Panics
    /// When the engine does not send the browser there.
    pub async fn leave(&mut self, return_to: &str) -> Url {
        let base = self.base.clone();
        let page = self.browser.press_sign_in(&base, "scalekit", return_to).await;
        match page.location() {
            Some(ask) if ask.as_str().starts_with(self.idp.issuer()) => ask,
            _ => panic!("the browser does not leave for the provider: {page:?}"),
        }
    }

    /// Walks to the provider and gets its answer: the address of the callback, not visited yet.
    ///
    /// # Panics
    /// When the provider does not send the browser back.
    pub async fn answer(&mut self) -> Url {
        let ask = self.leave("/dash").await;
        self.browser.get(ask.as_str()).await.location().expect("the provider sends the browser back")
    }

    /// A whole sign-in; the answer is that of the callback.
    pub async fn sign_in(&mut self) -> Page {
        let callback = self.answer().await;
        self.browser.get(callback.as_str()).await
    }

    /// What `GET /session` says to the browser.
    pub async fn session(&mut self) -> serde_json::Value {
        let base = self.base.clone();
        self.browser.session(&base).await
    }

    /// The application's cookies whose name contains this.
    #[must_use]
    pub fn cookies(&self, part: &str) -> Vec<(String, String)> {
        let host = self.host();
        self.browser.cookies(&host).iter().filter(|(name, _)| name.contains(part)).cloned().collect()
    }

    /// A sign-in with Scalekit's button, however it ends.
    pub async fn attempt(&mut self) -> Ending {
        let log = Log::keep();
        let base = self.base.clone();
        let left = self.browser.press_sign_in(&base, "scalekit", "/dash").await;
        let there = left.location().filter(|ask| ask.as_str().starts_with(self.idp.issuer()));
        let (leg, page) = match there {
            None => (Leg::SignIn, left),
            Some(ask) => match self.browser.get(ask.as_str()).await.location() {
                None => (Leg::Provider, left),
                Some(callback) => (Leg::Callback, self.browser.get(callback.as_str()).await),
            },
        };
        Ending::read(leg, page, &log)
    }
}

/// Where a sign-in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    /// At the button.
    SignIn,
    /// At the provider.
    Provider,
    /// Back from the provider.
    Callback,
}

/// How a walk ended, for the browser and in the log.
#[derive(Debug)]
pub struct Ending {
    /// Where.
    pub leg: Leg,
    /// The last answer.
    pub page: Page,
    /// The path of the page that the browser is sent to.
    pub path: String,
    /// The public error code, when it is sent to an error.
    pub code: Option<String>,
    /// The reason that the error page will give.
    pub reason: Option<String>,
    /// What the log says about the error.
    pub error: Option<String>,
}

impl Ending {
    /// Reads how a walk ended from its last answer and from what was logged on the way.
    #[must_use]
    pub fn read(leg: Leg, page: Page, log: &Log) -> Self {
        let location = page.location();
        let query = |name: &str| {
            let url = location.as_ref()?;
            url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
        };
        let failure = page.set_cookies().into_iter().find_map(|cookie| {
            let (name, rest) = cookie.split_once('=')?;
            Some(rest.split('.').next().unwrap_or_default().to_owned()).filter(|_| name.ends_with("authstile.failure"))
        });
        let mut errors = log.take().into_iter().filter(|entry| entry.field("reference").is_some());
        let error = errors.next_back().and_then(|entry| entry.field("error").map(str::to_owned));
        Self {
            leg,
            path: location.as_ref().map(|url| url.path().to_owned()).unwrap_or_default(),
            code: query("error"),
            reason: failure,
            error,
            page,
        }
    }
}

impl Default for House {
    fn default() -> Self {
        Self::new()
    }
}
