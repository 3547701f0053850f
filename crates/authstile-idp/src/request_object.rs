//! Signed authorization requests (RFC 9101).

use serde_json::Value;

use crate::client::Client;
use crate::environment::Environment;
use crate::feature::Feature;
use crate::http_text::Fields;
use crate::idp::Idp;
use crate::jws::{ASYMMETRIC, Jws};

/// Claims that are about the object itself.
const ABOUT_ITSELF: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

/// The parameters that count: those inside the object and no others (§6.3), or what was asked where there is no object.
pub(crate) fn expand(
    idp: &Idp,
    environment: &Environment,
    client: &Client,
    asked: &Fields,
) -> Result<Fields, &'static str> {
    if !environment.has(Feature::RequestObjects) {
        return Ok(asked.clone());
    }
    let Some(text) = asked.get("request") else {
        return match client.requires_request_object {
            true => Err("This application must send signed request objects"),
            false => Ok(asked.clone()),
        };
    };
    let jws = Jws::parse(text).ok_or("The request object is not a JWT")?;
    // §10.8: explicit typing; older clients send `JWT` or nothing.
    let typ = jws.header.get("typ").map_or("JWT", |typ| typ.as_str().unwrap_or_default());
    if !["oauth-authz-req+jwt", "JWT"].contains(&typ) {
        return Err("typ of the request object is not oauth-authz-req+jwt");
    }
    let keys = idp.keys_of(client).ok_or("The application has registered no keys")?;
    if !ASYMMETRIC.contains(&jws.alg()) || !jws.is_signed_by_one_of(&keys) {
        return Err("The signature of the request object does not verify");
    }
    if jws.text("iss") != Some(&client.id) || jws.text("client_id") != Some(&client.id) {
        return Err("iss and client_id of the request object are not the application");
    }
    // §10.8: else it could pass as a client assertion.
    if jws.claims.contains_key("sub") {
        return Err("The request object has a sub");
    }
    if !jws.is_for(&environment.issuer) {
        return Err("aud of the request object is not the issuer");
    }
    let now = idp.now();
    if jws.seconds("exp").is_none_or(|end| end <= now) || jws.seconds("nbf").is_some_and(|start| start > now + 10) {
        return Err("The request object has no exp, has expired or is not valid yet");
    }
    if jws.claims.contains_key("request") || jws.claims.contains_key("request_uri") {
        return Err("The request object contains a request object");
    }
    let parameters = jws.claims.iter().filter(|(name, _)| !ABOUT_ITSELF.contains(&name.as_str()));
    let several = parameters.flat_map(|(name, value)| match value {
        Value::Array(values) if name == "resource" => values.iter().map(|value| (name.clone(), plain(value))).collect(),
        value => vec![(name.clone(), plain(value))],
    });
    Ok(Fields(several.collect()))
}

/// A parameter's text: `claims` is JSON, `max_age` a number.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
