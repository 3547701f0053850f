//! The page after an e-mail with a sign-in link was sent.

use askama::Template;

use super::{Notice, Shell};

#[derive(Clone, Debug, Template)]
#[template(path = "verify.html")]
pub(crate) struct VerifyPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) home: &'a str,
    /// The host the link in the e-mail leads to, such as `acme.example`.
    pub(crate) host: &'a str,
    /// Where digits were sent in place of a link: the form to enter them.
    pub(crate) code: Option<CodeForm<'a>>,
    pub(crate) notice: Option<Notice<'a>>,
}

/// Where a code goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeForm<'a> {
    pub(crate) action: &'a str,
    pub(crate) csrf_token: &'a str,
}

impl VerifyPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Theme;

    #[test]
    fn the_visitor_learns_where_the_link_leads() {
        let html = VerifyPage {
            shell: Shell { theme: &Theme::new(), style: "" },
            home: "/start",
            host: "acme.example",
            code: None,
            notice: None,
        }
        .render();
        assert!(html.contains("class=\"verify-request\""));
        assert!(html.contains("<bdi>acme.example</bdi>"));
        assert!(html.contains("href=\"/start\""));
    }
}
