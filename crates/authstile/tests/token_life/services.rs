//! Revocation (RFC 7009), introspection (RFC 7662) and exchange (RFC 8693).

use authstile::oauth::introspection::IntrospectionError;
use authstile::oauth::secret::AccessToken;
use authstile::oauth::token_exchange::{TokenExchange, TokenType};
use authstile::{Customize as _, EndSession, Error, KeepTokens, ProviderError, RevokeTokens, SenderConstraint};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use serde_json::{Value, json};

use crate::house::{BASE, House, ISSUER, NOW, SECRET, Seen, once};

/// A house with bearer tokens.
async fn signed_in(customize: impl FnOnce(authstile::Registration) -> authstile::Registration) -> House {
    let mut house = House::new(customize);
    house.op.state().token_type = "Bearer";
    house.sign_in().await;
    house
}

/// The proof of who we are, as at the token endpoint.
fn is_authenticated(seen: &Seen) -> bool {
    let pair = format!("app:{}", form_urlencoded::byte_serialize(SECRET.as_bytes()).collect::<String>());
    seen.header("authorization") == format!("Basic {}", STANDARD.encode(pair))
}

fn hints(asked: &[Seen]) -> Vec<(&str, &str)> {
    asked.iter().map(|seen| (seen.form["token"].as_str(), seen.form["token_type_hint"].as_str())).collect()
}

#[tokio::test]
async fn signing_out_revokes_the_refresh_token_and_then_the_access_token() {
    let mut house = signed_in(|provider| provider).await;
    house.browser.press_sign_out(BASE).await;
    assert!(!house.is_signed_in().await);
    let asked = house.op.take("/revoke");
    assert_eq!(hints(&asked), [("refresh-token-1", "refresh_token"), ("access-token-1", "access_token")]);
    for seen in &asked {
        assert!(is_authenticated(seen));
        assert_eq!(seen.header("content-type"), "application/x-www-form-urlencoded;charset=UTF-8");
        assert_eq!(seen.form.len(), 2);
    }
    house.browser.press_sign_out(BASE).await;
    assert!(house.op.take("/revoke").is_empty(), "who is signed out has no tokens");
}

#[tokio::test]
async fn a_failing_revocation_keeps_nobody_signed_in() {
    let error = |code: &str| json!({ "error": code });
    for (answer, attempts) in [
        (once(503, &[("Retry-After", "120")], &json!({})), 2),
        (once(500, &[], &json!({})), 2),
        (once(401, &[], &error("invalid_client")), 2),
        (once(400, &[], &error("unsupported_token_type")), 2),
        // Who does not answer is not waited for twice.
        (None, 1),
    ] {
        let mut house = signed_in(|provider| provider.end_session(EndSession::AtProvider)).await;
        house.op.script("/revoke", [answer]);
        let page = house.browser.press_sign_out(BASE).await;
        assert_eq!(page.location().unwrap().path(), "/logout", "the walk goes on to the provider");
        assert!(!house.is_signed_in().await);
        assert_eq!(house.op.take("/revoke").len(), attempts);
    }
}

#[tokio::test]
async fn when_the_tokens_are_revoked_the_session_has_ended_already() {
    let mut house = signed_in(|provider| provider).await;
    let (auth, headers) = (house.auth.clone(), house.headers());
    house.op.refuse("/revoke", move |_| {
        // The same cookies, while the provider is being asked: a copy of the session is of no use.
        let session = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async { auth.session(&headers, &Uri::from_static("/")).await.unwrap() })
        });
        assert!(session.join().unwrap().is_none());
        String::new()
    });
    house.browser.press_sign_out(BASE).await;
    assert_eq!(house.op.take("/revoke").len(), 2);
}

#[tokio::test]
async fn nothing_is_revoked_that_is_not_kept_or_not_meant_to_be_or_where_nobody_can() {
    let mut houses = vec![
        signed_in(|provider| provider.revoke_tokens(RevokeTokens::Never)).await,
        signed_in(|provider| provider.keep_tokens(KeepTokens::IdToken)).await,
        signed_in(|provider| provider.keep_tokens(KeepTokens::Nothing)).await,
    ];
    let mut without = House::new(|provider| provider);
    without.op.state().token_type = "Bearer";
    without.op.state().metadata = json!({ "revocation_endpoint": null });
    without.sign_in().await;
    houses.push(without);
    for mut house in houses {
        house.browser.press_sign_out(BASE).await;
        assert!(!house.is_signed_in().await);
        assert!(house.op.take("/revoke").is_empty());
    }
}

#[tokio::test]
async fn an_application_that_ends_sessions_itself_revokes_too() {
    let house = signed_in(|provider| provider).await;
    house.auth.revoke_tokens(&house.headers(), &Uri::from_static("/")).await.unwrap();
    assert_eq!(house.op.take("/revoke").len(), 2);
    let mut nobody = http::HeaderMap::new();
    nobody.insert("host", "localhost:3000".parse().unwrap());
    house.auth.revoke_tokens(&nobody, &Uri::from_static("/")).await.unwrap();
    assert!(house.op.take("/revoke").is_empty());
}

/// What is said of a token when the provider answers so.
async fn introspected(answer: Value) -> Result<Option<String>, IntrospectionError> {
    let house = House::new(|provider| provider);
    house.op.state().introspection = answer;
    let verdict = house.auth.introspect("acme", "an-opaque-token", &["https://api.example"]).await;
    let asked = house.op.take("/introspect");
    assert_eq!(hints(&asked), [("an-opaque-token", "access_token")]);
    assert!(is_authenticated(&asked[0]));
    match verdict {
        Ok(verdict) => Ok(verdict.active().map(|token| token.subject().unwrap_or_default().to_owned())),
        Err(Error::Provider { source: ProviderError::Introspection(error), .. }) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn introspection_says_who_a_token_is_or_that_it_is_nobody() {
    let active = |further: Value| {
        let mut answer = json!({ "active": true, "sub": "ada" });
        answer.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        answer
    };
    let ada = Ok(Some("ada".to_owned()));
    assert_eq!(introspected(json!({ "active": false, "sub": "ada" })).await, Ok(None));
    assert_eq!(introspected(active(json!({}))).await, ada);
    assert_eq!(
        introspected(active(json!({ "iss": ISSUER, "aud": "app", "exp": NOW + 1, "token_type": "Bearer" }))).await,
        ada
    );
    assert_eq!(introspected(active(json!({ "aud": ["x", "https://api.example"] }))).await, ada);
    for (further, expected) in [
        (json!({ "iss": "https://evil.example" }), "iss is"),
        (json!({ "aud": "https://other.example" }), "aud is"),
        (json!({ "exp": NOW - 61 }), "expired"),
        (json!({ "token_type": "Refresh" }), "of type"),
    ] {
        let error = introspected(active(further)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

// Advisories: CVE-2026-33496, CVE-2021-32701.
#[tokio::test]
async fn introspection_is_asked_anew_each_time_and_an_error_is_no_answer() {
    let house = House::new(|provider| provider);
    house.op.state().introspection = json!({ "active": true });
    for _ in 0..2 {
        assert!(house.auth.introspect("acme", "token", &[]).await.unwrap().active().is_some());
    }
    assert_eq!(house.op.take("/introspect").len(), 2);
    house.op.script("/introspect", [None, once(401, &[], &json!({ "error": "invalid_client", "active": true }))]);
    for _ in 0..2 {
        house.auth.introspect("acme", "token", &[]).await.unwrap_err();
    }
    house.auth.introspect("nobody", "token", &[]).await.unwrap_err();

    let elsewhere = House::new(|provider| provider.introspection_endpoint(format!("{ISSUER}/introspect")));
    elsewhere.op.state().metadata = json!({ "introspection_endpoint": null });
    elsewhere.auth.introspect("acme", "token", &[]).await.unwrap();
    let missing = House::new(|provider| provider);
    missing.op.state().metadata = json!({ "introspection_endpoint": null });
    let error = missing.auth.introspect("acme", "token", &[]).await.unwrap_err().to_string();
    assert!(error.contains("no introspection_endpoint"), "{error}");
}

fn issued(kind: &TokenType, token: &str, token_type: &str) -> Option<http::Response<bytes::Bytes>> {
    let body = json!({
        "access_token": token, "token_type": token_type, "issued_token_type": kind.as_str(), "expires_in": 60, "scope": "read",
    });
    once(200, &[], &body)
}

#[tokio::test]
async fn the_token_of_a_session_is_exchanged_for_another() {
    let house = signed_in(|provider| provider).await;
    let (headers, uri) = (house.headers(), Uri::from_static("/"));
    // A token with `act` in it, which is nobody's business here.
    let delegated = "eyJhbGciOiJub25lIn0.eyJhY3QiOnsic3ViIjoiYWdlbnQifX0.";
    house.op.script("/token", [issued(&TokenType::AccessToken, delegated, "Bearer")]);
    let exchange = TokenExchange::new()
        .audience("reports")
        .scope("read")
        .actor(AccessToken::new("the agent's token"), TokenType::AccessToken);
    let exchanged = house.auth.exchange_token(&headers, &uri, &exchange).await.unwrap().unwrap();
    assert_eq!(exchanged.token.access_token.expose(), delegated, "byte for byte");
    assert_eq!((exchanged.token.token_type(), exchanged.token.expires_at), ("Bearer", Some(NOW + 60)));
    assert_eq!((&exchanged.issued_token_type, exchanged.scope.as_deref()), (&TokenType::AccessToken, Some("read")));
    let seen = house.op.take("/token").pop().unwrap();
    assert!(is_authenticated(&seen));
    assert_eq!(seen.form["grant_type"], "urn:ietf:params:oauth:grant-type:token-exchange");
    assert_eq!((&*seen.form["subject_token"], &*seen.form["audience"]), ("access-token-1", "reports"));
    assert_eq!(seen.form["actor_token"], "the agent's token");
    // The session goes on with its own token.
    assert!(exchanged.token.set_cookies.is_empty());
    let token = house.auth.access_token(&headers, &uri).await.unwrap().unwrap();
    assert_eq!(token.access_token.expose(), "access-token-1");
}

#[tokio::test]
async fn only_what_was_asked_for_is_taken_and_only_of_somebody() {
    let house = signed_in(|provider| provider).await;
    let (headers, uri) = (house.headers(), Uri::from_static("/"));
    let token = |exchange: TokenExchange| {
        let (auth, headers, uri) = (house.auth.clone(), headers.clone(), uri.clone());
        async move { auth.exchange_token(&headers, &uri, &exchange).await }
    };
    let jwt = || TokenExchange::new().requested_token_type(TokenType::Jwt);
    for (answer, exchange) in [
        (issued(&TokenType::Jwt, "t", "Bearer"), TokenExchange::new()),
        (issued(&TokenType::AccessToken, "t", "Bearer"), jwt()),
        (issued(&TokenType::AccessToken, "t", "N_A"), TokenExchange::new()),
        (issued(&TokenType::AccessToken, "t", "DPoP"), TokenExchange::new()),
        (once(200, &[], &json!({ "access_token": "t", "token_type": "Bearer" })), TokenExchange::new()),
        (once(400, &[], &json!({ "error": "invalid_target" })), TokenExchange::new()),
        (None, TokenExchange::new()),
    ] {
        house.op.script("/token", [answer]);
        token(exchange).await.unwrap_err();
    }
    house.op.script("/token", [issued(&TokenType::Jwt, "t", "N_A")]);
    assert_eq!(token(jwt()).await.unwrap().unwrap().issued_token_type, TokenType::Jwt);
    let mut nobody = http::HeaderMap::new();
    nobody.insert("host", "localhost:3000".parse().unwrap());
    assert!(house.auth.exchange_token(&nobody, &uri, &TokenExchange::new()).await.unwrap().is_none());
}

#[tokio::test]
async fn the_token_of_a_bound_session_is_exchanged_for_one_that_is_bound_to_the_same_key() {
    let mut house = House::new(|provider| provider.sender_constraint(SenderConstraint::Dpop));
    house.sign_in().await;
    let key = house.op.take("/token")[0].proof().thumbprint;
    let (headers, uri) = (house.headers(), Uri::from_static("/"));
    house.op.script(
        "/token",
        [issued(&TokenType::AccessToken, "t", "DPoP"), issued(&TokenType::AccessToken, "t", "Bearer")],
    );
    let exchanged = house.auth.exchange_token(&headers, &uri, &TokenExchange::new()).await.unwrap().unwrap();
    assert_eq!(house.op.take("/token")[0].proof().thumbprint, key);
    assert_eq!(exchanged.token.token_type(), "DPoP");
    assert!(exchanged.token.dpop_proof(&http::Method::GET, "https://api.example/", None).unwrap().is_some());
    house.auth.exchange_token(&headers, &uri, &TokenExchange::new()).await.unwrap_err();
}
