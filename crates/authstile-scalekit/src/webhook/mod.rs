//! Webhooks: what Scalekit tells us server to server, from a signed request to what it means for sessions.
//!
//! Three steps, each of which only takes what the one before it made:
//!
//! 1. [`WebhookVerifier::verify`] checks the signature over the raw body: [`Delivery`].
//! 2. [`Event::parse`] reads it: [`Event`], typed where we know the type, kept as it came where we do not.
//! 3. [`effect`] says what it means for sessions: [`Effect`].
//!
//! Deliveries come at least once and in any order. Remember [`Event::id`] to act only once, and compare
//! [`Event::occurred_at`] with that of what was applied last to the same people, so that a late "created" does not undo a
//! "deleted". Answer 2xx also to events that mean nothing to you.
//!
//! ```no_run
//! # fn receive(headers: &http::HeaderMap, body: &[u8], now: i64) -> Result<(), Box<dyn std::error::Error>> {
//! use authstile_scalekit::webhook::{self, Event, WebhookSecret, WebhookVerifier};
//!
//! let verifier = WebhookVerifier::new(WebhookSecret::parse("whsec_c2NhbGVraXQtdmVjdG9yLWtleS0wMTIzNDU2Nzg5YWI=")?);
//! let event = Event::parse(&verifier.verify(headers, body, now)?)?;
//! if let Some(effect) = webhook::effect(&event) {
//!     // end the sessions that it names
//! #   let _ = effect;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! ```compile_fail
//! // What nobody verified is no delivery, and so becomes no event.
//! use authstile_scalekit::webhook::Delivery;
//! let delivery = Delivery { id: "msg_1".into(), timestamp: 0, body: b"{}" };
//! ```

mod data;
mod effect;
mod event;
mod kind;
mod secret;
mod verify;

pub use data::{
    Connection, Directory, DirectoryGroup, DirectoryGroupName, DirectoryUser, Domain, EventData, Organization,
    UserActivity,
};
pub use effect::{Effect, Who, effect};
pub use event::{Event, EventError, Moment};
pub use kind::EventKind;
pub use secret::{InvalidWebhookSecret, WebhookSecret};
pub use verify::{Delivery, HeaderFamily, TOLERANCE, WebhookError, WebhookVerifier};
