//! The authorization endpoint: what a provider is asked, in whatever way it wants to be asked, and what the browser carries
//! back.

use authstile_oauth::authorize::{
    AuthorizationRequest, AuthorizationResponse, Expected, GrantedCode, PROTOCOL_PARAMETERS, signed_response,
};
use authstile_oauth::form::Parameters;
use authstile_oauth::jarm::{self, JarmError};
use authstile_oauth::jose::jwk::{JwkSet, KeyError};
use authstile_oauth::jose::jws::SignatureError;
use authstile_oauth::metadata::ServerMetadata;
use authstile_oauth::pkce::PkceVerifier;
use authstile_oauth::pushed::{self, PushedRequestError};
use authstile_oauth::request_object;
use authstile_oauth::tenant::Tenants;
use authstile_oauth::token::RequestShape;
use authstile_oauth::word::{Nonce, RedirectUri, State};
use url::Url;

use crate::provider::{NonceUse, Pkce, Protocol, PushedRequests, RequestObject};
use crate::redact::without;
use crate::registry::{ProviderError, Resolved};

impl Resolved<'_> {
    /// Station *ask*: the URL that the browser is sent to.
    pub(crate) async fn authorization_url(
        &self,
        redirect_uri: &RedirectUri,
        state: &State,
        nonce: &Nonce,
        verifier: &PkceVerifier,
        asked: &[(String, String)],
        dpop_jkt: Option<&str>,
    ) -> Result<Url, ProviderError> {
        let provider = self.provider();
        let endpoint = self
            .endpoint("authorization_endpoint", self.entry.endpoints.authorization.as_ref(), |metadata| {
                metadata.authorization_endpoint.as_ref()
            })
            .await?;
        // Without a token endpoint nobody could come back: better said before the visitor leaves than after.
        self.token_endpoint().await?;
        let challenge = match provider.pkce {
            Pkce::S256 => Some(verifier.challenge()),
            Pkce::Plain => Some(verifier.plain_challenge()),
            Pkce::None => None,
        };
        let extra: Vec<(String, String)> = asked.iter().chain(&self.entry.resources).cloned().collect();
        let request = AuthorizationRequest {
            endpoint: &endpoint,
            response_type: provider.response_type,
            client_id: &self.entry.client_id,
            redirect_uri,
            scope: &self.entry.scope,
            response_mode: provider.response_mode,
            state,
            nonce: (provider.protocol == Protocol::Oidc && provider.nonce == NonceUse::Send).then_some(nonce),
            challenge: challenge.as_ref(),
            dpop_jkt,
            extra: &extra,
            rename: provider.authorization_rename,
            fragment: provider.authorization_fragment,
        };
        let metadata = self.metadata().await?;
        let metadata = metadata.as_deref();
        let must_sign = metadata.is_some_and(|metadata| metadata.require_signed_request_object);
        let object = match must_sign || provider.request_object == RequestObject::Signed {
            true => Some(self.request_object(&request, metadata)?),
            false => None,
        };
        if self.pushes(metadata) {
            let parameters = match &object {
                Some(object) => request.signed_parameters(object),
                None => request.parameters(),
            };
            return Ok(request.pushed_url(&self.push(&parameters).await?));
        }
        Ok(object.map_or_else(|| request.url(), |object| request.signed_url(&object)))
    }

    /// Signs a request (RFC 9101 §4).
    fn request_object(
        &self,
        request: &AuthorizationRequest<'_>,
        metadata: Option<&ServerMetadata>,
    ) -> Result<String, ProviderError> {
        const WHAT: &str = "the request object";
        let failed = |problem: String| ProviderError::CannotSign { what: WHAT, problem };
        let advertised = metadata.and_then(|metadata| metadata.request_object_signing_alg_values.as_deref());
        let (key, algorithm) = self.signing_key(WHAT, advertised)?;
        let issuer = self.entry.issuer.as_ref().ok_or(ProviderError::MissingEndpoint("issuer"))?;
        let (id, now) = (self.unique_id(WHAT)?, self.registry.clock.now().seconds());
        let object = request_object::RequestObject { client_id: &self.entry.client_id, issuer, id: &id, now };
        object.sign(&request.parameters(), key, algorithm).map_err(|error| failed(error.to_string()))
    }

    /// Whether requests are pushed.
    fn pushes(&self, metadata: Option<&ServerMetadata>) -> bool {
        let is_required = metadata.is_some_and(|metadata| metadata.require_pushed_authorization_requests);
        let offered = metadata.and_then(|metadata| metadata.pushed_authorization_request_endpoint.as_ref());
        match self.provider().pushed_requests {
            PushedRequests::WhenRequired => is_required,
            PushedRequests::WhenOffered => is_required || self.entry.endpoints.pushed.is_some() || offered.is_some(),
            PushedRequests::Always => true,
            PushedRequests::Never => false,
        }
    }

    /// Pushes a request, and returns the reference to it (RFC 9126 §2). The browser is sent on at once, so that it comes
    /// well before the reference expires.
    async fn push(&self, parameters: &[(String, String)]) -> Result<String, ProviderError> {
        const NAME: &str = "pushed_authorization_request_endpoint";
        let endpoint = self
            .endpoint(NAME, self.entry.endpoints.pushed.as_ref(), |metadata| {
                metadata.pushed_authorization_request_endpoint.as_ref()
            })
            .await?;
        let proof = self.client_proof().await?;
        let requester = proof.requester(&endpoint, &self.entry.client_id, &[], RequestShape::default());
        let request = requester.push(parameters).map_err(|_| ProviderError::Unwritable)?;
        let mut sent = proof.traces(&request);
        let secret = parameters.iter().filter(|(name, _)| matches!(name.as_str(), "state" | "nonce" | "request"));
        sent.extend(secret.map(|(_, value)| value.clone()));
        let response = self.send(NAME, request, &[]).await?;
        let (status, body) = (response.status(), response.body());
        // As at the token endpoint: a refusal is read once more without what we sent.
        let clean = || without(&String::from_utf8_lossy(body), sent.iter().map(String::as_str));
        let unreadable = || PushedRequestError::Refused {
            status: status.as_u16(),
            error: "[redacted]".to_owned(),
            description: None,
        };
        let read = pushed::parse(status, body)
            .map_err(|_| pushed::parse(status, clean().as_bytes()).err().unwrap_or_else(unreadable))?;
        Ok(read.request_uri)
    }

    /// The authorization parameters of one sign-in: what the registration pins, then what the server chose for this
    /// visitor, then what the browser may add.
    pub(crate) fn authorization_params<'b>(
        &self,
        chosen: Vec<(String, String)>,
        browser: impl Iterator<Item = (&'b str, &'b str)>,
    ) -> Vec<(String, String)> {
        let registration = &self.entry.registration;
        let mut asked = Vec::new();
        self.add(&mut asked, self.entry.authorization_params.iter().cloned());
        self.add(&mut asked, chosen.into_iter());
        let browser = browser.filter(|(name, _)| registration.lets_browsers_set(name) && !self.entry.pins(name));
        self.add(&mut asked, browser.map(|(name, value)| (name.to_owned(), value.to_owned())));
        asked
    }

    /// Adds parameters of one source, which can replace neither the protocol's own nor those of the sources before, and
    /// can route no further where one of those has routed already. Of its own repeated names the last wins.
    fn add(&self, asked: &mut Vec<(String, String)>, source: impl Iterator<Item = (String, String)>) {
        let routing = self.entry.registration.routing;
        let routed = asked.iter().any(|(name, _)| routing.contains(&name.as_str()));
        let before = asked.len();
        for (name, value) in source {
            let taken = asked.iter().take(before).any(|(known, _)| *known == name);
            if taken || PROTOCOL_PARAMETERS.contains(&name.as_str()) || (routed && routing.contains(&name.as_str())) {
                continue;
            }
            match asked.iter_mut().skip(before).find(|(known, _)| *known == name) {
                Some((_, known)) => *known = value,
                None => asked.push((name, value)),
            }
        }
    }

    /// The parameters of a signed answer (JARM): verified, but not yet compared with what was asked.
    pub(crate) async fn open_response(&self, parameters: &Parameters) -> Result<Parameters, ProviderError> {
        let response = signed_response(parameters)?;
        let now = self.registry.clock.now().seconds();
        let verify = |keys: &JwkSet, metadata: &ServerMetadata| {
            let expected = jarm::Expected {
                issuer: &metadata.issuer,
                client_id: &self.entry.client_id,
                algorithms: &metadata.authorization_signing_alg_values,
                now,
            };
            jarm::verify(response, keys, &expected)
        };
        let unknown_key =
            |error: &JarmError| matches!(error, JarmError::Signature(SignatureError::Key(KeyError::UnknownKid { .. })));
        let verdict = self.with_keys(verify, unknown_key).await?;
        Ok(verdict.map_err(authstile_oauth::authorize::AuthorizationResponseError::from)?)
    }

    /// Station *accept*: is this the answer to that question?
    pub(crate) async fn accept(
        &self,
        response: AuthorizationResponse,
        state: &State,
    ) -> Result<GrantedCode, ProviderError> {
        let metadata = self.metadata().await?;
        let issuer_required = metadata.as_ref().is_some_and(|metadata| metadata.authorization_response_iss);
        // Which tenant it was, the ID token says; that it was one of this provider's, `iss` may say already.
        let is_tenant = |tenants: &Tenants| response.issuer().is_some_and(|issuer| tenants.fits(issuer));
        let is_tenant = metadata.as_ref().and_then(|metadata| metadata.tenants.as_ref()).is_some_and(is_tenant);
        let issuer = self.entry.issuer.as_ref().filter(|_| !is_tenant);
        Ok(response.accept(&Expected { state, issuer, issuer_required })?)
    }
}
