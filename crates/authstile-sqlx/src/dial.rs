//! Connections of a pool, and noticing at once that the server takes none.
//!
//! sqlx's pool tries a server that refuses again and again until its time is up, and says nothing before. So whoever has
//! waited for a moment asks the server too, once for all who wait; and what it answered counts for a moment, so that many
//! requests cost a server that is down, or coming back, one connection now and then.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions as _, Connection as _, Database, Pool};
use tokio::sync::Mutex;

/// A way to a pool's connections. Cheap to clone.
pub(crate) struct Dial<DB: Database> {
    pool: Pool<DB>,
    last: Arc<Mutex<Option<Look>>>,
}

/// What the server did when it was asked, and why it refused if it did.
struct Look {
    at: Instant,
    refused: Option<String>,
}

/// How long the pool is given before the server is asked.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long an answer counts.
const GOOD_FOR: Duration = Duration::from_millis(300);

impl<DB: Database> Dial<DB> {
    pub(crate) fn new(pool: Pool<DB>) -> Self {
        Self { pool, last: Arc::default() }
    }

    pub(crate) fn pool(&self) -> &Pool<DB> {
        &self.pool
    }

    /// A connection of the pool's; an error as soon as it is known that the server refuses.
    pub(crate) async fn connection(&self) -> Result<PoolConnection<DB>, sqlx::Error> {
        // A file refuses nobody, and what is in memory belongs to its connection.
        if DB::NAME == "SQLite" {
            return self.pool.acquire().await;
        }
        if let Ok(last) = self.last.try_lock()
            && let Some(refused) = last.as_ref().and_then(Look::refusal)
        {
            return Err(refused);
        }
        tokio::select! {
            biased;
            connection = self.pool.acquire() => connection,
            refused = self.refusal() => Err(refused),
        }
    }

    /// Waits until the server refuses: when it does not, the pool is only busy.
    async fn refusal(&self) -> sqlx::Error {
        loop {
            tokio::time::sleep(PATIENCE).await;
            // Those who wait here hear what the first of them was told.
            let mut last = self.last.lock().await;
            if last.as_ref().is_none_or(|look| !look.is_recent()) {
                let refused = self.look().await;
                *last = Some(Look { at: Instant::now(), refused });
            }
            if let Some(refused) = last.as_ref().and_then(Look::refusal) {
                return refused;
            }
        }
    }

    /// Asks the server for a connection outside of the pool, and says why there is none.
    async fn look(&self) -> Option<String> {
        match self.pool.connect_options().connect().await {
            Ok(connection) => {
                drop(connection.close().await);
                None
            }
            Err(error) if refuses(&error) => Some(error.to_string()),
            // The pool says what it is when its own attempt fails.
            Err(_) => None,
        }
    }
}

/// Whether nobody gets in: nobody listens, or the server is only starting. One that has too many connections may have room
/// for us yet.
fn refuses(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        // PostgreSQL's `cannot_connect_now`.
        sqlx::Error::Database(error) => error.code().as_deref() == Some("57P03"),
        _ => false,
    }
}

impl Look {
    fn is_recent(&self) -> bool {
        self.at.elapsed() < GOOD_FOR
    }

    fn refusal(&self) -> Option<sqlx::Error> {
        let refused = self.refused.as_ref().filter(|_| self.is_recent())?;
        Some(sqlx::Error::Io(io::Error::new(io::ErrorKind::ConnectionRefused, refused.clone())))
    }
}

impl<DB: Database> Clone for Dial<DB> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), last: self.last.clone() }
    }
}
