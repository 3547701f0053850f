//! `POST /signin/{provider}`: the browser leaves for the provider.

use authstile_oauth::authorize::ResponseMode;
use authstile_oauth::word::RedirectUri;

use crate::answer::Answer;
use crate::error::{Error, Leg, RequestError};
use crate::pending::{AnswerBy, PendingSignIn};
use crate::registry::Resolved;
use crate::settings::Settings;
use crate::visit::Visit;

/// Begins a sign-in.
#[tracing::instrument(name = "sign_in", skip_all, fields(provider = %id))]
pub(crate) async fn sign_in(settings: &Settings, visit: &Visit<'_>, id: &str) -> Result<Answer, Error> {
    visit.same_origin(settings)?;
    let provider = find(settings, id)?;
    let asked = provider
        .authorization_params(visit.query.iter().filter(|(name, _)| !matches!(*name, "callbackUrl" | "csrfToken")));
    let redirect_uri = settings.url(&visit.origin, &format!("callback/{id}"));
    let pending =
        PendingSignIn::begin(id, asked, redirect_uri, visit.return_to.as_str().to_owned(), &*settings.random)?;
    let url = authorization_url(provider, &pending).await?;
    let cookies = pending.seal(settings, visit, answer_by(provider))?;
    Ok(Answer::redirect(url).with(visit.first_cookies.iter().cloned()).with(cookies))
}

/// Finds a provider by the id in the path.
pub(crate) fn find<'a>(settings: &'a Settings, id: &str) -> Result<Resolved<'a>, Error> {
    settings.registry.find(id).ok_or_else(|| {
        let registered: Vec<&str> = settings.registry.entries.iter().map(crate::registry::Entry::id).collect();
        RequestError::UnknownProvider { got: id.chars().take(100).collect(), registered: registered.join(", ") }.into()
    })
}

async fn authorization_url(provider: Resolved<'_>, pending: &PendingSignIn) -> Result<String, Error> {
    let redirect_uri =
        RedirectUri::parse(&*pending.redirect_uri).map_err(|error| Error::Configuration(error.to_string()))?;
    let url = provider
        .authorization_url(&redirect_uri, &pending.state, &pending.nonce, &pending.verifier.challenge(), &pending.asked)
        .await;
    Ok(url.map_err(|error| Error::provider(&pending.provider, Leg::SignIn, error))?.into())
}

fn answer_by(provider: Resolved<'_>) -> AnswerBy {
    match provider.entry.registration.provider.response_mode {
        ResponseMode::Query => AnswerBy::Query,
        ResponseMode::FormPost => AnswerBy::CrossSiteForm,
    }
}
