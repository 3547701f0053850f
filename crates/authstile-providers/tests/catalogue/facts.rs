//! What Auth.js says about each provider is what the card says, unless a reason is listed.

use std::collections::BTreeMap;

use authstile::Provider;
use authstile::oauth::authorize::ResponseMode;
use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::Options;
use authstile::provider::{NonceUse, Pairs, Pkce, ProfileSource, Protocol, Template, Values};
use authstile_providers::find;
use serde_json::Value;

use crate::{SAMPLES, facts, only_what_is_listed, option_name, options};

/// Where we differ on purpose: provider, fact, why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("apple", "scope", "An ID token is asked for by name."),
    ("auth0", "issuer", "Auth0 writes its issuer with a slash at the end."),
    ("azure-devops", "client authentication", "The secret is the assertion of the client; it stands in the body."),
    ("azure-devops", "token", "Auth.js names the authorization endpoint."),
    ("azure-devops", "token params", "Auth.js never runs its own token request."),
    ("battlenet", "scope", "Battle.net knows `openid` only."),
    ("box", "scope", "No scope is declared; Auth.js adds its general one."),
    ("boxyhq-saml", "scope", "No scope is declared; Auth.js adds its general one."),
    ("bungie", "scope", "No scope is declared; Auth.js adds its general one."),
    ("bungie", "userinfo", "Auth.js asks an address with a gap that nothing fills."),
    ("click-up", "scope", "No scope is declared; Auth.js adds its general one."),
    ("discord", "authorization", "This is the documented address."),
    ("dribbble", "scope", "Auth.js sends the word `undefined`."),
    ("facebook", "authorization", "Version 19.0 has ended."),
    ("facebook", "scope", "The public profile is asked for by name."),
    ("figma", "scope", "Figma replaced the scope `files:read`."),
    ("foursquare", "scope", "No scope is declared; Auth.js adds its general one."),
    ("freshbooks", "scope", "No scope is declared; Auth.js adds its general one."),
    ("frontegg", "authorization", "It is discovered, as the keys have to be."),
    ("frontegg", "token", "It is discovered, as the keys have to be."),
    ("fusionauth", "token", "It is discovered."),
    ("hubspot", "userinfo", "Auth.js declares the address without the token, which it appends."),
    ("mailchimp", "scope", "No scope is declared; Auth.js adds its general one."),
    ("mattermost", "scope", "No scope is declared; Auth.js adds its general one."),
    ("naver", "scope", "No scope is declared; Auth.js adds its general one."),
    ("nextcloud", "scope", "No scope is declared; Auth.js adds its general one."),
    ("nextcloud", "userinfo", "Version 2 answers with a status, and knows who asks."),
    ("nextcloud", "userinfo params", "Version 2 is asked for JSON."),
    ("notion", "scope", "No scope is declared; Auth.js adds its general one."),
    ("notion", "userinfo", "Auth.js declares another address than it asks."),
    ("osso", "authorization", "Auth.js glues the path to the issuer: the sample has no slash."),
    ("osso", "scope", "No scope is declared; Auth.js adds its general one."),
    ("osso", "token", "Auth.js glues the path to the issuer: the sample has no slash."),
    ("osso", "userinfo", "Auth.js glues the path to the issuer: the sample has no slash."),
    ("passage", "deprecated", "Passage has ended since."),
    ("patreon", "userinfo", "The scopes are those of version 2."),
    ("patreon", "userinfo params", "Version 2 answers only what it is asked for."),
    ("pinterest", "authorization", "The documented address ends in a slash."),
    ("pipedrive", "scope", "No scope is declared; Auth.js adds its general one."),
    ("strava", "authorization", "This is the documented address."),
    ("tiktok", "authorization", "The documented address ends in a slash."),
    ("todoist", "userinfo", "Auth.js declares none, and asks a version of the API that has ended."),
    ("twitch", "authorization params", "Whether the address is verified is asked for too."),
    ("twitter", "scope", "The e-mail address is asked for."),
    ("twitter", "userinfo params", "The e-mail address is asked for."),
    ("wechat", "client authentication", "The secret stands in the query, once."),
    ("wechat", "userinfo params", "Auth.js adds it, and the `openid`, when it asks."),
    ("workos", "authorization params", "An empty connection is none."),
    ("workos", "scope", "No scope is declared; Auth.js adds its general one."),
];

/// One card with its options, and what differs from Auth.js.
struct Comparison<'a> {
    card: &'a Provider,
    options: Options,
    differing: &'a mut BTreeMap<(String, String), String>,
}

impl Comparison<'_> {
    fn same(&mut self, what: &str, theirs: impl Into<Value>, ours: impl Into<Value>) {
        let (theirs, ours) = (theirs.into(), ours.into());
        if theirs != ours {
            let key = (self.card.id.to_owned(), what.to_owned());
            self.differing.insert(key, format!("Auth.js {theirs}, here {ours}"));
        }
    }

    fn fill(&self, template: &str) -> Option<String> {
        let values = Values { options: &self.options, client_id: Some("CID"), ..Values::NONE };
        Template::parse(template).unwrap().fill(&values)
    }

    fn url(&self, template: Option<&str>) -> Value {
        template.map_or(Value::Null, |template| self.fill(template).map_or(Value::Null, Value::from))
    }

    fn pairs(&self, pairs: Pairs) -> BTreeMap<String, String> {
        pairs.iter().filter_map(|(name, text)| Some(((*name).to_owned(), self.fill(text)?))).collect()
    }

    fn authorization_params(&self) -> BTreeMap<String, String> {
        let card = self.card;
        let mut params = self.pairs(card.authorization_params);
        let renamed = card.authorization_rename.iter().filter(|(name, _)| *name == "client_id");
        params.extend(renamed.map(|(_, name)| ((*name).to_owned(), "CID".to_owned())));
        if card.response_mode == ResponseMode::FormPost {
            params.insert("response_mode".to_owned(), "form_post".to_owned());
        }
        if card.response_type != "code" {
            params.insert("response_type".to_owned(), card.response_type.to_owned());
        }
        params
    }

    fn scope(&self) -> Vec<String> {
        self.fill(self.card.scope).unwrap().split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
    }
}

/// A fact with samples in its gaps.
fn filled(fact: &Value) -> Value {
    match fact {
        Value::String(text) => {
            let gaps = SAMPLES.iter().map(|(name, value)| (*name, *value));
            let theirs = [("issuer", "issuer"), ("clientId", "client_id"), ("clientSecret", "client_secret")];
            let theirs = theirs.iter().chain(&[("accountID", "account_id"), ("userinfo", "userinfo")]);
            let text = theirs.fold(text.clone(), |text, (gap, name)| {
                let (_, value) = gaps.clone().find(|(known, _)| known == name).unwrap();
                text.replace(&format!("{{{gap}}}"), value)
            });
            Value::String(text)
        }
        other => other.clone(),
    }
}

/// Declared parameters, without those that are the protocol's own.
fn params(fact: &Value) -> BTreeMap<String, String> {
    let members = fact["params"].as_object().into_iter().flatten();
    let own = |name: &str, value: &Value| {
        matches!(name, "scope" | "client_id" | "redirect_uri") || (name == "response_type" && value == "code")
    };
    members
        .filter(|(name, value)| !own(name, value))
        .map(|(name, value)| {
            let value = filled(value);
            (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        })
        .collect()
}

fn text(map: BTreeMap<String, String>) -> String {
    map.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn scopes(fact: &Value) -> Value {
    let text = fact.as_str().unwrap_or_default();
    text.split([' ', ',']).filter(|scope| !scope.is_empty()).collect()
}

fn compare(fact: &Value, it: &mut Comparison<'_>) {
    let card = it.card;
    it.same("protocol", fact["type"] == "oidc", card.protocol == Protocol::Oidc);
    if card.protocol == Protocol::Oidc {
        it.same("issuer", filled(&fact["issuer"]), it.url(card.issuer));
    }
    it.same("authorization", filled(&fact["authorization"]["url"]), it.url(card.authorization));
    it.same("authorization params", text(params(&fact["authorization"])), text(it.authorization_params()));
    it.same("token", filled(&fact["token"]["url"]), it.url(card.token));
    let request = card.token_request;
    let renamed = request.rename.iter().filter(|(_, name)| matches!(*name, "appid" | "secret"));
    let mut ours = it.pairs(request.params);
    ours.extend(renamed.map(|(name, other)| ((*other).to_owned(), crate::sample(name).to_owned())));
    it.same("token params", text(params(&fact["token"])), text(ours));
    let first = card.userinfo.first();
    let theirs = match fact["source"].as_str() {
        // Declared, and never called.
        Some("id_token claims") => Value::Null,
        _ => filled(&fact["userinfo"]["url"]),
    };
    let (url, query) = match first.filter(|_| card.profile_source != ProfileSource::IdToken) {
        Some(first) => (it.url(first.url), it.pairs(first.query)),
        None => (Value::Null, BTreeMap::new()),
    };
    it.same("userinfo", theirs, url);
    it.same("userinfo params", text(params(&fact["userinfo"])), text(query));
    it.same("scope", scopes(&fact["scope"]), it.scope());
    let post = card.client_authentication == Some(ClientAuthentication::Post);
    it.same(
        "client authentication",
        fact["auth"].clone(),
        if post { "client_secret_post" } else { "client_secret_basic" },
    );
    let from_token = fact["source"] == "id_token claims";
    it.same("profile source", from_token, card.profile_source == ProfileSource::IdToken);
    // What Auth.js checks is checked here too; state, PKCE and nonce always are, unless the card has a reason.
    let checks = |check: &str| fact["checks"].as_array().unwrap().iter().any(|known| known == check);
    it.same("pkce", true, card.pkce == Pkce::S256 || (card.pkce == Pkce::None && !checks("pkce")));
    it.same("nonce", true, card.nonce == NonceUse::Send || !checks("nonce"));
    it.same("deprecated", fact["deprecated"].clone(), card.deprecated.is_some());
    it.same("variable of the client id", fact["env"]["clientId"].clone(), card.variable("ID"));
    it.same("variable of the secret", fact["env"]["clientSecret"].clone(), card.variable("SECRET"));
}

#[test]
fn cards_say_what_auth_js_says() {
    let mut differing = BTreeMap::new();
    for fact in facts() {
        let card = find(fact["id"].as_str().unwrap()).unwrap();
        let options = options(card, &BTreeMap::new());
        compare(&fact, &mut Comparison { card, options, differing: &mut differing });
    }
    only_what_is_listed(differing, DIFFERENCES);
}

/// Options of Auth.js that have no option of ours: provider, theirs, why.
const OTHER_OPTIONS: &[(&str, &str, &str)] = &[
    ("boxyhq-saml", "authorization.params.tenant / product", "They belong to one sign-in and are parameters of it."),
    ("bungie", "headers", "Nothing reads them in Auth.js; here the option is `api_key`."),
    ("netsuite", "issuer", "None is needed."),
    ("netsuite", "scope / prompt", "Scope and authorization parameters are those of every registration."),
    ("notion", "redirectUri", "It is computed."),
    ("scalekit", "connectionId", "The crate authstile-scalekit pins it so that nobody can replace it."),
    ("scalekit", "domain", "The crate authstile-scalekit pins it so that nobody can replace it."),
    ("scalekit", "organizationId", "The crate authstile-scalekit pins it so that nobody can replace it."),
    ("workos", "issuer", "It is a base address: here the option is `base_url`."),
];

#[test]
fn options_of_auth_js_have_their_option_here() {
    let mut missing = BTreeMap::new();
    for fact in facts() {
        let card = find(fact["id"].as_str().unwrap()).unwrap();
        let names = |list: &str| fact[list].as_array().cloned().unwrap_or_default();
        for theirs in names("required_options").iter().chain(&names("optional_options")) {
            let theirs = theirs.as_str().unwrap();
            // The credentials, and the scope, are those of every registration; so is the issuer with OpenID Connect.
            let general = matches!(theirs, "clientId" | "clientSecret" | "scope" | "authorization.params.scope");
            let issuer = theirs == "issuer" && card.protocol == Protocol::Oidc;
            let own = card.options.iter().any(|option| option.name == option_name(theirs));
            if !(general || issuer || own) {
                missing.insert((card.id.to_owned(), theirs.to_owned()), String::new());
            }
        }
    }
    only_what_is_listed(missing, OTHER_OPTIONS);
}

/// Effects of options that differ on purpose: provider, fact, why.
const OTHER_EFFECTS: &[(&str, &str, &str)] = &[
    ("azure-devops", "authorization.params.scope", "Scopes are those of every registration."),
    ("dribbble", "authorization.params.scope", "Scopes are those of every registration."),
    ("notion", "authorization.params.redirect_uri", "It is computed."),
    ("reddit", "authorization.params.scope", "In Auth.js the option makes the declared scope and address disappear."),
    ("reddit", "authorization.url", "In Auth.js the option makes the declared scope and address disappear."),
    (
        "scalekit",
        "authorization.params.connection_id",
        "The crate authstile-scalekit pins it so that nobody can replace it.",
    ),
    ("scalekit", "authorization.params.domain", "The crate authstile-scalekit pins it so that nobody can replace it."),
    (
        "scalekit",
        "authorization.params.organization_id",
        "The crate authstile-scalekit pins it so that nobody can replace it.",
    ),
    ("workos", "token.url", "The option that does this is `base_url`."),
];

#[test]
fn options_do_what_they_do_in_auth_js() {
    let mut differing = BTreeMap::new();
    let mut seen = 0;
    for fact in facts() {
        let card = find(fact["id"].as_str().unwrap()).unwrap();
        for variant in fact["variants"].as_array().cloned().unwrap_or_default() {
            seen += 1;
            let mut given = BTreeMap::new();
            for (name, value) in variant["options"].as_object().unwrap() {
                let (mut name, mut value) = (name, value);
                while let Some(inner) = value.as_object().and_then(|members| members.iter().next()) {
                    (name, value) = inner;
                }
                let name = option_name(name);
                if name == "issuer" || card.options.iter().any(|option| option.name == name) {
                    given.insert(name, value.as_str().unwrap().to_owned());
                }
            }
            let mut options = options(card, &given);
            options.extend(given.get_key_value("issuer").map(|(name, value)| (name.clone(), value.clone())));
            let mut it = Comparison { card, options, differing: &mut differing };
            for (what, theirs) in variant["expect"].as_object().unwrap() {
                let ours = match what.as_str() {
                    "issuer" => given.get("issuer").map_or_else(|| it.url(card.issuer), |issuer| issuer.clone().into()),
                    "authorization.url" => it.url(card.authorization),
                    "token.url" => it.url(card.token),
                    "userinfo.url" => it.url(card.userinfo[0].url),
                    "authorization.params.scope" => {
                        it.same(what, scopes(theirs), it.scope());
                        continue;
                    }
                    // Never read.
                    "wellKnown" => continue,
                    _ => {
                        let params = match what.strip_prefix("authorization.params.") {
                            Some(name) => it.authorization_params().remove(name),
                            None => {
                                it.pairs(card.userinfo[0].query).remove(what.trim_start_matches("userinfo.params."))
                            }
                        };
                        params.into()
                    }
                };
                it.same(what, filled(theirs), ours);
            }
        }
    }
    assert_eq!(seen, 21);
    only_what_is_listed(differing, OTHER_EFFECTS);
}
