//! Layers for routes that only signed-in people may reach, or only those who signed in lately or strongly enough.

use authstile::{Auth, BoxFuture, Session, StepUp};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{FromFnLayer, Next, from_fn_with_state};
use axum::response::Response;
use http::header::{CACHE_CONTROL, HeaderValue, SET_COOKIE};
use http::request::Parts;

use crate::extract::{SignedIn, here, uri};

/// Middleware: lets through who is signed in, with [`SignedIn`] in the request's extensions; sends a person's browser to
/// the sign-in page, from which it comes back to where it was; answers a program with 401 and JSON. Renews sessions that
/// are in use.
///
/// Put it on with `axum::middleware::from_fn_with_state(auth, require_session)`.
pub async fn require_session(State(auth): State<Auth>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let auth = here(&auth, &parts);
    match auth.session(&parts.headers, uri(&parts)).await {
        Ok(Some(session)) => serve(&auth, session, parts, body, next).await,
        Ok(None) => auth.challenge(&parts.method, uri(&parts), &parts.headers).map(Body::from),
        Err(error) => auth.failure(&parts.headers, &error).map(Body::from),
    }
}

/// The layer that [`require_step_up`] makes.
pub type RequireStepUp = FromFnLayer<Check, Demanded, (State<Demanded>, Request)>;

type Check = fn(State<Demanded>, Request, Next) -> BoxFuture<'static, Response>;

/// What a route asks of the sign-in.
#[derive(Debug, Clone)]
pub struct Demanded {
    auth: Auth,
    step_up: StepUp,
}

/// A layer as [`require_session`], for routes that also ask for a fresh or a strong sign-in: a person's browser goes to
/// sign in once more and comes back to where it was, a program and a form that is sent get 401 with what is missing
/// (RFC 9470). See [`Auth::step_up`]. Put it on with [`Router::route_layer`](axum::Router::route_layer), also on the page
/// that shows the form.
///
/// ```
/// use authstile::{Auth, StepUp};
/// use authstile_axum::{SignedIn, require_step_up};
/// use axum::{Router, routing::get};
///
/// async fn bank_account(SignedIn(session): SignedIn) -> String {
///     format!("Where shall we send your money, {}?", session.user.name.unwrap_or_default())
/// }
///
/// fn app(auth: Auth) -> Router {
///     Router::new()
///         .route("/bank-account", get(bank_account))
///         .route_layer(require_step_up(&auth, StepUp::fresh(300).acr("urn:example:mfa")))
///         .with_state(auth)
/// }
/// ```
pub fn require_step_up(auth: &Auth, step_up: StepUp) -> RequireStepUp {
    from_fn_with_state(Demanded { auth: auth.clone(), step_up }, check)
}

fn check(
    State(Demanded { auth, step_up }): State<Demanded>,
    request: Request,
    next: Next,
) -> BoxFuture<'static, Response> {
    Box::pin(async move {
        let (parts, body) = request.into_parts();
        let auth = here(&auth, &parts);
        match auth.step_up(&parts.method, uri(&parts), &parts.headers, &step_up).await {
            Ok(session) => serve(&auth, session, parts, body, next).await,
            Err(answer) => answer.map(Body::from),
        }
    })
}

/// What follows for whoever may.
async fn serve(auth: &Auth, session: Session, mut parts: Parts, body: Body, next: Next) -> Response {
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
