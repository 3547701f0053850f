//! Access tokens of requests to an API, as an argument of a handler and as a layer.

use std::sync::Arc;

use authstile::oauth::access_token::VerifiedAccessToken;
use authstile::{ApiTokenError, ApiTokens, BoxFuture};
use axum::body::Body;
use axum::extract::{FromRef, FromRequestParts, Request, State};
use axum::middleware::{FromFnLayer, Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::request::Parts;

/// The access token of the request, verified in full. Where it is missing or not good the handler does not run.
///
/// The token is taken from `Authorization: Bearer …` and from nowhere else. The router's state must hold the
/// [`ApiTokens`] that say which tokens are good.
///
/// ```
/// use authstile::ApiTokens;
/// use authstile_axum::{Bearer, require_scopes};
/// use axum::{Router, routing::get};
///
/// async fn notes(Bearer(token): Bearer) -> String {
///     format!("the notes of {:?}", token.subject())
/// }
///
/// fn api(tokens: ApiTokens) -> Router {
///     Router::new()
///         .route("/notes", get(notes))
///         .route_layer(require_scopes(&tokens, &["notes:read"]))
///         .with_state(tokens)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Bearer(pub VerifiedAccessToken);

/// Why a handler does not run: the finished answer to the request (RFC 6750 §3).
#[derive(Debug)]
pub struct BearerRejection(http::Response<bytes::Bytes>);

impl IntoResponse for BearerRejection {
    fn into_response(self) -> Response {
        self.0.map(Body::from)
    }
}

impl<S> FromRequestParts<S> for Bearer
where
    ApiTokens: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = BearerRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let tokens = ApiTokens::from_ref(state);
        let verdict = tokens.authenticate(&parts.headers, &[]).await;
        verdict.map(Self).map_err(|error| refusal(&tokens, &error))
    }
}

/// The layer that [`require_scopes`] makes.
pub type RequireScopes = FromFnLayer<Check, Required, (State<Required>, Request)>;

type Check = fn(State<Required>, Request, Next) -> BoxFuture<'static, Response>;

/// What a route takes.
#[derive(Debug, Clone)]
pub struct Required {
    tokens: ApiTokens,
    scopes: Arc<[String]>,
}

/// A layer for routes that take a token with all of these scopes; none means any good token. Put it on with
/// [`Router::route_layer`](axum::Router::route_layer), so that it does not answer for paths that do not exist.
///
/// Handlers below it have the token as [`Bearer`], or without a state as `Extension<Bearer>`.
pub fn require_scopes(tokens: &ApiTokens, scopes: &[&str]) -> RequireScopes {
    let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
    from_fn_with_state(Required { tokens: tokens.clone(), scopes }, check)
}

fn check(State(required): State<Required>, mut request: Request, next: Next) -> BoxFuture<'static, Response> {
    Box::pin(async move {
        let scopes: Vec<&str> = required.scopes.iter().map(String::as_str).collect();
        match required.tokens.authenticate(request.headers(), &scopes).await {
            Ok(token) => {
                request.extensions_mut().insert(Bearer(token));
                next.run(request).await
            }
            Err(error) => refusal(&required.tokens, &error).into_response(),
        }
    })
}

fn refusal(tokens: &ApiTokens, error: &ApiTokenError) -> BearerRejection {
    BearerRejection(tokens.refusal(error))
}
