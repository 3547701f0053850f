//! `application/x-www-form-urlencoded` parameters in which a repeated name is an error.

use std::borrow::Cow;

/// The parameters of a query or of a form body, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Parameters(Vec<(String, String)>);

/// A parameter that came more than once (RFC 6749 §3.1 forbids it).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parameter {0:?} came more than once")]
pub struct Repeated(pub &'static str);

impl Parameters {
    /// Reads parameters; anything can be read as parameters, so this does not fail.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
    }

    /// The one value of a parameter. Like an absent one, an empty one is no value (RFC 6749 §3.1).
    ///
    /// # Errors
    /// When the parameter came twice.
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.0.iter().filter(|(k, _)| k == name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Repeated(name));
        }
        Ok(first.map(|(_, v)| v.as_str()).filter(|v| !v.is_empty()))
    }

    /// The last value of a parameter: how Auth.js reads forms of its own pages.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    /// All pairs in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Cow<'a, str>)> for Parameters {
    fn from_iter<T: IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>>(pairs: T) -> Self {
        Self(pairs.into_iter().map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_parameters_are_errors_and_empty_ones_are_absent() {
        let parameters = Parameters::parse(b"code=a&code=b&state=&iss=x");
        assert_eq!(parameters.one("code"), Err(Repeated("code")));
        assert_eq!(parameters.one("state"), Ok(None));
        assert_eq!(parameters.one("iss"), Ok(Some("x")));
        assert_eq!(parameters.one("absent"), Ok(None));
        assert_eq!(parameters.last("code"), Some("b"));
    }
}
