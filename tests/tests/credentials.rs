//! Signing in with what the application checks.

use authstile::credentials::{CredentialField, CredentialsError, CredentialsInput};
use authstile::store::{Accounts as _, NewUser};
use authstile::{Authorize, BoxFuture, CredentialsProvider, MemoryStore, User};
use authstile_testkit::Page;
use authstile_tests::{APP, BASE, House};
use serde_json::Value;

#[derive(Debug)]
struct OnePassword;

impl Authorize for OnePassword {
    fn authorize<'a>(&'a self, input: CredentialsInput) -> BoxFuture<'a, Result<Option<User>, CredentialsError>> {
        assert!(input.get("csrfToken").is_none() && input.get("callbackUrl").is_none());
        assert!(!format!("{input:?}").contains("opensesame"), "what was entered stays out of logs");
        Box::pin(std::future::ready(match (input.get("username"), input.get("password")) {
            (Some("ada"), Some("opensesame")) => {
                let email = Some("ada@acme.example".to_owned());
                Ok(Some(User { id: "ada".into(), name: Some("Ada".into()), email, ..User::default() }))
            }
            (Some("nobody"), _) => Ok(Some(User::default())),
            (Some("locked"), _) => Err(CredentialsError::Rejected("account locked!?&error=x".to_owned())),
            (Some("broken"), _) => Err(CredentialsError::Failed("the directory is down".into())),
            _ => Ok(None),
        }))
    }
}

fn credentials() -> CredentialsProvider {
    let fields = [CredentialField::text("username", "User name"), CredentialField::password("password", "Password")];
    CredentialsProvider::new(fields, OnePassword)
}

async fn enter(house: &mut House, username: &str, password: &str) -> Page {
    let token = house.browser.csrf_token(BASE).await;
    let fields =
        [("csrfToken", token.as_str()), ("callbackUrl", "/dash"), ("username", username), ("password", password)];
    house.browser.post(&format!("{BASE}/callback/credentials"), &fields).await
}

fn location(page: &Page) -> String {
    page.location().map(String::from).unwrap_or_default()
}

#[tokio::test]
async fn what_is_right_signs_in_and_what_is_wrong_does_not() {
    let mut house = House::with(|builder| builder.credentials(credentials()));
    assert_eq!(
        location(&enter(&mut house, "ada", "wrong").await),
        format!("{BASE}/signin?error=CredentialsSignin&code=credentials")
    );
    assert_eq!(house.session().await, Value::Null);
    let locked = location(&enter(&mut house, "locked", "x").await);
    assert_eq!(locked, format!("{BASE}/signin?error=CredentialsSignin&code=accountlockederrorx"));
    assert_eq!(location(&enter(&mut house, "broken", "x").await), format!("{BASE}/error?error=Configuration"));
    assert_eq!(location(&enter(&mut house, "nobody", "x").await), format!("{BASE}/error?error=Configuration"), "no id");
    assert_eq!(house.session().await, Value::Null);
    assert_eq!(location(&enter(&mut house, "ada", "opensesame").await), format!("{APP}/dash"));
    assert_eq!(house.session().await["user"]["email"], "ada@acme.example");
}

#[tokio::test]
async fn they_work_with_stored_sessions_too() {
    let store = MemoryStore::new();
    let mut house = House::with(|builder| builder.credentials(credentials()).store(store.clone()));
    let user = NewUser { id: "ada".into(), name: Some("Ada of the store".into()), ..NewUser::default() };
    store.register(&user, None).await.unwrap();
    assert_eq!(location(&enter(&mut house, "ada", "opensesame").await), format!("{APP}/dash"));
    assert_eq!(house.session().await["user"]["name"], "Ada of the store");
    assert_eq!(house.auth.sessions_of("ada").await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_a_form_of_ours_can_send_them() {
    let mut house = House::with(|builder| builder.credentials(credentials()));
    let fields = [("username", "ada"), ("password", "opensesame")];
    let forged = house.browser.post(&format!("{BASE}/callback/credentials"), &fields).await;
    assert!(location(&forged).contains("MissingCSRF"), "{forged:?}");
    let got = house.browser.get(&format!("{BASE}/callback/credentials?username=ada&password=opensesame")).await;
    assert!(location(&got).contains("error=Configuration"), "{got:?}");
    let token = house.browser.csrf_token(BASE).await;
    let begun = house.browser.post(&format!("{BASE}/signin/credentials"), &[("csrfToken", &token)]).await;
    assert!(location(&begun).contains("error=Configuration"), "{begun:?}");
    assert_eq!(house.session().await, Value::Null);
}

#[tokio::test]
async fn one_account_cannot_be_guessed_at_for_long() {
    let mut house = House::with(|builder| builder.credentials(credentials()));
    let mut refused = 0;
    for _ in 0..120 {
        let to = location(&enter(&mut house, "ada", "wrong").await);
        refused += u32::from(to.contains("EmailSignInError") || to.contains("TooMany"));
    }
    assert!(refused >= 15, "{refused}");
}

#[tokio::test]
async fn the_page_has_the_form() {
    let mut house = House::with(|builder| builder.credentials(credentials()));
    let page = house.browser.get(&format!("{BASE}/signin")).await;
    for part in [
        "action=\"http://localhost:3000/api/auth/callback/credentials\"",
        "id=\"input-username-for-credentials-provider\"",
        "type=\"password\" name=\"password\" autocomplete=\"current-password\"",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert_eq!(house.browser.get(&format!("{BASE}/providers")).await.json()["credentials"]["type"], "credentials");
}
