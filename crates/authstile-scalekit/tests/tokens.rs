//! Scalekit's vectors (`data/scalekit.json`): access tokens and logout tokens get the verdicts that are stated there, and no
//! kind of token passes as another.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::collections::HashSet;

use authstile_oauth::access_token::{self, AccessTokenError, VerifiedAccessToken};
use authstile_oauth::jose::jwk::{JwkSet, KeyError};
use authstile_oauth::jose::jws::SignatureError;
use authstile_oauth::logout_token::{self, LogoutTokenError, VerifiedLogoutToken};
use authstile_oauth::secret::AccessToken;
use authstile_oauth::word::{ClientId, Issuer};
use authstile_scalekit::idp_initiated;
use serde_json::{Value, json};

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/scalekit.json")).unwrap()
}

fn keys(set: &Value) -> JwkSet {
    JwkSet::parse(set.to_string().as_bytes()).unwrap()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn rs256() -> Vec<String> {
    vec!["RS256".to_owned()]
}

const NOW: i64 = 1_758_692_838;

fn verify_access(token: &Value, keys: &JwkSet, options: &Value) -> Result<VerifiedAccessToken, AccessTokenError> {
    let scopes = texts(&options["requiredScopes"]);
    let expected = access_token::Expected {
        issuers: &[Issuer::parse(options["issuer"].as_str().unwrap()).unwrap()],
        audiences: &texts(&options["audience"]),
        scopes: &scopes.iter().map(String::as_str).collect::<Vec<_>>(),
        algorithms: &rs256(),
        now: NOW,
    };
    access_token::verify(&AccessToken::new(token.as_str().unwrap()), keys, &expected)
}

#[test]
fn every_access_token_gets_the_verdict_that_is_stated() {
    use AccessTokenError as E;
    let vectors = vectors();
    let keys = keys(&vectors["tokens"]["jwks"]);
    let mut seen = (0, 0);
    for vector in vectors["tokens"]["access_tokens"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        let verdict = verify_access(&vector["token"], &keys, &vector["options"]);
        match (vector["expect"].as_str().unwrap(), verdict) {
            ("accept", Ok(token)) => {
                seen.0 += 1;
                let claims = &vector["claims"];
                assert_eq!(Value::Object(token.claims().clone()), *claims, "{name}: claims as they came");
                assert_eq!(token.subject().map(|subject| subject.as_str()), claims["sub"].as_str(), "{name}");
                assert_eq!(token.client_id().map(|id| id.as_str()), claims["client_id"].as_str(), "{name}");
                assert_eq!(token.text("oid"), claims["oid"].as_str(), "{name}");
                assert_eq!(Some(token.expires_at()), claims["exp"].as_i64(), "{name}");
            }
            ("reject", Err(error)) => {
                seen.1 += 1;
                let fits = match name {
                    "m2m_missing_required_scope" => {
                        matches!(&error, E::Scope { missing, .. } if *missing == ["admin:all"])
                    }
                    "mcp_other_resource" => matches!(error, E::Audience { .. }),
                    "wrong_issuer_default_call" => matches!(error, E::Issuer { .. }),
                    "no_exp" => error == E::Missing("exp"),
                    "id_token_used_as_access_token" => matches!(error, E::OtherKind { .. }),
                    _ => false,
                };
                assert!(fits, "{name} ends in the wrong leaf, or in none: {error:?}");
            }
            (expected, got) => panic!("{name}: expected {expected}, got {got:?} ({})", vector["why"]),
        }
    }
    assert!(seen.0 >= 3 && seen.1 >= 5, "{seen:?}: the vectors are cut off");
}

#[test]
fn scopes_are_read_from_both_names() {
    let vectors = vectors();
    let keys = keys(&vectors["tokens"]["jwks"]);
    let scopes = |name: &str| {
        let all = vectors["tokens"]["access_tokens"].as_array().unwrap();
        let vector = all.iter().find(|vector| vector["name"] == name).unwrap();
        verify_access(&vector["token"], &keys, &vector["options"]).unwrap().scopes().join(" ")
    };
    assert_eq!(scopes("valid_m2m_organization_client"), "deploy:applications read:deployments");
    assert_eq!(scopes("mcp_environment_issuer"), "todo:read");
    assert_eq!(scopes("valid_modular_sso"), "");
}

#[test]
fn keys_of_access_tokens_rotate_and_their_algorithm_is_pinned() {
    let tokens = &vectors()["tokens"];
    let verify = |token: &Value, set: &Value| {
        let options = json!({ "issuer": tokens["context"]["issuer"], "audience": [tokens["context"]["client_id"]] });
        verify_access(token, &keys(set), &options).map(drop)
    };
    let rotation = &tokens["key_rotation"];
    let is_unknown =
        |verdict| matches!(verdict, Err(AccessTokenError::Signature(SignatureError::Key(KeyError::UnknownKid { .. }))));
    assert_eq!(verify(&rotation["token_old_key"], &rotation["jwks_before"]), Ok(()));
    assert!(
        is_unknown(verify(&rotation["token_new_key"], &rotation["jwks_before"])),
        "a reason to fetch the keys again"
    );
    assert_eq!(verify(&rotation["token_new_key"], &rotation["jwks_after"]), Ok(()));
    assert!(is_unknown(verify(&rotation["token_old_key"], &rotation["jwks_after"])));
    let pinning = &tokens["alg_pinning"];
    for name in ["rs512_token", "ps256_token"] {
        let verdict = verify(&pinning[name], &pinning["jwks_without_alg"]);
        let is_refused =
            matches!(verdict, Err(AccessTokenError::Signature(SignatureError::UnadvertisedAlgorithm { .. })));
        assert!(is_refused, "{name}: {verdict:?}");
    }
}

fn verify_logout(vectors: &Value, token: &Value) -> Result<VerifiedLogoutToken, LogoutTokenError> {
    let logout = &vectors["backchannel_logout"];
    let expected = logout_token::Expected {
        issuer: &Issuer::parse(logout["issuer"].as_str().unwrap()).unwrap(),
        client_id: &ClientId::parse(logout["client_id"].as_str().unwrap()).unwrap(),
        algorithms: &rs256(),
        now: logout["now"].as_i64().unwrap(),
    };
    logout_token::verify(token.as_str().unwrap(), &keys(&logout["jwks"]), &expected)
}

#[test]
fn every_logout_token_gets_the_verdict_that_is_stated() {
    use LogoutTokenError as E;
    let vectors = vectors();
    let all = vectors["backchannel_logout"]["tokens"].as_array().unwrap();
    let mut acted_upon = HashSet::new();
    let mut seen = (0, 0);
    for vector in all {
        let name = vector["name"].as_str().unwrap();
        if let Some(replayed) = vector["same_token_as"].as_str() {
            // The verifier has no memory; what its caller must remember is there.
            let first = all.iter().find(|vector| vector["name"] == replayed).unwrap();
            let token = verify_logout(&vectors, &first["token"]).unwrap();
            assert!(acted_upon.contains(token.jti()), "{name}: known by its jti, so not acted upon again");
            assert!(token.expires_at() >= NOW, "{name}: and for how long it must be remembered");
            seen.1 += 1;
            continue;
        }
        match (vector["expect"].as_str().unwrap(), verify_logout(&vectors, &vector["token"])) {
            ("accept", Ok(token)) => {
                seen.0 += 1;
                let claims = &vector["claims"];
                assert_eq!(Some(token.jti()), claims["jti"].as_str(), "{name}");
                assert_eq!(token.session_id(), claims["sid"].as_str(), "{name}");
                assert_eq!(token.subject().map(|subject| subject.as_str()), claims["sub"].as_str(), "{name}");
                assert_eq!(Some(token.expires_at()), claims["exp"].as_i64(), "{name}");
                acted_upon.insert(token.jti().to_owned());
            }
            ("reject", Err(error)) => {
                seen.1 += 1;
                let fits = match name {
                    "neither_sid_nor_sub" => error == E::Nobody,
                    "missing_events" => error == E::Missing("events"),
                    "events_without_logout_member" | "events_member_not_object" => error == E::NoLogoutEvent,
                    "wrong_issuer" => matches!(error, E::Issuer { .. }),
                    "wrong_audience" => matches!(error, E::Audience { .. }),
                    "missing_exp" => error == E::Missing("exp"),
                    "missing_jti" => error == E::Missing("jti"),
                    "expired" => matches!(error, E::Expired(480)),
                    "alg_none" => matches!(error, E::Signature(SignatureError::ForbiddenAlgorithm(_))),
                    "id_token_as_logout_token" => error == E::Nonce,
                    _ => false,
                };
                assert!(fits, "{name} ends in the wrong leaf, or in none: {error:?}");
            }
            (expected, got) => panic!("{name}: expected {expected}, got {got:?} ({})", vector["why"]),
        }
    }
    assert!(seen.0 >= 4 && seen.1 >= 12, "{seen:?}: the vectors are cut off");
}

/// All kinds of token are signed with the same key under the same header, so nothing but their claims tells them apart.
// Advisories: CVE-2024-47616.
#[test]
fn no_kind_of_token_passes_as_another() {
    let vectors = vectors();
    let tokens = &vectors["tokens"];
    let set = keys(&tokens["jwks"]);
    let issuer = Issuer::parse(tokens["context"]["issuer"].as_str().unwrap()).unwrap();
    let client_id = ClientId::parse(tokens["context"]["client_id"].as_str().unwrap()).unwrap();
    let accepted = |section: &Value| -> Vec<Value> {
        section.as_array().unwrap().iter().filter(|vector| vector["expect"] == "accept").cloned().collect()
    };
    let as_access = |vector: &Value, set: &JwkSet| {
        let audience = vector["claims"]["aud"].as_array().cloned().unwrap_or_else(|| vec![json!(client_id.as_str())]);
        verify_access(&vector["token"], set, &json!({ "issuer": issuer, "audience": audience })).is_ok()
    };
    let as_logout = |vector: &Value, set: &JwkSet| {
        let expected =
            logout_token::Expected { issuer: &issuer, client_id: &client_id, algorithms: &rs256(), now: NOW };
        logout_token::verify(vector["token"].as_str().unwrap(), set, &expected).is_ok()
    };
    let as_idp_initiated = |vector: &Value, set: &JwkSet| {
        let expected = idp_initiated::Expected { issuer: &issuer, other_issuers: &[], now: NOW };
        idp_initiated::verify(vector["token"].as_str().unwrap(), set, &expected).is_ok()
    };
    let logout_keys = keys(&vectors["backchannel_logout"]["jwks"]);
    for (section, set, expected) in [
        (&tokens["id_tokens"], &set, [false, false, false]),
        (&tokens["access_tokens"], &set, [true, false, false]),
        (&vectors["backchannel_logout"]["tokens"], &logout_keys, [false, true, false]),
        (&tokens["idp_initiated"], &set, [false, false, true]),
    ] {
        for vector in accepted(section) {
            let got = [as_access(&vector, set), as_logout(&vector, set), as_idp_initiated(&vector, set)];
            assert_eq!(got, expected, "{}: as access, logout, IdP-initiated token", vector["name"]);
        }
    }
}
