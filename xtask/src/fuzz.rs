//! `cargo xtask fuzz` and `cargo xtask hostile`: input that nobody means well with.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::command::{build_folder, cargo, output, root, run};

/// What makes libFuzzer see where a run went; all of it is known to a stable compiler.
const INSTRUMENTATION: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Only the target of this name.
    #[arg(long)]
    target: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct HostileOptions {
    /// Requests for each endpoint.
    #[arg(long, default_value_t = 10_000)]
    requests: u32,
}

pub(crate) fn fuzz(options: &Options) -> Result<()> {
    let names = targets()?;
    let chosen: Vec<&String> =
        names.iter().filter(|name| options.target.as_ref().is_none_or(|target| target == *name)).collect();
    if chosen.is_empty() {
        bail!("there is no such target; there are: {}", names.join(", "));
    }
    let host = host()?;
    let folder = build_folder()?.join("fuzz");
    // Named apart from the host's own, build scripts and macros are built without instrumentation.
    run(cargo(&["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--bins", "--target", &host])
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTFLAGS", INSTRUMENTATION.split_whitespace().collect::<Vec<_>>().join(" ")))?;
    for name in chosen {
        let (found, artifacts) = (fuzz_folder("found", name)?, fuzz_folder("artifacts", name)?);
        run(Command::new(folder.join(&host).join("release").join(name))
            .current_dir(root())
            .arg(format!("-max_total_time={}", options.seconds))
            .args(["-max_len=8192", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .arg(found)
            .arg(root().join("fuzz/corpus").join(name)))?;
    }
    Ok(())
}

/// The names of the targets, which are those of their files.
fn targets() -> Result<Vec<String>> {
    let files = std::fs::read_dir(root().join("fuzz/fuzz_targets")).context("no folder fuzz/fuzz_targets")?;
    let mut names = Vec::new();
    for file in files {
        let path = file?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn fuzz_folder(kind: &str, target: &str) -> Result<PathBuf> {
    let folder = root().join("fuzz").join(kind).join(target);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The triple of this machine.
fn host() -> Result<String> {
    let version = output("rustc", &["-vV"]).context("`rustc -vV` failed")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not name its host")
}

pub(crate) fn hostile(options: &HostileOptions) -> Result<()> {
    let test = ["test", "--release", "--package", "authstile-server", "--test", "it", "--", "hostile", "--nocapture"];
    run(cargo(&test).env("AUTHSTILE_HOSTILE_REQUESTS", options.requests.to_string()))
}
