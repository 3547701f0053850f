//! Auth.js's flows, replayed: for each vector, our engine with our card walks the same way. What differs on purpose stands
//! in [`ON_PURPOSE`], with the reason; nothing else may differ.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::collections::BTreeSet;

use authstile::{Customize as _, Registration};
use authstile_scalekit::Scalekit;
use authstile_tests::NOW;
use authstile_tests::script::{ID, Row, SECRET, Script, Walk};
use serde_json::{Map, Value, json};

/// What differs, for which provider (`*`: for all), and why.
const ON_PURPOSE: &[(&str, &str, &str)] = &[
    ("apple", "parameter scope", "without `openid` it is not OpenID Connect"),
    ("azure-ad", "base64, /9j", "a data URI has no blank"),
    ("microsoft-entra-id", "base64, /9j", "a data URI has no blank"),
    ("battlenet", "parameter scope", "Battle.net does not know the other two"),
    ("bitbucket", "/2.0/user/emails", "a second request reads the e-mail address"),
    ("box", "parameter scope", GENERAL),
    ("bungie", "parameter scope", GENERAL),
    ("bungie", "GetMembershipsForCurrentUser", "the address that Auth.js asks has a gap that nothing fills"),
    ("click-up", "parameter scope", GENERAL),
    ("click-up", "email: ours", "Auth.js does not map it"),
    ("click-up", "image: ours", "Auth.js does not map it"),
    ("discord", "authorization: ours", "the documented address"),
    ("dribbble", "parameter scope", "Auth.js sends the text `undefined`"),
    ("eveonline", "image: ours", "the image server of today"),
    ("facebook", "v19.0", "a newer version"),
    ("facebook", "parameter scope", "`public_profile` is asked for by name"),
    ("figma", "parameter scope", "the former scope has another name today"),
    ("foursquare", "parameter scope", GENERAL),
    ("frontegg", "discovered.example", "everything is discovered, the keys too"),
    ("fusionauth", "discovered.example", "everything is discovered"),
    ("mailru", "image: ours", "Auth.js does not map it"),
    ("mailru", "query [(\"access_token\"", "the token stands in the query"),
    ("mailru", "header authorization None", "the token stands in the query"),
    ("mattermost", "parameter scope", GENERAL),
    ("naver", "parameter scope", GENERAL),
    ("netlify", "parameter scope", "an empty scope is none"),
    (
        "notion",
        "parameter redirect_uri",
        "it is computed, because that of the token request is, and both must be the same",
    ),
    ("notion", "parameter scope", GENERAL),
    ("osso", "parameter scope", GENERAL),
    ("patreon", "/api/oauth2/v2/identity", "scopes and request are both of version 2"),
    ("pipedrive", "parameter scope", GENERAL),
    ("reddit", "image: ours", "Auth.js does not map it"),
    ("reddit", "answered 401", "an error is never a profile"),
    (
        "spotify",
        "nobody expected POST",
        "`iss` of a provider whose issuer nobody knows proves nothing, and is no reason to stay out",
    ),
    ("tiktok", "parameter client_id", "it is called `client_key`; Auth.js sends both"),
    ("tiktok", "/v2/oauth/token: body", "it is called `client_key`; Auth.js sends both"),
    ("trakt", "parameter scope", "an empty scope is none"),
    ("twitch", "parameter claims", "`email_verified` is asked for"),
    ("twitter", "parameter scope", "the e-mail address is asked for"),
    ("twitter", "/2/users/me: query", "the e-mail address is asked for"),
    ("vk", "access_token: query", "a fixed parameter goes with the others"),
    ("vk", "access_token: body", "a fixed parameter goes with the others"),
    ("wechat", "parameter client_id", "it is called `appid`; Auth.js sends both"),
    ("wechat", "nobody expected GET", "WeChat documents a GET, and Auth.js sends a POST"),
    ("wechat", "access_token: query", "everything stands in the query of the GET"),
    ("wechat", "header authorization None", "the secret stands in the query of the GET"),
    ("wechat", "a body of None", "a GET has none"),
    ("wechat", "access_token: body", "a GET has none"),
    ("wikimedia", "parameter scope", "an empty scope is none"),
    ("workos", "parameter connection", "where none is set, none is sent"),
    ("workos", "parameter scope", GENERAL),
    ("yandex", "header authorization", "Yandex documents the scheme OAuth"),
];

const GENERAL: &str = "Auth.js declares no scope and so sends its general one, which this provider does not know";

const VECTORS: &str = include_str!("../vectors/provider-flow.json");

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The card with the vector's options; their names are ours in another spelling.
fn registration(vector: &Value) -> Option<Registration> {
    let plain = |name: &str| name.to_ascii_lowercase().replace('_', "");
    let (id, options) = (text(vector, "/provider"), vector["options"].as_object()?);
    if id == "scalekit" {
        return Some(Scalekit::new(ID, SECRET, text(vector, "/options/issuer")).into());
    }
    let card = authstile_providers::find(id)?;
    let mut registration = card.register(ID, SECRET);
    for (name, value) in options.iter().filter(|(name, _)| !matches!(name.as_str(), "clientId" | "clientSecret")) {
        let option = card.options.iter().find(|option| plain(option.name) == plain(name)).map(|option| option.name);
        let value = value.as_str()?.to_owned();
        match (option, name.as_str()) {
            (Some(option), _) => registration = registration.option(option, value),
            (None, "issuer") => registration = registration.issuer(value),
            (None, "userinfo") => registration = registration.userinfo_endpoint(value),
            _ => {}
        }
    }
    // What only our card wants.
    for option in card.options.iter().filter(|option| option.is_required()) {
        let given = options.keys().any(|name| plain(name) == plain(option.name));
        let signs = card.signed_secret.is_some();
        registration = if given || signs { registration } else { registration.option(option.name, "OURS") };
    }
    Some(registration)
}

fn row(request: &Value) -> Row {
    let mut headers = Map::from_iter([("authorization".to_owned(), Value::Null)]);
    for (name, value) in request["headers"].as_object().unwrap() {
        let value = match value.as_str().unwrap() {
            "Basic base64({clientId}:{clientSecret})" => "Basic Q0lEOlNFQ1JFVA==",
            value => value,
        };
        // What we accept and who we are is ours to say.
        if !matches!(name.as_str(), "accept" | "user-agent" | "content-type") {
            headers.insert(name.clone(), json!(value));
        }
    }
    let body = match request.get("body").filter(|body| body.is_object()) {
        None => Value::Null,
        Some(body) => {
            let mut body = body.clone();
            if body.get("code_verifier").is_some() {
                body["code_verifier"] = json!("{verifier}");
            }
            match text(request, "/headers/content-type").starts_with("application/json") {
                true => json!({ "json": body }),
                false => json!({ "form": body }),
            }
        }
    };
    let response = &request["response"];
    let is_photo = text(request, "/kind") == "photo";
    let bytes = response["base64"].as_str().map(|text| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(text).unwrap()
    });
    Row {
        method: text(request, "/method").to_owned(),
        url: text(request, "/url").to_owned(),
        headers: Value::Object(headers),
        body,
        may: vec!["code_verifier"],
        status: response["status"].as_u64().unwrap() as u16,
        answers: if is_photo { vec![("content-type", "image/jpeg".to_owned())] } else { Vec::new() },
        answer: response["body"].clone(),
        bytes,
    }
}

fn script(vector: &Value) -> Script {
    let requests = vector["requests"].as_array().unwrap();
    let of = |kind: &'static str| requests.iter().filter(move |request| text(request, "/kind") == kind);
    let rows = requests.iter().filter(|request| text(request, "/kind") != "discovery").map(row).collect();
    let mut script = Script::new(rows);
    script.lenient = true;
    if let Some(discovery) = of("discovery").next() {
        script.metadata = json!({ "issuer": text(discovery, "/response/body/issuer") });
    }
    let issuer = text(vector, "/options/issuer");
    if let Some(token) = of("token").find(|request| request.get("id_token_claims").is_some()) {
        script.claims = token["id_token_claims"].clone();
        script.claims["nonce"] = json!("{nonce}");
        // It binds an access token of another text.
        script.claims.as_object_mut().unwrap().remove("at_hash");
        if text(token, "/id_token_header/alg") == "HS256" {
            script.header = json!({ "alg": "HS256" });
        }
        if script.metadata.is_null() {
            script.metadata =
                json!({ "issuer": if issuer.is_empty() { text(token, "/id_token_claims/iss") } else { issuer } });
        }
    }
    script
}

/// What differs in one vector.
async fn differences(vector: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let Some(registration) = registration(vector) else { return vec!["there is no such card".to_owned()] };
    let mut compare = |what: &str, ours: Value, theirs: Value| {
        if ours != theirs {
            found.push(format!("{what}: ours is {ours}, theirs {theirs}"));
        }
    };
    let response_mode = registration.provider().response_mode;
    let mut walk = match Walk::build(registration, script(vector)) {
        Ok(walk) => walk,
        Err(error) => return vec![error.to_string()],
    };
    walk.form_post = response_mode == authstile::oauth::authorize::ResponseMode::FormPost;
    let url = match walk.leave().await {
        Ok(url) => url,
        Err(ending) => return vec![format!("nobody leaves: {:?}", ending.error)],
    };
    let address = |url: &str| url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').to_owned();
    compare("authorization", json!(address(url.as_str())), json!(address(text(vector, "/authorization/url"))));
    let always = ["state", "nonce", "code_challenge", "code_challenge_method"];
    let ours: Map<String, Value> = url.query_pairs().map(|(name, value)| (name.into_owned(), json!(value))).collect();
    let theirs = vector["authorization"]["params"].as_object().unwrap();
    for name in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let (ours, theirs) = (ours.get(name), theirs.get(name));
        match always.contains(&name.as_str()) {
            // Ours are always there, whether Auth.js sends them or not.
            true if ours.is_some() => {}
            _ => compare(
                &format!("parameter {name}"),
                ours.cloned().unwrap_or_default(),
                theirs.cloned().unwrap_or_default(),
            ),
        }
    }
    let carried: Vec<(&str, &str)> = vector["callback_params"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| !matches!(name.as_str(), "code" | "state"))
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let ending = walk.come_back(&carried).await;
    let seen = walk.seen.lock().unwrap().take();
    match (seen, vector.get("result")) {
        (None, None) => {}
        (None, Some(_)) => found.push(format!("nobody comes in: {:?}", ending.error)),
        (Some(seen), None) => found.push(format!("{} comes in", seen.account.provider_account_id)),
        (Some(seen), Some(result)) => {
            let (user, account) = (&result["user"], &result["account"]);
            compare("name", json!(seen.user.name), user["name"].clone());
            compare("email", json!(seen.user.email), user["email"].clone());
            compare("image", json!(seen.user.image), user["image"].clone());
            compare(
                "account id",
                json!(seen.account.provider_account_id),
                json!(match &account["providerAccountId"] {
                    Value::String(id) => id.clone(),
                    id => id.to_string(),
                }),
            );
            compare("type", json!(seen.account.kind.as_str()), account["type"].clone());
            compare(
                "access token",
                json!(seen.account.access_token.as_ref().map(|token| token.expose())),
                account["access_token"].clone(),
            );
            compare(
                "refresh token",
                json!(seen.account.refresh_token.map(|token| token.expose().to_owned())),
                account["refresh_token"].clone(),
            );
            compare("token type", json!(seen.account.token_type), account["token_type"].clone());
            compare("scope", json!(seen.account.scope), account["scope"].clone());
            compare("has an ID token", json!(seen.account.id_token.is_some()), json!(account["id_token"].is_string()));
            let expires = account["expires_in"].as_i64().map(|seconds| NOW + seconds);
            compare("expires_at", json!(seen.account.expires_at), json!(expires));
        }
    }
    found.extend(walk.complaints());
    found
}

#[tokio::test]
async fn every_flow_of_auth_js_is_ours_but_for_what_differs_on_purpose() {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    let (mut unexplained, mut used) = (Vec::new(), BTreeSet::new());
    for vector in &vectors {
        let (provider, case) = (text(vector, "/provider"), text(vector, "/case"));
        for difference in differences(vector).await {
            let fits =
                |(id, what, _): &(&str, &str, &str)| (*id == provider || *id == "*") && difference.contains(what);
            match ON_PURPOSE.iter().position(fits) {
                Some(row) => drop(used.insert(row)),
                None => unexplained.push(format!("{provider} ({case}): {difference}")),
            }
        }
    }
    assert!(unexplained.is_empty(), "{} differences without a reason:\n{}", unexplained.len(), unexplained.join("\n"));
    let idle: Vec<_> =
        ON_PURPOSE.iter().enumerate().filter(|(row, _)| !used.contains(row)).map(|(_, row)| row).collect();
    assert!(idle.is_empty(), "these no longer differ: {idle:?}");
    assert_eq!(vectors.len(), 75);
}
