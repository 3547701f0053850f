//! The cards of providers that Auth.js does not have: the facts that other libraries state, and a person out of an answer of
//! each provider's shape.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "in tests a panic is a failure")]

use std::collections::BTreeMap;

use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::Sources;
use authstile::provider::{Body, Pkce, Protocol, Template, Values};
use authstile::{Claims, Provider, card_file};
use authstile_providers::{BEYOND_AUTHJS, all, find};
use serde_json::{Value, json};

const FACTS: &str = include_str!("vectors/providers-extra.json");

fn facts() -> Vec<Value> {
    serde_json::from_str(FACTS).unwrap()
}

/// Values for the options that must be given, as the facts name them.
fn given(card: &Provider) -> BTreeMap<String, String> {
    let required = card.options.iter().filter(|option| option.is_required());
    required
        .map(|option| (option.name.to_owned(), format!("https://{}.example", option.name.replace('_', "-"))))
        .collect()
}

fn filled(card: &Provider, template: Option<&str>) -> Option<String> {
    let options = card.option_values(&given(card)).unwrap();
    Template::parse(template?).unwrap().fill(&Values { options: &options, ..Values::NONE })
}

/// An address of the facts, with the options' values in their place.
fn stated(fact: &Value) -> Option<String> {
    let url = fact.as_str()?.replace("{baseUrl}", "https://base-url.example");
    Some(url.replace("{baseApiUrl}", "https://base-api-url.example").replace("{issuer}", "https://issuer.example"))
}

#[test]
fn all_of_them_are_in_the_catalogue_and_sound() {
    let facts = facts();
    let ids: Vec<&str> = facts.iter().map(|fact| fact["id"].as_str().unwrap()).collect();
    assert_eq!(BEYOND_AUTHJS.iter().map(|card| card.id).collect::<Vec<_>>(), ids);
    for card in BEYOND_AUTHJS {
        assert_eq!(card.problems(), [], "{}", card.id);
        assert_eq!(find(card.id), Some(*card));
        assert!(all().contains(card));
        let text = card_file::write(card).unwrap();
        assert_eq!(card_file::read(&text).unwrap(), **card, "{text}");
        assert!(card.notes.iter().any(|note| note.starts_with("Untested")), "{} does not say that it is", card.id);
        assert!(card.profile_note.is_some(), "{} does not say what the profile holds", card.id);
    }
}

#[test]
fn endpoints_scopes_and_credentials_are_as_stated() {
    for fact in facts() {
        let card = find(fact["id"].as_str().unwrap()).unwrap();
        let id = card.id;
        assert_eq!(card.name, fact["name"].as_str().unwrap(), "{id}");
        assert_eq!(card.protocol.as_str(), fact["type"].as_str().unwrap(), "{id}");
        // The only one whose issuer is an option that has a default.
        let issuer = |fact: &Value| {
            stated(fact).map(|url| match id {
                "paybin" => url.replace("https://issuer.example", "https://idp.paybin.io"),
                _ => url,
            })
        };
        assert_eq!(filled(card, card.authorization), issuer(&fact["authorization"]["url"]), "{id}");
        assert_eq!(filled(card, card.token), issuer(&fact["token"]["url"]), "{id}");
        assert_eq!(filled(card, card.revocation), issuer(&fact["revocation_url"]), "{id}");
        if card.protocol == Protocol::Oidc {
            assert_eq!(filled(card, card.issuer), issuer(&fact["issuer"]), "{id}");
        }
        let asked = card.userinfo.first().and_then(|request| filled(card, request.url));
        assert_eq!(asked, stated(&fact["userinfo"]["url"]), "{id}");
        assert_eq!(card.scope, fact["scope"].as_str().unwrap_or_default(), "{id}");
        assert_eq!(card.scope_separator, fact["scope_separator"].as_str().unwrap(), "{id}");
        let method = match fact["client"]["token_endpoint_auth_method"].as_str().unwrap() {
            "client_secret_post" => Some(ClientAuthentication::Post),
            "none" => Some(ClientAuthentication::None),
            _ => None,
        };
        assert_eq!(card.client_authentication, method, "{id}");
        let plain = fact["authorization"]["params"]["code_challenge_method"] == "plain";
        assert_eq!(card.pkce == Pkce::Plain, plain, "{id}");
    }
}

#[test]
fn what_an_environment_must_say_is_what_is_required() {
    for fact in facts() {
        let card = find(fact["id"].as_str().unwrap()).unwrap();
        let mut stated: Vec<String> = fact["required_options"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| match name.as_str().unwrap() {
                "clientId" => card.variable("ID"),
                "clientSecret" => card.variable("SECRET"),
                "baseUrl" => card.variable("BASE_URL"),
                "baseApiUrl" => card.variable("BASE_API_URL"),
                other => card.variable(&other.to_ascii_uppercase()),
            })
            .collect();
        let mut required: Vec<String> =
            card.variables().into_iter().filter(|variable| variable.required).map(|variable| variable.name).collect();
        stated.sort();
        required.sort();
        assert_eq!(required, stated, "{}", card.id);
    }
}

/// The options whose values choose hosts and headers.
#[test]
fn options_reach_their_places() {
    let fill = |card: &Provider, name: &str, value: &str, template: Option<&str>| {
        let options = card.option_values(&BTreeMap::from([(name.to_owned(), value.to_owned())])).unwrap();
        Template::parse(template.unwrap()).unwrap().fill(&Values { options: &options, ..Values::NONE })
    };
    let paypal = find("paypal").unwrap();
    let sandbox = |template| fill(paypal, "environment", "sandbox", template).unwrap();
    assert_eq!(sandbox(paypal.authorization), "https://www.sandbox.paypal.com/signin/authorize");
    assert_eq!(sandbox(paypal.token), "https://api-m.sandbox.paypal.com/v1/oauth2/token");
    let intuit = find("intuit").unwrap();
    assert_eq!(
        fill(intuit, "environment", "sandbox", intuit.userinfo[0].url).unwrap(),
        "https://sandbox-accounts.platform.intuit.com/v1/openid_connect/userinfo"
    );
    let mercadolibre = find("mercadolibre").unwrap();
    assert_eq!(
        fill(mercadolibre, "authorization_host", "auth.mercadolibre.com.ar", mercadolibre.authorization).unwrap(),
        "https://auth.mercadolibre.com.ar/authorization"
    );
    let shikimori = find("shikimori").unwrap();
    let (header, value) = shikimori.userinfo[0].headers[0];
    assert_eq!(header, "User-Agent");
    assert_eq!(fill(shikimori, "user_agent", "Acme", Some(value)).as_deref(), Some("Acme"));
    assert_eq!(filled(shikimori, Some(value)), None, "without a value, the engine's own is sent");
}

#[test]
fn requests_have_the_shapes_that_these_providers_want() {
    for (id, header) in [("etsy", ("X-Api-Key", "{client_id}")), ("tiltify", ("Client-Id", "{client_id}"))] {
        assert!(find(id).unwrap().userinfo.iter().all(|request| request.headers.contains(&header)), "{id}");
    }
    for id in ["anilist", "linear", "startgg"] {
        assert!(matches!(find(id).unwrap().userinfo[0].body, Body::GraphQl(_)), "{id}");
    }
    assert_eq!(find("withings").unwrap().token_request.params, [("action", "requesttoken")]);
    let startgg = find("startgg").unwrap();
    assert_eq!(startgg.token_request.params, [("scope", startgg.scope)], "the token request repeats the scope");
    assert_eq!(startgg.refresh, Some("https://api.start.gg/oauth/refresh"));
    assert_eq!(find("paypal").unwrap().userinfo[0].query, [("schema", "paypalv1.1")]);
}

/// An answer of the provider's shape, and who it is: id, name, e-mail address, picture, whether the address is verified.
#[test]
fn answers_become_people() {
    for (id, profile, person) in [
        (
            "anilist",
            json!({"id": 7, "name": "ada", "avatar": {"large": "https://i.example/a"}}),
            json!(["7", "ada", null, "https://i.example/a", null]),
        ),
        ("anilist", json!({"id": 7, "name": "ada", "avatar": null}), json!(["7", "ada", null, null, null])),
        (
            "autodesk",
            json!({"sub": "A1", "name": "Ada", "email": "a@b.example", "email_verified": true, "picture": "https://i.example/a"}),
            json!(["A1", "Ada", "a@b.example", "https://i.example/a", true]),
        ),
        (
            "donation-alerts",
            json!({"id": 3, "name": "ada", "email": "a@b.example", "avatar": "https://i.example/a"}),
            json!(["3", "ada", "a@b.example", "https://i.example/a", null]),
        ),
        ("epicgames", json!({"sub": "e1", "preferred_username": "ada"}), json!(["e1", "ada", null, null, null])),
        (
            "etsy",
            json!({"user_id": 12, "first_name": "Ada", "last_name": null, "primary_email": "a@b.example", "image_url_75x75": "https://i.example/a"}),
            json!(["12", "Ada", "a@b.example", "https://i.example/a", null]),
        ),
        (
            "gitea",
            json!({"id": 1, "login": "ada", "full_name": "", "email": "a@b.example", "avatar_url": "https://i.example/a"}),
            json!(["1", "ada", "a@b.example", "https://i.example/a", null]),
        ),
        (
            "gumroad",
            json!({"user_id": "G6==", "name": "Ada", "email": "a@b.example", "profile_url": "https://i.example/a"}),
            json!(["G6==", "Ada", "a@b.example", "https://i.example/a", null]),
        ),
        (
            "intuit",
            json!({"sub": "i", "givenName": "Ada", "familyName": "L", "email": "a@b.example", "emailVerified": true}),
            json!(["i", "Ada L", "a@b.example", null, true]),
        ),
        (
            "kick",
            json!({"user_id": 4, "name": "ada", "email": "a@b.example", "profile_picture": "https://i.example/a"}),
            json!(["4", "ada", "a@b.example", "https://i.example/a", null]),
        ),
        (
            "lichess",
            json!({"id": "ada", "username": "Ada", "email": "a@b.example"}),
            json!(["ada", "Ada", "a@b.example", null, null]),
        ),
        (
            "linear",
            json!({"id": "u-1", "name": "Ada", "email": "a@b.example", "avatarUrl": null}),
            json!(["u-1", "Ada", "a@b.example", null, null]),
        ),
        (
            "mercadolibre",
            json!({"id": 9, "nickname": "ADA", "email": "a@b.example"}),
            json!(["9", "ADA", "a@b.example", null, null]),
        ),
        (
            "mercadopago",
            json!({"id": 9, "nickname": "ADA", "email": "a@b.example"}),
            json!(["9", "ADA", "a@b.example", null, null]),
        ),
        (
            "myanimelist",
            json!({"id": 5, "name": "ada", "picture": "https://i.example/a"}),
            json!(["5", "ada", null, "https://i.example/a", null]),
        ),
        (
            "paybin",
            json!({"sub": "p", "preferred_username": "ada", "email": "a@b.example"}),
            json!(["p", "ada", "a@b.example", null, null]),
        ),
        (
            "paypal",
            json!({"user_id": "https://p.example/u", "name": "Ada", "email": "a@b.example", "email_verified": "true"}),
            json!(["https://p.example/u", "Ada", "a@b.example", null, true]),
        ),
        (
            "paypal",
            json!({"user_id": "u", "emails": [{"value": "x@b.example", "confirmed": true}, {"value": "a@b.example", "primary": true, "confirmed": false}]}),
            json!(["u", null, "a@b.example", null, false]),
        ),
        (
            "polar",
            json!({"id": "1", "sub": "2", "public_name": "Ada", "email": "a@b.example", "email_verified": true, "avatar_url": "https://i.example/a"}),
            json!(["1", "Ada", "a@b.example", "https://i.example/a", true]),
        ),
        ("polar", json!({"sub": "2", "name": "Ada"}), json!(["2", "Ada", null, null, null])),
        (
            "railway",
            json!({"sub": "r", "name": "Ada", "email": "a@b.example", "picture": "https://i.example/a"}),
            json!(["r", "Ada", "a@b.example", "https://i.example/a", null]),
        ),
        (
            "sailpoint",
            json!({"id": "s", "uid": "ada", "email": "a@b.example"}),
            json!(["s", "ada", "a@b.example", null, null]),
        ),
        (
            "shikimori",
            json!({"id": 2, "nickname": "ada", "avatar": "https://i.example/a"}),
            json!(["2", "ada", null, "https://i.example/a", null]),
        ),
        (
            "startgg",
            json!({"id": 8, "slug": "user/1", "email": "a@b.example", "player": {"gamerTag": "ada"}}),
            json!(["8", "ada", "a@b.example", null, null]),
        ),
        ("startgg", json!({"id": 8, "slug": "user/1", "player": null}), json!(["8", "user/1", null, null, null])),
        (
            "synology",
            json!({"sub": "n", "username": "ada", "email": "a@b.example"}),
            json!(["n", "ada", "a@b.example", null, null]),
        ),
        (
            "tiltify",
            json!({"id": "t", "username": "ada", "email": "a@b.example", "avatar": {"src": "https://i.example/a"}}),
            json!(["t", "ada", "a@b.example", "https://i.example/a", null]),
        ),
        ("tumblr", json!({"name": "ada"}), json!(["ada", "ada", null, null, null])),
        (
            "vercel",
            json!({"sub": "v", "preferred_username": "ada", "email": "a@b.example", "email_verified": true}),
            json!(["v", "ada", "a@b.example", null, true]),
        ),
        (
            "yahoo",
            json!({"sub": "y", "given_name": "Ada", "family_name": "L", "email": "a@b.example"}),
            json!(["y", "Ada L", "a@b.example", null, null]),
        ),
    ] {
        assert_eq!(mapped(id, profile, Value::Null), person, "{id}");
    }
    assert_eq!(mapped("withings", Value::Null, json!({"userid": 600})), json!(["600", null, null, null, null]));
}

fn mapped(id: &str, profile: Value, token: Value) -> Value {
    let card = find(id).unwrap();
    let (profile, token) = (claims(profile), claims(token));
    let options = card.option_values(&given(card)).unwrap();
    let sources = Sources { profile: &profile, token: &token, options: &options };
    let mapping = authstile::profile::ProfileMapping::Map(card.profile).compile().unwrap();
    let user = mapping.map(&sources).unwrap().user;
    json!([user.id, user.name, user.email, user.image, user.email_verified])
}

fn claims(value: Value) -> Claims {
    match value {
        Value::Object(claims) => claims,
        _ => Claims::new(),
    }
}
