//! Sessions, one-time values, revocations, limits and leases on Redis or Valkey, one server or a cluster.
//!
//! ```no_run
//! # async fn example() -> Result<(), authstile::StoreError> {
//! use authstile_redis::RedisStore;
//!
//! let store = RedisStore::single("rediss://user:password@redis.example:6379")?.with_prefix("shop:");
//! store.ping().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Redis 6.2 and later, and every Valkey. Clones share their connection, which is multiplexed, and made again by itself
//! after it broke: while the server is away each call fails within the limit, and nobody is signed in.
//!
//! # What is kept
//!
//! | key | holds | until |
//! |---|---|---|
//! | `{prefix}session:{key}` | a session with a copy of its person | it ends |
//! | `{prefix}user:{user id}` | the sessions of a person, a sorted set | the last of them ends |
//! | `{prefix}key:{revocation key}` | the sessions that carry a key, a sorted set | the last of them ends |
//! | `{prefix}once:{length}:{identifier}:{token}` | a one-time value | it expires |
//! | `{prefix}revoked:{revocation key}` | the moment of a revocation | no older session can live |
//! | `{prefix}news:revoked` | revocations in their order, a stream | the last of them may be forgotten |
//! | `{prefix}refused:{revocation key}` | the newest decision | for good |
//! | `{prefix}seen:{revocation key}` | that something was seen | it may be forgotten |
//! | `{prefix}throttle:{key}` | one number | the burst is free again |
//! | `{prefix}lease:{key}` | who has a lease, then what came of it, sealed | it may be forgotten |
//!
//! The server forgets what has ended, by its own clock: keep the clocks of all machines in step. It must not forget anything
//! else, or who was refused is let in again: `maxmemory-policy noeviction`.
//!
//! A session is found in one round trip. Whatever has to be atomic concerns one key, so nothing depends on which server
//! of a cluster has what. The sets are written before the session that they name, and cleared after it is gone: a crash
//! in between leaves a name too many, which is seen through when it is read, and swept when its session would have ended.
//!
//! # Not Auth.js's layout
//!
//! `@auth/upstash-redis-adapter` keeps people, accounts and sessions in Redis, but nothing of it ever expires, its one-time
//! values can be used twice (they are read, then deleted), and its lists know only the last session and the last account of
//! a person. None of this can be mended by one of two who share the keys, so they are not shared: sessions begin anew.

mod index;
mod leases;
mod link;
mod news;
mod one_time;
mod record;
mod revocations;
mod sessions;
mod throttle;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use authstile::StoreError;

use link::{Link, Servers};

/// How long a round trip may take, unless you say otherwise.
pub const TIMEOUT: Duration = Duration::from_millis(1500);

/// A Redis server or cluster, as a store of everything but people. Cheap to clone.
#[derive(Clone)]
pub struct RedisStore {
    link: Arc<Link>,
    prefix: Arc<str>,
}

impl RedisStore {
    /// One server, by its address: `redis://…`, `rediss://…` for TLS, or `unix://…`. It is connected to when it is needed
    /// first; use [`ping`](Self::ping) to know now.
    ///
    /// # Errors
    /// When the address cannot be understood.
    pub fn single(url: &str) -> Result<Self, StoreError> {
        Ok(Self::on(Servers::single(url)?))
    }

    /// A cluster, by the addresses of some of its servers; the others are asked for.
    ///
    /// # Errors
    /// When an address cannot be understood, or there is none.
    pub fn cluster<'a>(urls: impl IntoIterator<Item = &'a str>) -> Result<Self, StoreError> {
        Ok(Self::on(Servers::cluster(urls)?))
    }

    fn on(servers: Servers) -> Self {
        Self { link: Arc::new(Link::new(servers, TIMEOUT)), prefix: Arc::from("authstile:") }
    }

    /// Puts something else than `authstile:` in front of every key.
    #[must_use]
    pub fn with_prefix(self, prefix: &str) -> Self {
        Self { prefix: Arc::from(prefix), ..self }
    }

    /// Lets a round trip take so long, and not [`TIMEOUT`]. It has a connection of its own from then on.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { link: Arc::new(self.link.with_timeout(timeout)), ..self }
    }

    /// Asks the server whether it is there.
    ///
    /// # Errors
    /// When it is not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.link.ask::<redis::Value>(&redis::cmd("PING")).await.map(drop)
    }

    fn key(&self, kind: &str, name: &str) -> String {
        [&*self.prefix, kind, ":", name].concat()
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the address, which may have a password.
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
