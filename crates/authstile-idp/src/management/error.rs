//! Errors in the shape of grpc-gateway (§7.1).

use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::http_text::{Response, json, with_header};

/// HTTP status, gRPC code, text, and the `error_code` of `ErrorInfo`. Documented are `UNAUTHENTICATED` with "Token
/// empty" and `RATE_LIMITED`; the other texts and codes are guesses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: u8,
    message: &'static str,
    error_code: &'static str,
    violation: Option<(&'static str, &'static str)>,
    retry_after: Option<u32>,
}

impl ApiError {
    const fn new(status: StatusCode, code: u8, message: &'static str, error_code: &'static str) -> Self {
        Self { status, code, message, error_code, violation: None, retry_after: None }
    }

    pub(super) fn rate_limited(seconds: u32) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, 8, "Rate limit exceeded", "RATE_LIMITED");
        Self { retry_after: Some(seconds), ..error }
    }

    /// A parameter that cannot be.
    pub(super) fn invalid(field: &'static str, description: &'static str) -> Self {
        let error = Self::new(StatusCode::BAD_REQUEST, 3, "Invalid argument", "INVALID_ARGUMENT");
        Self { violation: Some((field, description)), ..error }
    }

    pub(super) fn answer(self) -> Response {
        let mut info = json!({
            "@type": "type.googleapis.com/scalekit.v1.errdetails.ErrorInfo", "error_code": self.error_code,
        });
        if let (Some((field, description)), Some(info)) = (self.violation, info.as_object_mut()) {
            let violation = json!({ "field": field, "constraint": "", "description": description });
            info.insert("validation_error_info".to_owned(), json!({ "field_violations": [violation] }));
        }
        let body = json!({ "code": self.code, "message": self.message, "details": [info] });
        let response = json(self.status, &body);
        match self.retry_after {
            Some(seconds) => with_header(response, header::RETRY_AFTER, HeaderValue::from(seconds)),
            None => response,
        }
    }
}

pub(super) const TOKEN_EMPTY: ApiError = ApiError::new(StatusCode::UNAUTHORIZED, 16, "Token empty", "UNAUTHENTICATED");
pub(super) const TOKEN_INVALID: ApiError =
    ApiError::new(StatusCode::UNAUTHORIZED, 16, "Token invalid", "UNAUTHENTICATED");
pub(super) const PERMISSION_DENIED: ApiError =
    ApiError::new(StatusCode::FORBIDDEN, 7, "Permission denied", "PERMISSION_DENIED");
pub(super) const NOT_FOUND: ApiError = ApiError::new(StatusCode::NOT_FOUND, 5, "Not found", "NOT_FOUND");
pub(super) const INTERNAL: ApiError = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, 13, "No randomness", "INTERNAL");
