//! Authorization codes and refresh tokens: once, in time, and only for whom they are (§2.4, §3.8).

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

use authstile_idp::Mode;
use common::*;
use serde_json::json;

#[test]
fn a_code_works_once_and_its_second_use_ends_the_tokens() {
    let idp = builder().build();
    idp.auto_sign_in(Some("ada@acme.example"));
    let code = code(&authorize(&idp, &[("organization_id", "org_acme")]));
    let answer = json(&redeem(&idp, &code, &[]));
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let userinfo = || get_with(&idp, "/userinfo", &[], &[("authorization", &bearer)]).status().as_u16();
    assert_eq!(userinfo(), 200);

    let again = redeem(&idp, &code, &[]);
    assert_eq!((again.status().as_u16(), &json(&again)["error"]), (400, &json!("invalid_grant")));
    assert_eq!(userinfo(), 401);
}

#[test]
fn a_code_is_bound_to_client_redirect_uri_and_challenge() {
    let idp = builder().build();
    idp.auto_sign_in(Some("ada@acme.example"));
    let code = code(&authorize(&idp, &[("organization_id", "org_acme")]));
    let long = "x".repeat(129);
    for changes in [
        ("code", "another"),
        ("redirect_uri", "http://127.0.0.1:3000/elsewhere"),
        ("redirect_uri", ""),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX"),
        ("code_verifier", CHALLENGE),
        ("code_verifier", "short"),
        ("code_verifier", &long),
        ("code_verifier", ""),
    ] {
        let response = redeem(&idp, &code, &[changes]);
        assert_eq!(
            (response.status().as_u16(), &json(&response)["error"]),
            (400, &json!("invalid_grant")),
            "{changes:?}"
        );
    }
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let other = post_with(&idp, "/oauth/token", &form, &[("authorization", &basic("skc_other", "test_other"))]);
    assert_eq!(json(&other)["error"], "invalid_grant");
    assert_eq!(redeem(&idp, &code, &[]).status(), 200);
}

#[test]
fn a_verifier_without_challenge_is_a_downgrade() {
    let idp = builder().build();
    idp.auto_sign_in(Some("ada@acme.example"));
    let without = [("organization_id", "org_acme"), ("code_challenge", ""), ("code_challenge_method", "")];
    let code = code(&authorize(&idp, &without));
    assert_eq!(json(&redeem(&idp, &code, &[]))["error"], "invalid_grant");
    assert_eq!(redeem(&idp, &code, &[("code_verifier", "")]).status(), 200);
}

#[test]
fn a_code_lives_ten_minutes() {
    let hands = Hands::new();
    let idp = builder().clock(hands.clock()).build();
    idp.auto_sign_in(Some("ada@acme.example"));
    let early = code(&authorize(&idp, &[("organization_id", "org_acme")]));
    let late = code(&authorize(&idp, &[("organization_id", "org_acme")]));
    hands.wait(599);
    assert_eq!(redeem(&idp, &early, &[]).status(), 200);
    hands.wait(1);
    assert_eq!(json(&redeem(&idp, &late, &[]))["error"], "invalid_grant");
}

#[test]
fn of_two_simultaneous_uses_one_wins() {
    let idp = builder().build();
    idp.auto_sign_in(Some("ada@acme.example"));
    let code = code(&authorize(&idp, &[("organization_id", "org_acme")]));
    let wins = std::thread::scope(|scope| {
        let race = || redeem(&idp, &code, &[]).status() == 200;
        let racers: Vec<_> = (0..8).map(|_| scope.spawn(race)).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(wins, 1);
}

#[test]
fn refresh_tokens_rotate_and_reuse_ends_the_family() {
    let idp = builder().mode(Mode::FullStack).build();
    let first = tokens(&idp, &[("scope", "openid email offline_access")]);
    let refresh = |token: &serde_json::Value, extra: Pairs<'_>| {
        let form = [&[("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap())], extra].concat();
        post_with(&idp, "/oauth/token", &form, &[("authorization", &basic(CLIENT, SECRET))])
    };
    assert_eq!(json(&refresh(&first["refresh_token"], &[("scope", "openid admin")]))["error"], "invalid_scope");
    let second = json(&refresh(&first["refresh_token"], &[]));
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let (old, new) = (claims(&first["id_token"]), claims(&second["id_token"]));
    for same in ["iss", "sub", "aud", "sid", "oid"] {
        assert_eq!(old[same], new[same]);
    }
    assert!(!new.contains_key("nonce") && !new.contains_key("c_hash"));

    assert_eq!(json(&refresh(&first["refresh_token"], &[]))["error"], "invalid_grant");
    assert_eq!(json(&refresh(&second["refresh_token"], &[]))["error"], "invalid_grant");
}

#[test]
fn revocation_and_introspection() {
    let idp = builder().mode(Mode::FullStack).build();
    let answer = tokens(&idp, &[("scope", "openid offline_access")]);
    let (access, refresh) = (answer["access_token"].as_str().unwrap(), answer["refresh_token"].as_str().unwrap());
    let headers = [("authorization", basic(CLIENT, SECRET))];
    let headers = [(headers[0].0, headers[0].1.as_str())];
    let active = || json(&post_with(&idp, "/oauth/introspect", &[("token", access)], &headers))["active"].clone();
    assert_eq!(active(), true);
    let in_body = [("token", access), ("client_id", CLIENT), ("client_secret", SECRET)];
    assert_eq!(post(&idp, "/oauth/introspect", &in_body).status(), 401);
    let other = [("authorization", basic("skc_other", "test_other"))];
    let other = [(other[0].0, other[0].1.as_str())];
    for token in [access, refresh, "unknown"] {
        assert_eq!(post_with(&idp, "/revoke", &[("token", token)], &other).status(), 200);
    }
    assert_eq!(active(), true);
    assert_eq!(post_with(&idp, "/revoke", &[("token", refresh)], &headers).status(), 200);
    assert_eq!(active(), false);
    assert_eq!(post(&idp, "/revoke", &[("token", refresh)]).status(), 401);
}
