//! Calls that the provider makes itself, as values: it has no sockets, so whoever holds it sends them (§5.2, §6.1).

use std::collections::VecDeque;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};

use crate::idp::Idp;
use crate::session;
use crate::webhook::Message;

/// Which outgoing call an answer belongs to; stands in the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OutgoingId(u64);

impl OutgoingId {
    /// The id of a request that [`Idp::take_outgoing`] gave.
    #[must_use]
    pub fn of<T>(request: &Request<T>) -> Option<Self> {
        request.extensions().get().copied()
    }

    /// For those who write it down.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What an outgoing call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutgoingKind {
    /// `logout_token=…` to an application; sent once.
    BackChannelLogout,
    /// An event; sent until the receiver answers 2xx.
    Webhook,
}

/// How far an outgoing call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryState {
    /// To be sent, for the first time or again.
    Waiting,
    /// Handed out, and no answer reported yet.
    UnderWay,
    /// Answered 2xx.
    Delivered,
    /// Not answered 2xx, and not tried again.
    GivenUp,
}

/// The story of one outgoing call; see [`Idp::deliveries`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// Stays the same over all tries.
    pub id: OutgoingId,
    /// What it is.
    pub kind: OutgoingKind,
    /// Where it goes.
    pub url: String,
    /// The event's type, or the client told to log out.
    pub subject: String,
    /// How often it was handed out.
    pub tries: usize,
    /// How far it has come.
    pub state: DeliveryState,
    /// The last answer reported; `None` also for no answer at all.
    pub last_status: Option<u16>,
}

/// Waiting times before the second, third, ... try. Scalekit's own schedule is stated in four ways between minutes and
/// ten hours (§6.1); this one is for tests.
const RETRY_AFTER: [i64; 4] = [1, 2, 5, 10];

/// A receiver has ten seconds to answer (§6.1).
const PATIENCE: i64 = 10;

const MOST: usize = 10_000;

impl Idp {
    /// The calls to make now: back-channel logouts and webhooks. Each stands in the result once; tell
    /// [`outgoing_result`](Self::outgoing_result) how it went, or after ten seconds it counts as unanswered.
    #[must_use]
    pub fn take_outgoing(&self) -> Vec<Request<Bytes>> {
        self.due_outgoing(self.now())
    }

    /// [`take_outgoing`](Self::take_outgoing) as if it were `now`, in seconds since 1970: for those who do not want to
    /// wait for a retry.
    #[must_use]
    pub fn due_outgoing(&self, now: i64) -> Vec<Request<Bytes>> {
        session::end_expired(self, now);
        self.outbox().take_due(now)
    }

    /// How an outgoing call went: the status of the answer, or `None` for none. A webhook that got no 2xx is tried
    /// again after 1, 2, 5 and 10 seconds, always under the same `webhook-id`.
    pub fn outgoing_result(&self, id: OutgoingId, status: impl Into<Option<StatusCode>>) {
        let now = self.now();
        self.outbox().settle(id, status.into(), now);
    }

    /// Every outgoing call so far, oldest first; at most the last 10 000.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.outbox().entries.iter().map(|entry| entry.delivery.clone()).collect()
    }
}

/// The outgoing calls, in the order in which they are to be made.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    last: u64,
    entries: VecDeque<Entry>,
    /// Messages that the next one overtakes.
    held: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    delivery: Delivery,
    content: Content,
    /// When it is to be sent or, when under way, given up on.
    at: i64,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// A form body.
    Form(String),
    /// Signed anew for every try.
    Event(Message),
}

impl Outbox {
    pub(crate) fn add(&mut self, content: Content, url: &str, subject: &str, now: i64) {
        let entry = self.entry(content, url, subject, now);
        if self.entries.len() >= MOST {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// Keeps the message back until [`release`](Self::release).
    pub(crate) fn hold(&mut self, content: Content, url: &str, subject: &str, now: i64) {
        let entry = self.entry(content, url, subject, now);
        self.held.push(entry);
    }

    pub(crate) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    pub(crate) fn release(&mut self) {
        self.entries.extend(self.held.drain(..));
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.held.clear();
    }

    fn entry(&mut self, content: Content, url: &str, subject: &str, at: i64) -> Entry {
        self.last += 1;
        let kind = match content {
            Content::Form(_) => OutgoingKind::BackChannelLogout,
            Content::Event(_) => OutgoingKind::Webhook,
        };
        let delivery = Delivery {
            id: OutgoingId(self.last),
            kind,
            url: url.to_owned(),
            subject: subject.to_owned(),
            tries: 0,
            state: DeliveryState::Waiting,
            last_status: None,
        };
        Entry { delivery, content, at }
    }

    fn take_due(&mut self, now: i64) -> Vec<Request<Bytes>> {
        for entry in &mut self.entries {
            if entry.delivery.state == DeliveryState::UnderWay && entry.at <= now {
                entry.failed(None, now);
            }
        }
        self.entries.iter_mut().filter_map(|entry| entry.take(now)).collect()
    }

    fn settle(&mut self, id: OutgoingId, status: Option<StatusCode>, now: i64) {
        let entry = self.entries.iter_mut().find(|entry| entry.delivery.id == id);
        let Some(entry) = entry.filter(|entry| entry.delivery.state == DeliveryState::UnderWay) else {
            return;
        };
        match status.filter(StatusCode::is_success) {
            Some(status) => {
                entry.delivery.last_status = Some(status.as_u16());
                entry.delivery.state = DeliveryState::Delivered;
            }
            None => entry.failed(status, now),
        }
    }
}

impl Entry {
    /// `None` if it is not due, or if its address is none.
    fn take(&mut self, now: i64) -> Option<Request<Bytes>> {
        if self.delivery.state != DeliveryState::Waiting || now < self.at {
            return None;
        }
        self.delivery.tries += 1;
        let request = self.request(now);
        if request.is_none() {
            self.delivery.state = DeliveryState::GivenUp;
        } else {
            self.delivery.state = DeliveryState::UnderWay;
            self.at = now.saturating_add(PATIENCE);
        }
        request
    }

    fn request(&self, now: i64) -> Option<Request<Bytes>> {
        let mut request = match &self.content {
            Content::Form(form) => {
                let mut request = Request::new(Bytes::from(form.clone()));
                let form = HeaderValue::from_static("application/x-www-form-urlencoded");
                request.headers_mut().insert(header::CONTENT_TYPE, form);
                request
            }
            Content::Event(message) => message.request(now),
        };
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.delivery.url.parse().ok()?;
        request.extensions_mut().insert(self.delivery.id);
        Some(request)
    }

    fn failed(&mut self, status: Option<StatusCode>, now: i64) {
        self.delivery.last_status = status.map(|status| status.as_u16());
        let pause = match self.delivery.kind {
            OutgoingKind::Webhook => self.delivery.tries.checked_sub(1).and_then(|tries| RETRY_AFTER.get(tries)),
            OutgoingKind::BackChannelLogout => None,
        };
        match pause {
            Some(seconds) => {
                self.delivery.state = DeliveryState::Waiting;
                self.at = now.saturating_add(*seconds);
            }
            None => self.delivery.state = DeliveryState::GivenUp,
        }
    }
}
