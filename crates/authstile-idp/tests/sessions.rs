//! The provider's own session, and how it ends (§5.1, §10.2).

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

use authstile_idp::Mode;
use common::*;
use http::StatusCode;

const ACME: (&str, &str) = ("organization_id", "org_acme");

#[test]
fn a_session_skips_the_form_until_logout() {
    let hands = Hands::new();
    let idp = builder().clock(hands.clock()).build();
    assert_eq!(carried(&authorize(&idp, &[ACME, ("prompt", "none")]), "error"), ["login_required"]);

    let page = authorize(&idp, &[ACME]);
    let signed_in = post(&idp, "/oauth/authorize/submit", &[("request", handle(&page)), ("user", "ada@acme.example")]);
    let set = signed_in.headers()["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("authstile_idp_4001=") && set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
    let headers = [("cookie", format!("other=1; {}", cookie(&signed_in)))];
    let headers = [(headers[0].0, headers[0].1.as_str())];
    let id_token = json(&redeem(&idp, &code(&signed_in), &[]))["id_token"].as_str().unwrap().to_owned();

    for skips in [&[ACME][..], &[ACME, ("prompt", "none")], &[ACME, ("max_age", "60")]] {
        assert_eq!(carried(&authorize_with(&idp, skips, &headers), "code").len(), 1, "{skips:?}");
    }
    for asks in
        [&[ACME, ("prompt", "login")][..], &[ACME, ("prompt", "select_account")], &[("organization_id", "org_globex")]]
    {
        assert_eq!(authorize_with(&idp, asks, &headers).status(), StatusCode::OK, "{asks:?}");
    }
    hands.wait(61);
    assert_eq!(authorize_with(&idp, &[ACME, ("max_age", "60")], &headers).status(), StatusCode::OK);

    hands.wait(3 * 3600); // the hint has expired, which is fine
    let query = [("id_token_hint", id_token.as_str()), ("post_logout_redirect_uri", AFTER_LOGOUT), ("state", "s & t")];
    let left = get_with(&idp, "/oidc/logout", &query, &headers);
    assert_eq!(location(&left), format!("{AFTER_LOGOUT}?state=s+%26+t"));
    assert!(left.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(authorize_with(&idp, &[ACME], &headers).status(), StatusCode::OK, "the form again");
}

#[test]
fn logout_goes_only_where_registered() {
    let idp = builder().build();
    let id_token = tokens(&idp, &[])["id_token"].as_str().unwrap().to_owned();
    for (path, query) in [
        ("/oidc/logout", &[("post_logout_redirect_uri", "https://evil.example/")][..]),
        ("/oidc/logout", &[("post_logout_redirect_uri", "/bye")]),
        ("/end_session", &[("post_logout_redirect_uri", CALLBACK), ("id_token_hint", &id_token)]),
        ("/oidc/logout", &[("post_logout_redirect_uri", AFTER_LOGOUT), ("client_id", "skc_other")]),
        ("/oidc/logout", &[("post_logout_redirect_uri", AFTER_LOGOUT), ("id_token_hint", "a.b.c")]),
    ] {
        for response in [get(&idp, path, query), post(&idp, path, query)] {
            assert_eq!(
                (response.status().as_u16(), &json(&response)["error"]),
                (400, &"invalid_request".into()),
                "{query:?}"
            );
            assert!(response.headers().get("location").is_none());
        }
    }
    assert_eq!(location(&post(&idp, "/end_session", &[("post_logout_redirect_uri", AFTER_LOGOUT)])), AFTER_LOGOUT);
    assert!(body(&get(&idp, "/oidc/logout", &[])).contains("Signed out"));
    idp.rotate_keys(authstile_idp::Rotation::DropOld);
    let hinted = [("post_logout_redirect_uri", AFTER_LOGOUT), ("id_token_hint", id_token.as_str())];
    assert_eq!(location(&get(&idp, "/oidc/logout", &hinted)), AFTER_LOGOUT);
}

#[test]
fn logout_ends_refresh_and_access() {
    let idp = builder().mode(Mode::FullStack).build();
    let answer = tokens(&idp, &[("scope", "openid offline_access")]);
    get(&idp, "/oidc/logout", &[("id_token_hint", answer["id_token"].as_str().unwrap())]);
    let form = [("grant_type", "refresh_token"), ("refresh_token", answer["refresh_token"].as_str().unwrap())];
    let response = post_with(&idp, "/oauth/token", &form, &[("authorization", &basic(CLIENT, SECRET))]);
    assert_eq!(json(&response)["error"], "invalid_grant");
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    assert_eq!(get_with(&idp, "/userinfo", &[], &[("authorization", &bearer)]).status(), 401);
}
