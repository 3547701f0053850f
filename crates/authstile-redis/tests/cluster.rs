//! A cluster keeps every rule of the ports.

#![cfg(feature = "services")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is a failure")]

use authstile_redis::RedisStore;
use authstile_testkit::store_suite;
use authstile_testkit::store_suite::Stores;

mod common;

async fn stores() -> Stores {
    common::stores(RedisStore::cluster([common::from_xtask("AUTHSTILE_TEST_REDIS_CLUSTER").as_str()]).unwrap())
}

store_suite!(stores, [sessions, one_time, revocations, throttle, leases]);
