//! A session in a cookie that was ended is refused at the next request on every process, and asking what was ended is
//! shared by all requests that wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use authstile::clock::UnixTime;
use authstile::store::{News, Refusal, RevocationKey, Revocations, Revoked};
use authstile::{Auth, BoxFuture, RevocationReads, StoreError};
use authstile_sqlx::SqliteStore;
use authstile_testkit::FixedClock;
use authstile_tests::{BASE, House, NOW, provider, scalekit};
use http::{HeaderMap, StatusCode};
use tokio::sync::watch;

/// A store that tells its news in order. Its answers can be held up after they were found, and it can be down.
#[derive(Debug, Clone)]
struct Herald {
    revoked: Arc<std::sync::Mutex<Vec<Revoked>>>,
    asked: Arc<AtomicUsize>,
    is_down: Arc<AtomicBool>,
    is_open: watch::Sender<bool>,
}

impl Herald {
    fn new() -> Self {
        Self {
            revoked: Arc::default(),
            asked: Arc::default(),
            is_down: Arc::default(),
            is_open: watch::Sender::new(true),
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn news_now(&self, since: Option<&str>) -> Result<Option<News>, StoreError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("connection refused"));
        }
        let revoked = self.revoked.lock().unwrap();
        let from: usize = since.map_or(0, |since| since.parse().unwrap());
        // Fewer than before: it was restored.
        let is_whole = since.is_none() || from > revoked.len();
        let new = &revoked[if is_whole { 0 } else { from }..];
        Ok(Some(News { cursor: revoked.len().to_string(), is_whole, revoked: new.to_vec() }))
    }
}

fn done<'a, T: Send + 'a>(answer: T) -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(std::future::ready(Ok(answer)))
}

impl Revocations for Herald {
    fn revoke<'a>(
        &'a self,
        key: &'a RevocationKey,
        at: UnixTime,
        forget: UnixTime,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.revoked.lock().unwrap().push(Revoked { key: key.clone(), at, forget });
        done(())
    }
    fn revoked_at<'a>(&'a self, _: &'a [RevocationKey]) -> BoxFuture<'a, Result<Option<UnixTime>, StoreError>> {
        panic!("it has news")
    }
    fn news<'a>(&'a self, since: Option<&'a str>) -> BoxFuture<'a, Result<Option<News>, StoreError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let news = self.news_now(since);
        Box::pin(async move {
            // A network never answers at once: others get their turn.
            tokio::task::yield_now().await;
            self.is_open.subscribe().wait_for(|is_open| *is_open).await.unwrap();
            news
        })
    }
    fn refuse<'a>(&'a self, _: &'a RevocationKey, _: Refusal, _: UnixTime) -> BoxFuture<'a, Result<(), StoreError>> {
        done(())
    }
    fn is_refused<'a>(&'a self, _: &'a [RevocationKey]) -> BoxFuture<'a, Result<bool, StoreError>> {
        done(false)
    }
    fn first_time<'a>(
        &'a self,
        _: &'a RevocationKey,
        _: UnixTime,
        _: UnixTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        done(true)
    }
    fn forget_seen<'a>(&'a self, _: &'a RevocationKey) -> BoxFuture<'a, Result<(), StoreError>> {
        done(())
    }
}

/// Somebody signed in at the first of two processes.
async fn two(store: impl Revocations + Clone + 'static, reads: RevocationReads) -> (House, House, FixedClock) {
    let clock = FixedClock::at(NOW);
    let idp = provider(&clock);
    let house = || {
        House::of(&idp, &clock, |builder| {
            builder.provider(scalekit()).revocations(store.clone()).revocation_reads(reads)
        })
    };
    let (mut first, second) = (house(), house());
    first.sign_in().await;
    (first, second, clock)
}

fn headers(house: &House) -> HeaderMap {
    let cookies = house.browser.cookies("localhost").iter().map(|(name, value)| format!("{name}={value}"));
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    HeaderMap::from_iter([
        (http::header::HOST, "localhost:3000".parse().unwrap()),
        (http::header::COOKIE, cookies.parse().unwrap()),
    ])
}

/// Who is signed in, or why that cannot be said.
async fn who(auth: &Auth, headers: &HeaderMap) -> Result<Option<String>, StatusCode> {
    let session = auth.session(headers, &"/".parse().unwrap()).await;
    let session = session.map_err(|error| auth.failure(headers, &error).status())?;
    Ok(session.map(|session| session.user.id))
}

fn ask(house: &House, headers: &HeaderMap) -> tokio::task::JoinHandle<Result<Option<String>, StatusCode>> {
    let (auth, headers) = (house.auth.clone(), headers.clone());
    tokio::spawn(async move { who(&auth, &headers).await })
}

async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Refused at the very next request: at the process where it was ended, and at the other.
async fn is_refused_at_once(store: impl Revocations + Clone + 'static) {
    let (mut first, second, clock) = two(store, RevocationReads::Exact).await;
    let headers = headers(&first);
    let user = who(&first.auth, &headers).await.unwrap().expect("signed in");
    assert_eq!(who(&second.auth, &headers).await, Ok(Some(user.clone())));
    second.auth.revoke(&RevocationKey::user(&user)).await.unwrap();
    assert_eq!(who(&first.auth, &headers).await, Ok(None));
    assert_eq!(who(&second.auth, &headers).await, Ok(None));
    assert!(first.session().await.is_null());
    clock.advance(1);
    first.sign_in().await;
    assert!(!first.session().await.is_null(), "a session that was begun later lives");
    let copy = self::headers(&first);
    first.browser.press_sign_out(BASE).await;
    assert_eq!(who(&second.auth, &copy).await, Ok(None), "who copied the cookie is out too");
}

#[tokio::test]
async fn a_revoked_session_is_refused_at_the_next_request_on_every_replica() {
    is_refused_at_once(Herald::new()).await;
}

#[tokio::test]
async fn a_revoked_session_is_refused_at_the_next_request_over_sqlite() {
    is_refused_at_once(SqliteStore::open(":memory:").await.unwrap()).await;
}

#[tokio::test]
async fn a_revoked_session_is_refused_at_the_next_request_over_a_store_without_news() {
    is_refused_at_once(authstile::MemoryStore::new()).await;
}

/// A process that starts later knows what was revoked before; one that was told of things that the store has lost forgets
/// them.
#[tokio::test]
async fn a_process_that_starts_knows_what_was_revoked() {
    let store = Herald::new();
    let (first, second, _) = two(store.clone(), RevocationReads::Exact).await;
    let headers = headers(&first);
    let user = who(&first.auth, &headers).await.unwrap().unwrap();
    first.auth.revoke(&RevocationKey::user(&user)).await.unwrap();
    assert_eq!(who(&second.auth, &headers).await, Ok(None));
    store.revoked.lock().unwrap().clear();
    assert_eq!(who(&second.auth, &headers).await, Ok(Some(user)), "the store was restored from a copy");
}

/// Requests at once ask once: those that come while a question is under way share the next one.
#[tokio::test]
async fn requests_at_once_share_a_question() {
    let store = Herald::new();
    let (house, ..) = two(store.clone(), RevocationReads::Exact).await;
    let headers = headers(&house);
    let before = store.asked();
    store.is_open.send_replace(false);
    let first = ask(&house, &headers);
    until(|| store.asked() == before + 1).await;
    let others: Vec<_> = (0..100).map(|_| ask(&house, &headers)).collect();
    tokio::task::yield_now().await;
    store.is_open.send_replace(true);
    for answer in [first].into_iter().chain(others) {
        assert!(answer.await.unwrap().unwrap().is_some());
    }
    assert_eq!(store.asked(), before + 2);
}

/// A question that was asked before says nothing about what was revoked since, however late its answer comes.
#[tokio::test]
async fn nobody_shares_a_question_that_was_asked_before_they_came() {
    let store = Herald::new();
    let (house, other, _) = two(store.clone(), RevocationReads::Exact).await;
    let headers = headers(&house);
    let user = who(&house.auth, &headers).await.unwrap().unwrap();
    let before = store.asked();
    store.is_open.send_replace(false);
    let early = ask(&house, &headers);
    until(|| store.asked() == before + 1).await;
    other.auth.revoke(&RevocationKey::user(&user)).await.unwrap();
    let late = ask(&house, &headers);
    tokio::task::yield_now().await;
    store.is_open.send_replace(true);
    drop(early.await.unwrap());
    assert_eq!(late.await.unwrap(), Ok(None));
}

/// Whoever cannot be told from somebody revoked is not let in; those who waited for one answer do not each ask again.
#[tokio::test]
async fn while_the_store_is_down_nobody_is_let_in() {
    let store = Herald::new();
    let (house, ..) = two(store.clone(), RevocationReads::Exact).await;
    let headers = headers(&house);
    let before = store.asked();
    store.is_down.store(true, Ordering::SeqCst);
    store.is_open.send_replace(false);
    let asked: Vec<_> = (0..100).map(|_| ask(&house, &headers)).collect();
    until(|| store.asked() > before).await;
    tokio::task::yield_now().await;
    store.is_open.send_replace(true);
    for answer in asked {
        assert_eq!(answer.await.unwrap(), Err(StatusCode::SERVICE_UNAVAILABLE));
    }
    assert!(store.asked() <= before + 2, "{}", store.asked() - before);
    store.is_down.store(false, Ordering::SeqCst);
    assert!(who(&house.auth, &headers).await.unwrap().is_some());
}

/// Within a bound the store is not asked, except about what this process did itself; beyond it nobody is let in without.
#[tokio::test]
async fn within_a_bound_what_is_known_is_enough() {
    let store = Herald::new();
    let (first, second, clock) = two(store.clone(), RevocationReads::Within(Duration::from_secs(5))).await;
    let headers = headers(&first);
    let user = who(&first.auth, &headers).await.unwrap().unwrap();
    let asked = store.asked();
    clock.advance(5);
    store.is_down.store(true, Ordering::SeqCst);
    assert_eq!(who(&first.auth, &headers).await, Ok(Some(user.clone())));
    assert_eq!(store.asked(), asked);
    clock.advance(1);
    assert_eq!(who(&first.auth, &headers).await, Err(StatusCode::SERVICE_UNAVAILABLE));
    store.is_down.store(false, Ordering::SeqCst);
    assert_eq!(who(&first.auth, &headers).await, Ok(Some(user.clone())));
    assert_eq!(who(&second.auth, &headers).await, Ok(Some(user.clone())));
    second.auth.revoke(&RevocationKey::user(&user)).await.unwrap();
    assert_eq!(who(&second.auth, &headers).await, Ok(None), "at once where it was ended");
    assert_eq!(who(&first.auth, &headers).await, Ok(Some(user)), "elsewhere within the bound");
    clock.advance(6);
    assert_eq!(who(&first.auth, &headers).await, Ok(None));
    clock.advance(-10);
    let asked = store.asked();
    assert_eq!(who(&first.auth, &headers).await, Ok(None));
    assert_eq!(store.asked(), asked + 1, "a clock that was set back says nothing");
}
