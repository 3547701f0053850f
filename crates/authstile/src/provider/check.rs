//! What is wrong with a card, apart from its types.

use std::collections::BTreeSet;

use authstile_oauth::authorize::PROTOCOL_PARAMETERS;
use authstile_oauth::word::is_loopback;
use url::Url;

use super::card::Provider;
use super::template::{Template, Values};
use super::words::{
    Answer, Body, IdTokenSignature, Method, NonceUse, Pkce, ProfileSource, Protocol, PushedRequests, SecurityProfile,
    TokenPlace,
};
use crate::profile::{Expression, Options};

/// Something wrong with a card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct CardProblem {
    /// The field, for example `userinfo.1.url`.
    pub field: String,
    /// What is wrong, and the fix.
    pub problem: String,
}

/// Which words a template may name beside options.
#[derive(Clone, Copy)]
struct Allowed(&'static [&'static str]);

const CLIENT: Allowed = Allowed(&["client_id"]);
const TOKEN: Allowed = Allowed(&["client_id", "client_secret"]);
const USERINFO: Allowed = Allowed(&["client_id", "client_secret", "access_token"]);

struct Check<'a> {
    card: &'a Provider,
    words: BTreeSet<&'a str>,
    problems: Vec<CardProblem>,
}

impl Provider {
    /// Looks for what the types let through: missing endpoints, URLs that are not `https`, templates that name what the
    /// card does not declare, expressions that cannot be read. None for every built-in card.
    #[must_use]
    pub fn problems(&self) -> Vec<CardProblem> {
        let words = self.options.iter().flat_map(|option| {
            std::iter::once(option.name)
                .chain(option.cases.iter().flat_map(|case| case.set.iter().map(|(word, _)| *word)))
        });
        let mut check = Check { card: self, words: words.collect(), problems: Vec::new() };
        // Auth.js's variable, understood for every card.
        check.words.insert("issuer");
        check.identity();
        check.endpoints();
        check.requests();
        check.mapping();
        check.contradictions();
        check.problems
    }
}

impl Check<'_> {
    fn say(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        self.problems.push(CardProblem { field: field.into(), problem: problem.into() });
    }

    fn identity(&mut self) {
        let card = self.card;
        let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        if card.id.is_empty() || !card.id.chars().all(fits) {
            self.say("id", format!("{:?} may only have letters, digits, `-`, `_` and `.`", card.id));
        }
        if card.name.trim().is_empty() {
            self.say("name", "is empty: write what people read on the button");
        }
        for (field, url) in [("registration_url", card.registration_url), ("docs_url", card.docs_url)] {
            if url.is_some_and(|url| !url.starts_with("https://")) {
                self.say(field, "must use https");
            }
        }
        let mut seen = BTreeSet::new();
        for option in card.options {
            let sound = |name: &str| {
                !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            };
            if !sound(option.name) || USERINFO.0.contains(&option.name) || matches!(option.name, "id" | "secret") {
                self.say(
                    "options",
                    format!("{:?} cannot be an option's name: small letters, digits and `_`", option.name),
                );
            }
            if !seen.insert(option.name) {
                self.say("options", format!("`{}` is declared twice", option.name));
            }
            for (word, text) in option.cases.iter().flat_map(|case| case.set) {
                self.template(&format!("options.{}.{word}", option.name), text, Allowed(&[]));
            }
        }
        if card.pkce != Pkce::S256 && card.pkce_reason.is_none() {
            self.say("pkce", "is not s256: say in `pkce_reason` how the provider breaks on it");
        }
    }

    fn endpoints(&mut self) {
        let card = self.card;
        for (field, text) in [
            ("issuer", card.issuer),
            ("discovery", card.discovery),
            ("authorization", card.authorization),
            ("pushed_authorization", card.pushed_authorization),
            ("token", card.token),
            ("jwks", card.jwks),
            ("refresh", card.refresh),
            ("revocation", card.revocation),
            ("end_session", card.end_session),
        ] {
            if let Some(text) = text {
                self.url(field, text, CLIENT);
            }
        }
        let discovered = card.protocol == Protocol::Oidc;
        for (field, url) in [("authorization", card.authorization), ("token", card.token)] {
            if !discovered && url.is_none() {
                self.say(field, "is missing: an OAuth 2.0 provider needs an authorization and a token endpoint");
            }
        }
        if !discovered && card.profile_source == ProfileSource::IdToken {
            self.say(
                "profile_source",
                "is id_token, but an OAuth 2.0 provider has no ID token: give it a userinfo endpoint",
            );
        }
        if !discovered
            && card.profile_source == ProfileSource::UserInfo
            && card.userinfo.iter().all(|ask| ask.url.is_none())
        {
            self.say(
                "userinfo",
                "is missing: where is the profile? Write a request, or profile_source = \"token_answer\"",
            );
        }
        self.template("scope", card.scope, CLIENT);
        if card.authorization_rename.iter().any(|(name, _)| *name == "state") {
            self.say("authorization_rename", "must not rename `state`: every sign-in is bound to its browser by it");
        }
    }

    fn requests(&mut self) {
        let card = self.card;
        let pairs = |field: &'static str, list: super::Pairs| {
            list.iter().map(move |(name, text)| (format!("{field}.{name}"), *text))
        };
        for (field, text) in pairs("authorization_params", card.authorization_params) {
            self.template(&field, text, CLIENT);
        }
        let request = card.token_request;
        for (field, text) in pairs("token_request.params", request.params)
            .chain(pairs("token_request.query", request.query))
            .chain(pairs("token_request.headers", request.headers))
        {
            self.template(&field, text, TOKEN);
        }
        if let Some(secret) = card.signed_secret {
            for (field, text) in [
                ("signed_secret.issuer", secret.issuer),
                ("signed_secret.key_id", secret.key_id),
                ("signed_secret.private_key", secret.private_key),
                ("signed_secret.audience", secret.audience),
            ] {
                self.template(field, text, CLIENT);
            }
        }
        for (field, text) in [
            ("token_answer.error", card.token_answer.error),
            ("token_answer.error_description", card.token_answer.error_description),
        ] {
            self.expression(field, text);
        }
        for (number, ask) in card.userinfo.iter().enumerate() {
            let at = |field: &str| format!("userinfo.{number}.{field}");
            if let Some(url) = ask.url {
                self.url(&at("url"), url, USERINFO);
            }
            let body = match ask.body {
                Body::Form(pairs) | Body::Json(pairs) => pairs,
                Body::Empty | Body::GraphQl(_) => &[],
            };
            for (name, text) in ask.query.iter().chain(ask.headers).chain(body) {
                self.template(&at(name), text, USERINFO);
            }
            if matches!(ask.access_token, TokenPlace::Form(_)) && !matches!(ask.body, Body::Form(_)) {
                self.say(at("access_token"), "is in the form, but there is none: write body = { form = { … } }");
            }
            for (field, text) in
                [("when", ask.when), ("error", ask.error), ("error_description", ask.error_description)]
            {
                self.expression(&at(field), text);
            }
            for (field, pointer) in [("at", ask.at), ("into", ask.into)] {
                if !pointer.is_empty() && !pointer.starts_with('/') {
                    self.say(at(field), format!("{pointer:?} is no pointer: it begins with `/`"));
                }
            }
            if ask.method == Method::Get && ask.body != Body::Empty {
                self.say(at("body"), "is not sent with GET: write method = \"post\"");
            }
            if ask.answer == Answer::Picture && ask.into.is_empty() {
                self.say(
                    at("into"),
                    "is missing: into which member does the picture go? For example into = \"/picture\"",
                );
            }
            if ask.into.matches('/').count() > 1 {
                self.say(at("into"), format!("{:?} is more than one member of the profile", ask.into));
            }
        }
    }

    fn mapping(&mut self) {
        for (field, text) in self.card.profile.fields() {
            self.expression(&format!("profile.{field}"), text);
        }
        if self.card.profile.id.trim().is_empty() {
            self.say("profile.id", "is missing: where is the subject? For example id = \"/id\"");
        }
    }

    /// What would be ignored, or would weaken what it stands beside.
    fn contradictions(&mut self) {
        let card = self.card;
        for (name, _) in card.authorization_params {
            if PROTOCOL_PARAMETERS.contains(name) {
                let problem = "is a parameter of the protocol and would be left out: the card has a field for it";
                self.say(format!("authorization_params.{name}"), problem);
            }
        }
        if card.authorization_rename.iter().any(|(_, other)| *other == "state") {
            self.say("authorization_rename", "must not call another parameter `state`");
        }
        for (name, pointer) in card.token_answer.rename {
            if !pointer.is_empty() && !pointer.starts_with('/') {
                self.say(
                    format!("token_answer.rename.{name}"),
                    format!("{pointer:?} is no pointer: it begins with `/`"),
                );
            }
        }
        if card.protocol == Protocol::OAuth2 {
            if card.nonce == NonceUse::Send {
                self.say("nonce", "is send, but plain OAuth 2.0 has no ID token to repeat it");
            }
            if card.id_token_signature == IdTokenSignature::ClientSecret {
                self.say("id_token_signature", "is client_secret, but plain OAuth 2.0 has no ID token");
            }
        }
        if card.response_mode.is_signed() && card.protocol == Protocol::OAuth2 {
            self.say(
                "response_mode",
                "is signed, but with plain OAuth 2.0 no keys are discovered: write protocol = \"oidc\"",
            );
        }
        if card.security_profile == SecurityProfile::Fapi2 {
            if card.protocol == Protocol::OAuth2 {
                self.say(
                    "security_profile",
                    "is fapi2, but plain OAuth 2.0 is not discovered: write protocol = \"oidc\"",
                );
            }
            if card.id_token_signature == IdTokenSignature::ClientSecret {
                self.say("id_token_signature", "is client_secret, but FAPI 2.0 wants the provider's keys");
            }
            if card.pushed_requests == PushedRequests::Never {
                self.say("pushed_requests", "is never, but FAPI 2.0 has every request pushed");
            }
            if card.pkce != Pkce::S256 {
                self.say("pkce", "is not s256, but FAPI 2.0 wants it");
            }
        }
        if card.signed_secret.is_some_and(|secret| secret.seconds == 0) {
            self.say("signed_secret.seconds", "is 0: a secret must be good for some seconds");
        }
        let Some(member) = card.callback_member else { return };
        if PROTOCOL_PARAMETERS.contains(&member) || matches!(member, "code" | "iss" | "error" | "sub" | "email") {
            self.say("callback_member", format!("{member:?} means something else already"));
        }
        // A browser carries it: what decides who somebody is must not come from there.
        let pointer = format!("/{member}/");
        for (field, text) in card.profile.fields().filter(|(field, _)| !matches!(*field, "name" | "extra")) {
            if text.contains(&pointer) {
                self.say(
                    format!("profile.{field}"),
                    format!("looks at {pointer:?}, which a browser brings: only a name may"),
                );
            }
        }
    }

    fn declared(&mut self, field: &str, words: &[&str], allowed: Allowed) {
        for word in words {
            if !self.words.contains(word) && !allowed.0.contains(word) {
                let mut known: Vec<&str> = self.words.iter().copied().chain(allowed.0.iter().copied()).collect();
                known.sort_unstable();
                let hint = crate::record::nearest(word, &known).map(|near| format!("; did you mean `{{{near}}}`?"));
                self.say(
                    field,
                    format!("names `{{{word}}}`, which is no option of this card{}", hint.unwrap_or_default()),
                );
            }
        }
    }

    fn template(&mut self, field: &str, text: &str, allowed: Allowed) -> Option<Template> {
        match Template::parse(text) {
            Ok(template) => {
                self.declared(field, &template.words(), allowed);
                if template.has_expressions() && !allowed.0.contains(&"access_token") {
                    self.say(field, "looks at the profile, which is not there yet");
                }
                Some(template)
            }
            Err(error) => {
                self.say(field, error.to_string());
                None
            }
        }
    }

    fn expression(&mut self, field: &str, text: &str) {
        match Expression::parse(text) {
            Ok(expression) => self.declared(field, &expression.options(), Allowed(&[])),
            Err(error) => self.say(field, error.to_string()),
        }
    }

    /// A template that must be a URL once it is filled. One that begins with an option is as good as that option.
    fn url(&mut self, field: &str, text: &str, allowed: Allowed) {
        let Some(template) = self.template(field, text, allowed) else { return };
        if text.starts_with('{') {
            return;
        }
        let mut options: Options = template.words().iter().map(|word| ((*word).to_owned(), "x".to_owned())).collect();
        options.retain(|word, _| !allowed.0.contains(&word.as_str()));
        let sample = template.fill(&Values { options: &options, client_id: Some("x"), ..Values::NONE });
        // Where an expression stands, a sample cannot be made of it.
        let sample = sample.unwrap_or_else(|| text.split('{').next().unwrap_or(text).to_owned());
        match Url::parse(&sample) {
            Err(_) => self.say(field, format!("{text:?} is not an absolute URL")),
            Ok(url) if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) => {}
            Ok(_) => self.say(field, format!("{text:?} must use https (http only on loopback)")),
        }
    }
}
