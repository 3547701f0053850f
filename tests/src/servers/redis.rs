//! Redis, alone and as a cluster of one.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use anyhow::Result;

use super::folder::Folder;
use super::process::{Account, Launch, Signal, find};
use super::{Recipe, free_port, random_word, talk};

const SLOTS: u16 = 16_384;

#[derive(Debug)]
pub(super) struct Redis {
    server: PathBuf,
    password: String,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mode {
    Alone,
    Cluster,
}

impl Redis {
    pub(super) fn alone() -> Result<Self> {
        Self::new(Mode::Alone)
    }

    pub(super) fn cluster() -> Result<Self> {
        Self::new(Mode::Cluster)
    }

    fn new(mode: Mode) -> Result<Self> {
        Ok(Self { server: find(&["redis-server"])?, password: random_word()?, mode })
    }

    /// Asks one thing, in the inline form of the protocol.
    fn ask(&self, port: u16, command: &str) -> Result<String> {
        let mut stream = talk(port)?;
        write!(stream, "AUTH {}\r\n{command}\r\nQUIT\r\n", self.password)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Recipe for Redis {
    fn name(&self) -> &'static str {
        match self.mode {
            Mode::Alone => "redis",
            Mode::Cluster => "redis-cluster",
        }
    }

    fn account(&self) -> &'static str {
        "redis"
    }

    fn end(&self) -> Signal {
        Signal::Kill
    }

    fn prepare(&self, _: &Account, _: &Folder) -> Result<()> {
        Ok(())
    }

    fn launch(&self, folder: &Folder, port: u16) -> Result<Launch> {
        let mut settings = format!(
            "port {port}\nbind 127.0.0.1\nrequirepass {}\nmasterauth {0}\ndir {}\nsave \"\"\nappendonly no\ndaemonize no\n",
            self.password,
            folder.path().display()
        );
        if self.mode == Mode::Cluster {
            let bus = free_port()?;
            settings += &format!("cluster-enabled yes\ncluster-port {bus}\ncluster-announce-ip 127.0.0.1\n");
        }
        // In a file, since everybody on the machine can read the arguments.
        Ok(Launch::new(&self.server).arguments([folder.write("redis.conf", &settings)?]))
    }

    fn ready_line(&self) -> &'static str {
        "Ready to accept connections"
    }

    fn answers(&self, port: u16) -> Result<bool> {
        if self.mode == Mode::Alone {
            return Ok(self.ask(port, "PING")?.contains("+PONG"));
        }
        let state = self.ask(port, "CLUSTER INFO")?;
        if state.contains("cluster_slots_assigned:0\r") {
            self.ask(port, &format!("CLUSTER ADDSLOTSRANGE 0 {}", SLOTS - 1))?;
        }
        Ok(state.contains("cluster_state:ok"))
    }

    fn url(&self, port: u16) -> String {
        format!("redis://default:{}@127.0.0.1:{port}/", self.password)
    }
}
