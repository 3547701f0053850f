//! Scalekit's vectors (`data/scalekit.json`): every ID token gets the verdict that is stated there, and the answers of the
//! authorization endpoint and the discovery document are read as they should be.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use authstile::oauth::authorize::{AuthorizationResponse, AuthorizationResponseError, Expected};
use authstile::oauth::form::Parameters;
use authstile::oauth::id_token::{self, IdToken, IdTokenError};
use authstile::oauth::jose::jwk::{JwkSet, KeyError};
use authstile::oauth::jose::jws::{self, SignatureError};
use authstile::oauth::metadata::{MetadataError, ServerMetadata};
use authstile::oauth::secret::{AccessToken, RawIdToken};
use authstile::oauth::word::{ClientId, Issuer, Nonce, State};
use authstile::{IdentityCheck as _, IdentityMismatch};
use authstile_scalekit::{OrganizationGuard, ScalekitProfile};
use serde_json::{Value, json};

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/scalekit.json")).unwrap()
}

/// Why a token is refused: the standard's rules, or who was asked for.
#[derive(Debug)]
enum Refusal {
    IdToken(IdTokenError),
    Identity(IdentityMismatch),
}

/// The token of a vector, verified as a sign-in would: for the organization and the connection that it asked for.
fn verify(tokens: &Value, vector: &Value, keys: &Value, algorithms: &[&str]) -> Result<IdToken, Refusal> {
    let context = |name: &str| vector["context"].get(name).unwrap_or(&tokens["context"][name]).clone();
    let text = |name: &str| context(name).as_str().unwrap().to_owned();
    let access_token = match vector["access_token"].as_str() {
        None => Some(tokens["access_token"].as_str().unwrap()),
        Some(name) => access_token(tokens, name),
    }
    .map(AccessToken::new);
    let algorithms: Vec<String> = algorithms.iter().map(|name| (*name).to_owned()).collect();
    let expected = id_token::Expected {
        issuer: &Issuer::parse(&text("issuer")).unwrap(),
        client_id: &ClientId::parse(text("client_id")).unwrap(),
        nonce: Some(&Nonce::from_text(text("nonce"))),
        tenants: None,
        sole_audience: false,
        access_token: access_token.as_ref(),
        code: Some(&text("code")),
        max_age: None,
        algorithms: &algorithms,
        now: context("now").as_i64().unwrap(),
    };
    let keys = JwkSet::parse(keys.to_string().as_bytes()).unwrap();
    let raw = RawIdToken::new(vector["token"].as_str().unwrap());
    let id_token = id_token::verify(&raw, &keys, &expected).map_err(Refusal::IdToken)?;
    let asked: Vec<(String, String)> =
        [("organization_id", "expected_organization"), ("connection_id", "expected_connection")]
            .into_iter()
            .filter_map(|(parameter, name)| Some((parameter.to_owned(), context(name).as_str()?.to_owned())))
            .collect();
    OrganizationGuard::default().check(&id_token, &asked).map_err(Refusal::Identity)?;
    Ok(id_token)
}

/// The access token of that name, which an ID token is paired with. Not every one that is named is among the vectors;
/// without it `at_hash` has nothing to be compared with.
fn access_token<'a>(tokens: &'a Value, name: &str) -> Option<&'a str> {
    let all = tokens["access_tokens"].as_array().unwrap();
    all.iter().find(|token| token["name"] == name)?["token"].as_str()
}

/// The leaf that each refused vector must end in: refused for the right reason, not for another one.
fn fits(name: &str, refusal: &Refusal) -> Option<bool> {
    use IdTokenError as E;
    Some(match name {
        "sub_empty_string" => matches!(refusal, Refusal::IdToken(E::WrongType { name: "sub", .. })),
        "oid_not_a_string" => matches!(refusal, Refusal::Identity(IdentityMismatch::Malformed(_))),
        "amr_empty_when_connection_pinned" => {
            matches!(refusal, Refusal::Identity(IdentityMismatch::Connection { got: None, .. }))
        }
        "issuer_with_trailing_slash" => matches!(refusal, Refusal::IdToken(E::Issuer { .. })),
        "wrong_audience" => matches!(refusal, Refusal::IdToken(E::Audience { .. })),
        "two_audiences_azp_is_other_client" => matches!(refusal, Refusal::IdToken(E::AuthorizedParty { .. })),
        "missing_audience" | "idp_initiated_token_used_as_id_token" => {
            matches!(refusal, Refusal::IdToken(E::Missing("aud")))
        }
        "missing_exp" => matches!(refusal, Refusal::IdToken(E::Missing("exp"))),
        "missing_sub" => matches!(refusal, Refusal::IdToken(E::Missing("sub"))),
        "at_hash_mismatch" => matches!(refusal, Refusal::IdToken(E::Hash("at_hash"))),
        "other_connection_than_requested" => {
            matches!(refusal, Refusal::Identity(IdentityMismatch::Connection { got: Some(_), .. }))
        }
        "bad_signature" | "signed_by_unknown_key_same_kid" => {
            matches!(refusal, Refusal::IdToken(E::Signature(SignatureError::BadSignature)))
        }
        "alg_none" | "alg_hs256_with_public_key_as_secret" => {
            matches!(refusal, Refusal::IdToken(E::Signature(SignatureError::ForbiddenAlgorithm(_))))
        }
        "alg_rs512_same_key" => {
            matches!(refusal, Refusal::IdToken(E::Signature(SignatureError::UnadvertisedAlgorithm { .. })))
        }
        "access_token_used_as_id_token" => matches!(refusal, Refusal::IdToken(E::Missing("nonce"))),
        "not_a_jwt" => matches!(refusal, Refusal::IdToken(E::Signature(SignatureError::Malformed(_)))),
        _ => return None,
    })
}

#[test]
fn every_id_token_gets_the_verdict_that_is_stated() {
    let tokens = &vectors()["tokens"];
    let (mut accepted, mut refused) = (0, 0);
    for vector in tokens["id_tokens"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        match (vector["expect"].as_str().unwrap(), verify(tokens, vector, &tokens["jwks"], &["RS256"])) {
            ("accept", Ok(id_token)) => {
                accepted += 1;
                assert_eq!(Value::Object(id_token.claims().clone()), vector["claims"], "{name}: claims as they came");
                let profile: ScalekitProfile = id_token.claims_as().unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(profile.sub, id_token.subject().as_str(), "{name}");
                assert_eq!(profile.connection(), Some("conn_70087756662964366"), "{name}");
                assert_eq!(
                    serde_json::to_value(&profile).unwrap(),
                    vector["claims"],
                    "{name}: nothing is lost in the profile"
                );
            }
            ("reject", Err(refusal)) => {
                refused += 1;
                assert_eq!(fits(name, &refusal), Some(true), "{name} ends in the wrong leaf, or in none: {refusal:?}");
            }
            (expected, got) => panic!("{name}: expected {expected}, got {got:?} ({})", vector["why"]),
        }
    }
    assert!(accepted >= 12 && refused >= 19, "{accepted} accepted, {refused} refused: the vectors are cut off");
}

#[test]
fn names_are_built_from_what_is_there() {
    let tokens = &vectors()["tokens"];
    let name = |vector: &str| {
        let all = tokens["id_tokens"].as_array().unwrap();
        let vector = all.iter().find(|other| other["name"] == vector).unwrap();
        let profile: ScalekitProfile = serde_json::from_value(vector["claims"].clone()).unwrap();
        profile.display_name()
    };
    assert_eq!(name("valid_modular_sso").as_deref(), Some("John Doe"));
    assert_eq!(name("valid_no_profile_claims"), None, "not \"undefined undefined\"");
}

#[test]
fn what_is_pinned_is_compared_with_what_came_back() {
    let tokens = &vectors()["tokens"];
    let all = tokens["id_tokens"].as_array().unwrap();
    let find = |name: &str| all.iter().find(|vector| vector["name"] == name).unwrap().clone();
    let verdict = |mut vector: Value, organization: Value, connection: Value| {
        vector["context"] = json!({"expected_organization": organization, "expected_connection": connection});
        verify(tokens, &vector, &tokens["jwks"], &["RS256"])
    };
    let (organization, connection) = (json!("org_70087756646187150"), json!("conn_70087756662964366"));
    let valid = find("valid_modular_sso");
    for (asked_organization, asked_connection) in [
        (Value::Null, Value::Null),
        (organization.clone(), Value::Null),
        (Value::Null, connection.clone()),
        (organization.clone(), connection.clone()),
    ] {
        assert!(verdict(valid.clone(), asked_organization, asked_connection).is_ok());
    }
    for other in ["org_7008775664618715", "org_700877566461871500", "ORG_70087756646187150", "", "ext_org_123"] {
        let refusal = verdict(valid.clone(), json!(other), Value::Null).unwrap_err();
        assert!(matches!(refusal, Refusal::Identity(IdentityMismatch::Organization { .. })), "{other}: {refusal:?}");
    }
    let refusal = verdict(valid, organization.clone(), json!("conn_1")).unwrap_err();
    assert!(matches!(refusal, Refusal::Identity(IdentityMismatch::Connection { .. })), "{refusal:?}");
    // Without an organization in the token, a pin cannot be met.
    let refusal = verdict(find("valid_passwordless_or_social_without_oid"), organization, Value::Null).unwrap_err();
    assert!(matches!(refusal, Refusal::Identity(IdentityMismatch::Organization { got: None, .. })), "{refusal:?}");
}

#[test]
fn a_rotated_key_is_accepted_after_a_refetch_and_a_removed_one_is_not() {
    let rotation = &vectors()["tokens"]["key_rotation"];
    // These are access tokens: what is looked at is the signature.
    let verify = |token: &str, keys: &str| {
        let keys = JwkSet::parse(rotation[keys].to_string().as_bytes()).unwrap();
        jws::verify(rotation[token].as_str().unwrap(), &keys, &["RS256".to_owned()]).map(drop)
    };
    let is_reason_to_refetch = |verdict| matches!(verdict, Err(SignatureError::Key(KeyError::UnknownKid { .. })));
    assert!(verify("token_old_key", "jwks_before").is_ok());
    assert!(is_reason_to_refetch(verify("token_new_key", "jwks_before")));
    assert!(verify("token_new_key", "jwks_after").is_ok());
    assert!(is_reason_to_refetch(verify("token_old_key", "jwks_after")), "refused for good once the keys are fresh");
}

#[test]
fn the_algorithm_is_the_advertised_one_even_when_the_key_names_none() {
    let tokens = &vectors()["tokens"];
    let pinning = &tokens["alg_pinning"];
    assert_eq!(pinning["expect"], "reject");
    for (name, algorithm) in [("rs512_token", "RS512"), ("ps256_token", "PS256")] {
        let vector = json!({ "token": pinning[name] });
        let refusal = verify(tokens, &vector, &pinning["jwks_without_alg"], &["RS256"]).unwrap_err();
        let fits = matches!(&refusal, Refusal::IdToken(IdTokenError::Signature(SignatureError::UnadvertisedAlgorithm { got, .. })) if got == algorithm);
        assert!(fits, "{name}: {refusal:?}");
        // It is the advertisement that decides: the signatures themselves are good.
        let keys = JwkSet::parse(pinning["jwks_without_alg"].to_string().as_bytes()).unwrap();
        assert!(jws::verify(pinning[name].as_str().unwrap(), &keys, &[algorithm.to_owned()]).is_ok(), "{name}");
        // And where the key names its algorithm, only that one will do.
        let refusal = verify(tokens, &vector, &tokens["jwks"], &[algorithm]).unwrap_err();
        assert!(
            matches!(
                refusal,
                Refusal::IdToken(IdTokenError::Signature(SignatureError::Key(KeyError::WrongKind { .. })))
            ),
            "{name}: {refusal:?}"
        );
    }
}

#[test]
fn answers_of_the_authorization_endpoint_are_read_as_stated() {
    // Signing in from the identity provider's side begins elsewhere, and is not part of this crate's callback yet.
    let later = ["idp_initiated_on_callback", "initiate_login_plain", "idp_initiated_and_code_together"];
    for case in vectors()["redirects"]["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        if later.contains(&name) {
            continue;
        }
        let query = case["url"].as_str().unwrap().split_once('?').unwrap().1;
        let state = State::from_text("st_1");
        let read = AuthorizationResponse::parse(&Parameters::parse(query.as_bytes()))
            .and_then(|response| response.accept(&Expected { state: &state, issuer: None, issuer_required: false }));
        let expect = &case["expect"];
        match (expect["error"].as_str(), read) {
            (None, Ok(code)) => assert_eq!(code.expose(), expect["code"].as_str().unwrap(), "{name}"),
            (Some("state_missing"), Err(AuthorizationResponseError::StateMismatch)) => {}
            (Some("malformed"), Err(AuthorizationResponseError::Repeated(_))) => {}
            (Some(error), Err(AuthorizationResponseError::Refused(refusal))) => {
                let raw = expect["raw"].as_str().unwrap_or(error);
                assert_eq!(refusal.error, raw, "{name}");
            }
            (expected, got) => panic!("{name}: expected {expected:?}, got {got:?}"),
        }
    }
}

#[test]
fn the_published_discovery_document_is_read() {
    let document = &vectors()["discovery"]["document"];
    let issuer = Issuer::parse("https://rexinc.scalekit.com").unwrap();
    let well_known = ServerMetadata::well_known(&issuer);
    assert_eq!(well_known.path(), vectors()["discovery"]["path"].as_str().unwrap());
    let metadata = ServerMetadata::parse(document.to_string().as_bytes(), &issuer).unwrap();
    let endpoint = |url: &Option<url::Url>| Value::from(url.as_ref().map(url::Url::as_str));
    assert_eq!(endpoint(&metadata.authorization_endpoint), document["authorization_endpoint"]);
    assert_eq!(endpoint(&metadata.token_endpoint), document["token_endpoint"]);
    assert_eq!(endpoint(&metadata.userinfo_endpoint), document["userinfo_endpoint"]);
    assert_eq!(endpoint(&metadata.jwks_uri), document["jwks_uri"]);
    assert_eq!(endpoint(&metadata.end_session_endpoint), document["end_session_endpoint"]);
    assert_eq!(metadata.id_token_signing_alg_values, ["RS256"]);
    assert!(metadata.token_endpoint_auth_methods.unwrap().contains(&"client_secret_basic".to_owned()));
    assert!(!metadata.authorization_response_iss);

    // Of another environment it is not believed.
    for other in ["https://acme.scalekit.com", "https://rexinc.scalekit.com/"] {
        let error = ServerMetadata::parse(document.to_string().as_bytes(), &Issuer::parse(other).unwrap()).unwrap_err();
        assert!(matches!(error, MetadataError::IssuerMismatch { .. }), "{other}: {error}");
    }
}
