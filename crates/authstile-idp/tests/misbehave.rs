//! Every deviation is seen by a strict relying party, and only the bad ones (OpenID Connect Core §3.1.3.7).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    unreachable_pub,
    reason = "in tests a panic is a failure"
)]

mod common;

use std::collections::HashSet;

use authstile_idp::{Idp, Misbehave, Mode, Scene};
use common::*;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

#[test]
fn names_are_unique_and_lead_back() {
    let names: HashSet<_> = Misbehave::ALL.iter().map(Misbehave::name).collect();
    assert_eq!(names.len(), Misbehave::ALL.len());
    for misbehave in Misbehave::ALL {
        assert_eq!(Misbehave::from_name(misbehave.name()), Some(*misbehave));
        assert!(misbehave.name().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b)));
        assert!(misbehave.description().ends_with('.'), "{misbehave:?}");
    }
    assert_eq!(Misbehave::from_name("none"), None);
}

#[test]
fn a_strict_client_refuses_exactly_the_bad_ones() {
    for mode in [Mode::Modular, Mode::FullStack] {
        let idp = builder().mode(mode).build();
        idp.auto_sign_in(Some("ada@acme.example"));
        sign_in(&idp).unwrap();
        let mut reasons = HashSet::new();
        for misbehave in Misbehave::ALL {
            idp.misbehave(Some(*misbehave));
            let outcome = sign_in(&idp);
            // What belongs to another scene does not show here.
            let is_fine = misbehave.is_conformant() || misbehave.scene() != Scene::SignIn;
            assert_eq!(outcome.is_ok(), is_fine, "{misbehave:?}: {outcome:?}");
            reasons.extend(outcome.err());
        }
        assert!(reasons.len() > 30, "{reasons:?}");
        idp.misbehave(None);
        sign_in(&idp).unwrap();
    }
}

#[test]
fn what_is_spoiled_is_only_what_is_named() {
    let idp = builder().build();
    let honest = claims(&tokens(&idp, &[])["id_token"]);
    for (misbehave, gone) in [
        (Misbehave::MissingIss, "iss"),
        (Misbehave::MissingSub, "sub"),
        (Misbehave::MissingAud, "aud"),
        (Misbehave::MissingIat, "iat"),
        (Misbehave::MissingExp, "exp"),
        (Misbehave::MissingNonce, "nonce"),
        (Misbehave::MissingOid, "oid"),
    ] {
        idp.misbehave(Some(misbehave));
        let spoiled = claims(&tokens(&idp, &[])["id_token"]);
        let expected: Vec<_> = honest.keys().filter(|name| *name != gone).collect();
        assert_eq!(spoiled.keys().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn the_weak_key_really_signs() {
    let idp = builder().build();
    idp.misbehave(Some(Misbehave::WeakRsaKey));
    let answer = tokens(&idp, &[]);
    let keys = json(&get(&idp, "/keys", &[]));
    let n = base64::Engine::decode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        keys["keys"][0]["n"].as_str().unwrap(),
    );
    assert_eq!(n.as_ref().unwrap().len(), 128);
    let (content, signature) = answer["id_token"].as_str().unwrap().rsplit_once('.').unwrap();
    let signature = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, signature).unwrap();
    aws_lc_rs::signature::RsaPublicKeyComponents { n: n.unwrap(), e: vec![1, 0, 1] }
        .verify(&aws_lc_rs::signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, content.as_bytes(), &signature)
        .unwrap();
}

/// A whole sign-in to Acme by a client that believes nothing. The error is the reason in two or three words.
fn sign_in(idp: &Idp) -> Result<Map<String, Value>, String> {
    let metadata = object(&get(idp, "/.well-known/openid-configuration", &[]), "discovery")?;
    want(metadata.get("issuer"), ISSUER, "discovery issuer")?;
    let endpoint = metadata.get("token_endpoint").and_then(Value::as_str).ok_or("no token endpoint")?;
    require(endpoint.starts_with(ISSUER), "token endpoint elsewhere")?;

    let response = authorize(idp, &[("organization_id", "org_acme")]);
    let one = |name: &str| match carried(&response, name).as_slice() {
        [one] => Ok(one.clone()),
        found => Err(format!("{} of {name}", found.len())),
    };
    let announces_iss = metadata.contains_key("authorization_response_iss_parameter_supported");
    require(one("state")? == "the state", "wrong state")?;
    require(!announces_iss || one("iss")? == ISSUER, "wrong iss parameter")?;
    require(carried(&response, "error").is_empty(), &format!("error {:?}", carried(&response, "error")))?;
    let code = one("code")?;

    let response = redeem(idp, &code, &[]);
    require(response.status() == 200, &format!("token status {}", response.status()))?;
    require(response.body().len() < 100_000, "token response too large")?;
    let members = object(&response, "token response")?;
    let member = |name: &str| members.get(name).and_then(Value::as_str).ok_or(format!("no {name}"));
    require(member("token_type")?.eq_ignore_ascii_case("bearer"), "token type")?;
    let jwks_uri =
        metadata.get("jwks_uri").and_then(Value::as_str).and_then(|uri| uri.strip_prefix(ISSUER)).unwrap_or("/");
    let claims = verify(idp, jwks_uri, member("id_token")?, member("access_token")?, &code)?;

    let bearer = format!("Bearer {}", member("access_token")?);
    let response = get_with(idp, "/userinfo", &[], &[("authorization", &bearer)]);
    require(response.status() == 200, "userinfo status")?;
    let info = object(&response, "userinfo")?;
    require(info.get("sub") == claims.get("sub"), "userinfo sub")?;
    Ok(claims)
}

fn verify(
    idp: &Idp,
    jwks_uri: &str,
    token: &str,
    access_token: &str,
    code: &str,
) -> Result<Map<String, Value>, String> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| "ID token header")?;
    require(header.alg == Algorithm::RS256, "alg")?;
    let keys: JwkSet = serde_json::from_slice(get(idp, jwks_uri, &[]).body()).map_err(|_| "key set")?;
    let key: &Jwk = match (&header.kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid).ok_or("unknown kid")?,
        (None, [only]) => only,
        (None, _) => return Err("no kid and several keys".to_owned()),
    };
    let n = serde_json::to_value(key).unwrap()["n"].as_str().unwrap().len();
    require(n >= 2048 / 8 * 4 / 3, "weak key")?;
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&[CLIENT]);
    rules.set_issuer(&[ISSUER]);
    rules.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    rules.validate_nbf = true;
    let key = DecodingKey::from_jwk(key).map_err(|_| "unusable key")?;
    let claims: Map<String, Value> =
        jsonwebtoken::decode(token, &key, &rules).map_err(|error| format!("ID token: {error}"))?.claims;

    let claim = |name: &str| claims.get(name);
    require(claim("sub").and_then(Value::as_str).is_some_and(|sub| !sub.is_empty()), "sub")?;
    want(claim("azp"), CLIENT, "azp")?;
    require(claim("exp").is_some_and(Value::is_i64), "exp")?;
    let now = jsonwebtoken::get_current_timestamp();
    require(claim("iat").and_then(Value::as_u64).is_some_and(|iat| iat <= now + 60), "iat")?;
    want(claim("nonce"), "the nonce", "nonce")?;
    for (name, bound) in [("at_hash", access_token), ("c_hash", code)] {
        // In the code flow both are optional (OpenID Connect Core §3.1.3.6).
        require(claim(name).is_none_or(|hash| hash.as_str() == Some(&half_hash(bound))), name)?;
    }
    want(claim("oid"), "org_acme", "oid")?;
    want(claim("amr").and_then(|amr| amr.get(0)), "conn_acme_okta", "amr")?;
    require(claim("email_verified") != Some(&Value::Bool(false)), "email not verified")?;
    Ok(claims)
}

fn object(response: &http::Response<bytes::Bytes>, what: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_slice(response.body()).map_err(|_| format!("{what} is not a JSON object"))
}

fn want(found: Option<&Value>, expected: &str, what: &str) -> Result<(), String> {
    require(found.and_then(Value::as_str) == Some(expected), what)
}

fn require(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

fn half_hash(text: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &hash.as_ref()[..16])
}
