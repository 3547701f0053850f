//! Mistakes in the environment: what is wrong, and the line that mends it.

use std::fmt;

/// A mistake that stops the start.
#[derive(Debug)]
pub(crate) struct Mistake {
    what: String,
    mend: String,
}

impl Mistake {
    /// Says what is wrong, and gives a line for the environment that is right.
    pub(crate) fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\n    {}\n", self.what, self.mend)
    }
}

impl std::error::Error for Mistake {}
