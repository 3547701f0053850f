//! Counting attempts, where all machines do.

use std::sync::LazyLock;

use authstile::clock::UnixTime;
use authstile::store::{Quota, Take};
use authstile::{BoxFuture, StoreError, Throttle};
use redis::Script;

use crate::RedisStore;

/// The arithmetic of [`Quota::decide`]: 0, or the seconds to wait. The number is of no use once its moment has come.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local now, interval, whole = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
         local known = tonumber(redis.call('GET', KEYS[1]) or now)
         local next = math.max(known, now) + interval
         local ahead = next - now - whole
         if ahead > 0 then return math.floor((ahead + 999) / 1000) end
         if next > now then
           redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', string.format('%.0f', next - now))
         end
         return 0",
    )
});

impl Throttle for RedisStore {
    fn take<'a>(&'a self, key: &'a str, quota: Quota, now: UnixTime) -> BoxFuture<'a, Result<Take, StoreError>> {
        Box::pin(async move {
            let mut script = TAKE.key(self.key("throttle", key));
            script.arg(now.millis()).arg(quota.interval()).arg(i64::from(quota.seconds) * 1000);
            Ok(match self.link.run::<i64>(&script).await? {
                ..=0 => Take::Allowed,
                seconds => Take::Wait { seconds: u32::try_from(seconds).unwrap_or(u32::MAX) },
            })
        })
    }
}
