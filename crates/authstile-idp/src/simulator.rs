//! The SSO simulator: the page of connections whose provider is `IDP_SIMULATOR` (§10.3).

use std::sync::Arc;

use askama::Template;
use http::{StatusCode, header};
use serde_json::Value;

use crate::authorization_request::AuthorizationRequest;
use crate::authorize;
use crate::environment::Environment;
use crate::error_codes::{self, ERROR_CODES};
use crate::http_text::{Call, Response, redirect, with_header};
use crate::idp::Idp;
use crate::idp_initiated::Claims;
use crate::page::{self, STYLE};
use crate::random;
use crate::refusal::Refusal;
use crate::select::Choice;
use crate::sign_in::SignIn;
use crate::user::User;

/// Whether the request leads to a simulator.
pub(crate) fn serves(environment: &Environment, choice: &Choice) -> bool {
    let Choice::Connection { id, .. } = choice else { return false };
    environment.connection(id).is_some_and(|(_, connection)| connection.is_simulator())
}

pub(crate) fn form(
    environment: &Environment,
    request: &AuthorizationRequest,
    id: &str,
    problem: Option<&str>,
) -> Response {
    let (connection, organization) = match &request.choice {
        Choice::Connection { id, organization_id } => (id.as_str(), organization_id.as_deref().unwrap_or_default()),
        _ => ("", ""),
    };
    let page = SimulatorPage {
        style: STYLE,
        connection,
        organization,
        client_id: &request.client_id,
        action: format!("{}/oauth/authorize/simulate", environment.base_path),
        request: id,
        users: environment.users.iter().map(|user| user.email.as_str()).collect(),
        login_hint: request.login_hint.as_deref().unwrap_or_default(),
        errors: ERROR_CODES,
        problem: problem.unwrap_or_default(),
    };
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page::html(status, page.render())
}

/// `request`, `flow` (`login`, `idp-initiated` or `error`), and what the flow needs: `user`, `given_name`,
/// `family_name`, `attributes` (a JSON object), `relay_state`, `error`.
pub(crate) fn submit(idp: &Idp, call: &Call) -> Response {
    run(idp, call).unwrap_or_else(|refusal| refusal.late(idp).answer(idp))
}

fn run(idp: &Idp, call: &Call) -> Result<Response, Refusal> {
    let environment = idp.environment();
    let id = call.form.get("request").unwrap_or_default();
    let request = authorize::opened(idp, id)?;
    if !serves(&environment, &request.choice) {
        return Err(Refusal::page("invalid_request", "This sign-in does not go through the simulator."));
    }
    if call.form.get("flow") == Some("error") {
        let Some((error, description)) = error_codes::find(call.form.get("error").unwrap_or_default()) else {
            return Ok(form(&environment, &request, id, Some("Choose an error.")));
        };
        authorize::close(idp, id)?;
        return Err(request.refuse(error, description));
    }
    let user = match person(&environment, call) {
        Ok(user) => user,
        Err(problem) => return Ok(form(&environment, &request, id, Some(problem))),
    };
    authorize::close(idp, id)?;
    let sid = random::identifier("ses_")?;
    let sign_in = SignIn::of(&environment, &request.choice, Arc::new(user), sid, idp.now())
        .map_err(|unroutable| request.refuse(unroutable.error, unroutable.description))?;
    match call.form.get("flow") {
        Some("idp-initiated") => start_at_idp(idp, call, &environment, &request, sign_in),
        _ => authorize::answer(idp, call, &request, sign_in),
    }
}

/// The person now has a session here, so that the application's own request is answered without a question (§4.1).
fn start_at_idp(
    idp: &Idp,
    call: &Call,
    environment: &Environment,
    request: &AuthorizationRequest,
    sign_in: SignIn,
) -> Result<Response, Refusal> {
    let client = environment.client(&request.client_id).ok_or(request.refuse("server_error", "The client is gone"))?;
    let claims = Claims {
        organization_id: sign_in.organization_id.as_deref().unwrap_or_default(),
        connection_id: &sign_in.connection_id,
        login_hint: &sign_in.user.email,
        relay_state: call.form.get("relay_state"),
    };
    let response = redirect(&idp.url_with_token(client, &claims));
    let cookie = random::secret()?;
    idp.memory().sessions.put(idp.now(), cookie.clone(), sign_in);
    Ok(with_header(response, header::SET_COOKIE, idp.session_cookie(&cookie)))
}

/// A known user, or a new one, with what the form says on top.
fn person(environment: &Environment, call: &Call) -> Result<User, &'static str> {
    let email = call.form.get("user").unwrap_or_default().trim();
    if !authorize::is_address(email) {
        return Err("That is not an e-mail address.");
    }
    let mut user = environment.user(email).map_or_else(|| User::new(email), |user| User::clone(user));
    let field = |name: &str| call.form.get(name).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
    user.given_name = field("given_name").or(user.given_name);
    user.family_name = field("family_name").or(user.family_name);
    if let Some(text) = field("attributes") {
        match serde_json::from_str(&text) {
            Ok(Value::Object(attributes)) => user.attributes.extend(attributes),
            _ => return Err("The attributes are not a JSON object."),
        }
    }
    Ok(user)
}

#[derive(Template)]
#[template(path = "simulator.html")]
struct SimulatorPage<'a> {
    style: &'static str,
    connection: &'a str,
    organization: &'a str,
    client_id: &'a str,
    action: String,
    request: &'a str,
    users: Vec<&'a str>,
    login_hint: &'a str,
    errors: &'static [(&'static str, &'static str)],
    problem: &'a str,
}
