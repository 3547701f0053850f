//! The ID token that comes with a refresh (OpenID Connect Core §12.2).

use authstile::{Customize as _, Denied, EndSession, Error, ProviderError};
use serde_json::{Value, json};

use crate::house::{BASE, House, NOW, once};

async fn signed_in() -> House {
    let mut house = House::new(|provider| provider.end_session(EndSession::AtProvider));
    house.op.state().token_type = "Bearer";
    house.sign_in().await;
    house
}

/// Refreshes, with an ID token that has these claims in place of its own.
async fn refreshed(house: &mut House, claims: Value) -> Result<String, Error> {
    house.op.state().claims = claims;
    house.clock.advance(299);
    house.access_token().await.map(|token| token.access_token.expose().to_owned())
}

/// The ID token that the provider is shown at the end.
async fn hint(house: &mut House) -> Value {
    let page = house.browser.press_sign_out(BASE).await;
    let url = page.location().unwrap();
    let (_, hint) = url.query_pairs().find(|(name, _)| name == "id_token_hint").unwrap();
    authstile::oauth::jose::jws::peek(&hint).unwrap()
}

#[tokio::test]
async fn a_fresh_id_token_of_the_same_sign_in_takes_the_place_of_the_old_one() {
    for claims in [json!({}), json!({ "nonce": null }), json!({ "auth_time": null }), json!({ "aud": ["app"] })] {
        let mut house = signed_in().await;
        assert_eq!(refreshed(&mut house, claims.clone()).await.unwrap(), "access-token-2", "{claims}");
        assert!(house.is_signed_in().await);
        assert_eq!(hint(&mut house).await["iat"], NOW + 299, "the hint is fresh: {claims}");
    }
}

#[tokio::test]
async fn an_id_token_of_another_sign_in_ends_the_session() {
    for (claims, name) in [
        (json!({ "sub": "eve" }), "sub"),
        (json!({ "nonce": "another" }), "nonce"),
        (json!({ "auth_time": NOW + 200 }), "auth_time"),
    ] {
        let mut house = signed_in().await;
        let error = refreshed(&mut house, claims).await.unwrap_err();
        assert!(matches!(&error, Error::Denied(Denied::SessionEnded { .. })), "{name}: {error}");
        assert!(!house.is_signed_in().await, "{name}");
    }
}

#[tokio::test]
async fn an_id_token_that_is_not_good_gives_no_token_at_all() {
    for claims in [
        json!({ "iss": "https://evil.example" }),
        json!({ "aud": "another-app" }),
        json!({ "aud": ["app", "another-app"] }),
        json!({ "exp": NOW }),
        json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }),
        json!({ "sub": null }),
    ] {
        let mut house = signed_in().await;
        house.clock.advance(-20);
        // The old access token is good for 21 s yet: it is not given out either.
        let error = refreshed(&mut house, claims.clone()).await.unwrap_err();
        assert!(matches!(&error, Error::Provider { source: ProviderError::IdToken(_), .. }), "{claims}: {error}");
        assert!(house.is_signed_in().await, "a mistake of the provider's signs nobody out");
    }
}

#[tokio::test]
async fn the_first_sign_in_is_remembered_however_often_the_tokens_change() {
    let mut house = signed_in().await;
    let token = refreshed(&mut house, json!({ "nonce": null, "auth_time": null })).await.unwrap();
    assert_eq!(token, "access-token-2");
    // The ID token that is kept now says neither; the first one did.
    assert_eq!(refreshed(&mut house, json!({})).await.unwrap(), "access-token-3");
    let error = refreshed(&mut house, json!({ "nonce": "another" })).await.unwrap_err();
    assert!(matches!(&error, Error::Denied(Denied::SessionEnded { .. })), "{error}");
}

#[tokio::test]
async fn without_keys_to_verify_the_answer_with_no_refresh_token_is_used_up() {
    let before = signed_in().await;
    // Another process, which knows nothing of the provider yet.
    let after = House::new(|provider| provider);
    after.op.script("/keys", [None]);
    after.clock.advance(301);
    after.auth.access_token(&before.headers(), &http::Uri::from_static("/")).await.unwrap_err();
    assert!(after.op.take("/token").is_empty());
}

#[tokio::test]
async fn a_refresh_without_an_id_token_keeps_the_old_one() {
    let mut house = signed_in().await;
    let body = json!({ "access_token": "fresh", "token_type": "Bearer", "expires_in": 300 });
    house.op.script("/token", [once(200, &[], &body)]);
    assert_eq!(refreshed(&mut house, json!({})).await.unwrap(), "fresh");
    assert_eq!(hint(&mut house).await["iat"], NOW);
}
