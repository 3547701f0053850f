//! How calls reach the management API: with a token of the client's own, which is fetched once and kept.

use std::fmt;
use std::sync::Arc;

use authstile::clock::{Clock, UnixTime};
use authstile::{ConfigError, Transport};
use authstile_oauth::secret::{AccessToken, ClientSecret};
use authstile_oauth::token::{self, TokenError};
use authstile_oauth::word::{ClientId, Issuer};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::error::{ManagementError, clip};
use super::kept::Kept;

/// Seconds before its end at which a token is not used any more.
const MARGIN: i64 = 60;
/// Seconds that a token is used when nobody says how long it lives.
const UNSAID: i64 = 300;

/// The client of one environment.
pub(super) struct Client {
    pub(super) environment: Issuer,
    client_id: ClientId,
    client_secret: ClientSecret,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    token: Kept<AccessToken>,
}

impl Client {
    pub(super) fn new(
        environment_url: &str,
        client_id: String,
        client_secret: ClientSecret,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        let wrong = |problem| ConfigError::Provider { provider: "Scalekit management".to_owned(), problem };
        let environment = environment_url.strip_suffix('/').unwrap_or(environment_url);
        let environment = Issuer::parse(environment).map_err(|error| wrong(error.to_string()))?;
        let client_id = ClientId::parse(client_id).map_err(|error| wrong(error.to_string()))?;
        if client_secret.expose().is_empty() {
            return Err(wrong("the client secret is empty".to_owned()));
        }
        Ok(Self { environment, client_id, client_secret, transport, clock, token: Kept::default() })
    }

    pub(super) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Sends a call and reads its answer. A token that is refused is replaced, once.
    ///
    /// `target` is what follows `/api/v1/`; whatever of it came from outside has been checked or encoded.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        what: &'static str,
        method: Method,
        target: &str,
    ) -> Result<T, ManagementError> {
        let mut token = self.token(None).await?;
        let mut answer = self.ask(&method, target, &token).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            token = self.token(Some(&token)).await?;
            answer = self.ask(&method, target, &token).await?;
        }
        let (parts, body) = answer.into_parts();
        tracing::debug!(what, %method, status = parts.status.as_u16(), "called the management API");
        if !parts.status.is_success() {
            let secrets = [token.expose(), self.client_secret.expose()];
            return Err(ManagementError::of_answer(parts.status, &parts.headers, &body, &secrets));
        }
        serde_json::from_slice(&body).map_err(|error| {
            let problem = format!("{:?}, line {} column {}", error.classify(), error.line(), error.column());
            ManagementError::Unusable { what, status: parts.status.as_u16(), problem }
        })
    }

    async fn ask(
        &self,
        method: &Method,
        target: &str,
        token: &AccessToken,
    ) -> Result<Response<Bytes>, ManagementError> {
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|_| ManagementError::Unwritable)?;
        authorization.set_sensitive(true);
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/api/v1/{target}", self.environment))
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, authorization)
            .body(Bytes::new())
            .map_err(|_| ManagementError::Unwritable)?;
        Ok(self.transport.send(request).await?)
    }

    async fn token(&self, refused: Option<&Arc<AccessToken>>) -> Result<Arc<AccessToken>, ManagementError> {
        let now = self.now();
        self.token.get(now, refused, || self.fetch_token(now)).await
    }

    /// RFC 6749 §4.4, with id and secret in the form, as Scalekit's own SDKs have them.
    async fn fetch_token(&self, now: UnixTime) -> Result<(AccessToken, UnixTime), ManagementError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", self.client_id.as_str())
            .append_pair("client_secret", self.client_secret.expose())
            .finish();
        let request = Request::post(format!("{}/oauth/token", self.environment))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form))
            .map_err(|_| ManagementError::Unwritable)?;
        let answer = self.transport.send(request).await?;
        let status = answer.status();
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let secrets = [self.client_secret.expose()];
            return Err(ManagementError::of_answer(status, answer.headers(), answer.body(), &secrets));
        }
        let tokens = token::parse(status, answer.body()).map_err(|error| self.refused(error, status))?;
        let seconds = tokens.expires_in.unwrap_or(UNSAID);
        let seconds = seconds.saturating_sub(MARGIN).max(seconds / 2);
        Ok((tokens.access_token, now.plus_seconds(seconds)))
    }

    /// A refusal keeps its code and nothing else: its words may repeat what was sent.
    fn refused(&self, error: TokenError, status: StatusCode) -> ManagementError {
        let status = status.as_u16();
        match error {
            TokenError::Refused { error, .. } => {
                let is_code = error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                let error = if is_code && !error.contains(self.client_secret.expose()) {
                    error
                } else {
                    "[redacted]".to_owned()
                };
                ManagementError::Credentials { status, error }
            }
            TokenError::NotATokenResponse { problem, .. } => {
                ManagementError::Unusable { what: "the token endpoint", status, problem: clip(&problem) }
            }
            other => {
                ManagementError::Unusable { what: "the token endpoint", status, problem: clip(&other.to_string()) }
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("environment", &self.environment)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
