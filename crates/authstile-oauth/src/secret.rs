//! Texts that must not be printed: `Debug` shows `[redacted]`, and only `expose` hands them out.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

macro_rules! secret_word {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Takes the secret text; it is wiped from memory when dropped.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(SecretString::from(text.into()))
            }

            /// The secret itself: the one place from which it can leave.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
}

secret_word!(
    /// The password of our application at the provider (RFC 6749 §2.3.1).
    ClientSecret
);
secret_word!(
    /// A bearer token for the provider's APIs (RFC 6750).
    AccessToken
);
secret_word!(
    /// A token that buys new access tokens (RFC 6749 §1.5).
    RefreshToken
);
secret_word!(
    /// An ID token as it arrived: three parts of base64url that nobody has verified yet.
    RawIdToken
);
secret_word!(
    /// An authorization code (RFC 6749 §1.3.1).
    AuthorizationCode
);
secret_word!(
    /// A signed statement of who we are, good for one request (RFC 7523 §2.2).
    ClientAssertion
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_secret() {
        assert_eq!(format!("{:?}", ClientSecret::new("hunter2")), "ClientSecret([redacted])");
    }
}
