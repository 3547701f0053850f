//! The list of the ways to sign in, as `GET /providers` has it: written once, not at each request.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::host::HostPolicy;
use crate::model::Claims;

/// Stands for our origin until that is known: no id and no name can contain it, because it is not JSON.
const ORIGIN: &str = "\u{1}origin\u{1}";

/// The JSON of all ways, ready but for our origin.
#[derive(Debug)]
pub(crate) struct Directory {
    /// For the one origin that is configured.
    fixed: Option<(String, Bytes)>,
    /// What stands between the places of the origin.
    parts: Vec<String>,
}

/// What is said of one way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    /// Auth.js's `type`.
    pub(crate) kind: &'static str,
}

impl Directory {
    pub(crate) fn new<'a>(ways: impl Iterator<Item = Listed<'a>>, base_path: &str, host: &HostPolicy) -> Self {
        let cards = ways.map(|way| {
            let url = |action: &str| format!("{ORIGIN}{base_path}/{action}/{}", way.id);
            let card = json!({
                "id": way.id,
                "name": way.name,
                "type": way.kind,
                "signinUrl": url("signin"),
                "callbackUrl": url("callback"),
            });
            (way.id.to_owned(), card)
        });
        let text = Value::Object(cards.collect::<Claims>()).to_string();
        // As JSON writes it.
        let origin = Value::from(ORIGIN).to_string();
        let parts = text.split(origin.trim_matches('"')).map(str::to_owned).collect();
        let directory = Self { fixed: None, parts };
        match host {
            HostPolicy::Fixed(origin) => {
                let root = origin.to_string();
                Self { fixed: Some((root.clone(), directory.body(&root))), ..directory }
            }
            _ => directory,
        }
    }

    /// The whole, for an origin of ours with the path that a proxy cuts off.
    pub(crate) fn body(&self, root: &str) -> Bytes {
        match &self.fixed {
            Some((known, body)) if known == root => body.clone(),
            _ => self.parts.join(root).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::return_to::Origin;

    #[test]
    fn the_list_is_the_same_whether_or_not_it_was_written_before() {
        let ways = || [("a", "A \"quoted\""), ("b", "\u{1}origin\u{1}")].into_iter();
        let listed = || ways().map(|(id, name)| Listed { id, name, kind: "oidc" });
        let origin = "https://app.example";
        let fixed = Directory::new(listed(), "/api/auth", &HostPolicy::Fixed(Origin::parse(origin).unwrap()));
        let open = Directory::new(listed(), "/api/auth", &HostPolicy::TrustForwarded);
        assert_eq!(fixed.body(origin), open.body(origin));
        let json: Value = serde_json::from_slice(&open.body(origin)).unwrap();
        assert_eq!(json["a"]["signinUrl"], "https://app.example/api/auth/signin/a");
        assert_eq!(json["a"]["name"], "A \"quoted\"");
        let other = "https://other.example/prefix";
        assert!(fixed.body(other).starts_with(b"{\"a\":{\"id\":\"a\""));
        assert_ne!(fixed.body(other), fixed.body(origin));
    }
}
