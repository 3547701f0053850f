//! What every card must be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::Expression;
use authstile::provider::{Answer, Body, Group, IssuerCheck, Protocol, Template};
use authstile::{Provider, card_file};
use authstile_providers::{GITHUB, OtherKind, all, find, others};
use url::Url;

use crate::{FACTS, facts, read};

#[test]
fn cards_are_sorted_and_found_by_their_ids() {
    assert!(all().windows(2).all(|two| two[0].id < two[1].id), "ids are unique and sorted");
    for card in all() {
        assert_eq!(find(card.id), Some(*card));
    }
    assert_eq!(find("github"), Some(&GITHUB));
    assert_eq!(find("nobody"), None);
}

#[test]
fn every_entry_of_auth_js_is_here() {
    let mut listed: Vec<(String, bool)> = others().iter().map(|other| (other.id.to_owned(), false)).collect();
    let theirs = read(FACTS);
    let ids: BTreeSet<&str> = theirs.iter().map(|fact| fact["id"].as_str().unwrap()).collect();
    listed.extend(all().iter().filter(|card| ids.contains(card.id)).map(|card| (card.id.to_owned(), true)));
    listed.sort();
    let expected: Vec<(String, bool)> = theirs
        .iter()
        .map(|fact| (fact["id"].as_str().unwrap().to_owned(), matches!(fact["type"].as_str(), Some("oauth" | "oidc"))))
        .collect();
    assert_eq!(listed, expected);
    assert_eq!((facts().len(), others().len()), (94, 11));
}

#[test]
fn entries_without_oauth_say_what_they_are() {
    assert!(others().windows(2).all(|two| two[0].id < two[1].id));
    for other in others() {
        assert!(other.doc.ends_with('.') && !other.name.is_empty(), "{}", other.id);
        let service = other.kind == OtherKind::MailService;
        let key = format!("AUTH_{}_KEY", other.id.to_ascii_uppercase());
        assert_eq!(other.variables, if service { vec![key.as_str()] } else { Vec::new() }, "{}", other.id);
        assert_eq!(find(other.id), None, "{} is no card", other.id);
    }
}

/// Everything on a card that is a template.
fn templates(card: &Provider) -> Vec<&'static str> {
    let mut all = vec![card.scope];
    all.extend(
        [
            card.issuer,
            card.discovery,
            card.authorization,
            card.token,
            card.jwks,
            card.refresh,
            card.revocation,
            card.end_session,
        ]
        .into_iter()
        .flatten(),
    );
    let request = card.token_request;
    let mut pairs = vec![card.authorization_params, request.params, request.query, request.headers];
    pairs.extend(card.options.iter().flat_map(|option| option.cases.iter().map(|case| case.set)));
    for ask in card.userinfo {
        all.extend(ask.url);
        pairs.extend([ask.query, ask.headers]);
        if let Body::Form(form) | Body::Json(form) = ask.body {
            pairs.push(form);
        }
    }
    if let Some(secret) = card.signed_secret {
        all.extend([secret.issuer, secret.key_id, secret.private_key, secret.audience]);
    }
    all.extend(pairs.into_iter().flatten().map(|(_, text)| *text));
    all
}

/// Everything on a card that is an expression.
fn expressions(card: &Provider) -> Vec<&'static str> {
    let profile = card.profile;
    let mut all = vec![profile.id, profile.name, profile.email, profile.email_verified, profile.image];
    all.extend(profile.extra.iter().map(|(_, text)| *text));
    all.extend(card.userinfo.iter().flat_map(|ask| [ask.when, ask.error, ask.error_description]));
    all.extend([card.token_answer.error, card.token_answer.error_description]);
    all
}

#[test]
fn cards_have_no_problems_and_go_through_toml_unchanged() {
    for card in all() {
        assert_eq!(card.problems(), [], "{}", card.id);
        let text = card_file::write(card).unwrap();
        assert_eq!(card_file::read(&text).unwrap_or_else(|error| panic!("{}: {error}\n{text}", card.id)), **card);
    }
}

#[test]
fn every_option_has_an_effect() {
    for card in all() {
        let mut used = BTreeSet::new();
        for text in templates(card) {
            used.extend(Template::parse(text).unwrap().words().into_iter().map(str::to_owned));
        }
        for text in expressions(card) {
            used.extend(Expression::parse(text).unwrap().options().into_iter().map(str::to_owned));
        }
        for option in card.options {
            let words = option.cases.iter().flat_map(|case| case.set.iter().map(|(word, _)| *word));
            for word in words.clone() {
                assert!(used.contains(word), "{}: nothing uses the word {word}", card.id);
            }
            let tenants = card.issuer_check == IssuerCheck::TenantClaim && option.name == "tenants";
            let used = used.contains(option.name) || words.count() > 0 || tenants;
            assert!(used, "{}: nothing uses the option {}", card.id, option.name);
            assert!(!option.doc.is_empty() && !option.doc.ends_with('.'), "{}: {}", card.id, option.doc);
        }
    }
}

#[test]
fn addresses_are_https() {
    for card in all() {
        let pages = [card.registration_url, card.docs_url].into_iter().flatten();
        let endpoints = templates(card).into_iter().filter(|text| text.contains("://"));
        for text in pages.chain(endpoints) {
            let sample = text.split_once('{').map_or(text, |(before, _)| before).trim_end_matches('/');
            if sample == "https:" || text.starts_with('{') {
                continue;
            }
            let url = Url::parse(sample).unwrap_or_else(|error| panic!("{}: {text}: {error}", card.id));
            assert_eq!((url.scheme(), url.has_host()), ("https", true), "{}: {text}", card.id);
        }
    }
}

#[test]
fn scopes_are_written_with_blanks_whatever_the_provider_wants_between_them() {
    for card in all() {
        let sound = !card.scope.contains(',') && card.scope.split(' ').all(|scope| !scope.is_empty());
        assert!(sound || card.scope.is_empty(), "{}: {:?}", card.id, card.scope);
        assert!([" ", ",", "+", ";"].contains(&card.scope_separator), "{}", card.id);
        let openid = card.scope.split(' ').any(|scope| scope == "openid");
        assert!(card.protocol != Protocol::Oidc || openid, "{} asks for no ID token", card.id);
    }
}

/// Of a colour `#rrggbb` (WCAG 2.2, relative luminance).
fn luminance(color: &str) -> f64 {
    let part = |from: usize| {
        let value = f64::from(u8::from_str_radix(&color[from..from + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    assert!(color.len() == 7 && color.starts_with('#'), "{color} is not #rrggbb");
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[test]
fn buttons_can_be_read() {
    for card in all() {
        let (one, other) = (luminance(card.style.background), luminance(card.style.text));
        let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
        assert!(contrast >= 4.5, "{}: {contrast:.2}", card.id);
        assert!(card.mark.is_none_or(|mark| (1..=2).contains(&mark.chars().count())), "{}", card.id);
    }
}

#[test]
fn sentences_are_sentences() {
    for card in all() {
        for note in card.notes.iter().copied().chain(card.profile_note) {
            assert!(note.ends_with('.') && !note.contains("  "), "{}: {note}", card.id);
        }
        assert!(card.deprecated.is_none_or(|why| !why.is_empty() && !why.ends_with('.')), "{}", card.id);
        assert!(card.group != Group::Other || card.id == "simplelogin", "{} has no group", card.id);
    }
}

/// The doc comment of each card names where people come back to, and every variable that must be set.
#[test]
fn doc_comments_say_what_to_set() {
    fn walk(folder: &Path, docs: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, docs);
                continue;
            }
            let mut comment = String::new();
            let mut card = false;
            for line in fs::read_to_string(&path).unwrap().lines() {
                if let Some(text) = line.strip_prefix("///") {
                    comment.push_str(text);
                } else if line.starts_with("pub const ") && line.contains(": Provider = ") {
                    card = true;
                } else if let Some(id) = line.trim().strip_prefix("id: \"").filter(|_| card) {
                    docs.insert(id.trim_end_matches("\",").to_owned(), std::mem::take(&mut comment));
                    card = false;
                } else {
                    comment.clear();
                }
            }
        }
    }
    let mut docs = BTreeMap::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut docs);
    for card in all().iter().filter(|card| **card != &GITHUB) {
        let text = docs.get(card.id).unwrap_or_else(|| panic!("{} has no doc comment", card.id));
        let callback = format!("/api/auth/callback/{}`", card.id);
        // Where nobody registers, no redirect URI is registered.
        let nobody = card.registration_url.is_none() && card.client_authentication == Some(ClientAuthentication::None);
        assert!(nobody || text.contains(&callback), "{}: the comment names no redirect URI\n{text}", card.id);
        for variable in card.variables() {
            // Any issuer can be replaced, and a public client may have a secret.
            let general = [card.variable("ISSUER"), card.variable("SECRET")].contains(&variable.name);
            let spared = general && !variable.required;
            assert!(spared || text.contains(&format!("`{}`", variable.name)), "{}: {}", card.id, variable.name);
        }
    }
}

/// Nearly all of Auth.js's providers are nothing but data: no value on their cards stands for code in the engine.
#[test]
fn ninety_of_ninety_four_are_pure_data() {
    let facts = facts();
    let theirs = facts.iter().map(|fact| find(fact["id"].as_str().unwrap()).unwrap());
    let code = theirs.filter(|card| {
        card.callback_member.is_some()
            || card.signed_secret.is_some()
            || card.issuer_check == IssuerCheck::TenantClaim
            || card.userinfo.iter().any(|ask| ask.answer == Answer::Picture)
    });
    assert_eq!(code.map(|card| card.id).collect::<Vec<_>>(), ["apple", "azure-ad", "microsoft-entra-id"]);
}
