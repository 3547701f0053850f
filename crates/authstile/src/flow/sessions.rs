//! `/sessions`: where somebody is signed in, and an end to what should not be.

use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use crate::answer::{Answer, Store};
use crate::clock::UnixTime;
use crate::error::Error;
use crate::page::{Moment, SessionItem, SessionsPage};
use crate::session::{Live, Read};
use crate::session_list::{self, Listed, SessionOverview};
use crate::settings::{Settings, with_query};
use crate::store::RevocationKey;
use crate::visit::Visit;

/// `GET /sessions`: a page, or JSON for a client that wants that.
#[tracing::instrument(name = "sessions", level = "debug", skip_all)]
pub(crate) async fn list(settings: &Settings, visit: &Visit<'_>) -> Result<Answer, Error> {
    let Read::Live(live) = settings.live(&visit.origin, &visit.cookies, visit.now).await? else {
        return Ok(sign_in_first(visit));
    };
    let sessions = session_list::list(settings, &live, visit.now).await?;
    let answer = match wants_json(visit.headers) {
        true => Answer::json(StatusCode::OK, as_json(settings, &sessions).to_string(), Store::No),
        false => Answer::page(StatusCode::OK, page(settings, visit, &live, &sessions)),
    };
    Ok(answer.with(visit.first_cookies.iter().cloned()))
}

/// `POST /sessions`: guard → end. `session` names one, `others=true` means all but this one. What names nothing of this
/// person's ends nothing, and the answer is the same.
#[tracing::instrument(name = "end_sessions", skip_all)]
pub(crate) async fn end(settings: &Settings, visit: &Visit<'_>) -> Result<Answer, Error> {
    visit.same_origin(settings)?;
    let Read::Live(live) = settings.live(&visit.origin, &visit.cookies, visit.now).await? else {
        return Ok(sign_in_first(visit));
    };
    let back = Answer::redirect(visit.mount.url("sessions"));
    if visit.body.form.last("others") == Some("true") {
        let cookies = session_list::end_others(settings, visit.kind, *live, &visit.cookies, visit.now).await?;
        return Ok(back.with(cookies));
    }
    let Some(handle) = visit.body.form.last("session").filter(|handle| !handle.is_empty()) else { return Ok(back) };
    if !session_list::list(settings, &live, visit.now).await?.iter().any(|own| own.is_current && own.handle == handle) {
        session_list::end_other(settings, &live, handle, visit.now).await?;
        return Ok(back);
    }
    match (&settings.stores.sessions, &live.row) {
        (Some(stored), Some(row)) => drop(stored.store.delete(&row.session.key).await?),
        _ => settings.end_sessions(&RevocationKey::session(handle), visit.now).await?,
    }
    Ok(back.with(visit.kind.session.clear(&visit.cookies)).with(visit.kind.vault.clear(&visit.cookies)))
}

fn sign_in_first(visit: &Visit<'_>) -> Answer {
    if wants_json(visit.headers) {
        let body = json!({ "error": "unauthorized", "message": "Sign in first." });
        return Answer::json(StatusCode::UNAUTHORIZED, body.to_string(), Store::No);
    }
    let here = visit.mount.url("sessions");
    Answer::redirect(with_query(&visit.mount.url("signin"), &[("callbackUrl", &here)]))
}

/// Whether a client of the application asks, rather than a person's browser.
fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.contains("application/json") && !accept.contains("text/html")
}

/// `complete` is false where sessions live in cookies, and only this one is known.
fn as_json(settings: &Settings, sessions: &[Listed]) -> Value {
    let session = |Listed { handle, is_current, overview }: &Listed| {
        json!({
            "id": handle,
            "current": is_current,
            "device": overview.user_agent.as_ref().map(|_| overview.device()),
            "address": overview.address,
            "provider": overview.provider,
            "begun": overview.begun.map(UnixTime::iso8601),
            "seen": overview.seen.map(UnixTime::iso8601),
            "expires": overview.expires.iso8601(),
        })
    };
    json!({ "sessions": sessions.iter().map(session).collect::<Vec<_>>(), "complete": settings.stores.sessions.is_some() })
}

fn page(settings: &Settings, visit: &Visit<'_>, live: &Live, sessions: &[Listed]) -> String {
    let stored = settings.stores.sessions.as_ref();
    let (action, sign_out) = (visit.mount.url("sessions"), visit.mount.url("signout"));
    let page = SessionsPage {
        shell: visit.look.shell(),
        action: &action,
        sign_out: &sign_out,
        csrf_token: &visit.csrf.token,
        return_to: visit.return_to.as_str(),
        user: ["email", "name"].iter().find_map(|name| live.text(name)),
        sessions: sessions.iter().map(|listed| item(settings, visit, listed)).collect(),
        is_complete: stored.is_some(),
        seen_within: stored.map(|stored| stored.update_age()).filter(|seconds| *seconds >= 3600).map(span),
    };
    page.render()
}

fn item(settings: &Settings, visit: &Visit<'_>, listed: &Listed) -> SessionItem {
    let Listed { handle, is_current, overview } = listed;
    let provider = overview.provider.as_deref().map(|id| {
        let named = settings.ways.iter().filter_map(|way| way.listed(&settings.registry.entries));
        named.into_iter().find(|way| way.id == id).map_or(id, |way| way.name).to_owned()
    });
    // A cookie does not remember the browser, but it is the one that asks.
    let device = match settings.stores.sessions {
        None => SessionOverview { user_agent: visit.user_agent().map(str::to_owned), ..overview.clone() }.device(),
        Some(_) => overview.device(),
    };
    SessionItem {
        handle: handle.clone(),
        is_current: *is_current,
        device,
        provider,
        address: overview.address.clone(),
        begun: overview.begun.map(moment),
        seen: overview.seen.filter(|_| !is_current).map(moment),
    }
}

/// `23 Nov 2026, 17:12 UTC`.
fn moment(at: UnixTime) -> Moment {
    let date = at.http_date();
    let text = date.get(5..16).zip(date.get(17..22)).map(|(day, time)| format!("{day}, {time} UTC"));
    Moment { iso: at.iso8601(), text: text.unwrap_or(date) }
}

/// A number of seconds, roughly, in words.
fn span(seconds: i64) -> String {
    let (number, unit) = if seconds >= 86_400 { (seconds / 86_400, "day") } else { (seconds / 3600, "hour") };
    match number {
        1 if unit == "hour" => "an hour".to_owned(),
        1 => "a day".to_owned(),
        number => format!("{number} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_spans_are_said_in_words() {
        assert_eq!(moment(UnixTime::from_millis(1_795_453_973_237)).text, "23 Nov 2026, 17:12 UTC");
        for (seconds, words) in [(3600, "an hour"), (7_300, "2 hours"), (86_400, "a day"), (200_000, "2 days")] {
            assert_eq!(span(seconds), words);
        }
    }
}
