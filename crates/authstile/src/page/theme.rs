//! What the pages look like: the application's own settings, and the one style sheet made of them.

use url::{Host, Url};

use super::{
    color::{Color, NAMES, TEXT_CONTRAST, WHITE},
    palette::{DARK, LIGHT, PETROL},
};

/// How the built-in pages look: colours, logo and name of the application.
///
/// Every field is optional. Without any, the pages follow the visitor's light or dark preference, in a quiet petrol. Colours are
/// `#rgb`, `#rrggbb` (each also with alpha), or a basic colour name. From the brand colour all others are derived, so that text
/// stays readable (contrast 4.5 : 1, WCAG 2.2) in light and in dark, whatever the brand colour is.
///
/// ```
/// use authstile::Theme;
///
/// let theme = Theme::new()
///     .application_name("Acme Notes")
///     .brand_color("#7a1f5c")
///     .logo("/static/acme.svg");
/// assert_eq!(theme.application_name.as_deref(), Some("Acme Notes"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Light, dark, or what the visitor's system prefers.
    pub color_scheme: ColorScheme,
    /// The colour of the main button, of links and of the focus ring.
    pub brand_color: Option<String>,
    /// Address of an image that stands in place of the name: `https://…`, a path such as `/logo.svg`, or a base64 `data:` image.
    pub logo: Option<String>,
    /// Text colour on the brand colour. Left out, black or white is chosen, whichever can be read.
    pub button_text: Option<String>,
    /// The application's name, shown on top of every page and in its title.
    pub application_name: Option<String>,
}

/// Whether the built-in pages are light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorScheme {
    /// As the visitor's system prefers.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl ColorScheme {
    /// The end of the body class `__next-auth-theme-…`, as Auth.js spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The value of the CSS property and of the meta element `color-scheme`.
    pub(crate) fn as_css(self) -> &'static str {
        match self {
            Self::Auto => "light dark",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Theme {
    /// The plain theme: follows the visitor's preference, no logo, no name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forces light or dark.
    #[must_use]
    pub fn color_scheme(mut self, color_scheme: ColorScheme) -> Self {
        self.color_scheme = color_scheme;
        self
    }

    /// Sets the colour of the main button, of links and of the focus ring, such as `#7a1f5c`.
    #[must_use]
    pub fn brand_color(mut self, color: impl Into<String>) -> Self {
        self.brand_color = Some(color.into());
        self
    }

    /// Sets the image on top of the pages.
    #[must_use]
    pub fn logo(mut self, address: impl Into<String>) -> Self {
        self.logo = Some(address.into());
        self
    }

    /// Sets the text colour on the brand colour; without it, a readable one is chosen.
    #[must_use]
    pub fn button_text(mut self, color: impl Into<String>) -> Self {
        self.button_text = Some(color.into());
        self
    }

    /// Sets the application's name.
    #[must_use]
    pub fn application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = Some(name.into());
        self
    }

    /// Says in one sentence what is wrong with the theme and how to mend it.
    pub(crate) fn validate(&self) -> Result<(), String> {
        self.logo_source()?;
        stylesheet(self, &[]).map(drop)
    }

    /// The logo's source for `img-src` in a Content-Security-Policy: `'self'`, `data:` or an origin; `None` without a logo.
    pub(crate) fn logo_source(&self) -> Result<Option<String>, String> {
        self.logo.as_deref().map(image_source).transpose()
    }
}

/// How one provider's button is coloured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ButtonStyle<'a> {
    pub(crate) id: &'a str,
    pub(crate) background: &'a str,
    pub(crate) text: &'a str,
}

/// The text of the one `<style>` element, the same on every page, so that its hash can stand in the Content-Security-Policy.
pub(crate) fn stylesheet(theme: &Theme, buttons: &[ButtonStyle<'_>]) -> Result<String, String> {
    let brand = theme.brand_color.as_deref().map_or(Ok(PETROL), |text| color("brand_color", text))?;
    let button_text = theme.button_text.as_deref().map(|text| color("button_text", text)).transpose()?;
    let light = || LIGHT.variables(brand, button_text);
    let dark = || DARK.variables(brand, button_text);
    let mut css = match theme.color_scheme {
        ColorScheme::Light => format!(":root{{{}}}\n", light()?),
        ColorScheme::Dark => format!(":root{{{}}}\n", dark()?),
        ColorScheme::Auto => {
            format!(":root{{{}}}\n@media (prefers-color-scheme:dark){{:root{{{}}}}}\n", light()?, dark()?)
        }
    };
    for line in RULES.lines().map(str::trim).filter(|l| !l.is_empty()) {
        css.push_str(line);
        css.push('\n');
    }
    for button in buttons {
        css.push_str(&button.rule()?);
    }
    Ok(css)
}

/// The class of a provider's block. [`stylesheet`] has refused ids that would not be one class.
pub(crate) fn provider_class(id: &str) -> String {
    format!("provider-{id}")
}

const RULES: &str = include_str!("../../templates/page.css");

impl ButtonStyle<'_> {
    fn rule(&self) -> Result<String, String> {
        let id = self.id;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.is_empty() || !id.chars().all(allowed) {
            return Err(format!(
                "provider id {} cannot be used in a page; write it with letters a-z, digits, '-', '_' and '.'",
                quoted(id)
            ));
        }
        let what = |part: &str| format!("{part} of provider {id}");
        let background = color(&what("button background"), self.background)?.over(WHITE);
        let text = color(&what("button text"), self.text)?.over(background);
        // Some well-known brands print white on colours too bright for it; the mark is then printed in black.
        let text = match background.contrast(text) >= TEXT_CONTRAST {
            true => text,
            false => background.ink(),
        };
        Ok(format!(
            ".{}{{--provider-brand-color:{background};--provider-text-color:{text}}}\n",
            provider_class(id).replace('.', "\\.")
        ))
    }
}

fn color(what: &str, text: &str) -> Result<Color, String> {
    Color::parse(text).ok_or_else(|| {
        format!(
            "theme: {what} is {}, which is not a colour; write #rrggbb, #rgb (either with alpha) or one of {}",
            quoted(text),
            NAMES.map(|(name, _)| name).join(", ")
        )
    })
}

fn image_source(address: &str) -> Result<String, String> {
    let refuse = |why: &str| {
        Err(format!(
            "theme: logo {} {why}; write an https:// address, a path such as /logo.svg, or data:image/png;base64,…",
            quoted(address)
        ))
    };
    let odd = |c: char| c.is_whitespace() || c.is_control() || "\\\"'<>`".contains(c);
    if address.is_empty() || address.contains(odd) {
        return refuse("is empty or holds blanks, quotes, angle brackets or backslashes");
    }
    if let Some(data) = address.strip_prefix("data:image/") {
        let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
        return match data.split_once(";base64,") {
            Some(("png" | "svg+xml" | "jpeg" | "webp", bits)) if !bits.is_empty() && bits.chars().all(base64) => {
                Ok("data:".to_owned())
            }
            _ => refuse("is not a png, svg+xml, jpeg or webp image in base64"),
        };
    }
    if address.starts_with('/') {
        return match address.starts_with("//") {
            true => refuse("starts with two slashes and so names another host"),
            false => Ok("'self'".to_owned()),
        };
    }
    let Ok(url) = Url::parse(address) else {
        return refuse("is not an address");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("holds a user name or password, which every visitor could read");
    }
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => Ok(url.origin().ascii_serialization()),
        ("http", Some(host)) if is_loopback(&host) => Ok(url.origin().ascii_serialization()),
        ("http", _) => refuse("is not encrypted"),
        _ => refuse("is neither https nor an image"),
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// A value from a configuration as it may stand in a message: quoted, one line, not longer than a line.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_accepted_or_refused() {
        for good in ["#0af", "#0AF8", "#0b6e69", "#0b6e6980", "teal", "White", "#00000000"] {
            assert_eq!(Theme::new().brand_color(good).validate(), Ok(()), "{good}");
        }
        for bad in [
            "",
            "#",
            "#12",
            "#12345",
            "#1234567",
            "#123456789",
            "#ggg",
            "# 123",
            "0b6e69",
            " #fff",
            "#fff ",
            "chartreuse-ish",
            "#fff;}body{display:none",
            "#fff}</style><script>alert(1)</script>",
            "red;background:url(https://evil.example/)",
            "url(https://evil.example/)",
            "var(--x)",
            "rgb(0,0,0)",
            "expression(alert(1))",
            "#f\u{66f}f",
            "\u{ff52}ed",
            "inherit",
            "#fff/**/",
            "#fff\n}",
        ] {
            for theme in [Theme::new().brand_color(bad), Theme::new().button_text(bad)] {
                let sentence = theme.validate().expect_err(bad);
                assert!(sentence.contains("write #rrggbb"), "{sentence}");
                assert!(!sentence.contains('\n'), "{sentence}");
            }
            for (background, text) in [(bad, "#fff"), ("#000", bad)] {
                let button = ButtonStyle { id: "acme", background, text };
                let sentence = stylesheet(&Theme::new(), &[button]).expect_err(bad);
                assert!(sentence.contains("acme"), "{sentence}");
            }
        }
    }

    #[test]
    fn logos_are_accepted_or_refused() {
        for (good, source) in [
            ("https://acme.example/logo.svg", "https://acme.example"),
            ("https://cdn.acme.example:8443/a/b.png?v=1", "https://cdn.acme.example:8443"),
            ("http://localhost:3000/logo.svg", "http://localhost:3000"),
            ("http://127.0.0.1/logo.svg", "http://127.0.0.1"),
            ("http://[::1]:8080/logo.svg", "http://[::1]:8080"),
            ("/logo.svg", "'self'"),
            ("/", "'self'"),
            ("data:image/png;base64,iVBORw0KGgo=", "data:"),
            ("data:image/svg+xml;base64,PHN2Zy8+", "data:"),
        ] {
            let theme = Theme::new().logo(good);
            assert_eq!(theme.logo_source(), Ok(Some(source.to_owned())));
            assert_eq!(theme.validate(), Ok(()));
        }
        for bad in [
            "",
            "logo.svg",
            "//evil.example/logo.svg",
            "/\\evil.example/logo.svg",
            "/logo.svg\" onerror=\"alert(1)",
            "/a b.svg",
            "/a\n.svg",
            "http://acme.example/logo.svg",
            "http://localhost.evil.example/logo.svg",
            "https://",
            "https://user:secret@acme.example/logo.svg",
            "https://acme.example; script-src *",
            "https:///\\evil",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html;base64,PHNjcmlwdD4=",
            "data:image/svg+xml,<svg onload=alert(1)>",
            "data:image/svg+xml;base64,",
            "data:image/gif;base64,R0lG",
            "data:image/png;charset=x;base64,AAAA",
            "ftp://acme.example/logo.svg",
            "file:///etc/passwd",
        ] {
            let sentence = Theme::new().logo(bad).validate().expect_err(bad);
            assert!(sentence.contains("write an https:// address"), "{sentence}");
        }
    }

    #[test]
    fn button_text_must_be_readable() {
        let theme = Theme::new().brand_color("#ffcc00");
        assert_eq!(theme.validate(), Ok(()));
        let sentence = theme.button_text("#fff").validate();
        assert!(sentence.is_err_and(|s| s.contains("leave button_text out")));
        let theme = Theme::new().brand_color("navy").button_text("#ffe");
        assert_eq!(theme.validate(), Ok(()));
    }

    #[test]
    fn provider_ids_become_one_class_or_are_refused() {
        let rule = |id| ButtonStyle { id, background: "#ffd21e", text: "#fff" }.rule();
        let expected = ".provider-my\\.idp_2{--provider-brand-color:#ffd21e;--provider-text-color:#000000}\n";
        assert_eq!(rule("my.idp_2").as_deref(), Ok(expected));
        for bad in ["", "a b", "a{}", "a,b", "a>b", "ä", "a\\b", "a:hover", "</style>"] {
            assert!(rule(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn forced_schemes_know_one_palette() {
        let css = |scheme| stylesheet(&Theme::new().color_scheme(scheme), &[]).unwrap_or_default();
        assert!(css(ColorScheme::Auto).contains("prefers-color-scheme:dark"));
        assert!(!css(ColorScheme::Light).contains("color-scheme:dark"));
        assert!(!css(ColorScheme::Dark).contains("color-scheme:light"));
    }

    #[test]
    fn the_sheet_asks_for_nothing_and_closes_nothing() {
        let css = stylesheet(&Theme::new(), &[]).unwrap_or_default();
        for never in ["</", "url(", "@import", "\r", "!important"] {
            assert!(!css.contains(never), "{never}");
        }
        assert_eq!(css.matches('{').count(), css.matches('}').count());
    }
}
