//! The few shapes of requests and responses that the endpoints use.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::Value;

use crate::jws;

pub(crate) type Response = http::Response<Bytes>;

/// The certificate that the caller proved to own in the TLS handshake, in DER: for the extensions of a request, put there
/// by whoever terminates TLS (RFC 8705).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate(pub Bytes);

impl ClientCertificate {
    /// `x5t#S256`: SHA-256 in base64url, as [`Client::tls_client_auth`](crate::Client::tls_client_auth) wants it.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        jws::sha256(&self.0)
    }
}

/// A request as the endpoints see it.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Fields,
    pub(crate) form: Fields,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The authority of an absolute request target.
    authority: Option<String>,
    /// The caller's address, if whoever listens told.
    pub(crate) peer: Option<SocketAddr>,
    /// The thumbprint of the caller's certificate.
    pub(crate) certificate: Option<String>,
}

impl Call {
    pub(crate) fn read(request: http::Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        let is_form = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
        Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: Fields::parse(parts.uri.query().unwrap_or_default().as_bytes()),
            form: if is_form { Fields::parse(&body) } else { Fields::default() },
            headers: parts.headers,
            authority: parts.uri.authority().map(ToString::to_string),
            peer: parts.extensions.get().copied(),
            certificate: parts.extensions.get().map(ClientCertificate::thumbprint),
            body,
        }
    }

    /// The same call with another query.
    pub(crate) fn with_query(&self, query: Fields) -> Self {
        Self { query, ..self.clone() }
    }

    /// The form of a POST, the query of anything else.
    pub(crate) fn fields(&self) -> &Fields {
        if self.method == Method::POST { &self.form } else { &self.query }
    }

    /// `Authorization`, as scheme and credentials.
    pub(crate) fn authorization(&self) -> Option<(&str, &str)> {
        let value = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
        Some(value.split_once(' ').map_or((value, ""), |(scheme, rest)| (scheme, rest.trim())))
    }

    /// The bearer token of RFC 6750 §2.1 or, in a form body, §2.2; never from the query.
    pub(crate) fn bearer(&self) -> Option<&str> {
        match self.authorization() {
            Some((scheme, token)) => scheme.eq_ignore_ascii_case("bearer").then_some(token),
            None => self.form.get("access_token"),
        }
    }

    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The host that was asked, and its port if it was named.
    pub(crate) fn host(&self) -> Option<&str> {
        self.header(&header::HOST).or(self.authority.as_deref())
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// Decoded `name=value` pairs, in order. An empty value counts as absent (RFC 6749 §3.1).
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value.as_str()))
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_repeated(&self, name: &str) -> bool {
        self.0.iter().filter(|(key, _)| key == name).count() > 1
    }

    /// Whether any parameter occurs twice, which RFC 6749 §3.1 and §3.2 forbid. RFC 8707 §2 and RFC 8693 §2.1 allow it
    /// for these two.
    pub(crate) fn has_repetition(&self) -> bool {
        let single = |key: &str| key != "resource" && key != "audience";
        self.0.iter().any(|(key, _)| single(key) && self.is_repeated(key))
    }

    pub(crate) fn without(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(key, _)| !names.contains(&key.as_str())).cloned().collect())
    }
}

pub(crate) fn json(status: StatusCode, value: &Value) -> Response {
    answer(status, "application/json", value.to_string())
}

/// The OAuth error body (RFC 6749 §5.2).
pub(crate) fn json_error(status: StatusCode, error: &str, description: &str) -> Response {
    json(status, &serde_json::json!({ "error": error, "error_description": description }))
}

pub(crate) fn text(status: StatusCode, text: &str) -> Response {
    answer(status, "text/plain; charset=utf-8", text.to_owned())
}

pub(crate) fn redirect(to: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        return text(StatusCode::BAD_REQUEST, "redirect target is not a URL");
    };
    with_header(answer(StatusCode::FOUND, "text/plain; charset=utf-8", String::new()), header::LOCATION, location)
}

pub(crate) fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

pub(crate) fn with_header(mut response: Response, name: HeaderName, value: HeaderValue) -> Response {
    response.headers_mut().append(name, value);
    response
}

/// `uri` with `pairs` added to its query.
pub(crate) fn with_query(uri: &str, pairs: &[(&str, String)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    match (query.is_empty(), uri.contains('?')) {
        (true, _) => uri.to_owned(),
        (false, true) => format!("{uri}&{query}"),
        (false, false) => format!("{uri}?{query}"),
    }
}
