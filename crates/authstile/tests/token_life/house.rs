//! An application and its provider, in one process.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use authstile::oauth::jose::alg::SignatureAlgorithm;
use authstile::oauth::jose::jwk::JwkSet;
use authstile::oauth::jose::jws;
use authstile::oauth::jose::sign::SigningKey;
use authstile::{Auth, Customize as _, KeepTokens, Provider, Registration, TransportError};
use authstile_testkit::{Browser, FakeTransport, FixedClock, Page, SeededRandom, TEST_SECRET};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, Uri};
use serde_json::{Map, Value, json};
use url::Url;

pub(crate) const ISSUER: &str = "https://op.example";
pub(crate) const BASE: &str = "http://localhost:3000/api/auth";
pub(crate) const NOW: i64 = 1_767_225_600;
pub(crate) const SECRET: &str = "the secret of the client";

/// A request as the provider saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) form: BTreeMap<String, String>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The proof that came with it, verified with its own key.
    pub(crate) fn proof(&self) -> Proof {
        let text = self.header("dpop");
        let part = |number: usize| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.split('.').nth(number).unwrap()).unwrap()).unwrap()
        };
        let (header, claims) = (part(0), part(1));
        let keys = JwkSet::parse(json!({ "keys": [header["jwk"]] }).to_string().as_bytes()).unwrap();
        jws::verify(text, &keys, &["ES256".to_owned()]).unwrap();
        assert_eq!((header["typ"].as_str(), header["alg"].as_str()), (Some("dpop+jwt"), Some("ES256")));
        let jwk = &header["jwk"];
        assert_eq!(jwk.as_object().unwrap().len(), 4, "nothing but the public half");
        let members = json!({ "crv": jwk["crv"], "kty": jwk["kty"], "x": jwk["x"], "y": jwk["y"] });
        Proof { thumbprint: sha256(&members.to_string()), claims }
    }
}

pub(crate) struct Proof {
    pub(crate) thumbprint: String,
    pub(crate) claims: Value,
}

pub(crate) fn sha256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()))
}

/// What a provider says once, at a path, in place of what it usually says.
pub(crate) fn once(status: u16, headers: &[(&str, &str)], body: &Value) -> Option<Response<Bytes>> {
    let answer =
        headers.iter().fold(Response::builder().status(status), |answer, (name, value)| answer.header(*name, *value));
    Some(answer.body(Bytes::from(body.to_string())).unwrap())
}

/// What becomes of one request; `None`: the network fails.
type Reply = Box<dyn FnOnce(&Seen) -> Option<Response<Bytes>> + Send>;

pub(crate) struct State {
    key: SigningKey,
    /// Further members of the discovery document, or others.
    pub(crate) metadata: Value,
    pub(crate) token_type: &'static str,
    /// Further claims of ID tokens; `null` takes one away.
    pub(crate) claims: Value,
    pub(crate) nonce: String,
    pub(crate) issued: u32,
    pub(crate) introspection: Value,
    /// Answers to come.
    script: HashMap<&'static str, VecDeque<Reply>>,
    pub(crate) seen: Vec<Seen>,
}

/// The provider.
#[derive(Clone)]
pub(crate) struct Op(Arc<Mutex<State>>, FixedClock);

impl Op {
    fn new(clock: &FixedClock) -> Self {
        let state = State {
            key: SigningKey::generate().unwrap(),
            metadata: json!({}),
            token_type: "DPoP",
            claims: json!({}),
            nonce: String::new(),
            issued: 0,
            introspection: json!({ "active": false }),
            script: HashMap::new(),
            seen: Vec::new(),
        };
        Self(Arc::new(Mutex::new(state)), clock.clone())
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// What it will answer at a path, one after the other.
    pub(crate) fn script(&self, path: &'static str, answers: impl IntoIterator<Item = Option<Response<Bytes>>>) {
        let replies = answers.into_iter().map(|answer| Box::new(move |_: &Seen| answer) as Reply);
        self.state().script.entry(path).or_default().extend(replies);
    }

    /// Refuses the next request at a path with a text that is made of it.
    pub(crate) fn refuse(&self, path: &'static str, text: impl FnOnce(&Seen) -> String + Send + 'static) {
        let reply = move |seen: &Seen| once(400, &[], &json!({ "error": "refused", "error_description": text(seen) }));
        self.state().script.entry(path).or_default().push_back(Box::new(reply));
    }

    /// What it was asked at a path since the last time.
    pub(crate) fn take(&self, path: &str) -> Vec<Seen> {
        let mut state = self.state();
        let (asked, others) = std::mem::take(&mut state.seen).into_iter().partition(|seen| seen.path == path);
        state.seen = others;
        asked
    }

    fn answer(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let mut state = self.state();
        let path = request.uri().path().to_owned();
        let form = form_urlencoded::parse(request.body()).into_owned().collect();
        let seen = Seen { path: path.clone(), headers: request.headers().clone(), form };
        state.seen.push(seen.clone());
        if let Some(reply) = state.script.get_mut(path.as_str()).and_then(VecDeque::pop_front) {
            return reply(&seen).ok_or(TransportError::Timeout);
        }
        let at = |path: &str| format!("{ISSUER}{path}");
        let body = match path.as_str() {
            "/.well-known/openid-configuration" => {
                let mut metadata = json!({
                    "issuer": ISSUER,
                    "authorization_endpoint": at("/authorize"),
                    "token_endpoint": at("/token"),
                    "userinfo_endpoint": at("/userinfo?x=1"),
                    "jwks_uri": at("/keys"),
                    "revocation_endpoint": at("/revoke"),
                    "introspection_endpoint": at("/introspect"),
                    "end_session_endpoint": at("/logout"),
                    "id_token_signing_alg_values_supported": ["ES256"],
                    "dpop_signing_alg_values_supported": ["RS256", "ES256"],
                });
                merge(&mut metadata, &state.metadata);
                metadata
            }
            "/keys" => json!({ "keys": [state.key.published_jwk()] }),
            "/token" => self.tokens(&mut state),
            "/userinfo" => json!({ "sub": "ada", "name": "Ada", "email": "ada@acme.example" }),
            "/revoke" => json!({}),
            "/introspect" => state.introspection.clone(),
            other => panic!("nobody should ask for {other}"),
        };
        Ok(Response::new(Bytes::from(body.to_string())))
    }

    fn tokens(&self, state: &mut State) -> Value {
        state.issued += 1;
        let (number, now) = (state.issued, self.1.seconds());
        let mut claims = json!({
            "iss": ISSUER, "sub": "ada", "aud": "app", "iat": now, "exp": now + 600, "auth_time": NOW - 5, "nonce": state.nonce,
        });
        merge(&mut claims, &state.claims);
        let id_token = state.key.sign(SignatureAlgorithm::ES256, Map::new(), claims.as_object().unwrap()).unwrap();
        json!({
            "access_token": format!("access-token-{number}"), "refresh_token": format!("refresh-token-{number}"),
            "token_type": state.token_type, "expires_in": 300, "id_token": id_token,
        })
    }
}

fn merge(into: &mut Value, from: &Value) {
    let into = into.as_object_mut().unwrap();
    into.extend(from.as_object().unwrap().clone());
    into.retain(|_, value| !value.is_null());
}

/// The whole, with a browser.
pub(crate) struct House {
    pub(crate) op: Op,
    pub(crate) clock: FixedClock,
    pub(crate) auth: Auth,
    pub(crate) browser: Browser,
}

impl House {
    /// With an OpenID provider whose tokens are kept, and what else is said of it.
    pub(crate) fn new(customize: impl FnOnce(Registration) -> Registration) -> Self {
        let clock = FixedClock::at(NOW);
        let op = Op::new(&clock);
        let provider = Provider::oidc("acme", ISSUER).register("app", SECRET).keep_tokens(KeepTokens::All);
        let network = op.clone();
        let auth = Auth::builder()
            .secret(TEST_SECRET)
            .url("http://localhost:3000")
            .provider(customize(provider))
            .clock(clock.clone())
            .random(SeededRandom::new(7))
            .transport(FakeTransport::fallible(move |request| network.answer(&request)))
            .build()
            .unwrap();
        let mut browser = Browser::new();
        let site = auth.clone();
        browser.site("http://localhost:3000", move |request| {
            let auth = site.clone();
            async move { auth.handle(request).await }
        });
        Self { op, clock, auth, browser }
    }

    /// To the provider: the parameters of the authorization request.
    pub(crate) async fn leave(&mut self) -> BTreeMap<String, String> {
        let page = self.browser.press_sign_in(BASE, "acme", "/dash").await;
        let url = page.location().unwrap();
        assert!(url.as_str().starts_with(ISSUER), "{url}");
        let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        self.op.state().nonce.clone_from(&asked["nonce"]);
        asked
    }

    /// Back from it.
    pub(crate) async fn come_back(&mut self, asked: &BTreeMap<String, String>) -> Page {
        let callback = Url::parse_with_params(
            &format!("{BASE}/callback/acme"),
            [("code", "the-code-of-the-sign-in"), ("state", &asked["state"])],
        );
        self.browser.get(callback.unwrap().as_str()).await
    }

    /// Signs in.
    pub(crate) async fn sign_in(&mut self) {
        let asked = self.leave().await;
        let page = self.come_back(&asked).await;
        assert_eq!(page.location().unwrap().path(), "/dash", "{:?}", page.location());
        assert!(self.is_signed_in().await);
    }

    pub(crate) async fn is_signed_in(&mut self) -> bool {
        self.browser.session(BASE).await.is_object()
    }

    /// The headers of a request of this browser's.
    pub(crate) fn headers(&self) -> HeaderMap {
        let cookies: Vec<String> =
            self.browser.cookies("localhost").iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost:3000".parse().unwrap());
        headers.insert("cookie", cookies.join("; ").parse().unwrap());
        headers
    }

    /// The access token, and the cookies that come with it.
    pub(crate) async fn access_token(&mut self) -> Result<authstile::ProviderToken, authstile::Error> {
        let token = self.auth.access_token(&self.headers(), &Uri::from_static("/")).await?.unwrap();
        for cookie in &token.set_cookies {
            let (name, value) = cookie.to_str().unwrap().split_once('=').unwrap();
            self.browser.set_cookie("localhost", name, value.split(';').next().unwrap());
        }
        Ok(token)
    }
}
