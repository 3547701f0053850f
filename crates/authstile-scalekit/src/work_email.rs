//! "Continue with SSO": from a work e-mail address to the identity provider of its organization.

use authstile::BoxFuture;
use authstile::routing::{RoutingError, RoutingInput, SignInRouter};

use crate::selector::SignInRequest;

/// Sends the address as `login_hint` and its domain as `domain`, and leaves it to Scalekit whether it knows them: so the
/// answer is the same for everybody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorkEmail;

impl SignInRouter for WorkEmail {
    fn route<'a>(&'a self, input: RoutingInput) -> BoxFuture<'a, Result<Vec<(String, String)>, RoutingError>> {
        let request = input.email.as_deref().map(SignInRequest::from_work_email);
        Box::pin(std::future::ready(match request {
            Some(Ok(request)) => Ok(request.authorization_params()),
            Some(Err(_)) | None => Err(RoutingError::InvalidEmail),
        }))
    }
}
