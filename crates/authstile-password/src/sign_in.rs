//! Signing in, and how it is set up.

use std::sync::Arc;

use authstile::credentials::{CredentialField, CredentialsError, CredentialsInput, CredentialsProvider};
use authstile::hooks::HookError;
use authstile::random::{Random, SystemRandom};
use authstile::store::{Accounts, Passwords};
use authstile::{Authorize, BoxFuture, EmailIdentifier, User};

use crate::breach::{BreachList, WhenListFails};
use crate::cost::Cost;
use crate::hash::{Stored, UnusableHash, hash};
use crate::password::Password;
use crate::people::PasswordError;
use crate::pool::{Busy, Load, Pool};

/// NIST SP 800-63B-4 §3.1.1.2: for a password that is the only factor, and for one of several.
const MINIMUM: usize = 15;
const LEAST_MINIMUM: usize = 8;

/// Asked for where there is nobody, so that as much is asked of the store.
const NOBODY: &str = "0";

/// E-mail address and password. Cheap to clone; clones share their pool.
///
/// The form has the fields `email` and `password`. Rejected are, besides those who are wrong:
///
/// | code | who | what to do |
/// |---|---|---|
/// | `busy` | anybody, while the [pool](Self::pool) is full | say "try again in a moment" |
/// | `unverified` | who entered the right password, but never proved the address | send the mail again |
#[derive(Debug, Clone)]
pub struct PasswordSignIn {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) passwords: Arc<dyn Passwords>,
    pub(crate) cost: Cost,
    pub(crate) minimum: usize,
    pub(crate) pool: Pool,
    pub(crate) breach_list: Option<(Arc<dyn BreachList>, WhenListFails)>,
    pub(crate) random: Arc<dyn Random>,
    unverified: UnverifiedPeople,
}

/// What becomes of those who enter the right password, and whose address was never proven to be theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnverifiedPeople {
    /// They are rejected with the code `unverified`. The default.
    #[default]
    Reject,
    /// They are signed in. Their session has an address that may be somebody else's: nothing may depend on it.
    SignIn,
}

impl PasswordSignIn {
    /// Over a store of people and passwords, which is the one of the engine.
    pub fn new<S>(store: S) -> Self
    where
        S: Accounts + Passwords + 'static,
    {
        let store = Arc::new(store);
        Self {
            accounts: store.clone(),
            passwords: store,
            cost: Cost::OWASP,
            minimum: MINIMUM,
            pool: Pool::for_this_machine(),
            breach_list: None,
            random: Arc::new(SystemRandom),
            unverified: UnverifiedPeople::default(),
        }
    }

    /// The provider `credentials` with its form, for [`AuthBuilder::credentials`](authstile::AuthBuilder::credentials).
    #[must_use]
    pub fn provider(&self) -> CredentialsProvider {
        let fields = [CredentialField::email("email", "E-mail"), CredentialField::password("password", "Password")];
        CredentialsProvider::new(fields, self.clone()).name("password")
    }

    /// What a hash costs; [`Cost::OWASP`] unless you say otherwise. After you raise it, people get a new hash when they next
    /// sign in; until then a wrong password takes as long as theirs, and not as long as that of somebody unknown.
    #[must_use]
    pub fn cost(mut self, cost: Cost) -> Self {
        self.cost = cost;
        self
    }

    /// How many characters a new password has at least: 15 unless you say otherwise, which NIST SP 800-63B-4 asks for and
    /// ASVS 5.0 V6.2.1 recommends where a password is all that protects an account. 8 is the least, which both allow where
    /// there is a second factor; fewer are taken for 8.
    #[must_use]
    pub fn minimum_length(mut self, characters: usize) -> Self {
        self.minimum = characters.max(LEAST_MINIMUM);
        self
    }

    /// How many hashes are calculated at once, each of which takes a thread and the memory of its [`Cost`], and how many
    /// attempts may wait. Who comes when all places are taken is told at once. As many workers as cores, and 16 waiting for
    /// each, unless you say otherwise.
    #[must_use]
    pub fn pool(mut self, workers: usize, waiting: usize) -> Self {
        self.pool = Pool::new(workers, waiting);
        self
    }

    /// Passwords that nobody may choose, and what happens when that cannot be asked.
    #[must_use]
    pub fn breach_list(mut self, list: impl BreachList + 'static, when_it_fails: WhenListFails) -> Self {
        self.breach_list = Some((Arc::new(list), when_it_fails));
        self
    }

    /// Whether people sign in before they have proven their address. Whoever can register with anybody's address and sign in
    /// is, for all that the session says, that person.
    #[must_use]
    pub fn danger_unverified_addresses(mut self, unverified: UnverifiedPeople) -> Self {
        self.unverified = unverified;
        self
    }

    /// Another source of randomness, for tests.
    #[must_use]
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// What the pool is doing, for metrics.
    #[must_use]
    pub fn load(&self) -> Load {
        self.pool.load()
    }

    async fn sign_in(&self, input: CredentialsInput) -> Result<Option<User>, CredentialsError> {
        let (Some(email), Some(password)) = (input.get("email"), input.get("password")) else { return Ok(None) };
        // Nobody has such an address or such a password, so these may be faster.
        let (Ok(email), Ok(password)) = (EmailIdentifier::parse(email), Password::parse(password)) else {
            return Ok(None);
        };
        drop(input);
        let person = self.accounts.find_user_by_email(email.as_str()).await.map_err(failed)?;
        let id = person.as_ref().map(|person| person.id.as_str());
        let is_right = match self.verify(id, &password).await {
            Ok(is_right) => is_right,
            Err(PasswordError::Busy(Busy)) => return Err(CredentialsError::Rejected("busy".to_owned())),
            Err(error) => return Err(failed(error)),
        };
        match person.filter(|_| is_right) {
            Some(person) if person.email_verified.is_none() && self.unverified == UnverifiedPeople::Reject => {
                Err(CredentialsError::Rejected("unverified".to_owned()))
            }
            person => Ok(person.map(User::from)),
        }
    }

    /// Whether this is the password of this person. As much work for nobody, and for somebody without one; once more for
    /// those who are right, and whose hash is too weak.
    pub(crate) async fn verify(&self, id: Option<&str>, password: &Password) -> Result<bool, PasswordError> {
        let phc = self.passwords.password_of(id.unwrap_or(NOBODY)).await?;
        let phc = phc.filter(|_| id.is_some());
        let stored = phc.as_deref().map(|phc| Stored::parse(phc, self.cost)).and_then(|read| usable(read, id));
        let is_weak = stored.as_ref().is_some_and(|stored| stored.is_weaker_than(self.cost));
        let stored = stored.unwrap_or_else(|| Stored::nobodys(self.cost));
        let candidate = password.clone();
        let verified = self.pool.run(move || stored.verify(&candidate)).await?;
        let is_right = match verified {
            Some(Ok(is_right)) => is_right,
            Some(Err(argon2::Error::OutOfMemory)) => {
                return Err(PasswordError::Calculation("there is no memory for it"));
            }
            _ => return Err(PasswordError::Calculation("argon2 failed")),
        };
        if let (true, true, Some(id), Some(old)) = (is_right, is_weak, id, phc) {
            self.rehash(id, &old, password).await;
        }
        Ok(is_right)
    }

    /// Whoever cannot be helped now is helped the next time: signing in does not fail by it.
    async fn rehash(&self, id: &str, old: &str, password: &Password) {
        let rehashed = async {
            let new = self.hash(password).await?;
            // Calculating took a while: a password that was changed meanwhile must not come back.
            Ok::<_, PasswordError>(self.passwords.replace_password(id, old, &new).await?)
        };
        match rehashed.await {
            Ok(true) => tracing::info!(user = id, "the hash of a password was too weak, and is replaced"),
            Ok(false) => tracing::debug!(user = id, "a password was changed while it was hashed anew"),
            Err(error) => tracing::warn!(user = id, %error, "the hash of a password is too weak, and stays so for now"),
        }
    }

    /// A new hash.
    pub(crate) async fn hash(&self, password: &Password) -> Result<String, PasswordError> {
        let mut salt = [0; 16];
        self.random.fill(&mut salt).map_err(|_| PasswordError::Calculation("there is no randomness"))?;
        let (cost, password) = (self.cost, password.clone());
        let hashed = self.pool.run(move || hash(cost, &password, salt)).await?;
        hashed.flatten().ok_or(PasswordError::Calculation("argon2 failed"))
    }
}

impl Authorize for PasswordSignIn {
    fn authorize<'a>(&'a self, input: CredentialsInput) -> BoxFuture<'a, Result<Option<User>, CredentialsError>> {
        Box::pin(self.sign_in(input))
    }
}

/// A row that verifies nobody is a wrong password to whoever tries, and an error to whoever runs this.
fn usable(read: Result<Stored, UnusableHash>, id: Option<&str>) -> Option<Stored> {
    read.inspect_err(|problem| {
        tracing::error!(
            user = id.unwrap_or_default(),
            %problem,
            "what the store has to verify a password is unusable: nobody signs in with it until a new one is set"
        );
    })
    .ok()
}

fn failed(error: impl Into<HookError>) -> CredentialsError {
    CredentialsError::Failed(error.into())
}

#[cfg(test)]
mod tests {
    use authstile::store::NewUser;
    use authstile::{MemoryStore, StoreError};

    use super::*;

    const CHANGED: &str = "what verifies another password";

    /// A store in which somebody else is always a moment faster: whatever is written, the password was just changed.
    #[derive(Debug)]
    struct Raced(MemoryStore);

    impl Passwords for Raced {
        fn password_of<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<Option<String>, StoreError>> {
            self.0.password_of(user_id)
        }

        fn set_password<'a>(&'a self, user_id: &'a str, phc: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
            Box::pin(async move {
                self.0.set_password(user_id, CHANGED).await?;
                self.0.set_password(user_id, phc).await
            })
        }

        fn replace_password<'a>(
            &'a self,
            user_id: &'a str,
            old_phc: &'a str,
            new_phc: &'a str,
        ) -> BoxFuture<'a, Result<bool, StoreError>> {
            Box::pin(async move {
                self.0.set_password(user_id, CHANGED).await?;
                self.0.replace_password(user_id, old_phc, new_phc).await
            })
        }

        fn delete_password<'a>(&'a self, user_id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
            self.0.delete_password(user_id)
        }
    }

    #[tokio::test]
    async fn a_password_that_is_changed_while_it_is_hashed_anew_stays_changed() {
        let store = MemoryStore::new();
        store.register(&NewUser { id: "ada".to_owned(), ..NewUser::default() }, None).await.unwrap();
        let password = Password::parse("correct horse battery").unwrap();
        let weak = hash(Cost::danger_weak(64, 1, 1).unwrap(), &password, [7; 16]).unwrap();
        let stronger = PasswordSignIn::new(store.clone()).cost(Cost::danger_weak(128, 1, 1).unwrap());
        let raced = PasswordSignIn { passwords: Arc::new(Raced(store.clone())), ..stronger.clone() };

        store.set_password("ada", &weak).await.unwrap();
        assert!(raced.verify(Some("ada"), &password).await.unwrap(), "it was right when it was read");
        assert_eq!(raced.load().begun, 2, "it was hashed anew");
        assert_eq!(store.password_of("ada").await.unwrap().as_deref(), Some(CHANGED));

        store.set_password("ada", &weak).await.unwrap();
        assert!(stronger.verify(Some("ada"), &password).await.unwrap());
        let strong = store.password_of("ada").await.unwrap().unwrap();
        assert!(strong.contains("m=128"), "with nobody in between it is replaced: {strong}");
    }
}
