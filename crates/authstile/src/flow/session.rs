//! `GET /session` and `POST /session`: who is signed in, and the same with a change that the application allows.

use http::StatusCode;
use serde_json::Value;

use crate::answer::{Answer, Store};
use crate::cookie::SetCookie;
use crate::error::Error;
use crate::event::Event;
use crate::hooks::{JwtInput, Trigger};
use crate::model::Claims;
use crate::session::{Read, public_view};
use crate::settings::Settings;
use crate::visit::Visit;

/// Answers with the session, renewed, or with `null`. An error on the way is `null` too: nobody is signed in by accident.
#[tracing::instrument(name = "session", level = "debug", skip_all)]
pub(crate) async fn session(settings: &Settings, visit: &Visit<'_>) -> Answer {
    let (body, cookies) = shape(settings, visit, Trigger::Read, None).await;
    Answer::json(StatusCode::OK, body, Store::No).with(visit.first_cookies.iter().cloned()).with(cookies)
}

/// As above, with what the browser sent handed to the `jwt` hook, which alone decides what becomes of it.
#[tracing::instrument(name = "update_session", skip_all)]
pub(crate) async fn update(settings: &Settings, visit: &Visit<'_>) -> Result<Answer, Error> {
    visit.same_origin(settings)?;
    let (body, cookies) = shape(settings, visit, Trigger::Update, visit.body.data.clone()).await;
    Ok(Answer::json(StatusCode::OK, body, Store::Unsaid).with(visit.first_cookies.iter().cloned()).with(cookies))
}

/// read → renew → shape: the public JSON, and the cookies that go with it.
async fn shape(
    settings: &Settings,
    visit: &Visit<'_>,
    trigger: Trigger,
    update: Option<Value>,
) -> (String, Vec<SetCookie>) {
    const NOBODY: &str = "null";
    let claims = match settings.live(visit.kind, &visit.cookies, visit.now).await {
        Ok(Read::None) => return (NOBODY.to_owned(), Vec::new()),
        Ok(Read::Claims(claims)) => claims,
        Ok(Read::Broken(error)) => {
            tracing::debug!(%error, "the session cookie does not open: clearing it");
            return (NOBODY.to_owned(), visit.kind.session.clear(&visit.cookies));
        }
        Ok(Read::Revoked) => {
            tracing::debug!("the session was ended elsewhere: clearing its cookie");
            return (NOBODY.to_owned(), visit.kind.session.clear(&visit.cookies));
        }
        Err(error) => {
            tracing::error!(%error, "whether the session was revoked cannot be said");
            return (NOBODY.to_owned(), Vec::new());
        }
    };
    match renew(settings, visit, claims, trigger, update).await {
        Ok(Some((body, cookies))) => (body, cookies),
        Ok(None) => (NOBODY.to_owned(), visit.kind.session.clear(&visit.cookies)),
        Err(error) => {
            // The cookie stays: a hook that fails once must not sign everybody out.
            tracing::error!(%error, "the session cannot be shown");
            (NOBODY.to_owned(), Vec::new())
        }
    }
}

async fn renew(
    settings: &Settings,
    visit: &Visit<'_>,
    claims: Claims,
    trigger: Trigger,
    update: Option<Value>,
) -> Result<Option<(String, Vec<SetCookie>)>, Error> {
    let input = |claims| JwtInput { claims, trigger, user: None, account: None, profile: None, update };
    let Some(claims) = settings.hooks.jwt(claims, input).await? else { return Ok(None) };
    let public = public_view(&claims, visit.kind.session.expires(visit.now), settings.shown_members());
    let view = settings.hooks.session(public, &claims).await?;
    let body = view.to_string();
    let heard = settings.events.is_some().then(|| Event::Session { session: view, claims: claims.clone() });
    let cookies = visit.kind.session.write(claims, &visit.cookies, visit.now, &*settings.random)?;
    if let Some(event) = heard {
        settings.emit(event).await;
    }
    Ok(Some((body, cookies)))
}
