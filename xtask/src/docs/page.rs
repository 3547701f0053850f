//! The page of one provider.

use authstile::oauth::authorize::ResponseMode;
use authstile::oauth::client_auth::ClientAuthentication;
use authstile::provider::{OptionKind, Pkce, ProfileSource, Protocol, Provider, ProviderOption};
use authstile_providers::BEYOND_AUTHJS;

use super::index::{heading, speaks};

pub(super) fn page(card: &Provider, constant: &str) -> String {
    let parts = [
        introduction(card),
        register(card),
        rust(card, constant),
        environment(card),
        toml(card),
        options(card),
        scopes(card),
        profile(card),
        protocol(card),
        notes(card),
        tools(card),
    ];
    let mut text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
    text.push('\n');
    text
}

fn introduction(card: &Provider) -> String {
    let mut text = format!("# {}\n\n", card.name);
    if let Some(why) = card.deprecated {
        text.push_str(&format!("> **Deprecated:** {}\n\n", sentence(why)));
    }
    text.push_str(&format!(
        "Sign-in with {} over {}. Its id is `{}`; it stands among *{}* in the [list](README.md).",
        card.name,
        speaks(card.protocol),
        card.id,
        heading(card.group)
    ));
    if BEYOND_AUTHJS.iter().any(|beyond| beyond.id == card.id) {
        text.push_str(" Auth.js does not have it.");
    }
    text
}

fn register(card: &Provider) -> String {
    let place = match card.registration_url {
        Some(url) => format!("at <{url}>"),
        None => format!("at {}", card.name),
    };
    let documentation = card.docs_url.map(|url| format!(" The provider's documentation: <{url}>.")).unwrap_or_default();
    let given = match (card.signed_secret.is_some(), card.client_authentication) {
        (true, _) => "You get a client id and a private key.",
        (_, Some(ClientAuthentication::None)) => "You get a client id; there is no client secret.",
        _ => "You get a client id and a client secret.",
    };
    format!(
        "## Register your application

Register it {place}.{documentation} As redirect URI, give

```text
https://app.example.com/api/auth/callback/{id}
http://localhost:3000/api/auth/callback/{id}
```

with your own address in the first, and the second only while you develop. {given}",
        id = card.id
    )
}

/// The options that an application must give a value.
fn required(card: &Provider) -> impl Iterator<Item = &ProviderOption> {
    card.options.iter().filter(|option| option.is_required())
}

/// A value that shows what an option looks like.
fn sample(option: &ProviderOption) -> String {
    if let Some(default) = option.default {
        return default.to_owned();
    }
    let shown = option.doc.split([' ', ',', ';', ')']).find(|word| word.starts_with("https://"));
    match (shown, option.kind) {
        (Some(url), OptionKind::Url) => url.trim_end_matches('.').to_owned(),
        (None, OptionKind::Url) => "https://login.example.com".to_owned(),
        _ => "…".to_owned(),
    }
}

fn rust(card: &Provider, constant: &str) -> String {
    let secret = match card.client_authentication {
        _ if card.signed_secret.is_some() => "\"\"",
        Some(ClientAuthentication::None) => "\"\"",
        _ => "\"client secret\"",
    };
    let mut options = String::new();
    for option in required(card) {
        let value = match option.kind {
            OptionKind::Secret => option.name.to_owned(),
            _ => format!("{:?}", sample(option)),
        };
        options.push_str(&match option.name {
            "issuer" => format!("\n    .issuer({value})"),
            name => format!("\n    .option({name:?}, {value})"),
        });
    }
    let customize = if options.is_empty() { "" } else { "use authstile::Customize as _;\n" };
    let variable = card.id.replace(['-', '.'], "_");
    let variable = if variable.starts_with(|c: char| c.is_ascii_digit()) { format!("_{variable}") } else { variable };
    format!(
        "## In Rust

```rust
{customize}use authstile_providers::{constant};

let {variable} = {constant}.register(\"client id\", {secret}){options};
let auth = authstile::Auth::builder().provider({variable});
```"
    )
}

fn environment(card: &Provider) -> String {
    let mut lines = String::new();
    for variable in card.variables() {
        let option = card.options.iter().find(|option| card.variable(option.name) == variable.name);
        let value = option.map_or_else(|| "…".to_owned(), sample);
        let comment = if variable.required { "" } else { "# " };
        lines.push_str(&format!("{comment}{}={value}\n", variable.name));
    }
    format!(
        "## In the environment\n\nFor `authstile serve`; lines that begin with `#` are optional.\n\n```sh\n{lines}```"
    )
}

fn toml(card: &Provider) -> String {
    let changed = match card.scope {
        "" => format!("name = {:?}", card.name),
        scope if scope.contains('{') => format!("name = {:?}", card.name),
        scope => format!("scope = {scope:?}"),
    };
    format!(
        "## In TOML

Only to change the card: what is not given stays as it is, and `authstile providers show {id}` prints all of it. Client id and
secret stay in the environment.

```toml
# providers.toml; AUTHSTILE_PROVIDERS=providers.toml authstile serve
[[provider]]
id = \"{id}\"
{changed}
```",
        id = card.id
    )
}

fn options(card: &Provider) -> String {
    if card.options.is_empty() {
        return String::new();
    }
    let mut text =
        "## Options\n\n| option | variable | what it is | must be given | unless given |\n|---|---|---|---|---|\n"
            .to_owned();
    for option in card.options {
        let values: Vec<String> =
            option.cases.iter().filter_map(|case| case.is).map(|value| format!("`{value}`")).collect();
        let values = match option.kind {
            OptionKind::Choice => format!("; one of {}", values.join(", ")),
            _ => String::new(),
        };
        text.push_str(&format!(
            "| `{}` | `{}` | {}{} | {} | {} |\n",
            option.name,
            card.variable(option.name),
            cell(option.doc),
            cell(&values),
            if option.is_required() { "yes" } else { "no" },
            option.default.map(|default| format!("`{default}`")).unwrap_or_default(),
        ));
    }
    text.trim_end().to_owned()
}

fn scopes(card: &Provider) -> String {
    let list = |text: &str| text.split_whitespace().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ");
    let asked = match card.scope {
        "" => "No scope is sent.".to_owned(),
        scope if scope.contains('{') => format!("What is asked for follows from the options: `{scope}`."),
        scope => format!("Asked for: {}.", list(scope)),
    };
    let separator = match card.scope_separator {
        " " => String::new(),
        other => format!(" Give several with blanks between them; they are sent with `{other}`."),
    };
    format!("## Scopes\n\n{asked} For others, `.scope(\"…\")` in Rust and `scope = \"…\"` in TOML.{separator}")
}

fn profile(card: &Provider) -> String {
    let source = match (card.profile_source, card.userinfo.len()) {
        (ProfileSource::IdToken, 0) => "It is what the verified ID token says.".to_owned(),
        (ProfileSource::IdToken, _) => "It begins with the verified ID token; a request adds to it.".to_owned(),
        (ProfileSource::TokenAnswer, 0) => "The answer of the token endpoint says who it is.".to_owned(),
        (_, 0) => "It is what the userinfo endpoint says.".to_owned(),
        (_, 1) => "It is what one request to the provider says.".to_owned(),
        (_, 2) => "It is what two requests to the provider say.".to_owned(),
        (_, 3) => "It is what three requests to the provider say.".to_owned(),
        (_, more) => format!("It is what {more} requests to the provider say."),
    };
    let note = card.profile_note.map(|note| format!(" {}", sentence(note))).unwrap_or_default();
    let map = card.profile;
    let mut rows = String::new();
    let mut missing = Vec::new();
    for (field, name, expression) in [
        ("id", "the account id", map.id),
        ("name", "a name", map.name),
        ("email", "an e-mail address", map.email),
        ("email_verified", "a word on whether the address is verified", map.email_verified),
        ("image", "a picture", map.image),
    ] {
        match expression {
            "" => missing.push(name),
            expression => rows.push_str(&format!("| `{field}` | {} |\n", code(expression))),
        }
    }
    for (field, expression) in map.extra {
        rows.push_str(&format!("| `{field}` | {} |\n", code(expression)));
    }
    // The card's own words are better, where it has some.
    let missing = match missing.as_slice() {
        _ if card.profile_note.is_some() => String::new(),
        [] => String::new(),
        [one] => format!("\n\nIt does not give {one}."),
        [some @ .., last] => format!("\n\nIt does not give {} or {last}.", some.join(", ")),
    };
    format!(
        "## The profile\n\n{source}{note}\n\n| field | where it is found |\n|---|---|\n{}{missing}",
        rows.trim_end()
    )
}

fn protocol(card: &Provider) -> String {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: Option<String>| rows.extend(value.map(|value| format!("| {name} | {value} |")));
    let discovered = |url: Option<&str>| match (url, card.protocol) {
        (Some(url), _) => Some(format!("`{url}`")),
        (None, Protocol::Oidc) => Some("discovered".to_owned()),
        (None, _) => None,
    };
    row("issuer", card.issuer.map(|issuer| format!("`{issuer}`")));
    row("discovery document", card.discovery.map(|url| format!("`{url}`")));
    row("authorization endpoint", discovered(card.authorization));
    row("token endpoint", discovered(card.token));
    row("keys", card.jwks.map(|url| format!("`{url}`")));
    row("refreshed at", card.refresh.map(|url| format!("`{url}`")));
    row("revoked at", card.revocation.map(|url| format!("`{url}`")));
    row("session ended at", card.end_session.map(|url| format!("`{url}`")));
    for request in card.userinfo {
        let url = request.url.map_or_else(|| "the discovered userinfo endpoint".to_owned(), |url| format!("`{url}`"));
        row("profile asked for at", Some(format!("{} {url}", request.method.word().to_uppercase())));
    }
    row(
        "PKCE",
        Some(match (card.pkce, card.pkce_reason) {
            (Pkce::S256, _) => "S256".to_owned(),
            (other, reason) => format!("{}: {}", other.word(), cell(reason.unwrap_or("the provider wants it so"))),
        }),
    );
    row(
        "client authentication",
        Some(match card.client_authentication {
            _ if card.signed_secret.is_some() => "a JWT signed with your private key, in place of a secret".to_owned(),
            Some(ClientAuthentication::Post) => "secret in the form (`client_secret_post`)".to_owned(),
            Some(ClientAuthentication::None) => "none: a public client".to_owned(),
            None if card.protocol == Protocol::Oidc => {
                "as the provider advertises, else `client_secret_basic`".to_owned()
            }
            _ => "secret in the header (`client_secret_basic`)".to_owned(),
        }),
    );
    row("answers with", (card.response_mode == ResponseMode::FormPost).then(|| "a posted form".to_owned()));
    let pairs: Vec<String> =
        card.authorization_params.iter().map(|(name, value)| format!("`{name}={value}`")).collect();
    row("also sent", (!pairs.is_empty()).then(|| pairs.join(", ")));
    let rows = rows.join("\n");
    let words = if rows.contains('{') { "\n\nWords in braces are options, or follow from them." } else { "" };
    format!("## How it speaks\n\n| | |\n|---|---|\n{rows}{words}")
}

fn notes(card: &Provider) -> String {
    let (differences, quirks): (Vec<&str>, Vec<&str>) = card.notes.iter().partition(|note| note.contains("Auth.js"));
    let section = |heading: &str, notes: &[&str]| match notes {
        [] => String::new(),
        notes => {
            let items: Vec<String> = notes.iter().map(|note| format!("- {}", sentence(note))).collect();
            format!("## {heading}\n\n{}", items.join("\n"))
        }
    };
    let sections = [section("What to know", &quirks), section("Compared with Auth.js", &differences)];
    sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn tools(card: &Provider) -> String {
    let check = match card.protocol {
        Protocol::Oidc => {
            format!("authstile providers check {}      # does its discovery document fit the card?\n", card.id)
        }
        _ => String::new(),
    };
    format!(
        "## Try it out

```sh
authstile providers show {id}       # the card as TOML
{check}authstile providers map {id} --profile answer.json   # who is this?
```",
        id = card.id
    )
}

/// With a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// As it may stand in a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Code in a table; with two backticks, should it have one.
fn code(text: &str) -> String {
    let text = cell(text);
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}
