//! docs/advisories.md claims nothing without a test; and the tests of advisories that belong nowhere else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "in tests a panic is a failure"
)]

use std::collections::BTreeSet;

use authstile::{ApiTokens, MemoryStore};
use authstile_oauth::jose::jwe::{self, CbcHmacKey, GcmKey, KeyPair};
use authstile_tests::pages::{self, Row};
use authstile_tests::{BASE, House, IDP, scalekit};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

#[test]
fn every_advisory_has_its_test_or_its_reason() {
    let rows = pages::rows("docs/advisories.md");
    let numbers: Vec<String> = rows.iter().map(|row| row.cells[0].clone()).collect();
    assert_eq!(numbers, (1..=86).map(|number| number.to_string()).collect::<Vec<_>>(), "each advisory has one row");
    for Row { cells } in &rows {
        let [number, ids, _, _, here] = &cells[..] else { panic!("{cells:?}") };
        if let Some(why) = here.strip_prefix("not applicable: ") {
            assert!(why.len() > 20 && !why.contains("::"), "row {number} does not say why: {why}");
            continue;
        }
        let tests = pages::tests(here);
        assert!(!tests.is_empty(), "row {number} names no test");
        for test in tests {
            let text = pages::text_of(&test).unwrap_or_else(|| panic!("row {number}: there is no test {test}"));
            let written = text.to_ascii_lowercase().replace('_', "-");
            let carries = ids.split(", ").any(|id| written.contains(&id.to_ascii_lowercase().replace(' ', "-")));
            let carries = carries || ids.split(", ").any(|id| text.contains(id));
            assert!(carries, "row {number}: {test} does not say that it is about {ids}");
        }
    }
}

#[test]
fn every_line_of_the_asvs_map_has_its_test_or_its_place() {
    let rows = pages::rows("docs/asvs.md");
    assert!(rows.len() > 50, "{}", rows.len());
    let mut seen = BTreeSet::new();
    for Row { cells } in &rows {
        let [number, _, how, shown] = &cells[..] else { panic!("{cells:?}") };
        assert!(seen.insert(number.clone()), "{number} stands there twice");
        assert!(how.len() > 10, "{number} does not say how");
        if how.starts_with("Not met") || how.starts_with("The application") || how.starts_with("The operator") {
            continue;
        }
        assert!(shown.contains('`'), "{number} names neither a test nor a file");
        for test in pages::tests(shown) {
            assert!(pages::text_of(&test).is_some(), "{number}: there is no test {test}");
        }
        for file in pages::files(shown) {
            assert!(pages::root().join(&file).exists(), "{number}: there is no {file}");
        }
    }
}

/// What no client should send, and some do.
fn odd_headers() -> Vec<HeaderValue> {
    let texts = ["%", "%%%", "%zz", "Bearer %", "Bearer %E0%A4%A", "\u{0}x", "a.b.c", "....", "\"", ",,,", ";;;==="];
    let mut odd: Vec<HeaderValue> = texts.iter().filter_map(|text| HeaderValue::from_str(text).ok()).collect();
    odd.push(HeaderValue::from_bytes(&[0xff, 0xfe, b'%', 0x80]).unwrap());
    odd.push(HeaderValue::from_bytes(&[b'%'; 5000]).unwrap());
    odd
}

// Advisories: CVE-2026-73418.
#[tokio::test]
async fn cve_2026_73418_no_header_is_more_than_a_refusal() {
    let house = House::new();
    let tokens = ApiTokens::builder(IDP).audience("api").transport(house.transport.clone()).build().unwrap();
    for value in odd_headers() {
        for name in ["authorization", "cookie", "origin", "referer", "x-forwarded-for", "content-type", "accept"] {
            let mut headers = HeaderMap::new();
            headers.insert("host", "localhost:3000".parse().unwrap());
            headers.insert(name, value.clone());
            let session = house.auth.session(&headers, &"/".parse().unwrap()).await;
            assert!(matches!(session, Ok(None)), "{name}: {value:?}");
            if name == "authorization" {
                assert!(tokens.authenticate(&headers, &[]).await.unwrap_err().status().is_client_error(), "{value:?}");
            }
        }
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost:3000".parse().unwrap());
        let cookie = [b"authjs.session-token=", value.as_bytes()].concat();
        headers.insert("cookie", HeaderValue::from_bytes(&cookie).unwrap());
        assert!(matches!(house.auth.session(&headers, &"/".parse().unwrap()).await, Ok(None)), "{value:?}");
    }
}

// Advisories: CVE-2025-61928.
#[tokio::test]
async fn cve_2025_61928_a_user_id_in_a_request_is_nobodys() {
    let store = MemoryStore::new();
    let mut house = House::with(|builder| builder.provider(scalekit()).store(store.clone()));
    house.sign_in().await;
    let ada = house.session().await["user"]["email"].clone();
    assert_eq!(ada, "ada@acme.example");
    let mut stranger = house.another_browser();
    let token = stranger.csrf_token(BASE).await;
    for name in ["userId", "user_id", "id", "sub", "email", "user[id]"] {
        let fields = [("csrfToken", token.as_str()), (name, "ada@acme.example")];
        for path in ["session", "signout", "callback/scalekit", "signin/scalekit", "connect"] {
            stranger.post(&format!("{BASE}/{path}"), &fields).await;
            assert_eq!(stranger.session(BASE).await, Value::Null, "{name} to {path}");
        }
        let asked = stranger.get(&format!("{BASE}/session?{name}=ada@acme.example")).await;
        assert_eq!(asked.json(), Value::Null, "{name}");
    }
    assert_eq!(house.session().await["user"]["email"], ada, "and nobody is signed out by it");
}

// Advisories: GHSA-wmjr-v86c-m9jj.
#[tokio::test]
async fn ghsa_wmjr_v86c_m9jj_a_forged_cookie_ends_nobodys_session() {
    let store = MemoryStore::new();
    let mut house = House::with(|builder| builder.provider(scalekit()).store(store.clone()));
    house.sign_in().await;
    let mut attacker = house.another_browser();
    for forged in ["ada@acme.example", "1", "..", "eyJhbGciOiJub25lIn0.e30."] {
        attacker.set_cookie("localhost", "authjs.session-token", forged);
        attacker.set_cookie("localhost", "authjs.session-token-ada", forged);
        attacker.press_sign_out(BASE).await;
        assert_eq!(house.session().await["user"]["email"], "ada@acme.example", "{forged}");
    }
}

// Advisories: CVE-2025-71404.
#[tokio::test]
async fn cve_2025_71404_the_error_page_reflects_nothing() {
    let mut house = House::new();
    for hostile in
        ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "'-alert(1)-'"]
    {
        let text: String = form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
        for page in ["error?error=", "signin?error=", "signin?callbackUrl=", "verify-request?error="] {
            let page = house.browser.get(&format!("{BASE}/{page}{text}&error_description={text}")).await;
            assert!(!page.body.contains(hostile), "{hostile}: {}", page.body);
            let policy = page.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        }
    }
}

// Advisories: Pomerium 2026-06.
#[test]
fn pomerium_2026_06_nothing_is_decompressed() {
    let keys = [KeyPair { cbc: CbcHmacKey::new(&[7; 64]).unwrap(), gcm: GcmKey::new(&[7; 32]).unwrap() }];
    let good = keys[0].cbc.seal(b"{}", [1; 16]).unwrap();
    assert!(jwe::open(&good, &keys).is_ok());
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A256CBC-HS512","zip":"DEF"}"#);
    let (_, rest) = good.split_once('.').unwrap();
    assert!(jwe::open(&format!("{header}.{rest}"), &keys).unwrap_err().to_string().contains("zip"));
    let long = format!("{good}{}", "A".repeat(jwe::MAX_LENGTH));
    assert!(jwe::open(&long, &keys).is_err(), "and what is too long is not decoded");
}

// Advisories: CVE-2025-29927.
#[tokio::test]
async fn cve_2025_29927_no_header_signs_anybody_in() {
    let house = House::new();
    for name in [
        "x-middleware-subrequest",
        "x-middleware-next",
        "x-forwarded-user",
        "x-auth-request-email",
        "x-internal",
        "x-original-url",
        "x-rewrite-url",
        "x-http-method-override",
    ] {
        for value in ["middleware:middleware:middleware:middleware:middleware", "1", "ada@acme.example", "/public"] {
            let mut headers = HeaderMap::new();
            headers.insert("host", "localhost:3000".parse().unwrap());
            headers.insert("accept", "text/html".parse().unwrap());
            headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
            let session = house.auth.session(&headers, &"/dashboard".parse().unwrap()).await;
            assert!(matches!(session, Ok(None)), "{name}: {value}");
        }
    }
}

// Advisories: CVE-2025-64762, CVE-2025-48947.
#[tokio::test]
async fn cve_2025_64762_what_is_somebodys_is_kept_by_no_cache() {
    let mut house = House::new();
    let callback = house.answer().await;
    let signed_in = house.browser.get(callback.as_str()).await;
    assert!(!signed_in.set_cookies().is_empty());
    let session = house.browser.get(&format!("{BASE}/session")).await;
    let csrf = house.another_browser().get(&format!("{BASE}/csrf")).await;
    let page = house.another_browser().get(&format!("{BASE}/signin")).await;
    for answer in [signed_in, session, csrf, page] {
        let kept = answer.headers.get("cache-control").map(|value| value.to_str().unwrap().to_owned());
        assert!(kept.as_deref().is_some_and(|kept| kept.contains("no-store")), "{}: {kept:?}", answer.url);
    }
}

/// What Cargo.lock has of a package.
fn versions(package: &str) -> Vec<Vec<u64>> {
    let lock = std::fs::read_to_string(pages::root().join("Cargo.lock")).unwrap();
    let marked = format!("name = \"{package}\"\nversion = \"");
    let version =
        |rest: &str| rest.split('"').next().unwrap().split(['.', '-', '+']).map_while(|n| n.parse().ok()).collect();
    lock.split(&marked).skip(1).map(version).collect()
}

#[test]
fn rustsec_the_libraries_that_were_found_wanting_are_not_built_in() {
    // RUSTSEC-2023-0071 has no fix, and RUSTSEC-2026-0194 needs XML.
    for banned in ["rsa", "quick-xml", "totp-rs", "openssl"] {
        assert!(versions(banned).is_empty(), "{banned} is in Cargo.lock");
    }
    let atleast = [
        ("idna", vec![1, 0]),            // RUSTSEC-2024-0421
        ("hyper", vec![1]),              // RUSTSEC-2021-0020, -0078, -0079
        ("h2", vec![0, 4, 4]),           // RUSTSEC-2024-0332
        ("rustls-webpki", vec![0, 103]), // RUSTSEC-2023-0053 and older; newer ones: cargo deny
    ];
    for (package, least) in atleast {
        assert!(versions(package).iter().all(|version| *version >= least), "{package}: {:?}", versions(package));
    }
}
