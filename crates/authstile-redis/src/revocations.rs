//! Revocations, refusals, and what was seen before.

use std::sync::LazyLock;

use authstile::clock::UnixTime;
use authstile::store::{News, Refusal, RevocationKey};
use authstile::{BoxFuture, Revocations, StoreError};
use redis::{FromRedisValue, Script, cmd};

use crate::RedisStore;

/// Keeps the later moment of revocation, and the later one of being forgotten: `at forget`.
static REVOKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local at, forget = tonumber(ARGV[1]), tonumber(ARGV[2])
         local known = redis.call('GET', KEYS[1])
         if known then
           local known_at, known_forget = string.match(known, '^(-?%d+) (-?%d+)$')
           at, forget = math.max(at, known_at), math.max(forget, known_forget)
         end
         local value = string.format('%.0f %.0f', at, forget)
         redis.call('SET', KEYS[1], value, 'PXAT', string.format('%.0f', math.max(forget, 1)))",
    )
});

/// Keeps the newer decision; of two of one moment the one that came last: `refused decided`.
static DECIDE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local known = redis.call('GET', KEYS[1])
         local decided = known and tonumber(string.match(known, '^[01] (-?%d+)$'))
         if not decided or decided <= tonumber(ARGV[2]) then
           redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2])
         end",
    )
});

impl RedisStore {
    /// What is known of some keys, in one round trip.
    async fn known<T: FromRedisValue>(&self, kind: &str, keys: &[RevocationKey]) -> Result<Vec<Option<T>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = keys.iter().map(|key| self.key(kind, key.as_str())).collect();
        self.link.ask(cmd("MGET").arg(keys)).await
    }
}

impl Revocations for RedisStore {
    fn revoke<'a>(
        &'a self,
        key: &'a RevocationKey,
        at: UnixTime,
        forget: UnixTime,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut script = REVOKE.key(self.key("revoked", key.as_str()));
            self.link.run::<()>(script.arg(at.millis()).arg(forget.millis())).await?;
            self.announce(key, at, forget).await
        })
    }

    fn revoked_at<'a>(&'a self, keys: &'a [RevocationKey]) -> BoxFuture<'a, Result<Option<UnixTime>, StoreError>> {
        Box::pin(async move {
            let mut latest = None;
            for value in self.known::<String>("revoked", keys).await?.into_iter().flatten() {
                let at = value.split_once(' ').and_then(|(at, _)| at.parse().ok());
                // Nobody else writes there. If somebody did, nothing can be said.
                let at = at.ok_or_else(|| StoreError::other("a revocation is not one of ours"))?;
                latest = latest.max(Some(UnixTime::from_millis(at)));
            }
            Ok(latest)
        })
    }

    fn news<'a>(&'a self, since: Option<&'a str>) -> BoxFuture<'a, Result<Option<News>, StoreError>> {
        Box::pin(async move { self.news_since(since).await.map(Some) })
    }

    fn refuse<'a>(
        &'a self,
        key: &'a RevocationKey,
        refusal: Refusal,
        decided: UnixTime,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut script = DECIDE.key(self.key("refused", key.as_str()));
            let refused = match refusal {
                Refusal::Refuse => "1",
                Refusal::Allow => "0",
            };
            self.link.run(script.arg(refused).arg(decided.millis())).await
        })
    }

    fn is_refused<'a>(&'a self, keys: &'a [RevocationKey]) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let decisions = self.known::<String>("refused", keys).await?;
            Ok(decisions.into_iter().flatten().any(|decision| !decision.starts_with("0 ")))
        })
    }

    fn first_time<'a>(
        &'a self,
        key: &'a RevocationKey,
        now: UnixTime,
        forget: UnixTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let millis = forget.millis().saturating_sub(now.millis()).max(1);
            let mut command = cmd("SET");
            command.arg(self.key("seen", key.as_str())).arg(1).arg("NX").arg("PX").arg(millis);
            Ok(self.link.ask::<Option<()>>(&command).await?.is_some())
        })
    }

    fn forget_seen<'a>(&'a self, key: &'a RevocationKey) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.link.ask(cmd("DEL").arg(self.key("seen", key.as_str()))).await })
    }
}
