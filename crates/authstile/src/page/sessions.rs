//! Where somebody is signed in, each with a button that ends it.

use askama::Template;

use super::Shell;

#[derive(Clone, Debug, Template)]
#[template(path = "sessions.html")]
pub(crate) struct SessionsPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) action: &'a str,
    /// Where this session ends, and all of them.
    pub(crate) sign_out: &'a str,
    pub(crate) csrf_token: &'a str,
    pub(crate) return_to: &'a str,
    /// The e-mail address or name of who is signed in.
    pub(crate) user: Option<&'a str>,
    pub(crate) sessions: Vec<SessionItem>,
    /// Whether these are all; not so where sessions live in cookies.
    pub(crate) is_complete: bool,
    /// The time by which the last use may be out of date, such as `a day`; `None`: so little that nobody minds.
    pub(crate) seen_within: Option<String>,
}

/// One session.
#[derive(Clone, Debug)]
pub(crate) struct SessionItem {
    pub(crate) handle: String,
    pub(crate) is_current: bool,
    pub(crate) device: String,
    pub(crate) provider: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) begun: Option<Moment>,
    pub(crate) seen: Option<Moment>,
}

/// A moment, for machines and for people.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) iso: String,
    pub(crate) text: String,
}

impl SessionsPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).unwrap_or_default()
    }

    /// Whether there is, or may be, another session than this one.
    fn may_have_others(&self) -> bool {
        !self.is_complete || self.sessions.iter().any(|session| !session.is_current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Theme;

    fn item(handle: &str, is_current: bool) -> SessionItem {
        SessionItem {
            handle: handle.to_owned(),
            is_current,
            device: "Firefox on Linux".to_owned(),
            provider: Some("Acme".to_owned()),
            address: Some("192.0.2.1".to_owned()),
            begun: None,
            seen: Some(Moment { iso: "2026-11-23T17:12:53.237Z".to_owned(), text: "23 Nov 2026".to_owned() }),
        }
    }

    #[test]
    fn each_session_has_a_button_and_this_one_signs_out() {
        let mut page = SessionsPage {
            shell: Shell { theme: &Theme::new(), style: "" },
            action: "/auth/sessions",
            sign_out: "/auth/signout",
            csrf_token: "c5f",
            return_to: "/notes",
            user: Some("ada@acme.example"),
            sessions: vec![item("this", true), item("that", false)],
            is_complete: true,
            seen_within: None,
        };
        let html = page.render();
        for part in [
            "<title>Your sessions</title>",
            "<input type=\"hidden\" name=\"session\" value=\"that\">",
            "<time datetime=\"2026-11-23T17:12:53.237Z\">23 Nov 2026</time>",
            "name=\"others\" value=\"true\"",
            "name=\"everywhere\" value=\"true\"",
            "This one",
            "192.0.2.1",
            "href=\"/notes\"",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("value=\"this\""), "this session ends where it signs out");
        page.sessions.truncate(1);
        let html = page.render();
        assert!(!html.contains("name=\"others\"") && !html.contains("everywhere"), "there is nothing else to end");
        page.is_complete = false;
        let html = page.render();
        assert!(html.contains("name=\"others\"") && html.contains("everywhere"), "there may be others: {html}");
    }
}
