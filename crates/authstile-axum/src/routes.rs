//! The engine's own paths.

use authstile::{Auth, MAX_BODY};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::StatusCode;
use http_body_util::{BodyExt as _, Limited};

use crate::extract::here;

/// A router with the engine's paths, to be merged into the application's.
pub fn routes<S: Clone + Send + Sync + 'static>(auth: &Auth) -> Router<S> {
    let handler = {
        let auth = auth.clone();
        any(move |request: Request| handle(auth.clone(), request))
    };
    let below = format!("{}/{{*action}}", auth.base_path());
    Router::new().route(&below, handler)
}

async fn handle(auth: Auth, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let auth = here(&auth, &parts);
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => auth.handle(http::Request::from_parts(parts, body.to_bytes())).await.map(Body::from),
        Err(_) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "The request body is larger than 64 KiB or was cut off.\n").into_response()
        }
    }
}
