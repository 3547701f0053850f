//! The door behind a proxy: who is connected decides what is believed, for the engine's routes and for extractors.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "in tests a panic is a failure")]

use std::net::SocketAddr;

use authstile::{Auth, PeerAddress};
use authstile_axum::{MaybeSignedIn, SignedIn, require_session, routes};
use authstile_testkit::{FakeTransport, TEST_SECRET};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::{Router, middleware, routing::get};
use bytes::Bytes;
use http::header::LOCATION;
use http::{Request, Response, StatusCode};
use tower::ServiceExt as _;

fn app() -> Router {
    let auth = Auth::builder()
        .secret(TEST_SECRET)
        .origins(["https://app.example", "https://*.tenant.app"])
        .trusted_proxies("10.0.0.0/8".parse().unwrap())
        .transport(FakeTransport::new(|_| Response::new(Bytes::new())))
        .build()
        .unwrap();
    let layer = middleware::from_fn_with_state(auth.clone(), require_session);
    let pages = Router::new().route("/layer", get(async || "in")).route_layer(layer);
    Router::new()
        .route("/extractor", get(async |SignedIn(_): SignedIn| "in"))
        .route("/maybe", get(async |MaybeSignedIn(_): MaybeSignedIn| "anybody"))
        .merge(pages)
        .merge(routes(&auth))
        .with_state(auth)
}

/// What somebody gets who asks the engine's own host for a page of a tenant.
async fn visit(path: &str, say: impl FnOnce(&mut http::Extensions)) -> Response<Body> {
    let mut request = Request::get(path)
        .header("host", "engine:3000")
        .header("x-forwarded-host", "one.tenant.app")
        .header("x-forwarded-prefix", "/notes")
        .header("accept", "text/html")
        .body(Body::empty())
        .unwrap();
    say(request.extensions_mut());
    app().oneshot(request).await.unwrap()
}

fn connected(address: &str) -> ConnectInfo<SocketAddr> {
    ConnectInfo(SocketAddr::new(address.parse().unwrap(), 4711))
}

#[tokio::test]
async fn a_listed_peer_is_believed_at_every_door() {
    for (path, here) in [("/extractor", "%2Fextractor"), ("/layer", "%2Flayer")] {
        for answer in [
            visit(path, |extensions| {
                extensions.insert(connected("10.0.0.1"));
            })
            .await,
            visit(path, |extensions| {
                extensions.insert(PeerAddress("10.0.0.1".parse().unwrap()));
            })
            .await,
        ] {
            let expected = format!(
                "https://one.tenant.app/notes/api/auth/signin?callbackUrl=https%3A%2F%2Fone.tenant.app%2Fnotes{here}"
            );
            assert_eq!(answer.headers()[LOCATION], expected.as_str());
        }
    }
    for path in ["/maybe", "/api/auth/signin"] {
        let answer = visit(path, |extensions| {
            extensions.insert(connected("10.0.0.1"));
        })
        .await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn others_are_not() {
    for path in ["/extractor", "/layer", "/maybe", "/api/auth/signin"] {
        let stranger = visit(path, |extensions| {
            extensions.insert(connected("192.0.2.1"));
        })
        .await;
        assert_eq!(stranger.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
        let unknown = visit(path, |_| ()).await;
        assert_eq!(unknown.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
}
