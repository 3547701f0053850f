//! Refreshing, and logins that begin elsewhere.

use authstile::{Customize as _, KeepTokens};
use authstile_idp::Misbehave::{self, RefreshTokenInvalidIssuer, RefreshTokenInvalidSub};
use authstile_oauth::authorize::ResponseMode;
use authstile_tests::conformance::Verdict;
use authstile_tests::log::Log;
use authstile_tests::{APP, BASE, IDP};
use bytes::Bytes;
use http::Request;

use crate::stage::Stage;

modules! {
    oidcc_client_test_refresh_token => refreshes();
    oidcc_client_test_refresh_token_invalid_issuer => refuses_a_refresh(RefreshTokenInvalidIssuer, "ID token: iss is");
    oidcc_client_test_refresh_token_invalid_sub => refuses_a_refresh(RefreshTokenInvalidSub, "session");
    oidcc_client_test_3rd_party_init_login => begins_for_a_third_party();
}

/// Signed in, with tokens that are kept.
async fn keeping() -> Stage {
    let mut stage =
        Stage::new(|idp| idp, |op| op.scope("openid profile email offline_access").keep_tokens(KeepTokens::All));
    assert_eq!(stage.login().await, Verdict::Completes, "{}", stage.error);
    stage
}

async fn refreshes() -> Verdict {
    let stage = keeping().await;
    let house = &stage.house;
    let first = stage.access_token().await.unwrap();
    house.clock.advance(290);
    let second = stage.access_token().await.unwrap();
    assert_ne!(first.access_token.expose(), second.access_token.expose());
    let bearer = format!("Bearer {}", second.access_token.expose());
    let userinfo = Request::get("/userinfo").header("authorization", bearer).body(Bytes::new()).unwrap();
    assert_eq!(house.idp.handle(userinfo).status(), 200);
    Verdict::Completes
}

/// OpenID Connect Core §12.2: neither the new tokens are used, nor the old one, although it is good for a while.
async fn refuses_a_refresh(misbehave: Misbehave, because: &str) -> Verdict {
    let stage = keeping().await;
    stage.house.idp.misbehave(Some(misbehave));
    stage.house.clock.advance(290);
    let error = stage.access_token().await.unwrap_err().to_string();
    assert!(error.contains(because), "{error:?} says nothing of {because:?}");
    assert_eq!(stage.asked("/oauth/token").len(), 2, "the code, and one refresh");
    Verdict::Refuses
}

/// OpenID Connect Core §4.
async fn begins_for_a_third_party() -> Verdict {
    let mut stage = Stage::plain(ResponseMode::Query);
    let log = Log::keep();
    let target = format!("{APP}/dash");
    let query = [("iss", IDP), ("login_hint", "ada@acme.example"), ("target_link_uri", target.as_str())];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let page = stage.house.browser.get(&format!("{BASE}/initiate/op?{query}")).await;
    let ask = page.location().unwrap();
    assert!(ask.as_str().starts_with(IDP) && ask.query_pairs().any(|(name, _)| name == "state"), "{ask}");
    stage.go_on(page, &log).await
}
