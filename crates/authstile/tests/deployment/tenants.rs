//! Several origins and tenants in one process.

use authstile::mail::MailProof;
use authstile::{
    AuthBuilder, ConfigError, Customize as _, EmailProvider, Error, HostPolicy, KeepTokens, MemoryStore, RequestError,
    RevocationKey, Theme,
};
use http::StatusCode;
use serde_json::Value;

use super::*;

const APP: &str = "https://app.example";
const ONE: &str = "https://one.tenant.app";
const TWO: &str = "https://two.tenant.app";

fn tenants(builder: AuthBuilder) -> AuthBuilder {
    builder.origins([APP, "https://*.tenant.app"]).credentials(password()).provider(acme())
}

async fn email(browser: &mut Browser, origin: &str) -> Value {
    browser.session(&format!("{origin}/api/auth")).await["user"]["email"].clone()
}

#[tokio::test]
async fn a_session_of_one_tenant_is_nobody_at_another() {
    let store = MemoryStore::new();
    let user =
        authstile::store::NewUser { id: "ada".into(), email: Some("ada@acme.example".into()), ..Default::default() };
    authstile::Accounts::register(&store, &user, None).await.unwrap();
    let stored = engine(|builder| tenants(builder).store(store.clone()));
    for auth in [engine(tenants), stored] {
        let mut browser = browser(&auth, &[APP, ONE, TWO]);
        assert_eq!(location(&sign_in(&mut browser, ONE).await), format!("{ONE}/dash"));
        assert_eq!(email(&mut browser, ONE).await, "ada@acme.example");
        assert_eq!(email(&mut browser, TWO).await, Value::Null, "cookies are of one host");
        carry(&mut browser, "one.tenant.app", "two.tenant.app");
        carry(&mut browser, "one.tenant.app", "app.example");
        let session = |browser: &Browser, host: &str| {
            let jar: Vec<String> =
                browser.cookies(host).iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers(&[("host", host), ("cookie", &jar.join("; "))])
        };
        let at = async |browser: &Browser, host: &str| auth.session(&session(browser, host), &here()).await.unwrap();
        assert!(at(&browser, "one.tenant.app").await.is_some());
        assert!(at(&browser, "two.tenant.app").await.is_none());
        let other = session(&browser, "two.tenant.app");
        assert_eq!(auth.current_session_id(&other, &here()).await.unwrap(), None);
        assert!(auth.rotate_session(&other, &here()).await.unwrap().is_empty());
        assert!(auth.end_other_sessions(&other, &here()).await.unwrap().is_empty());
        assert_eq!(email(&mut browser, TWO).await, Value::Null);
        assert_eq!(email(&mut browser, APP).await, Value::Null);
        assert_eq!(email(&mut browser, ONE).await, "ada@acme.example", "it is still good where it was made");
    }
}

#[tokio::test]
async fn all_sessions_of_a_tenant_can_be_ended() {
    let auth = engine(tenants);
    let mut browser = browser(&auth, &[ONE, TWO]);
    sign_in(&mut browser, ONE).await;
    sign_in(&mut browser, TWO).await;
    auth.revoke(&RevocationKey::origin(ONE)).await.unwrap();
    assert_eq!(email(&mut browser, ONE).await, Value::Null);
    assert_eq!(email(&mut browser, TWO).await, "ada@acme.example");
}

#[tokio::test]
async fn a_single_origin_writes_down_nothing_new() {
    // The session of an engine with one origin is one that carries no origin, and is nobody where several are ours.
    let one = engine(|builder| builder.url(ONE).credentials(password()));
    let several = engine(tenants);
    let mut browser = browser(&one, &[ONE]);
    sign_in(&mut browser, ONE).await;
    let session =
        browser.cookies("one.tenant.app").iter().find(|(name, _)| name.contains("session-token")).unwrap().1.clone();
    let sealer =
        authstile::seal::Sealer::new(&authstile::seal::Secrets::new([TEST_SECRET]), "__Secure-authjs.session-token");
    let claims = sealer.unwrap().open(&session, authstile::clock::UnixTime::from_seconds(NOW)).unwrap();
    assert!(claims.get("aud").is_none());
    let keys = claims["authstile"]["keys"].as_array().unwrap();
    assert!(!keys.contains(&RevocationKey::origin(ONE).as_str().into()));
    live(&mut browser, &several, ONE);
    assert_eq!(email(&mut browser, ONE).await, Value::Null);
}

#[tokio::test]
async fn cve_2025_27143_an_unknown_host_is_misdirected() {
    let auth = engine(tenants);
    for host in
        ["evil.example", "tenant.app", "a.b.tenant.app", "app.example.evil", "evil-app.example", "one.tenant.app:8443"]
    {
        for path in ["providers", "session", "csrf", "signin", "error", "callback/acme", "nothing", "a/b/c"] {
            let answer = ask(&auth, None, &format!("/api/auth/{path}"), &[("host", host)]).await;
            assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST, "{host} {path}");
            let body = String::from_utf8_lossy(answer.body()).into_owned();
            assert!(!body.contains("AUTH_URL") && !body.contains("tenant.app"), "the visitor reads little: {body}");
            assert!(answer.headers().get("set-cookie").is_none());
        }
        let unknown = headers(&[("host", host), ("accept", "text/html")]);
        let error = auth.session(&unknown, &here()).await.unwrap_err();
        assert!(matches!(error, Error::Request(RequestError::UnknownHost(_))), "{error:?}");
        assert!(
            error.to_string().contains("AUTH_URL") && error.to_string().contains("https://*.tenant.app"),
            "{error}"
        );
        assert_eq!(auth.failure(&unknown, &error).status(), StatusCode::MISDIRECTED_REQUEST);
        assert_eq!(auth.challenge(&http::Method::GET, &here(), &unknown).status(), StatusCode::MISDIRECTED_REQUEST);
        let begun = auth.begin_sign_in(&unknown, &here(), "acme", Vec::new(), "/").await;
        assert_eq!(begun.status(), StatusCode::MISDIRECTED_REQUEST);
    }
    let posted = http::Request::post("/api/auth/backchannel-logout/acme").header("host", "evil.example");
    let answer = auth.handle(posted.body(Bytes::new()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn redirect_uris_and_cookies_are_those_of_the_origin() {
    let provider = LoginExample::default();
    let auth = engine(|builder| {
        builder
            .origins([ONE, TWO, "http://localhost:3000"])
            .provider(acme().keep_tokens(KeepTokens::All))
            .transport(provider.network())
    });
    let mut browser = browser(&auth, &[ONE, TWO, "http://localhost:3000"]);
    for origin in [ONE, TWO, "http://localhost:3000"] {
        let base = format!("{origin}/api/auth");
        let ask = browser.press_sign_in(&base, "acme", "/dash").await;
        for cookie in ask.set_cookies() {
            assert!(!cookie.to_ascii_lowercase().contains("domain="), "host-only: {cookie}");
            assert_eq!(cookie.contains("Secure"), origin.starts_with("https"), "{cookie}");
            assert_eq!(cookie.starts_with("__"), origin.starts_with("https"), "{cookie}");
        }
        let ask = ask.location().unwrap();
        assert_eq!(query(&ask, "redirect_uri").unwrap(), format!("{base}/callback/acme"));
        let answer = format!("{base}/callback/acme?code=c&state={}", query(&ask, "state").unwrap());
        assert_eq!(location(&browser.get(&answer).await), format!("{origin}/dash"));
        assert_eq!(provider.exchanged()["redirect_uri"], format!("{base}/callback/acme"));
        assert_eq!(email(&mut browser, origin).await, "ada@acme.example");
    }
}

#[tokio::test]
async fn a_sign_in_begun_at_one_tenant_is_not_finished_at_another() {
    let provider = LoginExample::default();
    let auth = engine(|builder| tenants(builder).transport(provider.network()));
    let mut browser = browser(&auth, &[ONE, TWO]);
    let ask = browser.press_sign_in(&format!("{ONE}/api/auth"), "acme", "/dash").await.location().unwrap();
    carry(&mut browser, "one.tenant.app", "two.tenant.app");
    let state = query(&ask, "state").unwrap();
    let there = browser.get(&format!("{TWO}/api/auth/callback/acme?code=c&state={state}")).await;
    assert_eq!(location(&there), format!("{TWO}/api/auth/error?error=Configuration"));
    assert!(provider.exchanged().is_empty(), "the code is not used up either");
    let home = browser.get(&format!("{ONE}/api/auth/callback/acme?code=c&state={state}")).await;
    assert_eq!(location(&home), format!("{ONE}/dash"));
}

#[tokio::test]
async fn a_mail_for_one_tenant_signs_in_at_no_other() {
    let outbox = Outbox::default();
    let auth = engine(|builder| {
        let mails = EmailProvider::new("email", outbox.clone());
        let codes = EmailProvider::new("code", outbox.clone()).codes();
        tenants(builder).email(mails).email(codes).store(MemoryStore::new())
    });
    let mut browser = browser(&auth, &[ONE, TWO]);
    let request = async |browser: &mut Browser, origin: &str, id: &str| {
        let base = format!("{origin}/api/auth");
        let token = browser.csrf_token(&base).await;
        browser.post(&format!("{base}/signin/{id}"), &[("csrfToken", &token), ("email", "ada@acme.example")]).await
    };
    let confirm = async |browser: &mut Browser, origin: &str, id: &str, fields: &[(&str, &str)]| {
        let base = format!("{origin}/api/auth");
        let token = browser.csrf_token(&base).await;
        let fields = [&[("csrfToken", token.as_str())][..], fields].concat();
        browser.post(&format!("{base}/callback/{id}"), &fields).await
    };
    request(&mut browser, ONE, "email").await;
    let link = outbox.link();
    assert!(link.as_str().starts_with(&format!("{ONE}/api/auth/callback/email?")), "{link}");
    let token = query(&link, "token").unwrap();
    let fields = [("token", token.as_str()), ("email", "ada@acme.example")];
    let there = confirm(&mut browser, TWO, "email", &fields).await;
    assert_eq!(location(&there), format!("{TWO}/api/auth/error?error=Verification"));
    assert_eq!(email(&mut browser, TWO).await, Value::Null);
    confirm(&mut browser, ONE, "email", &fields).await;
    assert_eq!(email(&mut browser, ONE).await, "ada@acme.example");

    request(&mut browser, TWO, "code").await;
    let MailProof::Code(code) = outbox.last().proof else { panic!("no code") };
    let mut other = browser.clone();
    other.forget(|name| name.contains("session"));
    carry(&mut other, "two.tenant.app", "one.tenant.app");
    confirm(&mut other, ONE, "code", &[("code", &code)]).await;
    assert_eq!(email(&mut other, ONE).await, Value::Null);
    confirm(&mut browser, TWO, "code", &[("code", &code)]).await;
    assert_eq!(email(&mut browser, TWO).await, "ada@acme.example");
}

#[tokio::test]
async fn nobody_is_sent_from_one_tenant_to_another_unless_that_is_allowed() {
    let strict = engine(tenants);
    let open = engine(|builder| tenants(builder).allow_return_to(TWO));
    for (auth, expected) in [(strict, ONE.to_owned()), (open, format!("{TWO}/dash"))] {
        let mut browser = browser(&auth, &[ONE]);
        let base = format!("{ONE}/api/auth");
        let token = browser.csrf_token(&base).await;
        let fields =
            [("csrfToken", token.as_str()), ("callbackUrl", "https://two.tenant.app/dash"), ("password", "opensesame")];
        let page = browser.post(&format!("{base}/callback/credentials"), &fields).await;
        assert_eq!(page.headers["location"], expected.as_str());
    }
}

#[tokio::test]
async fn a_form_of_one_tenant_changes_nothing_at_another() {
    let auth = engine(tenants);
    let mut browser = browser(&auth, &[ONE, TWO]);
    sign_in(&mut browser, TWO).await;
    let token = browser.csrf_token(&format!("{TWO}/api/auth")).await;
    let fields =
        [("content-type", "application/x-www-form-urlencoded"), ("origin", ONE), ("sec-fetch-site", "same-site")];
    let body = format!("csrfToken={token}");
    let page = browser.send(http::Method::POST, &format!("{TWO}/api/auth/signout"), &fields, body.into()).await;
    assert!(location(&page).contains("error=MissingCSRF"), "{page:?}");
    assert_eq!(email(&mut browser, TWO).await, "ada@acme.example");
}

#[tokio::test]
async fn each_origin_has_its_own_look() {
    let outbox = Outbox::default();
    let theme = |name: &str, color: &str, logo: &str| Theme::new().application_name(name).brand_color(color).logo(logo);
    let auth = engine(|builder| {
        tenants(builder)
            .email(EmailProvider::new("email", outbox.clone()))
            .store(MemoryStore::new())
            .theme(Theme::new().application_name("Usual"))
            .theme_at(ONE, theme("First & Co", "#7a1f5c", "https://one.example/logo.svg"))
            .theme_at("https://*.tenant.app", theme("Any tenant", "#1f5c7a", "/logo.svg"))
    });
    let mut browser = browser(&auth, &[APP, ONE, TWO]);
    for (origin, name, image) in
        [(APP, "Usual", ""), (ONE, "First &#38; Co", " https://one.example"), (TWO, "Any tenant", "")]
    {
        for path in ["signin", "signout", "error", "verify-request"] {
            let page = browser.get(&format!("{origin}/api/auth/{path}")).await;
            assert!(page.body.contains(name), "{origin} {path}: {}", page.body);
            let policy = page.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains(&format!("img-src 'self'{image};")), "{policy}");
            let style = page.body.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
            let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hash);
            assert!(policy.contains(&format!("'sha256-{hash}'")), "{origin} {path}: {policy}");
        }
    }
    for (origin, color) in [(APP, None), (ONE, Some("#7a1f5c")), (TWO, Some("#1f5c7a"))] {
        let base = format!("{origin}/api/auth");
        let token = browser.csrf_token(&base).await;
        browser.post(&format!("{base}/signin/email"), &[("csrfToken", &token), ("email", "ada@acme.example")]).await;
        assert_eq!(outbox.last().brand_color.as_deref(), color, "{origin}");
        assert_eq!(outbox.last().host, origin.trim_start_matches("https://"));
    }
}

#[tokio::test]
async fn cve_2025_71401_nothing_is_learned_from_a_request() {
    let auth = engine(tenants);
    let own = [("host", "one.tenant.app")];
    let first = callback_url(&auth, None, &[("host", "evil.example"), ("x-forwarded-host", "evil.example")]).await;
    assert_eq!(first, Err(421));
    assert_eq!(callback_url(&auth, None, &own).await.unwrap(), format!("{ONE}/api/auth/callback/acme"));
    let forged = [own[0], ("x-forwarded-host", "two.tenant.app"), ("x-forwarded-prefix", "/evil")];
    assert_eq!(callback_url(&auth, None, &forged).await.unwrap(), format!("{ONE}/api/auth/callback/acme"));
    assert_eq!(callback_url(&auth, Some("192.0.2.1"), &forged).await.unwrap(), format!("{ONE}/api/auth/callback/acme"));
}

#[test]
fn a_wrong_list_is_told_when_the_engine_is_built() {
    let problem = |configure: fn(AuthBuilder) -> AuthBuilder| {
        let builder = Auth::builder().secret(TEST_SECRET).transport(LoginExample::default().network());
        configure(builder).build().map(drop).unwrap_err()
    };
    let url = |error: ConfigError| match error {
        ConfigError::Url(text) => text,
        other => panic!("{other:?}"),
    };
    assert!(url(problem(|builder| builder.origins([]))).contains("no origin is ours"));
    assert!(url(problem(|builder| builder.host(HostPolicy::AllowList(Vec::new())))).contains("no origin is ours"));
    assert!(url(problem(|builder| builder.origins(["https://*.com"]))).contains("https://*.com"));
    assert!(url(problem(|builder| builder.url("https://a.example, https://b.example"))).contains("no public address"));
    assert!(matches!(problem(|builder| builder.theme_at("a.example", Theme::new())), ConfigError::Theme(_)));
    assert!(matches!(problem(|builder| builder.theme_at(ONE, Theme::new().brand_color("x"))), ConfigError::Theme(_)));
}
