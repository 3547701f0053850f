//! Token revocation (RFC 7009): a token that nobody needs any more is of no use to whoever finds it.

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Request, Response, StatusCode};

use crate::token::{Requester, TokenError, parse_members, refused};

/// What kind of token is shown, so that the provider looks for it in the right place first (RFC 7009 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenTypeHint {
    /// `access_token`.
    AccessToken,
    /// `refresh_token`.
    RefreshToken,
}

impl TokenTypeHint {
    /// The name in the OAuth registry.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }
}

/// Why a token was not revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationError {
    /// The provider cannot do it now; the token is still good (RFC 7009 §2.2.1).
    #[error("the revocation endpoint is not available{}", .retry_after.map(|seconds| format!(" for {seconds} s")).unwrap_or_default())]
    Unavailable {
        /// Seconds after which it may be tried again, if the provider says so.
        retry_after: Option<u64>,
    },
    /// The provider refused, with a code.
    #[error("revocation: {0}")]
    Refused(TokenError),
    /// Neither a success nor a refusal with a code.
    #[error("the revocation endpoint answered {0}")]
    Status(u16),
}

impl RevocationError {
    /// Whether the provider says that tokens of this type cannot be revoked, such as self-contained access tokens.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::Refused(TokenError::Refused { error, .. }) if error == "unsupported_token_type")
    }
}

impl Requester<'_> {
    /// Asks for a token to be revoked (RFC 7009 §2.1), authenticated as at the token endpoint.
    ///
    /// # Errors
    /// When it cannot be written as a request.
    pub fn revoke(&self, token: &str, hint: TokenTypeHint) -> Result<Request<Bytes>, http::Error> {
        self.request(vec![("token", token), ("token_type_hint", hint.as_str())])
    }
}

/// Reads the answer to a revocation. A token that the provider does not know counts as revoked (RFC 7009 §2.2).
///
/// # Errors
/// See [`RevocationError`].
pub fn check(answer: &Response<Bytes>) -> Result<(), RevocationError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        return Err(RevocationError::Unavailable { retry_after: seconds.and_then(|text| text.trim().parse().ok()) });
    }
    let members = parse_members(status, answer.body()).unwrap_or_default();
    Err(match members.get("error") {
        Some(error) => RevocationError::Refused(refused(status, error, members.get("error_description"))),
        None => RevocationError::Status(status.as_u16()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<&str>, body: &str) -> Response<Bytes> {
        let answer = retry_after.into_iter().fold(Response::builder(), |answer, text| answer.header(RETRY_AFTER, text));
        answer.status(status).body(Bytes::from(body.to_owned())).unwrap()
    }

    #[test]
    fn only_a_success_revokes() {
        assert_eq!(check(&answer(200, None, "")), Ok(()));
        for (status, retry_after, body, words) in [
            (503, Some("120"), "", "not available for 120 s"),
            (503, Some("Wed, 21 Oct 2026 07:28:00 GMT"), "", "not available"),
            (302, None, "", "answered 302"),
            (500, None, "<html>", "answered 500"),
            (401, None, r#"{"error":"invalid_client"}"#, "invalid_client"),
            (400, None, r#"{"error":"unsupported_token_type"}"#, "unsupported_token_type"),
        ] {
            let error = check(&answer(status, retry_after, body)).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.is_unsupported(), body.contains("unsupported"), "{error}");
        }
    }
}
