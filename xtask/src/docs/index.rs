//! The list of all providers.

use authstile::provider::{Group, Protocol, Provider};
use authstile_providers::BEYOND_AUTHJS;

/// What a group is called among people.
pub(super) fn heading(group: Group) -> &'static str {
    match group {
        Group::Enterprise => "Identity platforms of companies",
        Group::Common => "Accounts that nearly everybody has",
        Group::Developer => "For developers",
        Group::Social => "Social networks and messengers",
        Group::Work => "Tools for work",
        Group::Games => "Games",
        Group::Media => "Music, video, sport and reading",
        Group::Commerce => "Shops and money",
        Group::National => "National identities",
        _ => "Others",
    }
}

pub(super) fn speaks(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Oidc => "OpenID Connect",
        _ => "OAuth 2.0",
    }
}

pub(super) fn page(cards: &[&Provider]) -> String {
    let mut text = format!(
        "# Providers

{} cards: endpoints, scopes, mapping and quirks as data. Each has a page that says what to register where, which environment
variables there are, and what the profile holds. Scalekit has a crate and a [guide](../scalekit.md) of its own.

`authstile providers` lists them on the command line, `authstile providers show github` prints a card as TOML. Any other
OpenID Connect provider needs no card: `AUTH_MY_IDP_ID`, `AUTH_MY_IDP_SECRET` and `AUTH_MY_IDP_ISSUER` are enough.

A provider without OpenID Connect can be written as TOML, without compiling:

```toml
# providers.toml; AUTHSTILE_PROVIDERS=providers.toml authstile serve
[[provider]]
id = \"acme\"
name = \"Acme\"
protocol = \"oauth2\"
authorization = \"https://acme.example/authorize\"
token = \"https://acme.example/token\"
scope = \"profile\"

[[provider.userinfo]]
url = \"https://acme.example/me\"

[provider.profile]
id = \"/id\"
name = \"/name ?? /login\"
email = \"/email\"
```

with `AUTH_ACME_ID` and `AUTH_ACME_SECRET` in the environment. A table with the id of a built-in card changes only what it
says.

A star marks the {} providers that Auth.js does not have; their cards have not been tried against the services themselves.
",
        cards.len(),
        BEYOND_AUTHJS.len()
    );
    for group in Group::ALL {
        let members: Vec<&&Provider> = cards.iter().filter(|card| card.group == *group).collect();
        if members.is_empty() {
            continue;
        }
        text.push_str(&format!("\n## {}\n\n| provider | id | speaks |\n|---|---|---|\n", heading(*group)));
        for card in members {
            let star = if BEYOND_AUTHJS.iter().any(|beyond| beyond.id == card.id) { " \\*" } else { "" };
            let end = if card.deprecated.is_some() { " (deprecated)" } else { "" };
            let (id, speaks) = (card.id, speaks(card.protocol));
            text.push_str(&format!("| [{}]({id}.md){star}{end} | `{id}` | {speaks} |\n", card.name));
        }
    }
    text
}
