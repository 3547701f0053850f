//! How large a request may be. Whatever stands in front of the engine may be stricter; nothing behind it has to be.

use http::{HeaderMap, StatusCode, Uri};

/// Bytes of a request's body: our forms have a few hundred, an answer by `form_post` and a webhook a few thousand.
pub const MAX_BODY: usize = 64 * 1024;
/// Bytes of a request's headers, names and values: a browser's cookies for one host fit several times.
pub const MAX_HEADERS: usize = 64 * 1024;
/// Bytes of a request's path and query.
pub const MAX_URI: usize = 32 * 1024;
/// Parameters of a query or of a form.
pub const MAX_PARAMETERS: usize = 256;

/// Why a request is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Beyond {
    #[error("The request body is larger than 64 KiB.")]
    Body,
    #[error("The request headers are larger than 64 KiB.")]
    Headers,
    #[error("The address is longer than 32 KiB.")]
    Uri,
    #[error("The request has more than 256 parameters.")]
    Parameters,
}

impl Beyond {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Body => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Headers => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Uri => StatusCode::URI_TOO_LONG,
            Self::Parameters => StatusCode::BAD_REQUEST,
        }
    }
}

/// Whether a request is one that we read.
pub(crate) fn check(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<(), Beyond> {
    let length = uri.path().len() + uri.query().map_or(0, str::len);
    let head: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    match () {
        () if length > MAX_URI => Err(Beyond::Uri),
        () if head > MAX_HEADERS => Err(Beyond::Headers),
        () if body.len() > MAX_BODY => Err(Beyond::Body),
        () if parameters(uri.query().unwrap_or_default().as_bytes()) > MAX_PARAMETERS => Err(Beyond::Parameters),
        () => Ok(()),
    }
}

/// Whether a form has no more parameters than we look at.
pub(crate) fn check_form(body: &[u8]) -> Result<(), Beyond> {
    if parameters(body) > MAX_PARAMETERS { Err(Beyond::Parameters) } else { Ok(()) }
}

fn parameters(encoded: &[u8]) -> usize {
    encoded.iter().filter(|byte| **byte == b'&').count() + usize::from(!encoded.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_has_its_status() {
        let none = HeaderMap::new();
        let uri = |query: &str| format!("/signin?{query}").parse::<Uri>().unwrap();
        let status = |uri: &Uri, headers: &HeaderMap, body: &[u8]| check(uri, headers, body).map_err(Beyond::status);
        assert_eq!(status(&uri(""), &none, &vec![b'x'; MAX_BODY]), Ok(()));
        assert_eq!(status(&uri(""), &none, &vec![b'x'; MAX_BODY + 1]), Err(StatusCode::PAYLOAD_TOO_LARGE));
        assert_eq!(status(&uri(&"x".repeat(MAX_URI)), &none, b""), Err(StatusCode::URI_TOO_LONG));
        assert_eq!(status(&uri(&"a&".repeat(255)), &none, b""), Ok(()));
        assert_eq!(status(&uri(&"a&".repeat(256)), &none, b""), Err(StatusCode::BAD_REQUEST));
        let mut headers = HeaderMap::new();
        headers.insert("cookie", "x".repeat(MAX_HEADERS - 6).parse().unwrap());
        assert_eq!(status(&uri(""), &headers, b""), Ok(()));
        headers.insert("a", "".parse().unwrap());
        assert_eq!(status(&uri(""), &headers, b""), Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        assert_eq!(check_form("a=1&".repeat(257).as_bytes()), Err(Beyond::Parameters));
    }
}
