//! People.

use authstile::store::{Accounts, NewUser, StoredUser, UserChanges};
use authstile::{Account, BoxFuture, StoreError};

use super::base::{Done, Work, any, query, user};
use super::{Moment, NUMBERS_COME_AGAIN, Store, insert_user, lock};
use crate::core::retrying;
use crate::error::Error;
use crate::shape::Ids;

impl Accounts for Store {
    fn find_user<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<StoredUser>, StoreError>> {
        self.run(async move {
            let Some(id) = self.id(id) else { return Ok(None) };
            self.optional_user(query(&self.core.sql.find_user).bind(id)).await
        })
    }

    fn find_user_by_email<'a>(&'a self, email: &'a str) -> BoxFuture<'a, Result<Option<StoredUser>, StoreError>> {
        self.run(self.optional_user(query(&self.core.sql.find_user_by_email).bind(email)))
    }

    fn find_user_by_account<'a>(
        &'a self,
        provider: &'a str,
        provider_account_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredUser>, StoreError>> {
        let query = query(&self.core.sql.find_user_by_account).bind(provider).bind(provider_account_id);
        self.run(self.optional_user(query))
    }

    fn accounts_of<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<Vec<Account>, StoreError>> {
        self.run(async move {
            let Some(id) = self.id(user_id) else { return Ok(Vec::new()) };
            let rows = self.all(query(&self.core.sql.accounts_of).bind(id)).await?;
            rows.iter().map(super::links::account).collect()
        })
    }

    fn list_users<'a>(
        &'a self,
        after: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredUser>, StoreError>> {
        self.run(async move {
            let sql = &self.core.sql;
            let query = match after.map(|after| self.id(after)) {
                None => query(&sql.list_users),
                Some(Some(after)) => query(&sql.list_users_after).bind(after),
                Some(None) => return Ok(Vec::new()),
            };
            self.all(query.bind(i64::from(limit))).await?.iter().map(|row| user(row, 0)).collect()
        })
    }

    fn register<'a>(
        &'a self,
        user: &'a NewUser,
        account: Option<&'a Account>,
    ) -> BoxFuture<'a, Result<StoredUser, StoreError>> {
        self.run(retrying(move || self.register_once(user, account)))
    }

    fn link<'a>(&'a self, user_id: &'a str, account: &'a Account) -> BoxFuture<'a, Result<(), StoreError>> {
        self.run(async move {
            let id = self.id(user_id).ok_or(Error::NO_SUCH_PERSON)?;
            retrying(move || self.link_once(id, account)).await
        })
    }

    fn unlink<'a>(
        &'a self,
        user_id: &'a str,
        provider: &'a str,
        provider_account_id: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.run(async move {
            let Some(id) = self.id(user_id) else { return Ok(false) };
            let query = query(&self.core.sql.unlink).bind(id).bind(provider).bind(provider_account_id);
            Ok(self.execute(query).await? > 0)
        })
    }

    fn update_tokens<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.run(self.update_tokens_of(account))
    }

    fn update_user<'a>(
        &'a self,
        id: &'a str,
        changes: &'a UserChanges,
    ) -> BoxFuture<'a, Result<Option<StoredUser>, StoreError>> {
        self.run(async move {
            let Some(id) = self.id(id) else { return Ok(None) };
            retrying(move || self.update_once(id, changes)).await
        })
    }

    fn delete_user<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.run(async move {
            let Some(id) = self.id(id) else { return Ok(false) };
            retrying(move || self.delete_once(id)).await
        })
    }
}

impl Store {
    async fn register_once(&self, user: &NewUser, account: Option<&Account>) -> Done<StoredUser> {
        let (sql, shape) = (&self.core.sql, self.core.shape);
        let guard_email = user.email.as_deref().filter(|_| !shape.unique_email);
        let guard_account = account.filter(|_| !shape.unique_account);
        let mut work = Work::of(self, guard_email.is_some() || guard_account.is_some()).await?;
        let mut transaction = work.begin().await?;
        // Addresses before accounts, everywhere: who waits for one never holds what the other waits for.
        if let Some(email) = guard_email {
            lock(&mut transaction, "address", email).await?;
            if any(&mut transaction, query(&sql.email_taken).bind(email)).await? {
                return Err(Error::ADDRESS_TAKEN);
            }
        }
        let id = insert_user(&mut transaction, &self.core, user).await?;
        if NUMBERS_COME_AGAIN && shape.passwords && shape.users == Ids::Integer {
            // Where others deleted somebody, and a foreign key was not made or not heeded, a password is left.
            query(&sql.delete_password).bind(id.as_str()).execute(&mut *transaction).await?;
        }
        if let Some(account) = account {
            self.link_within(&mut transaction, &id, account).await?;
        }
        transaction.commit().await?;
        work.done().await;
        let NewUser { name, email, email_verified, image, attributes, .. } = user.clone();
        let attributes = if shape.attributes { attributes } else { Default::default() };
        Ok(StoredUser { id, name, email, email_verified, image, attributes })
    }

    async fn update_once(&self, id: &str, changes: &UserChanges) -> Done<Option<StoredUser>> {
        let sql = &self.core.sql;
        let UserChanges { name, email, email_verified, image } = changes;
        let guard = email.as_deref().filter(|_| !self.core.shape.unique_email);
        let mut work = Work::of(self, guard.is_some()).await?;
        let mut transaction = work.begin().await?;
        if let Some(email) = guard {
            lock(&mut transaction, "address", email).await?;
            if any(&mut transaction, query(&sql.email_taken_by_another).bind(email).bind(id)).await? {
                return Err(Error::ADDRESS_TAKEN);
            }
        }
        let change = query(&sql.update_user).bind(name.as_deref()).bind(email.as_deref());
        let change = change.bind(email_verified.map(Moment)).bind(image.as_deref()).bind(id);
        change.execute(&mut *transaction).await?;
        let row = query(&sql.find_user).bind(id).fetch_optional(&mut *transaction).await?;
        transaction.commit().await?;
        work.done().await;
        row.map(|row| user(&row, 0)).transpose()
    }

    async fn delete_once(&self, id: &str) -> Done<bool> {
        let sql = &self.core.sql;
        let mut work = Work::of(self, false).await?;
        let mut transaction = work.begin().await?;
        // Locked first, so that nobody adds an account or a session in between.
        let found = query(&sql.lock_user).bind(id).fetch_optional(&mut *transaction).await?.is_some();
        if found {
            let password = self.core.shape.passwords.then_some(&sql.delete_password);
            let theirs = [&sql.delete_accounts_of, &sql.delete_sessions_of, &sql.delete_user];
            for statement in password.into_iter().chain(theirs) {
                query(statement).bind(id).execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        work.done().await;
        Ok(found)
    }
}
