//! Time as an argument: who needs it asks a [`Clock`], so that tests can stand still.

use std::fmt;

use jiff::fmt::{rfc2822, temporal};

/// A moment, in milliseconds since 1970 (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime {
    millis: i64,
}

impl UnixTime {
    /// A moment given in seconds.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self { millis: seconds.saturating_mul(1000) }
    }

    /// A moment given in milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self { millis }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.millis
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.millis.div_euclid(1000)
    }

    /// A later moment.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self { millis: self.millis.saturating_add(seconds.saturating_mul(1000)) }
    }

    /// As the session JSON has it: `2026-11-23T17:12:53.237Z`.
    #[must_use]
    pub fn iso8601(self) -> String {
        const PRINTER: temporal::DateTimePrinter = temporal::DateTimePrinter::new().precision(Some(3));
        PRINTER.timestamp_to_string(&self.timestamp())
    }

    /// As the `Expires` attribute of a cookie has it: `Mon, 23 Nov 2026 17:27:53 GMT`.
    #[must_use]
    pub fn http_date(self) -> String {
        const PRINTER: rfc2822::DateTimePrinter = rfc2822::DateTimePrinter::new();
        PRINTER.timestamp_to_rfc9110_string(&self.timestamp()).unwrap_or_default()
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.millis).unwrap_or(jiff::Timestamp::MAX)
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now.
    fn now(&self) -> UnixTime;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> UnixTime {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_auth_js_writes_them() {
        let moment = UnixTime::from_millis(1_795_453_973_237);
        assert_eq!(moment.iso8601(), "2026-11-23T17:12:53.237Z");
        assert_eq!(moment.http_date(), "Mon, 23 Nov 2026 17:12:53 GMT");
    }

    #[test]
    fn the_year_2038_is_no_border() {
        assert_eq!(UnixTime::from_seconds(4_102_444_800).iso8601(), "2100-01-01T00:00:00.000Z");
    }
}
