//! In which order sessions were revoked: a stream, so that a process learns what is new in one round trip.

use std::collections::HashMap;
use std::sync::LazyLock;

use authstile::StoreError;
use authstile::clock::UnixTime;
use authstile::store::{News, RevocationKey, Revoked};
use redis::{Script, cmd};

use crate::RedisStore;

/// Adds an entry, takes away those whose time is over, and keeps the stream for as long as any entry counts.
static ADD: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('XADD', KEYS[1], 'MINID', '~', ARGV[4], '*', 'key', ARGV[1], 'at', ARGV[2], 'forget', ARGV[3])
         local time = redis.call('TIME')
         local left = math.max(ARGV[3] - time[1] * 1000, 1000)
         if redis.call('PTTL', KEYS[1]) < left then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left)) end",
    )
});

/// A day, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

type Entry = (String, HashMap<String, String>);

impl RedisStore {
    /// After the revocation itself, and before anybody is told that it is done.
    pub(crate) async fn announce(&self, key: &RevocationKey, at: UnixTime, forget: UnixTime) -> Result<(), StoreError> {
        // Twice as long as this one counts: others may count longer.
        let oldest = at.millis().saturating_sub(forget.millis().saturating_sub(at.millis()).saturating_mul(2).max(DAY));
        let mut script = ADD.key(self.key("news", "revoked"));
        script.arg(key.as_str()).arg(at.millis()).arg(forget.millis()).arg(oldest.max(0));
        self.link.run(&script).await
    }

    pub(crate) async fn news_since(&self, since: Option<&str>) -> Result<News, StoreError> {
        let from = since.map_or_else(|| "-".to_owned(), |since| format!("({since}"));
        let entries: Vec<Entry> =
            self.link.ask(cmd("XRANGE").arg(self.key("news", "revoked")).arg(from).arg("+")).await?;
        let last = entries.last().map(|(id, _)| id.as_str()).or(since).unwrap_or("0-0");
        Ok(News {
            cursor: last.to_owned(),
            is_whole: since.is_none(),
            revoked: entries.iter().map(|(_, members)| revoked(members)).collect::<Result<_, _>>()?,
        })
    }
}

/// Nobody else writes there. If somebody did, nothing can be said.
fn revoked(members: &HashMap<String, String>) -> Result<Revoked, StoreError> {
    let moment = |name: &str| members.get(name)?.parse().ok().map(UnixTime::from_millis);
    let read = || {
        let key = RevocationKey::from_store(members.get("key")?.clone());
        Some(Revoked { key, at: moment("at")?, forget: moment("forget")? })
    };
    read().ok_or_else(|| StoreError::other("news of a revocation are not ours"))
}
