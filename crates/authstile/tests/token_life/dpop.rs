//! RFC 9449: who steals a token cannot use it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use authstile::oauth::dpop;
use authstile::oauth::token_exchange::TokenExchange;
use authstile::{Customize as _, ProofError, ProviderError, SenderConstraint};
use http::{Method, Uri};
use serde_json::json;

use crate::house::{BASE, House, ISSUER, NOW, Proof, SECRET, Seen, once, sha256};

/// A house whose tokens are bound, and that asks for the profile too.
fn house() -> House {
    House::new(|provider| {
        provider.sender_constraint(SenderConstraint::Dpop).userinfo_endpoint(format!("{ISSUER}/userinfo?x=1"))
    })
}

/// Signs in and expects to fail.
async fn is_refused(house: &mut House) {
    let asked = house.leave().await;
    let page = house.come_back(&asked).await;
    assert_ne!(page.location().map(|url| url.path().to_owned()).as_deref(), Some("/dash"));
    assert!(!house.is_signed_in().await);
}

#[tokio::test]
async fn every_request_of_a_sign_in_is_proven_by_one_key() {
    let mut house = house();
    let asked = house.leave().await;
    house.come_back(&asked).await;
    assert!(house.is_signed_in().await);
    let (token, userinfo) = (house.op.take("/token").remove(0), house.op.take("/userinfo").remove(0));
    let (first, second) = (token.proof(), userinfo.proof());
    assert_eq!(first.thumbprint, asked["dpop_jkt"], "the code is bound to the key too");
    assert_eq!(second.thumbprint, asked["dpop_jkt"]);
    let jti = |proof: &Proof| proof.claims["jti"].as_str().unwrap().to_owned();
    assert_eq!(
        first.claims,
        json!({ "jti": jti(&first), "htm": "POST", "htu": format!("{ISSUER}/token"), "iat": NOW })
    );
    assert_eq!(userinfo.header("authorization"), "DPoP access-token-1");
    assert_eq!(
        second.claims,
        json!({
            "jti": jti(&second), "htm": "GET", "htu": format!("{ISSUER}/userinfo"), "iat": NOW,
            "ath": sha256("access-token-1"),
        }),
        "without the query, and bound to the token"
    );
    assert_ne!(jti(&first), jti(&second));
    assert!(jti(&first).len() >= 16);
}

#[tokio::test]
async fn another_session_has_another_key_and_no_browser_can_choose_it() {
    let mut house = house();
    let first = house.leave().await;
    let token = house.browser.csrf_token(BASE).await;
    let page = house.browser.post(&format!("{}/signin/acme?dpop_jkt=mine", BASE), &[("csrfToken", &token)]).await;
    let thumbprints: Vec<String> = page
        .location()
        .unwrap()
        .query_pairs()
        .filter(|(name, _)| name == "dpop_jkt")
        .map(|(_, value)| value.into())
        .collect();
    assert_eq!(thumbprints.len(), 1);
    assert!(thumbprints[0] != first["dpop_jkt"] && thumbprints[0] != "mine");
}

#[tokio::test]
async fn the_token_endpoint_gets_the_nonce_that_it_wants() {
    let mut house = house();
    house.op.script("/token", [once(400, &[("DPoP-Nonce", "n-1")], &json!({ "error": "use_dpop_nonce" }))]);
    house.sign_in().await;
    let asked = house.op.take("/token");
    let proofs: Vec<_> = asked.iter().map(|seen| seen.proof().claims).collect();
    assert_eq!(proofs.len(), 2);
    assert!(proofs[0].get("nonce").is_none());
    assert_eq!(proofs[1]["nonce"], "n-1");
    assert_ne!(proofs[0]["jti"], proofs[1]["jti"], "a proof is good for one request");
    assert_eq!(asked[0].form["code"], asked[1].form["code"]);
    // The provider's origin is known now, also to its other endpoints and to the next session.
    assert_eq!(house.op.take("/userinfo")[0].proof().claims["nonce"], "n-1");
    house.sign_in().await;
    let asked = house.op.take("/token");
    assert_eq!((asked.len(), &asked[0].proof().claims["nonce"]), (1, &json!("n-1")));
}

#[tokio::test]
async fn a_nonce_is_asked_for_once_and_no_code_is_tried_without_a_new_one() {
    let mut house = house();
    let wants = |nonce| once(400, &[("DPoP-Nonce", nonce)], &json!({ "error": "use_dpop_nonce" }));
    house.op.script("/token", [wants("n-1"), wants("n-2")]);
    is_refused(&mut house).await;
    assert_eq!(house.op.take("/token").len(), 2);
    // The last nonce is remembered; who refuses it, or any other thing, is not asked again.
    for answer in [
        wants("n-2"),
        once(400, &[], &json!({ "error": "use_dpop_nonce" })),
        once(400, &[("DPoP-Nonce", "n-3")], &json!({ "error": "invalid_dpop_proof" })),
    ] {
        house.op.script("/token", [answer]);
        is_refused(&mut house).await;
        let asked = house.op.take("/token");
        assert_eq!((asked.len(), &asked[0].proof().claims["nonce"]), (1, &json!("n-2")));
    }
    house.sign_in().await;
    assert_eq!(house.op.take("/token")[0].proof().claims["nonce"], "n-3", "any answer may bring a nonce");
}

#[tokio::test]
async fn the_userinfo_endpoint_gets_the_nonce_that_it_wants_whatever_the_case_of_its_words() {
    for challenge in [
        r#"DPoP error="use_dpop_nonce", error_description="a nonce, please""#,
        r#"dpop Error="use_dpop_nonce""#,
        r#"Bearer realm="x", DPOP algs="ES256", error="use_dpop_nonce""#,
    ] {
        let mut house = house();
        let headers = [("WWW-Authenticate", challenge), ("DPoP-Nonce", "n-1")];
        house.op.script("/userinfo", [once(401, &headers, &json!({}))]);
        house.sign_in().await;
        let asked = house.op.take("/userinfo");
        assert_eq!(asked.len(), 2, "{challenge}");
        assert_eq!(asked[1].proof().claims["nonce"], "n-1");
        assert_eq!(asked[1].proof().claims["ath"], sha256("access-token-1"));
    }
    let mut house = house();
    let headers = [("WWW-Authenticate", r#"Bearer error="use_dpop_nonce""#), ("DPoP-Nonce", "n-1")];
    house.op.script("/userinfo", [once(401, &headers, &json!({}))]);
    is_refused(&mut house).await;
    assert_eq!(house.op.take("/userinfo").len(), 1);
}

#[tokio::test]
async fn a_downgrade_to_a_bearer_token_is_refused() {
    for token_type in ["Bearer", "bearer", "N_A"] {
        let mut house = house();
        house.op.state().token_type = token_type;
        is_refused(&mut house).await;
        assert!(house.op.take("/userinfo").is_empty(), "it is shown to nobody");
    }
    for token_type in ["DPoP", "dpop", "DPOP"] {
        let mut house = house();
        house.op.state().token_type = token_type;
        house.sign_in().await;
        assert_eq!(house.op.take("/userinfo")[0].header("authorization"), "DPoP access-token-1");
    }
}

#[tokio::test]
async fn without_dpop_there_is_no_proof_and_no_bound_token() {
    let mut house = House::new(|provider| provider);
    is_refused(&mut house).await;
    house.op.state().token_type = "Bearer";
    let asked = house.leave().await;
    assert!(!asked.contains_key("dpop_jkt"));
    house.come_back(&asked).await;
    assert!(house.op.take("/token").iter().all(|seen| seen.header("dpop").is_empty()));
    let token = house.access_token().await.unwrap();
    assert_eq!(token.token_type(), "Bearer");
    assert_eq!(token.dpop_proof(&Method::GET, "https://api.example", None), Ok(None));
}

#[tokio::test]
async fn what_is_offered_is_taken_and_what_is_not_offered_is_not_asked_for() {
    let house = |algorithms: serde_json::Value| {
        let house = House::new(|provider| provider.sender_constraint(SenderConstraint::DpopWhenOffered));
        house.op.state().metadata = json!({ "dpop_signing_alg_values_supported": algorithms });
        house
    };
    for algorithms in [json!(null), json!([]), json!(["RS256"])] {
        let mut house = house(algorithms);
        house.op.state().token_type = "Bearer";
        house.sign_in().await;
        assert_eq!(house.op.take("/token")[0].header("dpop"), "");
    }
    for (token_type, expected) in [("DPoP", "DPoP"), ("Bearer", "Bearer")] {
        let mut house = house(json!(["ES256"]));
        house.op.state().token_type = token_type;
        house.sign_in().await;
        house.op.take("/token")[0].proof();
        assert_eq!(house.access_token().await.unwrap().token_type(), expected);
    }
    // Once bound, always bound.
    let mut house = house(json!(["ES256"]));
    house.sign_in().await;
    house.op.state().token_type = "Bearer";
    house.clock.advance(301);
    house.access_token().await.unwrap_err();
}

#[tokio::test]
async fn a_provider_that_understands_no_es256_is_said_before_anybody_leaves() {
    let mut house = house();
    house.op.state().metadata = json!({ "dpop_signing_alg_values_supported": ["RS256"] });
    let page = house.browser.press_sign_in(BASE, "acme", "/dash").await;
    assert!(!page.location().unwrap().as_str().starts_with(ISSUER));
    // A provider that says nothing may still do it.
    let mut house = self::house();
    house.op.state().metadata = json!({ "dpop_signing_alg_values_supported": null });
    house.sign_in().await;
}

#[tokio::test]
async fn the_key_survives_a_refresh_and_makes_proofs_for_the_application() {
    let mut house = house();
    house.sign_in().await;
    let first = house.op.take("/token").remove(0).proof().thumbprint;
    let mut ids = BTreeSet::new();
    for round in 2..=3 {
        house.clock.advance(300);
        house.op.script(
            "/token",
            [once(400, &[("DPoP-Nonce", &format!("n-{round}"))], &json!({ "error": "use_dpop_nonce" }))],
        );
        let token = house.access_token().await.unwrap();
        let asked = house.op.take("/token");
        assert_eq!(asked.len(), 2, "the dance at a refresh");
        assert_eq!(asked[1].form["refresh_token"], format!("refresh-token-{}", round - 1));
        assert!(asked.iter().all(|seen| seen.proof().thumbprint == first));
        assert_eq!((token.access_token.expose(), token.token_type()), (&*format!("access-token-{round}"), "DPoP"));
        let proof = token.dpop_proof(&Method::POST, "https://api.example/a?b=c#d", Some("n-9")).unwrap().unwrap();
        let mut seen = asked[0].clone();
        seen.headers.insert(dpop::PROOF, proof.parse().unwrap());
        let proof = seen.proof();
        assert_eq!(proof.thumbprint, first);
        assert_eq!((&proof.claims["htm"], &proof.claims["htu"]), (&json!("POST"), &json!("https://api.example/a")));
        assert_eq!(
            (&proof.claims["nonce"], &proof.claims["ath"]),
            (&json!("n-9"), &json!(sha256(token.access_token.expose())))
        );
        for seen in asked.iter().chain([&seen]) {
            assert!(ids.insert(seen.proof().claims["jti"].to_string()), "no id twice");
        }
        assert_eq!(token.dpop_proof(&Method::GET, "/relative", None), Err(ProofError::Url));
    }
    // A bound session stays bound.
    house.op.state().token_type = "Bearer";
    house.clock.advance(300);
    house.access_token().await.unwrap_err();
}

#[tokio::test]
async fn a_session_that_began_with_bearer_tokens_is_not_refreshed_where_they_must_be_bound() {
    let mut before = House::new(|provider| provider);
    before.op.state().token_type = "Bearer";
    before.sign_in().await;
    let after = house();
    after.clock.advance(301);
    let error = after.auth.access_token(&before.headers(), &Uri::from_static("/")).await.unwrap_err();
    assert!(
        matches!(error, authstile::Error::Provider { source: ProviderError::Proof(ProofError::NoKey), .. }),
        "{error}"
    );
    assert!(after.op.take("/token").is_empty(), "the refresh token was not used up");
}

/// Everything that is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl tracing::field::Visit for Log {
    fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        use std::fmt::Write as _;
        writeln!(self.0.lock().unwrap(), "{value:?}").unwrap();
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn neither_a_token_nor_a_proof_nor_a_secret_is_in_the_log() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let mut house = house();
    house.sign_in().await;
    house.clock.advance(300);
    house.access_token().await.unwrap();
    let mut secrets: Vec<String> = Vec::new();
    let mut gather = |house: &House| {
        for seen in house.op.state().seen.iter().filter(|seen| seen.path != "/keys") {
            secrets
                .extend(["authorization", "dpop"].map(|name| seen.header(name).rsplit(' ').next().unwrap().to_owned()));
            secrets.extend(
                ["code", "token", "refresh_token", "subject_token"]
                    .iter()
                    .filter_map(|name| seen.form.get(*name).cloned()),
            );
        }
        let cookies = house.browser.cookies("localhost").iter().filter(|(name, _)| !name.contains("callback-url"));
        secrets.extend(cookies.map(|(_, value)| value.clone()));
    };
    gather(&house);
    house.op.state().seen.clear();
    // A provider that repeats whatever it was told, at every endpoint.
    let everything =
        |seen: &Seen| format!("{} {SECRET} {} {:?}", seen.header("authorization"), seen.header("dpop"), seen.form);
    for path in ["/introspect", "/revoke", "/revoke", "/token", "/token"] {
        house.op.refuse(path, everything);
    }
    let (headers, uri) = (house.headers(), Uri::from_static("/"));
    let mut errors = vec![house.auth.introspect("acme", "access-token-2", &[]).await.unwrap_err()];
    errors.push(house.auth.exchange_token(&headers, &uri, &TokenExchange::new()).await.unwrap_err());
    house.clock.advance(301);
    errors.push(house.auth.access_token(&headers, &uri).await.unwrap_err());
    for error in errors {
        tracing::warn!(%error, "an application that logs it");
    }
    house.browser.press_sign_out(BASE).await;
    gather(&house);
    secrets.push(SECRET.to_owned());
    let log = log.0.lock().unwrap().clone();
    assert!(log.contains("not revoked") && log.contains("[redacted]"), "{log}");
    for secret in secrets.iter().filter(|secret| secret.len() > 3) {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log: {log}");
    }
}
