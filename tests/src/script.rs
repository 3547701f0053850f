//! A provider as a script: the requests that it expects, one after the other, and what it answers. What comes otherwise is
//! refused, as the real one would, and complained about.

use std::sync::{Arc, Mutex, PoisonError};

use authstile::oauth::pkce::PkceVerifier;
use authstile::{Account, Auth, Claims, ConfigError, Registration, User};
use authstile_testkit::{Browser, FakeTransport, FixedClock, SeededRandom, TEST_SECRET};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Map, Value, json};
use url::Url;

use crate::log::Log;
use crate::{Ending, Leg, NOW};

/// The application's origin.
pub const APP: &str = "https://app.example";
/// Where its engine is mounted.
pub const BASE: &str = "https://app.example/auth";
/// The client id.
pub const ID: &str = "CID";
/// The client secret.
pub const SECRET: &str = "SECRET";
/// The code.
pub const CODE: &str = "CODE";
/// Where scripted providers publish their keys.
pub const KEYS: &str = "https://discovered.example/keys";

/// A request that is expected, and the answer to it.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// GET or POST.
    pub method: String,
    /// The URL, with or without a query; the order of parameters does not matter.
    pub url: String,
    /// Headers that must be there; `null`: that must not.
    pub headers: Value,
    /// Nothing, `{"form": {…}}` or `{"json": {…}}`. The text `{verifier}` is the one that fits the challenge.
    pub body: Value,
    /// Names of body members that may be there beside those.
    pub may: Vec<&'static str>,
    /// Status.
    pub status: u16,
    /// Headers of the answer.
    pub answers: Vec<(&'static str, String)>,
    /// Body of the answer: JSON, or a text as it is. The text `{id_token}` becomes the signed claims.
    pub answer: Value,
    /// The body in place of that, as it is.
    pub bytes: Option<Vec<u8>>,
}

impl Row {
    /// A POST with a form to a token endpoint.
    #[must_use]
    pub fn post(url: &str, headers: Value, form: Value, answer: Value) -> Self {
        let (method, body) = ("POST".to_owned(), json!({ "form": form }));
        Self { method, url: url.to_owned(), headers, body, status: 200, answer, ..Self::default() }
    }

    /// A GET.
    #[must_use]
    pub fn get(url: &str, headers: Value, answer: Value) -> Self {
        Self { method: "GET".to_owned(), url: url.to_owned(), headers, status: 200, answer, ..Self::default() }
    }

    /// Another body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = body;
        self
    }

    /// Another status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Another method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = method.to_owned();
        self
    }
}

/// The provider.
#[derive(Debug)]
pub struct Script {
    /// What is expected; each row is used once.
    pub rows: Vec<Row>,
    /// The discovery document without endpoints; they are at `https://discovered.example`.
    pub metadata: Value,
    /// Members of the one key of the key set.
    pub key_members: Value,
    /// The header of ID tokens.
    pub header: Value,
    /// The claims of ID tokens: `{nonce}`, `{now}` and `{now + 3600}` are filled.
    pub claims: Value,
    /// What HS256 signs with.
    pub hmac: Vec<u8>,
    /// Whether it answers although it complains: to see all that differs at once.
    pub lenient: bool,
    /// What was expected and did not come, or came otherwise.
    pub complaints: Vec<String>,
    /// The parameters of the authorization request.
    pub asked: Map<String, Value>,
    /// What everything else is signed with.
    pub key: Arc<EcdsaKeyPair>,
}

impl Script {
    /// Nothing discovered, no ID token.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn new(rows: Vec<Row>) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self {
            rows,
            metadata: Value::Null,
            key_members: json!({}),
            header: json!({ "alg": "ES256", "kid": "k1" }),
            claims: Value::Null,
            hmac: SECRET.as_bytes().to_vec(),
            lenient: false,
            complaints: Vec::new(),
            asked: Map::new(),
            key: Arc::new(key),
        }
    }

    /// With OpenID Connect.
    #[must_use]
    pub fn oidc(issuer: &str, claims: Value, rows: Vec<Row>) -> Self {
        Self { metadata: json!({ "issuer": issuer }), claims, ..Self::new(rows) }
    }

    fn jwk(&self) -> Value {
        let point = self.key.public_key().as_ref();
        let part = |from: usize, to: usize| URL_SAFE_NO_PAD.encode(point.get(from..to).unwrap_or_default());
        let mut jwk =
            json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": "k1", "x": part(1, 33), "y": part(33, 65) });
        merge(&mut jwk, &self.key_members);
        jwk
    }

    /// The public key as bytes: what an attacker would take for a secret.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        self.key.public_key().as_ref().to_vec()
    }

    fn id_token(&self) -> String {
        let nonce = self.asked.get("nonce").and_then(Value::as_str).unwrap_or("none was sent");
        let mut claims = self.claims.clone();
        for (_, value) in claims.as_object_mut().into_iter().flatten() {
            match value.as_str() {
                Some("{nonce}") => *value = json!(nonce),
                Some("{now}") => *value = json!(NOW),
                Some("{now + 3600}") => *value = json!(NOW + 3600),
                _ => {}
            }
        }
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let content = format!("{}.{}", part(&self.header), part(&claims));
        let signature = match self.header.get("alg").and_then(Value::as_str) {
            Some("HS256") => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.hmac), content.as_bytes()).as_ref().to_vec()
            }
            _ => self.key.sign(&SystemRandom::new(), content.as_bytes()).expect("a signature").as_ref().to_vec(),
        };
        format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn answer(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        let url = request.uri().to_string();
        if url.contains("/.well-known/") && self.metadata.is_object() {
            let mut document = json!({ "id_token_signing_alg_values_supported": ["ES256"] });
            for (name, path) in [
                ("authorization_endpoint", "authorize"),
                ("token_endpoint", "token"),
                ("userinfo_endpoint", "userinfo"),
                ("jwks_uri", "keys"),
            ] {
                document[name] = json!(format!("https://discovered.example/{path}"));
            }
            merge(&mut document, &self.metadata);
            return json_answer(200, &document);
        }
        if url == KEYS && self.metadata.is_object() {
            return json_answer(200, &json!({ "keys": [self.jwk()] }));
        }
        let (address, mut query) = parts(&url);
        for (_, value) in query.iter_mut().filter(|(name, value)| name == "code_verifier" && self.fits_challenge(value))
        {
            *value = "{verifier}".to_owned();
        }
        let fits = |row: &Row| row.method == request.method().as_str() && parts(&row.url).0 == address;
        let at = self.rows.iter().position(fits);
        if at.is_none() {
            self.complaints.push(format!("nobody expected {} {address}", request.method()));
        }
        let Some(at) = at.or((self.lenient && !self.rows.is_empty()).then_some(0)) else {
            return json_answer(404, &json!({ "error": "not_found" }));
        };
        let row = self.rows.remove(at);
        let mut problems = Vec::new();
        if query != parts(&row.url).1 {
            problems.push(format!("query {query:?}, expected {:?}", parts(&row.url).1));
        }
        for (name, expected) in row.headers.as_object().into_iter().flatten() {
            let got = request.headers().get(name).and_then(|value| value.to_str().ok());
            if got != expected.as_str() {
                problems.push(format!("header {name} {got:?}, expected {expected}"));
            }
        }
        problems.extend(self.compare_body(request, &row));
        self.complaints.extend(problems.iter().map(|problem| format!("{address}: {problem}")));
        if !problems.is_empty() && !self.lenient {
            return json_answer(400, &json!({ "error": "invalid_request", "error_description": problems }));
        }
        let mut answer = row.answer;
        fill_id_token(&mut answer, &mut || self.id_token());
        let body = match (row.bytes, answer) {
            (Some(bytes), _) => bytes,
            (None, Value::String(text)) => text.into_bytes(),
            (None, json) => json.to_string().into_bytes(),
        };
        let mut response = Response::builder().status(row.status);
        for (name, value) in row.answers {
            response = response.header(name, value);
        }
        response.body(body.into()).expect("a response")
    }

    /// Whether a verifier is that of the authorization request.
    fn fits_challenge(&self, verifier: &str) -> bool {
        let verifier = PkceVerifier::from_text(verifier);
        let challenge = match self.asked.get("code_challenge_method").and_then(Value::as_str) {
            Some("plain") => verifier.plain_challenge(),
            _ => verifier.challenge(),
        };
        self.asked.get("code_challenge").and_then(Value::as_str) == Some(challenge.as_str())
    }

    fn compare_body(&self, request: &Request<Bytes>, row: &Row) -> Vec<String> {
        let kind = request.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default());
        let form = row.body.get("form");
        let (expected_kind, mut got) = match (form, row.body.get("json")) {
            (Some(_), _) => {
                let pairs = url::form_urlencoded::parse(request.body());
                let pairs: Map<String, Value> = pairs.map(|(name, value)| (name.into_owned(), json!(value))).collect();
                (Some("application/x-www-form-urlencoded"), Value::Object(pairs))
            }
            (None, Some(_)) => (Some("application/json"), serde_json::from_slice(request.body()).unwrap_or_default()),
            (None, None) => (None, json!(String::from_utf8_lossy(request.body()))),
        };
        let expected = form.or(row.body.get("json")).cloned().unwrap_or_else(|| json!(""));
        if got.get("code_verifier").and_then(Value::as_str).is_some_and(|verifier| self.fits_challenge(verifier)) {
            got["code_verifier"] = json!("{verifier}");
        }
        if let Some(members) = got.as_object_mut() {
            members.retain(|name, _| expected.get(name).is_some() || !row.may.contains(&name.as_str()));
        }
        let mut problems = Vec::new();
        if kind != expected_kind {
            problems.push(format!("a body of {kind:?}, expected {expected_kind:?}"));
        }
        if got != expected {
            problems.push(format!("body {got}, expected {expected}"));
        }
        problems
    }
}

fn merge(into: &mut Value, members: &Value) {
    for (name, value) in members.as_object().into_iter().flatten() {
        into[name] = value.clone();
    }
}

fn parts(url: &str) -> (String, Vec<(String, String)>) {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.sort();
    // An address without a path has one.
    (address.trim_end_matches('/').to_owned(), pairs)
}

fn fill_id_token(answer: &mut Value, id_token: &mut dyn FnMut() -> String) {
    match answer {
        Value::String(text) if text.contains("{id_token}") => *text = text.replace("{id_token}", &id_token()),
        Value::Object(members) => members.values_mut().for_each(|value| fill_id_token(value, id_token)),
        _ => {}
    }
}

fn json_answer(status: u16, body: &Value) -> Response<Bytes> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(body.to_string().into()).expect("a response")
}

/// Who came in.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The person.
    pub user: User,
    /// The account.
    pub account: Account,
    /// The profile that hooks see.
    pub profile: Claims,
}

/// A browser, the engine with one provider, and the provider's script.
#[derive(Debug)]
pub struct Walk {
    /// The script.
    pub script: Arc<Mutex<Script>>,
    /// The browser.
    pub browser: Browser,
    /// Whom the hook saw.
    pub seen: Arc<Mutex<Option<Seen>>>,
    /// Whether the provider answers with a form.
    pub form_post: bool,
    /// The engine.
    pub auth: Auth,
    /// Its clock.
    pub clock: FixedClock,
    id: String,
}

impl Walk {
    /// An engine with this provider.
    ///
    /// # Panics
    /// When it cannot be built.
    #[must_use]
    pub fn new(registration: Registration, script: Script) -> Self {
        Self::build(registration, script).expect("an engine")
    }

    /// The same, where it may not be possible.
    ///
    /// # Errors
    /// When it cannot be built.
    pub fn build(registration: Registration, script: Script) -> Result<Self, ConfigError> {
        let (script, seen) = (Arc::new(Mutex::new(script)), Arc::new(Mutex::new(None)));
        let (provider, tell) = (script.clone(), seen.clone());
        let transport =
            FakeTransport::new(move |request| provider.lock().unwrap_or_else(PoisonError::into_inner).answer(&request));
        let id = registration.provider_id().to_owned();
        let clock = FixedClock::at(NOW);
        let auth = Auth::builder()
            .secret(TEST_SECRET)
            .url(APP)
            .base_path("/auth")
            .clock(clock.clone())
            .random(SeededRandom::new(7))
            .transport(transport)
            .provider(registration)
            .sign_in(move |attempt| {
                *tell.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Seen { user: attempt.user, account: attempt.account, profile: attempt.profile });
                async { Ok(true) }
            })
            .build()?;
        let mut browser = Browser::new();
        let site = auth.clone();
        browser.site(APP, move |request| {
            let auth = site.clone();
            async move { auth.handle(request).await }
        });
        Ok(Self { script, browser, seen, form_post: false, auth, clock, id })
    }

    /// Presses the button; the answer is where the browser is sent.
    ///
    /// # Errors
    /// How it ended, when the browser is not sent to a provider.
    pub async fn leave(&mut self) -> Result<Url, Box<Ending>> {
        let log = Log::keep();
        let page = self.browser.press_sign_in(BASE, &self.id, "/dash").await;
        match page.location().filter(|url| !url.as_str().starts_with(APP)) {
            Some(url) => {
                let asked = url.query_pairs().map(|(name, value)| (name.into_owned(), json!(value))).collect();
                self.script.lock().unwrap_or_else(PoisonError::into_inner).asked = asked;
                Ok(url)
            }
            None => Err(Box::new(Ending::read(Leg::SignIn, page, &log))),
        }
    }

    /// Comes back with a code and these parameters; those of the same name replace ours.
    pub async fn come_back(&mut self, parameters: &[(&str, &str)]) -> Ending {
        let log = Log::keep();
        let state = self.script.lock().unwrap_or_else(PoisonError::into_inner).asked.get("state").cloned();
        let state = state.as_ref().and_then(Value::as_str).unwrap_or_default();
        let mut all = vec![("code", CODE), ("state", state)];
        all.retain(|(name, _)| !parameters.iter().any(|(other, _)| other == name));
        all.extend(parameters);
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
        let address = format!("{BASE}/callback/{}", self.id);
        let page = match self.form_post {
            false => self.browser.get(&format!("{address}?{query}")).await,
            true => {
                let headers = [
                    ("content-type", "application/x-www-form-urlencoded"),
                    ("origin", "https://provider.example"),
                    ("sec-fetch-site", "cross-site"),
                ];
                self.browser.send(Method::POST, &address, &headers, query.into()).await
            }
        };
        Ending::read(Leg::Callback, page, &log)
    }

    /// A whole sign-in.
    pub async fn sign_in(&mut self) -> Ending {
        match self.leave().await {
            Ok(_) => self.come_back(&[]).await,
            Err(ending) => *ending,
        }
    }

    /// What the script complains about, and what it still waits for.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = script.rows.iter().map(|row| format!("nobody asked {} {}", row.method, row.url));
        script.complaints.iter().cloned().chain(waiting).collect()
    }

    /// A whole sign-in that must succeed, and who came in.
    ///
    /// # Panics
    /// When it does not.
    pub async fn who(&mut self) -> Seen {
        let ending = self.sign_in().await;
        self.came_in(&ending)
    }

    /// Who came in.
    ///
    /// # Panics
    /// When nobody did, or the script complains.
    pub fn came_in(&self, ending: &Ending) -> Seen {
        assert_eq!(self.complaints(), Vec::<String>::new(), "{ending:?}");
        assert_eq!(ending.path, "/dash", "{ending:?}");
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take().expect("somebody")
    }

    /// Nobody came in; what the log says about it.
    ///
    /// # Panics
    /// When somebody did.
    pub fn stayed_out(&self, ending: &Ending) -> String {
        assert_ne!(ending.path, "/dash", "{ending:?}");
        assert!(self.seen.lock().unwrap_or_else(PoisonError::into_inner).is_none(), "{ending:?}");
        ending.error.clone().unwrap_or_default()
    }
}
