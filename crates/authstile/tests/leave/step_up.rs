//! What a page may ask of the sign-in, as far as it shows before the browser leaves. What is checked when it comes back is
//! in the tests of the whole house.

use authstile::{Auth, Customize as _, StepUp, github};
use authstile_testkit::{Browser, Page};
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::{APP, BASE, HOST, ISSUER, NOW, SESSION, acme, browser, came_from, engine, location, seal, sign_in};

/// A browser of an application in which `/vault` asks for more than a session.
fn visitor(auth: &Auth, demanded: StepUp) -> Browser {
    let mut browser = browser(auth);
    let auth = auth.clone();
    browser.site(APP, move |request| {
        let (auth, demanded) = (auth.clone(), demanded.clone());
        async move {
            if request.uri().path() != "/vault" {
                return auth.handle(request).await;
            }
            match auth.step_up(request.method(), request.uri(), request.headers(), &demanded).await {
                Ok(session) => http::Response::new(Bytes::from(session.user.id)),
                Err(answer) => *answer,
            }
        }
    });
    browser
}

async fn vault(browser: &mut Browser) -> Page {
    browser.get(&format!("{APP}/vault?a=1&b=%2F")).await
}

fn asked(page: &Page, name: &str) -> Option<String> {
    let url = page.location()?;
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_person_is_sent_to_where_they_came_from_with_what_is_missing() {
    let (auth, _) = engine(|builder| builder.provider(acme().authorization_param("max_age", "86400")));
    let mut ada = visitor(&auth, StepUp::fresh(300).acr("gold").acr("silver"));
    came_from(&mut ada, "acme", "s1", Value::Null);
    let away = vault(&mut ada).await;
    assert!(location(&away).starts_with(&format!("{ISSUER}/authorize?")), "{away:?}");
    assert_eq!(asked(&away, "max_age").as_deref(), Some("300"), "what is pinned asks for less");
    assert_eq!(asked(&away, "acr_values").as_deref(), Some("gold silver"));
    assert_eq!(asked(&away, "login_hint").as_deref(), Some("ada@acme.example"));
    assert!(ada.cookies(HOST).iter().any(|(name, _)| name.starts_with("authstile.pending.")));
    assert!(ada.cookies(HOST).iter().any(|(name, _)| name == SESSION), "the session stays meanwhile");
}

// Advisories: GHSA-xg6x-h9c9-2m83, GHSA-wc43-73w7.
#[tokio::test]
async fn who_is_fresh_and_strong_enough_comes_through() {
    let (auth, clock) = engine(|builder| builder.provider(acme()));
    let demanded = StepUp::fresh(300).acr("gold");
    let mut through = Vec::new();
    for authentication in [
        json!({ "auth_time": NOW, "acr": "gold" }),
        json!({ "auth_time": NOW - 60, "acr": "gold", "amr": ["pwd"] }),
        json!({ "auth_time": NOW - 400, "acr": "gold" }),
        json!({ "auth_time": NOW, "acr": "silver" }),
        json!({ "auth_time": NOW }),
        json!({ "acr": "gold" }),
        Value::Null,
    ] {
        let mut ada = visitor(&auth, demanded.clone());
        came_from(&mut ada, "acme", "s1", authentication);
        let page = vault(&mut ada).await;
        through.push((page.status == 200).then_some(page.body));
    }
    let ada = || Some("ada".to_owned());
    assert_eq!(through, [ada(), ada(), None, None, None, None, None]);
    // Time passes.
    let mut ada = visitor(&auth, StepUp::fresh(300));
    came_from(&mut ada, "acme", "s1", json!({ "auth_time": NOW }));
    clock.advance(360);
    assert_eq!(vault(&mut ada).await.status, 200);
    clock.advance(1);
    assert!(location(&vault(&mut ada).await).starts_with(ISSUER));
}

#[tokio::test]
async fn how_somebody_signed_in_can_be_asked() {
    let (auth, _) = engine(|builder| builder.provider(acme()));
    let mut ada = browser(&auth);
    came_from(&mut ada, "acme", "s1", json!({ "auth_time": NOW, "acr": "gold", "amr": ["pwd", "otp"] }));
    let mut headers = HeaderMap::new();
    let cookie = ada.cookies(HOST).iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    headers.insert("cookie", cookie.parse().unwrap());
    let known = auth.authentication(&headers, &"/".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((known.auth_time, known.acr.as_deref()), (Some(NOW), Some("gold")));
    assert_eq!(known.amr, ["pwd", "otp"]);
    assert_eq!(auth.authentication(&HeaderMap::new(), &"/".parse().unwrap()).await.unwrap(), None);
    // The browser is not told.
    assert!(ada.session(BASE).await.get("authstile").is_none());
}

#[tokio::test]
async fn a_program_and_a_form_learn_what_is_missing() {
    let (auth, _) = engine(|builder| builder.provider(acme()));
    let mut ada = visitor(&auth, StepUp::fresh(300).acr("urn:x:\"gold\""));
    came_from(&mut ada, "acme", "s1", Value::Null);
    let address = format!("{APP}/vault");
    for (method, headers) in [
        (Method::GET, vec![("accept", "application/json")]),
        (Method::GET, vec![("accept", "text/html"), ("sec-fetch-mode", "cors")]),
        (Method::POST, vec![("accept", "text/html"), ("sec-fetch-mode", "navigate")]),
    ] {
        let refused = ada.send(method, &address, &headers, Bytes::new()).await;
        assert_eq!(refused.status, 401, "{refused:?}");
        let body = refused.json();
        assert_eq!(body["error"], "insufficient_user_authentication");
        assert_eq!((&body["max_age"], &body["acr_values"]), (&json!(300), &json!("urn:x:\"gold\"")));
        let scheme = refused.headers["www-authenticate"].to_str().unwrap();
        assert!(
            scheme.starts_with("Cookie error=\"insufficient_user_authentication\", error_description=\""),
            "{scheme}"
        );
        assert!(scheme.ends_with(r#", acr_values="urn:x:\"gold\"", max_age="300""#), "{scheme}");
        assert_eq!(refused.headers["cache-control"], "private, no-cache, no-store");
    }
}

#[tokio::test]
async fn nobody_is_asked_to_sign_in_first() {
    let (auth, _) = engine(|builder| builder.provider(acme()));
    let mut nobody = visitor(&auth, StepUp::fresh(300));
    assert!(location(&vault(&mut nobody).await).starts_with(&format!("{BASE}/signin?callbackUrl=")));
    let refused = nobody.send(Method::GET, &format!("{APP}/vault"), &[], Bytes::new()).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (401, &json!("unauthorized")));
}

#[tokio::test]
async fn where_nothing_is_stated_a_page_says_so_and_nobody_goes_in_circles() {
    let (auth, _) = engine(|builder| builder.provider(github("id", "secret")).provider(acme()));
    for (demanded, words) in
        [(StepUp::fresh(300), "Please sign in once more"), (StepUp::strong("gold"), "a stronger sign-in")]
    {
        let mut ada = visitor(&auth, demanded);
        came_from(&mut ada, "github", "s1", Value::Null);
        let refused = vault(&mut ada).await;
        assert_eq!(location(&refused), format!("{BASE}/error?error=AccessDenied"));
        let page = ada.follow(refused).await;
        assert!(page.status == 403 && page.body.contains(words), "{page:?}");
    }
}

#[tokio::test]
async fn who_signs_in_with_us_does_so_again_but_has_no_class() {
    let (auth, clock) = engine(|builder| builder.provider(acme()));
    let mut ada = visitor(&auth, StepUp::fresh(300));
    sign_in(&mut ada, "ada", "x").await;
    assert_eq!(vault(&mut ada).await.status, 200, "they signed in just now");
    clock.advance(361);
    let again = vault(&mut ada).await;
    assert_eq!(location(&again).split('?').next(), Some(&*format!("{BASE}/signin")));
    assert_eq!(asked(&again, "callbackUrl").as_deref(), Some("http://app.localhost:3000/vault?a=1&b=%2F"));
    sign_in(&mut ada, "ada", "x").await;
    assert_eq!(vault(&mut ada).await.status, 200);

    let mut ada = visitor(&auth, StepUp::strong("gold"));
    sign_in(&mut ada, "ada", "x").await;
    assert_eq!(location(&vault(&mut ada).await), format!("{BASE}/error?error=AccessDenied"));
}

#[tokio::test]
async fn a_session_of_auth_js_is_not_known_to_be_anything() {
    let (auth, _) = engine(|builder| builder.provider(acme()));
    let mut ada = visitor(&auth, StepUp::strong("gold"));
    ada.set_cookie(HOST, SESSION, &seal(SESSION, json!({ "sub": "ada" })));
    assert!(location(&vault(&mut ada).await).starts_with(&format!("{BASE}/signin?")));
}
