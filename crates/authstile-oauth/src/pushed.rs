//! Pushed authorization requests: what we ask goes straight to the provider, and the browser carries only a reference to it
//! (RFC 9126).

use bytes::Bytes;
use http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::json_problem;
use crate::token::Requester;

/// Characters of a `request_uri`: it must fit into an address.
const MAX_REFERENCE: usize = 2048;

impl Requester<'_> {
    /// Pushes an authorization request to the endpoint, with the client authentication of the token endpoint (RFC 9126
    /// §2.1). The parameters are those of
    /// [`AuthorizationRequest::parameters`](crate::authorize::AuthorizationRequest::parameters) or
    /// [`signed_parameters`](crate::authorize::AuthorizationRequest::signed_parameters).
    ///
    /// # Errors
    /// When it cannot be written as a request.
    pub fn push(&self, parameters: &[(String, String)]) -> Result<Request<Bytes>, http::Error> {
        self.request(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect())
    }
}

/// What the provider answers: a reference that is good for one browser, for some seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedRequest {
    /// For [`AuthorizationRequest::pushed_url`](crate::authorize::AuthorizationRequest::pushed_url).
    pub request_uri: String,
    /// Seconds that it is good; at least one.
    pub expires_in: i64,
}

/// Why a pushed request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushedRequestError {
    /// The provider refused, with a code (RFC 9126 §2.3). Untrusted text: for logs, never for pages.
    #[error("the pushed authorization request was answered {status} {error:?}{}{}", .description.as_ref().map(|text| format!(": {text:?}")).unwrap_or_default(), hint(.error))]
    Refused {
        /// HTTP status.
        status: u16,
        /// For example `invalid_request`.
        error: String,
        /// What the provider adds in words.
        description: Option<String>,
    },
    /// The answer is not that of RFC 9126 §2.2.
    #[error("the pushed authorization request was answered {status} with something that is no reference: {problem}")]
    NotAReference {
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        problem: String,
    },
}

/// What usually helps against an error of the endpoint.
fn hint(error: &str) -> &'static str {
    match error {
        "invalid_client" => " (are the client's secret, key or certificate those that the provider knows?)",
        "invalid_request" => " (is the redirect URI registered, and does the provider know every parameter?)",
        "invalid_request_object" => " (does the provider know the client's public keys, and this algorithm?)",
        "invalid_scope" => " (may this client ask for every scope?)",
        "unauthorized_client" => " (may this client use the authorization code grant, and pushed requests?)",
        _ => "",
    }
}

#[derive(Deserialize)]
struct Body {
    request_uri: Option<String>,
    expires_in: Option<Value>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Reads the answer of the endpoint: 201, or the 200 that some send, with a reference that is still good.
///
/// # Errors
/// See [`PushedRequestError`].
pub fn parse(status: StatusCode, body: &[u8]) -> Result<PushedRequest, PushedRequestError> {
    let not = |problem: String| PushedRequestError::NotAReference { status: status.as_u16(), problem };
    let body: Body = serde_json::from_slice(body).map_err(|error| {
        not(format!("it is not the JSON object of RFC 9126 section 2.2 ({})", json_problem(&error)))
    })?;
    let clip = |text: String, length| text.chars().take(length).collect::<String>();
    if let Some(error) = body.error {
        return Err(PushedRequestError::Refused {
            status: status.as_u16(),
            error: clip(error, 100),
            description: body.error_description.map(|text| clip(text, 500)),
        });
    }
    if !matches!(status, StatusCode::CREATED | StatusCode::OK) {
        return Err(not("201 was expected".to_owned()));
    }
    let sound = |uri: &String| !uri.is_empty() && uri.len() <= MAX_REFERENCE && !uri.chars().any(char::is_control);
    let request_uri = body.request_uri.filter(sound).ok_or_else(|| not("it has no usable request_uri".to_owned()))?;
    let expires_in = match &body.expires_in {
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_f64().map(|seconds| seconds as i64),
        None => None,
    };
    let expires_in = expires_in.filter(|seconds| *seconds > 0);
    let expires_in = expires_in.ok_or_else(|| not("expires_in is no positive number of seconds".to_owned()))?;
    Ok(PushedRequest { request_uri, expires_in })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_auth::ClientAuthentication;
    use crate::secret::ClientSecret;
    use crate::token::RequestShape;
    use crate::word::ClientId;
    use url::Url;

    #[test]
    fn the_client_is_named_once_and_proven_as_at_the_token_endpoint() {
        let (endpoint, id) = (Url::parse("https://op.example/par").unwrap(), ClientId::parse("client").unwrap());
        let secret = ClientSecret::new("hunter2");
        let asked = [("client_id", "client"), ("scope", "openid"), ("state", "s")];
        let asked = asked.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let body = |authentication| {
            let requester = Requester {
                endpoint: &endpoint,
                client_id: &id,
                client_secret: Some(&secret),
                authentication,
                assertion: None,
                extra: &[],
                shape: RequestShape::default(),
            };
            let request = requester.push(&asked).unwrap();
            assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/par"));
            (request.headers().contains_key("authorization"), String::from_utf8(request.body().to_vec()).unwrap())
        };
        // RFC 9126 §2.1: client_id is a parameter of the request, however the client is authenticated.
        let basic = body(ClientAuthentication::Basic);
        assert_eq!(basic, (true, "client_id=client&scope=openid&state=s".to_owned()));
        let post = body(ClientAuthentication::Post);
        assert_eq!(post, (false, "scope=openid&state=s&client_id=client&client_secret=hunter2".to_owned()));
        assert_eq!(body(ClientAuthentication::Tls), (false, "scope=openid&state=s&client_id=client".to_owned()));
    }

    #[test]
    fn a_reference_is_read_and_everything_else_is_named() {
        let good = br#"{"request_uri":"urn:ietf:params:oauth:request_uri:1","expires_in":60}"#;
        for status in [200, 201] {
            let read = parse(StatusCode::from_u16(status).unwrap(), good).unwrap();
            assert_eq!((read.request_uri.as_str(), read.expires_in), ("urn:ietf:params:oauth:request_uri:1", 60));
        }
        for (status, body, words) in [
            (302, &good[..], "201 was expected"),
            (201, br#"{"expires_in":60}"#, "no usable request_uri"),
            (201, br#"{"request_uri":"","expires_in":60}"#, "no usable request_uri"),
            (201, br#"{"request_uri":"urn:x"}"#, "expires_in"),
            (201, br#"{"request_uri":"urn:x","expires_in":0}"#, "expires_in"),
            (201, br#"{"request_uri":"urn:x","expires_in":-1}"#, "expires_in"),
            (201, b"<html>", "not JSON"),
            (401, br#"{"error":"invalid_client"}"#, "those that the provider knows"),
            (400, br#"{"error":"invalid_request","error_description":"no"}"#, r#": "no" (is the redirect URI"#),
            // An error with a good status is an error.
            (201, br#"{"error":"invalid_scope","request_uri":"urn:x","expires_in":60}"#, "invalid_scope"),
        ] {
            let error = parse(StatusCode::from_u16(status).unwrap(), body).unwrap_err().to_string();
            assert!(error.contains(words), "{error} should say {words}");
        }
    }
}
