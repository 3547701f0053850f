//! The identity provider's side of the demo.

use std::convert::Infallible;

use authstile_idp::{Idp, Mode};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};

use super::Addresses;
use crate::listen;

/// An environment of two organizations and four people. In full-stack mode, because then the identity provider asks who
/// one is, and nobody has to name an organization first.
pub(super) fn service(
    addresses: &Addresses,
) -> impl Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    let application = &addresses.application;
    let idp = Idp::builder(&addresses.issuer)
        .mode(Mode::FullStack)
        .furnish_demo(format!("{application}/api/auth/callback/scalekit"), format!("{application}/"))
        .build();
    service_fn(move |request| {
        let idp = idp.clone();
        async move {
            let answer = match listen::read(request).await {
                Ok(request) => idp.handle(request),
                Err(_) => {
                    let mut refusal = Response::new(Bytes::from_static(b"The request cannot be read.\n"));
                    *refusal.status_mut() = StatusCode::BAD_REQUEST;
                    refusal
                }
            };
            Ok(answer.map(Full::new))
        }
    })
}
