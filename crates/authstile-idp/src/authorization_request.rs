//! A well-formed authorization request (§2.1, §10.2).

use crate::acr::{self, WantedAcr};
use crate::client::Client;
use crate::environment::Environment;
use crate::feature::Feature;
use crate::hosted::Progress;
use crate::http_text::Fields;
use crate::refusal::Refusal;
use crate::reply::{Reply, ResponseMode};
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
    pub(crate) response_mode: ResponseMode,
    pub(crate) acr: WantedAcr,
    /// The claim `auth_time` was asked for by name.
    pub(crate) wants_auth_time: bool,
    /// The key that the code is bound to (RFC 9449 §10).
    pub(crate) dpop_jkt: Option<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) choice: Choice,
    pub(crate) progress: Progress,
}

impl AuthorizationRequest {
    /// `choice` is decided later; until then it is the hosted page.
    pub(crate) fn parse(
        environment: &Environment,
        client: &Client,
        redirect_uri: &str,
        asked: &Fields,
    ) -> Result<Self, Refusal> {
        let state = if asked.is_repeated("state") { None } else { asked.get("state").map(str::to_owned) };
        let response_mode = ResponseMode::parse(environment, asked.get("response_mode"));
        let reply = Reply {
            client_id: client.id.clone(),
            redirect_uri: redirect_uri.to_owned(),
            state: state.clone(),
            mode: response_mode.unwrap_or_default(),
        };
        let refuse = |error, description| Err(Refusal::redirect(reply.clone(), error, description));
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
        let Some(response_mode) = response_mode else {
            return refuse("invalid_request", "The response mode is not supported");
        };
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
        let Some(claims) = acr::claims_asked(asked) else {
            return refuse("invalid_request", "claims is not a JSON object of objects");
        };
        let acr = WantedAcr::read(asked, &claims);
        if acr.is_out_of_reach(environment) {
            return refuse(
                "unmet_authentication_requirements",
                "No class of authentication that was asked for is offered",
            );
        }
        let resources: Vec<String> = match environment.has(Feature::ResourceIndicators) {
            true => asked.all("resource").map(str::to_owned).collect(),
            false => Vec::new(),
        };
        if !resources.iter().all(|resource| is_resource(resource)) {
            return refuse("invalid_target", "resource is not an absolute URI without fragment");
        }
        Ok(Self {
            client_id: client.id.clone(),
            redirect_uri: redirect_uri.to_owned(),
            scope: asked.get("scope").unwrap_or_default().to_owned(),
            nonce: asked.get("nonce").map(str::to_owned),
            login_hint: asked.get("login_hint").map(str::to_owned),
            response_mode,
            acr,
            wants_auth_time: claims.contains_key("auth_time"),
            dpop_jkt: asked.get("dpop_jkt").filter(|_| environment.has(Feature::Dpop)).map(str::to_owned),
            resources,
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
        Refusal::redirect(self.reply(), error, description)
    }

    pub(crate) fn reply(&self) -> Reply {
        Reply {
            client_id: self.client_id.clone(),
            redirect_uri: self.redirect_uri.clone(),
            state: self.state.clone(),
            mode: self.response_mode,
        }
    }
}

/// RFC 8707 §2.
pub(crate) fn is_resource(text: &str) -> bool {
    text.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some()) && !text.contains('#')
}

/// SHA-256 in base64url without padding.
fn is_s256(challenge: &str) -> bool {
    challenge.len() == 43 && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
