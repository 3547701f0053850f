//! Signing in by mail. `POST /signin/{id}` sends a link or a code; `/callback/{id}` takes it: a GET shows a button, because
//! whoever looks after a mailbox opens every link in it, and only a POST uses it up.

use authstile_oauth::word::Subject;

use crate::admission::{Admitted, Identity, admit};
use crate::answer::Answer;
use crate::clock::UnixTime;
use crate::code_request::{CodeRequest, Opened};
use crate::connect::ask_owner;
use crate::cookie::SetCookie;
use crate::email::{EmailProof, EmailProvider};
use crate::email_address::EmailIdentifier;
use crate::error::{Denied, Error, RequestError, VerificationFailure};
use crate::establish::establish;
use crate::hooks::{SignInAttempt, SignInDecision};
use crate::mail::{MailProof, SignInMail};
use crate::model::{Account, AccountKind, Claims, User};
use crate::random::hex;
use crate::registration::Facts;
use crate::settings::Settings;
use crate::step_up::Authentication;
use crate::store::{OneTime, OneTimeValue, Quota, RevocationKey};
use crate::visit::Visit;

/// How often one request's code can be guessed.
const GUESSES: Quota = Quota { burst: 5, seconds: 15 * 60 };

/// `POST /signin/{id}`: guard → normalize → limit → ask → remember → send. The answer is the same whoever asks for whom.
#[tracing::instrument(name = "email_sign_in", skip_all, fields(provider = %provider.id))]
pub(crate) async fn request(settings: &Settings, visit: &Visit<'_>, provider: &EmailProvider) -> Result<Answer, Error> {
    visit.same_origin(settings)?;
    let entered = visit.body.form.last("email").unwrap_or_default();
    let email = EmailIdentifier::parse(entered).map_err(|_| RequestError::InvalidEmail)?;
    if let Some(client) = visit.client() {
        settings.limit("mails of client", &[&client], provider.by_client, visit.now).await?;
    }
    settings.limit("mails to address", &[email.as_str()], provider.by_address, visit.now).await?;
    if let Some(elsewhere) = ask(settings, visit, provider, &email).await? {
        return Ok(elsewhere);
    }
    let (secret, proof, cookie) = match provider.proof {
        EmailProof::Link => {
            let token = hex(&settings.random.bytes::<32>()?);
            let url = link(visit, provider, &token, &email);
            (token, MailProof::Link(url), None)
        }
        EmailProof::Code => {
            let request = CodeRequest {
                provider: provider.id.clone(),
                email: email.as_str().to_owned(),
                request: hex(&settings.random.bytes::<16>()?),
                return_to: visit.return_to.as_str().to_owned(),
            };
            let code = digits(settings)?;
            let cookie = request.seal(settings, visit, provider.seconds)?;
            (request.proof(&code), MailProof::Code(code), Some(cookie))
        }
    };
    let value = OneTimeValue {
        identifier: email.as_str().to_owned(),
        token: settings.proofs.of(&visit.proof(settings, &secret)),
        expires: visit.now.plus_seconds(provider.seconds),
    };
    one_time(settings)?.create(&value).await?;
    let host = visit.origin.host().to_owned();
    let mut mail = SignInMail::new(email.as_str(), host, provider.seconds, proof);
    mail.brand_color.clone_from(&visit.look.theme.brand_color);
    mail.button_text.clone_from(&visit.look.theme.button_text);
    provider.mailer.send(&mail, settings.registry.transport()).await?;
    tracing::info!("sent a mail to sign in with");
    let sent = visit.mount.url("verify-request");
    let sent = visit.mount.page(&sent, &[("provider", &provider.id), ("type", "email")]);
    Ok(Answer::redirect(sent).with(visit.first_cookies.iter().cloned()).with(cookie))
}

/// Auth.js's link (`authjs-behaviour` §8.1), to which it would be an address of its own.
fn link(visit: &Visit<'_>, provider: &EmailProvider, token: &str, email: &EmailIdentifier) -> String {
    let callback = visit.mount.url(&format!("callback/{}", provider.id));
    let parameters = [("callbackUrl", visit.return_to.as_str()), ("token", token), ("email", email.as_str())];
    visit.mount.page(&callback, &parameters)
}

/// Eight digits, each as likely as any other.
fn digits(settings: &Settings) -> Result<String, Error> {
    const MANY: u64 = 100_000_000;
    // 2^64 is no multiple of 10^8; what is left over is less than one part in 10^11.
    let number = u64::from_be_bytes(settings.random.bytes::<8>()?) % MANY;
    Ok(format!("{number:08}"))
}

/// The application's word, before a mail is sent. `None` goes on.
async fn ask(
    settings: &Settings,
    visit: &Visit<'_>,
    provider: &EmailProvider,
    email: &EmailIdentifier,
) -> Result<Option<Answer>, Error> {
    let known = match &settings.stores.accounts {
        Some(accounts) => accounts.find_user_by_email(email.as_str()).await?,
        None => None,
    };
    let user = known.map_or_else(|| unproven(email), User::from);
    let id = user.id.clone();
    let attempt = || SignInAttempt {
        user,
        account: Account::new(AccountKind::Email, &*provider.id, email.as_str()),
        profile: Claims::new(),
        is_verification_request: true,
    };
    match settings.hooks.sign_in(attempt).await? {
        SignInDecision::Allow => Ok(None),
        SignInDecision::Deny => Err(Denied::AccessDenied { user: id }.into()),
        SignInDecision::RedirectTo(url) => {
            let to = visit.allowed(settings, &url);
            Ok(Some(Answer::redirect(to.as_str())))
        }
    }
}

fn unproven(email: &EmailIdentifier) -> User {
    let email = email.as_str().to_owned();
    User { id: email.clone(), email: Some(email), ..User::default() }
}

/// `GET /callback/{id}`: what stands in the link; nothing is used up.
pub(crate) fn opened<'a>(visit: &'a Visit<'_>) -> Result<Opened<'a>, Error> {
    let token = visit.query.last("token").filter(|token| !token.is_empty());
    let (Some(token), Some(email)) = (token, visit.query.last("email")) else {
        return Err(Denied::Verification(VerificationFailure::Unknown).into());
    };
    Ok(Opened { token, email })
}

/// `POST /callback/{id}`: guard → consume → admit → establish.
#[tracing::instrument(name = "email_callback", skip_all, fields(provider = %provider.id))]
pub(crate) async fn callback(
    settings: &Settings,
    visit: &Visit<'_>,
    provider: &EmailProvider,
) -> Result<Answer, Error> {
    visit.same_origin(settings)?;
    let form = &visit.body.form;
    let (email, secret, return_to, used) = match (form.last("token"), form.last("code")) {
        (Some(token), _) => {
            let email = form.last("email").unwrap_or_default().to_owned();
            (email, token.to_owned(), visit.return_to.as_str().to_owned(), None)
        }
        (None, code) => {
            let request = CodeRequest::read(settings, visit).filter(|request| request.provider == provider.id);
            let request = request.ok_or(RequestError::PendingMissing)?;
            settings.limit("guesses", &[&request.request], GUESSES, visit.now).await?;
            let code: String = code.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
            let used = SetCookie::clear(&visit.names().code, visit.security());
            (request.email.clone(), request.proof(&code), request.return_to, Some(used))
        }
    };
    let email = consume(settings, visit, &email, &secret).await?;
    let identity = identity(provider, &email, visit.now)?;
    let answer = match admit(settings, visit, identity).await? {
        Admitted::Yes(admission) => establish(settings, visit, *admission, return_to).await?,
        Admitted::Ask { user_id, account } => ask_owner(settings, visit, user_id, &account, return_to)?,
        Admitted::Elsewhere(url) => {
            let to = visit.allowed(settings, &url);
            Answer::redirect(to.as_str())
        }
    };
    Ok(answer.with(used))
}

/// Uses the proof up; whoever has it owns the address. The address is compared as it was written down.
async fn consume(settings: &Settings, visit: &Visit<'_>, email: &str, secret: &str) -> Result<EmailIdentifier, Error> {
    let store = one_time(settings)?;
    let unknown = || Error::from(Denied::Verification(VerificationFailure::Unknown));
    for token in settings.proofs.candidates(&visit.proof(settings, secret)) {
        let Some(value) = store.consume(email, &token).await? else { continue };
        if value.expires <= visit.now {
            return Err(Denied::Verification(VerificationFailure::Expired).into());
        }
        return EmailIdentifier::parse(&value.identifier).map_err(|_| unknown());
    }
    Err(unknown())
}

fn identity(provider: &EmailProvider, email: &EmailIdentifier, now: UnixTime) -> Result<Identity, Error> {
    let subject = Subject::parse(email.as_str()).map_err(|_| Error::Bug("an address that is no subject"))?;
    Ok(Identity {
        issuer: None,
        user: User { email_verified: Some(true), ..unproven(email) },
        account: Account::new(AccountKind::Email, &*provider.id, email.as_str()),
        profile: Claims::new(),
        facts: Facts { keys: vec![RevocationKey::subject(&provider.id, subject.as_str())], member: None },
        authentication: Authentication::here(now),
        steps_up: false,
        subject,
    })
}

fn one_time(settings: &Settings) -> Result<&dyn OneTime, Error> {
    settings.stores.one_time.as_deref().ok_or(Error::Bug("an engine with mails and without a store for them"))
}
