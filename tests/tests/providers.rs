//! The shelf of providers: Scalekit as it comes and as it is customized, any OpenID Connect provider by its issuer, and
//! GitHub, which is neither.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::sync::{Arc, Mutex};

use authstile::env::Environment;
use authstile::github;
use authstile::oauth::authorize::ResponseMode;
use authstile::oauth::client_auth::ClientAuthentication;
use authstile::profile::{ProfileMap, STANDARD_CLAIMS};
use authstile::provider::{GITHUB, OIDC, ProfileSource, Protocol, Provider};
use authstile::{ConfigError, Customize as _, Registration, User};
use authstile_idp::{Client, Idp, Mode, Recorded};
use authstile_scalekit::{SCALEKIT, Scalekit, ScalekitProfile};
use authstile_testkit::{FakeTransport, FixedClock};
use authstile_tests::{
    APP, BASE, CLIENT_ID, CLIENT_SECRET, Ending, House, IDP, Leg, NOW, bare_scalekit, furnish, log::Log, network,
    scalekit,
};
use bytes::Bytes;
use http::{Request, Response, Uri};
use serde_json::{Value, json};
use url::Url;

fn all(url: &Url, name: &str) -> Vec<String> {
    url.query_pairs().filter(|(known, _)| known == name).map(|(_, value)| value.into_owned()).collect()
}

/// The claims of the hook at sign-in: what the mapping made of the profile.
type Seen = Arc<Mutex<Option<(User, String)>>>;

/// A house that tells the test who signed in, with the id of the account.
fn telling(registration: impl Into<Registration>) -> (House, Seen) {
    let (clock, seen) = (FixedClock::at(NOW), Seen::default());
    let idp = authstile_tests::provider(&clock);
    (telling_of(&idp, &clock, registration, &seen), seen)
}

fn telling_of(idp: &Idp, clock: &FixedClock, registration: impl Into<Registration>, seen: &Seen) -> House {
    let tell = seen.clone();
    House::of(idp, clock, |builder| {
        builder.provider(registration).sign_in(move |attempt| {
            *tell.lock().unwrap() = Some((attempt.user, attempt.account.provider_account_id));
            async { Ok(true) }
        })
    })
}

async fn who(house: &mut House, seen: &Seen) -> (User, String) {
    let page = house.sign_in().await;
    assert_eq!(page.location().unwrap().path(), "/dash", "{page:?}");
    seen.lock().unwrap().take().unwrap()
}

fn requests(idp: &Idp, path: &str) -> Vec<Recorded> {
    idp.requests().into_iter().filter(|request| request.path == path).collect()
}

mod scalekit_as_it_comes {
    use super::*;

    #[tokio::test]
    async fn its_card_is_that_of_auth_js() {
        assert_eq!((SCALEKIT.id, SCALEKIT.name), ("scalekit", "Scalekit"));
        assert_eq!((SCALEKIT.protocol, SCALEKIT.scope), (Protocol::Oidc, "openid email profile"));
        assert_eq!((SCALEKIT.style.background, SCALEKIT.style.text), ("#1c1c1e", "#fff"));
        assert_eq!(SCALEKIT.issuer, Some("{issuer}"), "every environment has its own");
        let configured = [SCALEKIT.authorization, SCALEKIT.token, SCALEKIT.jwks];
        assert!(configured.iter().all(|url| url.is_none()), "everything is discovered");

        let mut house = House::with(|builder| builder.provider(Scalekit::new(CLIENT_ID, CLIENT_SECRET, IDP)));
        let card = house.browser.get(&format!("{BASE}/providers")).await.json()["scalekit"].clone();
        assert_eq!(
            (&card["type"], &card["callbackUrl"]),
            (&json!("oidc"), &json!(format!("{BASE}/callback/scalekit")))
        );
        let page = house.browser.get(&format!("{BASE}/signin")).await;
        assert!(
            page.body.contains(".provider-scalekit{--provider-brand-color:#1c1c1e;--provider-text-color:#ffffff}"),
            "{}",
            page.body
        );
        assert!(page.body.contains("Sign in with <bdi>Scalekit</bdi>"), "{}", page.body);
    }

    #[tokio::test]
    async fn everything_is_discovered_from_the_issuer() {
        let mut house = House::new();
        house.sign_in().await;
        let asked: Vec<String> =
            house.transport.asked().iter().map(|(method, uri)| format!("{method} {}", uri.path())).collect();
        assert_eq!(asked, ["GET /.well-known/openid-configuration", "POST /oauth/token", "GET /keys"]);
    }

    #[test]
    fn it_is_configured_from_the_environment() {
        let (id, secret, issuer) = ("AUTH_SCALEKIT_ID", "AUTH_SCALEKIT_SECRET", "AUTH_SCALEKIT_ISSUER");
        let all = [(id, "skc_1"), (secret, "s"), (issuer, "https://acme.scalekit.com")];
        let scalekit = Scalekit::from_environment(&Environment::from_pairs(all)).unwrap();
        let registration = Registration::from(scalekit);
        assert_eq!(registration.provider_issuer().as_deref(), Some("https://acme.scalekit.com"));
        for missing in [id, secret, issuer] {
            for pairs in [
                all.iter().filter(|(name, _)| *name != missing).copied().collect::<Vec<_>>(),
                all.iter().map(|(name, value)| (*name, if *name == missing { " " } else { *value })).collect(),
            ] {
                let error = Scalekit::from_environment(&Environment::from_pairs(pairs)).unwrap_err();
                assert!(matches!(&error, ConfigError::Environment { variable, .. } if variable == missing), "{error}");
                assert!(error.to_string().starts_with(&format!("{missing} is not set: it must hold")), "{error}");
            }
        }
        // The process of a test has none of them.
        assert!(matches!(Scalekit::from_env(), Err(ConfigError::Environment { .. })));
    }

    #[test]
    fn its_issuer_may_be_on_any_host_and_a_slash_at_the_end_is_dropped() {
        for (given, kept) in [
            ("https://acme.scalekit.com", "https://acme.scalekit.com"),
            ("https://acme.scalekit.com/", "https://acme.scalekit.com"),
            ("https://acme-dev.scalekit.dev", "https://acme-dev.scalekit.dev"),
            ("https://sso.acme.com", "https://sso.acme.com"),
            ("http://127.0.0.1:4000", "http://127.0.0.1:4000"),
        ] {
            let scalekit = Registration::from(Scalekit::new("id", "secret", given));
            assert_eq!(scalekit.provider_issuer().as_deref(), Some(kept));
            assert!(House::stands(scalekit).is_ok(), "{given}");
        }
    }

    #[tokio::test]
    async fn connection_organization_and_domain_are_sent_all_three() {
        let scalekit = bare_scalekit().connection_id("conn_acme").organization_id("org_acme").domain("ACME.example");
        let mut house = House::with(|builder| builder.provider(scalekit));
        let asked = house.leave("/").await;
        assert_eq!(all(&asked, "connection_id"), ["conn_acme"]);
        assert_eq!(all(&asked, "organization_id"), ["org_acme"]);
        assert_eq!(all(&asked, "domain"), ["acme.example"], "domains are written in lower case");
        assert_eq!(house.sign_in().await.location().unwrap().path(), "/dash");
    }

    #[tokio::test]
    async fn its_profile_becomes_a_user() {
        let clock = FixedClock::at(NOW);
        let person = authstile_idp::User::new("Grace@ACME.example")
            .id("00u7")
            .given_name("Grace")
            .family_name("Hopper")
            .picture("https://img.example/g.png")
            .organization("org_acme");
        let idp = furnish(IDP, BASE, &clock).user(person).build();
        idp.auto_sign_in(Some("grace@acme.example"));
        let seen = Seen::default();
        let mut house = telling_of(&idp, &clock, scalekit(), &seen);
        let (user, account) = who(&mut house, &seen).await;
        assert_eq!(user.name.as_deref(), Some("Grace Hopper"), "made of the parts that are there");
        assert_eq!(user.email.as_deref(), Some("grace@acme.example"), "in lower case");
        assert_eq!((user.image.as_deref(), user.email_verified), (Some("https://img.example/g.png"), Some(true)));
        assert_eq!(account, "conn_acme;00u7", "the subject, as it came");
        assert_eq!(
            house.session().await["user"],
            json!({"name": "Grace Hopper", "email": "grace@acme.example", "image": "https://img.example/g.png"})
        );
    }

    #[tokio::test]
    async fn both_kinds_of_environment_sign_in() {
        for (mode, subject) in [(Mode::Modular, "conn_acme;"), (Mode::FullStack, "usr_")] {
            let clock = FixedClock::at(NOW);
            let idp = furnish(IDP, BASE, &clock).mode(mode).build();
            idp.auto_sign_in(Some("ada@acme.example"));
            let seen = Seen::default();
            let mut house = telling_of(&idp, &clock, scalekit(), &seen);
            let (_, account) = who(&mut house, &seen).await;
            assert!(account.starts_with(subject), "{mode:?}: {account}");
        }
    }

    /// What Auth.js's core did with the same card and the same requests, recorded.
    #[tokio::test]
    async fn sign_ins_ask_what_auth_js_asks_and_more_safely() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../crates/authstile-scalekit/tests/data/scalekit.json")).unwrap();
        // Here the browser must not have its way; what was pinned goes out instead.
        let differing =
            ["per_request_query_overrides_pinned_organization", "per_request_query_overrides_redirect_uri_and_scope"];
        for vector in vectors["authjs_behaviour"]["signin"].as_array().unwrap() {
            let (name, config) = (vector["name"].as_str().unwrap(), &vector["config"]);
            let text = |name: &str| config[name].as_str().map(str::to_owned);
            let mut scalekit = Scalekit::new("skc_1", "secret", IDP);
            scalekit = text("connectionId").into_iter().fold(scalekit, Scalekit::connection_id);
            scalekit = text("organizationId").into_iter().fold(scalekit, Scalekit::organization_id);
            scalekit = text("domain").into_iter().fold(scalekit, Scalekit::domain);
            for (name, value) in config["authorization"]["params"].as_object().into_iter().flatten() {
                let value = value.as_str().unwrap().to_owned();
                scalekit = if name == "scope" {
                    scalekit.scope(value)
                } else {
                    scalekit.authorization_param(name.clone(), value)
                };
            }
            let mut house = House::with(|builder| builder.provider(scalekit));
            let token = house.browser.csrf_token(BASE).await;
            let url = format!("{BASE}/signin/scalekit{}", vector["query"].as_str().unwrap());
            let page = house.browser.post(&url, &[("csrfToken", &token)]).await;
            assert_eq!(u64::from(page.status.as_u16()), vector["status"].as_u64().unwrap(), "{name}");
            let asked = page.location().unwrap();
            let mut expected = vector["params"].as_object().unwrap().clone();
            expected["redirect_uri"] = json!(format!("{BASE}/callback/scalekit"));
            if differing.contains(&name) {
                for (param, value) in
                    [("client_id", "skc_1"), ("scope", "openid email profile"), ("organization_id", "org_1")]
                {
                    expected[param] = json!(value);
                }
            }
            // Auth.js sends neither state nor nonce by default; we always do.
            let sent: Vec<(String, String)> =
                asked.query_pairs().into_owned().filter(|(name, _)| name != "state" && name != "nonce").collect();
            let names: Vec<&String> = sent.iter().map(|(name, _)| name).collect();
            assert_eq!(names, expected.keys().collect::<Vec<_>>(), "{name}: the same parameters in the same order");
            for (param, value) in &sent {
                match expected[param].as_str().unwrap() {
                    "<43 chars>" => assert_eq!(value.len(), 43, "{name}"),
                    theirs => assert_eq!(value, theirs, "{name}: {param}"),
                }
            }
            assert_eq!((all(&asked, "state").len(), all(&asked, "nonce").len()), (1, 1), "{name}");
        }
    }
}

mod customized {
    use super::*;

    #[tokio::test]
    async fn the_profile_by_a_closure_over_the_providers_type() {
        let (mut house, seen) = telling(scalekit().profile(|profile: ScalekitProfile| User {
            name:
                profile.display_name().map(|name| format!("{name} of {}", profile.oid.as_deref().unwrap_or("nowhere"))),
            email: profile.email,
            image: profile.amr.first().cloned(),
            id: profile.sub,
            ..User::default()
        }));
        let (user, account) = who(&mut house, &seen).await;
        assert_eq!(
            (user.name.as_deref(), user.image.as_deref()),
            (Some("Ada Lovelace of org_acme"), Some("conn_acme"))
        );
        assert_eq!((account.as_str(), user.email_verified), ("conn_acme;00u1ada", Some(true)));
    }

    #[tokio::test]
    async fn the_profile_by_a_closure_over_a_type_of_the_caller() {
        #[derive(serde::Deserialize)]
        struct Mine {
            sub: String,
            department: Department,
        }
        #[derive(serde::Deserialize)]
        struct Department {
            code: u16,
        }
        let clock = FixedClock::at(NOW);
        let person = authstile_idp::User::new("kay@acme.example").attribute("department", json!({"code": 42}));
        let idp = furnish(IDP, BASE, &clock).user(person).build();
        idp.auto_sign_in(Some("kay@acme.example"));
        let seen = Seen::default();
        let mine = |mine: Mine| User {
            id: mine.sub,
            name: Some(format!("department {}", mine.department.code)),
            ..User::default()
        };
        let mut house = telling_of(&idp, &clock, scalekit().profile(mine), &seen);
        let (user, _) = who(&mut house, &seen).await;
        assert_eq!((user.name.as_deref(), user.email), (Some("department 42"), None));
    }

    #[tokio::test]
    async fn the_profile_as_data() {
        let map = ProfileMap { id: "/sid", name: "/nothing ?? /amr/0", ..STANDARD_CLAIMS };
        let (mut house, seen) = telling(scalekit().profile_map(map));
        let (user, account) = who(&mut house, &seen).await;
        assert_eq!(user.name.as_deref(), Some("conn_acme"));
        assert!(account.starts_with("ses_"), "{account}");
    }

    #[tokio::test]
    async fn scope_and_further_parameters() {
        let scalekit = scalekit()
            .scope("openid email offline_access")
            .authorization_param("prompt", "login")
            .authorization_param("prompt", "consent")
            .authorization_param("x", "a b&c");
        let mut house = House::with(|builder| builder.provider(scalekit));
        let asked = house.leave("/").await;
        assert_eq!(all(&asked, "scope"), ["openid email offline_access"]);
        assert_eq!(all(&asked, "prompt"), ["consent"], "the last one said");
        assert_eq!(all(&asked, "x"), ["a b&c"]);
        assert_eq!(all(&asked, "domain"), ["acme.example"], "the rest is untouched");
    }

    #[tokio::test]
    async fn a_parameter_of_the_protocol_is_not_customized_this_way() {
        let scalekit = scalekit()
            .authorization_param("state", "mine")
            .authorization_param("client_id", "mine")
            .authorization_param("code_challenge_method", "plain");
        let mut house = House::with(|builder| builder.provider(scalekit));
        let asked = house.leave("/").await;
        assert!(!asked.as_str().contains("mine") && !asked.as_str().contains("plain"), "{asked}");
        assert_eq!(house.sign_in().await.location().unwrap().path(), "/dash");
    }

    #[tokio::test]
    async fn id_name_and_style() {
        let other = scalekit().id("other").name("Acme <SSO>").style("#0a0", "black");
        let mut house = House::with(|builder| builder.provider(scalekit()).provider(other));
        let cards = house.browser.get(&format!("{BASE}/providers")).await.json();
        assert_eq!(
            cards.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["scalekit", "other"],
            "in the order of configuration"
        );
        assert_eq!(
            (&cards["other"]["name"], &cards["other"]["signinUrl"]),
            (&json!("Acme <SSO>"), &json!(format!("{BASE}/signin/other")))
        );
        let page = house.browser.get(&format!("{BASE}/signin")).await;
        assert!(
            page.body.contains(".provider-other{--provider-brand-color:#00aa00;--provider-text-color:#000000}"),
            "{}",
            page.body
        );
        assert!(!page.body.contains("<SSO>"), "a name is text");
        let left = house.browser.press_sign_in(BASE, "other", "/dash").await.location().unwrap();
        assert_eq!(all(&left, "redirect_uri"), [format!("{BASE}/callback/other")]);
        let callback = house.browser.get(left.as_str()).await.location().unwrap();
        assert_eq!(house.browser.get(callback.as_str()).await.location().unwrap().path(), "/dash");
    }

    /// A network on which everything below `/custom` is the provider's, too.
    fn rerouted(idp: &Idp) -> FakeTransport {
        let idp = idp.clone();
        FakeTransport::new(move |request: Request<Bytes>| {
            let (mut parts, body) = request.into_parts();
            let path = parts.uri.path().trim_start_matches("/custom").to_owned();
            parts.uri = format!("{IDP}{path}").parse::<Uri>().unwrap();
            idp.handle(Request::from_parts(parts, body))
        })
    }

    #[tokio::test]
    async fn each_endpoint_by_itself() {
        let custom = |path: &str| format!("{IDP}/custom{path}");
        for (scalekit, path, discovered) in [
            (scalekit().authorization_endpoint(custom("/oauth/authorize?kept=1")), "/oauth/authorize", true),
            (scalekit().token_endpoint(custom("/oauth/token")), "/oauth/token", true),
            (scalekit().jwks_uri(custom("/keys")), "/keys", true),
            (scalekit().userinfo_endpoint(custom("/userinfo")), "/userinfo", true),
        ] {
            let clock = FixedClock::at(NOW);
            let idp = authstile_tests::provider(&clock);
            let transport = rerouted(&idp);
            let mut house =
                House::build(APP, "/api/auth", &idp, transport.clone(), &clock, |builder| builder.provider(scalekit));
            let asked = house.leave("/dash").await;
            if path == "/oauth/authorize" {
                assert!(asked.as_str().starts_with(&custom("/oauth/authorize?kept=1&response_type=code&")), "{asked}");
            }
            let there = asked.as_str().replace("/custom", "");
            let callback = house.browser.get(&there).await.location().unwrap();
            assert_eq!(house.browser.get(callback.as_str()).await.location().unwrap().path(), "/dash", "{path}");
            let paths: Vec<String> = transport.asked().iter().map(|(_, uri)| uri.path().to_owned()).collect();
            if path != "/oauth/authorize" {
                assert!(paths.contains(&format!("/custom{path}")) && !paths.contains(&path.to_owned()), "{paths:?}");
            }
            assert_eq!(paths.contains(&"/.well-known/openid-configuration".to_owned()), discovered, "{paths:?}");
            assert_eq!(
                paths.iter().filter(|asked| asked.starts_with("/custom")).count(),
                usize::from(path != "/oauth/authorize"),
                "only this one: {paths:?}"
            );
        }
    }

    #[tokio::test]
    async fn how_we_prove_who_we_are() {
        for (method, scheme, in_form) in [
            (None, Some("Basic"), false),
            (Some(ClientAuthentication::Basic), Some("Basic"), false),
            (Some(ClientAuthentication::Post), None, true),
        ] {
            let scalekit =
                method.into_iter().fold(scalekit(), |scalekit, method| scalekit.client_authentication(method));
            let mut house = House::with(|builder| builder.provider(scalekit));
            assert_eq!(house.sign_in().await.location().unwrap().path(), "/dash", "{method:?}");
            let request = requests(&house.idp, "/oauth/token").pop().unwrap();
            assert_eq!(request.authorization_scheme.as_deref(), scheme, "{method:?}");
            let secret = request.form.iter().find(|(name, _)| name == "client_secret").map(|(_, value)| value.as_str());
            assert_eq!(secret, in_form.then_some(CLIENT_SECRET), "{method:?}");
            assert_eq!(request.form.iter().any(|(name, _)| name == "client_id"), in_form, "{method:?}");
        }
    }

    #[tokio::test]
    async fn a_public_client_has_no_secret() {
        let clock = FixedClock::at(NOW);
        let idp = furnish(IDP, BASE, &clock)
            .client(Client::public("skc_public").redirect_uri(format!("{BASE}/callback/scalekit")))
            .build();
        idp.auto_sign_in(Some("ada@acme.example"));
        let scalekit = Scalekit::new("skc_public", "", IDP).domain("acme.example").without_secret();
        let mut house = House::of(&idp, &clock, |builder| builder.provider(scalekit));
        assert_eq!(house.sign_in().await.location().unwrap().path(), "/dash");
        let request = requests(&idp, "/oauth/token").pop().unwrap();
        assert_eq!(request.authorization_scheme, None);
        assert!(request.form.contains(&("client_id".to_owned(), "skc_public".to_owned())), "{request:?}");
        assert!(!request.form.iter().any(|(name, _)| name == "client_secret"));
    }

    #[tokio::test]
    async fn the_profile_from_userinfo() {
        let (mut house, seen) = telling(scalekit().profile_source(ProfileSource::UserInfo));
        let (user, account) = who(&mut house, &seen).await;
        assert_eq!((user.name.as_deref(), account.as_str()), (Some("Ada Lovelace"), "conn_acme;00u1ada"));
        let request = requests(&house.idp, "/userinfo").pop().unwrap();
        assert_eq!((request.method.as_str(), request.authorization_scheme.as_deref()), ("GET", Some("Bearer")));
        assert!(request.query.is_empty(), "no token in an address");
        assert_eq!(house.transport.count("/keys"), 1, "the ID token is verified all the same");
    }

    #[tokio::test]
    async fn another_issuer_and_another_way_to_answer() {
        let elsewhere =
            Scalekit::new(CLIENT_ID, CLIENT_SECRET, "https://elsewhere.example").issuer(IDP).domain("acme.example");
        let mut house = House::with(|builder| builder.provider(elsewhere));
        assert_eq!(house.sign_in().await.location().unwrap().path(), "/dash");
        let mut house = House::with(|builder| builder.provider(scalekit().response_mode(ResponseMode::FormPost)));
        assert_eq!(all(&house.leave("/").await, "response_mode"), ["form_post"]);
    }
}

mod generic {
    use super::*;

    #[tokio::test]
    async fn an_issuer_is_all_that_an_openid_connect_provider_needs() {
        let clock = FixedClock::at(NOW);
        let idp = furnish(IDP, BASE, &clock).mode(Mode::FullStack).build();
        idp.auto_sign_in(Some("ada@acme.example"));
        let seen = Seen::default();
        let mut house =
            telling_of(&idp, &clock, Provider::oidc("other", IDP).register(CLIENT_ID, CLIENT_SECRET), &seen);
        let card = house.browser.get(&format!("{BASE}/providers")).await.json()["other"].clone();
        assert_eq!((&card["name"], &card["type"]), (&json!("other"), &json!("oidc")));
        let asked = house.browser.press_sign_in(BASE, "other", "/dash").await.location().unwrap();
        assert_eq!(all(&asked, "scope"), [OIDC.scope]);
        assert!(all(&asked, "scope")[0].split(' ').any(|scope| scope == "openid"));
        let callback = house.browser.get(asked.as_str()).await.location().unwrap();
        assert_eq!(house.browser.get(callback.as_str()).await.location().unwrap().path(), "/dash");
        assert_eq!(seen.lock().unwrap().take().unwrap().0.name.as_deref(), Some("Ada Lovelace"));
    }

    #[tokio::test]
    async fn two_providers_side_by_side_do_not_mix() {
        let clock = FixedClock::at(NOW);
        let idp = furnish(IDP, BASE, &clock).build();
        idp.auto_sign_in(Some("ada@acme.example"));
        let mut house = House::build(APP, "/api/auth", &idp, network(&idp), &clock, |builder| {
            builder.provider(scalekit()).provider(github("gh_id", "gh_secret"))
        });
        assert_eq!(house.sign_in().await.location().unwrap().path(), "/dash");
        let to_github = house.browser.press_sign_in(BASE, "github", "/dash").await.location().unwrap();
        assert!(to_github.as_str().starts_with("https://github.com/login/oauth/authorize?"), "{to_github}");
        assert_eq!(all(&to_github, "client_id"), ["gh_id"]);
        assert!(!to_github.as_str().contains("domain="), "{to_github}");
    }
}

mod github_as_a_provider {
    use super::*;

    /// GitHub, as far as a sign-in sees it.
    #[derive(Clone)]
    struct Script {
        token: Value,
        user: (u16, Value),
        emails: (u16, Value),
    }

    type Asked = Arc<Mutex<Vec<(String, http::HeaderMap, String)>>>;

    impl Script {
        fn new() -> Self {
            Self {
                token: json!({"access_token": "gho_token", "token_type": "bearer", "scope": "read:user,user:email"}),
                user: (
                    200,
                    json!({"id": 583_231, "login": "octocat", "name": "The Octocat", "email": null, "avatar_url": "https://avatars.example/1"}),
                ),
                emails: (
                    200,
                    json!([
                        {"email": "old@example.com", "primary": false, "verified": true},
                        {"email": "Octo@GitHub.example", "primary": true, "verified": true},
                    ]),
                ),
            }
        }

        fn network(&self, asked: &Asked) -> FakeTransport {
            let (script, asked) = (self.clone(), asked.clone());
            FakeTransport::new(move |request| {
                let url = request.uri().to_string();
                let body = String::from_utf8_lossy(request.body()).into_owned();
                asked.lock().unwrap().push((url.clone(), request.headers().clone(), body));
                let (status, body) = match url.as_str() {
                    "https://github.com/login/oauth/access_token" => (200, script.token.clone()),
                    "https://api.github.com/user" => script.user.clone(),
                    "https://api.github.com/user/emails" => script.emails.clone(),
                    other => panic!("GitHub has no {other}"),
                };
                Response::builder().status(status).body(body.to_string().into()).unwrap()
            })
        }

        /// A sign-in whose answer carries further parameters.
        async fn sign_in(
            &self,
            further: &str,
        ) -> (Ending, Option<(User, String)>, Vec<(String, http::HeaderMap, String)>, Value) {
            let (clock, seen, asked) = (FixedClock::at(NOW), Seen::default(), Asked::default());
            let idp = furnish(IDP, BASE, &clock).build();
            let tell = seen.clone();
            let mut house = House::build(APP, "/api/auth", &idp, self.network(&asked), &clock, |builder| {
                builder.provider(github("gh_id", "gh_secret")).sign_in(move |attempt| {
                    *tell.lock().unwrap() = Some((attempt.user, attempt.account.provider_account_id));
                    async { Ok(true) }
                })
            });
            let to = house.browser.press_sign_in(BASE, "github", "/dash").await.location().unwrap();
            assert!(
                to.as_str().starts_with("https://github.com/login/oauth/authorize?response_type=code&client_id=gh_id&"),
                "{to}"
            );
            assert_eq!(all(&to, "scope"), ["read:user user:email"]);
            assert_eq!((all(&to, "nonce").len(), all(&to, "state").len(), all(&to, "code_challenge").len()), (0, 1, 1));
            let log = Log::keep();
            let back = format!("{BASE}/callback/github?code=gh_code&state={}{further}", all(&to, "state")[0]);
            let page = house.browser.get(&back).await;
            let ending = Ending::read(Leg::Callback, page, &log);
            let seen = seen.lock().unwrap().take();
            let asked = asked.lock().unwrap().clone();
            (ending, seen, asked, house.session().await)
        }
    }

    #[tokio::test]
    async fn the_primary_verified_address_is_asked_for_separately() {
        let (ending, seen, asked, session) =
            Script::new().sign_in("&iss=https%3A%2F%2Fgithub.com%2Flogin%2Foauth").await;
        assert_eq!(ending.path, "/dash", "{ending:?}");
        let (user, account) = seen.unwrap();
        assert_eq!((user.email.as_deref(), user.email_verified), (Some("octo@github.example"), Some(true)));
        assert_eq!(account, "583231", "the number, as text");
        assert_eq!(
            session["user"],
            json!({"name": "The Octocat", "email": "octo@github.example", "image": "https://avatars.example/1"})
        );
        let urls: Vec<&str> = asked.iter().map(|(url, ..)| url.as_str()).collect();
        assert_eq!(
            urls,
            [
                "https://github.com/login/oauth/access_token",
                "https://api.github.com/user",
                "https://api.github.com/user/emails"
            ],
            "nothing is discovered"
        );
        assert!(asked[0].1["authorization"].to_str().unwrap().starts_with("Basic "));
        assert_eq!(asked[0].1["accept"], "application/json");
        assert!(asked[0].2.contains("code=gh_code") && asked[0].2.contains("code_verifier="), "{}", asked[0].2);
        for (url, headers, _) in &asked[1..] {
            assert_eq!(headers["authorization"], "Bearer gho_token", "{url}");
            assert!(headers.contains_key("user-agent"), "GitHub refuses requests without one");
        }
    }

    #[tokio::test]
    async fn an_address_that_is_not_primary_and_verified_is_none() {
        for emails in [
            (
                200,
                json!([{"email": "a@example.com", "primary": true, "verified": false}, {"email": "b@example.com", "primary": false, "verified": true}]),
            ),
            (200, json!([{"email": "a@example.com", "primary": true, "verified": "true"}])),
            (200, json!([{"email": "a@example.com", "primary": true}])),
            (200, json!([])),
            (200, json!({"message": "not a list"})),
            (403, json!({"message": "Resource not accessible"})),
            (404, json!([{"email": "a@example.com", "primary": true, "verified": true}])),
        ] {
            let (ending, seen, ..) = Script { emails: emails.clone(), ..Script::new() }.sign_in("").await;
            assert_eq!(ending.path, "/dash", "{emails:?}: the scope may not have been granted");
            assert_eq!(seen.unwrap().0.email, None, "{emails:?}");
        }
    }

    #[tokio::test]
    async fn an_address_on_the_profile_needs_no_second_request() {
        let user = (200, json!({"id": 1, "login": "octocat", "name": null, "email": "public@example.com"}));
        let (_, seen, asked, session) = Script { user, ..Script::new() }.sign_in("").await;
        assert_eq!(seen.unwrap().0.email.as_deref(), Some("public@example.com"));
        assert_eq!(asked.len(), 2);
        assert_eq!(session["user"]["name"], "octocat", "who has no name has a login");
    }

    #[tokio::test]
    async fn an_error_is_never_a_profile() {
        for (status, body) in [
            (401, json!({"message": "Bad credentials", "id": 1})),
            (403, json!({"id": 1})),
            (500, json!({"id": 1})),
            (302, json!({"id": 1})),
            (200, json!([])),
            (200, json!("text")),
        ] {
            let (ending, seen, asked, session) =
                Script { user: (status, body.clone()), ..Script::new() }.sign_in("").await;
            assert_eq!(ending.code.as_deref(), Some("OAuthCallbackError"), "{status} {body}");
            assert!(ending.error.as_deref().unwrap().contains("the userinfo endpoint answered"), "{ending:?}");
            assert!(seen.is_none() && asked.len() == 2);
            assert_eq!(session, Value::Null, "{status} {body}");
        }
    }

    #[tokio::test]
    async fn who_has_no_id_is_nobody() {
        for user in
            [json!({"login": "octocat"}), json!({"id": null}), json!({"id": ""}), json!({"id": {}}), json!({"id": [1]})]
        {
            let (ending, seen, _, session) = Script { user: (200, user.clone()), ..Script::new() }.sign_in("").await;
            assert_eq!(ending.code.as_deref(), Some("OAuthCallbackError"), "{user}");
            assert!(ending.error.as_deref().unwrap().contains("the profile names no subject"), "{ending:?}");
            assert!(seen.is_none());
            assert_eq!(session, Value::Null, "no random id is invented");
        }
    }

    #[tokio::test]
    async fn an_error_with_status_200_is_an_error() {
        let token =
            json!({"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."});
        let (ending, _, asked, session) = Script { token, ..Script::new() }.sign_in("").await;
        assert_eq!(ending.code.as_deref(), Some("OAuthCallbackError"));
        assert!(ending.error.unwrap().contains("bad_verification_code"));
        assert_eq!((asked.len(), session), (1, Value::Null));
    }

    #[tokio::test]
    async fn an_answer_of_another_issuer_is_refused() {
        let (ending, _, asked, session) = Script::new().sign_in("&iss=https%3A%2F%2Fevil.example").await;
        assert_eq!(ending.code.as_deref(), Some("OAuthCallbackError"));
        assert_eq!((asked.len(), session), (0, Value::Null), "before anything is asked");
    }

    #[tokio::test]
    async fn an_id_token_that_nobody_asked_for_is_ignored() {
        let mut token = Script::new().token;
        token["id_token"] = json!("not.a.token");
        let (ending, seen, ..) = Script { token, ..Script::new() }.sign_in("").await;
        assert_eq!(ending.path, "/dash");
        assert_eq!(seen.unwrap().1, "583231");
    }

    #[test]
    fn its_card_names_every_endpoint() {
        assert_eq!(
            (GITHUB.id, GITHUB.protocol, GITHUB.issuer),
            ("github", Protocol::OAuth2, Some("{base_url}/login/oauth"))
        );
        let issuer = github("id", "secret").provider_issuer();
        assert_eq!(issuer.as_deref(), Some("https://github.com/login/oauth"));
        let enterprise = github("id", "secret").option("base_url", "https://ghe.example/").provider_issuer();
        assert_eq!(enterprise.as_deref(), Some("https://ghe.example/login/oauth"));
    }
}
