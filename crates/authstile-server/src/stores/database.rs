//! The database of `DATABASE_URL`.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use authstile::{Accounts, AuthBuilder, StoreError};
use authstile_sqlx::{Migration, MySqlStore, PostgresStore, SqliteStore};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::mistake::Mistake;
use crate::stores::address::{DatabaseAddress, Kind};

/// A database that answers.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
    MySql(MySqlStore),
}

/// What may become of a file that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MissingFile {
    /// It is made.
    Create,
    /// It is a mistake: whoever asks what is in it does not want a new one.
    Refuse,
}

/// How long a server may take to let us in.
const CONNECT: Duration = Duration::from_secs(5);

/// The same on each database.
macro_rules! on_each {
    ($database:expr, $store:ident => $what:expr) => {
        match $database {
            Database::Sqlite($store) => $what,
            Database::Postgres($store) => $what,
            Database::MySql($store) => $what,
        }
    };
}

impl Database {
    /// Opens it. A file of SQLite is brought up to date, what is on a server stays as it is.
    pub(crate) async fn open(address: &DatabaseAddress, missing: MissingFile) -> Result<Self, Mistake> {
        reach(address, missing).await?;
        let url = address.url.as_str();
        let opened = match address.kind {
            Kind::Sqlite => SqliteStore::open(url).await.map(Self::Sqlite),
            Kind::Postgres => PostgresStore::open(url).await.map(Self::Postgres),
            Kind::MySql => MySqlStore::open(url).await.map(Self::MySql),
        };
        opened.map_err(|error| broken(address, &source(&error)))
    }

    /// Keeps people in it, and everything else.
    pub(crate) fn furnish(&self, builder: AuthBuilder) -> AuthBuilder {
        on_each!(self, store => builder.store(store.clone()))
    }

    /// Whether it has the tables that Authstile adds to those of Auth.js.
    pub(crate) fn has_own_tables(&self) -> bool {
        on_each!(self, store => store.has_own_tables())
    }

    /// The people in it.
    pub(crate) fn accounts(&self) -> &dyn Accounts {
        on_each!(self, store => store)
    }
}

/// Brings a database up to date and says what was done.
pub(crate) async fn migrate(address: &DatabaseAddress) -> anyhow::Result<Migration> {
    reach(address, MissingFile::Create).await?;
    let url = address.url.as_str();
    let migrated = match address.kind {
        // `SqliteStore::open` would migrate too, but not say what.
        Kind::Sqlite => {
            let options = sqlite(address)?.create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
            let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
            let pool = pool.map_err(|error| broken(address, &error.to_string()))?;
            let mut store = SqliteStore::from_pool(pool).await.map_err(|error| broken(address, &source(&error)))?;
            store.migrate().await
        }
        Kind::Postgres => {
            PostgresStore::open(url).await.map_err(|error| broken(address, &source(&error)))?.migrate().await
        }
        Kind::MySql => MySqlStore::open(url).await.map_err(|error| broken(address, &source(&error)))?.migrate().await,
    };
    Ok(migrated.map_err(|error| broken(address, &source(&error)))?)
}

/// What [`migrate`] would apply.
pub(crate) async fn pending(address: &DatabaseAddress) -> anyhow::Result<Vec<&'static str>> {
    const KNOWN: &str = "SELECT name FROM authstile_migrations";
    let all = every_migration().await?;
    let known: Result<Vec<String>, sqlx::Error> = match address.kind {
        Kind::Sqlite => {
            let options = sqlite(address)?;
            if !is_in_memory(&address.url) && !options.get_filename().exists() {
                return Ok(all);
            }
            reach(address, MissingFile::Refuse).await?;
            match options.connect().await {
                Ok(mut connection) => sqlx::query_scalar(KNOWN).fetch_all(&mut connection).await,
                Err(error) => Err(error),
            }
        }
        Kind::Postgres => {
            let mut connection = limited(address, PgConnection::connect(&address.url)).await?;
            sqlx::query_scalar(KNOWN).fetch_all(&mut connection).await
        }
        Kind::MySql => {
            let mut connection = limited(address, MySqlConnection::connect(&address.url)).await?;
            sqlx::query_scalar(KNOWN).fetch_all(&mut connection).await
        }
    };
    let known = match known {
        Err(error) if has_no_table(&error) => Vec::new(),
        known => known.map_err(|error| broken(address, &error.to_string()))?,
    };
    Ok(all.into_iter().filter(|name| !known.iter().any(|known| known == name)).collect())
}

/// The names of all migrations, which are the same for every database: an empty one gets all of them.
async fn every_migration() -> anyhow::Result<Vec<&'static str>> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    let mut empty = SqliteStore::from_pool(pool).await.context("SQLite does not work here")?;
    Ok(empty.migrate().await.context("SQLite does not work here")?.applied)
}

fn has_no_table(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    // PostgreSQL's code, MySQL's, and SQLite has none for it.
    matches!(error.code().as_deref(), Some("42P01" | "42S02")) || error.message().starts_with("no such table")
}

fn sqlite(address: &DatabaseAddress) -> Result<SqliteConnectOptions, Mistake> {
    address.url.parse::<SqliteConnectOptions>().map_err(|error| broken(address, &error.to_string()))
}

fn is_in_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}

/// Looks whether it can be opened, so that what is wrong can be told apart: a pool only says that time was up.
async fn reach(address: &DatabaseAddress, missing: MissingFile) -> Result<(), Mistake> {
    match address.kind {
        Kind::Sqlite if is_in_memory(&address.url) => Ok(()),
        Kind::Sqlite => look_at_file(address, sqlite(address)?.get_filename(), missing),
        Kind::Postgres => {
            let options =
                address.url.parse::<PgConnectOptions>().map_err(|error| broken(address, &error.to_string()))?;
            let connection = limited(address, options.connect()).await?;
            drop(connection.close().await);
            Ok(())
        }
        Kind::MySql => {
            let options =
                address.url.parse::<MySqlConnectOptions>().map_err(|error| broken(address, &error.to_string()))?;
            let connection = limited(address, options.connect()).await?;
            drop(connection.close().await);
            Ok(())
        }
    }
}

fn look_at_file(address: &DatabaseAddress, file: &Path, missing: MissingFile) -> Result<(), Mistake> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let what = format!("DATABASE_URL names a file in {}, which is no folder", folder.display());
        return Err(Mistake::new(what, format!("mkdir -p {}", folder.display())));
    }
    if file.is_dir() {
        let what = format!("DATABASE_URL names {}, which is a folder and not a file", file.display());
        return Err(Mistake::new(what, format!("DATABASE_URL=sqlite:{}/authstile.db", file.display())));
    }
    if missing == MissingFile::Refuse && !file.exists() {
        return Err(
            address.mistake("is not there: nobody has signed in yet, or it is another file", "the file of `serve`")
        );
    }
    Ok(())
}

/// Waits for a connection, but not for ever.
async fn limited<C>(address: &DatabaseAddress, connect: impl Future<Output = sqlx::Result<C>>) -> Result<C, Mistake> {
    match tokio::time::timeout(CONNECT, connect).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(sqlx::Error::Io(error))) => {
            Err(address.mistake(format_args!("cannot be reached: {error}"), "start the server, or say where it is"))
        }
        Ok(Err(sqlx::Error::Database(error))) => Err(match error.code().as_deref() {
            Some("28P01" | "28000") => {
                address.mistake(format_args!("does not let us in: {error}"), "a user of the server, and their password")
            }
            // MySQL has one code for this and for a database that the user may not enter.
            Some("3D000") => address.mistake(format_args!("has no such database: {error}"), "a database that is there"),
            Some("42000") if error.message().starts_with("Unknown database") => {
                address.mistake(format_args!("has no such database: {error}"), "a database that is there")
            }
            _ => broken(address, &error.to_string()),
        }),
        Ok(Err(error)) => Err(broken(address, &error.to_string())),
        Err(_) => {
            let what = format!("does not answer in {} s", CONNECT.as_secs());
            Err(address.mistake(what, "start the server, or say where it is"))
        }
    }
}

fn broken(address: &DatabaseAddress, why: &str) -> Mistake {
    match address.kind {
        Kind::Sqlite => {
            let what = format_args!("cannot be opened or written: {why}").to_string();
            address.mistake(what, "a file that this user may write, in a folder of which the same is true")
        }
        _ => address.mistake(format_args!("cannot be used: {why}"), "a database of the user's own"),
    }
}

/// What the driver said, without the engine's words around it.
fn source(error: &StoreError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
