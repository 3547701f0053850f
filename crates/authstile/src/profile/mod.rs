//! From a provider's claims to a person: as data on the card, or as a closure of the application's.

mod evaluate;
mod expression;

use std::fmt;
use std::sync::Arc;

use authstile_oauth::word::Subject;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use evaluate::{Options, Sources};
pub use expression::{Expression, ExpressionError};

use crate::hooks::HookError;
use crate::model::{Claims, User};
use crate::record::{Pairs, Text, record};

record! {
    base = NOTHING, required = [];
    /// How claims become a person: each field is an [`Expression`], and empty text is nothing.
    pub struct ProfileMap {
        /// The subject. What is not found is an error, never a random id. Numbers become text.
        pub id: Text,
        /// Display name.
        pub name: Text,
        /// E-mail address.
        pub email: Text,
        /// Whether the provider has verified the address; nothing where it does not say.
        pub email_verified: Text,
        /// Picture.
        pub image: Text,
        /// Further fields, by their names.
        pub extra: Pairs,
    }
}

/// A mapping that finds nothing: the base of others.
pub const NOTHING: ProfileMap = ProfileMap { id: "", name: "", email: "", email_verified: "", image: "", extra: &[] };

/// The claims of OpenID Connect Core §5.1. A missing `name` is built from the parts that are there.
pub const STANDARD_CLAIMS: ProfileMap = ProfileMap {
    id: "/sub",
    name: "/name ?? join(' ', /given_name, /family_name) ?? /nickname ?? /preferred_username",
    email: "/email",
    email_verified: "/email_verified",
    image: "/picture",
    extra: &[],
};

/// A [`ProfileMap`], parsed.
#[derive(Debug, Clone)]
pub struct ProfileExpressions {
    id: Expression,
    name: Expression,
    email: Expression,
    email_verified: Expression,
    image: Expression,
    extra: Vec<(&'static str, Expression)>,
}

impl ProfileMap {
    /// Every expression, by its field.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let extra = self.extra.iter().map(|(_, text)| ("extra", *text));
        [
            ("id", self.id),
            ("name", self.name),
            ("email", self.email),
            ("email_verified", self.email_verified),
            ("image", self.image),
        ]
        .into_iter()
        .chain(extra)
    }

    /// Reads the expressions.
    ///
    /// # Errors
    /// When one of them is not in the language.
    pub fn parse(&self) -> Result<ProfileExpressions, ExpressionError> {
        let extra = self.extra.iter().map(|(name, text)| Ok((*name, Expression::parse(text)?)));
        Ok(ProfileExpressions {
            id: Expression::parse(self.id)?,
            name: Expression::parse(self.name)?,
            email: Expression::parse(self.email)?,
            email_verified: Expression::parse(self.email_verified)?,
            image: Expression::parse(self.image)?,
            extra: extra.collect::<Result<_, _>>()?,
        })
    }
}

/// A person as the provider describes them; the subject is proven to be there.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Mapped {
    /// The identifier at the provider.
    pub subject: Subject,
    /// The person.
    pub user: User,
    /// The further fields that the card maps, as JSON.
    pub extra: Claims,
}

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

    /// Reads the expressions.
    ///
    /// # Errors
    /// When one of them is not in the language.
    pub fn compile(&self) -> Result<Mapping, ExpressionError> {
        Ok(match self {
            Self::Map(map) => Mapping::Expressions(Box::new(map.parse()?)),
            Self::Closure(closure) => Mapping::Closure(closure.clone()),
        })
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

/// A [`ProfileMapping`] that can be used.
#[derive(Clone)]
#[non_exhaustive]
pub enum Mapping {
    /// Data.
    Expressions(Box<ProfileExpressions>),
    /// Code.
    Closure(MappingClosure),
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expressions(expressions) => expressions.fmt(f),
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

impl Mapping {
    /// Maps claims to a person.
    ///
    /// # Errors
    /// When nobody is named, or the application's closure fails.
    pub fn map(&self, sources: &Sources<'_>) -> Result<Mapped, ProfileError> {
        let (mut user, extra) = match self {
            Self::Expressions(expressions) => expressions.read(sources),
            Self::Closure(closure) => (closure(sources.profile).map_err(ProfileError::Mapping)?, Claims::new()),
        };
        let subject = Subject::parse(user.id.trim()).map_err(|_| ProfileError::MissingSubject)?;
        user.email = user.email.map(|email| email.to_lowercase()).filter(|email| !email.is_empty());
        if user.email_verified.is_none() && matches!(self, Self::Closure(_)) {
            user.email_verified = match sources.profile.get("email_verified") {
                Some(Value::Bool(verified)) => Some(*verified),
                Some(Value::String(text)) => Some(text == "true"),
                _ => None,
            };
        }
        Ok(Mapped { subject, user, extra })
    }
}

impl ProfileExpressions {
    fn read(&self, sources: &Sources<'_>) -> (User, Claims) {
        let extra = self.extra.iter().filter_map(|(name, expression)| {
            expression.value(sources).map(|value| ((*name).to_owned(), value.into_owned()))
        });
        let user = User {
            id: self.id.text(sources).unwrap_or_default(),
            name: self.name.text(sources),
            email: self.email.text(sources),
            image: self.image.text(sources),
            email_verified: self.email_verified.yes_or_no(sources),
        };
        (user, extra.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(mapping: &ProfileMapping, json: &str) -> Result<Mapped, ProfileError> {
        let (profile, token, options) = (serde_json::from_str(json).unwrap(), Claims::new(), Options::new());
        mapping.compile().unwrap().map(&Sources { profile: &profile, token: &token, options: &options })
    }

    #[test]
    fn names_are_built_from_the_parts_that_are_there() {
        let name = |json| map(&ProfileMapping::Map(STANDARD_CLAIMS), json).unwrap().user.name;
        assert_eq!(name(r#"{"sub":"1","name":"Ada L","given_name":"x"}"#).as_deref(), Some("Ada L"));
        assert_eq!(name(r#"{"sub":"1","given_name":"Ada","family_name":"Lovelace"}"#).as_deref(), Some("Ada Lovelace"));
        assert_eq!(name(r#"{"sub":"1","family_name":"Lovelace"}"#).as_deref(), Some("Lovelace"));
        assert_eq!(name(r#"{"sub":"1","email":"a@b"}"#), None);
    }

    #[test]
    fn nobody_is_an_error_and_numbers_are_texts() {
        let mapping = ProfileMapping::Map(ProfileMap { id: "/id", ..STANDARD_CLAIMS });
        let subject = |json| map(&mapping, json).map(|mapped| mapped.subject.as_str().to_owned());
        assert_eq!(subject(r#"{"id":583231}"#).unwrap(), "583231");
        for nobody in [r#"{}"#, r#"{"id":null}"#, r#"{"id":""}"#, r#"{"id":" "}"#, r#"{"id":{}}"#, r#"{"id":true}"#] {
            assert!(matches!(subject(nobody), Err(ProfileError::MissingSubject)), "{nobody}");
        }
    }

    #[test]
    fn further_fields_keep_their_types() {
        let mapping = ProfileMapping::Map(ProfileMap {
            id: "/id",
            email_verified: "/verified",
            extra: &[("color", "/user/color"), ("age", "/age"), ("none", "/none")],
            ..NOTHING
        });
        let mapped = map(&mapping, r##"{"id":"x","user":{"color":"#fff"},"age":7,"verified":"false"}"##).unwrap();
        assert_eq!(Value::Object(mapped.extra), serde_json::json!({"color": "#fff", "age": 7}));
        assert_eq!(mapped.user.email_verified, Some(false));
    }

    #[test]
    fn a_typed_closure_replaces_the_map() {
        #[derive(serde::Deserialize)]
        struct Mine {
            employee: u32,
        }
        let mapping = ProfileMapping::typed(|mine: Mine| User { id: mine.employee.to_string(), ..User::default() });
        assert_eq!(map(&mapping, r#"{"sub":"1","employee":7}"#).unwrap().subject.as_str(), "7");
        assert!(matches!(map(&mapping, r#"{"sub":"1"}"#), Err(ProfileError::Mapping(_))));
    }
}
