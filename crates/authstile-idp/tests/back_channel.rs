//! Back-channel logout: who is told, and what the token says (OpenID Connect Back-Channel Logout 1.0; §5.2).

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

use authstile_idp::{Idp, LogoutTokenFault, Mode};
use common::*;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value, json};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The tokens sent to the application.
fn sent(idp: &Idp) -> Vec<String> {
    let requests = deliver(idp, BACK_CHANNEL);
    let token = |request: &http::Request<bytes::Bytes>| {
        assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
        let pairs: Vec<_> = form_urlencoded::parse(request.body()).into_owned().collect();
        assert_eq!((pairs.len(), pairs[0].0.as_str()), (1, "logout_token"));
        pairs[0].1.clone()
    };
    requests.iter().map(token).collect()
}

#[test]
fn a_logout_tells_the_applications_that_took_part() {
    let vectors: Value = serde_json::from_str(include_str!("data/backchannel_logout.json")).unwrap();
    let sample = &vectors["tokens"][0];
    for mode in [Mode::Modular, Mode::FullStack] {
        let idp = builder().mode(mode).build();
        let answer = tokens(&idp, &[]);
        let id = claims(&answer["id_token"]);
        assert!(sent(&idp).is_empty());
        get(&idp, "/oidc/logout", &[("id_token_hint", answer["id_token"].as_str().unwrap())]);
        let tokens = sent(&idp);
        assert_eq!(tokens.len(), 1);
        let header = part(&tokens[0], 0);
        assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &sample["header"]["typ"]));
        let token = part(&tokens[0], 1);
        assert!(token.keys().eq(sample["claims"].as_object().unwrap().keys()), "{token:?}");
        assert_eq!((&token["sid"], &token["sub"], &token["aud"]), (&id["sid"], &id["sub"], &id["aud"]));
        assert_eq!(token["exp"].as_i64().unwrap() - token["iat"].as_i64().unwrap(), 120);
        assert_eq!(token["events"], sample["claims"]["events"]);
        verify(&idp, &tokens[0], &mut HashSet::new()).unwrap();

        get(&idp, "/oidc/logout", &[("id_token_hint", answer["id_token"].as_str().unwrap())]);
        assert!(sent(&idp).is_empty(), "a session ends once");
    }
}

#[test]
fn sessions_end_by_administrators_and_by_age_too() {
    let hands = Hands::new();
    let idp = hooked().clock(hands.clock()).build();
    let sid = claims(&tokens(&idp, &[])["id_token"])["sid"].as_str().unwrap().to_owned();
    assert_eq!(idp.session_ids("ADA@acme.example"), [sid.as_str()]);
    assert!(idp.revoke_session(&sid) && !idp.revoke_session(&sid));
    assert!(idp.session_ids("ada@acme.example").is_empty());
    assert_eq!(sent(&idp).len(), 1);

    tokens(&idp, &[]);
    assert_eq!(events(&idp)[0]["type"], "user.login");
    hands.wait(12 * 3600);
    let ended = events(&idp);
    assert_eq!(
        (&ended[0]["type"], &ended[0]["data"]["user_session"]["status"]),
        (&json!("user.logout"), &json!("EXPIRED"))
    );
}

#[test]
fn a_strict_receiver_refuses_exactly_the_bad_ones() {
    let idp = builder().build();
    let mut reasons = HashSet::new();
    for fault in LogoutTokenFault::ALL {
        idp.spoil_logout_tokens(Some(*fault));
        tokens(&idp, &[]);
        assert_eq!(idp.revoke_sessions_of("ada@acme.example"), 1);
        let tokens = sent(&idp);
        let mut seen = HashSet::new();
        let outcome = verify(&idp, &tokens[0], &mut seen);
        assert_eq!(outcome.is_ok(), fault.is_conformant(), "{fault:?}: {outcome:?}");
        reasons.extend(outcome.err());
        if *fault == LogoutTokenFault::Replay {
            assert_eq!(tokens[0], tokens[1]);
            verify(&idp, &tokens[1], &mut seen).unwrap_err();
        } else {
            assert_eq!(tokens.len(), 1);
        }
        assert_eq!(LogoutTokenFault::from_name(fault.name()), Some(*fault));
    }
    assert!(reasons.len() > 10, "{reasons:?}");
    idp.spoil_logout_tokens(None);
    tokens(&idp, &[]);
    idp.revoke_sessions_of("ada@acme.example");
    verify(&idp, &sent(&idp)[0], &mut HashSet::new()).unwrap();
}

/// §2.6 of the specification.
fn verify(idp: &Idp, token: &str, seen: &mut HashSet<String>) -> Result<(), String> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| "header")?;
    if header.alg != Algorithm::RS256 {
        return Err("alg".to_owned());
    }
    let keys: JwkSet = serde_json::from_slice(get(idp, "/keys", &[]).body()).unwrap();
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).ok_or("kid")?).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&[CLIENT]);
    rules.set_issuer(&[ISSUER]);
    rules.set_required_spec_claims(&["iss", "aud", "exp"]);
    let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &rules);
    let claims = claims.map_err(|error| error.to_string())?.claims;
    claims.get("iat").and_then(Value::as_i64).ok_or("iat")?;
    if claims.contains_key("nonce") {
        return Err("nonce".to_owned());
    }
    let events = claims.get("events").ok_or("no events")?;
    events.get(EVENT).ok_or("no logout event")?.as_object().ok_or("event is no object")?;
    claims.get("sid").or(claims.get("sub")).ok_or("neither sid nor sub")?;
    let jti = claims.get("jti").and_then(Value::as_str).ok_or("jti")?;
    if seen.insert(jti.to_owned()) { Ok(()) } else { Err("replay".to_owned()) }
}
