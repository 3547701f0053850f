//! The management client against the local provider's management API, and what its calls do to sessions of ours.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::sync::Arc;

use authstile_idp::{
    Client, Connection, Directory, DirectoryGroup, DirectoryUser, Idp, IdpBuilder, Mode, Organization, User,
};
use authstile_scalekit::EmailDomain;
use authstile_scalekit::management::{
    DirectoryQuery, Management, ManagementError, PageRequest, PortalFeature, SessionStatus,
};
use authstile_testkit::{FakeTransport, FixedClock};
use authstile_tests::{BASE, CLIENT_ID, CLIENT_SECRET, House, IDP, NOW, bare_scalekit, network};
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use http::{Method, StatusCode};

/// People in the directory: more than fit one page.
const PEOPLE: usize = 65;

/// An environment with a directory, where Scalekit owns the users.
fn furnished(clock: &FixedClock) -> IdpBuilder {
    let now = clock.clone();
    let people = (0..PEOPLE).fold(Directory::new("dir_acme", "SCIM"), |directory, number| {
        let user = DirectoryUser::new(format!("diruser_{number:03}"), format!("p{number:03}@acme.example"));
        let user = user.name("Person", format!("No. {number}"));
        directory.user(if number % 10 == 0 { user.group("dirgroup_eng") } else { user })
    });
    Idp::builder(IDP)
        .clock(move || now.seconds())
        .mode(Mode::FullStack)
        .client(
            Client::new(CLIENT_ID, CLIENT_SECRET)
                .redirect_uri(format!("{BASE}/callback/scalekit"))
                .back_channel_logout_uri(format!("{BASE}/backchannel-logout/scalekit")),
        )
        .organization(
            Organization::new("org_acme", "Acme")
                .external_id("acme-1")
                .domain("acme.example")
                .connection(Connection::new("conn_acme", "Acme Okta"))
                .directory(people.group(DirectoryGroup::new("dirgroup_eng", "Engineering"))),
        )
        .organization(
            Organization::new("org_globex", "Globex")
                .external_id("globex-1")
                .domain("globex.example")
                .connection(Connection::new("conn_globex", "Globex Entra").disabled()),
        )
        .user(User::new("ada@acme.example").name("Ada Lovelace").organization("org_acme"))
}

/// The client, and the network that it speaks through.
fn management(idp: &Idp, clock: &FixedClock) -> (Management, FakeTransport) {
    let transport = network(idp);
    let management =
        Management::new(IDP, CLIENT_ID, CLIENT_SECRET, Arc::new(transport.clone()), Arc::new(clock.clone())).unwrap();
    (management, transport)
}

fn office() -> (Idp, Management, FakeTransport, FixedClock) {
    let clock = FixedClock::at(NOW);
    let idp = furnished(&clock).build();
    idp.auto_sign_in(Some("ada@acme.example"));
    let (management, transport) = management(&idp, &clock);
    (idp, management, transport, clock)
}

/// The application beside the provider, with Ada signed in.
async fn signed_in(idp: &Idp, clock: &FixedClock) -> House {
    let scalekit = bare_scalekit().organization_id("org_acme").show_identity();
    let mut house = House::of(idp, clock, |builder| builder.provider(scalekit));
    house.sign_in().await;
    assert_eq!(house.session().await["user"]["email"], "ada@acme.example");
    house
}

/// Carries the provider's back-channel messages to the application.
async fn carry(house: &House) -> Vec<StatusCode> {
    let mut answers = Vec::new();
    let mut carrier = house.another_browser();
    for message in house.idp.take_outgoing() {
        let (parts, body) = message.into_parts();
        let headers: Vec<(&str, &str)> =
            parts.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        answers.push(carrier.send(Method::POST, &parts.uri.to_string(), &headers, body).await.status);
    }
    answers
}

fn domain(text: &str) -> EmailDomain {
    EmailDomain::parse(text).unwrap()
}

#[tokio::test]
async fn organizations_are_listed_and_found_by_either_id() {
    let (_, management, transport, _) = office();
    let all = management.organizations(&PageRequest::first()).await.unwrap();
    let names: Vec<&str> = all.items.iter().map(|organization| organization.display_name.as_str()).collect();
    assert_eq!((names, all.total_size), (vec!["Acme", "Globex"], Some(2)));
    assert_eq!((all.next, all.previous), (None, None));

    let acme = management.organization("org_acme").await.unwrap();
    assert!(acme.settings.has("sso") && acme.settings.has("dir_sync"));
    assert!(!management.organization("org_globex").await.unwrap().settings.has("dir_sync"));
    assert_eq!(management.organization_by_external_id("globex-1").await.unwrap().id, "org_globex");

    let missing = management.organization("org_nobody").await.unwrap_err();
    assert!(matches!(missing, ManagementError::NotFound(_)), "{missing}");
    assert!(!missing.is_temporary());
    let invented = management.organization("../sessions/ses_1").await.unwrap_err();
    assert!(matches!(invented, ManagementError::InvalidId(_)), "{invented}");
    assert_eq!(transport.count("/oauth/token"), 1, "one token for all calls");
}

#[tokio::test]
async fn connections_are_found_by_domain_once_in_a_while() {
    let (idp, management, transport, clock) = office();
    let found = management.connections_by_domain(&domain("ACME.example")).await.unwrap();
    assert_eq!((found.len(), found[0].id.as_str()), (1, "conn_acme"));
    assert_eq!(found[0].organization_id.as_deref(), Some("org_acme"));
    assert!(found[0].is_usable());
    for nobody in ["globex.example", "nobody.example"] {
        assert!(management.connections_by_domain(&domain(nobody)).await.unwrap().is_empty(), "{nobody}");
    }
    management.connections_by_domain(&domain("acme.example")).await.unwrap();
    assert_eq!(transport.count("/api/v1/connections"), 3, "what is known is not asked again");

    // What this client switches it notices at once; what is switched elsewhere when it asks again.
    management.disable_connection("org_acme", "conn_acme").await.unwrap();
    assert!(management.connections_by_domain(&domain("acme.example")).await.unwrap().is_empty());
    idp.set_connection_enabled("conn_acme", true);
    clock.advance(600);
    assert_eq!(management.connections_by_domain(&domain("acme.example")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_portal_link_opens_once() {
    let (idp, management, _, _) = office();
    let features = [PortalFeature::Sso, PortalFeature::DirSync];
    let answer = management.portal_redirect("org_acme", &features).await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers()[REFERRER_POLICY], "no-referrer");
    let location = answer.headers()[LOCATION].to_str().unwrap();
    assert!(location.starts_with(&format!("{IDP}/magicLink/")), "{location}");

    let open = || idp.handle(http::Request::get(location).body(bytes::Bytes::new()).unwrap());
    let opened = open();
    let page = String::from_utf8_lossy(opened.body()).into_owned();
    assert_eq!(opened.status(), StatusCode::OK);
    assert!(page.contains("Acme") && page.contains("sso, dir_sync"), "{page}");
    assert_eq!(open().status(), StatusCode::NOT_FOUND);
    let missing = management.portal_link("org_nobody", &features).await.unwrap_err();
    assert!(matches!(missing, ManagementError::NotFound(_)), "{missing}");
}

#[tokio::test]
async fn a_session_that_is_revoked_there_ends_here() {
    let (idp, management, _, clock) = office();
    let mut house = signed_in(&idp, &clock).await;
    drop(idp.take_outgoing());
    let id = house.session().await["scalekit"]["session_id"].as_str().unwrap().to_owned();
    let session = management.session(&id).await.unwrap();
    assert!(session.is_active());
    assert_eq!(session.organization_id.as_deref(), Some("org_acme"));
    let active = management.user_sessions(&session.user_id, Some(SessionStatus::Active), &PageRequest::first()).await;
    assert_eq!(active.unwrap().items.len(), 1);

    clock.advance(1);
    let revoked = management.revoke_session(&id).await.unwrap();
    assert_eq!((revoked.session_id.as_str(), revoked.status.as_str()), (id.as_str(), "revoked"));
    assert!(!house.session().await.is_null(), "nobody has told the application yet");
    assert_eq!(carry(&house).await, [StatusCode::OK]);
    assert!(house.session().await.is_null(), "the back-channel message ends it");
    assert!(!management.session(&id).await.unwrap().is_active());

    clock.advance(1);
    let mut again = signed_in(&idp, &clock).await;
    assert!(!again.session().await.is_null(), "and the person may sign in anew");
    let missing = management.revoke_session("ses_0").await.unwrap_err();
    assert!(matches!(missing, ManagementError::NotFound(_)), "{missing}");
}

#[tokio::test]
async fn all_sessions_of_a_person_end_in_every_browser() {
    let (idp, management, _, clock) = office();
    let mut first = signed_in(&idp, &clock).await;
    let mut second = first.visitor();
    second.sign_in().await;
    assert!(!second.session().await.is_null());
    drop(idp.take_outgoing());
    let user = first.session().await["scalekit"]["subject"].as_str().unwrap().to_owned();
    clock.advance(1);
    let revoked = management.revoke_user_sessions(&user).await.unwrap();
    assert_eq!(revoked.len(), 2);
    let answers = carry(&first).await;
    assert!(answers.len() == 2 && answers.iter().all(|answer| *answer == 200), "{answers:?}");
    assert!(first.session().await.is_null() && second.session().await.is_null());
}

#[tokio::test]
async fn a_directory_comes_in_pages() {
    let (idp, management, transport, clock) = office();
    let directories = management.directories("org_acme").await.unwrap();
    assert_eq!((directories.len(), directories[0].id.as_str()), (1, "dir_acme"));
    let everybody = DirectoryQuery::all();
    let page = PageRequest::first().size(25);
    let first = management.directory_users("org_acme", "dir_acme", &everybody, &page).await.unwrap();
    assert_eq!((first.items.len(), first.total_size), (25, Some(PEOPLE as u64)));
    assert!(first.previous.is_none());
    let second = management.directory_users("org_acme", "dir_acme", &everybody, &first.next.unwrap()).await.unwrap();
    assert_eq!((second.items.len(), second.items[0].id.as_str()), (25, "diruser_025"));
    let back = management.directory_users("org_acme", "dir_acme", &everybody, &second.previous.unwrap()).await.unwrap();
    assert_eq!(back.items, first.items);

    let path = "/api/v1/organizations/org_acme/directories/dir_acme/users";
    let before = transport.count(path);
    let all = management.every_directory_user("org_acme", "dir_acme", &everybody).await.unwrap();
    assert_eq!(all.iter().map(|user| user.email.as_str()).collect::<std::collections::HashSet<_>>().len(), PEOPLE);
    assert_eq!(transport.count(path) - before, PEOPLE.div_ceil(30), "pages of thirty, the most that Scalekit gives");

    let engineers = DirectoryQuery::all().in_group("dirgroup_eng");
    let engineers = management.every_directory_user("org_acme", "dir_acme", &engineers).await.unwrap();
    assert_eq!(engineers.len(), 7);
    assert_eq!(engineers[0].groups[0].display_name, "Engineering");

    // Reconciliation: what has happened since a moment.
    let moment = authstile::clock::UnixTime::from_seconds(clock.seconds());
    clock.advance(10);
    idp.deactivate_directory_user("diruser_007");
    let changed = DirectoryQuery::all().updated_after(moment).detailed();
    let changed = management.every_directory_user("org_acme", "dir_acme", &changed).await.unwrap();
    let changed: Vec<_> = changed.iter().map(|user| (user.id.as_str(), &user.user_detail["active"])).collect();
    assert_eq!(changed, [("diruser_007", &serde_json::json!(false))]);
}

#[tokio::test]
async fn too_many_calls_say_when_to_come_back() {
    let (idp, management, _, _) = office();
    management.organization("org_acme").await.unwrap();
    idp.set_rate_limited(Some(17));
    let error = management.organization("org_acme").await.unwrap_err();
    assert!(matches!(error, ManagementError::RateLimited { retry_after: Some(17), .. }), "{error}");
    assert!(error.is_temporary());
    assert_eq!(error.fault().unwrap().error_code.as_deref(), Some("RATE_LIMITED"));
    let lookup = management.connections_by_domain(&domain("acme.example")).await.unwrap_err();
    assert!(lookup.is_temporary(), "{lookup}");
    idp.set_rate_limited(None);
    assert!(management.organization("org_acme").await.is_ok());
}

#[tokio::test]
async fn its_token_is_renewed_and_a_wrong_secret_is_said_as_that() {
    let (idp, management, transport, clock) = office();
    management.organization("org_acme").await.unwrap();
    clock.advance(2 * 86_400);
    management.organization("org_acme").await.unwrap();
    assert_eq!(transport.count("/oauth/token"), 2);
    let stranger = Management::new(IDP, CLIENT_ID, "wrong", Arc::new(network(&idp)), Arc::new(clock)).unwrap();
    let error = stranger.organization("org_acme").await.unwrap_err();
    assert!(matches!(&error, ManagementError::Credentials { error, .. } if error == "invalid_client"), "{error}");
    idp.set_down(true);
    assert!(management.organization("org_acme").await.unwrap_err().is_temporary());
}
