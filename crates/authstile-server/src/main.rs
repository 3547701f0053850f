//! The binary `authstile`: the demo, the engine as a server, and tools for its stores, for secrets and for tokens.

mod cards;
mod choice;
mod cli;
mod demo;
mod idp;
mod listen;
mod log;
mod mail;
mod migrate;
mod mistake;
mod patient;
mod people;
mod providers;
mod providers_command;
mod secret;
mod serve;
mod stores;
mod token;
mod transport;
mod upkeep;
mod verify;

use std::io::Write as _;
use std::process::ExitCode;

use authstile::env::Environment;
use clap::Parser as _;

use crate::cli::{Cli, Command, TokenCommand, WebhookCommand};

/// Small and fast where many short-lived values come and go, as in a server of short answers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the caller asked for cannot be done with what they gave; also clap's code for wrong usage.
const REFUSED: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = Environment::of_process();
    let (done, code) = match cli.command.unwrap_or(Command::Demo(cli.demo)) {
        Command::Demo(options) => (in_runtime(&environment, demo::run(&options)), 1),
        Command::Idp(options) => (in_runtime(&environment, idp::run(&options)), 1),
        Command::Providers(options) => (providers_command::run(&options, &environment), REFUSED),
        Command::Webhook { command: WebhookCommand::Verify(options) } => (verify::webhook(&options), REFUSED),
        Command::Token { command: TokenCommand::Verify(options) } => (verify::token(&options), REFUSED),
        Command::Serve => (in_runtime(&environment, serve::run(&environment)), 1),
        Command::Migrate(options) => (in_passing(&environment, migrate::run(&options, &environment)), REFUSED),
        Command::Users { command } => (in_passing(&environment, people::users::run(&command, &environment)), REFUSED),
        Command::Sessions { command } => {
            (in_passing(&environment, people::sessions::run(&command, &environment)), REFUSED)
        }
        Command::Secret => (secret::print(), 1),
        Command::Token { command: TokenCommand::Open(options) } => (token::open(&options, &environment), REFUSED),
        Command::Token { command: TokenCommand::Seal(options) } => (token::seal(&options, &environment), REFUSED),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            code.into()
        }
    }
}

/// Runs a server to its end, with a log.
fn in_runtime(environment: &Environment, server: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    log::to_standard_error(environment)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(server)
}

/// Runs a command that ends by itself; what it logs would only be in the way, unless somebody asks for it.
fn in_passing(environment: &Environment, command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    if environment.get("RUST_LOG").is_some() {
        log::to_standard_error(environment)?;
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(command)
}

/// Tells the person at the terminal. Nobody listening is no reason to fail.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "authstile: {text}");
}
