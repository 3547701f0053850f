//! What the tests share.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is a failure")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use authstile::credentials::{CredentialsError, CredentialsInput};
use authstile::store::{Passwords, UserChanges};
use authstile::{Accounts, Authorize, MemoryStore, User};
use authstile_password::{Cost, PasswordSignIn};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

pub(crate) const ADDRESS: &str = "ada@acme.example";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Protects nobody, and takes no time.
pub(crate) fn cheap() -> Cost {
    Cost::danger_weak(64, 1, 1).unwrap()
}

pub(crate) fn over(store: &MemoryStore) -> PasswordSignIn {
    PasswordSignIn::new(store.clone()).cost(cheap())
}

/// A person who has proven the address; returns the id.
pub(crate) async fn ada(store: &MemoryStore) -> String {
    let id = over(store).register(ADDRESS, Some("Ada"), PASSWORD).await.unwrap().id;
    prove(store, &id).await;
    id
}

pub(crate) async fn prove(store: &MemoryStore, id: &str) {
    let proven = Some(authstile::clock::UnixTime::from_seconds(1_767_225_600));
    let changes = UserChanges { email_verified: proven, ..UserChanges::default() };
    store.update_user(id, &changes).await.unwrap().unwrap();
}

pub(crate) async fn phc_of(store: &MemoryStore, id: &str) -> String {
    store.password_of(id).await.unwrap().unwrap()
}

/// What [`Authorize`] says.
pub(crate) async fn attempt(
    passwords: &PasswordSignIn,
    email: &str,
    password: &str,
) -> Result<Option<User>, CredentialsError> {
    let fields = [("email", email), ("password", password)].map(|(name, value)| (name.to_owned(), value.to_owned()));
    passwords.authorize(CredentialsInput::new(fields, http::HeaderMap::new(), None)).await
}

/// The code of a rejection.
pub(crate) fn code(outcome: Result<Option<User>, CredentialsError>) -> String {
    match outcome {
        Err(CredentialsError::Rejected(code)) => code,
        other => panic!("not rejected: {other:?}"),
    }
}

/// What is logged on this thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn begin() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
