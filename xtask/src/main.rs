//! `cargo xtask`: tests with every peer they need, lints, fuzzing, the providers' pages, and the benchmark. Never needed to build or to use Authstile.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

mod bench;
mod bench_revocations;
mod bench_stored;
mod command;
mod docs;
mod fuzz;
mod lint;
mod servers;
mod services;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Tasks of the Authstile workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything that CI runs as a test: doc tests, unit tests, Auth.js, a certified provider, a real browser, databases.
    ///
    /// Installs what is missing (Chromium, Node.js, PostgreSQL, MariaDB, Redis, nginx) with apt-get when allowed to, and the
    /// JavaScript peers with npm. Databases run as private instances on free ports, for as long as the tests.
    Test(test::Options),
    /// Keeps the databases of the tests running until interrupted, and prints the environment for a shell.
    ///
    /// For single tests: paste what it prints into another terminal, then `cargo test --features services`.
    Servers,
    /// Writes docs/providers, a page for each provider, from the cards, and docs/conformance.md from the table of its tests.
    Docs(docs::Options),
    /// Format, clippy, licences and bans, documentation links, pages of providers; every warning is an error.
    Lint,
    /// Runs each target in fuzz/ with libFuzzer for some seconds, from the seeds in fuzz/corpus.
    ///
    /// Needs a C++ compiler and no nightly toolchain. What is found is kept in fuzz/found, what breaks a target in fuzz/artifacts.
    /// `cargo test --test fuzz_targets` runs the same targets without libFuzzer.
    Fuzz(fuzz::Options),
    /// Sends ten thousand random and mutated requests to each endpoint of the release binary.
    Hostile(fuzz::HostileOptions),
    /// Loads the release binary, a bare hyper server with the same cryptography and Auth.js in one run, and prints ratios.
    Bench(bench::Options),
    /// The same for sessions in SQLite, PostgreSQL and Redis, beside the fastest driver of each, and Auth.js with PostgreSQL.
    BenchStored(bench_stored::Options),
    /// What it costs a session in a cookie to know what was revoked: in memory, SQLite, PostgreSQL and Redis.
    BenchRevocations(bench_revocations::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Test(options) => test::test(&options),
        Task::Servers => servers::servers(),
        Task::Docs(options) => docs::docs(&options).map(|()| ExitCode::SUCCESS),
        Task::Fuzz(options) => fuzz::fuzz(&options).map(|()| ExitCode::SUCCESS),
        Task::Hostile(options) => fuzz::hostile(&options).map(|()| ExitCode::SUCCESS),
        Task::Lint => lint::lint().map(|()| ExitCode::SUCCESS),
        Task::BenchStored(options) => bench_stored::bench(&options).map(|()| ExitCode::SUCCESS),
        Task::BenchRevocations(options) => bench_revocations::bench(&options).map(|()| ExitCode::SUCCESS),
        Task::Bench(options) => bench::bench(&options).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        eprintln!("\nxtask: {error:#}");
        ExitCode::FAILURE
    })
}
