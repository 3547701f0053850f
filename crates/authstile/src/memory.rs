//! All ports to storage in the memory of one process, for documentation and tests.

use std::collections::{BTreeMap, HashMap};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::BoxFuture;
use crate::clock::UnixTime;
use crate::model::Account;
use crate::store::{
    Accounts, Except, Fence, Lease, Leases, MemoryLeases, MemoryRevocations, MemoryThrottle, NewSession, NewUser,
    OneTime, OneTimeValue, Passwords, Quota, Refusal, RevocationKey, Revocations, SessionData, Sessions, StoreError,
    StoredSession, StoredUser, Take, Throttle, UserChanges,
};

/// A store of one process, gone when it ends (its clones are the same store): people, sessions, one-time values, revocations, counts and leases.
///
/// Everything that concerns people and sessions happens under one lock, so that each call is one transaction.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
    revocations: Arc<MemoryRevocations>,
    throttle: Arc<MemoryThrottle>,
    leases: Arc<MemoryLeases>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Tables {
    users: BTreeMap<String, StoredUser>,
    /// By provider and account id.
    accounts: BTreeMap<(String, String), (String, Account)>,
    sessions: HashMap<String, Row>,
    /// By the id of their person.
    passwords: HashMap<String, String>,
    /// By identifier and token.
    one_time: HashMap<(String, String), UnixTime>,
}

#[derive(Debug, Clone)]
struct Row {
    user: String,
    expires: UnixTime,
    data: SessionData,
}

impl Tables {
    fn by_email(&self, email: &str) -> Option<&StoredUser> {
        self.users.values().find(|user| user.email.as_deref() == Some(email))
    }

    fn session(&self, key: &str, row: &Row) -> Option<StoredSession> {
        let user = self.users.get(&row.user)?.clone();
        Some(StoredSession { key: key.to_owned(), user, expires: row.expires, data: Some(row.data.clone()) })
    }

    fn take_sessions(&mut self, ends: impl Fn(&str, &Row) -> bool) -> u64 {
        let before = self.sessions.len();
        self.sessions.retain(|key, row| !ends(key, row));
        (before - self.sessions.len()) as u64
    }
}

/// An answer that is there already.
fn done<'a, T: Send + 'a>(answer: T) -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(ready(Ok(answer)))
}

fn failed<'a, T: Send + 'a>(error: StoreError) -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(ready(Err(error)))
}

fn named(account: &Account) -> (String, String) {
    (account.provider.clone(), account.provider_account_id.clone())
}

impl Accounts for MemoryStore {
    fn find_user<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<StoredUser>, StoreError>> {
        done(self.tables().users.get(id).cloned())
    }

    fn find_user_by_email<'a>(&'a self, email: &'a str) -> BoxFuture<'a, Result<Option<StoredUser>, StoreError>> {
        done(self.tables().by_email(email).cloned())
    }

    fn find_user_by_account<'a>(
        &'a self,
        provider: &'a str,
        provider_account_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredUser>, StoreError>> {
        let tables = self.tables();
        let name = (provider.to_owned(), provider_account_id.to_owned());
        done(tables.accounts.get(&name).and_then(|(user, _)| tables.users.get(user)).cloned())
    }

    fn accounts_of<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<Vec<Account>, StoreError>> {
        let tables = self.tables();
        let theirs = tables.accounts.values().filter(|(user, _)| user == user_id);
        done(theirs.map(|(_, account)| account.clone()).collect())
    }

    fn list_users<'a>(
        &'a self,
        after: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<StoredUser>, StoreError>> {
        let tables = self.tables();
        let behind = tables.users.values().filter(|user| after.is_none_or(|after| user.id.as_str() > after));
        done(behind.take(limit as usize).cloned().collect())
    }

    fn register<'a>(
        &'a self,
        user: &'a NewUser,
        account: Option<&'a Account>,
    ) -> BoxFuture<'a, Result<StoredUser, StoreError>> {
        let mut tables = self.tables();
        if tables.users.contains_key(&user.id) {
            return failed(StoreError::conflict("somebody has this id"));
        }
        if user.email.as_deref().is_some_and(|email| tables.by_email(email).is_some()) {
            return failed(StoreError::conflict("somebody has this address"));
        }
        if account.is_some_and(|account| tables.accounts.contains_key(&named(account))) {
            return failed(StoreError::conflict("the account is linked"));
        }
        let NewUser { id, name, email, email_verified, image, attributes } = user.clone();
        let stored = StoredUser { id: id.clone(), name, email, email_verified, image, attributes };
        if let Some(account) = account {
            tables.accounts.insert(named(account), (id.clone(), account.clone()));
        }
        tables.users.insert(id, stored.clone());
        done(stored)
    }

    fn link<'a>(&'a self, user_id: &'a str, account: &'a Account) -> BoxFuture<'a, Result<(), StoreError>> {
        let mut tables = self.tables();
        if !tables.users.contains_key(user_id) {
            return failed(StoreError::other("there is no such person"));
        }
        if tables.accounts.contains_key(&named(account)) {
            return failed(StoreError::conflict("the account is linked"));
        }
        tables.accounts.insert(named(account), (user_id.to_owned(), account.clone()));
        done(())
    }

    fn unlink<'a>(
        &'a self,
        user_id: &'a str,
        provider: &'a str,
        provider_account_id: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut tables = self.tables();
        let name = (provider.to_owned(), provider_account_id.to_owned());
        let theirs = tables.accounts.get(&name).is_some_and(|(user, _)| user == user_id);
        done(theirs && tables.accounts.remove(&name).is_some())
    }

    fn update_tokens<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut tables = self.tables();
        let Some((_, known)) = tables.accounts.get_mut(&named(account)) else { return done(false) };
        let newer = account.clone();
        known.access_token = newer.access_token.or(known.access_token.take());
        known.id_token = newer.id_token.or(known.id_token.take());
        known.refresh_token = newer.refresh_token.or(known.refresh_token.take());
        known.token_type = newer.token_type.or(known.token_type.take());
        known.scope = newer.scope.or(known.scope.take());
        known.expires_at = newer.expires_at.or(known.expires_at);
        known.session_state = newer.session_state.or(known.session_state.take());
        done(true)
    }

    fn update_user<'a>(
        &'a self,
        id: &'a str,
        changes: &'a UserChanges,
    ) -> BoxFuture<'a, Result<Option<StoredUser>, StoreError>> {
        let mut tables = self.tables();
        if !tables.users.contains_key(id) {
            return done(None);
        }
        if changes.email.as_deref().and_then(|email| tables.by_email(email)).is_some_and(|user| user.id != id) {
            return failed(StoreError::conflict("somebody else has this address"));
        }
        let Some(user) = tables.users.get_mut(id) else { return done(None) };
        let UserChanges { name, email, email_verified, image } = changes.clone();
        user.name = name.or(user.name.take());
        user.email = email.or(user.email.take());
        user.email_verified = email_verified.or(user.email_verified);
        user.image = image.or(user.image.take());
        done(Some(user.clone()))
    }

    fn delete_user<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut tables = self.tables();
        tables.accounts.retain(|_, (user, _)| user != id);
        tables.take_sessions(|_, row| row.user == id);
        tables.passwords.remove(id);
        done(tables.users.remove(id).is_some())
    }
}

impl Passwords for MemoryStore {
    fn password_of<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<Option<String>, StoreError>> {
        done(self.tables().passwords.get(user_id).cloned())
    }

    fn set_password<'a>(&'a self, user_id: &'a str, phc: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut tables = self.tables();
        let is_known = tables.users.contains_key(user_id);
        if is_known {
            tables.passwords.insert(user_id.to_owned(), phc.to_owned());
        }
        done(is_known)
    }

    fn replace_password<'a>(
        &'a self,
        user_id: &'a str,
        old_phc: &'a str,
        new_phc: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut tables = self.tables();
        let known = tables.passwords.get_mut(user_id).filter(|known| *known == old_phc);
        done(known.map(|known| new_phc.clone_into(known)).is_some())
    }

    fn delete_password<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        done(self.tables().passwords.remove(user_id).is_some())
    }
}

impl Sessions for MemoryStore {
    fn needs_accounts(&self) -> bool {
        true
    }

    fn create<'a>(&'a self, session: NewSession<'a>) -> BoxFuture<'a, Result<(), StoreError>> {
        let mut tables = self.tables();
        if !tables.users.contains_key(&session.user.id) {
            return failed(StoreError::other("there is no such person"));
        }
        if tables.sessions.contains_key(session.key) {
            return failed(StoreError::conflict("the key of the session is taken"));
        }
        let row = Row { user: session.user.id.clone(), expires: session.expires, data: session.data.clone() };
        tables.sessions.insert(session.key.to_owned(), row);
        done(())
    }

    fn find<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredSession>, StoreError>> {
        let tables = self.tables();
        done(tables.sessions.get(key).and_then(|row| tables.session(key, row)))
    }

    fn extend<'a>(
        &'a self,
        key: &'a str,
        expires: UnixTime,
        seen: UnixTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut tables = self.tables();
        let Some(row) = tables.sessions.get_mut(key) else { return done(false) };
        row.expires = expires;
        row.data.seen = seen.millis();
        done(true)
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        done(self.tables().sessions.remove(key).is_some())
    }

    fn of_user<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<Vec<StoredSession>, StoreError>> {
        let tables = self.tables();
        let mut theirs: Vec<_> = tables.sessions.iter().filter(|(_, row)| row.user == user_id).collect();
        theirs.sort_by_key(|(_, row)| std::cmp::Reverse(row.data.at));
        done(theirs.into_iter().filter_map(|(key, row)| tables.session(key, row)).collect())
    }

    fn delete_of_user<'a>(&'a self, user_id: &'a str, except: Except<'a>) -> BoxFuture<'a, Result<u64, StoreError>> {
        let stays = |key: &str| matches!(except, Except::Key(kept) if kept == key);
        done(self.tables().take_sessions(|key, row| row.user == user_id && !stays(key)))
    }

    fn delete_by_key<'a>(
        &'a self,
        key: &'a RevocationKey,
        begun_until: UnixTime,
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        let until = begun_until.millis();
        done(self.tables().take_sessions(|_, row| row.data.at <= until && row.data.keys.contains(key)))
    }

    fn delete_expired<'a>(&'a self, now: UnixTime, limit: u32) -> BoxFuture<'a, Result<u64, StoreError>> {
        let mut tables = self.tables();
        let ended = tables.sessions.iter().filter(|(_, row)| row.expires < now).map(|(key, _)| key.clone());
        let ended: Vec<_> = ended.take(limit as usize).collect();
        ended.iter().for_each(|key| drop(tables.sessions.remove(key)));
        done(ended.len() as u64)
    }
}

impl OneTime for MemoryStore {
    fn create<'a>(&'a self, value: &'a OneTimeValue) -> BoxFuture<'a, Result<(), StoreError>> {
        let mut tables = self.tables();
        let name = (value.identifier.clone(), value.token.clone());
        if tables.one_time.contains_key(&name) {
            return failed(StoreError::conflict("the value is remembered already"));
        }
        tables.one_time.insert(name, value.expires);
        done(())
    }

    fn consume<'a>(
        &'a self,
        identifier: &'a str,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Option<OneTimeValue>, StoreError>> {
        let taken = self.tables().one_time.remove_entry(&(identifier.to_owned(), token.to_owned()));
        done(taken.map(|((identifier, token), expires)| OneTimeValue { identifier, token, expires }))
    }

    fn delete_expired<'a>(&'a self, now: UnixTime, limit: u32) -> BoxFuture<'a, Result<u64, StoreError>> {
        let mut tables = self.tables();
        let expired = tables.one_time.iter().filter(|(_, expires)| **expires < now).map(|(name, _)| name.clone());
        let expired: Vec<_> = expired.take(limit as usize).collect();
        expired.iter().for_each(|name| {
            tables.one_time.remove(name);
        });
        done(expired.len() as u64)
    }
}

impl Revocations for MemoryStore {
    fn revoke<'a>(
        &'a self,
        key: &'a RevocationKey,
        at: UnixTime,
        forget: UnixTime,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.revocations.revoke(key, at, forget)
    }

    fn is_empty(&self) -> bool {
        self.revocations.is_empty()
    }

    fn revoked_at<'a>(&'a self, keys: &'a [RevocationKey]) -> BoxFuture<'a, Result<Option<UnixTime>, StoreError>> {
        self.revocations.revoked_at(keys)
    }

    fn refuse<'a>(
        &'a self,
        key: &'a RevocationKey,
        refusal: Refusal,
        decided: UnixTime,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.revocations.refuse(key, refusal, decided)
    }

    fn is_refused<'a>(&'a self, keys: &'a [RevocationKey]) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.revocations.is_refused(keys)
    }

    fn first_time<'a>(
        &'a self,
        key: &'a RevocationKey,
        now: UnixTime,
        forget: UnixTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.revocations.first_time(key, now, forget)
    }

    fn forget_seen<'a>(&'a self, key: &'a RevocationKey) -> BoxFuture<'a, Result<(), StoreError>> {
        self.revocations.forget_seen(key)
    }
}

impl Throttle for MemoryStore {
    fn take<'a>(&'a self, key: &'a str, quota: Quota, now: UnixTime) -> BoxFuture<'a, Result<Take, StoreError>> {
        self.throttle.take(key, quota, now)
    }
}

impl Leases for MemoryStore {
    fn acquire<'a>(
        &'a self,
        key: &'a str,
        now: UnixTime,
        length: Duration,
    ) -> BoxFuture<'a, Result<Lease, StoreError>> {
        self.leases.acquire(key, now, length)
    }

    fn renew<'a>(
        &'a self,
        key: &'a str,
        fence: Fence,
        now: UnixTime,
        length: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.leases.renew(key, fence, now, length)
    }

    fn publish<'a>(
        &'a self,
        key: &'a str,
        fence: Fence,
        outcome: &'a str,
        now: UnixTime,
        keep: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.leases.publish(key, fence, outcome, now, keep)
    }

    fn release<'a>(&'a self, key: &'a str, fence: Fence) -> BoxFuture<'a, Result<(), StoreError>> {
        self.leases.release(key, fence)
    }

    fn wait<'a>(&'a self, key: &'a str, most: Duration) -> BoxFuture<'a, ()> {
        self.leases.wait(key, most)
    }
}
