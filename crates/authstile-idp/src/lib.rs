//! A development identity provider that behaves like a Scalekit environment.
//!
//! It is a value with one function, [`Idp::handle`], from an [`http::Request`] to an [`http::Response`]: no sockets, no
//! runtime, no files. Put it behind a loopback listener to sign in by hand, or call it directly from a test. It knows
//! organizations, enterprise connections and users ([`IdpBuilder`]), routes sign-ins as Scalekit documents it, issues
//! the documented tokens, and on demand answers wrongly in more than sixty named ways ([`Misbehave`]), so that a relying
//! party can be shown to notice.
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
//! | hand, or a browser test | the sign-in page has `#user-0`, `#user-1`, ... (a button each), `#email` with `#submit`, and `#deny`; its `main` element says in `data-page`, `data-connection` and `data-organization` what was chosen |
//! | a test without a browser | `POST {issuer}/oauth/authorize/submit` with the page's hidden `request` and `user=<e-mail>` or `deny=1` |
//! | a test that wants no form | [`Idp::auto_sign_in`] |
//!
//! # How sure it is
//!
//! No live Scalekit environment was observed. What is copied from Scalekit's documentation, SDKs or printed tokens is
//! stated plainly; what had to be guessed is called *a guess* where it happens. Section numbers (§) refer to the
//! project's collection of facts about Scalekit. Left out: identity-provider-initiated login, webhooks, back-channel
//! logout, one-time-password pages, the management API, and `private_key_jwt` (advertised as Scalekit does, refused
//! when used).
//!
//! Not for production: anyone who can reach it can sign in as anyone.

#![forbid(unsafe_code)]

mod authorization_request;
mod authorize;
mod builder;
mod claims;
mod client_authentication;
mod control;
mod demo;
mod discovery;
mod environment;
mod http_text;
mod idp;
mod keys;
mod logout;
mod memory;
mod misbehave;
mod model;
mod page;
mod random;
mod revoke;
mod sabotage;
mod select;
mod sign_in;
mod token;
mod user;
mod userinfo;
mod weak_key;

pub use builder::IdpBuilder;
pub use control::{Recorded, Rotation};
pub use demo::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET};
pub use idp::Idp;
pub use misbehave::Misbehave;
pub use model::{Client, Connection, Mode, Organization};
pub use user::User;
