//! `authstile migrate`.

use std::io::Write as _;

use anyhow::Context as _;
use authstile::env::Environment;

use crate::cli::MigrateOptions;
use crate::mistake::Mistake;
use crate::stores::{self, Addresses};

/// Brings the database up to date, or says what that would be.
pub(crate) async fn run(options: &MigrateOptions, environment: &Environment) -> anyhow::Result<()> {
    let Some(address) = Addresses::of(environment)?.database else {
        let what = "DATABASE_URL is not set, so there is nothing to migrate";
        return Err(Mistake::new(what, "DATABASE_URL=postgres://user:password@db.example.com:5432/app").into());
    };
    let said = if options.dry_run {
        let pending = stores::pending(&address).await?;
        let lines = pending.iter().map(|name| format!("would apply {name}\n")).collect::<String>();
        if lines.is_empty() { "nothing to do\n".to_owned() } else { lines }
    } else {
        stores::migrate(&address).await?.to_string()
    };
    write!(std::io::stdout().lock(), "{said}").context("the answer cannot be written")
}
