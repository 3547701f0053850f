//! How we prove to a provider who we are, wherever it asks: at the token endpoint, and at all others that want what that wants.

use authstile_oauth::client_assertion::Assertion;
use authstile_oauth::client_auth::{ClientAuthentication, Credentials};
use authstile_oauth::jose::alg::SignatureAlgorithm;
use authstile_oauth::jose::sign::SigningKey;
use authstile_oauth::secret::{ClientAssertion, ClientSecret};
use authstile_oauth::token::{RequestShape, Requester};
use authstile_oauth::word::ClientId;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response};
use url::Url;

use crate::provider::AssertionAudience;
use crate::registry::{ProviderError, Resolved};

/// The proof for one request. A client assertion in it is used up by that.
#[derive(Debug)]
pub(crate) struct ClientProof {
    pub(crate) secret: Option<ClientSecret>,
    authentication: ClientAuthentication,
    assertion: Option<ClientAssertion>,
}

impl ClientProof {
    /// Who asks an endpoint with this proof.
    pub(crate) fn requester<'a>(
        &'a self,
        endpoint: &'a Url,
        client_id: &'a ClientId,
        extra: &'a [(String, String)],
        shape: RequestShape<'a>,
    ) -> Requester<'a> {
        Requester {
            endpoint,
            client_id,
            client_secret: self.secret.as_ref(),
            authentication: self.authentication,
            assertion: self.assertion.as_ref(),
            extra,
            shape,
        }
    }

    /// What of the proof stands in a request, and must not come back into a log.
    pub(crate) fn traces(&self, request: &Request<Bytes>) -> Vec<String> {
        let header = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok());
        let header = header.and_then(|header| header.split(' ').next_back());
        let assertion = self.assertion.as_ref().map(ClientAssertion::expose);
        let secret = self.secret.as_ref().map(ClientSecret::expose);
        [header, assertion, secret].into_iter().flatten().map(str::to_owned).collect()
    }
}

impl Resolved<'_> {
    /// The client secret: ours, or one that is made of a private key.
    pub(crate) fn client_secret(&self) -> Result<Option<ClientSecret>, ProviderError> {
        match &self.entry.signer {
            Some(signer) => signer.secret(self.registry.clock.now()).map(Some).map_err(ProviderError::SignedSecret),
            None => Ok(self.entry.registration.known_secret().cloned()),
        }
    }

    /// A proof for one request, by the method that the card, the provider and our credentials choose.
    pub(crate) async fn client_proof(&self) -> Result<ClientProof, ProviderError> {
        const WHAT: &str = "a client assertion";
        let metadata = self.metadata().await?;
        let metadata = metadata.as_deref();
        let secret = self.client_secret()?;
        let ours = Credentials { secret: secret.is_some(), key: !self.entry.registration.client_keys.is_empty() };
        let methods = metadata.and_then(|metadata| metadata.token_endpoint_auth_methods.as_deref());
        let authentication = ClientAuthentication::choose(self.provider().client_authentication, methods, ours)?;
        let algorithms = metadata.and_then(|metadata| metadata.token_endpoint_auth_signing_alg_values.as_deref());
        let failed = |problem: String| ProviderError::CannotSign { what: WHAT, problem };
        let assertion = match authentication {
            ClientAuthentication::PrivateKeyJwt => {
                let (key, algorithm) = self.signing_key(WHAT, algorithms)?;
                let sign = |assertion: Assertion<'_>| assertion.sign(key, algorithm);
                Some(self.assert(sign).await?.map_err(|error| failed(error.to_string()))?)
            }
            ClientAuthentication::SecretJwt => {
                if algorithms.is_some_and(|algorithms| !algorithms.iter().any(|name| name == "HS256")) {
                    return Err(failed("client_secret_jwt is HS256 here, which the provider does not take".to_owned()));
                }
                let secret = secret.as_ref().ok_or_else(|| failed("there is no client secret".to_owned()))?;
                let sign = |assertion: Assertion<'_>| assertion.sign_with_secret(secret);
                Some(self.assert(sign).await?.map_err(|error| failed(error.to_string()))?)
            }
            _ => None,
        };
        Ok(ClientProof { secret, authentication, assertion })
    }

    /// Makes an assertion for one request.
    async fn assert<T>(&self, sign: impl FnOnce(Assertion<'_>) -> T) -> Result<T, ProviderError> {
        let audience = match (self.provider().assertion_audience, &self.entry.issuer) {
            (AssertionAudience::Issuer, Some(issuer)) => issuer.as_str().to_owned(),
            _ => self.token_endpoint().await?.into(),
        };
        let id = self.unique_id("a client assertion")?;
        let now = self.registry.clock.now().seconds();
        Ok(sign(Assertion { client_id: &self.entry.client_id, audience: &audience, id: &id, now }))
    }

    /// The `jti` of a JWT of ours.
    pub(crate) fn unique_id(&self, what: &'static str) -> Result<String, ProviderError> {
        let failed =
            |error: crate::random::NoRandomness| ProviderError::CannotSign { what, problem: error.to_string() };
        self.registry.random.uuid().map_err(failed)
    }

    /// The key to sign with, and how.
    pub(crate) fn signing_key(
        &self,
        what: &'static str,
        advertised: Option<&[String]>,
    ) -> Result<(&SigningKey, SignatureAlgorithm), ProviderError> {
        let keys = &self.entry.registration.client_keys;
        keys.choose(advertised).ok_or_else(|| ProviderError::CannotSign {
            what,
            problem: match (keys.is_empty(), advertised) {
                (true, _) => "there is no private key: give the registration one with `.client_keys(…)`".to_owned(),
                (false, advertised) => {
                    let advertised = advertised.unwrap_or_default();
                    format!("the provider takes {advertised:?}, and no key of ours can sign with any of them")
                }
            },
        })
    }

    /// Sends a request to an endpoint at which we prove who we are, or where a token is used: with our certificate, if we
    /// have one for this provider.
    pub(crate) async fn send(
        &self,
        what: &'static str,
        mut request: Request<Bytes>,
        secrets: &[&str],
    ) -> Result<Response<Bytes>, ProviderError> {
        if let Some(certificate) = &self.entry.certificate {
            request.extensions_mut().insert(certificate.clone());
        }
        self.registry.send(what, request, secrets).await
    }
}
