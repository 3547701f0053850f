//! One-time values: a key for each.

use authstile::clock::UnixTime;
use authstile::store::OneTimeValue;
use authstile::{BoxFuture, OneTime, StoreError};
use redis::cmd;

use crate::RedisStore;
use crate::sessions::moment;

impl RedisStore {
    /// With the length of the identifier, so that it does not run into the token.
    fn once_key(&self, identifier: &str, token: &str) -> String {
        self.key("once", &format!("{}:{identifier}:{token}", identifier.len()))
    }
}

impl OneTime for RedisStore {
    fn create<'a>(&'a self, value: &'a OneTimeValue) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut command = cmd("SET");
            command.arg(self.once_key(&value.identifier, &value.token)).arg(value.expires.millis());
            command.arg("NX").arg("PXAT").arg(moment(value.expires));
            let set: Option<()> = self.link.ask(&command).await?;
            set.ok_or_else(|| StoreError::conflict("the value is remembered already"))
        })
    }

    fn consume<'a>(
        &'a self,
        identifier: &'a str,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Option<OneTimeValue>, StoreError>> {
        Box::pin(async move {
            let expires: Option<i64> = self.link.ask(cmd("GETDEL").arg(self.once_key(identifier, token))).await?;
            Ok(expires.map(|expires| OneTimeValue {
                identifier: identifier.to_owned(),
                token: token.to_owned(),
                expires: UnixTime::from_millis(expires),
            }))
        })
    }

    /// The server does that by itself.
    fn delete_expired<'a>(&'a self, _now: UnixTime, _limit: u32) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(std::future::ready(Ok(0)))
    }
}
