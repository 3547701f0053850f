//! `cargo xtask docs`: one page for each provider, made from its card and from nothing else, and the page of the conformance
//! tests, made from their table.

#[allow(dead_code, unreachable_pub, reason = "it belongs to the tests, which use the rest of it")]
#[path = "../../tests/src/conformance/mod.rs"]
mod conformance;
mod index;
mod names;
mod page;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::command::root;

/// The first line of every page.
const MADE: &str =
    "<!-- Made by `cargo xtask docs` from the cards in crates/authstile-providers. Change the card, not this page. -->";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Write nothing; fail when a page is not what its card makes of it
    #[arg(long)]
    check: bool,
}

pub(crate) fn docs(options: &Options) -> Result<()> {
    if options.check { check() } else { write() }
}

/// The pages, by file name.
fn pages() -> Result<BTreeMap<String, String>> {
    let names = names::constants()?;
    let cards = authstile_providers::all();
    let mut pages = BTreeMap::from([("README.md".to_owned(), format!("{MADE}\n{}", index::page(cards)))]);
    for card in cards {
        let name = names.get(card.id).with_context(|| format!("no const is found for the card {}", card.id))?;
        pages.insert(format!("{}.md", card.id), format!("{MADE}\n{}", page::page(card, name)));
    }
    Ok(pages)
}

fn folder() -> PathBuf {
    root().join("docs/providers")
}

fn write() -> Result<()> {
    let (pages, folder) = (pages()?, folder());
    std::fs::create_dir_all(&folder)?;
    for name in strangers(&pages)? {
        std::fs::remove_file(folder.join(name))?;
    }
    for (name, text) in &pages {
        std::fs::write(folder.join(name), text)?;
    }
    std::fs::write(conformance_page(), conformance::page())?;
    println!("{} pages in docs/providers, and docs/conformance.md", pages.len());
    Ok(())
}

fn conformance_page() -> PathBuf {
    root().join("docs/conformance.md")
}

/// Fails when what is committed is not what the cards and the table make.
pub(crate) fn check() -> Result<()> {
    if std::fs::read_to_string(conformance_page()).ok() != Some(conformance::page()) {
        bail!("docs/conformance.md is not what tests/src/conformance says; run `cargo xtask docs`");
    }
    let (pages, folder) = (pages()?, folder());
    let is_stale = |(name, text): &(&String, &String)| {
        std::fs::read_to_string(folder.join(name)).ok().as_deref() != Some(text.as_str())
    };
    let stale: Vec<String> = pages.iter().filter(is_stale).map(|(name, _)| name.clone()).collect();
    let stale = [stale, strangers(&pages)?].concat();
    if !stale.is_empty() {
        bail!("pages in docs/providers are not what the cards say; run `cargo xtask docs`: {}", stale.join(", "));
    }
    Ok(())
}

/// Pages in the folder that no card makes.
fn strangers(pages: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let Ok(entries) = std::fs::read_dir(folder()) else { return Ok(Vec::new()) };
    let names =
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<Result<Vec<_>>>()?;
    Ok(names.into_iter().filter(|name| name.ends_with(".md") && !pages.contains_key(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_those_of_the_cards() {
        if let Err(stale) = check() {
            panic!("{stale}");
        }
    }

    #[test]
    fn every_page_says_how_to_begin() {
        for (name, text) in pages().unwrap_or_default() {
            assert!(text.starts_with(MADE), "{name}");
            assert!(!text.contains("\n\n\n") && text.ends_with('\n') && !text.ends_with("\n\n"), "{name}: blank lines");
            if name != "README.md" {
                let id = name.trim_end_matches(".md");
                for part in [&*format!("/api/auth/callback/{id}"), "```rust", "```toml", "```sh", "## The profile"] {
                    assert!(text.contains(part), "{name} has no {part}");
                }
            }
            assert_eq!(text.matches("```").count() % 2, 0, "{name}: a fence is open");
        }
    }
}
