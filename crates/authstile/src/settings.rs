//! What the engine knows before the first request: everything that can be computed once is computed here.

use std::sync::Arc;

use http::{HeaderMap, Uri};

use crate::clock::{Clock, UnixTime};
use crate::cookie::{CookieNames, CookieSecurity, Cookies};
use crate::error::{Error, RequestError};
use crate::event::{Event, Events};
use crate::facts::SessionFacts;
use crate::guard::Csrf;
use crate::hook_set::HookSet;
use crate::host::HostPolicy;
use crate::page::Theme;
use crate::random::Random;
use crate::refresh::Refreshes;
use crate::registry::{Entry, Registry, Resolved};
use crate::return_to::{Origin, ReturnTo};
use crate::seal::Sealer;
use crate::session::{Read, SessionCookies};
use crate::store::revocation::Revocations;
use crate::vault::Vault;

/// Addresses of the application's own pages that take the place of the built-in ones: paths, or absolute URLs.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    /// In place of `/signin`; gets `callbackUrl` and `error`.
    pub sign_in: Option<String>,
    /// In place of `/signout`.
    pub sign_out: Option<String>,
    /// In place of `/error`; gets `error`.
    pub error: Option<String>,
    /// In place of `/verify-request`.
    pub verify_request: Option<String>,
}

/// What differs between `https` origins and others: cookie names, and the keys that hang on them.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) security: CookieSecurity,
    pub(crate) names: CookieNames,
    pub(crate) session: SessionCookies,
    pub(crate) vault: Vault,
}

/// The engine's inside.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) base_path: String,
    pub(crate) host: HostPolicy,
    /// `None`: by the scheme of the origin.
    pub(crate) security: Option<CookieSecurity>,
    pub(crate) allowed_origins: Vec<Origin>,
    pub(crate) secure: Kind,
    pub(crate) plain: Kind,
    pub(crate) pending: Sealer,
    pub(crate) leaving: Sealer,
    pub(crate) csrf: Csrf,
    pub(crate) registry: Registry,
    pub(crate) revocations: Arc<dyn Revocations>,
    pub(crate) refreshes: Refreshes,
    pub(crate) hooks: HookSet,
    pub(crate) events: Option<Arc<dyn Events>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) pages: Pages,
    pub(crate) theme: Theme,
    pub(crate) style: String,
    pub(crate) content_security_policy: String,
}

impl Settings {
    pub(crate) fn origin(&self, headers: &HeaderMap, uri: &Uri) -> Result<Origin, Error> {
        self.host.origin(headers, uri).map_err(|error| Error::Configuration(error.to_string()))
    }

    pub(crate) fn kind(&self, origin: &Origin) -> &Kind {
        let by_scheme = if origin.is_https() { CookieSecurity::Secure } else { CookieSecurity::Plain };
        match self.security.unwrap_or(by_scheme) {
            CookieSecurity::Secure => &self.secure,
            CookieSecurity::Plain => &self.plain,
        }
    }

    /// Where somebody wants to go: what the `redirect` hook says, else the same origin or the allow-list.
    pub(crate) fn return_to(&self, wanted: &str, origin: &Origin) -> Option<ReturnTo> {
        match self.hooks.redirect(wanted, origin.as_str()) {
            Some(decided) => {
                ReturnTo::parse(&decided, origin, &self.allowed_origins).or_else(|| ReturnTo::trusted(decided))
            }
            None => ReturnTo::parse(wanted, origin, &self.allowed_origins),
        }
    }

    /// The provider that an id in a path names.
    pub(crate) fn find(&self, id: &str) -> Result<Resolved<'_>, Error> {
        self.registry.find(id).ok_or_else(|| {
            let registered: Vec<&str> = self.registry.entries.iter().map(Entry::id).collect();
            let (got, registered) = (id.chars().take(100).collect(), registered.join(", "));
            RequestError::UnknownProvider { got, registered }.into()
        })
    }

    /// The session that the cookies of a request hold, unless it was ended elsewhere.
    pub(crate) async fn live(&self, kind: &Kind, cookies: &Cookies<'_>, now: UnixTime) -> Result<Read, Error> {
        let claims = match kind.session.read(cookies, now) {
            Read::Claims(claims) => claims,
            nobody => return Ok(nobody),
        };
        if self.revocations.is_empty() {
            return Ok(Read::Claims(claims));
        }
        let Some(facts) = SessionFacts::of(&claims) else { return Ok(Read::Claims(claims)) };
        let revoked_at = self.revocations.revoked_at(&facts.keys).await.map_err(Error::Store)?;
        let ended = revoked_at.is_some_and(|at| facts.ended_by(at));
        Ok(if ended { Read::Revoked } else { Read::Claims(claims) })
    }

    /// The members of the session token that providers were told to show to the browser.
    pub(crate) fn shown_members(&self) -> impl Iterator<Item = &str> {
        self.registry.entries.iter().filter_map(|entry| entry.registration.shown_member())
    }

    /// The absolute URL of one of our own paths.
    pub(crate) fn url(&self, origin: &Origin, path: &str) -> String {
        format!("{origin}{}/{path}", self.base_path)
    }

    /// Tells the application what happened; whether it could hear it changes nothing.
    pub(crate) async fn emit(&self, event: Event) {
        let Some(events) = &self.events else { return };
        let name = event.name();
        if let Err(error) = events.on_event(event).await {
            tracing::error!(event = name, %error, "an event handler failed");
        }
    }
}
