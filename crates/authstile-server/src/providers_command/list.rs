//! `authstile providers`.

use authstile::provider::{Group, Protocol, Provider};
use serde_json::{Value, json};

use crate::cards::Cards;
use crate::cli::ListOptions;
use crate::say;

use super::print;

pub(super) fn run(options: &ListOptions, cards: &Cards) -> anyhow::Result<()> {
    let found: Vec<Provider> = cards.all().into_iter().filter(|card| fits(options, card)).collect();
    if options.json {
        let list: Vec<Value> = found.iter().map(|card| entry(card, cards)).collect();
        return print(&format!("{}\n", Value::from(list)));
    }
    if found.is_empty() {
        say("no provider fits; without a filter, all are listed");
    }
    print(&table(&found))
}

fn fits(options: &ListOptions, card: &Provider) -> bool {
    let says = |text: &str| {
        let text = text.to_lowercase();
        card.id.to_lowercase().contains(&text) || card.name.to_lowercase().contains(&text)
    };
    options.text.as_deref().is_none_or(says)
        && options.group.is_none_or(|group| group == card.group)
        && options.kind.is_none_or(|kind| kind == card.protocol)
}

fn table(cards: &[Provider]) -> String {
    let width = |text: fn(&Provider) -> &str| cards.iter().map(|card| text(card).chars().count()).max().unwrap_or(0);
    let (id, kind, group) =
        (width(|card| card.id), width(|card| card.protocol.word()), width(|card| card.group.word()));
    let mut text = String::new();
    for card in cards {
        let end = if card.deprecated.is_some() { "  (deprecated)" } else { "" };
        let (protocol, of) = (card.protocol.word(), card.group.word());
        text.push_str(&format!("{:id$}  {protocol:kind$}  {of:group$}  {}{end}\n", card.id, card.name));
    }
    text
}

fn entry(card: &Provider, cards: &Cards) -> Value {
    let variables: Vec<Value> = card
        .variables()
        .iter()
        .map(|variable| json!({"name": variable.name, "required": variable.required, "holds": variable.doc}))
        .collect();
    json!({
        "id": card.id,
        "name": card.name,
        "kind": card.protocol.word(),
        "group": card.group.word(),
        "deprecated": card.deprecated,
        "registration_url": card.registration_url,
        "docs_url": card.docs_url,
        "scope": card.scope,
        "environment": variables,
        "own": cards.is_own(card.id),
        "in_authjs": !cards.is_own(card.id)
            && !authstile_providers::BEYOND_AUTHJS.iter().any(|beyond| beyond.id == card.id),
    })
}

/// Reads the name of a group.
pub(crate) fn group(text: &str) -> Result<Group, String> {
    let known = || Group::ALL.iter().map(|group| group.word()).collect::<Vec<_>>().join(", ");
    let found = Group::ALL.iter().copied().find(|group| group.word() == text.to_ascii_lowercase());
    found.ok_or_else(|| format!("the groups are {}", known()))
}

/// Reads what a provider speaks; `oauth` is Auth.js's word.
pub(crate) fn kind(text: &str) -> Result<Protocol, String> {
    match text.to_ascii_lowercase().as_str() {
        "oidc" => Ok(Protocol::Oidc),
        "oauth2" | "oauth" => Ok(Protocol::OAuth2),
        _ => Err("it is oidc or oauth2".to_owned()),
    }
}
