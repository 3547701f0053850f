//! The token endpoint: a checked code becomes tokens (RFC 6749 §4.1.3, §5).

use crate::json_problem;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::authorize::GrantedCode;
use crate::client_auth::ClientAuthentication;
use crate::pkce::PkceVerifier;
use crate::secret::{AccessToken, ClientAssertion, ClientSecret, RawIdToken, RefreshToken};
use crate::word::{ClientId, RedirectUri};

/// How a request is written, where it is not as RFC 6749 §4.1.3 says.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestShape<'a> {
    /// How parameters are sent.
    pub sending: Sending,
    /// Further parameters of the query, however the rest is sent.
    pub query: &'a [(String, String)],
    /// Further headers; one that is there already is replaced.
    pub headers: &'a [(String, String)],
    /// Other names for parameters, also for the credentials; renamed to nothing, one is left out.
    pub rename: &'a [(&'a str, &'a str)],
}

/// How parameters are sent to a token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sending {
    /// POST, as a form.
    #[default]
    Form,
    /// POST, as a JSON object of texts.
    Json,
    /// GET, in the query.
    Query,
}

/// Who asks a token endpoint, and how that is proven.
#[derive(Debug, Clone, Copy)]
pub struct Requester<'a> {
    /// The provider's token endpoint; a query that it has is kept.
    pub endpoint: &'a Url,
    /// Our name there.
    pub client_id: &'a ClientId,
    /// Our proof, if we have one.
    pub client_secret: Option<&'a ClientSecret>,
    /// How the proof is given.
    pub authentication: ClientAuthentication,
    /// The signed statement that is the proof with `private_key_jwt` and `client_secret_jwt`; made for this request alone.
    pub assertion: Option<&'a ClientAssertion>,
    /// Further parameters that the provider wants; one of the protocol's with the same name is replaced.
    pub extra: &'a [(String, String)],
    /// How it is written.
    pub shape: RequestShape<'a>,
}

impl Requester<'_> {
    /// Asks for tokens in exchange for a checked code, which is good for one exchange; it is asked again only by a server
    /// that wanted a nonce first (RFC 9449 §8). The redirect URI is that of the authorization request, byte for byte
    /// (RFC 6749 §4.1.3, RFC 7636 §4.5). Without a verifier where the authorization request had no challenge.
    ///
    /// # Errors
    /// When it cannot be written as a request.
    pub fn exchange(
        &self,
        code: &GrantedCode,
        verifier: Option<&PkceVerifier>,
        redirect_uri: &RedirectUri,
    ) -> Result<Request<Bytes>, http::Error> {
        let mut parameters = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", redirect_uri.as_str()),
        ];
        parameters.extend(verifier.map(|verifier| ("code_verifier", verifier.expose())));
        self.request(parameters)
    }

    /// Asks for new tokens in exchange for a refresh token (RFC 6749 §6).
    ///
    /// # Errors
    /// When it cannot be written as a request.
    pub fn refresh(&self, refresh_token: &RefreshToken) -> Result<Request<Bytes>, http::Error> {
        self.request(vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())])
    }

    pub(crate) fn request<'p>(
        &'p self,
        mut parameters: Vec<(&'p str, &'p str)>,
    ) -> Result<Request<Bytes>, http::Error> {
        let RequestShape { sending, query, headers, rename } = self.shape;
        let proof = self.authentication.prove(self.client_id, self.client_secret, self.assertion);
        let extra = self.extra.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // What is pushed names the client already.
        parameters.retain(|(name, _)| !proof.parameters.iter().any(|(other, _)| other == name));
        parameters.extend(proof.parameters);
        parameters.retain(|(name, _)| !self.extra.iter().any(|(other, _)| other == name));
        parameters.extend(extra);
        for (name, _) in &mut parameters {
            *name = rename.iter().find(|(known, _)| known == name).map_or(*name, |(_, other)| *other);
        }
        parameters.retain(|(name, _)| !name.is_empty());
        let mut endpoint = self.endpoint.clone();
        let asked = if sending == Sending::Query { parameters.as_slice() } else { &[] };
        if !query.is_empty() || !asked.is_empty() {
            endpoint.query_pairs_mut().extend_pairs(query).extend_pairs(asked);
        }
        let request = match sending {
            Sending::Query => Request::get(endpoint.as_str()),
            Sending::Form => Request::post(endpoint.as_str())
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded;charset=UTF-8"),
            Sending::Json => Request::post(endpoint.as_str()).header(header::CONTENT_TYPE, "application/json"),
        };
        let body = match sending {
            Sending::Query => String::new(),
            Sending::Form => form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish(),
            Sending::Json => {
                let members = parameters.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
                Value::Object(members.collect()).to_string()
            }
        };
        let mut request = request.header(header::ACCEPT, "application/json").body(Bytes::from(body))?;
        if let Some(authorization) = proof.header {
            request.headers_mut().insert(header::AUTHORIZATION, authorization);
        }
        for (name, value) in headers {
            let mut value = HeaderValue::try_from(value)?;
            value.set_sensitive(true);
            request.headers_mut().insert(HeaderName::try_from(name)?, value);
        }
        Ok(request)
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
    /// Lower-cased: `bearer`, or `dpop` where that was accepted.
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
    #[error("the token endpoint issued a token of type {got:?}, expected {}", .expected.join(" or "))]
    UnsupportedTokenType {
        /// What would have been accepted.
        expected: Vec<&'static str>,
        /// What came; where it says nothing, it is `bearer`.
        got: String,
    },
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
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// Where things stand in a token answer, where it is not as RFC 6749 §5.1 says.
#[derive(Debug, Clone, Copy)]
pub struct AnswerShape<'a> {
    /// Pointer to the object with the tokens; empty: the whole answer.
    pub at: &'a str,
    /// Other places of members: `access_token` and the pointer to it, below `at`. At no pointer, it is left out.
    pub rename: &'a [(&'a str, &'a str)],
    /// The types of token that are accepted, in small letters: `bearer`; `dpop` where a proof was sent (RFC 9449 §5).
    pub token_types: &'a [&'static str],
}

impl Default for AnswerShape<'_> {
    /// As the standard says, with a bearer token.
    fn default() -> Self {
        Self { at: "", rename: &[], token_types: &["bearer"] }
    }
}

/// Reads the answer of the token endpoint, where it is as the standard says.
///
/// Lenient where providers are: numbers as text, scopes as a list, a form in place of JSON, errors with status 200. Strict
/// where it matters: an access token must be there, and its type must be `bearer`, whatever its case (RFC 6749 §5.1).
///
/// # Errors
/// See [`TokenError`].
pub fn parse(status: StatusCode, body: &[u8]) -> Result<TokenResponse, TokenError> {
    let answer = parse_members(status, body)?;
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        return Err(refused(status, error, answer.get("error_description")));
    }
    read(status, answer, AnswerShape::default())
}

/// The members of an answer, tokens or refusal: of a JSON object, or of a form, which some providers still send.
///
/// # Errors
/// When it is neither.
pub fn parse_members(status: StatusCode, body: &[u8]) -> Result<Map<String, Value>, TokenError> {
    serde_json::from_slice(body).or_else(|error| {
        let form: Map<String, Value> =
            form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), Value::from(value))).collect();
        let known = ["access_token", "error"].iter().any(|name| form.contains_key(*name));
        known.then_some(form).ok_or_else(|| {
            let problem = json_problem(&error);
            not(status, format!("it is not the JSON object of RFC 6749 section 5 ({problem})"))
        })
    })
}

/// A refusal, whatever the provider writes its codes as.
#[must_use]
pub fn refused(status: StatusCode, error: &Value, description: Option<&Value>) -> TokenError {
    let clip = |value: &Value, length| {
        value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().take(length).collect::<String>()
    };
    TokenError::Refused {
        status: status.as_u16(),
        error: clip(error, 100),
        description: description.filter(|text| !text.is_null()).map(|text| clip(text, 500)),
    }
}

/// Reads the members of an answer that is no refusal. No token stays among the further members.
///
/// # Errors
/// See [`TokenError`].
pub fn read(
    status: StatusCode,
    answer: Map<String, Value>,
    shape: AnswerShape<'_>,
) -> Result<TokenResponse, TokenError> {
    let not = |problem: &str| not(status, problem.to_owned());
    if status != StatusCode::OK {
        return Err(not("only 200 carries tokens"));
    }
    let mut answer = Value::Object(answer);
    let Some(Value::Object(mut tokens)) = answer.pointer_mut(shape.at).map(Value::take) else {
        return Err(not(&format!("it has no object at {:?}", shape.at)));
    };
    let moved: Vec<(&str, Option<Value>)> =
        shape.rename.iter().map(|(name, pointer)| (*name, take(&mut tokens, pointer))).collect();
    for (name, value) in moved {
        tokens.remove(name);
        tokens.extend(value.map(|value| (name.to_owned(), value)));
    }
    let body: Body = serde_json::from_value(Value::Object(tokens))
        .map_err(|_| not("its members are of other types than RFC 6749 section 5 says"))?;
    let access_token =
        body.access_token.filter(|token| !token.is_empty()).ok_or_else(|| not("it has no access_token"))?;
    let token_type = body.token_type.unwrap_or_else(|| "bearer".to_owned()).to_ascii_lowercase();
    if !shape.token_types.contains(&token_type.as_str()) {
        let (expected, got) = (shape.token_types.to_vec(), token_type.chars().take(40).collect());
        return Err(TokenError::UnsupportedTokenType { expected, got });
    }
    let expires_in = match &body.expires_in {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_f64().map(|seconds| seconds as i64),
    };
    if body.expires_in.as_ref().is_some_and(|value| !value.is_null()) && expires_in.is_none_or(|seconds| seconds < 0) {
        return Err(not("expires_in is no number of seconds"));
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

/// Takes a member out of where it is.
fn take(tokens: &mut Map<String, Value>, pointer: &str) -> Option<Value> {
    let (path, name) = pointer.rsplit_once('/')?;
    let name = name.replace("~1", "/").replace("~0", "~");
    if path.is_empty() {
        return tokens.remove(&name);
    }
    let (first, rest) =
        path.strip_prefix('/')?.split_once('/').map_or((path.strip_prefix('/')?, None), |(a, b)| (a, Some(b)));
    let inside = tokens.get_mut(&first.replace("~1", "/").replace("~0", "~"))?;
    let inside = match rest {
        Some(rest) => inside.pointer_mut(&format!("/{rest}"))?,
        None => inside,
    };
    match inside {
        Value::Object(members) => members.remove(&name),
        Value::Array(list) => list.get_mut(name.parse::<usize>().ok()?).map(Value::take),
        _ => None,
    }
}

fn not(status: StatusCode, problem: String) -> TokenError {
    TokenError::NotATokenResponse { status: status.as_u16(), problem }
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
    fn a_bound_token_is_taken_only_where_it_was_asked_for_and_a_bearer_only_where_it_may_be() {
        let read = |token_type: &str, token_types: &'static [&'static str]| {
            let body = format!(r#"{{"access_token":"a"{token_type}}}"#);
            let answer = parse_members(StatusCode::OK, body.as_bytes()).unwrap();
            read(StatusCode::OK, answer, AnswerShape { token_types, ..AnswerShape::default() })
        };
        assert_eq!(read(r#","token_type":"dPoP""#, &["dpop"]).unwrap().token_type, "dpop");
        assert_eq!(read(r#","token_type":"Bearer""#, &["dpop", "bearer"]).unwrap().token_type, "bearer");
        read(r#","token_type":"DPoP""#, &["bearer"]).unwrap_err();
        for downgraded in [r#","token_type":"Bearer""#, ""] {
            let error = read(downgraded, &["dpop"]).unwrap_err().to_string();
            assert!(error.contains("type \"bearer\", expected dpop"), "{error}");
        }
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
