//! `fapi2-security-profile-final-client-…`: with PS256 and `iss` in the answers, as the profile wants it.

use authstile_idp::Misbehave::*;
use authstile_idp::{IdpBuilder, Misbehave, SigningAlgorithm};
use authstile_tests::conformance::Verdict;

use crate::stage::Stage;

modules! {
    fapi2_security_profile_final_client_test_discovery_issuer_mismatch => refuses(DiscoveryIssuerMismatch, "names issuer");
    fapi2_security_profile_final_client_test_invalid_iss => refuses(InvalidIss, "ID token: iss is");
    fapi2_security_profile_final_client_test_invalid_aud => refuses(InvalidAud, "ID token: aud is");
    fapi2_security_profile_final_client_test_invalid_secondary_aud => refuses(SecondaryAudWithoutAzp, "azp is None");
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
}

/// What the profile wants of the provider. Pushed requests, assertions and DPoP join here and in `stage` when the relying
/// party has them.
fn profile(idp: IdpBuilder) -> IdpBuilder {
    idp.signing_algorithm(SigningAlgorithm::Ps256).authorization_response_iss()
}

async fn play(misbehave: Option<Misbehave>) -> (Verdict, Stage) {
    let mut stage = Stage::new(profile, |op| op);
    stage.house.idp.misbehave(misbehave);
    (stage.login().await, stage)
}

async fn completes(misbehave: Option<Misbehave>) -> Verdict {
    let (verdict, stage) = play(misbehave).await;
    assert_eq!(stage.error, "");
    verdict
}

async fn refuses(misbehave: Misbehave, because: &str) -> Verdict {
    let (verdict, stage) = play(Some(misbehave)).await;
    assert!(stage.error.contains(because), "the log says {:?}, not {because:?}", stage.error);
    assert!(stage.asked("/userinfo").is_empty());
    // Where the answer itself is wrong, its code is not redeemed.
    let is_answer = misbehave.name().contains("authorization-response");
    assert!(!is_answer || stage.asked("/oauth/token").is_empty());
    verdict
}
