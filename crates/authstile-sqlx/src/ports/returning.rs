//! What databases do in one statement that have `RETURNING` and `ON CONFLICT`.

use authstile::store::{NewUser, Quota};
use sqlx::{Row as _, Transaction};

use super::base::{Done, query};
use super::{Db, Moment, Store};
use crate::core::Core;
use crate::shape::Ids;

/// Inserts a person and says which id they got.
pub(super) async fn insert_user(
    transaction: &mut Transaction<'_, Db>,
    core: &Core<Db>,
    user: &NewUser,
) -> Done<String> {
    let mut insert = query(&core.sql.insert_user).bind(user.name.as_deref()).bind(user.email.as_deref());
    insert = insert.bind(user.email_verified.map(Moment)).bind(user.image.as_deref());
    if core.shape.attributes {
        let attributes = (!user.attributes.is_empty()).then(|| serde_json::to_string(&user.attributes)).transpose()?;
        insert = insert.bind(attributes);
    }
    if core.shape.users != Ids::Integer {
        insert = insert.bind(user.id.as_str());
    }
    Ok(insert.fetch_one(&mut **transaction).await?.try_get(0)?)
}

impl Store {
    /// Takes a value away, and says until when it was good.
    pub(super) async fn consume_value(&self, identifier: &str, token: &str) -> Done<Option<Moment>> {
        let query = query(&self.core.sql.consume_value).bind(identifier).bind(token);
        Ok(self.optional(query).await?.map(|row| row.try_get(0)).transpose()?)
    }

    /// Whether a key is seen for the first time.
    pub(super) async fn see(&self, key: &str, now: i64, forget: i64) -> Done<bool> {
        Ok(self.execute(query(&self.core.sql.first_time).bind(key).bind(forget).bind(now)).await? > 0)
    }

    /// Moves the arrival time of a key on, if the quota allows it: [`Quota::decide`], in one statement.
    pub(super) async fn advance(&self, key: &str, quota: Quota, now: i64) -> Done<bool> {
        let (interval, latest) = (quota.interval(), now + i64::from(quota.seconds) * 1000);
        let take = query(&self.core.sql.take).bind(key).bind(now + interval);
        let take = take.bind(now).bind(interval).bind(now).bind(interval).bind(latest);
        Ok(self.execute(take).await? > 0)
    }

    /// Takes a lease that nobody has, and says under which fence.
    pub(super) async fn take_lease(&self, key: &str, now: i64, end: i64) -> Done<Option<i64>> {
        let take = query(&self.core.sql.take_lease).bind(key).bind(now).bind(end).bind(end).bind(now).bind(now);
        Ok(self.optional(take).await?.map(|row| row.try_get(0)).transpose()?)
    }
}
