//! What is written to the log while a test runs, kept for that test.

use std::cell::RefCell;
use std::fmt;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

thread_local! {
    static KEPT: RefCell<Option<Vec<Entry>>> = const { RefCell::new(None) };
}

/// One event, or one span with the fields that it got.
#[derive(Debug, Clone)]
pub struct Entry {
    /// How loud.
    pub level: Level,
    /// The module that wrote it.
    pub target: &'static str,
    /// The name of the span, or where the event stands.
    pub name: &'static str,
    /// Names and values as a log would show them; the text of an event is its field `message`.
    pub fields: Vec<(&'static str, String)>,
}

impl Entry {
    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// Keeps everything that this thread logs, at every level, until it is dropped. A `#[tokio::test]` runs on one thread.
#[derive(Debug)]
pub struct Log(());

impl Log {
    /// Begins to keep.
    #[must_use]
    pub fn keep() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // Another subscriber of this process would be a mistake of the test, and show in what is kept.
            let _ = tracing::subscriber::set_global_default(Keeper(AtomicU64::new(1)));
        });
        KEPT.with_borrow_mut(|kept| *kept = Some(Vec::new()));
        Self(())
    }

    /// What was logged since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<Entry> {
        KEPT.with_borrow_mut(|kept| kept.as_mut().map(std::mem::take)).unwrap_or_default()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        KEPT.with_borrow_mut(|kept| *kept = None);
    }
}

struct Keeper(AtomicU64);

fn keep(metadata: &'static Metadata<'static>, fields: Fields) {
    KEPT.with_borrow_mut(|kept| {
        if let Some(kept) = kept {
            kept.push(Entry {
                level: *metadata.level(),
                target: metadata.target(),
                name: metadata.name(),
                fields: fields.0,
            });
        }
    });
}

impl Subscriber for Keeper {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        keep(span.metadata(), fields);
        Id::from_u64(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        KEPT.with_borrow_mut(|kept| {
            if let Some(kept) = kept {
                kept.push(Entry { level: Level::TRACE, target: "", name: "later fields of a span", fields: fields.0 });
            }
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        keep(event.metadata(), fields);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }
}
