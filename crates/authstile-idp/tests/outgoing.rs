//! Calls that the provider makes: handed out once, tried again, given up (§6.1).

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

use authstile_idp::{DeliveryState, Idp, OutgoingId, OutgoingKind, Webhook, WebhookEvent};
use common::*;
use http::StatusCode;
use serde_json::json;

fn event() -> WebhookEvent {
    WebhookEvent::new("role.created", Some("org_acme"), json!({ "name": "admin" }))
}

fn state(idp: &Idp) -> (DeliveryState, usize, Option<u16>) {
    let deliveries = idp.deliveries();
    assert_eq!(deliveries.len(), 1, "{deliveries:?}");
    (deliveries[0].state, deliveries[0].tries, deliveries[0].last_status)
}

#[test]
fn a_webhook_is_tried_again_under_the_same_id_until_it_is_taken() {
    let hands = Hands::new();
    let idp = hooked().clock(hands.clock()).build();
    idp.send_event(&event());
    let mut ids = Vec::new();
    let mut timestamps = Vec::new();
    for (pause, status) in [(0, Some(500)), (1, Some(302)), (2, None), (5, Some(204))] {
        hands.wait(pause);
        let requests = idp.take_outgoing();
        assert_eq!(requests.len(), 1, "after {pause} seconds");
        assert!(idp.take_outgoing().is_empty(), "handed out once");
        let request = &requests[0];
        assert_eq!((request.method().as_str(), request.uri().to_string()), ("POST", HOOKS.to_owned()));
        ids.push(request.headers()["webhook-id"].clone());
        timestamps.push(request.headers()["webhook-timestamp"].to_str().unwrap().parse::<i64>().unwrap());
        let status = status.map(|status| StatusCode::from_u16(status).unwrap());
        idp.outgoing_result(OutgoingId::of(request).unwrap(), status);
        assert!(idp.due_outgoing(hands.now()).is_empty());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(timestamps.is_sorted() && timestamps[0] < timestamps[3], "signed anew: {timestamps:?}");
    assert_eq!(state(&idp), (DeliveryState::Delivered, 4, Some(204)));
    assert!(idp.due_outgoing(hands.now() + 1000).is_empty());
}

#[test]
fn after_five_tries_it_is_given_up() {
    let idp = hooked().build();
    idp.send_event(&event());
    let mut now = i64::MAX / 2;
    for _ in 0..5 {
        assert_eq!(idp.due_outgoing(now).len(), 1);
        now += 1000; // No answer within ten seconds is as bad as a wrong one.
        let _ = idp.due_outgoing(now);
        now += 1000;
    }
    assert!(idp.due_outgoing(now).is_empty());
    assert_eq!(state(&idp), (DeliveryState::GivenUp, 5, None));
}

#[test]
fn logout_tokens_are_sent_once() {
    let idp = builder().build();
    tokens(&idp, &[]);
    assert_eq!(idp.revoke_sessions_of("ada@acme.example"), 1);
    let requests = idp.take_outgoing();
    idp.outgoing_result(OutgoingId::of(&requests[0]).unwrap(), StatusCode::BAD_REQUEST);
    assert_eq!(idp.deliveries()[0].kind, OutgoingKind::BackChannelLogout);
    assert_eq!(state(&idp), (DeliveryState::GivenUp, 1, Some(400)));
    assert!(idp.due_outgoing(i64::MAX).is_empty());
}

#[test]
fn receivers_get_what_they_want() {
    let idp = builder()
        .webhook(Webhook::new("http://one.example/", HOOK_SECRET).unwrap().event("role.created"))
        .webhook(Webhook::new("http://two.example/", HOOK_SECRET).unwrap().event("role.deleted"))
        .webhook(Webhook::new("not a url", HOOK_SECRET).unwrap())
        .build();
    idp.send_event(&event());
    let requests = idp.take_outgoing();
    assert_eq!(requests.iter().map(|request| request.uri().to_string()).collect::<Vec<_>>(), ["http://one.example/"]);
    assert_eq!(idp.deliveries().len(), 2);
    assert_eq!(idp.deliveries()[1].state, DeliveryState::GivenUp);
    idp.outgoing_result(OutgoingId::of(&requests[0]).unwrap(), StatusCode::OK);
    idp.outgoing_result(OutgoingId::of(&requests[0]).unwrap(), StatusCode::BAD_GATEWAY);
    assert_eq!(idp.deliveries()[0].last_status, Some(200), "an answer counts once");
}
