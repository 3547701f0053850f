//! One of several processes that are one application, for tests: the engine with what they share given as arguments.
//!
//! Prints `listening <port>` when it serves, and ends with its standard input. Beside the engine's own paths, `GET /me` says who
//! is signed in, `GET /token` gives the provider's access token, refreshed, and `POST /end?user=…` ends all sessions of a
//! person. Every answer names the process: `x-replica: <port>`.

use std::io::{Read as _, Write as _, stdin, stdout};

use authstile::{Auth, AuthBuilder, Customize as _, KeepTokens};
use authstile_axum::{MaybeSignedIn, routes};
use authstile_redis::RedisStore;
use authstile_reqwest::ReqwestTransport;
use authstile_scalekit::Scalekit;
use authstile_sqlx::PostgresStore;
use authstile_testkit::TEST_SECRET;
use authstile_tests::{APP, CLIENT_ID, CLIENT_SECRET};
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Parser;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde_json::{Value, json};

#[derive(Debug, Parser)]
struct Options {
    /// The identity provider.
    #[arg(long)]
    issuer: String,
    /// People, sessions and all the rest are in this database, which is migrated.
    #[arg(long)]
    postgres: Option<String>,
    /// Sessions and all the rest but people are there.
    #[arg(long)]
    redis: Option<String>,
    /// The same, in a cluster.
    #[arg(long)]
    redis_cluster: Option<String>,
    /// Sessions live in cookies all the same.
    #[arg(long)]
    cookies: bool,
    /// The provider's tokens are kept.
    #[arg(long)]
    tokens: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    std::thread::spawn(|| {
        while stdin().read(&mut [0; 64]).is_ok_and(|length| length > 0) {}
        std::process::exit(0);
    });
    let scalekit = Scalekit::new(CLIENT_ID, CLIENT_SECRET, &options.issuer).organization_id("org_acme");
    let scalekit = match options.tokens {
        true => scalekit.scope("openid profile email offline_access").keep_tokens(KeepTokens::All),
        false => scalekit,
    };
    let builder = Auth::builder().secret(TEST_SECRET).url(APP).provider(scalekit).transport(ReqwestTransport::new()?);
    let auth = store(builder, &options).await?.build()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let name = HeaderValue::from(port);
    let router = Router::new()
        .route("/me", get(me))
        .route("/token", get(token))
        .route("/end", post(end))
        .merge(routes(&auth))
        .with_state(auth)
        .layer(axum::middleware::map_response(move |mut response: Response| {
            response.headers_mut().insert("x-replica", name.clone());
            std::future::ready(response)
        }));
    writeln!(stdout(), "listening {port}")?;
    Ok(axum::serve(listener, router).await?)
}

async fn store(mut builder: AuthBuilder, options: &Options) -> anyhow::Result<AuthBuilder> {
    if let Some(url) = &options.postgres {
        builder = builder.store(PostgresStore::open(url).await?);
    }
    let redis = options.redis.as_deref().map(RedisStore::single);
    let cluster = options.redis_cluster.as_deref().map(|url| RedisStore::cluster([url]));
    if let Some(store) = redis.or(cluster).transpose()? {
        builder = builder
            .sessions(store.clone())
            .one_time(store.clone())
            .revocations(store.clone())
            .throttle(store.clone())
            .leases(store);
    }
    Ok(if options.cookies { builder.sessions_in_cookies() } else { builder })
}

async fn me(MaybeSignedIn(session): MaybeSignedIn) -> Json<Value> {
    Json(session.map_or(Value::Null, |session| json!({ "id": session.user.id, "email": session.user.email })))
}

async fn token(State(auth): State<Auth>, headers: HeaderMap, uri: Uri) -> Response {
    match auth.access_token(&headers, &uri).await {
        Ok(Some(token)) => {
            let mut response = token.access_token.expose().to_owned().into_response();
            response.headers_mut().extend(token.set_cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)));
            response
        }
        Ok(None) => StatusCode::UNAUTHORIZED.into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

#[derive(Debug, serde::Deserialize)]
struct Whose {
    user: String,
}

async fn end(State(auth): State<Auth>, Query(Whose { user }): Query<Whose>) -> StatusCode {
    match auth.end_sessions_of(&user).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
