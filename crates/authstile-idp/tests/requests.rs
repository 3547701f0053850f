//! Pushed and signed authorization requests, and the ways in which they are answered (RFC 9126, RFC 9101, RFC 8707, Form Post
//! Response Mode, JARM, OpenID Connect Core §3.1.2.1).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    unreachable_pub,
    reason = "in tests a panic is a failure"
)]

mod common;

use authstile_idp::{Client, Feature, Idp, IdpBuilder, Misbehave, SigningAlgorithm};
use common::signer::{Signer, with};
use common::*;
use serde_json::{Value, json};

const ACME: (&str, &str) = ("organization_id", "org_acme");

const ASKED: [(&str, &str); 9] = [
    ("response_type", "code"),
    ("client_id", CLIENT),
    ("redirect_uri", CALLBACK),
    ("scope", "openid email"),
    ("state", "the state"),
    ("nonce", "the nonce"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
    ACME,
];

fn pushing() -> IdpBuilder {
    builder().feature(Feature::PushedRequests)
}

fn push(idp: &Idp, pairs: Pairs<'_>) -> http::Response<bytes::Bytes> {
    post_with(idp, "/oauth/par", pairs, &[("authorization", &basic(CLIENT, SECRET))])
}

fn signed_in(idp: Idp) -> Idp {
    idp.auto_sign_in(Some("ada@acme.example"));
    idp
}

#[test]
fn a_pushed_request_is_answered_once_and_only_to_who_pushed_it() {
    let hands = Hands::new();
    let idp = signed_in(pushing().clock(hands.clock()).build());
    let document = json(&get(&idp, "/.well-known/openid-configuration", &[]));
    assert_eq!(document["pushed_authorization_request_endpoint"], format!("{ISSUER}/oauth/par"));
    assert_eq!(document["require_pushed_authorization_requests"], false);
    let pushed = || {
        let answer = push(&idp, &ASKED);
        assert_eq!(answer.status(), 201, "{answer:?}");
        assert_eq!(json(&answer)["expires_in"], 60);
        json(&answer)["request_uri"].as_str().unwrap().to_owned()
    };
    let uri = pushed();
    let ask = |client: &str, uri: &str| get(&idp, "/oauth/authorize", &[("client_id", client), ("request_uri", uri)]);
    let answer = ask(CLIENT, &uri);
    assert_eq!(carried(&answer, "state"), ["the state"]);
    assert_eq!(claims(&json(&redeem(&idp, &code(&answer), &[]))["id_token"])["nonce"], "the nonce");
    assert_eq!(ask(CLIENT, &uri).status(), 400, "once");
    assert_eq!(ask("skc_other", &pushed()).status(), 400, "another client");
    let late = pushed();
    hands.wait(60);
    assert_eq!(ask(CLIENT, &late).status(), 400, "late");
    // What stands beside the request_uri does not count.
    let uri = pushed();
    let beside =
        [("client_id", CLIENT), ("request_uri", &uri), ("state", "forged"), ("redirect_uri", "https://evil.example")];
    assert_eq!(carried(&get(&idp, "/oauth/authorize", &beside), "state"), ["the state"]);
}

#[test]
fn wrong_pushed_requests_are_refused_at_once() {
    let idp = pushing().build();
    for (change, error) in [
        (("redirect_uri", "https://evil.example"), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("response_mode", "form_post"), "invalid_request"),
        (("request_uri", "urn:x"), "invalid_request"),
        (("client_id", "skc_other"), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
    ] {
        let mut pairs = ASKED.to_vec();
        pairs.retain(|(name, _)| *name != change.0);
        pairs.push(change);
        let answer = push(&idp, &pairs);
        assert_eq!((answer.status().as_u16(), &json(&answer)["error"]), (400, &json!(error)), "{change:?}");
    }
    assert_eq!(post(&idp, "/oauth/par", &ASKED).status(), 401, "clients authenticate as at the token endpoint");
    assert_eq!(post(&builder().build(), "/oauth/par", &ASKED).status(), 404, "off unless switched on");
}

#[test]
fn where_pushing_is_required_nothing_else_is_answered() {
    let client = Client::new("skc_strict", SECRET).redirect_uri(CALLBACK).require_pushed_requests();
    let by_client = signed_in(pushing().client(client).build());
    assert_eq!(authorize(&by_client, &[ACME, ("client_id", "skc_strict")]).status(), 400);
    assert_eq!(authorize(&by_client, &[ACME]).status(), 302);
    let by_all = signed_in(pushing().feature(Feature::RequirePushedRequests).build());
    assert_eq!(authorize(&by_all, &[ACME]).status(), 400);
    let document = json(&get(&by_all, "/.well-known/openid-configuration", &[]));
    assert_eq!(document["require_pushed_authorization_requests"], true);
    by_all.misbehave(Some(Misbehave::PushedResponseWithoutRequestUri));
    assert_eq!(json(&push(&by_all, &ASKED)).get("request_uri"), None);
}

fn object(now: i64) -> Value {
    let mut claims = json!({ "iss": CLIENT, "aud": ISSUER, "exp": now + 60, "max_age": 60 });
    for (name, value) in ASKED {
        claims[name] = json!(value);
    }
    claims
}

#[test]
fn only_what_a_request_object_says_counts() {
    let (hands, signer) = (Hands::new(), Signer::ec("k"));
    let idp = signed_in(keyed_client(&hands, &signer, builder()).build());
    let header = json!({ "alg": "ES256", "kid": "k", "typ": "oauth-authz-req+jwt" });
    let request = signer.sign_with(&header, &object(hands.now()));
    let answer = authorize(&idp, &[("client_id", "skc_keys"), ("request", &request)]);
    assert_eq!(answer.status(), 400, "another client's object");
    let request = signer.sign_with(&header, &own(&object(hands.now())));
    let outside = [("client_id", "skc_keys"), ("request", &request), ("state", "forged"), ("scope", "openid profile")];
    let answer = authorize(&idp, &outside);
    assert_eq!(carried(&answer, "state"), ["the state"]);

    let (good, now) = (own(&object(hands.now())), hands.now());
    for (changes, what) in [
        (json!({ "iss": CLIENT }), "iss"),
        (json!({ "client_id": CLIENT }), "client_id"),
        (json!({ "aud": "https://elsewhere.example" }), "aud"),
        (json!({ "exp": null }), "no exp"),
        (json!({ "exp": now }), "expired"),
        (json!({ "nbf": now + 600 }), "too early"),
        (json!({ "sub": "skc_keys" }), "an assertion"),
        (json!({ "request": "x" }), "nested"),
        (json!({ "request_uri": "urn:x" }), "nested"),
    ] {
        let request = signer.sign_with(&header, &with(&good, &changes));
        assert_eq!(authorize(&idp, &[("client_id", "skc_keys"), ("request", &request)]).status(), 400, "{what}");
    }
    for (forged, what) in [
        (signer.sign_with(&json!({ "alg": "none" }), &good), "none"),
        (Signer::ec("k").sign_with(&header, &good), "another key"),
        (signer.sign_with(&json!({ "alg": "ES256", "typ": "dpop+jwt" }), &good), "typ"),
    ] {
        assert_eq!(authorize(&idp, &[("client_id", "skc_keys"), ("request", &forged)]).status(), 400, "{what}");
    }
    assert_eq!(authorize(&idp, &[ACME, ("client_id", "skc_keys")]).status(), 400, "this client must sign");
    // Pushed too.
    let form = [("client_id", "skc_keys"), ("client_secret", SECRET), ("request", &request)];
    let pushed = post(&idp, "/oauth/par", &form);
    assert_eq!(pushed.status(), 201, "{pushed:?}");
}

/// The same of the client that signs.
fn own(object: &Value) -> Value {
    with(object, &json!({ "iss": "skc_keys", "client_id": "skc_keys" }))
}

fn keyed_client(hands: &Hands, signer: &Signer, builder: IdpBuilder) -> IdpBuilder {
    let client = Client::new("skc_keys", SECRET).redirect_uri(CALLBACK).jwks(signer.jwks()).require_request_object();
    builder.clock(hands.clock()).client(client).feature(Feature::RequestObjects).feature(Feature::PushedRequests)
}

#[test]
fn a_form_carries_the_answer_where_that_was_asked_for() {
    let idp = signed_in(builder().feature(Feature::FormPost).authorization_response_iss().build());
    let page = authorize(&idp, &[ACME, ("response_mode", "form_post")]);
    assert_eq!(page.status(), 200);
    let text = body(&page);
    assert_eq!((attribute(text, "action"), attribute(text, "method")), (CALLBACK, "post"));
    let fields = form_fields(text);
    assert_eq!(fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["code", "state", "iss"]);
    assert_eq!((fields[1].1.as_str(), fields[2].1.as_str()), ("the state", ISSUER));
    assert_eq!(redeem(&idp, &fields[0].1, &[]).status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    // Errors travel the same way.
    let page = authorize(&idp, &[("response_mode", "form_post"), ("prompt", "none"), ("state", "\"><script>")]);
    let fields = form_fields(body(&page));
    assert_eq!(fields[0].0, "error");
    assert!(!body(&page).contains("\"><script>"), "text stays text");
}

/// Hidden fields, naively.
fn form_fields(page: &str) -> Vec<(String, String)> {
    let inputs = page.split("<input type=\"hidden\"").skip(1);
    inputs.map(|input| (attribute(input, "name").to_owned(), attribute(input, "value").to_owned())).collect()
}

#[test]
fn a_signed_answer_says_who_signed_it_for_whom() {
    let hands = Hands::new();
    let idp = builder()
        .clock(hands.clock())
        .feature(Feature::SignedResponses)
        .feature(Feature::FormPost)
        .signing_algorithm(SigningAlgorithm::Ps256)
        .build();
    let idp = signed_in(idp);
    let document = json(&get(&idp, "/.well-known/openid-configuration", &[]));
    assert_eq!(
        document["response_modes_supported"],
        json!(["query", "form_post", "jwt", "query.jwt", "form_post.jwt"])
    );
    for mode in ["jwt", "query.jwt"] {
        let answer = authorize(&idp, &[ACME, ("response_mode", mode)]);
        assert!(carried(&answer, "code").is_empty() && carried(&answer, "state").is_empty());
        let response = carried(&answer, "response").remove(0);
        let claims = verified(&idp, &response, "PS256");
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!(CLIENT)));
        assert_eq!((&claims["state"], &claims["exp"]), (&json!("the state"), &json!(hands.now() + 600)));
        assert_eq!(redeem(&idp, claims["code"].as_str().unwrap(), &[]).status(), 200);
    }
    let page = authorize(&idp, &[ACME, ("response_mode", "form_post.jwt")]);
    assert_eq!(form_fields(body(&page))[0].0, "response");
    let error = authorize(&idp, &[("response_mode", "jwt"), ("prompt", "none"), ("login_hint", "x@acme.example")]);
    assert_eq!(part(&carried(&error, "response")[0], 1)["error"], "login_required");

    for (misbehave, change) in [
        (Misbehave::JarmWithoutIss, ("iss", Value::Null)),
        (Misbehave::JarmInvalidIss, ("iss", json!(format!("{ISSUER}1")))),
        (Misbehave::JarmWithoutAud, ("aud", Value::Null)),
        (Misbehave::JarmInvalidAud, ("aud", json!(format!("{CLIENT}1")))),
        (Misbehave::JarmWithoutExp, ("exp", Value::Null)),
        (Misbehave::JarmExpiredExp, ("exp", json!(hands.now() - 3600))),
    ] {
        idp.misbehave(Some(misbehave));
        let response = carried(&authorize(&idp, &[ACME, ("response_mode", "jwt")]), "response").remove(0);
        let claims = verified(&idp, &response, "PS256");
        assert_eq!(claims.get(change.0).unwrap_or(&Value::Null), &change.1, "{misbehave:?}");
    }
    idp.misbehave(Some(Misbehave::JarmSignatureNone));
    let response = carried(&authorize(&idp, &[ACME, ("response_mode", "jwt")]), "response").remove(0);
    assert!(part(&response, 0)["alg"] == "none" && response.ends_with('.'));
    idp.misbehave(Some(Misbehave::JarmInvalidSig));
    let response = carried(&authorize(&idp, &[ACME, ("response_mode", "jwt")]), "response").remove(0);
    assert!(decode(&idp, &response, "PS256").is_err());
}

fn verified(idp: &Idp, token: &str, alg: &str) -> Value {
    decode(idp, token, alg).unwrap()
}

/// By another library, with the published key.
fn decode(idp: &Idp, token: &str, alg: &str) -> jsonwebtoken::errors::Result<Value> {
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_slice(get(idp, "/keys", &[]).body()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(&keys.keys[0]).unwrap();
    let mut rules = jsonwebtoken::Validation::new(alg.parse().unwrap());
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.set_required_spec_claims::<&str>(&[]);
    jsonwebtoken::decode(token, &key, &rules).map(|decoded| decoded.claims)
}

#[test]
fn every_signing_algorithm_is_announced_published_and_used() {
    for algorithm in SigningAlgorithm::ALL {
        let idp = builder().signing_algorithm(*algorithm).feature(Feature::SignedUserinfo).build();
        let document = json(&get(&idp, "/.well-known/openid-configuration", &[]));
        assert_eq!(document["id_token_signing_alg_values_supported"], json!([algorithm.name()]));
        let answer = tokens(&idp, &[]);
        for token in ["id_token", "access_token"] {
            verified(&idp, answer[token].as_str().unwrap(), algorithm.name());
        }
        let at_hash = claims(&answer["id_token"])["at_hash"].as_str().unwrap().len();
        assert_eq!(at_hash, if *algorithm == SigningAlgorithm::EdDsa { 43 } else { 22 });
        // Userinfo is signed with the same key.
        let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        let response = get_with(&idp, "/userinfo", &[], &[("authorization", &bearer)]);
        assert_eq!(response.headers()["content-type"], "application/jwt");
        let userinfo = verified(&idp, body(&response), algorithm.name());
        assert_eq!((&userinfo["iss"], &userinfo["aud"]), (&json!(ISSUER), &json!(CLIENT)));
        assert_eq!(userinfo["sub"], claims(&answer["id_token"])["sub"]);
        idp.rotate_keys(authstile_idp::Rotation::DropOld);
        verified(&idp, tokens(&idp, &[])["id_token"].as_str().unwrap(), algorithm.name());
    }
}

#[test]
fn what_a_request_says_about_the_login_shows_in_the_id_token() {
    let hands = Hands::new();
    let idp = signed_in(builder().clock(hands.clock()).acr_values(["silver", "gold"]).build());
    let id_token = |changes: Pairs<'_>, cookie: &str| {
        let changes = [&[ACME], changes].concat();
        let answer = authorize_with(&idp, &changes, &[("cookie", cookie)]);
        (claims(&json(&redeem(&idp, &code(&answer), &[]))["id_token"]), answer)
    };
    let (first, answer) = id_token(&[], "");
    assert_eq!((&first["acr"], first.get("auth_time")), (&json!("silver"), None), "the default, and no time");
    let session = cookie(&answer).to_owned();
    hands.wait(100);

    let (again, _) = id_token(&[("max_age", "200")], &session);
    assert_eq!((&again["sid"], &again["auth_time"]), (&first["sid"], &json!(hands.now() - 100)));
    let (fresh, _) = id_token(&[("max_age", "50")], &session);
    assert_ne!(fresh["sid"], first["sid"]);
    assert_eq!(fresh["auth_time"], hands.now());
    let (strong, _) = id_token(&[("acr_values", "platinum gold")], &session);
    assert_ne!(strong["sid"], first["sid"], "silver is not gold");
    assert_eq!(strong["acr"], "gold");
    let essential = r#"{"id_token":{"acr":{"essential":true,"values":["gold"]},"auth_time":{"essential":true}}}"#;
    let (strong, answer) = id_token(&[("claims", essential)], &session);
    assert_eq!((&strong["acr"], &strong["auth_time"]), (&json!("gold"), &json!(hands.now())));
    let (kept, _) = id_token(&[("acr_values", "gold")], cookie(&answer));
    assert_eq!(kept["sid"], strong["sid"], "gold is there already");

    for (claims, error) in [
        (r#"{"id_token":{"acr":{"essential":true,"value":"platinum"}}}"#, "unmet_authentication_requirements"),
        ("[]", "invalid_request"),
    ] {
        assert_eq!(carried(&authorize(&idp, &[ACME, ("claims", claims)]), "error"), [error]);
    }
    for (misbehave, name, value) in [
        (Misbehave::MissingAuthTime, "auth_time", None),
        (Misbehave::OldAuthTime, "auth_time", Some(json!(hands.now() - 2 * 86400))),
        (Misbehave::MissingAcr, "acr", None),
        (Misbehave::OtherAcr, "acr", Some(json!("urn:example:none-that-was-asked-for"))),
    ] {
        idp.misbehave(Some(misbehave));
        assert_eq!(id_token(&[("max_age", "60"), ("acr_values", "gold")], "").0.get(name), value.as_ref());
    }
}

#[test]
fn access_tokens_are_for_the_resources_that_were_asked_for() {
    let idp = signed_in(builder().feature(Feature::ResourceIndicators).build());
    let (one, two) = ("https://one.example/api", "https://two.example");
    let both = [ACME, ("resource", one), ("resource", two)];
    let answer = json(&redeem(&idp, &code(&authorize(&idp, &both)), &[]));
    assert_eq!(claims(&answer["access_token"])["aud"], json!([one, two]));
    assert_eq!(claims(&answer["id_token"])["aud"], json!([CLIENT]));
    let answer = json(&redeem(&idp, &code(&authorize(&idp, &both)), &[("resource", two)]));
    assert_eq!(claims(&answer["access_token"])["aud"], json!([two]));
    let answer = json(&redeem(&idp, &code(&authorize(&idp, &both)), &[("resource", "https://three.example")]));
    assert_eq!(answer["error"], "invalid_target");
    for wrong in ["relative", "https://one.example/#fragment"] {
        assert_eq!(carried(&authorize(&idp, &[ACME, ("resource", wrong)]), "error"), ["invalid_target"]);
    }
}
