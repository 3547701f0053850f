//! What an application does with its people: their sessions, and the accounts that are theirs.

use http::header::HeaderValue;
use http::{HeaderMap, Uri};

use crate::auth::{Auth, headers_of};
use crate::cookie::Cookies;
use crate::error::Error;
use crate::event::Event;
use crate::model::Account;
use crate::session_list::{self, SessionOverview};
use crate::store::{Accounts, Except, RevocationKey, StoredUser};

impl Auth {
    /// The sessions of a person, the latest first. Empty where sessions live in cookies: only their browsers know them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sessions_of(&self, user_id: &str) -> Result<Vec<SessionOverview>, Error> {
        let Some(stored) = &self.settings().stores.sessions else { return Ok(Vec::new()) };
        let now = self.settings().clock.now();
        let sessions = stored.of_user(user_id, now).await?;
        Ok(sessions.into_iter().map(SessionOverview::from).collect())
    }

    /// The id of the session that a request belongs to, for telling it apart in a list.
    ///
    /// # Errors
    /// When the store fails, or the host is not ours.
    pub async fn current_session_id(&self, headers: &HeaderMap, uri: &Uri) -> Result<Option<String>, Error> {
        let live = self.live(headers, uri).await?;
        Ok(live.and_then(|(_, live)| live.facts()).map(|facts| facts.id))
    }

    /// Ends one session of a person, by its id. Also one in a cookie, where the id alone decides: whose it is, only its
    /// browser knows.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_session(&self, user_id: &str, session_id: &str) -> Result<(), Error> {
        let settings = self.settings();
        let Some(stored) = &settings.stores.sessions else {
            return Ok(settings.end_sessions(&RevocationKey::session(session_id), settings.clock.now()).await?);
        };
        for session in stored.store.of_user(user_id).await? {
            if session.data.as_ref().is_some_and(|data| data.id == session_id) {
                stored.store.delete(&session.key).await?;
            }
        }
        Ok(())
    }

    /// Ends all sessions of a person. Whoever changes a password or takes somebody's access away wants this.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_sessions_of(&self, user_id: &str) -> Result<(), Error> {
        let settings = self.settings();
        match &settings.stores.sessions {
            Some(stored) => stored.store.delete_of_user(user_id, Except::Nothing).await.map(drop)?,
            None => settings.end_sessions(&RevocationKey::user(user_id), settings.clock.now()).await?,
        }
        Ok(())
    }

    /// Ends all sessions of whoever makes this request but the one it belongs to, which goes on under a new key. The
    /// response must set the cookies that are returned.
    ///
    /// # Errors
    /// When the store fails, or the host is not ours.
    pub async fn end_other_sessions(&self, headers: &HeaderMap, uri: &Uri) -> Result<Vec<HeaderValue>, Error> {
        let settings = self.settings();
        let Some((kind, live)) = self.live(headers, uri).await? else { return Ok(Vec::new()) };
        let cookies = Cookies::parse(headers);
        let written = session_list::end_others(settings, kind, *live, &cookies, settings.clock.now()).await?;
        Ok(headers_of(&written))
    }

    /// Gives the session of this request a new key, and ends the old one: after somebody got more rights than they had, so
    /// that a key that leaked before has none of them. The response must set the cookies that are returned.
    ///
    /// # Errors
    /// When the store fails, or the host is not ours.
    pub async fn rotate_session(&self, headers: &HeaderMap, uri: &Uri) -> Result<Vec<HeaderValue>, Error> {
        let Some((kind, live)) = self.live(headers, uri).await? else { return Ok(Vec::new()) };
        let settings = self.settings();
        if let (None, Some(facts)) = (&live.row, live.facts()) {
            settings.end_sessions(&RevocationKey::session(&facts.id), settings.clock.now()).await?;
        }
        let cookies = Cookies::parse(headers);
        Ok(headers_of(&session_list::replace(settings, kind, *live, &cookies, settings.clock.now()).await?))
    }

    /// The person with this id, where there is a store of accounts.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn user(&self, user_id: &str) -> Result<Option<StoredUser>, Error> {
        match self.accounts() {
            Some(accounts) => Ok(accounts.find_user(user_id).await?),
            None => Ok(None),
        }
    }

    /// The accounts that are linked to a person.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn accounts_of(&self, user_id: &str) -> Result<Vec<Account>, Error> {
        match self.accounts() {
            Some(accounts) => Ok(accounts.accounts_of(user_id).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Takes an account from a person, who cannot sign in with it any more; `false` when it was not theirs. Whether they
    /// have another way in is for the application to see: the sessions that came from it go on.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unlink(&self, user_id: &str, provider: &str, provider_account_id: &str) -> Result<bool, Error> {
        let Some(accounts) = self.accounts() else { return Ok(false) };
        let unlinked = accounts.unlink(user_id, provider, provider_account_id).await?;
        if unlinked {
            let (user_id, provider) = (user_id.to_owned(), provider.to_owned());
            let provider_account_id = provider_account_id.to_owned();
            self.settings().emit(Event::UnlinkAccount { user_id, provider, provider_account_id }).await;
        }
        Ok(unlinked)
    }

    /// Deletes a person, their accounts and all their sessions; `false` when there was nobody.
    ///
    /// # Errors
    /// When the store fails; then try again.
    pub async fn delete_user(&self, user_id: &str) -> Result<bool, Error> {
        let Some(accounts) = self.accounts() else { return Ok(false) };
        // The sessions first: nobody is left signed in as somebody who is not there.
        self.end_sessions_of(user_id).await?;
        let deleted = accounts.delete_user(user_id).await?;
        self.end_sessions_of(user_id).await?;
        Ok(deleted)
    }

    /// Takes away what has expired in the stores, at most `limit` rows of each kind, and says how many those were. For a
    /// task that runs now and then: nothing that has expired is ever believed, it only takes up room.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn sweep(&self, limit: u32) -> Result<u64, Error> {
        let settings = self.settings();
        let now = settings.clock.now();
        let mut swept = 0;
        if let Some(stored) = &settings.stores.sessions {
            swept += stored.store.delete_expired(now, limit).await?;
        }
        if let Some(one_time) = &settings.stores.one_time {
            swept += one_time.delete_expired(now, limit).await?;
        }
        Ok(swept)
    }

    fn accounts(&self) -> Option<&dyn Accounts> {
        self.settings().stores.accounts.as_deref()
    }
}
