//! ID tokens that are wrong in one way.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::email;
use crate::idp::Idp;
use crate::keys::{SigningAlgorithm, SigningKey, signing_input};
use crate::misbehave::Misbehave::{self, *};
use crate::model::Mode;
use crate::random::NoRandomness;
use crate::weak_key::{WEAK_KID, weak_sign};

type Claims = Map<String, Value>;

const DAY: i64 = 24 * 3600;

/// Signs `claims` as asked: correctly, unless told otherwise.
pub(crate) fn sign_id_token(idp: &Idp, key: &SigningKey, mut claims: Claims) -> Result<String, NoRandomness> {
    let Some(misbehave) = idp.misbehaviour() else {
        return key.sign_token(&claims);
    };
    let client_id = text(&claims, "client_id");
    spoil(idp, misbehave, &mut claims);

    let other = match misbehave {
        SignedByUnknownKeySameKid | UnknownKid => Some(idp.stray_key()),
        InvalidSigEs256 if key.algorithm != SigningAlgorithm::Es256 => Some(idp.foreign_key()),
        _ => None,
    };
    let signer = other.as_deref().unwrap_or(key);
    let (alg, kid) = match misbehave {
        SigNone => ("none", Some(key.kid.as_str())),
        InvalidSigHs256 | Hs256WithClientSecret => ("HS256", Some(key.kid.as_str())),
        UnadvertisedAlg => (key.other_algorithm(), Some(key.kid.as_str())),
        WeakRsaKey => ("RS256", Some(WEAK_KID)),
        KidAbsentSingleJwks | KidAbsentMultipleJwks => (key.algorithm.name(), None),
        SignedByUnknownKeySameKid => (key.algorithm.name(), Some(key.kid.as_str())),
        _ => (signer.algorithm.name(), Some(signer.kid.as_str())),
    };
    let mut header = Claims::new();
    header.insert("alg".to_owned(), json!(alg));
    header.extend(kid.map(|kid| ("kid".to_owned(), json!(kid))));
    header.insert("typ".to_owned(), json!("JWT"));

    let content = signing_input(&Value::Object(header), &claims);
    let message = content.as_bytes();
    let signature = match misbehave {
        SigNone => Vec::new(),
        InvalidSigRs256 | InvalidSigEs256 => {
            let mut signature = signer.sign(message)?;
            signature.iter_mut().take(1).for_each(|byte| *byte ^= 1);
            signature
        }
        InvalidSigHs256 => hs256(key.public_pem().as_bytes(), message),
        Hs256WithClientSecret => {
            let environment = idp.environment();
            let client = environment.client(&client_id);
            hs256(client.and_then(|client| client.secret.as_deref()).unwrap_or_default().as_bytes(), message)
        }
        UnadvertisedAlg => signer.sign_otherwise(message)?,
        WeakRsaKey => weak_sign(message),
        _ => signer.sign(message)?,
    };
    Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn spoil(idp: &Idp, misbehave: Misbehave, claims: &mut Claims) {
    let now = idp.now();
    let client_id = text(claims, "client_id");
    let half_hash = |text: &str| idp.environment().signing_algorithm.half_hash(text);
    match misbehave {
        InvalidIss => append(claims, "iss", "1"),
        MissingIss => remove(claims, "iss"),
        MissingSub => remove(claims, "sub"),
        EmptySub => set(claims, "sub", ""),
        WrongTypedSub => set(claims, "sub", 42),
        InvalidAud => set(claims, "aud", json!([format!("{client_id}1")])),
        MissingAud => remove(claims, "aud"),
        AudAsString => set(claims, "aud", client_id),
        SecondaryAudWithoutAzp => {
            set(claims, "aud", json!([client_id, OTHER_CLIENT]));
            remove(claims, "azp");
        }
        SecondaryAudWithAzp => {
            set(claims, "aud", json!([client_id, OTHER_CLIENT]));
            set(claims, "azp", client_id);
        }
        AzpOtherClient => set(claims, "azp", OTHER_CLIENT),
        MissingIat => remove(claims, "iat"),
        FutureIat => {
            set(claims, "iat", now.saturating_add(DAY));
            set(claims, "exp", now.saturating_add(2 * DAY));
        }
        FutureNbf => {
            set(claims, "nbf", now.saturating_add(DAY));
            set(claims, "exp", now.saturating_add(2 * DAY));
        }
        MissingExp => remove(claims, "exp"),
        ExpiredExp => {
            set(claims, "iat", now.saturating_sub(7200));
            set(claims, "exp", now.saturating_sub(3600));
        }
        WrongTypedExp => set(claims, "exp", now.saturating_add(3600).to_string()),
        NonceInvalid => append(claims, "nonce", "1"),
        MissingNonce => remove(claims, "nonce"),
        InvalidAtHash => set(claims, "at_hash", half_hash("another access token")),
        MissingAtHash => remove(claims, "at_hash"),
        MissingCHash => remove(claims, "c_hash"),
        MissingAuthTime => remove(claims, "auth_time"),
        OldAuthTime if claims.contains_key("auth_time") => set(claims, "auth_time", now.saturating_sub(2 * DAY)),
        MissingAcr => remove(claims, "acr"),
        OtherAcr if claims.contains_key("acr") => set(claims, "acr", "urn:example:none-that-was-asked-for"),
        InvalidCHash => set(claims, "c_hash", half_hash("another code")),
        OtherOrganization => {
            let oid = idp.environment().other_organization(claims.get("oid").and_then(Value::as_str));
            set(claims, "oid", oid);
        }
        MissingOid => remove(claims, "oid"),
        OtherConnection => other_connection(idp, claims),
        other => email(other, claims),
    }
}

const OTHER_CLIENT: &str = "skc_00000000000000000";

fn other_connection(idp: &Idp, claims: &mut Claims) {
    let used = claims.get("amr").and_then(|amr| amr.get(0)).and_then(Value::as_str).unwrap_or_default();
    let other = idp.environment().other_connection(used);
    if idp.environment().mode == Mode::Modular {
        let sub = text(claims, "sub");
        let user = sub.split_once(';').map_or("", |(_, user)| user);
        set(claims, "sub", format!("{other};{user}"));
    }
    set(claims, "amr", json!([other]));
}

pub(crate) fn hs256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

fn set(claims: &mut Claims, name: &str, value: impl Into<Value>) {
    claims.insert(name.to_owned(), value.into());
}

fn append(claims: &mut Claims, name: &str, suffix: &str) {
    let value = text(claims, name);
    set(claims, name, value + suffix);
}

fn remove(claims: &mut Claims, name: &str) {
    claims.shift_remove(name);
}

fn text(claims: &Claims, name: &str) -> String {
    claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
