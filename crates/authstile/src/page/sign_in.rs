//! The sign-in page: one button per provider.

use askama::Template;

use crate::credentials::CredentialField;

use super::{Notice, Shell, theme::provider_class};
use crate::provider::Group;

/// From this many providers on, the card is wide enough for two columns.
const TWO_COLUMNS: usize = 7;

/// Beyond so many, they stand in groups with headings.
const UNGROUPED: usize = 8;

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
    /// Where it stands among many; `None`: before all others, without a heading.
    pub(crate) group: Option<Group>,
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

/// Providers that stand together.
struct Section<'a> {
    heading: Option<Heading>,
    providers: Vec<&'a ProviderForm<'a>>,
}

struct Heading {
    /// For the list below it, which is called so.
    id: &'static str,
    text: &'static str,
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

    /// A few stand in the order of configuration. Many stand in groups, in the order of the groups, and within each in the
    /// order of configuration.
    fn sections(&self) -> Vec<Section<'_>> {
        let of = |group: Option<Group>| self.providers.iter().filter(move |provider| provider.group == group);
        let groups: Vec<Group> = Group::ALL.iter().copied().filter(|group| of(Some(*group)).next().is_some()).collect();
        if self.providers.len() <= UNGROUPED || groups.len() < 2 {
            return vec![Section { heading: None, providers: self.providers.iter().collect() }];
        }
        let first = Section { heading: None, providers: of(None).collect() };
        let rest = groups
            .into_iter()
            .map(|group| Section { heading: Some(heading(group)), providers: of(Some(group)).collect() });
        std::iter::once(first).chain(rest).filter(|section| !section.providers.is_empty()).collect()
    }
}

fn heading(group: Group) -> Heading {
    let text = match group {
        Group::Enterprise => "Your company",
        Group::Common => "Popular",
        Group::Developer => "For developers",
        Group::Social => "Social networks",
        Group::Work => "Work and study",
        Group::Games => "Games",
        Group::Media => "Music, video and reading",
        Group::Commerce => "Shops and money",
        Group::National => "National identities",
        Group::Other => "More",
    };
    Heading { id: group.word(), text }
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
            group: None,
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

    /// The ids and headings of a page, in order.
    fn order(groups: &[Option<Group>]) -> Vec<String> {
        let ids: Vec<String> = (0..groups.len()).map(|number| format!("p{number}")).collect();
        let form = |(id, group): (&'static str, &Option<Group>)| ProviderForm {
            id,
            name: id,
            action: "/".to_owned(),
            mark: "A".to_owned(),
            form: Form::Button,
            group: *group,
        };
        let ids = ids.into_iter().map(|id| &*Box::leak(id.into_boxed_str()));
        let page = SignInPage {
            shell: Shell { theme: &Theme::new(), style: "" },
            providers: ids.zip(groups).map(form).collect(),
            csrf_token: "",
            return_to: "/",
            notice: None,
            email: "",
        }
        .render();
        let parts = page.split('<').filter_map(|tag| {
            let id = tag.split_once("data-provider=\"").map(|(_, rest)| rest.split('"').next().unwrap_or_default());
            id.or_else(|| tag.strip_prefix("h2 ").and_then(|tag| Some(tag.split_once('>')?.1))).map(str::to_owned)
        });
        parts.collect()
    }

    #[test]
    fn few_keep_their_order_and_many_stand_in_groups() {
        let (games, company, none) = (Some(Group::Games), Some(Group::Enterprise), None);
        let few = [games, company, games, company, none, games, company, games];
        assert_eq!(order(&few), ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"]);
        let many = [games, company, games, company, none, games, company, games, company];
        let expected = ["p4", "Your company", "p1", "p3", "p6", "p8", "Games", "p0", "p2", "p5", "p7"];
        assert_eq!(order(&many), expected);
        assert_eq!(order(&[games; 9]).len(), 9, "one group needs no heading");
    }

    #[test]
    fn a_group_is_a_list_that_is_called_like_its_heading() {
        let page = {
            let form = |group| ProviderForm {
                id: "a",
                name: "A",
                action: "/".to_owned(),
                mark: "A".to_owned(),
                form: Form::Button,
                group: Some(group),
            };
            SignInPage {
                shell: Shell { theme: &Theme::new(), style: "" },
                providers: [vec![form(Group::Social); 5], vec![form(Group::Work); 5]].concat(),
                csrf_token: "",
                return_to: "/",
                notice: None,
                email: "",
            }
            .render()
        };
        assert!(page.contains("<h2 id=\"group-social\" class=\"group\">Social networks</h2>"), "{page}");
        assert!(page.contains("<ul class=\"providers\" role=\"list\" aria-labelledby=\"group-social\">"), "{page}");
        assert_eq!(page.matches("<ul").count(), 2);
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
