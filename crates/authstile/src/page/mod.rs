//! The built-in pages: plain HTML, one style sheet, no script.
//!
//! Every page is a value with a `render` that cannot fail, because writing to a `String` cannot. What a visitor or a provider wrote
//! is escaped by the templates in `templates/`; what a configuration says about colours never gets further than [`theme`].
//!
//! The style sheet also serves an application's own plain pages: `.page` around all, `.card` for a sheet, `.button` and
//! `.button.primary` for links and buttons, `.actions` for a row of them, `.facts` for a `<dl>`, `.muted` for asides.

mod color;
mod confirm;
mod connect;
mod error;
mod look;
mod palette;
mod sessions;
mod sign_in;
mod sign_out;
mod switch;
mod theme;
mod verify;
mod words;

pub(crate) use confirm::ConfirmPage;
pub(crate) use connect::ConnectPage;
pub(crate) use error::ErrorPage;
pub(crate) use look::{Look, Looks};
pub(crate) use sessions::{Moment, SessionItem, SessionsPage};
pub(crate) use sign_in::{Form, ProviderForm, SignInPage};
pub(crate) use sign_out::SignOutPage;
pub(crate) use switch::SwitchPage;
pub(crate) use theme::{ButtonStyle, stylesheet};
pub use theme::{ColorScheme, Theme};
pub(crate) use verify::{CodeForm, VerifyPage};
pub(crate) use words::words;

/// What all pages share: how they look and whose they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shell<'a> {
    pub(crate) theme: &'a Theme,
    /// From [`stylesheet`], as it is.
    pub(crate) style: &'a str,
}

impl Shell<'_> {
    fn name(&self) -> Option<&str> {
        let name = self.theme.application_name.as_deref()?.trim();
        (!name.is_empty()).then_some(name)
    }

    /// The mark beside a name without a logo.
    fn initial(&self) -> char {
        initial(self.name().unwrap_or_default())
    }
}

/// Something went wrong, in three short sentences: what it is called, what happened, what to do now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notice<'a> {
    pub(crate) title: &'a str,
    pub(crate) what: &'a str,
    pub(crate) todo: &'a str,
    /// What a visitor can tell the people who run the application, and they can find in their log.
    pub(crate) reference: Option<&'a str>,
}

/// The first letter or digit of a name, in upper case, for a small round mark.
pub(crate) fn initial(name: &str) -> char {
    let first = name.chars().find(|c| c.is_alphanumeric()).unwrap_or('•');
    let mut upper = first.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(letter), None) => letter,
        _ => first, // such as ß, whose upper case is two letters
    }
}

/// An address as it may stand in a link: a path of this host or a web address. Anything else leads to the start.
fn link(address: &str) -> &str {
    let path = address.starts_with('/') && !address.starts_with("//");
    let web = ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme));
    let clean = !address.contains(|c: char| c == '\\' || c.is_control());
    if clean && (path || web) { address } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1) style=color:red>&amp;";

    fn notice(text: &str) -> Notice<'_> {
        Notice { title: text, what: text, todo: text, reference: Some(text) }
    }

    /// Every page, with the same text in every place that somebody else fills.
    fn pages(shell: Shell<'_>, text: &str) -> Vec<String> {
        let provider = ProviderForm {
            id: text,
            name: text,
            action: text.to_owned(),
            mark: "<".to_owned(),
            form: Form::WorkEmail,
            group: None,
        };
        let sign_in = |providers, notice| {
            SignInPage { shell, providers, csrf_token: text, return_to: text, notice, email: text }.render()
        };
        let sign_out = |user| {
            let (action, sessions) = (text, text);
            SignOutPage { shell, action, csrf_token: text, return_to: text, user, sessions, cancel: text }.render()
        };
        let error = |sign_in| ErrorPage { shell, notice: notice(text), sign_in, home: text }.render();
        let sessions = |number, is_complete| {
            let moment = || Some(Moment { iso: text.to_owned(), text: text.to_owned() });
            let item = |is_current| SessionItem {
                handle: text.to_owned(),
                is_current,
                device: text.to_owned(),
                provider: Some(text.to_owned()),
                address: Some(text.to_owned()),
                begun: moment(),
                seen: moment(),
            };
            let page = SessionsPage {
                shell,
                action: text,
                sign_out: text,
                csrf_token: text,
                return_to: text,
                user: Some(text),
                sessions: (0..number).map(|place| item(place == 0)).collect(),
                is_complete,
                seen_within: Some(text.to_owned()),
            };
            page.render()
        };
        let code = Some(CodeForm { action: text, csrf_token: text });
        let verify = VerifyPage { shell, home: text, host: text, code, notice: None };
        vec![
            sign_in(vec![], None),
            sign_in(vec![provider; 30], Some(notice(text))),
            sign_out(None),
            sign_out(Some(text)),
            error(None),
            error(Some(text)),
            verify.render(),
            sessions(1, false),
            sessions(3, true),
        ]
    }

    fn themes(name: &str) -> [Theme; 3] {
        [
            Theme::new(),
            Theme::new().application_name(name).color_scheme(ColorScheme::Dark),
            Theme::new().application_name(name).logo("/logo.svg?a=1&b=2"),
        ]
    }

    #[test]
    fn hostile_text_stays_text() {
        for theme in themes(HOSTILE) {
            let style = stylesheet(&theme, &[]).unwrap_or_default();
            let shell = Shell { theme: &theme, style: &style };
            for page in pages(shell, HOSTILE) {
                let page = page.replace(&style, "");
                assert!(!page.contains("<script"), "{page}");
                assert!(!page.contains("<img src=x"), "{page}");
                assert!(!page.contains("\"'>"), "{page}");
                assert!(!page.contains("&amp;\""), "an ampersand was not escaped: {page}");
            }
        }
    }

    #[test]
    fn every_page_is_sound() {
        for theme in themes("Acme") {
            let style = stylesheet(&theme, &[]).unwrap_or_default();
            let shell = Shell { theme: &theme, style: &style };
            for page in pages(shell, "plain") {
                let count = |what: &str| page.matches(what).count();
                assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
                assert_eq!(count("<h1"), 1, "{page}");
                assert_eq!(count("<main"), 1, "{page}");
                assert_eq!(count("<title>"), 1, "{page}");
                assert_eq!(count("class=\"card"), 1, "{page}");
                assert_eq!(count(" style="), 0, "{page}");
                assert_eq!(count("<script"), 0, "{page}");
                assert_eq!(count("onclick"), 0, "{page}");
                // The hash in the Content-Security-Policy is that of exactly this text.
                assert_eq!(count(&format!("<style>{style}</style>")), 1);
                let class = format!("<body class=\"__next-auth-theme-{}\">", theme.color_scheme.as_str());
                assert_eq!(count(&class), 1);
            }
        }
    }

    #[test]
    fn the_name_or_the_logo_stands_on_top() {
        let shell = |theme: &Theme| {
            let shell = Shell { theme, style: "" };
            VerifyPage { shell, home: "/", host: "acme.example", code: None, notice: None }.render()
        };
        let plain = shell(&Theme::new());
        assert!(!plain.contains("masthead"));
        assert!(plain.contains("<title>Check your email</title>"));
        let named = shell(&Theme::new().application_name("Acme"));
        assert!(named.contains("masthead") && named.contains("data-initial=\"A\""));
        assert!(named.contains("<title>Check your email · Acme</title>"));
        let drawn = shell(&Theme::new().application_name("Acme").logo("/a.svg"));
        assert!(drawn.contains("<img class=\"logo\" src=\"/a.svg\" alt=\"Acme\">"));
    }

    #[test]
    fn links_lead_to_this_host_or_the_web() {
        for good in ["/", "/a?b=c#d", "https://acme.example/", "http://localhost:3000/"] {
            assert_eq!(link(good), good);
        }
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "evil",
        ] {
            assert_eq!(link(bad), "/", "{bad}");
        }
    }

    #[test]
    fn initials() {
        for (name, mark) in [("github", 'G'), (" 42", '4'), ("ßeta", 'ß'), ("", '•'), ("éa", 'É')] {
            assert_eq!(initial(name), mark);
        }
    }
}
