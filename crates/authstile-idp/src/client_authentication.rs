//! Which application is asking: Basic, form secret, assertion, certificate, or none with PKCE (§1.4).

use aws_lc_rs::constant_time;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;

use crate::client::{Client, Method};
use crate::client_assertion;
use crate::dpop::ProofError;
use crate::environment::Environment;
use crate::http_text::{Call, Response, json_error, with_header};
use crate::idp::Idp;
use crate::random::NoRandomness;

/// The client that proved its identity, or named itself and has no secret.
pub(crate) fn authenticate<'a>(
    idp: &Idp,
    environment: &'a Environment,
    call: &Call,
) -> Result<&'a Client, TokenRefusal> {
    let (client, method) = prove(idp, environment, call)?;
    match &environment.authentication_methods {
        Some(known) if !known.iter().any(|known| known == method) => {
            Err(UNKNOWN.because("this method of client authentication is not offered"))
        }
        _ => Ok(client),
    }
}

/// The client, and the method that it used.
fn prove<'a>(idp: &Idp, environment: &'a Environment, call: &Call) -> Result<(&'a Client, &'static str), TokenRefusal> {
    let has_assertion = call.form.get("client_assertion").is_some();
    let (id, secret, by) = match call.authorization() {
        Some((scheme, credentials)) if scheme.eq_ignore_ascii_case("basic") => {
            if call.form.get("client_secret").is_some() || has_assertion {
                return Err(INVALID_REQUEST.because("two ways of client authentication at once"));
            }
            let (id, secret) = basic(credentials).ok_or(UNKNOWN)?;
            if call.form.get("client_id").is_some_and(|named| named != id) {
                return Err(INVALID_REQUEST.because("client_id differs from the Authorization header"));
            }
            (id, Some(secret), "client_secret_basic")
        }
        Some(_) => return Err(UNKNOWN),
        None if has_assertion => {
            if call.form.get("client_secret").is_some() {
                return Err(INVALID_REQUEST.because("two ways of client authentication at once"));
            }
            let client = client_assertion::verify(idp, environment, &call.form);
            let client = client.map_err(|problem| UNKNOWN.because(problem))?;
            let is_keyed = client.method == Method::SecretJwt;
            return Ok((client, if is_keyed { "client_secret_jwt" } else { "private_key_jwt" }));
        }
        None => {
            let id = call.form.get("client_id").ok_or(UNKNOWN.because("no client authentication"))?;
            (id.to_owned(), call.form.get("client_secret").map(str::to_owned), "client_secret_post")
        }
    };
    let client = environment.client(&id).ok_or(UNKNOWN)?;
    match (&client.method, &client.secret, secret) {
        (Method::None, _, None) => Ok((client, "none")),
        // A public client that sends an empty Basic password.
        (Method::None, _, Some(given)) if given.is_empty() => Ok((client, "none")),
        (Method::Secret, Some(secret), Some(given)) if same(secret, &given) => Ok((client, by)),
        (Method::Certificate(known), _, None) if call.certificate.as_ref() == Some(known) => {
            Ok((client, "self_signed_tls_client_auth"))
        }
        (Method::Certificate(_), _, _) => Err(UNKNOWN.because("the client's certificate is missing or another one")),
        (Method::PrivateKeyJwt | Method::SecretJwt, _, _) => {
            Err(UNKNOWN.because("the client is registered for assertions"))
        }
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

    /// With an error code that is known at run time only.
    pub(crate) fn named(error: &'static str, description: &'static str) -> Self {
        refusal(StatusCode::BAD_REQUEST, error, description)
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
pub(crate) const INVALID_TARGET: TokenRefusal = refusal(StatusCode::BAD_REQUEST, "invalid_target", "");
pub(crate) const INVALID_DPOP_PROOF: TokenRefusal = refusal(StatusCode::BAD_REQUEST, "invalid_dpop_proof", "");
const USE_DPOP_NONCE: TokenRefusal =
    refusal(StatusCode::BAD_REQUEST, "use_dpop_nonce", "the DPoP proof needs a nonce of this server");
pub(crate) const INVALID_SCOPE: TokenRefusal = refusal(StatusCode::BAD_REQUEST, "invalid_scope", "");
pub(crate) const UNSUPPORTED_GRANT_TYPE: TokenRefusal = refusal(
    StatusCode::BAD_REQUEST,
    "unsupported_grant_type",
    "authorization_code, refresh_token and client_credentials are supported",
);

impl From<ProofError> for TokenRefusal {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Nonce => USE_DPOP_NONCE,
            ProofError::Missing => INVALID_DPOP_PROOF.because("the DPoP proof is missing"),
            ProofError::Invalid(problem) => INVALID_DPOP_PROOF.because(problem),
        }
    }
}

impl From<NoRandomness> for TokenRefusal {
    fn from(_: NoRandomness) -> Self {
        refusal(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "no randomness")
    }
}
