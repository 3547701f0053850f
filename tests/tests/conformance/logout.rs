//! Signing out: begun here, or told over the back channel or in a frame.

use authstile::{Customize as _, EndSession, KeepTokens};
use authstile_idp::LogoutTokenFault::*;
use authstile_idp::Misbehave::{
    FrontChannelInvalidIss, FrontChannelInvalidSid, FrontChannelWithoutSid, RpInitLogoutNoState, RpInitLogoutOtherState,
};
use authstile_idp::{LogoutTokenFault, Misbehave, OutgoingId};
use authstile_oauth::authorize::ResponseMode;
use authstile_testkit::Page;
use authstile_tests::conformance::Verdict;
use authstile_tests::{APP, BASE, IDP};
use http::Method;

use crate::stage::{ADA, Stage};

modules! {
    oidcc_client_test_rp_init_logout => signs_out_at_the_provider(None, "/bye");
    oidcc_client_test_rp_init_logout_other_state => signs_out_at_the_provider(Some(RpInitLogoutOtherState), "/");
    oidcc_client_test_rp_init_logout_no_state => signs_out_at_the_provider(Some(RpInitLogoutNoState), "/");
    oidcc_client_test_rp_frontchannel_rpinitlogout => lives_through_a_frame_of_its_own_logout();
    oidcc_client_test_rp_frontchannel_opinitlogout => signs_out_in_a_frame();
    oidcc_client_test_rp_backchannel_rpinitlogout => takes_a_logout_token();
    oidcc_client_test_rp_backchannel_rpinitlogout_alg_none => refuses_a_logout_token(AlgNone);
    oidcc_client_test_rp_backchannel_rpinitlogout_wrong_alg => refuses_a_logout_token(WrongAlg);
    oidcc_client_test_rp_backchannel_rpinitlogout_no_event => refuses_a_logout_token(MissingEvents);
    oidcc_client_test_rp_backchannel_rpinitlogout_wrong_event => refuses_a_logout_token(WrongEvent);
    oidcc_client_test_rp_backchannel_rpinitlogout_with_nonce => refuses_a_logout_token(WithNonce);
    oidcc_client_test_rp_backchannel_rpinitlogout_wrong_aud => refuses_a_logout_token(WrongAudience);
    oidcc_client_test_rp_backchannel_rpinitlogout_wrong_iss => refuses_a_logout_token(WrongIssuer);
}

/// Signs out here and at the provider; where the browser is in the end.
async fn sign_out(stage: &mut Stage) -> Page {
    let browser = &mut stage.house.browser;
    let token = browser.csrf_token(BASE).await;
    let out = browser.post(&format!("{BASE}/signout"), &[("csrfToken", &token), ("callbackUrl", "/bye")]).await;
    let there = out.location().unwrap();
    assert!(there.as_str().starts_with(&format!("{IDP}/oidc/logout?")), "{there}");
    let asked = |name: &str| there.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    assert!(asked("id_token_hint").is_some_and(|hint| hint.split('.').count() == 3));
    assert_eq!(asked("post_logout_redirect_uri"), Some(format!("{BASE}/signed-out")));
    assert!(asked("state").is_some_and(|state| state.len() >= 32));
    browser.get(there.as_str()).await
}

async fn signs_out_at_the_provider(misbehave: Option<Misbehave>, end: &str) -> Verdict {
    let mut stage = Stage::new(|idp| idp, |op| op.end_session(EndSession::AtProvider));
    assert_eq!(stage.login().await, Verdict::Completes, "{}", stage.error);
    stage.house.idp.misbehave(misbehave);
    let back = sign_out(&mut stage).await.location().unwrap();
    let page = stage.house.browser.get(back.as_str()).await;
    assert_eq!(page.location().unwrap().as_str(), format!("{APP}{end}"), "a page of ours, whatever state came back");
    assert!(stage.house.session().await.is_null());
    assert!(stage.house.idp.session_ids(ADA).is_empty(), "there too");
    Verdict::Completes
}

/// Where the provider shows a frame of ours. Whether a browser sends our cookies into it, it decides itself; this one does.
fn with_frames() -> Stage {
    Stage::with_client(
        |client| client.front_channel_logout_uri(format!("{BASE}/frontchannel-logout/op")),
        |idp| idp,
        |op| op.end_session(EndSession::AtProvider),
    )
}

/// Loads the only frame of the provider's page.
async fn load_frame(stage: &mut Stage, page: &Page) -> Page {
    assert!(page.body.contains("data-page=\"logging-out\""), "{page:?}");
    let frames: Vec<&str> = page.body.split("<iframe").skip(1).collect();
    assert_eq!(frames.len(), 1, "{frames:?}");
    let source = frames[0].split("src=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    assert!(source.starts_with(&format!("{BASE}/frontchannel-logout/op?")), "{source}");
    let headers = [("accept", "text/html"), ("sec-fetch-dest", "iframe"), ("sec-fetch-site", "cross-site")];
    let shown = stage.house.browser.send(Method::GET, &source, &headers, bytes::Bytes::new()).await;
    assert!(shown.headers["cache-control"].to_str().unwrap().contains("no-store"), "{shown:?}");
    shown
}

/// The session here is over before the frame is shown.
async fn lives_through_a_frame_of_its_own_logout() -> Verdict {
    let mut stage = with_frames();
    assert_eq!(stage.login().await, Verdict::Completes, "{}", stage.error);
    let page = sign_out(&mut stage).await;
    assert!(stage.house.session().await.is_null());
    assert_eq!(load_frame(&mut stage, &page).await.status, 200);
    assert!(stage.house.session().await.is_null());
    assert!(stage.house.idp.session_ids(ADA).is_empty(), "there too");
    Verdict::Completes
}

/// Begun at the provider: the frame ends the session, unless it is that of somebody else or of nobody in particular.
async fn signs_out_in_a_frame() -> Verdict {
    for (misbehave, status) in
        [(FrontChannelInvalidIss, 400), (FrontChannelWithoutSid, 400), (FrontChannelInvalidSid, 200)]
    {
        let (answer, mut stage) = sign_out_at_provider(Some(misbehave)).await;
        assert_eq!(answer.status, status, "{misbehave:?}");
        assert!(stage.house.session().await.is_object(), "{misbehave:?}");
    }
    let (answer, mut stage) = sign_out_at_provider(None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(stage.house.session().await.is_null());
    Verdict::Completes
}

async fn sign_out_at_provider(misbehave: Option<Misbehave>) -> (Page, Stage) {
    let mut stage = with_frames();
    assert_eq!(stage.login().await, Verdict::Completes, "{}", stage.error);
    stage.house.idp.misbehave(misbehave);
    let page = stage.house.browser.get(&format!("{IDP}/oidc/logout")).await;
    (load_frame(&mut stage, &page).await, stage)
}

/// Carries the logout tokens that wait; the answers.
async fn carry(stage: &Stage) -> Vec<Page> {
    let mut carrier = stage.house.another_browser();
    let mut answers = Vec::new();
    for message in stage.house.idp.take_outgoing() {
        let id = OutgoingId::of(&message).unwrap();
        let (parts, body) = message.into_parts();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = carrier.send(Method::POST, &parts.uri.to_string(), &headers, body).await;
        stage.house.idp.outgoing_result(id, answer.status);
        answers.push(answer);
    }
    answers
}

async fn takes_a_logout_token() -> Verdict {
    for fault in [Some(ExtraClaim), Some(TypJwt), Some(NoTyp), None] {
        // Begun here, where the session is over already.
        let mut stage = Stage::new(|idp| idp, |op| op.end_session(EndSession::AtProvider));
        stage.login().await;
        stage.house.idp.spoil_logout_tokens(fault);
        stage.house.clock.advance(1);
        sign_out(&mut stage).await;
        assert_taken(&carry(&stage).await);
        // Begun there, where it ends ours.
        let mut stage = Stage::new(|idp| idp, |op| op.keep_tokens(KeepTokens::IdToken));
        stage.login().await;
        stage.house.idp.spoil_logout_tokens(fault);
        stage.house.clock.advance(1);
        assert_eq!(stage.house.idp.revoke_sessions_of(ADA), 1);
        assert_taken(&carry(&stage).await);
        assert!(stage.house.session().await.is_null(), "{fault:?}");
    }
    Verdict::Completes
}

fn assert_taken(answers: &[Page]) {
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].status, 200, "{answers:?}");
    assert!(answers[0].headers["cache-control"].to_str().unwrap().contains("no-store"));
}

async fn refuses_a_logout_token(fault: LogoutTokenFault) -> Verdict {
    let mut stage = Stage::plain(ResponseMode::Query);
    stage.login().await;
    stage.house.idp.spoil_logout_tokens(Some(fault));
    stage.house.clock.advance(1);
    stage.house.idp.revoke_sessions_of(ADA);
    let answers = carry(&stage).await;
    assert_eq!(answers.iter().map(|answer| answer.status.as_u16()).collect::<Vec<_>>(), [400], "{answers:?}");
    assert!(stage.house.session().await.is_object(), "nobody is signed out");
    Verdict::Refuses
}
