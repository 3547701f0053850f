//! The catalogue, held to Auth.js's facts and profiles, and to what every card must be.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "in tests a panic is a failure"
)]

mod cards;
mod facts;
mod profiles;

use std::collections::{BTreeMap, BTreeSet};

use authstile::Provider;
use authstile::profile::Options;
use serde_json::Value;

/// Facts of Auth.js 0.41.3: what its providers declare and what its core makes of that.
const FACTS: &str = include_str!("../vectors/providers.json");
/// Raw profiles, and the users that Auth.js 0.41.3 makes of them.
const PROFILES: &str = include_str!("../vectors/profile.json");

fn read(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

/// The facts of the providers that speak OAuth or OpenID Connect.
fn facts() -> Vec<Value> {
    read(FACTS).into_iter().filter(|fact| matches!(fact["type"].as_str(), Some("oauth" | "oidc"))).collect()
}

/// `accountID`, `enterprise.baseUrl` → `account_id`, `base_url`.
fn option_name(theirs: &str) -> String {
    let mut name = String::new();
    let mut before = '_';
    for letter in theirs.rsplit('.').next().unwrap().chars() {
        if letter.is_ascii_uppercase() && !before.is_ascii_uppercase() && before != '_' {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
        before = letter;
    }
    name
}

/// What stands for the gaps in Auth.js's facts, and for required options.
const SAMPLES: [(&str, &str); 5] = [
    ("issuer", "https://issuer.example"),
    ("account_id", "acct0"),
    ("userinfo", "https://userinfo.example/me"),
    ("client_id", "CID"),
    ("client_secret", "SECRET"),
];

fn sample(name: &str) -> &str {
    SAMPLES.iter().find(|(known, _)| *known == name).map_or("sample", |(_, value)| *value)
}

/// The values of a card's options: what is given, and samples of what is required.
fn options(card: &Provider, given: &BTreeMap<String, String>) -> Options {
    let mut all = given.clone();
    for option in card.options.iter().filter(|option| option.is_required()) {
        all.entry(option.name.to_owned()).or_insert_with(|| sample(option.name).to_owned());
    }
    card.option_values(&all).unwrap_or_else(|error| panic!("{}: {error}", card.id))
}

/// Fails unless what differs is what is listed: nothing more, and nothing that no longer differs.
fn only_what_is_listed<'a>(found: BTreeMap<(String, String), String>, listed: &[(&'a str, &'a str, &'a str)]) {
    let mut twice = BTreeSet::new();
    for (id, what, reason) in listed {
        assert!(twice.insert((id, what)), "{id} {what} is listed twice");
        assert!(reason.ends_with('.'), "{id} {what}: the reason is a sentence");
    }
    let is_listed = |id: &str, what: &str| listed.iter().any(|(known, case, _)| (*known, *case) == (id, what));
    let unlisted: Vec<String> = found
        .iter()
        .filter(|((id, what), _)| !is_listed(id, what))
        .map(|((id, what), how)| format!("{id} {what}: {how}"))
        .collect();
    let stale: Vec<_> = listed
        .iter()
        .filter(|(id, what, _)| !found.contains_key(&((*id).to_owned(), (*what).to_owned())))
        .map(|(id, what, _)| format!("{id} {what}"))
        .collect();
    assert!(unlisted.is_empty(), "differs, and no reason is listed:\n{}", unlisted.join("\n"));
    assert!(stale.is_empty(), "is listed, but differs no longer:\n{}", stale.join("\n"));
}
