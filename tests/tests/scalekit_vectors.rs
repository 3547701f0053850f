//! Scalekit's vectors that need more than one crate, and the proof that none is left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use authstile::{Customize as _, EndSession, KeepTokens};
use authstile_idp::{Idp, Misbehave, Mode, Recorded, User};
use authstile_oauth::authorize::{AuthorizationResponse, Expected};
use authstile_oauth::client_auth::ClientAuthentication;
use authstile_oauth::form::Parameters;
use authstile_oauth::id_token;
use authstile_oauth::jose::jwk::JwkSet;
use authstile_oauth::logout::end_session_url;
use authstile_oauth::pkce::PkceVerifier;
use authstile_oauth::secret::{ClientSecret, RefreshToken};
use authstile_oauth::token::{self, RequestShape, Requester, TokenError};
use authstile_oauth::userinfo::{self, UserInfoError};
use authstile_oauth::word::{ClientId, Issuer, Nonce, RedirectUri, State, Subject};
use authstile_scalekit::management::Management;
use authstile_scalekit::{ScalekitErrorCode, ScalekitProfile};
use authstile_testkit::{FakeTransport, FixedClock};
use authstile_tests::log::Log;
use authstile_tests::{APP, BASE, Ending, House, IDP, Leg, NOW, bare_scalekit, furnish, provider};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

const VECTORS: &str = include_str!("../../crates/authstile-scalekit/tests/data/scalekit.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn list(section: &Value) -> &[Value] {
    section.as_array().unwrap()
}

fn named<'a>(section: &'a Value, name: &str) -> &'a Value {
    list(section).iter().find(|vector| vector["name"] == name).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn pairs(encoded: &str) -> BTreeMap<String, String> {
    Parameters::parse(encoded.as_bytes()).iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn query(url: &Url) -> BTreeMap<String, String> {
    pairs(url.query().unwrap_or_default())
}

fn redeemed(house: &House) -> Vec<Recorded> {
    house.idp.requests().into_iter().filter(|request| request.path == "/oauth/token").collect()
}

async fn visit(house: &mut House, url: &str) -> Ending {
    let log = Log::keep();
    let page = house.browser.get(url).await;
    Ending::read(Leg::Callback, page, &log)
}

mod nothing_is_left_out {
    use super::*;

    const SCALEKIT: &str = "crates/authstile-scalekit/tests";
    const HERE: &str = "tests/tests/scalekit_vectors.rs";

    /// Every section of the file, and the test that walks through it: source below the repository's root, name.
    const COVERED: &[(&str, &str, &str)] = &[
        ("discovery", "id_tokens.rs", "the_published_discovery_document_is_read"),
        ("pkce", HERE, "the_challenge_is_that_of_the_rfc"),
        ("authorization_urls", "sign_in_request.rs", "every_authorization_url_says_what_the_sdk_says"),
        ("logout_urls", HERE, "every_logout_url_says_what_the_sdk_says"),
        ("redirects.cases", HERE, "every_redirect_ends_as_stated"),
        ("error_codes", "error_codes.rs", "every_documented_code_is_known_and_no_other"),
        ("routing", "crates/authstile-idp/tests/routing.rs", "documented_cases"),
        ("tokens.context", "id_tokens.rs", "every_id_token_gets_the_verdict_that_is_stated"),
        ("tokens.jwks", "id_tokens.rs", "every_id_token_gets_the_verdict_that_is_stated"),
        ("tokens.access_token", "id_tokens.rs", "every_id_token_gets_the_verdict_that_is_stated"),
        ("tokens.id_tokens", "id_tokens.rs", "every_id_token_gets_the_verdict_that_is_stated"),
        ("tokens.access_tokens", "tokens.rs", "every_access_token_gets_the_verdict_that_is_stated"),
        ("tokens.idp_initiated", "idp_initiated.rs", "every_vector_gets_the_verdict_that_is_stated"),
        ("tokens.key_rotation", "id_tokens.rs", "a_rotated_key_is_accepted_after_a_refetch_and_a_removed_one_is_not"),
        ("tokens.alg_pinning", "id_tokens.rs", "the_algorithm_is_the_advertised_one_even_when_the_key_names_none"),
        ("token_endpoint", HERE, "every_token_request_says_what_the_sdk_says"),
        ("userinfo", HERE, "every_userinfo_sample_gets_the_verdict_that_is_stated"),
        ("backchannel_logout", "tokens.rs", "every_logout_token_gets_the_verdict_that_is_stated"),
        ("webhooks", "webhooks.rs", "every_vector_gets_the_verdict_that_is_stated"),
        ("interceptors", "webhooks.rs", "every_vector_gets_the_verdict_that_is_stated"),
        ("management_api.samples", "management.rs", "the_vectors_are_asked_for_and_read"),
        ("authjs_behaviour.signin", "tests/tests/providers.rs", "sign_ins_ask_what_auth_js_asks_and_more_safely"),
        ("authjs_behaviour.callback", HERE, "every_callback_ends_as_in_auth_js_or_better"),
        ("authjs_behaviour.other", HERE, "every_other_request_is_answered_as_in_auth_js_or_better"),
    ];

    /// What is no vector, with the reason.
    const EXCUSED: &[(&str, &str)] = &[
        ("about", "says how the file was made"),
        ("redirects.certainty", "words about the section"),
        ("management_api.certainty", "words about the section"),
        ("management_api.auth", "words about the section; every call of management.rs is authorized this way"),
        ("authjs_behaviour.auth_core", "the version that was observed"),
        ("authjs_behaviour.oauth4webapi", "the version that was observed"),
    ];

    /// Vectors of covered sections that the section's test passes over, and where they are looked at.
    const ELSEWHERE: &[(&str, &str, &str)] = &[(
        // The management client has no use for it; the local provider answers it.
        "management_api.samples.domains",
        "crates/authstile-idp/tests/management.rs",
        "answers_have_the_members_of_the_samples",
    )];

    fn source(file: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let path = if file.contains('/') { root.join(file) } else { root.join(SCALEKIT).join(file) };
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    #[test]
    fn every_section_is_covered_or_excused() {
        let vectors = vectors();
        let split = ["redirects", "tokens", "management_api", "authjs_behaviour"];
        let sections = vectors.as_object().unwrap().iter().flat_map(|(name, section)| {
            if split.contains(&name.as_str()) {
                section.as_object().unwrap().keys().map(|member| format!("{name}.{member}")).collect()
            } else {
                vec![name.clone()]
            }
        });
        let sections: BTreeSet<String> = sections.collect();
        let known = COVERED.iter().map(|(section, ..)| *section).chain(EXCUSED.iter().map(|(section, _)| *section));
        let known: BTreeSet<String> = known.map(str::to_owned).collect();
        assert_eq!(sections, known, "left: in the file; right: covered or excused");
        assert_eq!(known.len(), COVERED.len() + EXCUSED.len(), "no section twice");
    }

    #[test]
    fn the_tests_that_are_named_exist() {
        for (section, file, test) in COVERED.iter().chain(ELSEWHERE) {
            assert!(source(file).contains(&format!("fn {test}(")), "{section}: {file} has no {test}");
        }
        assert!(EXCUSED.iter().all(|(_, reason)| !reason.is_empty()));
    }

    #[test]
    fn the_local_provider_has_the_same_vectors() {
        let ours = vectors();
        for section in ["management_api", "error_codes", "discovery"] {
            let copy: Value =
                serde_json::from_str(&source(&format!("crates/authstile-idp/tests/data/{section}.json"))).unwrap();
            assert_eq!(copy, ours[section], "{section}");
        }
        let routing: Value = serde_json::from_str(&source("crates/authstile-idp/tests/data/routing.json")).unwrap();
        for case in list(&ours["routing"]["cases"]) {
            // That one is looked at below.
            if case["name"] != "organization_without_connections_full_stack" {
                assert_eq!(case, named(&routing["cases"], text(&case["name"])));
            }
        }
    }

    #[test]
    fn every_management_sample_is_looked_at() {
        let client = source("management.rs");
        for sample in list(&vectors()["management_api"]["samples"]) {
            let name = text(&sample["name"]);
            let elsewhere = ELSEWHERE.iter().any(|(known, ..)| known.ends_with(&format!(".{name}")));
            assert!(elsewhere || client.contains(&format!("scalekit_says({name:?})")), "{name}");
        }
    }

    /// What the guide claims about others is in the vectors, and what it claims about us in a test.
    #[test]
    fn the_comparison_in_the_guide_has_its_sources() {
        let guide = source("docs/scalekit.md");
        let comparison = guide.split_once("## Who verifies what").expect("the comparison").1;
        let words = |before: &str| -> Vec<String> {
            let before = format!("{before} `");
            let found = comparison.split(&before).skip(1);
            found.filter_map(|rest| Some(rest.split_once('`')?.0.to_owned())).collect()
        };
        let (cited, tests) = (words("vector"), words("test"));
        assert!(cited.len() > 30 && tests.len() > 15, "{} vectors, {} tests", cited.len(), tests.len());
        for name in cited {
            let known = VECTORS.contains(&format!("\"name\": {name:?}")) || VECTORS.contains(&format!("{name:?}: "));
            assert!(known, "there is no vector {name}");
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
        let mut places: Vec<_> =
            std::fs::read_dir(root.join("crates")).unwrap().flatten().map(|it| it.path()).collect();
        places.push(root.join("tests"));
        let sources = places.iter().filter_map(|place| std::fs::read_dir(place.join("tests")).ok()).flatten().flatten();
        let sources: Vec<String> = sources.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect();
        for name in tests {
            assert!(sources.iter().any(|source| source.contains(&format!("fn {name}("))), "there is no test {name}");
        }
    }
}

/// Documentation says both; the local provider can do both.
#[test]
fn an_organization_without_connections_gets_the_hosted_login() {
    let vectors = vectors();
    let case = named(&vectors["routing"]["cases"], "organization_without_connections_full_stack");
    assert_eq!(case["expect"], json!({"hosted_login": true}));
    let clock = FixedClock::at(NOW);
    let organization = authstile_idp::Organization::new(text(&case["params"]["organization_id"]), "Initech");
    let idp = furnish(IDP, BASE, &clock).mode(Mode::FullStack).organization(organization).build();
    let mut ask = Url::parse(&format!("{IDP}/oauth/authorize")).unwrap();
    ask.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", authstile_tests::CLIENT_ID)
        .append_pair("redirect_uri", &format!("{BASE}/callback/scalekit"))
        .append_pair("scope", "openid")
        .append_pair("state", "st_1")
        .append_pair("organization_id", text(&case["params"]["organization_id"]));
    let page = idp.handle(Request::get(ask.as_str()).body(Bytes::new()).unwrap());
    assert_eq!(page.status(), 200, "{page:?}");
    assert!(String::from_utf8_lossy(page.body()).contains("type=\"email\""), "{page:?}");
}

#[test]
fn the_challenge_is_that_of_the_rfc() {
    let pkce = &vectors()["pkce"];
    assert_eq!(PkceVerifier::from_text(text(&pkce["verifier"])).challenge().as_str(), text(&pkce["challenge"]));
}

mod logout {
    use super::*;

    #[test]
    fn every_logout_url_says_what_the_sdk_says() {
        // What the SDK leaves to its caller, or drops without a word, we always send.
        let always = ["client_id", "post_logout_redirect_uri", "state"];
        for vector in list(&vectors()["logout_urls"]) {
            let (name, theirs) = (&vector["name"], Url::parse(text(&vector["url"])).unwrap());
            let option = |name: &str| vector["call_arguments"][0][name].as_str();
            let endpoint = Url::parse("https://acme-dev.scalekit.dev/oidc/logout").unwrap();
            let ours = end_session_url(
                &endpoint,
                &ClientId::parse("skc_1").unwrap(),
                option("idTokenHint"),
                option("postLogoutRedirectUri").unwrap_or("https://app.example.com/api/auth/signed-out"),
                &State::from_text(option("state").unwrap_or("ours")),
            );
            assert_eq!((ours.origin(), ours.path()), (theirs.origin(), theirs.path()), "{name}");
            let (ours, theirs) = (query(&ours), query(&theirs));
            for (parameter, value) in &theirs {
                assert_eq!(ours.get(parameter), Some(value), "{name}: {parameter}");
            }
            let further = ours.keys().filter(|parameter| !theirs.contains_key(*parameter));
            assert!(further.clone().all(|parameter| always.contains(&parameter.as_str())), "{name}");
            assert!(always.iter().all(|parameter| ours.contains_key(*parameter)), "{name}");
        }
    }

    /// Today's documentation has `/oidc/logout`, whatever the discovery document leaves out.
    #[tokio::test]
    async fn the_documented_path_is_used_where_discovery_names_none() {
        let clock = FixedClock::at(NOW);
        let idp = provider(&clock);
        let silent = idp.clone();
        let transport = FakeTransport::new(move |request| {
            let discovery = request.uri().path().starts_with("/.well-known/");
            let answer = silent.handle(request);
            if !discovery {
                return answer;
            }
            let mut document: Value = serde_json::from_slice(answer.body()).unwrap();
            document.as_object_mut().unwrap().remove("end_session_endpoint").unwrap();
            answer.map(|_| Bytes::from(document.to_string()))
        });
        let scalekit = bare_scalekit().organization_id("org_acme").end_session(EndSession::AtProvider);
        let mut house = House::build(APP, "/api/auth", &idp, transport, &clock, |builder| builder.provider(scalekit));
        house.sign_in().await;
        let there = house.browser.press_sign_out(BASE).await.location().unwrap();
        assert_eq!((there.origin().ascii_serialization().as_str(), there.path()), (IDP, "/oidc/logout"));
        assert!(query(&there).contains_key("id_token_hint"));
    }
}

mod redirects {
    use super::*;

    /// A house with a sign-in under way; the answer to it is waiting.
    async fn waiting() -> (House, Url) {
        let mut house = House::with(|builder| builder.provider(bare_scalekit().organization_id("org_acme")));
        let callback = house.answer().await;
        (house, callback)
    }

    /// The address of a vector with what this sign-in has in place of what the vector invents.
    fn address(case: &Value, house: &House, callback: &Url) -> Url {
        let theirs = Url::parse(text(&case["url"])).unwrap();
        let own = query(callback);
        let initiated = house.idp.idp_initiated_url("ada@acme.example", None);
        let mut ours = Url::parse(&format!("{APP}/api{}", theirs.path())).unwrap();
        let mut seen = 0;
        for (name, value) in theirs.query_pairs() {
            let value = match (&*name, &*value) {
                ("code", "code_vector_0001" | "c" | "c1") => own["code"].clone(),
                ("state", "st_1") => own["state"].clone(),
                ("idp_initiated_login", _) => query(&Url::parse(&initiated).unwrap())["idp_initiated_login"].clone(),
                (_, value) => value.to_owned(),
            };
            ours.query_pairs_mut().append_pair(&name, &value);
            seen += 1;
        }
        if seen == 0 {
            ours.set_query(None);
        }
        ours
    }

    #[tokio::test]
    async fn every_redirect_ends_as_stated() {
        let mut seen = BTreeSet::new();
        for case in list(&vectors()["redirects"]["cases"]) {
            let (name, expect) = (text(&case["name"]), &case["expect"]);
            let (mut house, callback) = waiting().await;
            let url = address(case, &house, &callback);
            let ending = visit(&mut house, url.as_str()).await;
            let error = ending.error.clone().unwrap_or_default();
            let authorize = ending.page.location().filter(|there| there.path() == "/oauth/authorize");
            seen.insert(expect.as_object().unwrap().keys().next().unwrap().clone());
            if expect["idp_initiated"] == true || expect["start_plain_login"] == true {
                let ask = query(&authorize.unwrap_or_else(|| panic!("{name}: {ending:?}")));
                assert_ne!(ask["state"], query(&callback)["state"], "{name}: a sign-in of its own");
                assert_eq!(ask["organization_id"], "org_acme", "{name}: what is pinned stays");
                assert_eq!(ask.contains_key("login_hint"), expect["idp_initiated"] == true, "{name}: {ask:?}");
                assert!(redeemed(&house).is_empty(), "{name}");
                continue;
            }
            assert!(authorize.is_none(), "{name}: no error sends the browser back to the provider");
            let Some(stated) = expect["error"].as_str() else {
                assert_eq!((ending.path.as_str(), redeemed(&house).len()), ("/dash", 1), "{name}: {ending:?}");
                assert_eq!(house.session().await["user"]["email"], "ada@acme.example", "{name}");
                continue;
            };
            assert!(redeemed(&house).is_empty(), "{name}: the code is not redeemed");
            assert!(house.session().await.is_null(), "{name}");
            match stated {
                "state_missing" => {
                    assert!(error.contains("has no state"), "{name}: {error}");
                    assert_eq!(
                        visit(&mut house, callback.as_str()).await.path,
                        "/dash",
                        "{name}: the other tab goes on"
                    );
                    continue;
                }
                "malformed" => {
                    assert!(error.contains("more than once") || error.contains("has no place"), "{name}: {error}");
                }
                code => {
                    let code = expect["raw"].as_str().unwrap_or(code);
                    assert!(error.contains(&format!("{code:?}")), "{name}: {error}");
                    let known = ScalekitErrorCode::parse(code);
                    let is_other = matches!(known, ScalekitErrorCode::Other(_));
                    assert_eq!(is_other, stated == "other", "{name}: {known:?}");
                }
            }
            assert!(house.cookies("pending").is_empty(), "{name}: it is used up");
            let page = house.browser.follow(ending.page).await;
            for word in ["alert(1)", "none is active"] {
                assert!(!page.body.contains(word), "{name}: the provider's words are not shown");
            }
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["code", "error", "idp_initiated", "start_plain_login"]);
    }
}

mod token_endpoint {
    use super::*;

    fn client() -> (ClientId, ClientSecret, Url) {
        (
            ClientId::parse("skc_70087756327420046").unwrap(),
            ClientSecret::new("test_secret_value"),
            Url::parse("https://acme-dev.scalekit.dev/oauth/token").unwrap(),
        )
    }

    fn granted(code: &str) -> authstile_oauth::authorize::GrantedCode {
        let state = State::from_text("st_1");
        let query = format!("code={code}&state=st_1");
        AuthorizationResponse::parse(&Parameters::parse(query.as_bytes()))
            .unwrap()
            .accept(&Expected { state: &state, issuer: None, issuer_required: false })
            .unwrap()
    }

    fn assert_says(name: &str, ours: &Request<Bytes>, theirs: &Value) {
        assert_eq!(
            (ours.method().as_str(), ours.uri().path()),
            (text(&theirs["method"]), text(&theirs["path"])),
            "{name}"
        );
        let content_type = ours.headers()["content-type"].to_str().unwrap();
        assert!(content_type.starts_with(text(&theirs["content_type"])), "{name}: {content_type}");
        assert!(theirs["authorization"].is_null() && !ours.headers().contains_key("authorization"), "{name}");
        let mut sent = pairs(std::str::from_utf8(ours.body()).unwrap());
        let theirs = pairs(text(&theirs["body"]));
        // The SDK's caller may forget PKCE; here it always is.
        if theirs["grant_type"] == "authorization_code" && !theirs.contains_key("code_verifier") {
            assert!(sent.remove("code_verifier").is_some(), "{name}");
        }
        assert_eq!(sent, theirs, "{name}");
    }

    #[tokio::test]
    async fn every_token_request_says_what_the_sdk_says() {
        let vectors = vectors();
        let (client_id, client_secret, endpoint) = client();
        let requester = Requester {
            endpoint: &endpoint,
            client_id: &client_id,
            client_secret: Some(&client_secret),
            authentication: ClientAuthentication::Post,
            assertion: None,
            extra: &[],
            shape: RequestShape::default(),
        };
        for vector in list(&vectors["token_endpoint"]) {
            let (name, theirs) = (text(&vector["name"]), &vector["request"]);
            let form = pairs(text(&theirs["body"]));
            let ours = match form["grant_type"].as_str() {
                "authorization_code" => requester
                    .exchange(
                        &granted(&form["code"]),
                        Some(&PkceVerifier::from_text(text(&vectors["pkce"]["verifier"]))),
                        &RedirectUri::parse(form["redirect_uri"].as_str()).unwrap(),
                    )
                    .unwrap(),
                "refresh_token" => requester.refresh(&RefreshToken::new(form["refresh_token"].as_str())).unwrap(),
                "client_credentials" => client_credentials(vector).await,
                other => panic!("{name}: {other}"),
            };
            assert_says(name, &ours, theirs);
        }
    }

    /// Only the management client asks for a token of the client's own; the answer is what it calls the API with.
    async fn client_credentials(vector: &Value) -> Request<Bytes> {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (heard, body) = (asked.clone(), vector["response"]["body"].to_string());
        let transport = FakeTransport::new(move |request| {
            let is_token = request.uri().path() == "/oauth/token";
            heard.lock().unwrap().push(request);
            Response::new(Bytes::from(if is_token { body.clone() } else { r#"{"directories":[]}"#.to_owned() }))
        });
        let management = Management::new(
            "https://acme-dev.scalekit.dev",
            "skc_70087756327420046",
            "test_secret_value",
            Arc::new(transport),
            Arc::new(FixedClock::at(NOW)),
        );
        management.unwrap().directories("org_1").await.unwrap();
        let mut asked = std::mem::take(&mut *asked.lock().unwrap());
        let call = asked.pop().unwrap();
        assert_eq!(call.headers()["authorization"], format!("Bearer {}", text(&vector["sdk_result"])));
        asked.pop().unwrap()
    }

    #[test]
    fn every_token_response_is_read_and_judged() {
        let vectors = vectors();
        let tokens = &vectors["tokens"];
        let context = |name: &str| text(&tokens["context"][name]);
        let keys = JwkSet::parse(tokens["jwks"].to_string().as_bytes()).unwrap();
        for vector in list(&vectors["token_endpoint"]) {
            let (name, body, result) = (text(&vector["name"]), &vector["response"]["body"], &vector["sdk_result"]);
            let status = u16::try_from(vector["response"]["status"].as_u64().unwrap_or(200)).unwrap();
            let read = token::parse(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes());
            if let Some(error) = body["error"].as_str() {
                assert!(
                    matches!(&read, Err(TokenError::Refused { error: got, .. }) if got == error),
                    "{name}: {read:?}"
                );
                continue;
            }
            let read = read.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(read.access_token.expose(), text(&body["access_token"]), "{name}");
            assert_eq!(read.expires_in, body["expires_in"].as_i64(), "{name}");
            let refresh_token = read.refresh_token.as_ref().map(|token| token.expose());
            assert_eq!(refresh_token, body["refresh_token"].as_str(), "{name}");
            assert_eq!(read.id_token.is_some(), body["id_token"].is_string(), "{name}");
            let (Some(raw), Some(theirs)) = (&read.id_token, result.get("user")) else { continue };
            // The user whom the SDK makes of it without looking at the signature is the one whom we verify.
            let id_token = id_token::verify(
                raw,
                &keys,
                &id_token::Expected {
                    issuer: &Issuer::parse(context("issuer")).unwrap(),
                    client_id: &ClientId::parse(context("client_id")).unwrap(),
                    nonce: Some(&Nonce::from_text(context("nonce"))),
                    tenants: None,
                    sole_audience: false,
                    access_token: Some(&read.access_token),
                    code: Some("code_vector_0001"),
                    max_age: None,
                    algorithms: &["RS256".to_owned()],
                    now: tokens["context"]["now"].as_i64().unwrap(),
                },
            )
            .unwrap_or_else(|error| panic!("{name}: {error}"));
            let profile: ScalekitProfile = id_token.claims_as().unwrap();
            assert_eq!(profile.sub, text(&theirs["id"]), "{name}");
            assert_eq!(profile.email.as_deref(), theirs["email"].as_str(), "{name}");
            assert_eq!(profile.email_verified, theirs["emailVerified"].as_bool(), "{name}");
            assert_eq!(profile.display_name().as_deref(), theirs["name"].as_str(), "{name}");
            assert!(profile.oid.is_some() && theirs.get("oid").is_none(), "{name}: the SDK drops the organization");
        }
    }

    /// A network in which the token endpoint gives these answers to a grant, one after the other.
    fn answering(idp: &Idp, grant: &'static str, answers: Vec<Value>) -> (FakeTransport, Arc<Mutex<Vec<String>>>) {
        let (idp, answers) = (idp.clone(), Mutex::new(answers.into_iter()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        let transport = FakeTransport::new(move |request| {
            let form = pairs(std::str::from_utf8(request.body()).unwrap_or_default());
            if request.uri().path() != "/oauth/token" || form["grant_type"] != grant {
                return idp.handle(request);
            }
            heard.lock().unwrap().push(form.get("refresh_token").cloned().unwrap_or_default());
            let response = answers.lock().unwrap().next().unwrap();
            let status = u16::try_from(response["status"].as_u64().unwrap_or(200)).unwrap();
            Response::builder().status(status).body(Bytes::from(response["body"].to_string())).unwrap()
        });
        (transport, asked)
    }

    #[tokio::test]
    async fn an_answer_without_id_token_and_a_refused_code_sign_nobody_in() {
        let vectors = vectors();
        for (name, words) in
            [("code_exchange_no_id_token", "has no id_token"), ("code_exchange_invalid_grant", "invalid_grant")]
        {
            let clock = FixedClock::at(NOW);
            let idp = provider(&clock);
            let response = named(&vectors["token_endpoint"], name)["response"].clone();
            let (transport, _) = answering(&idp, "authorization_code", vec![response]);
            let scalekit = bare_scalekit().organization_id("org_acme");
            let mut house =
                House::build(APP, "/api/auth", &idp, transport, &clock, |builder| builder.provider(scalekit));
            let ending = house.attempt().await;
            assert_eq!(ending.leg, Leg::Callback, "{name}");
            assert!(ending.error.as_deref().unwrap_or_default().contains(words), "{name}: {ending:?}");
            assert!(house.session().await.is_null(), "{name}");
        }
    }

    /// The SDK throws where the answer has no new refresh token; the old one is still good.
    #[tokio::test]
    async fn a_refresh_token_is_kept_until_another_takes_its_place() {
        let vectors = vectors();
        // Without the ID token of the vectors, which is of another issuer and about somebody else.
        let response = |name: &str| {
            let mut response = named(&vectors["token_endpoint"], name)["response"].clone();
            response["body"].as_object_mut().unwrap().remove("id_token");
            response
        };
        let clock = FixedClock::at(NOW);
        let idp = furnish(IDP, BASE, &clock).mode(Mode::FullStack).build();
        idp.auto_sign_in(Some("ada@acme.example"));
        let (transport, asked) = answering(
            &idp,
            "refresh_token",
            vec![response("refresh"), response("refresh_without_rotation"), response("refresh_without_rotation")],
        );
        let scalekit = bare_scalekit().organization_id("org_acme").scope("openid profile email offline_access");
        let mut house = House::build(APP, "/api/auth", &idp, transport, &clock, |builder| {
            builder.provider(scalekit.keep_tokens(KeepTokens::All))
        });
        house.sign_in().await;
        for name in ["refresh", "refresh_without_rotation", "refresh_without_rotation"] {
            clock.advance(280);
            let cookies = house.browser.cookies("localhost").iter().map(|(name, value)| format!("{name}={value}"));
            let mut headers = http::HeaderMap::new();
            headers.insert("host", "localhost:3000".parse().unwrap());
            headers.insert("cookie", cookies.collect::<Vec<_>>().join("; ").parse().unwrap());
            let token = house.auth.access_token(&headers, &"/".parse().unwrap()).await.unwrap().unwrap();
            assert_eq!(token.access_token.expose(), text(&response(name)["body"]["access_token"]), "{name}");
            assert_eq!(token.expires_at, Some(clock.seconds() + 299), "{name}");
            for cookie in &token.set_cookies {
                let (cookie, value) = cookie.to_str().unwrap().split_once('=').unwrap();
                house.browser.set_cookie("localhost", cookie, value.split(';').next().unwrap());
            }
        }
        assert_eq!(asked.lock().unwrap()[1..], ["rt_2", "rt_2"]);
        assert!(!house.session().await.is_null());
    }
}

#[test]
fn every_userinfo_sample_gets_the_verdict_that_is_stated() {
    let vectors = vectors();
    let subject_of = |name: &str| Subject::parse(text(&named(&vectors["tokens"]["id_tokens"], name)["claims"]["sub"]));
    let mut seen = 0;
    for sample in list(&vectors["userinfo"]["samples"]) {
        let name = text(&sample["name"]);
        let subject = subject_of(if name == "modular" { "valid_modular_sso" } else { "valid_full_stack_auth" });
        let status = StatusCode::from_u16(u16::try_from(sample["status"].as_u64().unwrap()).unwrap()).unwrap();
        let body = sample["body_text"].as_str().map_or_else(|| sample["body"].to_string(), str::to_owned);
        let claims = userinfo::parse(status, body.as_bytes())
            .and_then(|claims| userinfo::check_subject(&claims, &subject.unwrap()).map(|()| claims));
        match (text(&sample["expect"]), claims) {
            ("accept", Ok(claims)) => {
                let profile: ScalekitProfile = serde_json::from_value(Value::Object(claims)).unwrap();
                assert_eq!(profile.display_name().as_deref(), Some("John Doe"), "{name}");
            }
            ("reject", Err(UserInfoError::SubjectMismatch)) => assert_eq!(name, "sub_differs_from_id_token"),
            ("reject", Err(UserInfoError::Status(401))) => assert_eq!(name, "no_token"),
            (expected, got) => panic!("{name}: expected {expected}, got {got:?}"),
        }
        seen += 1;
    }
    assert_eq!(seen, 4);
}

mod auth_js {
    use super::*;

    /// The person of the vectors, in a house whose sign-ins are pinned to one organization.
    fn house(person: User, email: &str) -> House {
        let clock = FixedClock::at(NOW);
        let idp = furnish(IDP, BASE, &clock).user(person.organization("org_acme")).build();
        idp.auto_sign_in(Some(email));
        House::of(&idp, &clock, |builder| builder.provider(bare_scalekit().organization_id("org_acme")))
    }

    fn john() -> User {
        User::new("john@example.com")
    }

    #[tokio::test]
    async fn every_callback_ends_as_in_auth_js_or_better() {
        let vectors = vectors();
        for vector in list(&vectors["authjs_behaviour"]["callback"]) {
            let name = text(&vector["name"]);
            let whole = || john().given_name("John").family_name("Doe");
            let (person, lie, refused) = match name {
                "normal" => (whole(), None, None),
                "no_name_claims" => (john(), None, None),
                "only_given_name" => (john().given_name("John"), None, None),
                // Signed in there, refused here.
                "id_token_signed_by_unknown_key" => {
                    (whole(), Some(Misbehave::SignedByUnknownKeySameKid), Some("the signature does not verify"))
                }
                "other_organization_than_configured" => {
                    (whole(), Some(Misbehave::OtherOrganization), Some("organization"))
                }
                // The application decides, in its sign_in hook.
                "email_not_verified" => (whole(), Some(Misbehave::EmailUnverified), None),
                "wrong_audience" => (whole(), Some(Misbehave::InvalidAud), Some("aud is")),
                other => panic!("no verdict on {other}"),
            };
            let mut house = house(person, "john@example.com");
            house.idp.misbehave(lie);
            let callback = house.answer().await;
            let discovered = house.transport.count("/.well-known/openid-configuration");
            let ending = visit(&mut house, callback.as_str()).await;
            let request = redeemed(&house).pop().unwrap();
            let theirs = &vector["token_request"];
            assert_eq!(request.authorization_scheme.as_deref(), theirs["authorization"].as_str(), "{name}");
            let sent: BTreeSet<&str> = request.form.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(sent, list(&theirs["body_keys"]).iter().map(text).collect(), "{name}");
            // Auth.js reads discovery again, and the keys never.
            assert_eq!(house.transport.count("/.well-known/openid-configuration"), discovered, "{name}");
            assert_eq!(
                (vector["jwks_fetches"].as_u64(), house.transport.count("/keys") > 0),
                (Some(0), true),
                "{name}"
            );

            let session = house.session().await;
            if let Some(words) = refused {
                assert!(session.is_null(), "{name}");
                assert!(
                    ending.error.as_deref().unwrap_or_default().to_lowercase().contains(words),
                    "{name}: {ending:?}"
                );
                continue;
            }
            assert_eq!((ending.path.as_str(), ending.error.as_deref()), ("/dash", None), "{name}");
            let mut expected = vector["session_user"].clone();
            match name {
                "no_name_claims" => expected["name"] = Value::Null,
                "only_given_name" => expected["name"] = json!("John"),
                _ => {}
            }
            for member in ["name", "email", "image"] {
                assert_eq!(session["user"][member], expected[member], "{name}: {member}");
            }
        }
    }

    /// The location of an answer of Auth.js as ours would be.
    fn ours(location: &Value) -> Option<String> {
        Some(location.as_str()?.replace("https://app.example.com/auth", BASE).replace("https://app.example.com", APP))
    }

    #[tokio::test]
    async fn every_other_request_is_answered_as_in_auth_js_or_better() {
        let vectors = vectors();
        for vector in list(&vectors["authjs_behaviour"]["other"]) {
            let name = text(&vector["name"]);
            let mut house = house(john(), "john@example.com");
            if name == "sign_out" {
                house.sign_in().await;
                house.idp.clear_requests();
                let token = house.browser.csrf_token(BASE).await;
                let form = [("csrfToken", token.as_str()), ("callbackUrl", "/")];
                let out = house.browser.post(&format!("{BASE}/signout"), &form).await;
                assert_eq!(out.location().map(String::from), ours(&vector["location"]), "{name}");
                // Unless the application wants the provider's session ended too (`EndSession::AtProvider`).
                assert_eq!(house.idp.requests().len() as u64, vector["calls_to_scalekit"].as_u64().unwrap());
                continue;
            }
            let request = vector["request"].as_str().unwrap_or("/auth/signin/scalekit").replace("/auth/", "/");
            let ending = visit(&mut house, &format!("{BASE}{request}")).await;
            assert_eq!(u64::from(ending.page.status.as_u16()), vector["status"].as_u64().unwrap(), "{name}");
            let location = ending.page.location();
            match name {
                "GET_signin_provider" | "idp_initiated_login_on_signin" | "idp_initiated_login_on_signin_page" => {
                    assert_eq!(location.map(String::from), ours(&vector["location"]), "{name}");
                }
                // Not an error: what is no good token begins an ordinary sign-in.
                "idp_initiated_login_on_callback" => {
                    assert_eq!(location.unwrap().path(), "/oauth/authorize", "{name}");
                }
                // An answer that nobody waits for, which Auth.js takes for one of a sign-in of its own.
                "error_redirect" | "error_access_denied" => {
                    let expected = (Some("Configuration"), Some("SignInUnknown"));
                    assert_eq!((ending.code.as_deref(), ending.reason.as_deref()), expected, "{name}");
                }
                other => panic!("no verdict on {other}"),
            }
            assert!(house.session().await.is_null(), "{name}");
        }
    }

    /// What Auth.js calls `OAuthCallbackError` whatever it was has words here, for every code that Scalekit documents.
    #[test]
    fn every_code_of_an_error_redirect_is_told_apart() {
        let codes = &vectors()["error_codes"];
        let words: BTreeSet<String> = ["integration", "sso_configuration"]
            .iter()
            .flat_map(|group| list(&codes[*group]).to_vec())
            .map(|code| format!("{:?}", authstile_scalekit::explain(text(&code)).unwrap()))
            .collect();
        assert!(words.len() > 20, "{}", words.len());
    }
}
