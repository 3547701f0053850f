//! Environments from TOML (§10.1).

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

use authstile_idp::Idp;
use common::*;
use serde_json::json;

const EXAMPLE: &str = include_str!("../seed.example.toml");

#[test]
fn the_example_works() {
    let idp = Idp::from_seed(EXAMPLE, ISSUER).unwrap();
    let page = authorize(&idp, &[("client_id", "skc_demo"), ("login_hint", "ada@acme.example")]);
    assert_eq!(attribute(body(&page), "data-connection"), "conn_acme_okta");
    let response = post(&idp, "/oauth/authorize/submit", &[("request", handle(&page)), ("user", "ada@acme.example")]);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code(&response)),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let answer = post_with(&idp, "/oauth/token", &form, &[("authorization", &basic("skc_demo", "test_demo_secret"))]);
    let id = claims(&json(&answer)["id_token"]);
    assert_eq!((&id["sub"], &id["xoid"]), (&json!("conn_acme_okta;00u1ada"), &json!("acme-7")));
    assert_eq!((&id["department"], &id["locale"]), (&json!("Analytical Engines"), &json!("en-GB")));
    let page = authorize(&idp, &[("domain", "example.org")]);
    assert_eq!(attribute(body(&page), "data-page"), "simulator");
    assert!(idp.deactivate_directory_user("diruser_ada"));
    let request = idp.take_outgoing().remove(0);
    assert_eq!(request.uri(), HOOKS);
    assert_eq!(request.headers()["webhook-signature"].to_str().unwrap().split(' ').count(), 2, "the old key signs too");
    let event: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(event["data"]["groups"], json!([{ "id": "dirgroup_engineering", "name": "Engineering" }]));
    assert!(idp.idp_initiated_url("ada@acme.example", None).starts_with(INITIATE));
}

#[test]
fn the_example_has_every_key() {
    // Each unknown key is answered with the known ones: none of them may be missing from the example.
    let tables = [
        "",
        "[[clients]]",
        "[[organizations]]",
        "[[organizations]]\n[[organizations.connections]]",
        "[[organizations]]\n[[organizations.directories]]",
        "[[organizations]]\n[[organizations.directories]]\n[[organizations.directories.groups]]",
        "[[organizations]]\n[[organizations.directories]]\n[[organizations.directories.users]]",
        "[[social]]",
        "[[users]]",
        "[[webhooks]]",
    ];
    for table in tables {
        let error = Idp::from_seed(&format!("{table}\nsurprise = 1"), ISSUER).unwrap_err();
        let known: Vec<_> = error.message().split('`').skip(3).step_by(2).collect();
        assert!(!known.is_empty(), "{error}");
        for key in known {
            let is_there = |line: &str| {
                line.starts_with(&format!("{key} = "))
                    || line.ends_with(&format!("[{key}]]"))
                    || line.ends_with(&format!(".{key}]]"))
            };
            assert!(EXAMPLE.lines().any(is_there), "{table}: {key}");
        }
    }
    for reading in authstile_idp::Reading::ALL {
        assert!(EXAMPLE.contains(reading.name()), "{}", reading.name());
    }
    for feature in authstile_idp::Feature::ALL {
        assert!(EXAMPLE.contains(feature.name()), "{}", feature.name());
    }
}

#[test]
fn mistakes_name_their_line() {
    let acme = "[[organizations]]\nid = \"org_acme\"\nname = \"Acme\"\n";
    for (text, line, part) in [
        ("mode = \"modular\"\nmodus = 1", Some(2), "unknown field `modus`"),
        ("mode = \"both\"", Some(1), "modular or full-stack"),
        ("\n\nmode = ", Some(3), ""),
        ("id_token_seconds = \"x\"", Some(1), "invalid type"),
        ("readings = [\n\"x\",\n]", Some(2), "no reading \"x\""),
        ("[[clients]]\nsecret = \"x\"", Some(1), "missing field `id`"),
        ("features = [\"x\"]", Some(1), "no feature \"x\""),
        ("signing_algorithm = \"HS256\"", Some(1), "RS256, PS256, ES256 or EdDSA"),
        ("[[clients]]\nid = \"a\"\njwks = \"x\"", Some(3), "a JWK Set"),
        ("[[clients]]\nid = \"a\"\nauthentication = \"private_key_jwt\"", Some(3), "needs jwks"),
        ("[[clients]]\nid = \"a\"\nauthentication = \"x\"", Some(3), "no authentication \"x\""),
        ("[[clients]]\nid = \"a\"\nredirect_uris = [\"/cb\"]", Some(3), "not an absolute URL"),
        ("[[clients]]\nid = \"a\"\n[[clients]]\nid = \"a\"", Some(4), "\"a\" is there twice"),
        ("[[clients]]\nid = \"\"", Some(2), "must not be empty"),
        (
            &format!("{acme}[[organizations.connections]]\nid=\"c\"\nname=\"c\"\nstatus=\"DONE\""),
            Some(7),
            "COMPLETED or DRAFT",
        ),
        (
            &format!(
                "{acme}[[organizations.directories]]\nid=\"d\"\nname=\"d\"\n[[organizations.directories.users]]\nid=\"u\"\nemail=\"u\"\ngroups=[\"g\"]"
            ),
            Some(10),
            "no group \"g\"",
        ),
        ("[[users]]\nemail = \"a@b.example\"\norganizations = [\"org_a\"]", Some(3), "no organization \"org_a\""),
        ("[[webhooks]]\nurl = \"http://a.example/\"\nsecret = \"x\"", Some(3), "whsec_"),
        (
            "[[webhooks]]\nurl = \"http://a.example/\"\nsecret = \"whsec_AAAAAAAAAAAAAAAAAAAAAAAA\"\nevents = [\"x\"]",
            Some(4),
            "no event \"x\"",
        ),
    ] {
        let error = Idp::from_seed(text, ISSUER).unwrap_err();
        assert_eq!(error.line(), line, "{text}: {error}");
        assert!(error.message().contains(part), "{error}");
        assert!(error.to_string().starts_with(&format!("line {}: ", line.unwrap())), "{error}");
    }
    Idp::from_seed("", ISSUER).unwrap();
}
