//! The token endpoint, asked and understood as the card says; and those that are asked like it.

use authstile_oauth::authorize::GrantedCode;
use authstile_oauth::pkce::PkceVerifier;
use authstile_oauth::secret::RefreshToken;
use authstile_oauth::token::{self, AnswerShape, RequestShape, Requester, Sending, TokenError, TokenResponse};
use authstile_oauth::word::RedirectUri;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;
use url::Url;

use crate::client_proof::ClientProof;
use crate::dpop::{ProofError, ProofKey, Prover, Proving, SenderConstraint};
use crate::entry::Templates;
use crate::model::Claims;
use crate::profile::Sources;
use crate::provider::{Pkce, Sent, Values};
use crate::redact::without;
use crate::registry::{ProviderError, Resolved};

/// An endpoint at which we say who we are.
#[derive(Debug)]
pub(crate) struct Endpoint<'a> {
    /// For logs.
    pub(crate) what: &'static str,
    pub(crate) url: &'a Url,
    /// Whether the card says how it is asked; the endpoints that came after RFC 6749 are asked as their standards say.
    pub(crate) is_as_card_says: bool,
}

impl Resolved<'_> {
    /// Station *exchange*: a checked code becomes tokens.
    pub(crate) async fn exchange(
        &self,
        code: GrantedCode,
        verifier: PkceVerifier,
        redirect_uri: &RedirectUri,
        prover: Option<&Prover>,
    ) -> Result<TokenResponse, ProviderError> {
        let sent = vec![code.expose().to_owned(), verifier.expose().to_owned()];
        let endpoint = self.token_endpoint().await?;
        let verifier = (self.provider().pkce != Pkce::None).then_some(&verifier);
        let request = |requester: &Requester<'_>| requester.exchange(&code, verifier, redirect_uri);
        self.ask_for_tokens(endpoint, request, prover, self.token_types(prover), sent).await
    }

    /// A refresh token becomes new tokens, with the key of the old ones.
    pub(crate) async fn refresh(
        &self,
        refresh_token: &RefreshToken,
        prover: Option<&Prover>,
    ) -> Result<TokenResponse, ProviderError> {
        let sent = vec![refresh_token.expose().to_owned()];
        let endpoint = match &self.entry.endpoints.refresh {
            Some(url) => url.clone(),
            None => self.token_endpoint().await?,
        };
        let request = |requester: &Requester<'_>| requester.refresh(refresh_token);
        self.ask_for_tokens(endpoint, request, prover, self.token_types(prover), sent).await
    }

    /// The key of a new session, if its tokens are to be bound to one.
    pub(crate) async fn proof_key(&self) -> Result<Option<ProofKey>, ProviderError> {
        let constraint = self.entry.registration.sender_constraint;
        if constraint == SenderConstraint::None {
            return Ok(None);
        }
        let metadata = self.metadata().await?;
        let advertised = metadata.as_ref().and_then(|metadata| metadata.dpop_signing_alg_values.as_ref());
        let is_common = advertised.map(|list| list.iter().any(|name| name == "ES256"));
        match (constraint, advertised, is_common) {
            (SenderConstraint::Dpop, Some(advertised), Some(false)) => {
                Err(ProofError::NoCommonAlgorithm { advertised: advertised.clone() }.into())
            }
            (SenderConstraint::DpopWhenOffered, _, None | Some(false)) => Ok(None),
            _ => Ok(Some(ProofKey::generate()?)),
        }
    }

    /// The types of token that are accepted: what is to be bound is taken in no other way.
    pub(crate) fn token_types(&self, prover: Option<&Prover>) -> &'static [&'static str] {
        match (self.entry.registration.sender_constraint, prover) {
            (SenderConstraint::Dpop, _) => &["dpop"],
            (_, Some(prover)) if prover.is_bound => &["dpop"],
            (_, Some(_)) => &["dpop", "bearer"],
            (_, None) => &["bearer"],
        }
    }

    /// Asks the token endpoint. What was `sent` must not come back into a log.
    pub(crate) async fn ask_for_tokens(
        &self,
        url: Url,
        request: impl Fn(&Requester<'_>) -> Result<Request<Bytes>, http::Error>,
        prover: Option<&Prover>,
        token_types: &[&'static str],
        mut sent: Vec<String>,
    ) -> Result<TokenResponse, ProviderError> {
        if prover.is_none() && self.entry.registration.sender_constraint == SenderConstraint::Dpop {
            return Err(ProofError::NoKey.into());
        }
        let endpoint = Endpoint { what: "token endpoint", url: &url, is_as_card_says: true };
        let response = self.ask_endpoint(&endpoint, request, prover, &mut sent).await?;
        let (status, body) = (response.status(), response.into_body());
        // A provider may repeat in its refusal what we sent, and the log must not. So the refusal is read once more, from
        // a body without it.
        let clean = || without(&String::from_utf8_lossy(&body), sent.iter().map(String::as_str));
        let unreadable =
            || TokenError::Refused { status: status.as_u16(), error: "[redacted]".to_owned(), description: None };
        Ok(self
            .read_tokens(status, &body, token_types)
            .map_err(|_| self.read_tokens(status, clean().as_bytes(), token_types).err().unwrap_or_else(unreadable))?)
    }

    /// Asks an endpoint, with our credentials and, where there is a key, with a proof; once more if the server wants a
    /// nonce in it. Each attempt is written anew: what proves who we are may be good for one request.
    pub(crate) async fn ask_endpoint(
        &self,
        endpoint: &Endpoint<'_>,
        request: impl Fn(&Requester<'_>) -> Result<Request<Bytes>, http::Error>,
        prover: Option<&Prover>,
        sent: &mut Vec<String>,
    ) -> Result<Response<Bytes>, ProviderError> {
        let mut proving = Proving::new(prover, None, &self.registry.nonces);
        sent.extend(self.entry.secret_options().map(str::to_owned));
        loop {
            let proof = self.client_proof().await?;
            let request = proving.prove(self.write(endpoint, &request, &proof, sent)?)?;
            let response = self.send(endpoint.what, request, &[]).await?;
            if !proving.again(&response) {
                sent.append(&mut proving.proofs);
                return Ok(response);
            }
        }
    }

    /// Writes a request with our credentials, and adds to `sent` what of it no log may see.
    fn write(
        &self,
        endpoint: &Endpoint<'_>,
        request: impl Fn(&Requester<'_>) -> Result<Request<Bytes>, http::Error>,
        proof: &ClientProof,
        sent: &mut Vec<String>,
    ) -> Result<Request<Bytes>, ProviderError> {
        let values = Values {
            options: &self.entry.options,
            client_id: Some(self.entry.client_id.as_str()),
            client_secret: proof.secret.as_ref(),
            ..Values::NONE
        };
        let fill = |templates: &Templates| -> Vec<(String, String)> {
            let filled = templates.iter().map(|(name, template)| Some(((*name).to_owned(), template.fill(&values)?)));
            filled.flatten().collect()
        };
        let talk = &self.entry.token;
        let (mut extra, mut query, headers) = (fill(&talk.params), fill(&talk.query), fill(&talk.headers));
        // RFC 8707 §2.2.
        extra.extend_from_slice(&self.entry.resources);
        let card = &self.provider().token_request;
        let mut sending = match card.send {
            Sent::Form => Sending::Form,
            Sent::Json => Sending::Json,
            Sent::Query => Sending::Query,
        };
        if !endpoint.is_as_card_says {
            (extra, query, sending) = (Vec::new(), Vec::new(), Sending::Form);
        }
        let shape = RequestShape { sending, query: &query, headers: &headers, rename: card.rename };
        let requester = proof.requester(endpoint.url, &self.entry.client_id, &extra, shape);
        let request = request(&requester).map_err(|_| ProviderError::Unwritable)?;
        sent.extend(proof.traces(&request));
        if let Some(secret) = &proof.secret {
            let secret = secret.expose();
            let carriers = [&extra, &query, &headers].into_iter().flatten().map(|(_, value)| value);
            sent.extend(carriers.filter(|value| value.contains(secret)).cloned());
        }
        Ok(request)
    }

    /// Reads a token answer, or the refusal that it is, whatever its status.
    fn read_tokens(
        &self,
        status: StatusCode,
        body: &[u8],
        token_types: &[&'static str],
    ) -> Result<TokenResponse, TokenError> {
        let talk = &self.entry.token;
        let answer = token::parse_members(status, body)?;
        let sources = Sources { profile: &answer, token: &Claims::new(), options: &self.entry.options };
        let found = talk.error.value(&sources).filter(|error| **error != Value::Bool(false));
        // A card that knows errors with a good status need not know those of the standard.
        let standard = || answer.get("error").filter(|error| !error.is_null() && status != StatusCode::OK);
        if let Some(error) = found.as_deref().or_else(standard) {
            let words = talk.error_description.value(&sources);
            let words = words.as_deref().or_else(|| answer.get("error_description"));
            return Err(token::refused(status, error, words));
        }
        let card = &self.provider().token_answer;
        token::read(status, answer, AnswerShape { at: card.at, rename: card.rename, token_types })
    }
}
