//! `authstile token verify` and `authstile webhook verify`, on the published vectors: the verdict stated there, and the exit
//! code that says it.

use std::path::PathBuf;

use serde_json::Value;

use crate::program::{Ended, run};

const VECTORS: &str = include_str!("../../../authstile-scalekit/tests/data/scalekit.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

/// The key set of the vectors, as a file.
fn key_file(name: &str, keys: &Value) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, keys.to_string()).unwrap();
    file
}

fn verdict(name: &str, expected: &Value, ended: &Ended) {
    match expected.as_str().unwrap() {
        "accept" => {
            assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{name}: {ended:?}");
            assert_eq!(ended.out.matches('\n').count(), 1, "{name}: one line");
            assert!(serde_json::from_str::<Value>(&ended.out).unwrap().is_object(), "{name}");
        }
        _ => {
            assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{name}: {ended:?}");
            assert!(ended.err.starts_with("authstile: ") && ended.err.len() > 20, "{name}: {:?}", ended.err);
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[test]
fn provider_tokens_get_the_verdict_of_their_vectors() {
    let vectors = vectors();
    let tokens = &vectors["tokens"];
    let context = &tokens["context"];
    let file = key_file("keys.json", &tokens["jwks"]);
    let now = context["now"].to_string();
    let common = ["--issuer", text(context, "issuer"), "--jwks", file.to_str().unwrap(), "--now", &now];
    for vector in tokens["id_tokens"].as_array().unwrap() {
        let mut arguments = vec!["token", "verify", "--kind", "id", "--audience", text(context, "client_id")];
        arguments.extend(common);
        arguments.extend(["--nonce", text(context, "nonce"), "--code", text(context, "code")]);
        // One token came with an access token of its own, which is not among the samples.
        if vector["access_token"].is_null() {
            arguments.extend(["--access-token", text(tokens, "access_token")]);
        }
        let own = &vector["context"];
        for (flag, name) in [("--organization", "expected_organization"), ("--connection", "expected_connection")] {
            if own.get(name).is_none_or(|own| !own.is_null()) {
                arguments.extend([flag, text(context, name)]);
            }
        }
        verdict(text(vector, "name"), &vector["expect"], &run(&arguments, &[], text(vector, "token")));
    }
    for vector in tokens["idp_initiated"].as_array().unwrap() {
        let mut arguments = vec!["token", "verify", "--kind", "idp-initiated"];
        arguments.extend(common);
        verdict(text(vector, "name"), &vector["expect"], &run(&arguments, &[], text(vector, "token")));
    }
    for vector in tokens["access_tokens"].as_array().unwrap() {
        // Scopes are for an API to ask for; the command has no option for them.
        if vector["options"]["requiredScopes"].is_array() {
            continue;
        }
        let mut arguments = vec!["token", "verify", "--kind", "access", "--audience"];
        arguments.push(vector["options"]["audience"][0].as_str().unwrap());
        arguments.extend(common);
        verdict(text(vector, "name"), &vector["expect"], &run(&arguments, &[], text(vector, "token")));
    }
}

#[test]
fn logout_tokens_get_the_verdict_of_their_vectors() {
    let vectors = vectors();
    let logout = &vectors["backchannel_logout"];
    let file = key_file("logout-keys.json", &logout["jwks"]);
    let now = logout["now"].to_string();
    for vector in logout["tokens"].as_array().unwrap() {
        let arguments = [
            "token",
            "verify",
            "--kind",
            "logout",
            "--issuer",
            text(logout, "issuer"),
            "--audience",
            text(logout, "client_id"),
            "--jwks",
            file.to_str().unwrap(),
            "--now",
            &now,
        ];
        verdict(text(vector, "name"), &vector["expect"], &run(&arguments, &[], text(vector, "token")));
    }
}

#[test]
fn webhooks_get_the_verdict_of_their_vectors() {
    for vector in vectors()["webhooks"].as_array().unwrap() {
        let header = |name: &str| {
            let headers = vector["headers"].as_object().unwrap();
            headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str())
        };
        // A header that is not there cannot be given.
        let (Some(id), Some(timestamp), Some(signature)) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"))
        else {
            continue;
        };
        let now = vector["now"].to_string();
        let arguments = [
            "webhook",
            "verify",
            "--secret",
            text(vector, "secret"),
            "--id",
            id,
            "--timestamp",
            timestamp,
            "--signature",
            signature,
            "--now",
            &now,
        ];
        let ended = run(&arguments, &[], text(vector, "body"));
        let readable = serde_json::from_str::<Value>(text(vector, "body")).is_ok();
        let expected = if readable { vector["expect"].clone() } else { Value::from("reject") };
        verdict(text(vector, "name"), &expected, &ended);
    }
}

#[test]
fn the_identity_provider_runs_alone_from_a_seed_file() {
    let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/../authstile-idp/seed.example.toml");
    let server = crate::program::Server::start(&["idp", "--seed", seed, "--port", "0"], &[], "http://");
    assert!(server.said.contains("for development"), "{}", server.said);
    let ended = run(&["idp", "--seed", "nowhere.toml", "--port", "0"], &[], "");
    assert!(ended.code == Some(1) && ended.err.contains("nowhere.toml"), "{ended:?}");
}
