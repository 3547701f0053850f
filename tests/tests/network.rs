//! The way to the network holds its limits: a provider that is slow, talks too much or points elsewhere costs no more than
//! its slot.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authstile::{Auth, Limits, Transport as _, TransportError};
use authstile_idp::Misbehave;
use authstile_reqwest::ReqwestTransport;
use authstile_scalekit::Scalekit;
use authstile_testkit::{Browser, Loopback, TEST_SECRET};
use authstile_tests::log::Log;
use authstile_tests::{APP, BASE, CLIENT_ID, CLIENT_SECRET, furnish};
use bytes::Bytes;
use http::{Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

fn transport(total: u64) -> ReqwestTransport {
    let limits = Limits { total: Duration::from_millis(total), body: 1000, ..Limits::default() };
    ReqwestTransport::with_limits(limits).unwrap()
}

async fn get(transport: &ReqwestTransport, url: &str) -> Result<Response<Bytes>, TransportError> {
    transport.send(Request::get(url).body(Bytes::new()).unwrap()).await
}

/// A server that says what the test lets it say, byte for byte, once for each connection.
async fn raw<F, R>(answer: F) -> String
where
    F: Fn(TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/x?secret=in-the-query", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            tokio::spawn(answer(stream));
        }
    });
    url
}

#[test]
fn the_usual_limits_are_those_that_are_promised() {
    let limits = Limits::default();
    assert_eq!((limits.connect.as_secs(), limits.total.as_secs(), limits.body), (5, 10, 1024 * 1024));
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read() {
    // Announced, and not announced.
    let announced = raw(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let chunked = raw(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        while stream.write_all(format!("64\r\n{}\r\n", "x".repeat(100)).as_bytes()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for url in [announced, chunked] {
        assert_eq!(get(&transport(10_000), &url).await.unwrap_err(), TransportError::TooLarge(1000), "{url}");
    }
    let fitting = raw(|mut stream| async move {
        let _ = stream
            .write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{}", "x".repeat(1000)).as_bytes())
            .await;
    })
    .await;
    assert_eq!(get(&transport(10_000), &fitting).await.unwrap().body().len(), 1000);
}

#[tokio::test]
async fn who_is_slow_is_not_waited_for() {
    let silent = raw(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let trickling = raw(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    for url in [silent, trickling] {
        assert_eq!(get(&transport(300), &url).await.unwrap_err(), TransportError::Timeout, "{url}");
    }
}

#[tokio::test]
async fn a_connection_that_fails_is_an_error_that_tells_no_secret() {
    let nobody = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        format!("http://{}/x?secret=in-the-query", listener.local_addr().unwrap())
    };
    let error = get(&transport(1000), &nobody).await.unwrap_err();
    assert!(matches!(error, TransportError::Unreachable(_)), "{error:?}");
    let cut_off = raw(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nshort").await;
    })
    .await;
    let nonsense = raw(|mut stream| async move {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await;
    })
    .await;
    for url in [cut_off, nonsense] {
        let error = get(&transport(1000), &url).await.unwrap_err();
        assert!(matches!(error, TransportError::Broken(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("in-the-query"), "{error:?}");
    }
    assert!(!format!("{error} {error:?}").contains("in-the-query"), "{error:?}");
    // A certificate that nobody vouches for is as good as nobody there.
    let plain = raw(|_| async {}).await.replace("http://", "https://");
    assert!(get(&transport(1000), &plain).await.is_err());
}

#[tokio::test]
async fn redirects_are_not_followed_and_cookies_not_kept() {
    let mut server = Loopback::bind().await.unwrap();
    let (origin, elsewhere) = (server.origin(), Arc::new(AtomicUsize::new(0)));
    let seen: Arc<Mutex<Vec<bool>>> = Arc::default();
    server.serve({
        let (elsewhere, seen) = (elsewhere.clone(), seen.clone());
        move |request| {
            elsewhere.fetch_add(usize::from(request.uri().path() == "/elsewhere"), Ordering::SeqCst);
            seen.lock().unwrap().push(request.headers().contains_key("cookie"));
            let answer =
                Response::builder().status(307).header("location", "/elsewhere").header("set-cookie", "a=b; Path=/");
            std::future::ready(answer.body(Bytes::new()).unwrap())
        }
    });
    let transport = transport(1000);
    for _ in 0..2 {
        assert_eq!(get(&transport, &format!("{origin}/here")).await.unwrap().status(), 307);
    }
    assert_eq!(elsewhere.load(Ordering::SeqCst), 0);
    assert_eq!(*seen.lock().unwrap(), [false, false]);
}

#[tokio::test]
async fn whole_sign_ins_go_over_a_real_network() {
    let clock = authstile_testkit::FixedClock::at(authstile_tests::NOW);
    let mut server = Loopback::bind().await.unwrap();
    let idp = furnish(&server.origin(), BASE, &clock).build();
    idp.auto_sign_in(Some("ada@acme.example"));
    server.serve({
        let idp = idp.clone();
        move |request| std::future::ready(idp.handle(request))
    });
    let log = Log::keep();
    for (misbehave, path, leaf) in [
        (None, "/dash", ""),
        (Some(Misbehave::TokenTooLarge), "/api/auth/signin", "the answer is larger than 1048576 bytes"),
        (Some(Misbehave::TokenRedirect), "/api/auth/signin", "the token endpoint answered 302"),
        (Some(Misbehave::TokenNotJson), "/api/auth/signin", "the token endpoint answered 502"),
    ] {
        let auth = Auth::builder()
            .secret(TEST_SECRET)
            .clock(clock.clone())
            .provider(Scalekit::new(CLIENT_ID, CLIENT_SECRET, server.origin()).domain("acme.example"))
            .transport(ReqwestTransport::new().unwrap())
            .build()
            .unwrap();
        let mut browser = Browser::new();
        browser.site(APP, move |request| {
            let auth = auth.clone();
            async move { auth.handle(request).await }
        });
        let provider = idp.clone();
        browser.site(&server.origin(), move |request| std::future::ready(provider.handle(request)));
        idp.misbehave(misbehave);
        idp.clear_requests();
        let _ = log.take();
        let ask = browser.press_sign_in(BASE, "scalekit", "/dash").await.location().unwrap();
        let callback = browser.get(ask.as_str()).await.location().unwrap();
        let page = browser.get(callback.as_str()).await;
        assert_eq!(page.location().unwrap().path(), path, "{misbehave:?}");
        assert!(!idp.requests().iter().any(|request| request.path == "/elsewhere"));
        let entries = log.take();
        let said = entries.iter().any(|entry| entry.field("error").is_some_and(|error| error.contains(leaf)));
        assert!(said || leaf.is_empty(), "{misbehave:?}: {leaf}");
        // Nor do the libraries underneath write down what they carry.
        let verifier =
            idp.requests().iter().flat_map(|request| request.form.clone()).find(|(name, _)| name == "code_verifier");
        let code = callback.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        for secret in [CLIENT_SECRET, &verifier.unwrap().1, &code] {
            let leak = entries.iter().find(|entry| entry.fields.iter().any(|(_, value)| value.contains(secret)));
            assert!(leak.is_none(), "{leak:?}");
        }
    }
}
