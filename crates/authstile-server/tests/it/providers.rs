//! `authstile providers`: the list, a card as TOML, mappings tried out, a provider checked, and `serve` with cards of a file.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::program::{Ended, Server, browser, client, run};

fn file(name: &str, text: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, text).unwrap();
    file
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

/// What was refused: exit code 2, nothing on standard output, and a reason.
fn refused(ended: &Ended, reason: &str) {
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    assert!(ended.err.starts_with("authstile: ") && ended.err.contains(reason), "{reason}: {}", ended.err);
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}

const ACME: &str = r#"
[[provider]]
id = "acme"
name = "Acme"
protocol = "oauth2"
authorization = "https://acme.example/authorize"
token = "https://acme.example/token"
scope = "me"

[[provider.userinfo]]
url = "https://acme.example/me"

[provider.profile]
id = "/number"
name = "/nick"
extra = { team = "/team/name" }

[[provider]]
id = "github"
name = "GitHub at work"
scope = "read:org"
"#;

#[test]
fn the_list_has_everything_and_filters() {
    let list = |arguments: &[&str]| {
        let ended = run(&[&["providers"], arguments].concat(), &[], "");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.out
    };
    let all = list(&[]);
    assert!(all.lines().count() > 90, "{all}");
    assert!(
        all.lines()
            .any(|line| line.split_whitespace().collect::<Vec<_>>() == ["github", "oauth2", "developer", "GitHub"])
    );
    let git = list(&["GIT"]);
    assert!(git.contains("GitLab") && git.contains("Gitea") && !git.contains("Google"), "{git}");
    let enterprise: Vec<Value> =
        serde_json::from_str(&list(&["--group", "enterprise", "--kind", "oidc", "--json"])).unwrap();
    assert!(enterprise.len() > 5);
    assert!(enterprise.iter().all(|card| card["group"] == "enterprise" && card["kind"] == "oidc"));
    let okta = enterprise.iter().find(|card| card["id"] == "okta").unwrap();
    assert_eq!(okta["environment"][0]["name"], "AUTH_OKTA_ID");
    assert_eq!(okta["in_authjs"], true);
    let none = run(&["providers", "no such thing"], &[], "");
    assert_eq!((none.code, none.out.as_str()), (Some(0), ""), "{none:?}");
    assert!(none.err.contains("no provider fits"));
    for wrong in [["--group", "x"], ["--kind", "saml"]] {
        let ended = run(&[&["providers"][..], &wrong].concat(), &[], "");
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    }
}

#[test]
fn a_card_is_shown_as_toml_that_is_read_again() {
    let shown = run(&["providers", "show", "github"], &[], "");
    assert_eq!((shown.code, shown.err.as_str()), (Some(0), ""), "{shown:?}");
    for part in
        ["https://github.com/settings/developers", "AUTH_GITHUB_ID", "/api/auth/callback/github", "[[provider]]"]
    {
        assert!(shown.out.contains(part), "{part}: {}", shown.out);
    }
    let cards = file("shown.toml", &shown.out);
    let again = run(&["providers", "show", "github"], &[("AUTHSTILE_PROVIDERS", path(&cards))], "");
    assert_eq!(again.out, shown.out);
    for (typed, meant) in [("githb", "github"), ("Okta", "okta"), ("", "")] {
        refused(&run(&["providers", "show", typed], &[], ""), meant);
    }
}

#[test]
fn a_profile_becomes_one_line_of_json() {
    let map = |arguments: &[&str], input: &str| run(&[&["providers", "map"], arguments].concat(), &[], input);
    let profile =
        json!({"id": 583231, "login": "ada", "email": "Ada@Acme.example", "avatar_url": "https://i.example/a"});
    let ended = map(&["github", "--profile", "-"], &profile.to_string());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let person = json!({"id": "583231", "name": "ada", "email": "ada@acme.example", "image": "https://i.example/a"});
    assert_eq!(ended.out, format!("{person}\n"));
    let by_file = map(&["github", "--profile", path(&file("me.json", &profile.to_string()))], "");
    assert_eq!(by_file.out, ended.out);
    let verified = map(&["google", "--profile", "-"], r#"{"sub":"1","email":"a@b.example","email_verified":true}"#);
    assert_eq!(verified.out, "{\"id\":\"1\",\"email\":\"a@b.example\",\"email_verified\":true}\n");
    let (empty, token) = (file("empty.json", "{}"), file("token.json", r#"{"access_token":"s3cret","userid":"7"}"#));
    let ended = map(&["withings", "--profile", path(&empty), "--token", path(&token)], "");
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "{\"id\":\"7\"}\n"), "{ended:?}");
    let cloud = file("cloud.json", r#"{"issuer":"https://cloud.example"}"#);
    let ended = map(&["nextcloud", "--profile", "-", "--options", path(&cloud)], r#"{"id":"ada"}"#);
    let user: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(user["image"], "https://cloud.example/avatar/ada/512", "{ended:?}");
    let cards = file("map-cards.toml", ACME);
    let ended =
        map(&["acme", "--profile", "-", "--card", path(&cards)], r#"{"number":1,"nick":"ada","team":{"name":"x"}}"#);
    assert_eq!(ended.out, "{\"id\":\"1\",\"name\":\"ada\",\"team\":\"x\"}\n", "{ended:?}");
}

#[test]
fn what_cannot_be_mapped_ends_with_2_and_a_reason() {
    let map = |arguments: &[&str], input: &str| run(&[&["providers", "map"], arguments].concat(), &[], input);
    refused(&map(&["github", "--profile", "-"], r#"{"login":"ada"}"#), "names no subject");
    for nobody in [r#"{"id":null}"#, r#"{"id":""}"#, r#"{"id":{}}"#, r#"{"id":true}"#, r#"{"id":[1]}"#] {
        refused(&map(&["github", "--profile", "-"], nobody), "names no subject");
    }
    for broken in ["", "{", "[]", "null", "7", "\u{0}", "{\"id\":1}{"] {
        refused(&map(&["github", "--profile", "-"], broken), "must hold a JSON object");
    }
    refused(&map(&["githb", "--profile", "-"], r#"{"id":1}"#), "github");
    refused(&map(&["github", "--profile", "/nowhere/me.json"], ""), "/nowhere/me.json cannot be read");
    refused(&map(&["github", "--profile", "-", "--token", "/nowhere/t.json"], "{}"), "cannot be read");
    refused(&map(&["github", "--profile", "-", "--token", "-"], "{}"), "only once");
    let options = |text: &str| file("wrong-options.json", text);
    refused(
        &map(&["github", "--profile", "-", "--options", path(&options(r#"{"shop":"x"}"#))], r#"{"id":1}"#),
        "base_url",
    );
    refused(&map(&["github", "--profile", "-", "--options", path(&options("[]"))], r#"{"id":1}"#), "JSON object");
    let cards = file("other-cards.toml", ACME);
    refused(&map(&["gitlab", "--profile", "-", "--card", path(&cards)], "{}"), "has no card with id \"gitlab\"");
    let wrong = file("wrong-card.toml", &ACME.replace("\"/number\"", "\"number\""));
    refused(&map(&["acme", "--profile", "-", "--card", path(&wrong)], "{}"), "line 14: acme: profile.id");
    let bytes = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bytes.json");
    std::fs::write(&bytes, [0xff, 0xfe, b'{']).unwrap();
    refused(&map(&["github", "--profile", path(&bytes)], ""), "cannot be read");
}

#[test]
fn cards_of_a_file_are_listed_shown_and_served() {
    let cards = file("cards.toml", ACME);
    let environment = [("AUTHSTILE_PROVIDERS", path(&cards))];
    let listed = run(&["providers", "acme", "--json"], &environment, "");
    let listed: Vec<Value> = serde_json::from_str(&listed.out).unwrap();
    assert_eq!((listed[0]["id"].as_str(), listed[0]["own"].as_bool()), (Some("acme"), Some(true)));
    let shown = run(&["providers", "show", "github"], &environment, "").out;
    assert!(shown.contains("name = \"GitHub at work\"") && shown.contains("https://api.github.com"), "{shown}");

    let secret = "client_secret = \"s3cret\"";
    for (text, reason) in [
        (
            ACME.replace("scope = \"me\"", "scopes = \"me\""),
            "line 8: acme: unknown field `scopes`; did you mean `scope`?",
        ),
        (ACME.replace("scope = \"me\"", secret), "set AUTH_ACME_SECRET in the environment"),
        (ACME.replace("protocol = \"oauth2\"\n", ""), "write protocol = \"oidc\" or protocol = \"oauth2\""),
        ("[[provider]]\nid = \"scalekit\"\nname = \"x\"".to_owned(), "Scalekit"),
    ] {
        let wrong = file("wrong-cards.toml", &text);
        let ended = run(&["providers"], &[("AUTHSTILE_PROVIDERS", path(&wrong))], "");
        refused(&ended, reason);
        assert!(!ended.err.contains("s3cret"), "{}", ended.err);
    }
}

#[tokio::test]
async fn serve_uses_the_cards_of_a_file() {
    let cards = file("served.toml", ACME);
    let (_server, origin) = Server::serve(&[
        ("AUTHSTILE_PROVIDERS", path(&cards)),
        ("AUTH_ACME_ID", "app"),
        ("AUTH_ACME_SECRET", "s"),
        ("AUTH_GITHUB_ID", "app"),
        ("AUTH_GITHUB_SECRET", "s"),
    ]);
    let client = client();
    let mut browser = browser(&client, &[&origin]);
    let listed: Value = client
        .get(format!("{origin}/api/auth/providers"))
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .map(|body| serde_json::from_slice(&body).unwrap())
        .unwrap();
    assert_eq!(listed["acme"]["type"], "oauth", "{listed}");
    assert_eq!(listed["github"]["name"], "GitHub at work", "{listed}");
    let away = browser.press_sign_in(&format!("{origin}/api/auth"), "acme", "/").await;
    let away = away.location().unwrap();
    assert!(away.as_str().starts_with("https://acme.example/authorize?"), "{away}");
    assert!(away.query().unwrap().contains("scope=me"), "{away}");
}

#[test]
fn a_provider_is_compared_with_its_card() {
    let demo = Server::start(&["demo", "--port", "0", "--idp-port", "0"], &[("RUST_LOG", "warn")], "Stop");
    let issuer = &*demo.address_after("The identity provider is");
    let ended = run(&["providers", "check", "scalekit", "--issuer", issuer], &[], "");
    assert_eq!(ended.code, Some(0), "{ended:?} {}", demo.said);
    for line in [
        &*format!("ok    issuer: {issuer}"),
        "ok    authorization_endpoint: ",
        "ok    PKCE: S256",
        "ok    ID token algorithms: ",
    ] {
        assert!(ended.out.contains(line), "{line}: {}", ended.out);
    }
    let by_environment = run(&["providers", "check", "scalekit"], &[("AUTH_SCALEKIT_ISSUER", issuer)], "");
    assert_eq!(by_environment.out, ended.out);

    let cards = file(
        "check.toml",
        &format!(
            "[[provider]]\nid = \"acme\"\nname = \"Acme\"\nprotocol = \"oidc\"\nissuer = \"{issuer}\"\ntoken = \"{issuer}/elsewhere\"\n"
        ),
    );
    let misfit = run(&["providers", "check", "acme"], &[("AUTHSTILE_PROVIDERS", path(&cards))], "");
    assert_eq!(misfit.code, Some(2), "{misfit:?}");
    assert!(misfit.out.contains("wrong token_endpoint: the document says"), "{misfit:?}");
    assert!(misfit.err.contains("one thing does not fit"), "{misfit:?}");

    refused(
        &run(&["providers", "check", "scalekit", "--issuer", &format!("{issuer}/nothing")], &[], ""),
        "the answer is 404",
    );
    refused(&run(&["providers", "check", "scalekit"], &[], ""), "AUTH_SCALEKIT_ISSUER");
    refused(&run(&["providers", "check", "scalekit", "--issuer", "http://127.0.0.1:1"], &[], ""), "cannot be had");
    refused(
        &run(&["providers", "check", "scalekit", "--issuer", "https://a.example", "--option", "x=1"], &[], ""),
        "there is no option `x`",
    );
}

#[test]
fn plain_oauth_has_nothing_to_compare_with() {
    let ended = run(&["providers", "check", "gitea", "--issuer", "https://git.example"], &[], "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("ok    token: https://git.example/login/oauth/access_token"), "{}", ended.out);
}
