//! The authorization endpoint: what we ask (RFC 6749 §4.1.1) and what the browser carries back (§4.1.2, RFC 9207).

use serde::{Deserialize, Serialize};
use url::Url;

use crate::form::{Parameters, Repeated};
use crate::pkce::PkceChallenge;
use crate::secret::AuthorizationCode;
use crate::word::{ClientId, Issuer, Nonce, RedirectUri, State};

/// Names that belong to the protocol: neither an application's nor a browser's extra parameter can take them.
pub const PROTOCOL_PARAMETERS: [&str; 13] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "request",
    "request_uri",
    "client_secret",
    "dpop_jkt",
];

/// How the provider sends its answer back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of a redirect: the default, not sent.
    #[default]
    Query,
    /// As a form that the browser posts (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

/// An authorization code request, ready to be written as a URL.
#[derive(Debug)]
pub struct AuthorizationRequest<'a> {
    /// The provider's authorization endpoint; a query that it has is kept.
    pub endpoint: &'a Url,
    /// What is asked for: `code`, or what a provider calls it.
    pub response_type: &'a str,
    /// Who asks.
    pub client_id: &'a ClientId,
    /// Where to answer.
    pub redirect_uri: &'a RedirectUri,
    /// What is asked for, separated as the provider wants it; empty means that none is sent.
    pub scope: &'a str,
    /// How to answer.
    pub response_mode: ResponseMode,
    /// Binds the answer to this browser.
    pub state: &'a State,
    /// Binds the ID token to this sign-in; only for OpenID Connect.
    pub nonce: Option<&'a Nonce>,
    /// Binds the code to us; `None` where the provider breaks on it.
    pub challenge: Option<&'a PkceChallenge>,
    /// The thumbprint of the key that proofs will be signed with, which binds the code to it (RFC 9449 §10).
    pub dpop_jkt: Option<&'a str>,
    /// Further parameters; those named like one of the protocol's are left out.
    pub extra: &'a [(String, String)],
    /// Other names for the protocol's parameters; renamed to nothing, one is left out. `state` keeps its name.
    pub rename: &'a [(&'a str, &'a str)],
    /// What some providers want behind the query.
    pub fragment: Option<&'a str>,
}

impl AuthorizationRequest<'_> {
    /// The URL to send the browser to.
    #[must_use]
    pub fn url(&self) -> Url {
        let mut parameters: Vec<(&str, &str)> = vec![
            ("response_type", self.response_type),
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
        ];
        if !self.scope.is_empty() {
            parameters.push(("scope", self.scope));
        }
        if self.response_mode == ResponseMode::FormPost {
            parameters.push(("response_mode", "form_post"));
        }
        let first = parameters.len();
        parameters.push(("state", self.state.as_str()));
        if let Some(challenge) = self.challenge {
            parameters.push(("code_challenge", challenge.as_str()));
            parameters.push(("code_challenge_method", challenge.method()));
        }
        if let Some(nonce) = self.nonce {
            parameters.push(("nonce", nonce.as_str()));
        }
        parameters.extend(self.dpop_jkt.map(|thumbprint| ("dpop_jkt", thumbprint)));
        let renamed = |known: &str| self.rename.iter().find(|(name, other)| *name == known && *other != "state");
        for (name, _) in parameters.iter_mut().filter(|(name, _)| *name != "state") {
            *name = renamed(name).map_or(*name, |(_, other)| *other);
        }
        // What a protocol parameter is renamed to is one, too.
        let extra = self.extra.iter().filter(|(name, _)| {
            !PROTOCOL_PARAMETERS.contains(&name.as_str()) && !self.rename.iter().any(|(_, other)| other == name)
        });
        let extra: Vec<(&str, &str)> = extra.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        parameters.splice(first..first, extra);
        parameters.retain(|(name, _)| !name.is_empty());
        let mut url = self.endpoint.clone();
        let kept: Vec<(String, String)> = self
            .endpoint
            .query_pairs()
            .filter(|(name, _)| !parameters.iter().any(|(ours, _)| ours == name))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(parameters);
        if self.fragment.is_some() {
            url.set_fragment(self.fragment);
        }
        url
    }
}

/// What the browser carried back: nothing in it is believed.
#[derive(Debug)]
pub struct AuthorizationResponse {
    code: Option<AuthorizationCode>,
    state: Option<String>,
    issuer: Option<String>,
    error: Option<AuthorizationErrorResponse>,
}

/// The provider's refusal (RFC 6749 §4.1.2.1). Untrusted text: for logs, never for pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationErrorResponse {
    /// The code, for example `access_denied`.
    pub error: String,
    /// What the provider adds in words.
    pub description: Option<String>,
}

/// What must be true of an authorization response.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The state of the sign-in that this browser began.
    pub state: &'a State,
    /// The issuer that we asked, if it has a name.
    pub issuer: Option<&'a Issuer>,
    /// Whether that issuer promises to send `iss` always (RFC 9207 §3).
    pub issuer_required: bool,
}

/// Why an authorization response is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationResponseError {
    /// A parameter came twice.
    #[error(transparent)]
    Repeated(#[from] Repeated),
    /// `state` is not the one that this browser was given.
    #[error("state does not belong to this sign-in")]
    StateMismatch,
    /// The answer comes from another issuer (mix-up, RFC 9207 §2.4).
    #[error("iss is {got:?}, but {expected:?} was asked")]
    IssuerMismatch {
        /// Whom we asked.
        expected: String,
        /// Who claims to answer; `None` when there is none although the provider promises one.
        got: Option<String>,
    },
    /// The provider said no.
    #[error("the provider answered {:?}{}", .0.error, .0.description.as_ref().map(|text| format!(": {text:?}")).unwrap_or_default())]
    Refused(AuthorizationErrorResponse),
    /// A token in the front channel: we ask for a code, and only for a code.
    #[error("the answer carries {0:?}, which has no place beside a code")]
    UnexpectedParameter(&'static str),
    /// Neither a code nor an error.
    #[error("the answer has neither a code nor an error")]
    NoCode,
}

/// **Proof**: a code whose `state` and `iss` were checked and that came without an error. The only key to the token
/// request; good for one.
#[derive(Debug)]
pub struct GrantedCode {
    code: AuthorizationCode,
}

impl GrantedCode {
    /// The code itself, for the token request.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.code.expose()
    }
}

impl AuthorizationResponse {
    /// Reads the parameters of a callback.
    ///
    /// # Errors
    /// When a parameter of the protocol came twice, or tokens came in the front channel.
    pub fn parse(parameters: &Parameters) -> Result<Self, AuthorizationResponseError> {
        for name in ["id_token", "access_token", "token", "response"] {
            if parameters.last(name).is_some() {
                return Err(AuthorizationResponseError::UnexpectedParameter(name));
            }
        }
        let (code, state) = (parameters.one("code")?, parameters.one("state")?);
        // The error goes to the log, where neither the code nor the state belongs, whoever repeats them.
        let clip = |text: &str, length: usize| -> String {
            let own = [code, state].into_iter().flatten().filter(|own| own.len() > 3);
            own.fold(text.to_owned(), |text, own| text.replace(own, "[redacted]")).chars().take(length).collect()
        };
        let description = parameters.one("error_description")?.map(|text| clip(text, 500));
        let error =
            parameters.one("error")?.map(|error| AuthorizationErrorResponse { error: clip(error, 100), description });
        Ok(Self {
            code: code.map(AuthorizationCode::new),
            state: state.map(str::to_owned),
            issuer: parameters.one("iss")?.map(str::to_owned),
            error,
        })
    }

    /// The state as the browser brought it: enough to find the sign-in that it may belong to, not to believe it.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The issuer that claims to answer.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Checks the answer in the order in which the standards want it: whose it is (`state`), whom it comes from (`iss`),
    /// whether it is a refusal, and only then the code.
    ///
    /// # Errors
    /// See [`AuthorizationResponseError`]; an `error` wins over a `code` that comes with it.
    pub fn accept(self, expected: &Expected<'_>) -> Result<GrantedCode, AuthorizationResponseError> {
        if !self.state.as_deref().is_some_and(|state| expected.state.matches(state)) {
            return Err(AuthorizationResponseError::StateMismatch);
        }
        if let Some(issuer) = expected.issuer {
            let wrong = match &self.issuer {
                Some(got) => got != issuer.as_str(),
                None => expected.issuer_required,
            };
            if wrong {
                let got = self.issuer.map(|got| got.chars().take(200).collect());
                return Err(AuthorizationResponseError::IssuerMismatch { expected: issuer.to_string(), got });
            }
        }
        if let Some(error) = self.error {
            return Err(AuthorizationResponseError::Refused(error));
        }
        self.code.map(|code| GrantedCode { code }).ok_or(AuthorizationResponseError::NoCode)
    }
}
