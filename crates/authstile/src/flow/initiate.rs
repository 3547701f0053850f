//! `/initiate/{provider}`: a sign-in that begins elsewhere. Whatever brought the browser here only chooses the way; what
//! follows is an ordinary sign-in, with our own state.
//!
//! Three things lead here: a provider's signed token (Scalekit's IdP-initiated login), the parameters of OpenID Connect
//! Core §4 (third-party initiated login), and nothing at all (a bookmark, an invitation).

use authstile_oauth::form::Parameters;

use crate::answer::Answer;
use crate::ask::begin;
use crate::error::Error;
use crate::registry::Resolved;
use crate::routing::{InitiateError, InitiatedLogin};
use crate::session::Read;
use crate::settings::Settings;
use crate::visit::Visit;

/// What is to be done with a sign-in that was begun elsewhere.
#[derive(Debug)]
pub(crate) enum Initiated {
    /// The answer is ready.
    Answer(Answer),
    /// Somebody else is signed in here: they are asked first.
    Ask { asked: Vec<(String, String)>, return_to: String },
}

/// Begins a sign-in that was asked for elsewhere.
#[tracing::instrument(name = "initiate", skip_all, fields(provider = %id))]
pub(crate) async fn initiate(settings: &Settings, visit: &Visit<'_>, id: &str) -> Result<Initiated, Error> {
    let provider = settings.find(id)?;
    let login = match read(visit, provider).await {
        Ok(login) => login,
        Err(problem) => {
            tracing::info!(provider = id, %problem, "what should begin a sign-in is not believed: beginning an ordinary one");
            None
        }
    };
    let there = login.as_ref().and_then(|login| login.return_to.as_deref());
    let there = there.and_then(|there| settings.return_to(there, &visit.origin));
    let return_to = there.as_ref().unwrap_or(&visit.return_to).as_str().to_owned();
    let signed_in = match settings.live(&visit.origin, &visit.cookies, visit.now).await? {
        Read::Live(live) => Some(live),
        Read::None | Read::Broken(_) | Read::Ended => None,
    };
    let hint = login.as_ref().and_then(|login| login.login_hint.clone());
    let asked = provider.authorization_params(login.clone().unwrap_or_default().asked, std::iter::empty());
    match signed_in {
        // A bookmarked sign-in of somebody who is signed in: there is nothing to do.
        Some(_) if login.is_none() => Ok(Initiated::Answer(Answer::redirect(return_to))),
        Some(live) if !is(live.text("email"), hint.as_deref()) => Ok(Initiated::Ask { asked, return_to }),
        _ => Ok(Initiated::Answer(begin(settings, visit, provider, asked, &return_to).await?)),
    }
}

/// Whether a callback carries a token that begins a sign-in: some providers deliver it there.
pub(crate) fn arrives_at_callback(provider: Resolved<'_>, parameters: &Parameters) -> bool {
    let initiator = provider.entry.registration.initiator.as_ref();
    initiator.is_some_and(|initiator| parameters.last(initiator.parameter()).is_some())
        && ["code", "state", "error"].iter().all(|name| parameters.last(name).is_none())
}

fn is(email: Option<&str>, hint: Option<&str>) -> bool {
    matches!((email, hint), (Some(email), Some(hint)) if email.eq_ignore_ascii_case(hint))
}

/// What brought the browser here; `None` is nothing at all.
async fn read(visit: &Visit<'_>, provider: Resolved<'_>) -> Result<Option<InitiatedLogin>, String> {
    let one = |name: &'static str| {
        let given = visit.body.form.one(name).map_err(|error| error.to_string())?;
        Ok::<_, String>(given.or(visit.query.one(name).map_err(|error| error.to_string())?))
    };
    if let Some(initiator) = &provider.entry.registration.initiator
        && let Some(token) = one(initiator.parameter())?
    {
        let now = visit.now.seconds();
        let verdict = provider
            .with_keys(
                |keys, metadata| initiator.verify(token, keys, metadata, now),
                |error| *error == InitiateError::UnknownKey,
            )
            .await
            .map_err(|error| error.to_string())?;
        return verdict.map(Some).map_err(|error| error.to_string());
    }
    let Some(issuer) = one("iss")? else { return Ok(None) };
    if provider.entry.issuer.as_ref().is_none_or(|own| own.as_str() != issuer) {
        return Err(format!("iss is {issuer:?}, which is not the issuer of this provider"));
    }
    let login_hint = one("login_hint")?.map(str::to_owned);
    let asked = login_hint.iter().map(|hint| ("login_hint".to_owned(), hint.clone())).collect();
    Ok(Some(InitiatedLogin { asked, login_hint, return_to: one("target_link_uri")?.map(str::to_owned) }))
}
