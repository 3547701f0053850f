//! What an expression finds in a profile.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::expression::{Expression, Function, Node};
use crate::model::Claims;

/// The values of a registration's options, by name.
pub type Options = BTreeMap<String, String>;

/// Where an expression looks.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The claims, or the answers of the provider's API.
    pub profile: &'a Claims,
    /// Further members of the token answer.
    pub token: &'a Claims,
    /// The options of the registration.
    pub options: &'a Options,
}

impl Expression {
    /// What is found. What is absent, null, or an empty text, list or object is not found.
    #[must_use]
    pub fn value<'a>(&'a self, sources: &Sources<'a>) -> Option<Cow<'a, Value>> {
        evaluate(&self.root, sources, None)
    }

    /// What is found, if it is a text or a number: numbers become text, so that ids are opaque.
    #[must_use]
    pub fn text(&self, sources: &Sources<'_>) -> Option<String> {
        text(&*self.value(sources)?)
    }

    /// Whether it is true: anything that is found, but not `false`.
    #[must_use]
    pub fn is_true(&self, sources: &Sources<'_>) -> bool {
        is_true(self.value(sources))
    }

    /// What is found, as a yes or no: providers write it as a boolean, a text or a number.
    #[must_use]
    pub fn yes_or_no(&self, sources: &Sources<'_>) -> Option<bool> {
        match &*self.value(sources)? {
            Value::Bool(yes) => Some(*yes),
            Value::String(text) => Some(text == "true" || text == "1"),
            Value::Number(number) => Some(number.as_u64() == Some(1)),
            _ => None,
        }
    }
}

/// The member of claims at a pointer.
fn at<'a>(claims: &'a Claims, pointer: &str) -> Option<&'a Value> {
    let path = pointer.strip_prefix('/')?;
    let (name, rest) = path.find('/').map_or((path, ""), |end| path.split_at(end));
    claims.get(&name.replace("~1", "/").replace("~0", "~"))?.pointer(rest)
}

fn found(value: Option<&Value>) -> Option<Cow<'_, Value>> {
    value.filter(|value| !is_empty(value)).map(Cow::Borrowed)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn is_true(value: Option<Cow<'_, Value>>) -> bool {
    value.is_some_and(|value| *value != Value::Bool(false))
}

fn owned<'a>(text: Option<String>) -> Option<Cow<'a, Value>> {
    text.filter(|text| !text.is_empty()).map(|text| Cow::Owned(Value::String(text)))
}

fn evaluate<'a>(node: &'a Node, sources: &Sources<'a>, entry: Option<&'a Value>) -> Option<Cow<'a, Value>> {
    let value = |node: &'a Node| evaluate(node, sources, entry);
    let text_of = |node: &'a Node| value(node).and_then(|value| text(&value));
    let truth = |yes: bool| Some(Cow::Owned(Value::Bool(yes)));
    match node {
        Node::Nothing => None,
        Node::Profile(pointer) => found(match entry {
            Some(entry) => entry.pointer(pointer),
            None => at(sources.profile, pointer),
        }),
        Node::Token(pointer) => found(at(sources.token, pointer)),
        Node::Option(name) => owned(sources.options.get(name).cloned()),
        Node::Text(text) => owned(Some(text.clone())),
        Node::Truth(yes) => truth(*yes),
        Node::First(nodes) => nodes.iter().find_map(value),
        Node::All(nodes) => truth(nodes.iter().all(|node| is_true(value(node)))),
        Node::Not(node) => truth(!is_true(value(node))),
        Node::Same(a, b, wanted) => truth(is_same(value(a), value(b)) == *wanted),
        Node::Within(node, pointer) => match value(node)? {
            Cow::Borrowed(inside) => found(inside.pointer(pointer)),
            Cow::Owned(inside) => inside.pointer(pointer).filter(|it| !is_empty(it)).cloned().map(Cow::Owned),
        },
        Node::Call(function, arguments) => match (function, arguments.as_slice()) {
            (Function::Join, [separator, parts @ ..]) => {
                let separator = text_of(separator).unwrap_or_default();
                owned(Some(parts.iter().filter_map(text_of).collect::<Vec<_>>().join(&separator)))
            }
            (Function::Concat, parts) => {
                owned(parts.iter().map(text_of).collect::<Option<Vec<_>>>().map(|all| all.concat()))
            }
            (Function::Find, [list, condition]) => {
                let Some(Cow::Borrowed(Value::Array(list))) = value(list) else { return None };
                found(list.iter().find(|entry| is_true(evaluate(condition, sources, Some(entry)))))
            }
            (Function::If, [condition, then, otherwise @ ..]) => match is_true(value(condition)) {
                true => value(then),
                false => otherwise.first().and_then(value),
            },
            (Function::StartsWith, [whole, beginning]) => {
                truth(text_of(whole).zip(text_of(beginning)).is_some_and(|(whole, start)| whole.starts_with(&start)))
            }
            (Function::Before, [whole, separator]) => {
                let whole = text_of(whole)?;
                let before = text_of(separator).and_then(|end| whole.split(&end).next().map(str::to_owned));
                owned(before.or(Some(whole)))
            }
            (Function::AvatarIndex, [id, discriminator]) => {
                let number = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok());
                let index = match number(text_of(discriminator)).filter(|number| *number > 0) {
                    Some(number) => number % 5,
                    None => (number(text_of(id))? >> 22) % 6,
                };
                owned(Some(index.to_string()))
            }
            _ => None,
        },
    }
}

/// Booleans are only the same as booleans; a number is the same as its text; nothing is the same as nothing.
fn is_same(a: Option<Cow<'_, Value>>, b: Option<Cow<'_, Value>>) -> bool {
    match (a.as_deref(), b.as_deref()) {
        (None, None) => true,
        (Some(a), Some(b)) if a == b => true,
        (Some(a), Some(b)) => text(a).is_some_and(|a| text(b).is_some_and(|b| a == b)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_find_what_is_there() {
        let profile: Claims = serde_json::from_str(
            r#"{"id":583231,"big":80351110224678912,"name":null,"login":"ada","first":"Ada","last":"","yes":true,"no":false,
               "zero":0,"a/b":"slash","staff?":"s","images":[{"url":"u0"},{"url":"u1"}],"hash":"a_12","icon":"https://i/x?w=1",
               "emails":[{"email":"a@x","primary":false},{"email":"b@x","primary":true,"verified":true}],"nil":[],"deep":{"x":{"y":1}}}"#,
        )
        .unwrap();
        let token: Claims = serde_json::from_str(r#"{"user_id":7,"email":"t@x"}"#).unwrap();
        let options = Options::from([("issuer".to_owned(), "https://i".to_owned())]);
        let sources = Sources { profile: &profile, token: &token, options: &options };
        for (text, expected) in [
            ("/id", Some("583231")),
            ("/name ?? /login", Some("ada")),
            ("/nobody/home ?? ''", None),
            ("join(' ', /first, /last, /middle)", Some("Ada")),
            ("join(' ', /x, /y)", None),
            ("concat(/first, ' ', /last)", None),
            ("concat(option:issuer, '/avatar/', /id)", Some("https://i/avatar/583231")),
            ("token:/user_id", Some("7")),
            ("/email ?? token:/email", Some("t@x")),
            ("/images/1/url", Some("u1")),
            ("/a~1b", Some("slash")),
            ("/staff?", Some("s")),
            ("/deep/x/y", Some("1")),
            ("find(/emails, /primary)/email", Some("b@x")),
            ("find(/emails, /primary == true && /verified == true)/email", Some("b@x")),
            ("find(/emails, /email == token:/email)/email", None),
            ("find(/login, /primary)/email", None),
            ("find(/nil, /primary)/email", None),
            ("if(/no, 'x', 'y')", Some("y")),
            ("if(/zero, 'x')", Some("x")),
            ("if(/zero != '0', 'x')", None),
            ("if(!/name && /yes, 'x')", Some("x")),
            ("if(/yes == 'true', 'x', 'text is no boolean')", Some("text is no boolean")),
            ("if(starts_with(/hash, 'a_'), 'gif', 'png')", Some("gif")),
            ("before(/icon, '?')", Some("https://i/x")),
            ("before(/login, '?')", Some("ada")),
            ("avatar_index(/big, /discriminator ?? '0')", Some("5")),
            ("avatar_index(/big, '1234')", Some("4")),
            ("avatar_index(/login, '0')", None),
            ("(/name ?? /login)", Some("ada")),
            ("/yes", None),
            ("/deep", None),
            ("", None),
        ] {
            let found = Expression::parse(text).unwrap().text(&sources);
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        let truth = |text: &str| Expression::parse(text).unwrap().yes_or_no(&sources);
        assert_eq!(
            (truth("/yes"), truth("/no"), truth("/none"), truth("'true'")),
            (Some(true), Some(false), None, Some(true))
        );
    }
}
