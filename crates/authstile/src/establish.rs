//! From somebody who is let in to a session: a new one, whatever was there before. Every way to sign in ends here.

use crate::admission::Admission;
use crate::answer::Answer;
use crate::connect::Offer;
use crate::cookie::SetCookie;
use crate::error::Error;
use crate::event::Event;
use crate::facts::SessionFacts;
use crate::hooks::{JwtInput, Trigger};
use crate::model::{Claims, User};
use crate::session::{Read, default_claims};
use crate::settings::Settings;
use crate::store::{RevocationKey, SessionData};
use crate::stored::StoredSessions;
use crate::vault::KeptTokens;
use crate::visit::Visit;

/// Characters of a browser's name for itself that are kept.
const USER_AGENT: usize = 200;

/// Station *establish*.
pub(crate) async fn establish(
    settings: &Settings,
    visit: &Visit<'_>,
    admission: Admission,
    return_to: String,
) -> Result<Answer, Error> {
    let id = settings.random.uuid()?;
    let provider = settings.registry.find(&admission.account.provider);
    let keep = provider.map(|provider| provider.entry.registration.keep_tokens).unwrap_or_default();
    let kept = KeptTokens::of(&admission.account, &id, keep, admission.proof_key.clone());
    let mut cookies = match &settings.stores.sessions {
        Some(stored) => in_store(settings, visit, stored, &admission, id).await?,
        None => in_cookie(settings, visit, &admission, id).await?,
    };
    match kept {
        Some(kept) => cookies.extend(visit.kind.vault.write(&kept, &visit.cookies, visit.now, &*settings.random)?),
        None => cookies.extend(visit.kind.vault.clear(&visit.cookies)),
    }
    let waiting = Offer::read(settings, visit).filter(|offer| offer.user_id == admission.user.id);
    let Admission { user, account, profile, is_new, .. } = admission;
    tracing::info!(provider = %account.provider, user = %user.id, "signed in");
    settings.emit(Event::SignIn { user: user.into(), account, profile, is_new_user: is_new }).await;
    let to = match (&settings.pages.new_user, waiting) {
        (_, Some(mut offer)) => {
            offer.return_to = return_to;
            cookies.push(offer.seal(settings, visit)?);
            visit.mount.url("connect")
        }
        (Some(page), None) if is_new == Some(true) => visit.mount.page(page, &[("callbackUrl", &return_to)]),
        _ => return_to,
    };
    Ok(Answer::redirect(to).with(cookies))
}

/// What every session can be ended by beside what the provider knows: where several origins are ours, the one where it is
/// good; its own id, and its person. That one comes last.
fn keys(settings: &Settings, visit: &Visit<'_>, admission: &Admission, id: &str) -> Vec<RevocationKey> {
    let own = [RevocationKey::session(id), RevocationKey::user(&admission.user.id)];
    let origin = settings.host.has_tenants().then(|| RevocationKey::origin(visit.origin.as_str()));
    admission.facts.keys.iter().cloned().chain(origin).chain(own).collect()
}

async fn in_cookie(
    settings: &Settings,
    visit: &Visit<'_>,
    admission: &Admission,
    id: String,
) -> Result<Vec<SetCookie>, Error> {
    let keys = keys(settings, visit, admission, &id);
    let provider = admission.account.provider.clone();
    let facts = SessionFacts {
        id,
        provider,
        at: visit.now.millis(),
        begun: None,
        keys,
        authentication: admission.authentication.clone(),
    };
    let user = User::from(admission.user.clone());
    let mut claims = default_claims(&user);
    claims.extend(admission.facts.member.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let trigger = if admission.is_new == Some(true) { Trigger::SignUp } else { Trigger::SignIn };
    let input = |claims| JwtInput {
        claims,
        trigger,
        user: Some(user),
        account: Some(admission.account.clone()),
        profile: Some(admission.profile.clone()),
        update: None,
    };
    match settings.hooks.jwt(claims, input).await? {
        Some(mut claims) => {
            facts.write(&mut claims);
            Ok(visit.kind.session.write(claims, &visit.cookies, visit.now, &*settings.random)?)
        }
        None => Ok(visit.kind.session.clear(&visit.cookies)),
    }
}

/// A row under a new key; the one that this browser had before is gone with it.
async fn in_store(
    settings: &Settings,
    visit: &Visit<'_>,
    stored: &StoredSessions,
    admission: &Admission,
    id: String,
) -> Result<Vec<SetCookie>, Error> {
    let now = visit.now.millis();
    let keys = keys(settings, visit, admission, &id);
    let claims: Claims =
        admission.facts.member.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let data = SessionData {
        id,
        provider: admission.account.provider.clone(),
        at: now,
        seen: now,
        keys,
        user_agent: visit.user_agent().map(|name| name.chars().take(USER_AGENT).collect()),
        address: visit.address.map(|address| address.to_string()),
        authentication: admission.authentication.clone(),
        claims,
    };
    let token = stored.create(&admission.user, &data, visit.now, &*settings.random).await?;
    if let Read::Live(before) = settings.presented(&visit.origin, &visit.cookies, visit.now).await?
        && let Some(row) = before.row
    {
        stored.store.delete(&row.session.key).await?;
    }
    Ok(visit.kind.session.write_token(&token, &visit.cookies, visit.now)?)
}
