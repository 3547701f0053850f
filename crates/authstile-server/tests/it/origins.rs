//! `authstile serve` at several origins, and behind proxies.

use crate::program::{SECRET, Server, client, run};

const ORIGINS: (&str, &str) = ("AUTH_URL", "https://app.example/auth, https://*.tenant.app/auth");
const PROVIDER: [(&str, &str); 2] = [("AUTH_GITHUB_ID", "1"), ("AUTH_GITHUB_SECRET", "s")];

/// The callback that it names to who asks like this; or the status.
async fn callback(origin: &str, headers: &[(&str, &str)]) -> Result<String, u16> {
    let request = client().get(format!("{origin}/auth/providers"));
    let answer =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    body["github"]["callbackUrl"].as_str().map(str::to_owned).ok_or(status)
}

#[tokio::test]
async fn hosts_are_those_of_the_list() {
    let (mut server, origin) = Server::serve(&[ORIGINS, PROVIDER[0], PROVIDER[1]]);
    for uri in ["https://app.example/auth/callback/github", "https://*.tenant.app/auth/callback/github"] {
        assert!(server.said.contains(uri), "{}", server.said);
    }
    let own = callback(&origin, &[("host", "one.tenant.app")]).await;
    assert_eq!(own.as_deref(), Ok("https://one.tenant.app/auth/callback/github"));
    let forged = [("host", "app.example"), ("x-forwarded-host", "one.tenant.app"), ("x-forwarded-prefix", "/x")];
    assert_eq!(callback(&origin, &forged).await.as_deref(), Ok("https://app.example/auth/callback/github"));
    assert_eq!(callback(&origin, &[("host", "evil.example")]).await, Err(421));
    server.terminate();
    let ended = server.end();
    assert!(ended.err.contains("\"evil.example\"") && ended.err.contains("add it to AUTH_URL"), "{}", ended.err);
}

#[tokio::test]
async fn listed_proxies_are_believed() {
    let proxies = ("AUTHSTILE_TRUSTED_PROXIES", "127.0.0.0/8, ::1");
    let (_server, origin) = Server::serve(&[ORIGINS, proxies, PROVIDER[0], PROVIDER[1]]);
    let said = [("host", "engine"), ("x-forwarded-host", "one.tenant.app"), ("x-forwarded-prefix", "/notes")];
    let believed = callback(&origin, &said).await;
    assert_eq!(believed.as_deref(), Ok("https://one.tenant.app/notes/auth/callback/github"));
    let twice = [said[0], said[1], ("forwarded", "host=app.example")];
    assert_eq!(callback(&origin, &twice).await, Err(400));
}

#[test]
fn mistakes_are_named() {
    for (variable, value, said) in [
        ("AUTHSTILE_TRUSTED_PROXIES", "proxy.example", "AUTHSTILE_TRUSTED_PROXIES=127.0.0.1,10.0.0.0/8"),
        ("AUTH_URL", "https://a.example, https://*.com", "https://*.com"),
        ("AUTH_REDIRECT_PROXY_URL", "stable.example", "https://stable.example.com/api/auth"),
        ("AUTHSTILE_REDIRECT_PROXY_ORIGINS", "preview.example", "AUTHSTILE_REDIRECT_PROXY_ORIGINS"),
    ] {
        let ended = run(&["serve"], &[("AUTH_SECRET", SECRET), ("PORT", "0"), (variable, value)], "");
        assert_ne!(ended.code, Some(0), "{variable}");
        assert!(ended.err.contains(said), "{variable}: {}", ended.err);
    }
}
