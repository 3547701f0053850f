//! Builds the engine, and refuses to build one that could not work or would not be safe.

mod deployment;

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use serde_json::Value;

use self::deployment::{looks, redirect_proxy};
use crate::BoxFuture;
use crate::auth::Auth;
use crate::clock::{Clock, SystemClock};
use crate::code_request;
use crate::connect;
use crate::cookie::{CookieNames, CookieSecurity};
use crate::credentials::CredentialsProvider;
use crate::directory::Directory;
use crate::email::{EmailProvider, ProofHash};
use crate::env::Environment;
use crate::error::ConfigError;
use crate::event::{Event, Events};
use crate::guard::Csrf;
use crate::hook_set::{Closure, HookSet};
use crate::hooks::{
    HookError, Hooks, JwtInput, Provision, ProvisionInput, SessionInput, SignInAttempt, SignInDecision,
};
use crate::host::HostPolicy;
use crate::leaving;
use crate::ledger::{Ledger, RevocationReads};
use crate::limits::RateLimits;
use crate::link::{LinkPolicy, UnverifiedAddresses};
use crate::model::Claims;
use crate::origin_pattern::OriginPattern;
use crate::page::Theme;
use crate::pending;
use crate::proxies::TrustedProxies;
use crate::random::{Random, SystemRandom};
use crate::refresh::{self, Refreshes};
use crate::registration::Registration;
use crate::registry::{Entry, Registry};
use crate::return_to::Origin;
use crate::seal::{Sealer, Secrets};
use crate::session::{SessionCookies, SessionLifetime};
use crate::settings::{Kind, Linking, Pages, Settings, Stores, Way};
use crate::store::{Accounts, Leases, MemoryRevocations, MemoryThrottle, OneTime, Revocations, Sessions, Throttle};
use crate::stored::{SessionTokens, StoredSessions};
use crate::transport::{ClientCertificate, Transport};
use crate::vault::{self, Vault};

/// Where Auth.js mounts itself in Next.js, and where its browser client looks.
const BASE_PATH: &str = "/api/auth";

/// What to do about secrets that can be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeakSecrets {
    /// Build no engine.
    Refuse,
    /// Build one all the same: for a test, or until the last sessions under an old secret have ended.
    Accept,
}

/// Collects what an [`Auth`] is made of.
#[derive(Debug)]
pub struct AuthBuilder {
    secrets: Secrets,
    weak_secrets: WeakSecrets,
    ways: Vec<WayToBe>,
    base_path: String,
    host: HostPolicy,
    proxies: TrustedProxies,
    redirect_proxy: Option<String>,
    forwards_to: Vec<OriginPattern>,
    security: Option<CookieSecurity>,
    allowed: Vec<String>,
    lifetime: SessionLifetime,
    hooks: HookSet,
    events: Option<Arc<dyn Events>>,
    accounts: Option<Arc<dyn Accounts>>,
    sessions: Option<Arc<dyn Sessions>>,
    one_time: Option<Arc<dyn OneTime>>,
    revocations: Arc<dyn Revocations>,
    throttle: Option<Arc<dyn Throttle>>,
    rate_limits: RateLimits,
    leases: Option<Arc<dyn Leases>>,
    revocation_reads: RevocationReads,
    session_tokens: SessionTokens,
    linking: Linking,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    pages: Pages,
    theme: Theme,
    themes: Vec<(String, Theme)>,
    url_problem: Option<String>,
}

impl Default for AuthBuilder {
    fn default() -> Self {
        Self {
            secrets: Secrets::new(Vec::<String>::new()),
            weak_secrets: WeakSecrets::Refuse,
            ways: Vec::new(),
            base_path: BASE_PATH.to_owned(),
            host: HostPolicy::LoopbackOnly,
            proxies: TrustedProxies::default(),
            redirect_proxy: None,
            forwards_to: Vec::new(),
            security: None,
            allowed: Vec::new(),
            lifetime: SessionLifetime::default(),
            hooks: HookSet::default(),
            events: None,
            accounts: None,
            sessions: None,
            one_time: None,
            revocations: Arc::new(MemoryRevocations::new()),
            throttle: None,
            rate_limits: RateLimits::default(),
            leases: None,
            revocation_reads: RevocationReads::default(),
            session_tokens: SessionTokens::default(),
            linking: Linking { policy: LinkPolicy::default(), unverified: UnverifiedAddresses::default() },
            transport: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            pages: Pages::default(),
            theme: Theme::default(),
            themes: Vec::new(),
            url_problem: None,
        }
    }
}

impl Auth {
    /// Begins to build an engine.
    #[must_use]
    pub fn builder() -> AuthBuilder {
        AuthBuilder::default()
    }
}

impl AuthBuilder {
    /// The secret under which sessions are sealed: 32 random bytes or more, such as `authstile secret` prints.
    #[must_use]
    pub fn secret(self, secret: impl Into<String>) -> Self {
        self.secrets(Secrets::new([secret]))
    }

    /// Several secrets, newest first: the first seals, all of them open. So a secret is replaced without signing anybody
    /// out.
    #[must_use]
    pub fn secrets(mut self, secrets: Secrets) -> Self {
        self.secrets = secrets;
        self
    }

    /// Whether secrets that can be guessed are accepted. Whoever guesses one signs in as anybody.
    #[must_use]
    pub fn danger_weak_secrets(mut self, weak: WeakSecrets) -> Self {
        self.weak_secrets = weak;
        self
    }

    /// Adds a provider; their order is the order of the sign-in page.
    #[must_use]
    pub fn provider(mut self, provider: impl Into<Registration>) -> Self {
        self.ways.push(WayToBe::Provider(Box::new(provider.into())));
        self
    }

    /// Adds signing in by mail.
    #[must_use]
    pub fn email(mut self, provider: EmailProvider) -> Self {
        self.ways.push(WayToBe::Email(provider));
        self
    }

    /// Adds signing in with what the application checks.
    #[must_use]
    pub fn credentials(mut self, provider: CredentialsProvider) -> Self {
        self.ways.push(WayToBe::Credentials(provider));
        self
    }

    /// Takes secrets, public addresses, host policy, trusted proxies and redirect proxy from Auth.js's environment variables and
    /// ours.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn environment(mut self, environment: &Environment) -> Result<Self, ConfigError> {
        self.secrets = environment.secrets();
        self.host = environment.host_policy()?;
        if let (_, Some(path)) = environment.public_urls()? {
            self.base_path = path;
        }
        self.proxies = environment.trusted_proxies()?;
        let (redirect_proxy, forwards_to) = environment.redirect_proxy()?;
        self.redirect_proxy = redirect_proxy.map(str::to_owned);
        self.forwards_to = forwards_to;
        Ok(self)
    }

    /// How long sessions last.
    #[must_use]
    pub fn session_lifetime(mut self, lifetime: SessionLifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The application's hooks, as a type.
    #[must_use]
    pub fn hooks(mut self, hooks: impl Hooks + 'static) -> Self {
        self.hooks.base = Some(Arc::new(hooks));
        self
    }

    /// The `sign_in` hook, as a closure: `true`, `false`, or a [`SignInDecision`].
    #[must_use]
    pub fn sign_in<F, R, D>(mut self, hook: F) -> Self
    where
        F: Fn(SignInAttempt) -> R + Send + Sync + 'static,
        R: Future<Output = Result<D, HookError>> + Send + 'static,
        D: Into<SignInDecision> + 'static,
    {
        self.hooks.sign_in = Some(Box::new(move |attempt| {
            let decision = hook(attempt);
            Box::pin(async move { Ok(decision.await?.into()) })
        }));
        self
    }

    /// The `redirect` hook, as a closure over the wanted URL and our origin.
    #[must_use]
    pub fn redirect(mut self, hook: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.hooks.redirect = Some(Box::new(hook));
        self
    }

    /// The `jwt` hook, as a closure.
    #[must_use]
    pub fn jwt<F, R>(mut self, hook: F) -> Self
    where
        F: Fn(JwtInput) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Option<Claims>, HookError>> + Send + 'static,
    {
        self.hooks.jwt = Some(Box::new(move |input| Box::pin(hook(input))));
        self
    }

    /// The `session` hook, as a closure.
    #[must_use]
    pub fn session<F, R>(mut self, hook: F) -> Self
    where
        F: Fn(SessionInput) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, HookError>> + Send + 'static,
    {
        self.hooks.session = Some(Box::new(move |input| Box::pin(hook(input))));
        self
    }

    /// Who hears events, as a type.
    #[must_use]
    pub fn events(mut self, events: impl Events + 'static) -> Self {
        self.events = Some(Arc::new(events));
        self
    }

    /// Who hears events, as a closure.
    #[must_use]
    pub fn on_event<F, R>(self, handler: F) -> Self
    where
        F: Fn(Event) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), HookError>> + Send + 'static,
    {
        self.events(ClosureEvents(Box::new(move |event| Box::pin(handler(event)))))
    }

    /// One store for everything: people and their accounts, sessions, links in mails, what is ended, how often somebody
    /// tried, and who refreshes tokens. The methods below give one of these somewhere else, when they come after this one.
    #[must_use]
    pub fn store<S>(mut self, store: S) -> Self
    where
        S: Accounts + Sessions + OneTime + Revocations + Throttle + Leases + 'static,
    {
        let store = Arc::new(store);
        self.accounts = Some(store.clone());
        self.sessions = Some(store.clone());
        self.one_time = Some(store.clone());
        self.revocations = store.clone();
        self.throttle = Some(store.clone());
        self.leases = Some(store);
        self
    }

    /// Where people and their accounts are kept. Without it nobody is stored, and everybody's id comes from their provider.
    #[must_use]
    pub fn accounts(mut self, accounts: impl Accounts + 'static) -> Self {
        self.accounts = Some(Arc::new(accounts));
        self
    }

    /// Where sessions are kept. Without it they live in cookies.
    #[must_use]
    pub fn sessions(mut self, sessions: impl Sessions + 'static) -> Self {
        self.sessions = Some(Arc::new(sessions));
        self
    }

    /// Keeps sessions in cookies although there is a store: nothing is asked at each request but what is ended.
    #[must_use]
    pub fn sessions_in_cookies(mut self) -> Self {
        self.sessions = None;
        self
    }

    /// How a store keeps the keys of its sessions; change it only for a database that is shared with Auth.js.
    #[must_use]
    pub fn session_tokens(mut self, tokens: SessionTokens) -> Self {
        self.session_tokens = tokens;
        self
    }

    /// Where links and codes in mails are remembered until they are used.
    #[must_use]
    pub fn one_time(mut self, one_time: impl OneTime + 'static) -> Self {
        self.one_time = Some(Arc::new(one_time));
        self
    }

    /// Where attempts are counted. In memory unless you say otherwise, which counts for each process; so does memory while
    /// this cannot be reached.
    #[must_use]
    pub fn throttle(mut self, throttle: impl Throttle + 'static) -> Self {
        self.throttle = Some(Arc::new(throttle));
        self
    }

    /// How often one client may ask for what costs something, where the usual quotas will not do.
    #[must_use]
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.rate_limits = limits;
        self
    }

    /// Where processes agree on who refreshes a provider's tokens, and tell each other what came of it. Without it only the
    /// requests of one process wait for each other: several need a store that they share, or a provider that rotates refresh
    /// tokens ends sessions.
    #[must_use]
    pub fn leases(mut self, leases: impl Leases + 'static) -> Self {
        self.leases = Some(Arc::new(leases));
        self
    }

    /// What happens when a known person has the e-mail address of a new account.
    #[must_use]
    pub fn link_policy(mut self, policy: LinkPolicy) -> Self {
        self.linking.policy = policy;
        self
    }

    /// Whether a link in a mail signs in as a person whose address was never proven.
    #[must_use]
    pub fn danger_unverified_addresses(mut self, unverified: UnverifiedAddresses) -> Self {
        self.linking.unverified = unverified;
        self
    }

    /// The `provision` hook, as a closure.
    #[must_use]
    pub fn provision<F, R>(mut self, hook: F) -> Self
    where
        F: Fn(ProvisionInput) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Provision, HookError>> + Send + 'static,
    {
        self.hooks.provision = Some(Box::new(move |input| Box::pin(hook(input))));
        self
    }

    /// Where ended sessions are remembered. In memory unless you say otherwise, which is right for one process.
    #[must_use]
    pub fn revocations(mut self, revocations: impl Revocations + 'static) -> Self {
        self.revocations = Arc::new(revocations);
        self
    }

    /// How new revocations have to be by which sessions in cookies are let in. Exact unless you say otherwise.
    #[must_use]
    pub fn revocation_reads(mut self, reads: RevocationReads) -> Self {
        self.revocation_reads = reads;
        self
    }

    /// The way to the network: `authstile_reqwest::ReqwestTransport` in production.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Another source of randomness, for tests.
    #[must_use]
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// Pages of yours in place of the built-in ones.
    #[must_use]
    pub fn pages(mut self, pages: Pages) -> Self {
        self.pages = pages;
        self
    }

    /// The look of the built-in pages.
    #[must_use]
    pub fn theme(mut self, theme: Theme) -> Self {
        self.theme = theme;
        self
    }

    /// Checks everything and builds the engine. The network is not touched: a provider that is down stops nobody from
    /// starting.
    ///
    /// # Errors
    /// See [`ConfigError`]; each says what is wrong and how to mend it.
    pub fn build(self) -> Result<Auth, ConfigError> {
        if let Some(problem) = self.url_problem {
            return Err(ConfigError::Url(problem));
        }
        match (self.secrets.check(), self.weak_secrets) {
            (Ok(()), _) => {}
            (Err(weak), WeakSecrets::Accept) if weak != crate::seal::WeakSecret::Missing => {
                tracing::warn!(%weak, "a weak secret is in use")
            }
            (Err(weak), _) => return Err(weak.into()),
        }
        if !self.base_path.is_empty()
            && (!self.base_path.starts_with('/')
                || self.base_path.ends_with('/')
                || self.base_path.contains(['?', '#']))
        {
            return Err(ConfigError::BasePath(self.base_path));
        }
        let allowed = self.allowed.iter().map(|origin| Origin::parse(origin)).collect::<Result<Vec<_>, _>>();
        let allowed_origins = allowed.map_err(|error| ConfigError::Url(format!("allow_return_to: {error}")))?;
        let (entries, ways) = check_ways(self.ways)?;
        if ways.iter().any(|way| matches!(way, Way::Email(_))) && self.one_time.is_none() {
            return Err(ConfigError::MissingStore(
                "signing in by mail needs a store that remembers links until they are used: add `.one_time(…)` or `.store(…)`",
            ));
        }
        self.rate_limits.check().map_err(ConfigError::RateLimit)?;
        let looks = looks(self.theme, self.themes, &entries)?;
        if self.host == HostPolicy::AllowList(Vec::new()) {
            return Err(ConfigError::Url("no origin is ours: list some, such as https://app.example.com".to_owned()));
        }
        let redirect_proxy = redirect_proxy(self.redirect_proxy, self.forwards_to, &self.secrets)?;
        let keys = |error: crate::seal::SealError| ConfigError::Keys(error.to_string());
        let kind = |security| {
            let names = CookieNames::new(security);
            Ok::<Kind, ConfigError>(Kind {
                session: SessionCookies::new(&self.secrets, &names, security, self.lifetime).map_err(keys)?,
                vault: Vault::new(
                    names.tokens.clone(),
                    security,
                    Sealer::new(&self.secrets, vault::SALT).map_err(keys)?,
                    self.lifetime.max_age,
                ),
                names,
                security,
            })
        };
        if self.sessions.as_ref().is_some_and(|sessions| sessions.needs_accounts()) && self.accounts.is_none() {
            return Err(ConfigError::MissingStore(
                "this store keeps sessions of the people that it keeps: give it as `.accounts(…)` too, or as `.store(…)`",
            ));
        }
        let transport = self.transport.ok_or(ConfigError::MissingTransport)?;
        check_certificates(&entries, &*transport)?;
        Ok(Auth::new(Settings {
            secure: kind(CookieSecurity::Secure)?,
            plain: kind(CookieSecurity::Plain)?,
            pending: Sealer::new(&self.secrets, pending::SALT).map_err(keys)?,
            leaving: Sealer::new(&self.secrets, leaving::SALT).map_err(keys)?,
            csrf: Csrf::new(&self.secrets),
            stores: Stores {
                accounts: self.accounts,
                sessions: self
                    .sessions
                    .map(|sessions| StoredSessions::new(sessions, self.session_tokens, self.lifetime)),
                one_time: self.one_time,
                ledger: Ledger::new(self.revocations.clone(), self.revocation_reads),
                revocations: self.revocations,
                throttle: self.throttle,
                own_throttle: MemoryThrottle::default(),
            },
            linking: self.linking,
            codes: Sealer::new(&self.secrets, code_request::SALT).map_err(keys)?,
            proofs: ProofHash::new(&self.secrets),
            directory: Directory::new(ways.iter().filter_map(|way| way.listed(&entries)), &self.base_path, &self.host),
            shown: entries.iter().filter_map(|entry| entry.registration.shown_member().map(str::to_owned)).collect(),
            ways,
            connecting: Sealer::new(&self.secrets, connect::SALT).map_err(keys)?,
            refreshes: Refreshes::new(Sealer::new(&self.secrets, refresh::SALT).map_err(keys)?, self.leases),
            registry: Registry::new(entries, transport, self.clock.clone(), self.random.clone()),
            rate_limits: self.rate_limits,
            base_path: self.base_path,
            host: self.host,
            proxies: self.proxies,
            redirect_proxy,
            security: self.security,
            allowed_origins,
            hooks: self.hooks,
            events: self.events,
            clock: self.clock,
            random: self.random,
            pages: self.pages,
            looks,
        }))
    }
}

/// A way to sign in, not checked yet.
#[derive(Debug)]
enum WayToBe {
    Provider(Box<Registration>),
    Email(EmailProvider),
    Credentials(CredentialsProvider),
}

/// The ways in their order, and apart from them the entries of providers that are asked over the network.
fn check_ways(to_be: Vec<WayToBe>) -> Result<(Vec<Entry>, Vec<Way>), ConfigError> {
    let (mut entries, mut ways, mut ids) = (Vec::new(), Vec::with_capacity(to_be.len()), HashSet::new());
    for way in to_be {
        let id = match &way {
            WayToBe::Provider(registration) => registration.id.to_string(),
            WayToBe::Email(provider) => provider.id.clone(),
            WayToBe::Credentials(provider) => provider.id.clone(),
        };
        // Browsers take `.` and `..` in a path for something else, and Auth.js's client takes `undefined` for no provider.
        let sound = !matches!(&*id, "" | "." | ".." | "undefined")
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        if !sound {
            let problem = "the id may only have letters, digits, dashes, underscores and dots".to_owned();
            return Err(ConfigError::Provider { provider: id, problem });
        }
        if !ids.insert(id.clone()) {
            return Err(ConfigError::DuplicateProvider(id));
        }
        ways.push(match way {
            WayToBe::Provider(registration) => {
                entries.push(
                    Entry::new(*registration).map_err(|problem| ConfigError::Provider { provider: id, problem })?,
                );
                Way::Provider(entries.len() - 1)
            }
            WayToBe::Email(provider) => Way::Email(provider),
            WayToBe::Credentials(provider) => Way::Credentials(provider),
        });
    }
    Ok((entries, ways))
}

/// A provider to whom we would come without the certificate that it knows us by would refuse us.
fn check_certificates(entries: &[Entry], transport: &dyn Transport) -> Result<(), ConfigError> {
    let lacking = |entry: &&Entry| entry.certificate.as_ref().is_some_and(|own| !transport.presents(own));
    let Some(entry) = entries.iter().find(lacking) else { return Ok(()) };
    let name = entry.certificate.as_ref().map_or("", ClientCertificate::name);
    let problem = format!(
        "the transport has no client certificate {name:?}; with authstile-reqwest: \
         `ReqwestTransport::new()?.client_certificate({name:?}, pem)?`"
    );
    Err(ConfigError::Provider { provider: entry.id().to_owned(), problem })
}

struct ClosureEvents(Closure<Event, ()>);

impl fmt::Debug for ClosureEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events(closure)")
    }
}

impl Events for ClosureEvents {
    fn on_event<'a>(&'a self, event: Event) -> BoxFuture<'a, Result<(), HookError>> {
        (self.0)(event)
    }
}
