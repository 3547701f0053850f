//! `GET|POST /userinfo` (§3.6).

use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::http_text::{Call, Response, json, text, with_header};
use crate::idp::Idp;
use crate::{claims, sabotage};

pub(crate) fn answer(idp: &Idp, call: &Call) -> Response {
    let token = call.bearer().unwrap_or_default();
    let grant = idp.memory().access_tokens.get(idp.now(), token).cloned();
    let Some((grant, sign_in)) = grant.as_ref().and_then(|grant| Some((grant, grant.sign_in.as_ref()?))) else {
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        // The text is a guess from the library that Scalekit appears to build on.
        let response = text(StatusCode::UNAUTHORIZED, "access token invalid");
        return with_header(response, header::WWW_AUTHENTICATE, challenge);
    };
    let mut claims = claims::userinfo(&idp.environment(), grant, sign_in);
    if let Some(wrong) = sabotage::userinfo(idp.misbehaviour(), &mut claims) {
        return wrong;
    }
    json(StatusCode::OK, &Value::Object(claims))
}
