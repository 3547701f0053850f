//! Under which name a card is exported, which a value cannot say: its source does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::command::root;

/// The consts, by the ids of their cards.
pub(super) fn constants() -> Result<BTreeMap<String, String>> {
    let mut files = vec![root().join("crates/authstile/src/provider/shelf.rs")];
    collect(&root().join("crates/authstile-providers/src"), &mut files)?;
    let mut names = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        names.extend(in_text(&text));
    }
    Ok(names)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn in_text(text: &str) -> Vec<(String, String)> {
    let cards = text.split("pub const ").skip(1).filter_map(|rest| {
        let (name, card) = rest.split_once(": Provider = Provider {")?;
        let (_, id) = card.split_once("id: \"")?;
        Some((id.split('"').next()?.to_owned(), name.to_owned()))
    });
    cards.filter(|(_, name)| !name.contains(char::is_whitespace)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_of_the_catalogue_has_its_const() {
        let text = "pub const A: &str = \"x\";\npub const FORTY_TWO: Provider = Provider {\n    id: \"42\",\n";
        assert_eq!(in_text(text), [("42".to_owned(), "FORTY_TWO".to_owned())]);
        let names = constants().unwrap_or_default();
        for card in authstile_providers::all() {
            assert!(names.contains_key(card.id), "{}", card.id);
        }
    }
}
