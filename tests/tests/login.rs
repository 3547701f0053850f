//! One real login through every layer.

use authstile_tests::{APP, BASE, House, IDP};

#[tokio::test]
async fn a_whole_login_and_logout() {
    let mut house = House::new();
    let browser = &mut house.browser;
    assert_eq!(browser.session(BASE).await, serde_json::Value::Null);

    let to_provider = browser.press_sign_in(BASE, "scalekit", "/dash?x=1").await;
    assert_eq!(to_provider.status, 302, "{to_provider:?}");
    let ask = to_provider.location().unwrap();
    assert_eq!(ask.origin().ascii_serialization(), IDP);

    let back = browser.get(ask.as_str()).await;
    let callback = back.location().expect("the provider sends the browser back");
    assert!(callback.as_str().starts_with(&format!("{BASE}/callback/scalekit?")), "{callback}");
    let signed_in = browser.get(callback.as_str()).await;
    assert_eq!(signed_in.location().unwrap().as_str(), format!("{APP}/dash?x=1"), "{signed_in:?}");

    let session = browser.session(BASE).await;
    assert_eq!(session["user"]["email"], "ada@acme.example");
    assert_eq!(session["user"]["name"], "Ada Lovelace");
    assert!(
        !browser.cookies("localhost").iter().any(|(name, _)| name.contains("pending")),
        "the pending sign-in is used up"
    );

    let out = browser.press_sign_out(BASE).await;
    assert_eq!(out.status, 302);
    assert_eq!(browser.session(BASE).await, serde_json::Value::Null);
}
