//! Sending events, and what makes the provider send some by itself.

use crate::fault::WebhookFault;
use crate::idp::Idp;
use crate::outgoing::Content;
use crate::random;
use crate::webhook::{Message, WebhookEvent};

impl Idp {
    /// Sends an event to every [`Webhook`](crate::Webhook) that wants its type; take it from
    /// [`take_outgoing`](Self::take_outgoing). `webhook-id` differs from the event's own id, as the deliverer makes the
    /// one and Scalekit the other.
    pub fn send_event(&self, event: &WebhookEvent) {
        let now = self.now();
        let environment = self.environment();
        if environment.webhooks.is_empty() {
            return;
        }
        let fault = self.switches().webhook_fault;
        let body = event.body(&environment.id, now).to_string();
        let mut outbox = self.outbox();
        let holds = fault == Some(WebhookFault::OutOfOrder) && !outbox.is_holding();
        for webhook in environment.webhooks.iter().filter(|webhook| webhook.wants(&event.event_type)) {
            // Without randomness nothing is sent.
            let Ok(id) = random::identifier("msg_") else { return };
            let message = Message { id, body: body.clone(), keys: webhook.keys.clone(), fault };
            if holds {
                outbox.hold(Content::Event(message), &webhook.url, &event.event_type, now);
                continue;
            }
            if fault == Some(WebhookFault::Duplicate) {
                outbox.add(Content::Event(message.clone()), &webhook.url, &event.event_type, now);
            }
            outbox.add(Content::Event(message), &webhook.url, &event.event_type, now);
        }
        if !holds {
            outbox.release();
        }
    }

    /// Deviates from correct webhooks in one way from now on; `None` makes amends, and lets go what was held back.
    pub fn misdeliver(&self, fault: Option<WebhookFault>) {
        self.switches().webhook_fault = fault;
        self.outbox().release();
    }
}
