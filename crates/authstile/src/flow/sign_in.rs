//! `POST /signin/{provider}`: the browser leaves for the provider.

use crate::answer::Answer;
use crate::ask::begin;
use crate::error::{Error, RequestError};
use crate::registry::Resolved;
use crate::routing::{RoutingError, RoutingInput, SignInForm};
use crate::settings::Settings;
use crate::visit::Visit;

/// Parameters of the request that are for us and not for the provider.
const OURS: [&str; 3] = ["callbackUrl", "csrfToken", "email"];

/// Begins a sign-in that a visitor asked for on a page of ours.
#[tracing::instrument(name = "sign_in", skip_all, fields(provider = %id))]
pub(crate) async fn sign_in(settings: &Settings, visit: &Visit<'_>, id: &str) -> Result<Answer, Error> {
    visit.same_origin(settings)?;
    let provider = settings.find(id)?;
    let chosen = route(visit, provider).await?;
    let browser = visit.query.iter().filter(|(name, _)| !OURS.contains(name));
    let asked = provider.authorization_params(chosen, browser);
    begin(settings, visit, provider, asked, visit.return_to.as_str()).await
}

/// Station *route*: what the server chooses for this visitor.
async fn route(visit: &Visit<'_>, provider: Resolved<'_>) -> Result<Vec<(String, String)>, Error> {
    let registration = &provider.entry.registration;
    let Some(router) = &registration.router else { return Ok(Vec::new()) };
    let email = match registration.form {
        SignInForm::Button => None,
        SignInForm::WorkEmail => visit.body.form.last("email").map(|email| email.trim().to_owned()),
    };
    let input = RoutingInput { email, headers: visit.headers.clone(), origin: visit.origin.to_string() };
    router.route(input).await.map_err(|error| match error {
        RoutingError::InvalidEmail => RequestError::InvalidEmail.into(),
        RoutingError::Failed(source) => Error::hook("router", source),
    })
}
