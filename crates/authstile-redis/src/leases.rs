//! Leases: a hash for each, which the server takes away. All by the server's clock.

use std::sync::LazyLock;
use std::time::Duration;

use authstile::clock::UnixTime;
use authstile::store::{Fence, Lease};
use authstile::{BoxFuture, Leases, StoreError};
use redis::{Script, Value};

use crate::RedisStore;

/// Milliseconds that a lease is remembered after its end: until then its holder may be late and nobody else come.
const LATE: u64 = 60_000;

/// The outcome, 0 where somebody has the lease, or the fence of the new holder.
static ACQUIRE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
         local now = time[1] * 1000 + math.floor(time[2] / 1000)
         local known = redis.call('HMGET', KEYS[1], 'fence', 'held', 'outcome')
         if known[3] then return known[3] end
         if known[2] and tonumber(known[2]) > now then return 0 end
         local fence = math.max(now, known[1] and known[1] + 1 or 0)
         redis.call('HSET', KEYS[1], 'fence', string.format('%.0f', fence), 'held', string.format('%.0f', now + ARGV[1]))
         redis.call('PEXPIRE', KEYS[1], ARGV[1] + ARGV[2])
         return fence",
    )
});

static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local known = redis.call('HMGET', KEYS[1], 'fence', 'outcome')
         if known[1] ~= ARGV[1] or known[2] then return 0 end
         local time = redis.call('TIME')
         local now = time[1] * 1000 + math.floor(time[2] / 1000)
         redis.call('HSET', KEYS[1], 'held', string.format('%.0f', now + ARGV[2]))
         redis.call('PEXPIRE', KEYS[1], ARGV[2] + ARGV[3])
         return 1",
    )
});

static PUBLISH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local known = redis.call('HMGET', KEYS[1], 'fence', 'outcome')
         if known[1] ~= ARGV[1] or known[2] then return 0 end
         redis.call('HSET', KEYS[1], 'outcome', ARGV[2])
         redis.call('PEXPIRE', KEYS[1], ARGV[3])
         return 1",
    )
});

static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local known = redis.call('HMGET', KEYS[1], 'fence', 'outcome')
         if known[1] == ARGV[1] and not known[2] then redis.call('HSET', KEYS[1], 'held', '0') end",
    )
});

impl Leases for RedisStore {
    fn acquire<'a>(
        &'a self,
        key: &'a str,
        _now: UnixTime,
        length: Duration,
    ) -> BoxFuture<'a, Result<Lease, StoreError>> {
        Box::pin(async move {
            let mut script = ACQUIRE.key(self.key("lease", key));
            match self.link.run(script.arg(millis(length)).arg(LATE)).await? {
                Value::Int(0) => Ok(Lease::Held),
                Value::Int(fence) => Ok(Lease::Yours(Fence(fence))),
                outcome => Ok(Lease::Done(redis::from_redis_value(outcome).map_err(StoreError::other)?)),
            }
        })
    }

    fn renew<'a>(
        &'a self,
        key: &'a str,
        Fence(fence): Fence,
        _now: UnixTime,
        length: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut script = RENEW.key(self.key("lease", key));
            self.link.run(script.arg(fence).arg(millis(length)).arg(LATE)).await
        })
    }

    fn publish<'a>(
        &'a self,
        key: &'a str,
        Fence(fence): Fence,
        outcome: &'a str,
        _now: UnixTime,
        keep: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut script = PUBLISH.key(self.key("lease", key));
            self.link.run(script.arg(fence).arg(outcome).arg(millis(keep))).await
        })
    }

    fn release<'a>(&'a self, key: &'a str, Fence(fence): Fence) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.link.run(RELEASE.key(self.key("lease", key)).arg(fence)).await })
    }

    fn wait<'a>(&'a self, _key: &'a str, most: Duration) -> BoxFuture<'a, ()> {
        Box::pin(tokio::time::sleep(most))
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
