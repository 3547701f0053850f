//! The sign-in page: one button per provider.

use askama::Template;

use crate::credentials::CredentialField;

use super::{Notice, Shell, theme::provider_class};

/// From this many providers on, the card is wide enough for two columns.
const TWO_COLUMNS: usize = 7;

#[derive(Clone, Debug, Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignInPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) providers: Vec<ProviderForm<'a>>,
    pub(crate) csrf_token: &'a str,
    pub(crate) return_to: &'a str,
    pub(crate) notice: Option<Notice<'a>>,
    /// What stands in the field for a work e-mail address.
    pub(crate) email: &'a str,
}

#[derive(Clone, Debug)]
pub(crate) struct ProviderForm<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) action: String,
    /// Shown in a small round mark of the provider's colour; see [`super::initial`].
    pub(crate) mark: String,
    pub(crate) form: Form<'a>,
}

/// What a visitor does to sign in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form<'a> {
    /// Presses a button.
    Button,
    /// Enters a work e-mail address, from which the way is found.
    WorkEmail,
    /// Enters an e-mail address, to which a mail is sent.
    Email,
    /// Fills these fields.
    Fields(&'a [CredentialField]),
}

impl SignInPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).unwrap_or_default()
    }

    /// The one way there is, where it is a button.
    fn only_button(&self) -> Option<&ProviderForm<'_>> {
        self.providers.first().filter(|provider| provider.is_button())
    }

    fn is_wide(&self) -> bool {
        self.providers.len() >= TWO_COLUMNS
    }
}

impl ProviderForm<'_> {
    fn is_button(&self) -> bool {
        matches!(self.form, Form::Button)
    }

    fn class(&self) -> String {
        provider_class(self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Theme;

    fn render(count: usize, notice: Option<Notice<'_>>) -> String {
        let provider = ProviderForm {
            id: "acme.idp",
            name: "Acme & Sons",
            action: "/auth/signin/acme.idp".to_owned(),
            mark: "A".to_owned(),
            form: Form::Button,
        };
        SignInPage {
            shell: Shell { theme: &Theme::new(), style: "" },
            providers: vec![provider; count],
            csrf_token: "c5f",
            return_to: "https://acme.example/?a=1&b=2",
            notice,
            email: "",
        }
        .render()
    }

    #[test]
    fn a_provider_is_a_form_with_one_button() {
        let page = render(1, None);
        for part in [
            "<title>Sign in</title>",
            "<div class=\"provider provider-acme.idp\">",
            "<form action=\"/auth/signin/acme.idp\" method=\"post\">",
            "<input type=\"hidden\" name=\"csrfToken\" value=\"c5f\">",
            "<input type=\"hidden\" name=\"callbackUrl\" value=\"https://acme.example/?a=1&#38;b=2\">",
            "type=\"submit\" data-provider=\"acme.idp\" data-mark=\"A\">Sign in with <bdi>Acme &#38; Sons</bdi></button>",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains("id=\"notice\""));
    }

    #[test]
    fn many_providers_get_two_columns() {
        assert!(!render(6, None).contains("wide"));
        let page = render(30, None);
        assert!(page.contains("class=\"card wide\""));
        assert_eq!(page.matches("<button").count(), 30);
    }

    #[test]
    fn no_provider_is_explained_to_the_developer() {
        let page = render(0, None);
        assert!(page.contains("No way to sign in is set up yet"));
        assert!(!page.contains("<form"));
    }

    #[test]
    fn a_notice_is_announced_with_its_reference() {
        let notice = Notice {
            title: "Not signed in",
            what: "The provider did not answer.",
            todo: "Try again.",
            reference: Some("7f3a"),
        };
        let page = render(2, Some(notice));
        assert!(page.contains("id=\"notice\" class=\"notice error\" role=\"alert\""));
        assert!(page.contains("Reference <code id=\"reference\">7f3a</code>"));
        assert!(page.contains("<title>Error: Sign in</title>"));
        let quiet = Notice { reference: None, ..notice };
        assert!(!render(2, Some(quiet)).contains("Reference"));
    }
}
