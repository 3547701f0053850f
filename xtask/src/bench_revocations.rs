//! `cargo xtask bench-revocations`: what it costs `/session` of a session in a cookie to know on every machine what was revoked:
//! revocations in memory, in SQLite, PostgreSQL and Redis, in one run, as ratios. Servers and load are pinned as in
//! `cargo xtask bench`.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use serde_json::json;

use crate::bench::{Measurement, Pins, Running, SECRET, first_answer, free_ports, mint, origin, progress};
use crate::bench_stored::scratch;
use crate::command::{cargo, release_binary, run};
use crate::servers::Servers;
use crate::services::{DATABASES, NODE, NPM, ensure, ensure_npm_packages};

/// Of the answers with revocations in memory.
const AIM: f64 = 0.9;

/// Options of `cargo xtask bench-revocations`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Length of one measurement.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Measurements of each server; the best counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Connections that ask at once: one question to the store is shared by those that wait for it.
    #[arg(long, value_delimiter = ',', default_values_t = [32, 1])]
    connections: Vec<usize>,
    /// Measure what was built last.
    #[arg(long)]
    no_build: bool,
}

/// Where revocations are, and how they are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Kept {
    Memory,
    Sqlite,
    Postgres,
    Redis,
    RedisWithin,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Memory => "memory",
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
            Self::RedisWithin => "Redis, within 1 s",
        })
    }
}

pub(crate) fn bench(options: &Options) -> Result<()> {
    ensure(&[NODE, NPM])?;
    ensure(DATABASES)?;
    ensure_npm_packages()?;
    if !options.no_build {
        run(&mut cargo(&["build", "--release", "--package", "authstile-server"]))?;
        run(&mut cargo(&["build", "--release", "--package", "authstile-tests", "--bin", "bench-load"]))?;
    }
    let (servers, pins, folder) = (Servers::start()?, Pins::find(), scratch()?);
    let session = session()?;
    let places = Kept::value_variants();
    let mut running = Vec::new();
    for (kept, port) in places.iter().zip(free_ports(places.len())?) {
        let process = Running(command(*kept, port, &servers, folder.path(), pins)?.spawn().context("cannot start")?);
        first_answer(port, "/api/auth/csrf").with_context(|| format!("the server with {kept} does not answer"))?;
        running.push((*kept, port, process));
    }
    let mut missed = 0;
    for connections in &options.connections {
        println!("\n{connections} connections, best of {} rounds of {} s; {pins}", options.rounds, options.seconds);
        println!(
            "{:<18} {:>10} {:>15} {:>8} {:>8} {:>10}",
            "revocations in", "answers/s", "per CPU second", "p50 ms", "p99 ms", "of memory"
        );
        let best = rounds(&running, &session, *connections, options, pins)?;
        let memory = best.first().map_or(f64::NAN, |(_, measured)| measured.per_cpu_second);
        for (kept, measured) in &best {
            let ratio = measured.per_cpu_second / memory;
            println!(
                "{kept:<18} {:>10.0} {:>15.0} {:>8.2} {:>8.2} {ratio:>10.2}",
                measured.per_second,
                measured.per_cpu_second,
                measured.p50 * 1e3,
                measured.p99 * 1e3
            );
            missed += usize::from(*connections > 1 && ratio < AIM);
        }
    }
    println!("\n{missed} aims missed (at least {AIM} of memory under load); CPU time is that of the server alone");
    Ok(())
}

fn rounds(
    running: &[(Kept, u16, Running)],
    session: &str,
    connections: usize,
    options: &Options,
    pins: Pins,
) -> Result<Vec<(Kept, Measurement)>> {
    let mut all: Vec<Vec<Measurement>> = vec![Vec::new(); running.len()];
    for round in 0..=options.rounds {
        for ((kept, port, process), measured) in running.iter().zip(&mut all) {
            progress(&format!("{connections} connections, round {round}: {kept}"));
            let done = pins
                .load(release_binary("bench-load")?)
                .args(["--workload", "session", "--target", &origin(*port), "--session", session])
                .args(["--pid", &process.0.id().to_string(), "--connections", &connections.to_string()])
                .args(["--seconds", &options.seconds.to_string()])
                .stderr(Stdio::inherit())
                .output()
                .context("cannot start bench-load")?;
            let text = String::from_utf8_lossy(&done.stdout);
            let one = Measurement::read(&text).with_context(|| format!("bench-load failed on {kept}: {text}"))?;
            if let Some(failure) = &one.failure {
                bail!("the server with {kept} failed some requests: {failure}");
            }
            // Round 0 is for caches.
            if round > 0 {
                measured.push(one);
            }
        }
    }
    progress("");
    let best = running.iter().zip(&all).filter_map(|((kept, ..), rounds)| Some((*kept, Measurement::best(rounds)?)));
    Ok(best.collect())
}

/// A session as this project makes them: with what it can be ended by.
fn session() -> Result<String> {
    // As long as keys are, and as many as a session of an organization has.
    let keys: Vec<String> = (0..7).map(|number| format!("BenchmarkKey-{number:03}")).collect();
    mint(&json!({
        "name": "Ada Lovelace", "email": "ada@acme.example", "picture": "https://images.acme.example/people/ada.png",
        "sub": "conn_70087756662964366;e964d135-35c7-4a13-a3b4-2579a1cdf4e6",
        "authstile": {
            "id": "0190163d-8694-739b-aea5-966c26f8ad91", "provider": "scalekit", "at": 1_767_225_600_000_i64, "keys": keys,
        },
    }))
}

fn command(kept: Kept, port: u16, servers: &Servers, folder: &Path, pins: Pins) -> Result<Command> {
    let mut command = pins.server(release_binary("authstile")?);
    command.arg("serve").env("AUTHSTILE_SESSIONS", "cookie");
    let environment = servers.environment()?;
    let url = |variable: &str| {
        let found = environment.iter().find(|(name, _)| *name == variable).map(|(_, url)| (*url).to_owned());
        found.with_context(|| format!("no {variable}"))
    };
    match kept {
        Kept::Memory => {}
        Kept::Sqlite => {
            command.env("DATABASE_URL", format!("sqlite:{}", folder.join("bench.db").display()));
        }
        Kept::Postgres => {
            let url = url("AUTHSTILE_TEST_POSTGRES")?;
            run(Command::new(release_binary("authstile")?).arg("migrate").env("DATABASE_URL", &url))?;
            command.env("DATABASE_URL", url);
        }
        Kept::Redis => {
            command.env("REDIS_URL", url("AUTHSTILE_TEST_REDIS")?);
        }
        Kept::RedisWithin => {
            command.env("REDIS_URL", url("AUTHSTILE_TEST_REDIS")?).env("AUTHSTILE_REVOCATIONS_WITHIN", "1");
        }
    }
    command
        .env("HOST", "127.0.0.1")
        .env("PORT", port.to_string())
        .env("AUTH_URL", origin(port))
        .env("AUTH_SECRET", SECRET)
        .env("AUTH_SCALEKIT_ID", "skc_bench")
        .env("AUTH_SCALEKIT_SECRET", "test_bench")
        .env("AUTH_SCALEKIT_ISSUER", "http://127.0.0.1:9")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(command)
}
