//! The colours of the button, as numbers: text of a theme never reaches the mail.

use std::fmt;

/// As the pages have it when the application has chosen none.
pub(crate) const PETROL: Color = Color(0x0b, 0x6e, 0x69);
pub(crate) const BLACK: Color = Color(0, 0, 0);
pub(crate) const WHITE: Color = Color(255, 255, 255);

/// WCAG 2.2, success criterion 1.4.3: text against what is behind it.
const TEXT_CONTRAST: f64 = 4.5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Color(u8, u8, u8);

/// Colour of a button and of its text.
///
/// What is no colour is left out, and so is a text that cannot be read: the engine has refused both when it was built, and a
/// mail with another button is better than none.
pub(crate) fn button(brand: Option<&str>, text: Option<&str>) -> (Color, Color) {
    let brand = brand.and_then(|text| Color::parse(text, WHITE)).unwrap_or(PETROL);
    let text = text.and_then(|text| Color::parse(text, brand)).filter(|text| brand.contrast(*text) >= TEXT_CONTRAST);
    (brand, text.unwrap_or_else(|| brand.ink()))
}

impl Color {
    /// `#rgb`, `#rrggbb`, each also with alpha, which is painted on the ground, or one of the basic names.
    fn parse(text: &str, ground: Self) -> Option<Self> {
        let Some(digits) = text.strip_prefix('#') else {
            return NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, color)| *color);
        };
        let digits: Option<Vec<u8>> =
            digits.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        let [red, green, blue, alpha] = match *digits?.as_slice() {
            [r, g, b] => [r * 17, g * 17, b * 17, 255],
            [r, g, b, a] => [r * 17, g * 17, b * 17, a * 17],
            [r, r2, g, g2, b, b2] => [r * 16 + r2, g * 16 + g2, b * 16 + b2, 255],
            [r, r2, g, g2, b, b2, a, a2] => [r * 16 + r2, g * 16 + g2, b * 16 + b2, a * 16 + a2],
            _ => return None,
        };
        let blend = |below: u8, above: u8| {
            let (below, above) = (f64::from(below), f64::from(above));
            // In 0..=255 because both ends are.
            (below + (above - below) * f64::from(alpha) / 255.0).round() as u8
        };
        Some(Self(blend(ground.0, red), blend(ground.1, green), blend(ground.2, blue)))
    }

    /// The contrast ratio of WCAG 2.2, between 1 and 21.
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// White while it can be read, else black.
    fn ink(self) -> Self {
        if self.contrast(WHITE) >= TEXT_CONTRAST { WHITE } else { BLACK }
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// The names that a theme may use (CSS 2.1 §4.3.6, and one more).
const NAMES: [(&str, Color); 18] = [
    ("aqua", Color(0, 255, 255)),
    ("black", BLACK),
    ("blue", Color(0, 0, 255)),
    ("fuchsia", Color(255, 0, 255)),
    ("gray", Color(128, 128, 128)),
    ("green", Color(0, 128, 0)),
    ("lime", Color(0, 255, 0)),
    ("maroon", Color(128, 0, 0)),
    ("navy", Color(0, 0, 128)),
    ("olive", Color(128, 128, 0)),
    ("orange", Color(255, 165, 0)),
    ("purple", Color(128, 0, 128)),
    ("rebeccapurple", Color(0x66, 0x33, 0x99)),
    ("red", Color(255, 0, 0)),
    ("silver", Color(192, 192, 192)),
    ("teal", Color(0, 128, 128)),
    ("white", WHITE),
    ("yellow", Color(255, 255, 0)),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(brand: Option<&str>, text: Option<&str>) -> (String, String) {
        let (brand, text) = button(brand, text);
        (brand.to_string(), text.to_string())
    }

    #[test]
    fn colours_of_a_theme_are_taken() {
        for (brand, text, expected) in [
            (None, None, ("#0b6e69", "#ffffff")),
            (Some("#346df1"), Some("#fff"), ("#346df1", "#ffffff")),
            (Some("#7a1f5c"), None, ("#7a1f5c", "#ffffff")),
            (Some("Yellow"), None, ("#ffff00", "#000000")),
            (Some("#0008"), None, ("#777777", "#000000")),
        ] {
            let (brand, text) = printed(brand, text);
            assert_eq!((brand.as_str(), text.as_str()), expected);
        }
    }

    #[test]
    fn what_is_no_colour_or_cannot_be_read_is_left_out() {
        for bad in
            ["", "#12", "#fff;}body{display:none", "red;background:url(//evil.example)", "var(--x)", "\" onclick=\""]
        {
            assert_eq!(printed(Some(bad), Some(bad)), printed(None, None), "{bad}");
        }
        assert_eq!(printed(Some("yellow"), Some("white")).1, "#000000");
    }
}
