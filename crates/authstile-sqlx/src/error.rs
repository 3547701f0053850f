//! What can go wrong, and what the engine is told.

use authstile::StoreError;

/// How an operation failed, before the engine hears of it.
#[derive(Debug)]
pub(crate) enum Error {
    Database(sqlx::Error),
    Conflict(&'static str),
    Other(&'static str),
    Content(serde_json::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Content(error)
    }
}

impl Error {
    /// The tables that Authstile adds are not there.
    pub(crate) const NOT_MIGRATED: Self = Self::Other(
        "this database had no place for that when it was opened: run `authstile migrate` and start again, or call \
         `migrate` on the store",
    );
    pub(crate) const NO_SUCH_PERSON: Self = Self::Other("there is no such person");
    pub(crate) const ADDRESS_TAKEN: Self = Self::Conflict("somebody has this address");
    pub(crate) const ACCOUNT_TAKEN: Self = Self::Conflict("this account is linked already");
    pub(crate) const KEY_TAKEN: Self = Self::Conflict("this session key is taken");

    /// Whether two transactions got into each other's way, so that this one may succeed when it is tried again.
    pub(crate) fn is_collision(&self) -> bool {
        // PostgreSQL: serialization failure, deadlock. MySQL and MariaDB: deadlock (also as 1213), record changed.
        let is_collision = |error: &sqlx::Error| matches!(code(error).as_deref(), Some("40001" | "40P01" | "1020"));
        matches!(self, Self::Database(error) if is_collision(error))
    }

    /// Whether a statement names a table that is not there.
    pub(crate) fn is_missing_table(&self) -> bool {
        let Self::Database(error) = self else { return false };
        // PostgreSQL's code, MySQL's, and SQLite has none for it.
        matches!(code(error).as_deref(), Some("42P01" | "42S02"))
            || error.as_database_error().is_some_and(|error| error.message().starts_with("no such table"))
    }

    #[cfg(feature = "mysql")]
    pub(crate) fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) if is_unavailable(&error) => Self::unavailable(error),
            Error::Database(sqlx::Error::Database(error)) if error.is_unique_violation() => Self::conflict(error),
            Error::Database(error) => Self::other(error),
            Error::Conflict(text) => Self::conflict(text),
            Error::Other(text) => Self::other(text),
            Error::Content(error) => Self::other(error),
        }
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned())
}

fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        // PostgreSQL: connection, resources, a statement that took too long, shutting down. MySQL's 08S01 and 70100
        // say the same. SQLite: busy and locked, with what they were busy with in the higher bits.
        sqlx::Error::Database(_) => code(error).is_some_and(|code| {
            ["08", "53", "57", "70100"].iter().any(|class| code.len() == 5 && code.starts_with(class))
                || (code.len() < 5 && code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6)))
        }),
        _ => false,
    }
}
