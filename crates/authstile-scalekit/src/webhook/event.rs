//! From the bytes of a delivery to an event.

use std::fmt;

use serde_json::{Map, Value};

use super::data::{EventData, text};
use super::kind::EventKind;
use super::verify::Delivery;

/// Something that happened at Scalekit, told by Scalekit.
///
/// Can only be read from a [`Delivery`], so what is in it was signed.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The event's own id, `evt_…`; that of the message where the envelope has none. Remember it, to act only once.
    pub id: String,
    /// What happened.
    pub kind: EventKind,
    /// The environment, `env_…`.
    pub environment_id: Option<String>,
    /// The organization concerned, `org_…`, from the envelope or else from the data.
    pub organization_id: Option<String>,
    /// When it happened. Events come in any order; this puts them right.
    pub occurred_at: Option<Moment>,
    /// What it is about.
    pub data: EventData,
    /// The whole envelope, as it came.
    pub raw: Map<String, Value>,
}

/// Why a delivery is no event, although Scalekit signed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The body is no JSON object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// Nothing says what happened.
    #[error("the event has no type")]
    NoType,
    /// The envelope names another organization than the data. Whichever is right, acting could hit the other one.
    #[error("the envelope names organization {envelope:?}, its data {data:?}")]
    Organizations {
        /// What the envelope says.
        envelope: String,
        /// What the data says.
        data: String,
    },
}

impl Event {
    /// Reads an event. Kinds that are not known and members that are missing are no errors.
    ///
    /// # Errors
    /// See [`EventError`].
    pub fn parse(delivery: &Delivery<'_>) -> Result<Self, EventError> {
        let raw: Map<String, Value> = serde_json::from_slice(delivery.body()).map_err(|_| EventError::NotAnObject)?;
        let kind = EventKind::parse(&text(&raw, "type").ok_or(EventError::NoType)?);
        let none = Map::new();
        let data = raw.get("data").and_then(Value::as_object).unwrap_or(&none);
        Ok(Self {
            id: text(&raw, "id").unwrap_or_else(|| delivery.id().to_owned()),
            environment_id: text(&raw, "environment_id"),
            organization_id: organization(&kind, text(&raw, "organization_id"), data)?,
            occurred_at: text(&raw, "occurred_at").and_then(|text| Moment::parse(&text)),
            data: EventData::read(&kind, data),
            kind,
            raw,
        })
    }
}

impl fmt::Debug for Event {
    /// Without the data, which has people and the secrets of DNS records in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("organization_id", &self.organization_id)
            .field("occurred_at", &self.occurred_at)
            .finish_non_exhaustive()
    }
}

/// The organization that an event concerns: named by the envelope, by the data, or by both alike.
fn organization(
    kind: &EventKind,
    envelope: Option<String>,
    data: &Map<String, Value>,
) -> Result<Option<String>, EventError> {
    let of_data = match kind {
        EventKind::OrganizationCreated | EventKind::OrganizationUpdated | EventKind::OrganizationDeleted => {
            text(data, "id")
        }
        EventKind::Unknown(_) => None,
        _ => text(data, "organization_id")
            .or_else(|| data.get("organization").and_then(Value::as_object).and_then(|it| text(it, "id"))),
    };
    match (envelope, of_data) {
        (Some(envelope), Some(data)) if envelope != data => Err(EventError::Organizations { envelope, data }),
        (envelope, data) => Ok(envelope.or(data)),
    }
}

/// A moment, exact to the nanosecond, as Scalekit gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    nanoseconds: i128,
}

impl Moment {
    /// Reads a moment (RFC 3339).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|moment| Self { nanoseconds: moment.as_nanosecond() })
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        i64::try_from(self.nanoseconds.div_euclid(1_000_000_000)).unwrap_or(i64::MAX)
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub fn nanoseconds(self) -> i128 {
        self.nanoseconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_ordered_to_the_nanosecond() {
        let moment = |text| Moment::parse(text).unwrap();
        assert_eq!(moment("2025-09-24T05:47:18.000000000Z").seconds(), 1_758_692_838);
        assert!(moment("2025-09-24T05:47:18Z") < moment("2025-09-24T05:47:18.000000001Z"));
        assert!(moment("2025-09-24T05:47:18.5Z") < moment("2025-09-24T05:47:18.50001Z"));
        assert_eq!(moment("2025-09-24T05:47:18Z"), moment("2025-09-24T07:47:18+02:00"));
        assert_eq!(Moment::parse("yesterday"), None);
    }
}
