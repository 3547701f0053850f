//! Values that are good once, and what is revoked, refused or seen.

use authstile::clock::UnixTime;
use authstile::store::{
    News, OneTime, OneTimeValue, Quota, Refusal, RevocationKey, Revocations, Revoked, Take, Throttle,
};
use authstile::{BoxFuture, StoreError};
use sqlx::Row as _;

use super::base::{Done, Query, Work, query};
use super::{Moment, Store};
use crate::core::retrying;
use crate::error::Error;
use crate::statements::{KEYS, Sql};

impl OneTime for Store {
    fn create<'a>(&'a self, value: &'a OneTimeValue) -> BoxFuture<'a, Result<(), StoreError>> {
        let OneTimeValue { identifier, token, expires } = value;
        let query = query(&self.core.sql.create_value).bind(identifier.as_str()).bind(token.as_str());
        let query = query.bind(Moment(*expires));
        self.run(async move { self.execute(query).await.map(|_| ()) })
    }

    fn consume<'a>(
        &'a self,
        identifier: &'a str,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Option<OneTimeValue>, StoreError>> {
        self.run(async move {
            let expires = retrying(move || self.consume_value(identifier, token)).await?;
            let value =
                |Moment(expires)| OneTimeValue { identifier: identifier.to_owned(), token: token.to_owned(), expires };
            Ok(expires.map(value))
        })
    }

    fn delete_expired<'a>(&'a self, now: UnixTime, limit: u32) -> BoxFuture<'a, Result<u64, StoreError>> {
        let delete = move || query(&self.core.sql.delete_expired_values).bind(Moment(now)).bind(i64::from(limit));
        self.run(retrying(move || self.execute(delete())))
    }
}

impl Revocations for Store {
    fn revoke<'a>(
        &'a self,
        key: &'a RevocationKey,
        at: UnixTime,
        forget: UnixTime,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.run(async move {
            let sql = self.core.own()?;
            if self.core.shape.order {
                retrying(|| self.revoke_in_order(key, at, forget)).await?;
            } else {
                let revoke = || query(&sql.revoke).bind(key.as_str()).bind(at.millis()).bind(forget.millis());
                retrying(|| self.execute(revoke())).await?;
            }
            self.sweep(&sql.sweep_revocations, at).await
        })
    }

    fn revoked_at<'a>(&'a self, keys: &'a [RevocationKey]) -> BoxFuture<'a, Result<Option<UnixTime>, StoreError>> {
        self.run(async move {
            let latest = self.written(&self.core.sql.revoked_at, keys).await?;
            Ok(latest.map(UnixTime::from_millis))
        })
    }

    fn news<'a>(&'a self, since: Option<&'a str>) -> BoxFuture<'a, Result<Option<News>, StoreError>> {
        self.run(async move {
            if !self.core.shape.order {
                return Ok(None);
            }
            // Before all numbers, those without one included.
            let since = since.and_then(|since| since.parse().ok()).unwrap_or(-1);
            match self.news_after(since).await? {
                // The database was restored, and counts anew.
                (number, _) if number < since => self.news_after(-1).await.map(|news| Some(of(news, true))),
                news => Ok(Some(of(news, since < 0))),
            }
        })
    }

    fn refuse<'a>(
        &'a self,
        key: &'a RevocationKey,
        refusal: Refusal,
        decided: UnixTime,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.run(async move {
            let (sql, refused) = (self.core.own()?, i64::from(refusal == Refusal::Refuse));
            let refuse = || query(&sql.refuse).bind(key.as_str()).bind(refused).bind(decided.millis());
            retrying(|| self.execute(refuse())).await.map(|_| ())
        })
    }

    fn is_refused<'a>(&'a self, keys: &'a [RevocationKey]) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.run(async move { Ok(self.written(&self.core.sql.refused, keys).await? == Some(1)) })
    }

    fn first_time<'a>(
        &'a self,
        key: &'a RevocationKey,
        now: UnixTime,
        forget: UnixTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.run(async move {
            let sql = self.core.own()?;
            let first = retrying(move || self.see(key.as_str(), now.millis(), forget.millis())).await?;
            self.sweep(&sql.sweep_seen, now).await?;
            Ok(first)
        })
    }

    fn forget_seen<'a>(&'a self, key: &'a RevocationKey) -> BoxFuture<'a, Result<(), StoreError>> {
        self.run(async move {
            let query = query(&self.core.own()?.forget_seen).bind(key.as_str());
            self.execute(query).await.map(|_| ())
        })
    }
}

fn of((number, revoked): (i64, Vec<Revoked>), is_whole: bool) -> News {
    News { cursor: number.to_string(), is_whole, revoked }
}

impl Throttle for Store {
    fn take<'a>(&'a self, key: &'a str, quota: Quota, now: UnixTime) -> BoxFuture<'a, Result<Take, StoreError>> {
        self.run(async move {
            let sql = self.core.own()?;
            let take = loop {
                if retrying(move || self.advance(key, quota, now.millis())).await? {
                    break Take::Allowed;
                }
                let arrival = self.optional(query(&sql.arrival).bind(key)).await?;
                let arrival = arrival.map(|row| row.try_get::<i64, _>(0)).transpose()?;
                // What was in the way may be gone by now.
                if let (wait @ Take::Wait { .. }, _) = quota.decide(arrival, now) {
                    break wait;
                }
            };
            self.sweep(&sql.sweep_throttle, now).await?;
            Ok(take)
        })
    }
}

impl Store {
    /// The greatest number that was written down about any of the keys: none where there is no table to write it in. Whether
    /// there is one is seen each time, because somebody else may have migrated the database since it was opened.
    async fn written(&self, sql: &Sql, keys: &[RevocationKey]) -> Done<Option<i64>> {
        match self.greatest(sql, keys).await {
            Err(error) if !self.core.shape.own && error.is_missing_table() => Ok(None),
            found => found,
        }
    }

    /// The greatest number that a statement finds for any of the keys, in one round trip for up to eight.
    async fn greatest(&self, sql: &Sql, keys: &[RevocationKey]) -> Done<Option<i64>> {
        let mut greatest = None;
        for keys in keys.chunks(KEYS) {
            let names = keys.iter().map(RevocationKey::as_str).chain(std::iter::repeat("")).take(KEYS);
            let row = self.optional(names.fold(query(sql), Query::bind)).await?;
            let number = row.map(|row| row.try_get::<Option<i64>, _>(0)).transpose()?;
            greatest = greatest.max(number.flatten());
        }
        Ok(greatest)
    }

    /// One after the other: who gets the next number sees the rows of all before it.
    async fn revoke_in_order(&self, key: &RevocationKey, at: UnixTime, forget: UnixTime) -> Done<()> {
        let sql = &self.core.sql;
        let mut work = Work::of(self, false).await?;
        let mut transaction = work.begin().await?;
        query(&sql.count_revocation).execute(&mut *transaction).await?;
        let revoke = query(&sql.revoke_in_order).bind(key.as_str()).bind(at.millis()).bind(forget.millis());
        if revoke.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Err(Error::Other("the counter of revocations is gone from authstile_counters"));
        }
        transaction.commit().await?;
        work.done().await;
        Ok(())
    }

    /// How far the numbers go, and what has a greater one.
    async fn news_after(&self, number: i64) -> Done<(i64, Vec<Revoked>)> {
        let rows = self.all(query(&self.core.sql.news).bind(number)).await?;
        let missing = Error::Other("the counter of revocations is gone from authstile_counters");
        let number = rows.first().ok_or(missing)?.try_get(0)?;
        let mut revoked = Vec::new();
        for row in &rows {
            let Some(key) = row.try_get::<Option<String>, _>(1)? else { continue };
            let moment = |at: usize| row.try_get(at).map(UnixTime::from_millis);
            revoked.push(Revoked { key: RevocationKey::from_store(key), at: moment(2)?, forget: moment(3)? });
        }
        Ok((number, revoked))
    }

    /// Now and then takes away what can be forgotten.
    pub(super) async fn sweep(&self, sql: &Sql, now: UnixTime) -> Done<()> {
        if self.core.is_sweep_due() {
            retrying(|| self.execute(query(sql).bind(now.millis()))).await?;
        }
        Ok(())
    }
}
