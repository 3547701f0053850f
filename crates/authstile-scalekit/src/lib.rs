//! Scalekit for Authstile: enterprise SSO behind one line.
//!
//! ```
//! use authstile_scalekit::Scalekit;
//!
//! let scalekit = Scalekit::new("skc_123", "client secret", "https://acme.scalekit.com").organization_id("org_123");
//! ```
//!
//! Everything else is discovered from the issuer, which may be on any host: `*.scalekit.dev`, `*.scalekit.com`, or a
//! domain of yours. Register `https://<your app>/api/auth/callback/scalekit` as redirect URI.
//!
//! # Which connection signs the user in
//!
//! [`connection_id`](Scalekit::connection_id), [`organization_id`](Scalekit::organization_id) and
//! [`domain`](Scalekit::domain) may be set all at once. Scalekit looks at them in this order and takes the first that is
//! given:
//!
//! 1. the connection,
//! 2. the organization: its first active connection,
//! 3. the e-mail domain: the organization that registered it.
//!
//! So the narrower one wins. Whatever you set here is pinned: a browser can change none of the routing parameters, and
//! who comes back from another organization or connection is refused.
//!
//! # Customizing
//!
//! Every default of the card can be replaced with the methods of [`Customize`](authstile::Customize):
//!
//! ```
//! use authstile::{Customize as _, User};
//! use authstile_scalekit::{Scalekit, ScalekitProfile};
//!
//! let scalekit = Scalekit::new("skc_123", "client secret", "https://acme.scalekit.com")
//!     .scope("openid profile email offline_access")
//!     .authorization_param("prompt", "login")
//!     .profile(|profile: ScalekitProfile| User { name: profile.display_name(), id: profile.sub, email: profile.email, ..User::default() });
//! ```

mod email;
mod error_code;
mod facts;
mod guard;
mod id;
mod identity;
pub mod idp_initiated;
mod initiate;
mod keys;
pub mod management;
mod profile;
mod provider;
mod receiver;
mod selector;
pub mod webhook;
mod work_email;

pub use email::{EmailAddress, EmailDomain, InvalidEmail};
pub use error_code::{FixableBy, ScalekitErrorCode, explain};
pub use facts::ScalekitSession;
pub use guard::OrganizationGuard;
pub use id::{ConnectionId, InvalidId, OrganizationId};
pub use identity::{AccountKey, IdentityError, ScalekitIdentity};
pub use idp_initiated::{IdpInitiatedError, IdpInitiatedLogin};
pub use profile::ScalekitProfile;
pub use provider::{SCALEKIT, Scalekit};
pub use selector::{InvalidSelector, Prompt, Selector, SignInRequest, SocialProvider};
