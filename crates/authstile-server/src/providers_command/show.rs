//! `authstile providers show`: a card as TOML, with what one has to know as comments.

use authstile::card_file;
use authstile::provider::{OptionKind, ProfileSource, Provider};

use super::print;
use crate::cards;

pub(super) fn run(card: &Provider) -> anyhow::Result<()> {
    print(&text(card)?)
}

/// The card as a file that [`card_file::read_list`] reads.
pub(super) fn text(card: &Provider) -> anyhow::Result<String> {
    let mut head = Comments::default();
    head.line(&format!("{} ({}).", card.name, kind(card)));
    head.line(&format!(
        "As it stands, it changes nothing. Keep `id` and the lines to change, save it, and set {}=<its path>.",
        cards::VARIABLE
    ));
    if let Some(why) = card.deprecated {
        head.line(&format!("Deprecated: {why}."));
    }
    head.blank();
    match card.registration_url {
        Some(url) => head.line(&format!("Register your application at {url}")),
        None => head.line("Register your application at the provider."),
    }
    head.line(&format!("Redirect URI to register: <your address>/api/auth/callback/{}", card.id));
    head.lines(card.docs_url.map(|url| format!("Documentation: {url}")));
    head.blank();
    head.line("Environment variables:");
    for variable in card.variables() {
        let need = if variable.required { "" } else { "; optional" };
        head.line(&format!("  {}: {}{need}", variable.name, variable.doc));
    }
    for option in card.options {
        let values: Vec<&str> = option.cases.iter().filter_map(|case| case.is).collect();
        let mut said = Vec::new();
        if option.kind == OptionKind::Choice {
            said.push(format!("one of {}", values.join(", ")));
        }
        said.extend(option.default.map(|default| format!("{default:?} unless set")));
        if !said.is_empty() {
            head.line(&format!("  {}: {}", card.variable(option.name), said.join("; ")));
        }
    }
    head.blank();
    head.line(match card.profile_source {
        ProfileSource::IdToken if card.userinfo.is_empty() => "The profile is what the ID token says.",
        ProfileSource::TokenAnswer if card.userinfo.is_empty() => "The profile is what the token answer says.",
        _ => "The profile comes from requests to the provider.",
    });
    head.lines(card.profile_note.map(str::to_owned));
    card.notes.iter().for_each(|note| head.line(note));
    Ok(format!("{}\n{}", head.0, card_file::write_list(&[*card])?))
}

fn kind(card: &Provider) -> &'static str {
    match card.protocol.as_str() {
        "oidc" => "OpenID Connect",
        _ => "OAuth 2.0",
    }
}

/// Lines that begin with `#` and are not too long.
#[derive(Default)]
struct Comments(String);

impl Comments {
    fn line(&mut self, text: &str) {
        let indent = if text.starts_with("  ") { "  " } else { "" };
        let mut line = format!("#{}", if indent.is_empty() { "" } else { "  " });
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            if line.chars().count() + word.chars().count() > 118 {
                self.0.push_str(&line);
                self.0.push('\n');
                line = format!("#  {indent}");
            }
            line.push(' ');
            line.push_str(word);
        }
        self.0.push_str(&line);
        self.0.push('\n');
    }

    fn lines(&mut self, text: Option<String>) {
        if let Some(text) = text {
            self.line(&text);
        }
    }

    fn blank(&mut self) {
        self.0.push_str("#\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cards::Cards;

    #[test]
    fn every_card_is_shown_as_a_file_that_is_that_card() {
        for card in Cards::default().all() {
            let shown = text(&card).unwrap();
            let read = card_file::read_list(&shown, |_| None);
            assert_eq!(read.unwrap_or_else(|error| panic!("{error}\n{shown}")), [card], "{shown}");
            assert!(shown.lines().filter(|line| line.starts_with('#')).all(|line| line.chars().count() <= 180));
        }
    }
}
