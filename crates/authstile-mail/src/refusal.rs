//! What a service or server said when it did not take a mail, as it may stand in a log.

use authstile::TransportError;
use authstile::mail::{MailError, MailProof, SignInMail};
use http::StatusCode;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::address::Mailbox;

/// Characters of an answer that are worth a place in a log.
const CLIPPED: usize = 200;
/// Values of a link's query from this length on are taken for secrets.
const SECRET: usize = 6;

/// Why the service did not take the mail. `secrets` are ours: the key, in each form that was sent.
pub(crate) fn of_answer(
    service: &str,
    status: StatusCode,
    body: &[u8],
    mail: &SignInMail,
    secrets: &[&str],
) -> MailError {
    let words = words(body);
    let words = quote(&words, mail, secrets);
    let text = match words.is_empty() {
        true => format!("{service} answered {status}"),
        false => format!("{service} answered {status}: {words}"),
    };
    // Too many requests and an overlong wait pass.
    let passes = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    if status.is_server_error() || passes { MailError::Unreachable(text) } else { MailError::Refused(text) }
}

/// Why there was no answer.
pub(crate) fn of_network(service: &str, error: &TransportError) -> MailError {
    MailError::Unreachable(format!("{service}: {error}"))
}

/// The service's own sentence: services write it as `message`, `error`, `Message` or the first of `errors`.
fn words(body: &[u8]) -> String {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return String::from_utf8_lossy(body).into_owned();
    };
    ["/message", "/Message", "/error/message", "/error/reason", "/error", "/errors/0/message", "/errors/0"]
        .iter()
        .find_map(|place| json.pointer(place).and_then(Value::as_str))
        .map_or_else(|| json.to_string(), str::to_owned)
}

/// Somebody else's words: on one line, clipped, without our key, without what signs people in, without the recipient.
pub(crate) fn quote(words: &str, mail: &SignInMail, secrets: &[&str]) -> String {
    let mut words = words.to_owned();
    let mut remove = |secret: &str, instead: &str| {
        if !secret.is_empty() {
            words = words.replace(secret, instead);
        }
    };
    secrets.iter().for_each(|secret| remove(secret, "[key]"));
    // The whole link first, then the recipient, whose address is a value of the link's query, too.
    if let MailProof::Link(link) = &mail.proof {
        remove(link, "[link]");
    }
    remove(&mail.to, "[recipient]");
    if let Ok(mailbox) = Mailbox::parse(&mail.to) {
        remove(&format!("{}@{}", mailbox.local(), mailbox.ascii_domain()), "[recipient]");
    }
    match &mail.proof {
        MailProof::Link(link) => {
            // However it was quoted: what signs people in is in its query.
            let query = link.split_once('?').map_or("", |(_, query)| query);
            for value in query.split('&').filter_map(|pair| pair.split_once('=').map(|(_, value)| value)) {
                let decoded = percent_decode_str(value).decode_utf8_lossy();
                [value, &decoded].iter().filter(|text| text.len() >= SECRET).for_each(|text| remove(text, "[link]"));
            }
        }
        MailProof::Code(code) => remove(code, "[code]"),
        _ => {}
    }
    let line: String = words.chars().map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c }).collect();
    let line = line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CLIPPED) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> SignInMail {
        let link = "https://app.example.com/cb?callbackUrl=%2Fdash&token=0123456789abcdef&email=ada%40example.com";
        SignInMail::new("ada@example.com", "app.example.com", 600, MailProof::Link(link.to_owned()))
    }

    #[test]
    fn services_speak_in_their_own_words() {
        for (body, words) in [
            (r#"{"statusCode":403,"message":"The domain is not verified.","name":"x"}"#, "The domain is not verified."),
            (r#"{"errors":[{"message":"bad from","field":"from"}]}"#, "bad from"),
            (r#"{"ErrorCode":10,"Message":"No account"}"#, "No account"),
            (r#"{"success":false,"error":{"path":"x","message":"Missing"}}"#, "Missing"),
            (r#"{"error":"nope"}"#, "nope"),
            ("Forbidden\r\n", "Forbidden"),
            ("", ""),
            ("[1]", "[1]"),
        ] {
            assert_eq!(quote(&super::words(body.as_bytes()), &mail(), &[]), words);
        }
    }

    #[test]
    fn neither_key_nor_link_nor_recipient_is_quoted() {
        let said = "key re_secret for ada@example.com in https://app.example.com/cb?callbackUrl=%2Fdash&token=0123456789abcdef&email=ada%40example.com or &amp;token=0123456789abcdef&amp;email=ada%40example.com\r\nX: y";
        let quoted = quote(said, &mail(), &["re_secret"]);
        for secret in ["re_secret", "0123456789abcdef", "ada@", "ada%40", "\r", "\n"] {
            assert!(!quoted.contains(secret), "{quoted}");
        }
        let code = SignInMail::new("ada@example.com", "a", 600, MailProof::Code("482105".to_owned()));
        assert_eq!(quote("your code 482105", &code, &[]), "your code [code]");
        let mut abroad = code.clone();
        abroad.to = "ada@bücher.example".to_owned();
        assert_eq!(quote("no <ada@xn--bcher-kva.example>", &abroad, &[]), "no <[recipient]>");
        assert_eq!(quote(&"ü".repeat(500), &code, &[]).chars().count(), CLIPPED + 1);
    }
}
