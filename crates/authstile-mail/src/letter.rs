//! The mail itself: a subject, and the same thing twice, as text and as HTML.

use askama::Template;
use authstile::mail::{MailError, MailProof, SignInMail};

use crate::color::{self, Color};
use crate::words::{ENGLISH, Words};

/// A written mail, without sender and recipient.
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// What signs somebody in, looked at: a web address, or a short word of digits and letters.
#[derive(Clone, Copy)]
pub(crate) enum Proof<'a> {
    Link(&'a str),
    Code(&'a str),
}

impl<'a> Proof<'a> {
    pub(crate) fn of(mail: &'a SignInMail) -> Result<Self, MailError> {
        match &mail.proof {
            MailProof::Link(link) => {
                let web = ["https://", "http://"].iter().any(|scheme| link.starts_with(scheme));
                let proof = (web && link.chars().all(|c| c.is_ascii_graphic())).then_some(Self::Link(link));
                proof.ok_or_else(|| unwritable("the link is no web address of visible ASCII characters"))
            }
            MailProof::Code(code) => {
                let short =
                    (4..=12).contains(&code.len()) && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
                short.then_some(Self::Code(code)).ok_or_else(|| unwritable("the code is not 4 to 12 digits or letters"))
            }
            _ => Err(unwritable("it has neither link nor code")),
        }
    }
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    words: &'a Words,
    subject: &'a str,
    host: &'a str,
    proof: Proof<'a>,
    life: &'a str,
    ignore: &'a str,
    brand: Color,
    button_text: Color,
    /// Of the code, in pixels: the longest one fits on the smallest screen.
    size: u8,
}

impl Letter {
    /// Writes a mail. The recipient's address stands nowhere in it (CVE-2022-31127).
    pub(crate) fn write(mail: &SignInMail) -> Result<Self, MailError> {
        let words = &ENGLISH;
        let host = checked_host(&mail.host)?;
        let proof = Proof::of(mail)?;
        if mail.seconds < 1 {
            return Err(unwritable("what it carries is good for no time at all"));
        }
        let subject = words.subject(host);
        let (life, ignore) = match proof {
            Proof::Link(_) => (words.life_of_link(mail.seconds), words.ignore_link),
            Proof::Code(_) => (words.life_of_code(mail.seconds), words.ignore_code),
        };
        let text = match proof {
            Proof::Link(link) => format!("{subject}\n{link}\n\n{life}\n{ignore}\n"),
            Proof::Code(code) => format!("{subject}\n\n{}\n\n{code}\n\n{life}\n{ignore}\n", words.enter_code),
        };
        let (brand, button_text) = color::button(mail.brand_color.as_deref(), mail.button_text.as_deref());
        let size = match proof {
            Proof::Code(code) if code.len() > 8 => 24,
            _ => 34,
        };
        // A zero-width space before every dot, as Auth.js has it: otherwise clients make a link of the host.
        let host = &host.replace('.', "\u{200b}.");
        let html = Html { words, subject: &subject, host, proof, life: &life, ignore, brand, button_text, size };
        let html = html.render().map_err(|error| MailError::Unwritable(error.to_string()))?;
        Ok(Self { subject, text, html })
    }
}

/// A host with nothing that could end a header or begin a tag.
fn checked_host(host: &str) -> Result<&str, MailError> {
    let fine = (1..=260).contains(&host.len()) && host.chars().all(|c| c.is_alphanumeric() || "-._:[]".contains(c));
    if fine { Ok(host) } else { Err(unwritable("the host is no host name")) }
}

fn unwritable(problem: &str) -> MailError {
    MailError::Unwritable(problem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://app.example.com/api/auth/callback/resend?callbackUrl=https%3A%2F%2Fapp.example.com%2F&token=0123456789abcdef&email=ada%40example.com";

    fn mail(proof: MailProof) -> SignInMail {
        SignInMail::new("ada@example.com", "app.example.com", 86_400, proof)
    }

    fn link() -> SignInMail {
        mail(MailProof::Link(LINK.to_owned()))
    }

    #[test]
    fn a_link_is_a_button_and_an_address_for_those_without_buttons() {
        let letter = Letter::write(&link()).unwrap();
        assert_eq!(letter.subject, "Sign in to app.example.com");
        assert_eq!(
            letter.text,
            format!(
                "Sign in to app.example.com\n{LINK}\n\nThis link works once and is good for 24 hours.\n\
                 If you did not ask for this mail, ignore it: nobody is signed in without this link.\n"
            )
        );
        let escaped = LINK.replace('&', "&#38;");
        assert_eq!(letter.html.matches(&format!("href=\"{escaped}\"")).count(), 2);
        assert!(letter.html.contains(&format!(">{escaped}</a>")));
        assert!(letter.html.contains(">This link works once and is good for 24 hours.</p>"));
    }

    #[test]
    fn a_code_is_large_and_there_is_nothing_to_open() {
        let letter = Letter::write(&mail(MailProof::Code("48210597".to_owned()))).unwrap();
        assert!(letter.text.contains("\n48210597\n"));
        assert!(letter.html.contains("font-size:34px") && letter.html.contains(">48210597</span>"));
        for part in [&letter.text, &letter.html] {
            assert!(!part.contains("href") && !part.contains("http"), "{part}");
        }
        assert!(!letter.subject.contains("48210597"));
    }

    #[test]
    fn clients_make_no_link_of_the_host() {
        let letter = Letter::write(&link()).unwrap();
        assert!(letter.html.contains(">app\u{200b}.example\u{200b}.com</span></h1>"));
        // Unbroken it stands only in the title and inside the two addresses.
        let rest = letter.html.replace(&LINK.replace('&', "&#38;"), "");
        assert_eq!(rest.matches("app.example.com").count(), 1, "{rest}");
    }

    #[test]
    fn the_recipient_is_not_in_the_mail() {
        for proof in
            [MailProof::Link("https://app.example.com/?token=1".to_owned()), MailProof::Code("482105".to_owned())]
        {
            let mut mail = mail(proof);
            mail.to = "<img/src=x>@evil.example".to_owned();
            let letter = Letter::write(&mail).unwrap();
            for part in [letter.subject, letter.text, letter.html] {
                assert!(!part.contains("evil") && !part.contains("<img"), "{part}");
            }
        }
    }

    #[test]
    fn only_hosts_links_and_codes_are_written() {
        for host in [
            "",
            "a b",
            "a\r\nBcc: eve@evil.example",
            "a\nb",
            "a<b>",
            "a\"b",
            "a&b",
            "eve@evil",
            "a/b",
            "a\0",
            "a\u{2028}b",
        ] {
            let mut mail = link();
            mail.host = host.to_owned();
            assert!(matches!(Letter::write(&mail), Err(MailError::Unwritable(_))), "{host:?}");
        }
        for host in ["localhost:3000", "127.0.0.1:80", "[::1]:3000", "bücher.example"] {
            let mut mail = link();
            mail.host = host.to_owned();
            assert_eq!(Letter::write(&mail).unwrap().subject, format!("Sign in to {host}"));
        }
        for bad in ["", "/callback", "javascript:alert(1)", "https://a b", "https://a\r\nb", "ftp://a", "https://ü"] {
            assert!(
                matches!(Letter::write(&mail(MailProof::Link(bad.to_owned()))), Err(MailError::Unwritable(_))),
                "{bad:?}"
            );
        }
        for bad in ["", "1", "12 34 56", "<b>1234", "1234\r\n", "1234567890123", "https://a.b"] {
            assert!(
                matches!(Letter::write(&mail(MailProof::Code(bad.to_owned()))), Err(MailError::Unwritable(_))),
                "{bad:?}"
            );
        }
        assert!(matches!(
            Letter::write(&SignInMail::new("a@b", "app.example.com", 0, MailProof::Code("123456".to_owned()))),
            Err(MailError::Unwritable(_))
        ));
    }

    // Advisories: CVE-2022-31127.
    #[test]
    fn markup_in_a_link_stays_text() {
        let hostile = "https://app.example.com/?a=\"><script>alert(1)</script>&b='";
        let letter = Letter::write(&mail(MailProof::Link(hostile.to_owned()))).unwrap();
        assert!(!letter.html.contains("<script") && !letter.html.contains("\"><s"), "{}", letter.html);
    }

    #[test]
    fn the_button_has_the_colours_of_the_theme_and_of_no_style_sheet() {
        let mut mail = link();
        mail.brand_color = Some("#7a1f5c".to_owned());
        assert!(Letter::write(&mail).unwrap().html.contains("bgcolor=\"#7a1f5c\""));
        mail.brand_color = Some("red;background:url(https://evil.example/)".to_owned());
        let html = Letter::write(&mail).unwrap().html;
        assert!(html.contains("bgcolor=\"#0b6e69\"") && !html.contains("evil"));
    }
}
