//! The identity provider's side of the demo.

use std::convert::Infallible;

use authstile_idp::{Client, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Idp, Mode, Webhook};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};

use super::Addresses;
use crate::listen;

/// An environment of two organizations and four people, which tells the application what happens to them. In full-stack
/// mode, because then the identity provider asks who one is, and nobody has to name an organization first.
pub(super) fn new(addresses: &Addresses, webhook_secret: &str) -> anyhow::Result<Idp> {
    let engine = format!("{}/api/auth", addresses.application);
    let client = Client::new(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
        .redirect_uri(format!("{engine}/callback/scalekit"))
        .initiate_login_uri(format!("{engine}/initiate/scalekit"))
        .post_logout_redirect_uri(format!("{engine}/signed-out"))
        .back_channel_logout_uri(format!("{engine}/backchannel-logout/scalekit"));
    Ok(Idp::builder(&addresses.issuer)
        .mode(Mode::FullStack)
        .client(client)
        .webhook(Webhook::new(format!("{engine}/webhooks/scalekit"), webhook_secret)?)
        .furnish_demo()
        .build())
}

/// What it answers.
pub(super) fn service(
    idp: Idp,
) -> impl Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
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
