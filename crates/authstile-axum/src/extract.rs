//! Who is signed in, as an argument of a handler.

use std::net::SocketAddr;

use authstile::{Auth, PeerAddress, Session};
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;

/// The session of the request. Where there is none the handler does not run: a person's browser is sent to the sign-in
/// page and comes back, a program gets 401 and JSON.
///
/// The extractor only reads. Put [`require_session`](crate::require_session) on the route where sessions should be renewed
/// by being used, and answers kept out of caches.
#[derive(Debug, Clone)]
pub struct SignedIn(pub Session);

/// The session of the request, or `None`. Where it cannot be read, for example because a hook failed, the handler does
/// not run.
#[derive(Debug, Clone)]
pub struct MaybeSignedIn(pub Option<Session>);

/// Why a handler does not run: the finished answer to the request.
#[derive(Debug)]
pub struct SignedInRejection(http::Response<bytes::Bytes>);

impl IntoResponse for SignedInRejection {
    fn into_response(self) -> Response {
        self.0.map(Body::from)
    }
}

impl<S> FromRequestParts<S> for SignedIn
where
    Auth: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = SignedInRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let auth = here(&Auth::from_ref(state), parts);
        let MaybeSignedIn(session) = read(&auth, parts).await?;
        session.map(Self).ok_or_else(|| SignedInRejection(auth.challenge(&parts.method, uri(parts), &parts.headers)))
    }
}

impl<S> FromRequestParts<S> for MaybeSignedIn
where
    Auth: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = SignedInRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        read(&here(&Auth::from_ref(state), parts), parts).await
    }
}

/// The layer has read it already, or it is read now.
async fn read(auth: &Auth, parts: &Parts) -> Result<MaybeSignedIn, SignedInRejection> {
    if let Some(SignedIn(session)) = parts.extensions.get::<SignedIn>() {
        return Ok(MaybeSignedIn(Some(session.clone())));
    }
    let session = auth.session(&parts.headers, uri(parts)).await;
    session.map(MaybeSignedIn).map_err(|error| SignedInRejection(auth.failure(&parts.headers, &error)))
}

/// The engine for the requests of this peer, where the application is served with `into_make_service_with_connect_info`, or
/// somebody else said who it is.
pub(crate) fn here(auth: &Auth, parts: &Parts) -> Auth {
    let connected = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| PeerAddress(peer.0.ip()));
    auth.for_peer(parts.extensions.get().copied().or_else(connected))
}

/// The address as the browser sees it: a nested router strips its prefix from the other one.
pub(crate) fn uri(parts: &Parts) -> &http::Uri {
    parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |original| &original.0)
}
