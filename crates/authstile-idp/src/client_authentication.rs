//! Which application is asking: Basic, form secret, or none with PKCE (§1.4).

use aws_lc_rs::constant_time;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;

use crate::client::Client;
use crate::environment::Environment;
use crate::http_text::{Call, Response, json_error, with_header};
use crate::random::NoRandomness;

/// The client that proved its identity, or named itself and has no secret.
pub(crate) fn authenticate<'a>(environment: &'a Environment, call: &Call) -> Result<&'a Client, TokenRefusal> {
    let (id, secret) = match call.authorization() {
        Some((scheme, credentials)) if scheme.eq_ignore_ascii_case("basic") => {
            if call.form.get("client_secret").is_some() {
                return Err(INVALID_REQUEST.because("two ways of client authentication at once"));
            }
            let (id, secret) = basic(credentials).ok_or(UNKNOWN)?;
            if call.form.get("client_id").is_some_and(|named| named != id) {
                return Err(INVALID_REQUEST.because("client_id differs from the Authorization header"));
            }
            (id, Some(secret))
        }
        Some(_) => return Err(UNKNOWN),
        None if call.form.get("client_assertion").is_some() => {
            return Err(UNKNOWN.because("private_key_jwt is not supported by this provider"));
        }
        None => {
            let id = call.form.get("client_id").ok_or(UNKNOWN.because("no client authentication"))?;
            (id.to_owned(), call.form.get("client_secret").map(str::to_owned))
        }
    };
    let client = environment.client(&id).ok_or(UNKNOWN)?;
    match (&client.secret, secret) {
        (None, None) => Ok(client),
        // A public client that sends an empty Basic password.
        (None, Some(given)) if given.is_empty() => Ok(client),
        (Some(secret), Some(given)) if same(secret, &given) => Ok(client),
        _ => Err(UNKNOWN),
    }
}

/// Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1).
fn basic(credentials: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let decode =
        |text: &str| form_urlencoded::parse(format!("={text}").as_bytes()).next().map(|(_, value)| value.into_owned());
    Some((decode(id)?, decode(secret)?))
}

pub(crate) fn same(expected: &str, given: &str) -> bool {
    constant_time::verify_slices_are_equal(expected.as_bytes(), given.as_bytes()).is_ok()
}

/// An error of RFC 6749 §5.2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenRefusal {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
}

impl TokenRefusal {
    pub(crate) fn because(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    pub(crate) fn answer(self) -> Response {
        let response = json_error(self.status, self.error, self.description);
        if self.status != StatusCode::UNAUTHORIZED {
            return response;
        }
        let challenge = http::HeaderValue::from_static("Basic realm=\"token\"");
        with_header(response, http::header::WWW_AUTHENTICATE, challenge)
    }
}

const fn refusal(status: StatusCode, error: &'static str, description: &'static str) -> TokenRefusal {
    TokenRefusal { status, error, description }
}

const UNKNOWN: TokenRefusal = refusal(StatusCode::UNAUTHORIZED, "invalid_client", "client authentication failed");
pub(crate) const INVALID_REQUEST: TokenRefusal = refusal(StatusCode::BAD_REQUEST, "invalid_request", "");
pub(crate) const INVALID_GRANT: TokenRefusal = refusal(StatusCode::BAD_REQUEST, "invalid_grant", "");
pub(crate) const UNAUTHORIZED_CLIENT: TokenRefusal = refusal(StatusCode::BAD_REQUEST, "unauthorized_client", "");
pub(crate) const INVALID_SCOPE: TokenRefusal = refusal(StatusCode::BAD_REQUEST, "invalid_scope", "");
pub(crate) const UNSUPPORTED_GRANT_TYPE: TokenRefusal = refusal(
    StatusCode::BAD_REQUEST,
    "unsupported_grant_type",
    "authorization_code, refresh_token and client_credentials are supported",
);

impl From<NoRandomness> for TokenRefusal {
    fn from(_: NoRandomness) -> Self {
        refusal(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "no randomness")
    }
}
