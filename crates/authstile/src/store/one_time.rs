//! Values that are good once: Auth.js's verification tokens.

use std::fmt;

use crate::BoxFuture;
use crate::clock::UnixTime;
use crate::store::StoreError;

/// A value that is good once, as Auth.js's `verification_token` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeValue {
    /// For whom or what: an e-mail address.
    pub identifier: String,
    /// A hash of the value, in hexadecimal.
    pub token: String,
    /// Until when.
    pub expires: UnixTime,
}

/// One-time values.
pub trait OneTime: Send + Sync + fmt::Debug {
    /// Remembers a value.
    ///
    /// # Errors
    /// A [conflict](StoreError::is_conflict) when this value of this identifier is remembered already.
    fn create<'a>(&'a self, value: &'a OneTimeValue) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Uses a value up: of any number of callers at once **exactly one** gets it. Both identifier and token have to be
    /// right; a wrong one uses nothing up. What has expired is used up and returned too: the caller looks at `expires`.
    fn consume<'a>(
        &'a self,
        identifier: &'a str,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Option<OneTimeValue>, StoreError>>;

    /// Takes away at most `limit` values that expired before this moment, and says how many.
    fn delete_expired<'a>(&'a self, now: UnixTime, limit: u32) -> BoxFuture<'a, Result<u64, StoreError>>;
}
