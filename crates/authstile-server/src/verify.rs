//! `authstile token verify` and `authstile webhook verify`: for whoever debugs an SSO set-up. The rules are those of the
//! engine; only that a person reads the verdict.

use std::io::{Read as _, Write as _};

use anyhow::{Context as _, anyhow, bail};
use authstile::clock::{Clock as _, SystemClock};
use authstile::oauth::id_token;
use authstile::oauth::jose::jwk::JwkSet;
use authstile::oauth::jose::jws::peek;
use authstile::oauth::secret::{AccessToken, RawIdToken};
use authstile::oauth::word::{ClientId, Issuer, Nonce};
use authstile::oauth::{access_token, logout_token};
use authstile::{Claims, IdentityCheck as _};
use authstile_scalekit::webhook::{WebhookSecret, WebhookVerifier};
use authstile_scalekit::{OrganizationGuard, idp_initiated};
use http::HeaderMap;
use serde_json::Value;

use crate::cli::{TokenKind, VerifyTokenOptions, VerifyWebhookOptions};

/// A token on standard input, its claims on standard output.
pub(crate) fn token(options: &VerifyTokenOptions) -> anyhow::Result<()> {
    let keys = std::fs::read(&options.jwks).with_context(|| format!("{} cannot be read", options.jwks.display()))?;
    let algorithms = algorithms(&keys);
    let keys = JwkSet::parse(&keys).with_context(|| format!("{}", options.jwks.display()))?;
    let mut raw = String::new();
    std::io::stdin().lock().read_to_string(&mut raw).context("the token cannot be read from standard input")?;
    let raw = raw.trim_end_matches(['\r', '\n']);
    let issuer = Issuer::parse(&options.issuer)?;
    let now = options.now.unwrap_or_else(|| SystemClock.now().seconds());
    match options.kind {
        TokenKind::Id => id(options, raw, &keys, &issuer, &algorithms, now)?,
        TokenKind::Access => access(options, raw, &keys, issuer, &algorithms, now)?,
        TokenKind::IdpInitiated => {
            let expected = idp_initiated::Expected { issuer: &issuer, other_issuers: &[], now };
            let login = idp_initiated::verify(raw, &keys, &expected)?;
            same("organization_id", options.organization.as_deref(), login.organization_id().map(|id| id.as_str()))?;
            same("connection_id", options.connection.as_deref(), login.connection_id().map(|id| id.as_str()))?;
        }
        TokenKind::Logout => {
            let client_id = ClientId::parse(audience(options)?)?;
            let expected =
                logout_token::Expected { issuer: &issuer, client_id: &client_id, algorithms: &algorithms, now };
            logout_token::verify(raw, &keys, &expected)?;
        }
    }
    // It was verified above, so what it says may be shown as what it says.
    let claims = peek(raw).ok_or_else(|| anyhow!("the claims cannot be read"))?;
    writeln!(std::io::stdout().lock(), "{claims}").context("the answer cannot be written")
}

fn id(
    options: &VerifyTokenOptions,
    raw: &str,
    keys: &JwkSet,
    issuer: &Issuer,
    algorithms: &[String],
    now: i64,
) -> anyhow::Result<()> {
    let client_id = ClientId::parse(audience(options)?)?;
    // Without --nonce the token's own is taken: then only that it has one is checked.
    let own = peek(raw).and_then(|claims| claims.get("nonce").and_then(Value::as_str).map(str::to_owned));
    let nonce = Nonce::from_text(options.nonce.clone().or(own).unwrap_or_default());
    let access_token = options.access_token.as_ref().map(AccessToken::new);
    let expected = id_token::Expected {
        issuer,
        client_id: &client_id,
        nonce: Some(&nonce),
        tenants: None,
        sole_audience: false,
        access_token: access_token.as_ref(),
        code: options.code.as_deref(),
        max_age: None,
        algorithms,
        now,
    };
    let token = id_token::verify(&RawIdToken::new(raw), keys, &expected)?;
    let asked = [("organization_id", &options.organization), ("connection_id", &options.connection)];
    let asked: Vec<(String, String)> =
        asked.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect();
    Ok(OrganizationGuard::default().check(&token, &asked)?)
}

fn access(
    options: &VerifyTokenOptions,
    raw: &str,
    keys: &JwkSet,
    issuer: Issuer,
    algorithms: &[String],
    now: i64,
) -> anyhow::Result<()> {
    let audiences = [audience(options)?.to_owned()];
    let expected = access_token::Expected { issuers: &[issuer], audiences: &audiences, scopes: &[], algorithms, now };
    let token = access_token::verify(&AccessToken::new(raw), keys, &expected)?;
    same("oid", options.organization.as_deref(), token.text("oid"))
}

fn audience(options: &VerifyTokenOptions) -> anyhow::Result<&str> {
    options
        .audience
        .as_deref()
        .ok_or_else(|| anyhow!("--audience is missing: the client id that the token must be made for"))
}

fn same(claim: &str, expected: Option<&str>, got: Option<&str>) -> anyhow::Result<()> {
    match expected {
        Some(expected) if got != Some(expected) => bail!("{claim} is {got:?}, expected {expected:?}"),
        _ => Ok(()),
    }
}

/// The algorithms that the keys are bound to; RS256 where they are bound to none.
fn algorithms(jwks: &[u8]) -> Vec<String> {
    let set: Claims = serde_json::from_slice(jwks).unwrap_or_default();
    let keys = set.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut named: Vec<String> =
        keys.iter().filter_map(|key| key.get("alg").and_then(Value::as_str)).map(str::to_owned).collect();
    if named.is_empty() {
        named.push("RS256".to_owned());
    }
    named
}

/// A body on standard input, the event on standard output.
pub(crate) fn webhook(options: &VerifyWebhookOptions) -> anyhow::Result<()> {
    let mut body = Vec::new();
    std::io::stdin().lock().read_to_end(&mut body).context("the body cannot be read from standard input")?;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("webhook-id", &options.id),
        ("webhook-timestamp", &options.timestamp),
        ("webhook-signature", &options.signature),
    ] {
        headers.insert(name, value.parse().with_context(|| format!("{name} is no header value"))?);
    }
    let now = options.now.unwrap_or_else(|| SystemClock.now().seconds());
    let verifier = WebhookVerifier::new(WebhookSecret::parse(&options.secret)?);
    let delivery = verifier.verify(&headers, &body, now)?;
    let event: Value = serde_json::from_slice(delivery.body()).context("the body is signed, but not JSON")?;
    writeln!(std::io::stdout().lock(), "{event}").context("the answer cannot be written")
}
