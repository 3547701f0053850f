//! From a proven identity to a person who is let in. Every way to sign in ends here, so that the question is asked once.

use authstile_oauth::word::{Issuer, Subject};
use aws_lc_rs::digest::{SHA256, digest};

use crate::dpop::ProofKey;
use crate::error::{Denied, Error};
use crate::event::Event;
use crate::hooks::{Provision, ProvisionInput, SignInAttempt, SignInDecision};
use crate::link::{Decision, Known, LinkPolicy, Presented, decide};
use crate::model::{Account, AccountKind, Claims, User};
use crate::random::uuid_text;
use crate::registration::{Facts, StoreTokens};
use crate::session::Read;
use crate::settings::Settings;
use crate::step_up::Authentication;
use crate::store::{Accounts, NewUser, RevocationKey, StoreError, StoredUser, UserChanges};
use crate::visit::Visit;

/// **Proof**: who somebody is, from verified sources.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) issuer: Option<Issuer>,
    pub(crate) subject: Subject,
    pub(crate) user: User,
    pub(crate) account: Account,
    pub(crate) profile: Claims,
    /// What the provider knows beyond the claims, and what the session can be revoked by.
    pub(crate) facts: Facts,
    /// How and when they proved who they are.
    pub(crate) authentication: Authentication,
    /// Whether a page of somebody who is signed in asked for it: then no account is linked by it.
    pub(crate) steps_up: bool,
}

/// **Proof**: policy and hooks said yes.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) user: StoredUser,
    pub(crate) account: Account,
    pub(crate) profile: Claims,
    pub(crate) facts: Facts,
    pub(crate) authentication: Authentication,
    /// Whether the person was just created; `None` where nobody is stored.
    pub(crate) is_new: Option<bool>,
    /// What the account's tokens are bound to.
    pub(crate) proof_key: Option<ProofKey>,
}

/// What became of an attempt.
#[derive(Debug)]
pub(crate) enum Admitted {
    Yes(Box<Admission>),
    /// Not let in, but sent somewhere.
    Elsewhere(String),
    /// Not let in before this person says, signed in as they did before, that the account is theirs.
    Ask {
        user_id: String,
        account: Account,
    },
}

/// Station *admit*.
pub(crate) async fn admit(settings: &Settings, visit: &Visit<'_>, identity: Identity) -> Result<Admitted, Error> {
    if settings.stores.revocations.is_refused(&identity.facts.keys).await? {
        return Err(Denied::Deactivated { user: identity.subject.as_str().to_owned() }.into());
    }
    let Some(accounts) = settings.stores.accounts.as_deref() else {
        return admit_unknown(settings, visit, identity).await;
    };
    let mut known = look_up(settings, accounts, visit, &identity).await?;
    let as_known = known.owner.as_ref().or(known.namesake.as_ref().filter(|_| is_mail(&identity)));
    let user = as_known.map_or_else(|| identity.user.clone(), |stored| stored.clone().into());
    if let Some(elsewhere) = ask_hook(settings, user, &identity).await? {
        return Ok(elsewhere);
    }
    // Whoever comes second with the same new account finds the first one's, on the second try.
    let mut is_first_try = true;
    loop {
        let decision = decide(presented(&identity), known, policy(settings, &identity), settings.linking.unverified);
        match carry_out(settings, accounts, visit, &identity, decision).await {
            Err(Error::Store(error)) if error.is_conflict() && is_first_try => is_first_try = false,
            Ok(Outcome::Ask(person)) => return Ok(Admitted::Ask { user_id: person.id, account: identity.account }),
            Ok(Outcome::In(user, is_new)) => {
                let Identity { account, profile, facts, authentication, .. } = identity;
                let is_new = Some(is_new);
                let admission = Admission { user, account, profile, facts, authentication, is_new, proof_key: None };
                return Ok(Admitted::Yes(Box::new(admission)));
            }
            Err(error) => return Err(error),
        }
        known = look_up(settings, accounts, visit, &identity).await?;
    }
}

/// Where nobody is stored, everybody is who they say they are, with an id that is the same at every sign-in.
async fn admit_unknown(settings: &Settings, visit: &Visit<'_>, identity: Identity) -> Result<Admitted, Error> {
    let issuer = identity.issuer.as_ref().map_or(identity.account.provider.as_str(), Issuer::as_str);
    let user = User { id: stable_id(issuer, &identity.subject), ..identity.user.clone() };
    if let Some(elsewhere) = ask_hook(settings, user.clone(), &identity).await? {
        return Ok(elsewhere);
    }
    let Identity { account, profile, facts, authentication, .. } = identity;
    let user = as_stored(user, visit);
    let admission = Admission { user, account, profile, facts, authentication, is_new: None, proof_key: None };
    Ok(Admitted::Yes(Box::new(admission)))
}

/// Station *admit* for somebody whom the application itself has checked. Nothing is created or linked: the application knows
/// its people.
pub(crate) async fn admit_credentials(
    settings: &Settings,
    visit: &Visit<'_>,
    provider: &str,
    user: User,
) -> Result<Admitted, Error> {
    let subject = Subject::parse(user.id.trim())
        .map_err(|_| Error::hook("authorize", "it returned a user without an id, so nobody is signed in".into()))?;
    let keys = vec![RevocationKey::subject(provider, subject.as_str()), RevocationKey::user(subject.as_str())];
    if settings.stores.revocations.is_refused(&keys).await? {
        return Err(Denied::Deactivated { user: user.id }.into());
    }
    let identity = Identity {
        issuer: None,
        account: Account::new(AccountKind::Credentials, provider, subject.as_str()),
        subject,
        user,
        profile: Claims::new(),
        facts: Facts { keys: keys.into_iter().take(1).collect(), member: None },
        authentication: Authentication::here(visit.now),
        steps_up: false,
    };
    if let Some(elsewhere) = ask_hook(settings, identity.user.clone(), &identity).await? {
        return Ok(elsewhere);
    }
    let Identity { account, profile, facts, user, authentication, .. } = identity;
    let known = match settings.stores.accounts.as_deref() {
        Some(accounts) => accounts.find_user(&user.id).await?,
        None => None,
    };
    let needs_known = settings.stores.sessions.as_ref().is_some_and(|stored| stored.store.needs_accounts());
    if known.is_none() && needs_known {
        let problem = "it returned a user whose id is not in the store of accounts, where sessions are kept too";
        return Err(Error::hook("authorize", problem.into()));
    }
    let user = known.unwrap_or_else(|| as_stored(user, visit));
    let admission = Admission { user, account, profile, facts, authentication, is_new: None, proof_key: None };
    Ok(Admitted::Yes(Box::new(admission)))
}

/// Somebody who is not stored, as if they were.
fn as_stored(user: User, visit: &Visit<'_>) -> StoredUser {
    let User { id, name, email, image, email_verified } = user;
    let email_verified = (email_verified == Some(true)).then_some(visit.now);
    StoredUser { id, name, email, email_verified, image, attributes: Claims::new() }
}

/// `None` goes on.
async fn ask_hook(settings: &Settings, user: User, identity: &Identity) -> Result<Option<Admitted>, Error> {
    let id = user.id.clone();
    let attempt = || SignInAttempt {
        user,
        account: identity.account.clone(),
        profile: identity.profile.clone(),
        is_verification_request: false,
    };
    match settings.hooks.sign_in(attempt).await? {
        SignInDecision::Allow => Ok(None),
        SignInDecision::Deny => Err(Denied::AccessDenied { user: id }.into()),
        SignInDecision::RedirectTo(url) => Ok(Some(Admitted::Elsewhere(url))),
    }
}

fn is_mail(identity: &Identity) -> bool {
    identity.account.kind == AccountKind::Email
}

fn presented(identity: &Identity) -> Presented<'_> {
    Presented {
        kind: identity.account.kind,
        email: identity.user.email.as_deref(),
        email_verified: identity.user.email_verified == Some(true),
    }
}

fn policy<'a>(settings: &'a Settings, identity: &Identity) -> &'a LinkPolicy {
    let provider = settings.registry.find(&identity.account.provider);
    let own = provider.and_then(|provider| provider.entry.registration.link_policy.as_ref());
    own.unwrap_or(&settings.linking.policy)
}

async fn look_up(
    settings: &Settings,
    accounts: &dyn Accounts,
    visit: &Visit<'_>,
    identity: &Identity,
) -> Result<Known, Error> {
    let owner = match is_mail(identity) {
        true => None,
        false => {
            let account = &identity.account;
            accounts.find_user_by_account(&account.provider, &account.provider_account_id).await?
        }
    };
    // Somebody else who answers a page's question for a fresh sign-in comes in as themselves.
    let current = if identity.steps_up { None } else { current(settings, accounts, visit).await? };
    let namesake = match identity.user.email.as_deref() {
        Some(email) if owner.is_none() && (is_mail(identity) || current.is_none()) => {
            accounts.find_user_by_email(email).await?
        }
        _ => None,
    };
    let namesake_has_accounts = match &namesake {
        Some(person) if is_mail(identity) => !accounts.accounts_of(&person.id).await?.is_empty(),
        _ => false,
    };
    Ok(Known { owner, current, namesake, namesake_has_accounts })
}

/// Who is signed in in this browser.
async fn current(settings: &Settings, accounts: &dyn Accounts, visit: &Visit<'_>) -> Result<Option<StoredUser>, Error> {
    let Read::Live(live) = settings.live(&visit.origin, &visit.cookies, visit.now).await? else { return Ok(None) };
    match (&live.row, live.text("sub")) {
        (None, Some(id)) => Ok(accounts.find_user(id).await?),
        (Some(row), _) => Ok(accounts.find_user(&row.session.user.id).await?),
        (None, None) => Ok(None),
    }
}

enum Outcome {
    In(StoredUser, bool),
    Ask(StoredUser),
}

async fn carry_out(
    settings: &Settings,
    accounts: &dyn Accounts,
    visit: &Visit<'_>,
    identity: &Identity,
    decision: Decision,
) -> Result<Outcome, Error> {
    match decision {
        Decision::Enter(owner) => {
            if store_tokens(settings, identity) == StoreTokens::EachSignIn {
                accounts.update_tokens(&identity.account).await?;
            }
            Ok(Outcome::In(owner, false))
        }
        Decision::Verify(person) => {
            let changes = UserChanges { email_verified: Some(visit.now), ..UserChanges::default() };
            let gone = || Error::Store(StoreError::other("the user was deleted meanwhile"));
            let user = accounts.update_user(&person.id, &changes).await?.ok_or_else(gone)?;
            settings.emit(Event::UpdateUser { user: user.clone().into() }).await;
            Ok(Outcome::In(user, false))
        }
        Decision::Link(person) => {
            accounts.link(&person.id, &stored_account(settings, identity)).await?;
            emit_link(settings, &person, identity).await;
            Ok(Outcome::In(person, false))
        }
        Decision::Register => register(settings, accounts, visit, identity).await,
        Decision::Ask(person) => Ok(Outcome::Ask(person)),
        Decision::Refuse(why) => Err(Denied::NotLinked { provider: identity.account.provider.clone(), why }.into()),
    }
}

async fn register(
    settings: &Settings,
    accounts: &dyn Accounts,
    visit: &Visit<'_>,
    identity: &Identity,
) -> Result<Outcome, Error> {
    let User { name, email, image, email_verified, .. } = identity.user.clone();
    let email_verified = email.as_ref().filter(|_| email_verified == Some(true)).map(|_| visit.now);
    let user = NewUser { id: settings.random.uuid()?, name, email, email_verified, image, attributes: Claims::new() };
    let input =
        || ProvisionInput { user: user.clone(), account: identity.account.clone(), profile: identity.profile.clone() };
    let user = match settings.hooks.provision(input).await? {
        Provision::Allow => user,
        Provision::AllowAs(user) => *user,
        Provision::Deny { reason } => {
            return Err(Denied::NotProvisioned { provider: identity.account.provider.clone(), reason }.into());
        }
    };
    // An address that was proven by mail is the account: there is nothing to link.
    let account = (!is_mail(identity)).then(|| stored_account(settings, identity));
    let user = accounts.register(&user, account.as_ref()).await?;
    settings.emit(Event::CreateUser { user: user.clone().into() }).await;
    if account.is_some() {
        emit_link(settings, &user, identity).await;
    }
    Ok(Outcome::In(user, true))
}

fn store_tokens(settings: &Settings, identity: &Identity) -> StoreTokens {
    let provider = settings.registry.find(&identity.account.provider);
    provider.map_or(StoreTokens::AtLink, |provider| provider.entry.registration.store_tokens)
}

/// The account as it is written down: with its tokens, unless the registration does not want them there.
fn stored_account(settings: &Settings, identity: &Identity) -> Account {
    let account = &identity.account;
    match store_tokens(settings, identity) {
        StoreTokens::Never => Account::new(account.kind, &*account.provider, &*account.provider_account_id),
        StoreTokens::AtLink | StoreTokens::EachSignIn => account.clone(),
    }
}

async fn emit_link(settings: &Settings, user: &StoredUser, identity: &Identity) {
    let (account, profile) = (identity.account.clone(), identity.profile.clone());
    settings.emit(Event::LinkAccount { user: user.clone().into(), account, profile }).await;
}

/// The user's id where no database gives one: the same at every sign-in, on every machine. A UUID of version 8
/// (RFC 9562 §5.8) made of SHA-256 over issuer and subject.
fn stable_id(issuer: &str, subject: &Subject) -> String {
    let hash = digest(&SHA256, format!("{issuer}\n{subject}").as_bytes());
    let bytes = hash.as_ref().first_chunk::<16>().copied().unwrap_or_default();
    uuid_text(bytes, 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_hangs_on_issuer_and_subject_and_on_nothing_else() {
        let id = |issuer, subject: &str| stable_id(issuer, &Subject::parse(subject).unwrap());
        assert_eq!(id("https://a.example", "1"), id("https://a.example", "1"));
        assert_ne!(id("https://a.example", "1"), id("https://b.example", "1"));
        assert_ne!(id("https://a.example", "1"), id("https://a.example", "2"));
        assert_eq!(id("https://a.example", "1").len(), 36);
    }
}
