//! Webhooks: Scalekit's vectors (`data/scalekit.json`), what our signatures must withstand beyond them, and what events mean
//! for sessions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use authstile::RevocationKey;
use authstile::webhook::SessionEffect;
use authstile_scalekit::ScalekitIdentity;
use authstile_scalekit::webhook::{
    Effect, Event, EventData, EventError, EventKind, HeaderFamily, InvalidWebhookSecret, Moment, WebhookError,
    WebhookSecret, WebhookVerifier, Who, effect,
};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};

const NOW: i64 = 1_758_692_838;
const SECRET: &str = "whsec_c2NhbGVraXQtdmVjdG9yLWtleS0wMTIzNDU2Nzg5YWI=";

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/scalekit.json")).unwrap()
}

/// Why a vector is refused: when the application starts, or when the message arrives.
#[derive(Debug, PartialEq)]
enum Refusal {
    Secret(InvalidWebhookSecret),
    Message(WebhookError),
}

fn headers(named: &Value) -> HeaderMap {
    let pair = |(name, value): (&String, &Value)| {
        (name.parse::<HeaderName>().unwrap(), value.as_str().unwrap().parse().unwrap())
    };
    named.as_object().unwrap().iter().map(pair).collect()
}

fn verify_vector(vector: &Value, family: HeaderFamily) -> Result<String, Refusal> {
    let secret = WebhookSecret::parse(vector["secret"].as_str().unwrap()).map_err(Refusal::Secret)?;
    let verifier = WebhookVerifier::new(secret).headers(family);
    let body = match vector["body_base64"].as_str() {
        Some(encoded) => STANDARD.decode(encoded).unwrap(),
        None => vector["body"].as_str().unwrap().as_bytes().to_vec(),
    };
    let delivery = verifier
        .verify(&headers(&vector["headers"]), &body, vector["now"].as_i64().unwrap())
        .map_err(Refusal::Message)?;
    assert_eq!(delivery.body(), body);
    Ok(delivery.id().to_owned())
}

fn fits(name: &str, refusal: &Refusal) -> bool {
    use InvalidWebhookSecret as S;
    use WebhookError as M;
    match name {
        "reserialised_json_breaks_signature" | "parsed_object_passed_as_payload" => {
            *refusal == Refusal::Message(M::BadSignature { signatures: 1 })
        }
        // Neither is a signature of version 1 in base64.
        "only_unknown_version"
        | "signature_without_comma"
        | "signature_base64url_alphabet"
        | "best_practices_page_scheme_t_v1_hex" => *refusal == Refusal::Message(M::BadSignature { signatures: 0 }),
        "hex_signature" => matches!(refusal, Refusal::Message(M::BadSignature { .. })),
        "future_301_refused" => *refusal == Refusal::Message(M::TooNew { ahead: 301 }),
        "missing_webhook-id" | "scalekit_signature_header_only" | "svix_header_names_only" => {
            *refusal == Refusal::Message(M::Missing("webhook-id"))
        }
        "timestamp_leading_zero" => matches!(refusal, Refusal::Message(M::Timestamp(_))),
        "webhook_headers_on_interceptor_verifier" => *refusal == Refusal::Message(M::Missing("interceptor-id")),
        "secret_without_prefix" | "secret_other_prefix" => *refusal == Refusal::Secret(S::Prefix),
        "secret_empty_key" => *refusal == Refusal::Secret(S::Empty),
        "secret_base64url_cut_at_underscore_truncated_key" => *refusal == Refusal::Secret(S::NotBase64),
        _ => false,
    }
}

#[test]
fn every_vector_gets_the_verdict_that_is_stated() {
    let vectors = vectors();
    for (section, family, at_least) in
        [("webhooks", HeaderFamily::Webhook, (11, 16)), ("interceptors", HeaderFamily::Interceptor, (1, 1))]
    {
        let mut seen = (0, 0);
        for vector in vectors[section].as_array().unwrap() {
            let name = vector["name"].as_str().unwrap();
            match (vector["expect"].as_str().unwrap(), verify_vector(vector, family)) {
                ("accept", Ok(id)) => {
                    seen.0 += 1;
                    assert_eq!(id, "msg_vector0", "{name}");
                }
                ("reject", Err(refusal)) => {
                    seen.1 += 1;
                    assert!(fits(name, &refusal), "{name} ends in the wrong leaf, or in none: {refusal:?}");
                }
                (expected, got) => panic!("{name}: expected {expected}, got {got:?} ({})", vector["why"]),
            }
        }
        assert!(seen.0 >= at_least.0 && seen.1 >= at_least.1, "{seen:?}: the vectors are cut off");
    }
}

#[test]
fn other_header_names_are_an_explicit_choice() {
    let vectors = vectors();
    let all = vectors["webhooks"].as_array().unwrap();
    let svix = all.iter().find(|vector| vector["name"] == "svix_header_names_only").unwrap();
    assert!(verify_vector(svix, HeaderFamily::Svix).is_ok());
}

fn sign(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap());
    let message = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    format!("v1,{}", STANDARD.encode(hmac::sign(&key, &message)))
}

/// A message that is signed as it should be, for whatever timestamp.
fn check(timestamp: &str, now: i64, signature: impl Fn(String) -> String) -> Result<(), WebhookError> {
    let signature = signature(sign(SECRET, "msg_1", timestamp, b"{}"));
    let headers =
        headers(&json!({ "webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": signature }));
    WebhookVerifier::new(WebhookSecret::parse(SECRET).unwrap()).verify(&headers, b"{}", now).map(drop)
}

#[test]
fn timestamps_are_digits_even_when_the_signature_covers_them() {
    let now = NOW.to_string();
    assert_eq!(check(&now, NOW, |signature| signature), Ok(()));
    for bad in [
        "1758692838abc",
        "1758692838.9",
        "01758692838",
        "+1758692838",
        "-1758692838",
        "1.758692838e9",
        "0",
        "1758692838 ",
        "99999999999999999999",
    ] {
        assert!(matches!(check(bad, NOW, |signature| signature), Err(WebhookError::Timestamp(_))), "{bad:?}");
    }
}

#[test]
fn the_tolerance_is_five_minutes_and_its_boundary_belongs_to_it() {
    for (age, verdict) in [
        (300, Ok(())),
        (301, Err(WebhookError::TooOld { age: 301 })),
        (-300, Ok(())),
        (-301, Err(WebhookError::TooNew { ahead: 301 })),
    ] {
        assert_eq!(check(&(NOW - age).to_string(), NOW, |signature| signature), verdict, "{age} s old");
    }
    assert!(matches!(check(&i64::MAX.to_string(), i64::MIN, |signature| signature), Err(WebhookError::TooNew { .. })));
}

#[test]
fn one_good_signature_among_several_is_enough() {
    let verdict = |signature: &dyn Fn(String) -> String| check(&NOW.to_string(), NOW, signature);
    assert_eq!(verdict(&|good| format!("v1,AAAA {good}")), Ok(()), "the first has another length");
    assert_eq!(verdict(&|good| format!("v1a,AAAA v2,{good} {good}")), Ok(()));
    assert_eq!(verdict(&|good| format!(" {good} ")), Ok(()));
    for bad in [
        &(|good: String| good.replace("v1,", "v2,")) as &dyn Fn(String) -> String,
        &|good| good.trim_end_matches('=').to_owned(),
        &|good| format!("{good}="),
        &|good| good.replace(',', ";"),
        &|good| good.to_lowercase(),
        &|_| "v1,".to_owned(),
        &|_| "v1".to_owned(),
    ] {
        assert!(matches!(verdict(bad), Err(WebhookError::BadSignature { .. })), "{}", bad("v1,abc=".to_owned()));
    }
}

#[test]
fn both_secrets_are_good_while_they_are_changed() {
    let other = "whsec_b3RoZXItc2NhbGVraXQta2V5LTAxMjM0NTY3ODk=";
    let timestamp = NOW.to_string();
    let verdict = |signed_with: &str, verifier: &WebhookVerifier| {
        let signature = sign(signed_with, "msg_1", &timestamp, b"{}");
        let headers =
            headers(&json!({ "webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": signature }));
        verifier.verify(&headers, b"{}", NOW).is_ok()
    };
    let one = WebhookVerifier::new(WebhookSecret::parse(SECRET).unwrap());
    let both = one.clone().or(WebhookSecret::parse(other).unwrap());
    assert_eq!((verdict(SECRET, &one), verdict(other, &one)), (true, false));
    assert_eq!((verdict(SECRET, &both), verdict(other, &both)), (true, true));
}

#[test]
fn a_header_that_comes_twice_is_refused() {
    let verifier = WebhookVerifier::new(WebhookSecret::parse(SECRET).unwrap());
    let signature = sign(SECRET, "msg_1", &NOW.to_string(), b"{}");
    let good = headers(
        &json!({ "webhook-id": "msg_1", "webhook-timestamp": NOW.to_string(), "webhook-signature": signature }),
    );
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut twice = good.clone();
        twice.append(name, good[name].clone());
        assert_eq!(verifier.verify(&twice, b"{}", NOW).unwrap_err(), WebhookError::Repeated(name));
        let mut empty = good.clone();
        empty.insert(name, "".parse().unwrap());
        assert_eq!(verifier.verify(&empty, b"{}", NOW).unwrap_err(), WebhookError::Missing(name));
        let mut opaque = good.clone();
        opaque.insert(name, http::HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(verifier.verify(&opaque, b"{}", NOW).unwrap_err(), WebhookError::NotText(name));
    }
}

/// An event, read as it would be: signed, delivered and verified.
fn receive(envelope: &Value) -> Result<Event, EventError> {
    let body = envelope.to_string();
    let timestamp = NOW.to_string();
    let signature = sign(SECRET, "msg_1", &timestamp, body.as_bytes());
    let headers =
        headers(&json!({ "webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": signature }));
    let verifier = WebhookVerifier::new(WebhookSecret::parse(SECRET).unwrap());
    Event::parse(&verifier.verify(&headers, body.as_bytes(), NOW).unwrap())
}

fn event(kind: &str, data: Value) -> Event {
    receive(&json!({
        "spec_version": "1", "id": "evt_1", "type": kind, "environment_id": "env_1", "organization_id": "org_1",
        "occurred_at": "2025-09-24T05:47:18.000000001Z", "data": data,
    }))
    .unwrap()
}

#[test]
fn the_vectors_are_read_as_events() {
    let vectors = vectors();
    let read = |name: &str| {
        let vector = vectors["webhooks"].as_array().unwrap().iter().find(|vector| vector["name"] == name).unwrap();
        receive(&serde_json::from_str(vector["body"].as_str().unwrap()).unwrap()).unwrap()
    };
    let created = read("valid_dir_user_created");
    assert_eq!((created.id.as_str(), &created.kind), ("evt_100000000000000001", &EventKind::DirectoryUserCreated));
    assert_eq!(created.environment_id.as_deref(), Some("env_100000000000000001"));
    assert_eq!(created.organization_id.as_deref(), Some("org_70087756646187150"));
    assert_eq!(created.occurred_at.map(Moment::seconds), Some(NOW));
    let EventData::DirectoryUser(user) = &created.data else { panic!("{:?}", created.data) };
    assert_eq!((user.id.as_deref(), user.dp_id.as_deref()), (Some("diruser_1"), Some("00uabc123")));
    assert_eq!((user.email.as_deref(), user.active), (Some("jane@example.com"), Some(true)));
    assert_eq!((user.groups[0].name.as_deref(), user.roles[0].as_str()), (Some("Engineering"), "member"));
    assert_eq!(user.custom_attributes["team"], "core");

    let organization = "org_70087756646187150".to_owned();
    let (dp_id, email) = (Some("00uabc123".to_owned()), Some("jane@example.com".to_owned()));
    let jane = Who::DirectoryUser { organization: organization.clone(), dp_id, email };
    assert_eq!(effect(&created), Some(Effect::Readmit(jane.clone())));
    let shut_out = |who| Some(Effect::EndSessions { who, refuse_next: true });
    assert_eq!(effect(&read("valid_dir_user_updated_inactive")), shut_out(jane.clone()));
    assert_eq!(effect(&read("valid_dir_user_deleted")), shut_out(jane));
    let connection = "conn_70087756662964366".to_owned();
    assert_eq!(effect(&read("valid_sso_disabled")), shut_out(Who::Connection { organization, connection }));
    let who = Who::Session { session_id: "ses_91646612652163629".to_owned() };
    assert_eq!(effect(&read("valid_user_logout")), Some(Effect::EndSessions { who, refuse_next: false }));
    // Neither an envelope nor an id: still an event, known by the message's id.
    let bare = read("valid_non_ascii_body_escapes_crlf");
    assert_eq!((bare.id.as_str(), &bare.kind, effect(&bare)), ("msg_1", &EventKind::DirectoryUserCreated, None));
}

#[test]
fn what_each_event_means_for_sessions() {
    let organization = || "org_1".to_owned();
    let directory_user = |dp_id: Option<&str>, email: Option<&str>| Who::DirectoryUser {
        organization: organization(),
        dp_id: dp_id.map(str::to_owned),
        email: email.map(str::to_owned),
    };
    let ends = |who| Some(Effect::EndSessions { who, refuse_next: false });
    let shuts_out = |who| Some(Effect::EndSessions { who, refuse_next: true });
    let readmits = |who| Some(Effect::Readmit(who));
    let member = || Who::Member { organization: organization(), subject: "usr_1".to_owned() };
    let connection = || Who::Connection { organization: organization(), connection: "conn_1".to_owned() };
    let domain = Who::Domain { organization: organization(), domain: "acme.com".to_owned() };
    let user = json!({ "user": { "id": "usr_1", "email": "Ada@Acme.com" } });
    for (kind, data, expected) in [
        ("organization.directory.user_deleted", json!({"dp_id": "1"}), shuts_out(directory_user(Some("1"), None))),
        (
            "scalekit.dir.user.delete",
            json!({"email": "Ada@Acme.com"}),
            shuts_out(directory_user(None, Some("ada@acme.com"))),
        ),
        ("organization.directory.user_deleted", json!({"id": "diruser_1"}), None),
        (
            "organization.directory.user_updated",
            json!({"dp_id": "1", "active": false}),
            shuts_out(directory_user(Some("1"), None)),
        ),
        (
            "organization.directory.user_updated",
            json!({"dp_id": "1", "active": "False"}),
            shuts_out(directory_user(Some("1"), None)),
        ),
        (
            "organization.directory.user_updated",
            json!({"dp_id": "1", "active": true}),
            readmits(directory_user(Some("1"), None)),
        ),
        ("organization.directory.user_updated", json!({"dp_id": "1"}), None),
        ("organization.directory.user_updated", json!({"dp_id": "1", "active": null}), None),
        (
            "organization.directory.user_created",
            json!({"dp_id": "1", "active": false}),
            shuts_out(directory_user(Some("1"), None)),
        ),
        ("organization.sso_disabled", json!({"id": "conn_1"}), shuts_out(connection())),
        ("organization.sso_deleted", json!({"id": "conn_1"}), shuts_out(connection())),
        ("organization.sso_enabled", json!({"id": "conn_1"}), readmits(connection())),
        ("organization.sso_disabled", json!({}), None),
        ("organization.sso_created", json!({"id": "conn_1"}), None),
        ("organization.deleted", json!({"id": "org_1"}), shuts_out(Who::Organization { organization: organization() })),
        ("organization.updated", json!({"id": "org_1"}), None),
        ("organization.domain_deleted", json!({"domain": "Acme.com"}), ends(domain)),
        ("organization.domain_deleted", json!({"domain": "acme.com", "domain_type": "ALLOWED_EMAIL_DOMAIN"}), None),
        ("organization.directory_disabled", json!({"id": "dir_1", "enabled": false}), None),
        ("organization.directory.group_deleted", json!({"id": "dirgroup_1"}), None),
        ("user.organization_membership_deleted", user.clone(), shuts_out(member())),
        ("user.organization_membership_created", user.clone(), readmits(member())),
        ("user.organization_membership_updated", user.clone(), None),
        ("user.login", user.clone(), None),
        ("user.logout", user.clone(), ends(Who::Subject { subject: "usr_1".to_owned() })),
        (
            "user.logout",
            json!({"user_session": {"session_id": "ses_1"}}),
            ends(Who::Session { session_id: "ses_1".to_owned() }),
        ),
        ("user.logout", json!({}), None),
        ("role.deleted", json!({}), None),
        ("user.deleted", user, None),
        ("something.new", json!([1, 2]), None),
    ] {
        assert_eq!(effect(&event(kind, data.clone())), expected, "{kind}: {data}");
    }
}

#[test]
fn the_organization_is_in_the_envelope_or_in_the_data_and_never_two() {
    let membership = |envelope: Value| {
        let mut event = json!({
            "type": "user.organization_membership_deleted",
            "data": { "organization": { "id": "org_1" }, "user": { "id": "usr_1" } },
        });
        if !envelope.is_null() {
            event["organization_id"] = envelope;
        }
        receive(&event)
    };
    let published = membership(Value::Null).unwrap();
    let who = Who::Member { organization: "org_1".to_owned(), subject: "usr_1".to_owned() };
    assert_eq!(effect(&published), Some(Effect::EndSessions { who, refuse_next: true }));
    assert!(membership(json!("org_1")).is_ok());
    let contradiction = EventError::Organizations { envelope: "org_2".to_owned(), data: "org_1".to_owned() };
    assert_eq!(membership(json!("org_2")).unwrap_err(), contradiction);
    // Nobody can be looked for by an address in no organization.
    let nowhere = json!({"type": "organization.directory.user_deleted", "data": {"email": "ada@acme.com"}});
    assert_eq!(effect(&receive(&nowhere).unwrap()), None);
    // An employer's name is not an organization.
    let employer = json!({"type": "organization.directory.user_deleted", "organization_id": "org_1", "data": {"dp_id": "1", "organization": "org_2"}});
    assert_eq!(receive(&employer).unwrap().organization_id.as_deref(), Some("org_1"));
}

#[test]
fn only_what_is_no_event_at_all_is_an_error() {
    assert_eq!(receive(&json!([])).unwrap_err(), EventError::NotAnObject);
    assert_eq!(receive(&json!({})).unwrap_err(), EventError::NoType);
    assert_eq!(receive(&json!({"type": 7})).unwrap_err(), EventError::NoType);
    let odd =
        json!({"type": "organization.sso_disabled", "id": 7, "organization_id": {}, "occurred_at": "now", "data": "x"});
    let odd = receive(&odd).unwrap();
    assert_eq!((odd.id.as_str(), odd.organization_id.as_deref(), odd.occurred_at), ("msg_1", None, None));
    let unknown =
        receive(&json!({"type": "brand.new", "organization_id": "org_1", "data": {"organization_id": "org_2"}}))
            .unwrap();
    assert_eq!(unknown.kind, EventKind::Unknown("brand.new".to_owned()));
    assert_eq!(unknown.raw["data"]["organization_id"], "org_2", "kept as it came");
    let domain = event("organization.domain_created", json!({"domain": "acme.com", "txt_record_secret": "hidden"}));
    assert!(!format!("{domain:?}").contains("hidden"));
    assert!(!format!("{:?}", domain.data).contains("hidden"));
}

/// Whether an event's keys find a session: the two sides are written down in different rooms.
fn finds(event: &Event, identity: &Value, email: &str) -> bool {
    let issuer = "https://acme.scalekit.dev";
    let identity: ScalekitIdentity = serde_json::from_value(identity.clone()).unwrap();
    let mut keys = identity.revocation_keys(issuer, Some(email));
    keys.push(RevocationKey::subject(issuer, &identity.subject));
    keys.extend(identity.session_id.as_deref().map(|id| RevocationKey::provider_session(issuer, id)));
    effect(event).unwrap().for_sessions(issuer).into_iter().any(|effect| match effect {
        SessionEffect::End(key) | SessionEffect::EndAndRefuse(key) | SessionEffect::Allow(key) => keys.contains(&key),
        other => panic!("{other:?}"),
    })
}

#[test]
fn events_find_the_sessions_of_their_organization_and_no_others() {
    let ada = json!({"subject": "conn_1;00u1", "idp_user_id": "00u1", "organization": "org_1", "connection": "conn_1", "session_id": "ses_1"});
    let other_organization = json!({"subject": "conn_2;00u1", "idp_user_id": "00u1", "organization": "org_2", "connection": "conn_2", "session_id": "ses_2"});
    let full_stack =
        json!({"subject": "usr_1", "organization": "org_1", "connection": "conn_1", "session_id": "ses_3"});
    let without_organization = json!({"subject": "conn_1;x", "idp_user_id": "x", "connection": "conn_1"});
    let deleted = |data| event("organization.directory.user_deleted", data);
    let user = json!({"user": {"id": "usr_1"}});
    for (event, found) in [
        (deleted(json!({"dp_id": "00u1"})), [true, false, false, false]),
        (deleted(json!({"dp_id": "other", "email": "ADA@acme.com"})), [true, false, true, false]),
        (deleted(json!({"email": "bob@acme.com"})), [false; 4]),
        (event("organization.sso_disabled", json!({"id": "conn_1"})), [true, false, true, true]),
        (event("organization.sso_disabled", json!({"id": "conn_2"})), [false; 4]),
        (event("organization.deleted", json!({})), [true, false, true, false]),
        (event("organization.domain_deleted", json!({"domain": "acme.com"})), [true, false, true, false]),
        (event("organization.domain_deleted", json!({"domain": "cme.com"})), [false; 4]),
        (event("user.organization_membership_deleted", user.clone()), [false, false, true, false]),
        (event("user.logout", user), [false, false, true, false]),
        (event("user.logout", json!({"user_session": {"session_id": "ses_2"}})), [false, true, false, false]),
    ] {
        let got = [&ada, &other_organization, &full_stack, &without_organization]
            .map(|identity| finds(&event, identity, "Ada@Acme.com"));
        assert_eq!(got, found, "{}: {:?}", event.kind, event.data);
    }
}

#[test]
fn an_effect_says_the_same_to_the_engine() {
    let data = |active| json!({"dp_id": "1", "email": "a@b.example", "active": active});
    let effects = |kind, data| effect(&event(kind, data)).unwrap().for_sessions("https://acme.scalekit.dev");
    let shut_out = effects("organization.directory.user_updated", data(false));
    assert!(matches!(shut_out[..], [SessionEffect::EndAndRefuse(_), SessionEffect::EndAndRefuse(_)]), "{shut_out:?}");
    let readmitted = effects("organization.directory.user_updated", data(true));
    assert!(matches!(readmitted[..], [SessionEffect::Allow(_), SessionEffect::Allow(_)]), "{readmitted:?}");
    let ended = effects("user.logout", json!({"user": {"id": "usr_1"}}));
    assert!(matches!(ended[..], [SessionEffect::End(_)]), "{ended:?}");
}
