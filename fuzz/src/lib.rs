//! What is fuzzed: one function for each parser of foreign input. Each takes any bytes, must not panic, and asserts what must be
//! true of whatever comes out.
//!
//! libFuzzer calls them (`cargo xtask fuzz`), and so does `tests/tests/fuzz_targets.rs` with mutations of the seeds in `corpus`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use authstile::cookie::{Cookies, MAX_CHUNKS, MAX_COOKIES};
use authstile::profile::{Expression, Sources};
use authstile::{
    Auth, BoxFuture, Claims, EmailIdentifier, HostPolicy, Origin, OriginPattern, PeerAddress, Provider, ReturnTo,
    Transport, TransportError,
};
use authstile_oauth::authorize::AuthorizationResponse;
use authstile_oauth::form::Parameters;
use authstile_oauth::jose::jwe::{self, CbcHmacKey, GcmKey, KeyPair};
use authstile_oauth::jose::jwk::{JwkSet, MAX_KEYS};
use authstile_oauth::jose::jws;
use authstile_oauth::jose::sign::SigningKey;
use authstile_oauth::metadata::ServerMetadata;
use authstile_oauth::word::{ClientId, Issuer};
use authstile_oauth::{dpop, introspection, jarm, pushed, token, userinfo};
use authstile_scalekit::webhook::{Event, WebhookSecret, WebhookVerifier};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use serde_json::{Map, Value};
use url::Url;

/// One parser.
pub type Target = fn(&[u8]);

/// All of them, by the names of their seeds.
pub const TARGETS: [(&str, Target); 21] = [
    ("cookies", cookies),
    ("jwe", jwe),
    ("jws", jws),
    ("authorization_response", authorization_response),
    ("return_to", return_to),
    ("host", host),
    ("webhook", webhook),
    ("logout_token", logout_token),
    ("token_response", token_response),
    ("userinfo", userinfo),
    ("metadata", metadata),
    ("jwk_set", jwk_set),
    ("expression", expression),
    ("email", email),
    ("dpop", dpop),
    ("jarm", jarm),
    ("pushed", pushed),
    ("introspection", introspection),
    ("forwarded", forwarded),
    ("origin_pattern", origin_pattern),
    ("front_channel", front_channel),
];

/// The `Cookie` header: whoever is signed in by any of it has a token that we sealed, so nobody is.
pub fn cookies(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append("cookie", value);
        }
    }
    let name = "authjs.session-token";
    let candidates = Cookies::parse(&headers).session_candidates(name);
    assert!(candidates.len() <= MAX_COOKIES);
    let longest = data.len() * MAX_CHUNKS;
    assert!(candidates.iter().all(|candidate| candidate.len() <= longest));
    headers.insert("host", HeaderValue::from_static("localhost:3000"));
    let session = now(engine().session(&headers, &"/".parse().expect("a path")));
    assert!(matches!(session, Ok(None)), "{session:?}");
}

/// Encrypted tokens.
pub fn jwe(data: &[u8]) {
    static KEYS: OnceLock<Vec<KeyPair>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let cbc = CbcHmacKey::new(&[7; 64]).expect("a key");
        vec![KeyPair { cbc, gcm: GcmKey::new(&[7; 32]).expect("a key") }]
    });
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = jwe::open(text, keys);
    // What is sealed opens, and not when one character of it is another.
    let key = keys.first().expect("a key");
    let sealed = key.cbc.seal(data, [1; 16]).expect("a token");
    assert_eq!(jwe::open(&sealed, keys).expect("our own").plaintext, data);
    let place = data.len() % sealed.len();
    let other: String = sealed
        .chars()
        .enumerate()
        .map(|(at, c)| match c {
            '.' => '.',
            'A' if at == place => 'Q',
            _ if at == place => 'A',
            c => c,
        })
        .collect();
    if other != sealed {
        // The last character of a part may differ in bits that are not used, and those are refused too.
        assert!(jwe::open(&other, keys).is_err(), "{other}");
    }
}

/// Signed tokens, with keys of every kind and none that signed them.
pub fn jws(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let algorithms = ["RS256", "PS256", "ES256", "EdDSA", "none", "HS256"].map(str::to_owned);
    assert!(jws::verify(text, keys(), &algorithms).is_err());
    let _ = jws::peek(text);
}

/// What a browser brings back, in a query.
pub fn authorization_response(data: &[u8]) {
    let parameters = Parameters::parse(data);
    if let Ok(response) = AuthorizationResponse::parse(&parameters) {
        assert!(response.state().is_none_or(|state| !state.is_empty()));
        for name in ["code", "state", "iss", "error"] {
            assert!(parameters.iter().filter(|(known, _)| *known == name).count() <= 1, "{name}");
        }
    }
    let Ok(query) = std::str::from_utf8(data) else { return };
    let uri = format!("/api/auth/callback/acme?{query}");
    let Ok(request) = Request::get(uri).header("host", "localhost:3000").body(Bytes::new()) else { return };
    let answer = now(engine().handle(request));
    assert!(answer.status().as_u16() < 500, "{answer:?}");
    assert!(!signs_in(&answer), "{answer:?}");
}

/// Where somebody wants to go, beside what a browser makes of it (the WHATWG parser).
pub fn return_to(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let origin = Origin::parse("https://app.example").expect("an origin");
    let allowed = [Origin::parse("https://partner.example").expect("an origin")];
    let Some(place) = ReturnTo::parse(text, &origin, &allowed) else { return };
    let page = Url::parse("https://app.example/some/page").expect("a page");
    let browser = page.join(text).expect("a browser goes there");
    for url in [&browser, &Url::parse(place.as_str()).expect("an absolute address")] {
        let there = Origin::of(url).expect("http or https");
        assert!(there == origin || allowed.contains(&there), "{text:?} leads to {there}");
        assert!(url.username().is_empty() && url.password().is_none(), "{text:?}");
    }
    let whole = Url::parse(place.as_str()).expect("an absolute address");
    assert_eq!(whole, browser, "{text:?}");
    HeaderValue::from_str(place.as_str()).expect("it can be written into a header");
}

/// `Host`, `X-Forwarded-Host`, `X-Forwarded-Proto`, `Forwarded`, `X-Forwarded-Prefix`: a line each.
pub fn host(data: &[u8]) {
    let names = ["host", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-forwarded-prefix"];
    let mut headers = HeaderMap::new();
    for (name, line) in names.into_iter().zip(data.split(|byte| *byte == b'\n')) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    for peer in [PROXY, STRANGER] {
        let Some(url) = callback_url(trusting(), peer, headers.clone()) else { continue };
        assert!(matches!(url.scheme(), "http" | "https") && url.has_host(), "{url}");
        assert!(url.username().is_empty() && url.password().is_none(), "{url}");
        assert!(url.path().ends_with("/api/auth/callback/acme") && url.query().is_none(), "{url}");
    }
}

/// `Forwarded`, a line for each header: our proxy's leads to one of our origins or nowhere, and a stranger's changes nothing.
pub fn forwarded(data: &[u8]) {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("app.example"));
    for line in data.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append("forwarded", value);
        }
    }
    if let Some(url) = callback_url(listing(), PROXY, headers.clone()) {
        let origin = Origin::of(&url).expect("http or https");
        assert!(ORIGINS.iter().any(|ours| OriginPattern::parse(ours).expect("a pattern").matches(&origin)), "{url}");
    }
    let url = callback_url(listing(), STRANGER, headers).expect("the host is ours");
    assert_eq!(url.as_str(), "https://app.example/api/auth/callback/acme");
}

/// A pattern of origins, and an origin in the next line: what matches differs from the pattern in one label.
pub fn origin_pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (pattern, origin) = text.split_once('\n').unwrap_or((text, "https://evil.example"));
    let Ok(pattern) = OriginPattern::parse(pattern) else { return };
    let written = pattern.to_string();
    assert_eq!(OriginPattern::parse(&written).as_ref(), Ok(&pattern), "{written}");
    let Ok(origin) = Origin::parse(origin) else { return };
    let label = origin.as_str().split(['.', ':', '/']).nth(3).unwrap_or_default();
    let is_ours = !label.is_empty() && written.replacen('*', label, 1) == origin.as_str();
    assert_eq!(pattern.matches(&origin), is_ours, "{written} and {origin}");
}

/// The query of a front-channel logout: without a session nothing happens, whatever it says.
pub fn front_channel(data: &[u8]) {
    let Ok(query) = std::str::from_utf8(data) else { return };
    let uri = format!("/api/auth/frontchannel-logout/acme?{query}");
    let Ok(request) = Request::get(uri).header("host", "localhost:3000").body(Bytes::new()) else { return };
    let answer = now(engine().handle(request));
    assert!(answer.status() == StatusCode::OK || answer.status().is_client_error(), "{answer:?}");
    assert!(answer.body().is_empty() && !answer.headers().contains_key("set-cookie"), "{answer:?}");
    let policy = answer.headers().get("content-security-policy").and_then(|policy| policy.to_str().ok());
    assert!(policy.is_none_or(|policy| !policy.contains('*')), "{policy:?}");
}

/// Id, timestamp and signature in a line each, then the body; and the body once more, signed as it should be.
pub fn webhook(data: &[u8]) {
    const SECRET: &str = "whsec_c2NhbGVraXQtdmVjdG9yLWtleS0wMTIzNDU2Nzg5YWI=";
    const NOW: i64 = 1_767_225_600;
    let verifier = WebhookVerifier::new(WebhookSecret::parse(SECRET).expect("a secret"));
    let mut lines = data.splitn(4, |byte| *byte == b'\n');
    let mut headers = HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        if let Some(Ok(value)) = lines.next().map(HeaderValue::from_bytes) {
            headers.append(name, value);
        }
    }
    let body = lines.next().unwrap_or_default();
    assert!(verifier.verify(&headers, body, NOW).is_err(), "nobody has signed it");
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).expect("base64");
    let signed = [format!("msg_1.{NOW}.").as_bytes(), body].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &signed);
    let signature = format!("v1,{}", STANDARD.encode(tag));
    for (name, value) in
        [("webhook-id", "msg_1"), ("webhook-timestamp", &NOW.to_string()), ("webhook-signature", &signature)]
    {
        headers.insert(name, HeaderValue::from_str(value).expect("a header"));
    }
    let delivery = verifier.verify(&headers, body, NOW).expect("it is signed");
    let _ = Event::parse(&delivery);
}

/// A logout token, in the form of a back-channel logout.
pub fn logout_token(data: &[u8]) {
    for body in [data.to_vec(), [b"logout_token=", data].concat()] {
        let request = Request::post("/api/auth/backchannel-logout/acme").header("host", "localhost:3000");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(Bytes::from(body));
        let answer = now(engine().handle(request.expect("a request")));
        assert!(answer.status().is_client_error(), "{answer:?}");
    }
}

/// What a token endpoint answers.
pub fn token_response(data: &[u8]) {
    for status in [StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::BAD_GATEWAY] {
        let read = token::parse(status, data);
        assert!(read.is_err() || status == StatusCode::OK, "{read:?}");
    }
}

/// What a userinfo endpoint answers.
pub fn userinfo(data: &[u8]) {
    for status in [StatusCode::OK, StatusCode::UNAUTHORIZED] {
        let read = userinfo::parse(status, data);
        assert!(read.is_err() || status == StatusCode::OK, "{read:?}");
    }
}

/// What a server says about nonces: `DPoP-Nonce` and `WWW-Authenticate` in a line each, then the body.
pub fn dpop(data: &[u8]) {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let mut answer = Response::new(Bytes::new());
    for name in ["dpop-nonce", "www-authenticate"] {
        if let Some(Ok(value)) = lines.next().map(HeaderValue::from_bytes) {
            answer.headers_mut().append(name, value);
        }
    }
    *answer.body_mut() = Bytes::copy_from_slice(lines.next().unwrap_or_default());
    if let Some(nonce) = dpop::nonce(answer.headers()) {
        let sound = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        assert!(!nonce.is_empty() && nonce.bytes().all(sound), "{nonce:?}");
    }
    assert!(!dpop::wants_nonce(&answer), "an answer that is good asks for nothing");
    for status in [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED] {
        *answer.status_mut() = status;
        let _ = dpop::wants_nonce(&answer);
    }
}

/// A signed authorization response: as it is, and as claims that the provider has signed.
pub fn jarm(data: &[u8]) {
    const NOW: i64 = 1_767_225_600;
    static KEY: OnceLock<(SigningKey, JwkSet)> = OnceLock::new();
    let Ok(text) = std::str::from_utf8(data) else { return };
    let issuer = Issuer::parse("https://acme.example").expect("an issuer");
    let client_id = ClientId::parse("client").expect("a client id");
    let algorithms = ["ES256".to_owned()];
    let expected = jarm::Expected { issuer: &issuer, client_id: &client_id, algorithms: &algorithms, now: NOW };
    assert!(jarm::verify(text, keys(), &expected).is_err());
    assert!(jarm::peek_state(text).is_none_or(|state| !state.is_empty()));
    let body = Bytes::from([b"response=", data].concat());
    let request = Request::post("/api/auth/callback/acme").header("host", "localhost:3000");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    let answer = now(engine().handle(request.expect("a request")));
    assert!(answer.status().as_u16() < 500 && !signs_in(&answer), "{answer:?}");

    let Ok(claims) = serde_json::from_slice::<Map<String, Value>>(data) else { return };
    let (key, keys) = KEY.get_or_init(|| {
        let key = SigningKey::generate().expect("a key");
        let set = serde_json::json!({ "keys": [key.public_jwk()] });
        (key, JwkSet::parse(set.to_string().as_bytes()).expect("a key set"))
    });
    let signed = key.sign(key.choose(None).expect("ES256"), Map::new(), &claims).expect("a token");
    let Ok(parameters) = jarm::verify(&signed, keys, &expected) else { return };
    assert_eq!(claims.get("iss").and_then(Value::as_str), Some(issuer.as_str()));
    assert!(claims.get("exp").and_then(Value::as_f64).is_some_and(|exp| exp > (NOW - 61) as f64), "{claims:?}");
    assert!(claims.get("aud").is_some_and(|aud| aud == "client" || aud.is_array()), "{claims:?}");
    let _ = AuthorizationResponse::parse(&parameters);
}

/// What the endpoint for pushed requests answers.
pub fn pushed(data: &[u8]) {
    for status in [StatusCode::CREATED, StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::BAD_GATEWAY] {
        let Ok(read) = pushed::parse(status, data) else { continue };
        assert!(status.is_success() && read.expires_in > 0, "{read:?}");
        assert!(!read.request_uri.is_empty() && read.request_uri.len() <= 2048, "{read:?}");
    }
}

/// What an introspection endpoint answers: only the word `true` makes a token active.
pub fn introspection(data: &[u8]) {
    let issuer = Issuer::parse("https://acme.example").expect("an issuer");
    let expected =
        introspection::Expected { issuer: Some(&issuer), tenants: None, audiences: &["api"], now: 1_767_225_600 };
    for status in [StatusCode::OK, StatusCode::CREATED, StatusCode::UNAUTHORIZED] {
        let Ok(read) = introspection::parse(status, data, &expected) else { continue };
        assert_eq!(status, StatusCode::OK);
        let Some(token) = read.active() else { continue };
        assert_eq!(token.claims().get("active"), Some(&Value::Bool(true)));
        assert!(token.text("iss").is_none_or(|iss| iss == issuer.as_str()), "{token:?}");
        assert!(token.expires_at().is_none_or(|at| at > expected.now - 61), "{token:?}");
    }
}

/// A discovery document.
pub fn metadata(data: &[u8]) {
    let issuer = Issuer::parse("https://login.example").expect("an issuer");
    let Ok(metadata) = ServerMetadata::parse(data, &issuer) else { return };
    assert_eq!(metadata.issuer, issuer);
    for url in [&metadata.token_endpoint, &metadata.authorization_endpoint, &metadata.jwks_uri].into_iter().flatten() {
        assert_eq!(url.scheme(), "https", "{url}");
    }
}

/// A key set.
pub fn jwk_set(data: &[u8]) {
    if let Ok(keys) = JwkSet::parse(data) {
        assert!(keys.len() <= MAX_KEYS);
        let token = "eyJhbGciOiJSUzI1NiJ9.e30.AAAA";
        assert!(jws::verify(token, &keys, &["RS256".to_owned()]).is_err());
    }
}

/// An expression of a profile mapping, and what it makes of a profile.
pub fn expression(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(expression) = Expression::parse(text) else { return };
    assert!(Expression::parse(expression.as_str()).is_ok(), "{text:?}");
    let profile: Claims = serde_json::from_str(
        r#"{"id":1,"name":"Ada","email":"a@b.example","a":{"b":[{"c":"d"}],"e":null},"t":true,"f":1.5,"ä":"ö"}"#,
    )
    .expect("a profile");
    let options = BTreeMap::from([("tenant".to_owned(), "acme".to_owned())]);
    let sources = Sources { profile: &profile, token: &profile, options: &options };
    let _ = (expression.value(&sources), expression.text(&sources), expression.yes_or_no(&sources));
}

/// An address that somebody typed: what is accepted is one mailbox, in one spelling.
pub fn email(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(address) = EmailIdentifier::parse(text) else { return };
    let address = address.as_str();
    assert_eq!(address.matches('@').count(), 1, "{text:?}");
    assert!(address.len() <= 254 && !address.contains(|c: char| c.is_whitespace() || c.is_control()), "{text:?}");
    assert!(!address.contains([',', ';', '"', '<', '>', '\\']), "{text:?}");
    assert_eq!(EmailIdentifier::parse(address).expect("it is its own spelling").as_str(), address);
}

/// A network where nobody lives but the keys of `acme`.
#[derive(Debug)]
struct Nowhere;

impl Transport for Nowhere {
    fn send<'a>(&'a self, request: Request<Bytes>) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>> {
        let answer = match request.uri().path() {
            "/keys" => Ok(Response::new(Bytes::from_static(KEYS.as_bytes()))),
            "/.well-known/openid-configuration" => Ok(Response::new(Bytes::from_static(ABOUT.as_bytes()))),
            _ => Err(TransportError::Unreachable("nobody lives there".to_owned())),
        };
        Box::pin(std::future::ready(answer))
    }
}

const ABOUT: &str = r#"{"issuer":"https://acme.example","authorization_endpoint":"https://acme.example/authorize",
    "token_endpoint":"https://acme.example/token","jwks_uri":"https://acme.example/keys",
    "id_token_signing_alg_values_supported":["RS256","ES256","EdDSA"]}"#;

/// RFC 8037 appendix A.2 and RFC 7517 appendix A.1.
const KEYS: &str = r#"{"keys":[
    {"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    {"kty":"EC","crv":"P-256","kid":"2","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
     "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"},
    {"kty":"RSA","kid":"3","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}]}"#;

fn keys() -> &'static JwkSet {
    static SET: OnceLock<JwkSet> = OnceLock::new();
    SET.get_or_init(|| JwkSet::parse(KEYS.as_bytes()).expect("keys"))
}

/// Our proxy, and somebody who is not.
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

const ORIGINS: [&str; 3] = ["https://app.example", "http://app.example", "https://*.tenant.app"];

fn build(policy: HostPolicy) -> Auth {
    Auth::builder()
        .secret("kT2x0Zb9nJH0Zs3wq1vLr8m5yD4fGh7UeXcPaRoNiQ4=")
        .host(policy)
        .trusted_proxies("10.0.0.0/8".parse().expect("a network"))
        .provider(Provider::oidc("acme", "https://acme.example").register("client", "secret"))
        .transport(Nowhere)
        .build()
        .expect("an engine")
}

/// An engine on this machine.
fn engine() -> &'static Auth {
    static AUTH: OnceLock<Auth> = OnceLock::new();
    AUTH.get_or_init(|| build(HostPolicy::LoopbackOnly))
}

/// An engine behind a proxy that it believes.
fn trusting() -> &'static Auth {
    static AUTH: OnceLock<Auth> = OnceLock::new();
    AUTH.get_or_init(|| build(HostPolicy::TrustForwarded))
}

/// An engine behind the same proxy, which knows its origins.
fn listing() -> &'static Auth {
    static AUTH: OnceLock<Auth> = OnceLock::new();
    let patterns = || ORIGINS.iter().map(|text| OriginPattern::parse(text).expect("a pattern")).collect();
    AUTH.get_or_init(|| build(HostPolicy::AllowList(patterns())))
}

/// Where an engine thinks that it is reached; `None` when it says no.
fn callback_url(auth: &Auth, peer: IpAddr, headers: HeaderMap) -> Option<Url> {
    let mut request = Request::get("/api/auth/providers").body(Bytes::new()).expect("a request");
    *request.headers_mut() = headers;
    request.extensions_mut().insert(PeerAddress(peer));
    let answer = now(auth.handle(request));
    // 500 is Auth.js's answer to a host that nobody vouches for.
    assert!(matches!(answer.status().as_u16(), 200 | 400 | 421 | 500), "{answer:?}");
    let providers: Value = serde_json::from_slice(answer.body()).expect("JSON");
    let text = providers.get("acme")?.get("callbackUrl")?.as_str()?;
    Some(Url::parse(text).expect("an address"))
}

fn signs_in(answer: &Response<Bytes>) -> bool {
    let cookies = answer.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    cookies.into_iter().any(|cookie| cookie.contains("session-token=e"))
}

/// Nothing here waits for anybody.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}
