//! `authstile token open` and `authstile token seal`.

use serde_json::{Value, json};

use crate::program::{Ended, SECRET, run};

const COOKIE: &str = "authjs.session-token";
const CLAIMS: &str = r#"{"name":"Ada Lovelace","email":"ada@acme.example","sub":"1","roles":["b","a"]}"#;

fn open(environment: &[(&str, &str)], token: &str, more: &[&str]) -> Ended {
    run(&[&["token", "open", "--cookie-name", COOKIE], more].concat(), environment, token)
}

fn seal(environment: &[(&str, &str)], claims: &str, more: &[&str]) -> Ended {
    run(&[&["token", "seal", "--cookie-name", COOKIE], more].concat(), environment, claims)
}

fn refused(ended: &Ended, why: &str) {
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    assert!(ended.err.contains(why), "{why:?} is not in {:?}", ended.err);
}

#[test]
fn what_is_sealed_opens_again() {
    let environment = [("AUTH_SECRET", SECRET)];
    let sealed = seal(&environment, CLAIMS, &["--now", "1767225600", "--max-age", "60"]);
    assert_eq!((sealed.code, sealed.err.as_str()), (Some(0), ""), "{sealed:?}");
    let opened = open(&environment, &sealed.out, &["--now", "1767225630"]);
    assert_eq!((opened.code, opened.err.as_str()), (Some(0), ""), "{opened:?}");
    assert_eq!(opened.out.matches('\n').count(), 1, "one line");
    let claims: Value = serde_json::from_str(&opened.out).unwrap();
    assert_eq!(claims["roles"], json!(["b", "a"]));
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(1_767_225_600), &json!(1_767_225_660)));
    assert!(opened.out.starts_with(CLAIMS.trim_end_matches('}')), "in the order given: {}", opened.out);

    refused(&open(&environment, &sealed.out, &["--now", "1767225700"]), "expired 40 s ago");
    refused(&open(&environment, &sealed.out, &[]), "expired");
    refused(&open(&[("AUTH_SECRET", "another secret, which is long enough too")], &sealed.out, &[]), "secret");
    let other = ["token", "open", "--cookie-name", "__Secure-authjs.session-token"];
    refused(&run(&other, &environment, &sealed.out), "__Secure-authjs.session-token");
}

#[test]
fn a_session_lasts_thirty_days_unless_said_otherwise() {
    let environment = [("AUTH_SECRET", SECRET)];
    let opened = open(&environment, &seal(&environment, CLAIMS, &[]).out, &[]);
    let claims: Value = serde_json::from_str(&opened.out).unwrap();
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 2_592_000);
}

#[test]
fn a_new_secret_seals_and_the_old_one_still_opens() {
    const NEW: &str = "q7Lw2VtYb0cXo5NnE8sKj3Hd6Rf9Zg1UaPmTiQyWvB4=";
    let (old, both, new) =
        ([("AUTH_SECRET", SECRET)], [("AUTH_SECRET", SECRET), ("AUTH_SECRET_1", NEW)], [("AUTH_SECRET", NEW)]);
    let before = seal(&old, CLAIMS, &[]).out;
    let after = seal(&both, CLAIMS, &[]).out;
    assert_eq!(open(&both, &before, &[]).code, Some(0));
    assert_eq!(open(&new, &after, &[]).code, Some(0));
    refused(&open(&new, &before, &[]), "secret");
    refused(&open(&old, &after, &[]), "secret");
}

/// Tokens that Auth.js made, and what it says about them.
#[test]
fn tokens_of_auth_js_open_as_auth_js_opens_them() {
    let vectors: Value = serde_json::from_str(include_str!("../data/jwe.json")).unwrap();
    for vector in vectors["decode"].as_array().unwrap() {
        let text = |name: &str| vector[name].as_str().unwrap();
        let secrets: Vec<&str> = match &vector["secret"] {
            Value::Array(secrets) => secrets.iter().filter_map(Value::as_str).collect(),
            secret => secret.as_str().into_iter().collect(),
        };
        // The first one is the newest.
        let names = ["AUTH_SECRET", "AUTH_SECRET_1", "AUTH_SECRET_2", "AUTH_SECRET_3"];
        let environment: Vec<(&str, &str)> = names.into_iter().zip(secrets.into_iter().rev()).collect();
        let now = vector["now"].to_string();
        let arguments = ["token", "open", "--cookie-name", text("salt"), "--now", &now];
        let opened = run(&arguments, &environment, text("token"));
        let id = text("id");
        assert!(opened.err.contains("warning"), "{id}: the secret is weak: {opened:?}");
        match &vector["payload"] {
            Value::Null => refused(&opened, "no session token"),
            payload => {
                assert_eq!(opened.code, Some(0), "{id}: {opened:?}");
                assert_eq!(&serde_json::from_str::<Value>(&opened.out).unwrap(), payload, "{id}");
            }
        }
    }
}

#[test]
fn what_is_no_token_and_no_claims_is_refused() {
    let environment = [("AUTH_SECRET", SECRET)];
    for token in ["", "\n", "x", "a.b.c.d.e", "a..b.c.d"] {
        refused(&open(&environment, token, &[]), "no session token");
    }
    for claims in ["", "{", "[]", "1", "\"x\"", "null", "{\"sub\":1}x"] {
        refused(&seal(&environment, claims, &[]), "JSON object");
    }
    refused(&open(&[], "x", &[]), "AUTH_SECRET=");
    refused(&seal(&[], CLAIMS, &[]), "AUTH_SECRET=");
}
