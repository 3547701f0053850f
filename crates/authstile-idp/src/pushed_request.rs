//! `POST /oauth/par`: pushed authorization requests (RFC 9126).

use http::StatusCode;
use serde_json::json;

use crate::authorization_request::AuthorizationRequest;
use crate::client::Client;
use crate::client_authentication::{INVALID_DPOP_PROOF, INVALID_REQUEST, TokenRefusal, authenticate};
use crate::dpop;
use crate::environment::Environment;
use crate::feature::Feature;
use crate::http_text::{Call, Fields, Response, json};
use crate::idp::Idp;
use crate::memory::{Binding, PUSHED_SECONDS, Pushed};
use crate::refusal::Refusal;
use crate::{random, request_object, sabotage};

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// How a client authenticates is not part of what it asks.
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

pub(crate) fn push(idp: &Idp, call: &Call) -> Response {
    let response = match keep(idp, call) {
        Ok(request_uri) => {
            let mut answer = json!({ "request_uri": request_uri, "expires_in": PUSHED_SECONDS });
            sabotage::pushed_response(idp.misbehaviour(), &mut answer);
            json(StatusCode::CREATED, &answer)
        }
        Err(refusal) => refusal.answer(),
    };
    dpop::with_nonce(idp, call, response)
}

fn keep(idp: &Idp, call: &Call) -> Result<String, TokenRefusal> {
    if call.form.has_repetition() {
        return Err(INVALID_REQUEST.because("a parameter is repeated"));
    }
    let environment = idp.environment();
    let client = authenticate(idp, &environment, call)?;
    if call.form.get("request_uri").is_some() {
        return Err(INVALID_REQUEST.because("request_uri cannot be pushed"));
    }
    let asked = call.form.without(&CREDENTIALS);
    let mut parameters = request_object::expand(idp, &environment, client, &asked)
        .map_err(|problem| TokenRefusal::named("invalid_request_object", problem))?;
    if parameters.get("client_id").is_some_and(|named| named != client.id) {
        return Err(INVALID_REQUEST.because("client_id is another client"));
    }
    if let Some(Binding::Jkt(jkt)) = dpop::binding(idp, &environment, call)? {
        match parameters.get("dpop_jkt") {
            Some(other) if other != jkt => return Err(INVALID_DPOP_PROOF.because("dpop_jkt is another key")),
            Some(_) => {}
            None => parameters.0.push(("dpop_jkt".to_owned(), jkt)),
        }
    }
    let redirect_uri = parameters.get("redirect_uri").filter(|uri| client.may_return_to(uri));
    let redirect_uri = redirect_uri.ok_or(INVALID_REQUEST.because("redirect_uri is not registered"))?;
    AuthorizationRequest::parse(&environment, client, redirect_uri, &parameters).map_err(|refusal| match refusal {
        Refusal::Page { error, description } | Refusal::Redirect { error, description, .. } => {
            TokenRefusal::named(error, description)
        }
        Refusal::NoRandomness => random::NoRandomness.into(),
    })?;
    let request_uri = format!("{PREFIX}{}", random::secret()?);
    let pushed = Pushed { client_id: client.id.clone(), parameters };
    idp.memory().pushed.put(idp.now(), request_uri.clone(), pushed);
    Ok(request_uri)
}

/// What a browser that arrives at the authorization endpoint really asks: what was pushed before, what its request object
/// says, or what its query says.
pub(crate) fn parameters(
    idp: &Idp,
    environment: &Environment,
    client: &Client,
    query: &Fields,
) -> Result<Fields, Refusal> {
    let must_push = client.requires_pushed_requests || environment.has(Feature::RequirePushedRequests);
    match query.get("request_uri").filter(|_| environment.has(Feature::PushedRequests)) {
        None if must_push => Err(Refusal::page("invalid_request", "This application must push its requests.")),
        None => request_object::expand(idp, environment, client, query)
            .map_err(|problem| Refusal::page("invalid_request_object", problem)),
        // Once (§7.3), by the client that pushed it.
        Some(uri) => match idp.memory().pushed.take(idp.now(), uri).filter(|pushed| pushed.client_id == client.id) {
            Some(Pushed { mut parameters, client_id }) => {
                parameters = parameters.without(&["client_id"]);
                parameters.0.push(("client_id".to_owned(), client_id));
                Ok(parameters)
            }
            None => Err(Refusal::page("invalid_request_uri", "The request_uri is unknown, used or expired.")),
        },
    }
}
