//! Client secrets that are made of a private key: an ES256 JWT, good for some minutes, in place of a password.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use authstile_oauth::secret::ClientSecret;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::clock::UnixTime;
use crate::profile::Options;
use crate::provider::Template;
use crate::registration::Registration;

/// Seconds before its end at which a secret is made anew.
const EARLY: i64 = 60;

/// Makes the secrets of one registration.
pub(crate) struct Signer {
    issuer: String,
    client_id: String,
    audience: String,
    key_id: String,
    seconds: i64,
    key: EcdsaKeyPair,
    /// The last one, and when it is too old.
    made: RwLock<Option<(ClientSecret, i64)>>,
}

impl Signer {
    /// The signer of a registration; `None` where the provider has ordinary secrets, or the application brings one that it
    /// made itself.
    pub(crate) fn of(registration: &Registration, options: &Options) -> Result<Option<Self>, String> {
        let Some(card) = registration.provider.signed_secret else { return Ok(None) };
        let fill = |field, text| registration.fill(field, text, options);
        let given = registration.client_secret.as_ref().is_some_and(|secret| !secret.expose().is_empty());
        let Ok(key) = fill("private_key", card.private_key) else {
            return if given { Ok(None) } else { Err(missing(registration, options)) };
        };
        let whole = |field, text| fill(field, text).map_err(|_| missing(registration, options));
        let where_from = registration.provider.registration_url.map(|url| format!("; see {url}"));
        let pair = private_key(&key).map_err(|problem| format!("{problem}{}", where_from.unwrap_or_default()))?;
        Ok(Some(Self {
            issuer: whole("issuer", card.issuer)?,
            client_id: registration.client_id.clone(),
            audience: whole("audience", card.audience)?,
            key_id: whole("key_id", card.key_id)?,
            seconds: i64::from(card.seconds),
            key: pair,
            made: RwLock::new(None),
        }))
    }

    /// A secret that is good now, and for a while.
    pub(crate) fn secret(&self, now: UnixTime) -> Result<ClientSecret, &'static str> {
        let now = now.seconds();
        if let Some((secret, end)) = &*self.made.read().unwrap_or_else(PoisonError::into_inner)
            && now < *end
            && now >= *end - self.seconds
        {
            return Ok(secret.clone());
        }
        let header = json!({ "alg": "ES256", "kid": self.key_id, "typ": "JWT" });
        let claims = json!({
            "iss": self.issuer, "iat": now, "exp": now.saturating_add(self.seconds), "aud": self.audience,
            "sub": self.client_id,
        });
        let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let content = format!("{}.{}", part(header), part(claims));
        let signature = self.key.sign(&SystemRandom::new(), content.as_bytes()).map_err(|_| "the key does not sign")?;
        let secret = ClientSecret::new(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)));
        let end = now.saturating_add(self.seconds - EARLY.min(self.seconds / 2));
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = Some((secret.clone(), end));
        Ok(secret)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// What is missing, by the names of the options.
fn missing(registration: &Registration, options: &Options) -> String {
    let card = &registration.provider;
    let Some(secret) = card.signed_secret else { return String::new() };
    let texts = [secret.issuer, secret.key_id, secret.private_key, secret.audience];
    let words: Vec<String> = texts
        .into_iter()
        .filter_map(|text| Template::parse(text).ok())
        .flat_map(|template| template.words().iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        .filter(|word| !options.contains_key(word))
        .collect();
    let line = |word: &String| {
        let doc = card.options.iter().find(|option| option.name == word).map_or("", |option| option.doc);
        format!("`{word}`, {doc} ({})", card.variable(word))
    };
    let lines: Vec<String> = words.iter().map(line).collect();
    format!(
        "its client secret is signed with a private key, and this is missing: {}; or give a client secret that you signed \
         yourself",
        lines.join("; ")
    )
}

/// Reads a key on the curve P-256 from PKCS#8 in PEM. Line breaks may be written as `\n`, as variables often have them.
fn private_key(pem: &str) -> Result<EcdsaKeyPair, String> {
    const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
    const END: &str = "-----END PRIVATE KEY-----";
    let wrong = |problem: &str| {
        format!(
            "the private key {problem}: expected PKCS#8 in PEM, which begins with `{BEGIN}`, as in the .p8 file that the \
             provider lets you download once"
        )
    };
    let pem = pem.replace("\\n", "\n");
    if pem.contains("BEGIN EC PRIVATE KEY") {
        return Err(wrong("is in SEC 1 form (`openssl pkcs8 -topk8 -nocrypt` converts it)"));
    }
    if pem.contains("BEGIN ENCRYPTED") {
        return Err(wrong("is encrypted (`openssl pkcs8 -topk8 -nocrypt` decrypts it)"));
    }
    let inside = pem.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(inside, _)| inside);
    let base64: String = inside.ok_or_else(|| wrong("has no such frame"))?.split_whitespace().collect();
    let der = STANDARD.decode(base64).map_err(|_| wrong("is no base64 between its first and last line"))?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).map_err(|_| wrong("is not one of the curve P-256"))
}
