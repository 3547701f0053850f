//! The happy paths, and what the tokens say (§3).

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

use authstile_idp::Mode;
use common::*;
use serde_json::{Value, json};

#[test]
fn every_way_of_client_authentication_works() {
    let idp = builder().build();
    idp.auto_sign_in(Some("ada@acme.example"));
    let ask = || code(&authorize(&idp, &[("organization_id", "org_acme")]));

    let usual = [("grant_type", "authorization_code"), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
    let code_one = ask();
    let form = [&usual[..], &[("code", &code_one)]].concat();
    let by_basic = post_with(&idp, "/oauth/token", &form, &[("authorization", &basic(CLIENT, SECRET))]);
    assert_eq!(by_basic.status(), 200, "{by_basic:?}");
    assert_eq!(by_basic.headers()["cache-control"], "no-store");
    assert_eq!(by_basic.headers()["content-type"], "application/json");

    let code_two = ask();
    let form = [&usual[..], &[("code", &code_two), ("client_id", CLIENT), ("client_secret", SECRET)]].concat();
    assert_eq!(post(&idp, "/oauth/token", &form).status(), 200);

    let public = [("client_id", "skc_native"), ("redirect_uri", "myapp://callback")];
    let code_three = code(&authorize(&idp, &[&public[..], &[("organization_id", "org_acme")]].concat()));
    let form = [&public[..], &usual[..1], &usual[2..], &[("code", &code_three)]].concat();
    let by_none = post(&idp, "/oauth/token", &form);
    assert_eq!(by_none.status(), 200, "{by_none:?}");
    assert_eq!(claims(&json(&by_none)["id_token"])["aud"], json!(["skc_native"]));
}

#[test]
fn wrong_clients_get_401() {
    let idp = builder().build();
    let form = [("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", CALLBACK)];
    for headers in [
        vec![("authorization", basic(CLIENT, "wrong"))],
        vec![("authorization", basic("skc_missing", SECRET))],
        vec![("authorization", "Basic ???".to_owned())],
        vec![("authorization", "Digest x".to_owned())],
        vec![],
    ] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let response = post_with(&idp, "/oauth/token", &form, &headers);
        assert_eq!((response.status().as_u16(), &json(&response)["error"]), (401, &json!("invalid_client")));
    }
    for (extra, error) in [
        (&[("client_id", CLIENT)][..], "invalid_client"),
        (&[("client_id", "skc_native"), ("client_secret", "x")], "invalid_client"),
        (&[("client_id", CLIENT), ("client_assertion", "x")], "invalid_client"),
        (&[("client_id", CLIENT), ("client_id", CLIENT)], "invalid_request"),
    ] {
        assert_eq!(json(&post(&idp, "/oauth/token", &[&form[..], extra].concat()))["error"], error, "{extra:?}");
    }
    let both = [&form[..], &[("client_secret", SECRET)]].concat();
    let response = post_with(&idp, "/oauth/token", &both, &[("authorization", &basic(CLIENT, SECRET))]);
    assert_eq!(json(&response)["error"], "invalid_request");
}

#[test]
fn modular_tokens_are_the_documented_ones() {
    let hands = Hands::new();
    let idp = builder().clock(hands.clock()).build();
    idp.auto_sign_in(Some("ada@acme.example"));
    let code = code(&authorize(&idp, &[("organization_id", "org_acme")]));
    let answer = json(&redeem(&idp, &code, &[]));
    assert_eq!(names(&answer), ["access_token", "token_type", "expires_in", "id_token", "scope"]);
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(899)));
    assert_eq!(answer["scope"], "openid profile email");

    let id_token = answer["id_token"].as_str().unwrap();
    let header = part(id_token, 0);
    assert_eq!(names(&Value::Object(header.clone())), ["alg", "kid", "typ"]);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
    assert!(header["kid"].as_str().unwrap().starts_with("snk_"));

    let now = hands.now();
    let mut claims_now = claims(&answer["id_token"]);
    let sid = claims_now["sid"].clone();
    assert!(sid.as_str().unwrap().starts_with("ses_"));
    assert_eq!(claims_now.remove("at_hash").unwrap(), half_hash(answer["access_token"].as_str().unwrap()));
    assert_eq!(claims_now.remove("c_hash").unwrap(), half_hash(&code));
    assert_eq!(
        Value::Object(claims_now),
        json!({
            "iss": ISSUER, "aud": [CLIENT], "azp": CLIENT, "client_id": CLIENT,
            "sub": "conn_acme_okta;00u1ada", "oid": "org_acme", "xoid": "acme-7", "amr": ["conn_acme_okta"],
            "sid": sid, "iat": now, "exp": now + 3600, "nonce": "the nonce",
            "email": "ada@acme.example", "email_verified": true,
            "name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace",
            "picture": "https://cdn.example/ada.png", "department": "Analytical Engines",
        })
    );

    let mut access = claims(&answer["access_token"]);
    assert!(access.remove("jti").unwrap().as_str().unwrap().starts_with("tkn_"));
    assert_eq!(
        Value::Object(access),
        json!({
            "iss": ISSUER, "sub": "conn_acme_okta;00u1ada", "aud": [CLIENT], "client_id": CLIENT,
            "iat": now, "nbf": now, "exp": now + 900, "xoid": "acme-7",
        })
    );
}

#[test]
fn full_stack_tokens_carry_organization_session_and_roles() {
    let idp = builder().mode(Mode::FullStack).build();
    let answer = tokens(&idp, &[("scope", "openid email offline_access"), ("nonce", "")]);
    assert_eq!(answer["expires_in"], 299);
    assert!(answer["refresh_token"].is_string());
    let (id, access) = (claims(&answer["id_token"]), claims(&answer["access_token"]));
    assert!(id["sub"].as_str().unwrap().starts_with("usr_"));
    assert_eq!(id["amr"], json!(["conn_acme_okta"]));
    assert!(!id.contains_key("nonce") && !id.contains_key("name"), "{id:?}");
    assert_eq!((&access["sub"], &access["sid"], &access["oid"]), (&id["sub"], &id["sid"], &json!("org_acme")));
    assert_eq!((&access["roles"], &access["permissions"]), (&json!(["admin"]), &json!(["projects:read"])));
    assert_eq!(access["scope"], "openid email offline_access");
}

#[test]
fn tokens_verify_with_the_published_key_by_another_library() {
    let idp = builder().build();
    let answer = tokens(&idp, &[]);
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_slice(get(&idp, "/keys", &[]).body()).unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    rules.set_audience(&[CLIENT]);
    rules.set_issuer(&[ISSUER]);
    for name in ["id_token", "access_token"] {
        let token = answer[name].as_str().unwrap();
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
        jsonwebtoken::decode::<Value>(token, &key, &rules).unwrap();
    }
}

#[test]
fn social_and_unknown_people_have_few_claims() {
    let idp = builder().build();
    idp.auto_sign_in(Some("new@anywhere.example"));
    let answer = json(&redeem(&idp, &code(&authorize(&idp, &[("provider", "google")])), &[]));
    let claims = claims(&answer["id_token"]);
    assert_eq!(claims["sub"], "conn_google;new@anywhere.example");
    for absent in ["oid", "xoid", "name", "given_name", "picture", "preferred_username"] {
        assert!(!claims.contains_key(absent), "{absent}");
    }
}

#[test]
fn people_of_another_domain_are_not_admitted() {
    let idp = builder().build();
    idp.auto_sign_in(Some("linus@globex.example"));
    let response = authorize(&idp, &[("organization_id", "org_acme")]);
    assert_eq!(carried(&response, "error"), ["invalid_user_domain"]);
}

#[test]
fn without_openid_there_is_no_id_token() {
    let idp = builder().build();
    assert_eq!(tokens(&idp, &[("scope", "profile")]).get("id_token"), None);
}

#[test]
fn modular_mode_has_no_refresh_tokens() {
    let idp = builder().build();
    let answer = tokens(&idp, &[("scope", "openid offline_access")]);
    assert_eq!((answer.get("refresh_token"), &answer["scope"]), (None, &json!("openid")));
}

#[test]
fn userinfo_agrees_with_the_id_token() {
    let idp = builder().build();
    let answer = tokens(&idp, &[]);
    let bearer = format!("bearer {}", answer["access_token"].as_str().unwrap());
    let response = get_with(&idp, "/userinfo", &[], &[("authorization", &bearer)]);
    let (info, id) = (json(&response), claims(&answer["id_token"]));
    for name in names(&info) {
        assert_eq!(info[&name], id[&name], "{name}");
    }
    assert_eq!(info["email"], "ada@acme.example");
    let in_form = [("access_token", answer["access_token"].as_str().unwrap())];
    assert_eq!(json(&post(&idp, "/userinfo", &in_form)), info);

    for response in [
        get(&idp, "/userinfo", &[]),
        get(&idp, "/userinfo", &in_form),
        get_with(&idp, "/userinfo", &[], &[("authorization", "Bearer x")]),
        get_with(&idp, "/userinfo", &[], &[("authorization", &bearer.replace("bearer", "basic"))]),
    ] {
        assert_eq!((response.status().as_u16(), body(&response)), (401, "access token invalid"));
    }
}

#[test]
fn client_credentials_give_a_token_for_a_day() {
    let idp = builder().build();
    let form = [("grant_type", "client_credentials")];
    let response = post_with(&idp, "/oauth/token", &form, &[("authorization", &basic(CLIENT, SECRET))]);
    let answer = json(&response);
    assert_eq!(names(&answer), ["access_token", "token_type", "expires_in", "scope"]);
    assert_eq!((&answer["expires_in"], &answer["scope"]), (&json!(86399), &json!("openid")));
    let public = post(&idp, "/oauth/token", &[form[0], ("client_id", "skc_native")]);
    assert_eq!(json(&public)["error"], "unauthorized_client");
}

#[test]
fn discovery_is_the_published_sample_with_todays_logout_endpoint() {
    let sample: Value = serde_json::from_str(include_str!("data/discovery.json")).unwrap();
    let text = sample["document"].to_string().replace("https://rexinc.scalekit.com", ISSUER);
    let mut expected: Value = serde_json::from_str(&text).unwrap();
    expected["end_session_endpoint"] = json!(format!("{ISSUER}/oidc/logout"));
    let idp = builder().build();
    let response = get(&idp, "/.well-known/openid-configuration", &[]);
    assert_eq!(json(&response), expected);
}

#[test]
fn keys_rotate_with_and_without_overlap() {
    use authstile_idp::Rotation::{DropOld, KeepOld};
    let idp = builder().build();
    let kids = || {
        let keys = json(&get(&idp, "/keys", &[]));
        let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
        keys["keys"].as_array().unwrap().iter().map(kid).collect::<Vec<_>>()
    };
    let first = kids();
    idp.rotate_keys(KeepOld);
    let second = kids();
    assert_eq!((second.len(), &second[1]), (2, &first[0]));
    idp.rotate_keys(DropOld);
    let third = kids();
    assert_eq!(third.len(), 1);
    assert!(!second.contains(&third[0]));
}

fn names(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

fn half_hash(text: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}
