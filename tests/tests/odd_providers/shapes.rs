//! Everything that a card can say, one after the other, with a provider of the test.

use super::*;

async fn walks(card: Provider, rows: Vec<Row>) -> authstile_tests::script::Seen {
    Walk::new(register(card), Script::new(rows)).who().await
}

#[tokio::test]
async fn authorization_requests_say_what_the_card_says() {
    let card = Provider {
        authorization: Some("https://acme.example/authorize?tenant=7"),
        response_type: "code_for_us",
        authorization_rename: &[("client_id", "app"), ("redirect_uri", ""), ("state", "s")],
        authorization_fragment: Some("here"),
        authorization_params: &[("prompt", "login"), ("hint", "{client_id}")],
        scope: "a b",
        scope_separator: ",",
        pkce: Pkce::Plain,
        pkce_reason: Some("of the test"),
        ..PLAIN
    };
    let error = House::stands(register(card)).unwrap_err().to_string();
    assert!(error.contains("must not rename `state`"), "{error}");
    let card = Provider { authorization_rename: &[("client_id", "app"), ("redirect_uri", "")], ..card };
    let mut walk = Walk::new(register(card), Script::new(vec![plain_tokens(), plain_profile()]));
    let url = walk.leave().await.unwrap();
    assert_eq!(
        asked(&url),
        json!({ "tenant": "7", "response_type": "code_for_us", "app": ID, "scope": "a,b", "prompt": "login", "hint": ID })
    );
    assert_eq!(url.fragment(), Some("here"));
    assert!(url.query_pairs().any(|(name, value)| name == "code_challenge_method" && value == "plain"));
    let ending = walk.come_back(&[]).await;
    walk.came_in(&ending);
}

#[tokio::test]
async fn a_browser_cannot_set_what_the_card_says() {
    let card = Provider {
        authorization: Some("https://acme.example/authorize?tenant=7"),
        authorization_rename: &[("client_id", "app")],
        ..PLAIN
    };
    let mut walk = Walk::new(register(card), Script::new(Vec::new()));
    let token = walk.browser.csrf_token(authstile_tests::script::BASE).await;
    let address = format!("{APP}/auth/signin/acme?tenant=8&app=evil&client_id=evil&login_hint=ada");
    let page = walk.browser.post(&address, &[("csrfToken", &token)]).await;
    let asked = asked(&page.location().unwrap());
    assert_eq!((&asked["tenant"], &asked["app"], &asked["login_hint"]), (&json!("7"), &json!(ID), &json!("ada")));
    assert_eq!(asked.get("client_id"), None);
}

#[tokio::test]
async fn token_requests_go_as_the_card_says() {
    let request = TokenRequest {
        send: Sent::Json,
        params: &[("grant_type", "auth"), ("proof", "{client_id}-{client_secret}")],
        query: &[("v", "1")],
        headers: &[("x-app", "{client_id}"), ("accept", "*/*")],
        rename: &[("code", "authCode"), ("redirect_uri", "")],
    };
    let card = Provider {
        token: Some("https://acme.example/token?a=b"),
        token_request: request,
        pkce: Pkce::None,
        pkce_reason: Some("of the test"),
        ..PLAIN
    };
    let body = json!({ "grant_type": "auth", "proof": "CID-SECRET", "authCode": CODE });
    let url = "https://acme.example/token?a=b&v=1";
    let headers = json!({ "authorization": BASIC, "x-app": ID, "accept": "*/*" });
    let row = Row { url: url.to_owned(), headers, body: json!({ "json": body }), ..plain_tokens() };
    let mut walk = Walk::new(register(card), Script::new(vec![row.clone(), plain_profile()]));
    assert!(!walk.leave().await.unwrap().query().unwrap().contains("code_challenge"));
    let ending = walk.come_back(&[]).await;
    walk.came_in(&ending);

    // What was sent stays out of the log, in whatever shape it went.
    let echo = json!({ "error": "bad", "error_description": format!("{CODE} CID-SECRET {SECRET} Q0lEOlNFQ1JFVA==") });
    let mut walk = Walk::new(register(card), Script::new(vec![Row { status: 400, answer: echo, ..row }]));
    let ending = walk.sign_in().await;
    let error = walk.stayed_out(&ending);
    assert!(error.contains("[redacted]") && !error.contains(CODE) && !error.contains(SECRET), "{error}");
    assert!(!error.contains("Q0lE"), "{error}");

    let card = Provider {
        token_request: TokenRequest { send: Sent::Query, ..TOKEN_REQUEST },
        client_authentication: Some(authstile::oauth::client_auth::ClientAuthentication::Post),
        pkce: Pkce::None,
        pkce_reason: Some("of the test"),
        ..PLAIN
    };
    let query = format!(
        "grant_type=authorization_code&code={CODE}&redirect_uri={}&client_id={ID}&client_secret={SECRET}",
        callback("acme")
    );
    let row = Row::get(
        &format!("https://acme.example/token?{query}"),
        json!({ "authorization": null }),
        json!({ "access_token": "at-1" }),
    );
    walks(card, vec![row, plain_profile()]).await;
}

#[tokio::test]
async fn token_answers_are_found_where_they_are() {
    for (answer, shape) in [
        (json!("access_token=at-1&scope=a%20b&token_type=bearer"), TOKEN_ANSWER),
        (
            json!({ "status": 0, "body": { "access_token": "at-1" } }),
            TokenAnswer { at: "/body", error: "if(/status != '0', /status)", ..TOKEN_ANSWER },
        ),
        (
            json!({ "ok": true, "token_type": "bot", "access_token": "xoxb", "authed_user": { "id": "U", "access_token": "at-1" } }),
            TokenAnswer {
                rename: &[("access_token", "/authed_user/access_token"), ("token_type", "")],
                ..TOKEN_ANSWER
            },
        ),
        (json!({ "access_token": "at-1", "error": "", "expires_in": "60", "scope": ["a", "b"] }), TOKEN_ANSWER),
        (json!({ "access_token": "at-1", "error": null }), TOKEN_ANSWER),
    ] {
        let card = Provider { token_answer: shape, ..PLAIN };
        let seen = walks(card, vec![Row { answer, ..plain_tokens() }, plain_profile()]).await;
        assert_eq!(seen.account.token_type.as_deref(), Some("bearer"));
    }
    for (status, answer, shape, words) in [
        (
            200,
            json!({ "status": 503, "error": "Invalid params" }),
            TokenAnswer {
                at: "/body",
                error: "if(/status != '0', /status)",
                error_description: "/error",
                ..TOKEN_ANSWER
            },
            "answered 200 \"503\": \"Invalid params\"",
        ),
        (
            400,
            json!({ "error": "invalid_grant" }),
            TokenAnswer { error: "/errcode", ..TOKEN_ANSWER },
            "answered 400 \"invalid_grant\"",
        ),
        (
            200,
            json!({ "error": { "message": "m", "code": 190 } }),
            TokenAnswer { error: "/error/code", error_description: "/error/message", ..TOKEN_ANSWER },
            "answered 200 \"190\": \"m\"",
        ),
        (200, json!("<html>Sorry</html>"), TOKEN_ANSWER, "no token response"),
        (500, json!({ "access_token": "at-1" }), TOKEN_ANSWER, "answered 500"),
        (200, json!({ "body": [] }), TokenAnswer { at: "/body", ..TOKEN_ANSWER }, "no object at"),
        (200, json!({ "access_token": "at-1", "token_type": "mac" }), TOKEN_ANSWER, "expected bearer"),
        (200, json!({ "access_token": 7 }), TOKEN_ANSWER, "other types"),
    ] {
        let card = Provider { token_answer: shape, ..PLAIN };
        let mut walk = Walk::new(register(card), Script::new(vec![Row { status, answer, ..plain_tokens() }]));
        let ending = walk.sign_in().await;
        let error = walk.stayed_out(&ending);
        assert!(error.contains(words), "{error}\nshould say {words}");
    }
}

// Advisories: CVE-2024-39315.
#[tokio::test]
async fn no_token_is_left_for_the_profile() {
    let card = Provider {
        token_answer: TokenAnswer { rename: &[("access_token", "/user/access_token")], ..TOKEN_ANSWER },
        profile_source: ProfileSource::TokenAnswer,
        userinfo: &[],
        profile: ProfileMap {
            id: "token:/user/id",
            extra: &[("a", "token:/user/access_token"), ("b", "token:/refresh_token"), ("c", "token:/team")],
            ..NOTHING
        },
        ..PLAIN
    };
    let answer = json!({ "user": { "id": 7, "access_token": "at-1" }, "refresh_token": "rt-1", "team": "t" });
    let seen = walks(card, vec![Row { answer, ..plain_tokens() }]).await;
    assert_eq!(Value::Object(seen.profile), json!({ "c": "t" }));
}

#[tokio::test]
async fn further_fields_are_there_for_hooks_but_replace_nothing() {
    let profile = ProfileMap { id: "/id", extra: &[("color", "/name"), ("name", "'other'")], ..NOTHING };
    let seen = walks(Provider { profile, ..PLAIN }, vec![plain_tokens(), plain_profile()]).await;
    assert_eq!(Value::Object(seen.profile), json!({ "id": 7, "name": "Ada", "color": "Ada" }));
}

#[tokio::test]
async fn the_access_token_stands_where_the_card_says_and_nowhere_else() {
    const FORM: Body = Body::Form(&[("v", "{client_id}")]);
    let get = |url: &str, headers: Value| Row::get(url, headers, json!({ "id": 7 }));
    let me = "https://api.acme.example/me";
    let bare = json!({ "authorization": null });
    for (request, row) in [
        (
            UserInfoRequest { access_token: TokenPlace::Scheme("OAuth"), ..GET },
            get(me, json!({ "authorization": "OAuth at-1" })),
        ),
        (
            UserInfoRequest { access_token: TokenPlace::Header("x-token"), ..GET },
            get(me, json!({ "authorization": null, "x-token": "at-1" })),
        ),
        (
            UserInfoRequest {
                access_token: TokenPlace::Query("t"),
                query: &[("v", "{token:/uid}"), ("no", "{token:/no}")],
                ..GET
            },
            get(&format!("{me}?t=at-1&v=u%2F1"), bare.clone()),
        ),
        (
            UserInfoRequest { access_token: TokenPlace::Form("t"), body: FORM, ..POST },
            get(me, bare.clone()).method("POST").body(json!({ "form": { "v": ID, "t": "at-1" } })),
        ),
        (
            UserInfoRequest {
                body: Body::Json(&[("token", "{access_token}")]),
                access_token: TokenPlace::Template,
                ..POST
            },
            get(me, bare.clone()).method("POST").body(json!({ "json": { "token": "at-1" } })),
        ),
        (
            UserInfoRequest { body: Body::GraphQl("{ viewer { id } }"), at: "", ..POST },
            get(me, bearer("at-1")).method("POST").body(json!({ "json": { "query": "{ viewer { id } }" } })),
        ),
        (UserInfoRequest { ..POST }, get(me, bearer("at-1")).method("POST")),
        (
            UserInfoRequest {
                headers: &[("x-key", "{client_id}"), ("x-uid", "{token:/uid}"), ("x-no", "{/no}")],
                ..GET
            },
            get(me, json!({ "x-key": ID, "x-uid": "u/1", "x-no": null })),
        ),
    ] {
        let request: &'static [UserInfoRequest] =
            Box::leak(Box::new([UserInfoRequest { url: Some("https://api.acme.example/me"), ..request }]));
        let tokens = Row { answer: json!({ "access_token": "at-1", "uid": "u/1" }), ..plain_tokens() };
        walks(Provider { userinfo: request, ..PLAIN }, vec![tokens, row]).await;
    }
}

#[tokio::test]
async fn tokens_in_addresses_stay_out_of_logs() {
    for request in [
        UserInfoRequest {
            url: Some("https://api.acme.example/tokens/{access_token}"),
            access_token: TokenPlace::Template,
            ..GET
        },
        UserInfoRequest { url: Some("https://api.acme.example/me"), access_token: TokenPlace::Query("t"), ..GET },
    ] {
        let list: &'static [UserInfoRequest] = Box::leak(Box::new([request]));
        let card = Provider { userinfo: list, ..PLAIN };
        let url = match request.access_token {
            TokenPlace::Template => "https://api.acme.example/tokens/secret%2Ftoken",
            _ => "https://api.acme.example/me?t=secret%2Ftoken",
        };
        for (status, answer) in
            [(200, json!({ "id": 7 })), (500, json!({ "id": 7 })), (200, json!("<html>secret/token"))]
        {
            let tokens = Row { answer: json!({ "access_token": "secret/token" }), ..plain_tokens() };
            let row = Row { status, ..Row::get(url, json!({ "authorization": null }), answer) };
            let mut walk = Walk::new(register(card), Script::new(vec![tokens, row]));
            walk.leave().await.unwrap();
            let ending = walk.come_back(&[]).await;
            assert_eq!(walk.complaints(), Vec::<String>::new());
            assert!(!format!("{:?}", ending.error).contains("secret"), "{ending:?}");
        }
        // All that is logged on the way, not only the error.
        let tokens = Row { answer: json!({ "access_token": "secret/token" }), ..plain_tokens() };
        let row = Row::get(url, json!({}), json!({ "id": 7 }));
        let mut walk = Walk::new(register(card), Script::new(vec![tokens, row]));
        walk.leave().await.unwrap();
        let state = walk.script.lock().unwrap().asked["state"].as_str().unwrap().to_owned();
        let log = Log::keep();
        walk.browser.get(&format!("{}?code={CODE}&state={state}", callback("acme"))).await;
        let kept = format!("{:?}", log.take());
        assert!(kept.contains("userinfo endpoint") && !kept.contains("secret"), "{kept}");
    }
}

#[tokio::test]
async fn an_error_is_never_a_profile() {
    let error = UserInfoRequest {
        url: Some("https://api.acme.example/me"),
        at: "/data",
        error: "if(/code != 'ok', /code)",
        error_description: "/message",
        ..GET
    };
    let list: &'static [UserInfoRequest] = Box::leak(Box::new([error]));
    for (status, answer, words) in [
        (500, json!({ "code": "ok", "data": { "id": 7 } }), "answered 500"),
        (401, json!({ "code": "ok", "data": { "id": 7 } }), "answered 401"),
        (302, json!({ "code": "ok", "data": { "id": 7 } }), "answered 302"),
        (
            200,
            json!({ "code": 10003, "message": "token at-1 expired", "data": { "id": 7 } }),
            "\"10003\": \"token [redacted] expired\"",
        ),
        (200, json!({ "code": "ok" }), "without anything at \"/data\""),
        (200, json!({ "code": "ok", "data": null }), "without anything at \"/data\""),
        (200, json!({ "code": "ok", "data": [7] }), "no JSON object"),
        (200, json!({ "code": "ok", "data": { "id": null } }), "names no subject"),
        (200, json!({ "code": "ok", "data": { "id": "" } }), "names no subject"),
        (200, json!("<!doctype html><title>Sign in</title>"), "no JSON object"),
        (200, json!(""), "no JSON object"),
    ] {
        let row = Row { status, answer, ..plain_profile() };
        let mut walk =
            Walk::new(register(Provider { userinfo: list, ..PLAIN }), Script::new(vec![plain_tokens(), row]));
        let ending = walk.sign_in().await;
        let error = walk.stayed_out(&ending);
        assert!(error.contains(words), "{error}\nshould say {words}");
    }
}

#[tokio::test]
async fn a_signed_answer_is_verified() {
    let issuer = "https://acme.example";
    let request: &'static [UserInfoRequest] = &[UserInfoRequest { answer: Answer::Jwt, ..GET }];
    let card = Provider {
        id: "acme",
        issuer: Some(issuer),
        profile_source: ProfileSource::UserInfo,
        userinfo: request,
        ..OIDC
    };
    let script = |answer: Value| {
        let tokens = Row::post("https://discovered.example/token", json!({}), code("acme", json!({})), id_tokens());
        let profile = Row::get("https://discovered.example/userinfo", json!({ "accept": "application/jwt" }), answer);
        Script::oidc(issuer, claims(issuer, json!({ "name": "Ada" })), vec![tokens, profile])
    };
    assert_eq!(Walk::new(register(card), script(json!("{id_token}"))).who().await.user.name.as_deref(), Some("Ada"));
    for unsigned in ["eyJhbGciOiJub25lIn0.eyJzdWIiOiJzMSJ9.", "{\"sub\":\"s1\"}"] {
        let mut walk = Walk::new(register(card), script(json!(unsigned)));
        let ending = walk.sign_in().await;
        assert!(walk.stayed_out(&ending).contains("signed answer"), "{ending:?}");
    }
}

#[test]
fn a_card_that_contradicts_itself_builds_no_engine() {
    for (card, words) in [
        (Provider { authorization_params: &[("scope", "x")], ..PLAIN }, "authorization_params.scope"),
        (Provider { authorization_rename: &[("client_id", "state")], ..PLAIN }, "`state`"),
        (Provider { nonce: NonceUse::Send, ..PLAIN }, "nonce"),
        (Provider { id_token_signature: IdTokenSignature::ClientSecret, ..PLAIN }, "id_token_signature"),
        (Provider { callback_member: Some("code"), ..PLAIN }, "callback_member"),
        (Provider { pkce: Pkce::None, ..PLAIN }, "pkce_reason"),
        (
            Provider {
                userinfo: &[UserInfoRequest { url: Some("https://a.example"), body: Body::GraphQl("{x}"), ..GET }],
                ..PLAIN
            },
            "not sent with GET",
        ),
        (
            Provider {
                userinfo: &[UserInfoRequest { url: Some("https://a.example"), answer: Answer::Picture, ..GET }],
                ..PLAIN
            },
            "userinfo.0.into",
        ),
        (
            Provider { token_answer: TokenAnswer { rename: &[("access_token", "token")], ..TOKEN_ANSWER }, ..PLAIN },
            "token_answer.rename",
        ),
        (Provider { authorization_params: &[("x", "{client_secret}")], ..PLAIN }, "client_secret"),
    ] {
        let error = House::stands(register(card)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}\nshould say {words}");
    }
    let profile = ProfileMap { id: "/id", email: "/user/email", ..NOTHING };
    let card = Provider { callback_member: Some("user"), profile, ..PLAIN };
    assert!(card.problems()[0].to_string().contains("only a name may"));
}
