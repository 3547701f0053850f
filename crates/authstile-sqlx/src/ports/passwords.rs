//! What verifies people's passwords.

use authstile::store::Passwords;
use authstile::{BoxFuture, StoreError};
use sqlx::Row as _;

use super::Store;
use super::base::query;
use crate::core::retrying;

impl Passwords for Store {
    fn password_of<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<Option<String>, StoreError>> {
        self.run(async move {
            let sql = self.core.passwords()?;
            // Nobody costs a round trip as somebody does: how long a sign-in takes must not tell who is known.
            let id = self.id(user_id);
            let asked = id.unwrap_or(self.core.shape.users.nobody());
            let row = self.optional(query(&sql.password_of).bind(asked)).await?;
            Ok(row.filter(|_| id.is_some()).map(|row| row.try_get(0)).transpose()?)
        })
    }

    fn set_password<'a>(&'a self, user_id: &'a str, phc: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.run(async move {
            let sql = self.core.passwords()?;
            let Some(id) = self.id(user_id) else { return Ok(false) };
            let set = || query(&sql.set_password).bind(phc).bind(id);
            Ok(retrying(|| self.execute(set())).await? > 0)
        })
    }

    fn replace_password<'a>(
        &'a self,
        user_id: &'a str,
        old_phc: &'a str,
        new_phc: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.run(async move {
            let sql = self.core.passwords()?;
            let Some(id) = self.id(user_id) else { return Ok(false) };
            let replace = || query(&sql.replace_password).bind(new_phc).bind(id).bind(old_phc);
            Ok(retrying(|| self.execute(replace())).await? > 0)
        })
    }

    fn delete_password<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.run(async move {
            let sql = self.core.passwords()?;
            let Some(id) = self.id(user_id) else { return Ok(false) };
            let delete = || query(&sql.delete_password).bind(id);
            Ok(retrying(|| self.execute(delete())).await? > 0)
        })
    }
}
