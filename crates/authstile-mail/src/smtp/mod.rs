//! Mail over SMTP (RFC 5321), submitted to one server.

mod message;
mod server;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authstile::clock::{Clock, SystemClock, UnixTime};
use authstile::mail::{MailError, Mailer, SignInMail};
use authstile::random::{Random, SystemRandom};
use authstile::{BoxFuture, Transport};
use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::{ClientId, Extension};
use secrecy::ExposeSecret as _;

use crate::address::{Mailbox, Sender};
use crate::error::SetupError;
use crate::letter::Letter;
use crate::refusal;
use server::{Login, Server};

/// For one mail, from the first packet to the server's last word.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Connections that are kept for the next mail.
const KEPT: usize = 4;
/// Servers close connections after some minutes (RFC 5321 §4.5.3.2.7); we do not wait for it.
const KEPT_MILLIS: i64 = 60_000;

/// What [`SmtpMailer::danger_tls`] gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DangerTls {
    /// No TLS: everybody on the way reads the password and the links, and can sign in with them.
    Plain,
    /// TLS with whoever answers: it keeps listeners out, but not who stands in between.
    AnyCertificate,
}

/// Sends through a mail server.
///
/// The connection is encrypted, with a certificate of a known authority (Mozilla's list), or there is none: `smtps://` begins
/// with TLS, `smtp://` requires STARTTLS. Only a server on this machine is spoken to without.
///
/// ```
/// use authstile_mail::SmtpMailer;
///
/// let mailer = SmtpMailer::new("smtp://user:password@mail.acme.example:587", "Acme Notes <no-reply@acme.example>")?;
/// # Ok::<(), authstile_mail::SetupError>(())
/// ```
///
/// Sends on a Tokio runtime.
pub struct SmtpMailer {
    server: Server,
    tls: Tls,
    roots: Vec<Certificate>,
    danger: Option<DangerTls>,
    from: Sender,
    time_limit: Duration,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    kept: Mutex<Vec<Kept>>,
}

/// A connection between two mails.
struct Kept {
    connection: AsyncSmtpConnection,
    since: UnixTime,
}

impl SmtpMailer {
    /// To the server with this URL, from `no-reply@example.com` or `Example <no-reply@example.com>`.
    ///
    /// # Errors
    /// When one of them is not written as it must be, with a sentence that says how.
    pub fn new(server: &str, from: &str) -> Result<Self, SetupError> {
        Self {
            server: Server::parse(server)?,
            tls: Tls::None,
            roots: Vec::new(),
            danger: None,
            from: Sender::parse(from)?,
            time_limit: TIME_LIMIT,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            kept: Mutex::default(),
        }
        .with_tls()
    }

    /// Also trusts certificates of this authority (PEM), such as a company's own. A server on this machine then has to speak
    /// TLS, too.
    ///
    /// # Errors
    /// When it is no certificate.
    pub fn root_certificate(mut self, pem: &[u8]) -> Result<Self, SetupError> {
        self.roots.push(Certificate::from_pem(pem).map_err(|error| SetupError::Tls(error.to_string()))?);
        self.with_tls()
    }

    /// Gives up a part of what TLS protects. A link that others can read signs them in.
    ///
    /// # Errors
    /// When TLS cannot be set up in that way.
    pub fn danger_tls(mut self, danger: DangerTls) -> Result<Self, SetupError> {
        self.danger = Some(danger);
        self.with_tls()
    }

    /// How long one mail may take in all, instead of 10 seconds.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Takes the time from elsewhere, for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes its random bytes from elsewhere, for tests.
    #[must_use]
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.random = Arc::new(random);
        self
    }

    fn with_tls(mut self) -> Result<Self, SetupError> {
        let plain_loopback = self.server.loopback && self.roots.is_empty() && self.danger.is_none();
        self.tls = if self.server.wrapped && self.danger != Some(DangerTls::Plain) {
            Tls::Wrapper(self.tls_parameters()?)
        } else if self.server.wrapped {
            return Err(SetupError::Server("is asked for without TLS, which smtps:// is not"));
        } else if plain_loopback || self.danger == Some(DangerTls::Plain) {
            Tls::None
        } else {
            Tls::Required(self.tls_parameters()?)
        };
        Ok(self)
    }

    fn tls_parameters(&self) -> Result<TlsParameters, SetupError> {
        let any = self.danger == Some(DangerTls::AnyCertificate);
        let parameters = TlsParameters::builder(self.server.host.clone())
            .dangerous_accept_invalid_certs(any)
            .dangerous_accept_invalid_hostnames(any);
        let parameters = self.roots.iter().cloned().fold(parameters, |all, root| all.add_root_certificate(root));
        parameters.build().map_err(|error| SetupError::Tls(error.to_string()))
    }

    async fn deliver(&self, mail: &SignInMail) -> Result<(), MailError> {
        let to = Mailbox::recipient(&mail.to)?;
        let letter = Letter::write(mail)?;
        let message = message::Message { from: &self.from, to: &to, letter, now: self.clock.now() };
        let (envelope, bytes) = message.write(&*self.random)?;
        // When the time is over, or whoever waits goes away, the connection is dropped in the middle of whatever it was: only
        // one whose mail was taken is kept. (lettre's own pool would keep it, and read the old answer as the next one.)
        match tokio::time::timeout(self.time_limit, self.hand_over(&envelope, &bytes)).await {
            Ok(done) => done.map_err(|failure| self.explain(failure, mail)),
            Err(_) => Err(MailError::Unreachable(format!(
                "the mail server {} took longer than {} s",
                self.server.host,
                self.time_limit.as_secs_f32()
            ))),
        }
    }

    async fn hand_over(&self, envelope: &Envelope, bytes: &[u8]) -> Result<(), Failure> {
        let mut connection = match self.take_kept().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let utf8 = envelope.to().iter().chain(envelope.from()).any(|address| !AsRef::<str>::as_ref(address).is_ascii());
        if utf8 && !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            self.keep(connection);
            return Err(Failure::NoUtf8);
        }
        connection.send(envelope, bytes).await?;
        self.keep(connection);
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let ehlo = ClientId::default();
        let wrapper = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let server = (self.server.host.as_str(), self.server.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, None, &ehlo, wrapper, None).await?;
        if let Tls::Required(parameters) = &self.tls {
            if !connection.can_starttls() {
                return Err(Failure::NoTls);
            }
            connection.starttls(parameters.clone(), &ehlo).await?;
        }
        if let Some(login) = &self.server.login {
            let (user, password) = (login.user.expose_secret(), login.password.expose_secret());
            let credentials = Credentials::new(user.to_owned(), password.to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(Failure::Login)?;
        }
        Ok(connection)
    }

    /// A connection of an earlier mail that still answers.
    async fn take_kept(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let Kept { mut connection, since } = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            let age = self.clock.now().millis().saturating_sub(since.millis());
            if (0..=KEPT_MILLIS).contains(&age) && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let since = self.clock.now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if !connection.has_broken() && kept.len() < KEPT {
            kept.push(Kept { connection, since });
        }
    }

    fn explain(&self, failure: Failure, mail: &SignInMail) -> MailError {
        let server = &self.server.host;
        let error = match failure {
            Failure::NoTls => {
                return MailError::Refused(format!("the mail server {server} offers no STARTTLS; try smtps://"));
            }
            Failure::NoUtf8 => {
                return MailError::Refused(format!(
                    "the mail server {server} takes no addresses beyond ASCII (SMTPUTF8, RFC 6531)"
                ));
            }
            Failure::Login(error) if error.is_client() => {
                return MailError::Refused(format!(
                    "the mail server {server} offers no way to log in (AUTH PLAIN or LOGIN)"
                ));
            }
            Failure::Smtp(error) | Failure::Login(error) => error,
        };
        // The reason is at the end of the chain: `permanent error (550)` says less than the server's own words.
        let mut innermost: &dyn std::error::Error = &error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        let login = self.server.login.as_ref();
        let secrets = login.map(Login::as_sent).unwrap_or_default();
        let secrets: Vec<&str> = secrets.iter().map(|secret| secret.expose_secret()).collect();
        let words = refusal::quote(&innermost.to_string(), mail, &secrets);
        match error.status() {
            Some(code) if error.is_permanent() => {
                MailError::Refused(format!("the mail server {server} answered {code}: {words}"))
            }
            // What is refused for now (RFC 5321 §4.2.1), such as by greylisting, may be taken later.
            Some(code) => MailError::Unreachable(format!("the mail server {server} answered {code}: {words}")),
            None => MailError::Unreachable(format!("the mail server {server}: {words}")),
        }
    }
}

/// Without user and password.
impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Server { host, port, .. } = &self.server;
        f.debug_struct("SmtpMailer")
            .field("host", host)
            .field("port", port)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl Mailer for SmtpMailer {
    fn send<'a>(&'a self, mail: &'a SignInMail, _: &'a dyn Transport) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(self.deliver(mail))
    }
}

enum Failure {
    Smtp(lettre::transport::smtp::Error),
    Login(lettre::transport::smtp::Error),
    NoTls,
    NoUtf8,
}

impl From<lettre::transport::smtp::Error> for Failure {
    fn from(error: lettre::transport::smtp::Error) -> Self {
        Self::Smtp(error)
    }
}
