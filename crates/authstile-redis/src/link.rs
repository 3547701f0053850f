//! The way to the server: one multiplexed connection, made again when it broke, with a limit to every round trip.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use authstile::StoreError;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisFuture, RedisResult,
    ScriptInvocation, ServerErrorKind, Value,
};
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// Where the data is.
#[derive(Clone)]
pub(crate) enum Servers {
    Single(Box<Client>),
    Cluster(Vec<String>),
}

/// A connection to there.
#[derive(Clone)]
enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// A way to the server that mends itself.
pub(crate) struct Link {
    servers: Servers,
    timeout: Duration,
    /// The connection, made by whoever needs it first. When it broke, an empty cell takes its place.
    current: RwLock<Arc<OnceCell<Connection>>>,
}

impl Link {
    pub(crate) fn new(servers: Servers, timeout: Duration) -> Self {
        Self { servers, timeout, current: RwLock::default() }
    }

    pub(crate) fn with_timeout(&self, timeout: Duration) -> Self {
        Self::new(self.servers.clone(), timeout)
    }

    /// One round trip.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let cell = self.current();
        let answer = async { command.query_async(&mut self.connection(&cell).await?).await };
        let answer = timeout(self.timeout, answer).await;
        self.judge(&cell, answer)
    }

    /// A script, whose text goes to the server when that does not know it.
    pub(crate) async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, StoreError> {
        let cell = self.current();
        let answer = async { script.invoke_async(&mut self.connection(&cell).await?).await };
        let answer = timeout(self.timeout, answer).await;
        self.judge(&cell, answer)
    }

    fn current(&self) -> Arc<OnceCell<Connection>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn connection(&self, cell: &OnceCell<Connection>) -> RedisResult<Connection> {
        cell.get_or_try_init(|| self.servers.connect(self.timeout)).await.cloned()
    }

    fn judge<T>(
        &self,
        cell: &Arc<OnceCell<Connection>>,
        answer: Result<RedisResult<T>, tokio::time::error::Elapsed>,
    ) -> Result<T, StoreError> {
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                if self.servers.are_better_connected_anew(&error) {
                    self.forget(cell);
                }
                Err(describe(error))
            }
            Err(elapsed) => {
                // A server that is slow looks like one that is gone without a word, so the next call connects anew.
                if matches!(self.servers, Servers::Single(_)) {
                    self.forget(cell);
                }
                Err(StoreError::unavailable(elapsed))
            }
        }
    }

    /// Gives a connection up, once: others may have noticed before.
    fn forget(&self, cell: &Arc<OnceCell<Connection>>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, cell) {
            *current = Arc::default();
        }
    }
}

impl Servers {
    pub(crate) fn single(url: &str) -> Result<Self, StoreError> {
        Ok(Self::Single(Box::new(Client::open(url).map_err(StoreError::other)?)))
    }

    pub(crate) fn cluster<'a>(urls: impl IntoIterator<Item = &'a str>) -> Result<Self, StoreError> {
        let urls: Vec<_> = urls.into_iter().map(str::to_owned).collect();
        // Only looks at the addresses.
        ClusterClient::new(urls.clone()).map_err(StoreError::other)?;
        Ok(Self::Cluster(urls))
    }

    /// Whether another connection may do better: this one is broken, was not let in, or leads to a server that only reads.
    fn are_better_connected_anew(&self, error: &RedisError) -> bool {
        let kind = error.kind();
        match self {
            Self::Single(_) => matches!(
                kind,
                ErrorKind::Io
                    | ErrorKind::AuthenticationFailed
                    | ErrorKind::Parse
                    | ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
            ),
            Self::Cluster(_) => kind == ErrorKind::AuthenticationFailed,
        }
    }

    async fn connect(&self, timeout: Duration) -> RedisResult<Connection> {
        match self {
            Self::Single(client) => {
                // The round trip has its limit already.
                let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
                client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::Single)
            }
            Self::Cluster(urls) => {
                // It connects to its servers anew by itself, to each in its time: one of them that is gone must not stop
                // the others. Two attempts fit into the limit.
                let client = ClusterClient::builder(urls.clone())
                    .connection_timeout(timeout / 3)
                    .response_timeout(timeout / 2)
                    .overall_response_timeout(Some(timeout))
                    .tcp_settings(tcp(timeout))
                    .retries(2)
                    .build()?;
                client.get_async_connection().await.map(Connection::Cluster)
            }
        }
    }
}

/// A server that is gone without a word is noticed by the acknowledgements that are missing, where the system can do that.
fn tcp(timeout: Duration) -> TcpSettings {
    let settings = TcpSettings::default();
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.set_user_timeout(timeout);
    #[cfg(not(any(target_os = "android", target_os = "fuchsia", target_os = "linux")))]
    let _ = timeout;
    settings
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}

/// Which of our words it is.
fn describe(error: RedisError) -> StoreError {
    let later = match error.kind() {
        ErrorKind::Io | ErrorKind::ClusterConnectionNotFound => true,
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::BusyLoading
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ReadOnly
                | ServerErrorKind::Moved
                | ServerErrorKind::Ask
        ),
        // A script that takes too long, and no memory left.
        _ => matches!(error.code(), Some("BUSY" | "OOM")),
    };
    if later { StoreError::unavailable(error) } else { StoreError::other(error) }
}
