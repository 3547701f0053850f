//! An API behind access tokens: the extractor, the layer, and what a refused program gets to read.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "in tests a panic is a failure")]

use authstile::{ApiTokens, TransportError};
use authstile_axum::{Bearer, require_scopes};
use authstile_testkit::{FakeTransport, FixedClock};
use axum::body::Body;
use axum::extract::{Extension, FromRef};
use axum::{Router, routing::get};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// A state of which the tokens are a part.
#[derive(Clone)]
struct App {
    tokens: ApiTokens,
}

impl FromRef<App> for ApiTokens {
    fn from_ref(app: &App) -> Self {
        app.tokens.clone()
    }
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../authstile-scalekit/tests/data/scalekit.json")).unwrap()
}

fn token(name: &str) -> String {
    let vectors = vectors();
    let list = vectors["tokens"]["access_tokens"].as_array().unwrap().clone();
    let vector = list.iter().find(|vector| vector["name"] == name).unwrap();
    vector["token"].as_str().unwrap().to_owned()
}

fn app(up: bool) -> Router {
    let vectors = vectors();
    let (keys, context) = (vectors["tokens"]["jwks"].to_string(), vectors["tokens"]["context"].clone());
    let issuer = context["issuer"].as_str().unwrap().to_owned();
    let about = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") }).to_string();
    let transport = FakeTransport::fallible(move |request| match request.uri().path() {
        _ if !up => Err(TransportError::Timeout),
        "/keys" => Ok(Response::new(Bytes::from(keys.clone()))),
        _ => Ok(Response::new(Bytes::from(about.clone()))),
    });
    let tokens = ApiTokens::builder(issuer)
        .audience("deployment-api.acmecorp.com")
        .resource_metadata("https://api.example/.well-known/oauth-protected-resource")
        .transport(transport)
        .clock(FixedClock::at(context["now"].as_i64().unwrap()))
        .build()
        .unwrap();
    let deploy = Router::new()
        .route("/deploy", get(async |Extension(Bearer(token)): Extension<Bearer>| token.scopes().join(" ")))
        .route_layer(require_scopes(&tokens, &["deploy:applications", "read:deployments"]));
    let admin =
        Router::new().route("/admin", get(async || "never")).route_layer(require_scopes(&tokens, &["admin:all"]));
    Router::new()
        .route("/whoami", get(async |Bearer(token): Bearer| token.client_id().unwrap().to_string()))
        .merge(deploy)
        .merge(admin)
        .with_state(App { tokens })
}

struct Answer {
    status: StatusCode,
    challenge: Option<String>,
    headers: http::HeaderMap,
    body: String,
}

async fn ask(app: &Router, path: &str, authorization: &[&str]) -> Answer {
    let mut request = Request::get(path);
    for value in authorization {
        request = request.header(AUTHORIZATION, *value);
    }
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let challenge = parts.headers.get(WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned());
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer { status: parts.status, challenge, headers: parts.headers, body }
}

fn code(answer: &Answer) -> String {
    serde_json::from_str::<Value>(&answer.body).unwrap()["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_good_token_opens_handlers_and_layers() {
    let app = app(true);
    let bearer = format!("Bearer {}", token("valid_m2m_organization_client"));
    let answer = ask(&app, "/whoami", &[&bearer]).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "m2morg_68315758685323697"));
    let answer = ask(&app, "/whoami", &[&bearer.replace("Bearer", "bEARER")]).await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = ask(&app, "/deploy", &[&bearer]).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "deploy:applications read:deployments"));
}

#[tokio::test]
async fn who_shows_nothing_is_told_where_to_get_a_token() {
    let app = app(true);
    let missing =
        "Bearer realm=\"OAuth\", resource_metadata=\"https://api.example/.well-known/oauth-protected-resource\"";
    for path in ["/whoami", "/deploy"] {
        for authorization in [&[][..], &["Basic dXNlcjpwYXNz"]] {
            let answer = ask(&app, path, authorization).await;
            assert_eq!((answer.status, answer.challenge.as_deref()), (StatusCode::UNAUTHORIZED, Some(missing)));
            assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
            assert_eq!(answer.headers[CONTENT_TYPE], "application/json");
            assert_eq!(code(&answer), "missing_token");
        }
    }
    assert_eq!(ask(&app, "/elsewhere", &[]).await.status, StatusCode::NOT_FOUND, "the layer is only on its routes");
}

#[tokio::test]
async fn a_bad_token_is_refused_with_its_fault() {
    let app = app(true);
    let good = format!("Bearer {}", token("valid_m2m_organization_client"));
    let other = format!("Bearer {}", token("mcp_other_resource"));
    for (path, authorization, status, fault) in [
        ("/whoami", &[other.as_str()][..], StatusCode::UNAUTHORIZED, "invalid_token"),
        ("/deploy", &["Bearer opaque"], StatusCode::UNAUTHORIZED, "invalid_token"),
        ("/admin", &[good.as_str()], StatusCode::FORBIDDEN, "insufficient_scope"),
        ("/whoami", &[good.as_str(), good.as_str()], StatusCode::BAD_REQUEST, "invalid_request"),
        ("/whoami", &["Bearer a b"], StatusCode::BAD_REQUEST, "invalid_request"),
    ] {
        let answer = ask(&app, path, authorization).await;
        assert_eq!((answer.status, code(&answer).as_str()), (status, fault), "{path}");
        let challenge = answer.challenge.unwrap();
        assert!(challenge.contains(&format!("error=\"{fault}\"")), "{challenge}");
        assert_eq!(challenge.contains("scope=\"admin:all\""), path == "/admin", "{challenge}");
    }
}

#[tokio::test]
async fn a_token_in_the_address_is_none() {
    let path = format!("/whoami?access_token={}", token("valid_m2m_organization_client"));
    assert_eq!(ask(&app(true), &path, &[]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nothing_can_be_said_while_the_issuer_is_down() {
    let bearer = format!("Bearer {}", token("valid_m2m_organization_client"));
    let answer = ask(&app(false), "/whoami", &[&bearer]).await;
    assert_eq!((answer.status, &answer.challenge), (StatusCode::SERVICE_UNAVAILABLE, &None));
    assert_eq!(code(&answer), "temporarily_unavailable");
    assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
}
