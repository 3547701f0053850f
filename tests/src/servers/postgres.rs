//! PostgreSQL.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::folder::Folder;
use super::process::{Account, Launch, Signal, find};
use super::{Recipe, random_word, talk};

const USER: &str = "authstile";

#[derive(Debug)]
pub(super) struct Postgres {
    server: PathBuf,
    initdb: PathBuf,
    password: String,
}

impl Postgres {
    pub(super) fn new() -> Result<Self> {
        let server = find(&["postgres"])?.canonicalize()?;
        // The one beside it: that of another version would make a folder which this one cannot read.
        let initdb = server.with_file_name("initdb");
        Ok(Self { server, initdb, password: random_word()? })
    }
}

impl Recipe for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn account(&self) -> &'static str {
        "postgres"
    }

    fn end(&self) -> Signal {
        // An immediate shutdown: it leaves no shared memory behind, as it would when killed.
        Signal::Quit
    }

    fn prepare(&self, account: &Account, folder: &Folder) -> Result<()> {
        let password = folder.write("password", &self.password)?;
        let initdb = Launch::new(&self.initdb)
            .arguments(["--pgdata=data", "--no-sync", "--locale=C.UTF-8", "--encoding=UTF8", "--auth=scram-sha-256"])
            .arguments([format!("--username={USER}"), format!("--pwfile={}", password.display())]);
        account.run(initdb, folder)
    }

    fn launch(&self, _: &Folder, port: u16) -> Result<Launch> {
        let settings = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "shared_buffers=64MB",
            // What a transaction wrote outlives the process, not the machine.
            "fsync=off",
            "full_page_writes=off",
        ];
        let settings = settings.into_iter().flat_map(|setting| ["-c", setting]);
        Ok(Launch::new(&self.server).arguments(["-D", "data", "-p", &port.to_string()]).arguments(settings))
    }

    fn ready_line(&self) -> &'static str {
        "database system is ready to accept connections"
    }

    fn answers(&self, port: u16) -> Result<bool> {
        // A start-up message: length, protocol 3.0, parameters. It asks for a password only when it would let one in.
        let parameters = format!("user\0{USER}\0database\0postgres\0\0");
        let length = u32::try_from(8 + parameters.len()).context("a short message")?;
        let mut stream = talk(port)?;
        stream.write_all(&[&length.to_be_bytes(), &196_608_u32.to_be_bytes(), parameters.as_bytes()].concat())?;
        let mut kind = [0];
        stream.read_exact(&mut kind)?;
        Ok(kind == *b"R")
    }

    fn url(&self, port: u16) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{port}/postgres", self.password)
    }
}
