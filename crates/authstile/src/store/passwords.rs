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

    /// Puts the same password, hashed anew, in the place of `old_phc`, in one step; `false` when that is not, or no longer,
    /// what verifies it, byte for byte, or there is no such person. So whoever hashes a password anew never brings back one
    /// that was changed, or taken away, at the same moment; of many who replace the same, one does.
    fn replace_password<'a>(
        &'a self,
        user_id: &'a str,
        old_phc: &'a str,
        new_phc: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Takes it away; `false` when there was none.
    fn delete_password<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;
}
