//! Tenants that share one discovery document: who is let in, and who speaks for whom.

use super::*;

const A: &str = "11111111-2222-3333-4444-55555555aaaa";
const B: &str = "11111111-2222-3333-4444-55555555bbbb";
const TEMPLATE: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";

fn iss(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}/v2.0")
}

fn photo() -> Row {
    let url = "https://graph.microsoft.com/v1.0/me/photos/48x48/$value";
    let answers = vec![("content-type", "image/jpeg".to_owned())];
    Row { bytes: Some(vec![0xff, 0xd8]), answers, ..Row::get(url, bearer("at-1"), Value::Null) }
}

fn script(claims: Value, photo: Row) -> Script {
    let form = code("microsoft-entra-id", json!({}));
    let token = Row::post("https://discovered.example/token", json!({ "authorization": BASIC }), form, id_tokens());
    Script::oidc(TEMPLATE, claims, vec![token, photo])
}

fn of(tenant: &str) -> Value {
    claims(&iss(tenant), json!({ "tid": tenant, "email": "ceo@victim.example", "name": "Ada" }))
}

fn entra() -> Registration {
    register(cards::MICROSOFT_ENTRA_ID)
}

// Advisories: CVE-2024-21632, CVE-2023-3128.
#[tokio::test]
async fn every_tenant_is_an_issuer_and_an_address_is_never_verified_by_itself() {
    let seen = Walk::new(entra(), script(of(A), photo())).who().await;
    assert_eq!(seen.user.image.as_deref(), Some("data:image/jpeg;base64,/9g="));
    assert_eq!((seen.user.email.as_deref(), seen.user.email_verified), (Some("ceo@victim.example"), None));
    let mut verified = of(A);
    verified["xms_edov"] = json!("1");
    assert_eq!(Walk::new(entra(), script(verified, photo())).who().await.user.email_verified, Some(true));
    // The same subject of another tenant is somebody else.
    let other = Walk::new(entra(), script(of(B), photo())).who().await;
    assert_ne!(seen.user.id, other.user.id);
}

#[tokio::test]
async fn who_is_not_on_the_list_stays_out() {
    let listed =
        || entra().option("tenants", format!(" {} ,{}", A.to_uppercase(), "99999999-2222-3333-4444-555555555555"));
    Walk::new(listed(), script(of(A), photo())).who().await;
    let mut walk = Walk::new(listed(), script(of(B), photo()));
    let ending = walk.sign_in().await;
    let error = walk.stayed_out(&ending);
    assert!(error.contains(B) && error.contains("none of those that may sign in"), "{error}");
    assert_eq!(ending.code.as_deref(), Some("AccessDenied"));
    for wrong in ["common", "acme.example", ",", "*"] {
        let error = House::stands(entra().option("tenants", wrong)).unwrap_err().to_string();
        assert!(error.contains("tenant"), "{error}");
    }
}

#[tokio::test]
async fn no_tenant_speaks_for_another() {
    let mut lies = Vec::new();
    for (name, iss, tid) in [
        ("another tid", iss(A), json!(B)),
        ("no tid", iss(A), Value::Null),
        ("no guid", iss("common"), json!("common")),
        ("the gap itself", TEMPLATE.to_owned(), json!("{tenantid}")),
        ("another host", format!("https://evil.example/{A}/v2.0"), json!(A)),
        ("a path", iss(&format!("{B}/x/{A}")), json!(A)),
    ] {
        let mut claims = of(A);
        (claims["iss"], claims["tid"]) = (json!(iss), tid);
        lies.push((name, script(claims, photo())));
    }
    let mut key = script(of(A), photo());
    key.key_members = json!({ "issuer": iss(B) });
    lies.push(("a key of another tenant", key));
    let mut key = script(of(A), photo());
    key.key_members = json!({ "issuer": 7 });
    lies.push(("a key of nobody", key));
    for (name, script) in lies {
        let mut walk = Walk::new(entra(), script);
        let ending = walk.sign_in().await;
        let error = walk.stayed_out(&ending);
        assert!(error.contains("ID token"), "{name}: {error}");
    }
    for issuer in [iss(A), TEMPLATE.to_owned()] {
        let mut fits = script(of(A), photo());
        fits.key_members = json!({ "issuer": issuer });
        Walk::new(entra(), fits).who().await;
    }
}

#[tokio::test]
async fn one_tenant_is_one_issuer() {
    let single = || entra().issuer(iss(A));
    let fixed = |claims, issuer: &str| Script { metadata: json!({ "issuer": issuer }), ..script(claims, photo()) };
    Walk::new(single(), fixed(of(A), &iss(A))).who().await;
    for (claims, issuer) in
        [(of(B), iss(A)), (of(B), iss(B)), (of(B), TEMPLATE.to_owned()), (of(A), TEMPLATE.to_owned())]
    {
        let mut walk = Walk::new(single(), fixed(claims, &issuer));
        let ending = walk.sign_in().await;
        walk.stayed_out(&ending);
    }
    // A name for a tenant, or for all private people, has the tenant's id in its document.
    let named = entra().issuer(iss("acme.example"));
    Walk::new(named.clone(), fixed(of(A), &iss(A))).who().await;
    let mut walk = Walk::new(named, fixed(of(B), &iss(A)));
    let ending = walk.sign_in().await;
    walk.stayed_out(&ending);
}

#[tokio::test]
async fn the_answer_names_a_tenant_or_nobody() {
    for (issuer, good) in
        [(iss(A), true), (iss("common"), true), (iss("x"), false), ("https://evil.example".to_owned(), false)]
    {
        let mut walk = Walk::new(entra(), script(of(A), photo()));
        walk.leave().await.unwrap();
        let ending = walk.come_back(&[("iss", &issuer)]).await;
        assert_eq!(ending.path == "/dash", good, "{issuer}: {ending:?}");
    }
}

#[tokio::test]
async fn a_picture_that_cannot_be_had_is_no_reason_to_stay_out() {
    let kind = |kind: &str| vec![("content-type", kind.to_owned())];
    for bad in [
        photo().status(404),
        Row { answers: kind("text/html"), ..photo() },
        Row { answers: kind("image/svg+xml"), ..photo() },
        Row { answers: kind("image/\"onload=x"), ..photo() },
        Row { answers: Vec::new(), ..photo() },
        Row { bytes: Some(vec![0; 4097]), ..photo() },
        Row { bytes: Some(Vec::new()), ..photo() },
    ] {
        let seen = Walk::new(entra(), script(of(A), bad)).who().await;
        assert_eq!(seen.user.image, None);
    }
}
