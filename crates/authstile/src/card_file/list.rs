//! Several cards in one file: new ones, and built-in ones of which only what is given changes.

use serde::Deserialize as _;
use toml::{Table, Value};

use super::{CardFileError, line_of, wrong};
use crate::provider::Provider;

/// Reads a file of `[[provider]]` tables, or one that is a single card, as [`write`](super::write) makes it.
///
/// A table whose `id` is `known` begins with that card: only what is given changes; tables such as `style` and `profile`
/// change member by member, lists such as `userinfo` as a whole. Any other `id` is a new card, and `protocol` chooses its
/// base. Credentials have no place in it.
///
/// # Errors
/// With the line and the field, when a card cannot be read or could not work, an id comes twice, or a secret stands there.
pub fn read_list(text: &str, known: impl Fn(&str) -> Option<Provider>) -> Result<Vec<Provider>, CardFileError> {
    let file: Table = toml::from_str(text).map_err(|error| wrong(text, &error))?;
    let tables = tables(&file).map_err(|problem| CardFileError { line: None, problem })?;
    let sections = sections(text, &file, tables.len());
    let mut cards: Vec<Provider> = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        let section = sections.as_ref().and_then(|sections| sections.get(number));
        // Tables that are not written as `[[provider]]` are read all the same, without lines.
        let section = match section {
            Some(section) => Section { text: section.clone(), has_lines: true },
            None => Section { text: toml::to_string(table).unwrap_or_default(), has_lines: false },
        };
        let card = section.read(table, &known)?;
        if cards.iter().any(|other| other.id == card.id) {
            return Err(section.error("id", format!("{:?} comes twice", card.id)));
        }
        cards.push(card);
    }
    Ok(cards)
}

/// Writes cards as a file of `[[provider]]` tables.
///
/// # Errors
/// Only when a card cannot be written as TOML at all, which no built-in card is.
pub fn write_list(cards: &[Provider]) -> Result<String, toml::ser::Error> {
    toml::to_string(&std::collections::BTreeMap::from([("provider", cards)]))
}

fn tables(file: &Table) -> Result<Vec<&Table>, String> {
    const FORM: &str = "write one [[provider]] table for each card";
    let Some(list) = file.get("provider") else {
        return match file.contains_key("id") {
            true => Ok(vec![file]),
            false => Err(format!("there is no card in this file: {FORM}")),
        };
    };
    if let Some(stranger) = file.keys().find(|key| *key != "provider") {
        return Err(format!("`{stranger}` stands outside of the cards: {FORM}, and its fields below it"));
    }
    let list = list.as_array().and_then(|list| list.iter().map(Value::as_table).collect::<Option<Vec<_>>>());
    list.filter(|list| !list.is_empty()).ok_or_else(|| format!("`provider` is no list of tables: {FORM}"))
}

/// The text of each card as if it stood alone, on the lines on which it stands in the file; `None` where they cannot be
/// told apart.
fn sections(text: &str, file: &Table, count: usize) -> Option<Vec<String>> {
    if !file.contains_key("provider") {
        return Some(vec![text.to_owned()]);
    }
    let is_start = |line: &str| header(line).is_some_and(|(double, path)| double && path == "provider");
    let starts: Vec<usize> =
        text.lines().enumerate().filter(|(_, line)| is_start(line)).map(|(number, _)| number).collect();
    if starts.len() != count {
        return None;
    }
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    let section = |(start, end): (usize, usize)| {
        let lines = text.lines().take(end).enumerate().map(|(number, line)| match number {
            number if number <= start => String::new(),
            _ => match header(line).and_then(|(_, path)| path.strip_prefix("provider.")) {
                Some(_) => line.replacen("provider.", "", 1),
                None => line.to_owned(),
            },
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    Some(starts.iter().copied().zip(ends).map(section).collect())
}

/// Whether a header of a table has two brackets, and its path.
fn header(line: &str) -> Option<(bool, &str)> {
    let inside = line.trim().strip_prefix('[')?;
    let double = inside.starts_with('[');
    let path = inside.trim_start_matches('[').split(']').next()?.trim();
    Some((double, path))
}

/// One card of a file.
struct Section {
    text: String,
    has_lines: bool,
}

impl Section {
    fn read(&self, table: &Table, known: &impl Fn(&str) -> Option<Provider>) -> Result<Provider, CardFileError> {
        let Some(id) = table.get("id").and_then(Value::as_str) else {
            return Err(CardFileError {
                line: self.first_line(),
                problem: "`id` is missing: write id = \"acme\", or the id of a built-in card to change it".to_owned(),
            });
        };
        self.no_secrets(id, table)?;
        let Some(base) = known(id) else {
            if !table.contains_key("protocol") {
                let problem = format!(
                    "`protocol` is missing, and there is no built-in card {id:?} to start from: write protocol = \"oidc\" or \
                     protocol = \"oauth2\""
                );
                return Err(CardFileError { line: self.line("id"), problem });
            }
            return super::read(&self.text).map_err(|error| self.placed(error, id));
        };
        let base = Table::try_from(base).map_err(|error| self.error("id", error.to_string()))?;
        let merged = merged(base, table);
        let card = Provider::deserialize(Value::Table(merged)).map_err(|error| self.misfit(id, table, &error))?;
        match card.problems().into_iter().next() {
            None => Ok(card),
            Some(problem) => Err(self.error(&problem.field, format!("{id}: {problem}"))),
        }
    }

    /// What is wrong with the types, on the line on which it stands: the table alone is read once more for that, with
    /// what it may leave out because its base has it.
    fn misfit(&self, id: &str, table: &Table, merged: &toml::de::Error) -> CardFileError {
        let missing = [("name", "x"), ("protocol", "oauth2")].into_iter().filter(|(key, _)| !table.contains_key(*key));
        let missing: String = missing.map(|(key, value)| format!("{key} = \"{value}\"\n")).collect();
        let text = format!("{missing}{}", self.text);
        let alone = toml::Deserializer::parse(&text).and_then(Provider::deserialize);
        let error = match &alone {
            Err(error) => {
                let mut error = wrong(&text, error);
                error.line =
                    error.line.and_then(|line| line.checked_sub(missing.lines().count())).filter(|line| *line > 0);
                error
            }
            Ok(_) => CardFileError { line: None, problem: merged.message().trim().to_owned() },
        };
        self.placed(error, id)
    }

    /// Credentials are in the environment: a file with cards is copied, committed and shown to others.
    fn no_secrets(&self, id: &str, table: &Table) -> Result<(), CardFileError> {
        let Some(key) = secret_in(table, "") else { return Ok(()) };
        let variable = |ending: &str| format!("AUTH_{id}_{ending}").to_ascii_uppercase().replace(['-', '.'], "_");
        let ending = if plain(&key).ends_with("clientid") { "ID" } else { "SECRET" };
        let what = if ending == "ID" { "a client id" } else { "a secret" };
        let problem = format!(
            "{id}: `{key}` is {what}, which must not stand in this file: set {} in the environment, and remove the line",
            variable(ending)
        );
        // It may stand in a table on one line, inside another.
        let name = key.rsplit('.').next().unwrap_or(&key);
        let at = |line: &str| line.split(['=', '{', ',']).any(|part| part.trim().trim_matches('"') == name);
        let line = self.text.lines().position(at).map(|index| index + 1).filter(|_| self.has_lines);
        Err(CardFileError { line: line.or_else(|| self.line(&key)), problem })
    }

    fn line(&self, field: &str) -> Option<usize> {
        line_of(&self.text, field).filter(|_| self.has_lines).or_else(|| self.first_line())
    }

    fn error(&self, field: &str, problem: String) -> CardFileError {
        CardFileError { line: self.line(field), problem }
    }

    fn placed(&self, error: CardFileError, id: &str) -> CardFileError {
        let first = self.first_line();
        let line = error.line.filter(|_| self.has_lines).max(first);
        CardFileError { line, problem: format!("{id}: {}", error.problem) }
    }

    fn first_line(&self) -> Option<usize> {
        let blank = self.text.lines().take_while(|line| line.trim().is_empty()).count();
        self.has_lines.then_some(blank.max(1))
    }
}

/// What is given lies over the base: tables member by member, everything else as a whole.
fn merged(mut base: Table, given: &Table) -> Table {
    for (key, value) in given {
        let value = match (base.remove(key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => Value::Table(merged(below, above)),
            (_, value) => value.clone(),
        };
        base.insert(key.clone(), value);
    }
    base
}

fn plain(key: &str) -> String {
    key.to_ascii_lowercase().replace(['_', '-', '.'], "")
}

/// The path of a key that holds a credential in clear: by its name, where it is no template, pointer or new name of a
/// parameter; or by its content.
fn secret_in(table: &Table, path: &str) -> Option<String> {
    const SECRETS: [&str; 7] =
        ["clientsecret", "clientid", "secret", "password", "privatekey", "apikey", "accesstoken"];
    // Their keys are names of parameters and members, and their values are never secrets.
    if ["authorization_rename", "token_request.rename", "token_answer.rename", "profile"].contains(&path) {
        return None;
    }
    table.iter().find_map(|(key, value)| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            Value::String(text) => {
                let named =
                    SECRETS.contains(&plain(key).as_str()) && !(path.starts_with("userinfo") && key == "access_token");
                let in_clear = !text.contains('{') && !text.starts_with('/') && !text.is_empty();
                ((named && in_clear) || text.contains("PRIVATE KEY-----")).then_some(path)
            }
            Value::Table(table) => secret_in(table, &path),
            Value::Array(list) => list
                .iter()
                .enumerate()
                .find_map(|(number, item)| secret_in(item.as_table()?, &format!("{path}.{number}"))),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{GITHUB, OIDC, Protocol};

    fn known(id: &str) -> Option<Provider> {
        (id == "github").then_some(GITHUB)
    }

    const ACME: &str = "# ours\n[[provider]]\nid = \"acme\"\nname = \"Acme\"\nprotocol = \"oauth2\"\nauthorization = \"https://a.example/authorize\"\ntoken = \"https://a.example/token\"\n\n[[provider.userinfo]]\nurl = \"https://a.example/me\"\n\n[provider.profile]\nid = \"/id\"\n";

    #[test]
    fn new_cards_begin_with_their_protocol_and_built_in_ones_with_themselves() {
        let text = format!(
            "{ACME}\n[[provider]]\nid = \"github\"\nscope = \"read:org\"\n[provider.style]\nbackground = \"#000000\"\n[provider.profile]\nimage = \"\"\n"
        );
        let cards = read_list(&text, known).unwrap();
        let [acme, github] = cards.as_slice() else { panic!("{cards:?}") };
        assert_eq!((acme.id, acme.protocol, acme.profile.id), ("acme", Protocol::OAuth2, "/id"));
        let mut expected = Provider { scope: "read:org", ..GITHUB };
        expected.style.background = "#000000";
        expected.profile.image = "";
        assert_eq!(*github, expected);
    }

    #[test]
    fn a_single_card_is_a_file_too_and_lists_go_there_and_back() {
        let acme = Provider { id: "acme", name: "Acme", issuer: Some("https://acme.example"), ..OIDC };
        assert_eq!(read_list(&super::super::write(&acme).unwrap(), known).unwrap(), [acme]);
        assert_eq!(read_list("id = \"github\"\nscope = \"x\"", known).unwrap(), [Provider { scope: "x", ..GITHUB }]);
        let both = [acme, GITHUB];
        assert_eq!(read_list(&write_list(&both).unwrap(), |_| None).unwrap(), both);
        assert_eq!(read_list(&write_list(&both).unwrap(), known).unwrap(), both);
        let inline = "provider = [{ id = \"github\", scope = \"x\" }]";
        assert_eq!(read_list(inline, known).unwrap(), [Provider { scope: "x", ..GITHUB }]);
    }

    #[test]
    fn mistakes_have_their_line_in_the_file_their_field_and_a_fix() {
        let github = |line: &str| format!("{ACME}\n[[provider]]\nid = \"github\"\n{line}\n");
        for (text, line, words) in [
            (ACME.replace("url =", "uri ="), Some(10), "acme: unknown field `uri`; did you mean `url`?"),
            (ACME.replace("https://a.example/token", "http://a.example/token"), Some(7), "must use https"),
            (ACME.replace("\"/id\"", "\"id\""), Some(13), "expected a pointer"),
            (
                ACME.replace("protocol = \"oauth2\"\n", ""),
                Some(3),
                "write protocol = \"oidc\" or protocol = \"oauth2\"",
            ),
            (ACME.replace("name = \"Acme\"\n", ""), Some(2), "missing field `name`"),
            (ACME.replace("id = \"acme\"\n", ""), Some(2), "`id` is missing"),
            (github("scopes = \"x\""), Some(17), "github: unknown field `scopes`; did you mean `scope`?"),
            (github("scope = 7"), Some(17), "github: scope: invalid type"),
            (github("token = \"https://{shop}.example\""), Some(17), "names `{shop}`"),
            (github("[provider.profile]\nname = \"/a ??\""), Some(18), "github: profile.name"),
            (github("[provider.profile]\nnick = \"/a\""), Some(18), "unknown field `nick`"),
            (format!("{ACME}{ACME}"), Some(16), "\"acme\" comes twice"),
            ("x = 1\n[[provider]]\nid = \"github\"".to_owned(), None, "`x` stands outside of the cards"),
            ("".to_owned(), None, "write one [[provider]] table for each card"),
            ("provider = 3".to_owned(), None, "write one [[provider]] table"),
            ("[[provider]]\nid = ".to_owned(), Some(2), ""),
        ] {
            let error = read_list(&text, known).unwrap_err();
            assert_eq!(error.line, line, "{error}\n{text}");
            assert!(error.problem.contains(words), "{error}\n{text}");
        }
    }

    #[test]
    fn credentials_have_no_place_in_it() {
        let key = "-----BEGIN PRIVATE KEY-----";
        for (line, number, variable) in [
            ("client_secret = \"s\"".to_owned(), 3, "AUTH_GITHUB_SECRET"),
            ("secret = \"s\"".to_owned(), 3, "AUTH_GITHUB_SECRET"),
            ("clientId = \"s\"".to_owned(), 3, "AUTH_GITHUB_ID"),
            ("[provider.token_request.params]\nclient_secret = \"s\"".to_owned(), 4, "AUTH_GITHUB_SECRET"),
            ("[[provider.options]]\nname = \"key\"\ndefault = \"".to_owned() + key + "\"", 5, "AUTH_GITHUB_SECRET"),
            ("[[provider.userinfo]]\nheaders = { api-key = \"k\" }".to_owned(), 4, "AUTH_GITHUB_SECRET"),
        ] {
            let error = read_list(&format!("[[provider]]\nid = \"github\"\n{line}\n"), known).unwrap_err();
            assert!(error.problem.contains(variable) && error.problem.contains("must not stand"), "{error}");
            assert!(!error.problem.contains("\"s\""), "{error}");
            assert_eq!(error.line, Some(number), "{error}");
        }
        for line in [
            "[provider.token_request.params]\nclient_secret = \"{client_secret}\"",
            "[provider.token_request.rename]\nclient_secret = \"secret\"",
            "[provider.token_answer.rename]\naccess_token = \"/authed_user/access_token\"",
            "[[provider.userinfo]]\nurl = \"https://a.example/me\"\naccess_token = \"bearer\"",
        ] {
            read_list(&format!("[[provider]]\nid = \"github\"\n{line}\n"), known).unwrap();
        }
    }
}
