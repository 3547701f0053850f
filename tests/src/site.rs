//! The house on real sockets: a small application with the engine in it, and the identity provider, each on a port.

use authstile::Auth;
use authstile::hooks::Trigger;
use authstile_axum::{MaybeSignedIn, routes};
use authstile_idp::{Client, Connection, Idp, Organization, User};
use authstile_reqwest::ReqwestTransport;
use authstile_scalekit::Scalekit;
use authstile_testkit::{Loopback, TEST_SECRET};
use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};

use crate::{CLIENT_ID, CLIENT_SECRET};

/// An application and its identity provider, for as long as the value lives.
#[derive(Debug)]
pub struct Site {
    /// The application's origin.
    pub app: String,
    /// The identity provider.
    pub idp: Idp,
    provider: Loopback,
    server: tokio::task::JoinHandle<()>,
}

impl Site {
    /// Opens both.
    ///
    /// # Errors
    /// When there is no port, or the engine cannot be built.
    pub async fn open() -> anyhow::Result<Self> {
        Self::with(|scalekit| scalekit.organization_id("org_acme")).await
    }

    /// Opens both, with Scalekit registered otherwise.
    ///
    /// # Errors
    /// When there is no port, or the engine cannot be built.
    pub async fn with(configure: impl FnOnce(Scalekit) -> Scalekit) -> anyhow::Result<Self> {
        let mut provider = Loopback::bind().await?;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let app = format!("http://localhost:{}", listener.local_addr()?.port());
        let idp = Idp::builder(provider.origin())
            .client(
                Client::new(CLIENT_ID, CLIENT_SECRET)
                    .redirect_uri(format!("{app}/api/auth/callback/scalekit"))
                    .initiate_login_uri(format!("{app}/api/auth/initiate/scalekit")),
            )
            .organization(
                Organization::new("org_acme", "Acme")
                    .domain("acme.example")
                    .connection(Connection::new("conn_acme", "Okta")),
            )
            .organization(
                Organization::new("org_globex", "Globex")
                    .domain("globex.example")
                    .connection(Connection::new("conn_globex", "Entra")),
            )
            .user(User::new("ada@acme.example").name("Ada Lovelace").organization("org_acme"))
            .user(User::new("linus@globex.example").name("Linus").organization("org_globex"))
            .build();
        provider.serve({
            let idp = idp.clone();
            move |request| std::future::ready(idp.handle(request))
        });
        let auth = Auth::builder()
            .secret(TEST_SECRET)
            .provider(configure(Scalekit::new(CLIENT_ID, CLIENT_SECRET, provider.origin())))
            .transport(ReqwestTransport::new()?)
            .jwt(|mut input| async move {
                if let (Trigger::SignIn, Some(profile)) = (input.trigger, &input.profile) {
                    for (claim, pointer) in [("organization", "/oid"), ("connection", "/amr/0")] {
                        let value = serde_json::Value::Object(profile.clone()).pointer(pointer).cloned();
                        input.claims.insert(claim.to_owned(), value.unwrap_or_default());
                    }
                }
                Ok(Some(input.claims))
            })
            .build()?;
        let router = Router::new().route("/", get(home)).merge(routes(&auth)).with_state(auth);
        let down = {
            let idp = idp.clone();
            post(move || {
                idp.set_down(true);
                std::future::ready("down")
            })
        };
        let router = router.route("/down", down);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { app, idp, provider, server })
    }

    /// The identity provider's origin.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.provider.origin()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn home(MaybeSignedIn(session): MaybeSignedIn) -> Html<String> {
    let body = match session {
        None => "<p><a id=sign-in href=/api/auth/signin>Sign in</a>".to_owned(),
        Some(session) => {
            let claim = |name: &str| session.claim::<String>(name).unwrap_or_default();
            format!(
                "<p id=session-email>{}<p id=session-organization>{}<p id=session-connection>{}<p><a id=sign-out href=/api/auth/signout>Sign out</a>",
                session.user.email.clone().unwrap_or_default(),
                claim("organization"),
                claim("connection"),
            )
        }
    };
    Html(format!("<!doctype html><html lang=en><title>Test</title><main><h1>Test</h1>{body}</main></html>"))
}
