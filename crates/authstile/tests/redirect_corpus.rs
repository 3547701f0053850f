//! Nobody is sent where somebody else wants (`data/redirects.txt`): neither by the type that holds a place to return to,
//! nor by the engine, whichever way the wish comes in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use authstile::provider::Provider;
use authstile::{Auth, Origin, ReturnTo};
use authstile_testkit::{Browser, FakeTransport, TEST_SECRET};
use serde_json::Deserializer;
use url::Url;

const APP: &str = "https://app.example";
const PARTNER: &str = "https://partner.example";
const BASE: &str = "https://app.example/api/auth";

#[derive(Debug, Clone, PartialEq)]
enum Line {
    Own(String, String),
    Off(String),
    Raw(String),
}

fn corpus() -> Vec<Line> {
    let lines = include_str!("data/redirects.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut corpus: Vec<Line> = lines
        .map(|line| {
            let (verdict, rest) = line.split_once(' ').unwrap();
            let mut texts = Deserializer::from_str(rest).into_iter::<String>().map(Result::unwrap);
            let value = texts.next().unwrap();
            match verdict {
                "own" => Line::Own(value, texts.next().unwrap()),
                "off" => Line::Off(value),
                "raw" => Line::Raw(value),
                other => panic!("{other} in {line}"),
            }
        })
        .collect();
    // Too long to be written down.
    corpus.push(Line::Off(format!("/{}", "a".repeat(10_000))));
    corpus.push(Line::Off(format!("https://app.example/{}", "%20".repeat(4000))));
    corpus.push(Line::Off(format!("{}evil.example", "/".repeat(10_000))));
    corpus.push(Line::Off(format!("https://{}.evil.example", "app.example.".repeat(900))));
    corpus.push(Line::Off(format!("/{}", "ä".repeat(700))));
    corpus
}

/// What a browser makes of an address must be on an origin that is allowed, and be written out in full.
#[track_caller]
fn assert_allowed(result: &str, case: &str) {
    let url = Url::parse(result).unwrap_or_else(|error| panic!("{case:?} became {result:?}: {error}"));
    let origin = url.origin().ascii_serialization();
    assert!(origin == APP || origin == PARTNER, "{case:?} became {result:?}");
    assert!(url.username().is_empty() && url.password().is_none(), "{case:?} became {result:?}");
    let written = result.starts_with("https://app.example") || result.starts_with("https://partner.example");
    assert!(
        written && result.is_ascii() && !result.contains(['\\', ' ']) && !result.chars().any(char::is_control),
        "{result:?}"
    );
}

// Advisories: CVE-2022-24858, CVE-2022-29214, CVE-2026-28512, CVE-2026-28513.
#[test]
fn a_place_to_return_to_is_on_an_allowed_origin_by_construction() {
    let (origin, allowed) = (Origin::parse(APP).unwrap(), [Origin::parse(PARTNER).unwrap()]);
    let corpus = corpus();
    assert!(corpus.iter().filter(|line| matches!(line, Line::Off(_))).count() > 300);
    for line in &corpus {
        match line {
            Line::Own(value, result) => {
                let kept = ReturnTo::parse(value, &origin, &allowed).unwrap_or_else(|| panic!("{value:?} is dropped"));
                assert_eq!(kept.as_str(), result, "{value:?}");
                assert_allowed(kept.as_str(), value);
                let again = ReturnTo::parse(kept.as_str(), &origin, &allowed);
                assert_eq!(again.as_ref(), Some(&kept), "what was kept once is kept as it is");
            }
            Line::Off(value) => {
                let kept = ReturnTo::parse(value, &origin, &allowed);
                assert_eq!(kept, None, "{value:?} is kept");
            }
            Line::Raw(_) => {}
        }
    }
}

#[test]
fn without_a_list_only_our_own_origin_is_allowed() {
    let origin = Origin::parse(APP).unwrap();
    assert_eq!(ReturnTo::parse("https://partner.example/back", &origin, &[]), None);
    for line in corpus() {
        let (Line::Own(value, _) | Line::Off(value) | Line::Raw(value)) = line;
        if let Some(kept) = ReturnTo::parse(&value, &origin, &[]) {
            assert_eq!(Url::parse(kept.as_str()).unwrap().origin().ascii_serialization(), APP, "{value:?}");
        }
    }
}

fn engine() -> Auth {
    Auth::builder()
        .secret(TEST_SECRET)
        .url(APP)
        .allow_return_to(PARTNER)
        .provider(Provider::oidc("acme", "https://login.example").register("client", "secret"))
        .transport(FakeTransport::new(|_| http::Response::new("{}".into())))
        .build()
        .unwrap()
}

fn browser(auth: &Auth) -> Browser {
    let mut browser = Browser::new();
    let auth = auth.clone();
    browser.site(APP, move |request| {
        let auth = auth.clone();
        async move { auth.handle(request).await }
    });
    browser
}

/// JavaScript's `encodeURIComponent`.
fn encode(value: &str) -> String {
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    value
        .bytes()
        .map(|byte| if is_kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

// Advisories: CVE-2022-31093, GHSA-qqxw, GHSA-j7px, GHSA-5m6c, GHSA-4mf2.
#[tokio::test]
async fn the_engine_sends_nobody_elsewhere_whichever_way_the_wish_comes_in() {
    let auth = engine();
    let mut fresh = browser(&auth);
    let token = fresh.csrf_token(BASE).await;
    let sign_out = format!("{BASE}/signout");
    for line in corpus() {
        let (value, expected) = match &line {
            Line::Own(value, result) => (value, result.as_str()),
            Line::Off(value) => (value, APP),
            Line::Raw(_) => continue,
        };
        let encoded = encode(value);
        // In a form, which is also how a sign-in carries it.
        let mut browser = fresh.clone();
        let page = browser.post(&sign_out, &[("csrfToken", &token), ("callbackUrl", value)]).await;
        let to = page.headers["location"].to_str().unwrap().to_owned();
        assert_allowed(&to, value);
        // An empty wish is one all the same: it is no reason to look at what is remembered.
        assert_eq!(to, expected, "{value:?} in a form");
        let remembered =
            browser.cookies("app.example").iter().find(|(name, _)| name.ends_with("callback-url")).unwrap().1.clone();
        assert_eq!(remembered, encode(expected), "{value:?} is remembered");

        // In a query, on the page.
        let mut browser = fresh.clone();
        let page = browser.get(&format!("{BASE}/signin?callbackUrl={encoded}")).await;
        let field = page.field("callbackUrl").unwrap();
        assert_allowed(&field, value);
        assert_eq!(field, expected, "{value:?} in a query");

        // In the cookie, which a neighbouring host may have set.
        if encoded.len() < 4000 {
            let mut browser = fresh.clone();
            browser.set_cookie("app.example", "__Secure-authjs.callback-url", &encoded);
            let page = browser.post(&sign_out, &[("csrfToken", &token)]).await;
            let to = page.headers["location"].to_str().unwrap();
            assert_allowed(to, value);
            assert_eq!(to, expected, "{value:?} in the cookie");
        }
    }
}

#[tokio::test]
async fn what_stands_in_an_address_or_a_body_as_it_is_leads_nowhere_else_either() {
    let auth = engine();
    let mut fresh = browser(&auth);
    let token = fresh.csrf_token(BASE).await;
    for line in corpus() {
        let Line::Raw(query) = line else { continue };
        let mut browser = fresh.clone();
        let page = browser.get(&format!("{BASE}/signin?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert_allowed(&page.field("callbackUrl").unwrap(), &query);
        let body = format!("csrfToken={token}&{query}");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let page = browser.send(http::Method::POST, &format!("{BASE}/signout"), &headers, body.into()).await;
        assert_allowed(page.headers["location"].to_str().unwrap(), &query);
    }
    // Bytes that are no text at all.
    for wild in [&b"\xff\xfe"[..], b"//\xffevil.example", b"https://evil.example\x00", b"\xc0\xaf\xc0\xafevil.example"]
    {
        let body = [b"csrfToken=", token.as_bytes(), b"&callbackUrl=", wild].concat();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let page = fresh.send(http::Method::POST, &format!("{BASE}/signout"), &headers, body.into()).await;
        assert_allowed(page.headers["location"].to_str().unwrap(), "bytes");
    }
}

#[tokio::test]
async fn of_a_repeated_wish_the_last_counts() {
    let auth = engine();
    let mut browser = browser(&auth);
    let token = browser.csrf_token(BASE).await;
    let mut ask = async |wishes: &[&str]| {
        let fields: Vec<(&str, &str)> = [("csrfToken", token.as_str())]
            .into_iter()
            .chain(wishes.iter().map(|wish| ("callbackUrl", *wish)))
            .collect();
        browser.post(&format!("{BASE}/signout"), &fields).await.headers["location"].to_str().unwrap().to_owned()
    };
    assert_eq!(ask(&["/first", "/last"]).await, "https://app.example/last");
    assert_eq!(ask(&["/first", "https://evil.example"]).await, "https://app.example", "and is not replaced by another");
    assert_eq!(ask(&["https://evil.example", "/last"]).await, "https://app.example/last");
}
