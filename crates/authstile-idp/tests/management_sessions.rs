//! Sessions over the management API, and refreshes that fail (§3.8, §5.3).

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

use authstile_idp::{Idp, Mode};
use bytes::Bytes;
use common::*;
use http::Request;
use serde_json::{Value, json};

fn got(idp: &Idp, path: &str) -> Value {
    let response = api(idp, "GET", path);
    assert_eq!(response.status(), 200, "{path}: {response:?}");
    json(&response)
}

#[test]
fn sessions_are_listed_and_revoked() {
    let idp = hooked().mode(Mode::FullStack).build();
    let answer = tokens(&idp, &[("scope", "openid email offline_access")]);
    let id = claims(&answer["id_token"]);
    let (sid, user) = (id["sid"].as_str().unwrap(), id["sub"].as_str().unwrap());
    let session = got(&idp, &format!("/api/v1/sessions/{sid}"));
    assert_eq!((&session["status"], &session["user_id"]), (&json!("active"), &json!(user)));
    assert_eq!(session["authenticated_clients"], json!([{ "client_id": CLIENT, "organization_id": "org_acme" }]));
    tokens(&idp, &[]);
    let listed = got(&idp, &format!("/api/v1/users/{user}/sessions?filter.status=active"));
    assert_eq!(listed["total_size"], 2);

    let revoked = json(&api(&idp, "POST", &format!("/api/v1/sessions/{sid}/revoke")));
    assert_eq!(
        (&revoked["revoked_session"]["session_id"], &revoked["revoked_session"]["status"]),
        (&json!(sid), &json!("revoked"))
    );
    assert!(revoked["revoked_session"]["logout_at"].is_string());
    let form = [("grant_type", "refresh_token"), ("refresh_token", answer["refresh_token"].as_str().unwrap())];
    let refresh = post_with(&idp, "/oauth/token", &form, &[("authorization", &basic(CLIENT, SECRET))]);
    assert_eq!(json(&refresh)["error"], "invalid_grant");
    let again = api(&idp, "POST", &format!("/api/v1/sessions/{sid}/revoke"));
    assert_eq!(again.status(), 200);

    let rest = json(&api(&idp, "POST", &format!("/api/v1/users/{user}/sessions/revoke")));
    assert_eq!((&rest["total_revoked"], rest["revoked_sessions"].as_array().unwrap().len()), (&json!(1), 1));
    let listed = got(&idp, &format!("/api/v1/users/{user}/sessions?filter.status=REVOKED&page_size=1"));
    assert_eq!((&listed["total_size"], listed["sessions"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(api(&idp, "GET", "/api/v1/users/usr_0/sessions").status(), 404);
    let bad = api(&idp, "GET", &format!("/api/v1/users/{user}/sessions?filter.start_time=x"));
    assert_eq!(bad.status(), 400);
    let logouts = events(&idp).iter().filter(|event| event["type"] == "user.logout").count();
    assert_eq!(logouts, 2);
    let request = Request::put(format!("/api/v1/sessions/{sid}")).header("authorization", api_token(&idp));
    assert_eq!(idp.handle(request.body(Bytes::new()).unwrap()).status(), 404);
}

#[test]
fn a_refresh_can_be_made_to_fail() {
    let idp = builder().mode(Mode::FullStack).build();
    let answer = tokens(&idp, &[("scope", "openid offline_access")]);
    let refresh = |token: &Value| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap())];
        json(&post_with(&idp, "/oauth/token", &form, &[("authorization", &basic(CLIENT, SECRET))]))
    };
    idp.set_access_token_seconds(Some(30));
    let next = refresh(&answer["refresh_token"]);
    assert_eq!(next["expires_in"], 29);
    idp.set_access_token_seconds(None);
    let next = refresh(&next["refresh_token"]);
    assert_eq!(next["expires_in"], 299);
    let sid = claims(&next["id_token"])["sid"].as_str().unwrap().to_owned();
    idp.revoke_refresh(&sid);
    assert_eq!(refresh(&next["refresh_token"])["error"], "invalid_grant");
    assert_eq!(idp.session_ids("ada@acme.example"), [sid], "the session lives on");
    let bearer = format!("Bearer {}", next["access_token"].as_str().unwrap());
    assert_eq!(get_with(&idp, "/userinfo", &[], &[("authorization", &bearer)]).status(), 200);
}
