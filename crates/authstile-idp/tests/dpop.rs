//! DPoP: proofs, nonces, and what is bound to their key (RFC 9449).

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

use authstile_idp::{Client, Feature, Idp, IdpBuilder, Misbehave, Mode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use common::signer::{Signer, with};
use common::*;
use http::Response;
use serde_json::{Value, json};

const ACME: (&str, &str) = ("organization_id", "org_acme");

fn dpop(hands: &Hands) -> IdpBuilder {
    builder().clock(hands.clock()).feature(Feature::Dpop).feature(Feature::PushedRequests)
}

fn signed_in(builder: IdpBuilder) -> Idp {
    let idp = builder.build();
    idp.auto_sign_in(Some("ada@acme.example"));
    idp
}

fn header(signer: &Signer) -> Value {
    let mut jwk = signer.jwk();
    jwk.as_object_mut().unwrap().shift_remove("kid");
    json!({ "typ": "dpop+jwt", "alg": signer.alg(), "jwk": jwk })
}

/// A proof for a POST to this path.
fn proof(signer: &Signer, hands: &Hands, path: &str, changes: &Value) -> String {
    let claims = json!({ "htm": "POST", "htu": format!("{ISSUER}{path}"), "iat": hands.now(), "jti": unique() });
    signer.sign_with(&header(signer), &with(&claims, changes))
}

fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("jti-{}", LAST.fetch_add(1, Ordering::Relaxed))
}

fn redeem_with(idp: &Idp, code: &str, proof: &str) -> Response<Bytes> {
    let form =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
    post_with(idp, "/oauth/token", &form, &[("authorization", &basic(CLIENT, SECRET)), ("dpop", proof)])
}

fn ask(idp: &Idp) -> String {
    code(&authorize(idp, &[ACME, ("scope", "openid email offline_access")]))
}

fn userinfo(idp: &Idp, scheme: &str, token: &str, proof: &str) -> Response<Bytes> {
    let authorization = format!("{scheme} {token}");
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend((!proof.is_empty()).then_some(("dpop", proof)));
    post_with(idp, "/userinfo", &[], &headers)
}

fn ath(token: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.as_ref())
}

fn challenge(response: &Response<Bytes>) -> (u16, &str) {
    (response.status().as_u16(), response.headers()["www-authenticate"].to_str().unwrap())
}

#[test]
fn a_proof_binds_the_tokens_and_every_use_needs_another() {
    for signer in [Signer::ec("k"), Signer::ed("k"), Signer::rsa("k")] {
        let hands = Hands::new();
        let idp = signed_in(dpop(&hands).mode(Mode::FullStack));
        let document = json(&get(&idp, "/.well-known/openid-configuration", &[]));
        assert!(document["dpop_signing_alg_values_supported"].as_array().unwrap().contains(&json!(signer.alg())));
        let answer = json(&redeem_with(&idp, &ask(&idp), &proof(&signer, &hands, "/oauth/token", &json!({}))));
        assert_eq!(answer["token_type"], "DPoP", "{answer}");
        let token = answer["access_token"].as_str().unwrap();
        assert_eq!(claims(&answer["access_token"])["cnf"]["jkt"].as_str().unwrap().len(), 43);
        let ath = ath(token);
        let good = || proof(&signer, &hands, "/userinfo", &json!({ "ath": ath }));
        let once = good();
        assert_eq!(userinfo(&idp, "dpop", token, &once).status(), 200);
        let replayed = userinfo(&idp, "DPoP", token, &once);
        assert_eq!(challenge(&replayed), (401, "DPoP error=\"invalid_dpop_proof\""));
        for (response, error) in [
            (userinfo(&idp, "Bearer", token, ""), "invalid_token"),
            (userinfo(&idp, "Bearer", token, &good()), "invalid_token"),
            (userinfo(&idp, "DPoP", token, ""), "invalid_dpop_proof"),
            (userinfo(&idp, "DPoP", token, &proof(&signer, &hands, "/userinfo", &json!({}))), "invalid_dpop_proof"),
            (
                userinfo(&idp, "DPoP", token, &proof(&Signer::ec("x"), &hands, "/userinfo", &json!({ "ath": ath }))),
                "invalid_token",
            ),
        ] {
            assert_eq!(challenge(&response), (401, format!("DPoP error=\"{error}\"").as_str()));
        }
        let refresh = |refresh: &Value, headers: Pairs<'_>| {
            let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str().unwrap())];
            let authorization = basic(CLIENT, SECRET);
            json(&post_with(&idp, "/oauth/token", &form, &[&[("authorization", &*authorization)], headers].concat()))
        };
        assert_eq!(refresh(&answer["refresh_token"], &[])["error"], "invalid_grant", "no way back to bearer tokens");
        let fresh = refresh(&answer["refresh_token"], &[("dpop", &proof(&signer, &hands, "/oauth/token", &json!({})))]);
        assert_eq!(fresh["token_type"], "DPoP", "{fresh}");
    }
}

#[test]
fn wrong_proofs_are_refused() {
    let (hands, signer) = (Hands::new(), Signer::ec("k"));
    let idp = signed_in(dpop(&hands));
    let code = ask(&idp);
    let refused = |proof: &str, what: &str| {
        let answer = redeem_with(&idp, &code, proof);
        let error = json(&answer);
        assert_eq!((answer.status().as_u16(), &error["error"]), (400, &json!("invalid_dpop_proof")), "{what}: {error}");
        assert!(error["error_description"].as_str().unwrap().contains(what), "{what}: {error}");
    };
    for (changes, what) in [
        (json!({ "htm": "GET" }), "htm"),
        (json!({ "htm": null }), "htm"),
        (json!({ "htu": format!("{ISSUER}/userinfo") }), "htu"),
        (json!({ "htu": format!("{ISSUER}/oauth/token?x=1") }), "htu"),
        (json!({ "iat": hands.now() - 61 }), "not made now"),
        (json!({ "iat": hands.now() + 61 }), "not made now"),
        (json!({ "iat": i64::MIN }), "not made now"),
        (json!({ "iat": null }), "no iat"),
        (json!({ "jti": null }), "no jti"),
        (json!({ "ath": "x" }), "ath"),
    ] {
        refused(&proof(&signer, &hands, "/oauth/token", &changes), what);
    }
    let claims = json!({ "htm": "POST", "htu": format!("{ISSUER}/oauth/token"), "iat": hands.now(), "jti": "x" });
    let forged = |changes: Value| signer.sign_with(&with(&header(&signer), &changes), &claims);
    refused(&forged(json!({ "typ": "JWT" })), "typ");
    refused(&forged(json!({ "typ": null })), "typ");
    refused(&forged(json!({ "alg": "none" })), "alg");
    refused(&forged(json!({ "alg": "HS256" })), "alg");
    refused(&forged(json!({ "jwk": null })), "no jwk");
    refused(&forged(json!({ "jwk": with(&signer.jwk(), &json!({ "d": "x" })) })), "public key");
    refused(&forged(json!({ "jwk": Signer::ec("x").jwk() })), "signature");
    refused("rubbish", "not a JWT");
    let good = proof(&signer, &hands, "/oauth/token", &json!({}));
    let form = [("grant_type", "client_credentials")];
    let two = [("authorization", &*basic(CLIENT, SECRET)), ("dpop", &*good), ("dpop", &*good)];
    assert_eq!(json(&post_with(&idp, "/oauth/token", &form, &two))["error"], "invalid_dpop_proof");
    assert_eq!(redeem_with(&idp, &code, &good).status(), 200, "the refused ones used nothing up");
}

#[test]
fn the_nonce_dance() {
    let (hands, signer) = (Hands::new(), Signer::ec("k"));
    let idp = signed_in(dpop(&hands).feature(Feature::DpopNonce));
    let code = ask(&idp);
    let first = redeem_with(&idp, &code, &proof(&signer, &hands, "/oauth/token", &json!({})));
    assert_eq!((first.status().as_u16(), &json(&first)["error"]), (400, &json!("use_dpop_nonce")));
    let nonce = |response: &Response<Bytes>| response.headers()["dpop-nonce"].to_str().unwrap().to_owned();
    let forged = proof(&signer, &hands, "/oauth/token", &json!({ "nonce": "made up" }));
    assert_eq!(json(&redeem_with(&idp, &code, &forged))["error"], "use_dpop_nonce");
    let with_nonce = proof(&signer, &hands, "/oauth/token", &json!({ "nonce": nonce(&first) }));
    let second = redeem_with(&idp, &code, &with_nonce);
    assert_eq!(second.status(), 200, "{second:?}");
    let answer = json(&second);
    let token = answer["access_token"].as_str().unwrap();
    let at = |nonce: &str| {
        let claims = json!({ "ath": ath(token), "nonce": nonce });
        userinfo(&idp, "DPoP", token, &proof(&signer, &hands, "/userinfo", &claims))
    };
    assert_eq!(at(&nonce(&second)).status(), 200, "every answer has the next nonce");
    idp.forget_dpop_nonces();
    idp.misbehave(Some(Misbehave::RsDpopAuthScheme));
    let again = at(&nonce(&second));
    assert_eq!(challenge(&again), (401, "dPoP error=\"use_dpop_nonce\""));
    assert_eq!(at(&nonce(&again)).status(), 200);
}

#[test]
fn a_code_can_be_bound_before_it_is_made() {
    let (hands, signer, other) = (Hands::new(), Signer::ec("k"), Signer::ec("other"));
    let strict = Client::new("skc_strict", SECRET).redirect_uri(CALLBACK).require_dpop();
    let idp = signed_in(dpop(&hands).client(strict));
    let jkt = {
        let answer = json(&redeem_with(&idp, &ask(&idp), &proof(&signer, &hands, "/oauth/token", &json!({}))));
        claims(&answer["access_token"])["cnf"]["jkt"].as_str().unwrap().to_owned()
    };
    let by_parameter = code(&authorize(&idp, &[ACME, ("dpop_jkt", &jkt)]));
    assert_eq!(json(&redeem(&idp, &by_parameter, &[]))["error"], "invalid_grant");
    let stolen = redeem_with(&idp, &by_parameter, &proof(&other, &hands, "/oauth/token", &json!({})));
    assert_eq!(json(&stolen)["error"], "invalid_grant");
    let own = redeem_with(&idp, &by_parameter, &proof(&signer, &hands, "/oauth/token", &json!({})));
    assert_eq!(own.status(), 200);

    // Or by a proof with the pushed request (§10.1).
    let pushed = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ACME,
    ];
    let par_proof = proof(&signer, &hands, "/oauth/par", &json!({}));
    let headers = [("authorization", &*basic(CLIENT, SECRET)), ("dpop", &*par_proof)];
    let answer = json(&post_with(&idp, "/oauth/par", &pushed, &headers));
    let uri = answer["request_uri"].as_str().unwrap();
    let bound = code(&get(&idp, "/oauth/authorize", &[("client_id", CLIENT), ("request_uri", uri)]));
    assert_eq!(json(&redeem(&idp, &bound, &[]))["error"], "invalid_grant");
    let own = redeem_with(&idp, &bound, &proof(&signer, &hands, "/oauth/token", &json!({})));
    assert_eq!(own.status(), 200);

    // And some clients get nothing without.
    let form = [("grant_type", "client_credentials")];
    let without = post_with(&idp, "/oauth/token", &form, &[("authorization", &basic("skc_strict", SECRET))]);
    assert_eq!(json(&without)["error"], "invalid_dpop_proof");
}

#[test]
fn token_types_can_lie() {
    let (hands, signer) = (Hands::new(), Signer::ec("k"));
    let idp = signed_in(dpop(&hands));
    for (misbehave, kind) in [(Misbehave::DpopTokenTypeBearer, "Bearer"), (Misbehave::TokenTypeCaseInsensitive, "dPoP")]
    {
        idp.misbehave(Some(misbehave));
        let answer = redeem_with(&idp, &ask(&idp), &proof(&signer, &hands, "/oauth/token", &json!({})));
        assert_eq!(json(&answer)["token_type"], kind);
    }
}
