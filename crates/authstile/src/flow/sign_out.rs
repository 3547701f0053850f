//! `POST /signout`: the session ends here.

use crate::answer::Answer;
use crate::error::Error;
use crate::event::Event;
use crate::session::Read;
use crate::settings::Settings;
use crate::visit::Visit;

/// Ends the session of this browser and sends it on.
#[tracing::instrument(name = "sign_out", skip_all)]
pub(crate) async fn sign_out(settings: &Settings, visit: &Visit<'_>) -> Result<Answer, Error> {
    visit.same_origin(settings)?;
    if let Read::Claims(claims) = visit.kind.session.read(&visit.cookies, visit.now) {
        tracing::info!(user = claims.get("sub").and_then(|sub| sub.as_str()), "signed out");
        settings.emit(Event::SignOut { claims }).await;
    }
    let cookies = visit.kind.session.clear(&visit.cookies);
    Ok(Answer::redirect(visit.return_to.as_str()).with(visit.first_cookies.iter().cloned()).with(cookies))
}
