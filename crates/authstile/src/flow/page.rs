//! The pages, and the two JSON answers that no decision hangs on.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, Store};
use crate::cookie::SetCookie;
use crate::error::{Error, Reason};
use crate::model::Claims;
use crate::page::{
    ErrorPage, Notice, ProviderForm, Shell, SignInPage, SignOutPage, SwitchPage, VerifyPage, initial, words,
};
use crate::registration::ErrorWords;
use crate::return_to::Origin;
use crate::routing::SignInForm;
use crate::session::Read;
use crate::settings::Settings;
use crate::visit::Visit;

/// Seconds that the reason of a failure is remembered for the page that shows it.
const FAILURE_SECONDS: i64 = 300;

/// `GET /csrf`.
pub(crate) fn csrf(visit: &Visit<'_>) -> Answer {
    let body = json!({ "csrfToken": visit.csrf.token }).to_string();
    Answer::json(StatusCode::OK, body, Store::No).with(visit.first_cookies.iter().cloned())
}

/// `GET /providers`.
pub(crate) fn providers(settings: &Settings, origin: &Origin) -> Answer {
    let all = settings.registry.entries.iter().map(|entry| {
        let provider = &entry.registration;
        let url = |action: &str| settings.url(origin, &format!("{action}/{}", provider.id));
        let card = json!({
            "id": provider.id,
            "name": provider.name,
            "type": provider.provider.protocol.as_str(),
            "signinUrl": url("signin"),
            "callbackUrl": url("callback"),
        });
        (provider.id.to_string(), card)
    });
    Answer::json(StatusCode::OK, Value::Object(all.collect::<Claims>()).to_string(), Store::Unsaid)
}

/// `GET /signin`.
pub(crate) fn sign_in(settings: &Settings, visit: &Visit<'_>) -> Answer {
    let error = visit.query.last("error");
    if let Some(page) = &settings.pages.sign_in {
        let mut parameters = vec![("callbackUrl", visit.return_to.as_str())];
        parameters.extend(error.map(|error| ("error", error)));
        return Answer::redirect(with_query(page, &parameters)).with(visit.first_cookies.iter().cloned());
    }
    let known = error.map(|code| Failure::read(settings, visit, code));
    let actions: Vec<String> = settings
        .registry
        .entries
        .iter()
        .map(|entry| settings.url(&visit.origin, &format!("signin/{}", entry.id())))
        .collect();
    let providers = settings.registry.entries.iter().zip(&actions).map(|(entry, action)| {
        let provider = &entry.registration;
        ProviderForm {
            id: &provider.id,
            name: &provider.name,
            action,
            mark: provider.provider.mark.map_or_else(|| initial(&provider.name).to_string(), str::to_owned),
            asks_email: entry.registration.form == SignInForm::WorkEmail,
            group: Some(provider.provider.group),
        }
    });
    let page = SignInPage {
        shell: shell(settings),
        providers: providers.collect(),
        csrf_token: &visit.csrf.token,
        return_to: visit.return_to.as_str(),
        notice: known.as_ref().map(Failure::notice),
        email: visit.query.last("email").unwrap_or_default(),
    };
    Answer::page(StatusCode::OK, page.render()).with(visit.first_cookies.iter().cloned())
}

/// `GET /signout`: asks; only a POST signs out.
pub(crate) fn sign_out(settings: &Settings, visit: &Visit<'_>) -> Answer {
    if let Some(page) = &settings.pages.sign_out {
        return Answer::redirect(page).with(visit.first_cookies.iter().cloned());
    }
    let user = signed_in_as(visit);
    let action = settings.url(&visit.origin, "signout");
    let page = SignOutPage {
        shell: shell(settings),
        action: &action,
        csrf_token: &visit.csrf.token,
        return_to: visit.return_to.as_str(),
        user: user.as_deref(),
        cancel: visit.return_to.as_str(),
    };
    Answer::page(StatusCode::OK, page.render()).with(visit.first_cookies.iter().cloned())
}

/// Somebody is signed in, and a link wants to sign somebody else in: whoever sits here decides.
pub(crate) fn switch(
    settings: &Settings,
    visit: &Visit<'_>,
    id: &str,
    asked: &[(String, String)],
    return_to: &str,
) -> Answer {
    let parameters: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let action = with_query(&settings.url(&visit.origin, &format!("signin/{id}")), &parameters);
    let user = signed_in_as(visit);
    let page = SwitchPage {
        shell: shell(settings),
        action: &action,
        csrf_token: &visit.csrf.token,
        return_to,
        user: user.as_deref(),
        cancel: return_to,
    };
    Answer::page(StatusCode::OK, page.render()).with(visit.first_cookies.iter().cloned())
}

/// The address or name of whoever is signed in.
fn signed_in_as(visit: &Visit<'_>) -> Option<String> {
    let claims = match visit.kind.session.read(&visit.cookies, visit.now) {
        Read::Claims(claims) => claims,
        Read::None | Read::Broken(_) | Read::Revoked => return None,
    };
    ["email", "name"].iter().find_map(|name| claims.get(*name).and_then(Value::as_str)).map(str::to_owned)
}

/// `GET /error`.
pub(crate) fn error(settings: &Settings, visit: &Visit<'_>) -> Answer {
    let code = visit.query.last("error").unwrap_or_default();
    if let Some(page) = &settings.pages.error {
        let parameters: Vec<(&str, &str)> =
            Some(("error", code)).filter(|(_, code)| !code.is_empty()).into_iter().collect();
        return Answer::redirect(with_query(page, &parameters)).with(visit.first_cookies.iter().cloned());
    }
    let failure = Failure::read(settings, visit, code);
    let sign_in = settings.url(&visit.origin, "signin");
    error_page(settings, visit.origin.as_str(), Some(&sign_in), &failure).with(visit.first_cookies.iter().cloned())
}

/// `GET /verify-request`.
pub(crate) fn verify_request(settings: &Settings, visit: &Visit<'_>) -> Answer {
    if let Some(page) = &settings.pages.verify_request {
        let parameters: Vec<(&str, &str)> = visit.query.iter().collect();
        return Answer::redirect(with_query(page, &parameters)).with(visit.first_cookies.iter().cloned());
    }
    let host = visit.origin.as_str().split_once("://").map_or(visit.origin.as_str(), |(_, host)| host);
    let page = VerifyPage { shell: shell(settings), home: visit.origin.as_str(), host };
    Answer::page(StatusCode::OK, page.render()).with(visit.first_cookies.iter().cloned())
}

/// The error page itself.
pub(crate) fn error_page(settings: &Settings, home: &str, sign_in: Option<&str>, failure: &Failure) -> Answer {
    let page = ErrorPage { shell: shell(settings), notice: failure.notice(), sign_in, home };
    Answer::page(failure.status, page.render())
}

/// A failed walk: logged under a reference, and answered with a redirect to the page that says what happened.
pub(crate) fn failed(settings: &Settings, visit: &Visit<'_>, error: &Error, cookies: Vec<SetCookie>) -> Answer {
    let reference = reference(settings);
    error.log(&reference);
    let custom = match error.page() {
        "signin" => settings.pages.sign_in.as_deref(),
        _ => settings.pages.error.as_deref(),
    };
    let own = settings.url(&visit.origin, error.page());
    let page = custom.map_or(own, |page| absolute(page, &visit.origin));
    let mut failure = format!("{}.{reference}", error.reason());
    if let Some((provider, code)) =
        error.refusal().filter(|(provider, code)| explained(settings, provider, code).is_some())
    {
        failure.push_str(&format!(".{code}.{provider}"));
    }
    let remember =
        SetCookie::new(&visit.names().failure, failure, visit.security()).for_seconds(FAILURE_SECONDS, visit.now);
    Answer::redirect(with_query(&page, &[("error", error.public_code())])).with(cookies).with([remember])
}

/// A fresh reference: ten characters that can be read aloud.
pub(crate) fn reference(settings: &Settings) -> String {
    const DIGITS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
    let bytes = settings.random.bytes::<10>().unwrap_or_default();
    bytes
        .iter()
        .filter_map(|byte| DIGITS.get(usize::from(*byte) % DIGITS.len()))
        .map(|digit| char::from(*digit))
        .collect()
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

fn shell(settings: &Settings) -> Shell<'_> {
    Shell { theme: &settings.theme, style: &settings.style }
}

fn absolute(page: &str, origin: &Origin) -> String {
    if page.starts_with('/') { format!("{origin}{page}") } else { page.to_owned() }
}

/// Appends parameters to a path or URL that may have a query already.
fn with_query(page: &str, parameters: &[(&str, &str)]) -> String {
    if parameters.is_empty() {
        return page.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let joint = if page.contains('?') { '&' } else { '?' };
    format!("{page}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_joined_properly() {
        assert_eq!(with_query("/login", &[("error", "a b")]), "/login?error=a+b");
        assert_eq!(with_query("/login?x=1", &[("error", "a")]), "/login?x=1&error=a");
        assert_eq!(with_query("/login", &[]), "/login");
    }
}
