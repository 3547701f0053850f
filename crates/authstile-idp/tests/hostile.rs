//! Requests that should not have been sent (§10.2).

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

use authstile_idp::{Feature, Idp, Mode};
use bytes::Bytes;
use common::*;
use http::{Request, StatusCode};

const ACME: (&str, &str) = ("organization_id", "org_acme");

#[test]
fn nothing_is_sent_to_strangers() {
    let idp = builder().build();
    for changes in [
        &[ACME, ("client_id", "skc_missing")][..],
        &[ACME, ("client_id", "")],
        &[ACME, ("redirect_uri", "")],
        &[ACME, ("redirect_uri", "https://evil.example/cb")],
        &[ACME, ("redirect_uri", "http://127.0.0.1:3000/api/auth/callback/scalekit/")],
        &[ACME, ("redirect_uri", "http://127.0.0.1:3000/api/auth/callback/scalekit?x")],
        &[ACME, ("redirect_uri", "HTTP://127.0.0.1:3000/api/auth/callback/scalekit")],
        &[ACME, ("redirect_uri", CALLBACK), ("redirect_uri", "https://evil.example/cb")],
        &[ACME, ("client_id", CLIENT), ("client_id", "skc_native")],
        &[ACME, ("client_id", "skc_native")],
    ] {
        let response = authorize(&idp, changes);
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{changes:?}");
        assert!(response.headers().get("location").is_none());
    }
}

#[test]
fn malformed_requests_return_to_the_application() {
    let idp = builder().build();
    for (changes, error) in [
        (&[ACME, ("response_type", "")][..], "unsupported_response_type"),
        (&[ACME, ("response_type", "token")], "unsupported_response_type"),
        (&[ACME, ("response_mode", "form_post")], "invalid_request"),
        (&[ACME, ("code_challenge_method", "plain")], "invalid_request"),
        (&[ACME, ("code_challenge_method", "")], "invalid_request"),
        (&[ACME, ("code_challenge", "short")], "invalid_request"),
        (&[ACME, ("code_challenge", "")], "invalid_request"),
        (&[ACME, ("prompt", "none login")], "invalid_request"),
        (&[ACME, ("max_age", "-1")], "invalid_request"),
        (&[ACME, ("nonce", "a"), ("nonce", "b")], "invalid_request"),
        (&[ACME, ("request", "jwt")], "request_not_supported"),
        (&[ACME, ("request_uri", "urn:x")], "request_uri_not_supported"),
    ] {
        let response = authorize(&idp, changes);
        assert_eq!(carried(&response, "error"), [error], "{changes:?}");
        assert_eq!(carried(&response, "state"), ["the state"], "{changes:?}");
    }
    let native = [
        ACME,
        ("client_id", "skc_native"),
        ("redirect_uri", "myapp://callback"),
        ("code_challenge", ""),
        ("code_challenge_method", ""),
    ];
    assert!(location(&authorize(&idp, &native)).starts_with("myapp://callback?error=invalid_request&"));
    let twice = authorize(&idp, &[ACME, ("state", "a"), ("state", "b")]);
    assert!(carried(&twice, "state").is_empty());
}

#[test]
fn hostile_parameters_stay_text() {
    const EVIL: &str = "\"><script>alert('1')</script>&<img src=x>";
    let idp = Idp::builder(ISSUER)
        .client(authstile_idp::Client::new(EVIL, SECRET).redirect_uri(CALLBACK))
        .organization(
            authstile_idp::Organization::new(EVIL, EVIL).connection(authstile_idp::Connection::new(EVIL, EVIL)),
        )
        .user(authstile_idp::User::new(format!("{EVIL}@x")).name(EVIL).organization(EVIL))
        .social(EVIL, "conn_evil")
        .mode(Mode::FullStack)
        .build();
    let evil = [("client_id", EVIL), ("login_hint", EVIL), ("state", EVIL), ("nonce", EVIL)];
    for response in [
        authorize(&idp, &evil),
        authorize(&idp, &[&evil[..], &[("connection_id", EVIL)]].concat()),
        authorize(&idp, &[&evil[..], &[("organization_id", EVIL), ("prompt", EVIL)]].concat()),
        authorize(&idp, &[&evil[..], &[("provider", EVIL)]].concat()),
        authorize(&idp, &[("client_id", "<script>")]),
        authorize(&idp, &[("client_id", EVIL), ("redirect_uri", EVIL)]),
        post(&idp, "/oauth/authorize/submit", &[("request", EVIL), ("user", EVIL)]),
        get(&idp, "/%3Cscript%3E", &[("x", EVIL)]),
    ] {
        let page = body(&response).to_lowercase();
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    }
    let page = authorize(&idp, &evil);
    let answered = post(&idp, "/oauth/authorize/submit", &[("request", handle(&page)), ("user", "a@b")]);
    assert_eq!(carried(&answered, "state"), [EVIL]);
}

#[test]
fn nothing_panics() {
    // Half of the time with everything on that can be on.
    let rich = Feature::ALL.iter().filter(|feature| **feature != Feature::RequirePushedRequests);
    let rich = rich.fold(builder(), |builder, feature| builder.feature(*feature)).acr_values(["gold"]).build();
    let plain = builder().build();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let paths = [
        "/",
        "/keys",
        "/oauth/authorize",
        "/oauth/authorize/submit",
        "/oauth/token",
        "/oauth/introspect",
        "/oauth/par",
        "/revoke",
        "/userinfo",
        "/oidc/logout",
        "/end_session",
        "/.well-known/openid-configuration",
        "//",
        "/%00",
    ];
    let words = [
        "client_id=skc_demo",
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A3000%2Fapi%2Fauth%2Fcallback%2Fscalekit",
        "response_type=code",
        "%",
        "%ff%fe",
        "==",
        "&&",
        "state=%00%0d%0a",
        "organization_id=org_acme",
        "prompt=none",
        "max_age=99999999999999999999",
        "request=e30.e30.",
        "request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax",
        "claims=%7B%22id_token%22%3A%7B%22acr%22%3A1%7D%7D",
        "response_mode=form_post.jwt",
        "resource=%23",
        "client_assertion=e30.e30.e30",
        "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange",
        "subject_token=x",
        "code=",
        "grant_type=authorization_code",
        "client_secret=x",
        "id_token_hint=..",
        "login_hint=%40",
        "post_logout_redirect_uri=%0d%0aLocation:x",
        "code_verifier=%f0",
        "request=",
        "user=@",
        "a;b=c",
    ];
    for _ in 0..4000 {
        let mut pick = |list: &[&'static str]| list[usize::try_from(random() % list.len() as u64).unwrap()];
        let query: Vec<_> = (0..5).map(|_| pick(&words)).collect();
        let form: Vec<_> = (0..5).map(|_| pick(&words)).collect();
        let request = Request::builder()
            .method(pick(&["GET", "POST", "PUT", "HEAD", "BREW"]))
            .uri(format!("{}?{}", pick(&paths), query.join("&")))
            .header("content-type", pick(&["application/x-www-form-urlencoded", "application/json", ";"]))
            .header("authorization", pick(&["", "Basic", "Basic Og==", "Basic /w==", "Bearer a.b.c", "Bearer"]))
            .header(
                "dpop",
                pick(&["", "x", "e30.e30.", "eyJhbGciOiJFUzI1NiIsInR5cCI6ImRwb3Arand0IiwiandrIjp7fX0.e30.AA"]),
            )
            .header("cookie", pick(&["", "authstile_idp_4001=", "=;=", "authstile_idp_4001=x; a"]));
        let idp = if random() % 2 == 0 { &rich } else { &plain };
        let response = idp.handle(request.body(Bytes::from(form.join("&"))).unwrap());
        assert!(!response.status().is_server_error(), "{response:?}");
    }
    let large = Request::post("/oauth/token").body(Bytes::from(vec![b'a'; 70_000])).unwrap();
    assert_eq!(plain.handle(large).status(), StatusCode::PAYLOAD_TOO_LARGE);
}
