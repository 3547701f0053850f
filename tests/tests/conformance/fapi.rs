//! `fapi2-security-profile-final-client-…`: pushed requests, `private_key_jwt` (or a certificate) and DPoP, PS256 and `iss` in
//! the answers; for Message Signing signed requests and answers on top.

use std::sync::atomic::{AtomicBool, Ordering};

use authstile::provider::RequestObject;
use authstile::{ClientKeys, Customize as _, KeepTokens, ProviderToken, Registration, SenderConstraint};
use authstile_idp::Misbehave::*;
use authstile_idp::{Client, ClientCertificate, Feature, Idp, IdpBuilder, Misbehave, SigningAlgorithm};
use authstile_oauth::authorize::ResponseMode;
use authstile_oauth::client_auth::ClientAuthentication;
use authstile_oauth::dpop;
use authstile_oauth::jose::jws;
use authstile_oauth::jose::sign::SigningKey;
use authstile_testkit::FakeTransport;
use authstile_tests::conformance::Verdict;
use authstile_tests::{IDP, carry, network};
use bytes::Bytes;
use http::{Method, Request};

use crate::stage::{CARD, Stage};

modules! {
    fapi2_security_profile_final_client_test_happy_path => happy_path();
    fapi2_security_profile_final_client_test_happy_path_no_dpop_nonce => happy_path_without_nonces();
    fapi2_security_profile_final_client_test_happy_path_no_mtls_endpoint_aliases => happy_path_with_a_certificate();
    fapi2_security_profile_final_client_test_discovery_issuer_mismatch => refuses(DiscoveryIssuerMismatch, "names issuer");
    fapi2_security_profile_final_client_test_invalid_iss => refuses(InvalidIss, "ID token: iss is");
    fapi2_security_profile_final_client_test_invalid_aud => refuses(InvalidAud, "ID token: aud is");
    fapi2_security_profile_final_client_test_invalid_secondary_aud => refuses_other_audiences();
    fapi2_security_profile_final_client_test_invalid_null_alg =>
        refuses(SigNone, r#"signed with "none", which is never accepted"#);
    fapi2_security_profile_final_client_test_invalid_alternate_alg =>
        refuses(UnadvertisedAlg, r#"signed with "RS256", but the provider advertises ["PS256"]"#);
    fapi2_security_profile_final_client_test_invalid_expired_exp => refuses(ExpiredExp, "the token expired");
    fapi2_security_profile_final_client_test_invalid_missing_exp => refuses(MissingExp, r#"the claim "exp" is missing"#);
    fapi2_security_profile_final_client_test_invalid_missing_aud => refuses(MissingAud, r#"the claim "aud" is missing"#);
    fapi2_security_profile_final_client_test_invalid_missing_iss => refuses(MissingIss, r#"the claim "iss" is missing"#);
    fapi2_security_profile_final_client_test_valid_aud_as_array => completes(None);
    fapi2_security_profile_final_client_test_invalid_nonce => refuses(NonceInvalid, "nonce does not belong");
    fapi2_security_profile_final_client_test_invalid_missing_nonce =>
        refuses(MissingNonce, r#"the claim "nonce" is missing"#);
    fapi2_security_profile_final_client_test_invalid_authorization_response_iss =>
        refuses(AuthorizationResponseInvalidIss, r#"iss is Some("https://attacker.example")"#);
    fapi2_security_profile_final_client_test_remove_authorization_response_iss =>
        refuses(AuthorizationResponseMissingIss, "iss is None");
    fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_state_fails =>
        refuses(AuthorizationResponseInvalidState, "no sign-in under way with that state");
    fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_missing_state_fails =>
        refuses(AuthorizationResponseMissingState, "the answer has no state");
    fapi2_security_profile_final_client_test_token_endpoint_response_without_expires_in =>
        completes(Some(TokenWithoutExpiresIn));
    fapi2_security_profile_final_client_test_token_type_case_insensitivity =>
        completes(Some(TokenTypeCaseInsensitive));
    fapi2_security_profile_final_client_test_rs_dpop_auth_scheme_case_insensitivity => answers_a_challenge_in_odd_case();
    fapi2_security_profile_final_client_refresh_token_test => refreshes_with_the_same_key();
    fapi2_security_profile_final_client_test_ensure_jarm_without_iss_fails =>
        refuses_signed(JarmWithoutIss, r#"the claim "iss" is missing"#);
    fapi2_security_profile_final_client_test_ensure_jarm_with_invalid_iss_fails =>
        refuses_signed(JarmInvalidIss, r#"iss is "http://127.0.0.1:40001""#);
    fapi2_security_profile_final_client_test_ensure_jarm_without_aud_fails =>
        refuses_signed(JarmWithoutAud, "aud");
    fapi2_security_profile_final_client_test_ensure_jarm_with_invalid_aud_fails =>
        refuses_signed(JarmInvalidAud, r#"aud is ["skc_test1"], expected our client id "skc_test" alone"#);
    fapi2_security_profile_final_client_test_ensure_jarm_without_exp_fails =>
        refuses_signed(JarmWithoutExp, r#"the claim "exp" is missing"#);
    fapi2_security_profile_final_client_test_ensure_jarm_with_expired_exp_fails =>
        refuses_signed(JarmExpiredExp, "the response expired 3600 s ago");
    fapi2_security_profile_final_client_test_ensure_jarm_with_invalid_sig_fails =>
        refuses_signed(JarmInvalidSig, "the signature does not verify");
    fapi2_security_profile_final_client_test_ensure_jarm_signature_is_not_none =>
        refuses_signed(JarmSignatureNone, r#"signed with "none", which is never accepted"#);
}

/// What the profile wants of the provider.
fn profile(idp: IdpBuilder) -> IdpBuilder {
    idp.signing_algorithm(SigningAlgorithm::Ps256)
        .authorization_response_iss()
        .feature(Feature::RequirePushedRequests)
        .feature(Feature::PushedRequests)
        .feature(Feature::Dpop)
}

fn with_nonces(idp: IdpBuilder) -> IdpBuilder {
    profile(idp).feature(Feature::DpopNonce)
}

/// Message Signing, on both sides.
fn signing(idp: IdpBuilder) -> IdpBuilder {
    with_nonces(idp).feature(Feature::RequestObjects).feature(Feature::SignedResponses)
}

fn signed(op: Registration) -> Registration {
    op.request_object(RequestObject::Signed).response_mode(ResponseMode::Jwt)
}

/// A relying party that keeps the profile, with a key.
fn stage(idp: impl FnOnce(IdpBuilder) -> IdpBuilder, op: impl FnOnce(Registration) -> Registration) -> Stage {
    over(network, idp, op)
}

fn over(
    network: impl FnOnce(&Idp) -> FakeTransport,
    idp: impl FnOnce(IdpBuilder) -> IdpBuilder,
    op: impl FnOnce(Registration) -> Registration,
) -> Stage {
    let keys = ClientKeys::from(SigningKey::generate().unwrap());
    let client = |client: Client| client.private_key_jwt().jwks(keys.published()).require_dpop();
    let ours = |card: Registration| {
        op(card.without_secret().client_keys(keys.clone()).fapi2().sender_constraint(SenderConstraint::Dpop))
    };
    Stage::build(CARD, client, idp, ours, network)
}

async fn completes(misbehave: Option<Misbehave>) -> Verdict {
    let mut stage = stage(with_nonces, |op| op);
    stage.house.idp.misbehave(misbehave);
    let verdict = stage.login().await;
    assert_eq!(stage.error, "");
    assert_eq!(stage.asked("/userinfo")[0].authorization_scheme.as_deref(), Some("DPoP"));
    verdict
}

/// What went straight to the provider, and what the browser carried.
fn assert_pushed(stage: &Stage) {
    let [pushed, asked] = ["/oauth/par", "/oauth/authorize"].map(|path| stage.asked(path).remove(0));
    let sent = |name: &str| pushed.form.iter().any(|(known, _)| known == name);
    assert!(sent("client_assertion") && sent("dpop_jkt") && !sent("client_secret"), "{pushed:?}");
    let names: Vec<&str> = asked.query.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["client_id", "request_uri"]);
}

/// With nonces: the token endpoint asks for one, and userinfo gets the one that came with the tokens.
async fn happy_path() -> Verdict {
    for is_signed in [false, true] {
        let mut stage = if is_signed { stage(signing, signed) } else { stage(with_nonces, |op| op) };
        let verdict = stage.login().await;
        assert_eq!(verdict, Verdict::Completes, "{}", stage.error);
        let count = |path| stage.asked(path).len();
        assert_eq!((count("/oauth/par"), count("/oauth/token"), count("/userinfo")), (1, 2, 1));
        let pushed = stage.asked("/oauth/par").remove(0);
        assert_eq!(pushed.form.iter().any(|(name, _)| name == "request"), is_signed);
        if !is_signed {
            assert_pushed(&stage);
        }
    }
    Verdict::Completes
}

async fn happy_path_without_nonces() -> Verdict {
    let mut stage = stage(profile, |op| op);
    let verdict = stage.login().await;
    assert_eq!(stage.asked("/oauth/token").len(), 1, "{}", stage.error);
    assert_pushed(&stage);
    verdict
}

/// A client that authenticates by certificate goes where the aliases say, and where there are none to the usual endpoints.
async fn happy_path_with_a_certificate() -> Verdict {
    for (has_aliases, prefix) in [(true, "/mtls"), (false, "")] {
        let ours = ClientCertificate("ours".into()).thumbprint();
        let mut stage = Stage::with_client(
            |client| client.tls_client_auth(ours).require_dpop(),
            |idp| if has_aliases { with_nonces(idp).feature(Feature::MutualTls) } else { with_nonces(idp) },
            |op| {
                op.without_secret()
                    .client_authentication(ClientAuthentication::SelfSignedTls)
                    .client_certificate("ours")
                    .fapi2()
                    .sender_constraint(SenderConstraint::Dpop)
            },
        );
        assert_eq!(stage.login().await, Verdict::Completes, "{}", stage.error);
        for (path, times) in [("/oauth/par", 1), ("/oauth/token", 2), ("/userinfo", 1)] {
            assert_eq!(stage.asked(&format!("{prefix}{path}")).len(), times, "{prefix}{path}");
        }
        assert!(has_aliases || !stage.house.idp.requests().iter().any(|request| request.path.starts_with("/mtls")));
    }
    Verdict::Completes
}

/// The provider wants a new nonce at userinfo, and says so in odd case (RFC 9110 §11.1).
async fn answers_a_challenge_in_odd_case() -> Verdict {
    let forgetful = |idp: &Idp| {
        let (idp, is_first) = (idp.clone(), AtomicBool::new(true));
        FakeTransport::fallible(move |request| {
            if request.uri().path() == "/userinfo" && is_first.swap(false, Ordering::Relaxed) {
                idp.forget_dpop_nonces();
            }
            carry(&idp, request)
        })
    };
    let mut stage = over(forgetful, with_nonces, |op| op);
    stage.house.idp.misbehave(Some(RsDpopAuthScheme));
    let verdict = stage.login().await;
    assert_eq!(stage.asked("/userinfo").len(), 2, "once more, with the nonce: {}", stage.error);
    verdict
}

/// RFC 9449 §5: what comes of a refresh is bound to the key of the first tokens.
async fn refreshes_with_the_same_key() -> Verdict {
    let mut stage =
        stage(with_nonces, |op| op.scope("openid profile email offline_access").keep_tokens(KeepTokens::All));
    assert_eq!(stage.login().await, Verdict::Completes, "{}", stage.error);
    let first = stage.access_token().await.unwrap();
    stage.house.clock.advance(290);
    // As after a night: what nonces there were, the provider has forgotten.
    stage.house.idp.forget_dpop_nonces();
    let second = stage.access_token().await.unwrap();
    assert_ne!(first.access_token.expose(), second.access_token.expose());
    let key = |token: &ProviderToken| jws::peek(token.access_token.expose()).unwrap()["cnf"]["jkt"].clone();
    assert!(key(&first).is_string());
    assert_eq!(key(&first), key(&second));
    let refreshes = stage
        .asked("/oauth/token")
        .into_iter()
        .filter(|asked| asked.form.iter().any(|(name, value)| name == "grant_type" && value == "refresh_token"));
    assert_eq!(refreshes.count(), 2, "the second with a nonce, and with an assertion of its own");
    assert_eq!(userinfo(&stage, &second), 200);
    assert_eq!(bearer(&stage, &second), 401, "stolen, it is of no use");
    Verdict::Completes
}

/// Asks userinfo as an application would: twice, because the provider wants a nonce.
fn userinfo(stage: &Stage, token: &ProviderToken) -> u16 {
    let url = format!("{IDP}/userinfo");
    let ask = |nonce: Option<&str>| {
        let proof = token.dpop_proof(&Method::GET, &url, nonce).unwrap().unwrap();
        let authorization = format!("{} {}", token.token_type(), token.access_token.expose());
        let request = Request::get("/userinfo").header("authorization", authorization).header(dpop::PROOF, proof);
        stage.house.idp.handle(request.body(Bytes::new()).unwrap())
    };
    let first = ask(None);
    assert!(dpop::wants_nonce(&first), "{first:?}");
    ask(dpop::nonce(first.headers())).status().as_u16()
}

fn bearer(stage: &Stage, token: &ProviderToken) -> u16 {
    let authorization = format!("Bearer {}", token.access_token.expose());
    let request = Request::get("/userinfo").header("authorization", authorization).body(Bytes::new()).unwrap();
    stage.house.idp.handle(request).status().as_u16()
}

/// Whether or not `azp` says that the token is ours (OpenID Connect Core §3.1.3.7, rule 3).
async fn refuses_other_audiences() -> Verdict {
    let alone = r#"expected our client id "skc_test" alone"#;
    assert_eq!(refuses(SecondaryAudWithAzp, alone).await, Verdict::Refuses);
    refuses(SecondaryAudWithoutAzp, alone).await
}

async fn refuses(misbehave: Misbehave, because: &str) -> Verdict {
    stops(stage(with_nonces, |op| op), misbehave, because).await
}

/// With signed answers.
async fn refuses_signed(misbehave: Misbehave, because: &str) -> Verdict {
    stops(stage(signing, signed), misbehave, because).await
}

async fn stops(mut stage: Stage, misbehave: Misbehave, because: &str) -> Verdict {
    stage.house.idp.misbehave(Some(misbehave));
    let verdict = stage.login().await;
    assert!(stage.error.contains(because), "the log says {:?}, not {because:?}", stage.error);
    assert!(stage.asked("/userinfo").is_empty());
    // Where the answer itself is wrong, its code is not redeemed.
    let is_answer = ["authorization-response", "jarm"].iter().any(|part| misbehave.name().contains(part));
    assert!(!is_answer || stage.asked("/oauth/token").is_empty());
    verdict
}
