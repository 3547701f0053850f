//! The least a server can do for the same answers: bare hyper and the cryptography of a session, a CSRF token and a sign-in.
//!
//! `cargo xtask bench` measures Authstile against it. It checks what Authstile must check and spends nothing on configuration,
//! routing, hooks, errors or rotation; a claim that Authstile is fast means that it comes near. Not a server to use.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{constant_time, digest, hkdf, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use clap::Parser;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc; // as the `authstile` binary

const SESSION_COOKIE: &str = "authjs.session-token";
const CSRF_COOKIE: &str = "authjs.csrf-token";
const PENDING_COOKIE: &str = "authstile.pending";
const MONTH: i64 = 30 * 24 * 60 * 60;
const PENDING_LIFE: i64 = 15 * 60;

#[derive(Debug, Parser)]
struct Options {
    #[arg(long, env = "PORT", default_value_t = 0)]
    port: u16,
    #[arg(long, env = "AUTH_SECRET", hide_env_values = true)]
    secret: String,
    #[arg(long, env = "AUTH_SCALEKIT_ISSUER")]
    issuer: String,
    #[arg(long, env = "AUTH_SCALEKIT_ID")]
    client_id: String,
    /// How many providers are listed.
    #[arg(long, default_value_t = 1)]
    providers: usize,
}

struct Server {
    origin: String,
    secret: String,
    authorize: String,
    providers: Bytes,
    session: Sealer,
    pending: Sealer,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], options.port))).await?;
    let server = Arc::new(Server::new(options, &format!("http://{}", listener.local_addr()?)));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let server = Arc::clone(&server);
        let service = service_fn(move |request| {
            let server = Arc::clone(&server);
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

impl Server {
    fn new(options: Options, origin: &str) -> Self {
        let callback = format!("{origin}/api/auth/callback/scalekit");
        let listed = |id: String| {
            let provider = json!({
                "id": id, "name": if id == "scalekit" { "Scalekit" } else { &id }, "type": "oidc",
                "signinUrl": format!("{origin}/api/auth/signin/{id}"),
                "callbackUrl": format!("{origin}/api/auth/callback/{id}"),
            });
            (id, provider)
        };
        let ids = ["scalekit".to_owned()].into_iter().chain((1..options.providers).map(|number| format!("zz{number}")));
        let providers = Value::Object(ids.map(listed).collect());
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &options.client_id)
            .append_pair("redirect_uri", &callback)
            .append_pair("scope", "openid email profile")
            .append_pair("code_challenge_method", "S256")
            .finish();
        Self {
            origin: origin.to_owned(),
            authorize: format!("{}/oauth/authorize?{query}", options.issuer),
            providers: providers.to_string().into(),
            session: Sealer::new(&options.secret, SESSION_COOKIE),
            pending: Sealer::new(&options.secret, PENDING_COOKIE),
            secret: options.secret,
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let answer = match (request.method(), request.uri().path()) {
            (&Method::GET, "/api/auth/session") => self.session(&request),
            (&Method::GET, "/api/auth/csrf") => self.csrf(&request),
            (&Method::GET, "/api/auth/providers") => Some(json_answer(self.providers.clone())),
            (&Method::POST, "/api/auth/signin/scalekit") => self.sign_in(request).await,
            _ => None,
        };
        answer.unwrap_or_else(|| {
            let mut refusal = Response::new(Full::default());
            *refusal.status_mut() = StatusCode::BAD_REQUEST;
            refusal
        })
    }

    /// Opens the session, prolongs it, seals it again.
    fn session(&self, request: &Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let now = now();
        let mut claims = self.session.open(cookie(request, SESSION_COOKIE)?, now)?;
        let expires = now.as_second() + MONTH;
        let at = jiff::Timestamp::from_second(expires).ok()?;
        let body = json!({
            "user": { "name": claims.get("name"), "email": claims.get("email"), "image": claims.get("picture") },
            "expires": at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
        });
        claims.insert("iat".into(), now.as_second().into());
        claims.insert("exp".into(), expires.into());
        claims.insert("jti".into(), uuid()?.into());
        let cookie = format!(
            "{SESSION_COOKIE}={}; Path=/; Expires={}; HttpOnly; SameSite=Lax",
            self.session.seal(&claims)?,
            at.strftime("%a, %d %b %Y %H:%M:%S GMT")
        );
        let mut answer = no_store(json_answer(body.to_string().into()));
        if self.csrf_token(request).is_none() {
            self.new_csrf_token(&mut answer)?;
        }
        answer.headers_mut().append(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
        Some(answer)
    }

    /// Confirms the CSRF token of the cookie, or makes one.
    fn csrf(&self, request: &Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let mut answer = no_store(json_answer(Bytes::new()));
        let token = match self.csrf_token(request) {
            Some(token) => token.to_owned(),
            None => self.new_csrf_token(&mut answer)?,
        };
        *answer.body_mut() = Full::new(format!(r#"{{"csrfToken":"{token}"}}"#).into());
        Some(answer)
    }

    fn new_csrf_token(&self, answer: &mut Response<Full<Bytes>>) -> Option<String> {
        let token = hex(&random::<32>()?);
        let cookie = format!("{CSRF_COOKIE}={token}%7C{}; Path=/; HttpOnly; SameSite=Lax", self.csrf_hash(&token));
        answer.headers_mut().append(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
        Some(token)
    }

    fn csrf_token<'r>(&self, request: &'r Request<Incoming>) -> Option<&'r str> {
        let (token, hash) = cookie(request, CSRF_COOKIE)?.split_once("%7C")?;
        constant_time::verify_slices_are_equal(hash.as_bytes(), self.csrf_hash(token).as_bytes()).ok()?;
        Some(token)
    }

    fn csrf_hash(&self, token: &str) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(token.as_bytes());
        context.update(self.secret.as_bytes());
        hex(context.finish().as_ref())
    }

    /// Checks origin and CSRF token, draws state, nonce and verifier, seals them in a cookie, sends the browser away.
    async fn sign_in(&self, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        if request.headers().get(header::ORIGIN).is_some_and(|origin| origin.as_bytes() != self.origin.as_bytes()) {
            return None;
        }
        let token = self.csrf_token(&request)?.to_owned();
        let body = request.into_body().collect().await.ok()?.to_bytes();
        let sent = form_urlencoded::parse(&body).find(|(name, _)| name == "csrfToken")?.1;
        constant_time::verify_slices_are_equal(sent.as_bytes(), token.as_bytes()).ok()?;

        let [state, nonce, verifier] =
            [base64url(&random::<32>()?), base64url(&random::<32>()?), base64url(&random::<32>()?)];
        let challenge = base64url(digest::digest(&digest::SHA256, verifier.as_bytes()).as_ref());
        let location = format!("{}&state={state}&nonce={nonce}&code_challenge={challenge}", self.authorize);

        let mut pending = Map::new();
        pending.insert("provider".into(), "scalekit".into());
        pending.insert("state".into(), state.into());
        pending.insert("nonce".into(), nonce.into());
        pending.insert("verifier".into(), verifier.into());
        pending.insert("return_to".into(), self.origin.as_str().into());
        pending.insert("exp".into(), (now().as_second() + PENDING_LIFE).into());
        let cookie = format!(
            "{PENDING_COOKIE}={}; Path=/; Max-Age={PENDING_LIFE}; HttpOnly; SameSite=Lax",
            self.pending.seal(&pending)?
        );

        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::FOUND;
        answer.headers_mut().insert(header::LOCATION, HeaderValue::try_from(location).ok()?);
        answer.headers_mut().append(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
        Some(no_store(answer))
    }
}

/// JWE `dir` with A256CBC-HS512 as RFC 7518 §5.2.5 has it, with the key that Auth.js derives for a cookie of this name.
struct Sealer {
    header: String,
    kid: String,
    mac: hmac::Key,
    encrypting: PaddedBlockEncryptingKey,
    decrypting: PaddedBlockDecryptingKey,
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Sealer {
    fn new(secret: &str, cookie_name: &str) -> Self {
        let mut key = [0; 64];
        hkdf::Salt::new(hkdf::HKDF_SHA256, cookie_name.as_bytes())
            .extract(secret.as_bytes())
            .expand(&[format!("Auth.js Generated Encryption Key ({cookie_name})").as_bytes()], Length(64))
            .and_then(|okm| okm.fill(&mut key))
            .expect("64 bytes are within HKDF's limit");
        let jwk = format!(r#"{{"k":"{}","kty":"oct"}}"#, base64url(&key));
        let kid = base64url(digest::digest(&digest::SHA512, jwk.as_bytes()).as_ref());
        let cipher_key = || UnboundCipherKey::new(&AES_256, &key[32..]).expect("32 bytes");
        Self {
            header: base64url(format!(r#"{{"alg":"dir","enc":"A256CBC-HS512","kid":"{kid}"}}"#).as_bytes()),
            kid,
            mac: hmac::Key::new(hmac::HMAC_SHA512, &key[..32]),
            encrypting: PaddedBlockEncryptingKey::cbc_pkcs7(cipher_key()).expect("an AES key"),
            decrypting: PaddedBlockDecryptingKey::cbc_pkcs7(cipher_key()).expect("an AES key"),
        }
    }

    fn seal(&self, claims: &Map<String, Value>) -> Option<String> {
        let mut text = serde_json::to_vec(claims).ok()?;
        let iv = random::<16>()?;
        let context = EncryptionContext::Iv128(FixedLength::from(iv));
        self.encrypting.less_safe_encrypt(&mut text, context).ok()?;
        let tag = self.tag(self.header.as_bytes(), &iv, &text);
        let mut token = String::with_capacity(self.header.len() + text.len() * 4 / 3 + 72);
        token.push_str(&self.header);
        token.push_str("..");
        for (part, separator) in [(iv.as_slice(), "."), (&text, "."), (tag.as_ref().get(..32)?, "")] {
            URL_SAFE_NO_PAD.encode_string(part, &mut token);
            token.push_str(separator);
        }
        Some(token)
    }

    fn open(&self, token: &str, now: jiff::Timestamp) -> Option<Map<String, Value>> {
        let mut parts = token.split('.');
        let [head, encrypted_key, iv, text, tag] =
            [parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        if parts.next().is_some() || !encrypted_key.is_empty() {
            return None;
        }
        let header: Map<String, Value> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
        let is = |name: &str, value: &str| header.get(name).and_then(Value::as_str) == Some(value);
        if !is("alg", "dir") || !is("enc", "A256CBC-HS512") || !is("kid", &self.kid) {
            return None;
        }
        let iv: [u8; 16] = URL_SAFE_NO_PAD.decode(iv).ok()?.try_into().ok()?;
        let mut text = URL_SAFE_NO_PAD.decode(text).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let expected = self.tag(head.as_bytes(), &iv, &text);
        constant_time::verify_slices_are_equal(expected.as_ref().get(..32)?, &tag).ok()?;
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        let plain = self.decrypting.decrypt(&mut text, context).ok()?;
        let claims: Map<String, Value> = serde_json::from_slice(plain).ok()?;
        (claims.get("exp")?.as_i64()? > now.as_second() - 15).then_some(claims)
    }

    fn tag(&self, aad: &[u8], iv: &[u8], text: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.mac);
        context.update(aad);
        context.update(iv);
        context.update(text);
        context.update(&(aad.len() as u64 * 8).to_be_bytes());
        context.sign()
    }
}

fn json_answer(body: Bytes) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

fn no_store(mut answer: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-store"));
    headers.insert(header::EXPIRES, HeaderValue::from_static("0"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

fn cookie<'r>(request: &'r Request<Incoming>, name: &str) -> Option<&'r str> {
    let cookies = request.headers().get(header::COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

#[expect(clippy::disallowed_methods, reason = "a program of its own, nothing to inject into")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).ok()?;
    Some(bytes)
}

/// A random UUID, version 4.
fn uuid() -> Option<String> {
    let mut bytes = u128::from_be_bytes(random()?);
    bytes = bytes & !(0xf << 76) | 4 << 76;
    bytes = bytes & !(0b11 << 62) | 0b10 << 62;
    Some(format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bytes >> 96,
        bytes >> 80 & 0xffff,
        bytes >> 64 & 0xffff,
        bytes >> 48 & 0xffff,
        bytes & 0xffff_ffff_ffff
    ))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |digit| char::from(*digit));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
