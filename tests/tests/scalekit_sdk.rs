//! Scalekit's own Node SDK (npm `@scalekit-sdk/node`) against our identity provider: so the provider is not merely
//! consistent with ourselves.
#![cfg(feature = "services")]

use std::collections::BTreeMap;
use std::process::Command;

use authstile_idp::{Client, Connection, Idp, Mode, Organization, User, Webhook, WebhookEvent};
use authstile_testkit::Loopback;
use authstile_tests::peers::from_xtask;
use authstile_tests::{CLIENT_ID, CLIENT_SECRET};
use serde_json::{Value, json};

const REDIRECT_URI: &str = "http://localhost:3000/api/auth/callback/scalekit";
const WEBHOOK_SECRET: &str = "whsec_c2NhbGVraXQtdmVjdG9yLWtleS0wMTIzNDU2Nzg5YWI=";

/// Runs the SDK against a provider; what it found, as JSON.
async fn sdk(issuer: String, webhook: Value) -> Value {
    let folder = from_xtask("AUTHSTILE_COMPAT");
    let output = tokio::task::spawn_blocking(move || {
        Command::new("node")
            .arg(folder.join("scalekit-sdk.mjs"))
            .current_dir(folder)
            .envs([("ISSUER", issuer.as_str()), ("CLIENT_ID", CLIENT_ID), ("CLIENT_SECRET", CLIENT_SECRET)])
            .envs([("REDIRECT_URI", REDIRECT_URI), ("ORGANIZATION", "org_acme"), ("WEBHOOK", &webhook.to_string())])
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn a_login_and_a_webhook(mode: Mode) {
    let mut server = Loopback::bind().await.unwrap();
    let idp = Idp::builder(server.origin())
        .mode(mode)
        .client(Client::new(CLIENT_ID, CLIENT_SECRET).redirect_uri(REDIRECT_URI))
        .organization(
            Organization::new("org_acme", "Acme")
                .domain("acme.example")
                .connection(Connection::new("conn_acme", "Okta")),
        )
        .user(User::new("ada@acme.example").id("00u1ada").name("Ada Lovelace").organization("org_acme"))
        .webhook(Webhook::new("http://127.0.0.1:9/webhooks", WEBHOOK_SECRET).unwrap())
        .build();
    idp.auto_sign_in(Some("ada@acme.example"));
    server.serve({
        let idp = idp.clone();
        move |request| std::future::ready(idp.handle(request))
    });
    idp.send_event(&WebhookEvent::new("organization.updated", Some("org_acme"), json!({ "id": "org_acme" })));
    let message = idp.take_outgoing().into_iter().next().expect("a webhook");
    let headers: BTreeMap<&str, &str> =
        message.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let body = std::str::from_utf8(message.body()).unwrap();

    let found = sdk(server.origin(), json!({ "secret": WEBHOOK_SECRET, "headers": headers, "body": body })).await;
    assert_eq!(found["user"]["email"], "ada@acme.example", "{found}");
    assert_eq!(found["accessTokenIsValid"], true, "{found}");
    assert_eq!(found["webhook"], true, "{found}");
    assert!(found["logoutUrl"].as_str().unwrap().starts_with(&format!("{}/oidc/logout?", server.origin())), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_signs_in_where_the_application_owns_the_users() {
    a_login_and_a_webhook(Mode::Modular).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_signs_in_where_scalekit_owns_the_users() {
    a_login_and_a_webhook(Mode::FullStack).await;
}
