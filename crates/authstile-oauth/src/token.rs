//! The token endpoint: a checked code becomes tokens (RFC 6749 §4.1.3, §5).

use crate::json_problem;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::authorize::GrantedCode;
use crate::client_auth::ClientAuthentication;
use crate::pkce::PkceVerifier;
use crate::secret::{AccessToken, ClientSecret, RawIdToken, RefreshToken};
use crate::word::{ClientId, RedirectUri};

/// Who asks a token endpoint, and how that is proven.
#[derive(Debug, Clone, Copy)]
pub struct Requester<'a> {
    /// The provider's token endpoint.
    pub endpoint: &'a Url,
    /// Our name there.
    pub client_id: &'a ClientId,
    /// Our proof, if we have one.
    pub client_secret: Option<&'a ClientSecret>,
    /// How the proof is given.
    pub authentication: ClientAuthentication,
    /// Further parameters that the provider wants.
    pub extra: &'a [(String, String)],
}

impl Requester<'_> {
    /// Asks for tokens in exchange for a checked code; the code and the verifier are used up by it. The redirect URI is
    /// that of the authorization request, byte for byte (RFC 6749 §4.1.3, RFC 7636 §4.5).
    ///
    /// # Errors
    /// When the endpoint cannot be written as a request target.
    pub fn exchange(
        &self,
        code: GrantedCode,
        verifier: PkceVerifier,
        redirect_uri: &RedirectUri,
    ) -> Result<Request<Bytes>, http::Error> {
        self.request(&[
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", redirect_uri.as_str()),
            ("code_verifier", verifier.expose()),
        ])
    }

    /// Asks for new tokens in exchange for a refresh token (RFC 6749 §6).
    ///
    /// # Errors
    /// When the endpoint cannot be written as a request target.
    pub fn refresh(&self, refresh_token: &RefreshToken) -> Result<Request<Bytes>, http::Error> {
        self.request(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())])
    }

    fn request(&self, parameters: &[(&str, &str)]) -> Result<Request<Bytes>, http::Error> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(parameters).extend_pairs(self.extra);
        let authorization = self.authentication.prove(self.client_id, self.client_secret, &mut form);
        let mut request = Request::post(self.endpoint.as_str())
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded;charset=UTF-8");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        request.body(Bytes::from(form.finish()))
    }
}

/// Tokens as received. The ID token inside is unverified.
#[derive(Debug, Clone)]
pub struct TokenResponse {
    /// For the provider's APIs.
    pub access_token: AccessToken,
    /// Unverified; only [`id_token::verify`](crate::id_token::verify) makes claims of it.
    pub id_token: Option<RawIdToken>,
    /// For new access tokens.
    pub refresh_token: Option<RefreshToken>,
    /// Lower-cased; always `bearer` today.
    pub token_type: String,
    /// Seconds that the access token lives, if the provider says so.
    pub expires_in: Option<i64>,
    /// What was granted; `None` means what was asked (RFC 6749 §5.1).
    pub scope: Option<String>,
    /// Further members, as they came.
    pub other: Map<String, Value>,
}

/// Why a token response is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The provider refused, with a code (RFC 6749 §5.2). Untrusted text: for logs, never for pages.
    #[error("the token endpoint answered {status} {error:?}{}{}", .description.as_ref().map(|text| format!(": {text:?}")).unwrap_or_default(), hint(.error))]
    Refused {
        /// HTTP status.
        status: u16,
        /// For example `invalid_client`.
        error: String,
        /// What the provider adds in words.
        description: Option<String>,
    },
    /// The answer is no token response: HTML of a proxy, an empty body, a redirect.
    #[error("the token endpoint answered {status} with something that is no token response: {problem}")]
    NotATokenResponse {
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        problem: String,
    },
    /// A kind of token that we cannot present.
    #[error("the token endpoint issued a token of type {0:?}; only bearer is supported")]
    UnsupportedTokenType(String),
}

/// What usually helps against an error of the token endpoint.
fn hint(error: &str) -> &'static str {
    match error {
        "invalid_client" => " (is the client secret the one of this client, in this environment?)",
        "invalid_grant" => " (was the code used before, is it expired, is the redirect URI the registered one?)",
        "unauthorized_client" => " (is the authorization code grant enabled for this client?)",
        _ => "",
    }
}

#[derive(Deserialize)]
struct Body {
    access_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<Value>,
    refresh_token: Option<String>,
    scope: Option<Value>,
    id_token: Option<String>,
    error: Option<Value>,
    error_description: Option<Value>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// Reads the answer of the token endpoint.
///
/// Lenient where providers are: numbers as text, scopes as a list, errors with status 200. Strict where it matters: an
/// access token must be there, and its type must be `bearer`, whatever its case (RFC 6749 §5.1).
///
/// # Errors
/// See [`TokenError`].
pub fn parse(status: StatusCode, body: &[u8]) -> Result<TokenResponse, TokenError> {
    let not = |problem: String| TokenError::NotATokenResponse { status: status.as_u16(), problem };
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| not(format!("it is not the JSON object of RFC 6749 section 5 ({})", json_problem(&error))))?;
    if let Some(error) = body.error {
        let clip = |value: &Value, length| {
            value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().take(length).collect::<String>()
        };
        return Err(TokenError::Refused {
            status: status.as_u16(),
            error: clip(&error, 100),
            description: body.error_description.as_ref().map(|text| clip(text, 500)),
        });
    }
    if status != StatusCode::OK {
        return Err(not("only 200 carries tokens".to_owned()));
    }
    let access_token =
        body.access_token.filter(|token| !token.is_empty()).ok_or_else(|| not("it has no access_token".to_owned()))?;
    let token_type = body.token_type.unwrap_or_else(|| "bearer".to_owned()).to_ascii_lowercase();
    if token_type != "bearer" {
        return Err(TokenError::UnsupportedTokenType(token_type.chars().take(40).collect()));
    }
    let expires_in = match &body.expires_in {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_f64().map(|seconds| seconds as i64),
    };
    if body.expires_in.as_ref().is_some_and(|value| !value.is_null()) && expires_in.is_none_or(|seconds| seconds < 0) {
        return Err(not("expires_in is no number of seconds".to_owned()));
    }
    let scope = match body.scope {
        Some(Value::String(text)) => Some(text),
        Some(Value::Array(list)) => Some(list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
        _ => None,
    };
    Ok(TokenResponse {
        access_token: AccessToken::new(access_token),
        id_token: body.id_token.filter(|token| !token.is_empty()).map(RawIdToken::new),
        refresh_token: body.refresh_token.filter(|token| !token.is_empty()).map(RefreshToken::new),
        token_type,
        expires_in,
        scope,
        other: body.other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_leniently_where_providers_are_lenient() {
        let tokens = parse(
            StatusCode::OK,
            br#"{"access_token":"a","token_type":"bEaReR","expires_in":"899","scope":["openid","email"],"x":1}"#,
        )
        .unwrap();
        assert_eq!(
            (tokens.token_type.as_str(), tokens.expires_in, tokens.scope.as_deref()),
            ("bearer", Some(899), Some("openid email"))
        );
        assert_eq!(tokens.other["x"], 1);
        assert!(parse(StatusCode::OK, br#"{"access_token":"a"}"#).is_ok());
    }

    #[test]
    fn anything_else_is_an_error_that_names_the_problem() {
        for (status, body, problem) in [
            (200, &b""[..], "JSON"),
            (502, b"<html>Bad gateway</html>", "JSON"),
            (200, b"[]", "JSON"),
            (200, b"{}", "no access_token"),
            (200, br#"{"access_token":""}"#, "no access_token"),
            (302, br#"{"access_token":"a"}"#, "only 200"),
            (200, br#"{"access_token":"a","token_type":"mac"}"#, "mac"),
            (200, br#"{"access_token":"a","expires_in":-1}"#, "expires_in"),
            (401, br#"{"error":"invalid_client"}"#, "client secret"),
            (200, br#"{"error":"invalid_grant","error_description":"used"}"#, "used"),
        ] {
            let error = parse(StatusCode::from_u16(status).unwrap(), body).unwrap_err().to_string();
            assert!(error.contains(problem), "{error} should name {problem}");
        }
    }
}
