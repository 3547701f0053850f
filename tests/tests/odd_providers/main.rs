//! Providers as odd as the real ones, each as a script that is strict about what it receives: what their cards say is what
//! goes over the wire, and what they answer is who comes in, or why nobody does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

mod apple;
mod as_they_are;
mod entra;
mod shapes;
mod signatures;

use authstile::profile::{NOTHING, ProfileMap};
use authstile::provider::*;
use authstile::{Customize as _, Provider, Registration};
use authstile_providers as cards;
use authstile_tests::House;
use authstile_tests::log::Log;
use authstile_tests::script::{APP, CODE, ID, Row, SECRET, Script, Walk};
use serde_json::{Value, json};
use url::Url;

/// `CID:SECRET`.
const BASIC: &str = "Basic Q0lEOlNFQ1JFVA==";

fn callback(id: &str) -> String {
    format!("{APP}/auth/callback/{id}")
}

/// The form of RFC 6749 §4.1.3, with PKCE.
fn code(id: &str, more: Value) -> Value {
    let mut form = json!({
        "grant_type": "authorization_code", "code": CODE, "redirect_uri": callback(id), "code_verifier": "{verifier}",
    });
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => drop(form.as_object_mut().unwrap().remove(name)),
            value => form[name] = value.clone(),
        }
    }
    form
}

fn bearer(token: &str) -> Value {
    json!({ "authorization": format!("Bearer {token}"), "user-agent": "authstile" })
}

/// The parameters of an authorization request beside state, nonce and PKCE.
fn asked(url: &Url) -> Value {
    let always = ["state", "nonce", "code_challenge", "code_challenge_method"];
    let pairs = url.query_pairs().filter(|(name, _)| !always.contains(&&**name));
    Value::Object(pairs.map(|(name, value)| (name.into_owned(), json!(value))).collect())
}

fn claims(issuer: &str, more: Value) -> Value {
    let mut claims =
        json!({ "iss": issuer, "sub": "s1", "aud": ID, "iat": "{now}", "exp": "{now + 3600}", "nonce": "{nonce}" });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn id_tokens() -> Value {
    json!({ "access_token": "at-1", "token_type": "Bearer", "expires_in": 3600, "id_token": "{id_token}" })
}

fn register(card: Provider) -> Registration {
    card.register(ID, SECRET)
}

/// A plain provider of the test, to be made odd.
const PLAIN: Provider = Provider {
    id: "acme",
    name: "Acme",
    authorization: Some("https://acme.example/authorize"),
    token: Some("https://acme.example/token"),
    userinfo: &[UserInfoRequest { url: Some("https://api.acme.example/me"), ..GET }],
    profile: ProfileMap { id: "/id", name: "/name", ..NOTHING },
    ..OAUTH2
};

fn plain_tokens() -> Row {
    let form = code("acme", json!({}));
    Row::post("https://acme.example/token", json!({ "authorization": BASIC }), form, json!({ "access_token": "at-1" }))
}

fn plain_profile() -> Row {
    Row::get("https://api.acme.example/me", bearer("at-1"), json!({ "id": 7, "name": "Ada" }))
}
