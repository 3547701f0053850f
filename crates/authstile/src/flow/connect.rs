//! `/connect`: whether an account that waits becomes that of the person who is signed in now.

use crate::answer::Answer;
use crate::connect::Offer;
use crate::error::{Error, RequestError};
use crate::event::Event;
use crate::model::Claims;
use crate::session::Read;
use crate::settings::Settings;
use crate::store::StoredUser;
use crate::visit::Visit;

/// The offer in this browser, if it is for the person who is signed in.
async fn waiting(settings: &Settings, visit: &Visit<'_>) -> Result<Option<(Offer, StoredUser)>, Error> {
    let Some(accounts) = &settings.stores.accounts else { return Ok(None) };
    let Some(offer) = Offer::read(settings, visit) else { return Ok(None) };
    let Read::Live(live) = settings.live(&visit.origin, &visit.cookies, visit.now).await? else { return Ok(None) };
    if live.text("sub") != Some(&offer.user_id) {
        return Ok(None);
    }
    let user = accounts.find_user(&offer.user_id).await?;
    Ok(user.map(|user| (offer, user)))
}

/// `GET /connect`: the offer to show; `None` when there is none for this person.
pub(crate) async fn offer(settings: &Settings, visit: &Visit<'_>) -> Result<Option<Offer>, Error> {
    Ok(waiting(settings, visit).await?.map(|(offer, _)| offer))
}

/// `POST /connect`: yes, or no. Whatever is said, the offer is used up.
#[tracing::instrument(name = "connect", skip_all)]
pub(crate) async fn connect(settings: &Settings, visit: &Visit<'_>) -> Result<Answer, Error> {
    visit.same_origin(settings)?;
    let Some((offer, user)) = waiting(settings, visit).await? else {
        return Err(RequestError::PendingMissing.into());
    };
    let accounts = settings.stores.accounts.as_ref().ok_or(Error::Bug("an offer without a store of accounts"))?;
    if visit.body.form.last("connect") == Some("yes") {
        let account = offer.account().ok_or(Error::Bug("an offer of an unknown kind of account"))?;
        accounts.link(&user.id, &account).await?;
        tracing::info!(user = %user.id, provider = %account.provider, "linked an account");
        settings.emit(Event::LinkAccount { user: user.into(), account, profile: Claims::new() }).await;
    }
    Ok(Answer::redirect(offer.return_to).with([Offer::clear(visit)]))
}
