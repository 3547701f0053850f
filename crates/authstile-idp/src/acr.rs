//! Which class of authentication a request wants (OpenID Connect Core §3.1.2.1, §5.5.1.1).

use serde_json::{Map, Value};

use crate::environment::Environment;
use crate::http_text::Fields;

/// The classes asked for, best first; none for any.
#[derive(Clone, Debug, Default)]
pub(crate) struct WantedAcr {
    values: Vec<String>,
    is_essential: bool,
}

/// What the parameter `claims` asks of ID tokens: `None` if it is not a JSON object.
pub(crate) fn claims_asked(asked: &Fields) -> Option<Map<String, Value>> {
    let Some(text) = asked.get("claims") else { return Some(Map::new()) };
    let mut claims: Map<String, Value> = serde_json::from_str(text).ok()?;
    match claims.remove("id_token") {
        None => Some(Map::new()),
        Some(Value::Object(members)) => Some(members),
        Some(_) => None,
    }
}

impl WantedAcr {
    pub(crate) fn read(asked: &Fields, claims: &Map<String, Value>) -> Self {
        let Some(Value::Object(acr)) = claims.get("acr") else {
            let values = asked.get("acr_values").unwrap_or_default().split_ascii_whitespace();
            return Self { values: values.map(str::to_owned).collect(), is_essential: false };
        };
        let several = acr.get("values").and_then(Value::as_array).into_iter().flatten();
        let values = acr.get("value").into_iter().chain(several).filter_map(Value::as_str).map(str::to_owned).collect();
        Self { values, is_essential: acr.get("essential") == Some(&Value::Bool(true)) }
    }

    /// Essential, and nothing that is asked for can be had here.
    pub(crate) fn is_out_of_reach(&self, environment: &Environment) -> bool {
        self.is_essential && !self.values.is_empty() && self.reachable(environment).is_none()
    }

    /// What whoever signs in for this request achieves.
    pub(crate) fn achieved(&self, environment: &Environment) -> Option<String> {
        self.reachable(environment).or(environment.acr_values.first()).cloned()
    }

    /// Whether an earlier sign-in of this class will do.
    pub(crate) fn is_met_by(&self, environment: &Environment, acr: Option<&str>) -> bool {
        self.reachable(environment).is_none() || acr.is_some_and(|acr| self.values.iter().any(|value| value == acr))
    }

    fn reachable<'a>(&'a self, environment: &Environment) -> Option<&'a String> {
        self.values.iter().find(|value| environment.acr_values.contains(value))
    }
}
