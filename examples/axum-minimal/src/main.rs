//! Sign in with Scalekit. Needs AUTH_SECRET, AUTH_SCALEKIT_ID, AUTH_SCALEKIT_SECRET and AUTH_SCALEKIT_ISSUER; register
//! <http://localhost:3000/api/auth/callback/scalekit> as redirect URI, and open <http://localhost:3000>.

use authstile::{Auth, env::Environment};
use authstile_axum::{MaybeSignedIn, routes};
use authstile_reqwest::ReqwestTransport;
use authstile_scalekit::Scalekit;
use axum::{Router, response::Html, routing::get};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let environment = Environment::of_process();
    let auth = Auth::builder()
        .environment(&environment)?
        .provider(Scalekit::from_env()?)
        .transport(ReqwestTransport::new()?)
        .build()?;
    let app = Router::new().route("/", get(home)).merge(routes(&auth)).with_state(auth);

    let port = environment.get("PORT").unwrap_or("3000").parse()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(listener, app).await?)
}

async fn home(MaybeSignedIn(session): MaybeSignedIn) -> Html<String> {
    let Some(session) = session else {
        return Html("<a href='/api/auth/signin'>Sign in</a>".to_owned());
    };
    let email = session.user.email.unwrap_or_default().replace('&', "&amp;").replace('<', "&lt;");
    Html(format!("Signed in as {email}. <a href='/api/auth/signout'>Sign out</a>"))
}
