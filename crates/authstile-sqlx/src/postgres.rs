//! PostgreSQL, 13 or newer.

use authstile::StoreError;
use authstile::clock::UnixTime;
use sqlx::pool::PoolConnection;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgTypeInfo, PgValueRef};
use sqlx::{Connection as _, Decode, Encode, Postgres, Transaction, Type, TypeInfo as _};

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

type Db = Postgres;
type Connection = sqlx::PgConnection;
type Store = PostgresStore;

/// People, sessions and all the rest in PostgreSQL. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    core: Core<Postgres>,
}

impl PostgresStore {
    /// Connects to a `postgres:` URL. Later, a server that does not answer costs an operation five seconds at most, and one
    /// that refuses connections a tenth of a second. Nothing is changed: that is what [`migrate`](Self::migrate) is for.
    ///
    /// # Errors
    /// When the database cannot be reached or read.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let options = url.parse::<PgConnectOptions>().map_err(StoreError::other)?;
        let millis = WAIT.as_millis().to_string();
        let options = options.options([("statement_timeout", millis.as_str()), ("lock_timeout", millis.as_str())]);
        let pool = PgPoolOptions::new().acquire_timeout(WAIT).connect_lazy_with(options);
        Self::on(pool, Owner::Store).await
    }

    /// On a pool of yours, of whose connections half are used at most. Nothing is changed.
    ///
    /// # Errors
    /// When the database cannot be reached or read.
    pub async fn from_pool(pool: PgPool) -> Result<Self, StoreError> {
        Self::on(pool, Owner::Application).await
    }

    async fn on(pool: PgPool, owner: Owner) -> Result<Self, StoreError> {
        let shape = limited(inspect(&pool)).await?;
        shape.warn();
        Ok(Self { core: Core::new(pool, owner, shape, &DIALECT) })
    }

    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        self.core.lanes.pool()
    }
}

static DIALECT: Dialect = Dialect {
    numbered: true,
    quote: "\"",
    id_text: |ids| if ids == Ids::Text { "_" } else { "_::text" },
    id_value: |ids| match ids {
        Ids::Integer => "?::bigint",
        Ids::Text => "?",
        Ids::Uuid => "?::uuid",
    },
    new_id: "gen_random_uuid()::text",
    moment: "_",
    number: "_::bigint",
    share: " FOR KEY SHARE",
    update: " FOR UPDATE",
    returning: |ids| if ids == Ids::Text { " RETURNING id" } else { " RETURNING id::text" },
    first: |_| "u.id",
    delete_expired: "DELETE FROM @ WHERE ctid = ANY (ARRAY(SELECT ctid FROM @ WHERE expires < ? LIMIT ?))",
    or_password: " ON CONFLICT (\"userId\") DO UPDATE SET hash = excluded.hash, changed = excluded.changed",
    consume: "DELETE FROM verification_token WHERE identifier = ? AND token = ? RETURNING expires",
    revoke: "INSERT INTO authstile_revocations AS known (\"key\", revoked, forget) VALUES (?, ?, ?) \
        ON CONFLICT (\"key\") DO UPDATE SET revoked = GREATEST(known.revoked, excluded.revoked), \
        forget = GREATEST(known.forget, excluded.forget)",
    revoke_in_order: "INSERT INTO authstile_revocations AS known (\"key\", revoked, forget, number) \
        SELECT ?, ?, ?, number FROM authstile_counters WHERE name = 'revocations' \
        ON CONFLICT (\"key\") DO UPDATE SET revoked = GREATEST(known.revoked, excluded.revoked), \
        forget = GREATEST(known.forget, excluded.forget), number = excluded.number",
    refuse: "INSERT INTO authstile_refusals AS known (\"key\", refused, decided) VALUES (?, ?, ?) \
        ON CONFLICT (\"key\") DO UPDATE SET refused = excluded.refused, decided = excluded.decided \
        WHERE known.decided <= excluded.decided",
    first_time: "INSERT INTO authstile_seen AS known (\"key\", forget) VALUES (?, ?) \
        ON CONFLICT (\"key\") DO UPDATE SET forget = excluded.forget WHERE known.forget <= ?",
    take: "INSERT INTO authstile_throttle AS known (\"key\", arrival) VALUES (?, ?) \
        ON CONFLICT (\"key\") DO UPDATE SET arrival = GREATEST(known.arrival, ?) + ? \
        WHERE GREATEST(known.arrival, ?) + ? <= ?",
    take_lease: "INSERT INTO authstile_leases AS known (\"key\", fence, held, forget) VALUES (?, ?, ?, ?) \
        ON CONFLICT (\"key\") DO UPDATE SET fence = GREATEST(known.fence + 1, excluded.fence), held = excluded.held, \
        outcome = NULL, forget = excluded.forget \
        WHERE known.outcome IS NULL AND known.held <= ? OR known.forget <= ? RETURNING fence",
};

/// What has to be alone [locks](lock) what it is about.
async fn begin(connection: &mut Connection, _alone: bool) -> sqlx::Result<Transaction<'_, Db>> {
    connection.begin().await
}

/// Nobody else has this lock until the transaction ends.
async fn lock(transaction: &mut Transaction<'_, Db>, kind: &str, name: &str) -> Done<()> {
    let lock = "SELECT pg_advisory_xact_lock(hashtext('authstile ' || $1), hashtext($2))";
    sqlx::query(lock).bind(kind).bind(name).execute(&mut **transaction).await?;
    Ok(())
}

/// What is left of a lock ends with its transaction.
async fn release(lane: Taken<'_, Db>, _alone: bool) {
    lane.keep();
}

/// The pool looks after it.
fn give_up(_lane: Taken<'_, Db>, _alone: bool) {}

async fn inspect(pool: &PgPool) -> Done<Shape> {
    let columns: Vec<Column> = sqlx::query_as(
        "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL) \
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
         WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'f') AND pg_table_is_visible(c.oid) \
         AND (c.relname IN ('users', 'accounts', 'sessions', 'verification_token') OR c.relname LIKE 'authstile\\_%')",
    )
    .fetch_all(pool)
    .await?;
    let indexed: Vec<Column> = sqlx::query_as(
        "SELECT c.relname::text, i.indexrelid::text, COALESCE(a.attname, '')::text \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
         CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place) \
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum AND k.attnum > 0 \
         WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND k.place <= i.indnkeyatts \
         AND c.relname IN ('users', 'accounts', 'sessions') AND pg_table_is_visible(c.oid) \
         ORDER BY i.indexrelid, k.place",
    )
    .fetch_all(pool)
    .await?;
    Ok(Shape::new(&columns, &crate::shape::indexes(indexed)))
}

/// Whether an id that the database counted is counted again when its person is gone.
const NUMBERS_COME_AGAIN: bool = false;

const LIST: &str = "CREATE TABLE IF NOT EXISTS authstile_migrations (number bigint PRIMARY KEY, name text NOT NULL, \
    applied timestamptz NOT NULL DEFAULT now())";

fn files() -> [File; 6] {
    migrations!("postgres")
}

async fn alone(connection: &mut PoolConnection<Db>) -> Done<Migration> {
    let mut transaction = connection.begin().await?;
    // An index on a large table takes its time.
    migrate::run(&mut transaction, "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
    lock(&mut transaction, "migrate", "").await?;
    let done = migrate::apply(&mut transaction).await?;
    transaction.commit().await?;
    Ok(done)
}

/// A foreign key needs a unique index on what it refers to. Ids have the type that they have in `users`.
async fn prepared(connection: &mut Connection, statement: String) -> Done<String> {
    const REFERENCE: &str = " REFERENCES sessions (\"sessionToken\") ON DELETE CASCADE";
    const PERSON: &str = " REFERENCES users (id) ON DELETE CASCADE";
    if statement.contains("authstile_passwords") {
        let ids = "SELECT format_type(a.atttypid, a.atttypmod), EXISTS (SELECT 1 FROM pg_index i \
            WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL \
            AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) \
            FROM pg_attribute a WHERE a.attrelid = to_regclass('users') AND a.attname = 'id' AND NOT a.attisdropped";
        let (kind, unique): (String, bool) = sqlx::query_as(ids).fetch_one(connection).await?;
        let statement = statement.replace("\"userId\" text", &format!("\"userId\" {kind}"));
        return Ok(if unique { statement } else { statement.replace(PERSON, "") });
    }
    if !statement.contains(REFERENCE) {
        return Ok(statement);
    }
    let unique = "SELECT to_regclass('authstile_sessions_token_unique') IS NOT NULL";
    let unique: bool = sqlx::query_scalar(unique).fetch_one(connection).await?;
    Ok(if unique { statement } else { statement.replace(REFERENCE, "") })
}

/// Every statement says itself `IF NOT EXISTS`.
fn is_there(_: &Error) -> bool {
    false
}

/// A moment as PostgreSQL sends it: microseconds since 2000.
#[derive(Debug, Clone, Copy)]
struct Moment(UnixTime);

/// Milliseconds from 1970 to 2000.
const EPOCH: i64 = 946_684_800_000;
/// `timestamptz`, in every PostgreSQL.
const TIMESTAMPTZ: Oid = Oid(1184);

impl Type<Postgres> for Moment {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ)
    }

    fn compatible(kind: &PgTypeInfo) -> bool {
        matches!(kind.name(), "TIMESTAMPTZ" | "TIMESTAMP")
    }
}

impl Encode<'_, Postgres> for Moment {
    fn encode_by_ref(
        &self,
        buffer: &mut <Postgres as sqlx::Database>::ArgumentBuffer,
    ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        let micros = self.0.millis().saturating_sub(EPOCH).saturating_mul(1000);
        <i64 as Encode<Postgres>>::encode(micros, buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Moment {
    fn decode(value: PgValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        let micros = <i64 as Decode<Postgres>>::decode(value)?;
        Ok(Self(UnixTime::from_millis(micros.div_euclid(1000).saturating_add(EPOCH))))
    }
}
