//! What somebody may try against a sign-in, and what must not come of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "in tests a panic is a failure"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use authstile::{Customize as _, SignInDecision};
use authstile_idp::{Misbehave, Recorded};
use authstile_testkit::{Browser, FixedClock, Page, TEST_SECRET};
use authstile_tests::log::Log;
use authstile_tests::{
    APP, BASE, CLIENT_ID, CLIENT_SECRET, Ending, House, IDP, Leg, NOW, bare_scalekit, furnish, scalekit,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use url::Url;

/// A copy of the address with one parameter replaced, or taken away.
fn with(url: &Url, name: &str, value: Option<&str>) -> Url {
    let mut changed = url.clone();
    let kept = url
        .query_pairs()
        .filter(|(known, _)| known != name)
        .map(|(known, value)| (known.into_owned(), value.into_owned()));
    let kept: Vec<(String, String)> = kept.chain(value.map(|value| (name.to_owned(), value.to_owned()))).collect();
    changed.query_pairs_mut().clear().extend_pairs(kept);
    changed
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

fn redeemed(house: &House) -> Vec<Recorded> {
    house.idp.requests().into_iter().filter(|request| request.path == "/oauth/token").collect()
}

/// Visits a callback and reads how it ends.
async fn visit(browser: &mut Browser, url: &Url) -> Ending {
    let log = Log::keep();
    let page = browser.get(url.as_str()).await;
    Ending::read(Leg::Callback, page, &log)
}

#[track_caller]
fn assert_unknown(ending: &Ending, log: &str) {
    assert_eq!(
        (ending.code.as_deref(), ending.reason.as_deref()),
        (Some("Configuration"), Some("SignInUnknown")),
        "{ending:?}"
    );
    assert_eq!(ending.path, "/api/auth/error");
    let logged = ending.error.as_deref().unwrap_or_default();
    assert!(logged.contains(log), "{logged:?} should say {log:?}");
}

mod state {
    use super::*;

    // Advisories: CVE-2023-27490, CVE-2025-68158, CVE-2026-41425, CVE-2025-14546, CVE-2025-68481.
    #[tokio::test]
    async fn a_callback_in_a_browser_that_began_nothing_is_refused() {
        let mut house = House::new();
        let callback = house.answer().await;
        let mut victim = house.another_browser();
        let ending = visit(&mut victim, &callback).await;
        assert_unknown(&ending, "no sign-in under way with that state");
        assert_eq!(victim.session(BASE).await, Value::Null);
        assert!(redeemed(&house).is_empty(), "somebody else's code is not redeemed");
    }

    // Advisories: CVE-2023-27490.
    #[tokio::test]
    async fn a_callback_works_once() {
        let mut house = House::new();
        let callback = house.answer().await;
        assert_eq!(visit(&mut house.browser, &callback).await.path, "/dash");
        let session = house.cookies("session-token");
        assert_unknown(&visit(&mut house.browser, &callback).await, "no sign-in under way with that state");
        assert_eq!(redeemed(&house).len(), 1, "a code is redeemed once");
        assert_eq!(house.cookies("session-token"), session, "and the session is not touched by the second visit");
    }

    // Advisories: CVE-2025-68158, CVE-2026-41425, CVE-2025-14546, CVE-2025-68481.
    #[tokio::test]
    async fn the_state_of_another_browser_is_refused() {
        // Login CSRF: the attacker's answer is given to a victim who has a sign-in of their own under way.
        let mut house = House::new();
        let attackers = house.answer().await;
        let mut victim = house.visitor();
        let own = victim.answer().await;
        assert_ne!(parameter(&attackers, "state"), parameter(&own, "state"));
        assert_unknown(&visit(&mut victim.browser, &attackers).await, "no sign-in under way");
        assert!(redeemed(&house).is_empty());
        assert_eq!(victim.cookies("pending").len(), 1, "the victim's own sign-in is still under way");
        assert_eq!(visit(&mut victim.browser, &own).await.path, "/dash");
    }

    // Advisories: CVE-2023-27490, GHSA-wxw3-q3m9-c3jr.
    #[tokio::test]
    async fn a_missing_an_empty_and_an_invented_state_are_refused_and_clear_nothing() {
        let mut house = House::new();
        let callback = house.answer().await;
        for (state, log) in [
            (None, "the answer has no state"),
            (Some(""), "the answer has no state"),
            (Some("invented"), "no sign-in under way"),
        ] {
            let ending = visit(&mut house.browser, &with(&callback, "state", state)).await;
            assert_unknown(&ending, log);
            assert_eq!(house.cookies("pending").len(), 1, "{state:?}");
        }
        assert!(redeemed(&house).is_empty());
        assert_eq!(house.session().await, Value::Null);
        assert_eq!(
            visit(&mut house.browser, &callback).await.path,
            "/dash",
            "the sign-in can be finished all the same"
        );
    }

    #[tokio::test]
    async fn a_state_that_is_repeated_belongs_to_nobody() {
        let mut house = House::new();
        let callback = house.answer().await;
        let doubled = Url::parse(&format!("{callback}&state=another")).unwrap();
        let ending = visit(&mut house.browser, &doubled).await;
        assert!(ending.error.unwrap().contains(r#"parameter "state" came more than once"#));
        assert_eq!(house.cookies("pending").len(), 1);
        assert!(redeemed(&house).is_empty());
    }

    // Advisories: GHSA-wxw3-q3m9-c3jr.
    #[tokio::test]
    async fn a_pending_sign_in_is_bound_to_its_state() {
        // The cookie of sign-in A under the name of sign-in B: it opens, but it is not B's.
        let mut house = House::new();
        house.answer().await;
        let sealed = house.cookies("pending").pop().unwrap();
        house.browser.forget(|name| name.contains("pending"));
        let b = house.answer().await;
        let name = house.cookies("pending").pop().unwrap().0;
        assert_ne!(name, sealed.0);
        house.browser.set_cookie("localhost", &name, &sealed.1);
        let ending = visit(&mut house.browser, &b).await;
        assert!(ending.error.as_deref().unwrap().contains("state does not belong to this sign-in"), "{ending:?}");
        assert!(redeemed(&house).is_empty());
        assert!(house.cookies("pending").is_empty(), "cleared on first use, also on failure");
        assert_eq!(house.session().await, Value::Null);
    }

    // Advisories: CVE-2026-73419.
    #[tokio::test]
    async fn a_pending_sign_in_is_bound_to_its_provider() {
        let mut house = House::with(|builder| builder.provider(scalekit()).provider(scalekit().id("other")));
        let callback = house.answer().await;
        let elsewhere = Url::parse(&callback.as_str().replace("/callback/scalekit", "/callback/other")).unwrap();
        let ending = visit(&mut house.browser, &elsewhere).await;
        assert_unknown(&ending, r#"the sign-in was begun with provider "scalekit", but the answer came for "other""#);
        assert!(redeemed(&house).is_empty());
        assert_eq!(house.session().await, Value::Null);
    }

    #[tokio::test]
    async fn a_sign_in_has_fifteen_minutes_and_no_tolerance() {
        for (seconds, finished) in [(899, true), (900, false), (914, false), (3600, false)] {
            let mut house = House::new();
            let callback = house.answer().await;
            house.clock.advance(seconds);
            // The provider's code lives as long as it likes; here we are asked first.
            let ending = visit(&mut house.browser, &callback).await;
            if finished {
                assert_ne!(ending.reason.as_deref(), Some("SignInExpired"), "{seconds} s: {ending:?}");
            } else {
                assert_eq!(
                    (ending.code.as_deref(), ending.reason.as_deref()),
                    (Some("Configuration"), Some("SignInExpired")),
                    "{seconds} s"
                );
                assert_eq!(ending.error.as_deref(), Some("the sign-in was begun more than 15 minutes ago"));
                assert!(house.cookies("pending").is_empty(), "{seconds} s: cleared");
                assert!(redeemed(&house).is_empty());
            }
        }
    }

    #[tokio::test]
    async fn the_pending_cookie_is_cleared_with_the_error_redirect() {
        let mut house = House::new();
        house.idp.misbehave(Some(Misbehave::AuthorizationErrorAccessDenied));
        let callback = house.answer().await;
        let (name, _) = house.cookies("pending").pop().unwrap();
        let ending = visit(&mut house.browser, &callback).await;
        let cleared = format!("{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax");
        assert!(ending.page.set_cookies().contains(&cleared.as_str()), "{ending:?}");
        assert_eq!(ending.page.status, 302);
    }

    #[tokio::test]
    async fn an_error_without_state_leaves_the_other_tab_alone() {
        let mut house = House::new();
        let callback = house.answer().await;
        let stray = Url::parse(&format!("{BASE}/callback/scalekit?error=server_error&error_description=x")).unwrap();
        let ending = visit(&mut house.browser, &stray).await;
        assert_unknown(&ending, "the answer has no state");
        assert!(!ending.page.set_cookies().iter().any(|cookie| cookie.contains("pending")));
        assert_eq!(visit(&mut house.browser, &callback).await.path, "/dash");
    }

    #[tokio::test]
    async fn an_error_wins_over_a_code_that_comes_with_it() {
        let mut house = House::new();
        let callback = house.answer().await;
        let ending = visit(&mut house.browser, &with(&callback, "error", Some("access_denied"))).await;
        assert_eq!(
            (ending.code.as_deref(), ending.reason.as_deref()),
            (Some("OAuthCallbackError"), Some("ProviderDenied"))
        );
        assert!(redeemed(&house).is_empty());
        assert_eq!(house.session().await, Value::Null);
    }

    #[tokio::test]
    async fn no_parameter_of_the_answer_may_come_twice() {
        for name in ["code", "error", "iss", "error_description"] {
            let mut house = House::new();
            let callback = house.answer().await;
            let doubled = Url::parse(&format!("{callback}&{name}=one&{name}=two")).unwrap();
            let ending = visit(&mut house.browser, &doubled).await;
            assert_eq!(ending.code.as_deref(), Some("OAuthCallbackError"), "{name}");
            assert!(
                ending.error.as_deref().unwrap().contains(&format!("parameter {name:?} came more than once")),
                "{name}: {ending:?}"
            );
            assert!(redeemed(&house).is_empty(), "{name}");
            assert!(house.cookies("pending").is_empty(), "{name}");
        }
    }

    #[tokio::test]
    async fn tokens_in_the_front_channel_are_refused() {
        for name in ["id_token", "access_token", "token", "response"] {
            let mut house = House::new();
            let callback = house.answer().await;
            let ending = visit(&mut house.browser, &with(&callback, name, Some("x"))).await;
            assert!(ending.error.as_deref().unwrap().contains(&format!("the answer carries {name:?}")), "{ending:?}");
            assert!(redeemed(&house).is_empty(), "{name}");
        }
    }

    #[tokio::test]
    async fn two_tabs_at_once_both_succeed() {
        for first_begun_is_first_finished in [true, false] {
            let mut house = House::new();
            let mut answers = vec![house.answer().await, house.answer().await];
            assert_eq!(house.cookies("pending").len(), 2);
            if !first_begun_is_first_finished {
                answers.reverse();
            }
            for callback in &answers {
                assert_eq!(visit(&mut house.browser, callback).await.path, "/dash");
            }
            assert!(house.cookies("pending").is_empty());
            assert_eq!(redeemed(&house).len(), 2);
        }
    }

    #[tokio::test]
    async fn a_fifth_sign_in_takes_the_place_of_the_oldest() {
        let mut house = House::new();
        let mut answers = Vec::new();
        for _ in 0..5 {
            answers.push(house.answer().await);
            house.clock.advance(1);
            assert!(house.cookies("pending").len() <= 4);
        }
        assert_unknown(&visit(&mut house.browser, &answers[0]).await, "no sign-in under way");
        for callback in &answers[1..] {
            assert_eq!(visit(&mut house.browser, callback).await.path, "/dash");
        }
    }

    #[tokio::test]
    async fn pending_cookies_that_do_not_open_make_room_first() {
        let mut house = House::new();
        for stale in ["a", "b", "c", "d", "e", "f"] {
            house.browser.set_cookie("localhost", &format!("authstile.pending.{stale}"), "rubbish");
        }
        let callback = house.answer().await;
        assert_eq!(house.cookies("pending").len(), 4);
        assert_eq!(visit(&mut house.browser, &callback).await.path, "/dash");
    }
}

/// Every cookie in every other cookie's place: none is taken for another.
// Advisories: CVE-2023-48309.
#[tokio::test]
async fn no_cookie_passes_for_another() {
    // One browser with all five cookies, each holding what it should.
    let mut house = House::new();
    house.sign_in().await;
    house.idp.misbehave(Some(Misbehave::AuthorizationErrorAccessDenied));
    house.sign_in().await;
    house.idp.misbehave(None);
    let callback = house.answer().await;
    let names = ["session-token", "csrf-token", "callback-url", "pending", "failure"];
    let good: Vec<(String, String)> =
        names.iter().map(|part| house.cookies(part).pop().unwrap_or_else(|| panic!("no {part}"))).collect();
    let token = house.browser.csrf_token(BASE).await;

    for (from, (from_name, value)) in names.iter().zip(&good) {
        for (into, (slot, _)) in names.iter().zip(&good) {
            if from == into {
                continue;
            }
            let mut browser = house.another_browser();
            for (name, value) in &good {
                browser.set_cookie("localhost", name, value);
            }
            browser.set_cookie("localhost", slot, value);
            let case = format!("{from_name} as {slot}");
            match *into {
                "session-token" => assert_eq!(browser.session(BASE).await, Value::Null, "{case}"),
                "csrf-token" => {
                    for guess in [token.as_str(), value.as_str(), value.split(['|', '%']).next().unwrap()] {
                        let page = browser.post(&format!("{BASE}/signout"), &[("csrfToken", guess)]).await;
                        assert!(page.location().unwrap().as_str().ends_with("error=MissingCSRF"), "{case}");
                        browser.set_cookie("localhost", slot, value);
                    }
                }
                "callback-url" => {
                    let page = browser.post(&format!("{BASE}/signout"), &[("csrfToken", &token)]).await;
                    assert_eq!(page.location().unwrap().as_str(), format!("{APP}/"), "{case}");
                }
                "pending" => {
                    let ending = visit(&mut browser, &callback).await;
                    assert_unknown(&ending, "no sign-in under way with that state");
                }
                _ => {
                    let page = browser.get(&format!("{BASE}/error?error=AccessDenied")).await;
                    assert_eq!(page.status, 403, "{case}");
                    assert!(!page.body.contains(value.as_str()), "{case}");
                }
            }
        }
    }
    assert!(redeemed(&house).len() == 1, "only the one good sign-in was redeemed");
}

// Advisories: GHSA-f24x-5g9q, CVE-2021-41246, CVE-2022-25896.
#[tokio::test]
async fn a_new_sign_in_makes_a_new_session() {
    let mut house = House::new();
    house.sign_in().await;
    let ada = house.cookies("session-token");
    house.idp.auto_sign_in(Some("linus@globex.example"));
    house.browser.forget(|name| name.starts_with("authstile_idp"));
    let base = house.base.clone();
    let mut other = House::of(&house.idp, &house.clock, |b| b.provider(bare_scalekit().domain("globex.example")));
    other.browser.set_cookie("localhost", &ada[0].0, &ada[0].1);
    other.sign_in().await;
    assert_eq!(other.cookies("session-token").len(), 1);
    assert_ne!(other.cookies("session-token"), ada);
    assert_eq!(other.browser.session(&base).await["user"], json!({"name": "Linus", "email": "linus@globex.example"}));
}

mod csrf {
    use super::*;

    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";

    /// The three requests that change something, with a token and further headers.
    async fn change(house: &mut House, what: &str, token: Option<&str>, headers: &[(&str, &str)]) -> Page {
        let (url, kind, body) = match what {
            "session" => {
                let body = token.map_or(json!({"data": {}}), |token| json!({"csrfToken": token, "data": {}}));
                (format!("{BASE}/session"), JSON, body.to_string())
            }
            _ => {
                let token = token.map(|token| ("csrfToken", token));
                let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(token).finish();
                (format!("{BASE}/{what}"), FORM, body)
            }
        };
        let headers: Vec<(&str, &str)> = [("content-type", kind)].into_iter().chain(headers.iter().copied()).collect();
        house.browser.send(Method::POST, &url, &headers, body.into()).await
    }

    fn is_refused(what: &str, page: &Page) -> bool {
        match what {
            "session" => page.status == 400 && page.body == "null",
            _ => page.location().is_some_and(|url| url.as_str() == format!("{BASE}/signin?error=MissingCSRF")),
        }
    }

    const CHANGES: [&str; 3] = ["signin/scalekit", "signout", "session"];

    async fn signed_in() -> (House, String) {
        let mut house = House::new();
        house.sign_in().await;
        let token = house.browser.csrf_token(BASE).await;
        (house, token)
    }

    async fn assert_nothing_happened(house: &mut House, case: &str) {
        assert!(house.cookies("pending").is_empty(), "{case}: nothing was begun");
        assert!(house.session().await.is_object(), "{case}: still signed in");
    }

    #[tokio::test]
    async fn a_change_needs_the_token_of_this_browser() {
        let (mut house, token) = signed_in().await;
        let mut stranger = house.another_browser();
        let foreign = stranger.csrf_token(BASE).await;
        for what in CHANGES {
            for wrong in [None, Some(""), Some("0"), Some(foreign.as_str()), Some(&token[..63])] {
                let page = change(&mut house, what, wrong, &[]).await;
                assert!(is_refused(what, &page), "{what} with {wrong:?}: {page:?}");
                assert_nothing_happened(&mut house, what).await;
            }
            // In the query, or in a header, it does not count.
            let url = format!("{BASE}/{what}?csrfToken={token}");
            let page = house
                .browser
                .send(Method::POST, &url, &[("content-type", FORM), ("x-csrf-token", &token)], Bytes::new())
                .await;
            assert!(is_refused(what, &page), "{what}: {page:?}");
        }
        for what in ["session", "signin/scalekit", "signout"] {
            let page = change(&mut house, what, Some(&token), &[]).await;
            assert!(!is_refused(what, &page), "{what}: {page:?}");
        }
    }

    #[tokio::test]
    async fn a_cookie_that_another_secret_made_does_not_count() {
        let (mut house, _) = signed_in().await;
        let mut elsewhere = House::of(&house.idp, &house.clock, |builder| {
            builder.secret("Another-Secret-9f8e7d6c5b4a39281706f5e4d3c2b1a0").provider(scalekit())
        });
        let token = elsewhere.browser.csrf_token(BASE).await;
        let (name, value) = elsewhere.cookies("csrf-token").pop().unwrap();
        for what in CHANGES {
            house.browser.set_cookie("localhost", &name, &value);
            let page = change(&mut house, what, Some(&token), &[]).await;
            assert!(is_refused(what, &page), "{what}: {page:?}");
            assert_nothing_happened(&mut house, what).await;
        }
    }

    // Advisories: CVE-2015-9284.
    #[tokio::test]
    async fn another_site_cannot_ask_for_a_change_even_with_the_token() {
        let (mut house, _) = signed_in().await;
        for what in CHANGES {
            for headers in [
                &[("origin", "https://evil.example")][..],
                &[("origin", "http://localhost:3001")],
                &[("origin", "https://localhost:3000")],
                &[("origin", "null")],
                &[("origin", "")],
                &[("origin", "http://localhost:3000.evil.example")],
                &[("sec-fetch-site", "cross-site")],
                &[("sec-fetch-site", "same-site")],
                &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:3000")],
                &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
            ] {
                let token = house.browser.csrf_token(BASE).await;
                let log = Log::keep();
                let page = change(&mut house, what, Some(&token), headers).await;
                assert!(is_refused(what, &page), "{what} with {headers:?}: {page:?}");
                let said = log
                    .take()
                    .iter()
                    .any(|entry| entry.field("error").is_some_and(|error| error.contains("the request comes from")));
                assert!(said, "{what} with {headers:?}: the log says which check failed");
                assert_nothing_happened(&mut house, what).await;
            }
        }
    }

    // Advisories: CVE-2015-9284.
    #[tokio::test]
    async fn getting_a_page_changes_nothing() {
        let (mut house, token) = signed_in().await;
        let page = house.browser.get(&format!("{BASE}/signout?csrfToken={token}")).await;
        assert_eq!(page.status, 200);
        assert_nothing_happened(&mut house, "GET signout").await;

        let page = house.browser.get(&format!("{BASE}/signin/scalekit?csrfToken={token}")).await;
        assert_eq!(page.location().unwrap().as_str(), format!("{BASE}/error?error=Configuration"));
        assert_nothing_happened(&mut house, "GET signin").await;

        // Nor does a form in disguise: what is neither a form nor JSON has no token.
        let body = Bytes::from(format!("csrfToken={token}"));
        let page =
            house.browser.send(Method::POST, &format!("{BASE}/signout"), &[("content-type", "text/plain")], body).await;
        assert!(is_refused("signout", &page), "{page:?}");
        assert_nothing_happened(&mut house, "text/plain").await;
    }
}

mod parameters {
    use super::*;

    /// Presses the button with further parameters in the query; the answer is where the browser is sent.
    async fn ask(house: &mut House, query: &str) -> Url {
        let token = house.browser.csrf_token(BASE).await;
        let page = house
            .browser
            .post(&format!("{BASE}/signin/scalekit?{query}"), &[("csrfToken", &token), ("callbackUrl", "/dash")])
            .await;
        page.location().expect("a redirect")
    }

    fn all<'a>(url: &'a Url, name: &'a str) -> Vec<String> {
        url.query_pairs().filter(move |(known, _)| known == name).map(|(_, value)| value.into_owned()).collect()
    }

    // Advisories: GHSA-9h47.
    #[tokio::test]
    async fn what_belongs_to_the_protocol_cannot_be_overridden() {
        let mut house = House::new();
        let honest = ask(&mut house, "").await;
        let names = [
            "client_id",
            "redirect_uri",
            "response_type",
            "scope",
            "state",
            "nonce",
            "code_challenge",
            "code_challenge_method",
            "response_mode",
            "request",
            "request_uri",
            "client_secret",
            "callbackUrl",
            "csrfToken",
        ];
        for name in names {
            let asked = ask(&mut house, &format!("{name}=evil&{name}=worse")).await;
            let (got, expected) = (all(&asked, name), all(&honest, name));
            assert!(!asked.as_str().contains("evil") && !asked.as_str().contains("worse"), "{name}: {asked}");
            assert_eq!(got.len(), expected.len(), "{name}: {asked}");
            if !matches!(name, "state" | "nonce" | "code_challenge") {
                assert_eq!(got, expected, "{name}");
            }
        }
        let everything: Vec<String> = names.iter().map(|name| format!("{name}=evil")).collect();
        let mut house = House::new();
        let asked = ask(&mut house, &everything.join("&")).await;
        assert_eq!(all(&asked, "client_id"), [CLIENT_ID]);
        assert_eq!(all(&asked, "redirect_uri"), [format!("{BASE}/callback/scalekit")]);
        assert_eq!(all(&asked, "code_challenge_method"), ["S256"]);
        let back = house.browser.get(asked.as_str()).await.location().unwrap();
        assert_eq!(visit(&mut house.browser, &back).await.path, "/dash");
    }

    #[tokio::test]
    async fn what_is_pinned_cannot_be_overridden_and_keeps_the_other_routes_out() {
        let routes = ["connection_id", "organization_id", "domain", "domain_hint", "provider"];
        for (pinned, value) in
            [("connection_id", "conn_acme"), ("organization_id", "org_acme"), ("domain", "acme.example")]
        {
            let scalekit = match pinned {
                "connection_id" => bare_scalekit().connection_id(value),
                "organization_id" => bare_scalekit().organization_id(value),
                _ => bare_scalekit().domain(value),
            };
            let mut house = House::with(|builder| builder.provider(scalekit));
            for route in routes {
                let asked = ask(&mut house, &format!("{route}=evil&{route}=worse")).await;
                assert!(
                    !asked.as_str().contains("evil") && !asked.as_str().contains("worse"),
                    "{route} beside {pinned}: {asked}"
                );
                for name in routes {
                    let expected: &[&str] = if name == pinned { &[value] } else { &[] };
                    assert_eq!(all(&asked, name), expected, "{route} beside {pinned}");
                }
            }
        }
    }

    #[tokio::test]
    async fn an_application_can_pin_any_parameter() {
        let mut house = House::with(|builder| builder.provider(scalekit().authorization_param("prompt", "login")));
        let asked = ask(&mut house, "prompt=none&max_age=0").await;
        assert_eq!(all(&asked, "prompt"), ["login"]);
        assert_eq!(all(&asked, "max_age"), ["0"]);
    }

    #[tokio::test]
    async fn an_application_can_reserve_parameters_without_setting_them() {
        let registration = authstile::Registration::from(scalekit()).reserve(["max_age", "login_hint"]);
        let mut house = House::with(|builder| builder.provider(registration));
        let asked = ask(&mut house, "max_age=0&login_hint=x&ui_locales=de").await;
        assert!(all(&asked, "max_age").is_empty() && all(&asked, "login_hint").is_empty(), "{asked}");
        assert_eq!(all(&asked, "ui_locales"), ["de"]);
    }

    #[tokio::test]
    async fn harmless_parameters_reach_the_provider_once() {
        let mut house = House::new();
        let asked = ask(&mut house, "login_hint=ada%40acme.example&prompt=login&ui_locales=de&login_hint=last%40acme.example&q=a%26client_id%3Devil").await;
        assert_eq!(all(&asked, "login_hint"), ["last@acme.example"], "of two the last counts, as in Auth.js");
        assert_eq!(all(&asked, "prompt"), ["login"]);
        assert_eq!(all(&asked, "ui_locales"), ["de"]);
        assert_eq!(all(&asked, "q"), ["a&client_id=evil"], "a value stays a value");
        assert_eq!(all(&asked, "client_id"), [CLIENT_ID]);
    }

    #[tokio::test]
    async fn a_route_can_be_chosen_per_sign_in_where_none_is_pinned() {
        let mut house = House::with(|builder| builder.provider(bare_scalekit()));
        let asked = ask(&mut house, "organization_id=org_acme").await;
        assert_eq!(all(&asked, "organization_id"), ["org_acme"]);
        let back = house.browser.get(asked.as_str()).await.location().unwrap();
        assert_eq!(visit(&mut house.browser, &back).await.path, "/dash");
    }

    #[tokio::test]
    async fn more_parameters_than_a_sign_in_can_remember_are_refused() {
        for query in [
            format!("login_hint={}", "x".repeat(2000)),
            (0..200).map(|number| format!("p{number}=xxxxxxx")).collect::<Vec<_>>().join("&"),
        ] {
            let mut house = House::new();
            let log = Log::keep();
            let to = ask(&mut house, &query).await;
            assert_eq!(to.as_str(), format!("{BASE}/error?error=Configuration"));
            assert!(house.cookies("pending").is_empty());
            let said = log.take().into_iter().find_map(|entry| entry.field("error").map(str::to_owned));
            assert_eq!(said.as_deref(), Some("the sign-in request carries too many authorization parameters"));
            let page = house.browser.get(to.as_str()).await;
            assert_eq!(page.status, 400, "{}", page.body);
            assert!(page.body.contains("more in it than a sign-in can carry"), "{}", page.body);
        }
    }

    #[tokio::test]
    async fn the_pending_cookie_fits_a_cookie() {
        // The longest that is accepted: parameters, place to return to, and a long origin would still be under 4096 bytes.
        let mut house = House::new();
        let token = house.browser.csrf_token(BASE).await;
        let place = format!("/{}", "p".repeat(1400));
        let url = format!("{BASE}/signin/scalekit?login_hint={}", "x".repeat(740));
        let page = house.browser.post(&url, &[("csrfToken", &token), ("callbackUrl", &place)]).await;
        let cookies = page.set_cookies();
        let pending = cookies.iter().find(|cookie| cookie.starts_with("authstile.pending")).unwrap();
        assert!(pending.split(';').next().unwrap().len() <= 4096, "{}", pending.len());
        let back = house.browser.get(page.location().unwrap().as_str()).await.location().unwrap();
        assert_eq!(visit(&mut house.browser, &back).await.path, place);
    }
}

mod exchange {
    use super::*;

    // Advisories: GHSA-9h47.
    #[tokio::test]
    async fn each_sign_in_proves_itself_with_values_of_its_own() {
        let mut house = House::new();
        house.sign_in().await;
        house.sign_in().await;
        let field = |pairs: &[(String, String)], name: &str| {
            pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap()
        };
        let asked: Vec<Recorded> =
            house.idp.requests().into_iter().filter(|request| request.path == "/oauth/authorize").collect();
        let redeemed = redeemed(&house);
        assert_eq!((asked.len(), redeemed.len()), (2, 2), "one token request for each code");
        for (ask, exchange) in asked.iter().zip(&redeemed) {
            let verifier = field(&exchange.form, "code_verifier");
            assert_eq!(verifier.len(), 43);
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
            assert_eq!(URL_SAFE_NO_PAD.encode(hash), field(&ask.query, "code_challenge"));
            assert_eq!(field(&ask.query, "code_challenge_method"), "S256");
            assert_eq!(field(&ask.query, "redirect_uri"), field(&exchange.form, "redirect_uri"));
            assert_eq!(field(&exchange.form, "grant_type"), "authorization_code");
            assert_eq!(exchange.authorization_scheme.as_deref(), Some("Basic"));
            assert!(!exchange.form.iter().any(|(name, _)| name == "client_secret"));
        }
        for name in ["state", "nonce", "code_challenge"] {
            let values = [field(&asked[0].query, name), field(&asked[1].query, name)];
            assert_ne!(values[0], values[1], "{name}");
            assert!(values.iter().all(|value| value.len() == 43), "{name}");
        }
        let mut own: Vec<String> = ["state", "nonce"].iter().map(|name| field(&asked[0].query, name)).collect();
        own.push(field(&redeemed[0].form, "code_verifier"));
        own.sort();
        own.dedup();
        assert_eq!(own.len(), 3, "state, nonce and verifier are three values");
    }

    #[tokio::test]
    async fn a_code_of_another_sign_in_is_not_accepted() {
        // Code injection: the attacker's code with the victim's state. PKCE and nonce belong to the victim's sign-in.
        let mut house = House::new();
        let mut attacker = house.visitor();
        let stolen = parameter(&attacker.answer().await, "code").unwrap();
        let victims = house.answer().await;
        let ending = visit(&mut house.browser, &with(&victims, "code", Some(&stolen))).await;
        assert_eq!(ending.code.as_deref(), Some("OAuthCallbackError"));
        assert!(ending.error.unwrap().contains("invalid_grant"));
        assert_eq!(house.session().await, Value::Null);
    }

    #[tokio::test]
    async fn an_answer_of_another_issuer_is_refused_before_its_code_is_used() {
        let mut house = House::new();
        let callback = house.answer().await;
        let ending = visit(&mut house.browser, &with(&callback, "iss", Some("https://evil.example"))).await;
        assert_eq!(ending.code.as_deref(), Some("OAuthCallbackError"));
        assert!(ending.error.unwrap().contains(r#"iss is Some("https://evil.example")"#));
        assert!(redeemed(&house).is_empty());

        // An error of another issuer is not believed either, and almost the same is not the same.
        for iss in ["https://evil.example", "http://127.0.0.1:4000/", "HTTP://127.0.0.1:4000", "http://127.0.0.1:4000 "]
        {
            let callback = house.answer().await;
            let refused = with(&with(&callback, "iss", Some(iss)), "error", Some("access_denied"));
            let ending = visit(&mut house.browser, &refused).await;
            assert_eq!(ending.reason.as_deref(), Some("ProviderMisbehaved"), "{iss}: {ending:?}");
        }
        let callback = house.answer().await;
        assert_eq!(visit(&mut house.browser, &with(&callback, "iss", Some(IDP))).await.path, "/dash");
    }

    #[tokio::test]
    async fn iss_is_required_of_an_issuer_that_promises_it() {
        let clock = FixedClock::at(NOW);
        let idp = furnish(IDP, BASE, &clock).authorization_response_iss().build();
        idp.auto_sign_in(Some("ada@acme.example"));
        let mut house = House::of(&idp, &clock, |builder| builder.provider(scalekit()));
        let callback = house.answer().await;
        assert_eq!(parameter(&callback, "iss").as_deref(), Some(IDP));
        let ending = visit(&mut house.browser, &with(&callback, "iss", None)).await;
        assert!(ending.error.unwrap().contains("iss is None"));
        assert!(redeemed(&house).is_empty());
        assert_eq!(house.sign_in().await.location().unwrap().path(), "/dash");
    }

    #[tokio::test]
    async fn tokens_with_invented_keys_cause_one_fetch_in_half_a_minute() {
        let mut house = House::new();
        house.sign_in().await;
        assert_eq!(house.transport.count("/keys"), 1);
        house.idp.misbehave(Some(Misbehave::UnknownKid));
        for _ in 0..20 {
            assert_eq!(house.attempt().await.code.as_deref(), Some("OAuthCallbackError"));
        }
        house.clock.advance(29);
        house.attempt().await;
        assert_eq!(house.transport.count("/keys"), 2);
        house.clock.advance(1);
        house.attempt().await;
        assert_eq!(house.transport.count("/keys"), 3);
        house.idp.misbehave(None);
        assert_eq!(house.attempt().await.path, "/dash", "known keys go on being known");
    }

    /// So many sign-ins begin at the same time; the answer is how many left for the provider.
    async fn rush(house: &House, visitors: usize) -> Vec<(Browser, Option<Url>)> {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..visitors {
            let mut browser = house.another_browser();
            tasks.spawn(async move {
                let page = browser.press_sign_in(BASE, "scalekit", "/dash").await;
                let ask = page.location().filter(|url| url.as_str().starts_with(IDP));
                (browser, ask)
            });
        }
        tasks.join_all().await
    }

    #[tokio::test]
    async fn fifty_first_sign_ins_at_once_cause_one_fetch_of_each() {
        let house = House::new();
        let left = rush(&house, 50).await;
        assert_eq!(house.transport.count("/.well-known/openid-configuration"), 1);
        let mut tasks = tokio::task::JoinSet::new();
        for (mut browser, ask) in left {
            tasks.spawn(async move {
                let callback = browser.get(ask.expect("left for the provider").as_str()).await.location().unwrap();
                let page = browser.get(callback.as_str()).await;
                (page.location().unwrap().path().to_owned(), browser.session(BASE).await["user"]["email"].clone())
            });
        }
        for (path, email) in tasks.join_all().await {
            assert_eq!((path.as_str(), email), ("/dash", json!("ada@acme.example")));
        }
        assert_eq!(house.transport.count("/keys"), 1);
        assert_eq!(redeemed(&house).len(), 50);
    }

    #[tokio::test]
    async fn fifty_first_sign_ins_at_a_provider_that_is_down_cause_one_fetch() {
        let house = House::new();
        house.idp.set_down(true);
        let left = rush(&house, 50).await;
        assert!(left.iter().all(|(_, ask)| ask.is_none()));
        assert_eq!(house.transport.count("/.well-known/openid-configuration"), 1);
    }
}

mod hooks {
    use super::*;

    fn broken<T>() -> Result<T, authstile::HookError> {
        Err("the database of the application is down".into())
    }

    #[tokio::test]
    async fn a_failing_sign_in_hook_denies() {
        let mut house = House::with(|builder| builder.provider(scalekit()).sign_in(|_| async { broken::<bool>() }));
        let ending = house.attempt().await;
        assert_eq!((ending.path.as_str(), ending.code.as_deref()), ("/api/auth/error", Some("Configuration")));
        assert_eq!(ending.error.as_deref(), Some("the sign_in hook failed: the database of the application is down"));
        assert!(house.cookies("session-token").is_empty());
        assert!(house.cookies("pending").is_empty());
        let page = house.browser.follow(ending.page).await;
        assert!(!page.body.contains("database"), "what the hook says is for the log: {}", page.body);
    }

    #[tokio::test]
    async fn a_sign_in_hook_that_says_no_denies() {
        let mut house = House::with(|builder| builder.provider(scalekit()).sign_in(|_| async { Ok(false) }));
        let ending = house.attempt().await;
        assert_eq!((ending.path.as_str(), ending.code.as_deref()), ("/api/auth/error", Some("AccessDenied")));
        assert_eq!(ending.reason.as_deref(), Some("AccessDenied"));
        assert!(house.cookies("session-token").is_empty());
        assert_eq!(house.browser.follow(ending.page).await.status, 403);
    }

    #[tokio::test]
    async fn a_sign_in_hook_may_send_the_browser_to_a_place_of_ours_and_to_no_other() {
        for (wanted, expected) in [
            ("/not-allowed?why=x", "http://localhost:3000/not-allowed?why=x"),
            ("http://localhost:3000/upgrade", "http://localhost:3000/upgrade"),
            ("https://evil.example/", "http://localhost:3000/"),
            ("//evil.example", "http://localhost:3000/"),
            ("javascript:alert(1)", "http://localhost:3000/"),
        ] {
            let mut house = House::with(|builder| {
                builder
                    .provider(scalekit())
                    .sign_in(move |_| async move { Ok(SignInDecision::RedirectTo(wanted.to_owned())) })
            });
            let ending = house.attempt().await;
            assert_eq!(ending.page.location().unwrap().as_str(), expected, "{wanted}");
            assert!(house.cookies("session-token").is_empty(), "{wanted}: not signed in");
            assert!(house.cookies("pending").is_empty());
        }
    }

    // Advisories: CVE-2026-73421.
    #[tokio::test]
    async fn a_failing_jwt_hook_signs_nobody_in() {
        let mut house = House::with(|builder| builder.provider(scalekit()).jwt(|_| async { broken() }));
        let ending = house.attempt().await;
        assert_eq!((ending.path.as_str(), ending.code.as_deref()), ("/api/auth/error", Some("Configuration")));
        assert!(ending.error.unwrap().starts_with("the jwt hook failed"));
        assert!(house.cookies("session-token").is_empty());
    }

    #[tokio::test]
    async fn a_jwt_hook_that_fails_at_reading_shows_nobody_and_signs_nobody_out() {
        let failing = Arc::new(AtomicUsize::new(0));
        let switch = failing.clone();
        let mut house = House::with(|builder| {
            builder.provider(scalekit()).jwt(move |input| {
                let fails = switch.load(Ordering::SeqCst) > 0;
                async move { if fails { broken() } else { Ok(Some(input.claims)) } }
            })
        });
        house.sign_in().await;
        let kept = house.cookies("session-token");
        failing.store(1, Ordering::SeqCst);
        assert_eq!(house.session().await, Value::Null);
        assert_eq!(house.cookies("session-token"), kept);
        let headers = http::HeaderMap::from_iter([
            (http::header::HOST, "localhost:3000".parse().unwrap()),
            (http::header::COOKIE, format!("{}={}", kept[0].0, kept[0].1).parse().unwrap()),
        ]);
        assert!(house.auth.session(&headers, &"/".parse().unwrap()).await.is_err(), "an error is not a session");
        failing.store(0, Ordering::SeqCst);
        assert!(house.session().await.is_object());
    }

    #[tokio::test]
    async fn a_failing_session_hook_shows_nobody_and_keeps_the_cookie() {
        let mut house = House::with(|builder| builder.provider(scalekit()).session(|_| async { broken() }));
        house.sign_in().await;
        let kept = house.cookies("session-token");
        assert_eq!(kept.len(), 1);
        let page = house.browser.get(&format!("{BASE}/session")).await;
        assert_eq!((page.status.as_u16(), page.body.as_str()), (200, "null"));
        assert_eq!(house.cookies("session-token"), kept);
    }

    #[tokio::test]
    async fn a_jwt_hook_that_returns_nothing_ends_the_session() {
        let mut house = House::with(|builder| {
            builder.provider(scalekit()).jwt(|input| async move {
                Ok(Some(input.claims).filter(|_| input.trigger == authstile::hooks::Trigger::SignIn))
            })
        });
        house.sign_in().await;
        assert_eq!(house.cookies("session-token").len(), 1);
        assert_eq!(house.session().await, Value::Null);
        assert!(house.cookies("session-token").is_empty());
    }

    #[tokio::test]
    async fn a_failing_profile_closure_signs_nobody_in() {
        #[derive(serde::Deserialize)]
        struct Strict {
            employee_number: u32,
        }
        let mut house = House::with(|builder| {
            builder.provider(scalekit().profile(|profile: Strict| authstile::User {
                id: profile.employee_number.to_string(),
                ..Default::default()
            }))
        });
        let ending = house.attempt().await;
        assert_eq!(ending.code.as_deref(), Some("Configuration"));
        assert!(ending.error.unwrap().contains("the profile hook failed: missing field `employee_number`"));
        assert_eq!(house.session().await, Value::Null);
    }

    #[tokio::test]
    async fn a_profile_closure_that_names_nobody_signs_nobody_in() {
        for id in ["", "  "] {
            let mut house = House::with(|builder| {
                builder.provider(
                    scalekit().profile(move |_: Value| authstile::User { id: id.to_owned(), ..Default::default() }),
                )
            });
            let ending = house.attempt().await;
            assert_eq!(ending.code.as_deref(), Some("OAuthCallbackError"));
            assert!(ending.error.unwrap().contains("the profile names no subject"));
        }
    }

    #[tokio::test]
    async fn a_failing_listener_changes_nothing() {
        let mut house = House::with(|builder| builder.provider(scalekit()).on_event(|_| async { broken() }));
        assert_eq!(house.attempt().await.path, "/dash");
        assert!(house.session().await.is_object());
        assert_eq!(house.browser.press_sign_out(BASE).await.status, 302);
        assert_eq!(house.session().await, Value::Null);
    }
}

mod log {
    use super::*;
    use authstile_testkit::FakeTransport;
    use http::Response;
    use std::sync::Mutex;

    /// Everything that must not be in a log.
    #[derive(Default)]
    struct Secrets(Vec<(String, String)>);

    impl Secrets {
        fn add(&mut self, what: &str, value: &str) {
            assert!(value.len() > 3, "{what} is too short to be looked for: {value:?}");
            self.0.push((what.to_owned(), value.to_owned()));
        }

        /// What the browser carries and what the provider was told.
        fn gather(&mut self, house: &House) {
            for (name, value) in house.browser.cookies("localhost") {
                if !name.contains("callback-url") && !name.contains("failure") {
                    self.add(name, value);
                }
            }
            for request in house.idp.requests() {
                for (name, value) in request.query.iter().chain(&request.form) {
                    if matches!(
                        name.as_str(),
                        "state" | "nonce" | "code" | "code_verifier" | "code_challenge" | "client_secret"
                    ) {
                        self.add(name, value);
                    }
                }
            }
        }

        #[track_caller]
        fn assert_absent(&self, log: &Log, least: usize) {
            let entries = log.take();
            assert!(entries.len() >= least, "only {} entries: the log is not being read", entries.len());
            for entry in entries {
                for (field, text) in &entry.fields {
                    for (what, secret) in &self.0 {
                        assert!(
                            !text.contains(secret.as_str()),
                            "{what} is in {field} of {} {}: {text}",
                            entry.target,
                            entry.name
                        );
                    }
                }
            }
        }
    }

    fn constant() -> Secrets {
        let mut secrets = Secrets::default();
        secrets.add("client secret", CLIENT_SECRET);
        let encoded: String = form_urlencoded::byte_serialize(CLIENT_SECRET.as_bytes()).collect();
        secrets.add("client secret, encoded", &encoded);
        secrets.add("Basic", &STANDARD.encode(format!("{CLIENT_ID}:{encoded}")));
        secrets.add("AUTH_SECRET", TEST_SECRET);
        secrets
    }

    /// A house whose hooks tell the test the tokens of every sign-in.
    fn telling(tokens: &Arc<Mutex<Vec<String>>>) -> House {
        let tokens = tokens.clone();
        House::with(|builder| {
            builder
                .provider(scalekit())
                .jwt(move |input| {
                    if let Some(account) = &input.account {
                        let mut tokens = tokens.lock().unwrap();
                        tokens.push(account.access_token.as_ref().unwrap().expose().to_owned());
                        tokens.push(account.id_token.as_ref().unwrap().expose().to_owned());
                        // An application that logs what it gets must not leak by that.
                        tracing::info!(?account, "a hook of the application");
                    }
                    async move { Ok(Some(input.claims)) }
                })
                .on_event(|event| async move {
                    if let authstile::Event::SignIn { user, account, .. } = &event {
                        tracing::info!(?user, ?account, event = event.name(), "a listener of the application");
                    }
                    Ok(())
                })
        })
    }

    // Advisories: CVE-2022-31186.
    #[tokio::test]
    async fn a_whole_sign_in_and_sign_out_leave_no_secret_in_the_log() {
        let tokens = Arc::default();
        let mut house = telling(&tokens);
        let mut secrets = constant();
        let log = Log::keep();
        let callback = house.answer().await;
        secrets.gather(&house);
        secrets.add("the address of the callback", callback.query().unwrap());
        house.browser.get(callback.as_str()).await;
        secrets.gather(&house);
        house.session().await;
        secrets.gather(&house);
        let token = house.browser.csrf_token(BASE).await;
        secrets.add("csrfToken", &token);
        let body = json!({"csrfToken": token, "data": {"pin": "1234-5678"}}).to_string();
        house
            .browser
            .send(Method::POST, &format!("{BASE}/session"), &[("content-type", "application/json")], body.into())
            .await;
        secrets.add("data of an update", "1234-5678");
        house.browser.press_sign_out(BASE).await;
        for token in tokens.lock().unwrap().iter() {
            secrets.add("token", token);
            secrets.add("signature of a token", token.rsplit('.').next().unwrap());
        }
        secrets.assert_absent(&log, 10);
    }

    // Advisories: CVE-2022-31186.
    #[tokio::test]
    async fn no_failure_leaves_a_secret_in_the_log() {
        let tokens = Arc::default();
        let mut house = telling(&tokens);
        let log = Log::keep();
        for case in Misbehave::ALL {
            let mut secrets = constant();
            house.idp.misbehave(Some(*case));
            house.idp.clear_requests();
            let page = house.browser.press_sign_in(BASE, "scalekit", "/dash").await;
            secrets.gather(&house);
            if let Some(ask) = page.location().filter(|ask| ask.as_str().starts_with(IDP)) {
                let callback = house.browser.get(ask.as_str()).await.location().unwrap();
                house.browser.get(callback.as_str()).await;
                // Twice: the second time it is unknown.
                house.browser.get(callback.as_str()).await;
                if let Some(code) = parameter(&callback, "code") {
                    secrets.add("code", &code);
                }
            }
            secrets.gather(&house);
            // Rubbish and forgeries in every cookie and field.
            for (name, value) in house.browser.cookies("localhost").to_vec() {
                let mut browser = house.another_browser();
                let forged = format!("{value}forged");
                secrets.add("a forged cookie", &forged);
                browser.set_cookie("localhost", &name, &forged);
                browser.session(BASE).await;
                browser.post(&format!("{BASE}/signout"), &[("csrfToken", "forged-token")]).await;
                browser.get(&format!("{BASE}/callback/scalekit?code=forged-code&state=forged-state")).await;
            }
            for forged in ["forged-token", "forged-code", "forged-state"] {
                secrets.add("forged", forged);
            }
            secrets.assert_absent(&log, 3);
            house.browser.forget(|_| true);
        }
    }

    #[tokio::test]
    async fn a_provider_that_repeats_what_it_was_told_does_not_get_it_into_the_log() {
        let clock = FixedClock::at(NOW);
        let idp = authstile_tests::provider(&clock);
        let transport = FakeTransport::fallible({
            let idp = idp.clone();
            move |request| {
                if request.uri().path() != "/oauth/token" {
                    return Ok(idp.handle(request));
                }
                let said = String::from_utf8_lossy(request.body()).into_owned();
                let decoded: Vec<String> =
                    form_urlencoded::parse(said.as_bytes()).map(|(name, value)| format!("{name} {value}")).collect();
                let secret = request.headers()["authorization"].to_str().unwrap().to_owned();
                let error = json!({ "error": format!("{secret} {}", decoded[1]), "error_description": format!("{decoded:?} {said} {secret} {CLIENT_SECRET}") });
                let _ = idp.handle(request);
                Ok(Response::builder().status(400).body(error.to_string().into()).unwrap())
            }
        });
        let mut house = House::build(APP, "/api/auth", &idp, transport, &clock, |builder| builder.provider(scalekit()));
        let mut secrets = constant();
        let log = Log::keep();
        let callback = house.answer().await;
        secrets.gather(&house);
        house.browser.get(callback.as_str()).await;
        secrets.gather(&house);
        secrets.assert_absent(&log, 3);

        // The same over the browser: the description repeats state and code.
        let callback = house.answer().await;
        let (state, code) = (parameter(&callback, "state").unwrap(), parameter(&callback, "code").unwrap());
        secrets.add("code", &code);
        secrets.gather(&house);
        let echo = with(
            &with(&callback, "error", Some(&format!("bad {state}"))),
            "error_description",
            Some(&format!("{code} {state}")),
        );
        house.browser.get(echo.as_str()).await;
        secrets.assert_absent(&log, 3);
    }
}
