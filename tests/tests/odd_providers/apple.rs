//! A form that is posted, a name that comes once, and a secret that is signed.

use super::*;
use authstile::oauth::jose::jwk::JwkSet;
use authstile::oauth::jose::jws;
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

const ISSUER: &str = "https://appleid.apple.com";

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn with_key(key: &str) -> Registration {
    let apple = cards::APPLE.register(ID, "");
    apple.option("team_id", "TEAM").option("key_id", "KEY").option("key", key)
}

fn row(secret: &str) -> Row {
    let form = code("apple", json!({ "client_id": ID, "client_secret": secret }));
    let mut row = Row::post("https://discovered.example/token", json!({ "authorization": null }), form, id_tokens());
    if cards::APPLE.pkce == Pkce::None {
        row.body["form"].as_object_mut().unwrap().remove("code_verifier");
    }
    row
}

fn walk(registration: Registration, secret: &str, more: Value) -> Walk {
    let mut walk = Walk::new(registration, Script::oidc(ISSUER, claims(ISSUER, more), vec![row(secret)]));
    walk.form_post = true;
    walk
}

/// A sign-in that is refused, and the secret that was sent.
async fn sent(walk: &mut Walk) -> String {
    let ending = walk.sign_in().await;
    walk.stayed_out(&ending);
    let complaint = std::mem::take(&mut walk.script.lock().unwrap().complaints).join("");
    let (_, rest) = complaint.split_once("\"client_secret\":\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn given(more: Value) -> Walk {
    walk(register(cards::APPLE), SECRET, more)
}

#[tokio::test]
async fn the_name_comes_once_in_a_form() {
    let mut walk = given(json!({ "email": "a@x.example", "email_verified": "true" }));
    let url = walk.leave().await.unwrap();
    assert_eq!(asked(&url)["response_mode"], "form_post");
    let user = r#"{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"a@x.example"}"#;
    let ending = walk.come_back(&[("user", user)]).await;
    let seen = walk.came_in(&ending);
    assert_eq!(seen.user.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(seen.profile["user"], json!({ "name": { "firstName": "Ada", "lastName": "Lovelace" } }));
}

#[tokio::test]
async fn what_the_browser_brings_is_a_name_and_nothing_else() {
    let long = format!(r#"{{"name":{{"firstName":"{}"}}}}"#, "x".repeat(5000));
    let longish = format!(r#"{{"name":{{"firstName":"{}"}}}}"#, "x".repeat(300));
    for (user, name) in [
        (r#"{"name":{"firstName":"Eve"},"email":"victim@x.example","sub":"s2"}"#, Some("Eve")),
        (r#"{"email":"victim@x.example","email_verified":true}"#, None),
        (r#"{"name":{"firstName":{"a":1},"lastName":["b"]}}"#, None),
        (r#"{"name":7}"#, None),
        (r#"{"name":{"firstName":"a\u0000b"}}"#, None),
        (r#"["name"]"#, None),
        ("{", None),
        ("null", None),
        (&long, None),
        (&longish, None),
    ] {
        let mut walk = given(json!({ "email": "a@x.example", "email_verified": "true" }));
        walk.leave().await.unwrap();
        let ending = walk.come_back(&[("user", user)]).await;
        let seen = walk.came_in(&ending);
        assert_eq!(seen.account.provider_account_id, "s1", "{user}");
        assert_eq!((seen.user.email.as_deref(), seen.user.email_verified), (Some("a@x.example"), Some(true)), "{user}");
        let expected = name.or(Some("a@x.example"));
        assert_eq!(seen.user.name.as_deref(), expected, "{user}");
        assert!(!Value::Object(seen.profile).to_string().contains("victim"), "{user}");
    }
    // Not over something that is verified, either.
    let mut walk = given(json!({ "user": { "name": { "firstName": "Verified" } } }));
    walk.leave().await.unwrap();
    let ending = walk.come_back(&[("user", r#"{"name":{"firstName":"Eve"}}"#)]).await;
    assert_eq!(walk.came_in(&ending).user.name.as_deref(), Some("Verified"));
}

#[tokio::test]
async fn the_secret_is_signed_with_the_key_and_kept_for_a_while() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let der: aws_lc_rs::encoding::EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
    let pkcs8 = pair.to_pkcs8v1().unwrap();
    let pkcs8 = pem("PRIVATE KEY", pkcs8.as_ref());
    // As a file, and as a variable often has it.
    for key in [pkcs8.clone(), pkcs8.replace('\n', "\\n")] {
        let mut walk = walk(with_key(&key), "?", json!({}));
        let secret = sent(&mut walk).await;
        let point = pair.public_key().as_ref();
        let part = |from, to| URL_SAFE_NO_PAD.encode(&point[from..to]);
        let keys =
            json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "KEY", "x": part(1, 33), "y": part(33, 65) }] });
        let keys = JwkSet::parse(keys.to_string().as_bytes()).unwrap();
        let verified = jws::verify(&secret, &keys, &["ES256".to_owned()]).unwrap();
        let claims: Value = serde_json::from_slice(&verified.payload).unwrap();
        let now = authstile_tests::NOW;
        assert_eq!(claims, json!({ "iss": "TEAM", "iat": now, "exp": now + 300, "aud": ISSUER, "sub": ID }));
        // ECDSA signs differently each time: what has the same text is the same secret.
        walk.script.lock().unwrap().rows.push(row(&secret));
        walk.clock.advance(239);
        walk.who().await;
        walk.script.lock().unwrap().rows.push(row("?"));
        walk.clock.advance(1);
        assert_ne!(sent(&mut walk).await, secret, "a minute before its end there is a new one");
    }
    for (key, words) in [
        (pem("EC PRIVATE KEY", der.as_ref()), "openssl pkcs8 -topk8"),
        (pem("ENCRYPTED PRIVATE KEY", b"x"), "is encrypted"),
        (pem("PRIVATE KEY", b"x"), "not one of the curve P-256"),
        ("-----BEGIN PRIVATE KEY-----\n***\n-----END PRIVATE KEY-----".to_owned(), "no base64"),
        ("secret text".to_owned(), "expected PKCS#8 in PEM"),
    ] {
        let error = House::stands(with_key(&key)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert!(error.contains("developer.apple.com") && !error.contains("secret text"), "{error}");
    }
    let error = House::stands(cards::APPLE.register(ID, "").option("team_id", "TEAM")).unwrap_err().to_string();
    assert!(error.contains("AUTH_APPLE_KEY"), "{error}");
}
