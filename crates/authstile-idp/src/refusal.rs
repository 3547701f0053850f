//! Authorization requests that end without a code (§2.4, §10.2).

use http::StatusCode;

use crate::authorization_request::AuthorizationRequest;
use crate::http_text::{Response, redirect, text, with_query};
use crate::idp::Idp;
use crate::random::NoRandomness;
use crate::reading::Reading;
use crate::select::Unroutable;
use crate::{page, sabotage};

/// A request that gets no code, and who is told.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The person only: there is no application that could be trusted with the answer.
    Page { error: &'static str, description: &'static str },
    /// The application, by redirect (§2.4).
    Redirect { redirect_uri: String, state: Option<String>, error: &'static str, description: &'static str },
    /// Nobody's fault.
    NoRandomness,
}

impl Refusal {
    pub(crate) fn page(error: &'static str, description: &'static str) -> Self {
        Self::Page { error, description }
    }

    pub(crate) fn redirect(uri: &str, state: Option<&str>, error: &'static str, description: &'static str) -> Self {
        Self::Redirect { redirect_uri: uri.to_owned(), state: state.map(str::to_owned), error, description }
    }

    /// After the identity provider's step `state` may be lost (§12).
    pub(crate) fn late(self, idp: &Idp) -> Self {
        match self {
            Self::Redirect { redirect_uri, error, description, .. }
                if idp.environment().reads(Reading::LateErrorsLoseState) =>
            {
                Self::Redirect { redirect_uri, state: None, error, description }
            }
            other => other,
        }
    }

    pub(crate) fn answer(self, idp: &Idp) -> Response {
        match self {
            Self::Page { error, description } => page::refusal(error, description),
            Self::NoRandomness => text(StatusCode::INTERNAL_SERVER_ERROR, "no randomness"),
            Self::Redirect { redirect_uri, state, error, description } => {
                let mut pairs = vec![("error", error.to_owned()), ("error_description", description.to_owned())];
                pairs.extend(state.map(|state| ("state", state)));
                if idp.environment().authorization_response_iss {
                    pairs.push(("iss", idp.issuer().to_owned()));
                }
                sabotage::authorization_response(idp.misbehaviour(), &mut pairs);
                redirect(&with_query(&redirect_uri, &pairs))
            }
        }
    }
}

impl From<NoRandomness> for Refusal {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

impl AuthorizationRequest {
    pub(crate) fn unroutable(&self, unroutable: Unroutable) -> Refusal {
        self.refuse(unroutable.error, unroutable.description)
    }
}
