//! Mails over SMTP, to a server and a parser that we did not write (`tests/compat/smtp-server.mjs`).
#![cfg(feature = "services")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use authstile::env::Environment;
use authstile::mail::{MailError, MailProof, Mailer as _, SignInMail};
use authstile_mail::{DangerTls, SmtpMailer};
use authstile_testkit::{FakeTransport, FixedClock};
use serde_json::Value;

const FROM: &str = "Acme Notes <no-reply@acme.example>";
const LINK: &str = "https://app.example.com/api/auth/callback/nodemailer?callbackUrl=https%3A%2F%2Fapp.example.com%2F&token=0123456789abcdef0123456789abcdef&email=ada%40example.com";

/// A mail server that runs as long as the test needs it.
struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    port: u16,
}

impl Server {
    fn start(environment: &[(&str, &str)]) -> Self {
        let variables = Environment::of_process();
        let Some(folder) = variables.get("AUTHSTILE_COMPAT").map(PathBuf::from) else {
            panic!("AUTHSTILE_COMPAT is not set: run this test with `cargo xtask test`");
        };
        let mut command = Command::new("node");
        command.arg(folder.join("smtp-server.mjs")).current_dir(folder).envs(environment.iter().copied());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node runs");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut server = Self { child, stdout, port: 0 };
        let line = server.line();
        server.port = line.trim().strip_prefix("listening ").and_then(|port| port.parse().ok()).expect(&line);
        server
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.stdout.read_line(&mut line).expect("its output"), 0, "the mail server ended");
        line
    }

    /// The next mail that it took.
    fn mail(&mut self) -> Value {
        serde_json::from_str(&self.line()).expect("JSON")
    }

    fn mailer(&self) -> SmtpMailer {
        SmtpMailer::new(&format!("smtp://127.0.0.1:{}", self.port), FROM).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn link() -> SignInMail {
    SignInMail::new("ada@example.com", "app.example.com", 86_400, MailProof::Link(LINK.to_owned()))
}

fn to(address: &str) -> SignInMail {
    SignInMail::new(address, "app.example.com", 600, MailProof::Code("48210597".to_owned()))
}

async fn send(mailer: &SmtpMailer, mail: &SignInMail) -> Result<(), MailError> {
    mailer.send(mail, &FakeTransport::new(|_| panic!("SMTP is not HTTP"))).await
}

/// The commands of one kind, as they came over the wire.
fn commands(mail: &Value, kind: &str) -> Vec<String> {
    let all = mail["commands"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned());
    all.filter(|line| line.starts_with(kind)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_as_it_was_written() {
    let mut server = Server::start(&[]);
    let mailer = server.mailer().clock(FixedClock::at(1_767_225_600));
    send(&mailer, &link()).await.unwrap();
    let mail = server.mail();
    assert_eq!(commands(&mail, "MAIL"), ["MAIL FROM:<no-reply@acme.example>"]);
    assert_eq!(commands(&mail, "RCPT"), ["RCPT TO:<ada@example.com>"]);
    assert_eq!(mail["subject"], "Sign in to app.example.com");
    assert_eq!(mail["fromHeader"][0]["name"], "Acme Notes");
    assert_eq!(mail["fromHeader"][0]["address"], "no-reply@acme.example");
    assert_eq!(mail["toHeader"].as_array().unwrap().len(), 1);
    assert_eq!(mail["toHeader"][0]["address"], "ada@example.com");

    let headers = &mail["headers"];
    assert!(headers["date"].as_str().unwrap().starts_with("Thu, 01 Jan 2026 00:00:00 "), "{headers}");
    let id = headers["message-id"].as_str().unwrap();
    assert!(
        id.starts_with('<') && id.ends_with("@acme.example>") && id.len() == 2 + 32 + "@acme.example".len(),
        "{id}"
    );
    assert_eq!(headers["auto-submitted"], "auto-generated");
    assert_eq!(headers["mime-version"], "1.0");
    assert!(headers["content-type"].as_str().unwrap().starts_with("multipart/alternative;"), "{headers}");
    let mut names: Vec<&str> =
        mail["headerLines"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"]
    );

    let text = mail["text"].as_str().unwrap();
    assert!(text.starts_with(&format!("Sign in to app.example.com\n{LINK}\n\n")), "{text}");
    let html = mail["html"].as_str().unwrap();
    assert_eq!(html.matches(&format!("href=\"{}\"", LINK.replace('&', "&#38;"))).count(), 2);
    assert!(html.contains("app\u{200b}.example\u{200b}.com</span></h1>"), "{html}");
    // RFC 5321 §4.5.3.1.6 and RFC 5322 §2.1.1; every byte is ASCII, so that any server takes it.
    let raw = mail["raw"].as_str().unwrap();
    assert!(raw.is_ascii() && raw.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_mails_have_two_ids_and_share_a_connection() {
    let mut server = Server::start(&[]);
    let clock = FixedClock::at(1_767_225_600);
    let mailer = server.mailer().clock(clock.clone());
    send(&mailer, &link()).await.unwrap();
    send(&mailer, &link()).await.unwrap();
    clock.advance(120);
    send(&mailer, &link()).await.unwrap();
    let [first, second, third] = [server.mail(), server.mail(), server.mail()];
    assert_ne!(first["headers"]["message-id"], second["headers"]["message-id"]);
    assert_eq!(first["connection"], second["connection"]);
    assert_ne!(second["connection"], third["connection"], "a connection is not kept for long");
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_one_recipient_byte_for_byte() {
    let mut server = Server::start(&[]);
    let mailer = server.mailer();
    for address in [
        "ada.lovelace+tag@mail.example.com",
        "o'brien@example.com",
        "user%relay@example.com",
        "a..b.@docomo.example",
        "ADA@Example.com",
        "ada!x@localhost",
    ] {
        send(&mailer, &to(address)).await.unwrap();
        let mail = server.mail();
        assert_eq!(commands(&mail, "RCPT"), [format!("RCPT TO:<{address}>")]);
        let raw = mail["raw"].as_str().unwrap();
        assert!(raw.contains(&format!("\r\nTo: {address}\r\n")), "{raw}");
    }
    for bad in [
        "ada@example.com,eve@evil.example",
        "ada@example.com>\r\nRCPT TO:<eve@evil.example",
        "ada@example.com\r\nBcc: eve@evil.example",
        "\"ada@evil.example\"@example.com",
        "<ada@example.com>",
        "ada @example.com",
        "ada@evil.example@example.com",
        "ada\u{ff20}evil.example@example.com",
    ] {
        assert!(matches!(send(&mailer, &to(bad)).await, Err(MailError::Unwritable(_))), "{bad:?}");
    }
    // Nothing of all that reached the server: the next mail that it took is this one.
    send(&mailer, &to("last@example.com")).await.unwrap();
    let mail = server.mail();
    assert_eq!(commands(&mail, "RCPT"), ["RCPT TO:<last@example.com>"]);
    assert_eq!(mail["text"].as_str().unwrap().matches("48210597").count(), 1);
    assert!(!mail["html"].as_str().unwrap().contains("href"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_and_senders_add_no_header() {
    let server = Server::start(&[]);
    let mailer = server.mailer();
    for host in ["app.example.com\r\nBcc: eve@evil.example", "a\nb", "a b", "a<b>"] {
        let mut mail = link();
        mail.host = host.to_owned();
        assert!(matches!(send(&mailer, &mail).await, Err(MailError::Unwritable(_))), "{host:?}");
    }
    for from in ["Acme\r\nBcc: eve@evil.example <a@acme.example>", "a@acme.example\r\nBcc: eve@evil.example"] {
        assert!(SmtpMailer::new("smtp://localhost", from).is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_hosts_beyond_ascii_are_encoded() {
    let mut server = Server::start(&[]);
    let url = format!("smtp://127.0.0.1:{}", server.port);
    let mailer = SmtpMailer::new(&url, "Bücher, Mehr & Tee <post@bücher.example>").unwrap();
    let mut mail = link();
    mail.host = "bücher.example".to_owned();
    send(&mailer, &mail).await.unwrap();
    let mail = server.mail();
    assert_eq!(commands(&mail, "MAIL"), ["MAIL FROM:<post@xn--bcher-kva.example>"]);
    assert_eq!(mail["fromHeader"][0]["name"], "Bücher, Mehr & Tee");
    assert_eq!(mail["fromHeader"].as_array().unwrap().len(), 1);
    assert_eq!(mail["subject"], "Sign in to bücher.example");
    assert!(mail["raw"].as_str().unwrap().is_ascii());
}

#[tokio::test(flavor = "multi_thread")]
async fn international_domains_need_nothing_and_local_parts_need_smtputf8() {
    let mut server = Server::start(&[("NO_SMTPUTF8", "1")]);
    let mailer = server.mailer();
    send(&mailer, &to("ada@bücher.example")).await.unwrap();
    assert_eq!(commands(&server.mail(), "RCPT"), ["RCPT TO:<ada@xn--bcher-kva.example>"]);
    let refused = send(&mailer, &to("jörg@example.com")).await;
    let Err(MailError::Refused(text)) = &refused else { panic!("{refused:?}") };
    assert!(text.contains("SMTPUTF8") && !text.contains("jörg"), "{text}");

    let mut server = Server::start(&[]);
    send(&server.mailer(), &to("jörg@example.com")).await.unwrap();
    let mail = server.mail();
    assert_eq!(mail["to"][0], "jörg@example.com");
    assert!(commands(&mail, "MAIL")[0].contains(" SMTPUTF8"), "{mail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_logs_in_and_a_wrong_password_is_refused_and_not_repeated() {
    let mut server = Server::start(&[("AUTH_USER", "mailer@acme.example"), ("AUTH_PASS", "p/a#s:s@")]);
    let mailer = |login: &str| SmtpMailer::new(&format!("smtp://{login}127.0.0.1:{}", server.port), FROM).unwrap();
    let right = mailer("mailer%40acme.example:p%2Fa%23s%3As%40@");
    let wrong = mailer("mailer%40acme.example:hunter2@");
    let nobody = mailer("");
    assert!(!format!("{right:?}{wrong:?}").contains("hunter2") && !format!("{right:?}").contains("p/a"));
    send(&right, &link()).await.unwrap();
    assert_eq!(server.mail()["user"], "mailer@acme.example");
    let refused = send(&wrong, &link()).await;
    let Err(MailError::Refused(text)) = &refused else { panic!("{refused:?}") };
    assert!(text.contains("535") && text.contains("Wrong password [key]"), "{text}");
    assert!(matches!(send(&nobody, &link()).await, Err(MailError::Refused(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_is_not_named_and_what_passes_is_told_apart() {
    let server = Server::start(&[("REFUSE_RCPT", "550 No such user")]);
    let refused = send(&server.mailer(), &link()).await;
    let Err(MailError::Refused(text)) = &refused else { panic!("{refused:?}") };
    assert!(text.contains("answered 550: ") && text.contains("No such user") && text.contains("[recipient]"), "{text}");
    assert!(!text.contains("ada@example.com"), "{text}");

    let server = Server::start(&[("REFUSE_RCPT", "451 Come back later")]);
    let refused = send(&server.mailer(), &link()).await;
    assert!(matches!(&refused, Err(MailError::Unreachable(text)) if text.contains("Come back later")), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_drops_the_connection_or_is_not_there_is_unreachable() {
    for command in ["RCPT", "DATA"] {
        let server = Server::start(&[("DROP", command)]);
        let sent = send(&server.mailer(), &link()).await;
        assert!(matches!(&sent, Err(MailError::Unreachable(_))), "{command}: {sent:?}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mailer = SmtpMailer::new(&format!("smtp://{closed}"), FROM).unwrap();
    let sent = send(&mailer, &link()).await;
    assert!(matches!(&sent, Err(MailError::Unreachable(text)) if text.contains("refused")), "{sent:?}");
}

/// A server that goes away between two mails is not noticed by anybody but us.
#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_is_gone_is_replaced() {
    let first = Server::start(&[]);
    let (mailer, port) = (first.mailer(), first.port.to_string());
    send(&mailer, &link()).await.unwrap();
    drop(first);
    let mut second = Server::start(&[("PORT", &port)]);
    send(&mailer, &link()).await.unwrap();
    assert_eq!(second.mail()["subject"], "Sign in to app.example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_limit_holds_and_a_late_answer_is_not_taken_for_the_next_one() {
    let mut server = Server::start(&[("SLOW", "DATA"), ("SLOW_MILLIS", "1200"), ("SLOW_TIMES", "1")]);
    let mailer = server.mailer().time_limit(Duration::from_millis(400));
    let began = Instant::now();
    let sent = send(&mailer, &to("first@example.com")).await;
    assert!(matches!(&sent, Err(MailError::Unreachable(text)) if text.contains("longer than 0.4 s")), "{sent:?}");
    assert!(began.elapsed() < Duration::from_millis(1000), "{:?}", began.elapsed());
    // On a connection of its own: the old one still waits for its answer.
    send(&mailer, &to("second@example.com")).await.unwrap();
    let [a, b] = [server.mail(), server.mail()];
    assert_ne!(a["connection"], b["connection"]);
    let mut both = [a["to"][0].as_str().unwrap(), b["to"][0].as_str().unwrap()];
    both.sort_unstable();
    assert_eq!(both, ["first@example.com", "second@example.com"]);
}

/// Whoever waits may go away, and then nobody reads the answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_nobody_waits_for_leaves_no_connection_behind() {
    let mut server = Server::start(&[("SLOW", "DATA"), ("SLOW_MILLIS", "800"), ("SLOW_TIMES", "1")]);
    let mailer = server.mailer();
    let (first, second) = (to("first@example.com"), to("second@example.com"));
    tokio::time::timeout(Duration::from_millis(300), send(&mailer, &first)).await.unwrap_err();
    send(&mailer, &second).await.unwrap();
    let [a, b] = [server.mail(), server.mail()];
    assert_ne!(a["connection"], b["connection"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn starttls_is_required_and_the_certificate_is_checked() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let offers =
        [("TLS_CERT", certificate.as_str()), ("TLS_KEY", key.as_str()), ("AUTH_USER", "u"), ("AUTH_PASS", "p")];
    let mut server = Server::start(&offers);
    let url = format!("smtp://u:p@localhost:{}", server.port);
    let mailer = || SmtpMailer::new(&url, FROM).unwrap();

    let trusting = mailer().root_certificate(certificate.as_bytes()).unwrap();
    send(&trusting, &link()).await.unwrap();
    let mail = server.mail();
    assert_eq!((&mail["secure"], &mail["user"]), (&Value::Bool(true), &Value::from("u")));

    let any = mailer().danger_tls(DangerTls::AnyCertificate).unwrap();
    send(&any, &link()).await.unwrap();
    assert_eq!(server.mail()["secure"], true);

    // The certificate is for another name.
    let by_address = SmtpMailer::new(&url.replace("localhost", "127.0.0.1"), FROM).unwrap();
    let sent = send(&by_address.root_certificate(certificate.as_bytes()).unwrap(), &link()).await;
    assert!(matches!(&sent, Err(MailError::Unreachable(text)) if text.contains("certificate")), "{sent:?}");
    // Nobody has signed for it.
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    let sent = send(&mailer().root_certificate(other.as_bytes()).unwrap(), &link()).await;
    assert!(matches!(&sent, Err(MailError::Unreachable(text)) if text.contains("certificate")), "{sent:?}");

    // A server without STARTTLS gets neither password nor mail.
    let mut bare = Server::start(&[]);
    let url = format!("smtp://u:p@localhost:{}", bare.port);
    let strict = SmtpMailer::new(&url, FROM).unwrap().root_certificate(certificate.as_bytes()).unwrap();
    let sent = send(&strict, &link()).await;
    assert!(matches!(&sent, Err(MailError::Refused(text)) if text.contains("no STARTTLS")), "{sent:?}");
    send(&bare.mailer(), &to("after@example.com")).await.unwrap();
    assert_eq!(bare.mail()["to"][0], "after@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn smtps_begins_with_tls() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let mut server = Server::start(&[("TLS_CERT", &certificate), ("TLS_KEY", &key), ("TLS_WRAPPED", "1")]);
    let mailer = || SmtpMailer::new(&format!("smtps://localhost:{}", server.port), FROM).unwrap();
    let (trusting, strict) = (mailer().root_certificate(certificate.as_bytes()).unwrap(), mailer());
    send(&trusting, &link()).await.unwrap();
    assert_eq!(server.mail()["secure"], true);
    // On loopback, too: who asks for TLS gets TLS.
    let sent = send(&strict, &link()).await;
    assert!(matches!(&sent, Err(MailError::Unreachable(text)) if text.contains("certificate")), "{sent:?}");
    assert!(strict.danger_tls(DangerTls::Plain).is_err());
}
