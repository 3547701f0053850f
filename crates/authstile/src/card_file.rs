//! Cards as TOML: a provider without compiling, and a built-in card to start from.

mod list;

use serde::Deserialize as _;

pub use list::{read_list, write_list};

use crate::provider::Provider;

/// Why a file is no card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", .line.map(|line| format!("line {line}: ")).unwrap_or_default())]
#[non_exhaustive]
pub struct CardFileError {
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The field, what is wrong with it, and the fix.
    pub problem: String,
}

/// Reads a card and checks it. Its texts are leaked: cards live as long as the process.
///
/// # Errors
/// When it is no TOML, a field is unknown or of the wrong type, or the card could not work.
pub fn read(text: &str) -> Result<Provider, CardFileError> {
    let card = toml::Deserializer::parse(text).and_then(Provider::deserialize).map_err(|error| wrong(text, &error))?;
    match card.problems().into_iter().next() {
        None => Ok(card),
        Some(problem) => Err(CardFileError { line: line_of(text, &problem.field), problem: problem.to_string() }),
    }
}

/// Where the TOML is wrong, and what about it.
fn wrong(text: &str, error: &toml::de::Error) -> CardFileError {
    let line = error.span().map(|span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
    let long = error.to_string();
    // The last line of the long form names the path of the field, where there is one; else the line in the file does.
    let path = long.lines().rev().find_map(|line| line.strip_prefix("in `")).map(|path| path.trim_end_matches('`'));
    let key = line.and_then(|line| text.lines().nth(line - 1)?.split_once('=')).map(|(key, _)| key.trim());
    let message = error.message().trim();
    let field = path.or(key).filter(|field| !field.is_empty() && !message.contains(&format!("`{field}`")));
    CardFileError {
        line,
        problem: match field {
            Some(field) => format!("{field}: {message}"),
            None => message.to_owned(),
        },
    }
}

/// Writes a card: what equals the base is left out.
///
/// # Errors
/// Only when a card cannot be written as TOML at all, which no built-in card is.
pub fn write(card: &Provider) -> Result<String, toml::ser::Error> {
    toml::to_string(card)
}

/// The line on which a field stands: the key of that name, in the table that it belongs to.
fn line_of(text: &str, field: &str) -> Option<usize> {
    let mut path: Vec<&str> = field.split('.').collect();
    let key = path.pop()?;
    let (table, number) = (path.first().copied().unwrap_or(""), path.get(1).and_then(|number| number.parse().ok()));
    let (mut inside, mut seen) = ("", 0usize);
    let mut best = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            inside = header.trim_matches(['[', ']']).split('.').next().unwrap_or("").trim();
            seen += usize::from(inside == table && line.starts_with("[["));
            if inside == table && number.is_none_or(|number: usize| number + 1 == seen) {
                best = best.or(Some(index + 1));
            }
        }
        let name = line.split('=').next().unwrap_or("").trim().trim_matches('"');
        let here = inside == table && number.is_none_or(|number| number + 1 == seen);
        if line.contains('=') && ((here && name == key) || (inside.is_empty() && name == table)) {
            return Some(index + 1);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{GITHUB, OIDC};

    #[test]
    fn a_card_goes_through_toml_and_back_unchanged() {
        for card in [GITHUB, OIDC] {
            let text = write(&card).unwrap();
            assert_eq!(read(&text).unwrap_or_else(|error| panic!("{error}\n{text}")), card, "{text}");
        }
        let short =
            write(&Provider { id: "acme", name: "Acme", issuer: Some("https://acme.example"), ..OIDC }).unwrap();
        assert_eq!(short, "id = \"acme\"\nname = \"Acme\"\nprotocol = \"oidc\"\nissuer = \"https://acme.example\"\n");
    }

    #[test]
    fn a_wrong_card_gets_an_error_that_names_the_field_the_line_and_the_fix() {
        let plain = "id = \"acme\"\nname = \"Acme\"\nprotocol = \"oauth2\"\nauthorization = \"https://a.example/authorize\"\ntoken = \"https://a.example/token\"\n";
        let tail = "[[userinfo]]\nurl = \"https://a.example/me\"\n[profile]\nid = \"/id\"\n";
        read(&format!("{plain}{tail}")).unwrap();
        let with = |line: &str| format!("{plain}{line}\n{tail}");
        for (text, line, words) in [
            (with("scopes = \"x\""), Some(6), "did you mean `scope`?"),
            (with("scope = 7"), Some(6), "scope: invalid type: integer `7`, expected a string"),
            (with("pkce = \"sha\""), Some(6), "expected one of `s256`, `plain`, `none`"),
            (with("pkce = \"none\""), Some(6), "pkce_reason"),
            (with("jwks = \"http://a.example/jwks\""), Some(6), "must use https"),
            (with("refresh = \"https://{shop}.example\""), Some(6), "names `{shop}`, which is no option of this card"),
            (with("issuer = \"{issuers}/x\""), Some(6), "did you mean `{issuer}`?"),
            (with("options = [{ doc = \"x\" }]"), Some(6), "missing field `name`"),
            (with("style = { background = \"#000\", color = \"#fff\" }"), Some(6), "unknown field `color`"),
            (with("authorization_rename = { state = \"s\" }"), Some(6), "must not rename `state`"),
            (plain.replace("id = \"acme\"\n", "") + tail, Some(1), "missing field `id`"),
            (format!("{plain}{}", tail.replace("\"/id\"", "\"id\"")), Some(9), "expected a pointer"),
            (
                format!("{plain}{}when = \"/a ??\"\n", tail.replace("[profile]\nid = \"/id\"\n", "")),
                Some(8),
                "expected a pointer",
            ),
            (
                format!("{plain}{}", tail.replace("url =", "access_token = \"beer\"\nurl =")),
                Some(7),
                "expected \"bearer\"",
            ),
            (
                format!("{plain}{}", tail.replace("url =", "body = { xml = {} }\nurl =")),
                Some(7),
                "known here: form, json, graphql",
            ),
            (plain.to_owned(), None, "where is the profile?"),
            ("id = ".to_owned(), Some(1), ""),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.problem.contains(words), "{error}\nshould say {words:?}\n{text}");
            assert_eq!(error.line, line, "{error}\n{text}");
        }
    }
}
