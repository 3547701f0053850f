//! Random and mutated requests at each endpoint of the running binary: it never panics, answers with no 5xx but the documented
//! ones, and its memory stays what it was. `cargo xtask hostile` sends ten thousand to each, to the release build.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use authstile::env::Environment;
use authstile_testkit::{Browser, Mutator};

use crate::site::Site;

/// Requests for each endpoint where nobody says otherwise: a debug build is slow.
const REQUESTS: usize = 150;
/// How much more memory than after the first tenth is still none: what allocators keep for later.
const TOLERANCE: u64 = 32 * 1024 * 1024;

/// Below the base path, but for the last.
const ENDPOINTS: [(&str, &str); 24] = [
    ("GET", "/csrf"),
    ("GET", "/providers"),
    ("GET", "/session"),
    ("POST", "/session"),
    ("GET", "/signin"),
    ("POST", "/signin/scalekit"),
    ("GET", "/callback/scalekit"),
    ("POST", "/callback/scalekit"),
    ("GET", "/signout"),
    ("POST", "/signout"),
    ("GET", "/signed-out"),
    ("GET", "/error"),
    ("GET", "/verify-request"),
    ("GET", "/initiate/scalekit"),
    ("POST", "/initiate/scalekit"),
    ("POST", "/backchannel-logout/scalekit"),
    ("POST", "/webhooks/scalekit"),
    ("GET", "/connect"),
    ("POST", "/connect"),
    ("GET", "/sessions"),
    ("POST", "/sessions"),
    ("GET", "/frontchannel-logout/scalekit"),
    ("GET", "/jwks/scalekit"),
    ("GET", "/../../healthz"),
];

/// A client that keeps its connection while it is kept.
struct Client {
    address: String,
    stream: Option<TcpStream>,
}

impl Client {
    /// The status of the answer; `None` where there is none, which is an answer to what is no HTTP.
    fn send(&mut self, request: &[u8]) -> Option<u16> {
        // A connection that was kept may have been closed meanwhile: then once more on a new one.
        let kept = self.stream.is_some();
        match self.exchange(request) {
            None if kept => self.exchange(request),
            answer => answer,
        }
    }

    fn exchange(&mut self, request: &[u8]) -> Option<u16> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(&self.address).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                stream
            }
        };
        stream.write_all(request).ok()?;
        let mut head = Vec::new();
        let mut byte = [0; 1];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        // An answer to HEAD has the length of what it leaves out.
        let length = if request.starts_with(b"HEAD ") { 0 } else { length.unwrap_or(0) };
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        if !head.contains("connection: close") {
            self.stream = Some(stream);
        }
        Some(status)
    }

    /// Bytes that need not be a request; the status of what comes back, if it is an answer.
    fn throw(&self, bytes: &[u8]) -> Option<u16> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
    }
}

/// What good requests are made of.
struct Seeds {
    host: String,
    queries: Vec<Vec<u8>>,
    cookies: Vec<Vec<u8>>,
    bodies: Vec<Vec<u8>>,
    values: Vec<Vec<u8>>,
}

impl Seeds {
    fn of(browser: &Browser, token: &str, issuer: &str, host: &str) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
        let jar: Vec<String> =
            browser.cookies("localhost").iter().map(|(name, value)| format!("{name}={value}")).collect();
        let jwe = browser.cookies("localhost").iter().find(|(name, _)| name.contains("session")).unwrap().1.clone();
        let jws = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJ4In0.AAAA";
        let chunks = format!("authjs.session-token.0={jwe}; authjs.session-token.1=A; authjs.session-token.999=B");
        Self {
            host: host.to_owned(),
            queries: owned(&[
                "code=abc&state=def&iss=http%3A%2F%2F127.0.0.1",
                "error=access_denied&error_description=no&state=x",
                "callbackUrl=%2Fdash&error=Verification&email=a%40b.example",
                "organization_id=org_acme&login_hint=ada%40acme.example",
                &format!("idp_initiated_login={jws}&iss=x&target_link_uri=%2F"),
                "token=0&email=a%40b.example",
                &format!("iss={issuer}&sid=ses_1"),
                &format!("response={jws}"),
            ]),
            cookies: owned(&[
                &jar.join("; "),
                &chunks,
                "authstile.pending.AAAAAAAA=x; authstile.failure=StalePage.aaaaaaaaaa",
            ]),
            bodies: owned(&[
                &format!("csrfToken={token}&callbackUrl=%2Fdash&json=true"),
                &format!("{{\"csrfToken\":\"{token}\",\"data\":{{\"user\":{{\"name\":\"x\"}}}}}}"),
                &format!("logout_token={jws}"),
                &format!("csrfToken={token}&session=abc"),
                &format!("response={jws}"),
                "code=abc&state=def&user=%7B%22name%22%3A%7B%7D%7D",
                "--x\r\nContent-Disposition: form-data; name=\"csrfToken\"\r\n\r\nx\r\n--x--",
                "{\"id\":\"evt_1\",\"type\":\"x\",\"data\":{}}",
                &"[".repeat(3000),
            ]),
            values: owned(&[
                "application/x-www-form-urlencoded",
                "application/json",
                "multipart/form-data; boundary=x",
                "same-origin",
                "cross-site",
                "navigate",
                &format!("http://{host}"),
                "for=192.0.2.7;host=a.example;proto=https",
                "192.0.2.7, 10.0.0.1",
                "https",
                "text/html",
                &format!("Bearer {jws}"),
                "msg_1",
                "1767225600",
                "v1,AAAA",
            ]),
        }
    }
}

const HEADERS: [&str; 16] = [
    "content-type",
    "host",
    "origin",
    "sec-fetch-site",
    "sec-fetch-mode",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "forwarded",
    "accept",
    "authorization",
    "x-auth-return-redirect",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "user-agent",
];

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"];

/// Without what would end a line: these requests are HTTP, whatever they say.
fn line(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | b'\0'));
    bytes
}

fn request(mutator: &mut Mutator, seeds: &Seeds, base: &str, (method, path): (&str, &str)) -> Vec<u8> {
    let method = if mutator.below(10) == 0 { METHODS[mutator.below(METHODS.len())] } else { method };
    let path = path.strip_prefix("/../..").map_or_else(|| format!("{base}{path}"), str::to_owned);
    let mut target = match mutator.below(8) {
        0 => mutator.mutated(&[path.as_bytes()]),
        _ => path.into_bytes(),
    };
    if mutator.below(3) > 0 {
        target.push(b'?');
        target.extend(mutator.mutated(&seeds.queries));
    }
    target.retain(|byte| byte.is_ascii_graphic());
    if target.first() != Some(&b'/') {
        target.insert(0, b'/');
    }
    let mut request = [method.as_bytes(), b" ", &target, b" HTTP/1.1\r\n"].concat();
    let mut add = |name: &str, value: &[u8]| request.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    add("host", seeds.host.as_bytes());
    if mutator.below(4) > 0 {
        let cookies = mutator.mutated(&seeds.cookies);
        add("cookie", &line(cookies));
    }
    for name in HEADERS {
        // The host of a request comes once, or it is none.
        if name != "host" && mutator.below(4) == 0 {
            let value = if mutator.below(2) == 0 {
                mutator.pick(&seeds.values).to_vec()
            } else {
                mutator.mutated(&seeds.values)
            };
            add(name, &line(value));
        }
    }
    let body = match mutator.below(4) {
        0 => Vec::new(),
        1 => mutator.pick(&seeds.bodies).to_vec(),
        _ => mutator.mutated(&seeds.bodies),
    };
    add("content-length", body.len().to_string().as_bytes());
    request.extend(b"\r\n");
    request.extend(body);
    request
}

/// The 5xx that a request can cause: the error page has 500 for Auth.js's `Configuration`, and 502 and 503 where the cookie
/// beside it says that a provider or the storage failed.
fn is_documented(status: u16, request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let target = text.split(' ').nth(1).unwrap_or_default();
    match status {
        ..500 => true,
        500 => target.contains("/error") && target.contains("Configuration"),
        502 | 503 => target.contains("/error"),
        _ => false,
    }
}

fn resident(pid: u32) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test(flavor = "multi_thread")]
async fn random_and_mutated_requests_are_answered_and_leave_nothing_behind() {
    let requests = Environment::of_process().get("AUTHSTILE_HOSTILE_REQUESTS").and_then(|text| text.parse().ok());
    let requests: usize = requests.unwrap_or(REQUESTS);
    // Several origins: an unknown host is misdirected, which is 421 and no fault of the configuration.
    let mut site = Site::open(&[("RUST_LOG", "error"), ("AUTH_URL", "{origin} https://app.example")]).await;
    let log = site.server.listen();
    // What the requests are made of may sign its own session out; nobody else's.
    let (mut browser, mut victim) = (site.sign_in().await, site.sign_in().await);
    let token = victim.csrf_token(&site.base).await;
    let host = site.origin.trim_start_matches("http://").to_owned();
    let seeds = Seeds::of(&victim, &token, &site.issuer, &host);
    let address = host.replace("localhost", "127.0.0.1");
    let pid = site.server.id();

    let work = tokio::task::spawn_blocking(move || {
        let mut client = Client { address, stream: None };
        let mut mutator = Mutator::new(0xbad);
        let (mut warm, mut statuses) = (0, std::collections::BTreeMap::<u16, usize>::new());
        for round in 0..requests {
            if round == requests / 10 {
                warm = resident(pid);
            }
            for endpoint in ENDPOINTS {
                let request = request(&mut mutator, &seeds, "/api/auth", endpoint);
                let status = client.send(&request);
                let said = String::from_utf8_lossy(&request).into_owned();
                let status = status.unwrap_or_else(|| panic!("no answer to {said}"));
                assert!(is_documented(status, &request), "{status} to {said}");
                *statuses.entry(status).or_default() += 1;
                if mutator.below(50) == 0 {
                    let bytes = mutator.mutated(&[request]);
                    let status = client.throw(&bytes).unwrap_or_default();
                    let text = String::from_utf8_lossy(&bytes);
                    assert!(is_documented(status, &bytes), "{status} to {text:?}");
                    if status > 0 {
                        *statuses.entry(status).or_default() += 1;
                    }
                }
            }
        }
        (warm, statuses)
    });
    let (warm, statuses) = work.await.unwrap();
    let end = resident(pid);
    println!("statuses {statuses:?}, {} KiB after a tenth, {} KiB at the end", warm / 1024, end / 1024);
    assert!(statuses.len() > 4, "they get somewhere: {statuses:?}");
    assert!(end < warm + TOLERANCE, "memory grows: {warm} bytes after a tenth, {end} at the end");

    // Whoever was signed in still is, and can be again.
    assert!(site.is_signed_in(&mut browser).await);
    site.sign_in().await;
    site.server.terminate();
    assert_eq!(site.server.end().code, Some(0));
    let log = log.join().unwrap();
    assert!(!log.contains("panicked"), "{log}");
}
