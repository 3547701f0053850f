//! Where an application has its say: Auth.js's callbacks, as a trait whose every method has a default.

use std::fmt;

use serde_json::Value;

use crate::BoxFuture;
use crate::model::{Account, Claims, User};
use crate::store::NewUser;

/// Whatever an application's code failed with. A failing hook denies.
pub type HookError = Box<dyn std::error::Error + Send + Sync>;

/// Decisions of the application. Implement what you need; or give closures to the builder
/// ([`AuthBuilder::sign_in`](crate::AuthBuilder::sign_in) and its neighbours).
///
/// An error from any of them ends in "not signed in", is logged, and shows the visitor an error page.
pub trait Hooks: Send + Sync + fmt::Debug {
    /// May this person sign in? Called after the identity is proven, before anything is written.
    fn sign_in<'a>(&'a self, attempt: SignInAttempt) -> BoxFuture<'a, Result<SignInDecision, HookError>> {
        let _ = attempt;
        Box::pin(std::future::ready(Ok(SignInDecision::Allow)))
    }

    /// May this new person be stored, and as whom? Only with a store of accounts.
    fn provision<'a>(&'a self, input: ProvisionInput) -> BoxFuture<'a, Result<Provision, HookError>> {
        let _ = input;
        Box::pin(std::future::ready(Ok(Provision::Allow)))
    }

    /// Where may a browser be sent? `url` is what was asked for, unbelieved; `origin` is ours. `None` leaves it to the
    /// default: the same origin and the allow-list. What you return is trusted, also when it leads elsewhere.
    fn redirect(&self, url: &str, origin: &str) -> Option<String> {
        let _ = (url, origin);
        None
    }

    /// What does the session token carry? Called at sign-in, at every read of the session, and at an update. `None` ends
    /// the session.
    fn jwt<'a>(&'a self, input: JwtInput) -> BoxFuture<'a, Result<Option<Claims>, HookError>> {
        Box::pin(std::future::ready(Ok(Some(input.claims))))
    }

    /// What does the browser see at `GET /session`? The default is name, e-mail, image and expiry.
    fn session<'a>(&'a self, input: SessionInput) -> BoxFuture<'a, Result<Value, HookError>> {
        Box::pin(std::future::ready(Ok(input.public)))
    }
}

/// Somebody proved who they are and wants in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignInAttempt {
    /// The person, as the profile mapping made them.
    pub user: User,
    /// The account at the provider.
    pub account: Account,
    /// The provider's claims, from verified sources.
    pub profile: Claims,
    /// Whether somebody only asks for a mail to sign in with, and has proven nothing yet. Answer alike for known and
    /// unknown people: what differs tells strangers who has an account.
    pub is_verification_request: bool,
}

/// Somebody new is about to be stored.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ProvisionInput {
    /// As they would be stored.
    pub user: NewUser,
    /// The account they came with.
    pub account: Account,
    /// The provider's claims, from verified sources.
    pub profile: Claims,
}

/// The application's answer about somebody new.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Provision {
    /// They are stored as proposed.
    Allow,
    /// They are stored like this: with another name, or with attributes.
    AllowAs(Box<NewUser>),
    /// They are not let in; the reason is for the log.
    Deny {
        /// Why.
        reason: String,
    },
}

/// The application's answer to an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInDecision {
    /// In.
    Allow,
    /// Not in: the visitor sees `AccessDenied`.
    Deny,
    /// Not in, and the browser goes there instead; checked like every redirect.
    RedirectTo(String),
}

impl From<bool> for SignInDecision {
    fn from(allow: bool) -> Self {
        if allow { Self::Allow } else { Self::Deny }
    }
}

/// Why the `jwt` hook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trigger {
    /// A sign-in: `user`, `account` and `profile` are there.
    SignIn,
    /// A sign-in that created the user.
    SignUp,
    /// The session is read.
    Read,
    /// The browser asks for a change: `update` holds what it sent, **untrusted**.
    Update,
}

/// What the `jwt` hook gets.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct JwtInput {
    /// The claims of the token so far.
    pub claims: Claims,
    /// Why the hook is called.
    pub trigger: Trigger,
    /// At sign-in: the person.
    pub user: Option<User>,
    /// At sign-in: the account, with its tokens.
    pub account: Option<Account>,
    /// At sign-in: the provider's claims.
    pub profile: Option<Claims>,
    /// At an update: what the browser sent as `data`.
    pub update: Option<Value>,
}

/// What the `session` hook gets.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionInput {
    /// The default public view: `{user: {name, email, image}, expires}`.
    pub public: Value,
    /// The claims of the session token; of a stored session, the same made of its row.
    pub claims: Claims,
    /// At an update: what the browser sent as `data`, **untrusted**.
    pub update: Option<Value>,
}
