//! Where people and sessions are kept: in a database, in Redis, in both, or nowhere.

mod address;
mod database;
mod settings;

use authstile::env::Environment;
use authstile::store::MemoryThrottle;
use authstile::{AuthBuilder, StoreError};
use authstile_redis::RedisStore;

pub(crate) use address::DatabaseAddress;
use address::RedisAddress;
pub(crate) use database::{Database, MissingFile, migrate, pending};
pub(crate) use settings::Settings;

use crate::mistake::Mistake;

/// What `DATABASE_URL` and `REDIS_URL` say.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    pub(crate) database: Option<DatabaseAddress>,
    redis: Option<RedisAddress>,
}

impl Addresses {
    pub(crate) fn of(environment: &Environment) -> Result<Self, Mistake> {
        Ok(Self {
            database: environment.get("DATABASE_URL").map(DatabaseAddress::parse).transpose()?,
            redis: environment.get("REDIS_URL").map(RedisAddress::parse).transpose()?,
        })
    }

    /// Whether sessions can be kept outside of the browser, and links in mails be remembered.
    pub(crate) fn any(&self) -> bool {
        self.database.is_some() || self.redis.is_some()
    }

    /// Whether sessions are in the tables that Auth.js knows.
    fn shares_tables(&self) -> bool {
        self.database.is_some() && self.redis.is_none()
    }
}

/// Stores that answer.
#[derive(Debug, Clone)]
pub(crate) struct Stores {
    pub(crate) database: Option<Database>,
    redis: Option<RedisStore>,
}

impl Stores {
    /// Opens what the addresses lead to.
    pub(crate) async fn open(addresses: &Addresses, missing: MissingFile) -> Result<Self, Mistake> {
        let mut stores = Self { database: None, redis: None };
        if let Some(address) = &addresses.database {
            stores.database = Some(Database::open(address, missing).await?);
        }
        if let Some(address) = &addresses.redis {
            stores.redis = Some(open_redis(address).await?);
        }
        Ok(stores)
    }

    /// Gives the engine each port from the store that is best for it.
    pub(crate) fn furnish(&self, builder: AuthBuilder) -> AuthBuilder {
        let builder = match &self.database {
            Some(database) => database.furnish(builder),
            None => builder,
        };
        match &self.redis {
            Some(redis) => builder
                .sessions(redis.clone())
                .one_time(redis.clone())
                .revocations(redis.clone())
                .throttle(redis.clone())
                .leases(redis.clone()),
            None if self.database.as_ref().is_some_and(|database| !database.has_own_tables()) => {
                tracing::warn!(
                    "attempts are counted in memory, so each process has limits of its own, until `authstile migrate` \
                     has run and this is started again"
                );
                builder.throttle(MemoryThrottle::default())
            }
            None => builder,
        }
    }

    /// Whether each of them answers.
    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        if let Some(database) = &self.database {
            // By the index of the ids, whatever they are; and over the connections that sign-ins use.
            database.accounts().list_users(None, 1).await?;
        }
        if let Some(redis) = &self.redis {
            redis.ping().await?;
        }
        Ok(())
    }
}

async fn open_redis(address: &RedisAddress) -> Result<RedisStore, Mistake> {
    let urls = address.urls.iter().map(String::as_str);
    let store = match address.urls.as_slice() {
        [url] if !address.is_cluster => RedisStore::single(url),
        _ => RedisStore::cluster(urls),
    };
    let why = |error: &StoreError| std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let store = store.map_err(|error| {
        address.mistake(
            format_args!("has an address that cannot be understood: {}", why(&error)),
            "the address of a server",
        )
    })?;
    match store.ping().await {
        Ok(()) => Ok(store),
        Err(error) if error.is_unavailable() => {
            let what = format!("cannot be reached: {}", why(&error));
            Err(address.mistake(what, "start the server, or say where it is; several of a cluster with commas"))
        }
        Err(error) => Err(address
            .mistake(format_args!("does not let us in: {}", why(&error)), "the server's password, if it has one")),
    }
}
