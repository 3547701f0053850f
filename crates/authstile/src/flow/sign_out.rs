//! `POST /signout`: the session ends here, and at the provider too if the application wants that.

use crate::answer::Answer;
use crate::cookie::SetCookie;
use crate::error::Error;
use crate::event::Event;
use crate::facts::SessionFacts;
use crate::leaving::Leaving;
use crate::registration::EndSession;
use crate::session::{Live, Read};
use crate::session_list;
use crate::settings::Settings;
use crate::store::RevocationKey;
use crate::vault::KeptTokens;
use crate::visit::Visit;

/// Ends the session of this browser and sends it on; with `everywhere=true`, all sessions of this person.
#[tracing::instrument(name = "sign_out", skip_all)]
pub(crate) async fn sign_out(settings: &Settings, visit: &Visit<'_>) -> Result<Answer, Error> {
    visit.same_origin(settings)?;
    let mut departure = None;
    if let Read::Live(live) = settings.presented(&visit.origin, &visit.cookies, visit.now).await? {
        if visit.body.form.last("everywhere") == Some("true") && is_live(settings, visit).await? {
            session_list::end_all(settings, &live, visit.now).await?;
        }
        end(settings, visit, &live).await?;
        let facts = live.facts();
        let kept = facts.as_ref().and_then(|facts| visit.kind.vault.open(&visit.cookies, &facts.id, visit.now));
        revoke(settings, kept.as_ref()).await;
        departure = depart(settings, visit, facts, kept).await?;
        tracing::info!(user = live.text("sub"), "signed out");
        settings.emit(Event::SignOut { claims: live.claims }).await;
    }
    let mut cookies = visit.kind.session.clear(&visit.cookies);
    cookies.extend(visit.kind.vault.clear(&visit.cookies));
    let (to, leaving) = departure.unwrap_or_else(|| (visit.return_to.as_str().to_owned(), None));
    Ok(Answer::redirect(to).with(visit.first_cookies.iter().cloned()).with(cookies).with(leaving))
}

/// Whether the session was not ended before: one that was says nothing about the person's other ones.
async fn is_live(settings: &Settings, visit: &Visit<'_>) -> Result<bool, Error> {
    Ok(matches!(settings.live(&visit.origin, &visit.cookies, visit.now).await?, Read::Live(_)))
}

/// `GET /signed-out`: the browser comes back from the provider. Whatever it carries, it is signed out here; only where it
/// goes depends on whether it is the one that left.
pub(crate) fn signed_out(settings: &Settings, visit: &Visit<'_>) -> Answer {
    let state = visit.query.last("state").unwrap_or_default();
    let to = Leaving::finish(settings, visit, state);
    let forget =
        visit.cookies.get(&visit.names().leaving).map(|_| SetCookie::clear(&visit.names().leaving, visit.security()));
    Answer::redirect(to.unwrap_or_else(|| visit.mount.root().to_owned())).with(forget)
}

/// A stored session is deleted, and if that fails nobody is told that they are signed out. Of one in a cookie, a copy that
/// somebody else has ends too; if that cannot be remembered, this browser is signed out all the same.
async fn end(settings: &Settings, visit: &Visit<'_>, live: &Live) -> Result<(), Error> {
    if let (Some(row), Some(stored)) = (&live.row, &settings.stores.sessions) {
        stored.store.delete(&row.session.key).await?;
        return Ok(());
    }
    let Some(facts) = live.facts() else { return Ok(()) };
    if let Err(error) = settings.end_sessions(&RevocationKey::session(&facts.id), visit.now).await {
        tracing::error!(%error, "a session was signed out, but not revoked");
    }
    Ok(())
}

/// Station *revoke*: what is kept of the session that has ended is of no use any more.
async fn revoke(settings: &Settings, kept: Option<&KeptTokens>) {
    let Some(kept) = kept else { return };
    if let Some(provider) = settings.registry.find(&kept.provider) {
        provider.revoke_kept(kept).await;
    }
}

/// Station *depart*: the provider's end of session, if the application asked for it and the provider has one.
async fn depart(
    settings: &Settings,
    visit: &Visit<'_>,
    facts: Option<SessionFacts>,
    kept: Option<KeptTokens>,
) -> Result<Option<(String, Option<SetCookie>)>, Error> {
    let Some(facts) = facts else { return Ok(None) };
    let Some(provider) = settings.registry.find(&facts.provider) else { return Ok(None) };
    if provider.entry.registration.end_session == EndSession::Here {
        return Ok(None);
    }
    let id_token = kept.and_then(|kept| kept.id_token);
    let (leaving, cookie) = Leaving::begin(settings, visit)?;
    let back = visit.mount.url("signed-out");
    match provider.end_session_url(id_token.as_deref(), &back, &leaving.state).await {
        Ok(Some(url)) => Ok(Some((url.into(), Some(cookie)))),
        Ok(None) => Ok(None),
        Err(error) => {
            tracing::warn!(provider = %facts.provider, %error, "signed out here, but not at the provider");
            Ok(None)
        }
    }
}
