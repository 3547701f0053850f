//! Environments from TOML files; `seed.example.toml` explains every key.

mod convert;
mod form;

use std::fmt;
use std::ops::Range;

use self::form::Form;
use crate::builder::IdpBuilder;
use crate::idp::Idp;

/// What is wrong with a seed file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedError {
    line: Option<usize>,
    message: String,
}

impl SeedError {
    /// The line, counted from 1, if the mistake is in one.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What is wrong, without the line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    fn at(text: &str, span: Option<Range<usize>>, message: impl Into<String>) -> Self {
        let line = span.and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        Self { line, message: message.into() }
    }
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for SeedError {}

impl Idp {
    /// An environment from a seed file's text.
    ///
    /// # Errors
    ///
    /// If the text is not TOML, has a key that nobody knows, or refers to something that is not there.
    pub fn from_seed(text: &str, issuer: impl Into<String>) -> Result<Self, SeedError> {
        Ok(Self::builder(issuer).seed(text)?.build())
    }
}

impl IdpBuilder {
    /// Adds what a seed file says. May be combined with everything else.
    ///
    /// # Errors
    ///
    /// As [`Idp::from_seed`].
    pub fn seed(self, text: &str) -> Result<Self, SeedError> {
        let form: Form =
            toml::from_str(text).map_err(|error| SeedError::at(text, error.span(), error.message().trim()))?;
        convert::furnish(self, form).map_err(|mistake| SeedError::at(text, mistake.span, mistake.message))
    }
}
