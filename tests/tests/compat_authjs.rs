//! Auth.js itself (npm `@auth/core`): its session tokens are sessions here, and ours are sessions there.
#![cfg(feature = "services")]

use authstile::clock::UnixTime;
use authstile::random::SystemRandom;
use authstile::seal::{Sealer, Secrets};
use authstile_testkit::{Browser, TEST_SECRET};
use authstile_tests::peers::{Peer, free_port};
use authstile_tests::{BASE, House, NOW};
use serde_json::{Value, json};

const COOKIES: [&str; 2] = ["authjs.session-token", "__Secure-authjs.session-token"];
const OLD_SECRET: &str = "R8wYk3mVb7Zq1sXc5Nf9Tj2Hg6Lp4Dv0-an-older-one";

fn claims(length: usize) -> Value {
    json!({ "name": "Ada Lovelace", "email": "ada@acme.example", "picture": null, "sub": "5f0c", "note": "ü".repeat(length), "deep": { "list": [1, 2.5, true] } })
}

/// What both must agree on: everything but the three claims that sealing sets.
fn without_times(mut claims: Value) -> Value {
    let members = claims.as_object_mut().unwrap();
    ["iat", "exp", "jti"].iter().for_each(|name| assert!(members.remove(*name).is_some(), "{name} is missing"));
    claims
}

fn sealer(secrets: &[&str], cookie: &str) -> Sealer {
    Sealer::new(&Secrets::new(secrets.iter().copied()), cookie).unwrap()
}

#[test]
fn tokens_of_auth_js_open_here_with_both_encryption_methods() {
    let mut auth_js = Peer::node("authjs-jwt.mjs", &[]);
    for op in ["encode", "encode_gcm"] {
        for cookie in COOKIES {
            for length in [0, 10, 5000] {
                let token = auth_js.ask(
                    &json!({ "op": op, "payload": claims(length), "secret": TEST_SECRET, "salt": cookie, "now": NOW }),
                );
                let token = token["result"].as_str().unwrap_or_else(|| panic!("{op}: {token}"));
                let opened = sealer(&[TEST_SECRET], cookie).open(token, UnixTime::from_seconds(NOW)).unwrap();
                assert_eq!(without_times(Value::Object(opened)), claims(length), "{op} {cookie} {length}");
                let other = COOKIES.iter().find(|other| **other != cookie).unwrap();
                assert!(
                    sealer(&[TEST_SECRET], other).open(token, UnixTime::from_seconds(NOW)).is_err(),
                    "a token belongs to its cookie"
                );
            }
        }
    }
}

#[test]
fn our_tokens_open_in_auth_js() {
    let mut auth_js = Peer::node("authjs-jwt.mjs", &[]);
    for cookie in COOKIES {
        for length in [0, 10, 5000] {
            let Value::Object(members) = claims(length) else { unreachable!() };
            let token =
                sealer(&[TEST_SECRET], cookie).seal(members, 3600, UnixTime::from_seconds(NOW), &SystemRandom).unwrap();
            let opened = auth_js
                .ask(&json!({ "op": "decode", "token": token, "secret": TEST_SECRET, "salt": cookie, "now": NOW }));
            assert_eq!(without_times(opened["result"].clone()), claims(length), "{cookie} {length}");
            assert_eq!(opened["result"]["exp"], NOW + 3600);
        }
    }
}

#[test]
fn rotated_secrets_open_in_both_directions() {
    let mut auth_js = Peer::node("authjs-jwt.mjs", &[]);
    let cookie = COOKIES[0];
    let both = [TEST_SECRET, OLD_SECRET];
    let old =
        auth_js.ask(&json!({ "op": "encode", "payload": claims(1), "secret": OLD_SECRET, "salt": cookie, "now": NOW }));
    assert!(sealer(&both, cookie).open(old["result"].as_str().unwrap(), UnixTime::from_seconds(NOW)).is_ok());

    let Value::Object(members) = claims(1) else { unreachable!() };
    let ours = sealer(&both, cookie).seal(members, 3600, UnixTime::from_seconds(NOW), &SystemRandom).unwrap();
    let opened = auth_js.ask(&json!({ "op": "decode", "token": ours, "secret": both, "salt": cookie, "now": NOW }));
    assert_eq!(without_times(opened["result"].clone()), claims(1));
    let refused =
        auth_js.ask(&json!({ "op": "decode", "token": ours, "secret": OLD_SECRET, "salt": cookie, "now": NOW }));
    assert_eq!(refused["ok"], false, "the newest secret seals");
}

/// A browser with a cookie of Auth.js is signed in here: whole, and in chunks.
#[tokio::test]
async fn a_session_cookie_of_auth_js_is_a_session_here() {
    let mut auth_js = Peer::node("authjs-jwt.mjs", &[]);
    for length in [1, 4000] {
        let token = auth_js.ask(&json!({ "op": "encode", "payload": claims(length), "secret": TEST_SECRET, "salt": COOKIES[0], "now": NOW }));
        let token = token["result"].as_str().unwrap();
        let mut house = House::new();
        if token.len() <= 3936 {
            house.browser.set_cookie("localhost", COOKIES[0], token);
        } else {
            for (number, chunk) in token.as_bytes().chunks(3936).enumerate() {
                house.browser.set_cookie(
                    "localhost",
                    &format!("{}.{number}", COOKIES[0]),
                    std::str::from_utf8(chunk).unwrap(),
                );
            }
        }
        let session = house.browser.session(BASE).await;
        assert_eq!(
            session["user"],
            json!({ "name": "Ada Lovelace", "email": "ada@acme.example", "image": null }),
            "{length}"
        );
    }
}

/// A running Auth.js takes the cookie of a browser that signed in here, also one in chunks.
#[tokio::test(flavor = "multi_thread")]
async fn our_session_cookie_is_a_session_in_a_running_auth_js() {
    let port = free_port().to_string();
    let environment = [
        ("PORT", port.as_str()),
        ("AUTH_SECRET", TEST_SECRET),
        ("AUTH_SCALEKIT_ID", "x"),
        ("AUTH_SCALEKIT_SECRET", "x"),
        ("AUTH_SCALEKIT_ISSUER", "http://127.0.0.1:1"),
    ];
    let mut server = Peer::node("authjs-server.mjs", &environment);
    server.wait_for("listening");
    let now = UnixTime::from_seconds(authstile::clock::Clock::now(&authstile::clock::SystemClock).seconds());
    for length in [1, 4000] {
        let Value::Object(members) = claims(length) else { unreachable!() };
        let token = sealer(&[TEST_SECRET], COOKIES[0]).seal(members, 3600, now, &SystemRandom).unwrap();
        let mut browser = Browser::new();
        let origin = format!("http://127.0.0.1:{port}");
        browser.site(&origin, authstile_tests::peers::forward(origin.clone()));
        for (number, chunk) in token.as_bytes().chunks(3936).enumerate() {
            let name = if token.len() <= 3936 { COOKIES[0].to_owned() } else { format!("{}.{number}", COOKIES[0]) };
            browser.set_cookie("127.0.0.1", &name, std::str::from_utf8(chunk).unwrap());
        }
        let session = browser.session(&format!("{origin}/api/auth")).await;
        assert_eq!(session["user"]["email"], "ada@acme.example", "{length}: {session}");
    }
}
