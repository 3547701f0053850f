//! A layer for routes that only signed-in people may reach.

use authstile::Auth;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{CACHE_CONTROL, HeaderValue, SET_COOKIE};

use crate::extract::{SignedIn, uri};

/// Middleware: lets through who is signed in, with [`SignedIn`] in the request's extensions; sends a person's browser to
/// the sign-in page, from which it comes back to where it was; answers a program with 401 and JSON. Renews sessions that
/// are in use.
///
/// Put it on with `axum::middleware::from_fn_with_state(auth, require_session)`.
pub async fn require_session(State(auth): State<Auth>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let session = match auth.session(&parts.headers, uri(&parts)).await {
        Ok(Some(session)) => session,
        Ok(None) => return auth.challenge(&parts.method, uri(&parts), &parts.headers).map(Body::from),
        Err(error) => return auth.failure(&parts.headers, &error).map(Body::from),
    };
    let renewal = auth.renewal(&parts.headers, uri(&parts), &session).await;
    parts.extensions.insert(SignedIn(session));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    for cookie in renewal {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    // What only one person may see must not stay in a shared cache, nor come back with the back button after sign-out.
    if !response.headers().contains_key(CACHE_CONTROL) {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
    response
}
