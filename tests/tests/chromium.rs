//! A real browser in front of a real application: Debian's Chromium, driven by the walks of `tests/compat/walks.mjs`.
#![cfg(feature = "services")]

use authstile_idp::Misbehave;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_work_email_leads_to_the_identity_provider_of_its_organization() {
    let site = Site::with(|scalekit| scalekit.ask_work_email()).await.unwrap();
    run("work-email", &site, vec![]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_signs_somebody_else_in_asks_first() {
    let site = Site::with(|scalekit| scalekit).await.unwrap();
    let [ada, linus] = ["ada@acme.example", "linus@globex.example"].map(|who| site.idp.idp_initiated_url(who, None));
    run("switch-account", &site, vec![("TILE_URL", ada), ("OTHER_TILE_URL", linus)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_another_organization_is_told_so() {
    let site = Site::open().await.unwrap();
    site.idp.misbehave(Some(Misbehave::OtherOrganization));
    run("refused", &site, vec![("SAYS", "another organization".to_owned())]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_code_of_the_provider_is_explained() {
    let site = Site::open().await.unwrap();
    assert!(site.idp.fail_next_sign_in("no_active_connections"));
    run("explained", &site, vec![("SAYS", "administrator".to_owned())]).await;
}

async fn run(name: &'static str, site: &Site, environment: Vec<(&'static str, String)>) {
    let app = site.app.clone();
    let walked = move || {
        let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        walk(name, &app, &environment);
    };
    tokio::task::spawn_blocking(walked).await.unwrap();
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
