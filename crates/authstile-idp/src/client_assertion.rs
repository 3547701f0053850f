//! Client authentication with signed assertions (RFC 7523 §2.2, OpenID Connect Core §9).

use crate::client::{Client, Method};
use crate::environment::Environment;
use crate::feature::Feature;
use crate::http_text::Fields;
use crate::idp::Idp;
use crate::jws::{ASYMMETRIC, Jws};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An assertion that lives longer than this is refused (RFC 7523 §3, 4: "unreasonably far in the future").
const LONGEST: i64 = 3600;
/// What clocks may differ by.
const LEEWAY: i64 = 10;

/// The client that an assertion speaks for, or why it does not.
pub(crate) fn verify<'a>(idp: &Idp, environment: &'a Environment, form: &Fields) -> Result<&'a Client, &'static str> {
    if form.get("client_assertion_type") != Some(TYPE) {
        return Err("client_assertion_type is not urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    }
    let text = form.get("client_assertion").unwrap_or_default();
    let jws = Jws::parse(text).ok_or("client_assertion is not a JWT")?;
    let id = jws.text("sub").ok_or("the assertion has no sub")?;
    if jws.text("iss") != Some(id) || form.get("client_id").is_some_and(|named| named != id) {
        return Err("iss, sub and client_id of the assertion are not the same client");
    }
    let client = environment.client(id).ok_or("no such client")?;
    let is_signed = match client.method {
        Method::PrivateKeyJwt => {
            let keys = idp.keys_of(client).ok_or("the client has no keys")?;
            ASYMMETRIC.contains(&jws.alg()) && jws.is_signed_by_one_of(&keys)
        }
        Method::SecretJwt => client.secret.as_deref().is_some_and(|secret| jws.is_keyed_with(secret)),
        _ => return Err("the client is not registered for assertions"),
    };
    if !is_signed {
        return Err("the assertion's signature does not verify");
    }
    let token_endpoint = format!("{}/oauth/token", environment.issuer);
    let by_endpoint = environment.has(Feature::TokenEndpointAudience) && jws.is_for(&token_endpoint);
    if !by_endpoint && !jws.is_for(&environment.issuer) {
        return Err("the assertion's aud is not the issuer");
    }
    let now = idp.now();
    let expires = jws.seconds("exp").ok_or("the assertion has no exp")?;
    if expires <= now - LEEWAY || expires > now + LONGEST {
        return Err("the assertion has expired, or lives for too long");
    }
    if ["iat", "nbf"].iter().filter_map(|name| jws.seconds(name)).any(|time| time > now + LEEWAY) {
        return Err("the assertion is not valid yet");
    }
    let jti = jws.text("jti").ok_or("the assertion has no jti")?;
    if !idp.memory().is_new(now, format!("assertion {id} {jti}"), expires - now + LEEWAY) {
        return Err("the assertion was used already");
    }
    Ok(client)
}
