//! `cargo xtask bench`: the release binary, a bare hyper server and Auth.js under the same load in one run, and their ratios.
//!
//! Each server is pinned to the first core, load and identity provider to the second. Rounds alternate between the
//! servers, and the best round of each counts: neighbours only ever make a program slower. The figure to trust on a
//! shared machine is answers per second of CPU time.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::command::{cargo, compat, output, release_binary, run};
use crate::services::{NODE, NPM, ensure, ensure_npm_packages};

pub(crate) const SECRET: &str = "5f9c0b6d1e7a4823b6c5d4e3f2a1908776655443322110ffeeddccbbaa998877";
const CLIENT_ID: &str = "skc_bench";
const CLIENT_SECRET: &str = "test_bench";
const STARTS: usize = 5;

/// Options of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Length of one measurement.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Measurements of each server under each workload; the best counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Connections that ask at once.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Measure what was built last.
    #[arg(long)]
    no_build: bool,
    /// Servers to compare.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Server::Authstile, Server::Hundred, Server::Bare, Server::BareHundred, Server::Authjs])]
    servers: Vec<Server>,
    /// Workloads to run.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Workload::value_variants().to_vec())]
    workloads: Vec<Workload>,
}

/// Who is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Server {
    /// `authstile serve`, as released.
    Authstile,
    /// The same, with a hundred providers in place of one.
    Hundred,
    /// hyper and the same cryptography, nothing else.
    Bare,
    /// The same, with a list of a hundred providers: what the longer answer costs by itself.
    BareHundred,
    /// Auth.js on Node.
    Authjs,
}

/// What is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Workload {
    /// `GET /api/auth/session`, signed in.
    Session,
    /// `GET /api/auth/csrf`.
    Csrf,
    /// `GET /api/auth/providers`.
    Providers,
    /// `POST /api/auth/signin/scalekit`.
    Signin,
    /// A whole login; the bare server has none.
    Login,
}

pub(crate) fn bench(options: &Options) -> Result<()> {
    ensure(&[NODE, NPM])?;
    ensure_npm_packages()?;
    if !options.no_build {
        build(options)?;
    }

    let pins = Pins::find();
    let ports: Vec<u16> = free_ports(options.servers.len() + 1)?;
    let (idp_port, server_ports) = ports.split_first().context("no port")?;
    let idp = start_idp(pins, *idp_port, server_ports)?;
    let session = mint_session()?;

    let mut contenders = Vec::new();
    for (server, port) in options.servers.iter().zip(server_ports) {
        contenders.push(Contender::start(*server, *port, *idp_port, pins)?);
    }

    compare_headers(&contenders, &session)?;
    let mut results = Vec::new();
    for workload in &options.workloads {
        let mut rounds: Vec<Vec<Measurement>> = vec![Vec::new(); contenders.len()];
        for round in 0..=options.rounds {
            for (contender, rounds) in contenders.iter().zip(&mut rounds) {
                if contender.server.serves(*workload) {
                    progress(&format!("{workload}, round {round}: {}", contender.server));
                    let measured = measure(contender, *workload, &session, options, pins)?;
                    // Round 0 is for just-in-time compilers and caches: Auth.js doubles its speed in its first seconds.
                    if round > 0 {
                        rounds.push(measured);
                    }
                }
            }
        }
        for (contender, rounds) in contenders.iter().zip(&rounds) {
            if let Some(measured) = Measurement::best(rounds) {
                results.push((*workload, contender.server, measured));
            }
        }
    }
    progress("");
    let memory: Vec<Option<f64>> = contenders.iter().map(|contender| contender.process.memory()).collect();
    drop(idp);

    println!(
        "\n{} connections, best of {} rounds of {} s; {pins}",
        options.connections, options.rounds, options.seconds
    );
    print_measurements(&results);
    print_ratios(options, &results);
    print_aims(&contenders, &memory, &results);
    match results.iter().find_map(|(workload, server, measured)| Some((workload, server, measured.failure.as_ref()?))) {
        Some((workload, server, failure)) => {
            bail!("{server} failed some requests of {workload}, for example: {failure}")
        }
        None => Ok(()),
    }
}

fn build(options: &Options) -> Result<()> {
    if options.servers.iter().any(|server| matches!(server, Server::Authstile | Server::Hundred)) {
        run(&mut cargo(&["build", "--release", "--package", "authstile-server"]))?;
    }
    let programs = ["--bin", "bench-load", "--bin", "bench-idp", "--bin", "bare-session"];
    run(cargo(&["build", "--release", "--package", "authstile-tests"]).args(programs))
}

/// A server under test.
struct Contender {
    server: Server,
    port: u16,
    process: Running,
    /// From the start of the process to the first byte of its first answer, the median of some starts.
    first_answer: Duration,
}

impl Contender {
    fn start(server: Server, port: u16, idp_port: u16, pins: Pins) -> Result<Self> {
        let mut starts = Vec::new();
        loop {
            let mut command = server.command(port, idp_port, pins)?;
            let began = Instant::now();
            let process = Running(command.spawn().with_context(|| format!("cannot start {server}"))?);
            first_answer(port, "/api/auth/csrf").with_context(|| format!("{server} does not answer"))?;
            starts.push(began.elapsed());
            if starts.len() == STARTS {
                starts.sort();
                let first_answer = starts.get(STARTS / 2).copied().unwrap_or_default();
                return Ok(Self { server, port, process, first_answer });
            }
        }
    }
}

impl Server {
    fn command(self, port: u16, idp_port: u16, pins: Pins) -> Result<Command> {
        let mut command = match self {
            Self::Authstile | Self::Hundred => {
                let mut command = pins.server(release_binary("authstile")?);
                command.arg("serve");
                for number in 1..if self == Self::Hundred { 100 } else { 1 } {
                    // Behind Scalekit in alphabetical order.
                    let name = |suffix: &str| format!("AUTH_ZZ{number}_{suffix}");
                    command.env(name("ID"), "client").env(name("SECRET"), "secret");
                    command.env(name("ISSUER"), format!("https://zz{number}.example"));
                }
                command
            }
            Self::Bare | Self::BareHundred => {
                let mut command = pins.server(release_binary("bare-session")?);
                command.args(["--providers", if self == Self::BareHundred { "100" } else { "1" }]);
                command
            }
            Self::Authjs => {
                let mut command = pins.server("node");
                command.arg(compat()?.join("authjs-server.mjs")).env("NODE_ENV", "production");
                command
            }
        };
        command
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .env("AUTH_URL", origin(port))
            .env("AUTH_SECRET", SECRET)
            .env("AUTH_SCALEKIT_ID", CLIENT_ID)
            .env("AUTH_SCALEKIT_SECRET", CLIENT_SECRET)
            .env("AUTH_SCALEKIT_ISSUER", origin(idp_port))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(command)
    }

    fn serves(self, workload: Workload) -> bool {
        match self {
            Self::BareHundred => workload == Workload::Providers,
            Self::Bare => workload != Workload::Login,
            Self::Authstile | Self::Hundred | Self::Authjs => true,
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Authstile => "authstile",
            Self::Hundred => "100 cards",
            Self::Bare => "bare hyper",
            Self::BareHundred => "bare, 100",
            Self::Authjs => "Auth.js",
        })
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Session => "session",
            Self::Csrf => "csrf",
            Self::Providers => "providers",
            Self::Signin => "signin",
            Self::Login => "login",
        })
    }
}

/// One run of the load.
#[derive(Clone, Debug)]
pub(crate) struct Measurement {
    pub(crate) per_second: f64,
    pub(crate) per_cpu_second: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) failure: Option<String>,
}

impl Measurement {
    pub(crate) fn read(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let number = |name: &str| value.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        Ok(Self {
            per_second: number("answers") / number("seconds"),
            per_cpu_second: number("answers") / number("cpu_seconds"),
            p50: number("p50"),
            p99: number("p99"),
            failure: value.get("first_failure").and_then(Value::as_str).map(str::to_owned),
        })
    }

    /// The least disturbed round: the one with the most answers per CPU second. Any failure stays.
    pub(crate) fn best(rounds: &[Self]) -> Option<Self> {
        let best = rounds.iter().max_by(|a, b| a.per_cpu_second.total_cmp(&b.per_cpu_second))?;
        let failure = rounds.iter().find_map(|round| round.failure.clone());
        Some(Self { failure, ..best.clone() })
    }
}

fn measure(
    contender: &Contender,
    workload: Workload,
    session: &str,
    options: &Options,
    pins: Pins,
) -> Result<Measurement> {
    let mut load = pins.load(release_binary("bench-load")?);
    load.args(["--workload", &workload.to_string(), "--target", &origin(contender.port), "--session", session])
        .args(["--pid", &contender.process.0.id().to_string()])
        .args(["--connections", &options.connections.to_string(), "--seconds", &options.seconds.to_string()]);
    let done = load.stderr(Stdio::inherit()).output().context("cannot start bench-load")?;
    if !done.status.success() {
        bail!("bench-load failed on {} / {workload}", contender.server);
    }
    Measurement::read(&String::from_utf8_lossy(&done.stdout))
}

/// A session cookie that every contender accepts, made by Auth.js.
fn mint_session() -> Result<String> {
    mint(&json!({
        "name": "Ada Lovelace", "email": "ada@acme.example", "picture": "https://images.acme.example/people/ada.png",
        "sub": "conn_70087756662964366;e964d135-35c7-4a13-a3b4-2579a1cdf4e6",
    }))
}

/// Any session cookie, made by Auth.js.
pub(crate) fn mint(payload: &Value) -> Result<String> {
    let request = json!({ "op": "encode", "secret": SECRET, "salt": "authjs.session-token", "payload": payload });
    let mut node = Command::new("node")
        .arg(compat()?.join("authjs-jwt.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start node")?;
    writeln!(node.stdin.take().context("no standard input")?, "{request}")?;
    let answer: Value = serde_json::from_slice(&node.wait_with_output()?.stdout)?;
    let token = answer.get("result").and_then(Value::as_str).with_context(|| format!("Auth.js answered {answer}"))?;
    Ok(token.to_owned())
}

fn start_idp(pins: Pins, port: u16, server_ports: &[u16]) -> Result<Running> {
    let redirects: Vec<String> =
        server_ports.iter().map(|port| format!("{}/api/auth/callback/scalekit", origin(*port))).collect();
    let process = pins
        .load(release_binary("bench-idp")?)
        .env("PORT", port.to_string())
        .env("CLIENT_ID", CLIENT_ID)
        .env("CLIENT_SECRET", CLIENT_SECRET)
        .env("REDIRECT_URI", redirects.join(" "))
        .stdin(Stdio::null())
        .spawn()
        .context("cannot start bench-idp")?;
    let process = Running(process);
    first_answer(port, "/.well-known/openid-configuration").context("bench-idp does not answer")?;
    Ok(process)
}

/// Waits until something listens and has begun to answer.
pub(crate) fn first_answer(port: u16, path: &str) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match TcpStream::connect_timeout(&address, Duration::from_secs(1)) {
            Ok(mut stream) => {
                stream.set_read_timeout(Some(Duration::from_secs(20)))?;
                write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
                return Ok(stream.read_exact(&mut [0])?);
            }
            Err(error) if Instant::now() > deadline => return Err(error.into()),
            Err(_) => sleep(Duration::from_micros(500)),
        }
    }
}

/// The bare server is a fair measure only while it sends what Authstile sends.
fn compare_headers(contenders: &[Contender], session: &str) -> Result<()> {
    let port = |server| contenders.iter().find(|contender| contender.server == server).map(|contender| contender.port);
    let (Some(authstile), Some(bare)) = (port(Server::Authstile), port(Server::Bare)) else { return Ok(()) };
    for path in ["/api/auth/session", "/api/auth/csrf", "/api/auth/providers"] {
        let (authstile, bare) = (header_names(authstile, path, session)?, header_names(bare, path, session)?);
        let more: Vec<&str> = authstile.difference(&bare).map(String::as_str).collect();
        let less: Vec<&str> = bare.difference(&authstile).map(String::as_str).collect();
        if !more.is_empty() || !less.is_empty() {
            println!("note: on {path} only authstile sends {more:?}, only the bare server {less:?}");
        }
    }
    Ok(())
}

fn header_names(port: u16, path: &str, session: &str) -> Result<BTreeSet<String>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let cookie = format!("Cookie: authjs.session-token={session}");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{cookie}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    Ok(head.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0.to_ascii_lowercase())).collect())
}

/// A process that ends with its value.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Resident memory in MiB.
    fn memory(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1024.0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Which cores do what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pins {
    pinned: bool,
}

impl Pins {
    pub(crate) fn find() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { pinned: cores > 1 && output("taskset", &["--cpu-list", "0,1", "true"]).is_some() }
    }

    pub(crate) fn server(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.on("0", program.as_ref())
    }

    pub(crate) fn load(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.on("1", program.as_ref())
    }

    fn on(self, core: &str, program: &std::ffi::OsStr) -> Command {
        if !self.pinned {
            return Command::new(program);
        }
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", core]).arg(program);
        command
    }
}

impl fmt::Display for Pins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.pinned { "each server on one core, the load on another" } else { "not pinned to cores" })
    }
}

/// One line that the next one overwrites, for a person at a terminal.
pub(crate) fn progress(line: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{line}");
    }
}

pub(crate) fn free_ports(count: usize) -> Result<Vec<u16>> {
    let listeners: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<std::io::Result<_>>()?;
    listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

pub(crate) fn origin(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

type Results = [(Workload, Server, Measurement)];

fn print_measurements(results: &Results) {
    println!(
        "\n{:<10} {:<11} {:>10} {:>14} {:>9} {:>9}",
        "workload", "server", "answers/s", "per CPU second", "p50 ms", "p99 ms"
    );
    for (workload, server, measured) in results {
        println!(
            "{workload:<10} {server:<11} {:>10.0} {:>14.0} {:>9.2} {:>9.2}",
            measured.per_second,
            measured.per_cpu_second,
            measured.p50 * 1e3,
            measured.p99 * 1e3
        );
    }
}

/// Authstile against another server, in answers per CPU second.
fn ratio(results: &Results, workload: Workload, other: Server) -> Option<f64> {
    quotient(results, workload, Server::Authstile, other)
}

fn quotient(results: &Results, workload: Workload, one: Server, other: Server) -> Option<f64> {
    let of = |server| {
        let found = results.iter().find(|(w, s, _)| *w == workload && *s == server);
        found.map(|(_, _, measured)| measured.per_cpu_second)
    };
    Some(of(one)? / of(other)?)
}

fn print_ratios(options: &Options, results: &Results) {
    println!("\nauthstile in answers per CPU second, as a multiple of");
    println!("{:<10} {:>12} {:>12} {:>22}", "workload", Server::Bare, Server::Authjs, "itself with 100 cards");
    for workload in &options.workloads {
        let text = |other| ratio(results, *workload, other).map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let [bare, authjs, hundred] = [Server::Bare, Server::Authjs, Server::Hundred].map(text);
        println!("{workload:<10} {bare:>12} {authjs:>12} {hundred:>22}");
    }
    let hundred = quotient(results, Workload::Providers, Server::Hundred, Server::BareHundred);
    if let (Some(one), Some(hundred)) = (ratio(results, Workload::Providers, Server::Bare), hundred) {
        println!(
            "the list of providers, as a multiple of bare hyper with as long a list: one {one:.2}, hundred {hundred:.2}"
        );
    }
}

fn print_aims(contenders: &[Contender], memory: &[Option<f64>], results: &Results) {
    println!("\n{:<11} {:>15} {:>21}", "server", "first answer ms", "memory after load MiB");
    for (contender, memory) in contenders.iter().zip(memory) {
        let first_answer = contender.first_answer.as_secs_f64() * 1e3;
        println!("{:<11} {first_answer:>15.1} {:>21.1}", contender.server, memory.unwrap_or(f64::NAN));
    }

    let Some(at) = contenders.iter().position(|contender| contender.server == Server::Authstile) else {
        return;
    };
    let first_answer = contenders.get(at).map(|contender| contender.first_answer.as_secs_f64() * 1e3);
    let aims = [
        ("session, of bare hyper", ratio(results, Workload::Session, Server::Bare), Aim::AtLeast(0.85)),
        ("session, of Auth.js", ratio(results, Workload::Session, Server::Authjs), Aim::AtLeast(35.0)),
        ("memory after load, MiB", memory.get(at).copied().flatten(), Aim::Under(25.0)),
        ("first answer, ms", first_answer, Aim::Under(50.0)),
    ];
    println!("\naims");
    for (name, reached, aim) in aims {
        if let Some(reached) = reached {
            println!("{:<7} {name:<23} {reached:>7.2}  {aim}", if aim.is_met(reached) { "met" } else { "MISSED" });
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Aim {
    AtLeast(f64),
    Under(f64),
}

impl Aim {
    fn is_met(self, reached: f64) -> bool {
        match self {
            Self::AtLeast(least) => reached >= least,
            Self::Under(limit) => reached < limit,
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "(at least {least})"),
            Self::Under(limit) => write!(f, "(under {limit})"),
        }
    }
}
