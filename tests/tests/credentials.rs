//! Signing in with what the application checks.

use authstile::clock::UnixTime;
use authstile::credentials::{CredentialField, CredentialsError, CredentialsInput};
use authstile::store::{Accounts as _, NewUser, Passwords as _, UserChanges};
use authstile::{Authorize, BoxFuture, CredentialsProvider, MemoryStore, User};
use authstile_password::{Cost, PasswordSignIn};
use authstile_sqlx::SqliteStore;
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
    enter_as(house, ("username", username), password).await
}

async fn enter_as(house: &mut House, name: (&str, &str), password: &str) -> Page {
    let token = house.browser.csrf_token(BASE).await;
    let fields = [("csrfToken", token.as_str()), ("callbackUrl", "/dash"), name, ("password", password)];
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

/// The ready-made one, over the same database as people and sessions; a hash that has become too weak is replaced.
#[tokio::test]
async fn a_password_in_a_database_signs_in() {
    const NAME: (&str, &str) = ("email", "ada@acme.example");
    const PASSWORD: &str = "correct horse battery";
    let store = SqliteStore::open(":memory:").await.unwrap();
    let passwords = PasswordSignIn::new(store.clone());
    let passwords = |memory| passwords.clone().cost(Cost::danger_weak(memory, 1, 1).unwrap());
    let id = passwords(64).register(NAME.1, Some("Ada"), PASSWORD).await.unwrap().id;
    let proven = UserChanges { email_verified: Some(UnixTime::from_seconds(1)), ..UserChanges::default() };
    store.update_user(&id, &proven).await.unwrap();

    let mut house = House::with(|builder| builder.credentials(passwords(128).provider()).store(store.clone()));
    let refused = format!("{BASE}/signin?error=CredentialsSignin&code=credentials");
    assert_eq!(location(&enter_as(&mut house, NAME, "wrong horse battery").await), refused);
    assert!(store.password_of(&id).await.unwrap().unwrap().contains("m=64"), "a wrong one replaces nothing");
    assert_eq!(location(&enter_as(&mut house, NAME, PASSWORD).await), format!("{APP}/dash"));
    assert_eq!(house.session().await["user"]["email"], NAME.1);
    assert!(store.password_of(&id).await.unwrap().unwrap().contains("m=128"));
    assert_eq!(location(&enter_as(&mut house.visitor(), NAME, PASSWORD).await), format!("{APP}/dash"));

    assert!(store.delete_user(&id).await.unwrap());
    assert_eq!(store.password_of(&id).await.unwrap(), None);
    assert_eq!(house.session().await, Value::Null);
    assert_eq!(location(&enter_as(&mut house, NAME, PASSWORD).await), refused);
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
        refused += u32::from(enter(&mut house, "ada", "wrong").await.status == 429);
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
