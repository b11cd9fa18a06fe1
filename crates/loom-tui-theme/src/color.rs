//! Colours: as written in themes, as light, and as eyes see them.

use std::fmt;

/// A colour of the sRGB space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl Rgb {
    /// Makes a colour of `0xRRGGBB`.
    pub const fn new(hex: u32) -> Self {
        let [_, red, green, blue] = hex.to_be_bytes();
        Self { red, green, blue }
    }

    /// Reads `#rrggbb` or `#rgb`.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(digits, 16).ok()?;
        match digits.len() {
            6 => Some(Self::new(value)),
            3 => {
                let [red, green, blue] = [value >> 8 & 0xf, value >> 4 & 0xf, value & 0xf];
                Some(Self::new(red * 0x11_0000 + green * 0x1100 + blue * 0x11))
            }
            _ => None,
        }
    }

    /// Returns the light of each channel, from 0 to 1 (IEC 61966-2-1).
    pub(crate) fn linear(self) -> [f64; 3] {
        [self.red, self.green, self.blue].map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    /// Returns the relative luminance, from 0 for black to 1 for white (WCAG 2.1).
    pub fn luminance(self) -> f64 {
        let [red, green, blue] = self.linear();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Returns the contrast with another colour, from 1 to 21 (WCAG 2.1).
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance() + 0.05, other.luminance() + 0.05);
        a.max(b) / a.min(b)
    }

    /// Returns the colour as eyes have it.
    pub fn oklab(self) -> Oklab {
        Oklab::from_linear(self.linear())
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "#{:02x}{:02x}{:02x}",
            self.red, self.green, self.blue
        )
    }
}

/// A colour in Oklab (Björn Ottosson, 2020): equal distances look equally different.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oklab {
    /// How light, from 0 to 1.
    pub lightness: f64,
    /// From green to red.
    pub a: f64,
    /// From blue to yellow.
    pub b: f64,
}

impl Oklab {
    pub(crate) fn from_linear([red, green, blue]: [f64; 3]) -> Self {
        let l = (0.412_221_470_8 * red + 0.536_332_536_3 * green + 0.051_445_992_9 * blue).cbrt();
        let m = (0.211_903_498_2 * red + 0.680_699_545_1 * green + 0.107_396_956_6 * blue).cbrt();
        let s = (0.088_302_461_9 * red + 0.281_718_837_6 * green + 0.629_978_700_5 * blue).cbrt();
        Self {
            lightness: 0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
            a: 1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
            b: 0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
        }
    }

    /// Returns how different two colours look: about 0.02 can just be told apart.
    pub fn distance(self, other: Self) -> f64 {
        ((self.lightness - other.lightness).powi(2)
            + (self.a - other.a).powi(2)
            + (self.b - other.b).powi(2))
        .sqrt()
    }

    /// Returns how much of a hue the colour has; 0 for a grey.
    pub fn chroma(self) -> f64 {
        self.a.hypot(self.b)
    }

    /// Whether the colour is more than a tinted grey.
    pub(crate) fn has_hue(self) -> bool {
        self.chroma() > 0.03
    }

    /// Returns how far apart the hues are: an angle, from 0 to π.
    pub(crate) fn hue_distance(self, other: Self) -> f64 {
        let angle = (self.b.atan2(self.a) - other.b.atan2(other.a)).abs();
        angle.min(std::f64::consts::TAU - angle)
    }
}

/// What a theme paints with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Paint {
    /// Whatever the terminal has for text, or for what lies behind it.
    Terminal,
    /// One of the terminal's sixteen colours, which people choose themselves.
    Ansi(u8),
    /// A certain colour.
    Rgb(Rgb),
}

/// The names of the terminal's sixteen colours, as themes write them.
pub(crate) const ANSI_NAMES: [&str; 16] = [
    "ansi-black",
    "ansi-red",
    "ansi-green",
    "ansi-yellow",
    "ansi-blue",
    "ansi-magenta",
    "ansi-cyan",
    "ansi-white",
    "ansi-bright-black",
    "ansi-bright-red",
    "ansi-bright-green",
    "ansi-bright-yellow",
    "ansi-bright-blue",
    "ansi-bright-magenta",
    "ansi-bright-cyan",
    "ansi-bright-white",
];

impl fmt::Display for Paint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Terminal => formatter.write_str("terminal"),
            Self::Ansi(index) => formatter.write_str(ANSI_NAMES[usize::from(index & 15)]),
            Self::Rgb(color) => color.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_in_both_lengths() {
        assert_eq!(Rgb::from_hex("#1a2B3c"), Some(Rgb::new(0x1a_2b_3c)));
        assert_eq!(Rgb::from_hex("#f0a"), Some(Rgb::new(0xff_00_aa)));
        for wrong in ["", "#", "#12", "#12345", "123456", "#12345g", "#+12345"] {
            assert_eq!(Rgb::from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        let (black, white) = (Rgb::new(0), Rgb::new(0xff_ffff));
        assert!((white.contrast(black) - 21.0).abs() < 1e-9);
        assert!((black.contrast(white) - 21.0).abs() < 1e-9);
        // The grey that is known for just passing on white.
        assert!((Rgb::new(0x76_7676).contrast(white) - 4.54).abs() < 0.005);
    }

    #[test]
    fn likeness_is_that_of_eyes() {
        let white = Rgb::new(0xff_ffff).oklab();
        assert!((white.lightness - 1.0).abs() < 1e-6 && white.chroma() < 1e-6);
        let red = Rgb::new(0xff_0000).oklab();
        // Reference values of the article that defines the space.
        assert!((red.lightness - 0.628).abs() < 1e-3);
        assert!((red.a - 0.225).abs() < 1e-3 && (red.b - 0.126).abs() < 1e-3);
    }
}
