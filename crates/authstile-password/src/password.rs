//! A password, as it is hashed.

use std::fmt;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// What is hashed at most, and what is read at most: composing characters can make a text several times shorter.
const LONGEST: usize = 1024;
const LONGEST_TYPED: usize = 4 * LONGEST;

/// A password in the form in which it is hashed: Unicode's NFKC, as UTF-8. Overwritten when it is no longer needed; its
/// `Debug` shows nothing.
///
/// NIST SP 800-63B-4 §3.1.1.2 asks for NFKC or NFKD, since keyboards disagree: an `é` of one is an `e` and an accent of
/// another, and a full-width letter is what an input method for Japanese makes of a Latin one. NFKC is the shorter of the
/// two, and the form in which addresses are compared here. For ASCII nothing changes. Nothing is trimmed or cut off.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Arc<Zeroizing<String>>);

/// Why a password is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordProblem {
    /// It has too few characters.
    #[error("a password has at least {minimum} characters")]
    TooShort {
        /// How many it needs.
        minimum: usize,
    },
    /// It has more than 1024 bytes.
    #[error("a password has at most {LONGEST} bytes")]
    TooLong,
    /// It is on the list of those that attackers try first.
    #[error("the password is known from a data breach")]
    Breached,
}

impl Password {
    /// Reads what somebody typed.
    ///
    /// # Errors
    /// [`PasswordProblem::TooLong`], and nothing else: how long is long enough is asked when a password is set.
    pub fn parse(typed: &str) -> Result<Self, PasswordProblem> {
        if typed.len() > LONGEST_TYPED {
            return Err(PasswordProblem::TooLong);
        }
        // Room for all of it: a string that grows leaves copies behind, which nobody overwrites.
        let mut text = Zeroizing::new(String::with_capacity(LONGEST));
        for c in typed.nfkc() {
            if text.len() + c.len_utf8() > LONGEST {
                return Err(PasswordProblem::TooLong);
            }
            text.push(c);
        }
        Ok(Self(Arc::new(text)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Characters as NIST counts them: code points.
    pub(crate) fn has_at_least(&self, minimum: usize) -> Result<(), PasswordProblem> {
        let long_enough = self.0.chars().count() >= minimum;
        if long_enough { Ok(()) } else { Err(PasswordProblem::TooShort { minimum }) }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_the_same_text_are_the_same_password() {
        for (one, other) in
            [("crème brûlée", "cre\u{300}me bru\u{302}le\u{301}e"), ("ｐａｓｓ １２", "pass 12"), ("ﬁn", "fin")]
        {
            assert_eq!(Password::parse(one), Password::parse(other), "{one}");
        }
        for (one, other) in [("pass", "Pass"), (" pass", "pass"), ("pass\0word", "pass"), ("ß", "ss")] {
            assert_ne!(Password::parse(one), Password::parse(other), "{one}");
        }
    }

    #[test]
    fn length_is_counted_in_characters_and_bounded_in_bytes() {
        assert!(Password::parse(&"x".repeat(1024)).is_ok());
        assert_eq!(Password::parse(&"x".repeat(1025)), Err(PasswordProblem::TooLong));
        assert_eq!(Password::parse(&"x".repeat(1 << 24)), Err(PasswordProblem::TooLong));
        // 3 bytes each, which become 33.
        assert_eq!(Password::parse(&"\u{fdfa}".repeat(40)), Err(PasswordProblem::TooLong));
        // 3 bytes each, which become 2.
        assert!(Password::parse(&"e\u{301}".repeat(512)).is_ok());
        let eight = Password::parse("пароль-密").unwrap();
        assert!(eight.has_at_least(8).is_ok());
        assert_eq!(eight.has_at_least(9), Err(PasswordProblem::TooShort { minimum: 9 }));
    }

    #[test]
    fn nothing_is_shown() {
        let password = Password::parse("correct horse battery").unwrap();
        assert_eq!(format!("{password:?}"), "Password(..)");
    }
}
