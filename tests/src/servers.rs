//! Servers for tests: private instances of PostgreSQL, MariaDB, Redis and nginx on loopback, each in a temporary folder.
//!
//! A [`Server`] is up when it is returned, and gone when it is dropped. It can be killed as a power cut would, and started
//! again on the same port and with the same data. None of them outlives this process, however it ends, and none uses a
//! default port. The calls block: in an async test they belong on a multi-threaded runtime.

mod folder;
mod mariadb;
mod nginx;
mod postgres;
mod process;
mod redis;
#[cfg(all(test, feature = "services"))]
mod tests;

use std::fmt::Debug;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use folder::Folder;
use process::{Account, Launch, Process, Signal};

/// How long a server may take to be ready; a busy machine is slow.
const START: Duration = Duration::from_secs(60);
/// How long a port may stay taken after its server was killed.
const PORT_FREE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);
/// How many ports are tried: each can be taken between the look and the start.
const PORTS: usize = 8;

/// A server of the system, for as long as the value lives.
#[derive(Debug)]
pub struct Server {
    // Before the folder: dropped first, so that nobody writes into it any more.
    process: Option<Process>,
    recipe: Box<dyn Recipe>,
    account: Account,
    folder: Folder,
    port: u16,
}

/// What differs from one server to the next.
trait Recipe: Debug + Send + Sync {
    /// For the folder's name, and for errors.
    fn name(&self) -> &'static str;
    /// Who runs it when this process is root's.
    fn account(&self) -> &'static str;
    /// What ends it at once, with its helpers.
    fn end(&self) -> Signal;
    /// Fills its folder, once.
    fn prepare(&self, account: &Account, folder: &Folder) -> Result<()>;
    /// How to start it, each time.
    fn launch(&self, folder: &Folder, port: u16) -> Result<Launch>;
    /// What it logs when it has its port: another server that was faster would answer as well.
    fn ready_line(&self) -> &'static str;
    /// Whether it answers.
    fn answers(&self, port: u16) -> Result<bool>;
    /// Where it is, with a name and a password where it has them.
    fn url(&self, port: u16) -> String;
}

impl Server {
    /// PostgreSQL. The user of the URL is a superuser; each test creates a database of its own.
    ///
    /// # Errors
    /// When it is not installed or does not start; the error has its log.
    pub fn postgres() -> Result<Self> {
        Self::start(postgres::Postgres::new()?)
    }

    /// MariaDB. The user of the URL may do everything; each test creates a database of its own.
    ///
    /// # Errors
    /// When it is not installed or does not start; the error has its log.
    pub fn mariadb() -> Result<Self> {
        Self::start(mariadb::MariaDb::new()?)
    }

    /// Redis. What it holds is lost when it is killed.
    ///
    /// # Errors
    /// When it is not installed or does not start; the error has its log.
    pub fn redis() -> Result<Self> {
        Self::start(redis::Redis::alone()?)
    }

    /// A Redis cluster of one node, which has all the slots.
    ///
    /// # Errors
    /// When it is not installed or does not start; the error has its log.
    pub fn redis_cluster() -> Result<Self> {
        Self::start(redis::Redis::cluster()?)
    }

    /// nginx, given what stands in its `http` block, for the port that it has to listen on.
    ///
    /// ```no_run
    /// # use authstile_tests::servers::Server;
    /// let nginx = Server::nginx(|port| format!("server {{ listen 127.0.0.1:{port}; return 204; }}"))?;
    /// # anyhow::Ok(())
    /// ```
    ///
    /// # Errors
    /// When it is not installed, refuses the configuration or does not start; the error has its log.
    pub fn nginx(configuration: impl Fn(u16) -> String + Send + Sync + 'static) -> Result<Self> {
        Self::start(nginx::Nginx::new(configuration)?)
    }

    fn start(recipe: impl Recipe + 'static) -> Result<Self> {
        Self::start_on(Box::new(recipe), free_port)
    }

    fn start_on(recipe: Box<dyn Recipe>, mut next_port: impl FnMut() -> Result<u16>) -> Result<Self> {
        let name = recipe.name();
        let account = Account::of(recipe.account()).with_context(|| format!("{name} cannot run"))?;
        let folder = Folder::create(name, &account).with_context(|| format!("{name} has no folder"))?;
        recipe.prepare(&account, &folder).with_context(|| format!("{name} cannot be prepared"))?;
        let mut server = Self { process: None, recipe, account, folder, port: 0 };
        for _ in 0..PORTS {
            server.port = next_port()?;
            if server.run()? == Outcome::Ready {
                return Ok(server);
            }
        }
        bail!("{name} found {PORTS} ports taken, one after the other")
    }

    /// Where it is, with a name and a password where it has them.
    #[must_use]
    pub fn url(&self) -> String {
        self.recipe.url(self.port)
    }

    /// Its port on 127.0.0.1, the same for as long as the value lives.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process, unless it was killed.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Its own folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has logged since its first start.
    #[must_use]
    pub fn log(&self) -> String {
        self.folder.log_from(0)
    }

    /// Ends it without a warning, and its helpers with it: nothing is saved that was not saved before.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it again on the same port and in the same folder, after killing it if need be.
    ///
    /// # Errors
    /// When it does not start, or its port was taken meanwhile; the error has its log.
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        let deadline = Instant::now() + PORT_FREE;
        while self.run()? == Outcome::PortTaken {
            if Instant::now() > deadline {
                bail!("port {} of {} is taken", self.port, self.recipe.name());
            }
            sleep(POLL);
        }
        Ok(())
    }

    /// Starts it once and waits until it answers.
    fn run(&mut self) -> Result<Outcome> {
        let (name, log) = (self.recipe.name(), self.folder.log_length());
        let launch = self.recipe.launch(&self.folder, self.port)?;
        let mut process = Process::start(launch, &self.account, &self.folder, self.recipe.end())
            .with_context(|| format!("{name} cannot be started"))?;
        let deadline = Instant::now() + START;
        let mut last = None;
        loop {
            let text = self.folder.log_from(log);
            // nginx goes on trying for seconds, the others end.
            if text.contains("Address already in use") {
                return Ok(Outcome::PortTaken);
            }
            if let Some(status) = process.ended()? {
                bail!("{name} ended at its start: {status}; its log:\n{}", self.folder.log_from(log));
            }
            if text.contains(self.recipe.ready_line()) {
                match self.recipe.answers(self.port) {
                    Ok(true) => break,
                    Ok(false) => {}
                    Err(error) => last = Some(error),
                }
            }
            if Instant::now() > deadline {
                let last = last.map(|error| format!(" ({error:#})")).unwrap_or_default();
                bail!("{name} is not ready after {START:?}{last}; its log:\n{text}");
            }
            sleep(POLL);
        }
        self.process = Some(process);
        Ok(Outcome::Ready)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    Ready,
    PortTaken,
}

/// A port that was free a moment ago, below those that the system hands out to outgoing connections: while a server is down,
/// a client of another test must not get its port.
fn free_port() -> Result<u16> {
    for _ in 0..1000 {
        let port = 20_000 + random::<2>()?.into_iter().fold(0, |number, byte| number << 8 | u16::from(byte)) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port between 20000 and 32000")
}

/// A connection on which nothing waits for long.
fn talk(port: u16) -> Result<TcpStream> {
    let most = Duration::from_secs(5);
    let stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), most)?;
    stream.set_read_timeout(Some(most))?;
    stream.set_write_timeout(Some(most))?;
    Ok(stream)
}

/// For names and passwords: other users of the machine must not get in.
fn random_word() -> Result<String> {
    Ok(random::<12>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context("no randomness")?;
    Ok(bytes)
}
