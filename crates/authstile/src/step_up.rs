//! How and when somebody proved who they are, and what a page may ask of that: a fresh sign-in, or a strong one
//! (OpenID Connect Core §2: `auth_time`, `acr`, `amr`; RFC 9470).

use authstile_oauth::id_token::{IdToken, LEEWAY};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::UnixTime;

/// Characters of an `acr`, or of one of the `amr`, that a session remembers: it may have to fit into a cookie.
const WORD: usize = 200;
/// Words of the `amr` that a session remembers.
const METHODS: usize = 8;

/// How and when somebody proved who they are, in the words of whoever saw to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// When they did, in seconds since 1970 (`auth_time`); never later than the sign-in here. `None` where the provider does
    /// not say: what came back may have been a session there, begun by somebody who left long ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The authentication context class reference (`acr`), for example `urn:mace:incommon:iap:silver`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// The authentication methods references (`amr`, RFC 8176), for example `pwd` and `otp`. Providers use them freely.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
}

impl Authentication {
    /// What a verified ID token says. A word that is too long to remember is not remembered: what asks for it refuses.
    pub(crate) fn of(id_token: &IdToken, now: UnixTime) -> Self {
        let short = |word: &&str| !word.is_empty() && word.chars().count() <= WORD;
        // Nobody signed in after we heard of it: a clock that is ahead must not keep a sign-in young.
        let auth_time = id_token.claims().get("auth_time").and_then(seconds).map(|at| at.min(now.seconds()));
        let amr = id_token.claims().get("amr").and_then(Value::as_array).into_iter().flatten();
        Self {
            auth_time,
            acr: id_token.text("acr").filter(short).map(str::to_owned),
            amr: amr.filter_map(Value::as_str).filter(short).take(METHODS).map(str::to_owned).collect(),
        }
    }

    /// Somebody proved it to us, at this moment.
    pub(crate) fn here(now: UnixTime) -> Self {
        Self { auth_time: Some(now.seconds()), ..Self::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A `NumericDate`, which the ID token was checked to be.
fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
}

/// What a page asks of the sign-in: how lately it was, how strong it was, or both.
///
/// ```
/// use authstile::StepUp;
///
/// let transfer = StepUp::fresh(300).acr("urn:example:mfa").acr("urn:example:hardware-key");
/// # let _ = transfer;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepUp {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_age: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    acr: Vec<String>,
}

/// Why a sign-in is not enough for a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InsufficientAuthentication {
    /// Nobody says when the person signed in. With `max_age` in the request, a provider has to (OpenID Connect Core
    /// §3.1.2.1).
    #[error("auth_time is not stated, and the sign-in must be at most {max_age} s old")]
    AgeUnknown {
        /// Seconds.
        max_age: u32,
    },
    /// The person signed in too long ago.
    #[error("the sign-in is {age} s old, and must be at most {max_age} s")]
    TooOld {
        /// Seconds.
        age: i64,
        /// Seconds.
        max_age: u32,
    },
    /// The person signed in another way.
    #[error("acr is {got:?}, and must be one of: {expected}")]
    Acr {
        /// Those that would do, separated by blanks.
        expected: String,
        /// The one of the sign-in, if it has one.
        got: Option<String>,
    },
}

impl StepUp {
    /// A sign-in that is at most so many seconds old. As everywhere, clocks may differ by a minute, which the age may be
    /// beyond that. 0 means: sign in for this.
    #[must_use]
    pub fn fresh(max_age: u32) -> Self {
        Self { max_age: Some(max_age), ..Self::default() }
    }

    /// A sign-in of this authentication context class (`acr`), of any age. Which there are, the provider says; a value has
    /// no blanks in it.
    #[must_use]
    pub fn strong(acr: impl Into<String>) -> Self {
        Self::default().acr(acr)
    }

    /// Also of this authentication context class; of several one is enough, the best comes first.
    #[must_use]
    pub fn acr(mut self, acr: impl Into<String>) -> Self {
        self.acr.push(acr.into());
        self
    }

    /// Whether a sign-in is enough.
    ///
    /// # Errors
    /// Why it is not.
    pub fn check(&self, sign_in: &Authentication, now: UnixTime) -> Result<(), InsufficientAuthentication> {
        if let Some(max_age) = self.max_age {
            let at = sign_in.auth_time.ok_or(InsufficientAuthentication::AgeUnknown { max_age })?;
            let age = now.seconds().saturating_sub(at);
            if age > i64::from(max_age).saturating_add(LEEWAY) {
                return Err(InsufficientAuthentication::TooOld { age, max_age });
            }
        }
        match &sign_in.acr {
            _ if self.acr.is_empty() => Ok(()),
            Some(acr) if self.acr.contains(acr) => Ok(()),
            got => Err(InsufficientAuthentication::Acr { expected: self.acr_values(), got: got.clone() }),
        }
    }

    /// Whether only somebody who knows of `acr` can meet this.
    pub(crate) fn wants_acr(&self) -> bool {
        !self.acr.is_empty()
    }

    /// What would not be met by a sign-in of which nothing is known; `None` when nothing is asked.
    pub(crate) fn unknown(&self) -> Option<InsufficientAuthentication> {
        self.check(&Authentication::default(), UnixTime::from_seconds(0)).err()
    }

    fn acr_values(&self) -> String {
        self.acr.join(" ")
    }

    /// How old a sign-in may be, in seconds.
    pub(crate) fn seconds(&self) -> Option<i64> {
        self.max_age.map(i64::from)
    }

    /// Puts this among the authorization parameters (OpenID Connect Core §3.1.2.1), in the place of what asks for less.
    pub(crate) fn ask(&self, asked: &mut Vec<(String, String)>) {
        let is_stricter = |max_age: u32| {
            asked.iter().any(|(name, text)| name == "max_age" && text.parse::<u32>().is_ok_and(|own| own < max_age))
        };
        let max_age = self.max_age.filter(|max_age| !is_stricter(*max_age));
        let mut put = |name: &str, value: String| {
            asked.retain(|(known, _)| known != name);
            asked.push((name.to_owned(), value));
        };
        if let Some(max_age) = max_age {
            put("max_age", max_age.to_string());
        }
        if self.wants_acr() {
            put("acr_values", self.acr_values());
        }
    }

    /// The members of a refusal that say what is missing (RFC 9470 §3).
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let acr_values = self.wants_acr().then(|| ("acr_values", self.acr_values().into()));
        acr_values.into_iter().chain(self.max_age.map(|max_age| ("max_age", max_age.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed_in(auth_time: Option<i64>, acr: Option<&str>) -> Authentication {
        Authentication { auth_time, acr: acr.map(str::to_owned), amr: Vec::new() }
    }

    #[test]
    fn a_sign_in_is_fresh_for_as_long_as_it_says_and_a_minute() {
        let now = UnixTime::from_seconds(10_000);
        let check = |at| StepUp::fresh(300).check(&signed_in(at, None), now);
        assert_eq!(check(Some(10_000)), Ok(()));
        assert_eq!(check(Some(10_000 - 360)), Ok(()));
        let too_old = InsufficientAuthentication::TooOld { age: 361, max_age: 300 };
        assert_eq!(check(Some(10_000 - 361)), Err(too_old));
        assert_eq!(check(None), Err(InsufficientAuthentication::AgeUnknown { max_age: 300 }));
        assert!(check(Some(i64::MIN)).is_err());
    }

    #[test]
    fn one_of_the_classes_is_enough_and_none_is_not() {
        let now = UnixTime::from_seconds(0);
        let demanded = StepUp::strong("gold").acr("silver");
        let check = |acr| demanded.check(&signed_in(None, acr), now).is_ok();
        assert!(check(Some("gold")) && check(Some("silver")));
        assert!(!check(Some("bronze")) && !check(Some("gold silver")) && !check(Some("")) && !check(None));
        assert!(StepUp::fresh(0).acr("gold").check(&signed_in(None, Some("gold")), now).is_err(), "both are asked for");
        assert_eq!(StepUp::default().check(&Authentication::default(), now), Ok(()));
    }

    #[test]
    fn what_is_asked_takes_the_place_of_what_was_pinned() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut asked = vec![pair("max_age", "86400"), pair("prompt", "consent"), pair("acr_values", "bronze")];
        StepUp::fresh(60).acr("gold").acr("silver").ask(&mut asked);
        assert_eq!(asked, [pair("prompt", "consent"), pair("max_age", "60"), pair("acr_values", "gold silver")]);
        let mut asked = vec![pair("max_age", "30")];
        StepUp::fresh(60).ask(&mut asked);
        assert_eq!(asked, [pair("max_age", "30")]);
        let mut asked = vec![pair("max_age", "86400")];
        StepUp::strong("gold").ask(&mut asked);
        assert_eq!(asked, [pair("max_age", "86400"), pair("acr_values", "gold")]);
    }

    #[test]
    fn sessions_that_know_nothing_of_it_are_read_and_take_no_room() {
        assert_eq!(serde_json::to_string(&Authentication::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<Authentication>("{}").unwrap(), Authentication::default());
    }
}
