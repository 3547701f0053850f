//! Running the migrations that are missing.

use authstile::StoreError;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::base::Done;
use super::{Connection, DIALECT, Store, files, inspect, is_there, prepared};
use crate::error::Error;
use crate::migration::{File, Migration, is_index, plain_index};

impl Store {
    /// Brings the database up to date: tables where there are none, and what Authstile adds. Rows stay as they are, and
    /// Auth.js's adapter goes on working. Any number of processes may do it at once; done again, it does nothing.
    ///
    /// # Errors
    /// When the database cannot be reached, or does not let us.
    pub async fn migrate(&mut self) -> Result<Migration, StoreError> {
        let mut connection = self.core.lanes.pool().acquire().await.map_err(Error::from)?;
        let done = super::alone(&mut connection).await?;
        // There may be only one.
        drop(connection);
        let shape = inspect(self.core.lanes.pool()).await?;
        self.core.reshape(shape, &DIALECT);
        for warning in &done.warnings {
            tracing::warn!("{warning}");
        }
        Ok(done)
    }

    /// Whether the tables of Authstile's own were there when the database was opened or migrated. Without them people sign
    /// in and out, and all of a person's stored sessions can be ended; but nothing can be revoked or refused by its key, and
    /// attempts cannot be counted here: give [`throttle`](authstile::AuthBuilder::throttle) another place.
    #[must_use]
    pub fn has_own_tables(&self) -> bool {
        self.core.shape.own
    }
}

/// Applies what is missing, when nobody else does.
pub(super) async fn apply(connection: &mut Connection) -> Done<Migration> {
    run(connection, super::LIST).await?;
    let known = sqlx::query("SELECT number FROM authstile_migrations").fetch_all(&mut *connection).await?;
    let known = known.iter().map(|row| row.try_get::<i64, _>(0)).collect::<Result<Vec<_>, _>>()?;
    let mut migration = Migration::default();
    for file in files().into_iter().filter(|file| !known.contains(&file.number)) {
        let complete = apply_file(connection, file, &mut migration.warnings).await?;
        if complete {
            let note =
                format!("INSERT INTO authstile_migrations (number, name) VALUES ({}, '{}')", file.number, file.name);
            run(connection, &note).await?;
            migration.applied.push(file.name);
        }
    }
    Ok(migration)
}

/// Whether everything in it was done, so that it need not be tried again.
async fn apply_file(connection: &mut Connection, file: File, warnings: &mut Vec<String>) -> Done<bool> {
    let mut complete = true;
    for statement in file.statements() {
        let statement = prepared(connection, statement).await?;
        let failed = match attempt(connection, &statement).await {
            Err(error) if !is_there(&error) => error,
            _ => continue,
        };
        // Rows of others may contradict an index, and types of others may be too large for one.
        let (true, Error::Database(sqlx::Error::Database(reason))) = (is_index(&statement), &failed) else {
            return Err(failed);
        };
        complete = false;
        warnings.push(format!("{}: {reason}: `{}` was not done", file.name, statement));
        if let Some(plain) = plain_index(&statement) {
            match attempt(connection, &plain).await {
                Err(error) if !is_there(&error) && !matches!(error, Error::Database(sqlx::Error::Database(_))) => {
                    return Err(error);
                }
                _ => {}
            }
        }
    }
    Ok(complete)
}

/// A statement of which nothing is left when it fails.
async fn attempt(connection: &mut Connection, statement: &str) -> Done<()> {
    let mut savepoint = connection.begin().await?;
    run(&mut savepoint, statement).await?;
    Ok(savepoint.commit().await?)
}

pub(super) async fn run(connection: &mut Connection, statement: &str) -> Done<()> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}
