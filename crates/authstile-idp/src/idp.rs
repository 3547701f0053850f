//! The provider: one value, one function.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value};

use crate::builder::IdpBuilder;
use crate::control::{Record, Recorded, Rotation, Switches};
use crate::environment::Environment;
use crate::http_text::{Call, Response, text, with_header};
use crate::keys::{KeyRing, SigningKey};
use crate::memory::Memory;
use crate::misbehave::Misbehave;
use crate::sign_in::SignIn;
use crate::{authorize, demo, discovery, logout, page, revoke, token, userinfo};

/// A development identity provider. Clones are handles to the same provider.
#[derive(Clone)]
pub struct Idp(Arc<Inner>);

struct Inner {
    environment: Environment,
    clock: Clock,
    keys: Mutex<KeyRing>,
    /// Never published under its own name; for tokens that lie.
    stray_key: OnceLock<Arc<SigningKey>>,
    memory: Mutex<Memory>,
    switches: Mutex<Switches>,
    record: Mutex<Record>,
}

pub(crate) type Clock = Box<dyn Fn() -> i64 + Send + Sync>;

impl Idp {
    /// Starts an environment whose issuer is this URL, without trailing slash (§1.1).
    pub fn builder(issuer: impl Into<String>) -> IdpBuilder {
        IdpBuilder::new(issuer.into())
    }

    /// A ready-made environment in Modular mode: organizations Acme (`org_acme`, `acme.example`) and Globex
    /// (`org_globex`, `globex.example`), four users, and one client [`DEMO_CLIENT_ID`](crate::DEMO_CLIENT_ID) with
    /// [`DEMO_CLIENT_SECRET`](crate::DEMO_CLIENT_SECRET).
    pub fn demo(
        issuer: impl Into<String>,
        redirect_uri: impl Into<String>,
        post_logout_redirect_uri: impl Into<String>,
    ) -> Self {
        demo::furnish(Self::builder(issuer), redirect_uri.into(), post_logout_redirect_uri.into()).build()
    }

    pub(crate) fn new(environment: Environment, clock: Clock, key: SigningKey) -> Self {
        Self(Arc::new(Inner {
            memory: Mutex::new(Memory::new(environment.access_token_seconds)),
            environment,
            clock,
            keys: Mutex::new(KeyRing::new(key)),
            stray_key: OnceLock::new(),
            switches: Mutex::default(),
            record: Mutex::default(),
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
        lock(&self.0.record).add(&call);
        if lock(&self.0.switches).is_down {
            return text(StatusCode::SERVICE_UNAVAILABLE, "down");
        }
        let (get, post) = (call.method == Method::GET, call.method == Method::POST);
        match call.path.strip_prefix(&self.0.environment.base_path) {
            Some("" | "/") if get => page::welcome(),
            Some("/.well-known/openid-configuration") if get => discovery::document(self),
            Some("/keys") if get => discovery::keys(self),
            Some("/oauth/authorize") if get => authorize::begin(self, &call),
            Some("/oauth/authorize/submit") if post => authorize::submit(self, &call),
            Some("/oauth/token") if post => token::exchange(self, &call),
            Some("/oauth/introspect") if post => revoke::introspect(self, &call),
            Some("/revoke") if post => revoke::revoke(self, &call),
            Some("/userinfo") if get || post => userinfo::answer(self, &call),
            Some("/oidc/logout" | "/end_session") if get || post => logout::end(self, &call),
            Some("/.well-known/openid-configuration" | "/keys" | "/oauth/authorize") => wrong_method("GET"),
            Some("/oauth/authorize/submit" | "/oauth/token" | "/oauth/introspect" | "/revoke") => wrong_method("POST"),
            Some("/userinfo" | "/oidc/logout" | "/end_session") => wrong_method("GET, POST"),
            _ => text(StatusCode::NOT_FOUND, "not found"),
        }
    }

    /// The issuer URL, as it stands in tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.environment.issuer
    }

    /// Makes `/oauth/authorize` answer at once as if this user had filled in the form; `None` brings the form back.
    ///
    /// `prompt=none` still needs a session, and the user must be admitted by the chosen connection.
    pub fn auto_sign_in(&self, email: Option<&str>) {
        lock(&self.0.switches).auto_sign_in = email.map(str::to_owned);
    }

    /// Deviates from correct behaviour in one way from now on; `None` makes amends.
    pub fn misbehave(&self, misbehave: Option<Misbehave>) {
        lock(&self.0.switches).misbehave = misbehave;
    }

    /// Answers everything with 503 while `true`.
    pub fn set_down(&self, is_down: bool) {
        lock(&self.0.switches).is_down = is_down;
    }

    /// Replaces the signing key. If the system has no randomness for a new one, nothing changes.
    pub fn rotate_keys(&self, rotation: Rotation) {
        if let Ok(key) = SigningKey::generate() {
            lock(&self.0.keys).rotate(key, rotation == Rotation::KeepOld);
        }
    }

    /// The requests received, oldest first; at most the last 10 000.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.0.record).all()
    }

    /// Forgets the requests received so far.
    pub fn clear_requests(&self) {
        lock(&self.0.record).clear();
    }
}

/// For the endpoints.
impl Idp {
    pub(crate) fn environment(&self) -> &Environment {
        &self.0.environment
    }

    pub(crate) fn now(&self) -> i64 {
        (self.0.clock)()
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.0.memory)
    }

    pub(crate) fn misbehaviour(&self) -> Option<Misbehave> {
        lock(&self.0.switches).misbehave
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
        let generate = || SigningKey::generate().map_or_else(|_| Arc::clone(&lock(&self.0.keys).current), Arc::new);
        Arc::clone(self.0.stray_key.get_or_init(generate))
    }

    /// The claims of a token that this provider signed.
    pub(crate) fn claims_of(&self, token: &str) -> Option<Map<String, Value>> {
        let keys = lock(&self.0.keys).clone();
        keys.claims_of(token)
    }

    pub(crate) fn session(&self, call: &Call) -> Option<SignIn> {
        let cookie = call.cookie(&self.0.environment.cookie_name)?;
        self.memory().sessions.get(self.now(), cookie).cloned()
    }

    pub(crate) fn session_cookie(&self, value: &str) -> HeaderValue {
        let secure = if self.issuer().starts_with("https:") { "; Secure" } else { "" };
        let name = &self.0.environment.cookie_name;
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
