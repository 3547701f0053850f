//! Many who look for one thing each, answered by few statements.
//!
//! Every request looks its session up, and a statement's way to the database and back costs more than the look-up itself.
//! So whoever asks while a statement is under way waits until it is back, and then all who wait share the next one. Nobody
//! is given an answer that was on its way before they asked.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use authstile::StoreError;
use tokio::sync::oneshot;

/// As many keys as one statement names.
pub(crate) const BATCH: usize = 16;
/// Statements under way at once, at most.
const MOST: usize = 4;
/// How long whoever asks waits behind others, before a further statement is sent: theirs may be stuck.
const PATIENCE: Duration = Duration::from_millis(50);

/// Whom clones share. Cheap to clone.
pub(crate) struct Gather<T> {
    queue: Arc<Mutex<Queue<T>>>,
    patience: Duration,
}

struct Queue<T> {
    waiting: VecDeque<Asked<T>>,
    /// Tasks that answer.
    running: usize,
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
        Self { queue: Arc::new(Mutex::new(Queue { waiting: VecDeque::new(), running: 0 })), patience }
    }

    /// What is found for a key. `find` is given at most [`BATCH`] keys and answers each, in their order, or fails for all. It
    /// runs in a task of its own: whoever does not wait any more takes nothing from the others.
    pub(crate) async fn ask<F, R>(&self, key: &str, find: F) -> Result<T, StoreError>
    where
        F: Fn(Vec<String>) -> R + Clone + Send + 'static,
        R: Future<Output = Result<Vec<Result<T, StoreError>>, StoreError>> + Send + 'static,
    {
        let (answer, mut answered) = oneshot::channel();
        let (is_first, is_wanted) = {
            let mut queue = self.lock();
            queue.waiting.push_back(Asked { key: key.to_owned(), answer });
            let is_first = queue.running == 0;
            (is_first, is_first || queue.waiting.len() >= BATCH)
        };
        if is_wanted {
            self.start(find.clone());
        }
        // The first waits behind nobody.
        let answered = if is_first {
            answered.await
        } else {
            match tokio::time::timeout(self.patience, &mut answered).await {
                Ok(answered) => answered,
                Err(_) => {
                    self.start(find);
                    answered.await
                }
            }
        };
        answered.unwrap_or_else(|_| Err(StoreError::unavailable("the look-up was given up")))
    }

    /// Starts a task that answers until nobody waits any more, unless there are enough.
    fn start<F, R>(&self, find: F)
    where
        F: Fn(Vec<String>) -> R + Send + 'static,
        R: Future<Output = Result<Vec<Result<T, StoreError>>, StoreError>> + Send + 'static,
    {
        let mut queue = self.lock();
        if queue.running >= MOST || queue.waiting.is_empty() {
            return;
        }
        queue.running += 1;
        drop(queue);
        let mut running = Running { gather: self.clone(), is_counted: true };
        tokio::spawn(async move {
            while let Some((keys, answers)) = running.next() {
                let found = find(keys).await;
                give(answers, found);
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Answers<T> = Vec<oneshot::Sender<Result<T, StoreError>>>;

/// Whoever is not answered hears that when their sender is dropped.
fn give<T>(answers: Answers<T>, found: Result<Vec<Result<T, StoreError>>, StoreError>) {
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
        if queue.running == 0 {
            // Nobody else would answer them.
            queue.waiting.clear();
        }
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;

    use super::*;

    type Found = Result<Vec<Result<String, StoreError>>, StoreError>;

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

        async fn find(self, keys: Vec<String>) -> Found {
            assert!((1..=BATCH).contains(&keys.len()));
            self.begun.fetch_add(1, Ordering::SeqCst);
            self.permits.acquire().await.unwrap().forget();
            if keys.iter().any(|key| key == "fatal") {
                return Err(StoreError::unavailable("fatal"));
            }
            let one = |key: String| if key == "bad" { Err(StoreError::other(key)) } else { Ok(key) };
            Ok(keys.into_iter().map(one).collect())
        }

        async fn ask(self, gather: Gather<String>, key: String) -> Result<String, StoreError> {
            gather.ask(&key, move |keys| self.clone().find(keys)).await
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
    async fn whoever_gives_up_takes_nothing_from_the_others() {
        let (gather, database) = (patient(), Database::new(0));
        let mut first = ask_all(&gather, &database, numbers(0..1)).await;
        let others = ask_all(&gather, &database, numbers(1..4)).await;
        first.shutdown().await;
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
        assert_eq!(gather.lock().running, 0);
    }
}
