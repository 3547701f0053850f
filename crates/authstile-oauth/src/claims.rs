//! Claims of a verified payload, read one by one (RFC 7519 §4): what every kind of token has in common.

use serde_json::{Map, Value};

/// Seconds by which clocks may differ.
pub(crate) const LEEWAY: i64 = 60;

/// Why a claim is refused, whatever kind of token carries it. Each verifier's error has leaves of the same names; see
/// [`from_claim_error`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClaimError {
    NotAnObject,
    Missing(&'static str),
    WrongType { name: &'static str, expected: &'static str },
    Expired(i64),
    NotYetValid { name: &'static str, ahead: i64 },
}

/// Gives a verifier's error the leaves of [`ClaimError`].
macro_rules! from_claim_error {
    ($error:ty) => {
        impl From<$crate::claims::ClaimError> for $error {
            fn from(error: $crate::claims::ClaimError) -> Self {
                use $crate::claims::ClaimError;
                match error {
                    ClaimError::NotAnObject => Self::NotAnObject,
                    ClaimError::Missing(name) => Self::Missing(name),
                    ClaimError::WrongType { name, expected } => Self::WrongType { name, expected },
                    ClaimError::Expired(ago) => Self::Expired(ago),
                    ClaimError::NotYetValid { name, ahead } => Self::NotYetValid { name, ahead },
                }
            }
        }
    };
}
pub(crate) use from_claim_error;

/// The claims of a payload.
pub(crate) fn parse(payload: &[u8]) -> Result<Map<String, Value>, ClaimError> {
    serde_json::from_slice(payload).map_err(|_| ClaimError::NotAnObject)
}

/// A claim that must be there.
pub(crate) fn required<T>(name: &'static str, claim: Option<T>) -> Result<T, ClaimError> {
    claim.ok_or(ClaimError::Missing(name))
}

/// A text claim; `null` is no claim.
pub(crate) fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, ClaimError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ClaimError::WrongType { name, expected: "a text" }),
    }
}

/// A text claim that says something when it is there.
pub(crate) fn word<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, ClaimError> {
    match text(claims, name)? {
        Some("") => Err(ClaimError::WrongType { name, expected: "a non-empty text" }),
        text => Ok(text),
    }
}

/// A `NumericDate` (RFC 7519 §2), in whole seconds.
pub(crate) fn seconds(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, ClaimError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number
            .as_i64()
            .or_else(|| number.as_f64().filter(|seconds| seconds.is_finite()).map(|seconds| seconds as i64))
            .map(Some)
            .ok_or(ClaimError::WrongType { name, expected: "a number of seconds" }),
        Some(_) => Err(ClaimError::WrongType { name, expected: "a number of seconds" }),
    }
}

/// For whom the token is: `aud` may be one text or a list of them (RFC 7519 §4.1.3).
pub(crate) fn audiences(claims: &Map<String, Value>) -> Result<Vec<&str>, ClaimError> {
    let wrong = ClaimError::WrongType { name: "aud", expected: "a text or a list of texts" };
    match claims.get("aud") {
        None => Err(ClaimError::Missing("aud")),
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(list)) => list.iter().map(|value| value.as_str().ok_or(wrong.clone())).collect(),
        Some(_) => Err(wrong),
    }
}

/// When the token ends: not yet.
pub(crate) fn expiry(claims: &Map<String, Value>, now: i64) -> Result<i64, ClaimError> {
    let expires = required("exp", seconds(claims, "exp")?)?;
    if expires.saturating_add(LEEWAY) <= now {
        return Err(ClaimError::Expired(now.saturating_sub(expires)));
    }
    Ok(expires)
}

/// When the token was made and when it becomes valid, where it says so: neither lies in the future.
pub(crate) fn check_begun(claims: &Map<String, Value>, now: i64) -> Result<(), ClaimError> {
    for (name, at) in [("iat", seconds(claims, "iat")?), ("nbf", seconds(claims, "nbf")?)] {
        if let Some(ahead) = at.map(|at| at.saturating_sub(now)).filter(|ahead| *ahead > LEEWAY) {
            return Err(ClaimError::NotYetValid { name, ahead });
        }
    }
    Ok(())
}

/// The beginning of a text that somebody else wrote, for an error.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(json: &str) -> Map<String, Value> {
        parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn times_may_be_off_by_a_minute() {
        let expiry = |exp: i64| expiry(&claims(&format!(r#"{{"exp":{exp}}}"#)), 1_000);
        assert_eq!(expiry(941), Ok(941));
        assert_eq!(expiry(940), Err(ClaimError::Expired(60)));
        assert_eq!(expiry(i64::MAX), Ok(i64::MAX));
        let begun = |name: &str, at: i64| check_begun(&claims(&format!(r#"{{"{name}":{at}}}"#)), 1_000);
        for name in ["iat", "nbf"] {
            assert_eq!(begun(name, 1_060), Ok(()));
            assert!(matches!(begun(name, 1_061), Err(ClaimError::NotYetValid { ahead: 61, .. })), "{name}");
        }
    }

    #[test]
    fn what_is_absent_is_told_apart_from_what_is_wrong() {
        assert_eq!(text(&claims(r#"{"a":null}"#), "a"), Ok(None));
        assert!(matches!(text(&claims(r#"{"a":1}"#), "a"), Err(ClaimError::WrongType { .. })));
        assert!(matches!(word(&claims(r#"{"a":""}"#), "a"), Err(ClaimError::WrongType { .. })));
        assert_eq!(seconds(&claims(r#"{"a":1.9}"#), "a"), Ok(Some(1)));
        assert!(matches!(seconds(&claims(r#"{"a":"1"}"#), "a"), Err(ClaimError::WrongType { .. })));
        assert_eq!(audiences(&claims("{}")), Err(ClaimError::Missing("aud")));
        assert_eq!(audiences(&claims(r#"{"aud":"a"}"#)), Ok(vec!["a"]));
        assert!(matches!(audiences(&claims(r#"{"aud":["a",1]}"#)), Err(ClaimError::WrongType { .. })));
        assert_eq!(parse(b"[]"), Err(ClaimError::NotAnObject));
    }
}
