//! The servers that tests share: private instances on free ports of loopback, kept by the program `test-servers` of the tests.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use crate::command::{build_folder, cargo, service_features};
use crate::services::{DATABASES, ensure};

/// `cargo xtask servers`: only the lines for a shell go to standard output.
pub(crate) fn servers() -> Result<ExitCode> {
    ensure(DATABASES)?;
    let mut servers = Servers::start()?;
    for (variable, url) in servers.environment()? {
        println!("export {variable}='{url}'");
    }
    eprintln!("\nThe servers run until this is interrupted.");
    servers.wait()
}

/// They end with this value, or with this process.
pub(crate) struct Servers {
    program: Child,
    environment: Map<String, Value>,
}

impl Servers {
    /// Builds the program that starts them, starts it, and waits until they answer.
    pub(crate) fn start() -> Result<Self> {
        // The features of the tests, so that nothing is compiled twice.
        let mut build = cargo(&["build", "--quiet", "--workspace", "--bin", "test-servers"]);
        if !build.args(service_features()?).status().context("cannot start cargo")?.success() {
            bail!("the starter of the servers cannot be built");
        }
        let program = Command::new(build_folder()?.join("debug/test-servers"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start test-servers")?;
        let mut servers = Self { program, environment: Map::new() };
        let mut line = String::new();
        BufReader::new(servers.program.stdout.take().context("no standard output")?).read_line(&mut line)?;
        servers.environment = serde_json::from_str(&line).context("the servers did not start")?;
        Ok(servers)
    }

    /// Where they are: the variables that tests read.
    pub(crate) fn environment(&self) -> Result<Vec<(&str, &str)>> {
        let pairs = self.environment.iter().map(|(variable, url)| Some((variable.as_str(), url.as_str()?)));
        pairs.collect::<Option<_>>().context("test-servers names something that is no text")
    }

    fn wait(&mut self) -> Result<ExitCode> {
        // Not `wait`, which closes its input, and so ends it.
        let input = self.program.stdin.take();
        let status = self.program.wait()?;
        drop(input);
        Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.program.stdin.take());
        let _ = self.program.wait();
    }
}
