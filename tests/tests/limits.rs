//! How often and how much: limits by route, account and client network, how large a request may be, and what a flood does not
//! become.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use authstile::clock::UnixTime;
use authstile::credentials::{CredentialField, CredentialsError, CredentialsInput};
use authstile::store::{MemoryThrottle, Quota, Take, Throttle};
use authstile::{
    ApiTokens, Auth, Authorize, BoxFuture, ClientAddress, ConfigError, CredentialsProvider, LimitedRoute, MAX_BODY,
    MAX_PARAMETERS, MAX_URI, Provider, RateLimits, StoreError, Transport, TransportError, User,
};
use authstile_idp::{Client as Application, Connection, Idp, Mode, Organization, User as IdpUser, Webhook};
use authstile_scalekit::webhook::{WebhookSecret, WebhookVerifier};
use authstile_testkit::{FakeTransport, FixedClock, TEST_SECRET};
use authstile_tests::{BASE, CLIENT_ID, CLIENT_SECRET, House, IDP, NOW, bare_scalekit, network, provider, scalekit};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";
const WEBHOOK_SECRET: &str = "whsec_c2NhbGVraXQtdmVjdG9yLWtleS0wMTIzNDU2Nzg5YWI=";
const FEW: Quota = Quota { burst: 3, seconds: 60 };

/// A client of the engine that has an address, and a cookie jar with the CSRF cookie only.
struct Client<'a> {
    auth: &'a Auth,
    address: Option<IpAddr>,
}

impl<'a> Client<'a> {
    fn at(auth: &'a Auth, address: &str) -> Self {
        Self { auth, address: address.parse().ok() }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:3000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Bytes::from(body.to_owned())).unwrap();
        if let Some(address) = self.address {
            request.extensions_mut().insert(ClientAddress(address));
        }
        self.auth.handle(request).await
    }

    /// Posts a form of ours.
    async fn post(&self, path: &str, fields: &str, accept: &str) -> Response<Bytes> {
        let csrf = self.send("GET", "/api/auth/csrf", &[], "").await;
        let cookie = csrf.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let token: Value = serde_json::from_slice(csrf.body()).unwrap();
        let body = format!("csrfToken={}&{fields}", token["csrfToken"].as_str().unwrap());
        self.send("POST", path, &[("cookie", &cookie), ("content-type", FORM), ("accept", accept)], &body).await
    }

    async fn sign_in(&self) -> StatusCode {
        self.post("/api/auth/signin/scalekit", "", "text/html").await.status()
    }
}

fn limited(route: LimitedRoute) -> House {
    House::with(|builder| builder.provider(scalekit()).rate_limits(RateLimits::default().limit(route, FEW)))
}

#[tokio::test]
async fn a_route_has_a_quota_for_each_client_network() {
    let house = limited(LimitedRoute::SignIn);
    let office = Client::at(&house.auth, "192.0.2.7");
    for _ in 0..3 {
        assert_eq!(office.sign_in().await, StatusCode::FOUND);
    }
    assert_eq!(office.sign_in().await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(Client::at(&house.auth, "192.0.2.8").sign_in().await, StatusCode::FOUND, "others are not concerned");
    let read = office.send("GET", "/api/auth/session", &[], "").await;
    assert_eq!(read.status(), StatusCode::OK, "and reading is not limited");
    let out = office.post("/api/auth/signout", "", "text/html").await;
    assert_eq!(out.status(), StatusCode::FOUND, "other routes have their own");
    house.clock.advance(20);
    assert_eq!(office.sign_in().await, StatusCode::FOUND, "a third of the time frees a third of the quota");
    assert_eq!(office.sign_in().await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn people_get_a_page_and_programs_get_json() {
    let house = limited(LimitedRoute::SignIn);
    let client = Client::at(&house.auth, "192.0.2.7");
    for _ in 0..3 {
        client.sign_in().await;
    }
    let page = client.post("/api/auth/signin/scalekit", "", "text/html").await;
    assert_eq!(page.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(page.headers()["retry-after"], "20");
    let html = String::from_utf8_lossy(page.body()).into_owned();
    assert!(html.contains("Too many attempts") && page.headers().contains_key("content-security-policy"), "{html}");
    assert_eq!(page.headers()["cache-control"], "private, no-cache, no-store");

    let json = client.post("/api/auth/signin/scalekit", "", "application/json").await;
    assert_eq!(json.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(json.headers()["retry-after"], "20");
    let body: Value = serde_json::from_slice(json.body()).unwrap();
    assert_eq!(body["error"], "TooManyRequests");
    // What Auth.js's client takes the error from.
    assert_eq!(body["url"], format!("{BASE}/signin?error=TooManyRequests"));
    let told = client.send("GET", "/api/auth/signin?error=TooManyRequests", &[], "").await;
    assert!(String::from_utf8_lossy(told.body()).contains("Too many attempts"));
}

// Advisories: CVE-2026-45364.
#[tokio::test]
async fn cve_2026_45364_ipv6_clients_are_counted_by_their_network() {
    let house = limited(LimitedRoute::SignIn);
    for host in 1..=3 {
        assert_eq!(Client::at(&house.auth, &format!("2001:db8:1:2::{host}")).sign_in().await, StatusCode::FOUND);
    }
    let same = Client::at(&house.auth, "2001:db8:1:2:ffff:ffff:ffff:ffff").sign_in().await;
    assert_eq!(same, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(Client::at(&house.auth, "2001:db8:1:3::1").sign_in().await, StatusCode::FOUND, "the next network");
    for _ in 0..3 {
        Client::at(&house.auth, "192.0.2.7").sign_in().await;
    }
    let mapped = Client::at(&house.auth, "::ffff:192.0.2.7").sign_in().await;
    assert_eq!(mapped, StatusCode::TOO_MANY_REQUESTS, "an IPv4 address in IPv6 spelling is the same client");
    let claimed = Client::at(&house.auth, "192.0.2.7");
    let claimed = claimed.send("POST", "/api/auth/signin/scalekit", &[("x-forwarded-for", "198.51.100.9")], "").await;
    assert_eq!(claimed.status(), StatusCode::TOO_MANY_REQUESTS, "what a client claims to be is no matter");
}

// Advisories: GHSA-x732-6j76, CVE-2023-33189.
#[tokio::test]
async fn ghsa_x732_6j76_every_spelling_of_a_path_has_the_same_quota() {
    let house = limited(LimitedRoute::Callback);
    let client = Client::at(&house.auth, "192.0.2.7");
    for path in ["/api/auth/callback/scalekit?state=a", "/api/auth//callback/scalekit", "/api/auth/callback//scalekit/"]
    {
        assert_eq!(client.send("GET", path, &[], "").await.status(), StatusCode::FOUND, "{path}");
    }
    for path in ["/api/auth/callback/scalekit", "/api/auth//callback//scalekit//"] {
        assert_eq!(client.send("GET", path, &[], "").await.status(), StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
}

#[tokio::test]
async fn without_a_client_address_and_from_this_machine_routes_are_not_limited() {
    let house = limited(LimitedRoute::SignIn);
    for client in ["", "127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        for _ in 0..5 {
            assert_eq!(Client::at(&house.auth, client).sign_in().await, StatusCode::FOUND, "{client:?}");
        }
    }
}

#[tokio::test]
async fn a_limit_can_be_taken_away_and_one_that_lets_nobody_in_is_refused() {
    let limits = RateLimits::default().limit(LimitedRoute::SignIn, FEW).unlimited(LimitedRoute::SignIn);
    let house = House::with(|builder| builder.provider(scalekit()).rate_limits(limits));
    let client = Client::at(&house.auth, "192.0.2.7");
    for _ in 0..310 {
        assert_eq!(client.sign_in().await, StatusCode::FOUND);
    }
    let never = RateLimits::default().limit(LimitedRoute::SignIn, Quota { burst: 0, seconds: 60 });
    let built = Auth::builder().secret(TEST_SECRET).transport(FakeTransport::new(|_| Response::default()));
    let error = built.rate_limits(never).build().unwrap_err();
    assert!(matches!(&error, ConfigError::RateLimit(_)) && error.to_string().contains("unlimited"), "{error}");
}

/// Knows nobody.
#[derive(Debug)]
struct Nobody;

impl Authorize for Nobody {
    fn authorize<'a>(&'a self, _: CredentialsInput) -> BoxFuture<'a, Result<Option<User>, CredentialsError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

fn credentials() -> CredentialsProvider {
    CredentialsProvider::new([CredentialField::email("email", "Email")], Nobody)
        .limit_by_account(Quota { burst: 2, seconds: 600 })
}

// Advisories: CVE-2026-47203, CVE-2025-24806.
#[tokio::test]
async fn cve_2026_47203_every_spelling_of_an_account_has_the_same_quota() {
    let house = House::with(|builder| builder.credentials(credentials()));
    let client = Client::at(&house.auth, "192.0.2.7");
    let attempt = async |email: &str| {
        let fields = format!("email={email}");
        client.post("/api/auth/callback/credentials", &fields, "text/html").await.status()
    };
    assert_eq!(attempt("ada@acme.example").await, StatusCode::FOUND);
    assert_eq!(attempt("ADA@ACME.example").await, StatusCode::FOUND);
    // Spaces, full-width letters, a full-width @, a zero-width space.
    for spelling in ["+Ada@acme.example%09", "%EF%BD%81da@acme.example", "ada%EF%BC%A0acme.example"] {
        assert_eq!(attempt(spelling).await, StatusCode::TOO_MANY_REQUESTS, "{spelling}");
    }
    assert_eq!(attempt("eve@acme.example").await, StatusCode::FOUND);
}

/// Counts that processes share, on a server that may be down.
#[derive(Debug, Clone, Default)]
struct Shared {
    counts: Arc<MemoryThrottle>,
    asked: Arc<AtomicUsize>,
    down: Arc<AtomicUsize>,
}

impl Throttle for Shared {
    fn take<'a>(&'a self, key: &'a str, quota: Quota, now: UnixTime) -> BoxFuture<'a, Result<Take, StoreError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.down.load(Ordering::SeqCst) {
            0 => self.counts.take(key, quota, now),
            _ => Box::pin(std::future::ready(Err(StoreError::unavailable("connection refused")))),
        }
    }
}

#[tokio::test]
async fn processes_share_their_counts_and_each_holds_the_limit_while_they_cannot() {
    let clock = FixedClock::at(NOW);
    let (idp, shared) = (provider(&clock), Shared::default());
    let process = || {
        let limits = RateLimits::default().limit(LimitedRoute::SignIn, FEW);
        House::of(&idp, &clock, |builder| builder.provider(scalekit()).throttle(shared.clone()).rate_limits(limits))
    };
    let (one, two) = (process(), process());
    let mut allowed = 0;
    for house in [&one, &two, &one, &two, &one, &two] {
        allowed += u32::from(Client::at(&house.auth, "192.0.2.7").sign_in().await == StatusCode::FOUND);
    }
    assert_eq!(allowed, 3, "together they allow what one would");

    shared.down.store(1, Ordering::SeqCst);
    let client = Client::at(&one.auth, "192.0.2.8");
    for _ in 0..3 {
        assert_eq!(client.sign_in().await, StatusCode::FOUND, "nobody is locked out");
    }
    let asked = shared.asked.load(Ordering::SeqCst);
    for _ in 0..100 {
        assert_eq!(client.sign_in().await, StatusCode::TOO_MANY_REQUESTS, "and nobody is let go on");
    }
    assert_eq!(shared.asked.load(Ordering::SeqCst), asked, "a flood at one process is none at the store");
}

/// A provider that tells the application of logouts and of events.
fn telling(clock: &FixedClock) -> Idp {
    let now = clock.clone();
    let application = Application::new(CLIENT_ID, CLIENT_SECRET)
        .redirect_uri(format!("{BASE}/callback/scalekit"))
        .back_channel_logout_uri(format!("{BASE}/backchannel-logout/scalekit"));
    let idp = Idp::builder(IDP)
        .clock(move || now.seconds())
        .mode(Mode::Modular)
        .client(application)
        .organization(Organization::new("org_acme", "Acme").connection(Connection::new("conn_acme", "Okta")))
        .user(IdpUser::new("ada@acme.example").id("00u1ada").organization("org_acme"))
        .webhook(Webhook::new(format!("{BASE}/webhooks/scalekit"), WEBHOOK_SECRET).unwrap())
        .build();
    idp.auto_sign_in(Some("ada@acme.example"));
    idp
}

#[tokio::test]
async fn refused_messages_of_providers_are_limited_and_good_ones_are_not() {
    let clock = FixedClock::at(NOW);
    let idp = telling(&clock);
    let verifier = WebhookVerifier::new(WebhookSecret::parse(WEBHOOK_SECRET).unwrap());
    let scalekit = bare_scalekit().organization_id("org_acme").webhooks(verifier, |_| std::future::ready(Ok(())));
    let limits = RateLimits::default().limit(LimitedRoute::BackChannelLogout, FEW).limit(LimitedRoute::Webhook, FEW);
    let mut house = House::of(&idp, &clock, |builder| builder.provider(scalekit).rate_limits(limits));
    house.sign_in().await;
    assert_eq!(house.session().await["user"]["email"], "ada@acme.example");
    let provider = Client::at(&house.auth, "192.0.2.7");
    for (path, refused) in [("backchannel-logout", StatusCode::BAD_REQUEST), ("webhooks", StatusCode::UNAUTHORIZED)] {
        let path = format!("/api/auth/{path}/scalekit");
        let bad = async || provider.send("POST", &path, &[("content-type", FORM)], "logout_token=bad").await;
        for _ in 0..3 {
            assert_eq!(bad().await.status(), refused);
        }
        let limited = bad().await;
        assert_eq!(limited.status(), StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert_eq!(limited.headers()["retry-after"], "20");
    }
    clock.advance(1);
    assert_eq!(idp.revoke_sessions_of("ada@acme.example"), 1);
    let messages = idp.take_outgoing();
    assert!(messages.iter().any(|message| message.uri().path().contains("backchannel-logout")));
    for message in messages {
        let (mut parts, body) = message.into_parts();
        parts.headers.insert("host", "localhost:3000".parse().unwrap());
        parts.extensions.insert(ClientAddress("192.0.2.7".parse().unwrap()));
        let answer = house.auth.handle(Request::from_parts(parts, body)).await;
        assert_eq!(answer.status(), StatusCode::OK, "who does not hear of a logout keeps a session");
    }
    assert_eq!(house.session().await, Value::Null);
}

#[tokio::test]
async fn refused_logouts_in_frames_are_limited_and_good_ones_are_not() {
    let house = limited(LimitedRoute::FrontChannelLogout);
    let client = Client::at(&house.auth, "192.0.2.7");
    let logout = async |query: &str| {
        client.send("GET", &format!("/api/auth/frontchannel-logout/scalekit?{query}"), &[], "").await
    };
    for _ in 0..3 {
        assert_eq!(logout("iss=https://evil.example&sid=1").await.status(), StatusCode::BAD_REQUEST);
    }
    let limited = logout("sid=1").await;
    assert_eq!(limited.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(limited.headers()["retry-after"], "20");
    assert_eq!(logout(&format!("iss={IDP}&sid=1")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_list_of_sessions_is_limited_and_public_keys_are_not() {
    let house = limited(LimitedRoute::Sessions);
    let client = Client::at(&house.auth, "192.0.2.7");
    let list = async || client.send("GET", "/api/auth/sessions", &[("accept", "application/json")], "").await.status();
    for _ in 0..2 {
        assert_eq!(list().await, StatusCode::UNAUTHORIZED);
    }
    let end = async || client.post("/api/auth/sessions", "others=true", "text/html").await.status();
    assert_eq!(end().await, StatusCode::FOUND);
    assert_eq!(end().await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(list().await, StatusCode::TOO_MANY_REQUESTS, "both share the quota");
    for _ in 0..400 {
        let keys = client.send("GET", "/api/auth/jwks/scalekit", &[], "").await;
        assert_eq!(keys.status(), StatusCode::NOT_FOUND, "it has none, and a provider may always ask");
    }
}

/// A token that names a key nobody has.
fn invented(number: usize, typ: &str, claims: &Value) -> String {
    let header = json!({ "alg": "RS256", "typ": typ, "kid": format!("invented-{number}") });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(&header), part(claims), URL_SAFE_NO_PAD.encode([7; 256]))
}

/// Sends so many at once as a server would take.
async fn flood<R: Future<Output = ()> + Send + 'static>(count: usize, send: impl Fn(usize) -> R) {
    for start in (0..count).step_by(100) {
        let mut tasks = tokio::task::JoinSet::new();
        for number in start..(start + 100).min(count) {
            tasks.spawn(send(number));
        }
        tasks.join_all().await;
    }
}

// Advisories: kid flood.
#[tokio::test]
async fn ten_thousand_invented_kids_in_logout_tokens_cause_one_fetch() {
    let house = House::new();
    let claims = json!({ "iss": IDP, "aud": CLIENT_ID, "sub": "1", "iat": NOW, "exp": NOW + 60, "jti": "1",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} } });
    flood(10_000, |number| {
        let (auth, token) = (house.auth.clone(), invented(number, "logout+jwt", &claims));
        async move {
            let request = Request::post("/api/auth/backchannel-logout/scalekit").header("content-type", FORM);
            let request = request.header("host", "localhost:3000").body(format!("logout_token={token}").into());
            let answer = auth.handle(request.unwrap()).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
            assert!(String::from_utf8_lossy(answer.body()).contains("no key with kid"));
        }
    })
    .await;
    assert_eq!(house.transport.count("/keys"), 2, "the keys, and one look for newer ones");
    house.clock.advance(30);
    let auth = house.auth.clone();
    let again = invented(1, "logout+jwt", &claims);
    let request = Request::post("/api/auth/backchannel-logout/scalekit").header("host", "localhost:3000");
    auth.handle(request.body(format!("logout_token={again}").into()).unwrap()).await;
    assert_eq!(house.transport.count("/keys"), 3, "after half a minute there may be newer ones");
}

// Advisories: kid flood.
#[tokio::test]
async fn ten_thousand_invented_kids_in_access_tokens_cause_one_fetch() {
    let clock = FixedClock::at(NOW);
    let transport = network(&provider(&clock));
    let tokens = ApiTokens::builder(IDP).audience("api").transport(transport.clone()).clock(clock).build().unwrap();
    let claims = json!({ "iss": IDP, "aud": "api", "sub": "1", "iat": NOW, "exp": NOW + 60 });
    flood(10_000, |number| {
        let (tokens, token) = (tokens.clone(), invented(number, "at+jwt", &claims));
        async move {
            let refused = tokens.verify(&token).await.unwrap_err();
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{refused}");
        }
    })
    .await;
    assert_eq!(transport.count("/keys"), 2);
}

// Advisories: kid flood.
#[tokio::test]
async fn invented_kids_in_id_tokens_cause_one_fetch() {
    // Each answer of this token endpoint names another key.
    let (clock, answers) = (FixedClock::at(NOW), Arc::new(AtomicUsize::new(0)));
    let idp = provider(&clock);
    let real = network(&idp);
    let counted = answers.clone();
    let transport = FakeTransport::fallible(move |request| match request.uri().path() {
        "/oauth/token" => {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            let id_token = invented(number, "JWT", &json!({ "iss": IDP }));
            let body = json!({ "access_token": "a", "token_type": "Bearer", "id_token": id_token });
            Ok(Response::builder().header("content-type", "application/json").body(body.to_string().into()).unwrap())
        }
        _ => {
            // The fake network answers at once.
            let waker = std::task::Waker::noop();
            let mut answer = real.send(request);
            let mut context = std::task::Context::from_waker(waker);
            loop {
                if let std::task::Poll::Ready(answer) = answer.as_mut().poll(&mut context) {
                    return answer;
                }
            }
        }
    });
    let mut house = House::build("http://localhost:3000", "/api/auth", &idp, transport, &clock, |builder| {
        builder.provider(scalekit())
    });
    for _ in 0..200 {
        assert_eq!(house.attempt().await.code.as_deref(), Some("OAuthCallbackError"));
    }
    assert_eq!((answers.load(Ordering::SeqCst), house.transport.count("/keys")), (200, 2));
}

// Advisories: CVE-2025-64527.
#[tokio::test]
async fn cve_2025_64527_keys_that_cannot_be_fetched_deny_and_are_not_asked_for_again_at_once() {
    let clock = FixedClock::at(NOW);
    let down = FakeTransport::fallible(|request| match request.uri().path() {
        "/keys" => Err(TransportError::Timeout),
        _ => {
            let about = json!({ "issuer": IDP, "jwks_uri": format!("{IDP}/keys") });
            Ok(Response::new(Bytes::from(about.to_string())))
        }
    });
    let transport = down.clone();
    let tokens = ApiTokens::builder(IDP).audience("api").transport(down).clock(clock.clone()).build().unwrap();
    let attempt = async |token: &str| tokens.verify(token).await.unwrap_err().status();
    for number in 0..1000 {
        let token = invented(number, "at+jwt", &json!({ "iss": IDP }));
        assert_eq!(attempt(&token).await, StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(transport.count("/keys"), 1);
    assert_eq!(tokens.authenticate(&HeaderMap::new(), &[]).await.unwrap_err().status(), StatusCode::UNAUTHORIZED);
    clock.advance(1);
    attempt(&invented(1, "at+jwt", &json!({ "iss": IDP }))).await;
    assert_eq!(transport.count("/keys"), 2, "after a moment it is tried again");
}

// Advisories: RUSTSEC-2022-0055.
#[tokio::test]
async fn requests_beyond_the_bounds_are_refused_before_they_are_read() {
    let house = House::new();
    let client = Client::at(&house.auth, "192.0.2.7");
    let form = [("content-type", FORM)];
    let status = async |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        client.send(method, path, headers, body).await.status()
    };
    for path in ["/api/auth/signin/scalekit", "/api/auth/webhooks/scalekit", "/api/auth/backchannel-logout/scalekit"] {
        let large = "x".repeat(MAX_BODY + 1);
        assert_eq!(status("POST", path, &form, &large).await, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
    let long = format!("/api/auth/signin?callbackUrl={}", "x".repeat(MAX_URI));
    assert_eq!(status("GET", &long, &[], "").await, StatusCode::URI_TOO_LONG);
    let cookies = "x=y; ".repeat(20_000);
    let head = status("GET", "/api/auth/session", &[("cookie", &cookies)], "").await;
    assert_eq!(head, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let pairs = "a=b&".repeat(MAX_PARAMETERS + 1);
    assert_eq!(status("POST", "/api/auth/signin/scalekit", &form, &pairs).await, StatusCode::BAD_REQUEST);
    let path = format!("/api/auth/initiate/scalekit?{pairs}");
    assert_eq!(status("GET", &path, &[], "").await, StatusCode::BAD_REQUEST);
    let logout = "/api/auth/backchannel-logout/scalekit";
    assert_eq!(status("POST", logout, &form, &pairs).await, StatusCode::BAD_REQUEST);
    let json = [("content-type", "application/json")];
    let deep = format!("{{\"data\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(status("POST", "/api/auth/session", &json, &deep).await, StatusCode::BAD_REQUEST);
}

// Advisories: RUSTSEC-2022-0055.
#[tokio::test]
async fn rustsec_2022_0055_every_route_behind_axum_has_a_body_limit() {
    use tower::ServiceExt as _;
    let house = House::new();
    let router: axum::Router = authstile_axum::routes(&house.auth);
    for path in ["signin/scalekit", "callback/scalekit", "signout", "session", "webhooks/scalekit", "nothing"] {
        let request = Request::post(format!("/api/auth/{path}")).header("host", "localhost:3000");
        let request = request.body(axum::body::Body::from(vec![b'x'; MAX_BODY + 1])).unwrap();
        assert_eq!(router.clone().oneshot(request).await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
}

#[tokio::test]
async fn sessions_of_two_people_under_one_name_are_nobodys() {
    let house = House::with(|builder| builder.provider(bare_scalekit()));
    let mut tokens = Vec::new();
    for (organization, email) in [("org_acme", "ada@acme.example"), ("org_globex", "linus@globex.example")] {
        let mut visitor = house.visitor();
        house.idp.auto_sign_in(Some(email));
        let button = format!("scalekit?organization_id={organization}");
        let away = visitor.browser.press_sign_in(BASE, &button, "/").await;
        let back = visitor.browser.get(away.location().unwrap().as_str()).await.location();
        visitor.browser.get(back.unwrap().as_str()).await;
        tokens.extend(visitor.cookies("session-token"));
    }
    let [(name, ada), (_, linus)] = &tokens[..] else { panic!("{tokens:?}") };
    let whose = async |cookie: String| {
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost:3000".parse().unwrap());
        headers.insert("cookie", cookie.parse().unwrap());
        house.auth.session(&headers, &"/".parse().unwrap()).await.unwrap().and_then(|session| session.user.email)
    };
    assert_eq!(whose(format!("{name}={linus}")).await.as_deref(), Some("linus@globex.example"));
    assert_eq!(whose(format!("{name}={linus}; {name}={ada}")).await, None);
    assert_eq!(whose(format!("{name}={ada}; {name}={linus}")).await, None);
    assert_eq!(whose(format!("{name}={ada}; {name}={ada}")).await.as_deref(), Some("ada@acme.example"));
    assert_eq!(whose(format!("{name}=garbage; {name}={ada}")).await.as_deref(), Some("ada@acme.example"));
}

/// A network in which one host never answers.
#[derive(Debug)]
struct OneIsSlow;

impl Transport for OneIsSlow {
    fn send<'a>(&'a self, request: Request<Bytes>) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>> {
        if request.uri().host() == Some("slow.example") {
            return Box::pin(std::future::pending());
        }
        let about = json!({
            "issuer": "https://fast.example",
            "authorization_endpoint": "https://fast.example/authorize",
            "token_endpoint": "https://fast.example/token",
        });
        Box::pin(std::future::ready(Ok(Response::new(Bytes::from(about.to_string())))))
    }
}

#[tokio::test]
async fn a_provider_that_never_answers_keeps_nobody_from_another() {
    let auth = Auth::builder()
        .secret(TEST_SECRET)
        .transport(OneIsSlow)
        .provider(Provider::oidc("slow", "https://slow.example").register(CLIENT_ID, CLIENT_SECRET))
        .provider(Provider::oidc("fast", "https://fast.example").register(CLIENT_ID, CLIENT_SECRET))
        .build()
        .unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..300 {
        let auth = auth.clone();
        waiting.spawn(async move { Client::at(&auth, "").post("/api/auth/signin/slow", "", "text/html").await });
    }
    // 256 wait; the others are told at once.
    for _ in 0..44 {
        let told = waiting.join_next().await.unwrap().unwrap();
        let failure =
            told.headers().get_all("set-cookie").iter().any(|cookie| {
                cookie.to_str().is_ok_and(|cookie| cookie.starts_with("authstile.failure=ProviderBusy."))
            });
        assert!(failure, "{told:?}");
    }
    assert_eq!(waiting.len(), 256);
    let answer = Client::at(&auth, "").post("/api/auth/signin/fast", "", "text/html").await;
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.starts_with("https://fast.example/authorize"), "{to}");
}
