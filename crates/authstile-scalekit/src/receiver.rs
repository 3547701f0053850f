//! Webhooks, as the engine receives them: verified, understood, applied to sessions, and handed to the application.

use std::fmt;
use std::future::Future;

use authstile::clock::UnixTime;
use authstile::webhook::{WebhookDelivery, WebhookReceiver, WebhookRefused};
use authstile::{BoxFuture, HookError};
use http::HeaderMap;
use serde_json::Value;

use crate::webhook::{Event, WebhookVerifier, effect};

type Handler = dyn Fn(Value) -> BoxFuture<'static, Result<(), HookError>> + Send + Sync;

/// Verifies with the environment's secrets, and calls the application's handler with every event.
pub(crate) struct Receiver {
    verifier: WebhookVerifier,
    handler: Box<Handler>,
}

impl Receiver {
    pub(crate) fn new<F, R>(verifier: WebhookVerifier, handler: F) -> Self
    where
        F: Fn(Value) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), HookError>> + Send + 'static,
    {
        Self { verifier, handler: Box::new(move |event| Box::pin(handler(event))) }
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver(..)")
    }
}

impl WebhookReceiver for Receiver {
    fn receive(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        issuer: &str,
        now: i64,
    ) -> Result<WebhookDelivery, WebhookRefused> {
        let refused = |error: &dyn fmt::Display| WebhookRefused(error.to_string());
        let delivery = self.verifier.verify(headers, body, now).map_err(|error| refused(&error))?;
        let event = Event::parse(&delivery).map_err(|error| refused(&error))?;
        Ok(WebhookDelivery {
            effects: effect(&event).map(|effect| effect.for_sessions(issuer)).unwrap_or_default(),
            kind: event.kind.to_string(),
            occurred_at: event.occurred_at.map(|moment| UnixTime::from_seconds(moment.seconds())),
            // The envelope's id stays the same when Scalekit delivers an event anew under another message id.
            id: event.id,
            event: Value::Object(event.raw),
        })
    }

    fn handle<'a>(&'a self, delivery: &'a WebhookDelivery) -> BoxFuture<'a, Result<(), HookError>> {
        (self.handler)(delivery.event.clone())
    }
}
