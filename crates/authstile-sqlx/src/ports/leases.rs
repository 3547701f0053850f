//! Who does what only one process may do, and what came of it. All by the clock of the callers.

use std::time::Duration;

use authstile::clock::UnixTime;
use authstile::store::{Fence, Lease, Leases};
use authstile::{BoxFuture, StoreError};
use sqlx::Row as _;

use super::Store;
use super::base::query;
use crate::core::retrying;

impl Leases for Store {
    fn acquire<'a>(
        &'a self,
        key: &'a str,
        now: UnixTime,
        length: Duration,
    ) -> BoxFuture<'a, Result<Lease, StoreError>> {
        let (now, end) = (now.millis(), after(now, length));
        self.run(async move {
            let sql = self.core.leases()?;
            // Most who ask only wait: they do not write.
            if let Some(row) = self.optional(query(&sql.find_lease).bind(key)).await? {
                let (held, forget) = (row.try_get::<i64, _>(1)?, row.try_get::<i64, _>(2)?);
                match row.try_get::<Option<String>, _>(0)? {
                    Some(outcome) if forget > now => return Ok(Lease::Done(outcome)),
                    None if held > now => return Ok(Lease::Held),
                    _ => {}
                }
            }
            let taken = retrying(move || self.take_lease(key, now, end)).await?;
            self.sweep(&sql.sweep_leases, UnixTime::from_millis(now)).await?;
            // Who comes too late for it asks again.
            Ok(taken.map_or(Lease::Held, |fence| Lease::Yours(Fence(fence))))
        })
    }

    fn renew<'a>(
        &'a self,
        key: &'a str,
        Fence(fence): Fence,
        now: UnixTime,
        length: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let end = after(now, length);
        self.run(async move {
            let sql = self.core.leases()?;
            let renew = || query(&sql.renew_lease).bind(end).bind(end).bind(key).bind(fence);
            Ok(retrying(|| self.execute(renew())).await? > 0)
        })
    }

    fn publish<'a>(
        &'a self,
        key: &'a str,
        Fence(fence): Fence,
        outcome: &'a str,
        now: UnixTime,
        keep: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let forget = after(now, keep);
        self.run(async move {
            let sql = self.core.leases()?;
            let publish = || query(&sql.publish_lease).bind(outcome.to_owned()).bind(forget).bind(key).bind(fence);
            Ok(retrying(|| self.execute(publish())).await? > 0)
        })
    }

    fn release<'a>(&'a self, key: &'a str, Fence(fence): Fence) -> BoxFuture<'a, Result<(), StoreError>> {
        self.run(async move {
            let sql = self.core.leases()?;
            retrying(|| self.execute(query(&sql.release_lease).bind(key).bind(fence))).await.map(drop)
        })
    }

    fn wait<'a>(&'a self, _key: &'a str, most: Duration) -> BoxFuture<'a, ()> {
        Box::pin(tokio::time::sleep(most))
    }
}

fn after(now: UnixTime, length: Duration) -> i64 {
    now.millis().saturating_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX))
}
