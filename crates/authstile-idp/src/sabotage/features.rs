//! What goes wrong beyond the plain sign-in: signed responses, logout, refreshing, exchanging.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::idp::Idp;
use crate::keys::signing_input;
use crate::misbehave::Misbehave::{self, *};
use crate::random::NoRandomness;

type Claims = Map<String, Value>;

/// Signs an authorization response (JARM §2.2).
pub(crate) fn signed_response(idp: &Idp, mut claims: Claims) -> Result<String, NoRandomness> {
    let misbehave = idp.misbehaviour();
    match misbehave {
        Some(JarmWithoutIss) => remove(&mut claims, "iss"),
        Some(JarmInvalidIss) => append(&mut claims, "iss", "1"),
        Some(JarmWithoutAud) => remove(&mut claims, "aud"),
        Some(JarmInvalidAud) => append(&mut claims, "aud", "1"),
        Some(JarmWithoutExp) => remove(&mut claims, "exp"),
        Some(JarmExpiredExp) => drop(claims.insert("exp".to_owned(), idp.now().saturating_sub(3600).into())),
        _ => {}
    }
    sign(idp, &claims, misbehave == Some(JarmSignatureNone), misbehave == Some(JarmInvalidSig))
}

/// Signs userinfo (OpenID Connect Core §5.3.2).
pub(crate) fn sign_userinfo(idp: &Idp, mut claims: Claims) -> Result<String, NoRandomness> {
    let misbehave = idp.misbehaviour();
    match misbehave {
        Some(UserinfoSignedInvalidIss) => append(&mut claims, "iss", "1"),
        Some(UserinfoSignedInvalidAud) => append(&mut claims, "aud", "1"),
        _ => {}
    }
    sign(idp, &claims, false, misbehave == Some(UserinfoSignedInvalidSig))
}

fn sign(idp: &Idp, claims: &Claims, is_unsigned: bool, is_broken: bool) -> Result<String, NoRandomness> {
    let key = idp.key_for_signing();
    let alg = if is_unsigned { "none" } else { key.algorithm.name() };
    let content = signing_input(&json!({ "alg": alg, "kid": key.kid, "typ": "JWT" }), claims);
    let mut signature = if is_unsigned { Vec::new() } else { key.sign(content.as_bytes())? };
    if is_broken {
        signature.iter_mut().take(1).for_each(|byte| *byte ^= 1);
    }
    Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The answer to a pushed request (RFC 9126 §2.2).
pub(crate) fn pushed_response(misbehave: Option<Misbehave>, answer: &mut Value) {
    if let (Some(PushedResponseWithoutRequestUri), Some(members)) = (misbehave, answer.as_object_mut()) {
        members.shift_remove("request_uri");
    }
}

/// A refreshed ID token (OpenID Connect Core §12.2).
pub(crate) fn refreshed(misbehave: Option<Misbehave>, claims: &mut Claims) {
    match misbehave {
        Some(RefreshTokenInvalidIssuer) => append(claims, "iss", "1"),
        Some(RefreshTokenInvalidSub) => append(claims, "sub", "1"),
        Some(RefreshTokenInvalidAud) => {
            let client = claims.get("client_id").and_then(Value::as_str).unwrap_or_default();
            let other = json!([format!("{client}1")]);
            claims.insert("aud".to_owned(), other);
        }
        Some(RefreshTokenOtherAuthTime) => {
            let now = claims.get("iat").cloned().unwrap_or_default();
            claims.insert("auth_time".to_owned(), now);
        }
        Some(RefreshTokenOtherNonce) => drop(claims.insert("nonce".to_owned(), json!("another nonce"))),
        _ => {}
    }
}

/// The answer to a token exchange (RFC 8693 §2.2.1).
pub(crate) fn exchanged(misbehave: Option<Misbehave>, members: &mut Claims) {
    const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";
    match misbehave {
        Some(ExchangeOtherTokenType) => drop(members.insert("issued_token_type".to_owned(), json!(REFRESH_TOKEN))),
        Some(ExchangeWithoutTokenType) => remove(members, "issued_token_type"),
        _ => {}
    }
}

/// Claims of others (OpenID Connect Core §5.6.2). Nobody has to believe or to fetch them.
pub(crate) fn claim_sources(idp: &Idp, claims: &mut Claims) {
    let source = match idp.misbehaviour() {
        Some(AggregatedClaims) => {
            let theirs = Claims::from_iter([("email".to_owned(), json!("admin@attacker.example"))]);
            json!({ "JWT": sign(idp, &theirs, false, false).unwrap_or_default() })
        }
        Some(DistributedClaims) => json!({ "endpoint": format!("{}/claims", idp.issuer()), "access_token": "at" }),
        _ => return,
    };
    claims.insert("_claim_names".to_owned(), json!({ "email": "src1", "credit_score": "src1" }));
    claims.insert("_claim_sources".to_owned(), json!({ "src1": source }));
}

/// The scheme in which userinfo challenges (RFC 9110 §11.1: in any case).
pub(crate) fn dpop_scheme(misbehave: Option<Misbehave>) -> &'static str {
    if misbehave == Some(RsDpopAuthScheme) { "dPoP" } else { "DPoP" }
}

/// The query of a frame.
pub(crate) fn front_channel(misbehave: Option<Misbehave>, pairs: &mut Vec<(&str, String)>) {
    let append_to = |pairs: &mut Vec<(&str, String)>, wanted: &str| {
        pairs.iter_mut().filter(|(name, _)| *name == wanted).for_each(|(_, value)| value.push('1'));
    };
    match misbehave {
        Some(FrontChannelInvalidIss) => append_to(pairs, "iss"),
        Some(FrontChannelInvalidSid) => append_to(pairs, "sid"),
        Some(FrontChannelWithoutSid) => pairs.retain(|(name, _)| *name != "sid"),
        _ => {}
    }
}

/// The `state` that a logout page returns (OpenID Connect RP-Initiated Logout 1.0 §3).
pub(crate) fn logout_state(misbehave: Option<Misbehave>, state: &mut Vec<(&str, String)>) {
    match misbehave {
        Some(RpInitLogoutOtherState) => *state = vec![("state", "another-state".to_owned())],
        Some(RpInitLogoutNoState) => state.clear(),
        _ => {}
    }
}

fn append(claims: &mut Claims, name: &str, suffix: &str) {
    let value = claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let value = format!("{value}{suffix}");
    claims.insert(name.to_owned(), value.into());
}

fn remove(claims: &mut Claims, name: &str) {
    claims.shift_remove(name);
}
