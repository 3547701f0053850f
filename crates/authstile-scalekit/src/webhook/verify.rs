//! Standard Webhooks: HMAC-SHA256 over id, timestamp and the body as it came over the wire.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;

use super::secret::WebhookSecret;

/// Seconds by which a message may be old, or ahead of our clock; the boundary is accepted.
pub const TOLERANCE: u64 = 300;

/// Under which names the three headers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HeaderFamily {
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`: events.
    #[default]
    Webhook,
    /// `interceptor-…`: synchronous hooks, which Scalekit waits for.
    Interceptor,
    /// `svix-…`: the names of the service that delivers, for those who receive from it directly.
    Svix,
}

impl HeaderFamily {
    const fn names(self) -> [&'static str; 3] {
        match self {
            Self::Webhook => ["webhook-id", "webhook-timestamp", "webhook-signature"],
            Self::Interceptor => ["interceptor-id", "interceptor-timestamp", "interceptor-signature"],
            Self::Svix => ["svix-id", "svix-timestamp", "svix-signature"],
        }
    }
}

/// Why a delivery is refused. None of the variants says what a signature should have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// A header is not there, or is empty.
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// A header came twice: which one was signed is anybody's guess.
    #[error("the header {0} came more than once")]
    Repeated(&'static str),
    /// A header is not ASCII.
    #[error("the header {0} is not a text")]
    NotText(&'static str),
    /// The timestamp is anything but digits, the first of them no zero.
    #[error("the timestamp is {0:?}, expected seconds since 1970 in digits")]
    Timestamp(String),
    /// The message is too old: it may be a replay.
    #[error("the message is {age} s old, expected at most {TOLERANCE} s")]
    TooOld {
        /// Seconds behind now.
        age: u64,
    },
    /// The message comes from the future: our clock or theirs is wrong.
    #[error("the message lies {ahead} s in the future, expected at most {TOLERANCE} s")]
    TooNew {
        /// Seconds ahead of now.
        ahead: u64,
    },
    /// Nobody who knows a secret of ours signed these bytes.
    #[error(
        "none of the {signatures} v1 signature(s) fits; the body must be the bytes that came, and the secret that of this endpoint"
    )]
    BadSignature {
        /// How many there were to try.
        signatures: usize,
    },
}

/// Checks deliveries with the secrets of one endpoint.
#[derive(Debug, Clone)]
pub struct WebhookVerifier {
    secrets: Vec<WebhookSecret>,
    family: HeaderFamily,
}

impl WebhookVerifier {
    /// With the endpoint's secret.
    #[must_use]
    pub fn new(secret: WebhookSecret) -> Self {
        Self { secrets: vec![secret], family: HeaderFamily::default() }
    }

    /// With one more secret, while the endpoint's is being changed.
    #[must_use]
    pub fn or(mut self, secret: WebhookSecret) -> Self {
        self.secrets.push(secret);
        self
    }

    /// With headers of other names.
    #[must_use]
    pub fn headers(mut self, family: HeaderFamily) -> Self {
        self.family = family;
        self
    }

    /// Checks a delivery. `body` must be the bytes as they came: a body that was parsed and written again is another one.
    ///
    /// # Errors
    /// See [`WebhookError`]; the answer to all of them is 400 or 401, and nothing is acted upon.
    pub fn verify<'a>(&self, headers: &HeaderMap, body: &'a [u8], now: i64) -> Result<Delivery<'a>, WebhookError> {
        let [id, timestamp, signature] = self.family.names();
        let id = one(headers, id)?;
        let timestamp_text = one(headers, timestamp)?;
        let timestamp = parse_timestamp(timestamp_text)?;
        check_age(timestamp, now)?;
        let signatures = read_signatures(one(headers, signature)?);
        let fits = self.secrets.iter().any(|secret| {
            let made = secret.sign(id, timestamp_text, body);
            signatures.iter().any(|stated| verify_slices_are_equal(made.as_ref(), stated).is_ok())
        });
        if fits {
            Ok(Delivery { id: id.to_owned(), timestamp, body })
        } else {
            Err(WebhookError::BadSignature { signatures: signatures.len() })
        }
    }
}

/// **Proof**: Scalekit sent these bytes, not long ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery<'a> {
    id: String,
    timestamp: i64,
    body: &'a [u8],
}

impl<'a> Delivery<'a> {
    /// The message's id, the same at every attempt to deliver it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When it was sent, in seconds since 1970.
    #[must_use]
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// The bytes that were signed.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }
}

/// The one value of a header. Names are compared without case, as HTTP has it.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, WebhookError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().ok_or(WebhookError::Missing(name))?;
    if values.next().is_some() {
        return Err(WebhookError::Repeated(name));
    }
    let text = first.to_str().map_err(|_| WebhookError::NotText(name))?;
    if text.is_empty() { Err(WebhookError::Missing(name)) } else { Ok(text) }
}

/// Digits and nothing else: a lenient reader would take a timestamp for another one than the signature covers.
fn parse_timestamp(text: &str) -> Result<i64, WebhookError> {
    let strict = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if strict { text.parse().ok() } else { None };
    seconds.ok_or_else(|| WebhookError::Timestamp(text.chars().take(40).collect()))
}

fn check_age(timestamp: i64, now: i64) -> Result<(), WebhookError> {
    let distance = timestamp.abs_diff(now);
    if distance <= TOLERANCE {
        Ok(())
    } else if timestamp < now {
        Err(WebhookError::TooOld { age: distance })
    } else {
        Err(WebhookError::TooNew { ahead: distance })
    }
}

/// The signatures of version 1, separated by spaces; there are several while keys are changed. What is not base64 of the
/// standard alphabet, with its padding, is no signature.
fn read_signatures(header: &str) -> Vec<Vec<u8>> {
    header.split(' ').filter_map(|part| STANDARD.decode(part.strip_prefix("v1,")?).ok()).collect()
}
