//! Events: what they say, and how their delivery goes wrong (§6).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    unreachable_pub,
    reason = "in tests a panic is a failure"
)]

mod common;

use std::collections::HashSet;

use authstile_idp::{
    Connection, Directory, DirectoryGroup, DirectoryUser, EVENT_TYPES, Idp, Organization, User, WebhookEvent,
    WebhookFault,
};
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use common::*;
use http::Request;
use serde_json::{Value, json};

#[test]
fn events_have_the_shape_of_the_vectors() {
    let idp = hooked().build();
    let (org, conn) = ("org_70087756646187150", "conn_70087756662964366");
    let group = DirectoryGroup::new("dirgroup_1", "Engineering");
    let directory = Directory::new("dir_1", "Okta").group(group);
    let jane = DirectoryUser::new("diruser_1", "jane@example.com").dp_id("00uabc123").name("Jane", "Roe");
    let full = jane.clone().preferred_username("jane").group("dirgroup_1").role("member").attribute("team", "core");
    let sso = Connection::new(conn, "Okta").provider("OKTA");
    let user = User::new("jane@example.com").id("usr_1");
    let sent = [
        ("valid_dir_user_created", WebhookEvent::directory_user_created(org, &directory, &full)),
        (
            "valid_dir_user_updated_inactive",
            WebhookEvent::directory_user_updated(org, &directory, &jane.clone().inactive()),
        ),
        ("valid_dir_user_deleted", WebhookEvent::directory_user_deleted(org, &jane)),
        ("valid_sso_disabled", WebhookEvent::sso_disabled(org, &sso)),
        ("valid_user_logout", WebhookEvent::user_logout(&user, "ses_91646612652163629", Some(org))),
    ];
    let vectors: Vec<Value> = serde_json::from_str(include_str!("data/webhooks.json")).unwrap();
    for (name, event) in sent {
        idp.send_event(&event.id("evt_100000000000000001").occurred_at(1_758_692_838));
        let got = events(&idp).remove(0);
        let vector = vectors.iter().find(|vector| vector["name"] == name).unwrap();
        let wanted: Value = serde_json::from_str(vector["body"].as_str().unwrap()).unwrap();
        for (member, value) in wanted.as_object().unwrap() {
            match member.as_str() {
                "environment_id" => assert!(got[member].as_str().unwrap().starts_with("env_"), "{name}"),
                "data" => contains(&got["data"], value, name),
                _ => assert_eq!(&got[member], value, "{name}: {member}"),
            }
        }
        assert!(got.as_object().unwrap().keys().eq(wanted.as_object().unwrap().keys()), "{name}: {got}");
    }
}

/// Everything that is wanted is there. More is fine: all members but a few are optional (§6.4).
fn contains(got: &Value, wanted: &Value, name: &str) {
    match wanted {
        Value::Object(members) => {
            members.iter().for_each(|(member, value)| contains(&got[member], value, &format!("{name}.{member}")));
        }
        _ => assert_eq!(got, wanted, "{name}"),
    }
}

#[test]
fn a_deleted_person_has_four_members() {
    let idp = hooked().build();
    assert!(idp.delete_directory_user("diruser_ada"));
    let data = events(&idp).remove(0)["data"].clone();
    let members: Vec<_> = data.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["id", "organization_id", "dp_id", "email"]);
}

#[test]
fn changes_send_their_events() {
    let idp = hooked().build();
    assert!(idp.deactivate_directory_user("ADA@acme.example"));
    assert!(idp.reactivate_directory_user("diruser_ada"));
    assert!(idp.put_directory_user("dir_acme", DirectoryUser::new("diruser_new", "new@acme.example")));
    assert!(idp.put_directory_user("dir_acme", DirectoryUser::new("diruser_new", "newer@acme.example")));
    assert!(idp.set_directory_enabled("dir_acme", false));
    assert!(idp.set_connection_enabled("conn_acme_okta", false));
    assert!(idp.delete_connection("conn_acme_okta"));
    assert!(idp.remove_membership("ada@acme.example", "org_acme"));
    assert!(!idp.remove_membership("ada@acme.example", "org_acme"));
    assert!(idp.delete_organization("org_acme"));
    for gone in
        [idp.delete_organization("org_acme"), idp.delete_directory_user("diruser_ada"), idp.delete_connection("x")]
    {
        assert!(!gone);
    }
    let events = events(&idp);
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "organization.directory.user_updated",
            "organization.directory.user_updated",
            "organization.directory.user_created",
            "organization.directory.user_updated",
            "organization.directory_disabled",
            "organization.sso_disabled",
            "organization.sso_deleted",
            "user.organization_membership_deleted",
            "organization.deleted",
        ]
    );
    assert_eq!((&events[0]["data"]["active"], &events[1]["data"]["active"]), (&json!(false), &json!(true)));
    assert!(events.iter().all(|event| event["organization_id"] == "org_acme"));
    let ids: HashSet<_> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len());
}

#[test]
fn a_sign_in_and_a_sign_out_are_events() {
    let idp = hooked().build();
    let id_token = tokens(&idp, &[])["id_token"].clone();
    get(&idp, "/oidc/logout", &[("id_token_hint", id_token.as_str().unwrap())]);
    let events = events(&idp);
    assert_eq!((&events[0]["type"], &events[1]["type"]), (&json!("user.login"), &json!("user.logout")));
    for (event, status) in events.iter().zip(["ACTIVE", "LOGOUT"]) {
        let (user, session) = (&event["data"]["user"], &event["data"]["user_session"]);
        assert_eq!((&session["session_id"], &session["status"]), (&claims(&id_token)["sid"], &json!(status)));
        assert_eq!((&user["email"], &user["id"]), (&json!("ada@acme.example"), &session["user_id"]));
        let identity = &user["user_profile"]["external_identities"][0];
        assert_eq!(identity, &json!({ "connection_id": "conn_acme_okta", "connection_user_id": "00u1ada" }));
    }
}

#[test]
fn every_catalogued_event_can_be_made() {
    let idp = hooked().build();
    let mut made = HashSet::new();
    let (user, directory) = (User::new("a@b.example"), Directory::new("dir_1", "One"));
    let (group, connection) =
        (DirectoryGroup::new("dirgroup_1", "G").external_id("x"), Connection::new("conn_1", "One"));
    let person = DirectoryUser::new("diruser_1", "a@b.example");
    let organization = Organization::new("org_1", "One").external_id("1");
    let mut all = vec![
        WebhookEvent::directory_user_created("org_1", &directory, &person),
        WebhookEvent::directory_switched("org_1", &directory),
        WebhookEvent::directory_switched("org_1", &directory.clone().disabled()),
        WebhookEvent::sso_created("org_1", &connection),
        WebhookEvent::sso_enabled("org_1", &connection.clone().disabled()),
        WebhookEvent::user_signup(&user, None),
        WebhookEvent::user_invited(&user, "org_1"),
        WebhookEvent::membership_created(&user, "org_1"),
        WebhookEvent::membership_updated(&user, "org_1"),
        WebhookEvent::user_login(&user, "ses_1", None).display_name("x").object("UserLoginEvent"),
    ];
    for change in ["created", "updated", "deleted"] {
        all.push(WebhookEvent::directory_group(change, "org_1", &directory, &group));
        all.push(WebhookEvent::organization(change, &organization));
        all.push(WebhookEvent::new(format!("permission.{change}"), None, json!({})));
    }
    for change in ["created", "deleted", "dns_verification_success", "dns_verification_failed"] {
        all.push(WebhookEvent::domain(change, "org_1", "b.example"));
    }
    for event in all {
        idp.send_event(&event);
        let event = events(&idp).remove(0);
        let name = event["type"].as_str().unwrap().to_owned();
        assert!(EVENT_TYPES.iter().any(|(known, _)| *known == name), "{name}");
        made.insert(name);
    }
    assert_eq!(made.len(), 23);
    for (name, object) in EVENT_TYPES {
        idp.send_event(&WebhookEvent::new(*name, None, json!({})));
        assert_eq!(events(&idp)[0]["object"], *object);
    }
    idp.send_event(&WebhookEvent::new("session.expired", None, json!({})));
    assert_eq!(events(&idp)[0]["object"], "Event");
}

#[test]
fn a_strict_receiver_refuses_exactly_the_bad_ones() {
    let hands = Hands::new();
    let idp = hooked().clock(hands.clock()).build();
    let send = |name: &str| idp.send_event(&WebhookEvent::new(name, None, json!({ "n": 1 })));
    for fault in WebhookFault::ALL {
        idp.misdeliver(Some(*fault));
        send("role.created");
        hands.wait(1);
        send("role.deleted");
        let requests = deliver(&idp, HOOKS);
        assert!(requests.len() >= 2, "{fault:?}");
        let accepted = requests.iter().filter(|request| verify(request, hands.now())).count();
        assert_eq!(accepted, if fault.is_conformant() { requests.len() } else { 0 }, "{fault:?}");
        let ids: HashSet<_> = requests.iter().map(|request| request.headers()["webhook-id"].clone()).collect();
        assert_eq!(ids.len(), 2, "{fault:?}");
        assert_eq!(WebhookFault::from_name(fault.name()), Some(*fault));
    }

    idp.misdeliver(Some(WebhookFault::Duplicate));
    send("role.created");
    let twice = deliver(&idp, HOOKS);
    assert_eq!((twice.len(), twice[0].body()), (2, twice[1].body()));

    idp.misdeliver(Some(WebhookFault::OutOfOrder));
    send("role.created");
    assert!(events(&idp).is_empty());
    hands.wait(60);
    send("role.deleted");
    let swapped = events(&idp);
    assert_eq!((&swapped[0]["type"], &swapped[1]["type"]), (&json!("role.deleted"), &json!("role.created")));
    assert!(swapped[0]["occurred_at"].as_str() > swapped[1]["occurred_at"].as_str());
    send("role.created");
    idp.misdeliver(None);
    assert_eq!(events(&idp).len(), 1);
}

#[test]
fn an_old_secret_signs_too() {
    let old = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let webhook = authstile_idp::Webhook::new(HOOKS, HOOK_SECRET).unwrap().old_secret(old).unwrap();
    assert!(!format!("{webhook:?}").contains("AAAA"));
    let hands = Hands::new();
    let idp: Idp = builder().webhook(webhook).clock(hands.clock()).build();
    idp.send_event(&WebhookEvent::new("role.created", None, json!({})));
    let request = deliver(&idp, HOOKS).remove(0);
    assert_eq!(request.headers()["webhook-signature"].to_str().unwrap().split(' ').count(), 2);
    assert!(verify(&request, hands.now()));
}

/// As Standard Webhooks says.
fn verify(request: &Request<Bytes>, now: i64) -> bool {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap());
    let (id, timestamp) = (header("webhook-id").unwrap(), header("webhook-timestamp").unwrap());
    if now.abs_diff(timestamp.parse().unwrap()) > 300 {
        return false;
    }
    let key = STANDARD.decode(HOOK_SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let content = [format!("{id}.{timestamp}.").as_bytes(), request.body()].concat();
    let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &content);
    let expected = format!("v1,{}", STANDARD.encode(expected.as_ref()));
    header("webhook-signature").is_some_and(|signatures| signatures.split(' ').any(|one| one == expected))
}
