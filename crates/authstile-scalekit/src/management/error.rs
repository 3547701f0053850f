//! What can go wrong with a management call, by whose fault it is.

use std::fmt;

use authstile::TransportError;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::id::InvalidId;

/// Characters of a text of Scalekit's that are kept.
const CLIP: usize = 500;

/// One management call that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManagementError {
    /// What was given is no identifier; nothing was sent.
    #[error(transparent)]
    InvalidId(#[from] InvalidId),
    /// What was given is no id of yours that can stand in a path; nothing was sent.
    #[error("an external id must be 1 to 255 bytes without slashes, backslashes and control characters: {0:?}")]
    InvalidExternalId(String),
    /// No answer came.
    #[error("Scalekit's management API: {0}")]
    Unreachable(#[from] TransportError),
    /// The token endpoint refuses the client: a wrong secret, a wrong environment.
    #[error("the token endpoint answered {status} {error:?}; are client id and secret those of this environment?")]
    Credentials {
        /// HTTP status.
        status: u16,
        /// Its code, for example `invalid_client`.
        error: String,
    },
    /// The API does not accept a token that was issued a moment ago.
    #[error("not authenticated: {0}")]
    Unauthenticated(Box<Fault>),
    /// The client may not do this.
    #[error("not permitted: {0}")]
    PermissionDenied(Box<Fault>),
    /// There is no such thing.
    #[error("not found: {0}")]
    NotFound(Box<Fault>),
    /// More calls than the environment may make in a minute.
    #[error("rate limited: {fault}")]
    RateLimited {
        /// Seconds to wait, if the answer says so.
        retry_after: Option<u64>,
        /// The answer.
        fault: Box<Fault>,
    },
    /// The API refuses the call for another reason.
    #[error("refused: {0}")]
    Refused(Box<Fault>),
    /// The API is broken, for the moment perhaps.
    #[error("unavailable: {0}")]
    Unavailable(Box<Fault>),
    /// The answer is not what the API promises.
    #[error("{what} answered {status} with something unusable: {problem}")]
    Unusable {
        /// What was asked.
        what: &'static str,
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        problem: String,
    },
    /// A connection was not switched, for a reason in Scalekit's words.
    #[error("the connection was not switched: {0:?}")]
    NotSwitched(String),
    /// A listing that goes in circles, or on and on.
    #[error("the listing does not end")]
    Endless,
    /// This process has looked up as many domains as it may in a minute
    /// ([`LOOKUPS_PER_MINUTE`](super::LOOKUPS_PER_MINUTE)); nothing was sent.
    #[error("too many domain lookups in this minute; the next one in {retry_after} s")]
    TooManyLookups {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// A request cannot be written, which only a broken environment URL can cause.
    #[error("a request to the management API cannot be written")]
    Unwritable,
}

/// What the API says about a failure (the shape of grpc-gateway). Untrusted text: for logs, never for pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Fault {
    /// HTTP status.
    pub status: u16,
    /// gRPC status code.
    pub code: Option<i64>,
    /// In words.
    pub message: String,
    /// Scalekit's code, for example `UNAUTHENTICATED` or `RATE_LIMITED`.
    pub error_code: Option<String>,
    /// What Scalekit's support will ask for.
    pub request_id: Option<String>,
    /// Which members of the request are wrong, and why.
    pub violations: Vec<(String, String)>,
}

impl ManagementError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::RateLimited { .. } | Self::Unavailable(_) | Self::TooManyLookups { .. }
        )
    }

    /// What the API said about it, if it said something.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Unauthenticated(fault)
            | Self::PermissionDenied(fault)
            | Self::NotFound(fault)
            | Self::RateLimited { fault, .. }
            | Self::Refused(fault)
            | Self::Unavailable(fault) => Some(fault),
            _ => None,
        }
    }

    /// Reads an answer that is no success. What we sent is taken out of it before anything else.
    pub(super) fn of_answer(status: StatusCode, headers: &HeaderMap, body: &[u8], secrets: &[&str]) -> Self {
        let fault = Box::new(Fault::read(status, body, secrets));
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthenticated(fault),
            StatusCode::FORBIDDEN => Self::PermissionDenied(fault),
            StatusCode::NOT_FOUND => Self::NotFound(fault),
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited { retry_after: retry_after(headers), fault },
            status if status.is_server_error() => Self::Unavailable(fault),
            _ => Self::Refused(fault),
        }
    }
}

impl Fault {
    fn read(status: StatusCode, body: &[u8], secrets: &[&str]) -> Self {
        let mut text = String::from_utf8_lossy(body).into_owned();
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "[redacted]");
        }
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let details = body.get("details").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let info = |pointer: &str| details.iter().find_map(|detail| detail.pointer(pointer));
        let clipped = |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(clip);
        let violations = info("/validation_error_info/field_violations").and_then(Value::as_array);
        let violation = |violation: &Value| {
            let member = |name| clipped(violation.get(name)).unwrap_or_default();
            (member("field"), member("description"))
        };
        Self {
            status: status.as_u16(),
            code: body.get("code").and_then(Value::as_i64),
            message: clipped(body.get("message")).unwrap_or_default(),
            error_code: clipped(info("/error_code")),
            request_id: clipped(info("/request_info/request_id")),
            violations: violations.into_iter().flatten().take(20).map(violation).collect(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if let Some(error_code) = &self.error_code {
            write!(f, " {error_code:?}")?;
        }
        if !self.message.is_empty() {
            write!(f, " {:?}", self.message)?;
        }
        for (field, description) in &self.violations {
            write!(f, ", {field:?}: {description:?}")?;
        }
        if let Some(request_id) = &self.request_id {
            write!(f, " (request {request_id:?})")?;
        }
        Ok(())
    }
}

/// Seconds; the other form of the header, a date, is left out.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

pub(super) fn clip(text: &str) -> String {
    text.chars().take(CLIP).collect()
}
