//! `GET /frontchannel-logout/{provider}` (OpenID Connect Front-Channel Logout 1.0): the provider shows this address in a frame
//! of its own sign-out page, so that the browser ends its session here too.
//!
//! Nothing proves that the provider made the page: whoever learns of a `sid` could show the address as well. So it ends only
//! the provider session to which this very browser's cookie belongs, and both `iss` and `sid` have to be there (register the
//! address with `frontchannel_logout_session_required`). It is best effort: browsers do not send our cookies, which are
//! `SameSite=Lax`, into a frame on another site, and many send none at all there. Then nothing happens. What the provider
//! can rely on is the back channel.

use http::StatusCode;

use crate::answer::Answer;
use crate::error::{Error, RequestError};
use crate::event::Event;
use crate::limits::LimitedRoute;
use crate::provider::IssuerCheck;
use crate::registry::Resolved;
use crate::session::{Live, Read};
use crate::settings::Settings;
use crate::store::RevocationKey;
use crate::visit::{Visit, client_of_routes};

/// Ends the session of this browser if it came from the provider session that is over.
#[tracing::instrument(name = "front_channel_logout", skip_all, fields(provider = %id))]
pub(crate) async fn logout(settings: &Settings, visit: &Visit<'_>, id: &str) -> Answer {
    let Some(provider) = settings.registry.find(id) else { return Answer::frame(StatusCode::NOT_FOUND, None) };
    let origin = provider.entry.issuer.as_ref().map(|issuer| issuer.url().origin().ascii_serialization());
    let answer = |status| Answer::frame(status, origin.clone());
    let key = match ended(visit, provider) {
        Ok(key) => key,
        Err(problem) => {
            let client = client_of_routes(visit.address);
            let counted = settings.limit_route(LimitedRoute::FrontChannelLogout, client.as_deref(), visit.now).await;
            if let Err(Error::Request(RequestError::TooManyAttempts { seconds })) = counted {
                return answer(StatusCode::TOO_MANY_REQUESTS).retry_after(seconds);
            }
            tracing::warn!(%problem, "a front-channel logout was refused");
            return answer(StatusCode::BAD_REQUEST);
        }
    };
    let live = match settings.live(&visit.origin, &visit.cookies, visit.now).await {
        Ok(Read::Live(live)) if belongs(&live, id, &key) => live,
        Ok(_) => {
            tracing::debug!("no session of this browser is meant");
            return answer(StatusCode::OK);
        }
        Err(error) => return failed(&error, answer(StatusCode::SERVICE_UNAVAILABLE)),
    };
    if let Err(error) = settings.end_sessions(&key, visit.now).await {
        return failed(&error.into(), answer(StatusCode::SERVICE_UNAVAILABLE));
    }
    tracing::info!(user = live.text("sub"), "signed out by the provider, in the browser");
    settings.emit(Event::SignOut { claims: live.claims }).await;
    let cookies = visit.kind.session.clear(&visit.cookies);
    answer(StatusCode::OK).with(cookies).with(visit.kind.vault.clear(&visit.cookies))
}

/// The session at the provider that is over, as far as the address can be believed (§3).
fn ended(visit: &Visit<'_>, provider: Resolved<'_>) -> Result<RevocationKey, String> {
    let one = |name: &'static str| {
        let given = visit.query.one(name).map_err(|error| error.to_string())?;
        given.filter(|text| !text.is_empty()).ok_or(format!("{name} is missing"))
    };
    let (iss, sid) = (one("iss")?, one("sid")?);
    // Where the provider has tenants, the session knows whose it is.
    let is_own = provider.entry.issuer.as_ref().is_some_and(|own| own.as_str() == iss);
    if !is_own && provider.provider().issuer_check != IssuerCheck::TenantClaim {
        return Err("iss is not the issuer of this provider".to_owned());
    }
    Ok(RevocationKey::provider_session(iss, sid))
}

/// Whether the session came from that provider, and from that session there.
fn belongs(live: &Live, provider: &str, key: &RevocationKey) -> bool {
    live.facts().is_some_and(|facts| facts.provider == provider && facts.keys.contains(key))
}

fn failed(error: &Error, answer: Answer) -> Answer {
    tracing::error!(%error, "a front-channel logout could not be carried out");
    answer
}
