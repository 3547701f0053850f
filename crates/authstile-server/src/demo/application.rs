//! The application's side of the demo: what a user of Authstile writes.

use std::sync::Arc;

use authstile::clock::SystemClock;

use authstile::{Auth, Customize as _, EndSession, Session, StepUp, Theme};
use authstile_axum::{MaybeSignedIn, SignedIn, require_session, require_step_up, routes};
use authstile_idp::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Idp};
use authstile_reqwest::ReqwestTransport;
use authstile_scalekit::management::{Management, PortalFeature};
use authstile_scalekit::webhook::{WebhookSecret, WebhookVerifier};
use authstile_scalekit::{Scalekit, ScalekitSession as _};
use axum::Router;
use axum::body::Body;
use axum::extract::{Form, FromRef, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;

use super::Addresses;
use super::directory::Deactivated;
use super::page::{self, FAVICON, Person};
use crate::secret;

/// The role of those who may set up single sign-on for their organization.
const ADMIN: &str = "admin";

/// What the handlers know.
#[derive(Debug, Clone)]
struct Demo {
    auth: Auth,
    addresses: Addresses,
    management: Management,
    deactivated: Deactivated,
    /// A real application does not have its customers' identity providers at hand.
    idp: Idp,
}

impl FromRef<Demo> for Auth {
    fn from_ref(demo: &Demo) -> Self {
        demo.auth.clone()
    }
}

/// The application.
pub(super) fn router(addresses: &Addresses, idp: &Idp, webhook_secret: &str) -> anyhow::Result<Router> {
    let transport = ReqwestTransport::new()?;
    let deactivated = Deactivated::default();
    let auth = engine(addresses, webhook_secret, &transport, &deactivated)?;
    let management = Management::new(
        &addresses.issuer,
        DEMO_CLIENT_ID,
        DEMO_CLIENT_SECRET,
        Arc::new(transport),
        Arc::new(SystemClock),
    )?;
    let demo = Demo { auth: auth.clone(), addresses: addresses.clone(), management, deactivated, idp: idp.clone() };
    let recent = Router::new()
        .route("/recent", get(recent))
        .route_layer(require_step_up(&auth, StepUp::fresh(page::RECENT_SECONDS)));
    Ok(Router::new()
        .route("/private", get(private))
        .route("/admin-portal", get(admin_portal))
        .route_layer(middleware::from_fn_with_state(auth.clone(), require_session))
        .route("/", get(home))
        .route("/deactivate", post(deactivate))
        .route("/reactivate", post(reactivate))
        .route("/tile", get(tile))
        .route("/favicon.svg", get(favicon))
        .route("/favicon.ico", get(favicon))
        .merge(recent)
        .merge(routes(&auth))
        .fallback(missing)
        .layer(middleware::from_fn_with_state(demo.clone(), at_home))
        .with_state(demo))
}

fn engine(
    addresses: &Addresses,
    webhook_secret: &str,
    transport: &ReqwestTransport,
    deactivated: &Deactivated,
) -> anyhow::Result<Auth> {
    let verifier = WebhookVerifier::new(WebhookSecret::parse(webhook_secret)?);
    let deactivated = deactivated.clone();
    let scalekit = Scalekit::new(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, &addresses.issuer)
        .show_identity()
        .webhooks(verifier, move |event| {
            deactivated.hear(&event);
            async { Ok(()) }
        })
        .end_session(EndSession::AtProvider)
        // Whom a webhook has signed out here is still signed in there: without the prompt, nobody could come back as
        // somebody else.
        .authorization_param("prompt", "select_account");
    Ok(Auth::builder()
        .secret(secret::new()?)
        .url(&addresses.application)
        .provider(scalekit)
        .theme(Theme::new().application_name("Authstile demo"))
        .transport(transport.clone())
        .build()?)
}

async fn home(State(demo): State<Demo>, MaybeSignedIn(session): MaybeSignedIn) -> Response {
    let issuer = &demo.addresses.issuer;
    match session {
        Some(session) => page::signed_in(issuer, &person(&session)),
        None => page::signed_out(issuer, &demo.deactivated.people()),
    }
}

async fn private(State(demo): State<Demo>, SignedIn(session): SignedIn) -> Response {
    page::private(&format!("{}/private", demo.addresses.application), &person(&session))
}

async fn recent(SignedIn(session): SignedIn) -> Response {
    page::recent(&person(&session))
}

/// What an administrator of the customer does in the directory. It tells the identity provider, that one tells us, and
/// the session is over: nothing here ends it.
async fn deactivate(State(demo): State<Demo>, SignedIn(session): SignedIn, headers: HeaderMap) -> Response {
    let email = session.user.email.unwrap_or_default();
    if !is_from_our_page(&headers, &demo.addresses.application) {
        return page::foreign();
    }
    if !demo.idp.deactivate_directory_user(&email) {
        return page::in_no_directory(&email);
    }
    demo.deactivated.heard(&email, true).await;
    Redirect::to("/").into_response()
}

#[derive(Debug, Deserialize)]
struct Chosen {
    user: String,
}

/// The way back. Anybody may take it, so that nobody is stuck.
async fn reactivate(State(demo): State<Demo>, headers: HeaderMap, Form(Chosen { user }): Form<Chosen>) -> Response {
    if !is_from_our_page(&headers, &demo.addresses.application) {
        return page::foreign();
    }
    if demo.deactivated.people().contains(&user) && demo.idp.reactivate_directory_user(&user) {
        demo.deactivated.heard(&user, false).await;
    }
    Redirect::to("/").into_response()
}

/// The application's tile in the portal of somebody else's identity provider.
async fn tile(State(demo): State<Demo>, MaybeSignedIn(session): MaybeSignedIn) -> Response {
    let email = session.and_then(|session| session.user.email);
    let somebody_else = page::somebody_else(email.as_deref().unwrap_or_default());
    Redirect::to(&demo.idp.idp_initiated_url(somebody_else, None)).into_response()
}

/// The link is made when somebody asks for it, and for their own organization only.
async fn admin_portal(State(demo): State<Demo>, SignedIn(session): SignedIn, headers: HeaderMap) -> Response {
    // Another site may lead here, but not through.
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return Redirect::to("/").into_response();
    }
    let identity = session.scalekit().filter(|identity| identity.roles.iter().any(|role| role == ADMIN));
    let Some(organization) = identity.and_then(|identity| identity.organization) else {
        return page::only_for_administrators();
    };
    match demo.management.portal_redirect(&organization, &[PortalFeature::Sso, PortalFeature::DirSync]).await {
        Ok(redirect) => redirect.map(Body::from),
        Err(error) => {
            tracing::error!(%error, "no link to the admin portal");
            page::no_portal()
        }
    }
}

/// Browsers say where a form comes from, and no page can make them lie.
fn is_from_our_page(headers: &HeaderMap, application: &str) -> bool {
    match (headers.get("sec-fetch-site"), headers.get(ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin == application,
        (None, None) => false,
    }
}

async fn missing() -> Response {
    page::missing()
}

async fn favicon() -> Response {
    ([(CONTENT_TYPE, "image/svg+xml")], FAVICON).into_response()
}

/// The application is at home at one address, to which its cookies and the redirect URI belong: whoever comes by another
/// one is shown the way.
async fn at_home(State(demo): State<Demo>, request: Request, next: Next) -> Response {
    let home = demo.addresses.application.trim_start_matches("http://");
    let host = request.headers().get(HOST).map(http::HeaderValue::as_bytes);
    if host == Some(home.as_bytes()) {
        return next.run(request).await;
    }
    if request.method() != Method::GET {
        return (StatusCode::MISDIRECTED_REQUEST, format!("The demo is at {}\n", demo.addresses.application))
            .into_response();
    }
    let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    Redirect::temporary(&format!("{}{path}", demo.addresses.application)).into_response()
}

fn person(session: &Session) -> Person {
    let user = &session.user;
    let identity = session.scalekit();
    let roles = identity.as_ref().map(|identity| identity.roles.clone()).unwrap_or_default();
    Person {
        name: user.name.clone().filter(|name| !name.is_empty()),
        email: user.email.clone().unwrap_or_default(),
        picture: user.image.clone(),
        organization: identity.as_ref().and_then(|identity| identity.organization.clone()),
        connection: identity.and_then(|identity| identity.connection),
        is_admin: roles.iter().any(|role| role == ADMIN),
        roles,
        id: user.id.clone(),
        expires: session.expires,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    #[test]
    fn only_our_pages_may_ask_for_changes() {
        const HOME: &str = "http://localhost:3000";
        let asks = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
            is_from_our_page(&pairs.collect(), HOME)
        };
        assert!(asks(&[("sec-fetch-site", "same-origin"), ("origin", HOME)]) && asks(&[("origin", HOME)]));
        for refused in ["cross-site", "same-site", "none"] {
            assert!(!asks(&[("sec-fetch-site", refused), ("origin", HOME)]), "{refused}");
        }
        assert!(!asks(&[]) && !asks(&[("origin", "http://localhost:3001")]) && !asks(&[("origin", "null")]));
    }
}
