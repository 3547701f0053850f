//! What providers do wrong.

use authstile_oauth::authorize::AuthorizationResponseError;
use authstile_oauth::client_auth::NoCommonMethod;
use authstile_oauth::id_token::IdTokenError;
use authstile_oauth::introspection::IntrospectionError;
use authstile_oauth::jose::jwk::KeyError;
use authstile_oauth::metadata::MetadataError;
use authstile_oauth::pushed::PushedRequestError;
use authstile_oauth::refreshed::AnotherSignIn;
use authstile_oauth::revocation::RevocationError;
use authstile_oauth::token::TokenError;
use authstile_oauth::token_exchange::OtherTokenType;
use authstile_oauth::userinfo::UserInfoError;

use crate::cached::Crowded;
use crate::dpop::ProofError;
use crate::transport::TransportError;

/// What a provider, or the way to it, did wrong. Each leaf names what was expected and what came.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The way to the provider.
    #[error("{what} at {url}: {source}")]
    Transport {
        /// What was fetched.
        what: &'static str,
        /// Where, without query.
        url: String,
        /// Why no answer came.
        source: TransportError,
    },
    /// So many requests wait for one answer of it already.
    #[error("{0} requests wait for an answer of it already")]
    Busy(usize),
    /// An endpoint answered with a status that it must not have.
    #[error("{what} at {url} answered {status}")]
    Status {
        /// What was fetched.
        what: &'static str,
        /// Where, without query.
        url: String,
        /// The status.
        status: u16,
    },
    /// The discovery document.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// An endpoint that is needed is neither discovered nor configured.
    #[error("the provider has no {0}; give it to the registration if discovery does not")]
    MissingEndpoint(&'static str),
    /// The key set.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// No way to authenticate at the token endpoint.
    #[error(transparent)]
    ClientAuthentication(#[from] NoCommonMethod),
    /// Something of ours cannot be signed as the provider wants it.
    #[error("{what} cannot be signed: {problem}")]
    CannotSign {
        /// Client assertion or request object.
        what: &'static str,
        /// What is wrong, and what helps.
        problem: String,
    },
    /// The pushed authorization request.
    #[error(transparent)]
    PushedRequest(#[from] PushedRequestError),
    /// The authorization response.
    #[error(transparent)]
    Authorization(#[from] AuthorizationResponseError),
    /// The token response.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// OpenID Connect without an ID token.
    #[error(
        "the token response has no id_token, although openid was asked for; is the scope `openid` allowed for this client?"
    )]
    MissingIdToken,
    /// The ID token.
    #[error("ID token: {0}")]
    IdToken(#[from] IdTokenError),
    /// The userinfo answer.
    #[error(transparent)]
    UserInfo(#[from] UserInfoError),
    /// The address of a userinfo request names something that the answers before it did not have.
    #[error("the userinfo request to {0:?} names something that no answer had")]
    Incomplete(&'static str),
    /// The client secret, which is made for each request.
    #[error("the client secret cannot be signed: {0}")]
    SignedSecret(&'static str),
    /// A token that is bound to a key cannot be asked for or used.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The ID token that came with a refresh.
    #[error(transparent)]
    AnotherSignIn(#[from] AnotherSignIn),
    /// The revocation of a token.
    #[error(transparent)]
    Revocation(#[from] RevocationError),
    /// What the provider says about a token.
    #[error(transparent)]
    Introspection(#[from] IntrospectionError),
    /// A token exchange gave something else than what was asked for.
    #[error(transparent)]
    OtherTokenType(#[from] OtherTokenType),
    /// The profile names nobody.
    #[error("the profile names no subject")]
    MissingSubject,
    /// A request cannot be written, which only a broken endpoint can cause.
    #[error("a request to the provider cannot be written")]
    Unwritable,
}

impl From<Crowded> for ProviderError {
    fn from(Crowded(waiting): Crowded) -> Self {
        Self::Busy(waiting)
    }
}
