//! The sign-out page: one question, two answers.

use askama::Template;

use super::Shell;

#[derive(Clone, Debug, Template)]
#[template(path = "sign_out.html")]
pub(crate) struct SignOutPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) action: &'a str,
    pub(crate) csrf_token: &'a str,
    pub(crate) return_to: &'a str,
    /// The e-mail address or name of who is signed in.
    pub(crate) user: Option<&'a str>,
    /// Where somebody sees where they are signed in.
    pub(crate) sessions: &'a str,
    /// Where "Stay signed in" leads.
    pub(crate) cancel: &'a str,
}

impl SignOutPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Theme;

    #[test]
    fn signing_out_is_a_form_and_staying_a_link() {
        let mut page = SignOutPage {
            shell: Shell { theme: &Theme::new(), style: "" },
            action: "/auth/signout",
            csrf_token: "c5f",
            return_to: "/bye",
            user: Some("ada@acme.example"),
            sessions: "/auth/sessions",
            cancel: "/notes",
        };
        let html = page.render();
        for part in [
            "<title>Sign out</title>",
            "<form action=\"/auth/signout\" method=\"post\"",
            "<input type=\"hidden\" name=\"csrfToken\" value=\"c5f\">",
            "<input type=\"hidden\" name=\"callbackUrl\" value=\"/bye\">",
            "id=\"sign-out-submit\"",
            "name=\"everywhere\" value=\"true\"",
            "href=\"/auth/sessions\"",
            "<bdi>ada@acme.example</bdi>",
            "href=\"/notes\"",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        page.user = None;
        page.cancel = "javascript:alert(1)";
        let html = page.render();
        assert!(!html.contains("signed in as") && !html.contains("everywhere"));
        assert!(!html.contains("javascript:"));
    }
}
