//! The profile: what the ID token says, what the callback carried, and what the provider's API answers.

use authstile_oauth::form::Parameters;
use authstile_oauth::id_token::IdToken;
use authstile_oauth::jose::jwk::KeyError;
use authstile_oauth::jose::jws::SignatureError;
use authstile_oauth::token::TokenResponse;
use authstile_oauth::userinfo::{self, UserInfoError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use serde_json::{Value, json};
use url::Url;

use crate::dpop::{Prover, Proving};
use crate::entry::{Question, Templates, configured};
use crate::model::Claims;
use crate::profile::Sources;
use crate::provider::{Answer, Body, Method, OnError, ProfileSource, TokenPlace, Values};
use crate::redact::without;
use crate::registry::{ProviderError, Resolved};

/// Bytes of a picture: it ends up in a session cookie, and proxies refuse cookies of more than 8 KiB.
const PICTURE: usize = 4 * 1024;
/// Bytes of what a callback carries beside the protocol's parameters.
const CALLBACK_MEMBER: usize = 4 * 1024;
/// Letters of one part of a name that a callback carries.
const NAME: usize = 200;

impl Resolved<'_> {
    /// What the callback carried about the person. A browser brought it, so nothing in it is believed but a name, which
    /// people may choose freely; and it never takes the place of something verified.
    pub(crate) fn callback_member(&self, parameters: &Parameters) -> Option<(&'static str, Value)> {
        let member = self.provider().callback_member?;
        let text = parameters.one(member).ok().flatten().filter(|text| text.len() <= CALLBACK_MEMBER)?;
        let Ok(Value::Object(carried)) = serde_json::from_str(text) else {
            tracing::debug!(
                provider = self.entry.id(),
                member,
                "the callback carries something that is no JSON object"
            );
            return None;
        };
        let is_name = |value: &Value| {
            value.as_str().is_some_and(|text| text.chars().count() <= NAME && !text.chars().any(char::is_control))
        };
        let name = match carried.get("name")? {
            Value::Object(parts) => Value::Object(
                parts.iter().filter(|(_, part)| is_name(part)).map(|(k, v)| (k.clone(), v.clone())).collect(),
            ),
            name if is_name(name) => name.clone(),
            _ => return None,
        };
        Some((member, json!({ "name": name })))
    }

    /// The profile, from verified sources only, but for the name in what was `carried`.
    pub(crate) async fn profile(
        &self,
        tokens: &TokenResponse,
        id_token: Option<&IdToken>,
        carried: Option<(&'static str, Value)>,
        prover: Option<&Prover>,
    ) -> Result<Claims, ProviderError> {
        let mut profile = match self.provider().profile_source {
            ProfileSource::IdToken => id_token.ok_or(ProviderError::MissingIdToken)?.claims().clone(),
            _ => Claims::new(),
        };
        if let Some((member, value)) = carried {
            profile.entry(member).or_insert(value);
        }
        for question in &self.entry.questions {
            let known = Sources { profile: &profile, token: &tokens.other, options: &self.entry.options };
            if !question.when.is_nothing() && !question.when.is_true(&known) {
                continue;
            }
            let answer = self.question(question, &profile, tokens, prover).await;
            match (answer, question.card.on_error) {
                (Ok(answer), _) => match (question.card.into.strip_prefix('/'), answer) {
                    (Some(member), answer) => drop(profile.insert(member.to_owned(), answer)),
                    (None, Value::Object(members)) => {
                        if let Some(id_token) = id_token {
                            userinfo::check_subject(&members, id_token.subject())?;
                        }
                        profile.extend(members);
                    }
                    (None, _) => return Err(UserInfoError::NotJson.into()),
                },
                (Err(problem), OnError::Ignore) => {
                    // What the scope was not granted for is no reason not to sign in.
                    tracing::warn!(provider = self.entry.id(), %problem, "a part of the profile cannot be had");
                }
                (Err(problem), _) => return Err(problem),
            }
        }
        Ok(profile)
    }

    /// Asks for (a part of) the profile.
    async fn question(
        &self,
        question: &Question,
        profile: &Claims,
        tokens: &TokenResponse,
        prover: Option<&Prover>,
    ) -> Result<Value, ProviderError> {
        let secret = self.client_secret()?;
        let values = Values {
            options: &self.entry.options,
            client_id: Some(self.entry.client_id.as_str()),
            client_secret: secret.as_ref(),
            access_token: Some(&tokens.access_token),
            profile: Some((profile, &tokens.other)),
        };
        let access_token = tokens.access_token.expose();
        let ours = secret.as_ref().map(|secret| secret.expose());
        let secrets: Vec<&str> = [access_token].into_iter().chain(ours).chain(self.entry.secret_options()).collect();
        let url = self.address(question, &values, access_token).await?;
        // RFC 9449 §7.1: a token that is bound to a key is shown with another word, and with a proof.
        let prover = prover.filter(|_| tokens.token_type == "dpop");
        let scheme = if prover.is_some() { "DPoP" } else { "Bearer" };
        let mut proving = Proving::new(prover, Some(&tokens.access_token), &self.registry.nonces);
        let response = loop {
            let request = proving.prove(write(question, &url, &values, scheme, access_token)?)?;
            let response = self.send("userinfo endpoint", request, &secrets).await?;
            if !proving.again(&response) {
                break response;
            }
        };
        let secrets: Vec<&str> = secrets.into_iter().chain(proving.proofs.iter().map(String::as_str)).collect();
        self.read(question, response, &secrets).await
    }

    /// Where a question is asked.
    async fn address(
        &self,
        question: &Question,
        values: &Values<'_>,
        access_token: &str,
    ) -> Result<Url, ProviderError> {
        let mut url = match &question.url {
            Some(template) => {
                let shown = question.card.url.unwrap_or("the userinfo endpoint");
                let text = template.fill_url(values).ok_or(ProviderError::Incomplete(shown))?;
                // The text may hold a token; the error must not.
                let issuer = self.entry.issuer.as_ref();
                configured(issuer, "userinfo_endpoint", &text).map_err(|_| ProviderError::Incomplete(shown))?
            }
            None => self.endpoint("userinfo_endpoint", None, |metadata| metadata.userinfo_endpoint.as_ref()).await?,
        };
        for (name, value) in fill(&question.query, values) {
            url.query_pairs_mut().append_pair(name, &value);
        }
        if let TokenPlace::Query(name) = question.card.access_token {
            url.query_pairs_mut().append_pair(name, access_token);
        }
        Ok(url)
    }

    /// Reads an answer, or the error that it is.
    async fn read(
        &self,
        question: &Question,
        response: Response<Bytes>,
        secrets: &[&str],
    ) -> Result<Value, ProviderError> {
        let status = response.status();
        let answer = match question.card.answer {
            Answer::Json => userinfo::parse_json(status, response.body())?,
            Answer::Jwt => self.signed(&response).await?,
            Answer::Picture => return Ok(picture(&response)?),
        };
        let nobody = Claims::new();
        let members = answer.as_object().unwrap_or(&nobody);
        let sources = Sources { profile: members, token: &nobody, options: &self.entry.options };
        let found = question.error.value(&sources).filter(|error| **error != Value::Bool(false));
        if let Some(error) = found {
            let clean = |value: &Value| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                Value::from(without(&text, secrets.iter().copied()))
            };
            let words = question.error_description.value(&sources).map(|words| clean(&words));
            return Err(userinfo::refused(status, &clean(&error), words.as_ref()).into());
        }
        let at = question.card.at;
        let found = answer.pointer(at).filter(|value| !value.is_null()).cloned();
        found.ok_or_else(|| UserInfoError::Nothing(at.to_owned()).into())
    }

    /// A signed answer, verified with the provider's keys.
    async fn signed(&self, response: &Response<Bytes>) -> Result<Value, ProviderError> {
        let metadata = self.metadata().await?;
        let default = ["RS256".to_owned()];
        let algorithms = metadata.as_ref().map_or(&default[..], |metadata| &metadata.userinfo_signing_alg_values);
        let expected = userinfo::Expected {
            issuer: self.entry.issuer.as_ref(),
            client_id: &self.entry.client_id,
            algorithms,
            now: self.registry.clock.now().seconds(),
        };
        /// Other errors than those of the signature are no reason to fetch keys.
        enum Wrong {
            Signature(SignatureError),
            Other(UserInfoError),
        }
        let verify = |keys: &_| match userinfo::parse_jwt(response.status(), response.body(), keys, &expected) {
            Ok(verdict) => verdict.map_err(Wrong::Signature),
            Err(error) => Err(Wrong::Other(error)),
        };
        let unknown_key =
            |wrong: &Wrong| matches!(wrong, Wrong::Signature(SignatureError::Key(KeyError::UnknownKid { .. })));
        match self.with_key_set(verify, unknown_key).await? {
            Ok(claims) => Ok(Value::Object(claims)),
            Err(Wrong::Signature(error)) => Err(UserInfoError::Signed(error.to_string()).into()),
            Err(Wrong::Other(error)) => Err(error.into()),
        }
    }
}

/// What the templates say; those that name what has no value are left out.
fn fill<'a>(templates: &'a Templates, values: &'a Values<'_>) -> impl Iterator<Item = (&'static str, String)> {
    templates.iter().filter_map(|(name, template)| Some((*name, template.fill(values)?)))
}

/// The request.
fn write(
    question: &Question,
    url: &Url,
    values: &Values<'_>,
    scheme: &str,
    access_token: &str,
) -> Result<Request<Bytes>, ProviderError> {
    let unwritable = |_| ProviderError::Unwritable;
    let mut pairs: Vec<(&str, String)> = fill(&question.body, values).collect();
    if let TokenPlace::Form(name) = question.card.access_token {
        pairs.push((name, access_token.to_owned()));
    }
    let (kind, body) = match question.card.body {
        Body::Empty => (None, String::new()),
        Body::Form(_) => {
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            (Some("application/x-www-form-urlencoded;charset=UTF-8"), form)
        }
        Body::Json(_) => {
            let members = pairs.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
            (Some("application/json"), Value::Object(members.collect()).to_string())
        }
        Body::GraphQl(query) => (Some("application/json"), json!({ "query": query }).to_string()),
    };
    let request = match question.card.method {
        Method::Get => Request::get(url.as_str()),
        Method::Post => Request::post(url.as_str()),
    };
    let mut request = request.body(Bytes::from(body)).map_err(|_| ProviderError::Unwritable)?;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, accept(question.card.answer));
    // Some refuse requests without one; nobody minds it.
    headers.insert(USER_AGENT, HeaderValue::from_static("authstile"));
    if let Some(kind) = kind {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    let secret = |text: String| -> Result<HeaderValue, ProviderError> {
        let mut value = HeaderValue::try_from(text).map_err(|_| ProviderError::Unwritable)?;
        value.set_sensitive(true);
        Ok(value)
    };
    match question.card.access_token {
        TokenPlace::Bearer => drop(headers.insert(AUTHORIZATION, secret(format!("{scheme} {access_token}"))?)),
        TokenPlace::Scheme(scheme) => drop(headers.insert(AUTHORIZATION, secret(format!("{scheme} {access_token}"))?)),
        TokenPlace::Header(name) => {
            headers.insert(HeaderName::try_from(name).map_err(unwritable)?, secret(access_token.to_owned())?);
        }
        TokenPlace::Query(_) | TokenPlace::Form(_) | TokenPlace::Template => {}
    }
    for (name, value) in fill(&question.headers, values) {
        headers.insert(HeaderName::try_from(name).map_err(unwritable)?, secret(value)?);
    }
    Ok(request)
}

fn accept(answer: Answer) -> HeaderValue {
    HeaderValue::from_static(match answer {
        Answer::Json => "application/json",
        Answer::Jwt => "application/jwt",
        Answer::Picture => "image/*",
    })
}

/// A picture as a `data:` URI. No SVG: those are programs.
fn picture(response: &Response<Bytes>) -> Result<Value, UserInfoError> {
    if !response.status().is_success() {
        return Err(UserInfoError::Status(response.status().as_u16()));
    }
    let kind = media_type(response.headers()).ok_or(UserInfoError::NotAPicture("its type is not image/…"))?;
    match response.body() {
        body if body.is_empty() => Err(UserInfoError::NotAPicture("it is empty")),
        body if body.len() > PICTURE => Err(UserInfoError::NotAPicture("it has more than 4 KiB")),
        body => Ok(Value::from(format!("data:{kind};base64,{}", STANDARD.encode(body)))),
    }
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim().to_ascii_lowercase();
    let name = kind.strip_prefix("image/")?;
    let sound = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'+'))
        && !name.starts_with("svg");
    sound.then_some(kind)
}
