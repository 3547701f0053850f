//! What a port to storage says when it fails.

use std::fmt;

/// Storage failed: nothing can be said, so nobody is signed in.
#[derive(Debug)]
pub struct StoreError {
    kind: Kind,
    source: Box<dyn std::error::Error + Send + Sync>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Conflict,
    Unavailable,
    Other,
}

impl StoreError {
    /// What should be created exists already.
    pub fn conflict(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Conflict, source: source.into() }
    }

    /// The storage cannot be reached; later it may be.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Unavailable, source: source.into() }
    }

    /// Anything else.
    pub fn other(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Other, source: source.into() }
    }

    /// Whether what should be created exists already.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind == Kind::Conflict
    }

    /// Whether trying again later may help.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.kind == Kind::Unavailable
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Conflict => "conflict",
            Kind::Unavailable => "unavailable",
            Kind::Other => "failed",
        };
        write!(f, "storage {kind}: {}", self.source)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}
