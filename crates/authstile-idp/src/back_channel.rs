//! Telling applications over their back channels that a session has ended (OpenID Connect Back-Channel Logout 1.0).
//!
//! Scalekit documents only that it notifies the registered URL; what it sends is a guess (§5.2).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::claims::{self, Bindings};
use crate::client::Client;
use crate::environment::Environment;
use crate::fault::LogoutTokenFault::{self, *};
use crate::idp::Idp;
use crate::keys::signing_input;
use crate::memory::Grant;
use crate::outgoing::Content;
use crate::random::{self, NoRandomness};
use crate::sabotage::hs256;
use crate::session::Record;

/// The only member that `events` must have.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Short, as §4 of the specification asks.
const TOKEN_SECONDS: i64 = 120;

/// Queues a logout token for each application that took part in the session and has registered a URL.
pub(crate) fn notify(idp: &Idp, session: &Record) {
    let environment = idp.environment();
    let fault = idp.switches().logout_token_fault;
    let took_part = |client: &&Client| session.clients.iter().any(|(id, _)| *id == client.id);
    for client in environment.clients.iter().filter(took_part) {
        let Some(url) = &client.back_channel_logout_uri else { continue };
        // Without randomness nothing is sent.
        let Ok(token) = logout_token(idp, &environment, client, session, fault) else { return };
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish();
        let times = if fault == Some(Replay) { 2 } else { 1 };
        for _ in 0..times {
            idp.outbox().add(Content::Form(form.clone()), url, &client.id, idp.now());
        }
    }
}

fn logout_token(
    idp: &Idp,
    environment: &Environment,
    client: &Client,
    session: &Record,
    fault: Option<LogoutTokenFault>,
) -> Result<String, NoRandomness> {
    let key = idp.key_for_signing();
    if fault == Some(IdTokenInstead) {
        return key.sign_token(&id_token(environment, client, session, idp.now()));
    }
    let mut claims = honest(environment, client, session, idp.now())?;
    spoil(fault, &mut claims);

    let other = match fault {
        Some(UnknownKey) => Some(idp.stray_key()),
        Some(WrongAlg) => Some(idp.foreign_key()),
        _ => None,
    };
    let signer = other.as_deref().unwrap_or(&key);
    let alg = match fault {
        Some(AlgNone) => "none",
        Some(Hs256) => "HS256",
        _ => signer.algorithm.name(),
    };
    let kid = if fault == Some(WrongAlg) { &signer.kid } else { &key.kid };
    let mut header = json!({ "alg": alg, "kid": kid, "typ": "logout+jwt" });
    match (fault, header.as_object_mut()) {
        (Some(TypJwt), Some(header)) => drop(header.insert("typ".to_owned(), json!("JWT"))),
        (Some(NoTyp), Some(header)) => drop(header.shift_remove("typ")),
        _ => {}
    }
    let content = signing_input(&header, &claims);
    let mut signature = match fault {
        Some(AlgNone) => Vec::new(),
        Some(Hs256) => hs256(client.secret.as_deref().unwrap_or_default().as_bytes(), content.as_bytes()),
        _ => signer.sign(content.as_bytes())?,
    };
    if fault == Some(BadSignature) {
        signature.iter_mut().take(1).for_each(|byte| *byte ^= 1);
    }
    Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn honest(
    environment: &Environment,
    client: &Client,
    session: &Record,
    now: i64,
) -> Result<Map<String, Value>, NoRandomness> {
    let claims = [
        ("iss", json!(environment.issuer)),
        ("aud", json!([client.id])),
        ("iat", json!(now)),
        ("exp", json!(now.saturating_add(TOKEN_SECONDS))),
        ("jti", json!(random::identifier("lgt_")?)),
        ("sid", json!(session.sign_in.sid)),
        ("sub", json!(session.sign_in.subject(environment.mode))),
        ("events", json!({ EVENT: {} })),
    ];
    Ok(claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn spoil(fault: Option<LogoutTokenFault>, claims: &mut Map<String, Value>) {
    let Some(fault) = fault else { return };
    let removed: &[&str] = match fault {
        MissingEvents => &["events"],
        MissingIat => &["iat"],
        MissingExp => &["exp"],
        MissingJti => &["jti"],
        NeitherSidNorSub => &["sid", "sub"],
        SidOnly => &["sub"],
        SubOnly => &["sid"],
        _ => &[],
    };
    for name in removed {
        claims.shift_remove(*name);
    }
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    match fault {
        WrongEvent => set("events", json!({ format!("{EVENT}/foobar"): {} })),
        EventNotObject => set("events", json!({ EVENT: true })),
        WithNonce => set("nonce", json!("a nonce")),
        ExtraClaim => set("ignored_claim", json!("ignored")),
        WrongAudience => set("aud", json!(["skc_00000000000000000"])),
        WrongIssuer => {
            let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
            let issuer = format!("{issuer}1");
            claims.insert("iss".to_owned(), issuer.into())
        }
        Expired => {
            let iat = claims.get("iat").and_then(Value::as_i64).unwrap_or_default();
            claims.insert("iat".to_owned(), iat.saturating_sub(600).into());
            claims.insert("exp".to_owned(), iat.saturating_sub(480).into())
        }
        _ => None,
    };
}

/// What the application may well hold: an ID token of the same session.
fn id_token(environment: &Environment, client: &Client, session: &Record, now: i64) -> Map<String, Value> {
    let grant = Grant {
        client_id: client.id.clone(),
        scope: "openid email profile".to_owned(),
        family: String::new(),
        sign_in: Some(session.sign_in.clone()),
        ..Grant::default()
    };
    claims::id_token(
        environment,
        &grant,
        &session.sign_in,
        &Bindings { nonce: Some("a nonce"), ..Bindings::default() },
        now,
    )
}

impl Idp {
    /// Deviates from correct logout tokens in one way from now on; `None` makes amends.
    pub fn spoil_logout_tokens(&self, fault: Option<LogoutTokenFault>) {
        self.switches().logout_token_fault = fault;
    }
}
