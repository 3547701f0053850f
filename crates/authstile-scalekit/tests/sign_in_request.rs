//! What a sign-in asks for: Scalekit's vectors (`data/scalekit.json`), made with its Node SDK, and where we differ from it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::collections::BTreeMap;

use authstile_oauth::authorize::{AuthorizationRequest, ResponseMode};
use authstile_oauth::pkce::PkceVerifier;
use authstile_oauth::word::{ClientId, Nonce, RedirectUri, State};
use authstile_scalekit::{InvalidSelector, Prompt, Selector, SignInRequest, SocialProvider};
use serde_json::Value;
use url::Url;

/// Vectors whose URL we do not make, with the reason.
const STRICTER: [(&str, &str); 2] = [
    (
        "empty_string_options_are_dropped",
        "an empty id or address is a mistake of the application's, and is told at once",
    ),
    ("parameter_injection_in_value_is_escaped", "an organization id cannot contain an ampersand"),
];

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/scalekit.json")).unwrap()
}

/// The SDK's options as ours.
fn request(options: &Value) -> Result<SignInRequest, InvalidSelector> {
    let text = |name: &str| options[name].as_str();
    let mut request = SignInRequest::new();
    if let Some(email) = text("loginHint") {
        request = request.select(Selector::from_work_email(email)?);
    }
    if let Some(domain) = text("domainHint") {
        request = request.select(Selector::domain(domain)?);
    }
    if let Some(id) = text("connectionId") {
        request = request.select(Selector::connection(id)?);
    }
    if let Some(id) = text("organizationId") {
        request = request.select(Selector::organization(id)?);
    }
    if let Some(provider) = text("provider") {
        request = request.select(Selector::social(provider)?);
    }
    let prompts = [Prompt::Login, Prompt::Create, Prompt::SelectAccount, Prompt::None];
    if let Some(prompt) = text("prompt") {
        request = request.prompt(prompts.into_iter().find(|known| known.as_str() == prompt).unwrap());
    }
    Ok(request)
}

#[test]
fn every_authorization_url_says_what_the_sdk_says() {
    let vectors = vectors();
    // RFC 7636 appendix B, which the vectors use too.
    let verifier = PkceVerifier::from_text(vectors["pkce"]["verifier"].as_str().unwrap());
    let mut made = 0;
    for vector in vectors["authorization_urls"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        let options = &vector["options"];
        let (request, strict) = (request(options), STRICTER.iter().find(|(stricter, _)| *stricter == name));
        let request = match (request, strict) {
            (Ok(request), None) => request,
            (Err(_), Some(_)) => continue,
            (request, strict) => panic!("{name}: {request:?}, expected {strict:?}"),
        };
        let endpoint = format!("{}/oauth/authorize", vector["env_url"].as_str().unwrap().trim_end_matches('/'));
        let option = |name: &str| options[name].as_str().filter(|text| !text.is_empty());
        let scopes: Option<Vec<&str>> =
            options["scopes"].as_array().map(|scopes| scopes.iter().filter_map(Value::as_str).collect());
        let url = AuthorizationRequest {
            endpoint: &Url::parse(&endpoint).unwrap(),
            response_type: "code",
            client_id: &ClientId::parse(vector["client_id"].as_str().unwrap()).unwrap(),
            redirect_uri: &RedirectUri::parse(vector["redirect_uri"].as_str().unwrap()).unwrap(),
            scope: &scopes.map_or("openid profile email".to_owned(), |scopes| scopes.join(" ")),
            response_mode: ResponseMode::Query,
            state: &State::from_text(option("state").unwrap_or("ours")),
            nonce: Some(&Nonce::from_text(option("nonce").unwrap_or("ours"))),
            challenge: Some(&verifier.challenge()),
            dpop_jkt: None,
            extra: &request.authorization_params(),
            rename: &[],
            fragment: None,
        }
        .url();
        let ours: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(ours.len(), url.query_pairs().count(), "{name}: no parameter twice");
        for (parameter, value) in vector["params"].as_object().unwrap() {
            assert_eq!(ours.get(parameter).map(String::as_str), value.as_str(), "{name}: {parameter}");
        }
        // What the SDK leaves to its caller, we always send.
        let always = ["state", "nonce", "code_challenge", "code_challenge_method"];
        let further: Vec<&String> = ours.keys().filter(|name| vector["params"].get(name.as_str()).is_none()).collect();
        assert!(further.iter().all(|name| always.contains(&name.as_str())), "{name}: {further:?}");
        assert!(always.iter().all(|name| ours.contains_key(*name)), "{name}");
        assert_eq!(ours["code_challenge_method"], "S256", "{name}");
        made += 1;
    }
    assert!(made >= 15, "{made}: the vectors are cut off");
}

#[test]
fn the_parameters_stand_in_the_order_of_the_sdk() {
    let vectors = vectors();
    for vector in vectors["authorization_urls"].as_array().unwrap() {
        let Ok(request) = request(&vector["options"]) else { continue };
        let ours: Vec<String> = request.authorization_params().into_iter().map(|(name, _)| name).collect();
        let theirs: Vec<&str> = vector["param_order"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let theirs: Vec<&str> = theirs.into_iter().filter(|name| ours.iter().any(|own| own == name)).collect();
        assert_eq!(ours, theirs, "{}", vector["name"]);
    }
}

#[test]
fn a_work_email_is_a_hint_and_a_domain() {
    let params = |email| SignInRequest::from_work_email(email).unwrap().authorization_params();
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let expected =
        [("login_hint", "Ada@acme.com"), ("domain_hint", "acme.com"), ("domain", "acme.com")].map(|it| pair(&it));
    assert_eq!(params("Ada@Acme.com"), expected);
    assert_eq!(params(" Ada@ACME.com\t"), expected);
    let selector = Selector::from_work_email("Ada@Acme.com").unwrap();
    assert_eq!(SignInRequest::from(selector).authorization_params(), expected[..1]);
    for bad in ["", "ada", "ada@evil.com@acme.com", "ada@acme.com&connection_id=conn_1"] {
        assert!(matches!(SignInRequest::from_work_email(bad), Err(InvalidSelector::Email(_))), "{bad:?}");
    }
}

#[test]
fn each_kind_is_asked_for_once_and_the_first_decides() {
    let request = SignInRequest::new()
        .select(Selector::organization("org_1").unwrap())
        .select(Selector::Social(SocialProvider::GitHub))
        .select(Selector::organization("org_2").unwrap());
    assert_eq!(
        request.selectors(),
        [Selector::Social(SocialProvider::GitHub), Selector::organization("org_2").unwrap()]
    );
    assert!(SignInRequest::new().authorization_params().is_empty());
}

#[test]
fn what_is_no_selector_is_told() {
    assert!(matches!(Selector::connection("conn_1&x"), Err(InvalidSelector::Id(_))));
    assert!(matches!(Selector::organization("conn_1"), Err(InvalidSelector::Id(_))));
    assert!(matches!(Selector::domain("acme"), Err(InvalidSelector::Email(_))));
    let error = Selector::social("myspace").unwrap_err();
    assert!(error.to_string().contains("google"), "{error}");
    assert_eq!(Selector::domain("ACME.com"), Selector::domain("acme.com"));
}
