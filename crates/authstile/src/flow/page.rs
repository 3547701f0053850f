//! The pages, and the JSON answers that no decision hangs on.

use http::StatusCode;
use serde_json::json;

use crate::answer::{Answer, Store};
use crate::code_request::{CodeRequest, Opened};
use crate::connect::Offer;
use crate::cookie::SetCookie;
use crate::directory::Listed;
use crate::email::EmailProvider;
use crate::error::{Denied, Error, Reason, RequestError};
use crate::mount::Mount;
use crate::page::{
    CodeForm, ConfirmPage, ConnectPage, ErrorPage, Form, Look, Notice, ProviderForm, SignInPage, SignOutPage,
    SwitchPage, VerifyPage, initial, words,
};
use crate::registration::ErrorWords;
use crate::routing::SignInForm;
use crate::session::Read;
use crate::settings::{Settings, Way, with_query};
use crate::visit::Visit;

/// Seconds that the reason of a failure is remembered for the page that shows it.
const FAILURE_SECONDS: i64 = 300;

/// `GET /csrf`.
pub(crate) fn csrf(visit: &Visit<'_>) -> Answer {
    let body = json!({ "csrfToken": visit.csrf.token }).to_string();
    Answer::json(StatusCode::OK, body, Store::No).with(visit.first_cookies.iter().cloned())
}

/// `GET /providers`.
pub(crate) fn providers(settings: &Settings, mount: &Mount<'_>) -> Answer {
    Answer::json(StatusCode::OK, settings.directory.body(mount.root()), Store::Unsaid)
}

/// `GET /jwks/{provider}`: the public halves of our keys there (RFC 7517 §5). Where there are none, there is no such page.
pub(crate) fn client_keys(settings: &Settings, id: &str) -> Answer {
    let provider = settings.registry.find(id);
    match provider.map(|provider| &provider.entry.registration.client_keys).filter(|keys| !keys.is_empty()) {
        Some(keys) => Answer::key_set(keys.published().to_string()),
        None => Answer::json(StatusCode::NOT_FOUND, json!({ "message": "Not found." }).to_string(), Store::No),
    }
}

/// `GET /signin`.
pub(crate) fn sign_in(settings: &Settings, visit: &Visit<'_>) -> Answer {
    let error = visit.query.last("error");
    if let Some(page) = &settings.pages.sign_in {
        let mut parameters = vec![("callbackUrl", visit.return_to.as_str())];
        parameters.extend(error.map(|error| ("error", error)));
        return Answer::redirect(visit.mount.path(page, &parameters)).with(visit.first_cookies.iter().cloned());
    }
    let known = error.map(|code| Failure::read(settings, visit, code));
    let entries = &settings.registry.entries;
    let providers = settings.ways.iter().filter_map(|way| {
        let Listed { id, name, .. } = way.listed(entries)?;
        let (action, form) = match way {
            Way::Provider(place) => match entries.get(*place)?.registration.form {
                SignInForm::Button => ("signin", Form::Button),
                SignInForm::WorkEmail => ("signin", Form::WorkEmail),
            },
            Way::Email(_) => ("signin", Form::Email),
            Way::Credentials(provider) => ("callback", Form::Fields(&provider.fields)),
        };
        let action = visit.mount.url(&format!("{action}/{id}"));
        let card = match way {
            Way::Provider(place) => Some(entries.get(*place)?.registration.provider),
            Way::Email(_) | Way::Credentials(_) => None,
        };
        let mark = card.and_then(|card| card.mark).map_or_else(|| initial(name).to_string(), str::to_owned);
        Some(ProviderForm { id, name, action, mark, form, group: card.map(|card| card.group) })
    });
    let page = SignInPage {
        shell: visit.look.shell(),
        providers: providers.collect(),
        csrf_token: &visit.csrf.token,
        return_to: visit.return_to.as_str(),
        notice: known.as_ref().map(Failure::notice),
        email: visit.query.last("email").unwrap_or_default(),
    };
    Answer::page(StatusCode::OK, page.render()).with(visit.first_cookies.iter().cloned())
}

/// `GET /callback/{id}` of a link in a mail: only pressing the button signs in.
pub(crate) fn confirm(visit: &Visit<'_>, provider: &EmailProvider, opened: &Opened<'_>) -> Answer {
    let action = visit.mount.url(&format!("callback/{}", provider.id));
    let page = ConfirmPage {
        shell: visit.look.shell(),
        action: &action,
        csrf_token: &visit.csrf.token,
        return_to: visit.return_to.as_str(),
        token: opened.token,
        email: opened.email,
        host: visit.origin.host(),
    };
    Answer::page(StatusCode::OK, page.render()).with(visit.first_cookies.iter().cloned())
}

/// `GET /signout`: asks; only a POST signs out.
pub(crate) async fn sign_out(settings: &Settings, visit: &Visit<'_>) -> Answer {
    if let Some(page) = &settings.pages.sign_out {
        return Answer::redirect(visit.mount.path(page, &[])).with(visit.first_cookies.iter().cloned());
    }
    let user = signed_in_as(settings, visit).await;
    let action = visit.mount.url("signout");
    let page = SignOutPage {
        shell: visit.look.shell(),
        action: &action,
        csrf_token: &visit.csrf.token,
        return_to: visit.return_to.as_str(),
        user: user.as_deref(),
        sessions: &visit.mount.url("sessions"),
        cancel: visit.return_to.as_str(),
    };
    Answer::page(StatusCode::OK, page.render()).with(visit.first_cookies.iter().cloned())
}

/// `GET /connect`: an account waits for the person who is signed in.
pub(crate) async fn connect(settings: &Settings, visit: &Visit<'_>, offer: &Offer) -> Answer {
    let user = signed_in_as(settings, visit).await;
    let action = visit.mount.url("connect");
    let provider = settings.registry.find(&offer.provider);
    let page = ConnectPage {
        shell: visit.look.shell(),
        action: &action,
        csrf_token: &visit.csrf.token,
        user: user.as_deref(),
        provider: provider.map_or(&*offer.provider, |provider| &*provider.entry.registration.name),
    };
    Answer::page(StatusCode::OK, page.render()).with(visit.first_cookies.iter().cloned())
}

/// Somebody is signed in, and a link wants to sign somebody else in: whoever sits here decides.
pub(crate) async fn switch(
    settings: &Settings,
    visit: &Visit<'_>,
    id: &str,
    asked: &[(String, String)],
    return_to: &str,
) -> Answer {
    let parameters: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let action = with_query(&visit.mount.url(&format!("signin/{id}")), &parameters);
    let user = signed_in_as(settings, visit).await;
    let page = SwitchPage {
        shell: visit.look.shell(),
        action: &action,
        csrf_token: &visit.csrf.token,
        return_to,
        user: user.as_deref(),
        cancel: return_to,
    };
    Answer::page(StatusCode::OK, page.render()).with(visit.first_cookies.iter().cloned())
}

/// The address or name of whoever is signed in; nobody where it cannot be said.
async fn signed_in_as(settings: &Settings, visit: &Visit<'_>) -> Option<String> {
    match settings.presented(&visit.origin, &visit.cookies, visit.now).await {
        Ok(Read::Live(live)) => ["email", "name"].iter().find_map(|name| live.text(name)).map(str::to_owned),
        _ => None,
    }
}

/// `GET /error`.
pub(crate) fn error(settings: &Settings, visit: &Visit<'_>) -> Answer {
    let code = visit.query.last("error").unwrap_or_default();
    if let Some(page) = &settings.pages.error {
        let parameters: Vec<(&str, &str)> =
            Some(("error", code)).filter(|(_, code)| !code.is_empty()).into_iter().collect();
        return Answer::redirect(visit.mount.path(page, &parameters)).with(visit.first_cookies.iter().cloned());
    }
    let failure = Failure::read(settings, visit, code);
    let sign_in = visit.mount.url("signin");
    error_page(visit.look, visit.mount.root(), Some(&sign_in), &failure).with(visit.first_cookies.iter().cloned())
}

/// `GET /verify-request`.
pub(crate) fn verify_request(settings: &Settings, visit: &Visit<'_>) -> Answer {
    if let Some(page) = &settings.pages.verify_request {
        let parameters: Vec<(&str, &str)> = visit.query.iter().collect();
        return Answer::redirect(visit.mount.path(page, &parameters)).with(visit.first_cookies.iter().cloned());
    }
    let request = CodeRequest::read(settings, visit);
    let action = request.map(|request| visit.mount.url(&format!("callback/{}", request.provider)));
    let known = visit.query.last("error").map(|code| Failure::read(settings, visit, code));
    let page = VerifyPage {
        shell: visit.look.shell(),
        home: visit.mount.root(),
        host: visit.origin.host(),
        code: action.as_deref().map(|action| CodeForm { action, csrf_token: &visit.csrf.token }),
        notice: known.as_ref().map(Failure::notice),
    };
    Answer::page(StatusCode::OK, page.render()).with(visit.first_cookies.iter().cloned())
}

/// The error page itself.
pub(crate) fn error_page(look: &Look, home: &str, sign_in: Option<&str>, failure: &Failure) -> Answer {
    let page = ErrorPage { shell: look.shell(), notice: failure.notice(), sign_in, home };
    Answer::page(failure.status, page.render())
}

/// A failed walk: logged under a reference, and answered with a redirect to the page that says what happened.
pub(crate) fn failed(settings: &Settings, visit: &Visit<'_>, error: &Error, cookies: Vec<SetCookie>) -> Answer {
    let reference = settings.reference();
    error.log(&reference);
    if let Error::Request(RequestError::TooManyAttempts { seconds }) = error {
        return too_many(settings, visit, reference, *seconds).with(cookies);
    }
    let custom = match error.page() {
        "signin" => settings.pages.sign_in.as_deref(),
        _ => settings.pages.error.as_deref(),
    };
    let own = visit.mount.url(error.page());
    let page = custom.map_or(own, |page| visit.mount.page(page, &[]));
    let mut failure = format!("{}.{reference}", error.reason());
    if let Some((provider, code)) =
        error.refusal().filter(|(provider, code)| explained(settings, provider, code).is_some())
    {
        failure.push_str(&format!(".{code}.{provider}"));
    }
    let remember =
        SetCookie::new(&visit.names().failure, failure, visit.security()).for_seconds(FAILURE_SECONDS, visit.now);
    let mut parameters = vec![("error", error.public_code())];
    if let Error::Denied(Denied::CredentialsRejected { code }) = error {
        parameters.push(("code", code));
    }
    Answer::redirect(with_query(&page, &parameters)).with(cookies).with([remember])
}

/// Too many requests (RFC 6585 §4): a page for people, and JSON for programs, of which Auth.js's client reads `url`.
fn too_many(settings: &Settings, visit: &Visit<'_>, reference: String, seconds: u32) -> Answer {
    let error = Error::from(RequestError::TooManyAttempts { seconds });
    let (reason, code) = (error.reason(), error.public_code());
    let sign_in = visit.mount.url("signin");
    let answer = if visit.is_program() {
        let own = settings.pages.sign_in.as_deref();
        let page = own.map_or_else(|| sign_in.clone(), |page| visit.mount.page(page, &[]));
        let url = with_query(&page, &[("error", code)]);
        let body = json!({ "url": url, "error": code, "message": words(reason).todo, "reference": reference });
        Answer::json(reason.status(), body.to_string(), Store::No)
    } else {
        let failure = Failure::new(reason, reference, reason.status());
        error_page(visit.look, visit.mount.root(), Some(&sign_in), &failure)
    };
    answer.retry_after(seconds)
}

/// The provider's own words for an error code of its.
fn explained(settings: &Settings, provider: &str, code: &str) -> Option<ErrorWords> {
    let plain = code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let registration = &settings.registry.find(provider).filter(|_| plain)?.entry.registration;
    registration.explain.and_then(|explain| explain(code))
}

/// What went wrong, as a page says it.
#[derive(Debug)]
pub(crate) struct Failure {
    words: ErrorWords,
    reference: Option<String>,
    status: StatusCode,
}

impl Failure {
    pub(crate) fn new(reason: Reason, reference: String, status: StatusCode) -> Self {
        Self { words: words(reason), reference: Some(reference), status }
    }

    /// The failure behind the code in the address: what the cookie remembers, if it fits the code; else what the code says.
    fn read(settings: &Settings, visit: &Visit<'_>, code: &str) -> Self {
        // Codes of the reference implementation have the statuses of its pages; a bare /error is no failure.
        let status = match code {
            "Configuration" => StatusCode::INTERNAL_SERVER_ERROR,
            "AccessDenied" | "Verification" => StatusCode::FORBIDDEN,
            _ => StatusCode::OK,
        };
        let remembered = visit.cookies.get(&visit.names().failure);
        let Some((reason, reference, words)) = remembered.as_deref().and_then(|cookie| recall(settings, cookie, code))
        else {
            return Self { words: words(Reason::of_code(code)), reference: None, status };
        };
        let status = if code == "Configuration" { reason.status() } else { status };
        Self { words, reference: Some(reference), status }
    }

    fn notice(&self) -> Notice<'_> {
        let ErrorWords { title, what, todo } = self.words;
        Notice { title, what, todo, reference: self.reference.as_deref() }
    }
}

/// Reads the failure cookie, of which every part has to be one that we could have written.
fn recall(settings: &Settings, cookie: &str, code: &str) -> Option<(Reason, String, ErrorWords)> {
    let mut parts = cookie.splitn(4, '.');
    let reason = Reason::parse(parts.next()?).filter(|reason| reason.fits(code))?;
    let sound =
        |text: &&str| text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let reference = parts.next().filter(sound)?;
    let own = match (parts.next(), parts.next()) {
        (Some(code), Some(provider)) => explained(settings, provider, code),
        _ => None,
    };
    Some((reason, reference.to_owned(), own.unwrap_or_else(|| words(reason))))
}
