//! What honest tokens say (§3.2, §3.3, §3.4).

use serde_json::{Map, Value, json};

use crate::environment::Environment;
use crate::memory::{Binding, Grant};
use crate::model::Mode;
use crate::sign_in::SignIn;

/// What an ID token is bound to besides the person.
#[derive(Debug, Default)]
pub(crate) struct Bindings<'a> {
    pub(crate) access_token: &'a str,
    /// `None` when refreshed.
    pub(crate) code: Option<&'a str>,
    pub(crate) nonce: Option<&'a str>,
}

pub(crate) fn id_token(
    environment: &Environment,
    grant: &Grant,
    sign_in: &SignIn,
    bindings: &Bindings<'_>,
    now: i64,
) -> Map<String, Value> {
    let mut claims = Claims::default();
    claims.set("iss", environment.issuer.as_str());
    claims.set("aud", json!([grant.client_id]));
    claims.set("azp", grant.client_id.as_str());
    claims.set("client_id", grant.client_id.as_str());
    claims.set("sub", sign_in.subject(environment.mode));
    claims.set_if("oid", sign_in.organization_id.as_deref());
    claims.set_if("xoid", external_organization_id(environment, sign_in));
    claims.set("amr", json!([sign_in.connection_id]));
    claims.set("sid", sign_in.sid.as_str());
    claims.set("iat", now);
    claims.set("exp", now.saturating_add(environment.id_token_seconds));
    claims.set_if("auth_time", grant.states_auth_time.then_some(sign_in.at));
    claims.set_if("acr", sign_in.acr.as_deref());
    claims.set("at_hash", environment.signing_algorithm.half_hash(bindings.access_token));
    claims.set_if("c_hash", bindings.code.map(|code| environment.signing_algorithm.half_hash(code)));
    claims.set_if("nonce", bindings.nonce);
    claims.set_person(grant, sign_in);
    for (name, value) in &sign_in.user.attributes {
        claims.0.entry(name.as_str()).or_insert_with(|| value.clone());
    }
    claims.0
}

/// Modular: exactly the standard claims. Full-stack: also session, organization, roles and permissions.
pub(crate) fn access_token(
    environment: &Environment,
    grant: &Grant,
    jti: String,
    seconds: i64,
    now: i64,
) -> Map<String, Value> {
    let mut claims = Claims::default();
    let subject = grant.sign_in.as_ref().map(|sign_in| sign_in.subject(environment.mode));
    claims.set("iss", environment.issuer.as_str());
    // A client's own token names the client; documented only for organizations' clients (§3.4).
    claims.set("sub", subject.unwrap_or_else(|| grant.client_id.clone()));
    claims.set("aud", if grant.resources.is_empty() { json!([grant.client_id]) } else { json!(grant.resources) });
    claims.set("client_id", grant.client_id.as_str());
    claims.set("jti", jti);
    claims.set("iat", now);
    claims.set("nbf", now);
    claims.set("exp", now.saturating_add(seconds));
    claims.set_if("cnf", grant.binding.as_ref().map(Binding::confirmation));
    claims.set_if("act", grant.act.clone());
    let Some(sign_in) = &grant.sign_in else {
        return claims.0;
    };
    let user = &sign_in.user;
    if environment.mode == Mode::FullStack {
        claims.set("sid", sign_in.sid.as_str());
        claims.set_if("oid", sign_in.organization_id.as_deref());
    }
    claims.set_if("xoid", external_organization_id(environment, sign_in));
    claims.set_if("xuid", user.external_id.as_deref());
    if environment.mode == Mode::FullStack {
        claims.set_if("roles", (!user.roles.is_empty()).then(|| json!(user.roles)));
        claims.set_if("permissions", (!user.permissions.is_empty()).then(|| json!(user.permissions)));
        claims.set("scope", grant.scope.as_str());
    }
    claims.0
}

/// No sample is published (§3.6): the claims that the Auth.js type lists.
pub(crate) fn userinfo(environment: &Environment, grant: &Grant, sign_in: &SignIn) -> Map<String, Value> {
    let mut claims = Claims::default();
    claims.set("sub", sign_in.subject(environment.mode));
    claims.set_person(grant, sign_in);
    claims.set_if("oid", sign_in.organization_id.as_deref());
    claims.0
}

fn external_organization_id(environment: &Environment, sign_in: &SignIn) -> Option<String> {
    environment.organization(sign_in.organization_id.as_deref()?)?.external_id.clone()
}

#[derive(Default)]
struct Claims(Map<String, Value>);

impl Claims {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn set_if(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Claims about the person, by scope (OpenID Connect Core §5.4; that Scalekit minds scopes here is a guess).
    fn set_person(&mut self, grant: &Grant, sign_in: &SignIn) {
        let user = &sign_in.user;
        if grant.has_scope("email") {
            self.set("email", user.email.as_str());
            self.set("email_verified", user.email_verified);
        }
        if grant.has_scope("profile") {
            self.set_if("name", user.name.as_deref());
            self.set_if("given_name", user.given_name.as_deref());
            self.set_if("family_name", user.family_name.as_deref());
            self.set_if("preferred_username", user.preferred_username.as_deref());
            self.set_if("picture", user.picture.as_deref());
            self.set_if("locale", user.locale.as_deref());
        }
    }
}
