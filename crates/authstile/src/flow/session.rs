//! `GET /session` and `POST /session`: who is signed in, and the same with a change that the application allows.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, Store};
use crate::cookie::SetCookie;
use crate::error::Error;
use crate::event::Event;
use crate::hooks::{JwtInput, Trigger};
use crate::model::Claims;
use crate::session::{Live, Read, public_view};
use crate::settings::Settings;
use crate::visit::Visit;

/// Answers with the session, renewed, or with `null`. Where storage cannot say who is signed in, the status is 503: nobody is
/// signed in by accident, and nobody is told that they are signed out.
#[tracing::instrument(name = "session", level = "debug", skip_all)]
pub(crate) async fn session(settings: &Settings, visit: &Visit<'_>) -> Answer {
    shape(settings, visit, Trigger::Read, None).await.answer(visit, Store::No)
}

/// As above, with what the browser sent handed to the `jwt` hook (or to the `session` hook, where sessions are stored),
/// which alone decides what becomes of it.
#[tracing::instrument(name = "update_session", skip_all)]
pub(crate) async fn update(settings: &Settings, visit: &Visit<'_>) -> Result<Answer, Error> {
    visit.same_origin(settings)?;
    Ok(shape(settings, visit, Trigger::Update, visit.body.data.clone()).await.answer(visit, Store::Unsaid))
}

/// What the browser gets.
enum Shape {
    /// The public view, and the cookies that go with it.
    Somebody(String, Vec<SetCookie>),
    /// `null`, and the cookies that are of no use any more.
    Nobody(Vec<SetCookie>),
    /// It cannot be said.
    Unavailable,
}

impl Shape {
    fn answer(self, visit: &Visit<'_>, store: Store) -> Answer {
        let (status, body, cookies) = match self {
            Self::Somebody(body, cookies) => (StatusCode::OK, body, cookies),
            Self::Nobody(cookies) => (StatusCode::OK, "null".to_owned(), cookies),
            Self::Unavailable => {
                let body = json!({ "message": "Who is signed in cannot be said at the moment." });
                (StatusCode::SERVICE_UNAVAILABLE, body.to_string(), Vec::new())
            }
        };
        Answer::json(status, body, store).with(visit.first_cookies.iter().cloned()).with(cookies)
    }
}

/// read → renew → shape.
async fn shape(settings: &Settings, visit: &Visit<'_>, trigger: Trigger, update: Option<Value>) -> Shape {
    let nobody = || Shape::Nobody(visit.kind.session.clear(&visit.cookies));
    let live = match settings.live(&visit.origin, &visit.cookies, visit.now).await {
        Ok(Read::None) => return Shape::Nobody(Vec::new()),
        Ok(Read::Live(live)) => live,
        Ok(Read::Broken(error)) => {
            tracing::debug!(%error, "the session cookie does not open: clearing it");
            return nobody();
        }
        Ok(Read::Ended) => {
            tracing::debug!("the session has ended: clearing its cookie");
            return nobody();
        }
        Err(error) => {
            tracing::error!(%error, "who is signed in cannot be said");
            return Shape::Unavailable;
        }
    };
    let renewed = match live.row {
        Some(_) => renew_stored(settings, visit, *live, update).await,
        None => renew(settings, visit, live.claims, trigger, update).await,
    };
    match renewed {
        Ok(Some((body, cookies))) => Shape::Somebody(body, cookies),
        Ok(None) => nobody(),
        Err(Error::Store(error)) => {
            tracing::error!(%error, "the session cannot be renewed");
            Shape::Unavailable
        }
        Err(error) => {
            // The cookie stays: a hook that fails once must not sign everybody out.
            tracing::error!(%error, "the session cannot be shown");
            Shape::Nobody(Vec::new())
        }
    }
}

/// Of a session in a cookie: sealed anew.
async fn renew(
    settings: &Settings,
    visit: &Visit<'_>,
    claims: Claims,
    trigger: Trigger,
    update: Option<Value>,
) -> Result<Option<(String, Vec<SetCookie>)>, Error> {
    let input = |claims| JwtInput { claims, trigger, user: None, account: None, profile: None, update: update.clone() };
    let Some(claims) = settings.hooks.jwt(claims, input).await? else { return Ok(None) };
    let public = public_view(&claims, visit.kind.session.end_of(&claims, visit.now), settings.shown_members());
    let view = settings.hooks.session(public, &claims, update).await?;
    let body = view.to_string();
    let heard = settings.events.is_some().then(|| Event::Session { session: view, claims: claims.clone() });
    let cookies = visit.kind.session.write(claims, &visit.cookies, visit.now, &*settings.random)?;
    if let Some(event) = heard {
        settings.emit(event).await;
    }
    Ok(Some((body, cookies)))
}

/// Of a stored session: its row lasts longer, and so does the cookie.
async fn renew_stored(
    settings: &Settings,
    visit: &Visit<'_>,
    live: Live,
    update: Option<Value>,
) -> Result<Option<(String, Vec<SetCookie>)>, Error> {
    let (Some(row), Some(stored)) = (live.row, &settings.stores.sessions) else { return Ok(None) };
    if !stored.touch(&row.session, visit.now).await? {
        return Ok(None);
    }
    let public = public_view(&live.claims, live.expires, settings.shown_members());
    let view = settings.hooks.session(public, &live.claims, update).await?;
    let body = view.to_string();
    let cookies = visit.kind.session.write_token(&row.token, &visit.cookies, visit.now)?;
    if settings.events.is_some() {
        settings.emit(Event::Session { session: view, claims: live.claims }).await;
    }
    Ok(Some((body, cookies)))
}
