//! An engine that could not work, or would not be safe, is not built; and the error says what is wrong and how to mend it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use authstile::env::Environment;
use authstile::github;
use authstile::oauth::client_auth::ClientAuthentication;
use authstile::provider::{GET, OIDC, Protocol, Provider, UserInfoRequest};
use authstile::seal::{MIN_SECRET, Secrets, WeakSecret};
use authstile::{
    Auth, AuthBuilder, ColorScheme, ConfigError, Customize as _, HostPolicy, Registration, Theme, WeakSecrets,
};
use authstile_testkit::{FakeTransport, TEST_SECRET};

fn offline() -> FakeTransport {
    FakeTransport::new(|request| panic!("building an engine asks nobody, and not {}", request.uri()))
}

/// An engine that can be built.
fn sound() -> AuthBuilder {
    Auth::builder().secret(TEST_SECRET).url("https://app.example").transport(offline())
}

fn acme() -> Registration {
    Provider::oidc("acme", "https://login.example").register("client", "secret")
}

fn problem(builder: AuthBuilder) -> ConfigError {
    builder.build().expect_err("this must not be built")
}

#[test]
fn a_sound_engine_is_built_without_asking_anybody() {
    sound().provider(acme()).provider(github("id", "secret")).build().unwrap();
    sound().build().expect("no provider is no mistake: there may be other ways to sign in");
}

// Advisories: badsecrets.
#[test]
fn a_secret_that_can_be_guessed_is_refused() {
    let build =
        |secrets: &[&str]| Auth::builder().secrets(Secrets::new(secrets.iter().copied())).transport(offline()).build();
    let weak = |secrets: &[&str]| match build(secrets) {
        Err(ConfigError::Secret(weak)) => weak,
        other => panic!("{secrets:?}: {other:?}"),
    };
    assert_eq!(weak(&[]), WeakSecret::Missing);
    assert_eq!(weak(&["", ""]), WeakSecret::Missing);
    assert_eq!(weak(&["k"]), WeakSecret::TooShort { length: 1 });
    let almost = TEST_SECRET.get(..MIN_SECRET - 1).unwrap();
    assert_eq!(weak(&[almost]), WeakSecret::TooShort { length: 31 });
    for known in [
        "secret-secret-secret-secret-secret-secret",
        "my-super-secret-key-for-development-only",
        "complex_password_at_least_32_characters_long",
        "your-secret-here-your-secret-here-1234",
        "CHANGEME-CHANGEME-CHANGEME-CHANGEME-1",
        "nextauth-secret-0123456789abcdefghijklmnop",
        "00000000000000000000000000000000",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "12345678901234567890123456789012",
        "passwordpasswordpasswordpassword",
    ] {
        assert_eq!(weak(&[known]), WeakSecret::WellKnown, "{known}");
    }
    // Each of several opens sessions: the weakest counts.
    assert_eq!(weak(&[TEST_SECRET, "old"]), WeakSecret::TooShort { length: 3 });
    assert!(build(&[TEST_SECRET]).is_ok());
    assert!(build(&[TEST_SECRET.get(..MIN_SECRET).unwrap()]).is_ok());
    let hint = ConfigError::from(WeakSecret::Missing).to_string();
    assert!(hint.contains("AUTH_SECRET") && hint.contains("authstile secret"), "{hint}");
}

#[test]
fn a_weak_secret_is_accepted_only_in_so_many_words_and_none_never() {
    let build = |secrets: &[&str], weak| {
        let secrets = Secrets::new(secrets.iter().copied());
        Auth::builder().secrets(secrets).danger_weak_secrets(weak).transport(offline()).build()
    };
    assert!(build(&["secret"], WeakSecrets::Accept).is_ok());
    assert!(matches!(build(&["secret"], WeakSecrets::Refuse), Err(ConfigError::Secret(WeakSecret::TooShort { .. }))));
    assert!(matches!(build(&[], WeakSecrets::Accept), Err(ConfigError::Secret(WeakSecret::Missing))));
}

#[test]
fn two_providers_with_one_id_are_refused() {
    let error = problem(sound().provider(acme()).provider(github("id", "secret").id("acme")));
    assert!(matches!(&error, ConfigError::DuplicateProvider(id) if id == "acme"), "{error}");
    assert!(error.to_string().contains(".id("), "{error}");
    assert!(sound().provider(acme()).provider(acme().id("acme2")).build().is_ok());
    assert!(sound().provider(acme()).provider(acme().id("Acme")).build().is_ok(), "ids are compared as they are");
}

#[test]
fn an_id_that_is_no_path_segment_is_refused() {
    for id in [
        "",
        "a/b",
        "a b",
        "ä",
        "a%2fb",
        "a?b",
        "a#b",
        "../x",
        ".",
        "..",
        "undefined",
        "a\nb",
        "a;b",
        "<b>",
        "a\\b",
        "a:b",
    ] {
        let error = problem(sound().provider(acme().id(id)));
        assert!(matches!(&error, ConfigError::Provider { provider, .. } if provider == id), "{id:?}: {error}");
    }
    for id in ["a", "42-school", "azure_ad", "a.b", "A"] {
        assert!(sound().provider(acme().id(id)).build().is_ok(), "{id}");
    }
}

#[track_caller]
fn assert_provider_problem(registration: Registration, words: &str) {
    let error = problem(sound().provider(registration));
    assert!(matches!(&error, ConfigError::Provider { .. }), "{error}");
    assert!(error.to_string().contains(words), "{error} should say {words:?}");
}

#[test]
fn a_provider_that_could_not_work_is_refused() {
    assert_provider_problem(OIDC.register("client", "secret"), "needs its issuer");
    assert_provider_problem(github("", "secret"), "client id is empty");
    assert_provider_problem(github("id\n", "secret"), "control characters");
    assert_provider_problem(github("id", ""), "client secret is empty");
    let bare = Provider { protocol: Protocol::OAuth2, issuer: None, ..OIDC };
    assert_provider_problem(bare.register("client", "secret"), "needs an authorization and a token endpoint");
    let half = bare.register("client", "secret").authorization_endpoint("https://p.example/authorize");
    assert_provider_problem(half.clone(), "needs an authorization and a token endpoint");
    assert_provider_problem(half.token_endpoint("https://p.example/token"), "has no ID token");

    // A public client is spelled as one.
    assert!(sound().provider(acme().without_secret()).build().is_ok());
    let none = Provider::oidc("acme", "https://login.example")
        .register("client", "")
        .client_authentication(ClientAuthentication::None);
    assert!(sound().provider(none).build().is_ok());
}

#[test]
fn an_issuer_must_be_https_except_on_this_machine() {
    for (issuer, words) in [
        ("http://login.example", "must use https"),
        ("http://10.0.0.1", "must use https"),
        ("http://localhost.evil.example", "must use https"),
        ("ftp://login.example", "must use https"),
        ("login.example", "is not an absolute URL"),
        ("", "is not an absolute URL"),
        ("https://login.example?x=1", "query or a fragment"),
        ("https://login.example#x", "query or a fragment"),
        ("https://user:pass@login.example", "user information"),
    ] {
        assert_provider_problem(acme().issuer(issuer), words);
    }
    for issuer in [
        "http://127.0.0.1:4000",
        "http://localhost:4000",
        "http://[::1]:4000",
        "http://op.localhost",
        "https://10.0.0.1",
    ] {
        assert!(sound().provider(acme().issuer(issuer)).build().is_ok(), "{issuer}");
    }
}

#[test]
fn a_configured_endpoint_must_be_https_except_on_this_machine() {
    type Set = fn(Registration, &'static str) -> Registration;
    let setters: [(&str, Set); 4] = [
        ("authorization_endpoint", |registration, url| registration.authorization_endpoint(url)),
        ("token_endpoint", |registration, url| registration.token_endpoint(url)),
        ("jwks_uri", |registration, url| registration.jwks_uri(url)),
        ("userinfo_endpoint", |registration, url| registration.userinfo_endpoint(url)),
    ];
    for (name, set) in setters {
        for url in [
            "http://login.example/x",
            "/x",
            "x",
            "",
            "javascript:alert(1)",
            "ftp://login.example/x",
            "http://127.0.0.1/x",
        ] {
            let error = problem(sound().provider(set(acme(), url)));
            assert!(error.to_string().contains(name), "{error}: {name} {url}");
            assert!(matches!(error, ConfigError::Provider { .. }));
        }
        assert!(sound().provider(set(acme(), "https://other.example/x")).build().is_ok(), "{name}");
        let local = acme().issuer("http://127.0.0.1:4000");
        assert!(sound().provider(set(local.clone(), "http://127.0.0.1:5000/x")).build().is_ok(), "{name}");
        assert!(sound().provider(set(local, "http://login.example/x")).build().is_err(), "{name}");
        // Plain OAuth has no issuer that could say so; there this machine is this machine.
        let plain = Provider { issuer: None, ..authstile::provider::GITHUB }.register("id", "secret");
        assert!(sound().provider(set(plain.clone(), "http://login.example/x")).build().is_err(), "{name}");
        assert!(sound().provider(set(plain, "http://localhost:5000/x")).build().is_ok(), "{name}");
    }
    const EMAILS: Provider = Provider {
        userinfo: &[GET, UserInfoRequest { url: Some("http://api.example/emails"), into: "/emails", ..GET }],
        ..authstile::provider::GITHUB
    };
    assert_provider_problem(EMAILS.register("id", "secret"), "must use https");
}

#[test]
fn a_base_path_is_a_path() {
    for path in ["auth", "/auth/", "/", "/auth?x=1", "/auth#x", "https://app.example/auth"] {
        let error = problem(sound().base_path(path));
        assert!(matches!(&error, ConfigError::BasePath(got) if got == path), "{path}: {error}");
    }
    for path in ["", "/auth", "/api/auth", "/a.b"] {
        assert_eq!(sound().base_path(path).build().unwrap().base_path(), path);
    }
    assert_eq!(sound().build().unwrap().base_path(), "/api/auth");
}

#[test]
fn a_public_address_is_an_address() {
    for url in
        ["", "app.example", "/auth", "ftp://app.example", "javascript:alert(1)", "https://", "https:// app.example"]
    {
        let error = problem(Auth::builder().secret(TEST_SECRET).transport(offline()).url(url));
        assert!(matches!(&error, ConfigError::Url(_)), "{url}: {error}");
        assert!(error.to_string().contains("https://app.example.com"), "{error}");
    }
    assert_eq!(sound().url("https://app.example/sso/").build().unwrap().base_path(), "/sso");
    for origin in ["partner.example", "/x", "ftp://partner.example", ""] {
        let error = problem(sound().allow_return_to(origin));
        assert!(matches!(&error, ConfigError::Url(text) if text.starts_with("allow_return_to")), "{origin}: {error}");
    }
}

#[test]
fn the_environment_is_read_as_auth_js_names_it_and_refused_where_it_is_wrong() {
    let build = |pairs: &[(&'static str, &'static str)]| {
        let builder = Auth::builder().environment(&Environment::from_pairs(pairs.iter().copied()))?;
        builder.transport(offline()).build()
    };
    let secret = ("AUTH_SECRET", TEST_SECRET);
    assert!(build(&[secret]).is_ok());
    assert!(build(&[("NEXTAUTH_SECRET", TEST_SECRET), ("NEXTAUTH_URL", "https://app.example")]).is_ok());
    assert_eq!(build(&[secret, ("AUTH_URL", "https://app.example/auth")]).unwrap().base_path(), "/auth");
    assert!(matches!(build(&[]), Err(ConfigError::Secret(WeakSecret::Missing))));
    assert!(matches!(
        build(&[("AUTH_SECRET_1", "short"), secret]),
        Err(ConfigError::Secret(WeakSecret::TooShort { .. }))
    ));
    for (name, value) in [
        ("AUTH_URL", "app.example"),
        ("AUTH_URL", "ftp://x"),
        ("NEXTAUTH_URL", "nonsense"),
        ("AUTH_TRUST_HOST", "perhaps"),
    ] {
        let error = build(&[secret, (name, value)]).unwrap_err();
        assert!(
            matches!(&error, ConfigError::Environment { variable, .. } if variable == name),
            "{name}={value}: {error}"
        );
    }
    let policy =
        |pairs: &[(&'static str, &'static str)]| Environment::from_pairs(pairs.iter().copied()).host_policy().unwrap();
    assert_eq!(policy(&[("AUTH_TRUST_HOST", "false")]), HostPolicy::LoopbackOnly, "false is false, unlike in Auth.js");
}

#[test]
fn a_theme_that_could_not_be_shown_or_would_be_more_than_a_theme_is_refused() {
    let themed = |theme: Theme| sound().provider(acme()).theme(theme).build();
    for color in [
        "",
        "notacolor",
        "#12",
        "#gggggg",
        "red;}body{display:none",
        "url(https://evil.example)",
        "var(--x)",
        "expression(alert(1))",
        "#fff\"><script>",
    ] {
        for theme in [
            Theme { brand_color: Some(color.into()), ..Theme::new() },
            Theme { button_text: Some(color.into()), ..Theme::new() },
        ] {
            let error = themed(theme).unwrap_err();
            assert!(matches!(&error, ConfigError::Theme(_)), "{color}: {error}");
        }
        for style in [(color, "#fff"), ("#000", color)] {
            let error = problem(sound().provider(acme().style(style.0, style.1)));
            assert!(matches!(&error, ConfigError::Theme(_)), "{color}: {error}");
        }
    }
    for logo in [
        "javascript:alert(1)",
        "http://cdn.example/logo.svg",
        "data:text/html,x",
        "",
        "//cdn.example/logo.svg",
        "https://cdn.example/;script-src *",
    ] {
        let outcome = themed(Theme { logo: Some(logo.into()), ..Theme::new() });
        assert!(matches!(outcome, Err(ConfigError::Theme(_))), "{logo}");
    }
    for color_scheme in [ColorScheme::Auto, ColorScheme::Light, ColorScheme::Dark] {
        let theme =
            Theme { color_scheme, brand_color: Some("#7a1f5c".into()), logo: Some("/logo.svg".into()), ..Theme::new() };
        assert!(themed(theme).is_ok());
    }
}

#[test]
fn an_engine_without_a_way_to_the_network_is_refused() {
    let error = problem(Auth::builder().secret(TEST_SECRET).provider(acme()));
    assert!(matches!(error, ConfigError::MissingTransport));
    assert!(error.to_string().contains("ReqwestTransport"), "{error}");
}

#[test]
fn what_is_printed_for_debugging_shows_no_secret() {
    let builder =
        sound().provider(Provider::oidc("acme", "https://login.example").register("client", "hunter2-hunter2"));
    let shown = format!("{builder:?} {:?}", builder);
    assert!(!shown.contains("hunter2") && !shown.contains(TEST_SECRET), "{shown}");
    let auth = builder.build().unwrap();
    let shown = format!("{auth:?} {auth:#?}");
    assert!(!shown.contains("hunter2") && !shown.contains(TEST_SECRET), "{shown}");
    let environment = Environment::from_pairs([("AUTH_SECRET", TEST_SECRET), ("AUTH_ACME_SECRET", "hunter2-hunter2")]);
    let shown = format!("{environment:?} {:?}", environment.provider("acme"));
    assert!(!shown.contains("hunter2") && !shown.contains(TEST_SECRET), "{shown}");
}
