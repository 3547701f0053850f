//! From a provider's claims to a person: as data on the card, or as a closure of the application's.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use authstile_oauth::word::Subject;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::hooks::HookError;
use crate::model::{Claims, User};

/// One way to find a field of the person in the provider's claims.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A JSON pointer (RFC 6901). Numbers become text; what is absent, null or empty is not found.
    Pointer(Cow<'static, str>),
    /// The parts that are found, joined with spaces.
    Joined(Cow<'static, [Cow<'static, str>]>),
}

/// Several ways, tried in order.
pub type Sources = Cow<'static, [Source]>;

/// How claims become a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileMap {
    /// The subject. What is not found is an error, never a random id.
    pub id: Sources,
    /// Display name.
    pub name: Sources,
    /// E-mail address.
    pub email: Sources,
    /// Picture.
    pub image: Sources,
}

/// A pointer, short to write on a card.
#[must_use]
pub const fn pointer(pointer: &'static str) -> Source {
    Source::Pointer(Cow::Borrowed(pointer))
}

const NAME_PARTS: &[Cow<'static, str>] = &[Cow::Borrowed("/given_name"), Cow::Borrowed("/family_name")];

/// The claims of OpenID Connect Core §5.1. A missing `name` is built from the parts that are there.
pub const STANDARD_CLAIMS: ProfileMap = ProfileMap {
    id: Cow::Borrowed(&[pointer("/sub")]),
    name: Cow::Borrowed(&[
        pointer("/name"),
        Source::Joined(Cow::Borrowed(NAME_PARTS)),
        pointer("/nickname"),
        pointer("/preferred_username"),
    ]),
    email: Cow::Borrowed(&[pointer("/email")]),
    image: Cow::Borrowed(&[pointer("/picture")]),
};

/// A mapping that the application wrote in Rust.
pub type MappingClosure = Arc<dyn Fn(&Claims) -> Result<User, HookError> + Send + Sync>;

/// The mapping of one registration.
#[derive(Clone)]
#[non_exhaustive]
pub enum ProfileMapping {
    /// Data.
    Map(ProfileMap),
    /// Code.
    Closure(MappingClosure),
}

impl ProfileMapping {
    /// A closure over a type of the application's: the claims are read as `T` first.
    pub fn typed<T, F>(closure: F) -> Self
    where
        T: DeserializeOwned,
        F: Fn(T) -> User + Send + Sync + 'static,
    {
        Self::Closure(Arc::new(move |claims| Ok(closure(serde_json::from_value(Value::Object(claims.clone()))?))))
    }
}

impl fmt::Debug for ProfileMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map(map) => map.fmt(f),
            Self::Closure(_) => f.write_str("Closure(..)"),
        }
    }
}

/// Why claims do not become a person.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// Nobody is named: signing in would invent an account.
    #[error("the profile names no subject")]
    MissingSubject,
    /// The application's closure does not fit the claims.
    #[error("the profile mapping failed: {0}")]
    Mapping(#[source] HookError),
}

/// Maps claims to a person; the subject is proven to be there.
pub(crate) fn map(mapping: &ProfileMapping, claims: &Claims) -> Result<(Subject, User), ProfileError> {
    let mut user = match mapping {
        ProfileMapping::Map(map) => read(map, claims),
        ProfileMapping::Closure(closure) => closure(claims).map_err(ProfileError::Mapping)?,
    };
    let subject = Subject::parse(user.id.trim()).map_err(|_| ProfileError::MissingSubject)?;
    user.email = user.email.map(|email| email.to_lowercase()).filter(|email| !email.is_empty());
    if user.email_verified.is_none() {
        user.email_verified = match claims.get("email_verified") {
            Some(Value::Bool(verified)) => Some(*verified),
            Some(Value::String(text)) => Some(text == "true"),
            _ => None,
        };
    }
    Ok((subject, user))
}

fn read(map: &ProfileMap, claims: &Claims) -> User {
    User {
        id: first(&map.id, claims).unwrap_or_default(),
        name: first(&map.name, claims),
        email: first(&map.email, claims),
        image: first(&map.image, claims),
        email_verified: None,
    }
}

fn first(sources: &[Source], claims: &Claims) -> Option<String> {
    sources.iter().find_map(|source| match source {
        Source::Pointer(pointer) => find(pointer, claims),
        Source::Joined(parts) => {
            let found: Vec<String> = parts.iter().filter_map(|pointer| find(pointer, claims)).collect();
            (!found.is_empty()).then(|| found.join(" "))
        }
    })
}

fn find(pointer: &str, claims: &Claims) -> Option<String> {
    let path = pointer.strip_prefix('/')?;
    let (name, rest) =
        path.split_once('/').map_or((path, ""), |(name, _)| (name, path.get(name.len()..).unwrap_or("")));
    match claims.get(&name.replace("~1", "/").replace("~0", "~"))?.pointer(rest)? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(json: &str) -> Claims {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn names_are_built_from_the_parts_that_are_there() {
        let name = |json| map(&ProfileMapping::Map(STANDARD_CLAIMS), &claims(json)).unwrap().1.name;
        assert_eq!(name(r#"{"sub":"1","name":"Ada L","given_name":"x"}"#).as_deref(), Some("Ada L"));
        assert_eq!(name(r#"{"sub":"1","given_name":"Ada","family_name":"Lovelace"}"#).as_deref(), Some("Ada Lovelace"));
        assert_eq!(name(r#"{"sub":"1","family_name":"Lovelace"}"#).as_deref(), Some("Lovelace"));
        assert_eq!(name(r#"{"sub":"1","email":"a@b"}"#), None);
    }

    #[test]
    fn nobody_is_an_error_and_numbers_are_texts() {
        const ID: &[Source] = &[pointer("/id")];
        let mapping = ProfileMapping::Map(ProfileMap { id: Cow::Borrowed(ID), ..STANDARD_CLAIMS });
        let subject = |json| map(&mapping, &claims(json)).map(|(subject, _)| subject.as_str().to_owned());
        assert_eq!(subject(r#"{"id":583231}"#).unwrap(), "583231");
        for nobody in [r#"{}"#, r#"{"id":null}"#, r#"{"id":""}"#, r#"{"id":" "}"#, r#"{"id":{}}"#, r#"{"id":true}"#] {
            assert!(matches!(subject(nobody), Err(ProfileError::MissingSubject)), "{nobody}");
        }
    }

    #[test]
    fn a_typed_closure_replaces_the_map() {
        #[derive(serde::Deserialize)]
        struct Mine {
            employee: u32,
        }
        let mapping = ProfileMapping::typed(|mine: Mine| User { id: mine.employee.to_string(), ..User::default() });
        assert_eq!(map(&mapping, &claims(r#"{"sub":"1","employee":7}"#)).unwrap().0.as_str(), "7");
        assert!(matches!(map(&mapping, &claims(r#"{"sub":"1"}"#)), Err(ProfileError::Mapping(_))));
    }

    #[test]
    fn pointers_reach_into_objects() {
        let deep = claims(r#"{"data":{"user":{"id":"x"}},"a/b":"y"}"#);
        assert_eq!(find("/data/user/id", &deep).as_deref(), Some("x"));
        assert_eq!(find("/a~1b", &deep).as_deref(), Some("y"));
        assert_eq!(find("data", &deep), None);
    }
}
