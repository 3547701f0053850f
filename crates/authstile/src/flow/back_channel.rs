//! What providers say behind the browser's back: that a session ended, or that something happened to an account. No
//! cookies, no pages; the only proof is a signature.

use std::net::IpAddr;

use authstile_oauth::form::Parameters;
use authstile_oauth::jose::jwk::KeyError;
use authstile_oauth::jose::jws::SignatureError;
use authstile_oauth::logout_token::{self, Expected, LogoutTokenError, VerifiedLogoutToken};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::answer::{Answer, Store};
use crate::bounds;
use crate::clock::UnixTime;
use crate::error::{Error, RequestError};
use crate::limits::LimitedRoute;
use crate::registry::Resolved;
use crate::settings::Settings;
use crate::store::revocation::{Refusal, RevocationKey};
use crate::visit::client_of_routes;
use crate::webhook::SessionEffect;

/// Seconds that a webhook's id is remembered: longer than any provider goes on delivering it.
const REMEMBER_WEBHOOK: i64 = 3 * 24 * 60 * 60;

/// `POST /backchannel-logout/{provider}` (OpenID Connect Back-Channel Logout 1.0 §2.5): 200 when the sessions are ended,
/// 400 with the reason when they are not.
#[tracing::instrument(name = "back_channel_logout", skip_all, fields(provider = %id))]
pub(crate) async fn logout(settings: &Settings, id: &str, body: &Bytes, address: Option<IpAddr>) -> Answer {
    if let Err(beyond) = bounds::check_form(body) {
        return Answer::json(beyond.status(), json!({ "message": beyond.to_string() }).to_string(), Store::No);
    }
    match end_sessions(settings, id, &Parameters::parse(body)).await {
        Ok(()) => Answer::json(StatusCode::OK, "{}", Store::No),
        Err(problem) => {
            if let Some(too_many) = too_many(settings, LimitedRoute::BackChannelLogout, address).await {
                return too_many;
            }
            tracing::warn!(provider = id, %problem, "a back-channel logout was refused");
            let body = json!({ "error": "invalid_request", "error_description": problem });
            Answer::json(StatusCode::BAD_REQUEST, body.to_string(), Store::No)
        }
    }
}

/// The answer to one refused message more than a client network may send. What is signed by the provider is never counted:
/// a logout that is not heard leaves a session alive.
async fn too_many(settings: &Settings, route: LimitedRoute, address: Option<IpAddr>) -> Option<Answer> {
    let client = client_of_routes(address);
    match settings.limit_route(route, client.as_deref(), settings.clock.now()).await {
        Err(Error::Request(RequestError::TooManyAttempts { seconds })) => {
            let body = json!({ "error": "TooManyRequests", "message": "Too many messages were refused." });
            let answer = Answer::json(StatusCode::TOO_MANY_REQUESTS, body.to_string(), Store::No);
            Some(answer.retry_after(seconds))
        }
        _ => None,
    }
}

async fn end_sessions(settings: &Settings, id: &str, form: &Parameters) -> Result<(), String> {
    let provider = settings.find(id).map_err(|error| error.to_string())?;
    let now = settings.clock.now();
    let raw = form.one("logout_token").map_err(|error| error.to_string())?.ok_or("logout_token is missing")?;
    let token = verify(provider, raw, now).await?;
    let issuer = provider.entry.issuer.as_ref().map_or("", |issuer| issuer.as_str());
    let replay = RevocationKey::new("logout token", &[issuer, token.jti()]);
    let forget = UnixTime::from_seconds(token.expires_at()).plus_seconds(2 * authstile_oauth::id_token::LEEWAY);
    let storage = |error: crate::store::StoreError| error.to_string();
    if !settings.stores.revocations.first_time(&replay, now, forget).await.map_err(storage)? {
        return Err("this logout token was used before".to_owned());
    }
    // A session at the provider is the narrower word: where it is named, the person's other sessions go on.
    let key = match (token.session_id(), token.subject()) {
        (Some(session), _) => RevocationKey::provider_session(issuer, session),
        (None, Some(subject)) => RevocationKey::subject(issuer, subject.as_str()),
        (None, None) => return Err("neither sid nor sub".to_owned()),
    };
    settings.end_sessions(&key, now).await.map_err(storage)?;
    tracing::info!(provider = id, "sessions were ended by the provider");
    Ok(())
}

async fn verify(provider: Resolved<'_>, raw: &str, now: UnixTime) -> Result<VerifiedLogoutToken, String> {
    let verdict = provider
        .with_keys(
            |keys, metadata| {
                let expected = Expected {
                    issuer: &metadata.issuer,
                    client_id: &provider.entry.client_id,
                    algorithms: &metadata.id_token_signing_alg_values,
                    now: now.seconds(),
                };
                logout_token::verify(raw, keys, &expected)
            },
            |error| matches!(error, LogoutTokenError::Signature(SignatureError::Key(KeyError::UnknownKid { .. }))),
        )
        .await;
    verdict.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// `POST /webhooks/{provider}`: 200 when the event was taken, 401 when it is not the provider's, 500 when it should come
/// again.
#[tracing::instrument(name = "webhook", skip_all, fields(provider = %id))]
pub(crate) async fn webhook(
    settings: &Settings,
    id: &str,
    headers: &HeaderMap,
    body: &Bytes,
    address: Option<IpAddr>,
) -> Answer {
    let plain = |status, text: &str| Answer::json(status, json!({ "message": text }).to_string(), Store::No);
    let provider = settings.registry.find(id);
    let Some((provider, receiver)) =
        provider.and_then(|found| Some((found, found.entry.registration.webhooks.clone()?)))
    else {
        return plain(StatusCode::NOT_FOUND, "No webhooks are expected here.");
    };
    let issuer = provider.entry.issuer.as_ref().map_or("", |issuer| issuer.as_str());
    let now = settings.clock.now();
    let delivery = match receiver.receive(headers, body, issuer, now.seconds()) {
        Ok(delivery) => delivery,
        Err(refused) => {
            if let Some(too_many) = too_many(settings, LimitedRoute::Webhook, address).await {
                return too_many;
            }
            tracing::warn!(provider = id, %refused, "a webhook was refused");
            return plain(StatusCode::UNAUTHORIZED, "The webhook is not signed as it should be.");
        }
    };
    let seen = RevocationKey::new("webhook", &[issuer, &delivery.id]);
    let first = settings.stores.revocations.first_time(&seen, now, now.plus_seconds(REMEMBER_WEBHOOK)).await;
    if matches!(first, Ok(false)) {
        return plain(StatusCode::OK, "Taken before.");
    }
    let taken = async {
        first?;
        apply(settings, &delivery.effects, now, delivery.occurred_at.unwrap_or(now)).await?;
        receiver.handle(&delivery).await.map_err(|source| Error::hook("webhook", source))
    };
    if let Err(error) = taken.await {
        tracing::error!(provider = id, kind = %delivery.kind, %error, "a webhook could not be taken");
        if let Err(error) = settings.stores.revocations.forget_seen(&seen).await {
            tracing::error!(%error, "its next delivery will be taken for a repetition");
        }
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "Please deliver it again.");
    }
    tracing::info!(provider = id, kind = %delivery.kind, effects = delivery.effects.len(), "took a webhook");
    plain(StatusCode::OK, "Taken.")
}

async fn apply(settings: &Settings, effects: &[SessionEffect], now: UnixTime, decided: UnixTime) -> Result<(), Error> {
    for effect in effects {
        match effect {
            SessionEffect::End(key) => settings.end_sessions(key, now).await?,
            SessionEffect::EndAndRefuse(key) => {
                settings.stores.revocations.refuse(key, Refusal::Refuse, decided).await?;
                settings.end_sessions(key, now).await?;
            }
            SessionEffect::Allow(key) => settings.stores.revocations.refuse(key, Refusal::Allow, decided).await?,
        }
    }
    Ok(())
}
