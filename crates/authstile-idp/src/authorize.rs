//! `GET /oauth/authorize` and the form behind it (§2, §10.2).

use http::{HeaderValue, header};

use crate::authorization_request::AuthorizationRequest;
use crate::client::Client;
use crate::environment::Environment;
use crate::http_text::{Call, Response, with_header};
use crate::idp::Idp;
use crate::memory::{Code, Grant};
use crate::model::Mode;
use crate::random;
use crate::reading::Reading;
use crate::refusal::Refusal;
use crate::select::{Choice, choose};
use crate::sign_in::SignIn;
use crate::{hosted, page, pushed_request, sabotage, session, simulator};

/// The browser arrives with the application's question.
pub(crate) fn begin(idp: &Idp, call: &Call) -> Response {
    ask(idp, call).unwrap_or_else(|refusal| refusal.answer(idp))
}

/// The person has filled in the sign-in page: `request`, and `user`, `provider` or `deny`.
pub(crate) fn submit(idp: &Idp, call: &Call) -> Response {
    decide(idp, call).unwrap_or_else(|refusal| refusal.late(idp).answer(idp))
}

fn ask(idp: &Idp, call: &Call) -> Result<Response, Refusal> {
    let environment = idp.environment();
    let client = known_client(&environment, call)?;
    let call = &call.with_query(pushed_request::parameters(idp, &environment, client, &call.query)?);
    let redirect_uri = registered_redirect_uri(client, call)?;
    let mut request = AuthorizationRequest::parse(&environment, client, redirect_uri, &call.query)?;
    let ordered = idp.switches().next_error.take();
    if let Some((error, description)) = ordered.or(sabotage::authorization_error(idp.misbehaviour())) {
        return Err(request.refuse(error, description));
    }
    request.choice = choose(&idp.environment(), &call.query).map_err(|unroutable| request.unroutable(unroutable))?;
    if request.prompts("select_account")
        && let Some(response) = hosted::select_account(idp, call, &request)?
    {
        return Ok(response);
    }
    match present(idp, call, &request)? {
        Some(sign_in) => answer(idp, call, &request, sign_in),
        None if request.prompts("none") => Err(request.refuse("login_required", "Nobody is signed in")),
        None => open_page(idp, request),
    }
}

fn decide(idp: &Idp, call: &Call) -> Result<Response, Refusal> {
    let id = call.form.get("request").unwrap_or_default();
    let mut request = opened(idp, id)?;
    let environment = idp.environment();
    if call.form.get("deny").is_some() {
        close(idp, id)?;
        return Err(request.refuse("access_denied", "The user denied access"));
    }
    if call.form.get("another").is_some() {
        return hosted::another(idp, &request, id);
    }
    if let Some(code) = call.form.get("code") {
        return hosted::by_code(idp, call, &request, id, code);
    }
    if let Some(provider) = call.form.get("provider") {
        let connection = environment.social_connection(provider);
        let connection = connection.ok_or(Refusal::page("invalid_request", "The social provider is not enabled."))?;
        request.choice = Choice::Connection { id: connection.to_owned(), organization_id: None };
        if let Some(opened) = idp.memory().open.get_mut(idp.now(), id) {
            opened.choice = request.choice.clone();
        }
        return Ok(page::sign_in(&environment, &request, id, None));
    }
    let is_hosted = matches!(request.choice, Choice::HostedLogin | Choice::HostedSignUp);
    let (name, is_chosen) = match (is_hosted, call.form.get("user")) {
        (true, None) => (call.form.get("email"), false),
        (_, name) => (name, true),
    };
    if let (None, Some(organization)) = (name, call.form.get("organization")) {
        return hosted::by_organization(idp, call, &request, id, organization);
    }
    let email = name.unwrap_or_default().trim();
    if !is_address(email) {
        return Ok(page::sign_in(&environment, &request, id, Some("That is not an e-mail address.")));
    }
    if !is_chosen {
        return hosted::by_address(idp, &request, id, email);
    }
    // A person who cannot get in has used up the request too.
    let sign_in = match sign_in(idp, &request, email) {
        Ok(sign_in) => sign_in,
        Err(refusal) => {
            close(idp, id)?;
            return Err(refusal);
        }
    };
    hosted::arrive(idp, call, &request, id, sign_in)
}

/// The request whose page is open under this handle.
pub(crate) fn opened(idp: &Idp, id: &str) -> Result<AuthorizationRequest, Refusal> {
    idp.memory().open.get(idp.now(), id).cloned().ok_or(Refusal::page("invalid_request", GONE))
}

/// Only who takes the request off the shelf answers it.
pub(crate) fn close(idp: &Idp, id: &str) -> Result<(), Refusal> {
    idp.memory().open.take(idp.now(), id).map(|_| ()).ok_or(Refusal::page("invalid_request", GONE))
}

const GONE: &str =
    "This sign-in has been answered already, or was left open for too long. Start again at the application.";

fn known_client<'a>(environment: &'a Environment, call: &Call) -> Result<&'a Client, Refusal> {
    let id = call.query.get("client_id").filter(|_| !call.query.is_repeated("client_id"));
    id.and_then(|id| environment.client(id))
        .ok_or(Refusal::page("invalid_client", "No application is registered under this client_id."))
}

/// Until this has passed, nothing may be sent anywhere (RFC 6749 §3.1.2.4).
fn registered_redirect_uri<'a>(client: &Client, call: &'a Call) -> Result<&'a str, Refusal> {
    let uri = call.query.get("redirect_uri").filter(|_| !call.query.is_repeated("redirect_uri"));
    uri.filter(|uri| client.may_return_to(uri) && HeaderValue::from_str(uri).is_ok())
        .ok_or(Refusal::page("invalid_redirect_uri", "The application has not registered this redirect_uri."))
}

/// Who is there already: the session's owner, or the user whom [`Idp::auto_sign_in`] plays.
fn present(idp: &Idp, call: &Call, request: &AuthorizationRequest) -> Result<Option<SignIn>, Refusal> {
    let keeps = idp.environment().reads(Reading::OrganizationKeepsSession)
        && idp.environment().mode == Mode::FullStack
        && call.query.get("organization_id").is_some()
        && ["connection_id", "provider", "prompt"].iter().all(|name| call.query.get(name).is_none());
    let session = idp.session(call).filter(|session| keeps || suffices(idp, request, session));
    let Some(email) = idp.auto_sign_in_as().filter(|_| !request.prompts("none")) else {
        return Ok(session);
    };
    match session.filter(|session| session.user.email.eq_ignore_ascii_case(&email)) {
        Some(session) => Ok(Some(session)),
        None => sign_in(idp, request, &email).map(Some),
    }
}

/// A session is reused for the connection it came through, unless the application asks for the person again.
fn suffices(idp: &Idp, request: &AuthorizationRequest, session: &SignIn) -> bool {
    let same_connection = match &request.choice {
        Choice::Connection { id, .. } => *id == session.connection_id,
        Choice::HostedLogin => true,
        Choice::HostedSignUp => false,
    };
    let wants_person = ["login", "select_account", "create"].iter().any(|prompt| request.prompts(prompt));
    let young = request.max_age.is_none_or(|seconds| idp.now().saturating_sub(session.at) <= seconds);
    let strong = request.acr.is_met_by(&idp.environment(), session.acr.as_deref());
    same_connection && young && strong && !wants_person
}

fn sign_in(idp: &Idp, request: &AuthorizationRequest, email: &str) -> Result<SignIn, Refusal> {
    let sid = random::identifier("ses_")?;
    SignIn::new(&idp.environment(), &request.choice, email, sid, idp.now())
        .map_err(|unroutable| request.unroutable(unroutable))
}

fn open_page(idp: &Idp, request: AuthorizationRequest) -> Result<Response, Refusal> {
    let id = random::secret()?;
    let response = show(&idp.environment(), &request, &id, None);
    idp.memory().open.put(idp.now(), id, request);
    Ok(response)
}

/// The page that the request leads to.
pub(crate) fn show(
    environment: &Environment,
    request: &AuthorizationRequest,
    id: &str,
    problem: Option<&str>,
) -> Response {
    let show = if simulator::serves(environment, &request.choice) { simulator::form } else { page::sign_in };
    show(environment, request, id, problem)
}

/// `?code=…&state=…`, and a session for the next time.
pub(crate) fn answer(
    idp: &Idp,
    call: &Call,
    request: &AuthorizationRequest,
    mut sign_in: SignIn,
) -> Result<Response, Refusal> {
    if sign_in.acr.is_none() {
        sign_in.acr = request.acr.achieved(&idp.environment());
    }
    let (code, cookie) = (random::secret()?, random::secret()?);
    let is_new = idp.session(call).is_none_or(|session| session.sid != sign_in.sid);
    let grant = Grant {
        client_id: request.client_id.clone(),
        scope: granted_scope(idp, &request.scope),
        family: random::secret()?,
        sign_in: Some(sign_in.clone()),
        states_auth_time: request.max_age.is_some() || request.wants_auth_time,
        resources: request.resources.clone(),
        ..Grant::default()
    };
    let issued = Code {
        grant,
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
        dpop_jkt: request.dpop_jkt.clone(),
        redeemed: false,
    };
    let response = request.reply().send(idp, vec![("code", code.clone())]);
    session::used(idp, &sign_in, &request.client_id, call.header(&header::USER_AGENT));

    let mut memory = idp.memory();
    memory.codes.put(idp.now(), code, issued);
    if !is_new {
        // The same session, but perhaps for another organization.
        let cookie = call.cookie(&idp.environment().cookie_name).unwrap_or_default();
        if let Some(session) = memory.sessions.get_mut(idp.now(), cookie) {
            *session = sign_in;
        }
        return Ok(response);
    }
    memory.sessions.put(idp.now(), cookie.clone(), sign_in);
    let cookie = idp.session_cookie(&cookie);
    Ok(with_header(response, header::SET_COOKIE, cookie))
}

/// Modular mode has no refresh tokens (§0).
fn granted_scope(idp: &Idp, asked: &str) -> String {
    let allowed = |scope: &&str| *scope != "offline_access" || idp.environment().mode == Mode::FullStack;
    asked.split_ascii_whitespace().filter(allowed).collect::<Vec<_>>().join(" ")
}

pub(crate) fn is_address(text: &str) -> bool {
    let parts = text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    parts && text.len() <= 254 && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}
