//! MySQL, 8.0.13 or newer, and MariaDB, 10.6 or newer.

use authstile::StoreError;
use authstile::clock::UnixTime;
use authstile::store::{NewUser, Quota};
use sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions, MySqlTypeInfo, MySqlValueRef};
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Decode, Encode, Executor as _, MySql, Row as _, Transaction, Type};

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
#[path = "ports/sessions.rs"]
mod sessions;

use base::{Done, query};

type Db = MySql;
type Connection = sqlx::MySqlConnection;
type Store = MySqlStore;

/// People, sessions and all the rest in MySQL or MariaDB. Cheap to clone.
#[derive(Debug, Clone)]
pub struct MySqlStore {
    core: Core<MySql>,
}

impl MySqlStore {
    /// Connects to a `mysql:` URL. Later, a server that does not answer costs an operation five seconds at most, and one
    /// that refuses connections a tenth of a second. Nothing is changed: that is what [`migrate`](Self::migrate) is for.
    ///
    /// # Errors
    /// When the database cannot be reached or read.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let options = url.parse::<MySqlConnectOptions>().map_err(StoreError::other)?;
        let pool = MySqlPoolOptions::new().acquire_timeout(WAIT).after_connect(|connection, _| {
            Box::pin(async move { connection.execute("SET SESSION innodb_lock_wait_timeout = 4").await.map(|_| ()) })
        });
        Self::on(pool.connect_lazy_with(options), Owner::Store).await
    }

    /// On a pool of yours, of whose connections half are used at most. Nothing is changed.
    ///
    /// # Errors
    /// When the database cannot be reached or read.
    pub async fn from_pool(pool: MySqlPool) -> Result<Self, StoreError> {
        Self::on(pool, Owner::Application).await
    }

    async fn on(pool: MySqlPool, owner: Owner) -> Result<Self, StoreError> {
        let shape = limited(inspect(&pool)).await?;
        shape.warn();
        Ok(Self { core: Core::new(pool, owner, shape, &DIALECT) })
    }

    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &MySqlPool {
        self.core.lanes.pool()
    }
}

static DIALECT: Dialect = Dialect {
    numbered: false,
    quote: "`",
    id_text: |ids| if ids == Ids::Text { "_" } else { "CAST(_ AS CHAR)" },
    id_value: |_| "?",
    new_id: "UUID()",
    // Moments go as text and come as a number: sqlx has no type for them without a calendar of its own.
    moment: "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', _) DIV 1000",
    number: "_",
    share: " LOCK IN SHARE MODE",
    update: " FOR UPDATE",
    returning: |_| "",
    first: |_| "u.id",
    delete_expired: "DELETE FROM @ WHERE expires < ? LIMIT ?",
    or_password: " ON DUPLICATE KEY UPDATE authstile_passwords.hash = VALUES(authstile_passwords.hash), \
        authstile_passwords.changed = VALUES(authstile_passwords.changed)",
    consume: "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', expires) DIV 1000 FROM verification_token \
        WHERE identifier = ? AND token = ?",
    revoke: "INSERT INTO authstile_revocations (\"key\", revoked, forget) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE \
        revoked = GREATEST(revoked, VALUES(revoked)), forget = GREATEST(forget, VALUES(forget))",
    revoke_in_order: "INSERT INTO authstile_revocations (\"key\", revoked, forget, number) VALUES (?, ?, ?, \
        (SELECT number FROM authstile_counters WHERE name = 'revocations')) ON DUPLICATE KEY UPDATE \
        revoked = GREATEST(revoked, VALUES(revoked)), forget = GREATEST(forget, VALUES(forget)), number = VALUES(number)",
    // From left to right: the second still sees the old `decided`.
    refuse: "INSERT INTO authstile_refusals (\"key\", refused, decided) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE \
        refused = IF(decided <= VALUES(decided), VALUES(refused), refused), decided = GREATEST(decided, VALUES(decided))",
    first_time: "UPDATE authstile_seen SET forget = ? WHERE \"key\" = ? AND forget <= ?",
    take: "UPDATE authstile_throttle SET arrival = GREATEST(arrival, ?) + ? \
        WHERE \"key\" = ? AND GREATEST(arrival, ?) + ? <= ?",
    // The new fence is told as if it were a counted id.
    take_lease: "UPDATE authstile_leases SET fence = LAST_INSERT_ID(GREATEST(fence + 1, ?)), held = ?, outcome = NULL, \
        forget = ? WHERE \"key\" = ? AND (outcome IS NULL AND held <= ? OR forget <= ?)",
};

const DELETE_VALUE: &str = "DELETE FROM verification_token WHERE identifier = ? AND token = ?";
const ADD_SEEN: &str = "INSERT INTO authstile_seen (forget, `key`) VALUES (?, ?)";
const ADD_ARRIVAL: &str = "INSERT INTO authstile_throttle (arrival, `key`) VALUES (?, ?)";
const ADD_LEASE: &str = "INSERT INTO authstile_leases (fence, held, forget, `key`) VALUES (?, ?, ?, ?)";

/// Inserts a person and says which id they got.
async fn insert_user(transaction: &mut Transaction<'_, Db>, core: &Core<Db>, user: &NewUser) -> Done<String> {
    let mut insert = query(&core.sql.insert_user).bind(user.name.as_deref()).bind(user.email.as_deref());
    insert = insert.bind(user.email_verified.map(Moment)).bind(user.image.as_deref());
    if core.shape.attributes {
        let attributes = (!user.attributes.is_empty()).then(|| serde_json::to_string(&user.attributes)).transpose()?;
        insert = insert.bind(attributes);
    }
    if core.shape.users == Ids::Integer {
        return Ok(insert.execute(&mut **transaction).await?.last_insert_id().to_string());
    }
    insert.bind(user.id.as_str()).execute(&mut **transaction).await?;
    Ok(user.id.clone())
}

impl MySqlStore {
    /// Takes a value away, and says until when it was good. Of many who read it, one deletes it.
    async fn consume_value(&self, identifier: &str, token: &str) -> Done<Option<Moment>> {
        let Some(row) = self.optional(query(&self.core.sql.consume_value).bind(identifier).bind(token)).await? else {
            return Ok(None);
        };
        let deleted =
            self.execute(sqlx::query(DELETE_VALUE).bind(identifier.to_owned()).bind(token.to_owned())).await?;
        Ok(if deleted > 0 { Some(row.try_get(0)?) } else { None })
    }

    /// Whether a key is seen for the first time.
    async fn see(&self, key: &str, now: i64, forget: i64) -> Done<bool> {
        match self.execute(sqlx::query(ADD_SEEN).bind(forget).bind(key.to_owned())).await {
            Err(error) if error.is_unique_violation() => {}
            added => return Ok(added? > 0),
        }
        Ok(self.execute(query(&self.core.sql.first_time).bind(forget).bind(key).bind(now)).await? > 0)
    }

    /// Moves the arrival time of a key on, if the quota allows it: [`Quota::decide`], in one statement.
    async fn advance(&self, key: &str, quota: Quota, now: i64) -> Done<bool> {
        let (interval, latest) = (quota.interval(), now + i64::from(quota.seconds) * 1000);
        let take = query(&self.core.sql.take).bind(now).bind(interval).bind(key);
        if self.execute(take.bind(now).bind(interval).bind(latest)).await? > 0 {
            return Ok(true);
        }
        match self.execute(sqlx::query(ADD_ARRIVAL).bind(now + interval).bind(key.to_owned())).await {
            Err(error) if error.is_unique_violation() => Ok(false),
            added => Ok(added? > 0),
        }
    }

    /// Takes a lease that nobody has, and says under which fence.
    async fn take_lease(&self, key: &str, now: i64, end: i64) -> Done<Option<i64>> {
        let add = sqlx::query(ADD_LEASE).bind(now).bind(end).bind(end).bind(key.to_owned());
        match self.execute(add).await {
            Err(error) if error.is_unique_violation() => {}
            added => return Ok((added? > 0).then_some(now)),
        }
        let take = query(&self.core.sql.take_lease).bind(now).bind(end).bind(end).bind(key).bind(now).bind(now);
        let mut lane = self.core.lanes.take().await?;
        let taken = take.execute(&mut *lane).await?;
        lane.keep();
        Ok((taken.rows_affected() > 0).then(|| taken.last_insert_id().cast_signed()))
    }
}

/// `alone`: what others have done is seen as soon as their [lock] is gone.
async fn begin(connection: &mut Connection, alone: bool) -> sqlx::Result<Transaction<'_, Db>> {
    if alone {
        connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    }
    connection.begin().await
}

/// Nobody else has this lock until it is [released](release), or the connection is closed.
async fn lock(transaction: &mut Transaction<'_, Db>, kind: &str, name: &str) -> Done<()> {
    // 60 characters, of 64 that a name may have.
    let lock = "SELECT GET_LOCK(CONCAT('authstile ', \
        LEFT(SHA2(CONCAT(SHA2(DATABASE(), 256), SHA2(?, 256), SHA2(?, 256)), 256), 50)), 4)";
    let locked = sqlx::query_scalar::<_, Option<i64>>(lock).bind(kind.to_owned()).bind(name.to_owned());
    match locked.fetch_one(&mut **transaction).await? {
        Some(1) => Ok(()),
        _ => Err(sqlx::Error::PoolTimedOut.into()),
    }
}

/// Locks outlive their transaction.
async fn release(mut lane: Taken<'_, Db>, alone: bool) {
    if !alone || lane.execute("DO RELEASE_ALL_LOCKS()").await.is_ok() {
        lane.keep();
    } else {
        lane.close();
    }
}

/// Locks outlive their transaction.
fn give_up(lane: Taken<'_, Db>, alone: bool) {
    if alone {
        lane.close();
    }
}

async fn inspect(pool: &MySqlPool) -> Done<Shape> {
    // Some servers send the names in this schema as bytes.
    let columns: Vec<Column> = sqlx::query_as(
        "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), CAST(data_type AS CHAR) \
         FROM information_schema.columns WHERE table_schema = DATABASE()",
    )
    .fetch_all(pool)
    .await?;
    let indexed: Vec<Column> = sqlx::query_as(
        "SELECT CAST(table_name AS CHAR), CAST(index_name AS CHAR), \
         IF(sub_part IS NULL, CAST(COALESCE(column_name, '') AS CHAR), '') \
         FROM information_schema.statistics WHERE table_schema = DATABASE() AND non_unique = 0 \
         ORDER BY table_name, index_name, seq_in_index",
    )
    .fetch_all(pool)
    .await?;
    let folding: Option<String> = sqlx::query_scalar(
        "SELECT CAST(MIN(collation_name) AS CHAR) FROM information_schema.columns WHERE table_schema = DATABASE() \
         AND collation_name NOT LIKE '%\\_bin' AND (table_name = 'users' AND column_name IN ('id', 'email') \
         OR table_name = 'accounts' AND column_name IN ('provider', 'providerAccountId') \
         OR table_name = 'sessions' AND column_name = 'sessionToken')",
    )
    .fetch_one(pool)
    .await?;
    if let Some(collation) = folding {
        tracing::warn!(%collation, "this collation takes different texts for one: two accounts may be one person");
    }
    Ok(Shape::new(&columns, &crate::shape::indexes(indexed)))
}

/// Whether an id that the database counted is counted again when its person is gone.
const NUMBERS_COME_AGAIN: bool = false;

const LIST: &str = "CREATE TABLE IF NOT EXISTS authstile_migrations (number bigint PRIMARY KEY, \
    name varchar(255) NOT NULL, applied timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)";

fn files() -> [File; 6] {
    migrations!("mysql")
}

async fn alone(connection: &mut PoolConnection<Db>) -> Done<Migration> {
    // The lock ends with the connection, also when nobody waits for us any more.
    connection.close_on_drop();
    let lock = "SELECT GET_LOCK(CONCAT('authstile ', LEFT(DATABASE(), 50)), 60)";
    if sqlx::query_scalar::<_, Option<i64>>(lock).fetch_one(&mut **connection).await? != Some(1) {
        return Err(Error::Other("another migration has not ended for a minute"));
    }
    migrate::apply(connection).await
}

/// In the words of this server: the collation that minds blanks at the end, and a foreign key that fits.
async fn prepared(connection: &mut Connection, statement: String) -> Done<String> {
    const REFERENCE: &str = ",\n    FOREIGN KEY (session) REFERENCES sessions (`sessionToken`) ON DELETE CASCADE";
    let version: String = sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut *connection).await?;
    let collation = if version.contains("MariaDB") { "utf8mb4_nopad_bin" } else { "utf8mb4_0900_bin" };
    let statement = statement.replace("utf8mb4_bin", collation);
    if statement.contains("authstile_passwords") {
        return of_people(connection, statement).await;
    }
    if !statement.contains(REFERENCE) {
        return Ok(statement);
    }
    let token: Option<(String, String, String)> = sqlx::query_as(
        "SELECT CAST(c.column_type AS CHAR), CAST(c.character_set_name AS CHAR), CAST(c.collation_name AS CHAR) \
         FROM information_schema.columns c JOIN information_schema.statistics s USING (table_schema, table_name) \
         WHERE c.table_schema = DATABASE() AND c.table_name = 'sessions' AND c.column_name = 'sessionToken' \
         AND s.index_name = 'authstile_sessions_token_unique'",
    )
    .fetch_optional(connection)
    .await?;
    Ok(match token {
        Some((kind, set, collation)) => {
            let column = format!("session {kind} CHARACTER SET {set} COLLATE {collation} NOT NULL");
            statement.replace("session varchar(255) NOT NULL", &column)
        }
        None => statement.replace(REFERENCE, ""),
    })
}

/// With ids of the type and the collation that they have in `users`, and a foreign key if they are unique there.
async fn of_people(connection: &mut Connection, statement: String) -> Done<String> {
    const REFERENCE: &str = ",\n    FOREIGN KEY (`userId`) REFERENCES users (id) ON DELETE CASCADE";
    let (kind, set, collation, unique): (String, Option<String>, Option<String>, i64) = sqlx::query_as(
        "SELECT CAST(c.column_type AS CHAR), CAST(c.character_set_name AS CHAR), CAST(c.collation_name AS CHAR), \
         (SELECT COUNT(*) FROM (SELECT s.index_name FROM information_schema.statistics s \
         WHERE s.table_schema = DATABASE() AND s.table_name = 'users' AND s.non_unique = 0 GROUP BY s.index_name \
         HAVING COUNT(*) = 1 AND MAX(s.column_name) = 'id' AND MAX(s.sub_part) IS NULL) i) \
         FROM information_schema.columns c \
         WHERE c.table_schema = DATABASE() AND c.table_name = 'users' AND c.column_name = 'id'",
    )
    .fetch_one(connection)
    .await?;
    let statement = if unique > 0 { statement } else { statement.replace(REFERENCE, "") };
    let column = match (set, collation) {
        // No index holds the whole of it.
        _ if kind.contains("text") => return Ok(statement),
        (Some(set), Some(collation)) => format!("{kind} CHARACTER SET {set} COLLATE {collation}"),
        _ => kind,
    };
    Ok(statement.replace("`userId` varchar(255)", &format!("`userId` {column}")))
}

/// Whether what a statement makes is there already: a table, a column, an index.
fn is_there(error: &Error) -> bool {
    let Error::Database(sqlx::Error::Database(error)) = error else { return false };
    let error = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>();
    error.is_some_and(|error| matches!(error.number(), 1050 | 1060 | 1061))
}

/// A moment, in UTC.
#[derive(Debug, Clone, Copy)]
struct Moment(UnixTime);

impl Type<MySql> for Moment {
    fn type_info() -> MySqlTypeInfo {
        <str as Type<MySql>>::type_info()
    }

    fn compatible(kind: &MySqlTypeInfo) -> bool {
        <i64 as Type<MySql>>::compatible(kind)
    }
}

impl Encode<'_, MySql> for Moment {
    fn encode_by_ref(
        &self,
        buffer: &mut <MySql as sqlx::Database>::ArgumentBuffer,
    ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        let text = self.0.iso8601().replace('T', " ");
        <&str as Encode<MySql>>::encode(text.trim_end_matches('Z'), buffer)
    }
}

impl<'r> Decode<'r, MySql> for Moment {
    fn decode(value: MySqlValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        <i64 as Decode<MySql>>::decode(value).map(|millis| Self(UnixTime::from_millis(millis)))
    }
}
