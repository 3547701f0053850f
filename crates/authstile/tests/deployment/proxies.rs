//! Behind proxies: who is believed, and that every address of ours leads back to us.

use std::collections::BTreeSet;

use authstile::{AuthBuilder, EmailProvider, HostPolicy, MemoryStore, Pages};
use http::StatusCode;

use super::*;

const PROXY: Option<&str> = Some("10.0.0.1");
const APP: &str = "https://app.example/api/auth/callback/acme";

fn listed(builder: AuthBuilder) -> AuthBuilder {
    builder.trusted_proxies("10.0.0.0/8".parse().unwrap()).provider(acme())
}

fn tenants(builder: AuthBuilder) -> AuthBuilder {
    listed(builder).origins([
        "https://app.example",
        "https://*.tenant.app",
        "http://app.example",
        "https://app.example:8443",
    ])
}

#[tokio::test]
async fn cve_2026_40575_forwarded_headers_of_others_are_ignored() {
    let own = ("host", "app.example");
    let forged = [
        own,
        ("x-forwarded-host", "one.tenant.app"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-port", "8443"),
        ("x-forwarded-prefix", "/evil"),
        ("x-forwarded-uri", "/evil"),
        ("forwarded", "for=1.2.3.4;host=one.tenant.app;proto=http"),
    ];
    for policy in [
        HostPolicy::AllowList(vec!["https://*.tenant.app".parse().unwrap(), "https://app.example".parse().unwrap()]),
        HostPolicy::Fixed(
            "https://app.example".parse::<authstile::OriginPattern>().unwrap().as_origin().unwrap().clone(),
        ),
        HostPolicy::TrustForwarded,
    ] {
        let auth = engine(|builder| listed(builder).host(policy.clone()));
        for stranger in [None, Some("192.0.2.1"), Some("11.0.0.1"), Some("::1")] {
            assert_eq!(callback_url(&auth, stranger, &forged).await.as_deref(), Ok(APP), "{stranger:?} {policy:?}");
        }
    }
    let nobody_listed =
        engine(|builder| builder.provider(acme()).origins(["https://app.example", "https://*.tenant.app"]));
    assert_eq!(callback_url(&nobody_listed, PROXY, &forged).await.as_deref(), Ok(APP), "no trust unless it is given");
}

// Advisories: CVE-2021-39206, CVE-2026-26308.
#[tokio::test]
async fn listed_proxies_say_where_the_browser_is() {
    let auth = engine(tenants);
    let inside = ("host", "engine:3000");
    for (headers, expected) in [
        (&[("host", "app.example")][..], "https://app.example"),
        (&[inside, ("x-forwarded-host", "app.example"), ("x-forwarded-proto", "https")], "https://app.example"),
        (&[inside, ("x-forwarded-host", "app.example"), ("x-forwarded-proto", "http")], "http://app.example"),
        (&[("host", "app.example"), ("x-forwarded-port", "8443")], "https://app.example:8443"),
        (&[inside, ("x-forwarded-host", "app.example"), ("x-forwarded-port", "443")], "https://app.example"),
        (&[inside, ("forwarded", "for=1.2.3.4;host=one.tenant.app;proto=https")], "https://one.tenant.app"),
        (&[inside, ("forwarded", "host=\"app.example:8443\"")], "https://app.example:8443"),
        (&[("host", "app.example"), ("x-forwarded-prefix", "/notes/")], "https://app.example/notes"),
    ] {
        let believed = callback_url(&auth, PROXY, headers).await;
        assert_eq!(believed, Ok(format!("{expected}/api/auth/callback/acme")), "{headers:?}");
    }
    for (headers, status) in [
        (&[inside][..], 421),
        (&[inside, ("x-forwarded-host", "evil.example")], 421),
        (&[inside, ("x-forwarded-host", "one.tenant.app"), ("x-forwarded-proto", "http")], 421),
        (&[inside, ("x-forwarded-host", "app.example"), ("x-forwarded-host", "app.example")], 400),
        (&[inside, ("x-forwarded-host", "app.example, one.tenant.app")], 400),
        (&[inside, ("x-forwarded-host", "app.example"), ("forwarded", "host=one.tenant.app")], 400),
        (&[("host", "app.example"), ("x-forwarded-prefix", "//evil.example")], 400),
        (&[("host", "app.example"), ("x-forwarded-prefix", "/../evil")], 400),
        (&[("host", "app.example"), ("forwarded", "for=;")], 400),
        (&[("host", "app.example:8443"), ("x-forwarded-port", "443")], 421),
    ] {
        assert_eq!(callback_url(&auth, PROXY, headers).await, Err(status), "{headers:?}");
    }
}

#[tokio::test]
async fn cve_2024_45410_a_client_takes_no_header_of_a_proxy_away() {
    let auth = engine(tenants);
    let attack = [("host", "app.example"), ("connection", "close, X-Forwarded-Host"), ("x-forwarded-proto", "https")];
    assert_eq!(callback_url(&auth, PROXY, &attack).await, Err(400));
    assert!(callback_url(&auth, PROXY, &[attack[0], ("connection", "close"), attack[2]]).await.is_ok());
}

#[tokio::test]
async fn cve_2026_54764_the_port_is_none_that_a_client_names() {
    let auth = engine(tenants);
    let forged = [("host", "app.example"), ("x-forwarded-port", "8443")];
    assert_eq!(callback_url(&auth, Some("192.0.2.1"), &forged).await.as_deref(), Ok(APP));
    assert_eq!(callback_url(&auth, PROXY, &[("host", "app.example:4443")]).await, Err(421), "ports are listed too");
}

#[tokio::test]
async fn the_application_hears_what_proxies_say_through_its_door() {
    let auth = engine(|builder| tenants(builder).credentials(password()));
    let asked = headers(&[
        ("host", "engine:3000"),
        ("x-forwarded-host", "one.tenant.app"),
        ("x-forwarded-prefix", "/notes"),
        ("accept", "text/html"),
    ]);
    assert!(auth.session(&asked, &here()).await.is_err(), "nobody said who the peer is");
    let auth = auth.for_peer(Some(PeerAddress("10.0.0.1".parse().unwrap())));
    assert!(auth.session(&asked, &here()).await.unwrap().is_none());
    let challenge = auth.challenge(&http::Method::GET, &here(), &asked);
    assert_eq!(
        challenge.headers()["location"],
        "https://one.tenant.app/notes/api/auth/signin?callbackUrl=https%3A%2F%2Fone.tenant.app%2Fnotes%2Fdash"
    );
    let contradiction = headers(&[("host", "app.example"), ("x-forwarded-proto", "https, http")]);
    let error = auth.session(&contradiction, &here()).await.unwrap_err();
    assert_eq!(auth.failure(&contradiction, &error).status(), StatusCode::BAD_REQUEST);
}

// Advisories: CVE-2026-45364.
#[tokio::test]
async fn the_client_is_whom_the_proxy_saw() {
    let store = MemoryStore::new();
    let user = authstile::store::NewUser { id: "ada".into(), ..Default::default() };
    authstile::Accounts::register(&store, &user, None).await.unwrap();
    let auth = engine(|builder| tenants(builder).credentials(password()).store(store.clone()));
    for (peer, said, client) in [
        ("10.0.0.1", "1.2.3.4, 192.0.2.7", "192.0.2.7"),
        ("192.0.2.9", "1.2.3.4", "192.0.2.9"),
        ("10.0.0.1", "192.0.2.8, 10.0.0.2", "192.0.2.8"),
    ] {
        let mut browser = Browser::new();
        let behind = auth.clone();
        browser.site("https://app.example", move |mut request| {
            request.headers_mut().insert("x-forwarded-for", said.parse().unwrap());
            request.extensions_mut().insert(PeerAddress(peer.parse().unwrap()));
            let auth = behind.clone();
            async move { auth.handle(request).await }
        });
        sign_in(&mut browser, "https://app.example").await;
        let sessions = auth.sessions_of("ada").await.unwrap();
        assert!(sessions.iter().any(|session| session.address.as_deref() == Some(client)), "{client}: {sessions:?}");
    }
}

/// The addresses in a text that a browser would follow or send a form to.
fn addresses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in ["href=\"", "action=\"", "Url\":\"", "url\":\""] {
        for rest in text.split(attribute).skip(1) {
            found.push(rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&"));
        }
    }
    found
}

/// A proxy that serves the engine below a prefix: what does not begin with it, nobody answers.
fn below(browser: &mut Browser, auth: &Auth, origin: &'static str, prefix: &'static str) {
    let auth = auth.clone();
    browser.site(origin, move |mut request| {
        let auth = auth.clone();
        async move {
            let path = request.uri().path_and_query().unwrap().as_str().to_owned();
            let Some(rest) = path.strip_prefix(prefix).filter(|rest| rest.starts_with('/')) else {
                return Response::builder().status(404).body(Bytes::new()).unwrap();
            };
            *request.uri_mut() = rest.parse().unwrap();
            let host = request.headers_mut().insert("host", "engine:3000".parse().unwrap()).unwrap();
            let headers = request.headers_mut();
            headers.insert("x-forwarded-host", host);
            headers.insert("x-forwarded-proto", origin.split(':').next().unwrap().parse().unwrap());
            if !prefix.is_empty() {
                headers.insert("x-forwarded-prefix", prefix.parse().unwrap());
            }
            request.extensions_mut().insert(PeerAddress("10.0.0.1".parse().unwrap()));
            auth.handle(request).await
        }
    });
}

#[tokio::test]
async fn every_address_of_ours_is_reachable_and_has_prefix_and_base_path_once() {
    for origin in ["https://app.example", "http://localhost:3000", "https://one.tenant.app"] {
        for prefix in ["", "/notes", "/api/auth", "/a/b"] {
            for base_path in ["/api/auth", "/auth", ""] {
                reachable(origin, prefix, base_path, None).await;
                reachable(origin, prefix, base_path, Some("/login")).await;
            }
        }
    }
}

async fn reachable(origin: &'static str, prefix: &'static str, base_path: &str, own_page: Option<&str>) {
    let outbox = Outbox::default();
    let auth = engine(|builder| {
        let own = own_page.map(str::to_owned);
        let pages = Pages { sign_in: own.clone(), sign_out: own.clone(), error: own, ..Pages::default() };
        listed(builder)
            .base_path(base_path)
            .origins(["https://app.example", "http://localhost:3000", "https://*.tenant.app"])
            .email(EmailProvider::new("email", outbox.clone()))
            .credentials(password())
            .sessions_in_cookies()
            .one_time(MemoryStore::new())
            .pages(pages)
    });
    let mut browser = Browser::new();
    below(&mut browser, &auth, origin, prefix);
    let root = format!("{origin}{prefix}");
    let base = format!("{root}{base_path}");
    let mut found = BTreeSet::new();
    for path in [
        "signin",
        "signin?error=OAuthCallbackError",
        "signout",
        "error",
        "error?error=Verification",
        "verify-request",
        "providers",
        "signed-out",
    ] {
        let page = browser.get(&format!("{base}/{path}")).await;
        assert!(!page.status.is_client_error() || path.contains("Verification"), "{base}/{path}: {page:?}");
        found.extend(addresses(&page.body));
        found.extend(page.location().map(String::from));
    }
    let token = browser.csrf_token(&base).await;
    let csrf = ("csrfToken", token.as_str());
    let ask = browser.post(&format!("{base}/signin/acme"), &[csrf]).await.location().unwrap();
    let redirect_uri = query(&ask, "redirect_uri").unwrap();
    assert_eq!(redirect_uri, format!("{base}/callback/acme"));
    let answer = format!("{redirect_uri}?code=c&state={}", query(&ask, "state").unwrap());
    for (path, fields) in [
        ("signin", vec![csrf]),
        ("signin/email", vec![csrf, ("email", "ada@acme.example")]),
        ("signin/email", vec![csrf, ("email", "nonsense")]),
        ("signin/acme", vec![]),
        ("callback/credentials", vec![csrf, ("password", "wrong")]),
        ("callback/credentials", vec![csrf, ("password", "opensesame")]),
        ("signout", vec![csrf]),
    ] {
        let page = browser.post(&format!("{base}/{path}"), &fields).await;
        found.extend(page.location().map(String::from));
    }
    found.insert(location(&browser.get(&answer).await));
    let link = outbox.link();
    found.insert(link.to_string());
    found.extend(addresses(&browser.get(link.as_str()).await.body));
    assert!(found.len() > 8, "{found:?}");
    for address in found {
        let rest = address.strip_prefix(&root).unwrap_or_else(|| panic!("{address} is not below {root}"));
        let path = rest.split(['?', '#']).next().unwrap();
        // Home, a page of the application's, or one of ours.
        let ours = path.strip_prefix(base_path).filter(|path| {
            ["/signin", "/signout", "/callback/", "/error", "/verify-request", "/signed-out"]
                .iter()
                .any(|own| path.starts_with(own))
        });
        assert!(matches!(path, "" | "/") || own_page == Some(path) || ours.is_some(), "{address} is not below {base}");
        assert!(ours.is_none_or(|path| base_path.is_empty() || !path.contains(base_path)), "{address}: twice");
        if let Some(at) = ours {
            let answered = browser.get(&format!("{base}{at}")).await;
            assert_ne!(answered.status, StatusCode::NOT_FOUND, "{address}");
        }
    }
}

#[tokio::test]
async fn cookies_are_for_the_whole_host_as_in_auth_js() {
    let auth = engine(tenants);
    let mut browser = Browser::new();
    below(&mut browser, &auth, "https://app.example", "/notes");
    let page = browser.get("https://app.example/notes/api/auth/csrf").await;
    assert!(!page.set_cookies().is_empty());
    assert!(page.set_cookies().iter().all(|cookie| cookie.contains("; Path=/;")), "{:?}", page.set_cookies());
}

// Advisories: CVE-2026-41059, CVE-2025-54576, CVE-2021-39206, CVE-2019-9901, CVE-2026-33494.
#[tokio::test]
async fn cve_2026_41059_only_the_path_itself_is_a_route() {
    let auth = engine(tenants);
    let base = "/api/auth/session";
    assert_eq!(ask(&auth, None, base, &[("host", "app.example")]).await.status(), StatusCode::OK);
    for path in [
        "/api/auth/session;x",
        "/api/auth/session%23x",
        "/api/auth/session%3Fx",
        "/api/auth/session%2f",
        "/api/auth/%73ession",
        "/api/auth/x/../session",
        "/api/auth/./session",
        "/api/auth%2fsession",
        "/api/auth/session/..",
        "/x?/api/auth/session",
        "/x?#/api/auth/session",
        "/API/auth/session",
        "/api/auth/session\u{7f}",
    ] {
        let Ok(uri) = path.parse::<Uri>() else { continue };
        let answer = ask(&auth, None, &uri.to_string(), &[("host", "app.example")]).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
    }
}
