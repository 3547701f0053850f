//! Registering, and setting passwords.

use authstile::hooks::HookError;
use authstile::store::{NewUser, StoredUser};
use authstile::{Account, AccountKind, EmailIdentifier, InvalidEmailIdentifier, StoreError};

use crate::breach::WhenListFails;
use crate::password::{Password, PasswordProblem};
use crate::pool::Busy;
use crate::sign_in::PasswordSignIn;

/// The provider of the accounts that people who register get.
const PROVIDER: &str = "credentials";

/// Why a password is not set, or nobody registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Another password, please.
    #[error(transparent)]
    Password(#[from] PasswordProblem),
    /// What should be the address is none.
    #[error(transparent)]
    Address(#[from] InvalidEmailIdentifier),
    /// Somebody has the address. Do not tell whoever asks: see [the documentation](crate#what-is-left-to-the-application).
    #[error("somebody has this e-mail address already")]
    AddressTaken,
    /// The old password is not the one they have.
    #[error("the old password is wrong")]
    WrongPassword,
    /// There is nobody with this id.
    #[error("there is no such person")]
    NoSuchPerson,
    /// Too many passwords are being checked; try again in a moment.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The list of breached passwords could not be asked, and it was said to [refuse](WhenListFails::Refuse) then.
    #[error("the list of breached passwords cannot be asked: {0}")]
    BreachList(#[source] HookError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hash could not be calculated.
    #[error("a password could not be hashed: {0}")]
    Calculation(&'static str),
}

impl PasswordSignIn {
    /// Creates a person with a password, whose address is still to be proven. Takes as long when the address is taken.
    ///
    /// If the store fails between the two, there is somebody without a password, who can be given one like whoever forgot
    /// theirs.
    ///
    /// # Errors
    /// [`PasswordError::AddressTaken`], [`PasswordError::Address`], [`PasswordError::Password`]; or what else failed.
    pub async fn register(&self, email: &str, name: Option<&str>, password: &str) -> Result<StoredUser, PasswordError> {
        let email = EmailIdentifier::parse(email)?;
        let phc = self.hash_new(password).await?;
        let uuid = || self.random.uuid().map_err(|_| PasswordError::Calculation("there is no randomness"));
        let user = NewUser {
            id: uuid()?,
            name: name.map(str::to_owned),
            email: Some(email.as_str().to_owned()),
            ..NewUser::default()
        };
        // By this account the engine knows that the person has another way in than by mail. A database may make its own id
        // for the person, so the account has one of its own.
        let account = Account::new(AccountKind::Credentials, PROVIDER, uuid()?);
        let stored = match self.accounts.register(&user, Some(&account)).await {
            Err(error) if error.is_conflict() => return Err(PasswordError::AddressTaken),
            stored => stored?,
        };
        match self.passwords.set_password(&stored.id, &phc).await? {
            true => Ok(stored),
            false => Err(PasswordError::NoSuchPerson),
        }
    }

    /// Gives a person a new password, whatever they had before: for whoever forgot theirs and proved by mail who they are, or
    /// has none yet. Then end their sessions with [`Auth::end_sessions_of`](authstile::Auth::end_sessions_of).
    ///
    /// # Errors
    /// [`PasswordError::Password`], [`PasswordError::NoSuchPerson`]; or what else failed.
    pub async fn set_password(&self, user_id: &str, password: &str) -> Result<(), PasswordError> {
        let phc = self.hash_new(password).await?;
        match self.passwords.set_password(user_id, &phc).await? {
            true => Ok(()),
            false => Err(PasswordError::NoSuchPerson),
        }
    }

    /// Changes the password of somebody who is signed in and knows the old one. Then end their other sessions with
    /// [`Auth::end_other_sessions`](authstile::Auth::end_other_sessions).
    ///
    /// # Errors
    /// [`PasswordError::WrongPassword`] (also for somebody who has none), [`PasswordError::Password`]; or what else failed.
    pub async fn change_password(&self, user_id: &str, old: &str, new: &str) -> Result<(), PasswordError> {
        let old = Password::parse(old).map_err(|_| PasswordError::WrongPassword)?;
        Password::parse(new)?.has_at_least(self.minimum)?;
        match self.verify(Some(user_id), &old).await? {
            true => self.set_password(user_id, new).await,
            false => Err(PasswordError::WrongPassword),
        }
    }

    /// The hash of a password that somebody may have.
    async fn hash_new(&self, password: &str) -> Result<String, PasswordError> {
        let password = Password::parse(password)?;
        password.has_at_least(self.minimum)?;
        if let Some((list, when_it_fails)) = &self.breach_list {
            match (list.contains(&password).await, when_it_fails) {
                (Ok(true), _) => return Err(PasswordProblem::Breached.into()),
                (Ok(false), _) => {}
                (Err(error), WhenListFails::Accept) => {
                    tracing::warn!(%error, "a password is accepted without asking the list of breached ones");
                }
                (Err(error), WhenListFails::Refuse) => return Err(PasswordError::BreachList(error)),
            }
        }
        self.hash(&password).await
    }
}
