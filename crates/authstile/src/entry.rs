//! One registered provider: everything about it that needs no network, worked out once.

use std::borrow::Cow;

use authstile_oauth::client_assertion::{MIN_SECRET, ShortSecret};
use authstile_oauth::client_auth::ClientAuthentication;
use authstile_oauth::jose::jwk::JwkSet;
use authstile_oauth::metadata::{FAPI2_ALGORITHMS, MetadataError, ServerMetadata, check_endpoint};
use authstile_oauth::tenant::is_tenant_id;
use authstile_oauth::word::{ClientId, Issuer};
use url::Url;

use crate::cached::Cached;
use crate::profile::{Expression, Mapping, Options};
use crate::provider::{
    Body, GET, IdTokenSignature, IssuerCheck, OptionKind, PRIVATE_KEY, Pairs, ProfileSource, Protocol, RequestObject,
    SecurityProfile, Template, TokenRequest, UserInfoRequest, Values,
};
use crate::provider_error::ProviderError;
use crate::registration::Registration;
use crate::signed_secret::Signer;
use crate::transport::ClientCertificate;

/// One registered provider, and its caches.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) registration: Registration,
    pub(crate) issuer: Option<Issuer>,
    /// Tenants that may sign in; empty: any.
    pub(crate) tenants: Vec<String>,
    pub(crate) client_id: ClientId,
    /// Makes client secrets, where the provider wants a new one now and then.
    pub(crate) signer: Option<Signer>,
    /// Presented wherever we prove who we are.
    pub(crate) certificate: Option<ClientCertificate>,
    /// The values of the card's options, and the words that follow from them.
    pub(crate) options: Options,
    pub(crate) mapping: Mapping,
    pub(crate) endpoints: Endpoints,
    /// As sent.
    pub(crate) scope: String,
    pub(crate) authorization_params: Vec<(String, String)>,
    /// `resource`, once for each API that tokens are for (RFC 8707 §2).
    pub(crate) resources: Vec<(String, String)>,
    pub(crate) token: TokenTalk,
    pub(crate) questions: Vec<Question>,
    pub(crate) discovery: Cached<ServerMetadata, ProviderError>,
    pub(crate) keys: Cached<JwkSet, ProviderError>,
}

/// The endpoints that are not discovered.
#[derive(Debug, Default)]
pub(crate) struct Endpoints {
    pub(crate) discovery: Option<Url>,
    pub(crate) authorization: Option<Url>,
    pub(crate) pushed: Option<Url>,
    pub(crate) token: Option<Url>,
    pub(crate) jwks: Option<Url>,
    pub(crate) refresh: Option<Url>,
    pub(crate) end_session: Option<Url>,
    pub(crate) revocation: Option<Url>,
    pub(crate) introspection: Option<Url>,
}

/// Names, and what stands for them.
pub(crate) type Templates = Vec<(&'static str, Template)>;

/// How the token endpoint is asked and understood, parsed.
#[derive(Debug)]
pub(crate) struct TokenTalk {
    pub(crate) params: Templates,
    pub(crate) query: Templates,
    pub(crate) headers: Templates,
    pub(crate) error: Expression,
    pub(crate) error_description: Expression,
}

/// A userinfo request of the card, parsed.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) card: UserInfoRequest,
    pub(crate) url: Option<Template>,
    pub(crate) when: Expression,
    pub(crate) query: Templates,
    pub(crate) headers: Templates,
    pub(crate) body: Templates,
    pub(crate) error: Expression,
    pub(crate) error_description: Expression,
}

impl Entry {
    /// Checks a registration, and works out everything that needs no network.
    pub(crate) fn new(registration: Registration) -> Result<Self, String> {
        let card = registration.provider;
        let options = registration.option_values()?;
        let issuer = registration.resolve_issuer(&options)?.map(|issuer| Issuer::parse(&issuer)).transpose();
        let issuer = issuer.map_err(|error| error.to_string())?;
        check_protocol(&registration, issuer.as_ref())?;
        // What an application may say in place of the card is looked at where it is used.
        let replaceable = |field: &str| {
            matches!(field, "id" | "name" | "authorization" | "token" | "userinfo" | "profile_source")
                || field.starts_with("profile.")
        };
        if let Some(problem) = card.problems().into_iter().find(|problem| !replaceable(&problem.field)) {
            return Err(problem.to_string());
        }
        let client_id = ClientId::parse(registration.client_id.clone()).map_err(|error| error.to_string())?;
        let signer = Signer::of(&registration, &options)?;
        check_secret(&registration, signer.is_some())?;
        check_keys(&registration, issuer.as_ref())?;
        check_profile(&registration)?;
        let scope = match &registration.scope {
            Some(scope) => scope.to_string(),
            None => registration.fill("scope", card.scope, &options)?,
        };
        let scope = match card.scope_separator {
            " " => scope,
            separator => scope.split_whitespace().collect::<Vec<_>>().join(separator),
        };
        let mut authorization_params = registration.parameters(card.authorization_params, &options)?;
        for (name, value) in &registration.authorization_params {
            authorization_params.retain(|(known, _)| known != name);
            authorization_params.push((name.to_string(), value.to_string()));
        }
        check_parameters(&authorization_params, card.protocol)?;
        let resources = resources(&registration, &mut authorization_params)?;
        let own = || ClientCertificate::new(&*registration.id);
        let is_tls = card.client_authentication.is_some_and(ClientAuthentication::is_tls);
        let certificate = registration.client_certificate.clone().or_else(|| is_tls.then(own));
        Ok(Self {
            tenants: tenants(card.issuer_check, &options)?,
            endpoints: Endpoints::of(&registration, &options, issuer.as_ref())?,
            token: TokenTalk::of(&registration)?,
            questions: questions(&registration, &options, issuer.as_ref())?,
            mapping: registration.mapping.compile().map_err(|error| format!("profile: {error}"))?,
            issuer,
            client_id,
            signer,
            certificate,
            options,
            scope,
            authorization_params,
            resources,
            discovery: Cached::default(),
            keys: Cached::default(),
            registration,
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.registration.id
    }

    /// Values of options that no log may see.
    pub(crate) fn secret_options(&self) -> impl Iterator<Item = &str> {
        let secret = self.registration.provider.options.iter().filter(|option| option.kind == OptionKind::Secret);
        secret.filter_map(|option| self.options.get(option.name).map(String::as_str))
    }

    /// Whether the card gives an authorization parameter its value, or its name to one of the protocol's: then nobody else
    /// can.
    pub(crate) fn pins(&self, name: &str) -> bool {
        let in_query = |url: &Url| url.query_pairs().any(|(known, _)| known == name);
        (name == RESOURCE && !self.resources.is_empty())
            || self.endpoints.authorization.as_ref().is_some_and(in_query)
            || self.registration.provider.authorization_rename.iter().any(|(_, other)| *other == name)
    }
}

fn check_protocol(registration: &Registration, issuer: Option<&Issuer>) -> Result<(), String> {
    let (card, given) = (&registration.provider, &registration.endpoints);
    if card.protocol == Protocol::Oidc && issuer.is_none() {
        return Err("an OpenID Connect provider needs its issuer".to_owned());
    }
    let missing = |given: &Option<Cow<'static, str>>, card: Option<&str>| given.is_none() && card.is_none();
    let plain = card.protocol == Protocol::OAuth2;
    if plain && (missing(&given.authorization, card.authorization) || missing(&given.token, card.token)) {
        return Err("an OAuth 2.0 provider needs an authorization and a token endpoint".to_owned());
    }
    if plain && card.profile_source == ProfileSource::IdToken {
        return Err("an OAuth 2.0 provider has no ID token: give it a userinfo endpoint".to_owned());
    }
    Ok(())
}

fn check_secret(registration: &Registration, is_signed: bool) -> Result<(), String> {
    let card = &registration.provider;
    let method = card.client_authentication;
    let needs_none = method.is_some_and(|method| method.is_tls() || method == ClientAuthentication::None);
    let secret = registration.client_secret.as_ref();
    if secret.is_some_and(|secret| secret.expose().is_empty()) && !needs_none && !is_signed {
        return Err("the client secret is empty; a public client is spelled `.without_secret()`".to_owned());
    }
    let is_shared = matches!(method, Some(ClientAuthentication::Basic | ClientAuthentication::Post));
    if is_shared && !is_signed && secret.is_none() && !registration.client_keys.is_empty() {
        return Err("it wants a client secret, and there is only a private key; if it takes that too, say \
                    `.client_authentication(ClientAuthentication::PrivateKeyJwt)`"
            .to_owned());
    }
    if method == Some(ClientAuthentication::SecretJwt) {
        let length = secret.map_or(0, |secret| secret.expose().len());
        if length < MIN_SECRET {
            return Err(ShortSecret(length).to_string());
        }
    }
    if card.id_token_signature == IdTokenSignature::ClientSecret
        && secret.is_none_or(|secret| secret.expose().is_empty())
    {
        return Err("its ID tokens are signed with the client secret: without one nobody can sign in".to_owned());
    }
    Ok(())
}

/// What is to be signed can be signed.
fn check_keys(registration: &Registration, issuer: Option<&Issuer>) -> Result<(), String> {
    let card = &registration.provider;
    let missing = |what: &str| {
        let variable = card.variable(PRIVATE_KEY);
        Err(format!("{what} needs a private key: `.client_keys(ClientKeys::from_pem(…)?)`, or {variable}"))
    };
    let has_keys = !registration.client_keys.is_empty();
    match (card.client_authentication, card.request_object) {
        (Some(ClientAuthentication::PrivateKeyJwt), _) if !has_keys => missing("private_key_jwt"),
        (_, RequestObject::Signed) if !has_keys => missing("a signed request"),
        (_, RequestObject::Signed) if issuer.is_none() => {
            Err("a signed request is made for an issuer, and this provider has none".to_owned())
        }
        _ => Ok(()),
    }
}

/// What FAPI 2.0 demands of our credentials is there (FAPI 2.0 Security Profile §5.3.3, §5.4); what it demands of the card,
/// the card's own check has seen.
fn check_profile(registration: &Registration) -> Result<(), String> {
    if registration.provider.security_profile == SecurityProfile::Standard {
        return Ok(());
    }
    let can_sign = registration.client_keys.choose(Some(&FAPI2_ALGORITHMS.map(str::to_owned))).is_some();
    let is_proof = match registration.provider.client_authentication {
        Some(method) => method.is_tls() || (method == ClientAuthentication::PrivateKeyJwt && can_sign),
        None => can_sign,
    };
    match is_proof {
        true => Ok(()),
        false => Err("FAPI 2.0 needs a private key for PS256, ES256 or EdDSA, or a client certificate".to_owned()),
    }
}

/// What authorization parameters say, where a rule hangs on it (OpenID Connect Core §3.1.2.1, §5.5).
fn check_parameters(parameters: &[(String, String)], protocol: Protocol) -> Result<(), String> {
    let get = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let prompts: Vec<&str> = get("prompt").unwrap_or_default().split_ascii_whitespace().collect();
    if prompts.contains(&"none") && prompts.len() > 1 {
        return Err(format!("prompt is {:?}, but `none` stands alone", prompts.join(" ")));
    }
    if let Some(text) = get("max_age") {
        let seconds: u32 = text.parse().map_err(|_| format!("max_age is {text:?}, which is no number of seconds"))?;
        if protocol == Protocol::OAuth2 {
            return Err("max_age cannot be checked: plain OAuth 2.0 has no ID token that says when".to_owned());
        }
        if seconds == 0 && prompts == ["none"] {
            return Err("max_age = 0 has everybody sign in anew, and prompt = none lets nobody".to_owned());
        }
    }
    match get("claims").map(serde_json::from_str::<serde_json::Map<String, serde_json::Value>>) {
        Some(Err(_)) => Err("claims is no JSON object with the members `userinfo` and `id_token`".to_owned()),
        _ => Ok(()),
    }
}

/// The parameter that names an API.
const RESOURCE: &str = "resource";

/// The APIs that tokens are for; also those that the application gave as a plain authorization parameter, so that they are
/// sent with every request for tokens. They take the place of a plain parameter of the card's.
fn resources(
    registration: &Registration,
    parameters: &mut Vec<(String, String)>,
) -> Result<Vec<(String, String)>, String> {
    let plain = registration.authorization_params.iter().filter(|(name, _)| name == RESOURCE);
    let given = registration.resources.iter().cloned().chain(plain.map(|(_, value)| value.to_string()));
    let given: Vec<String> = given.collect();
    if !given.is_empty() {
        parameters.retain(|(name, _)| name != RESOURCE);
    }
    let card = registration.provider.resources.iter().map(|resource| (*resource).to_owned());
    let mut resources: Vec<(String, String)> = Vec::new();
    for resource in card.chain(given) {
        // RFC 8707 §2.
        if Url::parse(&resource).is_err() || resource.contains('#') {
            return Err(format!("resource {resource:?} is no absolute URI without a fragment"));
        }
        if !resources.iter().any(|(_, known)| *known == resource) {
            resources.push((RESOURCE.to_owned(), resource));
        }
    }
    Ok(resources)
}

/// The list of tenants that may sign in.
fn tenants(check: IssuerCheck, options: &Options) -> Result<Vec<String>, String> {
    let list = match (check, options.get("tenants")) {
        (IssuerCheck::TenantClaim, Some(list)) => list,
        _ => return Ok(Vec::new()),
    };
    let ids: Vec<String> = list.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
    match ids.iter().find(|id| !is_tenant_id(id)) {
        Some(id) => Err(format!(
            "option `tenants` has {id:?}, which is no id of a tenant: it looks like 01234567-89ab-cdef-0123-456789abcdef"
        )),
        // A list that lets nobody in is a mistake; it must not let everybody in.
        None if ids.is_empty() => Err("option `tenants` names no tenant".to_owned()),
        None => Ok(ids),
    }
}

impl Endpoints {
    fn of(registration: &Registration, options: &Options, issuer: Option<&Issuer>) -> Result<Self, String> {
        let (card, given) = (&registration.provider, &registration.endpoints);
        let url = |name: &'static str, given: Option<&Cow<'static, str>>, card: Option<&str>| {
            let text = match (given, card) {
                (Some(given), _) => given.to_string(),
                (None, Some(template)) => registration.fill(name, template, options)?,
                (None, None) => return Ok(None),
            };
            configured(issuer, name, &text).map(Some).map_err(|error| error.to_string())
        };
        Ok(Self {
            discovery: url("discovery", None, card.discovery)?,
            authorization: url("authorization_endpoint", given.authorization.as_ref(), card.authorization)?,
            pushed: url("pushed_authorization_request_endpoint", None, card.pushed_authorization)?,
            token: url("token_endpoint", given.token.as_ref(), card.token)?,
            jwks: url("jwks_uri", given.jwks.as_ref(), card.jwks)?,
            refresh: url("refresh", None, card.refresh)?,
            end_session: url("end_session_endpoint", None, card.end_session)?,
            revocation: url("revocation_endpoint", None, card.revocation)?,
            introspection: url("introspection_endpoint", given.introspection.as_ref(), None)?,
        })
    }
}

impl TokenTalk {
    fn of(registration: &Registration) -> Result<Self, String> {
        let TokenRequest { params, query, headers, .. } = registration.provider.token_request;
        let answer = registration.provider.token_answer;
        let expression = |text| Expression::parse(text).map_err(|error| format!("token_answer: {error}"));
        Ok(Self {
            params: templates("token_request", params)?,
            query: templates("token_request", query)?,
            headers: templates("token_request", headers)?,
            error: expression(answer.error)?,
            error_description: expression(answer.error_description)?,
        })
    }
}

fn template(field: &str, text: &str) -> Result<Template, String> {
    Template::parse(text).map_err(|error| format!("{field}: {error}"))
}

fn templates(field: &str, list: Pairs) -> Result<Templates, String> {
    list.iter().map(|(name, text)| Ok((*name, template(field, text)?))).collect()
}

/// The userinfo requests: the card's, the first of them perhaps elsewhere.
fn questions(registration: &Registration, options: &Options, issuer: Option<&Issuer>) -> Result<Vec<Question>, String> {
    let card = registration.provider;
    let given = registration.endpoints.userinfo.as_deref();
    let requests = match card.userinfo {
        [] if card.profile_source == ProfileSource::UserInfo => &[GET][..],
        requests => requests,
    };
    let expression = |text| Expression::parse(text).map_err(|error| format!("userinfo: {error}"));
    let question = |(number, request): (usize, &UserInfoRequest)| {
        let given = given.filter(|_| number == 0);
        let url = given.or(request.url).map(|text| template("userinfo", text)).transpose()?;
        // What is known already is checked already.
        let values = Values { options, client_id: Some(&registration.client_id), ..Values::NONE };
        let complete = url.as_ref().and_then(|url| url.fill_url(&values)).or_else(|| given.map(str::to_owned));
        if let Some(text) = complete {
            configured(issuer, "userinfo_endpoint", &text).map_err(|error| error.to_string())?;
        }
        let body = match request.body {
            Body::Form(pairs) | Body::Json(pairs) => pairs,
            Body::Empty | Body::GraphQl(_) => &[],
        };
        Ok(Question {
            card: *request,
            url,
            when: expression(request.when)?,
            query: templates("userinfo", request.query)?,
            headers: templates("userinfo", request.headers)?,
            body: templates("userinfo", body)?,
            error: expression(request.error)?,
            error_description: expression(request.error_description)?,
        })
    };
    requests.iter().enumerate().map(question).collect()
}

/// An endpoint that the card or the application names: it is trusted to be where it is, but not to be readable by
/// everyone.
pub(crate) fn configured(issuer: Option<&Issuer>, name: &'static str, text: &str) -> Result<Url, MetadataError> {
    let bad = |problem| MetadataError::Endpoint { name, problem, url: text.to_owned() };
    let parsed = Url::parse(text).map_err(|_| bad("is not an absolute URL"))?;
    match issuer {
        Some(issuer) if parsed.scheme() == "http" => check_endpoint(name, text, issuer),
        None if parsed.scheme() == "http" && authstile_oauth::word::is_loopback(&parsed) => Ok(parsed),
        _ if parsed.scheme() == "https" => Ok(parsed),
        _ => Err(bad("must use https (http only on loopback)")),
    }
}
