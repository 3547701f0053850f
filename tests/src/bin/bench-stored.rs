//! For `cargo xtask bench-stored`: fills a store with sessions, and the least that a server can do to answer `/session` from it:
//! hyper and the fastest driver of the database. Not a server to use.

#![allow(clippy::print_stdout, reason = "its result is what it prints")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, bail};
use authstile::clock::{Clock as _, SystemClock, UnixTime};
use authstile::store::{NewSession, NewUser, RevocationKey, SessionData, Sessions, StoredUser};
use authstile_redis::RedisStore;
use authstile_sqlx::{PostgresStore, SqliteStore};
use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use clap::{Parser, Subcommand};
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc; // as the `authstile` binary

const SESSION_COOKIE: &str = "authjs.session-token";
const CSRF_COOKIE: &str = "authjs.csrf-token";
/// Sessions that are asked for, in turn.
const ASKED: usize = 256;
const MONTH: i64 = 30 * 24 * 60 * 60;

#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fills the store at this address, and prints cookies of its sessions, with commas between them.
    Prepare {
        url: String,
        #[arg(long, default_value_t = 2000)]
        sessions: u32,
    },
    /// Serves from the store at this address.
    Serve {
        url: String,
        #[arg(long, env = "PORT", default_value_t = 0)]
        port: u16,
        #[arg(long, env = "AUTH_SECRET", hide_env_values = true)]
        secret: String,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    match Options::parse().command {
        Command::Prepare { url, sessions } => prepare(&url, sessions).await,
        Command::Serve { url, port, secret } => serve(&url, port, secret).await,
    }
}

async fn prepare(url: &str, count: u32) -> Result<()> {
    let user = NewUser {
        id: "7b0b3c6e-5d5a-4c8e-9d57-0d5c1d5b6a11".to_owned(),
        name: Some("Ada Lovelace".to_owned()),
        email: Some("ada@acme.example".to_owned()),
        image: Some("https://images.acme.example/people/ada.png".to_owned()),
        ..NewUser::default()
    };
    let store: Box<dyn Sessions> = match url.split(':').next() {
        Some("sqlite") => {
            let store = SqliteStore::open(url.trim_start_matches("sqlite:")).await?;
            fill_user(&store, &user).await?;
            Box::new(store)
        }
        Some("postgres") => {
            let mut store = PostgresStore::open(url).await?;
            store.migrate().await?;
            fill_user(&store, &user).await?;
            Box::new(store)
        }
        Some("redis") => Box::new(RedisStore::single(url)?),
        _ => bail!("no store for {url}"),
    };
    let NewUser { id, name, email, image, .. } = user;
    let user = StoredUser { id, name, email, image, ..StoredUser::default() };
    let now = SystemClock.now();
    for number in 0..count {
        let data = SessionData {
            id: format!("00000000-0000-4000-8000-{number:012}"),
            provider: "scalekit".to_owned(),
            at: now.millis(),
            seen: now.millis(),
            keys: (0..4).map(|part| RevocationKey::new("bench", &[&format!("{number} {part}")])).collect(),
            user_agent: Some("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36".to_owned()),
            ..SessionData::default()
        };
        let session =
            NewSession { key: &key(&token(number)), user: &user, expires: now.plus_seconds(MONTH), data: &data };
        store.create(session).await?;
    }
    // The same cookies for Auth.js, which looks for them as they are.
    let tokens: Vec<_> = (0..count).step_by((count as usize / ASKED).max(1)).take(ASKED).map(token).collect();
    for token in &tokens {
        let data = SessionData { id: "for Auth.js".to_owned(), ..SessionData::default() };
        store.create(NewSession { key: token, user: &user, expires: now.plus_seconds(MONTH), data: &data }).await?;
    }
    println!("{}", tokens.join(","));
    Ok(())
}

async fn fill_user(accounts: &dyn authstile::store::Accounts, user: &NewUser) -> Result<()> {
    let known = accounts.find_user(&user.id).await?;
    if known.is_none() {
        accounts.register(user, None).await?;
    }
    Ok(())
}

fn token(number: u32) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, format!("bench {number}").as_bytes()))
}

fn key(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

/// What a driver finds: name, e-mail, image, and when the session ends.
type Found = (Option<String>, Option<String>, Option<String>, UnixTime);

enum Driver {
    Sqlite(Mutex<rusqlite::Connection>),
    Postgres(tokio_postgres::Client, tokio_postgres::Statement),
    Redis(redis::aio::MultiplexedConnection),
}

const LOOKUP: &str = r#"SELECT u.name, u.email, u.image, s.expires, s.data FROM sessions s JOIN users u ON u.id = s."userId" WHERE s."sessionToken" = "#;

impl Driver {
    async fn connect(url: &str) -> Result<Self> {
        Ok(match url.split(':').next() {
            Some("sqlite") => {
                let connection = rusqlite::Connection::open(url.trim_start_matches("sqlite:"))?;
                connection.pragma_update(None, "synchronous", "NORMAL")?;
                Self::Sqlite(Mutex::new(connection))
            }
            Some("postgres") => {
                let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
                tokio::spawn(connection);
                let text = LOOKUP.replace("s.expires", "(extract(epoch from s.expires) * 1000)::bigint");
                let statement = client.prepare(&format!("{text}$1")).await?;
                Self::Postgres(client, statement)
            }
            Some("redis") => Self::Redis(redis::Client::open(url)?.get_multiplexed_async_connection().await?),
            _ => bail!("no driver for {url}"),
        })
    }

    async fn find(&self, key: &str) -> Result<Option<Found>> {
        match self {
            Self::Sqlite(connection) => {
                let connection = connection.lock().unwrap();
                let mut statement = connection.prepare_cached(&format!("{LOOKUP}?1"))?;
                let mut rows = statement.query([key])?;
                let Some(row) = rows.next()? else { return Ok(None) };
                let expires: String = row.get(3)?;
                let _: Option<String> = row.get(4)?;
                let expires: jiff::Timestamp = expires.parse()?;
                Ok(Some((row.get(0)?, row.get(1)?, row.get(2)?, UnixTime::from_millis(expires.as_millisecond()))))
            }
            Self::Postgres(client, statement) => {
                let Some(row) = client.query_opt(statement, &[&key]).await? else { return Ok(None) };
                let _: Option<&str> = row.get(4);
                Ok(Some((row.get(0), row.get(1), row.get(2), UnixTime::from_millis(row.get(3)))))
            }
            Self::Redis(connection) => {
                let mut connection = connection.clone();
                let name = format!("authstile:session:{key}");
                let text: Option<String> = redis::cmd("GET").arg(name).query_async(&mut connection).await?;
                let Some(text) = text else { return Ok(None) };
                let (head, body) = text.split_once('\n').context("a record without its first line")?;
                let record: Value = serde_json::from_str(body)?;
                let user = record.get("user").context("a record without user")?;
                let text = |name: &str| user.get(name).and_then(Value::as_str).map(str::to_owned);
                let expires = head.split(' ').next().unwrap_or_default().parse()?;
                Ok(Some((text("name"), text("email"), text("image"), UnixTime::from_millis(expires))))
            }
        }
    }
}

struct Server {
    driver: Driver,
    secret: String,
}

async fn serve(url: &str, port: u16, secret: String) -> Result<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let server = Arc::new(Server { driver: Driver::connect(url).await?, secret });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let server = Arc::clone(&server);
        let service = service_fn(move |request| {
            let server = Arc::clone(&server);
            async move { Ok::<_, Infallible>(server.answer(&request).await.unwrap_or_default()) }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

impl Server {
    async fn answer(&self, request: &Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        if request.uri().path() == "/api/auth/csrf" {
            let token = hex(digest::digest(&digest::SHA256, b"bench").as_ref());
            let cookie = format!("{CSRF_COOKIE}={token}%7C{}; Path=/; HttpOnly; SameSite=Lax", self.csrf_hash(&token));
            let mut answer = json_answer(format!(r#"{{"csrfToken":"{token}"}}"#).into());
            answer.headers_mut().append(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
            return Some(answer);
        }
        let (csrf, hash) = cookie(request, CSRF_COOKIE)?.split_once("%7C")?;
        constant_time::verify_slices_are_equal(hash.as_bytes(), self.csrf_hash(csrf).as_bytes()).ok()?;
        let token = cookie(request, SESSION_COOKIE)?;
        let (name, email, image, expires) = self.driver.find(&key(token)).await.ok()??;
        let now = SystemClock.now();
        if expires <= now {
            return None;
        }
        let body = json!({ "user": { "name": name, "email": email, "image": image }, "expires": expires.iso8601() });
        let until = now.plus_seconds(MONTH).http_date();
        let cookie = format!("{SESSION_COOKIE}={token}; Path=/; Expires={until}; HttpOnly; SameSite=Lax");
        let mut answer = json_answer(body.to_string().into());
        answer.headers_mut().append(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
        Some(answer)
    }

    fn csrf_hash(&self, token: &str) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(token.as_bytes());
        context.update(self.secret.as_bytes());
        hex(context.finish().as_ref())
    }
}

fn json_answer(body: Bytes) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body));
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, no-cache, no-store"),
        (header::EXPIRES, "0"),
        (header::PRAGMA, "no-cache"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn cookie<'r>(request: &'r Request<Incoming>, name: &str) -> Option<&'r str> {
    let cookies = request.headers().get(header::COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
