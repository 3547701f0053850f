//! The pages: plain HTML without script, everything escaped, nothing loaded (§10.3).

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, StatusCode, header};

use crate::authorization_request::AuthorizationRequest;
use crate::environment::Environment;
use crate::http_text::{Response, answer, text, with_header};
use crate::select::Choice;
use crate::user::User;

/// Where one picks a user or types an e-mail address. `id` is the handle that the form sends back.
pub(crate) fn sign_in(
    environment: &Environment,
    request: &AuthorizationRequest,
    id: &str,
    problem: Option<&str>,
) -> Response {
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let (kind, through, connection) = match &request.choice {
        Choice::HostedLogin => ("hosted-login", String::new(), ""),
        Choice::HostedSignUp => ("hosted-signup", String::new(), ""),
        Choice::Connection { id, .. } => ("connection", connection_name(environment, id), id.as_str()),
    };
    let (organization, kind) = match &request.choice {
        Choice::Connection { organization_id: Some(id), .. } if request.prompts("select_account") => {
            (id.as_str(), "organization-switch")
        }
        Choice::Connection { organization_id: Some(id), .. } => (id.as_str(), kind),
        _ => ("", kind),
    };
    let members = |user: &&User| organization.is_empty() || user.organizations.iter().any(|id| id == organization);
    let page = SignInPage {
        style: STYLE,
        kind,
        connection,
        organization,
        through,
        client_id: &request.client_id,
        action: format!("{}/oauth/authorize/submit", environment.base_path),
        request: id,
        users: environment.users.iter().map(|user| &**user).filter(members).map(Choosable::new).collect(),
        hosted: kind.starts_with("hosted"),
        social: if kind.starts_with("hosted") { &environment.social } else { &[] },
        login_hint: request.login_hint.as_deref().unwrap_or_default(),
        problem: problem.unwrap_or_default(),
    };
    html(status, page.render())
}

/// An error that must not be redirected (§10.2).
pub(crate) fn refusal(error: &str, description: &str) -> Response {
    let page = MessagePage { style: STYLE, title: "This request cannot be answered", error, message: description };
    html(StatusCode::BAD_REQUEST, page.render())
}

/// For those who open the issuer's address by hand.
pub(crate) fn welcome() -> Response {
    let page = MessagePage {
        style: STYLE,
        title: "An identity provider lives here",
        error: "",
        message: "There is nothing to do on this page: start a sign-in at your application.",
    };
    html(StatusCode::OK, page.render())
}

pub(crate) fn message(status: StatusCode, title: &str, message: &str) -> Response {
    html(status, MessagePage { style: STYLE, title, error: "", message }.render())
}

pub(crate) fn signed_out() -> Response {
    let message = "Your session at the local identity provider has ended.";
    html(StatusCode::OK, MessagePage { style: STYLE, title: "Signed out", error: "", message }.render())
}

/// An authorization response as a form that sends itself (Form Post Response Mode §2).
pub(crate) fn form_post(action: &str, pairs: &[(&str, String)]) -> Response {
    let page = FormPostPage { style: STYLE, script: SUBMIT, action, pairs };
    html_with(StatusCode::OK, page.render(), &format!("; script-src 'sha256-{}'", sha256(SUBMIT)))
}

/// The page whose frames log the browser out of applications, and which then leads to `next`, if there is one.
pub(crate) fn logging_out(frames: &[String], next: &str) -> Response {
    let page = LoggingOutPage { style: STYLE, frames, next };
    html_with(StatusCode::OK, page.render(), "; frame-src http://127.0.0.1:* http://localhost:* https:")
}

const SUBMIT: &str = "document.forms[0].submit()";

#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPostPage<'a> {
    style: &'static str,
    script: &'static str,
    action: &'a str,
    pairs: &'a [(&'a str, String)],
}

#[derive(Template)]
#[template(path = "logging_out.html")]
struct LoggingOutPage<'a> {
    style: &'static str,
    frames: &'a [String],
    next: &'a str,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    style: &'static str,
    kind: &'static str,
    hosted: bool,
    connection: &'a str,
    organization: &'a str,
    through: String,
    client_id: &'a str,
    action: String,
    request: &'a str,
    users: Vec<Choosable<'a>>,
    social: &'a [(String, String)],
    login_hint: &'a str,
    problem: &'a str,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    style: &'static str,
    title: &'a str,
    error: &'a str,
    message: &'a str,
}

/// A user as a button.
struct Choosable<'a> {
    email: &'a str,
    name: &'a str,
    initial: String,
}

impl<'a> Choosable<'a> {
    fn new(user: &'a User) -> Self {
        let name = user.name.as_deref().unwrap_or_default();
        let shown = if name.is_empty() { &user.email } else { name };
        let initial = shown.chars().next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        Self { email: &user.email, name, initial }
    }
}

fn connection_name(environment: &Environment, id: &str) -> String {
    if let Some((organization, connection)) = environment.connection(id) {
        return format!("{} · {}", organization.name, connection.name);
    }
    let social = environment.social.iter().find(|(_, social)| social == id);
    social.map_or_else(|| id.to_owned(), |(provider, _)| provider.clone())
}

pub(crate) fn html(status: StatusCode, page: Result<String, askama::Error>) -> Response {
    html_with(status, page, "")
}

/// With more directives than every page has.
fn html_with(status: StatusCode, page: Result<String, askama::Error>, more: &str) -> Response {
    let Ok(page) = page else {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "page cannot be shown");
    };
    let response = answer(status, "text/html; charset=utf-8", page);
    let policy = HeaderValue::from_str(&format!("{}{more}", *POLICY));
    let policy = policy.unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"));
    with_header(response, header::CONTENT_SECURITY_POLICY, policy)
}

/// The form leads, by redirect, to the application: on this machine at any port, elsewhere with TLS.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self' http://127.0.0.1:* http://localhost:* https:; \
         frame-ancestors 'none'; base-uri 'none'",
        sha256(STYLE)
    )
});

/// As a policy names what it allows.
fn sha256(text: &str) -> String {
    STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

pub(crate) const STYLE: &str = include_str!("../templates/style.css");
