//! `cargo xtask test`: the peers, the release binary, the doc tests, the servers, and last of all the tests, so that their summary ends the output.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::command::{announce, cargo, compat, has_cargo_tool, release_binary, run, service_features};
use crate::servers::Servers;
use crate::services::{CHROMIUM, SERVICES, ensure, ensure_npm_packages};

/// Options of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only tests whose name contains this.
    #[arg(long)]
    filter: Option<String>,
}

/// The exit code is the test runner's, and nothing is printed after it.
pub(crate) fn test(options: &Options) -> Result<ExitCode> {
    ensure(SERVICES)?;
    ensure_npm_packages()?;
    run(&mut cargo(&["build", "--release", "--package", "authstile-server"]))?;
    run(cargo(&["test", "--workspace", "--doc"]).args(&options.filter))?;

    // They end when this function does.
    let servers = Servers::start()?;
    let mut tests = if has_cargo_tool("nextest") {
        cargo(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
    };
    let tests = with_peers(tests.args(service_features()?).args(&options.filter))?.envs(servers.environment()?);
    let code = announce(tests).status().context("cannot start cargo")?.code();
    Ok(code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// What tests learn from the environment: the release binary, the JavaScript peers, the browser.
fn with_peers(command: &mut Command) -> Result<&mut Command> {
    Ok(command
        .env("AUTHSTILE_BIN", release_binary("authstile")?)
        .env("AUTHSTILE_COMPAT", compat()?)
        .env("AUTHSTILE_CHROMIUM", CHROMIUM))
}
