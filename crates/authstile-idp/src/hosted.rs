//! The hosted login page of full-stack mode: an address leads to a connection or to a one-time code, and whoever belongs
//! to several organizations chooses one (§10.3).

use askama::Template;
use http::StatusCode;

use crate::authorization_request::AuthorizationRequest;
use crate::authorize::{self, close, show};
use crate::environment::{Environment, domain_of};
use crate::http_text::{Call, Response};
use crate::idp::Idp;
use crate::model::{Mode, Organization};
use crate::page::{self, STYLE};
use crate::random;
use crate::refusal::Refusal;
use crate::select::Choice;
use crate::sign_in::SignIn;
use crate::user::User;

/// What every user's one-time code is here. At Scalekit only test users have a static one (§10.4).
const CODE: &str = "424242";

/// Wrong codes within [`WINDOW`] seconds after which one has to start over.
const TRIES: u8 = 5;
const WINDOW: i64 = 600;

/// How far a person has come on the hosted page.
#[derive(Clone, Debug, Default)]
pub(crate) enum Progress {
    #[default]
    Nowhere,
    /// A code was sent to this address.
    Code { email: String, wrong: u8, since: i64 },
    /// Signed in, but for no organization yet.
    Person(SignIn),
}

/// The address field: an exact, registered domain leads to the organization's connection, all others to a code.
pub(crate) fn by_address(
    idp: &Idp,
    request: &AuthorizationRequest,
    id: &str,
    email: &str,
) -> Result<Response, Refusal> {
    let environment = idp.environment();
    let organization = domain_of(email).and_then(|domain| environment.organization_of_domain(&domain));
    let mut request = AuthorizationRequest { login_hint: Some(email.to_owned()), ..request.clone() };
    match organization.and_then(|organization| Some((organization, organization.first_active()?))) {
        Some((organization, connection)) => {
            let organization_id = Some(organization.id.clone());
            request.choice = Choice::Connection { id: connection.id.clone(), organization_id };
            keep(idp, id, &request)?;
            Ok(show(&environment, &request, id, None))
        }
        None => {
            request.progress = Progress::Code { email: email.to_owned(), wrong: 0, since: idp.now() };
            keep(idp, id, &request)?;
            Ok(code_page(&environment, email, id, None))
        }
    }
}

/// The code field.
pub(crate) fn by_code(
    idp: &Idp,
    call: &Call,
    request: &AuthorizationRequest,
    id: &str,
    code: &str,
) -> Result<Response, Refusal> {
    let Progress::Code { email, wrong, since } = &request.progress else {
        return Err(Refusal::page("invalid_request", "No code was sent."));
    };
    let now = idp.now();
    let (wrong, since) = if now.saturating_sub(*since) < WINDOW { (*wrong, *since) } else { (0, now) };
    if code.trim() == CODE {
        let sid = random::identifier("ses_")?;
        let sign_in = SignIn::new(&idp.environment(), &request.choice, email, sid, now);
        let sign_in = sign_in.map_err(|error| request.refuse(error.error, error.description))?;
        return arrive(idp, call, request, id, sign_in);
    }
    let wrong = wrong.saturating_add(1);
    if wrong >= TRIES {
        close(idp, id)?;
        return Err(Refusal::page("invalid_request", "Too many wrong codes. Start again at the application."));
    }
    let progress = Progress::Code { email: email.clone(), wrong, since };
    keep(idp, id, &AuthorizationRequest { progress, ..request.clone() })?;
    Ok(code_page(&idp.environment(), email, id, Some("That is not the code.")))
}

/// Someone is known now. If several organizations are open to them, and neither the way they came nor the form says
/// which, the switcher asks.
pub(crate) fn arrive(
    idp: &Idp,
    call: &Call,
    request: &AuthorizationRequest,
    id: &str,
    mut sign_in: SignIn,
) -> Result<Response, Refusal> {
    let environment = idp.environment();
    let is_settled = environment.mode == Mode::Modular || environment.connection(&sign_in.connection_id).is_some();
    let open = if is_settled { Vec::new() } else { organizations_of(&environment, &sign_in.user) };
    match call.form.get("organization") {
        Some(id) if open.iter().any(|organization| organization.id == id) => {
            sign_in.organization_id = Some(id.to_owned());
        }
        None if open.len() < 2 => {}
        _ => {
            let progress = Progress::Person(sign_in.clone());
            keep(idp, id, &AuthorizationRequest { progress, ..request.clone() })?;
            return Ok(switcher(&environment, &sign_in, id, &open));
        }
    }
    close(idp, id)?;
    authorize::answer(idp, call, request, sign_in)
}

/// A button of the switcher.
pub(crate) fn by_organization(
    idp: &Idp,
    call: &Call,
    request: &AuthorizationRequest,
    id: &str,
    organization_id: &str,
) -> Result<Response, Refusal> {
    let environment = idp.environment();
    let Progress::Person(sign_in) = &request.progress else {
        return Err(Refusal::page("invalid_request", "Nobody is signed in."));
    };
    let open = organizations_of(&environment, &sign_in.user);
    if !open.iter().any(|organization| organization.id == organization_id) {
        return Err(Refusal::page("invalid_request", "You do not belong to that organization."));
    }
    close(idp, id)?;
    let sign_in = SignIn { organization_id: Some(organization_id.to_owned()), ..sign_in.clone() };
    authorize::answer(idp, call, request, sign_in)
}

/// "Use another account": back to the page that asks who it is.
pub(crate) fn another(idp: &Idp, request: &AuthorizationRequest, id: &str) -> Result<Response, Refusal> {
    let request = AuthorizationRequest { progress: Progress::Nowhere, login_hint: None, ..request.clone() };
    keep(idp, id, &request)?;
    Ok(show(&idp.environment(), &request, id, None))
}

/// `prompt=select_account` with a session: `organization_id` switches at once, otherwise the switcher asks. `None` if
/// there is nothing to select.
pub(crate) fn select_account(
    idp: &Idp,
    call: &Call,
    request: &AuthorizationRequest,
) -> Result<Option<Response>, Refusal> {
    let environment = idp.environment();
    let Some(session) = idp.session(call).filter(|_| environment.mode == Mode::FullStack) else {
        return Ok(None);
    };
    let selects = ["connection_id", "provider"].iter().all(|name| call.query.get(name).is_none());
    let open = organizations_of(&environment, &session.user);
    match call.query.get("organization_id").filter(|_| selects) {
        Some(id) if open.iter().any(|organization| organization.id == id) => {
            let switched = SignIn { organization_id: Some(id.to_owned()), ..session };
            authorize::answer(idp, call, request, switched).map(Some)
        }
        None if selects && request.choice == Choice::HostedLogin && !open.is_empty() => {
            let id = random::secret()?;
            let page = switcher(&environment, &session, &id, &open);
            let request = AuthorizationRequest { progress: Progress::Person(session), ..request.clone() };
            idp.memory().open.put(idp.now(), id, request);
            Ok(Some(page))
        }
        _ => Ok(None),
    }
}

/// Memberships, and organizations that have the address's domain in either list.
fn organizations_of<'a>(environment: &'a Environment, user: &User) -> Vec<&'a Organization> {
    let domain = domain_of(&user.email).unwrap_or_default();
    let is_open = |organization: &&Organization| {
        user.organizations.contains(&organization.id)
            || organization.domains.contains(&domain)
            || organization.allowed_email_domains.contains(&domain)
    };
    environment.organizations.iter().filter(is_open).collect()
}

fn keep(idp: &Idp, id: &str, request: &AuthorizationRequest) -> Result<(), Refusal> {
    authorize::opened(idp, id)?;
    if let Some(opened) = idp.memory().open.get_mut(idp.now(), id) {
        *opened = request.clone();
    }
    Ok(())
}

fn code_page(environment: &Environment, email: &str, id: &str, problem: Option<&str>) -> Response {
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = CodePage {
        style: STYLE,
        action: format!("{}/oauth/authorize/submit", environment.base_path),
        request: id,
        email,
        problem: problem.unwrap_or_default(),
    };
    page::html(status, page.render())
}

fn switcher(environment: &Environment, sign_in: &SignIn, id: &str, open: &[&Organization]) -> Response {
    let page = OrganizationsPage {
        style: STYLE,
        action: format!("{}/oauth/authorize/submit", environment.base_path),
        request: id,
        email: &sign_in.user.email,
        active: sign_in.organization_id.as_deref().unwrap_or_default(),
        organizations: open,
    };
    page::html(StatusCode::OK, page.render())
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage<'a> {
    style: &'static str,
    action: String,
    request: &'a str,
    email: &'a str,
    problem: &'a str,
}

#[derive(Template)]
#[template(path = "organizations.html")]
struct OrganizationsPage<'a> {
    style: &'static str,
    action: String,
    request: &'a str,
    email: &'a str,
    active: &'a str,
    organizations: &'a [&'a Organization],
}
