//! The application's hooks as the engine calls them: a closure where there is one, else the type that was given, else
//! nothing at all, which costs nothing.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::BoxFuture;
use crate::error::Error;
use crate::facts::SessionFacts;
use crate::hooks::{
    HookError, Hooks, JwtInput, Provision, ProvisionInput, SessionInput, SignInAttempt, SignInDecision,
};
use crate::model::Claims;

pub(crate) type Closure<I, O> = Box<dyn Fn(I) -> BoxFuture<'static, Result<O, HookError>> + Send + Sync>;
type RedirectClosure = Box<dyn Fn(&str, &str) -> Option<String> + Send + Sync>;

/// Closures, and what is asked where there is none.
#[derive(Default)]
pub(crate) struct HookSet {
    pub(crate) base: Option<Arc<dyn Hooks>>,
    pub(crate) sign_in: Option<Closure<SignInAttempt, SignInDecision>>,
    pub(crate) redirect: Option<RedirectClosure>,
    pub(crate) jwt: Option<Closure<JwtInput, Option<Claims>>>,
    pub(crate) session: Option<Closure<SessionInput, Value>>,
    pub(crate) provision: Option<Closure<ProvisionInput, Provision>>,
}

impl HookSet {
    /// May they come in?
    pub(crate) async fn sign_in(&self, attempt: impl FnOnce() -> SignInAttempt) -> Result<SignInDecision, Error> {
        let decision = match (&self.sign_in, &self.base) {
            (Some(hook), _) => hook(attempt()),
            (None, Some(base)) => base.sign_in(attempt()),
            (None, None) => return Ok(SignInDecision::Allow),
        };
        decision.await.map_err(|source| Error::hook("sign_in", source))
    }

    /// May this new person be stored?
    pub(crate) async fn provision(&self, input: impl FnOnce() -> ProvisionInput) -> Result<Provision, Error> {
        let answer = match (&self.provision, &self.base) {
            (Some(hook), _) => hook(input()),
            (None, Some(base)) => base.provision(input()),
            (None, None) => return Ok(Provision::Allow),
        };
        answer.await.map_err(|source| Error::hook("provision", source))
    }

    /// Where may a browser be sent? `None` leaves it to the default.
    pub(crate) fn redirect(&self, url: &str, origin: &str) -> Option<String> {
        match (&self.redirect, &self.base) {
            (Some(hook), _) => hook(url, origin),
            (None, Some(base)) => base.redirect(url, origin),
            (None, None) => None,
        }
    }

    /// What does the session token carry? What the engine itself remembers in it survives a hook that builds its claims
    /// anew. `None` ends the session.
    pub(crate) async fn jwt(
        &self,
        claims: Claims,
        input: impl FnOnce(Claims) -> JwtInput,
    ) -> Result<Option<Claims>, Error> {
        if self.jwt.is_none() && self.base.is_none() {
            return Ok(Some(claims));
        }
        let facts = SessionFacts::raw(&claims);
        let answer = match (&self.jwt, &self.base) {
            (Some(hook), _) => hook(input(claims)),
            (None, Some(base)) => base.jwt(input(claims)),
            (None, None) => return Ok(Some(claims)),
        };
        let mut claims = answer.await.map_err(|source| Error::hook("jwt", source))?;
        if let Some(claims) = &mut claims {
            SessionFacts::keep(facts, claims);
        }
        Ok(claims)
    }

    /// What does the browser see?
    pub(crate) async fn session(&self, public: Value, claims: &Claims, update: Option<Value>) -> Result<Value, Error> {
        let view = match (&self.session, &self.base) {
            (Some(hook), _) => hook(SessionInput { public, claims: claims.clone(), update }),
            (None, Some(base)) => base.session(SessionInput { public, claims: claims.clone(), update }),
            (None, None) => return Ok(public),
        };
        view.await.map_err(|source| Error::hook("session", source))
    }
}

impl fmt::Debug for HookSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookSet").field("base", &self.base).finish_non_exhaustive()
    }
}
