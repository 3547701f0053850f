//! `oidcc-client-test…`: signing in, discovery and keys.

use authstile::provider::{Answer, GET, OIDC, ProfileSource, UserInfoRequest};
use authstile::{Customize as _, Provider};
use authstile_idp::Misbehave::*;
use authstile_idp::{ClientCertificate, Feature, Misbehave, Rotation};
use authstile_oauth::authorize::ResponseMode;
use authstile_oauth::client_auth::ClientAuthentication;
use authstile_tests::BASE;
use authstile_tests::conformance::Verdict;
use authstile_tests::log::Log;

use crate::stage::{ADA, Stage, completes, refuses};

modules! {
    oidcc_client_test => completes(None);
    oidcc_client_test_invalid_iss => refuses(InvalidIss, "ID token: iss is");
    oidcc_client_test_missing_sub => refuses(MissingSub, r#"the claim "sub" is missing"#);
    oidcc_client_test_invalid_aud => refuses(InvalidAud, "ID token: aud is");
    oidcc_client_test_missing_aud => refuses(MissingAud, r#"the claim "aud" is missing"#);
    oidcc_client_test_missing_iat => refuses(MissingIat, r#"the claim "iat" is missing"#);
    oidcc_client_test_nonce_invalid => refuses(NonceInvalid, "nonce does not belong to this sign-in");
    oidcc_client_test_nonce_unless_code_flow => sends_a_nonce();
    oidcc_client_test_kid_absent_single_jwks => completes(Some(KidAbsentSingleJwks));
    oidcc_client_test_kid_absent_multiple_jwks => completes(Some(KidAbsentMultipleJwks));
    oidcc_client_test_idtoken_sig_rs256 => completes(None);
    oidcc_client_test_idtoken_sig_none => refuses(SigNone, r#"signed with "none", which is never accepted"#);
    oidcc_client_test_invalid_sig_rs256 => refuses(InvalidSigRs256, "the signature does not verify");
    oidcc_client_test_invalid_sig_es256 => refuses(InvalidSigEs256, "the signature does not verify");
    oidcc_client_test_invalid_sig_hs256 => refuses(InvalidSigHs256, r#"signed with "HS256", which is never accepted"#);
    oidcc_client_test_invalid_athash => refuses(InvalidAtHash, "at_hash does not belong");
    oidcc_client_test_missing_athash => completes(Some(MissingAtHash));
    oidcc_client_test_invalid_chash => refuses(InvalidCHash, "c_hash does not belong");
    oidcc_client_test_missing_chash => completes(Some(MissingCHash));
    oidcc_client_test_userinfo_invalid_sub => refuses(UserinfoInvalidSub, "sub of userinfo differs");
    oidcc_client_test_userinfo_bearer_header => sends_the_token_in_the_header();
    oidcc_client_test_userinfo_signed => reads_signed_userinfo();
    oidcc_client_test_scope_userinfo_claims => asks_for_claims_by_scope();
    oidcc_client_test_client_secret_basic => authenticates_by_basic();
    oidcc_client_test_form_post_error => shows_an_error_that_was_posted();
    oidcc_client_test_aggregated_claims => ignores_claims_of_others(AggregatedClaims);
    oidcc_client_test_distributed_claims => ignores_claims_of_others(DistributedClaims);
    oidcc_client_test_mtls_endpoint_aliases => uses_the_endpoints_for_certificates();
    oidcc_client_test_discovery_openid_config => uses_metadata();
    oidcc_client_test_discovery_jwks_uri_keys => completes(Some(DiscoveryJwksUriKeys));
    oidcc_client_test_discovery_issuer_mismatch => stops_before_asking();
    oidcc_client_test_signing_key_rotation => lives_through_a_rotation();
    oidcc_client_test_signing_key_rotation_just_before_signing => completes(Some(RotateKeysJustBeforeSigning));
}

/// A parameter of the authorization request, as it arrived.
fn asked_for(stage: &Stage, name: &str) -> Option<String> {
    let request = stage.asked("/oauth/authorize").remove(0);
    request.query.into_iter().find_map(|(known, value)| (known == name).then_some(value))
}

async fn sends_a_nonce() -> Verdict {
    let mut stage = Stage::plain(ResponseMode::Query);
    let verdict = stage.login().await;
    assert!(asked_for(&stage, "nonce").is_some_and(|nonce| nonce.len() >= 32), "a nonce that nobody guesses");
    verdict
}

async fn sends_the_token_in_the_header() -> Verdict {
    let mut stage = Stage::plain(ResponseMode::Query);
    let verdict = stage.login().await;
    let userinfo = stage.asked("/userinfo").remove(0);
    assert_eq!(userinfo.authorization_scheme.as_deref(), Some("Bearer"));
    assert!(userinfo.query.is_empty() && userinfo.form.is_empty(), "{userinfo:?}");
    verdict
}

/// Verified as an ID token is, and refused where it is wrong.
async fn reads_signed_userinfo() -> Verdict {
    const SIGNED: Provider = Provider {
        profile_source: ProfileSource::UserInfo,
        userinfo: &[UserInfoRequest { answer: Answer::Jwt, ..GET }],
        ..OIDC
    };
    let play = async |misbehave: Option<Misbehave>| {
        let mut stage = Stage::of(SIGNED, |idp| idp.feature(Feature::SignedUserinfo), |op| op);
        stage.house.idp.misbehave(misbehave);
        (stage.login().await, stage.error)
    };
    for wrong in [UserinfoSignedInvalidSig, UserinfoSignedInvalidIss, UserinfoSignedInvalidAud] {
        let (verdict, error) = play(Some(wrong)).await;
        assert_eq!(verdict, Verdict::Refuses, "{wrong:?}: {error}");
    }
    play(None).await.0
}

async fn asks_for_claims_by_scope() -> Verdict {
    let mut stage = Stage::new(|idp| idp, |op| op.scope("openid profile email phone address"));
    let verdict = stage.login().await;
    assert_eq!(asked_for(&stage, "scope").as_deref(), Some("openid profile email phone address"));
    let user = stage.house.session().await["user"].clone();
    assert_eq!((&user["name"], &user["email"]), (&"Ada Lovelace".into(), &ADA.into()));
    verdict
}

async fn authenticates_by_basic() -> Verdict {
    let mut stage = Stage::plain(ResponseMode::Query);
    let verdict = stage.login().await;
    let token = stage.asked("/oauth/token").remove(0);
    assert_eq!(token.authorization_scheme.as_deref(), Some("Basic"));
    assert!(token.form.iter().all(|(name, _)| name != "client_secret"), "not in two places");
    verdict
}

/// `prompt=none` of the registration's and `max_age=0` of the visitor's: both in the registration would let nobody in, and
/// such an engine is not built.
async fn shows_an_error_that_was_posted() -> Verdict {
    let mut stage = Stage::new(|idp| idp, |op| op.response_mode(ResponseMode::FormPost).prompt("none"));
    let log = Log::keep();
    let token = stage.house.browser.csrf_token(BASE).await;
    let page = stage.house.browser.post(&format!("{BASE}/signin/op?max_age=0"), &[("csrfToken", &token)]).await;
    let verdict = stage.go_on(page, &log).await;
    for (name, value) in [("prompt", "none"), ("max_age", "0"), ("response_mode", "form_post")] {
        assert_eq!(asked_for(&stage, name).as_deref(), Some(value));
    }
    assert!(stage.error.contains(r#""login_required""#), "{}", stage.error);
    assert!(stage.asked("/oauth/token").is_empty());
    verdict
}

/// OpenID Connect Core §5.6.2: whoever does not want them leaves them alone. What is fetched from where an answer says would
/// be a request that others choose.
async fn ignores_claims_of_others(misbehave: Misbehave) -> Verdict {
    let mut stage = Stage::plain(ResponseMode::Query);
    stage.house.idp.misbehave(Some(misbehave));
    assert_eq!(stage.login().await, Verdict::Completes, "{}", stage.error);
    assert_eq!(stage.house.session().await["user"]["email"], ADA);
    assert!(stage.asked("/claims").is_empty(), "nothing was fetched");
    Verdict::Ignores
}

/// RFC 8705 §5.
async fn uses_the_endpoints_for_certificates() -> Verdict {
    let ours = ClientCertificate("ours".into()).thumbprint();
    let mut stage = Stage::with_client(
        |client| client.tls_client_auth(ours),
        |idp| idp.feature(Feature::MutualTls),
        |op| op.without_secret().client_authentication(ClientAuthentication::SelfSignedTls).client_certificate("ours"),
    );
    let verdict = stage.login().await;
    let paths: Vec<String> = stage.house.idp.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(
        paths,
        ["/.well-known/openid-configuration", "/oauth/authorize", "/mtls/oauth/token", "/keys", "/mtls/userinfo"],
        "the browser, and what needs no certificate, go where they always go"
    );
    verdict
}

async fn uses_metadata() -> Verdict {
    let mut stage = Stage::plain(ResponseMode::Query);
    let verdict = stage.login().await;
    let paths: Vec<String> = stage.house.idp.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(
        paths,
        ["/.well-known/openid-configuration", "/oauth/authorize", "/oauth/token", "/keys", "/userinfo"],
        "all of it known from metadata alone"
    );
    verdict
}

async fn stops_before_asking() -> Verdict {
    let verdict = refuses(DiscoveryIssuerMismatch, "names issuer").await;
    let mut stage = Stage::plain(ResponseMode::Query);
    stage.house.idp.misbehave(Some(DiscoveryIssuerMismatch));
    stage.login().await;
    assert!(stage.asked("/oauth/authorize").is_empty());
    verdict
}

async fn lives_through_a_rotation() -> Verdict {
    let mut stage = Stage::plain(ResponseMode::Query);
    assert_eq!(stage.login().await, Verdict::Completes);
    stage.house.idp.rotate_keys(Rotation::DropOld);
    stage.house.browser = stage.house.another_browser();
    stage.login().await
}
