//! Refreshing, and logins that begin elsewhere.

use authstile::{Customize as _, KeepTokens};
use authstile_oauth::authorize::ResponseMode;
use authstile_tests::conformance::Verdict;
use authstile_tests::log::Log;
use authstile_tests::{APP, BASE, IDP};
use bytes::Bytes;
use http::{HeaderMap, Request};

use crate::stage::Stage;

modules! {
    oidcc_client_test_refresh_token => refreshes();
    oidcc_client_test_3rd_party_init_login => begins_for_a_third_party();
}

async fn refreshes() -> Verdict {
    let mut stage =
        Stage::new(|idp| idp, |op| op.scope("openid profile email offline_access").keep_tokens(KeepTokens::All));
    assert_eq!(stage.login().await, Verdict::Completes, "{}", stage.error);
    let house = &stage.house;
    let (headers, uri) = (headers(&stage), "/".parse().unwrap());
    let first = house.auth.access_token(&headers, &uri).await.unwrap().unwrap();
    house.clock.advance(290);
    let second = house.auth.access_token(&headers, &uri).await.unwrap().unwrap();
    assert_ne!(first.access_token.expose(), second.access_token.expose());
    let bearer = format!("Bearer {}", second.access_token.expose());
    let userinfo = Request::get("/userinfo").header("authorization", bearer).body(Bytes::new()).unwrap();
    assert_eq!(house.idp.handle(userinfo).status(), 200);
    Verdict::Completes
}

fn headers(stage: &Stage) -> HeaderMap {
    let jar = stage.house.browser.cookies("localhost");
    let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut headers = HeaderMap::new();
    headers.insert("host", "localhost:3000".parse().unwrap());
    headers.insert("cookie", cookies.join("; ").parse().unwrap());
    headers
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
