//! Signing in with something that the application itself checks, such as a password.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;

use crate::BoxFuture;
use crate::hooks::HookError;
use crate::model::User;
use crate::store::Quota;

/// Checks what somebody entered.
pub trait Authorize: Send + Sync + fmt::Debug {
    /// Who it is; `None` when what was entered is wrong. `id` must be there: a user's own, where there is a store of
    /// accounts.
    ///
    /// # Errors
    /// [`CredentialsError::Rejected`] says "wrong" with a code of the application's; [`CredentialsError::Failed`] that it
    /// cannot be said. Neither signs anybody in.
    fn authorize<'a>(&'a self, input: CredentialsInput) -> BoxFuture<'a, Result<Option<User>, CredentialsError>>;
}

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// What was entered is wrong, or not enough. The code goes over the wire, into the address of the sign-in page: letters,
    /// digits, dashes and underscores.
    #[error("rejected: {0}")]
    Rejected(String),
    /// The application's code failed.
    #[error(transparent)]
    Failed(#[from] HookError),
}

/// What somebody entered. Its `Debug` shows the names of the fields only.
#[derive(Clone)]
#[non_exhaustive]
pub struct CredentialsInput {
    fields: Vec<(String, String)>,
    /// The headers of the request.
    pub headers: HeaderMap,
    /// The client's address, if it is known.
    pub address: Option<IpAddr>,
}

impl CredentialsInput {
    /// Fields of a form. For tests of an [`Authorize`]; the engine makes its own.
    pub fn new(
        fields: impl IntoIterator<Item = (String, String)>,
        headers: HeaderMap,
        address: Option<IpAddr>,
    ) -> Self {
        Self { fields: fields.into_iter().collect(), headers, address }
    }

    /// A field of the form; the last one where a name came twice.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for CredentialsInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("CredentialsInput").field("fields", &names).finish_non_exhaustive()
    }
}

/// A field of the built-in form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialField {
    /// Its name in the form.
    pub name: String,
    /// What people read before it.
    pub label: String,
    /// Auth.js's `type`: `text`, `email`, `password`, …
    pub kind: String,
    /// `autocomplete`, which password managers read: `username`, `current-password`, …
    pub autocomplete: Option<String>,
}

impl CredentialField {
    /// A field of text.
    pub fn text(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self { name: name.into(), label: label.into(), kind: "text".to_owned(), autocomplete: None }
    }

    /// The field of an e-mail address that names an account.
    pub fn email(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self { kind: "email".to_owned(), autocomplete: Some("username".to_owned()), ..Self::text(name, label) }
    }

    /// The field of a password.
    pub fn password(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            kind: "password".to_owned(),
            autocomplete: Some("current-password".to_owned()),
            ..Self::text(name, label)
        }
    }
}

/// Signing in with what the application checks.
#[derive(Debug, Clone)]
pub struct CredentialsProvider {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) fields: Vec<CredentialField>,
    pub(crate) authorize: Arc<dyn Authorize>,
    pub(crate) by_account: Quota,
    pub(crate) by_client: Quota,
}

impl CredentialsProvider {
    /// Auth.js's id `credentials`; the fields are those of the built-in form, and the first one names the account.
    pub fn new(fields: impl IntoIterator<Item = CredentialField>, authorize: impl Authorize + 'static) -> Self {
        Self {
            id: "credentials".to_owned(),
            name: "Credentials".to_owned(),
            fields: fields.into_iter().collect(),
            authorize: Arc::new(authorize),
            by_account: Quota { burst: 10, seconds: 15 * 60 },
            by_client: Quota { burst: 50, seconds: 15 * 60 },
        }
    }

    /// Another id, where there are several.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// What people read on the button.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// How often one client can try one account: 10 times in 15 minutes unless you say otherwise. All clients together can
    /// try it ten times as often.
    #[must_use]
    pub fn limit_by_account(mut self, quota: Quota) -> Self {
        self.by_account = quota;
        self
    }

    /// How often one client can try: 50 times in 15 minutes unless you say otherwise.
    #[must_use]
    pub fn limit_by_client(mut self, quota: Quota) -> Self {
        self.by_client = quota;
        self
    }
}
