//! The token exchange grant (RFC 8693): an access token of ours for another, narrower one.

use serde_json::{Map, Value, json};

use crate::authorization_request::is_resource;
use crate::claims::Bindings;
use crate::client::Client;
use crate::client_authentication::{INVALID_GRANT, INVALID_REQUEST, INVALID_SCOPE, INVALID_TARGET, TokenRefusal};
use crate::environment::Environment;
use crate::http_text::Call;
use crate::idp::Idp;
use crate::memory::{Binding, Grant};
use crate::token::{Members, issue};
use crate::{random, sabotage};

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

pub(crate) fn exchange(
    idp: &Idp,
    environment: &Environment,
    client: &Client,
    call: &Call,
    binding: Option<Binding>,
) -> Result<Members, TokenRefusal> {
    let subject = presented(idp, client, call, "subject_token", "subject_token_type")?
        .ok_or(INVALID_REQUEST.because("subject_token is missing"))?;
    let actor = presented(idp, client, call, "actor_token", "actor_token_type")?;
    if call.form.get("requested_token_type").is_some_and(|kind| kind != ACCESS_TOKEN) {
        return Err(INVALID_REQUEST.because("only access tokens are issued"));
    }
    let targets: Vec<String> = call.form.all("resource").chain(call.form.all("audience")).map(str::to_owned).collect();
    if !call.form.all("resource").all(is_resource) {
        return Err(INVALID_TARGET.because("resource is not an absolute URI without fragment"));
    }
    let scope = call.form.get("scope").unwrap_or(&subject.scope);
    if !scope.split_ascii_whitespace().all(|scope| subject.has_scope(scope)) {
        return Err(INVALID_SCOPE.because("scope exceeds that of the subject token"));
    }
    // Neither an ID token nor a refresh token comes of an exchange.
    let is_kept = |scope: &&str| *scope != "openid" && *scope != "offline_access";
    let grant = Grant {
        client_id: client.id.clone(),
        scope: scope.split_ascii_whitespace().filter(is_kept).collect::<Vec<_>>().join(" "),
        family: random::secret()?,
        sign_in: subject.sign_in.clone(),
        resources: if targets.is_empty() { subject.resources.clone() } else { targets },
        act: act(environment, &subject, actor.as_ref()),
        binding,
        ..Grant::default()
    };
    let mut members = issue(idp, &grant, Bindings::default())?;
    members.insert("issued_token_type".to_owned(), ACCESS_TOKEN.into());
    sabotage::exchanged(idp.misbehaviour(), &mut members);
    Ok(members)
}

/// The grant behind a token that the client may exchange: its own, or one that was issued for it.
fn presented(
    idp: &Idp,
    client: &Client,
    call: &Call,
    name: &'static str,
    kind: &'static str,
) -> Result<Option<Grant>, TokenRefusal> {
    let (token, kind) = match (call.form.get(name), call.form.get(kind)) {
        (None, None) => return Ok(None),
        (Some(token), Some(kind)) => (token, kind),
        _ => return Err(INVALID_REQUEST.because("a token and its type go together")),
    };
    if kind != ACCESS_TOKEN {
        return Err(INVALID_REQUEST.because("only access tokens are exchanged"));
    }
    let grant = idp.memory().access_tokens.get(idp.now(), token).cloned();
    let may_use = |grant: &Grant| grant.client_id == client.id || grant.resources.contains(&client.id);
    grant.filter(may_use).map(Some).ok_or(INVALID_GRANT.because("the token is unknown, expired or another client's"))
}

/// Who acts now, and inside it who acted before (§4.1).
fn act(environment: &Environment, subject: &Grant, actor: Option<&Grant>) -> Option<Value> {
    let Some(actor) = actor else { return subject.act.clone() };
    let sub = actor.sign_in.as_ref().map_or(actor.client_id.clone(), |sign_in| sign_in.subject(environment.mode));
    let mut act = Map::new();
    act.insert("sub".to_owned(), json!(sub));
    act.extend(subject.act.clone().map(|before| ("act".to_owned(), before)));
    Some(Value::Object(act))
}
