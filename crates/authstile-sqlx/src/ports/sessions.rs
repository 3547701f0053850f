//! Sessions.

use authstile::clock::UnixTime;
use authstile::store::{Except, NewSession, RevocationKey, SessionData, Sessions, StoredSession};
use authstile::{BoxFuture, StoreError};
use sqlx::Row as _;

use super::base::{Done, Work, any, query, session};
use super::{Moment, Store, lock};
use crate::core::{limited, retrying};
use crate::error::Error;
use crate::gather::{Batch, Find};
use crate::statements::{KEYS, TOKENS};

impl Sessions for Store {
    fn needs_accounts(&self) -> bool {
        true
    }

    fn create<'a>(&'a self, session: NewSession<'a>) -> BoxFuture<'a, Result<(), StoreError>> {
        self.run(async move {
            let id = self.id(&session.user.id).ok_or(Error::NO_SUCH_PERSON)?;
            let session = &session;
            retrying(move || self.create_once(id, session)).await
        })
    }

    fn find<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredSession>, StoreError>> {
        Box::pin(self.core.finds.ask(key, self))
    }

    fn extend<'a>(
        &'a self,
        key: &'a str,
        expires: UnixTime,
        seen: UnixTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut query = query(&self.core.sql.extend_session).bind(Moment(expires));
        if self.core.shape.data {
            query = query.bind(seen.millis());
        }
        self.run(async move { Ok(self.execute(query.bind(key)).await? > 0) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.run(async move { Ok(self.execute(query(&self.core.sql.delete_session).bind(key)).await? > 0) })
    }

    fn of_user<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<Vec<StoredSession>, StoreError>> {
        self.run(async move {
            let Some(id) = self.id(user_id) else { return Ok(Vec::new()) };
            let rows = self.all(query(&self.core.sql.sessions_of).bind(id)).await?;
            let read = |row| session(row, row.try_get::<String, _>(9)?);
            let mut sessions = rows.iter().map(read).collect::<Done<Vec<_>>>()?;
            // When one began stands in its data.
            sessions.sort_by_key(|session| std::cmp::Reverse(session.data.as_ref().map(|data| data.at)));
            Ok(sessions)
        })
    }

    fn delete_of_user<'a>(&'a self, user_id: &'a str, except: Except<'a>) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.run(async move {
            let Some(id) = self.id(user_id) else { return Ok(0) };
            let sql = &self.core.sql;
            self.execute(match except {
                Except::Nothing => query(&sql.delete_sessions_of).bind(id),
                Except::Key(key) => query(&sql.delete_sessions_of_except).bind(id).bind(key),
            })
            .await
        })
    }

    fn delete_by_key<'a>(
        &'a self,
        key: &'a RevocationKey,
        begun_until: UnixTime,
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.run(async move {
            let sql = self.core.own()?;
            let delete = || query(&sql.delete_sessions_by_key).bind(key.as_str()).bind(begun_until.millis());
            retrying(move || self.execute(delete())).await
        })
    }

    fn delete_expired<'a>(&'a self, now: UnixTime, limit: u32) -> BoxFuture<'a, Result<u64, StoreError>> {
        let delete = move || query(&self.core.sql.delete_expired_sessions).bind(Moment(now)).bind(i64::from(limit));
        self.run(retrying(move || self.execute(delete())))
    }
}

impl Find for Store {
    type Found = Option<StoredSession>;

    async fn find(&self, keys: Vec<String>) -> Batch<Self::Found> {
        // Large, and whoever only waits needs none of it.
        Box::pin(limited(self.look_up(keys))).await
    }
}

impl Store {
    /// The sessions with these keys, in their order; a row that cannot be read is an error to whoever asked for it.
    async fn look_up(&self, keys: Vec<String>) -> Done<Vec<Result<Option<StoredSession>, StoreError>>> {
        let named = self.core.sql.find_sessions.iter().zip(TOKENS).find(|(_, count)| *count >= keys.len());
        let Some((sql, count)) = named else { return Err(Error::Other("too many keys at once")) };
        let again = keys.iter().cycle().take(count);
        let rows = self.all(again.fold(query(sql), |query, key| query.bind(key.clone()))).await?;
        // Compared here too, byte for byte: some collations take different texts for one.
        let tokens = rows.iter().map(|row| row.try_get::<&str, _>(9)).collect::<Result<Vec<_>, _>>()?;
        let find = |key: String| {
            let row = rows.iter().zip(&tokens).find(|(_, token)| **token == key);
            row.map(|(row, _)| session(row, key)).transpose().map_err(StoreError::from)
        };
        Ok(keys.into_iter().map(find).collect())
    }

    async fn create_once(&self, id: &str, session: &NewSession<'_>) -> Done<()> {
        let (sql, shape) = (&self.core.sql, self.core.shape);
        let NewSession { key, expires, data, .. } = session;
        let mut work = Work::of(self, !shape.unique_session).await?;
        let mut transaction = work.begin().await?;
        if !shape.unique_session {
            lock(&mut transaction, "session", key).await?;
            if any(&mut transaction, query(&sql.session_taken).bind(*key)).await? {
                return Err(Error::KEY_TAKEN);
            }
        }
        let mut insert = query(&sql.create_session).bind(*key).bind(Moment(*expires));
        if shape.data {
            insert = insert.bind(serde_json::to_string(data)?);
        }
        if insert.bind(id).execute(&mut *transaction).await?.rows_affected() == 0 {
            return Err(Error::NO_SUCH_PERSON);
        }
        if shape.own {
            // Where the foreign key could not be made, those of an earlier session are left.
            query(&sql.delete_keys_of).bind(*key).execute(&mut *transaction).await?;
            for keys in keys(data).chunks(KEYS) {
                let Some(sql) = sql.add_keys.get(keys.len() - 1) else { continue };
                let insert =
                    keys.iter().fold(query(sql), |query, name| query.bind(name.as_str()).bind(*key).bind(data.at));
                insert.execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        work.done().await;
        Ok(())
    }
}

/// What a session can be ended by, each once.
fn keys(data: &SessionData) -> Vec<&RevocationKey> {
    let mut keys: Vec<_> = data.keys.iter().collect();
    keys.sort_by_key(|key| key.as_str());
    keys.dedup();
    keys
}
