//! People, and their links to providers.

use std::fmt;

use crate::BoxFuture;
use crate::clock::UnixTime;
use crate::model::{Account, Claims, User};
use crate::store::StoreError;

/// A person as a database keeps them: a row of Auth.js's `users`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoredUser {
    /// The database's own id. Integers are written in decimal.
    pub id: String,
    /// Display name.
    pub name: Option<String>,
    /// E-mail address, in lower case.
    pub email: Option<String>,
    /// When the address was proven to be theirs; `None` while it is not. To the millisecond.
    pub email_verified: Option<UnixTime>,
    /// URL of a picture.
    pub image: Option<String>,
    /// What a provisioning hook wants remembered. Empty in a schema that has no place for it.
    pub attributes: Claims,
}

impl From<StoredUser> for User {
    fn from(stored: StoredUser) -> Self {
        let StoredUser { id, name, email, email_verified, image, .. } = stored;
        Self { id, name, email, image, email_verified: email_verified.map(|_| true) }
    }
}

/// A person to be created.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewUser {
    /// A random UUID. A database that makes its own ids ignores it.
    pub id: String,
    /// Display name.
    pub name: Option<String>,
    /// E-mail address, in lower case.
    pub email: Option<String>,
    /// When the address was proven to be theirs.
    pub email_verified: Option<UnixTime>,
    /// URL of a picture.
    pub image: Option<String>,
    /// What a provisioning hook wants remembered.
    pub attributes: Claims,
}

/// Changes to a person; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserChanges {
    /// Another name.
    pub name: Option<String>,
    /// Another address, in lower case.
    pub email: Option<String>,
    /// The address is proven since then.
    pub email_verified: Option<UnixTime>,
    /// Another picture.
    pub image: Option<String>,
}

/// People and their accounts.
///
/// Ids, addresses and account ids are compared byte for byte, and may be long and in any script. An id that cannot be one
/// (text where the database has integers) names nobody, which is no error.
pub trait Accounts: Send + Sync + fmt::Debug {
    /// The person with this id.
    fn find_user<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<StoredUser>, StoreError>>;

    /// The person with this address. In a database that lets several people have one, the one who was there first.
    fn find_user_by_email<'a>(&'a self, email: &'a str) -> BoxFuture<'a, Result<Option<StoredUser>, StoreError>>;

    /// The person to whom an account is linked.
    fn find_user_by_account<'a>(
        &'a self,
        provider: &'a str,
        provider_account_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredUser>, StoreError>>;

    /// The accounts of a person, in a stable order; none for somebody unknown.
    fn accounts_of<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<Vec<Account>, StoreError>>;

    /// People in the order of their ids, from behind `after`; at most `limit`.
    fn list_users<'a>(
        &'a self,
        after: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredUser>, StoreError>>;

    /// Creates a person, with their account if there is one, **in one transaction**: both are there afterwards, or
    /// neither. Returns the person as stored.
    ///
    /// # Errors
    /// A [conflict](StoreError::is_conflict) when the account is linked already, or somebody has the address: also when
    /// many try at once, exactly one succeeds.
    fn register<'a>(
        &'a self,
        user: &'a NewUser,
        account: Option<&'a Account>,
    ) -> BoxFuture<'a, Result<StoredUser, StoreError>>;

    /// Links an account to a person.
    ///
    /// # Errors
    /// A conflict when it is linked already, to whomever; an error when there is no such person.
    fn link<'a>(&'a self, user_id: &'a str, account: &'a Account) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Takes an account of this person away; `false` when they had none such.
    fn unlink<'a>(
        &'a self,
        user_id: &'a str,
        provider: &'a str,
        provider_account_id: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Replaces the tokens of a linked account by newer ones; what the newer has not is kept. `false` when it is not
    /// linked.
    fn update_tokens<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Changes a person and returns them as they are now; `None` when there is no such person.
    ///
    /// # Errors
    /// A conflict when somebody else has the address.
    fn update_user<'a>(
        &'a self,
        id: &'a str,
        changes: &'a UserChanges,
    ) -> BoxFuture<'a, Result<Option<StoredUser>, StoreError>>;

    /// Deletes a person with all their accounts, and with their sessions where this store keeps them, in one
    /// transaction; `false` when there was nobody.
    fn delete_user<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;
}
