//! Authstile for axum: the engine's routes, the session as an extractor, and a layer that protects pages.
//!
//! ```no_run
//! use authstile::Auth;
//! use authstile_axum::{SignedIn, require_session, routes};
//! use axum::{Router, middleware, routing::get};
//!
//! async fn dashboard(SignedIn(session): SignedIn) -> String {
//!     format!("Hello {}", session.user.email.unwrap_or_default())
//! }
//!
//! fn app(auth: Auth) -> Router {
//!     Router::new()
//!         .route("/dashboard", get(dashboard))
//!         .route_layer(middleware::from_fn_with_state(auth.clone(), require_session))
//!         .merge(routes(&auth))
//!         .with_state(auth)
//! }
//! ```

mod bearer;
mod extract;
mod protect;
mod routes;

pub use bearer::{Bearer, BearerRejection, RequireScopes, require_scopes};
pub use extract::{MaybeSignedIn, SignedIn, SignedInRejection};
pub use protect::{RequireStepUp, require_session, require_step_up};
pub use routes::routes;
