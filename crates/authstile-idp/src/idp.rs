//! The provider: one value, one function.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value};

use crate::builder::IdpBuilder;
use crate::client::{Client, Keys};
use crate::control::{Record, Rotation, Switches};
use crate::demo::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET};
use crate::environment::Environment;
use crate::feature::Feature;
use crate::http_text::{Call, Response, text, with_header};
use crate::keys::{KeyRing, SigningAlgorithm, SigningKey};
use crate::memory::Memory;
use crate::misbehave::Misbehave;
use crate::outgoing::Outbox;
use crate::sign_in::SignIn;
use crate::{
    authorize, discovery, logout, management, page, pushed_request, remote, revoke, simulator, token, userinfo,
};

/// A development identity provider. Clones are handles to the same provider.
#[derive(Clone)]
pub struct Idp(Arc<Inner>);

struct Inner {
    issuer: String,
    environment: Mutex<Arc<Environment>>,
    clock: Clock,
    key_source: KeySource,
    /// Seconds that tests have moved the clock by.
    clock_offset: AtomicI64,
    keys: Mutex<KeyRing>,
    /// Never published under its own name; for tokens that lie.
    stray_key: OnceLock<Arc<SigningKey>>,
    /// Of another algorithm than the others; published only by those who lie.
    foreign_key: OnceLock<Arc<SigningKey>>,
    memory: Mutex<Memory>,
    switches: Mutex<Switches>,
    record: Mutex<Record>,
    outbox: Mutex<Outbox>,
}

pub(crate) type Clock = Box<dyn Fn() -> i64 + Send + Sync>;
/// From a client's `jwks_uri` to the JWK Set there.
pub(crate) type KeySource = Box<dyn Fn(&str) -> Option<Value> + Send + Sync>;

impl Idp {
    /// Starts an environment whose issuer is this URL, without trailing slash (§1.1).
    pub fn builder(issuer: impl Into<String>) -> IdpBuilder {
        IdpBuilder::new(issuer.into())
    }

    /// A ready-made environment in Modular mode: organizations Acme (`org_acme`, `acme.example`) and Globex
    /// (`org_globex`, `globex.example`) with a directory each, four users, and one client [`DEMO_CLIENT_ID`](crate::DEMO_CLIENT_ID) with
    /// [`DEMO_CLIENT_SECRET`](crate::DEMO_CLIENT_SECRET).
    pub fn demo(
        issuer: impl Into<String>,
        redirect_uri: impl Into<String>,
        post_logout_redirect_uri: impl Into<String>,
    ) -> Self {
        let client = Client::new(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
            .redirect_uri(redirect_uri)
            .post_logout_redirect_uri(post_logout_redirect_uri);
        Self::builder(issuer).client(client).furnish_demo().build()
    }

    pub(crate) fn new(environment: Environment, clock: Clock, key_source: KeySource, key: SigningKey) -> Self {
        Self(Arc::new(Inner {
            memory: Mutex::new(Memory::new()),
            issuer: environment.issuer.clone(),
            environment: Mutex::new(Arc::new(environment)),
            clock,
            key_source,
            clock_offset: AtomicI64::new(0),
            keys: Mutex::new(KeyRing::new(key)),
            stray_key: OnceLock::new(),
            foreign_key: OnceLock::new(),
            switches: Mutex::default(),
            record: Mutex::default(),
            outbox: Mutex::default(),
        }))
    }

    /// Answers one request. Never fails and never blocks on anything but short locks; hostile requests get 4xx.
    ///
    /// The path is looked up below the issuer's path; scheme and host of the request are ignored.
    #[must_use]
    pub fn handle(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        const LARGEST_BODY: usize = 64 * 1024;
        let size = request.body().len();
        if size > LARGEST_BODY {
            return text(StatusCode::PAYLOAD_TOO_LARGE, "request body too large");
        }
        let call = Call::read(request);
        let environment = self.environment();
        let path = call.path.strip_prefix(&environment.base_path);
        // The same endpoints under the names of `mtls_endpoint_aliases` (RFC 8705 §5).
        let path = match path {
            Some(path) if environment.has(Feature::MutualTls) => Some(path.strip_prefix("/mtls").unwrap_or(path)),
            path => path,
        };
        let pushes = environment.has(Feature::PushedRequests);
        let keys_are_elsewhere = self.misbehaviour() == Some(Misbehave::DiscoveryJwksUriKeys);
        if let Some(path) = path.and_then(|path| path.strip_prefix("/_emulator/")) {
            return remote::answer(self, &call, path);
        }
        lock(&self.0.record).add(&call);
        if lock(&self.0.switches).is_down {
            return text(StatusCode::SERVICE_UNAVAILABLE, "down");
        }
        let (get, post) = (call.method == Method::GET, call.method == Method::POST);
        if let Some(path) = path.and_then(|path| path.strip_prefix("/api/v1/")) {
            return management::answer(self, &call, path);
        }
        if let Some(id) = path.and_then(|path| path.strip_prefix("/magicLink/")).filter(|_| get) {
            return management::open(self, id);
        }
        match path {
            Some("" | "/") if get => page::welcome(),
            Some("/.well-known/openid-configuration") if get => discovery::document(self),
            Some("/keys") if get && !keys_are_elsewhere => discovery::keys(self),
            Some(path) if get && keys_are_elsewhere && path.starts_with("/keys/") => discovery::keys(self),
            Some("/oauth/authorize") if get => authorize::begin(self, &call),
            Some("/oauth/authorize/submit") if post => authorize::submit(self, &call),
            Some("/oauth/authorize/simulate") if post => simulator::submit(self, &call),
            Some("/oauth/token") if post => token::exchange(self, &call),
            Some("/oauth/introspect") if post => revoke::introspect(self, &call),
            Some("/oauth/par") if post && pushes => pushed_request::push(self, &call),
            Some("/revoke") if post => revoke::revoke(self, &call),
            Some("/userinfo") if get || post => userinfo::answer(self, &call),
            Some("/oidc/logout" | "/end_session") if get || post => logout::end(self, &call),
            Some("/.well-known/openid-configuration" | "/keys" | "/oauth/authorize") => wrong_method("GET"),
            Some(
                "/oauth/authorize/submit"
                | "/oauth/authorize/simulate"
                | "/oauth/token"
                | "/oauth/introspect"
                | "/revoke",
            ) => wrong_method("POST"),
            Some("/userinfo" | "/oidc/logout" | "/end_session") => wrong_method("GET, POST"),
            _ => text(StatusCode::NOT_FOUND, "not found"),
        }
    }

    /// The issuer URL, as it stands in tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }
}

/// For the endpoints.
impl Idp {
    /// As it is now: what is changed later does not show in what is returned here.
    pub(crate) fn environment(&self) -> Arc<Environment> {
        Arc::clone(&lock(&self.0.environment))
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Environment) -> T) -> T {
        change(Arc::make_mut(&mut lock(&self.0.environment)))
    }

    pub(crate) fn now(&self) -> i64 {
        (self.0.clock)().saturating_add(self.0.clock_offset.load(Ordering::Relaxed))
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.0.memory)
    }

    pub(crate) fn misbehaviour(&self) -> Option<Misbehave> {
        lock(&self.0.switches).misbehave
    }

    pub(crate) fn outbox(&self) -> MutexGuard<'_, Outbox> {
        lock(&self.0.outbox)
    }

    pub(crate) fn keys(&self) -> MutexGuard<'_, KeyRing> {
        lock(&self.0.keys)
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        lock(&self.0.record)
    }

    pub(crate) fn move_clock(&self, seconds: i64) {
        self.0.clock_offset.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn switches(&self) -> MutexGuard<'_, Switches> {
        lock(&self.0.switches)
    }

    pub(crate) fn auto_sign_in_as(&self) -> Option<String> {
        lock(&self.0.switches).auto_sign_in.clone()
    }

    pub(crate) fn published_keys(&self) -> Vec<Value> {
        lock(&self.0.keys).published()
    }

    pub(crate) fn key_for_signing(&self) -> Arc<SigningKey> {
        if self.misbehaviour() == Some(Misbehave::RotateKeysJustBeforeSigning) {
            self.rotate_keys(Rotation::KeepOld);
        }
        Arc::clone(&lock(&self.0.keys).current)
    }

    /// Generated when first needed. Without randomness the published key stands in, and the lie fails.
    pub(crate) fn stray_key(&self) -> Arc<SigningKey> {
        Arc::clone(self.0.stray_key.get_or_init(|| self.another_key(self.environment().signing_algorithm)))
    }

    /// ES256, or RS256 where ES256 is the rule. Generated when first needed.
    pub(crate) fn foreign_key(&self) -> Arc<SigningKey> {
        let algorithm = match self.environment().signing_algorithm {
            SigningAlgorithm::Es256 => SigningAlgorithm::Rs256,
            _ => SigningAlgorithm::Es256,
        };
        Arc::clone(self.0.foreign_key.get_or_init(|| self.another_key(algorithm)))
    }

    fn another_key(&self, algorithm: SigningAlgorithm) -> Arc<SigningKey> {
        SigningKey::generate(algorithm).map_or_else(|_| Arc::clone(&lock(&self.0.keys).current), Arc::new)
    }

    /// The client's public keys, fetched if need be.
    pub(crate) fn keys_of(&self, client: &Client) -> Option<Value> {
        match client.keys.as_ref()? {
            Keys::Here(keys) => Some(keys.clone()),
            Keys::At(uri) => (self.0.key_source)(uri),
        }
    }

    /// The claims of a token that this provider signed.
    pub(crate) fn claims_of(&self, token: &str) -> Option<Map<String, Value>> {
        let keys = lock(&self.0.keys).clone();
        keys.claims_of(token)
    }

    pub(crate) fn session(&self, call: &Call) -> Option<SignIn> {
        let cookie = call.cookie(&self.environment().cookie_name)?;
        self.memory().sessions.get(self.now(), cookie).cloned()
    }

    pub(crate) fn session_cookie(&self, value: &str) -> HeaderValue {
        let secure = if self.issuer().starts_with("https:") { "; Secure" } else { "" };
        let name = &self.environment().cookie_name;
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    pub(crate) fn cleared_session_cookie(&self) -> HeaderValue {
        self.session_cookie("; Max-Age=0")
    }
}

impl fmt::Debug for Idp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idp").field("issuer", &self.issuer()).finish_non_exhaustive()
    }
}

fn wrong_method(allowed: &'static str) -> Response {
    let response = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    with_header(response, header::ALLOW, HeaderValue::from_static(allowed))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
