//! A theme as a terminal can show it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::RangeInclusive;

use ratatui::style::{Color, Modifier, Style};

use crate::color::Oklab;
use crate::{ColorDepth, Paint, Rgb, Role, Theme};

/// The styles of all roles, in the colours that the terminal has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    styles: [Style; Role::ALL.len()],
    generation: u64,
}

impl Palette {
    /// Makes the palette of a theme for a terminal.
    pub fn new(theme: &Theme, depth: ColorDepth) -> Self {
        let styles = std::array::from_fn(|index| style(theme, Role::ALL[index], depth));
        let mut hasher = DefaultHasher::new();
        styles.hash(&mut hasher);
        Self {
            styles,
            generation: hasher.finish(),
        }
    }

    /// Returns the style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// Returns a number that differs between palettes that differ, for what keeps styled text.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

fn style(theme: &Theme, role: Role, depth: ColorDepth) -> Style {
    if depth == ColorDepth::Monochrome {
        return Style::new().add_modifier(role.without_color());
    }
    let foreground = theme.foreground(role);
    let background = theme.background(role);
    let fg = foreground.map(|paint| color(paint, depth));
    let bg = background.map(|paint| color(paint, depth));
    let modifiers = theme.look(role).modifiers;
    // With few colours a pair can fall together; then the text is told by being turned around.
    if fg.is_some() && fg == bg && fg != Some(Color::Reset) {
        return Style::new().add_modifier(modifiers | Modifier::REVERSED);
    }
    let bg = match (depth, foreground, background) {
        (ColorDepth::Ansi16, Some(Paint::Rgb(text)), Some(Paint::Rgb(ground)))
            if is_illegible(text, ground) =>
        {
            None
        }
        _ => bg,
    };
    Style {
        fg,
        bg,
        add_modifier: modifiers,
        ..Style::new()
    }
}

/// Whether a pair loses its contrast when it is shown in sixteen colours.
fn is_illegible(text: Rgb, ground: Rgb) -> bool {
    let shown = |color| ANSI[usize::from(nearest_ansi(color))];
    shown(text).contrast(shown(ground)) < 3.0
}

fn color(paint: Paint, depth: ColorDepth) -> Color {
    match (paint, depth) {
        (Paint::Terminal, _) | (_, ColorDepth::Monochrome) => Color::Reset,
        (Paint::Ansi(index), _) => ansi(index),
        (Paint::Rgb(rgb), ColorDepth::TrueColor) => Color::Rgb(rgb.red, rgb.green, rgb.blue),
        (Paint::Rgb(rgb), ColorDepth::Ansi256) => Color::Indexed(nearest_indexed(rgb)),
        (Paint::Rgb(rgb), ColorDepth::Ansi16) => ansi(nearest_ansi(rgb)),
    }
}

/// Returns one of the sixteen as terminals with only those understand it: by its name.
fn ansi(index: u8) -> Color {
    match index & 15 {
        0 => Color::Black,
        1 => Color::Red,
        2 => Color::Green,
        3 => Color::Yellow,
        4 => Color::Blue,
        5 => Color::Magenta,
        6 => Color::Cyan,
        7 => Color::Gray,
        8 => Color::DarkGray,
        9 => Color::LightRed,
        10 => Color::LightGreen,
        11 => Color::LightYellow,
        12 => Color::LightBlue,
        13 => Color::LightMagenta,
        14 => Color::LightCyan,
        _ => Color::White,
    }
}

/// Returns the likest of xterm's cube and greys. The sixteen before them are not tried: people set
/// those as they please.
fn nearest_indexed(color: Rgb) -> u8 {
    nearest(color, 16..=255)
}

/// Returns the likest of the sixteen.
fn nearest_ansi(color: Rgb) -> u8 {
    nearest(color, 0..=15)
}

/// Returns the likest of some colours that has the same hue, or none if there is none to be had.
///
/// A hue means something, and the likest colour to a pale or a dark one would often be a grey, or one
/// of another hue that is as light: a pale red would become yellow.
fn nearest(color: Rgb, candidates: RangeInclusive<u8>) -> u8 {
    let wanted = color.oklab();
    let candidates = || {
        candidates
            .clone()
            .map(|index| (index, indexed(index).oklab()))
    };
    let likest = |(_, a): &(u8, Oklab), (_, b): &(u8, Oklab)| {
        wanted.distance(*a).total_cmp(&wanted.distance(*b))
    };
    let found = if wanted.has_hue() {
        candidates()
            .filter(|(_, lab)| lab.has_hue() && wanted.hue_distance(*lab) < 0.6)
            .min_by(likest)
    } else {
        candidates()
            .filter(|(_, lab)| !lab.has_hue())
            .min_by(likest)
    };
    found
        .or_else(|| candidates().min_by(likest))
        .map_or(7, |(index, _)| index)
}

/// The colours 16 to 255 of xterm: a cube of six steps a side, then 24 greys.
pub(crate) fn indexed(index: u8) -> Rgb {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    if index < 16 {
        return ANSI[usize::from(index)];
    }
    if index >= 232 {
        let grey = 8 + 10 * (index - 232);
        return Rgb {
            red: grey,
            green: grey,
            blue: grey,
        };
    }
    let cube = usize::from(index - 16);
    Rgb {
        red: STEPS[cube / 36],
        green: STEPS[cube / 6 % 6],
        blue: STEPS[cube % 6],
    }
}

/// The sixteen colours as xterm has them unless told otherwise.
const ANSI: [Rgb; 16] = [
    Rgb::new(0x00_0000),
    Rgb::new(0xcd_0000),
    Rgb::new(0x00_cd00),
    Rgb::new(0xcd_cd00),
    Rgb::new(0x00_00ee),
    Rgb::new(0xcd_00cd),
    Rgb::new(0x00_cdcd),
    Rgb::new(0xe5_e5e5),
    Rgb::new(0x7f_7f7f),
    Rgb::new(0xff_0000),
    Rgb::new(0x00_ff00),
    Rgb::new(0xff_ff00),
    Rgb::new(0x5c_5cff),
    Rgb::new(0xff_00ff),
    Rgb::new(0x00_ffff),
    Rgb::new(0xff_ffff),
];

/// Returns how xterm shows a colour of ratatui, for pictures and tests; `None` for the terminal's own.
pub fn shown(color: Color) -> Option<Rgb> {
    match color {
        Color::Reset => None,
        Color::Rgb(red, green, blue) => Some(Rgb { red, green, blue }),
        Color::Indexed(index) => Some(indexed(index)),
        named => (0..16)
            .find(|&index| ansi(index) == named)
            .map(|index| ANSI[usize::from(index)]),
    }
}
