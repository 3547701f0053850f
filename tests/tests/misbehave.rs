//! If the provider lies here, which leaf says so? Every [`Misbehave`] switch ends in its own error, and nobody is signed
//! in; the few that are no lies end in a session.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use authstile::provider::ProfileSource;
use authstile::{Customize as _, SignInDecision};
use authstile_idp::{Idp, Misbehave, Rotation, Scene};
use authstile_testkit::FixedClock;
use authstile_tests::{CLIENT_ID, Ending, House, IDP, Leg, NOW, bare_scalekit, provider, scalekit};
use serde_json::Value;

/// What becomes of a sign-in.
enum Verdict {
    /// Somebody is signed in.
    Session,
    /// Nobody is: the leg, the page's reason, and what the log must say.
    Refused(Leg, &'static str, &'static str),
}

use Verdict::{Refused, Session};

const MISBEHAVED: &str = "ProviderMisbehaved";

/// The verdict on a deviation, when the application asked for `domain=acme.example` and nothing else.
fn verdict(case: Misbehave) -> Verdict {
    use Leg::{Callback, SignIn};
    use Misbehave::*;
    let begin = |text| Refused(SignIn, MISBEHAVED, text);
    let end = |text| Refused(Callback, MISBEHAVED, text);
    match case {
        DiscoveryIssuerMismatch => {
            begin(r#"names issuer "http://127.0.0.1:4000INVALID", but "http://127.0.0.1:4000" was"#)
        }
        DiscoveryNotJson => begin("the discovery document is not usable JSON"),
        DiscoveryMissingTokenEndpoint => begin("the provider has no token_endpoint"),
        DiscoveryPrivateAddressEndpoint => begin(r#""http://169.254.169.254/latest/meta-data/token""#),
        DiscoveryInsecureEndpoint => begin(
            r#"token_endpoint must use https (http only on loopback, and only when the issuer is on loopback too): "http://example.com/token""#,
        ),
        DiscoveryJwksUriKeys => Session,
        JwksNotJson => end("the key set is not usable JSON"),
        JwksEmpty => end("among 0 key(s)"),

        AuthorizationResponseInvalidIss => {
            end(r#"iss is Some("https://attacker.example"), but "http://127.0.0.1:4000" was asked"#)
        }
        AuthorizationResponseMissingIss => end(r#"iss is None, but "http://127.0.0.1:4000" was asked"#),
        AuthorizationResponseDuplicateCode => end(r#"parameter "code" came more than once"#),
        AuthorizationResponseInvalidState => Refused(Callback, "SignInUnknown", "no sign-in under way with that state"),
        AuthorizationResponseMissingState => Refused(Callback, "SignInUnknown", "the answer has no state"),
        AuthorizationResponseErrorAndCode => {
            Refused(Callback, "ProviderDenied", r#"the provider answered "access_denied""#)
        }
        AuthorizationErrorAccessDenied => {
            Refused(Callback, "ProviderDenied", r#"the provider answered "access_denied": "The user denied access""#)
        }
        AuthorizationErrorServerError => Refused(
            Callback,
            "ProviderRefused",
            r#"the provider answered "server_error": "The identity provider failed""#,
        ),
        AuthorizationErrorUnknownCode => {
            Refused(Callback, "ProviderRefused", r#"the provider answered "flux_capacitor_empty""#)
        }

        TokenErrorInvalidClient => {
            Refused(Callback, "ProviderRefused", r#"the token endpoint answered 401 "invalid_client""#)
        }
        TokenErrorInvalidGrant => {
            Refused(Callback, "ProviderRefused", r#"the token endpoint answered 400 "invalid_grant""#)
        }
        TokenNotJson => Refused(
            Callback,
            "ProviderUnreachable",
            "the token endpoint answered 502 with something that is no token response",
        ),
        TokenEmptyBody => {
            end("the token endpoint answered 200 with something that is no token response: it is not the JSON object")
        }
        TokenMissingAccessToken => end("it has no access_token"),
        TokenTypeMac => end(r#"a token of type "mac""#),
        TokenTypeCaseInsensitive => Session,
        TokenWithoutExpiresIn => Session,
        TokenRedirect => end("the token endpoint answered 302"),
        TokenTooLarge => end("the answer is larger than 1048576 bytes"),
        MissingIdToken => end("the token response has no id_token"),
        MalformedIdToken => end("ID token: the token is not a signed JWT: it has two parts"),
        AccessTokenAsIdToken => end(r#"ID token: the claim "nonce" is missing"#),

        SigNone => end(r#"the token is signed with "none", which is never accepted"#),
        InvalidSigRs256 | InvalidSigEs256 | SignedByUnknownKeySameKid => end("ID token: the signature does not verify"),
        InvalidSigHs256 | Hs256WithClientSecret => end(r#"the token is signed with "HS256", which is never accepted"#),
        UnadvertisedAlg => end(r#"the token is signed with "RS512", but the provider advertises ["RS256"]"#),
        UnknownKid => end("among 1 key(s)"),
        WeakRsaKey => end(r#"RSA key Some("snk_1024") has 1024 bits; at least 2048 are required"#),
        KidAbsentSingleJwks => Session,
        // The standard leaves it open; every key of the right kind is tried.
        KidAbsentMultipleJwks => Session,
        RotateKeysJustBeforeSigning => Session,

        InvalidIss => end(r#"ID token: iss is "http://127.0.0.1:40001", expected "http://127.0.0.1:4000""#),
        MissingIss => end(r#"ID token: the claim "iss" is missing"#),
        MissingSub => end(r#"ID token: the claim "sub" is missing"#),
        EmptySub => end(r#"ID token: the claim "sub" is not a non-empty text"#),
        WrongTypedSub => end(r#"ID token: the claim "sub" is not a text"#),
        InvalidAud => end(r#"ID token: aud is ["skc_test1"]"#),
        MissingAud => end(r#"ID token: the claim "aud" is missing"#),
        AudAsString => Session,
        SecondaryAudWithoutAzp => end(r#"ID token: azp is None, expected "skc_test""#),
        // OpenID Connect Core §3.1.3.7, rule 3: the provider vouches for them with `azp`. FAPI 2.0 is stricter.
        SecondaryAudWithAzp => Session,
        AzpOtherClient => end(r#"ID token: azp is Some("skc_00000000000000000"), expected "skc_test""#),
        MissingIat => end(r#"ID token: the claim "iat" is missing"#),
        FutureIat => end("ID token: iat lies 86400 s in the future"),
        FutureNbf => end("ID token: nbf lies 86400 s in the future"),
        MissingExp => end(r#"ID token: the claim "exp" is missing"#),
        ExpiredExp => end("ID token: the token expired 3600 s ago"),
        WrongTypedExp => end(r#"ID token: the claim "exp" is not a number of seconds"#),
        NonceInvalid => end("ID token: nonce does not belong to this sign-in"),
        MissingNonce => end(r#"ID token: the claim "nonce" is missing"#),
        // In the code flow both are optional.
        MissingAtHash | MissingCHash => Session,
        InvalidAtHash => end("ID token: at_hash does not belong"),
        InvalidCHash => end("ID token: c_hash does not belong"),
        // Nothing was asked for that these could contradict; see the tests below for when something was.
        OtherOrganization | MissingOid | OtherConnection => Session,
        EmailMissing => Session,
        // The address is handed on as unverified; see below.
        EmailUnverified => Session,

        UserinfoInvalidSub => end("sub of userinfo differs from sub of the ID token"),
        UserinfoError => end("the userinfo endpoint answered 401"),
        // Neither believed nor fetched: see the conformance tests.
        AggregatedClaims | DistributedClaims => Session,
        other => panic!("no verdict on {other:?}"),
    }
}

fn assert_refused(case: &str, ending: &Ending, leg: Leg, reason: &str, log: &str) {
    assert_eq!(ending.leg, leg, "{case}: {ending:?}");
    let code = match (leg, reason) {
        (_, "SignInUnknown" | "SignInExpired") => "Configuration",
        (_, "OrganizationMismatch" | "ConnectionMismatch") => "AccessDenied",
        (Leg::SignIn, _) => "OAuthSignInError",
        _ => "OAuthCallbackError",
    };
    let path = if code.starts_with("OAuth") { "/api/auth/signin" } else { "/api/auth/error" };
    assert_eq!(ending.code.as_deref(), Some(code), "{case}: {ending:?}");
    assert_eq!(ending.path, path, "{case}");
    assert_eq!(ending.reason.as_deref(), Some(reason), "{case}: {ending:?}");
    let logged = ending.error.as_deref().unwrap_or_default();
    assert!(logged.contains(log), "{case}: the log says {logged:?}, not {log:?}");
}

#[tokio::test]
async fn every_deviation_ends_in_its_own_leaf_and_without_a_session() {
    let clock = FixedClock::at(NOW);
    let idp = provider(&clock);
    let mut told = std::collections::HashMap::new();
    // What belongs to another scene does not show in a plain sign-in.
    for case in Misbehave::ALL.iter().filter(|case| case.scene() == Scene::SignIn) {
        let userinfo = case.name().starts_with("userinfo");
        let source = if userinfo { ProfileSource::UserInfo } else { ProfileSource::IdToken };
        // Without an address nobody can be held to a domain, but to an organization.
        let pinned = match case {
            Misbehave::EmailMissing => bare_scalekit().organization_id("org_acme"),
            _ => scalekit(),
        };
        let mut house = House::of(&idp, &clock, |builder| builder.provider(pinned.profile_source(source)));
        idp.misbehave(Some(*case));
        idp.clear_requests();
        let ending = house.attempt().await;
        let (name, session) = (case.name(), house.session().await);
        match verdict(*case) {
            Session => {
                assert_eq!(ending.path, "/dash", "{name}: {ending:?}");
                assert_eq!(session["user"]["name"], "Ada Lovelace", "{name}");
                assert_eq!(ending.error, None, "{name}");
            }
            Refused(leg, reason, log) => {
                assert!(!case.is_conformant(), "{name} is no lie");
                assert_refused(name, &ending, leg, reason, log);
                assert_eq!(session, Value::Null, "{name}");
                assert!(house.cookies("session-token").is_empty(), "{name}");
                let state_is_lost = matches!(
                    case,
                    Misbehave::AuthorizationResponseInvalidState | Misbehave::AuthorizationResponseMissingState
                );
                assert_eq!(
                    house.cookies("pending").is_empty(),
                    !state_is_lost,
                    "{name}: the pending sign-in is cleared also on failure"
                );
                told.entry(ending.error.clone().unwrap_or_default()).or_insert_with(Vec::new).push(name);
                let page = house.browser.follow(ending.page).await;
                assert!(!page.body.contains("<script"), "{name}: {}", page.body);
            }
        }
        assert!(!idp.requests().iter().any(|request| request.path == "/elsewhere"), "{name}: a redirect was followed");
        // Where the code must not be redeemed, it was not.
        if name.starts_with("authorization-response") || name.ends_with("authorization-response-iss") {
            assert!(!idp.requests().iter().any(|request| request.path == "/oauth/token"), "{name}");
        }
    }
    // Two lies may share a leaf only where they are the same lie to a client: a signature is wrong, an HMAC is an HMAC.
    let shared: Vec<_> = told.values().filter(|names| names.len() > 1).collect();
    for names in &shared {
        let kin = [
            &["invalid-sig-rs256", "invalid-sig-es256", "signed-by-unknown-key-same-kid"][..],
            &["invalid-sig-hs256", "idtoken-sig-hs256-client-secret"],
            &["access-token-as-id-token", "missing-nonce"],
        ];
        assert!(kin.contains(&names.as_slice()), "{names:?} cannot be told apart in the log");
    }
}

#[tokio::test]
async fn an_application_that_checks_the_address_can_refuse_an_unverified_one() {
    for (misbehave, signed_in) in
        [(None, true), (Some(Misbehave::EmailUnverified), false), (Some(Misbehave::EmailMissing), false)]
    {
        let mut house = House::with(|builder| {
            builder.provider(scalekit()).sign_in(|attempt| async move {
                Ok(SignInDecision::from(attempt.user.email.is_some() && attempt.user.email_verified == Some(true)))
            })
        });
        house.idp.misbehave(misbehave);
        let ending = house.attempt().await;
        assert_eq!(ending.code.as_deref(), (!signed_in).then_some("AccessDenied"), "{misbehave:?}");
        assert_eq!(house.session().await.is_object(), signed_in, "{misbehave:?}");
    }
}

/// Signs in at a house that pins what `route` pins, while the provider deviates.
async fn pinned(idp: &Idp, clock: &FixedClock, misbehave: Option<Misbehave>, route: (&str, &str)) -> (Ending, Value) {
    let (name, id) = (route.0, route.1.to_owned());
    let scalekit = match name {
        "organization_id" => bare_scalekit().organization_id(id),
        "connection_id" => bare_scalekit().connection_id(id),
        _ => bare_scalekit().domain(id),
    };
    let mut house = House::of(idp, clock, |builder| builder.provider(scalekit));
    idp.misbehave(misbehave);
    let ending = house.attempt().await;
    (ending, house.session().await)
}

// Advisories: CVE-2021-21411.
#[tokio::test]
async fn who_is_pinned_is_who_comes_back() {
    let clock = FixedClock::at(NOW);
    let idp = provider(&clock);
    let (organization, connection) = (("organization_id", "org_acme"), ("connection_id", "conn_acme"));
    for (misbehave, route, expected) in [
        (None, organization, None),
        (None, connection, None),
        (
            Some(Misbehave::OtherOrganization),
            organization,
            Some(("OrganizationMismatch", r#"organization "org_acme" was asked for, Some("org_globex") came back"#)),
        ),
        (
            Some(Misbehave::MissingOid),
            organization,
            Some(("OrganizationMismatch", r#"organization "org_acme" was asked for, None came back"#)),
        ),
        (
            Some(Misbehave::OtherConnection),
            connection,
            Some(("ConnectionMismatch", r#"connection "conn_acme" was asked for, Some("conn_globex") came back"#)),
        ),
        // Each pin watches its own claim.
        (Some(Misbehave::OtherOrganization), connection, None),
        (Some(Misbehave::MissingOid), connection, None),
        (Some(Misbehave::OtherConnection), organization, None),
    ] {
        let (ending, session) = pinned(&idp, &clock, misbehave, route).await;
        let case = format!("{misbehave:?} with {route:?}");
        match expected {
            None => assert_eq!(session["user"]["email"], "ada@acme.example", "{case}: {ending:?}"),
            Some((reason, log)) => {
                assert_refused(&case, &ending, Leg::Callback, reason, log);
                assert_eq!(session, Value::Null, "{case}");
            }
        }
    }
}

// Advisories: CVE-2021-21411.
#[tokio::test]
async fn what_a_browser_asks_for_must_come_back_too() {
    let clock = FixedClock::at(NOW);
    let idp = provider(&clock);
    for (misbehave, signed_in) in
        [(None, true), (Some(Misbehave::OtherOrganization), false), (Some(Misbehave::MissingOid), false)]
    {
        let mut house = House::of(&idp, &clock, |builder| builder.provider(bare_scalekit()));
        idp.misbehave(misbehave);
        let base = house.base.clone();
        let token = house.browser.csrf_token(&base).await;
        let left = house
            .browser
            .post(&format!("{base}/signin/scalekit?organization_id=org_acme"), &[("csrfToken", &token)])
            .await;
        let back = house.browser.get(left.location().unwrap().as_str()).await;
        house.browser.get(back.location().unwrap().as_str()).await;
        assert_eq!(house.session().await.is_object(), signed_in, "{misbehave:?}");
    }
}

// Advisories: CVE-2026-53513.
#[tokio::test]
async fn an_endpoint_on_a_private_address_is_not_asked_unless_the_issuer_is_private_too() {
    use authstile_testkit::FakeTransport;
    for (endpoint, leaf) in [
        ("https://169.254.169.254/token", "is on a private address"),
        ("https://10.0.0.1/token", "is on a private address"),
        ("https://[fd00::1]/token", "is on a private address"),
        ("https://localhost/token", "is on a private address"),
        ("http://login.example/token", "must use https"),
        ("ftp://login.example/token", "must use https"),
        ("https://user:pass@login.example/token", "user information"),
    ] {
        let transport = FakeTransport::new(move |_| {
            let document = serde_json::json!({
                "issuer": "https://login.example", "authorization_endpoint": "https://login.example/authorize",
                "token_endpoint": endpoint, "jwks_uri": "https://login.example/keys",
            });
            http::Response::new(document.to_string().into())
        });
        let clock = FixedClock::at(NOW);
        let idp = provider(&clock);
        let scalekit = authstile_scalekit::Scalekit::new(CLIENT_ID, "secret", "https://login.example");
        let mut house =
            House::build("http://localhost:3000", "/api/auth", &idp, transport.clone(), &clock, |builder| {
                builder.provider(scalekit)
            });
        let ending = house.attempt().await;
        assert_refused(endpoint, &ending, Leg::SignIn, MISBEHAVED, leaf);
        assert_eq!(transport.asked().len(), 1, "{endpoint}: only discovery is asked");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_gets_a_kind_answer_and_sessions_go_on() {
    let mut house = House::new();
    house.sign_in().await;
    let mut other = House::of(&house.idp, &house.clock, |builder| builder.provider(scalekit()));
    house.idp.set_down(true);

    // Who is signed in notices nothing.
    assert_eq!(house.session().await["user"]["email"], "ada@acme.example");

    // An engine that never reached the provider cannot send anybody there, and says so kindly.
    let ending = other.attempt().await;
    assert_refused("down", &ending, Leg::SignIn, "ProviderUnreachable", "answered 503");
    let page = other.browser.follow(ending.page).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("The sign-in service does not answer"), "{}", page.body);
    assert!(!page.body.contains("503"), "{}", page.body);

    // It recovers by itself.
    house.idp.set_down(false);
    house.clock.advance(1);
    assert_eq!(other.attempt().await.path, "/dash");
}

#[tokio::test]
async fn a_provider_that_goes_down_between_the_two_legs_gets_a_kind_answer() {
    let mut house = House::new();
    let callback = house.answer().await;
    house.idp.set_down(true);
    let log = authstile_tests::log::Log::keep();
    let page = house.browser.get(callback.as_str()).await;
    let ending = Ending::read(Leg::Callback, page, &log);
    assert_refused("down", &ending, Leg::Callback, "ProviderUnreachable", "the token endpoint answered 503");
    assert_eq!(house.session().await, Value::Null);
}

#[tokio::test]
async fn discovery_and_keys_are_fetched_once_and_served_stale_while_the_provider_fails() {
    let mut house = House::new();
    house.sign_in().await;
    house.sign_in().await;
    assert_eq!(house.transport.count("/.well-known/openid-configuration"), 1);
    assert_eq!(house.transport.count("/keys"), 1);

    // 16 minutes later what is known is stale, and asking again fails: it goes on being served.
    house.clock.advance(16 * 60);
    let answer = house.answer().await;
    house.idp.misbehave(Some(Misbehave::JwksNotJson));
    let page = house.browser.get(answer.as_str()).await;
    assert_eq!(page.location().unwrap().path(), "/dash", "{page:?}");
    assert_eq!(house.transport.count("/keys"), 2, "it was tried");
    house.idp.misbehave(Some(Misbehave::DiscoveryNotJson));
    house.clock.advance(16 * 60);
    assert_eq!(house.attempt().await.path, "/dash");
    assert_eq!(house.transport.count("/.well-known/openid-configuration"), 3);

    // Down altogether: the browser is still sent there, to what was known.
    house.clock.advance(16 * 60);
    house.idp.set_down(true);
    assert!(house.leave("/").await.as_str().starts_with(IDP));
}

#[tokio::test]
async fn keys_that_were_rotated_are_fetched_when_a_token_names_them() {
    let mut house = House::new();
    house.sign_in().await;
    house.idp.rotate_keys(Rotation::DropOld);
    let ending = house.attempt().await;
    assert_eq!(ending.path, "/dash", "{ending:?}");
    assert_eq!(house.transport.count("/keys"), 2);
    assert_eq!(house.transport.count("/.well-known/openid-configuration"), 1);
}
