//! Many who look for one thing each, answered by few statements.
//!
//! Every request looks its session up, and a statement's way to the database and back costs more than the look-up itself.
//! So whoever comes while nobody is asking asks for themselves, at once; whoever comes meanwhile waits until that is back,
//! and then all who wait share the next statement. Nobody is given an answer that was on its way before they asked.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use authstile::StoreError;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// As many keys as one statement names.
pub(crate) const BATCH: usize = 16;
/// Statements under way at once, at most.
const MOST: usize = 4;
/// How many ask for themselves at once, at most.
const ALONE: usize = 1;
/// How long whoever asks waits behind others, before a further statement is sent: theirs may be stuck.
const PATIENCE: Duration = Duration::from_millis(50);

/// Where things are found.
pub(crate) trait Find: Clone + Send + Sync + 'static {
    type Found: Send + 'static;

    /// What is found for each key, of which there are at most [`BATCH`], in their order; or a failure for all.
    fn find(&self, keys: Vec<String>) -> impl Future<Output = Batch<Self::Found>> + Send;
}

pub(crate) type Batch<T> = Result<Vec<Result<T, StoreError>>, StoreError>;

/// Whom clones share. Cheap to clone.
pub(crate) struct Gather<T> {
    queue: Arc<Mutex<Queue<T>>>,
    patience: Duration,
}

struct Queue<T> {
    waiting: VecDeque<Asked<T>>,
    /// Tasks that answer.
    running: usize,
    /// Those who ask for themselves.
    alone: usize,
}

struct Asked<T> {
    key: String,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send + 'static> Gather<T> {
    pub(crate) fn new() -> Self {
        Self::patient(PATIENCE)
    }

    fn patient(patience: Duration) -> Self {
        let queue = Queue { waiting: VecDeque::new(), running: 0, alone: 0 };
        Self { queue: Arc::new(Mutex::new(queue)), patience }
    }

    /// What is found for a key. A statement that several share runs in a task of its own: whoever does not wait any more
    /// takes nothing from the others.
    pub(crate) async fn ask<S: Find<Found = T>>(&self, key: &str, store: &S) -> Result<T, StoreError> {
        let Some((mut answered, is_wanted)) = self.queue_up(key) else {
            let _alone = Alone { gather: self, store };
            return store.find(vec![key.to_owned()]).await?.pop().unwrap_or_else(|| Err(given_up()));
        };
        if is_wanted {
            self.start(store);
        }
        let answered = match tokio::time::timeout(self.patience, &mut answered).await {
            Ok(answered) => answered,
            Err(_) => {
                self.start(store);
                answered.await
            }
        };
        answered.unwrap_or_else(|_| Err(given_up()))
    }

    /// What to wait for, and whether enough wait for a further statement; `None` for whoever asks for themselves.
    fn queue_up(&self, key: &str) -> Option<(oneshot::Receiver<Result<T, StoreError>>, bool)> {
        let mut queue = self.lock();
        if queue.running == 0 && queue.alone < ALONE {
            queue.alone += 1;
            return None;
        }
        let (answer, answered) = oneshot::channel();
        queue.waiting.push_back(Asked { key: key.to_owned(), answer });
        Some((answered, queue.waiting.len() >= BATCH))
    }

    /// Starts a task that answers until nobody waits any more, unless there are enough.
    fn start<S: Find<Found = T>>(&self, store: &S) {
        let mut queue = self.lock();
        if queue.running + queue.alone >= MOST || queue.waiting.is_empty() {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            queue.give_up();
            return;
        };
        queue.running += 1;
        drop(queue);
        let mut running = Running { gather: self.clone(), is_counted: true };
        let store = store.clone();
        runtime.spawn(async move {
            while let Some((keys, answers)) = running.next() {
                let found = store.find(keys).await;
                give(answers, found);
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Queue<T> {
    /// Whoever waits hears of it, if nobody else would answer them.
    fn give_up(&mut self) {
        if self.running + self.alone == 0 {
            self.waiting.clear();
        }
    }
}

fn given_up() -> StoreError {
    StoreError::unavailable("the look-up was given up")
}

/// Somebody who asks for themselves. However it ends, those who came meanwhile are answered.
struct Alone<'a, S: Find> {
    gather: &'a Gather<S::Found>,
    store: &'a S,
}

impl<S: Find> Drop for Alone<'_, S> {
    fn drop(&mut self) {
        self.gather.lock().alone -= 1;
        self.gather.start(self.store);
    }
}

type Answers<T> = Vec<oneshot::Sender<Result<T, StoreError>>>;

/// Whoever is not answered hears that when their sender is dropped.
fn give<T>(answers: Answers<T>, found: Batch<T>) {
    match found {
        Ok(found) => answers.into_iter().zip(found).for_each(|(answer, found)| drop(answer.send(found))),
        Err(error) => answers.into_iter().for_each(|answer| drop(answer.send(Err(again(&error))))),
    }
}

/// The same for one more.
fn again(error: &StoreError) -> StoreError {
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    if error.is_unavailable() { StoreError::unavailable(source) } else { StoreError::other(source) }
}

/// A task that answers, however it ends: its runtime may be gone while another one goes on asking.
struct Running<T: Send + 'static> {
    gather: Gather<T>,
    is_counted: bool,
}

impl<T: Send + 'static> Running<T> {
    /// Those who have waited longest and still wait. When there are none, whoever comes next starts a new task.
    fn next(&mut self) -> Option<(Vec<String>, Answers<T>)> {
        let mut queue = self.gather.lock();
        let (mut keys, mut answers) = (Vec::new(), Vec::new());
        while keys.len() < BATCH
            && let Some(Asked { key, answer }) = queue.waiting.pop_front()
        {
            if !answer.is_closed() {
                keys.push(key);
                answers.push(answer);
            }
        }
        if keys.is_empty() {
            queue.running -= 1;
            self.is_counted = false;
            return None;
        }
        Some((keys, answers))
    }
}

impl<T: Send + 'static> Drop for Running<T> {
    fn drop(&mut self) {
        if !self.is_counted {
            return;
        }
        let mut queue = self.gather.lock();
        queue.running -= 1;
        queue.give_up();
    }
}

impl<T> Clone for Gather<T> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), patience: self.patience }
    }
}

impl<T> fmt::Debug for Gather<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Waker};

    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;

    use super::*;

    /// A database that answers once for each permit, and counts.
    #[derive(Clone)]
    struct Database {
        permits: Arc<Semaphore>,
        begun: Arc<AtomicUsize>,
    }

    impl Database {
        fn new(permits: usize) -> Self {
            Self { permits: Arc::new(Semaphore::new(permits)), begun: Arc::default() }
        }

        fn begun(&self) -> usize {
            self.begun.load(Ordering::SeqCst)
        }

        async fn ask(self, gather: Gather<String>, key: String) -> Result<String, StoreError> {
            gather.ask(&key, &self).await
        }
    }

    impl Find for Database {
        type Found = String;

        async fn find(&self, keys: Vec<String>) -> Batch<String> {
            assert!((1..=BATCH).contains(&keys.len()));
            self.begun.fetch_add(1, Ordering::SeqCst);
            self.permits.acquire().await.unwrap().forget();
            if keys.iter().any(|key| key == "fatal") {
                return Err(StoreError::unavailable("fatal"));
            }
            let one = |key: String| if key == "bad" { Err(StoreError::other(key)) } else { Ok(key) };
            Ok(keys.into_iter().map(one).collect())
        }
    }

    /// Asks for each key, one after the other, without waiting for an answer.
    async fn ask_all(
        gather: &Gather<String>,
        database: &Database,
        keys: impl IntoIterator<Item = String>,
    ) -> JoinSet<(String, Result<String, StoreError>)> {
        let mut asking = JoinSet::new();
        for key in keys {
            let (gather, database) = (gather.clone(), database.clone());
            asking.spawn(async move { (key.clone(), database.ask(gather, key).await) });
            tokio::task::yield_now().await;
        }
        asking
    }

    /// Whose askers wait for the first statement, however slow this machine is.
    fn patient() -> Gather<String> {
        Gather::patient(Duration::from_secs(3600))
    }

    fn numbers(range: std::ops::Range<usize>) -> impl Iterator<Item = String> {
        range.map(|number| number.to_string())
    }

    #[tokio::test]
    async fn those_who_wait_share_what_comes_next() {
        let (gather, database) = (patient(), Database::new(0));
        let asking = ask_all(&gather, &database, numbers(0..BATCH)).await;
        assert_eq!(database.begun(), 1, "the first goes at once, and the others wait for it");
        database.permits.add_permits(10);
        for (key, found) in asking.join_all().await {
            assert_eq!(found.unwrap(), key, "to each their own");
        }
        assert_eq!(database.begun(), 2);
        assert_eq!(database.ask(gather.clone(), "again".to_owned()).await.unwrap(), "again");
    }

    #[test]
    fn whoever_is_alone_needs_no_task() {
        // Without a runtime there can be none, nor a timer.
        let (gather, database) = (patient(), Database::new(3));
        for _ in 0..3 {
            let mut asked = pin!(database.clone().ask(gather.clone(), "one".to_owned()));
            let found = asked.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(found, Poll::Ready(Ok(found)) if found == "one"));
        }
        assert_eq!(database.begun(), 3);
    }

    #[tokio::test]
    async fn whoever_comes_while_others_are_answered_waits_too() {
        let (gather, database) = (patient(), Database::new(0));
        let mut asking = ask_all(&gather, &database, numbers(0..2)).await;
        database.permits.add_permits(1);
        assert_eq!(asking.join_next().await.unwrap().unwrap().0, "0");
        while database.begun() < 2 {
            tokio::task::yield_now().await;
        }
        let more = ask_all(&gather, &database, numbers(2..5)).await;
        assert_eq!(database.begun(), 2, "nobody asks alone behind a task");
        database.permits.add_permits(10);
        assert!(more.join_all().await.into_iter().all(|(key, found)| found.unwrap() == key));
        assert_eq!((database.begun(), asking.join_all().await.len()), (3, 1));
    }

    #[tokio::test]
    async fn what_fails_for_one_and_what_fails_for_all() {
        let (gather, database) = (patient(), Database::new(0));
        let keys = ["first", "bad", "good"].map(str::to_owned);
        let asking = ask_all(&gather, &database, keys).await;
        database.permits.add_permits(2);
        for (key, found) in asking.join_all().await {
            assert_eq!(found.is_err(), key == "bad", "{key}");
        }
        let asking = ask_all(&gather, &database, ["first", "fatal", "good"].map(str::to_owned)).await;
        database.permits.add_permits(2);
        for (key, found) in asking.join_all().await {
            assert_eq!(found.is_err_and(|error| error.is_unavailable()), key != "first", "{key}");
        }
    }

    #[tokio::test]
    async fn whoever_asks_alone_and_gives_up_leaves_nobody_behind() {
        let (gather, database) = (patient(), Database::new(0));
        let mut first = ask_all(&gather, &database, numbers(0..1)).await;
        let others = ask_all(&gather, &database, numbers(1..4)).await;
        assert_eq!(database.begun(), 1);
        first.shutdown().await;
        database.permits.add_permits(10);
        for (key, found) in others.join_all().await {
            assert_eq!(found.unwrap(), key);
        }
        assert_eq!(database.begun(), 2, "what was under way for the first is gone, the others shared one");
        assert_eq!(database.ask(gather, "next".to_owned()).await.unwrap(), "next");
    }

    #[tokio::test]
    async fn whoever_asks_alone_and_fails_leaves_nobody_behind() {
        let (gather, database) = (patient(), Database::new(0));
        let asking = ask_all(&gather, &database, ["fatal", "good", "better"].map(str::to_owned)).await;
        database.permits.add_permits(2);
        for (key, found) in asking.join_all().await {
            assert_eq!(found.is_err(), key == "fatal", "{key}");
        }
        assert_eq!(database.begun(), 2);
    }

    #[tokio::test]
    async fn whoever_gives_up_takes_nothing_from_the_others() {
        let (gather, database) = (patient(), Database::new(0));
        let first = ask_all(&gather, &database, numbers(0..1)).await;
        let mut second = ask_all(&gather, &database, numbers(1..2)).await;
        let others = ask_all(&gather, &database, numbers(2..5)).await;
        let mut third = ask_all(&gather, &database, numbers(5..6)).await;
        third.shutdown().await;
        database.permits.add_permits(1);
        assert_eq!(first.join_all().await.len(), 1);
        while database.begun() < 2 {
            tokio::task::yield_now().await;
        }
        second.shutdown().await;
        database.permits.add_permits(10);
        for (key, found) in others.join_all().await {
            assert_eq!(found.unwrap(), key);
        }
        assert_eq!(database.ask(gather, "next".to_owned()).await.unwrap(), "next");
    }

    #[tokio::test]
    async fn a_statement_that_is_stuck_holds_nobody_up() {
        let gather = Gather::patient(Duration::from_millis(1));
        let (stuck, database) = (Database::new(0), Database::new(100));
        let mut first = ask_all(&gather, &stuck, numbers(0..1)).await;
        assert_eq!(database.clone().ask(gather.clone(), "next".to_owned()).await.unwrap(), "next");
        assert_eq!(stuck.begun(), 1);
        // As many as there may be, and not one more.
        let mut held = Vec::new();
        for begun in 2..=MOST {
            held.push(ask_all(&gather, &stuck, numbers(begun..begun + 1)).await);
            while stuck.begun() < begun {
                tokio::task::yield_now().await;
            }
        }
        held.push(ask_all(&gather, &stuck, numbers(10..13)).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(stuck.begun(), MOST);
        stuck.permits.add_permits(100);
        for asking in held {
            assert!(asking.join_all().await.into_iter().all(|(key, found)| found.unwrap() == key));
        }
        assert!(first.join_next().await.unwrap().unwrap().1.is_ok());
    }

    #[test]
    fn a_runtime_that_ends_leaves_the_next_one_free() {
        let (gather, database) = (patient(), Database::new(0));
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let first = runtime();
        drop(first.block_on(ask_all(&gather, &database, numbers(0..3))));
        drop(first);
        database.permits.add_permits(10);
        assert_eq!(runtime().block_on(database.ask(gather, "next".to_owned())).unwrap(), "next");
    }

    #[tokio::test]
    async fn many_at_once_are_all_answered() {
        let (gather, database) = (Gather::new(), Database::new(10_000));
        let mut asking = JoinSet::new();
        for key in numbers(0..2000) {
            let (gather, database) = (gather.clone(), database.clone());
            asking.spawn(async move { (key.clone(), database.ask(gather, key).await) });
        }
        assert!(asking.join_all().await.into_iter().all(|(key, found)| found.unwrap() == key));
        let queue = gather.lock();
        assert_eq!((queue.running, queue.alone, queue.waiting.len()), (0, 0, 0));
    }
}
