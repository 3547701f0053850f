//! The store in memory keeps every rule of the ports.

use std::sync::Arc;

use authstile::MemoryStore;
use authstile_testkit::store_suite;
use authstile_testkit::store_suite::Stores;

async fn stores() -> Stores {
    let store = Arc::new(MemoryStore::new());
    Stores::new()
        .with_accounts(store.clone())
        .with_passwords(store.clone())
        .with_sessions(store.clone())
        .with_one_time(store.clone())
        .with_revocations(store.clone())
        .with_throttle(store.clone())
        .with_leases(store)
}

store_suite!(stores, [accounts, passwords, sessions, one_time, revocations, throttle, leases]);
