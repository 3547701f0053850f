//! What happens to tokens later: exchange, introspection, revocation, refreshing, logout (RFC 8693, RFC 7662, RFC 7009, OpenID
//! Connect Core §12, RP-Initiated and Front-Channel Logout 1.0).

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

use authstile_idp::{Client, Feature, Idp, Misbehave, Mode};
use common::*;
use serde_json::{Value, json};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const FRONT: &str = "http://127.0.0.1:3000/api/auth/frontchannel-logout/scalekit";

fn exchange(idp: &Idp, pairs: Pairs<'_>) -> Value {
    let form = [&[("grant_type", EXCHANGE)], pairs].concat();
    json(&post_with(idp, "/oauth/token", &form, &[("authorization", &basic(CLIENT, SECRET))]))
}

#[test]
fn an_access_token_is_exchanged_for_a_narrower_one() {
    let idp = builder().mode(Mode::FullStack).feature(Feature::TokenExchange).build();
    let first = tokens(&idp, &[("scope", "openid email profile")]);
    let subject = [("subject_token", first["access_token"].as_str().unwrap()), ("subject_token_type", ACCESS_TOKEN)];
    let answer = exchange(&idp, &[&subject[..], &[("audience", "skc_other"), ("scope", "email")]].concat());
    assert_eq!(answer["issued_token_type"], ACCESS_TOKEN, "{answer}");
    assert_eq!((&answer["token_type"], &answer["scope"]), (&json!("Bearer"), &json!("email")));
    assert!(answer.get("id_token").is_none() && answer.get("refresh_token").is_none());
    let (old, new) = (claims(&first["access_token"]), claims(&answer["access_token"]));
    assert_eq!((&new["sub"], &new["aud"]), (&old["sub"], &json!(["skc_other"])));
    assert!(!new.contains_key("act"));

    // A service acts for Ada, and a second one for the first.
    let service = |id: &str, secret: &str| {
        let form = [("grant_type", "client_credentials")];
        json(&post_with(&idp, "/oauth/token", &form, &[("authorization", &basic(id, secret))]))["access_token"].clone()
    };
    let own = service(CLIENT, SECRET);
    let actor = [("actor_token", own.as_str().unwrap()), ("actor_token_type", ACCESS_TOKEN)];
    let once = exchange(&idp, &[&subject[..], &actor].concat());
    assert_eq!(claims(&once["access_token"])["act"], json!({ "sub": CLIENT }));
    let again = [("subject_token", once["access_token"].as_str().unwrap()), ("subject_token_type", ACCESS_TOKEN)];
    let twice = exchange(&idp, &[&again[..], &actor].concat());
    assert_eq!(claims(&twice["access_token"])["act"], json!({ "sub": CLIENT, "act": { "sub": CLIENT } }));
    let kept = exchange(&idp, &again);
    assert_eq!(claims(&kept["access_token"])["act"], json!({ "sub": CLIENT }), "delegation stays visible");

    let foreign = service("skc_other", "test_other");
    for (pairs, error) in [
        (&[][..], "invalid_request"),
        (&subject[..1], "invalid_request"),
        (&[subject[0], ("subject_token_type", "urn:x")], "invalid_request"),
        (&[("subject_token", "rubbish"), subject[1]], "invalid_grant"),
        (&[("subject_token", foreign.as_str().unwrap()), subject[1]], "invalid_grant"),
        (&[subject[0], subject[1], ("scope", "admin")], "invalid_scope"),
        (&[subject[0], subject[1], ("resource", "relative")], "invalid_target"),
        (&[subject[0], subject[1], ("requested_token_type", "urn:x")], "invalid_request"),
    ] {
        assert_eq!(exchange(&idp, pairs)["error"], error, "{pairs:?}");
    }
    idp.misbehave(Some(Misbehave::ExchangeOtherTokenType));
    assert!(exchange(&idp, &subject)["issued_token_type"].as_str().unwrap().ends_with("refresh_token"));
    idp.misbehave(Some(Misbehave::ExchangeWithoutTokenType));
    assert_eq!(exchange(&idp, &subject).get("issued_token_type"), None);
    assert_eq!(exchange(&builder().build(), &subject)["error"], "unsupported_grant_type", "off unless switched on");
}

#[test]
fn introspection_tells_the_client_and_the_api() {
    let idp =
        builder().mode(Mode::FullStack).feature(Feature::ResourceIndicators).feature(Feature::TokenExchange).build();
    let answer = tokens(&idp, &[("scope", "openid offline_access")]);
    let introspect = |token: &Value, id: &str, secret: &str| {
        let form = [("token", token.as_str().unwrap())];
        json(&post_with(&idp, "/oauth/introspect", &form, &[("authorization", &basic(id, secret))]))
    };
    let access = introspect(&answer["access_token"], CLIENT, SECRET);
    let said = claims(&answer["access_token"]);
    for name in ["sub", "aud", "iat", "nbf", "exp", "jti", "client_id", "iss"] {
        assert_eq!(access[name], said[name], "{name}");
    }
    assert_eq!((&access["active"], &access["token_type"]), (&json!(true), &json!("Bearer")));
    let refresh = introspect(&answer["refresh_token"], CLIENT, SECRET);
    assert_eq!((&refresh["active"], refresh.get("token_type")), (&json!(true), None));
    for token in [&answer["access_token"], &answer["refresh_token"], &json!("rubbish")] {
        assert_eq!(introspect(token, "skc_other", "test_other"), json!({ "active": false }), "nothing for strangers");
    }
    let subject = [("subject_token", answer["access_token"].as_str().unwrap()), ("subject_token_type", ACCESS_TOKEN)];
    let for_other = exchange(&idp, &[&subject[..], &[("audience", "skc_other")]].concat());
    assert_eq!(introspect(&for_other["access_token"], "skc_other", "test_other")["active"], true);
}

#[test]
fn revocation_says_what_is_wrong_and_can_be_out_of_order() {
    let idp = builder().build();
    let authorization = basic(CLIENT, SECRET);
    let revoke = |form: Pairs<'_>| post_with(&idp, "/revoke", form, &[("authorization", &authorization)]);
    assert_eq!(json(&revoke(&[]))["error"], "invalid_request");
    assert_eq!(revoke(&[("token", "unknown"), ("token_type_hint", "refresh_token")]).status(), 200);
    idp.misbehave(Some(Misbehave::RevocationUnavailable));
    let later = revoke(&[("token", "unknown")]);
    assert_eq!((later.status().as_u16(), later.headers()["retry-after"].to_str().unwrap()), (503, "1"));
}

#[test]
fn a_refreshed_id_token_says_the_same_unless_it_lies() {
    let hands = Hands::new();
    let idp = builder().clock(hands.clock()).mode(Mode::FullStack).build();
    let mut last = tokens(&idp, &[("scope", "openid offline_access"), ("max_age", "600")]);
    let first = claims(&last["id_token"]);
    hands.wait(60);
    let mut refreshed = |misbehave| {
        idp.misbehave(misbehave);
        let form = [("grant_type", "refresh_token"), ("refresh_token", last["refresh_token"].as_str().unwrap())];
        last = json(&post_with(&idp, "/oauth/token", &form, &[("authorization", &basic(CLIENT, SECRET))]));
        claims(&last["id_token"])
    };
    let honest = refreshed(None);
    for same in ["iss", "sub", "aud", "azp", "auth_time", "sid"] {
        assert_eq!(honest[same], first[same], "{same}");
    }
    assert!(honest["iat"] != first["iat"] && !honest.contains_key("nonce"));
    for (misbehave, name, value) in [
        (Misbehave::RefreshTokenInvalidIssuer, "iss", json!(format!("{ISSUER}1"))),
        (Misbehave::RefreshTokenInvalidSub, "sub", json!(format!("{}1", first["sub"].as_str().unwrap()))),
        (Misbehave::RefreshTokenInvalidAud, "aud", json!([format!("{CLIENT}1")])),
        (Misbehave::RefreshTokenOtherAuthTime, "auth_time", json!(hands.now())),
        (Misbehave::RefreshTokenOtherNonce, "nonce", json!("another nonce")),
    ] {
        assert_eq!(refreshed(Some(misbehave))[name], value, "{misbehave:?}");
    }
}

#[test]
fn the_logout_page_tells_applications_in_frames_and_leads_on() {
    let client = Client::new("skc_front", SECRET)
        .redirect_uri(CALLBACK)
        .post_logout_redirect_uri(AFTER_LOGOUT)
        .front_channel_logout_uri(FRONT);
    let idp = builder().client(client).feature(Feature::AnnouncedLogout).build();
    let document = json(&get(&idp, "/.well-known/openid-configuration", &[]));
    for name in ["frontchannel", "backchannel"] {
        assert_eq!(document[format!("{name}_logout_supported")], true);
        assert_eq!(document[format!("{name}_logout_session_supported")], true);
    }
    idp.auto_sign_in(Some("ada@acme.example"));
    let page = |misbehave| {
        idp.misbehave(None);
        let changes = [("client_id", "skc_front"), ("organization_id", "org_acme")];
        let answer = authorize(&idp, &changes);
        let cookie = cookie(&answer).to_owned();
        let sid = idp.session_ids("ada@acme.example").pop().unwrap();
        idp.misbehave(misbehave);
        let query = [("client_id", "skc_front"), ("post_logout_redirect_uri", AFTER_LOGOUT), ("state", "the state")];
        let page = get_with(&idp, "/oidc/logout", &query, &[("cookie", &cookie)]);
        assert_eq!(page.status(), 200, "{page:?}");
        let frame = body(&page).split("<iframe").nth(1).unwrap();
        let src = attribute(frame, "src").replace("&#38;", "&").replace("&amp;", "&");
        let pairs: Vec<(String, String)> = form_urlencoded::parse(src.split_once('?').unwrap().1.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        assert!(src.starts_with(FRONT));
        (pairs, sid, body(&page).to_owned())
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let (pairs, sid, text) = page(None);
    assert_eq!(pairs, [pair("iss", ISSUER), pair("sid", &sid)]);
    assert!(text.contains(&format!("url={AFTER_LOGOUT}?state=the+state")), "{text}");
    assert!(idp.session_ids("ada@acme.example").is_empty());
    let (pairs, sid, _) = page(Some(Misbehave::FrontChannelInvalidIss));
    assert_eq!(pairs, [pair("iss", &format!("{ISSUER}1")), pair("sid", &sid)]);
    let (pairs, sid, _) = page(Some(Misbehave::FrontChannelInvalidSid));
    assert_eq!(pairs, [pair("iss", ISSUER), pair("sid", &format!("{sid}1"))]);
    assert_eq!(page(Some(Misbehave::FrontChannelWithoutSid)).0, [pair("iss", ISSUER)]);
}

#[test]
fn the_state_of_a_logout_can_be_lost_and_exchanged() {
    let idp = builder().build();
    let query = [("client_id", CLIENT), ("post_logout_redirect_uri", AFTER_LOGOUT), ("state", "the state")];
    for (misbehave, state) in [
        (None, vec!["the state"]),
        (Some(Misbehave::RpInitLogoutOtherState), vec!["another-state"]),
        (Some(Misbehave::RpInitLogoutNoState), vec![]),
    ] {
        idp.misbehave(misbehave);
        assert_eq!(carried(&get(&idp, "/oidc/logout", &query), "state"), state);
    }
    assert_eq!(get(&idp, "/oidc/logout", &[("id_token_hint", "rubbish")]).status(), 400);
    assert_eq!(get(&idp, "/oidc/logout", &[]).status(), 200, "without a hint whoever is there is signed out");
}

#[test]
fn claims_of_others_are_there_for_those_who_want_them() {
    let idp = builder().build();
    for (misbehave, member) in [(Misbehave::AggregatedClaims, "JWT"), (Misbehave::DistributedClaims, "endpoint")] {
        idp.misbehave(Some(misbehave));
        let bearer = format!("Bearer {}", tokens(&idp, &[])["access_token"].as_str().unwrap());
        let userinfo = json(&get_with(&idp, "/userinfo", &[], &[("authorization", &bearer)]));
        assert_eq!(userinfo["_claim_names"]["email"], "src1");
        assert!(userinfo["_claim_sources"]["src1"][member].is_string(), "{userinfo}");
        assert_eq!(userinfo["email"], "ada@acme.example");
    }
}
