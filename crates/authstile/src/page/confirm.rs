//! The page behind a link in a mail. Programs that look after mailboxes open links; none presses a button.

use askama::Template;

use super::Shell;

#[derive(Clone, Debug, Template)]
#[template(path = "confirm.html")]
pub(crate) struct ConfirmPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) action: &'a str,
    pub(crate) csrf_token: &'a str,
    pub(crate) return_to: &'a str,
    pub(crate) token: &'a str,
    pub(crate) email: &'a str,
    pub(crate) host: &'a str,
}

impl ConfirmPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).unwrap_or_default()
    }
}
