//! Error codes: Scalekit's vectors (`data/scalekit.json`), and what pages say about them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "in tests a panic is a failure")]

use std::collections::BTreeSet;

use authstile_scalekit::{FixableBy, ScalekitErrorCode, explain};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str::<Value>(include_str!("data/scalekit.json")).unwrap()["error_codes"].take()
}

fn codes(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_documented_code_is_known_and_no_other() {
    let vectors = vectors();
    let mut documented = BTreeSet::new();
    for section in ["integration", "sso_configuration", "oauth", "token_endpoint"] {
        for code in codes(&vectors[section]) {
            let read = ScalekitErrorCode::parse(&code);
            assert!(!matches!(read, ScalekitErrorCode::Other(_)), "{section}: {code}");
            assert_eq!(read.as_str(), code);
            documented.insert(code);
        }
    }
    let known: BTreeSet<String> = ScalekitErrorCode::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    assert_eq!(known, documented);
}

#[test]
fn who_can_fix_it_is_as_stated() {
    let vectors = vectors();
    for (section, fixable_by) in [
        ("user_can_fix", FixableBy::User),
        ("customer_admin_can_fix", FixableBy::CustomerAdmin),
        ("application_developer_can_fix", FixableBy::Developer),
    ] {
        for code in codes(&vectors[section]) {
            assert_eq!(ScalekitErrorCode::parse(&code).fixable_by(), fixable_by, "{code}");
        }
    }
    assert_eq!(ScalekitErrorCode::ServerError.fixable_by(), FixableBy::Retry);
    for code in ScalekitErrorCode::ALL {
        assert_ne!(code.fixable_by(), FixableBy::Unknown, "{code}");
    }
}

#[test]
fn unknown_codes_are_kept_for_the_log_and_not_for_the_page() {
    let hostile = "<script>alert(1)</script>";
    let code = ScalekitErrorCode::parse(hostile);
    assert_eq!((code.as_str(), code.fixable_by()), (hostile, FixableBy::Unknown));
    for words in [code.title(), code.what(), code.todo()] {
        assert!(!words.contains("script"), "{words}");
    }
    assert_eq!(explain(hostile), None);
    assert_eq!(ScalekitErrorCode::parse(&"x".repeat(10_000)).as_str().len(), 100);
    assert!(matches!(ScalekitErrorCode::parse("Server_Error"), ScalekitErrorCode::Other(_)), "codes have one spelling");
}

#[test]
fn every_code_has_words_of_its_own() {
    let mut said = BTreeSet::new();
    for code in ScalekitErrorCode::ALL {
        let words = explain(code.as_str()).unwrap();
        assert_eq!((words.title, words.what, words.todo), (code.title(), code.what(), code.todo()));
        assert!(said.insert(words.what), "{code} says what another code says");
        assert!(words.what.ends_with('.') && words.todo.ends_with('.') && !words.title.ends_with('.'), "{code}");
        assert!(!words.what.contains(code.as_str()), "{code}: a person reads this");
    }
}
