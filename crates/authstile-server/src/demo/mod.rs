//! `authstile demo`: a small application and its identity provider, in one process, with real HTTP between them.

mod application;
mod directory;
mod identity_provider;
mod page;
mod ports;

use std::io::Write as _;

use anyhow::Context as _;
use authstile_reqwest::ReqwestTransport;
use hyper_util::service::TowerToHyperService;

use crate::cli::DemoOptions;
use crate::listen::{self, Stop};
use crate::secret;

/// Where the two are. Different hosts, so that their cookies do not mix.
#[derive(Debug, Clone)]
struct Addresses {
    /// The application's origin.
    application: String,
    /// The identity provider's issuer.
    issuer: String,
}

/// Runs the demo until the process is asked to stop.
pub(crate) async fn run(options: &DemoOptions) -> anyhow::Result<()> {
    let (port, application) = ports::claim(options.port).await.context("no port for the application")?;
    let (idp_port, idp_listeners) =
        ports::claim(options.idp_port).await.context("no port for the identity provider")?;
    let addresses =
        Addresses { application: format!("http://localhost:{port}"), issuer: format!("http://127.0.0.1:{idp_port}") };
    let stop = Stop::on_signal()?;
    let webhook_secret = format!("whsec_{}", secret::new()?);
    let idp = identity_provider::new(&addresses, &webhook_secret)?;
    let router = TowerToHyperService::new(application::router(&addresses, &idp, &webhook_secret)?);
    let sender = tokio::spawn(crate::idp::send(idp.clone(), ReqwestTransport::new()?));
    let servers = application.into_iter().map(|listener| {
        let served = listen::serve(listener, router.clone(), stop.clone());
        tokio::spawn(served)
    });
    let provider = identity_provider::service(idp);
    let providers = idp_listeners.into_iter().map(|listener| {
        let served = listen::serve(listener, provider.clone(), stop.clone());
        tokio::spawn(served)
    });
    let servers: Vec<_> = servers.chain(providers).collect();
    // Whoever closed standard output does not want to read it.
    let _ = write!(std::io::stdout().lock(), "{}", introduction(&addresses, options, port, idp_port));
    for server in servers {
        server.await?;
    }
    sender.abort();
    Ok(())
}

/// What to open, what to try, how to stop.
fn introduction(addresses: &Addresses, options: &DemoOptions, port: u16, idp_port: u16) -> String {
    let taken = |wanted: u16, got: u16| match wanted {
        0 => String::new(),
        _ if wanted == got => String::new(),
        _ => format!("  (Port {wanted} is taken, so it is on {got}.)\n"),
    };
    format!(
        "
  Authstile demo

  Open   {application}
{application_taken}
  A small application, and an identity provider that behaves like a Scalekit environment. Both run on this machine
  only. Worth trying:

    - Sign in as Ada of Acme, sign out, come back as Linus of Globex: organization and connection follow.
    - Cancel at the identity provider: the application says so, and offers another try.
    - Begin a sign-in in two tabs, and finish both.
    - Open {application}/private while signed out: you come back to it.
    - Deactivate yourself in the directory: a webhook ends your session, and you do not get in again.
    - Start from the identity provider's portal as somebody else: you are asked before accounts are switched.

  The identity provider is {issuer}
{idp_taken}
  Stop   Ctrl-C. All sessions end with it: the secret is new at each start.

",
        application = addresses.application,
        issuer = addresses.issuer,
        application_taken = taken(options.port, port),
        idp_taken = taken(options.idp_port, idp_port),
    )
}
