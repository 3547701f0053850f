//! The colours of the pages, light and dark, all derived from one brand colour and all readable.

use std::fmt::Write as _;

use super::color::{BLACK, Color, TEXT_CONTRAST, WHITE};

/// The brand colour of an application that has not chosen one.
pub(super) const PETROL: Color = Color::hex(0x0b_6e69);

/// The colours of one scheme before the brand colour tints them.
pub(super) struct Scheme {
    keyword: &'static str,
    page: u32,
    card: u32,
    ink: u32,
    muted: u32,
    line: u32,
    edge: u32,
    danger: u32,
    danger_wash: u32,
    /// How much of the brand colour the grounds take on.
    tint: f64,
    shadow: &'static str,
    /// Where a colour goes to be read on these grounds.
    end: Color,
}

pub(super) const LIGHT: Scheme = Scheme {
    keyword: "light",
    page: 0xf3_f4f5,
    card: 0xff_ffff,
    ink: 0x15_181d,
    muted: 0x52_5963,
    line: 0xdf_e2e6,
    edge: 0x7b_828d,
    danger: 0xb0_231b,
    danger_wash: 0xfd_f2f1,
    tint: 0.04,
    shadow: "#1018200d",
    end: BLACK,
};

pub(super) const DARK: Scheme = Scheme {
    keyword: "dark",
    page: 0x0f_1114,
    card: 0x19_1c21,
    ink: 0xed_eff2,
    muted: 0xa6_adb8,
    line: 0x2d_323a,
    edge: 0x74_7c8a,
    danger: 0xff_9089,
    danger_wash: 0x2c_1b1c,
    tint: 0.03,
    shadow: "#00000059",
    end: WHITE,
};

impl Scheme {
    /// The declarations of all colours, or why the two that were chosen do not go together.
    pub(super) fn variables(&self, brand: Color, button_text: Option<Color>) -> Result<String, String> {
        let brand = brand.over(Color::hex(self.card));
        let tinted = |rgb: u32| Color::hex(rgb).mix(brand, self.tint);
        // A white card stays white, like paper; every other ground takes on a little of the brand.
        let card = match self.card {
            0xff_ffff => WHITE,
            rgb => tinted(rgb),
        };
        let page = tinted(self.page);
        let accent = brand.readable_on(&[card, page], self.end);
        let on_brand = button_text.map_or_else(|| brand.ink(), |text| text.over(brand));
        let contrast = brand.contrast(on_brand);
        if contrast < TEXT_CONTRAST {
            return Err(format!(
                "theme: button_text {on_brand} cannot be read on brand_color {brand}, the contrast is {contrast:.1} and must be at least \
                 {TEXT_CONTRAST}; leave button_text out and a readable colour is chosen"
            ));
        }
        // Away from the text, so that hovering never makes it harder to read.
        let away = match on_brand.luminance() > brand.luminance() {
            true => BLACK,
            false => WHITE,
        };
        let mut css = format!("color-scheme:{};", self.keyword);
        for (name, value) in [
            ("brand-color", brand),
            ("brand-hover", brand.mix(away, 0.14)),
            ("button-text-color", on_brand),
            ("accent", accent),
            ("page", page),
            ("card", card),
            ("hover", card.mix(accent, 0.06)),
            ("ink", tinted(self.ink)),
            ("muted", Color::hex(self.muted)),
            ("line", tinted(self.line)),
            ("edge", Color::hex(self.edge)),
            ("danger", Color::hex(self.danger)),
            ("danger-wash", Color::hex(self.danger_wash)),
        ] {
            // Writing to a String cannot fail.
            let _ = write!(css, "--{name}:{value};");
        }
        let _ = write!(css, "--shadow:{}", self.shadow);
        Ok(css)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_readable_whatever_the_brand() {
        let mut brands = vec![0x00_0000, 0xff_ffff, 0xff_ff00, 0x80_8080, 0x0b_6e69];
        brands.extend((0..=0xff_ffff_u32).step_by(0x03_1d2b));
        for brand in brands {
            for scheme in [&LIGHT, &DARK] {
                let css = scheme.variables(Color::hex(brand), None).unwrap_or_default();
                let value = |name: &str| {
                    css.split_once(&format!("--{name}:"))
                        .and_then(|(_, rest)| rest.split_once(';'))
                        .and_then(|(value, _)| Color::parse(value))
                        .expect(name)
                };
                for (front, back, least) in [
                    ("ink", "card", 7.0),
                    ("ink", "page", 7.0),
                    ("ink", "hover", 7.0),
                    ("ink", "danger-wash", 7.0),
                    ("muted", "card", 4.5),
                    ("muted", "page", 4.5),
                    ("muted", "danger-wash", 4.5),
                    ("accent", "card", 4.5),
                    ("accent", "page", 4.5),
                    ("danger", "danger-wash", 4.5),
                    ("button-text-color", "brand-color", 4.5),
                    ("button-text-color", "brand-hover", 4.5),
                    ("edge", "card", 3.0), // WCAG 2.2, 1.4.11
                    ("edge", "page", 3.0),
                ] {
                    let contrast = value(front).contrast(value(back));
                    assert!(contrast >= least, "{} {brand:06x}: {front} on {back} is {contrast:.2}", scheme.keyword);
                }
            }
        }
    }
}
