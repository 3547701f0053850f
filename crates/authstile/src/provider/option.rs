//! What an application may or must say about a provider beside its credentials.

use std::collections::BTreeMap;

use authstile_oauth::word::is_loopback;
use url::Url;

use super::card::Provider;
use super::template::{Template, Values};
use super::words::{OptionKind, TrailingSlash};
use crate::profile::Options;
use crate::record::{Pairs, Text, fields, record};

record! {
    base = OPTION, required = ["name"];
    /// An option. Its value comes from [`Customize::option`](crate::Customize::option), or from `AUTH_{ID}_{NAME}`.
    pub struct ProviderOption {
        /// Small letters, digits and `_`; also its word in templates.
        pub name: Text,
        /// What it means, with an example.
        pub doc: Text,
        /// What its value is.
        pub kind: OptionKind,
        /// Whether there is no sign-in without it.
        pub need: Need,
        /// What holds when nothing is said.
        pub default: Option<Text>,
        /// What is done about a slash at its end.
        pub trailing_slash: TrailingSlash,
        /// Words for templates that follow from its value: the first case that fits.
        pub cases: &'static [Case],
    }
}

record! {
    base = CASE, required = [];
    /// Words that follow from the value of an option.
    pub struct Case {
        /// The value; `None`: any that was not named before, also none at all.
        pub is: Option<Text>,
        /// The words and what stands for them: templates over the options.
        pub set: Pairs,
    }
}

/// Whether an option must have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// It may have none.
    Optional,
    /// It must have one.
    Required,
}

fields!(Need);

/// An option to start from.
pub const OPTION: ProviderOption = ProviderOption {
    name: "",
    doc: "",
    kind: OptionKind::Text,
    need: Need::Optional,
    default: None,
    trailing_slash: TrailingSlash::Keep,
    cases: &[],
};

/// A case to start from: any other value.
pub const CASE: Case = Case { is: None, set: &[] };

/// The option that OpenID Connect cards without an issuer of their own have, with `issuer: Some("{issuer}")`; and those of
/// plain OAuth that only need a base address, with `issuer: None`. A slash at its end is dropped.
pub const ISSUER: ProviderOption = ProviderOption {
    name: "issuer",
    doc: "the issuer's URL, as its discovery document says it",
    kind: OptionKind::Url,
    need: Need::Required,
    trailing_slash: TrailingSlash::Strip,
    ..OPTION
};

impl ProviderOption {
    /// Whether an application must give a value.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.need == Need::Required && self.default.is_none()
    }

    /// Brings a value into shape.
    fn shape(&self, value: &str) -> Result<String, String> {
        let bad = |expected: &str| {
            let shown = if self.kind == OptionKind::Secret { "…" } else { value };
            format!("option `{}` is {shown:?}, but must be {expected}", self.name)
        };
        match self.kind {
            OptionKind::Text | OptionKind::Secret => Ok(value.to_owned()),
            OptionKind::Name => {
                let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
                let sound = !value.is_empty() && value.chars().all(fits) && !value.starts_with('.');
                sound.then(|| value.to_owned()).ok_or_else(|| bad("made of letters, digits, `-`, `_` and `.`"))
            }
            OptionKind::Url => {
                let url = Url::parse(value).map_err(|_| bad("a URL such as https://login.example.com"))?;
                let sound = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
                if !sound {
                    return Err(bad("a URL with https (http only on loopback): must use https"));
                }
                Ok(match self.trailing_slash {
                    TrailingSlash::Keep => value.to_owned(),
                    TrailingSlash::Strip => value.trim_end_matches('/').to_owned(),
                    TrailingSlash::Require => format!("{}/", value.trim_end_matches('/')),
                })
            }
            OptionKind::Choice => {
                let known: Vec<&str> = self.cases.iter().filter_map(|case| case.is).collect();
                known.contains(&value).then(|| value.to_owned()).ok_or_else(|| bad(&format!("one of {known:?}")))
            }
        }
    }
}

impl Provider {
    /// Whether client secrets are signed with this option: who brings a secret need not give it.
    pub(crate) fn signs_with(&self, option: &str) -> bool {
        let texts =
            self.signed_secret.map(|secret| [secret.issuer, secret.key_id, secret.private_key, secret.audience]);
        let names = |text: &str| Template::parse(text).is_ok_and(|template| template.words().contains(&option));
        texts.into_iter().flatten().any(names)
    }

    /// The values of all options and the words that follow from them.
    ///
    /// # Errors
    /// When one that is required is missing, or a value is not what its option wants, or names no option; in words that
    /// say what to do.
    pub fn option_values(&self, given: &BTreeMap<String, String>) -> Result<Options, String> {
        self.option_values_but(given, |_| false)
    }

    /// The same, but options that are `spared` need not be there.
    pub(crate) fn option_values_but(
        &self,
        given: &BTreeMap<String, String>,
        spared: impl Fn(&str) -> bool,
    ) -> Result<Options, String> {
        let mut values = Options::new();
        if let Some(stranger) = given.keys().find(|name| !self.options.iter().any(|option| option.name == **name)) {
            if stranger != "issuer" {
                let known: Vec<&str> = self.options.iter().map(|option| option.name).collect();
                return Err(format!("there is no option `{stranger}`; the card has {known:?}"));
            }
            values.extend(given.get_key_value("issuer").map(|(name, value)| (name.clone(), value.clone())));
        }
        for option in self.options {
            match given.get(option.name).map(String::as_str).or(option.default) {
                Some(value) => drop(values.insert(option.name.to_owned(), option.shape(value)?)),
                None if option.is_required() && !spared(option.name) => {
                    let (name, doc) = (option.name, option.doc);
                    return Err(match name {
                        "issuer" => format!("it needs its issuer: {doc} ({})", self.variable(name)),
                        _ => format!("it needs the option `{name}`: {doc} ({})", self.variable(name)),
                    });
                }
                None => {}
            }
        }
        for option in self.options {
            let value = values.get(option.name).map(String::as_str);
            let Some(case) = option.cases.iter().find(|case| case.is.is_none() || case.is == value) else { continue };
            for (word, text) in case.set {
                let template = Template::parse(text).map_err(|error| error.to_string())?;
                if let Some(filled) = template.fill(&Values { options: &values, ..Values::NONE }) {
                    values.insert((*word).to_owned(), filled);
                }
            }
        }
        Ok(values)
    }
}
