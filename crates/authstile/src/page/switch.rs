//! The page that asks before another account takes the place of the one that is signed in.

use askama::Template;

use super::Shell;

#[derive(Clone, Debug, Template)]
#[template(path = "switch.html")]
pub(crate) struct SwitchPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) action: &'a str,
    pub(crate) csrf_token: &'a str,
    pub(crate) return_to: &'a str,
    /// Who is signed in.
    pub(crate) user: Option<&'a str>,
    pub(crate) cancel: &'a str,
}

impl SwitchPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).unwrap_or_default()
    }
}
