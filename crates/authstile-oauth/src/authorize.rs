//! The authorization endpoint: what we ask (RFC 6749 §4.1.1) and what the browser carries back (§4.1.2, RFC 9207).

use serde::{Deserialize, Serialize};
use url::Url;

use crate::form::{Parameters, Repeated};
use crate::jarm::JarmError;
use crate::pkce::PkceChallenge;
use crate::secret::AuthorizationCode;
use crate::word::{ClientId, Issuer, Nonce, RedirectUri, State};

/// Names that belong to the protocol: neither an application's nor a browser's extra parameter can take them.
pub const PROTOCOL_PARAMETERS: [&str; 15] = [
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
    "client_assertion",
    "client_assertion_type",
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
    /// Signed, in the way that goes with the response type: for a code, in the query (JARM §2.3.4).
    Jwt,
    /// Signed, in the query of a redirect (JARM §2.3.1).
    #[serde(rename = "query.jwt")]
    QueryJwt,
    /// Signed, as a form that the browser posts (JARM §2.3.3).
    #[serde(rename = "form_post.jwt")]
    FormPostJwt,
}

impl ResponseMode {
    /// The name in the OAuth registry.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
            Self::Jwt => "jwt",
            Self::QueryJwt => "query.jwt",
            Self::FormPostJwt => "form_post.jwt",
        }
    }

    /// Whether the browser posts the answer: a request from another site, which brings only cookies that are meant for it.
    #[must_use]
    pub fn is_form_post(self) -> bool {
        matches!(self, Self::FormPost | Self::FormPostJwt)
    }

    /// Whether the answer is signed (JARM): see [`jarm::verify`](crate::jarm::verify).
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Jwt | Self::QueryJwt | Self::FormPostJwt)
    }
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
        self.url_with(self.parameters())
    }

    /// Everything that is asked, in order; to be sent as it is, to be signed, or to be pushed.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, String)> {
        let mut parameters: Vec<(&str, &str)> = vec![
            ("response_type", self.response_type),
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
        ];
        if !self.scope.is_empty() {
            parameters.push(("scope", self.scope));
        }
        if self.response_mode != ResponseMode::Query {
            parameters.push(("response_mode", self.response_mode.as_str()));
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
        for (name, _) in parameters.iter_mut().filter(|(name, _)| *name != "state") {
            *name = self.renamed(name);
        }
        // What a protocol parameter is renamed to is one, too.
        let extra = self.extra.iter().filter(|(name, _)| {
            !PROTOCOL_PARAMETERS.contains(&name.as_str()) && !self.rename.iter().any(|(_, other)| other == name)
        });
        let extra: Vec<(&str, &str)> = extra.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        parameters.splice(first..first, extra);
        parameters.retain(|(name, _)| !name.is_empty());
        parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// What stands beside a signed request object, and the object: `client_id` (RFC 9101 §5), and what OpenID Connect
    /// wants to see outside of it as well (OpenID Connect Core §6.1). Outside and inside they are equal.
    #[must_use]
    pub fn signed_parameters(&self, request_object: &str) -> Vec<(String, String)> {
        let mut parameters = vec![("response_type", self.response_type), ("client_id", self.client_id.as_str())];
        if !self.scope.is_empty() {
            parameters.push(("scope", self.scope));
        }
        parameters.push(("request", request_object));
        parameters.into_iter().map(|(name, value)| (self.renamed(name).to_owned(), value.to_owned())).collect()
    }

    /// The URL with a signed request object (RFC 9101 §5.1).
    #[must_use]
    pub fn signed_url(&self, request_object: &str) -> Url {
        self.url_with(self.signed_parameters(request_object))
    }

    /// The URL with the reference to what was pushed: that, and who we are, and nothing else (RFC 9126 §4).
    #[must_use]
    pub fn pushed_url(&self, request_uri: &str) -> Url {
        let parameters = [(self.renamed("client_id"), self.client_id.as_str()), ("request_uri", request_uri)];
        self.url_with(parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }

    fn renamed<'n>(&'n self, known: &'n str) -> &'n str {
        let renamed = self.rename.iter().find(|(name, other)| *name == known && *other != "state");
        renamed.map_or(known, |(_, other)| other)
    }

    fn url_with(&self, parameters: Vec<(String, String)>) -> Url {
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
    #[error("the answer carries {0:?}, which has no place in it")]
    UnexpectedParameter(&'static str),
    /// Neither a code nor an error.
    #[error("the answer has neither a code nor an error")]
    NoCode,
    /// A signed answer was asked for (JARM), and another came; `error` is what it says, if it says so.
    #[error("a signed answer was asked for, but the answer is not signed{}", .error.as_ref().map(|error| format!("; it says {error:?}")).unwrap_or_default())]
    Unsigned {
        /// The code of an error, which anybody may have written.
        error: Option<String>,
    },
    /// The signed answer is not good.
    #[error("the signed answer: {0}")]
    Signed(#[from] JarmError),
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

/// The signed answer of a callback (JARM §2.3), not believed yet. Beside it nothing is accepted that means something in an
/// answer: whoever adds it hopes that it is read.
///
/// # Errors
/// When there is none, or something stands beside it.
pub fn signed_response(parameters: &Parameters) -> Result<&str, AuthorizationResponseError> {
    let clip = |error: &str| error.chars().take(100).collect();
    let Some(response) = parameters.one("response")? else {
        return Err(AuthorizationResponseError::Unsigned { error: parameters.last("error").map(clip) });
    };
    for name in ["code", "state", "iss", "error", "id_token", "access_token", "token"] {
        if parameters.last(name).is_some() {
            return Err(AuthorizationResponseError::UnexpectedParameter(name));
        }
    }
    Ok(response)
}

impl AuthorizationResponse {
    /// Reads the parameters of a callback; of a signed one, those that [`jarm::verify`](crate::jarm::verify) found.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkce::PkceVerifier;

    fn with<T>(response_mode: ResponseMode, look: impl FnOnce(AuthorizationRequest<'_>) -> T) -> T {
        let verifier = PkceVerifier::from_text("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        look(AuthorizationRequest {
            endpoint: &Url::parse("https://op.example/authorize?tenant=1").unwrap(),
            response_type: "code",
            client_id: &ClientId::parse("client").unwrap(),
            redirect_uri: &RedirectUri::parse("https://app.example/cb").unwrap(),
            scope: "openid",
            response_mode,
            state: &State::from_text("s"),
            nonce: Some(&Nonce::from_text("n")),
            challenge: Some(&verifier.challenge()),
            dpop_jkt: Some("thumbprint"),
            extra: &[("login_hint".to_owned(), "ada@example.com".to_owned())],
            rename: &[],
            fragment: None,
        })
    }

    #[test]
    fn a_pushed_request_leaves_only_its_reference_to_the_browser() {
        let url = with(ResponseMode::Query, |request| request.pushed_url("urn:x:1"));
        assert_eq!(url.as_str(), "https://op.example/authorize?tenant=1&client_id=client&request_uri=urn%3Ax%3A1");
    }

    #[test]
    fn a_signed_request_shows_what_the_standards_want_to_see_and_nothing_else() {
        let url = with(ResponseMode::Query, |request| request.signed_url("a.b.c"));
        let query = "tenant=1&response_type=code&client_id=client&scope=openid&request=a.b.c";
        assert_eq!(url.query(), Some(query));
    }

    #[test]
    fn every_response_mode_but_the_default_is_asked_for_by_its_name() {
        use ResponseMode::{FormPost, FormPostJwt, Jwt, Query, QueryJwt};
        for mode in [Query, FormPost, Jwt, QueryJwt, FormPostJwt] {
            let parameters = with(mode, |request| request.parameters());
            let asked = parameters.iter().find(|(name, _)| name == "response_mode").map(|(_, value)| value.as_str());
            assert_eq!(asked, (mode != Query).then_some(mode.as_str()));
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.as_str());
        }
    }

    #[test]
    fn nothing_stands_beside_a_signed_answer() {
        let read = |text: &str| signed_response(&Parameters::parse(text.as_bytes())).map(str::to_owned);
        assert_eq!(read("response=a.b.c"), Ok("a.b.c".to_owned()));
        assert_eq!(read("response=a.b.c&session_state=x"), Ok("a.b.c".to_owned()));
        for (text, words) in [
            ("code=1&state=2", "is not signed"),
            ("error=invalid_request&state=2", r#"it says "invalid_request""#),
            ("response=a&response=b", "more than once"),
            ("response=a.b.c&code=1", r#"carries "code""#),
            ("response=a.b.c&state=1", r#"carries "state""#),
            ("response=a.b.c&iss=1", r#"carries "iss""#),
            ("response=a.b.c&error=1", r#"carries "error""#),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(words), "{error} should say {words}");
        }
    }
}
