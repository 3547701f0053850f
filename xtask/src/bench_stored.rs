//! `cargo xtask bench-stored`: `/session` from a store, beside the same look-up on the fastest bare driver behind hyper, and beside
//! Auth.js with its PostgreSQL adapter; in one run, as ratios. Servers and load are pinned as in `cargo xtask bench`.

use std::fmt;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::bench::{Measurement, Pins, Running, SECRET, first_answer, free_ports, origin, progress};
use crate::command::{cargo, compat, release_binary, run};
use crate::servers::Servers;
use crate::services::{DATABASES, NODE, NPM, ensure, ensure_npm_packages};

/// Authstile against the bare driver.
const AIM: f64 = 0.7;

/// Options of `cargo xtask bench-stored`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Length of one measurement.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Measurements of each server; the best counts.
    #[arg(long, default_value_t = 4)]
    rounds: usize,
    /// Connections that ask at once.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Measure what was built last.
    #[arg(long)]
    no_build: bool,
    /// Stores to measure.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Store::value_variants().to_vec())]
    stores: Vec<Store>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Store {
    Sqlite,
    Postgres,
    Redis,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Server {
    Authstile,
    Bare,
    Authjs,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Authstile => "authstile",
            Self::Bare => "bare driver",
            Self::Authjs => "Auth.js",
        })
    }
}

pub(crate) fn bench(options: &Options) -> Result<()> {
    ensure(&[NODE, NPM])?;
    ensure(DATABASES)?;
    ensure_npm_packages()?;
    if !options.no_build {
        run(&mut cargo(&["build", "--release", "--package", "authstile-server"]))?;
        let programs = ["--bin", "bench-load", "--bin", "bench-stored", "--features", "bench-stored"];
        run(cargo(&["build", "--release", "--package", "authstile-tests"]).args(programs))?;
    }
    let servers = Servers::start()?;
    let pins = Pins::find();
    println!(
        "{} connections, best of {} rounds of {} s; {pins}\n",
        options.connections, options.rounds, options.seconds
    );
    println!(
        "{:<9} {:<12} {:>10} {:>15} {:>8} {:>8}",
        "store", "server", "answers/s", "per CPU second", "p50 ms", "p99 ms"
    );
    let mut missed = 0;
    for store in &options.stores {
        let folder = scratch()?;
        let url = address(*store, &servers, &folder.0)?;
        let tokens = prepare(&url)?;
        let mut contenders = vec![Server::Authstile, Server::Bare];
        contenders.extend((*store == Store::Postgres).then_some(Server::Authjs));
        let ports = free_ports(contenders.len())?;
        let mut running = Vec::new();
        for (server, port) in contenders.iter().zip(ports) {
            let process =
                Running(command(*server, *store, &url, port, pins)?.spawn().context("cannot start a server")?);
            first_answer(port, "/api/auth/csrf").with_context(|| format!("{server} does not answer"))?;
            running.push((*server, port, process));
        }
        let best = rounds(&running, &tokens, options, pins, *store)?;
        for (server, measured) in &best {
            println!(
                "{:<9} {server:<12} {:>10.0} {:>15.0} {:>8.2} {:>8.2}",
                format!("{store:?}").to_lowercase(),
                measured.per_second,
                measured.per_cpu_second,
                measured.p50 * 1e3,
                measured.p99 * 1e3
            );
        }
        let of =
            |wanted| best.iter().find(|(server, _)| *server == wanted).map(|(_, measured)| measured.per_cpu_second);
        if let (Some(ours), Some(bare)) = (of(Server::Authstile), of(Server::Bare)) {
            let ratio = ours / bare;
            missed += usize::from(ratio < AIM);
            let verdict = if ratio < AIM { "MISSED" } else { "met" };
            let authjs = of(Server::Authjs).map(|theirs| format!(", {:.1} times Auth.js", ours / theirs));
            println!(
                "          {ratio:.2} of the bare driver ({verdict}: at least {AIM}){}",
                authjs.unwrap_or_default()
            );
        }
    }
    println!("\n{missed} aims missed; CPU time is that of the server alone, not of the database");
    Ok(())
}

fn rounds(
    running: &[(Server, u16, Running)],
    tokens: &str,
    options: &Options,
    pins: Pins,
    store: Store,
) -> Result<Vec<(Server, Measurement)>> {
    let mut all: Vec<Vec<Measurement>> = vec![Vec::new(); running.len()];
    for round in 0..=options.rounds {
        for ((server, port, process), measured) in running.iter().zip(&mut all) {
            progress(&format!("{store:?}, round {round}: {server}"));
            let done = pins
                .load(release_binary("bench-load")?)
                .args(["--workload", "session", "--target", &origin(*port), "--session", tokens])
                .args(["--pid", &process.0.id().to_string(), "--connections", &options.connections.to_string()])
                .args(["--seconds", &options.seconds.to_string()])
                .stderr(Stdio::inherit())
                .output()
                .context("cannot start bench-load")?;
            let text = String::from_utf8_lossy(&done.stdout);
            let one = Measurement::read(&text).with_context(|| format!("bench-load failed on {server}: {text}"))?;
            if let Some(failure) = &one.failure {
                bail!("{server} failed some requests: {failure}");
            }
            // Round 0 is for caches and just-in-time compilers.
            if round > 0 {
                measured.push(one);
            }
        }
    }
    progress("");
    let best =
        running.iter().zip(&all).filter_map(|((server, ..), rounds)| Some((*server, Measurement::best(rounds)?)));
    Ok(best.collect())
}

fn command(server: Server, store: Store, url: &str, port: u16, pins: Pins) -> Result<Command> {
    let mut command = match server {
        Server::Authstile => {
            let mut command = pins.server(release_binary("authstile")?);
            command.arg("serve").env(if store == Store::Redis { "REDIS_URL" } else { "DATABASE_URL" }, url);
            command
        }
        Server::Bare => {
            let mut command = pins.server(release_binary("bench-stored")?);
            command.args(["serve", url]);
            command
        }
        Server::Authjs => {
            let mut command = pins.server("node");
            command.arg(compat()?.join("authjs-server.mjs")).env("NODE_ENV", "production").env("DATABASE_URL", url);
            command
        }
    };
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

/// Fills the store, and returns the cookies of some hundred sessions, with commas between them.
fn prepare(url: &str) -> Result<String> {
    let done = Command::new(release_binary("bench-stored")?)
        .args(["prepare", url])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start bench-stored")?;
    if !done.status.success() {
        bail!("the store at {url} cannot be filled");
    }
    Ok(String::from_utf8(done.stdout)?.trim().to_owned())
}

fn address(store: Store, servers: &Servers, folder: &std::path::Path) -> Result<String> {
    let variable = match store {
        Store::Sqlite => return Ok(format!("sqlite:{}", folder.join("bench.db").display())),
        Store::Postgres => "AUTHSTILE_TEST_POSTGRES",
        Store::Redis => "AUTHSTILE_TEST_REDIS",
    };
    let environment = servers.environment()?;
    let found = environment.iter().find(|(name, _)| *name == variable).map(|(_, url)| (*url).to_owned());
    found.with_context(|| format!("no {variable}"))
}

/// A folder that goes with its value.
pub(crate) struct Scratch(std::path::PathBuf);

impl Scratch {
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.0
    }
}

pub(crate) fn scratch() -> Result<Scratch> {
    let folder = std::env::temp_dir().join(format!("authstile-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(Scratch(folder))
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
