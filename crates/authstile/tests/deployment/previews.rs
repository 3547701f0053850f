//! Preview deployments, whose answers come by way of the redirect proxy.

use authstile::oauth::authorize::ResponseMode;
use authstile::seal::{Sealer, Secrets};
use authstile::{AuthBuilder, ConfigError};

use super::*;

const STABLE: &str = "https://stable.example";
const PREVIEW: &str = "https://pr-7.preview.example";
const PROXY: &str = "https://stable.example/api/auth";

fn deployed(url: &'static str, provider: &LoginExample) -> impl FnOnce(AuthBuilder) -> AuthBuilder {
    let network = provider.network();
    move |builder| builder.url(url).provider(acme()).transport(network).redirect_proxy(PROXY)
}

/// The stable deployment and a preview, in one browser.
fn both(list: &[&str], provider: &LoginExample) -> Browser {
    let stable = engine(|builder| {
        let builder = deployed(STABLE, provider)(builder);
        list.iter().fold(builder, |builder, pattern| builder.forward_callbacks_to(pattern.parse().unwrap()))
    });
    let preview = engine(|builder| deployed(PREVIEW, provider)(builder).random(SeededRandom::new(8)));
    let mut browser = browser(&stable, &[STABLE]);
    live(&mut browser, &preview, PREVIEW);
    browser
}

/// Leaves the preview; the answer is where the provider was asked.
async fn leave(browser: &mut Browser, origin: &str) -> Url {
    browser.press_sign_in(&format!("{origin}/api/auth"), "acme", "/dash").await.location().unwrap()
}

fn answer(ask: &Url) -> String {
    let state = query(ask, "state").unwrap();
    format!("{}?code=c%2B1&state={state}&iss=x", query(ask, "redirect_uri").unwrap())
}

async fn email(browser: &mut Browser, origin: &str) -> serde_json::Value {
    browser.session(&format!("{origin}/api/auth")).await["user"]["email"].clone()
}

#[tokio::test]
async fn a_preview_signs_in_by_way_of_the_stable_deployment() {
    let provider = LoginExample::default();
    let mut browser = both(&["https://*.preview.example"], &provider);
    let ask = leave(&mut browser, PREVIEW).await;
    assert_eq!(query(&ask, "redirect_uri").unwrap(), format!("{PROXY}/callback/acme"));
    let passed_on = browser.get(&answer(&ask)).await;
    assert!(passed_on.set_cookies().is_empty(), "the proxy keeps nothing: {passed_on:?}");
    let there = passed_on.location().unwrap();
    assert!(there.as_str().starts_with(&format!("{PREVIEW}/api/auth/callback/acme?code=c%2B1&state=")), "{there}");
    assert_eq!(query(&there, "iss").as_deref(), Some("x"));
    let done = browser.get(there.as_str()).await;
    assert_eq!(location(&done), format!("{PREVIEW}/dash"));
    assert_eq!(provider.exchanged()["redirect_uri"], format!("{PROXY}/callback/acme"));
    assert_eq!(provider.exchanged()["code"], "c+1");
    assert_eq!(email(&mut browser, PREVIEW).await, "ada@acme.example");
    assert_eq!(email(&mut browser, STABLE).await, serde_json::Value::Null);
    let again = browser.get(there.as_str()).await;
    assert!(location(&again).contains("error=Configuration"), "an answer is good once");
}

#[tokio::test]
async fn the_state_is_that_of_auth_js() {
    let mut browser = both(&[], &LoginExample::default());
    let ask = leave(&mut browser, PREVIEW).await;
    let sealer = Sealer::new(&Secrets::new([TEST_SECRET]), "encodedState").unwrap();
    let claims = sealer.open(&query(&ask, "state").unwrap(), authstile::clock::UnixTime::from_seconds(NOW)).unwrap();
    let names: Vec<&str> = claims.keys().map(String::as_str).collect();
    assert_eq!(names, ["origin", "random", "iat", "exp", "jti"]);
    assert_eq!(claims["origin"], format!("{PREVIEW}/api/auth/callback/acme"));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
}

#[tokio::test]
async fn nothing_is_passed_on_to_others() {
    for list in
        [&[][..], &["https://other.example"], &["https://*.pr-7.preview.example"], &["http://*.preview.example"]]
    {
        let mut browser = both(list, &LoginExample::default());
        let ask = leave(&mut browser, PREVIEW).await;
        let stopped = browser.get(&answer(&ask)).await;
        assert_eq!(location(&stopped), format!("{STABLE}/api/auth/error?error=Configuration"), "{list:?}");
    }
}

#[tokio::test]
async fn a_preview_knows_its_own_sign_ins_only() {
    let provider = LoginExample::default();
    let mut attacker = both(&["https://*.preview.example"], &provider);
    let ask = leave(&mut attacker, PREVIEW).await;
    // Somebody else's browser is sent there.
    let mut victim = both(&["https://*.preview.example"], &provider);
    let there = victim.get(&answer(&ask)).await.location().unwrap();
    let stopped = victim.get(there.as_str()).await;
    assert!(location(&stopped).contains("error=Configuration"), "{stopped:?}");
    assert!(provider.exchanged().is_empty());
    assert_eq!(email(&mut victim, PREVIEW).await, serde_json::Value::Null);
}

#[tokio::test]
async fn a_sign_in_of_one_preview_is_none_of_another() {
    const OTHER: &str = "https://pr-8.preview.example";
    let provider = LoginExample::default();
    let mut browser = both(&["https://*.preview.example"], &provider);
    live(&mut browser, &engine(deployed(OTHER, &provider)), OTHER);
    let ask = leave(&mut browser, PREVIEW).await;
    carry(&mut browser, "pr-7.preview.example", "pr-8.preview.example");
    let there = browser.get(&answer(&ask)).await.location().unwrap();
    let stopped = browser.get(&there.as_str().replace("pr-7", "pr-8")).await;
    assert_eq!(location(&stopped), format!("{OTHER}/api/auth/error?error=Configuration"));
    assert!(provider.exchanged().is_empty());
}

#[tokio::test]
async fn what_is_remembered_fits_a_cookie() {
    let mut browser = both(&[], &LoginExample::default());
    for (origin, room) in [(STABLE, 780), (PREVIEW, 200)] {
        let base = format!("{origin}/api/auth");
        let token = browser.csrf_token(&base).await;
        let return_to = format!("{origin}/{}", "a".repeat(1450));
        let fields = [("csrfToken", token.as_str()), ("callbackUrl", &return_to)];
        let hint = |length: usize| format!("{base}/signin/acme?login_hint={}", "b".repeat(length));
        let fits = browser.post(&hint(room), &fields).await;
        assert!(location(&fits).starts_with("https://login.example/authorize?"), "{fits:?}");
        assert!(fits.set_cookies().iter().all(|cookie| cookie.len() < 4096), "{origin}");
        let too_long = browser.post(&hint(801), &fields).await;
        assert!(location(&too_long).contains("error=Configuration"));
    }
    let base = format!("{PREVIEW}/api/auth");
    let token = browser.csrf_token(&base).await;
    let url = format!("{base}/signin/acme?login_hint={}", "b".repeat(500));
    let too_long = browser.post(&url, &[("csrfToken", &token)]).await;
    assert!(location(&too_long).contains("error=Configuration"), "the state takes its room");
}

#[tokio::test]
async fn the_stable_deployment_signs_in_as_ever() {
    let provider = LoginExample::default();
    let mut browser = both(&["https://*.preview.example"], &provider);
    let ask = leave(&mut browser, STABLE).await;
    assert_eq!(query(&ask, "redirect_uri").unwrap(), format!("{PROXY}/callback/acme"));
    assert_eq!(query(&ask, "state").unwrap().len(), 43, "an ordinary state");
    assert_eq!(location(&browser.get(&answer(&ask)).await), format!("{STABLE}/dash"));
    assert_eq!(email(&mut browser, STABLE).await, "ada@acme.example");
}

#[tokio::test]
async fn answers_that_come_as_forms_do_not_come_by_way_of_the_proxy() {
    let auth = engine(|builder| {
        let card = Provider { response_mode: ResponseMode::FormPost, ..card() };
        builder.url(PREVIEW).provider(card.register("client", "secret")).redirect_proxy(PROXY)
    });
    let mut browser = browser(&auth, &[PREVIEW]);
    let ask = leave(&mut browser, PREVIEW).await;
    assert_eq!(query(&ask, "redirect_uri").unwrap(), format!("{PREVIEW}/api/auth/callback/acme"));
}

#[test]
fn a_wrong_redirect_proxy_is_told_when_the_engine_is_built() {
    let problem = |configure: fn(AuthBuilder) -> AuthBuilder| {
        let builder = Auth::builder().secret(TEST_SECRET).transport(LoginExample::default().network());
        match configure(builder).build().map(drop) {
            Err(ConfigError::Url(text)) => text,
            other => panic!("{other:?}"),
        }
    };
    assert!(
        problem(|builder| builder.redirect_proxy("stable.example")).contains("https://stable.example.com/api/auth")
    );
    assert!(problem(|builder| builder.redirect_proxy("http://stable.example/api/auth")).contains("https"));
    let forwards = |builder: AuthBuilder| builder.forward_callbacks_to("https://*.preview.example".parse().unwrap());
    assert!(problem(forwards).contains("AUTH_REDIRECT_PROXY_URL"));
}
