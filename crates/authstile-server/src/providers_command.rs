//! `authstile providers`: the catalogue at a glance, one card as TOML, a mapping tried out, a provider checked.

mod check;
mod list;
mod map;
mod show;

use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use authstile::env::Environment;
pub(crate) use list::{group, kind};

use crate::cards;
use crate::cli::{ProvidersCommand, ProvidersOptions};

pub(crate) fn run(options: &ProvidersOptions, environment: &Environment) -> anyhow::Result<()> {
    let cards = cards::of(environment)?;
    match &options.command {
        None => list::run(&options.list, &cards),
        Some(ProvidersCommand::Show { id }) => show::run(&cards.require(id)?),
        Some(ProvidersCommand::Map(options)) => map::run(options, cards),
        Some(ProvidersCommand::Check(options)) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(check::run(options, &cards, environment)),
    }
}

/// The text of a file, or of standard input for `-`.
fn input(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text).context("standard input cannot be read")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// To standard output. Whoever closed it does not want to read more.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("the answer cannot be written")
        }
        _ => Ok(()),
    }
}
