//! OAuth 2.0 and OpenID Connect for relying parties, as values.
//!
//! This crate is the protocol floor of Authstile: it parses what servers say, builds what we ask, and checks what came
//! back. It performs no I/O, reads no clock and draws no randomness: time and random bytes are arguments, requests and
//! responses are values of the [`http`] crate that somebody else sends.
//!
//! Four values can only be made by the check they stand for, so that forgetting the check does not compile:
//!
//! * [`GrantedCode`](authorize::GrantedCode) — an authorization code whose `state`, `iss` and `error` were checked;
//!   the only key to [`Requester::exchange`](token::Requester::exchange).
//! * [`IdToken`](id_token::IdToken) — claims whose signature and claims were verified (OpenID Connect Core §3.1.3.7).
//! * [`VerifiedAccessToken`](access_token::VerifiedAccessToken) — somebody else's access token, good for our API (RFC 9068
//!   §4).
//! * [`VerifiedLogoutToken`](logout_token::VerifiedLogoutToken) — a provider's word that a session has ended (OpenID Connect
//!   Back-Channel Logout 1.0 §2.6).
//!
//! ```compile_fail
//! // A code that nobody checked cannot be exchanged: GrantedCode has no public constructor.
//! use authstile_oauth::authorize::GrantedCode;
//! let code = GrantedCode { code: "from the address bar".into() };
//! ```
//!
//! ```compile_fail
//! // Claims that nobody verified are no IdToken.
//! use authstile_oauth::id_token::IdToken;
//! let token = IdToken { claims: Default::default() };
//! ```
//!
//! ```compile_fail
//! // Nobody is signed out by a token that nobody verified.
//! use authstile_oauth::logout_token::VerifiedLogoutToken;
//! let token = VerifiedLogoutToken { jti: "1".into(), subject: None, session_id: None, expires_at: 0 };
//! ```

pub mod access_token;
pub mod authorize;
mod claims;
pub mod client_assertion;
pub mod client_auth;
pub mod dpop;
pub mod form;
pub mod id_token;
pub mod introspection;
pub mod jarm;
pub mod jose;
pub mod logout;
pub mod logout_token;
pub mod metadata;
pub mod pkce;
pub mod pushed;
pub mod refreshed;
pub mod request_object;
pub mod revocation;
pub mod secret;
pub mod tenant;
pub mod token;
pub mod token_exchange;
pub mod userinfo;
pub mod word;

/// What is wrong with a JSON text, without a piece of it: it may be a token.
pub(crate) fn json_problem(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Io => "unreadable",
        serde_json::error::Category::Syntax => "not JSON",
        serde_json::error::Category::Data => "JSON of another shape",
        serde_json::error::Category::Eof => "cut off",
    };
    format!("{kind}, line {} column {}", error.line(), error.column())
}
