//! Access tokens that stay fresh on several machines: one of them refreshes, the others get what came of it, whatever
//! becomes of the one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use authstile::clock::UnixTime;
use authstile::store::{Fence, Lease, RevocationKey};
use authstile::{
    AuthBuilder, BoxFuture, Customize as _, Denied, Error, KeepTokens, Leases, MemoryStore, StoreError, Transport,
    TransportError,
};
use authstile_idp::{Idp, Mode};
use authstile_sqlx::SqliteStore;
use authstile_testkit::{FakeTransport, FixedClock};
use authstile_tests::{BASE, House, IDP, NOW, furnish, network, scalekit};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use tokio::sync::watch;

/// What stands between a process and the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Refreshes do not arrive.
    NotThere,
    /// Refreshes arrive, and their answers do not.
    NotBack,
}

/// A way that can be closed and opened, and who is held up on it.
#[derive(Debug, Clone)]
struct Door {
    way: watch::Sender<Way>,
    held_up: Arc<AtomicUsize>,
    /// Whether what goes through it goes on when the request is given up.
    detaches: Arc<AtomicBool>,
}

impl Door {
    fn new(way: Way) -> Self {
        Self { way: watch::Sender::new(way), held_up: Arc::default(), detaches: Arc::default() }
    }

    fn turn(&self, way: Way) {
        self.way.send_replace(way);
    }

    async fn pass(&self) {
        self.held_up.fetch_add(1, Ordering::SeqCst);
        self.way.subscribe().wait_for(|way| *way == Way::Open).await.unwrap();
    }

    /// Until somebody is held up.
    async fn is_reached(&self) {
        until(|| self.held_up.load(Ordering::SeqCst) > 0).await;
    }
}

async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[derive(Debug)]
struct Network {
    inner: FakeTransport,
    door: Door,
}

impl Transport for Network {
    fn send<'a>(&'a self, request: Request<Bytes>) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>> {
        let is_refresh = request.body().windows(13).any(|part| part == b"refresh_token");
        let way = if is_refresh { *self.door.way.borrow() } else { Way::Open };
        Box::pin(async move {
            if way == Way::NotThere {
                self.door.pass().await;
            }
            let answer = self.inner.send(request).await;
            if way == Way::NotBack {
                self.door.pass().await;
            }
            answer
        })
    }

    fn detach(&self, task: BoxFuture<'static, ()>) -> Option<BoxFuture<'static, ()>> {
        if !self.door.detaches.load(Ordering::SeqCst) {
            return Some(task);
        }
        self.inner.detach(task)
    }
}

/// Leases that are watched, can be cut off, and under which time passes only while somebody waits, if they have a clock.
#[derive(Debug, Clone)]
struct Watched {
    inner: Arc<dyn Leases>,
    clock: Option<FixedClock>,
    is_off: Arc<AtomicBool>,
    is_mute: Arc<AtomicBool>,
    held: Arc<AtomicUsize>,
    renewed: Arc<AtomicUsize>,
    outcomes: Arc<std::sync::Mutex<Vec<String>>>,
    /// Whoever asks gets this.
    forged: Arc<std::sync::Mutex<Option<String>>>,
}

impl Watched {
    fn new(inner: impl Leases + 'static) -> Self {
        Self {
            inner: Arc::new(inner),
            clock: None,
            is_off: Arc::default(),
            is_mute: Arc::default(),
            held: Arc::default(),
            renewed: Arc::default(),
            outcomes: Arc::default(),
            forged: Arc::default(),
        }
    }

    /// Whether a call arrives.
    fn arrives(&self) -> Result<(), StoreError> {
        match self.is_off.load(Ordering::SeqCst) {
            true => Err(StoreError::unavailable("connection refused")),
            false => Ok(()),
        }
    }
}

impl Leases for Watched {
    fn acquire<'a>(
        &'a self,
        key: &'a str,
        now: UnixTime,
        length: Duration,
    ) -> BoxFuture<'a, Result<Lease, StoreError>> {
        if let Some(forged) = self.forged.lock().unwrap().clone() {
            return Box::pin(std::future::ready(Ok(Lease::Done(forged))));
        }
        Box::pin(async move {
            self.arrives()?;
            let lease = self.inner.acquire(key, now, length).await?;
            self.held.fetch_add(usize::from(lease == Lease::Held), Ordering::SeqCst);
            Ok(lease)
        })
    }

    fn renew<'a>(
        &'a self,
        key: &'a str,
        fence: Fence,
        now: UnixTime,
        length: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.renewed.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            self.arrives()?;
            self.inner.renew(key, fence, now, length).await
        })
    }

    fn publish<'a>(
        &'a self,
        key: &'a str,
        fence: Fence,
        outcome: &'a str,
        now: UnixTime,
        keep: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.outcomes.lock().unwrap().push(outcome.to_owned());
        Box::pin(async move {
            self.arrives()?;
            if self.is_mute.load(Ordering::SeqCst) {
                return Err(StoreError::unavailable("connection reset"));
            }
            self.inner.publish(key, fence, outcome, now, keep).await
        })
    }

    fn release<'a>(&'a self, key: &'a str, fence: Fence) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.arrives()?;
            self.inner.release(key, fence).await
        })
    }

    fn wait<'a>(&'a self, key: &'a str, most: Duration) -> BoxFuture<'a, ()> {
        let Some(clock) = &self.clock else { return self.inner.wait(key, most) };
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            clock.advance(i64::try_from(most.as_secs()).unwrap().max(1));
        })
    }
}

/// Two processes that share leases and what is revoked, a provider that rotates refresh tokens, and somebody signed in.
struct Pair {
    first: House,
    second: House,
    doors: [Door; 2],
    leases: Watched,
    idp: Idp,
    clock: FixedClock,
}

impl Pair {
    async fn new() -> Self {
        Self::over(MemoryStore::new(), MemoryStore::new(), |builder| builder).await
    }

    /// Under which time passes while somebody waits.
    async fn timeless() -> Self {
        let store = MemoryStore::new();
        let (clock, mut leases) = (FixedClock::at(NOW), Watched::new(store.clone()));
        leases.clock = Some(clock.clone());
        let share = |builder: AuthBuilder| builder.revocations(store.clone());
        Self::with(&clock, leases, share).await
    }

    async fn over(
        leases: impl Leases + 'static,
        store: MemoryStore,
        configure: impl Fn(AuthBuilder) -> AuthBuilder,
    ) -> Self {
        let share = |builder: AuthBuilder| configure(builder.revocations(store.clone()));
        Self::with(&FixedClock::at(NOW), Watched::new(leases), share).await
    }

    async fn with(clock: &FixedClock, leases: Watched, share: impl Fn(AuthBuilder) -> AuthBuilder) -> Self {
        let idp = furnish(IDP, BASE, clock).mode(Mode::FullStack).build();
        idp.auto_sign_in(Some("ada@acme.example"));
        let doors = [Door::new(Way::Open), Door::new(Way::Open)];
        let house = |door: &Door| {
            House::of(&idp, clock, |builder| {
                let scalekit = scalekit().scope("openid profile email offline_access").keep_tokens(KeepTokens::All);
                let network = Network { inner: network(&idp), door: door.clone() };
                share(builder.provider(scalekit).transport(network)).leases(leases.clone())
            })
        };
        let (mut first, second) = (house(&doors[0]), house(&doors[1]));
        first.sign_in().await;
        assert_eq!(first.session().await["user"]["email"], "ada@acme.example");
        Self { first, second, doors, leases, clock: clock.clone(), idp }
    }

    /// How often a refresh token came to the provider.
    fn refreshes(&self) -> usize {
        let is_refresh = |(name, value): &(String, String)| name == "grant_type" && value == "refresh_token";
        self.idp.requests().iter().filter(|request| request.form.iter().any(is_refresh)).count()
    }

    /// The token is not good any more.
    fn expire(&self) {
        self.clock.advance(400);
    }
}

fn headers(house: &House) -> HeaderMap {
    let cookies = house.browser.cookies("localhost").iter().map(|(name, value)| format!("{name}={value}"));
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    HeaderMap::from_iter([
        (http::header::HOST, "localhost:3000".parse().unwrap()),
        (http::header::COOKIE, cookies.parse().unwrap()),
    ])
}

type Answer = Result<Option<authstile::ProviderToken>, Error>;

fn ask(house: &House, headers: &HeaderMap) -> tokio::task::JoinHandle<Answer> {
    let (auth, headers) = (house.auth.clone(), headers.clone());
    tokio::spawn(async move { auth.access_token(&headers, &"/".parse().unwrap()).await })
}

async fn token(house: &House, headers: &HeaderMap) -> authstile::ProviderToken {
    ask(house, headers).await.unwrap().unwrap().expect("a token")
}

/// The browser keeps the cookies of an answer.
fn keep(house: &mut House, token: &authstile::ProviderToken) {
    for cookie in &token.set_cookies {
        let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
        match rest.split_once(';').unwrap() {
            (_, attributes) if attributes.contains("Max-Age=0") => house.browser.forget(|known| known == name),
            (value, _) => house.browser.set_cookie("localhost", name, value),
        }
    }
}

fn is_ended(answer: &Answer) -> bool {
    matches!(answer, Err(Error::Denied(Denied::SessionEnded { .. })))
}

/// 200 at once, half of them at each process; the provider answers when the second process is waiting for the first.
async fn storm(pair: &mut Pair) {
    pair.expire();
    pair.doors.iter().for_each(|door| door.turn(Way::NotThere));
    let headers = headers(&pair.first);
    let asked: Vec<_> =
        (0..200).map(|number| ask(if number % 2 == 0 { &pair.first } else { &pair.second }, &headers)).collect();
    until(|| pair.leases.held.load(Ordering::SeqCst) > 0).await;
    pair.doors.iter().for_each(|door| door.turn(Way::Open));
    let mut tokens = Vec::new();
    for answer in asked {
        let token = answer.await.unwrap().unwrap().expect("signed in");
        assert!(!token.set_cookies.is_empty(), "every answer brings the rotated tokens");
        tokens.push(token);
    }
    assert_eq!(pair.refreshes(), 1);
    assert!(tokens.iter().all(|token| token.access_token.expose() == tokens[0].access_token.expose()));
    // And it goes on from there, at either.
    keep(&mut pair.first, &tokens[199]);
    pair.expire();
    let next = token(&pair.second, &self::headers(&pair.first)).await;
    assert_ne!(next.access_token.expose(), tokens[0].access_token.expose());
    assert_eq!(pair.refreshes(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_requests_over_two_replicas_refresh_once_in_memory() {
    storm(&mut Pair::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_requests_over_two_replicas_refresh_once_with_stored_sessions() {
    let store = MemoryStore::new();
    let share = store.clone();
    storm(&mut Pair::over(store.clone(), store, move |builder| builder.store(share.clone())).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_requests_over_two_replicas_refresh_once_on_sqlite() {
    let folder = std::env::temp_dir().join(format!("authstile-refresh-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store = SqliteStore::open(folder.join("a.db")).await.unwrap();
    storm(&mut Pair::over(store, MemoryStore::new(), |builder| builder).await).await;
    std::fs::remove_dir_all(&folder).unwrap();
}

/// The provider takes much longer than a lease: its holder renews it, and nobody else refreshes.
#[tokio::test]
async fn a_slow_provider_is_asked_once() {
    let pair = Pair::timeless().await;
    pair.expire();
    pair.doors[0].turn(Way::NotThere);
    let headers = headers(&pair.first);
    let slow = ask(&pair.first, &headers);
    pair.doors[0].is_reached().await;
    let waiting = ask(&pair.second, &headers);
    until(|| pair.leases.held.load(Ordering::SeqCst) > 0).await;
    let (began, renewed) = (pair.clock.seconds(), pair.leases.renewed.load(Ordering::SeqCst));
    until(|| pair.leases.renewed.load(Ordering::SeqCst) >= renewed + 20).await;
    assert!(pair.clock.seconds() - began > 25, "much longer than a lease");
    pair.doors[0].turn(Way::Open);
    let tokens = [slow, waiting].map(|answer| async { answer.await.unwrap().unwrap().unwrap() });
    let [one, other] = tokens;
    assert_eq!(one.await.access_token.expose(), other.await.access_token.expose());
    assert_eq!(pair.refreshes(), 1);
}

/// Its lease ends, and the next one refreshes: the provider has not heard of it yet.
#[tokio::test]
async fn a_holder_that_dies_before_it_refreshed_is_followed_by_another() {
    let pair = Pair::timeless().await;
    pair.expire();
    pair.doors[0].turn(Way::NotThere);
    let headers = headers(&pair.first);
    let doomed = ask(&pair.first, &headers);
    pair.doors[0].is_reached().await;
    doomed.abort();
    assert!(doomed.await.is_err());
    assert!(!token(&pair.second, &headers).await.set_cookies.is_empty());
    assert!(pair.leases.held.load(Ordering::SeqCst) > 0, "it waited for the lease to end");
    assert_eq!(pair.refreshes(), 1);
}

/// What the provider answered is lost, and the refresh token is used up: the session ends, on every process, and nobody
/// asks the provider once more.
#[tokio::test]
async fn a_holder_that_dies_after_it_refreshed_takes_the_session_with_it() {
    let mut pair = Pair::timeless().await;
    pair.expire();
    pair.doors[0].turn(Way::NotBack);
    let headers = headers(&pair.first);
    let doomed = ask(&pair.first, &headers);
    pair.doors[0].is_reached().await;
    doomed.abort();
    assert!(doomed.await.is_err());
    assert!(is_ended(&ask(&pair.second, &headers).await.unwrap()));
    assert_eq!(pair.refreshes(), 2);
    assert!(ask(&pair.first, &headers).await.unwrap().unwrap().is_none());
    assert!(pair.first.session().await.is_null());
    assert_eq!(pair.refreshes(), 2);
}

/// A browser that goes elsewhere, before or after the provider has answered, takes nothing with it.
#[tokio::test]
async fn a_request_that_is_given_up_loses_no_tokens() {
    for way in [Way::NotThere, Way::NotBack] {
        let pair = Pair::new().await;
        pair.expire();
        pair.doors[0].detaches.store(true, Ordering::SeqCst);
        pair.doors[0].turn(way);
        let headers = headers(&pair.first);
        let given_up = ask(&pair.first, &headers);
        pair.doors[0].is_reached().await;
        given_up.abort();
        assert!(given_up.await.is_err());
        pair.doors[0].turn(Way::Open);
        let (other, same) = (token(&pair.second, &headers).await, token(&pair.first, &headers).await);
        assert_eq!(other.access_token.expose(), same.access_token.expose());
        assert!(!same.set_cookies.is_empty());
        assert_eq!(pair.refreshes(), 1);
    }
}

/// A process that stood still for so long that another took over cannot publish; it takes what the other got.
#[tokio::test]
async fn a_holder_that_comes_back_late_changes_nothing() {
    let pair = Pair::timeless().await;
    pair.expire();
    pair.doors[0].turn(Way::NotThere);
    let headers = headers(&pair.first);
    // Its renewals do not arrive either.
    let mut frozen = Box::pin(ask_here(&pair.first, &headers));
    assert!(futures_once(&mut frozen).await.is_none());
    pair.doors[0].is_reached().await;
    let other = token(&pair.second, &headers).await;
    pair.doors[0].turn(Way::Open);
    // The provider refuses the used token (and ends what it gave, which is its right).
    let late = frozen.await.unwrap().expect("what the other got");
    assert_eq!(late.access_token.expose(), other.access_token.expose());
}

async fn ask_here(house: &House, headers: &HeaderMap) -> Answer {
    house.auth.access_token(headers, &"/".parse().unwrap()).await
}

/// Lets something begin, and then stand still.
async fn futures_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    // Twice: the network gives others their turn once.
    for _ in 0..2 {
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context)));
        if let std::task::Poll::Ready(output) = polled.await {
            return Some(output);
        }
    }
    None
}

/// `invalid_grant` is for all who wait, wherever.
#[tokio::test]
async fn a_refused_refresh_ends_the_session_everywhere_and_is_asked_once() {
    let mut pair = Pair::new().await;
    pair.expire();
    for session in pair.idp.session_ids("ada@acme.example") {
        pair.idp.revoke_refresh(&session);
    }
    pair.doors[0].turn(Way::NotThere);
    let headers = headers(&pair.first);
    let first: Vec<_> = (0..10).map(|_| ask(&pair.first, &headers)).collect();
    pair.doors[0].is_reached().await;
    let second: Vec<_> = (0..10).map(|_| ask(&pair.second, &headers)).collect();
    until(|| pair.leases.held.load(Ordering::SeqCst) > 0).await;
    pair.doors[0].turn(Way::Open);
    for answer in first.into_iter().chain(second) {
        assert!(is_ended(&answer.await.unwrap()));
    }
    assert_eq!(pair.refreshes(), 1);
    assert!(ask(&pair.second, &headers).await.unwrap().unwrap().is_none(), "it is revoked at the other too");
    assert!(pair.first.session().await.is_null());
}

/// A network error ends nothing, at neither: the next attempt may succeed.
#[tokio::test]
async fn a_provider_that_is_down_ends_nothing() {
    let mut pair = Pair::new().await;
    pair.clock.advance(250);
    let headers = headers(&pair.first);
    pair.idp.set_down(true);
    for house in [&pair.first, &pair.second] {
        let token = token(house, &headers).await;
        assert!(token.set_cookies.is_empty(), "the old one is good yet");
    }
    pair.clock.advance(100);
    for house in [&pair.first, &pair.second] {
        assert!(matches!(ask(house, &headers).await.unwrap(), Err(Error::Provider { .. })));
    }
    assert!(!pair.first.session().await.is_null());
    pair.idp.set_down(false);
    // That discovery failed is remembered for a second.
    pair.clock.advance(1);
    assert!(!token(&pair.second, &headers).await.set_cookies.is_empty(), "the lease was given back");
}

/// Without leases nothing is refreshed; afterwards it goes on.
#[tokio::test]
async fn while_the_store_is_down_nothing_is_refreshed() {
    let pair = Pair::new().await;
    pair.expire();
    let headers = headers(&pair.first);
    pair.leases.is_off.store(true, Ordering::SeqCst);
    let error = ask(&pair.first, &headers).await.unwrap().unwrap_err();
    assert_eq!(pair.first.auth.failure(&headers, &error).status(), 503, "{error}");
    assert_eq!(pair.refreshes(), 0);
    pair.leases.is_off.store(false, Ordering::SeqCst);
    assert!(!token(&pair.first, &headers).await.set_cookies.is_empty());
}

/// Tokens that other processes cannot know are given to nobody, and are not lost.
#[tokio::test]
async fn tokens_are_published_before_they_are_used() {
    let pair = Pair::new().await;
    pair.expire();
    let headers = headers(&pair.first);
    pair.leases.is_mute.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let error = ask(&pair.first, &headers).await.unwrap().unwrap_err();
        assert_eq!(pair.first.auth.failure(&headers, &error).status(), 503, "{error}");
        // The lease of the one that failed ends.
        pair.clock.advance(11);
    }
    pair.leases.is_mute.store(false, Ordering::SeqCst);
    let published = token(&pair.first, &headers).await;
    assert_eq!(pair.refreshes(), 1);
    assert_eq!(token(&pair.second, &headers).await.access_token.expose(), published.access_token.expose());
}

/// Whoever signed out while the provider took its time stays signed out, at both.
#[tokio::test]
async fn a_session_that_ends_during_a_refresh_stays_ended() {
    for stored in [false, true] {
        let store = MemoryStore::new();
        let share = store.clone();
        let configure = move |builder: AuthBuilder| if stored { builder.store(share.clone()) } else { builder };
        let mut pair = Pair::over(store.clone(), store, configure).await;
        pair.expire();
        let user =
            pair.first.auth.session(&headers(&pair.first), &"/".parse().unwrap()).await.unwrap().unwrap().user.id;
        pair.doors[0].turn(Way::NotBack);
        let headers = headers(&pair.first);
        let refreshing = ask(&pair.first, &headers);
        pair.doors[0].is_reached().await;
        let waiting = ask(&pair.second, &headers);
        until(|| pair.leases.held.load(Ordering::SeqCst) > 0).await;
        pair.second.auth.revoke(&RevocationKey::user(&user)).await.unwrap();
        pair.doors[0].turn(Way::Open);
        for answer in [refreshing, waiting] {
            assert!(answer.await.unwrap().unwrap().is_none(), "stored: {stored}");
        }
        assert!(pair.first.session().await.is_null());
    }
}

/// A browser that never got the answers, or got them in another order, is behind; it gets the newest tokens.
#[tokio::test]
async fn who_comes_with_old_cookies_gets_the_newest_tokens() {
    let mut pair = Pair::new().await;
    let old = headers(&pair.first);
    for _ in 0..2 {
        pair.expire();
        let next = token(&pair.first, &headers(&pair.first)).await;
        keep(&mut pair.first, &next);
    }
    assert_eq!(pair.refreshes(), 2);
    let newest = token(&pair.first, &headers(&pair.first)).await;
    for house in [&pair.first, &pair.second] {
        let token = token(house, &old).await;
        assert_eq!(token.access_token.expose(), newest.access_token.expose());
        assert!(!token.set_cookies.is_empty());
    }
    assert_eq!(pair.refreshes(), 2);
    pair.expire();
    let last = token(&pair.second, &old).await;
    assert_ne!(last.access_token.expose(), newest.access_token.expose());
    assert_eq!(pair.refreshes(), 3);
}

/// Who reads the store gets no tokens, and who writes to it passes nobody another's off.
#[tokio::test]
async fn outcomes_are_sealed_for_their_session() {
    let pair = Pair::new().await;
    pair.expire();
    let headers_of_ada = headers(&pair.first);
    let token_of_ada = token(&pair.first, &headers_of_ada).await;
    let published = pair.leases.outcomes.lock().unwrap().clone();
    let [outcome] = &published[..] else { panic!("{published:?}") };
    assert!(!outcome.contains(token_of_ada.access_token.expose()), "{outcome}");

    let mut another = pair.first.visitor();
    another.sign_in().await;
    pair.expire();
    *pair.leases.forged.lock().unwrap() = Some(outcome.clone());
    assert!(matches!(ask(&another, &headers(&another)).await.unwrap(), Err(Error::Store(_))));
    *pair.leases.forged.lock().unwrap() = Some("not ours".to_owned());
    assert!(matches!(ask(&another, &headers(&another)).await.unwrap(), Err(Error::Store(_))));
    assert_eq!(pair.refreshes(), 1);
}
