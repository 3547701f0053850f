//! Authstile is the authentication framework for Rust: what Auth.js is to JavaScript, on the [`http`] crate.
//!
//! * **Wire-compatible with Auth.js**: the same endpoints, cookies and encrypted session tokens, the same environment
//!   variables, the same browser client. A session of one is a session of the other.
//! * **Strict where Auth.js is not**: state, PKCE and nonce always; the ID token always verified in full; a provider that
//!   deviates gets an error that names the deviation, and nobody is signed in by an error.
//! * **No framework below**: [`Auth::handle`] takes an `http::Request` and returns an `http::Response`. `authstile-axum`
//!   puts it behind axum, `authstile-reqwest` gives it the network, `authstile-scalekit` is the flagship provider.
//!
//! The walks of a request are in `flow`, one file each; the words, ports and crafts that they use are beside them. See
//! ARCHITECTURE.md for the picture.

mod admission;
mod answer;
mod api_tokens;
mod ask;
mod auth;
mod authority;
mod authorization;
mod bounds;
mod builder;
mod cached;
mod calls;
pub mod card_file;
mod client_keys;
mod client_proof;
pub mod clock;
mod code_request;
mod connect;
pub mod cookie;
pub mod credentials;
mod customize;
mod demand;
mod device;
mod directory;
mod dpop;
mod email;
mod email_address;
mod entry;
pub mod env;
mod error;
mod establish;
pub mod event;
mod exchange;
mod facts;
mod flow;
mod forwarded;
mod guard;
mod hook_set;
pub mod hooks;
mod host;
mod leaving;
mod ledger;
mod limits;
mod link;
pub mod mail;
mod memory;
mod model;
mod mount;
mod origin_pattern;
mod page;
mod pending;
mod people;
pub mod profile;
pub mod provider;
mod provider_error;
mod provider_tokens;
mod proxies;
mod questions;
pub mod random;
mod record;
mod redact;
mod redirect_proxy;
mod refresh;
mod registration;
mod registry;
mod return_to;
mod route;
pub mod routing;
pub mod seal;
mod session;
mod session_list;
mod settings;
mod signed_secret;
mod step_up;
pub mod store;
mod stored;
mod token_services;
mod transport;
mod vault;
mod visit;
pub mod webhook;

pub use api_tokens::{ApiTokenError, ApiTokens, ApiTokensBuilder};
pub use auth::Auth;
pub use authstile_oauth as oauth;
pub use bounds::{MAX_BODY, MAX_HEADERS, MAX_PARAMETERS, MAX_URI};
pub use builder::{AuthBuilder, WeakSecrets};
pub use client_keys::ClientKeys;
pub use credentials::{Authorize, CredentialsProvider};
pub use customize::Customize;
pub use dpop::{ProofError, SenderConstraint};
pub use email::{EmailProof, EmailProvider};
pub use email_address::{EmailIdentifier, InvalidEmailIdentifier};
pub use error::{ConfigError, Denied, Error, Leg, Reason, RequestError, VerificationFailure};
pub use event::{Event, Events};
pub use forwarded::ForwardedError;
pub use guard::GuardError;
pub use hooks::{HookError, Hooks, Provision, SignInDecision};
pub use host::{HostPolicy, UnknownHost, UntrustedHost};
pub use ledger::RevocationReads;
pub use limits::{LimitedRoute, RateLimits};
pub use link::{LinkPolicy, NotLinked, UnverifiedAddresses};
pub use memory::MemoryStore;
pub use model::{Account, AccountKind, Claims, Session, User};
pub use origin_pattern::{InvalidOriginPattern, OriginPattern};
pub use page::{ColorScheme, Theme};
pub use pending::PENDING_SECONDS;
pub use provider::Provider;
pub use provider_tokens::ExchangedToken;
pub use proxies::{InvalidNetwork, TrustedProxies};
pub use redirect_proxy::NotForwarded;
pub use refresh::ProviderToken;
pub use registration::{
    EndSession, ErrorWords, Explain, Facts, IdentityCheck, IdentityFacts, IdentityMismatch, Registration, RevokeTokens,
    StoreTokens, github,
};
pub use registry::ProviderError;
pub use return_to::{InvalidOrigin, Origin, ReturnTo};
pub use session::SessionLifetime;
pub use session_list::SessionOverview;
pub use settings::Pages;
pub use step_up::{Authentication, InsufficientAuthentication, StepUp};
pub use store::{
    Accounts, Leases, MemoryRevocations, OneTime, RevocationKey, Revocations, Sessions, StoreError, Throttle,
};
pub use stored::SessionTokens;
pub use transport::{ClientCertificate, Limits, Transport, TransportError};
pub use vault::KeepTokens;
pub use visit::{ClientAddress, PeerAddress};

/// A future on the heap: what the methods of our ports return, so that they can be used as trait objects.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
