//! One registered provider: everything about it that needs no network, worked out once.

use std::borrow::Cow;

use authstile_oauth::client_auth::ClientAuthentication;
use authstile_oauth::jose::jwk::JwkSet;
use authstile_oauth::metadata::{MetadataError, ServerMetadata, check_endpoint};
use authstile_oauth::tenant::is_tenant_id;
use authstile_oauth::word::{ClientId, Issuer};
use url::Url;

use crate::cached::Cached;
use crate::profile::{Expression, Mapping, Options};
use crate::provider::{
    Body, GET, IdTokenSignature, IssuerCheck, OptionKind, Pairs, ProfileSource, Protocol, Template, TokenRequest,
    UserInfoRequest, Values,
};
use crate::provider_error::ProviderError;
use crate::registration::Registration;
use crate::signed_secret::Signer;

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
    /// The values of the card's options, and the words that follow from them.
    pub(crate) options: Options,
    pub(crate) mapping: Mapping,
    pub(crate) endpoints: Endpoints,
    /// As sent.
    pub(crate) scope: String,
    pub(crate) authorization_params: Vec<(String, String)>,
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
        Ok(Self {
            tenants: tenants(card.issuer_check, &options)?,
            endpoints: Endpoints::of(&registration, &options, issuer.as_ref())?,
            token: TokenTalk::of(&registration)?,
            questions: questions(&registration, &options, issuer.as_ref())?,
            mapping: registration.mapping.compile().map_err(|error| format!("profile: {error}"))?,
            issuer,
            client_id,
            signer,
            options,
            scope,
            authorization_params,
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
        self.endpoints.authorization.as_ref().is_some_and(in_query)
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
    let is_public = matches!(card.client_authentication, Some(ClientAuthentication::None));
    let secret = registration.client_secret.as_ref();
    if secret.is_some_and(|secret| secret.expose().is_empty()) && !is_public && !is_signed {
        return Err("the client secret is empty; a public client is spelled `.without_secret()`".to_owned());
    }
    if card.id_token_signature == IdTokenSignature::ClientSecret
        && secret.is_none_or(|secret| secret.expose().is_empty())
    {
        return Err("its ID tokens are signed with the client secret: without one nobody can sign in".to_owned());
    }
    Ok(())
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
