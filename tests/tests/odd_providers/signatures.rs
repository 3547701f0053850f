//! What ID tokens are signed with, and what they must repeat.

use super::*;

fn line(change: impl FnOnce(&mut Script)) -> Walk {
    let issuer = cards::LINE.issuer.unwrap();
    let mut form = code("line", json!({}));
    let headers = match cards::LINE.client_authentication {
        Some(authstile::oauth::client_auth::ClientAuthentication::Post) => {
            (form["client_id"], form["client_secret"]) = (json!(ID), json!(SECRET));
            json!({ "authorization": null })
        }
        _ => json!({ "authorization": BASIC }),
    };
    let token = Row::post("https://discovered.example/token", headers, form, id_tokens());
    let mut script = Script::oidc(issuer, claims(issuer, json!({})), vec![token]);
    script.header = json!({ "alg": "HS256", "typ": "JWT" });
    change(&mut script);
    Walk::new(register(cards::LINE), script)
}

#[tokio::test]
async fn hs256_is_for_the_card_that_says_so() {
    assert_eq!(cards::LINE.id_token_signature, IdTokenSignature::ClientSecret);
    assert_eq!(line(|_| {}).who().await.account.provider_account_id, "s1");
    for (name, mut walk) in [
        ("another secret", line(|script| script.hmac = b"guess".to_vec())),
        ("the public key", line(|script| script.hmac = script.public_key())),
        ("nothing", line(|script| script.hmac = Vec::new())),
        ("a key of the provider", line(|script| script.header = json!({ "alg": "ES256", "kid": "k1" }))),
        ("none", line(|script| script.header = json!({ "alg": "none" }))),
        ("another nonce", line(|script| script.claims["nonce"] = json!("other"))),
    ] {
        let ending = walk.sign_in().await;
        walk.stayed_out(&ending);
        assert_eq!(ending.code.as_deref(), Some("OAuthCallbackError"), "{name}");
    }
    assert!(House::stands(cards::LINE.register(ID, SECRET).without_secret()).is_err());
}

// Advisories: alg confusion.
#[tokio::test]
async fn hs256_is_refused_everywhere_else() {
    let issuer = "https://accounts.google.com";
    for key in ["SECRET", "public"] {
        let form = code("google", json!({}));
        let token = Row::post("https://discovered.example/token", json!({ "authorization": BASIC }), form, id_tokens());
        let mut script = Script::oidc(issuer, claims(issuer, json!({})), vec![token]);
        script.header = json!({ "alg": "HS256", "kid": "k1" });
        // Even where the provider seems to advertise it.
        script.metadata["id_token_signing_alg_values_supported"] = json!(["HS256", "ES256"]);
        script.hmac = if key == "SECRET" { SECRET.into() } else { script.public_key() };
        let mut walk = Walk::new(register(cards::GOOGLE), script);
        let ending = walk.sign_in().await;
        let error = walk.stayed_out(&ending);
        assert!(error.contains("HS256") && error.contains("never accepted"), "{error}");
    }
}

#[tokio::test]
async fn a_nonce_that_was_not_sent_is_not_expected() {
    let card = Provider { id: "acme", issuer: Some("https://acme.example"), nonce: NonceUse::Omit, ..OIDC };
    let mut claims = claims("https://acme.example", json!({}));
    claims.as_object_mut().unwrap().remove("nonce");
    let row = || Row::post("https://discovered.example/token", json!({}), code("acme", json!({})), id_tokens());
    let script = || Script::oidc("https://acme.example", claims.clone(), vec![row()]);
    let mut walk = Walk::new(register(card), script());
    assert!(!walk.leave().await.unwrap().query_pairs().any(|(name, _)| name == "nonce"));
    let ending = walk.come_back(&[]).await;
    walk.came_in(&ending);
    let mut walk = Walk::new(register(Provider { nonce: NonceUse::Send, ..card }), script());
    let ending = walk.sign_in().await;
    assert!(walk.stayed_out(&ending).contains("nonce"));
}
