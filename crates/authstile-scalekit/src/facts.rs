//! What a session remembers of a Scalekit sign-in.

use authstile::oauth::access_token::VerifiedAccessToken;
use authstile::oauth::id_token::IdToken;
use authstile::{Facts, IdentityFacts, Session};

use crate::identity::ScalekitIdentity;

/// The member of the session token that holds the identity.
pub(crate) const MEMBER: &str = "scalekit";

/// Writes the identity into the session, and down the keys by which an event finds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScalekitFacts;

impl IdentityFacts for ScalekitFacts {
    fn facts(&self, issuer: &str, id_token: &IdToken, access_token: Option<&VerifiedAccessToken>) -> Facts {
        // An access token that contradicts the ID token says nothing about its bearer.
        let identity = ScalekitIdentity::from_tokens(id_token, access_token);
        let Ok(identity) = identity.or_else(|_| ScalekitIdentity::from_tokens(id_token, None)) else {
            return Facts::default();
        };
        let keys = identity.revocation_keys(issuer, id_token.text("email"));
        Facts { keys, member: serde_json::to_value(&identity).ok().map(|identity| (MEMBER, identity)) }
    }
}

/// Reads the Scalekit identity of a session.
///
/// ```
/// use authstile::Session;
/// use authstile_scalekit::ScalekitSession as _;
///
/// fn organization(session: &Session) -> Option<String> {
///     session.scalekit()?.organization
/// }
/// ```
pub trait ScalekitSession {
    /// Who signed in, of which organization, through which connection. `None` when the session came from another
    /// provider.
    fn scalekit(&self) -> Option<ScalekitIdentity>;
}

impl ScalekitSession for Session {
    fn scalekit(&self) -> Option<ScalekitIdentity> {
        self.claim(MEMBER)
    }
}
