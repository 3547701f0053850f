//! What can be wrong before any mail is sent.

/// Why a mailer cannot be set up. Says what is expected, never what the key or the password is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// No such mail service.
    #[error("{0:?} is no mail service; it must be one of {known}", known = crate::ids())]
    UnknownService(String),
    /// The service's key is empty or cannot stand in a header.
    #[error("the key of {service} {problem}")]
    Key {
        /// The service's name.
        service: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The sender is not an address.
    #[error("the sender {problem}; write no-reply@example.com or Example <no-reply@example.com>")]
    From {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The mail server's URL cannot be used.
    #[error(
        "the mail server {0}; write smtp://user:password@mail.example.com:587, smtps://user:password@mail.example.com \
         or smtp://localhost:25, with %40 for an @, %2F for a / and %23 for a # in user or password"
    )]
    Server(&'static str),
    /// A service needs one more thing.
    #[error("{service} needs {what}")]
    Missing {
        /// The service's name.
        service: &'static str,
        /// What it needs.
        what: &'static str,
    },
    /// Certificates or TLS cannot be set up.
    #[error("TLS to the mail server cannot be set up: {0}")]
    Tls(String),
}
