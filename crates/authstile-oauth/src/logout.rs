//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): where to send the browser so that the provider's session
//! ends too.

use url::Url;

use crate::word::{ClientId, State};

/// The URL of a logout request. Without the hint the provider may ask whether to sign out, or not know whom.
#[must_use]
pub fn end_session_url(
    endpoint: &Url,
    client_id: &ClientId,
    id_token_hint: Option<&str>,
    post_logout_redirect_uri: &str,
    state: &State,
) -> Url {
    let mut url = endpoint.clone();
    {
        let mut query = url.query_pairs_mut();
        if let Some(hint) = id_token_hint {
            query.append_pair("id_token_hint", hint);
        }
        query.append_pair("client_id", client_id.as_str());
        query.append_pair("post_logout_redirect_uri", post_logout_redirect_uri);
        query.append_pair("state", state.as_str());
    }
    url
}
