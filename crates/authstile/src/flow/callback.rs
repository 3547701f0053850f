//! `/callback/{provider}`: the browser comes back, and nothing that it carries is believed before it is checked.

use authstile_oauth::authorize::{AuthorizationResponse, AuthorizationResponseError, ResponseMode, signed_response};
use authstile_oauth::form::Parameters;
use authstile_oauth::id_token::{IdToken, IdTokenError};
use authstile_oauth::jarm::peek_state;
use authstile_oauth::token::TokenResponse;
use authstile_oauth::word::{Issuer, RedirectUri, Subject};
use serde_json::Value;

use crate::admission::{Admitted, Identity, admit};
use crate::answer::Answer;
use crate::connect::ask_owner;
use crate::cookie::SetCookie;
use crate::error::{Denied, Error, Leg, RequestError, from_profile};
use crate::establish::establish;
use crate::model::{Account, AccountKind};
use crate::pending::PendingSignIn;
use crate::profile::{Mapped, Sources};
use crate::provider::Protocol;
use crate::registration::{Facts, IdentityMismatch};
use crate::registry::{ProviderError, Resolved};
use crate::settings::Settings;
use crate::step_up::{Authentication, StepUp};
use crate::store::RevocationKey;
use crate::visit::Visit;

/// A callback that failed, and what the browser has to forget all the same.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) cookies: Vec<SetCookie>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, cookies: Vec::new() }
    }
}

/// Finishes a sign-in.
#[tracing::instrument(name = "callback", skip_all, fields(provider = %id))]
pub(crate) async fn callback(settings: &Settings, visit: &Visit<'_>, id: &str) -> Result<Answer, Failed> {
    let provider = settings.find(id)?;
    let mode = provider.entry.registration.provider.response_mode;
    let parameters = if mode.is_form_post() { &visit.body.form } else { &visit.query };
    // An answer without one state is nobody's: it neither uses up nor clears the sign-in of another tab.
    let state = state_of(parameters, mode).map_err(|error| Error::provider(id, Leg::Callback, error.into()))?;
    let state = state.ok_or(Error::from(RequestError::StateMissing))?;
    if let Some(proxy) = &settings.redirect_proxy {
        let elsewhere = proxy.forward(&visit.origin, id, &state, parameters, visit.now);
        if let Some(preview) = elsewhere.map_err(|error| Error::from(RequestError::NotForwarded(error)))? {
            return Ok(Answer::redirect(preview));
        }
    }
    let (pending, forget) = PendingSignIn::recall(settings, visit, &state);
    let forget: Vec<SetCookie> = forget.into_iter().collect();
    let finished = match pending {
        Ok(pending) => finish(settings, visit, provider, pending, parameters).await,
        Err(error) => Err(error.into()),
    };
    match finished {
        Ok(answer) => Ok(answer.with(forget)),
        Err(error) => Err(Failed { error, cookies: forget }),
    }
}

/// The state that an answer names, believed by nobody yet: that of a signed answer stands in it, and is compared again when
/// its signature has been verified.
fn state_of(parameters: &Parameters, mode: ResponseMode) -> Result<Option<String>, AuthorizationResponseError> {
    Ok(match mode.is_signed() {
        true => peek_state(signed_response(parameters)?),
        false => parameters.one("state")?.map(str::to_owned),
    })
}

/// accept → exchange → identify → admit → establish.
async fn finish(
    settings: &Settings,
    visit: &Visit<'_>,
    provider: Resolved<'_>,
    pending: PendingSignIn,
    parameters: &Parameters,
) -> Result<Answer, Error> {
    let id = provider.entry.id();
    let failed = |error: ProviderError| Error::provider(id, Leg::Callback, error);
    if pending.provider != id {
        return Err(RequestError::WrongProvider { expected: pending.provider, got: id.to_owned() }.into());
    }
    let PendingSignIn { state, nonce, verifier, proof_key, asked, redirect_uri, return_to, demanded, begun, .. } =
        pending;
    let redirect_uri =
        RedirectUri::parse(redirect_uri).map_err(|_| Error::Bug("a pending sign-in has no redirect URI"))?;
    // What begins a sign-in has no place in the answer to one.
    if let Some(initiator) = &provider.entry.registration.initiator
        && parameters.last(initiator.parameter()).is_some()
    {
        return Err(failed(AuthorizationResponseError::UnexpectedParameter(initiator.parameter()).into()));
    }
    let opened;
    let parameters = match provider.entry.registration.provider.response_mode.is_signed() {
        true => {
            opened = provider.open_response(parameters).await.map_err(failed)?;
            &opened
        }
        false => parameters,
    };
    let response = AuthorizationResponse::parse(parameters).map_err(|error| failed(error.into()))?;
    let code = provider.accept(response, &state).await.map_err(failed)?;
    let code_text = code.expose().to_owned();
    let prover = proof_key.clone().map(|key| settings.prover(key, false));
    let tokens = provider.exchange(code, verifier, &redirect_uri, prover.as_ref()).await.map_err(failed)?;
    // What a page demands is checked afterwards, with words of its own.
    let demanded_age = demanded.as_ref().and_then(StepUp::seconds);
    let max_age = max_age(&asked).filter(|max_age| demanded_age != Some(*max_age));
    let max_age = max_age.map(|seconds| seconds.saturating_add(visit.now.seconds().saturating_sub(begun)));
    let id_token = match provider.entry.registration.provider.protocol {
        Protocol::Oidc => {
            Some(provider.verify(&tokens, &code_text, &nonce, max_age).await.map_err(|error| match error {
                ProviderError::IdToken(IdTokenError::TenantNotAllowed { got }) => {
                    Denied::Mismatch(IdentityMismatch::Tenant { got }).into()
                }
                error => failed(error),
            })?)
        }
        Protocol::OAuth2 => None,
    };
    if let Some(id_token) = &id_token {
        provider
            .entry
            .registration
            .checks
            .iter()
            .try_for_each(|check| check.check(id_token, &asked))
            .map_err(Denied::Mismatch)?;
    }
    let authentication = id_token.as_ref().map(|token| Authentication::of(token, visit.now)).unwrap_or_default();
    if let Some(demanded) = &demanded {
        let insufficient = |why| Denied::Insufficient { provider: id.to_owned(), why };
        demanded.check(&authentication, visit.now).map_err(insufficient)?;
    }
    let carried = provider.callback_member(parameters);
    let mut claims = provider.profile(&tokens, id_token.as_ref(), carried, prover.as_ref()).await.map_err(failed)?;
    let sources = Sources { profile: &claims, token: &tokens.other, options: &provider.entry.options };
    let Mapped { subject, user, extra } =
        provider.entry.mapping.map(&sources).map_err(|error| from_profile(id, error))?;
    // What the card maps beyond a person is there for the hooks, under its name; what the provider says is not replaced.
    for (name, value) in extra {
        claims.entry(name).or_insert(value);
    }
    let issuer = provider.issuer_of(id_token.as_ref());
    let facts = facts(provider, issuer.as_ref(), &subject, id_token.as_ref(), &tokens).await;
    let account = account(provider, tokens, subject.as_str(), visit.now.seconds());
    let steps_up = demanded.is_some();
    let identity = Identity { issuer, subject, user, account, profile: claims, facts, authentication, steps_up };
    match admit(settings, visit, identity).await? {
        Admitted::Yes(mut admission) => {
            admission.proof_key = proof_key;
            establish(settings, visit, *admission, return_to).await
        }
        Admitted::Ask { user_id, account } => ask_owner(settings, visit, user_id, &account, return_to),
        Admitted::Elsewhere(url) => {
            let elsewhere = visit.allowed(settings, &url);
            Ok(Answer::redirect(elsewhere.as_str()))
        }
    }
}

/// The `max_age` that was asked for. Whoever asked for something else than seconds gets the strictest.
///
/// It counts from when the browser left for the provider: what a visitor does there after signing in may take its time.
fn max_age(asked: &[(String, String)]) -> Option<i64> {
    let (_, text) = asked.iter().find(|(name, _)| name == "max_age")?;
    Some(text.parse::<u32>().map_or(0, i64::from))
}

/// What the session can be revoked by: its subject, the provider's session, and what else the provider knows.
async fn facts(
    provider: Resolved<'_>,
    issuer: Option<&Issuer>,
    subject: &Subject,
    id_token: Option<&IdToken>,
    tokens: &TokenResponse,
) -> Facts {
    let issuer = issuer.map_or(provider.entry.id(), Issuer::as_str);
    let Some(id_token) = id_token else {
        return Facts { keys: vec![RevocationKey::subject(issuer, subject.as_str())], member: None };
    };
    let mut facts = Facts::default();
    if let Some(known) = &provider.entry.registration.facts {
        let access_token = provider.verify_access_token(tokens).await;
        facts = known.facts(issuer, id_token, access_token.as_ref());
    }
    facts.keys.push(RevocationKey::subject(issuer, id_token.subject().as_str()));
    facts.keys.extend(id_token.text("sid").map(|sid| RevocationKey::provider_session(issuer, sid)));
    facts
}

fn account(provider: Resolved<'_>, tokens: TokenResponse, subject: &str, now: i64) -> Account {
    Account {
        provider: provider.entry.id().to_owned(),
        kind: match provider.entry.registration.provider.protocol {
            Protocol::Oidc => AccountKind::Oidc,
            Protocol::OAuth2 => AccountKind::OAuth,
        },
        provider_account_id: subject.to_owned(),
        access_token: Some(tokens.access_token),
        id_token: tokens.id_token,
        refresh_token: tokens.refresh_token,
        token_type: Some(tokens.token_type),
        scope: tokens.scope,
        expires_at: tokens.expires_in.filter(|seconds| *seconds > 0).map(|seconds| now.saturating_add(seconds)),
        session_state: tokens.other.get("session_state").and_then(Value::as_str).map(str::to_owned),
    }
}
