//! What must not come into a log, although somebody else writes it.

use serde_json::Value;

/// A text without these secrets, in every spelling that is usual: providers repeat in their refusals what we sent.
pub(crate) fn without<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = text.to_owned();
    for secret in secrets.into_iter().filter(|secret| secret.len() > 3) {
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let json = Value::from(secret).to_string();
        let json = json.trim_matches('"');
        let blank = form.replace('+', "%20");
        // In a path, as RFC 3986 says.
        let path = blank.replace("%7E", "~").replace('*', "%2A");
        for spelling in [&*json.replace('/', "\\/"), json, &form, &blank, &path, secret] {
            text = text.replace(spelling, "[redacted]");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_however_they_are_written() {
        for text in ["a/b \"c", "a\\/b \\\"c", "a%2Fb+%22c", "a%2Fb%20%22c", "a/b \\\"c"] {
            assert_eq!(without(&format!("<{text}>"), ["a/b \"c"]), "<[redacted]>", "{text}");
        }
        assert_eq!(without("https://a.example/x~%2A%20/y", ["x~* "]), "https://a.example/[redacted]/y");
        // Three letters are no secret, and everywhere.
        assert_eq!(without("abc", ["abc"]), "abc");
    }
}
