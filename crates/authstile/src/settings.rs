//! What the engine knows before the first request: everything that can be computed once is computed here.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, Uri};

use crate::clock::{Clock, UnixTime};
use crate::cookie::{CookieNames, CookieSecurity, Cookies};
use crate::credentials::CredentialsProvider;
use crate::directory::{Directory, Listed};
use crate::dpop::{ProofKey, Prover};
use crate::email::{EmailProvider, ProofHash};
use crate::error::{Error, RequestError};
use crate::event::{Event, Events};
use crate::facts::SessionFacts;
use crate::forwarded::Forwarded;
use crate::guard::Csrf;
use crate::hook_set::HookSet;
use crate::host::{HostPolicy, NoOrigin};
use crate::ledger::Ledger;
use crate::limits::{LimitedRoute, RateLimits};
use crate::link::{LinkPolicy, UnverifiedAddresses};
use crate::mount::Mount;
pub(crate) use crate::mount::with_query;
use crate::page::Looks;
use crate::proxies::TrustedProxies;
use crate::random::Random;
use crate::redirect_proxy::RedirectProxy;
use crate::refresh::Refreshes;
use crate::registry::{Entry, Registry, Resolved};
use crate::return_to::{Origin, ReturnTo};
use crate::seal::Sealer;
use crate::session::{Read, SessionCookies};
use crate::store::{Accounts, MemoryThrottle, OneTime, Quota, RevocationKey, Revocations, StoreError, Take, Throttle};
use crate::stored::StoredSessions;
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
    /// Where somebody goes who signed in for the first time; gets `callbackUrl`. Only with a store of accounts.
    pub new_user: Option<String>,
}

/// What differs between `https` origins and others: cookie names, and the keys that hang on them.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) security: CookieSecurity,
    pub(crate) names: CookieNames,
    pub(crate) session: SessionCookies,
    pub(crate) vault: Vault,
}

/// What is kept outside of the browser, and where.
#[derive(Debug)]
pub(crate) struct Stores {
    pub(crate) accounts: Option<Arc<dyn Accounts>>,
    /// `None`: sessions live in cookies.
    pub(crate) sessions: Option<StoredSessions>,
    pub(crate) one_time: Option<Arc<dyn OneTime>>,
    pub(crate) revocations: Arc<dyn Revocations>,
    /// The same, as this process knows them.
    pub(crate) ledger: Ledger,
    /// Counts that processes share; `None`: there is one process.
    pub(crate) throttle: Option<Arc<dyn Throttle>>,
    /// Counts of this process.
    pub(crate) own_throttle: MemoryThrottle,
}

/// Whose accounts become one person's.
#[derive(Debug)]
pub(crate) struct Linking {
    /// Where a registration says nothing.
    pub(crate) policy: LinkPolicy,
    pub(crate) unverified: UnverifiedAddresses,
}

/// One way to sign in.
#[derive(Debug)]
pub(crate) enum Way {
    /// The provider at this place of the registry.
    Provider(usize),
    Email(EmailProvider),
    Credentials(CredentialsProvider),
}

impl Way {
    /// Its id, its name, and Auth.js's `type`.
    pub(crate) fn listed<'a>(&'a self, entries: &'a [Entry]) -> Option<Listed<'a>> {
        Some(match self {
            Self::Provider(place) => {
                let registration = &entries.get(*place)?.registration;
                Listed { id: &registration.id, name: &registration.name, kind: registration.provider.protocol.as_str() }
            }
            Self::Email(provider) => Listed { id: &provider.id, name: &provider.name, kind: "email" },
            Self::Credentials(provider) => Listed { id: &provider.id, name: &provider.name, kind: "credentials" },
        })
    }
}

/// The engine's inside.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) base_path: String,
    pub(crate) host: HostPolicy,
    /// Proxies that are believed.
    pub(crate) proxies: TrustedProxies,
    /// Where answers go that providers cannot send here, or from where we pass them on.
    pub(crate) redirect_proxy: Option<RedirectProxy>,
    /// `None`: by the scheme of the origin.
    pub(crate) security: Option<CookieSecurity>,
    pub(crate) allowed_origins: Vec<Origin>,
    pub(crate) secure: Kind,
    pub(crate) plain: Kind,
    pub(crate) pending: Sealer,
    pub(crate) leaving: Sealer,
    pub(crate) connecting: Sealer,
    pub(crate) codes: Sealer,
    pub(crate) proofs: ProofHash,
    /// All ways to sign in, in the order of the sign-in page.
    pub(crate) ways: Vec<Way>,
    pub(crate) directory: Directory,
    /// The members of the session token that providers were told to show to the browser.
    pub(crate) shown: Vec<String>,
    pub(crate) csrf: Csrf,
    pub(crate) registry: Registry,
    pub(crate) rate_limits: RateLimits,
    pub(crate) stores: Stores,
    pub(crate) linking: Linking,
    pub(crate) refreshes: Refreshes,
    pub(crate) hooks: HookSet,
    pub(crate) events: Option<Arc<dyn Events>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) pages: Pages,
    pub(crate) looks: Looks,
}

/// Where a request arrived, and from whom.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) origin: Origin,
    pub(crate) mount: Mount<'a>,
    /// Who asks: our peer, or whom proxies that are believed name.
    pub(crate) client: Option<IpAddr>,
}

impl Settings {
    /// Reads where a request of this peer arrived. Nothing is learned from it for the next one.
    pub(crate) fn arrive(&self, headers: &HeaderMap, uri: &Uri, peer: Option<IpAddr>) -> Result<Arrival<'_>, Error> {
        let said = match peer {
            Some(peer) => Forwarded::read(&self.proxies, peer, headers).map_err(RequestError::Forwarded)?,
            None => Forwarded::default(),
        };
        let listed = (!self.proxies.is_empty()).then_some(&said);
        let origin = self.host.origin(headers, uri, listed).map_err(|error| match error {
            NoOrigin::Untrusted(host) => Error::Configuration(host.to_string()),
            NoOrigin::Unknown(host) => RequestError::UnknownHost(host).into(),
        })?;
        let mount = Mount::new(&origin, said.prefix, &self.base_path);
        Ok(Arrival { origin, mount, client: said.client })
    }

    /// Whether what a browser keeps for a while is good at one of our origins only.
    pub(crate) fn binds_to_origin(&self) -> bool {
        self.host.has_tenants() || self.redirect_proxy.is_some()
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

    /// The way to sign in by mail that an id in a path names.
    pub(crate) fn email(&self, id: &str) -> Option<&EmailProvider> {
        self.ways.iter().find_map(|way| match way {
            Way::Email(provider) if provider.id == id => Some(provider),
            _ => None,
        })
    }

    /// The way to sign in with credentials that an id in a path names.
    pub(crate) fn credentials(&self, id: &str) -> Option<&CredentialsProvider> {
        self.ways.iter().find_map(|way| match way {
            Way::Credentials(provider) if provider.id == id => Some(provider),
            _ => None,
        })
    }

    /// One more attempt at something, by or for somebody. It is counted here first, so that a flood at one process does not
    /// become one at the store, and then where all processes count. When that cannot be reached, what was counted here holds.
    pub(crate) async fn limit(&self, what: &str, parts: &[&str], quota: Quota, now: UnixTime) -> Result<(), Error> {
        let key = RevocationKey::new(what, parts);
        let mut take = self.stores.own_throttle.take(key.as_str(), quota, now).await?;
        if let (Take::Allowed, Some(shared)) = (take, &self.stores.throttle) {
            match shared.take(key.as_str(), quota, now).await {
                Ok(shared) => take = shared,
                Err(error) => tracing::warn!(what, %error, "attempts are counted by this process alone"),
            }
        }
        match take {
            Take::Allowed => Ok(()),
            Take::Wait { seconds } => Err(RequestError::TooManyAttempts { seconds }.into()),
        }
    }

    /// One more request of a client network to a route.
    pub(crate) async fn limit_route(
        &self,
        route: LimitedRoute,
        client: Option<&str>,
        now: UnixTime,
    ) -> Result<(), Error> {
        match (self.rate_limits.of(route), client) {
            (Some(quota), Some(client)) => self.limit("route", &[route.id(), client], quota, now).await,
            _ => Ok(()),
        }
    }

    /// The session that the cookies of a request hold, unless it was ended elsewhere.
    pub(crate) async fn live(&self, origin: &Origin, cookies: &Cookies<'_>, now: UnixTime) -> Result<Read, Error> {
        let live = match self.presented(origin, cookies, now).await? {
            Read::Live(live) => live,
            nobody => return Ok(nobody),
        };
        if live.row.is_some() || self.stores.ledger.is_empty() {
            return Ok(Read::Live(live));
        }
        let Some(facts) = live.facts() else { return Ok(Read::Live(live)) };
        let revoked_at = self.stores.ledger.revoked_at(&facts.keys, now).await?;
        let ended = revoked_at.is_some_and(|at| facts.ended_by(at));
        Ok(if ended { Read::Ended } else { Read::Live(live) })
    }

    /// The session that the cookies of a request hold or name; for those in cookies, whether or not it was ended elsewhere.
    pub(crate) async fn presented(&self, origin: &Origin, cookies: &Cookies<'_>, now: UnixTime) -> Result<Read, Error> {
        let session = &self.kind(origin).session;
        let read = match &self.stores.sessions {
            Some(stored) => stored.read(&session.tokens(cookies), now).await?,
            None => session.read(cookies, now),
        };
        Ok(match read {
            Read::Live(live) if self.host.has_tenants() && !is_of(live.facts().as_ref(), origin) => Read::Ended,
            read => read,
        })
    }

    /// Ends every session that carries the key and has begun, wherever sessions live.
    pub(crate) async fn end_sessions(&self, key: &RevocationKey, now: UnixTime) -> Result<(), StoreError> {
        match &self.stores.sessions {
            Some(stored) => stored.store.delete_by_key(key, now).await.map(drop),
            None => self.stores.ledger.revoke(key, now, self.plain.session.expires(now)).await,
        }
    }

    /// The members of the session token that providers were told to show to the browser.
    pub(crate) fn shown_members(&self) -> impl Iterator<Item = &str> {
        self.shown.iter().map(String::as_str)
    }

    /// What makes the proofs of a session; `is_bound`: its tokens are bound to the key already.
    pub(crate) fn prover(&self, key: ProofKey, is_bound: bool) -> Prover {
        Prover { key, is_bound, clock: self.clock.clone(), random: self.random.clone() }
    }

    /// A fresh reference, which a visitor can tell and the log has too: ten characters that can be read aloud.
    pub(crate) fn reference(&self) -> String {
        const DIGITS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
        let bytes = self.random.bytes::<10>().unwrap_or_default();
        let digits = bytes.iter().filter_map(|byte| DIGITS.get(usize::from(*byte) % DIGITS.len()));
        digits.map(|digit| char::from(*digit)).collect()
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

/// Whether a session was made for this origin. Cookies do not go to other hosts by themselves, but whoever has a session at one
/// tenant can carry it to another.
fn is_of(facts: Option<&SessionFacts>, origin: &Origin) -> bool {
    facts.is_some_and(|facts| facts.keys.contains(&RevocationKey::origin(origin.as_str())))
}
