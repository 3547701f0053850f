//! `GET|POST /userinfo` (§3.6).

use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::dpop::{self, ProofError};
use crate::environment::Environment;
use crate::feature::Feature;
use crate::http_text::{Call, Response, answer as body, json, text, with_header};
use crate::idp::Idp;
use crate::memory::{Binding, Grant};
use crate::{claims, sabotage};

pub(crate) fn answer(idp: &Idp, call: &Call) -> Response {
    let environment = idp.environment();
    let response = match admitted(idp, &environment, call) {
        Ok(grant) => tell(idp, &environment, &grant),
        Err((scheme, error)) => {
            // The text is a guess from the library that Scalekit appears to build on.
            let response = text(StatusCode::UNAUTHORIZED, "access token invalid");
            let challenge = format!("{scheme} error=\"{error}\"");
            let challenge = HeaderValue::from_str(&challenge).unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
            with_header(response, header::WWW_AUTHENTICATE, challenge)
        }
    };
    dpop::with_nonce(idp, call, response)
}

fn tell(idp: &Idp, environment: &Environment, grant: &Grant) -> Response {
    let Some(sign_in) = &grant.sign_in else { return text(StatusCode::UNAUTHORIZED, "access token invalid") };
    let mut claims = claims::userinfo(environment, grant, sign_in);
    sabotage::claim_sources(idp, &mut claims);
    if let Some(wrong) = sabotage::userinfo(idp.misbehaviour(), &mut claims) {
        return wrong;
    }
    if !environment.has(Feature::SignedUserinfo) {
        return json(StatusCode::OK, &Value::Object(claims));
    }
    // OpenID Connect Core §5.3.2
    claims.insert("iss".to_owned(), json!(environment.issuer));
    claims.insert("aud".to_owned(), json!(grant.client_id));
    match sabotage::sign_userinfo(idp, claims) {
        Ok(jwt) => body(StatusCode::OK, "application/jwt", jwt),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "no randomness"),
    }
}

/// The grant of a token that comes in the way it is bound to; otherwise the challenge's scheme and error.
fn admitted(idp: &Idp, environment: &Environment, call: &Call) -> Result<Grant, (&'static str, &'static str)> {
    const INVALID: &str = "invalid_token";
    let by_dpop = call.authorization().filter(|(scheme, _)| scheme.eq_ignore_ascii_case("dpop"));
    let token = by_dpop.map(|(_, token)| token).or_else(|| call.bearer()).unwrap_or_default();
    let grant = idp.memory().access_tokens.get(idp.now(), token).cloned();
    let Some(grant) = grant.filter(|grant| grant.sign_in.is_some()) else {
        return Err((if by_dpop.is_some() { "DPoP" } else { "Bearer" }, INVALID));
    };
    match &grant.binding {
        None if by_dpop.is_none() => Ok(grant),
        Some(Binding::Certificate(known)) if call.certificate.as_ref() == Some(known) => Ok(grant),
        // A bound token is no bearer token (RFC 9449 §7.2).
        Some(Binding::Jkt(jkt)) if by_dpop.is_some() => {
            let scheme = sabotage::dpop_scheme(idp.misbehaviour());
            match dpop::verify(idp, environment, call, Some(token)) {
                Ok(proven) if proven == *jkt => Ok(grant),
                Ok(_) => Err((scheme, INVALID)),
                Err(ProofError::Nonce) => Err((scheme, "use_dpop_nonce")),
                Err(ProofError::Missing | ProofError::Invalid(_)) => Err((scheme, "invalid_dpop_proof")),
            }
        }
        Some(Binding::Jkt(_)) => Err(("DPoP", INVALID)),
        None | Some(Binding::Certificate(_)) => Err(("Bearer", INVALID)),
    }
}
