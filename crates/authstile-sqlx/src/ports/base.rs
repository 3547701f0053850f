//! One statement at a time, transactions, and rows read.

use authstile::store::{SessionData, StoredSession, StoredUser};
use authstile::{BoxFuture, StoreError};
use sqlx::{Database, Row as _, Transaction};

use super::{Db, Moment, Store, begin, give_up, release};
use crate::core::limited;
use crate::error::Error;
use crate::lanes::Taken;
use crate::statements::Sql;

pub(super) type Query = sqlx::query::Query<'static, Db, <Db as Database>::Arguments>;
pub(super) type Row = <Db as Database>::Row;
/// What an operation comes to, before the engine hears of it.
pub(super) type Done<T> = Result<T, Error>;

pub(super) fn query(sql: &Sql) -> Query {
    sqlx::query(sql.get())
}

impl Store {
    pub(super) fn run<'a, T>(
        &'a self,
        work: impl Future<Output = Done<T>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>>
    where
        T: Send + 'a,
    {
        Box::pin(limited(work))
    }

    /// The id as it can be asked for; `None` when it names nobody.
    pub(super) fn id<'a>(&self, id: &'a str) -> Option<&'a str> {
        self.core.shape.users.accepts(id).then_some(id)
    }

    pub(super) async fn optional(&self, query: Query) -> Done<Option<Row>> {
        let mut lane = self.core.lanes.take().await?;
        let row = query.fetch_optional(&mut *lane).await?;
        lane.keep();
        Ok(row)
    }

    pub(super) async fn all(&self, query: Query) -> Done<Vec<Row>> {
        let mut lane = self.core.lanes.take().await?;
        let rows = query.fetch_all(&mut *lane).await?;
        lane.keep();
        Ok(rows)
    }

    /// How many rows there were.
    pub(super) async fn execute(&self, query: Query) -> Done<u64> {
        let mut lane = self.core.lanes.take().await?;
        let done = query.execute(&mut *lane).await?;
        lane.keep();
        Ok(done.rows_affected())
    }

    pub(super) async fn optional_user(&self, query: Query) -> Done<Option<StoredUser>> {
        self.optional(query).await?.map(|row| user(&row, 0)).transpose()
    }
}

/// A transaction on a connection that is kept when all went well.
pub(super) struct Work<'a> {
    lane: Option<Taken<'a, Db>>,
    alone: bool,
}

impl<'a> Work<'a> {
    /// `alone`: there will be [locks](super::lock), because no unique index holds off what is looked for and not found.
    pub(super) async fn of(store: &'a Store, alone: bool) -> Done<Self> {
        Ok(Self { lane: Some(store.core.lanes.take().await?), alone })
    }

    pub(super) async fn begin(&mut self) -> Done<Transaction<'_, Db>> {
        let lane = self.lane.as_mut().ok_or(sqlx::Error::WorkerCrashed)?;
        Ok(begin(lane, self.alone).await?)
    }

    pub(super) async fn done(mut self) {
        if let Some(lane) = self.lane.take() {
            release(lane, self.alone).await;
        }
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.take() {
            give_up(lane, self.alone);
        }
    }
}

/// Whether a statement that counts finds any.
pub(super) async fn any(transaction: &mut Transaction<'_, Db>, query: Query) -> Done<bool> {
    Ok(query.fetch_one(&mut **transaction).await?.try_get::<i64, _>(0)? > 0)
}

/// A person, in the six columns from this one on.
pub(super) fn user(row: &Row, from: usize) -> Done<StoredUser> {
    let text = |at: usize| row.try_get::<Option<String>, _>(from + at);
    let attributes = row.try_get::<Option<&str>, _>(from + 5)?;
    Ok(StoredUser {
        id: row.try_get(from)?,
        name: text(1)?,
        email: text(2)?,
        email_verified: row.try_get::<Option<Moment>, _>(from + 3)?.map(|Moment(moment)| moment),
        image: text(4)?,
        attributes: attributes.map(serde_json::from_str).transpose()?.unwrap_or_default(),
    })
}

/// A session with its person: expiry, data, last use, and the person.
pub(super) fn session(row: &Row, key: String) -> Done<StoredSession> {
    let Moment(expires) = row.try_get(0)?;
    let data = row.try_get::<Option<&str>, _>(1)?.map(serde_json::from_str::<SessionData>).transpose()?;
    let seen = row.try_get::<Option<i64>, _>(2)?;
    let data = data.map(|data| SessionData { seen: seen.unwrap_or(data.seen), ..data });
    Ok(StoredSession { key, user: user(row, 3)?, expires, data })
}
