//! `POST /revoke` and `POST /oauth/introspect` (§3.8): in the discovery document, used by no SDK.

use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::client::{Client, Method};
use crate::client_authentication::{INVALID_REQUEST, authenticate};
use crate::http_text::{Call, Response, json, text, with_header};
use crate::idp::Idp;
use crate::memory::Grant;
use crate::misbehave::Misbehave;

/// RFC 7009: 200 for every authenticated client, whatever the token.
pub(crate) fn revoke(idp: &Idp, call: &Call) -> Response {
    if idp.misbehaviour() == Some(Misbehave::RevocationUnavailable) {
        // §2.2.1
        let response = text(StatusCode::SERVICE_UNAVAILABLE, "later");
        return with_header(response, header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    let environment = idp.environment();
    let client = match authenticate(idp, &environment, call) {
        Ok(client) => client,
        Err(refusal) => return refusal.answer(),
    };
    let Some(token) = call.form.get("token") else {
        return INVALID_REQUEST.because("token is missing").answer();
    };
    let now = idp.now();
    let mut memory = idp.memory();
    let is_own = memory.access_tokens.get(now, token).is_some_and(|grant| grant.client_id == client.id);
    if is_own {
        memory.access_tokens.take(now, token);
    }
    let refresh = memory.refresh_tokens.get(now, token).filter(|refresh| refresh.grant.client_id == client.id);
    if let Some(family) = refresh.map(|refresh| refresh.grant.family.clone()) {
        memory.revoke_family(&family);
    }
    text(StatusCode::OK, "")
}

/// RFC 7662, and of the ways with a secret by Basic only (§3.8). The members of an active answer are a guess.
pub(crate) fn introspect(idp: &Idp, call: &Call) -> Response {
    let environment = idp.environment();
    let client = match authenticate(idp, &environment, call) {
        Ok(client) if client.method != Method::None => client,
        Ok(_) => return text(StatusCode::UNAUTHORIZED, "client authentication failed"),
        Err(refusal) => return refusal.answer(),
    };
    if client.method == Method::Secret && call.authorization().is_none() {
        return text(StatusCode::UNAUTHORIZED, "client authentication failed");
    }
    let token = call.form.get("token").unwrap_or_default();
    let active = access_token(idp, client, token).or_else(|| refresh_token(idp, client, token));
    json(StatusCode::OK, &active.unwrap_or_else(|| json!({ "active": false })))
}

/// The client's own, or one that was issued for it as an API.
fn access_token(idp: &Idp, client: &Client, token: &str) -> Option<Value> {
    let grant = idp.memory().access_tokens.get(idp.now(), token).cloned()?;
    if grant.client_id != client.id && !grant.resources.contains(&client.id) {
        return None;
    }
    let mut members = described(idp, &grant);
    let said = idp.claims_of(token).unwrap_or_default();
    for name in ["sub", "aud", "iat", "nbf", "exp", "jti", "cnf", "act"] {
        members.extend(said.get(name).map(|value| (name.to_owned(), value.clone())));
    }
    Some(Value::Object(members))
}

fn refresh_token(idp: &Idp, client: &Client, token: &str) -> Option<Value> {
    let refresh = idp.memory().refresh_tokens.get(idp.now(), token).cloned()?;
    let is_own = refresh.grant.client_id == client.id && !refresh.redeemed;
    is_own.then(|| {
        let mut members = described(idp, &refresh.grant);
        members.shift_remove("token_type");
        Value::Object(members)
    })
}

fn described(idp: &Idp, grant: &Grant) -> Map<String, Value> {
    let mode = idp.environment().mode;
    let sub = grant.sign_in.as_ref().map_or(grant.client_id.clone(), |sign_in| sign_in.subject(mode));
    let token_type = if matches!(grant.binding, Some(crate::memory::Binding::Jkt(_))) { "DPoP" } else { "Bearer" };
    let members = [
        ("active", json!(true)),
        ("iss", json!(idp.issuer())),
        ("client_id", json!(grant.client_id)),
        ("sub", json!(sub)),
        ("scope", json!(grant.scope)),
        ("token_type", json!(token_type)),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
