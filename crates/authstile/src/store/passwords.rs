//! Passwords of people, as strings that verify them.

use std::fmt;

use crate::BoxFuture;
use crate::store::StoreError;

/// What verifies people's passwords. A store of accounts that also keeps these deletes them with their person.
pub trait Passwords: Send + Sync + fmt::Debug {
    /// What verifies the password of a person, in PHC string format; `None` when they have none, or there is no such person.
    fn password_of<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<Option<String>, StoreError>>;

    /// Sets or replaces it; `false` when there is no such person.
    fn set_password<'a>(&'a self, user_id: &'a str, phc: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Takes it away; `false` when there was none.
    fn delete_password<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;
}
