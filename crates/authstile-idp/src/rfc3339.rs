//! Points in time as JSON writes them.

use jiff::Timestamp;

/// `2025-09-24T05:47:18Z`, as the management API writes it.
pub(crate) fn to_text(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// `2025-09-24T05:47:18.000000000Z`, as events write it: with up to nanoseconds, which the clock here does not have.
pub(crate) fn to_long_text(seconds: i64) -> String {
    to_text(seconds).replace('Z', ".000000000Z")
}

/// Seconds since 1970, a fraction cut off.
pub(crate) fn from_text(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        assert_eq!(to_text(1_758_692_838), "2025-09-24T05:47:18Z");
        assert_eq!(to_long_text(1_758_692_838), "2025-09-24T05:47:18.000000000Z");
        assert_eq!(from_text("2025-09-24T07:47:18.5+02:00"), Some(1_758_692_838));
        assert_eq!(from_text("yesterday"), None);
    }
}
