//! Processes that never outlive this one.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use authstile::env::Environment;

use super::POLL;
use super::folder::Folder;

/// Debian keeps servers where only root's `PATH` leads.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long a process may take to end.
const END: Duration = Duration::from_secs(10);

/// Who runs a server: most refuse to run as root.
#[derive(Debug)]
pub(super) struct Account {
    /// Nothing when this process has no choice.
    ids: Option<(u32, u32)>,
}

impl Account {
    /// A user of the system if this process is root's, else whoever runs this process.
    pub(super) fn of(name: &str) -> Result<Self> {
        let id = |arguments: &[&str]| -> Result<u32> {
            let done = Command::new("id").args(arguments).output().context("cannot start `id`")?;
            String::from_utf8_lossy(&done.stdout).trim().parse().with_context(|| format!("no user {name}"))
        };
        let ids = if id(&["-u"])? == 0 { Some((id(&["-u", name])?, id(&["-g", name])?)) } else { None };
        Ok(Self { ids })
    }

    pub(super) fn give(&self, path: &Path) -> Result<()> {
        if let Some((user, group)) = self.ids {
            std::os::unix::fs::chown(path, Some(user), Some(group))?;
        }
        Ok(())
    }

    /// Runs a program of the preparation, to its end.
    pub(super) fn run(&self, launch: Launch, folder: &Folder) -> Result<()> {
        let (name, log) = (launch.program.display().to_string(), folder.log_length());
        let mut process = Process::start(launch, self, folder, Signal::Kill)?;
        let deadline = Instant::now() + super::START;
        loop {
            match process.ended()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("{name} failed: {status}; it says:\n{}", folder.log_from(log)),
                None if Instant::now() > deadline => bail!("{name} takes too long; it says:\n{}", folder.log_from(log)),
                None => sleep(POLL),
            }
        }
    }
}

/// A program and its arguments.
#[derive(Debug)]
pub(super) struct Launch {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Launch {
    pub(super) fn new(program: &Path) -> Self {
        Self { program: program.to_owned(), arguments: Vec::new() }
    }

    pub(super) fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }
}

/// How a process is told to end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signal {
    Kill,
    Quit,
    Term,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Quit => "QUIT",
            Self::Term => "TERM",
        }
    }

    fn send(self, pids: &[u32]) {
        // The shell's own `kill`: the program is in a package that small systems lack.
        let mut command = Command::new("sh");
        command.args(["-c", r#"kill -s "$@" 2>/dev/null"#, "sh", self.name()]).args(pids.iter().map(u32::to_string));
        let _ = command.stdin(Stdio::null()).status();
    }
}

/// A running program; ended when dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    end: Signal,
}

impl Process {
    pub(super) fn start(launch: Launch, account: &Account, folder: &Folder, end: Signal) -> Result<Self> {
        // The kernel sends the signal when this process is gone, however it went.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", end.name()]);
        if let Some((user, group)) = account.ids {
            command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
        }
        let (stdout, stderr) = folder.log()?;
        command
            .arg("--")
            .arg(&launch.program)
            .args(&launch.arguments)
            .env_clear()
            .envs([("PATH", SYSTEM_PATH), ("LC_ALL", "C.UTF-8")])
            .current_dir(folder.path())
            // Ctrl-C goes to the tests, and they end their servers.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr);
        let child = spawn(command).with_context(|| format!("cannot start {}", launch.program.display()))?;
        Ok(Self { child, end })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Ends it and its helpers, none of which hears of it before.
    pub(super) fn kill(&mut self) {
        if matches!(self.ended(), Ok(Some(_))) {
            return;
        }
        let helpers = descendants(self.pid());
        let _ = self.child.kill();
        let _ = self.child.wait();
        Signal::Kill.send(&helpers);
        let deadline = Instant::now() + END;
        while helpers.iter().any(|pid| is_alive(*pid)) && Instant::now() < deadline {
            sleep(POLL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.end, Signal::Kill) && matches!(self.ended(), Ok(None)) {
            self.end.send(&[self.pid()]);
            let deadline = Instant::now() + END;
            while matches!(self.ended(), Ok(None)) && Instant::now() < deadline {
                sleep(POLL);
            }
        }
        self.kill();
    }
}

/// Starts a process from a thread that lives as long as this process: to the kernel, the parent whose death counts is the
/// thread, and those of tests are short-lived.
fn spawn(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static ORDERS: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (orders, received) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, reply) in received {
                let _ = reply.send(command.spawn());
            }
        });
        orders
    });
    let (reply, started) = mpsc::channel();
    orders.send((command, reply)).map_err(io::Error::other)?;
    started.recv().map_err(io::Error::other)?
}

/// The helpers of a process, and theirs.
pub(super) fn descendants(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    children.flat_map(|child| [vec![child], descendants(child)].concat()).collect()
}

/// Whether a process is there; one that only waits for its parent to look is not.
pub(super) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

/// A program, wherever Debian puts it: the first of its names that is found.
pub(super) fn find(names: &[&str]) -> Result<PathBuf> {
    let path = Environment::of_process().get("PATH").unwrap_or_default().to_owned() + ":" + SYSTEM_PATH;
    let folders = postgres_folders().into_iter().chain(std::env::split_paths(&path));
    let folders: Vec<PathBuf> = folders.collect();
    let mut found = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let missing = || format!("{} is not installed; `cargo xtask test` installs what is missing", names.join(" or "));
    found.find(|program| program.is_file()).with_context(missing)
}

/// The programs of PostgreSQL, its newest version first.
fn postgres_folders() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}
