//! `authstile users` and `authstile sessions`: what an administrator asks about the stores of `serve`.

pub(crate) mod sessions;
mod table;
pub(crate) mod users;

use std::io::Write as _;

use anyhow::{Context as _, bail};
use authstile::env::Environment;
use authstile::store::StoredUser;
use authstile::{Accounts, Auth, EmailIdentifier};

use crate::mistake::Mistake;
use crate::secret;
use crate::stores::{Addresses, MissingFile, Settings, Stores};
use crate::transport::LateTransport;

/// The stores, and an engine that seals nothing and serves nobody.
struct Office {
    stores: Stores,
    settings: Settings,
    auth: Auth,
}

impl Office {
    async fn open(environment: &Environment) -> anyhow::Result<Self> {
        let addresses = Addresses::of(environment)?;
        if !addresses.any() {
            let what = "nothing is stored without DATABASE_URL or REDIS_URL: sessions live in cookies, and nobody is remembered";
            return Err(Mistake::new(what, "DATABASE_URL=sqlite:authstile.db").into());
        }
        let settings = Settings::of(environment, &addresses)?;
        let stores = Stores::open(&addresses, MissingFile::Refuse).await?;
        // No cookie is read or written here, so that any secret will do, and that of `serve` need not be at hand.
        let builder = Auth::builder().secret(secret::new()?).transport(LateTransport::default());
        let auth = settings.apply(stores.furnish(builder)).build()?;
        Ok(Self { stores, settings, auth })
    }

    fn accounts(&self) -> anyhow::Result<&dyn Accounts> {
        match &self.stores.database {
            Some(database) => Ok(database.accounts()),
            None => {
                let what = "people are stored only with DATABASE_URL: Redis keeps their sessions";
                Err(Mistake::new(what, "DATABASE_URL=postgres://user:password@db.example.com:5432/app").into())
            }
        }
    }

    /// The person with this id or address.
    async fn find(&self, named: &str) -> anyhow::Result<Option<StoredUser>> {
        let accounts = self.accounts()?;
        if let Some(user) = accounts.find_user(named).await? {
            return Ok(Some(user));
        }
        // As it is stored since Authstile is in use; and as it may have been before.
        let address = EmailIdentifier::parse(named).map(|address| address.as_str().to_owned());
        for address in address.ok().into_iter().chain(named.contains('@').then(|| named.to_owned())) {
            if let Some(user) = accounts.find_user_by_email(&address).await? {
                return Ok(Some(user));
            }
        }
        Ok(None)
    }

    async fn person(&self, named: &str) -> anyhow::Result<StoredUser> {
        match self.find(named).await? {
            Some(user) => Ok(user),
            None => bail!("nobody has the id or e-mail address {named:?}"),
        }
    }

    /// The id of the person who is named. Where nobody is stored it has to be an id.
    async fn id_of(&self, named: &str) -> anyhow::Result<String> {
        if self.stores.database.is_some() {
            return Ok(self.person(named).await?.id);
        }
        if named.contains('@') {
            bail!("without DATABASE_URL nobody is stored, so {named:?} leads to nobody: name them by their id");
        }
        Ok(named.to_owned())
    }
}

/// Prints what was asked for.
fn print(text: &str) -> anyhow::Result<()> {
    write!(std::io::stdout().lock(), "{text}").context("the answer cannot be written")
}

/// Who somebody is, for a sentence.
fn called(user: &StoredUser) -> String {
    let name = user.name.as_deref().map(table::plain);
    let email = user.email.as_deref().map(table::plain);
    match (name, email) {
        (Some(name), Some(email)) => format!("{name} <{email}>"),
        (Some(name), None) => name,
        (None, Some(email)) => email,
        (None, None) => "somebody without name and address".to_owned(),
    }
}
