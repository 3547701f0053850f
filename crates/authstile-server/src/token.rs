//! `authstile token open` and `authstile token seal`.

use std::io::{Read as _, Write as _};

use anyhow::Context as _;
use authstile::Claims;
use authstile::clock::{Clock as _, SystemClock, UnixTime};
use authstile::env::Environment;
use authstile::seal::Sealer;

use crate::cli::{OpenOptions, SealOptions};
use crate::mistake::Mistake;
use crate::say;
use authstile::random::SystemRandom;

/// A token on standard input, its claims on standard output.
pub(crate) fn open(options: &OpenOptions, environment: &Environment) -> anyhow::Result<()> {
    let sealer = sealer(environment, &options.cookie_name)?;
    let token = input("the token")?;
    let claims = sealer
        .open(token.trim_end_matches(['\r', '\n']), moment(options.now))
        .with_context(|| format!("this is no session token of the cookie {:?}", options.cookie_name))?;
    print(&serde_json::to_string(&claims)?)
}

/// Claims on standard input, a token on standard output.
pub(crate) fn seal(options: &SealOptions, environment: &Environment) -> anyhow::Result<()> {
    let sealer = sealer(environment, &options.cookie_name)?;
    let claims: Claims = serde_json::from_str(&input("the claims")?)
        .context("the claims must be a JSON object, such as {\"sub\":\"1\"}")?;
    print(&sealer.seal(claims, options.max_age, moment(options.now), &SystemRandom)?)
}

/// The secrets as `serve` takes them, except that a weak one is good enough to look into a token.
fn sealer(environment: &Environment, cookie_name: &str) -> anyhow::Result<Sealer> {
    let secrets = environment.secrets();
    let sealer = Sealer::new(&secrets, cookie_name).map_err(|_| {
        Mistake::new("no secret is set: the token can only be read with the one that sealed it", "AUTH_SECRET=…")
    })?;
    if let Err(weak) = secrets.check() {
        say(&format!("warning: `serve` refuses these secrets: {weak}"));
    }
    Ok(sealer)
}

fn moment(given: Option<i64>) -> UnixTime {
    given.map_or_else(|| SystemClock.now(), UnixTime::from_seconds)
}

fn input(what: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut text)
        .with_context(|| format!("{what} cannot be read from standard input"))?;
    Ok(text)
}

fn print(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("the answer cannot be written")
}
