//! Records of a card: plain structs of static data in Rust, short tables in TOML.
//!
//! A card is `Copy` and made of `&'static` values, so that a const can be the base of another (`..OAUTH2`). What is read
//! from a file is leaked for that, once: cards live as long as the process.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _, Serializer};
use serde::{Deserialize, Serialize};

/// Text of a card.
pub type Text = &'static str;

/// Names and values, in order; in TOML a table.
pub type Pairs = &'static [(Text, Text)];

/// A value that can stand in a record.
pub(crate) trait Field: Sized {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// A field on its way out.
pub(crate) struct Written<'a, T>(pub(crate) &'a T);

impl<T: Field> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// A field on its way in.
pub(crate) struct Reading<T>(PhantomData<T>);

impl<T> Reading<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Field> DeserializeSeed<'de> for Reading<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

/// Leaks text that was read.
pub(crate) fn leak(text: impl Into<Box<str>>) -> Text {
    Box::leak(text.into())
}

impl Field for Text {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(leak)
    }
}

impl<T: Field> Field for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(serializer),
            None => serializer.serialize_none(),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Some)
    }
}

impl<T: Field> Field for &'static [T] {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        self.iter().try_for_each(|item| list.serialize_element(&Written(item)))?;
        list.end()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);
        impl<'de, T: Field> Visitor<'de> for List<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element_seed(Reading::new())? {
                    list.push(item);
                }
                Ok(list)
            }
        }
        Ok(Vec::leak(deserializer.deserialize_seq(List(PhantomData))?))
    }
}

/// Names and values; a type of its own in front of the trait, because lists of records are written otherwise.
impl Field for Pairs {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        self.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = Vec<(Text, Text)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of names and texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    pairs.push((leak(name), map.next_value_seed(Reading::new())?));
                }
                Ok(pairs)
            }
        }
        Ok(Vec::leak(deserializer.deserialize_map(Table)?))
    }
}

/// Reads the name of a field; one that is not known gets an error with the nearest that is.
pub(crate) struct Name(pub(crate) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        let name = String::deserialize(deserializer)?;
        self.0.iter().find(|known| **known == name).copied().ok_or_else(|| {
            let list = self.0.join(", ");
            let hint = nearest(&name, self.0).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            D::Error::custom(format!("unknown field `{name}`{hint} (known here: {list})"))
        })
    }
}

/// The known name that differs in the fewest letters, if they are few.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', ' '], "_");
    let name = plain(name);
    let best = known.iter().map(|other| (distance(&name, &plain(other)), *other)).min()?;
    (best.0 <= (name.len() / 3).max(1)).then_some(best.1)
}

/// How many letters must be added, removed or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (pair, y) in row.windows(2).zip(b.chars()) {
            let (&[diagonal, above] | &[diagonal, .., above]) = pair else { continue };
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// For types that serde knows how to write and read.
macro_rules! fields {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::record::Field for $type {
            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(self, serializer)
            }

            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer)
            }
        }
    )*};
}
pub(crate) use fields;

fields!(u32);

/// Defines a record: a `Copy` struct that serde writes and reads as a table. Fields equal to the base's are not written,
/// and fields that are not there when reading are the base's; the base may depend on fields, which are options there.
macro_rules! record {
    (
        base = $base:expr, required = $required:expr;
        $(#[$meta:meta])*
        pub struct $name:ident { $($(#[$doc:meta])* pub $field:ident: $type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name { $($(#[$doc])* pub $field: $type,)* }

        impl $name {
            /// The names of the fields, as in TOML.
            pub const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];
        }

        impl serde::Serialize for $name {
            #[allow(unused_variables)]
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let base: Self = { $(let $field = Some(self.$field);)* $base };
                let required: &[&str] = &$required;
                let mut map = serializer.serialize_map(None)?;
                $(if self.$field != base.$field || required.contains(&stringify!($field)) {
                    serde::ser::SerializeMap::serialize_entry(
                        &mut map, stringify!($field), &$crate::record::Written(&self.$field))?;
                })*
                serde::ser::SerializeMap::end(map)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Table;
                impl<'de> serde::de::Visitor<'de> for Table {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("a table with fields of ", stringify!($name)))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        $(let mut $field: Option<$type> = None;)*
                        while let Some(name) = map.next_key_seed($crate::record::Name($name::FIELDS))? {
                            match name {
                                $(stringify!($field) => {
                                    $field = Some(map.next_value_seed($crate::record::Reading::new())?);
                                })*
                                _ => $crate::record::skip(&mut map)?,
                            }
                        }
                        let required: &[&str] = &$required;
                        $(if $field.is_none() && required.contains(&stringify!($field)) {
                            return Err(serde::de::Error::missing_field(stringify!($field)));
                        })*
                        let base: $name = $base;
                        Ok($name { $($field: $field.unwrap_or(base.$field),)* })
                    }
                }
                deserializer.deserialize_map(Table)
            }
        }

        $crate::record::fields!($name);
    };
}
pub(crate) use record;

pub(crate) fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_what_was_meant() {
        let known = ["name", "authorization", "token_request", "scope"];
        for (typed, meant) in [
            ("nme", "name"),
            ("Authorisation", "authorization"),
            ("token-request", "token_request"),
            ("scopes", "scope"),
        ] {
            assert_eq!(nearest(typed, &known), Some(meant), "{typed}");
        }
        assert_eq!(nearest("colour", &known), None);
    }
}
