//! The port to a provider's webhooks: who verifies them, and what they mean for sessions.

use std::fmt;

use http::HeaderMap;
use serde_json::Value;

use crate::BoxFuture;
use crate::clock::UnixTime;
use crate::hooks::HookError;
use crate::store::revocation::RevocationKey;

/// A webhook that was verified.
#[derive(Debug, Clone)]
pub struct WebhookDelivery {
    /// The message's id, the same over all its deliveries.
    pub id: String,
    /// The event's type, for logs.
    pub kind: String,
    /// When it happened, if the provider says so: deliveries may come in another order.
    pub occurred_at: Option<UnixTime>,
    /// The whole event.
    pub event: Value,
    /// What it means for sessions.
    pub effects: Vec<SessionEffect>,
}

/// What an event means for those who carry a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEffect {
    /// Their sessions end.
    End(RevocationKey),
    /// Their sessions end, and they are refused the next sign-in.
    EndAndRefuse(RevocationKey),
    /// They are let in again.
    Allow(RevocationKey),
}

/// A webhook that is not believed: which rule it breaks, for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WebhookRefused(pub String);

/// Verifies a provider's webhooks and hands them to the application.
pub trait WebhookReceiver: fmt::Debug + Send + Sync {
    /// Verifies the raw body of a request at this moment, in seconds since 1970. `issuer` is the provider's, for keys.
    ///
    /// # Errors
    /// When it is not the provider's, or too old.
    fn receive(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        issuer: &str,
        now: i64,
    ) -> Result<WebhookDelivery, WebhookRefused>;

    /// Hands a delivery to the application, after its effects. An error makes the provider deliver it again.
    fn handle<'a>(&'a self, delivery: &'a WebhookDelivery) -> BoxFuture<'a, Result<(), HookError>>;
}
