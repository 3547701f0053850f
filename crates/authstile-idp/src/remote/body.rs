//! The JSON object that a control call sends.

use serde_json::{Map, Value};

use super::Mistake;

#[derive(Debug, Default)]
pub(super) struct Body(Map<String, Value>);

impl Body {
    pub(super) fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Nothing but these members may be there.
    pub(super) fn allow(&self, names: &[&str]) -> Result<&Self, Mistake> {
        match self.0.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(Mistake::Body(format!("unknown member {name:?}; known: {}", names.join(", ")))),
            None => Ok(self),
        }
    }

    pub(super) fn text(&self, name: &'static str) -> Result<&str, Mistake> {
        self.optional_text(name)?.ok_or_else(|| Mistake::Body(format!("{name:?} is missing")))
    }

    /// `null` is as good as nothing.
    pub(super) fn optional_text(&self, name: &'static str) -> Result<Option<&str>, Mistake> {
        self.optional(name, "a string", Value::as_str)
    }

    pub(super) fn flag(&self, name: &'static str) -> Result<bool, Mistake> {
        let flag = self.optional(name, "true or false", Value::as_bool)?;
        flag.ok_or_else(|| Mistake::Body(format!("{name:?} is missing")))
    }

    pub(super) fn optional_flag(&self, name: &'static str) -> Result<Option<bool>, Mistake> {
        self.optional(name, "true or false", Value::as_bool)
    }

    pub(super) fn optional_number(&self, name: &'static str) -> Result<Option<i64>, Mistake> {
        self.optional(name, "a whole number", Value::as_i64)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    fn optional<'a, T: 'a>(
        &'a self,
        name: &'static str,
        kind: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Mistake> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(value) => Ok(Some(value)),
                None => Err(Mistake::Body(format!("{name:?} must be {kind}"))),
            },
        }
    }
}
