//! What can be said without a server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is a failure")]

use authstile_redis::RedisStore;
use tokio::net::TcpListener;

#[test]
fn addresses_are_looked_at_at_once() {
    for url in ["", "redis.example:6379", "http://redis.example", "redis://:x@:y"] {
        let error = RedisStore::single(url).unwrap_err();
        assert!(!error.is_unavailable(), "{url}: {error}");
        assert!(RedisStore::cluster([url]).is_err(), "{url}");
    }
    assert!(RedisStore::cluster([]).is_err());
}

#[test]
fn a_store_does_not_show_its_password() {
    let store = RedisStore::single("redis://user:hunter2@redis.example").unwrap();
    assert!(!format!("{store:?}").contains("hunter2"));
}

/// TLS has its cryptography. What answers here does not speak TLS, so it is not more than an error.
#[tokio::test]
async fn tls_is_there() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("rediss://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let error = RedisStore::single(&url).unwrap().ping().await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    server.abort();
}
