//! IdP-initiated login, as the engine asks for it: the token chooses a way, and nothing else.

use authstile::oauth::jose::jwk::{JwkSet, KeyError};
use authstile::oauth::jose::jws::SignatureError;
use authstile::oauth::metadata::ServerMetadata;
use authstile::routing::{InitiateError, InitiatedLogin, LoginInitiator};

use crate::idp_initiated::{Expected, IdpInitiatedError, verify};
use crate::selector::SignInRequest;

/// Reads `idp_initiated_login`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdpInitiated;

impl LoginInitiator for IdpInitiated {
    fn parameter(&self) -> &'static str {
        "idp_initiated_login"
    }

    fn verify(
        &self,
        token: &str,
        keys: &JwkSet,
        metadata: &ServerMetadata,
        now: i64,
    ) -> Result<InitiatedLogin, InitiateError> {
        let expected = Expected { issuer: &metadata.issuer, other_issuers: &[], now };
        let login = verify(token, keys, &expected).map_err(|error| match error {
            IdpInitiatedError::Signature(SignatureError::Key(KeyError::UnknownKid { .. })) => InitiateError::UnknownKey,
            other => InitiateError::Refused(other.to_string()),
        })?;
        Ok(InitiatedLogin {
            asked: SignInRequest::from(&login).authorization_params(),
            login_hint: login.login_hint().map(str::to_owned),
            return_to: login.relay_state().map(str::to_owned),
        })
    }
}
