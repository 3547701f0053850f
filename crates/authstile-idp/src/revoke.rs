//! `POST /revoke` and `POST /oauth/introspect` (§3.8): in the discovery document, used by no SDK.

use http::StatusCode;
use serde_json::json;

use crate::client_authentication::authenticate;
use crate::http_text::{Call, Response, json, text};
use crate::idp::Idp;

/// RFC 7009: 200 for every authenticated client, whatever the token.
pub(crate) fn revoke(idp: &Idp, call: &Call) -> Response {
    let environment = idp.environment();
    let client = match authenticate(&environment, call) {
        Ok(client) => client,
        Err(refusal) => return refusal.answer(),
    };
    let token = call.form.get("token").unwrap_or_default();
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

/// RFC 7662 with Basic only (§3.8). The members of an active answer are a guess.
pub(crate) fn introspect(idp: &Idp, call: &Call) -> Response {
    let has_header = call.authorization().is_some();
    let environment = idp.environment();
    let client = match authenticate(&environment, call) {
        Ok(client) if has_header && client.secret.is_some() => client,
        Ok(_) => return text(StatusCode::UNAUTHORIZED, "client authentication failed"),
        Err(refusal) => return refusal.answer(),
    };
    let token = call.form.get("token").unwrap_or_default();
    let grant = idp.memory().access_tokens.get(idp.now(), token).cloned();
    let Some(grant) = grant.filter(|grant| grant.client_id == client.id) else {
        return json(StatusCode::OK, &json!({ "active": false }));
    };
    let mode = environment.mode;
    let sub = grant.sign_in.as_ref().map_or(grant.client_id.clone(), |sign_in| sign_in.subject(mode));
    let active = json!({
        "active": true, "iss": idp.issuer(), "client_id": grant.client_id, "sub": sub, "scope": grant.scope,
        "token_type": "Bearer",
    });
    json(StatusCode::OK, &active)
}
