//! `GET|POST /oidc/logout`, alias `/end_session` (§5.1).

use http::{StatusCode, header};
use serde_json::{Map, Value};

use crate::http_text::{Call, Response, json_error, redirect, with_header, with_query};
use crate::idp::Idp;
use crate::session::{self, Status};
use crate::{front_channel, page, sabotage};

pub(crate) fn end(idp: &Idp, call: &Call) -> Response {
    let asked = call.fields();
    let hint = match asked.get("id_token_hint").map(|hint| idp.claims_of(hint)) {
        Some(None) => return refuse("id_token_hint invalid"),
        Some(Some(claims)) => claims, // expired or not
        None => Map::new(),
    };
    let hinted = |name| hint.get(name).and_then(Value::as_str);
    let uri = asked.get("post_logout_redirect_uri");
    if uri.is_some_and(|uri| !is_registered(idp, hinted("client_id").or_else(|| asked.get("client_id")), uri)) {
        return refuse("post_logout_redirect_uri invalid");
    }

    let session = idp.session(call).map(|session| session.sid);
    let sids = session.as_deref().into_iter().chain(hinted("sid"));
    let ended = sids.filter_map(|sid| session::end(idp, sid, Status::Logout));
    let frames: Vec<String> = ended.flat_map(|record| front_channel::frames(idp, &record)).collect();
    let next = uri.map(|uri| {
        let mut state: Vec<_> = asked.get("state").map(|state| ("state", state.to_owned())).into_iter().collect();
        sabotage::logout_state(idp.misbehaviour(), &mut state);
        with_query(uri, &state)
    });
    let response = match next {
        next if !frames.is_empty() => page::logging_out(&frames, next.as_deref().unwrap_or_default()),
        Some(next) => redirect(&next),
        None => page::signed_out(),
    };
    with_header(response, header::SET_COOKIE, idp.cleared_session_cookie())
}

/// With the hinted client or, if nothing tells which, with any.
fn is_registered(idp: &Idp, client_id: Option<&str>, uri: &str) -> bool {
    let environment = idp.environment();
    match client_id {
        Some(id) => environment.client(id).is_some_and(|client| client.may_depart_to(uri)),
        None => environment.clients.iter().any(|client| client.may_depart_to(uri)),
    }
}

fn refuse(description: &str) -> Response {
    json_error(StatusCode::BAD_REQUEST, "invalid_request", description)
}
