//! Who is let in, and what that costs.

#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "in tests a panic is a failure")]

mod common;

use authstile::clock::UnixTime;
use authstile::credentials::{CredentialsError, CredentialsInput};
use authstile::store::{NewUser, Passwords};
use authstile::{Accounts, Authorize, MemoryStore, User};
use authstile_password::{Cost, PasswordError, PasswordSignIn, UnverifiedPeople};
use common::{ADDRESS, Log, PASSWORD, ada, attempt, cheap, code, over, phc_of};

async fn without_password(store: &MemoryStore, id: &str, email: &str) {
    let email_verified = Some(UnixTime::from_seconds(1));
    let user = NewUser { id: id.to_owned(), email: Some(email.to_owned()), email_verified, ..NewUser::default() };
    store.register(&user, None).await.unwrap();
}

#[tokio::test]
async fn the_right_password_signs_in_and_no_other() {
    let store = MemoryStore::new();
    let id = ada(&store).await;
    let passwords = over(&store);
    let user = attempt(&passwords, ADDRESS, PASSWORD).await.unwrap().unwrap();
    assert_eq!((&*user.id, user.name.as_deref(), user.email_verified), (&*id, Some("Ada"), Some(true)));
    for typed in [" Ada@ACME.example ", "ａｄａ@acme.example"] {
        assert!(attempt(&passwords, typed, PASSWORD).await.unwrap().is_some(), "{typed}");
    }
    for wrong in
        ["", "Correct horse battery", "correct horse batter", "correct horse battery ", "correct horse battery\0"]
    {
        assert!(attempt(&passwords, ADDRESS, wrong).await.unwrap().is_none(), "{wrong:?}");
    }
    for nobody in ["", "ada", "eve@acme.example", "ada@acme.example,eve@acme.example"] {
        assert!(attempt(&passwords, nobody, PASSWORD).await.unwrap().is_none(), "{nobody:?}");
    }
    let empty = CredentialsInput::new([], http::HeaderMap::new(), None);
    assert!(passwords.authorize(empty).await.unwrap().is_none());
}

#[tokio::test]
async fn everybody_costs_the_same_work() {
    let store = MemoryStore::new();
    let id = ada(&store).await;
    without_password(&store, "bob", "bob@acme.example").await;
    without_password(&store, "cyd", "cyd@acme.example").await;
    store.set_password("cyd", "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW").await.unwrap();
    // Somebody whose id is the one that is asked for where there is nobody.
    without_password(&store, "0", "zero@acme.example").await;
    store.set_password("0", &phc_of(&store, &id).await).await.unwrap();
    let passwords = over(&store);
    for (who, address, password) in [
        ("right", ADDRESS, PASSWORD),
        ("wrong", ADDRESS, "wrong horse battery"),
        ("unknown", "eve@acme.example", PASSWORD),
        ("without a password", "bob@acme.example", PASSWORD),
        ("with a hash that we do not accept", "cyd@acme.example", PASSWORD),
    ] {
        let before = passwords.load().begun;
        let user = attempt(&passwords, address, password).await.unwrap();
        assert_eq!(passwords.load().begun - before, 1, "{who}");
        assert_eq!(user.is_some(), who == "right", "{who}");
    }
}

#[tokio::test]
async fn who_never_proved_the_address_is_told_so_only_with_the_right_password() {
    let store = MemoryStore::new();
    let passwords = over(&store);
    passwords.register(ADDRESS, None, PASSWORD).await.unwrap();
    assert!(attempt(&passwords, ADDRESS, "wrong horse battery").await.unwrap().is_none());
    assert_eq!(code(attempt(&passwords, ADDRESS, PASSWORD).await), "unverified");
    let lenient = passwords.danger_unverified_addresses(UnverifiedPeople::SignIn);
    let user: User = attempt(&lenient, ADDRESS, PASSWORD).await.unwrap().unwrap();
    assert_eq!(user.email_verified, None);
}

#[tokio::test]
async fn composed_and_decomposed_are_the_same_password() {
    let store = MemoryStore::new();
    let id = ada(&store).await;
    let passwords = over(&store);
    passwords.set_password(&id, "crème brûlée à la carte").await.unwrap();
    let decomposed = "cre\u{300}me bru\u{302}le\u{301}e a\u{300} la carte";
    assert!(attempt(&passwords, ADDRESS, decomposed).await.unwrap().is_some());
    passwords.change_password(&id, decomposed, "パスワードはだれにもないしょですよ").await.unwrap();
    assert!(attempt(&passwords, ADDRESS, "ﾊﾟｽﾜｰﾄﾞはだれにもないしょですよ").await.unwrap().is_some(), "half-width");
}

#[tokio::test]
async fn what_is_too_long_costs_nothing() {
    let store = MemoryStore::new();
    let id = ada(&store).await;
    let passwords = over(&store);
    let longest = "x".repeat(1024);
    passwords.set_password(&id, &longest).await.unwrap();
    assert!(attempt(&passwords, ADDRESS, &longest).await.unwrap().is_some());
    let before = passwords.load().begun;
    for length in [1025, 4097, 10_000_000] {
        assert!(attempt(&passwords, ADDRESS, &"x".repeat(length)).await.unwrap().is_none());
    }
    assert_eq!(passwords.load().begun, before);
}

#[tokio::test]
async fn a_flood_is_turned_away() {
    let store = MemoryStore::new();
    ada(&store).await;
    let passwords = over(&store).pool(2, 4).cost(Cost::danger_weak(4096, 2, 1).unwrap());
    // A hash takes as long as its row says.
    let id = store.find_user_by_email(ADDRESS).await.unwrap().unwrap().id;
    passwords.set_password(&id, PASSWORD).await.unwrap();
    let begun = passwords.load().begun;
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let passwords = passwords.clone();
        attempts.spawn(async move { attempt(&passwords, ADDRESS, PASSWORD).await });
    }
    let (mut signed_in, mut busy) = (0, 0);
    while let Some(outcome) = attempts.join_next().await {
        let load = passwords.load();
        assert!(load.working <= 2 && load.waiting <= 4, "{load:?}");
        match outcome.unwrap() {
            Ok(user) => signed_in += usize::from(user.is_some()),
            Err(CredentialsError::Rejected(code)) if code == "busy" => busy += 1,
            Err(error) => panic!("{error}"),
        }
    }
    let load = passwords.load();
    assert_eq!((signed_in + busy, load.turned_away), (200, busy as u64));
    assert_eq!(load.begun - begun, signed_in as u64);
    assert!((6..100).contains(&signed_in), "{signed_in} of 200");
    assert_eq!((load.working, load.waiting), (0, 0));
    assert!(attempt(&passwords, ADDRESS, PASSWORD).await.unwrap().is_some(), "afterwards there is room again");
}

#[tokio::test]
async fn weak_hashes_are_replaced_at_sign_in() {
    let store = MemoryStore::new();
    let id = ada(&store).await;
    let weak = phc_of(&store, &id).await;
    let stronger = over(&store).cost(Cost::danger_weak(128, 2, 1).unwrap());
    assert!(attempt(&stronger, ADDRESS, "wrong horse battery").await.unwrap().is_none());
    assert_eq!(phc_of(&store, &id).await, weak, "only by those who are right");
    let (log, guard) = Log::begin();
    assert!(attempt(&stronger, ADDRESS, PASSWORD).await.unwrap().is_some());
    drop(guard);
    let strong = phc_of(&store, &id).await;
    assert!(strong.starts_with("$argon2id$v=19$m=128,t=2,p=1$"), "{strong}");
    assert!(log.text().contains("is replaced") && !log.text().contains("argon2id$"), "{}", log.text());
    let begun = stronger.load().begun;
    assert!(attempt(&stronger, ADDRESS, PASSWORD).await.unwrap().is_some());
    assert_eq!((phc_of(&store, &id).await, stronger.load().begun - begun), (strong.clone(), 1), "once is enough");
    assert!(attempt(&over(&store), ADDRESS, PASSWORD).await.unwrap().is_some());
    assert_eq!(phc_of(&store, &id).await, strong, "a stronger one is kept");
}

#[tokio::test]
async fn rows_that_cannot_be_used_are_wrong_passwords_and_errors_in_the_log() {
    let store = MemoryStore::new();
    let id = ada(&store).await;
    let passwords = over(&store);
    let good = phc_of(&store, &id).await;
    for (row, says) in [
        ("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".to_owned(), "a hash of 2b"),
        (good.replace("argon2id", "argon2i"), "a hash of argon2i,"),
        (good.replace("m=64", "m=4194304"), "4194304 KiB"),
        (good.replace("t=1", "t=4000000000"), "4000000000 passes"),
        (good[..good.len() - 32].to_owned(), "no PHC string"),
        (PASSWORD.to_owned(), "no PHC string"),
        (String::new(), "no PHC string"),
    ] {
        store.set_password(&id, &row).await.unwrap();
        let (log, guard) = Log::begin();
        let begun = passwords.load().begun;
        assert!(attempt(&passwords, ADDRESS, PASSWORD).await.unwrap().is_none(), "{row}");
        drop(guard);
        let text = log.text();
        assert_eq!(passwords.load().begun - begun, 1, "{row}");
        assert!(text.contains("ERROR") && text.contains(says) && text.contains(&id), "{row}: {text}");
        assert!(!text.contains(PASSWORD) && !text.contains("R9h/cIPz"), "{text}");
    }
    passwords.set_password(&id, PASSWORD).await.unwrap();
    assert!(attempt(&passwords, ADDRESS, PASSWORD).await.unwrap().is_some());
}

#[tokio::test]
async fn nothing_shows_a_password() {
    let store = MemoryStore::new();
    let passwords = PasswordSignIn::new(store.clone()).cost(cheap());
    let error = passwords.register(ADDRESS, None, "short secret").await.unwrap_err();
    assert!(matches!(error, PasswordError::Password(_)));
    let shown = format!("{error} {error:?} {passwords:?}");
    assert!(!shown.contains("short secret"), "{shown}");
}
