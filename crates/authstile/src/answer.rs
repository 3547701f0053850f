//! What a flow answers, and how it becomes an HTTP response.

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Response, StatusCode};

use crate::cookie::SetCookie;

/// The outcome of a flow.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Body,
    cookies: Vec<SetCookie>,
    /// Seconds.
    retry_after: Option<u32>,
}

#[derive(Debug)]
enum Body {
    Redirect(String),
    Json {
        status: StatusCode,
        text: Bytes,
        store: Store,
    },
    Page {
        status: StatusCode,
        html: String,
    },
    /// An empty page, which pages of this origin may show in a frame; `None`: none may.
    Frame {
        status: StatusCode,
        ancestor: Option<String>,
    },
    KeySet(String),
}

/// Whether an answer may be kept by caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    No,
    Unsaid,
}

impl Answer {
    pub(crate) fn redirect(to: impl Into<String>) -> Self {
        Self::of(Body::Redirect(to.into()))
    }

    pub(crate) fn json(status: StatusCode, text: impl Into<Bytes>, store: Store) -> Self {
        Self::of(Body::Json { status, text: text.into(), store })
    }

    pub(crate) fn page(status: StatusCode, html: String) -> Self {
        Self::of(Body::Page { status, html })
    }

    fn of(body: Body) -> Self {
        Self { body, cookies: Vec::new(), retry_after: None }
    }

    /// When asking again may help (RFC 9110 §10.2.3).
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// An empty page for a frame on a page of another origin: the one answer that may be framed.
    pub(crate) fn frame(status: StatusCode, ancestor: Option<String>) -> Self {
        Self::of(Body::Frame { status, ancestor })
    }

    /// Public keys: good for five minutes, so that a new one is known everywhere soon after.
    pub(crate) fn key_set(text: String) -> Self {
        Self::of(Body::KeySet(text))
    }

    pub(crate) fn with(mut self, cookies: impl IntoIterator<Item = SetCookie>) -> Self {
        self.cookies.extend(cookies);
        self
    }

    /// Writes the response. A client that sent `X-Auth-Return-Redirect` gets the target of a redirect as JSON, with the
    /// same cookies, because a script cannot see where a redirect leads.
    pub(crate) fn into_response(self, request: &HeaderMap, content_security_policy: &str) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        for cookie in &self.cookies {
            if let Ok(value) = HeaderValue::try_from(cookie.header()) {
                headers.append(header::SET_COOKIE, value);
            }
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        match self.body {
            Body::Redirect(to) => {
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
                let Ok(location) = HeaderValue::try_from(&to) else {
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    return response;
                };
                headers.insert(header::LOCATION, location);
                if request.contains_key("x-auth-return-redirect") {
                    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                    *response.body_mut() = serde_json::json!({ "url": to }).to_string().into();
                } else {
                    *response.status_mut() = StatusCode::FOUND;
                }
            }
            Body::Json { status, text, store } => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                if store == Store::No {
                    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-store"));
                    headers.insert(header::EXPIRES, HeaderValue::from_static("0"));
                    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
                }
                *response.status_mut() = status;
                *response.body_mut() = text;
            }
            Body::KeySet(text) => {
                // RFC 7517 §8.5.2.
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
                *response.body_mut() = text.into();
            }
            Body::Page { status, html } => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-store"));
                headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
                headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
                headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
                if let Ok(policy) = HeaderValue::try_from(content_security_policy) {
                    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
                }
                *response.status_mut() = status;
                *response.body_mut() = html.into();
            }
            // No X-Frame-Options: it cannot name an origin, and browsers that know `frame-ancestors` do without.
            Body::Frame { status, ancestor } => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
                headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
                headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
                let ancestor = ancestor.as_deref().unwrap_or("'none'");
                let policy = HeaderValue::try_from(format!("default-src 'none'; frame-ancestors {ancestor}"));
                let nobody = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
                headers.insert(header::CONTENT_SECURITY_POLICY, policy.unwrap_or(nobody));
                *response.status_mut() = status;
            }
        }
        response
    }
}
