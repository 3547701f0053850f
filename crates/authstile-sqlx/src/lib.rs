//! Stores for Authstile in SQLite, PostgreSQL, MySQL and MariaDB, on sqlx.
//!
//! Each store is all that the engine can ask for: people with their accounts and passwords, sessions, one-time values,
//! revocations and the throttle. Tables and columns are those of Auth.js's SQL adapters, so that an existing database opens
//! as it is, with counted ids, texts or UUIDs, and goes on working for Auth.js after [`migrate`](SqliteStore::migrate).
//!
//! SQLite needs no set-up: the file is made, and brought up to date.
//!
//! ```
//! use authstile::{Accounts, store::NewUser};
//! use authstile_sqlx::SqliteStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("authstile-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! let store = SqliteStore::open(folder.join("people.db")).await?;
//! let ada = NewUser { id: "01".to_owned(), email: Some("ada@example.com".to_owned()), ..NewUser::default() };
//! store.register(&ada, None).await?;
//! assert!(store.find_user_by_email("ada@example.com").await?.is_some());
//! # store.pool().close().await;
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```
//!
//! The others are on a server, and changed only when you say so: `authstile migrate`, or
//!
#![cfg_attr(feature = "postgres", doc = "```no_run")]
#![cfg_attr(not(feature = "postgres"), doc = "```ignore")]
//! # async fn example() -> Result<(), authstile::StoreError> {
//! let mut store = authstile_sqlx::PostgresStore::open("postgres://localhost/people").await?;
//! print!("{}", store.migrate().await?);
//! # Ok(())
//! # }
//! ```
//!
//! With a pool of your own, use `from_pool`. What Authstile adds is in `migrations/` as plain SQL: columns that may be
//! null, tables that begin with `authstile_`, and the indexes that Auth.js's documented schema lacks. Until they are there,
//! people sign in all the same, a session remembers nothing beside its person, nothing counts as revoked or refused, and
//! whatever would have to be written down there, such as a password, a revocation or an attempt, fails with an error that
//! says what to do.
//!
//! | feature | store |
//! |---|---|
//! | `sqlite` (usual) | `SqliteStore` |
//! | `postgres` | `PostgresStore` |
//! | `mysql` | `MySqlStore`, also for MariaDB |

// The ports are written once, in `ports/`, and compiled for each database: there, `super` is the database.
#![allow(clippy::duplicate_mod, reason = "what is the same for each database is written once, without generics")]

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod core;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod dial;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod error;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod gather;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod lanes;
mod migration;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod shape;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod statements;

pub use migration::Migration;
#[cfg(feature = "mysql")]
pub use mysql::MySqlStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
