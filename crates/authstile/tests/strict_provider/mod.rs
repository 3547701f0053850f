//! A provider that remembers what it was asked, an application, and a browser: for tests of how providers are asked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "in tests a panic is a failure, and each test uses its part of this"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use authstile::oauth::jose::jws::peek;
use authstile::oauth::jose::sign::SigningKey;
use authstile::{Auth, ClientCertificate, Provider, Registration};
use authstile_testkit::{Browser, FakeTransport, FixedClock, Page, SeededRandom, TEST_SECRET};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::span;
use url::Url;

pub(crate) const ISSUER: &str = "https://op.example";
pub(crate) const BASE: &str = "http://app.localhost:3000/api/auth";
pub(crate) const NOW: i64 = 1_767_225_600;
/// Long enough for HS256.
pub(crate) const SECRET: &str = "hunter2-hunter2-hunter2-hunter2-hunter2";

/// A request of ours, as the provider saw it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) url: Url,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) authorization: Option<String>,
    pub(crate) certificate: Option<String>,
}

impl Asked {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.form.iter().map(|(name, _)| name.as_str()).collect()
    }
}

struct State {
    metadata: Value,
    key: Arc<SigningKey>,
    asked: Vec<Asked>,
    pushed: (u16, Value),
    token: Option<(u16, Value)>,
    claims: Value,
    nonce: String,
}

/// The provider.
#[derive(Clone)]
pub(crate) struct Op(Arc<Mutex<State>>);

impl Op {
    /// It signs with ES256; `metadata` is what it says beyond the usual, or in its place.
    pub(crate) fn new(metadata: Value) -> Self {
        let key = Arc::new(SigningKey::generate().unwrap());
        let reference = json!({ "request_uri": "urn:ietf:params:oauth:request_uri:1", "expires_in": 60 });
        Self(Arc::new(Mutex::new(State {
            metadata,
            key,
            asked: Vec::new(),
            pushed: (201, reference),
            token: None,
            claims: json!({}),
            nonce: String::new(),
        })))
    }

    pub(crate) fn key(&self) -> Arc<SigningKey> {
        self.0.lock().unwrap().key.clone()
    }

    /// Another answer to pushed requests.
    pub(crate) fn answer_pushed(&self, status: u16, body: Value) {
        self.0.lock().unwrap().pushed = (status, body);
    }

    /// Another answer to token requests.
    pub(crate) fn answer_token(&self, status: u16, body: Value) {
        self.0.lock().unwrap().token = Some((status, body));
    }

    /// Further claims of the next ID tokens.
    pub(crate) fn claims(&self, claims: Value) {
        self.0.lock().unwrap().claims = claims;
    }

    /// What was asked of an endpoint, in order.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        self.0.lock().unwrap().asked.iter().filter(|asked| asked.url.path() == path).cloned().collect()
    }

    /// The last of them.
    pub(crate) fn last(&self, path: &str) -> Asked {
        self.asked(path).pop().unwrap_or_else(|| panic!("nobody asked for {path}"))
    }

    pub(crate) fn transport(&self) -> FakeTransport {
        let state = self.0.clone();
        FakeTransport::new(move |request| answer(&mut state.lock().unwrap(), &request))
    }
}

fn answer(state: &mut State, request: &Request<Bytes>) -> Response<Bytes> {
    let url = Url::parse(&request.uri().to_string()).unwrap();
    let header = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    state.asked.push(Asked {
        url: url.clone(),
        form: form_urlencoded::parse(request.body()).into_owned().collect(),
        authorization: header,
        certificate: request.extensions().get::<ClientCertificate>().map(|own| own.name().to_owned()),
    });
    let (status, body) = match url.path() {
        "/.well-known/openid-configuration" => (200, discovery(&state.metadata)),
        "/jwks" => (200, json!({ "keys": [state.key.published_jwk()] })),
        "/par" => state.pushed.clone(),
        "/me" => (200, json!({ "sub": "user-1", "name": "Ada" })),
        "/token" => state.token.clone().unwrap_or_else(|| (200, tokens(state))),
        other => panic!("nobody should ask for {other}"),
    };
    // Some repeat in a refusal what they were sent.
    let own = state.asked.last().and_then(|asked| asked.get("client_assertion")).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body.to_string().replace("{assertion}", own)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn discovery(metadata: &Value) -> Value {
    let mut document = json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{ISSUER}/authorize"),
        "token_endpoint": format!("{ISSUER}/token"),
        "userinfo_endpoint": format!("{ISSUER}/me"),
        "pushed_authorization_request_endpoint": format!("{ISSUER}/par"),
        "jwks_uri": format!("{ISSUER}/jwks"),
        "id_token_signing_alg_values_supported": ["ES256"],
        "authorization_signing_alg_values_supported": ["ES256"],
    });
    let members = document.as_object_mut().unwrap();
    for (name, value) in metadata.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    document
}

fn tokens(state: &State) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": "client", "sub": "user-1", "iat": NOW, "exp": NOW + 3600, "nonce": state.nonce,
    });
    claims.as_object_mut().unwrap().extend(state.claims.as_object().unwrap().clone());
    json!({
        "access_token": "at-1", "refresh_token": "rt-1", "token_type": "Bearer", "expires_in": 30,
        "id_token": sign(&state.key, &claims),
    })
}

/// Signs claims with a key, as the provider does.
pub(crate) fn sign(key: &SigningKey, claims: &Value) -> String {
    let header = Map::from_iter([("kid".to_owned(), Value::from(key.kid()))]);
    key.sign(key.algorithms()[0], header, claims.as_object().unwrap()).unwrap()
}

/// The provider's card with our client id.
pub(crate) fn card() -> Provider {
    Provider::oidc("op", ISSUER)
}

/// The application, and somebody who signs in to it.
pub(crate) struct House {
    pub(crate) op: Op,
    pub(crate) auth: Auth,
    pub(crate) browser: Browser,
    pub(crate) clock: FixedClock,
    log: Arc<Mutex<Vec<String>>>,
    _logging: tracing::subscriber::DefaultGuard,
}

impl House {
    pub(crate) fn new(op: &Op, registration: Registration) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let logging = tracing::subscriber::set_default(Log(log.clone()));
        let clock = FixedClock::at(NOW);
        let auth = Auth::builder()
            .secret(TEST_SECRET)
            .url("http://app.localhost:3000")
            .provider(registration)
            .clock(clock.clone())
            .random(SeededRandom::new(7))
            .transport(op.transport())
            .build()
            .unwrap();
        let (mut browser, site) = (Browser::new(), auth.clone());
        browser.site("http://app.localhost:3000", move |request| {
            let auth = site.clone();
            async move { auth.handle(request).await }
        });
        Self { op: op.clone(), auth, browser, clock, log, _logging: logging }
    }

    /// Presses the button; what the browser asks the provider then, and what the provider knows to be asked: pushed, signed,
    /// or as it stands there.
    pub(crate) async fn leave(&mut self) -> (Url, BTreeMap<String, String>) {
        self.leave_with(&[]).await
    }

    /// The same with parameters of the browser's.
    pub(crate) async fn leave_with(&mut self, query: &[(&str, &str)]) -> (Url, BTreeMap<String, String>) {
        let token = self.browser.csrf_token(BASE).await;
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let page = self.browser.post(&format!("{BASE}/signin/op?{query}"), &[("csrfToken", &token)]).await;
        let url = page.location().expect("a redirect");
        let mut asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        if asked.contains_key("request_uri") {
            asked = self.op.last("/par").form.into_iter().collect();
        }
        if let Some(Value::Object(claims)) = asked.get("request").and_then(|object| peek(object)) {
            let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            asked = claims.into_iter().map(|(name, value)| (name, text(value))).collect();
        }
        if let Some(nonce) = asked.get("nonce") {
            self.op.0.lock().unwrap().nonce = nonce.clone();
        }
        (url, asked)
    }

    /// Comes back with these parameters.
    pub(crate) async fn come_back(&mut self, parameters: &[(&str, &str)]) -> Page {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.browser.get(&format!("{BASE}/callback/op?{query}")).await
    }

    /// Comes back with a form that the provider's page posts.
    pub(crate) async fn post_back(&mut self, parameters: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", ISSUER)];
        self.browser.send(Method::POST, &format!("{BASE}/callback/op"), &headers, body.into()).await
    }

    /// The whole sign-in; whether somebody is signed in at its end.
    pub(crate) async fn sign_in(&mut self) -> bool {
        let (_, asked) = self.leave().await;
        self.come_back(&[("code", "c-1"), ("state", &asked["state"]), ("iss", ISSUER)]).await;
        self.is_signed_in().await
    }

    pub(crate) async fn is_signed_in(&mut self) -> bool {
        self.browser.session(BASE).await["user"].is_object()
    }

    /// Everything that was logged.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    #[track_caller]
    pub(crate) fn assert_logged(&self, words: &str) {
        let log = self.log();
        assert!(log.contains(words), "{words:?} should stand in\n{log}");
    }
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("House(..)")
    }
}

/// Keeps the events of this thread.
struct Log(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!("{field}={value:?} "));
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
