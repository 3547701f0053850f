//! `POST /signin/{provider}`: the browser leaves for the provider.

use authstile_oauth::authorize::ResponseMode;
use authstile_oauth::word::RedirectUri;

use crate::answer::Answer;
use crate::error::{Error, Leg, RequestError};
use crate::pending::{AnswerBy, PendingSignIn};
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

/// Stations *begin*, *ask* and *seal*: the same for every way in which a sign-in begins.
pub(crate) async fn begin(
    settings: &Settings,
    visit: &Visit<'_>,
    provider: Resolved<'_>,
    asked: Vec<(String, String)>,
    return_to: &str,
) -> Result<Answer, Error> {
    let id = provider.entry.id();
    let redirect_uri = settings.url(&visit.origin, &format!("callback/{id}"));
    let pending = PendingSignIn::begin(id, asked, redirect_uri, return_to.to_owned(), &*settings.random)?;
    let url = authorization_url(provider, &pending).await?;
    let cookies = pending.seal(settings, visit, answer_by(provider))?;
    Ok(Answer::redirect(url).with(visit.first_cookies.iter().cloned()).with(cookies))
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

async fn authorization_url(provider: Resolved<'_>, pending: &PendingSignIn) -> Result<String, Error> {
    let redirect_uri =
        RedirectUri::parse(&*pending.redirect_uri).map_err(|error| Error::Configuration(error.to_string()))?;
    let challenge = pending.verifier.challenge();
    let url =
        provider.authorization_url(&redirect_uri, &pending.state, &pending.nonce, &challenge, &pending.asked).await;
    Ok(url.map_err(|error| Error::provider(&pending.provider, Leg::SignIn, error))?.into())
}

fn answer_by(provider: Resolved<'_>) -> AnswerBy {
    match provider.entry.registration.provider.response_mode {
        ResponseMode::Query => AnswerBy::Query,
        ResponseMode::FormPost => AnswerBy::CrossSiteForm,
    }
}
