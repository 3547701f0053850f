//! `/callback/{provider}`: the browser comes back, and nothing that it carries is believed before it is checked.

use authstile_oauth::authorize::{AuthorizationResponse, AuthorizationResponseError, ResponseMode};
use authstile_oauth::form::Parameters;
use authstile_oauth::id_token::{IdToken, IdTokenError};
use authstile_oauth::token::TokenResponse;
use authstile_oauth::word::{Issuer, RedirectUri, Subject};

use crate::admission::{Admission, Admitted, Identity, admit};
use crate::answer::Answer;
use crate::cookie::SetCookie;
use crate::error::{Denied, Error, Leg, RequestError, from_profile};
use crate::event::Event;
use crate::facts::SessionFacts;
use crate::hooks::{JwtInput, Trigger};
use crate::model::Account;
use crate::pending::PendingSignIn;
use crate::profile::{Mapped, Sources};
use crate::provider::Protocol;
use crate::registration::{Facts, IdentityMismatch};
use crate::registry::{ProviderError, Resolved};
use crate::return_to::ReturnTo;
use crate::revocation::RevocationKey;
use crate::session::default_claims;
use crate::settings::Settings;
use crate::vault::KeptTokens;
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
    let parameters = match provider.entry.registration.provider.response_mode {
        ResponseMode::Query => &visit.query,
        ResponseMode::FormPost => &visit.body.form,
    };
    // An answer without one state is nobody's: it neither uses up nor clears the sign-in of another tab.
    let state = parameters.one("state").map_err(AuthorizationResponseError::from);
    let state = state.map_err(|error| Error::provider(id, Leg::Callback, error.into()))?;
    let state = state.ok_or(Error::from(RequestError::StateMissing))?;
    let (pending, forget) = PendingSignIn::recall(settings, visit, state);
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
    let PendingSignIn { state, nonce, verifier, asked, redirect_uri, return_to, .. } = pending;
    let redirect_uri =
        RedirectUri::parse(redirect_uri).map_err(|_| Error::Bug("a pending sign-in has no redirect URI"))?;
    // What begins a sign-in has no place in the answer to one.
    if let Some(initiator) = &provider.entry.registration.initiator
        && parameters.last(initiator.parameter()).is_some()
    {
        return Err(failed(AuthorizationResponseError::UnexpectedParameter(initiator.parameter()).into()));
    }
    let response = AuthorizationResponse::parse(parameters).map_err(|error| failed(error.into()))?;
    let code = provider.accept(response, &state).await.map_err(failed)?;
    let code_text = code.expose().to_owned();
    let tokens = provider.exchange(code, verifier, &redirect_uri).await.map_err(failed)?;
    let id_token = match provider.entry.registration.provider.protocol {
        Protocol::Oidc => Some(provider.verify(&tokens, &code_text, &nonce).await.map_err(|error| match error {
            ProviderError::IdToken(IdTokenError::TenantNotAllowed { got }) => {
                Denied::Mismatch(IdentityMismatch::Tenant { got }).into()
            }
            error => failed(error),
        })?),
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
    let carried = provider.callback_member(parameters);
    let mut claims = provider.profile(&tokens, id_token.as_ref(), carried).await.map_err(failed)?;
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
    let identity = Identity { issuer, subject, user, account, profile: claims, facts };
    match admit(settings, identity).await? {
        Admitted::Yes(admission) => establish(settings, visit, *admission, return_to).await,
        Admitted::Elsewhere(url) => {
            let elsewhere = settings.return_to(&url, &visit.origin).unwrap_or_else(|| ReturnTo::origin(&visit.origin));
            Ok(Answer::redirect(elsewhere.as_str()))
        }
    }
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
        kind: provider.entry.registration.provider.protocol.as_str(),
        provider_account_id: subject.to_owned(),
        access_token: tokens.access_token,
        id_token: tokens.id_token,
        refresh_token: tokens.refresh_token,
        token_type: tokens.token_type,
        scope: tokens.scope,
        expires_at: tokens.expires_in.filter(|seconds| *seconds > 0).map(|seconds| now.saturating_add(seconds)),
    }
}

/// A new session, whatever was there before.
async fn establish(
    settings: &Settings,
    visit: &Visit<'_>,
    admission: Admission,
    return_to: String,
) -> Result<Answer, Error> {
    let Admission { user, account, profile, facts } = admission;
    let id = settings.random.uuid()?;
    let mut keys = facts.keys;
    keys.push(RevocationKey::session(&id));
    let kept = settings
        .registry
        .find(&account.provider)
        .and_then(|provider| KeptTokens::of(&account, &id, provider.entry.registration.keep_tokens));
    let facts_of_session = SessionFacts { id, provider: account.provider.clone(), at: visit.now.millis(), keys };
    let mut claims = default_claims(&user);
    claims.extend(facts.member.map(|(name, value)| (name.to_owned(), value)));
    let input = |claims| JwtInput {
        claims,
        trigger: Trigger::SignIn,
        user: Some(user.clone()),
        account: Some(account.clone()),
        profile: Some(profile.clone()),
        update: None,
    };
    let claims = settings.hooks.jwt(claims, input).await?;
    let mut cookies = match claims {
        Some(mut claims) => {
            facts_of_session.write(&mut claims);
            visit.kind.session.write(claims, &visit.cookies, visit.now, &*settings.random)?
        }
        None => visit.kind.session.clear(&visit.cookies),
    };
    match kept {
        Some(kept) => cookies.extend(visit.kind.vault.write(&kept, &visit.cookies, visit.now, &*settings.random)?),
        None => cookies.extend(visit.kind.vault.clear(&visit.cookies)),
    }
    tracing::info!(provider = %account.provider, user = %user.id, "signed in");
    settings.emit(Event::SignIn { user, account, profile, is_new_user: None }).await;
    Ok(Answer::redirect(return_to).with(cookies))
}
