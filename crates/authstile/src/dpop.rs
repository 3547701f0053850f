//! Tokens that are bound to a key of ours (DPoP, RFC 9449): the key of a session, its proofs, and the nonces that servers
//! want to see in them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use authstile_oauth::dpop::{self, Proof};
use authstile_oauth::jose::sign::{SigningKey, SigningKeyError};
use authstile_oauth::secret::AccessToken;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

use crate::clock::Clock;
use crate::random::Random;

/// Origins beyond which all nonces are forgotten: a missing one costs no more than one request.
const ORIGINS: usize = 256;

/// Whether a provider's tokens are bound to a key of ours, so that nobody else can use them.
///
/// The key is made at the sign-in, one for each session, and lies sealed beside the tokens that are kept
/// ([`Customize::keep_tokens`](crate::Customize::keep_tokens)). Tokens that are written into a store of accounts have no
/// key there, and are of no use from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SenderConstraint {
    /// Bearer tokens: the default.
    #[default]
    None,
    /// DPoP (RFC 9449), and nothing less: an answer with a bearer token is refused. Also at the refresh of sessions that
    /// began before this was said; those people sign in anew.
    Dpop,
    /// DPoP where the provider's metadata offer it (`dpop_signing_alg_values_supported`). A bearer token is accepted as
    /// long as a session has had no other.
    DpopWhenOffered,
}

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The key cannot be made or used.
    #[error(transparent)]
    Key(#[from] SigningKeyError),
    /// The provider understands other signatures than ours.
    #[error("the provider takes DPoP proofs signed with {advertised:?}; ES256 is supported")]
    NoCommonAlgorithm {
        /// What the provider advertises.
        advertised: Vec<String>,
    },
    /// The session has no key.
    #[error("this session has no key for DPoP proofs, because it began before they were asked for: sign in anew")]
    NoKey,
    /// The request goes nowhere that a proof could name.
    #[error("a DPoP proof needs an absolute http(s) URL")]
    Url,
    /// The source of randomness failed.
    #[error("the source of randomness failed")]
    Random,
}

/// The private key of one session. Who writes it down seals it: it is serialized as PKCS#8.
#[derive(Clone)]
pub(crate) struct ProofKey(Arc<SigningKey>);

impl ProofKey {
    /// A new key, for ES256.
    pub(crate) fn generate() -> Result<Self, ProofError> {
        Ok(Self(Arc::new(SigningKey::generate()?)))
    }

    /// By which the provider names it (RFC 9449 §10).
    pub(crate) fn thumbprint(&self) -> String {
        self.0.thumbprint()
    }
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey([redacted])")
    }
}

impl Serialize for ProofKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0.pkcs8()))
    }
}

impl<'de> Deserialize<'de> for ProofKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What is wrong with it is not said: the text is a key.
        let unreadable = || de::Error::custom("not a key");
        let der = URL_SAFE_NO_PAD.decode(String::deserialize(deserializer)?).map_err(|_| unreadable())?;
        Ok(Self(Arc::new(SigningKey::from_pkcs8(&der).map_err(|_| unreadable())?)))
    }
}

/// Makes the proofs of one session.
#[derive(Debug, Clone)]
pub(crate) struct Prover {
    pub(crate) key: ProofKey,
    /// Whether the session's tokens are bound to the key: then none may come back that is not.
    pub(crate) is_bound: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl Prover {
    /// A proof for one request; another request needs another.
    pub(crate) fn proof(
        &self,
        method: &Method,
        url: &Url,
        access_token: Option<&AccessToken>,
        nonce: Option<&str>,
    ) -> Result<String, ProofError> {
        let jti: [u8; 16] = self.random.bytes().map_err(|_| ProofError::Random)?;
        let jti = URL_SAFE_NO_PAD.encode(jti);
        let issued_at = self.clock.now().seconds();
        Ok(Proof { method, url, jti: &jti, issued_at, access_token, nonce }.sign(&self.key.0)?)
    }
}

/// The last nonce of each origin (RFC 9449 §8.2). Another replica learns them on its own.
#[derive(Debug, Default)]
pub(crate) struct Nonces(Mutex<HashMap<String, String>>);

impl Nonces {
    fn of(&self, origin: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(origin).cloned()
    }

    fn remember(&self, origin: &str, nonce: &str) {
        let mut nonces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if nonces.len() >= ORIGINS && !nonces.contains_key(origin) {
            nonces.clear();
        }
        nonces.insert(origin.to_owned(), nonce.to_owned());
    }
}

/// A request that carries a proof, where there is a key; perhaps sent twice, because the server wants a nonce first.
///
/// ```text
/// loop { prove a request → send it → again? }
/// ```
#[derive(Debug)]
pub(crate) struct Proving<'a> {
    prover: Option<&'a Prover>,
    access_token: Option<&'a AccessToken>,
    nonces: &'a Nonces,
    origin: String,
    nonce: Option<String>,
    is_second: bool,
    /// What was sent, which a log must not repeat.
    pub(crate) proofs: Vec<String>,
}

impl<'a> Proving<'a> {
    /// `access_token`: the one that the request carries.
    pub(crate) fn new(prover: Option<&'a Prover>, access_token: Option<&'a AccessToken>, nonces: &'a Nonces) -> Self {
        Self { prover, access_token, nonces, origin: String::new(), nonce: None, is_second: false, proofs: Vec::new() }
    }

    /// Adds the proof.
    pub(crate) fn prove(&mut self, mut request: Request<Bytes>) -> Result<Request<Bytes>, ProofError> {
        let Some(prover) = self.prover else { return Ok(request) };
        let url = Url::parse(&request.uri().to_string()).map_err(|_| ProofError::Url)?;
        self.origin = url.origin().ascii_serialization();
        self.nonce = self.nonces.of(&self.origin);
        let proof = prover.proof(request.method(), &url, self.access_token, self.nonce.as_deref())?;
        let mut value = HeaderValue::try_from(&proof).map_err(|_| ProofError::Url)?;
        value.set_sensitive(true);
        request.headers_mut().insert(dpop::PROOF, value);
        self.proofs.push(proof);
        Ok(request)
    }

    /// Remembers the nonce of an answer, and says whether the request is to be sent once more, with that nonce: once, and
    /// only if it is another one.
    pub(crate) fn again(&mut self, answer: &Response<Bytes>) -> bool {
        if self.prover.is_none() {
            return false;
        }
        let Some(nonce) = dpop::nonce(answer.headers()) else { return false };
        self.nonces.remember(&self.origin, nonce);
        let is_first = !std::mem::replace(&mut self.is_second, true);
        is_first && self.nonce.as_deref() != Some(nonce) && dpop::wants_nonce(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::random::SystemRandom;

    fn prover() -> Prover {
        let key = ProofKey::generate().unwrap();
        Prover { key, is_bound: false, clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }
    }

    #[test]
    fn a_key_survives_being_written_down_and_is_not_printed() {
        let key = ProofKey::generate().unwrap();
        let written = serde_json::to_string(&key).unwrap();
        let read: ProofKey = serde_json::from_str(&written).unwrap();
        assert_eq!(read.thumbprint(), key.thumbprint());
        assert!(!format!("{key:?} {:?}", prover()).contains(written.trim_matches('"')));
        let error = serde_json::from_str::<ProofKey>("\"c2VjcmV0\"").unwrap_err().to_string();
        assert!(!error.contains("c2VjcmV0"), "{error}");
    }

    fn answer(status: u16, nonce: &str, error: &str) -> Response<Bytes> {
        let body = Bytes::from(format!(r#"{{"error":"{error}"}}"#));
        Response::builder().status(status).header(dpop::NONCE, nonce).body(body).unwrap()
    }

    #[test]
    fn a_request_is_sent_again_once_and_only_with_another_nonce() {
        let (prover, nonces) = (prover(), Nonces::default());
        let request = || Request::post("https://op.example/token?x=1").body(Bytes::new()).unwrap();
        let mut proving = Proving::new(Some(&prover), None, &nonces);
        let first = proving.prove(request()).unwrap();
        assert!(proving.again(&answer(400, "n-1", "use_dpop_nonce")));
        let second = proving.prove(request()).unwrap();
        assert_ne!(first.headers()[dpop::PROOF], second.headers()[dpop::PROOF], "a proof is good for one request");
        assert!(!proving.again(&answer(400, "n-2", "use_dpop_nonce")), "the third time is not tried");
        let mut proving = Proving::new(Some(&prover), None, &nonces);
        proving.prove(request()).unwrap();
        assert_eq!(proving.nonce.as_deref(), Some("n-2"), "the nonce of any answer is remembered");
        assert!(!proving.again(&answer(400, "n-2", "use_dpop_nonce")), "that one was sent");
        assert_eq!(nonces.of("https://other.example"), None);
    }

    #[test]
    fn other_answers_and_other_sessions_are_not_asked_again() {
        let (prover, nonces) = (prover(), Nonces::default());
        let mut proving = Proving::new(Some(&prover), None, &nonces);
        proving.prove(Request::get("https://op.example/me").body(Bytes::new()).unwrap()).unwrap();
        assert!(!proving.again(&answer(400, "n", "invalid_grant")));
        let mut bearer = Proving::new(None, None, &nonces);
        let request = bearer.prove(Request::get("https://op.example/me").body(Bytes::new()).unwrap()).unwrap();
        assert!(request.headers().is_empty());
        assert!(!bearer.again(&answer(400, "m", "use_dpop_nonce")));
    }

    #[test]
    fn nonces_take_up_no_more_room_than_they_need() {
        let nonces = Nonces::default();
        (0..=ORIGINS).for_each(|number| nonces.remember(&format!("https://{number}.example"), "n"));
        assert!(nonces.0.lock().unwrap().len() <= ORIGINS);
    }
}
