//! SQLite.

use std::path::Path;
use std::time::Duration;

use authstile::StoreError;
use authstile::clock::UnixTime;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous, SqliteTypeInfo};
use sqlx::{Connection as _, Decode, Encode, Sqlite, SqlitePool, Transaction, Type, TypeInfo as _, ValueRef as _};

use crate::core::{Core, Owner, WAIT, limited};
use crate::error::Error;
use crate::lanes::Taken;
use crate::migration::{File, Migration, migrations};
use crate::shape::{Column, Ids, Shape};
use crate::statements::Dialect;

#[path = "ports/accounts.rs"]
mod accounts;
#[path = "ports/base.rs"]
mod base;
#[path = "ports/leases.rs"]
mod leases;
#[path = "ports/links.rs"]
mod links;
#[path = "ports/migrate.rs"]
mod migrate;
#[path = "ports/once.rs"]
mod once;
#[path = "ports/passwords.rs"]
mod passwords;
#[path = "ports/returning.rs"]
mod returning;
#[path = "ports/sessions.rs"]
mod sessions;

use base::Done;
use returning::insert_user;

type Db = Sqlite;
type Connection = sqlx::SqliteConnection;
type Store = SqliteStore;

/// People, sessions and all the rest in one file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    core: Core<Sqlite>,
}

impl SqliteStore {
    /// Opens a file, given as a path or as `sqlite:` URL; it is made if it is not there, and brought up to date.
    /// `:memory:` lasts as long as the store.
    ///
    /// # Errors
    /// When the file cannot be opened or written.
    pub async fn open(place: impl AsRef<Path>) -> Result<Self, StoreError> {
        let place = place.as_ref();
        let url = place.to_str().filter(|text| text.starts_with("sqlite:"));
        let options = match url {
            Some(url) => url.parse::<SqliteConnectOptions>().map_err(StoreError::other)?,
            None if place == Path::new(":memory:") => SqliteConnectOptions::new().in_memory(true),
            None => SqliteConnectOptions::new().filename(place),
        };
        // What is in memory is gone with its connection, and belongs to that one only.
        let in_memory = place == Path::new(":memory:")
            || url.is_some_and(|url| url.contains(":memory:") || url.contains("mode=memory"));
        let options = options
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(WAIT);
        let pool = SqlitePoolOptions::new().max_connections(if in_memory { 1 } else { 4 }).acquire_timeout(WAIT);
        let pool = if in_memory { pool.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>) } else { pool };
        let pool = pool.connect_with(options).await.map_err(Error::from)?;
        let shape = limited(inspect(&pool)).await?;
        let mut store = Self { core: Core::new(pool, Owner::Store, shape, &DIALECT) };
        store.migrate().await?;
        Ok(store)
    }

    /// On a pool of yours, and with the tables as they are: call [`migrate`](Self::migrate) if they may be old. Foreign
    /// keys have to be on, as they are in sqlx unless you turn them off.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn from_pool(pool: SqlitePool) -> Result<Self, StoreError> {
        let shape = limited(inspect(&pool)).await?;
        shape.warn();
        Ok(Self { core: Core::new(pool, Owner::Application, shape, &DIALECT) })
    }

    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &SqlitePool {
        self.core.lanes.pool()
    }
}

static DIALECT: Dialect = Dialect {
    numbered: false,
    quote: "\"",
    id_text: |ids| if ids == Ids::Integer { "CAST(_ AS TEXT)" } else { "_" },
    id_value: |ids| if ids == Ids::Integer { "CAST(? AS INTEGER)" } else { "?" },
    new_id: "lower(hex(randomblob(16)))",
    moment: "_",
    number: "_",
    // There is one writer at a time.
    share: "",
    update: "",
    returning: |ids| if ids == Ids::Integer { " RETURNING CAST(id AS TEXT)" } else { " RETURNING id" },
    first: |_| "u.rowid",
    // Texts as JavaScript writes them compare like moments; others, and numbers, are left to whoever wrote them.
    delete_expired: "DELETE FROM @ WHERE rowid IN \
        (SELECT rowid FROM @ WHERE expires < ? AND substr(expires, 11, 1) = 'T' LIMIT ?)",
    or_password: " ON CONFLICT (\"userId\") DO UPDATE SET hash = excluded.hash, changed = excluded.changed",
    consume: "DELETE FROM verification_token WHERE identifier = ? AND token = ? RETURNING expires",
    revoke: "INSERT INTO authstile_revocations AS known (\"key\", revoked, forget) VALUES (?, ?, ?) \
        ON CONFLICT (\"key\") DO UPDATE SET revoked = MAX(known.revoked, excluded.revoked), \
        forget = MAX(known.forget, excluded.forget)",
    revoke_in_order: "INSERT INTO authstile_revocations AS known (\"key\", revoked, forget, number) \
        SELECT ?, ?, ?, number FROM authstile_counters WHERE name = 'revocations' \
        ON CONFLICT (\"key\") DO UPDATE SET revoked = MAX(known.revoked, excluded.revoked), \
        forget = MAX(known.forget, excluded.forget), number = excluded.number",
    refuse: "INSERT INTO authstile_refusals AS known (\"key\", refused, decided) VALUES (?, ?, ?) \
        ON CONFLICT (\"key\") DO UPDATE SET refused = excluded.refused, decided = excluded.decided \
        WHERE known.decided <= excluded.decided",
    first_time: "INSERT INTO authstile_seen AS known (\"key\", forget) VALUES (?, ?) \
        ON CONFLICT (\"key\") DO UPDATE SET forget = excluded.forget WHERE known.forget <= ?",
    take: "INSERT INTO authstile_throttle AS known (\"key\", arrival) VALUES (?, ?) \
        ON CONFLICT (\"key\") DO UPDATE SET arrival = MAX(known.arrival, ?) + ? WHERE MAX(known.arrival, ?) + ? <= ?",
    take_lease: "INSERT INTO authstile_leases AS known (\"key\", fence, held, forget) VALUES (?, ?, ?, ?) \
        ON CONFLICT (\"key\") DO UPDATE SET fence = MAX(known.fence + 1, excluded.fence), held = excluded.held, \
        outcome = NULL, forget = excluded.forget \
        WHERE known.outcome IS NULL AND known.held <= ? OR known.forget <= ? RETURNING fence",
};

/// Writers wait for each other from the beginning: one that reads first cannot write when somebody else has.
async fn begin(connection: &mut Connection, _alone: bool) -> sqlx::Result<Transaction<'_, Db>> {
    connection.begin_with("BEGIN IMMEDIATE").await
}

/// There is one writer at a time.
async fn lock(_transaction: &mut Transaction<'_, Db>, _kind: &str, _name: &str) -> Done<()> {
    Ok(())
}

/// What is left of a lock ends with its transaction.
async fn release(lane: Taken<'_, Db>, _alone: bool) {
    lane.keep();
}

/// The pool looks after it.
fn give_up(_lane: Taken<'_, Db>, _alone: bool) {}

async fn inspect(pool: &SqlitePool) -> Done<Shape> {
    let columns: Vec<Column> = sqlx::query_as(
        "SELECT t.name, c.name, c.type FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'",
    )
    .fetch_all(pool)
    .await?;
    let indexed: Vec<Column> = sqlx::query_as(
        "SELECT t.name, i.name, COALESCE(c.name, '') FROM sqlite_schema t JOIN pragma_index_list(t.name) i \
         JOIN pragma_index_info(i.name) c WHERE t.type = 'table' AND i.\"unique\" = 1 AND i.partial = 0 \
         ORDER BY t.name, i.name, c.seqno",
    )
    .fetch_all(pool)
    .await?;
    Ok(Shape::new(&columns, &crate::shape::indexes(indexed)))
}

/// Whether an id that the database counted is counted again when its person is gone.
const NUMBERS_COME_AGAIN: bool = true;

const LIST: &str = "CREATE TABLE IF NOT EXISTS authstile_migrations (number integer PRIMARY KEY NOT NULL, \
    name text NOT NULL, applied text NOT NULL DEFAULT CURRENT_TIMESTAMP)";

fn files() -> [File; 6] {
    migrations!("sqlite")
}

async fn alone(connection: &mut PoolConnection<Db>) -> Done<Migration> {
    let mut transaction = begin(connection, true).await?;
    let done = migrate::apply(&mut transaction).await?;
    transaction.commit().await?;
    Ok(done)
}

/// Without a unique index on what it refers to, a foreign key fails at every change. Ids have the type that they have in
/// `users`.
async fn prepared(connection: &mut Connection, statement: String) -> Done<String> {
    const REFERENCE: &str = " REFERENCES sessions (\"sessionToken\") ON DELETE CASCADE";
    const PERSON: &str = " REFERENCES users (id) ON DELETE CASCADE";
    if statement.contains("authstile_passwords") {
        let ids = "SELECT c.type, c.pk = 1 AND (SELECT COUNT(*) FROM pragma_table_info('users') WHERE pk > 0) = 1 \
            OR EXISTS (SELECT 1 FROM pragma_index_list('users') i WHERE i.\"unique\" = 1 AND i.partial = 0 \
            AND (SELECT group_concat(COALESCE(name, ''), ' ') FROM pragma_index_info(i.name)) = 'id') \
            FROM pragma_table_info('users') c WHERE c.name = 'id'";
        let (kind, unique): (String, bool) = sqlx::query_as(ids).fetch_one(connection).await?;
        let statement = statement.replace("\"userId\" text", &format!("\"userId\" {kind}"));
        return Ok(if unique { statement } else { statement.replace(PERSON, "") });
    }
    if !statement.contains(REFERENCE) {
        return Ok(statement);
    }
    let unique = "SELECT COUNT(*) FROM pragma_index_list('sessions') WHERE name = 'authstile_sessions_token_unique'";
    let unique: i64 = sqlx::query_scalar(unique).fetch_one(connection).await?;
    Ok(if unique > 0 { statement } else { statement.replace(REFERENCE, "") })
}

/// Whether what a statement makes is there already.
fn is_there(error: &Error) -> bool {
    matches!(error, Error::Database(sqlx::Error::Database(error)) if error.message().starts_with("duplicate column name"))
}

/// A moment as JavaScript writes it; milliseconds or seconds since 1970 are read too.
#[derive(Debug, Clone, Copy)]
struct Moment(UnixTime);

impl Type<Sqlite> for Moment {
    fn type_info() -> SqliteTypeInfo {
        <str as Type<Sqlite>>::type_info()
    }

    fn compatible(_: &SqliteTypeInfo) -> bool {
        true
    }
}

impl Encode<'_, Sqlite> for Moment {
    fn encode_by_ref(
        &self,
        buffer: &mut <Sqlite as sqlx::Database>::ArgumentBuffer,
    ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        <String as Encode<Sqlite>>::encode(self.0.iso8601(), buffer)
    }
}

impl<'r> Decode<'r, Sqlite> for Moment {
    fn decode(value: sqlx::sqlite::SqliteValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        if value.type_info().name() == "INTEGER" {
            return Ok(Self(of_number(<i64 as Decode<Sqlite>>::decode(value)?)));
        }
        let text = <&str as Decode<Sqlite>>::decode(value)?;
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(UnixTime::from_millis(moment.as_millisecond())));
        }
        if let Ok(number) = text.parse() {
            return Ok(Self(of_number(number)));
        }
        // As SQLite itself writes it, in UTC.
        Ok(Self(UnixTime::from_millis(format!("{text}Z").parse::<jiff::Timestamp>()?.as_millisecond())))
    }
}

/// Numbers that would be before 1973 in milliseconds are seconds.
fn of_number(number: i64) -> UnixTime {
    if number.abs() < 100_000_000_000 { UnixTime::from_seconds(number) } else { UnixTime::from_millis(number) }
}
