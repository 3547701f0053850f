//! `authstile secret`, and the demo's.

use std::io::Write as _;

use anyhow::Context as _;
use authstile::random::{Random as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Prints a new secret, and nothing else.
pub(crate) fn print() -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{}", new()?).context("the secret cannot be written")
}

/// 32 random bytes, in base64.
pub(crate) fn new() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes)?;
    Ok(STANDARD.encode(bytes))
}
