//! The error page: what happened, what to do, and a word to quote.

use askama::Template;

use super::{Notice, Shell};

#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) notice: Notice<'a>,
    /// Where "Try again" leads, if trying again can help.
    pub(crate) sign_in: Option<&'a str>,
    pub(crate) home: &'a str,
}

impl ErrorPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Theme;

    #[test]
    fn an_error_says_what_happened_and_where_to_go() {
        let mut page = ErrorPage {
            shell: Shell { theme: &Theme::new(), style: "" },
            notice: Notice {
                title: "Access denied",
                what: "Acme does not let you in.",
                todo: "Ask your administrator.",
                reference: Some("7f3a"),
            },
            sign_in: Some("/auth/signin"),
            home: "https://acme.example/",
        };
        let html = page.render();
        for part in [
            "<title>Access denied</title>",
            "id=\"notice\" class=\"stack\" role=\"alert\"",
            "<h1>Access denied</h1>",
            "Reference <code id=\"reference\">7f3a</code>",
            "href=\"/auth/signin\">Try again</a>",
            "href=\"https://acme.example/\"",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        page.sign_in = None;
        page.notice.reference = None;
        let html = page.render();
        assert!(!html.contains("Try again") && !html.contains("Reference"));
    }
}
