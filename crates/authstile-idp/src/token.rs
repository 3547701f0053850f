//! `POST /oauth/token` (§3.1, §3.8).

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use serde_json::{Map, Value};

use crate::authorization_request::is_resource;
use crate::claims::{self, Bindings};
use crate::client::{Client, Method};
use crate::client_authentication::{
    INVALID_DPOP_PROOF, INVALID_GRANT, INVALID_REQUEST, INVALID_SCOPE, INVALID_TARGET, TokenRefusal,
    UNAUTHORIZED_CLIENT, UNSUPPORTED_GRANT_TYPE, authenticate, same,
};
use crate::environment::Environment;
use crate::feature::Feature;
use crate::http_text::{Call, Response, json};
use crate::idp::Idp;
use crate::memory::{Binding, Code, Grant, Refresh};
use crate::reading::Reading;
use crate::{dpop, random, sabotage, token_exchange};

/// Of a token response.
pub(crate) type Members = Map<String, Value>;

/// A client's own token lives a day (§3.1).
const CLIENT_TOKEN_SECONDS: i64 = 86_400;

pub(crate) fn exchange(idp: &Idp, call: &Call) -> Response {
    if let Some(wrong) = sabotage::token_endpoint(idp) {
        return wrong;
    }
    let response = match by_grant_type(idp, call) {
        Ok(mut members) => {
            sabotage::token_response(idp.misbehaviour(), &mut members);
            json(StatusCode::OK, &Value::Object(members))
        }
        Err(refusal) => refusal.answer(),
    };
    dpop::with_nonce(idp, call, response)
}

fn by_grant_type(idp: &Idp, call: &Call) -> Result<Members, TokenRefusal> {
    if call.form.has_repetition() {
        return Err(INVALID_REQUEST.because("a parameter is repeated"));
    }
    let environment = idp.environment();
    let client = authenticate(idp, &environment, call)?;
    let binding = dpop::binding(idp, &environment, call)?;
    if client.requires_dpop && !matches!(binding, Some(Binding::Jkt(_))) {
        return Err(INVALID_DPOP_PROOF.because("this client needs a DPoP proof"));
    }
    match call.form.get("grant_type") {
        Some("authorization_code") => by_code(idp, client, call, binding),
        Some("refresh_token") => by_refresh_token(idp, client, call, binding),
        Some("client_credentials") => by_client(idp, &environment, client, call, binding),
        Some(token_exchange::GRANT_TYPE) if environment.has(Feature::TokenExchange) => {
            token_exchange::exchange(idp, &environment, client, call, binding)
        }
        Some(_) => Err(UNSUPPORTED_GRANT_TYPE),
        None => Err(INVALID_REQUEST.because("grant_type is missing")),
    }
}

fn by_code(idp: &Idp, client: &Client, call: &Call, binding: Option<Binding>) -> Result<Members, TokenRefusal> {
    let code = call.form.get("code").ok_or(INVALID_REQUEST.because("code is missing"))?;
    let issued = redeem(idp, client, call, code, binding.as_ref())?;
    let grant = Grant { binding, ..issued.grant };
    let grant = for_resources(&idp.environment(), grant, call)?;
    let bindings = Bindings { code: Some(code), nonce: issued.nonce.as_deref(), ..Bindings::default() };
    issue(idp, &grant, bindings)
}

/// A token may be for some of the APIs that were asked for (RFC 8707 §2.2).
fn for_resources(environment: &Environment, mut grant: Grant, call: &Call) -> Result<Grant, TokenRefusal> {
    let asked: Vec<String> = match environment.has(Feature::ResourceIndicators) {
        true => call.form.all("resource").map(str::to_owned).collect(),
        false => Vec::new(),
    };
    let is_granted = |resource: &String| match grant.resources.is_empty() {
        true => is_resource(resource),
        false => grant.resources.contains(resource),
    };
    if !asked.iter().all(is_granted) {
        return Err(INVALID_TARGET.because("resource is none of those that were granted"));
    }
    if !asked.is_empty() {
        grant.resources = asked;
    }
    Ok(grant)
}

/// A code works once. A failed attempt leaves it usable (a guess), a second success ends what the first one gave
/// (RFC 6749 §4.1.2; a guess for Scalekit).
fn redeem(
    idp: &Idp,
    client: &Client,
    call: &Call,
    code: &str,
    binding: Option<&Binding>,
) -> Result<Code, TokenRefusal> {
    let mut memory = idp.memory();
    let issued = memory.codes.get_mut(idp.now(), code).ok_or(INVALID_GRANT.because("invalid code"))?;
    if issued.grant.client_id != client.id {
        return Err(INVALID_GRANT.because("the code was issued to another client"));
    }
    if issued.redeemed {
        let family = issued.grant.family.clone();
        if !idp.environment().reads(Reading::CodeReplayKeepsTokens) {
            memory.revoke_family(&family);
        }
        return Err(INVALID_GRANT.because("the code was used already"));
    }
    if call.form.get("redirect_uri") != Some(&issued.redirect_uri) {
        return Err(INVALID_GRANT.because("redirect_uri differs from the authorization request"));
    }
    check_verifier(issued.challenge.as_deref(), call.form.get("code_verifier"))?;
    if issued.dpop_jkt.as_ref().is_some_and(|jkt| binding != Some(&Binding::Jkt(jkt.clone()))) {
        return Err(INVALID_GRANT.because("the code is bound to another DPoP key"));
    }
    issued.redeemed = true;
    Ok(issued.clone())
}

/// RFC 7636 §4.6. A verifier without a challenge is refused too: the challenge may have been stripped on the way
/// (RFC 9700 §2.1.1).
fn check_verifier(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), TokenRefusal> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(INVALID_GRANT.because("a code_verifier without a code_challenge")),
        (Some(_), None) => Err(INVALID_GRANT.because("code_verifier is missing")),
        (Some(challenge), Some(verifier)) => {
            let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
            let well_formed = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
            let computed = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
            if well_formed && same(challenge, &computed) {
                return Ok(());
            }
            Err(INVALID_GRANT.because("code_verifier does not match the code_challenge"))
        }
    }
}

/// A new refresh token every time; a used one ends the whole family (§3.8, §10.5).
fn by_refresh_token(
    idp: &Idp,
    client: &Client,
    call: &Call,
    binding: Option<Binding>,
) -> Result<Members, TokenRefusal> {
    let token = call.form.get("refresh_token").ok_or(INVALID_REQUEST.because("refresh_token is missing"))?;
    let mut memory = idp.memory();
    let refresh = memory.refresh_tokens.get_mut(idp.now(), token);
    let refresh = refresh.filter(|refresh| refresh.grant.client_id == client.id);
    let refresh = refresh.ok_or(INVALID_GRANT.because("invalid refresh token"))?;
    if refresh.redeemed {
        let family = refresh.grant.family.clone();
        memory.revoke_family(&family);
        return Err(INVALID_GRANT.because("the refresh token was used already"));
    }
    let mut grant = refresh.grant.clone();
    if let Some(scope) = call.form.get("scope") {
        if !scope.split_ascii_whitespace().all(|scope| grant.has_scope(scope)) {
            return Err(INVALID_SCOPE.because("scope exceeds what was granted"));
        }
        grant.scope = scope.to_owned();
    }
    // A public client's token is bound to the key (RFC 9449 §5); of others, a proof is wanted once there was one.
    let may_change = client.method != Method::None && binding.is_some();
    if grant.binding.is_some() && binding != grant.binding && !may_change {
        return Err(INVALID_GRANT.because("the refresh token is bound to a key that was not proven"));
    }
    grant.binding = binding;
    let narrowed = for_resources(&idp.environment(), grant, call)?;
    refresh.redeemed = true;
    drop(memory);
    issue(idp, &narrowed, Bindings::default())
}

/// `scope` "openid" and no ID token, as documented (§3.1).
fn by_client(
    idp: &Idp,
    environment: &Environment,
    client: &Client,
    call: &Call,
    binding: Option<Binding>,
) -> Result<Members, TokenRefusal> {
    if client.method == Method::None {
        return Err(UNAUTHORIZED_CLIENT.because("a client without a secret has no credentials"));
    }
    let grant = Grant {
        client_id: client.id.clone(),
        scope: "openid".to_owned(),
        family: random::secret()?,
        binding,
        ..Grant::default()
    };
    issue(idp, &for_resources(environment, grant, call)?, Bindings::default())
}

/// Signs and remembers the tokens of a grant.
pub(crate) fn issue(idp: &Idp, grant: &Grant, bindings: Bindings<'_>) -> Result<Members, TokenRefusal> {
    let (environment, now) = (idp.environment(), idp.now());
    let key = idp.key_for_signing();
    let seconds = if grant.sign_in.is_some() { environment.access_token_seconds() } else { CLIENT_TOKEN_SECONDS };
    let jti = random::identifier("tkn_")?;
    let access_token = key.sign_token(&claims::access_token(&environment, grant, jti, seconds, now))?;
    let mut members = Map::new();
    members.insert("access_token".to_owned(), access_token.as_str().into());
    // RFC 9449 §5; a certificate needs no scheme of its own (RFC 8705 §3).
    let token_type = if matches!(grant.binding, Some(Binding::Jkt(_))) { "DPoP" } else { "Bearer" };
    members.insert("token_type".to_owned(), token_type.into());
    // One less than the life time, because seconds are truncated (§3.1).
    members.insert("expires_in".to_owned(), seconds.saturating_sub(1).into());
    let refresh_token = grant.has_scope("offline_access").then(random::secret).transpose()?;
    if let Some(refresh_token) = &refresh_token {
        members.insert("refresh_token".to_owned(), refresh_token.as_str().into());
    }
    // Without `openid` no ID token (a guess).
    if let Some(sign_in) = grant.sign_in.as_ref().filter(|_| grant.has_scope("openid")) {
        let bindings = Bindings { access_token: &access_token, ..bindings };
        let mut claims = claims::id_token(&environment, grant, sign_in, &bindings, now);
        if bindings.code.is_none() {
            sabotage::refreshed(idp.misbehaviour(), &mut claims);
        }
        members.insert("id_token".to_owned(), sabotage::sign_id_token(idp, &key, claims)?.into());
    }
    members.insert("scope".to_owned(), grant.scope.as_str().into());

    let mut memory = idp.memory();
    memory.access_tokens.put_for(seconds, now, access_token, grant.clone());
    if let Some(refresh_token) = refresh_token {
        memory.refresh_tokens.put(now, refresh_token, Refresh { grant: grant.clone(), redeemed: false });
    }
    Ok(members)
}
