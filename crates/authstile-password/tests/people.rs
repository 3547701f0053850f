//! Registering, setting and changing passwords, and the list of breached ones.

#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "in tests a panic is a failure")]

mod common;

use std::sync::{Arc, Mutex};

use authstile::hooks::HookError;
use authstile::store::Passwords;
use authstile::{AccountKind, Accounts, BoxFuture, MemoryStore, TransportError};
use authstile_password::{BreachList, HaveIBeenPwned, Password, PasswordError, PasswordProblem, WhenListFails};
use authstile_testkit::FakeTransport;
use bytes::Bytes;
use common::{ADDRESS, Log, PASSWORD, ada, attempt, over, phc_of};
use http::{Request, Response};

#[tokio::test]
async fn people_register_once() {
    let store = MemoryStore::new();
    let passwords = over(&store);
    let user = passwords.register(" Ada@Acme.example", Some("Ada"), PASSWORD).await.unwrap();
    assert_eq!((user.email.as_deref(), user.name.as_deref(), user.email_verified), (Some(ADDRESS), Some("Ada"), None));
    let accounts = store.accounts_of(&user.id).await.unwrap();
    assert_eq!(accounts.iter().map(|account| account.kind).collect::<Vec<_>>(), [AccountKind::Credentials]);
    let row = phc_of(&store, &user.id).await;
    let before = passwords.load().begun;
    let again = passwords.register("ADA@acme.example", None, "another horse battery").await;
    assert!(matches!(again, Err(PasswordError::AddressTaken)), "{again:?}");
    assert_eq!(passwords.load().begun - before, 1, "the same work as for a new address");
    assert_eq!(phc_of(&store, &user.id).await, row);
    let none = passwords.register("ada", None, PASSWORD).await;
    assert!(matches!(none, Err(PasswordError::Address(_))), "{none:?}");
}

#[tokio::test]
async fn of_many_who_register_at_once_one_does() {
    let store = MemoryStore::new();
    let passwords = over(&store);
    let mut attempts = tokio::task::JoinSet::new();
    for number in 0..16 {
        let passwords = passwords.clone();
        attempts.spawn(async move { passwords.register(ADDRESS, None, &format!("{PASSWORD} {number}")).await });
    }
    let outcomes = attempts.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Err(PasswordError::AddressTaken))).count(), 15);
}

#[tokio::test]
async fn length_is_asked_for_when_a_password_is_set() {
    let store = MemoryStore::new();
    let id = ada(&store).await;
    let passwords = over(&store);
    let row = phc_of(&store, &id).await;
    let refused = |outcome: Result<(), PasswordError>| match outcome {
        Err(PasswordError::Password(problem)) => problem,
        other => panic!("{other:?}"),
    };
    let begun = passwords.load().begun;
    let short = PasswordProblem::TooShort { minimum: 15 };
    assert_eq!(refused(passwords.set_password(&id, "fourteen chars").await), short);
    assert_eq!(refused(passwords.change_password(&id, PASSWORD, "fourteen chars").await), short);
    assert_eq!(refused(passwords.set_password(&id, &"ü".repeat(14)).await), short, "bytes are not characters");
    assert_eq!(refused(passwords.set_password(&id, &"x".repeat(1025)).await), PasswordProblem::TooLong);
    assert_eq!((phc_of(&store, &id).await, passwords.load().begun), (row, begun), "before anything is hashed");
    passwords.set_password(&id, "               ").await.unwrap();
    let eight = passwords.clone().minimum_length(3);
    assert_eq!(refused(eight.set_password(&id, "seven77").await), PasswordProblem::TooShort { minimum: 8 });
    eight.set_password(&id, "eight888").await.unwrap();
    assert!(attempt(&passwords, ADDRESS, "eight888").await.unwrap().is_some(), "signing in asks for no length");
}

#[tokio::test]
async fn passwords_are_changed_by_those_who_know_them() {
    let store = MemoryStore::new();
    let id = ada(&store).await;
    let passwords = over(&store);
    for wrong in ["", "wrong horse battery", &"x".repeat(2000)] {
        let outcome = passwords.change_password(&id, wrong, "another horse battery").await;
        assert!(matches!(outcome, Err(PasswordError::WrongPassword)), "{outcome:?}");
    }
    passwords.change_password(&id, PASSWORD, "another horse battery").await.unwrap();
    assert!(attempt(&passwords, ADDRESS, PASSWORD).await.unwrap().is_none());
    assert!(attempt(&passwords, ADDRESS, "another horse battery").await.unwrap().is_some());

    store.delete_password(&id).await.unwrap();
    let outcome = passwords.change_password(&id, "another horse battery", PASSWORD).await;
    assert!(matches!(outcome, Err(PasswordError::WrongPassword)), "{outcome:?}");
    passwords.set_password(&id, PASSWORD).await.unwrap();
    assert!(attempt(&passwords, ADDRESS, PASSWORD).await.unwrap().is_some());

    assert!(store.delete_user(&id).await.unwrap());
    assert_eq!(store.password_of(&id).await.unwrap(), None, "gone with the person");
    let outcome = passwords.set_password(&id, PASSWORD).await;
    assert!(matches!(outcome, Err(PasswordError::NoSuchPerson)), "{outcome:?}");
}

#[derive(Debug, Clone, Default)]
struct List {
    asked: Arc<Mutex<Vec<String>>>,
    is_down: bool,
}

impl BreachList for List {
    fn contains<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<bool, HookError>> {
        self.asked.lock().unwrap().push(password.as_str().to_owned());
        let answer =
            if self.is_down { Err("the list is down".into()) } else { Ok(password.as_str().starts_with("bad")) };
        Box::pin(std::future::ready(answer))
    }
}

#[tokio::test]
async fn the_list_is_asked_when_a_password_is_set_and_not_at_sign_in() {
    let store = MemoryStore::new();
    let list = List::default();
    let passwords = over(&store).breach_list(list.clone(), WhenListFails::Refuse);
    let bad = passwords.register(ADDRESS, None, "bad horse battery").await;
    assert!(matches!(bad, Err(PasswordError::Password(PasswordProblem::Breached))), "{bad:?}");
    assert!(store.find_user_by_email(ADDRESS).await.unwrap().is_none());
    let id = ada(&store).await;
    assert!(passwords.set_password(&id, "bad horse battery").await.is_err());
    assert!(passwords.change_password(&id, PASSWORD, "bad horse battery").await.is_err());
    assert!(attempt(&passwords, ADDRESS, PASSWORD).await.unwrap().is_some());
    assert!(attempt(&passwords, ADDRESS, "bad horse battery").await.unwrap().is_none());
    assert_eq!(*list.asked.lock().unwrap(), ["bad horse battery"; 3]);
}

#[tokio::test]
async fn a_list_that_is_down_refuses_or_accepts_as_it_was_told() {
    let store = MemoryStore::new();
    let id = ada(&store).await;
    let down = List { is_down: true, ..List::default() };
    let strict = over(&store).breach_list(down.clone(), WhenListFails::Refuse);
    let outcome = strict.set_password(&id, "another horse battery").await;
    assert!(matches!(outcome, Err(PasswordError::BreachList(_))), "{outcome:?}");
    let (log, guard) = Log::begin();
    over(&store).breach_list(down, WhenListFails::Accept).set_password(&id, "another horse battery").await.unwrap();
    drop(guard);
    assert!(log.text().contains("WARN") && log.text().contains("the list is down"), "{}", log.text());
    assert!(!log.text().contains("another horse"));
}

async fn listed(
    answer: impl Fn(&str) -> Result<Response<Bytes>, TransportError> + Send + Sync + 'static,
) -> (Result<bool, HookError>, Vec<(Request<()>, String)>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let transport = FakeTransport::fallible(move |request| {
        let path = request.uri().path().to_owned();
        let (parts, body) = request.into_parts();
        log.lock().unwrap().push((Request::from_parts(parts, ()), String::from_utf8(body.to_vec()).unwrap()));
        answer(&path)
    });
    let outcome = HaveIBeenPwned::new(transport).contains(&Password::parse("password").unwrap()).await;
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (outcome, seen)
}

fn page(body: &str) -> Result<Response<Bytes>, TransportError> {
    Ok(Response::new(Bytes::from(body.to_owned())))
}

/// Of the 40 digits of the SHA-1 of `password`, `5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8`.
const SUFFIX: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

#[tokio::test]
async fn have_i_been_pwned_learns_five_digits_and_nothing_else() {
    let other = "0018A45C4D1DEF81644B54AB7F969B88D65:21";
    let (outcome, seen) = listed(move |_| page(&format!("{other}\r\n{SUFFIX}:52256179\r\n"))).await;
    assert!(outcome.unwrap());
    let [(request, body)] = &seen[..] else { panic!("asked once: {seen:?}") };
    assert_eq!(request.uri(), "https://api.pwnedpasswords.com/range/5BAA6");
    assert_eq!(request.headers()["add-padding"], "true");
    let sent = format!("{request:?}{body}").to_ascii_uppercase();
    assert!(!sent.contains("5BAA61") && !sent.contains(&SUFFIX[..6]), "{sent}");

    for (body, is_listed) in [
        (format!("{other}\r\n"), false),
        (format!("{SUFFIX}:0\r\n{other}\r\n"), false),
        (format!("{}:3", SUFFIX.to_ascii_lowercase()), true),
    ] {
        assert_eq!(listed(move |_| page(&body)).await.0.unwrap(), is_listed);
    }
}

#[tokio::test]
async fn what_is_no_list_is_no_answer() {
    for body in ["", "\r\n\r\n", "<html>Please sign in to the Wi-Fi</html>", "1E4C9B93:1", &format!("{SUFFIX}:many")] {
        let body = body.to_owned();
        assert!(listed(move |_| page(&body)).await.0.is_err());
    }
    let refused = Response::builder().status(429).body(Bytes::from(format!("{SUFFIX}:1"))).unwrap();
    assert!(listed(move |_| Ok(refused.clone())).await.0.unwrap_err().to_string().contains("429"));
    assert!(listed(|_| Err(TransportError::Timeout)).await.0.is_err());
}

#[tokio::test]
async fn the_list_is_asked_through_the_whole_crate() {
    let store = MemoryStore::new();
    let transport = FakeTransport::new(|_| Response::new(Bytes::from(format!("{}:1", "0".repeat(35)))));
    let list = HaveIBeenPwned::new(transport.clone()).mirror("https://mirror.acme.example/own/");
    let passwords = over(&store).breach_list(list, WhenListFails::Refuse);
    passwords.register(ADDRESS, None, PASSWORD).await.unwrap();
    let asked = transport.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].1.to_string().starts_with("https://mirror.acme.example/own/range/"), "{asked:?}");
    assert_eq!(asked[0].1.path().rsplit('/').next().map(str::len), Some(5));
}
