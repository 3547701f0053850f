//! Providers as they are: each card against a script of the real one.

use super::*;

#[tokio::test]
async fn github_has_numbers_for_ids_and_the_address_elsewhere() {
    let mut walk = Walk::new(
        register(cards::GITHUB),
        Script::new(vec![
            Row::post(
                "https://github.com/login/oauth/access_token",
                json!({ "authorization": BASIC, "accept": "application/json" }),
                code("github", json!({})),
                json!({ "access_token": "gho_1", "token_type": "bearer", "scope": "read:user,user:email" }),
            ),
            Row::get(
                "https://api.github.com/user",
                bearer("gho_1"),
                json!({ "id": 583231, "login": "ada", "name": null, "email": null, "avatar_url": "https://a.example/1" }),
            ),
            Row::get(
                "https://api.github.com/user/emails",
                bearer("gho_1"),
                json!([{ "email": "old@x.example", "primary": false, "verified": true },
                       { "email": "Ada@x.example", "primary": true, "verified": true }]),
            ),
        ]),
    );
    let seen = walk.who().await;
    assert_eq!(seen.account.provider_account_id, "583231");
    assert_eq!((seen.user.name.as_deref(), seen.user.email.as_deref()), (Some("ada"), Some("ada@x.example")));
    assert_eq!(seen.user.email_verified, Some(true));
    assert_eq!(seen.account.scope.as_deref(), Some("read:user,user:email"));
}

#[tokio::test]
async fn google_discovers_everything() {
    let issuer = "https://accounts.google.com";
    let claims = claims(issuer, json!({ "email": "ada@gmail.com", "email_verified": true, "name": "Ada" }));
    let rows = vec![Row::post(
        "https://discovered.example/token",
        json!({ "authorization": BASIC }),
        code("google", json!({})),
        id_tokens(),
    )];
    let mut walk = Walk::new(register(cards::GOOGLE), Script::oidc(issuer, claims, rows));
    let seen = walk.who().await;
    assert_eq!((seen.account.provider_account_id.as_str(), seen.user.email_verified), ("s1", Some(true)));
}

#[tokio::test]
async fn discord_computes_a_picture() {
    let mut walk = Walk::new(
        register(cards::DISCORD),
        Script::new(vec![
            Row::post(
                "https://discord.com/api/oauth2/token",
                json!({ "authorization": BASIC }),
                code("discord", json!({})),
                json!({ "access_token": "at-1", "token_type": "Bearer", "expires_in": 604800, "scope": "identify email" }),
            ),
            Row::get(
                "https://discord.com/api/users/@me",
                bearer("at-1"),
                json!({ "id": "80351110224678912", "username": "nelly", "discriminator": "0", "avatar": null,
                        "email": "n@x.example", "verified": false }),
            ),
        ]),
    );
    let seen = walk.who().await;
    assert_eq!(seen.user.image.as_deref(), Some("https://cdn.discordapp.com/embed/avatars/5.png"));
    assert_eq!(seen.user.email_verified, Some(false));
}

#[tokio::test]
async fn notion_wants_a_version_and_hides_the_person() {
    let mut walk = Walk::new(
        register(cards::NOTION),
        Script::new(vec![
            Row::post(
                "https://api.notion.com/v1/oauth/token",
                json!({ "authorization": BASIC }),
                code("notion", json!({})),
                json!({ "access_token": "at-1", "token_type": "bearer", "bot_id": "b" }),
            ),
            Row::get(
                "https://api.notion.com/v1/users/me",
                json!({ "authorization": "Bearer at-1", "notion-version": "2022-06-28" }),
                json!({ "id": "bot", "bot": { "owner": { "user": { "id": "u-1", "name": "Ada", "person": { "email": "a@x.example" } } } } }),
            ),
        ]),
    );
    let url = walk.leave().await.unwrap();
    assert_eq!(
        asked(&url),
        json!({ "response_type": "code", "client_id": ID, "redirect_uri": callback("notion"), "owner": "user" })
    );
    let ending = walk.come_back(&[]).await;
    let seen = walk.came_in(&ending);
    assert_eq!((seen.account.provider_account_id.as_str(), seen.user.email.as_deref()), ("u-1", Some("a@x.example")));
}

fn tiktok(token: Row, profile: Option<Value>) -> Walk {
    let url = "https://open.tiktokapis.com/v2/user/info/";
    let fields = cards::TIKTOK.userinfo[0].query.iter().find(|(name, _)| *name == "fields").unwrap().1;
    let profile = profile.map(|answer| Row::get(&format!("{url}?fields={fields}"), bearer("at-1"), answer));
    Walk::new(register(cards::TIKTOK), Script::new([Some(token), profile].into_iter().flatten().collect()))
}

fn tiktok_tokens(answer: Value) -> Row {
    let form = code("tiktok", json!({ "client_key": ID, "client_secret": SECRET }));
    Row {
        may: vec!["client_id"],
        ..Row::post("https://open.tiktokapis.com/v2/oauth/token/", json!({ "authorization": null }), form, answer)
    }
}

#[tokio::test]
async fn tiktok_calls_the_client_id_a_key_and_its_errors_ok() {
    let tokens = json!({ "access_token": "at-1", "open_id": "o-1", "token_type": "Bearer", "expires_in": 86400 });
    let person = json!({ "data": { "user": { "open_id": "o-1", "display_name": "Ada" } }, "error": { "code": "ok", "message": "" } });
    let mut walk = tiktok(tiktok_tokens(tokens.clone()), Some(person));
    let url = walk.leave().await.unwrap();
    assert_eq!(asked(&url)["client_key"], ID);
    let ending = walk.come_back(&[]).await;
    assert_eq!(walk.came_in(&ending).account.provider_account_id, "o-1");

    let refusal = json!({ "data": {}, "error": { "code": "access_token_invalid", "message": "expired: at-1" } });
    let mut walk = tiktok(tiktok_tokens(tokens), Some(refusal));
    let ending = walk.sign_in().await;
    let error = walk.stayed_out(&ending);
    assert!(error.contains("access_token_invalid") && error.contains("expired: [redacted]"), "{error}");

    let refusal = json!({ "error": "invalid_grant", "error_description": "bad code CODE" });
    let mut walk = tiktok(tiktok_tokens(refusal).status(400), None);
    let ending = walk.sign_in().await;
    let error = walk.stayed_out(&ending);
    assert!(error.contains("answered 400 \"invalid_grant\": \"bad code [redacted]\""), "{error}");
}

fn wechat(token: Value, profile: Option<Value>) -> Walk {
    let api = "https://api.weixin.qq.com/sns";
    // It takes no notice of what it does not know, such as the verifier.
    let query = format!(
        "appid={ID}&secret={SECRET}&code={CODE}&grant_type=authorization_code&redirect_uri={}&code_verifier={{verifier}}",
        callback("wechat")
    );
    let tokens = Row::get(&format!("{api}/oauth2/access_token?{query}"), json!({ "authorization": null }), token);
    let profile = profile.map(|answer| {
        let url = format!("{api}/userinfo?access_token=at-1&openid=o-1&lang=zh_CN");
        Row::get(&url, json!({ "authorization": null }), answer)
    });
    Walk::new(register(cards::WECHAT), Script::new([Some(tokens), profile].into_iter().flatten().collect()))
}

#[tokio::test]
async fn wechat_has_everything_in_queries_and_a_fragment() {
    let tokens = json!({ "access_token": "at-1", "expires_in": 7200, "openid": "o-1", "scope": "snsapi_userinfo" });
    let mut walk = wechat(tokens.clone(), Some(json!({ "openid": "o-1", "nickname": "Ada", "unionid": "u-1" })));
    let url = walk.leave().await.unwrap();
    assert_eq!((url.fragment(), asked(&url)["appid"].as_str()), (Some("wechat_redirect"), Some(ID)));
    assert_eq!(asked(&url).get("client_id"), None);
    let ending = walk.come_back(&[]).await;
    assert_eq!(walk.came_in(&ending).account.provider_account_id, "u-1");

    let mut walk = Walk::new(
        register(Provider {
            token: Some("https://acme.example/token"),
            token_answer: cards::WECHAT.token_answer,
            ..PLAIN
        }),
        Script::new(vec![Row { answer: json!({ "errcode": 40029, "errmsg": "invalid code CODE" }), ..plain_tokens() }]),
    );
    let ending = walk.sign_in().await;
    let error = walk.stayed_out(&ending);
    assert!(error.contains("answered 200 \"40029\"") || error.contains("answered 200 40029"), "{error}");
    assert!(error.contains("invalid code [redacted]"), "{error}");
}

#[tokio::test]
async fn slack_is_openid_connect_like_the_others() {
    let issuer = "https://slack.com";
    let form = match cards::SLACK.pkce {
        Pkce::None => code("slack", json!({ "code_verifier": null })),
        _ => code("slack", json!({})),
    };
    let mut answer = id_tokens();
    answer["ok"] = json!(true);
    let rows = vec![Row::post("https://discovered.example/token", json!({ "authorization": BASIC }), form, answer)];
    let claims = claims(issuer, json!({ "email": "a@x.example", "email_verified": true }));
    let seen = Walk::new(register(cards::SLACK), Script::oidc(issuer, claims, rows)).who().await;
    assert_eq!(seen.user.email.as_deref(), Some("a@x.example"));
}

#[tokio::test]
async fn x_wraps_the_person_and_its_errors() {
    let card = cards::TWITTER;
    let rows = |answer: Value| {
        let url = Url::parse_with_params(card.userinfo[0].url.unwrap(), card.userinfo[0].query).unwrap();
        vec![
            Row::post(
                card.token.unwrap(),
                json!({ "authorization": BASIC }),
                code("twitter", json!({})),
                json!({ "access_token": "at-1", "token_type": "bearer", "scope": ["users.read", "tweet.read"] }),
            ),
            Row::get(url.as_str(), bearer("at-1"), answer),
        ]
    };
    let person = json!({ "data": { "id": "2244994945", "name": "Ada", "profile_image_url": "https://p.example/1", "confirmed_email": "a@x.example" } });
    let seen = Walk::new(register(card), Script::new(rows(person))).who().await;
    assert_eq!((seen.account.provider_account_id.as_str(), seen.user.email_verified), ("2244994945", Some(true)));
    assert_eq!(seen.account.scope.as_deref(), Some("users.read tweet.read"));

    let nobody = json!({ "errors": [{ "title": "Unauthorized" }] });
    let mut walk = Walk::new(register(card), Script::new(rows(nobody)));
    let ending = walk.sign_in().await;
    walk.stayed_out(&ending);
}
