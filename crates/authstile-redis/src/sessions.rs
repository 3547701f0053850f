//! Sessions, each with a copy of its person.

use std::cmp::Reverse;
use std::sync::LazyLock;

use authstile::clock::UnixTime;
use authstile::store::{Except, NewSession, RevocationKey, StoredSession};
use authstile::{BoxFuture, Sessions, StoreError};
use redis::{Script, cmd};

use crate::{RedisStore, record};

/// Replaces the first line of a session that is there, and its end.
static EXTEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local record = redis.call('GET', KEYS[1])
         if not record then return 0 end
         local body = string.sub(record, string.find(record, '\\n', 1, true), -1)
         redis.call('SET', KEYS[1], ARGV[1] .. body, 'PXAT', ARGV[2])
         return 1",
    )
});

impl RedisStore {
    async fn load(&self, key: &str) -> Result<Option<StoredSession>, StoreError> {
        let record: Option<String> = self.link.ask(cmd("GET").arg(self.session_key(key))).await?;
        record.map(|record| record::read(key, &record)).transpose()
    }
}

impl Sessions for RedisStore {
    fn create<'a>(&'a self, session: NewSession<'a>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let record = record::write(&session)?;
            self.enter(session.key, &session.user.id, session.data, session.expires).await?;
            let mut command = cmd("SET");
            command.arg(self.session_key(session.key)).arg(record).arg("NX").arg("PXAT").arg(moment(session.expires));
            match self.link.ask::<Option<()>>(&command).await? {
                Some(()) => Ok(()),
                // The entries stay: if it is the same session once more, they are needed.
                None => Err(StoreError::conflict("the key of the session is taken")),
            }
        })
    }

    fn find<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredSession>, StoreError>> {
        Box::pin(self.load(key))
    }

    fn extend<'a>(
        &'a self,
        key: &'a str,
        expires: UnixTime,
        seen: UnixTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(StoredSession { user, data: Some(data), .. }) = self.load(key).await? else { return Ok(false) };
            self.enter(key, &user.id, &data, expires).await?;
            let mut script = EXTEND.key(self.session_key(key));
            script.arg(record::head(expires, seen.millis())).arg(moment(expires));
            self.link.run(&script).await
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let record: Option<String> = self.link.ask(cmd("GETDEL").arg(self.session_key(key))).await?;
            let Some(record) = record else { return Ok(false) };
            self.clear(&[record::read(key, &record)?]).await?;
            Ok(true)
        })
    }

    fn of_user<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<Vec<StoredSession>, StoreError>> {
        Box::pin(async move {
            let mut sessions = self.named_by(&self.index_of_user(user_id)).await?;
            sessions.sort_by_key(|session| Reverse(session.data.as_ref().map(|data| data.at)));
            Ok(sessions)
        })
    }

    fn delete_of_user<'a>(&'a self, user_id: &'a str, except: Except<'a>) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let mut sessions = self.named_by(&self.index_of_user(user_id)).await?;
            sessions.retain(|session| except != Except::Key(&session.key));
            self.delete_all(&sessions).await
        })
    }

    fn delete_by_key<'a>(
        &'a self,
        key: &'a RevocationKey,
        begun_until: UnixTime,
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let mut sessions = self.named_by(&self.index_of_key(key)).await?;
            sessions.retain(|session| session.data.as_ref().is_some_and(|data| data.at <= begun_until.millis()));
            self.delete_all(&sessions).await
        })
    }

    /// The server does that by itself.
    fn delete_expired<'a>(&'a self, _now: UnixTime, _limit: u32) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(std::future::ready(Ok(0)))
    }
}

/// A moment as Redis takes it, which refuses those before 1970.
pub(crate) fn moment(moment: UnixTime) -> i64 {
    moment.millis().max(1)
}
