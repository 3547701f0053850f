//! A development identity provider that behaves like a Scalekit environment.
//!
//! It is a value with one function, [`Idp::handle`], from an [`http::Request`] to an [`http::Response`]: no sockets, no
//! runtime, no files. Put it behind a loopback listener to sign in by hand, or call it directly from a test. It knows
//! organizations, enterprise connections, directories and users ([`IdpBuilder`], or a seed file: [`Idp::from_seed`]),
//! routes sign-ins as Scalekit documents it, issues the documented tokens, starts sign-ins by itself
//! ([`Idp::start_at_idp`]), tells applications about logouts and directories, and has the part of the management API that
//! matters for sign-in. On demand it does all of that wrongly, in more than a hundred named ways ([`Misbehave`],
//! [`LogoutTokenFault`], [`WebhookFault`], [`IdpInitiatedFault`]), so that a relying party can be shown to notice; and
//! where the documentation can be read in two ways, it reads it the other way ([`Reading`]).
//!
//! It shares no code with the relying party it is used to test.
//!
//! ```
//! use authstile_idp::{Client, Connection, Idp, Organization, User};
//!
//! let idp = Idp::builder("http://127.0.0.1:4001")
//!     .client(Client::new("skc_demo", "test_secret").redirect_uri("http://127.0.0.1:3000/api/auth/callback/scalekit"))
//!     .organization(
//!         Organization::new("org_acme", "Acme")
//!             .domain("acme.example")
//!             .connection(Connection::new("conn_acme_okta", "Acme Okta")),
//!     )
//!     .user(User::new("ada@acme.example").id("00u1ada").name("Ada Lovelace").organization("org_acme"))
//!     .build();
//!
//! let request = http::Request::get("/.well-known/openid-configuration").body(bytes::Bytes::new()).unwrap();
//! assert_eq!(idp.handle(request).status(), 200);
//! ```
//!
//! # Driving it
//!
//! | by | how |
//! |---|---|
//! | hand, or a browser test | the pages below |
//! | a test without a browser | `POST {issuer}/oauth/authorize/submit` with the page's hidden `request` and `user=<e-mail>` or `deny=1` |
//! | a test that wants no form | [`Idp::auto_sign_in`] |
//! | a test in another process | `/_emulator/…`, once opened by [`IdpBuilder::control`] |
//!
//! On every page the `main` element says in `data-page`, `data-connection` and `data-organization` what was chosen. All
//! forms have a hidden `request`.
//!
//! | page (`data-page`) | elements | fields of its form |
//! |---|---|---|
//! | sign-in (`connection`, `organization-switch`) | a button for each person, `#user-0`, `#user-1`, ...; `#email` with `#submit`; `#deny` | `user`, `deny` |
//! | hosted login (`hosted-login`, `hosted-signup`) | the same, and `#social-google`, ...; here `#email` leads to the connection of its domain, or to a code | `email`, `user` (skips connection and code), `organization` beside it, `provider`, `deny` |
//! | one-time code (`one-time-code`) | `#code` with `#submit`, `#another`, `#deny`; the code is always 424242 | `code`, `another`, `deny` |
//! | organizations (`organization-switcher`) | `#organization-0`, `#organization-1`, ...; `#another`, `#deny` | `organization`, `another`, `deny` |
//! | SSO simulator (`simulator`) | `#flow`, `#email`, `#given-name`, `#family-name`, `#attributes`, `#relay-state`, `#error-code`, `#submit` | sent to `/oauth/authorize/simulate`: `flow` (`login`, `idp-initiated`, `error`), `user`, `given_name`, `family_name`, `attributes`, `relay_state`, `error` |
//!
//! # Calls that it makes
//!
//! Having no sockets, it hands out back-channel logouts and webhooks as requests: whoever holds it asks for them from
//! time to time, sends them, and says how it went.
//!
//! ```
//! # fn send(_: http::Request<bytes::Bytes>) -> Option<http::StatusCode> { Some(http::StatusCode::OK) }
//! # let idp = authstile_idp::Idp::builder("http://127.0.0.1:4001").build();
//! for request in idp.take_outgoing() {
//!     if let Some(id) = authstile_idp::OutgoingId::of(&request) {
//!         idp.outgoing_result(id, send(request));
//!     }
//! }
//! ```
//!
//! # Over HTTP
//!
//! With [`ControlAccess`], below the issuer, JSON in and out:
//!
//! | call | body |
//! |---|---|
//! | `GET /_emulator/state`, `/faults`, `/requests`, `/outgoing`; `DELETE /requests`, `/outgoing` | |
//! | `POST /_emulator/misbehave` | `{"name": …}`: any fault's name; `null` makes amends in everything |
//! | `POST …/mode`, `…/auto-sign-in`, `…/next-error`, `…/down` | `{"mode": "full-stack"}`, `{"email": …}`, `{"error": …}`, `{"down": true}` |
//! | `POST …/rotate-keys`, `…/clock`, `…/access-tokens`, `…/rate-limit` | `{"keep_old": true}`, `{"advance": seconds}`, `{"seconds": …}`, `{"retry_after": …}` |
//! | `POST …/idp-initiated` | `{"email", "relay_state", "client_id", "connection_id"}`; answers `{"url"}` |
//! | `POST …/events` | `{"type", "organization_id", "data", "id", "object", "occurred_at"}` |
//! | `POST …/sessions/revoke`, `…/sessions/revoke-refresh` | `{"session_id"}` or `{"email"}`; `{"session_id"}` |
//! | `POST …/directory-users/deactivate`, `…/reactivate`, `…/delete` | `{"user": id or e-mail}` |
//! | `POST …/connections/enable`, `…/disable`, `…/delete`, `…/organizations/delete` | `{"id"}` |
//! | `POST …/memberships/delete` | `{"email", "organization_id"}` |
//!
//! # How sure it is
//!
//! No live Scalekit environment was observed. What is copied from Scalekit's documentation, SDKs or printed tokens is
//! stated plainly; what had to be guessed is called *a guess* where it happens. Section numbers (§) refer to the
//! project's collection of facts about Scalekit. Left out: interceptors, organizations' own clients, and most of the
//! management API (and the gRPC side of it, which the SDKs speak).
//!
//! # Beyond Scalekit
//!
//! Other providers do more, and a relying party should be tested with that too: signed assertions and certificates for
//! client authentication ([`Client`]), pushed and signed requests, responses as forms and as JWTs, DPoP, token exchange,
//! front-channel logout, step-up, other signing algorithms. Each is off until [`IdpBuilder`] or [`Client`] switches it on:
//! see [`Feature`].
//!
//! Not for production: anyone who can reach it can sign in as anyone.

#![forbid(unsafe_code)]

mod acr;
mod authorization_request;
mod authorize;
mod back_channel;
mod builder;
mod changes;
mod claims;
mod client;
mod client_assertion;
mod client_authentication;
mod control;
mod demo;
mod directory;
mod discovery;
mod dpop;
mod environment;
mod error_codes;
mod fault;
mod feature;
mod front_channel;
mod hosted;
mod http_text;
mod idp;
mod idp_initiated;
mod jws;
mod keys;
mod logout;
mod management;
mod memory;
mod misbehave;
mod model;
mod outgoing;
mod page;
mod pushed_request;
mod random;
mod reading;
mod refusal;
mod remote;
mod reply;
mod request_object;
mod revoke;
mod rfc3339;
mod sabotage;
mod seed;
mod select;
mod session;
mod sign_in;
mod simulator;
mod token;
mod token_exchange;
mod user;
mod userinfo;
mod weak_key;
mod webhook;

pub use builder::IdpBuilder;
pub use client::Client;
pub use control::{Recorded, Rotation};
pub use demo::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET};
pub use directory::{Directory, DirectoryGroup, DirectoryUser};
pub use fault::{IdpInitiatedFault, LogoutTokenFault, WebhookFault};
pub use feature::Feature;
pub use http_text::ClientCertificate;
pub use idp::Idp;
pub use idp_initiated::IdpInitiated;
pub use keys::SigningAlgorithm;
pub use misbehave::{Misbehave, Scene};
pub use model::{Connection, Mode, Organization};
pub use outgoing::{Delivery, DeliveryState, OutgoingId, OutgoingKind};
pub use reading::Reading;
pub use remote::ControlAccess;
pub use seed::SeedError;
pub use user::User;
pub use webhook::{EVENT_TYPES, InvalidWebhookSecret, Webhook, WebhookEvent};
