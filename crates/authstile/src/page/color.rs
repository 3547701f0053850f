//! Colours as numbers: what a configuration says, and what a reader can still read.
//!
//! Text from a configuration never reaches the style sheet. It is parsed into four bytes here and printed again from them.

use std::fmt;

pub(crate) const BLACK: Color = Color::opaque(0, 0, 0);
pub(crate) const WHITE: Color = Color::opaque(255, 255, 255);

/// WCAG 2.2, success criterion 1.4.3: text against what is behind it.
pub(crate) const TEXT_CONTRAST: f64 = 4.5;

const SHORT_HEX: u8 = 17; // 0xf * 17 == 0xff

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Color {
    red: u8,
    green: u8,
    blue: u8,
    alpha: u8,
}

impl Color {
    const fn opaque(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue, alpha: 255 }
    }

    pub(crate) const fn hex(rgb: u32) -> Self {
        let [_, red, green, blue] = rgb.to_be_bytes();
        Self::opaque(red, green, blue)
    }

    /// `#rgb`, `#rgba`, `#rrggbb`, `#rrggbbaa` or one of [`NAMES`].
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let Some(digits) = text.strip_prefix('#') else {
            return NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, rgb)| Self::hex(*rgb));
        };
        let digits: Option<Vec<u8>> =
            digits.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
        let channels = match *digits?.as_slice() {
            [r, g, b] => [r * SHORT_HEX, g * SHORT_HEX, b * SHORT_HEX, 255],
            [r, g, b, a] => [r, g, b, a].map(|d| d * SHORT_HEX),
            [r, r2, g, g2, b, b2] => [r * 16 + r2, g * 16 + g2, b * 16 + b2, 255],
            [r, r2, g, g2, b, b2, a, a2] => [r * 16 + r2, g * 16 + g2, b * 16 + b2, a * 16 + a2],
            _ => return None,
        };
        let [red, green, blue, alpha] = channels;
        Some(Self { red, green, blue, alpha })
    }

    /// What is seen when this colour is painted on an opaque ground.
    pub(crate) fn over(self, ground: Self) -> Self {
        let paint = Self { alpha: 255, ..self };
        ground.mix(paint, f64::from(self.alpha) / 255.0)
    }

    /// This colour with a share (0 to 1) of another one, both taken as opaque.
    pub(crate) fn mix(self, other: Self, share: f64) -> Self {
        let blend = |a: u8, b: u8| {
            let (a, b) = (f64::from(a), f64::from(b));
            // In 0..=255 because both ends are; `as` saturates in any case.
            (a + (b - a) * share).round() as u8
        };
        Self::opaque(blend(self.red, other.red), blend(self.green, other.green), blend(self.blue, other.blue))
    }

    /// The contrast ratio of WCAG 2.2, between 1 and 21.
    pub(crate) fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Black or white, whichever reads better on this colour. One of them always reaches [`TEXT_CONTRAST`].
    pub(crate) fn ink(self) -> Self {
        // White is kept while it is readable, since that is how brands print on their own colour.
        if self.contrast(WHITE) >= TEXT_CONTRAST { WHITE } else { BLACK }
    }

    /// This colour, moved towards `end` only as far as it takes to be read as text on all `grounds`.
    pub(crate) fn readable_on(self, grounds: &[Self], end: Self) -> Self {
        (0..=20)
            .map(|step| self.mix(end, f64::from(step) / 20.0))
            .find(|c| grounds.iter().all(|g| c.contrast(*g) >= TEXT_CONTRAST))
            .unwrap_or(end)
    }

    /// WCAG 2.2, "relative luminance".
    pub(crate) fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)?;
        match self.alpha {
            255 => Ok(()),
            alpha => write!(f, "{alpha:02x}"),
        }
    }
}

/// CSS 2.1 §4.3.6, and the one name everybody should know.
pub(crate) const NAMES: [(&str, u32); 18] = [
    ("aqua", 0x00_ffff),
    ("black", 0x00_0000),
    ("blue", 0x00_00ff),
    ("fuchsia", 0xff_00ff),
    ("gray", 0x80_8080),
    ("green", 0x00_8000),
    ("lime", 0x00_ff00),
    ("maroon", 0x80_0000),
    ("navy", 0x00_0080),
    ("olive", 0x80_8000),
    ("orange", 0xff_a500),
    ("purple", 0x80_0080),
    ("rebeccapurple", 0x66_3399),
    ("red", 0xff_0000),
    ("silver", 0xc0_c0c0),
    ("teal", 0x00_8080),
    ("white", 0xff_ffff),
    ("yellow", 0xff_ff00),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_printed() {
        for (text, printed) in [
            ("#0af", "#00aaff"),
            ("#0AF8", "#00aaff88"),
            ("#0B6e69", "#0b6e69"),
            ("#0b6e69ff", "#0b6e69"),
            ("RebeccaPurple", "#663399"),
        ] {
            let color = Color::parse(text).map(|c| c.to_string());
            assert_eq!(color.as_deref(), Some(printed), "{text}");
        }
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 1e-9);
        // The well-known darkest grey that just fails on white, and its neighbour that passes.
        assert!(Color::hex(0x77_7777).contrast(WHITE) < TEXT_CONTRAST);
        assert!(Color::hex(0x76_7676).contrast(WHITE) >= TEXT_CONTRAST);
    }

    #[test]
    fn black_or_white_is_readable_on_everything() {
        for rgb in (0..=0xff_ffff_u32).step_by(0x0f_1d) {
            let ground = Color::hex(rgb);
            assert!(ground.contrast(ground.ink()) >= TEXT_CONTRAST, "{ground}");
        }
    }
}
