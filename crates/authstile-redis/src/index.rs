//! Which sessions a person has, and which carry a key: sorted sets, by the moment at which a session ends.
//!
//! A member names a session by its own id and its key. So a session that takes the key of another one is another member,
//! and who clears up after the old one does not touch the new one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use authstile::StoreError;
use authstile::clock::UnixTime;
use authstile::store::{RevocationKey, SessionData, StoredSession};
use futures_util::future::try_join_all;
use redis::{Script, cmd};

use crate::RedisStore;

/// Adds a member, or moves it to a later end; takes out those that have ended; lets the set end with its last member.
static ENTER: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
         local time = redis.call('TIME')
         local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
         redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
         local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
         if last[2] then redis.call('PEXPIREAT', KEYS[1], last[2]) end",
    )
});

/// How many keys or commands are sent at once.
const BATCH: usize = 500;

impl RedisStore {
    pub(crate) fn index_of_user(&self, id: &str) -> String {
        self.key("user", id)
    }

    pub(crate) fn index_of_key(&self, key: &RevocationKey) -> String {
        self.key("key", key.as_str())
    }

    pub(crate) fn session_key(&self, key: &str) -> String {
        self.key("session", key)
    }

    /// Enters a session in every set that it belongs to.
    pub(crate) async fn enter(
        &self,
        key: &str,
        user_id: &str,
        data: &SessionData,
        expires: UnixTime,
    ) -> Result<(), StoreError> {
        let member = member(key, data);
        let entries = self.indices(user_id, data).into_iter().map(|index| {
            let mut script = ENTER.key(index);
            script.arg(&member).arg(expires.millis());
            async move { self.link.run::<()>(&script).await }
        });
        try_join_all(entries).await.map(drop)
    }

    /// Takes sessions that are gone out of every set that they were in.
    pub(crate) async fn clear(&self, gone: &[StoredSession]) -> Result<(), StoreError> {
        let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for session in gone {
            let Some(data) = &session.data else { continue };
            for index in self.indices(&session.user.id, data) {
                members.entry(index).or_default().push(member(&session.key, data));
            }
        }
        let removals = members.iter().flat_map(|(index, members)| members.chunks(BATCH).map(move |some| (index, some)));
        let removals: Vec<_> = removals.collect();
        for batch in removals.chunks(BATCH) {
            let batch = batch.iter().map(|(index, members)| {
                let mut command = cmd("ZREM");
                command.arg(index).arg(members);
                async move { self.link.ask::<()>(&command).await }
            });
            try_join_all(batch).await?;
        }
        Ok(())
    }

    /// The sessions that a set names. What it names falsely is left out, and left there: it may be about to be created.
    pub(crate) async fn named_by(&self, index: &str) -> Result<Vec<StoredSession>, StoreError> {
        let members: Vec<String> = self.link.ask(cmd("ZRANGE").arg(index).arg(0).arg(-1)).await?;
        let names: Vec<_> = members.iter().filter_map(|member| member.split_once(' ')).collect();
        let mut sessions = Vec::with_capacity(names.len());
        for names in names.chunks(BATCH) {
            let keys: Vec<_> = names.iter().map(|(_, key)| self.session_key(key)).collect();
            let records: Vec<Option<String>> = self.link.ask(cmd("MGET").arg(keys)).await?;
            for ((id, key), record) in names.iter().zip(records) {
                let Some(record) = record else { continue };
                let session = crate::record::read(key, &record)?;
                if session.data.as_ref().is_some_and(|data| data.id == *id) {
                    sessions.push(session);
                }
            }
        }
        Ok(sessions)
    }

    /// Deletes sessions, clears up after them, and says how many there were.
    pub(crate) async fn delete_all(&self, sessions: &[StoredSession]) -> Result<u64, StoreError> {
        let mut deleted = 0;
        for sessions in sessions.chunks(BATCH) {
            let keys: Vec<_> = sessions.iter().map(|session| self.session_key(&session.key)).collect();
            deleted += self.link.ask::<u64>(cmd("DEL").arg(keys)).await?;
            self.clear(sessions).await?;
        }
        Ok(deleted)
    }

    fn indices(&self, user_id: &str, data: &SessionData) -> Vec<String> {
        let of_keys = data.keys.iter().map(|key| self.index_of_key(key));
        std::iter::once(self.index_of_user(user_id)).chain(of_keys).collect()
    }
}

/// The id is a UUID, and so has no blank.
fn member(key: &str, data: &SessionData) -> String {
    [data.id.as_str(), " ", key].concat()
}
