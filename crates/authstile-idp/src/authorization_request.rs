//! A well-formed authorization request (§2.1, §10.2).

use crate::client::Client;
use crate::hosted::Progress;
use crate::http_text::Fields;
use crate::refusal::Refusal;
use crate::select::Choice;

/// What the application asked, once its identity and its redirect URI are known to be good.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) scope: String,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<String>,
    pub(crate) prompt: Vec<String>,
    pub(crate) max_age: Option<i64>,
    pub(crate) login_hint: Option<String>,
    pub(crate) choice: Choice,
    pub(crate) progress: Progress,
}

impl AuthorizationRequest {
    /// `choice` is decided later; until then it is the hosted page.
    pub(crate) fn parse(client: &Client, redirect_uri: &str, asked: &Fields) -> Result<Self, Refusal> {
        let state = if asked.is_repeated("state") { None } else { asked.get("state").map(str::to_owned) };
        let refuse = |error, description| Err(Refusal::redirect(redirect_uri, state.as_deref(), error, description));
        if asked.has_repetition() {
            return refuse("invalid_request", "A parameter is repeated");
        }
        if asked.get("request").is_some() {
            return refuse("request_not_supported", "Request objects are not supported here");
        }
        if asked.get("request_uri").is_some() {
            return refuse("request_uri_not_supported", "Request URIs are not supported");
        }
        if asked.get("response_type") != Some("code") {
            return refuse("unsupported_response_type", "The response type must be code");
        }
        if asked.get("response_mode").is_some_and(|mode| mode != "query") {
            return refuse("invalid_request", "The response mode must be query");
        }
        let challenge = asked.get("code_challenge").map(str::to_owned);
        match &challenge {
            // Without a method the default would be `plain` (RFC 7636 §4.3), which is not offered.
            Some(_) if asked.get("code_challenge_method") != Some("S256") => {
                return refuse("invalid_request", "The code challenge method must be S256");
            }
            Some(challenge) if !is_s256(challenge) => {
                return refuse("invalid_request", "The code challenge is not 43 characters of base64url");
            }
            None if client.requires_pkce || asked.get("code_challenge_method").is_some() => {
                return refuse("invalid_request", "A code challenge is required");
            }
            _ => {}
        }
        let prompt: Vec<String> =
            asked.get("prompt").unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect();
        if prompt.len() > 1 && prompt.iter().any(|value| value == "none") {
            return refuse("invalid_request", "prompt=none stands alone");
        }
        let max_age = match asked.get("max_age").map(str::parse::<u32>) {
            Some(Err(_)) => return refuse("invalid_request", "max_age is not a number of seconds"),
            Some(Ok(seconds)) => Some(i64::from(seconds)),
            None => None,
        };
        Ok(Self {
            client_id: client.id.clone(),
            redirect_uri: redirect_uri.to_owned(),
            scope: asked.get("scope").unwrap_or_default().to_owned(),
            nonce: asked.get("nonce").map(str::to_owned),
            login_hint: asked.get("login_hint").map(str::to_owned),
            choice: Choice::HostedLogin,
            progress: Progress::default(),
            state,
            challenge,
            prompt,
            max_age,
        })
    }

    pub(crate) fn prompts(&self, value: &str) -> bool {
        self.prompt.iter().any(|prompt| prompt == value)
    }

    pub(crate) fn refuse(&self, error: &'static str, description: &'static str) -> Refusal {
        Refusal::redirect(&self.redirect_uri, self.state.as_deref(), error, description)
    }
}

/// SHA-256 in base64url without padding.
fn is_s256(challenge: &str) -> bool {
    challenge.len() == 43 && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
