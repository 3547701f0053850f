//! Other programs, and where things lie in the workspace.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// Runs a program with the terminal of this one; an exit code other than 0 is an error that names the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = announce(command).status();
    let status = status.with_context(|| format!("cannot start `{}`", spelled(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", spelled(command));
    }
    Ok(())
}

/// Prints a command as one would type it, before it runs.
pub(crate) fn announce(command: &mut Command) -> &mut Command {
    println!("\n$ {}", spelled(command));
    command
}

/// Standard output of a program, or nothing when it is missing or fails.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stderr(Stdio::null())
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Cargo, at the root of the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    command
}

/// Whether `cargo <name>` exists.
pub(crate) fn has_cargo_tool(name: &str) -> bool {
    output("cargo", &[name, "--version"]).is_some()
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The JavaScript peers.
pub(crate) fn compat() -> Result<PathBuf> {
    let path = root().join("tests/compat");
    path.canonicalize().with_context(|| format!("no {}", path.display()))
}

/// A program of the release build.
pub(crate) fn release_binary(name: &str) -> Result<PathBuf> {
    Ok(build_folder()?.join("release").join(name))
}

/// Where cargo builds.
pub(crate) fn build_folder() -> Result<PathBuf> {
    let metadata = metadata()?;
    let target = metadata.get("target_directory").and_then(Value::as_str).context("no target directory")?;
    Ok(PathBuf::from(target))
}

/// Compiles the tests that need a service, of every crate that has such: those with a feature `services`.
pub(crate) fn service_features() -> Result<[String; 2]> {
    let metadata = metadata()?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("no packages")?;
    let with_services = packages.iter().filter(|package| package.pointer("/features/services").is_some());
    let features = with_services.filter_map(|package| Some(format!("{}/services", package.get("name")?.as_str()?)));
    Ok(["--features".to_owned(), features.collect::<Vec<_>>().join(",")])
}

/// What cargo knows about the workspace.
fn metadata() -> Result<Value> {
    let metadata =
        output("cargo", &["metadata", "--no-deps", "--format-version", "1"]).context("`cargo metadata` failed")?;
    Ok(serde_json::from_str(&metadata)?)
}

fn spelled(command: &Command) -> String {
    let mut text = String::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            let _ = write!(text, "{}={} ", name.to_string_lossy(), value.to_string_lossy());
        }
    }
    let program = Path::new(command.get_program());
    text.push_str(&program.file_name().unwrap_or(command.get_program()).to_string_lossy());
    for argument in command.get_args() {
        let _ = write!(text, " {}", argument.to_string_lossy());
    }
    text
}
