//! Authorization responses: in the query, as a form, or signed (OAuth 2.0 Multiple Response Types §2.1, Form Post Response
//! Mode, JARM).

use serde_json::Map;

use crate::environment::Environment;
use crate::feature::Feature;
use crate::http_text::{Response, redirect, text, with_query};
use crate::idp::Idp;
use crate::{page, sabotage};

/// How the answer travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    #[default]
    Query,
    FormPost,
    QueryJwt,
    FormPostJwt,
}

impl ResponseMode {
    /// `None` for a mode that is not offered.
    pub(crate) fn parse(environment: &Environment, name: Option<&str>) -> Option<Self> {
        let mode = match name.unwrap_or("query") {
            "query" => Self::Query,
            "form_post" => Self::FormPost,
            // For the code flow `jwt` means `query.jwt` (JARM §2.3.4).
            "jwt" | "query.jwt" => Self::QueryJwt,
            "form_post.jwt" => Self::FormPostJwt,
            _ => return None,
        };
        let posts = matches!(mode, Self::FormPost | Self::FormPostJwt);
        let signs = matches!(mode, Self::QueryJwt | Self::FormPostJwt);
        let is_offered =
            (!posts || environment.has(Feature::FormPost)) && (!signs || environment.has(Feature::SignedResponses));
        is_offered.then_some(mode)
    }

    /// For metadata.
    pub(crate) fn offered(environment: &Environment) -> Vec<&'static str> {
        let all = ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"];
        all.into_iter().filter(|name| Self::parse(environment, Some(name)).is_some()).collect()
    }
}

/// Whom an answer is for, and how it gets there.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) mode: ResponseMode,
}

/// A signed answer is good for ten minutes (JARM §2.1).
const JARM_SECONDS: i64 = 600;

impl Reply {
    /// Sends `pairs`, with `state` and, if that is announced, `iss` (RFC 9207).
    pub(crate) fn send(&self, idp: &Idp, mut pairs: Vec<(&str, String)>) -> Response {
        pairs.extend(self.state.clone().map(|state| ("state", state)));
        let signs = matches!(self.mode, ResponseMode::QueryJwt | ResponseMode::FormPostJwt);
        if idp.environment().authorization_response_iss && !signs {
            pairs.push(("iss", idp.issuer().to_owned()));
        }
        sabotage::authorization_response(idp.misbehaviour(), &mut pairs);
        if signs {
            let mut claims = Map::new();
            claims.insert("iss".to_owned(), idp.issuer().into());
            claims.insert("aud".to_owned(), self.client_id.as_str().into());
            claims.insert("exp".to_owned(), idp.now().saturating_add(JARM_SECONDS).into());
            claims.extend(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
            let Ok(response) = sabotage::signed_response(idp, claims) else {
                return text(http::StatusCode::INTERNAL_SERVER_ERROR, "no randomness");
            };
            pairs = vec![("response", response)];
        }
        match self.mode {
            ResponseMode::Query | ResponseMode::QueryJwt => redirect(&with_query(&self.redirect_uri, &pairs)),
            ResponseMode::FormPost | ResponseMode::FormPostJwt => page::form_post(&self.redirect_uri, &pairs),
        }
    }
}
