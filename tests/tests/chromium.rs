//! A real browser in front of a real application: Debian's Chromium, driven by the walks of `tests/compat/walks.mjs`.
#![cfg(feature = "services")]

use authstile_tests::peers::{Peer, free_port, walk};
use authstile_tests::site::Site;

async fn walks(name: &'static str) {
    let site = Site::open().await.unwrap();
    let (app, down) = (site.app.clone(), format!("{}/down", site.app));
    tokio::task::spawn_blocking(move || walk(name, &app, &[("DOWN_URL", &down)])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_out() {
    walks("login").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_sign_in_at_once() {
    walks("two-tabs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_shown_kindly() {
    walks("denied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_state_is_shown_kindly() {
    walks("stale-state").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_shown_kindly() {
    walks("provider-down").await;
}

/// The demo as a newcomer meets it: every page, light and dark, narrow and wide.
#[test]
fn the_demo_signs_in_and_its_pages_are_sound() {
    let (port, idp_port) = (free_port().to_string(), free_port().to_string());
    let mut demo = Peer::authstile(&["demo", "--port", &port, "--idp-port", &idp_port], &[]);
    demo.wait_for(&port);
    let app = format!("http://localhost:{port}");
    walk("login", &app, &[]);
    walk("screens", &app, &[]);
}
