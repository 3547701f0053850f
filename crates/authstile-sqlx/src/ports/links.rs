//! People's links to providers.

use authstile::oauth::secret::{AccessToken, RawIdToken, RefreshToken};
use authstile::{Account, AccountKind};
use sqlx::{Row as _, Transaction};

use super::base::{Done, Query, Row, Work, any, query};
use super::{Db, Store, lock};
use crate::error::Error;

impl Store {
    pub(super) async fn link_once(&self, id: &str, account: &Account) -> Done<()> {
        let mut work = Work::of(self, !self.core.shape.unique_account).await?;
        let mut transaction = work.begin().await?;
        self.link_within(&mut transaction, id, account).await?;
        transaction.commit().await?;
        work.done().await;
        Ok(())
    }

    pub(super) async fn link_within(
        &self,
        transaction: &mut Transaction<'_, Db>,
        id: &str,
        account: &Account,
    ) -> Done<()> {
        let sql = &self.core.sql;
        let Account { provider, provider_account_id, .. } = account;
        if !self.core.shape.unique_account {
            lock(transaction, provider, provider_account_id).await?;
            let taken = query(&sql.account_taken).bind(provider.as_str()).bind(provider_account_id.as_str());
            if any(transaction, taken).await? {
                return Err(Error::ACCOUNT_TAKEN);
            }
        }
        let names = query(&sql.link).bind(provider.as_str()).bind(provider_account_id.as_str());
        let link = with_tokens(names.bind(account.kind.as_str()), account).bind(id);
        match link.execute(&mut **transaction).await?.rows_affected() {
            0 => Err(Error::NO_SUCH_PERSON),
            _ => Ok(()),
        }
    }

    pub(super) async fn update_tokens_of(&self, account: &Account) -> Done<bool> {
        let query = with_tokens(query(&self.core.sql.update_tokens), account);
        let query = query.bind(account.provider.as_str()).bind(account.provider_account_id.as_str());
        Ok(self.execute(query).await? > 0)
    }
}

fn with_tokens(query: Query, account: &Account) -> Query {
    query
        .bind(account.access_token.as_ref().map(AccessToken::expose))
        .bind(account.id_token.as_ref().map(RawIdToken::expose))
        .bind(account.refresh_token.as_ref().map(RefreshToken::expose))
        .bind(account.token_type.as_deref())
        .bind(account.scope.as_deref())
        .bind(account.session_state.as_deref())
        .bind(account.expires_at)
}

/// An account, in the order of the statement `accounts_of`.
pub(super) fn account(row: &Row) -> Done<Account> {
    let text = |at: usize| row.try_get::<Option<String>, _>(at);
    Ok(Account {
        provider: row.try_get(0)?,
        provider_account_id: row.try_get(1)?,
        // Auth.js knows no others; who wrote something else meant a provider of theirs.
        kind: AccountKind::parse(row.try_get(2)?).unwrap_or(AccountKind::OAuth),
        access_token: text(3)?.map(AccessToken::new),
        id_token: text(4)?.map(RawIdToken::new),
        refresh_token: text(5)?.map(RefreshToken::new),
        token_type: text(6)?,
        scope: text(7)?,
        session_state: text(8)?,
        expires_at: row.try_get(9)?,
    })
}
