//! Webhooks: who gets them, and how they are signed (Standard Webhooks; §6.1).

mod catalogue;
mod event;
mod send;
mod shape;

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Request, header};

pub use catalogue::EVENT_TYPES;
pub use event::WebhookEvent;

use crate::fault::WebhookFault::{self, *};

/// A receiver of webhooks.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub(crate) url: String,
    pub(crate) keys: Vec<Key>,
    pub(crate) events: Vec<String>,
}

impl Webhook {
    /// Sends every event to `url`, signed with `secret`: `whsec_` and a key of at least 16 bytes in base64.
    ///
    /// # Errors
    ///
    /// If the secret is none.
    pub fn new(url: impl Into<String>, secret: &str) -> Result<Self, InvalidWebhookSecret> {
        Ok(Self { url: url.into(), keys: vec![Key::parse(secret)?], events: Vec::new() })
    }

    /// Sends events of this type, and of others named so, only. See [`EVENT_TYPES`].
    #[must_use]
    pub fn event(mut self, event_type: impl Into<String>) -> Self {
        self.events.push(event_type.into());
        self
    }

    /// Signs with this secret too, as while keys are rotated. Its signature comes first.
    ///
    /// # Errors
    ///
    /// If the secret is none.
    pub fn old_secret(mut self, secret: &str) -> Result<Self, InvalidWebhookSecret> {
        self.keys.insert(0, Key::parse(secret)?);
        Ok(self)
    }

    pub(crate) fn wants(&self, event_type: &str) -> bool {
        self.events.is_empty() || self.events.iter().any(|wanted| wanted == event_type)
    }
}

/// A webhook secret that is not `whsec_` followed by base64 of at least 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidWebhookSecret;

impl fmt::Display for InvalidWebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a webhook secret is whsec_ followed by at least 16 bytes in base64")
    }
}

impl std::error::Error for InvalidWebhookSecret {}

#[derive(Clone)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    fn parse(secret: &str) -> Result<Self, InvalidWebhookSecret> {
        let text = secret.strip_prefix("whsec_").ok_or(InvalidWebhookSecret)?;
        let bytes = STANDARD.decode(text).map_err(|_| InvalidWebhookSecret)?;
        if bytes.len() < 16 { Err(InvalidWebhookSecret) } else { Ok(Self(bytes)) }
    }

    /// A key that the receiver does not have.
    fn stray() -> Self {
        Self(b"nobody has configured this key!!".to_vec())
    }

    fn sign(&self, content: &str) -> Vec<u8> {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), content.as_bytes()).as_ref().to_vec()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// An event on its way to one receiver.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// `webhook-id`: the same over all tries.
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) keys: Vec<Key>,
    pub(crate) fault: Option<WebhookFault>,
}

impl Message {
    /// Signed text: id, timestamp and body, with dots between.
    pub(crate) fn request(&self, now: i64) -> Request<Bytes> {
        let timestamp = match self.fault {
            Some(LateTimestamp) => now.saturating_sub(301),
            Some(FutureTimestamp) => now.saturating_add(301),
            _ => now,
        };
        let content = format!("{}.{timestamp}.{}", self.id, self.body);
        let mut keys = self.keys.clone();
        match self.fault {
            Some(OldKeySignature) => keys.insert(0, Key::stray()),
            Some(OtherKey) => keys = vec![Key::stray()],
            _ => {}
        }
        let version = if self.fault == Some(UnknownVersion) { "v2" } else { "v1" };
        let signatures: Vec<_> = keys
            .iter()
            .map(|key| {
                let mut signature = key.sign(&content);
                if self.fault == Some(BadSignature) {
                    signature.iter_mut().take(1).for_each(|byte| *byte ^= 1);
                }
                format!("{version},{}", STANDARD.encode(signature))
            })
            .collect();
        let body = match self.fault {
            Some(ReserialisedBody) => self.body.replacen('{', "{ ", 1),
            _ => self.body.clone(),
        };
        let mut request = Request::new(Bytes::from(body));
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [
            ("webhook-id", &self.id),
            ("webhook-timestamp", &timestamp.to_string()),
            ("webhook-signature", &signatures.join(" ")),
        ] {
            let omitted = name == "webhook-signature" && self.fault == Some(MissingSignature);
            if let Some(value) = HeaderValue::from_str(value).ok().filter(|_| !omitted) {
                headers.insert(name, value);
            }
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn signatures_are_those_of_the_vectors() {
        let vectors: Vec<Value> = serde_json::from_str(include_str!("../../tests/data/webhooks.json")).unwrap();
        assert!(!vectors.is_empty());
        for vector in vectors {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let headers = &vector["headers"];
            let webhook = Webhook::new("http://127.0.0.1/", &text(&vector["secret"])).unwrap();
            let id = text(&headers["webhook-id"]);
            let message = Message { id, body: text(&vector["body"]), keys: webhook.keys, fault: None };
            let request = message.request(text(&headers["webhook-timestamp"]).parse().unwrap());
            for (name, value) in headers.as_object().unwrap() {
                assert_eq!(request.headers()[name.as_str()], text(value), "{}", vector["name"]);
            }
        }
    }

    #[test]
    fn secrets_are_whsec_and_base64() {
        for bad in
            ["", "whsec_", "c2NhbGVraXQtdmVjdG9yLWtleS0wMTIzNDU2Nzg5YWI=", "foo_c2NhbGVraXQtdmVjdG9y", "whsec_c2hvcnQ="]
        {
            assert_eq!(Webhook::new("http://127.0.0.1/", bad).unwrap_err(), InvalidWebhookSecret, "{bad}");
        }
    }
}
