//! Texts with gaps: `https://{shop}.example.com/users/{token:/user_id}`.

use authstile_oauth::secret::{AccessToken, ClientSecret};
use percent::encode;

use crate::model::Claims;
use crate::profile::{Expression, ExpressionError, Options, Sources};

/// Why a template cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A brace without its partner.
    #[error("{0:?} has a brace without its partner")]
    Brace(String),
    /// Between braces stands no word and no expression.
    #[error("between braces stand a word such as {{shop}}, or an expression such as {{token:/user_id}}: {0}")]
    Expression(#[from] ExpressionError),
}

/// A text with gaps in braces. In a gap stands
///
/// * the name of an option, or a word that follows from one ([`Case`](super::Case));
/// * `client_id`; in token requests also `client_secret`; in userinfo requests also `access_token`;
/// * in userinfo requests, an expression: `/id`, `token:/user_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Word(String),
    Expression(Expression),
}

/// What stands for the words of a template.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// Options and the words that follow from them.
    pub options: &'a Options,
    /// `{client_id}`.
    pub client_id: Option<&'a str>,
    /// `{client_secret}`.
    pub client_secret: Option<&'a ClientSecret>,
    /// `{access_token}`.
    pub access_token: Option<&'a AccessToken>,
    /// The profile so far, and the token answer.
    pub profile: Option<(&'a Claims, &'a Claims)>,
}

static NO_OPTIONS: Options = Options::new();

impl Values<'static> {
    /// Nothing stands for anything.
    pub const NONE: Self =
        Self { options: &NO_OPTIONS, client_id: None, client_secret: None, access_token: None, profile: None };
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When braces do not pair, or something else than a word or an expression stands between them.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let brace = || TemplateError::Brace(text.to_owned());
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (gap, behind) = after.split_once('}').ok_or_else(brace)?;
            if before.contains('}') || gap.contains('{') {
                return Err(brace());
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let is_word = !gap.is_empty() && gap.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            parts.push(match is_word {
                true => Part::Word(gap.to_owned()),
                false => Part::Expression(Expression::parse(gap)?),
            });
            rest = behind;
        }
        if rest.contains('}') {
            return Err(brace());
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The words that it names, also in expressions.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        let words = self.0.iter().flat_map(|part| match part {
            Part::Text(_) => Vec::new(),
            Part::Word(word) => vec![word.as_str()],
            Part::Expression(expression) => expression.options(),
        });
        words.collect()
    }

    /// Whether it looks at the profile or the token answer.
    #[must_use]
    pub fn has_expressions(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Expression(_)))
    }

    /// The text without gaps; `None` when something that it names has no value.
    #[must_use]
    pub fn fill(&self, values: &Values<'_>) -> Option<String> {
        self.filled(values, |text| Some(text.to_owned()))
    }

    /// The same for a URL: what comes from elsewhere than the registration is percent-encoded, so that it stays in its
    /// place.
    #[must_use]
    pub fn fill_url(&self, values: &Values<'_>) -> Option<String> {
        // Dots alone would lead out of their place however they are written.
        self.filled(values, |text| (!matches!(text, "." | "..")).then(|| encode(text)))
    }

    fn filled(&self, values: &Values<'_>, foreign: impl Fn(&str) -> Option<String>) -> Option<String> {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Word(word) => match word.as_str() {
                "client_id" => values.client_id.and_then(&foreign),
                "client_secret" => values.client_secret.and_then(|secret| foreign(secret.expose())),
                "access_token" => values.access_token.and_then(|token| foreign(token.expose())),
                word => values.options.get(word).cloned(),
            },
            Part::Expression(expression) => {
                let (profile, token) = values.profile?;
                expression.text(&Sources { profile, token, options: values.options }).and_then(|text| foreign(&text))
            }
        });
        parts.collect::<Option<Vec<_>>>().map(|parts| parts.concat())
    }
}

mod percent {
    /// Everything but RFC 3986's unreserved letters is encoded.
    pub(super) fn encode(text: &str) -> String {
        text.bytes().fold(String::new(), |mut encoded, byte| {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
                _ => encoded.push_str(&format!("%{byte:02X}")),
            }
            encoded
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_and_what_is_foreign_stays_in_its_place() {
        let options = Options::from([("shop".to_owned(), "acme".to_owned())]);
        let profile: Claims = serde_json::from_str(r#"{"id":"../7?x"}"#).unwrap();
        let token: Claims = serde_json::from_str(r#"{"user_id":9}"#).unwrap();
        let secret = AccessToken::new("a/b c");
        let values = Values {
            options: &options,
            access_token: Some(&secret),
            profile: Some((&profile, &token)),
            ..Values::NONE
        };
        let fill = |text: &str| Template::parse(text).unwrap().fill_url(&values);
        assert_eq!(
            fill("https://{shop}.example/{token:/user_id}/{/id}").as_deref(),
            Some("https://acme.example/9/..%2F7%3Fx")
        );
        assert_eq!(fill("https://x.example/{access_token}").as_deref(), Some("https://x.example/a%2Fb%20c"));
        assert_eq!(fill("{nothing}"), None);
        assert_eq!(fill("{client_secret}"), None);
        assert_eq!(Template::parse("{/id}").unwrap().fill(&values).as_deref(), Some("../7?x"));
    }

    #[test]
    fn braces_come_in_pairs() {
        for text in ["{a", "a}", "{a{b}}", "}{", "{}x}", "{a b}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
        assert_eq!(Template::parse("a{b}c{/d ?? option:e}").unwrap().words(), ["b", "e"]);
    }
}
