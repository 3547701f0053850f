//! Sealed tokens: Auth.js's session cookie and our pending sign-ins, encrypted under keys derived from the secrets.
//!
//! The format is Auth.js's, byte for byte: a compact JWE (`dir`, `A256CBC-HS512`; `A256GCM` is read too) under an
//! HKDF-SHA-256 key whose salt is the name of the cookie, so that a token of one kind never opens as another.

use authstile_oauth::jose::jwe::{self, CbcHmacKey, GcmKey, KeyPair, OpenError};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::clock::UnixTime;
use crate::model::Claims;
use crate::random::{NoRandomness, Random};

/// Seconds by which clocks of several machines may differ.
const LEEWAY: f64 = 15.0;

/// Shortest secret that is accepted, in bytes: 256 bits, if they are random.
pub const MIN_SECRET: usize = 32;

/// The secrets of the application, newest first: the first seals, all of them open.
#[derive(Clone)]
pub struct Secrets(Vec<SecretString>);

/// Why a secret is refused when the engine is built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakSecret {
    /// No secret at all.
    #[error("no secret: set AUTH_SECRET to the output of `authstile secret`")]
    Missing,
    /// Too short to keep anybody out.
    #[error(
        "the secret has {length} bytes, fewer than {MIN_SECRET}: make one with `authstile secret`; to keep existing sessions, put the new one first (AUTH_SECRET_1), the old one behind it, and build with danger_weak_secrets"
    )]
    TooShort {
        /// Bytes of the secret.
        length: usize,
    },
    /// A secret from a tutorial, or one that repeats itself.
    #[error("the secret is a well-known default or hardly random: make one with `authstile secret`")]
    WellKnown,
}

impl Secrets {
    /// Takes secrets as they are, newest first; empty ones are left out. Whether they are any good is for
    /// [`Secrets::check`] to say.
    pub fn new(secrets: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(secrets.into_iter().map(Into::into).filter(|secret| !secret.is_empty()).map(SecretString::from).collect())
    }

    /// Refuses secrets that can be guessed: whoever guesses one can sign in as anybody.
    ///
    /// # Errors
    /// See [`WeakSecret`].
    pub fn check(&self) -> Result<(), WeakSecret> {
        if self.0.is_empty() {
            return Err(WeakSecret::Missing);
        }
        self.0.iter().try_for_each(|secret| check_secret(secret.expose_secret()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(ExposeSecret::expose_secret)
    }

    /// The text that Auth.js hashes into CSRF cookies and the tokens of its mails: the list, joined with commas. Behind it
    /// each secret alone, so that what was made before a secret was added is still good.
    pub(crate) fn hashed_texts(&self) -> Vec<SecretString> {
        let joined = self.iter().collect::<Vec<_>>().join(",");
        let singles =
            self.iter().filter(|secret| *secret != joined).map(|secret| SecretString::from(secret.to_owned()));
        let singles: Vec<SecretString> = singles.collect();
        [SecretString::from(joined)].into_iter().chain(singles).collect()
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({} [redacted])", self.0.len())
    }
}

fn check_secret(secret: &str) -> Result<(), WeakSecret> {
    let lower = secret.to_ascii_lowercase();
    let known = [
        "changeme",
        "change-me",
        "change_me",
        "your-secret",
        "your_secret",
        "yoursecret",
        "supersecret",
        "super-secret",
        "super_secret",
        "secret-key",
        "secret_key",
        "placeholder",
        "example",
        "password",
        "insecure",
        "nextauth",
        "complex_password",
        "do-not-use",
        "donotuse",
        "replace-me",
        "replace_me",
        "replaceme",
    ];
    // A random text of 32 characters contains one of these with a chance of less than one in a billion.
    if known.iter().any(|word| lower.contains(word)) {
        return Err(WeakSecret::WellKnown);
    }
    if secret.len() < MIN_SECRET {
        return Err(WeakSecret::TooShort { length: secret.len() });
    }
    let mut seen = [false; 256];
    secret.bytes().for_each(|byte| {
        if let Some(slot) = seen.get_mut(usize::from(byte)) {
            *slot = true;
        }
    });
    let different = seen.iter().filter(|slot| **slot).count();
    // 32 random hexadecimal digits have fewer than 8 different ones once in ten million.
    let sequence = lower.starts_with("abcdefgh") || lower.starts_with("01234567") || lower.starts_with("12345678");
    if different < 8 || sequence { Err(WeakSecret::WellKnown) } else { Ok(()) }
}

/// The keys of one kind of token: derived once, used for every request.
#[derive(Debug)]
pub struct Sealer {
    keys: Vec<KeyPair>,
}

/// Why a token is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// It cannot be decrypted.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What was decrypted is no JSON object, or a time in it is no number.
    #[error("it holds no claims: {0}")]
    NotClaims(&'static str),
    /// Its time is over.
    #[error("it expired {0} s ago")]
    Expired(i64),
    /// Its time has not come.
    #[error("it is not valid yet")]
    NotYetValid,
    /// Nothing can be sealed.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomnessError),
}

/// There was no randomness to seal with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the source of randomness failed")]
pub struct NoRandomnessError;

impl From<NoRandomness> for SealError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness(NoRandomnessError)
    }
}

impl Sealer {
    /// Derives the keys for tokens that live under `salt`, the name of their cookie.
    ///
    /// # Errors
    /// When there is no secret, or the cryptographic library refuses to derive a key.
    pub fn new(secrets: &Secrets, salt: &str) -> Result<Self, SealError> {
        let keys: Vec<KeyPair> = secrets
            .iter()
            .map(|secret| {
                Ok(KeyPair {
                    cbc: CbcHmacKey::new(&derive::<64>(secret, salt)?)?,
                    gcm: GcmKey::new(&derive::<32>(secret, salt)?)?,
                })
            })
            .collect::<Result<_, OpenError>>()?;
        if keys.is_empty() {
            return Err(OpenError::UnknownKey.into());
        }
        Ok(Self { keys })
    }

    /// Seals claims for `max_age` seconds. `iat`, `exp` and `jti` are set here, in place where they exist already.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn seal(
        &self,
        mut claims: Claims,
        max_age: i64,
        now: UnixTime,
        random: &dyn Random,
    ) -> Result<String, SealError> {
        claims.insert("iat".to_owned(), now.seconds().into());
        claims.insert("exp".to_owned(), now.seconds().saturating_add(max_age).into());
        claims.insert("jti".to_owned(), random.uuid()?.into());
        let plaintext =
            serde_json::to_vec(&claims).map_err(|_| SealError::NotClaims("they cannot be written as JSON"))?;
        let key = self.keys.first().ok_or(OpenError::UnknownKey)?;
        Ok(key.cbc.seal(&plaintext, random.bytes()?)?)
    }

    /// Opens a token.
    ///
    /// # Errors
    /// See [`SealError`]. All of them mean: not signed in.
    pub fn open(&self, token: &str, now: UnixTime) -> Result<Claims, SealError> {
        let opened = jwe::open(token, &self.keys)?;
        let claims: Claims =
            serde_json::from_slice(&opened.plaintext).map_err(|_| SealError::NotClaims("not a JSON object"))?;
        for (name, replicated) in &opened.replicated {
            if replicated.is_some() && replicated.as_ref() != claims.get(*name) {
                return Err(SealError::NotClaims("the header says otherwise"));
            }
        }
        check_times(&claims, now)?;
        Ok(claims)
    }
}

fn check_times(claims: &Claims, now: UnixTime) -> Result<(), SealError> {
    let number = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(number.as_f64()),
        Some(_) => Err(SealError::NotClaims("a time is not a number")),
    };
    number("iat")?;
    // Seconds fit a double for the next hundred million years.
    let seconds = now.seconds() as f64;
    if let Some(expires) = number("exp")?.filter(|expires| *expires <= seconds - LEEWAY) {
        return Err(SealError::Expired((seconds - expires) as i64));
    }
    if number("nbf")?.is_some_and(|begins| begins > seconds + LEEWAY) {
        return Err(SealError::NotYetValid);
    }
    Ok(())
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Auth.js's key derivation: HKDF-SHA-256 with the cookie's name as salt and in the info text.
fn derive<const N: usize>(secret: &str, salt: &str) -> Result<[u8; N], OpenError> {
    let bad = |_| OpenError::Malformed("the key cannot be derived");
    let info = format!("Auth.js Generated Encryption Key ({salt})");
    let prk = Salt::new(HKDF_SHA256, salt.as_bytes()).extract(secret.as_bytes());
    let mut key = [0; N];
    prk.expand(&[info.as_bytes()], Length(N)).map_err(bad)?.fill(&mut key).map_err(bad)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Advisories: badsecrets.
    #[test]
    fn weak_secrets_are_refused() {
        let check = |secret: &str| Secrets::new([secret]).check();
        assert_eq!(check(""), Err(WeakSecret::Missing));
        assert_eq!(check("secret"), Err(WeakSecret::TooShort { length: 6 }));
        for known in [
            "please-changeme-please-changeme-please",
            "your-secret-here-0123456789-abcdefgh",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "0123456789abcdef0123456789abcdef",
            "abababababababababababababababababab",
        ] {
            assert_eq!(check(known), Err(WeakSecret::WellKnown), "{known}");
        }
        assert_eq!(check("kT2x0Zb9nJH0Zs3wq1vLr8m5yD4fGh7UeXcPaRoNiQ4="), Ok(()));
        assert!(
            Secrets::new(["kT2x0Zb9nJH0Zs3wq1vLr8m5yD4fGh7UeXcPaRoNiQ4=", "short"]).check().is_err(),
            "an old secret opens sessions too"
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", Secrets::new(["hunter2"])), "Secrets(1 [redacted])");
    }
}
