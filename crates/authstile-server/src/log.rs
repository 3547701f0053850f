//! The log, on standard error.

use std::io::IsTerminal as _;

use authstile::env::Environment;
use tracing_subscriber::EnvFilter;

use crate::mistake::Mistake;

/// What we do, and what goes wrong elsewhere.
const DEFAULT: &str = "warn,authstile=info";

/// Begins to log what `RUST_LOG` asks for.
pub(crate) fn to_standard_error(environment: &Environment) -> anyhow::Result<()> {
    let wanted = environment.get("RUST_LOG").unwrap_or(DEFAULT);
    let filter = EnvFilter::try_new(wanted).map_err(|error| {
        Mistake::new(format!("RUST_LOG is {wanted:?}, which is no filter: {error}"), format!("RUST_LOG={DEFAULT}"))
    })?;
    let coloured = std::io::stderr().is_terminal() && environment.get("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(coloured).init();
    Ok(())
}
