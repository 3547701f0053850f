//! Token exchange (RFC 8693): one token becomes another, for another API or with less in it.

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use crate::secret::AccessToken;
use crate::token::{Requester, TokenResponse};

/// What kind of token it is (RFC 8693 §3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TokenType {
    /// `urn:ietf:params:oauth:token-type:access_token`.
    #[default]
    AccessToken,
    /// `urn:ietf:params:oauth:token-type:refresh_token`.
    RefreshToken,
    /// `urn:ietf:params:oauth:token-type:id_token`.
    IdToken,
    /// `urn:ietf:params:oauth:token-type:jwt`.
    Jwt,
    /// `urn:ietf:params:oauth:token-type:saml1`.
    Saml1,
    /// `urn:ietf:params:oauth:token-type:saml2`.
    Saml2,
    /// Another URI.
    Other(String),
}

impl TokenType {
    const ALL: [Self; 6] = [Self::AccessToken, Self::RefreshToken, Self::IdToken, Self::Jwt, Self::Saml1, Self::Saml2];

    /// The URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
            Self::Saml1 => "urn:ietf:params:oauth:token-type:saml1",
            Self::Saml2 => "urn:ietf:params:oauth:token-type:saml2",
            Self::Other(uri) => uri,
        }
    }

    /// Reads a URI.
    #[must_use]
    pub fn parse(uri: &str) -> Self {
        Self::ALL.into_iter().find(|known| known.as_str() == uri).unwrap_or_else(|| Self::Other(uri.to_owned()))
    }
}

/// What a token is exchanged for.
///
/// ```
/// use authstile_oauth::token_exchange::TokenExchange;
///
/// let exchange = TokenExchange::new().audience("https://reports.acme.example").scope("reports:read");
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct TokenExchange {
    audiences: Vec<String>,
    resources: Vec<String>,
    scope: Option<String>,
    requested: TokenType,
    actor: Option<(AccessToken, TokenType)>,
}

impl TokenExchange {
    /// For an access token, as the provider makes it when nothing more is said.
    pub fn new() -> Self {
        Self::default()
    }

    /// By which name the provider knows whom the new token is for; may be said more than once.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Where the new token is to be used: an absolute URI without fragment (RFC 8707 §2); may be said more than once.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// What the new token is to be good for, separated by blanks.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Another kind than an access token.
    pub fn requested_token_type(mut self, kind: TokenType) -> Self {
        self.requested = kind;
        self
    }

    /// Who acts for the person, as the new token will say in `act` (RFC 8693 §4.1).
    pub fn actor(mut self, token: AccessToken, kind: TokenType) -> Self {
        self.actor = Some((token, kind));
        self
    }

    /// The kind that is asked for.
    #[must_use]
    pub fn requested(&self) -> &TokenType {
        &self.requested
    }

    /// The actor's token, which belongs into no log.
    #[must_use]
    pub fn actor_token(&self) -> Option<&AccessToken> {
        self.actor.as_ref().map(|(token, _)| token)
    }
}

impl Requester<'_> {
    /// Asks for another token in exchange for an access token (RFC 8693 §2.1).
    ///
    /// # Errors
    /// When it cannot be written as a request.
    pub fn exchange_token(
        &self,
        subject: &AccessToken,
        exchange: &TokenExchange,
    ) -> Result<Request<Bytes>, http::Error> {
        let mut parameters = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", subject.expose()),
            ("subject_token_type", TokenType::AccessToken.as_str()),
            ("requested_token_type", exchange.requested.as_str()),
        ];
        parameters.extend(exchange.audiences.iter().map(|audience| ("audience", audience.as_str())));
        parameters.extend(exchange.resources.iter().map(|resource| ("resource", resource.as_str())));
        parameters.extend(exchange.scope.iter().map(|scope| ("scope", scope.as_str())));
        if let Some((token, kind)) = &exchange.actor {
            parameters.extend([("actor_token", token.expose()), ("actor_token_type", kind.as_str())]);
        }
        self.request(parameters)
    }
}

/// The answer is no token of the kind that was asked for (RFC 8693 §2.2.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the token exchange issued {got:?}, expected {expected:?}")]
pub struct OtherTokenType {
    /// The URI that was asked for.
    pub expected: String,
    /// `issued_token_type`; `None` when the answer has none.
    pub got: Option<String>,
}

/// Checks that the answer is what was asked for: nothing else may be shown in its place.
///
/// # Errors
/// See [`OtherTokenType`].
pub fn check(tokens: &TokenResponse, exchange: &TokenExchange) -> Result<(), OtherTokenType> {
    let got = tokens.other.get("issued_token_type").and_then(Value::as_str);
    if got == Some(exchange.requested.as_str()) {
        return Ok(());
    }
    let got = got.map(|uri| uri.chars().take(200).collect());
    Err(OtherTokenType { expected: exchange.requested.as_str().to_owned(), got })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_auth::ClientAuthentication;
    use crate::token::{self, RequestShape};
    use crate::word::ClientId;
    use http::StatusCode;
    use url::Url;

    #[test]
    fn the_request_is_that_of_rfc_8693() {
        let requester = Requester {
            endpoint: &Url::parse("https://op.example/token").unwrap(),
            client_id: &ClientId::parse("app").unwrap(),
            client_secret: None,
            authentication: ClientAuthentication::None,
            assertion: None,
            extra: &[],
            shape: RequestShape::default(),
        };
        let exchange = TokenExchange::new()
            .audience("a")
            .audience("b")
            .resource("https://api.example/")
            .scope("read")
            .requested_token_type(TokenType::Jwt)
            .actor(AccessToken::new("agent's"), TokenType::IdToken);
        let request = requester.exchange_token(&AccessToken::new("ada's"), &exchange).unwrap();
        let urn = |kind: &str| format!("urn:ietf:params:oauth:token-type:{kind}");
        let form: Vec<(String, String)> = form_urlencoded::parse(request.body()).into_owned().collect();
        let expected = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", "ada's"),
            ("subject_token_type", &urn("access_token")),
            ("requested_token_type", &urn("jwt")),
            ("audience", "a"),
            ("audience", "b"),
            ("resource", "https://api.example/"),
            ("scope", "read"),
            ("actor_token", "agent's"),
            ("actor_token_type", &urn("id_token")),
            ("client_id", "app"),
        ];
        assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(!format!("{exchange:?}").contains("agent's"));
    }

    #[test]
    fn only_what_was_asked_for_is_taken() {
        let answer = |kind: &str| {
            let body = format!(r#"{{"access_token":"t","token_type":"Bearer"{kind}}}"#);
            token::parse(StatusCode::OK, body.as_bytes()).unwrap()
        };
        let issued = |kind: &str| answer(&format!(r#","issued_token_type":"{kind}""#));
        let exchange = TokenExchange::new();
        assert_eq!(check(&issued(TokenType::AccessToken.as_str()), &exchange), Ok(()));
        for wrong in [answer(""), issued(""), issued(TokenType::Jwt.as_str()), issued("access_token")] {
            assert!(check(&wrong, &exchange).is_err());
        }
        assert_eq!(TokenType::parse(TokenType::Saml2.as_str()), TokenType::Saml2);
        assert_eq!(TokenType::parse("urn:x"), TokenType::Other("urn:x".to_owned()));
    }
}
