//! From a wish to sign in to the address of the provider: the same for every way in which a sign-in begins.

use authstile_oauth::word::RedirectUri;

use crate::answer::Answer;
use crate::dpop::ProofKey;
use crate::error::{Error, Leg};
use crate::pending::{AnswerBy, PendingSignIn};
use crate::registry::Resolved;
use crate::settings::Settings;
use crate::step_up::StepUp;
use crate::visit::Visit;

/// Stations *begin*, *ask* and *seal*.
pub(crate) async fn begin(
    settings: &Settings,
    visit: &Visit<'_>,
    provider: Resolved<'_>,
    asked: Vec<(String, String)>,
    return_to: &str,
) -> Result<Answer, Error> {
    begin_demanding(settings, visit, provider, asked, return_to, None).await
}

/// The same for a page that wants a fresh or a strong sign-in, which is checked when the browser comes back.
pub(crate) async fn begin_demanding(
    settings: &Settings,
    visit: &Visit<'_>,
    provider: Resolved<'_>,
    asked: Vec<(String, String)>,
    return_to: &str,
    demanded: Option<StepUp>,
) -> Result<Answer, Error> {
    let id = provider.entry.id();
    let callback = visit.mount.url(&format!("callback/{id}"));
    // As in Auth.js, an answer that comes as a form does not come by way of the redirect proxy.
    let proxy = settings.redirect_proxy.as_ref().filter(|_| answer_by(provider) == AnswerBy::Query);
    let proxied = proxy.and_then(|proxy| Some((proxy, proxy.redirect_uri(&visit.origin, id)?)));
    let redirect_uri = proxied.as_ref().map_or(&callback, |(_, redirect_uri)| redirect_uri).clone();
    let mut pending = PendingSignIn::begin(id, asked, redirect_uri, return_to.to_owned(), &*settings.random)?;
    pending.demanded = demanded;
    if let Some((proxy, _)) = proxied {
        let state = proxy.state(&callback, &pending.state, visit.now, &*settings.random)?;
        pending = pending.with_state(state)?;
    }
    let proof_key = provider.proof_key().await;
    pending.proof_key = proof_key.map_err(|error| Error::provider(id, Leg::SignIn, error))?;
    let url = authorization_url(provider, &pending).await?;
    let cookies = pending.seal(settings, visit, answer_by(provider))?;
    Ok(Answer::redirect(url).with(visit.first_cookies.iter().cloned()).with(cookies))
}

async fn authorization_url(provider: Resolved<'_>, pending: &PendingSignIn) -> Result<String, Error> {
    let redirect_uri =
        RedirectUri::parse(&*pending.redirect_uri).map_err(|error| Error::Configuration(error.to_string()))?;
    let PendingSignIn { state, nonce, verifier, asked, proof_key, .. } = pending;
    let dpop_jkt = proof_key.as_ref().map(ProofKey::thumbprint);
    let url = provider.authorization_url(&redirect_uri, state, nonce, verifier, asked, dpop_jkt.as_deref()).await;
    Ok(url.map_err(|error| Error::provider(&pending.provider, Leg::SignIn, error))?.into())
}

fn answer_by(provider: Resolved<'_>) -> AnswerBy {
    match provider.entry.registration.provider.response_mode.is_form_post() {
        true => AnswerBy::CrossSiteForm,
        false => AnswerBy::Query,
    }
}
