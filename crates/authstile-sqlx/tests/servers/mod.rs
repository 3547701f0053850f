//! A database of its own for each test, in a server that `cargo xtask test` starts.

#![allow(dead_code, reason = "each file of tests is for one server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is a failure")]

use std::sync::atomic::{AtomicU32, Ordering};

use authstile::env::Environment;
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

fn server(variable: &str) -> String {
    match Environment::of_process().get(variable) {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => panic!("{variable} is not set: run this test with `cargo xtask test`"),
    }
}

fn name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("authstile_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Runs to its end where nobody can wait, on a thread of its own.
fn finish(work: impl Future<Output = ()> + Send + 'static) {
    let run = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
    std::thread::spawn(run).join().unwrap();
}

/// A door to a server that can be shut: then nobody listens there, and whoever was connected is cut off.
pub(crate) struct Door {
    to: String,
    port: u16,
    open: Option<JoinSet<()>>,
}

impl Door {
    /// To the server of a URL.
    pub(crate) async fn to(url: &str) -> Self {
        let (_, rest) = url.rsplit_once('@').unwrap();
        let to = rest.split(['/', '?']).next().unwrap().to_owned();
        let mut door = Self { to, port: 0, open: None };
        door.open().await;
        door
    }

    /// The same URL, through the door.
    pub(crate) fn through(&self, url: &str) -> String {
        url.replacen(&format!("@{}", self.to), &format!("@127.0.0.1:{}", self.port), 1)
    }

    pub(crate) async fn open(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        (self.port, self.open) = (listener.local_addr().unwrap().port(), Some(JoinSet::new()));
        let to = self.to.clone();
        let pass = async move {
            let mut passing = JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                let to = to.clone();
                passing.spawn(async move {
                    let mut server = TcpStream::connect(to).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut from, &mut server).await;
                });
            }
        };
        self.open.as_mut().unwrap().spawn(pass);
    }

    pub(crate) async fn shut(&mut self) {
        self.open.take().unwrap().shutdown().await;
    }
}

/// A schema in a PostgreSQL server, gone afterwards.
pub(crate) struct Postgres {
    server: String,
    name: String,
    /// Leads to the schema.
    pub(crate) url: String,
}

impl Postgres {
    /// With tables that somebody else made.
    pub(crate) async fn with(schema: &str) -> Self {
        let (server, name) = (server("AUTHSTILE_TEST_POSTGRES"), name());
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options[search_path]={name}");
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        let create = format!("CREATE SCHEMA {name}; {schema}");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Self { server, name, url }
    }

    pub(crate) async fn pool(&self) -> sqlx::PgPool {
        sqlx::PgPool::connect(&self.url).await.unwrap()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let (server, drop) = (self.server.clone(), format!("DROP SCHEMA {} CASCADE", self.name));
        finish(async move {
            let mut connection = sqlx::PgConnection::connect(&server).await.unwrap();
            sqlx::raw_sql("SET client_min_messages = warning").execute(&mut connection).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
        });
    }
}

/// A database in a MySQL or MariaDB server, gone afterwards.
pub(crate) struct MySql {
    server: String,
    name: String,
    /// Leads to the database.
    pub(crate) url: String,
}

impl MySql {
    /// With tables that somebody else made.
    pub(crate) async fn with(schema: &str) -> Self {
        let (server, name) = (server("AUTHSTILE_TEST_MYSQL"), name());
        // The server's own database, if its URL names one, stays as it is.
        let end = server.find("://").map_or(0, |at| at + 3);
        let (scheme, rest) = server.split_at(end);
        let url = format!("{scheme}{}/{name}", rest.split('/').next().unwrap());
        let mut connection = sqlx::MySqlConnection::connect(&server).await.unwrap();
        let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4; USE {name}; {schema}");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Self { server, name, url }
    }

    pub(crate) async fn pool(&self) -> sqlx::MySqlPool {
        sqlx::MySqlPool::connect(&self.url).await.unwrap()
    }
}

impl Drop for MySql {
    fn drop(&mut self) {
        let (server, drop) = (self.server.clone(), format!("DROP DATABASE {}", self.name));
        finish(async move {
            let mut connection = sqlx::MySqlConnection::connect(&server).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
        });
    }
}
