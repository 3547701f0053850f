//! The application's side of the demo: what a user of Authstile writes.

use authstile::hooks::{HookError, JwtInput};
use authstile::{Auth, Claims, Customize as _, Session, Theme};
use authstile_axum::{MaybeSignedIn, SignedIn, require_session, routes};
use authstile_idp::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET};
use authstile_reqwest::ReqwestTransport;
use authstile_scalekit::{Scalekit, ScalekitProfile};
use axum::Router;
use axum::extract::{FromRef, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, StatusCode};
use serde::Deserialize as _;
use serde_json::Value;

use super::Addresses;
use super::page::{self, FAVICON, Person};
use crate::secret;

/// What the handlers know.
#[derive(Debug, Clone)]
struct Demo {
    auth: Auth,
    addresses: Addresses,
}

impl FromRef<Demo> for Auth {
    fn from_ref(demo: &Demo) -> Self {
        demo.auth.clone()
    }
}

/// The application.
pub(super) fn router(addresses: &Addresses) -> anyhow::Result<Router> {
    let auth = engine(addresses)?;
    let demo = Demo { auth: auth.clone(), addresses: addresses.clone() };
    Ok(Router::new()
        .route("/private", get(private))
        .route_layer(middleware::from_fn_with_state(auth.clone(), require_session))
        .route("/", get(home))
        .route("/favicon.svg", get(favicon))
        .route("/favicon.ico", get(favicon))
        .merge(routes(&auth))
        .fallback(missing)
        .layer(middleware::from_fn_with_state(demo.clone(), at_home))
        .with_state(demo))
}

fn engine(addresses: &Addresses) -> anyhow::Result<Auth> {
    // Whoever signs out here is still signed in there: without the prompt, nobody could come back as somebody else.
    let scalekit = Scalekit::new(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, &addresses.issuer)
        .authorization_param("prompt", "select_account");
    Ok(Auth::builder()
        .secret(secret::new()?)
        .url(&addresses.application)
        .provider(scalekit)
        .jwt(async |input| keep_organization(input))
        .theme(Theme::new().application_name("Authstile demo"))
        .transport(ReqwestTransport::new()?)
        .build()?)
}

/// At sign-in, organization and connection of the profile go into the session.
fn keep_organization(input: JwtInput) -> Result<Option<Claims>, HookError> {
    let JwtInput { mut claims, profile, .. } = input;
    if let Some(profile) = profile {
        let profile = ScalekitProfile::deserialize(Value::Object(profile))?;
        claims.insert("connection".to_owned(), profile.connection().into());
        claims.insert("organization".to_owned(), profile.oid.into());
    }
    Ok(Some(claims))
}

async fn home(State(demo): State<Demo>, MaybeSignedIn(session): MaybeSignedIn) -> Response {
    let issuer = &demo.addresses.issuer;
    match session {
        Some(session) => page::signed_in(issuer, &person(&session)),
        None => page::signed_out(issuer),
    }
}

async fn private(State(demo): State<Demo>, SignedIn(session): SignedIn) -> Response {
    page::private(&format!("{}/private", demo.addresses.application), &person(&session))
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
    Person {
        name: user.name.clone().filter(|name| !name.is_empty()),
        email: user.email.clone().unwrap_or_default(),
        picture: user.image.clone(),
        organization: session.claim("organization"),
        connection: session.claim("connection"),
        id: user.id.clone(),
        expires: session.expires,
    }
}
