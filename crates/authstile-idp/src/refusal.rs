//! Authorization requests that end without a code (§2.4, §10.2).

use http::StatusCode;

use crate::authorization_request::AuthorizationRequest;
use crate::http_text::{Response, text};
use crate::idp::Idp;
use crate::page;
use crate::random::NoRandomness;
use crate::reading::Reading;
use crate::reply::Reply;
use crate::select::Unroutable;

/// A request that gets no code, and who is told.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The person only: there is no application that could be trusted with the answer.
    Page { error: &'static str, description: &'static str },
    /// The application, by redirect (§2.4).
    Redirect { reply: Reply, error: &'static str, description: &'static str },
    /// Nobody's fault.
    NoRandomness,
}

impl Refusal {
    pub(crate) fn page(error: &'static str, description: &'static str) -> Self {
        Self::Page { error, description }
    }

    pub(crate) fn redirect(reply: Reply, error: &'static str, description: &'static str) -> Self {
        Self::Redirect { reply, error, description }
    }

    /// After the identity provider's step `state` may be lost (§12).
    pub(crate) fn late(self, idp: &Idp) -> Self {
        match self {
            Self::Redirect { reply, error, description } if idp.environment().reads(Reading::LateErrorsLoseState) => {
                Self::Redirect { reply: Reply { state: None, ..reply }, error, description }
            }
            other => other,
        }
    }

    pub(crate) fn answer(self, idp: &Idp) -> Response {
        match self {
            Self::Page { error, description } => page::refusal(error, description),
            Self::NoRandomness => text(StatusCode::INTERNAL_SERVER_ERROR, "no randomness"),
            Self::Redirect { reply, error, description } => {
                reply.send(idp, vec![("error", error.to_owned()), ("error_description", description.to_owned())])
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
