//! What the tests need beside Rust: the list, the probes, and how to get what is missing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::command::{compat, output, root, run};

/// A program of the system that some tests use.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) probe: Probe,
    /// Debian packages that bring it.
    pub(crate) packages: &'static [&'static str],
}

/// How to see that a service is there.
#[derive(Debug)]
pub(crate) enum Probe {
    /// A file exists.
    File(&'static str),
    /// `<program> --version` prints a version whose first number is at least this.
    Version(&'static str, u32),
    /// `<program> -v` succeeds.
    Runs(&'static str),
}

/// Debian's browser, as the tests start it.
pub(crate) const CHROMIUM: &str = "/usr/bin/chromium";

/// Every service of `cargo xtask test`.
pub(crate) const SERVICES: &[Service] = &[
    Service { name: "Chromium", probe: Probe::File(CHROMIUM), packages: &["chromium", "fonts-liberation"] },
    NODE,
    NPM,
    POSTGRES,
    MARIADB,
    REDIS,
    Service { name: "nginx", probe: Probe::Runs("nginx"), packages: &["nginx"] },
];

/// What `cargo xtask servers` starts.
pub(crate) const DATABASES: &[Service] = &[POSTGRES, MARIADB, REDIS];

const POSTGRES: Service =
    Service { name: "PostgreSQL 13 or later", probe: Probe::Version("postgres", 13), packages: &["postgresql"] };

const MARIADB: Service =
    Service { name: "MariaDB 10 or later", probe: Probe::Version("mariadbd", 10), packages: &["mariadb-server"] };

const REDIS: Service =
    Service { name: "Redis 7 or later", probe: Probe::Version("redis-server", 7), packages: &["redis-server"] };

/// Runs Auth.js and `oidc-provider`, the JavaScript peers.
pub(crate) const NODE: Service =
    Service { name: "Node.js 20 or later", probe: Probe::Version("node", 20), packages: &["nodejs"] };

/// Installs them.
pub(crate) const NPM: Service = Service { name: "npm", probe: Probe::Version("npm", 9), packages: &["npm"] };

impl Service {
    fn is_there(&self) -> bool {
        match self.probe {
            Probe::File(path) => Path::new(path).exists(),
            Probe::Version(program, least) => {
                outputs(program, "--version").filter_map(|text| first_number(&text)).any(|version| version >= least)
            }
            Probe::Runs(program) => outputs(program, "-v").next().is_some(),
        }
    }
}

/// What a program says: the first in the path, then those where Debian keeps servers.
fn outputs(program: &str, argument: &str) -> impl Iterator<Item = String> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = versions.map(|version| version.path().join("bin")).chain([PathBuf::from("/usr/sbin")]);
    let programs = std::iter::once(PathBuf::from(program)).chain(folders.map(move |folder| folder.join(program)));
    programs.filter_map(move |program| output(&program.to_string_lossy(), &[argument]))
}

fn first_number(text: &str) -> Option<u32> {
    let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Installs the services that are missing, or says what to type.
pub(crate) fn ensure(services: &[Service]) -> Result<()> {
    let missing: Vec<&Service> = services.iter().filter(|service| !service.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|service| service.name).collect();
    let packages: Vec<&str> = missing.iter().flat_map(|service| service.packages).copied().collect();
    let by_hand = format!("apt-get update && apt-get install -y {}", packages.join(" "));
    println!("missing: {}", names.join(", "));

    let Some(apt_get) = apt_get() else {
        bail!("the tests need {}; install them as root: {by_hand}", names.join(", "));
    };
    run(apt_get().args(["-q", "update"]))?;
    run(apt_get().args(["-q", "install", "-y", "--no-install-recommends"]).args(&packages))
        .with_context(|| format!("install them by hand: {by_hand}"))?;

    let still: Vec<&str> = missing.iter().filter(|service| !service.is_there()).map(|service| service.name).collect();
    if !still.is_empty() {
        bail!("Debian's packages ({}) did not bring: {}", packages.join(" "), still.join(", "));
    }
    Ok(())
}

/// An `apt-get` that may install, if there is one: as root, or through a sudo that asks nothing.
fn apt_get() -> Option<impl Fn() -> Command> {
    output("apt-get", &["--version"])?;
    let is_root = output("id", &["-u"])?.trim() == "0";
    if !is_root {
        output("sudo", &["-n", "true"])?;
    }
    Some(move || {
        let mut command = if is_root { Command::new("env") } else { Command::new("sudo") };
        if !is_root {
            command.args(["-n", "env"]);
        }
        command
            .args(["DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_SUSPEND=1", "apt-get"])
            .args(["-o", "DPkg::Lock::Timeout=300"])
            // A changed configuration file stays, without a question.
            .args(["-o", "DPkg::Options::=--force-confdef", "-o", "DPkg::Options::=--force-confold"])
            .stdin(Stdio::null())
            .current_dir(root());
        command
    })
}

/// Installs the JavaScript peers exactly as locked, once per state of the lock file.
pub(crate) fn ensure_npm_packages() -> Result<()> {
    let compat = compat()?;
    let lock = std::fs::read(compat.join("package-lock.json")).context("tests/compat/package-lock.json")?;
    let stamp = compat.join("node_modules/.installed-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&compat))?;
    std::fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::first_number;

    #[test]
    fn versions_are_read_from_what_programs_print() {
        assert_eq!(first_number("v20.20.2\n"), Some(20));
        assert_eq!(first_number("11.19.1"), Some(11));
        assert_eq!(first_number("Chromium 156.0.8078.79 built on Debian"), Some(156));
        assert_eq!(first_number("none"), None);
    }
}
