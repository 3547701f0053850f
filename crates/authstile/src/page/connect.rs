//! The page that asks whether a second account belongs to whoever is signed in.

use askama::Template;

use super::Shell;

#[derive(Clone, Debug, Template)]
#[template(path = "connect.html")]
pub(crate) struct ConnectPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) action: &'a str,
    pub(crate) csrf_token: &'a str,
    /// Who is signed in.
    pub(crate) user: Option<&'a str>,
    /// The name of the provider of the account that waits.
    pub(crate) provider: &'a str,
}

impl ConnectPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).unwrap_or_default()
    }
}
